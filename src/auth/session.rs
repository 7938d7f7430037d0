//! One account's session: its identity, and sufficiently fresh tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use oauth2::Scope;
use parking_lot::{Mutex, MutexGuard};

use super::answer::Fields;
use super::browser::{self, BrowserFlow};
use super::challenge::WantedClaims;
use super::device_code::{self, DeviceFlow};
use super::error::AuthError;
use super::id_token::Nonce;
use super::store::{Ticket, TokenStore};
use super::stored_sign_in::{account_item, target_name};
use super::token::{AccessToken, Grant, Need, monotonic_now, unnamed_account, wanted_scope};
use super::token_cache::{RefusedToken, SignedIn, TokenCache};
use super::{Clock, HttpFault, SendRequest, SignInHost};
use crate::model::{Account, Endpoints, Mode, Scopes};

/// Time limit of a renewal that a caller waits for: an unresponsive host would otherwise be tried
/// three times for half a minute each.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a batch of orders waits for a fresh token; the renewal continues in the background.
const AHEAD_TIMEOUT: Duration = Duration::from_secs(3);

/// A completed sign-in that is not the session's yet, so that its account can be checked first.
/// Dropping it discards its tokens.
pub struct PendingSignIn {
    account: Account,
    grant: Grant,
    flow: u64,
}

impl PendingSignIn {
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSignIn").finish_non_exhaustive()
    }
}

/// The session with the sign-in host. Clones share it.
#[derive(Clone)]
pub struct Session(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) host: SignInHost,
    pub(super) store: TokenStore,
    /// Cloud, application and tenant: the prefix of the keyring items.
    pub(super) target: Arc<str>,
    /// Never held across an `await`.
    pub(super) cache: Mutex<TokenCache>,
    /// Single-flight lock of renewals.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Notifies a renewal of a sign-out.
    pub(super) left: tokio::sync::Notify,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("host", &self.0.host.endpoints.token.host_str())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session of one application in one tenant. Sends nothing yet.
    #[must_use]
    pub fn new(
        endpoints: &Endpoints,
        mode: Mode,
        http: SendRequest,
        store: TokenStore,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Inner {
            target: target_name(endpoints, mode),
            host: SignInHost {
                http,
                clock,
                endpoints: Arc::new(endpoints.clone()),
                scope: Scope::new(wanted_scope(endpoints)),
            },
            store,
            cache: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            left: tokio::sync::Notify::new(),
        }))
    }

    /// Renews the sign-in even after a recent failure, which is forgotten.
    ///
    /// # Errors
    /// When it could not be renewed. It is kept for the next attempt unless the refusal was
    /// conclusive, and [`Self::signed_in`] names the account.
    pub async fn renew_again(&self) -> Result<(), AuthError> {
        self.0.cache().failure = None;
        self.token().await.map(drop)
    }

    /// Requests a code for the user to type into a browser. Only on a user's action, as it expires
    /// from then on. An older code becomes invalid.
    ///
    /// # Errors
    /// When the sign-in host refuses or cannot be reached.
    pub async fn begin(&self) -> Result<DeviceFlow, AuthError> {
        let (number, claims) = self.0.next_flow();
        let asked = device_code::ask(&self.0.host, claims, number).await;
        asked.map_err(|error| self.0.learn(error))
    }

    /// Waits until the user has typed the code. Dropping the future cancels at once; a received
    /// response counts, as nothing is awaited after it.
    ///
    /// # Errors
    /// When it was declined, expired, refused or superseded, or its response was lost.
    pub async fn finish(&self, flow: DeviceFlow) -> Result<PendingSignIn, AuthError> {
        let fields = device_code::wait_for_person(&self.0.host, &flow).await;
        let fields = fields.map_err(|error| self.0.learn(error))?;
        self.0.pending_sign_in(fields, &Nonce::NotSent, flow.number)
    }

    /// Binds a local port for the browser's redirect. A code or page that was requested earlier
    /// becomes invalid.
    ///
    /// # Errors
    /// [`AuthError::NoPort`] when there is none.
    pub async fn begin_in_browser(&self) -> Result<BrowserFlow, AuthError> {
        let (number, claims) = self.0.next_flow();
        // A renewed sign-in is for the same account; the first one may choose.
        let known = self.signed_in().and_then(|known| known.account.user_name);
        browser::begin(&self.0.host, claims, known.as_deref(), number).await
    }

    /// Waits until the browser has returned, for five minutes at most. Dropping the future cancels
    /// at once and closes the port.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub async fn finish_in_browser(&self, flow: BrowserFlow) -> Result<PendingSignIn, AuthError> {
        let (number, nonce) = (flow.number, flow.nonce());
        let fields = browser::wait_for_person(&self.0.host, flow).await;
        let fields = fields.map_err(|error| self.0.learn(error))?;
        // EXPOSE: to compare it with the received value.
        let nonce = Nonce::Sent(nonce.secret());
        self.0.pending_sign_in(fields, &nonce, number)
    }

    /// Makes a pending sign-in the session's own, and saves it.
    ///
    /// # Errors
    /// [`AuthError::Superseded`] when another one was started meanwhile.
    pub fn complete_sign_in(&self, pending_sign_in: PendingSignIn) -> Result<SignedIn, AuthError> {
        let (signed_in, ticket) = self.0.adopt(pending_sign_in)?;
        // In its own task: neither a slow keyring nor a cancelled caller may delay a sign-in.
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move { inner.store.saved(ticket).await });
        Ok(signed_in)
    }

    /// A token that lasts for one request; renews it if needed.
    ///
    /// # Errors
    /// When nobody is signed in, or the sign-in could not be renewed.
    pub async fn token(&self) -> Result<AccessToken, AuthError> {
        self.renewed(None, Need::Request).await
    }

    /// Renews a token that may not last for a batch of orders, within a short time limit. Otherwise
    /// the batch starts with the current token, and each order renews it if needed.
    pub async fn renew_ahead(&self) {
        let renewed = self.renewed(None, Need::Batch);
        if let Ok(Err(error)) = tokio::time::timeout(AHEAD_TIMEOUT, renewed).await {
            tracing::info!("the sign-in was not renewed ahead: {error}");
        }
    }

    /// A token of this account, for requests that must be made in its name: another account may
    /// have signed in during a long renewal.
    ///
    /// # Errors
    /// As [`Self::token`]; [`AuthError::Superseded`] when another account is signed in.
    pub async fn token_of(&self, account: &Account) -> Result<AccessToken, AuthError> {
        self.token().await?;
        let cache = self.0.cache();
        let signed_in = cache.signed_in.as_ref();
        let same = signed_in.is_some_and(|s| s.account.is_same(account));
        cache
            .access
            .clone()
            .filter(|_| same)
            .ok_or(AuthError::Superseded)
    }

    /// A replacement for a token that the API refused: one renewal, unless there already is a newer
    /// token. Returns the same token if another would be refused as well.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub async fn token_instead_of(&self, refused: RefusedToken) -> Result<AccessToken, AuthError> {
        self.renewed(Some(refused), Need::Request).await
    }

    async fn renewed(
        &self,
        refused: Option<RefusedToken>,
        need: Need,
    ) -> Result<AccessToken, AuthError> {
        let failures_seen = {
            let mut cache = self.0.cache();
            if let Some(refused) = &refused {
                if let Some(same) = cache.not_worth_replacing(refused) {
                    return Ok(same);
                }
                cache.drop_refused(refused);
            }
            let now = (self.0.host.clock)();
            if let Some(token) = cache.usable(now, refused.as_ref(), need) {
                if cache.begin_advised(&token, now) {
                    let (inner, seen) = (Arc::clone(&self.0), cache.failures);
                    // In the background: this token stays good if it fails.
                    tokio::spawn(async move { inner.renew(None, seen, Need::HostsAdvice).await });
                }
                return Ok(token);
            }
            cache.failures
        };
        let (inner, not_again) = (Arc::clone(&self.0), refused.clone());
        // In its own task: cancelling it half way would lose the new refresh token, and a strict
        // server has already invalidated the old one.
        let renewing = tokio::spawn(async move { inner.renew(refused, failures_seen, need).await });
        let Ok(renewed) = tokio::time::timeout(RENEWAL_TIMEOUT, renewing).await else {
            // It continues in the background, and later callers get its result.
            let resort = self
                .0
                .cache()
                .last_resort((self.0.host.clock)(), not_again.as_ref());
            return resort.ok_or(AuthError::Unreachable(HttpFault::TimedOut));
        };
        renewed.unwrap_or(Err(AuthError::Unreachable(HttpFault::Interrupted)))
    }

    /// Target of the sign-in, without personal data: cloud, application and tenant.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// The account of this session. Stays known if only the user can renew its sign-in.
    #[must_use]
    pub fn signed_in(&self) -> Option<SignedIn> {
        self.0.cache().signed_in.clone()
    }
}

impl Inner {
    pub(super) fn cache(&self) -> MutexGuard<'_, TokenCache> {
        self.cache.lock()
    }

    /// The number of a sign-in that starts now, and the claims it has to request.
    fn next_flow(&self) -> (u64, Option<WantedClaims>) {
        let mut cache = self.cache();
        cache.flow += 1;
        (cache.flow, cache.claims.clone())
    }

    /// The completed sign-in, unless it was superseded meanwhile.
    fn pending_sign_in(
        &self,
        fields: Box<Fields>,
        nonce: &Nonce<'_>,
        flow: u64,
    ) -> Result<PendingSignIn, AuthError> {
        let mut grant =
            Grant::from_answer(fields, nonce, (self.host.clock)(), &self.host.endpoints)?;
        if self.cache().flow != flow {
            return Err(AuthError::Superseded);
        }
        let account = grant
            .account
            .take()
            .or_else(|| unnamed_account(&self.host.endpoints))
            .ok_or(AuthError::Unusable)?;
        Ok(PendingSignIn {
            account,
            grant,
            flow,
        })
    }

    fn adopt(&self, pending_sign_in: PendingSignIn) -> Result<(SignedIn, Ticket), AuthError> {
        let PendingSignIn {
            account,
            grant,
            flow,
        } = pending_sign_in;
        let signed_in = SignedIn {
            account,
            permissions: grant.permissions,
        };
        let mut cache = self.cache();
        if cache.flow != flow {
            return Err(AuthError::Superseded);
        }
        let mut last_refusal = cache.last_refusal.take();
        if let Some(last) = &mut last_refusal {
            last.signed_in_at = Some(monotonic_now());
        }
        *cache = TokenCache {
            signed_in: Some(signed_in.clone()),
            home: grant.identity.home,
            nonce: grant.nonce.into(),
            access: Some(grant.access),
            refresh: grant.refresh,
            scope: grant.scope,
            failures: cache.failures,
            generation: cache.generation + 1,
            // The same flow cannot be completed twice.
            flow: cache.flow + 1,
            was_saved: cache.was_saved,
            last_refusal,
            ..TokenCache::default()
        };
        // Without a refresh token nothing can be saved, and a saved one is useless.
        let ticket = self.post_save(&cache).unwrap_or_else(|| {
            let item = account_item(&self.target, &signed_in.account.object_id);
            self.store.post_nothing(&item)
        });
        Ok((signed_in, ticket))
    }

    /// Notes an error's consequences for the next attempt, and completes the error for display.
    fn learn(&self, mut error: AuthError) -> AuthError {
        if let Some(refusal) = error.refusal_mut() {
            refusal.asked = self.asked_by_name();
            self.cache().learn_from(refusal);
        }
        error
    }

    /// The permissions, if requested by name.
    pub(super) fn asked_by_name(&self) -> Option<Box<str>> {
        let scopes = &self.host.endpoints.scopes;
        match scopes {
            Scopes::Named(_) => Some(scopes.to_string().into()),
            Scopes::Granted => None,
        }
    }
}
