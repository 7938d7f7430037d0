//! Small values stored in the keyring beside the sign-in: not secret, and nothing that a sign-in or
//! an order waits for. Values that the keyring refuses are lost.

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
    /// Number of the last note that was passed to the keyring, successfully or not.
    tried: watch::Sender<u64>,
}

#[derive(Default)]
struct Pending {
    number: u64,
    /// One slot per item: of two pending notes only the newer matters.
    values: HashMap<Arc<str>, String>,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::auth) struct NoteTicket(u64);

impl Notes {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock()
    }

    /// Passes pending notes to the keyring.
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
    /// Requests to store `value` under `item`. Returns at once; the newest note of an item wins.
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
        // A full queue is fine: notes are written after each queued job.
        if is_first {
            keyring.jobs.try_send(Job::Look).ok();
        }
        ticket
    }

    /// Waits until a note was passed to the keyring, for `limit` at most.
    pub(in crate::auth) async fn note_tried(&self, ticket: NoteTicket, limit: Duration) {
        if let Self::Keyring(keyring) = self {
            let mut tried = keyring.shared.notes.tried.subscribe();
            let reached = tried.wait_for(|number| *number >= ticket.0);
            tokio::time::timeout(limit, reached).await.ok();
        }
    }

    /// The note under `item`. Waits without limit; failures do not affect the sign-in's state.
    pub(in crate::auth) async fn note(
        &self,
        item: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
        match self.read_as(&item.into(), super::Kind::Note).await {
            // The newest of several cannot be determined, and they are now removed.
            Err(trouble) if trouble.kind == TroubleKind::Duplicate => Ok(None),
            note => note,
        }
    }
}
