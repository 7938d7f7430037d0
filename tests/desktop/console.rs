//! The console under test: its window, its process, and a user's steps in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use crate::a11y::{Node, State, Window};
use crate::session::{Running, Session};
use crate::tenant::{Device, Tenant};

/// The shipped program, with its own features. Cargo's build beside the tests also has the features of
/// their libraries.
pub static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::var_os("CORDON_SHIPPED")
        .map(PathBuf::from)
        .expect("`tests/run` builds the program that ships and says in CORDON_SHIPPED where it is")
});

const CLOSE_ANYWAY: &str = "Close anyway";
/// Time limit for scrolling through all findings of one form.
const UNTIL_ALL_SHOWN: Duration = Duration::from_mins(2);
/// Time limit for the next poll of the service, with a margin.
const NEXT_LOOK: Duration = Duration::from_secs(90);

/// The console under test.
pub struct Console<'s> {
    /// The window, seen from outside.
    pub window: Window<'s>,
    session: &'s Session,
    running: Running,
}

impl<'s> Console<'s> {
    /// Starts the console on this tenant with the session's data folder, and waits for its window.
    pub fn start(session: &'s Session, tenant: &Tenant) -> Self {
        Self::run(session, start_command(session, tenant))
    }

    /// The same, signed in.
    pub fn signed_in(session: &'s Session, tenant: &Tenant) -> Self {
        let console = Self::start(session, tenant);
        console.sign_in(tenant);
        console
    }

    /// Starts a demo beside it.
    pub fn demo(session: &'s Session) -> Self {
        let mut command = session.command(&*PROGRAM);
        command.arg("--demo");
        Self::run(session, command)
    }

    /// Runs a command that opens a console, and waits for its window.
    pub fn run(session: &'s Session, command: Command) -> Self {
        let running = session.spawn("cordon", command);
        let window = Window::of(session, running.process());
        Self {
            window,
            session,
            running,
        }
    }

    /// Signs in with a code that is approved on the verification page, and waits for the devices.
    pub fn sign_in(&self, tenant: &Tenant) {
        self.window.press("Sign in with a code");
        let code = self.code();
        tenant.approve_on_the_page(&code);
        self.wait_for_devices();
    }

    /// The code on the sign-in screen, from the accessibility tree.
    pub fn code(&self) -> String {
        let node = self.window.wait_for_node("the code", |node| {
            node.description == "Device code" && is_code(code_of(node))
        });
        code_of(&node).to_owned()
    }

    /// Waits for the device list.
    pub fn wait_for_devices(&self) {
        self.window.wait_for_node("a row of a device", is_row);
    }

    /// Finds a device by its name, and clicks the row of exactly this record.
    pub fn choose(&self, device: &Device) {
        let name = device.label.split(' ').next().unwrap_or_default();
        self.window.fill("Search devices", name);
        let nodes = self.window.wait_for("only its rows", NEXT_LOOK, |nodes| {
            only_rows_of(nodes, name)
        });
        let row = nodes.iter().find(|node| is_row_of(node, device));
        self.window
            .click(row.unwrap_or_else(|| panic!("{} is among the rows", device.label)));
        self.wait_for_facts(device);
    }

    /// Waits until a device is selected and the facts needed before acting have been read.
    pub fn wait_for_facts(&self, device: &Device) {
        let what = format!("the panel of {}", device.label);
        self.window.wait_for(&what, NEXT_LOOK, |nodes| {
            nodes.iter().any(|n| is_row_of(n, device) && n.is(State::Selected))
                // Shown as soon as the device's own actions have been read.
                && nodes.iter().any(|n| n.says("history of this device (read") || n.says("in all, read"))
        });
    }

    /// Opens the form of an action, fills it in, and confirms it by the button that names the device.
    pub fn order(&self, button: &str, device: &Device, confirm: &str, fields: &[(&str, &str)]) {
        let window = &self.window;
        window.press(&format!("{button}…"));
        for (field, text) in fields {
            window.fill(field, text);
        }
        let confirm = format!("{confirm} {}", device.quoted);
        self.show_all(&confirm);
        window.picture(&format!("form-{}", button.to_lowercase().replace(' ', "-")));
        window.press(&confirm);
        window.wait_for_node("the form to close", |node| {
            node.name.starts_with(&device.quoted) && node.role == "panel"
        });
    }

    /// Scrolls through the findings until the button that begins like this is enabled: all of them have to
    /// be on screen first, and a small window shows fewer at once. Returns the button's name.
    pub fn show_all(&self, confirm: &str) -> String {
        let is_it = |node: &Node| node.name.starts_with(confirm) && node.is_live_button(&node.name);
        let what = format!("{confirm:?} to be enabled");
        let nodes = self.window.wait_for(&what, UNTIL_ALL_SHOWN, |nodes| {
            let next = nodes.iter().find(|node| is_next_to_show(node));
            // On a busy machine many presses can reach the same frame, so they are not counted. The button
            // disappears once the last finding has been on screen.
            if let Some(next) = next {
                self.window.takes_action(next);
            }
            nodes.iter().any(is_it)
        });
        let confirm = nodes.into_iter().find(is_it);
        confirm.expect("it was there a moment ago").name
    }

    /// Waits until the activity list shows one of these for the newest order of this kind for this device.
    pub fn wait_for_outcome(&self, device: &Device, title: &str, any_of: &[&str]) {
        let what = format!("{} “{title}” to be {any_of:?}", device.label);
        self.window.wait_for(&what, NEXT_LOOK, |nodes| {
            outcomes(nodes, device, title).any(|word| any_of.contains(&word))
        });
    }

    /// Waits until it is accepted, whatever its status by then.
    pub fn wait_until_accepted(&self, device: &Device, title: &str) {
        self.wait_for_outcome(device, title, &["Accepted (Pending)", "In progress"]);
    }

    /// The program's process id.
    pub fn process(&self) -> u32 {
        self.running.process()
    }

    /// Kills the console, as a power cut would.
    pub fn kill(mut self) {
        self.running.kill();
    }

    /// Asks the window to close, as its title bar does.
    pub fn ask_to_close(&self) {
        self.window.key("alt+F4");
    }

    /// Waits for the program to end with success.
    pub fn wait_for_end(mut self) {
        let status = self.running.wait_for_end();
        assert!(status.success(), "the console ends well, not with {status}");
    }

    /// Closes the window, anyway where it asks, and waits for the program to end well.
    pub fn close(mut self) {
        // On a busy machine the press of a key or button can be missed; a person presses again. A console
        // that hangs is not helped by that.
        let ended = (0..24).find_map(|_| {
            match self.window.find_all(asks_to_close).first() {
                // A sign-in that is not saved ends with the window.
                Some(anyway) => drop(self.window.takes_action(anyway)),
                None => self.ask_to_close(),
            }
            self.running.ends_within(Duration::from_secs(5))
        });
        let status = ended.unwrap_or_else(|| {
            self.session.picture("still-open");
            self.running.wait_for_end()
        });
        assert!(status.success(), "the console ends well, not with {status}");
    }
}

impl Drop for Console<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let log = self.session.pictures().join("cordon.err.log");
        let log = fs::read_to_string(log).unwrap_or_default();
        assert!(!log.contains("panicked"), "the console panicked: {log}");
    }
}

/// The command that starts the console on this tenant.
pub fn start_command(session: &Session, tenant: &Tenant) -> Command {
    let mut command = session.command(&*PROGRAM);
    command
        .args(["--stand-in", &tenant.url])
        .arg("--data-dir")
        .arg(data_folder(session));
    command
}

/// Output of a run without a window on the session's data folder.
pub fn without_window(session: &Session, arguments: &[&str]) -> Output {
    session
        .command(&*PROGRAM)
        .arg("--data-dir")
        .arg(data_folder(session))
        .args(arguments)
        .output()
        .expect("the program can be started")
}

/// The data folder of the console under test.
pub fn data_folder(session: &Session) -> PathBuf {
    session.folder().join("cordon-data")
}

/// Texts of the activity list about orders of this kind for this device: first those that need attention,
/// then the newest.
pub fn outcomes<'n>(
    nodes: &'n [Node],
    device: &Device,
    title: &str,
) -> impl Iterator<Item = &'n str> {
    let name = format!("{}: {title}", device.quoted);
    let entries = nodes
        .iter()
        .filter(move |node| node.role == "panel" && node.name == name);
    entries.map(|entry| &*entry.description)
}

/// Whether it is the row of any device.
pub fn is_row(node: &Node) -> bool {
    node.role == "table row"
}

/// Whether it is the row of this device.
pub fn is_row_of(node: &Node, device: &Device) -> bool {
    is_row(node) && node.name.starts_with(&device.label)
}

/// Whether there are rows, all of devices with this name.
pub fn only_rows_of(nodes: &[Node], name: &str) -> bool {
    let mut rows = nodes.iter().filter(|node| is_row(node)).peekable();
    rows.peek().is_some() && rows.all(|row| row.name.starts_with(&format!("{name} (…")))
}

fn code_of(node: &Node) -> &str {
    if node.text.is_empty() {
        &node.name
    } else {
        &node.text
    }
}

/// Nine capital letters and digits.
fn is_code(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() == 9 && text.bytes().all(is_part)
}

fn asks_to_close(node: &Node) -> bool {
    node.is_live_button(CLOSE_ANYWAY)
}

/// The button that scrolls to the next device or finding that has not been on screen yet.
fn is_next_to_show(node: &Node) -> bool {
    node.name.starts_with("Show next (") && node.is_live_button(&node.name)
}
