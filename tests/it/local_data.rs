//! Deleting local data: what is removed, what stays, and when it is refused.

use cordon::action::ActionKind;
use cordon::journal::{Author, Journal, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{Account, SessionStatus, WindowLayout};
use cordon::simulator::Simulator;
use cordon::state::State;

use crate::common::{Engine, leave, names_in, wait_for};
use crate::restore::{Home, JANE, after_a_first_run};

/// Names of the files in the folder.
fn files(home: &Home) -> Vec<String> {
    names_in(home.folder.path())
}

fn has(home: &Home, name: &str) -> bool {
    files(home).iter().any(|file| file.starts_with(name))
}

fn until_restored(engine: &mut Engine) {
    engine.until("the silent sign-in", |s| s.session.is_signed_in());
    engine.until_saved();
}

fn restored() -> (Simulator, Home, Engine) {
    let (simulator, _, home) = after_a_first_run();
    let mut engine = home.start(&simulator);
    until_restored(&mut engine);
    (simulator, home, engine)
}

fn refused(state: &State, why: &str) -> bool {
    let mut problems = state.problems.iter();
    problems.any(|problem| problem.explanation.headline.contains(why))
}

#[test]
fn deleting_local_data_removes_sign_in_and_profile_data_but_keeps_the_journal() {
    let (simulator, home, mut engine) = restored();
    let isolated = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(isolated);
    let layout = WindowLayout {
        panel_width: Some(512.0),
        ..WindowLayout::default()
    };
    engine.send(Command::RememberWindow(Box::new(layout)));
    wait_for("the arrangement", || has(&home, "window.json"));
    engine.send(Command::DeleteLocalData);
    engine.until("its end", State::local_data_is_deleted);
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
    assert_eq!(engine.state.sign_in_failure, None);
    wait_for("the arrangement to go", || !has(&home, "window.json"));
    assert!(!has(&home, "devices-"), "{:?}", files(&home));
    let known = std::fs::read_to_string(home.folder.path().join("accounts.json"));
    assert!(!known.expect("of other places").contains(JANE));
    assert!(home.item(&simulator, Some(JANE)).get_secret().is_err());
    let journal = engine.journal.clone();
    drop(engine);
    // It does not look like a loss, and no account is signed in.
    let asked = simulator.control().requests().len();
    let mut engine = home.start(&simulator);
    engine.until("the start", |s| s.session != SessionStatus::Restoring);
    assert_eq!(engine.state.journal, Some(Ok(())));
    assert!(engine.state.entry(isolated).is_some());
    assert!(
        engine.state.problems.is_empty(),
        "{:?}",
        engine.state.problems
    );
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
    assert_eq!(simulator.control().requests().len(), asked);
    drop(engine);
    let report = Journal::inspect(&journal, None).expect("opened");
    assert!(report.is_good(), "{:?}", report.lines());
}

#[test]
fn local_data_is_kept_while_an_order_is_open_or_another_console_runs() {
    let (simulator, home, mut engine) = restored();
    let other = home.folder.path().join("journal-live-fabrikam.com.sqlite");
    let other = Journal::open(&other).expect("another console");
    engine.send(Command::DeleteLocalData);
    let there = "another console is using this data folder (journal-live-fabrikam.com)";
    engine.until("the refusal", |s| refused(s, there));
    drop(other);
    let silent = engine.order(ActionKind::Isolate, "SALES-LT-019");
    engine.until_accepted(silent);
    engine.send(Command::DeleteLocalData);
    engine.until("the refusal", |s| refused(s, "1 action has not ended yet"));
    assert!(engine.state.session.is_signed_in());
    assert!(has(&home, "devices-"));
    assert!(home.item(&simulator, Some(JANE)).get_secret().is_ok());
}

/// Their account cannot sign in again, so waiting for their end would be for ever.
#[test]
fn open_orders_of_an_unnamed_account_do_not_block_deletion() {
    let (simulator, home, engine) = restored();
    let draft = Engine::draft(ActionKind::Isolate, &engine.machine("FIN-LT-042"));
    let order = draft.parse().expect("complete");
    let path = engine.journal.clone();
    drop(engine);
    let author = Author {
        mode: "STAND-IN".into(),
        tenant: "t".into(),
        object_id: Account::UNNAMED.into(),
        account: "kim@contoso.com".into(),
    };
    let entry = leave(&path, author, order, &[Record::Sent]);
    let mut engine = home.start(&simulator);
    until_restored(&mut engine);
    assert_eq!(engine.status(entry), OrderStatus::Sent);
    engine.send(Command::DeleteLocalData);
    engine.until("its end", State::local_data_is_deleted);
}
