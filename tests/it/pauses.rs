//! Throttling pauses of the service delay only the throttled request and those that depend on it.

use std::time::Duration;

use cordon::action::ActionKind;
use cordon::state::State;

use crate::common::{Engine, fault, posts, signed_in};
use crate::faults::ordinary_laptops;

/// Only polling is delayed: a new order is sent at once.
#[test]
fn pause_of_polling_delays_no_order() {
    let (_simulator, _folder, mut engine) = signed_in();
    let laptops = ordinary_laptops(&engine);
    let [first, second] = [&laptops[0], &laptops[1]];
    engine.load(first);
    engine.load(second);
    engine.control.never_finish(first.id.as_str());
    let always = fault("actions_by_id", "status:429:200", 0);
    engine.control.inject(always);
    engine.submit(&Engine::draft(ActionKind::Isolate, first));
    let is_paused = |s: &State| {
        let gate = s.budget.and_then(|budget| budget.gate_until);
        gate > Some(jiff::Timestamp::now())
    };
    engine.until("the pause", is_paused);
    let entry = engine.submit(&Engine::draft(ActionKind::Isolate, second));
    engine.until_accepted(entry);
    assert!(is_paused(&engine.state), "it did not wait for its end");
    assert_eq!(posts(&engine.control), ["isolate", "isolate"]);
}

/// A pause of the order itself is kept, while one of the reading before it is not waited for indefinitely.
#[test]
fn order_is_sent_although_the_reading_before_it_is_always_throttled() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machine = engine.loaded("FIN-LT-042");
    engine.inject("submit", "status:429:3", 1);
    engine.inject("machine_actions", "status:429:4", 0);
    let began = std::time::Instant::now();
    let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
    engine.until_accepted(entry);
    assert!(began.elapsed() >= Duration::from_secs(3), "its own pause");
    assert_eq!(posts(&engine.control), ["isolate", "isolate"]);
    let not_reread = engine.state.entry(entry).expect("just seen").not_reread();
    assert_eq!(not_reread.len(), 1, "{not_reread:?}");
    engine.control.clear_faults();
    assert_eq!(engine.until_end(entry).key(), "Done");
}
