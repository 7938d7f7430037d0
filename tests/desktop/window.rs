//! From sign-in to a contained device and back, in the real window.

use std::time::Duration;

use crate::a11y::{State, Window};
use crate::console::{Console, Tenant, looks_like_device};
use crate::session::Session;

const COMMENT: &str = "INC-4711 beacon seen, contain for forensics";
const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

#[test]
fn a_device_is_isolated_and_released_and_nothing_is_said_before_the_service_says_it() {
    let session = Session::start("isolate-and-release");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    let window = &console.window;
    window.picture("01-sign-in");
    console.sign_in_with_code(&tenant);
    window.picture("02-devices");

    let device = choose_device(window);
    window.picture("03-device");
    assert_eq!(
        tenant.posts("/isolate"),
        0,
        "looking at a device changes nothing"
    );

    order(window, "Isolate", &device, &[("Comment", COMMENT)]);
    wait_until_accepted(window);
    window.picture("05-accepted");
    assert_ne!(
        tenant.status_of("Isolate"),
        "Succeeded",
        "the tenant's clock stands still"
    );
    assert!(
        !entry_says(window, &device, "Isolated"),
        "\"Isolated\" is said only after the service said Succeeded"
    );

    finish(&tenant, "Isolate");
    wait_for_entry(window, &device, "Isolated");
    window.picture("06-isolated");
    assert_eq!(tenant.posts("/isolate"), 1, "one confirmation, one request");

    choose_device(window);
    order(
        window,
        "Release",
        &device,
        &[("Comment", "INC-4711 clean again")],
    );
    wait_until_accepted(window);
    finish(&tenant, "Unisolate");
    wait_for_entry(window, &device, "Released");
    window.picture("07-released");
    assert_eq!(
        (tenant.posts("/isolate"), tenant.posts("/unisolate")),
        (1, 1)
    );
}

#[test]
fn a_file_is_stopped_and_quarantined_by_its_hash() {
    let session = Session::start("quarantine");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    let window = &console.window;
    console.sign_in_with_code(&tenant);
    let device = choose_device(window);
    order(
        window,
        "Stop and quarantine",
        &device,
        &[("SHA-1", SHA1), ("Comment", COMMENT)],
    );
    wait_until_accepted(window);
    finish(&tenant, "StopAndQuarantineFile");
    wait_for_entry(window, &device, "Quarantined");
    window.picture("quarantined");
    assert_eq!(tenant.posts("/StopAndQuarantineFile"), 1);
}

#[test]
fn a_console_that_was_killed_follows_its_action_again_and_sends_nothing_twice() {
    let session = Session::start("killed");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    console.sign_in_with_code(&tenant);
    let device = choose_device(&console.window);
    order(&console.window, "Isolate", &device, &[("Comment", COMMENT)]);
    wait_until_accepted(&console.window);
    console.kill();

    let console = Console::start(&session, &tenant);
    console.sign_in_with_code(&tenant);
    show(&console.window, "Activity");
    wait_until_accepted(&console.window);
    console.window.picture("after-restart");
    finish(&tenant, "Isolate");
    wait_for_entry(&console.window, &device, "Isolated");
    assert_eq!(tenant.posts("/isolate"), 1, "a restart repeats nothing");
}

#[test]
fn escape_leaves_the_review_and_nothing_is_sent() {
    let session = Session::start("escape");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    let window = &console.window;
    console.sign_in_with_code(&tenant);
    choose_device(window);
    window.press("Isolate…");
    window.fill("Comment", COMMENT);
    window.key("Escape");
    window.wait_for("the review to close", Duration::from_secs(10), |nodes| {
        !nodes
            .iter()
            .any(|node| node.role == "entry" && node.name.starts_with("Comment"))
    });
    assert_eq!(tenant.posts("/isolate"), 0);
}

/// Finds one Windows laptop by typing, selects it, and returns its name.
fn choose_device(window: &Window<'_>) -> String {
    show(window, "Devices");
    window.fill("Search devices", "FIN-LT-043");
    let row = window
        .wait_for("the one device", Duration::from_secs(10), |nodes| {
            let found: Vec<_> = nodes
                .iter()
                .filter(|node| looks_like_device(&node.name))
                .collect();
            !found.is_empty() && found.iter().all(|node| node.name.contains("FIN-LT-043"))
        })
        .into_iter()
        .find(|node| node.name.contains("FIN-LT-043"))
        .expect("the row was there a moment ago");
    window.click(&row);
    window.wait_for(
        "the actions of the device",
        Duration::from_secs(10),
        |nodes| {
            nodes.iter().any(|node| {
                node.role == "button" && node.name.ends_with('…') && node.is(State::Enabled)
            })
        },
    );
    "FIN-LT-043".to_owned()
}

/// Goes to a screen unless the window is there already.
fn show(window: &Window<'_>, screen: &str) {
    let tab = window.wait_for(
        "the way to another screen",
        Duration::from_secs(30),
        |nodes| {
            nodes
                .iter()
                .any(|node| is_tab(node.role) && node.name.starts_with(screen))
        },
    );
    if let Some(tab) = tab
        .iter()
        .find(|node| is_tab(node.role) && node.name.starts_with(screen))
    {
        window.activate(tab);
    }
}

fn is_tab(role: &str) -> bool {
    matches!(
        role,
        "button" | "toggle button" | "page tab" | "radio button"
    )
}

/// Opens the form of an action, fills it in and confirms it.
fn order(window: &Window<'_>, verb: &str, device: &str, fields: &[(&str, &str)]) {
    let opener = window.wait_for_node("button", verb, |name| {
        name.starts_with(verb) && name.ends_with('…')
    });
    window.activate(&opener);
    for (field, text) in fields {
        window.fill(field, text);
    }
    window.picture(&format!(
        "04-review-{}",
        verb.to_lowercase().replace(' ', "-")
    ));
    // The button names the device and the end of its id: "Isolate FIN-LT-042 (…9c1e)".
    let confirm = |node: &crate::a11y::Node| {
        node.role == "button"
            && node.name.starts_with(verb)
            && node.name.contains(device)
            && node.name.contains("(…")
            && node.is(State::Enabled)
    };
    let nodes = window.wait_for(
        "the button that confirms",
        Duration::from_secs(20),
        |nodes| nodes.iter().any(confirm),
    );
    let button = nodes
        .iter()
        .find(|node| confirm(node))
        .expect("the button was there a moment ago");
    window.activate(button);
}

fn wait_until_accepted(window: &Window<'_>) {
    window.wait_for("the service to accept", Duration::from_secs(30), |nodes| {
        nodes
            .iter()
            .any(|node| node.says("Accepted (Pending)") || node.says("In progress"))
    });
}

/// Lets the tenant finish the newest action of this type.
fn finish(tenant: &Tenant, kind: &str) {
    for _ in 0..10 {
        tenant.advance(60);
        if tenant.status_of(kind) == "Succeeded" {
            return;
        }
    }
    panic!(
        "{kind} did not finish in ten minutes of the tenant's time: {:?}",
        tenant.actions()
    );
}

fn wait_for_entry(window: &Window<'_>, device: &str, outcome: &str) {
    show(window, "Activity");
    let what = format!("{device} to be {outcome}");
    // The next look at the service may be a while away.
    window.wait_for(&what, Duration::from_secs(90), |nodes| {
        nodes.iter().any(|node| says_outcome(&node.name, outcome))
    });
    assert!(window.says(device), "the entry names its device");
}

fn entry_says(window: &Window<'_>, device: &str, outcome: &str) -> bool {
    show(window, "Activity");
    window.wait_for_text(device);
    window
        .read()
        .iter()
        .any(|node| says_outcome(&node.name, outcome))
}

/// "Isolated", "Isolated 2 min ago", "FIN-LT-043: Isolated"; not "Isolated?" nor "not isolated".
fn says_outcome(name: &str, outcome: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric() && c != '?')
        .any(|word| word == outcome)
}
