//! The fields of the form.

use egui::{Id, RichText, TextStyle, Ui};

use super::form::OrderForm;
use super::paste::Field;
use crate::action::{Draft, DraftError, IsolationType, MAX_COMMENT_CHARS, Parameter, Task, Value};
use crate::guard;
use crate::model::MachineRef;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{ActionButton, TextField};
use crate::ui::{Cx, sign_in};

/// The fields of an action besides the comment.
pub fn parameters_ui(ui: &mut Ui, draft: &mut Draft, id: Id) {
    for parameter in draft.parameters() {
        match parameter {
            Parameter::IsolationType => isolation_type_ui(ui, draft),
            Parameter::Sha1 => sha1_ui(ui, draft, id),
        }
    }
}

fn isolation_type_ui(ui: &mut Ui, draft: &mut Draft) {
    let tokens = ui.tokens();
    let small = |text: &str| RichText::new(text).text_style(TextStyle::Small);
    let parameter = Parameter::IsolationType;
    ui.label(small(parameter.label()).color(tokens.text_weak));
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = tokens.height.control;
        for isolation_type in IsolationType::ALL {
            let word = isolation_type.word();
            ui.radio_value(&mut draft.isolation_type, isolation_type, word);
        }
    });
    ui.add(egui::Label::new(small(parameter.help()).color(tokens.text_weak)).wrap());
}

fn sha1_ui(ui: &mut Ui, draft: &mut Draft, id: Id) {
    let parameter = Parameter::Sha1;
    let value = draft.value(parameter);
    let is_empty = draft.sha1.trim().is_empty();
    let error = value
        .as_ref()
        .err()
        .filter(|_| !is_empty)
        .map(ToString::to_string);
    // What will be sent, where the field says something else.
    let read = match &value {
        Ok(Value::Sha1(sha1)) if sha1.as_str() != draft.sha1 => Some(format!("Read as {sha1}")),
        Ok(Value::Sha1(_) | Value::IsolationType(_)) | Err(_) => None,
    };
    TextField::new(parameter.label(), &mut draft.sha1)
        .monospace()
        .id(Field::Sha1.id(id))
        .help(read.as_deref().unwrap_or_else(|| parameter.help()))
        .error(error.as_deref())
        .show_ui(ui);
}

/// The first field that still has to be filled in, else the comment.
pub fn next_to_fill(form: &OrderForm, task: &Task, wants_name: bool) -> Field {
    let draft = &form.draft;
    let parameters = draft.parameters();
    if parameters.contains(&Parameter::Sha1) && draft.value(Parameter::Sha1).is_err() {
        return Field::Sha1;
    }
    if let Some(machine) = form.only().filter(|_| wants_name)
        && !draft.about(draft.entry, machine.clone()).is_named()
    {
        return Field::Name;
    }
    let has_reason = !draft.comment.trim().is_empty();
    let count = form.targets.len();
    if has_reason && guard::number_trouble(task, count, &form.number).is_some() {
        return Field::Number;
    }
    Field::Comment
}

/// The comment. Typing on a button leads here.
pub fn comment_ui(ui: &mut Ui, form: &mut OrderForm, id: Id) {
    // As it will be sent: with the ticket before it.
    let error = form.drafts().next().and_then(|draft| draft.comment().err());
    let added = form.drafts().next().map_or(0, |draft| {
        let sent = draft.comment.trim().chars().count();
        sent.saturating_sub(form.draft.comment.trim().chars().count())
    });
    let is_due = !form.draft.comment.is_empty() || form.error.is_some();
    let words = error
        .as_ref()
        .filter(|error| is_due || !matches!(error, DraftError::CommentMissing))
        .map(ToString::to_string);
    let response = TextField::new("Comment", &mut form.draft.comment)
        .id(Field::Comment.id(id))
        .rows(2)
        .hint("Reason")
        .max_chars(MAX_COMMENT_CHARS.saturating_sub(added))
        .error(words.as_deref())
        .show_ui(ui);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
}

/// Both ways to sign in, where the sign-in has ended while the form was open.
pub fn sign_in_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal(|ui| {
        for command in sign_in::sign_in_methods(cx.state) {
            if ui.add(ActionButton::new(command.spec().title)).clicked() {
                cx.out.commands.push(command);
            }
        }
        ui.add(egui::Label::new("What you have typed is kept").truncate());
    });
}

/// The name of the one protected device, from a person who means just this one.
pub fn name_ui(ui: &mut Ui, form: &mut OrderForm, machine: &MachineRef, id: Id) {
    let tail = machine.id.tail();
    let wanted = match &machine.dns_name {
        Some(_) => format!(
            "{}: its name in any spelling, or the last four characters of its id, {tail}",
            machine.quoted_name()
        ),
        None => format!("The last four characters of its id, {tail}"),
    };
    let draft = form.draft.about(form.draft.entry, machine.clone());
    let is_wrong = !draft.typed_name.trim().is_empty() && !draft.is_named();
    TextField::new(
        "Type the name of the protected device",
        &mut form.draft.typed_name,
    )
    .id(Field::Name.id(id))
    .help(&wanted)
    .error(is_wrong.then_some("This is not the name of this device"))
    .show_ui(ui);
}

/// Taking something from several devices wants their number, from a person who has read the list.
pub fn number_ui(ui: &mut Ui, form: &mut OrderForm, task: &Task, id: Id) {
    let count = form.targets.len();
    if guard::number_trouble(task, count, "").is_none() {
        return;
    }
    let is_wrong = !form.number.trim().is_empty()
        && guard::number_trouble(task, count, &form.number).is_some();
    TextField::new("Type the number of devices", &mut form.number)
        .id(Field::Number.id(id))
        .error(is_wrong.then_some("This is not the number of devices listed"))
        .show_ui(ui);
}
