//! Where an entry stands, by its records.

use std::cell::Cell;

use super::*;
use crate::action::ActionKind;
use crate::model::{MachineActionType, MachineId, MachineRef};

thread_local! {
    /// How often a status was asked for: what a frame costs, whatever the clock says.
    pub static STANDINGS_ASKED: Cell<usize> = const { Cell::new(0) };
}

fn entry(task: Task, records: Vec<Record>) -> Entry {
    let author = Author {
        mode: "DEMO".into(),
        tenant: "t".into(),
        object_id: "o".into(),
        account: "jane".into(),
    };
    let order = Order {
        entry: EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
        machine: MachineRef {
            id: MachineId::parse("a1").expect("a literal id"),
            dns_name: None,
        },
        comment: "why".into(),
        batch: None,
        task,
    };
    let mut entry = Entry::new(author, order);
    for record in records {
        entry.push(Timestamp::UNIX_EPOCH, record);
    }
    entry
}

fn action() -> MachineActionId {
    MachineActionId::parse("b89eb834-4578-496c-8be0-03f004061435").expect("a literal id")
}

fn finished(status: MachineActionStatus) -> Record {
    Record::Finished {
        action: action(),
        status,
        hresult: HResult(0),
        by: None,
        comment: None,
    }
}

#[test]
fn accepted_is_not_done_and_only_succeeded_is() {
    let accepted = Record::Accepted {
        action: action(),
        status: MachineActionStatus::Pending,
    };
    let mut entry = entry(isolate(), vec![Record::Sent, accepted]);
    assert_eq!(
        entry.standing().word(&entry.order.task),
        "Accepted (Pending)"
    );
    entry.push(
        Timestamp::UNIX_EPOCH,
        Record::Progress {
            status: MachineActionStatus::InProgress,
        },
    );
    assert_eq!(entry.standing().word(&entry.order.task), "In progress");
    assert!(!entry.standing().is_end());
    entry.push(
        Timestamp::UNIX_EPOCH,
        finished(MachineActionStatus::Succeeded),
    );
    assert_eq!(entry.standing().word(&entry.order.task), "Isolated");
}

#[test]
fn a_cancellation_is_done_when_the_action_is_cancelled_and_too_late_when_it_succeeded() {
    let cancel = || Task::Cancel {
        action: action(),
        action_type: MachineActionType::Isolate,
    };
    let done = entry(
        cancel(),
        vec![Record::Sent, finished(MachineActionStatus::Cancelled)],
    );
    assert_eq!(*done.standing(), Standing::Done { action: action() });
    let late = entry(
        cancel(),
        vec![Record::Sent, finished(MachineActionStatus::Succeeded)],
    );
    assert_eq!(late.standing().word(&late.order.task), "Too late to cancel");
}

fn isolate() -> Task {
    Task::Act {
        kind: ActionKind::Isolate,
        values: Box::default(),
    }
}

fn acknowledged(standing: &str) -> Record {
    Record::Acknowledged {
        standing: standing.into(),
        object_id: "o".into(),
        account: "jane".into(),
    }
}

fn unknown(why: &str) -> Record {
    Record::Unknown { why: why.into() }
}

#[test]
fn acknowledging_counts_for_the_status_that_was_read_and_for_no_other() {
    let mut entry = entry(isolate(), vec![Record::Sent, unknown("reset")]);
    assert!(entry.acknowledged().is_none());
    entry.push(Timestamp::UNIX_EPOCH, acknowledged("Unknown"));
    assert!(entry.acknowledged().is_some());
    assert!(entry.standing().is_unknown(), "it stands where it stood");
    entry.push(Timestamp::UNIX_EPOCH, unknown("another reset"));
    assert!(entry.acknowledged().is_some(), "still the same status");
    entry.push(Timestamp::UNIX_EPOCH, finished(MachineActionStatus::Failed));
    assert!(entry.acknowledged().is_none(), "this nobody has read");
    // Pressed while “Outcome unknown” was on screen, written after the end had come.
    entry.push(Timestamp::UNIX_EPOCH, acknowledged("Unknown"));
    assert!(entry.acknowledged().is_none());
    entry.push(
        Timestamp::from_second(9).expect("a time"),
        acknowledged("Failed"),
    );
    assert!(entry.acknowledged().is_some(), "also after the last word");
    assert_eq!(entry.standing_since(), Timestamp::UNIX_EPOCH);
    assert_eq!(entry.records().len(), 7);
}

#[test]
fn a_verdict_improves_with_evidence_and_never_gets_worse() {
    let someone_elses = || Record::SomeoneElses {
        action: action(),
        requestor: "s.weber".into(),
        created: None,
    };
    let accepted = || Record::Accepted {
        action: action(),
        status: MachineActionStatus::Pending,
    };
    let standing = |records| entry(isolate(), records).standing().clone();
    let ours = Standing::Accepted {
        action: action(),
        status: MachineActionStatus::Pending,
    };
    assert_eq!(
        standing(vec![Record::Sent, someone_elses(), accepted()]),
        ours
    );
    let unclear = Record::Unclear {
        status: None,
        action: Some(action()),
        why: "no comment".into(),
    };
    for worse in [
        someone_elses(),
        Record::NotFound,
        Record::Unknown { why: "x".into() },
        unclear,
        Record::Refused {
            status: 400,
            code: "".into(),
            message: "".into(),
        },
    ] {
        assert_eq!(
            standing(vec![Record::Sent, accepted(), worse.clone()]),
            ours,
            "{worse:?}"
        );
    }
}

#[test]
fn a_journal_of_an_earlier_build_tells_an_answer_from_none() {
    for (why, reply) in [
        ("api.example answered 502", Reply::Status(502)),
        (
            "the answer 201 of api.example could not be read: it is empty",
            Reply::Status(201),
        ),
        ("the connection to api.example was lost", Reply::Missing),
        ("no answer was recorded", Reply::Missing),
    ] {
        let unknown = Record::Unknown { why: why.into() };
        let standing = entry(isolate(), vec![Record::Sent, unknown])
            .standing()
            .clone();
        assert_eq!(
            standing,
            Standing::Unknown {
                why: why.into(),
                reply
            }
        );
    }
}
