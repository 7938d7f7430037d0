//! Why the service refused an order, as far as it can be determined.

use crate::action::{Change, Recorded, Task};
use crate::journal::{Entry, Record, instead};
use crate::model::{MAX_INDICATORS, Permission, RefusalCode, SessionStatus, clean};
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
    let why = missing(entry, session, status, code, message);
    let instead = instead(entry.status(), &entry.order.task);
    // What stands against a cancellation says it all.
    let instead = instead.filter(|_| !matches!(entry.order.task, Task::Cancel { .. }));
    let instead = instead.map_or_else(String::new, |instead| format!(". {instead}"));
    let mut lines = vec![format!("Nothing was changed. {why}{instead}")];
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

/// What the device's actions said, read after a refusal whose code alone does not say why.
fn after_reading(entry: &Entry, code: Option<RefusalCode>) -> Option<String> {
    let complete = entry.records().iter().rev().find_map(|(_, record)| {
        let Record::ActiveActionsRead { complete } = record else {
            return None;
        };
        Some(*complete)
    });
    let complete = complete.filter(|_| depends_on_device(&entry.order.task));
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

/// Whether a sensor carries it out, and so the device may be what stands against it.
fn depends_on_device(task: &Task) -> bool {
    match task.record() {
        Recorded::MachineAction | Recorded::Investigation => true,
        Recorded::Machine | Recorded::Indicator => false,
    }
}

/// Why a request was not taken, where its code does not say it. The message is read for this only.
fn not_accepted(task: &Task, message: &str) -> String {
    if depends_on_device(task) {
        return "Defender does not support this action on this device: check its operating system, agent and licence".to_owned();
    }
    let digits = message.replace(',', "");
    if task.is_tenant_wide() && digits.contains(&MAX_INDICATORS.to_string()) {
        return format!(
            "The tenant has the {MAX_INDICATORS} indicators that it may have: remove one in the Defender portal, then send it again"
        );
    }
    let what = if task.is_tenant_wide() {
        "block"
    } else {
        "tag"
    };
    format!("Defender does not accept this {what}")
}

fn missing(
    entry: &Entry,
    session: &SessionStatus,
    status: u16,
    code: &str,
    message: &str,
) -> String {
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
    let role = format!("the portal role “{}”", task.roles().join("” or “"));
    let elsewhere = if task.is_tenant_wide() {
        role
    } else {
        format!("{role} or access to the device's group")
    };
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
        (403, Some(true)) => format!(
            "Your present sign-in holds {permission}, so {elsewhere} is missing, or the sign-in of that time had less. {ask}"
        ),
        (403, Some(false)) => format!("Your present sign-in lacks {permission}. {ask}"),
        (403, None) => format!("Missing is {permission}, or {elsewhere}. {ask}"),
        (404, _) if task.is_tenant_wide() => format!("Defender does not know this block. {ask}"),
        (404, _) => {
            let or_file = task.file().map_or("", |_| " or file");
            format!(
                "Defender does not know this device{or_file}, or you have no access to its group. {ask}"
            )
        }
        (400, _) => not_accepted(task, message),
        (429, _) => "Defender's request limit was reached".to_owned(),
        (_, _) => "Defender refused it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::guard::Policy;
    use crate::model::{MachineRef, Mode};
    use crate::state::{State, fixtures};

    fn said(kind: ActionKind, status: u16, message: &str, read: Option<bool>) -> String {
        let machine = if kind.is_tenant_wide() {
            MachineRef::every_device()
        } else {
            fixtures::machine_ref("a1", None)
        };
        let order = fixtures::order("cdn-00000001", machine, kind);
        let read = read.map(|complete| Record::ActiveActionsRead { complete });
        let records = std::iter::once(Record::Sent).chain(read).collect();
        let entry = fixtures::entry(fixtures::author(), order, records);
        let session = State::new(Mode::Demo, "Demo", Policy::default()).session;
        lines(&entry, &session, status, "BadRequest", message).join("\n")
    }

    #[test]
    fn a_403_names_the_portal_role_that_this_action_takes() {
        for (kind, role) in [
            (
                ActionKind::Isolate,
                "“Active remediation actions” or access to the device's group",
            ),
            (
                ActionKind::CollectInvestigationPackage,
                "“Alerts investigation” or access",
            ),
            (ActionKind::AddTag, "“Manage security settings” or access"),
            (
                ActionKind::BlockFile,
                "“Manage security settings” or “Active remediation actions”. Ask",
            ),
        ] {
            let said = said(kind, 403, "", None);
            assert!(said.contains(role), "{said}");
        }
    }

    #[test]
    fn only_what_a_device_carries_out_is_put_down_to_the_device() {
        let device = "operating system";
        for read in [None, Some(true), Some(false)] {
            assert!(said(ActionKind::Isolate, 400, "", read).contains(device));
            let tag = said(ActionKind::AddTag, 400, "Tag is too long", read);
            assert!(!tag.contains(device), "{tag}");
            assert!(tag.contains("not accept this tag"), "{tag}");
            assert!(tag.contains("Tag is too long"), "{tag}");
        }
        for message in [
            "Max capacity of 15000 indicators",
            "limit of 15,000 reached",
        ] {
            let block = said(ActionKind::BlockFile, 400, message, None);
            assert!(
                block.contains("the 15000 indicators that it may have"),
                "{block}"
            );
            assert!(!block.contains(device), "{block}");
        }
        let block = said(ActionKind::BlockFile, 400, "no", None);
        assert!(block.contains("not accept this block"), "{block}");
    }

    #[test]
    fn a_404_names_a_file_only_where_there_is_one() {
        assert!(!said(ActionKind::Isolate, 404, "", None).contains("file"));
        let block = said(ActionKind::BlockFile, 404, "", None);
        assert!(!block.contains("device or"), "{block}");
    }
}
