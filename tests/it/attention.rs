//! What went wrong stays on top until a person has read it.

use std::path::Path;

use cordon::action::ActionKind;
use cordon::journal::{Entry, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::EntryId;

use crate::common::{Console, Engine, fault, journal_on_disk, signed_in};

const NAME: &str = "ENG-LT-030";

fn refused(engine: &mut Engine) -> EntryId {
    engine.control.inject(fault("submit", "forbidden", 1));
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
fn a_refusal_needs_attention_until_it_is_acknowledged_and_stays_read_after_a_restart() {
    let (simulator, folder, mut engine) = signed_in();
    let entry = refused(&mut engine);
    assert_eq!(engine.state.entries.attention_count(), 1);
    let machine = engine.machine(NAME);
    let mark = engine.state.attention_on(&machine.id);
    assert_eq!(mark.map(Entry::id), Some(entry));
    // What was on screen when it was pressed is not what stands there: nobody has read this.
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
fn an_unread_refusal_is_on_top_again_after_a_restart_and_a_second_console_cannot_acknowledge_it() {
    let (simulator, folder, mut engine) = signed_in();
    let entry = refused(&mut engine);
    let mut second = Engine::start(&simulator, folder.path());
    assert_eq!(second.state.entries.attention_count(), 1);
    second.send(Command::Acknowledge(vec![(entry, "Refused")]));
    second.until("why not", |s| {
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
fn an_unknown_outcome_that_is_found_leaves_by_itself_and_comes_back_when_it_ends_badly() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machine = engine.machine(NAME);
    engine.control.never_finish(machine.id.as_str());
    engine.control.inject(fault("submit", "drop_after", 1));
    engine
        .control
        .inject(fault("machine_actions", "status:500", 2));
    let entry = engine.order(ActionKind::Isolate, NAME);
    engine.until("the unknown", |s| {
        s.entry(entry).is_some_and(|e| e.status().is_unknown())
    });
    assert_eq!(engine.state.entries.attention_count(), 1);
    acknowledge(&mut engine, entry);
    engine.until_fast("that it is found", |s| {
        s.entry(entry)
            .is_some_and(|e| e.status().action().is_some())
    });
    assert_eq!(engine.state.entries.attention_count(), 0);
    let actions = engine.control.actions();
    let id = actions
        .last()
        .and_then(|a| a["id"].as_str())
        .expect("an action");
    assert!(engine.control.set_status(id, "Failed"));
    engine.until_end(entry);
    assert_eq!(engine.state.entries.attention_count(), 1, "it comes back");
}

/// What somebody else has requested in the place of an order may still fail, also after a restart.
#[test]
fn not_ours_cancelled_after_acknowledgement_needs_attention_again() {
    let (simulator, folder, mut engine) = signed_in();
    let machine = engine.machine(NAME);
    engine.control.never_finish(machine.id.as_str());
    engine.control.inject(fault("submit", "already_pending", 1));
    let entry = engine.order(ActionKind::Isolate, NAME);
    let end = engine.until_end(entry);
    let OrderStatus::NotOurs { action, .. } = end else {
        panic!("{end:?}")
    };
    acknowledge(&mut engine, entry);
    engine.worker.shut_down();
    drop(engine);
    let mut engine = Engine::start(&simulator, folder.path());
    engine.sign_in();
    assert_eq!(engine.state.entries.attention_count(), 0);
    // The clock of the tenant runs ahead of the acknowledgement.
    engine.control.advance(std::time::Duration::from_mins(1));
    assert!(engine.control.set_status(action.as_str(), "Cancelled"));
    engine.until_fast("that it is to be read again", |s| {
        s.entries.attention_count() == 1
    });
    assert_eq!(engine.status(entry).key(), "SomeoneElses");
}

#[test]
fn the_window_counts_marks_and_acknowledges_what_went_wrong() {
    let mut console = Console::start();
    console.sign_in();
    let machine = console.open_device(NAME);
    console.control.inject(fault("submit", "forbidden", 1));
    console.order(ActionKind::Isolate, &machine, "INC-4711");
    console.step_until("the heading", |c| c.shows("Needs your attention (1)"));
    assert!(console.shows("1 needs attention"), "{}", console.screen());
    let row = format!("{}, Isolation refused", machine.name_and_tail());
    assert!(console.shows(&row), "{}", console.screen());
    assert!(console.shows("Isolate device: refused, needs attention: see Activity"));
    console.click("Acknowledge");
    console.step_until("nothing more to read", |c| {
        !c.shows("Needs your attention (1)") && !c.shows("1 needs attention")
    });
    assert!(!console.shows(&row), "{}", console.screen());
}
