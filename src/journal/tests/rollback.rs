//! Tests: restoring an old copy of the whole folder, lock file included. Only a checkpoint outside
//! of the folder reveals it.

use std::path::PathBuf;

use super::super::*;
use super::{intended, orders};

/// A folder with a journal, and copies of all its files.
struct Folder {
    place: tempfile::TempDir,
    copies: Vec<(PathBuf, Vec<u8>)>,
}

impl Folder {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let copies = Vec::new();
        Self { place, copies }
    }

    fn journal(&self) -> PathBuf {
        self.place.path().join("journal.sqlite")
    }

    /// Appends these orders in a separate run, and returns the keyring's checkpoint afterwards.
    fn run(&self, which: std::ops::Range<usize>) -> Checkpoint {
        let mut journal = Journal::open(&self.journal()).expect("opened");
        for order in orders().drain(which) {
            let batch = [intended(order)];
            let written = journal.append(Timestamp::UNIX_EPOCH, &batch);
            written.expect("written");
        }
        journal.checkpoint()
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.place.path()).expect("a folder");
        files.map(|file| file.expect("a file").path()).collect()
    }

    fn copy(&mut self) {
        let read = |path: PathBuf| (path.clone(), std::fs::read(path).expect("read"));
        self.copies = self.files().into_iter().map(read).collect();
    }

    fn put_back(&self) {
        for path in self.files() {
            std::fs::remove_file(path).expect("removed");
        }
        for (path, content) in &self.copies {
            std::fs::write(path, content).expect("restored");
        }
    }

    /// The defects that `verify` and opening both find with the keyring's checkpoint.
    #[track_caller]
    fn found_with(&self, checkpoint: &Checkpoint) -> Vec<Defect> {
        let remembered = Some(Ok(checkpoint.clone()));
        let report = Journal::inspect(&self.journal(), remembered).expect("opened");
        let mut opened = Journal::open(&self.journal()).expect("a consistent folder");
        match opened.compare(checkpoint) {
            Ok(_) => assert_eq!(report.defects, []),
            Err(JournalError::Damaged(defect)) => assert_eq!(report.defects, [defect]),
            Err(error) => panic!("{error}"),
        }
        report.defects
    }
}

#[test]
fn an_older_copy_of_the_folder_contradicts_only_the_keyring() {
    let mut folder = Folder::new();
    folder.run(0..2);
    folder.copy();
    let newest = folder.run(2..6);
    folder.put_back();
    let report = Journal::inspect(&folder.journal(), None).expect("opened");
    assert_eq!((report.defects, report.not_checked), (vec![], vec![]));
    let found = folder.found_with(&newest);
    let (last, expected, witness) = (3, 7, Witness::Keyring);
    assert_eq!(
        found,
        [Defect::Shortened {
            last,
            expected,
            witness
        }]
    );
    assert_eq!(
        found[0].to_string(),
        "the journal is older than the keyring remembers: 4 records are missing (4 to 7)"
    );
}

#[test]
fn one_missing_record_is_enough() {
    let mut folder = Folder::new();
    folder.run(0..5);
    folder.copy();
    let newest = folder.run(5..6);
    folder.put_back();
    let [found] = &folder.found_with(&newest)[..] else {
        panic!("one defect");
    };
    assert_eq!(
        found.to_string(),
        "the journal is older than the keyring remembers: record 7 is missing"
    );
}

/// Also if it has as many or more records, and wherever it diverges.
#[test]
fn a_diverged_older_copy_is_not_the_same_journal() {
    for (before, lost, instead) in [(0..2, 2..4, 4..6), (0..2, 2..3, 3..6), (0..0, 0..2, 2..6)] {
        let mut folder = Folder::new();
        folder.run(before.clone());
        folder.copy();
        let newest = folder.run(lost.clone());
        folder.put_back();
        folder.run(instead);
        let found = folder.found_with(&newest);
        let (seq, witness) = (newest.records, Witness::Keyring);
        assert_eq!(
            found,
            [Defect::Exchanged { seq, witness }],
            "{before:?} {lost:?}"
        );
    }
}

#[test]
fn a_journal_continued_after_the_checkpoint_is_the_same() {
    let folder = Folder::new();
    let checkpoints = [folder.run(0..0), folder.run(0..1), folder.run(1..4)];
    let newest = folder.run(4..6);
    for checkpoint in checkpoints.iter().chain([&newest]) {
        assert_eq!(folder.found_with(checkpoint), []);
        let mut opened = Journal::open(&folder.journal()).expect("opened");
        assert!(matches!(opened.compare(checkpoint), Ok(Compared::Same)));
    }
}

#[test]
fn an_emptied_folder_is_a_new_journal_that_contradicts_the_keyring() {
    let mut folder = Folder::new();
    folder.copy();
    let newest = folder.run(0..3);
    folder.put_back();
    let mut opened = Journal::open(&folder.journal()).expect("opened");
    assert!(!opened.lost_its_past(), "the lock file is gone");
    assert!(matches!(opened.compare(&newest), Ok(Compared::LostItsPast)));
}

#[test]
fn each_journal_path_has_an_anonymous_keyring_item() {
    let (one, two) = (Folder::new(), Folder::new());
    let item = |folder: &Folder| {
        folder.run(0..1);
        Checkpoint::keyring_item(&folder.journal())
    };
    let items = [item(&one), item(&two)];
    assert_ne!(items[0], items[1]);
    let name = items[0].strip_prefix("v1:journal:").expect("a kind");
    assert!(name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit()));
    // The same place by another path.
    let detour = one.place.path().join(".").join("journal.sqlite");
    assert_eq!(Checkpoint::keyring_item(&detour), items[0]);
}

#[test]
fn a_rollback_file_is_reported_and_copied_before_rollback() {
    let folder = Folder::new();
    folder.run(0..2);
    let journal = folder.journal();
    let rollback = place::beside(&journal, "-journal");
    for n in [1, 2] {
        std::fs::write(&rollback, format!("planted {n}")).expect("written");
        let report = Journal::inspect(&journal, None).expect("opened");
        assert_eq!(report.defects, [Defect::Unsettled]);
        let before = std::fs::read(&journal).expect("read");
        Journal::open(&journal).expect("opened");
        let kept = |path: &Path| std::fs::read(place::beside(path, &format!(".kept-{n}")));
        assert_eq!(kept(&journal).expect("kept"), before);
        let kept = kept(&rollback).expect("kept");
        assert_eq!(kept, format!("planted {n}").as_bytes());
    }
    // As a console leaves it on a file system without a log.
    std::fs::write(&rollback, "").expect("emptied");
    let report = Journal::inspect(&journal, None).expect("opened");
    assert_eq!(report.defects, []);
}

#[test]
fn a_changed_counter_is_reported() {
    for attack in [
        "UPDATE sqlite_sequence SET seq = 1",
        "DELETE FROM sqlite_sequence",
        "UPDATE sqlite_sequence SET seq = 'many'",
    ] {
        let folder = Folder::new();
        folder.run(0..2);
        let db = Connection::open(folder.journal()).expect("opened");
        db.execute_batch(attack).expect("done");
        let report = Journal::inspect(&folder.journal(), None).expect("opened");
        let object = "counter of records".into();
        assert_eq!(
            report.defects,
            [Defect::SchemaChanged { object }],
            "{attack}"
        );
    }
}
