//! A private file that is written piece by piece, and takes its place once it is whole.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{begin_unfinished, folder_of, make_folder};
use crate::platform;

/// The unfinished file, under a name that nobody can foresee. Dropped, it is removed.
#[derive(Debug)]
pub struct Replacement {
    new: NamedTempFile,
    file: PathBuf,
}

impl Replacement {
    /// Begins it, and makes its folder.
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

    /// Puts it in its place. When this returns, it is on disk.
    ///
    /// # Errors
    /// When that fails; then the file is as it was, and nothing is left beside it.
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
