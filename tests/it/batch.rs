//! Several devices at once: exactly the listed ones are acted on, in order. Unsent orders can be stopped,
//! wait for their own account, and are never sent later without confirmation.

use cordon::action::ActionKind;
use cordon::guard::{self, Approval, Policy};
use cordon::journal::{NotSentReason, OrderStatus};
use cordon::message::Command;
use cordon::model::{EntryId, MachineRef};
use cordon::simulator::RequestKind;
use egui_kittest::kittest::Queryable as _;

use crate::common::{Console, Engine, journal_on_disk, place, posts, signed_in};

const NAMES: [&str; 3] = ["FIN-LT-051", "ENG-LT-030", "HR-LT-007"];

/// Approves an isolation of several machines.
fn approve(
    engine: &Engine,
    machines: &[MachineRef],
    number: &str,
) -> Result<Vec<Approval>, String> {
    let draft = |machine| Engine::draft(ActionKind::Isolate, machine);
    let drafts = machines.iter().map(draft).collect();
    engine.approve_all(drafts, machines.len(), number)
}

fn ordered(engine: &mut Engine) -> Vec<EntryId> {
    let machines = isolable(engine);
    let approvals = approve(engine, &machines, "3").expect("nothing blocks it");
    let entries = approvals.iter().map(|a| a.order().entry).collect();
    engine.send(Command::Submit(approvals));
    engine.until("the entries", |s| s.entries.len() == 3);
    entries
}

fn isolable(engine: &Engine) -> Vec<MachineRef> {
    NAMES.map(|name| engine.machine(name)).to_vec()
}

/// Devices changed by requests, in order of arrival; a request refused for its token changed nothing.
fn asked_of(engine: &Engine) -> Vec<String> {
    let changes = engine.control.requests().into_iter();
    changes
        .filter(|request| request.status != Some(401))
        .filter(|request| request.kind == RequestKind::Change)
        .map(|request| {
            request
                .path
                .split('/')
                .nth_back(1)
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[test]
fn selected_devices_are_listed_and_each_is_ordered_once() {
    let mut console = Console::signed_in();
    let mut ids = Vec::new();
    for name in NAMES {
        ids.push(console.select(name).id.to_string());
    }
    console.assert_shows_part("3 selected");
    console.click("Isolate 3 devices…");
    console.fill("Comment", "INC-4711 the same beacon");
    console.confirm("Isolate 3 devices");
    console.harness.run_steps(3);
    assert!(console.shows("Comment"), "without their number");
    console.fill("Type the number of devices", "2");
    console.click("Isolate 3 devices");
    console.harness.run_steps(3);
    assert!(console.shows_part("This is not the number of devices listed"));
    assert!(console.shows("Comment"), "with a wrong number");
    assert!(console.state().entries.is_empty(), "with a wrong number");
    console.fill("Type the number of devices", "3");
    console.confirm("Isolate 3 devices");
    console.step_until_fast("the end of all", |c| {
        let entries = &c.state().entries;
        entries.len() == 3
            && entries
                .iter()
                .all(|e| matches!(e.status(), OrderStatus::Done { .. }))
    });
    assert!(
        console.shows_part("Tick boxes, or press Space"),
        "the list is empty again"
    );
    let written = journal_on_disk(&console.journal);
    let batch = written[0].id();
    for (entry, id) in written.iter().zip(&ids) {
        assert_eq!(entry.order.batch, Some(batch));
        assert_eq!(entry.order.machine.id.as_str(), id);
    }
    assert_eq!(posts(&console.control), ["isolate"; 3]);

    // Released with one confirmation.
    console.click("Contained now");
    console.click("Release what you isolated (3)…");
    console.fill("Comment", "INC-4711 clean again");
    console.confirm("Release 3 devices");
    console.step_until_fast("their release", |c| {
        let done = |e: &&cordon::journal::Entry| matches!(e.status(), OrderStatus::Done { .. });
        c.state().entries.iter().filter(done).count() == 6
    });
    assert_eq!(posts(&console.control)[3..], ["unisolate"; 3]);
    console.until_shows("Release what you isolated (0)…");
}

#[test]
fn blocked_devices_are_left_out_by_hand_and_batches_are_limited() {
    let (simulator, folder) = place();
    let policy = Policy {
        protected_names: vec![guard::Pattern::parse("eng-lt-030").expect("a name")],
        max_batch: 2,
        ..Policy::default()
    };
    let settings = "[policy]\nprotected_names = [\"eng-lt-030\"]\nmost_devices = 2\n";
    std::fs::write(folder.path().join("settings.toml"), settings).expect("written");
    let mut console = Console::open(&simulator, folder.path(), &policy);
    console.sign_in();
    for name in NAMES {
        console.select(name);
    }
    console.click("Isolate 3 devices…");
    console.until_shows_part("3 devices at once: the limit is 2");
    console.until_shows_part("Your organisation protects this device");
    console.fill("Comment", "INC-4711");
    console.fill("Type the number of devices", "3");
    console.confirm("Isolate 3 devices");
    console.harness.run_steps(3);
    assert!(console.shows("Comment"), "the form stays");
    console.click("Leave out blocked devices (1)");
    console.fill("Type the number of devices", "2");
    console.harness.run_steps(2);
    assert!(!console.shows_part("the limit is"), "{}", console.screen());
    console.confirm("Isolate 2 devices");
    console.step_until("both", |c| c.state().entries.len() == 2);
    console.step_until_fast("their end", |c| {
        c.state().entries.iter().all(|e| e.status().is_end())
    });
    assert_eq!(posts(&console.control).len(), 2);
}

#[test]
fn orders_are_sent_in_turn_and_the_rest_can_be_stopped() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machines = isolable(&engine);
    for (number, why) in [
        ("", "Type the number"),
        ("2", "Type the number"),
        ("three", "Type the number"),
    ] {
        let refused = approve(&engine, &machines, number).expect_err(number);
        assert!(refused.starts_with(why), "{refused}");
    }
    let twice = [machines[0].clone(), machines[0].clone()];
    let refused = approve(&engine, &twice, "2").expect_err("one device twice");
    assert!(refused.contains("is in the list twice"), "{refused}");
    engine.inject("submit", "latency:1500", 1);
    let entries = ordered(&mut engine);
    let first = entries[0];
    engine.until_status(first, "Sent");
    for entry in &entries[1..] {
        assert_eq!(
            engine.status(*entry),
            OrderStatus::Waiting,
            "they wait for the first"
        );
    }
    engine.send(Command::StopBatch(first));
    for entry in &entries[1..] {
        engine.until_not_sent(*entry, NotSentReason::Withdrawn);
    }
    engine.until_done(first);
    assert_eq!(asked_of(&engine), [machines[0].id.to_string()]);
    let now = jiff::Timestamp::now();
    let batches = engine.state.batches(now);
    let unsent: Vec<_> = batches[0].unsent.iter().map(|e| e.id()).collect();
    assert_eq!(unsent, entries[1..], "they are offered for a new review");
}

#[test]
fn unsent_orders_wait_for_the_same_account_only() {
    for same_person in [true, false] {
        let (_simulator, _folder, mut engine) = signed_in();
        engine.inject("submit", "latency:700", 1);
        let machines = isolable(&engine);
        let entries = ordered(&mut engine);
        let (first, last) = (entries[0], entries[2]);
        engine.until_status(first, "Sent");
        engine.control.revoke_sign_ins();
        engine.control.expire_access_tokens();
        engine.until_sign_in_needed();
        assert_eq!(engine.status(last), OrderStatus::Waiting);
        if !same_person {
            engine.control.sign_in_as("other", "sam@contoso.com", "Sam");
        }
        engine.approve_code();
        if same_person {
            for entry in &entries {
                engine.until_done(*entry);
            }
            let ids: Vec<_> = machines.iter().map(|m| m.id.to_string()).collect();
            assert_eq!(asked_of(&engine), ids, "each once, in order");
        } else {
            engine.until_asked_who();
            engine.send(Command::AcceptAccount);
            for entry in &entries[1..] {
                engine.until_not_sent(*entry, NotSentReason::SignInEnded);
            }
            let asked = asked_of(&engine);
            let is_asked = |machine: &MachineRef| asked.contains(&machine.id.to_string());
            assert!(
                !machines[1..].iter().any(is_asked),
                "nothing for the other account"
            );
        }
    }
}

#[test]
fn unsent_orders_are_offered_after_a_restart_and_not_sent() {
    let (simulator, folder, mut engine) = signed_in();
    engine.inject("submit", "latency:20000", 1);
    let entries = ordered(&mut engine);
    let first = entries[0];
    engine.until_status(first, "Sent");
    drop(engine);
    engine_again(&simulator, folder.path(), &entries);
}

fn engine_again(
    simulator: &cordon::simulator::Simulator,
    folder: &std::path::Path,
    entries: &[EntryId],
) {
    let mut engine = Engine::start(simulator, folder);
    for entry in &entries[1..] {
        engine.until_not_sent(*entry, NotSentReason::ConsoleEnded);
    }
    let now = jiff::Timestamp::now();
    let offered = engine.state.batches(now);
    assert_eq!(offered[0].unsent.len(), 2);
    engine.sign_in();
    let first = asked_of(&engine).remove(0);
    // A new order is sent; the old ones would have been sent before it.
    let new = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(new);
    let ordered = engine.machine("FIN-LT-042").id.to_string();
    assert_eq!(
        asked_of(&engine),
        [first, ordered],
        "they have to be confirmed again"
    );
}

#[test]
fn a_device_without_a_sensor_is_contained_shown_so_and_released() {
    let mut console = Console::signed_in();
    let machine = console.open_device("PRN-2F-01");
    assert!(!console.shows("Isolate…") && !console.shows("Release…"));
    assert!(console.shows_part("it is not onboarded, and can only be contained"));
    console.click("Contain…");
    console.fill("Comment", "INC-4711 scans the network");
    console.confirm(&format!("Contain {}", machine.quoted()));
    console.step_until_fast("its end", |c| {
        let mut entries = c.state().entries.iter();
        entries.any(|e| matches!(e.status(), OrderStatus::Done { .. }))
    });
    let stored = console.control.actions();
    assert!(
        stored
            .iter()
            .any(|action| action["scope"] == "UnManagedDevice")
    );
    console.assert_shows("Contained");
    console.click("Contained now");
    console.click("Release what you isolated (1)…");
    console.fill("Comment", "INC-4711 replaced");
    let verb = ActionKind::ReleaseContainment.spec().verb;
    console.confirm(&format!("{verb} {}", machine.quoted()));
    console.step_until_fast("its release", |c| c.shows("Release what you isolated (0)…"));
    assert_eq!(posts(&console.control), ["isolate", "unisolate"]);
}

#[test]
fn held_order_lets_the_others_go_first() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machines = isolable(&engine);
    let first = machines[0].id.as_str();
    engine.control.never_finish(first);
    engine.colleague(first, "Unisolate", "clean");
    let entries = ordered(&mut engine);
    let held = entries[0];
    engine.until(
        "the first to be held, and not said to be in a queue",
        move |s| {
            let entry = s.entry(held);
            entry.is_some_and(|e| matches!(e.status(), OrderStatus::Held { .. }))
                && !s.progress.contains_key(&held)
        },
    );
    for entry in &entries[1..] {
        engine.until_done(*entry);
    }
    assert!(matches!(engine.status(held), OrderStatus::Held { .. }));
    assert_eq!(asked_of(&engine).len(), 2);
}

#[test]
fn order_withdrawn_during_token_renewal_is_not_sent() {
    let (_simulator, _folder, mut engine) = signed_in();
    engine.inject("submit", "unauthorized", 1);
    engine.inject("token", "latency:1500", 1);
    let entries = ordered(&mut engine);
    let first = entries[0];
    engine.until("the refusal of the token", move |s| {
        s.entry(first)
            .is_some_and(|e| *e.status() == OrderStatus::Waiting && e.first_sent_at().is_some())
    });
    engine.send(Command::StopBatch(first));
    for entry in &entries {
        engine.until_not_sent(*entry, NotSentReason::Withdrawn);
    }
    assert!(asked_of(&engine).is_empty(), "nothing was carried out");
    assert!(
        engine.state.problems.is_empty(),
        "{:?}",
        engine.state.problems
    );
}

/// Whether the first label is above the second, both visible.
fn is_above(console: &Console, upper: &str, lower: &str) -> bool {
    let top = |label: &str| {
        let mut nodes = console.harness.query_all_by_label(label);
        nodes.next().map(|node| node.rect().top())
    };
    top(upper).zip(top(lower)).is_some_and(|(a, b)| a < b)
}

#[test]
fn one_refusal_of_a_batch_stays_on_top_with_the_summary_until_acknowledged() {
    let (simulator, folder, mut engine) = signed_in();
    engine.inject("submit", "forbidden", 1);
    let entries = ordered(&mut engine);
    engine.until_fast("the end of all", |s| {
        s.entries.iter().all(|entry| entry.status().is_end())
    });
    let is_refused = |id: &&EntryId| matches!(engine.status(**id), OrderStatus::Refused { .. });
    let refused: Vec<_> = entries.iter().filter(is_refused).copied().collect();
    let [refused] = refused[..] else {
        panic!("{refused:?}")
    };
    let name = |id: EntryId| {
        let entry = engine.state.entry(id).expect("an entry");
        format!("{}: Isolate device", entry.machine().quoted())
    };
    let isolated = entries.iter().find(|id| **id != refused).copied();
    let (wrong, right) = (name(refused), name(isolated.expect("two of three")));
    let device = wrong.trim_end_matches(": Isolate device");
    let summary = format!("2 isolated, 1 refused ({device})");
    let summary = summary.as_str();
    engine.worker.shut_down();
    drop(engine);

    let open = |size| {
        let mut console = Console::open_sized(&simulator, folder.path(), &Policy::default(), size);
        console.sign_in();
        console
    };
    for size in [[1400.0, 900.0], [800.0, 600.0]] {
        let mut console = open(size);
        console.until_shows(summary);
        assert!(is_above(&console, &wrong, summary), "{}", console.screen());
        assert!(is_above(&console, &wrong, &right), "{}", console.screen());
        assert!(console.shows("1 needs attention"));
        // In the smaller window all rows are in one list.
        assert_eq!(console.shows("Needs your attention (1)"), size[0] > 800.0);
    }
    let mut console = open([1400.0, 900.0]);
    console.click("Acknowledge…");
    console.step_until("all three once more", |c| {
        c.shows("Keep them on top") && c.shows("Acknowledge 3 entries")
    });
    console.click("Keep them on top");
    console.until_shows(summary);
    console.click("Acknowledge…");
    console.click("Acknowledge 3 entries");
    console.step_until("the summary to go", |c| {
        !c.shows(summary) && !c.shows_part("Needs your attention")
    });
    drop(console);
    let mut console = open([1400.0, 900.0]);
    console.step_until("the entries", |c| c.state().entries.len() == 3);
    console.harness.run_steps(3);
    assert!(!console.shows(summary) && !console.shows_part("Needs your attention"));
}
