//! Writing a profile or rules into the settings file; everything else in it is kept.

use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::profile::{Profile, ProfileName, WrittenProfile};
use super::rules::{Shape, entries_of};
use super::text::text_of;
use super::toml_text::MAX_BYTES;
use super::{FILE_NAME, RuleChange, Rules, Settings, SettingsError, list};
use crate::files;
use crate::model::Scopes;

/// Writes `profile` into the settings file in `folder`, replacing the one with the previous name,
/// if any, and makes it the default.
///
/// # Errors
/// When the existing file is not one of ours, which is left unchanged, or writing fails.
pub fn save_profile(
    folder: &Path,
    profile: &Profile,
    instead_of: Option<&ProfileName>,
) -> Result<(), SettingsError> {
    let file = folder.join(FILE_NAME);
    let text = text_of(&file)?.unwrap_or_default();
    let text = with_profile(&text, &file, profile, instead_of)?;
    files::replace(&file, text.as_bytes())
        .map_err(|source| SettingsError::NotSaved { file, source })
}

/// Writes changed rules into the settings file in `folder`, and reads it again.
///
/// # Errors
/// When the file is or would become invalid, which leaves it unchanged, or writing fails.
pub fn save_rules(folder: &Path, changes: &[RuleChange]) -> Result<Rules, SettingsError> {
    let file = folder.join(FILE_NAME);
    let text = text_of(&file)?.unwrap_or_default();
    let (text, _) = change_rules(&text, &file, changes)?;
    files::replace(&file, text.as_bytes()).map_err(|source| SettingsError::NotSaved {
        file: file.clone(),
        source,
    })?;
    Ok(Settings::read(folder)?.rules)
}

/// The text of a settings file with these changes, and its rules.
///
/// # Errors
/// When it is invalid before or after.
pub fn change_rules(
    text: &str,
    file: &Path,
    changes: &[RuleChange],
) -> Result<(String, Rules), SettingsError> {
    let Rules {
        policy,
        written,
        asks_host,
        ..
    } = Settings::parse(text, file)?.rules;
    // A computer to be confirmed does not invalidate the other settings.
    if let (Some(why), None) = (policy.unread, asks_host) {
        return Err(SettingsError::Unusable(why));
    }
    for RuleChange { key, from, .. } in changes {
        if !written.entries(*key).eq(entries_of(from)) {
            let (file, key) = (file.to_owned(), *key);
            return Err(SettingsError::ChangedMeanwhile { file, key });
        }
    }
    let text = with_rules(text, file, changes)?;
    if text.len() as u64 > MAX_BYTES {
        let why = format!(
            "{}: it would have more than {MAX_BYTES} bytes, and not be read again",
            file.display()
        );
        return Err(SettingsError::Unusable(why.into()));
    }
    let rules = Settings::parse(&text, file)?.rules;
    match &rules.policy.unread {
        Some(why) if rules.asks_host.is_none() => Err(SettingsError::Unusable(why.clone())),
        Some(_) | None => Ok((text, rules)),
    }
}

/// The text of the settings file with these rules.
pub(super) fn with_rules(
    text: &str,
    file: &Path,
    changes: &[RuleChange],
) -> Result<String, SettingsError> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| SettingsError::NotToml(file.to_owned(), Box::new(error)))?;
    for RuleChange { key, to, .. } in changes {
        let (table, name, shape) = key.place();
        let entries: Vec<&str> = entries_of(to).collect();
        if !document.contains_key(table) {
            add_table(&mut document, table);
        }
        let table = document
            .get_mut(table)
            .and_then(Item::as_table_like_mut)
            .ok_or_else(|| SettingsError::NoTable(file.to_owned(), table))?;
        let old = table.get_mut(name);
        match (shape, entries.as_slice()) {
            // An existing key stays, with the comment beside it.
            (Shape::List | Shape::Text, []) if old.is_none() => {}
            (Shape::Flag, []) => {
                table.remove(name);
            }
            (Shape::Flag, entries) => {
                let Ok(flag) = entries.concat().parse::<bool>() else {
                    let why = format!("{}: {name}: is neither true nor false", file.display());
                    return Err(SettingsError::Unusable(why.into()));
                };
                set(table, name, flag.into());
            }
            (Shape::List, entries) => match old.and_then(Item::as_array_mut) {
                Some(list) => list::set(list, entries),
                None => set(
                    table,
                    name,
                    entries.iter().copied().collect::<Array>().into(),
                ),
            },
            (Shape::Text, entries) => set(table, name, entries.concat().into()),
            (Shape::Number, entries) => match entries.concat().parse::<i64>() {
                Ok(number) => set(table, name, number.into()),
                Err(_) if entries.is_empty() => {
                    table.remove(name);
                }
                Err(_) => {
                    let why = format!("{}: policy.{name}: is not a number", file.display());
                    return Err(SettingsError::Unusable(why.into()));
                }
            },
        }
    }
    Ok(document.to_string())
}

/// Adds a table at the end, after any comment there.
fn add_table(document: &mut DocumentMut, name: &str) {
    let mut table = Table::new();
    let trailing = document.trailing().as_str().unwrap_or_default().trim_end();
    if !trailing.is_empty() {
        let prefix = format!("{trailing}\n\n");
        table.decor_mut().set_prefix(prefix);
        document.set_trailing("");
    }
    document.insert(name, Item::Table(table));
}

/// The text of the settings file with this profile.
pub(super) fn with_profile(
    text: &str,
    file: &Path,
    profile: &Profile,
    instead_of: Option<&ProfileName>,
) -> Result<String, SettingsError> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| SettingsError::NotToml(file.to_owned(), Box::new(error)))?;
    let name = profile.name.as_str();
    set(document.as_table_mut(), "default_profile", name.into());
    let profiles = document
        .entry("profile")
        .or_insert_with(|| {
            let mut profiles = Table::new();
            profiles.set_implicit(true);
            Item::Table(profiles)
        })
        .as_table_like_mut()
        .ok_or_else(|| SettingsError::NoTable(file.to_owned(), "profile"))?;
    if let Some(before) = instead_of.filter(|before| **before != profile.name)
        && let Some(table) = profiles.remove(before.as_str())
        && !profiles.contains_key(name)
    {
        // Renamed, with its comments.
        profiles.insert(name, table);
    }
    if !profiles.get(name).is_some_and(Item::is_table_like) {
        profiles.insert(name, Item::Table(Table::new()));
    }
    let Some(table) = profiles
        .get_mut(name)
        .and_then(|item| item.as_table_like_mut())
    else {
        return Err(SettingsError::NoTable(file.to_owned(), "profile"));
    };
    let mut written = WrittenProfile::from(&profile.registration);
    for (key, text) in written.values_mut() {
        if text.is_empty() {
            table.remove(key);
            continue;
        }
        let value = match &profile.registration.scopes {
            Scopes::Named(names) if key == "scopes" => {
                Value::Array(names.iter().map(|name| &**name).collect::<Array>())
            }
            Scopes::Named(_) | Scopes::Granted => std::mem::take(text).into(),
        };
        set(table, key, value);
    }
    Ok(document.to_string())
}

/// Replaces a key's value; the text around it, such as a comment, is kept.
fn set(table: &mut dyn toml_edit::TableLike, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}
