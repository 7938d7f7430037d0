//! Plans: several steps on several devices, confirmed once. Each step is an order that is sent once and in
//! turn, also if the console dies in between.

use std::collections::BTreeMap;

use cordon::action::{ActionKind, ISOLATION_TYPE, Plan, PlanStep, Step, TAG};
use cordon::guard::{Approval, Policy};
use cordon::journal::{Entry, NotSentReason, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{EntryId, MachineRef};
use cordon::settings::FILE_NAME;
use cordon::simulator::RequestKind;

use crate::common::{Console, Engine, fault, journal_on_disk, place, posts, signed_in};

const NAMES: [&str; 5] = [
    "FIN-LT-051",
    "ENG-LT-030",
    "HR-LT-007",
    "FIN-LT-042",
    "ENG-LT-022",
];
/// Last path segment of each step's request.
const PATHS: [&str; 3] = ["isolate", "collectInvestigationPackage", "tags"];

fn plan(continues: bool) -> Plan {
    let steps = [
        Step::new(ActionKind::Isolate).with(&ISOLATION_TYPE, "Full"),
        Step::new(ActionKind::CollectInvestigationPackage),
        Step::new(ActionKind::AddTag).with(&TAG, "contained"),
    ];
    Plan::new("Drill", steps.map(|step| Step { continues, ..step }))
}

fn machines(engine: &Engine) -> Vec<MachineRef> {
    NAMES.map(|name| engine.machine(name)).to_vec()
}

/// Approves steps of a plan, each with its device, in sending order.
fn approve(engine: &Engine, plan: &Plan, orders: &[(usize, MachineRef)]) -> Vec<Approval> {
    let drafts = orders.iter().map(|(at, machine)| {
        let form = Engine::draft(ActionKind::Isolate, machine);
        plan.draft(*at, form, str::to_owned).expect("a step")
    });
    let ids: std::collections::HashSet<_> = orders.iter().map(|(_, m)| &m.id).collect();
    let approved = engine.approve_all(drafts.collect(), ids.len(), &ids.len().to_string());
    approved.expect("approved")
}

/// Every step on each of these devices: the first step on all, then the next.
fn all_steps(plan: &Plan, machines: &[MachineRef]) -> Vec<(usize, MachineRef)> {
    let steps = 0..plan.steps.len();
    let steps = steps.flat_map(|at| machines.iter().map(move |machine| (at, machine.clone())));
    steps.collect()
}

fn submit(engine: &mut Engine, approvals: Vec<Approval>) -> Vec<EntryId> {
    let entries: Vec<_> = approvals.iter().map(|a| a.order().entry).collect();
    let last = *entries.last().expect("one at least");
    engine.send(Command::Submit(approvals));
    engine.until("the entries", |s| s.entry(last).is_some());
    entries
}

/// Number of requests for each device and step.
fn asked(engine: &Engine) -> BTreeMap<(String, String), usize> {
    let mut asked = BTreeMap::new();
    let requests = engine.control.requests().into_iter();
    for request in requests.filter(|r| r.kind == RequestKind::Change) {
        let mut parts = request.path.rsplit('/');
        let step = parts.next().unwrap_or_default().to_owned();
        let machine = parts.next().unwrap_or_default().to_owned();
        *asked.entry((machine, step)).or_default() += 1;
    }
    asked
}

fn once_each(machines: &[MachineRef]) -> BTreeMap<(String, String), usize> {
    let pairs = machines
        .iter()
        .flat_map(|machine| PATHS.map(|step| ((machine.id.to_string(), step.to_owned()), 1)));
    pairs.collect()
}

fn all_done(engine: &mut Engine, entries: &[EntryId]) {
    for entry in entries {
        engine.until_done(*entry);
    }
}

#[test]
fn each_step_is_sent_once_first_on_all_devices_and_then_the_next() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machines = machines(&engine);
    let plan = plan(true);
    let approvals = approve(&engine, &plan, &all_steps(&plan, &machines));
    let entries = submit(&mut engine, approvals);
    all_done(&mut engine, &entries);
    let sent = posts(&engine.control);
    let expected: Vec<_> = PATHS.iter().flat_map(|step| [*step; 5]).collect();
    assert_eq!(sent, expected);
    assert_eq!(asked(&engine), once_each(&machines));
    let order = &engine.state.entry(entries[5]).expect("there").order;
    assert_eq!(order.batch, Some(entries[0]));
    let second = PlanStep {
        name: "Drill".into(),
        step: 2,
        of: 3,
        continues: true,
    };
    assert_eq!(order.plan, Some(second));
}

#[test]
fn after_a_refused_step_the_plan_continues_or_stops_on_that_device_as_configured() {
    for continues in [true, false] {
        let (_simulator, _folder, mut engine) = signed_in();
        let machines = machines(&engine)[..2].to_vec();
        let plan = plan(continues);
        engine.inject("submit", "forbidden", 1);
        let approvals = approve(&engine, &plan, &all_steps(&plan, &machines));
        let entries = submit(&mut engine, approvals);
        let refused = engine.until_end(entries[0]);
        assert!(
            matches!(refused, OrderStatus::Refused { .. }),
            "{refused:?}"
        );
        all_done(&mut engine, &[entries[1], entries[3], entries[5]]);
        let rest = [entries[2], entries[4]];
        if continues {
            all_done(&mut engine, &rest);
            assert_eq!(posts(&engine.control).len(), 6);
            continue;
        }
        for entry in rest {
            let why = NotSentReason::PlanStopped;
            let detail = Some("Step 1 was refused".into());
            let end = engine.until_end(entry);
            assert_eq!(end, OrderStatus::NotSent { why, detail });
        }
        assert_eq!(posts(&engine.control).len(), 4, "one of them refused");
    }
}

/// Between planning and sending one device leaves the tenant: its requests get a 404. The plan continues on
/// the others, and on this one as configured.
#[test]
fn vanished_device_is_refused_and_the_others_continue() {
    for continues in [true, false] {
        let (_simulator, _folder, mut engine) = signed_in();
        let machines = machines(&engine)[..2].to_vec();
        let plan = plan(continues);
        let asked_for = if continues { &PATHS[..] } else { &PATHS[..1] };
        for path in asked_for {
            // The first device comes first in each step.
            let gone = fault(&format!("submit:{path}"), "status:404::ResourceNotFound", 1);
            engine.control.inject(gone);
        }
        let approvals = approve(&engine, &plan, &all_steps(&plan, &machines));
        let entries = submit(&mut engine, approvals);
        all_done(&mut engine, &[entries[1], entries[3], entries[5]]);
        for (n, entry) in [entries[0], entries[2], entries[4]].into_iter().enumerate() {
            let end = engine.until_end(entry);
            let is_stopped = matches!(&end, OrderStatus::NotSent { why, .. }
                if *why == NotSentReason::PlanStopped);
            let is_refused = matches!(&end, OrderStatus::Refused { status: 404, .. });
            let should_be_refused = continues || n == 0;
            assert_eq!(
                (is_refused, is_stopped),
                (should_be_refused, !should_be_refused),
                "{end:?}"
            );
        }
        let posts = posts(&engine.control).len();
        assert_eq!(posts, 3 + asked_for.len(), "one each");
    }
}

/// Between planning and sending one device is merged into another record, on which the service then acts.
#[test]
fn merged_device_is_reported_and_the_others_continue() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machines = machines(&engine)[..2].to_vec();
    let plan = plan(true);
    engine.inject("submit:isolate", "carried_over", 1);
    let approvals = approve(&engine, &plan, &all_steps(&plan, &machines));
    let entries = submit(&mut engine, approvals);
    all_done(&mut engine, &entries[1..]);
    // The other record may stay silent.
    let first = entries[0];
    engine.until("the other record", |s| {
        s.entry(first).is_some_and(Entry::acts_elsewhere)
    });
    let taken = engine.status(entries[0]);
    assert!(taken.action().is_some(), "{taken:?}");
    assert!(engine.state.entries.attention().any(|e| e.id() == first));
    let first = engine
        .state
        .entry(entries[0])
        .expect("there")
        .records()
        .to_vec();
    let is_reported = |record: &Record| matches!(record, Record::Redirected { .. });
    assert!(
        first.iter().any(|(_, record)| is_reported(record)),
        "{first:?}"
    );
    assert_eq!(asked(&engine), once_each(&machines));
}

/// If the plan may stop, a step waits until the outcome of the one before it is known.
#[test]
fn lost_answer_is_looked_up_before_a_plan_that_may_stop_continues() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machines = machines(&engine)[..1].to_vec();
    let plan = plan(false);
    engine.inject("submit", "drop_after", 1);
    let approvals = approve(&engine, &plan, &all_steps(&plan, &machines));
    let entries = submit(&mut engine, approvals);
    all_done(&mut engine, &entries);
    assert_eq!(asked(&engine), once_each(&machines));
}

/// A held step lets the other devices go first, and its own next steps wait for it.
#[test]
fn next_steps_wait_for_a_held_one() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machines = machines(&engine)[..2].to_vec();
    let held = machines[0].id.as_str();
    engine.control.never_finish(held);
    engine.colleague(held, "Unisolate", "clean");
    let plan = plan(true);
    let approvals = approve(&engine, &plan, &all_steps(&plan, &machines));
    let entries = submit(&mut engine, approvals);
    all_done(&mut engine, &[entries[1], entries[3], entries[5]]);
    assert!(matches!(
        engine.status(entries[0]),
        OrderStatus::Held { .. }
    ));
    for waits in [entries[2], entries[4]] {
        assert_eq!(engine.status(waits), OrderStatus::Waiting);
    }
    assert_eq!(posts(&engine.control).len(), 3);
    engine.send(Command::Withdraw(entries[0]));
    // The device never ends the second step: the third needs it accepted only.
    all_done(&mut engine, &entries[4..5]);
    let second = engine.status(entries[2]);
    assert!(matches!(second, OrderStatus::Accepted { .. }), "{second:?}");
    assert_eq!(posts(&engine.control).len(), 5);
}

/// After an interruption the unsent rest is offered and not sent; once confirmed again, no step is doubled
/// or lost.
#[test]
fn ended_anywhere_and_resumed_no_step_is_doubled_or_lost() {
    for sent in [1, 5, 6, 13] {
        let (simulator, folder, mut engine) = signed_in();
        let machines = machines(&engine);
        let plan = plan(true);
        // Long enough to end it there.
        engine.inject("submit", "latency:60", 0);
        let approvals = approve(&engine, &plan, &all_steps(&plan, &machines));
        let entries = submit(&mut engine, approvals);
        let control = engine.control.clone();
        engine.until("the requests before the cut", move |_| {
            posts(&control).len() >= sent
        });
        drop(engine);
        simulator.control().clear_faults();
        let mut engine = Engine::start_signed_in(&simulator, folder.path());
        engine.until_fast("the end of the sent orders", |s| {
            s.entries.iter().all(|entry| entry.status().is_end())
        });
        let left = posts(&engine.control).len();
        assert!((sent..=sent + 2).contains(&left), "{left} of {sent}");
        let batches = engine.state.batches(jiff::Timestamp::now());
        let (again, places) = batches[0].plan().expect("steps of a plan");
        assert_eq!(again, plan);
        let unsent: Vec<_> = batches[0]
            .unsent
            .iter()
            .map(|e| (e.id(), e.machine()))
            .collect();
        // A request cut off before the tenant received it is not found, and is sent again.
        let is_lost = |entry: &&Entry| *entry.status() == OrderStatus::NotFound;
        let lost = engine.state.entries.iter().filter(is_lost).count();
        let rest = entries.len() - left + lost;
        assert_eq!(unsent.len(), rest, "the rest is offered");
        drop(batches);
        let orders: Vec<_> = unsent.into_iter().map(|(id, m)| (places[&id], m)).collect();
        for (_, machine) in &orders {
            engine.load(machine);
        }
        let approvals = approve(&engine, &again, &orders);
        let entries = submit(&mut engine, approvals);
        all_done(&mut engine, &entries);
        let (asked, once) = (asked(&engine), once_each(&machines));
        assert!(
            asked.keys().eq(once.keys()),
            "ended after {sent}: {asked:?}"
        );
        let requests: usize = asked.values().sum();
        assert_eq!(requests, once.len() + lost, "ended after {sent}: {asked:?}");
    }
}

/// Ticks these devices and opens the form of a plan on them.
fn open_form_on(console: &mut Console, names: &[&str]) -> Vec<MachineRef> {
    let mut machines = Vec::new();
    for name in names {
        machines.push(console.select(name));
    }
    console.click("More actions on the selected devices");
    console.click("Plan for 2 devices…");
    machines
}

#[test]
fn a_plan_is_chosen_reviewed_step_by_step_and_confirmed_once() {
    let mut console = Console::signed_in();
    let machines = open_form_on(&mut console, &["ENG-LT-030", "MBP-MKT-03"]);
    console.until_shows_part("Restrict apps: Not available on macOS");
    assert!(console.shows_part(
        "If a step is refused on a device, the following steps still run on that device"
    ));
    console.fill("Ticket", "INC-4711");
    console.fill("Comment", "the same beacon");
    assert!(console.shows_part("4 Add tag (ransomware INC-4711)"));
    console.fill("Type the number of devices", "2");
    console.click("Leave out blocked steps (1)");
    console.fill("Type the number of devices", "2");
    console.confirm("Run “Ransomware” on 2 devices (7 of 8 steps)");
    console.step_until_fast("the end of all", |c| {
        let entries = &c.state().entries;
        let is_done = |e: &cordon::journal::Entry| matches!(e.status(), OrderStatus::Done { .. });
        entries.len() == 7 && entries.iter().all(is_done)
    });
    let sent = posts(&console.control);
    let collect = "collectInvestigationPackage";
    let steps = [
        "isolate",
        "isolate",
        collect,
        collect,
        "restrictCodeExecution",
        "tags",
        "tags",
    ];
    assert_eq!(sent, steps);
    console.assert_shows_part("Ransomware on 2 devices (");
    console.assert_shows_part("step 4 of 4");
    let written = journal_on_disk(&console.journal);
    let batch = Some(written[0].id());
    assert!(written.iter().all(|entry| entry.order.batch == batch));
    let of_mac = written
        .iter()
        .filter(|e| e.order.machine.id == machines[1].id);
    let of_mac: Vec<_> = of_mac
        .filter_map(|e| Some(e.order.plan.as_ref()?.step))
        .collect();
    assert_eq!(of_mac, [1, 2, 4]);
}

/// The window names a vanished device, once for each of its steps.
#[test]
fn vanished_device_is_shown_in_words() {
    let mut console = Console::signed_in();
    let machines = open_form_on(&mut console, &["ENG-LT-030", "FIN-LT-051"]);
    console.until_shows_part("Type the number");
    for path in [
        "isolate",
        "collectInvestigationPackage",
        "restrictCodeExecution",
        "tags",
    ] {
        let gone = fault(&format!("submit:{path}"), "status:404::ResourceNotFound", 1);
        console.control.inject(gone);
    }
    console.fill("Ticket", "INC-4711");
    console.fill("Comment", "the same beacon");
    console.fill("Type the number of devices", "2");
    console.confirm("Run “Ransomware” on 2 devices");
    console.step_until_fast("the end of all", |c| {
        let entries = &c.state().entries;
        entries.len() == 8 && entries.iter().all(|entry| entry.status().is_end())
    });
    console
        .until_shows_part("Defender does not know this device, or you have no access to its group");
    let refused = format!("4 orders on 1 device refused ({}", machines[0].quoted());
    console.assert_shows_part(&refused);
    assert_eq!(posts(&console.control).len(), 8);
}

/// A faulty plan of the settings is reported where plans are shown, and hides no other.
#[test]
fn plan_with_an_unknown_action_is_reported_with_line_and_step() {
    let (simulator, folder) = place();
    let file = folder.path().join(FILE_NAME);
    let plans = "[[plan]]\nname = \"Wrong\"\nsteps = [{ action = \"isolat\" }]\n\n[[plan]]\nname = \"Right\"\nsteps = [{ action = \"isolate\" }]\n";
    std::fs::write(&file, plans).expect("written");
    let mut console = Console::open(&simulator, folder.path(), &Policy::default());
    console.sign_in();
    console.click("Settings");
    let said = format!(
        "{}, line 3: plan “Wrong”: step 1: “isolat” is not an action",
        file.display()
    );
    console.until_shows_part(&said);
    console.assert_shows("Right: Isolate");
    assert!(!console.shows_part("Wrong: "), "{}", console.screen());
}
