//! A service that names the wrong action, or describes another action under the right id: neither advances
//! nor ends the order.

use std::time::Duration;

use cordon::action::ActionKind;
use cordon::journal::{Entry, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{EntryId, MachineActionId, MachineRef};
use cordon::state::State;

use crate::common::{Engine, asked_about, journal_on_disk, posts, signed_in};

/// Whether a reading was recorded as contradicting the order, for this cause.
fn is_disowned(state: &State, entry: EntryId, cause: &str) -> bool {
    let mut records = records(state, entry);
    records.any(|record| matches!(record, Record::Unclear { why, .. } if why.contains(cause)))
}

fn records(state: &State, entry: EntryId) -> impl Iterator<Item = &Record> {
    let records = state.entry(entry).map(Entry::records);
    records.into_iter().flatten().map(|(_, record)| record)
}

fn until_disowned(engine: &mut Engine, entry: EntryId) {
    engine.until("the contradiction", |s| {
        is_disowned(s, entry, "is on another device")
    });
}

fn until_accepted_as(engine: &mut Engine, entry: EntryId, id: &str) {
    engine.until("its own action", |s| {
        let status = s.entry(entry).map(Entry::status);
        matches!(status, Some(OrderStatus::Accepted { action, .. }) if action.as_str() == id)
    });
}

/// Lets the action succeed; the order is done by it, once.
#[track_caller]
fn ends_as(engine: &mut Engine, entry: EntryId, own: &str) {
    assert!(engine.control.set_status(own, "Succeeded"));
    let action = MachineActionId::parse(own).expect("an id");
    assert_eq!(engine.until_end(entry), OrderStatus::Done { action });
    assert_eq!(posts(&engine.control), ["isolate"]);
}

/// Id of the action that the tenant stored for the order.
fn true_action(engine: &Engine, entry: EntryId) -> String {
    let tag = format!("[{entry}]");
    let actions = engine.control.actions();
    let has_tag = |a: &&serde_json::Value| {
        let comment = a["requestorComment"].as_str();
        comment.is_some_and(|comment| comment.contains(&tag))
    };
    let action = actions.iter().find(has_tag).expect("stored");
    action["id"].as_str().expect("an id").to_owned()
}

#[test]
fn answer_with_the_id_of_another_devices_ended_action_ends_nothing() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.never_finishing("FIN-LT-042");
    engine.inject("submit", "other_id", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    until_disowned(&mut engine, entry);
    let own = true_action(&engine, entry);
    until_accepted_as(&mut engine, entry, &own);
    ends_as(&mut engine, entry, &own);
}

#[test]
fn readings_of_another_action_end_nothing_and_the_true_end_is_found() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.never_finishing("FIN-LT-042");
    engine.inject("actions_by_id", "other_facts", 0);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    until_disowned(&mut engine, entry);
    // The device's own list shows the tag, but no end.
    engine.until("a look-up that settles nothing", |s| {
        let progress = format!("{:?}", s.progress.get(&entry));
        progress.contains("in two ways")
    });
    assert!(engine.status(entry).is_unknown());
    let own = true_action(&engine, entry);
    ends_as(&mut engine, entry, &own);
}

#[test]
fn answer_that_already_reports_the_end_is_an_acceptance_and_the_end_is_read() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.never_finishing("FIN-LT-042");
    engine.inject("submit", "premature", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Accepted");
    let own = true_action(&engine, entry);
    let id = own.clone();
    engine.until_tenant("readings of it", move |control| {
        asked_about(control, &id) > 1
    });
    engine.until("what they say", |s| {
        let status = s.entry(entry).map(Entry::status);
        let Some(OrderStatus::Accepted { status, .. }) = status else {
            panic!("{status:?} by the answer alone");
        };
        !status.is_final()
    });
    let id = MachineActionId::parse(&own).expect("an id");
    let shown = engine.state.action(&machine.id, &id).expect("shown");
    assert!(!shown.status.is_final(), "{shown:?} by the answer alone");
    assert!(engine.control.set_status(&own, "Succeeded"));
    engine.until_done(entry);
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn order_whose_action_is_never_shown_under_its_id_is_found_by_its_tag() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.never_finishing("FIN-LT-042");
    engine.inject("submit", "no_such_id", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    let is_404 =
        |record: &Record| matches!(record, Record::Unclear { status, .. } if *status == Some(404));
    engine.until("the doubt", |s| records(s, entry).any(is_404));
    let own = true_action(&engine, entry);
    until_accepted_as(&mut engine, entry, &own);
    ends_as(&mut engine, entry, &own);
}

#[test]
fn accepted_order_that_is_missing_is_looked_up_and_may_be_sent_again() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("submit", "forgotten", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Unknown");
    assert_eq!(engine.until_end(entry), OrderStatus::NotFound);
    let again = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(again);
    assert_eq!(posts(&engine.control), ["isolate", "isolate"]);
}

#[test]
fn action_that_moves_to_another_record_while_followed_ends_there_and_says_so() {
    let (_tenant, _folder, mut engine) = signed_in();
    let (ordered, other) = (engine.machine("FIN-LT-042"), engine.machine("ENG-LT-030"));
    engine.control.never_finish(ordered.id.as_str());
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Accepted");
    let own = true_action(&engine, entry);
    assert!(engine.control.move_action(&own, other.id.as_str()));
    assert!(engine.control.set_status(&own, "Succeeded"));
    engine.until_end(entry);
    let found = engine.state.entry(entry).expect("an entry");
    assert_eq!(found.machine().id, other.id, "the device called isolated");
    assert!(found.acts_elsewhere(), "said in the row");
    assert_eq!(engine.state.entries.attention_count(), 1);
    // Only one of the two devices shows it.
    assert_eq!(engine.state.machine_of(found), other);
    let shows = |on: &MachineRef| {
        let known = engine.state.known_actions(&on.id).iter();
        known.filter(|action| action.id.as_str() == own).count()
    };
    assert_eq!((shows(&ordered), shows(&other)), (0, 1));
    // It may be in no list, so it is read by its own request.
    let path = format!("/machines/{}", other.id);
    engine.until_tenant("a reading of it", move |control| {
        let requests = control.requests();
        requests.iter().any(|request| request.path.ends_with(&path))
    });
}

/// An action on another record counts neither as done nor as the device's own.
#[test]
fn action_on_another_record_needs_attention_until_acknowledged() {
    let (_tenant, _folder, mut engine) = signed_in();
    let (ordered, other) = (engine.machine("FIN-LT-042"), engine.machine("ENG-LT-030"));
    engine.control.never_finish(ordered.id.as_str());
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Accepted");
    let own = true_action(&engine, entry);
    assert_eq!(engine.state.entries.attention_count(), 0);
    assert!(engine.control.move_action(&own, other.id.as_str()));
    engine.until("the other record", |s| {
        s.entry(entry).is_some_and(Entry::acts_elsewhere)
    });
    assert_eq!(engine.state.entries.attention_count(), 1);
    let said = format!("{:?}", engine.state.problems);
    assert!(!said.contains("was made"), "{said}");
    engine.send(Command::Acknowledge(vec![(entry, "Accepted")]));
    engine.until("the acknowledgement", |s| s.entries.attention_count() == 0);
    // Back on the ordered device, it is no longer reported.
    assert!(engine.control.move_action(&own, ordered.id.as_str()));
    engine.until("the return to the ordered device", |s| {
        s.entry(entry).is_some_and(|e| !e.acts_elsewhere())
    });
    let found = engine.state.entry(entry).expect("an entry");
    assert_eq!(engine.state.machine_of(found), ordered);
    assert_eq!(engine.state.entries.attention_count(), 0);
}

#[test]
fn other_record_named_by_a_single_answer_claims_nothing() {
    let (_tenant, _folder, mut engine) = signed_in();
    let ordered = engine.never_finishing("FIN-LT-042");
    engine.inject("submit", "other_device", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Accepted");
    let own = true_action(&engine, entry);
    let id = own.clone();
    engine.until_tenant("a reading of it", move |control| {
        asked_about(control, &id) > 0
    });
    assert!(engine.control.set_status(&own, "Succeeded"));
    engine.until_end(entry);
    let found = engine.state.entry(entry).expect("an entry");
    let redirected = |(_, record): &(_, Record)| matches!(record, Record::Redirected { .. });
    let records = found.records();
    assert!(!records.iter().any(redirected), "{records:?}");
    assert_eq!(engine.state.entries.attention_count(), 0);
    let all = engine.state.inventory.all().iter();
    let mut others = all.filter(|machine| machine.id != ordered.id);
    let has_it = |id| {
        let known = engine.state.known_actions(id).iter();
        known.clone().any(|action| action.id.as_str() == own)
    };
    assert!(!others.any(|machine| has_it(&machine.id)));
    assert_eq!(engine.state.problems.len(), 0);
}

#[test]
fn order_stored_despite_a_refusal_is_not_sent_again() {
    let (_tenant, _folder, mut engine) = signed_in();
    // Broken contract: the action was stored, and the response says that it was not.
    engine.inject("submit", "throttled_after", 0);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(entry);
    assert_eq!(posts(&engine.control), ["isolate"]);
}

/// The service may revise an end: its latest status is the order's outcome.
#[test]
fn end_revised_by_the_service_is_the_outcome_and_needs_attention_also_after_restart() {
    let (tenant, folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(entry);
    let own = true_action(&engine, entry);
    engine.control.advance(Duration::from_mins(1));
    assert!(engine.control.set_status(&own, "Failed"));
    engine.load(&machine);
    engine.until_status(entry, "Failed");
    assert_eq!(engine.state.entries.attention_count(), 1);
    engine.worker.shut_down();
    let journal = engine.journal.clone();
    drop(engine);
    let kept = journal_on_disk(&journal);
    let kept = kept.iter().find(|kept| kept.id() == entry);
    assert_eq!(kept.map(|kept| kept.status().key()), Some("Failed"));
    let engine = Engine::start(&tenant, folder.path());
    assert_eq!(engine.status(entry).key(), "Failed");
    assert_eq!(engine.state.entries.attention_count(), 1);
}

/// Then neither "isolated" nor "isolating" is known, and every view says so.
#[test]
fn end_that_turns_into_progress_is_unknown_and_needs_attention_also_after_restart() {
    let (tenant, folder, mut engine) = signed_in();
    let machine = engine.never_finishing("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Accepted");
    let own = true_action(&engine, entry);
    assert!(engine.control.set_status(&own, "Succeeded"));
    engine.until_done(entry);
    engine.control.advance(Duration::from_mins(1));
    assert!(engine.control.set_status(&own, "InProgress"));
    engine.load(&machine);
    let is_said = |s: &State| {
        let shown = s.known_actions(&machine.id).iter();
        let mut own = shown.filter(|action| action.id.as_str() == own);
        let is_unknown = s.entry(entry).is_some_and(|e| e.status().is_unknown());
        is_unknown
            && own
                .next()
                .is_some_and(|action| action.status.as_wire() == "InProgress")
            && s.entries.attention_count() == 1
    };
    engine.until("the contradiction", is_said);
    let cause = "had shown that this action has ended";
    assert!(is_disowned(&engine.state, entry, cause));
    engine.worker.shut_down();
    drop(engine);
    let mut engine = Engine::start(&tenant, folder.path());
    engine.sign_in();
    engine.load(&machine);
    engine.until("the same", is_said);
    // An end with this order's tag settles it.
    assert!(engine.control.set_status(&own, "Succeeded"));
    engine.until_done(entry);
    assert_eq!(engine.state.entries.attention_count(), 0);
}

#[test]
fn service_that_keeps_changing_an_end_does_not_fill_the_journal() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(entry);
    let own = true_action(&engine, entry);
    for status in ["Failed", "Succeeded"].iter().cycle().take(8) {
        engine.control.advance(Duration::from_mins(1));
        assert!(engine.control.set_status(&own, status));
        engine.load(&machine);
    }
    engine.worker.shut_down();
    let kept = journal_on_disk(&engine.journal);
    let kept = kept.iter().find(|kept| kept.id() == entry);
    let records = kept.map(Entry::records).into_iter().flatten();
    let ends = records.filter(|(_, r)| matches!(r, Record::Finished { .. }));
    // Without the bound there would be nine; two simultaneous readings may record the same end.
    let ends = ends.count();
    assert!((4..9).contains(&ends), "{ends} ends");
}
