//! Arbitrary interleavings of orders, faults, user decisions, colleagues, late readings and restarts: no
//! entry is lost, "done" is never said without a read `Succeeded`, nothing is sent twice. Many cases with
//! records and events alone, and fewer with the real engine.

mod world;

use std::time::Instant;

use cordon::action::{ActionKind, Draft, Order, Subject};
use cordon::journal::{Author, Entry, Journal, NotSentReason, OrderStatus, Record};
use cordon::message::Event;
use cordon::model::{
    EntryId, HResult, MachineActionId, MachineActionStatus, MachineId, MachineRef, Mode,
};
use cordon::state::State;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use world::{World, step};

use crate::common::{number_from_environment, report};

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

/// Any record of an order.
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

/// The service's last word in these records: the first end, or its latest status since.
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

/// A runner with the same cases for the same seed.
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
            // A final status ends it, and nothing later reopens it.
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
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let mut journal = Journal::open(&path).expect("made");
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
        let report = Journal::inspect(&path, None).expect("opened");
        prop_assert!(report.is_good(), "{:?}", report.defects);
        // The screen gets them late, twice, and in another order.
        let repeated = events[again.index(events.len())].clone();
        events.push(repeated);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut state = State::new(Mode::Demo, "Demo", cordon::guard::Policy::default());
        while !events.is_empty() {
            let place = rng.usize(..events.len());
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
    report(&format!(
        "interleavings: seed {}, {worlds} worlds in {:.0} s",
        seed(),
        start.elapsed().as_secs_f64()
    ));
    checked.expect("holds for every interleaving");
}
