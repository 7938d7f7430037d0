use super::*;
use crate::action::{ActionKind, Order};
use crate::action::{FULL, ISOLATION_TYPE, Task, Value};
use crate::journal::{Author, NotSentReason, Record};
use crate::model::{
    Epoch, HResult, MachineAction, MachineActionId, MachineActionStatus, MachineActionType,
    MachineId,
};
use crate::state::fixtures;

fn entry(tag: &str) -> Entry {
    let author = Author {
        mode: "LIVE".into(),
        tenant: "tenant-of-contoso".into(),
        account: "jane@contoso.com at Commercial".into(),
        ..fixtures::author()
    };
    let machine = fixtures::machine_ref("a19c07", Some("FIN-LT-042"));
    let order = Order {
        comment: "INC-4711 suspected insider".into(),
        ..fixtures::order(tag, machine, ActionKind::Isolate)
    };
    Entry::new(author, order)
}

fn finished(status: MachineActionStatus) -> Record {
    Record::Finished {
        action: MachineActionId::parse("b89eb834").expect("a literal id"),
        status,
        hresult: HResult(0),
        by: Some("sam@contoso.com".into()),
        comment: Some("not now".into()),
        service_time: None,
    }
}

fn observe(notifier: &Notifier, entry: &Entry) {
    notifier.observe(&Event::Entry(Box::new(entry.clone())));
}

/// A reading of an action on the device of [`entry`].
fn read(id: &str, kind: MachineActionType, status: MachineActionStatus) -> MachineAction {
    let id = MachineActionId::parse(id).expect("a literal id");
    let mut read = MachineAction::bare(id, kind, status);
    read.machine_id = MachineId::parse("a19c07").ok();
    read
}

fn actions(actions: Vec<MachineAction>) -> Event {
    let epoch = Epoch::default();
    Event::Actions { epoch, actions }
}

fn add(entry: &mut Entry, record: Record) {
    entry.push(Timestamp::UNIX_EPOCH, record);
}

fn notifier() -> (Notifier, std::sync::mpsc::Receiver<Notice>) {
    let (give, take) = sync_channel(QUEUE);
    let notifier = Notifier::with(Mode::Live, None, Arc::default(), move |notice: &Notice| {
        give.send(notice.clone()).ok();
    });
    (notifier, take)
}

/// All notices raised before the notifier ended.
fn raised(notifier: Notifier, notices: &std::sync::mpsc::Receiver<Notice>) -> Vec<Notice> {
    drop(notifier);
    notices.iter().collect()
}

#[test]
fn an_unwatched_end_notifies_once_without_names_comments_or_tenant() {
    let (notifier, notices) = notifier();
    notifier.set_watched(false);
    let mut entry = entry("cdn-00000001");
    add(&mut entry, Record::Sent);
    observe(&notifier, &entry);
    add(&mut entry, finished(MachineActionStatus::Failed));
    observe(&notifier, &entry);
    observe(&notifier, &entry);
    let reported = raised(notifier, &notices);
    let [notice] = reported.as_slice() else {
        panic!("{reported:?}")
    };
    assert_eq!(notice.summary, "Failed: “FIN-LT-042” (…9c07)");
    assert_eq!(
        notice.body,
        "Isolate device. Needs your attention in cordon"
    );
}

#[test]
fn successes_and_unknown_outcomes_notify_but_withdrawals_do_not() {
    let (notifier, notices) = notifier();
    notifier.set_watched(false);
    let mut good = entry("cdn-00000001");
    add(&mut good, finished(MachineActionStatus::Succeeded));
    observe(&notifier, &good);
    let mut unknown = entry("cdn-00000002");
    add(
        &mut unknown,
        Record::Unknown {
            why: "reset".into(),
        },
    );
    observe(&notifier, &unknown);
    let mut withdrawn = entry("cdn-00000003");
    let why = NotSentReason::Withdrawn;
    add(&mut withdrawn, Record::NotSent { why, detail: None });
    observe(&notifier, &withdrawn);
    // An entry of an earlier run that is acknowledged now.
    let mut read = entry("cdn-00000004");
    add(&mut read, finished(MachineActionStatus::Failed));
    add(
        &mut read,
        Record::Acknowledged {
            status: "Failed".into(),
            object_id: "o".into(),
            account: "jane".into(),
        },
    );
    observe(&notifier, &read);
    let reported = raised(notifier, &notices);
    let reported: Vec<_> = reported.iter().map(|n| n.summary.as_str()).collect();
    assert_eq!(
        reported,
        [
            "Isolated: “FIN-LT-042” (…9c07)",
            "Outcome unknown: “FIN-LT-042” (…9c07)"
        ]
    );
}

#[test]
fn nothing_is_raised_while_watched_or_disabled() {
    for (is_watched, is_enabled) in [(true, true), (false, false)] {
        let (notifier, notices) = notifier();
        notifier.set_watched(is_watched);
        notifier.set_enabled(is_enabled);
        let mut entry = entry("cdn-00000001");
        add(&mut entry, finished(MachineActionStatus::Failed));
        observe(&notifier, &entry);
        assert_eq!(raised(notifier, &notices), []);
    }
}

#[test]
fn simultaneous_ends_are_one_notification() {
    let (notifier, notices) = notifier();
    notifier.set_watched(false);
    for n in 1..=5 {
        let mut entry = entry(&format!("cdn-0000000{n}"));
        let status = if n == 3 {
            MachineActionStatus::Failed
        } else {
            MachineActionStatus::Succeeded
        };
        add(&mut entry, finished(status));
        observe(&notifier, &entry);
    }
    let reported = raised(notifier, &notices);
    let [notice] = reported.as_slice() else {
        panic!("{reported:?}")
    };
    assert_eq!(notice.summary, "Updates on 5 actions");
    assert_eq!(notice.body, "1 needs your attention in cordon");
}

#[test]
fn a_deviation_from_the_order_is_reported() {
    let (notifier, notices) = notifier();
    notifier.set_watched(false);
    let mut entry = entry("cdn-00000001");
    entry.order.task = Task::Act {
        kind: ActionKind::Isolate,
        values: [(&ISOLATION_TYPE, Value::Choice(&FULL))].into(),
    };
    add(&mut entry, Record::Sent);
    observe(&notifier, &entry);
    let (kind, status) = (MachineActionType::Isolate, MachineActionStatus::Succeeded);
    let mut read = read("b89eb834", kind, status.clone());
    read.scope = Some("Selective".into());
    notifier.observe(&actions(vec![read]));
    add(&mut entry, finished(status));
    observe(&notifier, &entry);
    let reported = raised(notifier, &notices);
    let [notice] = reported.as_slice() else {
        panic!("{reported:?}")
    };
    assert_eq!(
        notice.summary,
        "Isolated, not as ordered: “FIN-LT-042” (…9c07)"
    );
    assert_eq!(
        notice.body,
        "Isolate device. Defender carried it out as Selective. Needs your attention in cordon"
    );
    assert!(notice.needs_person, "included in the count");
}

/// An investigation accepted by Defender.
fn investigation() -> Entry {
    let mut entry = entry("cdn-00000001");
    entry.order.task = Task::Act {
        kind: ActionKind::StartInvestigation,
        values: [].into(),
    };
    add(&mut entry, Record::Sent);
    add(
        &mut entry,
        Record::Accepted {
            action: MachineActionId::parse("1006").expect("a literal id"),
            status: MachineActionStatus::InProgress,
        },
    );
    entry
}

fn investigating(word: &str) -> Event {
    let (kind, status) = (
        MachineActionType::Investigation,
        MachineActionStatus::InProgress,
    );
    let mut read = read("1006", kind, status);
    read.state = Some(word.into());
    actions(vec![read])
}

#[test]
fn an_investigation_that_waits_for_approval_notifies_once() {
    let entry = investigation();
    let mut sent = super::tests::entry("cdn-00000001");
    sent.order.task = entry.order.task.clone();
    add(&mut sent, Record::Sent);
    let accepted = || Event::Entry(Box::new(entry.clone()));
    let waits = || investigating("PendingApproval");
    // Followed since this run or an earlier one, or waiting in the very first response.
    for events in [
        vec![accepted(), investigating("Running"), waits(), waits()],
        vec![Event::Entries(vec![entry.clone()]), waits(), waits()],
        vec![Event::Entry(Box::new(sent)), waits(), accepted(), waits()],
    ] {
        let (notifier, notices) = notifier();
        notifier.set_watched(false);
        for event in &events {
            notifier.observe(event);
        }
        let reported = raised(notifier, &notices);
        let [notice] = reported.as_slice() else {
            panic!("{reported:?}")
        };
        assert!(
            notice
                .summary
                .ends_with(", waits for approval: “FIN-LT-042” (…9c07)")
        );
        assert_eq!(
            notice.body,
            "Start automated investigation. Needs your attention in cordon"
        );
    }
}

/// A completed isolation.
fn isolated() -> Entry {
    let mut entry = entry("cdn-00000001");
    entry.order.task = Task::Act {
        kind: ActionKind::Isolate,
        values: [(&ISOLATION_TYPE, Value::Choice(&FULL))].into(),
    };
    add(&mut entry, Record::Sent);
    add(&mut entry, finished(MachineActionStatus::Succeeded));
    entry
}

fn released_by_sam(at: i64) -> Event {
    let (kind, status) = (MachineActionType::Unisolate, MachineActionStatus::Succeeded);
    let mut release = read("c0ffee", kind, status);
    release.requestor = Some("sam@contoso.com".into());
    release.created = Timestamp::from_second(at).ok();
    release.last_updated = release.created;
    actions(vec![release])
}

#[test]
fn the_aftermath_of_an_order_notifies_once_without_names() {
    let started = || Event::Entries(vec![isolated()]);
    let ended = || Event::Entry(Box::new(isolated()));
    let mut read_already = isolated();
    let read_at = Timestamp::from_second(20).expect("a literal time");
    let by = Record::Acknowledged {
        status: "Done".into(),
        object_id: "o".into(),
        account: "jane".into(),
    };
    read_already.push(read_at, by);
    let read_already = || Event::Entries(vec![read_already.clone()]);
    let mut own = read(
        "b89eb834",
        MachineActionType::Isolate,
        MachineActionStatus::Succeeded,
    );
    own.scope = Some("Selective".into());
    let selective = || actions(vec![own.clone()]);
    let lifted = "Isolated, no longer in effect: “FIN-LT-042” (…9c07)";
    let otherwise = "Isolated, not as ordered: “FIN-LT-042” (…9c07)";
    let done = "Isolated: “FIN-LT-042” (…9c07)";
    let release = released_by_sam;
    for (events, expected) in [
        (vec![ended(), release(10), release(10)], vec![done, lifted]),
        (vec![started(), release(10), release(10)], vec![lifted]),
        (vec![read_already(), release(10)], vec![]),
        (vec![read_already(), release(30)], vec![lifted]),
        (vec![started(), selective(), selective()], vec![otherwise]),
        (vec![ended(), selective()], vec![done, otherwise]),
    ] {
        let (notifier, notices) = notifier();
        notifier.set_watched(false);
        for event in &events {
            notifier.observe(event);
        }
        let reported = raised(notifier, &notices);
        let said: Vec<_> = reported.iter().map(|notice| &*notice.summary).collect();
        assert_eq!(said, expected);
        let text = format!("{reported:?}");
        assert!(!text.contains("sam") && !text.contains("INC-"), "{text}");
    }
}

#[test]
fn failure_of_a_request_that_replaced_ours_notifies() {
    let (notifier, notices) = notifier();
    notifier.set_watched(false);
    let mut entry = entry("cdn-00000001");
    let theirs = Record::NotOurs {
        action: MachineActionId::parse("c0ffee").expect("a literal id"),
        requestor: "sam@contoso.com".into(),
        created: None,
    };
    let read_by = Record::Acknowledged {
        status: "SomeoneElses".into(),
        object_id: "o".into(),
        account: "jane".into(),
    };
    for record in [Record::Sent, theirs, read_by] {
        add(&mut entry, record);
    }
    notifier.observe(&Event::Entries(vec![entry]));
    let mut failed = read(
        "c0ffee",
        MachineActionType::Isolate,
        MachineActionStatus::Failed,
    );
    failed.last_updated = Timestamp::from_second(10).ok();
    notifier.observe(&actions(vec![failed]));
    let reported = raised(notifier, &notices);
    let [notice] = reported.as_slice() else {
        panic!("{reported:?}")
    };
    assert_eq!(
        notice.summary,
        "Someone else's request, ended without success: “FIN-LT-042” (…9c07)"
    );
}

#[test]
fn entries_changed_by_another_console_notify() {
    let (notifier, notices) = notifier();
    notifier.set_watched(false);
    let mut entry = entry("cdn-00000001");
    add(&mut entry, Record::Sent);
    notifier.observe(&Event::Entries(vec![entry.clone()]));
    add(&mut entry, finished(MachineActionStatus::Failed));
    for _ in 0..2 {
        notifier.observe(&Event::Entries(vec![entry.clone()]));
    }
    let reported = raised(notifier, &notices);
    let reported: Vec<_> = reported
        .iter()
        .map(|notice| notice.summary.as_str())
        .collect();
    assert_eq!(reported, ["Failed: “FIN-LT-042” (…9c07)"]);
}

#[test]
fn only_the_newest_orders_of_a_long_journal_are_watched() {
    let lifted = "Isolated, no longer in effect: “FIN-LT-042” (…9c07)";
    for (left, expected) in [(9_999, vec![lifted]), (10_000, vec![])] {
        let (notifier, notices) = notifier();
        notifier.set_watched(false);
        let entries = vec![isolated()];
        notifier.observe(&Event::EarlierEntries { entries, left });
        notifier.observe(&Event::Entries(vec![entry("cdn-00000002")]));
        notifier.observe(&released_by_sam(10));
        let reported = raised(notifier, &notices);
        let said: Vec<_> = reported.iter().map(|notice| &*notice.summary).collect();
        assert_eq!(said, expected, "{left}");
    }
}
