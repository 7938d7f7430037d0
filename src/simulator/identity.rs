//! State of the token server, and the device authorization endpoint (RFC 8628).

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::json;

use super::call::Call;
use super::clock::shifted;
use super::oauth::{client_of, refuse_scope, removed_application};
use super::random::{CAPITALS_AND_DIGITS, Rng, TOKEN_LETTERS};
use super::reply::{Answer, Reply};
use super::scopes;
use super::scopes::{Asked, DEFAULT_PERMISSIONS};
use super::tokens::Person;

#[derive(Debug)]
pub(super) struct Identity {
    pub(super) auto_approve: bool,
    /// Poll interval in seconds, as sent to clients.
    pub(super) poll_interval: u64,
    /// Whether polling too fast gets `slow_down`; Entra does not do that.
    pub(super) strict_polling: bool,
    /// Whether a used refresh token stays valid, as in Entra.
    pub(super) lenient_rotation: bool,
    /// Permissions granted to the application by the administrator.
    pub(super) granted: BTreeSet<String>,
    pub(super) devices: HashMap<String, DeviceGrant>,
    /// Device codes in order of issue.
    pub(super) issued: Vec<String>,
    pub(super) codes: HashMap<String, CodeGrant>,
    pub(super) access: HashMap<String, Access>,
    pub(super) refresh: HashMap<String, Refresh>,
    pub(super) families: u64,
    /// The account signed in to the browser.
    pub(super) person: Person,
    pub(super) application: Application,
    /// The account of renewed tokens, if not the original one.
    pub(super) renews_as: Option<Person>,
    /// Claims, as JSON, that later sign-ins must request.
    pub(super) wanted_claims: Option<String>,
    /// Other secrets: PKCE verifiers and states of browser sign-ins.
    pub(super) seen: Vec<String>,
}

/// Whether the application is still in the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Application {
    Registered,
    Removed,
}

#[derive(Debug)]
pub(super) struct DeviceGrant {
    pub(super) claims: Option<String>,
    pub(super) user_code: String,
    pub(super) tenant: String,
    pub(super) asked: Asked,
    pub(super) expires: Timestamp,
    pub(super) first_poll: Option<Timestamp>,
    pub(super) last_poll: Option<Timestamp>,
    pub(super) state: GrantState,
}

impl DeviceGrant {
    /// Reason why its code cannot be redeemed, approved or not: error, number and text.
    pub(super) fn refusal(
        &self,
        tenant: &str,
        now: Timestamp,
    ) -> Option<(&'static str, u32, &'static str)> {
        if self.tenant != tenant {
            let text = "The device code was issued by another tenant.";
            Some(("invalid_grant", 70_000, text))
        } else if self.state == GrantState::Redeemed {
            let text = "The device code has already been redeemed.";
            Some(("invalid_grant", 70_000, text))
        } else if self.expires <= now {
            let text = "The provided value for the input parameter 'device_code' is not valid. This device code has expired.";
            Some(("expired_token", 70_020, text))
        } else {
            None
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GrantState {
    Waiting,
    Approved,
    Declined,
    Redeemed,
}

#[derive(Debug)]
pub(super) struct CodeGrant {
    pub(super) claims: Option<String>,
    pub(super) asked: Asked,
    pub(super) redirect: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) expires: Timestamp,
    pub(super) used: bool,
}

#[derive(Debug)]
pub(super) struct Access {
    pub(super) requestor: String,
    pub(super) resource: String,
    pub(super) scp: BTreeSet<String>,
    pub(super) expires: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub(super) person: Person,
    pub(super) claims: Option<String>,
    pub(super) asked: Asked,
    pub(super) family: u64,
    pub(super) used: bool,
    pub(super) revoked: bool,
}

/// Classification of a bearer token for the API half.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    Unknown,
    Expired,
    WrongAudience,
    Good(BTreeSet<String>),
}

impl Identity {
    pub(super) fn new(auto_approve: bool) -> Self {
        Self {
            auto_approve,
            poll_interval: 5,
            strict_polling: false,
            lenient_rotation: false,
            granted: DEFAULT_PERMISSIONS.map(str::to_owned).into(),
            devices: HashMap::new(),
            issued: Vec::new(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            families: 0,
            person: Person::default(),
            application: Application::Registered,
            renews_as: None,
            wanted_claims: None,
            seen: Vec::new(),
        }
    }

    /// Classifies a bearer token. A permission is valid only while granted.
    pub(super) fn bearer(&self, token: &str, now: Timestamp) -> Bearer {
        let Some(access) = self.access.get(token) else {
            return Bearer::Unknown;
        };
        if access.expires <= now {
            return Bearer::Expired;
        }
        if !scopes::is_defender(&access.resource) {
            return Bearer::WrongAudience;
        }
        Bearer::Good(access.scp.intersection(&self.granted).cloned().collect())
    }

    /// The account that made a call.
    pub(super) fn requestor(&self, call: &Call) -> String {
        let access = call
            .bearer
            .as_ref()
            .and_then(|token| self.access.get(token));
        access.map_or_else(String::new, |access| access.requestor.clone())
    }

    /// All issued and received secrets, which nobody but client and tenant may see.
    pub(super) fn secrets(&self) -> Vec<String> {
        let nonces = self.codes.values().filter_map(|code| code.nonce.clone());
        let keys = [
            self.devices.keys().cloned().collect::<Vec<_>>(),
            self.codes.keys().cloned().collect(),
            self.access.keys().cloned().collect(),
            self.refresh.keys().cloned().collect(),
            self.seen.clone(),
        ];
        keys.into_iter().flatten().chain(nonces).collect()
    }

    /// The original code, if it is still undecided.
    pub(super) fn waiting_code(&self, typed: &str, now: Timestamp) -> Option<String> {
        let typed: String = typed
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_uppercase();
        let mut waiting = self.devices.values();
        let found = waiting.find(|grant| {
            grant.user_code == typed && grant.state == GrantState::Waiting && grant.expires > now
        });
        found.map(|grant| grant.user_code.clone())
    }

    pub(super) fn latest_code(&self, now: Timestamp) -> Option<String> {
        let mut grants = self
            .issued
            .iter()
            .rev()
            .filter_map(|code| self.devices.get(code));
        grants
            .find(|grant| grant.state == GrantState::Waiting && grant.expires > now)
            .map(|grant| grant.user_code.clone())
    }

    /// Approves or declines a code; false if no such code is pending.
    pub(super) fn decide(&mut self, typed: &str, approve: bool, now: Timestamp) -> bool {
        let Some(code) = self.waiting_code(typed, now) else {
            return false;
        };
        for grant in self
            .devices
            .values_mut()
            .filter(|grant| grant.user_code == code)
        {
            grant.state = if approve {
                GrantState::Approved
            } else {
                GrantState::Declined
            };
        }
        true
    }

    pub(super) fn expire_codes(&mut self, now: Timestamp) {
        for grant in self.devices.values_mut() {
            grant.expires = grant.expires.min(now);
        }
    }

    pub(super) fn expire_access_tokens(&mut self, now: Timestamp) {
        for access in self.access.values_mut() {
            access.expires = access.expires.min(now);
        }
    }

    pub(super) fn revoke(&mut self) {
        self.access.clear();
        for refresh in self.refresh.values_mut() {
            refresh.revoked = true;
        }
    }

    /// `POST /{tenant}/oauth2/v2.0/devicecode`.
    pub(super) fn devicecode(
        &mut self,
        call: &Call,
        tenant: &str,
        address: &str,
        now: Timestamp,
    ) -> Answer {
        let form = client_of(call, tenant, now)?;
        if self.application == Application::Removed {
            return Err(removed_application(now));
        }
        // Mixed resources are only detected at the token endpoint.
        let asked = scopes::read(form.get("scope").map_or("", String::as_str), address)
            .map_err(|problem| refuse_scope(problem, now))?;
        let mut rng = Rng::unforeseeable();
        let device_code = rng.text(212, TOKEN_LETTERS);
        let user_code = rng.text(9, CAPITALS_AND_DIGITS);
        let page = format!("{address}/devicelogin");
        let message = format!(
            "To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
        );
        let answer = json!({
            "user_code": user_code, "device_code": device_code, "verification_uri": page, "expires_in": 900,
            "interval": self.poll_interval, "message": message
        });
        let grant = DeviceGrant {
            claims: form.get("claims").cloned(),
            user_code,
            tenant: tenant.to_owned(),
            asked,
            expires: shifted(now, 900),
            first_poll: None,
            last_poll: None,
            state: GrantState::Waiting,
        };
        self.devices.insert(device_code.clone(), grant);
        self.issued.push(device_code);
        Ok(Reply::json(200, answer))
    }
}
