//! A console killed at any stage finds the outcome again, and sends nothing a second time.

use std::path::Path;
use std::time::Duration;

use cordon::action::ActionKind;
use cordon::guard::Policy;
use cordon::journal::{NotSentReason, OrderStatus, Record};
use cordon::message::OrderProgress;
use cordon::model::MachineActionId;
use cordon::simulator::Simulator;

use crate::common::{
    Engine, asked_about, author, fault, journal_on_disk, leave, machine_named, place, posts,
    signed_in, somebody, tenant,
};

/// Starts again on the same folder, signs in, and waits for the end of every entry.
fn restart(simulator: &Simulator, folder: &Path) -> Engine {
    let mut engine = Engine::start_signed_in(simulator, folder);
    engine.until_fast("the end of every entry", |s| {
        s.entries.iter().all(|e| e.status().is_end())
    });
    engine
}

/// The entry of an earlier console by the tenant's account for FIN-LT-042, with these records. If `stored`,
/// the service has its action on that device.
fn leave_behind(
    simulator: &Simulator,
    folder: &Path,
    stored: Option<&str>,
    records: &[Record],
) -> cordon::model::EntryId {
    let engine = Engine::start_signed_in(simulator, folder);
    let account = engine.state.session.account().cloned().expect("signed in");
    let machine = engine.machine("FIN-LT-042");
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    let order = draft.parse().expect("complete");
    if let Some(name) = stored {
        let machine = engine.machine(name);
        // Exactly the request that the console would have sent, without further records.
        let us = account.user_name.as_deref().expect("a sign-in name");
        let (id, comment) = (machine.id.as_str(), order.comment_to_send());
        let acted = engine.control.act_as(us, id, "Isolate", &comment);
        assert!(acted.is_some());
    }
    let path = engine.journal.clone();
    drop(engine);
    leave(&path, author(&account), order, records)
}

#[test]
fn unsent_order_is_not_sent_after_a_restart() {
    let (simulator, folder) = place();
    let entry = leave_behind(&simulator, folder.path(), None, &[]);
    let engine = restart(&simulator, folder.path());
    let (why, detail) = (NotSentReason::ConsoleEnded, None);
    assert_eq!(engine.status(entry), OrderStatus::NotSent { why, detail });
    assert!(posts(&engine.control).is_empty());
}

#[test]
fn order_killed_between_sent_and_answered_is_found_if_the_service_has_it() {
    let (simulator, folder) = place();
    let stored = Some("FIN-LT-042");
    let entry = leave_behind(&simulator, folder.path(), stored, &[Record::Sent]);
    let engine = restart(&simulator, folder.path());
    assert!(matches!(engine.status(entry), OrderStatus::Done { .. }));
    assert!(posts(&engine.control).is_empty());
}

#[test]
fn order_killed_between_sent_and_answered_is_not_found_if_the_service_never_had_it() {
    let (simulator, folder) = place();
    let entry = leave_behind(&simulator, folder.path(), None, &[Record::Sent]);
    let engine = restart(&simulator, folder.path());
    assert_eq!(engine.status(entry), OrderStatus::NotFound);
    assert!(posts(&engine.control).is_empty());
    let records = &engine.state.entry(entry).expect("an entry").records();
    assert!(
        matches!(records[2].1, Record::Unknown { .. }),
        "unknown before not found"
    );
}

#[test]
fn accepted_action_that_the_service_does_not_know_is_not_found() {
    const UNKNOWN: &str = "b89eb834-4578-496c-8be0-03f004061435";
    let (simulator, folder) = place();
    let unclear = Record::Unclear {
        status: None,
        action: MachineActionId::parse(UNKNOWN).ok(),
        why: "the service's answer has no comment".into(),
    };
    let entry = leave_behind(&simulator, folder.path(), None, &[Record::Sent, unclear]);
    let engine = restart(&simulator, folder.path());
    assert_eq!(engine.status(entry), OrderStatus::NotFound);
    assert!(asked_about(&engine.control, UNKNOWN) > 0);
    assert!(posts(&engine.control).is_empty());
}

#[test]
fn a_pending_action_is_followed_again_after_a_crash() {
    let (simulator, folder, mut engine) = signed_in();
    engine.never_finishing("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    let action = engine.until_accepted(entry);
    drop(engine);

    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    assert!(!engine.status(entry).is_end(), "pending is not done");
    assert!(simulator.control().set_status(action.as_str(), "Succeeded"));
    assert_eq!(engine.until_end(entry), OrderStatus::Done { action });
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn entries_of_another_account_are_shown_but_not_resumed() {
    let (simulator, folder) = place();
    let path = {
        let engine = Engine::start(&simulator, folder.path());
        engine.journal.clone()
    };
    // Resumed first: by the time it is found, the other one would have been queried too.
    let stored = Some("FIN-LT-042");
    let own = leave_behind(&simulator, folder.path(), stored, &[Record::Sent]);
    let elsewhere = machine_named(&simulator.control(), "ENG-LT-030");
    let mut order = journal_on_disk(&path).remove(0).order;
    order.entry = cordon::model::EntryId::random().expect("random bytes");
    order.machine.id = elsewhere.clone();
    let entry = leave(&path, somebody(), order, &[Record::Sent]);
    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    engine.until_done(own);
    assert_eq!(engine.status(entry), OrderStatus::Sent);
    assert_eq!(asked_about(&engine.control, elsewhere.as_str()), 0);
}

#[test]
fn order_of_an_unnamed_account_is_not_resumed_by_the_next_unnamed_one() {
    let simulator = tenant();
    let control = simulator.control();
    control.sign_in_as("unknown", "jane@contoso.com", "Jane");
    let folder = tempfile::tempdir().expect("a folder");
    let stored = Some("FIN-LT-042");
    let left = leave_behind(&simulator, folder.path(), stored, &[Record::Sent]);
    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    // By its end, the one left behind would have been looked up too.
    let own = engine.order(ActionKind::Isolate, "ENG-LT-030");
    engine.until_done(own);
    assert_eq!(engine.status(left), OrderStatus::Sent);
}

/// Submits an order to a journal that cannot be written.
fn until_refused(engine: &mut Engine, draft: &cordon::action::Draft) {
    let approval = engine.approve(draft);
    let approval = approval.expect("the guardrails know nothing of journals");
    engine.send(cordon::message::Command::Submit(vec![approval]));
    engine.until("the refusal", |s| !s.problems.is_empty());
}

#[test]
fn second_console_on_the_same_folder_is_read_only() {
    let (simulator, folder) = place();
    let first = Engine::start(&simulator, folder.path());
    let mut second = Engine::start(&simulator, folder.path());
    let refused = second.journal_trouble();
    assert!(refused.headline.contains("Another console"), "{refused:?}");
    second.sign_in();
    let machine = second.loaded("FIN-LT-042");
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    until_refused(&mut second, &draft);
    let said = &second.state.problems[0].explanation;
    assert!(said.headline.contains("Another console"), "{said:?}");
    assert!(!format!("{said:?}").contains("Make room"), "{said:?}");
    assert!(posts(&second.control).is_empty(), "rule 3");
    drop(first);
}

#[test]
fn read_only_console_shows_the_other_ones_orders_and_writes_nothing() {
    let (simulator, folder, mut first) = signed_in();
    let control = simulator.control();
    let mut second = Engine::start_signed_in(&simulator, folder.path());
    let machine = first.never_finishing("FIN-LT-042");
    let entry = first.order(ActionKind::Isolate, "FIN-LT-042");
    let action = first.until_accepted(entry);
    second.until_accepted(entry);
    second.until("its own poll", |s| {
        matches!(
            s.progress.get(&entry),
            Some(cordon::message::OrderProgress::Watching {
                read_at: Some(_),
                ..
            })
        )
    });
    assert!(control.set_status(action.as_str(), "Succeeded"));
    second.until("the end, by its own reading", |s| {
        let read = s.action(&machine.id, &action);
        read.is_some_and(|a| a.status.is_final())
    });
    first.until_done(entry);
    let end = second.until_end(entry);
    assert_eq!(end, first.status(entry), "as the journal has it");
    let written = journal_on_disk(&first.journal);
    assert_eq!(Some(&written[0]), first.state.entry(entry), "by one alone");
    assert_eq!(posts(&control), ["isolate"]);
}

#[test]
fn unwritable_journal_stops_everything_before_sending() {
    let (simulator, folder) = place();
    // A file in place of the folder: unwritable for root too.
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, b"").expect("written");
    let mut engine = Engine::start_with(
        &simulator,
        &blocked,
        &Policy::default(),
        cordon::auth::TokenStore::memory(),
    );
    let refused = engine.journal_trouble();
    assert!(
        refused.headline.contains("cannot be written"),
        "{refused:?}"
    );
    engine.sign_in();
    let machine = engine.loaded("FIN-LT-042");
    let mut draft = Engine::draft(ActionKind::Isolate, &machine);
    // The rules cannot be read there either, so the name has to be typed.
    draft.typed_name = machine.name();
    until_refused(&mut engine, &draft);
    assert!(posts(&engine.control).is_empty(), "rule 3");
}

#[test]
fn following_resumes_after_a_new_sign_in() {
    let (simulator, _folder, mut engine) = signed_in();
    engine.never_finishing("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_accepted(entry);
    simulator.control().revoke_sign_ins();
    engine.until_sign_in_needed();
    assert!(!engine.state.inventory.all().is_empty(), "the list stays");
    engine.sign_in();
    let action = engine.status(entry).action().expect("accepted").clone();
    assert!(simulator.control().set_status(action.as_str(), "Succeeded"));
    engine.until_done(entry);
    simulator.control().inject(fault("any", "latency:1", 1));
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn action_shown_too_late_by_the_service_corrects_not_found() {
    let (simulator, _folder, mut engine) = signed_in();
    simulator
        .control()
        .hide_new_actions(Duration::from_hours(9));
    simulator.control().inject(fault("submit", "drop_after", 1));
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    assert_eq!(engine.until_end(entry), OrderStatus::NotFound);
    simulator.control().advance(Duration::from_hours(10));
    let _machine = engine.loaded("FIN-LT-042");
    engine.until_accepted(entry);
    engine.until_done(entry);
    assert_eq!(posts(&engine.control), ["isolate"]);
}

/// Also if that request has ended since.
#[test]
fn conflicting_request_of_a_refused_order_is_recorded_once_the_devices_actions_can_be_read() {
    for has_ended in [false, true] {
        let (_simulator, _folder, mut engine) = signed_in();
        let machine = engine.never_finishing("FIN-LT-042");
        engine.load(&machine);
        engine.inject("submit", "active_request_exists", 1);
        engine.inject("machine_actions", "status:500", 0);
        let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
        engine.until_status(entry, "Refused");
        let theirs = engine.control.actions().into_iter().next_back();
        let theirs = theirs.expect("a conflicting request")["id"].clone();
        if has_ended {
            let id = theirs.as_str().expect("an id");
            assert!(engine.control.set_status(id, "Failed"));
        }
        engine.control.clear_faults();
        engine.load(&machine);
        engine.until_status(entry, "SomeoneElses");
        let met = engine.status(entry).action().map(ToString::to_string);
        assert_eq!(met.as_deref(), theirs.as_str());
        let kept = journal_on_disk(&engine.journal);
        assert_eq!(kept[0].status(), &engine.status(entry));
    }
}

/// The order's next look-up would be minutes away.
#[test]
fn unanswered_order_is_found_by_any_reading_of_the_devices_actions() {
    for reads_list in [false, true] {
        let (simulator, folder) = place();
        let mut engine = Engine::start_faster(&simulator, folder.path(), 0.001);
        engine.sign_in();
        let machine = engine.never_finishing("FIN-LT-042");
        engine.load(&machine);
        engine.inject("submit", "drop_after", 1);
        let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
        engine.until("the look-up", |s| {
            let note = s.progress.get(&entry);
            matches!(note, Some(OrderProgress::LookedUp { complete: 0, .. }))
        });
        if reads_list {
            engine.refresh();
        } else {
            engine.load(&machine);
        }
        engine.until_status(entry, "Accepted");
        assert_eq!(posts(&engine.control), ["isolate"]);
    }
}

#[test]
fn readings_made_for_others_cost_a_look_up_no_calls() {
    let (simulator, folder) = place();
    let mut engine = Engine::start_faster(&simulator, folder.path(), 0.001);
    engine.sign_in();
    let machine = engine.loaded("FIN-LT-042");
    engine.control.hide_new_actions(Duration::from_hours(9));
    // Whose the action is stays unclear.
    engine.inject("any", "lacks:requestorComment,externalId,requestor", 0);
    let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
    let look_ups = |s: &cordon::state::State| match s.progress.get(&entry) {
        Some(OrderProgress::LookedUp { complete, .. }) => *complete,
        _ => 0,
    };
    engine.until("the first look-up", |s| {
        let progress = s.progress.get(&entry);
        matches!(progress, Some(OrderProgress::LookedUp { .. }))
    });
    // Each of its own asks for the id of the reply.
    let others = |engine: &Engine| {
        let requests = engine.control.requests().into_iter();
        let by_id = requests.filter(|r| r.method == "GET" && r.path.contains("/machineactions/"));
        by_id.count() - usize::try_from(look_ups(&engine.state)).expect("few")
    };
    let before = others(&engine);
    for _ in 0..3 {
        engine.load(&machine);
    }
    assert_eq!(others(&engine), before);
}

#[test]
fn look_up_failure_is_cleared_by_any_later_reading_of_the_device() {
    let (simulator, folder) = place();
    let mut engine = Engine::start_faster(&simulator, folder.path(), 1.0);
    engine.sign_in();
    let machine = engine.loaded("FIN-LT-042");
    engine.until("all of the list", |s| s.containments.value.is_some());
    engine.control.hide_new_actions(Duration::from_hours(9));
    engine.inject("submit", "drop_after", 1);
    engine.inject("machine_actions", "forbidden", 0);
    let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
    engine.until("the failure", |s| {
        let note = s.progress.get(&entry);
        matches!(note, Some(OrderProgress::LookFailed { .. }))
    });
    engine.control.clear_faults();
    engine.load(&machine);
    engine.until("the failure to be cleared", |s| {
        let note = s.progress.get(&entry);
        matches!(note, Some(OrderProgress::LookedUp { .. }))
    });
    // The reading does not count as a look-up.
    let note = engine.state.progress.get(&entry);
    assert!(
        matches!(note, Some(OrderProgress::LookedUp { complete: 0, .. })),
        "{note:?}"
    );
    assert!(engine.status(entry).is_unknown());
}

fn not_ours() -> Record {
    Record::NotOurs {
        action: MachineActionId::parse("b89eb834").expect("an id"),
        requestor: "an unknown requestor".into(),
        created: None,
    }
}

#[test]
fn not_ours_becomes_ours_when_a_reading_carries_our_tag() {
    let (simulator, folder) = place();
    let stored = Some("FIN-LT-042");
    let records = [Record::Sent, not_ours()];
    let entry = leave_behind(&simulator, folder.path(), stored, &records);
    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    engine.until_fast("the better verdict", |s| {
        s.entry(entry)
            .is_some_and(|e| matches!(e.status(), OrderStatus::Done { .. }))
    });
    assert!(posts(&engine.control).is_empty());
}

#[test]
fn late_action_of_another_accounts_order_is_left_to_that_account() {
    let (simulator, folder) = place();
    let stored = Some("FIN-LT-042");
    let own = leave_behind(&simulator, folder.path(), stored, &[Record::Sent]);
    let engine = Engine::start(&simulator, folder.path());
    let path = engine.journal.clone();
    drop(engine);
    let mut order = journal_on_disk(&path).remove(0).order;
    order.entry = cordon::model::EntryId::random().expect("random bytes");
    order.machine.id = machine_named(&simulator.control(), "ENG-LT-030");
    let (id, comment) = (order.machine.id.as_str(), order.comment_to_send());
    let control = simulator.control();
    let acted = control.act_as_colleague(id, "Isolate", &comment);
    assert!(acted.is_some());
    let entry = leave(&path, somebody(), order, &[Record::Sent, Record::NotFound]);
    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    let _machine = engine.loaded("ENG-LT-030");
    engine.until_done(own);
    assert_eq!(engine.status(entry), OrderStatus::NotFound);
}

#[test]
fn colleague_quoting_our_tag_changes_no_status_and_orders_nothing_for_us() {
    let (simulator, folder) = place();
    let sent_and = |verdict| vec![Record::Sent, verdict];
    let entries = [
        sent_and(Record::Refused {
            status: 403,
            code: "Forbidden".into(),
            message: "".into(),
        }),
        sent_and(Record::NotFound),
        sent_and(not_ours()),
        vec![Record::NotSent {
            why: NotSentReason::Withdrawn,
            detail: None,
        }],
    ]
    .map(|records| leave_behind(&simulator, folder.path(), None, &records));
    let mut engine = Engine::start(&simulator, folder.path());
    let statuses = entries.map(|entry| engine.status(entry));
    let machine = machine_named(&engine.control, "FIN-LT-042");
    let other = machine_named(&engine.control, "ENG-LT-030");
    for entry in entries {
        let quoted = format!("[{entry}] alert 1234");
        for (machine, kind) in [
            (&machine, "Isolate"),
            (&machine, "Unisolate"),
            (&other, "Isolate"),
        ] {
            engine.colleague(machine.as_str(), kind, &quoted);
        }
    }
    engine.sign_in();
    for name in ["FIN-LT-042", "ENG-LT-030"] {
        let machine = engine.machine(name);
        engine.load(&machine);
    }
    assert_eq!(entries.map(|entry| engine.status(entry)), statuses);
    let contained = engine.state.contained();
    assert!(!contained.is_empty());
    let to_release_from = cordon::state::WayBack {
        left_out: Vec::new(),
        ..cordon::state::WayBack::of(&contained)
    };
    assert_eq!(to_release_from, cordon::state::WayBack::default());
    assert!(posts(&engine.control).is_empty());
}

#[test]
fn order_moved_to_another_record_is_found_there_and_says_so() {
    let (simulator, folder) = place();
    let other = Some("ENG-LT-030");
    let entry = leave_behind(&simulator, folder.path(), other, &[Record::Sent]);
    let engine = restart(&simulator, folder.path());
    assert!(matches!(engine.status(entry), OrderStatus::Done { .. }));
    let (ordered, acted_on) = (engine.machine("FIN-LT-042"), engine.machine("ENG-LT-030"));
    let found = engine.state.entry(entry).expect("an entry");
    assert_eq!(
        (&found.order.machine.id, found.machine().id),
        (&ordered.id, acted_on.id)
    );
    assert_eq!(engine.state.entries.attention_count(), 1);
    assert!(posts(&engine.control).is_empty());
}
