//! What the tenant and the journal have seen, and waits that end with a fact which only the awaited
//! event brings, so that what is asserted after them could have gone wrong by then. A nap proves
//! nothing: on a slow machine it is over too soon.

use std::path::Path;
use std::time::Instant;

use cordon::journal::{Entry, Journal};
use cordon::model::MachineId;
use cordon::simulator::{CLIENT_ID, LoggedRequest, RequestKind, SimControl, Simulator, TENANT_ID};

use super::{Console, Engine, PATIENCE};

/// Waits until `reached`, for what no event tells: a file, a port.
pub fn wait_for(what: &str, mut reached: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// The POSTs that would change something, by the last part of their path.
pub fn posts(control: &SimControl) -> Vec<String> {
    let requests = control.requests().into_iter();
    let changes = requests.filter(|r| r.kind == RequestKind::Change);
    changes
        .map(|r| r.path.rsplit('/').next().unwrap_or_default().to_owned())
        .collect()
}

/// The first request whose path ends so.
pub fn sent(control: &SimControl, end: &str) -> LoggedRequest {
    asked_for(control, end).swap_remove(0)
}

/// The requests whose path ends so.
pub fn asked_for(control: &SimControl, end: &str) -> Vec<LoggedRequest> {
    let requests = control.requests().into_iter();
    requests.filter(|r| r.path.ends_with(end)).collect()
}

/// The id of the story's device with this name; of several, the first.
pub fn machine_named(control: &SimControl, name: &str) -> MachineId {
    let machines = control.machine_ids();
    let found = machines.iter().find(|(_, n)| n.as_deref() == Some(name));
    let (id, _) = found.unwrap_or_else(|| panic!("no {name} in the fleet"));
    MachineId::parse(id).expect("an id")
}

/// The keyring's name for the sign-in of an account, or of the place as it was before there were
/// several.
pub fn item_of(simulator: &Simulator, object_id: Option<&str>) -> String {
    let address = simulator.address();
    let port = address.rsplit(':').next().expect("a port");
    let place = format!("v1:stand-in:127.0.0.1:{port}:{CLIENT_ID}:{TENANT_ID}");
    match object_id {
        Some(object_id) => format!("{place}:{object_id}"),
        None => place,
    }
}

/// The journal as it is on disk now.
pub fn journal_on_disk(path: &Path) -> Vec<Entry> {
    let journal = Journal::open_read_only(path).expect("the journal opens");
    journal.entries().expect("the journal is readable")
}

/// How many requests had this text in their path or query.
pub fn asked_about(control: &SimControl, text: &str) -> usize {
    let requests = control.requests().into_iter();
    let about = requests.filter(|r| r.path.contains(text) || r.query.contains(text));
    about.count()
}

/// How often the sign-in host was asked for tokens.
pub fn token_requests(control: &SimControl) -> usize {
    asked_for(control, "/token").len()
}

/// The answers to polls for a device code, in the order of arrival; `None` while there is none.
pub fn polls(control: &SimControl) -> Vec<Option<u16>> {
    let asked = asked_for(control, "/token").into_iter();
    asked.map(|r| r.status).collect()
}

impl Engine {
    /// Takes in what has come so far, and waits for nothing.
    pub fn drain(&mut self) {
        while let Some(event) = self.worker.try_next() {
            self.state.apply(event);
        }
    }

    /// Takes events in until the tenant has seen `reached`, and then what had come by that time.
    pub fn until_tenant(&mut self, what: &str, reached: impl Fn(&SimControl) -> bool) {
        let control = self.control.clone();
        self.until(what, move |_| reached(&control));
        self.drain();
    }

    /// Waits for two more looks at this action: the second begins only when everything that the
    /// first has brought is recorded and on its way to the screen.
    pub fn until_looked_at_again(&mut self, action: &str) {
        let before = asked_about(&self.control, action);
        self.until_tenant("two more looks", |control| {
            asked_about(control, action) >= before + 2
        });
    }
}

impl Console {
    /// Has the list of devices and the recent actions read once more. The worker takes commands in
    /// order, so what was asked of it before has reached the tenant by then.
    pub fn until_worker_caught_up(&mut self) {
        let before = self.state().inventory.read_at;
        self.press_command(egui::Key::R);
        self.step_until("another list", |c| {
            c.state().inventory.read_at > before && !c.state().inventory.loading
        });
    }
}
