//! Parameters of actions. A parameter is data: form, request body, journal and export handle it
//! without naming any particular one.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::choice::Choice;
use super::hash::{Sha1, Sha1Error};
use crate::model::first_lower;

/// One required input of an action and the request property that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The property's name, case-sensitive.
    pub wire_name: &'static str,
    /// Field label and accessible name.
    pub label: &'static str,
    pub help: &'static str,
    pub kind: ParameterKind,
}

/// Input type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterKind {
    /// One of a fixed set; the first is preset.
    Choice(&'static [Choice]),
    /// One line of text.
    Text { max_chars: usize },
    /// The SHA-1 of a file.
    Hash,
    /// The SHA-1 or SHA-256 of a file.
    AnyHash,
    /// A time in UTC, to the second.
    Time,
}

/// A typed value of a [`Parameter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Choice(&'static Choice),
    Text(Box<str>),
    Hash(Sha1),
    /// 64 hexadecimal digits in lower case.
    Sha256(Box<str>),
    /// To the second.
    Time(Timestamp),
}

/// Error in a field's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    #[error(transparent)]
    Hash(#[from] Sha1Error),
    #[error("Enter {}", with_article(label))]
    Missing { label: &'static str },
    #[error("{label}: choose one")]
    NotChosen { label: &'static str },
    #[error("{label}: not one of the values offered")]
    NotOffered { label: &'static str },
    #[error("{label}: {chars} characters, at most {max}")]
    TooLong {
        label: &'static str,
        chars: usize,
        max: usize,
    },
    #[error("{label}: a time such as 2026-12-06 07:40")]
    NoTime { label: &'static str },
    #[error("{label}: one line only, without control characters")]
    SeveralLines { label: &'static str },
}

/// The label with its article: `a tag`, `the hash of the file`.
fn with_article(label: &str) -> String {
    let article = if label.contains(' ') { "the" } else { "a" };
    format!("{article} {}", first_lower(label))
}

impl Parameter {
    /// The initial text of the field.
    #[must_use]
    pub const fn preset(&self) -> &'static str {
        match &self.kind {
            ParameterKind::Choice([first, ..]) => first.value,
            ParameterKind::Choice([])
            | ParameterKind::Text { .. }
            | ParameterKind::Hash
            | ParameterKind::AnyHash
            | ParameterKind::Time => "",
        }
    }

    /// Whether the field takes free text.
    #[must_use]
    pub const fn is_typed(&self) -> bool {
        !matches!(self.kind, ParameterKind::Choice(_))
    }

    /// A sample value, for the self-test.
    #[must_use]
    pub const fn example(&self) -> &'static str {
        match &self.kind {
            ParameterKind::Choice(_) => self.preset(),
            ParameterKind::Text { .. } => "cordon",
            ParameterKind::Hash | ParameterKind::AnyHash => Sha1::EXAMPLE,
            ParameterKind::Time => "2099-12-31 00:00",
        }
    }

    /// Parses the field's text.
    ///
    /// # Errors
    /// The mistake in the text.
    pub fn parse(&self, text: &str) -> Result<Value, ParameterError> {
        let label = self.label;
        let text = text.trim();
        let is_empty = text.is_empty();
        Ok(match &self.kind {
            ParameterKind::Hash => Value::Hash(Sha1::find(text)?),
            ParameterKind::AnyHash => any_hash(text)?,
            ParameterKind::Time => {
                Value::Time(moment(text).ok_or(ParameterError::NoTime { label })?)
            }
            ParameterKind::Choice(_) if is_empty => {
                return Err(ParameterError::NotChosen { label });
            }
            ParameterKind::Choice(choices) => {
                let chosen = choices.iter().find(|choice| choice.value == text);
                Value::Choice(chosen.ok_or(ParameterError::NotOffered { label })?)
            }
            ParameterKind::Text { .. } if is_empty => {
                return Err(ParameterError::Missing { label });
            }
            ParameterKind::Text { max_chars } => Value::Text(one_line(text, label, *max_chars)?),
        })
    }

    /// Reads what [`Value::to_json`] wrote. Not limited in length: the limit may have changed since.
    #[must_use]
    pub fn read(&self, json: &Json) -> Option<Value> {
        let text = json.as_str()?;
        match self.kind {
            ParameterKind::Text { .. } => Some(Value::Text(text.into())),
            ParameterKind::Choice(_)
            | ParameterKind::Hash
            | ParameterKind::AnyHash
            | ParameterKind::Time => self.parse(text).ok(),
        }
    }
}

fn any_hash(text: &str) -> Result<Value, Sha1Error> {
    match Sha1::find(text) {
        Err(Sha1Error::Sha256 { digits }) => Ok(Value::Sha256(digits)),
        other => other.map(Value::Hash),
    }
}

/// Parses a time as users and the service write it. UTC without an offset, midnight without a time of day.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_end_matches("UTC").trim_end();
    let plain = || {
        let at: DateTime = text.parse().ok()?;
        Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let at = text.parse::<Timestamp>().ok().or_else(plain)?;
    Timestamp::from_second(at.as_second()).ok()
}

fn one_line(text: &str, label: &'static str, max: usize) -> Result<Box<str>, ParameterError> {
    let chars = text.chars().count();
    if text.chars().any(char::is_control) {
        Err(ParameterError::SeveralLines { label })
    } else if chars > max {
        Err(ParameterError::TooLong { label, chars, max })
    } else {
        Ok(text.into())
    }
}

impl Value {
    /// The value as sent to the service.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Time(at) => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into(),
            Self::Choice(_) | Self::Text(_) | Self::Hash(_) | Self::Sha256(_) => {
                Json::from(&*self.text())
            }
        }
    }

    /// The value as a form field holds it.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Choice(choice) => choice.value.into(),
            Self::Text(text) | Self::Sha256(text) => (&**text).into(),
            Self::Time(at) if at.as_second() % 60 == 0 => {
                at.strftime("%Y-%m-%d %H:%M").to_string().into()
            }
            Self::Time(at) => at.strftime("%Y-%m-%d %H:%M:%S").to_string().into(),
            Self::Hash(sha1) => sha1.as_str().into(),
        }
    }

    /// The value in a description of the sent request.
    #[must_use]
    pub fn word(&self) -> Cow<'_, str> {
        match self {
            Self::Choice(choice) => choice.word.into(),
            Self::Time(_) => format!("{} UTC", self.text()).into(),
            Self::Text(_) | Self::Hash(_) | Self::Sha256(_) => self.text(),
        }
    }
}

/// Values of an action's parameters, in catalogue order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(Box<[(&'static Parameter, Value)]>);

impl Values {
    /// The value of a parameter, if it was given.
    #[must_use]
    pub fn get(&self, parameter: &Parameter) -> Option<&Value> {
        self.iter()
            .find(|(known, _)| known.wire_name == parameter.wire_name)
            .map(|(_, value)| value)
    }

    /// Whether this choice was made.
    #[must_use]
    pub fn has(&self, choice: &Choice) -> bool {
        self.iter()
            .any(|(_, value)| matches!(value, Value::Choice(chosen) if *chosen == choice))
    }

    /// The first choice made, which is the action's variant.
    #[must_use]
    pub fn variant(&self) -> Option<&'static Choice> {
        self.iter().find_map(|(_, value)| match value {
            Value::Choice(choice) => Some(*choice),
            Value::Text(_) | Value::Hash(_) | Value::Sha256(_) | Value::Time(_) => None,
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static Parameter, &Value)> {
        self.0.iter().map(|(parameter, value)| (*parameter, value))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(&'static Parameter, Value)> for Values {
    fn from_iter<I: IntoIterator<Item = (&'static Parameter, Value)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<const N: usize> From<[(&'static Parameter, Value); N]> for Values {
    fn from(values: [(&'static Parameter, Value); N]) -> Self {
        values.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn parameter(kind: ParameterKind) -> Parameter {
        Parameter {
            wire_name: "Name",
            label: "Label",
            help: "",
            kind,
        }
    }

    const CHOICE: ParameterKind = ParameterKind::Choice(&[
        Choice::plain("Quick", "Quick scan"),
        Choice::plain("Full", "Full scan"),
    ]);
    const TEXT: ParameterKind = ParameterKind::Text { max_chars: 10 };

    #[test]
    fn every_kind_parses_its_example_and_survives_json() {
        for kind in [
            CHOICE,
            TEXT,
            ParameterKind::Hash,
            ParameterKind::AnyHash,
            ParameterKind::Time,
        ] {
            let parameter = parameter(kind);
            let value = parameter.parse(parameter.example()).expect("an example");
            assert_eq!(parameter.read(&value.to_json()), Some(value.clone()));
            assert_eq!(parameter.parse(&value.text()), Ok(value));
            assert_eq!(parameter.read(&Json::Null), None);
        }
    }

    #[test]
    fn a_time_is_utc_and_both_hash_lengths_are_accepted() {
        let time = parameter(ParameterKind::Time);
        let read = |text: &str| time.parse(text).map(|value| value.to_json());
        for text in [
            "2026-12-06 07:40",
            " 2026-12-06T07:40Z ",
            "2026-12-06 07:40 UTC",
            "2026-12-06T08:40:00+01:00",
        ] {
            assert_eq!(read(text), Ok("2026-12-06T07:40:00Z".into()), "{text}");
        }
        assert_eq!(read("2026-12-06"), Ok("2026-12-06T00:00:00Z".into()));
        for wrong in ["", "tomorrow", "7", "2026-13-06", "06.12.2026"] {
            let label = "Label";
            assert_eq!(
                read(wrong),
                Err(ParameterError::NoTime { label }),
                "{wrong}"
            );
        }
        let hash = parameter(ParameterKind::AnyHash);
        let sha256 = "ab".repeat(32);
        let value = Value::Sha256(sha256.as_str().into());
        assert_eq!(hash.parse(&sha256.to_uppercase()), Ok(value.clone()));
        assert_eq!(hash.read(&value.to_json()), Some(value));
        let md5 = ParameterError::Hash(Sha1Error::Md5);
        assert_eq!(hash.parse(&"a".repeat(32)), Err(md5));
    }

    #[test]
    fn values_are_sent_as_json_strings() {
        let json = |kind, text: &str| {
            let value = parameter(kind).parse(text).expect("a valid text");
            value.to_json().to_string()
        };
        assert_eq!(json(CHOICE, "Full"), r#""Full""#);
        assert_eq!(json(TEXT, " INC-4711 "), r#""INC-4711""#);
    }

    #[test]
    fn stored_text_over_the_present_limit_is_read() {
        let long = "12345678901";
        let read = parameter(TEXT).read(&long.into());
        assert_eq!(read, Some(Value::Text(long.into())));
    }

    #[test]
    fn invalid_text_is_explained() {
        let label = "Label";
        for (kind, typed, expected) in [
            (CHOICE, "full", ParameterError::NotOffered { label }),
            (CHOICE, " ", ParameterError::NotChosen { label }),
            (
                TEXT,
                "12345678901",
                ParameterError::TooLong {
                    label,
                    chars: 11,
                    max: 10,
                },
            ),
            (TEXT, "a\nb", ParameterError::SeveralLines { label }),
            (TEXT, " ", ParameterError::Missing { label }),
            (
                ParameterKind::Hash,
                "",
                ParameterError::Hash(Sha1Error::Missing),
            ),
        ] {
            let parameter = parameter(kind);
            assert_eq!(parameter.parse(typed), Err(expected), "{typed}");
        }
        assert_eq!(parameter(CHOICE).preset(), "Quick");
        assert_eq!(parameter(TEXT).preset(), "");
    }
}
