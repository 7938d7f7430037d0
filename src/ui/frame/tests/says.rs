//! What the window says, and where: tips, questions, and what is known of the list.

use super::*;
use crate::action::ActionKind;
use crate::journal::{Author, Entry, Record};
use crate::model::EntryId;
use crate::state::fixtures;
use crate::ui::dialogs::closing_concerns;
use crate::ui::views::Dialog;

fn shows(harness: &Harness<'static>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

/// An order of the present account on this device, with what became known of it.
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
fn what_a_banner_says_stands_one_after_the_other() {
    let (desk, mut harness) = wide(signed_in());
    let next = crate::explain::NextStep::Outside("Set this computer's clock".into());
    let clock = Explanation::harmless("This computer's clock is 5 h off", next);
    desk.borrow_mut().state.apply(Event::Clock(clock));
    harness.run_steps(3);
    let [headline, advice] = ["clock is 5 h off", "Set this computer's clock"]
        .map(|text| harness.get_by_label_contains(text).rect());
    assert!(
        !headline.intersects(advice),
        "{headline:?} under {advice:?}"
    );
}

#[test]
fn no_tip_of_what_lies_behind_a_dialog_stays_over_it() {
    const TIP: &str = "The account you are signed in with";
    let (desk, mut harness) = wide(signed_in());
    harness.get_by_label("jane@contoso.com").hover();
    harness.run_steps(4);
    assert!(shows(&harness, TIP));
    desk.borrow_mut().views.open(Dialog::Keys);
    harness.run_steps(4);
    assert!(!shows(&harness, TIP));
}

#[test]
fn a_list_that_has_lost_devices_says_how_many_and_is_not_whole() {
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
        "2 devices of the list before are missing from this one"
    ));
    assert!(!desk.borrow().state.inventory.is_complete());
    // One is found by asking for it; the other shows up again in a later list.
    fixtures::page(&mut desk.borrow_mut().state, &[machine(HR, "HR-LT-007")]);
    assert_eq!(desk.borrow().state.inventory.missing_count(), 1);
    fixtures::page(&mut desk.borrow_mut().state, &[machine(TWIN, "fin-lt-042")]);
    done(27, &[FIN, HR, TWIN]);
    harness.run_steps(2);
    assert!(!shows(&harness, "missing"));
    // What has been gone for an hour has left for good.
    done(28, &[FIN]);
    done(27 + 3_700, &[FIN]);
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
        ["1 action was sent and its outcome is not known yet (“FIN-LT-051”)"]
    );
}

#[test]
fn enter_presses_the_button_of_a_question_that_was_walked_to() {
    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().views.open(Dialog::ConfirmSignOut);
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
}

fn top(harness: &Harness<'static>, label: &str) -> f32 {
    harness.get_by_label(label).rect().top()
}

#[test]
fn nothing_moves_when_the_first_order_comes() {
    for size in [(1400.0, 900.0), (800.0, 600.0), (640.0, 360.0)] {
        let (desk, mut harness) = desk(signed_in(), size.into());
        let before = top(&harness, "Sort by Name");
        let bar = top(
            &harness,
            "Tick boxes, or press Space, to act on several devices",
        );
        let entry = own_entry("FIN-LT-042", vec![Record::Sent]);
        desk.borrow_mut().state.apply(Event::Entries(vec![entry]));
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
    let (_, harness) = desk(signed_in(), egui::vec2(640.0, 360.0));
    let head = harness.get_by_label("Sort by Name").rect().bottom();
    let bar = top(
        &harness,
        "Tick boxes, or press Space, to act on several devices",
    );
    assert!(bar - head > 4.0 * 24.0, "{head} to {bar}");
}

#[test]
fn what_was_looked_up_is_said_where_there_is_room_already() {
    use crate::message::AskedNews;
    use crate::model::Question;

    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().views.search = "FIN-LT-042".into();
    harness.run_steps(3);
    let before = top(&harness, "Sort by Name");
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
}

#[test]
fn a_list_that_was_never_read_says_which_request_failed() {
    let mut state = State::new(Mode::Live, "Commercial", Policy::default());
    set(
        &mut state,
        SessionStatus::SignedIn {
            account: account(),
            permissions: Permissions::Unknown,
        },
    );
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
fn a_double_click_on_a_row_of_a_narrow_window_opens_no_form() {
    let (desk, mut harness) = desk(signed_in(), egui::vec2(700.0, 450.0));
    let row = harness.get_by_label("FIN-LT-042 (…9c07), Isolated");
    row.click_accesskit();
    harness.run_steps(2);
    let button = harness.get_by_label("Release…");
    assert!(
        button.accesskit_node().is_disabled(),
        "it has just appeared"
    );
    harness.run_steps(6);
    harness.get_by_label("Release…").click();
    harness.run_steps(2);
    assert!(desk.borrow().views.form().is_some());
}

#[test]
fn another_person_begins_with_an_empty_search_and_the_keyboard_in_it() {
    let mut views = Views {
        search: "FIN-LT-153".into(),
        ..Views::default()
    };
    views.enter(&account());
    assert_eq!(views.search, "FIN-LT-153", "asked for on the command line");
    assert!(std::mem::take(&mut views.focus_search));
    views.enter(&account());
    assert_eq!(views.search, "FIN-LT-153", "the same person goes on");
    assert!(views.focus_search);
    let kim = Account {
        object_id: "kim".into(),
        ..account()
    };
    views.enter(&kim);
    assert_eq!(views.search, "");
}

#[test]
fn a_journal_that_is_not_compared_yet_is_said_until_it_is() {
    const SAID: &str = "The keyring is locked, so it is not known yet";
    let (desk, mut harness) = wide(signed_in());
    let tell = |why| {
        let event = Event::JournalUnchecked(why);
        desk.borrow_mut().state.apply(event);
    };
    tell(Some(Explanation::harmless(SAID, NextStep::None)));
    harness.run_steps(2);
    assert!(shows(&harness, SAID));
    tell(None);
    harness.run_steps(2);
    assert!(!shows(&harness, SAID));
    tell(Some(Explanation::harmless(SAID, NextStep::None)));
    harness.run_steps(2);
    harness.get_by_label("Dismiss").click_accesskit();
    harness.run_steps(8);
    assert!(!shows(&harness, SAID), "it was read");
}
