//! Lists of devices that come broken, cut or strange.

use cordon::message::Command;

use crate::common::{Engine, fault, tenant};

#[test]
fn lists_that_cannot_be_read_are_explained_and_what_can_be_read_is_kept() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.control.set_limits(100_000, 1_000_000);
    engine.sign_in();
    let all = engine.state.inventory.all().len();
    for what in [
        "html:200",
        "html:502",
        "empty:200",
        "truncated",
        "garbage",
        "deep",
        "drop_before",
        "forbidden",
        "status:500",
    ] {
        engine.control.inject(fault("machines", what, 0));
        engine.send(Command::RefreshMachines);
        engine.until("the start", |s| s.inventory.loading);
        engine.until("the end", |s| !s.inventory.loading);
        let inventory = &engine.state.inventory;
        assert!(
            inventory.failure.is_some()
                || inventory.incomplete.is_some()
                || inventory.unreadable > 0,
            "{what} is not explained: {inventory:?}"
        );
        assert_eq!(inventory.all().len(), all, "{what}: the old list stays");
        engine.control.clear_faults();
    }
    for what in ["unknown_enums", "odd_times", "huge"] {
        engine.control.inject(fault("machines", what, 1));
        engine.send(Command::RefreshMachines);
        engine.until("the start", |s| s.inventory.loading);
        engine.until("the end", |s| !s.inventory.loading);
        assert!(!engine.state.inventory.all().is_empty(), "{what}");
    }
    assert!(
        engine.worker.send(Command::LookNow).is_ok(),
        "the worker lives"
    );
}

#[test]
fn a_link_to_the_next_page_is_followed_on_our_host_only_and_never_for_ever() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.control.set_limits(100_000, 1_000_000);
    engine.sign_in();
    let all = engine.state.inventory.all().len();
    for mode in ["normal", "looping", "malformed", "foreign"] {
        engine
            .control
            .inject(fault("machines", &format!("next_link:{mode}"), 0));
        engine.send(Command::RefreshMachines);
        engine.until("the start", |s| s.inventory.loading);
        engine.until("the end", |s| !s.inventory.loading);
        assert_eq!(engine.state.inventory.all().len(), all, "{mode}");
        assert_eq!(engine.state.inventory.failure, None, "{mode}");
        engine.control.clear_faults();
    }
}

#[test]
fn what_became_of_an_order_is_found_even_where_filters_are_refused() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.control.set_limits(100_000, 1_000_000);
    engine.sign_in();
    engine.control.inject(fault("submit", "drop_after", 1));
    // The first few questions are refused; a question in other words is answered.
    engine
        .control
        .inject(fault("machine_actions", "status:400", 7));
    let entry = engine.order(cordon::action::ActionKind::Isolate, "FIN-LT-042");
    let end = engine.until_end(entry);
    assert!(
        matches!(end, cordon::journal::Standing::Done { .. }),
        "{end:?}"
    );
    assert_eq!(crate::common::posts(&engine.control), ["isolate"]);
}
