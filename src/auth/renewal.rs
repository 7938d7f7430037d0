//! Silent renewal (RFC 6749 section 6): single-flight, the newest refresh token wins.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::HttpFault;
use super::answer::{Fields, TokenReply, fault, post};
use super::challenge::WantedClaims;
use super::error::{AuthError, ErrorResponse};
use super::id_token::Nonce;
use super::secret::Secret;
use super::session::Inner;
use super::store::LIMIT;
use super::stored_sign_in::StoredSignIn;
use super::token::{AccessToken, Grant, Need, monotonic_now};
use super::token_cache::{Failure, RefusedToken};
use crate::model::{KeyringState, Permissions, fraction};

/// A refusal does not change within a minute (as in MSAL).
const REMEMBERED: Duration = Duration::from_mins(1);
const REMEMBERED_LONG: Duration = Duration::from_mins(30);
/// Maximum pause that a caller waits for a token; a longer one is an error.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// Attempts of one renewal if there is no response.
const TRIES: u32 = 3;

impl Inner {
    pub(super) async fn renew(
        &self,
        refused: Option<RefusedToken>,
        failures_seen: u64,
        need: Need,
    ) -> Result<AccessToken, AuthError> {
        let _turn = self.turn.lock().await;
        let (refresh, generation) = {
            let cache = self.cache();
            let now = (self.host.clock)();
            if let Some(token) = cache.usable(now, refused.as_ref(), need) {
                return Ok(token);
            }
            if let Some(error) = cache.remembered(failures_seen) {
                let passes = matches!(error, AuthError::Busy { .. } | AuthError::Unreachable(_));
                return cache
                    .last_resort(now, refused.as_ref())
                    .filter(|_| passes)
                    .ok_or(error);
            }
            let refresh = cache.refresh.clone();
            match refresh {
                Some(refresh) => (refresh, cache.generation),
                None => {
                    return cache
                        .last_resort(now, refused.as_ref())
                        .ok_or(AuthError::NotSignedIn);
                }
            }
        };
        // Held until the new token is saved.
        let item = self
            .item(&self.cache())
            .unwrap_or_else(|| Arc::clone(&self.target));
        let _turn_among_consoles = self.store.turn(&item).await;
        let refresh = self.renewed_elsewhere(&refresh).await.unwrap_or(refresh);
        let claims = self.cache().claims.clone();
        let claims = claims.as_ref();
        let mut reply = self.ask(&refresh, claims, generation).await;
        if matches!(&reply, TokenReply::ProtocolError(refusal) if &*refusal.error == "invalid_grant")
            && let Some(newer) = self.renewed_elsewhere(&refresh).await
        {
            reply = self.ask(&newer, claims, generation).await;
        }
        let now = (self.host.clock)();
        let (error, refusal) = match reply {
            TokenReply::Success(fields) => match self.renewed_grant(fields, generation, now) {
                Ok(grant) => return self.adopt_renewal(grant, generation).await,
                Err(error) => (error, None),
            },
            TokenReply::ProtocolError(mut refusal) => {
                refusal.asked = self.asked_by_name();
                self.cache().learn_from(&mut refusal);
                (refusal.clone().into_error(), Some(refusal))
            }
            TokenReply::NoReply(nothing) => (nothing.into_error(now), None),
        };
        self.failed(error, refusal.as_deref(), generation, refused.as_ref(), now)
    }

    /// Sends the refresh grant, with retries if there is no response. A sign-out aborts it.
    async fn ask(
        &self,
        refresh: &Secret<String>,
        claims: Option<&WantedClaims>,
        generation: u64,
    ) -> TokenReply {
        // Registered before the generation is read, so that no sign-out is missed.
        let left = self.left.notified();
        if self.cache().generation != generation {
            return fault(HttpFault::Interrupted);
        }
        tokio::select! {
            reply = self.ask_until_answered(refresh, claims) => reply,
            () = left => fault(HttpFault::Interrupted),
        }
    }

    async fn ask_until_answered(
        &self,
        refresh: &Secret<String>,
        claims: Option<&WantedClaims>,
    ) -> TokenReply {
        let mut pause = Duration::from_secs(1);
        let mut tries = 1;
        let mut scope = Some(self.host.scope.as_str());
        loop {
            let mut form = vec![
                ("grant_type", "refresh_token"),
                ("client_id", &*self.host.endpoints.client_id),
                // EXPOSE: for the form of the token endpoint.
                ("refresh_token", refresh.expose().as_str()),
                ("client_info", "1"),
            ];
            form.extend(scope.map(|scope| ("scope", scope)));
            form.extend(claims.map(|claims| ("claims", claims.as_json())));
            let reply = post(&self.host.http, &self.host.endpoints.token, &form).await;
            if matches!(&reply, TokenReply::ProtocolError(refusal) if &*refusal.error == "invalid_scope")
                && scope.take().is_some()
            {
                // A renewal must not request more than was granted (RFC 6749 section 6): without a
                // scope, the granted one applies.
                continue;
            }
            let TokenReply::NoReply(nothing) = &reply else {
                return reply;
            };
            let wait = nothing
                .retry_after
                .unwrap_or_else(|| pause.mul_f64(1.0 + fraction() / 4.0));
            if tries == TRIES || !nothing.may_pass() || wait > MAX_PAUSE {
                return reply;
            }
            tracing::debug!(tries, "no usable answer to a renewal: {}", nothing.why);
            tokio::time::sleep(wait).await;
            pause *= 2;
            tries += 1;
        }
    }

    /// The token in the keyring, if another console has stored a newer one.
    async fn renewed_elsewhere(&self, refused: &Secret<String>) -> Option<Arc<Secret<String>>> {
        // Unless our own is known to be saved, the stored one is older.
        if self.store.state() != KeyringState::Saved {
            return None;
        }
        let item = self.item(&self.cache())?;
        let read = tokio::time::timeout(LIMIT, self.store.read(&item)).await;
        let saved = StoredSignIn::from_json(&read.ok()?.ok()??)?;
        let same_account = self
            .cache()
            .signed_in
            .as_ref()
            .is_some_and(|known| known.account.is_same(&saved.account));
        // EXPOSE: to compare two of our own.
        (same_account && saved.refresh.expose() != refused.expose()).then_some(saved.refresh)
    }

    /// The tokens of a response, unless they belong to another account.
    fn renewed_grant(
        &self,
        fields: Box<Fields>,
        generation: u64,
        now: Timestamp,
    ) -> Result<Grant, AuthError> {
        let nonce = self.cache().nonce.clone();
        let nonce = Nonce::OfSignIn(&nonce);
        let grant = Grant::from_answer(fields, &nonce, now, &self.host.endpoints)?;
        let cache = self.cache();
        if let (Some(known), true) = (&cache.signed_in, cache.generation == generation) {
            grant.check_renews(&known.account, cache.home.as_deref())?;
        }
        Ok(grant)
    }

    async fn adopt_renewal(&self, grant: Grant, generation: u64) -> Result<AccessToken, AuthError> {
        let ticket = {
            let mut cache = self.cache();
            if cache.generation != generation {
                // Signed out or in again meanwhile: this response is discarded.
                return cache.access.clone().ok_or(AuthError::NotSignedIn);
            }
            cache.access = Some(grant.access.clone());
            cache.failure = None;
            cache.claims = None;
            cache.last_refusal = None;
            cache.home = cache.home.take().or(grant.identity.home);
            cache.scope = grant.scope.or_else(|| cache.scope.take());
            if let (Some(signed_in), known @ Permissions::Known(_)) =
                (&mut cache.signed_in, grant.permissions)
            {
                signed_in.permissions = known;
            }
            if grant.refresh.is_some() {
                cache.refresh = grant.refresh;
            }
            // Even if unchanged: it may not have been saved so far.
            self.post_save(&cache)
        };
        if let Some(ticket) = ticket {
            // Waits three seconds at most; then the token is in memory only, as shown on screen.
            self.store.saved(ticket).await;
        }
        Ok(grant.access)
    }

    fn failed(
        &self,
        error: AuthError,
        refusal: Option<&ErrorResponse>,
        generation: u64,
        refused: Option<&RefusedToken>,
        now: Timestamp,
    ) -> Result<AccessToken, AuthError> {
        tracing::info!("the sign-in was not renewed: {error}");
        let mut cache = self.cache();
        if cache.generation != generation {
            return cache.access.clone().ok_or(AuthError::NotSignedIn);
        }
        // Retrying would only bring another account's tokens again.
        let is_foreign = error.is_about_identity();
        let ends = is_foreign || refusal.is_some_and(ErrorResponse::ends_saved_sign_in);
        let is_final = ends || refusal.is_some_and(ErrorResponse::is_loop);
        let until = (!is_final).then(|| remembered_until(&error, now));
        cache.failures += 1;
        cache.failure = Some(Failure {
            error: error.clone(),
            until,
        });
        if is_foreign {
            cache.access = None;
        }
        if ends {
            cache.refresh = None;
            // Not awaited: if removal fails, the next start gets the same refusal.
            self.post_removal(&cache);
        }
        let resort = cache
            .last_resort(now, refused)
            .filter(|_| refusal.is_none());
        resort.ok_or(error)
    }
}

/// How long a failure is returned without another request.
fn remembered_until(error: &AuthError, now: Timestamp) -> Instant {
    let wait = if let AuthError::Busy { until } = error {
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    } else if error.may_pass() {
        // Only for concurrent waiters: the connection may recover any moment.
        Duration::ZERO
    } else if matches!(error, AuthError::Config { refusal } if refusal.concerns_registration()) {
        // The registration does not fix itself.
        REMEMBERED_LONG
    } else {
        REMEMBERED
    };
    monotonic_now() + wait
}
