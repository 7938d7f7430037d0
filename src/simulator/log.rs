//! The account of what was asked: no tokens, no header values.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// One request as it arrived, and the status it was answered with.
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
    /// Status answered; `None` while there is no answer, and when the connection was reset.
    pub status: Option<u16>,
    /// Kind of the request.
    pub kind: RequestKind,
}

/// Kind of a request; in lower case it is the word used in the control calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum RequestKind {
    /// Signing in and renewing.
    Identity,
    /// Reading from the API.
    Read,
    /// A request to the API that would change something.
    Change,
    /// Pages for people, and anything else.
    Other,
}

/// Form fields that may be kept; everything else may be a secret.
const HARMLESS: [&str; 5] = ["grant_type", "client_id", "scope", "client_info", "action"];

/// A form as it may be written down.
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
    fn secrets_are_not_written_down() {
        let form = [("grant_type", "refresh_token"), ("refresh_token", "1.AXkA")];
        let form: Vec<_> = form
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let kept = harmless(&form);
        assert_eq!(kept["grant_type"], "refresh_token");
        assert_eq!(kept["refresh_token"], "…");
    }
}
