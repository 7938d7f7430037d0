//! Deleting local data: its place, its text, and when it is refused.

use super::*;
use crate::action::ActionKind;
use crate::journal::Record;
use crate::message::SettingsNews;
use crate::model::Unfamiliar;
use crate::state::fixtures;
use crate::ui::views::{OpenDialog, Screen};

const BUTTON: &str = "Delete local data…";
const KEEP: &str = "Keep local data";
const DELETE: &str = "Delete and sign out";

fn with_folder() -> State {
    let mut state = signed_in();
    state.settings.file = Some("/data/settings.toml".into());
    state.apply(Event::Journal(Ok(())));
    state
}

/// An order of an earlier run that has not ended.
fn pending(state: &mut State) {
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
    let entry = fixtures::entry(fixtures::author(), order, vec![Record::Sent]);
    state.apply(Event::Entry(Box::new(entry)));
}

fn why_not(harness: &Harness<'static>, label: &str) -> Option<String> {
    let button = harness.get_by_label(label).accesskit_node();
    let why = button.description();
    why.filter(|_| button.is_disabled())
}

fn on_page(state: State) -> (Shared, Harness<'static>) {
    let (desk, mut harness) = desk(state, egui::vec2(1400.0, 2600.0));
    desk.borrow_mut().views.show(Screen::Settings);
    harness.run_steps(4);
    (desk, harness)
}

#[test]
fn deleting_local_data_is_refused_with_open_orders_or_when_read_only() {
    let (desk, mut harness) = on_page(signed_in());
    let why = why_not(&harness, BUTTON);
    let nothing = "This run keeps nothing on disk but its journal";
    assert_eq!(why.as_deref(), Some(nothing));
    desk.borrow_mut().state = with_folder();
    harness.run_steps(2);
    assert_eq!(why_not(&harness, BUTTON), None);
    pending(&mut desk.borrow_mut().state);
    harness.run_steps(2);
    let why = why_not(&harness, BUTTON);
    let which = "1 action has not ended yet: Isolate device “HR-LT-007” (…aaaa). Sign in as jane@contoso.com to follow what that account ordered";
    assert_eq!(why.as_deref(), Some(which));
    let mut looks = with_folder();
    let in_use = Explanation::harmless("Another console uses it", NextStep::None);
    looks.apply(Event::Journal(Err(in_use)));
    desk.borrow_mut().state = looks;
    harness.run_steps(2);
    let why = why_not(&harness, BUTTON).expect("a reason");
    assert!(why.starts_with("Another console uses it"), "{why}");
}

/// Its outcome will never be known.
#[test]
fn order_of_unnamed_account_in_earlier_run_does_not_block_deletion_forever() {
    let mut state = with_folder();
    let machine = fixtures::machine_ref(HR, Some("HR-LT-007"));
    let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
    let mut author = fixtures::author();
    author.object_id = crate::model::Account::UNNAMED.into();
    let left = fixtures::entry(author, order, vec![Record::Sent]);
    state.apply(Event::Entries(vec![left]));
    let (_desk, harness) = on_page(state);
    assert_eq!(why_not(&harness, BUTTON), None);
}

#[test]
fn deletion_names_what_is_deleted_and_kept_and_asks_again() {
    let (desk, mut harness) = on_page(with_folder());
    harness.get_by_label(BUTTON).click();
    harness.run_steps(2);
    assert_eq!(desk.borrow().raised, [UiCommand::DeleteLocalData]);
    let ask = |desk: &Shared, harness: &mut Harness<'static>| {
        desk.borrow_mut().views.open(OpenDialog::ConfirmDeletion);
        harness.run_steps(8);
    };
    let is_asked = |desk: &Shared| {
        let deletes = |work: &Command| matches!(work, Command::DeleteLocalData);
        desk.borrow().work.iter().any(deletes)
    };
    ask(&desk, &mut harness);
    harness.get_by_label_contains("you are signed out");
    harness.get_by_label_contains("The journal, which is the record of every order");
    assert!(harness.get_by_label(KEEP).is_focused());
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert!(desk.borrow().views.dialog.is_none() && !is_asked(&desk));
    // An order sent while the question is open counts.
    ask(&desk, &mut harness);
    pending(&mut desk.borrow_mut().state);
    harness.run_steps(2);
    assert!(why_not(&harness, DELETE).is_some());
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    desk.borrow_mut().state = with_folder();
    ask(&desk, &mut harness);
    harness.get_by_label(DELETE).click();
    harness.run_steps(3);
    assert!(is_asked(&desk));
}

#[test]
fn deletion_is_reported_until_the_next_sign_in() {
    const SAID: &str = "Local data deleted. The journal and the settings are kept";
    let mut state = with_folder();
    set(&mut state, SessionStatus::SignedOut);
    state.apply(Event::Settings {
        file: None,
        news: Box::new(SettingsNews::LocalDataDeleted),
    });
    let (desk, mut harness) = wide(state);
    harness.get_by_label(SAID);
    let signed_in = fixtures::signed_in(account());
    let asked = SessionStatus::DifferentAccount {
        account: account(),
        before: None,
        reason: Unfamiliar::New,
    };
    for status in [asked, signed_in, SessionStatus::SignedOut] {
        set(&mut desk.borrow_mut().state, status);
    }
    harness.run_steps(2);
    assert!(harness.query_by_label(SAID).is_none());
}
