//! Columns and panels as a person arranges them.

use super::*;

fn drag(harness: &mut Harness<'static>, from: egui::Pos2, by: egui::Vec2) {
    harness.drag_at(from);
    harness.run_steps(2);
    harness.hover_at(from + by);
    harness.run_steps(2);
    harness.drop_at(from + by);
    harness.run_steps(2);
}

#[test]
fn what_is_dragged_is_kept_and_a_hidden_column_leaves_the_others_as_they_are() {
    let (desk, mut harness) = wide(signed_in());
    assert_eq!(
        desk.borrow().views.layout,
        WindowLayout::default(),
        "as it came"
    );
    let head = |harness: &Harness<'static>, name: &str| harness.get_by_label(name).rect();
    let state = head(&harness, "Sort by State");
    let line = egui::pos2(state.right() + 4.0, state.center().y);
    drag(&mut harness, line, egui::vec2(60.0, 0.0));
    let grown = head(&harness, "Sort by State").width();
    assert!((grown - state.width() - 60.0).abs() < 6.0, "{grown}");
    let kept = |column| desk.borrow().views.layout.widths.get(&column).copied();
    assert_eq!(kept(Column::State), Some(grown));
    assert_eq!(kept(Column::Os), None);

    desk.borrow_mut().views.layout.hidden.insert(Column::Health);
    harness.run_steps(3);
    assert!(harness.query_by_label("Sort by Health").is_none());
    let after = head(&harness, "Sort by State").width();
    assert!((after - grown).abs() < 1.0, "{after}");
    let risk = head(&harness, "Sort by Risk").width();
    assert!((risk - 84.0).abs() < 1.0, "{risk}");

    let columns = harness.get_by_label("Columns").rect();
    assert!(desk.borrow().views.layout.panel_width.is_none());
    let edge = egui::pos2(840.0, 500.0);
    assert!(columns.right() < edge.x, "{columns:?}");
    drag(&mut harness, edge, egui::vec2(-100.0, 0.0));
    let panel = desk.borrow().views.layout.panel_width;
    assert!(
        panel.is_some_and(|width| (width - 655.0).abs() < 10.0),
        "{panel:?}"
    );
}

#[test]
fn the_columns_are_reached_in_a_small_window_too() {
    let mut state = signed_in();
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Done {
            at: at(0),
            unreadable: 0,
            incomplete: Some("the list was cut short".into()),
            seen: Vec::new(),
        },
    });
    let (_, mut harness) = desk(state, egui::vec2(640.0, 360.0));
    assert!(harness.query_by_label("less than a minute ago").is_some());
    let [button, refresh] = ["Columns", "Refresh"].map(|name| harness.get_by_label(name).rect());
    assert!(button.right() <= 640.0, "{button:?}");
    assert!(
        (button.center().y - refresh.center().y).abs() < 4.0,
        "in the same row: {button:?}"
    );
    harness.get_by_label("Columns").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Show column Addresses").is_some());
}

/// The service may have given one that cannot be read.
#[test]
fn a_time_of_a_report_that_is_missing_is_unknown() {
    let (_, harness) = wide(signed_in());
    assert_eq!(harness.query_all_by_label("never").count(), 0);
    assert_eq!(harness.query_all_by_label("unknown").count(), 3);
}
