//! An [`ApiError`] in words.

use super::error::{ApiError, Refusal, Unreadable, Verb};
use crate::explain::{
    ANSWERED_ON_THE_WAY, Effect, Explain, Explanation, NO_LICENCE, NextStep, PROXY_WANTS_SIGN_IN,
    SIGN_IN_NOT_ACCEPTED, outside,
};
use crate::model::{Permission, RefusalCode, clean};

/// The request's purpose, as used in a sentence.
struct Request<'a> {
    verb: Verb,
    /// `isolate FIN-LT-042`, `read the list of devices`.
    task: String,
    /// The machine's name, or words in its place.
    machine: String,
    permission: Option<&'a Permission>,
}

impl ApiError {
    /// Explains this error of a request to `infinitive` (`isolate`, `read`) the named machine.
    #[must_use]
    pub fn explain_for(
        &self,
        verb: Verb,
        infinitive: &str,
        machine: Option<&str>,
        permission: Option<&Permission>,
    ) -> Explanation {
        let machine = machine.map(|name| clean(name, 64));
        let task = match (&machine, verb) {
            (None, Verb::Read) => infinitive.to_owned(),
            (name, Verb::Read | Verb::Submit) => {
                format!("{infinitive} {}", name.as_deref().unwrap_or("this device"))
            }
        };
        self.words(&Request {
            verb,
            task,
            machine: machine.unwrap_or("this device".into()).into_owned(),
            permission,
        })
    }

    fn words(&self, request: &Request<'_>) -> Explanation {
        if let Self::SignIn(error) = self {
            // Nothing was sent, regardless of the sign-in error.
            return Explanation {
                effect: self.effect(request.verb),
                ..error.explain()
            };
        }
        let effect = self.effect(request.verb);
        let (headline, next) = match effect {
            Effect::NothingChanged | Effect::Changed => self.headline(request),
            Effect::Unknown => (
                match self.status() {
                    Some(status) => format!(
                        "The answer about {} does not say whether it was done ({status})",
                        request.machine
                    ),
                    None => format!("No answer about {}", request.machine),
                },
                NextStep::Outside("Wait: it is being looked up. Do not repeat it".into()),
            ),
        };
        let mut details = self.details();
        details.push(format!("Attempted: {}", request.task));
        Explanation {
            headline,
            effect,
            next,
            details,
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    fn headline(&self, request: &Request<'_>) -> (String, NextStep) {
        match self {
            Self::NotReached { .. } => (
                "Could not reach the Defender service".into(),
                NextStep::TryAgain,
            ),
            Self::TimedOut { .. } => (
                "The Defender service did not answer in time".into(),
                NextStep::TryAgain,
            ),
            Self::Interrupted { .. } => (
                "The connection to the Defender service was lost".into(),
                NextStep::TryAgain,
            ),
            Self::Certificate { .. } => (
                "The connection to the Defender service is not trusted".into(),
                outside("Check this computer's clock, and whether a proxy replaces certificates"),
            ),
            Self::SignIn(_) | Self::ForeignHost { .. } => (
                "Your sign-in is not meant for this service".into(),
                NextStep::SignIn,
            ),
            Self::NoClient { .. } => (
                "Secure connections cannot be set up on this computer".into(),
                outside("Check the computer's certificate store, then start again"),
            ),
            Self::Unauthorized(refusal) if refusal.concerns_licence() => licence(),
            Self::Unauthorized(_) => (SIGN_IN_NOT_ACCEPTED.into(), NextStep::SignIn),
            Self::Refused(refusal) => refusal.headline(request),
            Self::Throttled { retry_at } => (
                "The service asks for a pause".into(),
                NextStep::Wait { until: *retry_at },
            ),
            Self::Fault {
                status: 300..500, ..
            }
            | Self::NotUnderstood {
                why: Unreadable::Html,
                ..
            } => (
                ANSWERED_ON_THE_WAY.into(),
                outside("Check the network's proxy or sign-in page, then try again"),
            ),
            Self::Fault {
                status: status @ 502..=504,
                ..
            } => (
                // A proxy also answers like this, for itself or its upstream.
                format!(
                    "There is a problem at Defender, or at a proxy on the way to it ({status})"
                ),
                NextStep::TryAgain,
            ),
            Self::Fault { .. } => (
                "The Defender service has a problem".into(),
                NextStep::TryAgain,
            ),
            Self::NotUnderstood {
                why: Unreadable::TooSlow,
                ..
            } => (
                "The connection is too slow: less than a kilobyte a second arrived from Defender"
                    .into(),
                NextStep::TryAgain,
            ),
            Self::OtherRecord { came } => {
                let came = clean(came, 64);
                (
                    format!("The service returned another record: {came}"),
                    NextStep::Outside(format!("Search for {came} and check that record").into()),
                )
            }
            Self::NotUnderstood { .. } => (
                "The Defender service's answer could not be read".into(),
                NextStep::TryAgain,
            ),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::NotReached { host }
            | Self::TimedOut { host }
            | Self::Interrupted { host }
            | Self::Certificate { host }
            | Self::ForeignHost { host } => vec![format!("Host: {host}")],
            Self::SignIn(_) | Self::OtherRecord { .. } => Vec::new(),
            Self::NoClient { why } => vec![clean(why, 400).into_owned()],
            Self::Unauthorized(refusal) | Self::Refused(refusal) => refusal.details(),
            Self::Throttled { .. } => vec!["Status: 429".to_owned()],
            Self::Fault {
                host,
                status,
                message,
                request_id,
                ..
            } => {
                let answered = [format!("Host: {host}"), format!("Status: {status}")];
                answered
                    .into_iter()
                    .chain(said(message, request_id.as_deref()))
                    .collect()
            }
            Self::NotUnderstood {
                host,
                status,
                why,
                request_id,
            } => {
                let answered = [
                    format!("Host: {host}"),
                    format!("Status: {status}"),
                    format!("The answer could not be read: {why}"),
                ];
                answered
                    .into_iter()
                    .chain(said("", request_id.as_deref()))
                    .collect()
            }
        }
    }
}

fn licence() -> (String, NextStep) {
    let next = "Ask an administrator about the licence; a new sign-in does not help";
    (NO_LICENCE.into(), outside(next))
}

/// The service's message and the request id for support.
fn said(message: &str, request_id: Option<&str>) -> impl Iterator<Item = String> {
    let message = Some(message).filter(|message| !message.is_empty());
    let message = message.map(|message| format!("The service says: {message}"));
    let request_id = request_id.map(|id| format!("Request id: {id}"));
    message.into_iter().chain(request_id)
}

impl Refusal {
    fn headline(&self, request: &Request<'_>) -> (String, NextStep) {
        let Request { task, machine, .. } = request;
        if self.concerns_licence() {
            return licence();
        }
        if self.is_active_request() {
            return (
                format!("{machine} already has an action of this kind under way"),
                outside("Check the action already in progress"),
            );
        }
        match (self.status, self.known_code()) {
            (403, Some(RefusalCode::DisabledFeature)) => (
                "This is switched off in your tenant".into(),
                outside("Ask an administrator to switch it on in the Defender portal"),
            ),
            (403, Some(RefusalCode::DisallowedOperation)) => {
                (format!("The service lets no one {task}"), NextStep::None)
            }
            (403, _) => (
                format!("You are not allowed to {task}"),
                match request
                    .permission
                    .cloned()
                    .or_else(|| self.required_permissions().into_iter().next())
                {
                    Some(permission) => NextStep::AskForPermission(permission),
                    None => outside(
                        "Ask an administrator for the permission, or for access to the device's group",
                    ),
                },
            ),
            (404, _) if self.is_not_found() => (
                format!("The service does not know {machine}"),
                outside("It may have been removed, or lie outside the device groups you can see"),
            ),
            (407, _) => (
                PROXY_WANTS_SIGN_IN.into(),
                outside("Ask your network team to let this computer through"),
            ),
            (_, Some(RefusalCode::OsPlatformNotSupported)) => (
                format!("The operating system of {machine} does not support this action"),
                NextStep::None,
            ),
            (_, Some(RefusalCode::ClientVersionNotSupported)) => (
                format!("The Defender sensor on {machine} is too old for this action"),
                outside("Have the sensor updated"),
            ),
            (_, Some(RefusalCode::InvalidHashValue)) => (
                "The service does not accept this hash".into(),
                outside("Check the SHA-1 of the file"),
            ),
            _ => (format!("The service refused to {task}"), NextStep::None),
        }
    }

    fn details(&self) -> Vec<String> {
        let status = format!("Status: {self}");
        std::iter::once(status)
            .chain(said(&self.message, self.request_id.as_deref()))
            .collect()
    }
}

impl Explain for ApiError {
    /// Words for a read without a target; see [`ApiError::explain_for`].
    fn explain(&self) -> Explanation {
        self.explain_for(Verb::Read, "read this", None, None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::tests::{fault, one_of_each, refusal};
    use super::*;

    fn isolating(error: &ApiError) -> Explanation {
        error.explain_for(
            Verb::Submit,
            "isolate",
            Some("FIN-LT-042"),
            Some(&Permission::MachineIsolate),
        )
    }

    #[test]
    fn refusal_names_device_and_permission() {
        let words = isolating(&ApiError::Refused(refusal(403, "Forbidden", "")));
        assert_eq!(words.headline, "You are not allowed to isolate FIN-LT-042");
        assert_eq!(words.effect, Effect::NothingChanged);
        assert_eq!(
            words.next,
            NextStep::AskForPermission(Permission::MachineIsolate)
        );
        assert_eq!(
            words.details,
            [
                "Status: 403 Forbidden",
                "Request id: |1d25001e.",
                "Attempted: isolate FIN-LT-042"
            ]
        );
    }

    #[test]
    fn unanswered_submission_does_not_suggest_retry() {
        let words = isolating(&fault(502, None));
        assert_eq!(
            words.headline,
            "The answer about FIN-LT-042 does not say whether it was done (502)"
        );
        let lost = isolating(&ApiError::Interrupted {
            host: "api.example".into(),
        });
        assert_eq!(lost.headline, "No answer about FIN-LT-042");
        assert_eq!(words.effect, Effect::Unknown);
        assert_ne!(words.next, NextStep::TryAgain);
    }

    #[test]
    fn missing_licence_is_not_reported_as_sign_in_problem() {
        let message = "Unauthorized request - reason of failure: Account mode is inactive";
        let words = isolating(&ApiError::Unauthorized(refusal(
            401,
            "Unauthorized",
            message,
        )));
        assert_eq!(
            words.headline,
            "Your organization's Defender licence does not cover this"
        );
        assert_ne!(words.next, NextStep::SignIn);
        let words = isolating(&ApiError::Unauthorized(refusal(401, "Unauthorized", "")));
        assert_eq!(words.next, NextStep::SignIn);
    }

    #[test]
    fn gateway_error_mentions_proxy_and_request() {
        let reading = |status| {
            fault(status, None).explain_for(Verb::Read, "read the list of devices", None, None)
        };
        let words = reading(502);
        assert_eq!(
            words.headline,
            "There is a problem at Defender, or at a proxy on the way to it (502)"
        );
        let request = "Attempted: read the list of devices".to_owned();
        assert!(words.details.contains(&request), "{:?}", words.details);
        assert_eq!(reading(500).headline, "The Defender service has a problem");
    }

    #[test]
    fn refusal_with_unknown_code_quotes_service_message() {
        let words = isolating(&ApiError::Refused(refusal(
            400,
            "SomethingNew",
            "Not on Tuesdays",
        )));
        assert_eq!(words.headline, "The service refused to isolate FIN-LT-042");
        assert!(
            words
                .details
                .contains(&"The service says: Not on Tuesdays".to_owned())
        );
    }

    #[test]
    fn bidi_characters_in_device_name_are_escaped() {
        let error = ApiError::Refused(refusal(404, "ResourceNotFound", ""));
        let words = error.explain_for(Verb::Read, "read", Some("a\u{202e}b"), None);
        assert_eq!(words.headline, "The service does not know a\\u{202e}b");
    }

    #[test]
    fn explanation_of_each_error_matches_its_effect() {
        for (name, error) in one_of_each() {
            let words = isolating(&error);
            assert_eq!(words.effect, error.effect(Verb::Submit), "{name}");
            assert!(
                !words.headline.is_empty() && !words.headline.ends_with('.'),
                "{name}"
            );
            assert!(!error.explain().headline.is_empty(), "{name}");
        }
    }
}
