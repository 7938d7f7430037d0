//! The window for a screen reader: every control is named, and each change of a status is announced once.

use std::collections::BTreeMap;

use egui::accesskit::{Live, Role as Part};

use super::*;
use crate::action::ActionKind;
use crate::journal::Record;
use crate::state::fixtures;
use crate::ui::views::{OpenDialog, Screen};

/// Roles that can be operated.
const WORKED: [Part; 17] = [
    Part::Button,
    Part::CheckBox,
    Part::ColumnHeader,
    Part::ComboBox,
    Part::DisclosureTriangle,
    Part::Link,
    Part::ListBox,
    Part::ListBoxOption,
    Part::MultilineTextInput,
    Part::RadioButton,
    Part::Row,
    Part::ScrollBar,
    Part::Slider,
    Part::SpinButton,
    Part::Splitter,
    Part::Table,
    Part::TextInput,
];

/// Operable widgets without a name.
fn nameless(harness: &Harness<'static>) -> Vec<String> {
    let nodes = harness.query_all_by(|node| WORKED.contains(&node.role()) && !node.is_hidden());
    let nameless = nodes.filter(|node| {
        let label = node.accesskit_node().label().unwrap_or_default();
        label.trim().is_empty()
    });
    nameless
        .map(|node| format!("{:?} at {:?}", node.accesskit_node().role(), node.rect()))
        .collect()
}

fn ordered(records: Vec<Record>) -> Event {
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
    let author = crate::journal::Author {
        tenant: "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10".into(),
        ..fixtures::author()
    };
    let entry = fixtures::entry_at(at(0), author, order, records);
    Event::Entry(Box::new(entry))
}

/// The device's history, read again.
fn isolation(status: MachineActionStatus) -> Event {
    let id = MachineActionId::parse("j1").expect("a literal id");
    let mut action = MachineAction::bare(id, MachineActionType::Isolate, status);
    action.machine_id = MachineId::parse(HR).ok();
    action.requestor = Some("jane@contoso.com".into());
    action.created = Some(at(0));
    action.last_updated = Some(at(0));
    Event::History {
        epoch: Epoch(0),
        id: MachineId::parse(HR).expect("a literal id"),
        result: Ok(vec![action].into()),
        at: at(0),
    }
}

#[test]
fn every_control_has_a_name_on_every_page() {
    let dialogs: [fn() -> Option<OpenDialog>; 4] = [
        || None,
        || Some(OpenDialog::Keys),
        || Some(OpenDialog::About),
        || Some(OpenDialog::Compare(machine(FIN, "FIN-LT-042").reference())),
    ];
    let screens = [
        Screen::Devices,
        Screen::Contained,
        Screen::Journal,
        Screen::Incident,
        Screen::Settings,
    ];
    for size in [[1400.0, 900.0], [640.0, 360.0]] {
        let mut state = signed_in();
        state.apply(ordered(vec![Record::Sent]));
        let (desk, mut harness) = desk(state, size.into());
        desk.borrow_mut().views.selected = Some(machine(FIN, "FIN-LT-042").reference());
        for screen in screens {
            desk.borrow_mut().views.show(screen);
            for dialog in dialogs {
                desk.borrow_mut().views.dialog = dialog();
                harness.run_steps(4);
                let found = nameless(&harness);
                assert!(found.is_empty(), "{size:?} {screen:?}: {found:?}");
            }
        }
    }
}

/// Announcements of a screen reader, by node.
fn spoken(harness: &Harness<'static>) -> BTreeMap<String, String> {
    let live = harness.query_all_by(|node| node.live() != Live::Off && !node.is_hidden());
    let live = live.map(|node| {
        let node = node.accesskit_node();
        let said = node.label().or_else(|| node.value());
        (format!("{:?}", node.id()), said.unwrap_or_default())
    });
    live.collect()
}

/// New or changed announcements.
fn news(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let is_new = |(id, said): &(&String, &String)| before.get(*id) != Some(*said);
    let said = after.iter().filter(is_new).map(|(_, said)| said.clone());
    said.collect()
}

#[test]
fn each_status_change_is_announced_once() {
    let finished = |status| fixtures::finished("j1", status);
    let accepted = Record::Accepted {
        action: MachineActionId::parse("j1").expect("a literal id"),
        status: MachineActionStatus::Pending,
    };
    for (status, word) in [
        (MachineActionStatus::Succeeded, "Isolated"),
        (MachineActionStatus::Failed, "Failed"),
    ] {
        let (desk, mut harness) = wide(signed_in());
        // The panel announces the device's state, the list the order's outcome.
        let device = fixtures::machine_ref(HR, Some("HR-LT-007"));
        desk.borrow_mut().views.show_device(device);
        let steps = [
            (
                MachineActionStatus::Pending,
                vec![Record::Sent, accepted.clone()],
                "Accepted",
            ),
            (
                status.clone(),
                vec![Record::Sent, accepted.clone(), finished(status)],
                word,
            ),
        ];
        desk.borrow_mut().state.apply(ordered(vec![Record::Sent]));
        harness.run_steps(4);
        for (status, records, word) in steps {
            let before = spoken(&harness);
            {
                let state = &mut desk.borrow_mut().state;
                state.apply(ordered(records));
                state.apply(isolation(status));
            }
            harness.run_steps(4);
            let news = news(&before, &spoken(&harness));
            let said = news.iter().filter(|said| said.contains(word)).count();
            assert_eq!(said, 1, "{word}: {news:?}");
        }
    }
}

/// An order on that device with these records.
fn of_kind(tag: &str, kind: ActionKind, records: Vec<Record>) -> Event {
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let author = crate::journal::Author {
        tenant: "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10".into(),
        ..fixtures::author()
    };
    let order = fixtures::order(tag, machine, kind);
    Event::Entry(Box::new(fixtures::entry_at(at(0), author, order, records)))
}

#[test]
fn isolation_outcome_is_named_before_other_conditions() {
    let unknown = || {
        vec![
            Record::Sent,
            Record::Unknown {
                why: "timed out".into(),
            },
        ]
    };
    for (records, reported) in [
        (unknown(), "Isolation outcome unknown; restricted"),
        (
            vec![Record::Sent, Record::NotFound],
            "Isolation not found; restricted",
        ),
    ] {
        let mut state = signed_in();
        let restricted = MachineActionType::RestrictCodeExecution;
        state.apply(succeeded("r1", restricted, HR));
        state.apply(of_kind("cdn-00000001", ActionKind::Isolate, records));
        // The newer order is less important.
        state.apply(of_kind("cdn-00000002", ActionKind::AddTag, unknown()));
        let (_, harness) = wide(state);
        let name = format!("HR-LT-007 (…aaaa), {reported}");
        assert!(harness.query_by_label(&name).is_some(), "{name}");
    }
    // A condition in force comes first.
    let mut state = signed_in();
    let machine = fixtures::machine_ref(FIN, Some("FIN-LT-042"));
    let order = fixtures::order("cdn-00000001", machine, ActionKind::Unisolate);
    let entry = fixtures::entry_at(at(0), fixtures::author(), order, unknown());
    state.apply(Event::Entry(Box::new(entry)));
    let (_, harness) = wide(state);
    let name = "FIN-LT-042 (…9c07), Isolated; release outcome unknown";
    assert!(harness.query_by_label(name).is_some());
}
