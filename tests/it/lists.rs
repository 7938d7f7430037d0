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
