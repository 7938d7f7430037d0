//! Small values that are kept in the keyring beside the sign-in: nothing secret, and nothing that a
//! sign-in or an order waits for. What the keyring does not take is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{Job, KeyringTrouble, TokenStore, TroubleKind};

/// The notes that wait for the keyring's thread.
#[derive(Default)]
pub(super) struct Notes {
    pending: Mutex<Pending>,
    /// Number of the last note that the keyring was given, whether or not it took it.
    tried: watch::Sender<u64>,
}

#[derive(Default)]
struct Pending {
    number: u64,
    /// One slot for each item: of two notes that wait for a locked keyring only the newer matters.
    values: HashMap<Arc<str>, String>,
}

/// Number of a note.
#[derive(Debug, Clone, Copy)]
pub(in crate::auth) struct NoteTicket(u64);

impl Notes {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock()
    }

    /// Gives the keyring what is pending.
    pub(super) fn write(&self, mut put: impl FnMut(&str, &[u8])) {
        let Pending { number, values } = {
            let mut pending = self.pending();
            let values = std::mem::take(&mut pending.values);
            let number = pending.number;
            Pending { number, values }
        };
        if values.is_empty() {
            return;
        }
        for (item, value) in values {
            put(&item, value.as_bytes());
        }
        self.tried.send_replace(number);
    }
}

impl TokenStore {
    /// Wants `value` kept under `item`. Returns at once; the newest about an item wins.
    pub(in crate::auth) fn post_note(&self, item: &str, value: String) -> NoteTicket {
        let Self::Keyring(keyring) = self else {
            return NoteTicket(0);
        };
        let mut pending = keyring.shared.notes.pending();
        pending.number += 1;
        let ticket = NoteTicket(pending.number);
        let is_first = pending.values.is_empty();
        pending.values.insert(item.into(), value);
        drop(pending);
        // A full queue is no loss: after each job in it the notes are written.
        if is_first {
            keyring.jobs.try_send(Job::Look).ok();
        }
        ticket
    }

    /// Waits until the keyring was given a note, for `limit` at most.
    pub(in crate::auth) async fn note_tried(&self, ticket: NoteTicket, limit: Duration) {
        if let Self::Keyring(keyring) = self {
            let mut tried = keyring.shared.notes.tried.subscribe();
            let reached = tried.wait_for(|number| *number >= ticket.0);
            tokio::time::timeout(limit, reached).await.ok();
        }
    }

    /// The note under `item`. Its failure says nothing about the sign-in. Takes as long as the
    /// keyring takes.
    pub(in crate::auth) async fn note(
        &self,
        item: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
        match self.read_as(&item.into(), super::Kind::Note).await {
            // Which of several is the newest cannot be told, and they are gone now.
            Err(trouble) if trouble.kind == TroubleKind::Duplicate => Ok(None),
            note => note,
        }
    }
}
