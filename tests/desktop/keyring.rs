//! The console with a real keyring, and without one.

use std::collections::HashMap;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use zbus::blocking::Connection;
use zbus::zvariant::OwnedObjectPath;

use crate::a11y::Window;
use crate::console::{Console, PROGRAM, start_command};
use crate::session::{Running, Session, find_program, name_has_owner, wait_until};
use crate::tenant::Tenant;

const SECRETS: &str = "org.freedesktop.secrets";

#[test]
fn sign_in_outlives_the_console_until_a_sign_out() {
    let session = Session::start("keyring-unlocked");
    let _keyring = start_keyring(&session, Keyring::Unlocked);
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    console.window.wait_for_text("Saved in the keyring");
    assert_eq!(secrets_kept(&session), 1);
    console.window.picture("1-saved");
    console.kill();

    let codes = tenant.requests("POST", "devicecode");
    let console = Console::start(&session, &tenant);
    console.wait_for_devices();
    console.window.wait_for_text("Saved in the keyring");
    console.window.picture("2-still-signed-in");
    assert_eq!(
        tenant.requests("POST", "devicecode"),
        codes,
        "no new code was asked for"
    );

    console.window.press("Sign out");
    console.window.press("Sign out now");
    wait_for_sign_in(&console.window);
    wait_until("an empty keyring", || secrets_kept(&session) == 0);
    console.window.picture("3-signed-out");
    console.kill();

    let console = Console::start(&session, &tenant);
    wait_for_sign_in(&console.window);
    console.window.picture("4-after-restart");
}

#[test]
fn session_works_without_a_keyring_until_one_appears() {
    let session = Session::start("keyring-late");
    assert!(
        !name_has_owner(&session.bus(), SECRETS),
        "this bus has no secret service"
    );
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    console
        .window
        .wait_for_text("Sign-in not saved: No keyring is available");
    console.window.picture("1-not-saved");
    console.kill();

    let console = Console::signed_in(&session, &tenant);
    console
        .window
        .wait_for_text("Sign-in not saved: No keyring is available");
    let _keyring = start_keyring(&session, Keyring::Unlocked);
    console.window.press("Try again");
    console.window.wait_for_text("Saved in the keyring");
    console.window.picture("2-saved-after-all");
    console.kill();

    let console = Console::start(&session, &tenant);
    console.wait_for_devices();
}

#[test]
fn locked_keyring_is_called_locked() {
    let session = Session::start("keyring-locked");
    let mut keyring = start_keyring(&session, Keyring::Unlocked);
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    console.window.wait_for_text("Saved in the keyring");
    // The sign-in and the journal's checkpoint.
    wait_until("both items", || items_kept(&session).len() == 2);
    console.kill();
    keyring.kill();
    let bus = session.bus();
    wait_until("the keyring to be gone", || !name_has_owner(&bus, SECRETS));

    // The same keyring, before its password was entered.
    let _keyring = start_keyring(&session, Keyring::Locked);
    assert_eq!(
        items_kept(&session).len(),
        2,
        "the saved sign-in is still there"
    );
    let console = Console::start(&session, &tenant);
    console
        .window
        .wait_for_text("Sign-in not saved: The keyring is locked");
    console.window.picture("1-locked");
    console.sign_in(&tenant);
    console
        .window
        .wait_for_text("Sign-in not saved: The keyring is locked");
    console.window.picture("2-still-works");
}

/// A keyring that cannot store anything yet: reading finds nothing, as in an empty one.
#[test]
fn keyring_without_a_collection_is_detected_by_writing_and_used_once_it_has_one() {
    let session = Session::start("keyring-empty");
    let mut keyring = start_keyring(&session, Keyring::Locked);
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    console
        .window
        .wait_for_text("Sign-in not saved: The keyring is locked");
    console.window.picture("1-nothing-kept");
    keyring.kill();
    let bus = session.bus();
    wait_until("the keyring to be gone", || !name_has_owner(&bus, SECRETS));
    let _keyring = start_keyring(&session, Keyring::Unlocked);
    console.window.press("Try again");
    console.window.wait_for_text("Saved in the keyring");
    assert_eq!(secrets_kept(&session), 1);
    console.window.press("Sign out");
    console.window.press("Sign out now");
    console.window.wait_for_text("Signed out");
    wait_until("the secret to be gone", || secrets_kept(&session) == 0);
}

#[test]
fn unresponsive_keyring_does_not_block_the_window() {
    let session = Session::start("keyring-silent");
    let silent = own_without_answering(&session);
    let tenant = Tenant::start(&session);
    // A saved sign-in is looked for only after an earlier one.
    let console = Console::signed_in(&session, &tenant);
    console
        .window
        .wait_for_text("Sign-in not saved: The keyring does not answer");
    console.kill();

    let console = Console::start(&session, &tenant);
    let window = &console.window;
    window.wait_for_text("Looking for a saved sign-in");
    // The sign-in buttons work at once; after three seconds the screen names the keyring.
    let seen = Instant::now();
    window.wait_for_node("the way on", |node| {
        node.is_live_button("Sign in with a code")
    });
    window.picture("1-waiting");
    window.wait_for_text("may be asking to be unlocked");
    let waited = seen.elapsed();
    // A call on the bus times out after 25 s: it was not waited for.
    assert!(waited < Duration::from_secs(20), "it took {waited:?}");
    window.picture("2-says-what-it-waits-for");

    window.press("Sign in with a code");
    let code = console.code();
    tenant.approve_on_the_page(&code);
    console.wait_for_devices();
    window.wait_for_text("Sign-in not saved: The keyring does not answer");
    window.picture("3-without-it");
    // It does not keep the program from ending either.
    console.close();
    drop(silent);
}

#[test]
fn session_works_without_a_message_bus() {
    let session = Session::start("no-bus");
    let tenant = Tenant::start(&session);
    let mut command = start_command(&session, &tenant);
    command.env_remove("DBUS_SESSION_BUS_ADDRESS");
    // The accessibility bus is unreachable too: the window is worked blind and judged by the tenant.
    let mut console = session.spawn("cordon", command);
    session.xdotool(&[
        "search",
        "--sync",
        "--onlyvisible",
        "--name",
        "STAND-IN cordon",
        "windowactivate",
        "--sync",
    ]);
    session.picture("1-sign-in");
    session.xdotool(&["key", "Return"]);
    tenant.approve_newest();
    // The actions are read once the window has the list of devices.
    wait_until("the list of devices to be read", || {
        tenant.requests("GET", "/api/machineactions") > 0
    });
    session.picture("2-devices");
    session.xdotool(&["type", "--delay", "15", "ENG-LT-030"]);
    session.xdotool(&["key", "Return"]);
    // The device's own record is read after the dwell time, and again for its form.
    let record = format!("/machines/{}", tenant.devices("ENG-LT-030")[0].id);
    wait_until("the device and the parts of its panel to be read", || {
        tenant.requests("GET", &record) >= 4
    });
    let before = tenant.requests("GET", &record);
    session.xdotool(&["key", "ctrl+i"]);
    wait_until("the form to have it read again", || {
        tenant.requests("GET", &record) > before
    });
    session.xdotool(&["type", "--delay", "15", "INC-4711 beacon seen"]);
    session.picture("3-form");
    session.xdotool(&["key", "ctrl+Return"]);
    wait_until("the order to arrive", || tenant.changes().len() == 1);
    session.picture("4-sent");
    assert_eq!(
        tenant.changes()[0].machine,
        tenant.devices("ENG-LT-030")[0].id
    );
    console.kill();

    let mut command = session.command(&*PROGRAM);
    command.env_remove("DBUS_SESSION_BUS_ADDRESS");
    command
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .arg("doctor");
    let output = command.output().expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("FIX    keyring: No keyring is available"),
        "{said}"
    );
}

/// Start mode of the keyring daemon.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyring {
    /// With its password, as at a desktop sign-in.
    Unlocked,
    /// Without, and with no prompt on the bus that could ask for it.
    Locked,
}

/// Starts a keyring daemon on the session's own folder.
fn start_keyring(session: &Session, how: Keyring) -> Running {
    let installed = find_program("gnome-keyring-daemon");
    // A copy has no file capabilities; containers that withhold one refuse to start the original.
    let program = session.folder().join("gnome-keyring-daemon");
    if !program.exists() {
        fs::copy(&installed, &program).expect("the keyring daemon can be copied");
    }
    let mut command = session.command(&program);
    command.args(["--foreground", "--components=secrets"]);
    if how == Keyring::Unlocked {
        command.arg("--unlock").stdin(Stdio::piped());
    }
    let mut running = session.spawn("keyring", command);
    if how == Keyring::Unlocked {
        running.write(b"a password for tests");
    }
    session.wait_for_name(SECRETS);
    running
}

/// Owns the keyring's bus name and answers nothing, until it is dropped.
fn own_without_answering(session: &Session) -> Connection {
    let bus = session.bus();
    bus.request_name(SECRETS).expect("the name is free");
    bus
}

/// Number of sign-ins in the session's open keyring, without the journal's checkpoints.
fn secrets_kept(session: &Session) -> usize {
    let items = items_kept(session).into_iter();
    let is_sign_in = |item: &OwnedObjectPath| {
        let attributes = attributes_of(session, item);
        !attributes
            .values()
            .any(|value| value.starts_with("v1:journal:"))
    };
    items.filter(is_sign_in).count()
}

/// All items of the session's keyring, which is all that a locked one shows.
fn items_kept(session: &Session) -> Vec<OwnedObjectPath> {
    let anything: HashMap<String, String> = HashMap::new();
    let reply = session
        .bus()
        .call_method(
            Some(SECRETS),
            "/org/freedesktop/secrets",
            Some("org.freedesktop.Secret.Service"),
            "SearchItems",
            &anything,
        )
        .expect("the keyring can be searched");
    let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = reply
        .body()
        .deserialize()
        .expect("the keyring answers with two lists");
    open.into_iter().chain(locked).collect()
}

fn attributes_of(session: &Session, item: &OwnedObjectPath) -> HashMap<String, String> {
    let bus = session.bus();
    let item = zbus::blocking::Proxy::new(&bus, SECRETS, item, "org.freedesktop.Secret.Item");
    let item = item.expect("an item");
    item.get_property("Attributes").expect("its attributes")
}

fn wait_for_sign_in(window: &Window<'_>) {
    window.wait_for_node("a way to sign in", |node| {
        node.is_live_button("Sign in with a code")
    });
}
