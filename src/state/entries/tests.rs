//! The lists of entries, and when an entry moves between them.

use super::*;
use crate::action::{ActionKind, Task};
use crate::journal::NotSentReason;
use crate::model::{HResult, MachineActionStatus, MachineActionType};
use crate::state::fixtures;

const ACTION: &str = "b89eb834";

fn cancellation_of(action: &str) -> Task {
    Task::Cancel {
        action: MachineActionId::parse(action).expect("a literal id"),
        action_type: MachineActionType::Isolate,
    }
}

fn entry(tag: &str, records: Vec<Record>) -> Entry {
    let order = fixtures::order(tag, fixtures::machine_ref("a1", None), ActionKind::Isolate);
    fixtures::entry(fixtures::author(), order, records)
}

fn entry_of(tag: &str, task: Task, records: Vec<Record>) -> Entry {
    let machine = fixtures::machine_ref("a1", None);
    let mut order = fixtures::order(tag, machine, ActionKind::Isolate);
    order.task = task;
    fixtures::entry(fixtures::author(), order, records)
}

fn unknown() -> Record {
    Record::Unknown {
        why: "reset".into(),
    }
}

fn acknowledged(status: &str) -> Record {
    Record::Acknowledged {
        status: status.into(),
        object_id: "o".into(),
        account: "jane".into(),
    }
}

fn finished(status: MachineActionStatus, comment: Option<&str>) -> Record {
    Record::Finished {
        action: MachineActionId::parse(ACTION).expect("a literal id"),
        status,
        hresult: HResult(0),
        by: None,
        comment: comment.map(Into::into),
        service_time: None,
    }
}

fn needs_attention(records: Vec<Record>) -> bool {
    let entries = Entries::from(vec![entry("cdn-00000001", records)]);
    entries.attention_count() == 1
}

#[test]
fn failed_entry_needs_attention_until_acknowledged() {
    let not_sent = |why| Record::NotSent { why, detail: None };
    let accepted = Record::Accepted {
        action: MachineActionId::parse("b89eb834").expect("a literal id"),
        status: MachineActionStatus::Pending,
    };
    for wrong in [
        unknown(),
        Record::NotFound,
        Record::Refused {
            status: 403,
            code: "".into(),
            message: "".into(),
        },
        Record::NotOurs {
            action: MachineActionId::parse("b89eb834").expect("a literal id"),
            requestor: "sam".into(),
            created: None,
        },
        finished(MachineActionStatus::Failed, None),
        finished(MachineActionStatus::TimeOut, None),
        finished(MachineActionStatus::Cancelled, None),
        not_sent(NotSentReason::ConsoleEnded),
    ] {
        let key = entry("cdn-00000001", vec![wrong.clone()]).status().key();
        assert!(needs_attention(vec![wrong.clone()]), "{key}");
        assert!(!needs_attention(vec![wrong, acknowledged(key)]), "{key}");
    }
    assert!(!needs_attention(vec![]));
    assert!(!needs_attention(vec![accepted.clone()]));
    assert!(!needs_attention(vec![not_sent(NotSentReason::Withdrawn)]));
    assert!(!needs_attention(vec![finished(
        MachineActionStatus::Succeeded,
        None
    )]));
    assert!(!needs_attention(vec![unknown(), accepted.clone()]), "found");
    let acknowledged = vec![unknown(), acknowledged("Unknown"), accepted];
    assert!(!needs_attention(acknowledged.clone()));
    let ends_badly = [
        acknowledged,
        vec![finished(MachineActionStatus::Failed, None)],
    ];
    assert!(needs_attention(ends_badly.concat()), "it is back");
}

#[test]
fn action_cancelled_by_this_console_needs_no_attention() {
    let cancelled = |comment: &str| finished(MachineActionStatus::Cancelled, Some(comment));
    let mut entries = Entries::default();
    entries.put(entry("cdn-00000001", Vec::new()));
    let own = || entry_of("cdn-00000002", cancellation_of(ACTION), Vec::new());
    entries.put(own());
    entries.put(entry("cdn-00000003", Vec::new()));
    let other = cancellation_of("c0ffee");
    entries.put(entry_of("cdn-00000004", other, Vec::new()));
    entries.put(entry(
        "cdn-00000001",
        vec![cancelled("[cdn-00000002] mistake")],
    ));
    assert_eq!(entries.attention_count(), 0);
    for (tag, whose) in [
        ("cdn-00000009", "another console's"),
        ("cdn-00000001", "its own, quoted by a colleague"),
        ("cdn-00000003", "one of an order that cancels nothing"),
        ("cdn-00000004", "one of the cancellation of another action"),
    ] {
        let mut entries = entries.clone();
        let comment = format!("[{tag}] no");
        let by_tag = vec![Record::Sent, cancelled(&comment)];
        entries.put(entry("cdn-00000001", by_tag));
        assert_eq!(entries.attention_count(), 1, "{whose}");
    }
    // In the journal the cancellation comes after the cancelled order.
    let all = vec![
        entry("cdn-00000001", vec![cancelled("[cdn-00000002] mistake")]),
        own(),
    ];
    assert_eq!(Entries::from(all).attention_count(), 0);
}

#[test]
fn not_ours_that_fails_needs_attention_again() {
    let theirs = Record::NotOurs {
        action: MachineActionId::parse(ACTION).expect("a literal id"),
        requestor: "sam".into(),
        created: None,
    };
    let at = |secs| Timestamp::from_second(secs).expect("a literal time");
    let mut entry = entry("cdn-00000001", vec![Record::Sent, theirs]);
    entry.push(at(10), acknowledged("SomeoneElses"));
    let mut entries = Entries::default();
    entries.put(entry.clone());
    assert_eq!(entries.attention_count(), 0);
    let failed = MachineActionId::parse(ACTION).expect("a literal id");
    let other = MachineActionId::parse("c0ffee").expect("a literal id");
    entries.note_failed(&other, at(20));
    assert_eq!(entries.attention_count(), 0);
    entries.note_failed(&failed, at(5));
    assert_eq!(entries.attention_count(), 0, "acknowledged after its end");
    entries.note_failed(&failed, at(20));
    assert_eq!(entries.attention_count(), 1);
    entry.push(at(30), acknowledged("SomeoneElses"));
    entries.put(entry);
    assert_eq!(entries.attention_count(), 0);
}

#[test]
fn entry_is_in_exactly_one_list() {
    let mut entries = Entries::default();
    let tag = "cdn-00000001";
    let done = finished(MachineActionStatus::Succeeded, None);
    let mut records = vec![Record::Sent];
    let counts = |entries: &Entries| {
        (
            entries.open().count(),
            entries.attention_count(),
            entries.ended_count(),
        )
    };
    entries.put(entry(tag, records.clone()));
    assert_eq!(counts(&entries), (1, 0, 0));
    records.push(unknown());
    entries.put(entry(tag, records.clone()));
    assert_eq!(counts(&entries), (1, 1, 0), "open, and needs attention");
    records.push(done);
    entries.put(entry(tag, records.clone()));
    assert_eq!(counts(&entries), (0, 0, 1));
    entries.put(entry(tag, vec![Record::Sent]));
    assert_eq!(counts(&entries), (0, 0, 1), "an older one is ignored");
    assert_eq!(entries.len(), 1);
}

/// Regardless of the size of the parts, and of where a cancellation is.
#[test]
fn journal_read_in_parts_equals_journal_read_at_once() {
    let failed = |tag: &str, since: i64| {
        let mut failed = entry(tag, vec![Record::Sent]);
        let at = Timestamp::from_second(since).expect("a literal time");
        failed.push(at, finished(MachineActionStatus::Failed, None));
        failed
    };
    let cancelled = finished(
        MachineActionStatus::Cancelled,
        Some("[cdn-00000005] mistake"),
    );
    let all = vec![
        failed("cdn-00000001", 90),
        entry("cdn-00000002", vec![cancelled]),
        failed("cdn-00000003", 70),
        entry("cdn-00000004", vec![Record::Sent]),
        entry_of("cdn-00000005", cancellation_of(ACTION), Vec::new()),
        failed("cdn-00000006", 80),
    ];
    let tags = |entries: &Entries| -> Vec<String> {
        entries.attention().map(|e| e.id().to_string()).collect()
    };
    let whole = Entries::from(all.clone());
    assert_eq!(
        tags(&whole),
        ["cdn-00000003", "cdn-00000006", "cdn-00000001"]
    );
    for size in 1..all.len() {
        let mut parts = Entries::default();
        for part in all.chunks(size) {
            parts.put_read(part.to_vec());
        }
        parts.sort_attention();
        assert_eq!(tags(&parts), tags(&whole), "{size}");
        assert_eq!(parts.open().count(), whole.open().count(), "{size}");
        assert_eq!(parts.ended_count(), whole.ended_count(), "{size}");
        let last = all.last().expect("some").id();
        assert!(parts.is_of_earlier_run(last), "{size}");
        // Entries that need attention later are appended.
        parts.put_read(vec![failed("cdn-00000004", 10)]);
        parts.sort_attention();
        assert_eq!(tags(&parts)[3], "cdn-00000004", "{size}");
    }
}
