//! Records derived from a reading of an action.

use crate::action::Order;
use crate::explain::{Effect, Explanation, NextStep};
use crate::journal::Record;
use crate::model::{MachineAction, MachineId, UNKNOWN_REQUESTOR, filled};
use crate::worker::screen::Screen;

/// The record of an action's end, if it is at its end.
pub(super) fn finished(action: &MachineAction) -> Option<Record> {
    action.status.is_final().then(|| Record::Finished {
        action: action.id.clone(),
        status: action.status.clone(),
        hresult: action.error_hresult,
        by: action
            .cancellation_requestor
            .as_deref()
            .map(|r| r.trim().into()),
        // An investigation ends in more ways than an action has words for.
        comment: (action.state.clone()).or_else(|| action.cancellation_comment.clone()),
        service_time: action.last_updated,
    })
}

/// Record, and notice on screen, for our tag on an action of another machine than `known`, which the
/// order was for: the service has redirected it to that record.
pub(super) async fn redirection(
    screen: &Screen,
    order: &Order,
    known: &MachineId,
    action: &MachineAction,
) -> Option<Record> {
    let machine = action.machine_id.clone().filter(|id| id != known)?;
    screen.problem(redirected(order, &machine, action)).await;
    Some(Record::Redirected { machine })
}

fn redirected(order: &Order, machine: &MachineId, action: &MachineAction) -> Explanation {
    Explanation {
        headline: format!(
            "The service acts on another record (…{}) in place of {}",
            machine.tail(),
            order.machine.quoted()
        ),
        effect: Effect::Changed,
        next: NextStep::Outside(format!("Search for {machine} and look at that record").into()),
        details: vec![
            format!("Action {}", action.id),
            format!("Entry {}", order.entry),
        ],
    }
}

pub(super) fn not_ours_record(action: &MachineAction) -> Record {
    let requestor = filled(action.requestor.as_deref()).unwrap_or(UNKNOWN_REQUESTOR);
    Record::NotOurs {
        action: action.id.clone(),
        requestor: requestor.into(),
        created: action.created,
    }
}
