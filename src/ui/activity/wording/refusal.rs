//! Why the service refused an order, as far as it can be determined.

use crate::action::{Change, Task};
use crate::journal::{Entry, Record};
use crate::model::{Permission, RefusalCode, SessionStatus, clean};
use crate::ui::activity::record::COMMENT_CHARS;

/// Who helps where a right is missing, and what can be done meanwhile.
fn ask(task: &Task) -> String {
    let meanwhile = match task.change() {
        Change::Sets(_) => ". Meanwhile, cut the device off at the switch and disable the account",
        Change::Clears(_) | Change::Nothing => "",
    };
    format!(
        "Ask a Defender administrator to grant it, or a colleague who has it to do this{meanwhile}"
    )
}

/// Says what was missing as far as it can be determined; a 403 does not say it itself.
pub(super) fn lines(
    entry: &Entry,
    session: &SessionStatus,
    status: u16,
    code: &str,
    message: &str,
) -> Vec<String> {
    let why = missing(entry, session, status, code);
    let mut lines = vec![format!("Nothing was changed. {why}")];
    let said: Vec<_> = [code, message]
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .map(|part| clean(part, COMMENT_CHARS))
        .collect();
    lines.push(if said.is_empty() {
        format!("The service answered {status}")
    } else {
        format!("The service answered {status}: {}", said.join(": "))
    });
    lines
}

/// Whether the service may accept the same request another time: a permission is granted, a limit
/// passes, another action ends. What the device or the hash is does not change by asking again.
pub fn may_be_accepted_later(task: &Task, status: u16, code: &str) -> bool {
    match (status, RefusalCode::named(code)) {
        (400, Some(RefusalCode::ActiveRequestAlreadyExists)) | (403 | 409 | 429, _) => true,
        // Not in sight of this account: its group may be opened to it.
        (404, _) => !matches!(task, Task::Cancel { .. }),
        (_, _) => false,
    }
}

/// What the device's actions said, read after a refusal whose code alone does not say why.
fn after_reading(entry: &Entry, code: Option<RefusalCode>) -> Option<String> {
    let complete = entry.records().iter().rev().find_map(|(_, record)| {
        let Record::ActiveActionsRead { complete } = record else {
            return None;
        };
        Some(*complete)
    });
    let named = match code {
        Some(RefusalCode::ActiveRequestAlreadyExists) => {
            "Defender says that an action of this kind is already in progress"
        }
        Some(RefusalCode::OsPlatformNotSupported) => {
            "Defender says that the device's operating system does not support this"
        }
        Some(RefusalCode::ClientVersionNotSupported) => {
            "Defender says that the Defender sensor on the device is too old for this"
        }
        Some(RefusalCode::InvalidHashValue) => "Defender does not accept this hash",
        Some(
            RefusalCode::DisabledFeature
            | RefusalCode::DisallowedOperation
            | RefusalCode::Forbidden
            | RefusalCode::Inactive
            | RefusalCode::InvalidInput
            | RefusalCode::NotOnboarded
            | RefusalCode::ResourceNotFound,
        )
        | None => "",
    };
    if matches!(entry.order.task, Task::Cancel { .. }) {
        return complete.map(|complete| {
            if complete {
                "Defender does not cancel it, although it has not ended".to_owned()
            } else {
                "Whether the action has ended could not be checked".to_owned()
            }
        });
    }
    match (complete, named) {
        (None, "") => None,
        (Some(true), "") => Some(
            "No action of this kind is open on the device; the reason may be its operating system, agent or licence".to_owned(),
        ),
        (Some(false), "") => Some(
            "Whether an action of this kind is already open could not be checked; the reason may also be the device's operating system, agent or licence".to_owned(),
        ),
        (Some(true), named) => Some(format!(
            "{named}. No action of this kind is open on the device"
        )),
        (Some(false), named) => Some(format!(
            "{named}. Whether an action of this kind is open could not be checked"
        )),
        (None, named) => Some(named.to_owned()),
    }
}

fn missing(entry: &Entry, session: &SessionStatus, status: u16, code: &str) -> String {
    let code = RefusalCode::named(code);
    if let Some(read) = after_reading(entry, code) {
        return read;
    }
    let task = &entry.order.task;
    let ask = ask(task);
    if matches!(task, Task::Cancel { .. }) && status == 400 {
        return "Defender no longer cancels it: most likely it has ended. Check the device and undo it from there".to_owned();
    }
    let permissions: Vec<_> = task
        .permissions()
        .iter()
        .map(Permission::to_string)
        .collect();
    let permission = match permissions.as_slice() {
        [one] => format!("the permission {one}"),
        _ => "a permission to act".to_owned(),
    };
    let role = "the portal role “Active remediation actions”";
    let group = "access to the device's group";
    let held = match session {
        SessionStatus::SignedIn { permissions, .. } => permissions.holds(task.permissions()),
        SessionStatus::SignedOut
        | SessionStatus::Restoring
        | SessionStatus::AskingForCode
        | SessionStatus::WaitingForPerson(_)
        | SessionStatus::InBrowser(_)
        | SessionStatus::DifferentAccount { .. }
        | SessionStatus::Renewing { .. }
        | SessionStatus::NotRenewed { .. }
        | SessionStatus::NeedsSignIn { .. } => None,
    };
    if code == Some(RefusalCode::DisabledFeature) {
        return "It is switched off in your tenant: a Defender administrator can switch it on in the portal, under Settings, Endpoints, Advanced features".to_owned();
    }
    if code == Some(RefusalCode::DisallowedOperation) {
        return "Defender does not let anybody do this".to_owned();
    }
    match (status, held) {
        // What the sign-in of that time held is not known any more, and a renewed one may differ.
        (403, Some(true)) => format!("Your present sign-in holds {permission}, so {role} or {group} is missing, or the sign-in of that time had less. {ask}"),
        (403, Some(false)) => format!("Your present sign-in lacks {permission}. {ask}"),
        (403, None) => format!("Missing is {permission}, {role}, or {group}. {ask}"),
        (404, _) => format!("Defender does not know this device or file, or you have no access to its group. {ask}"),
        (400, _) => "Defender does not support this action on this device: check its operating system, agent and licence".to_owned(),
        (429, _) => "Defender's request limit was reached".to_owned(),
        (_, _) => "Defender refused it".to_owned(),
    }
}
