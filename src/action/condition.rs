//! Lasting conditions of a machine: set by one action, cleared by another.

use strum::VariantArray;

use crate::model::variants;

/// A lasting effect of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray)]
pub enum Condition {
    Isolated,
    Restricted,
    /// A device without a sensor, cut off by the managed devices.
    Contained,
}

impl Condition {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Isolated => "Isolated",
            Self::Restricted => "Restricted",
            Self::Contained => "Contained",
        }
    }

    /// Noun for the action that sets it.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Isolated => "Isolation",
            Self::Restricted => "Restriction",
            Self::Contained => "Containment",
        }
    }
}
