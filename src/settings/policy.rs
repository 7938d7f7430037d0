//! The rules of an organisation: the table `[policy]`, and a file that a team shares.

use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, Value};

use super::rules::{most_devices, template_trouble};
use super::{Rules, Settings, SettingsError, WrittenRules, line_at, text_of, toml_problem};
use crate::guard::{IpRange, Pattern, Policy};
use crate::model::{MachineId, clean};

impl Settings {
    /// The rules that hold with what was read. Where nothing could be, that is said with each order.
    #[must_use]
    pub fn policy_of(read: &Result<Self, SettingsError>) -> Policy {
        match read {
            Ok(settings) => settings.rules.policy.clone(),
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

/// Reads `[policy]` of the settings file and of the file that it names as shared, and the comment
/// templates.
pub(super) fn read(text: &str, document: &Document<&str>, file: &Path) -> Rules {
    let mut rules = Rules {
        written: WrittenRules::read(document),
        template_trouble: template_trouble(text, document, file),
        ..Rules::default()
    };
    if let Err(why) = read_policy(&mut rules, text, document, file) {
        rules.policy = unread(&why);
    }
    rules
}

fn read_policy(
    rules: &mut Rules,
    text: &str,
    document: &Document<&str>,
    file: &Path,
) -> Result<(), String> {
    let own = add(&mut rules.policy, text, document, file)?;
    let mut most = own.most_devices;
    if let Some(file) = own.shared {
        let text = text_of(&file).map_err(|error| error.to_string())?;
        let text = text.ok_or_else(|| format!("there is no {}", file.display()))?;
        let document = Document::parse(text.as_str())
            .map_err(|error| format!("{}: {}", file.display(), toml_problem(&error)))?;
        let theirs = add(&mut rules.policy, &text, &document, &file)?;
        if theirs.shared.is_some() {
            return Err(format!("{}: a shared file names no other", file.display()));
        }
        // Of two limits the tighter one holds.
        most = most.into_iter().chain(theirs.most_devices).min();
        rules.shared = Some((file, WrittenRules::read(&document)));
    }
    if let Some(most) = most {
        rules.policy.most_at_once = most;
    }
    Ok(())
}

/// What a file's `[policy]` says besides what adds up.
#[derive(Default)]
struct Added {
    shared: Option<PathBuf>,
    most_devices: Option<usize>,
}

/// Adds one file's `[policy]`.
fn add(
    policy: &mut Policy,
    text: &str,
    document: &Document<&str>,
    file: &Path,
) -> Result<Added, String> {
    let mut added = Added::default();
    let Some(item) = document.get("policy") else {
        return Ok(added);
    };
    let at = |item: &Item, key: &str, problem: &str| {
        let line = line_at(text, item.span());
        format!("{}, line {line}: policy.{key}: {problem}", file.display())
    };
    let table = item
        .as_table_like()
        .ok_or_else(|| format!("{}: “policy” is no table", file.display()))?;
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
                let id = item.as_str().ok_or_else(|| wrong("is no text"))?.trim();
                if !id.is_empty() {
                    // Which computer this is, its own file knows best.
                    policy.own_entra_device_id.get_or_insert(id.into());
                }
            }
            "most_devices" => {
                let most = item.as_integer().ok_or_else(|| wrong("is no number"))?;
                added.most_devices = Some(most_devices(most).map_err(wrong)?);
            }
            "shared_file" => {
                let path = item.as_str().ok_or_else(|| wrong("is no text"))?.trim();
                let beside = file.parent().unwrap_or(Path::new(""));
                added.shared = (!path.is_empty()).then(|| beside.join(path));
            }
            // A key with a slip in it must not leave a device unprotected.
            _ => return Err(wrong("is no key of the policy")),
        }
    }
    Ok(added)
}

/// The entries of a list of texts.
pub(super) fn words(item: &Item) -> Result<Vec<&str>, &'static str> {
    const WRONG: &str = "is no list of texts, such as [\"DC01\", \"*-dc\"]";
    let list = item.as_array().ok_or(WRONG)?;
    let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    words.ok_or(WRONG)
}
