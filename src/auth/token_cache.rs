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

/// A token that the API answered with 401, and what the next one has to bring along.
#[derive(Debug, Clone)]
pub struct RefusedToken {
    pub token: AccessToken,
    pub claims: Option<WantedClaims>,
}

/// Under one lock, never held across an `await`.
#[derive(Default)]
pub(super) struct TokenCache {
    pub(super) signed_in: Option<SignedIn>,
    /// The home account (`client_info`), where it was reported.
    pub(super) home: Option<Box<str>>,
    /// Nonce that ties id tokens to this sign-in.
    pub(super) nonce: FirstNonce,
    pub(super) access: Option<AccessToken>,
    pub(super) refresh: Option<Arc<Secret<String>>>,
    pub(super) scope: Option<Box<str>>,
    pub(super) failure: Option<Failure>,
    /// When a renewal was last begun because the host wanted it so.
    pub(super) advised_at: Option<Instant>,
    /// Claims that the next sign-in has to request, as far as a renewal was told.
    pub(super) claims: Option<WantedClaims>,
    /// Renewals that failed so far: who waited for one gets its result, not another attempt.
    pub(super) failures: u64,
    /// Number of the present sign-in; answers about an older one are dropped.
    pub(super) generation: u64,
    /// Number of the newest code; one counts at a time.
    pub(super) flow: u64,
    /// Whether this run has met a saved sign-in.
    pub(super) was_saved: bool,
    /// A saved sign-in that was found and that nobody has accepted yet.
    pub(super) found: Option<StoredSignIn>,
    /// Saved under the old name that all accounts of a target shared.
    pub(super) has_old_item: bool,
    pub(super) last_refusal: Option<LastRefusal>,
    /// When tokens were given up lately because the API had refused them.
    pub(super) replaced: Vec<Instant>,
    /// Claims for which the last of them had to be replaced.
    pub(super) replaced_for: Option<WantedClaims>,
}

/// Why the sign-in host refused last.
pub(super) struct LastRefusal {
    numbers: Box<[u32]>,
    claims: Option<Box<str>>,
    /// When a person signed in after it.
    pub(super) signed_in_at: Option<Instant>,
}

/// A sign-in that has lasted so long was none that is refused at once.
const LASTING: Duration = Duration::from_mins(10);

/// Least time between two renewals of a token that is good, as the host wants it.
const BETWEEN_ADVISED: Duration = Duration::from_mins(1);
/// How long the API's refusals are counted.
const REFUSED_LATELY: Duration = Duration::from_mins(1);
/// Maximum number of once accepted, then refused tokens that are replaced in that time: each may
/// have ended, but where one request is refused and others are not, a new token changes nothing.
const REPLACED_AT_MOST: usize = 10;

/// A renewal that failed.
pub(super) struct Failure {
    pub(super) error: AuthError,
    /// `None`: until a person acts.
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

    /// Whether this token is to be renewed now although it is good, because the host wants it so. Said once
    /// a minute at most: what has failed is tried again, and nobody waits for it.
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
        let given_up = self.access.take_if(|held| held.is_same(&refused.token));
        if given_up.is_some() {
            self.replaced.push(monotonic_now());
            self.replaced_for.clone_from(&refused.claims);
        }
        self.want(refused.claims.clone());
    }

    /// The token that the API refused, where replacing it once more would only cause one renewal a
    /// call: what replaced another was refused as well, for the same reason, within a minute.
    pub(super) fn not_worth_replacing(&mut self, refused: &RefusedToken) -> Option<AccessToken> {
        let now = monotonic_now();
        self.replaced
            .retain(|at| now.duration_since(*at) < REFUSED_LATELY);
        let most = if refused.token.was_accepted() {
            REPLACED_AT_MOST
        } else {
            1
        };
        let is_new_wish = refused.claims.is_some() && refused.claims != self.replaced_for;
        let held = self.access.as_ref()?;
        let is_worth_it = self.replaced.len() < most || is_new_wish;
        (held.is_same(&refused.token) && !is_worth_it).then(|| held.clone())
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

    /// Learns from a refusal what the next attempt needs, and notes whether it is a repeated one.
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
