//! The journal's file under a running console: swapped, tampered with, slow, or rolled back.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon::action::ActionKind;
use cordon::auth::TokenStore;
use cordon::explain::NextStep;
use cordon::guard::Policy;
use cordon::journal::{
    Author, Checkpoint, Journal, NotSentReason, OrderStatus, Record, TimeSource,
};
use cordon::message::Command;
use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{CredentialStore, mock};
use rusqlite::Connection;

use crate::common::{Engine, journal_on_disk, place, posts, signed_in, tenant};
use crate::keyring_states::store::{Condition, Keyring};

/// Tries to isolate one more device, and returns how that ends.
fn isolate(engine: &mut Engine, name: &str) -> OrderStatus {
    let entry = engine.order(ActionKind::Isolate, name);
    engine.until_end(entry)
}

#[track_caller]
fn assert_stops(engine: &mut Engine, headline: &str) {
    let before = posts(&engine.control);
    let status = isolate(engine, "HR-LT-007");
    let OrderStatus::NotSent { why, detail } = status else {
        panic!("{status:?}");
    };
    assert_eq!(why, NotSentReason::Unwritten);
    assert_eq!(detail.as_deref(), Some(headline));
    assert_eq!(posts(&engine.control), before, "rule 3");
    // The whole console reports it and disables its buttons.
    engine.until("the banner", |s| matches!(s.journal, Some(Err(_))));
    let banner = engine.journal_trouble();
    assert_eq!(banner.headline, headline);
    assert!(matches!(banner.next, NextStep::Outside(_)));
}

/// On Windows an open database file cannot be renamed or removed.
#[cfg(unix)]
#[test]
fn file_swapped_under_a_running_console_stops_everything_before_sending() {
    type Attack = fn(&Path, &Path);
    let replaced = "The journal's file was replaced by another while cordon had it open, so nothing can be sent";
    let gone = "The journal's file was removed, so nothing can be sent";
    let damaged = "The journal is damaged, so nothing can be sent";
    let attacks: [(Attack, &str); 4] = [
        // In place, as some restores do.
        (
            |file, _| {
                for ending in ["", "-wal"] {
                    let part = format!("{}{ending}", file.display());
                    fs::write(part, [0; 1 << 13]).expect("written");
                }
            },
            damaged,
        ),
        (
            |file, older| fs::rename(older, file).expect("renamed"),
            replaced,
        ),
        (|file, _| fs::remove_file(file).expect("removed"), gone),
        (
            |file, _| {
                let folder = file.parent().expect("a folder");
                fs::rename(folder, folder.with_extension("away")).expect("renamed");
            },
            gone,
        ),
    ];
    for (attack, headline) in attacks {
        let simulator = tenant();
        let outside = tempfile::tempdir().expect("a folder");
        let folder = outside.path().join("data");
        let mut engine = Engine::start_signed_in(&simulator, &folder);
        isolate(&mut engine, "FIN-LT-042");
        let older = outside.path().join("older.sqlite");
        fs::copy(&engine.journal, &older).expect("copied");
        attack(&engine.journal, &older);
        assert_stops(&mut engine, headline);
        assert_eq!(posts(&engine.control), ["isolate"]);
    }
}

#[test]
fn trigger_planted_under_a_running_console_stops_everything_before_sending() {
    let (_simulator, _folder, mut engine) = signed_in();
    isolate(&mut engine, "FIN-LT-042");
    Connection::open(&engine.journal)
        .expect("opened")
        .execute_batch(
            "CREATE TRIGGER swallow BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END",
        )
        .expect("planted");
    assert_stops(
        &mut engine,
        "The journal is damaged, so nothing can be sent",
    );
    let banner = engine.journal_trouble();
    let named = "the file has a trigger “swallow” that cordon did not make";
    assert!(banner.details.iter().any(|d| d == named), "{banner:?}");
}

#[test]
fn older_copy_restored_between_two_runs_stops_the_next_one_before_sending() {
    let (simulator, folder) = place();
    let file = {
        let mut engine = Engine::start_signed_in(&simulator, folder.path());
        isolate(&mut engine, "FIN-LT-042");
        engine.journal.clone()
    };
    let older = fs::read(&file).expect("read");
    {
        let mut engine = Engine::start_signed_in(&simulator, folder.path());
        isolate(&mut engine, "HR-LT-007");
    }
    fs::write(&file, &older).expect("put back");
    let engine = Engine::start(&simulator, folder.path());
    let reported = engine.journal_trouble();
    assert_eq!(
        reported.headline,
        "The journal is not the one that was written last, so nothing can be sent"
    );
    assert_eq!(
        engine.state.entries.iter().count(),
        1,
        "it can be looked at"
    );
    assert_eq!(
        fs::read(&file).expect("read"),
        older,
        "evidence stays as it was"
    );
}

#[test]
fn slow_disk_delays_only_its_order_is_reported_and_late_writes_are_judged_again() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machine = engine.loaded("FIN-LT-042");
    let holder = Connection::open(&engine.journal).expect("opened");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    let (_never, until) = std::sync::mpsc::channel::<()>();
    let slow_disk = std::thread::spawn(move || {
        until
            .recv_timeout(Duration::from_secs(6))
            .expect_err("it is slow");
        holder.execute_batch("ROLLBACK").expect("let go");
    });
    let began = Instant::now();
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    engine.send(Command::Submit(vec![approval]));
    let entry = draft.entry;
    // Reading continues without delay.
    let _other = engine.loaded("HR-LT-007");
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "no other order waits"
    );
    engine.until("the notice", |s| !s.problems.is_empty());
    let said = &engine.state.problems[0].explanation.headline;
    assert!(
        said.starts_with("The disk has not answered for 3 seconds"),
        "{said}"
    );
    assert!(posts(&engine.control).is_empty());
    engine.until_done(entry);
    assert_eq!(posts(&engine.control), ["isolate"]);
    slow_disk.join().expect("let go");
    let entries = journal_on_disk(&engine.journal);
    let of = |wanted: fn(&Record) -> bool| {
        entries[0]
            .records()
            .iter()
            .filter(|(_, r)| wanted(r))
            .count()
    };
    let taken_back =
        of(|r| matches!(r, Record::AttemptRejected { why } if why.starts_with("the disk took")));
    assert_eq!((taken_back, of(|r| *r == Record::Sent)), (1, 2));
}

#[test]
fn end_of_an_action_is_on_disk_with_the_services_time() {
    let (simulator, _folder, mut engine) = signed_in();
    // Its clock differs from this computer's.
    simulator.control().advance(Duration::from_mins(90));
    isolate(&mut engine, "FIN-LT-042");
    let entries = journal_on_disk(&engine.journal);
    let id = entries[0].status().action().expect("accepted").as_str();
    let actions = simulator.control().actions();
    let action = actions.iter().find(|a| a["id"] == id).expect("stored");
    let updated = action["lastUpdateDateTimeUtc"].as_str().expect("a time");
    let (time, source) = entries[0].status_time();
    assert_eq!(
        (Some(time), source),
        (updated.parse().ok(), TimeSource::Service)
    );
    assert_ne!(time, entries[0].status_since());
}

/// The keyring's checkpoint of a journal.
fn remembered(keyring: &mock::Store, journal: &Path) -> Option<Checkpoint> {
    let item = keyring.build("io.github.cordon", &Checkpoint::keyring_item(journal), None);
    let text = item.expect("a name").get_secret().ok()?;
    Checkpoint::from_text(std::str::from_utf8(&text).expect("text"))
}

/// Files with their contents.
type Copied = Vec<(PathBuf, Vec<u8>)>;

fn files_of(folder: &Path) -> Copied {
    let files = fs::read_dir(folder).expect("a folder");
    let paths = files.map(|file| file.expect("a file").path());
    let files = paths.filter(|path| path.is_file());
    files
        .map(|path| (path.clone(), fs::read(path).expect("read")))
        .collect()
}

fn put_back(folder: &Path, files: &Copied) {
    for (path, _) in files_of(folder) {
        fs::remove_file(path).expect("removed");
    }
    for (path, content) in files {
        fs::write(path, content).expect("put back");
    }
}

#[test]
fn older_copy_of_the_folder_stops_the_next_run_when_the_keyring_has_a_newer_checkpoint() {
    let simulator = tenant();
    let keyring = mock::Store::new().expect("a mock");
    let folder = tempfile::tempdir().expect("a folder");
    let written = |journal: &Path| {
        let report = Journal::inspect(journal, None).expect("opened");
        Some(report.verified)
    };
    let journal = {
        let mut engine = Engine::start_on(&simulator, folder.path(), &keyring);
        engine.sign_in();
        isolate(&mut engine, "FIN-LT-042");
        engine.journal.clone()
    };
    assert_eq!(
        remembered(&keyring, &journal),
        written(&journal),
        "at the end"
    );
    let older = files_of(folder.path());
    {
        let mut engine = Engine::start_on(&simulator, folder.path(), &keyring);
        engine.until_listed();
        isolate(&mut engine, "HR-LT-007");
        assert_eq!(
            engine.state.journal,
            Some(Ok(())),
            "continued, not replaced"
        );
        assert!(engine.state.problems.is_empty());
    }
    let newest = remembered(&keyring, &journal);
    assert_eq!(newest, written(&journal));

    put_back(folder.path(), &older);
    let mut engine = Engine::start_on(&simulator, folder.path(), &keyring);
    engine.until_listed();
    let headline = "The journal is not the one that was written last, so nothing can be sent";
    assert_stops(&mut engine, headline);
    let reported = engine.journal_trouble();
    let missing = "the journal is older than the keyring remembers: ";
    assert!(
        reported.details.iter().any(|d| d.starts_with(missing)),
        "{reported:?}"
    );
    drop(engine);
    assert_eq!(
        remembered(&keyring, &journal),
        newest,
        "so that it is said again"
    );

    // On another computer, or with a wiped keyring, there is no checkpoint.
    put_back(folder.path(), &older);
    let wiped = mock::Store::new().expect("a mock");
    let mut engine = Engine::start_on(&simulator, folder.path(), &wiped);
    engine.sign_in();
    isolate(&mut engine, "HR-LT-007");
    assert_eq!(engine.state.journal, Some(Ok(())));
    assert!(
        engine.state.problems.is_empty(),
        "{:?}",
        engine.state.problems
    );
    drop(engine);
    assert_eq!(remembered(&wiped, &journal), written(&journal));

    // As the message advises; the same with an empty folder.
    put_back(folder.path(), &Vec::new());
    let mut engine = Engine::start_on(&simulator, folder.path(), &keyring);
    engine.until("the missing records", |s| !s.problems.is_empty());
    let reported = &engine.state.problems[0].explanation.headline;
    assert_eq!(
        &**reported,
        "The journal that was here is gone, so a new one was created"
    );
    engine.sign_in();
    isolate(&mut engine, "HR-LT-007");
    drop(engine);
    assert_eq!(remembered(&keyring, &journal), written(&journal));
}

#[test]
fn no_order_waits_for_a_locked_absent_or_hanging_keyring() {
    type Open = fn() -> keyring_core::Result<Arc<CredentialStore>>;
    let keyrings: [Open; 3] = [
        || Err(keyring_core::Error::NoStorageAccess("locked".into())),
        || Err(keyring_core::Error::PlatformFailure("no bus".into())),
        || loop {
            std::thread::park();
        },
    ];
    for open in keyrings {
        let (simulator, folder) = place();
        let store = TokenStore::with_store(open).expect("a thread");
        let policy = Policy::default();
        let mut engine = Engine::start_with(&simulator, folder.path(), &policy, store);
        // While the keyring may still be asked for a saved sign-in.
        engine.approve_code();
        engine.until_listed();
        isolate(&mut engine, "FIN-LT-042");
        assert_eq!(engine.state.journal, Some(Ok(())));
        assert_eq!(posts(&engine.control), ["isolate"]);
    }
}

#[test]
fn journal_is_compared_once_the_keyring_answers_and_shown_as_unchecked_before() {
    let simulator = tenant();
    let keyring = Keyring::new();
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let policy = Policy::default();
        Engine::start_with(&simulator, folder.path(), &policy, keyring.store())
    };
    {
        let mut engine = start();
        engine.sign_in();
        isolate(&mut engine, "FIN-LT-042");
    }
    let older = files_of(folder.path());
    {
        let mut engine = start();
        engine.until_listed();
        isolate(&mut engine, "HR-LT-007");
    }
    let newest = files_of(folder.path());
    for (files, condition, reason, is_newest) in [
        (&newest, Condition::Locked, "The keyring is locked", true),
        (
            &newest,
            Condition::Hangs,
            "The keyring does not answer",
            true,
        ),
        (&older, Condition::Locked, "The keyring is locked", false),
    ] {
        put_back(folder.path(), files);
        keyring.set(condition, "");
        let mut engine = start();
        engine.until("the message", |s| s.journal_unchecked.is_some());
        let said = engine.state.journal_unchecked.clone().expect("just seen");
        let (words, is_said) = (&said.headline, said.headline.starts_with(reason));
        assert!(
            is_said
                && words.contains("You can continue")
                && words.contains("an older copy of the journal"),
            "{words}"
        );
        assert_eq!(engine.state.journal, Some(Ok(())), "as without a keyring");
        keyring.set(Condition::Works, "");
        engine.send(Command::TryKeyringAgain);
        engine.until("the comparison", |s| s.journal_unchecked.is_none());
        if is_newest {
            assert_eq!(engine.state.journal, Some(Ok(())));
        } else {
            engine.until("the verdict", |s| matches!(s.journal, Some(Err(_))));
            assert_eq!(
                engine.journal_trouble().headline,
                "The journal is not the one that was written last, so nothing can be sent"
            );
        }
    }
}

/// The uninstaller runs this before it removes the program.
#[test]
fn open_entries_are_listed_without_a_window() {
    let (simulator, folder) = place();
    let open_entries = || {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_cordon"));
        program.args(["journal", "open", "--data-dir"]);
        let output = program.arg(folder.path()).output().expect("it starts");
        // Without a keyring, the log on stderr says so.
        let said = String::from_utf8(output.stdout).expect("text");
        (output.status.code(), said)
    };
    let none = (Some(0), "No entry is open\n".to_owned());
    assert_eq!(open_entries(), none, "without a journal");
    let engine = Engine::start_signed_in(&simulator, folder.path());
    let machine = engine.machine("FIN-LT-042");
    let path = engine.journal.clone();
    drop(engine);
    assert_eq!(open_entries(), none, "an empty one");

    let order = Engine::draft(ActionKind::Isolate, &machine).parse();
    let order = order.expect("complete");
    let entry = order.entry;
    let author = Author {
        mode: "STAND-IN".into(),
        tenant: "t1".into(),
        object_id: "o1".into(),
        account: "jane@contoso.com".into(),
    };
    let write = |record| {
        let mut journal = Journal::open(&path).expect("free");
        let written = journal.append(jiff::Timestamp::now(), &[(entry, record)]);
        written.expect("written");
    };
    write(Record::Intended { author, order });
    let (code, said) = open_entries();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(": “FIN-LT-042” (…"), "{said}");
    write(Record::NotSent {
        why: NotSentReason::Withdrawn,
        detail: None,
    });
    assert_eq!(open_entries(), none, "after its end");

    // A truncated, emptied or missing journal cannot show what is missing.
    let aside = folder.path().join("journal-live.sqlite");
    std::fs::rename(&path, &aside).expect("renamed");
    assert_eq!(open_entries(), (Some(1), String::new()), "gone");
    std::fs::write(&path, "").expect("written");
    assert_eq!(open_entries().0, Some(1), "empty");
    std::fs::write(&path, "no database").expect("written");
    assert_eq!(open_entries().0, Some(1), "nothing is known");
}
