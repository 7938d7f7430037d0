//! Application of events.

use std::sync::Arc;

use super::*;
use crate::guard::Policy;
use crate::model::{Machine, MachineActionId, MachineActionType, Merge, Mode};
use crate::state::fixtures::{machine, page};

fn state() -> State {
    State::new(Mode::Demo, "Demo", Policy::default())
}

#[test]
fn twins_are_found_by_look_and_names_in_any_spelling() {
    let mut state = state();
    let names = [
        machine("a1", "DC01.contoso.com"),
        machine("a2", "D\u{421}01"),
        machine("a3", "DC02"),
        machine("a4", "Jane\u{2019}s Mac"),
    ];
    page(&mut state, &names);
    let twins = state.namesakes(&state.inventory.all()[0].reference());
    assert_eq!(twins.len(), 1);
    assert_eq!(twins[0].id.as_str(), "a2");
    let places = |name: &str| state.inventory.places_named(name).collect::<Vec<_>>();
    for name in ["dc01", "DC01.CONTOSO.COM.", "dc\u{200b}01"] {
        assert_eq!(places(name), [0], "{name}");
    }
    assert_eq!(places("jane's mac"), [3]);
    assert_eq!(places("dc01.fabrikam.com"), Vec::<usize>::new());
}

#[test]
fn pages_are_merged_by_id_and_twins_are_found_by_short_name() {
    let mut state = state();
    page(
        &mut state,
        &[
            machine("a1", "FIN-LT-042"),
            machine("b2", "fin-lt-042.contoso.com"),
        ],
    );
    page(
        &mut state,
        &[machine("a1", "FIN-LT-042"), machine("c3", "FIN-LT-0421")],
    );
    assert_eq!(state.inventory.all().len(), 3);
    let twin = state.namesakes(&state.inventory.all()[0].reference());
    assert_eq!(
        twin.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(),
        ["b2"]
    );
}

#[test]
fn complete_reading_drops_missing_devices_and_incomplete_one_keeps_them() {
    let mut state = state();
    page(&mut state, &[machine("a1", "one"), machine("b2", "two")]);
    let done = |incomplete: Option<&str>| Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Done {
            at: Timestamp::UNIX_EPOCH,
            unreadable: 0,
            incomplete: incomplete.map(str::to_owned),
            seen: vec![MachineId::parse("b2").expect("a literal id")],
        },
    };
    state.apply(done(Some("the list was cut short")));
    assert_eq!(state.inventory.all().len(), 2);
    state.apply(done(None));
    assert_eq!(state.inventory.all().len(), 1);
    assert!(
        state
            .inventory
            .get(&MachineId::parse("b2").expect("a literal id"))
            .is_some()
    );
}

#[test]
fn status_is_never_overwritten_by_an_older_reading() {
    let mut state = state();
    let action = |status, updated| {
        let id = MachineActionId::parse("a").expect("a literal id");
        let mut action = MachineAction::bare(id, MachineActionType::Isolate, status);
        action.last_updated = Timestamp::from_second(updated).ok();
        action.machine_id = MachineId::parse("a1").ok();
        Event::Actions {
            epoch: Epoch(0),
            actions: vec![action],
        }
    };
    let machine = MachineId::parse("a1").expect("a literal id");
    for (status, updated, shown) in [
        (MachineActionStatus::InProgress, 20, "InProgress"),
        (MachineActionStatus::Pending, 10, "InProgress"),
        (MachineActionStatus::Succeeded, 15, "Succeeded"),
        (MachineActionStatus::Pending, 15, "Succeeded"),
        // A newer reading with an earlier status.
        (MachineActionStatus::Pending, 30, "Pending"),
    ] {
        state.apply(action(status, updated));
        assert_eq!(state.known_actions(&machine)[0].status.as_wire(), shown);
    }
}

#[test]
fn sparse_reading_keeps_an_actions_type_scope_and_requestor() {
    let mut state = state();
    let machine = MachineId::parse("a1").expect("a literal id");
    let bare = |kind| {
        let id = MachineActionId::parse("a").expect("a literal id");
        let mut action = MachineAction::bare(id, kind, MachineActionStatus::Pending);
        action.machine_id = Some(machine.clone());
        action
    };
    let full = MachineAction {
        scope: Some("Full".into()),
        requestor: Some("sam@contoso.com".into()),
        ..bare(MachineActionType::Isolate)
    };
    for action in [full.clone(), bare(MachineActionType::missing())] {
        state.apply(Event::Actions {
            epoch: Epoch(0),
            actions: vec![action],
        });
    }
    assert_eq!(state.known_actions(&machine), [full]);
}

#[test]
fn another_account_sees_nothing_of_the_previous_one_and_late_data_is_dropped() {
    let mut state = state();
    page(&mut state, &[machine("a1", "one")]);
    state.apply(Event::Session {
        status: SessionStatus::SignedOut,
        epoch: Epoch(1),
    });
    assert!(state.inventory.all().is_empty());
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Page(vec![machine("a1", "one")]),
    });
    assert!(state.inventory.all().is_empty());
}

#[test]
fn open_order_is_found_on_the_record_that_its_device_was_merged_into() {
    use crate::action::{ActionKind, Order, Task};
    let mut state = state();
    let mut old = Machine::bare(MachineId::parse("a1").expect("a literal id"));
    old.merge = Merge::Into(MachineId::parse("b2").expect("a literal id"));
    let ordered_on = old.reference();
    page(&mut state, &[Arc::new(old), machine("b2", "one")]);
    let author = crate::journal::Author {
        mode: "DEMO".into(),
        tenant: "t".into(),
        object_id: "o".into(),
        account: "jane".into(),
    };
    let order = Order {
        entry: crate::model::EntryId::parse("cdn-00000001").expect("a literal tag"),
        machine: ordered_on,
        comment: "why".into(),
        batch: None,
        plan: None,
        task: Task::Act {
            kind: ActionKind::Isolate,
            values: crate::action::Values::default(),
        },
    };
    state.apply(Event::Entry(Box::new(Entry::new(author, order))));
    let left = state.inventory.all()[1].reference();
    let open = state.with_facts(&left, Timestamp::UNIX_EPOCH, |f| f.open_orders.len());
    assert_eq!(open, 1);
}
