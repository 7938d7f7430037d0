//! The status of an entry, derived from its records.

use std::cell::Cell;

use strum::VariantArray as _;

use super::*;
use crate::action::ActionKind;
use crate::journal::NotSentReason;
use crate::journal::tests::{action, author, orders};
use crate::model::MachineActionType;

thread_local! {
    /// Number of status reads: the cost of a frame, independent of the clock.
    pub static STATUS_READS: Cell<usize> = const { Cell::new(0) };
}

fn entry(task: Task, records: Vec<Record>) -> Entry {
    let order = Order {
        task,
        ..orders().remove(0)
    };
    let mut entry = Entry::new(author(), order);
    for record in records {
        entry.push(Timestamp::UNIX_EPOCH, record);
    }
    entry
}

fn finished(status: MachineActionStatus) -> Record {
    crate::journal::tests::finished(action(), status)
}

fn accepted() -> Record {
    Record::Accepted {
        action: action(),
        status: MachineActionStatus::Pending,
    }
}

fn not_ours() -> Record {
    Record::NotOurs {
        action: action(),
        requestor: "s.weber".into(),
        created: None,
    }
}

fn unclear(action: Option<MachineActionId>) -> Record {
    Record::Unclear {
        status: None,
        action,
        why: "no comment".into(),
    }
}

fn cancel() -> Task {
    Task::Cancel {
        action: action(),
        action_type: MachineActionType::Isolate,
    }
}

#[test]
fn accepted_is_not_done_and_only_succeeded_is() {
    let mut entry = entry(isolate(), vec![Record::Sent, accepted()]);
    assert_eq!(entry.status().word(&entry.order.task), "Accepted (Pending)");
    let status = MachineActionStatus::missing();
    entry.push(Timestamp::UNIX_EPOCH, Record::Progress { status });
    let no_status = "Accepted (the service names no status)";
    assert_eq!(entry.status().word(&entry.order.task), no_status);
    entry.push(
        Timestamp::UNIX_EPOCH,
        Record::Progress {
            status: MachineActionStatus::InProgress,
        },
    );
    assert_eq!(entry.status().word(&entry.order.task), "In progress");
    assert!(!entry.status().is_end());
    entry.push(
        Timestamp::UNIX_EPOCH,
        finished(MachineActionStatus::Succeeded),
    );
    assert_eq!(entry.status().word(&entry.order.task), "Isolated");
}

#[test]
fn a_cancellation_is_done_when_the_action_is_cancelled_and_too_late_when_it_succeeded() {
    let done = entry(
        cancel(),
        vec![Record::Sent, finished(MachineActionStatus::Cancelled)],
    );
    assert_eq!(*done.status(), OrderStatus::Done { action: action() });
    let late = entry(
        cancel(),
        vec![Record::Sent, finished(MachineActionStatus::Succeeded)],
    );
    assert_eq!(late.status().word(&late.order.task), "Too late to cancel");
}

fn isolate() -> Task {
    Task::Act {
        kind: ActionKind::Isolate,
        values: crate::action::Values::default(),
    }
}

fn acknowledged(status: &str) -> Record {
    Record::Acknowledged {
        status: status.into(),
        object_id: "o".into(),
        account: "jane".into(),
    }
}

fn unknown(why: &str) -> Record {
    Record::Unknown { why: why.into() }
}

#[test]
fn acknowledgement_applies_only_to_the_status_that_was_read() {
    let mut entry = entry(isolate(), vec![Record::Sent, unknown("reset")]);
    assert!(entry.acknowledged().is_none());
    entry.push(Timestamp::UNIX_EPOCH, acknowledged("Unknown"));
    assert!(entry.acknowledged().is_some());
    assert!(entry.status().is_unknown(), "its status is unchanged");
    entry.push(Timestamp::UNIX_EPOCH, unknown("another reset"));
    assert!(entry.acknowledged().is_some(), "still the same status");
    entry.push(Timestamp::UNIX_EPOCH, finished(MachineActionStatus::Failed));
    assert!(entry.acknowledged().is_none(), "nobody has read this");
    // Clicked while “Outcome unknown” was on screen, written after the end had arrived.
    entry.push(Timestamp::UNIX_EPOCH, acknowledged("Unknown"));
    assert!(entry.acknowledged().is_none());
    entry.push(
        Timestamp::from_second(9).expect("a time"),
        acknowledged("Failed"),
    );
    assert!(entry.acknowledged().is_some(), "also after the end");
    assert_eq!(entry.status_since(), Timestamp::UNIX_EPOCH);
    assert_eq!(entry.records().len(), 7);
}

#[test]
fn a_status_improves_with_evidence_and_is_never_demoted() {
    let status = |records| entry(isolate(), records).status().clone();
    let ours = OrderStatus::Accepted {
        action: action(),
        status: MachineActionStatus::Pending,
    };
    assert_eq!(status(vec![Record::Sent, not_ours(), accepted()]), ours);
    for worse in [
        not_ours(),
        Record::NotFound,
        unknown("x"),
        unclear(MachineActionId::parse("c89eb834").ok()),
        Record::Refused {
            status: 400,
            code: "".into(),
            message: "".into(),
        },
    ] {
        assert_eq!(
            status(vec![Record::Sent, accepted(), worse.clone()]),
            ours,
            "{worse:?}"
        );
    }
}

#[test]
fn records_of_earlier_builds_distinguish_unclear_replies() {
    for (why, reply) in [
        ("api.example answered 502", UnclearReply::Status(502)),
        (
            "the answer 201 of api.example could not be read: it is empty",
            UnclearReply::Status(201),
        ),
        (
            "the connection to api.example was lost",
            UnclearReply::Missing,
        ),
        ("no answer was recorded", UnclearReply::Missing),
    ] {
        let entry = entry(isolate(), vec![Record::Sent, unknown(why)]);
        let why = why.into();
        assert_eq!(*entry.status(), OrderStatus::Unknown { why, reply });
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a literal time")
}

fn timed(task: Task, records: &[(i64, Record)]) -> Entry {
    let mut entry = entry(task, Vec::new());
    for (second, record) in records {
        entry.push(at(*second), record.clone());
    }
    entry
}

#[test]
fn an_author_is_identified_by_account_and_tenant() {
    use crate::model::{Account, TenantId};
    let account = |tenant: &str, object_id: &str| Account {
        tenant_id: TenantId::parse(tenant).expect("a literal id"),
        object_id: object_id.into(),
        user_name: None,
        display_name: None,
    };
    let author = entry(isolate(), Vec::new()).author;
    assert!(author.is(&account("t", "o")));
    assert!(!author.is(&account("t", "p")), "another account");
    assert!(!author.is(&account("u", "o")), "in another tenant");
}

#[test]
fn an_entry_has_the_times_of_confirmation_and_first_sending() {
    let held = Record::Held { by: action() };
    let not_taken = Record::AttemptRejected { why: "429".into() };
    let waiting = timed(isolate(), &[(5, held.clone())]);
    assert_eq!(
        (waiting.intended_at(), waiting.first_sent_at()),
        (at(5), None)
    );
    let sent = timed(
        isolate(),
        &[
            (5, held),
            (7, Record::Sent),
            (8, not_taken),
            (9, Record::Sent),
        ],
    );
    assert_eq!(
        (sent.intended_at(), sent.first_sent_at()),
        (at(5), Some(at(7)))
    );
}

#[test]
fn the_last_action_of_an_unclear_answer_is_looked_up() {
    let unclear_of = |id| unclear(Some(MachineActionId::parse(id).expect("a literal id")));
    let answered = |records| {
        let entry = entry(isolate(), records);
        entry.answered_with().map(ToString::to_string)
    };
    assert_eq!(answered(vec![Record::Sent, unknown("reset")]), None);
    assert_eq!(answered(vec![unclear(None)]), None);
    assert_eq!(
        answered(vec![
            unclear_of("a-1"),
            unclear_of("a-2"),
            unclear(None),
            unknown("reset")
        ]),
        Some("a-2".to_owned())
    );
}

#[test]
fn facts_not_reread_are_listed_without_duplicates() {
    let not_reread = |what: &str| Record::NotReread { what: what.into() };
    let entry = entry(
        isolate(),
        vec![
            not_reread("the rules"),
            not_reread("the device"),
            not_reread("the rules"),
            Record::Sent,
        ],
    );
    assert_eq!(entry.not_reread(), ["the rules", "the device"]);
    assert_eq!(*entry.status(), OrderStatus::Sent);
}

/// Only the action stored for this order is credited to it, not others that its records name.
#[test]
fn own_action_is_the_one_stored_for_this_order() {
    let own = |task: Task, record| entry(task, vec![Record::Sent, record]).own_action();
    for stored in [
        accepted(),
        finished(MachineActionStatus::Succeeded),
        finished(MachineActionStatus::Failed),
        finished(MachineActionStatus::TimeOut),
        finished(MachineActionStatus::Cancelled),
    ] {
        assert_eq!(own(isolate(), stored.clone()), Some(action()), "{stored:?}");
    }
    for not_ours in [
        not_ours(),
        Record::Held { by: action() },
        unknown("reset"),
        Record::NotFound,
    ] {
        assert_eq!(own(isolate(), not_ours.clone()), None, "{not_ours:?}");
    }
    assert_eq!(own(cancel(), accepted()), None, "a cancellation makes none");
}

#[test]
fn a_status_detail_has_reason_actor_and_code_in_one_line() {
    let detail = |record| entry(isolate(), vec![record]).status().detail();
    let not_sent = |detail: Option<&str>| Record::NotSent {
        why: NotSentReason::Blocked,
        detail: detail.map(Into::into),
    };
    let cancelled = |by: Option<&str>, comment: Option<&str>| Record::Finished {
        action: action(),
        status: MachineActionStatus::Cancelled,
        hresult: HResult(0),
        by: by.map(Into::into),
        comment: comment.map(Into::into),
        service_time: None,
    };
    for (record, expected) in [
        (not_sent(None), Some("blocked by a guardrail")),
        (
            not_sent(Some("read-only")),
            Some("blocked by a guardrail: read-only"),
        ),
        (
            cancelled(Some("sam"), Some("not now")),
            Some("sam: not now"),
        ),
        (cancelled(Some("sam"), None), Some("sam")),
        (cancelled(None, None), None),
        (
            Record::Refused {
                status: 403,
                code: "Forbidden".into(),
                message: "no".into(),
            },
            Some("403 Forbidden no"),
        ),
        (unknown("reset"), Some("reset")),
        (not_ours(), Some("requested by s.weber")),
        (Record::Sent, None),
        (Record::NotFound, None),
        (finished(MachineActionStatus::Succeeded), None),
        (finished(MachineActionStatus::TimeOut), None),
    ] {
        assert_eq!(detail(record.clone()).as_deref(), expected, "{record:?}");
    }
}

#[test]
fn only_withdrawn_unsent_orders_need_no_attention() {
    for &why in NotSentReason::VARIANTS {
        let not_sent = Record::NotSent { why, detail: None };
        let went_wrong = entry(isolate(), vec![not_sent]).status().went_wrong();
        assert_eq!(went_wrong, why != NotSentReason::Withdrawn, "{why:?}");
    }
}

#[test]
fn only_a_contradicted_action_revokes_an_acceptance() {
    let other = MachineActionId::parse("c89eb834").ok();
    for late in [unclear(None), unclear(other)] {
        let entry = entry(isolate(), vec![Record::Sent, accepted(), late]);
        assert!(matches!(entry.status(), OrderStatus::Accepted { .. }));
        assert!(!entry.has_disowned(&action()));
    }
    let mut entry = entry(
        isolate(),
        vec![Record::Sent, accepted(), unclear(Some(action()))],
    );
    assert!(entry.status().is_unknown());
    assert!(entry.has_disowned(&action()));
    assert_eq!(entry.answered_with(), None, "it is known not to be ours");
    entry.push(Timestamp::UNIX_EPOCH, accepted());
    assert!(matches!(entry.status(), OrderStatus::Accepted { .. }));
}

#[test]
fn an_accepted_tag_is_not_shown_as_in_progress() {
    let tag = Task::Act {
        kind: ActionKind::AddTag,
        values: crate::action::Values::default(),
    };
    let status = OrderStatus::Accepted {
        action: MachineActionId::parse("a").expect("a literal id"),
        status: MachineActionStatus::InProgress,
    };
    assert_eq!(status.word(&tag), "Accepted, not shown yet");
}
