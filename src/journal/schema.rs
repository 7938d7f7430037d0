//! The one table, and the triggers that keep it append-only.

use rusqlite::Connection;

use super::JournalError;

/// Number of this layout, kept in SQLite's `user_version`. Raised with each new kind of record too:
/// a console that does not know the kind would call the file damaged instead of newer.
///
/// - 1: the first release.
/// - 2: the same table; also `Acknowledged`, `Unclear`, `ActiveActionsRead` and `NotReread`.
pub(super) const LAYOUT: i64 = 2;
/// From this layout on, the table is the same as today's.
const OLDEST: i64 = 1;

const COLUMNS: &str = "record (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id      TEXT NOT NULL,
    at            TEXT NOT NULL,
    record        TEXT NOT NULL,
    data          TEXT NOT NULL,
    previous_hash TEXT NOT NULL
) STRICT;
";

const RULES: &str = "
CREATE INDEX record_of_entry ON record (entry_id);
CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
";

/// Makes the table in an empty file; refuses a layout it does not know.
pub(super) fn prepare(db: &Connection, writable: bool) -> Result<(), JournalError> {
    db.busy_timeout(std::time::Duration::from_secs(2))?;
    let found = layout_of(db)?;
    // Before anything else: a file of a newer version is left as it is.
    if found > LAYOUT {
        return Err(JournalError::Newer { found });
    }
    if writable {
        // Rule 3: a record is durable when `append` returns, even if the power fails then.
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        // Said at the start, not at the first order.
        db.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    }
    match found {
        OLDEST..=LAYOUT => Ok(()),
        0 if writable => {
            db.execute_batch(&format!(
                "BEGIN; CREATE TABLE {COLUMNS} {RULES} PRAGMA user_version = {LAYOUT}; COMMIT;"
            ))?;
            Ok(())
        }
        // A console ended before it made the table: an empty journal, which a reader cannot change.
        // A temporary table lies beside the file.
        0 => Ok(db.execute_batch(&format!("CREATE TEMP TABLE {COLUMNS}"))?),
        _ => Err(JournalError::Damaged { seq: 0 }),
    }
}

/// Says of a file of an older layout that it may hold today's records from now on.
pub(super) fn raise_layout(db: &Connection) -> Result<(), JournalError> {
    if layout_of(db)? < LAYOUT {
        db.pragma_update(None, "user_version", LAYOUT)?;
    }
    Ok(())
}

fn layout_of(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}
