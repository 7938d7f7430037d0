//! Writing one profile into the settings file; everything else in it stays as it is.

use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::profile::{KEYS, Profile, ProfileName, Written};
use super::{FILE_NAME, SettingsError, text_of};
use crate::model::Scopes;
use crate::private_files;

/// Writes `profile` into the settings file in `folder`, in the place of the one of that other name
/// if there is one, and makes it the one to start with.
///
/// # Errors
/// When the file that is there is none of ours, which is left alone, or nothing can be written.
pub fn save_profile(
    folder: &Path,
    profile: &Profile,
    instead_of: Option<&ProfileName>,
) -> Result<(), SettingsError> {
    let file = folder.join(FILE_NAME);
    let text = text_of(&file)?.unwrap_or_default();
    let text = with_profile(&text, &file, profile, instead_of)?;
    private_files::write(folder, &file, text.as_bytes())
        .map_err(|source| SettingsError::NotSaved { file, source })
}

/// The text of the settings file with this profile in it.
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
        .ok_or_else(|| SettingsError::NoTable(file.to_owned()))?;
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
        return Err(SettingsError::NoTable(file.to_owned()));
    };
    let mut written = Written::from(&profile.registration);
    for key in KEYS {
        let value = match written.value_mut(key) {
            Some(text) if !text.is_empty() => std::mem::take(text),
            _unset => {
                table.remove(key);
                continue;
            }
        };
        let value = match &profile.registration.scopes {
            Scopes::Named(names) if key == "scopes" => {
                Value::Array(names.iter().map(|name| &**name).collect::<Array>())
            }
            Scopes::Named(_) | Scopes::Granted => value.into(),
        };
        set(table, key, value);
    }
    Ok(document.to_string())
}

/// Gives a key another value; what stands around the old one, such as a comment, stays.
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
