//! The local journal of orders and their outcomes: SQLite, append-only.
//!
//! One table of records, each with the hash of the previous one, so that damage and partial edits
//! are detected. An attacker who can rewrite the whole file can rewrite the chain, which is why
//! count and last hash are also kept outside of it, and why exports print them. No token, header or
//! full response is ever stored.

mod aftermath;
mod alternative;
mod chain;
mod check;
mod checkpoint;
mod connection;
mod defect;
pub(crate) mod entry;
mod error;
mod export;
mod place;
mod reading;
mod record;
mod schema;
mod sheet;
mod status;
mod unended;
mod verdict;
mod wording;

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

pub use aftermath::{Aftermath, Aftermaths, Reversal, status_in_full, status_in_short};
pub use alternative::{alternative, were_actions_read};
pub use check::{NotChecked, Report};
pub use checkpoint::Checkpoint;
pub use defect::{Caution, Defect, Witness};
pub use entry::{Acknowledgement, Entry, TimeSource};
pub use error::JournalError;
pub use export::{Format, export};
pub use place::{Stamp, in_use_beside, put_aside, recreate};
pub use record::{Author, NotSentReason, Record, account_parts, account_text};
pub use sheet::{Moment, OthersContainment, SetBy, hand_over};
pub use status::{AWAITS_APPROVAL, NOT_AS_ORDERED, OrderStatus, Phase, UNDONE, UnclearReply};
pub use unended::Unended;

use chain::End;
use check::Remembered;
use connection::{WRITING, connect, leave_log, read_with};
use place::{Lock, Place};
use reading::read_entries;

use crate::files;
use crate::model::EntryId;

/// Result of comparing an open journal with its remembered checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// The same journal, possibly longer.
    Same,
    /// A new journal replaced an earlier one.
    LostItsPast,
}

/// An open journal. Synchronous: it belongs to one thread, which may block.
pub struct Journal {
    // Closed before `place`, whose lock admits another console.
    db: Connection,
    /// The end of the chain after this console's last write.
    end: End,
    schema_version: i64,
    writable: bool,
    /// The file did not exist before opening.
    is_new: bool,
    lost_its_past: bool,
    caution: Option<Caution>,
    /// Its location, held while this console may act on it.
    place: Option<Place>,
}

impl Journal {
    /// Opens or creates the journal at `path` for this console.
    ///
    /// # Errors
    /// When the folder cannot be written, another console holds it, or the file is newer, damaged,
    /// or not the one in the lock file's checkpoint.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let lock = Lock::take(path)?;
        // Removing the file permits a new journal. An emptied one was truncated.
        let is_missing = !files::is_there(path);
        let opened = Self::open_locked(path, lock, is_missing);
        // A new, empty file must not be reported as truncated at the next start.
        let is_empty = || files::stamp(path).is_some_and(|(len, _)| len == 0);
        if opened.is_err() && is_missing && is_empty() {
            files::remove(path).ok();
        }
        opened
    }

    fn open_locked(path: &Path, mut lock: Lock, is_missing: bool) -> Result<Self, JournalError> {
        let is_empty = files::stamp(path).is_none_or(|(len, _)| len == 0);
        let lost_its_past = is_empty && lock.is_used();
        let remembered = lock.checkpoint().filter(|_| !is_missing);
        let is_unread = !is_empty && lock.is_used() && remembered.is_none();
        // Private from the start, and closed before `SQLite` locks it.
        let before = files::open_or_create(path)
            .and_then(|file| files::identity_of(&file))
            .map_err(|error| JournalError::Folder(path.to_owned(), error))?;
        place::demand_private(path)?;
        let emptied = remembered.as_ref().filter(|_| is_empty);
        if let Some(defect) = emptied.and_then(|m| m.contradicted_by(0, None, Witness::LockFile)) {
            return Err(JournalError::Damaged(defect));
        }
        place::keep_unsettled(path, is_empty)
            .map_err(|e| JournalError::Folder(path.to_owned(), e))?;
        let db = connect(path, WRITING)?;
        let remembered: Vec<_> = remembered
            .map(|m| (Witness::LockFile, m))
            .into_iter()
            .collect();
        let mut journal = Self::prepare(db, true, &remembered)?;
        let after = |(_, checkpoint): &Remembered| Caution::of(journal.end.seq, checkpoint.records);
        journal.caution = match remembered.first() {
            None if is_unread => Some(Caution::CheckpointUnreadable),
            checkpoint => checkpoint.and_then(after),
        };
        let mut place = Place::pin(path, before, lock)?;
        place.lock.remember(&journal.end);
        journal.place = Some(place);
        journal.lost_its_past = lost_its_past;
        journal.is_new = is_missing;
        Ok(journal)
    }

    /// Opens an existing journal beside a running console, for reading.
    ///
    /// # Errors
    /// When the file is missing, newer, damaged, or a link.
    pub fn open_read_only(path: &Path) -> Result<Self, JournalError> {
        place::judge(path)?;
        read_with(path, |db| Self::prepare(db, false, &[]))
    }

    /// A journal in memory.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Result<Self, JournalError> {
        Self::prepare(Connection::open_in_memory()?, true, &[])
    }

    fn prepare(
        db: Connection,
        writable: bool,
        remembered: &[Remembered],
    ) -> Result<Self, JournalError> {
        leave_log(&db, true)?;
        schema::prepare(&db, writable)?;
        let end = check::walk(&db, remembered)?.intact()?;
        if writable {
            // Only now: a damaged file is evidence and stays unchanged.
            schema::begin_writing(&db)?;
            leave_log(&db, false)?;
        }
        Ok(Self {
            schema_version: schema::version_of(&db)?,
            db,
            end,
            writable,
            is_new: false,
            lost_its_past: false,
            caution: None,
            place: None,
        })
    }

    /// Verifies the file at `path` beside a running console, and compares it with the checkpoints
    /// in its lock file and, if given, in the `keyring`.
    ///
    /// # Errors
    /// When the file cannot be opened or is no journal of a known layout.
    pub fn inspect(
        path: &Path,
        keyring: Option<Result<Checkpoint, String>>,
    ) -> Result<Report, JournalError> {
        let refused = place::judge(path)?;
        let (mut remembered, mut not_checked) = (Vec::new(), Vec::new());
        // Read before the file, which a running console may be continuing.
        let lock = Checkpoint::beside(path);
        let last_known = lock.as_ref().ok().map(|lock| lock.records);
        for (witness, known) in [(Witness::LockFile, Some(lock)), (Witness::Keyring, keyring)] {
            match known {
                Some(Ok(checkpoint)) => remembered.push((witness, checkpoint)),
                Some(Err(why)) => not_checked.push(NotChecked { witness, why }),
                None => {}
            }
        }
        let rollback = place::rollback_of(path);
        let mut walk = read_with(path, |db| {
            schema::prepare(&db, false)?;
            check::walk_and_read(&db, &remembered)
        })?;
        // Still present, so not from a console in the middle of a write.
        if rollback.is_some() && place::rollback_of(path).is_some() {
            walk.defects.insert(0, Defect::Unsettled);
        }
        Ok(Report {
            verified: Checkpoint {
                records: walk.records,
                last_hash: walk.end.hash,
            },
            defects: walk.defects,
            caution: last_known.and_then(|last_known| Caution::of(walk.end.seq, last_known)),
            refused: refused.into_iter().map(|(_, refusal)| refusal).collect(),
            not_checked,
        })
    }

    /// Checks that the next record would go into the file that the next start opens, after all
    /// records of this console, and that nobody else may write to it.
    ///
    /// # Errors
    /// When one of its files was replaced, cut or removed, or lacks what was written.
    pub fn check_place(&self) -> Result<(), JournalError> {
        let checked = self.check_in_place();
        leave_log(&self.db, checked.is_err() || !self.writable)?;
        checked
    }

    fn check_in_place(&self) -> Result<(), JournalError> {
        let Some(place) = &self.place else {
            return Ok(());
        };
        place.check()?;
        if place.is_as_left() {
            return Ok(());
        }
        // Another process wrote to the file, for example a restore in place; `SQLite` would use its
        // cached pages. The file is therefore read like at the next start.
        let remembered = [(Witness::LockFile, self.checkpoint())];
        let end = read_with(place.path(), |db| {
            schema::prepare(&db, false)?;
            check::walk(&db, &remembered)?.intact()
        })?;
        if end != self.end {
            return Err(JournalError::WrittenByAnother);
        }
        place.remember();
        Ok(())
    }

    /// Whether an earlier journal at this path is gone.
    #[must_use]
    pub fn lost_its_past(&self) -> bool {
        self.lost_its_past
    }

    /// A doubt left by the lock file on opening.
    #[must_use]
    pub fn caution(&self) -> Option<Caution> {
        self.caution
    }

    /// Appends records, all or none. They are durable on return, in the file that the next start opens.
    ///
    /// # Errors
    /// When they could not be written, or the file at the path was replaced.
    pub fn append(
        &mut self,
        at: Timestamp,
        records: &[(EntryId, Record)],
    ) -> Result<(), JournalError> {
        if !self.writable {
            return Err(JournalError::ReadOnly);
        }
        // Records in a moved file would be in no journal that is opened again.
        self.check_place()?;
        self.write(at, records)?;
        if let Some(place) = &mut self.place {
            // It may have been moved during the write.
            place.check()?;
            place.remember();
            place.lock.remember(&self.end);
        }
        Ok(())
    }

    fn write(&mut self, at: Timestamp, records: &[(EntryId, Record)]) -> Result<(), JournalError> {
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        // A planted trigger could swallow the inserted rows.
        let schema_version = schema::version_of(&transaction)?;
        if schema_version != self.schema_version
            && let Some(defect) = schema::compare(&transaction)?.defects.into_iter().next()
        {
            return Err(JournalError::Damaged(defect));
        }
        // The lock file may have been removed. A forked chain can never be verified again.
        let newest = chain::newest(&transaction)?;
        let (seq, hash) =
            newest.map_or((0, String::new()), |row| (row.seq, row.hash(self.end.rule)));
        if seq != self.end.seq || hash != self.end.hash {
            return Err(JournalError::WrittenByAnother);
        }
        let (mut end, at) = (self.end.clone(), at.to_string());
        if let Some(row) = end.rule_begins(&at) {
            row.insert(&transaction)?;
            end = end.after(&row);
        }
        for (entry, record) in records {
            let stored = record.to_stored();
            let seq = end.seq + 1;
            let (name, data) = stored.ok_or(JournalError::NotStoredAsWritten { seq })?;
            let row = end.next(&entry.to_string(), &at, &name, &data.to_string());
            row.insert(&transaction)?;
            end = end.after(&row);
        }
        transaction.commit()?;
        (self.end, self.schema_version) = (end, schema_version);
        Ok(())
    }

    /// Merges the log into the file, so that a copy of the file alone is complete. For idle
    /// moments; readers may delay it.
    pub fn rest(&self) {
        let Some(place) = &self.place else {
            return;
        };
        // Records of others are left for the investigation.
        if self.check_place().is_err() || !self.writable {
            return;
        }
        // Returns three numbers that do not matter: the rest follows next time.
        let carry = "PRAGMA wal_checkpoint(PASSIVE)";
        self.db.query_row(carry, [], |_| Ok(())).ok();
        place.remember();
        place.rest();
    }

    /// Compares the open file with the keyring's checkpoint. Its chain was walked on opening, so
    /// that comparing one record suffices. A journal that differs becomes read-only.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] when it is not the file written last; others when it cannot be read.
    pub fn compare(&mut self, remembered: &Checkpoint) -> Result<Compared, JournalError> {
        let compared = self.compare_with(remembered);
        if let Err(JournalError::Damaged(_)) = compared {
            self.writable = false;
            leave_log(&self.db, true)?;
        }
        compared
    }

    fn compare_with(&self, remembered: &Checkpoint) -> Result<Compared, JournalError> {
        if !remembered.has_records() {
            return Ok(Compared::Same);
        }
        if self.is_new {
            return Ok(Compared::LostItsPast);
        }
        let hash = chain::hash_of(&self.db, remembered.records, &self.end)?;
        match remembered.contradicted_by(self.end.seq, hash.as_deref(), Witness::Keyring) {
            Some(defect) => Err(JournalError::Damaged(defect)),
            None => Ok(Compared::Same),
        }
    }

    /// Count and last hash, to be kept outside of the file.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint::at(&self.end)
    }

    /// All entries with their records, in order of confirmation.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        read_entries(&self.db, |_seq, error| Err(error))
    }

    /// Walks the whole chain again.
    #[cfg(test)]
    pub(crate) fn verify(&self) -> Result<Checkpoint, JournalError> {
        let walk = check::walk(&self.db, &[])?;
        walk.intact().map(|end| Checkpoint::at(&end))
    }
}

#[cfg(test)]
pub(crate) mod tests;
