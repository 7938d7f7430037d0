//! The hash by which the service identifies a file.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use crate::model::clean;

/// The SHA-1 of a file: 40 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sha1(Box<str>);

/// Why a text contains no SHA-1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Sha1Error {
    #[error("Enter the SHA-1 of the file")]
    Missing,
    #[error(
        "This is an MD5 (32 digits), and Defender has no look-up by MD5. Take the SHA-1 or SHA-256 from the alert, or have the file itself hashed here"
    )]
    Md5,
    /// The digits in lower case.
    #[error("This is a SHA-256 (64 digits). The service takes SHA-1 only: 40 digits")]
    Sha256 { digits: Box<str> },
    #[error("This is the path of a file: have it hashed")]
    Path(PathBuf),
    #[error("{digits} digits: a SHA-1 has 40")]
    WrongLength { digits: usize },
    #[error("“{}” (character {position}) is not a hexadecimal digit", clean(&character.to_string(), 8))]
    WrongCharacter { character: char, position: usize },
    #[error("This holds several hashes; leave only one")]
    Several,
    #[error("This is in several pieces: enter the SHA-1 alone, in one piece")]
    Pieces,
}

const SHA1_DIGITS: usize = 40;
const MD5_DIGITS: usize = 32;
const SHA256_DIGITS: usize = 64;

impl Sha1 {
    /// The example in the API reference.
    pub(super) const EXAMPLE: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

    /// Finds the one SHA-1 in pasted text; labels, quotes, spaces and upper case are ignored.
    ///
    /// # Errors
    /// What the text contains instead: another kind of hash, a wrong length or character, or several hashes.
    pub fn find(text: &str) -> Result<Self, Sha1Error> {
        // Checked first, as samples are stored under a hash of any kind.
        if let Some(path) = path_of(text) {
            return Err(Sha1Error::Path(path));
        }
        let is_hex = |word: &&str| word.bytes().all(|b| b.is_ascii_hexdigit());
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        // Repetitions of the same hash count as one.
        let whole = |digits: usize| {
            let mut whole = words
                .iter()
                .copied()
                .filter(is_hex)
                .filter(|word| word.len() == digits);
            let found = whole.next()?;
            let is_one = whole.all(|other| other.eq_ignore_ascii_case(found));
            Some(if is_one {
                Ok(found.to_ascii_lowercase().into())
            } else {
                Err(Sha1Error::Several)
            })
        };
        if let Some(found) = whole(SHA1_DIGITS) {
            return found.map(Self);
        }
        if let Some(found) = whole(SHA256_DIGITS) {
            return Err(found.map_or_else(|several| several, sha256));
        }
        let digits = without_label(text);
        if let Some((position, character)) = digits
            .chars()
            .enumerate()
            .find(|(_, c)| !c.is_ascii_hexdigit())
        {
            return Err(Sha1Error::WrongCharacter {
                character,
                position: position + 1,
            });
        }
        let pieces = lengths_of_pieces(&words, digits.len());
        let of_sha256 = |digits: &str| sha256(digits.to_ascii_lowercase().into());
        match digits.len() {
            0 => Err(Sha1Error::Missing),
            MD5_DIGITS => Err(Sha1Error::Md5),
            SHA256_DIGITS if is_grouped(&pieces) => Err(of_sha256(&digits)),
            SHA256_DIGITS => Err(Sha1Error::Pieces),
            SHA1_DIGITS if is_called_sha1(text) => Ok(Self(digits.to_ascii_lowercase().into())),
            _ if pieces.contains(&MD5_DIGITS) => Err(Sha1Error::Md5),
            SHA1_DIGITS if is_grouped(&pieces) => Ok(Self(digits.to_ascii_lowercase().into())),
            SHA1_DIGITS => Err(Sha1Error::Pieces),
            digits => Err(Sha1Error::WrongLength { digits }),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn sha256(digits: Box<str>) -> Sha1Error {
    Sha1Error::Sha256 { digits }
}

/// The path, if the text is an absolute path, quoted or not, or a file URL. Its existence is not checked.
fn path_of(text: &str) -> Option<PathBuf> {
    let text = text.trim();
    let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let text = quoted.unwrap_or(text);
    if text.starts_with("file://") {
        return Url::parse(text).ok()?.to_file_path().ok();
    }
    let path = Path::new(text);
    let is_one_line = !text.chars().any(char::is_control);
    (is_one_line && path.is_absolute()).then(|| path.to_owned())
}

impl fmt::Display for Sha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The lengths of the last words that together have `digits` digits, in order; the first may have a label attached.
fn lengths_of_pieces(words: &[&str], digits: usize) -> Vec<usize> {
    let mut left = digits;
    let mut lengths = Vec::new();
    for word in words.iter().rev() {
        let length = word.len().min(left);
        if length == 0 {
            break;
        }
        lengths.push(length);
        left -= length;
    }
    lengths.reverse();
    lengths
}

/// Whether a text begins with a label such as `SHA-1`, so that a blank within its digits is ignored.
fn is_called_sha1(text: &str) -> bool {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    let start = letters.map(|c| c.to_ascii_lowercase()).take(4);
    start.eq("sha1".chars())
}

/// Whether the digits are in equal groups, possibly with a shorter last one.
fn is_grouped(pieces: &[usize]) -> bool {
    let Some((last, [first, others @ ..])) = pieces.split_last() else {
        return true;
    };
    others.iter().all(|length| length == first) && last <= first
}

/// The text without white space, separators between digits, quotes, and leading labels such as
/// `SHA-1:`, `MD5=` and `sha256 `.
fn without_label(text: &str) -> String {
    let packed: String = text
        .chars()
        .filter(|c| {
            !c.is_whitespace()
                && !matches!(
                    c,
                    '"' | '\'' | '`' | ':' | '=' | '-' | '(' | ')' | ',' | ';'
                )
        })
        .collect();
    for label in ["sha256", "sha1", "md5", "hash"] {
        if packed
            .get(..label.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(label))
        {
            return packed[label.len()..].to_owned();
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = Sha1::EXAMPLE;

    #[test]
    fn a_sha1_is_found_in_pasted_text() {
        for text in [
            HASH.to_owned(),
            format!("  {HASH}\r\n"),
            HASH.to_uppercase(),
            format!("SHA-1: {HASH}"),
            format!("sha1={HASH}"),
            format!("SHA1 ({HASH})"),
            format!("evil.exe\t{HASH}\tquarantine"),
            HASH.as_bytes()
                .chunks(4)
                .map(|c| String::from_utf8_lossy(c).into_owned())
                .collect::<Vec<_>>()
                .join(" "),
            format!("{HASH}, {HASH}"),
            format!("SHA-1: {} {}", &HASH[..20], &HASH[20..]),
            format!("sha1{HASH}"),
            format!("SHA1: {} {}", &HASH[..8], &HASH[8..]),
            format!("{} {} {}", &HASH[..16], &HASH[16..32], &HASH[32..]),
        ] {
            assert_eq!(
                Sha1::find(&text).map(|s| s.to_string()),
                Ok(HASH.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_text_without_sha1_is_explained() {
        let find = |text: &str| Sha1::find(text).expect_err("not a SHA-1");
        assert_eq!(find(""), Sha1Error::Missing);
        assert_eq!(find(" \t"), Sha1Error::Missing);
        assert_eq!(find(&"a".repeat(32)), Sha1Error::Md5);
        assert_eq!(find(&format!("MD5: {}", "a".repeat(32))), Sha1Error::Md5);
        let of_sha256 = |digit: &str| sha256(digit.repeat(64).into());
        for sha256 in [
            "A".repeat(64),
            format!("SHA-256: {}", "a".repeat(64)),
            format!("evil.exe {} quarantine", "a".repeat(64)),
            format!("https://intel.example/file/{}/detection", "a".repeat(64)),
            vec!["a".repeat(16); 4].join(" "),
        ] {
            assert_eq!(find(&sha256), of_sha256("a"), "{sha256}");
        }
        let two = format!("{} {}", "a".repeat(64), "b".repeat(64));
        assert_eq!(find(&two), Sha1Error::Several);
        assert_eq!(find(&"a".repeat(39)), Sha1Error::WrongLength { digits: 39 });
        assert_eq!(
            find(&format!("{}g", "a".repeat(39))),
            Sha1Error::WrongCharacter {
                character: 'g',
                position: 40
            }
        );
        let md5 = "a".repeat(32);
        for no_sha1 in [
            format!("{md5} 20261128"),
            format!("20261128 {md5}"),
            format!("MD5: {md5} 20261128"),
            format!("md5{md5} deadbeef"),
            format!("{md5} 1234"),
        ] {
            assert_eq!(find(&no_sha1), Sha1Error::Md5, "{no_sha1}");
        }
        let sha256 = format!("{} 20261128", "a".repeat(64));
        assert_eq!(find(&sha256), of_sha256("a"));
        for pieces in [[10, 30].as_slice(), &[30, 4, 6], &[8, 8, 16, 8]] {
            let pieces: Vec<_> = pieces.iter().map(|length| "a".repeat(*length)).collect();
            assert_eq!(find(&pieces.join(" ")), Sha1Error::Pieces, "{pieces:?}");
        }
        assert_eq!(
            find(&format!("{HASH} {}", "b".repeat(40))),
            Sha1Error::Several
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_never_read_as_a_hash() {
        let path = format!("/home/jane/samples/{HASH}.bin");
        for text in [
            path.clone(),
            format!(" \"{path}\"\n"),
            format!("file://{path}"),
        ] {
            let found = Sha1::find(&text).expect_err("a path");
            assert_eq!(found, Sha1Error::Path(path.clone().into()), "{text}");
        }
        for text in [
            "evil.exe",
            "~/evil.exe",
            "/a\n/b",
            "file://elsewhere/evil.exe",
        ] {
            let found = Sha1::find(text).expect_err("neither path nor hash");
            assert!(!matches!(found, Sha1Error::Path(_)), "{text}");
        }
    }
}
