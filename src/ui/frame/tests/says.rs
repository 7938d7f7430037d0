//! Texts of the window and their places: tips, questions, and notes about the list.

use super::*;
use crate::action::ActionKind;
use crate::journal::{Author, Entry, Record};
use crate::model::EntryId;
use crate::state::fixtures;
use crate::ui::devices::coverage::{Coverage, coverage};
use crate::ui::dialogs::closing_concerns;
use crate::ui::order::NewForm;
use crate::ui::theme::Role;
use crate::ui::views::OpenDialog;

fn shows(harness: &Harness<'static>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

/// An order of the current account on this device, with these records.
fn own_entry(name: &str, records: Vec<Record>) -> Entry {
    let author = Author {
        mode: "LIVE".into(),
        tenant: account().tenant_id.as_str().into(),
        object_id: "o".into(),
        account: "jane@contoso.com at Commercial".into(),
    };
    let machine = fixtures::machine_ref(FIN, Some(name));
    let tag = EntryId::random().expect("random bytes").to_string();
    let order = fixtures::order(&tag, machine, ActionKind::Isolate);
    fixtures::entry_at(at(14), author, order, records)
}

#[test]
fn banner_texts_do_not_overlap() {
    let (desk, mut harness) = wide(signed_in());
    let next = crate::explain::NextStep::Outside("Set this computer's clock".into());
    let clock = Explanation::harmless("This computer's clock is 5 h off", next);
    desk.borrow_mut().state.clock.off = Some(clock);
    harness.run_steps(3);
    let [headline, advice] = ["clock is 5 h off", "Set this computer's clock"]
        .map(|text| harness.get_by_label_contains(text).rect());
    assert!(
        !headline.intersects(advice),
        "{headline:?} under {advice:?}"
    );
}

#[test]
fn tip_behind_a_dialog_closes_when_the_dialog_opens() {
    const TIP: &str = "The account you are signed in with";
    let (desk, mut harness) = wide(signed_in());
    harness.get_by_label("jane@contoso.com").hover();
    harness.run_steps(4);
    assert!(shows(&harness, TIP));
    desk.borrow_mut().views.open(OpenDialog::Keys);
    harness.run_steps(4);
    assert!(!shows(&harness, TIP));
}

#[test]
fn list_with_missing_devices_shows_their_number_and_is_incomplete() {
    let (desk, mut harness) = wide(signed_in());
    let done = |secs, seen: &[&str]| {
        let seen = seen.iter().map(|id| MachineId::parse(id).expect("an id"));
        let news = InventoryNews::Done {
            at: at(secs),
            unreadable: 0,
            incomplete: None,
            seen: seen.collect(),
        };
        let epoch = Epoch(0);
        desk.borrow_mut()
            .state
            .apply(Event::Inventory { epoch, news });
    };
    done(20, &[FIN, HR, TWIN]);
    harness.run_steps(2);
    assert!(!shows(&harness, "missing"));
    assert!(desk.borrow().state.inventory.is_complete());
    done(26, &[FIN]);
    harness.run_steps(2);
    assert!(shows(
        &harness,
        "2 devices of the previous list are missing from this one"
    ));
    assert!(!desk.borrow().state.inventory.is_complete());
    assert_eq!(coverage(&desk.borrow().state), Coverage::Missing(2));
    // One is found by a query; the other is in a later list again.
    fixtures::page(&mut desk.borrow_mut().state, &[machine(HR, "HR-LT-007")]);
    assert_eq!(desk.borrow().state.inventory.missing_count(), 1);
    fixtures::page(&mut desk.borrow_mut().state, &[machine(TWIN, "fin-lt-042")]);
    done(27, &[FIN, HR, TWIN]);
    harness.run_steps(2);
    assert!(!shows(&harness, "missing"));
    // A device missing for an hour is gone for good.
    done(28, &[FIN]);
    done(27 + 3_700, &[FIN]);
    assert_eq!(desk.borrow().state.inventory.missing_count(), 0);
    // Nothing is missing compared with a list older than that.
    fixtures::page(&mut desk.borrow_mut().state, &[machine(HR, "HR-LT-007")]);
    done(4_000, &[FIN, HR]);
    done(4_000 + 3_700, &[FIN]);
    assert_eq!(desk.borrow().state.inventory.missing_count(), 0);
}

#[test]
fn closing_asks_while_an_outcome_is_unknown() {
    let unknown = Record::Unknown {
        why: "reset".into(),
    };
    let mut state = signed_in();
    let views = Views::default();
    state.apply(Event::Entries(vec![own_entry(
        "FIN-LT-051",
        vec![Record::Sent, unknown],
    )]));
    let concerns = closing_concerns(&state, &views);
    let what: Vec<_> = concerns.iter().map(|concern| &*concern.what).collect();
    assert_eq!(
        what,
        ["1 action was sent and its outcome is not known yet (“FIN-LT-051” (…9c07))"]
    );
}

#[test]
fn enter_presses_the_focused_button_of_a_question() {
    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().views.open(OpenDialog::ConfirmSignOut);
    harness.run_steps(4);
    assert!(harness.get_by_label("Stay signed in").is_focused());
    harness.key_press(Key::Tab);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    let work = &desk.borrow().work;
    assert!(
        work.iter()
            .any(|command| matches!(command, Command::SignOut))
    );
    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().views.open(OpenDialog::ConfirmClose);
    harness.run_steps(4);
    harness.key_press(Key::Tab);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert!(desk.borrow().views.close_confirmed);
}

fn top(harness: &Harness<'static>, label: &str) -> f32 {
    harness.get_by_label(label).rect().top()
}

#[test]
fn nothing_moves_when_another_order_arrives() {
    for size in [(1400.0, 900.0), (800.0, 600.0), (640.0, 360.0)] {
        let first = own_entry("HR-LT-007", vec![Record::Sent]);
        let mut state = signed_in();
        state.apply(Event::Entries(vec![first]));
        let (desk, mut harness) = desk(state, size.into());
        let before = top(&harness, "Sort by Name");
        let bar = top(
            &harness,
            "Tick boxes, or press Space, to act on several devices",
        );
        let entry = own_entry("FIN-LT-042", vec![Record::Sent]);
        let event = Event::Entry(Box::new(entry));
        desk.borrow_mut().state.apply(event);
        harness.run_steps(3);
        let after = top(
            &harness,
            "Tick boxes, or press Space, to act on several devices",
        );
        assert!((after - bar).abs() < 0.5, "{size:?}: {bar} to {after}");
        assert!((top(&harness, "Sort by Name") - before).abs() < 0.5);
    }
}

#[test]
fn rows_have_room_in_the_smallest_window() {
    let mut state = signed_in();
    state.sign_ins = 1;
    let (_, harness) = desk(state, egui::vec2(640.0, 360.0));
    let head = harness.get_by_label("Sort by Name").rect().bottom();
    let bar = top(
        &harness,
        "Tick boxes, or press Space, to act on several devices",
    );
    assert!(bar - head > 4.0 * 24.0, "{head} to {bar}");
    assert!(!shows(&harness, "Dismiss"), "nothing is missing");
    let mut state = signed_in();
    state.sign_ins = 1;
    let (_, harness) = desk(state, egui::vec2(800.0, 600.0));
    assert!(shows(&harness, "Defender decides when you try"));
}

#[test]
fn query_result_uses_the_reserved_line() {
    use crate::message::AskedNews;
    use crate::model::Question;

    let mut state = signed_in();
    // A complete list has no note: the query uses the empty line.
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Done {
            at: at(20),
            unreadable: 0,
            incomplete: None,
            seen: [FIN, HR, TWIN]
                .map(|id| MachineId::parse(id).expect("an id"))
                .into(),
        },
    });
    let (desk, mut harness) = wide(state);
    desk.borrow_mut().views.search = "FIN-LT-042".into();
    harness.run_steps(3);
    assert!(!shows(&harness, "there may be more"));
    let before = top(&harness, "Sort by Name");
    let filters = top(&harness, "Filter: Contained");
    let question = Question::Name("FIN-LT-042".into());
    desk.borrow_mut().state.apply(Event::Asked {
        epoch: Epoch(0),
        text: "FIN-LT-042".into(),
        news: AskedNews::Started(question),
    });
    harness.run_steps(3);
    assert!(shows(&harness, "Asking Defender…"));
    let after = top(&harness, "Sort by Name");
    assert!((after - before).abs() < 0.5, "{before} to {after}");
    let answered = AskedNews::Answered {
        at: at(20),
        machines: vec![machine(FIN, "FIN-LT-042")],
        unreadable: 0,
        is_cut: false,
        is_of_last_report: false,
    };
    desk.borrow_mut().state.apply(Event::Asked {
        epoch: Epoch(0),
        text: "FIN-LT-042".into(),
        news: answered,
    });
    harness.run_steps(3);
    assert!(shows(&harness, "Looked up directly: "));
    let after = top(&harness, "Sort by Name");
    assert!((after - before).abs() < 0.5, "{before} to {after}");
    assert!((top(&harness, "Filter: Contained") - filters).abs() < 0.5);
}

#[test]
fn records_without_a_column_are_counted_in_the_comparison() {
    let (desk, mut harness) = wide(signed_in());
    let twins = (0..7).map(|n| machine(&format!("{n:040x}"), "FIN-LT-042"));
    let twins: Vec<_> = twins.collect();
    fixtures::page(&mut desk.borrow_mut().state, &twins);
    let compared = machine(FIN, "FIN-LT-042").reference();
    desk.borrow_mut().views.open(OpenDialog::Compare(compared));
    harness.run_steps(4);
    assert!(shows(
        &harness,
        "6 of 9 records; the others are in the list"
    ));
}

#[test]
fn truncated_text_has_one_tip_with_the_full_text() {
    let (desk, mut harness) = wide(signed_in());
    let selected = [(FIN, "FIN-LT-042"), (HR, "HR-LT-007"), (TWIN, "FIN-LT-042")];
    let selected = selected.map(|(id, name)| machine(id, name).reference());
    desk.borrow_mut().views.bulk_selection = selected.into();
    harness.run_steps(3);
    let words = harness.get_by_label_contains("3 selected").rect();
    harness.hover_at(words.center());
    harness.run_steps(8);
    let all = harness.query_all_by_label_contains("3 selected").count();
    assert_eq!(all, 2, "the line and its tip");
}

#[test]
fn form_says_that_its_device_is_not_in_the_list() {
    use crate::action::Subject;

    let mut state = signed_in();
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Done {
            at: at(20),
            unreadable: 0,
            incomplete: None,
            seen: vec![MachineId::parse(HR).expect("an id")],
        },
    });
    let (desk, mut harness) = wide(state);
    for (id, name, is_listed) in [(HR, "HR-LT-007", true), (FIN, "FIN-LT-042", false)] {
        {
            let desk = &mut *desk.borrow_mut();
            desk.views.dialog = None;
            let subject = Subject::Act(ActionKind::Isolate);
            let machine = machine(id, name).reference();
            let (state, views) = (&desk.state, &mut desk.views);
            let form = NewForm::new(subject, &[machine]);
            let _load = form.open(state, views, 0.0, at(1));
        }
        harness.run_steps(4);
        let gone =
            "Not in the list read less than a minute ago: removed, or outside your device groups";
        assert_eq!(shows(&harness, gone), !is_listed, "{name}");
    }
}

#[test]
fn list_never_read_names_the_failed_request() {
    let mut state = State::new(Mode::Live, "Commercial", Policy::default());
    set(&mut state, fixtures::signed_in(account()));
    let why = Explanation::harmless("There is a problem", NextStep::TryAgain);
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Failed(why),
    });
    let (_, harness) = wide(state);
    assert!(shows(&harness, "The list of devices could not be read"));
    assert!(shows(&harness, "There is a problem"));
}

#[test]
fn double_click_on_a_row_in_a_narrow_window_opens_no_form() {
    let (desk, mut harness) = desk(signed_in(), egui::vec2(700.0, 450.0));
    let row = harness.get_by_label("FIN-LT-042 (…9c07), Isolated");
    row.click_accesskit();
    harness.run_steps(2);
    let button = harness.get_by_label("Release…");
    assert!(
        button.accesskit_node().is_disabled(),
        "the button is arming"
    );
    harness.run_steps(6);
    harness.get_by_label("Release…").click();
    harness.run_steps(2);
    assert!(desk.borrow().views.form().is_some());
}

#[test]
fn different_account_starts_with_an_empty_focused_search() {
    let mut views = Views {
        search: "FIN-LT-153".into(),
        ..Views::default()
    };
    views.start_session(&account());
    assert_eq!(views.search, "FIN-LT-153", "requested on the command line");
    assert!(std::mem::take(&mut views.focus_search));
    views.start_session(&account());
    assert_eq!(views.search, "FIN-LT-153", "the same account continues");
    assert!(views.focus_search);
    let kim = Account {
        object_id: "kim".into(),
        ..account()
    };
    views.start_session(&kim);
    assert_eq!(views.search, "");
    assert!(views.focus_search);
    // An open page or dialog keeps the focus.
    views.show(Screen::Settings);
    views.start_session(&kim);
    assert!(!views.focus_search);
    views.show(Screen::Devices);
    views.open(OpenDialog::Keys);
    views.start_session(&kim);
    assert!(!views.focus_search);
}

#[test]
fn keys_of_actions_come_first_and_are_visible() {
    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().views.open(OpenDialog::Keys);
    harness.run_steps(4);
    let last = |label: &str| {
        // The nodes behind the dialog come first.
        let nodes = harness.query_all_by_label(label);
        nodes.last().unwrap_or_else(|| panic!("{label}")).rect()
    };
    let search = last(UiCommand::FindMachine.spec().title);
    for &kind in ActionKind::ALL
        .iter()
        .filter(|kind| kind.spec().shortcut.is_some())
    {
        let title = last(&format!("{}…", UiCommand::Act(kind).spec().title));
        assert!(
            title.bottom() < 900.0 && title.top() < search.top(),
            "{kind:?}"
        );
    }
    assert!(search.top() < last("Without a key").top());
}

#[test]
fn narrow_row_shows_the_device_state_besides_the_order_outcome() {
    let mut state = signed_in();
    let refused = Record::Refused {
        status: 403,
        code: "Forbidden".into(),
        message: "no".into(),
    };
    let entry = own_entry("FIN-LT-042", vec![Record::Sent, refused]);
    state.apply(Event::Entries(vec![entry]));
    let (_, harness) = wide(state);
    let table = harness.get_by_label("Devices").rect();
    let mut words = harness.query_all_by_label("Isolated");
    assert!(words.any(|node| table.contains_rect(node.rect())));
    harness.get_by_label_contains("(…9c07), Isolated; isolation refused");
    // A condition in force keeps its look, independent of an order's outcome.
    let colour = |state: &str| {
        let mut shapes = harness.output().shapes.iter();
        shapes.find_map(|clipped| {
            let egui::Shape::Text(text) = &clipped.shape else {
                return None;
            };
            let is_it = text.galley.text() == state && table.contains(text.pos);
            let first = text.galley.job.sections.first().filter(|_| is_it)?;
            Some(first.format.color)
        })
    };
    let caution = harness.ctx.tokens().colour(Role::Caution);
    assert_eq!(colour("Isolated"), Some(caution));
}

#[test]
fn dismiss_button_is_beside_the_first_line_of_its_banner() {
    let mut state = signed_in();
    let long = "A problem whose words need a second line ".repeat(4);
    state.apply(Event::Problem(Explanation::harmless(
        long.clone(),
        NextStep::TryAgain,
    )));
    for width in [1_400.0, 700.0] {
        let mut copy = signed_in();
        copy.problems.clone_from(&state.problems);
        copy.sign_ins = 0;
        let (_, harness) = desk(copy, egui::vec2(width, 600.0));
        let words = harness.get_by_label(&long).rect();
        let dismiss = harness.get_by_label("Dismiss").rect();
        assert!(
            (dismiss.top() - words.top()).abs() < 6.0,
            "{words} {dismiss}"
        );
        assert!(dismiss.left() >= words.right(), "{words} {dismiss}");
        assert!(dismiss.right() <= width);
    }
}

#[test]
fn bulk_buttons_arm_half_a_second_after_each_tick() {
    let (desk, mut harness) = wide(signed_in());
    let tick = format!("Select {}", machine(HR, "HR-LT-007").reference().quoted());
    harness.get_by_label(&tick).click();
    harness.run_steps(1);
    let is_ready = |harness: &Harness<'static>| {
        let button = harness.get_by_label("Isolate 1 device…");
        !button.accesskit_node().is_disabled()
    };
    assert_eq!(desk.borrow().views.bulk_selection.len(), 1);
    assert!(!is_ready(&harness));
    harness.run_steps(4);
    assert!(is_ready(&harness));
}

#[test]
fn journal_not_yet_compared_is_reported_until_it_is() {
    const SAID: &str = "The keyring is locked, so it is not known yet";
    let (desk, mut harness) = wide(signed_in());
    let apply = |why| {
        let event = Event::JournalUnchecked(why);
        desk.borrow_mut().state.apply(event);
    };
    apply(Some(Explanation::harmless(SAID, NextStep::None)));
    harness.run_steps(2);
    assert!(shows(&harness, SAID));
    apply(None);
    harness.run_steps(2);
    assert!(!shows(&harness, SAID));
    apply(Some(Explanation::harmless(SAID, NextStep::None)));
    harness.run_steps(2);
    harness.get_by_label("Dismiss").click_accesskit();
    harness.run_steps(8);
    assert!(!shows(&harness, SAID), "dismissed");
}
