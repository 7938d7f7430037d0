//! The real program, killed at random instants while it submits to a tenant in another process: nothing is
//! lost, nothing is sent twice, and every entry ends with the true outcome.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cordon::action::{ActionKind, Recorded};
use cordon::journal::{Entry, Journal, OrderStatus, Record};
use cordon::model::EntryId;
use cordon::simulator::{RequestKind, SimControl, SimOptions, Simulator};

use crate::common::{fault, number_from_environment, report};

/// Speed-up of the tenant's clock and of the program's intervals.
const SPEED: u16 = 100;
/// Line that the program prints before its own orders begin.
const SETTLED: &str = "ok      earlier runs";
/// Programs killed in parallel, each with its own tenant and journal.
const LANES: u64 = 4;

/// One folder, one tenant, and the program that is started again and again.
struct Lane {
    simulator: Simulator,
    folder: tempfile::TempDir,
    /// Seeded, so that the instants of the kills are repeatable.
    rng: fastrand::Rng,
}

/// Results of one lane.
#[derive(Default)]
struct Seen {
    kills: u64,
    /// Kills that left an open entry, or after which the journal had grown.
    at_work: u64,
    /// Status of the newest entry at each kill, with its count.
    stages: BTreeMap<String, u64>,
    entries: u64,
    without_end: u64,
    sent_twice: u64,
    untrue: Vec<String>,
}

#[test]
fn kill_at_any_instant_loses_nothing_and_sends_nothing_twice() {
    let kills = number_from_environment("CORDON_KILLS", 24);
    let seed = number_from_environment("CORDON_SEED", 0x0c04_d0fe);
    let start = Instant::now();
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let share = kills / LANES + u64::from(lane < kills % LANES);
            std::thread::Builder::new()
                .name(format!("lane {lane}"))
                .spawn(move || Lane::new(seed.wrapping_add(lane), share).run(share))
                .expect("a thread")
        })
        .collect();
    let mut all = Seen::default();
    for lane in lanes {
        let one = lane.join().expect("the lane comes to its end");
        all.kills += one.kills;
        all.at_work += one.at_work;
        all.entries += one.entries;
        all.without_end += one.without_end;
        all.sent_twice += one.sent_twice;
        all.untrue.extend(one.untrue);
        for (stage, count) in one.stages {
            *all.stages.entry(stage).or_default() += count;
        }
    }
    report(&format!(
        "kill test: seed {seed}, {} kills in {:.0} s, {} of them at work; {} entries, without an end {}, sent twice {}, untrue {}; killed at: {:?}",
        all.kills,
        start.elapsed().as_secs_f64(),
        all.at_work,
        all.entries,
        all.without_end,
        all.sent_twice,
        all.untrue.len(),
        all.stages
    ));
    assert!(all.kills >= kills, "seed {seed}");
    assert!(
        all.at_work * 2 >= kills,
        "most kills strike at work: seed {seed}"
    );
    assert_eq!(all.without_end, 0, "seed {seed}");
    assert_eq!(all.sent_twice, 0, "seed {seed}");
    assert!(all.untrue.is_empty(), "seed {seed}: {:#?}", all.untrue);
}

impl Lane {
    fn new(seed: u64, kills: u64) -> Self {
        // A refused or interrupted order takes its device out of later runs.
        let devices = usize::try_from(4 * kills).unwrap_or(usize::MAX).max(400);
        let simulator = Simulator::start(SimOptions {
            devices,
            speed: f64::from(SPEED),
            ..SimOptions::default()
        })
        .expect("the built-in tenant starts");
        let control = simulator.control();
        control.set_poll_interval(1);
        // Its hours pass in seconds; the rate limit is not under test here.
        control.set_limits(1_000_000, 1_000_000);
        // Long enough for a kill to hit a request in flight.
        control.inject(fault("submit", "latency:25", 0));
        Self {
            simulator,
            folder: tempfile::tempdir().expect("a folder"),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    fn run(mut self, kills: u64) -> Seen {
        let mut seen = Seen::default();
        let span = self.to_its_end();
        let mut missed = 0;
        let mut before = self.journal().unwrap_or_default().len();
        // On a slow machine more kills come too early: continue until enough did not.
        while seen.kills < kills || seen.at_work * 2 < kills {
            assert!(
                missed < 50 && seen.kills < 10 * kills,
                "it ends by itself, so there is nothing to kill"
            );
            missed += 1;
            // Now and then the response is lost as well.
            if self.rng.u8(..8) == 0 {
                self.control().inject(fault("submit", "drop_after", 1));
            }
            if self.kill_once(span) {
                seen.kills += 1;
                missed = 0;
                let entries = self.journal().unwrap_or_default();
                let is_open = |e: &Entry| !e.status().is_end();
                seen.at_work += u64::from(entries.len() > before || entries.iter().any(is_open));
                before = entries.len();
                let newest = entries.last();
                let stage = newest.map_or("nothing written".to_owned(), |e| {
                    let word = e.status().word(&e.order.task);
                    if e.status().is_end() {
                        "ended".to_owned()
                    } else {
                        word
                    }
                });
                *seen.stages.entry(stage).or_default() += 1;
            }
        }
        self.to_its_end();
        self.judge(&mut seen);
        seen
    }

    fn control(&self) -> SimControl {
        self.simulator.control()
    }

    fn start(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(["self-test", "--stand-in", &self.simulator.address()])
            .args(["--speed", &SPEED.to_string(), "--data-dir"])
            .arg(self.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// Runs it to the end, including what was left behind, and returns the time that its own orders take.
    fn to_its_end(&self) -> Duration {
        let mut child = self.start();
        let mut said = Vec::new();
        let mut begun = Instant::now();
        for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
            let line = line.expect("text");
            if line.starts_with("ok      devices") || line.starts_with(SETTLED) {
                begun = Instant::now();
            }
            said.push(line);
        }
        let status = child.wait().expect("it ends");
        assert!(status.success(), "{}", said.join("\n"));
        begun.elapsed()
    }

    /// Starts it and kills it at a random instant: mostly during its orders, after it has finished earlier
    /// ones, sometimes at any time. `false` if it had ended before.
    fn kill_once(&mut self, span: Duration) -> bool {
        let mut child = self.start();
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let early = self.rng.u8(..10) == 0;
        if !early {
            lines.find(|line| line.as_ref().is_ok_and(|l| l.starts_with(SETTLED)));
        }
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        std::thread::sleep(Duration::from_micros(self.rng.u64(..=micros)));
        let was_running = child.try_wait().expect("asked").is_none();
        child.kill().expect("SIGKILL");
        child.wait().expect("it is dead");
        was_running
    }

    /// `None` if the program was killed before there was a journal.
    fn journal(&self) -> Option<Vec<Entry>> {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder");
        let file = files
            .filter_map(|file| Some(file.ok()?.path()))
            .find(|path| path.extension().is_some_and(|e| e == "sqlite"))?;
        let journal = Journal::open_read_only(&file).expect("a kill damages nothing");
        Some(journal.entries().expect("readable"))
    }

    /// Compares the journal with the tenant's requests and actions.
    fn judge(&self, seen: &mut Seen) {
        let entries = self.journal().expect("a journal");
        let mut posts: BTreeMap<EntryId, usize> = BTreeMap::new();
        // Investigations, tags and removals carry no tag: there must be no more of them than were begun.
        let mut untagged = 0_u64;
        for request in self.control().requests() {
            if request.kind == RequestKind::Change {
                // A block has its tag in the description.
                let texts = ["Comment", "description"].map(|name| request.body[name].as_str());
                match texts.into_iter().flatten().find_map(EntryId::find_in) {
                    Some(tag) => *posts.entry(tag).or_default() += 1,
                    None => untagged += 1,
                }
            }
        }
        seen.entries = entries.len() as u64;
        seen.sent_twice = posts.values().filter(|count| **count > 1).count() as u64;
        let is_tagged = |entry: &&Entry| {
            let task = &entry.order.task;
            task.record() == Recorded::MachineAction || task.kind() == Some(ActionKind::BlockFile)
        };
        let begun = entries.iter().filter(|entry| !is_tagged(entry));
        let begun = begun.flat_map(Entry::records);
        let begun = begun.filter(|(_, record)| matches!(record, Record::Sent));
        let begun = begun.count() as u64;
        assert!(untagged <= begun, "{untagged} POSTs of {begun}");
        let actions = self.control().actions();
        for entry in &entries {
            let status = entry.status();
            // Investigations cannot be told apart: after a lost response one stays unknown.
            let has_no_evidence = entry.order.task.record() == Recorded::Investigation;
            let may_stay_open = has_no_evidence && status.is_unknown();
            seen.without_end += u64::from(!status.is_end() && !may_stay_open);
            if entry.order.task.record() == Recorded::Indicator {
                if !self.is_true_of_block(entry, &entries) {
                    let shown = self.control().indicators();
                    let untrue = format!("{} {status:?}; the tenant: {shown:?}", entry.id());
                    seen.untrue.push(untrue);
                }
                continue;
            }
            if !is_tagged(&entry) {
                continue;
            }
            let tag = entry.id().to_string();
            let stored = actions.iter().find(|a| a["externalId"] == tag.as_str());
            let sent = entry
                .records()
                .iter()
                .any(|(_, record)| matches!(record, Record::Sent));
            let is_true = match (&status, stored) {
                (OrderStatus::Done { action }, Some(stored)) => {
                    stored["status"] == "Succeeded" && stored["id"] == action.as_str()
                }
                (OrderStatus::NotFound, None) => sent,
                (OrderStatus::NotSent { .. }, None) => !posts.contains_key(&entry.id()),
                (_, _) => false,
            };
            if !is_true || (posts.contains_key(&entry.id()) && !sent) {
                seen.untrue
                    .push(format!("{tag} {status:?}; the tenant: {stored:?}"));
            }
        }
        for tag in posts.keys() {
            if !entries.iter().any(|entry| entry.id() == *tag) {
                seen.untrue
                    .push(format!("{tag} was sent and is not in the journal"));
            }
        }
    }

    /// Whether the status of a block, or of its removal, agrees with the tenant. A second indicator of the
    /// same file and action replaces the first and keeps its number.
    fn is_true_of_block(&self, entry: &Entry, entries: &[Entry]) -> bool {
        let shown = self.control().indicators();
        let is_there = |id: &str| shown.iter().any(|one| one["id"] == id);
        let is_done = |e: &&Entry| matches!(e.status(), OrderStatus::Done { .. });
        let is_removed = |id: &str| {
            let mut done = entries.iter().filter(is_done);
            done.any(|e| e.order.task.indicator().is_some_and(|i| i.as_str() == id))
        };
        let was_sent = entry.first_sent_at().is_some();
        let tag = format!("[{}]", entry.id());
        let has_tag = |one: &serde_json::Value| {
            one["description"]
                .as_str()
                .is_some_and(|text| text.contains(&tag))
        };
        match (entry.status(), entry.order.task.indicator()) {
            (OrderStatus::Done { .. }, Some(removed)) => !is_there(removed.as_str()),
            (OrderStatus::Done { action }, None) => {
                was_sent && (is_there(action.as_str()) || is_removed(action.as_str()))
            }
            (OrderStatus::NotFound, Some(kept)) => {
                was_sent && (is_there(kept.as_str()) || is_removed(kept.as_str()))
            }
            (OrderStatus::NotFound, None) => was_sent && !shown.iter().any(has_tag),
            (OrderStatus::NotSent { .. }, _) => !shown.iter().any(has_tag),
            (_, _) => false,
        }
    }
}
