//! The single table, and the triggers that keep it append-only.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

use super::{Defect, JournalError};

/// Number of this layout, stored in SQLite's `user_version`. Raised with each new kind of record
/// too: a console that does not know the kind would report the file as damaged instead of newer.
///
/// - 1: the first release.
/// - 2: the same table; also `Acknowledged`, `Unclear`, `ActiveActionsRead` and `NotReread`.
/// - 3: the number of a record is part of its hash from `Layout` on, and a trigger rejects gaps in
///   the numbering.
/// - 4: the same table; also antivirus scans with `ScanType`, investigation packages, the release
///   of a containment as a separate kind, and `serviceTime` of an end.
/// - 5: the same table; also `Downloaded`, automated investigations, and tags with their `Value`.
/// - 6: the same table; also `plan` of a plan's step, `PlanStopped` of one not sent because of a
///   previous step, and blocks of files on every device with their removal.
/// - 7: the same table; also `Undone`.
pub(super) const LAYOUT: i64 = 7;
/// First layout with a trigger against gaps in the numbering.
const NUMBERED: i64 = 3;
/// First layout with the present table.
const OLDEST: i64 = 1;

/// Wait for a backup or scanner that locks the file. Only the append in question waits.
const WRITER_WAITS: Duration = Duration::from_secs(10);
const READER_WAITS: Duration = Duration::from_secs(2);

/// Maximum size of a row, in bytes. User text has at most 32,767 characters, and a response of the
/// service about one item 1 MiB.
const MAX_RECORD: i32 = 2 << 20;

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

/// Since layout 3. `INSERT OR REPLACE` would otherwise bypass the other two.
const NUMBERS: &str = "
CREATE TRIGGER record_only_follows_the_last BEFORE INSERT ON record
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM record)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
";

/// Refuses an unknown layout. Changes nothing: the file may be damaged.
pub(super) fn prepare(db: &Connection, writable: bool) -> Result<(), JournalError> {
    harden(db, writable)?;
    let found = layout_of(db)?;
    // Checked first: a file of a newer version is left unchanged.
    if found > LAYOUT {
        return Err(JournalError::Newer { found });
    }
    match found {
        OLDEST..=LAYOUT => Ok(()),
        0 if !objects(db)?.is_empty() => Err(JournalError::Damaged(Defect::Layout { found })),
        0 if writable => Ok(()),
        // A console ended before it created the table: an empty journal, which a reader cannot
        // change. A temporary table is not part of the file.
        0 => Ok(db.execute_batch(&format!("CREATE TEMP TABLE {COLUMNS}"))?),
        _ => Err(JournalError::Damaged(Defect::Layout { found })),
    }
}

/// Makes an intact file writable and raises it to the present layout.
pub(super) fn begin_writing(db: &Connection) -> Result<(), JournalError> {
    // Its permissions were checked before.
    if db.is_readonly(MAIN_DB)? {
        return Err(JournalError::Damaged(Defect::Header));
    }
    // In this mode, readers (verify, export, a second window, a backup) never block an append, not
    // even one that hangs. After a crash, the next process to open the journal recovers the log; a
    // missing log is detected by the checkpoint. On a file system that cannot have a log, SQLite
    // keeps its other mode, which is as durable.
    db.pragma_update(None, "journal_mode", "WAL")?;
    // Rule 3: a record is durable when `append` returns, even if the power fails then.
    db.pragma_update(None, "synchronous", "FULL")?;
    // Fails at the start instead of at the first order.
    db.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    let found = layout_of(db)?;
    let change = match found {
        0 => definition(LAYOUT),
        LAYOUT.. => return Ok(()),
        _ => {
            let numbers = if found < NUMBERED { NUMBERS } else { "" };
            format!("{numbers} PRAGMA user_version = {LAYOUT};")
        }
    };
    Ok(db.execute_batch(&format!("BEGIN IMMEDIATE; {change} COMMIT;"))?)
}

/// The file may come from anyone: its schema may not run functions or change `SQLite`'s tables, and
/// pages are checked when read. Extensions are never loaded: this build does not permit it.
fn harden(db: &Connection, writable: bool) -> Result<(), JournalError> {
    db.busy_timeout(if writable { WRITER_WAITS } else { READER_WAITS })?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_RECORD)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "mmap_size", 0)?;
    Ok(())
}

pub(super) fn layout_of(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Changes with each change of the schema, by any connection.
pub(super) fn version_of(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "schema_version", |row| row.get(0))
}

fn definition(layout: i64) -> String {
    let numbers = if layout < NUMBERED { "" } else { NUMBERS };
    format!("CREATE TABLE {COLUMNS} {RULES} {numbers} PRAGMA user_version = {layout};")
}

/// Tables, triggers, indexes and views by kind and name, with their definitions.
fn objects(db: &Connection) -> rusqlite::Result<BTreeMap<(String, String), String>> {
    let mut all =
        db.prepare("SELECT type, name, tbl_name || ': ' || coalesce(sql, '') FROM sqlite_schema")?;
    let rows = all.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    rows.collect()
}

/// Difference between a file's schema and the one of its layout.
#[derive(Default)]
pub(super) struct Difference {
    pub defects: Vec<Defect>,
    /// Whether a table of ours is missing or changed, so that its records cannot be read.
    pub lacks_table: bool,
}

/// Compares the file's schema with the one of its layout.
pub(super) fn compare(db: &Connection) -> Result<Difference, JournalError> {
    let layout = layout_of(db)?;
    let mut difference = Difference::default();
    if layout == 0 {
        return Ok(difference);
    }
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(&definition(layout))?;
    let (mut expected, found) = (objects(&fresh)?, objects(db)?);
    let object_of = |(kind, name): &(String, String)| -> Box<str> {
        crate::model::clean(&format!("{kind} “{name}”"), 120).into()
    };
    let is_table = |(kind, _): &(String, String)| kind == "table";
    for (key, sql) in found {
        let object = object_of(&key);
        match expected.remove(&key) {
            None => difference.defects.push(Defect::SchemaPlanted { object }),
            Some(ours) if ours != sql => {
                difference.defects.push(Defect::SchemaChanged { object });
                difference.lacks_table |= is_table(&key);
            }
            Some(_) => {}
        }
    }
    for key in expected.keys() {
        let object = object_of(key);
        difference.defects.push(Defect::SchemaMissing { object });
        difference.lacks_table |= is_table(key);
    }
    Ok(difference)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::super::Journal;
    use super::super::tests::{intended, orders};
    use super::*;

    /// A backup that locks the file delays an order and does not fail it.
    #[test]
    fn appends_and_reads_wait_while_the_file_is_locked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let mut journal = Journal::open(&path).expect("made");
        let (held, is_held) = sync_channel(0);
        let theirs = path.clone();
        let backup = move || {
            let other = Connection::open(theirs).expect("opened");
            other.execute_batch("BEGIN IMMEDIATE").expect("held");
            held.send(()).expect("a receiver");
            std::thread::sleep(Duration::from_millis(300));
            other.execute_batch("ROLLBACK").expect("released");
        };
        let backup = std::thread::Builder::new().spawn(backup).expect("a thread");
        is_held.recv().expect("locked");
        let order = intended(orders().remove(0));
        let written = journal.append(jiff::Timestamp::UNIX_EPOCH, &[order]);
        written.expect("written");
        backup.join().expect("no panic");
        drop(journal);

        let busy_timeout = |writable: bool| {
            let db = Connection::open(&path).expect("opened");
            prepare(&db, writable).expect("a journal");
            let millis = db.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0));
            Duration::from_millis(millis.expect("a number").into())
        };
        assert_eq!(
            (busy_timeout(true), busy_timeout(false)),
            (WRITER_WAITS, READER_WAITS)
        );
    }

    /// Without waiting and without locks, the file would be read in the middle of a write.
    #[test]
    fn a_locked_file_is_not_treated_as_read_only_media() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        drop(Journal::open(&path).expect("made"));
        let other = Connection::open(&path).expect("opened");
        other
            .pragma_update(None, "journal_mode", "DELETE")
            .expect("without a log");
        other.execute_batch("BEGIN EXCLUSIVE").expect("held");
        let refused = Journal::inspect(&path, None).expect_err("not read");
        assert!(matches!(refused, JournalError::Database(_)), "{refused}");
        drop(other);
        let report = Journal::inspect(&path, None).expect("read");
        assert!(report.is_good(), "{:?}", report.defects);
    }

    #[test]
    fn the_schema_of_an_opened_file_is_not_trusted() {
        for writable in [true, false] {
            let db = Connection::open_in_memory().expect("made");
            prepare(&db, writable).expect("prepared");
            for (config, expected) in [
                (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
                (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
                (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
            ] {
                assert_eq!(db.db_config(config).expect("known"), expected);
            }
        }
    }
}
