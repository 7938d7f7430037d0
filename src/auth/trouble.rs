//! Keyring errors in words, without the secrets that they may contain.

use keyring_core::Error;

use crate::model::{KeyringState, clean};
use crate::platform::credentials;

/// A keyring failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringTrouble {
    pub(super) kind: TroubleKind,
    pub reason: &'static str,
    pub remedy: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TroubleKind {
    /// There is no keyring here.
    Absent,
    Locked,
    /// No response in time.
    Silent,
    Refused,
    /// There were several values under one name. They are removed, so that the next write works.
    Duplicate,
}

impl KeyringTrouble {
    /// No response in time.
    #[must_use]
    pub const fn silent() -> Self {
        Self {
            kind: TroubleKind::Silent,
            reason: "The keyring does not answer",
            remedy: "Check whether it is asking to be unlocked, then try again",
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "keyring-core adds variants without notice"
    )]
    pub(super) fn from_error(error: &Error) -> Self {
        // Never the error itself: some variants contain the secret's bytes, and print them.
        let (kind, reason, remedy, inner) = match error {
            Error::NoStorageAccess(inner) => (
                TroubleKind::Locked,
                "The keyring is locked",
                "Unlock it, then try again",
                Some(inner),
            ),
            Error::PlatformFailure(inner) => (
                TroubleKind::Absent,
                "No keyring is available",
                credentials::remedy(&**inner),
                Some(inner),
            ),
            Error::Ambiguous(_) => (
                TroubleKind::Duplicate,
                "The keyring held several sign-ins under one name",
                "Sign in again",
                None,
            ),
            // The others are bugs or damage; the enum is non-exhaustive.
            _ => (
                TroubleKind::Refused,
                "The keyring did not accept the sign-in",
                credentials::REMEDY,
                None,
            ),
        };
        if let Some(inner) = inner {
            tracing::warn!(detail = %clean(&inner.to_string(), 300), "{reason}");
        } else {
            tracing::warn!("{reason}");
        }
        Self {
            kind,
            reason,
            remedy,
        }
    }

    pub(super) fn state(&self) -> KeyringState {
        KeyringState::NotSaved {
            reason: self.reason.into(),
            remedy: self.remedy.into(),
        }
    }
}
