//! Why a sign-in or its renewal did not work, and the words for it.

use std::fmt;

use jiff::Timestamp;

use super::answer::numbers_in;
use crate::explain::{Effect, Explain, Explanation, NextStep};
use crate::model::clean;

/// Why a request to the sign-in host got no answer. Facts only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpFault {
    #[error("the host was not reached")]
    NotReached,
    /// Nothing has got through to the host.
    #[error("the proxy asks for a sign-in of its own")]
    ProxyRefuses,
    #[error("no answer in time")]
    TimedOut,
    #[error("the connection broke")]
    Interrupted,
    #[error("the host's certificate is not accepted")]
    Certificate,
    #[error("the answer is too large")]
    TooLarge,
}

/// A failure of signing in, renewing or signing out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The person said no in the browser.
    #[error("the sign-in was declined")]
    Declined,
    #[error("the code expired")]
    Expired,
    /// A device code works once, and its one success got lost on the way.
    #[error("the sign-in was approved, its answer got lost")]
    AnswerLost,
    /// A newer code was asked for, or somebody signed out meanwhile.
    #[error("the sign-in was replaced by another one")]
    Superseded,
    #[error("the browser did not come back")]
    NotBack,
    /// The browser door needs a port of this computer.
    #[error("no loopback port is free")]
    NoPort,
    /// Tokens that were made for another sign-in than this one.
    #[error("the answer belongs to another sign-in")]
    ForeignAnswer,
    #[error("nobody is signed in")]
    NotSignedIn,
    #[error("a personal account")]
    PersonalAccount,
    #[error("an account of another tenant")]
    OtherTenant,
    /// Only a person can go on: sign in again.
    #[error("{refusal}")]
    Interact { refusal: Box<Refusal> },
    /// The registration or a setting is wrong.
    #[error("{refusal}")]
    Config { refusal: Box<Refusal> },
    /// A policy says no, and signing in again does not help by itself.
    #[error("{refusal}")]
    Blocked { refusal: Box<Refusal> },
    /// The host asks for a pause.
    #[error("the sign-in host asks to wait until {until}")]
    Busy { until: Timestamp },
    #[error("sign-in host: {0}")]
    Unreachable(HttpFault),
    #[error("the sign-in host's answer (HTTP {status}) was not understood")]
    NotUnderstood { status: u16 },
    /// An answer of the protocol that lacks what a sign-in needs.
    #[error("the sign-in host's answer cannot be used")]
    Unusable,
    /// Signed out, and the saved sign-in could not be removed.
    #[error("the saved sign-in is still in the keyring: {reason}")]
    KeyringKept { reason: Box<str>, remedy: Box<str> },
}

/// What the sign-in host said (RFC 6749 section 5.2, and Entra's additions). All texts are cleaned.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sign-in host refused: {error} {numbers:?}")]
pub struct Refusal {
    pub status: u16,
    /// The contract; numbers and texts may change any day.
    pub error: Box<str>,
    pub suberror: Option<Box<str>>,
    /// AADSTS numbers: they choose words, and (with one list below) never what is done.
    pub numbers: Box<[u32]>,
    /// May name the person: for the screen, not for a log.
    pub description: Option<Box<str>>,
    pub correlation_id: Option<Box<str>>,
    pub timestamp: Option<Box<str>>,
    /// What the next sign-in has to bring along, if the host wants something particular.
    pub claims: Option<Box<str>>,
}

impl fmt::Debug for Refusal {
    // Without the description and the claims, which name people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status)
            .field("error", &self.error)
            .field("suberror", &self.suberror)
            .field("numbers", &self.numbers)
            .field("correlation_id", &self.correlation_id)
            .finish_non_exhaustive()
    }
}

impl Refusal {
    /// What the host told the browser, which passed it on (RFC 6749 section 4.1.2.1).
    pub(super) fn in_browser(error: &str, description: Option<&str>) -> Self {
        Self {
            status: 302,
            error: clean(error, 80).into(),
            suberror: None,
            numbers: description.map(numbers_in).unwrap_or_default().into(),
            description: description.map(|text| clean(text, 600).into()),
            correlation_id: None,
            timestamp: None,
            claims: None,
        }
    }

    pub(super) fn is_transient(&self) -> bool {
        matches!(&*self.error, "server_error" | "temporarily_unavailable")
    }

    /// The two words that keep a poll going (RFC 8628 section 3.5).
    pub(super) fn is_about_polling(&self) -> bool {
        matches!(&*self.error, "authorization_pending" | "slow_down")
    }

    /// Whether the saved sign-in is over for good. Everything else keeps it: a policy that says no
    /// at home may say yes in the office.
    pub(super) fn ends_saved_sign_in(&self) -> bool {
        matches!(
            self.suberror.as_deref(),
            Some("bad_token" | "token_expired")
        ) || self
            .numbers
            .iter()
            .any(|n| matches!(n, 50_173 | 700_082 | 70_043 | 70_008 | 530_036))
    }

    /// The host saw a loop of identical requests: nothing automatic until a person acts.
    pub(super) fn is_loop(&self) -> bool {
        self.numbers.contains(&50_196)
    }

    /// Whether it can mean "this device code was already used", and not a policy.
    pub(super) fn may_be_used_code(&self) -> bool {
        matches!(&*self.error, "invalid_grant" | "bad_verification_code")
            && self
                .numbers
                .iter()
                .all(|n| matches!(n, 54_005 | 70_000 | 70_008 | 70_018 | 70_019))
    }

    /// By `error`, then `suberror`; never by number.
    pub(super) fn into_error(self: Box<Self>) -> AuthError {
        let refusal = self;
        match (&*refusal.error, refusal.suberror.as_deref()) {
            ("invalid_grant", Some("client_mismatch" | "protection_policy_required"))
            | ("access_denied", _) => AuthError::Blocked { refusal },
            (
                "invalid_grant" | "interaction_required" | "login_required" | "consent_required",
                _,
            ) => AuthError::Interact { refusal },
            _ => AuthError::Config { refusal },
        }
    }

    fn help(&self) -> Option<(&'static str, NextStep)> {
        self.numbers.iter().find_map(|&number| help(number))
    }

    fn explain(&self, headline: &str, next: NextStep) -> Explanation {
        let (headline, next) = self.help().unwrap_or((headline, next));
        let mut details = vec![format!("Error: {} (HTTP {})", self.error, self.status)];
        if !self.numbers.is_empty() {
            let numbers: Vec<_> = self.numbers.iter().map(|n| format!("AADSTS{n}")).collect();
            details.push(format!("Numbers: {}", numbers.join(", ")));
        }
        let more = [
            ("Kind", &self.suberror),
            ("Correlation id", &self.correlation_id),
            ("Time", &self.timestamp),
            ("The sign-in host says", &self.description),
        ];
        details.extend(
            more.into_iter()
                .filter_map(|(name, value)| Some(format!("{name}: {}", value.as_ref()?))),
        );
        Explanation {
            headline: headline.into(),
            effect: Effect::NothingChanged,
            next,
            details,
        }
    }
}

/// Words for the numbers met most. From Microsoft's list of AADSTS error codes.
fn help(number: u32) -> Option<(&'static str, NextStep)> {
    let outside = |words: &str| NextStep::Outside(words.into());
    Some(match number {
        50_072 | 50_074 | 50_076 | 50_078 | 50_079 => (
            "Your organisation asks for another sign-in step",
            NextStep::SignIn,
        ),
        50_173 => (
            "Your sign-in was revoked, for example by a new password",
            NextStep::SignIn,
        ),
        50_089 | 50_132 | 50_133 | 70_000 | 70_008 => ("Your sign-in has ended", NextStep::SignIn),
        700_082 => (
            "Your sign-in was not used for a long time and has ended",
            NextStep::SignIn,
        ),
        70_043 => (
            "Your organisation asks you to sign in again from time to time",
            NextStep::SignIn,
        ),
        70_018..=70_020 => ("The code is no longer valid", NextStep::SignIn),
        530_036 => (
            "Your organisation does not allow signing in with a code",
            outside("Sign in with the browser instead"),
        ),
        53_003 | 530_032 | 530_035 => (
            "A policy of your organisation blocks this sign-in",
            outside(
                "Try the browser instead of a code; else ask an administrator, the details name the attempt",
            ),
        ),
        530_033 | 53_000 | 53_001 | 50_097 | 50_129 | 50_131 => (
            "Your organisation allows this only from a managed device",
            outside("Sign in with the browser of a managed device"),
        ),
        53_011 | 530_034 => (
            "Your organisation judged this sign-in to be risky",
            outside("Ask an administrator to look at the sign-in"),
        ),
        65_001 | 90_094 | 90_095 => (
            "An administrator has not yet approved this application's permissions",
            outside("Ask an administrator to grant consent to this application"),
        ),
        65_004 => (
            "The permissions were not accepted in the browser",
            NextStep::SignIn,
        ),
        650_056 | 650_057 | 65_005 => (
            "The application's registration lacks a permission",
            outside("Ask an administrator to add the Defender permissions to the registration"),
        ),
        500_011 | 650_052 => (
            "Defender for Endpoint is not available in this tenant",
            outside("Check the tenant and the cloud in the settings"),
        ),
        50_105 => (
            "You are not assigned to this application",
            outside("Ask an administrator to assign you to it"),
        ),
        50_020 | 50_034 | 50_014 | 90_072 | 16_000 | 51_004 => (
            "This account does not belong to the tenant",
            NextStep::SignIn,
        ),
        50_057 => ("This account is disabled", outside("Ask an administrator")),
        50_053 => (
            "This account is locked",
            outside("Wait some minutes, or ask an administrator"),
        ),
        50_055 | 50_144 => (
            "The password has expired",
            outside("Change it, then sign in again"),
        ),
        700_016 | 70_001 | 7_000_112 => (
            "The application is not known in this tenant, or is disabled",
            outside("Check the client id, the tenant and the cloud in the settings"),
        ),
        7_000_218 => (
            "The application is not registered as a public client",
            outside("Ask an administrator to allow public client flows in its registration"),
        ),
        90_002 | 900_023 | 50_059 | 50_194 | 90_038 => (
            "The tenant was not found",
            outside("Check the tenant and the cloud in the settings"),
        ),
        28_000 | 700_022 | 70_011 => (
            "The permissions asked for do not fit together",
            outside("Check the application's registration and the cloud in the settings"),
        ),
        500_021 | 500_212 | 500_213 | 50_002 => (
            "This network or your organisation does not allow this tenant",
            outside("Ask an administrator about tenant restrictions"),
        ),
        50_196 => (
            "The sign-in host has seen the same request too often",
            NextStep::SignIn,
        ),
        54_005 => ("The code was already used", NextStep::SignIn),
        _ => return None,
    })
}

impl Explain for AuthError {
    fn explain(&self) -> Explanation {
        let say = Explanation::harmless;
        let mut explanation = match self {
            Self::Declined => say("The sign-in was declined in the browser", NextStep::SignIn),
            Self::Expired => say("The code has expired", NextStep::SignIn),
            Self::AnswerLost => say(
                "The sign-in was approved but the answer did not arrive, start again",
                NextStep::SignIn,
            ),
            Self::Superseded => say("This sign-in was replaced by another one", NextStep::None),
            Self::NotBack => say(
                "The browser did not come back within five minutes",
                NextStep::Outside(
                    "Look there for what it says: an unknown reply address is shown only in the browser. Or sign in with a code"
                        .into(),
                ),
            ),
            Self::NoPort => say(
                "This computer gives the browser no port to come back to",
                NextStep::Outside("Sign in with a code".into()),
            ),
            Self::ForeignAnswer => say(
                "The answer belongs to another sign-in, start again",
                NextStep::SignIn,
            ),
            Self::NotSignedIn => say("Nobody is signed in", NextStep::SignIn),
            Self::PersonalAccount => say(
                "That was a personal account: use a work account",
                NextStep::SignIn,
            ),
            Self::OtherTenant => say(
                "That account belongs to another tenant than the one that was set",
                NextStep::SignIn,
            ),
            Self::Interact { refusal } => {
                return refusal.explain("Your sign-in is no longer valid", NextStep::SignIn);
            }
            Self::Config { refusal } => {
                return refusal.explain(
                    "The sign-in host does not accept this application's request",
                    NextStep::Outside(
                        "Check the tenant, the client id and the registration".into(),
                    ),
                );
            }
            Self::Blocked { refusal } => {
                return refusal.explain(
                    "Your organisation does not allow this sign-in",
                    NextStep::Outside("Ask an administrator; the details name the attempt".into()),
                );
            }
            Self::Busy { until } => say(
                "The sign-in host asks for a pause",
                NextStep::Wait { until: *until },
            ),
            Self::Unreachable(HttpFault::Certificate) => say(
                "The certificate of the sign-in host is not accepted",
                NextStep::Outside(
                    "Check this computer's clock. If your organisation's proxy reads the traffic, its root certificate has to be in the certificate store of this system; the check cannot be switched off"
                        .into(),
                ),
            ),
            Self::Unreachable(HttpFault::TimedOut | HttpFault::Interrupted) => {
                say("The sign-in host did not answer", NextStep::TryAgain)
            }
            Self::Unreachable(HttpFault::NotReached) => {
                say("Could not reach the sign-in host", NextStep::TryAgain)
            }
            Self::Unreachable(HttpFault::ProxyRefuses) | Self::NotUnderstood { status: 407 } => say(
                "A proxy on the way asks for a sign-in of its own",
                NextStep::Outside(
                    "Ask whoever runs the network: cordon uses the proxy of this system's settings and has no password for it"
                        .into(),
                ),
            ),
            Self::NotUnderstood {
                status: 200..=399 | 511,
            } => say(
                "Something on the way answered instead of the sign-in host",
                NextStep::Outside(
                    "A guest network may want you to sign in to it first, or a proxy has stepped in: open any page in a browser and see, then try again"
                        .into(),
                ),
            ),
            Self::Unreachable(HttpFault::TooLarge)
            | Self::NotUnderstood { .. }
            | Self::Unusable => say(
                "The sign-in host's answer was not understood",
                NextStep::TryAgain,
            ),
            Self::KeyringKept { reason, remedy } => {
                let mut kept = say(
                    "You are signed out, but the saved sign-in is still on this computer",
                    NextStep::Outside(remedy.clone()),
                );
                kept.details.push(reason.to_string());
                return kept;
            }
        };
        explanation.details.push(self.to_string());
        explanation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::unnecessary_box_returns,
        reason = "as the answers' reader hands it over"
    )]
    fn refusal(error: &str, suberror: Option<&str>, numbers: &[u32]) -> Box<Refusal> {
        Box::new(Refusal {
            status: 400,
            error: error.into(),
            suberror: suberror.map(Into::into),
            numbers: numbers.into(),
            description: Some("AADSTS1: ada@contoso.example".into()),
            correlation_id: Some("c-1".into()),
            timestamp: None,
            claims: None,
        })
    }

    #[test]
    fn the_error_decides_and_the_number_words_it() {
        let interact = refusal("invalid_grant", None, &[50_076]).into_error();
        assert!(matches!(interact, AuthError::Interact { .. }));
        let explained = interact.explain();
        assert_eq!(
            explained.headline,
            "Your organisation asks for another sign-in step"
        );
        assert_eq!(explained.next, NextStep::SignIn);
        assert!(explained.details.iter().any(|line| line.contains("c-1")));
        let unknown = refusal("invalid_grant", None, &[1]).into_error().explain();
        assert_eq!(unknown.headline, "Your sign-in is no longer valid");
        assert!(matches!(
            refusal("invalid_grant", Some("client_mismatch"), &[]).into_error(),
            AuthError::Blocked { .. }
        ));
        assert!(matches!(
            refusal("new_word", None, &[]).into_error(),
            AuthError::Config { .. }
        ));
    }

    #[test]
    fn only_conclusive_answers_end_the_saved_sign_in() {
        for number in [50_173, 700_082, 70_043, 70_008, 530_036] {
            assert!(refusal("invalid_grant", None, &[number]).ends_saved_sign_in());
        }
        assert!(refusal("invalid_grant", Some("bad_token"), &[]).ends_saved_sign_in());
        for number in [50_076, 53_003, 65_001, 50_057, 700_016] {
            assert!(
                !refusal("invalid_grant", Some("basic_action"), &[number]).ends_saved_sign_in()
            );
        }
    }

    #[test]
    fn what_may_be_logged_names_nobody() {
        let error = refusal("invalid_grant", None, &[]).into_error();
        assert!(!format!("{error:?} {error}").contains("ada@"));
    }
}
