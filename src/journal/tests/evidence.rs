//! A damaged journal is evidence: neither opening nor closing it changes any of its files.

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
    // Somebody has it open, so that nothing is carried over.
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
fn a_log_that_someone_wrote_is_not_carried_over_into_the_file() {
    let (_folder, path) = changed_in_its_log();
    let before = content(&path);
    assert!(!before[1].is_empty(), "something is in the log");
    let refused = Journal::open(&path).err().expect("nothing is sent");
    assert!(matches!(refused, JournalError::Damaged(_)), "{refused}");
    assert!(content(&path) == before);
}

/// The keyring's word comes once the journal is open.
#[test]
fn nor_where_only_the_keyring_knows_better() {
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
fn a_damaged_file_without_a_log_gets_none() {
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
fn an_emptied_schema_gets_no_table_before_the_loss_is_found() {
    let (_folder, path) = written();
    std::fs::remove_file(&path).expect("removed");
    let db = Connection::open(&path).expect("made");
    let empty = "CREATE TABLE other (a); DROP TABLE other";
    db.execute_batch(empty).expect("without a table");
    drop(db);
    assert_found(&path, &[shortened(0, 7, Witness::LockFile)]);
}

#[test]
fn a_path_is_never_taken_for_an_address() {
    let (_folder, path) = written();
    let address = PathBuf::from(format!("file:{}", path.display()));
    assert!(Journal::open_read_only(&address).is_err());
}

#[test]
fn a_checkpoint_that_has_something_behind_it_is_cut_with_the_next_one() {
    let (_folder, path) = written();
    let lock = path.with_extension("lock");
    let longer = std::fs::read_to_string(&lock).expect("a checkpoint") + "x";
    std::fs::write(&lock, longer).expect("written");
    assert!(Checkpoint::beside(&path).is_err());
    drop(Journal::open(&path).expect("opened"));
    assert_eq!(Checkpoint::beside(&path).expect("a checkpoint").records, 7);
}

/// It would take many times its length to read.
#[test]
fn a_record_longer_than_any_of_ours_is_not_read() {
    let (_folder, path) = written();
    let journal = Journal::open(&path).expect("opened");
    let data = format!("{{\"why\":\"{}\"}}", "x".repeat(3 << 20));
    let entry = journal.entries().expect("read")[0].id().to_string();
    let row = journal
        .end
        .next(&entry, "1970-01-01T00:00:00Z", "Unknown", &data);
    drop(journal);
    let db = Connection::open(&path).expect("opened");
    row.insert(&db).expect("linked as any other");
    drop(db);
    assert_found(&path, &[Defect::Unreadable { seq: 8 }]);
}

/// Records added to the closed file leave the checkpoint behind, as after a crash.
#[test]
fn records_behind_the_checkpoint_are_named_and_hold_up_nothing() {
    let (_folder, path) = written();
    let lock = path.with_extension("lock");
    let marked = std::fs::read(&lock).expect("a checkpoint");
    append_all(&mut Journal::open(&path).expect("opened"));
    std::fs::write(&lock, marked).expect("as before");
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
fn a_checkpoint_that_cannot_be_read_is_said() {
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
fn a_log_whose_file_was_put_aside_alone_is_kept() {
    let (_folder, path) = changed_in_its_log();
    let [_, log] = content(&path);
    std::fs::rename(&path, path.with_extension("aside")).expect("renamed");
    let opened = Journal::open(&path).expect("a new one");
    assert!(opened.lost_its_past());
    let kept = std::fs::read(place::beside(&log_of(&path), ".kept-1"));
    assert!(kept.expect("kept") == log);
}

/// As every other cut is judged: only who takes the file away says that a new one may begin.
#[test]
fn an_emptied_journal_was_cut_and_one_that_was_taken_away_begins_anew() {
    let (_folder, path) = written();
    let checkpoint = Checkpoint::beside(&path).expect("a checkpoint");
    std::fs::write(&path, "").expect("emptied");
    std::fs::write(log_of(&path), "what was in the log").expect("written");
    let before = content(&path);
    assert_found(&path, &[shortened(0, 7, Witness::LockFile)]);
    let read = Journal::open_read_only(&path).and_then(|journal| journal.entries());
    assert_eq!(read.expect("readable"), []);
    assert!(content(&path) == before, "its log as well");
    let refused = Journal::open(&path).err().expect("nothing is sent");
    let next = crate::explain::Explain::explain(&refused).next.words();
    assert!(
        next.contains("rename this file and keep it as evidence"),
        "{next}"
    );
    std::fs::rename(&path, path.with_extension("aside")).expect("renamed");
    let mut opened = Journal::open(&path).expect("a new one");
    assert!(opened.lost_its_past());
    assert!(matches!(
        opened.compare(&checkpoint),
        Ok(Compared::LostItsPast)
    ));
}

#[test]
fn a_new_journal_that_could_not_be_begun_is_not_called_cut_afterwards() {
    let (_folder, path) = written();
    std::fs::rename(&path, path.with_extension("aside")).expect("put aside");
    // Where its log is to be, nothing can be written.
    let in_the_way = log_of(&path);
    std::fs::create_dir(&in_the_way).expect("made");
    assert!(Journal::open(&path).is_err());
    std::fs::remove_dir(&in_the_way).expect("removed");
    let opened = Journal::open(&path).expect("begun anew");
    assert!(opened.lost_its_past());
}

#[test]
fn an_emptied_journal_that_only_the_keyring_remembers_was_cut_too() {
    let (_folder, path) = written();
    let checkpoint = Checkpoint::beside(&path).expect("a checkpoint");
    std::fs::remove_file(path.with_extension("lock")).expect("removed");
    std::fs::write(&path, "").expect("emptied");
    let mut opened = Journal::open(&path).expect("nothing beside it tells");
    let compared = opened.compare(&checkpoint);
    let found = shortened(0, 7, Witness::Keyring);
    assert!(matches!(compared, Err(JournalError::Damaged(defect)) if defect == found));
}
