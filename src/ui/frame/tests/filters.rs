//! The quick filters above the list.

use egui::accesskit::{Role as Part, Toggled};
use egui::{Pos2, Rect};

use super::*;
use crate::model::RiskScore;
use crate::search::Quick;

const LABELS: [&str; Quick::ALL.len()] = [
    "Contained",
    "Pending",
    "High risk or above",
    "Order problem",
    "Not active",
    "Mine",
];

fn fleet() -> State {
    let mut state = signed_in();
    let mut risky = (*machine(HR, "HR-LT-007")).clone();
    risky.risk_score = Some(RiskScore::High);
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Page(vec![Arc::new(risky)]),
    });
    state
}

fn toggled(harness: &Harness<'static>, name: &str) -> Option<Toggled> {
    harness.get_by_label(name).accesskit_node().toggled()
}

fn rows(harness: &Harness<'static>) -> Vec<String> {
    let rows = harness.query_all_by(|node| node.role() == Part::Row);
    let name = |label: String| label.split(' ').next().map(ToOwned::to_owned);
    let mut rows: Vec<_> = rows
        .filter_map(|row| name(row.accesskit_node().label()?))
        .collect();
    rows.sort();
    rows
}

#[test]
fn filter_toggles_its_word_and_keeps_the_others() {
    let (desk, mut harness) = wide(fleet());
    harness.get_by_label("Search devices").type_text("lt");
    harness.run_steps(2);
    let search = |desk: &Shared| desk.borrow().views.search.clone();
    harness.get_by_label("Filter: High risk or above").click();
    harness.run_steps(3);
    assert_eq!(search(&desk), "lt risk:high+");
    assert_eq!(rows(&harness), ["HR-LT-007"]);
    assert_eq!(
        toggled(&harness, "Filter: High risk or above"),
        Some(Toggled::True)
    );
    assert_eq!(toggled(&harness, "Filter: Contained"), Some(Toggled::False));
    // If set by key, it keeps the focus.
    let chip = harness.get_by_label("Filter: High risk or above");
    assert!(chip.is_focused());
    harness.key_press(Key::Space);
    harness.run_steps(3);
    assert_eq!(search(&desk), "lt");
    assert_eq!(rows(&harness).len(), 3);
    harness.get_by_label("Filter: Contained").click();
    harness.run_steps(3);
    assert_eq!(search(&desk), "lt state:contained");
    assert_eq!(rows(&harness), ["FIN-LT-042"]);
    // A typed filter word sets the chip as well.
    desk.borrow_mut().views.search = "-Health:Active RISK:high+".into();
    harness.run_steps(3);
    for name in ["Filter: High risk or above", "Filter: Not active"] {
        assert_eq!(toggled(&harness, name), Some(Toggled::True), "{name}");
    }
    // A search for an id ignores the filters.
    desk.borrow_mut().views.search = FIN.into();
    harness.run_steps(3);
    let chip = harness.get_by_label("Filter: High risk or above");
    assert!(chip.accesskit_node().is_disabled());
}

#[test]
fn contained_and_pending_filters_match_every_kind_of_action() {
    let mut state = fleet();
    let act = |id: &str, kind, status| {
        let of = MachineActionId::parse(&format!("{id:.6}")).expect("a literal id");
        let mut action = MachineAction::bare(of, kind, status);
        action.machine_id = MachineId::parse(id).ok();
        action
    };
    state.apply(Event::Actions {
        epoch: Epoch(0),
        actions: vec![
            act(
                HR,
                MachineActionType::RestrictCodeExecution,
                MachineActionStatus::Succeeded,
            ),
            // The state column does not mention it.
            act(
                HR,
                MachineActionType::RunAntiVirusScan,
                MachineActionStatus::InProgress,
            ),
            // Already isolated, and requested again.
            act(
                FIN,
                MachineActionType::Isolate,
                MachineActionStatus::InProgress,
            ),
            act(
                TWIN,
                MachineActionType::Isolate,
                MachineActionStatus::Pending,
            ),
        ],
    });
    let (desk, mut harness) = wide(state);
    for (search, found) in [
        ("state:contained", &["FIN-LT-042", "HR-LT-007"][..]),
        ("state:pending", &["FIN-LT-042", "fin-lt-042.contoso.com"]),
        ("state:contained -state:pending", &["HR-LT-007"]),
    ] {
        desk.borrow_mut().views.search = search.into();
        harness.run_steps(3);
        assert_eq!(rows(&harness), found, "{search}");
    }
}

#[test]
fn own_requests_are_found_by_journal_and_history() {
    let mut state = fleet();
    let act = |id: &str, by: &str| {
        let of = MachineActionId::parse(&format!("{id:.6}")).expect("a literal id");
        let status = MachineActionStatus::Succeeded;
        let mut action = MachineAction::bare(of, MachineActionType::Isolate, status);
        action.machine_id = MachineId::parse(id).ok();
        action.requestor = Some(by.into());
        action
    };
    state.apply(Event::Actions {
        epoch: Epoch(0),
        actions: vec![
            act(HR, "Jane@contoso.com"),
            act(TWIN, "s.weber@contoso.com"),
        ],
    });
    let (desk, mut harness) = wide(state);
    desk.borrow_mut().views.search = "state:requested-by-me".into();
    harness.run_steps(3);
    assert_eq!(rows(&harness), ["HR-LT-007"]);
    let author = crate::journal::Author {
        mode: "LIVE".into(),
        tenant: account().tenant_id.as_str().into(),
        object_id: "o".into(),
        account: "jane@contoso.com at Commercial".into(),
    };
    let machine = crate::state::fixtures::machine_ref(FIN, Some("FIN-LT-042"));
    let order =
        crate::state::fixtures::order("cdn-00000001", machine, crate::action::ActionKind::Isolate);
    let sent = vec![crate::journal::Record::Sent];
    let sent = crate::state::fixtures::entry_at(at(14), author, order, sent);
    let apply = |entry| desk.borrow_mut().state.apply(Event::Entry(Box::new(entry)));
    apply(sent);
    harness.run_steps(3);
    assert_eq!(rows(&harness), ["FIN-LT-042", "HR-LT-007"]);
}

#[test]
fn filters_take_no_room_from_the_rows_and_fit_every_window() {
    for size in [(1400.0, 900.0), (800.0, 600.0)] {
        let (desk, mut harness) = desk(fleet(), size.into());
        let window = Rect::from_min_size(Pos2::ZERO, size.into());
        let search = harness.get_by_label("Search devices").rect();
        let heads = harness.get_by_label("Column heads, for sorting").rect();
        let between = heads.top() - search.bottom();
        assert!(between < 64.0, "{size:?}: {between}");
        for label in LABELS {
            let chip = harness.get_by_label(&format!("Filter: {label}")).rect();
            assert!(window.contains_rect(chip), "{size:?}: {label} at {chip:?}");
            assert!(chip.top() > search.bottom() - 1.0 && chip.bottom() < heads.top() + 1.0);
        }
        let place = |harness: &Harness<'static>| {
            LABELS.map(|label| harness.get_by_label(&format!("Filter: {label}")).rect())
        };
        let before = place(&harness);
        harness.get_by_label("Filter: High risk or above").click();
        harness.run_steps(3);
        assert_eq!(place(&harness), before, "{size:?}: no chip moves");
        // A note about the list takes precedence: the filters are then in a menu.
        let failed = Explanation::harmless("Defender has a problem", NextStep::TryAgain);
        desk.borrow_mut().state.apply(Event::Inventory {
            epoch: Epoch(0),
            news: InventoryNews::Failed(failed),
        });
        harness.run_steps(3);
        if harness
            .query_by_label("Filter: High risk or above")
            .is_none()
        {
            harness.get_by_label("Filters (1)").click();
            harness.run_steps(3);
        }
        harness.get_by_label("Filter: High risk or above").click();
        harness.run_steps(3);
        assert_eq!(desk.borrow().views.search, "", "{size:?}");
    }
}

#[test]
fn filter_shows_its_count_and_removes_its_opposite() {
    let (desk, mut harness) = wide(fleet());
    desk.borrow_mut().views.search = "-state:contained -risk:high+".into();
    harness.run_steps(3);
    assert_eq!(rows(&harness), ["fin-lt-042.contoso.com"]);
    harness.get_by_label("Filter: Contained").click();
    harness.run_steps(3);
    assert_eq!(desk.borrow().views.search, "-risk:high+ state:contained");
    assert_eq!(rows(&harness), ["FIN-LT-042"]);
    let chip = harness.get_by_label("Filter: High risk or above");
    let said = chip.accesskit_node().description().unwrap_or_default();
    assert!(said.contains("1 device in the list"), "{said}");
}

#[test]
fn filter_keeps_the_open_device_while_it_matches() {
    let (desk, mut harness) = wide(fleet());
    harness.get_by_label("FIN-LT-042 (…9c07), Isolated").click();
    harness.run_steps(3);
    let press = |harness: &mut Harness<'static>, label: &str| {
        harness.get_by_label(label).click();
        harness.run_steps(3);
    };
    for _ in 0..2 {
        press(&mut harness, "Filter: Contained");
        assert_eq!(selected(&desk).as_deref(), Some(FIN));
    }
    // With a word that matches several devices, one of them selected.
    desk.borrow_mut().views.search = "lt".into();
    harness.run_steps(3);
    assert_eq!(selected(&desk), None, "another search");
    harness.get_by_label("FIN-LT-042 (…9c07), Isolated").click();
    harness.run_steps(3);
    press(&mut harness, "Filter: Not active");
    assert_eq!(rows(&harness).len(), 3);
    assert_eq!(selected(&desk).as_deref(), Some(FIN));
    press(&mut harness, "Filter: High risk or above");
    assert_eq!(selected(&desk), None, "the open device does not match");
}

#[test]
fn search_is_saved_chosen_and_removed_by_name() {
    let (desk, mut harness) = wide(fleet());
    let saved = |desk: &Shared, text: &str| {
        let mut rules = crate::settings::Rules::default();
        let key = crate::settings::RuleKey::SavedSearches;
        text.clone_into(rules.written.text_mut(key));
        desk.borrow_mut().state.apply(Event::Settings {
            file: None,
            news: Box::new(crate::message::SettingsNews::Saved(Ok(rules))),
        });
    };
    let changes = |desk: &Shared| match desk.borrow_mut().work.pop() {
        Some(Command::SaveSettings(changes)) => changes[0].clone(),
        other => panic!("{other:?}"),
    };
    let press = |harness: &mut Harness<'static>, label: &str| {
        harness.get_by_label(label).click_accesskit();
        harness.run_steps(4);
    };
    desk.borrow_mut().views.search = "risk:high".into();
    harness.run_steps(2);
    press(&mut harness, "Saved searches");
    harness.get_by_label("Name for this search").focus();
    harness.run_steps(2);
    harness.event(egui::Event::Text("Hot".into()));
    harness.run_steps(2);
    press(&mut harness, "Save this search");
    assert_eq!(changes(&desk).to, "Hot: risk:high");
    saved(&desk, "Hot: risk:high\nSilent: -health:active");
    desk.borrow_mut().views.search.clear();
    harness.run_steps(4);
    press(&mut harness, "Remove the saved search Silent");
    let change = changes(&desk);
    assert_eq!(change.from, "Hot: risk:high\nSilent: -health:active");
    assert_eq!(change.to, "Hot: risk:high");
    press(&mut harness, "Search: Hot");
    assert_eq!(desk.borrow().views.search, "risk:high");
    assert_eq!(rows(&harness), ["HR-LT-007"]);
    // The same with a few letters.
    desk.borrow_mut().views.search.clear();
    let palette = crate::ui::palette::Palette::default();
    let palette = crate::ui::views::OpenDialog::Palette(Box::new(palette));
    desk.borrow_mut().views.open(palette);
    harness.run_steps(4);
    harness.get_by_label_contains("Search: Hot, risk:high");
    harness.event(egui::Event::Text("hot".to_owned()));
    harness.run_steps(4);
    harness.get_by_label_contains("Search: Hot, risk:high");
}

#[test]
fn search_without_matches_explains_the_syntax() {
    let (desk, mut harness) = wide(fleet());
    desk.borrow_mut().views.search = "lt risk:low".into();
    harness.run_steps(3);
    harness.get_by_label_contains("Every word has to match");
    harness.get_by_label("Without “risk:low”").click_accesskit();
    harness.run_steps(3);
    assert_eq!(desk.borrow().views.search, "lt");
}

#[test]
fn filters_without_room_are_in_a_menu_within_the_window() {
    let size = egui::vec2(640.0, 360.0);
    let (desk, mut harness) = desk(fleet(), size);
    let window = Rect::from_min_size(Pos2::ZERO, size);
    let heads = harness.get_by_label("Column heads, for sorting").rect();
    for name in ["Filters", "Saved searches"] {
        let button = harness.get_by_label(name).rect();
        assert!(button.bottom() < heads.top() + 1.0, "{name} at {button:?}");
    }
    harness.get_by_label("Filters").click();
    harness.run_steps(3);
    for label in LABELS {
        let chip = harness.get_by_label(&format!("Filter: {label}")).rect();
        assert!(window.contains_rect(chip), "{label} at {chip:?}");
    }
    harness.get_by_label("Filter: High risk or above").click();
    harness.run_steps(3);
    assert_eq!(desk.borrow().views.search, "risk:high+");
    harness.get_by_label("Filters (1)");
}

#[test]
fn escape_clears_typed_text_but_no_filter() {
    let (desk, mut harness) = wide(fleet());
    let search = |desk: &Shared| desk.borrow().views.search.clone();
    harness.get_by_label("Filter: High risk or above").click();
    harness.run_steps(3);
    harness.get_by_label("Search devices").focus();
    harness.run_steps(2);
    harness.key_press(Key::End);
    harness.get_by_label("Search devices").type_text(" lt");
    harness.run_steps(3);
    assert_eq!(search(&desk), "risk:high+ lt");
    for times in 1..4 {
        harness.key_press(Key::Escape);
        harness.run_steps(3);
        assert_eq!(search(&desk), "risk:high+", "{times} times");
    }
    let table = egui::Id::unique("devices table");
    assert!(harness.ctx.memory(|memory| memory.has_focus(table)));
}

/// If one Esc returns the focus to the search, a second one must not clear it.
#[test]
fn escape_that_closes_something_else_keeps_the_search() {
    let (desk, mut harness) = wide(fleet());
    for (search, from) in [("lt", None), ("nothing-such", Some("Contained now"))] {
        desk.borrow_mut().views.focus_search = true;
        harness.run_steps(3);
        desk.borrow_mut().views.search = search.into();
        harness.run_steps(3);
        if let Some(from) = from {
            harness.get_by_label(from).focus();
        } else {
            desk.borrow_mut()
                .views
                .open(crate::ui::views::OpenDialog::Keys);
        }
        harness.run_steps(3);
        for times in 1..4 {
            harness.key_press(Key::Escape);
            harness.run_steps(4);
            assert_eq!(desk.borrow().views.search, search, "{times} times");
        }
    }
}

#[test]
fn filters_keep_their_place_without_a_list() {
    let empty = || {
        let mut state = State::new(Mode::Live, "Commercial", Policy::default());
        set(&mut state, fixtures::signed_in(account()));
        state
    };
    let rect = |harness: &Harness<'static>| harness.get_by_label("Filter: Pending").rect();
    let (_desk, read) = wide(fleet());
    let mut failed = empty();
    failed.inventory.failure = Some(Explanation::harmless("no line", NextStep::None));
    for state in [empty(), failed] {
        let (desk, mut harness) = wide(state);
        assert_eq!(rect(&harness), rect(&read));
        let is_disabled = |harness: &Harness<'static>| {
            let chip = harness.get_by_label("Filter: Pending");
            chip.accesskit_node().is_disabled()
        };
        assert!(is_disabled(&harness), "it would match nothing");
        desk.borrow_mut().views.search = "state:pending".into();
        harness.run_steps(3);
        assert_eq!(toggled(&harness, "Filter: Pending"), Some(Toggled::True));
        assert!(!is_disabled(&harness), "a set filter can be cleared");
    }
}

#[test]
fn unlisted_name_in_a_line_is_reported_with_a_query_button() {
    let (desk, mut harness) = wide(signed_in());
    let mut says = |search: &str| {
        desk.borrow_mut().views.search = search.into();
        harness.run_steps(3);
        let mut notes = harness.query_all_by_label_contains("the list: ");
        let note = notes.next().and_then(|note| note.accesskit_node().value());
        let mut offers = harness.query_all_by_label_contains("Ask Defender for “LAPTOP-777”");
        (note, offers.next().is_some())
    };
    let missing = |names: &str| Some(format!("Not in what was read of the list: {names}"));
    assert_eq!(
        says("INC-4713 beacon on FIN-LT-042 and LAPTOP-777, isolate both"),
        (missing("LAPTOP-777"), true)
    );
    assert_eq!(
        says("FIN-LT-042 talks to 10.20.99.99"),
        (missing("10.20.99.99"), false)
    );
    assert_eq!(
        says("FIN-LT-042\nLAPTOP-777\nHR-LT-007\nSRV9901\n10.20.99.99"),
        (missing("LAPTOP-777, SRV9901, 10.20.99.99"), true)
    );
    assert_eq!(says("INC-4713 FIN-LT-042 and HR-LT-007"), (None, false));
}

#[test]
fn partial_name_shows_how_many_names_contain_it() {
    let (desk, mut harness) = wide(signed_in());
    for (search, count) in [
        ("fin-lt-04", "2 names contain it"),
        ("HR-LT-00", "1 name contains it"),
    ] {
        desk.borrow_mut().views.search = search.into();
        harness.run_steps(3);
        let words =
            format!("No device in what was read of the list is named exactly {search}, {count}");
        assert!(harness.query_by_label(&words).is_some(), "{words}");
    }
}
