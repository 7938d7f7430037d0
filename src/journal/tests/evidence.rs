//! A damaged journal is evidence: opening and closing leave its files unchanged.

use std::path::PathBuf;

use super::super::place::log_of;
use super::super::*;
use super::attacks::{append_all, assert_found, shortened, without_rules, written};

/// The journal's file and its log.
fn content(path: &Path) -> [Vec<u8>; 2] {
    [path, &log_of(path)].map(|file| std::fs::read(file).unwrap_or_default())
}

/// A journal whose last record was changed in its log only.
fn changed_in_its_log() -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = written();
    // An open reader keeps the log from being merged into the file.
    let reader = Connection::open(&path).expect("opened");
    schema::version_of(&reader).expect("read");
    without_rules(&path, "UPDATE record SET data = '{}' WHERE seq = 7");
    let copies = tempfile::tempdir().expect("a folder");
    for file in files::list(folder.path()).expect("a list") {
        let name = file.file_name().expect("a name");
        std::fs::copy(&file, copies.path().join(name)).expect("copied");
    }
    let copy = copies.path().join("journal.sqlite");
    (copies, copy)
}

#[test]
fn a_tampered_log_is_not_merged_into_the_file() {
    let (_folder, path) = changed_in_its_log();
    let before = content(&path);
    assert!(!before[1].is_empty(), "the log has records");
    let refused = Journal::open(&path).err().expect("nothing is sent");
    assert!(matches!(refused, JournalError::Damaged(_)), "{refused}");
    assert!(content(&path) == before);
}

/// The keyring's checkpoint arrives after the journal was opened.
#[test]
fn a_log_that_contradicts_only_the_keyring_is_not_merged() {
    let (_folder, path) = written();
    let mut journal = Journal::open(&path).expect("opened");
    append_all(&mut journal);
    let before = content(&path);
    let mut elsewhere = journal.checkpoint();
    elsewhere.last_hash = "0".repeat(64);
    let compared = journal.compare(&elsewhere);
    assert!(matches!(compared, Err(JournalError::Damaged(_))));
    drop(journal);
    assert!(content(&path) == before);
}

#[test]
fn no_log_is_created_for_a_damaged_file() {
    let (_folder, path) = written();
    without_rules(&path, "UPDATE record SET data = '{}' WHERE seq = 7");
    let db = Connection::open(&path).expect("opened");
    let mode = db.pragma_update(None, "journal_mode", "DELETE");
    mode.expect("without a log");
    drop(db);
    let (seq, witness) = (7, Witness::LockFile);
    assert_found(&path, &[Defect::Exchanged { seq, witness }]);
}

#[test]
fn no_table_is_created_before_an_emptied_schema_is_detected() {
    let (_folder, path) = written();
    std::fs::remove_file(&path).expect("removed");
    let db = Connection::open(&path).expect("made");
    let empty = "CREATE TABLE other (a); DROP TABLE other";
    db.execute_batch(empty).expect("without a table");
    drop(db);
    assert_found(&path, &[shortened(0, 7, Witness::LockFile)]);
}

#[test]
fn a_path_is_never_read_as_a_uri() {
    let (_folder, path) = written();
    let address = PathBuf::from(format!("file:{}", path.display()));
    assert!(Journal::open_read_only(&address).is_err());
}

#[test]
fn trailing_bytes_of_a_checkpoint_are_cut_by_the_next_one() {
    let (_folder, path) = written();
    let lock = path.with_extension("lock");
    let longer = std::fs::read_to_string(&lock).expect("a checkpoint") + "x";
    std::fs::write(&lock, longer).expect("written");
    assert!(Checkpoint::beside(&path).is_err());
    drop(Journal::open(&path).expect("opened"));
    assert_eq!(Checkpoint::beside(&path).expect("a checkpoint").records, 7);
}

/// Reading it would take many times its size.
#[test]
fn an_oversized_record_is_not_read() {
    let (_folder, path) = written();
    let journal = Journal::open(&path).expect("opened");
    let data = format!("{{\"why\":\"{}\"}}", "x".repeat(3 << 20));
    let entry = journal.entries().expect("read")[0].id().to_string();
    let row = journal
        .end
        .next(&entry, "1970-01-01T00:00:00Z", "Unknown", &data);
    drop(journal);
    let db = Connection::open(&path).expect("opened");
    row.insert(&db).expect("inserted");
    drop(db);
    assert_found(&path, &[Defect::Unreadable { seq: 8 }]);
}

/// Records added to the closed file leave the checkpoint behind, as after a crash.
#[test]
fn records_after_the_checkpoint_are_reported_and_block_nothing() {
    let (_folder, path) = written();
    let lock = path.with_extension("lock");
    let marked = std::fs::read(&lock).expect("a checkpoint");
    append_all(&mut Journal::open(&path).expect("opened"));
    std::fs::write(&lock, marked).expect("written");
    let report = Journal::inspect(&path, None).expect("opened");
    let caution = Some(Caution::BeyondCheckpoint { records: 6 });
    assert_eq!((report.is_good(), report.caution), (true, caution));
    let said = "6 records came after the last checkpoint in the journal's lock file";
    assert!(report.lines()[0].starts_with(said), "{:?}", report.lines());
    let opened = Journal::open(&path).expect("opened");
    assert_eq!(opened.caution(), caution);
    drop(opened);
    let again = Journal::open(&path).expect("opened");
    assert_eq!(again.caution(), None, "it has a checkpoint again");
}

#[test]
fn an_unreadable_checkpoint_is_reported() {
    let (_folder, path) = written();
    let lock = path.with_extension("lock");
    for (checkpoint, caution) in [("", None), ("\0", Some(Caution::CheckpointUnreadable))] {
        std::fs::write(&lock, checkpoint).expect("written");
        let opened = Journal::open(&path).expect("opened");
        assert_eq!(opened.caution(), caution, "{checkpoint:?}");
    }
}

/// `SQLite` removes the log of an empty file.
#[test]
fn a_log_left_without_its_file_is_kept() {
    let (_folder, path) = changed_in_its_log();
    let [_, log] = content(&path);
    std::fs::rename(&path, path.with_extension("aside")).expect("renamed");
    let opened = Journal::open(&path).expect("a new journal");
    assert!(opened.lost_its_past());
    let kept = std::fs::read(place::beside(&log_of(&path), ".kept-1"));
    assert!(kept.expect("kept") == log);
}

/// Like every other truncation; only removing the file permits a new journal.
#[test]
fn an_emptied_journal_is_damaged_and_a_removed_one_starts_new() {
    let (_folder, path) = written();
    let checkpoint = Checkpoint::beside(&path).expect("a checkpoint");
    std::fs::write(&path, "").expect("emptied");
    std::fs::write(log_of(&path), "what was in the log").expect("written");
    let before = content(&path);
    assert_found(&path, &[shortened(0, 7, Witness::LockFile)]);
    let read = Journal::open_read_only(&path).and_then(|journal| journal.entries());
    assert_eq!(read.expect("readable"), []);
    assert!(content(&path) == before, "the log is unchanged");
    let refused = Journal::open(&path).err().expect("nothing is sent");
    let next = crate::explain::Explain::explain(&refused).next.words();
    assert!(
        next.contains("rename this file and keep it as evidence"),
        "{next}"
    );
    std::fs::rename(&path, path.with_extension("aside")).expect("renamed");
    let mut opened = Journal::open(&path).expect("a new journal");
    assert!(opened.lost_its_past());
    assert!(matches!(
        opened.compare(&checkpoint),
        Ok(Compared::LostItsPast)
    ));
}

#[test]
fn a_journal_that_failed_to_start_is_not_reported_as_cut() {
    let (_folder, path) = written();
    std::fs::rename(&path, path.with_extension("aside")).expect("put aside");
    // Blocks the path of its log.
    let in_the_way = log_of(&path);
    std::fs::create_dir(&in_the_way).expect("made");
    assert!(Journal::open(&path).is_err());
    std::fs::remove_dir(&in_the_way).expect("removed");
    let opened = Journal::open(&path).expect("a new journal");
    assert!(opened.lost_its_past());
}

#[test]
fn an_emptied_journal_known_only_to_the_keyring_is_damaged() {
    let (_folder, path) = written();
    let checkpoint = Checkpoint::beside(&path).expect("a checkpoint");
    std::fs::remove_file(path.with_extension("lock")).expect("removed");
    std::fs::write(&path, "").expect("emptied");
    let mut opened = Journal::open(&path).expect("opened");
    let compared = opened.compare(&checkpoint);
    let found = shortened(0, 7, Witness::Keyring);
    assert!(matches!(compared, Err(JournalError::Damaged(defect)) if defect == found));
}
