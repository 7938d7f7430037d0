//! Walk of a journal that reports its defects with their position.

use rusqlite::Connection;
use rusqlite::ffi::ErrorCode;

use super::chain::{End, Row, SELECT};
use super::checkpoint::Checkpoint;
use super::reading::read_entries;
use super::{Caution, Defect, JournalError, Witness, schema};
use crate::files::RefusedFile;
use crate::model::clean;

/// Maximum number of unreadable records that are listed.
const MAX_NAMED: usize = 20;

/// Verification report of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Number of readable records, and the last hash.
    pub verified: Checkpoint,
    pub defects: Vec<Defect>,
    pub caution: Option<Caution>,
    /// Files that others may have changed; a console refuses a journal with any.
    pub refused: Vec<RefusedFile>,
    /// Comparisons that could not be made, with reasons.
    pub not_checked: Vec<NotChecked>,
}

/// A witness that the journal could not be compared with, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotChecked {
    pub witness: Witness,
    pub why: String,
}

impl std::fmt::Display for NotChecked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { witness, why } = self;
        match witness {
            Witness::Counter | Witness::LockFile => {
                write!(f, "whether the end is still there: {why}")
            }
            Witness::Keyring => write!(f, "against the keyring: {why}"),
        }
    }
}

impl Report {
    /// Whether the journal is as the console left it and may be acted on.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.defects.is_empty() && self.refused.is_empty()
    }

    /// The problem in one sentence.
    #[must_use]
    pub fn headline(&self) -> &'static str {
        if self.defects.iter().all(Defect::is_of_another_file) {
            "The journal is not the one that was written last"
        } else {
            "The journal is damaged"
        }
    }
}

/// A checkpoint stored outside of the file, with its source.
pub(super) type Remembered = (Witness, Checkpoint);

pub(super) struct Walk {
    pub end: End,
    pub records: i64,
    pub defects: Vec<Defect>,
    /// The last layout named in the chain.
    layout: i64,
}

/// Compares the schema, walks the whole chain, compares it with the remembered checkpoints, and
/// runs `SQLite`'s check of the pages.
pub(super) fn walk(db: &Connection, remembered: &[Remembered]) -> Result<Walk, JournalError> {
    // A consistent snapshot, as another console may be appending.
    let _unchanging = db.unchecked_transaction()?;
    let schema = schema::compare(db)?;
    let mut walk = Walk {
        end: End::EMPTY,
        records: 0,
        defects: schema.defects,
        layout: 0,
    };
    if !schema.lacks_table {
        let mut hashes = vec![String::new(); remembered.len()];
        // An empty file has no table yet.
        if schema::layout_of(db)? > 0 {
            walk.rows(db, remembered, &mut hashes)?;
        }
        walk.compare_with(remembered, &hashes);
        walk.layout(db)?;
        walk.counter(db)?;
    }
    // The chain does not cover indexes and free pages, on which the next record depends.
    if !walk.defects.iter().any(is_of_pages) {
        let after = walk.end.seq;
        match pages(db) {
            Ok(None) => {}
            Ok(Some(what)) => walk.defects.push(Defect::Pages { after, what }),
            // For example an unreadable table, already reported.
            Err(_) if !walk.defects.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(walk)
}

/// [`walk`] for verification: also checks that each record of an intact chain can be read, which
/// opening the journal does anyway.
pub(super) fn walk_and_read(
    db: &Connection,
    remembered: &[Remembered],
) -> Result<Walk, JournalError> {
    let mut walk = walk(db, remembered)?;
    if walk.defects.is_empty() {
        let defects = &mut walk.defects;
        read_entries(db, |seq, _why| {
            defects.push(Defect::Unreadable { seq });
            Ok(())
        })?;
        defects.truncate(MAX_NAMED);
    }
    Ok(walk)
}

impl Walk {
    /// The end of an intact chain.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first defect.
    pub(super) fn intact(self) -> Result<End, JournalError> {
        match self.defects.into_iter().next() {
            Some(defect) => Err(JournalError::Damaged(defect)),
            None => Ok(self.end),
        }
    }

    fn rows(
        &mut self,
        db: &Connection,
        remembered: &[Remembered],
        hashes: &mut [String],
    ) -> Result<(), JournalError> {
        let mut statement = db.prepare(&format!("{SELECT} ORDER BY seq"))?;
        let mut rows = statement.query([])?;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(()),
                // This walk cannot read anything after it.
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::TooBig) => {
                    self.records += 1;
                    self.end.seq += 1;
                    let seq = self.end.seq;
                    self.defects.push(Defect::Unreadable { seq });
                    return Ok(());
                }
                Err(error) => {
                    let after = self.end.seq;
                    self.defects.push(damaged_pages(after, error)?);
                    return Ok(());
                }
            };
            let seq = row.get(0)?;
            self.records += 1;
            match Row::read(row) {
                Ok(row) => self.row(&row),
                Err(_type_or_encoding) => {
                    self.defects.push(Defect::Unreadable { seq });
                    self.end.seq = seq;
                }
            }
            for ((_, checkpoint), hash) in remembered.iter().zip(hashes.iter_mut()) {
                if checkpoint.records == seq {
                    hash.clone_from(&self.end.hash);
                }
            }
        }
    }

    fn row(&mut self, row: &Row) {
        let (seq, expected) = (row.seq, self.end.seq + 1);
        if seq > expected {
            let (first, last) = (expected, seq - 1);
            self.defects.push(Defect::Hole { first, last });
        } else if seq < expected {
            self.defects.push(Defect::Misplaced { seq, expected });
        } else if row.previous_hash != self.end.hash {
            self.defects.push(Defect::Unlinked { seq });
        }
        self.layout = self.layout.max(row.begins_layout().unwrap_or_default());
        // Continues with the row as it is, to find further defects.
        self.end = self.end.after(row);
    }

    fn compare_with(&mut self, remembered: &[Remembered], hashes: &[String]) {
        for ((witness, checkpoint), hash) in remembered.iter().zip(hashes) {
            let defect = checkpoint.contradicted_by(self.end.seq, Some(hash), *witness);
            self.defects.extend(defect);
        }
    }

    /// A layout is only ever raised: in a lowered one, an older console would begin a chain in its own format.
    fn layout(&mut self, db: &Connection) -> Result<(), JournalError> {
        let found = schema::layout_of(db)?;
        if found < self.layout {
            self.defects.push(Defect::Layout { found });
        }
        Ok(())
    }

    /// `SQLite` counts the numbers it has assigned: the count stays when the last records are deleted.
    fn counter(&mut self, db: &Connection) -> Result<(), JournalError> {
        if schema::layout_of(db)? == 0 {
            return Ok(());
        }
        let counted = "SELECT max(seq) FROM sqlite_sequence WHERE name = 'record'";
        let counted = db.query_row(counted, [], |row| row.get::<_, Option<i64>>(0));
        let last = self.end.seq;
        match counted.map(Option::unwrap_or_default) {
            Ok(expected) if expected == last => {}
            Ok(expected) if expected > last => self.defects.push(Defect::Shortened {
                last,
                expected,
                witness: Witness::Counter,
            }),
            // The counter never goes down, and is always a number.
            Ok(_) | Err(_) => {
                let object = "counter of records".into();
                self.defects.push(Defect::SchemaChanged { object });
            }
        }
        Ok(())
    }
}

const fn is_of_pages(defect: &Defect) -> bool {
    matches!(defect, Defect::Pages { .. })
}

/// Damage of the file's pages reported by `SQLite`, if any.
fn pages(db: &Connection) -> Result<Option<Box<str>>, JournalError> {
    let check = "PRAGMA integrity_check(1)";
    match db.query_row(check, [], |row| row.get::<_, String>(0)) {
        Ok(said) if said == "ok" => Ok(None),
        Ok(said) => Ok(Some(clean(&said, 200).into())),
        Err(error) if is_corrupt(&error) => Ok(Some(clean(&error.to_string(), 200).into())),
        Err(error) => Err(error.into()),
    }
}

fn is_corrupt(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt)
}

fn damaged_pages(after: i64, error: rusqlite::Error) -> Result<Defect, JournalError> {
    if is_corrupt(&error) {
        let what = clean(&error.to_string(), 200).into();
        Ok(Defect::Pages { after, what })
    } else {
        Err(error.into())
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::super::Journal;
    use super::super::tests::{intended, orders};
    use super::*;

    #[test]
    fn a_lowered_layout_is_detected() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let mut journal = Journal::open(&path).expect("made");
        let batch = [intended(orders().remove(0))];
        let written = journal.append(jiff::Timestamp::UNIX_EPOCH, &batch);
        written.expect("written");
        drop(journal);
        for found in [3, schema::LAYOUT - 1] {
            let db = Connection::open(&path).expect("opened");
            db.pragma_update(None, "user_version", found).expect("set");
            drop(db);
            let report = Journal::inspect(&path, None).expect("opened");
            assert_eq!(report.defects, [Defect::Layout { found }]);
            assert!(Journal::open(&path).is_err());
        }
    }

    /// The chain does not cover the meaning of its records, on which a console depends.
    #[test]
    fn an_intact_chain_with_an_unreadable_record_is_not_good() {
        let (ours, other) = (intended(orders().remove(0)), intended(orders().remove(1)));
        let [entry, never_begun] = [ours.0, other.0].map(|id| id.to_string());
        let [again, other] = [ours.1.clone(), other.1].map(|intended| {
            let (_, data) = intended.to_stored().expect("written");
            data.to_string()
        });
        let doubled_within = other.replace("\"plan\":{", "\"plan\":{\"step\":2,");
        assert_ne!(doubled_within, other);
        for (entry, at, record, data) in [
            (&*entry, "1970-01-01T00:00:00Z", "Unheard", "{}"),
            (&entry, "1970-01-01T00:00:00Z", "Sent", "{"),
            (&entry, "1970-01-01T00:00:00Z", "NotSent", "{}"),
            (&entry, "yesterday", "Sent", "{}"),
            ("nobody's", "1970-01-01T00:00:00Z", "Sent", "{}"),
            (&never_begun, "1970-01-01T00:00:00Z", "Sent", "{}"),
            (
                &entry,
                "1970-01-01T00:00:00Z",
                "Unknown",
                r#"{"why":"a","why":"b"}"#,
            ),
            (&entry, "1970-01-01T00:00:00Z", "Intended", &again),
            (
                &never_begun,
                "1970-01-01T00:00:00Z",
                "Intended",
                &doubled_within,
            ),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("journal.sqlite");
            let mut journal = Journal::open(&path).expect("made");
            let written = journal.append(jiff::Timestamp::UNIX_EPOCH, slice::from_ref(&ours));
            written.expect("written");
            let row = journal.end.next(entry, at, record, data);
            row.insert(&journal.db).expect("inserted");
            drop(journal);
            let report = Journal::inspect(&path, None).expect("opened");
            let what = format!("{entry} {at} {record} {data}");
            assert_eq!(report.defects, [Defect::Unreadable { seq: 3 }], "{what}");
            assert!(!report.is_good(), "{what}");
            let opened = Journal::open(&path).expect("its chain is intact");
            assert!(opened.entries().is_err(), "{what}");
        }
    }
}
