//! What a person or an organisation has set: `settings.toml` in the data folder. Written only when
//! a person saves the form; comments and everything else in it are kept.

mod hosts;
mod list;
mod policy;
mod profile;
mod rules;
mod save;

use std::io;
use std::path::{Path, PathBuf};

use toml_edit::{Document, TomlError};

pub use hosts::{network_host, trust_host};
pub use profile::{Profile, ProfileName, Written};
pub use rules::{DEMO_TEMPLATES, RuleChange, RuleKey, Rules, TICKET, WrittenRules};
pub use save::{change_rules, save_profile, save_rules};

use crate::explain::{Effect, Explain, Explanation, NextStep};
use crate::files;
use crate::model::clean;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "settings.toml";

/// Hundreds of profiles fit into this.
const MAX_BYTES: u64 = 64 * 1024;

/// What a settings file looks like.
pub const EXAMPLE: &str = r#"# The profile that cordon starts with; --profile takes another one.
default_profile = "contoso"

[profile.contoso]
cloud = "Commercial"      # or "GCC", "GCC High", "DoD"
region = "EU"             # of the commercial cloud: "any", "US", "EU", "UK", "AU", "SWA", "INA"
tenant = "00000000-0000-0000-0000-000000000000"     # its id, or a domain
client_id = "00000000-0000-0000-0000-000000000000"
scopes = ".default"       # or names: ["Machine.Read", "Machine.Isolate"]

# Devices whose name has to be typed before they are isolated or restricted, and other rules of your
# organisation. Letter case, short or full name, accents composed or not and kinds of hyphens make no
# difference. `shared_file` adds the same table of another file.
[policy]
protected_names = ["DC01", "*-dc.contoso.com"]
protected_tags = ["tier0"]
protected_ids = []
vpn_ranges = ["10.8.0.0/16"]
most_devices = 10         # that one confirmation may reach, from 1 to 100

# Reasons that the form offers; {ticket} stands for the ticket's number, and [contain] or [release]
# at the start offers one only in such a form.
[comments]
templates = ["[contain] {ticket}: beacon seen, contained until checked", "[release] {ticket}: checked, clean again"]

# A notification reports an action that ended while the window was not in front.
[desktop]
notifications = true      # or false
"#;

/// The settings file, as far as it can be read: one wrong profile does not spoil the others.
#[derive(Debug, Default)]
pub struct Settings {
    /// In the order of the file.
    pub profiles: Vec<(ProfileName, Result<Profile, WrongValue>)>,
    /// The one to start with.
    pub default: Option<ProfileName>,
    /// The rules of the organisation; they hold in every profile.
    pub rules: Rules,
}

/// A value that cannot be used, and its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {key}: {problem}")]
pub struct WrongValue {
    /// Counted from 1.
    pub line: usize,
    /// As it is written with all its tables: `profile.contoso.cloud`.
    pub key: Box<str>,
    pub problem: &'static str,
    /// What could be read of the same profile, for the form.
    pub readable: Box<Written>,
}

/// Why settings could not be read or saved. Names file, line and key.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{} has more than {MAX_BYTES} bytes, so it is not a settings file", .0.display())]
    TooLarge(PathBuf),
    #[error("{}: {}", .0.display(), toml_problem(.1))]
    NotToml(PathBuf, Box<TomlError>),
    /// Something other than a table has this name.
    #[error("{}: “{}” is not a table", .0.display(), .1)]
    NoTable(PathBuf, &'static str),
    /// It was there in this run: taking that for no rules would lift every protection.
    #[error("{} was there and is now missing or empty", .0.display())]
    Gone(PathBuf),
    /// Somebody else has changed what was about to be changed.
    #[error("{}: {} has changed since it was shown here", file.display(), key.name())]
    ChangedMeanwhile { file: PathBuf, key: RuleKey },
    /// With these rules the next start could not read the file.
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
        Explanation {
            headline: headline.into(),
            effect: Effect::NothingChanged,
            next: NextStep::Outside(next.into()),
            details: vec![clean(&self.to_string(), 600).into_owned()],
        }
    }
}

impl SettingsError {
    /// Where the mistake is, without quoting it: for a report that is pasted elsewhere.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::NotToml(_, error) => match error.span() {
                Some(span) => format!("no TOML from byte {} on", span.start),
                None => "no TOML".into(),
            },
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

impl Settings {
    /// Reads the settings file in `folder`; one that is not there has nothing in it.
    ///
    /// # Errors
    /// When there is a file that is none of ours.
    pub fn read(folder: &Path) -> Result<Self, SettingsError> {
        let file = folder.join(FILE_NAME);
        match text_of(&file)? {
            Some(text) => Self::parse(&text, &file),
            None => Ok(Self::default()),
        }
    }

    /// As [`Self::read`], of a file that was there before in this run.
    ///
    /// # Errors
    /// Also when it is gone or empty: that says nothing about what is allowed.
    pub fn read_again(folder: &Path) -> Result<Self, SettingsError> {
        let file = folder.join(FILE_NAME);
        match text_of(&file)?.filter(|text| !text.trim().is_empty()) {
            Some(text) => Self::parse(&text, &file),
            None => Err(SettingsError::Gone(file)),
        }
    }

    /// Reads the text of a settings file; `file` is named in errors.
    ///
    /// # Errors
    /// When it is no TOML.
    pub fn parse(text: &str, file: &Path) -> Result<Self, SettingsError> {
        let document = Document::parse(text)
            .map_err(|error| SettingsError::NotToml(file.to_owned(), Box::new(error)))?;
        let profiles = match document.get("profile") {
            None => Vec::new(),
            Some(item) => {
                let table = item
                    .as_table_like()
                    .ok_or_else(|| SettingsError::NoTable(file.to_owned(), "profile"))?;
                table
                    .iter()
                    .map(|(name, item)| {
                        let name = ProfileName::of_key(name);
                        let read = profile::read(text, &name, item);
                        (name, read)
                    })
                    .collect()
            }
        };
        let default = document
            .get("default_profile")
            .and_then(|item| item.as_str())
            .map(ProfileName::of_key);
        Ok(Self {
            profiles,
            default,
            rules: policy::read(text, &document, file),
        })
    }

    /// The profile to start with: the one asked for, else the file's default, else the only one.
    /// `None` when there is none, or a person has to choose.
    ///
    /// # Errors
    /// When the one asked for is missing or wrong.
    pub fn choose(
        &self,
        folder: &Path,
        asked: Option<&str>,
    ) -> Result<Option<Profile>, SettingsError> {
        let name = match (asked, &self.default, self.profiles.as_slice()) {
            (Some(asked), ..) => ProfileName::of_key(asked),
            (None, Some(default), _) => default.clone(),
            (None, None, [(only, _)]) => only.clone(),
            (None, None, _none_or_several) => return Ok(None),
        };
        let file = || folder.join(FILE_NAME);
        let found = self.profiles.iter().find(|(known, _)| *known == name);
        match found {
            Some((_, Ok(profile))) => Ok(Some(profile.clone())),
            Some((_, Err(wrong))) => Err(SettingsError::WrongValue {
                file: file(),
                wrong: wrong.clone(),
            }),
            None => Err(SettingsError::NoProfile {
                file: file(),
                profile: name,
            }),
        }
    }
}

/// What is wrong with a text that is no TOML, and where, in one line.
fn toml_problem(error: &TomlError) -> String {
    let text = error.to_string();
    // Between its place and its name stands a drawing of the line.
    let place = text.lines().next().unwrap_or_default();
    format!("{place}: {}", error.message())
}

/// The line on which a part of `text` begins, counted from 1.
fn line_at(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start));
    before.unwrap_or_default().matches('\n').count() + 1
}

/// The settings file's text; `None` when there is no file.
fn text_of(file: &Path) -> Result<Option<String>, SettingsError> {
    text_from(file, files::read)
}

/// The text of a file that others provide; `None` when there is no file.
fn provided_text_of(file: &Path) -> Result<Option<String>, SettingsError> {
    text_from(file, files::read_provided)
}

fn text_from(
    file: &Path,
    read: impl Fn(&Path, u64) -> io::Result<Option<Vec<u8>>>,
) -> Result<Option<String>, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let content = match read(file, MAX_BYTES) {
        Ok(None) => return Ok(None),
        Ok(Some(content)) => content,
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(SettingsError::TooLarge(file.to_owned()));
        }
        Err(error) => return Err(unreadable(error)),
    };
    String::from_utf8(content).map(Some).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let why = format!("it is not text in UTF-8 from byte {offset} on");
        unreadable(io::Error::new(io::ErrorKind::InvalidData, why))
    })
}

#[cfg(test)]
mod tests;
