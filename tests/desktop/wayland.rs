//! The console on Wayland, where programs cannot see each other's input: drawing, typing, copying, pasting,
//! and asking for attention.
//!
//! Nothing of X11 is reachable there. `weston` does not let a window ask for attention (the protocol
//! `xdg-activation`), so the desktop notification does it.

use crate::console::{Console, is_row_of};
use crate::look::{DARK, measure, show};
use crate::notify::{desktop, shown};
use crate::session::{Session, wait_until};
use crate::tenant::Tenant;

const COMMENT: &str = "INC-4711 beacon seen";
const TITLE: &str = "Isolate device";
/// More colours than an empty window has, below the compositor's bar.
const COLOURS: f64 = 200.0;

#[test]
fn on_wayland_the_window_is_drawn_takes_input_and_shares_the_clipboard() {
    let session = Session::start_on_wayland("wayland");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    let window = &console.window;
    window.wait_for_text("Sign in with a code");
    // The desktop behind it is lighter, and the window has more than one colour.
    show(&session, "1-sign-in", &DARK);
    let picture = session.picture("1-sign-in");
    assert!(
        measure(&session, &picture, "%k") > COLOURS,
        "nothing is drawn"
    );

    // By key: on Wayland only input by key or pointer permits copying.
    window.key("Return");
    let code = console.code();
    window.wait_for_focus("Copy code");
    // Pasting takes the keyboard focus for a moment, and copying needs it.
    wait_until("the code in another program", || {
        window.key("Return");
        window.picture("2-copied");
        pasted(&session) == code
    });
    tenant.approve_on_the_page(&code);
    console.wait_for_devices();

    window.fill("Search devices", "ENG-LT-030");
    window.picture("3-typed");
    let mut command = session.command("wl-copy");
    command.args(["--foreground", "FIN-LT-042"]);
    let _offers_it = session.spawn("wl-copy", command);
    wait_until("the name in another program", || {
        pasted(&session) == "FIN-LT-042"
    });
    // The program that copies or pastes has the focus for a moment and gets the keys.
    wait_until("the name in the search", || {
        window.key("ctrl+a");
        window.key("ctrl+v");
        window
            .find_all(|node| node.name == "Search devices" && node.text == "FIN-LT-042")
            .len()
            == 1
    });
    window.picture("4-pasted");
}

#[test]
fn on_wayland_an_unwatched_end_is_notified() {
    let session = Session::start_on_wayland("wayland-notify");
    let (_bus, notifications) = desktop(&session);
    let tenant = Tenant::start(&session);
    let device = tenant.devices("ENG-LT-030").remove(0);
    tenant.never_finish(&device);
    let console = Console::signed_in(&session, &tenant);
    let window = &console.window;

    window.fill("Search devices", "ENG-LT-030");
    window.wait_for_node("its row", |node| is_row_of(node, &device));
    window.key("Return");
    console.wait_for_facts(&device);
    console.order("Isolate", &device, "Isolate", &[("Comment", COMMENT)]);
    console.wait_until_accepted(&device, TITLE);
    assert_eq!(shown(&notifications), [], "the window is in front");

    let other = Console::demo(&session);
    other.window.wait_for_focus("Sign in with a code");
    other.window.picture("covered");
    tenant.succeed("Isolate");
    wait_until("a notification", || !shown(&notifications).is_empty());
    let (summary, body) = shown(&notifications).remove(0);
    assert_eq!(summary, format!("Isolated: {}", device.quoted));
    assert_eq!(body, format!("STAND-IN: {TITLE}"));
}

/// The text that another program gets when it pastes.
fn pasted(session: &Session) -> String {
    let output = session
        .command("wl-paste")
        .arg("--no-newline")
        .output()
        .expect("`wl-paste` pastes; tests/run installs it");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
