//! Reads and works a window from outside through the accessibility bus (AT-SPI), as a screen reader does.

use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use zbus::blocking::Connection;
use zbus::message::Body;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue};

use crate::session::Session;

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const ACTION: &str = "org.a11y.atspi.Action";
const COMPONENT: &str = "org.a11y.atspi.Component";
const TEXT: &str = "org.a11y.atspi.Text";

/// The registry's roles that a window of ours can have, by their number.
const ROLES: [(u32, &str); 40] = [
    (2, "alert"),
    (7, "check box"),
    (8, "check menu item"),
    (10, "column header"),
    (11, "combo box"),
    (16, "dialog"),
    (23, "frame"),
    (27, "image"),
    (29, "label"),
    (31, "list"),
    (32, "list item"),
    (33, "menu"),
    (34, "menu bar"),
    (35, "menu item"),
    (37, "page tab"),
    (38, "page tab list"),
    (39, "panel"),
    (40, "password text"),
    (42, "progress bar"),
    (43, "button"),
    (44, "radio button"),
    (47, "row header"),
    (48, "scroll bar"),
    (50, "separator"),
    (51, "slider"),
    (52, "spin button"),
    (55, "table"),
    (56, "table cell"),
    (61, "text"),
    (62, "toggle button"),
    (69, "window"),
    (75, "application"),
    (79, "entry"),
    (83, "heading"),
    (85, "section"),
    (88, "link"),
    (90, "table row"),
    (98, "list box"),
    (101, "notification"),
    (116, "static"),
];

/// A state of a node, by the number of its bit.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub enum State {
    Checked = 4,
    Enabled = 8,
    Focused = 12,
    Modal = 16,
    Selected = 23,
}

/// One node of the tree as it was when the tree was read.
#[derive(Clone, Debug)]
pub struct Node {
    /// How deep below the application's root.
    pub depth: usize,
    /// The role in the registry's words: "button", "entry", "label", …
    pub role: &'static str,
    /// The accessible name.
    pub name: String,
    /// The accessible description.
    pub description: String,
    /// The content, for fields that hold text.
    pub text: String,
    states: u64,
    service: String,
    path: OwnedObjectPath,
}

impl Node {
    /// Whether the node was in this state when the tree was read.
    pub fn is(&self, state: State) -> bool {
        self.states & (1 << state as u32) != 0
    }

    /// Whether name, content or description holds this text.
    pub fn says(&self, text: &str) -> bool {
        self.name.contains(text) || self.text.contains(text) || self.description.contains(text)
    }
}

/// One running application, as the accessibility bus shows it.
pub struct Window<'s> {
    session: &'s Session,
    bus: Connection,
    application: String,
}

impl<'s> Window<'s> {
    /// Waits until an application of this name has joined the accessibility bus and shows a window.
    pub fn of(session: &'s Session, application: &str) -> Self {
        let window = Self {
            session,
            bus: session.accessibility_bus(),
            application: application.to_owned(),
        };
        window.wait_for(
            &format!("a window of {application}"),
            Duration::from_mins(1),
            |nodes| nodes.len() > 2,
        );
        window
    }

    /// Reads the whole tree, top-down. Nodes that vanish meanwhile are left out.
    pub fn read(&self) -> Vec<Node> {
        let mut nodes = Vec::new();
        let registry = self.node(
            "org.a11y.atspi.Registry",
            "/org/a11y/atspi/accessible/root",
            0,
        );
        for child in registry
            .map(|node| self.children(&node))
            .unwrap_or_default()
        {
            if let Some(node) = self.node(&child.0, child.1.as_str(), 0)
                && node.name == self.application
            {
                self.walk(node, &mut nodes);
            }
        }
        nodes
    }

    /// The nodes of this role whose name satisfies the predicate. An empty role stands for any.
    pub fn find_all(&self, role: &str, name: impl Fn(&str) -> bool) -> Vec<Node> {
        self.read()
            .into_iter()
            .filter(|node| matches_role(node, role) && name(&node.name))
            .collect()
    }

    /// The first node of this role whose name satisfies the predicate.
    pub fn find(&self, role: &str, name: impl Fn(&str) -> bool) -> Option<Node> {
        self.find_all(role, name).into_iter().next()
    }

    /// Whether any node says this text.
    pub fn says(&self, text: &str) -> bool {
        self.read().iter().any(|node| node.says(text))
    }

    /// Waits until the tree satisfies the predicate; keeps the tree and a picture when it gives up.
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

    /// Waits for a node of this role whose name satisfies the predicate.
    pub fn wait_for_node(&self, role: &str, what: &str, name: impl Fn(&str) -> bool) -> Node {
        let wanted = |node: &Node| matches_role(node, role) && name(&node.name);
        self.wait_for(
            &format!("{role} {what}"),
            Duration::from_secs(30),
            |nodes| nodes.iter().any(wanted),
        )
        .into_iter()
        .find(|node| matches_role(node, role) && name(&node.name))
        .expect("the node was there a moment ago")
    }

    /// Waits until some node says this text.
    pub fn wait_for_text(&self, text: &str) -> Node {
        self.wait_for(
            &format!("the text {text:?}"),
            Duration::from_secs(30),
            |nodes| nodes.iter().any(|node| node.says(text)),
        )
        .into_iter()
        .find(|node| node.says(text))
        .expect("the text was there a moment ago")
    }

    /// Waits for an enabled button whose name starts like this, and presses it.
    pub fn press(&self, name: &str) {
        let wanted = |node: &Node| {
            node.role == "button" && node.name.starts_with(name) && node.is(State::Enabled)
        };
        let button = self
            .wait_for(
                &format!("an enabled button {name:?}"),
                Duration::from_secs(30),
                |nodes| nodes.iter().any(wanted),
            )
            .into_iter()
            .find(wanted)
            .expect("the button was there a moment ago");
        self.activate(&button);
    }

    /// Does what a click on the node would do, without the pointer.
    pub fn activate(&self, node: &Node) {
        let done: Option<bool> = self.call(node, ACTION, "DoAction", &0_i32);
        assert_eq!(
            done,
            Some(true),
            "{:?} {:?} took no action",
            node.role,
            node.name
        );
    }

    /// Clicks in the middle of the node with the pointer.
    pub fn click(&self, node: &Node) {
        let (x, y, width, height) = self.extents(node);
        let (x, y) = ((x + width / 2).to_string(), (y + height / 2).to_string());
        self.session
            .xdotool(&["mousemove", "--sync", &x, &y, "click", "1"]);
    }

    /// Where the node is on the screen: left, top, width, height in pixels.
    pub fn extents(&self, node: &Node) -> (i32, i32, i32, i32) {
        self.call::<_, ((i32, i32, i32, i32),)>(node, COMPONENT, "GetExtents", &0_u32)
            .map(|(rectangle,)| rectangle)
            .or_else(|| self.call(node, COMPONENT, "GetExtents", &0_u32))
            .unwrap_or_else(|| panic!("{:?} {:?} has no place on screen", node.role, node.name))
    }

    /// Moves the keyboard focus to the node and waits until it is there.
    pub fn focus(&self, node: &Node) {
        let taken: Option<bool> = self.call(node, COMPONENT, "GrabFocus", &());
        assert_eq!(
            taken,
            Some(true),
            "{:?} {:?} took no focus",
            node.role,
            node.name
        );
        self.wait_for(
            &format!("the focus on {:?}", node.name),
            Duration::from_secs(10),
            |nodes| {
                nodes
                    .iter()
                    .any(|seen| seen.path == node.path && seen.is(State::Focused))
            },
        );
    }

    /// Replaces the content of the named field by typing, and waits until it is there.
    pub fn fill(&self, field: &str, text: &str) {
        assert!(
            text.is_ascii(),
            "xdotool loses characters that the keyboard layout doesn't have: {text:?}"
        );
        let node = self.wait_for_node("entry", field, |name| name.starts_with(field));
        self.focus(&node);
        self.key("ctrl+a");
        if text.is_empty() {
            self.key("BackSpace");
        } else {
            self.session.xdotool(&["type", "--delay", "15", text]);
        }
        self.wait_for(
            &format!("{text:?} in {field:?}"),
            Duration::from_secs(10),
            |nodes| {
                nodes
                    .iter()
                    .any(|seen| seen.path == node.path && seen.text == text)
            },
        );
    }

    /// Presses a key or a chord, in xdotool's words: "Return", "ctrl+k".
    pub fn key(&self, chord: &str) {
        self.session.xdotool(&["key", chord]);
    }

    /// Keeps a picture of the display and the tree beside it.
    pub fn picture(&self, name: &str) {
        self.session.picture(name);
        let path = self.session.pictures().join(format!("{name}.tree.txt"));
        fs::write(path, describe(&self.read())).expect("the tree can be kept");
    }

    fn walk(&self, node: Node, nodes: &mut Vec<Node>) {
        let depth = node.depth + 1;
        let children = self.children(&node);
        nodes.push(node);
        // Each node costs a few round trips; asking for several at a time keeps large tables readable.
        for part in children.chunks(8) {
            let found: Vec<Option<Node>> = thread::scope(|scope| {
                let asked: Vec<_> = part
                    .iter()
                    .map(|(service, path)| {
                        scope.spawn(move || self.node(service, path.as_str(), depth))
                    })
                    .collect();
                asked
                    .into_iter()
                    .map(|answer| answer.join().expect("reading a node doesn't panic"))
                    .collect()
            });
            for child in found.into_iter().flatten() {
                self.walk(child, nodes);
            }
        }
    }

    fn node(&self, service: &str, path: &str, depth: usize) -> Option<Node> {
        let mut node = Node {
            depth,
            role: "",
            name: String::new(),
            description: String::new(),
            text: String::new(),
            states: 0,
            service: service.to_owned(),
            path: OwnedObjectPath::try_from(path).ok()?,
        };
        let role: u32 = self.call(&node, ACCESSIBLE, "GetRole", &())?;
        node.role = ROLES
            .iter()
            .find(|(number, _)| *number == role)
            .map_or("other", |(_, name)| name);
        node.name = self.property(&node, "Name")?;
        node.description = self.property(&node, "Description").unwrap_or_default();
        let states: Vec<u32> = self.call(&node, ACCESSIBLE, "GetState", &())?;
        node.states = states
            .iter()
            .rev()
            .fold(0, |all, part| all << 32 | u64::from(*part));
        if matches!(node.role, "entry" | "text" | "password text") {
            node.text = self
                .call(&node, TEXT, "GetText", &(0_i32, -1_i32))
                .unwrap_or_default();
        }
        Some(node)
    }

    fn children(&self, node: &Node) -> Vec<(String, OwnedObjectPath)> {
        self.call(node, ACCESSIBLE, "GetChildren", &())
            .unwrap_or_default()
    }

    fn property(&self, node: &Node, name: &str) -> Option<String> {
        let value: OwnedValue = self.call(
            node,
            "org.freedesktop.DBus.Properties",
            "Get",
            &(ACCESSIBLE, name),
        )?;
        String::try_from(value).ok()
    }

    /// `None` when the node has gone or doesn't know the call; both are ordinary while a window changes.
    fn call<B, R>(&self, node: &Node, interface: &str, method: &str, body: &B) -> Option<R>
    where
        B: serde::Serialize + DynamicType,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let reply = self
            .bus
            .call_method(
                Some(node.service.as_str()),
                &node.path,
                Some(interface),
                method,
                body,
            )
            .ok()?;
        let body: Body = reply.body();
        body.deserialize().ok()
    }
}

/// The tree as text, one node a line.
pub fn describe(nodes: &[Node]) -> String {
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

fn matches_role(node: &Node, role: &str) -> bool {
    role.is_empty() || node.role == role
}
