//! What the worker's tasks share.

mod journal;
mod marks;
mod session;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

pub(super) use session::Renewal;

use super::accounts::Accounts;
use super::journal::JournalHandle;
use super::pace::Pace;
use super::settings::Kept;
use super::submit::Answer;
use super::watch::Followed;
use crate::api::Client;
use crate::auth::Session;
use crate::explain::{Explanation, NextStep};
use crate::guard::Policy;
use crate::journal::{Entry, NotSentReason, OrderStatus, Record};
use crate::message::{Event, OrderProgress};
use crate::model::{
    Account, Endpoints, EntryId, Epoch, Listed, Machine, MachineAction, MachineActionId,
    MachineActionStatus, MachineId, Mode,
};

/// The wall clock of this computer. It may be wrong, and it may jump.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the worker reads the clock"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The runtime's clock, for waits and ages within this run.
#[expect(
    clippy::disallowed_methods,
    reason = "beside the wall clock, the other one the worker reads"
)]
pub(super) fn monotonic_now() -> Instant {
    Instant::now()
}

/// What was last read about one machine.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub machine: Option<(Arc<Machine>, Timestamp)>,
    pub history: Option<(Listed<MachineAction>, Timestamp)>,
}

/// How reading the list of devices goes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum ListReading {
    /// Not begun, or going on.
    #[default]
    UnderWay,
    /// Well or not.
    Ended(Instant),
}

/// Shared by all tasks. Locks are held for moments only, never across an `await`.
pub(super) struct Context {
    pub client: Client,
    pub session: Session,
    /// The rules that hold now.
    policy: Mutex<Arc<Policy>>,
    /// Where the settings are; never held while they are read or saved.
    pub settings: Mutex<Kept>,
    pub pace: Pace,
    mode: Mode,
    place: Box<str>,
    events: mpsc::Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
    on_entry: Arc<dyn Fn(&Entry) + Send + Sync>,
    epoch: AtomicU64,
    account: Mutex<Option<Account>>,
    /// Whether the sign-in of the present account can be used.
    pub renewal: watch::Sender<Renewal>,
    /// Somebody is in the middle of signing in: nothing else changes what is shown of it.
    pub person_signs_in: AtomicBool,
    journal: JournalHandle,
    /// Whether this console is the one that writes to it.
    may_act: AtomicBool,
    /// Whether it was said that an append waits for the disk.
    disk_hangs: AtomicBool,
    /// Why there is none.
    cannot_act: Mutex<Option<Explanation>>,
    /// Entries that are in no file, because the disk did not take them.
    unwritten: Mutex<HashSet<EntryId>>,
    known: Mutex<HashMap<MachineId, Known>>,
    /// Orders that wait for a permit or for a person.
    waiting: Mutex<HashMap<EntryId, oneshot::Sender<Answer>>>,
    pub followed: Mutex<Followed>,
    /// Entries whose own task is running, with what a person said while it could not listen.
    sending: Mutex<HashMap<EntryId, Option<Answer>>>,
    /// Held while an order is judged and written for the first time.
    pub door: tokio::sync::Mutex<()>,
    /// Entries that are being looked up, with the epoch whose task does it.
    looked_up: Mutex<HashMap<EntryId, Epoch>>,
    /// How the last reading of the list went.
    list: Mutex<ListReading>,
    /// Wakes the watcher.
    pub look_now: Notify,
    pub accounts: Mutex<Accounts>,
    /// Whether it was said that this computer's clock is off.
    pub clock_said: AtomicBool,
    /// A person accepts that somebody else than before has signed in.
    pub accepted: Notify,
}

/// A poisoned lock means that another task panicked; its data are plain values and still whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    #[expect(
        clippy::too_many_arguments,
        reason = "called once, with the parts of a run"
    )]
    pub fn new(
        client: Client,
        session: Session,
        policy: Policy,
        settings: Kept,
        pace: Pace,
        mode: Mode,
        endpoints: &Endpoints,
        events: mpsc::Sender<Event>,
        wake: Arc<dyn Fn() + Send + Sync>,
        on_entry: Arc<dyn Fn(&Entry) + Send + Sync>,
    ) -> Self {
        Self {
            client,
            session,
            policy: Mutex::new(Arc::new(policy)),
            settings: Mutex::new(settings),
            pace,
            mode,
            place: endpoints.name.clone(),
            events,
            wake,
            on_entry,
            epoch: AtomicU64::new(0),
            account: Mutex::default(),
            renewal: watch::Sender::new(Renewal::Usable),
            person_signs_in: AtomicBool::new(false),
            journal: JournalHandle::default(),
            may_act: AtomicBool::new(false),
            disk_hangs: AtomicBool::new(false),
            cannot_act: Mutex::default(),
            unwritten: Mutex::default(),
            known: Mutex::default(),
            waiting: Mutex::default(),
            followed: Mutex::default(),
            sending: Mutex::default(),
            door: tokio::sync::Mutex::default(),
            looked_up: Mutex::default(),
            list: Mutex::default(),
            look_now: Notify::new(),
            accounts: Mutex::default(),
            clock_said: AtomicBool::new(false),
            accepted: Notify::new(),
        }
    }

    /// Tells the window. Waits while its queue is full; when the window has gone, nobody listens.
    pub async fn emit(&self, event: Event) {
        self.events.send(event).await.ok();
        (self.wake)();
    }

    pub async fn note(&self, entry: EntryId, note: Option<OrderProgress>) {
        self.emit(Event::Progress {
            entry,
            progress: note,
        })
        .await;
    }

    pub async fn problem(&self, explanation: Explanation) {
        self.emit(Event::Problem(explanation)).await;
    }

    pub async fn report_budget(&self) {
        self.emit(Event::Budget(self.client.budget())).await;
    }

    // --- what is allowed ---

    /// The rules that hold now.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&lock(&self.policy))
    }

    /// Takes rules over that were read during the run.
    pub fn adopt(&self, policy: &Policy) {
        let mut present = lock(&self.policy);
        *present = Arc::new(policy.clone().in_place_of(&present));
    }

    // --- the list of devices ---

    pub fn note_list(&self, reading: ListReading) {
        *lock(&self.list) = reading;
    }

    /// Returns when the list is to be read again by itself: so long after the last reading, while
    /// somebody is signed in.
    pub async fn list_gets_stale(&self, after: Duration) {
        loop {
            let reading = *lock(&self.list);
            let is_usable = self.session_status().is_signed_in();
            match reading {
                ListReading::Ended(at) if is_usable && at.elapsed() >= after => return,
                ListReading::Ended(at) if is_usable => {
                    tokio::time::sleep_until(at + after).await;
                }
                ListReading::Ended(_) | ListReading::UnderWay => {
                    tokio::time::sleep(after / 10).await;
                }
            }
        }
    }

    // --- facts about machines ---

    pub fn known(&self, machine: &MachineId) -> Known {
        lock(&self.known).get(machine).cloned().unwrap_or_default()
    }

    /// What the reading leaves out stays as it was known.
    pub fn learn_machine(&self, machine: Arc<Machine>, at: Timestamp) {
        let id = machine.id.clone();
        let mut all = lock(&self.known);
        let known = &mut all.entry(id).or_default().machine;
        let before = known.as_ref().map(|(before, _)| before);
        *known = Some((Machine::filled(machine, before), at));
    }

    /// A state that the service called final stays so, whatever an older reading says, and a sparse
    /// reading takes nothing away.
    pub fn learn_history(
        &self,
        machine: &MachineId,
        mut history: Listed<MachineAction>,
        at: Timestamp,
    ) {
        let before = self.known(machine).history;
        let before = before.map_or_else(Vec::new, |(listed, _)| listed.items);
        let mut before: HashMap<_, _> = before.into_iter().map(|a| (a.id.clone(), a)).collect();
        for action in &mut history.items {
            if let Some(mut known) = before.remove(&action.id) {
                known.take_in(action.clone());
                *action = known;
            }
        }
        let ended = self.written_ends(machine);
        let items = history.items.iter_mut();
        for action in items.filter(|a| !a.status.is_final()) {
            if let Some(status) = ended.get(&action.id) {
                action.status = status.clone();
            }
        }
        lock(&self.known)
            .entry(machine.clone())
            .or_default()
            .history = Some((history, at));
    }

    /// The last words on this machine's actions in the journal.
    fn written_ends(&self, machine: &MachineId) -> HashMap<MachineActionId, MachineActionStatus> {
        let entries = self.entries();
        let of_machine = entries.iter().filter(|e| e.machine().id == *machine);
        let written = of_machine
            .flat_map(|entry| entry.records())
            .filter_map(|(_, record)| {
                let Record::Finished { action, status, .. } = record else {
                    return None;
                };
                Some((action.clone(), status.clone()))
            });
        written.filter(|(_, status)| status.is_final()).collect()
    }

    // --- orders that wait ---

    /// Registers an order as waiting; the receiver hears what the person says about it.
    pub fn wait_for_person(&self, entry: EntryId) -> oneshot::Receiver<Answer> {
        let (answer, heard) = oneshot::channel();
        let said = lock(&self.sending).get_mut(&entry).and_then(Option::take);
        match said {
            Some(said) => {
                answer.send(said).ok();
            }
            None => {
                lock(&self.waiting).insert(entry, answer);
            }
        }
        heard
    }

    /// Takes the registration away; `false` when a person or the closing already did.
    pub fn no_longer_waiting(&self, entry: EntryId) -> bool {
        lock(&self.waiting).remove(&entry).is_some()
    }

    /// An order's own task begins; nobody else takes the entry up while it runs.
    pub fn sending(&self, entry: EntryId) {
        lock(&self.sending).insert(entry, None);
    }

    pub fn no_longer_sending(&self, entry: EntryId) {
        lock(&self.sending).remove(&entry);
    }

    pub fn is_sending(&self, entry: EntryId) -> bool {
        lock(&self.sending).contains_key(&entry)
    }

    /// Passes on what a person said about a waiting order. One that has left cannot be taken back.
    pub async fn answer_waiting(self: &Arc<Self>, entry: EntryId, answer: Answer) {
        let waiting = lock(&self.waiting).remove(&entry);
        let status = self.entry(entry).map(|e| e.status().clone());
        let has_not_left = matches!(
            status,
            Some(OrderStatus::Waiting | OrderStatus::Held { .. })
        );
        if let Some(waiting) = waiting {
            waiting.send(answer).ok();
        } else if has_not_left && self.is_sending(entry) {
            // Its task is busy with something else, and hears of it next.
            if let Some(said) = lock(&self.sending).get_mut(&entry) {
                *said = Some(answer);
            }
        } else if has_not_left && self.may_act() {
            // Nobody's any more: its task ended when the journal could not be written.
            let why = NotSentReason::Withdrawn;
            let record = Record::NotSent { why, detail: None };
            let context = Arc::clone(self);
            // Whoever passes this on does not wait for the disk.
            tokio::spawn(async move { context.record_or_say(entry, vec![record]).await });
        } else {
            let headline = if self.may_act() {
                "This order has already left, so it cannot be taken back here"
            } else {
                "Another console is acting on this journal: take the order back there"
            };
            self.problem(Explanation::harmless(headline, NextStep::ShowEntry(entry)))
                .await;
        }
    }

    /// Whether the look-up of an entry may begin: each is looked up by one task at a time. A task
    /// of an earlier epoch ends by itself.
    pub fn begin_look_up(&self, entry: EntryId) -> bool {
        let epoch = self.epoch();
        lock(&self.looked_up).insert(entry, epoch) != Some(epoch)
    }

    pub fn end_look_up(&self, entry: EntryId, epoch: Epoch) {
        let mut looked_up = lock(&self.looked_up);
        if looked_up.get(&entry) == Some(&epoch) {
            looked_up.remove(&entry);
        }
    }

    /// The end: what has not left will not leave.
    pub async fn close(&self) {
        let waiting: Vec<_> = lock(&self.waiting).drain().collect();
        for (entry, answer) in waiting {
            drop(answer);
            let record = Record::NotSent {
                why: NotSentReason::ConsoleEnded,
                detail: None,
            };
            self.record_or_say(entry, vec![record]).await;
        }
        self.close_journal().await;
    }
}
