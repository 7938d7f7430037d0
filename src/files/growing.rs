//! A file that is downloaded into a folder chosen by the user. It gets its name once complete, and
//! never replaces another file.

use std::fs::Metadata;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Problem, RefusedFile, TEMPORARY, begin_unfinished, check_file, remove};
use crate::platform::{self, Access};

/// Maximum number of files with the same name in a folder.
const MAX_OF_ONE_NAME: u32 = 1_000;

/// Name prefix of an unfinished file.
const UNFINISHED: &str = ".cordon-package.";

/// The unfinished file, under an unpredictable name. Removed on drop.
#[derive(Debug)]
pub struct GrowingFile {
    file: NamedTempFile,
    folder: PathBuf,
}

impl GrowingFile {
    /// Creates an empty file, readable by its owner only.
    ///
    /// # Errors
    /// When the folder does not exist or cannot be written to.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        // The user chose it, so a link to a folder is fine.
        if !std::fs::metadata(folder)
            .as_ref()
            .is_ok_and(Metadata::is_dir)
        {
            std::fs::metadata(folder)?;
            return Err(RefusedFile::error(folder, Problem::NotAFolder));
        }
        remove_abandoned(folder);
        let file = begin_unfinished(folder, UNFINISHED)?;
        let folder = folder.to_owned();
        Ok(Self { file, folder })
    }

    /// Appends a chunk.
    ///
    /// # Errors
    /// When the disk does not accept it.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)
    }

    /// Truncates the file.
    ///
    /// # Errors
    /// When truncating fails.
    pub fn start_over(&mut self) -> io::Result<()> {
        self.file.as_file().set_len(0)?;
        self.file.rewind()
    }

    /// Syncs the file and gives it its name, numbered if that is taken. Returns its path.
    ///
    /// # Errors
    /// When that fails; the file is then removed.
    pub fn finish(self, stem: &str, extension: &str) -> io::Result<PathBuf> {
        self.file.as_file().sync_all()?;
        let mut file = self.file;
        for number in 1..=MAX_OF_ONE_NAME {
            let name = match number {
                1 => format!("{stem}.{extension}"),
                _ => format!("{stem} ({number}).{extension}"),
            };
            let path = self.folder.join(name);
            match file.persist_noclobber(&path) {
                Ok(_open) => {
                    platform::sync_folder(&self.folder)?;
                    return Ok(path);
                }
                Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                    file = refused.file;
                }
                Err(refused) => return Err(refused.error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

/// Removes unfinished downloads of killed consoles from this folder. It is the user's, and others
/// may write there: anything that is not certainly this user's abandoned download is left alone.
fn remove_abandoned(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for file in entries.map(|entry| entry.path()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let chance = name
            .strip_prefix(UNFINISHED)
            .and_then(|rest| rest.strip_suffix(TEMPORARY));
        let is_ours = chance.is_some_and(|chance| {
            !chance.is_empty() && chance.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if is_ours
            && matches!(check_file(&file), Ok(Some(())))
            && let Ok(opened) = platform::open(&file, Access::Read)
            && opened.try_lock().is_ok()
            && let Err(error) = remove(&file)
        {
            tracing::debug!("an unfinished package stays: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn finished_file_gets_its_name_and_replaces_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        for (content, name) in [
            ("one", "p.zip"),
            ("two", "p (2).zip"),
            ("three", "p (3).zip"),
        ] {
            let mut file = GrowingFile::begin(folder.path()).expect("begun");
            file.write(b"half of something else").expect("written");
            let before = names(folder.path());
            assert!(!before.contains(&name.to_owned()), "{before:?}");
            file.start_over().expect("empty again");
            file.write(content.as_bytes()).expect("written");
            let path = file.finish("p", "zip").expect("finished");
            assert_eq!(path, folder.path().join(name));
            assert_eq!(std::fs::read(path).expect("readable"), content.as_bytes());
        }
        // A dangling link also takes the name.
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", folder.path().join("q.zip")).expect("a link");
            let file = GrowingFile::begin(folder.path()).expect("begun");
            let path = file.finish("q", "zip").expect("finished");
            assert_eq!(path, folder.path().join("q (2).zip"));
        }
    }

    #[test]
    fn next_download_removes_only_abandoned_downloads() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = |name: &str| folder.path().join(name);
        let dead = here(".cordon-package.a1B2c3.new");
        let others = [
            here(".cordon-package.my notes.new"),
            here(".cordon-package..new"),
            here(".other-package.a1B2c3.new"),
            here("package.zip"),
        ];
        for file in others.iter().chain([&dead]) {
            std::fs::write(file, "half").expect("written");
        }
        let alive = GrowingFile::begin(folder.path()).expect("begun");
        assert!(!dead.exists());
        let next = GrowingFile::begin(folder.path()).expect("begun");
        assert!(alive.file.path().exists(), "a running console holds it");
        assert!(others.iter().all(|file| file.exists()));
        drop((alive, next));
    }

    #[test]
    fn dropped_download_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = GrowingFile::begin(folder.path()).expect("begun");
        file.write(b"half").expect("written");
        assert_eq!(names(folder.path()).len(), 1);
        drop(file);
        assert!(names(folder.path()).is_empty());
        let missing = folder.path().join("missing");
        let kind = |path: &Path| GrowingFile::begin(path).expect_err("no folder").kind();
        assert_eq!(kind(&missing), io::ErrorKind::NotFound);
        std::fs::write(&missing, "a file").expect("written");
        assert_eq!(kind(&missing), io::ErrorKind::NotADirectory);
    }
}
