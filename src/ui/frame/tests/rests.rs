//! A pointer that rests on the list while the content below it changes.

use super::*;
use crate::ui::widgets::click_at;

fn order(desk: &Shared) -> Vec<String> {
    let desk = desk.borrow();
    let machine = |row| desk.views.rows.machine(&desk.state, row);
    let ids = (0..desk.views.rows.len()).filter_map(machine);
    ids.map(|machine| machine.id.to_string()).collect()
}

fn box_of(harness: &Harness<'static>, name: &str) -> egui::Pos2 {
    let label = format!("Select {name}");
    harness.get_by_label_contains(&label).rect().center()
}

/// A click within one frame.
fn click(harness: &mut Harness<'static>, pos: egui::Pos2) {
    harness.input_mut().events.extend(click_at(pos));
    harness.run_steps(1);
}

#[test]
fn state_change_moves_no_row_while_the_pointer_is_over_the_list() {
    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().views.layout.sort.column = Column::State;
    harness.run_steps(3);
    assert_eq!(order(&desk), [FIN, TWIN, HR]);
    harness.hover_at(box_of(&harness, "“HR-LT-007”"));
    harness.run_steps(2);
    let id = MachineActionId::parse("b").expect("a literal id");
    let isolate = MachineActionType::Isolate;
    let mut action = MachineAction::bare(id, isolate, MachineActionStatus::Succeeded);
    action.machine_id = MachineId::parse(HR).ok();
    desk.borrow_mut().state.apply(Event::Actions {
        epoch: Epoch(0),
        actions: vec![action],
    });
    harness.run_steps(6);
    assert_eq!(order(&desk), [FIN, TWIN, HR], "while hovered");
    harness.hover_at(egui::pos2(2.0, 2.0));
    harness.run_steps(2);
    assert_eq!(order(&desk), [FIN, HR, TWIN], "after hovering");
}

#[test]
fn click_meant_for_another_row_ticks_none() {
    let (desk, mut harness) = wide(signed_in());
    harness.run_steps(3);
    let at = box_of(&harness, "“HR-LT-007”");
    harness.hover_at(at);
    harness.run_steps(3);
    let new = machine("4e5bc9d7e413ddd7902c2932e418702b84d0cccc", "AAA-LT-001");
    desk.borrow_mut().state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Page(vec![new]),
    });
    harness.run_steps(2);
    assert!(
        at.distance(box_of(&harness, "“HR-LT-007”")) > 10.0,
        "the row has moved"
    );
    let ticked = |desk: &Shared| desk.borrow().views.bulk_selection.len();
    click(&mut harness, at);
    assert_eq!(ticked(&desk), 0);
    harness.run_steps(4);
    click(&mut harness, at);
    assert_eq!(ticked(&desk), 1, "the row has been there for a second");
}

/// The pointer still rests on a button that the rows have replaced.
#[test]
fn list_that_appears_under_a_resting_pointer_starts_at_the_top() {
    let mut state = State::new(Mode::Live, "Commercial", Policy::default());
    set(&mut state, fixtures::signed_in(account()));
    let (desk, mut harness) = wide(state);
    let middle = egui::pos2(300.0, 450.0);
    let read_page = |harness: &mut Harness<'static>, page: usize| {
        let device = |n| {
            machine(
                &format!("{:040x}", page * 100 + n),
                &format!("LT-{page}{n:02}"),
            )
        };
        desk.borrow_mut().state.apply(Event::Inventory {
            epoch: Epoch(0),
            news: InventoryNews::Page((0..50).map(device).collect()),
        });
        harness.run_steps(3);
    };
    let is_at_top = |harness: &Harness<'static>, name: &str| {
        let select = format!("Select “{name}”");
        harness.query_by_label_contains(&select).is_some()
    };
    harness.hover_at(middle);
    harness.run_steps(3);
    for page in [3, 2] {
        read_page(&mut harness, page);
    }
    assert!(is_at_top(&harness, "LT-200"));
    // A moved pointer is aimed at a row, which keeps its place.
    harness.hover_at(middle + egui::vec2(0.0, 3.0));
    harness.run_steps(3);
    read_page(&mut harness, 1);
    assert!(!is_at_top(&harness, "LT-100"));
}
