//! Token cache: the session's state between two requests.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::challenge::WantedClaims;
use super::error::{AuthError, ErrorResponse};
use super::id_token::FirstNonce;
use super::secret::Secret;
use super::stored_sign_in::StoredSignIn;
use super::token::{AccessToken, Need, monotonic_now};
use crate::model::{Account, Permissions};

/// The signed-in account and its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub account: Account,
    pub permissions: Permissions,
}

/// A token that the API refused with 401, and the claims requested for the next one.
#[derive(Debug, Clone)]
pub struct RefusedToken {
    pub token: AccessToken,
    pub claims: Option<WantedClaims>,
}

/// Under one lock, never held across an `await`.
#[derive(Default)]
pub(super) struct TokenCache {
    pub(super) signed_in: Option<SignedIn>,
    /// The home account (`client_info`), if reported.
    pub(super) home: Option<Box<str>>,
    /// Nonce that binds id tokens to this sign-in.
    pub(super) nonce: FirstNonce,
    pub(super) access: Option<AccessToken>,
    pub(super) refresh: Option<Arc<Secret<String>>>,
    pub(super) scope: Option<Box<str>>,
    pub(super) failure: Option<Failure>,
    /// Time of the last renewal that the host advised.
    pub(super) advised_at: Option<Instant>,
    /// Claims that the next sign-in has to request, as reported by a renewal.
    pub(super) claims: Option<WantedClaims>,
    /// Number of failed renewals: waiters for one share its result instead of retrying.
    pub(super) failures: u64,
    /// Number of the current sign-in; results for an older one are discarded.
    pub(super) generation: u64,
    /// Number of the newest flow; only one is valid at a time.
    pub(super) flow: u64,
    /// Whether this run has found a saved sign-in.
    pub(super) was_saved: bool,
    /// A saved sign-in that was found and is not yet accepted.
    pub(super) found: Option<StoredSignIn>,
    /// Saved under the old name, which all accounts of a target shared.
    pub(super) has_old_item: bool,
    pub(super) last_refusal: Option<LastRefusal>,
    /// Times of recently dropped tokens that the API had refused.
    pub(super) replaced: Vec<Instant>,
    /// Claims for which the last of them had to be replaced.
    pub(super) replaced_for: Option<WantedClaims>,
}

/// The last refusal of the sign-in host.
pub(super) struct LastRefusal {
    numbers: Box<[u32]>,
    claims: Option<Box<str>>,
    /// Time of an interactive sign-in after it.
    pub(super) signed_in_at: Option<Instant>,
}

/// A sign-in that lasted this long was not refused at once.
const LASTING: Duration = Duration::from_mins(10);

/// Minimum time between two renewals of a good token on the host's advice.
const BETWEEN_ADVISED: Duration = Duration::from_mins(1);
/// How long the API's refusals are counted.
const REFUSED_LATELY: Duration = Duration::from_mins(1);
/// Maximum number of accepted, then refused tokens that are replaced in that time: each may have
/// expired, but if only some requests are refused, a new token changes nothing.
const REPLACED_AT_MOST: usize = 10;

/// A failed renewal.
pub(super) struct Failure {
    pub(super) error: AuthError,
    /// `None`: until the user acts.
    pub(super) until: Option<Instant>,
}

impl TokenCache {
    pub(super) fn usable(
        &self,
        now: Timestamp,
        refused: Option<&RefusedToken>,
        need: Need,
    ) -> Option<AccessToken> {
        self.access.clone().filter(|token| {
            let is_refused = refused.is_some_and(|refused| refused.token.is_same(token));
            token.lasts_for(need, now) && !is_refused
        })
    }

    /// Whether a good token should be renewed now on the host's advice. At most once a minute, as
    /// failures are retried and nobody waits for it.
    pub(super) fn begin_advised(&mut self, token: &AccessToken, now: Timestamp) -> bool {
        let present = monotonic_now();
        let tried_lately = self
            .advised_at
            .is_some_and(|at| present.duration_since(at) < BETWEEN_ADVISED);
        let is_due = !tried_lately && !token.lasts_for(Need::HostsAdvice, now);
        if is_due {
            self.advised_at = Some(present);
        }
        is_due
    }

    /// A nearly expired token that is still good for a request, for when renewal fails.
    pub(super) fn last_resort(
        &self,
        now: Timestamp,
        refused: Option<&RefusedToken>,
    ) -> Option<AccessToken> {
        self.access
            .clone()
            .filter(|token| refused.is_none() && token.is_alive(now))
    }

    /// Drops a token that the API refused, and adds the requested claims to the renewal.
    pub(super) fn drop_refused(&mut self, refused: &RefusedToken) {
        let given_up = self.access.take_if(|held| held.is_same(&refused.token));
        if given_up.is_some() {
            self.replaced.push(monotonic_now());
            self.replaced_for.clone_from(&refused.claims);
        }
        self.want(refused.claims.clone());
    }

    /// The refused token, if replacing it is pointless: a recent replacement was refused too.
    pub(super) fn not_worth_replacing(&mut self, refused: &RefusedToken) -> Option<AccessToken> {
        let now = monotonic_now();
        self.replaced
            .retain(|at| now.duration_since(*at) < REFUSED_LATELY);
        let max = if refused.token.was_accepted() {
            REPLACED_AT_MOST
        } else {
            1
        };
        let asks_for_new_claims = refused.claims.is_some() && refused.claims != self.replaced_for;
        let held = self.access.as_ref()?;
        let is_worth_it = self.replaced.len() < max || asks_for_new_claims;
        (held.is_same(&refused.token) && !is_worth_it).then(|| held.clone())
    }

    /// Adds claims to request for the next token.
    pub(super) fn want(&mut self, claims: Option<WantedClaims>) {
        if let Some(claims) = claims {
            self.claims = Some(match &self.claims {
                Some(before) => before.with(&claims),
                None => claims,
            });
        }
    }

    /// Updates the claims for the next attempt from a refusal, and notes whether it is repeated.
    pub(super) fn learn_from(&mut self, refusal: &mut ErrorResponse) {
        let now = monotonic_now();
        refusal.is_repeated = !refusal.numbers.is_empty()
            && self.last_refusal.as_ref().is_some_and(|last| {
                let at = last.signed_in_at.unwrap_or(now);
                last.numbers == refusal.numbers
                    && last.claims == refusal.claims
                    && now.duration_since(at) < LASTING
            });
        self.last_refusal = Some(LastRefusal {
            numbers: refusal.numbers.clone(),
            claims: refusal.claims.clone(),
            signed_in_at: None,
        });
        // The host's own request is newer than the API's.
        self.want(refusal.claims.as_deref().and_then(WantedClaims::from_json));
    }

    pub(super) fn remembered(&self, failures_seen: u64) -> Option<AuthError> {
        let failure = self.failure.as_ref()?;
        let lasts = failure.until.is_none_or(|until| until > monotonic_now());
        (lasts || self.failures != failures_seen).then(|| failure.error.clone())
    }
}
