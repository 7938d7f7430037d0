//! Why the service refuses, where it names its reason.

/// The service's word for a refusal, or for why it does not offer an action. One reason has several
/// words, by where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(ascii_case_insensitive)]
pub enum RefusalCode {
    /// An action of the kind is under way already.
    ActiveRequestAlreadyExists,
    #[strum(serialize = "ClientVersionNotSupported")]
    #[strum(serialize = "NotSupportedSenseVersion")]
    #[strum(serialize = "UnsupportedClientVersion")]
    ClientVersionNotSupported,
    /// Switched off in the tenant.
    DisabledFeature,
    /// For nobody.
    DisallowedOperation,
    #[strum(serialize = "Forbidden", serialize = "Unauthorized")]
    #[strum(serialize = "NoPermission")]
    Forbidden,
    #[strum(serialize = "Inactive", serialize = "MachineInactive")]
    Inactive,
    InvalidHashValue,
    InvalidInput,
    #[strum(serialize = "NotOnboarded", serialize = "MachineNotOnboarded")]
    NotOnboarded,
    #[strum(serialize = "OsPlatformNotSupported")]
    #[strum(serialize = "NotSupportedOs", serialize = "UnsupportedOs")]
    OsPlatformNotSupported,
    #[strum(serialize = "ResourceNotFound", serialize = "NotFound")]
    ResourceNotFound,
}

impl RefusalCode {
    /// The code of this name, in any letter case; `None` for one that is new.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// Whether a refusal is for want of a licence, for which a new sign-in is no help. Read from its message,
/// so for help text only.
#[must_use]
pub fn concerns_licence(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("account mode is inactive") || message.contains("no tvm license")
}
