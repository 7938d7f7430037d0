//! The palette: its matches, its effects and its limits.

use super::*;
use crate::action::ActionKind;
use crate::ui::palette::{Item, Palette};
use crate::ui::views::{OpenDialog, Screen};

const FIELD: &str = "Command palette";

fn open(desk: &Shared, harness: &mut Harness<'static>) {
    let palette = OpenDialog::Palette(Box::<Palette>::default());
    desk.borrow_mut().views.open(palette);
    harness.run_steps(4);
}

fn opened(state: State) -> (Shared, Harness<'static>) {
    let (desk, mut harness) = wide(state);
    open(&desk, &mut harness);
    (desk, harness)
}

fn types(harness: &mut Harness<'static>, text: &str) {
    harness.event(egui::Event::Text(text.to_owned()));
    harness.run_steps(4);
}

fn press(harness: &mut Harness<'static>, key: Key) {
    harness.key_press(key);
    harness.run_steps(4);
}

fn is_open(desk: &Shared) -> bool {
    matches!(desk.borrow().views.dialog, Some(OpenDialog::Palette(_)))
}

/// The rows by name; the chosen one is marked.
fn options(harness: &Harness<'static>) -> Vec<String> {
    let role = egui::accesskit::Role::ListBoxOption;
    let options = harness.query_all_by(|node| node.role() == role);
    options
        .map(|node| {
            let node = node.accesskit_node();
            let mark = if node.is_selected() == Some(true) {
                "> "
            } else {
                ""
            };
            format!("{mark}{}", node.label().unwrap_or_default())
        })
        .collect()
}

fn is_focused(harness: &Harness<'static>, label: &str) -> bool {
    let field = egui::accesskit::Role::TextInput;
    let mut nodes = harness.query_all_by_label(label);
    nodes.any(|node| node.accesskit_node().role() == field && node.is_focused())
}

/// In the accessibility tree the chosen row has the focus instead of the field.
fn is_typed_into(harness: &Harness<'static>) -> bool {
    let field = egui::Id::unique("palette").with("field");
    harness.ctx.memory(|memory| memory.has_focus(field))
}

#[test]
fn command_is_found_by_a_few_letters_and_runs_after_the_focus_returned() {
    let (desk, mut harness) = opened(signed_in());
    assert!(is_typed_into(&harness));
    types(&mut harness, "cont");
    assert_eq!(options(&harness)[0], "> Contained now");
    press(&mut harness, Key::Enter);
    assert!(!is_open(&desk));
    assert_eq!(desk.borrow().raised, [UiCommand::ShowContained]);
    assert!(is_focused(&harness, "Search devices"));
    // The item chosen last comes first.
    open(&desk, &mut harness);
    assert_eq!(options(&harness)[0], "> Contained now");
}

#[test]
fn unavailable_command_says_why_and_does_nothing() {
    let (desk, mut harness) = opened(signed_in());
    types(&mut harness, "isolate dev");
    assert_eq!(options(&harness)[0], "> Isolate device…");
    let row = harness.get_by_label("Isolate device…");
    assert!(row.accesskit_node().is_disabled());
    assert_eq!(
        row.accesskit_node().description().as_deref(),
        Some("No device is open")
    );
    assert!(
        harness
            .query_by_label("Not now: No device is open")
            .is_some()
    );
    press(&mut harness, Key::Enter);
    harness.get_by_label("Nothing opened: No device is open");
    harness.get_by_label("Isolate device…").click();
    harness.run_steps(3);
    assert!(is_open(&desk));
    assert!(desk.borrow().raised.is_empty());
    press(&mut harness, Key::Escape);
    assert!(!is_open(&desk));
    // With a device in the panel it opens the form, and does nothing more.
    let fin = machine(FIN, "FIN-LT-042").reference();
    desk.borrow_mut().views.show_device(fin);
    harness.run_steps(3);
    open(&desk, &mut harness);
    types(&mut harness, "isolate dev");
    let name = "> Isolate device…, “FIN-LT-042” (…9c07)";
    assert_eq!(options(&harness)[0], name);
    press(&mut harness, Key::Enter);
    let isolate = UiCommand::Act(ActionKind::Isolate);
    assert_eq!(desk.borrow().raised, [isolate]);
    assert!(
        desk.borrow()
            .work
            .iter()
            .all(|work| matches!(work, Command::LoadMachine(_) | Command::LoadPart(..)))
    );
}

#[test]
fn palette_starts_on_the_first_available_row_and_keeps_the_order() {
    let (desk, mut harness) = wide(signed_in());
    // The last choice was for a device that is no longer open.
    let isolate = Item::Command(UiCommand::Act(ActionKind::Isolate));
    desk.borrow_mut().views.recent.note(isolate);
    open(&desk, &mut harness);
    let rows = |harness: &Harness<'static>| {
        let role = egui::accesskit::Role::ListBoxOption;
        let rows = harness.query_all_by(|node| node.role() == role);
        let rows = rows.map(|row| {
            let row = row.accesskit_node();
            (row.is_disabled(), row.is_selected() == Some(true))
        });
        rows.collect::<Vec<_>>()
    };
    let all = rows(&harness);
    assert!(all[0].0, "no device is open: {all:?}");
    let first_usable = all.iter().position(|(is_disabled, _)| !is_disabled);
    let chosen = all.iter().position(|(_, is_chosen)| *is_chosen);
    assert_eq!(chosen, first_usable);
    // From there the arrows move through all rows, including unavailable ones.
    press(&mut harness, Key::ArrowUp);
    let chosen = rows(&harness).iter().position(|(_, is_chosen)| *is_chosen);
    assert_eq!(chosen, first_usable.map(|at| at - 1));
    harness.get_by_label("Not now: No device is open");
    press(&mut harness, Key::Enter);
    harness.get_by_label("Nothing opened: No device is open");
    assert!(is_open(&desk));
    press(&mut harness, Key::ArrowUp);
    assert!(harness.query_by_label_contains("Nothing opened").is_none());
}

#[test]
fn twins_are_adjacent_and_the_arrows_choose() {
    let (desk, mut harness) = opened(signed_in());
    types(&mut harness, "fin042");
    let twins = [
        "> FIN-LT-042 (…9c07), Isolated · 10.20.4.17",
        "fin-lt-042.contoso.com (…bbbb), 10.20.4.17",
    ];
    assert_eq!(options(&harness)[..2], twins);
    press(&mut harness, Key::ArrowDown);
    assert!(options(&harness)[1].starts_with("> fin-lt"));
    assert_eq!(selected(&desk), None, "the list behind stays as it is");
    press(&mut harness, Key::Enter);
    assert_eq!(selected(&desk).as_deref(), Some(TWIN));
    assert!(is_focused(&harness, "Search devices"));
}

#[test]
fn enter_after_a_letter_in_the_same_frame_does_nothing() {
    let (desk, mut harness) = opened(signed_in());
    types(&mut harness, "settings");
    let enter = egui::Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: egui::Modifiers::NONE,
    };
    let typed = egui::Event::Text(" p".to_owned());
    harness.input_mut().events.extend([typed, enter]);
    harness.run_steps(4);
    assert!(is_open(&desk));
    assert!(desk.borrow().raised.is_empty());
}

#[test]
fn row_that_has_just_moved_is_not_clicked() {
    let (desk, mut harness) = opened(signed_in());
    harness.event(egui::Event::Text("settings".to_owned()));
    harness.step();
    harness.step();
    let row = egui::accesskit::Role::ListBoxOption;
    let at = harness
        .get_by_role_and_label(row, "Settings")
        .rect()
        .center();
    let click = |harness: &mut Harness<'static>| {
        let moved = std::iter::once(egui::Event::PointerMoved(at));
        let events = &mut harness.input_mut().events;
        events.extend(moved.chain(crate::ui::widgets::click_at(at)));
        harness.step();
    };
    // The row moved there a quarter of a second ago.
    click(&mut harness);
    assert!(is_open(&desk), "still arming");
    harness.run_steps(4);
    click(&mut harness);
    harness.run_steps(4);
    assert!(!is_open(&desk));
    assert_eq!(desk.borrow().raised, [UiCommand::ShowSettings]);
}

#[test]
fn choice_stays_on_its_device_while_others_arrive() {
    let (desk, mut harness) = opened(signed_in());
    types(&mut harness, "lt-0");
    press(&mut harness, Key::ArrowDown);
    let chosen = |harness: &Harness<'static>| {
        let all = options(harness);
        all.into_iter().find(|name| name.starts_with("> "))
    };
    let before = chosen(&harness);
    let news = InventoryNews::Page(vec![machine("aa01", "AAA-LT-0")]);
    desk.borrow_mut().state.apply(Event::Inventory {
        epoch: Epoch(0),
        news,
    });
    harness.run_steps(3);
    assert!(
        options(&harness)
            .iter()
            .any(|name| name.contains("AAA-LT-0"))
    );
    assert_eq!(chosen(&harness), before);
}

#[test]
fn unlisted_id_is_queried() {
    const UNLISTED: &str = "9e5bc9d7e413ddd7902c2932e418702b84d0cccc";
    let (desk, mut harness) = opened(signed_in());
    types(&mut harness, UNLISTED);
    let all = options(&harness);
    assert!(all[0].starts_with("> Search the list for"), "{all:?}");
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::Enter);
    let desk = desk.borrow();
    let asked = desk
        .work
        .iter()
        .filter(|work| matches!(work, Command::Ask { .. }));
    assert_eq!(asked.count(), 1);
    assert_eq!(desk.views.search, UNLISTED);
}

#[test]
fn another_account_does_not_see_recent_items() {
    let (desk, mut harness) = opened(signed_in());
    types(&mut harness, "fin042");
    press(&mut harness, Key::Enter);
    open(&desk, &mut harness);
    assert!(options(&harness)[0].contains("FIN-LT-042"));
    desk.borrow_mut().views.forget_account();
    harness.run_steps(3);
    assert!(!is_open(&desk));
    open(&desk, &mut harness);
    assert!(!options(&harness)[0].contains("FIN-LT-042"));
}

#[test]
fn palette_fits_a_small_window() {
    for size in [egui::vec2(640.0, 360.0), egui::vec2(800.0, 600.0)] {
        let (desk, mut harness) = desk(signed_in(), size);
        open(&desk, &mut harness);
        let window = egui::Rect::from_min_size(egui::Pos2::ZERO, size);
        // The dialog has the field's name too, but no bounds.
        let field = harness.get_by_role_and_label(egui::accesskit::Role::TextInput, FIELD);
        for node in [field, harness.get_by_label("Close")] {
            let rect = node.rect();
            assert!(window.contains_rect(rect), "{rect:?} in {window:?}");
        }
        for _ in 0..60 {
            press(&mut harness, Key::ArrowDown);
            let role = egui::accesskit::Role::ListBoxOption;
            let chosen = harness
                .query_all_by(|node| node.role() == role && node.is_selected() == Some(true));
            let rects: Vec<_> = chosen.map(|node| node.rect()).collect();
            assert!(matches!(rects.as_slice(), [one] if window.contains_rect(*one)));
        }
    }
}

#[test]
fn plan_is_found_by_name_and_opens_on_the_selection() {
    let (desk, mut harness) = opened(signed_in());
    types(&mut harness, "ransom");
    assert_eq!(options(&harness)[0], "> Plan: Ransomware…");
    let said = harness.query_by_label("Not now: No device is open");
    assert!(said.is_some(), "{:?}", options(&harness));
    press(&mut harness, Key::Enter);
    assert!(is_open(&desk));
    press(&mut harness, Key::Escape);

    let fin = machine(FIN, "FIN-LT-042").reference();
    let hr = machine(HR, "HR-LT-007").reference();
    desk.borrow_mut().views.show_device(fin.clone());
    harness.run_steps(3);
    let chosen = |desk: &Shared| {
        let desk = desk.borrow();
        let form = desk.views.form().expect("a form");
        let plan = form.plan.as_ref().expect("of a plan").name.to_string();
        let mut machines: Vec<_> = form.targets.iter().map(|t| t.machine.clone()).collect();
        machines.dedup();
        (plan, machines)
    };
    for (selected, beside) in [
        (vec![], "“FIN-LT-042” (…9c07)"),
        (vec![hr.clone()], "“HR-LT-007” (…aaaa)"),
        (vec![hr.clone(), fin.clone()], "2 devices"),
    ] {
        let machines = if selected.is_empty() {
            vec![fin.clone()]
        } else {
            selected.clone()
        };
        desk.borrow_mut().views.bulk_selection = selected;
        harness.run_steps(3);
        open(&desk, &mut harness);
        types(&mut harness, "susp");
        let name = format!("> Plan: Suspicious laptop…, {beside}");
        assert_eq!(options(&harness)[0], name);
        press(&mut harness, Key::Enter);
        assert_eq!(chosen(&desk), ("Suspicious laptop".to_owned(), machines));
        desk.borrow_mut().views.dialog = None;
        harness.run_steps(3);
    }
    // The item chosen last comes first, before anything is typed.
    open(&desk, &mut harness);
    assert_eq!(
        options(&harness)[0],
        "> Plan: Suspicious laptop…, 2 devices"
    );
}

#[test]
fn verb_acts_on_ticked_devices_and_never_finds_its_opposite_first() {
    let mut state = signed_in();
    let restricted = MachineActionType::RestrictCodeExecution;
    state.apply(succeeded("r1", restricted, FIN));
    let (desk, mut harness) = wide(state);
    let fin = machine(FIN, "FIN-LT-042").reference();
    desk.borrow_mut().views.show_device(fin);
    let ticked = [machine(HR, "HR-LT-007"), machine(TWIN, "fin-lt-042")];
    harness.run_steps(3);
    desk.borrow_mut().views.bulk_selection = ticked.map(|one| one.reference()).into();
    harness.run_steps(3);
    for (typed, first) in [
        ("restrict", "> Restrict apps on selected devices…"),
        ("isolate", "> Isolate selected devices…"),
        ("release", "> Release selected devices…"),
        ("add tag", "> Add tag to selected devices…"),
    ] {
        open(&desk, &mut harness);
        types(&mut harness, typed);
        let shown = options(&harness);
        assert!(shown[0].starts_with(first), "{typed}: {shown:?}");
        press(&mut harness, Key::Escape);
    }
    // Without them it is for the open device, even if only the opposite is available there.
    desk.borrow_mut().views.bulk_selection.clear();
    open(&desk, &mut harness);
    types(&mut harness, "restrict");
    let shown = options(&harness);
    let place = |name: &str| shown.iter().position(|row| row.contains(name));
    assert!(place("Restrict app execution") < place("Remove app restriction"));
    assert_eq!(place("Restrict app execution"), Some(0), "{shown:?}");
}

#[test]
fn profile_is_found_by_name_and_the_current_one_says_so() {
    let mut state = signed_in();
    state.profile = Some("contoso".into());
    state.profiles = ["contoso", "fabrikam"].map(Into::into).into();
    let (desk, mut harness) = opened(state);
    types(&mut harness, "contoso");
    let own = harness.get_by_label("Profile: contoso").accesskit_node();
    let why = own.description();
    assert_eq!(why.as_deref(), Some("This is the profile in use"));
    press(&mut harness, Key::Escape);
    open(&desk, &mut harness);
    types(&mut harness, "fabr");
    let shown = options(&harness);
    assert_eq!(shown[0], "> Profile: fabrikam", "{shown:?}");
    press(&mut harness, Key::Enter);
    assert_eq!(desk.borrow().profile.as_deref(), Some("fabrikam"));
    assert!(desk.borrow().work.is_empty() && desk.borrow().raised.is_empty());
}

#[test]
fn setting_is_found_by_name_and_focused_on_its_page() {
    let (desk, mut harness) = opened(signed_in());
    for (typed, label) in [
        ("protected tags", "Protected tags"),
        ("ticket pre", "Ticket prefixes"),
        (
            "notify me",
            "Notify me when an action ends while cordon is not in front",
        ),
    ] {
        types(&mut harness, typed);
        let shown = options(&harness);
        assert_eq!(shown[0], format!("> Setting: {label}"), "{shown:?}");
        press(&mut harness, Key::Enter);
        assert_eq!(desk.borrow().raised.last(), Some(&UiCommand::ShowSettings));
        // Carries out the recorded command.
        desk.borrow_mut().views.show(Screen::Settings);
        harness.run_steps(6);
        let mut fields = harness.query_all_by_label(label);
        let focused = fields.find(egui_kittest::Node::is_focused);
        let rect = focused.map(|node| node.rect());
        drop(fields);
        let window = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1400.0, 900.0));
        assert!(
            rect.is_some_and(|rect| window.contains_rect(rect)),
            "{label}: {rect:?}"
        );
        assert_eq!(desk.borrow().views.settings.goes_to, None);
        open(&desk, &mut harness);
    }
    // A field that a run without a folder does not have.
    types(&mut harness, "shared file");
    let row = harness.get_by_label("Setting: Path of the shared file");
    assert!(row.accesskit_node().is_disabled());
}

#[test]
fn devices_and_verbs_come_before_profiles_and_settings() {
    let mut state = signed_in();
    state.profile = Some("contoso".into());
    state.profiles = ["isolated lab".into()].into();
    let (_, mut harness) = opened(state);
    types(&mut harness, "isolate");
    let shown = options(&harness);
    let place = |name: &str| shown.iter().position(|row| row.contains(name));
    assert!(place("Profile: isolated lab").is_some(), "{shown:?}");
    assert!(place("Isolate device") < place("Profile: isolated lab"));
    assert!(place("Profile: isolated lab") < place("Search the list for"));
}
