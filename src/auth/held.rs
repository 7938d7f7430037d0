//! What a session holds between two requests.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::challenge::WantedClaims;
use super::error::AuthError;
use super::secret::Secret;
use super::session::{RefusedToken, SignedIn};
use super::token::{AccessToken, monotonic_now};

/// Under one lock, never held across an `await`.
#[derive(Default)]
pub(super) struct Held {
    pub(super) signed_in: Option<SignedIn>,
    /// The same account at home (`client_info`), if it was told.
    pub(super) home: Option<Box<str>>,
    pub(super) access: Option<AccessToken>,
    pub(super) refresh: Option<Arc<Secret<String>>>,
    pub(super) scope: Option<Box<str>>,
    pub(super) failure: Option<Failure>,
    /// What the next sign-in has to bring along, as far as a renewal was told.
    pub(super) claims: Option<WantedClaims>,
    /// Renewals that failed so far: who waited for one gets its result, not another attempt.
    pub(super) failures: u64,
    /// Number of the present sign-in; answers about an older one are dropped.
    pub(super) generation: u64,
    /// Number of the newest code; one counts at a time.
    pub(super) flow: u64,
    /// Whether this run has met a saved sign-in.
    pub(super) was_saved: bool,
}

/// A renewal that failed.
pub(super) struct Failure {
    pub(super) error: AuthError,
    /// `None`: until a person acts.
    pub(super) until: Option<Instant>,
}

impl Held {
    pub(super) fn usable(
        &self,
        now: Timestamp,
        refused: Option<&RefusedToken>,
    ) -> Option<AccessToken> {
        self.access.clone().filter(|token| {
            token.is_fresh(now) && refused.is_none_or(|refused| !refused.token.is_same(token))
        })
    }

    /// Still good for a request, though near its end: for when it cannot be renewed just now.
    pub(super) fn last_resort(
        &self,
        now: Timestamp,
        refused: Option<&RefusedToken>,
    ) -> Option<AccessToken> {
        self.access
            .clone()
            .filter(|token| refused.is_none() && token.is_alive(now))
    }

    /// A token that the API refused is not used again, and what it asked for goes into the renewal.
    pub(super) fn drop_refused(&mut self, refused: &RefusedToken) {
        self.access.take_if(|held| held.is_same(&refused.token));
        self.want(refused.claims.clone());
    }

    /// Adds to what the next token has to bring along.
    pub(super) fn want(&mut self, claims: Option<WantedClaims>) {
        if let Some(claims) = claims {
            self.claims = Some(match &self.claims {
                Some(before) => before.with(&claims),
                None => claims,
            });
        }
    }

    pub(super) fn remembered(&self, failures_seen: u64) -> Option<AuthError> {
        let failure = self.failure.as_ref()?;
        let lasts = failure.until.is_none_or(|until| until > monotonic_now());
        (lasts || self.failures != failures_seen).then(|| failure.error.clone())
    }
}
