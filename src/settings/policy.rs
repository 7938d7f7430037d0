//! The rules of an organisation: the table `[policy]`, and a file that a team shares.

use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, Value};

use super::{Settings, SettingsError, line_at, text_of};
use crate::guard::{IpRange, Pattern, Policy};
use crate::model::{MachineId, clean};

impl Settings {
    /// The rules that hold with what was read. Where nothing could be, that is said with each order.
    #[must_use]
    pub fn policy_of(read: &Result<Self, SettingsError>) -> Policy {
        match read {
            Ok(settings) => settings.policy.clone(),
            Err(error) => unread(&error.to_string()),
        }
    }
}

fn unread(why: &str) -> Policy {
    Policy {
        unread: Some(clean(why, 300).into()),
        ..Policy::default()
    }
}

/// Reads `[policy]` of the settings file, and of the file that it names as shared.
pub(super) fn read(text: &str, document: &Document<&str>, file: &Path) -> Policy {
    let mut policy = Policy::default();
    let read = add(&mut policy, text, document, file).and_then(|shared| match shared {
        None => Ok(()),
        Some(shared) => add_shared(&mut policy, &shared),
    });
    match read {
        Ok(()) => policy,
        Err(why) => unread(&why),
    }
}

fn add_shared(policy: &mut Policy, file: &Path) -> Result<(), String> {
    let text = text_of(file).map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| format!("there is no {}", file.display()))?;
    let document = Document::parse(text.as_str()).map_err(|error| {
        let error = error.to_string();
        format!("{}: {}", file.display(), error.trim())
    })?;
    match add(policy, &text, &document, file)? {
        None => Ok(()),
        Some(_) => Err(format!("{}: a shared file names no other", file.display())),
    }
}

/// Adds one file's `[policy]`; the file that it names as shared.
fn add(
    policy: &mut Policy,
    text: &str,
    document: &Document<&str>,
    file: &Path,
) -> Result<Option<PathBuf>, String> {
    let Some(item) = document.get("policy") else {
        return Ok(None);
    };
    let at = |item: &Item, key: &str, problem: &str| {
        let line = line_at(text, item.span());
        format!("{}, line {line}: policy.{key}: {problem}", file.display())
    };
    let table = item
        .as_table_like()
        .ok_or_else(|| format!("{}: “policy” is no table", file.display()))?;
    let mut shared = None;
    for (key, item) in table.iter() {
        let wrong = |problem: &'static str| at(item, key, problem);
        match key {
            "protected_names" => {
                for name in words(item).map_err(wrong)? {
                    policy
                        .protected_names
                        .push(Pattern::parse(name).map_err(wrong)?);
                }
            }
            "protected_tags" => {
                let tags = words(item).map_err(wrong)?;
                policy
                    .protected_tags
                    .extend(tags.into_iter().map(Into::into));
            }
            "protected_ids" => {
                for id in words(item).map_err(wrong)? {
                    let id = MachineId::parse(id).map_err(|_text| wrong("is no device id"))?;
                    policy.protected_ids.push(id);
                }
            }
            "vpn_ranges" => {
                for range in words(item).map_err(wrong)? {
                    policy
                        .vpn_ranges
                        .push(IpRange::parse(range).map_err(wrong)?);
                }
            }
            "own_entra_device_id" => {
                let id = item.as_str().ok_or_else(|| wrong("is no text"))?;
                policy.own_entra_device_id = Some(id.trim().into());
            }
            "shared_file" => {
                let path = item.as_str().ok_or_else(|| wrong("is no text"))?;
                let beside = file.parent().unwrap_or(Path::new(""));
                shared = Some(beside.join(path));
            }
            // A key with a slip in it must not leave a device unprotected.
            _ => return Err(wrong("is no key of the policy")),
        }
    }
    Ok(shared)
}

fn words(item: &Item) -> Result<Vec<&str>, &'static str> {
    const WRONG: &str = "is no list of texts, such as [\"DC01\", \"*-dc\"]";
    let list = item.as_array().ok_or(WRONG)?;
    let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    words.ok_or(WRONG)
}
