//! Conversion of a journal's rows to entries.

use std::collections::HashMap;

use rusqlite::Connection;

use super::chain::{Row, SELECT};
use super::{Defect, Entry, JournalError, Record};

/// All entries with their records, in order of confirmation. `unfit` gets each record that cannot be
/// read, has no entry, or begins an entry again; an error from it ends the reading.
pub(super) fn read_entries(
    db: &Connection,
    mut unfit: impl FnMut(i64, JournalError) -> Result<(), JournalError>,
) -> Result<Vec<Entry>, JournalError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut places = HashMap::new();
    each_row(db, |row| {
        let (id, at, record) = match row.said() {
            Ok(Some(said)) => said,
            Ok(None) => return Ok(()),
            Err(error) => return unfit(row.seq, error),
        };
        match (places.get(&id), &record) {
            (None, Record::Intended { author, order }) => {
                places.insert(id, entries.len());
                let mut entry = Entry::new(author.clone(), order.clone());
                entry.push(at, record);
                entries.push(entry);
            }
            (Some(_), Record::Intended { .. }) | (None, _) => {
                let defect = Defect::Unreadable { seq: row.seq };
                return unfit(row.seq, JournalError::Damaged(defect));
            }
            (Some(&place), _) => entries[place].push(at, record),
        }
        Ok(())
    })?;
    Ok(entries)
}

/// Calls `see` with each row, in chain order.
pub(super) fn each_row(
    db: &Connection,
    mut see: impl FnMut(&Row) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut statement = db.prepare(&format!("{SELECT} ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        see(&Row::read(row)?)?;
    }
    Ok(())
}
