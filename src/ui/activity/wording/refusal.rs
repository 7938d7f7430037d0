//! Why the service refused an order, as far as it can be determined.

use crate::action::{Change, Recorded, Task};
use crate::explain::{ANSWERED_ON_THE_WAY, NO_LICENCE, PROXY_WANTS_SIGN_IN, SIGN_IN_NOT_ACCEPTED};
use crate::journal::{Entry, alternative, were_actions_read};
use crate::model::{
    MAX_INDICATORS, RefusalCode, SessionStatus, clean, concerns_indicator_limit, concerns_licence,
};
use crate::ui::activity::record::COMMENT_CHARS;

/// Whom to ask for a missing permission, and what to do meanwhile.
fn ask(task: &Task) -> String {
    let meanwhile = match task.change() {
        Change::Sets(_) => ". Meanwhile, cut the device off at the switch and disable the account",
        Change::Clears(_) | Change::Nothing => "",
    };
    format!(
        "Ask a Defender administrator to grant it, or a colleague who has it to do this{meanwhile}"
    )
}

/// Says what was missing as far as it can be determined; a 403 does not say.
pub(super) fn lines(
    entry: &Entry,
    session: &SessionStatus,
    status: u16,
    code: &str,
    message: &str,
) -> Vec<String> {
    let why = missing(entry, session, status, code, message);
    let alternative = alternative(entry);
    // The obstacle to a cancellation explains everything.
    let alternative = alternative.filter(|_| !matches!(entry.order.task, Task::Cancel { .. }));
    let alternative =
        alternative.map_or_else(String::new, |alternative| format!(". {alternative}"));
    let mut lines = vec![format!("Nothing was changed. {why}{alternative}")];
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

/// Cause of a refusal from the device's actions, if its code does not explain it.
fn after_reading(entry: &Entry, code: Option<RefusalCode>) -> Option<String> {
    let complete = were_actions_read(entry).filter(|_| depends_on_device(&entry.order.task));
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

/// Whether a sensor carries it out, so that the device may be the obstacle.
fn depends_on_device(task: &Task) -> bool {
    match task.record() {
        Recorded::MachineAction | Recorded::Investigation => true,
        Recorded::Machine | Recorded::Indicator => false,
    }
}

/// Why a request was rejected, if its code does not explain it. The message is parsed only for this.
fn not_accepted(task: &Task, message: &str) -> String {
    if depends_on_device(task) {
        return "Defender does not support this action on this device: check its operating system, agent and licence".to_owned();
    }
    if task.is_tenant_wide() && concerns_indicator_limit(message) {
        return format!(
            "The tenant has reached the limit of {MAX_INDICATORS} indicators: remove one in the Defender portal, then send it again"
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
    let named = RefusalCode::named(code);
    let task = &entry.order.task;
    if concerns_licence(message) {
        return format!("{NO_LICENCE}. Ask an administrator about the licence");
    }
    if let Some(read) = after_reading(entry, named) {
        return read;
    }
    if matches!(task, Task::Cancel { .. }) && status == 400 {
        return "Defender no longer cancels it: most likely it has ended. Check the device and undo it from there".to_owned();
    }
    if named == Some(RefusalCode::DisabledFeature) {
        return "It is switched off in your tenant: a Defender administrator can switch it on in the portal, under Settings, Endpoints, Advanced features".to_owned();
    }
    if named == Some(RefusalCode::DisallowedOperation) {
        return "Defender lets no one do this".to_owned();
    }
    let ask = ask(task);
    match status {
        400 => not_accepted(task, message),
        401 => format!("{SIGN_IN_NOT_ACCEPTED}. Sign in again, then send it again"),
        403 => not_allowed(entry, session),
        404 if task.is_tenant_wide() => format!("Defender does not know this block. {ask}"),
        404 => {
            let or_file = task.file().map_or("", |_| " or file");
            format!(
                "Defender does not know this device{or_file}, or you have no access to its group. {ask}"
            )
        }
        407 => format!(
            "{PROXY_WANTS_SIGN_IN}. Ask your network team to let this computer through, then send it again"
        ),
        429 => "Defender's request limit was reached".to_owned(),
        // Defender gives its reasons.
        _ if code.is_empty() => format!(
            "{ANSWERED_ON_THE_WAY}, it seems. Check the network's proxy or sign-in page, then send it again"
        ),
        _ => "Defender refused it".to_owned(),
    }
}

/// The missing right, as far as the current sign-in shows it; for another account's order it shows nothing.
fn not_allowed(entry: &Entry, session: &SessionStatus) -> String {
    let task = &entry.order.task;
    let permission = match task.permissions() {
        [one] => format!("the permission {one}"),
        _ => "a permission to act".to_owned(),
    };
    let role = format!("the portal role “{}”", task.roles().join("” or “"));
    let elsewhere = if task.is_tenant_wide() {
        role
    } else {
        format!("{role} or access to the device's group")
    };
    let ask = ask(task);
    // Another account's permissions say nothing about those of the author.
    let is_same = session
        .account()
        .is_some_and(|account| entry.author.is(account));
    let permissions = session.permissions().filter(|_| is_same);
    match permissions.and_then(|permissions| permissions.holds(task.permissions())) {
        // The permissions of that sign-in are no longer known, and a renewed one may differ.
        Some(true) => format!(
            "Your current sign-in holds {permission}, so {elsewhere} is missing, or the sign-in back then had fewer permissions. {ask}"
        ),
        Some(false) => format!("Your current sign-in lacks {permission}. {ask}"),
        None => format!("What is missing is {permission}, or {elsewhere}. {ask}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::guard::Policy;
    use crate::journal::{OrderStatus, Record};
    use crate::model::{MachineRef, Mode};
    use crate::state::{State, fixtures};

    fn refused(
        kind: ActionKind,
        status: u16,
        code: &str,
        message: &str,
        read: Option<bool>,
    ) -> Entry {
        let machine = if kind.is_tenant_wide() {
            MachineRef::every_device()
        } else {
            fixtures::machine_ref("a1", None)
        };
        let order = fixtures::order("cdn-00000001", machine, kind);
        let read = read.map(|complete| Record::ActiveActionsRead { complete });
        let refused = Record::Refused {
            status,
            code: code.into(),
            message: message.into(),
        };
        let records = std::iter::once(Record::Sent).chain(read).chain([refused]);
        fixtures::entry(fixtures::author(), order, records.collect())
    }

    fn said_of(entry: &Entry) -> String {
        let session = State::new(Mode::Demo, "Demo", Policy::default()).session;
        let OrderStatus::Refused {
            status,
            code,
            message,
        } = entry.status()
        else {
            panic!("{:?}", entry.status())
        };
        lines(entry, &session, *status, code, message).join("\n")
    }

    fn said(kind: ActionKind, status: u16, message: &str, read: Option<bool>) -> String {
        said_of(&refused(kind, status, "BadRequest", message, read))
    }

    #[test]
    fn http_403_names_the_portal_role_for_the_action() {
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
    fn only_device_actions_are_blamed_on_the_device() {
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
            assert!(block.contains("the limit of 15000 indicators"), "{block}");
            assert!(!block.contains(device), "{block}");
        }
        let block = said(ActionKind::BlockFile, 400, "no", None);
        assert!(block.contains("not accept this block"), "{block}");
    }

    #[test]
    fn refusal_unrelated_to_the_order_may_be_sent_again() {
        let twice = "Sending it again will not help";
        for (status, message, read, words) in [
            (401, "", None, "Sign in again"),
            (407, "", None, "Ask your network team"),
            (405, "", None, "Check the network's proxy"),
            (400, "", Some(false), "could not be checked"),
        ] {
            let refused = refused(ActionKind::Isolate, status, "", message, read);
            assert!(alternative(&refused).is_none(), "{status}");
            let said = said_of(&refused);
            assert!(said.contains(words) && !said.contains(twice), "{said}");
        }
        for (status, message, read) in [
            (401, "Account mode is inactive", None),
            (400, "", Some(true)),
            (400, "", None),
        ] {
            let refused = refused(ActionKind::Isolate, status, "", message, read);
            assert!(said_of(&refused).contains(twice), "{status} {message}");
        }
        let unlicensed = refused(ActionKind::Isolate, 401, "", "No TVM license", None);
        let said = said_of(&unlicensed);
        assert!(
            said.contains("licence") && !said.contains("Sign in"),
            "{said}"
        );
    }

    #[test]
    fn http_404_names_a_file_only_if_there_is_one() {
        assert!(!said(ActionKind::Isolate, 404, "", None).contains("file"));
        let block = said(ActionKind::BlockFile, 404, "", None);
        assert!(!block.contains("device or"), "{block}");
    }
}
