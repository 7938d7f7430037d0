//! The tag that goes with a containment, from its order's row in Activity.

use super::*;
use crate::action::{ActionKind, Subject, TAG, Task, Value};
use crate::journal::{Entry, Record};
use crate::state::fixtures;
use crate::ui::views::OpenDialog;

const CONTAINED: &str = "contained INC-4711";
const ADD: &str = "Add tag “contained INC-4711”…";
const REMOVE: &str = "Remove tag “contained INC-4711”…";

/// A successful order on HR under the ticket.
fn done(tag: &str, task: Task) -> Entry {
    let action = MachineActionId::parse(tag).expect("a literal id");
    let finished = fixtures::finished(action.as_str(), MachineActionStatus::Succeeded);
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let mut order = fixtures::order(tag, machine, ActionKind::Isolate);
    order.comment = "INC-4711 beacon".into();
    order.task = task;
    let records = vec![Record::Sent, finished];
    fixtures::entry_at(at(0), fixtures::author(), order, records)
}

fn plain(kind: ActionKind) -> Task {
    Task::Act {
        kind,
        values: crate::action::Values::default(),
    }
}

fn tagged(tag: &str) -> Task {
    Task::Act {
        kind: ActionKind::AddTag,
        values: std::iter::once((&TAG, Value::Text(tag.into()))).collect(),
    }
}

/// Reads HR's record, with these tags.
fn read(desk: &Shared, harness: &mut Harness<'static>, tags: Option<&[&str]>) {
    let mut record = Machine::clone(&machine(HR, "HR-LT-007"));
    let tags = tags.map(|tags| tags.iter().map(|tag| Box::from(*tag)).collect());
    record.machine_tags = tags;
    let news = InventoryNews::Page(vec![Arc::new(record)]);
    desk.borrow_mut().state.apply(Event::Inventory {
        epoch: Epoch(0),
        news,
    });
    harness.run_steps(3);
}

fn opened(entries: Vec<Entry>) -> (Shared, Harness<'static>) {
    let mut state = signed_in();
    for entry in entries {
        state.apply(Event::Entry(Box::new(entry)));
    }
    desk(state, egui::vec2(2200.0, 1200.0))
}

/// Presses it, and checks the form that opens.
fn form_of(desk: &Shared, harness: &mut Harness<'static>, button: &str, kind: ActionKind) {
    harness.get_by_label(button).click_accesskit();
    harness.run_steps(4);
    let desk = desk.borrow();
    let Some(OpenDialog::Form(form)) = &desk.views.dialog else {
        panic!("{button}: no form");
    };
    let devices: Vec<_> = form.targets.iter().map(|t| t.machine.id.as_str()).collect();
    assert_eq!(devices, [HR]);
    assert_eq!(form.draft.subject, Subject::Act(kind));
    assert_eq!(form.draft.text(&TAG), CONTAINED);
    assert_eq!(form.ticket, "INC-4711");
}

#[test]
fn containment_under_a_ticket_offers_its_tag() {
    let kinds = [
        ActionKind::Isolate,
        ActionKind::Contain,
        ActionKind::RestrictCodeExecution,
    ];
    for kind in kinds {
        let (desk, mut harness) = opened(vec![done("cdn-00000001", plain(kind))]);
        let offers = |harness: &Harness<'static>| harness.query_by_label(ADD).is_some();
        assert!(!offers(&harness), "the device's tags are unknown");
        read(&desk, &mut harness, Some(&["contained INC-4712"]));
        assert!(offers(&harness), "another tag");
        read(&desk, &mut harness, Some(&["Contained INC-4711"]));
        assert!(!offers(&harness), "the device has the tag in another case");
        read(&desk, &mut harness, Some(&[]));
        form_of(&desk, &mut harness, ADD, ActionKind::AddTag);
    }
}

#[test]
fn release_offers_to_remove_the_tag_added_from_here() {
    let release = || done("cdn-00000003", plain(ActionKind::Unisolate));
    let (desk, mut harness) = opened(vec![
        done("cdn-00000001", plain(ActionKind::Isolate)),
        done("cdn-00000002", tagged(CONTAINED)),
        release(),
    ]);
    let offers = |harness: &Harness<'static>| harness.query_by_label(REMOVE).is_some();
    assert!(!offers(&harness), "the device's tags are unknown");
    read(&desk, &mut harness, Some(&["contained INC-4712"]));
    assert!(!offers(&harness), "the tag was removed already");
    read(&desk, &mut harness, Some(&["vip", CONTAINED]));
    assert!(offers(&harness));
    assert!(harness.query_by_label(ADD).is_none(), "no longer contained");
    // The restriction is still in force.
    let restricted = MachineActionType::RestrictCodeExecution;
    let event = succeeded("r1", restricted, HR);
    desk.borrow_mut().state.apply(event);
    harness.run_steps(3);
    assert!(!offers(&harness), "still contained");

    let (desk, mut harness) = opened(vec![done("cdn-00000002", tagged(CONTAINED)), release()]);
    read(&desk, &mut harness, Some(&["vip", CONTAINED]));
    form_of(&desk, &mut harness, REMOVE, ActionKind::RemoveTag);
    // Set by a colleague.
    let (desk, mut harness) = opened(vec![release()]);
    read(&desk, &mut harness, Some(&[CONTAINED]));
    assert!(!offers(&harness));
}
