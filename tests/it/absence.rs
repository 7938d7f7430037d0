//! When an action is recognised as ours, or as absent, although no response named it.

use std::time::Duration;

use cordon::action::ActionKind;
use cordon::journal::{OrderStatus, Record};
use cordon::message::OrderProgress;
use cordon::model::EntryId;

use crate::common::{Engine, asked_about, fault, place, posts, signed_in};
use crate::evidence::isolate_after;
use crate::faults::ordinary_laptops;

/// Isolates a device whose action list is cut off before its only action.
fn isolate_unlisted(engine: &mut Engine) -> EntryId {
    let machine = ordinary_laptops(engine).remove(0);
    engine.load(&machine);
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    let cut = fault("machine_actions", "lose_tail", 0);
    engine.control.inject(cut);
    engine.submit_approved(draft.entry, approval)
}

/// The service shows neither comment nor reference. The only evidence is that this account requested such
/// an action at that time, and it has to be read more than once.
#[test]
fn untagged_action_is_ours_only_after_as_many_complete_look_ups_as_not_found() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.control.set_limits(100_000, 1_000_000);
    let bare = "lacks:requestorComment,externalId";
    engine.inject("submit", bare, 1);
    engine.inject("machine_action", bare, 0);
    let entry = isolate_unlisted(&mut engine);
    let (mut action, mut unclear) = (String::new(), 0);
    engine.until("the verdict", |s| {
        s.entry(entry)
            .is_some_and(|e| e.status().action().is_some() || e.status().is_end())
    });
    let found = engine.state.entry(entry).expect("an entry");
    for (_, record) in found.records() {
        if let Record::Accepted { action: id, .. } = record {
            action = id.to_string();
        }
        unclear += usize::from(matches!(record, Record::Unclear { .. }));
        let is_wrong = matches!(record, Record::NotOurs { .. } | Record::NotFound);
        assert!(!is_wrong, "{record:?}");
    }
    assert_eq!(unclear, 1, "{:?}", found.records());
    assert!(asked_about(&engine.control, &action) >= 3, "{action}");
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn temporarily_unreadable_action_is_not_called_absent() {
    let (_tenant, _folder, mut engine) = signed_in();
    let bare = "lacks:requestorComment,externalId,requestor";
    engine.inject("submit", bare, 1);
    engine.inject("machine_action", "forbidden", 0);
    let entry = isolate_unlisted(&mut engine);
    engine.until("a look that fails for this reason", move |s| {
        let failed = matches!(s.progress.get(&entry), Some(OrderProgress::LookFailed { why, .. })
            if why.headline.contains("not allowed"));
        failed || s.entry(entry).is_some_and(|e| e.status().is_end())
    });
    assert!(engine.status(entry).is_unknown());
    engine.control.clear_faults();
    engine.until_done(entry);
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn only_an_open_action_of_the_same_kind_counts_as_cause_of_a_refusal() {
    let (_tenant, _folder, mut engine) = signed_in();
    let entry = isolate_after(&mut engine, |engine, machine| {
        engine.control.never_finish(machine);
        let act = |kind| engine.colleague(machine, kind, "by hand");
        let ended = act("Isolate");
        assert!(engine.control.set_status(&ended, "Failed"));
        act("RestrictCodeExecution");
        engine.inject("submit", "status:400::Odd", 1);
    });
    let end = engine.until_end(entry);
    assert!(matches!(end, OrderStatus::Refused { .. }), "{end:?}");
}

/// An action moved to another record is in none of the device's own lists.
#[test]
fn not_found_needs_one_tenant_wide_look_up_that_starts_before_sending() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("submit", "drop_before", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    assert_eq!(engine.until_end(entry), OrderStatus::NotFound);
    let found = engine.state.entry(entry).expect("an entry");
    let sent = found.first_sent_at().expect("sent");
    let day_before = (sent - jiff::SignedDuration::from_hours(24)).to_string();
    // To the minute, in the format of the query.
    let since = format!("ge%20{}", day_before[..16].replace(':', "%3A"));
    let looks = engine.control.requests().into_iter();
    let looks: Vec<_> = looks
        .filter(|r| r.path.ends_with("/machineactions") && r.at >= sent)
        .map(|r| r.query.replace('+', "%20"))
        .collect();
    let whole: Vec<_> = looks.iter().map(|query| query.contains(&since)).collect();
    assert_eq!(
        whole.iter().filter(|is_whole| **is_whole).count(),
        1,
        "{since} {looks:?}"
    );
    assert_eq!(whole.last(), Some(&true), "{looks:?}");
    assert!(whole.len() >= 3, "{looks:?}");
}

#[test]
fn fruitless_look_up_names_the_time_of_the_next_one() {
    let (simulator, folder) = place();
    let mut engine = Engine::start_faster(&simulator, folder.path(), 1.0);
    engine.sign_in();
    engine.inject("submit", "drop_before", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until("the time of the next look-up", move |s| {
        matches!(s.progress.get(&entry), Some(OrderProgress::LookedUp { .. }))
    });
    let Some(OrderProgress::LookedUp { again_at, .. }) = engine.state.progress.get(&entry) else {
        panic!("just seen")
    };
    let unknown_since = engine.state.entry(entry).expect("an entry").status_since();
    let wait = again_at.duration_since(unknown_since).as_secs_f64();
    assert!(wait >= 2.0, "{wait}");
}

#[test]
fn older_action_on_the_device_is_not_taken_for_the_accepted_one() {
    let (_tenant, _folder, mut engine) = signed_in();
    let entry = isolate_after(&mut engine, |engine, machine| {
        let theirs = engine.colleague(machine, "Isolate", "by hand");
        assert!(engine.control.set_status(&theirs, "Failed"));
        engine.control.hide_new_actions(Duration::from_hours(9));
        let bare = "lacks:requestorComment,externalId,requestor";
        engine.inject("submit", bare, 1);
    });
    assert_eq!(engine.until_end(entry), OrderStatus::NotFound);
}

#[test]
fn look_up_that_fails_for_an_ended_sign_in_asks_for_one() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("submit", "drop_before", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Unknown");
    engine.control.revoke_sign_ins();
    engine.control.expire_access_tokens();
    engine.until_sign_in_needed();
    engine.sign_in();
    assert_eq!(engine.until_end(entry), OrderStatus::NotFound);
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn later_readings_add_nothing_to_an_ended_order() {
    let (_tenant, _folder, mut engine) = signed_in();
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(entry);
    let machine = engine.machine("FIN-LT-042");
    let records = |engine: &Engine| {
        let entry = engine.state.entry(entry).expect("an entry");
        entry.records().to_vec()
    };
    let before = records(&engine);
    for _ in 0..2 {
        engine.load(&machine);
    }
    assert_eq!(records(&engine), before);
    let accepted = before
        .iter()
        .filter(|(_, r)| matches!(r, Record::Accepted { .. }));
    assert_eq!(accepted.count(), 1);
}
