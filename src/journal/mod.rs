//! The local account of what was ordered and what became of it: SQLite, append-only.
//!
//! One table of records; each carries the hash of the one before, so that damage and partial
//! edits show. An attacker who can rewrite the whole file can rewrite the chain, which is why count and last
//! hash are kept outside of it too, and why exports print them. No token, header or full response is
//! ever stored.

mod alternative;
mod became;
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

pub use alternative::{alternative, were_actions_read};
pub use became::{Aftermath, Aftermaths, Undone, status_in_full, status_in_short};
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

/// How an open journal is to what is remembered of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// The same journal, possibly longer.
    Same,
    /// A new one was begun where there was another.
    LostItsPast,
}

/// An open journal. Synchronous: it belongs to one thread, which may wait.
pub struct Journal {
    // Closed before `place`, whose lock lets another console in.
    db: Connection,
    /// The end of the chain as this console left it.
    end: End,
    schema_version: i64,
    writable: bool,
    /// There was no file when it was opened.
    is_new: bool,
    lost_its_past: bool,
    caution: Option<Caution>,
    /// Its location, held while this console may act on it.
    place: Option<Place>,
}

impl Journal {
    /// Opens or makes the journal at `path` and takes it for this console.
    ///
    /// # Errors
    /// When the folder cannot be written, another console holds it, the file comes from a newer
    /// version, is damaged, or is not the one that the lock file remembers.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let lock = Lock::take(path)?;
        // Who takes the file away means to begin anew. One that was emptied was cut, like any other.
        let is_missing = !files::is_there(path);
        let opened = Self::open_locked(path, lock, is_missing);
        // What was only just made, and has nothing in it, is not to be called cut by the next start.
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
        // Private from the first moment, and closed again before `SQLite` has its locks on it.
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
    /// When the file is missing, newer or damaged, or leads elsewhere.
    pub fn open_read_only(path: &Path) -> Result<Self, JournalError> {
        place::judge(path)?;
        read_with(path, |db| Self::prepare(db, false, &[]))
    }

    /// A journal that ends with the process.
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
            // Only now: a damaged file is evidence, and stays as it was found.
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

    /// Verifies the file at `path` beside a running console, and against what is remembered of it
    /// outside: in its lock file, and in the `keyring`, where that was asked.
    ///
    /// # Errors
    /// When the file cannot be opened or is no journal of a known layout.
    pub fn inspect(
        path: &Path,
        keyring: Option<Result<Checkpoint, String>>,
    ) -> Result<Report, JournalError> {
        let refused = place::judge(path)?;
        let (mut remembered, mut not_checked) = (Vec::new(), Vec::new());
        // Before the file, which a running console may be continuing meanwhile.
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
        // Still there: not that of a console that was just writing.
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

    /// Whether the next record would be in the file that the next start opens, behind all that this
    /// console has written, and nobody else may be writing to it.
    ///
    /// # Errors
    /// When one of its files is another one now, cut or gone, or has not in it what was written.
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
        // Something has written to the same file, as a restore in place does; `SQLite` would use the
        // pages in its cache. So it is read as the next start would.
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

    /// Whether an earlier journal stood in this place, of which nothing is left.
    #[must_use]
    pub fn lost_its_past(&self) -> bool {
        self.lost_its_past
    }

    /// What could not be settled from the lock file on opening.
    #[must_use]
    pub fn caution(&self) -> Option<Caution> {
        self.caution
    }

    /// Puts records on disk, all or none. When this returns, they are durable, and in the file that
    /// the next start opens.
    ///
    /// # Errors
    /// When they could not be written, or the file at the path is another one now.
    pub fn append(
        &mut self,
        at: Timestamp,
        records: &[(EntryId, Record)],
    ) -> Result<(), JournalError> {
        if !self.writable {
            return Err(JournalError::ReadOnly);
        }
        // Records in a file that was moved away would be in no journal that anybody finds again.
        self.check_place()?;
        self.write(at, records)?;
        if let Some(place) = &mut self.place {
            // It may have gone while this was written.
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
        // A trigger that somebody plants could swallow what is inserted.
        let schema_version = schema::version_of(&transaction)?;
        if schema_version != self.schema_version
            && let Some(defect) = schema::compare(&transaction)?.defects.into_iter().next()
        {
            return Err(JournalError::Damaged(defect));
        }
        // The lock file may have been removed. A chain that forks can never be verified again.
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
            let (name, data) = stored.ok_or(JournalError::AttemptRejected { seq })?;
            let row = end.next(&entry.to_string(), &at, &name, &data.to_string());
            row.insert(&transaction)?;
            end = end.after(&row);
        }
        transaction.commit()?;
        (self.end, self.schema_version) = (end, schema_version);
        Ok(())
    }

    /// Carries what is in the log over into the file, so that a copy of the file alone has it. For
    /// a moment without work; readers may put it off.
    pub fn rest(&self) {
        let Some(place) = &self.place else {
            return;
        };
        // What others have written is left for the investigation.
        if self.check_place().is_err() || !self.writable {
            return;
        }
        // Answers with three numbers, which do not matter: what is left is carried over next time.
        let carry = "PRAGMA wal_checkpoint(PASSIVE)";
        self.db.query_row(carry, [], |_| Ok(())).ok();
        place.remember();
        place.rest();
    }

    /// Holds the open file against what the keyring remembers of it. Its chain was walked when it was
    /// opened, so that one record tells. Nothing more is written to one that is not the same.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] when it is not the file that was written last; others when it cannot
    /// be read.
    pub fn compare(&mut self, remembered: &Checkpoint) -> Result<Compared, JournalError> {
        let compared = self.hold_against(remembered);
        if let Err(JournalError::Damaged(_)) = compared {
            self.writable = false;
            leave_log(&self.db, true)?;
        }
        compared
    }

    fn hold_against(&self, remembered: &Checkpoint) -> Result<Compared, JournalError> {
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

    /// All entries with their records, in the order of confirmation.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        read_entries(&self.db, |_seq, error| Err(error))
    }

    /// Walks the whole chain anew.
    #[cfg(test)]
    pub(crate) fn verify(&self) -> Result<Checkpoint, JournalError> {
        let walk = check::walk(&self.db, &[])?;
        walk.intact().map(|end| Checkpoint::at(&end))
    }
}

#[cfg(test)]
pub(crate) mod tests;
