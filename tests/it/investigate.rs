//! Scans and investigation packages.

use cordon::action::{ActionKind, SCAN_TYPE};
use cordon::model::EntryId;

use crate::common::{Console, Engine, asked_for, journal_on_disk, machine_named, signed_in};

#[test]
fn a_scan_is_sent_once_with_its_type_and_followed_to_its_end() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.loaded("ENG-LT-030");
    let mut draft = Engine::draft(ActionKind::RunAntiVirusScan, &machine);
    draft.set(&SCAN_TYPE, "Full");
    let entry = engine.submit(&draft);
    engine.until_done(entry);
    let order = &engine.state.entry(entry).expect("it is there").order;
    assert_eq!(engine.status(entry).word(&order.task), "Scanned");
    let posts = asked_for(&engine.control, "/runAntiVirusScan");
    let [post] = posts.as_slice() else {
        panic!("{posts:?}")
    };
    let body = serde_json::json!({
        "Comment": format!("[{entry}] alert 1234"),
        "ScanType": "Full",
        "ExternalId": entry.to_string(),
    });
    assert_eq!(post.body, body);
    let on_disk = journal_on_disk(&engine.journal);
    let written = on_disk.iter().find(|known| known.id() == entry);
    assert_eq!(written.map(|known| &known.order), Some(order));
}

#[test]
fn one_scan_at_a_time_and_another_type_is_named() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.never_finishing("ENG-LT-030");
    let acted =
        (engine.control).act_as_colleague(machine.id.as_str(), "RunAntiVirusScan", "by hand");
    assert!(acted.is_some());
    engine.load(&machine);
    let mut draft = Engine::draft(ActionKind::RunAntiVirusScan, &machine);
    for (scan_type, said) in [
        ("Quick", "An antivirus scan is already under way"),
        (
            "Full",
            "An antivirus scan of type Quick is already under way",
        ),
    ] {
        draft.entry = EntryId::random().expect("random bytes");
        draft.set(&SCAN_TYPE, scan_type);
        let refused = engine.approve(&draft).map(drop).expect_err(scan_type);
        assert!(refused.starts_with(said), "{refused}");
    }
}

#[test]
fn a_package_is_collected_from_the_panel_without_hiding_anything() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    console.click("Collect package…");
    console.fill("Comment", "INC-4711 beacon");
    console.confirm(&format!("Collect package from {}", machine.quoted()));
    console.step_until_fast("the package", |c| c.shows_part("Package collected"));
    let id = machine_named(&console.control, "ENG-LT-030");
    let made = console.control.actions().into_iter();
    let made: Vec<_> = made
        .filter(|a| a["type"] == "CollectInvestigationPackage" && a["machineId"] == id.as_str())
        .collect();
    assert_eq!(made.len(), 1, "{made:?}");
    // A key opens the form of the other one.
    console.harness.key_press_modifiers(
        egui::Modifiers::COMMAND | egui::Modifiers::SHIFT,
        egui::Key::S,
    );
    console.harness.run_steps(3);
    assert!(console.shows("Scan type") && console.shows("Quick"));
}
