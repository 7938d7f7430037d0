//! The fields of the form.

use egui::{Id, RichText, Ui};

use super::form::OrderForm;
use super::paste::FormField;
use crate::action::{
    Choice, Draft, DraftError, MAX_COMMENT_CHARS, Parameter, ParameterKind, Support, Value,
};
use crate::guard;
use crate::model::{EVERYWHERE, Machine, MachineRef};
use crate::ui::Cx;
use crate::ui::commands::sign_in_methods;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{ActionButton, TextField, UiExt as _, radio_ui};
use crate::ui::words::{clock_text, left};

/// The fields of an action besides the comment.
pub fn parameters_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    form: &mut OrderForm,
    parameters: &[&'static Parameter],
    id: Id,
) {
    for &parameter in parameters {
        match &parameter.kind {
            ParameterKind::Choice(choices) => choice_ui(ui, cx, form, parameter, choices),
            ParameterKind::Text { .. }
            | ParameterKind::Hash
            | ParameterKind::AnyHash
            | ParameterKind::Time => {
                text_ui(ui, cx, &mut form.draft, parameter, id);
            }
        }
    }
}

/// Why a choice is possible on none of the devices, although another one is, according to the
/// documentation.
fn refused(
    cx: &Cx<'_>,
    form: &OrderForm,
    parameter: &'static Parameter,
    choices: &[Choice],
    choice: &Choice,
) -> Option<&'static str> {
    // The findings judge the other steps of a plan.
    let kind = form.draft.task().kind().filter(|_| form.plan.is_none());
    let supports = kind?.spec().supports;
    let forbids = |machine: &Machine, choice: &Choice| {
        let value = parameter.parse(choice.value).ok()?;
        match supports(machine, &[(parameter, value)].into()) {
            Support::No(why) => Some(why),
            Support::Yes | Support::Unlisted(_) => None,
        }
    };
    let mut why = None;
    for record in form.records(cx.state) {
        let record = record?;
        why = Some(forbids(record, choice)?);
        let mut others = choices.iter().filter(|other| other.value != choice.value);
        others.find(|other| forbids(record, other).is_none())?;
    }
    why
}

fn choice_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    form: &mut OrderForm,
    parameter: &'static Parameter,
    choices: &[Choice],
) {
    let tokens = ui.tokens();
    let mut is_whole = true;
    ui.small_label(parameter.label);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = tokens.height.control;
        for choice in choices {
            let is_chosen = form.draft.text(parameter) == choice.value;
            let why = refused(cx, form, parameter, choices, choice);
            if let Some(why) = why.filter(|_| !is_chosen) {
                is_whole = false;
                // No hint: the other choice is beside it.
                let why = why.split(';').next().unwrap_or(why);
                let words = format!("{} cannot be chosen: {why}", choice.word);
                ui.label(RichText::new(words).color(tokens.stale));
                continue;
            }
            let draft = &mut form.draft;
            let mut chosen = draft.text(parameter).to_owned();
            let value = choice.value.to_owned();
            if radio_ui(ui, &mut chosen, value, choice.word).clicked() {
                draft.set(parameter, choice.value);
            }
        }
    });
    // The help compares the choices, so it needs all of them.
    if is_whole {
        ui.small_label(parameter.help);
    }
}

fn text_ui(ui: &mut Ui, cx: &Cx<'_>, draft: &mut Draft, parameter: &Parameter, id: Id) {
    let now = cx.service_now();
    let value = draft.value(parameter);
    let mut text = draft.text(parameter).to_owned();
    let is_empty = text.trim().is_empty();
    let error = value.as_ref().err();
    let error = error.filter(|_| !is_empty).map(ToString::to_string);
    // The value that will be sent, if it differs from the text in the field.
    let read = match &value {
        Ok(value) if value.text() != text => Some(format!("Read as {}", value.text())),
        // Defender ends it, so the time left is by Defender's clock.
        Ok(Value::Time(at)) => left(*at, now).map(|left| {
            let here = clock_text(*at, now, &cx.state.zone);
            format!(
                "{left} from now by Defender's clock, here {here}; year-month-day hour:minute in UTC"
            )
        }),
        Ok(_) | Err(_) => None,
    };
    let field = TextField::new(parameter.label, &mut text)
        .id(FormField::Parameter(parameter.wire_name).id(id))
        .help(read.as_deref().unwrap_or(parameter.help))
        .error(error.as_deref());
    let is_code = matches!(parameter.kind, ParameterKind::Hash | ParameterKind::AnyHash);
    let field = if is_code { field.monospace() } else { field };
    field.show_ui(ui);
    if text != draft.text(parameter) {
        draft.set(parameter, text);
    }
}

/// The first field to fill in, else the comment.
pub fn next_to_fill(form: &OrderForm, wants_name: bool) -> FormField {
    let draft = &form.draft;
    let mut parameters = form.parameters().into_iter();
    if let Some(open) = parameters.find(|field| draft.value(field).is_err()) {
        return FormField::Parameter(open.wire_name);
    }
    if let Some(machine) = form.only().filter(|_| wants_name)
        && !machine.is_named_by(&draft.typed_name)
    {
        return FormField::Name;
    }
    let has_reason = !draft.comment.trim().is_empty();
    if has_reason && guard::number_trouble(&form.task(), form.count(), &form.number).is_some() {
        return FormField::Number;
    }
    FormField::Comment
}

/// Shows the comment, which also takes text typed while a button has the focus.
pub fn comment_ui(ui: &mut Ui, form: &mut OrderForm, id: Id) {
    // As sent: with the ticket before it.
    let error = form.drafts().next().and_then(|draft| draft.comment().err());
    let added = form.drafts().next().map_or(0, |draft| {
        let sent = draft.comment.trim().chars().count();
        sent.saturating_sub(form.draft.comment.trim().chars().count())
    });
    // Frames only the field that the footer asks for.
    let words = error.as_ref().map(ToString::to_string);
    let is_due = !form.draft.comment.is_empty() || form.error == words;
    let is_missing = matches!(error, Some(DraftError::CommentMissing));
    let words = words.filter(|_| is_due || !is_missing);
    let response = TextField::new("Comment", &mut form.draft.comment)
        .id(FormField::Comment.id(id))
        .rows(2)
        .hint("Reason")
        .max_chars(MAX_COMMENT_CHARS.saturating_sub(added))
        .error(words.as_deref())
        .show_ui(ui);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
}

/// Shows both sign-in methods, if the sign-in has ended while the form was open.
pub fn sign_in_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        for command in sign_in_methods(cx.state) {
            if ui.add(ActionButton::new(command.spec().title)).clicked() {
                cx.out.commands.push(command);
            }
        }
        ui.wrapped("What you have typed is kept");
    });
}

/// Asks for the name of the one protected device, or, for a tenant-wide order, the word for all devices.
pub fn name_ui(ui: &mut Ui, form: &mut OrderForm, machine: &MachineRef, id: Id) {
    let tail = machine.id.tail();
    let word = format!("Type the word “{EVERYWHERE}”");
    let (label, wrong) = if machine.is_every_device() {
        (&*word, "This is not the word")
    } else {
        let wrong = "This is not the name of this device";
        ("Type the name of the protected device", wrong)
    };
    let wanted = match &machine.dns_name {
        _ if machine.is_every_device() => {
            "This affects every device in the tenant, not just one".to_owned()
        }
        Some(_) => format!(
            "{}: its name in any spelling, or the last four characters of its id, {tail}",
            machine.quoted_name()
        ),
        None => format!("The last four characters of its id, {tail}"),
    };
    let is_empty = form.draft.typed_name.trim().is_empty();
    // Another device's name, or none when the order was to be confirmed.
    let trouble = match (is_empty, machine.is_named_by(&form.draft.typed_name)) {
        (false, false) => Some(wrong),
        (true, _) if form.error.is_some() => Some("Needed to continue"),
        _ => None,
    };
    TextField::new(label, &mut form.draft.typed_name)
        .id(FormField::Name.id(id))
        .help(&wanted)
        .error(trouble)
        .show_ui(ui);
}

/// Asks for the number of devices before a disruptive batch, to confirm that the list was read.
pub fn number_ui(ui: &mut Ui, form: &mut OrderForm, id: Id) {
    let (task, count) = (form.task(), form.count());
    if guard::number_trouble(&task, count, "").is_none() {
        return;
    }
    let is_wrong = !form.number.trim().is_empty()
        && guard::number_trouble(&task, count, &form.number).is_some();
    TextField::new("Type the number of devices", &mut form.number)
        .id(FormField::Number.id(id))
        .error(is_wrong.then_some("This is not the number of devices listed"))
        .show_ui(ui);
}
