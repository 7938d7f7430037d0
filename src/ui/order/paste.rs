//! Puts pasted text into the field that it fits.

use egui::{Event, Id, Ui};

use super::form::OrderForm;
use crate::action::{Sha1, Sha1Error};
use crate::model::Tickets;

/// Maximum number of words in a pasted hash: a label and a file name beside it.
const MAX_HASH_WORDS: usize = 4;
/// Digits of an MD5, the shortest hash.
const SHORTEST_HASH: usize = 32;

/// A field of the form that takes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormField {
    /// The field of a parameter, by its wire name.
    Parameter(&'static str),
    Name,
    Number,
    Ticket,
    Comment,
}

impl FormField {
    /// Every field of a form.
    fn all(form: &OrderForm) -> impl Iterator<Item = Self> {
        let parameters = form.parameters().into_iter();
        let parameters = parameters.map(|parameter| Self::Parameter(parameter.wire_name));
        parameters.chain([Self::Name, Self::Number, Self::Ticket, Self::Comment])
    }

    /// The id of the field in the dialog `form`.
    pub fn id(self, form: Id) -> Id {
        form.with(match self {
            Self::Parameter(wire_name) => wire_name,
            Self::Name => "name",
            Self::Number => "number",
            Self::Ticket => "ticket",
            Self::Comment => "comment",
        })
    }
}

/// Puts pasted text into the field that it fits, and text typed on a button into the missing hash or else
/// the comment. Call it before the fields are drawn.
pub fn route_ui(ui: &Ui, form: &mut OrderForm, id: Id, wants_name: bool, tickets: &Tickets) {
    let focused = ui.memory(egui::Memory::focused);
    let in_field = FormField::all(form).find(|field| focused == Some(field.id(id)));
    if in_field.is_none() && ui.ctx().text_edit_focused() {
        return;
    }
    let pasted = ui.input(|input| {
        let mut events = input.events.iter();
        events.find_map(pasted_text)
    });
    if let Some(text) = pasted {
        take_hash_of_line(form, &text);
        let is_ticket = tickets.find(&text, |_| false) == Some(text.trim());
        let fits = fitting(form, &text, wants_name, is_ticket);
        if fits != FormField::Comment && in_field != Some(fits) {
            let into = match fits {
                FormField::Parameter(wire_name) => form.draft.values.entry(wire_name).or_default(),
                FormField::Name => &mut form.draft.typed_name,
                FormField::Number | FormField::Ticket | FormField::Comment => &mut form.ticket,
            };
            text.trim().clone_into(into);
            ui.input_mut(|input| {
                let events = &mut input.events;
                events.retain(|event| !matches!(event, Event::Paste(_)));
            });
            // After a complete hash the comment is next. For a hash of another kind, the SHA-1 is offered
            // beside the field.
            let is_done = matches!(fits, FormField::Parameter(_)) && has_hash(form);
            let next = if is_done { FormField::Comment } else { fits };
            ui.memory_mut(|memory| memory.request_focus(next.id(id)));
            return;
        }
    }
    // Text typed outside a field goes to the comment, which receives it in this frame. A space still
    // presses a button.
    if in_field.is_none() && ui.input(|input| input.events.iter().any(is_writing)) {
        let is_typed = ui.input(|input| input.events.iter().any(|e| matches!(e, Event::Text(_))));
        let hash = form.draft.hash_field().filter(|_| is_typed);
        let missing = hash.filter(|field| form.draft.text(field).trim().is_empty());
        let first = missing.map_or(FormField::Comment, |field| {
            FormField::Parameter(field.wire_name)
        });
        ui.memory_mut(|memory| memory.request_focus(first.id(id)));
    }
}

/// Puts the only hash of a longer line, such as an alert's, into the empty hash field; the line still goes
/// where it fits. A device id looks like a hash but is not one.
fn take_hash_of_line(form: &mut OrderForm, line: &str) {
    let Some(field) = form.draft.hash_field() else {
        return;
    };
    let is_id = |hash: &Sha1| {
        let mut targets = form.targets.iter();
        targets.any(|target| {
            target
                .machine
                .id
                .as_str()
                .eq_ignore_ascii_case(hash.as_str())
        })
    };
    if form.draft.value(field).is_err()
        && !is_hash(line)
        && let Ok(hash) = Sha1::find(line)
        && !is_id(&hash)
    {
        form.draft.set(field, hash.as_str());
    }
}

/// Whether the form has the hash that it asks for.
fn has_hash(form: &OrderForm) -> bool {
    let hash = form.draft.hash_field();
    hash.is_some_and(|field| form.draft.value(field).is_ok())
}

fn pasted_text(event: &Event) -> Option<String> {
    let Event::Paste(text) = event else {
        return None;
    };
    (!text.trim().is_empty()).then(|| text.clone())
}

/// The field that a pasted text fits as a whole.
fn fitting(form: &OrderForm, text: &str, wants_name: bool, is_ticket: bool) -> FormField {
    let draft = &form.draft;
    if let Some(field) = draft.hash_field()
        && draft.value(field).is_err()
        && is_hash(text)
    {
        return FormField::Parameter(field.wire_name);
    }
    // If the name is there already, a second one belongs to the comment.
    if let Some(machine) = form.only().filter(|_| wants_name)
        && !machine.is_named_by(&draft.typed_name)
        && machine.is_named_by(text.trim())
    {
        return FormField::Name;
    }
    if is_ticket && form.ticket.trim().is_empty() {
        return FormField::Ticket;
    }
    FormField::Comment
}

/// Whether a text belongs in the hash field, which reports its errors: a hash of any kind, a mistyped one,
/// or the path of a file to hash.
fn is_hash(text: &str) -> bool {
    let is_short = text.split_whitespace().count() <= MAX_HASH_WORDS;
    match Sha1::find(text) {
        Ok(_)
        | Err(Sha1Error::Md5 | Sha1Error::Sha256 { .. } | Sha1Error::Several | Sha1Error::Pieces) => {
            is_short
        }
        Err(Sha1Error::WrongLength { .. } | Sha1Error::WrongCharacter { .. }) => {
            is_short && is_mostly_hex(text)
        }
        Err(Sha1Error::Path(_)) => true,
        Err(Sha1Error::Missing) => false,
    }
}

/// Whether it has at least the length of the shortest hash, three quarters of it hexadecimal digits; in
/// words it is about a third.
fn is_mostly_hex(text: &str) -> bool {
    let letters = || text.chars().filter(|c| c.is_alphanumeric());
    let digits = letters().filter(char::is_ascii_hexdigit).count();
    letters().count() >= SHORTEST_HASH && digits * 4 >= letters().count() * 3
}

fn is_writing(event: &Event) -> bool {
    matches!(event, Event::Text(text) | Event::Paste(text) if !text.trim().is_empty())
}
