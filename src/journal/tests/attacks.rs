//! Tampering with a journal, and the defects found by verification.

use std::path::PathBuf;

use super::super::chain::HashRule;
use super::super::place::log_of;
use super::super::*;
use super::{append, intended, orders, place};

/// A closed journal with records 1 to 7 and a matching lock file.
pub(super) fn written() -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = place();
    let mut journal = Journal::open(&path).expect("made");
    append_all(&mut journal);
    (folder, path)
}

/// Appends six orders, one at a time.
pub(super) fn append_all(journal: &mut Journal) {
    for order in orders().into_iter().take(6) {
        append(journal, &[intended(order)]);
    }
}

/// Runs `attack` without the file's triggers, and restores them.
pub(super) fn without_rules(path: &Path, attack: &str) {
    let db = Connection::open(path).expect("opened");
    let mut rules = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .expect("a schema");
    let rules: Vec<(String, String)> = rules
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rows")
        .map(|rule| rule.expect("a row"))
        .collect();
    for (name, _) in &rules {
        db.execute_batch(&format!("DROP TRIGGER {name}"))
            .expect("dropped");
    }
    db.execute_batch(attack).expect("done");
    for (_, sql) in &rules {
        db.execute_batch(sql).expect("made again");
    }
}

fn found_in(path: &Path) -> Vec<Defect> {
    Journal::inspect(path, None).expect("opened").defects
}

/// Asserts that verification finds the defects and that opening for writing fails.
#[track_caller]
pub(super) fn assert_found(path: &Path, expected: &[Defect]) {
    assert_eq!(found_in(path), expected);
    let before = std::fs::read(path).expect("read");
    let refused = Journal::open(path).err().expect("nothing is sent");
    assert!(matches!(&refused, JournalError::Damaged(defect) if *defect == expected[0]));
    assert!(
        std::fs::read(path).expect("read") == before,
        "evidence must not change"
    );
}

pub(super) fn shortened(last: i64, expected: i64, witness: Witness) -> Defect {
    Defect::Shortened {
        last,
        expected,
        witness,
    }
}

#[test]
fn an_untouched_journal_verifies() {
    let (_folder, path) = written();
    let report = Journal::inspect(&path, None).expect("opened");
    assert_eq!((report.defects, report.not_checked), (vec![], vec![]));
    assert_eq!(report.verified.records, 7);
    assert!(!Journal::open(&path).expect("opened").lost_its_past());
}

#[test]
fn dropped_changed_and_planted_triggers_are_reported() {
    for (attack, defect) in [
        (
            "DROP TRIGGER record_is_never_deleted",
            Defect::SchemaMissing {
                object: "trigger “record_is_never_deleted”".into(),
            },
        ),
        (
            "DROP INDEX record_of_entry",
            Defect::SchemaMissing {
                object: "index “record_of_entry”".into(),
            },
        ),
        (
            "DROP TRIGGER record_only_follows_the_last; CREATE TRIGGER record_only_follows_the_last BEFORE INSERT ON record BEGIN SELECT 1; END",
            Defect::SchemaChanged {
                object: "trigger “record_only_follows_the_last”".into(),
            },
        ),
        (
            "CREATE TRIGGER swallow BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END",
            Defect::SchemaPlanted {
                object: "trigger “swallow”".into(),
            },
        ),
        (
            "CREATE VIEW other AS SELECT * FROM record",
            Defect::SchemaPlanted {
                object: "view “other”".into(),
            },
        ),
        (
            "CREATE TABLE other (a)",
            Defect::SchemaPlanted {
                object: "table “other”".into(),
            },
        ),
        (
            "ALTER TABLE record ADD COLUMN more TEXT",
            Defect::SchemaChanged {
                object: "table “record”".into(),
            },
        ),
        ("PRAGMA user_version = 0", Defect::Layout { found: 0 }),
    ] {
        let (_folder, path) = written();
        Connection::open(&path)
            .expect("opened")
            .execute_batch(attack)
            .expect("done");
        if let Defect::Layout { .. } = defect {
            let refused = Journal::inspect(&path, None);
            assert!(matches!(refused, Err(JournalError::Damaged(found)) if found == defect));
        } else if let Defect::SchemaChanged { object } = &defect
            && object.starts_with("table")
        {
            assert_eq!(found_in(&path).first(), Some(&defect), "{attack}");
        } else {
            assert_found(&path, &[defect]);
        }
    }
}

#[test]
fn changed_and_deleted_records_are_reported_with_their_number() {
    for (attack, defects) in [
        (
            "UPDATE record SET data = '{}' WHERE seq = 3",
            vec![Defect::Unlinked { seq: 4 }],
        ),
        (
            "DELETE FROM record WHERE seq IN (3, 4)",
            vec![Defect::Hole { first: 3, last: 4 }],
        ),
        (
            "DELETE FROM record WHERE seq = 2; UPDATE record SET at = 'x' WHERE seq = 5",
            vec![
                Defect::Hole { first: 2, last: 2 },
                Defect::Unlinked { seq: 6 },
            ],
        ),
        (
            "UPDATE record SET seq = 0 WHERE seq = 1",
            vec![
                Defect::Misplaced {
                    seq: 0,
                    expected: 1,
                },
                Defect::Hole { first: 1, last: 1 },
            ],
        ),
        (
            "UPDATE record SET data = CAST(x'7bff7d' AS TEXT) WHERE seq = 5",
            vec![Defect::Unreadable { seq: 5 }, Defect::Unlinked { seq: 6 }],
        ),
    ] {
        let (_folder, path) = written();
        without_rules(&path, attack);
        assert_found(&path, &defects);
    }
}

#[test]
fn a_records_number_is_part_of_its_hash() {
    let (_folder, path) = written();
    // All following records are renumbered to close the gap.
    without_rules(
        &path,
        "UPDATE record SET seq = -seq WHERE seq > 5; UPDATE record SET seq = 1 - seq WHERE seq < 0",
    );
    let found = found_in(&path);
    assert_eq!(found[0], Defect::Hole { first: 6, last: 6 });
    assert!(found.contains(&Defect::Unlinked { seq: 8 }), "{found:?}");
}

#[test]
fn a_replaced_last_record_is_reported() {
    let (_folder, path) = written();
    let replace = "INSERT OR REPLACE INTO record SELECT seq, entry_id, at, 'Sent', '{}', previous_hash FROM record WHERE seq = 7";
    let refused = Connection::open(&path)
        .expect("opened")
        .execute_batch(replace);
    assert!(refused.is_err(), "the triggers reject it");
    without_rules(&path, replace);
    let witness = Witness::LockFile;
    assert_found(&path, &[Defect::Exchanged { seq: 7, witness }]);
}

#[test]
fn a_cut_tail_is_detected_by_lock_file_and_counter() {
    let (_folder, path) = written();
    without_rules(&path, "DELETE FROM record WHERE seq > 4");
    let (lock, counter) = (Witness::LockFile, Witness::Counter);
    assert_found(&path, &[shortened(4, 7, lock), shortened(4, 7, counter)]);
    without_rules(&path, "UPDATE sqlite_sequence SET seq = 4");
    assert_found(&path, &[shortened(4, 7, lock)]);
    without_rules(&path, "DELETE FROM record; DELETE FROM sqlite_sequence");
    assert_found(&path, &[shortened(0, 7, lock)]);
}

#[test]
fn a_restored_older_copy_is_reported() {
    let (folder, path) = written();
    let older = folder.path().join("older.sqlite");
    std::fs::copy(&path, &older).expect("copied");
    append_all(&mut Journal::open(&path).expect("opened"));
    std::fs::copy(&older, &path).expect("restored");
    assert_found(&path, &[shortened(7, 13, Witness::LockFile)]);
    let explanation = Journal::open(&path)
        .err()
        .expect("refused")
        .explain_reading();
    assert_eq!(
        explanation.headline,
        "The journal is not the one that was written last"
    );
}

#[test]
fn a_rewritten_chain_is_detected_by_lock_file_or_keyring() {
    let (folder, path) = written();
    let (other, forged) = written();
    std::fs::copy(&forged, &path).expect("exchanged");
    let witness = Witness::LockFile;
    assert_found(&path, &[Defect::Exchanged { seq: 7, witness }]);
    // With the lock file exchanged as well, only the keyring detects it.
    std::fs::copy(forged.with_extension("lock"), path.with_extension("lock")).expect("exchanged");
    assert_eq!(found_in(&path), []);
    let kept = Checkpoint {
        records: 7,
        last_hash: "0".repeat(64),
    };
    let report = Journal::inspect(&path, Some(Ok(kept))).expect("opened");
    let witness = Witness::Keyring;
    assert_eq!(report.defects, [Defect::Exchanged { seq: 7, witness }]);
    drop((folder, other));
}

#[test]
fn a_missing_or_foreign_log_after_a_crash_is_detected() {
    let (folder, path) = written();
    let mut journal = Journal::open(&path).expect("opened");
    append_all(&mut journal);
    // As after a crash: the newest records are in the log.
    let crashed = folder.path().join("crashed.sqlite");
    std::fs::copy(&path, &crashed).expect("copied");
    std::fs::copy(path.with_extension("lock"), crashed.with_extension("lock")).expect("copied");
    assert_found(&crashed, &[shortened(7, 13, Witness::LockFile)]);
    let (_other, foreign) = written();
    let mut other = Journal::open(&foreign).expect("opened");
    append_all(&mut other);
    std::fs::copy(log_of(&foreign), log_of(&crashed)).expect("planted");
    assert_ne!(found_in(&crashed), []);
    std::fs::copy(log_of(&path), log_of(&crashed)).expect("restored");
    assert_eq!(found_in(&crashed), []);
}

#[test]
fn a_checkpoint_may_be_behind_its_file_but_never_ahead() {
    let (_folder, path) = written();
    let lock = path.with_extension("lock");
    let behind = std::fs::read(&lock).expect("a checkpoint");
    append_all(&mut Journal::open(&path).expect("opened"));
    std::fs::write(&lock, behind).expect("written");
    assert_eq!(found_in(&path), []);
    drop(Journal::open(&path).expect("opened"));
    assert_eq!(Checkpoint::beside(&path).expect("a checkpoint").records, 13);
    for nothing in ["", "\0", "cordon journal mark 1 7 x\n"] {
        std::fs::write(&lock, nothing).expect("written");
        let report = Journal::inspect(&path, None).expect("opened");
        assert_eq!((report.defects.len(), report.not_checked.len()), (0, 1));
    }
}

#[test]
fn checkpoints_round_trip_with_a_fixed_length() {
    for (records, last_hash) in [
        (0, String::new()),
        (7, "0".repeat(64)),
        (i64::MAX, "f".repeat(64)),
    ] {
        let checkpoint = Checkpoint { records, last_hash };
        let text = checkpoint.to_text();
        assert_eq!(text.len(), 108);
        assert_eq!(Checkpoint::from_text(&text), Some(checkpoint));
    }
}

#[test]
fn a_damaged_page_is_reported_with_the_last_record_before_it() {
    let (_folder, path) = place();
    let mut journal = Journal::open(&path).expect("made");
    for _ in 0..20 {
        append_all(&mut journal);
    }
    drop(journal);
    let mut bytes = std::fs::read(&path).expect("read");
    let last_leaf = bytes.len() / 4096 - 1;
    bytes[last_leaf * 4096..][..2048].fill(0xff);
    std::fs::write(&path, bytes).expect("written");
    let found = found_in(&path);
    let Some(Defect::Pages { after, .. }) = found.first() else {
        panic!("{found:?}");
    };
    assert!((1..=121).contains(after), "{found:?}");
    assert!(Journal::open(&path).is_err());
}

// --- under a running console ---

/// Appends one more record.
fn next(journal: &mut Journal) -> Result<(), JournalError> {
    journal.append(Timestamp::UNIX_EPOCH, &[intended(orders().remove(0))])
}

/// Makes a journal accept its files' present state as its own.
fn unnoticed(journal: &mut Journal) {
    journal.schema_version = schema::version_of(&journal.db).expect("a number");
    journal.place.as_ref().expect("a place").remember();
}

#[test]
fn a_trigger_planted_at_run_time_cannot_swallow_records() {
    let (_folder, path) = written();
    let mut journal = Journal::open(&path).expect("opened");
    let other = Connection::open(&path).expect("opened");
    let plant = "CREATE TRIGGER swallow BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END";
    other.execute_batch(plant).expect("planted");
    let refused = next(&mut journal).expect_err("rejected");
    let JournalError::Damaged(Defect::SchemaPlanted { .. }) = refused else {
        panic!("{refused}");
    };
    // Even unnoticed it fails: each insert is read back.
    unnoticed(&mut journal);
    assert!(matches!(
        next(&mut journal),
        Err(JournalError::NotStoredAsWritten { seq: 8 })
    ));
    let change = "DROP TRIGGER swallow; CREATE TRIGGER change AFTER INSERT ON record BEGIN INSERT INTO record VALUES (NEW.seq + 1, '', '', '', '', ''); END";
    other.execute_batch(change).expect("planted");
    unnoticed(&mut journal);
    assert!(matches!(
        next(&mut journal),
        Err(JournalError::NotStoredAsWritten { seq: 8 })
    ));
    other.execute_batch("DROP TRIGGER change").expect("removed");
    next(&mut journal).expect("accepted again");
    assert_eq!(journal.end.seq, 8);
    assert_eq!(journal.end.rule, HashRule::WithNumber);
}

#[cfg(unix)]
#[test]
fn a_replaced_or_removed_file_rejects_records() {
    type Attack = fn(&Path, &Path);
    let attacks: [(&str, Attack, bool); 6] = [
        (
            "removed",
            |path, _| std::fs::remove_file(path).expect("removed"),
            true,
        ),
        (
            "replaced by rename",
            |path, older| std::fs::rename(older, path).expect("renamed"),
            false,
        ),
        (
            "folder renamed",
            |path, _| {
                let folder = path.parent().expect("a folder");
                std::fs::rename(folder, folder.with_extension("away")).expect("renamed");
            },
            true,
        ),
        (
            "folder restored from a copy",
            |path, older| {
                let folder = path.parent().expect("a folder");
                std::fs::rename(folder, folder.with_extension("away")).expect("renamed");
                std::fs::create_dir(folder).expect("made");
                std::fs::rename(older, path).expect("restored");
            },
            false,
        ),
        (
            "log removed",
            |path, _| std::fs::remove_file(log_of(path)).expect("removed"),
            true,
        ),
        (
            "log replaced",
            |path, _| {
                std::fs::rename(log_of(path), path.with_extension("aside")).expect("moved");
                std::fs::copy(path.with_extension("aside"), log_of(path)).expect("copied");
            },
            false,
        ),
    ];
    for (what, attack, is_gone) in attacks {
        let outside = tempfile::tempdir().expect("a folder");
        let folder = outside.path().join("data");
        let path = folder.join("journal.sqlite");
        append_all(&mut Journal::open(&path).expect("made"));
        let older = outside.path().join("older.sqlite");
        std::fs::copy(&path, &older).expect("copied");
        let mut journal = Journal::open(&path).expect("opened");
        next(&mut journal).expect("appended");
        attack(&path, &older);
        let refused = next(&mut journal).expect_err(what);
        let fits = if is_gone {
            matches!(refused, JournalError::Gone(_))
        } else {
            matches!(refused, JournalError::Replaced(_))
        };
        assert!(fits, "{what}: {refused}");
    }
}

#[cfg(unix)]
#[test]
fn a_linked_folder_works_until_its_link_changes() {
    let outside = tempfile::tempdir().expect("a folder");
    let [disk, other, link] = ["disk", "other", "link"].map(|name| outside.path().join(name));
    let journal_in = |folder: &Path| folder.join("data").join("journal.sqlite");
    for folder in [&disk, &other] {
        append_all(&mut Journal::open(&journal_in(folder)).expect("made"));
    }
    std::os::unix::fs::symlink(&disk, &link).expect("linked");
    let mut journal = Journal::open(&journal_in(&link)).expect("opened");
    next(&mut journal).expect("appended");
    std::fs::remove_file(&link).expect("removed");
    std::os::unix::fs::symlink(&other, &link).expect("linked");
    assert!(matches!(next(&mut journal), Err(JournalError::Replaced(_))));
}

#[test]
fn a_file_cannot_run_code_or_change_its_schema() {
    let (_folder, path) = written();
    let journal = Journal::open(&path).expect("opened");
    for attempt in [
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema",
        "SELECT load_extension('x')",
    ] {
        assert!(journal.db.execute_batch(attempt).is_err(), "{attempt}");
    }
    assert_eq!(journal.verify().expect("whole").records, 7);
}

#[test]
fn a_merged_log_is_in_a_copy_of_the_file() {
    let (folder, path) = written();
    let mut journal = Journal::open(&path).expect("opened");
    next(&mut journal).expect("written");
    journal.rest();
    let copy = folder.path().join("copy.sqlite");
    std::fs::copy(&path, &copy).expect("copied");
    let report = Journal::inspect(&copy, None).expect("opened");
    assert_eq!((report.verified.records, report.defects), (8, vec![]));
}

#[test]
fn a_demo_starts_empty_unless_another_console_runs() {
    let (_folder, path) = written();
    let running = Journal::open(&path).expect("opened");
    let records = || Checkpoint::beside(&path).ok().map(|at| at.records);
    recreate(&path);
    assert_eq!((path.exists(), records()), (true, Some(7)));
    drop(running);
    recreate(&path);
    assert_eq!((path.exists(), records()), (false, None));
    assert!(!Journal::open(&path).expect("made").lost_its_past());
}
