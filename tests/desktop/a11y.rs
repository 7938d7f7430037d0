//! Reads and works a window from outside through the accessibility bus (AT-SPI), as a screen reader does.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use zbus::blocking::Connection;
use zbus::message::Body;
use zbus::zvariant::{DynamicType, OwnedObjectPath};

use crate::session::Session;

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const ACTION: &str = "org.a11y.atspi.Action";
const COMPONENT: &str = "org.a11y.atspi.Component";
const TEXT: &str = "org.a11y.atspi.Text";

/// Time limit of most waits, on a busy machine too.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Roles of the nodes in our windows, by their AT-SPI number.
const ROLES: [(u32, &str); 27] = [
    (2, "alert"),
    (7, "check box"),
    (11, "combo box"),
    (16, "dialog"),
    (23, "frame"),
    (27, "image"),
    (29, "label"),
    (39, "panel"),
    (42, "progress bar"),
    (43, "button"),
    (44, "radio button"),
    (48, "scroll bar"),
    (49, "scroll pane"),
    (50, "separator"),
    (51, "slider"),
    (53, "split pane"),
    (55, "table"),
    (56, "table cell"),
    (61, "text"),
    (62, "toggle button"),
    (64, "tool tip"),
    (67, "unknown"),
    (75, "application"),
    (79, "entry"),
    (83, "heading"),
    (90, "table row"),
    (116, "static"),
];

/// Roles of controls, and of nodes that are announced as a whole.
const WORKED: [&str; 11] = [
    "alert",
    "button",
    "check box",
    "combo box",
    "dialog",
    "entry",
    "frame",
    "radio button",
    "table",
    "table row",
    "toggle button",
];

/// A state of a node, by its bit number.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub enum State {
    Checked = 4,
    Enabled = 8,
    Focused = 12,
    Modal = 16,
    Selected = 23,
}

/// One node of the tree, as of the reading.
#[derive(Clone, Debug)]
pub struct Node {
    /// Depth below the application's root.
    pub depth: usize,
    /// The role's AT-SPI name: "button", "entry", "label", …
    pub role: &'static str,
    /// The accessible name.
    pub name: String,
    /// The accessible description.
    pub description: String,
    /// The content, for fields that hold text.
    pub text: String,
    states: u64,
    path: OwnedObjectPath,
}

impl Node {
    /// Whether the node had this state when the tree was read.
    pub fn is(&self, state: State) -> bool {
        self.states & (1 << state as u32) != 0
    }

    /// Whether name, content or description contains this text.
    pub fn says(&self, text: &str) -> bool {
        self.name.contains(text) || self.text.contains(text) || self.description.contains(text)
    }

    /// Whether it is an enabled button with this name.
    pub fn is_live_button(&self, name: &str) -> bool {
        self.role == "button" && self.name == name && self.is(State::Enabled)
    }
}

/// An object on the bus: the owner's name and the path.
type Reference = (String, OwnedObjectPath);

/// A node in the result of `GetItems`: itself, its application, parent, index in the parent, number of
/// children, interfaces, name, role, description and states.
type CacheItem = (
    Reference,
    Reference,
    Reference,
    i32,
    i32,
    Vec<String>,
    String,
    u32,
    String,
    Vec<u32>,
);

/// The window of one process, as the accessibility bus shows it.
pub struct Window<'s> {
    session: &'s Session,
    bus: Connection,
    process: u32,
    service: OnceCell<String>,
}

impl<'s> Window<'s> {
    /// Waits until a process has joined the accessibility bus and shows a window.
    pub fn of(session: &'s Session, process: u32) -> Self {
        let window = Self {
            session,
            bus: session.accessibility_bus(),
            process,
            service: OnceCell::new(),
        };
        window.wait_for("a window", Duration::from_mins(1), |nodes| nodes.len() > 2);
        window
    }

    /// Reads the whole tree, top-down. It is empty until the window is there.
    pub fn read(&self) -> Vec<Node> {
        let Some(service) = self.service() else {
            return Vec::new();
        };
        let items: Vec<CacheItem> = self
            .call_path(
                &service,
                "/org/a11y/atspi/cache",
                "org.a11y.atspi.Cache",
                "GetItems",
                &(),
            )
            .unwrap_or_default();
        let mut children: HashMap<OwnedObjectPath, Vec<(i32, Node)>> = HashMap::new();
        let mut root = None;
        for (object, app, parent, place, _, _, name, role, description, states) in items {
            let node = Node {
                depth: 0,
                role: role_word(role),
                name,
                description,
                text: String::new(),
                states: states
                    .iter()
                    .rev()
                    .fold(0, |all, part| all << 32 | u64::from(*part)),
                path: object.1.clone(),
            };
            if object == app {
                root = Some(node);
            } else {
                children.entry(parent.1).or_default().push((place, node));
            }
        }
        let mut nodes = Vec::new();
        if let Some(root) = root {
            lay_out(root, &mut children, &mut nodes);
        }
        for node in &mut nodes {
            if matches!(node.role, "entry" | "text") {
                node.text = self
                    .call(node, TEXT, "GetText", &(0_i32, -1_i32))
                    .unwrap_or_default();
            }
        }
        nodes
    }

    /// The nodes that satisfy the predicate.
    pub fn find_all(&self, wanted: impl Fn(&Node) -> bool) -> Vec<Node> {
        let mut nodes = self.read();
        nodes.retain(wanted);
        nodes
    }

    /// Whether any node contains this text.
    pub fn says(&self, text: &str) -> bool {
        self.read().iter().any(|node| node.says(text))
    }

    /// Waits until the tree satisfies the predicate. On a timeout, keeps the tree and a picture.
    pub fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        reached: impl Fn(&[Node]) -> bool,
    ) -> Vec<Node> {
        let deadline = Instant::now() + limit;
        loop {
            let nodes = self.read();
            if reached(&nodes) {
                return nodes;
            }
            if Instant::now() > deadline {
                let kept = self.session.pictures().join("gave-up.tree.txt");
                fs::write(&kept, describe(&nodes)).expect("the tree can be kept");
                self.session.picture("gave-up");
                panic!(
                    "waited {limit:?} for {what}; the tree is in {}",
                    kept.display()
                );
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for the first node that satisfies the predicate.
    pub fn wait_for_node(&self, what: &str, wanted: impl Fn(&Node) -> bool) -> Node {
        self.wait_for(what, TIMEOUT, |nodes| nodes.iter().any(&wanted))
            .into_iter()
            .find(wanted)
            .expect("the node was there a moment ago")
    }

    /// Waits until some node contains this text.
    pub fn wait_for_text(&self, text: &str) -> Node {
        self.wait_for_node(&format!("the text {text:?}"), |node| node.says(text))
    }

    /// Waits until no node contains this text.
    pub fn wait_until_gone(&self, text: &str) {
        self.wait_for(&format!("{text:?} to go"), TIMEOUT, |nodes| {
            !nodes.is_empty() && !nodes.iter().any(|node| node.says(text))
        });
    }

    /// Waits until the button of this name is enabled, and presses it.
    pub fn press(&self, name: &str) {
        let button = self.wait_for_node(&format!("an enabled button {name:?}"), |node| {
            node.is_live_button(name)
        });
        self.activate(&button);
    }

    /// Performs the node's click action, without the pointer.
    pub fn activate(&self, node: &Node) {
        let (role, name) = (node.role, &node.name);
        assert!(self.takes_action(node), "{role:?} {name:?} took no action");
    }

    /// The same; `false` if the node has disappeared.
    pub fn takes_action(&self, node: &Node) -> bool {
        let done: Option<bool> = self.call(node, ACTION, "DoAction", &0_i32);
        done == Some(true)
    }

    /// Clicks in the middle of the node with the pointer, once it is at rest: a line that appears above moves
    /// it.
    pub fn click(&self, node: &Node) {
        let mut before = None;
        let (x, y, width, height) = loop {
            let extents = self.extents(node);
            if before == Some(extents) {
                break extents;
            }
            before = Some(extents);
            thread::sleep(Duration::from_millis(200));
        };
        let (x, y) = ((x + width / 2).to_string(), (y + height / 2).to_string());
        self.session
            .xdotool(&["mousemove", "--sync", &x, &y, "click", "1"]);
    }

    /// The node's position and size on the screen: left, top, width, height in pixels.
    pub fn extents(&self, node: &Node) -> (i32, i32, i32, i32) {
        self.call::<_, (i32, i32, i32, i32)>(node, COMPONENT, "GetExtents", &0_u32)
            .unwrap_or_else(|| panic!("{:?} {:?} has no place on screen", node.role, node.name))
    }

    /// Waits until the node of this name has the keyboard focus.
    pub fn wait_for_focus(&self, name: &str) {
        self.wait_for_node(&format!("the focus on {name:?}"), |node| {
            node.name == name && node.is(State::Focused)
        });
    }

    /// Replaces the content of the field of this name by typing, and waits until it is there.
    pub fn fill(&self, field: &str, text: &str) {
        let node = self.wait_for_node(&format!("the field {field:?}"), |node| {
            node.role == "entry" && node.name == field
        });
        let taken: Option<bool> = self.call(&node, COMPONENT, "GrabFocus", &());
        assert_eq!(taken, Some(true), "the field {field:?} took no focus");
        self.wait_for_focus(field);
        self.key("ctrl+a");
        self.type_text(text);
        self.wait_for_content(field, text);
    }

    /// Waits until the field of this name holds exactly this text.
    pub fn wait_for_content(&self, field: &str, text: &str) {
        self.wait_for_node(&format!("{text:?} in {field:?}"), |node| {
            node.role == "entry" && node.name == field && node.text == text
        });
    }

    /// Types into the focused node.
    pub fn type_text(&self, text: &str) {
        assert!(
            text.is_ascii(),
            "xdotool loses characters that the keyboard layout doesn't have: {text:?}"
        );
        self.session.xdotool(&["type", "--delay", "15", text]);
    }

    /// Presses a key or a chord, in xdotool's notation: "Return", "ctrl+k".
    pub fn key(&self, chord: &str) {
        self.session.xdotool(&["key", chord]);
    }

    /// Keeps a picture of the display with its tree, and asserts that every control has a name.
    pub fn picture(&self, name: &str) {
        self.session.picture(name);
        let nodes = self.read();
        let path = self.session.pictures().join(format!("{name}.tree.txt"));
        fs::write(path, describe(&nodes)).expect("the tree can be kept");
        let nameless = nodes
            .iter()
            .find(|node| WORKED.contains(&node.role) && node.name.trim().is_empty());
        assert!(nameless.is_none(), "{name}: a {nameless:?} has no name");
    }

    /// The process's name on the accessibility bus, once it has one.
    fn service(&self) -> Option<String> {
        if let Some(service) = self.service.get() {
            return Some(service.clone());
        }
        let applications: Vec<Reference> = self.call_path(
            "org.a11y.atspi.Registry",
            "/org/a11y/atspi/accessible/root",
            ACCESSIBLE,
            "GetChildren",
            &(),
        )?;
        let found = applications.into_iter().find(|(service, _)| {
            let process: Option<u32> = self.call_path(
                "org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus",
                "GetConnectionUnixProcessID",
                service,
            );
            process == Some(self.process)
        })?;
        Some(self.service.get_or_init(|| found.0).clone())
    }

    /// `None` if the node has disappeared or doesn't support the call; both are ordinary while a window
    /// changes.
    fn call<B, R>(&self, node: &Node, interface: &str, method: &str, body: &B) -> Option<R>
    where
        B: serde::Serialize + DynamicType,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let service = self.service()?;
        self.call_path(&service, node.path.as_str(), interface, method, body)
    }

    fn call_path<B, R>(
        &self,
        service: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Option<R>
    where
        B: serde::Serialize + DynamicType,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let reply = self
            .bus
            .call_method(Some(service), path, Some(interface), method, body)
            .ok()?;
        let body: Body = reply.body();
        body.deserialize().ok()
    }
}

/// Adds a node and its descendants to the list, children in their order.
fn lay_out(
    node: Node,
    children: &mut HashMap<OwnedObjectPath, Vec<(i32, Node)>>,
    nodes: &mut Vec<Node>,
) {
    let mut below = children.remove(&node.path).unwrap_or_default();
    below.sort_by_key(|(place, _)| *place);
    let depth = node.depth + 1;
    nodes.push(node);
    for (_, child) in below {
        lay_out(Node { depth, ..child }, children, nodes);
    }
}

fn role_word(number: u32) -> &'static str {
    ROLES
        .iter()
        .find(|(known, _)| *known == number)
        .map_or("other", |(_, word)| word)
}

/// The tree as text, one node per line.
fn describe(nodes: &[Node]) -> String {
    let mut text = String::new();
    for node in nodes {
        let indent = "  ".repeat(node.depth);
        let (role, name) = (node.role, &node.name);
        write!(text, "{indent}{role} {name:?}").expect("text can be written");
        for (label, content) in [("text", &node.text), ("description", &node.description)] {
            if !content.is_empty() {
                write!(text, " {label}={content:?}").expect("text can be written");
            }
        }
        for state in [
            State::Focused,
            State::Selected,
            State::Checked,
            State::Modal,
        ] {
            if node.is(state) {
                write!(text, " {state:?}").expect("text can be written");
            }
        }
        if !node.is(State::Enabled) {
            text.push_str(" disabled");
        }
        text.push('\n');
    }
    text
}
