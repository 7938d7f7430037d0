//! The page of an incident: its content, its actions, and the links to it.

use super::*;
use crate::action::{ActionKind, TAG};
use crate::journal::{Author, Entry, Format, Record};
use crate::message::{ExportTo, Exported};
use crate::state::fixtures;
use crate::ui::palette::Palette;
use crate::ui::views::{OpenDialog, Screen};

/// A device without a known record.
const OTHER: &str = "4e5bc9d7e413ddd7902c2932e418702b84d0cccc";
const TENANT: &str = "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10";

fn isolation(id: &str, machine: &str, by: &str, comment: &str) -> MachineAction {
    let mut action = MachineAction::bare(
        MachineActionId::parse(id).expect("a literal id"),
        MachineActionType::Isolate,
        MachineActionStatus::Succeeded,
    );
    action.machine_id = MachineId::parse(machine).ok();
    action.requestor = Some(by.into());
    action.requestor_comment = Some(comment.into());
    action.created = Some(at(0));
    action.last_updated = action.created;
    action
}

/// Jane isolated one device under the ticket, Sam another one.
fn incident() -> State {
    let mut state = signed_in();
    state.apply(Event::Actions {
        epoch: Epoch(0),
        actions: vec![
            isolation(
                "j1",
                HR,
                "jane@contoso.com",
                "[cdn-00000001] INC-4711 beacon",
            ),
            isolation("s1", TWIN, "sam@contoso.com", "inc-4711: same beacon"),
        ],
    });
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let mut order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
    order.comment = "INC-4711 beacon".into();
    let done = fixtures::finished("j1", MachineActionStatus::Succeeded);
    let author = Author {
        tenant: TENANT.into(),
        ..fixtures::author()
    };
    let entry: Entry = fixtures::entry_at(at(0), author, order, vec![Record::Sent, done]);
    state.apply(Event::Entry(Box::new(entry)));
    let file = "/data/journal.sqlite".into();
    let put_aside = Vec::new();
    let found = crate::message::JournalNews::Found { file, put_aside };
    state.apply(Event::JournalWork(found));
    state
}

fn page(size: [f32; 2]) -> (Shared, Harness<'static>) {
    let (desk, mut harness) = desk(incident(), size.into());
    desk.borrow_mut().views.show_incident("INC-4711");
    harness.run_steps(40);
    (desk, harness)
}

fn press(harness: &mut Harness<'static>, label: &str) {
    harness.get_by_label(label).click_accesskit();
    harness.run_steps(4);
}

#[test]
fn incident_lists_devices_and_orders_and_releases_own_ones() {
    for size in [[1400.0, 900.0], [800.0, 600.0], [640.0, 360.0]] {
        let (desk, mut harness) = page(size);
        harness.get_by_label_contains("2 devices, 2 contained or about to be");
        harness.get_by_label_contains("1 requested by others");
        harness.get_by_label("Show “HR-LT-007” (…aaaa)");
        harness.get_by_label("INC-4711 beacon");
        harness.get_by_label("inc-4711: same beacon");
        press(&mut harness, "Release all of this incident (1)…");
        let desk = desk.borrow();
        let Some(OpenDialog::Form(form)) = &desk.views.dialog else {
            panic!("{size:?}: no form");
        };
        let devices: Vec<_> = form.targets.iter().map(|t| t.machine.id.as_str()).collect();
        assert_eq!(devices, [HR], "not the device that Sam isolated");
        assert_eq!(form.ticket, "INC-4711");
        drop(desk);
        harness.run_steps(4);
        let why = "Not included: “fin-lt-042.contoso.com” (…bbbb, isolated by sam@contoso.com)";
        let said = harness.get_by_label(why).rect();
        let comment = harness.get_all_by_label("Comment").last().expect("a field");
        let below = comment.rect().top();
        assert!(said.bottom() < below, "{size:?}: {said} over {below}");
    }
}

/// A device that another ticket needs contained too is named, and not released by one click; if there is no
/// other, the form includes it.
#[test]
fn device_held_by_another_ticket_is_left_out_until_put_back() {
    let jane = "jane@contoso.com";
    let also = |id: &str, machine: &str| MachineAction {
        created: Some(at(60)),
        last_updated: Some(at(60)),
        ..isolation(id, machine, jane, "INC-2 ransomware")
    };
    let shown = |actions: Vec<MachineAction>| {
        let mut state = incident();
        let epoch = Epoch(0);
        state.apply(Event::Actions { epoch, actions });
        let (desk, mut harness) = desk(state, egui::vec2(1400.0, 900.0));
        desk.borrow_mut().views.show_incident("INC-4711");
        harness.run_steps(40);
        press(&mut harness, "Release all of this incident (1)…");
        (desk, harness)
    };
    let ids = |targets: &[crate::ui::order::FormTarget]| {
        let ids = targets.iter().map(|target| target.machine.id.to_string());
        ids.collect::<Vec<_>>()
    };
    let more = isolation("j2", OTHER, jane, "INC-4711 beacon");
    let (desk, mut harness) = shown(vec![more, also("j3", OTHER)]);
    {
        let desk = desk.borrow();
        let Some(OpenDialog::Form(form)) = &desk.views.dialog else {
            panic!("no form");
        };
        assert_eq!(
            (ids(&form.targets), ids(&form.left_out)),
            (vec![HR.to_owned()], vec![OTHER.to_owned()])
        );
    }
    harness.run_steps(4);
    harness.get_by_label_contains("also isolated under INC-2 by you at ");
    let (desk, _harness) = shown(vec![also("j3", HR)]);
    let desk = desk.borrow();
    let Some(OpenDialog::Form(form)) = &desk.views.dialog else {
        panic!("no form");
    };
    assert_eq!(
        (ids(&form.targets), form.left_out.len()),
        (vec![HR.to_owned()], 0)
    );
}

#[test]
fn incident_is_tagged_in_one_batch_and_handed_over() {
    let (desk, mut harness) = page([1400.0, 900.0]);
    press(&mut harness, "Copy hand-over");
    {
        let desk = desk.borrow();
        let Some(Command::ExportJournal(wanted)) = desk.work.last() else {
            panic!("{:?}", desk.work);
        };
        assert_eq!(wanted.to, ExportTo::Clipboard);
        let Exported::Ticket {
            ticket,
            entries,
            others,
        } = &wanted.what
        else {
            panic!("{:?}", wanted.what);
        };
        assert_eq!((&**ticket, entries.len(), others.len()), ("INC-4711", 1, 1));
        assert_eq!(others[0].machine.id.as_str(), TWIN);
    }
    press(&mut harness, "Tag 2 devices…");
    let desk = desk.borrow();
    let Some(OpenDialog::Form(form)) = &desk.views.dialog else {
        panic!("no form");
    };
    assert_eq!(form.targets.len(), 2);
    assert_eq!(form.draft.text(&TAG), "INC-4711");
}

#[test]
fn another_ticket_shows_nothing_of_the_previous_one() {
    let (desk, mut harness) = page([1400.0, 900.0]);
    desk.borrow_mut().views.show_incident("INC-4712");
    harness.run_steps(1);
    assert!(harness.query_by_label("INC-4711 beacon").is_none());
    harness.run_steps(4);
    harness.get_by_label("No order, comment or tag carries INC-4712");
    press(&mut harness, "Incident INC-4711");
    harness.get_by_label("INC-4711 beacon");
}

#[test]
fn palette_panel_activity_and_journal_link_to_the_incident() {
    let typed = |desk: &Shared| {
        let views = &desk.borrow().views;
        (views.screen == Screen::Incident).then(|| views.incident.ticket())
    };
    let wanted = Some("INC-4711".to_owned());
    let (desk, mut harness) = wide(incident());
    let palette = OpenDialog::Palette(Box::<Palette>::default());
    desk.borrow_mut().views.open(palette);
    harness.run_steps(4);
    harness.event(egui::Event::Text("inc-4711".to_owned()));
    harness.run_steps(4);
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    assert_eq!(typed(&desk).map(|t| t.to_uppercase()), wanted, "palette");

    let (desk, mut harness) = wide(incident());
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    desk.borrow_mut().views.show_device(machine);
    harness.run_steps(4);
    let top = |label| harness.get_by_label(label).rect().top();
    let above = top("Recent actions");
    assert!(
        above < top("Incident INC-4711"),
        "it does not move the alerts"
    );
    press(&mut harness, "Incident INC-4711");
    assert_eq!(typed(&desk), wanted, "panel");

    let (desk, mut harness) = wide(incident());
    press(&mut harness, "INC-4711");
    assert_eq!(typed(&desk), wanted, "activity");

    let (desk, mut harness) = wide(incident());
    desk.borrow_mut().views.show(Screen::Contained);
    harness.run_steps(4);
    {
        let mut ways = harness.query_all_by_label_contains("Incident ");
        ways.next().expect("a link").click_accesskit();
    }
    harness.run_steps(4);
    assert!(typed(&desk).is_some(), "contained now");
}

/// In a low window the head scrolls with the rows and must be counted only once.
#[test]
fn page_with_scrolling_head_ends_with_its_last_row() {
    let (desk, mut harness) = desk(incident(), [800.0, 420.0].into());
    for screen in [Screen::Incident, Screen::Journal, Screen::Contained] {
        if screen == Screen::Incident {
            desk.borrow_mut().views.show_incident("INC-4711");
        } else {
            desk.borrow_mut().views.show(screen);
        }
        harness.run_steps(6);
        let over = egui::pos2(200.0, 200.0);
        table::wheel(&mut harness, over, egui::vec2(0.0, -1e7));
        harness.run_steps(10);
        let last = match screen {
            Screen::Journal => "HR-LT-007",
            Screen::Incident => "INC-4711 beacon",
            Screen::Devices | Screen::Contained | Screen::Settings => "(…bbbb)",
        };
        let activity = harness.get_by_label("Height of the activity").rect();
        let rows = harness.query_all_by_label_contains(last);
        let bottom = rows
            .map(|row| row.rect().bottom())
            .filter(|bottom| *bottom < activity.bottom())
            .fold(0.0, f32::max);
        let gap = activity.top() - bottom;
        assert!(
            (0.0..80.0).contains(&gap),
            "{screen:?}: {gap} below the last row"
        );
    }
}

#[test]
fn incident_is_copied_as_html_by_the_same_writer() {
    let (desk, mut harness) = page([1400.0, 900.0]);
    for (label, format) in [
        ("Copy hand-over", Format::Markdown),
        ("Copy hand-over as HTML", Format::Html),
    ] {
        press(&mut harness, label);
        let desk = desk.borrow();
        let Some(Command::ExportJournal(wanted)) = desk.work.last() else {
            panic!("{:?}", desk.work);
        };
        assert_eq!((wanted.format, &wanted.to), (format, &ExportTo::Clipboard));
        assert!(matches!(wanted.what, Exported::Ticket { .. }), "{label}");
    }
}

/// A colleague's ticket in the field would look intended.
#[test]
fn colleagues_ticket_is_never_the_default() {
    let mut state = signed_in();
    let id = MachineActionId::parse("act-1").expect("a literal id");
    let mut isolated = MachineAction::bare(
        id,
        MachineActionType::Isolate,
        MachineActionStatus::Succeeded,
    );
    isolated.machine_id = MachineId::parse(FIN).ok();
    isolated.requestor = Some("s.weber@contoso.com".into());
    isolated.requestor_comment = Some("INC-19704 old".into());
    state.apply(Event::Actions {
        epoch: Epoch(0),
        actions: vec![isolated],
    });
    let mut views = Views {
        shown: MachineId::parse(FIN).ok(),
        ..Views::default()
    };
    assert_eq!(crate::ui::incident_meant(&state, &mut views), "");
}

#[test]
fn incident_and_journal_pages_focus_their_field() {
    for (screen, field) in [
        (Screen::Incident, "Ticket"),
        (Screen::Journal, "Search the journal"),
    ] {
        let (desk, mut harness) = desk(incident(), egui::vec2(800.0, 600.0));
        desk.borrow_mut().views.show(screen);
        harness.run_steps(4);
        let text = egui::accesskit::Role::TextInput;
        // Buttons appear and wrap while a ticket is typed.
        for letter in "INC-4711".chars() {
            harness.event(egui::Event::Text(letter.to_string()));
            harness.run_steps(3);
            let mut fields = harness.query_all_by_label(field);
            let node = fields.find(|node| node.accesskit_node().role() == text);
            assert!(
                node.is_some_and(|node| node.is_focused()),
                "{field}: {letter}"
            );
        }
        let desk = desk.borrow();
        let typed = if screen == Screen::Incident {
            &desk.views.incident.typed
        } else {
            &desk.views.journal.query.text
        };
        assert_eq!(typed, "INC-4711");
    }
}

#[test]
fn typing_on_a_page_opened_with_a_ticket_replaces_the_ticket() {
    let (desk, mut harness) = page([1400.0, 900.0]);
    harness.event(egui::Event::Text("CASE-77".to_owned()));
    harness.run_steps(2);
    assert_eq!(desk.borrow().views.incident.typed, "CASE-77");
}

/// Sam's isolation, repeated by Jane under her own ticket.
#[test]
fn repeated_isolation_stays_in_the_incident_of_the_first_requestor() {
    let mut state = incident();
    let again = MachineAction {
        created: Some(at(5)),
        last_updated: Some(at(5)),
        ..isolation("j2", TWIN, "jane@contoso.com", "INC-4799 also mine")
    };
    let epoch = Epoch(0);
    let actions = vec![again];
    state.apply(Event::Actions { epoch, actions });
    let (desk, mut harness) = desk(state, egui::vec2(1400.0, 900.0));
    desk.borrow_mut().views.show_incident("INC-4711");
    harness.run_steps(40);
    harness.get_by_label_contains("2 devices, 2 contained or about to be");
    harness.get_by_label_contains("Not included: 1 requested by others");
    harness.get_by_label_contains("by sam@contoso.com, again by you, since");
    assert!(
        harness
            .query_by_label_contains("Release all of this incident (1)")
            .is_some()
    );
    press(&mut harness, "Copy hand-over");
    {
        let desk = desk.borrow();
        let Some(Command::ExportJournal(wanted)) = desk.work.last() else {
            panic!("{:?}", desk.work);
        };
        let Exported::Ticket { others, .. } = &wanted.what else {
            panic!("{:?}", wanted.what);
        };
        assert_eq!(others.len(), 1);
    }
    desk.borrow_mut().views.show(Screen::Contained);
    harness.run_steps(4);
    harness.get_by_label("Release what you isolated (1)…");
    harness.get_by_label_contains("inc-4711: same beacon");
    harness.get_by_label_contains("INC-4799 also mine");
    harness.get_by_label("Incident INC-4799");
}

/// Each condition has its own start and reason.
#[test]
fn each_condition_shows_its_start_and_requestor() {
    let mut state = incident();
    let jane = "jane@contoso.com";
    let restricted = MachineAction {
        kind: MachineActionType::RestrictCodeExecution,
        created: Some(at(20)),
        last_updated: Some(at(20)),
        ..isolation("j4", OTHER, jane, "INC-4711 too")
    };
    let epoch = Epoch(0);
    let actions = vec![isolation("j3", OTHER, jane, "no ticket"), restricted];
    state.apply(Event::Actions { epoch, actions });
    let (desk, mut harness) = desk(state, egui::vec2(1400.0, 900.0));
    desk.borrow_mut().views.show_incident("INC-4711");
    harness.run_steps(40);
    let words = harness.get_by_label_contains("estricted · by");
    let words = words.accesskit_node().value().unwrap_or_default();
    let (isolated, restricted) = words.split_once("; ").expect(&words);
    assert!(isolated.starts_with("Isolated · by you, since"), "{words}");
    assert!(isolated.ends_with("without this ticket"), "{words}");
    assert!(
        restricted.starts_with("restricted · by you, since"),
        "{words}"
    );
    assert!(!restricted.contains("without this ticket"), "{words}");
}

/// The buttons act on the ticket typed now.
#[test]
fn typing_another_ticket_disables_the_previous_ones_buttons() {
    for size in [[1400.0, 900.0], [800.0, 420.0]] {
        let (desk, mut harness) = page(size);
        harness.get_by_label("Release all of this incident (1)…");
        let text = egui::accesskit::Role::TextInput;
        {
            let mut fields = harness.query_all_by_label("Ticket");
            let field = fields.find(|node| node.accesskit_node().role() == text);
            field.expect("the field").focus();
        }
        harness.run_steps(2);
        harness.key_press(Key::End);
        harness.run_steps(1);
        harness.event(egui::Event::Text("2".to_owned()));
        harness.run_steps(1);
        assert_eq!(desk.borrow().views.incident.ticket(), "INC-47112");
        assert!(harness.query_by_label("INC-4711 beacon").is_none());
        let one = harness.query_by_label("Release all of this incident (1)…");
        assert!(one.is_none(), "{size:?}");
    }
}

#[test]
fn strip_has_an_incident_button() {
    let (desk, mut harness) = desk(incident(), egui::vec2(2200.0, 900.0));
    press(&mut harness, "Incident");
    assert_eq!(desk.borrow().raised, [UiCommand::ShowIncident]);
}
