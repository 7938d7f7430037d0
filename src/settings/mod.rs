//! Settings of a user or an organisation: `settings.toml` in the data folder. Written only when the
//! form is saved; comments and everything else in it are kept.

mod error;
mod hosts;
mod list;
mod plans;
mod policy;
mod profile;
mod rules;
mod save;
mod text;
mod toml_text;

use std::path::Path;

use toml_edit::Document;

pub use error::SettingsError;
pub use hosts::{network_host, trust_host};
pub use profile::{Profile, ProfileName, WrittenProfile, WrongValue};
pub use rules::{DEMO_TEMPLATES, RuleChange, RuleKey, Rules, WrittenRules};
pub use save::{change_rules, save_profile, save_rules};

use crate::guard::Policy;
use text::text_of;

/// File name in the data folder.
pub const FILE_NAME: &str = "settings.toml";

/// Example of a settings file.
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

# Reasons that the form offers; {ticket} stands for the ticket number, and [contain] or [release]
# at the start offers one only in such a form.
[comments]
ticket_prefixes = ["ACME"]  # in addition to INC, SIR, REQ, CASE and others
templates = ["[contain] {ticket}: beacon seen, contained until checked", "[release] {ticket}: checked, clean again"]

# Actions that are ordered together. An action is named as in `self-test`; the form asks for what is not
# given here. {ticket} stands for the ticket number. After a refused step, the next ones on that device
# go on unless the plan or the step says "stop".
[[plan]]
name = "Stolen laptop"
after_refusal = "go on"   # or "stop"
steps = [
  { action = "isolate", isolation_type = "Full", after_refusal = "stop" },
  { action = "collect" },
  { action = "tag", tag = "stolen {ticket}" },
]

# A notification reports an action that ended while the window was not in front.
[desktop]
notifications = true      # or false
searches = ["Silent servers: os:server -health:active"]   # of the list, each under a name
"#;

/// The settings file, as far as it can be read: an invalid profile does not affect the others.
#[derive(Debug, Default)]
pub struct Settings {
    /// The profiles in file order.
    pub profiles: Vec<(ProfileName, Result<Profile, WrongValue>)>,
    /// The profile to start with.
    pub default: Option<ProfileName>,
    /// The rules of the organisation, for all profiles.
    pub rules: Rules,
}

impl Settings {
    /// The rules in force after a reading. If nothing could be read, each order says so.
    #[must_use]
    pub fn policy_of(read: &Result<Self, SettingsError>) -> Policy {
        match read {
            Ok(settings) => settings.rules.policy.clone(),
            Err(error) => policy::unread(&error.to_string()),
        }
    }

    /// Reads the settings file in `folder`; a missing one is empty.
    ///
    /// # Errors
    /// When the file is not one of ours.
    pub fn read(folder: &Path) -> Result<Self, SettingsError> {
        let file = folder.join(FILE_NAME);
        match text_of(&file)? {
            Some(text) => Self::parse(&text, &file),
            None => Ok(Self::default()),
        }
    }

    /// [`Self::read`] for a file that existed earlier in this run.
    ///
    /// # Errors
    /// Also when it is gone or empty: that says nothing about the rules.
    pub fn read_again(folder: &Path) -> Result<Self, SettingsError> {
        let file = folder.join(FILE_NAME);
        match text_of(&file)?.filter(|text| !text.trim().is_empty()) {
            Some(text) => Self::parse(&text, &file),
            None => Err(SettingsError::Gone(file)),
        }
    }

    /// Parses the text of a settings file; `file` is named in errors.
    ///
    /// # Errors
    /// When it is not TOML.
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

    /// The profile to start with: the requested one, else the file's default, else the only one.
    /// `None` when there is none, or the user has to choose.
    ///
    /// # Errors
    /// When the requested one is missing or invalid.
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

#[cfg(test)]
mod tests;
