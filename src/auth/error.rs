//! Sign-in and renewal errors, and their consequences.

use std::fmt;

use jiff::Timestamp;

use super::blank::Blank;
use crate::model::{SignInMethod, clean};

/// Reason why a request to the sign-in host got no response. Facts only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpFault {
    #[error("the host was not reached")]
    NotReached,
    /// No response. A proxy script (PAC), which is not run here, may name the required proxy.
    #[error("the host was not reached; a proxy script is set, which cordon does not run")]
    ScriptNotRun,
    /// The proxy let no request through to the host.
    #[error("the proxy requires its own sign-in")]
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
    /// The user declined in the browser.
    #[error("the sign-in was declined")]
    Declined,
    #[error("the code expired")]
    Expired,
    /// A device code works once, and its only successful response was lost.
    #[error("the sign-in was approved, its answer got lost")]
    AnswerLost,
    /// A newer sign-in was started, or the user signed out meanwhile.
    #[error("the sign-in was replaced by another one")]
    Superseded,
    #[error("the browser did not return")]
    NotBack,
    /// Signing in with the browser needs a local port.
    #[error("no loopback port is free")]
    NoPort,
    /// Tokens that were issued for another sign-in.
    #[error("the answer belongs to another sign-in")]
    ForeignAnswer,
    #[error("nobody is signed in")]
    NotSignedIn,
    #[error("a personal account")]
    PersonalAccount,
    #[error("an account of another tenant")]
    OtherTenant,
    /// A silent renewal returned another account's tokens; `came` is that account, if named.
    #[error("the sign-in host returned another account")]
    AnotherAccount { came: Option<Box<str>> },
    /// Interaction required: the user has to sign in again.
    #[error("{refusal}")]
    Interact { refusal: Box<ErrorResponse> },
    /// The registration or a setting is wrong.
    #[error("{refusal}")]
    Config { refusal: Box<ErrorResponse> },
    /// A policy forbids it, and signing in again alone does not help.
    #[error("{refusal}")]
    Blocked { refusal: Box<ErrorResponse> },
    /// The host requests a pause.
    #[error("the sign-in host asks to wait until {until}")]
    Busy { until: Timestamp },
    #[error("sign-in host: {0}")]
    Unreachable(HttpFault),
    #[error("the sign-in host's answer (HTTP {status}) was not understood")]
    NotUnderstood { status: u16 },
    /// A protocol response that lacks something a sign-in needs.
    #[error("the sign-in host's answer cannot be used")]
    Unusable,
    /// Signed out, but the saved sign-in could not be removed.
    #[error("the saved sign-in is still in the keyring: {reason}")]
    KeyringKept { reason: Box<str>, remedy: Box<str> },
    /// Several sign-ins were saved under one name; they were removed.
    #[error("several sign-ins were saved under one name")]
    SavedTwice,
}

impl AuthError {
    /// Whether the tokens are not those of the signed-in account.
    #[must_use]
    pub const fn is_about_identity(&self) -> bool {
        matches!(
            self,
            Self::AnotherAccount { .. }
                | Self::OtherTenant
                | Self::PersonalAccount
                | Self::ForeignAnswer
        )
    }

    /// Whether the error is transient.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::Unreachable(_) | Self::NotUnderstood { .. } | Self::Unusable
        )
    }

    /// Whether a renewal can fail with it; all others are errors of an interactive sign-in.
    #[must_use]
    pub const fn concerns_renewal(&self) -> bool {
        self.needs_person() || self.may_pass() || matches!(self, Self::Config { .. })
    }

    pub(super) fn refusal_mut(&mut self) -> Option<&mut ErrorResponse> {
        let (Self::Interact { refusal } | Self::Blocked { refusal } | Self::Config { refusal }) =
            self
        else {
            return None;
        };
        Some(refusal)
    }

    /// The sign-in method that a refusal requires.
    #[must_use]
    pub fn advised_way(&self) -> Option<SignInMethod> {
        if *self == Self::NoPort {
            return Some(SignInMethod::Code);
        }
        let wants_browser = matches!(
            self,
            Self::Interact { refusal } | Self::Blocked { refusal } | Self::Config { refusal }
                if refusal.wants_browser()
        );
        wants_browser.then_some(SignInMethod::Browser)
    }

    /// Whether the user has to sign in again before anything else works.
    #[must_use]
    pub const fn needs_person(&self) -> bool {
        self.is_about_identity()
            || matches!(
                self,
                Self::Interact { .. } | Self::NotSignedIn | Self::Blocked { .. }
            )
    }
}

/// Error response of the sign-in host (RFC 6749 section 5.2, plus Entra's additions), cleaned.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sign-in host refused: {error} {numbers:?}")]
pub struct ErrorResponse {
    pub status: u16,
    /// The only stable part; numbers and texts may change any day.
    pub error: Box<str>,
    pub suberror: Option<Box<str>>,
    /// AADSTS numbers. They select words and, except for one list below, never a reaction.
    pub numbers: Box<[u32]>,
    /// May name the person: for the screen, not for a log.
    pub description: Option<Box<str>>,
    pub correlation_id: Option<Box<str>>,
    pub timestamp: Option<Box<str>>,
    /// Claims that the next sign-in has to request, if the host demands any.
    pub claims: Option<Box<str>>,
    /// The requested permissions, if requested by name.
    pub asked: Option<Box<str>>,
    /// Repeats the previous refusal, so that a retry is pointless.
    pub is_repeated: bool,
    /// Refuses an interactive sign-in, not a renewal.
    pub is_of_sign_in: bool,
}

impl fmt::Debug for ErrorResponse {
    // Without description and claims, which name people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorResponse")
            .field("status", &self.status)
            .field("error", &self.error)
            .field("suberror", &self.suberror)
            .field("numbers", &self.numbers)
            .field("correlation_id", &self.correlation_id)
            .finish_non_exhaustive()
    }
}

impl ErrorResponse {
    /// Refusal passed on by the browser (RFC 6749 section 4.1.2.1).
    pub(super) fn in_browser(
        error: &str,
        description: Option<&str>,
        claims: Option<&str>,
        blank: &Blank,
    ) -> Self {
        Self {
            status: 302,
            error: clean(&blank.apply(error), 80).into(),
            suberror: None,
            numbers: description.map(numbers_in).unwrap_or_default().into(),
            description: description.map(|text| clean(&blank.apply(text), 600).into()),
            correlation_id: None,
            timestamp: None,
            claims: claims.map(|claims| blank.apply(claims).into()),
            asked: None,
            is_repeated: false,
            is_of_sign_in: false,
        }
    }

    /// Numbers that require the browser: a code can never satisfy them.
    fn wants_browser(&self) -> bool {
        self.numbers.iter().any(|number| {
            matches!(
                number,
                53_003
                    | 530_032
                    | 530_033
                    | 530_035
                    | 530_036
                    | 53_000
                    | 53_001
                    | 50_097
                    | 50_129
                    | 50_131
            )
        })
    }

    /// Whether the host rejects all requests of this application.
    pub(super) fn concerns_registration(&self) -> bool {
        matches!(&*self.error, "unauthorized_client" | "invalid_client")
    }

    pub(super) fn is_transient(&self) -> bool {
        matches!(&*self.error, "server_error" | "temporarily_unavailable")
    }

    /// The two errors that continue polling (RFC 8628 section 3.5).
    pub(super) fn is_about_polling(&self) -> bool {
        matches!(&*self.error, "authorization_pending" | "slow_down")
    }

    /// Whether the saved sign-in is permanently invalid. Everything else keeps it: a policy that
    /// refuses at home may allow it in the office.
    pub(super) fn ends_saved_sign_in(&self) -> bool {
        matches!(
            self.suberror.as_deref(),
            Some("bad_token" | "token_expired")
        ) || self
            .numbers
            .iter()
            .any(|n| matches!(n, 50_173 | 700_082 | 70_043 | 70_008 | 530_036))
    }

    /// The host detected a loop of identical requests: no automatic retry until the user acts.
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

    /// Whether the user declined: Entra's own error after a device code, else that of the RFC.
    /// Entra uses the latter for policy refusals too, with other numbers.
    fn is_declined(&self) -> bool {
        match &*self.error {
            "authorization_declined" => true,
            "access_denied" => self.numbers.iter().all(|&number| number == 65_004),
            _ => false,
        }
    }

    /// [`Self::into_error`] for an interactive sign-in.
    pub(super) fn into_sign_in_error(self: Box<Self>) -> AuthError {
        if self.is_declined() {
            AuthError::Declined
        } else {
            self.of_sign_in().into_error()
        }
    }

    /// Marks the refusal as that of an interactive sign-in.
    pub(super) fn of_sign_in(mut self: Box<Self>) -> Box<Self> {
        self.is_of_sign_in = true;
        self
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
}

/// The numbers in a description, for responses without `error_codes`. For help texts only.
pub(super) fn numbers_in(description: &str) -> Vec<u32> {
    let digits = |text: &str| {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text[..end].parse().ok()
    };
    description
        .split("AADSTS")
        .skip(1)
        .filter_map(digits)
        .take(8)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Explain as _, NextStep};

    fn refusal(error: &str, suberror: Option<&str>, numbers: &[u32]) -> Box<ErrorResponse> {
        Box::new(ErrorResponse {
            status: 400,
            error: error.into(),
            suberror: suberror.map(Into::into),
            numbers: numbers.into(),
            description: Some("AADSTS1: ada@contoso.example".into()),
            correlation_id: Some("c-1".into()),
            timestamp: None,
            claims: None,
            asked: None,
            is_repeated: false,
            is_of_sign_in: false,
        })
    }

    #[test]
    fn error_decides_the_variant_and_number_selects_words() {
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
    fn refused_interactive_sign_in_does_not_mention_an_earlier_one() {
        for numbers in [&[70_000][..], &[70_008], &[50_133], &[700_082], &[]] {
            let said = |refusal: Box<ErrorResponse>| refusal.into_error().explain().headline;
            let refusal = || refusal("invalid_grant", None, numbers);
            assert!(said(refusal()).contains("Your sign-in"), "{numbers:?}");
            assert_eq!(
                said(refusal().of_sign_in()),
                "The sign-in host did not accept this sign-in",
                "{numbers:?}"
            );
        }
        let policy = refusal("invalid_grant", None, &[53_003]).into_sign_in_error();
        assert_eq!(
            policy.explain().headline,
            "A policy of your organisation blocks this sign-in"
        );
    }

    #[test]
    fn server_fault_is_explained_as_host_busy_or_down() {
        let said = |status| AuthError::NotUnderstood { status }.explain();
        for status in [500, 502, 503, 504] {
            let said = said(status);
            assert_eq!(said.headline, "The sign-in host is busy or down");
            assert_eq!(said.next, NextStep::TryAgain);
        }
        assert!(said(404).headline.contains("not understood"));
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
    fn log_texts_name_no_account() {
        let error = refusal("invalid_grant", None, &[]).into_error();
        assert!(!format!("{error:?} {error}").contains("ada@"));
    }
}
