//! Columns and panels as arranged by the user.

use super::*;
use crate::action::ActionKind;
use crate::journal::Record;
use crate::model::RiskScore;

fn drag(harness: &mut Harness<'static>, from: egui::Pos2, by: egui::Vec2) {
    harness.drag_at(from);
    harness.run_steps(2);
    harness.hover_at(from + by);
    harness.run_steps(2);
    harness.drop_at(from + by);
    harness.run_steps(2);
}

#[test]
fn dragged_widths_are_kept_and_hiding_a_column_changes_no_other() {
    let (desk, mut harness) = wide(signed_in());
    assert_eq!(
        desk.borrow().views.layout,
        WindowLayout::default(),
        "the default layout"
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
    assert!((risk - 100.0).abs() < 1.0, "{risk}");

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
fn columns_are_reachable_in_a_small_window() {
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

/// The service may have sent an invalid one.
#[test]
fn missing_report_time_is_shown_as_unknown() {
    let (_, harness) = wide(signed_in());
    assert_eq!(harness.query_all_by_label("never").count(), 0);
    assert_eq!(harness.query_all_by_label("unknown").count(), 3);
}

/// The drawn texts that start in this column, each with whether it is truncated.
fn texts_in(harness: &Harness<'static>, head: &str) -> Vec<(String, bool)> {
    fn gather(shape: &egui::Shape, column: egui::Rangef, into: &mut Vec<(String, bool)>) {
        if let egui::Shape::Vec(shapes) = shape {
            for shape in shapes {
                gather(shape, column, into);
            }
        } else if let egui::Shape::Text(text) = shape
            && column.contains(text.pos.x)
        {
            into.push((text.galley.text().to_owned(), text.galley.elided));
        }
    }
    let column = harness.get_by_label(head).rect().x_range();
    let mut all = Vec::new();
    for clipped in &harness.output().shapes {
        gather(&clipped.shape, column, &mut all);
    }
    all
}

/// An investigation per device, each with a different outcome.
fn investigations() -> State {
    let mut state = signed_in();
    let ends = [
        vec![
            Record::Sent,
            fixtures::finished("i1", MachineActionStatus::Failed),
        ],
        vec![
            Record::Sent,
            Record::Unknown {
                why: "reset".into(),
            },
        ],
        vec![],
    ];
    let devices = [HR, TWIN, FIN];
    for (n, (device, records)) in devices.into_iter().zip(ends).enumerate() {
        let machine = fixtures::machine_ref(device, Some("LT"));
        let tag = format!("cdn-0000000{n}");
        let order = fixtures::order(&tag, machine, ActionKind::StartInvestigation);
        let entry = fixtures::entry_at(at(0), fixtures::author(), order, records);
        state.apply(Event::Entry(Box::new(entry)));
    }
    state
}

#[test]
fn order_outcome_fits_the_state_column() {
    let (_, harness) = wide(investigations());
    let said = texts_in(&harness, "Sort by State");
    for words in ["Investigation failed", "Outcome unknown", "Isolated"] {
        assert!(
            said.contains(&(words.to_owned(), false)),
            "{words}: {said:?}"
        );
    }
}

#[test]
fn usual_values_fit_the_default_widths() {
    let mut state = signed_in();
    let known = |id: &str, risk| {
        let mut known = (*machine(id, "LT")).clone();
        known.risk_score = Some(risk);
        Arc::new(known)
    };
    let page = vec![known(FIN, RiskScore::None), known(HR, RiskScore::Medium)];
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Page(page),
    });
    state.apply(succeeded(
        "b",
        MachineActionType::RestrictCodeExecution,
        FIN,
    ));
    // The icon of an order beside both.
    let order = fixtures::order(
        "cdn-00000001",
        fixtures::machine_ref(FIN, Some("LT")),
        ActionKind::CollectInvestigationPackage,
    );
    let failed = fixtures::finished("p1", MachineActionStatus::Failed);
    let records = vec![Record::Sent, failed];
    let entry = fixtures::entry_at(at(0), fixtures::author(), order, records);
    state.apply(Event::Entry(Box::new(entry)));
    let (_, harness) = wide(state);
    for (head, words) in [
        ("Sort by State", "Isolated, restricted"),
        ("Sort by Risk", "None known"),
        ("Sort by Risk", "Medium"),
    ] {
        let said = texts_in(&harness, head);
        assert!(
            said.contains(&(words.to_owned(), false)),
            "{words}: {said:?}"
        );
    }
    for head in ["Health", "Last seen", "OS"] {
        harness.get_by_label(&format!("Sort by {head}"));
    }
}
