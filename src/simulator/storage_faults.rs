//! Faults of the package storage, on demand.

/// Kinds of misbehaviour of the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum StorageFault {
    /// Ignores ranges and sends the whole package.
    NoRange,
    /// Serves another package under the same link.
    OtherPackage,
    /// Sends the package compressed; ranges apply to the compressed bytes.
    Packed,
    /// A part does not declare the total size.
    NoTotal,
    /// No declared length; the connection ends after about this many bytes, headers included.
    #[strum(disabled)]
    NoLength(usize),
    /// A part ends early, and declares that.
    ShortPart,
    /// A part declares an end beyond the total size.
    PartBeyondTheEnd,
}

impl StorageFault {
    /// Parses the text form; `name` is in lower case without dashes.
    pub(super) fn parse(name: &str, rest: Option<&str>) -> Option<Self> {
        match name {
            "nolength" => Some(Self::NoLength(rest?.parse().ok()?)),
            name => name.parse().ok(),
        }
    }
}
