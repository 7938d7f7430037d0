//! What the tenant and the journal have seen, and waits for a fact that only the awaited event brings, so
//! that the assertions after them can fail. A blind sleep proves nothing: on a slow machine it ends too
//! soon.

use std::path::Path;
use std::time::Instant;

use cordon::journal::{Entry, Journal};
use cordon::model::MachineId;
use cordon::simulator::{CLIENT_ID, LoggedRequest, RequestKind, SimControl, Simulator, TENANT_ID};

use super::{Console, Engine, TIMEOUT};

/// Polls until `reached`, for changes without an event, such as a file or a port.
pub fn wait_for(what: &str, mut reached: impl FnMut() -> bool) {
    let until = Instant::now() + TIMEOUT;
    while !reached() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// POSTs that would change something, by the last segment of their path.
pub fn posts(control: &SimControl) -> Vec<String> {
    let requests = control.requests().into_iter();
    let changes = requests.filter(|r| r.kind == RequestKind::Change);
    changes
        .map(|r| r.path.rsplit('/').next().unwrap_or_default().to_owned())
        .collect()
}

/// The first request whose path ends with `end`.
pub fn sent(control: &SimControl, end: &str) -> LoggedRequest {
    asked_for(control, end).swap_remove(0)
}

/// Requests whose path ends with `end`.
pub fn asked_for(control: &SimControl, end: &str) -> Vec<LoggedRequest> {
    let requests = control.requests().into_iter();
    requests.filter(|r| r.path.ends_with(end)).collect()
}

/// Id of the story device with this name; of several, the first.
pub fn machine_named(control: &SimControl, name: &str) -> MachineId {
    let machines = control.machine_ids();
    let found = machines.iter().find(|(_, n)| n.as_deref() == Some(name));
    let (id, _) = found.unwrap_or_else(|| panic!("no {name} in the fleet"));
    MachineId::parse(id).expect("an id")
}

/// Keyring item name of an account's sign-in, or, without an account, the item name of older versions.
pub fn item_of(simulator: &Simulator, object_id: Option<&str>) -> String {
    let address = simulator.address();
    let port = address.rsplit(':').next().expect("a port");
    let place = format!("v1:stand-in:127.0.0.1:{port}:{CLIENT_ID}:{TENANT_ID}");
    match object_id {
        Some(object_id) => format!("{place}:{object_id}"),
        None => place,
    }
}

/// The journal's entries on disk now.
pub fn journal_on_disk(path: &Path) -> Vec<Entry> {
    let journal = Journal::open_read_only(path).expect("the journal opens");
    journal.entries().expect("the journal is readable")
}

/// Number of requests with this text in their path or query.
pub fn asked_about(control: &SimControl, text: &str) -> usize {
    let requests = control.requests().into_iter();
    let about = requests.filter(|r| r.path.contains(text) || r.query.contains(text));
    about.count()
}

/// Number of token requests.
pub fn token_requests(control: &SimControl) -> usize {
    asked_for(control, "/token").len()
}

/// Responses to polls for a device code, in the order of arrival; `None` while one is outstanding.
pub fn polls(control: &SimControl) -> Vec<Option<u16>> {
    let asked = asked_for(control, "/token").into_iter();
    asked.map(|r| r.status).collect()
}

impl Engine {
    /// Applies the events that have arrived, without waiting.
    pub fn drain(&mut self) {
        while let Some(event) = self.worker.try_next() {
            self.state.apply(event);
        }
    }

    /// Applies events until the tenant has seen `reached`, then those that had arrived by that time.
    pub fn until_tenant(&mut self, what: &str, reached: impl Fn(&SimControl) -> bool) {
        let control = self.control.clone();
        self.until(what, move |_| reached(&control));
        self.drain();
    }

    /// Waits for two more polls of this action. When the second begins, everything from the first is
    /// recorded and on its way to the screen.
    pub fn until_looked_at_again(&mut self, action: &str) {
        let before = asked_about(&self.control, action);
        self.until_tenant("two more looks", |control| {
            asked_about(control, action) >= before + 2
        });
    }
}

impl Console {
    /// Reads the device list and the recent actions once more. The worker takes commands in order, so
    /// earlier ones have reached the tenant by then.
    pub fn until_worker_caught_up(&mut self) {
        let before = self.state().inventory.read_at;
        self.press_command(egui::Key::R);
        self.step_until("another list", |c| {
            c.state().inventory.read_at > before && !c.state().inventory.loading
        });
    }
}
