//! Next steps on the hand-over sheet for failed orders.

use super::*;
use crate::action::{Order, SHA1, Sha1, Value};
use crate::journal::NotSentReason;
use crate::model::{EntryId, MachineActionType};
use MachineActionStatus::{Cancelled, Failed, Succeeded};

const FIRST: &str = "cdn-00000001";
const SECOND: &str = "cdn-00000002";

fn isolation(tag: &str) -> Order {
    let mut order = orders().remove(0);
    order.entry = EntryId::parse(tag).expect("a literal tag");
    order
}

fn cancellation(tag: &str) -> Order {
    let task = Task::Cancel {
        action: an_action(),
        action_type: MachineActionType::Isolate,
    };
    Order {
        task,
        ..isolation(tag)
    }
}

fn quarantine(tag: &str, digit: &str) -> Order {
    let sha1 = Sha1::find(&digit.repeat(40)).expect("40 digits");
    let task = Task::Act {
        kind: ActionKind::StopAndQuarantineFile,
        values: [(&SHA1, Value::Hash(sha1))].into(),
    };
    Order {
        task,
        ..isolation(tag)
    }
}

fn ended(status: MachineActionStatus, comment: Option<&str>) -> Record {
    Record::Finished {
        action: an_action(),
        status,
        hresult: HResult(0),
        by: Some("sam".into()),
        comment: comment.map(Into::into),
        service_time: None,
    }
}

fn withdrawn() -> Record {
    Record::NotSent {
        why: NotSentReason::Withdrawn,
        detail: None,
    }
}

fn theirs() -> Record {
    Record::NotOurs {
        action: an_action(),
        requestor: "sam@contoso.com".into(),
        created: None,
    }
}

/// The next step of the first of these orders, each with its end.
fn next_of<R>(orders: &[(Order, R)]) -> Option<String>
where
    R: IntoIterator<Item = Record> + Clone,
{
    let mut journal = Journal::in_memory().expect("memory");
    for (at, (order, end)) in (1..).zip(orders) {
        let entry = order.entry;
        let mut records = vec![intended(order.clone()), (entry, Record::Sent)];
        records.extend(end.clone().into_iter().map(|end| (entry, end)));
        journal.append(second(at), &records).expect("appended");
    }
    let sheet = sheet(&journal);
    let section = sheet.split("## Failed").nth(1).expect("the section");
    let (rows, _) = section.split_once("## Done").expect("the next section");
    let first = format!("Entry {FIRST}");
    let row = rows.split("\n- ").find(|row| row.contains(&first));
    let mut lines = row.expect("the failed order").lines();
    let next = lines.find_map(|line| line.trim().strip_prefix("- Next: "));
    next.map(str::to_owned)
}

/// Whether the next step begins with these words; `None` expects no step.
fn begins(next: Option<&str>, words: Option<&str>) -> bool {
    match words {
        Some(words) => next.is_some_and(|next| next.starts_with(words)),
        None => next.is_none(),
    }
}

/// A step that repeats what was withdrawn, or what someone else has done, would mislead the next shift.
#[test]
fn the_next_step_fits_the_cause_of_the_failure() {
    let again = "Not in effect. Request it again now, or cut the device off";
    let check =
        "Check whether the request of `sam@contoso.com` took effect. This one was not queued";
    let nothing = "Nothing left to cancel. Check the device's state";
    for (order, end, expected) in [
        (isolation(FIRST), ended(Failed, None), Some(again)),
        (isolation(FIRST), Record::NotFound, Some(again)),
        (
            isolation(FIRST),
            ended(Cancelled, Some("[cdn-00000001] no")),
            Some(again),
        ),
        (isolation(FIRST), withdrawn(), None),
        (isolation(FIRST), theirs(), Some(check)),
        (cancellation(FIRST), ended(Succeeded, None), Some(nothing)),
    ] {
        let next = next_of(&[(order, Some(end.clone()))]);
        assert!(begins(next.as_deref(), expected), "{end:?}: {next:?}");
    }
}

/// A retry does not change the properties of the device.
#[test]
fn a_permanent_refusal_suggests_no_retry() {
    let refused = |status, code: &str| Record::Refused {
        status,
        code: code.into(),
        message: "".into(),
    };
    let alternative =
        "Sending it again will not help: cut the device off at the switch and disable the account";
    for (order, status, code, expected) in [
        (isolation(FIRST), 400, "OsPlatformNotSupported", alternative),
        (
            isolation(FIRST),
            400,
            "ClientVersionNotSupported",
            alternative,
        ),
        (
            isolation(FIRST),
            403,
            "Forbidden",
            "Not in effect. Request it again now, or cut the device off at the switch and disable the account",
        ),
        (
            cancellation(FIRST),
            400,
            "",
            "Nothing left to cancel. Check the device's state, and undo the action where it took effect",
        ),
    ] {
        let next = next_of(&[(order, Some(refused(status, code)))]);
        assert_eq!(next.as_deref(), Some(expected), "{status} {code}");
    }
}

/// The action that Defender reports as under way may be in effect by now.
#[test]
fn a_refusal_for_an_action_under_way_is_checked_unless_none_was_found() {
    let refused = |read: Option<bool>| {
        let read = read.map(|complete| Record::ActiveActionsRead { complete });
        let refused = Record::Refused {
            status: 400,
            code: "ActiveRequestAlreadyExists".into(),
            message: "".into(),
        };
        let records: Vec<_> = read.into_iter().chain([refused]).collect();
        next_of(&[(isolation(FIRST), records)]).expect("a next step")
    };
    let check =
        "Defender said that such an action was under way already. Check in the Defender portal";
    let again = "Not in effect. Request it again now";
    for (read, expected) in [(Some(false), check), (None, check), (Some(true), again)] {
        let next = refused(read);
        assert!(next.starts_with(expected), "{read:?}: {next}");
    }
}

#[test]
fn the_next_step_considers_later_orders() {
    let done = || Some(ended(Succeeded, None));
    let failed = || Some(ended(Failed, None));
    let superseded = Some("Superseded by cdn-00000002");
    let again = Some("Not in effect. Request it again now");
    for (first, end, second, later, expected) in [
        (
            isolation(FIRST),
            failed(),
            isolation(SECOND),
            done(),
            Some("Superseded by cdn-00000002: Isolated"),
        ),
        (
            isolation(FIRST),
            Some(theirs()),
            isolation(SECOND),
            None,
            superseded,
        ),
        (
            isolation(FIRST),
            failed(),
            isolation(SECOND),
            Some(withdrawn()),
            again,
        ),
        (
            isolation(FIRST),
            failed(),
            quarantine(SECOND, "a"),
            done(),
            again,
        ),
        (
            quarantine(FIRST, "a"),
            failed(),
            quarantine(SECOND, "b"),
            done(),
            again,
        ),
        (
            quarantine(FIRST, "a"),
            failed(),
            quarantine(SECOND, "a"),
            None,
            superseded,
        ),
        (
            isolation(FIRST),
            Some(ended(Cancelled, Some("[cdn-00000002] mistake"))),
            cancellation(SECOND),
            Some(ended(Cancelled, None)),
            None,
        ),
    ] {
        let said = format!("{:?} {end:?}, {:?} {later:?}", first.task, second.task);
        let next = next_of(&[(first, end), (second, later)]);
        assert!(begins(next.as_deref(), expected), "{said}: {next:?}");
    }
}
