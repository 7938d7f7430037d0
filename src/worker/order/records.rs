//! Records derived from a reading of an action.

use crate::journal::{Entry, Record};
use crate::model::{MachineAction, UNKNOWN_REQUESTOR, filled};

/// The record of an action's end, if it has ended.
pub(super) fn finished(action: &MachineAction) -> Option<Record> {
    action.status.is_final().then(|| Record::Finished {
        action: action.id.clone(),
        status: action.status.clone(),
        hresult: action.error_hresult,
        by: action
            .cancellation_requestor
            .as_deref()
            .map(|r| r.trim().into()),
        // An investigation has more final states than an action has statuses.
        comment: (action.state.clone()).or_else(|| action.cancellation_comment.clone()),
        service_time: action.last_updated,
    })
}

/// The record of a reading that shows an order's action on another machine than known so far: the service has
/// moved it to that record, or back.
pub(super) fn redirection(entry: &Entry, action: &MachineAction) -> Option<Record> {
    let known = entry.machine().id;
    let machine = action.machine_id.clone().filter(|id| *id != known)?;
    Some(Record::Redirected { machine })
}

pub(super) fn not_ours_record(action: &MachineAction) -> Record {
    let requestor = filled(action.requestor.as_deref()).unwrap_or(UNKNOWN_REQUESTOR);
    Record::NotOurs {
        action: action.id.clone(),
        requestor: requestor.into(),
        created: action.created,
    }
}

/// The record that the action's owner or end is unknown.
pub(super) fn unclear(action: &MachineAction, why: impl Into<Box<str>>) -> Record {
    Record::Unclear {
        status: None,
        action: Some(action.id.clone()),
        why: why.into(),
    }
}
