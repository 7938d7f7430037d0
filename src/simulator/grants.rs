//! The token endpoint: device codes (RFC 8628), codes with PKCE (RFC 7636), refresh tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::call::Call;
use super::clock::{later, shifted};
use super::faults::FaultKind;
use super::identity::{Access, Application, CodeGrant, GrantState, Identity, Refresh};
use super::oauth::{client_of, missing, oauth_error, refuse_scope, removed_application};
use super::random::{Rng, TOKEN_LETTERS};
use super::reply::{Answer, Reply};
use super::scopes::Asked;
use super::tokens::Person;
use super::{CLIENT_ID, scopes, tokens};

impl Identity {
    /// `POST /{tenant}/oauth2/v2.0/token`.
    pub(super) fn token(
        &mut self,
        call: &Call,
        tenant: &str,
        address: &str,
        now: Timestamp,
        fault: Option<&FaultKind>,
    ) -> Answer {
        let form = client_of(call, tenant, now)?;
        if self.application == Application::Removed {
            return Err(removed_application(now));
        }
        if form.contains_key("client_secret") {
            let text = "Client is public so a client secret should not be presented.";
            return Err(oauth_error(401, "invalid_client", 700_025, text, now));
        }
        let field = |name: &str| form.get(name).map(String::as_str);
        let asked = field("scope")
            .map(|scope| scopes::read(scope, address))
            .transpose()
            .map_err(|problem| refuse_scope(problem, now))?;
        let refuse = |error, code, text: &str| Err(oauth_error(400, error, code, text, now));
        let granted = match field("grant_type") {
            None => refuse("invalid_request", 900_144, &missing("grant_type")),
            Some("urn:ietf:params:oauth:grant-type:device_code")
                if fault == Some(&FaultKind::SlowDown) =>
            {
                refuse("slow_down", 0, "Polling too fast.")
            }
            Some("urn:ietf:params:oauth:grant-type:device_code") => {
                self.redeem_device_code(field("device_code").unwrap_or_default(), tenant, now)
            }
            Some("authorization_code") => self.redeem_code(
                field("code").unwrap_or_default(),
                field("redirect_uri"),
                field("code_verifier"),
                now,
            ),
            Some("refresh_token") => self.redeem_refresh_token(
                field("refresh_token").unwrap_or_default(),
                asked.as_ref(),
                now,
            ),
            Some(other) => {
                let text = format!("The app requested an unsupported grant type '{other}'.");
                refuse("unsupported_grant_type", 70_003, &text)
            }
        }?;
        Ok(self.issue(&granted, field("client_info") == Some("1"), now, fault))
    }

    fn redeem_device_code(
        &mut self,
        device_code: &str,
        tenant: &str,
        now: Timestamp,
    ) -> Result<Granted, Reply> {
        let refuse = |error, code, text: &str| Err(oauth_error(400, error, code, text, now));
        let (auto_approve, interval, strict) =
            (self.auto_approve, self.poll_interval, self.strict_polling);
        let Some(grant) = self.devices.get_mut(device_code) else {
            return refuse(
                "bad_verification_code",
                70_018,
                "The verification code is invalid.",
            );
        };
        if let Some((error, code, text)) = grant.refusal(tenant, now) {
            return refuse(error, code, text);
        }
        let too_fast = grant
            .last_poll
            .is_some_and(|last| later(last, Duration::from_secs(interval)) > now);
        grant.last_poll = Some(now);
        if strict && too_fast {
            return refuse("slow_down", 0, "Polling too fast.");
        }
        let first = *grant.first_poll.get_or_insert(now);
        if auto_approve && grant.state == GrantState::Waiting && shifted(first, 2) <= now {
            grant.state = GrantState::Approved;
        }
        match grant.state {
            GrantState::Waiting => refuse(
                "authorization_pending",
                70_016,
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            ),
            GrantState::Declined => refuse(
                "authorization_declined",
                70_017,
                "The end user has denied the authorization request.",
            ),
            GrantState::Approved | GrantState::Redeemed => {
                let granted = Granted {
                    asked: grant.asked.clone(),
                    nonce: None,
                    family: None,
                    person: self.person.clone(),
                    claims: grant.claims.clone(),
                };
                // Checked before the code is redeemed, so that it can be retried after a grant.
                let granted = self.check_grant(granted, now)?;
                if let Some(grant) = self.devices.get_mut(device_code) {
                    grant.state = GrantState::Redeemed;
                }
                Ok(granted)
            }
        }
    }

    fn redeem_code(
        &mut self,
        code: &str,
        redirect: Option<&str>,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<Granted, Reply> {
        let refuse = |code, text: &str| Err(oauth_error(400, "invalid_grant", code, text, now));
        let Some(grant) = self.codes.get_mut(code).filter(|grant| grant.expires > now) else {
            return refuse(
                70_008,
                "The provided authorization code has expired or is unknown.",
            );
        };
        if std::mem::replace(&mut grant.used, true) {
            return refuse(54_005, "OAuth2 Authorization code was already redeemed.");
        }
        if redirect != Some(grant.redirect.as_str()) {
            return refuse(
                50_011,
                "The redirect URI does not match the one of the authorization request.",
            );
        }
        if verifier.map(tokens::challenge).as_deref() != Some(grant.challenge.as_str()) {
            return refuse(
                501_481,
                "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
            );
        }
        let granted = Granted {
            asked: grant.asked.clone(),
            nonce: grant.nonce.clone(),
            family: None,
            person: self.person.clone(),
            claims: grant.claims.clone(),
        };
        self.seen.extend(verifier.map(str::to_owned));
        self.check_grant(granted, now)
    }

    fn redeem_refresh_token(
        &mut self,
        token: &str,
        asked: Option<&Asked>,
        now: Timestamp,
    ) -> Result<Granted, Reply> {
        let refuse = |code, text: &str| {
            let reply = oauth_error(400, "invalid_grant", code, text, now);
            Err(reply.and("suberror", "bad_token"))
        };
        let Some(found) = self.refresh.get(token).cloned() else {
            return refuse(70_000, "Provided grant is invalid or malformed.");
        };
        if found.revoked {
            return refuse(
                50_173,
                "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
            );
        }
        if found.used && !self.lenient_rotation {
            // The token was copied: the whole family is revoked.
            for other in self
                .refresh
                .values_mut()
                .filter(|other| other.family == found.family)
            {
                other.revoked = true;
            }
            return refuse(70_000, "The refresh token has already been used.");
        }
        let granted = Granted {
            asked: asked.unwrap_or(&found.asked).clone(),
            nonce: None,
            family: Some(found.family),
            person: self.renews_as.as_ref().unwrap_or(&found.person).clone(),
            claims: found.claims.clone(),
        };
        let granted = self.check_grant(granted, now)?;
        if let Some(found) = self.refresh.get_mut(token) {
            found.used = true;
        }
        Ok(granted)
    }

    fn check_grant(&self, granted: Granted, now: Timestamp) -> Result<Granted, Reply> {
        if granted.asked.resources > 1 {
            let text = "Provided value for the input parameter scope is not valid because it contains more than one resource.";
            return Err(oauth_error(400, "invalid_grant", 28_000, text, now));
        }
        if let Some(wanted) = &self.wanted_claims
            && granted.claims.as_ref() != Some(wanted)
        {
            let text = "Due to a configuration change made by your administrator, you must use multi-factor authentication to access the resource.";
            let reply = oauth_error(400, "interaction_required", 50_076, text, now);
            return Err(reply.and("suberror", "basic_action").and("claims", wanted));
        }
        let missing = granted.asked.named.iter().find(|name| {
            !self
                .granted
                .iter()
                .any(|has| has.eq_ignore_ascii_case(name))
        });
        if let Some(missing) = missing {
            let text = format!(
                "The user or administrator has not consented to use the application with the permission {missing}."
            );
            let reply = oauth_error(400, "invalid_grant", 65_001, &text, now);
            return Err(reply.and("suberror", "consent_required"));
        }
        Ok(granted)
    }

    /// The token response.
    fn issue(
        &mut self,
        granted: &Granted,
        client_info: bool,
        now: Timestamp,
        fault: Option<&FaultKind>,
    ) -> Reply {
        let mut rng = Rng::unforeseeable();
        let asked = granted.asked.clone();
        let resource = asked
            .resource
            .clone()
            .unwrap_or_else(|| scopes::MAIN_RESOURCE.to_owned());
        let expires_in = 3_600 + i64::try_from(rng.below(1_801)).unwrap_or(0);
        // Like Entra: all granted permissions of the resource, however few were requested.
        let scp: Vec<&str> = self.granted.iter().map(String::as_str).collect();
        let (person, scp_text) = (&granted.person, scp.join(" "));
        let access_token = if fault == Some(&FaultKind::OpaqueToken) {
            tokens::opaque_token(&mut rng)
        } else {
            tokens::access_token(&resource, &scp_text, now, expires_in, person, &mut rng)
        };
        let scope: Vec<String> = scp
            .iter()
            .map(|name| format!("{resource}/{name}"))
            .collect();
        let mut answer = json!({
            "token_type": "Bearer", "scope": scope.join(" "), "expires_in": expires_in, "ext_expires_in": expires_in,
            "access_token": access_token
        });
        let access = Access {
            requestor: granted.person.upn.clone(),
            resource,
            scp: self.granted.clone(),
            expires: shifted(now, expires_in),
        };
        self.access.insert(access_token, access);
        if asked.offline && fault != Some(&FaultKind::NoRefreshToken) {
            let token = tokens::refresh_token(&mut rng);
            answer["refresh_token"] = json!(token);
            self.keep_refresh(token, granted, &asked);
        }
        if asked.openid {
            answer["id_token"] = json!(tokens::id_token(
                now,
                granted.nonce.as_deref(),
                CLIENT_ID,
                &granted.person,
                &mut rng
            ));
        }
        if client_info {
            answer["client_info"] = json!(tokens::client_info(&granted.person));
        }
        Reply::json(200, answer)
    }

    /// Stores a refresh token in the family of its predecessor.
    fn keep_refresh(&mut self, token: String, granted: &Granted, asked: &Asked) {
        let family = granted.family.unwrap_or_else(|| {
            self.families += 1;
            self.families
        });
        let refresh = Refresh {
            person: granted.person.clone(),
            claims: granted.claims.clone(),
            asked: asked.clone(),
            family,
            used: false,
            revoked: false,
        };
        self.refresh.insert(token, refresh);
    }

    /// An authorization code for the browser sign-in; the error is the text for the page.
    pub(super) fn authorize(
        &mut self,
        form: &BTreeMap<String, String>,
        address: &str,
        now: Timestamp,
    ) -> Result<String, String> {
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let asked = scopes::read(&field("scope"), address)
            .map_err(|problem| format!("AADSTS{}", problem.error().1))?;
        if field("code_challenge_method") != "S256" || field("code_challenge").len() != 43 {
            return Err("AADSTS9002325: Proof Key for Code Exchange is required.".to_owned());
        }
        let code = format!("1.{}", Rng::unforeseeable().text(600, TOKEN_LETTERS));
        self.seen.extend(form.get("state").cloned());
        let grant = CodeGrant {
            claims: form.get("claims").cloned(),
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

/// A validated grant.
struct Granted {
    asked: Asked,
    nonce: Option<String>,
    family: Option<u64>,
    person: Person,
    /// Claims requested by the original sign-in.
    claims: Option<String>,
}
