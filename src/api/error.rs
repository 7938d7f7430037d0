//! Request errors, and their consequences for the request's effect.

use std::time::Duration;

use jiff::Timestamp;

use crate::auth::AuthError;
use crate::explain::Effect;
use crate::model::{Permission, RefusalCode, concerns_licence};

/// Whether a request reads or changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Read,
    Submit,
}

/// Reason why a request failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApiError {
    /// No connection was established: DNS, routing, TLS or the proxy failed.
    #[error("{host} could not be reached")]
    NotReached { host: Box<str> },
    #[error("{host} did not answer in time")]
    TimedOut { host: Box<str> },
    /// The connection was lost after the request was sent, or may have been sent.
    #[error("the connection to {host} was lost")]
    Interrupted { host: Box<str> },
    #[error("the certificate of {host} was not accepted")]
    Certificate { host: Box<str> },
    /// There is no token; nothing was sent.
    #[error("no sign-in: {0}")]
    SignIn(#[source] AuthError),
    /// The token belongs to another host (rule 6); nothing was sent.
    #[error("the sign-in is not meant for {host}")]
    ForeignHost { host: Box<str> },
    /// The HTTP client could not be created.
    #[error("no HTTP client: {why}")]
    NoClient { why: Box<str> },
    /// 401: for a read the second in a row, for a submission the first.
    #[error("not authorized: {0}")]
    Unauthorized(Refusal),
    /// Any other 4xx: the service reports that it did nothing.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// 429. The rate limiter's gate is closed until then.
    #[error("the service asks for a pause until {retry_at:.0}")]
    Throttled { retry_at: Timestamp },
    /// 5xx, 408 or 3xx: from an intermediary, or the service aborted.
    #[error("{host} answered {status}")]
    Fault {
        host: Box<str>,
        status: u16,
        message: Box<str>,
        request_id: Option<Box<str>>,
        retry_after: Option<Duration>,
    },
    /// A 2xx about another machine or machine action than the requested id.
    #[error("the service returned another record: {came}")]
    OtherRecord { came: Box<str> },
    /// A 2xx with an unexpected body.
    #[error("the answer {status} of {host} could not be read: {why}")]
    NotUnderstood {
        host: Box<str>,
        status: u16,
        why: Unreadable,
        request_id: Option<Box<str>>,
    },
}

/// Reason why a body could not be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it is empty")]
    Empty,
    #[error("it is a web page")]
    Html,
    #[error("it is not JSON")]
    NotJson,
    #[error("it ends too early")]
    Truncated,
    #[error("it is too large")]
    TooLarge,
    #[error("less than a kilobyte a second arrived")]
    TooSlow,
    #[error("it is JSON of an unexpected shape")]
    WrongShape,
    #[error("it has no usable id")]
    NoId,
}

/// A 4xx. Only status and code decide the reaction; the message is for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// The service's error code; absent if a proxy responded, or without a body.
    pub code: Option<Box<str>>,
    /// The service's message, safe to display; may be empty.
    pub message: Box<str>,
    /// Request id for support.
    pub request_id: Option<Box<str>>,
}

impl ApiError {
    /// Whether a smaller page of the same list may succeed.
    pub(super) fn is_about_the_size(&self) -> bool {
        matches!(
            self,
            Self::TimedOut { .. }
                | Self::Interrupted { .. }
                | Self::NotUnderstood {
                    why: Unreadable::TooLarge | Unreadable::TooSlow | Unreadable::Truncated,
                    ..
                }
        )
    }
}

impl Refusal {
    /// The machine already has a pending action of this kind, so nothing failed.
    #[must_use]
    pub fn is_active_request(&self) -> bool {
        self.has_code(RefusalCode::ActiveRequestAlreadyExists)
    }

    /// Whether a pending action may be the reason: duplicates are refused with several codes, or
    /// none. Other statuses state their reason.
    #[must_use]
    pub fn may_hide_active_request(&self) -> bool {
        match self.status {
            400 | 409 | 422 => true,
            404 => !self.is_not_found(),
            _ => false,
        }
    }

    /// The machine or action is unknown, or not visible to this account. A 404 without a code comes
    /// from a proxy or an unknown route, and is no evidence.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status == 404 && self.has_code(RefusalCode::ResourceNotFound)
    }

    /// The error code, if it is a known one.
    pub(super) fn known_code(&self) -> Option<RefusalCode> {
        self.code.as_deref().and_then(RefusalCode::named)
    }

    pub(super) fn has_code(&self, code: RefusalCode) -> bool {
        self.known_code() == Some(code)
    }

    pub(super) fn concerns_licence(&self) -> bool {
        concerns_licence(&self.message)
    }

    /// The permissions named by `API required scopes: A,B, application scopes: C.`; any one of them
    /// is enough. Parsed from the message, so for help text only.
    #[must_use]
    pub fn required_permissions(&self) -> Vec<Permission> {
        let list = ["API required scopes: ", "API required roles: "]
            .iter()
            .find_map(|start| self.message.split_once(start))
            .map_or("", |(_, rest)| rest);
        let list = list.split(", application").next().unwrap_or_default();
        list.split(',')
            .map(|name| name.trim().trim_end_matches('.'))
            .filter(|name| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
            })
            .map(Permission::from_wire)
            .collect()
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        match &self.code {
            Some(code) => write!(f, " {code}"),
            None => Ok(()),
        }
    }
}

impl ApiError {
    /// The HTTP status, if there was a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized(refusal) | Self::Refused(refusal) => Some(refusal.status),
            Self::Fault { status, .. } | Self::NotUnderstood { status, .. } => {
                Some(*status).filter(|status| *status > 0)
            }
            Self::Throttled { .. } => Some(429),
            Self::NotReached { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted { .. }
            | Self::Certificate { .. }
            | Self::SignIn(_)
            | Self::ForeignHost { .. }
            | Self::NoClient { .. }
            | Self::OtherRecord { .. } => None,
        }
    }

    /// Whether the user has to sign in again first.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        matches!(self, Self::SignIn(error) if error.needs_person())
    }

    /// Whether a differently worded query may help a read: the service rejected the query itself,
    /// not the account, the time or the connection.
    #[must_use]
    pub fn is_about_the_question(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.status != 407,
            Self::Fault { .. } | Self::NotUnderstood { .. } | Self::OtherRecord { .. } => true,
            Self::NotReached { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted { .. }
            | Self::Certificate { .. }
            | Self::SignIn(_)
            | Self::ForeignHost { .. }
            | Self::NoClient { .. }
            | Self::Unauthorized(_)
            | Self::Throttled { .. } => false,
        }
    }

    /// Whether the request may have changed something: decided only here, for words and retries.
    #[must_use]
    pub const fn effect(&self, verb: Verb) -> Effect {
        match verb {
            Verb::Read => Effect::NothingChanged,
            Verb::Submit => match self {
                // Not sent, or the service reports that it did nothing.
                Self::NotReached { .. }
                | Self::Certificate { .. }
                | Self::SignIn(_)
                | Self::ForeignHost { .. }
                | Self::NoClient { .. }
                | Self::Unauthorized(_)
                | Self::Refused(_)
                | Self::Throttled { .. } => Effect::NothingChanged,
                // Sent, without an answer from the service.
                Self::TimedOut { .. }
                | Self::Interrupted { .. }
                | Self::Fault { .. }
                | Self::OtherRecord { .. }
                | Self::NotUnderstood { .. } => Effect::Unknown,
            },
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::api) fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        let code = (!code.is_empty()).then(|| code.into());
        Refusal {
            status,
            code,
            message: message.into(),
            request_id: Some("|1d25001e.".into()),
        }
    }

    pub(in crate::api) fn fault(status: u16, retry_after: Option<Duration>) -> ApiError {
        ApiError::Fault {
            host: "api.example".into(),
            status,
            message: "".into(),
            request_id: None,
            retry_after,
        }
    }

    fn not_understood(status: u16, why: Unreadable) -> ApiError {
        ApiError::NotUnderstood {
            host: "api.example".into(),
            status,
            why,
            request_id: None,
        }
    }

    /// One of each error, except those of the sign-in.
    pub(in crate::api) fn one_of_each() -> Vec<(&'static str, ApiError)> {
        let host = || Box::from("api.example");
        vec![
            ("not reached", ApiError::NotReached { host: host() }),
            ("timed out", ApiError::TimedOut { host: host() }),
            ("interrupted", ApiError::Interrupted { host: host() }),
            ("certificate", ApiError::Certificate { host: host() }),
            ("foreign host", ApiError::ForeignHost { host: host() }),
            (
                "no client",
                ApiError::NoClient {
                    why: "no certificates".into(),
                },
            ),
            (
                "401",
                ApiError::Unauthorized(refusal(401, "Unauthorized", "")),
            ),
            (
                "400",
                ApiError::Refused(refusal(400, "ActiveRequestAlreadyExists", "")),
            ),
            ("403", ApiError::Refused(refusal(403, "Forbidden", ""))),
            ("404", ApiError::Refused(refusal(404, "", ""))),
            (
                "429",
                ApiError::Throttled {
                    retry_at: Timestamp::UNIX_EPOCH,
                },
            ),
            ("302", fault(302, None)),
            ("408", fault(408, None)),
            ("500", fault(500, None)),
            ("503", fault(503, None)),
            ("other record", ApiError::OtherRecord { came: "b2".into() }),
            ("empty", not_understood(200, Unreadable::Empty)),
            ("web page", not_understood(200, Unreadable::Html)),
            ("no JSON", not_understood(200, Unreadable::NotJson)),
            ("truncated", not_understood(200, Unreadable::Truncated)),
            ("too large", not_understood(200, Unreadable::TooLarge)),
            ("too slow", not_understood(200, Unreadable::TooSlow)),
            ("wrong shape", not_understood(200, Unreadable::WrongShape)),
            ("no id", not_understood(201, Unreadable::NoId)),
        ]
    }

    #[test]
    fn only_conclusive_errors_mean_nothing_changed() {
        let all = one_of_each();
        let with = |effect| -> Vec<&str> {
            all.iter()
                .filter(|(_, e)| e.effect(Verb::Submit) == effect)
                .map(|(name, _)| *name)
                .collect()
        };
        assert_eq!(
            with(Effect::NothingChanged),
            [
                "not reached",
                "certificate",
                "foreign host",
                "no client",
                "401",
                "400",
                "403",
                "404",
                "429"
            ]
        );
        assert_eq!(
            with(Effect::Unknown),
            [
                "timed out",
                "interrupted",
                "302",
                "408",
                "500",
                "503",
                "other record",
                "empty",
                "web page",
                "no JSON",
                "truncated",
                "too large",
                "too slow",
                "wrong shape",
                "no id"
            ]
        );
        assert!(
            all.iter()
                .all(|(_, e)| e.effect(Verb::Read) == Effect::NothingChanged)
        );
    }

    #[test]
    fn active_request_is_recognised_by_code() {
        assert!(refusal(400, "ActiveRequestAlreadyExists", "").is_active_request());
        assert!(!refusal(400, "BadRequest", "ActiveRequestAlreadyExists").is_active_request());
    }

    #[test]
    fn refusal_of_possible_duplicate_may_hide_active_request() {
        for (status, code) in [
            (400, "ActiveRequestAlreadyExists"),
            (400, "DuplicateRequest"),
            (400, "OsPlatformNotSupported"),
            (400, ""),
            (409, "Conflict"),
            (404, "Whatever"),
            (404, ""),
        ] {
            let refusal = refusal(status, code, "");
            assert!(refusal.may_hide_active_request(), "{status} {code}");
        }
        for (status, code) in [(403, "Forbidden"), (404, "ResourceNotFound"), (405, "")] {
            let refusal = refusal(status, code, "");
            assert!(!refusal.may_hide_active_request(), "{status} {code}");
        }
    }

    #[test]
    fn not_found_without_its_code_is_not_conclusive() {
        assert!(refusal(404, "ResourceNotFound", "").is_not_found());
        assert!(!refusal(404, "", "").is_not_found());
        assert!(!refusal(400, "NotFound", "").is_not_found());
    }

    #[test]
    fn required_permissions_are_parsed_from_message() {
        let names = |message: &str| -> Vec<String> {
            let required = refusal(403, "Forbidden", message).required_permissions();
            required.iter().map(|p| p.as_wire().to_owned()).collect()
        };
        assert_eq!(
            names(
                "Missing application roles. API required roles: Machine.Read.All,Machine.ReadWrite.All, application roles: Machine.Isolate."
            ),
            ["Machine.Read.All", "Machine.ReadWrite.All"]
        );
        assert_eq!(
            names(
                "Missing application scopes. API required scopes: Machine.Isolate, application scopes: Machine.Read."
            ),
            ["Machine.Isolate"]
        );
        assert_eq!(
            names("API required scopes: Machine.Scan."),
            ["Machine.Scan"]
        );
        assert!(names("User is not exposed to machine").is_empty());
        assert!(names("API required scopes: <b>x</b>").is_empty());
    }
}
