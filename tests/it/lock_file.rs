//! The journal's lock file, which keeps other consoles out, removed while the console relies on it.

#![cfg(unix)]

use std::fs;

use cordon::action::ActionKind;
use cordon::auth::TokenStore;
use cordon::guard::Policy;
use cordon::journal::{Journal, NotSentReason, OrderStatus, Record};
use cordon::message::OrderProgress;
use cordon::model::{EntryId, Mode};
use cordon::simulator::{SimOptions, Simulator};

use crate::common::{Engine, SPEED, journal_on_disk, posts, setup as prepared, signed_in};

const HEADLINE: &str =
    "The file that keeps other consoles off this journal was removed, so nothing can be sent";

fn unwritten() -> OrderStatus {
    OrderStatus::NotSent {
        why: NotSentReason::Unwritten,
        detail: Some(HEADLINE.into()),
    }
}

fn remove_lock(engine: &Engine) {
    fs::remove_file(engine.journal.with_extension("lock")).expect("removed");
}

fn until_reported(engine: &mut Engine) {
    engine.until("the journal's error", |s| matches!(s.journal, Some(Err(_))));
    let reported = engine.state.journal.clone().expect("known");
    assert_eq!(reported.expect_err("trouble").headline, HEADLINE);
}

/// The end of an order, with the tenant's clock at normal speed.
fn end(engine: &mut Engine, entry: EntryId) -> OrderStatus {
    engine.until("its end", |s| {
        s.entry(entry).is_some_and(|e| e.status().is_end())
    });
    engine.status(entry)
}

/// The disk has room, so no message may ask to make some.
fn assert_no_false_word(engine: &Engine) {
    let said = format!("{:?} {:?}", engine.state.problems, engine.state.progress);
    assert!(!said.contains("Make room"), "{said}");
}

#[test]
fn console_without_its_lock_ends_waiting_orders_and_follows_the_other_console() {
    let (simulator, folder, mut first) = signed_in();
    first.inject("submit:isolate", "status:429:250", 1);
    let waiting = first.order(ActionKind::Isolate, "FIN-LT-042");
    first.until("the pause", move |s| {
        matches!(s.progress.get(&waiting), Some(OrderProgress::LeavesAt(_)))
    });
    remove_lock(&first);
    // With nothing to write: waiting orders end before their time to be sent.
    until_reported(&mut first);
    assert_eq!(end(&mut first, waiting), unwritten());
    assert_no_false_word(&first);
    assert_eq!(posts(&first.control), ["isolate"]);

    let mut second = Engine::start(&simulator, folder.path());
    assert_eq!(second.state.journal, Some(Ok(())));
    let ended = OrderStatus::NotSent {
        why: NotSentReason::ConsoleEnded,
        detail: None,
    };
    assert_eq!(end(&mut second, waiting), ended);
    second.sign_in();
    // The service's pause has ended for the second console too.
    second.control.advance(std::time::Duration::from_mins(5));
    let theirs = second.order(ActionKind::Isolate, "HR-LT-007");
    second.until_done(theirs);
    end(&mut first, theirs);
    assert_eq!(first.status(waiting), ended, "as the journal has it");
    // The window offers no orders any more; one that is still submitted is not sent.
    let draft = Engine::draft(ActionKind::Isolate, &first.machine("FIN-LT-042"));
    let entry = first.submit(&draft);
    assert_eq!(first.until_end(entry), unwritten());
    assert_eq!(posts(&first.control), ["isolate", "isolate"]);
}

#[test]
fn refusal_after_losing_the_lock_is_reported_as_such() {
    let (_simulator, _folder, mut engine) = signed_in();
    engine.inject("submit:isolate", "status:429:250", 1);
    engine.inject("submit:isolate", "latency:2000", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Sent");
    remove_lock(&engine);
    assert_eq!(end(&mut engine, entry), unwritten());
    let records = engine.state.entry(entry).expect("an entry").records();
    let rejected = |(_, r): &(_, Record)| matches!(r, Record::AttemptRejected { .. });
    assert!(records.iter().any(rejected), "{records:?}");
    assert_no_false_word(&engine);
    until_reported(&mut engine);
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn acceptance_after_losing_the_lock_is_shown_for_this_run() {
    let (_simulator, _folder, mut engine) = signed_in();
    engine.inject("submit:isolate", "latency:2000", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Sent");
    remove_lock(&engine);
    engine.until_status(entry, "Accepted");
    assert_no_false_word(&engine);
    until_reported(&mut engine);
    // The next run looks the outcome up.
    assert_eq!(
        *journal_on_disk(&engine.journal)[0].status(),
        OrderStatus::Sent
    );
}

#[test]
fn removed_or_replaced_lock_file_is_found_at_the_next_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let lock = path.with_extension("lock");
    let attacks: [fn(&std::path::Path); 2] = [
        |lock| fs::remove_file(lock).expect("removed"),
        |lock| {
            fs::rename(lock, lock.with_extension("old")).expect("renamed");
            fs::write(lock, "").expect("another");
        },
    ];
    for attack in attacks {
        let mut journal = Journal::open(&path).expect("opened");
        journal
            .append(jiff::Timestamp::UNIX_EPOCH, &[])
            .expect("in its place");
        attack(&lock);
        let refused = journal.append(jiff::Timestamp::UNIX_EPOCH, &[]);
        let error = refused.expect_err("refused");
        assert!(error.is_final() && error.is_another_console(), "{error}");
        assert!(error.to_string().contains("lock file"), "{error}");
    }
}

/// As after a crash. The console cannot tell whether someone else added them.
#[test]
fn records_after_the_last_checkpoint_are_reported_and_block_nothing() {
    let (simulator, folder, mut engine) = signed_in();
    let lock = engine.journal.with_extension("lock");
    let before = fs::read(&lock).expect("a checkpoint");
    let entry = engine.order(ActionKind::Isolate, "ENG-LT-030");
    engine.until_end(entry);
    drop(engine);
    fs::write(&lock, before).expect("as it was");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.until("the later records", |s| !s.problems.is_empty());
    let reported = &engine.state.problems[0].explanation.headline;
    let said = "records came after the last checkpoint in the journal's lock file, as after a crash or a power cut";
    assert!(reported.ends_with(said), "{reported}");
    assert_eq!(engine.state.journal, Some(Ok(())));
}

/// Its orders would be followed at a target for which they were not meant.
#[test]
fn the_journal_of_another_mode_is_not_acted_on() {
    let (simulator, folder, mut engine) = signed_in();
    let entry = engine.order(ActionKind::Isolate, "ENG-LT-030");
    engine.until_end(entry);
    drop(engine);
    let (policy, store) = (Policy::default(), TokenStore::memory());
    let (mut setup, path) = prepared(&simulator, folder.path(), &policy, store, SPEED);
    setup.mode = Mode::Demo;
    let engine = Engine::start_prepared(&simulator, (setup, path));
    let why = engine.journal_trouble();
    let headline = "The journal does not belong to this console";
    assert!(why.headline.starts_with(headline), "{why:?}");
}

#[test]
fn self_test_continues_after_a_run_killed_before_its_last_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(SimOptions {
        speed: 100.0,
        ..SimOptions::default()
    })
    .expect("the built-in tenant starts");
    simulator.control().set_limits(1_000_000, 1_000_000);
    let self_test = || {
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(["self-test", "--stand-in", &simulator.address()])
            .args(["--speed", "100", "--data-dir"])
            .arg(folder.path())
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{said}");
        said
    };
    self_test();
    let files = || fs::read_dir(folder.path()).expect("a folder").flatten();
    let is_lock = |path: &std::path::Path| path.extension().is_some_and(|end| end == "lock");
    let lock = files().map(|file| file.path()).find(|path| is_lock(path));
    let lock = lock.expect("the journal's");
    let earlier = fs::read(&lock).expect("it is readable");
    self_test();
    fs::write(&lock, earlier).expect("it is put back");
    let said = self_test();
    assert!(said.contains("note    journal: "), "{said}");
    assert!(said.contains("came after the last checkpoint"), "{said}");
}
