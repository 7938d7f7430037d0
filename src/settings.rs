//! What a person or an organisation has set: `settings.toml` in the data folder. Read only; it is
//! never overwritten by the console.

use std::path::{Path, PathBuf};

use toml_edit::{Document, TomlError};

use crate::explain::{Explain, Explanation, NextStep};
use crate::model::{Cloud, TenantId, clean};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "settings.toml";

/// Hundreds of profiles fit into this.
const MAX_BYTES: u64 = 64 * 1024;

/// What a settings file looks like; shown when there is none.
pub const EXAMPLE: &str = r#"[profile.default]
cloud = "Commercial"      # or "GCC", "GCC High", "DoD"
tenant = "00000000-0000-0000-0000-000000000000"
client_id = "00000000-0000-0000-0000-000000000000"
"#;

/// A tenant and the application registered in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub cloud: Cloud,
    pub tenant: TenantId,
    pub client_id: Box<str>,
}

/// Why no profile could be read. Names file, line and key.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("there is no {}", .0.display())]
    Missing(PathBuf),
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    #[error("{} has more than {MAX_BYTES} bytes, so it is no settings file", .0.display())]
    TooLarge(PathBuf),
    #[error("{}: {}", .0.display(), .1.to_string().trim())]
    NotToml(PathBuf, TomlError),
    #[error("{} has no [profile.{profile}]", file.display())]
    NoProfile { file: PathBuf, profile: Box<str> },
    #[error("{}: profile.{profile}.{key} {problem}", file.display())]
    WrongValue {
        file: PathBuf,
        profile: Box<str>,
        key: &'static str,
        problem: &'static str,
    },
}

impl Explain for SettingsError {
    fn explain(&self) -> Explanation {
        let headline = match self {
            Self::Missing(_) => "cordon does not know your tenant yet",
            Self::Unreadable(..) | Self::TooLarge(_) | Self::NotToml(..) => {
                "The settings file cannot be read"
            }
            Self::NoProfile { .. } => "The settings file has no such profile",
            Self::WrongValue { .. } => "The settings file has a wrong value",
        };
        let next =
            NextStep::Outside("Write the settings file as shown, or start with --demo".into());
        let mut explanation = Explanation::harmless(headline, next);
        explanation
            .details
            .push(clean(&self.to_string(), 600).into_owned());
        explanation
    }
}

/// Reads one profile from the settings file in `folder`.
///
/// # Errors
/// Says which file, profile and key is missing or wrong.
pub fn read_profile(folder: &Path, profile: &str) -> Result<Profile, SettingsError> {
    let file = folder.join(FILE_NAME);
    if std::fs::metadata(&file).is_ok_and(|found| found.len() > MAX_BYTES) {
        return Err(SettingsError::TooLarge(file));
    }
    match std::fs::read_to_string(&file) {
        Ok(text) => parse_profile(&text, &file, profile),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(SettingsError::Missing(file))
        }
        Err(error) => Err(SettingsError::Unreadable(file, error)),
    }
}

/// Reads one profile from the text of a settings file; `file` is named in errors.
///
/// # Errors
/// Says which profile and key is missing or wrong.
pub fn parse_profile(text: &str, file: &Path, profile: &str) -> Result<Profile, SettingsError> {
    let document =
        Document::parse(text).map_err(|error| SettingsError::NotToml(file.to_owned(), error))?;
    let table = document
        .get("profile")
        .and_then(|profiles| profiles.get(profile))
        .ok_or_else(|| SettingsError::NoProfile {
            file: file.to_owned(),
            profile: profile.into(),
        })?;
    let wrong = |key, problem| SettingsError::WrongValue {
        file: file.to_owned(),
        profile: profile.into(),
        key,
        problem,
    };
    let text = |key| {
        table
            .get(key)
            .and_then(|v| v.as_str())
            .map(str::trim)
            .ok_or_else(|| wrong(key, "is missing or no text"))
    };
    let cloud = text("cloud")?;
    Ok(Profile {
        cloud: Cloud::ALL
            .into_iter()
            .find(|c| c.name().eq_ignore_ascii_case(cloud))
            .ok_or_else(|| wrong("cloud", "is none of Commercial, GCC, GCC High, DoD"))?,
        tenant: TenantId::parse(text("tenant")?)
            .ok()
            .filter(|t| is_guid(t.as_str()))
            .ok_or_else(|| wrong("tenant", "is no GUID"))?,
        client_id: Some(text("client_id")?)
            .filter(|id| is_guid(id))
            .ok_or_else(|| wrong("client_id", "is no GUID"))?
            .into(),
    })
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_guid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Profile, String> {
        parse_profile(text, Path::new("settings.toml"), "default").map_err(|e| e.to_string())
    }

    #[test]
    fn a_huge_file_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE_NAME), "#".repeat(70_000)).expect("written");
        let read = read_profile(folder.path(), "default");
        assert!(matches!(read, Err(SettingsError::TooLarge(_))), "{read:?}");
    }

    #[test]
    fn the_example_is_readable() {
        let profile = parse(EXAMPLE).expect("readable");
        assert_eq!(profile.cloud, Cloud::Commercial);
    }

    #[test]
    fn what_is_wrong_is_named_by_file_and_key() {
        assert_eq!(
            parse(""),
            Err("settings.toml has no [profile.default]".into())
        );
        let wrong = EXAMPLE.replace("Commercial", "China");
        assert_eq!(
            parse(&wrong),
            Err(
                "settings.toml: profile.default.cloud is none of Commercial, GCC, GCC High, DoD"
                    .into()
            )
        );
        let wrong = EXAMPLE.replacen("00000000-0000", "0000000-0000", 1);
        assert_eq!(
            parse(&wrong),
            Err("settings.toml: profile.default.tenant is no GUID".into())
        );
        let error = parse("[profile.default").expect_err("no TOML");
        assert!(
            error.starts_with("settings.toml: TOML parse error at line 1"),
            "{error}"
        );
    }
}
