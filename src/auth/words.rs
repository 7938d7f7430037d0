//! Sign-in and renewal errors in words.

use super::error::{AuthError, ErrorResponse, HttpFault};
use crate::explain::{Effect, Explain, Explanation, NextStep, PROXY_WANTS_SIGN_IN, outside};

impl ErrorResponse {
    fn help(&self) -> Option<(&'static str, NextStep)> {
        let numbers = self.numbers.iter();
        let mut apply = numbers.filter(|&&number| !self.is_of_sign_in || !speaks_of_end(number));
        apply.find_map(|&number| help(number))
    }

    fn concerns_consent(&self) -> bool {
        let is_about = |n: &u32| matches!(n, 65_001 | 90_094 | 90_095 | 650_056 | 650_057 | 65_005);
        self.numbers.iter().any(is_about)
    }

    fn explain(&self, headline: &str, next: NextStep) -> Explanation {
        let (headline, mut next) = self.help().unwrap_or((headline, next));
        if self.is_repeated && next == NextStep::SignIn {
            next = outside(
                "The same refusal came twice in a row, so signing in again will not change it. Ask an administrator; include the details below",
            );
        }
        let mut details = vec![format!("Error: {} (HTTP {})", self.error, self.status)];
        if !self.numbers.is_empty() {
            let numbers: Vec<_> = self.numbers.iter().map(|n| format!("AADSTS{n}")).collect();
            details.push(format!("Numbers: {}", numbers.join(", ")));
        }
        let more = [
            ("Permissions asked for", &self.asked),
            ("Kind", &self.suberror),
            ("Correlation id", &self.correlation_id),
            ("Time", &self.timestamp),
            ("The sign-in host says", &self.description),
        ];
        details.extend(
            more.into_iter()
                .filter_map(|(name, value)| Some(format!("{name}: {}", value.as_ref()?))),
        );
        let mut headline = headline.to_owned();
        if let (Some(asked), true) = (&self.asked, self.concerns_consent()) {
            headline.push_str(": ");
            headline.push_str(asked);
        }
        Explanation {
            headline,
            effect: Effect::NothingChanged,
            next,
            details,
        }
    }
}

/// Numbers whose words mention the end of an earlier sign-in; an interactive sign-in has none.
const fn speaks_of_end(number: u32) -> bool {
    matches!(number, 50_089 | 50_132 | 50_133 | 70_000 | 70_008 | 700_082)
}

/// Words for the most frequent numbers. From Microsoft's list of AADSTS error codes.
#[expect(
    clippy::too_many_lines,
    reason = "a list of cases reads best in one piece"
)]
fn help(number: u32) -> Option<(&'static str, NextStep)> {
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
                "Try the browser instead of a code; else ask an administrator and include the details below",
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
        530_084 => (
            "Your organisation requires token protection, which cordon cannot provide",
            outside(
                "Signing in again does not help. Ask an administrator to exclude this application from the Conditional Access policy that requires it",
            ),
        ),
        5_000_224 | 5_000_225 => (
            "Microsoft has blocked this tenant because it was not used",
            outside(
                "Signing in again does not help. An administrator of the tenant has to ask Microsoft support to reactivate it, within 20 days of the block",
            ),
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
        _ => return registration_help(number),
    })
}

/// Words for the numbers that concern the application, the tenant or the network.
fn registration_help(number: u32) -> Option<(&'static str, NextStep)> {
    Some(match number {
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
            "The requested permissions do not go together",
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

/// Explanation of a missing or foreign response of the sign-in host.
fn no_answer(error: &AuthError) -> Explanation {
    let say = |headline: &str, next| Explanation::harmless(headline, next);
    if let AuthError::NotUnderstood {
        status: 200..=399 | 511,
    } = error
    {
        return say(
            "A proxy or gateway answered instead of the sign-in host",
            outside(
                "A guest network may want you to sign in to it first, or a proxy may have answered: open any page in a browser to check, then try again",
            ),
        );
    }
    if let AuthError::NotUnderstood {
        status: 408 | 429 | 500..=599,
    } = error
    {
        return say("The sign-in host is busy or down", NextStep::TryAgain);
    }
    let fault = if let AuthError::Unreachable(fault) = error {
        fault
    } else if *error == (AuthError::NotUnderstood { status: 407 }) {
        &HttpFault::ProxyRefuses
    } else {
        &HttpFault::TooLarge
    };
    match fault {
        HttpFault::Certificate => say(
            "The certificate of the sign-in host is not accepted",
            outside(
                "Check this computer's clock. If your organisation's proxy reads the traffic, its root certificate has to be in the certificate store of this system; the check cannot be switched off",
            ),
        ),
        HttpFault::TimedOut | HttpFault::Interrupted => {
            say("The sign-in host did not answer", NextStep::TryAgain)
        }
        HttpFault::NotReached => say("Could not reach the sign-in host", NextStep::TryAgain),
        HttpFault::ScriptNotRun => say(
            "Could not reach the sign-in host: a proxy script (PAC) is set, and cordon does not run it",
            outside(
                "Ask your network team which proxy the script names, set HTTPS_PROXY to http://HOST:PORT, and start cordon again",
            ),
        ),
        HttpFault::ProxyRefuses => say(
            PROXY_WANTS_SIGN_IN,
            outside(
                "Ask your network team: cordon uses the proxy of this system's settings and has no password for it",
            ),
        ),
        HttpFault::TooLarge => say(
            "The sign-in host's answer was not understood",
            NextStep::TryAgain,
        ),
    }
}

impl AuthError {
    /// Explanation of a sign-out that failed in the keyring and was not noted for the next start.
    #[must_use]
    pub fn explain_unnoted(&self) -> Explanation {
        let next = "Keep cordon open until the keyring answers, make room in the data folder, or remove the entry “io.github.cordon” from the keyring";
        let mut explanation = self.explain();
        explanation.headline = "You are signed out, but the saved sign-in could not be removed from the keyring, and that it has to go could not be written down: the next start may sign you in".into();
        explanation.next = NextStep::Outside(next.into());
        explanation
    }
}

impl Explain for AuthError {
    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    fn explain(&self) -> Explanation {
        let say = |headline: &str, next| Explanation::harmless(headline, next);
        let explanation = match self {
            Self::Declined => say("The sign-in was declined in the browser", NextStep::SignIn),
            Self::Expired => say("The code has expired", NextStep::SignIn),
            Self::AnswerLost => say(
                "The sign-in was approved but the answer did not arrive, start again",
                NextStep::SignIn,
            ),
            Self::Superseded => say("This sign-in was replaced by another one", NextStep::None),
            Self::NotBack => say(
                "The browser did not return within five minutes",
                NextStep::Outside(
                    "Read what the browser says: an unknown reply address is shown only there. Or sign in with a code"
                        .into(),
                ),
            ),
            Self::NoPort => say(
                "This computer has no free port for the browser to return to",
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
            Self::AnotherAccount { came } => {
                let came = came.as_deref().unwrap_or("one without a name");
                say(
                    &format!("The sign-in host returned another account: {came}. Its tokens were dropped"),
                    NextStep::SignIn,
                )
            }
            Self::Interact { refusal } => {
                let headline = if refusal.is_of_sign_in {
                    "The sign-in host did not accept this sign-in"
                } else {
                    "Your sign-in is no longer valid"
                };
                return refusal.explain(headline, NextStep::SignIn);
            }
            Self::Config { refusal } if refusal.is_transient() => {
                return refusal.explain(
                    "The sign-in host cannot take this sign-in at the moment",
                    NextStep::TryAgain,
                );
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
                    NextStep::Outside("Ask an administrator; include the details below".into()),
                );
            }
            Self::Busy { until } => say(
                "The sign-in host asks for a pause",
                NextStep::Wait { until: *until },
            ),
            Self::Unreachable(_) | Self::NotUnderstood { .. } | Self::Unusable => no_answer(self),
            Self::SavedTwice => say(
                "The keyring held several sign-ins under one name. Which one is valid is unknown, so all were removed",
                NextStep::SignIn,
            ),
            Self::KeyringKept { reason, remedy } => {
                let kept = say(
                    "You are signed out, but the saved sign-in is still in the keyring. It cannot be used, and is removed as soon as the keyring answers",
                    NextStep::Outside(remedy.clone()),
                );
                return kept.with(reason.to_string());
            }
        };
        explanation.with(self.to_string())
    }
}
