//! How each list shows an order that a colleague has undone since.

use super::*;
use crate::action::ActionKind;
use crate::journal::{Entry, Record};
use crate::state::fixtures;

const WORDS: &str = "Isolated, no longer in effect (released by sam@contoso.com, at ";

fn action(id: &str, kind: MachineActionType, secs: i64) -> MachineAction {
    let id = MachineActionId::parse(id).expect("a literal id");
    let mut action = MachineAction::bare(id, kind, MachineActionStatus::Succeeded);
    action.machine_id = MachineId::parse(HR).ok();
    action.requestor = Some("sam@contoso.com".into());
    action.created = Some(at(secs));
    action.last_updated = action.created;
    action
}

/// Jane isolated a device, and Sam has released it.
fn lifted() -> State {
    let mut state = signed_in();
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let mut order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
    order.comment = "INC-4711 beacon".into();
    let done = fixtures::finished("j1", MachineActionStatus::Succeeded);
    let records = vec![Record::Sent, done];
    let entry: Entry = fixtures::entry_at(at(0), fixtures::author(), order, records);
    state.apply(Event::Entry(Box::new(entry)));
    state.apply(Event::Actions {
        epoch: Epoch(0),
        actions: vec![action("s1", MachineActionType::Unisolate, 10)],
    });
    state
}

#[test]
fn incident_and_journal_mark_an_effect_no_longer_in_force() {
    let (shared, mut harness) = wide(lifted());
    shared.borrow_mut().views.show_incident("INC-4711");
    harness.run_steps(40);
    harness.get_by_label_contains(WORDS);
    let (shared, mut harness) = wide(lifted());
    shared.borrow_mut().views.show(Screen::Journal);
    harness.run_steps(40);
    let option = egui::accesskit::Role::ListBoxOption;
    let mut rows = harness.query_all_by_label_contains(WORDS);
    assert!(rows.any(|row| row.accesskit_node().role() == option));
}

#[test]
fn timeline_marks_an_effect_no_longer_in_force() {
    let state = lifted();
    let device = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let (shared, mut harness) = desk(state, egui::vec2(1400.0, 900.0));
    shared.borrow_mut().views.show_device(device);
    harness.run_steps(4);
    shared.borrow_mut().views.timeline_of = MachineId::parse(HR).ok();
    harness.run_steps(30);
    let mut said = String::new();
    for key in [Key::Home, Key::ArrowRight, Key::ArrowRight] {
        harness.key_press(key);
        harness.run_steps(2);
        let axis = harness.get_by_label("Timeline");
        said += &axis.accesskit_node().value().unwrap_or_default();
    }
    assert!(said.contains(WORDS), "{said}");
}

#[test]
fn activity_badge_agrees_with_its_line() {
    let (_shared, mut harness) = wide(lifted());
    harness.run_steps(40);
    let word = "Isolated, no longer in effect";
    harness.get_by_label(word);
    let row = harness.get_by_label("“HR-LT-007” (…aaaa): Isolate device");
    assert_eq!(row.accesskit_node().description().as_deref(), Some(word));
    harness.get_by_label_contains("No longer in effect: released by sam@contoso.com");
}
