//! Memory of the program: no secrets after signing out, and a bounded size for hostile lists. Measured from
//! outside, in a process of its own.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::process::{Child, ChildStdout, Command as Process, Stdio};
use std::time::{Duration, Instant};

use cordon::guard::Policy;
use cordon::message::Command;
use cordon::model::{Endpoints, MemoryBudget, Mode, PanelPart, SessionStatus, Sort};
use cordon::search::Rows;
use cordon::simulator::{CLIENT_ID, TENANT_ID};
use cordon::state::State;
use cordon::worker::{Setup, Timing, WorkerHandle};

use crate::common::{SPEED, report, setup_at, signed_in, tenant};

mod hostile;
use hostile::Hostile;

/// Time limit of a step; nothing here is measured by the clock.
const TIMEOUT: Duration = Duration::from_mins(20);

/// Environment variable with the sign-in address for the child.
const ADDRESS: &str = "CORDON_MEMORY_ADDRESS";
const CHILD: &str = "memory::child_signs_in_and_out";
/// Steps for the child.
const READ_AGAIN: &str = "read again";
const LOOK: &str = "look";
const SIGN_OUT: &str = "sign out";

/// The program in a process of its own, which continues at each line on its stdin.
struct Person {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Person {
    fn at(address: &str) -> Self {
        let mut command = Process::new(std::env::current_exe().expect("this test"));
        command
            .args(["--exact", CHILD, "--nocapture"])
            .env(ADDRESS, address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let said = BufReader::new(process.stdout.take().expect("piped"));
        Self { process, said }
    }

    /// The text after `word` in the first line that contains it.
    fn until(&mut self, word: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.said.read_line(&mut line).expect("text");
            assert_ne!(read, 0, "it ended before it said {word:?}");
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
    }

    fn proceed(&mut self, what: &str) {
        let stdin = self.process.stdin.as_mut().expect("piped");
        writeln!(stdin, "{what}").expect("it listens");
    }

    /// Number of occurrences of the needles in its memory, and the kinds of mappings they are in.
    fn count(&self, needles: &[Vec<u8>]) -> Vec<(usize, String)> {
        let proc = format!("/proc/{}", self.process.id());
        let maps = std::fs::read_to_string(format!("{proc}/maps")).expect("a process of ours");
        let mut memory = std::fs::File::open(format!("{proc}/mem")).expect("a process of ours");
        let mut found = Vec::new();
        for map in maps.lines().filter(|map| map.contains(" rw")) {
            let (from, to) = range(map).expect("a range");
            let mut bytes = vec![0; usize::try_from(to - from).expect("it fits")];
            let at = memory.seek(SeekFrom::Start(from));
            // The kernel's own pages cannot be read.
            if at.is_err() || memory.read_exact(&mut bytes).is_err() {
                continue;
            }
            for (number, needle) in needles.iter().enumerate() {
                let first = needle[0];
                let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == first);
                for (at, _) in starts {
                    if bytes[at..].starts_with(needle) {
                        let place = map.split_whitespace().nth(5).unwrap_or("unnamed");
                        found.push((number, place.to_owned()));
                    }
                }
            }
        }
        found
    }

    fn peak_megabytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("a process of ours");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
        kilobytes.map_or(u64::MAX, |kilobytes: u64| kilobytes / 1024)
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn range(map: &str) -> Option<(u64, u64)> {
    let (from, to) = map.split_whitespace().next()?.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((number(from)?, number(to)?))
}

/// The child: the whole engine, without a window. Does nothing without an address.
#[test]
fn child_signs_in_and_out() {
    let Ok(address) = std::env::var(ADDRESS) else {
        return;
    };
    let say = |line: &str| writeln!(std::io::stdout(), "{line}").expect("an output");
    let next = || {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).expect("an input");
        line.trim().to_owned()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let endpoints = Endpoints::stand_in(&address, TENANT_ID, CLIENT_ID).expect("loopback");
    let name = endpoints.name.clone();
    let mut worker = WorkerHandle::spawn(Setup {
        timing: Timing::faster(SPEED),
        ..setup_at(endpoints, Mode::StandIn, folder.path())
    })
    .expect("the worker starts");
    let mut state = State::new(Mode::StandIn, &name, Policy::default());
    until(&mut worker, &mut state, &|s| {
        s.session == SessionStatus::SignedOut && s.journal.is_some()
    });
    worker.send(Command::SignIn).expect("it takes it");
    until(&mut worker, &mut state, &|s| {
        matches!(s.session, SessionStatus::WaitingForPerson(_))
    });
    say("a code");
    until(&mut worker, &mut state, &|s| {
        s.session.is_signed_in() && s.inventory.read_at.is_some()
    });
    until(&mut worker, &mut state, &|s| {
        let older = &s.containments;
        older.value.is_some() || older.failure.is_some()
    });
    // Including the rows that the window makes of the list.
    let mut rows = Rows::default();
    let mut shown = |state: &State| {
        rows.refresh(state, "", Sort::default());
        let (inventory, is_cut) = (&state.inventory, state.is_action_history_cut());
        let (count, why) = (rows.len(), &inventory.incomplete);
        format!("{count} {why:?}, actions cut: {is_cut}")
    };
    say(&format!("signed in: {}", shown(&state)));
    loop {
        match &*next() {
            READ_AGAIN => {
                let before = state.containments.read_at();
                worker.send(Command::RefreshMachines).expect("it takes it");
                until(&mut worker, &mut state, &|s| {
                    s.containments.read_at() != before
                });
                say(&format!("read again: {}", shown(&state)));
            }
            LOOK => {
                look(&mut worker, &mut state);
                say("looked");
            }
            _ => break,
        }
    }
    worker.send(Command::SignOut).expect("it takes it");
    until(&mut worker, &mut state, &|s| {
        s.session == SessionStatus::SignedOut
    });
    say("signed out");
    next();
}

/// Selects some devices, one after the other.
fn look(worker: &mut WorkerHandle, state: &mut State) {
    let ids: Vec<_> = state.inventory.all().iter().map(|m| m.id.clone()).collect();
    for id in ids.iter().take(4) {
        let load = Command::LoadMachine(id.clone());
        worker.send(load).expect("it takes it");
        for part in PanelPart::ALL {
            let load = Command::LoadPart(id.clone(), part);
            worker.send(load).expect("it takes it");
        }
        until(worker, state, &|s| {
            let read = s.histories.get(id).zip(s.panels.get(id));
            read.is_some_and(|(history, panel)| {
                let all = [
                    panel.users.loading,
                    panel.alerts.loading,
                    panel.available.loading,
                ];
                let begun = panel.users.value.is_some() || panel.users.failure.is_some();
                let read = history.value.is_some() || history.failure.is_some();
                begun && read && !all.contains(&true)
            })
        });
    }
}

/// Applies events until `reached`.
fn until(worker: &mut WorkerHandle, state: &mut State, reached: &dyn Fn(&State) -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !reached(state) {
        if let Some(event) = worker.try_next() {
            state.apply(event);
        } else {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(Instant::now() < deadline, "{:?}", state.session);
    }
}

/// The parts of each secret that differ between secrets.
fn needles(secrets: &[String]) -> Vec<Vec<u8>> {
    let parts = secrets
        .iter()
        .filter(|secret| secret.len() >= 24)
        .flat_map(|secret| {
            let secret = secret.as_bytes();
            let (middle, end) = (secret.len() / 2 - 12, secret.len() - 24);
            [secret[middle..middle + 24].to_vec(), secret[end..].to_vec()]
        });
    parts.collect()
}

#[test]
fn no_secret_stays_in_memory_after_signing_out() {
    let simulator = tenant();
    let control = simulator.control();
    let mut person = Person::at(&simulator.address());
    person.until("a code");
    assert!(control.approve_latest());
    person.until("signed in: ");
    // A renewal, so that there are replaced tokens.
    control.expire_access_tokens();
    person.proceed(READ_AGAIN);
    person.until("read again");
    let secrets = control.secrets();
    let needles = needles(&secrets);
    assert!(
        !person.count(&needles).is_empty(),
        "its tokens are found while it is signed in"
    );
    person.proceed(SIGN_OUT);
    person.until("signed out");
    // Closing connections still hold their buffers.
    let deadline = Instant::now() + Duration::from_secs(5);
    let mut left = person.count(&needles);
    while !left.is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(200));
        left = person.count(&needles);
    }
    let named: Vec<_> = left
        .iter()
        .map(|(number, place)| (&secrets[number / 2][..12], number % 2, place))
        .collect();
    assert!(left.is_empty(), "{} copies: {named:?}", left.len());
}

/// Ways of a service to fill the memory, number of readings, and the resulting message.
const HOSTILE: [(&str, Hostile, usize, &str); 6] = [
    (
        "400,000 rows a page",
        Hostile {
            rows: 400_000,
            ..NOTHING
        },
        0,
        "10000 Some(\"the service sends more at a time than was asked for\")",
    ),
    (
        "pages of short rows without end",
        Hostile {
            rows: 10_000,
            ..NOTHING
        },
        0,
        " Some(\"there are more devices than cordon keeps\")",
    ),
    (
        "tags of one letter, other devices at each reading",
        Hostile {
            rows: 10_000,
            tags: 30,
            is_new: true,
            ..NOTHING
        },
        2,
        " Some(\"there are more devices than cordon keeps\")",
    ),
    (
        "more tags than there is memory for",
        Hostile {
            rows: 10_000,
            tags: 500,
            ..NOTHING
        },
        0,
        " Some(\"there is more than the console keeps\")",
    ),
    (
        "one device of nothing but tags",
        Hostile {
            rows: 1,
            tags: 5_000_000,
            ..NOTHING
        },
        0,
        "0 None",
    ),
    (
        "long texts, other devices at each reading, actions with long comments, and as much about one device",
        Hostile {
            rows: 10_000,
            group: 2_000,
            is_new: true,
            comment: 8_000,
            part: 4_000,
            ..NOTHING
        },
        2,
        "actions cut: true",
    ),
];

const NOTHING: Hostile = Hostile {
    rows: 0,
    group: 0,
    tags: 0,
    is_new: false,
    comment: 0,
    part: 0,
};

/// Memory per device, including the rounding of allocators.
#[test]
fn a_hundred_thousand_typical_devices_fit() {
    let (_tenant, _folder, engine) = signed_in();
    let all = engine.state.inventory.all();
    let each = all
        .iter()
        .map(|machine| machine.bytes_in_list())
        .sum::<usize>()
        / all.len();
    report(&format!("memory: {each} bytes a device of the fleet"));
    assert!(MemoryBudget::of_list().reserve(each * 100_000), "{each}");
}

#[test]
fn hostile_list_takes_less_than_300_megabytes() {
    for (what, hostile, readings, words) in HOSTILE {
        let mut person = Person::at(&hostile.serve());
        let said = person.until("signed in: ");
        assert!(said.contains(words), "{what}: {said}");
        for _ in 0..readings {
            person.proceed(READ_AGAIN);
            let said = person.until("read again: ");
            assert!(said.contains(words), "{what}: {said}");
        }
        person.proceed(LOOK);
        person.until("looked");
        let peak = person.peak_megabytes();
        report(&format!("memory: {what}: {said}, {peak} MB at most"));
        assert!(peak < 300, "{what}: {peak} MB");
    }
}
