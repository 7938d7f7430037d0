//! A sign-out that survives a restart, and the end of the keyring's checks.

use cordon::message::Command;
use cordon::model::{KeyringState, SessionStatus};

use crate::common::tenant;
use crate::restore::{Home, JANE};

#[test]
fn sign_out_that_neither_keyring_nor_folder_stores_is_reported_and_retried() {
    let simulator = tenant();
    let home = Home::after_a_first_run(&simulator);
    let mut engine = home.start(&simulator);
    engine.until("the silent sign-in", |s| s.session.is_signed_in());
    engine.until_saved();
    let file = home.folder.path().join("accounts.json");
    std::fs::remove_file(&file).expect("there");
    std::fs::create_dir(&file).expect("nothing can be written there");
    home.lock_next(&simulator);
    engine.send(Command::SignOut);
    let says = |s: &cordon::state::State, words: &str| {
        let failure = s.sign_in_failure.as_ref();
        failure.is_some_and(|failure| failure.headline.contains(words))
    };
    engine.until("the warning", |s| says(s, "the next start may sign you in"));
    home.lock_next(&simulator);
    std::fs::remove_dir(&file).expect("there");
    engine.until("its end", |s| {
        says(s, "It cannot be used") || s.sign_in_failure.is_none()
    });
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
    drop(engine);
    let asked = simulator.control().requests().len();
    let mut engine = home.start(&simulator);
    engine.until("the start", |s| s.session == SessionStatus::SignedOut);
    assert_eq!(simulator.control().requests().len(), asked);
}

#[test]
fn a_folder_without_a_known_account_ignores_saved_sign_ins() {
    let simulator = tenant();
    let home = Home::after_a_first_run(&simulator);
    // Under the item name that all accounts shared, which is found without knowing the account.
    let json = home
        .item(&simulator, Some(JANE))
        .get_secret()
        .expect("saved");
    home.item(&simulator, None)
        .set_secret(&json)
        .expect("a mock write");
    std::fs::remove_file(home.folder.path().join("accounts.json")).expect("there");
    let asked = simulator.control().requests().len();
    let mut engine = home.start(&simulator);
    engine.until("the start", |s| s.session == SessionStatus::SignedOut);
    assert_eq!(simulator.control().requests().len(), asked);
}

#[test]
fn keyring_is_not_shown_as_being_checked_after_the_sign_in_has_ended() {
    let simulator = tenant();
    let home = Home::after_a_first_run(&simulator);
    let mut engine = home.start(&simulator);
    engine.until("the silent sign-in", |s| s.session.is_signed_in());
    simulator.control().revoke_sign_ins();
    engine.send(Command::RefreshMachines);
    engine.until_sign_in_needed();
    engine.until("the keyring", |s| s.keyring == KeyringState::Empty);
}
