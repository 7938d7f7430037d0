//! Refusals that a retry does not change, and their alternatives.

use super::{Entry, OrderStatus, Record};
use crate::action::{Risk, Task};
use crate::model::{RefusalCode, concerns_indicator_limit, concerns_licence};

/// Whether the service may accept the same request later: when a permission is granted, a limit
/// passes, another action ends, the sign-in is new, or a proxy lets it through. A retry does not
/// change the device or the hash.
fn may_be_accepted_later(entry: &Entry, status: u16, code: &str, message: &str) -> bool {
    use RefusalCode::{
        ActiveRequestAlreadyExists, ClientVersionNotSupported, DisallowedOperation,
        InvalidHashValue, OsPlatformNotSupported,
    };
    let is_cancellation = matches!(entry.order.task, Task::Cancel { .. });
    match (status, RefusalCode::named(code)) {
        _ if concerns_licence(message) => false,
        // Accepted once an indicator has been removed.
        (400, None) if entry.order.task.is_tenant_wide() && concerns_indicator_limit(message) => {
            true
        }
        (400, Some(ActiveRequestAlreadyExists)) => true,
        (
            _,
            Some(
                ClientVersionNotSupported
                | DisallowedOperation
                | InvalidHashValue
                | OsPlatformNotSupported,
            ),
        ) => false,
        // The reason is not known yet.
        (400 | 422, _) => !is_cancellation && were_actions_read(entry) == Some(false),
        // Not visible to this account, whose access to the device group may be granted.
        (404, _) => !is_cancellation,
        (_, _) => true,
    }
}

/// Whether the device's actions were read completely after a refusal whose code gives no reason;
/// `None` if they were not requested.
#[must_use]
pub fn were_actions_read(entry: &Entry) -> Option<bool> {
    entry.facts().rev().find_map(|record| {
        let Record::ActiveActionsRead { complete } = record else {
            return None;
        };
        Some(*complete)
    })
}

/// Alternative to a retry that would fail again; `None` if a retry may succeed.
#[must_use]
pub fn alternative(entry: &Entry) -> Option<&'static str> {
    const NOTHING_LEFT: &str = "Nothing left to cancel. Check the device's state, and undo the action where it took effect";
    let (status, task) = (entry.status(), &entry.order.task);
    if matches!(status, OrderStatus::TooLate { .. }) {
        return Some(NOTHING_LEFT);
    }
    let OrderStatus::Refused {
        status,
        code,
        message,
    } = status
    else {
        return None;
    };
    if may_be_accepted_later(entry, *status, code, message) {
        return None;
    }
    let code = RefusalCode::named(code);
    Some(match (task, code) {
        (Task::Cancel { .. }, _) => NOTHING_LEFT,
        (_, Some(RefusalCode::InvalidHashValue)) => {
            "Check the hash, and submit it again with the right one"
        }
        _ if task.is_tenant_wide() => {
            "Check the indicators in the Defender portal, and submit it again if it is still needed"
        }
        _ if task.cut_off_noun().is_some() && task.risk() != Risk::Routine => {
            "Sending it again will not help: cut the device off at the switch and disable the account"
        }
        _ if task.risk().takes_away() => {
            "Sending it again will not help: isolate the device, or cut it off at the switch"
        }
        _ => {
            "Sending it again will not help: do it on the device itself, or on its page in the Defender portal"
        }
    })
}
