//! What can go wrong with the storage of packages, on demand.

/// How the storage misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum StorageFault {
    /// It sends the whole package, whichever part was asked for.
    NoRange,
    /// It has another package under the link by now.
    OtherPackage,
    /// It has the package packed once more, and sends that; ranges are ranges of that.
    Packed,
    /// A part does not say how long the whole is.
    NoTotal,
    /// No length is given, and the connection ends after about this many bytes, headers included.
    #[strum(disabled)]
    NoLength(usize),
    /// A part ends in the middle of what was asked for, and says so.
    ShortPart,
    /// A part says that it goes on behind the end of the whole.
    PartBeyondTheEnd,
}

impl StorageFault {
    /// Reads the text form, whose name has neither dashes nor capitals.
    pub(super) fn parse(name: &str, rest: Option<&str>) -> Option<Self> {
        match name {
            "nolength" => Some(Self::NoLength(rest?.parse().ok()?)),
            name => name.parse().ok(),
        }
    }
}
