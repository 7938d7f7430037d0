//! From sign-in to an isolated device and back, in the real window.

use std::fs;

use crate::a11y::{Node, State};
use crate::console::{Console, is_row_of, outcomes, start_command, without_window};
use crate::person;
use crate::session::{Session, wait_until};
use crate::tenant::{Change, Device, Tenant};

const COMMENT: &str = "INC-4711 beacon seen, contain for forensics";
const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

#[test]
fn device_is_isolated_and_no_status_precedes_the_services() {
    let session = Session::start("contain");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    let window = &console.window;
    window.wait_for_node("a window that says what it is", |node| {
        node.role == "frame" && node.name.starts_with("STAND-IN cordon")
    });
    window.wait_for_text("This is not Microsoft's sign-in");
    window.picture("01-sign-in");

    window.press("Sign in with a code");
    let code = console.code();
    window.picture("02-code");
    tenant.approve_on_the_page(&code);
    console.wait_for_devices();
    window.wait_for_text("Signed in");
    window.picture("03-devices");

    // Two records have this name; the other one must not be affected.
    let devices = tenant.devices("FIN-LT-042");
    let [device, twin] = devices.as_slice() else {
        panic!("the demo fleet has twins: {devices:?}")
    };
    console.choose(device);
    window.wait_for_text("1 other record with this name");
    window.picture("04-device");
    assert_eq!(tenant.changes(), [], "looking at a device changes nothing");

    tenant.never_finish(device);
    console.order("Isolate", device, "Isolate", &[("Comment", COMMENT)]);
    console.wait_until_accepted(device, "Isolate device");
    window.picture("05-accepted");
    console.wait_for_outcome(device, "Isolate device", &["In progress"]);
    assert!(
        window.find_all(|node| is_isolated(node, device)).is_empty(),
        "\"Isolated\" is said only after the service said Succeeded"
    );
    assert_eq!(tenant.status_of("Isolate"), "InProgress");
    window.picture("06-in-progress");

    tenant.succeed("Isolate");
    console.wait_for_outcome(device, "Isolate device", &["Isolated"]);
    window.wait_for_node("the row to say so", |node| is_isolated(node, device));
    let row = window.wait_for_node("the twin's row", |node| is_row_of(node, twin));
    assert!(
        row.name.ends_with(", state unknown"),
        "the twin is not isolated: {}",
        row.name
    );
    window.picture("07-isolated");

    order_what_is_left(&console, &tenant, device);
    let verbs = [
        "isolate",
        "unisolate",
        "restrictCodeExecution",
        "StopAndQuarantineFile",
    ];
    assert_eq!(
        tenant.changes(),
        verbs.map(|verb| Change {
            verb: verb.to_owned(),
            machine: device.id.clone()
        }),
        "one confirmation, one request, and each to the one device"
    );
    assert_eq!(tenant.newest_change_body()["Sha1"], SHA1);
    let verified = without_window(&session, &["journal", "verify"]);
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(
        verified.status.success() && said.starts_with("The chain is intact"),
        "the journal can be verified beside a running console: {verified:?}"
    );
}

#[test]
fn neither_enter_nor_escape_confirms_and_focus_returns_to_the_opener() {
    let session = Session::start("second-thoughts");
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    let window = &console.window;

    let device = tenant.devices("ENG-LT-030").remove(0);
    console.choose(&device);

    for key in ["Return", "Escape"] {
        let opener = window.wait_for_node("the opener", |node| node.is_live_button("Isolate…"));
        window.click(&opener);
        window.wait_for_focus("Keep connected");
        window.key(key);
        window.wait_for_focus("Isolate…");
        assert!(
            !window.says("Exact text to be sent"),
            "{key} closes the form"
        );
    }

    window.press("Isolate…");
    window.wait_for_focus("Keep connected");
    let dialogs = window.find_all(|node| node.is(State::Modal));
    assert!(
        dialogs
            .iter()
            .any(|d| d.name == "Isolate device" && !d.description.is_empty()),
        "the dialog has a name and says what follows: {dialogs:?}"
    );
    // An order without a comment cannot be confirmed: the button names what is missing.
    let confirm = format!("Isolate {}", device.quoted);
    let button = window.wait_for_node("the reason against confirming", |node| {
        node.name == confirm && node.description.contains("comment")
    });
    assert!(!button.is(State::Enabled), "{button:?}");
    window.fill("Comment", COMMENT);
    window.wait_for_text("INC-4711 beacon seen, contain for forensics");
    window.picture("filled-in");
    window.key("Escape");
    window.wait_until_gone("Exact text to be sent");
    assert_eq!(tenant.changes(), [], "nothing was confirmed");
}

#[test]
fn read_only_console_says_so_on_each_button() {
    let session = Session::start("read-only");
    let tenant = Tenant::start(&session);
    let mut command = start_command(&session, &tenant);
    command.args(["--read-only", "--device", "ENG-LT-030"]);
    let console = Console::run(&session, command);
    let window = &console.window;
    console.sign_in(&tenant);
    window.wait_for_content("Search devices", "ENG-LT-030");
    // The line above the rows: which one depends on whether the list or the device itself was read first.
    window.wait_for_node("what was found", |node| {
        node.says("In the list: ENG-LT-030") || node.says("Looked up directly: ENG-LT-030")
    });
    let device = tenant.devices("ENG-LT-030").remove(0);
    let row = window.wait_for_node("its row", |node| is_row_of(node, &device));
    window.click(&row);
    console.wait_for_facts(&device);
    let nodes = window.read();
    for label in [
        "Isolate…",
        "Release…",
        "Restrict apps…",
        "Unrestrict apps…",
        "Quarantine file…",
    ] {
        let button = nodes.iter().find(|n| n.role == "button" && n.name == label);
        let button = button.unwrap_or_else(|| panic!("there is a button {label}"));
        assert!(
            !button.is(State::Enabled) && button.description.to_lowercase().contains("read-only"),
            "{button:?}"
        );
    }
    // The command's key does not open the form either.
    window.key("ctrl+i");
    window.wait_for_text("Isolate device: ");
    window.picture("read-only");
    assert!(
        outcomes(&window.read(), &device, "Isolate device")
            .next()
            .is_none()
    );
    assert_eq!(tenant.changes(), []);
}

#[test]
fn demo_needs_nothing_and_is_labelled_as_demo() {
    let session = Session::start("demo");
    let console = Console::demo(&session);
    let window = &console.window;
    window.wait_for_node("the strip", |node| {
        node.role == "label" && node.name == "DEMO"
    });
    window.wait_for_text("nothing leaves this computer");
    window.picture("1-sign-in");
    window.press("Sign in with a code");
    console.wait_for_devices();
    window.wait_for_text("Sign-in lasts until you close cordon");
    window.picture("2-devices");
    console.close();
}

#[test]
fn copied_text_arrives_in_another_program() {
    let session = Session::start("clipboard");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    console.window.press("Sign in with a code");
    let code = console.code();
    console.window.press("Copy code");

    // The other program is a demo, with another code.
    let other = Console::demo(&session);
    other.window.press("Sign in with a code");
    other.wait_for_devices();
    other.window.wait_for_focus("Search devices");
    other.window.key("ctrl+v");
    other.window.wait_for_content("Search devices", &code);
    other.window.picture("pasted");
}

#[test]
fn verification_page_opens_in_the_browser() {
    let session = Session::start("browser");
    let tenant = Tenant::start(&session);
    let (console, page) = with_a_browser(&session, &tenant);
    console.window.press("Sign in with a code");
    console.window.press("Open browser");
    wait_until("the browser to be asked", || !page().is_empty());
    assert_eq!(page(), format!("{}/devicelogin", tenant.url));
}

#[test]
fn file_chosen_in_a_system_dialog_is_hashed() {
    let session = Session::start("choose");
    let tenant = Tenant::start(&session);
    let sample = session.folder().join("beacon.exe");
    fs::write(&sample, "abc").expect("the sample can be written");
    // Without a portal on the bus, this program shows the dialog.
    let script = format!("echo '{}'", sample.display());
    let zenity = session.program("zenity", &script);
    let own = zenity.parent().expect("it is in a folder").to_owned();
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(own).chain(std::env::split_paths(&inherited));
    let mut command = start_command(&session, &tenant);
    command.env("PATH", std::env::join_paths(all).expect("no colon in it"));
    let console = Console::run(&session, command);
    console.sign_in(&tenant);
    console.choose(&tenant.devices("ENG-LT-030").remove(0));
    console.window.press("Quarantine file…");
    console.window.press("Choose file…");
    // The SHA-1 of "abc" (FIPS 180-1, appendix A).
    let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
    console.window.wait_for_content("SHA-1 of the file", sha1);
    console.window.picture("hashed");
    assert_eq!(tenant.changes(), []);
}

/// A console whose browser logs the requested addresses, and that log.
fn with_a_browser<'s>(
    session: &'s Session,
    tenant: &Tenant,
) -> (Console<'s>, impl Fn() -> String + use<>) {
    let asked = session.folder().join("asked-for");
    let script = format!("printf '%s' \"$1\" >'{}'", asked.display());
    let browser = session.program("browser", &script);
    let mut command = start_command(session, tenant);
    command.env("BROWSER", &browser);
    let page = move || fs::read_to_string(&asked).unwrap_or_default();
    (Console::run(session, command), page)
}

#[test]
fn user_signs_in_with_the_browser_of_this_computer() {
    let session = Session::start("browser-sign-in");
    let tenant = Tenant::start(&session);
    let (console, page) = with_a_browser(&session, &tenant);
    console.window.wait_for_text("Sign in with a code");
    console.window.picture("1-sign-in");
    console.window.press("Sign in with the browser");
    wait_until("the browser to be asked", || !page().is_empty());
    console.window.wait_for_focus("Cancel");
    console.window.picture("2-in-browser");
    assert!(
        page().starts_with("http://127.0.0.1:") && !page().contains('?'),
        "other programs can read it: {}",
        page()
    );
    let shown = person::press("approve", &page());
    assert!(shown.contains("You can close this window"), "{shown}");
    console.window.wait_for_text("Is this you?");
    console.window.press("Continue as jane@contoso.com");
    console.wait_for_devices();
    console.window.picture("3-signed-in");
}

/// Releases the device, restricts its apps and quarantines a file on it.
fn order_what_is_left(console: &Console<'_>, tenant: &Tenant, device: &Device) {
    let window = &console.window;
    let orders = [
        (
            "Release",
            "Release",
            "Release device from isolation",
            "Unisolate",
            "Released",
        ),
        (
            "Restrict apps",
            "Restrict apps on",
            "Restrict app execution",
            "RestrictCodeExecution",
            "Restricted",
        ),
        (
            "Quarantine file",
            "Quarantine file on",
            "Stop and quarantine file",
            "StopAndQuarantineFile",
            "Quarantined",
        ),
    ];
    for (button, confirm, title, kind, done) in orders {
        let hash: &[_] = if kind == "StopAndQuarantineFile" {
            &[("SHA-1 of the file", SHA1), ("Comment", COMMENT)]
        } else {
            &[("Comment", "INC-4711 next step")]
        };
        console.order(button, device, confirm, hash);
        console.wait_until_accepted(device, title);
        tenant.succeed(kind);
        // "Check now" of the activity list, instead of waiting for the next poll.
        window.key("ctrl+l");
        console.wait_for_outcome(device, title, &[done]);
        window.picture(&format!("08-{}", done.to_lowercase()));
    }
}

/// Whether the node shows this device as isolated, in its row or in its panel.
fn is_isolated(node: &Node, device: &Device) -> bool {
    let in_row = is_row_of(node, device) && node.name.ends_with(", Isolated");
    in_row || node.name.starts_with("Isolated since")
}
