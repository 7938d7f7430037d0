//! The macro for enums of the service that keep unknown values (rule 8).

/// Defines an enum with the given wire names plus `Other(Box<str>)` for any other value.
///
/// Parsing never fails and ignores letter case; an unknown value is written as it was read. Further
/// spellings of a value follow after `|`; the first one is written.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $wire:literal $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vmeta])* $variant,)+
            /// A value unknown to this version, kept and shown as received.
            Other(Box<str>),
        }

        impl $name {
            /// All known values.
            pub const KNOWN: &[Self] = &[$(Self::$variant),+];

            /// Parses the service's spelling, in any letter case; an unknown value is kept.
            #[must_use]
            pub fn from_wire(text: &str) -> Self {
                $(if [$wire $(, $alias)*].iter().any(|known| known.eq_ignore_ascii_case(text)) {
                    return Self::$variant;
                })+
                Self::Other(text.into())
            }

            /// The service's spelling.
            #[must_use]
            pub fn as_wire(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl crate::model::HeapBytes for $name {
            fn heap_bytes(&self) -> usize {
                match self {
                    Self::Other(text) => text.heap_bytes(),
                    $(Self::$variant => 0,)+
                }
            }
        }

        impl crate::model::loose::FromText for $name {
            fn from_text(text: &str) -> Option<Self> {
                Some(Self::from_wire(text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_wire())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <Box<str> as serde::Deserialize>::deserialize(from).map(|text| Self::from_wire(&text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&crate::model::clean(self.as_wire(), 64))
            }
        }
    };
}

pub(crate) use open_enum;
