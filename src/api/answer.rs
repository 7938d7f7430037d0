//! Classification of responses by status, and of missing responses.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::error::{ApiError, Refusal, Unreadable};
use super::rate_limit::{later, pause_secs};
use super::transport::{Answer, Ending};
use super::wire;
use crate::auth::HttpFault;
use crate::model::http_date;

impl Answer {
    /// The service's clock.
    pub(super) fn date(&self) -> Option<Timestamp> {
        self.date.as_deref().and_then(http_date)
    }

    /// The body of a complete 2xx response; everything else is an error.
    pub(super) fn body(&self, url: &Url, now: Timestamp) -> Result<&[u8], ApiError> {
        let pause = || pause_secs(self.quota, self.retry_after.as_deref(), self.date(), now);
        match self.status {
            200..300 => match self.ending {
                Ending::Whole => Ok(&self.body),
                Ending::TooLarge => Err(self.not_understood(url, Unreadable::TooLarge)),
                Ending::TooSlow => Err(self.not_understood(url, Unreadable::TooSlow)),
                Ending::BrokenOff => Err(self.not_understood(url, Unreadable::Truncated)),
            },
            401 => Err(ApiError::Unauthorized(self.refusal())),
            429 => Err(ApiError::Throttled {
                retry_at: later(now, pause()),
            }),
            407 => Err(ApiError::Refused(self.refusal())),
            // A 408 or an HTML page comes from an intermediary, which may already have forwarded
            // the request. The service itself responds with JSON or an empty body.
            400..=406 | 409..500 if !self.body.trim_ascii_start().starts_with(b"<") => {
                Err(ApiError::Refused(self.refusal()))
            }
            _ => {
                let Refusal {
                    message,
                    request_id,
                    ..
                } = self.refusal();
                let retry_after = self
                    .retry_after
                    .is_some()
                    .then(|| Duration::from_secs(u64::try_from(pause()).unwrap_or_default()));
                Err(ApiError::Fault {
                    host: host(url),
                    status: self.status,
                    message,
                    request_id,
                    retry_after,
                })
            }
        }
    }

    pub(super) fn not_understood(&self, url: &Url, why: Unreadable) -> ApiError {
        let request_id = self.clean_request_id();
        ApiError::NotUnderstood {
            host: host(url),
            status: self.status,
            why,
            request_id,
        }
    }

    fn refusal(&self) -> Refusal {
        let said = wire::error_body(&self.body);
        Refusal {
            status: self.status,
            code: said.code,
            message: said.message,
            request_id: said.target.or_else(|| self.clean_request_id()),
        }
    }

    fn clean_request_id(&self) -> Option<Box<str>> {
        self.request_id
            .as_deref()
            .map(|id| crate::model::clean(id, 64).into())
    }
}

/// The error for a missing response.
pub(super) fn no_answer(fault: &HttpFault, url: &Url) -> ApiError {
    let host = host(url);
    match fault {
        HttpFault::NotReached | HttpFault::ScriptNotRun | HttpFault::ProxyRefuses => {
            ApiError::NotReached { host }
        }
        HttpFault::TimedOut => ApiError::TimedOut { host },
        HttpFault::Interrupted => ApiError::Interrupted { host },
        HttpFault::Certificate => ApiError::Certificate { host },
        HttpFault::TooLarge => ApiError::NotUnderstood {
            host,
            status: 0,
            why: Unreadable::TooLarge,
            request_id: None,
        },
    }
}

pub(super) fn host(url: &Url) -> Box<str> {
    url.host_str().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rate_limit::Quota;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            date: None,
            retry_after: None,
            quota: Quota::Common,
            challenges: Vec::new(),
            request_id: Some("8d39c870".into()),
            body: body.into(),
            ending: Ending::Whole,
        }
    }

    fn error_of(answer: &Answer) -> ApiError {
        let url = Url::parse("https://api.example/api/machines").expect("a literal address");
        answer
            .body(&url, Timestamp::UNIX_EPOCH)
            .expect_err("an error")
    }

    #[test]
    fn each_recorded_error_is_classified_by_status_and_code() {
        let samples: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/errors.json")).expect("JSON");
        let reported: Vec<String> = samples
            .as_array()
            .expect("a list")
            .iter()
            .filter(|sample| sample["status"] != 200)
            .map(|sample| {
                let status = sample["status"]
                    .as_u64()
                    .and_then(|s| u16::try_from(s).ok())
                    .expect("a status");
                let body = match sample["body_text"].as_str() {
                    Some(text) => text.to_owned(),
                    None => sample["body"].to_string(),
                };
                let mut answer = answer(status, &body);
                answer.retry_after = sample["headers"]["Retry-After"].as_str().map(Box::from);
                error_of(&answer).to_string()
            })
            .collect();
        assert_eq!(
            reported,
            [
                "refused: 404 ResourceNotFound",
                "refused: 400 InvalidRequestBody",
                "refused: 400 BadRequest",
                "refused: 400 BadRequest",
                "refused: 400 InvalidInput",
                "refused: 400 ActiveRequestAlreadyExists",
                "refused: 403 Forbidden",
                "not authorized: 401 Unauthorized",
                "not authorized: 401 Unauthorized",
                "the service asks for a pause until 1970-01-01T00:00:26Z",
                "api.example answered 500",
                "refused: 400 OsPlatformNotSupported",
                "refused: 400 ClientVersionNotSupported",
                "refused: 400 MissingRequiredParameter",
                "refused: 405",
                "refused: 404",
                "api.example answered 502",
                "refused: 400",
            ]
        );
    }

    #[test]
    fn refusal_with_unreadable_body_stays_a_refusal() {
        for body in [
            "",
            "{\"error\":{\"code\":7}}",
            "{\"error\":",
            "[[[[",
            "null",
            "{\"error\":null}",
        ] {
            let mut answer = answer(403, body);
            answer.ending = Ending::BrokenOff;
            let ApiError::Refused(refusal) = error_of(&answer) else {
                panic!("{body}")
            };
            assert_eq!(
                (refusal.code, refusal.request_id.as_deref()),
                (None, Some("8d39c870")),
                "{body}"
            );
        }
    }

    #[test]
    fn html_page_is_a_fault_unless_authentication_is_required() {
        for status in [400, 403, 404, 409] {
            let page = answer(status, " <html><body>Blocked</body></html>");
            assert!(
                matches!(error_of(&page), ApiError::Fault { .. }),
                "{status}"
            );
        }
        assert!(matches!(
            error_of(&answer(407, "<html>")),
            ApiError::Refused(_)
        ));
        assert!(matches!(
            error_of(&answer(401, "<html>")),
            ApiError::Unauthorized(_)
        ));
    }

    #[test]
    fn unexpected_statuses_are_faults() {
        for status in [100, 301, 307, 408, 500, 599, 999] {
            assert!(
                matches!(error_of(&answer(status, "")), ApiError::Fault { .. }),
                "{status}"
            );
        }
    }

    #[test]
    fn incomplete_success_body_is_not_understood() {
        for (ending, why) in [
            (Ending::TooLarge, Unreadable::TooLarge),
            (Ending::TooSlow, Unreadable::TooSlow),
            (Ending::BrokenOff, Unreadable::Truncated),
        ] {
            let mut answer = answer(201, "{\"id\":\"a\"}");
            answer.ending = ending;
            assert!(
                matches!(error_of(&answer), ApiError::NotUnderstood { why: w, .. } if w == why)
            );
        }
    }
}
