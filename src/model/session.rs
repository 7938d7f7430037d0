//! The signed-in account, its tenant and its permissions.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::open_enum::open_enum;
use super::{TenantId, clean};

/// How this run was started. Fixed in `main`, never changed (rule 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The real service.
    Live,
    /// The built-in tenant; nothing leaves this computer.
    Demo,
    /// Another implementation of the service on a loopback address.
    StandIn,
}

impl Mode {
    /// The word in the strip and in the window title.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Demo => "DEMO",
            Self::StandIn => "STAND-IN",
        }
    }

    /// How it is written in journals and in the names of keyring items: another spelling would lock a
    /// person out of both.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Demo => "DEMO",
            Self::StandIn => "STAND-IN",
        }
    }
}

/// Number of the present account and tenant; stamps what belongs to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u64);

/// A way to sign in. Its name stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// A code, typed into a browser somewhere.
    Code,
    /// The browser of this computer.
    Browser,
}

/// The person who signed in, from the id token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub tenant_id: TenantId,
    /// The person's object id in that tenant; with the tenant the key of the account.
    pub object_id: Box<str>,
    /// For display: changes, may be missing, is never a key.
    pub user_name: Option<Box<str>>,
    /// For display, chosen by people.
    pub display_name: Option<Box<str>>,
}

impl Account {
    /// Placeholder for the object id of a sign-in that does not say whose it is.
    pub const UNNAMED: &str = "unknown";

    /// Whether it is the same person in the same tenant; names may have changed.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.tenant_id, &self.object_id) == (&other.tenant_id, &other.object_id)
    }

    /// Whether the sign-in named its account.
    #[must_use]
    pub fn is_named(&self) -> bool {
        *self.object_id != *Self::UNNAMED
    }

    /// Display name of the account.
    #[must_use]
    pub fn label(&self) -> String {
        let name = self.user_name.as_deref().or(self.display_name.as_deref());
        clean(name.unwrap_or(&self.object_id), 80).into_owned()
    }
}

open_enum! {
    /// A delegated permission of the Defender API (`scp` in the token, without its prefix).
    Permission {
        MachineRead = "Machine.Read",
        MachineReadWrite = "Machine.ReadWrite",
        MachineIsolate = "Machine.Isolate",
        MachineRestrictExecution = "Machine.RestrictExecution",
        MachineStopAndQuarantine = "Machine.StopAndQuarantine",
        MachineScan = "Machine.Scan",
        MachineCollectForensics = "Machine.CollectForensics",
        MachineOffboard = "Machine.Offboard",
        MachineLiveResponse = "Machine.LiveResponse",
        FileReadAll = "File.Read.All",
        UserReadAll = "User.Read.All",
        AlertRead = "Alert.Read",
        AlertReadWrite = "Alert.ReadWrite",
        TiReadWrite = "Ti.ReadWrite",
    }
}

/// Permissions granted to the present sign-in, as far as they are reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    Known(Box<[Permission]>),
    /// The token does not say: try, and let the service decide.
    Unknown,
}

impl Permissions {
    /// Reads a space-separated scope list, with or without a resource before each permission,
    /// in any letter case. Words that are no permission (`openid`, …) are dropped.
    #[must_use]
    pub fn from_scopes(scopes: &str) -> Self {
        let known: Box<[_]> = scopes
            .split_whitespace()
            .map(|scope| scope.rsplit('/').next().unwrap_or(scope))
            // OpenID's own words have no dot; every permission has one, also of another API.
            .filter(|word| word.contains('.') && *word != ".default")
            .map(Permission::from_wire)
            .collect();
        if known.is_empty() {
            Self::Unknown
        } else {
            Self::Known(known)
        }
    }

    /// Whether one of `any_of` is held; `None` when the sign-in does not say.
    #[must_use]
    pub fn holds(&self, any_of: &[Permission]) -> Option<bool> {
        match self {
            Self::Known(held) => Some(any_of.iter().any(|wanted| {
                held.contains(wanted) || held.iter().any(|held| is_for_all(held, wanted))
            })),
            Self::Unknown => None,
        }
    }
}

/// Whether `held` is the application form (`Machine.Read.All`) of the permission wanted.
fn is_for_all(held: &Permission, wanted: &Permission) -> bool {
    let name = held.as_wire();
    let cut = name.len().saturating_sub(".All".len());
    name.get(cut..)
        .is_some_and(|end| end.eq_ignore_ascii_case(".All"))
        && name[..cut].eq_ignore_ascii_case(wanted.as_wire())
}

/// What the person has to type where, while a device code waits (RFC 8628 section 3.2).
#[derive(Clone, PartialEq, Eq)]
pub struct SignInPrompt {
    pub user_code: Box<str>,
    pub verification_uri: Box<str>,
    /// Whether the address is one that a button may open.
    pub may_open: bool,
    /// Life of the code, counted from receipt.
    pub expires_in: Duration,
    pub received: Timestamp,
    /// The sign-in host does not answer just now; it is asked again.
    pub is_silent: bool,
}

impl fmt::Debug for SignInPrompt {
    // The code must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInPrompt")
            .field("verification_uri", &self.verification_uri)
            .finish_non_exhaustive()
    }
}

/// The page that a browser was sent to, while its answer is waited for.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserPrompt {
    /// On this computer: leads on to the sign-in host of this run's cloud, once.
    pub page: Box<str>,
    pub expires_in: Duration,
    pub received: Timestamp,
    pub seen: BrowserSeen,
}

/// What has come from the browser so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BrowserSeen {
    /// One has come over `https`, and could not be answered.
    pub over_https: bool,
    /// It has brought the code and may be closed: what is left is between cordon and the sign-in host.
    pub code: bool,
}

impl fmt::Debug for BrowserPrompt {
    // The page's address identifies this sign-in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserPrompt").finish_non_exhaustive()
    }
}

/// Whether the sign-in outlives this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyringState {
    /// A call to the keyring is in progress: a look-up, or saving a sign-in.
    Checking,
    /// There is nothing in it, and nothing to be saved: nobody is signed in, or the sign-in has ended.
    Empty,
    Saved,
    /// This session only, with the reason and its remedy.
    NotSaved {
        reason: Box<str>,
        remedy: Box<str>,
    },
    /// Kept in memory on purpose (demo).
    MemoryOnly,
}

/// When a sign-in that could not be renewed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    At(Timestamp),
    /// Not before a person wants it: it would be refused again.
    ByHand,
}

/// Why a sign-in is not completed before a person has checked its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfamiliar {
    /// First sign-in with the browser: another person's code may have been injected.
    New,
    /// The account before is unknown: the note of it was refused.
    Unknown,
    /// Another account was used last.
    OtherAccount,
    /// The domain of this profile has led to this other tenant so far.
    OtherTenant { so_far: Box<str> },
}

/// How far the sign-in has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionStatus {
    /// Nothing is going on; a person may start.
    SignedOut,
    /// A saved sign-in is being looked for in the keyring.
    Restoring,
    /// The sign-in of a known account is being renewed.
    Renewing {
        account: Account,
    },
    /// The sign-in of a known account could not be renewed for now. It is kept.
    NotRenewed {
        account: Account,
        retry: Retry,
    },
    /// A code was asked for and has not come yet.
    AskingForCode,
    WaitingForPerson(SignInPrompt),
    /// The person signs in with the browser of this computer.
    InBrowser(BrowserPrompt),
    /// Somebody has signed in whom a person has to accept first.
    DifferentAccount {
        account: Account,
        /// Display name of the account before, if known.
        before: Option<Box<str>>,
        reason: Unfamiliar,
    },
    SignedIn {
        account: Account,
        permissions: Permissions,
    },
    /// The account is known, but only a person can renew its sign-in.
    NeedsSignIn {
        account: Account,
    },
}

impl SessionStatus {
    /// Whether this sign-in is known to hold the permission.
    #[must_use]
    pub fn is_known_to_hold(&self, permission: &Permission) -> bool {
        let wanted = std::slice::from_ref(permission);
        matches!(self, Self::SignedIn { permissions, .. } if permissions.holds(wanted) == Some(true))
    }

    /// Whether the present sign-in is known not to hold a permission.
    #[must_use]
    pub fn is_known_to_lack(&self, permission: &Permission) -> bool {
        let wanted = std::slice::from_ref(permission);
        matches!(self, Self::SignedIn { permissions, .. } if permissions.holds(wanted) == Some(false))
    }

    /// What the present sign-in is granted, while there is one.
    #[must_use]
    pub const fn permissions(&self) -> Option<&Permissions> {
        match self {
            Self::SignedIn { permissions, .. } => Some(permissions),
            Self::SignedOut
            | Self::Restoring
            | Self::Renewing { .. }
            | Self::NotRenewed { .. }
            | Self::AskingForCode
            | Self::WaitingForPerson(_)
            | Self::InBrowser(_)
            | Self::DifferentAccount { .. }
            | Self::NeedsSignIn { .. } => None,
        }
    }

    /// The account of this session, if one is known.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::SignedIn { account, .. }
            | Self::NeedsSignIn { account }
            | Self::Renewing { account }
            | Self::NotRenewed { account, .. } => Some(account),
            Self::SignedOut
            | Self::Restoring
            | Self::AskingForCode
            | Self::WaitingForPerson(_)
            | Self::InBrowser(_)
            | Self::DifferentAccount { .. } => None,
        }
    }

    /// Whether a person is in the middle of signing in.
    #[must_use]
    pub fn is_signing_in(&self) -> bool {
        match self {
            Self::AskingForCode
            | Self::WaitingForPerson(_)
            | Self::InBrowser(_)
            | Self::DifferentAccount { .. } => true,
            Self::SignedOut
            | Self::Restoring
            | Self::Renewing { .. }
            | Self::NotRenewed { .. }
            | Self::SignedIn { .. }
            | Self::NeedsSignIn { .. } => false,
        }
    }

    /// Whether requests can be made.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        matches!(self, Self::SignedIn { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Journals and keyring items that are there already have these.
    #[test]
    fn the_key_of_a_mode_stays_what_it_is() {
        let keys = [Mode::Live, Mode::Demo, Mode::StandIn].map(Mode::key);
        assert_eq!(keys, ["LIVE", "DEMO", "STAND-IN"]);
    }

    #[test]
    fn scopes_are_read_with_and_without_prefix_in_any_case() {
        let held = Permissions::from_scopes(
            "openid https://api.securitycenter.microsoft.com/machine.isolate Machine.Read",
        );
        assert_eq!(held.holds(&[Permission::MachineIsolate]), Some(true));
        assert_eq!(held.holds(&[Permission::MachineScan]), Some(false));
        assert_eq!(
            Permissions::from_scopes("openid profile").holds(&[Permission::MachineRead]),
            None
        );
        let application = Permissions::from_scopes("Machine.Read.All machine.isolate.all");
        assert_eq!(application.holds(&[Permission::MachineRead]), Some(true));
        assert_eq!(application.holds(&[Permission::MachineIsolate]), Some(true));
        assert_eq!(
            application.holds(&[Permission::MachineReadWrite]),
            Some(false)
        );
    }
}
