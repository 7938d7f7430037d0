//! Opening of the journal's file: never as a URI, and for reading without changing it.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::JournalError;
use super::place::log_of;
use crate::files;

/// Opens the file at this path. Never read as a URI, which `SQLite` recognises by a leading `file:`.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(Path::new(".").join(path), flags)
}

/// Sets whether closing keeps the log or merges it into the file: in a damaged journal, file and log are evidence.
pub(super) fn leave_log(db: &Connection, leave: bool) -> rusqlite::Result<()> {
    let as_it_is = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    db.set_db_config(as_it_is, leave).map(drop)
}

pub(super) const WRITING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE
    .union(OpenFlags::SQLITE_OPEN_CREATE)
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
const READING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Reads the file at `path`, already checked by `judge`, also on read-only media.
pub(super) fn read_with<T>(
    path: &Path,
    read: impl Fn(Connection) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    // `SQLite` removes the log of an empty file even for a reader, and that log may hold all the records.
    if files::stamp(path).is_some_and(|(len, _)| len == 0) {
        return read(Connection::open_in_memory()?);
    }
    match read(connect(path, READING)?) {
        // A file locked by another writer would be read in the middle of a write.
        Err(JournalError::Database(error)) if !is_held(&error) => {
            read(open_on_read_only_media(path).ok_or(JournalError::Database(error))?)
        }
        result => result,
    }
}

fn is_held(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked)
    )
}

/// Opens a journal on read-only media, where `SQLite` requires the flag `immutable`. `None` when
/// the log may still have records, which would be left out.
pub(super) fn open_on_read_only_media(path: &Path) -> Option<Connection> {
    if files::stamp(&log_of(path)).is_some_and(|(len, _)| len > 0) {
        return None;
    }
    let mut address = url::Url::from_file_path(path.canonicalize().ok()?).ok()?;
    address.set_query(Some("immutable=1"));
    let flags = READING | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(address.as_str(), flags).ok()
}
