//! Titles of a form and its button.

use super::form::OrderForm;
use crate::action::Plan;
use crate::ui::words::devices;

/// Title of the form: with the device for one, with their number for several, and for a partly sent plan
/// with the sent part.
#[must_use]
pub fn title(form: &OrderForm) -> String {
    match (&form.plan, form.count()) {
        (Some(plan), 1) => match part_words(form) {
            Some(part) => format!("Plan: {}, {part}", plan.name),
            None => format!("Plan: {}", plan.name),
        },
        (Some(plan), count) => {
            let on = format!("{} on {}", plan.name, devices(count));
            match part_words(form) {
                Some(_) => format!("{on}: {}", sent_words(form, plan)),
                None => on,
            }
        }
        (None, 1) => form.task().title(),
        (None, count) => format!("{} {}", form.task().verb(), devices(count)),
    }
}

/// The part of a plan that is sent, if not all of it.
fn part_words(form: &OrderForm) -> Option<String> {
    let (sent, all) = form.extent();
    (sent < all).then(|| format!("{sent} of {all} steps"))
}

/// Summary of the sent steps: `3 isolations, 2 app restrictions`.
fn sent_words(form: &OrderForm, plan: &Plan) -> String {
    let steps = plan.steps.iter().enumerate();
    let words = steps.filter_map(|(n, step)| {
        let sent = form.targets.iter().filter(|target| target.step == n);
        match sent.count() {
            0 => None,
            count => Some(step.kind.spec().counted(count)),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Label of the confirm button, with the device or the number of devices.
#[must_use]
pub fn confirm_label(form: &OrderForm) -> String {
    let part = part_words(form).map_or_else(String::new, |part| format!(" ({part})"));
    match (&form.plan, form.only()) {
        (Some(plan), Some(only)) => format!("Run “{}” on {}{part}", plan.name, only.quoted()),
        (Some(plan), None) => {
            let on = devices(form.count());
            format!("Run “{}” on {on}{part}", plan.name)
        }
        (None, Some(only)) => form.task().confirm_label(only),
        (None, None) => title(form),
    }
}
