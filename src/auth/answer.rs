//! Form requests to the sign-in host, and one tolerant parser for all of its responses.
//!
//! RFC 6749 sections 4.1.3, 5.1, 5.2 and 6, RFC 8628 sections 3.1 to 3.5. The `oauth2` crate's
//! parser is not used: it rejects numbers written as strings and responses with both verification
//! addresses, it drops the fields an administrator needs (`error_codes`, `correlation_id`), and its
//! error prints the body, tokens included.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use oauth2::http::header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER};
use oauth2::http::{HeaderValue, Method, StatusCode, Uri};
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;
use zeroize::Zeroize as _;

use super::blank::Blank;
use super::error::{AuthError, ErrorResponse, numbers_in};
use super::{HttpFault, HttpRequest, HttpResponse, SendRequest};
use crate::model::{clean, http_date, retry_after_secs};

/// Real responses are below 16 KB; a larger one is not from a sign-in host.
const MAX_BODY: usize = 64 * 1024;
/// The transport times out after 30 s with a reason; this is for one that does not.
const REQUEST_LIMIT: Duration = Duration::from_secs(35);
/// Maximum pause requested by the server (as in MSAL).
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
/// The pause after a 429 without one (as in MSAL).
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);
/// Fields of our requests that are credentials, or lead to one.
const SECRETS: [&str; 4] = ["device_code", "refresh_token", "code", "code_verifier"];

/// Reply of the sign-in host.
#[derive(Debug)]
pub(super) enum TokenReply {
    /// A JSON object without `error` in a 2xx response.
    Success(Box<Fields>),
    /// The host's own refusal, with any HTTP status.
    ProtocolError(Box<ErrorResponse>),
    /// Not a protocol response: a fault, an overload, a proxy's page.
    NoReply(NoReply),
}

/// No usable response. Never evidence against the sign-in itself.
#[derive(Debug)]
pub(super) struct NoReply {
    pub why: AuthError,
    pub retry_after: Option<Duration>,
    /// The host may have executed the request although its response was lost.
    pub may_have_executed: bool,
}

impl NoReply {
    /// The error for callers that do not retry.
    pub(super) fn into_error(self, now: Timestamp) -> AuthError {
        match self.retry_after.and_then(|wait| now.checked_add(wait).ok()) {
            Some(until) => AuthError::Busy { until },
            None => self.why,
        }
    }

    /// Whether a lost response may have used up the code; includes refusals by an intermediary.
    pub(super) const fn may_hide_tokens(&self) -> bool {
        if let AuthError::Unreachable(fault) = &self.why {
            arrived(fault)
        } else {
            true
        }
    }

    /// Whether a retry can help. Certificate and proxy errors do not go away by themselves.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(
            self.why,
            AuthError::Unreachable(HttpFault::Certificate | HttpFault::ProxyRefuses)
        )
    }
}

/// Every field of any response. Unknown ones are ignored, mistyped ones count as absent.
pub(super) struct Fields {
    // RFC 8628 section 3.2
    pub user_code: Option<String>,
    pub device_code: Option<String>,
    pub verification_uri: Option<String>,
    /// The name used by servers older than the RFC; some send both.
    pub verification_url: Option<String>,
    pub interval: Option<u64>,
    // RFC 6749 section 5.1
    pub expires_in: Option<u64>,
    /// Entra's, for long-lived tokens: when to renew them, in seconds.
    pub refresh_in: Option<u64>,
    pub token_type: Option<String>,
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    pub scope: Option<String>,
    pub id_token: Option<String>,
    /// Entra's: home account, as base64url JSON.
    pub client_info: Option<String>,
    // RFC 6749 section 5.2, and Entra's additions
    error: Option<Value>,
    error_description: Option<String>,
    error_codes: Vec<u32>,
    suberror: Option<String>,
    claims: Option<String>,
    correlation_id: Option<String>,
    timestamp: Option<String>,
    /// The response's `Date`.
    pub date: Option<Timestamp>,
    /// Secrets of the request, to be blanked in texts.
    pub blank: Blank,
}

impl std::fmt::Debug for Fields {
    // Most of it is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fields").finish_non_exhaustive()
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        for secret in [
            &mut self.device_code,
            &mut self.access_token,
            &mut self.refresh_token,
            &mut self.id_token,
            &mut self.client_info,
        ] {
            secret.zeroize();
        }
    }
}

impl Fields {
    /// Parses a JSON object field by field, so that an unreadable one does not affect others. Of
    /// duplicates the last counts, as with most parsers (RFC 8259 section 4).
    fn from_json(json: &[u8], date: Option<Timestamp>, blank: Blank) -> Option<Self> {
        let fields: HashMap<String, &RawValue> = serde_json::from_slice(json).ok()?;
        let value = |name: &str| serde_json::from_str(fields.get(name)?.get()).ok();
        let text = |name: &str| value(name).and_then(as_text);
        let number = |name: &str| value(name).as_ref().and_then(as_whole_number);
        Some(Self {
            user_code: text("user_code"),
            device_code: text("device_code"),
            verification_uri: text("verification_uri"),
            verification_url: text("verification_url"),
            interval: number("interval"),
            expires_in: number("expires_in"),
            refresh_in: number("refresh_in"),
            token_type: text("token_type"),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
            scope: text("scope"),
            id_token: text("id_token"),
            client_info: text("client_info"),
            error: value("error"),
            error_description: text("error_description"),
            error_codes: value("error_codes")
                .as_ref()
                .map_or_else(Vec::new, as_whole_numbers),
            suberror: text("suberror"),
            claims: text("claims"),
            correlation_id: text("correlation_id"),
            timestamp: text("timestamp"),
            date,
            blank,
        })
    }

    fn refusal(&self, status: StatusCode) -> Option<ErrorResponse> {
        let error = match self.error.as_ref()? {
            Value::Null => return None,
            Value::String(word) => word.as_str(),
            // The error format of the API behind it, from a proxy or a stand-in.
            Value::Object(inner) => inner
                .get("code")
                .and_then(Value::as_str)
                .unwrap_or("unknown"),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => "unknown",
        };
        let blanked = |text: &str, max| Box::from(clean(&self.blank.apply(text), max));
        let cleaned = |text: &Option<String>, max| text.as_deref().map(|text| blanked(text, max));
        let mut numbers = self.error_codes.clone();
        if let (true, Some(text)) = (numbers.is_empty(), &self.error_description) {
            numbers = numbers_in(text);
        }
        Some(ErrorResponse {
            status: status.as_u16(),
            error: blanked(error, 80),
            suberror: cleaned(&self.suberror, 80),
            numbers: numbers.into(),
            // Its lines are parts of one sentence.
            description: cleaned(
                &(self.error_description.as_ref()).map(|text| text.replace("\r\n", " ")),
                600,
            ),
            correlation_id: cleaned(&self.correlation_id, 80),
            timestamp: cleaned(&self.timestamp, 40),
            claims: self
                .claims
                .as_deref()
                .filter(|claims| claims.len() <= 8192)
                .map(|claims| self.blank.apply(claims).into()),
            asked: None,
            is_repeated: false,
            is_of_sign_in: false,
        })
    }
}

/// Posts `form` and parses the response.
pub(super) async fn post(http: &SendRequest, url: &Url, form: &[(&str, &str)]) -> TokenReply {
    let Some(request) = request(url, form) else {
        return fault(HttpFault::NotReached);
    };
    let secrets = form.iter().filter(|(name, _)| SECRETS.contains(name));
    let blank = Blank::new(secrets.map(|(_, value)| *value));
    match tokio::time::timeout(REQUEST_LIMIT, http(request)).await {
        Ok(Ok(response)) => read(response, blank),
        Ok(Err(http_fault)) => fault(http_fault),
        Err(_elapsed) => fault(HttpFault::TimedOut),
    }
}

fn request(url: &Url, form: &[(&str, &str)]) -> Option<HttpRequest> {
    let length: usize = form
        .iter()
        .map(|(name, value)| name.len() + value.len() * 3 + 2)
        .sum();
    // Allocated in full, so that growing leaves no copies of a secret.
    let mut body = url::form_urlencoded::Serializer::new(String::with_capacity(length));
    body.extend_pairs(form);
    let mut request = HttpRequest::new(body.finish().into_bytes());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::try_from(url.as_str()).ok()?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, kind);
    Some(request)
}

pub(super) fn fault(fault: HttpFault) -> TokenReply {
    TokenReply::NoReply(NoReply {
        may_have_executed: arrived(&fault),
        why: AuthError::Unreachable(fault),
        retry_after: None,
    })
}

/// Whether the request may have reached the host, or an intermediary.
const fn arrived(fault: &HttpFault) -> bool {
    match fault {
        HttpFault::NotReached
        | HttpFault::ScriptNotRun
        | HttpFault::Certificate
        | HttpFault::ProxyRefuses => false,
        HttpFault::TimedOut | HttpFault::Interrupted | HttpFault::TooLarge => true,
    }
}

fn read(response: HttpResponse, blank: Blank) -> TokenReply {
    let (head, mut body) = response.into_parts();
    if body.len() > MAX_BODY {
        body.zeroize();
        return fault(HttpFault::TooLarge);
    }
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let date = header(DATE).and_then(http_date);
    let fields = Fields::from_json(&body, date, blank);
    body.zeroize();
    let overloaded = head.status == StatusCode::TOO_MANY_REQUESTS
        || head.status == StatusCode::REQUEST_TIMEOUT
        || head.status.is_server_error();
    if let Some(fields) = fields {
        match fields.refusal(head.status) {
            // A pending or slowed poll is a valid response under any status.
            Some(refusal)
                if !refusal.is_transient() && (!overloaded || refusal.is_about_polling()) =>
            {
                return TokenReply::ProtocolError(Box::new(refusal));
            }
            Some(_transient) => {}
            None if head.status.is_success() => return TokenReply::Success(Box::new(fields)),
            None => {}
        }
    }
    let asked = header(RETRY_AFTER).and_then(|text| retry_after_secs(text, date));
    let asked = asked.map(|secs| Duration::from_secs(secs.unsigned_abs()));
    let pause = (head.status == StatusCode::TOO_MANY_REQUESTS).then_some(DEFAULT_RETRY_AFTER);
    TokenReply::NoReply(NoReply {
        why: AuthError::NotUnderstood {
            status: head.status.as_u16(),
        },
        retry_after: asked.or(pause).map(|wait| wait.min(MAX_RETRY_AFTER)),
        // A truncated 2xx was a success, and a gateway times out after forwarding the request.
        may_have_executed: head.status.is_success() || head.status == StatusCode::GATEWAY_TIMEOUT,
    })
}

fn as_text(value: Value) -> Option<String> {
    let Value::String(text) = value else {
        return None;
    };
    (!text.is_empty()).then_some(text)
}

fn as_whole_numbers(value: &Value) -> Vec<u32> {
    let list = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter()
        .filter_map(as_whole_number)
        .filter_map(|n| n.try_into().ok())
        .take(8)
        .collect()
}

fn as_whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.to_string().split('.').next()?.parse().ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Explain as _;

    fn reply(status: u16, body: &str) -> TokenReply {
        let mut response = HttpResponse::new(body.as_bytes().to_vec());
        *response.status_mut() = StatusCode::from_u16(status).expect("a literal status");
        read(response, Blank::new(["canary-refresh-token"]))
    }

    #[test]
    fn numbers_may_be_strings_and_both_verification_addresses_are_accepted() {
        let TokenReply::Success(fields) = reply(
            200,
            r#"{"expires_in":"900","interval":5.0,"token_type":7,
            "verification_uri":"https://a","verification_url":"https://b","new":{"x":[1]}}"#,
        ) else {
            panic!("not read")
        };
        assert_eq!((fields.expires_in, fields.interval), (Some(900), Some(5)));
        assert_eq!(fields.verification_uri.as_deref(), Some("https://a"));
        assert_eq!(fields.token_type, None);
    }

    #[test]
    fn unreadable_field_does_not_affect_others_and_last_duplicate_wins() {
        let deep = "[".repeat(5_000) + &"]".repeat(5_000);
        for odd in ["1e400".to_owned(), "-1e400".to_owned(), deep] {
            let body = format!(r#"{{"expires_in":{odd},"new":{odd},"access_token":"a"}}"#);
            let TokenReply::Success(fields) = reply(200, &body) else {
                panic!("not read: {odd:.9}")
            };
            assert_eq!(fields.expires_in, None);
            assert_eq!(fields.access_token.as_deref(), Some("a"));
        }
        let twice = r#"{"interval":5,"interval":7,"user_code":"A","user_code":"B"}"#;
        let TokenReply::Success(fields) = reply(200, twice) else {
            panic!("not read")
        };
        assert_eq!(fields.interval, Some(7));
        assert_eq!(fields.user_code.as_deref(), Some("B"));
    }

    #[test]
    fn oauth_error_is_recognised_under_any_http_status() {
        for status in [200, 400, 401, 403] {
            let TokenReply::ProtocolError(refusal) = reply(
                status,
                r#"{"error":"invalid_grant","error_codes":["50173"],
                "error_description":"AADSTS50173: gone\r\nTrace","claims":"{}"}"#,
            ) else {
                panic!("{status}")
            };
            assert_eq!(
                (&*refusal.error, &*refusal.numbers),
                ("invalid_grant", &[50173][..])
            );
            assert_eq!(
                refusal.description.as_deref(),
                Some("AADSTS50173: gone Trace")
            );
        }
        let TokenReply::ProtocolError(refusal) = reply(
            400,
            r#"{"error":"x","error_description":"AADSTS700016: a AADSTS5: b"}"#,
        ) else {
            panic!("not refused")
        };
        assert_eq!(&*refusal.numbers, &[700_016, 5]);
    }

    #[test]
    fn refusal_does_not_reveal_request_secrets() {
        let said = "got refresh_token=canary-refresh-token";
        let body = serde_json::json!({
            "error": said, "suberror": said, "error_description": said, "correlation_id": said,
            "timestamp": said, "claims": said,
        });
        let TokenReply::ProtocolError(refusal) = reply(400, &body.to_string()) else {
            panic!("not refused")
        };
        let texts = [
            Some(&refusal.error),
            refusal.suberror.as_ref(),
            refusal.description.as_ref(),
            refusal.correlation_id.as_ref(),
            refusal.claims.as_ref(),
        ];
        for text in texts {
            assert_eq!(
                text.map(|text| &**text),
                Some("got refresh_token=[removed]")
            );
        }
        let all = format!(
            "{:?} {:?}",
            refusal.timestamp,
            refusal.clone().into_error().explain()
        );
        assert!(!all.contains("canary"), "{all}");
    }

    #[test]
    fn fractional_and_date_retry_after_are_respected() {
        for (text, secs) in [
            ("1.5", 2),
            ("0", 1),
            ("Sunday, 06-Nov-94 08:49:40 GMT", 3),
            ("Sun Nov  6 08:49:40 1994", 3),
            ("99999999999999", 3_600),
            ("soon", 5),
            ("-5", 5),
        ] {
            let mut response = HttpResponse::new(Vec::new());
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            let value = HeaderValue::from_static(text);
            response.headers_mut().insert(RETRY_AFTER, value);
            let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
            response.headers_mut().insert(DATE, date);
            let TokenReply::NoReply(nothing) = read(response, Blank::default()) else {
                panic!("{text}")
            };
            let pause = nothing.retry_after.map(|pause| pause.as_secs());
            assert_eq!(pause, Some(secs), "{text}");
        }
    }

    #[test]
    fn web_pages_and_oversized_or_truncated_bodies_are_no_reply() {
        for (status, body, lost) in [
            (503, "<html>", false),
            (502, "", false),
            (504, "<html>", true),
            (403, "<html>proxy</html>", false),
            (200, "{\"access_token\":\"eyJ", true),
            (429, "{\"error\":\"too_many\"}", false),
            (400, "{\"error\":\"temporarily_unavailable\"}", false),
            (404, "[]", false),
        ] {
            let TokenReply::NoReply(nothing) = reply(status, body) else {
                panic!("{status} {body}")
            };
            assert_eq!(nothing.may_have_executed, lost, "{status} {body}");
            assert!(nothing.may_pass());
        }
        assert!(matches!(
            reply(200, &" ".repeat(MAX_BODY + 1)),
            TokenReply::NoReply(NoReply {
                why: AuthError::Unreachable(HttpFault::TooLarge),
                ..
            })
        ));
        assert!(matches!(
            reply(429, r#"{"error":"authorization_pending"}"#),
            TokenReply::ProtocolError(_)
        ));
    }
}
