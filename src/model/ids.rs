//! Identifiers as separate types, parsed once at the edge.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not usable as an id: {}", crate::model::clean(.0, 80))]
pub struct IdError(pub Box<str>);

/// Whether the text has only characters that occur in the service's ids.
fn is_usual(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Whether an identifier can be a path segment of a request: characters that need no encoding (RFC
/// 3986, section 3.3), and no `.` or `..`.
fn is_segment(text: &str) -> bool {
    let is_safe = |b: u8| b.is_ascii_alphanumeric() || b"-_.~:@+=$".contains(&b);
    text.len() <= 128
        && text.bytes().all(is_safe)
        && text.bytes().any(|b| b.is_ascii_alphanumeric())
        && !text.contains("..")
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        ///
        /// Keeps its spelling, which the service may insist on; two spellings that differ only in
        /// letter case are equal.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(try_from = "Box<str>")]
        pub struct $name(Box<str>);

        impl TryFrom<Box<str>> for $name {
            type Error = IdError;

            fn try_from(text: Box<str>) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl $name {
            /// Accepts letters, digits and characters that are equally harmless in a request path.
            ///
            /// # Errors
            /// The text, if it contains anything else.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if is_segment(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(IdError(text.into()))
                }
            }

            /// The id as sent to the service.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether it has characters that never occur in the service's ids.
            #[must_use]
            pub fn is_unusual(&self) -> bool {
                !is_usual(&self.0)
            }

            /// The last four characters: enough to distinguish two records with one name.
            #[must_use]
            pub fn tail(&self) -> &str {
                &self.0[self.0.len().saturating_sub(4)..]
            }
        }

        impl crate::model::HeapBytes for $name {
            fn heap_bytes(&self) -> usize {
                self.0.heap_bytes()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                // Hashing a word costs as much as a byte, and frames look up thousands.
                for part in self.0.as_bytes().chunks(size_of::<u64>()) {
                    let mut word = [0; size_of::<u64>()];
                    word[..part.len()].copy_from_slice(part);
                    word.make_ascii_lowercase();
                    state.write_u64(u64::from_le_bytes(word));
                }
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                let lower = |id: &Self| id.0.to_ascii_lowercase();
                lower(self).cmp(&lower(other))
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The id of a [`Machine`](super::Machine): 40 hexadecimal digits in all samples; other forms are accepted.
    MachineId
}
id! {
    /// The id of a [`MachineAction`](super::MachineAction), a GUID.
    MachineActionId
}
id! {
    /// The id of an Entra tenant, a GUID.
    TenantId
}

/// Placeholder for a device's id in a tenant-wide order; no device of the service has it.
const EVERY_DEVICE: &str = "every-device";

impl MachineId {
    pub(super) fn every_device() -> Self {
        Self(EVERY_DEVICE.into())
    }

    /// Whether it means all devices of the tenant.
    #[must_use]
    pub fn is_every_device(&self) -> bool {
        *self.0 == *EVERY_DEVICE
    }
}

/// Id of an order in the journal, and the tag that starts the comment sent to the service.
///
/// Prints as `cdn-` and eight characters of Crockford's base 32 (no I, L, O, U): 40 random bits,
/// short enough to read out over the telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Box<str>", into = "String")]
pub struct EntryId(u64);

impl TryFrom<Box<str>> for EntryId {
    type Error = IdError;

    fn try_from(text: Box<str>) -> Result<Self, IdError> {
        Self::parse(&text).ok_or(IdError(text))
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> Self {
        id.to_string()
    }
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ENTRY_PREFIX: &str = "cdn-";

impl EntryId {
    /// A new id from 40 random bits of the operating system.
    ///
    /// # Errors
    /// When the system provides no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        Ok(Self(getrandom::u64()? & 0xff_ffff_ffff))
    }

    /// Parses the printed form, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text
            .get(..ENTRY_PREFIX.len())?
            .eq_ignore_ascii_case(ENTRY_PREFIX)
            .then(|| &text[ENTRY_PREFIX.len()..])
            .filter(|digits| digits.len() == 8)?;
        digits
            .bytes()
            .try_fold(0, |value, byte| {
                let digit = CROCKFORD
                    .iter()
                    .position(|&c| c == byte.to_ascii_uppercase())?;
                Some(value << 5 | digit as u64)
            })
            .map(Self)
    }

    /// The first tag in a comment, from this console or another one.
    #[must_use]
    pub fn find_in(comment: &str) -> Option<Self> {
        comment
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .find_map(Self::parse)
    }
}

/// A comment for display, with its leading order tag moved to the end.
#[must_use]
pub fn tag_last(comment: &str) -> Cow<'_, str> {
    match tag_and_text(comment) {
        Some((tag, text)) => format!("{text} [{tag}]").into(),
        None => comment.into(),
    }
}

/// A comment as its author wrote it, without the leading order tag.
#[must_use]
pub fn without_tag(comment: &str) -> &str {
    tag_and_text(comment).map_or(comment, |(_, text)| text)
}

fn tag_and_text(comment: &str) -> Option<(&str, &str)> {
    let (tag, text) = comment.trim_start().strip_prefix('[')?.split_once(']')?;
    let text = text.trim();
    (EntryId::parse(tag).is_some() && !text.is_empty()).then_some((tag, text))
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ENTRY_PREFIX)?;
        for shift in (0..8).rev() {
            let digit = CROCKFORD[(self.0 >> (shift * 5) & 31) as usize];
            fmt::Write::write_char(f, char::from(digit))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_tag_is_shown_last() {
        for (comment, read) in [
            ("[cdn-7F3K2Q9M] INC-1 beacon", "INC-1 beacon [cdn-7F3K2Q9M]"),
            (" [CDN-7f3k2q9m]  why ", "why [CDN-7f3k2q9m]"),
            ("[cdn-7F3K2Q9M]", "[cdn-7F3K2Q9M]"),
            ("[INC-4711] beacon", "[INC-4711] beacon"),
            ("as in [cdn-7F3K2Q9M] why", "as in [cdn-7F3K2Q9M] why"),
            ("[cdn-7F3K2Q9M", "[cdn-7F3K2Q9M"),
        ] {
            assert_eq!(tag_last(comment), read, "{comment}");
        }
    }

    #[test]
    fn ids_that_could_change_a_path_are_rejected() {
        for bad in [
            "",
            "a/b",
            "..",
            ".",
            "a..b",
            "~",
            "a b",
            "a?b",
            "a#b",
            "a\\b",
            "%2e",
            "a;b",
            "'",
            "ü",
            &"a".repeat(129),
        ] {
            assert!(MachineId::parse(bad).is_err(), "{bad:?}");
        }
        let (upper, lower) = (
            MachineId::parse("ABCdef0123"),
            MachineId::parse("abcdef0123"),
        );
        assert_eq!(upper, lower);
        assert_eq!(upper.map(|id| id.to_string()), Ok("ABCdef0123".into()));
    }

    #[test]
    fn unusual_but_harmless_ids_are_kept_and_flagged() {
        for odd in ["a_1", "a.b", "dev:1@x", "a+b=c", "$1", &"a".repeat(65)] {
            let id = MachineId::parse(odd);
            assert!(id.is_ok_and(|id| id.is_unusual()), "{odd:?}");
        }
        let usual = MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d09c07");
        assert!(usual.is_ok_and(|id| !id.is_unusual()));
    }

    #[test]
    fn an_entry_id_round_trips_in_print_and_comment() {
        let id = EntryId(0xfe_dcba_9876);
        assert_eq!(EntryId::parse(&id.to_string()), Some(id));
        assert_eq!(
            EntryId::find_in(&format!("[{id}] alert 1234 on cdn-x")),
            Some(id)
        );
        assert_eq!(EntryId::find_in("no tag here, cdn-12 neither"), None);
        assert_eq!(EntryId::parse("日本語日本語"), None);
    }
}
