//! Confirming orders for several devices together.

use std::collections::HashSet;

use jiff::Timestamp;

use super::verdict::{Question, Verdict};
use super::{Approval, Facts, Review};
use crate::action::{Order, Task};
use crate::explain::NextStep;
use crate::model::{Account, Epoch};

/// Name of the guardrail that limits the number of devices in one confirmation.
pub const SEVERAL_AT_ONCE: &str = "several at once";

/// A slip must not reach more devices than the organisation allows.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let (count, max) = (facts.batch_size, facts.policy.max_batch);
    let is_too_many = count > max && wants_number(question.task);
    let next = NextStep::Outside("Select fewer devices, or act in batches".into());
    is_too_many
        .then(|| Verdict::block(format!("{count} devices at once: the limit is {max}"), next))
        .into_iter()
        .collect()
}

/// Whether the number of devices has to be typed to confirm this task on several. Not for releases (rule 10),
/// nor for harmless actions.
#[must_use]
pub(super) fn wants_number(task: &Task) -> bool {
    task.risk().takes_away()
}

/// The error in the typed number of devices, if any.
#[must_use]
pub fn number_trouble(task: &Task, count: usize, number: &str) -> Option<String> {
    let is_wanted = count > 1 && wants_number(task);
    (is_wanted && number.trim().parse() != Ok(count))
        .then(|| format!("Type the number of devices: {count}"))
}

/// Whether two orders are for the same device, and not two steps of a plan.
fn is_repeated(one: &Order, other: &Order) -> bool {
    let step = |order: &Order| order.plan.as_ref().map(|plan| plan.step);
    one.machine.id == other.machine.id && (step(one).is_none() || step(one) == step(other))
}

/// Approves several orders together: all of them or none. `number` is the number of devices as typed.
///
/// # Errors
/// The first reason why they cannot be confirmed.
pub fn approve_all(
    reviews: Vec<Review>,
    number: &str,
    account: &Account,
    epoch: Epoch,
    now: Timestamp,
) -> Result<Vec<Approval>, String> {
    let mut orders: Vec<&Order> = Vec::new();
    for review in &reviews {
        match &review.order {
            Err(errors) => {
                return Err(errors.first().map(ToString::to_string).unwrap_or_default());
            }
            Ok(order) if orders.iter().any(|o| is_repeated(o, order)) => {
                return Err(format!("{} is in the list twice", order.machine.quoted()));
            }
            Ok(order) => orders.push(order),
        }
    }
    // A plan has several orders for each device.
    let machines = orders.iter().map(|order| &order.machine.id);
    let count = machines.collect::<HashSet<_>>().len();
    if let Some(review) = reviews.iter().find(|review| review.batch_size != count) {
        return Err(format!("{} were reviewed, not {count}", review.batch_size));
    }
    let mut tasks = orders.iter().map(|order| &order.task);
    if let Some(why) = tasks.find_map(|task| number_trouble(task, count, number)) {
        return Err(why);
    }
    reviews
        .into_iter()
        .map(|review| review.seal(account, epoch, now))
        .collect()
}
