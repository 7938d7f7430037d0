//! What is in the memory of the program: nothing secret after signing out, and not much of a list
//! that is made to fill it. Each is looked at from outside, in a process of its own.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon::auth::TokenStore;
use cordon::guard::Policy;
use cordon::message::Command;
use cordon::model::{Endpoints, Mode, SessionStatus};
use cordon::simulator::{CLIENT_ID, TENANT_ID};
use cordon::state::State;
use cordon::worker::{REFRESH_EVERY, Setup, Timing, WorkerHandle};

use crate::common::{PATIENCE, SPEED, tell, tenant};

/// What a child of this test is told: the address to sign in at.
const ADDRESS: &str = "CORDON_MEMORY_ADDRESS";
const CHILD: &str = "memory::a_person_signs_in_and_out";

/// The program in a process of its own, which goes on at each line it is sent.
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

    /// What stands behind `word` in the line that says it.
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

    fn go_on(&mut self) {
        let stdin = self.process.stdin.as_mut().expect("piped");
        stdin.write_all(b"\n").expect("it listens");
    }

    /// How often the needles are in its memory, and in which kinds of place.
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

/// The child: the whole engine, without a window. Without an address it is no test.
#[test]
fn a_person_signs_in_and_out() {
    let Ok(address) = std::env::var(ADDRESS) else {
        return;
    };
    let say = |line: &str| writeln!(std::io::stdout(), "{line}").expect("an output");
    let wait = || {
        std::io::stdin()
            .read_line(&mut String::new())
            .expect("an input")
    };
    let folder = tempfile::tempdir().expect("a folder");
    let endpoints = Endpoints::stand_in(&address, TENANT_ID, CLIENT_ID).expect("loopback");
    let name = endpoints.name.clone();
    let mut worker = WorkerHandle::spawn(Setup {
        endpoints,
        mode: Mode::StandIn,
        store: TokenStore::memory(),
        journal: folder.path().join("journal.sqlite"),
        memory: Some(folder.path().to_owned()),
        policy: Policy::default(),
        timing: Timing::faster(SPEED),
        refresh_every: REFRESH_EVERY,
        addresses: Arc::new(Vec::new),
        wake: Arc::new(|| {}),
        on_event: Arc::new(|_| {}),
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
    let list = until(&mut worker, &mut state, &|s| {
        let older = &s.containments;
        older.value.is_some() || older.failure.is_some()
    });
    let looks = [&state.recent_actions, &state.containments];
    let cut = looks.map(|look| look.get().is_some_and(|look| !look.is_complete));
    say(&format!("signed in: {list}, actions cut: {cut:?}"));
    wait();
    worker.send(Command::RefreshMachines).expect("it takes it");
    until(&mut worker, &mut state, &|s| s.inventory.loading);
    until(&mut worker, &mut state, &|s| !s.inventory.loading);
    say("read again");
    wait();
    worker.send(Command::SignOut).expect("it takes it");
    until(&mut worker, &mut state, &|s| {
        s.session == SessionStatus::SignedOut
    });
    say("signed out");
    wait();
}

/// Takes events in until `reached`; how many devices there are then, and what is missing.
fn until(worker: &mut WorkerHandle, state: &mut State, reached: &dyn Fn(&State) -> bool) -> String {
    let patience = Instant::now() + PATIENCE;
    while !reached(state) {
        if let Some(event) = worker.try_next() {
            state.apply(event);
        } else {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(Instant::now() < patience, "{:?}", state.session);
    }
    let inventory = &state.inventory;
    format!("{} {:?}", inventory.all().len(), inventory.incomplete)
}

/// The parts of each secret that are not the same in all.
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
fn nothing_secret_stays_in_memory_after_signing_out() {
    let simulator = tenant();
    let control = simulator.control();
    let mut person = Person::at(&simulator.address());
    person.until("a code");
    assert!(control.approve_latest());
    person.until("signed in: ");
    // A renewal, so that there are tokens that have been replaced.
    control.expire_access_tokens();
    person.go_on();
    person.until("read again");
    let secrets = control.secrets();
    let needles = needles(&secrets);
    assert!(
        !person.count(&needles).is_empty(),
        "its tokens are found while it is signed in"
    );
    person.go_on();
    person.until("signed out");
    // Connections that are just ending take their buffers along.
    let patience = Instant::now() + Duration::from_secs(5);
    let mut left = person.count(&needles);
    while !left.is_empty() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(200));
        left = person.count(&needles);
    }
    let named: Vec<_> = left
        .iter()
        .map(|(number, place)| (&secrets[number / 2][..12], number % 2, place))
        .collect();
    assert!(left.is_empty(), "{} copies: {named:?}", left.len());
}

/// How a list is made to fill the memory.
#[derive(Clone, Copy)]
struct Hostile {
    rows: usize,
    /// Letters in each row.
    padding: usize,
    /// Letters in each row of the actions, of which there is no end either; without any there are none.
    action_padding: usize,
}

/// A service whose list of machines has no end.
fn hostile(how: Hostile) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let serving = move || {
        for stream in listener.incoming().flatten() {
            let answering = move || answer(stream, how);
            std::thread::spawn(answering);
        }
    };
    std::thread::spawn(serving);
    address
}

/// Where the page begins that is asked for.
fn skipped(request: &str) -> usize {
    let skip = request.split("skip=").nth(1);
    let skip = skip.and_then(|skip| skip.split(['&', ' ']).next()?.parse().ok());
    skip.unwrap_or_default()
}

fn answer(mut stream: TcpStream, how: Hostile) {
    let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a head");
            if line.trim().is_empty() {
                break;
            }
            let lower_case = line.to_ascii_lowercase();
            if let Some(value) = lower_case.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        let answer = if first.contains("devicecode") {
            r#"{"user_code":"ABCDEFGH","device_code":"a-device-code","verification_uri":"http://127.0.0.1/","interval":1}"#.to_owned()
        } else if first.contains("/token") {
            r#"{"access_token":"a-token","refresh_token":"a-refresh-token","expires_in":3600}"#
                .to_owned()
        } else if first.contains("/machines?") {
            let skip = skipped(&first);
            let padding = "x".repeat(how.padding);
            let rows: Vec<String> = (skip..skip + how.rows)
                .map(|n| match how.padding {
                    0 => format!(r#"{{"id":"{n:040x}"}}"#),
                    _ => format!(r#"{{"id":"{n:040x}","rbacGroupName":"{padding}"}}"#),
                })
                .collect();
            format!(r#"{{"value":[{}]}}"#, rows.join(","))
        } else if first.contains("/machineactions?") && how.action_padding > 0 {
            let (skip, padding) = (skipped(&first), "x".repeat(how.action_padding));
            // Others in each of the two lists.
            let kind = usize::from(first.contains("type%20eq"));
            let rows: Vec<String> = (skip..skip + 1_000)
                .map(|n| format!(r#"{{"id":"{kind}{n:031x}","machineId":"{n:040x}","type":"Isolate","requestorComment":"{padding}"}}"#))
                .collect();
            format!(r#"{{"value":[{}]}}"#, rows.join(","))
        } else {
            r#"{"value":[]}"#.to_owned()
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all(head.as_bytes()).is_err()
            || stream.write_all(answer.as_bytes()).is_err()
        {
            return;
        }
    }
}

#[test]
fn a_list_that_is_made_to_fill_the_memory_takes_less_than_300_megabytes() {
    for (what, how, words) in [
        (
            "600,000 rows a page",
            Hostile {
                rows: 600_000,
                padding: 0,
                action_padding: 0,
            },
            "10000 Some(\"the service sends more at a time than was asked for\")",
        ),
        (
            "1,000 pages",
            Hostile {
                rows: 10_000,
                padding: 0,
                action_padding: 0,
            },
            " Some(\"there are more devices than cordon keeps\")",
        ),
        (
            "1,000 pages of long texts",
            Hostile {
                rows: 10_000,
                padding: 2_800,
                action_padding: 0,
            },
            " Some(\"there are more devices than cordon keeps\")",
        ),
        (
            "1,000 pages of long texts, and actions without end",
            Hostile {
                rows: 10_000,
                padding: 2_800,
                action_padding: 8_000,
            },
            "actions cut: [true, true]",
        ),
    ] {
        let mut person = Person::at(&hostile(how));
        let said = person.until("signed in: ");
        assert!(said.contains(words), "{what}: {said}");
        let peak = person.peak_megabytes();
        tell(&format!("memory: {what}: {said}, {peak} MB at most"));
        assert!(peak < 300, "{what}: {peak} MB");
    }
}
