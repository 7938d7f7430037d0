//! The local account of what was ordered and what became of it: SQLite, append-only.
//!
//! One table of records; each carries the hash of the one before, so that damage and partial
//! edits show. Whoever can rewrite the whole file can rewrite the chain, which is why exports
//! print the last hash. No token, header or full response is ever stored.

mod codec;
pub(crate) mod entry;
mod export;
mod schema;
mod sheet;
mod standing;

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

pub use entry::{Acknowledgement, Author, Entry, NotSentReason, Record};
pub use export::{Format, export};
pub use sheet::Moment;
pub use standing::{Reply, Standing};

use crate::explain::{Effect, Explain, Explanation, NextStep};
use crate::model::{EntryId, clean};
use crate::private_files;

/// Why the journal cannot be used. Without it nothing is sent (rule 3).
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the data folder {0} cannot be written")]
    Folder(PathBuf, #[source] std::io::Error),
    #[error("another console is using {0}")]
    InUse(PathBuf),
    #[error("the journal comes from a newer version (layout {found})")]
    Newer { found: i64 },
    #[error("the journal's chain is broken at record {seq}")]
    Damaged { seq: i64 },
    #[error("the journal's pages are damaged: {0}")]
    Pages(Box<str>),
    #[error("record {record} of {entry} cannot be read")]
    NotReadable { entry: EntryId, record: Box<str> },
    #[error("the journal is open for reading only")]
    ReadOnly,
    #[error("the file is no journal, or its pages are damaged")]
    NotAJournal(#[source] rusqlite::Error),
    #[error("there is no room left for the journal")]
    Full(#[source] rusqlite::Error),
    #[error("the journal's file {0} is gone")]
    Gone(PathBuf),
    #[error("something else has written to the journal while this console had it")]
    WrittenByAnother,
    #[error("the database does not answer")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        let is_of_another_type = matches!(
            error,
            rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::Utf8Error(..)
        );
        let code = error.sqlite_error_code();
        let is_damage = matches!(code, Some(NotADatabase | DatabaseCorrupt));
        if is_damage || is_of_another_type {
            Self::NotAJournal(error)
        } else if code == Some(DiskFull) {
            Self::Full(error)
        } else {
            Self::Database(error)
        }
    }
}

impl JournalError {
    /// What is wrong, and what mends it.
    fn cause_and_remedy(&self) -> (&'static str, &'static str) {
        match self {
            Self::InUse(_) => (
                "Another console is using this data folder",
                "Act in the other console, or close it and start this one again",
            ),
            Self::Newer { .. } => (
                "The journal was written by a newer version",
                "Start the newer version, or use --data-dir with another folder",
            ),
            Self::Damaged { .. }
            | Self::Pages(_)
            | Self::NotReadable { .. }
            | Self::NotAJournal(_) => (
                "The journal is damaged",
                "Rename the file and keep it as evidence; the next start begins a new journal",
            ),
            Self::Full(_) => (
                "The disk is full and the journal cannot be written",
                "Make room on the disk that holds the data folder",
            ),
            Self::Gone(_) => (
                "The journal's file was removed",
                "Put the file back and start cordon again",
            ),
            Self::WrittenByAnother => (
                "Something else has written to the journal",
                "Close every other console on this data folder and start cordon again",
            ),
            Self::Folder(..) | Self::Database(_) | Self::ReadOnly => (
                "The journal cannot be written",
                "Make room and allow writing in the data folder, or use --data-dir with another folder",
            ),
        }
    }

    fn details(&self) -> Vec<String> {
        let causes = std::iter::successors(Some(self as &dyn std::error::Error), |e| e.source());
        causes
            .map(|error| clean(&error.to_string(), 400).into_owned())
            .collect()
    }

    /// For somebody who only wanted to read.
    #[must_use]
    pub fn explain_reading(&self) -> Explanation {
        let headline = if matches!(self, Self::Folder(..) | Self::Database(_)) {
            "The journal cannot be read"
        } else {
            self.cause_and_remedy().0
        };
        let mut explanation = Explanation::harmless(headline, NextStep::None);
        explanation.details = self.details();
        explanation
    }

    /// For what became known of an order that had left: it is not on disk, and is read again.
    #[must_use]
    pub fn explain_after_sending(&self, entry: EntryId) -> Explanation {
        let (cause, remedy) = self.cause_and_remedy();
        Explanation {
            headline: format!(
                "{cause}, so the latest about {entry} is not saved; it is read again later"
            ),
            effect: Effect::Unknown,
            next: NextStep::Outside(remedy.into()),
            details: self.details(),
        }
    }
}

impl Explain for JournalError {
    /// Rule 3: what cannot be written is not sent.
    fn explain(&self) -> Explanation {
        let (cause, remedy) = self.cause_and_remedy();
        let headline = format!("{cause}, so nothing can be sent");
        let mut explanation = Explanation::harmless(headline, NextStep::Outside(remedy.into()));
        explanation.details = self.details();
        explanation
    }
}

/// An open journal. Synchronous: the worker calls it where waiting is allowed.
pub struct Journal {
    db: Connection,
    /// The end of the chain as this console left it.
    last_hash: String,
    writable: bool,
    lost_its_past: bool,
    /// The file, and its lock: kept while this console is the one that may act on it.
    held: Option<(PathBuf, File)>,
}

impl Journal {
    /// Opens or makes the journal at `path` and takes it for this console.
    ///
    /// # Errors
    /// When the folder cannot be written, another console holds it, the file comes from a newer
    /// version, or its chain is broken.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let no_folder = |e| JournalError::Folder(folder.to_owned(), e);
        private_files::make_folder(folder).map_err(no_folder)?;
        let lock_path = path.with_extension("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(no_folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(e)) => return Err(no_folder(e)),
        }
        let is_empty = fs::metadata(path).map_or(true, |file| file.len() == 0);
        let had_records = lock.metadata().is_ok_and(|file| file.len() > 0);
        let db = Connection::open(path)?;
        private_files::keep_private(path).map_err(no_folder)?;
        // The lock file remembers that there was a journal beside it.
        lock.set_len(1).map_err(no_folder)?;
        private_files::keep_private(&lock_path).map_err(no_folder)?;
        let mut journal = Self::prepare(db, true, Some((path.to_owned(), lock)))?;
        journal.lost_its_past = is_empty && had_records;
        Ok(journal)
    }

    /// Opens an existing journal beside a running console, for reading.
    ///
    /// # Errors
    /// When the file is missing, newer or damaged.
    pub fn open_read_only(path: &Path) -> Result<Self, JournalError> {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match Self::prepare(db, false, None) {
            Err(JournalError::Database(error)) => {
                let db = open_on_read_only_media(path).ok_or(JournalError::Database(error))?;
                Self::prepare(db, false, None)
            }
            opened => opened,
        }
    }

    /// A journal that ends with the process, for tests.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, JournalError> {
        Self::prepare(Connection::open_in_memory()?, true, None)
    }

    fn prepare(
        db: Connection,
        writable: bool,
        held: Option<(PathBuf, File)>,
    ) -> Result<Self, JournalError> {
        schema::prepare(&db, writable)?;
        let mut journal = Self {
            db,
            last_hash: String::new(),
            writable,
            lost_its_past: false,
            held,
        };
        journal.last_hash = journal.verify()?.last_hash;
        if writable {
            // Only now: a damaged file is evidence, and stays as it was found.
            schema::raise_layout(&journal.db)?;
        }
        Ok(journal)
    }

    /// Whether an earlier journal stood in this place, of which nothing is left.
    #[must_use]
    pub fn lost_its_past(&self) -> bool {
        self.lost_its_past
    }

    /// Puts records on disk, all or none. When this returns, they are durable.
    ///
    /// # Errors
    /// When they could not be written; then none of them was.
    pub fn append(
        &mut self,
        at: Timestamp,
        records: &[(EntryId, Record)],
    ) -> Result<(), JournalError> {
        if !self.writable {
            return Err(JournalError::ReadOnly);
        }
        // Records in a file that was removed would be on no disk that anybody finds again.
        if let Some((path, _)) = self.held.as_ref().filter(|(path, _)| !path.exists()) {
            return Err(JournalError::Gone(path.clone()));
        }
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut hash = end_of_chain(&transaction)?;
        // The lock file may have been removed. A chain that forks can never be verified again.
        if hash != self.last_hash {
            return Err(JournalError::WrittenByAnother);
        }
        for (entry, record) in records {
            let (name, data) = codec::write(record);
            let row = Row {
                entry: entry.to_string(),
                at: at.to_string(),
                record: name.into(),
                data: data.to_string(),
                previous_hash: hash,
            };
            transaction.execute(
                "INSERT INTO record (entry_id, at, record, data, previous_hash) VALUES (?, ?, ?, ?, ?)",
                params![row.entry, row.at, row.record, row.data, row.previous_hash],
            )?;
            hash = row.hash();
        }
        transaction.commit()?;
        self.last_hash = hash;
        Ok(())
    }

    /// All entries with their records, in the order of confirmation.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<EntryId, usize> = HashMap::new();
        self.each_row(|seq, row| {
            let id = EntryId::parse(&row.entry).ok_or(JournalError::Damaged { seq })?;
            let at: Timestamp = row
                .at
                .parse()
                .map_err(|_no_time: jiff::Error| JournalError::Damaged { seq })?;
            let record = codec::read(id, &row.record, &row.data)?;
            match (places.get(&id), &record) {
                (Some(&place), _) => entries[place].push(at, record),
                (None, Record::Intended { author, order }) => {
                    places.insert(id, entries.len());
                    let mut entry = Entry::new(author.clone(), order.clone());
                    entry.push(at, record);
                    entries.push(entry);
                }
                (None, _) => return Err(JournalError::Damaged { seq }),
            }
            Ok(())
        })?;
        Ok(entries)
    }

    /// Walks the whole chain.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first record that does not fit.
    pub fn verify(&self) -> Result<Verified, JournalError> {
        let mut verified = Verified {
            records: 0,
            last_hash: String::new(),
        };
        self.each_row(|seq, row| {
            if row.previous_hash != verified.last_hash {
                return Err(JournalError::Damaged { seq });
            }
            verified.last_hash = row.hash();
            verified.records += 1;
            Ok(())
        })?;
        // The chain says nothing of the indexes and free pages, on which the next record depends.
        let check = "PRAGMA integrity_check(1)";
        let pages: String = self.db.query_row(check, [], |row| row.get(0))?;
        if pages != "ok" {
            return Err(JournalError::Pages(clean(&pages, 200).into()));
        }
        Ok(verified)
    }

    fn each_row(
        &self,
        mut see: impl FnMut(i64, Row) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut statement = self.db.prepare(&format!("{SELECT} ORDER BY seq"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            see(row.get(0)?, Row::read(row)?)?;
        }
        Ok(())
    }
}

const SELECT: &str = "SELECT seq, entry_id, at, record, data, previous_hash FROM record";

/// The hash of the last record; empty when there is none.
fn end_of_chain(db: &Connection) -> Result<String, JournalError> {
    let mut statement = db.prepare_cached(&format!("{SELECT} ORDER BY seq DESC LIMIT 1"))?;
    let mut rows = statement.query([])?;
    Ok(match rows.next()? {
        Some(row) => Row::read(row)?.hash(),
        None => String::new(),
    })
}

/// A journal on media that nobody can write to: `SQLite` wants to be told that nothing changes.
/// `None` when records may still lie beside the file, which would then be left out.
fn open_on_read_only_media(path: &Path) -> Option<Connection> {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-wal");
    if fs::metadata(PathBuf::from(beside)).is_ok_and(|wal| wal.len() > 0) {
        return None;
    }
    let mut address = url::Url::from_file_path(path.canonicalize().ok()?).ok()?;
    address.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(address.as_str(), flags).ok()
}

/// What a walk over the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub records: u64,
    /// Printed on exports: whoever has it can tell whether the file was rewritten since.
    pub last_hash: String,
}

struct Row {
    entry: String,
    at: String,
    record: String,
    data: String,
    previous_hash: String,
}

impl Row {
    /// A row of [`SELECT`].
    fn read(row: &rusqlite::Row<'_>) -> Result<Self, JournalError> {
        Ok(Self {
            entry: row.get(1)?,
            at: row.get(2)?,
            record: row.get(3)?,
            data: row.get(4)?,
            previous_hash: row.get(5)?,
        })
    }

    /// SHA-256 over every field, each with its length before it, so that none can flow into the next.
    fn hash(&self) -> String {
        let mut sum = Sha256::new();
        for field in [
            &self.entry,
            &self.at,
            &self.record,
            &self.data,
            &self.previous_hash,
        ] {
            sum.update((field.len() as u64).to_be_bytes());
            sum.update(field.as_bytes());
        }
        sum.finalize()
            .iter()
            .fold(String::with_capacity(64), |mut hex, byte| {
                use std::fmt::Write as _;
                // Writing to a string cannot fail.
                write!(hex, "{byte:02x}").ok();
                hex
            })
    }
}

#[cfg(test)]
mod tests;
