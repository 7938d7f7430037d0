//! One renewal at a time among the consoles of one person: on a strict server a refresh token that
//! is used twice ends the whole sign-in.

use std::path::PathBuf;
use std::time::Duration;

use super::store::TokenStore;
use crate::files::{self, File, TryLockError};

/// How long another console may take; after that this one proceeds without the lock.
const PATIENCE: Duration = Duration::from_secs(10);
const NAP: Duration = Duration::from_millis(50);

impl TokenStore {
    /// Serializes renewals with other consoles that use the same keyring and folder.
    #[must_use]
    pub fn taking_turns_in(mut self, folder: PathBuf) -> Self {
        if let Self::Keyring(keyring) = &mut self {
            keyring.turns = Some(folder);
        }
        self
    }

    /// Waits for this console's turn; it lasts until the file is dropped. `None` when it cannot be
    /// had: going on is better than not signing in.
    pub(super) async fn turn(&self, item: &str) -> Option<File> {
        let Self::Keyring(keyring) = self else {
            return None;
        };
        let folder = keyring.turns.as_ref()?;
        let name = item.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let file = match files::open_or_create(&folder.join(format!("renewal-{name}.lock"))) {
            Ok(file) => file,
            Err(error) => {
                tracing::warn!("renewals cannot take turns: {error}");
                return None;
            }
        };
        let locked = tokio::time::timeout(PATIENCE, async {
            while let Err(TryLockError::WouldBlock) = file.try_lock() {
                tokio::time::sleep(NAP).await;
            }
        });
        if locked.await.is_err() {
            tracing::warn!("another console takes long to renew the sign-in");
            return None;
        }
        Some(file)
    }
}
