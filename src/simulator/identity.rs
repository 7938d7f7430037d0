//! The token server: device authorization (RFC 8628), authorization code with PKCE (RFC 7636), and renewal.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Call;
use super::clock::{later, shifted};
use super::faults::FaultKind;
use super::random::{CAPITALS_AND_DIGITS, Dice, TOKEN_LETTERS};
use super::reply::Reply;
use super::scopes::{Asked, DEFAULT_PERMISSIONS, Problem};
use super::{CLIENT_ID, TENANT_ID, scopes, tokens};

/// State of the sign-in half.
#[derive(Debug)]
pub(super) struct Identity {
    auto_approve: bool,
    /// Seconds between polls, as told to clients.
    pub(super) poll_interval: u64,
    /// Whether polling too fast is answered with `slow_down`; Entra does not.
    pub(super) strict_polling: bool,
    /// Whether a refresh token still works after it was used, as with Entra.
    pub(super) lenient_rotation: bool,
    /// What the administrator has granted to the application.
    pub(super) granted: BTreeSet<String>,
    devices: HashMap<String, DeviceGrant>,
    /// Device codes in the order of issue.
    issued: Vec<String>,
    codes: HashMap<String, CodeGrant>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    families: u64,
}

#[derive(Debug)]
struct DeviceGrant {
    user_code: String,
    tenant: String,
    asked: Asked,
    expires: Timestamp,
    first_poll: Option<Timestamp>,
    last_poll: Option<Timestamp>,
    state: GrantState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GrantState {
    Waiting,
    Approved,
    Declined,
    Redeemed,
}

#[derive(Debug)]
struct CodeGrant {
    asked: Asked,
    redirect: String,
    challenge: String,
    nonce: Option<String>,
    expires: Timestamp,
    used: bool,
}

#[derive(Debug)]
struct Access {
    resource: String,
    scp: BTreeSet<String>,
    expires: Timestamp,
}

#[derive(Debug, Clone)]
struct Refresh {
    asked: Asked,
    family: u64,
    used: bool,
    revoked: bool,
}

/// What the API half learns about a bearer token.
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
            granted: DEFAULT_PERMISSIONS.iter().map(ToString::to_string).collect(),
            devices: HashMap::new(),
            issued: Vec::new(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            families: 0,
        }
    }

    pub(super) fn auto_approves(&self) -> bool {
        self.auto_approve
    }

    /// Judges a bearer token. A permission counts only while the administrator's grant stands.
    pub(super) fn bearer(&self, token: &str, now: Timestamp) -> Bearer {
        let Some(access) = self.access.get(token) else { return Bearer::Unknown };
        if access.expires <= now {
            return Bearer::Expired;
        }
        if !scopes::is_defender(&access.resource) {
            return Bearer::WrongAudience;
        }
        Bearer::Good(access.scp.intersection(&self.granted).cloned().collect())
    }

    /// The code as it was issued, if somebody may still decide about it.
    pub(super) fn waiting_code(&self, typed: &str, now: Timestamp) -> Option<String> {
        let typed: String = typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        let mut waiting = self.devices.values();
        let found = waiting.find(|grant| grant.user_code == typed && grant.state == GrantState::Waiting && grant.expires > now);
        found.map(|grant| grant.user_code.clone())
    }

    pub(super) fn latest_code(&self, now: Timestamp) -> Option<String> {
        let mut grants = self.issued.iter().rev().filter_map(|code| self.devices.get(code));
        grants.find(|grant| grant.state == GrantState::Waiting && grant.expires > now).map(|grant| grant.user_code.clone())
    }

    /// Approves or declines a code; false when there is no such code waiting.
    pub(super) fn decide(&mut self, typed: &str, approve: bool, now: Timestamp) -> bool {
        let Some(code) = self.waiting_code(typed, now) else { return false };
        for grant in self.devices.values_mut().filter(|grant| grant.user_code == code) {
            grant.state = if approve { GrantState::Approved } else { GrantState::Declined };
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
    pub(super) fn devicecode(&mut self, call: &Call, tenant: &str, address: &str, now: Timestamp) -> Reply {
        let form = match client_of(call, tenant, now) {
            Ok(form) => form,
            Err(reply) => return *reply,
        };
        let asked = match scopes::read(form.get("scope").map_or("", String::as_str), address) {
            // Two resources are only noticed at the token endpoint.
            Ok(asked) => asked,
            Err(problem) => return refuse_scope(problem, now),
        };
        let mut dice = Dice::unforeseeable();
        let device_code = dice.text(212, TOKEN_LETTERS);
        let user_code = dice.text(9, CAPITALS_AND_DIGITS);
        let page = format!("{address}/devicelogin");
        let message =
            format!("To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate.");
        let answer = json!({
            "user_code": user_code, "device_code": device_code, "verification_uri": page, "expires_in": 900,
            "interval": self.poll_interval, "message": message
        });
        let grant = DeviceGrant {
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
        Reply::json(200, answer)
    }

    /// `POST /{tenant}/oauth2/v2.0/token`.
    pub(super) fn token(&mut self, call: &Call, tenant: &str, address: &str, now: Timestamp, fault: Option<&FaultKind>) -> Reply {
        let form = match client_of(call, tenant, now) {
            Ok(form) => form,
            Err(reply) => return *reply,
        };
        if form.contains_key("client_secret") {
            return oauth_error(401, "invalid_client", 700_025, "Client is public so a client secret should not be presented.", now);
        }
        let field = |name: &str| form.get(name).map(String::as_str);
        let asked = match field("scope").map(|scope| scopes::read(scope, address)).transpose() {
            Ok(asked) => asked,
            Err(problem) => return refuse_scope(problem, now),
        };
        let granted = match field("grant_type") {
            None => return oauth_error(400, "invalid_request", 900_144, "The request body must contain the following parameter: 'grant_type'.", now),
            Some("urn:ietf:params:oauth:grant-type:device_code") => {
                if fault == Some(&FaultKind::SlowDown) {
                    return oauth_error(400, "slow_down", 0, "Polling too fast.", now);
                }
                self.redeem_device_code(field("device_code").unwrap_or_default(), tenant, now)
            }
            Some("authorization_code") => {
                self.redeem_code(field("code").unwrap_or_default(), field("redirect_uri"), field("code_verifier"), now)
            }
            Some("refresh_token") => self.redeem_refresh_token(field("refresh_token").unwrap_or_default(), asked.as_ref(), now),
            Some(other) => {
                let text = format!("The app requested an unsupported grant type '{other}'.");
                return oauth_error(400, "unsupported_grant_type", 70_003, &text, now);
            }
        };
        match granted {
            Ok(grant) => self.issue(grant, field("client_info") == Some("1"), now, fault),
            Err(reply) => *reply,
        }
    }

    fn redeem_device_code(&mut self, device_code: &str, tenant: &str, now: Timestamp) -> Result<Granted, Box<Reply>> {
        let refuse = |error, code, text: &str| Err(Box::new(oauth_error(400, error, code, text, now)));
        let (auto_approve, interval, strict) = (self.auto_approve, self.poll_interval, self.strict_polling);
        let Some(grant) = self.devices.get_mut(device_code) else {
            return refuse("bad_verification_code", 70_018, "The verification code is invalid.");
        };
        if grant.tenant != tenant {
            return refuse("invalid_grant", 70_000, "The device code was issued by another tenant.");
        }
        if grant.state == GrantState::Redeemed {
            return refuse("invalid_grant", 70_000, "The device code has already been redeemed.");
        }
        if grant.expires <= now {
            return refuse("expired_token", 70_020, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.");
        }
        let too_fast = grant.last_poll.is_some_and(|last| later(last, Duration::from_secs(interval)) > now);
        grant.last_poll = Some(now);
        if strict && too_fast {
            return refuse("slow_down", 0, "Polling too fast.");
        }
        let first = *grant.first_poll.get_or_insert(now);
        if auto_approve && grant.state == GrantState::Waiting && shifted(first, 2) <= now {
            grant.state = GrantState::Approved;
        }
        match grant.state {
            GrantState::Waiting => {
                refuse("authorization_pending", 70_016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
            }
            GrantState::Declined => {
                refuse("authorization_declined", 70_017, "The end user has denied the authorization request.")
            }
            GrantState::Approved | GrantState::Redeemed => {
                let granted = Granted { asked: grant.asked.clone(), nonce: None, family: None };
                // Checked before the code is spent: it can be granted and tried again.
                let granted = self.check_grant(granted, now)?;
                if let Some(grant) = self.devices.get_mut(device_code) {
                    grant.state = GrantState::Redeemed;
                }
                Ok(granted)
            }
        }
    }

    fn redeem_code(&mut self, code: &str, redirect: Option<&str>, verifier: Option<&str>, now: Timestamp) -> Result<Granted, Box<Reply>> {
        let refuse = |code, text: &str| Err(Box::new(oauth_error(400, "invalid_grant", code, text, now)));
        let Some(grant) = self.codes.get_mut(code).filter(|grant| grant.expires > now) else {
            return refuse(70_008, "The provided authorization code has expired or is unknown.");
        };
        if std::mem::replace(&mut grant.used, true) {
            return refuse(54_005, "OAuth2 Authorization code was already redeemed.");
        }
        if redirect != Some(grant.redirect.as_str()) {
            return refuse(50_011, "The redirect URI does not match the one of the authorization request.");
        }
        if verifier.map(tokens::challenge).as_deref() != Some(grant.challenge.as_str()) {
            return refuse(501_481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.");
        }
        let granted = Granted { asked: grant.asked.clone(), nonce: grant.nonce.clone(), family: None };
        self.check_grant(granted, now)
    }

    fn redeem_refresh_token(&mut self, token: &str, asked: Option<&Asked>, now: Timestamp) -> Result<Granted, Box<Reply>> {
        let refuse = |code, text: &str| {
            let mut reply = oauth_error(400, "invalid_grant", code, text, now);
            if let Some(value) = reply.value_mut() {
                value["suberror"] = json!("bad_token");
            }
            Err(Box::new(reply))
        };
        let Some(found) = self.refresh.get(token).cloned() else {
            return refuse(70_000, "Provided grant is invalid or malformed.");
        };
        if found.revoked {
            return refuse(50_173, "The provided grant has expired due to it being revoked, a fresh auth token is needed.");
        }
        if found.used && !self.lenient_rotation {
            // Somebody has a copy: the whole family dies.
            for other in self.refresh.values_mut().filter(|other| other.family == found.family) {
                other.revoked = true;
            }
            return refuse(70_000, "The refresh token has already been used.");
        }
        let granted = Granted { asked: asked.unwrap_or(&found.asked).clone(), nonce: None, family: Some(found.family) };
        let granted = self.check_grant(granted, now)?;
        if let Some(found) = self.refresh.get_mut(token) {
            found.used = true;
        }
        Ok(granted)
    }

    fn check_grant(&self, granted: Granted, now: Timestamp) -> Result<Granted, Box<Reply>> {
        if granted.asked.resources > 1 {
            let text = "Provided value for the input parameter scope is not valid because it contains more than one resource.";
            return Err(Box::new(oauth_error(400, "invalid_grant", 28_000, text, now)));
        }
        let missing = granted.asked.named.iter().find(|name| !self.granted.iter().any(|has| has.eq_ignore_ascii_case(name)));
        if let Some(missing) = missing {
            let text = format!("The user or administrator has not consented to use the application with the permission {missing}.");
            let mut reply = oauth_error(400, "invalid_grant", 65_001, &text, now);
            if let Some(value) = reply.value_mut() {
                value["suberror"] = json!("consent_required");
            }
            return Err(Box::new(reply));
        }
        Ok(granted)
    }

    /// The token answer.
    fn issue(&mut self, granted: Granted, client_info: bool, now: Timestamp, fault: Option<&FaultKind>) -> Reply {
        let mut dice = Dice::unforeseeable();
        let asked = granted.asked;
        let resource = asked.resource.clone().unwrap_or_else(|| scopes::MAIN_RESOURCE.to_owned());
        let expires_in = 3_600 + i64::try_from(dice.below(1_801)).unwrap_or(0);
        // As Entra may: everything granted for the resource, however few were asked for.
        let scp: Vec<&str> = self.granted.iter().map(String::as_str).collect();
        let access_token = if fault == Some(&FaultKind::OpaqueToken) {
            tokens::opaque_token(&mut dice)
        } else {
            tokens::access_token(&resource, &scp.join(" "), now, expires_in, &mut dice)
        };
        let scope: Vec<String> = scp.iter().map(|name| format!("{resource}/{name}")).collect();
        let mut answer = json!({
            "token_type": "Bearer", "scope": scope.join(" "), "expires_in": expires_in, "ext_expires_in": expires_in,
            "access_token": access_token
        });
        let access = Access { resource, scp: self.granted.clone(), expires: shifted(now, expires_in) };
        self.access.insert(access_token, access);
        if asked.offline && fault != Some(&FaultKind::NoRefreshToken) {
            let family = granted.family.unwrap_or_else(|| {
                self.families += 1;
                self.families
            });
            let token = tokens::refresh_token(&mut dice);
            answer["refresh_token"] = json!(token);
            self.refresh.insert(token, Refresh { asked: asked.clone(), family, used: false, revoked: false });
        }
        if asked.openid {
            answer["id_token"] = json!(tokens::id_token(now, granted.nonce.as_deref(), CLIENT_ID, &mut dice));
        }
        if client_info {
            answer["client_info"] = json!(tokens::client_info());
        }
        Reply::json(200, answer)
    }

    /// A code for the browser door; the error is the text for the page.
    pub(super) fn authorize(&mut self, form: &BTreeMap<String, String>, address: &str, now: Timestamp) -> Result<String, String> {
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let asked = scopes::read(&field("scope"), address).map_err(|problem| format!("AADSTS{}", problem.number()))?;
        if field("code_challenge_method") != "S256" || field("code_challenge").len() != 43 {
            return Err("AADSTS9002325: Proof Key for Code Exchange is required.".to_owned());
        }
        let code = format!("1.{}", Dice::unforeseeable().text(600, TOKEN_LETTERS));
        let grant = CodeGrant {
            asked,
            redirect: field("redirect_uri"),
            challenge: field("code_challenge"),
            nonce: form.get("nonce").cloned(),
            expires: shifted(now, 600),
            used: false,
        };
        self.codes.insert(code.clone(), grant);
        Ok(code)
    }
}

/// A grant that was found good.
struct Granted {
    asked: Asked,
    nonce: Option<String>,
    family: Option<u64>,
}

/// The checks both endpoints share, in Entra's order.
fn client_of(call: &Call, tenant: &str, now: Timestamp) -> Result<BTreeMap<String, String>, Box<Reply>> {
    let refuse = |error, code, text: &str| Err(Box::new(oauth_error(400, error, code, text, now)));
    // A missing content type passes: a widely used client sends none.
    if call.content_type.as_deref().is_some_and(|kind| !kind.starts_with("application/x-www-form-urlencoded")) {
        return refuse("invalid_request", 9_002_313, "Invalid request. Request is malformed or invalid.");
    }
    let mut form = BTreeMap::new();
    for (name, value) in call.form() {
        if form.insert(name, value).is_some() {
            return refuse("invalid_request", 9_002_313, "Invalid request. A parameter is repeated.");
        }
    }
    if !scopes::is_tenant_text(tenant) {
        return refuse("invalid_request", 900_023, "Specified tenant identifier is neither a valid DNS name, nor a valid external domain.");
    }
    let shared = ["common", "organizations"].contains(&tenant);
    if !shared && ![TENANT_ID, "contoso.com", "contoso.onmicrosoft.com"].contains(&tenant) {
        return refuse("invalid_request", 90_002, &format!("Tenant '{tenant}' not found."));
    }
    match form.get("client_id") {
        None => refuse("invalid_request", 900_144, "The request body must contain the following parameter: 'client_id'."),
        Some(client) if !client.eq_ignore_ascii_case(CLIENT_ID) => {
            refuse("unauthorized_client", 700_016, &format!("Application with identifier '{client}' was not found in the directory 'Contoso'."))
        }
        Some(_) if shared => refuse("invalid_request", 50_194, "Application is not configured as a multi-tenant application."),
        Some(_) => Ok(form),
    }
}

fn refuse_scope(problem: Problem, now: Timestamp) -> Reply {
    oauth_error(400, problem.error(), problem.number(), "The provided value for the input parameter 'scope' is not valid.", now)
}

/// An error as the token endpoint words it; without a number when `code` is 0.
pub(super) fn oauth_error(status: u16, error: &str, code: u32, text: &str, now: Timestamp) -> Reply {
    let mut dice = Dice::unforeseeable();
    let (trace, correlation) = (dice.guid(), dice.guid());
    let stamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let mut body = json!({
        "error": error,
        "error_description": format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"),
        "error_codes": [code], "timestamp": stamp, "trace_id": trace, "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={code}")
    });
    if code == 0 {
        body = json!({ "error": error, "error_description": text });
    }
    Reply::json(status, body).with("x-ms-request-id", &trace)
}

/// The answer of the discovery endpoint.
pub(super) fn discovery(tenant: &str, address: &str) -> Value {
    let base = format!("{address}/{tenant}");
    json!({
        "issuer": format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"]
    })
}
