//! The one dialog that is open: the form of an action with its review, or a short question.

use std::time::Duration;

use egui::{Event, Id, Key, Modifiers, RichText, ScrollArea, TextStyle, Ui, UiBuilder};

use super::theme::{Role, TokensExt as _, text};
use super::views::{Dialog as OpenDialog, Form};
use super::widgets::{ActionButton, ButtonStyle, Dialog, TextField, badge, copyable_ui};
use super::widgets::{Icon, countdown_text};
use super::{
    Cx, account, activity_attention, batch_form, comment_templates, compare, file, help, review,
    sign_in,
};
use crate::action::{
    Draft, IsolationType, MAX_COMMENT_CHARS, Parameter, Risk, Sha1, Subject, Task, Value,
};
use crate::explain::NextStep;
use crate::guard::{self, Facts, Review};
use crate::message::Command;
use crate::model::MachineRef;

/// The confirm button sleeps for so long after the form appears: no click meant for something
/// else can land on it.
const SLEEP_SECS: f64 = 0.5;

/// Space, both buttons on one line or two, and the line under them, in points.
pub const BUTTONS_HEIGHT: f32 = 104.0;

/// Draws whatever dialog is open.
pub fn dialog_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    match cx.views.dialog.take() {
        None => form_failure_ui(ui, cx),
        Some(OpenDialog::Keys) => {
            cx.views.dialog = Some(OpenDialog::Keys);
            help::keys_ui(ui, cx);
        }
        Some(OpenDialog::Compare(machine)) => compare::compare_ui(ui, cx, &machine),
        Some(OpenDialog::Account) => account::account_ui(ui, cx),
        Some(OpenDialog::Acknowledge(ids)) => activity_attention::acknowledge_ui(ui, cx, ids),
        Some(OpenDialog::ConfirmSignOut) => account::confirm_sign_out_ui(ui, cx),
        Some(OpenDialog::ConfirmClose) => confirm_close_ui(ui, cx),
        // It waits behind the sign-in, with everything that was typed.
        Some(open @ (OpenDialog::Form(_) | OpenDialog::Batch(_)))
            if cx.state.session.is_signing_in() =>
        {
            cx.views.dialog = Some(open);
        }
        Some(OpenDialog::Batch(form)) => batch_form::batch_ui(ui, cx, form),
        Some(OpenDialog::Form(mut form)) => match form_ui(ui, cx, &mut form) {
            Outcome::Open => cx.views.dialog = Some(OpenDialog::Form(form)),
            Outcome::Closed => Dialog::return_focus(ui.ctx(), dialog_id(&form.draft)),
        },
    }
}

/// Opens the form of `subject` on `machine` with the fields as `fill` leaves them.
pub fn raise_form(
    ui: &Ui,
    cx: &mut Cx<'_>,
    machine: &MachineRef,
    subject: Subject,
    fill: impl FnOnce(&mut Draft),
) {
    let time = ui.input(|input| input.time);
    let record = cx.state.machine(&machine.id).map(AsRef::as_ref);
    match cx.views.open_form(machine, record, subject, time) {
        Ok(load) => {
            if let Some(OpenDialog::Form(form)) = &mut cx.views.dialog {
                fill(&mut form.draft);
            }
            cx.out.work.extend(load);
        }
        Err(error) => {
            cx.views.no_random_numbers(error);
        }
    }
}

/// Whether a form is to stay.
pub enum Outcome {
    Open,
    Closed,
}

fn dialog_id(draft: &Draft) -> Id {
    Id::unique(("draft form", draft.entry))
}

fn form_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut Form) -> Outcome {
    let task = form.draft.task();
    let title = task.title();
    let id = dialog_id(&form.draft);
    let dialog = Dialog::new(id, &title).description(task.consequence());
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        // Taken before the buttons are drawn, for which Enter would be a click.
        let by_key = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
        let before = form.draft.clone();
        // The buttons stay in sight, however small the window.
        let room = Dialog::room(ui.ctx()) - BUTTONS_HEIGHT;
        let body = ScrollArea::vertical()
            .id_salt("body")
            .max_height(room)
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                device_ui(ui, &form.draft, &task);
                review::facts_status_ui(ui, cx, form);
                parameters_ui(ui, &mut form.draft);
                let sha1 = form.draft.file_sha1();
                let sha1 = sha1.as_ref().map(Sha1::as_str);
                file::file_ui(ui, cx, sha1, &mut form.looked_up);
                let machine = form.draft.machine.clone();
                let review = cx
                    .state
                    .with_more_facts(&machine, sha1, 1, cx.now, |facts| {
                        name_ui(ui, facts, form);
                        comment_templates::templates_ui(ui, cx, form);
                        comment_ui(ui, form, id);
                        guard::review(&form.draft, facts)
                    });
                if form.draft != before {
                    form.error = None;
                }
                review::findings_ui(ui, &review, cx);
                sign_in_ui(ui, cx);
                review::preview_ui(ui, &form.draft);
                if let Some(error) = &form.error {
                    badge(ui, Icon::Block, Role::Danger, error);
                }
                review
            });
        let review = body.inner;
        let label = task.confirm_label(&form.draft.machine);
        let block = review.block();
        let pressed = buttons_ui(ui, form, &label, block.as_deref(), id, is_opening);
        (pressed, by_key, review)
    });
    let (pressed, by_key, review) = response.inner;
    match decision(ui, form, pressed, by_key, response.close_requested) {
        Decision::Confirm => confirm(cx, form, review),
        Decision::Close => Outcome::Closed,
        Decision::Stay => Outcome::Open,
    }
}

/// What a person has decided about a form.
pub enum Decision {
    Confirm,
    Close,
    Stay,
}

/// Told by the buttons, and by the keys that stand for them.
pub fn decision(
    ui: &Ui,
    form: &Form,
    pressed: Pressed,
    by_key: bool,
    close_requested: bool,
) -> Decision {
    match pressed {
        Pressed::Keep => Decision::Close,
        Pressed::Confirm => Decision::Confirm,
        Pressed::Nothing if by_key && !is_asleep(ui, form.opened_at) => Decision::Confirm,
        Pressed::Nothing if close_requested => Decision::Close,
        Pressed::Nothing => Decision::Stay,
    }
}

/// Hands the approved order to the worker; whatever stands against it is said, and the text stays.
fn confirm(cx: &mut Cx<'_>, form: &mut Form, review: Review) -> Outcome {
    let approval = match cx.state.session.account() {
        Some(account) => review.approve(account, cx.state.epoch, cx.now),
        None => Err("You are not signed in".to_owned()),
    };
    match approval {
        Ok(approval) => {
            cx.views.marked_entry = Some(approval.order().entry);
            let ordered = &approval.order().machine.id;
            cx.views.picked.retain(|picked| picked.id != *ordered);
            cx.out.work.push(Command::Submit(Box::new(approval)));
            Outcome::Closed
        }
        Err(reason) => {
            form.error = Some(reason);
            Outcome::Open
        }
    }
}

fn device_ui(ui: &mut Ui, draft: &Draft, task: &Task) {
    let tokens = ui.tokens();
    let name = RichText::new(draft.machine.name_and_tail()).text_style(text::device());
    ui.add(egui::Label::new(name).wrap());
    copyable_ui(ui, "device id", draft.machine.id.as_str());
    ui.add(egui::Label::new(task.consequence()).wrap());
    if let Some(kind) = task.kind() {
        let spec = kind.spec();
        for caveat in spec.caveats.iter().chain(&spec.no_way_back) {
            let caveat = RichText::new(*caveat).text_style(TextStyle::Small);
            ui.add(egui::Label::new(caveat.color(tokens.text_weak)).wrap());
        }
    }
}

/// The fields of an action besides the comment.
pub fn parameters_ui(ui: &mut Ui, draft: &mut Draft) {
    for parameter in draft.parameters() {
        match parameter {
            Parameter::IsolationType => isolation_type_ui(ui, draft),
            Parameter::Sha1 => sha1_ui(ui, draft),
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

fn sha1_ui(ui: &mut Ui, draft: &mut Draft) {
    let parameter = Parameter::Sha1;
    let value = draft.value(parameter);
    let is_empty = draft.sha1.trim().is_empty();
    let error = value
        .as_ref()
        .err()
        .filter(|_| !is_empty)
        .map(ToString::to_string);
    // What will be sent, where that is not what stands in the field.
    let read = match &value {
        Ok(Value::Sha1(sha1)) if sha1.as_str() != draft.sha1 => Some(format!("Read as {sha1}")),
        Ok(Value::Sha1(_) | Value::IsolationType(_)) | Err(_) => None,
    };
    TextField::new(parameter.label(), &mut draft.sha1)
        .monospace()
        .help(read.as_deref().unwrap_or_else(|| parameter.help()))
        .error(error.as_deref())
        .show_ui(ui);
}

/// The comment. Typing on a button leads here.
pub fn comment_ui(ui: &mut Ui, form: &mut Form, id: Id) {
    let field = id.with("comment");
    // Typing where nothing can be typed means the reason; the field takes the text in this same
    // frame. A space still presses a button.
    let is_in_a_field = ui.ctx().text_edit_focused();
    if !is_in_a_field && ui.input(|input| input.events.iter().any(is_writing)) {
        ui.memory_mut(|memory| memory.request_focus(field));
    }
    let error = form.draft.comment().err().map(|error| error.to_string());
    let is_due = !form.draft.comment.is_empty() || form.error.is_some();
    let response = TextField::new("Comment", &mut form.draft.comment)
        .id(field)
        .rows(2)
        .hint("Ticket and reason")
        .max_chars(MAX_COMMENT_CHARS)
        .error(error.as_deref().filter(|_| is_due))
        .show_ui(ui);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
}

/// Both doors, where the sign-in has ended while the form was open.
pub fn sign_in_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.session.is_signed_in() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for command in sign_in::doors(cx.state) {
            if ui.add(ActionButton::new(command.spec().title)).clicked() {
                cx.out.commands.push(command);
            }
        }
        ui.label("What you have typed is kept");
    });
}

/// A protected device wants its name, from whoever means just this one.
fn name_ui(ui: &mut Ui, facts: &Facts<'_>, form: &mut Form) {
    let draft = &form.draft;
    if !guard::review(draft, facts).wants_name() {
        return;
    }
    let (machine, tail) = (&draft.machine, draft.machine.id.tail());
    let wanted = match &machine.dns_name {
        Some(_) => format!(
            "{}: its name in any spelling, or the last four characters of its id, {tail}",
            machine.name()
        ),
        None => format!("The last four characters of its id, {tail}"),
    };
    let is_wrong = !draft.typed_name.trim().is_empty() && !draft.is_named();
    TextField::new(
        "Type the name of the protected device",
        &mut form.draft.typed_name,
    )
    .help(&wanted)
    .error(is_wrong.then_some("This is not the name of this device"))
    .show_ui(ui);
}

fn is_writing(event: &Event) -> bool {
    matches!(event, Event::Text(text) | Event::Paste(text) if !text.trim().is_empty())
}

/// Which button of a form was pressed.
#[derive(Clone, Copy)]
pub enum Pressed {
    Nothing,
    Keep,
    Confirm,
}

/// The safe button and the one that confirms; `block` is why that cannot be.
pub fn buttons_ui(
    ui: &mut Ui,
    form: &Form,
    confirm_label: &str,
    block: Option<&str>,
    id: Id,
    is_opening: bool,
) -> Pressed {
    let tokens = ui.tokens();
    let task = form.draft.task();
    let reason = if is_asleep(ui, form.opened_at) {
        Some("In half a second, so that no stray click confirms")
    } else {
        block
    };
    let style = match task.risk() {
        Risk::Routine => ButtonStyle::Primary,
        Risk::Disruptive | Risk::Irreversible => ButtonStyle::Danger,
    };
    ui.add_space(tokens.space.s);
    // An id of their own: findings above come and go, and the focus has to stay where it is.
    let pressed = ui.scope_builder(UiBuilder::new().scope_id(id.with("buttons")), |ui| {
        ui.horizontal_wrapped(|ui| {
            let keep = ui.add(ActionButton::new(task.keep_label()));
            if is_opening {
                keep.request_focus();
            }
            let confirm = ui.add(
                ActionButton::new(confirm_label)
                    .style(style)
                    .disabled_because(reason)
                    .ignores_enter(),
            );
            if keep.clicked() {
                Pressed::Keep
            } else if confirm.clicked() {
                Pressed::Confirm
            } else {
                Pressed::Nothing
            }
        })
        .inner
    });
    // The line is always there: nothing may move under the pointer.
    let shown = reason.map_or_else(
        || {
            let shortcut = egui::KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);
            format!(
                "{} confirms, Esc closes",
                ui.ctx().format_shortcut(&shortcut)
            )
        },
        str::to_owned,
    );
    let shown = RichText::new(shown)
        .text_style(TextStyle::Small)
        .color(tokens.stale);
    ui.add(egui::Label::new(shown).wrap());
    pressed.inner
}

/// Whether a button sleeps that appeared or moved at this time; it is drawn again when it wakes.
pub fn is_asleep(ui: &Ui, since: f64) -> bool {
    let left_secs = since + SLEEP_SECS - ui.input(|input| input.time);
    if left_secs > 0.0 {
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(left_secs));
    }
    left_secs > 0.0
}

fn confirm_close_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let id = Id::unique("confirm close");
    let unsent = cx.state.unsent().count();
    let not_left = format!(
        "{unsent} of your orders {} not left",
        if unsent == 1 { "has" } else { "have" }
    );
    let (title, what) = if cx.state.awaits_answer() {
        (
            "A request has left and its answer has not come",
            "When you close now, the journal keeps it as unanswered, and the next start finds out what became of it",
        )
    } else if unsent > 0 {
        (
            not_left.as_str(),
            "When you close now they are not sent; the next start offers them for a new review",
        )
    } else {
        (
            "Orders are under way, and your sign-in is not saved",
            "They go on by themselves. The next start follows them once you have signed in again",
        )
    };
    let dialog = Dialog::new(id, title).description(what);
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        ui.add(egui::Label::new(what).wrap());
        let oldest = cx
            .state
            .open_entries()
            .filter_map(crate::journal::Entry::first_sent_at)
            .min();
        if let Some(sent) = oldest {
            let secs = cx.now.duration_since(sent).as_secs();
            ui.label(format!("The oldest left {} ago", countdown_text(secs)));
            ui.ctx().request_repaint_after(Duration::from_secs(1));
        }
        ui.add_space(ui.tokens().space.s);
        ui.horizontal_wrapped(|ui| {
            let stay = ui.add(ActionButton::new("Stay"));
            if is_opening {
                stay.request_focus();
            }
            let close = ui.add(ActionButton::danger("Close all the same").ignores_enter());
            (stay.clicked(), close.clicked())
        })
        .inner
    });
    let (stays, closes) = response.inner;
    if closes {
        cx.views.close_confirmed = true;
        ui.ctx().request_repaint();
    } else if !stays && !response.close_requested {
        cx.views.dialog = Some(OpenDialog::ConfirmClose);
        return;
    }
    cx.views.dialog = cx.views.covered.take();
    Dialog::return_focus(ui.ctx(), id);
}

fn form_failure_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(failure) = cx.views.form_failure.clone() else {
        return;
    };
    let id = Id::unique("form failure");
    let dialog = Dialog::new(id, "The form cannot be opened").description(&failure);
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        ui.add(egui::Label::new(failure.as_str()).wrap());
        ui.label(format!(
            "Nothing was changed. {}",
            NextStep::TryAgain.words()
        ));
        let close = ui.add(ActionButton::new("Close"));
        if is_opening {
            close.request_focus();
        }
        close.clicked()
    });
    if response.inner || response.close_requested {
        cx.views.form_failure = None;
        Dialog::return_focus(ui.ctx(), id);
    }
}

#[cfg(test)]
mod tests;
