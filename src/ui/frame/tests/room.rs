//! Room that the parts of the window take from each other.

use super::*;
use crate::action::ActionKind;
use crate::journal::{Entry, Record};
use crate::model::HResult;
use crate::state::fixtures;

/// An ended isolation from here.
fn ended(number: usize) -> Event {
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let order = fixtures::order(&format!("cdn-{number:08}"), machine, ActionKind::Isolate);
    let done = Record::Finished {
        action: MachineActionId::parse(&format!("own-{number}")).expect("a literal id"),
        status: MachineActionStatus::Succeeded,
        hresult: HResult(0),
        by: None,
        comment: None,
        service_time: None,
    };
    let records = vec![Record::Sent, done];
    let entry: Entry = fixtures::entry_at(at(0), fixtures::author(), order, records);
    Event::Entry(Box::new(entry))
}

/// A window with one ended order.
fn one_ended() -> (Shared, Harness<'static>) {
    let mut state = signed_in();
    state.apply(ended(1));
    let (desk, mut harness) = wide(state);
    harness.run_steps(3);
    (desk, harness)
}

fn apply_more(desk: &Shared) {
    for number in 2..30 {
        desk.borrow_mut().state.apply(ended(number));
    }
}

/// Upper edge of the activity list.
fn edge(harness: &Harness<'static>) -> f32 {
    let splitter = harness.get_by_label("Height of the activity");
    splitter.rect().center().y
}

fn point_at(harness: &mut Harness<'static>, y: f32) {
    let at = egui::pos2(300.0, y);
    harness.event(egui::Event::PointerMoved(at));
    harness.run_steps(5);
}

#[test]
fn activity_list_is_as_high_as_its_content_up_to_a_third() {
    let (desk, mut harness) = one_ended();
    let of_one = 900.0 - edge(&harness);
    assert!(of_one < 230.0, "{of_one}");
    apply_more(&desk);
    harness.run_steps(5);
    let of_many = 900.0 - edge(&harness);
    assert!(of_many > of_one + 80.0, "{of_one} {of_many}");
    assert!(of_many < 340.0, "{of_many}");
    // A height chosen by the user stays.
    desk.borrow_mut().views.layout.activity_height = Some(200.0);
    harness.run_steps(3);
    let chosen = edge(&harness);
    desk.borrow_mut().state.entries = Vec::new().into();
    desk.borrow_mut().state.apply(ended(1));
    harness.run_steps(5);
    assert!((edge(&harness) - chosen).abs() < 1.0);
}

/// The pointer is over the list, the bulk bar, or rows that it would cover.
#[test]
fn activity_list_keeps_its_height_while_the_pointer_is_over_movable_parts() {
    for over in [-30.0, 30.0] {
        let (desk, mut harness) = one_ended();
        let before = edge(&harness);
        point_at(&mut harness, before + over);
        apply_more(&desk);
        harness.run_steps(5);
        assert!((edge(&harness) - before).abs() < 0.5, "{over}");
        point_at(&mut harness, 200.0);
        let grown = edge(&harness);
        assert!(grown < before - 80.0, "{over}: {grown}");
        point_at(&mut harness, grown + over);
        desk.borrow_mut().state.entries = Vec::new().into();
        desk.borrow_mut().state.apply(ended(1));
        harness.run_steps(5);
        assert!((edge(&harness) - grown).abs() < 0.5, "{over}");
        point_at(&mut harness, 200.0);
        assert!((edge(&harness) - before).abs() < 0.5, "{over}");
    }
}

/// It stays, so that no row moves when an answer arrives; hence it must not be blank.
#[test]
fn line_above_the_rows_shows_what_was_found_when_nothing_else_is_shown() {
    let mut state = signed_in();
    state.inventory.read_at = Some(at(0));
    let (desk, mut harness) = wide(state);
    desk.borrow_mut().views.search = "10.20.4.17".into();
    harness.run_steps(4);
    harness.get_by_label("In the list: 10.20.4.17");
}
