//! A computer whose clock is far from the service's.

use std::time::Duration;

use cordon::action::ActionKind;
use jiff::SignedDuration;

use crate::common::Console;

/// The tenant's clock is hours ahead of this computer's, so its times are in the local future.
#[test]
fn ages_use_the_services_clock_even_when_the_local_one_is_wrong() {
    let mut console = Console::start();
    console.control.advance(Duration::from_hours(3));
    console.sign_in();
    let machine = console.open_device("ENG-LT-030");
    console.order(ActionKind::Isolate, &machine, "INC-4711 beacon");
    console.step_until_fast("the end", |c| {
        c.shows("Isolated") && c.shows_part("Isolated since")
    });
    let ahead = console.state().service_ahead;
    // The service's `Date` is cut to whole seconds, and a response takes a while.
    let off = (ahead - SignedDuration::from_hours(3)).abs();
    assert!(off < SignedDuration::from_mins(1), "{ahead:?}");
    let screen = console.screen();
    assert!(!screen.contains("in the future"), "{screen}");
    // It has just ended: whole hours would be the difference of the clocks.
    let since = screen.lines().find(|line| line.contains("Isolated since"));
    let since = since.expect("it is there");
    assert!(!since.contains(" h ago"), "{since}");
}
