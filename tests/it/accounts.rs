//! Accounts: a different account than before, conditions and permissions of a sign-in, and two consoles of
//! one account.

use std::time::Duration;

use cordon::action::ActionKind;
use cordon::guard::Policy;
use cordon::journal::OrderStatus;
use cordon::message::{Command, OrderProgress};
use cordon::model::{SessionStatus, SignInMethod, Unfamiliar};
use cordon::simulator::{LoggedRequest, RequestKind, SimControl};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyring_core::mock;

use crate::common::{
    Console, Engine, OTHER_ACCOUNT, asked_about, fault, signed_in, started, store_on, tenant,
    wait_for,
};
use crate::person::press;

fn somebody_else(control: &SimControl) {
    let (oid, upn, name) = OTHER_ACCOUNT;
    control.sign_in_as(oid, upn, name);
}

/// Number of changes that the service carried out.
fn accepted_posts(control: &SimControl) -> usize {
    let requests = control.requests();
    let is_done = |r: &&LoggedRequest| {
        r.kind == RequestKind::Change && r.status.is_some_and(|status| status < 300)
    };
    requests.iter().filter(is_done).count()
}

#[test]
fn an_order_of_an_unnamed_account_is_not_sent_under_another() {
    let simulator = tenant();
    let control = simulator.control();
    let (_, upn, name) = OTHER_ACCOUNT;
    control.sign_in_as("unknown", "jane@contoso.com", "Jane");
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    let account = engine.state.session.account().expect("signed in");
    assert!(!account.is_named());
    let machine = engine.loaded("FIN-LT-043");
    let draft = Engine::draft(ActionKind::RestrictCodeExecution, &machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    control.revoke_sign_ins();
    engine.send(Command::Submit(vec![approval]));
    let entry = draft.entry;
    engine.until("the order to wait for a sign-in", |s| {
        matches!(s.progress.get(&entry), Some(OrderProgress::WaitsForSignIn))
    });
    control.sign_in_as("unknown", upn, name);
    engine.approve_code();
    engine.until_asked_who();
    engine.send(Command::AcceptAccount);
    let end = engine.until_end(entry);
    assert!(matches!(end, OrderStatus::NotSent { .. }), "{end:?}");
    assert_eq!(accepted_posts(&control), 0);
}

#[test]
fn a_different_account_needs_confirmation_and_inherits_nothing() {
    let (simulator, _folder, mut engine) = signed_in();
    let control = simulator.control();
    engine.never_finishing("FIN-LT-043");
    let entry = engine.order(ActionKind::RestrictCodeExecution, "FIN-LT-043");
    engine.until_accepted(entry);
    let devices = engine.state.inventory.all().len();

    control.revoke_sign_ins();
    engine.send(Command::RefreshMachines);
    engine.until_sign_in_needed();
    somebody_else(&control);
    engine.approve_code();
    engine.until_asked_who();
    let SessionStatus::DifferentAccount {
        account,
        before,
        reason,
    } = engine.state.session.clone()
    else {
        panic!("just seen")
    };
    assert_eq!(reason, Unfamiliar::OtherAccount);
    assert_eq!(account.label(), OTHER_ACCOUNT.1);
    assert_eq!(before.as_deref(), Some("jane@contoso.com"));

    // Declined: nothing has changed, and the previous account continues.
    engine.send(Command::CancelSignIn);
    engine.until_sign_in_needed();
    assert_eq!(engine.state.inventory.all().len(), devices);

    engine.approve_code();
    engine.until_asked_who();
    let epoch = engine.state.epoch;
    engine.send(Command::AcceptAccount);
    engine.until("the other account", |s| s.session.is_signed_in());
    assert_ne!(engine.state.epoch, epoch, "a new beginning");
    engine.until("the list", |s| s.inventory.read_at.is_some());

    // Orders of the previous account are not followed under another account.
    let action = engine.status(entry).action().expect("accepted").clone();
    assert!(control.set_status(action.as_str(), "Succeeded"));
    engine.never_finishing("HR-LT-007");
    let before = asked_about(&control, action.as_str());
    let own = engine.order(ActionKind::RestrictCodeExecution, "HR-LT-007");
    let followed = engine.until_accepted(own);
    engine.until_looked_at_again(followed.as_str());
    assert_eq!(asked_about(&control, action.as_str()), before);
    assert!(
        matches!(engine.status(entry), OrderStatus::Accepted { .. }),
        "{:?}",
        engine.status(entry)
    );
}

#[test]
fn renewal_that_returns_another_account_sends_nothing_and_asks_the_user() {
    let (simulator, _folder, mut engine) = signed_in();
    let control = simulator.control();
    let machine = engine.loaded("FIN-LT-043");
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    control.renew_as(Some(OTHER_ACCOUNT));
    control.expire_access_tokens();
    engine.send(Command::Submit(vec![approval]));
    engine.until("the end of the sign-in", |s| {
        matches!(s.session, SessionStatus::NeedsSignIn { .. }) && s.renewal_failure.is_some()
    });
    let failure = engine.state.renewal_failure.clone().expect("just seen");
    assert_eq!(
        failure.headline,
        "The sign-in host returned another account: sam@contoso.com. Its tokens were dropped"
    );
    let known = engine.state.session.account().expect("stays known");
    assert_eq!(
        known.label(),
        "jane@contoso.com",
        "the strip still names her"
    );
    engine.until("the order to wait for her", |s| {
        s.progress.get(&draft.entry) == Some(&OrderProgress::WaitsForSignIn)
    });
    assert_eq!(
        accepted_posts(&control),
        0,
        "nothing was sent for either account"
    );

    // After she has signed in again, her order is sent under her account.
    control.renew_as(None);
    engine.approve_code();
    let end = engine.until_end(draft.entry);
    assert!(matches!(end, OrderStatus::Done { .. }), "{end:?}");
    let requestors: Vec<_> = control
        .actions()
        .iter()
        .map(|a| a["requestor"].clone())
        .collect();
    assert!(
        !requestors.iter().any(|r| r == OTHER_ACCOUNT.1),
        "{requestors:?}"
    );
}

#[test]
fn next_run_knows_the_sign_in_method_and_asks_about_a_different_account() {
    let (simulator, folder, mut engine) = started();
    engine.until("the start", |s| s.session == SessionStatus::SignedOut);
    assert_eq!(engine.state.sign_in_method, None);
    press("approve", &engine.begin_in_browser());
    engine.until("the question whether it is her", |s| {
        matches!(
            s.session,
            SessionStatus::DifferentAccount {
                reason: Unfamiliar::New,
                ..
            }
        )
    });
    assert_eq!(engine.state.inventory.all(), [], "nothing is read before");
    engine.send(Command::AcceptAccount);
    engine.until("the sign-in", |s| s.session.is_signed_in());
    let file = folder.path().join("accounts.json");
    wait_for("the file of accounts", || file.exists());
    drop(engine);

    somebody_else(&simulator.control());
    let mut engine = Engine::start(&simulator, folder.path());
    engine.until("the sign-in method", |s| {
        s.sign_in_method == Some(SignInMethod::Browser)
    });
    engine.until("the start", |s| s.session == SessionStatus::SignedOut);
    engine.approve_code();
    engine.until_asked_who();
    engine.send(Command::AcceptAccount);
    engine.until("the sign-in", |s| s.session.is_signed_in());
    assert_eq!(engine.state.sign_in_method, Some(SignInMethod::Code));
}

#[test]
fn claims_challenge_goes_into_the_next_sign_in_by_either_method() {
    let (simulator, _folder, mut engine) = signed_in();
    let control = simulator.control();
    for (claims, by_browser) in [
        (
            r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#,
            false,
        ),
        (
            r#"{"access_token":{"acrs":{"essential":true,"value":"c2"}}}"#,
            true,
        ),
    ] {
        control.want_claims(Some(claims));
        control.expire_access_tokens();
        engine.send(Command::RefreshMachines);
        engine.until("the end of the sign-in", |s| {
            matches!(s.session, SessionStatus::NeedsSignIn { .. }) && s.inventory.failure.is_some()
        });
        let failure = engine.state.inventory.failure.clone().expect("it says why");
        assert_eq!(
            failure.headline,
            "Your organisation asks for another sign-in step"
        );
        if by_browser {
            press("approve", &engine.begin_in_browser());
        } else {
            engine.approve_code();
        }
        // The tenant refuses a sign-in without these claims.
        engine.until("the sign-in", |s| s.session.is_signed_in());
        engine.until("the list", |s| {
            !s.inventory.loading && s.inventory.failure.is_none()
        });
    }
}

#[test]
fn permissions_are_shown_once_and_missing_ones_by_name() {
    let mut console = Console::start();
    console
        .control
        .set_permissions(&["Machine.Isolate", "Machine.RestrictExecution"]);
    console.sign_in_with_code();
    console.until_shows_part("Machine.Read is not granted");
    assert!(
        console.shows_part(
            "You can isolate, release, contain and release containments, restrict apps"
        )
    );
    assert!(console.shows_part("Machine.StopAndQuarantine is not granted"));
    console.step_until("the reason for the missing list", |c| {
        c.state().inventory.failure.is_some()
    });
    console.click("Dismiss");
    console.step_until("the banner to go", |c| !c.shows("Dismiss"));
    console.click("Account");
    console.until_shows_part("Machine.Read is not granted");
}

#[test]
fn signing_out_with_a_pending_order_asks_first_and_names_the_consequence() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    console.control.never_finish(machine.id.as_str());
    let entry = console.order(ActionKind::Isolate, &machine, "alert 1234");
    console.step_until("acceptance", |c| c.status(entry).action().is_some());
    console.click("Sign out");
    console.until_shows_part("1 action is still pending (“ENG-LT-030” (…");
    assert!(console.shows_part("Defender carries out what it has accepted without cordon"));
    console.click("Stay signed in");
    console.step_until("no question", |c| {
        !c.shows_part("1 action is still pending (“ENG-LT-030” (…")
    });
    assert!(console.state().session.is_signed_in());
    console.click("Sign out");
    console.click("Sign out anyway");
    console.step_until("the end", |c| c.state().session == SessionStatus::SignedOut);
    assert!(console.state().inventory.all().is_empty());
}

#[test]
fn search_stays_for_the_same_account_and_is_cleared_for_another() {
    fn search(console: &Console) -> (String, bool) {
        let field = console.harness.get_by_label("Search devices");
        let text = field.accesskit_node().value().unwrap_or_default();
        (text, field.is_focused())
    }
    fn sign_out(console: &mut Console) {
        console.click("Sign out");
        console.click("Sign out now");
        console.step_until("the end", |c| c.state().session == SessionStatus::SignedOut);
    }
    let mut console = Console::signed_in();
    console.fill("Search devices", "FIN-LT");
    sign_out(&mut console);
    console.sign_in();
    console.harness.run_steps(3);
    assert_eq!(search(&console), ("FIN-LT".to_owned(), true));
    sign_out(&mut console);
    somebody_else(&console.control);
    console.sign_in_with_code();
    console.click(&format!("Continue as {}", OTHER_ACCOUNT.1));
    console.until_shows("Search devices");
    console.harness.run_steps(3);
    assert_eq!(search(&console), (String::new(), true));
}

#[test]
fn a_clock_that_is_hours_off_is_reported_and_affects_nothing_else() {
    let simulator = tenant();
    simulator.control().advance(Duration::from_mins(190));
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    let said = engine.state.clock.off.clone().expect("it is said");
    let headline = &said.headline;
    let is_behind = headline.starts_with("The clock of this computer is 3 h ")
        && headline.ends_with(" min behind the service's");
    assert!(is_behind, "{headline}");
    assert!(engine.state.problems.is_empty());
    engine.state.inventory.read_at = None;
    engine.send(Command::RefreshMachines);
    engine.until("the list", |s| s.inventory.read_at.is_some());
    assert_eq!(engine.state.clock.off, Some(said), "once is enough");
    simulator.control().advance(Duration::from_hours(2));
    engine.state.inventory.read_at = None;
    engine.send(Command::RefreshMachines);
    engine.until("the new difference", |s| {
        let off = s.clock.off.as_ref();
        off.is_some_and(|off| off.headline.contains(" 5 h "))
    });
}

/// Both keep their sign-in in one keyring. The tenant revokes a sign-in whose refresh token is used twice,
/// so they have to take turns, each with the newest token.
#[test]
fn two_consoles_of_one_person_renew_in_turn() {
    let simulator = tenant();
    let control = simulator.control();
    let turns = tempfile::tempdir().expect("a folder");
    let keyring = mock::Store::new().expect("a mock");
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let open = |folder: &tempfile::TempDir| {
        let store = store_on(&keyring).taking_turns_in(turns.path().to_owned());
        Engine::start_with(&simulator, folder.path(), &Policy::default(), store)
    };
    let mut first = open(&folders[0]);
    first.sign_in();
    first.until_saved();
    // The keyring item is found by the folder's last account.
    let known = |folder: &tempfile::TempDir| folder.path().join("accounts.json");
    wait_for("the last account of the folder", || {
        std::fs::copy(known(&folders[0]), known(&folders[1])).is_ok()
    });
    let mut second = open(&folders[1]);
    second.until("the silent sign-in", |s| s.session.is_signed_in());
    for round in 0..4 {
        control.expire_access_tokens();
        if round % 2 == 1 {
            // The response is slow enough for the second console to ask meanwhile.
            control.inject(fault("token", "latency:300", 1));
        }
        // Twice, so that both consoles' tokens have been used before they are refused again.
        for _ in 0..2 {
            for engine in [&mut first, &mut second] {
                engine.state.inventory.read_at = None;
                engine.send(Command::RefreshMachines);
            }
            for engine in [&mut first, &mut second] {
                engine.until("the list", |s| s.inventory.read_at.is_some());
                assert!(engine.state.session.is_signed_in(), "round {round}");
            }
        }
    }
}
