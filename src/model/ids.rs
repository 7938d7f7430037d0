//! Identifiers as types of their own, parsed once at the edge.

use std::fmt;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not usable as an id: {}", crate::model::clean(.0, 80))]
pub struct IdError(pub Box<str>);

/// Identifiers become path segments of requests, so only letters, digits and `-` may pass.
fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        ///
        /// Keeps its spelling, which the service may insist on; two spellings that differ only in
        /// letter case are equal.
        #[derive(Debug, Clone)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes 1 to 64 letters, digits and hyphens.
            ///
            /// # Errors
            /// Gives the text back when it holds anything else.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if is_plain(text) {
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

            /// The last four characters: enough to tell two records with one name apart.
            #[must_use]
            pub fn tail(&self) -> &str {
                &self.0[self.0.len().saturating_sub(4)..]
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
                self.0.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
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
    /// The id of a [`Machine`](super::Machine): 40 hexadecimal digits in every sample seen; other
    /// shapes are taken as they come.
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

/// One order in the journal, and the tag that stands first in the comment sent to the service.
///
/// Prints as `cdn-` and eight characters of Crockford's base 32 (no I, L, O, U): 40 random bits,
/// short enough to read out over the telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(u64);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ENTRY_PREFIX: &str = "cdn-";

impl EntryId {
    /// A new id from 40 random bits of the operating system.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        Ok(Self(getrandom::u64()? & 0xff_ffff_ffff))
    }

    /// Reads the printed form, anywhere in letter case.
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

    /// The first tag in a comment, ours or another console's.
    #[must_use]
    pub fn find_in(comment: &str) -> Option<Self> {
        comment
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .find_map(Self::parse)
    }
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
    fn ids_that_could_change_a_path_are_refused() {
        for bad in ["", "a/b", "..", "a b", "a?b", "%2e", "ü", &"a".repeat(65)] {
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
    fn an_entry_id_survives_printing_and_a_comment() {
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
