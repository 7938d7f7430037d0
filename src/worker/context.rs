//! What the worker's tasks share.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::pace::Pace;
use super::submit::Answer;
use super::watch::Followed;
use crate::api::{ApiError, Client};
use crate::auth::{AuthError, Session, SignedIn};
use crate::explain::{Explain as _, Explanation};
use crate::guard::Policy;
use crate::journal::{Author, Entry, Journal, JournalError, NotSentReason, Record, Standing};
use crate::message::{Event, Note};
use crate::model::{
    Account, Endpoints, EntryId, Epoch, Machine, MachineAction, MachineId, Mode, SessionStatus,
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
    pub history: Option<(Vec<MachineAction>, Timestamp)>,
}

/// Shared by all tasks. Locks are held for moments only, never across an `await`.
pub(super) struct Context {
    pub client: Client,
    pub session: Session,
    pub policy: Policy,
    pub pace: Pace,
    mode: Mode,
    place: Box<str>,
    events: mpsc::Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
    epoch: AtomicU64,
    account: Mutex<Option<Account>>,
    /// Only a person can renew the sign-in.
    needs_person: AtomicBool,
    journal: Arc<Mutex<Option<Journal>>>,
    entries: Mutex<Vec<Entry>>,
    known: Mutex<HashMap<MachineId, Known>>,
    /// Orders that wait for a permit or for a person.
    waiting: Mutex<HashMap<EntryId, oneshot::Sender<Answer>>>,
    pub followed: Mutex<Followed>,
    /// Entries whose own task is running.
    sending: Mutex<HashSet<EntryId>>,
    /// Held while an order is judged and written for the first time.
    pub door: tokio::sync::Mutex<()>,
    /// Entries that are being looked up, with the epoch whose task does it.
    looked_up: Mutex<HashMap<EntryId, Epoch>>,
    /// Wakes the watcher.
    pub look_now: Notify,
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
        pace: Pace,
        mode: Mode,
        endpoints: &Endpoints,
        events: mpsc::Sender<Event>,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            client,
            session,
            policy,
            pace,
            mode,
            place: endpoints.name.clone(),
            events,
            wake,
            epoch: AtomicU64::new(0),
            account: Mutex::default(),
            needs_person: AtomicBool::new(false),
            journal: Arc::default(),
            entries: Mutex::default(),
            known: Mutex::default(),
            waiting: Mutex::default(),
            followed: Mutex::default(),
            sending: Mutex::default(),
            door: tokio::sync::Mutex::default(),
            looked_up: Mutex::default(),
            look_now: Notify::new(),
        }
    }

    /// Tells the window. Waits while its queue is full; when the window has gone, nobody listens.
    pub async fn emit(&self, event: Event) {
        self.events.send(event).await.ok();
        (self.wake)();
    }

    pub async fn note(&self, entry: EntryId, note: Option<Note>) {
        self.emit(Event::Note { entry, note }).await;
    }

    pub async fn problem(&self, explanation: Explanation) {
        self.emit(Event::Problem(explanation)).await;
    }

    pub async fn report_budget(&self) {
        self.emit(Event::Budget(self.client.budget())).await;
    }

    // --- who ---

    pub fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    pub fn account(&self) -> Option<Account> {
        lock(&self.account).clone()
    }

    /// The session as the guardrails see it.
    pub fn session_status(&self) -> SessionStatus {
        let signed_in = self
            .session
            .signed_in()
            .filter(|_| !self.needs_person.load(Ordering::Acquire));
        match (signed_in, self.account()) {
            (
                Some(SignedIn {
                    account,
                    permissions,
                }),
                _,
            ) => SessionStatus::SignedIn {
                account,
                permissions,
            },
            (None, Some(account)) => SessionStatus::NeedsSignIn { account },
            (None, None) => SessionStatus::SignedOut,
        }
    }

    /// Notices that a call failed because the sign-in has to be renewed by a person.
    pub async fn mind_sign_in(&self, error: &ApiError) {
        if let ApiError::SignIn(
            AuthError::Interact { .. } | AuthError::NotSignedIn | AuthError::Blocked { .. },
        ) = error
            && !self.needs_person.swap(true, Ordering::AcqRel)
        {
            self.emit_session().await;
        }
    }

    pub async fn emit_session(&self) {
        self.emit(Event::Session {
            status: self.session_status(),
            epoch: self.epoch(),
        })
        .await;
    }

    /// Takes a sign-in over. Another account or tenant than before begins a new epoch.
    pub fn enter(&self, account: &Account) {
        let mut present = lock(&self.account);
        let same = present
            .as_ref()
            .is_some_and(|p| p.tenant_id == account.tenant_id && p.object_id == account.object_id);
        if !same {
            self.new_epoch();
        }
        *present = Some(account.clone());
        self.needs_person.store(false, Ordering::Release);
    }

    /// Forgets the account and what it saw.
    pub fn leave(&self) {
        *lock(&self.account) = None;
        self.new_epoch();
    }

    fn new_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        lock(&self.known).clear();
        lock(&self.followed).clear();
    }

    pub fn author(&self, account: &Account) -> Author {
        Author {
            mode: self.mode.word().into(),
            tenant: account.tenant_id.as_str().into(),
            object_id: account.object_id.clone(),
            account: format!("{} at {}", account.label(), self.place).into(),
        }
    }

    // --- facts about machines ---

    pub fn known(&self, machine: &MachineId) -> Known {
        lock(&self.known).get(machine).cloned().unwrap_or_default()
    }

    pub fn learn_machine(&self, machine: Arc<Machine>, at: Timestamp) {
        let id = machine.id.clone();
        lock(&self.known).entry(id).or_default().machine = Some((machine, at));
    }

    pub fn learn_history(&self, machine: &MachineId, history: Vec<MachineAction>, at: Timestamp) {
        lock(&self.known)
            .entry(machine.clone())
            .or_default()
            .history = Some((history, at));
    }

    // --- the journal ---

    /// Opens the journal, tells the window what is in it, and closes what was never sent.
    pub async fn open_journal(&self, path: PathBuf) {
        let file = path.display().to_string();
        let opened = tokio::task::spawn_blocking(move || {
            match Journal::open(&path).and_then(|journal| Ok((journal.entries()?, journal))) {
                Ok((entries, journal)) => (entries, Some(journal), None),
                // It cannot be acted on; what is in it can perhaps still be read.
                Err(error) => {
                    let read = Journal::open_read_only(&path).and_then(|j| j.entries());
                    (read.unwrap_or_default(), None, Some(error))
                }
            }
        })
        .await;
        let Ok((entries, journal, trouble)) = opened else {
            return;
        };
        let may_act = journal.is_some();
        *lock(&self.journal) = journal;
        lock(&self.entries).clone_from(&entries);
        self.emit(Event::Entries(entries)).await;
        self.emit(Event::Journal(trouble.map_or(Ok(()), |error| {
            let mut explanation = error.explain();
            explanation.details.push(file);
            Err(explanation)
        })))
        .await;
        if may_act {
            self.end_unsent().await;
        }
    }

    /// Orders that never left are not sent later: they are offered for a new review (section 6).
    async fn end_unsent(&self) {
        let unsent: Vec<EntryId> = lock(&self.entries)
            .iter()
            .filter(|e| matches!(e.standing(), Standing::Waiting | Standing::Held { .. }))
            .map(Entry::id)
            .collect();
        for entry in unsent {
            let record = Record::NotSent {
                why: NotSentReason::ConsoleEnded,
                detail: None,
            };
            self.record_or_say(entry, vec![record]).await;
        }
    }

    /// Puts records of one entry on disk, and then on screen.
    ///
    /// # Errors
    /// When they could not be written; then nothing may be sent (rule 3).
    pub async fn record(&self, entry: EntryId, records: Vec<Record>) -> Result<(), JournalError> {
        let at = now();
        let journal = Arc::clone(&self.journal);
        let batch: Vec<_> = records
            .iter()
            .map(|record| (entry, record.clone()))
            .collect();
        let written = tokio::task::spawn_blocking(move || match lock(&journal).as_mut() {
            Some(journal) => journal.append(at, &batch),
            None => Err(JournalError::ReadOnly),
        });
        written.await.unwrap_or(Err(JournalError::ReadOnly))?;
        let changed = {
            let mut entries = lock(&self.entries);
            if let [Record::Intended { author, order }, ..] = records.as_slice() {
                entries.push(Entry {
                    author: author.clone(),
                    order: order.clone(),
                    records: Vec::new(),
                });
            }
            entries.iter_mut().rev().find(|e| e.id() == entry).map(|e| {
                e.records
                    .extend(records.into_iter().map(|record| (at, record)));
                e.clone()
            })
        };
        if let Some(changed) = changed {
            self.emit(Event::Entry(Box::new(changed))).await;
        }
        Ok(())
    }

    /// As [`Self::record`]; a failure is said on screen. For what the service already did.
    /// `false` when it is not on disk.
    pub async fn record_or_say(&self, entry: EntryId, records: Vec<Record>) -> bool {
        let written = self.record(entry, records).await;
        if let Err(error) = &written {
            let has_left = self
                .entry(entry)
                .is_some_and(|e| e.first_sent_at().is_some());
            if has_left {
                let explanation = error.explain_after_sending(entry);
                let note = Note::Stuck(explanation.clone());
                self.note(entry, Some(note)).await;
                self.problem(explanation).await;
            } else {
                self.problem(error.explain()).await;
            }
        }
        written.is_ok()
    }

    /// Whether this console is the one that may act on its journal.
    pub fn may_act(&self) -> bool {
        lock(&self.journal).is_some()
    }

    pub fn entry(&self, id: EntryId) -> Option<Entry> {
        lock(&self.entries)
            .iter()
            .rev()
            .find(|e| e.id() == id)
            .cloned()
    }

    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.entries).clone()
    }

    // --- orders that wait ---

    /// Registers an order as waiting; the receiver hears what the person says about it.
    pub fn wait_for_person(&self, entry: EntryId) -> oneshot::Receiver<Answer> {
        let (answer, heard) = oneshot::channel();
        lock(&self.waiting).insert(entry, answer);
        heard
    }

    /// Takes the registration away; `false` when a person or the closing already did.
    pub fn no_longer_waiting(&self, entry: EntryId) -> bool {
        lock(&self.waiting).remove(&entry).is_some()
    }

    /// An order's own task begins; nobody else takes the entry up while it runs.
    pub fn sending(&self, entry: EntryId) {
        lock(&self.sending).insert(entry);
    }

    pub fn no_longer_sending(&self, entry: EntryId) {
        lock(&self.sending).remove(&entry);
    }

    pub fn is_sending(&self, entry: EntryId) -> bool {
        lock(&self.sending).contains(&entry)
    }

    /// Passes on what a person said about a waiting order. One that has left cannot be taken back.
    pub async fn answer_waiting(&self, entry: EntryId, answer: Answer) {
        let waiting = lock(&self.waiting).remove(&entry);
        if let Some(waiting) = waiting {
            waiting.send(answer).ok();
        } else if let (true, false, Some(Standing::Waiting | Standing::Held { .. })) = (
            self.may_act(),
            self.is_sending(entry),
            self.entry(entry).map(|e| e.standing()),
        ) {
            // Nobody's any more: its task ended when the journal could not be written.
            let why = NotSentReason::Withdrawn;
            let record = Record::NotSent { why, detail: None };
            self.record_or_say(entry, vec![record]).await;
        } else {
            let headline = if self.may_act() {
                "This order has already left, so it cannot be taken back here"
            } else {
                "Another console is acting on this journal: take the order back there"
            };
            self.problem(Explanation::harmless(
                headline,
                crate::explain::NextStep::ShowEntry(entry),
            ))
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
        *lock(&self.journal) = None;
    }
}
