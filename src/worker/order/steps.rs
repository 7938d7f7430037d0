//! Sequence of a plan's steps: each waits for the replies to the previous steps on its device.

use std::collections::HashMap;

use crate::action::Order;
use crate::journal::{OrderStatus, Phase};
use crate::model::{EntryId, MachineId};
use crate::worker::journal::JournalHandle;

/// An earlier step on the same device.
#[derive(Debug, Clone)]
pub(super) struct Before {
    entry: EntryId,
    /// Its number in the plan, and whether the plan continues after its refusal.
    step: u32,
    continues: bool,
}

/// The batch's steps so far, by device.
#[derive(Debug, Default)]
pub(super) struct StepsBefore(HashMap<MachineId, Vec<Before>>);

impl StepsBefore {
    /// Earlier steps on this order's device; empty without a plan. Adds this order for the next ones.
    pub fn of(&mut self, order: &Order) -> Vec<Before> {
        let Some(plan) = &order.plan else {
            return Vec::new();
        };
        let steps = self.0.entry(order.machine.id.clone()).or_default();
        let before = steps.clone();
        steps.push(Before {
            entry: order.entry,
            step: plan.step,
            continues: plan.continues,
        });
        before
    }
}

/// Whether a step may be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StepVerdict {
    Go,
    Wait,
    /// An earlier step did not succeed and the plan stops there; the text names that step.
    Stop(Box<str>),
}

/// Decides by the status of the earlier steps. Acceptance suffices, as the device may take days.
pub(super) fn judge(before: &[Before], journal: &JournalHandle) -> StepVerdict {
    let mut verdict = StepVerdict::Go;
    for step in before {
        // All are on disk before the first one is sent; a missing one stays missing.
        let status = journal.status(step.entry);
        match status.as_ref().map(OrderStatus::phase) {
            Some(Phase::Unsent) => verdict = StepVerdict::Wait,
            // Whether it was refused is still being looked up.
            Some(Phase::Unanswered) if !step.continues || is_sent(status.as_ref()) => {
                verdict = StepVerdict::Wait;
            }
            Some(Phase::Unanswered | Phase::UnderWay(_)) => {}
            Some(Phase::Ended) | None => {
                let lets_it_continue =
                    |status: &OrderStatus| status.lets_plan_continue(step.continues);
                if !status.as_ref().map_or(step.continues, lets_it_continue) {
                    return StepVerdict::Stop(words(step, status.as_ref()));
                }
            }
        }
    }
    verdict
}

fn is_sent(status: Option<&OrderStatus>) -> bool {
    matches!(status, Some(OrderStatus::Sent))
}

fn words(step: &Before, status: Option<&OrderStatus>) -> Box<str> {
    let outcome = match status {
        Some(OrderStatus::Refused { .. }) => "was refused",
        Some(OrderStatus::NotFound) => "was not found",
        Some(OrderStatus::Failed { .. }) => "failed",
        Some(OrderStatus::TimedOut { .. }) => "timed out",
        Some(OrderStatus::Cancelled { .. }) => "was cancelled",
        Some(_) | None => "was not sent",
    };
    format!("Step {} {outcome}", step.step).into()
}
