//! The journal's file under a running console: swapped, planted, slow, or older than it was left.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cordon::action::ActionKind;
use cordon::explain::{Explanation, NextStep};
use cordon::journal::{NotSentReason, OrderStatus, Record};
use cordon::message::Command;
use rusqlite::Connection;

use crate::common::{Engine, journal_on_disk, posts, signed_in, tenant};

/// Tries to isolate one more device, and waits for how that ends.
fn isolate(engine: &mut Engine, name: &str) -> OrderStatus {
    let machine = engine.machine(name);
    engine.load(&machine);
    let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
    engine.until("its end", |s| {
        s.entry(entry).is_some_and(|e| e.status().is_end())
    });
    engine.status(entry)
}

/// What the window says of the journal.
fn banner(engine: &Engine) -> Explanation {
    let journal = engine.state.journal.clone().expect("told");
    journal.expect_err("trouble")
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
    // The whole console says so, and its buttons with it.
    engine.until("the banner", |s| matches!(s.journal, Some(Err(_))));
    let banner = banner(engine);
    assert_eq!(banner.headline, headline);
    assert!(matches!(banner.next, NextStep::Outside(_)));
}

#[cfg(unix)]
#[test]
fn a_file_that_was_swapped_under_a_running_console_stops_everything_before_it_leaves() {
    type Attack = fn(&Path, &Path);
    let replaced = "The journal's file was replaced by another while cordon had it open, so nothing can be sent";
    let gone = "The journal's file was removed, so nothing can be sent";
    let attacks: [(Attack, &str); 3] = [
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
        let mut engine = Engine::start(&simulator, &folder);
        engine.sign_in();
        isolate(&mut engine, "FIN-LT-042");
        let older = outside.path().join("older.sqlite");
        fs::copy(&engine.journal, &older).expect("copied");
        attack(&engine.journal, &older);
        assert_stops(&mut engine, headline);
        assert_eq!(posts(&engine.control), ["isolate"]);
    }
}

#[test]
fn a_trigger_planted_under_a_running_console_stops_everything_before_it_leaves() {
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
    let banner = banner(&engine);
    let named = "the file has a trigger “swallow” that cordon did not make";
    assert!(banner.details.iter().any(|d| d == named), "{banner:?}");
}

#[test]
fn an_older_copy_put_back_between_two_runs_stops_the_next_one_before_it_sends() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let file = {
        let mut engine = Engine::start(&simulator, folder.path());
        engine.sign_in();
        isolate(&mut engine, "FIN-LT-042");
        engine.journal.clone()
    };
    let older = fs::read(&file).expect("read");
    {
        let mut engine = Engine::start(&simulator, folder.path());
        engine.sign_in();
        isolate(&mut engine, "HR-LT-007");
    }
    fs::write(&file, &older).expect("put back");
    let engine = Engine::start(&simulator, folder.path());
    let told = engine
        .state
        .journal
        .clone()
        .expect("told")
        .expect_err("told");
    assert_eq!(
        told.headline,
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
fn a_slow_disk_holds_up_its_order_alone_and_is_said_and_what_it_takes_late_is_checked_again() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    engine.load(&machine);
    let holder = Connection::open(&engine.journal).expect("opened");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    let (_never, until) = std::sync::mpsc::channel::<()>();
    let slow_disk = std::thread::spawn(move || {
        until
            .recv_timeout(Duration::from_secs(6))
            .expect_err("nobody hurries it");
        holder.execute_batch("ROLLBACK").expect("let go");
    });
    let began = Instant::now();
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    let approval = engine.approve(&draft).expect("nothing stands against it");
    engine.send(Command::Submit(Box::new(approval)));
    let entry = draft.entry;
    // Reading goes on, and is not slowed down by it.
    let other = engine.machine("HR-LT-007");
    engine.load(&other);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "nobody else waits"
    );
    engine.until("the notice", |s| !s.problems.is_empty());
    let said = &engine.state.problems[0].explanation.headline;
    assert!(
        said.starts_with("The disk has not answered for 3 seconds"),
        "{said}"
    );
    assert!(posts(&engine.control).is_empty());
    assert!(matches!(engine.until_end(entry), OrderStatus::Done { .. }));
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
