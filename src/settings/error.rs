//! Why settings cannot be read or saved.

use std::io;
use std::path::PathBuf;

use toml_edit::TomlError;

use super::profile::{ProfileName, WrongValue};
use super::rules::RuleKey;
use super::toml_text::{MAX_BYTES, toml_place, toml_problem};
use crate::explain::{Explain, Explanation, outside};
use crate::model::clean;

/// Why settings could not be read or saved. Names file, line and key.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{} has more than {MAX_BYTES} bytes, so it is not a settings file", .0.display())]
    TooLarge(PathBuf),
    #[error("{}: {}", .0.display(), toml_problem(.1))]
    NotToml(PathBuf, Box<TomlError>),
    /// The name is used for something other than a table.
    #[error("{}: “{}” is not a table", .0.display(), .1)]
    NoTable(PathBuf, &'static str),
    /// The file existed in this run: reading it as empty would lift every protection.
    #[error("{} was there and is now missing or empty", .0.display())]
    Gone(PathBuf),
    /// The value was changed by someone else since it was shown.
    #[error("{}: {} has changed since it was shown here", file.display(), key.name())]
    ChangedMeanwhile { file: PathBuf, key: RuleKey },
    /// With these rules, the next start could not read the file.
    #[error("{0}")]
    Unusable(Box<str>),
    #[error("{}: there is no [profile.{}]", file.display(), profile.as_str())]
    NoProfile { file: PathBuf, profile: ProfileName },
    #[error("{}, {wrong}", file.display())]
    WrongValue { file: PathBuf, wrong: WrongValue },
    #[error("{}: {source}", file.display())]
    NotSaved { file: PathBuf, source: io::Error },
}

impl Explain for SettingsError {
    fn explain(&self) -> Explanation {
        let (headline, next) = match self {
            Self::Unreadable { .. } | Self::TooLarge(_) | Self::NotToml(..) | Self::NoTable(..) => {
                (
                    "The settings file cannot be read",
                    "Fix it or move it away: it is not overwritten. Until then a profile can be used without saving it",
                )
            }
            Self::Gone(_) => (
                "The settings file is gone",
                "Put it back. Until then the rules read last still apply and nothing is saved. Without it, the next start has no rules",
            ),
            Self::ChangedMeanwhile { .. } => (
                "The same rules were changed elsewhere in the meantime",
                "Discard your changes and edit the rules as they are now",
            ),
            Self::NoProfile { .. } => (
                "There is no profile with this name yet",
                "Fill it in, or choose another one",
            ),
            Self::WrongValue { .. } => (
                "The settings file has a wrong value",
                "Correct it here or in the file",
            ),
            Self::Unusable(_) => (
                "These rules cannot be used",
                "Correct them here or in the file, which was left as it is",
            ),
            Self::NotSaved { .. } => (
                "The settings could not be saved",
                "Make room and allow writing there, or use the profile without saving it",
            ),
        };
        Explanation::harmless(headline, outside(next)).with(clean(&self.to_string(), 600))
    }
}

impl SettingsError {
    /// Position of the error, without quoting the text: for a report that is pasted elsewhere.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::NotToml(_, error) => toml_place(error),
            Self::WrongValue { wrong, .. } => {
                let key = wrong.key.rsplit('.').next().unwrap_or_default();
                format!("line {}: {key}: {}", wrong.line, wrong.problem)
            }
            Self::Unreadable { source, .. } | Self::NotSaved { source, .. } => source.to_string(),
            Self::TooLarge(_) => format!("more than {MAX_BYTES} bytes"),
            Self::NoTable(_, table) => format!("“{table}” is not a table"),
            Self::Unusable(_) => "rules that cannot be used".into(),
            Self::Gone(_) => "it is gone".into(),
            Self::ChangedMeanwhile { key, .. } => format!("{} was changed", key.name()),
            Self::NoProfile { .. } => "the profile to start with is not there".into(),
        }
    }
}
