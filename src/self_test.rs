//! The self-test without a window: the real worker against the built-in tenant or a stand-in.
//!
//! Judges by the journal and, with the built-in tenant, by its request log: one POST for each
//! order, and none that was not ordered.

mod everywhere;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use url::Url;

use crate::action::{ActionKind, Devices, Draft, Recorded, Subject};
use crate::auth::TokenStore;
use crate::cli::SelfTestStep;
use crate::files;
use crate::guard::{self, Policy};
use crate::journal::{Entry, OrderStatus};
use crate::message::{Command, Event, OrderProgress::LookFailed};
use crate::model::{
    Endpoints, EntryId, HealthStatus, MachineRef, Mode, OnboardingStatus, OsFamily, SessionStatus,
    loopback_addresses,
};
use crate::paths::{self, STAND_IN_CLIENT, STAND_IN_TENANT};
use crate::say;
use crate::simulator::{Fault, SimControl, SimOptions, Simulator};
use crate::state::State;
use crate::worker::{Setup, Timing, WorkerHandle};

/// Maximum time without an event in one step, in seconds.
const STEP_SECS: u64 = 60;
/// Maximum time for the end of an order, in seconds: an unknown outcome takes more than five minutes to look up.
const ORDER_SECS: u64 = 900;
/// The service's share of that time, in seconds.
const SERVICE_SECS: u64 = 240;
/// Speed-up of waits with the built-in tenant, whose clock is advanced.
const SPEED: u16 = 20;

pub struct Options<'a> {
    /// The step at which the built-in tenant fails.
    pub fail: Option<SelfTestStep>,
    /// Another server on this machine; the built-in tenant if `None`.
    pub stand_in: Option<&'a str>,
    /// Speed-up of the stand-in's clock.
    pub speed: Option<u16>,
    /// Folder of the journal; temporary if `None`.
    pub folder: Option<&'a Path>,
}

/// Why the self-test stopped.
struct Failed {
    step: &'static str,
    why: String,
}

/// Runs the self-test and prints each step.
#[must_use]
pub fn run(options: &Options<'_>) -> ExitCode {
    match run_all(options) {
        Ok(()) => {
            say!("self-test passed");
            ExitCode::SUCCESS
        }
        Err(Failed { step, why }) => {
            say!("FAILED  {step}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run_all(options: &Options<'_>) -> Result<(), Failed> {
    let start = |why: String| Failed { step: "start", why };
    let simulator = match options.stand_in {
        Some(_) => None,
        None => Some(Simulator::start(SimOptions::default()).map_err(|e| start(e.to_string()))?),
    };
    let control = simulator.as_ref().map(Simulator::control);
    if let Some(control) = &control {
        control.set_poll_interval(1);
        if let Some(step) = options.fail {
            control.inject(
                fault(step).ok_or_else(|| start(format!("the tenant cannot fail at {step:?}")))?,
            );
        }
    }
    let own = simulator.as_ref().map(Simulator::address);
    let address = own
        .or(options.stand_in.map(str::to_owned))
        .unwrap_or_default();
    let endpoints = Endpoints::stand_in(&address, STAND_IN_TENANT, STAND_IN_CLIENT)
        .map_err(|e| start(e.to_string()))?;
    let (mode, speed) = if control.is_some() {
        (Mode::Demo, SPEED)
    } else {
        (Mode::StandIn, options.speed.unwrap_or(1))
    };

    // Removed at the end of this function, after the engine has released it.
    let scratch = files::make_scratch_folder().map_err(|e| start(e.to_string()))?;
    let setup = Setup {
        endpoints: endpoints.clone(),
        mode,
        store: TokenStore::memory(),
        journal: paths::journal_file(options.folder.unwrap_or(scratch.path()), mode, &endpoints),
        memory: None,
        policy: Policy::default(),
        timing: Timing::faster(f64::from(speed)),
        request_repaint: Arc::new(|| {}),
        refresh_every: crate::worker::REFRESH_EVERY,
        addresses: Arc::new(crate::worker::own_addresses),
        on_event: Arc::new(|_| {}),
    };
    let worker = WorkerHandle::spawn(setup)
        .map_err(|e| start(format!("{}: {}", e.headline, e.details.join(" "))))?;
    let state = State::new(mode, &endpoints.name, Policy::default());
    let mut self_test = SelfTest {
        state,
        worker,
        control,
        address,
    };
    let result = self_test.play();
    drop(self_test);
    result
}

/// The tenant's fault for a failure at a step.
fn fault(step: SelfTestStep) -> Option<Fault> {
    match step {
        SelfTestStep::SignIn => Fault::parse("devicecode", "status:400", 0),
        SelfTestStep::Devices => Fault::parse("machines", "status:403", 0),
        SelfTestStep::Order(kind) => {
            let route = format!("submit:{}", kind.spec().endpoint);
            Fault::parse(&route, "status:403", 0)
        }
    }
}

struct SelfTest {
    state: State,
    worker: WorkerHandle,
    control: Option<SimControl>,
    address: String,
}

impl SelfTest {
    fn play(&mut self) -> Result<(), Failed> {
        self.sign_in()?;
        let machine = self.devices()?;
        self.quiesce()?;
        let unmanaged = self.unmanaged();
        let mut ordered = 0;
        for &kind in ActionKind::ALL {
            let step = SelfTestStep::Order(kind).name();
            let machine = match (kind.spec().devices, &unmanaged) {
                (Devices::Every, _) => &MachineRef::every_device(),
                (Devices::Managed | Devices::Any, _) => &machine,
                (Devices::Unmanaged, Some(unmanaged)) => unmanaged,
                (Devices::Unmanaged, None) => {
                    say!("skipped {step}: every device is managed");
                    continue;
                }
            };
            self.order(step, kind, machine)?;
            ordered += 1;
        }
        if let Some(control) = &self.control {
            let asked = control.changes_requested();
            if asked != ordered {
                return Err(Failed {
                    step: "request log",
                    why: format!("{ordered} orders, but {asked} POSTs"),
                });
            }
            say!("ok      request log: {asked} requests for {ordered} orders");
        }
        Ok(())
    }

    fn sign_in(&mut self) -> Result<(), Failed> {
        let step = "sign-in";
        self.until(step, |state| {
            state.session == SessionStatus::SignedOut && state.journal.is_some()
        })?;
        self.send(step, Command::SignIn)?;
        self.until(step, |state| {
            matches!(state.session, SessionStatus::WaitingForPerson(_))
        })?;
        if let SessionStatus::WaitingForPerson(prompt) = &self.state.session
            && !self.approve(&prompt.user_code)
        {
            say!(
                "        enter the code {} at {}",
                prompt.user_code,
                prompt.verification_uri
            );
        }
        self.until(step, |state| state.session.is_signed_in())?;
        say!(
            "ok      sign-in: {}",
            self.state
                .session
                .account()
                .map(crate::model::Account::label)
                .unwrap_or_default()
        );
        Ok(())
    }

    /// Approves a code at the built-in tenant, in this or another process. Other stand-ins need a person at their page.
    fn approve(&self, code: &str) -> bool {
        match &self.control {
            Some(control) => control.approve(code),
            None => post(
                &self.address,
                "/control/approve",
                &format!("{{\"user_code\":\"{code}\"}}"),
            ),
        }
    }

    /// A device without a sensor, if any: only those can be contained.
    fn unmanaged(&self) -> Option<MachineRef> {
        let machines = self.state.inventory.all().iter();
        let mut idle = machines.filter(|m| {
            let actions = self.state.known_actions(&m.id);
            let reference = m.reference();
            m.is_unmanaged()
                && m.merged_into().is_none()
                && actions.iter().all(|a| a.status.is_final())
                && self.state.inventory.namesakes(&reference).next().is_none()
        });
        idle.next().map(|m| m.reference())
    }

    /// Waits for the list and picks a managed device on which all other actions are possible.
    fn devices(&mut self) -> Result<MachineRef, Failed> {
        let step = "devices";
        self.until(step, |s| {
            let recent = &s.recent_actions;
            s.inventory.read_at.is_some() && (recent.value.is_some() || recent.failure.is_some())
        })?;
        let inventory = &self.state.inventory;
        let fits = inventory.all().iter().filter(|m| {
            m.os_family() == OsFamily::WindowsClient
                && m.health_status == HealthStatus::Active
                && m.onboarding_status
                    .as_ref()
                    .is_none_or(|s| *s == OnboardingStatus::Onboarded)
                && m.merged_into().is_none()
                && m.computer_dns_name
                    .as_deref()
                    .is_some_and(|n| n.bytes().all(|b| b.is_ascii_graphic()))
                && self
                    .state
                    .known_actions(&m.id)
                    .iter()
                    .all(|a| a.status.is_final())
                && !(self.state.open_entries()).any(|e| e.order.machine.id == m.id)
                && inventory.namesakes(&m.reference()).next().is_none()
        });
        // Best without history, and with the newest agent: an old one is refused.
        let best = fits.max_by_key(|m| {
            let is_new = self.state.known_actions(&m.id).is_empty();
            let agent = version(m.agent_version.as_deref().unwrap_or_default());
            (is_new, agent)
        });
        let machine = best.map(|m| m.reference()).ok_or_else(|| Failed {
            step,
            why: "no device without an action under way on which every action is possible".into(),
        })?;
        say!(
            "ok      devices: {} read, testing on {}",
            inventory.all().len(),
            machine.name_and_tail()
        );
        Ok(machine)
    }

    /// Follows the open entries of an earlier run to their ends.
    fn quiesce(&mut self) -> Result<(), Failed> {
        let open: Vec<EntryId> = self.state.open_entries().map(Entry::id).collect();
        for entry in open {
            self.until_end("earlier run", entry)?;
        }
        let (all, open) = (self.state.entries.len(), self.state.open_entries().count());
        if all > 0 {
            say!("ok      earlier runs: {all} entries, {open} of them with an unknown outcome");
        }
        Ok(())
    }

    /// Follows an entry to its end, and prints each status on the way; `false` if the end cannot be
    /// known, as for an investigation without a response.
    fn until_end(&mut self, step: &'static str, entry: EntryId) -> Result<bool, Failed> {
        let start = instant();
        let mut shown = String::new();
        loop {
            let found = self.state.entry(entry).ok_or_else(|| Failed {
                step,
                why: format!("{entry} is gone from the journal"),
            })?;
            let (status, word) = (found.status(), found.status().word(&found.order.task));
            if word != shown {
                say!(
                    "        {step}: {entry} {}: {word}",
                    found.order.machine.name_and_tail()
                );
                shown = word;
            }
            let is_looked_up = matches!(self.state.progress.get(&entry), Some(LookFailed { .. }));
            let cannot_be_known =
                found.order.task.record() == Recorded::Investigation && is_looked_up;
            if status.is_end() || (status.is_unknown() && cannot_be_known) {
                return Ok(status.is_end());
            }
            let longest = if matches!(status, OrderStatus::Accepted { .. }) {
                SERVICE_SECS
            } else {
                ORDER_SECS
            };
            if start.elapsed().as_secs() > longest {
                return Err(Failed {
                    step,
                    why: format!(
                        "{entry} is still “{shown}”; the next run on the same --data-dir continues with it"
                    ),
                });
            }
            self.turn(step)?;
        }
    }

    /// Reviews, approves and submits one order, and waits for its end.
    fn order(
        &mut self,
        step: &'static str,
        kind: ActionKind,
        machine: &MachineRef,
    ) -> Result<(), Failed> {
        let failed = |why: String| Failed { step, why };
        self.read_anew(step, machine)?;

        let entry = EntryId::random().map_err(|e| failed(e.to_string()))?;
        let mut draft = Draft::new(entry, machine.clone(), Subject::Act(kind));
        draft.comment = "cordon self-test".into();
        draft.fill_examples();
        self.fill_everywhere(&mut draft);
        let account = self
            .state
            .session
            .account()
            .cloned()
            .ok_or_else(|| failed("not signed in".into()))?;
        let now = now();
        let review = self
            .state
            .with_facts(machine, now, |facts| guard::review(&draft, facts));
        let approval = review
            .approve(&account, self.state.epoch, now)
            .map_err(failed)?;
        self.send(step, Command::Submit(vec![approval]))?;
        self.until(step, move |s| s.entry(entry).is_some())?;
        if !self.until_end(step, entry)? {
            say!("unknown {step}: the answer was lost, and nothing identifies this investigation");
            return Ok(());
        }
        let Some(found) = self.state.entry(entry) else {
            return Err(failed("the entry is gone".into()));
        };
        let (status, word) = (found.status(), found.status().word(&found.order.task));
        if !matches!(status, OrderStatus::Done { .. }) {
            let detail = status.detail().map(|d| format!(": {d}"));
            return Err(failed(format!("{word}{}", detail.unwrap_or_default())));
        }
        say!(
            "ok      {step}: {}: {word} ({entry})",
            machine.name_and_tail()
        );
        Ok(())
    }

    fn send(&self, step: &'static str, command: Command) -> Result<(), Failed> {
        self.worker.send(command).map_err(|e| Failed {
            step,
            why: e.headline,
        })
    }

    /// Processes events until `reached`.
    fn until(
        &mut self,
        step: &'static str,
        reached: impl Fn(&State) -> bool,
    ) -> Result<(), Failed> {
        let mut last_news = instant();
        while !reached(&self.state) {
            if let SessionStatus::NeedsSignIn { .. } | SessionStatus::DifferentAccount { .. } =
                self.state.session
            {
                let why = "the sign-in ended, or another account took its place".to_owned();
                return Err(Failed { step, why });
            }
            if self.turn(step)? {
                last_news = instant();
            } else if last_news.elapsed().as_secs() > STEP_SECS {
                return Err(Failed {
                    step,
                    why: format!("nothing happened for {STEP_SECS} s"),
                });
            }
        }
        Ok(())
    }

    /// Processes one event; without one, sleeps and advances the built-in tenant's clock.
    fn turn(&mut self, step: &'static str) -> Result<bool, Failed> {
        let Some(event) = self.worker.try_next() else {
            let pause = Duration::from_millis(20);
            std::thread::sleep(pause);
            if let Some(control) = &self.control {
                control.advance(pause * u32::from(SPEED));
            }
            return Ok(false);
        };
        if let Event::JournalCaution(caution) = event {
            // Harmless: a killed run may leave it behind.
            say!("note    journal: {caution}");
            return Ok(true);
        }
        self.state.apply(event);
        match self.failure() {
            Some(why) => Err(Failed { step, why }),
            None => Ok(true),
        }
    }

    /// The failure that the window would show outside of an order.
    fn failure(&self) -> Option<String> {
        let state = &self.state;
        let journal = state.journal.as_ref().and_then(|j| j.as_ref().err());
        [
            state.sign_in_failure.as_ref(),
            state.inventory.failure.as_ref(),
            journal,
            state.problems.last().map(|problem| &problem.explanation),
        ]
        .into_iter()
        .flatten()
        .next()
        .map(|e| format!("{}: {}", e.headline, e.details.join("; ")))
    }
}

/// The numbers of a version, for comparison.
fn version(text: &str) -> Vec<u64> {
    text.split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

/// Sends a small POST to a loopback address; returns whether the response was 200.
fn post(address: &str, path: &str, body: &str) -> bool {
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let addresses = Url::parse(address).map(|url| loopback_addresses(&url));
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&*addresses.unwrap_or_default())?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    ask().is_ok_and(|head| head.ends_with(" 200"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a starter, like the window: it confirms in a person's place"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "how long a step takes")]
fn instant() -> Instant {
    Instant::now()
}
