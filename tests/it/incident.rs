//! An incident with the real engine: everything under the ticket is found, released, handed over and
//! tagged.

use cordon::action::ActionKind;
use cordon::journal::OrderStatus;

use crate::common::Console;

fn press(console: &mut Console, key: egui::Key) {
    console.harness.key_press(key);
    console.harness.run_steps(4);
}

/// Opens the page by its key, from any place in the window.
fn open(console: &mut Console) {
    press(console, egui::Key::F9);
    console.until_shows("Incident INC-4711");
}

fn sheet(console: &Console) -> String {
    let written = console.state().journal_facts.export.clone();
    let written = written.expect("written").expect("it can be");
    written.text.expect("a text").to_string()
}

#[test]
fn an_incident_is_handed_over_tagged_and_released_as_one() {
    let mut console = Console::signed_in();
    let mut orders = Vec::new();
    for (name, comment) in [
        ("ENG-LT-030", "INC-4711 beacon"),
        ("HR-LT-007", "inc-4711: the same"),
        ("SALES-LT-019", "INC-47110 another one"),
    ] {
        let machine = console.open_device(name);
        let entry = console.order(ActionKind::Isolate, &machine, comment);
        orders.push((entry, machine));
    }
    for (entry, _) in &orders[..2] {
        let entry = *entry;
        console.step_until_fast("the end", |c| c.status(entry).is_end());
        assert!(matches!(console.status(entry), OrderStatus::Done { .. }));
    }
    // Opened from a device, the page shows its ticket.
    console.open_device("ENG-LT-030");
    open(&mut console);
    console.step_until_fast("both", |c| {
        c.shows("Release all of this incident (2)…") && c.shows("Tag 2 devices…")
    });
    assert!(
        !console.shows("Show “SALES-LT-019”"),
        "{}",
        console.screen()
    );

    console.click("Copy hand-over");
    console.until_shows("Hand-over copied: 2 entries");
    let copied = sheet(&console);
    assert!(copied.contains("\n- Incident: `INC-4711`\n"), "{copied}");
    assert!(
        copied.contains("## Contained, still to release (2)"),
        "{copied}"
    );
    assert!(copied.contains("## Contained by others (0)"), "{copied}");
    assert!(!copied.contains("SALES-LT-019"), "{copied}");

    // The form of the whole incident, with its devices, ticket and tag.
    console.click("Tag 2 devices…");
    console.harness.run_steps(4);
    console.assert_shows("Add tag to 2 devices");
    press(&mut console, egui::Key::Escape);
    console.harness.run_steps(4);

    console.click("Release all of this incident (2)…");
    console.harness.run_steps(4);
    console.assert_shows("Release 2 devices");
}

/// The release takes over the isolation's ticket.
#[test]
fn released_device_is_not_handed_over_as_contained() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    for (kind, comment) in [
        (ActionKind::Isolate, "INC-4711 beacon"),
        (ActionKind::Unisolate, "clean again"),
    ] {
        let entry = console.order(kind, &machine, comment);
        console.step_until_fast("the end", |c| c.status(entry).is_end());
    }
    open(&mut console);
    console.until_shows_part("1 device, 0 contained");
    console.click("Copy hand-over");
    console.until_shows("Hand-over copied: 2 entries");
    let copied = sheet(&console);
    assert!(
        copied.contains("## Contained, still to release (0)"),
        "{copied}"
    );
    assert!(copied.contains("## Done (2)"), "{copied}");
}

fn type_text(console: &mut Console, text: &str) {
    let typed = egui::Event::Text(text.to_owned());
    console.harness.event(typed);
    console.harness.run_steps(4);
}

/// The key is no letter, so it also works in a field, for the ticket typed there.
#[test]
fn incident_key_starts_another_ticket_and_is_ignored_by_an_open_form() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    console.order(ActionKind::RunAntiVirusScan, &machine, "INC-4711 beacon");
    open(&mut console);
    for (ticket, then) in [("INC-5", "INC-5"), ("", "INC-5"), ("CASE-77", "CASE-77")] {
        if !ticket.is_empty() {
            type_text(&mut console, ticket);
        }
        console.until_shows(&format!("Incident {then}"));
        press(&mut console, egui::Key::F9);
    }
    console.until_shows("Incident CASE-77");
    // Outside the field it opens the ticket of the open device.
    console.click("Back to the list");
    open(&mut console);

    console.click("Back to the list");
    console.open_device("ENG-LT-030");
    let isolate = egui::Modifiers::COMMAND;
    console.harness.key_press_modifiers(isolate, egui::Key::I);
    console.until_shows("Comment");
    console.fill("Ticket", "INC-8");
    console.fill("Comment", "beacon");
    press(&mut console, egui::Key::F9);
    console.assert_shows_part("] INC-8 beacon");
    press(&mut console, egui::Key::Escape);
    console.step_until("the list", |c| !c.shows("Comment"));
    assert!(!console.shows_part("Incident INC-8"));
    assert!(console.shows("Search devices"));
}
