//! Tests: an open journal whose files are overwritten in place.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use crate::explain::Explain as _;

use super::super::place::beside;
use super::super::*;
use super::{intended, orders, place};

fn append(journal: &mut Journal, n: usize) -> Result<(), JournalError> {
    journal.append(Timestamp::UNIX_EPOCH, &[intended(orders().remove(n))])
}

/// An open journal with an empty log, and an older copy of its file.
fn open() -> (tempfile::TempDir, PathBuf, Journal, Vec<u8>) {
    let (folder, path) = place();
    let mut journal = Journal::open(&path).expect("made");
    append(&mut journal, 0).expect("written");
    journal.rest();
    let older = fs::read(&path).expect("read");
    for n in 1..6 {
        append(&mut journal, n).expect("written");
    }
    journal.rest();
    (folder, path, journal, older)
}

fn write_in_place(path: &Path, bytes: &[u8], at: u64) {
    let mut file = OpenOptions::new().write(true).open(path).expect("opened");
    file.seek(SeekFrom::Start(at)).expect("present");
    file.write_all(bytes).expect("written");
}

fn cut(path: &Path, len: u64) {
    let file = OpenOptions::new().write(true).open(path).expect("opened");
    file.set_len(len).expect("cut");
}

/// `SQLite` would use its cached pages and continue without an error.
#[test]
fn overwriting_an_open_journal_is_detected_before_the_next_record() {
    type Attack = fn(&Path, &[u8]);
    let attacks: [(&str, Attack); 6] = [
        ("an older copy", |path, older| {
            fs::write(path, older).expect("written");
        }),
        ("its end cut off", |path, _| cut(path, 8192)),
        ("all of it cut off", |path, _| cut(path, 0)),
        ("zeros", |path, _| write_in_place(path, &[0; 4096], 4096)),
        ("its log cut off", |path, _| cut(&beside(path, "-wal"), 0)),
        ("garbage in its log", |path, _| {
            write_in_place(&beside(path, "-wal"), &[7; 2000], 100);
        }),
    ];
    for (what, attack) in attacks {
        let (_folder, path, mut journal, older) = open();
        if what.contains("log") {
            append(&mut journal, 6).expect("written");
        }
        attack(&path, &older);
        let found = journal.check_place().expect_err(what);
        assert!(found.is_final(), "{what}: {found:?}");
        let refused = append(&mut journal, 7).expect_err(what);
        assert!(refused.is_final(), "{what}: {refused:?}");
    }
}

#[test]
fn a_touched_or_identically_overwritten_journal_stays_usable() {
    let (_folder, path, mut journal, _) = open();
    let same = fs::read(&path).expect("read");
    fs::write(&path, same).expect("written");
    append(&mut journal, 7).expect("unchanged");
    drop(journal);
    let report = Journal::inspect(&path, None).expect("opened");
    assert_eq!(report.defects, []);
}

/// Reading beyond the new end would crash the process.
#[test]
fn a_truncated_index_is_reported_and_not_read() {
    let (_folder, path, mut journal, _) = open();
    cut(&beside(&path, "-shm"), 0);
    let found = append(&mut journal, 7).expect_err("cut");
    assert!(matches!(found, JournalError::Cut(_)), "{found:?}");
    journal.rest();
    // As in the thread that owns it.
    std::mem::forget(journal);
}

#[test]
fn a_journal_with_a_replaced_index_rejects_records() {
    let (_folder, path, mut journal, _) = open();
    let index = beside(&path, "-shm");
    let content = fs::read(&index).expect("read");
    fs::rename(&index, path.with_extension("aside")).expect("renamed");
    fs::write(&index, content).expect("another");
    let found = append(&mut journal, 7).expect_err("another");
    assert!(matches!(found, JournalError::Cut(_)), "{found:?}");
    std::mem::forget(journal);
}

/// The same check as when opening.
#[test]
fn a_journal_writable_by_others_rejects_records_until_it_is_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, path, mut journal, _) = open();
    let other = folder.path().join("other");
    let set = |ending: &str, mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(beside(&path, ending), permissions).expect("set");
    };
    for (n, ending) in ["", "-wal", "-shm"].into_iter().enumerate() {
        set(ending, 0o666);
        let found = append(&mut journal, 7).expect_err("writable by others");
        assert!(matches!(found, JournalError::NoFile(..)), "{found:?}");
        assert!(!found.is_final());
        set(ending, 0o600);
        append(&mut journal, 7 + n).expect("private again");
    }
    fs::hard_link(&path, &other).expect("a second name");
    append(&mut journal, 10).expect_err("two names");
    fs::remove_file(&other).expect("removed");
    append(&mut journal, 10).expect("one name again");
}

/// `SQLite` would open it read-only, so nothing could be written.
#[test]
fn a_header_that_forbids_writing_is_damage() {
    let (_folder, path, journal, _) = open();
    drop(journal);
    write_in_place(&path, &[3], 18);
    let refused = Journal::open(&path).err().expect("refused");
    assert!(
        matches!(refused, JournalError::Damaged(Defect::Header)),
        "{refused}"
    );
}

/// Two names would mean two locks and two logs for one file.
#[test]
fn a_journal_with_two_names_is_refused_under_both() {
    let (folder, path, journal, _) = open();
    drop(journal);
    let other = folder.path().join("other");
    fs::create_dir(&other).expect("made");
    let other = other.join("journal.sqlite");
    fs::hard_link(&path, &other).expect("a second name");
    for path in [&path, &other] {
        let refused = Journal::open(path).err().expect("refused");
        let said = refused.explain();
        assert!(format!("{said:?}").contains("another name"), "{said:?}");
        let report = Journal::inspect(path, None).expect("readable");
        assert!(!report.is_good(), "{report:?}");
    }
    fs::remove_file(&other).expect("removed");
    Journal::open(&path).expect("one name again");
}
