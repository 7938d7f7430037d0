//! A session in the keyring: restored at startup, saved at renewal, removed on sign-out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::error::AuthError;
use super::session::{Inner, Session};
use super::store::Ticket;
use super::stored_sign_in::{StoredSignIn, account_item};
use super::token_cache::{SignedIn, TokenCache};
use super::trouble::{KeyringTrouble, TroubleKind};
use crate::model::{Account, KeyringState, Permissions};

impl Session {
    /// Finds the saved sign-in of this account, or one from before sign-ins were stored per
    /// account, and returns its account. It takes effect with [`Self::accept_saved`].
    ///
    /// Waits for the keyring without limit, as it may be asking the user to unlock it. Dropping the
    /// future or calling [`Self::begin`] discards a late result. Errors show in [`Self::keyring`].
    ///
    /// # Errors
    /// [`AuthError::SavedTwice`] when there were several, which are now removed.
    pub async fn find_saved(&self, object_id: Option<&str>) -> Result<Option<Account>, AuthError> {
        let present = |cache: &TokenCache| (cache.generation, cache.flow);
        let before = present(&self.0.cache());
        let target = &self.0.target;
        let own = object_id.map(|id| (account_item(target, id), false));
        for (item, is_old) in own.into_iter().chain([(Arc::clone(target), true)]) {
            let json = match self.0.store.read(&item).await {
                Ok(json) => json,
                Err(trouble) if trouble.kind == TroubleKind::Duplicate => {
                    return Err(AuthError::SavedTwice);
                }
                Err(_) => return Ok(None),
            };
            let Some(saved) = json
                .as_deref()
                .and_then(|json| StoredSignIn::from_json(json))
            else {
                continue;
            };
            let mut cache = self.0.cache();
            cache.was_saved = true;
            if present(&cache) != before {
                return Ok(None);
            }
            let account = saved.account.clone();
            cache.has_old_item = is_old;
            cache.found = Some(saved);
            return Ok(Some(account));
        }
        self.0.store.note_nothing_to_save();
        Ok(None)
    }

    /// Accepts the saved sign-in that was found. It still has to be renewed.
    #[must_use]
    pub fn accept_saved(&self) -> Option<SignedIn> {
        let mut cache = self.0.cache();
        let saved = cache.found.take()?;
        cache.generation += 1;
        let signed_in = SignedIn {
            account: saved.account,
            permissions: saved
                .scope
                .as_deref()
                .map_or(Permissions::Unknown, Permissions::from_scopes),
        };
        cache.signed_in = Some(signed_in.clone());
        cache.home = saved.home;
        cache.scope = saved.scope;
        cache.refresh = Some(saved.refresh);
        let account_item = self.0.item(&cache);
        let item = account_item.filter(|_| !cache.has_old_item);
        drop(cache);
        self.0
            .store
            .note_found(item.as_ref().unwrap_or(&self.0.target));
        Some(signed_in)
    }

    /// Removes the saved sign-ins of these accounts, none of which is signed in.
    ///
    /// # Errors
    /// [`AuthError::KeyringKept`] when the keyring failed or did not respond in time.
    pub async fn remove_saved(&self, object_ids: &[Box<str>]) -> Result<(), AuthError> {
        let store = &self.0.store;
        let target = &self.0.target;
        if object_ids.is_empty() {
            return Ok(());
        }
        for object_id in object_ids {
            let removed = store.post_removal(&account_item(target, object_id));
            store.completed(removed).await.map_err(keyring_kept)?;
        }
        // Saved before there were items per account.
        let old = store.read(target).await.map_err(keyring_kept)?;
        let old = old
            .as_deref()
            .and_then(|json| StoredSignIn::from_json(json));
        if old.is_some_and(|old| object_ids.contains(&old.account.object_id)) {
            let removed = store.completed(store.post_removal(target)).await;
            removed.map_err(keyring_kept)?;
        }
        Ok(())
    }

    /// Drops the session here and in the keyring. The server keeps it: Entra has no revocation.
    ///
    /// # Errors
    /// [`AuthError::KeyringKept`] when signed out, but the saved sign-in could not be removed.
    pub async fn sign_out(&self) -> Result<(), AuthError> {
        // A sign-in that was never saved needs no removal.
        let saves = !matches!(self.0.store.state(), KeyringState::NotSaved { .. });
        let (ticket, maybe_saved) = {
            let mut cache = self.0.cache();
            let maybe_saved = cache.was_saved || saves;
            // Posted under the lock, as every request: a concurrent renewal must not save later.
            let ticket = self.0.post_removal(&cache);
            *cache = TokenCache {
                generation: cache.generation + 1,
                flow: cache.flow + 1,
                failures: cache.failures,
                was_saved: cache.was_saved,
                ..TokenCache::default()
            };
            (ticket, maybe_saved)
        };
        self.0.left.notify_waiters();
        match self.0.store.completed(ticket).await {
            Ok(()) => {
                self.0.cache().was_saved = false;
                Ok(())
            }
            // Without a keyring, nothing of this run is saved in it.
            Err(KeyringTrouble {
                kind: TroubleKind::Absent,
                ..
            }) if !maybe_saved => Ok(()),
            Err(trouble) => Err(keyring_kept(trouble)),
        }
    }

    /// Whether the sign-in outlives this run.
    #[must_use]
    pub fn keyring(&self) -> KeyringState {
        self.0.store.state()
    }

    /// Reopens the keyring and saves the current sign-in, if there is one.
    pub async fn try_keyring_again(&self) -> KeyringState {
        if self.0.store.reopen().await.is_ok() {
            let ticket = {
                let cache = self.0.cache();
                self.0
                    .post_save(&cache)
                    .or_else(|| self.0.post_nothing(&cache))
            };
            match ticket {
                Some(ticket) => self.0.store.saved(ticket).await,
                None => self.0.store.note_nothing_to_save(),
            }
        }
        self.keyring()
    }

    /// Requests to store `note` under `item` beside the sign-in. Returns at once; the newest note
    /// of an item wins, and failures are ignored.
    pub fn keep_note(&self, item: &str, note: String) {
        self.0.store.post_note(item, note);
    }

    /// [`Self::keep_note`], then waits for the keyring's attempt, for `limit` at most.
    pub async fn keep_note_within(&self, item: &str, note: String, limit: Duration) {
        let ticket = self.0.store.post_note(item, note);
        self.0.store.note_tried(ticket, limit).await;
    }

    /// The note under `item`. Waits for the keyring without limit.
    ///
    /// # Errors
    /// Why it could not be read.
    pub async fn note(&self, item: &str) -> Result<Option<String>, KeyringTrouble> {
        let note = self.0.store.note(item).await?;
        Ok(note.map(|note| String::from_utf8_lossy(&note).into_owned()))
    }

    /// A watch on [`Self::keyring`].
    #[must_use]
    pub fn watch_keyring(&self) -> watch::Receiver<KeyringState> {
        self.0.store.watch()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "fits `map_err`")]
fn keyring_kept(trouble: KeyringTrouble) -> AuthError {
    AuthError::KeyringKept {
        reason: trouble.reason.into(),
        remedy: trouble.remedy.into(),
    }
}

impl Inner {
    /// Keyring item of the cached sign-in.
    pub(super) fn item(&self, cache: &TokenCache) -> Option<Arc<str>> {
        let signed_in = cache.signed_in.as_ref()?;
        Some(account_item(&self.target, &signed_in.account.object_id))
    }

    /// Requests removal of the cached sign-in from the keyring. Call under the lock of `cache`.
    pub(super) fn post_removal(&self, cache: &TokenCache) -> Ticket {
        if cache.has_old_item {
            self.store.post_removal(&self.target);
        }
        let item = self.item(cache).unwrap_or_else(|| Arc::clone(&self.target));
        self.store.post_removal(&item)
    }

    /// Reports that a sign-in without a refresh token is not saved. Call under the lock of `cache`.
    fn post_nothing(&self, cache: &TokenCache) -> Option<Ticket> {
        cache.access.as_ref()?;
        Some(self.store.post_nothing(&self.item(cache)?))
    }

    /// Requests saving of the cached sign-in. Call under the lock of `cache`: the newest wins.
    pub(super) fn post_save(&self, cache: &TokenCache) -> Option<Ticket> {
        let account = cache.signed_in.as_ref()?.account.clone();
        let item = account_item(&self.target, &account.object_id);
        let saved = StoredSignIn {
            refresh: Arc::clone(cache.refresh.as_ref()?),
            scope: cache.scope.clone(),
            home: cache.home.clone(),
            account,
        };
        let json = saved.to_json((self.host.clock)());
        let old = cache.has_old_item.then_some(&self.target);
        Some(self.store.post_save(&item, json, old))
    }
}
