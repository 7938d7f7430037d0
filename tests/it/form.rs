//! The action form in the whole window: its subject, the keyboard focus, and closing the window.

use cordon::action::ActionKind;
use egui::{Key, Modifiers, Rect};
use egui_kittest::kittest::Queryable as _;

use crate::common::{Console, asked_for, machine_named};

fn rect(console: &Console, label: &str) -> Rect {
    let mut nodes = console.harness.query_all_by_label(label);
    nodes
        .next()
        .unwrap_or_else(|| panic!("no “{label}”"))
        .rect()
}

fn is_focused(console: &Console, label: &str) -> bool {
    let mut nodes = console.harness.query_all_by_label(label);
    nodes.any(|node| node.is_focused())
}

fn press(console: &mut Console, modifiers: Modifiers, key: Key) {
    console.harness.key_press_modifiers(modifiers, key);
    console.harness.run_steps(3);
}

#[test]
fn key_acts_on_the_open_device_and_a_hidden_selection_is_shown() {
    let mut console = Console::signed_in();
    let ticked = console.select("HR-LT-007");
    let open = console.select("FIN-LT-051");
    console.assert_shows_part("2 selected, 1 of 2 is not shown by this search");
    press(&mut console, Modifiers::COMMAND, Key::E);
    let of_open = format!("Restrict apps on {}", open.quoted());
    console.assert_shows(&of_open);
    assert!(!console.shows(&format!("Restrict apps on {}", ticked.quoted())));
    press(&mut console, Modifiers::NONE, Key::Escape);

    console.click("Isolate 2 devices…");
    console.until_shows("Isolate 2 devices");
    assert!(console.shows_part("1 of 2 is not shown by this search"));
    assert!(
        console.shows("Not shown by this search"),
        "beside the device"
    );
    console.harness.run_steps(8);
    console.click(&format!("Leave out {}", ticked.quoted()));
    console.harness.run_steps(3);
    let left_out = format!("Left out: {}", ticked.quoted());
    console.assert_shows(&left_out);
    console.fill("Comment", "INC-4711 beacon");
    console.confirm(&format!("Isolate {}", open.quoted()));
    console.step_until("the entry", |c| c.state().entries.len() == 1);
    assert_eq!(console.state().entries[0].order.machine.id, open.id);
    // The next key acts on no device that was left out.
    console.step_until("an empty selection", |c| !c.shows_part(" selected"));
    assert!(!console.shows(&left_out), "the form is closed");
    let table = egui::Id::unique("devices table");
    console.step_until("the keyboard on the list", |c| {
        c.harness.ctx.memory(|memory| memory.has_focus(table))
    });
}

#[test]
fn the_rows_stay_where_they_are_when_one_is_selected() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-051");
    let row = machine.name_and_tail();
    let search = rect(&console, "Columns");
    let before = console
        .harness
        .query_all_by_label_contains(&row)
        .map(|node| node.rect())
        .collect::<Vec<_>>();
    console.tick(&machine);
    assert!(console.shows_part("1 selected"));
    assert_eq!(rect(&console, "Columns"), search);
    let after = console
        .harness
        .query_all_by_label_contains(&row)
        .map(|node| node.rect())
        .take(before.len())
        .collect::<Vec<_>>();
    assert_eq!(before.first(), after.first());
}

#[test]
fn keyboard_focus_returns_to_the_button_that_opened_the_form() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-051");
    for confirms in [false, true] {
        console.click("Restrict apps…");
        console.until_shows("Comment");
        if confirms {
            console.fill("Comment", "INC-4711 unsigned tools");
            console.confirm(&format!("Restrict apps on {}", machine.quoted()));
            console.step_until("the entry", |c| !c.state().entries.is_empty());
        } else {
            press(&mut console, Modifiers::NONE, Key::Escape);
        }
        console.step_until("the keyboard back", |c| is_focused(c, "Restrict apps…"));
        // The panel's text above the button changes during the action.
        console.harness.run_steps(10);
        assert!(is_focused(&console, "Restrict apps…"), "{confirms}");
    }
}

/// A shortcut opens the form of the device in the panel, regardless of the focus.
#[test]
fn form_opened_by_shortcut_returns_focus_to_no_action_of_another_device() {
    let mut console = Console::signed_in();
    let other = console.open_device("HR-LT-007");
    console.order(ActionKind::RestrictCodeExecution, &other, "INC-4711 tools");
    let undo = "Undo…";
    console.step_until_fast("its undo", |c| c.shows(undo));
    let open = console.open_device("FIN-LT-051");
    console.harness.get_by_label(undo).focus();
    console.step_until("the keyboard", |c| is_focused(c, undo));
    press(&mut console, Modifiers::COMMAND, Key::E);
    console.until_shows(&format!("Restrict apps on {}", open.quoted()));
    press(&mut console, Modifiers::NONE, Key::Escape);
    let table = egui::Id::unique("devices table");
    console.step_until("the keyboard on the list", |c| {
        c.harness.ctx.memory(|memory| memory.has_focus(table))
    });
    // A pressed button gets the focus back.
    console.click(undo);
    console.until_shows("Comment");
    press(&mut console, Modifiers::NONE, Key::Escape);
    console.step_until("the keyboard back", |c| is_focused(c, undo));
}

/// The button of the selection disappears with it.
#[test]
fn keyboard_focus_goes_to_the_list_when_the_opener_is_gone() {
    for by_keyboard in [true, false] {
        let mut console = Console::signed_in();
        for name in ["FIN-LT-051", "ENG-LT-030"] {
            console.select(name);
        }
        if by_keyboard {
            let opener = console.harness.get_by_label("Isolate 2 devices…");
            opener.focus();
            console.harness.run_steps(3);
            press(&mut console, Modifiers::NONE, Key::Enter);
        } else {
            console.click("Isolate 2 devices…");
        }
        console.fill("Comment", "INC-4711 the same beacon");
        console.fill("Type the number of devices", "2");
        if by_keyboard {
            console.step_until("everything seen", |console| {
                let next = console
                    .harness
                    .query_all_by_label_contains("Show next (")
                    .last();
                if let Some(next) = next {
                    next.click_accesskit();
                }
                next.is_none()
            });
            console.harness.run_steps(10);
            press(&mut console, Modifiers::COMMAND, Key::Enter);
        } else {
            console.confirm("Isolate 2 devices");
        }
        console.step_until("both entries", |c| c.state().entries.len() == 2);
        console.harness.run_steps(5);
        // In the accessibility tree the selected row represents the list.
        let roles = [egui::accesskit::Role::Row, egui::accesskit::Role::Table];
        let is_list = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
            node.is_focused() && roles.contains(&node.role())
        };
        let mut focused = console.harness.query_all_by(is_list);
        assert!(focused.next().is_some(), "by keyboard: {by_keyboard}");
    }
}

#[test]
fn ticket_of_a_pasted_line_fills_its_field_for_the_named_device() {
    let mut console = Console::signed_in();
    let id = machine_named(&console.control, "FIN-LT-051");
    console.fill("Search devices", "INC-4711 High: beacon from FIN-LT-051");
    console.until_shows_part("FIN-LT-051");
    press(&mut console, Modifiers::NONE, Key::Enter);
    console.step_until("its facts", |c| c.state().histories.get(&id).is_some());
    press(&mut console, Modifiers::COMMAND, Key::I);
    console.until_shows("Comment");
    console.fill("Comment", "beacon");
    console.until_shows_part("] INC-4711 beacon");
}

fn asks_to_close(console: &mut Console) -> bool {
    let root = egui::ViewportId::ROOT;
    let viewport = console.harness.input_mut().viewports.entry(root);
    viewport
        .or_default()
        .events
        .push(egui::ViewportEvent::Close);
    console.harness.run_steps(2);
    console.shows("Close anyway")
}

#[test]
fn closing_asks_when_a_selection_or_typed_text_would_be_lost() {
    let mut console = Console::signed_in();
    assert!(!asks_to_close(&mut console), "nothing would be lost");
    console.select("FIN-LT-051");
    assert!(asks_to_close(&mut console));
    assert!(console.shows_part("The selection will be lost"));
    console.click("Stay");
    console.harness.run_steps(8);
    console.click("Clear selection");
    press(&mut console, Modifiers::COMMAND, Key::I);
    console.until_shows("Comment");
    assert!(!asks_to_close(&mut console), "nothing is typed");
    console.fill("Comment", "INC-4711");
    assert!(asks_to_close(&mut console));
    console.click("Stay");
    console.harness.run_steps(3);
    assert!(console.shows("Comment"), "the form is back");
}

/// The panel waits for the end of a pause.
#[test]
fn release_form_shows_open_alerts_before_the_panel_has_them() {
    let mut console = Console::signed_in();
    let id = machine_named(&console.control, "FIN-LT-042");
    let control = console.control.clone();
    let theirs = control.act_as_colleague(id.as_str(), "Isolate", "beacon");
    assert!(control.set_status(&theirs.expect("accepted"), "Succeeded"));
    console.inject("alerts", "status:429:300", 1);
    console.open_device("FIN-LT-042");
    console.step_until("the pause", |_| {
        let asked = asked_for(&control, "/alerts");
        asked.iter().any(|request| request.status == Some(429))
    });
    console.until_shows("Reading open alerts…");
    console.click(&format!("{}…", ActionKind::Unisolate.spec().button));
    console.until_shows_part("3 open alerts");
}
