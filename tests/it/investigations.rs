//! Automated investigations: another kind of record, without a tag, under their own limit.

use std::time::Duration;

use cordon::action::ActionKind;
use cordon::journal::{Entry, OrderStatus, Record};
use cordon::message::{Command, OrderProgress};
use cordon::model::{EntryId, MachineActionId, MachineActionStatus};
use cordon::state::State;
use serde_json::json;

use crate::common::{Console, Engine, asked_for, journal_on_disk, place, signed_in};
use crate::faults::ordinary_laptops;
use crate::matrix::{SPEED, under_each_fault};

const KIND: ActionKind = ActionKind::StartInvestigation;

/// Requests that start an investigation.
fn posts(engine: &Engine) -> Vec<serde_json::Value> {
    let posts = asked_for(&engine.control, "/startInvestigation").into_iter();
    posts.map(|r| r.body).collect()
}

#[test]
fn investigation_is_requested_once_as_documented_and_followed_to_its_end() {
    let (_tenant, _folder, mut engine) = signed_in();
    let entry = engine.order(KIND, "ENG-LT-030");
    let end = engine.until_end(entry);
    let OrderStatus::Done { action } = &end else {
        panic!("{end:?}")
    };
    assert_eq!(
        posts(&engine),
        [json!({ "Comment": format!("[{entry}] alert 1234") })]
    );
    let made = engine.control.investigations();
    assert_eq!((made.len(), &made[0]["id"]), (1, &json!(action.as_str())));
    let known = engine.state.entry(entry).expect("it is there");
    assert_eq!(end.word(&known.order.task), "Investigated");
    let last = known.records().last().expect("an end");
    assert!(
        matches!(&last.1, Record::Finished { comment, .. } if comment.as_deref() == made[0]["state"].as_str())
    );
    // It is read by its number, and is in no list of machine actions.
    let requests = engine.control.requests();
    let read = |r: &&cordon::simulator::LoggedRequest| r.path.contains("/investigations/");
    assert!(requests.iter().any(|r| read(&r)));
    let looked_for = |r: &cordon::simulator::LoggedRequest| {
        r.path.contains("machineactions") && r.query.contains(action.as_str())
    };
    assert!(!requests.iter().any(looked_for));
    let on_disk = journal_on_disk(&engine.journal);
    assert!(on_disk.contains(known));
}

#[test]
fn each_end_has_its_own_status() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.never_finishing("ENG-LT-030");
    for (state, key) in [
        ("PartiallyRemediated", "Done"),
        ("InnerFailure", "Failed"),
        ("TerminatedByUser", "Cancelled"),
    ] {
        let entry = engine.order(KIND, "ENG-LT-030");
        engine.until_fast("it runs", |s| {
            let status = s.entry(entry).map(|e| e.status().clone());
            matches!(status, Some(OrderStatus::Accepted { status, .. })
                if status == MachineActionStatus::InProgress)
        });
        engine.control.end_investigations(state);
        assert_eq!(engine.until_end(entry).key(), key, "{state}");
    }
}

/// Waits until two look-ups have found candidates for this entry, and returns the last text.
fn said_by_looks(engine: &mut Engine, entry: EntryId) -> String {
    let failed = |s: &cordon::state::State| match s.progress.get(&entry) {
        Some(OrderProgress::LookFailed { why, next_at, .. }) => {
            Some((why.headline.clone(), *next_at))
        }
        Some(_) | None => None,
    };
    engine.until("a look-up that settles nothing", |s| failed(s).is_some());
    let first = failed(&engine.state).map(|(_, next_at)| next_at);
    engine.until("another look", |s| {
        failed(s).is_some_and(|(_, next_at)| Some(next_at) != first)
    });
    let (headline, _) = failed(&engine.state).expect("it failed");
    headline
}

#[test]
fn another_persons_investigation_of_the_same_second_is_not_called_ours() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("ENG-LT-030");
    engine.inject("submit:startInvestigation", "drop_before", 1);
    let theirs = engine.control.investigate_as_colleague(machine.id.as_str());
    let theirs = theirs.expect("the tenant has the machine");
    let entry = engine.order(KIND, "ENG-LT-030");
    let said = said_by_looks(&mut engine, entry);
    assert!(
        said.contains(&theirs) && said.contains("someone else's"),
        "{said}"
    );
    let known = engine.state.entry(entry).expect("it is there");
    assert!(known.status().is_unknown(), "{:?}", known.records());
    assert!(engine.state.entries.needs_attention(known));
    assert_eq!(posts(&engine).len(), 1);
    assert_eq!(engine.control.investigations().len(), 1);
}

#[test]
fn lost_answer_names_what_began_on_the_device_since_and_is_not_sent_again() {
    for what in ["drop_after", "garbage", "no_id", "empty:201"] {
        let (_tenant, _folder, mut engine) = signed_in();
        // An earlier one on the same device is no candidate.
        let first = engine.order(KIND, "ENG-LT-030");
        let first = engine.until_end(first).action().cloned();
        engine.control.advance(Duration::from_mins(30));
        engine.inject("submit:startInvestigation", what, 1);
        let entry = engine.order(KIND, "ENG-LT-030");
        let said = said_by_looks(&mut engine, entry);
        let all = engine.control.investigations();
        let newest = all.last().and_then(|one| one["id"].as_str());
        let newest = newest.expect("it was stored");
        assert_ne!(first.as_ref().map(MachineActionId::as_str), Some(newest));
        assert!(said.contains(newest), "{what}: {said}");
        assert!(engine.status(entry).is_unknown(), "{what}");
        assert_eq!(posts(&engine).len(), 2, "{what}");
        assert_eq!(engine.control.investigations().len(), 2, "{what}");
    }
}

#[test]
fn at_most_one_investigation_starts_under_every_fault_and_its_status_is_true() {
    let played = under_each_fault(|what| {
        let (simulator, folder) = place();
        let mut engine = Engine::start_faster(&simulator, folder.path(), SPEED);
        engine.sign_in();
        let machine = ordinary_laptops(&engine).remove(0);
        engine.load(&machine);
        engine.inject("submit:startInvestigation", what, 1);
        let entry = engine.submit(&Engine::draft(KIND, &machine));
        let is_known = move |s: &State| {
            let looked = matches!(
                s.progress.get(&entry),
                Some(OrderProgress::LookFailed { .. })
            );
            let status = s.entry(entry).map(Entry::status);
            status.is_some_and(|status| status.is_end() || status.is_unknown() && looked)
        };
        engine.until_fast("all that can be known", is_known);
        let (begun, posts) = (engine.control.investigations().len(), posts(&engine).len());
        let status = engine.status(entry);
        let reported = format!("{what}: {begun} of {posts}, {status:?}");
        match status.key() {
            "Done" => assert_eq!(begun, 1, "{reported}"),
            "Refused" | "NotFound" => assert_eq!((begun, posts), (0, 1), "{reported}"),
            key => assert_eq!((key, begun, posts), ("Unknown", 1, 1), "{reported}"),
        }
        // Only a request that was certainly not executed is sent again.
        let is_certain = matches!(what, "status:429:1" | "unauthorized" | "claims_challenge");
        assert_eq!(posts, if is_certain { 2 } else { 1 }, "{reported}");
        1
    });
    assert!(played > 30, "{played}");
}

/// Like other actions: claimed by a reading, with the record's name, and needing attention.
#[test]
fn investigation_moved_to_another_record_is_followed_there() {
    for (what, is_elsewhere) in [("carried_over", true), ("other_device", false)] {
        let (_tenant, _folder, mut engine) = signed_in();
        engine.inject("submit:startInvestigation", what, 1);
        let entry = engine.order(KIND, "ENG-LT-030");
        let end = engine.until_end(entry);
        assert!(matches!(end, OrderStatus::Done { .. }), "{what}: {end:?}");
        let found = engine.state.entry(entry).expect("it is there");
        assert_eq!(found.acts_elsewhere(), is_elsewhere, "{what}");
        let attention = engine.state.entries.attention_count();
        assert_eq!(attention, usize::from(is_elsewhere), "{what}");
        assert_eq!(posts(&engine).len(), 1, "{what}");
        assert_eq!(engine.control.investigations().len(), 1, "{what}");
    }
}

#[test]
fn undelivered_request_is_not_found_and_never_resent_by_itself() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("submit:startInvestigation", "drop_before", 1);
    let entry = engine.order(KIND, "ENG-LT-030");
    assert_eq!(engine.until_end(entry), OrderStatus::NotFound);
    assert_eq!(posts(&engine).len(), 1);
    assert!(engine.control.investigations().is_empty());
}

#[test]
fn investigation_without_look_up_stays_unknown_and_only_the_user_resends() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("submit:startInvestigation", "drop_after", 1);
    // A service without the list.
    engine.inject("investigations", "empty:404", 0);
    let entry = engine.order(KIND, "ENG-LT-030");
    engine.until("two failed look-ups", move |s| {
        let failed = matches!(
            s.progress.get(&entry),
            Some(OrderProgress::LookFailed { .. })
        );
        failed && s.entry(entry).is_some_and(|e| e.status().is_unknown())
    });
    assert_eq!(posts(&engine).len(), 1);
    let machine = engine.loaded("ENG-LT-030");
    let again = Engine::draft(KIND, &machine);
    let approval = engine.approve(&again);
    assert!(approval.is_ok(), "{:?}", approval.map(drop));
}

#[test]
fn investigation_limit_does_not_delay_other_actions() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("submit:startInvestigation", "status:429:120", 1);
    let machine = engine.loaded("ENG-LT-030");
    let draft = Engine::draft(KIND, &machine);
    let entry: EntryId = engine.submit(&draft);
    engine.until("the pause", move |s| {
        matches!(s.progress.get(&entry), Some(OrderProgress::LeavesAt(_)))
    });
    let other = ordinary_laptops(&engine).remove(0);
    engine.load(&other);
    let isolation = engine.submit(&Engine::draft(ActionKind::Isolate, &other));
    engine.until_done(isolation);
    assert_eq!(engine.status(entry), OrderStatus::Waiting);
    assert_eq!(posts(&engine).len(), 1);
}

/// Each shows when it will be sent, by the service's `Retry-After`: an earlier attempt would be refused
/// again.
#[test]
fn investigations_waiting_for_their_limit_each_keep_to_their_retry_after() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("submit:startInvestigation", "status:429:3000", 1);
    let machines = ["ENG-LT-030", "FIN-LT-042"].map(|name| engine.loaded(name));
    let drafts = machines.iter().map(|machine| Engine::draft(KIND, machine));
    let drafts: Vec<_> = drafts.collect();
    let entries: Vec<_> = drafts.iter().map(|draft| draft.entry).collect();
    let begin = jiff::Timestamp::now();
    let approvals = engine.approve_all(drafts, 2, "2").expect("nothing blocks");
    engine.send(Command::Submit(approvals));
    for entry in entries {
        engine.until("the pause", move |s| {
            let Some(OrderProgress::LeavesAt(at)) = s.progress.get(&entry) else {
                return false;
            };
            let wait = at.duration_since(begin).as_secs();
            assert!((2_900..=3_600).contains(&wait), "{wait} s");
            true
        });
    }
    assert_eq!(posts(&engine).len(), 1);
}

#[test]
fn window_shows_the_result_and_offers_no_way_to_stop_it() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    console.control.never_finish(machine.id.as_str());
    console.order(KIND, &machine, "INC-4711 beacon");
    console.step_until_fast("it runs", |c| {
        c.shows_part("Defender is examining the device")
    });
    assert!(!console.shows("Cancel…"));
    console.control.end_investigations("PendingApproval");
    console.step_until_fast("the approval", |c| {
        c.shows_part("Waits for a person to approve")
    });
    console.control.end_investigations("Benign");
    console.step_until_fast("the end", |c| {
        c.shows_part("Nothing malicious was found") && c.shows_part("Investigated")
    });
}
