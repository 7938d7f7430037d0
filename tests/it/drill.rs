//! Drills, played by a script: perfect play gets full marks, and a wrong twin is noticed.

use std::sync::Arc;

use cordon::action::{ActionKind, SHA1};
use cordon::drill::{Drill, EXERCISES};
use cordon::journal::OrderStatus;
use cordon::model::{MachineId, Mode};
use cordon::paths;
use cordon::simulator::Simulator;
use cordon::ui::DrillRunner as _;

use crate::common::{Engine, SHA1 as FILE, endpoints, signed_in};

fn played(at: usize, play: impl FnOnce(&mut Engine)) -> String {
    let (simulator, folder, mut engine) = signed_in();
    let journal = paths::journal_file(folder.path(), Mode::StandIn, &endpoints(&simulator));
    let mut drill = Drill::new(engine.control.clone(), journal, Arc::new(|| {}));
    assert_eq!(drill.judge(), None, "none has begun");
    drill.begin(at);
    play(&mut engine);
    drill.judge().expect("the journal is readable").to_string()
}

fn full_marks(at: usize) -> String {
    format!("{}: 100 of 100", EXERCISES[at].name)
}

#[test]
fn perfect_play_gets_full_marks_in_each_drill() {
    let sheet = played(0, |engine| {
        for kind in [ActionKind::Isolate, ActionKind::Unisolate] {
            let entry = engine.order(kind, "FIN-LT-042");
            engine.until_done(entry);
        }
    });
    assert!(sheet.starts_with(&full_marks(0)), "{sheet}");
    let sheet = played(1, |engine| {
        let entry = engine.order(ActionKind::Isolate, "ENG-LT-030");
        engine.until_done(entry);
    });
    assert!(sheet.starts_with(&full_marks(1)), "{sheet}");
    let sheet = played(2, |engine| {
        let silent = engine.order(ActionKind::Isolate, "SALES-LT-019");
        engine.until_accepted(silent);
        let machine = engine.loaded("HR-LT-007");
        let mut draft = Engine::draft(ActionKind::StopAndQuarantineFile, &machine);
        draft.set(&SHA1, FILE);
        let entry = engine.submit(&draft);
        engine.until_done(entry);
    });
    assert!(sheet.starts_with(&full_marks(2)), "{sheet}");
}

fn drill_on(simulator: &Simulator) -> Drill {
    Drill::new(simulator.control(), "nowhere".into(), Arc::new(|| {}))
}

/// Started again on the same tenant: changes left by the first run are named, and reverted at the start.
#[test]
fn changed_device_is_named_and_reset() {
    let (simulator, _folder, mut engine) = signed_in();
    let mut drill = drill_on(&simulator);
    for at in 0..EXERCISES.len() {
        assert_eq!(drill.leftovers(at), [""; 0], "{at}");
    }
    let isolated = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(isolated);
    let silent = engine.order(ActionKind::Isolate, "SALES-LT-019");
    engine.until_accepted(silent);
    assert_eq!(drill.leftovers(0), ["FIN-LT-042: isolated"]);
    assert_eq!(drill.leftovers(1), [""; 0]);
    assert_eq!(drill.leftovers(2), ["SALES-LT-019: an action under way"]);
    for at in [0, 2] {
        drill.begin(at);
        assert_eq!(drill.leftovers(at), [""; 0], "{at}");
    }
    // The console reads this as a colleague's action.
    let end = engine.until_end(silent);
    assert!(matches!(end, OrderStatus::Cancelled { .. }), "{end:?}");
    let machine = engine.loaded("FIN-LT-042");
    let again = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
    engine.until_done(again);
}

#[test]
fn the_wrong_twin_left_isolated_is_on_the_sheet() {
    let sheet = played(0, |engine| {
        let ids = engine.control.machine_ids().into_iter();
        let mut named = ids.filter(|(_, name)| name.as_deref() == Some("FIN-LT-042"));
        let (id, _) = named.nth(1).expect("two of this name");
        let id = MachineId::parse(&id).expect("an id");
        let twin = engine.state.inventory.get(&id).expect("listed").reference();
        engine.load(&twin);
        let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &twin));
        // The twin has not reported for a long time.
        engine.until_accepted(entry);
    });
    for line in [
        "A beacon with a twin: 0 of 100",
        "Right orders: 0 of 2",
        "Wrong device: FIN-LT-042",
        "Left contained: FIN-LT-042",
        "Missing: Isolate on FIN-LT-042",
        "Outcome not known yet: “FIN-LT-042”",
    ] {
        assert!(sheet.contains(line), "{line}: {sheet}");
    }
}

#[test]
fn isolation_cancelled_while_pending_does_not_count_as_left_contained() {
    let sheet = played(2, |engine| {
        let machine = engine.machine("SALES-LT-019");
        let isolate = engine.order(ActionKind::Isolate, "SALES-LT-019");
        let action = engine.until_accepted(isolate);
        let cancel = Engine::cancellation(action.as_str(), &machine);
        let cancel = engine.submit(&cancel);
        engine.until_done(cancel);
    });
    assert!(!sheet.contains("as it should be"), "{sheet}");
    let line = "Not left contained: SALES-LT-019";
    assert!(sheet.contains(line), "{sheet}");
}
