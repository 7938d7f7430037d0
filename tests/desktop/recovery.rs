//! Recovery after a crash and after a lost response, and a second console.

use crate::a11y::State;
use crate::console::{Console, is_row_of};
use crate::session::Session;
use crate::tenant::{Change, Tenant};

const TITLE: &str = "Isolate device";
const COMMENT: &str = "INC-4711 beacon seen";

#[test]
fn killed_console_follows_its_action_again_and_sends_nothing_twice() {
    let session = Session::start("killed");
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    let device = tenant.devices("ENG-LT-030").remove(0);
    tenant.never_finish(&device);
    console.choose(&device);
    console.order("Isolate", &device, "Isolate", &[("Comment", COMMENT)]);
    console.wait_until_accepted(&device, TITLE);
    console.window.picture("1-before");
    console.kill();

    let console = Console::signed_in(&session, &tenant);
    console.wait_until_accepted(&device, TITLE);
    console.window.picture("2-after-restart");
    tenant.succeed("Isolate");
    console.wait_for_outcome(&device, TITLE, &["Isolated"]);
    console.window.picture("3-found");
    let once = [Change::isolation_of(&device)];
    assert_eq!(tenant.changes(), once, "a restart repeats nothing");
}

#[test]
fn lost_answer_is_looked_up_and_the_order_is_not_repeated() {
    let session = Session::start("lost-answer");
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    let window = &console.window;

    let device = tenant.devices("ENG-LT-030").remove(0);
    tenant.never_finish(&device);
    console.choose(&device);

    tenant.inject("submit", "drop_after", 1);
    // Slow enough to see the first look-up.
    tenant.inject("machine_actions", "latency:3000", 0);
    console.order("Isolate", &device, "Isolate", &[("Comment", COMMENT)]);
    console.wait_for_outcome(&device, TITLE, &["Outcome unknown"]);
    let repeat = window.wait_for_node("the reason against repeating", |node| {
        node.name == "Isolate…" && !node.is(State::Enabled)
    });
    assert!(!repeat.description.is_empty(), "{repeat:?}");
    window.picture("1-unknown");
    console.wait_until_accepted(&device, TITLE);
    window.picture("2-found");
    tenant.succeed("Isolate");
    console.wait_for_outcome(&device, TITLE, &["Isolated"]);
    window.wait_for_node("the row to say so", |node| {
        is_row_of(node, &device) && node.name.ends_with(", Isolated")
    });
    window.picture("3-isolated");
    let once = [Change::isolation_of(&device)];
    assert_eq!(
        tenant.changes(),
        once,
        "the one request is found, not repeated"
    );
}

#[test]
fn second_console_on_the_same_folder_is_read_only() {
    let session = Session::start("second-console");
    let tenant = Tenant::start(&session);
    let _first = Console::signed_in(&session, &tenant);
    let second = Console::signed_in(&session, &tenant);
    let window = &second.window;

    let device = tenant.devices("ENG-LT-030").remove(0);
    second.choose(&device);
    let button = window.wait_for_node("a way to isolate", |node| node.name == "Isolate…");
    window.picture("second");
    assert!(
        !button.is(State::Enabled) && button.description.starts_with("Another console"),
        "it says that another console may act: {button:?}"
    );
    assert_eq!(tenant.changes(), []);
}

#[test]
fn closing_before_the_answer_asks_first_and_loses_nothing() {
    let session = Session::start("closing");
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    let window = &console.window;

    let device = tenant.devices("ENG-LT-030").remove(0);
    console.choose(&device);
    tenant.inject("submit", "latency:8000", 1);
    console.order("Isolate", &device, "Isolate", &[("Comment", COMMENT)]);
    console.wait_for_outcome(&device, TITLE, &["Sent, no answer yet"]);
    console.ask_to_close();
    window.wait_for_text("its outcome is not known yet");
    window.wait_for_focus("Stay");
    window.picture("1-asks");
    window.key("Return");
    console.wait_until_accepted(&device, TITLE);
    window.picture("2-stayed");
    assert_eq!(tenant.changes().len(), 1, "one confirmation, one request");
    // Now the service has it, and the next start follows it, after a new sign-in, as there is no keyring
    // here.
    console.ask_to_close();
    window.wait_for_text("still pending");
    window.picture("3-asks-once-more");
    window.press("Close anyway");
    console.wait_for_end();
}
