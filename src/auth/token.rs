//! Access tokens, and the identity in token responses.
//!
//! An access token is opaque; its issuer may change or encrypt it any day. Claims read from it are
//! for display and hints, and all of them are optional.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

use super::answer::Fields;
use super::error::AuthError;
use super::id_token::{self, Claims, MAX_TOKEN, Nonce, text};
use super::secret::Secret;
use crate::model::{Account, Endpoints, Permissions, Scopes, TenantId, clean, is_guid};

/// Safety margin before expiry, as in Microsoft's libraries.
const MARGIN: Duration = Duration::from_mins(5);
/// Minimum remaining lifetime before a batch of orders: longer than rate limits allow one to take.
const BATCH_MARGIN: Duration = Duration::from_mins(10);
/// Minimum time between renewals.
const JUST_COME: Duration = Duration::from_secs(30);
/// The tenant of personal accounts, which the Defender API does not support.
const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The monotonic clock of sign-in; tests pause it.
#[expect(
    clippy::disallowed_methods,
    reason = "lifetimes count from receipt on the runtime's clock, which no caller can hand in"
)]
pub(super) fn monotonic_now() -> Instant {
    Instant::now()
}

/// A bearer token in memory. Cheap to clone, wiped with its last clone.
#[derive(Clone)]
pub struct AccessToken(Arc<Validity>);

struct Validity {
    text: Secret<String>,
    endpoints: Arc<Endpoints>,
    received: Instant,
    received_at: Timestamp,
    lifetime: Duration,
    /// Remaining lifetime at which the host advises renewal, if it does.
    renew_with: Option<Duration>,
    was_accepted: AtomicBool,
}

/// Required lifetime of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// One request and its retries.
    Request,
    Batch,
    /// Until the time at which the host advises renewal.
    HostsAdvice,
}

impl AccessToken {
    pub(super) fn new(
        text: String,
        lifetime: Duration,
        refresh_in: Option<Duration>,
        now: Timestamp,
        endpoints: Arc<Endpoints>,
    ) -> Self {
        let received = monotonic_now();
        Self(Arc::new(Validity {
            text: Secret::new(text),
            endpoints,
            received,
            received_at: now,
            lifetime,
            renew_with: refresh_in.map(|after| lifetime.saturating_sub(after)),
            was_accepted: AtomicBool::new(false),
        }))
    }

    /// Notes that the API has accepted it.
    pub fn note_accepted(&self) {
        self.0.was_accepted.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_accepted(&self) -> bool {
        self.0.was_accepted.load(Ordering::Relaxed)
    }

    /// The token, unless `url` is a host it was not issued for (rule 6).
    #[must_use]
    pub fn for_host(&self, url: &Url) -> Option<&str> {
        // EXPOSE: for the Authorization header of a request to the API that was signed in to.
        self.0
            .endpoints
            .takes_token(url)
            .then(|| self.0.text.expose().as_str())
    }

    /// Whether its remaining lifetime is sufficient. A new token's always is: the next one would
    /// have the same.
    pub(super) fn lasts_for(&self, need: Need, now: Timestamp) -> bool {
        let lifetime = self.0.lifetime;
        let margin = MARGIN.min(lifetime / 5);
        let least = match need {
            Need::Request => margin,
            Need::Batch => BATCH_MARGIN.min(lifetime / 2),
            Need::HostsAdvice => self.0.renew_with.unwrap_or_default().max(margin),
        };
        let has_just_come = monotonic_now().saturating_duration_since(self.0.received) < JUST_COME;
        has_just_come || self.left(now) > least
    }

    /// Whether it has not expired.
    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        !self.left(now).is_zero()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The remaining lifetime by two clocks, whichever is shorter: the monotonic one stops while a
    /// laptop sleeps, the other one can be set.
    fn left(&self, now: Timestamp) -> Duration {
        let Validity {
            received,
            received_at,
            lifetime,
            ..
        } = &*self.0;
        let age = monotonic_now().saturating_duration_since(*received);
        let wall_age = Duration::try_from(now.duration_since(*received_at)).unwrap_or_default();
        lifetime.saturating_sub(age.max(wall_age))
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken").finish_non_exhaustive()
    }
}

/// A validated token response (RFC 6749 section 5.1) of any grant.
pub(super) struct Grant {
    pub access: AccessToken,
    /// May be missing at a renewal: the old one stays valid (RFC 6749 section 6).
    pub refresh: Option<Arc<Secret<String>>>,
    pub scope: Option<Box<str>>,
    pub permissions: Permissions,
    /// `None` if no token names an account.
    pub account: Option<Account>,
    pub identity: Identity,
    pub nonce: Option<Box<str>>,
}

/// Identity according to each part of one response.
pub(super) struct Identity {
    /// Tenant and object id of the id token and of the access token, if present.
    parts: Vec<(Option<TenantId>, Option<Box<str>>)>,
    /// `uid.utid` of `client_info`: the home account, which differs from the local one for guests.
    pub home: Option<Box<str>>,
    /// There is an id token, but it names no account.
    is_id_token_silent: bool,
}

impl Identity {
    fn of(
        fields: &Fields,
        id: Option<&Claims>,
        access: Option<&Claims>,
        home: Option<&Claims>,
    ) -> Self {
        let home = home.and_then(|home| {
            let (object, tenant) = (text(&home.uid)?, text(&home.utid)?);
            Some(format!("{object}.{tenant}").to_lowercase().into())
        });
        let names_somebody =
            |claims: &Claims| text(&claims.oid).is_some() && text(&claims.tid).is_some();
        Self {
            is_id_token_silent: fields.id_token.is_some() && !id.is_some_and(names_somebody),
            parts: [id, access]
                .into_iter()
                .flatten()
                .map(|claims| {
                    let tenant = text(&claims.tid).and_then(|tid| TenantId::parse(tid).ok());
                    (tenant, text(&claims.oid).map(object_id))
                })
                .collect(),
            home,
        }
    }

    /// Whether a part names another account or tenant than `account`. Omissions are no
    /// contradiction. In its home tenant an account has one id; a guest has two.
    fn contradicts(&self, account: &Account) -> bool {
        let home = self.home.as_deref().and_then(|home| home.rsplit_once('.'));
        let is_other_at_home = home.is_some_and(|(object, tenant)| {
            account.is_named()
                && account.tenant_id.as_str().eq_ignore_ascii_case(tenant)
                && !account.object_id.eq_ignore_ascii_case(object)
        });
        is_other_at_home
            || self.parts.iter().any(|(tenant, object)| {
                tenant.as_ref().is_some_and(|tid| *tid != account.tenant_id)
                    || object.as_ref().is_some_and(|oid| *oid != account.object_id)
            })
    }
}

pub(super) fn object_id(claim: &str) -> Box<str> {
    clean(claim, 64).to_lowercase().into()
}

impl Grant {
    /// Checks a renewal response against the account being renewed. It may omit the identity (RFC
    /// 6749 section 6, `OpenID` Connect Core 1.0 section 12.2), but must not change it.
    pub(super) fn check_renews(
        &self,
        known: &Account,
        known_home: Option<&str>,
    ) -> Result<(), AuthError> {
        let is_other_home = known_home
            .zip(self.identity.home.as_deref())
            .is_some_and(|(before, now)| before != now);
        let is_silent = self.account.is_none() && self.identity.is_id_token_silent;
        let is_another = if known.is_named() {
            is_other_home || is_silent || self.identity.contradicts(known)
        } else {
            // The account was unknown so far, and is named now.
            self.account.is_some()
        };
        if is_another {
            let came = self.account.as_ref().filter(|came| !came.is_same(known));
            return Err(AuthError::AnotherAccount {
                came: came.map(|came| came.label().into()),
            });
        }
        Ok(())
    }

    /// Extracts the tokens from a response.
    pub(super) fn from_answer(
        mut fields: Box<Fields>,
        nonce: &Nonce<'_>,
        now: Timestamp,
        endpoints: &Arc<Endpoints>,
    ) -> Result<Self, AuthError> {
        let bearer = fields
            .token_type
            .as_deref()
            .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        // RFC 6749 appendix A.12: printable ASCII, as required in a header.
        let is_token = |text: &String| {
            text.len() <= MAX_TOKEN && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        };
        let token = fields
            .access_token
            .take()
            .filter(|token| bearer && is_token(token));
        let token = token.ok_or(AuthError::Unusable)?;
        // A year at most: more is a mistake, and would overflow clocks.
        let lifetime = Duration::from_secs(fields.expires_in.unwrap_or(3600).min(31_536_000));
        let refresh_in = fields.refresh_in.map(Duration::from_secs);
        let peeked = Claims::of_token(&token)?;
        let home = (fields.client_info.as_deref()).map_or(Ok(None), Claims::of_part)?;
        let (peek, home) = (peeked.as_ref(), home.as_ref());
        let permissions = granted(&fields, peek);
        let id = id_token::checked(&fields, nonce, endpoints, now)?;
        let account = who(&fields, [id.as_ref(), peek, home], endpoints)?;
        let identity = Identity::of(&fields, id.as_ref(), peek, home);
        // The access token is the one that is sent: it must belong to the displayed account.
        if account
            .as_ref()
            .is_some_and(|shown| identity.contradicts(shown))
        {
            return Err(AuthError::ForeignAnswer);
        }
        Ok(Self {
            access: AccessToken::new(token, lifetime, refresh_in, now, Arc::clone(endpoints)),
            refresh: fields
                .refresh_token
                .take()
                .map(|text| Arc::new(Secret::new(text))),
            scope: fields.scope.as_deref().map(Into::into),
            permissions,
            account,
            identity,
            nonce: id.as_ref().and_then(Claims::nonce).map(Into::into),
        })
    }
}

/// Granted permissions: from the token's own claims, else from the response's scope.
fn granted(fields: &Fields, access: Option<&Claims>) -> Permissions {
    let claimed = access.and_then(|claims| {
        let scp = text(&claims.scp).map(str::to_owned);
        scp.or_else(|| claims.roles_of_an_application())
    });
    match claimed.map(|scopes| Permissions::from_scopes(&scopes)) {
        Some(known @ Permissions::Known(_)) => known,
        Some(Permissions::Unknown) | None => {
            (fields.scope.as_deref()).map_or(Permissions::Unknown, Permissions::from_scopes)
        }
    }
}

/// The account: from the id token, else from the other parts of the response.
fn who(
    fields: &Fields,
    parts: [Option<&Claims>; 3],
    endpoints: &Endpoints,
) -> Result<Option<Account>, AuthError> {
    let [_id, access, _home] = parts;
    for claims in parts.into_iter().flatten() {
        let tenant = text(&claims.tid).or_else(|| text(&claims.utid));
        let object = text(&claims.oid).or_else(|| text(&claims.uid));
        let (Some(tenant), Some(object)) =
            (tenant.and_then(|tid| TenantId::parse(tid).ok()), object)
        else {
            continue;
        };
        if tenant.as_str() == PERSONAL_TENANT {
            return Err(AuthError::PersonalAccount);
        }
        let other_tenant = configured_tenant(endpoints).is_some_and(|wanted| wanted != tenant);
        // `client_info` names the home tenant, which differs for guests.
        if other_tenant && endpoints.is_registered && text(&claims.tid).is_some() {
            return Err(AuthError::OtherTenant);
        }
        let shown =
            |value: Option<&str>| value.map(|text| clean(&fields.blank.apply(text), 120).into());
        let of_application = access.is_some_and(|a| a.roles_of_an_application().is_some());
        return Ok(Some(Account {
            tenant_id: tenant,
            object_id: object_id(object),
            user_name: shown(text(&claims.preferred_username).or_else(|| text(&claims.upn))),
            display_name: if of_application {
                Some("an application, not a person".into())
            } else {
                shown(text(&claims.name))
            },
        }));
    }
    Ok(None)
}

/// The configured tenant, if it is an id and not a domain.
pub(super) fn configured_tenant(endpoints: &Endpoints) -> Option<TenantId> {
    TenantId::parse(&endpoints.tenant)
        .ok()
        .filter(|tenant| is_guid(tenant.as_str()))
}

/// The account of a sign-in whose tokens name none.
pub(super) fn unnamed_account(endpoints: &Endpoints) -> Option<Account> {
    let tenant_id = TenantId::parse(&endpoints.tenant).ok()?;
    Some(Account {
        tenant_id,
        object_id: Account::UNNAMED.into(),
        user_name: None,
        display_name: None,
    })
}

/// Requested scope: the configured permissions, `openid` for an id token, and `offline_access` for
/// a refresh token.
pub(super) fn wanted_scope(endpoints: &Endpoints) -> String {
    let resource = &endpoints.resource;
    let permissions: Vec<String> = match &endpoints.scopes {
        Scopes::Granted => vec![format!("{resource}/.default")],
        Scopes::Named(names) => names.iter().map(|n| format!("{resource}/{n}")).collect(),
    };
    format!("{} openid profile offline_access", permissions.join(" "))
}
