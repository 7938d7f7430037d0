//! From the rows of a journal to its entries.

use std::collections::HashMap;

use rusqlite::Connection;

use super::chain::{Row, SELECT};
use super::{Defect, Entry, JournalError, Record};

/// All entries with their records, in the order of confirmation. `unfit` hears of each record that cannot
/// be read, continues an entry that was never begun, or begins one again; an error of it ends the reading.
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

/// Has each row seen, in the order of the chain.
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
