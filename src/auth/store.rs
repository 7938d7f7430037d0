//! Storage of the sign-in: the system's keyring, or memory only.
//!
//! Keyrings block, prompt, hang or are absent. So one named thread owns the store, callers wait
//! three seconds at most, and late results count. Also, the Linux store's blocking D-Bus calls
//! would panic on an async runtime's thread.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use keyring_core::CredentialStore;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

mod notes;
mod once;

pub use once::{probe_keyring, read_note};

use notes::Notes;

use super::chunked_store::{ChunkedStore, Layout};
use super::trouble::{KeyringTrouble, TroubleKind};
use crate::model::KeyringState;
use crate::platform::credentials;

/// How long a caller waits for the keyring, as in GitHub's command line.
pub(super) const LIMIT: Duration = Duration::from_secs(3);
/// A longer queue means that the keyring hangs.
const QUEUE: usize = 4;

/// Storage of a session's refresh token.
#[derive(Debug)]
pub enum TokenStore {
    Memory(Memory),
    Keyring(Keyring),
}

/// Nothing is kept beyond the run.
#[derive(Debug)]
pub struct Memory(watch::Sender<KeyringState>);

/// Handle of the thread that owns the keyring.
pub struct Keyring {
    jobs: SyncSender<Job>,
    shared: Arc<Shared>,
    /// Folder of the lock that serializes renewals among consoles.
    pub(super) turns: Option<PathBuf>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring")
            .field("state", &self.shared.state.borrow())
            .finish_non_exhaustive()
    }
}

impl TokenStore {
    /// Keeps nothing beyond this run (demo, or by choice).
    #[must_use]
    pub fn memory() -> Self {
        Self::Memory(Memory(watch::Sender::new(KeyringState::MemoryOnly)))
    }

    /// The system's keyring. Opened on first use, on its own thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn os_keyring() -> std::io::Result<Self> {
        Self::on_thread(platform_items)
    }

    /// A custom store, opened by `make` on the keyring's thread, and again on "Try again".
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn with_store(
        make: impl Fn() -> keyring_core::Result<Arc<CredentialStore>> + Send + 'static,
    ) -> std::io::Result<Self> {
        Self::on_thread(move || {
            Ok(ChunkedStore {
                store: make()?,
                modifiers: HashMap::new(),
                layout: Layout::Whole,
            })
        })
    }

    fn on_thread(
        open: impl Fn() -> keyring_core::Result<ChunkedStore> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let shared = Arc::new(Shared {
            wanted: Mutex::default(),
            notes: Notes::default(),
            done: watch::Sender::new(Done::default()),
            state: watch::Sender::new(KeyringState::Checking),
        });
        let theirs = Arc::clone(&shared);
        // Never joined: a call that hangs must not block the program's exit.
        std::thread::Builder::new()
            .name("cordon-keyring".into())
            .spawn(move || serve(&open, &queue, &theirs))?;
        Ok(Self::Keyring(Keyring {
            jobs,
            shared,
            turns: None,
        }))
    }

    pub(super) fn watch(&self) -> watch::Receiver<KeyringState> {
        match self {
            Self::Memory(Memory(state)) => state.subscribe(),
            Self::Keyring(keyring) => keyring.shared.state.subscribe(),
        }
    }

    pub(super) fn state(&self) -> KeyringState {
        self.watch().borrow().clone()
    }

    /// The saved value. Waits without limit, as the keyring may be asking the user to unlock it.
    pub(super) async fn read(
        &self,
        item: &Arc<str>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
        self.read_as(item, Kind::SignIn).await
    }

    async fn read_as(
        &self,
        item: &Arc<str>,
        kind: Kind,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
        let Self::Keyring(keyring) = self else {
            return Ok(None);
        };
        let (reply, answer) = oneshot::channel();
        let job = Job::Read {
            item: Arc::clone(item),
            kind,
            reply,
        };
        if keyring.jobs.try_send(job).is_err() {
            return Err(KeyringTrouble::silent());
        }
        answer
            .await
            .unwrap_or_else(|_thread_ended| Err(KeyringTrouble::silent()))
    }

    /// Requests to save `value` under `item`, and then to remove `old`. Returns immediately; the
    /// newest request for an item wins.
    pub(super) fn post_save(
        &self,
        item: &Arc<str>,
        value: Zeroizing<Vec<u8>>,
        old: Option<&Arc<str>>,
    ) -> Ticket {
        let old = old.map(Arc::clone);
        self.post(item, ItemChange::Save { value, old })
    }

    /// Requests the item's removal. Returns immediately; the newest request for an item wins.
    pub(super) fn post_removal(&self, item: &Arc<str>) -> Ticket {
        self.post(item, ItemChange::Remove(KeyringState::Empty))
    }

    /// A ticket for a sign-in that has nothing to save.
    pub(super) fn post_nothing(&self, item: &Arc<str>) -> Ticket {
        let state = KeyringState::NotSaved {
            reason: "The sign-in host gave nothing to save".into(),
            remedy: "Sign in again after the next start".into(),
        };
        self.post(item, ItemChange::Remove(state))
    }

    /// Notes that the cached sign-in came from the keyring and is still under `item`.
    pub(super) fn note_found(&self, item: &Arc<str>) {
        if let Self::Keyring(keyring) = self {
            keyring.shared.wanted().present = Some(Arc::clone(item));
            keyring.shared.state.send_replace(KeyringState::Saved);
        }
    }

    /// Notes that there is nothing to save and no call in progress. Keeps an earlier failure.
    pub(super) fn note_nothing_to_save(&self) {
        if let Self::Keyring(keyring) = self {
            keyring.shared.state.send_if_modified(|state| {
                let was_checking = *state == KeyringState::Checking;
                if was_checking {
                    *state = KeyringState::Empty;
                }
                was_checking
            });
        }
    }

    fn post(&self, item: &Arc<str>, change: ItemChange) -> Ticket {
        let Self::Keyring(keyring) = self else {
            return Ticket(0);
        };
        let mut wanted = keyring.shared.wanted();
        wanted.number += 1;
        let ticket = Ticket(wanted.number);
        let is_first = wanted.changes.is_empty();
        wanted.changes.retain(|(known, _)| known != item);
        wanted.changes.push((Arc::clone(item), change));
        drop(wanted);
        // A full queue is fine: each queued job reads the requests first.
        if is_first && let Err(TrySendError::Disconnected(_)) = keyring.jobs.try_send(Job::Look) {
            let trouble = KeyringTrouble::silent();
            keyring
                .shared
                .finish(ticket.0, Some(trouble.state()), Some(trouble));
        }
        ticket
    }

    /// Result of a request, within [`LIMIT`].
    pub(super) async fn completed(&self, ticket: Ticket) -> Result<(), KeyringTrouble> {
        let Self::Keyring(keyring) = self else {
            return Ok(());
        };
        let mut done = keyring.shared.done.subscribe();
        match tokio::time::timeout(LIMIT, done.wait_for(|done| done.number >= ticket.0)).await {
            Ok(Ok(done)) => done.trouble.clone().map_or(Ok(()), Err),
            Ok(Err(_)) | Err(_) => Err(KeyringTrouble::silent()),
        }
    }

    /// [`Self::completed`], and shows on screen if the keyring does not respond.
    pub(super) async fn saved(&self, ticket: Ticket) {
        let (Err(trouble), Self::Keyring(keyring)) = (self.completed(ticket).await, self) else {
            return;
        };
        keyring.shared.state.send_if_modified(|state| {
            // It may just have responded, and has then set the state itself.
            let late = keyring.shared.done.borrow().number < ticket.0;
            if late {
                *state = trouble.state();
            }
            late
        });
    }

    /// Opens a new store in place of the current one.
    pub(super) async fn reopen(&self) -> Result<(), KeyringTrouble> {
        let Self::Keyring(keyring) = self else {
            return Ok(());
        };
        let (reply, answer) = oneshot::channel();
        let outcome = if keyring.jobs.try_send(Job::Reopen { reply }).is_err() {
            Err(KeyringTrouble::silent())
        } else {
            match tokio::time::timeout(LIMIT, answer).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) | Err(_) => Err(KeyringTrouble::silent()),
            }
        };
        let state = outcome
            .as_ref()
            .err()
            .map_or(KeyringState::Checking, KeyringTrouble::state);
        keyring.shared.state.send_replace(state);
        outcome
    }
}

/// Sequence number of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket(u64);

struct Shared {
    wanted: Mutex<Wanted>,
    notes: Notes,
    done: watch::Sender<Done>,
    state: watch::Sender<KeyringState>,
}

/// One slot per item instead of a queue: of two pending writes only the newer matters.
#[derive(Default)]
struct Wanted {
    number: u64,
    changes: Vec<(Arc<str>, ItemChange)>,
    /// The item of the sign-in that should be in the keyring, whether or not saving it worked.
    present: Option<Arc<str>>,
}

enum ItemChange {
    Save {
        value: Zeroizing<Vec<u8>>,
        /// The name under which it was saved before.
        old: Option<Arc<str>>,
    },
    /// Removal, with the state that follows from it.
    Remove(KeyringState),
}

#[derive(Default)]
struct Done {
    number: u64,
    trouble: Option<KeyringTrouble>,
}

/// Kind of an item's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SignIn,
    Note,
}

enum Job {
    Read {
        item: Arc<str>,
        kind: Kind,
        reply: oneshot::Sender<Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble>>,
    },
    /// A request or a note is pending.
    Look,
    Reopen {
        reply: oneshot::Sender<Result<(), KeyringTrouble>>,
    },
}

impl Shared {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock()
    }

    /// State and number change under one lock, so that they stay consistent.
    fn finish(&self, number: u64, next: Option<KeyringState>, trouble: Option<KeyringTrouble>) {
        self.state.send_modify(|state| {
            if let Some(next) = next {
                *state = next;
            }
            self.done.send_replace(Done { number, trouble });
        });
    }
}

/// The keyring's thread. Ends when the last handle is dropped.
fn serve(
    open: &dyn Fn() -> keyring_core::Result<ChunkedStore>,
    queue: &Receiver<Job>,
    shared: &Shared,
) {
    let mut items = None;
    while let Ok(job) = queue.recv() {
        grant(open, &mut items, shared);
        match job {
            Job::Look => {}
            Job::Read { item, kind, reply } => {
                let read = with(open, &mut items, |items| items.load(&item));
                if let Err(trouble) = &read
                    && kind == Kind::SignIn
                    && trouble.kind != TroubleKind::Duplicate
                {
                    shared.state.send_replace(trouble.state());
                }
                // If the caller is gone, the value is wiped.
                reply.send(read).ok();
            }
            Job::Reopen { reply } => {
                items = None;
                reply.send(with(open, &mut items, |_| Ok(()))).ok();
            }
        }
        shared.notes.write(|item, value| {
            with(open, &mut items, |items| items.put(item, value)).ok();
        });
    }
}

fn grant(
    open: &dyn Fn() -> keyring_core::Result<ChunkedStore>,
    items: &mut Option<ChunkedStore>,
    shared: &Shared,
) {
    let (number, changes, mut present) = {
        let mut wanted = shared.wanted();
        let changes = std::mem::take(&mut wanted.changes);
        (wanted.number, changes, wanted.present.clone())
    };
    if changes.is_empty() {
        return;
    }
    let (mut state, mut first_trouble) = (None, None);
    for (item, change) in changes {
        let (outcome, next) = match change {
            ItemChange::Save { value, old } => {
                let put = |items: &ChunkedStore| {
                    items.put(&item, &value)?;
                    old.map_or(Ok(()), |old| items.remove(&old))
                };
                let outcome = with(open, items, put);
                present = Some(Arc::clone(&item));
                // Only a successful write proves that the sign-in is saved.
                (outcome, Some(KeyringState::Saved))
            }
            ItemChange::Remove(next) => {
                let outcome = with(open, items, |items| items.remove(&item));
                // The result for another item says nothing about the current one.
                let is_another = present.as_ref().is_some_and(|present| *present != item);
                if !is_another {
                    present = None;
                }
                (outcome, (!is_another).then_some(next))
            }
        };
        match outcome {
            Ok(()) => state = next.or(state),
            Err(trouble) => {
                if next.is_some() {
                    state = Some(trouble.state());
                }
                first_trouble.get_or_insert(trouble);
            }
        }
    }
    shared.wanted().present = present;
    shared.finish(number, state, first_trouble);
}

fn with<T>(
    open: &dyn Fn() -> keyring_core::Result<ChunkedStore>,
    items: &mut Option<ChunkedStore>,
    act: impl FnOnce(&ChunkedStore) -> keyring_core::Result<T>,
) -> Result<T, KeyringTrouble> {
    let opened = match items {
        Some(items) => items,
        None => items.insert(open().map_err(|error| KeyringTrouble::from_error(&error))?),
    };
    act(opened).map_err(|error| KeyringTrouble::from_error(&error))
}

fn platform_items() -> keyring_core::Result<ChunkedStore> {
    Ok(ChunkedStore {
        store: credentials::open()?,
        modifiers: credentials::modifiers(),
        layout: credentials::LARGEST_PART.map_or(Layout::Whole, Layout::Parts),
    })
}

#[cfg(test)]
mod tests;
