//! Tenant-wide indicators: Defender's action on a file on every device.

use std::borrow::Cow;

use jiff::Timestamp;

use super::bytes::heap_bytes_of_fields;
use super::open_enum::open_enum;
use super::{Account, EntryId, MachineActionId, clean};

/// Maximum number of active indicators of all kinds in a tenant.
pub const MAX_INDICATORS: usize = 15_000;

/// Whether a refusal's message says that the tenant has reached the limit of indicators. For help
/// text only: the code merely says that the request was not accepted.
#[must_use]
pub fn concerns_indicator_limit(message: &str) -> bool {
    let digits = message.replace(',', "");
    digits.contains(&MAX_INDICATORS.to_string())
}

/// One indicator of the tenant (`indicator` resource).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// `None` if not reported.
    pub id: Option<MachineActionId>,
    /// The matched value: for a file, its hash.
    pub value: Box<str>,
    pub action: IndicatorAction,
    /// Its creator.
    pub by: Option<Box<str>>,
    pub created: Option<Timestamp>,
    /// `None` if it does not expire, or the expiry could not be read.
    pub expires: Option<Timestamp>,
    pub title: Option<Box<str>>,
    pub description: Option<Box<str>>,
}

heap_bytes_of_fields!(Indicator {
    id,
    value,
    action,
    by,
    created,
    expires,
    title,
    description
});

open_enum! {
    /// The action of an indicator (`action`).
    IndicatorAction {
        Block = "Block",
        BlockAndRemediate = "BlockAndRemediate",
        Warn = "Warn",
        Audit = "Audit",
        Allowed = "Allowed",
    }
}

impl IndicatorAction {
    /// Participle for the effect on a file, after "the file is".
    #[must_use]
    pub fn word(&self) -> Cow<'_, str> {
        match self {
            Self::Block | Self::BlockAndRemediate => "blocked".into(),
            Self::Warn => "warned of".into(),
            Self::Audit => "audited".into(),
            Self::Allowed => "allowed".into(),
            Self::Other(other) => clean(other, 40),
        }
    }
}

impl Indicator {
    /// Whether this account created it.
    #[must_use]
    pub fn is_by(&self, account: &Account) -> bool {
        let names = account.user_name.as_deref().zip(self.by.as_deref());
        names.is_some_and(|(own, by)| own.eq_ignore_ascii_case(by.trim()))
    }

    /// Whether its value is this hash.
    #[must_use]
    pub fn is_about(&self, hash: &str) -> bool {
        self.value.eq_ignore_ascii_case(hash)
    }

    /// The order that it was created or last changed by, according to its texts.
    #[must_use]
    pub fn tag(&self) -> Option<EntryId> {
        let texts = [self.description.as_deref(), self.title.as_deref()];
        texts.into_iter().flatten().find_map(EntryId::find_in)
    }

    /// Whether it matches a file: its value is an MD5, a SHA-1 or a SHA-256.
    #[must_use]
    pub fn is_about_file(&self) -> bool {
        matches!(self.value.len(), 32 | 40 | 64)
            && self.value.bytes().all(|digit| digit.is_ascii_hexdigit())
    }
}
