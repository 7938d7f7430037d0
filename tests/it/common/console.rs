//! The whole window without a display.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cordon::action::ActionKind;
use cordon::app::App;
use cordon::auth::TokenStore;
use cordon::guard::Policy;
use cordon::journal::OrderStatus;
use cordon::model::{EntryId, MachineId, MachineRef, SessionStatus};
use cordon::simulator::{SimControl, Simulator};
use cordon::state::State;
use cordon::worker::WorkerHandle;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tempfile::TempDir;

use super::{SHA1, SPEED, TIMEOUT, fault, machine_named, place, setup};

pub struct Console {
    pub harness: Harness<'static, App>,
    pub control: SimControl,
    pub journal: PathBuf,
    folder: Option<TempDir>,
    pub simulator: Option<Simulator>,
}

impl Console {
    pub fn start() -> Self {
        let (simulator, folder) = place();
        let mut console = Self::open(&simulator, folder.path(), &Policy::default());
        console.folder = Some(folder);
        console.simulator = Some(simulator);
        console
    }

    /// Starts with a signed-in console.
    pub fn signed_in() -> Self {
        let mut console = Self::start();
        console.sign_in();
        console
    }

    pub fn open(simulator: &Simulator, folder: &Path, policy: &Policy) -> Self {
        Self::open_sized(simulator, folder, policy, [1400.0, 900.0])
    }

    pub fn open_sized(
        simulator: &Simulator,
        folder: &Path,
        policy: &Policy,
        size: [f32; 2],
    ) -> Self {
        let (setup, journal) = setup(simulator, folder, policy, TokenStore::memory(), SPEED);
        let state = State::new(setup.mode, &setup.endpoints.name, policy.clone());
        let worker = WorkerHandle::spawn(setup).expect("the worker starts");
        let harness = Harness::builder()
            .with_size(size)
            .with_step_dt(0.1)
            .with_context_setup(cordon::ui::prepare)
            .build_eframe(|_| App::new(state, worker, jiff::tz::TimeZone::UTC, ""));
        Self {
            harness,
            control: simulator.control(),
            journal,
            folder: None,
            simulator: None,
        }
    }

    pub fn state(&self) -> &State {
        self.harness.state().state()
    }

    pub fn inject(&self, on: &str, what: &str, times: u32) {
        self.control.inject(fault(on, what, times));
    }

    /// Presses a key with Ctrl, or with ⌘.
    pub fn press_command(&mut self, key: Key) {
        self.harness.key_press_modifiers(Modifiers::COMMAND, key);
    }

    /// Steps until `reached`; on a timeout prints the texts on screen.
    pub fn step_until(&mut self, what: &str, mut reached: impl FnMut(&mut Self) -> bool) {
        let until = Instant::now() + TIMEOUT;
        self.harness.step();
        while !reached(self) {
            assert!(
                Instant::now() < until,
                "waited in vain for {what}; problems {:?}; on screen:\n{}",
                self.state().problems,
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
    }

    /// Like [`Self::step_until`], with the tenant's clock running fast.
    pub fn step_until_fast(&mut self, what: &str, mut reached: impl FnMut(&mut Self) -> bool) {
        self.step_until(what, move |console| {
            console.control.advance(Duration::from_millis(300));
            reached(console)
        });
    }

    /// Every text in the accessibility tree, one per line.
    pub fn screen(&self) -> String {
        let mut lines = Vec::new();
        for node in self.harness.root().children_recursive() {
            let node = node.accesskit_node();
            let text = [node.label(), node.value()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" = ");
            if !text.is_empty() {
                lines.push(format!("{:?} {text}", node.role()));
            }
        }
        lines.join("\n")
    }

    pub fn shows(&self, label: &str) -> bool {
        self.harness.query_all_by_label(label).next().is_some()
    }

    pub fn shows_part(&self, label: &str) -> bool {
        self.harness
            .query_all_by_label_contains(label)
            .next()
            .is_some()
    }

    #[track_caller]
    pub fn assert_shows(&self, label: &str) {
        assert!(self.shows(label), "{label}:\n{}", self.screen());
    }

    #[track_caller]
    pub fn assert_shows_part(&self, label: &str) {
        assert!(self.shows_part(label), "{label}:\n{}", self.screen());
    }

    pub fn until_shows(&mut self, label: &str) {
        self.step_until(label, |c| c.shows(label));
    }

    pub fn until_shows_part(&mut self, label: &str) {
        self.step_until(label, |c| c.shows_part(label));
    }

    /// Waits for the first node with this label and clicks it.
    pub fn click(&mut self, label: &str) {
        self.step_until(&format!("“{label}”"), |console| console.shows(label));
        self.node_to_click(label).scroll_to_me();
        self.harness.run_steps(3);
        // A button that has just moved works half a second later.
        for _ in 0..7 {
            if self.node_to_click(label).accesskit_node().is_disabled() {
                self.harness.step();
            }
        }
        self.node_to_click(label).click();
        self.harness.step();
    }

    /// The button with this label, otherwise the first node with it: a dialog may have the label of its
    /// button.
    fn node_to_click<'a>(&'a self, label: &'a str) -> egui_kittest::Node<'a> {
        let mut nodes = self.harness.query_all_by_label(label);
        let button =
            nodes.find(|node| node.accesskit_node().role() == egui::accesskit::Role::Button);
        let mut nodes = self.harness.query_all_by_label(label);
        button.or_else(|| nodes.next()).expect("just seen")
    }

    /// Waits for the field with this label and fills it.
    pub fn fill(&mut self, label: &str, text: &str) {
        self.step_until(&format!("“{label}”"), |console| console.shows(label));
        fill(&mut self.harness, label, text);
    }

    /// Signs in with a code, approved at once.
    pub fn sign_in_with_code(&mut self) {
        self.click("Sign in with a code");
        self.until_code_approved();
    }

    /// Waits for a code and approves it.
    pub fn until_code_approved(&mut self) {
        self.step_until("a code", |c| {
            matches!(c.state().session, SessionStatus::WaitingForPerson(_))
        });
        assert!(self.control.approve_latest());
    }

    pub fn sign_in(&mut self) {
        self.step_until("the start", |c| {
            let has_started = c.state().session != SessionStatus::Restoring;
            has_started && c.shows("Sign in with a code")
        });
        // Not by the pointer: events of the start may still move the button.
        self.node_to_click("Sign in with a code").click_accesskit();
        self.until_code_approved();
        self.step_until("the list", |c| {
            c.state().inventory.read_at.is_some() && c.state().recent_actions.value.is_some()
        });
    }

    pub fn machine(&self, id: &MachineId) -> MachineRef {
        let known = self.state().inventory.get(id);
        known.expect("in the list").reference()
    }

    /// Searches for a device and opens it.
    pub fn open_device(&mut self, name: &str) -> MachineRef {
        let id = machine_named(&self.control, name);
        let machine = self.machine(&id);
        self.fill("Search devices", id.as_str());
        // As a screen reader does: a row's position is that of the last frame.
        let row = machine.name_and_tail();
        self.step_until("the row", |console| console.shows_part(&row));
        let found = self.harness.query_all_by_label_contains(&row).next();
        found.expect("just seen").click_accesskit();
        let id = id.clone();
        self.step_until("the history", move |c| {
            c.state()
                .histories
                .get(&id)
                .is_some_and(|h| h.value.is_some())
        });
        machine
    }

    /// Opens a device and ticks its box.
    pub fn select(&mut self, name: &str) -> MachineRef {
        let machine = self.open_device(name);
        self.tick(&machine);
        machine
    }

    /// Ticks the box of a device in the list.
    pub fn tick(&mut self, machine: &MachineRef) {
        let select = format!("Select {}", machine.quoted());
        self.until_shows(&select);
        let boxes = self.harness.query_all_by_label(&select).next();
        boxes.expect("just seen").click_accesskit();
        self.harness.run_steps(8);
    }

    /// Orders an action through the window.
    pub fn order(&mut self, kind: ActionKind, machine: &MachineRef, comment: &str) -> EntryId {
        self.click(&format!("{}…", kind.spec().button));
        if kind == ActionKind::StopAndQuarantineFile {
            self.fill("SHA-1 of the file", SHA1);
        }
        self.fill("Comment", comment);
        let before = self.state().entries.len();
        let confirm = format!("{} {}", kind.spec().verb, machine.quoted());
        self.confirm(&confirm);
        self.step_until("the entry", |c| {
            // A click in the moment when a fact changes the form is ignored: click again.
            let mut buttons = c.harness.query_all_by_label(&confirm);
            if let Some(enabled) = buttons.find(|button| !button.accesskit_node().is_disabled()) {
                enabled.click();
            }
            c.state().entries.len() > before
        });
        self.state().entries.last().expect("an entry").id()
    }

    /// Waits until the open form's confirm button is armed, after scrolling through everything that has to
    /// be seen, and presses it.
    pub fn confirm(&mut self, label: &str) {
        self.step_until(&format!("“{label}” enabled"), |console| {
            if console.shows_part("Show next (") {
                let next = console.harness.query_all_by_label_contains("Show next (");
                next.last().expect("just seen").click_accesskit();
                return false;
            }
            let mut buttons = console.harness.query_all_by_label(label);
            buttons.any(|button| !button.accesskit_node().is_disabled())
        });
        self.click(label);
    }

    pub fn status(&self, entry: EntryId) -> OrderStatus {
        let entry = self.state().entry(entry);
        entry.expect("an entry").status().clone()
    }
}

/// Focuses the field with this label and replaces its text.
pub fn fill<S>(harness: &mut Harness<'_, S>, label: &str, text: &str) {
    use egui::accesskit::Role::{MultilineTextInput, TextInput};

    {
        let mut fields = harness.query_all_by_label(label);
        let is_field = |role| matches!(role, TextInput | MultilineTextInput);
        let field = fields.find(|node| is_field(node.accesskit_node().role()));
        field
            .unwrap_or_else(|| panic!("no field “{label}”"))
            .focus();
    }
    harness.step();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.step();
    harness.event(egui::Event::Text(text.to_owned()));
    harness.step();
}
