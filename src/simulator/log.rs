//! The request log, without tokens and header values.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// A request as received, with the status of its response.
#[derive(Debug, Clone)]
pub struct LoggedRequest {
    /// Virtual time of arrival.
    pub at: Timestamp,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Query as sent, without the question mark; empty in the sign-in half.
    pub query: String,
    /// Body: JSON as sent, a form as an object with its secrets replaced by `…`, or null.
    pub body: Value,
    /// Status of the response; `None` before it, or if the connection was reset.
    pub status: Option<u16>,
    pub kind: RequestKind,
}

/// Kind of a request; control calls use its name in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum RequestKind {
    /// Sign-in and renewal.
    Identity,
    /// API reads.
    Read,
    /// API requests to change something.
    Change,
    /// Web pages, and anything else.
    Other,
}

/// Form fields that may be logged; all others may be secret.
const HARMLESS: [&str; 5] = ["grant_type", "client_id", "scope", "client_info", "action"];

/// A form with its secrets removed.
pub(super) fn harmless(form: &[(String, String)]) -> Value {
    let fields = form.iter().map(|(name, value)| {
        let value = if HARMLESS.contains(&name.as_str()) {
            value.clone()
        } else {
            "…".to_owned()
        };
        (name.clone(), Value::String(value))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_logged() {
        let form = [("grant_type", "refresh_token"), ("refresh_token", "1.AXkA")];
        let form: Vec<_> = form
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let kept = harmless(&form);
        assert_eq!(kept["grant_type"], "refresh_token");
        assert_eq!(kept["refresh_token"], "…");
    }
}
