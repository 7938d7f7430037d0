//! Signing in against the built-in tenant, with its moods.

use std::time::{Duration, Instant};

use cordon::auth::TokenStore;
use cordon::guard::Policy;
use cordon::message::Command;
use cordon::model::{KeyringState, SessionStatus};
use keyring_core::mock;

use crate::common::{Engine, fault, signed_in, tenant};

fn waiting(engine: &mut Engine) {
    engine.until("the start", |s| s.session != SessionStatus::Restoring);
    engine.send(Command::SignIn);
    engine.until("a code", |s| {
        matches!(s.session, SessionStatus::WaitingForPerson(_))
    });
}

#[test]
fn cancel_acts_at_once_even_in_the_middle_of_a_request() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    waiting(&mut engine);
    simulator.control().inject(fault("token", "stall", 0));
    std::thread::sleep(Duration::from_millis(1_500));
    let asked = Instant::now();
    engine.send(Command::CancelSignIn);
    engine.until("idle", |s| s.session == SessionStatus::SignedOut);
    assert!(
        asked.elapsed() < Duration::from_millis(500),
        "{:?}",
        asked.elapsed()
    );
    // A late approval changes nothing.
    simulator.control().clear_faults();
    let approved = simulator.control().approve_latest();
    assert!(approved, "the code is still good at the service");
    std::thread::sleep(Duration::from_millis(300));
    engine.until("nothing", |_| true);
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
}

#[test]
fn trouble_on_the_way_does_not_end_the_waiting() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    waiting(&mut engine);
    simulator.control().inject(fault("token", "html:503", 1));
    simulator.control().inject(fault("token", "drop_before", 1));
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(simulator.control().approve_latest());
    engine.until("the sign-in", |s| s.session.is_signed_in());
}

#[test]
fn a_declined_an_expired_and_a_blocked_sign_in_are_explained() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    waiting(&mut engine);
    assert!(simulator.control().decline_latest());
    engine.until("the refusal", |s| s.sign_in_failure.is_some());
    assert!(
        engine
            .state
            .sign_in_failure
            .as_ref()
            .is_some_and(|f| f.headline.contains("declined"))
    );
    waiting(&mut engine);
    assert_eq!(engine.state.sign_in_failure, None);
    simulator.control().expire_codes();
    engine.until("the expiry", |s| s.sign_in_failure.is_some());
    assert!(
        engine
            .state
            .sign_in_failure
            .as_ref()
            .is_some_and(|f| f.headline.contains("expired"))
    );
}

#[test]
fn the_next_start_signs_in_silently_and_signing_out_removes_what_was_saved() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let keyring = mock::Store::new().expect("a mock");
    let open = || {
        let keyring: std::sync::Arc<keyring_core::CredentialStore> = keyring.clone();
        TokenStore::with_store(move || Ok(keyring.clone())).expect("a thread")
    };
    let mut engine = Engine::start_with(&simulator, folder.path(), &Policy::default(), open());
    engine.sign_in();
    engine.until("saving", |s| s.keyring == KeyringState::Saved);
    drop(engine);

    let mut engine = Engine::start_with(&simulator, folder.path(), &Policy::default(), open());
    engine.until("the silent sign-in", |s| s.session.is_signed_in());
    engine.send(Command::SignOut);
    engine.until("the end", |s| s.session == SessionStatus::SignedOut);
    assert!(
        engine.state.inventory.all().is_empty(),
        "nothing of the tenant stays on screen"
    );
    drop(engine);

    let mut engine = Engine::start_with(&simulator, folder.path(), &Policy::default(), open());
    engine.until("the start", |s| s.session != SessionStatus::Restoring);
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
}

#[test]
fn an_expired_access_token_is_renewed_without_a_person() {
    let (simulator, _folder, mut engine) = signed_in();
    simulator.control().expire_access_tokens();
    engine.send(Command::RefreshMachines);
    engine.until("the start", |s| s.inventory.loading);
    engine.until("the end", |s| !s.inventory.loading);
    assert_eq!(engine.state.inventory.failure, None);
    assert!(engine.state.session.is_signed_in());
}

#[test]
fn a_start_without_network_keeps_the_account_and_goes_on_when_it_is_back() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let keyring = mock::Store::new().expect("a mock");
    let open = || {
        let keyring: std::sync::Arc<keyring_core::CredentialStore> = keyring.clone();
        TokenStore::with_store(move || Ok(keyring.clone())).expect("a thread")
    };
    let mut engine = Engine::start_with(&simulator, folder.path(), &Policy::default(), open());
    engine.sign_in();
    engine.until("saving", |s| s.keyring == KeyringState::Saved);
    let machine = engine.machine("FIN-LT-042");
    simulator.control().never_finish(machine.id.as_str());
    let entry = engine.order(cordon::action::ActionKind::Isolate, "FIN-LT-042");
    engine.until("acceptance", move |s| {
        s.entry(entry)
            .is_some_and(|e| e.standing().action().is_some())
    });
    let action = engine.standing(entry).action().expect("accepted").clone();
    drop(engine);

    simulator.control().inject(fault("token", "html:503", 0));
    let mut engine = Engine::start_with(&simulator, folder.path(), &Policy::default(), open());
    engine.until("the explanation", |s| s.sign_in_failure.is_some());
    simulator.control().clear_faults();
    assert!(simulator.control().set_status(action.as_str(), "Succeeded"));
    // Nobody signs in again: the saved sign-in is as good as ever.
    let end = engine.until_end(entry);
    assert!(
        matches!(end, cordon::journal::Standing::Done { .. }),
        "{end:?}"
    );
}
