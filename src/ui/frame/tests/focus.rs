//! Tab on each page: every tab stop is visible, named, ringed, and reached once, in order.

use std::collections::BTreeSet;

use egui::accesskit::{NodeId, Role as Part};
use egui::{Color32, Modifiers, Pos2, Rect, Shape};

use super::*;
use crate::action::{ActionKind, Order, Subject};
use crate::journal::{Author, Entry, NotSentReason, Record};
use crate::model::{EntryId, MachineRef};
use crate::settings::Settings;
use crate::state::fixtures;
use crate::ui::order::NewForm;
use crate::ui::sign_in::profiles::{ProfilesPage, profiles_ui};
use crate::ui::theme::tokens::Tokens;
use crate::ui::views::{OpenDialog, Screen};

/// The focused widget.
#[derive(Debug, Clone)]
struct TabStop {
    id: NodeId,
    name: String,
    role: Part,
    rect: Rect,
}

fn stop(harness: &Harness<'static>) -> Option<TabStop> {
    // Not the focus in the tree: there a row represents its table.
    let id = harness.ctx.memory(egui::Memory::focused)?.accesskit_id();
    let mut focused = harness.query_all_by(|node| node.locate().0 == id);
    let node = focused.next()?;
    let inner = node.accesskit_node();
    Some(TabStop {
        id,
        name: inner.label().or_else(|| inner.value()).unwrap_or_default(),
        role: inner.role(),
        rect: node.rect(),
    })
}

/// Every focus ring painted, and whether all of it is visible.
fn rings(harness: &Harness<'static>) -> Vec<(Rect, bool)> {
    fn gather(shape: &Shape, clip: Rect, colours: &[Color32], into: &mut Vec<(Rect, bool)>) {
        let is_whole = clip.expand(0.5).contains_rect(shape.visual_bounding_rect());
        let is_ring = |stroke: egui::Stroke| stroke.width >= 2.0 && colours.contains(&stroke.color);
        if let Shape::Vec(shapes) = shape {
            for shape in shapes {
                gather(shape, clip, colours, into);
            }
        } else if let Shape::Circle(circle) = shape {
            let rect = shape.visual_bounding_rect().intersect(clip);
            into.extend(is_ring(circle.stroke).then_some((rect, is_whole)));
        } else if let Shape::Rect(rect) = shape {
            into.extend(is_ring(rect.stroke).then(|| (rect.rect.intersect(clip), is_whole)));
        }
    }
    let tokens = [&Tokens::DARK, &Tokens::LIGHT];
    let colours = tokens
        .map(|tokens| [tokens.focus, tokens.demo.text])
        .concat();
    let mut rings = Vec::new();
    for clipped in &harness.output().shapes {
        gather(&clipped.shape, clipped.clip_rect, &colours, &mut rings);
    }
    rings
}

/// Presses Tab for a full cycle, checking that the user can see and use every stop.
fn walk(harness: &mut Harness<'static>, size: egui::Vec2, page: &str) -> Vec<TabStop> {
    const MAX_STOPS: usize = 120;
    let window = Rect::from_min_size(Pos2::ZERO, size).expand(1.0);
    let mut stops: Vec<TabStop> = Vec::new();
    let mut known = BTreeSet::new();
    for _ in 0..MAX_STOPS {
        harness.key_press(Key::Tab);
        harness.run_steps(4);
        let Some(stop) = stop(harness) else {
            // Between two cycles, nothing is focused.
            continue;
        };
        if stops.first().is_some_and(|first| first.id == stop.id) {
            return stops;
        }
        assert!(
            known.insert(stop.id),
            "{page}: reached twice within one cycle: {stop:?}"
        );
        assert!(!stop.name.trim().is_empty(), "{page}: no name: {stop:?}");
        assert_ne!(stop.role, Part::Unknown, "{page}: {stop:?}");
        assert_ne!(stop.role, Part::GenericContainer, "{page}: {stop:?}");
        assert!(
            window.contains_rect(stop.rect),
            "{page}: outside the window: {stop:?}"
        );
        let is_ringed = rings(harness)
            .iter()
            .any(|(ring, _)| ring.is_positive() && stop.rect.expand(6.0).contains_rect(*ring));
        assert!(is_ringed, "{page}: no ring: {stop:?}");
        stops.push(stop);
    }
    let names: Vec<_> = stops.iter().map(|stop| &stop.name).collect();
    panic!("{page}: Tab does not cycle: {names:?}");
}

fn names(stops: &[TabStop]) -> Vec<&str> {
    stops.iter().map(|stop| stop.name.as_str()).collect()
}

fn select(desk: &Shared, id: &str) {
    let mut desk = desk.borrow_mut();
    let id = MachineId::parse(id).expect("a literal id");
    desk.views.selected = desk.state.machine(&id).map(|machine| machine.reference());
}

fn isolate_form(desk: &mut Desk, machine: MachineRef) -> Option<OpenDialog> {
    let subject = Subject::Act(ActionKind::Isolate);
    let form = NewForm::new(subject, &[machine]);
    let _load = form.open(&desk.state, &mut desk.views, 0.0, at(1));
    desk.views.dialog.take()
}

#[test]
fn resizing_the_window_keeps_the_focus_on_the_safe_button() {
    let (desk, mut harness) = wide(signed_in());
    select(&desk, FIN);
    harness.run_steps(3);
    {
        let desk = &mut *desk.borrow_mut();
        let machine = desk.views.selected.clone().expect("a device is selected");
        desk.views.dialog = isolate_form(desk, machine);
    }
    harness.run_steps(3);
    for width in [700.0, 1400.0] {
        harness.set_size(egui::vec2(width, 700.0));
        harness.run_steps(3);
        let focused = stop(&harness).expect("something has the keyboard");
        assert_eq!(focused.name, "Cancel", "at {width}");
    }
}

const WIDE_WINDOW: egui::Vec2 = egui::vec2(1400.0, 900.0);
const SMALL_WINDOW: egui::Vec2 = egui::vec2(800.0, 600.0);

#[test]
fn tab_goes_from_the_list_to_the_panel_and_the_strip() {
    for (chosen, selects) in [(None, false), (Some(FIN), false), (Some(FIN), true)] {
        let (desk, mut harness) = desk(signed_in(), WIDE_WINDOW);
        if let Some(id) = chosen {
            select(&desk, id);
        }
        if selects {
            let mut desk = desk.borrow_mut();
            desk.views.bulk_selection = desk.views.selected.iter().cloned().collect();
        }
        harness.run_steps(60);
        let stops = walk(&mut harness, WIDE_WINDOW, "devices");
        let names = names(&stops);
        let at = |name: &str| {
            let found = names.iter().position(|known| *known == name);
            found.unwrap_or_else(|| panic!("{name} in {names:?}"))
        };
        // A full cycle, wherever it starts.
        let after = |one: &str, other: &str| {
            (at(other) + names.len() - at("Search devices")) % names.len()
                > (at(one) + names.len() - at("Search devices")) % names.len()
        };
        assert!(
            after("Search devices", "Column heads, for sorting"),
            "{names:?}"
        );
        assert!(after("Column heads, for sorting", "Devices"), "{names:?}");
        assert!(after("Devices", "Journal"), "{names:?}");
        assert!(after("Journal", "Sign out"), "{names:?}");
        if chosen.is_some() {
            assert!(after("Devices", "Isolate…"), "{names:?}");
            assert!(after("Isolate…", "Journal"), "{names:?}");
        }
        if selects {
            let bar = [
                "Devices",
                "Isolate 1 device…",
                "Release 1 device…",
                "More actions on the selected devices",
                "Clear selection",
                "Isolate…",
            ];
            let in_order = bar.windows(2).all(|pair| after(pair[0], pair[1]));
            assert!(
                in_order,
                "the button that clears the selection is last: {names:?}"
            );
        }
        let heads = names.iter().filter(|name| name.starts_with("Sort by"));
        assert_eq!(heads.count(), 0, "the heads are one tab stop");
    }
}

#[test]
fn small_window_has_no_focus_trap_in_list_and_panel() {
    let (desk, mut harness) = desk(signed_in(), SMALL_WINDOW);
    harness.run_steps(3);
    let stops = walk(&mut harness, SMALL_WINDOW, "small list");
    assert!(names(&stops).contains(&"Devices"));
    select(&desk, FIN);
    harness.run_steps(3);
    let stops = walk(&mut harness, SMALL_WINDOW, "small panel");
    let names = names(&stops);
    assert!(names.contains(&"Back to the list") && names.contains(&"Isolate…"));
}

#[test]
fn resizing_the_window_leaves_no_gap_below_a_banner() {
    let mut state = signed_in();
    let long = "A problem whose words need a second line in a narrow window ".repeat(3);
    state.apply(Event::Problem(Explanation::harmless(long, NextStep::None)));
    let (_, mut harness) = desk(state, WIDE_WINDOW);
    harness.run_steps(3);
    for size in [egui::vec2(560.0, 600.0), WIDE_WINDOW, SMALL_WINDOW] {
        harness.set_size(size);
        harness.step();
        let at_once = harness.get_by_label("Search devices").rect();
        harness.run_steps(3);
        let later = harness.get_by_label("Search devices").rect();
        assert_eq!(at_once, later, "{size:?}");
    }
}

#[test]
fn no_page_has_a_focus_trap() {
    for size in [WIDE_WINDOW, SMALL_WINDOW] {
        for screen in [Screen::Contained, Screen::Settings] {
            let (desk, mut harness) = desk(signed_in(), size);
            desk.borrow_mut().views.show(screen);
            harness.run_steps(3);
            let page = format!("{screen:?} at {size:?}");
            assert!(stop(&harness).is_some(), "{page} takes the focus");
            assert!(walk(&mut harness, size, &page).len() > 3);
        }
        let mut signed_out = State::new(Mode::Live, "Commercial", Policy::default());
        set(&mut signed_out, SessionStatus::SignedOut);
        let (_, mut harness) = desk(signed_out, size);
        walk(&mut harness, size, "sign-in");
        let (_, mut harness) = desk(waiting(900), size);
        walk(&mut harness, size, "code");
    }
}

/// An order with its own tag on a device, with these records.
fn ordered(n: u32, batch: Option<EntryId>, records: Vec<Record>) -> Entry {
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let tag = format!("cdn-0000000{n}");
    let order = Order {
        batch,
        plan: None,
        ..fixtures::order(&tag, machine, ActionKind::Isolate)
    };
    let author = Author {
        tenant: account().tenant_id.as_str().into(),
        ..fixtures::author()
    };
    fixtures::entry_at(at(1), author, order, records)
}

#[test]
fn activity_focus_order_is_attention_batch_rows() {
    let refused = || Record::Refused {
        status: 403,
        code: "Forbidden".into(),
        message: "no".into(),
    };
    let withdrawn = || Record::NotSent {
        why: NotSentReason::Withdrawn,
        detail: None,
    };
    for size in [WIDE_WINDOW, SMALL_WINDOW] {
        let mut state = signed_in();
        let batch = EntryId::parse("cdn-00000002");
        state.apply(Event::Entries(vec![
            ordered(1, None, vec![Record::Sent, refused()]),
            ordered(2, batch, vec![Record::Sent, refused()]),
            ordered(3, batch, vec![withdrawn()]),
        ]));
        let (_, mut harness) = desk(state, size);
        harness.run_steps(5);
        let page = format!("activity at {size:?}");
        let stops = walk(&mut harness, size, &page);
        let names = names(&stops);
        let first = |name: &str| {
            let found = names.iter().position(|known| known.starts_with(name));
            found.unwrap_or_else(|| panic!("{page}: {name} in {names:?}"))
        };
        let row = "Show details of “HR-LT-007” (…aaaa): Isolate device";
        // With little room, all rows are in one list, those that need attention first.
        assert!(
            size == SMALL_WINDOW
                || first("Acknowledge") < first(row)
                || first("Review and send (1)…") < first(row),
            "{names:?}"
        );
        // Every row can be expanded, and those that need attention can be acknowledged.
        for name in [row, "Acknowledge", "Show device", "Review and send (1)…"] {
            first(name);
        }
        let start = first("Search devices");
        let after = |name: &str| (first(name) + names.len() - start) % names.len();
        assert!(after("Devices") < after(row), "{names:?}");
        let in_strip = if size == WIDE_WINDOW {
            "Journal"
        } else {
            "Menu"
        };
        assert!(after(row) < after(in_strip), "{names:?}");
    }
}

#[test]
fn profiles_page_has_no_focus_trap() {
    let text = "default = \"Contoso\"\n\
        [profile.Contoso]\ncloud = \"Commercial\"\ntenant = \"contoso.com\"\n\
        client_id = \"11111111-2222-4333-8444-555555555555\"\n\
        [profile.Broken]\ntenant = \"not a tenant\"\n";
    let file = std::path::PathBuf::from("settings.toml");
    for (size, text) in [
        (WIDE_WINDOW, ""),
        (WIDE_WINDOW, text),
        (SMALL_WINDOW, ""),
        (SMALL_WINDOW, text),
    ] {
        let settings = Settings::parse(text, &file).expect("TOML");
        let mut page = ProfilesPage::new(file.clone(), &settings, None, None);
        let mut harness = Harness::builder()
            .with_size(size)
            .with_context_setup(|ctx: &egui::Context| theme::apply(ctx))
            .build_ui(move |ui: &mut Ui| {
                profiles_ui(ui, &mut page);
            });
        harness.run_steps(3);
        let page = format!("profiles at {size:?}, {} saved", settings.profiles.len());
        let stops = walk(&mut harness, size, &page);
        let names = names(&stops);
        for name in ["Name", "Tenant", "Client id"] {
            assert!(
                names.iter().any(|known| known.contains(name)),
                "{page}: {name} in {names:?}"
            );
        }
    }
}

#[test]
fn no_dialog_has_a_focus_trap() {
    for size in [WIDE_WINDOW, SMALL_WINDOW] {
        for name in ["keys", "account", "compare", "form", "sign out", "deletion"] {
            let (desk, mut harness) = desk(signed_in(), size);
            {
                let mut desk = desk.borrow_mut();
                let desk = &mut *desk;
                let id = MachineId::parse(FIN).expect("a literal id");
                let record = desk.state.machine(&id).expect("in the list").clone();
                let machine = record.reference();
                desk.views.dialog = match name {
                    "keys" => Some(OpenDialog::Keys),
                    "account" => Some(OpenDialog::Account),
                    "compare" => Some(OpenDialog::Compare(machine)),
                    "sign out" => Some(OpenDialog::ConfirmSignOut),
                    "deletion" => Some(OpenDialog::ConfirmDeletion),
                    _ => isolate_form(desk, machine),
                };
            }
            harness.run_steps(4);
            let page = format!("{name} at {size:?}");
            assert!(!walk(&mut harness, size, &page).is_empty(), "{page}");
        }
    }
}

#[test]
fn page_takes_the_focus_and_returns_it_to_its_opener() {
    let (desk, mut harness) = desk(signed_in(), WIDE_WINDOW);
    harness.get_by_label("Settings").focus();
    harness.run_steps(2);
    desk.borrow_mut().views.show(Screen::Settings);
    harness.run_steps(3);
    let on_page = stop(&harness).expect("a focused widget on the page");
    assert_ne!(on_page.name, "Settings");
    desk.borrow_mut().views.screen = Screen::Devices;
    harness.run_steps(3);
    assert!(harness.get_by_label("Settings").is_focused());
}

#[test]
fn narrow_window_focuses_the_panel_and_escape_goes_back() {
    let (desk, mut harness) = desk(signed_in(), egui::vec2(640.0, 360.0));
    harness.get_by_role(Part::Table).focus();
    harness.run_steps(2);
    select(&desk, FIN);
    harness.run_steps(3);
    assert!(harness.get_by_label("Back to the list").is_focused());
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(stop(&harness).map(|stop| stop.role), Some(Part::Table));
    assert_eq!(selected(&desk).as_deref(), Some(FIN), "the selection stays");
}

#[test]
fn focused_button_shows_no_tip_without_hover() {
    let (desk, mut harness) = desk(signed_in(), WIDE_WINDOW);
    select(&desk, FIN);
    harness.run_steps(3);
    let hint = ActionKind::Isolate.spec().consequence;
    harness.get_by_label("Isolate…").focus();
    harness.key_press_modifiers(Modifiers::NONE, Key::F24);
    harness.run_steps(30);
    assert!(
        harness.query_by_label(hint).is_none(),
        "only hovering shows the tip"
    );
}

#[test]
fn escape_that_closes_a_menu_does_not_leave_the_page() {
    let (desk, mut harness) = desk(signed_in(), SMALL_WINDOW);
    desk.borrow_mut().views.show(Screen::Contained);
    harness.run_steps(3);
    harness.get_by_label("Menu").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Theme: system").is_some());
    for (page, is_open) in [(Screen::Contained, false), (Screen::Devices, false)] {
        harness.key_press(Key::Escape);
        harness.run_steps(3);
        assert_eq!(desk.borrow().views.screen, page);
        assert_eq!(harness.query_by_label("Theme: system").is_some(), is_open);
    }
}

#[test]
fn escape_in_a_settings_field_keeps_the_focus_on_the_page() {
    let (desk, mut harness) = desk(signed_in(), WIDE_WINDOW);
    desk.borrow_mut().views.show(Screen::Settings);
    harness.run_steps(3);
    harness.get_by_label("Protected names").focus();
    harness.run_steps(2);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(desk.borrow().views.screen, Screen::Settings);
    let focused = stop(&harness).expect("something has the keyboard");
    assert_eq!(focused.name, "Back to the list");
}

#[test]
fn focus_ring_of_the_first_activity_row_is_not_cut() {
    let refused = Record::Refused {
        status: 403,
        code: "Forbidden".into(),
        message: "no".into(),
    };
    for records in [vec![Record::Sent], vec![Record::Sent, refused]] {
        let mut state = signed_in();
        state.apply(Event::Entries(vec![ordered(1, None, records)]));
        let (_, mut harness) = desk(state, WIDE_WINDOW);
        let fold = "Show details of “HR-LT-007” (…aaaa): Isolate device";
        harness.get_by_label(fold).focus();
        harness.run_steps(3);
        let rect = harness.get_by_label(fold).rect();
        let is_around =
            |ring: &Rect| ring.contains_rect(rect) && rect.expand(3.0).contains_rect(*ring);
        let mut rings = rings(&harness).into_iter();
        assert!(
            rings.any(|(ring, is_whole)| is_whole && is_around(&ring)),
            "{rect}"
        );
    }
}
