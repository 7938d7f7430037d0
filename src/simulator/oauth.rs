//! Shared parts of the token server's endpoints: first checks, errors, discovery.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Call;
use super::random::Rng;
use super::reply::Reply;
use super::scopes::{self, Problem};
use super::tokens::{CLIENT_ID, TENANT_ID};

/// The checks shared by both endpoints, in Entra's order.
pub(super) fn client_of(
    call: &Call,
    tenant: &str,
    now: Timestamp,
) -> Result<BTreeMap<String, String>, Reply> {
    let refuse = |error, code, text: &str| Err(oauth_error(400, error, code, text, now));
    // A missing content type is accepted: a widely used client sends none.
    if call
        .content_type
        .as_deref()
        .is_some_and(|kind| !kind.starts_with("application/x-www-form-urlencoded"))
    {
        return refuse(
            "invalid_request",
            9_002_313,
            "Invalid request. Request is malformed or invalid.",
        );
    }
    let Some(form) = without_repetition(call.form()) else {
        return refuse(
            "invalid_request",
            9_002_313,
            "Invalid request. A parameter is repeated.",
        );
    };
    if !scopes::is_tenant_text(tenant) {
        return refuse(
            "invalid_request",
            900_023,
            "Specified tenant identifier is neither a valid DNS name, nor a valid external domain.",
        );
    }
    let shared = ["common", "organizations"].contains(&tenant);
    if !shared && ![TENANT_ID, "contoso.com", "contoso.onmicrosoft.com"].contains(&tenant) {
        return refuse(
            "invalid_request",
            90_002,
            &format!("Tenant '{tenant}' not found."),
        );
    }
    match form.get("client_id") {
        None => refuse("invalid_request", 900_144, &missing("client_id")),
        Some(client) if !client.eq_ignore_ascii_case(CLIENT_ID) => refuse(
            "unauthorized_client",
            700_016,
            &format!(
                "Application with identifier '{client}' was not found in the directory 'Contoso'."
            ),
        ),
        Some(_) if shared => refuse(
            "invalid_request",
            50_194,
            "Application is not configured as a multi-tenant application.",
        ),
        Some(_) => Ok(form),
    }
}

/// The fields of a form; `None` if there are duplicates.
fn without_repetition(fields: Vec<(String, String)>) -> Option<BTreeMap<String, String>> {
    let sent = fields.len();
    let form: BTreeMap<_, _> = fields.into_iter().collect();
    (form.len() == sent).then_some(form)
}

/// Error for a missing parameter.
pub(super) fn missing(parameter: &str) -> String {
    format!("The request body must contain the following parameter: '{parameter}'.")
}

/// Error for an application that an administrator has removed.
pub(super) fn removed_application(now: Timestamp) -> Reply {
    let text = format!(
        "Application with identifier '{CLIENT_ID}' was not found in the directory 'Contoso'."
    );
    oauth_error(400, "unauthorized_client", 700_016, &text, now)
}

pub(super) fn refuse_scope(problem: Problem, now: Timestamp) -> Reply {
    let (error, code) = problem.error();
    let text = "The provided value for the input parameter 'scope' is not valid.";
    oauth_error(400, error, code, text, now)
}

/// An error in the token endpoint's wording; without a number if `code` is 0.
pub(super) fn oauth_error(
    status: u16,
    error: &str,
    code: u32,
    text: &str,
    now: Timestamp,
) -> Reply {
    let mut rng = Rng::unforeseeable();
    let (trace, correlation) = (rng.guid(), rng.guid());
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

/// The discovery document.
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
