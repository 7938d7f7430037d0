//! A file known to Defender.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::de::{IgnoredAny, MapAccess};
use serde::{Deserialize as _, Deserializer};

use super::bytes::{heap_bytes_of_fields, nothing_on_the_heap};
use super::loose::{FromText, Loose, LooseList};
use super::{Indicator, Listed};

/// Maximum number of files kept of one alert.
const MAX_FILES: usize = 8;

/// Facts about a file (`file` and `inOrgFileStats` resources). All but the SHA-1 may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// 40 hexadecimal digits in lower case: the service's key for a quarantine.
    pub sha1: Box<str>,
    /// 64 hexadecimal digits in lower case.
    pub sha256: Option<Box<str>>,
    pub signer: Option<Box<str>>,
    pub is_valid_certificate: Option<bool>,
    /// Publisher as claimed by the file itself; not a verified signature.
    pub publisher: Option<Box<str>>,
    pub product: Option<Box<str>>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// `Malware`, `Pua`, `Clean`, `Unknown`, ….
    pub determination: Option<Box<str>>,
    /// The threat's name, if any.
    pub determination_value: Option<Box<str>>,
    /// Number of devices worldwide that have seen it.
    pub global_prevalence: Option<i64>,
    pub global_seen: Seen,
    /// Number of devices of the organisation that have seen it; `None` also if it could not be read.
    pub organization_prevalence: Option<i64>,
    pub organization_seen: Seen,
    /// Most common file names, the commonest first.
    pub names: Box<[Box<str>]>,
    /// Its tenant-wide indicators, as far as they could be read; `None` if they were not requested.
    pub indicators: Option<Listed<Indicator>>,
}

/// Times of the first and last sighting, as far as known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

/// A file named in an alert (`alertEvidence` resource of type `File` or `Process`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFile {
    pub name: Option<Box<str>>,
    /// Its SHA-1, else its SHA-256: hexadecimal digits in lower case.
    pub hash: Box<str>,
}

heap_bytes_of_fields!(AlertFile { name, hash });

nothing_on_the_heap!(Seen);

heap_bytes_of_fields!(FileFacts {
    sha1,
    sha256,
    signer,
    is_valid_certificate,
    publisher,
    product,
    size,
    determination,
    determination_value,
    global_prevalence,
    global_seen,
    organization_prevalence,
    organization_seen,
    names,
    indicators,
});

/// Bytes in lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        write!(digits, "{byte:02x}").ok();
    }
    digits
}

/// A hash of this many hexadecimal digits, in lower case.
#[must_use]
pub fn hash_digits(text: &str, count: usize) -> Option<Box<str>> {
    let text = text.trim();
    let is_hash = text.len() == count && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase().into())
}

impl FromText for AlertFile {
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    /// Evidence of other types has no hash, or one unrelated to a file.
    fn from_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut texts: [Loose<Box<str>>; 4] = Default::default();
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            let names = ["entityType", "fileName", "sha1", "sha256"];
            match names.iter().position(|name| *name == key) {
                Some(place) => texts[place] = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let [kind, name, sha1, sha256] = texts.map(|text| text.0);
        let is_file = kind.is_some_and(|kind| matches!(&*kind, "File" | "Process"));
        let digits = |text: Option<Box<str>>, count| hash_digits(&text?, count);
        let hash = digits(sha1, 40).or_else(|| digits(sha256, 64));
        Ok(hash.filter(|_| is_file).map(|hash| Self { name, hash }))
    }
}

/// The files in an alert's evidence, without duplicates.
pub(super) fn files_of<'de, D: Deserializer<'de>>(from: D) -> Result<Box<[AlertFile]>, D::Error> {
    let read: LooseList<AlertFile> = LooseList::deserialize(from)?;
    let mut files: Vec<AlertFile> = Vec::new();
    for file in read.0.unwrap_or_default() {
        if files.len() < MAX_FILES && files.iter().all(|known| known.hash != file.hash) {
            files.push(file);
        }
    }
    Ok(files.into())
}
