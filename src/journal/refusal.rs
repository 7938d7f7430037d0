//! Refusals that another try does not change, and what is to be done instead.

use super::OrderStatus;
use crate::action::{Risk, Task};
use crate::model::RefusalCode;

/// Whether the service may accept the same request another time: a permission is granted, a limit
/// passes, another action ends. What the device or the hash is does not change by asking again.
fn may_be_accepted_later(task: &Task, status: u16, code: Option<RefusalCode>) -> bool {
    match (status, code) {
        (400, Some(RefusalCode::ActiveRequestAlreadyExists)) | (403 | 409 | 429, _) => true,
        // Not in sight of this account: its group may be opened to it.
        (404, _) => !matches!(task, Task::Cancel { .. }),
        (_, _) => false,
    }
}

/// What is to be done where the same order would come to nothing again; `None` where it may not.
#[must_use]
pub fn instead(status: &OrderStatus, task: &Task) -> Option<&'static str> {
    const NOTHING_LEFT: &str = "Nothing left to cancel. Check the device's state, and undo the action where it took effect";
    if matches!(status, OrderStatus::TooLate { .. }) {
        return Some(NOTHING_LEFT);
    }
    let OrderStatus::Refused { status, code, .. } = status else {
        return None;
    };
    let code = RefusalCode::named(code);
    if may_be_accepted_later(task, *status, code) {
        return None;
    }
    Some(match (task, code) {
        (Task::Cancel { .. }, _) => NOTHING_LEFT,
        (_, Some(RefusalCode::InvalidHashValue)) => {
            "Check the hash, and order it anew with the right one"
        }
        _ if task.is_tenant_wide() => {
            "Look at the indicators in the Defender portal, and order it anew if it is still needed"
        }
        _ if task.cut_off_noun().is_some() && task.risk() != Risk::Routine => {
            "Asking again changes nothing: cut the device off at the switch and disable the account"
        }
        _ if task.risk().takes_away() => {
            "Asking again changes nothing: isolate the device, or cut it off at the switch"
        }
        _ => {
            "Asking again changes nothing: do it on the device itself, or on its page in the Defender portal"
        }
    })
}
