//! Parsing of responses. Missing, null, unknown or mistyped properties are left out; only an id is
//! required (rule 8).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::Unreadable;
use super::odata::{MACHINES_TOP, Stop};
use crate::model::loose::Loose;
use crate::model::{HeapBytes, Listed, Machine, MachineAction, clean};

/// A resource of the service, parsed from one JSON object.
pub(super) trait Noun: HeapBytes + Send + Sized + 'static {
    /// Maximum number of elements read from one response.
    const MAX_ITEMS: usize = 1_000;
    /// Maximum length of one element's JSON; a longer one is unreadable.
    const MAX_LENGTH: usize = 1 << 20;

    /// `None` if the text is not an object, or has no usable id.
    fn read(json: &str) -> Option<Self>;
}

/// Memory limit of the elements of one response: the size of the longest body.
const MAX_MEMORY: usize = 24 << 20;
/// Maximum length of a next link; a longer one is ignored.
const MAX_LINK: usize = 8 << 10;

/// Maximum number of invalid UTF-8 bytes in a body: each takes three bytes as text.
const MAX_INVALID: usize = 100_000;

/// The response to one list request.
#[derive(Debug)]
pub(super) struct Listing<T> {
    pub items: Vec<T>,
    pub unreadable: usize,
    pub next_link: Option<Box<str>>,
    /// More elements than requested or than memory allows; they were left out.
    pub is_overfull: bool,
    /// More elements than memory allows.
    pub is_too_large: bool,
    pub bytes: usize,
    /// Memory that the items take.
    pub memory: usize,
}

impl<T> Listing<T> {
    /// Number of elements that the service sent.
    pub(super) fn received(&self) -> usize {
        self.items.len() + self.unreadable
    }

    /// The list of which this is the only page. A full page may be incomplete.
    pub(super) fn alone(self, stop: Option<Stop>, top: usize) -> Listed<T> {
        let is_full = self.received() >= top;
        Listed {
            is_cut: stop.is_some() || self.is_overfull || self.next_link.is_some() || is_full,
            items: self.items,
            unreadable: self.unreadable,
        }
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Noun"))]
struct ListBody<T> {
    /// `None`: absent, so this is not a list.
    #[serde(default, deserialize_with = "present")]
    value: Option<Elements<T>>,
    #[serde(rename = "@odata.nextLink", default)]
    next_link: Loose<Box<str>>,
}

/// Elements are parsed one by one, so that an unreadable one does not affect others, and those
/// beyond [`Noun::MAX_ITEMS`] or [`MAX_MEMORY`] take no memory. Null is an empty list.
struct Elements<T> {
    items: Vec<T>,
    unreadable: usize,
    memory: usize,
    is_overfull: bool,
    is_too_large: bool,
}

impl<'de, T: Noun> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ElementsVisitor(PhantomData))
    }
}

struct ElementsVisitor<T>(PhantomData<T>);

impl<'de, T: Noun> Visitor<'de> for ElementsVisitor<T> {
    type Value = Elements<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Elements {
            items: Vec::new(),
            unreadable: 0,
            memory: 0,
            is_overfull: false,
            is_too_large: false,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut items, mut unreadable, mut memory) = (Vec::new(), 0, 0);
        while items.len() + unreadable < T::MAX_ITEMS && memory < MAX_MEMORY {
            let Some(raw) = seq.next_element::<&RawValue>()? else {
                break;
            };
            match read_bounded::<T>(raw.get()) {
                Some(item) => {
                    memory += item.bytes();
                    items.push(item);
                }
                None => unreadable += 1,
            }
        }
        let mut has_more = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            has_more = true;
        }
        let is_too_large = has_more && memory >= MAX_MEMORY;
        Ok(Elements {
            items,
            unreadable,
            memory,
            is_overfull: has_more,
            is_too_large,
        })
    }
}

fn read_bounded<T: Noun>(json: &str) -> Option<T> {
    let is_bounded = json.len() <= T::MAX_LENGTH;
    is_bounded.then(|| T::read(json)).flatten()
}

/// Distinguishes null from a missing property.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

pub(super) fn list<T: Noun>(body: &[u8]) -> Result<Listing<T>, Unreadable> {
    let bytes = body.len();
    let text = text_of(body)?;
    let body: ListBody<T> = serde_json::from_str(&text).map_err(|error| why(&error))?;
    let Elements {
        items,
        unreadable,
        memory,
        is_overfull,
        is_too_large,
    } = body.value.ok_or(Unreadable::WrongShape)?;
    Ok(Listing {
        items,
        unreadable,
        next_link: body.next_link.0.filter(|link| link.len() <= MAX_LINK),
        is_overfull,
        is_too_large,
        bytes,
        memory,
    })
}

pub(super) fn one<T: Noun>(body: &[u8]) -> Result<T, Unreadable> {
    let text = text_of(body)?;
    if text.len() > T::MAX_LENGTH {
        return Err(Unreadable::TooLarge);
    }
    if let Some(noun) = T::read(&text) {
        return Ok(noun);
    }
    let raw: &RawValue = serde_json::from_str(&text).map_err(|error| why(&error))?;
    Err(if raw.get().starts_with('{') {
        Unreadable::NoId
    } else {
        Unreadable::WrongShape
    })
}

/// The text of a body. An invalid UTF-8 byte spoils one value, not the whole list.
pub(super) fn text_of(body: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let body = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii();
    match body.first() {
        None => Err(Unreadable::Empty),
        Some(b'<') => Err(Unreadable::Html),
        Some(_) if invalid_count(body) > MAX_INVALID => Err(Unreadable::NotJson),
        Some(_) => Ok(String::from_utf8_lossy(body)),
    }
}

fn invalid_count(body: &[u8]) -> usize {
    let chunks = body.utf8_chunks();
    chunks.filter(|chunk| !chunk.invalid().is_empty()).count()
}

pub(super) fn why(error: &serde_json::Error) -> Unreadable {
    match error.classify() {
        serde_json::error::Category::Eof => Unreadable::Truncated,
        serde_json::error::Category::Data => Unreadable::WrongShape,
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            Unreadable::NotJson
        }
    }
}

/// A JSON object with its properties in the given order.
pub(super) fn object(properties: &[(&str, serde_json::Value)]) -> Vec<u8> {
    let members: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(*name)))
        .collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

/// The error body of a refusal.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    pub code: Option<Box<str>>,
    /// Safe to display; may be empty.
    pub message: Box<str>,
    pub target: Option<Box<str>>,
}

const MESSAGE_CHARS: usize = 400;

/// Parses the error envelope `{"error":{"code","message","target"}}`; proxies and gateways omit it,
/// which leaves only the status.
pub(super) fn error_body(body: &[u8]) -> ErrorBody {
    let value: serde_json::Value = text_of(body)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let error = &value["error"];
    let short = |value: &serde_json::Value, chars| {
        let text = value.as_str()?.trim();
        (!text.is_empty()).then(|| Box::from(clean(text, chars)))
    };
    ErrorBody {
        code: short(&error["code"], 64),
        message: short(&error["message"], MESSAGE_CHARS)
            .or_else(|| short(&value["message"], MESSAGE_CHARS))
            .or_else(|| short(error, MESSAGE_CHARS))
            .unwrap_or_default(),
        target: short(&error["target"], 64),
    }
}

impl Noun for Machine {
    const MAX_ITEMS: usize = MACHINES_TOP;
    const MAX_LENGTH: usize = 512 << 10;

    fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

impl Noun for MachineAction {
    fn read(json: &str) -> Option<Self> {
        /// The documented form; the service sends the other.
        #[derive(Deserialize)]
        struct AsDocumented {
            #[serde(rename = "lastUpdateTimeUtc", default)]
            last_updated: Loose<Timestamp>,
        }

        let mut action: Self = serde_json::from_str(json).ok()?;
        if action.last_updated.is_none() {
            let other: AsDocumented = serde_json::from_str(json).ok()?;
            action.last_updated = other.last_updated.0;
        }
        Some(action)
    }
}

#[cfg(test)]
mod tests;
