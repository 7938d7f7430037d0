//! Claims of tokens, and validation of id tokens (`OpenID` Connect Core 1.0 section 3.1.3.7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::answer::Fields;
use super::error::AuthError;
use crate::model::{Cloud, Endpoints, is_guid};

/// Real tokens are below 4 KB; nothing above this is decoded.
pub(super) const MAX_TOKEN: usize = 64 * 1024;
/// Maximum skew between two servers' clocks.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// Maximum clock skew if the response has no date: users' clocks may be in the wrong time zone.
const LOCAL_SKEW: SignedDuration = SignedDuration::from_hours(26);

/// Nonce that binds an id token to its request.
pub(super) enum Nonce<'a> {
    /// Sent with the request, and expected back.
    Sent(&'a str),
    /// A device code's request has none.
    NotSent,
    /// A renewal's id token may omit it; otherwise it must match the known one (section 12.2).
    OfSignIn(&'a FirstNonce),
}

/// Nonce of the first id token of a sign-in.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum FirstNonce {
    /// The sign-in was saved by an earlier run.
    #[default]
    Forgotten,
    /// The id token had no nonce.
    Without,
    With(Box<str>),
}

impl FirstNonce {
    pub(super) fn may_come_back(&self, nonce: Option<&str>) -> bool {
        match (self, nonce) {
            (Self::Forgotten, _) | (_, None) => true,
            (Self::Without, Some(_)) => false,
            (Self::With(first), Some(nonce)) => **first == *nonce,
        }
    }
}

impl From<Option<Box<str>>> for FirstNonce {
    fn from(nonce: Option<Box<str>>) -> Self {
        nonce.map_or(Self::Without, Self::With)
    }
}

/// The claims that are used. `Value`, as a mistyped one must not hide the others.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Claims {
    iss: Value,
    aud: Value,
    azp: Value,
    exp: Value,
    iat: Value,
    nbf: Value,
    nonce: Value,
    pub tid: Value,
    pub oid: Value,
    pub preferred_username: Value,
    pub upn: Value,
    pub name: Value,
    pub scp: Value,
    roles: Value,
    pub uid: Value,
    pub utid: Value,
}

impl Claims {
    /// Claims of a token; `None` if it is opaque.
    ///
    /// # Errors
    /// As of [`Self::of_part`].
    pub(super) fn of_token(token: &str) -> Result<Option<Self>, AuthError> {
        token.split('.').nth(1).map_or(Ok(None), Self::of_part)
    }

    /// Claims of a base64url part; `None` if it contains none.
    ///
    /// # Errors
    /// When a claim is duplicated or an identity claim is not a string: parsers could disagree.
    pub(super) fn of_part(part: &str) -> Result<Option<Self>, AuthError> {
        if part.len() > MAX_TOKEN {
            return Ok(None);
        }
        let Ok(json) = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')) else {
            return Ok(None);
        };
        let json = Zeroizing::new(json);
        let claims = serde_json::from_slice(&json).ok();
        let has_claims = || serde_json::from_slice::<Map<String, Value>>(&json).is_ok();
        match claims.filter(Self::has_one_owner) {
            None if has_claims() => Err(AuthError::ForeignAnswer),
            claims => Ok(claims),
        }
    }

    fn has_one_owner(&self) -> bool {
        let mut owner = [&self.tid, &self.oid, &self.uid, &self.utid].into_iter();
        owner.all(|claim| claim.is_null() || claim.is_string())
    }

    /// Roles of an application token. A user's token can have roles too, beside `scp`.
    pub(super) fn roles_of_an_application(&self) -> Option<String> {
        let roles = self
            .roles
            .as_array()
            .filter(|_| text(&self.scp).is_none())?;
        let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
        (!roles.is_empty()).then(|| roles.join(" "))
    }

    pub(super) fn nonce(&self) -> Option<&str> {
        text(&self.nonce)
    }

    /// Whether it was issued to this client: as the only audience, or as the authorized party.
    fn is_for(&self, client_id: &str) -> bool {
        let is_ours = |value: &Value| {
            let client = value.as_str();
            client.is_some_and(|client| client.eq_ignore_ascii_case(client_id))
        };
        let audiences = self.aud.as_array();
        let audiences = audiences.map_or(std::slice::from_ref(&self.aud), Vec::as_slice);
        let names_a_party = !self.azp.is_null();
        audiences.iter().any(is_ours)
            && (audiences.len() == 1 || names_a_party)
            && (!names_a_party || is_ours(&self.azp))
    }

    /// Whether it was issued recently, according to the response's date. This computer's clock,
    /// which may be wrong, is only checked roughly.
    fn is_of_now(&self, date: Option<Timestamp>, now: Timestamp) -> bool {
        let (now, skew) = match date {
            Some(date) => (date, SKEW),
            None => (now, LOCAL_SKEW),
        };
        // RFC 7519 section 2: a NumericDate may have a fraction.
        let at = |value: &Value| {
            let since_1970 = SignedDuration::try_from_secs_f64(value.as_f64()?).ok()?;
            Timestamp::from_duration(since_1970).ok()
        };
        let (Some(issued), Some(ends)) = (at(&self.iat), at(&self.exp)) else {
            return false;
        };
        // RFC 7519 section 4.1.5: optional.
        let holds_already = self.nbf.is_null()
            || at(&self.nbf).is_some_and(|begins| begins.duration_since(now) <= skew);
        issued < ends
            && ends.duration_since(now) > -skew
            && issued.duration_since(now) <= skew
            && holds_already
    }

    /// Whether the issuer belongs to the token's tenant.
    fn has_own_issuer(&self, endpoints: &Endpoints) -> bool {
        let (Some(issuer), Some(tenant)) = (text(&self.iss), text(&self.tid)) else {
            return false;
        };
        let is_at =
            |authority: &str| issuer.eq_ignore_ascii_case(&format!("{authority}/{tenant}/v2.0"));
        if !endpoints.loopback {
            return is_at(&endpoints.token.origin().ascii_serialization());
        }
        // A stand-in's issuer is itself or the cloud it simulates.
        Cloud::ALL.iter().any(|cloud| is_at(cloud.authority()))
            || Url::parse(issuer).is_ok_and(|issuer| {
                let mut path = issuer.path_segments().into_iter().flatten();
                issuer.scheme() == endpoints.token.scheme()
                    && issuer.host_str() == endpoints.token.host_str()
                    && issuer.port_or_known_default() == endpoints.token.port_or_known_default()
                    && path.all(|part| !is_guid(part) || part.eq_ignore_ascii_case(tenant))
            })
    }
}

/// Reads a response's id token, and rejects one for another client, request or time. It came
/// directly from the token endpoint over TLS, so its signature is not checked (section 3.1.3.7, 6).
///
/// # Errors
/// [`AuthError::ForeignAnswer`]; [`AuthError::Unusable`] if a cloud sign-in has none.
pub(super) fn checked(
    fields: &Fields,
    nonce: &Nonce<'_>,
    endpoints: &Endpoints,
    now: Timestamp,
) -> Result<Option<Claims>, AuthError> {
    let Some(token) = fields.id_token.as_deref() else {
        let is_owed = endpoints.is_registered && !endpoints.loopback;
        let is_renewal = matches!(nonce, Nonce::OfSignIn(_));
        return if is_owed && !is_renewal {
            Err(AuthError::Unusable)
        } else {
            Ok(None)
        };
    };
    // Header, claims, signature (RFC 7519 section 3); an encrypted token has five parts.
    let is_signed = token.split('.').count() == 3;
    let claims = Claims::of_token(token)?.filter(|_| is_signed);
    let Some(claims) = claims else {
        return if endpoints.is_registered {
            Err(AuthError::ForeignAnswer)
        } else {
            Ok(None)
        };
    };
    let answers_the_request = match nonce {
        Nonce::Sent(sent) => claims.nonce() == Some(sent),
        Nonce::NotSent => true,
        Nonce::OfSignIn(first) => first.may_come_back(claims.nonce()),
    };
    // A stand-in without a profile knows no registration, and its tokens never leave this computer.
    let fits = !endpoints.is_registered
        || claims.is_for(&endpoints.client_id)
            && claims.is_of_now(fields.date, now)
            && claims.has_own_issuer(endpoints)
            && text(&claims.oid).is_some();
    if answers_the_request && fits {
        Ok(Some(claims))
    } else {
        Err(AuthError::ForeignAnswer)
    }
}

pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}
