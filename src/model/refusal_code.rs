//! Reasons for a refusal, if the service names one.

/// The service's code for a refusal, or for an unavailable action. One reason has different codes,
/// depending on its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(ascii_case_insensitive)]
pub enum RefusalCode {
    /// An action of this kind is already under way.
    ActiveRequestAlreadyExists,
    #[strum(serialize = "ClientVersionNotSupported")]
    #[strum(serialize = "NotSupportedSenseVersion")]
    #[strum(serialize = "UnsupportedClientVersion")]
    ClientVersionNotSupported,
    /// Switched off in the tenant.
    DisabledFeature,
    /// Permitted for nobody.
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
    /// The code with this name, in any letter case; `None` for an unknown one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// Whether a refusal is for a missing licence, which a new sign-in does not change. Read from its
/// message, so for help text only.
#[must_use]
pub fn concerns_licence(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("account mode is inactive") || message.contains("no tvm license")
}
