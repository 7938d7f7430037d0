//! The running exercise above the list, and the dialog that starts one.

use super::*;
use crate::ui::views::OpenDialog;
use crate::ui::{Briefing, Running};

const NAME: &str = "A beacon with a twin";
const TASK: &str = "Isolate the one with Windows 11, wait until that is done, then release it";

fn with_exercises(size: egui::Vec2) -> (Shared, Harness<'static>) {
    let (desk, harness) = desk(signed_in(), size);
    let briefing = |name| Briefing {
        name,
        task: TASK,
        text: "INC-9001: FIN-LT-042 beacons. Two records have this name: it is the one with Windows 11",
    };
    {
        let drill = &mut desk.borrow_mut().views.drill;
        drill.briefings = [NAME, "At odds with a colleague"].map(briefing).to_vec();
        drill.leftovers = vec![vec![], vec!["ENG-LT-030: isolated".into()]];
    }
    (desk, harness)
}

fn begin(desk: &Shared, harness: &mut Harness<'static>) {
    let running = Running {
        at: 0,
        since: at(28 - 185),
    };
    desk.borrow_mut().views.drill.running = Some(running);
    harness.run_steps(8);
}

#[test]
fn running_drill_is_shown_above_the_list_and_ended_there() {
    for size in [egui::vec2(1400.0, 900.0), egui::vec2(800.0, 600.0)] {
        let (desk, mut harness) = with_exercises(size);
        let without = harness.get_by_label("Search devices").rect().top();
        begin(&desk, &mut harness);
        for text in [
            format!("Drill: {NAME}"),
            TASK.to_owned(),
            "3:05 so far".to_owned(),
        ] {
            assert!(harness.query_by_label(&text).is_some(), "{size}: {text}");
        }
        let moved = harness.get_by_label("Search devices").rect().top() - without;
        assert!(moved > 0.0 && moved < 100.0, "{size}: {moved}");
        harness.get_by_label("End and score").click();
        harness.run_steps(4);
        assert_eq!(desk.borrow().drill, Some(DrillRequest::End));
        assert!(matches!(
            desk.borrow().views.dialog,
            Some(OpenDialog::Drill)
        ));
    }
}

#[test]
fn drill_dialog_focuses_the_first_exercise_and_lists_what_it_undoes() {
    let (desk, mut harness) = with_exercises(egui::vec2(800.0, 600.0));
    desk.borrow_mut().views.open(OpenDialog::Drill);
    harness.run_steps(4);
    let first = format!("Start: {NAME}");
    assert!(harness.get_by_label(&first).is_focused());
    let said = "Left from earlier: ENG-LT-030: isolated. Starting cancels and releases that, as a colleague would";
    assert!(harness.query_by_label(said).is_some());
    harness
        .get_by_label("Put back and start: At odds with a colleague")
        .click();
    harness.run_steps(4);
    assert_eq!(desk.borrow().drill, Some(DrillRequest::Begin(1)));
    assert!(desk.borrow().views.dialog.is_none());
    // While one is running, Enter does not end it.
    begin(&desk, &mut harness);
    desk.borrow_mut().views.open(OpenDialog::Drill);
    harness.run_steps(4);
    assert!(harness.get_by_label("Back to the exercise").is_focused());
    let ends = harness.get_all_by_label("End and score").last();
    ends.expect("in the dialog").click_accesskit();
    harness.run_steps(2);
    assert_eq!(desk.borrow().drill, Some(DrillRequest::End));
    let drill = |desk: &Shared, sheet: Option<&str>| {
        let drill = &mut desk.borrow_mut().views.drill;
        (drill.running, drill.is_scoring) = (None, sheet.is_none());
        drill.sheet = sheet.map(str::to_owned);
    };
    drill(&desk, None);
    harness.run_steps(3);
    assert!(harness.query_by_label("Calculating the score…").is_some());
    assert!(harness.get_by_label("Close").is_focused());
    drill(&desk, Some("A beacon with a twin: 100 of 100"));
    harness.run_steps(3);
    assert!(
        harness
            .query_by_label("A beacon with a twin: 100 of 100")
            .is_some()
    );
    assert!(harness.get_by_label("Close").is_focused());
}
