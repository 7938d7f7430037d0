//! The plan in a form: its choice, its steps, and their sending order.

use std::borrow::Cow;
use std::sync::Arc;

use egui::{ComboBox, Ui};

use super::form::OrderForm;
use crate::action::{Plan, Step, TICKET};
use crate::guard::{self, Finding, Review};
use crate::model::{EntryId, MachineRef, OsFamily};
use crate::ui::Cx;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{UiExt as _, radio_ui};

/// Maximum number of plans shown as radio buttons; more are shown as a list.
const MAX_RADIOS: usize = 4;

/// The consequence in one sentence; for a plan, its steps.
pub fn consequence(form: &OrderForm) -> String {
    match &form.plan {
        Some(plan) => steps_words(form, plan),
        None => form.task().consequence().to_owned(),
    }
}

/// The steps in order, with their values: `1 Isolate, 2 Add tag (stolen INC-4711)`.
fn steps_words(form: &OrderForm, plan: &Plan) -> String {
    let steps = plan.steps.iter().enumerate();
    let steps: Vec<String> = steps
        .filter(|(n, _)| form.sends(*n))
        .map(|(n, step)| {
            let label = step.label_with(|text| given_words(form, text));
            format!("{} {label}", n + 1)
        })
        .collect();
    steps.join(", ")
}

/// A text from the plan, with a note if its ticket is missing.
fn given_words(form: &OrderForm, text: &str) -> String {
    let filled = form.filled(text);
    match (text.contains(TICKET), &*form.its_ticket(), &*filled) {
        (true, "", "") => "no ticket".to_owned(),
        (true, "", _) => format!("{filled}, no ticket"),
        _ => filled,
    }
}

/// Shows the ticket used by a sent step, if any. The line is always there, so that nothing moves while the
/// ticket is typed.
pub fn ticket_ui(ui: &mut Ui, form: &OrderForm) {
    let steps = form.plan.iter().flat_map(|plan| plan.steps.iter());
    let mut sent = steps.enumerate().filter(|(n, _)| form.sends(*n));
    let takes_it = |step: &Step| step.given.values().any(|text| text.contains(TICKET));
    let Some((_, step)) = sent.find(|(_, step)| takes_it(step)) else {
        return;
    };
    let takes = format!("{} uses the ticket", step.kind.spec().button);
    let ticket = form.its_ticket();
    ui.small_label(if ticket.is_empty() {
        format!("{takes}, and none is set: type it here or in the comment")
    } else if form.ticket.trim().is_empty() {
        format!("{takes}: {ticket}, from the comment")
    } else {
        format!("{takes}: {ticket}")
    });
}

/// Explains when each step leaves, and what happens after one is refused.
pub fn policy_ui(ui: &mut Ui, form: &OrderForm) {
    let Some(plan) = &form.plan else {
        return;
    };
    let order = if form.only().is_some() {
        "Sent one after the other, each as soon as the one before has been answered"
    } else {
        "Sent one after the other: each step on every device before the next one"
    };
    ui.small_label(format!("{order}. {}", plan.after_refusal()));
}

/// Shows the plans to choose from. Choosing one resets to every step on every device.
pub fn choice_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm) {
    let Some(present) = form.plan.clone().filter(|_| form.chooses_plan) else {
        return;
    };
    let plans = &cx.state.settings.plans;
    let mut chosen = None;
    if plans.iter().len() > MAX_RADIOS {
        ComboBox::from_label("Plan")
            .selected_text(&*present.name)
            .show_ui(ui, |ui| {
                for plan in plans.iter() {
                    let is_present = plan.name == present.name;
                    if ui.selectable_label(is_present, &*plan.name).clicked() {
                        chosen = Some(Arc::clone(plan));
                    }
                }
            });
    } else {
        ui.small_label("Plan");
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().interact_size.y = ui.tokens().height.control;
            for plan in plans.iter() {
                let mut name = present.name.to_string();
                if radio_ui(ui, &mut name, plan.name.to_string(), &plan.name).clicked() {
                    chosen = Some(Arc::clone(plan));
                }
            }
        });
    }
    if let Some(plan) = chosen.filter(|plan| *plan != present)
        && let Err(error) = form.take_plan(plan)
    {
        cx.views.report_no_entropy(error);
    }
}

/// Shows the consequence of each step of a plan, below the fields.
pub fn consequences_ui(ui: &mut Ui, form: &OrderForm, systems: &[OsFamily]) {
    let steps = form
        .plan
        .iter()
        .flat_map(|plan| plan.steps.iter().enumerate());
    let steps = steps.filter(|(n, _)| form.sends(*n));
    for spec in steps.map(|(_, step)| step.kind.spec()) {
        ui.small_label(format!("{}: {}", spec.button, spec.consequence));
        for caveat in spec.caveats_on(systems) {
            ui.small_label(caveat);
        }
    }
}

/// Findings of one device: each finding of a plan's steps once, with its steps unless it is for all of
/// them.
pub struct OfDevice<'a> {
    pub machine: &'a MachineRef,
    /// The orders on it.
    pub entries: Vec<EntryId>,
    /// Orders that a guardrail blocks.
    pub blocked: Vec<EntryId>,
    pub review: Cow<'a, Review>,
}

/// The reviews by device; devices with a block come first.
pub fn by_device<'a>(form: &'a OrderForm, reviews: &'a [Review]) -> Vec<OfDevice<'a>> {
    let mut all = Vec::new();
    let mut rest = reviews;
    for group in form.targets.chunk_by(|a, b| a.machine.id == b.machine.id) {
        let (own, others) = rest.split_at(group.len().min(rest.len()));
        rest = others;
        let (Some(first), Some(review)) = (group.first(), own.first()) else {
            break;
        };
        let review = if own.len() > 1 {
            let labels = group.iter().map(|target| form.step_label(target));
            let labels: Vec<&str> = labels.map(Option::unwrap_or_default).collect();
            Cow::Owned(merged(review, own, &labels))
        } else {
            Cow::Borrowed(review)
        };
        let blocked = group.iter().zip(own).filter(|(_, own)| is_forbidden(own));
        all.push(OfDevice {
            machine: &first.machine,
            entries: group.iter().map(|target| target.entry).collect(),
            blocked: blocked.map(|(target, _)| target.entry).collect(),
            review,
        });
    }
    all.sort_by_key(|device| device.blocked.is_empty());
    all
}

/// Whether a guardrail forbids this order. Errors in the text concern all orders and do not count.
pub fn is_forbidden(review: &Review) -> bool {
    forbidding(review).is_some()
}

/// The finding that blocks this order.
pub fn forbidding(review: &Review) -> Option<&Finding> {
    let mut findings = review.findings.iter();
    findings.find(|finding| review.is_stopped_by(finding) && !is_about_all(finding))
}

/// Whether it is shown once, rather than with each device.
pub fn is_about_all(finding: &Finding) -> bool {
    finding.rail == guard::SEVERAL_AT_ONCE
}

fn merged(first: &Review, reviews: &[Review], labels: &[&str]) -> Review {
    let mut found: Vec<(Finding, Vec<&str>)> = Vec::new();
    for (review, label) in reviews.iter().zip(labels) {
        for finding in &review.findings {
            match found.iter_mut().find(|(known, _)| known == finding) {
                Some((_, steps)) => steps.push(label),
                None => found.push((finding.clone(), vec![label])),
            }
        }
    }
    found.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.severity));
    let findings = found.into_iter().map(|(mut finding, steps)| {
        if steps.len() < reviews.len() {
            finding.put_under(&steps.join(", "));
        }
        finding
    });
    let findings = findings.collect();
    let mut review = first.clone();
    review.findings = findings;
    review
}

/// The reviews in sending order: each step on every device before the next one.
pub fn in_order(form: &OrderForm, reviews: Vec<Review>) -> Vec<Review> {
    let mut steps: Vec<_> = form.targets.iter().map(|t| t.step).zip(reviews).collect();
    steps.sort_by_key(|(step, _)| *step);
    steps.into_iter().map(|(_, review)| review).collect()
}
