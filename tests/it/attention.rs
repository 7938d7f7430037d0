//! Failures stay at the top until they are acknowledged.

use std::path::Path;
use std::time::Duration;

use cordon::action::{ActionKind, Evidence};
use cordon::auth::TokenStore;
use cordon::guard::Policy;
use cordon::journal::{Entry, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{EntryId, MachineActionId};

use crate::common::{Console, Engine, journal_on_disk, signed_in};

const NAME: &str = "ENG-LT-030";

fn refused(engine: &mut Engine) -> EntryId {
    engine.inject("submit", "forbidden", 1);
    let entry = engine.order(ActionKind::Isolate, NAME);
    let end = engine.until_end(entry);
    assert!(matches!(end, OrderStatus::Refused { .. }), "{end:?}");
    entry
}

fn acknowledge(engine: &mut Engine, entry: EntryId) {
    let key = engine.status(entry).key();
    engine.send(Command::Acknowledge(vec![(entry, key)]));
    engine.until("the acknowledgement", |s| s.entries.attention_count() == 0);
}

fn acknowledgements(journal: &Path) -> usize {
    let entries = journal_on_disk(journal);
    let records = entries.iter().flat_map(Entry::records);
    records
        .filter(|(_, record)| matches!(record, Record::Acknowledged { .. }))
        .count()
}

#[test]
fn refusal_needs_attention_until_acknowledged_and_stays_acknowledged_after_restart() {
    let (simulator, folder, mut engine) = signed_in();
    let entry = refused(&mut engine);
    assert_eq!(engine.state.entries.attention_count(), 1);
    let machine = engine.machine(NAME);
    let mark = engine.state.attention_on(&machine.id);
    assert_eq!(mark.map(Entry::id), Some(entry));
    // Acknowledged with another status than the present one, which nobody has read.
    engine.send(Command::Acknowledge(vec![(entry, "Unknown")]));
    acknowledge(&mut engine, entry);
    assert!(engine.state.attention_on(&machine.id).is_none());
    assert_eq!(acknowledgements(&engine.journal), 1);
    engine.worker.shut_down();
    drop(engine);
    let engine = Engine::start(&simulator, folder.path());
    assert_eq!(engine.state.entries.attention_count(), 0);
    let read = engine.state.entry(entry).and_then(|e| e.acknowledged());
    assert!(read.is_some_and(|read| !read.account.is_empty()));
}

#[test]
fn unread_refusal_is_back_after_a_restart_and_cannot_be_acknowledged_by_a_second_console() {
    let (simulator, folder, mut engine) = signed_in();
    let entry = refused(&mut engine);
    let mut second = Engine::start(&simulator, folder.path());
    assert_eq!(second.state.entries.attention_count(), 1);
    second.send(Command::Acknowledge(vec![(entry, "Refused")]));
    second.until("the reason", |s| {
        s.problems
            .iter()
            .any(|p| p.explanation.headline.contains("acknowledge it there"))
    });
    assert_eq!(second.state.entries.attention_count(), 1);
    assert_eq!(acknowledgements(&engine.journal), 0);
    engine.worker.shut_down();
    second.worker.shut_down();
    drop((engine, second));
    let engine = Engine::start(&simulator, folder.path());
    assert_eq!(engine.state.entries.attention_count(), 1);
}

#[test]
fn found_outcome_leaves_by_itself_and_returns_when_it_ends_badly() {
    let (_simulator, _folder, mut engine) = signed_in();
    engine.never_finishing(NAME);
    engine.inject("submit", "drop_after", 1);
    engine.inject("machine_actions", "status:500", 2);
    let entry = engine.order(ActionKind::Isolate, NAME);
    engine.until_status(entry, "Unknown");
    assert_eq!(engine.state.entries.attention_count(), 1);
    acknowledge(&mut engine, entry);
    engine.until_fast("the outcome", |s| {
        s.entry(entry)
            .is_some_and(|e| e.status().action().is_some())
    });
    assert_eq!(engine.state.entries.attention_count(), 0);
    let actions = engine.control.actions();
    let id = actions.last().and_then(|a| a["id"].as_str());
    let failed = engine.control.set_status(id.expect("an action"), "Failed");
    assert!(failed);
    engine.until_end(entry);
    assert_eq!(engine.state.entries.attention_count(), 1, "it comes back");
}

/// Someone else's request in place of an order may still fail, also after a restart.
#[test]
fn not_ours_cancelled_after_acknowledgement_needs_attention_again() {
    let (simulator, folder, mut engine) = signed_in();
    engine.never_finishing(NAME);
    engine.inject("submit", "already_pending", 1);
    let entry = engine.order(ActionKind::Isolate, NAME);
    let end = engine.until_end(entry);
    let OrderStatus::NotOurs { action, .. } = end else {
        panic!("{end:?}")
    };
    acknowledge(&mut engine, entry);
    engine.worker.shut_down();
    drop(engine);
    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    assert_eq!(engine.state.entries.attention_count(), 0);
    // The tenant's clock is ahead of the acknowledgement.
    engine.control.advance(std::time::Duration::from_mins(1));
    assert!(engine.control.set_status(action.as_str(), "Cancelled"));
    engine.until_fast("the new need for attention", |s| {
        s.entries.attention_count() == 1
    });
    assert_eq!(engine.status(entry).key(), "SomeoneElses");
}

#[test]
fn window_counts_marks_and_acknowledges_failures() {
    let mut console = Console::signed_in();
    let machine = console.open_device(NAME);
    console.inject("submit", "forbidden", 1);
    console.order(ActionKind::Isolate, &machine, "INC-4711");
    console.until_shows("Needs your attention (1)");
    console.assert_shows("1 needs attention");
    let row = format!("{}, Isolation refused", machine.name_and_tail());
    console.assert_shows(&row);
    assert!(console.shows("Isolate device: refused, needs attention: see Activity"));
    console.click("Acknowledge");
    console.step_until("no need for attention", |c| {
        !c.shows("Needs your attention (1)") && !c.shows("1 needs attention")
    });
    assert!(!console.shows(&row), "{}", console.screen());
}

/// Number of reversals of an order by someone else in the journal.
fn reversals(journal: &Path) -> usize {
    let entries = journal_on_disk(journal);
    let records = entries.iter().flat_map(Entry::records);
    let undone = records.filter(|(_, record)| matches!(record, Record::Undone { .. }));
    undone.count()
}

/// The next run, signed in and with all actions read.
fn next_run(simulator: &cordon::simulator::Simulator, folder: &Path) -> Console {
    let mut console = Console::open(simulator, folder, &Policy::default());
    console.sign_in();
    console.step_until("the older actions", |c| {
        c.state().containments.value.is_some()
    });
    console
}

/// Entries that need attention do not expire. For entries that never did, see the tests of `State`.
#[test]
fn an_unacknowledged_release_by_a_colleague_needs_attention_weeks_later_too() {
    let (simulator, folder, mut engine) = signed_in();
    let machine = engine.machine(NAME);
    let entry = engine.order(ActionKind::Isolate, NAME);
    engine.until_done(entry);
    engine.worker.shut_down();
    let control = engine.control.clone();
    drop(engine);
    control.advance(Duration::from_mins(1));
    let release = control.act_as_colleague(machine.id.as_str(), "Unisolate", "all clear");
    assert!(control.set_status(&release.expect("an action"), "Succeeded"));

    let mut console = next_run(&simulator, folder.path());
    assert_eq!(console.state().entries.attention_count(), 1);
    let journal = console.journal.clone();
    console.step_until("the record", |_| reversals(&journal) == 1);
    drop(console);
    control.advance(Duration::from_hours(3 * 7 * 24));
    for _ in 0..2 {
        let mut console = Console::open(&simulator, folder.path(), &Policy::default());
        console.step_until("the journal", |c| c.state().journal.is_some());
        assert_eq!(console.state().entries.attention_count(), 1, "at once");
        drop(console);
        let console = next_run(&simulator, folder.path());
        assert_eq!(console.state().entries.attention_count(), 1);
    }
    let mut console = next_run(&simulator, folder.path());
    console.click("Acknowledge");
    console.step_until("the acknowledgement", |c| {
        c.state().entries.attention_count() == 0
    });
    drop(console);
    let console = next_run(&simulator, folder.path());
    assert_eq!(console.state().entries.attention_count(), 0);
    drop(console);
    assert_eq!(reversals(&journal), 1, "said once");
}

#[test]
fn a_read_only_console_records_no_release() {
    let (simulator, folder, mut engine) = signed_in();
    let entry = engine.order(ActionKind::Isolate, NAME);
    engine.until_done(entry);
    let action = MachineActionId::parse("b89eb834").expect("a literal id");
    let undone = || {
        let evidence = Evidence {
            action: action.clone(),
            since: None,
            by: None,
            again: Vec::new(),
            is_picked_up: true,
        };
        Command::NoteReversals(vec![(entry, evidence)])
    };
    // Commands are taken in order: the refusal shows that the reversals were handled.
    let refuses = |looking: &mut Engine, why: &str| {
        looking.send(undone());
        looking.send(Command::Acknowledge(vec![(entry, "Done")]));
        looking.until("the reason", |s| {
            let mut problems = s.problems.iter();
            problems.any(|p| p.explanation.headline.contains(why))
        });
        looking.worker.shut_down();
    };
    let mut second = Engine::start(&simulator, folder.path());
    refuses(&mut second, "acknowledge it there");
    engine.worker.shut_down();
    let journal = engine.journal.clone();
    drop((engine, second));
    let read_only = Policy {
        read_only: true,
        ..Policy::default()
    };
    let store = TokenStore::memory();
    let mut looking = Engine::start_with(&simulator, folder.path(), &read_only, store);
    refuses(&mut looking, "--read-only");
    drop(looking);
    assert_eq!(reversals(&journal), 0);
    let mut engine = Engine::start(&simulator, folder.path());
    engine.send(undone());
    engine.until("the record", |s| {
        let known = s.entry(entry).expect("an entry");
        known.is_noted_as_undone_by(&action)
    });
    refuses(&mut engine, "Nobody is signed in");
    drop(engine);
    assert_eq!(reversals(&journal), 1);
}
