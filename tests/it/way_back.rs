//! Contained devices, who contained them, and their release, as far back as the service keeps actions.

use cordon::action::ActionKind;
use cordon::guard::Ownership;
use cordon::state::{Contained, WayBack};
use egui::Key;

use crate::common::{Console, machine_named, signed_in};

fn row<'a>(rows: &'a [Contained], name: &str) -> Option<&'a Contained> {
    let mut rows = rows.iter();
    rows.find(|row| row.machine.dns_name.as_deref() == Some(name))
}

#[test]
fn order_that_is_not_ours_is_not_released_as_mine() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machine = engine.loaded("ENG-LT-030");
    let draft = cordon_draft(&machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    // A colleague is first; the service responds with their action.
    let id = machine.id.as_str();
    engine.control.never_finish(id);
    let theirs = engine.colleague(id, "Isolate", "ransomware");
    engine.send(cordon::message::Command::Submit(vec![approval]));
    let end = engine.until_end(draft.entry);
    assert!(
        matches!(end, cordon::journal::OrderStatus::NotOurs { .. }),
        "{end:?}"
    );
    assert!(engine.control.set_status(&theirs, "Succeeded"));
    let id = machine.id.clone();
    engine.until_fast("their end", |s| {
        let known = s.known_actions(&id);
        known
            .iter()
            .any(|a| a.status.as_wire() == "Succeeded" && a.kind.as_wire() == "Isolate")
    });
    let rows = engine.state.contained();
    let theirs = row(&rows, "ENG-LT-030").expect("it is contained");
    assert_eq!(theirs.whose(), Some(Ownership::NotOurs));
    assert!(!WayBack::of(&rows).to_release.contains(&machine));
}

fn cordon_draft(machine: &cordon::model::MachineRef) -> cordon::action::Draft {
    crate::common::Engine::draft(ActionKind::Isolate, machine)
}

#[test]
fn release_offer_names_devices_already_being_released() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    let confirm = |console: &mut Console, verb: &str| {
        console.fill("Comment", "alert 1234");
        console.confirm(&format!("{verb} {}", machine.quoted()));
    };
    console.click("Isolate…");
    confirm(&mut console, "Isolate");
    console.step_until_fast("the isolation", |c| {
        let way_back = WayBack::of(&c.state().contained());
        way_back.to_release == [machine.clone()]
    });
    let id = machine_named(&console.control, "ENG-LT-030");
    console.control.never_finish(id.as_str());
    console.harness.key_press(Key::F6);
    console.until_shows("Release what you isolated (1)…");
    console.click("Release what you isolated (1)…");
    confirm(&mut console, "Release");
    console.until_shows_part("Yours: 1 being released");
    assert!(console.shows("Release what you isolated (0)…"));
}

#[test]
fn contained_device_is_released_by_its_name_also_among_others() {
    let mut console = Console::signed_in();
    let printer = unmanaged(&console);
    let laptop = machine_named(&console.control, "ENG-LT-030");
    for (id, kind) in [
        (printer, ActionKind::Contain),
        (laptop, ActionKind::Isolate),
    ] {
        let machine = console.state().machine(&id).expect("known").reference();
        let name = machine.dns_name.clone().expect("a name");
        let machine = console.open_device(&name);
        console.order(kind, &machine, "INC-4711 beacon");
        console.step_until_fast("its end", |c| {
            let last = c.state().entries.last().expect("an entry");
            last.status().is_end()
        });
    }
    console.harness.key_press(Key::F6);
    console.until_shows("Release what you isolated (2)…");
    console.click("Release what you isolated (2)…");
    let others = "Not included: “LAB-NEXT-01” (…";
    console.until_shows_part(others);
    console.fill("Comment", "INC-4711 clean");
    console.confirm("Release 2 devices");
    console.step_until_fast("both released", |c| {
        let entries = c.state().entries.iter();
        c.state().entries.len() == 4 && entries.clone().all(|e| e.status().is_end())
    });
    let entries = console.state().entries.iter();
    let mut kinds: Vec<_> = entries
        .filter_map(|e| e.order.task.kind())
        .skip(2)
        .collect();
    kinds.sort_unstable();
    let wanted = [ActionKind::Unisolate, ActionKind::ReleaseContainment];
    assert_eq!(kinds, wanted);
}

/// The device without a sensor.
fn unmanaged(console: &Console) -> cordon::model::MachineId {
    let all = console.state().inventory.all().iter();
    let mut unmanaged = all.filter(|machine| machine.is_unmanaged());
    unmanaged.next().expect("the tenant has one").id.clone()
}

#[test]
fn containments_are_looked_up_as_far_back_as_the_service_keeps_them() {
    let (_simulator, _folder, mut engine) = signed_in();
    engine.until("the older ones", |s| s.containments.value.is_some());
    let look = *engine.state.containments.get().expect("read");
    let days = jiff::Timestamp::now().duration_since(look.since).as_hours() / 24;
    assert_eq!(days, 180);
    assert!(look.is_complete);
    let asked = engine.control.requests().into_iter();
    let asked: Vec<_> = asked
        .filter(|r| r.query.contains("RestrictCodeExecution") && r.query.contains("Unisolate"))
        .collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].status, Some(200));

    let rows = engine.state.contained();
    let oldest = rows.first().expect("something is contained");
    assert_eq!(oldest.machine.dns_name.as_deref(), Some("LAB-NEXT-01"));
    let age = jiff::Timestamp::now().duration_since(oldest.since().expect("its time"));
    assert_eq!(age.as_hours() / 24, 99, "not read with the last weeks");
    assert!(!oldest.in_force.is_empty() && oldest.pending.is_none());
}

#[test]
fn unreadable_older_containments_are_reported_with_their_date() {
    let mut console = Console::signed_in();
    console.step_until("the older ones", |c| c.state().containments.value.is_some());
    console.harness.key_press(Key::F6);
    console.until_shows("Contained now");
    assert!(!console.shows_part("Not checked"));
    console.inject("machine_actions", "forbidden", 0);
    console.harness.key_press(Key::F5);
    console.step_until("the unread period", |c| {
        c.state().containments.failure.is_some() && c.shows_part("Not checked: recent isolations")
    });
}
