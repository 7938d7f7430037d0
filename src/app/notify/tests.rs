use jiff::Timestamp;

use super::*;
use crate::action::{ActionKind, Order};
use crate::action::{FULL, ISOLATION_TYPE, Task, Value};
use crate::journal::Author;
use crate::model::{Epoch, HResult, MachineActionType};
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

fn add(entry: &mut Entry, record: Record) {
    entry.push(Timestamp::UNIX_EPOCH, record);
}

fn notifier() -> (Notifier, std::sync::mpsc::Receiver<Notice>) {
    let (give, take) = sync_channel(QUEUE);
    let notifier = Notifier::with(Mode::Live, Arc::default(), move |notice: &Notice| {
        give.send(notice.clone()).ok();
    });
    (notifier, take)
}

/// All that were raised by the time the notifier has ended.
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
    notifier.observe_entry(&entry);
    add(&mut entry, finished(MachineActionStatus::Failed));
    notifier.observe_entry(&entry);
    notifier.observe_entry(&entry);
    let told = raised(notifier, &notices);
    let [notice] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(notice.summary, "Failed: “FIN-LT-042” (…9c07)");
    assert_eq!(
        notice.body,
        "Isolate device. Needs your attention in cordon"
    );
}

#[test]
fn successes_and_unknown_outcomes_notify_and_withdrawals_do_not() {
    let (notifier, notices) = notifier();
    notifier.set_watched(false);
    let mut good = entry("cdn-00000001");
    add(&mut good, finished(MachineActionStatus::Succeeded));
    notifier.observe_entry(&good);
    let mut unknown = entry("cdn-00000002");
    add(
        &mut unknown,
        Record::Unknown {
            why: "reset".into(),
        },
    );
    notifier.observe_entry(&unknown);
    let mut withdrawn = entry("cdn-00000003");
    let why = NotSentReason::Withdrawn;
    add(&mut withdrawn, Record::NotSent { why, detail: None });
    notifier.observe_entry(&withdrawn);
    // An entry of an earlier run that somebody acknowledges now.
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
    notifier.observe_entry(&read);
    let told = raised(notifier, &notices);
    let told: Vec<_> = told.iter().map(|n| n.summary.as_str()).collect();
    assert_eq!(
        told,
        [
            "Isolated: “FIN-LT-042” (…9c07)",
            "Outcome unknown: “FIN-LT-042” (…9c07)"
        ]
    );
}

#[test]
fn nothing_is_raised_in_front_of_a_person_or_against_the_settings() {
    for (is_watched, is_enabled) in [(true, true), (false, false)] {
        let (notifier, notices) = notifier();
        notifier.set_watched(is_watched);
        notifier.set_enabled(is_enabled);
        let mut entry = entry("cdn-00000001");
        add(&mut entry, finished(MachineActionStatus::Failed));
        notifier.observe_entry(&entry);
        assert_eq!(raised(notifier, &notices), []);
    }
}

#[test]
fn many_at_once_are_one_notification() {
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
        notifier.observe_entry(&entry);
    }
    let told = raised(notifier, &notices);
    let [notice] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(notice.summary, "5 actions have ended");
    assert_eq!(notice.body, "1 needs your attention in cordon");
}

#[test]
fn what_was_carried_out_otherwise_is_not_said_to_be_as_ordered() {
    let (notifier, notices) = notifier();
    notifier.set_watched(false);
    let mut entry = entry("cdn-00000001");
    entry.order.task = Task::Act {
        kind: ActionKind::Isolate,
        values: [(&ISOLATION_TYPE, Value::Choice(&FULL))].into(),
    };
    add(&mut entry, Record::Sent);
    let id = MachineActionId::parse("b89eb834").expect("a literal id");
    let (kind, status) = (MachineActionType::Isolate, MachineActionStatus::Succeeded);
    let mut read = MachineAction::bare(id, kind, status.clone());
    read.scope = Some("Selective".into());
    read.requestor_comment = Some("[cdn-00000001] beacon".into());
    notifier.observe(&Event::Actions {
        epoch: Epoch::default(),
        actions: vec![read],
    });
    add(&mut entry, finished(status));
    notifier.observe(&Event::Entry(Box::new(entry)));
    let told = raised(notifier, &notices);
    let [notice] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(
        notice.summary,
        "Isolated, not as ordered: “FIN-LT-042” (…9c07)"
    );
    assert_eq!(
        notice.body,
        "Isolate device. Defender carried it out as Selective. Needs your attention in cordon"
    );
    assert!(notice.needs_person, "counted among those");
}

#[test]
fn an_investigation_that_waits_for_approval_notifies_once() {
    let id = MachineActionId::parse("1006").expect("a literal id");
    let read = |word: &str| {
        let (kind, status) = (
            MachineActionType::Investigation,
            MachineActionStatus::InProgress,
        );
        let mut read = MachineAction::bare(id.clone(), kind, status);
        read.state = Some(word.into());
        Event::Actions {
            epoch: Epoch::default(),
            actions: vec![read],
        }
    };
    let mut entry = entry("cdn-00000001");
    entry.order.task = Task::Act {
        kind: ActionKind::StartInvestigation,
        values: [].into(),
    };
    add(&mut entry, Record::Sent);
    add(
        &mut entry,
        Record::Accepted {
            action: id.clone(),
            status: MachineActionStatus::InProgress,
        },
    );
    // Followed since this run, or since an earlier one.
    for known in [
        Event::Entry(Box::new(entry.clone())),
        Event::Entries(vec![entry.clone()]),
    ] {
        let (notifier, notices) = notifier();
        notifier.set_watched(false);
        notifier.observe(&known);
        for word in ["Running", "PendingApproval", "PendingApproval"] {
            notifier.observe(&read(word));
        }
        let told = raised(notifier, &notices);
        let [notice] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(
            notice.summary,
            "In progress, waits for approval: “FIN-LT-042” (…9c07)"
        );
        assert_eq!(
            notice.body,
            "Start automated investigation. Needs your attention in cordon"
        );
    }
}
