//! The signed-in account, its tenant and its permissions.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::open_enum::open_enum;
use super::{TenantId, clean};

/// How this run was started. Decided in `main`, never changed (rule 11).
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
    /// The word in the mode bar and in the window title.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Demo => "DEMO",
            Self::StandIn => "STAND-IN",
        }
    }

    /// Key in journals and keyring items: another spelling would lock users out of both.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Demo => "DEMO",
            Self::StandIn => "STAND-IN",
        }
    }
}

/// Number of the present account and tenant; tags the data that belongs to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u64);

/// A way to sign in. The names are stored on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// A code, typed into a browser on any device.
    Code,
    /// This computer's browser.
    Browser,
}

/// The person who signed in, from the id token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub tenant_id: TenantId,
    /// Object id in that tenant; with the tenant, the key of the account.
    pub object_id: Box<str>,
    /// Display only: may change or be missing, never a key.
    pub user_name: Option<Box<str>>,
    /// Display only, chosen by the user.
    pub display_name: Option<Box<str>>,
}

impl Account {
    /// Placeholder object id of a sign-in that does not name its account.
    pub const UNNAMED: &str = "unknown";

    /// Whether it is the same account in the same tenant; names may have changed.
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

/// Permissions of the present sign-in, as far as reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    Known(Box<[Permission]>),
    /// The token does not say: the service decides on each request.
    Unknown,
}

impl Permissions {
    /// Parses a space-separated scope list, with or without a resource before each permission, in
    /// any letter case. Words that are no permission (`openid`, …) are dropped.
    #[must_use]
    pub fn from_scopes(scopes: &str) -> Self {
        let known: Box<[_]> = scopes
            .split_whitespace()
            .map(|scope| scope.rsplit('/').next().unwrap_or(scope))
            // OpenID scopes have no dot; permissions of any API have one.
            .filter(|word| word.contains('.') && *word != ".default")
            .map(Permission::from_wire)
            .collect();
        if known.is_empty() {
            Self::Unknown
        } else {
            Self::Known(known)
        }
    }

    /// Whether one of `any_of` is held; `None` if the sign-in does not say.
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

/// Whether `held` is the application form (`Machine.Read.All`) of the wanted permission.
fn is_for_all(held: &Permission, wanted: &Permission) -> bool {
    let name = held.as_wire();
    let cut = name.len().saturating_sub(".All".len());
    name.get(cut..)
        .is_some_and(|end| end.eq_ignore_ascii_case(".All"))
        && name[..cut].eq_ignore_ascii_case(wanted.as_wire())
}

/// Code and address for the user, while a device code waits (RFC 8628 section 3.2).
#[derive(Clone, PartialEq, Eq)]
pub struct SignInPrompt {
    pub user_code: Box<str>,
    pub verification_uri: Box<str>,
    /// Whether a button may open the address.
    pub may_open: bool,
    /// Lifetime of the code, counted from receipt.
    pub expires_in: Duration,
    pub received: Timestamp,
    /// The sign-in host does not respond now; polling continues.
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

/// The page that the browser was sent to, while its response is awaited.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserPrompt {
    /// Page on this computer that redirects once to the sign-in host of this run's cloud.
    pub page: Box<str>,
    pub expires_in: Duration,
    pub received: Timestamp,
    pub seen: BrowserSeen,
}

/// Requests from the browser so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BrowserSeen {
    /// A request over `https`, which could not be answered.
    pub over_https: bool,
    /// The browser has delivered the code and may be closed; the rest is between cordon and the sign-in host.
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
    /// Nothing stored and nothing to store: nobody is signed in, or the sign-in has ended.
    Empty,
    Saved,
    /// Kept for this session only, with reason and remedy.
    NotSaved {
        reason: Box<str>,
        remedy: Box<str>,
    },
    /// Kept in memory on purpose (demo).
    MemoryOnly,
}

/// Next attempt to renew a sign-in that could not be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    At(Timestamp),
    /// Only on request: it would be refused again.
    ByHand,
}

/// Why the user has to check the account before a sign-in is completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfamiliar {
    /// First sign-in with the browser: someone else's code may have been injected.
    New,
    /// The previous account is unknown: access to its note was denied.
    Unknown,
    /// Another account was used last.
    OtherAccount,
    /// This profile's domain has so far led to another tenant.
    OtherTenant { so_far: Box<str> },
}

/// Progress of the sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionStatus {
    /// Idle; the user may start.
    SignedOut,
    /// The keyring is being searched for a stored sign-in.
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
    /// A code was requested and has not arrived.
    AskingForCode,
    WaitingForPerson(SignInPrompt),
    /// The user signs in with this computer's browser.
    InBrowser(BrowserPrompt),
    /// An account has signed in that the user has to accept first.
    DifferentAccount {
        account: Account,
        /// Display name of the previous account, if known.
        before: Option<Box<str>>,
        reason: Unfamiliar,
    },
    SignedIn {
        account: Account,
        permissions: Permissions,
    },
    /// The account is known, but only the user can renew its sign-in.
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

    /// The permissions of the present sign-in, if there is one.
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

    /// Whether the user is in the middle of signing in.
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

    /// Whether requests can be sent.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        matches!(self, Self::SignedIn { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Existing journals and keyring items use these keys.
    #[test]
    fn the_keys_of_modes_never_change() {
        let keys = [Mode::Live, Mode::Demo, Mode::StandIn].map(Mode::key);
        assert_eq!(keys, ["LIVE", "DEMO", "STAND-IN"]);
    }

    #[test]
    fn scopes_are_parsed_with_and_without_prefix_in_any_case() {
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
