//! A disk that does not respond delays what is being written, and nothing else.

use cordon::action::ActionKind;
use cordon::journal::{NotSentReason, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{EntryId, MachineActionId};
use cordon::state::State;
use rusqlite::Connection;

use crate::common::{Engine, asked_about, journal_on_disk, posts, signed_in};

/// Blocks writes to the journal until it is dropped.
struct Held(Connection);

impl Held {
    fn of(engine: &Engine) -> Self {
        let holder = Connection::open(&engine.journal).expect("opened");
        holder.execute_batch("BEGIN IMMEDIATE").expect("held");
        Self(holder)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.execute_batch("ROLLBACK").expect("let go");
    }
}

/// Waits until the engine has taken every earlier command.
fn let_it_begin(engine: &mut Engine) {
    let other = engine.loaded("ENG-LT-030");
    engine.load(&other);
}

#[test]
fn second_order_for_one_target_sees_the_first_before_either_is_written() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.loaded("FIN-LT-042");
    let drafts = [(); 2].map(|()| Engine::draft(ActionKind::Isolate, &machine));
    let held = Held::of(&engine);
    for draft in &drafts {
        let approval = engine.approve(draft).expect("nothing blocks it");
        engine.send(Command::Submit(vec![approval]));
    }
    let_it_begin(&mut engine);
    drop(held);
    let mut ends = drafts.each_ref().map(|draft| {
        let entry = draft.entry;
        engine.until("the entry", move |s| s.entry(entry).is_some());
        engine.until_end(entry)
    });
    ends.sort_by_key(|end| matches!(end, OrderStatus::Done { .. }));
    assert!(
        matches!(
            &ends,
            [
                OrderStatus::NotSent {
                    why: NotSentReason::Blocked,
                    ..
                },
                OrderStatus::Done { .. }
            ]
        ),
        "{ends:?}"
    );
    assert_eq!(posts(&engine.control), ["isolate"]);
}

/// An isolation that the service has accepted, and that does not end by itself.
fn endless(engine: &mut Engine, name: &str) -> (EntryId, MachineActionId) {
    let machine = engine.machine(name);
    engine.control.never_finish(machine.id.as_str());
    let entry = engine.order(ActionKind::Isolate, name);
    engine.until_status(entry, "Accepted");
    let OrderStatus::Accepted { action, .. } = engine.status(entry) else {
        unreachable!("just seen");
    };
    (entry, action)
}

#[test]
fn end_waiting_for_the_disk_does_not_stop_polling_of_others() {
    let (_tenant, _folder, mut engine) = signed_in();
    let (first, action) = endless(&mut engine, "FIN-LT-042");
    let (_, other) = endless(&mut engine, "HR-LT-007");
    let held = Held::of(&engine);
    assert!(engine.control.set_status(action.as_str(), "Succeeded"));
    let machine = engine.machine("FIN-LT-042").id;
    let read = action.clone();
    engine.until("the reading of its end", move |s| {
        s.action(&machine, &read)
            .is_some_and(|a| a.status.as_wire() == "Succeeded")
    });
    let looks = asked_about(&engine.control, other.as_str());
    let other = other.to_string();
    engine.until_tenant("more looks", move |control| {
        asked_about(control, &other) > looks + 2
    });
    assert!(
        matches!(engine.status(first), OrderStatus::Accepted { .. }),
        "on disk first"
    );
    // The polls came while it waited, and not after it had given up.
    let gave_up = |said: &str| !said.starts_with("The disk has not answered");
    let mut said = engine.state.problems.iter();
    assert!(!said.any(|problem| gave_up(&problem.explanation.headline)));
    drop(held);
    engine.until_done(first);
}

#[test]
fn order_withdrawn_while_being_written_is_not_sent() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    engine.control.never_finish(machine.id.as_str());
    let release = engine
        .control
        .act_as_colleague(machine.id.as_str(), "Unisolate", "clean");
    assert!(release.is_some());
    let entry = engine.submit(&draft);
    engine.until_status(entry, "Held");
    let held = Held::of(&engine);
    engine.send(Command::Insist(entry));
    let_it_begin(&mut engine);
    engine.send(Command::Withdraw(entry));
    let_it_begin(&mut engine);
    drop(held);
    let why = NotSentReason::Withdrawn;
    assert_eq!(
        engine.until_end(entry),
        OrderStatus::NotSent { why, detail: None }
    );
    assert!(posts(&engine.control).is_empty());
    assert!(engine.state.problems.is_empty(), "the withdrawal worked");
    let written = journal_on_disk(&engine.journal);
    let records = written[0].records();
    let taken_back = |(_, record): &(_, Record)| matches!(record, Record::AttemptRejected { .. });
    assert!(records.iter().any(taken_back), "{records:?}");
}

/// An entry to be sent again stays on top until a new order for it is on disk.
#[test]
fn resending_acknowledges_the_old_entry_only_once_the_new_order_is_on_disk() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("ENG-LT-030");
    let held = Held::of(&engine);
    let first = engine.order(ActionKind::Isolate, "ENG-LT-030");
    let is_unwritten = |end: &OrderStatus| matches!(end, OrderStatus::NotSent { why, .. } if *why == NotSentReason::Unwritten);
    let end = engine.until_end(first);
    assert!(is_unwritten(&end), "{end:?}");
    let again = |engine: &mut Engine| {
        let draft = Engine::draft(ActionKind::Isolate, &machine);
        let approval = engine.approve(&draft).expect("nothing blocks it");
        let replaced = vec![(first, end.key())];
        engine.send(Command::SubmitAgain(vec![approval], replaced));
        engine.until("the entry", |s| s.entry(draft.entry).is_some());
        engine.until_end(draft.entry)
    };
    let is_read = |s: &State| s.entry(first).is_some_and(|e| e.acknowledged().is_some());
    let second = again(&mut engine);
    assert!(is_unwritten(&second), "{second:?}");
    let_it_begin(&mut engine);
    assert!(!is_read(&engine.state), "no new order is on disk");
    drop(held);
    let third = again(&mut engine);
    assert!(matches!(third, OrderStatus::Done { .. }), "{third:?}");
    engine.until("the acknowledgement", is_read);
}
