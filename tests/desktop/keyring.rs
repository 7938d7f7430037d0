//! What a real keyring remembers, and what the console does without one.

use std::collections::HashMap;
use std::time::Duration;

use zbus::zvariant::OwnedObjectPath;

use crate::a11y::Window;
use crate::console::{Console, Tenant};
use crate::session::{Session, name_has_owner, wait_until};

#[test]
fn a_sign_in_outlives_the_console_and_a_sign_out_ends_it() {
    let session = Session::start("keyring-unlocked");
    let _keyring = session.start_keyring();
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    console.sign_in_with_code(&tenant);
    wait_until("a secret in the keyring", || secrets_kept(&session) > 0);
    assert!(
        !console.window.says("Not saved"),
        "an unlocked keyring takes the sign-in"
    );
    console.kill();

    let console = Console::start(&session, &tenant);
    console.wait_for_devices();
    console.window.picture("still-signed-in");
    sign_out(&console.window);
    wait_until("an empty keyring", || secrets_kept(&session) == 0);
    console.window.picture("signed-out");
    console.kill();

    let console = Console::start(&session, &tenant);
    wait_for_sign_in(&console.window);
    console.window.picture("signed-out-after-restart");
}

#[test]
fn without_a_keyring_the_session_works_and_the_window_says_it_is_not_saved() {
    let session = Session::start("keyring-absent");
    assert!(
        !name_has_owner(&session.bus(), "org.freedesktop.secrets"),
        "nobody keeps secrets on this bus"
    );
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    console.sign_in_with_code(&tenant);
    console.window.wait_for_text("Not saved");
    console.window.picture("not-saved");
    console.kill();

    let console = Console::start(&session, &tenant);
    wait_for_sign_in(&console.window);
}

#[test]
fn a_keyring_that_came_later_is_used_without_a_restart() {
    let session = Session::start("keyring-late");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    console.sign_in_with_code(&tenant);
    console.window.wait_for_text("Not saved");
    let _keyring = session.start_keyring();
    console.window.press("Try again");
    console.window.wait_for(
        "the sign-in to be saved",
        Duration::from_secs(20),
        |nodes| !nodes.iter().any(|node| node.says("Not saved")),
    );
    console.kill();

    let console = Console::start(&session, &tenant);
    console.wait_for_devices();
}

/// How many secrets the session's keyring holds.
fn secrets_kept(session: &Session) -> usize {
    let anything: HashMap<String, String> = HashMap::new();
    let reply = session
        .bus()
        .call_method(
            Some("org.freedesktop.secrets"),
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
    open.len() + locked.len()
}

fn sign_out(window: &Window<'_>) {
    if window
        .find("button", |name| name.starts_with("Sign out"))
        .is_none()
    {
        // The account's menu holds it.
        let menu = window.wait_for_node("button", "account", |name| {
            name.contains('@') || name.starts_with("Account")
        });
        window.activate(&menu);
    }
    window.press("Sign out");
    wait_for_sign_in(window);
}

fn wait_for_sign_in(window: &Window<'_>) {
    window.wait_for_node("button", "to sign in", |name| {
        name.starts_with("Sign in with a code")
    });
}
