//! Fields of a search and their names.

use strum::VariantArray;

/// Field of a search term; variants are in screen order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum Field {
    Any,
    Name,
    Id,
    Ip,
    Mac,
    Health,
    Risk,
    Os,
    Tag,
    Group,
    State,
    Exposure,
    Value,
    Version,
    Entra,
    /// A user, who is not in the list: the service is queried.
    User,
}

impl Field {
    /// The name before the colon, with a description. [`Self::Any`] has none: its terms have no colon.
    #[must_use]
    pub const fn word(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Any => return None,
            Self::Name => ("name", "a part of the name"),
            Self::Id => ("id", "a part of the device id"),
            Self::Ip => ("ip", "an address, or a part of it"),
            Self::Mac => ("mac", "a MAC address, or its beginning"),
            Self::Health => ("health", "active, inactive…"),
            Self::Risk => ("risk", "high+, high, medium, low…"),
            Self::Os => ("os", "the system"),
            Self::Tag => ("tag", "one of the tags"),
            Self::Group => ("group", "the device group"),
            Self::State => ("state", "isolated, restricted…"),
            Self::Exposure => ("exposure", "high, medium, low…"),
            Self::Value => ("value", "high, normal, low"),
            Self::Version => ("version", "the version of the system"),
            Self::Entra => ("entra", "a part of the Entra device id"),
            Self::User => ("user", "an account: asks Defender"),
        })
    }

    /// Names of all fields, with their descriptions.
    pub fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
        Self::VARIANTS.iter().filter_map(|field| field.word())
    }

    /// The field with this name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let is_of = |field: &Self| {
            let own = field.word();
            own.is_some_and(|(own, _)| word.eq_ignore_ascii_case(own))
        };
        Self::VARIANTS.iter().copied().find(is_of)
    }

    /// Whether the field describes a device by one of a few values; the others identify it.
    #[must_use]
    pub const fn describes(self) -> bool {
        match self {
            Self::Health
            | Self::Risk
            | Self::Exposure
            | Self::Value
            | Self::Os
            | Self::Version
            | Self::Tag
            | Self::Group
            | Self::State => true,
            Self::Any | Self::Name | Self::Id | Self::Ip | Self::Mac | Self::Entra | Self::User => {
                false
            }
        }
    }
}
