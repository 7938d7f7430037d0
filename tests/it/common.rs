//! The one harness: the built-in tenant with the engine alone, or with the whole window.

mod barriers;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon::action::{ActionKind, Draft, Subject};
use cordon::app::App;
use cordon::auth::TokenStore;
use cordon::guard::{self, Approval, Policy};
use cordon::journal::{Entry, OrderStatus};
use cordon::message::Command;
use cordon::model::{Endpoints, EntryId, MachineRef, Mode, SessionStatus};
use cordon::paths;
use cordon::settings::{FILE_NAME, WrittenRules, save_rules};
use cordon::simulator::{CLIENT_ID, Fault, SimControl, SimOptions, Simulator, TENANT_ID};
use cordon::state::State;
use cordon::worker::{REFRESH_EVERY, Setup, Timing, WorkerHandle};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tempfile::TempDir;

pub use barriers::{asked_about, item_of, journal_on_disk, machine_named, polls, posts, wait_for};

/// Longest real time that anything may take, on a slow machine too.
pub const PATIENCE: Duration = Duration::from_mins(2);
/// The waits of following and looking up, this many times shorter.
pub const SPEED: f64 = 40.0;
/// A hash of no file.
pub const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

/// Tells a run's figures: past the harness, which keeps what passing tests print to itself.
pub fn tell(figures: &str) {
    writeln!(std::io::stderr(), "{figures}").expect("there is an error output");
}

/// How often a test with chance in it tries; `tests/run` asks for more than `cargo test` alone.
pub fn number_from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

/// A tenant for this test alone.
pub fn tenant() -> Simulator {
    let simulator = Simulator::start(SimOptions::default()).expect("the built-in tenant starts");
    simulator.control().set_poll_interval(1);
    simulator
}

pub fn endpoints(simulator: &Simulator) -> Endpoints {
    Endpoints::stand_in(&simulator.address(), TENANT_ID, CLIENT_ID).expect("a loopback address")
}

pub fn fault(on: &str, what: &str, times: u32) -> Fault {
    Fault::parse(on, what, times).expect("a fault that the tenant knows")
}

pub fn setup(
    simulator: &Simulator,
    folder: &Path,
    policy: &Policy,
    store: TokenStore,
    speed: f64,
) -> (Setup, PathBuf) {
    let endpoints = endpoints(simulator);
    let journal = paths::journal_file(folder, Mode::StandIn, &endpoints);
    if policy.has_rules() && !folder.join(FILE_NAME).exists() {
        // A run has its rules from the file, and reads them again from there.
        let written = WrittenRules::of(policy).as_changes();
        save_rules(folder, &written).expect("the rules are written");
    }
    let setup = Setup {
        endpoints,
        mode: Mode::StandIn,
        store,
        journal: journal.clone(),
        memory: Some(folder.to_owned()),
        policy: policy.clone(),
        timing: Timing::faster(speed),
        request_repaint: Arc::new(|| {}),
        refresh_every: REFRESH_EVERY,
        addresses: Arc::new(Vec::new),
        on_event: Arc::new(|_| {}),
    };
    (setup, journal)
}

/// A tenant, a folder and an engine in which a person has signed in. The first two are to be held.
pub fn signed_in() -> (Simulator, TempDir, Engine) {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.sign_in();
    (simulator, folder, engine)
}

/// The engine without a window: worker and facts.
pub struct Engine {
    pub state: State,
    pub worker: WorkerHandle,
    pub control: SimControl,
    pub journal: PathBuf,
}

impl Engine {
    pub fn start(simulator: &Simulator, folder: &Path) -> Self {
        Self::start_with(simulator, folder, &Policy::default(), TokenStore::memory())
    }

    /// With waits divided by this factor.
    pub fn start_faster(simulator: &Simulator, folder: &Path, speed: f64) -> Self {
        let store = TokenStore::memory();
        Self::start_all(simulator, folder, &Policy::default(), store, speed)
    }

    pub fn start_with(
        simulator: &Simulator,
        folder: &Path,
        policy: &Policy,
        store: TokenStore,
    ) -> Self {
        Self::start_all(simulator, folder, policy, store, SPEED)
    }

    fn start_all(
        simulator: &Simulator,
        folder: &Path,
        policy: &Policy,
        store: TokenStore,
        speed: f64,
    ) -> Self {
        let prepared = setup(simulator, folder, policy, store, speed);
        Self::start_prepared(simulator, prepared)
    }

    /// From parts that a test has chosen; the path is the journal's.
    pub fn start_prepared(simulator: &Simulator, (setup, journal): (Setup, PathBuf)) -> Self {
        let state = State::new(setup.mode, &setup.endpoints.name, setup.policy.clone());
        let worker = WorkerHandle::spawn(setup).expect("the worker starts");
        let mut engine = Self {
            state,
            worker,
            control: simulator.control(),
            journal,
        };
        engine.until("the journal to open", |s| s.journal.is_some());
        engine
    }

    /// Takes events in until `reached`.
    pub fn until(&mut self, what: &str, reached: impl Fn(&State) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !reached(&self.state) {
            if let Some(event) = self.worker.try_next() {
                self.state.apply(event);
            } else {
                let entries: Vec<_> = self
                    .state
                    .entries
                    .iter()
                    .map(Entry::status)
                    .cloned()
                    .collect();
                assert!(
                    Instant::now() < until,
                    "waited in vain for {what}; {:?} {:?} {:?} {entries:?} {:?}",
                    self.state.session,
                    self.state.keyring,
                    self.state.sign_in_failure,
                    self.state.problems
                );
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }

    /// As [`Self::until`], while the tenant's clock runs fast.
    pub fn until_fast(&mut self, what: &str, reached: impl Fn(&State) -> bool) {
        let control = self.control.clone();
        self.until(what, move |state| {
            control.advance(Duration::from_millis(200));
            reached(state)
        });
    }

    pub fn send(&self, command: Command) {
        self.worker.send(command).expect("the worker takes it");
    }

    pub fn sign_in(&mut self) {
        self.until("the start", |s| s.session != SessionStatus::Restoring);
        self.send(Command::SignIn);
        self.until("a code", |s| {
            matches!(s.session, SessionStatus::WaitingForPerson(_))
        });
        assert!(self.control.approve_latest());
        self.until("the list", |s| {
            s.inventory.read_at.is_some() && s.recent_actions.value.is_some()
        });
    }

    pub fn machine(&self, name: &str) -> MachineRef {
        let id = machine_named(&self.control, name);
        let known = self.state.inventory.get(&id);
        known.expect("in the list").reference()
    }

    pub fn load(&mut self, machine: &MachineRef) {
        let before = self
            .state
            .histories
            .get(&machine.id)
            .and_then(cordon::state::Remote::read_at);
        self.send(Command::LoadMachine(machine.id.clone()));
        let id = machine.id.clone();
        self.until("the history", move |s| {
            s.histories
                .get(&id)
                .is_some_and(|h| h.read_at() != before || h.failure.is_some())
        });
    }

    pub fn draft(kind: ActionKind, machine: &MachineRef) -> Draft {
        let mut draft = Draft::new(
            EntryId::random().expect("random bytes"),
            machine.clone(),
            Subject::Act(kind),
        );
        draft.comment = "alert 1234".into();
        draft.fill_examples();
        draft
    }

    /// What a person's confirmation makes of a draft.
    pub fn approve(&self, draft: &Draft) -> Result<Approval, String> {
        let now = jiff::Timestamp::now();
        let account = self.state.session.account().cloned().expect("signed in");
        self.state
            .with_facts(&draft.machine, now, |facts| guard::review(draft, facts))
            .approve(&account, self.state.epoch, now)
    }

    pub fn submit(&mut self, draft: &Draft) -> EntryId {
        let approval = self.approve(draft).expect("nothing blocks it");
        self.send(Command::Submit(vec![approval]));
        let entry = draft.entry;
        self.until("the entry", move |s| s.entry(entry).is_some());
        entry
    }

    /// Orders `kind` on the machine of that name.
    pub fn order(&mut self, kind: ActionKind, name: &str) -> EntryId {
        let machine = self.machine(name);
        self.load(&machine);
        let draft = Self::draft(kind, &machine);
        self.submit(&draft)
    }

    pub fn status(&self, entry: EntryId) -> OrderStatus {
        self.state.entry(entry).expect("an entry").status().clone()
    }

    pub fn until_end(&mut self, entry: EntryId) -> OrderStatus {
        self.until_fast("the end", move |s| {
            s.entry(entry).is_some_and(|e| e.status().is_end())
        });
        self.status(entry)
    }
}

/// The whole window without a display.
pub struct Console {
    pub harness: Harness<'static, App>,
    pub control: SimControl,
    pub journal: PathBuf,
    folder: Option<TempDir>,
    pub simulator: Option<Simulator>,
}

impl Console {
    pub fn start() -> Self {
        let simulator = tenant();
        let folder = tempfile::tempdir().expect("a folder");
        let mut console = Self::open(
            &simulator,
            folder.path(),
            &Policy::default(),
            [1400.0, 900.0],
        );
        console.folder = Some(folder);
        console.simulator = Some(simulator);
        console
    }

    pub fn open(simulator: &Simulator, folder: &Path, policy: &Policy, size: [f32; 2]) -> Self {
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

    /// Steps until `reached`; prints what was on screen when it gives up.
    pub fn step_until(&mut self, what: &str, mut reached: impl FnMut(&mut Self) -> bool) {
        let until = Instant::now() + PATIENCE;
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

    /// As [`Self::step_until`], while the tenant's clock runs fast.
    pub fn step_until_fast(&mut self, what: &str, mut reached: impl FnMut(&mut Self) -> bool) {
        self.step_until(what, move |console| {
            console.control.advance(Duration::from_millis(300));
            reached(console)
        });
    }

    /// Every text in the accessibility tree, a line each.
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

    /// Clicks the first thing of this name, once it is there.
    pub fn click(&mut self, label: &str) {
        self.step_until(&format!("“{label}”"), |console| console.shows(label));
        self.node_to_click(label).scroll_to_me();
        self.harness.run_steps(3);
        // One that has just moved works half a second later.
        for _ in 0..7 {
            if self.node_to_click(label).accesskit_node().is_disabled() {
                self.harness.step();
            }
        }
        self.node_to_click(label).click();
        self.harness.step();
    }

    /// The button of this name, else the first thing of it: a dialog may have its button's name.
    fn node_to_click<'a>(&'a self, label: &'a str) -> egui_kittest::Node<'a> {
        let mut nodes = self.harness.query_all_by_label(label);
        let button =
            nodes.find(|node| node.accesskit_node().role() == egui::accesskit::Role::Button);
        let mut nodes = self.harness.query_all_by_label(label);
        button.or_else(|| nodes.next()).expect("just seen")
    }

    /// Focuses the field of this name and types.
    pub fn fill(&mut self, label: &str, text: &str) {
        self.step_until(&format!("“{label}”"), |console| console.shows(label));
        let field = |console: &Self| {
            let fields = console.harness.query_all_by_label(label);
            let mut fields = fields.filter(|n| {
                matches!(
                    n.accesskit_node().role(),
                    egui::accesskit::Role::TextInput | egui::accesskit::Role::MultilineTextInput
                )
            });
            fields
                .next()
                .unwrap_or_else(|| panic!("no field “{label}”"))
                .focus();
        };
        field(self);
        self.harness.step();
        // What stands there is replaced.
        self.harness
            .key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        self.harness.step();
        self.harness.event(egui::Event::Text(text.to_owned()));
        self.harness.step();
    }

    pub fn sign_in(&mut self) {
        self.step_until("the start", |c| {
            let has_started = c.state().session != SessionStatus::Restoring;
            has_started && c.shows("Sign in with a code")
        });
        // Not by the pointer: what comes in at the start may still move it.
        self.node_to_click("Sign in with a code").click_accesskit();
        self.step_until("a code", |c| {
            matches!(c.state().session, SessionStatus::WaitingForPerson(_))
        });
        assert!(self.control.approve_latest());
        self.step_until("the list", |c| {
            c.state().inventory.read_at.is_some() && c.state().recent_actions.value.is_some()
        });
    }

    /// Searches for a device and opens it.
    pub fn open_device(&mut self, name: &str) -> MachineRef {
        let id = machine_named(&self.control, name);
        let machine = self
            .state()
            .inventory
            .get(&id)
            .expect("in the list")
            .reference();
        self.fill("Search devices", id.as_str());
        // As a screen reader would: a row lies where the last frame drew it.
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

    /// Orders an action by its buttons, as a person would.
    pub fn order(&mut self, kind: ActionKind, machine: &MachineRef, comment: &str) -> EntryId {
        self.click(&format!("{}…", kind.spec().button));
        if kind == ActionKind::StopAndQuarantineFile {
            self.fill("SHA-1 of the file", SHA1);
        }
        self.fill("Comment", comment);
        let before = self.state().entries.len();
        let confirm = format!("{} {}", kind.spec().verb, machine.quoted());
        self.confirm(&confirm);
        self.step_until("the entry", |c| c.state().entries.len() > before);
        self.state().entries.last().expect("an entry").id()
    }

    /// Presses the confirm button of the open form once it is armed, having looked at everything
    /// that the form asks to be looked at.
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
