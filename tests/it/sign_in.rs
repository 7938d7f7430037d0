//! Signing in at the built-in tenant and its faults.

use std::time::{Duration, Instant};

use cordon::message::Command;
use cordon::model::SessionStatus;
use keyring_core::mock;

use url::Url;

use crate::common::{Engine, fault, place, polls, signed_in, started, tenant, wait_for};
use crate::person::{ask, press};

#[test]
fn cancel_acts_at_once_even_in_the_middle_of_a_request() {
    let (simulator, _folder, mut engine) = started();
    engine.begin_sign_in();
    simulator.control().inject(fault("token", "stall", 0));
    let before = polls(&simulator.control()).len();
    engine.until_tenant("a poll that gets no answer", |control| {
        polls(control).len() > before
    });
    let asked = Instant::now();
    engine.send(Command::CancelSignIn);
    engine.until("idle", |s| s.session == SessionStatus::SignedOut);
    // Far less than the request's own timeout of half a minute.
    let waited = asked.elapsed();
    assert!(waited < Duration::from_secs(15), "{waited:?}");
}

#[test]
fn late_approval_of_a_cancelled_code_does_not_sign_in() {
    let simulator = tenant();
    let control = simulator.control();
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let mut engine = Engine::start(&simulator, folders[0].path());
    engine.begin_sign_in();
    engine.until_tenant("a poll", |control| !polls(control).is_empty());
    engine.send(Command::CancelSignIn);
    engine.until("idle", |s| s.session == SessionStatus::SignedOut);
    let approved = control.approve_latest();
    assert!(approved, "the code is still good at the service");
    // Another console polls at the same interval, and so shows the time.
    let mut other = Engine::start(&simulator, folders[1].path());
    other.begin_sign_in();
    let before = polls(&control).len();
    other.until_tenant("four polls", |control| polls(control).len() >= before + 4);
    let answers = polls(&control);
    assert!(!answers.contains(&Some(200)), "{answers:?}");
    engine.drain();
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
}

#[test]
fn transient_failures_do_not_end_the_polling() {
    let (simulator, _folder, mut engine) = started();
    engine.begin_sign_in();
    simulator.control().inject(fault("token", "html:503", 1));
    simulator.control().inject(fault("token", "drop_before", 1));
    engine.until_tenant("both to have struck", |control| control.faults().is_empty());
    assert!(simulator.control().approve_latest());
    engine.until("the sign-in", |s| s.session.is_signed_in());
}

#[test]
fn declined_expired_and_blocked_sign_ins_are_explained() {
    let (simulator, _folder, mut engine) = started();
    engine.begin_sign_in();
    assert!(simulator.control().decline_latest());
    let failure = engine.until_sign_in_fails();
    assert!(failure.headline.contains("declined"), "{failure:?}");
    engine.begin_sign_in();
    assert_eq!(engine.state.sign_in_failure, None);
    simulator.control().expire_codes();
    // The page of the code stays, and offers a new one.
    engine.until("the expiry", |s| {
        matches!(&s.session, SessionStatus::WaitingForPerson(prompt) if prompt.expires_in.is_zero())
    });
    engine.send(Command::SignIn);
    engine.until("a new code", |s| {
        matches!(&s.session, SessionStatus::WaitingForPerson(prompt) if !prompt.expires_in.is_zero())
    });
    assert!(simulator.control().approve_latest());
    engine.until("the sign-in", |s| s.session.is_signed_in());
}

#[test]
fn next_start_signs_in_silently_and_signing_out_removes_the_saved_sign_in() {
    let (simulator, folder) = place();
    let keyring = mock::Store::new().expect("a mock");
    let start = || Engine::start_on(&simulator, folder.path(), &keyring);
    let mut engine = start();
    engine.sign_in();
    engine.until_saved();
    drop(engine);

    let mut engine = start();
    engine.until("the silent sign-in", |s| s.session.is_signed_in());
    engine.send(Command::SignOut);
    engine.until("the end", |s| s.session == SessionStatus::SignedOut);
    assert!(
        engine.state.inventory.all().is_empty(),
        "nothing of the tenant stays on screen"
    );
    drop(engine);

    let mut engine = start();
    engine.until("the start", |s| s.session != SessionStatus::Restoring);
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
}

#[test]
fn expired_access_token_is_renewed_automatically() {
    let (simulator, _folder, mut engine) = signed_in();
    simulator.control().expire_access_tokens();
    engine.refresh();
    assert_eq!(engine.state.inventory.failure, None);
    assert!(engine.state.session.is_signed_in());
}

/// Entra neither reports too fast polling nor revokes token families; other hosts do either.
#[test]
fn stricter_and_more_lenient_hosts_work_alike() {
    for (is_strict, is_lenient) in [(true, false), (false, true)] {
        let simulator = tenant();
        let control = simulator.control();
        control.set_strict_polling(is_strict);
        control.set_lenient_rotation(is_lenient);
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Engine::start(&simulator, folder.path());
        engine.begin_sign_in();
        engine.until_tenant("three polls", |control| polls(control).len() >= 3);
        assert!(control.approve_latest());
        engine.until("the list", |s| s.inventory.read_at.is_some());
        control.expire_access_tokens();
        engine.refresh();
        assert_eq!(engine.state.inventory.failure, None);
    }
}

#[test]
fn a_start_without_network_keeps_the_account_and_resumes_when_it_is_back() {
    let (simulator, folder) = place();
    let keyring = mock::Store::new().expect("a mock");
    let start = || Engine::start_on(&simulator, folder.path(), &keyring);
    let mut engine = start();
    engine.sign_in();
    engine.until_saved();
    engine.never_finishing("FIN-LT-042");
    let entry = engine.order(cordon::action::ActionKind::Isolate, "FIN-LT-042");
    let action = engine.until_accepted(entry);
    drop(engine);

    simulator.control().inject(fault("token", "html:503", 0));
    let mut engine = start();
    engine.until("the explanation", |s| s.renewal_failure.is_some());
    assert!(
        matches!(engine.state.session, SessionStatus::NotRenewed { .. }),
        "{:?}",
        engine.state.session
    );
    simulator.control().clear_faults();
    assert!(simulator.control().set_status(action.as_str(), "Succeeded"));
    // No new sign-in is needed: the saved one is still valid.
    engine.until_done(entry);
}

/// Redirect address on which the console waits for this page's response.
fn port_of(entry: &str) -> Url {
    let port = Url::parse(entry).expect("an address").port();
    let url = format!("http://localhost:{}/", port.expect("a port"));
    Url::parse(&url).expect("an address")
}

#[test]
fn browser_signs_in_and_other_clients_of_the_port_change_nothing() {
    let (_simulator, _folder, mut engine) = started();
    let page = engine.begin_in_browser();
    let port = port_of(&page);
    // Browsers request icons and keep spare connections, and other programs may guess.
    let _spare = std::net::TcpStream::connect(("127.0.0.1", port.port().expect("a port")));
    assert!(ask("GET", &port.join("/favicon.ico").expect("an address"), "").contains(" 404 "));
    assert!(ask("POST", &port, "code=stolen&state=guessed").contains(" 400 "));
    assert!(ask("POST", &port, &"x".repeat(70_000)).contains(" 400 "));
    assert!(matches!(engine.state.session, SessionStatus::InBrowser(_)));
    let shown = press("approve", &page);
    assert!(shown.contains("You can close this window") && !shown.contains("code="));
    engine.until_asked_who();
    engine.send(Command::AcceptAccount);
    engine.until("the list", |s| {
        s.session.is_signed_in() && s.inventory.read_at.is_some()
    });
    let closed = std::net::TcpStream::connect(("127.0.0.1", port.port().expect("a port")));
    assert!(closed.is_err(), "the port is free again");
}

#[test]
fn sign_in_cancelled_in_the_browser_or_in_the_console_is_over() {
    let (simulator, _folder, mut engine) = started();
    let page = engine.begin_in_browser();
    assert!(press("cancel", &page).contains("Go back to cordon"));
    let failure = engine.until_sign_in_fails();
    assert_eq!(failure.headline, "The sign-in was declined in the browser");

    let page = engine.begin_in_browser();
    let port = port_of(&page).port().expect("a port");
    engine.send(Command::CancelSignIn);
    engine.until("idle", |s| s.session == SessionStatus::SignedOut);
    // The console no longer waits for that page.
    wait_for("the port to be free again", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
    });
    // One sign-in method replaces the other.
    engine.send(Command::SignInWithBrowser);
    engine.until("a page", |s| {
        matches!(s.session, SessionStatus::InBrowser(_))
    });
    engine.send(Command::SignIn);
    engine.until("a code", |s| {
        matches!(s.session, SessionStatus::WaitingForPerson(_))
    });
    assert!(simulator.control().approve_latest());
    engine.until("the sign-in", |s| s.session.is_signed_in());
    drop(page);
}

#[test]
fn captive_portal_is_not_reported_as_refusal() {
    let (simulator, _folder, mut engine) = started();
    engine.until("the start", |s| s.session != SessionStatus::Restoring);
    for (what, words) in [
        (
            "html:200",
            "A proxy or gateway answered instead of the sign-in host",
        ),
        (
            "html:511",
            "A proxy or gateway answered instead of the sign-in host",
        ),
        ("html:407", "The network's proxy requires its own sign-in"),
        ("html:503", "The sign-in host is busy or down"),
    ] {
        simulator.control().inject(fault("devicecode", what, 1));
        engine.state.sign_in_failure = None;
        engine.send(Command::SignIn);
        let failure = engine.until_sign_in_fails();
        assert_eq!(failure.headline, words, "{what}");
    }
}
