//! Starts on which the saved sign-in cannot be used: what is shown, and how it continues.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon::action::ActionKind;
use cordon::guard::Policy;
use cordon::message::{Command, OrderProgress};
use cordon::model::{KeyringState, Retry, SessionStatus};
use cordon::simulator::{SimControl, Simulator};
use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, mock};
use tempfile::TempDir;

use crate::common::{
    self, Engine, OTHER_ACCOUNT, fault, item_of, names_in, signed_in, store_on, tenant,
    token_requests, wait_for,
};

/// A keyring and a folder that outlive the consoles.
pub struct Home {
    keyring: Arc<mock::Store>,
    pub folder: TempDir,
}

pub const JANE: &str = "c0a7f5e2-6b1d-4d8e-9a34-2f61b7c0d915";
impl Home {
    fn new() -> Self {
        Self {
            keyring: mock::Store::new().expect("a mock"),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn start(&self, simulator: &Simulator) -> Engine {
        Engine::start_on(simulator, self.folder.path(), &self.keyring)
    }

    /// State after a run that signed in and stored its list.
    pub fn after_a_first_run(simulator: &Simulator) -> Self {
        let home = Self::new();
        let mut engine = home.start(simulator);
        engine.sign_in();
        engine.until_saved();
        // Only a complete list is stored.
        assert_eq!(engine.state.inventory.incomplete, None);
        home.wait_for("devices-");
        home.wait_for("accounts.json");
        home
    }

    /// Waits for a file that is written in the background.
    fn wait_for(&self, name: &str) {
        let is_there = || {
            let names = names_in(self.folder.path());
            let is_whole = |file: &str| Path::new(file).extension() == Some("json".as_ref());
            let is_it = |file: &String| file.starts_with(name) && is_whole(file);
            names.iter().any(is_it)
        };
        wait_for(name, is_there);
    }

    /// The keyring item of an account, or, without an account, the item of older versions.
    pub fn item(&self, simulator: &Simulator, object_id: Option<&str>) -> Entry {
        let name = item_of(simulator, object_id);
        self.keyring
            .build("io.github.cordon", &name, None)
            .expect("a mock entry")
    }

    /// Makes the next call on this account's item fail like a locked keyring.
    pub fn lock_next(&self, simulator: &Simulator) {
        let entry = self.item(simulator, Some(JANE));
        let cred: &mock::Cred = entry.as_any().downcast_ref().expect("a mock credential");
        cred.set_error(keyring_core::Error::NoStorageAccess("locked".into()));
    }
}

pub fn after_a_first_run() -> (Simulator, SimControl, Home) {
    let simulator = tenant();
    let home = Home::after_a_first_run(&simulator);
    let control = simulator.control();
    (simulator, control, home)
}

fn until_renewed(engine: &mut Engine) {
    engine.until("the list", |s| {
        s.session.is_signed_in() && s.inventory.read_at.is_some()
    });
}

/// Files of earlier versions, other accounts and killed runs for this target.
#[test]
fn signing_out_removes_every_accounts_device_list_of_this_target() {
    let (simulator, _, home) = after_a_first_run();
    let lists = || {
        let mut names = names_in(home.folder.path());
        names.retain(|name| name.contains("devices-"));
        names
    };
    let [kept] = lists().try_into().expect("one list");
    let (place, account) = kept.split_once('_').expect("place and account");
    for left in [
        format!(".{kept}.a1B2c3.new"),
        format!("{place}-{account}.new"),
        format!("{place}-{account}"),
        format!("{place}_somebody-else.json"),
    ] {
        std::fs::write(home.folder.path().join(left), "FIN-LT-042").expect("written");
    }
    let mut engine = home.start(&simulator);
    engine.until("signed in", |s| s.session.is_signed_in());
    engine.send(Command::SignOut);
    engine.until("signed out", |s| s.session == SessionStatus::SignedOut);
    wait_for("the lists to go", || lists().is_empty());
}

#[test]
fn tenant_that_is_down_at_the_start_is_waited_for_with_the_stored_list_on_screen() {
    let (simulator, control, home) = after_a_first_run();
    control.inject(fault("any", "html:503", 0));
    let mut engine = home.start(&simulator);
    engine.until_renewal_fails();
    let SessionStatus::NotRenewed { account, retry } = engine.state.session.clone() else {
        panic!("{:?}", engine.state.session)
    };
    assert_eq!(account.label(), "jane@contoso.com");
    assert!(matches!(retry, Retry::At(_)), "it tries again by itself");
    engine.until("the kept list", |s| s.inventory.kept_at.is_some());
    assert!(!engine.state.inventory.all().is_empty());
    assert_eq!(engine.state.inventory.read_at, None, "nothing was read");
    assert!(engine.state.why_nothing_was_read().is_some());
    assert_eq!(
        engine.state.keyring,
        KeyringState::Saved,
        "nothing is being checked"
    );

    control.clear_faults();
    engine.until("the sign-in, by itself", |s| s.session.is_signed_in());
    engine.until("the list", |s| s.inventory.read_at.is_some());
    assert_eq!(engine.state.renewal_failure, None);
    assert_eq!(engine.state.why_nothing_was_read(), None);
}

/// A returning network is recognised by a new address of this computer.
#[test]
fn new_address_renews_at_once_and_resumes_the_list_and_unknown_outcomes() {
    /// So slow that no interval of the engine ends during the test.
    const SLOW: f64 = 0.01;
    let (simulator, control, home) = after_a_first_run();
    control.hide_new_actions(Duration::from_hours(9));
    control.inject(fault("submit", "drop_after", 1));
    let mut engine = home.start(&simulator);
    engine.until("the list", |s| s.inventory.read_at.is_some());
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-043");
    engine.until_status(entry, "Unknown");
    drop(engine);

    control.inject(fault("any", "html:503", 0));
    let line: Arc<Mutex<(Vec<IpAddr>, usize)>> = Arc::default();
    let (mut setup, journal) = common::setup(
        &simulator,
        home.folder.path(),
        &Policy::default(),
        store_on(&home.keyring),
        SLOW,
    );
    let asked = Arc::clone(&line);
    setup.addresses = Arc::new(move || {
        let mut line = asked.lock().expect("whole");
        line.1 += 1;
        line.0.clone()
    });
    let mut engine = Engine::start_prepared(&simulator, (setup, journal));
    engine.until("a wait for the next try", |s| {
        s.renewal_failure.is_some()
            && matches!(
                s.session,
                SessionStatus::NotRenewed {
                    retry: Retry::At(_),
                    ..
                }
            )
    });
    control.clear_faults();
    let looks = || line.lock().expect("whole").1;
    let (tries, seen) = (token_requests(&control), looks());
    wait_for("looks at the same addresses", || looks() > seen + 1);
    assert_eq!(token_requests(&control), tries, "nothing has changed");

    let address = "10.0.0.7".parse().expect("an address");
    line.lock().expect("whole").0.push(address);
    engine.until("the sign-in", |s| s.session.is_signed_in());
    engine.until("the list", |s| s.inventory.read_at.is_some());
    engine.until("the look-up of what is unknown", |s| {
        matches!(s.progress.get(&entry), Some(OrderProgress::LookedUp { .. }))
    });
    assert_eq!(token_requests(&control), tries + 1);
}

#[test]
fn refresh_and_try_again_renew_at_once() {
    let (simulator, control, home) = after_a_first_run();
    for command in [Command::RefreshMachines, Command::RenewSignIn] {
        control.inject(fault("token", "status:429:3600", 1));
        let mut engine = home.start(&simulator);
        engine.until("a pause of an hour", |s| {
            matches!(s.session, SessionStatus::NotRenewed { .. })
        });
        engine.send(command);
        until_renewed(&mut engine);
    }
}

#[test]
fn removed_application_is_reported_and_not_requested_again_and_again() {
    let (simulator, control, home) = after_a_first_run();
    control.remove_application(true);
    let mut engine = home.start(&simulator);
    let failure = engine.until_renewal_fails();
    assert_eq!(
        failure.headline,
        "The application is not known in this tenant, or is disabled"
    );
    assert!(
        matches!(
            engine.state.session,
            SessionStatus::NotRenewed {
                retry: Retry::ByHand,
                ..
            }
        ),
        "{:?}",
        engine.state.session
    );
    let asked = token_requests(&control);
    // Another console at the same speed shows the time: longer than every retry interval.
    let (_elsewhere, _folder, mut other) = signed_in();
    other.never_finishing("FIN-LT-042");
    let entry = other.order(ActionKind::Isolate, "FIN-LT-042");
    let action = other.until_accepted(entry);
    for _ in 0..5 {
        other.until_looked_at_again(action.as_str());
    }
    engine.send(Command::PollNow);
    assert_eq!(token_requests(&control), asked, "no loop");

    // A sign-in by hand that fails changes nothing.
    engine.send(Command::SignIn);
    engine.until("the refusal", |s| s.sign_in_failure.is_some());
    assert!(matches!(
        engine.state.session,
        SessionStatus::NotRenewed { .. }
    ));
    assert_eq!(engine.state.renewal_failure, Some(failure));

    control.remove_application(false);
    engine.send(Command::RenewSignIn);
    until_renewed(&mut engine);
    assert_eq!(
        engine.state.sign_in_failure, None,
        "nothing stale is left on screen"
    );
}

#[test]
fn failing_renewal_during_a_run_holds_orders_and_recovers_by_itself() {
    let (simulator, control, home) = after_a_first_run();
    let mut engine = home.start(&simulator);
    engine.until("the list", |s| s.inventory.read_at.is_some());
    control.expire_access_tokens();
    control.inject(fault("token", "html:503", 0));
    engine.send(Command::RefreshMachines);
    engine.until_renewal_fails();
    assert!(matches!(
        engine.state.session,
        SessionStatus::NotRenewed { .. }
    ));
    control.clear_faults();
    engine.until("the sign-in", |s| s.session.is_signed_in());
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-043");
    engine.until_end(entry);
}

#[test]
fn another_accounts_tokens_at_start_do_not_sign_in() {
    let (simulator, control, home) = after_a_first_run();
    control.renew_as(Some(OTHER_ACCOUNT));
    let mut engine = home.start(&simulator);
    let failure = engine.until_renewal_fails();
    assert!(
        failure
            .headline
            .starts_with("The sign-in host returned another account: sam@"),
        "{failure:?}"
    );
    let SessionStatus::NeedsSignIn { account } = &engine.state.session else {
        panic!("{:?}", engine.state.session)
    };
    assert_eq!(account.label(), "jane@contoso.com");
    let asked = || {
        let requests = control.requests().into_iter();
        requests.filter(|r| r.path.starts_with("/api")).count()
    };
    let asked_by_sam = asked();
    engine.send(Command::PollNow);
    drop(engine);
    assert_eq!(asked(), asked_by_sam, "nothing is asked for in that name");
    assert!(
        home.item(&simulator, Some(JANE)).get_secret().is_err(),
        "nor is it kept"
    );
}

#[test]
fn saved_sign_in_of_another_account_than_the_folders_asks_first() {
    let (simulator, control, home) = after_a_first_run();
    // Left by an older version, under the item name that all accounts shared.
    let own = home.item(&simulator, Some(JANE));
    let json = own.get_secret().expect("saved");
    let json = String::from_utf8(json)
        .expect("UTF-8")
        .replace(JANE, OTHER_ACCOUNT.0);
    home.item(&simulator, None)
        .set_secret(json.as_bytes())
        .expect("a mock write");
    own.delete_credential().expect("a mock");
    control.renew_as(Some(OTHER_ACCOUNT));
    let asked = control.requests().len();

    let mut engine = home.start(&simulator);
    engine.until_asked_who();
    assert_eq!(
        control.requests().len(),
        asked,
        "nothing is sent before the answer"
    );
    engine.send(Command::CancelSignIn);
    engine.until("the cancellation", |s| {
        s.session == SessionStatus::SignedOut
    });
    drop(engine);

    let mut engine = home.start(&simulator);
    engine.until_asked_who();
    engine.send(Command::AcceptAccount);
    engine.until("the sign-in", |s| s.session.is_signed_in());
    engine.until_saved();
    drop(engine);
    // Known from now on.
    let mut engine = home.start(&simulator);
    engine.until("the silent sign-in", |s| s.session.is_signed_in());
}

#[test]
fn sign_out_that_a_locked_keyring_did_not_store_is_remembered_and_carried_out() {
    let (simulator, control, home) = after_a_first_run();
    let mut engine = home.start(&simulator);
    engine.until("the silent sign-in", |s| s.session.is_signed_in());
    engine.until_saved();
    home.lock_next(&simulator);
    engine.send(Command::SignOut);
    engine.until("the failure", |s| {
        // Locked until this is shown: the item just saved may still be read.
        home.lock_next(&simulator);
        s.session == SessionStatus::SignedOut && s.sign_in_failure.is_some()
    });
    // Clears the last lock, which may not have been used.
    home.item(&simulator, Some(JANE)).get_secret().ok();
    let failure = engine.until_sign_in_fails();
    let is_said = failure.headline.contains("still in the keyring");
    assert!(is_said, "{failure:?}");
    drop(engine);
    assert!(
        home.item(&simulator, Some(JANE)).get_secret().is_ok(),
        "it is still there"
    );
    let text = std::fs::read_to_string(home.folder.path().join("accounts.json")).expect("there");
    assert!(text.contains("owed") && !text.contains("jane"), "{text}");

    // Still locked at the next start: no sign-in.
    let asked = control.requests().len();
    home.lock_next(&simulator);
    let mut engine = home.start(&simulator);
    engine.until_sign_in_fails();
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
    assert_eq!(control.requests().len(), asked, "nothing was renewed");
    // Unlocked: the removal is carried out, and no account is signed in.
    engine.send(Command::TryKeyringAgain);
    engine.until("the removal", |s| {
        s.sign_in_failure.is_none() && s.session == SessionStatus::SignedOut
    });
    assert!(
        home.item(&simulator, Some(JANE)).get_secret().is_err(),
        "it is gone"
    );
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
    drop(engine);
    let mut engine = home.start(&simulator);
    engine.until("the start", |s| s.session == SessionStatus::SignedOut);
    assert_eq!(control.requests().len(), asked);
}

#[test]
fn keyring_is_shown_as_saved_while_the_sign_in_host_does_not_answer() {
    let (simulator, control, home) = after_a_first_run();
    control.inject(fault("token", "stall", 0));
    let mut engine = home.start(&simulator);
    engine.until("the account", |s| {
        matches!(s.session, SessionStatus::Renewing { .. })
    });
    engine.until("the keyring", |s| s.keyring == KeyringState::Saved);
    assert!(matches!(
        engine.state.session,
        SessionStatus::Renewing { .. }
    ));
}

#[test]
fn duplicate_saved_sign_ins_are_reported_as_the_reason() {
    let (simulator, _, home) = after_a_first_run();
    let entry = home.item(&simulator, Some(JANE));
    let cred: &mock::Cred = entry.as_any().downcast_ref().expect("a mock credential");
    cred.set_error(keyring_core::Error::Ambiguous(Vec::new()));
    let mut engine = home.start(&simulator);
    let failure = engine.until_sign_in_fails();
    assert!(
        failure.headline.contains("several sign-ins under one name"),
        "{failure:?}"
    );
    assert_eq!(engine.state.session, SessionStatus::SignedOut);
}
