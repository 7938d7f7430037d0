//! Lock for renewals among consoles: on a strict server, reusing a refresh token ends the sign-in.

use std::path::PathBuf;
use std::time::Duration;

use super::store::TokenStore;
use crate::files::{self, File, TryLockError};

/// Maximum wait for another console; then this one proceeds without the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl TokenStore {
    /// Serializes renewals with other consoles that use the same keyring and folder.
    #[must_use]
    pub fn taking_turns_in(mut self, folder: PathBuf) -> Self {
        if let Self::Keyring(keyring) = &mut self {
            keyring.turns = Some(folder);
        }
        self
    }

    /// Acquires the lock; dropping the file releases it. `None` if it is unavailable: continuing is
    /// better than not signing in.
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
        let locked = tokio::time::timeout(LOCK_TIMEOUT, async {
            while let Err(TryLockError::WouldBlock) = file.try_lock() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        });
        if locked.await.is_err() {
            tracing::warn!("another console takes long to renew the sign-in");
            return None;
        }
        Some(file)
    }
}
