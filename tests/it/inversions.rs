//! Opposite actions on one device, other people's actions, and late readings.

use std::time::Duration;

use cordon::action::ActionKind;
use cordon::auth::TokenStore;
use cordon::guard::Policy;
use cordon::journal::{NotSentReason, OrderStatus, Record};
use cordon::message::Command;

use crate::common::{Engine, place, posts, signed_in};

#[test]
fn an_unexpected_opposite_action_holds_the_order_until_confirmed() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    // Still unknown here: facts are read again only because none were read for this device yet.
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    engine.control.never_finish(machine.id.as_str());
    engine.colleague(machine.id.as_str(), "Unisolate", "release it");
    let entry = engine.submit(&draft);
    engine.until_status(entry, "Held");
    assert!(posts(&engine.control).is_empty());
    // It is sent only after confirmation.
    assert_eq!(engine.state.entries.attention_count(), 1);
    engine.send(Command::Insist(entry));
    engine.until("acceptance", move |s| {
        s.entry(entry).is_some_and(|e| {
            e.records()
                .iter()
                .any(|(_, r)| matches!(r, Record::Accepted { .. } | Record::Refused { .. }))
        })
    });
    assert_eq!(engine.state.entries.attention_count(), 0);
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn opposite_action_shown_at_the_confirmation_does_not_hold_the_order() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.never_finishing("FIN-LT-042");
    engine.colleague(machine.id.as_str(), "Unisolate", "release it");
    engine.load(&machine);
    let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
    engine.until("the outcome", move |s| {
        s.entry(entry).is_some_and(|e| {
            e.records().iter().any(|(_, r)| {
                matches!(
                    r,
                    Record::Held { .. } | Record::Accepted { .. } | Record::Refused { .. }
                )
            })
        })
    });
    let entry = engine.state.entry(entry).expect("an entry");
    let was_held = |(_, record): &(_, Record)| matches!(record, Record::Held { .. });
    assert!(
        !entry.records().iter().any(was_held),
        "{:?}",
        entry.records()
    );
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn outdated_confirmation_sends_nothing() {
    let (simulator, folder) = place();
    let policy = Policy {
        approval_life: jiff::SignedDuration::ZERO,
        ..Policy::default()
    };
    let store = TokenStore::memory();
    let mut engine = Engine::start_with(&simulator, folder.path(), &policy, store);
    engine.sign_in();
    for is_fresh in [false, true] {
        let machine = engine.machine("FIN-LT-042");
        if is_fresh {
            engine.load(&machine);
        }
        let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
        engine.until_not_sent(entry, NotSentReason::ApprovalLapsed);
    }
    assert!(posts(&engine.control).is_empty());
}

#[test]
fn held_order_is_sent_by_itself_when_the_opposite_action_has_ended() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    engine.control.never_finish(machine.id.as_str());
    let release = engine.colleague(machine.id.as_str(), "Unisolate", "release it");
    let entry = engine.submit(&draft);
    engine.until_status(entry, "Held");
    assert!(posts(&engine.control).is_empty());
    assert!(engine.control.set_status(&release, "Succeeded"));
    engine.until_status(entry, "Accepted");
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn older_reading_of_an_ended_action_holds_nothing() {
    let (_tenant, _folder, mut engine) = signed_in();
    let isolate = engine.order(ActionKind::Isolate, "FIN-LT-042");
    let OrderStatus::Done { action } = engine.until_end(isolate) else {
        panic!("isolated")
    };
    // Another host of the service is behind.
    assert!(engine.control.set_status(action.as_str(), "InProgress"));
    let release = engine.order(ActionKind::Unisolate, "FIN-LT-042");
    engine.until_done(release);
    let entry = engine.state.entry(release).expect("an entry");
    let was_held = |(_, record): &(_, Record)| matches!(record, Record::Held { .. });
    assert!(
        !entry.records().iter().any(was_held),
        "{:?}",
        entry.records()
    );
}

#[test]
fn the_end_of_a_colleagues_action_is_seen_on_a_viewed_device() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.never_finishing("FIN-LT-042");
    let action = engine.colleague(machine.id.as_str(), "Isolate", "by hand");
    engine.load(&machine);
    let seen = |state: &cordon::state::State| {
        let action = cordon::model::MachineActionId::parse(&action).expect("an id");
        let action = state.action(&machine.id, &action);
        action.map(|a| a.status.as_wire().to_owned())
    };
    assert!(matches!(
        seen(&engine.state).as_deref(),
        Some("Pending" | "InProgress")
    ));
    assert!(engine.control.set_status(&action, "Succeeded"));
    engine.until("its end", |s| seen(s).as_deref() == Some("Succeeded"));
}

#[test]
fn our_isolation_lifted_by_a_colleague_needs_attention_until_acknowledged() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(entry);
    engine.control.advance(Duration::from_mins(1));
    let release = engine.colleague(machine.id.as_str(), "Unisolate", "all clear");
    assert!(engine.control.set_status(&release, "Succeeded"));
    engine.load(&machine);
    engine.until("the reversal", |s| s.entries.attention_count() == 1);
    let found = engine.state.entry(entry).expect("an entry");
    let lifted = engine.state.undone_by(found).expect("reversed");
    assert_eq!(lifted.action.as_str(), release);
    engine.send(Command::Acknowledge(vec![(entry, "Done")]));
    engine.until("the acknowledgement", |s| s.entries.attention_count() == 0);
    assert_eq!(posts(&engine.control), ["isolate"]);
}
