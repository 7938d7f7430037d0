//! A private file that is written in chunks and put in place once complete.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{begin_unfinished, folder_of, make_folder};
use crate::platform;

/// The unfinished file, under an unpredictable name. Removed on drop.
#[derive(Debug)]
pub struct Replacement {
    new: NamedTempFile,
    file: PathBuf,
}

impl Replacement {
    /// Creates the temporary file, and its folder if missing.
    ///
    /// # Errors
    /// When the folder is refused, or nothing can be written.
    pub fn begin(file: &Path) -> io::Result<Self> {
        let folder = folder_of(file);
        make_folder(&folder)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let new = begin_unfinished(&folder, &format!(".{name}."))?;
        let file = file.to_owned();
        Ok(Self { new, file })
    }

    /// Puts the file in place and syncs it.
    ///
    /// # Errors
    /// When that fails; the file is then unchanged, and no temporary file is left.
    pub fn finish(self) -> io::Result<()> {
        self.new.as_file().sync_all()?;
        self.new.persist(&self.file).map_err(|error| error.error)?;
        platform::sync_folder(&folder_of(&self.file))
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.new.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.new.flush()
    }
}
