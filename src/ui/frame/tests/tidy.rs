//! Nothing is shown twice or pushed aside, and empty parts take no room.

use egui::Modifiers;

use super::*;
use crate::action::ActionKind;
use crate::journal::{Author, Entry, Record};
use crate::model::EntryId;
use crate::state::fixtures;
use crate::ui::commands;
use crate::ui::views::OpenDialog;
use crate::ui::widgets::Dialog;

fn entry(kind: ActionKind, records: Vec<Record>) -> Entry {
    let author = Author {
        mode: "LIVE".into(),
        tenant: account().tenant_id.as_str().into(),
        object_id: "o".into(),
        account: "jane@contoso.com at Commercial".into(),
    };
    let machine = fixtures::machine_ref(FIN, Some("FIN-LT-042"));
    let order = fixtures::order("cdn-00000001", machine, kind);
    fixtures::entry_at(at(14), author, order, records)
}

fn count(harness: &Harness<'static>, label: &str) -> usize {
    harness.query_all_by_label_contains(label).count()
}

/// A screen reader may press two of them before the window draws.
#[test]
fn two_boxes_pressed_in_one_frame_are_both_ticked() {
    let (desk, mut harness) = wide(signed_in());
    for (id, name) in [(FIN, "FIN-LT-042"), (HR, "HR-LT-007")] {
        let box_of = format!("Select {}", machine(id, name).reference().quoted());
        harness.get_by_label(&box_of).click_accesskit();
    }
    harness.run_steps(1);
    assert_eq!(desk.borrow().views.bulk_selection.len(), 2);
}

/// Opens the menu of the selection by key, and chooses from it by key.
fn choose_from_menu(harness: &mut Harness<'static>, choice: &str) {
    harness
        .get_by_role_and_label(
            egui::accesskit::Role::Button,
            "More actions on the selected devices",
        )
        .focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(3);
    harness.get_by_label(choice).focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(3);
}

#[test]
fn form_chosen_from_a_menu_by_key_closes_the_menu_and_returns_the_focus() {
    let (desk, mut harness) = desk(signed_in(), egui::vec2(800.0, 600.0));
    desk.borrow_mut().views.bulk_selection = [(FIN, "FIN-LT-042"), (HR, "HR-LT-007")]
        .map(|(id, name)| machine(id, name).reference())
        .into();
    harness.run_steps(60);
    for _ in 0..2 {
        choose_from_menu(&mut harness, "Scan 2 devices…");
        assert!(desk.borrow().views.form().is_some());
        // An open popup would get the keys that confirm the form.
        assert!(!egui::Popup::is_any_open(&harness.ctx));
        harness.key_press(Key::Escape);
        harness.run_steps(4);
        assert!(desk.borrow().views.form().is_none());
        let menu = harness.get_by_role_and_label(
            egui::accesskit::Role::Button,
            "More actions on the selected devices",
        );
        assert!(menu.is_focused());
    }
}

#[test]
fn long_selection_warning_is_truncated_before_buttons_move_into_the_menu() {
    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().views.bulk_selection = [(FIN, "FIN-LT-042"), (HR, "HR-LT-007")]
        .map(|(id, name)| machine(id, name).reference())
        .into();
    harness.run_steps(3);
    let buttons = |harness: &Harness<'static>| count(harness, " 2 devices…");
    let before = buttons(&harness);
    assert!(before > 1, "{before}");
    desk.borrow_mut().views.search = "nothing".into();
    harness.run_steps(3);
    let whole = "2 selected, 2 of 2 are not shown by this search: ";
    assert_eq!(count(&harness, whole), 1);
    assert_eq!(buttons(&harness), before);
}

#[test]
fn empty_activity_is_one_line_until_there_is_an_order() {
    for size in [egui::vec2(1400.0, 900.0), egui::vec2(800.0, 600.0)] {
        let (desk, mut harness) = desk(signed_in(), size);
        let height =
            |harness: &Harness<'static>| size.y - harness.get_by_label("Activity").rect().top();
        assert!(height(&harness) < 60.0, "{size}: {}", height(&harness));
        let sent = entry(ActionKind::Isolate, vec![Record::Sent]);
        desk.borrow_mut().state.apply(Event::Entries(vec![sent]));
        harness.run_steps(3);
        assert!(height(&harness) > 100.0, "{size}");
    }
}

#[test]
fn two_notices_share_one_line_until_expanded() {
    const ALL: [&str; 3] = ["The clock is off", "Not compared yet", "No network"];
    let said = |words: &str| Explanation::harmless(words, NextStep::None);
    let mut state = signed_in();
    state.clock.off = Some(said(ALL[0]));
    let (desk, mut harness) = wide(state);
    let table = |harness: &Harness<'static>| harness.get_by_label("Devices").rect().top();
    let one = table(&harness);
    let unchecked = Event::JournalUnchecked(Some(said(ALL[1])));
    desk.borrow_mut().state.apply(unchecked);
    harness.run_steps(3);
    assert_eq!(count(&harness, "2 notices:"), 1);
    let two = table(&harness);
    assert!((two - one).abs() < 9.0, "{two} {one}");
    desk.borrow_mut().state.apply(Event::Problem(said(ALL[2])));
    harness.run_steps(3);
    assert_eq!(count(&harness, "3 notices:"), 1);
    assert!(
        (table(&harness) - two).abs() < 0.5,
        "{} {two}",
        table(&harness)
    );
    let line = harness.get_by_label_contains("No network · ");
    let line = line.accesskit_node();
    let words = line.label().or(line.value()).unwrap_or_default();
    assert!(ALL.iter().all(|one| words.contains(one)), "{words}");
    assert_eq!(count(&harness, "Dismiss"), 0);
    harness.get_by_label("Show notices").click();
    harness.run_steps(3);
    for one in ALL {
        assert!(harness.query_by_label(one).is_some(), "{one}");
    }
    assert_eq!(count(&harness, "Dismiss"), 3);
}

#[test]
fn welcome_disappears_when_the_first_form_opens_or_after_a_while() {
    const WELCOME: &str = "Signed in as jane@contoso.com";
    let newcomer = || {
        let mut state = signed_in();
        state.sign_ins = 1;
        wide(state)
    };
    let (desk, mut harness) = newcomer();
    assert_eq!(count(&harness, WELCOME), 1);
    harness.get_by_label("FIN-LT-042 (…9c07), Isolated").click();
    harness.run_steps(3);
    assert_eq!(count(&harness, WELCOME), 1);
    harness.get_by_label("Release…").click();
    harness.run_steps(3);
    assert!(matches!(
        desk.borrow().views.dialog,
        Some(OpenDialog::Form(_))
    ));
    assert_eq!(count(&harness, WELCOME), 0);

    let (_, mut harness) = newcomer();
    let mut frames = 0;
    while count(&harness, WELCOME) > 0 {
        harness.run_steps(20);
        frames += 20;
        assert!(frames < 4_000, "the notice stays");
    }
    assert!(frames > 60, "shown long enough: {frames} frames");
}

/// Rectangles of the widgets with these labels.
fn places(harness: &Harness<'static>, labels: &[&str]) -> Vec<egui::Rect> {
    let of = |label: &&str| {
        let nodes = harness.query_all_by_label(label);
        nodes.map(|node| node.rect()).collect::<Vec<_>>()
    };
    labels.iter().flat_map(of).collect()
}

#[test]
fn passing_notices_have_their_own_line_and_cover_and_move_nothing() {
    const LABELS: [&str; 10] = [
        "LIVE",
        "Tenant 5f0c7a31",
        "jane@contoso.com",
        "1 needs attention",
        "Search devices",
        "Filter: Contained",
        "Devices",
        "FIN-LT-042 (…9c07), Isolated",
        "Activity",
        "Menu",
    ];
    // The last is 1280 × 720 at scale 2.
    for size in [(1400.0, 900.0), (800.0, 600.0), (640.0, 360.0)] {
        let mut state = signed_in();
        let refused = Record::Refused {
            status: 403,
            code: "".into(),
            message: "".into(),
        };
        let refused = entry(ActionKind::Isolate, vec![Record::Sent, refused]);
        state.apply(Event::Entries(vec![refused]));
        let (desk, mut harness) = desk(state, size.into());
        let labels: Vec<&str> = LABELS
            .into_iter()
            .filter(|label| harness.query_all_by_label(label).next().is_some())
            .collect();
        assert!(labels.len() > 6, "{size:?}: {labels:?}");
        assert_eq!(labels[..4], LABELS[..4], "{size:?}: never left out");
        let before = places(&harness, &labels);
        desk.borrow_mut().state.sign_ins = 1;
        harness.run_steps(2);
        assert_eq!(
            count(&harness, "Signed in as jane@contoso.com"),
            1,
            "{size:?}"
        );
        assert_eq!(places(&harness, &labels), before, "{size:?}");
        desk.borrow_mut().views.journal.notice = Some(Ok("Hand-over copied".into()));
        harness.run_steps(2);
        let said = harness.get_by_label("Hand-over copied").rect();
        assert!(said.width() > 40.0, "{size:?}: {said:?}");
        let covered = before.iter().find(|place| place.intersects(said));
        assert_eq!(covered, None, "{size:?}: {said:?}");
        assert_eq!(places(&harness, &labels), before, "{size:?}");
        let why = Explanation::harmless("Isolate device: No device is open", NextStep::None);
        desk.borrow_mut().views.refusal = Some(why);
        harness.run_steps(2);
        assert_eq!(count(&harness, "No device is open"), 1, "{size:?}");
        assert_eq!(places(&harness, &labels), before, "{size:?}");
        // Each disappears without a click.
        for _ in 0..4 {
            harness.run_steps(100);
        }
        assert!(desk.borrow().views.refusal.is_none());
        assert!(desk.borrow().views.journal.notice.is_none());
        assert_eq!(count(&harness, "Signed in as"), 0);
        assert_eq!(places(&harness, &labels), before, "{size:?}");
    }
}

#[test]
fn strip_buttons_do_not_move_when_something_needs_attention() {
    const BUTTONS: [&str; 10] = [
        "Journal",
        "Settings",
        "Account",
        "Sign out",
        "Commands",
        "Keys",
        "Theme: system",
        "About",
        "Menu",
        "Profiles",
    ];
    let refused = || {
        let refused = Record::Refused {
            status: 403,
            code: "".into(),
            message: "".into(),
        };
        entry(ActionKind::Isolate, vec![Record::Sent, refused])
    };
    for width in [
        2400.0, 1800.0, 1600.0, 1400.0, 1280.0, 1100.0, 900.0, 800.0, 640.0,
    ] {
        let (desk, mut harness) = desk(signed_in(), egui::vec2(width, 700.0));
        let seen = |harness: &Harness<'static>| -> Vec<_> {
            let shown = BUTTONS.iter().filter_map(|label| {
                let button = harness.query_all_by_label(label).next()?;
                Some((*label, button.rect()))
            });
            shown.collect()
        };
        let before = seen(&harness);
        assert!(!before.is_empty(), "{width}");
        desk.borrow_mut()
            .state
            .apply(Event::Entries(vec![refused()]));
        harness.run_steps(3);
        let counter = harness.get_by_label("1 needs attention").rect();
        assert_eq!(seen(&harness), before, "{width}");
        for (label, rect) in before {
            assert!(!rect.intersects(counter), "{width}: {label}");
        }
    }
}

#[test]
fn focus_moves_to_the_neighbour_of_the_last_removed_block() {
    use crate::message::{IndicatorNews, ReadIndicators};
    use crate::model::{Indicator, IndicatorAction};

    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().state.journal = Some(Ok(()));
    let blocks = |desk: &Shared, count: usize| {
        let of_files = (0..count).map(|n| Indicator {
            id: MachineActionId::parse(&format!("99{n}")).ok(),
            value: format!("{n:040x}").into(),
            action: IndicatorAction::BlockAndRemediate,
            by: Some("jane@contoso.com".into()),
            created: None,
            expires: None,
            title: None,
            description: None,
        });
        let read = ReadIndicators {
            of_files: of_files.collect(),
            total: count,
            is_complete: true,
        };
        desk.borrow_mut().state.apply(Event::Indicators {
            epoch: Epoch(0),
            news: IndicatorNews::Read(Ok(read)),
            at: at(20),
        });
    };
    blocks(&desk, 1);
    desk.borrow_mut()
        .views
        .show(crate::ui::views::Screen::Contained);
    harness.run_steps(10);
    let remove = format!("Remove the block of {:040x}…", 0);
    harness.get_by_label(&remove).focus();
    harness.run_steps(2);
    blocks(&desk, 0);
    harness.run_steps(4);
    assert!(harness.get_by_label("Read again").is_focused());
    // With nothing near, the page is focused, and not a list that is not drawn.
    let home = Dialog::focus_home(&harness.ctx);
    let back = harness.get_by_label("Back to the list");
    back.focus();
    harness.run_steps(2);
    assert_eq!(harness.ctx.memory(egui::Memory::focused), home);
}

#[test]
fn unnamed_device_shows_the_end_of_its_id_once() {
    let mut state = signed_in();
    let mut nameless = (*machine(HR, "")).clone();
    nameless.computer_dns_name = None;
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Page(vec![Arc::new(nameless)]),
    });
    let (desk, mut harness) = wide(state);
    desk.borrow_mut().views.selected = Some(fixtures::machine_ref(HR, None));
    harness.run_steps(3);
    assert!(harness.query_by_label("…aaaa").is_none());
    assert!(count(&harness, "(…aaaa)") > 0);
}

#[test]
fn package_is_downloaded_by_the_usual_confirm_keys() {
    let finished = fixtures::finished("b89eb834", MachineActionStatus::Succeeded);
    let collected = entry(
        ActionKind::CollectInvestigationPackage,
        vec![Record::Sent, finished],
    );
    let mut state = signed_in();
    state.apply(Event::Journal(Ok(())));
    state.apply(Event::Entries(vec![collected]));
    let (desk, mut harness) = wide(state);
    let id = EntryId::parse("cdn-00000001").expect("a literal tag");
    let of = |name: &str, machine: &str| {
        let mut desk = desk.borrow_mut();
        let device = fixtures::machine_ref(machine, Some(name));
        desk.views.shown = Some(device.id.clone());
        desk.views.selected = Some(device);
        commands::package_of_open(&desk.state, &desk.views)
    };
    assert_eq!(of("FIN-LT-042", FIN), Ok(id));
    assert!(of("HR-LT-007", HR).is_err());
    desk.borrow_mut().views.download_folder = Some(std::env::temp_dir().display().to_string());
    desk.borrow_mut().views.open(OpenDialog::Download(id));
    harness.run_steps(3);
    harness.get_by_label("Choose folder…").click_accesskit();
    harness.run_steps(2);
    let chosen = desk.borrow().views.chosen_folder.clone().expect("a dialog");
    let folder = std::env::temp_dir().join("evidence");
    chosen.set(Some(folder.clone())).expect("the first answer");
    harness.run_steps(2);
    assert_eq!(
        desk.borrow().views.download_folder,
        Some(folder.display().to_string())
    );
    assert_eq!(count(&harness, "confirms, Esc closes"), 1);
    // On another computer, only a press on the button that names it opens anything.
    let shared = r"\\fs01\evidence".to_owned();
    let shared = if cfg!(windows) {
        shared
    } else {
        shared.replace('\\', "/")
    };
    desk.borrow_mut().views.download_folder = Some(shared);
    harness.run_steps(2);
    harness.get_by_label("Download to fs01");
    harness.get_by_label_contains("leads to another computer, fs01");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    harness.run_steps(2);
    assert!(desk.borrow().views.dialog.is_some());
    desk.borrow_mut().views.download_folder = Some(folder.display().to_string());
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    harness.run_steps(2);
    let desk = desk.borrow();
    let begun =
        |work: &&Command| matches!(work, Command::DownloadPackage { entry, .. } if *entry == id);
    assert_eq!(desk.work.iter().filter(begun).count(), 1, "{:?}", desk.work);
    assert!(desk.views.dialog.is_none());
}
