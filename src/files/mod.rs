//! The one room that opens, creates, replaces and removes files.
//!
//! A *private* file lies in a private folder, which belongs to the person who runs cordon and to
//! which nobody else can write. No link is followed to one, and nothing but a regular file is
//! opened, so that neither a planted link nor a pipe decides what is read or where it is written.
//! Whatever is not as it should be is refused with a [`RefusedFile`] inside the error.

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

/// How the name of a file ends that is not yet in its place.
const TEMPORARY: &str = ".new";
/// How often a file is begun anew that was cleaned up at once, or that another program has open.
const ATTEMPTS: usize = 20;
/// Before a file that another program has open is replaced once more.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

/// Makes a private folder where there is none. One that is there is never changed, only judged.
///
/// # Errors
/// When it cannot be made, or is refused.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let folder = plain(folder);
    if let Err(error) = fs::symlink_metadata(&folder)
        && error.kind() == io::ErrorKind::NotFound
    {
        platform::make_private_folder(&folder)?;
    }
    check_folder(&folder)
}

/// Judges a private folder.
///
/// # Errors
/// When it is not there, a link, owned by another user or writable by others.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    let folder = plain(folder);
    let facts = platform::facts_of(&fs::symlink_metadata(&folder)?);
    refused_file::judge_folder(&facts, platform::own_user())
        // A list that cannot be read refuses nothing: `cordon doctor` says that it was not checked.
        .and_then(|()| {
            platform::others_in(&folder).map_or(Ok(()), |o| refused_file::judge_others(&o))
        })
        .map_err(|problem| RefusedFile::error(&folder, problem))
}

/// The content of a private file; `None` when there is none.
///
/// # Errors
/// When file or folder is refused, or it has more than `max_bytes`.
pub fn read(file: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(opened) = open(file)? else {
        return Ok(None);
    };
    read_bounded(file, opened, max_bytes).map(Some)
}

/// The content of a file that others provide, in any folder and of any owner; `None`
/// when there is none.
///
/// # Errors
/// When it is no regular file, or has more than `max_bytes`.
pub fn read_provided(file: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(metadata) = found(fs::metadata(file))? else {
        return Ok(None);
    };
    // Before it is opened: opening a device may already do something.
    demand_regular(file, &metadata)?;
    let Some(opened) = found(platform::open(file, Access::ReadThroughLinks))? else {
        return Ok(None);
    };
    demand_regular(file, &opened.metadata()?)?;
    read_bounded(file, opened, max_bytes).map(Some)
}

/// Opens a file that a person has named, for reading. A link is not followed: what it leads to is not
/// what was named.
///
/// # Errors
/// When it is a link or no regular file, or cannot be read.
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

/// Opens a private file for reading; `None` when there is none.
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

/// Opens a private file for reading and writing in place, such as a lock file. It and its folder are
/// made where they are missing; what was in it stays.
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

/// Judges a private file without opening it; `None` when there is none.
///
/// # Errors
/// When it is a link, no regular file, owned by another user or writable by others.
pub fn check_file(file: &Path) -> io::Result<Option<()>> {
    match found(fs::symlink_metadata(file))? {
        Some(metadata) => judge(file, &metadata).map(|_facts| Some(())),
        None => Ok(None),
    }
}

/// Writes a private file in whole or not at all, and makes its folder. When this returns, it is on
/// disk. Two that do this at once do not meet: the later one's content stays.
///
/// # Errors
/// When the folder is refused or nothing can be written; then the file is as it was, and nothing is
/// left beside it.
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

/// An empty file under a name that nobody can foresee. Its lock tells those who clean up that its writer
/// is alive. Where there are no locks, nobody cleans up.
fn begin_unfinished(folder: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    for _again in 0..ATTEMPTS {
        let new = tempfile::Builder::new()
            .prefix(prefix)
            .suffix(TEMPORARY)
            .tempfile_in(folder)?;
        let locked = new.as_file().try_lock();
        // Unless it was cleaned up before it was locked.
        if !matches!(locked, Err(TryLockError::WouldBlock)) && is_there(new.path()) {
            return Ok(new);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Writes a new file where a person wants it, readable by its owner only. One that is there already is
/// left alone.
///
/// # Errors
/// When something is there, or nothing can be written; then nothing is left of it.
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

/// Copies a private file to a new one, which is on disk when this returns.
///
/// # Errors
/// As of [`open`] and [`write_new`]; then nothing is left of the copy.
pub fn copy_new(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = open(from)?.ok_or(io::ErrorKind::NotFound)?;
    put_new(to, |to| io::copy(&mut from, to).map(|_bytes| ()))
}

/// Removes a file or link, never what a link leads to. One that is not there counts as removed.
///
/// # Errors
/// When it is still there.
pub fn remove(file: &Path) -> io::Result<()> {
    found(fs::remove_file(file)).map(|_removed| ())
}

/// Removes what replacements left unfinished in a private folder when they were killed, but not
/// those that another console is working on.
///
/// # Errors
/// When the folder is refused, or something is still there.
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

/// Whether a file's name is that of one not yet in its place.
pub fn is_unfinished(file: &Path) -> bool {
    file.as_os_str().to_string_lossy().ends_with(TEMPORARY)
}

/// The name of the file that an unfinished one is to become; that of any other is its own.
pub fn final_name(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let Some(name) = name.strip_suffix(TEMPORARY) else {
        return Some(name.to_owned());
    };
    // Once they were called `window.json.new`, now `.window.json.a1B2c3.new`.
    match name
        .strip_prefix('.')
        .and_then(|name| name.rsplit_once('.'))
    {
        Some((name, _random)) => Some(name.to_owned()),
        None => Some(name.to_owned()),
    }
}

/// Paths of all that lies in a private folder, by name; nothing when it is not there.
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

/// Whether something is at this path, be it a link that leads nowhere.
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Size and time of a file, which change with its content.
pub fn stamp(file: &Path) -> Option<(u64, Option<SystemTime>)> {
    let metadata = fs::symlink_metadata(file).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}

/// Tries whether a file can be written in a private folder, which is made where it is missing.
///
/// # Errors
/// When the folder is refused, or nothing can be written into it.
pub fn probe(folder: &Path) -> io::Result<()> {
    make_folder(folder)?;
    let mut probe = begin_unfinished(&plain(folder), ".probe.")?;
    probe.write_all(b"probe")?;
    probe.as_file().sync_all()?;
    probe.close()
}

/// The permission bits of what is at this path; `None` where the system does not express access by
/// them.
///
/// # Errors
/// When nothing is there.
pub fn mode(path: &Path) -> io::Result<Option<u32>> {
    Ok(platform::facts_of(&fs::symlink_metadata(plain(path))?).mode)
}

/// Which file is at this path now; `None` where the system does not say.
///
/// # Errors
/// When nothing is there.
pub fn identity_at(path: &Path) -> io::Result<Option<Identity>> {
    Ok(platform::identity_of(&fs::symlink_metadata(path)?))
}

/// Which file this open one is; `None` where the system does not say.
///
/// # Errors
/// When the system does not answer.
pub fn identity_of(file: &File) -> io::Result<Option<Identity>> {
    Ok(platform::identity_of(&file.metadata()?))
}

/// A private folder under an unpredictable name, removed with this value.
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

/// Reads no more than that, whatever size the file reports.
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

/// `None` for what is not there.
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

/// Without a slash at the end: behind one, a link would be followed.
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
