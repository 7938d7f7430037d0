//! Arbitrary interleavings of orders, faults, answers of a person, colleagues, late readings and
//! restarts: no entry is lost, "done" is never said without a read `Succeeded`, nothing is sent
//! twice. Once with records and events alone, many times; once with the real engine.

use std::time::{Duration, Instant};

use cordon::action::{ActionKind, Draft, Order, Recorded, Subject};
use cordon::journal::{Author, Entry, Journal, NotSentReason, OrderStatus, Record};
use cordon::message::{Command, Event};
use cordon::model::{
    EntryId, HResult, MachineActionId, MachineActionStatus, MachineId, MachineRef, Mode,
    SessionStatus,
};
use cordon::simulator::{RequestKind, SimControl, Simulator};
use cordon::state::State;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::common::{Engine, fault, number_from_environment, tell, tenant};
use crate::faults::ordinary_laptops;

const STATUSES: [&str; 7] = [
    "Pending",
    "InProgress",
    "Succeeded",
    "Failed",
    "TimeOut",
    "Cancelled",
    "Hibernating",
];

fn status() -> impl Strategy<Value = MachineActionStatus> {
    prop::sample::select(&STATUSES[..]).prop_map(MachineActionStatus::from_wire)
}

/// Anything that may become known about an order, in any order.
fn record() -> impl Strategy<Value = Record> {
    let action = || MachineActionId::parse("b89eb834-4578-496c-8be0-03f004061435").expect("an id");
    prop_oneof![
        Just(Record::Sent),
        Just(Record::AttemptRejected { why: "429".into() }),
        Just(Record::NotFound),
        Just(Record::Held { by: action() }),
        Just(Record::Unknown {
            why: "reset".into()
        }),
        Just(Record::Acknowledged {
            status: "Unknown".into(),
            object_id: "o".into(),
            account: "jane@contoso.com".into()
        }),
        Just(Record::Unclear {
            status: Some(502),
            action: None,
            why: "502".into()
        }),
        Just(Record::ActiveActionsRead { complete: true }),
        Just(Record::NotSent {
            why: NotSentReason::Withdrawn,
            detail: None
        }),
        Just(Record::Refused {
            status: 403,
            code: "Forbidden".into(),
            message: "".into()
        }),
        Just(Record::NotOurs {
            action: action(),
            requestor: "s.weber".into(),
            created: None
        }),
        status().prop_map(move |status| Record::Accepted {
            action: action(),
            status
        }),
        status().prop_map(|status| Record::Progress { status }),
        status().prop_map(move |status| Record::Finished {
            action: action(),
            status,
            hresult: HResult(0),
            by: None,
            comment: None,
            service_time: None,
        }),
    ]
}

fn order(tag: &str) -> Order {
    let machine = MachineRef {
        id: MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d0cc07").expect("an id"),
        dns_name: Some("FIN-LT-042".into()),
    };
    let entry = EntryId::parse(tag).expect("a literal tag");
    let mut draft = Draft::new(entry, machine, Subject::Act(ActionKind::Isolate));
    draft.comment = "alert 1234".into();
    draft.parse().expect("complete")
}

fn author() -> Author {
    Author {
        mode: "DEMO".into(),
        tenant: "t".into(),
        object_id: "o".into(),
        account: "jane@contoso.com".into(),
    }
}

/// The last word of the service in these records: the first end, or what it says of that action since.
fn last_word(records: &[Record]) -> Option<&MachineActionStatus> {
    let ends = records.iter().filter_map(|record| {
        let Record::Finished { action, status, .. } = record else {
            return None;
        };
        status.is_final().then_some((action, status))
    });
    let (first, _) = ends.clone().next()?;
    let same = ends.filter(|(action, _)| *action == first);
    same.map(|(_, status)| status).next_back()
}

fn seed() -> u64 {
    number_from_environment("CORDON_SEED", 0x1e7e_a4e5)
}

/// The same cases for the same seed.
fn runner(config: Config) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn cases(otherwise: u64) -> Config {
    let cases = number_from_environment("CORDON_CASES", otherwise);
    Config {
        cases: u32::try_from(cases).unwrap_or(u32::MAX),
        failure_persistence: None,
        ..Config::default()
    }
}

#[test]
fn done_always_rests_on_a_read_success_and_is_final() {
    let runs = prop::collection::vec(record(), 0..14);
    let checked = runner(cases(2_000)).run(&runs, |records| {
        let order = order("cdn-7F3K2Q9M");
        let intended = Record::Intended {
            author: author(),
            order: order.clone(),
        };
        let mut entry = Entry::new(author(), order);
        entry.push(Timestamp::UNIX_EPOCH, intended);
        for n in 0..=records.len() {
            let known = &records[..n];
            if let Some(newest) = known.last() {
                entry.push(Timestamp::UNIX_EPOCH, newest.clone());
            }
            let order_status = entry.status();
            let succeeded = last_word(known) == Some(&MachineActionStatus::Succeeded);
            prop_assert_eq!(matches!(order_status, OrderStatus::Done { .. }), succeeded);
            // A last word ends it, and nothing later opens it again.
            prop_assert!(last_word(known).is_none() || order_status.is_end());
        }
        Ok(())
    });
    checked.expect("holds for every order of records");
}

#[test]
fn journal_entries_round_trip_and_none_is_lost_on_screen() {
    let batches = prop::collection::vec((0_usize..3, prop::collection::vec(record(), 1..4)), 1..12);
    let shuffled = (batches, any::<prop::sample::Index>(), any::<u64>());
    let checked = runner(cases(300)).run(&shuffled, |(batches, again, seed)| {
        let tags = ["cdn-00000001", "cdn-00000002", "cdn-00000003"];
        let mut journal = Journal::in_memory().expect("memory");
        let mut events = Vec::new();
        let mut begun = [false; 3];
        for (which, mut records) in batches {
            let order = order(tags[which]);
            let id = order.entry;
            if !std::mem::replace(&mut begun[which], true) {
                records.insert(
                    0,
                    Record::Intended {
                        author: author(),
                        order,
                    },
                );
            }
            let batch: Vec<_> = records.into_iter().map(|r| (id, r)).collect();
            journal
                .append(Timestamp::UNIX_EPOCH, &batch)
                .expect("written");
            let entries = journal.entries().expect("readable");
            let changed = entries.into_iter().find(|e| e.id() == id).expect("there");
            events.push(changed);
        }
        journal.verify().expect("whole");
        // The screen hears of them late, twice, and in another order.
        let repeated = events[again.index(events.len())].clone();
        events.push(repeated);
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut state = State::new(Mode::Demo, "Demo", cordon::guard::Policy::default());
        while !events.is_empty() {
            let place = dice.usize(..events.len());
            state.apply(Event::Entry(Box::new(events.swap_remove(place))));
        }
        for entry in journal.entries().expect("readable") {
            prop_assert_eq!(state.entry(entry.id()), Some(&entry));
        }
        prop_assert_eq!(state.entries.len(), begun.iter().filter(|b| **b).count());
        Ok(())
    });
    checked.expect("holds for every order of events");
}

/// One thing that happens while the engine works.
#[derive(Debug, Clone)]
enum Step {
    Order(ActionKind, usize),
    Fault(&'static str, &'static str),
    Colleague(&'static str, usize),
    Withdraw,
    Insist,
    LookNow,
    Reload(usize),
    Force(&'static str),
    ExpireTokens,
    Advance(u64),
    Nap(u64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let faults = [
        ("submit", "drop_after"),
        ("submit", "drop_before"),
        ("submit", "no_id"),
        ("submit", "html:502"),
        ("submit", "status:429:1"),
        ("submit", "unauthorized"),
        ("submit", "already_pending"),
        ("submit", "active_request_exists"),
        ("submit", "latency:80"),
        ("machine_actions", "status:500"),
        ("machine_actions", "drop_before"),
        ("machine_actions", "status:429:1"),
        ("machine_actions", "unknown_enums"),
        ("machine_action", "status:404:ResourceNotFound"),
        ("machine", "html:502"),
        ("token", "status:503"),
    ];
    let machine = 0_usize..3;
    // Judged is by the tag, which the other kinds do not leave at the service.
    let is_tagged = |kind: &ActionKind| kind.spec().record == Recorded::MachineAction;
    let kinds: Vec<_> = ActionKind::ALL.iter().copied().filter(is_tagged).collect();
    prop_oneof![
        6 => (prop::sample::select(kinds), machine.clone())
            .prop_map(|(kind, machine)| Step::Order(kind, machine)),
        4 => prop::sample::select(faults.to_vec()).prop_map(|(on, what)| Step::Fault(on, what)),
        1 => (prop::sample::select(vec!["Isolate", "Unisolate"]), machine.clone())
            .prop_map(|(kind, machine)| Step::Colleague(kind, machine)),
        1 => Just(Step::Withdraw),
        1 => Just(Step::Insist),
        1 => Just(Step::LookNow),
        1 => machine.prop_map(Step::Reload),
        1 => prop::sample::select(vec!["Failed", "InProgress", "Pending", "Cancelled", "TimeOut"])
            .prop_map(Step::Force),
        1 => Just(Step::ExpireTokens),
        2 => (1_u64..30).prop_map(Step::Advance),
        3 => (1_u64..60).prop_map(Step::Nap),
        2 => Just(Step::Restart),
    ]
}

/// The engine on its folder; gone for a moment while it starts again.
struct World {
    simulator: Simulator,
    folder: tempfile::TempDir,
    engine: Option<Engine>,
    machines: Vec<MachineRef>,
    confirmed: Vec<EntryId>,
}

impl World {
    fn new() -> Self {
        let simulator = tenant();
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Engine::start_faster(&simulator, folder.path(), 200.0);
        engine.sign_in();
        let machines = ordinary_laptops(&engine);
        // The limit is not what is tried here.
        simulator.control().set_limits(100_000, 100_000);
        Self {
            simulator,
            folder,
            engine: Some(engine),
            machines,
            confirmed: Vec::new(),
        }
    }

    fn engine(&mut self) -> &mut Engine {
        self.engine.as_mut().expect("running")
    }

    fn control(&self) -> SimControl {
        self.simulator.control()
    }

    fn restart(&mut self) {
        self.engine = None;
        let mut engine = Engine::start_faster(&self.simulator, self.folder.path(), 200.0);
        engine.until("the start", |s| s.session != SessionStatus::Restoring);
        engine.send(Command::SignIn);
        engine.until("a code", |s| {
            matches!(s.session, SessionStatus::WaitingForPerson(_))
        });
        assert!(self.control().approve_latest());
        engine.until("the sign-in", |s| s.session.is_signed_in());
        self.engine = Some(engine);
    }

    fn take(&mut self, step: &Step) {
        let control = self.control();
        let id = |world: &Self, n: usize| world.machines[n].id.clone();
        match step {
            Step::Order(kind, n) => {
                let machine = self.machines[*n].clone();
                let draft = Engine::draft(*kind, &machine);
                // A guardrail may stand against it: then nothing was confirmed.
                if let Ok(approval) = self.engine().approve(&draft) {
                    self.confirmed.push(draft.entry);
                    self.engine().send(Command::Submit(vec![approval]));
                    let entry = draft.entry;
                    self.engine()
                        .until("the entry", move |s| s.entry(entry).is_some());
                }
            }
            Step::Fault(on, what) => control.inject(fault(on, what, 1)),
            Step::Colleague(kind, n) => {
                let taken = control.act_as_colleague(id(self, *n).as_str(), kind, "by hand");
                assert!(taken.is_some());
            }
            Step::Withdraw => self.say(Command::Withdraw),
            Step::Insist => self.say(Command::Insist),
            Step::LookNow => self.engine().send(Command::LookNow),
            Step::Reload(n) => {
                let id = id(self, *n);
                self.engine().send(Command::LoadMachine(id));
            }
            Step::Force(status) => {
                self.force(status);
            }
            Step::ExpireTokens => control.expire_access_tokens(),
            Step::Advance(secs) => control.advance(Duration::from_secs(*secs)),
            Step::Nap(millis) => {
                let until = Instant::now() + Duration::from_millis(*millis);
                self.engine()
                    .until("time to pass", |_| Instant::now() > until);
            }
            Step::Restart => self.restart(),
        }
    }

    /// What the person says about the newest order.
    fn say(&mut self, command: fn(EntryId) -> Command) {
        if let Some(entry) = self.confirmed.last().copied() {
            self.engine().send(command(entry));
        }
    }

    /// Mends everything, answers what waits for a person, and waits for the end of every entry.
    fn quiesce(&mut self) {
        self.control().clear_faults();
        if !self.engine().state.session.is_signed_in() {
            self.restart();
        }
        for round in 0..50 {
            let entries = &self.engine().state.entries;
            if entries.iter().all(|e| e.status().is_end()) {
                return;
            }
            let is_held = |e: &&Entry| matches!(e.status(), OrderStatus::Held { .. });
            let held: Vec<_> = entries.iter().filter(is_held).map(Entry::id).collect();
            for entry in held {
                self.engine().send(Command::Withdraw(entry));
            }
            // What was forced into a state stays there until it is forced out of it.
            while round > 5 && self.force("Succeeded") {}
            let control = self.control();
            let until = Instant::now() + Duration::from_millis(400);
            self.engine().until("ends", move |s| {
                control.advance(Duration::from_millis(200));
                Instant::now() > until || s.entries.iter().all(|e| e.status().is_end())
            });
        }
    }

    /// Forces the newest open action into a state; `false` when there is none.
    fn force(&self, status: &str) -> bool {
        let is_open =
            |a: &serde_json::Value| matches!(a["status"].as_str(), Some("Pending" | "InProgress"));
        let open = self.control().actions().into_iter().rev().find(is_open);
        let id = open.and_then(|a| a["id"].as_str().map(str::to_owned));
        id.is_some_and(|id| self.control().set_status(&id, status))
    }

    fn judge(&mut self) -> Result<(), TestCaseError> {
        let actions = self.control().actions();
        let asked = self.control().requests();
        let entries = self.engine().state.entries.clone();
        prop_assert_eq!(
            entries.iter().map(Entry::id).collect::<Vec<_>>(),
            self.confirmed.clone(),
            "every confirmed order has its entry"
        );
        for entry in &entries {
            let tag = entry.id().to_string();
            let stored: Vec<_> = actions
                .iter()
                .filter(|a| a["externalId"] == tag.as_str())
                .collect();
            prop_assert!(
                stored.len() <= 1,
                "{} was executed {} times",
                tag,
                stored.len()
            );
            let posts = asked
                .iter()
                .filter(|r| r.kind == RequestKind::Change && r.body["ExternalId"] == tag.as_str())
                .count();
            let attempts = |(_, record): &&(_, Record)| matches!(record, Record::Sent);
            let attempts = entry.records().iter().filter(attempts).count();
            prop_assert!(
                posts <= attempts,
                "{}: {} POSTs, {} in the journal",
                tag,
                posts,
                attempts
            );
            let status = stored.first().and_then(|a| a["status"].as_str());
            let order_status = entry.status();
            let is_true = match order_status {
                OrderStatus::Done { .. } => status == Some("Succeeded"),
                OrderStatus::Failed { .. } => status == Some("Failed"),
                OrderStatus::TimedOut { .. } => status == Some("TimeOut"),
                OrderStatus::Cancelled { .. } => status == Some("Cancelled"),
                OrderStatus::NotSent { .. }
                | OrderStatus::NotFound
                | OrderStatus::Refused { .. }
                | OrderStatus::NotOurs { .. } => status.is_none(),
                OrderStatus::Waiting
                | OrderStatus::Held { .. }
                | OrderStatus::Sent
                | OrderStatus::Accepted { .. }
                | OrderStatus::TooLate { .. }
                | OrderStatus::Unknown { .. } => false,
            };
            prop_assert!(
                is_true,
                "{}: {:?}, the tenant says {:?}; {:?}",
                tag,
                order_status,
                status,
                entry.records()
            );
        }
        Ok(())
    }
}

#[test]
fn each_order_is_executed_at_most_once() {
    let steps = prop::collection::vec(step(), 4..14);
    let worlds = number_from_environment("CORDON_WORLDS", 16);
    let config = Config {
        cases: u32::try_from(worlds).unwrap_or(u32::MAX),
        failure_persistence: None,
        max_shrink_iters: 12,
        ..Config::default()
    };
    let start = Instant::now();
    let checked = runner(config).run(&steps, |steps| {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.quiesce();
        world.judge()
    });
    tell(&format!(
        "interleavings: seed {}, {worlds} worlds in {:.0} s",
        seed(),
        start.elapsed().as_secs_f64()
    ));
    checked.expect("holds for every interleaving");
}
