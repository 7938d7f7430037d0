//! The text of a settings file.

use std::io;
use std::path::Path;

use super::error::SettingsError;
use super::toml_text::MAX_BYTES;
use crate::files;

/// The settings file's text; `None` when there is no file.
pub(super) fn text_of(file: &Path) -> Result<Option<String>, SettingsError> {
    text_from(file, files::read)
}

/// The text of a file from others; `None` if there is no file.
pub(super) fn provided_text_of(file: &Path) -> Result<Option<String>, SettingsError> {
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
