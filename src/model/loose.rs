//! JSON values that may be missing, null, or of another type than documented (rule 8).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::{MacAddress, MachineActionId, MachineId};

/// A value that may be missing, null, or of another type than documented.
pub struct Loose<T>(pub Option<T>);

impl<T> Default for Loose<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// A type that can be parsed from the text of a JSON string, number or boolean.
pub trait FromText: Sized {
    /// The property that holds the text if the value is an object.
    const INNER: Option<&'static str> = None;

    /// Parses `text`, which is trimmed and not empty.
    fn from_text(text: &str) -> Option<Self>;

    /// Parses an object by its property [`Self::INNER`].
    fn from_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut inner = Loose(None);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if Self::INNER == Some(&*key) {
                inner = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(inner.0)
    }
}

impl<T: FromText> Loose<T> {
    fn new(text: &str) -> Self {
        let text = text.trim();
        Self(if text.is_empty() {
            None
        } else {
            T::from_text(text)
        })
    }
}

impl<'de, T: FromText> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LooseVisitor(PhantomData))
    }
}

struct LooseVisitor<T>(PhantomData<T>);

impl<'de, T: FromText> Visitor<'de> for LooseVisitor<T> {
    type Value = Loose<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::new(text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Loose::new(if value { "true" } else { "false" }))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Loose::new(&value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Loose::new(&value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Loose::new(&value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::from_object(map).map(Loose)
    }
}

/// Reads an optional field; an unusable value counts as missing.
///
/// # Errors
/// When the text is not JSON.
pub fn loose<'de, D: Deserializer<'de>, T: FromText>(from: D) -> Result<Option<T>, D::Error> {
    Loose::deserialize(from).map(|read| read.0)
}

/// Reads a field whose type has a default for an unknown value.
///
/// # Errors
/// When the text is not JSON.
pub fn loose_or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromText + Default,
{
    loose(from).map(Option::unwrap_or_default)
}

/// Reads a list that may be missing; unusable elements are dropped.
///
/// # Errors
/// When the text is not JSON.
pub fn loose_list<'de, D, T>(from: D) -> Result<Option<Box<[T]>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromText,
{
    LooseList::deserialize(from).map(|read| read.0.map(Into::into))
}

/// Reads a field required for the record.
///
/// # Errors
/// When there is no usable value.
pub fn required<'de, D: Deserializer<'de>, T: FromText>(from: D) -> Result<T, D::Error> {
    loose(from)?.ok_or_else(|| D::Error::custom("nothing usable in a field that has to be there"))
}

/// Reads an optional field; a value that cannot be read counts as `None`.
///
/// # Errors
/// When the text is not JSON.
pub fn or_none<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(T::deserialize(Json::deserialize(from)?).ok())
}

/// Maximum number of elements read from a list inside a record, far above any of the service's
/// records; the rest is left out.
pub const MAX_ELEMENTS: usize = 1_000;

/// A list that is `None` if missing, null or another type; elements that are no `T` are dropped.
pub struct LooseList<T>(pub Option<Vec<T>>);

impl<T> Default for LooseList<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: FromText> Deserialize<'de> for LooseList<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // Elements are borrowed unparsed, so that a value of another type needs no visitor.
        let raw = <&RawValue>::deserialize(from)?;
        let elements: Option<Elements<T>> = serde_json::from_str(raw.get()).ok();
        Ok(Self(elements.map(|elements| elements.0)))
    }
}

/// The first [`MAX_ELEMENTS`] readable elements of a list.
struct Elements<T>(Vec<T>);

impl<'de, T: FromText> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(ElementsVisitor(PhantomData))
    }
}

struct ElementsVisitor<T>(PhantomData<T>);

impl<'de, T: FromText> Visitor<'de> for ElementsVisitor<T> {
    type Value = Elements<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while read.len() < MAX_ELEMENTS {
            let Some(element) = seq.next_element::<Loose<T>>()? else {
                break;
            };
            read.extend(element.0);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Elements(read))
    }
}

impl FromText for Box<str> {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.eq_ignore_ascii_case("true"))
    }
}

/// A boolean without a default: an unreadable value must not pass for a no.
pub struct Flag(pub bool);

impl FromText for Flag {
    fn from_text(text: &str) -> Option<Self> {
        text.to_ascii_lowercase().parse().ok().map(Self)
    }
}

impl FromText for IpAddr {
    fn from_text(text: &str) -> Option<Self> {
        // An IPv6 address may have a zone id (RFC 4007 section 11).
        text.split('%').next().unwrap_or(text).parse().ok()
    }
}

impl FromText for MacAddress {
    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl FromText for MachineId {
    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl FromText for MachineActionId {
    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl FromText for Timestamp {
    fn from_text(text: &str) -> Option<Self> {
        // All times of the service are UTC, even without the offset; digits beyond nanoseconds are dropped.
        let at: Self = (text.parse().ok())
            .or_else(|| format!("{text}Z").parse().ok())
            .or_else(|| {
                text.get(..NANOSECONDS_END)?
                    .parse::<DateTime>()
                    .ok()?
                    .to_zoned(TimeZone::UTC)
                    .ok()
                    .map(|at| at.timestamp())
            })?;
        // "Never" is the epoch of some system's calendar: year 1, 1601 or 1970.
        (at.as_second() >= YEAR_2000).then_some(at)
    }
}

/// Length of `2025-01-01T00:00:00.123456789`.
const NANOSECONDS_END: usize = 29;
const YEAR_2000: i64 = 946_684_800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_have_any_number_of_digits() {
        let at = |text: &str| Timestamp::from_text(text).map(|at| at.to_string());
        for (text, read) in [
            ("2025-05-01T08:00:00Z", "2025-05-01T08:00:00Z"),
            ("2025-05-01T08:00:00.1Z", "2025-05-01T08:00:00.1Z"),
            (
                "2025-05-01T08:00:00.9544144Z",
                "2025-05-01T08:00:00.9544144Z",
            ),
            (
                "2025-05-01T08:00:00.123456789Z",
                "2025-05-01T08:00:00.123456789Z",
            ),
            (
                "2025-05-01T08:00:00.12345678912Z",
                "2025-05-01T08:00:00.123456789Z",
            ),
            ("2025-05-01T10:00:00+02:00", "2025-05-01T08:00:00Z"),
            ("2025-05-01T08:00:00", "2025-05-01T08:00:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(read), "{text}");
        }
        for odd in [
            "0001-01-01T00:00:00Z",
            "1601-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "now",
            "1735689600",
            "2025-05-01T",
        ] {
            assert_eq!(at(odd), None, "{odd}");
        }
    }
}
