//! The sign-in as stored in the keyring: one JSON value in UTF-8, which `KWallet` requires.
//!
//! Without access and id token: they are large, short-lived and can be requested again.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::id_token::MAX_TOKEN;
use super::secret::Secret;
use super::token::object_id;
use crate::model::{Account, Endpoints, Mode, TenantId};

const VERSION: u8 = 1;

/// A sign-in read back from the keyring.
pub(super) struct StoredSignIn {
    pub refresh: Arc<Secret<String>>,
    pub scope: Option<Box<str>>,
    /// Home account id; a guest's differs from the local one.
    pub home: Option<Box<str>>,
    pub account: Account,
}

#[derive(Serialize, Deserialize)]
struct Json<'a> {
    v: u8,
    rt: Cow<'a, str>,
    #[serde(default)]
    scope: Option<Cow<'a, str>>,
    tid: Cow<'a, str>,
    oid: Cow<'a, str>,
    #[serde(default)]
    home: Option<Cow<'a, str>>,
    #[serde(default)]
    user_name: Option<Cow<'a, str>>,
    #[serde(default)]
    display_name: Option<Cow<'a, str>>,
    /// Time of saving, for users who inspect the keyring.
    #[serde(default)]
    saved: Cow<'a, str>,
}

impl StoredSignIn {
    pub(super) fn to_json(&self, now: Timestamp) -> Zeroizing<Vec<u8>> {
        // EXPOSE: for the keyring, the only place outside memory where it may be.
        let token = self.refresh.expose();
        let borrowed =
            |text: &'_ Option<Box<str>>| text.clone().map(|text| Cow::Owned(text.into()));
        let json = Json {
            v: VERSION,
            rt: Cow::Borrowed(token),
            scope: borrowed(&self.scope),
            tid: Cow::Borrowed(self.account.tenant_id.as_str()),
            oid: Cow::Borrowed(&self.account.object_id),
            home: borrowed(&self.home),
            user_name: borrowed(&self.account.user_name),
            display_name: borrowed(&self.account.display_name),
            saved: now.to_string().into(),
        };
        // Allocated in full, so that growing leaves no copies.
        let mut out = Zeroizing::new(Vec::with_capacity(token.len() * 2 + 2048));
        // Writing plain strings to memory cannot fail.
        serde_json::to_writer(&mut *out, &json).ok();
        out
    }

    /// `None` for another version's value, or anything else.
    pub(super) fn from_json(bytes: &[u8]) -> Option<Self> {
        let json: Json<'_> = serde_json::from_slice(bytes).ok()?;
        let mut token = json.rt.into_owned();
        let tenant_id = TenantId::parse(&json.tid)
            .ok()
            .filter(|_| json.v == VERSION && (1..=MAX_TOKEN).contains(&token.len()));
        let Some(tenant_id) = tenant_id else {
            token.zeroize();
            return None;
        };
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| text.into_owned().into());
        Some(Self {
            refresh: Arc::new(Secret::new(token)),
            scope: owned(json.scope),
            home: json.home.map(|home| home.to_lowercase().into()),
            account: Account {
                tenant_id,
                // Normalized for comparison.
                object_id: object_id(&json.oid),
                user_name: owned(json.user_name),
                display_name: owned(json.display_name),
            },
        })
    }
}

/// The item's user name of one account. Object ids are not personal, and distinct within a tenant.
pub(super) fn account_item(target: &str, object_id: &str) -> Arc<str> {
    format!("{target}:{object_id}").to_lowercase().into()
}

/// Target of a sign-in: cloud, application and tenant. Without personal data, as keyring tools and
/// logs show it, but with mode, host and port, so that a stand-in never gets a live sign-in (rule
/// 11). Before there were items per account, it was an item's name.
pub(super) fn target_name(endpoints: &Endpoints, mode: Mode) -> Arc<str> {
    let host = endpoints.api.host_str().unwrap_or("");
    let port = endpoints.api.port_or_known_default().unwrap_or(0);
    let (client, tenant) = (&endpoints.client_id, &endpoints.tenant);
    format!("v1:{}:{host}:{port}:{client}:{tenant}", mode.key())
        .to_lowercase()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Registration;

    #[test]
    fn sign_in_round_trips_through_the_keyring() {
        let saved = StoredSignIn {
            refresh: Arc::new(Secret::new("rt\"1".into())),
            scope: None,
            home: Some("o.t".into()),
            account: Account {
                tenant_id: TenantId::parse("t").expect("a literal id"),
                object_id: "o".into(),
                user_name: Some("ada@contoso.example".into()),
                display_name: None,
            },
        };
        let json = saved.to_json(Timestamp::UNIX_EPOCH);
        let back = StoredSignIn::from_json(&json).expect("our own format");
        assert_eq!(
            (back.refresh.expose().as_str(), back.account),
            ("rt\"1", saved.account)
        );
        let newer = String::from_utf8(json.to_vec())
            .expect("UTF-8")
            .replace("\"v\":1", "\"v\":2");
        assert!(StoredSignIn::from_json(newer.as_bytes()).is_none());
        assert!(StoredSignIn::from_json(b"{}").is_none());
        let planted = |text: &str, instead: &str| {
            let json = String::from_utf8(json.to_vec()).expect("UTF-8");
            StoredSignIn::from_json(json.replace(text, instead).as_bytes())
        };
        assert!(planted("rt\\\"1", &"x".repeat(MAX_TOKEN)).is_some());
        assert!(planted("rt\\\"1", &"x".repeat(MAX_TOKEN + 1)).is_none());
        let other_case = planted("\"o\"", "\"O\"").expect("the same account");
        assert_eq!(&*other_case.account.object_id, "o");
    }

    #[test]
    fn live_and_stand_in_use_different_items() {
        let mut live = Endpoints::live(&Registration::sample()).expect("literal values");
        live.client_id = "C1".into();
        let other =
            Endpoints::stand_in("http://127.0.0.1:8080", &live.tenant, "C1").expect("loopback");
        assert_eq!(
            &*target_name(&live, Mode::Live),
            "v1:live:api.security.microsoft.com:443:c1:5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10"
        );
        assert!(target_name(&other, Mode::StandIn).starts_with("v1:stand-in:127.0.0.1:8080:c1:"));
        assert_ne!(
            target_name(&other, Mode::StandIn),
            target_name(&other, Mode::Demo)
        );
    }
}
