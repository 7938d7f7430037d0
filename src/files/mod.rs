//! The one module that opens, creates, replaces and removes files.
//!
//! A *private* file is in a private folder, which belongs to the user who runs cordon and is
//! writable by nobody else. Links to one are not followed, and only regular files are opened, so
//! that neither a planted link nor a pipe decides what is read or where it is written. Anything
//! else is refused with a [`RefusedFile`] inside the error.

mod growing;
mod refused_file;
mod replacement;

use std::fs::{self, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) use std::fs::{File, TryLockError};

pub use growing::GrowingFile;
pub use refused_file::{Problem, RefusedFile, take_others_out};
pub use replacement::Replacement;
use tempfile::NamedTempFile;

pub use crate::platform::Identity;
use crate::platform::{self, Access, Facts, Kind};

/// Name suffix of an unfinished file.
const TEMPORARY: &str = ".new";
/// Attempts to create a file that was cleaned up at once, or to replace one that is in use.
const ATTEMPTS: usize = 20;
/// Delay before retrying to replace a file that is in use.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

/// Creates a private folder if missing. An existing one is only checked.
///
/// # Errors
/// When it cannot be created, or is refused.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let folder = plain(folder);
    if let Err(error) = fs::symlink_metadata(&folder)
        && error.kind() == io::ErrorKind::NotFound
    {
        platform::make_private_folder(&folder)?;
    }
    check_folder(&folder)
}

/// Checks a private folder.
///
/// # Errors
/// When it does not exist, is a link, is owned by another user or is writable by others.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    let folder = plain(folder);
    let facts = platform::facts_of(&fs::symlink_metadata(&folder)?);
    refused_file::judge_folder(&facts, platform::own_user())
        // An unreadable list is no reason to refuse: `cordon doctor` reports it as not checked.
        .and_then(|()| {
            platform::others_in(&folder).map_or(Ok(()), |o| refused_file::judge_others(&o))
        })
        .map_err(|problem| RefusedFile::error(&folder, problem))
}

/// The content of a private file; `None` if it does not exist.
///
/// # Errors
/// When file or folder is refused, or the file has more than `max_bytes`.
pub fn read(file: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(opened) = open(file)? else {
        return Ok(None);
    };
    read_bounded(file, opened, max_bytes).map(Some)
}

/// The content of a file that others provide, in any folder and of any owner; `None` if it does not
/// exist.
///
/// # Errors
/// When it is not a regular file, or has more than `max_bytes`.
pub fn read_provided(file: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(metadata) = found(fs::metadata(file))? else {
        return Ok(None);
    };
    // Checked before opening: opening a device may have side effects.
    demand_regular(file, &metadata)?;
    let Some(opened) = found(platform::open(file, Access::ReadThroughLinks))? else {
        return Ok(None);
    };
    demand_regular(file, &opened.metadata()?)?;
    read_bounded(file, opened, max_bytes).map(Some)
}

/// Opens a file named by the user, for reading. Links are not followed: the target is not the file
/// that was named.
///
/// # Errors
/// When it is a link or not a regular file, or cannot be read.
pub fn open_named(file: &Path) -> io::Result<File> {
    let demand = |metadata: &Metadata| match platform::facts_of(metadata).kind {
        Kind::Link => Err(RefusedFile::error(file, Problem::FileIsLink)),
        Kind::File | Kind::Folder | Kind::Special => demand_regular(file, metadata),
    };
    demand(&fs::symlink_metadata(file)?)?;
    let opened = platform::open(file, Access::Read)?;
    demand(&opened.metadata()?)?;
    Ok(opened)
}

/// Opens a private file for reading; `None` if it does not exist.
///
/// # Errors
/// When file or folder is refused.
pub fn open(file: &Path) -> io::Result<Option<File>> {
    if found(check_folder(&folder_of(file)))?.is_none() || check_file(file)?.is_none() {
        return Ok(None);
    }
    let Some(opened) = found(platform::open(file, Access::Read))? else {
        return Ok(None);
    };
    judge(file, &opened.metadata()?)?;
    Ok(Some(opened))
}

/// Opens a private file for reading and writing in place, such as a lock file. The file and its
/// folder are created if missing; existing content stays.
///
/// # Errors
/// When file or folder is refused.
pub fn open_or_create(file: &Path) -> io::Result<File> {
    make_folder(&folder_of(file))?;
    check_file(file)?;
    let opened = platform::open(file, Access::Write)?;
    let facts = judge(file, &opened.metadata()?)?;
    if facts.mode.is_some_and(|mode| mode & 0o077 != 0) {
        platform::tighten(&opened)?;
    }
    Ok(opened)
}

/// Checks a private file without opening it; `None` if it does not exist.
///
/// # Errors
/// When it is a link, not a regular file, owned by another user or writable by others.
pub fn check_file(file: &Path) -> io::Result<Option<()>> {
    match found(fs::symlink_metadata(file))? {
        Some(metadata) => judge(file, &metadata).map(|_facts| Some(())),
        None => Ok(None),
    }
}

/// Writes a private file atomically and syncs it; creates its folder. Of concurrent calls the last
/// one wins.
///
/// # Errors
/// When the folder is refused or writing fails; the file is then unchanged, and no temporary file
/// is left.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut replaced = replace_once(file, bytes);
    for _again in 1..ATTEMPTS {
        if !replaced.as_ref().is_err_and(platform::is_in_use) {
            break;
        }
        std::thread::sleep(PAUSE);
        replaced = replace_once(file, bytes);
    }
    replaced
}

fn replace_once(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = Replacement::begin(file)?;
    new.write_all(bytes)?;
    new.finish()
}

/// An empty file under an unpredictable name. Its lock shows clean-up that its writer is alive. On
/// systems without locks, nothing is cleaned up.
fn begin_unfinished(folder: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    for _again in 0..ATTEMPTS {
        let new = tempfile::Builder::new()
            .prefix(prefix)
            .suffix(TEMPORARY)
            .tempfile_in(folder)?;
        let locked = new.as_file().try_lock();
        // Retried if it was cleaned up before it was locked.
        if !matches!(locked, Err(TryLockError::WouldBlock)) && is_there(new.path()) {
            return Ok(new);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Writes a new file where the user wants it, readable by its owner only. An existing one is left
/// alone.
///
/// # Errors
/// When the path exists, or writing fails; nothing is left then.
pub fn write_new(file: &Path, bytes: &[u8]) -> io::Result<()> {
    put_new(file, |new| new.write_all(bytes))
}

fn put_new(file: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = folder_of(file);
    let mut new = begin_unfinished(&folder, ".cordon.")?;
    write(new.as_file_mut())?;
    new.as_file().sync_all()?;
    new.persist_noclobber(file).map_err(|error| error.error)?;
    platform::sync_folder(&folder)
}

/// Copies a private file to a new one, synced to disk.
///
/// # Errors
/// See [`open`] and [`write_new`]; no part of the copy is left then.
pub fn copy_new(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = open(from)?.ok_or(io::ErrorKind::NotFound)?;
    put_new(to, |to| io::copy(&mut from, to).map(|_bytes| ()))
}

/// Removes a file or a link, never the link's target. A missing one counts as removed.
///
/// # Errors
/// When it still exists.
pub fn remove(file: &Path) -> io::Result<()> {
    found(fs::remove_file(file)).map(|_removed| ())
}

/// Removes temporary files of killed replacements from a private folder, but not those of a running
/// console.
///
/// # Errors
/// When the folder is refused, or a file cannot be removed.
pub fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for file in list(folder)? {
        if is_unfinished(&file)
            && let Ok(Some(opened)) = open(&file)
            && opened.try_lock().is_ok()
            && let Err(error) = remove(&file)
            && !platform::is_in_use(&error)
        {
            return Err(error);
        }
    }
    Ok(())
}

/// Whether the name is that of an unfinished file.
pub fn is_unfinished(file: &Path) -> bool {
    file.as_os_str().to_string_lossy().ends_with(TEMPORARY)
}

/// The final name of an unfinished file; any other file's name is unchanged.
pub fn final_name(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let Some(name) = name.strip_suffix(TEMPORARY) else {
        return Some(name.to_owned());
    };
    // Older versions named it `window.json.new`, now it is `.window.json.a1B2c3.new`.
    match name
        .strip_prefix('.')
        .and_then(|name| name.rsplit_once('.'))
    {
        Some((name, _random)) => Some(name.to_owned()),
        None => Some(name.to_owned()),
    }
}

/// Paths of all entries in a private folder, sorted by name; empty if it does not exist.
///
/// # Errors
/// When the folder is refused or cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if found(check_folder(folder))?.is_none() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Whether this path exists, even as a dangling link.
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Size and modification time of a file, which change with its content.
pub fn stamp(file: &Path) -> Option<(u64, Option<SystemTime>)> {
    let metadata = fs::symlink_metadata(file).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}

/// Tests whether a private folder, created if missing, is writable.
///
/// # Errors
/// When the folder is refused, or no file can be created in it.
pub fn probe(folder: &Path) -> io::Result<()> {
    make_folder(folder)?;
    let mut probe = begin_unfinished(&plain(folder), ".probe.")?;
    probe.write_all(b"probe")?;
    probe.as_file().sync_all()?;
    probe.close()
}

/// The permission bits of this path; `None` on systems without them.
///
/// # Errors
/// When the path does not exist.
pub fn mode(path: &Path) -> io::Result<Option<u32>> {
    Ok(platform::facts_of(&fs::symlink_metadata(plain(path))?).mode)
}

/// Identity of the file at this path; `None` if the system has none.
///
/// # Errors
/// When the path does not exist.
pub fn identity_at(path: &Path) -> io::Result<Option<Identity>> {
    Ok(platform::identity_of(&fs::symlink_metadata(path)?))
}

/// Identity of this open file; `None` if the system has none.
///
/// # Errors
/// When the system call fails.
pub fn identity_of(file: &File) -> io::Result<Option<Identity>> {
    Ok(platform::identity_of(&file.metadata()?))
}

/// A private folder under an unpredictable name, removed on drop.
pub fn make_scratch_folder() -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    if let Some(permissions) = platform::private_folder_permissions() {
        builder.permissions(permissions);
    }
    builder.prefix("cordon-").tempdir()
}

fn judge(file: &Path, metadata: &Metadata) -> io::Result<Facts> {
    let facts = platform::facts_of(metadata);
    refused_file::judge_file(&facts, platform::own_user())
        .map_err(|problem| RefusedFile::error(file, problem))?;
    Ok(facts)
}

fn demand_regular(file: &Path, metadata: &Metadata) -> io::Result<()> {
    match platform::facts_of(metadata).kind {
        Kind::File => Ok(()),
        Kind::Folder | Kind::Link | Kind::Special => {
            Err(RefusedFile::error(file, Problem::NotAFile))
        }
    }
}

/// Reads at most `max_bytes`, regardless of the reported size.
fn read_bounded(path: &Path, file: File, max_bytes: u64) -> io::Result<Vec<u8>> {
    let too_large = || RefusedFile::error(path, Problem::TooLarge { max_bytes });
    let len = file.metadata()?.len();
    if len > max_bytes {
        return Err(too_large());
    }
    let mut content = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
    file.take(max_bytes + 1).read_to_end(&mut content)?;
    if content.len() as u64 > max_bytes {
        return Err(too_large());
    }
    Ok(content)
}

/// Turns "not found" into `None`.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn folder_of(file: &Path) -> PathBuf {
    plain(file.parent().unwrap_or(Path::new("")))
}

/// Strips the trailing slash, which would make the system follow a link.
fn plain(folder: &Path) -> PathBuf {
    let plain: PathBuf = folder.components().collect();
    if plain.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        plain
    }
}

#[cfg(test)]
mod tests;
