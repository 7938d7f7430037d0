//! The test harness: the built-in tenant with the engine alone or with the whole window.

mod barriers;
mod console;
mod session;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon::action::{ActionKind, Draft, Order, Subject};
use cordon::auth::TokenStore;
use cordon::explain::Explanation;
use cordon::guard::{self, Approval, Policy};
use cordon::journal::{Author, Entry, Journal, NotSentReason, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{
    Account, Endpoints, EntryId, MachineActionId, MachineActionType, MachineRef, Mode,
};
use cordon::paths;
use cordon::settings::{FILE_NAME, WrittenRules, save_rules};
use cordon::simulator::{CLIENT_ID, Fault, SimControl, SimOptions, Simulator, TENANT_ID};
use cordon::state::State;
use cordon::worker::{REFRESH_EVERY, Setup, Timing, WorkerHandle};
use keyring_core::{CredentialStore, mock};
use tempfile::TempDir;

pub use barriers::{
    asked_about, asked_for, item_of, journal_on_disk, machine_named, polls, posts, sent,
    token_requests, wait_for,
};
pub use console::{Console, fill};

/// Real-time limit for any wait, also on a slow machine.
pub const TIMEOUT: Duration = Duration::from_mins(2);
/// Speed-up of the polling and look-up intervals.
pub const SPEED: f64 = 40.0;
/// Object id, user name and display name of a colleague, who is not the usual account.
pub const OTHER_ACCOUNT: (&str, &str, &str) = (
    "11111111-2222-4333-8444-555555555555",
    "sam@contoso.com",
    "Sam Stranger",
);
/// Hash of no known file.
pub const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

/// Prints a run's figures past the harness, which captures the output of passing tests.
pub fn report(figures: &str) {
    writeln!(std::io::stderr(), "{figures}").expect("there is an error output");
}

/// Number of random cases; `tests/run` sets a higher one than plain `cargo test`.
pub fn number_from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

/// A tenant for one test.
pub fn tenant() -> Simulator {
    let simulator = Simulator::start(SimOptions::default()).expect("the built-in tenant starts");
    simulator.control().set_poll_interval(1);
    simulator
}

/// A tenant and a folder that outlive the consoles.
pub fn place() -> (Simulator, TempDir) {
    (tenant(), tempfile::tempdir().expect("a folder"))
}

/// A token store on a keyring that outlives the consoles.
pub fn store_on(keyring: &Arc<mock::Store>) -> TokenStore {
    let keyring: Arc<CredentialStore> = keyring.clone();
    TokenStore::with_store(move || Ok(keyring.clone())).expect("a thread")
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
    if policy.has_rules() && !folder.join(FILE_NAME).exists() {
        // A run reads its rules from the file, and reads that again later.
        let written = WrittenRules::of(policy).as_changes();
        save_rules(folder, &written).expect("the rules are written");
    }
    let setup = Setup {
        store,
        policy: policy.clone(),
        timing: Timing::faster(speed),
        ..setup_at(endpoints(simulator), Mode::StandIn, folder)
    };
    let journal = setup.journal.clone();
    (setup, journal)
}

/// A run at real speed, in this folder and without a keyring.
pub fn setup_at(endpoints: Endpoints, mode: Mode, folder: &Path) -> Setup {
    Setup {
        journal: paths::journal_file(folder, mode, &endpoints),
        endpoints,
        mode,
        store: TokenStore::memory(),
        memory: Some(folder.to_owned()),
        policy: Policy::default(),
        timing: Timing::REAL,
        request_repaint: Arc::new(|| {}),
        refresh_every: REFRESH_EVERY,
        addresses: Arc::new(Vec::new),
        on_event: Arc::new(|_| {}),
    }
}

/// Sorted names of a folder's entries.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names.map(|n| n.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A tenant, a folder, and a signed-in engine. The caller has to keep the first two alive.
pub fn signed_in() -> (Simulator, TempDir, Engine) {
    let (simulator, folder, mut engine) = started();
    engine.sign_in();
    (simulator, folder, engine)
}

/// The same, not signed in.
pub fn started() -> (Simulator, TempDir, Engine) {
    let (simulator, folder) = place();
    let engine = Engine::start(&simulator, folder.path());
    (simulator, folder, engine)
}

/// An account as author of a record.
pub fn author(account: &Account) -> Author {
    Author {
        mode: "STAND-IN".into(),
        tenant: account.tenant_id.as_str().into(),
        object_id: account.object_id.clone(),
        account: account.label().into(),
    }
}

/// An account that no tenant knows.
pub fn somebody() -> Author {
    Author {
        mode: "STAND-IN".into(),
        tenant: "t".into(),
        object_id: "o".into(),
        account: "somebody".into(),
    }
}

/// Writes the entry of an earlier console: an order with these records.
pub fn leave(journal: &Path, author: Author, order: Order, records: &[Record]) -> EntryId {
    let entry = order.entry;
    let mut batch = vec![(entry, Record::Intended { author, order })];
    batch.extend(records.iter().map(|record| (entry, record.clone())));
    let mut journal = Journal::open(journal).expect("free again");
    let written = journal.append(jiff::Timestamp::now(), &batch);
    written.expect("written");
    entry
}

/// The engine without a window: worker and state.
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

    /// Starts a signed-in engine.
    pub fn start_signed_in(simulator: &Simulator, folder: &Path) -> Self {
        let mut engine = Self::start(simulator, folder);
        engine.sign_in();
        engine
    }

    /// Starts with a keyring that outlives the engine.
    pub fn start_on(simulator: &Simulator, folder: &Path, keyring: &Arc<mock::Store>) -> Self {
        Self::start_with(simulator, folder, &Policy::default(), store_on(keyring))
    }

    /// Starts with intervals divided by `speed`.
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

    /// Starts from parts chosen by a test; the path is the journal's.
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

    /// Applies events until `reached`.
    pub fn until(&mut self, what: &str, reached: impl Fn(&State) -> bool) {
        let until = Instant::now() + TIMEOUT;
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

    /// Like [`Self::until`], with the tenant's clock running fast.
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

    pub fn inject(&self, on: &str, what: &str, times: u32) {
        self.control.inject(fault(on, what, times));
    }

    /// Requests the device list once more and waits for it.
    pub fn refresh(&mut self) {
        self.send(Command::RefreshMachines);
        self.until("the start", |s| s.inventory.loading);
        self.until("the end", |s| !s.inventory.loading);
    }

    /// Waits until devices and recent actions have been read.
    pub fn until_listed(&mut self) {
        self.until("the list", |s| {
            s.inventory.read_at.is_some() && s.recent_actions.value.is_some()
        });
    }

    pub fn machine(&self, name: &str) -> MachineRef {
        let id = machine_named(&self.control, name);
        let known = self.state.inventory.get(&id);
        known.expect("in the list").reference()
    }

    /// The machine of that name, with its new actions set to be picked up and never end.
    pub fn never_finishing(&self, name: &str) -> MachineRef {
        let machine = self.machine(name);
        self.control.never_finish(machine.id.as_str());
        machine
    }

    /// Adds a colleague's action from the portal and returns its id.
    pub fn colleague(&self, machine: &str, kind: &str, comment: &str) -> String {
        let acted = self.control.act_as_colleague(machine, kind, comment);
        acted.expect("the tenant takes it")
    }

    /// Reason for which the journal cannot be written.
    pub fn journal_trouble(&self) -> Explanation {
        let reported = self.state.journal.clone().expect("known");
        reported.expect_err("trouble")
    }

    /// The machine of that name, with the facts that are read before acting on it.
    pub fn loaded(&mut self, name: &str) -> MachineRef {
        let machine = self.machine(name);
        self.load(&machine);
        machine
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

    /// A draft that cancels this isolation.
    pub fn cancellation(action: &str, machine: &MachineRef) -> Draft {
        let mut draft = Self::draft(ActionKind::Isolate, machine);
        draft.subject = Subject::Cancel {
            action: MachineActionId::parse(action).expect("an id"),
            action_type: MachineActionType::Isolate,
        };
        draft
    }

    /// Approves several drafts as one confirmation, with the number of devices as typed.
    pub fn approve_all(
        &self,
        drafts: Vec<Draft>,
        devices: usize,
        number: &str,
    ) -> Result<Vec<Approval>, String> {
        let now = jiff::Timestamp::now();
        let account = self.state.session.account().cloned().expect("signed in");
        let batch = drafts.first().map(|first| first.entry);
        let reviews = drafts.into_iter().map(|mut draft| {
            draft.batch = batch;
            let judge = |facts: &guard::Facts<'_>| guard::review(&draft, facts);
            self.state
                .with_more_facts(&draft.machine, None, devices, now, judge)
        });
        guard::approve_all(reviews.collect(), number, &account, self.state.epoch, now)
    }

    /// Approves a draft as a user's confirmation does.
    pub fn approve(&self, draft: &Draft) -> Result<Approval, String> {
        let now = jiff::Timestamp::now();
        let account = self.state.session.account().cloned().expect("signed in");
        self.state
            .with_facts(&draft.machine, now, |facts| guard::review(draft, facts))
            .approve(&account, self.state.epoch, now)
    }

    pub fn submit(&mut self, draft: &Draft) -> EntryId {
        let approval = self.approve(draft).expect("nothing blocks it");
        self.submit_approved(draft.entry, approval)
    }

    pub fn submit_approved(&mut self, entry: EntryId, approval: Approval) -> EntryId {
        self.send(Command::Submit(vec![approval]));
        self.until("the entry", move |s| s.entry(entry).is_some());
        entry
    }

    /// Orders `kind` on the machine of that name.
    pub fn order(&mut self, kind: ActionKind, name: &str) -> EntryId {
        let machine = self.loaded(name);
        self.submit(&Self::draft(kind, &machine))
    }

    pub fn status(&self, entry: EntryId) -> OrderStatus {
        self.state.entry(entry).expect("an entry").status().clone()
    }

    /// Waits until the service's action for an order is known.
    pub fn until_accepted(&mut self, entry: EntryId) -> MachineActionId {
        self.until("acceptance", move |s| {
            s.entry(entry)
                .is_some_and(|e| e.status().action().is_some())
        });
        self.status(entry).action().expect("just seen").clone()
    }

    /// Waits until an order's status has this key.
    pub fn until_status(&mut self, entry: EntryId, key: &str) {
        self.until(key, |s| {
            s.entry(entry).is_some_and(|e| e.status().key() == key)
        });
    }

    /// Waits until an order has ended unsent for this reason.
    pub fn until_not_sent(&mut self, entry: EntryId, why: NotSentReason) {
        let end = self.until_end(entry);
        assert_eq!(end, OrderStatus::NotSent { why, detail: None });
    }

    /// Waits until an order has succeeded.
    pub fn until_done(&mut self, entry: EntryId) {
        let end = self.until_end(entry);
        assert!(matches!(end, OrderStatus::Done { .. }), "{end:?}");
    }

    pub fn until_end(&mut self, entry: EntryId) -> OrderStatus {
        self.until_fast("the end", move |s| {
            s.entry(entry).is_some_and(|e| e.status().is_end())
        });
        self.status(entry)
    }
}
