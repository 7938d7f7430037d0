//! The form for several devices: one text, a review of each, and their number typed. The list shown
//! is the list acted on; what cannot be ordered has to be left out by hand.

use egui::{Id, Key, Modifiers, RichText, ScrollArea, TextStyle, Ui};

use super::draft_form::{self, Decision, Outcome};
use super::machine_detail::os;
use super::picks::devices;
use super::theme::{Role, TokensExt as _, text};
use super::views::{BatchForm, Dialog as OpenDialog};
use super::widgets::{ActionButton, Dialog, Icon, TextField, badge, raised_frame};
use super::{Cx, comment_templates, file, review, words};
use crate::action::{Draft, Sha1, Subject, Task};
use crate::guard::{self, Review};
use crate::message::Command;
use crate::model::{Machine, MachineRef};

/// Opens the form of `subject` on `machines`, with the fields as `fill` leaves them: the usual one
/// where there is one machine only.
pub fn raise_form(
    ui: &Ui,
    cx: &mut Cx<'_>,
    machines: &[MachineRef],
    subject: Subject,
    fill: impl FnOnce(&mut Draft),
) {
    let (first, others) = match machines {
        [] => return,
        [only] => return draft_form::raise_form(ui, cx, only, subject, fill),
        [first, others @ ..] => (first, others),
    };
    let time = ui.input(|input| input.time);
    match cx.views.open_batch(first, others, subject, time) {
        Ok(load) => {
            if let Some(OpenDialog::Batch(form)) = &mut cx.views.dialog {
                fill(&mut form.form.draft);
            }
            cx.out.work.push(load);
        }
        Err(error) => cx.views.no_random_numbers(error),
    }
}

/// Draws the open form.
pub fn batch_ui(ui: &mut Ui, cx: &mut Cx<'_>, mut form: Box<BatchForm>) {
    let id = Id::unique(("batch form", form.form.draft.entry));
    match form_ui(ui, cx, &mut form, id) {
        Outcome::Open => cx.views.dialog = Some(OpenDialog::Batch(form)),
        Outcome::Closed => Dialog::return_focus(ui.ctx(), id),
    }
}

fn form_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut BatchForm, id: Id) -> Outcome {
    let task = form.form.draft.task();
    let count = form.targets.len();
    let title = format!("{}: {} together", task.title(), devices(count));
    let dialog = Dialog::new(id, &title).description(task.consequence());
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        // Taken before the buttons are drawn, for which Enter would be a click.
        let by_key = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
        let before = form.form.draft.clone();
        let room = Dialog::room(ui.ctx()) - draft_form::BUTTONS_HEIGHT;
        let body = ScrollArea::vertical()
            .id_salt("body")
            .max_height(room)
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.add(egui::Label::new(task.consequence()).wrap());
                draft_form::parameters_ui(ui, &mut form.form.draft);
                let sha1 = form.form.draft.file_sha1();
                let sha1 = sha1.as_ref().map(Sha1::as_str);
                file::file_ui(ui, cx, sha1, &mut form.form.looked_up);
                comment_templates::templates_ui(ui, cx, &mut form.form);
                draft_form::comment_ui(ui, &mut form.form, id);
                if form.form.draft != before {
                    form.form.error = None;
                }
                let reviews = reviews(cx, form, sha1);
                mind_moving(ui, form, &reviews);
                let left_out = targets_ui(ui, cx, form, &reviews);
                draft_form::sign_in_ui(ui, cx);
                review::preview_ui(ui, &form.drafts().next().unwrap_or(before));
                if count > 1 {
                    let tags = "Each device gets this with a tag of its own";
                    ui.label(RichText::new(tags).text_style(TextStyle::Small));
                }
                number_ui(ui, form, &task);
                if let Some(error) = &form.form.error {
                    badge(ui, Icon::Block, Role::Danger, error);
                }
                (reviews, left_out)
            });
        let (reviews, left_out) = body.inner;
        let block = block(form, &reviews, &task);
        let label = format!("{} {}", task.verb(), devices(count));
        let pressed =
            draft_form::buttons_ui(ui, &form.form, &label, block.as_deref(), id, is_opening);
        (pressed, by_key, reviews, left_out)
    });
    let (pressed, by_key, reviews, left_out) = response.inner;
    if !left_out.is_empty() {
        form.targets
            .retain(|target| !left_out.contains(&target.machine));
        form.number.clear();
        return if form.targets.is_empty() {
            Outcome::Closed
        } else {
            Outcome::Open
        };
    }
    match draft_form::decision(ui, &form.form, pressed, by_key, response.close_requested) {
        Decision::Confirm => confirm(cx, form, reviews),
        Decision::Close => Outcome::Closed,
        Decision::Stay => Outcome::Open,
    }
}

/// A review of each device, in the order of the list.
fn reviews(cx: &Cx<'_>, form: &BatchForm, sha1: Option<&str>) -> Vec<Review> {
    let together = form.targets.len();
    form.drafts()
        .map(|draft| {
            let judge = |facts: &guard::Facts<'_>| guard::review(&draft, facts);
            let machine = &draft.machine;
            cx.state
                .with_more_facts(machine, sha1, together, cx.now, judge)
        })
        .collect()
}

/// Whether a guardrail forbids this one; what is wrong with the text concerns them all.
fn is_forbidden(review: &Review) -> bool {
    let mut findings = review.findings.iter();
    findings.any(|finding| review.is_stopped_by(finding) && !is_of_all(finding))
}

/// Said once, and not beside each device.
fn is_of_all(finding: &guard::Finding) -> bool {
    finding.rail == guard::SEVERAL_AT_ONCE
}

/// Findings come while the devices are read, and move the rows: no button may be hit by what was
/// meant for another.
fn mind_moving(ui: &Ui, form: &mut BatchForm, reviews: &[Review]) {
    let heights: Vec<usize> = reviews.iter().map(|review| review.findings.len()).collect();
    if form.heights != heights {
        form.heights = heights;
        form.moved_at = ui.input(|input| input.time);
    }
}

/// The devices with what was found about each; those that are to be left out.
fn targets_ui(ui: &mut Ui, cx: &Cx<'_>, form: &BatchForm, reviews: &[Review]) -> Vec<MachineRef> {
    let tokens = ui.tokens();
    let moving = draft_form::is_asleep(ui, form.moved_at)
        .then_some("In half a second: the list has just moved");
    let mut left_out = Vec::new();
    let forbidden: Vec<_> = form
        .targets
        .iter()
        .zip(reviews)
        .filter(|(_, review)| is_forbidden(review))
        .map(|(target, _)| target.machine.clone())
        .collect();
    ui.add_space(tokens.space.s);
    if let Some(finding) = reviews
        .first()
        .and_then(|review| review.findings.iter().find(|finding| is_of_all(finding)))
    {
        badge(ui, Icon::Block, Role::Danger, &finding.text);
    }
    if !forbidden.is_empty() {
        ui.horizontal_wrapped(|ui| {
            let words = format!("{} cannot be ordered", devices(forbidden.len()));
            badge(ui, Icon::Block, Role::Danger, &words);
            let label = format!("Leave out what cannot be ordered ({})", forbidden.len());
            let button = ActionButton::new(&label).disabled_because(moving);
            if ui.add(button).clicked() {
                left_out = forbidden;
            }
        });
    }
    for (target, review) in form.targets.iter().zip(reviews) {
        ui.push_id(target.machine.id.as_str(), |ui| {
            raised_frame(ui).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.horizontal_wrapped(|ui| {
                    let name = target.machine.name_and_tail();
                    ui.label(RichText::new(&name).text_style(text::strong()));
                    let leave = format!("Leave out {}", target.machine.quoted());
                    let button = ActionButton::quiet("Leave out").name(&leave);
                    let button = button.disabled_because(moving);
                    if ui.add(button).clicked() {
                        left_out = vec![target.machine.clone()];
                    }
                    let machine = cx.state.machine(&target.machine.id);
                    let facts = machine.map(|machine| device_facts(machine, cx));
                    let facts = RichText::new(facts.unwrap_or_default());
                    ui.label(facts.text_style(TextStyle::Small).color(tokens.text_weak));
                });
                let mut own = review.clone();
                own.findings.retain(|finding| !is_of_all(finding));
                review::findings_ui(ui, &own, cx);
            });
        });
    }
    left_out
}

fn device_facts(machine: &Machine, cx: &Cx<'_>) -> String {
    let seen = machine.last_seen.map_or_else(
        || "no report".to_owned(),
        |at| format!("reported {}", words::ago(at, cx.now)),
    );
    format!("{}, {}, {seen}", os(machine), machine.health_status)
}

/// Taking something from several devices wants their number, from whoever has read the list.
fn number_ui(ui: &mut Ui, form: &mut BatchForm, task: &Task) {
    let count = form.targets.len();
    if guard::number_trouble(task, count, "").is_none() {
        return;
    }
    let is_wrong = !form.number.trim().is_empty()
        && guard::number_trouble(task, count, &form.number).is_some();
    let field = TextField::new("Type how many devices these are", &mut form.number)
        .error(is_wrong.then_some("This is not how many devices stand above"))
        .show_ui(ui);
    if field.changed() {
        form.form.error = None;
    }
}

fn block(form: &BatchForm, reviews: &[Review], task: &Task) -> Option<String> {
    let stopped = form
        .targets
        .iter()
        .zip(reviews)
        .find_map(|(target, review)| {
            let name = target.machine.quoted();
            let why = review.block()?;
            // What is wrong with the text is no device's fault.
            Some(if is_forbidden(review) {
                format!("{name}: {why}")
            } else {
                why
            })
        });
    stopped.or_else(|| guard::number_trouble(task, form.targets.len(), &form.number))
}

/// Hands the approved orders to the worker; whatever stands against them is said, and all stays.
fn confirm(cx: &mut Cx<'_>, form: &mut BatchForm, reviews: Vec<Review>) -> Outcome {
    let approvals = match cx.state.session.account() {
        Some(account) => guard::approve_all(reviews, &form.number, account, cx.state.epoch, cx.now),
        None => Err("You are not signed in".to_owned()),
    };
    match approvals {
        Ok(approvals) => {
            // The newest stands at the top of the list.
            cx.views.marked_entry = approvals.last().map(|approval| approval.order().entry);
            let targets = &form.targets;
            let is_ordered = |id: &_| targets.iter().any(|target| target.machine.id == *id);
            cx.views.picked.retain(|picked| !is_ordered(&picked.id));
            cx.out.work.push(Command::SubmitAll(approvals));
            Outcome::Closed
        }
        Err(reason) => {
            form.form.error = Some(reason);
            Outcome::Open
        }
    }
}
