//! The engine on its folder, and the events around it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cordon::action::{ActionKind, Devices, Draft, Recorded, TAG};
use cordon::journal::{Entry, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{EntryId, MachineRef};
use cordon::simulator::{LoggedRequest, RequestKind, SimControl, Simulator};
use proptest::prelude::*;

use crate::blocks::{block, removal};
use crate::common::{Engine, fault, place};
use crate::faults::{ordinary_laptops, unmanaged};

/// One event while the engine works.
#[derive(Debug, Clone)]
pub enum Step {
    Order(ActionKind, usize),
    Fault(&'static str, &'static str),
    Colleague(&'static str, usize),
    Withdraw,
    Insist,
    PollNow,
    Reload(usize),
    Force(&'static str),
    ExpireTokens,
    Advance(u64),
    Sleep(u64),
    Restart,
}

pub fn step() -> impl Strategy<Value = Step> {
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
    // Investigations cannot be told apart; they have their own tests.
    let of = |records: &[Recorded]| -> Vec<_> {
        let kinds = ActionKind::ALL.iter().copied();
        kinds
            .filter(|kind| records.contains(&kind.spec().record))
            .collect()
    };
    let actions = of(&[Recorded::MachineAction]);
    let marks = of(&[Recorded::Indicator, Recorded::Machine]);
    prop_oneof![
        4 => (prop::sample::select(actions), machine.clone())
            .prop_map(|(kind, machine)| Step::Order(kind, machine)),
        3 => (prop::sample::select(marks), machine.clone())
            .prop_map(|(kind, machine)| Step::Order(kind, machine)),
        4 => prop::sample::select(faults.to_vec()).prop_map(|(on, what)| Step::Fault(on, what)),
        1 => (prop::sample::select(vec!["Isolate", "Unisolate"]), machine.clone())
            .prop_map(|(kind, machine)| Step::Colleague(kind, machine)),
        1 => Just(Step::Withdraw),
        1 => Just(Step::Insist),
        1 => Just(Step::PollNow),
        1 => machine.prop_map(Step::Reload),
        1 => prop::sample::select(vec!["Failed", "InProgress", "Pending", "Cancelled", "TimeOut"])
            .prop_map(Step::Force),
        1 => Just(Step::ExpireTokens),
        2 => (1_u64..30).prop_map(Step::Advance),
        3 => (1_u64..60).prop_map(Step::Sleep),
        2 => Just(Step::Restart),
    ]
}

/// Rounds of 0.4 s in which everything ends. The client's rate limits are not sped up: after a 429 it may
/// pause for a whole minute.
const ROUNDS: u32 = 400;

/// Whether the action removes a block or a tag.
const fn takes_back(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::RemoveBlock | ActionKind::RemoveTag)
}

/// The engine on its folder; `None` for a moment during a restart.
pub struct World {
    simulator: Simulator,
    folder: tempfile::TempDir,
    engine: Option<Engine>,
    machines: Vec<MachineRef>,
    /// A device without a sensor, for the orders that need one.
    unmanaged: MachineRef,
    confirmed: Vec<EntryId>,
    /// File hash or tag of the orders that make no machine action.
    marks: BTreeMap<EntryId, String>,
}

impl World {
    pub fn new() -> Self {
        let (simulator, folder) = place();
        let mut engine = Engine::start_faster(&simulator, folder.path(), 200.0);
        engine.sign_in();
        let machines = ordinary_laptops(&engine);
        let unmanaged = unmanaged(&engine);
        // The rate limit is not under test here.
        simulator.control().set_limits(100_000, 100_000);
        Self {
            simulator,
            folder,
            engine: Some(engine),
            machines,
            unmanaged,
            confirmed: Vec::new(),
            marks: BTreeMap::new(),
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
        engine.begin_sign_in();
        assert!(self.control().approve_latest());
        engine.until("the sign-in", |s| s.session.is_signed_in());
        self.engine = Some(engine);
    }

    pub fn take(&mut self, step: &Step) {
        let control = self.control();
        let id = |world: &Self, n: usize| world.machines[n].id.clone();
        match step {
            Step::Order(kind, n) => {
                let draft = self.draft(*kind, *n);
                // A guardrail may block it: then nothing was confirmed.
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
            Step::PollNow => self.engine().send(Command::PollNow),
            Step::Reload(n) => {
                let id = id(self, *n);
                self.engine().send(Command::LoadMachine(id));
            }
            Step::Force(status) => {
                self.force(status);
            }
            Step::ExpireTokens => control.expire_access_tokens(),
            Step::Advance(secs) => control.advance(Duration::from_secs(*secs)),
            Step::Sleep(millis) => {
                let until = Instant::now() + Duration::from_millis(*millis);
                self.engine()
                    .until("time to pass", |_| Instant::now() > until);
            }
            Step::Restart => self.restart(),
        }
    }

    /// An order of this kind. A removal takes back the newest done order or, if there is none, becomes the
    /// order that it would take back. Each block has its own file, and each tag is new.
    fn draft(&mut self, kind: ActionKind, n: usize) -> Draft {
        let made = kind.spec().undo.filter(|_| takes_back(kind));
        let made = made.map(|made| (made, self.newest_done(made)));
        let (kind, made) = match made {
            Some((other, None)) => (other, None),
            Some((_, made)) => (kind, made),
            None => (kind, None),
        };
        let number = self.confirmed.len() + 1;
        let machine = match kind.spec().devices {
            Devices::Unmanaged => self.unmanaged.clone(),
            Devices::Managed | Devices::Any | Devices::Every => self.machines[n].clone(),
        };
        let (mut draft, mark) = match (kind, made) {
            (ActionKind::BlockFile, _) => {
                let hash = format!("{number:040x}");
                (block(&hash), hash)
            }
            (ActionKind::RemoveBlock, Some((made, hash))) => {
                let id = made.own_action().expect("it is done");
                (removal(id.as_str(), &hash), hash)
            }
            (ActionKind::RemoveTag, Some((added, tag))) => {
                (Engine::draft(kind, &added.order.machine), tag)
            }
            (ActionKind::AddTag, _) => (Engine::draft(kind, &machine), format!("tag {number}")),
            (_, _) => return Engine::draft(kind, &machine),
        };
        if draft.parameters().contains(&TAG) {
            draft.set(&TAG, mark.as_str());
        }
        self.marks.insert(draft.entry, mark);
        draft
    }

    fn newest_done(&mut self, kind: ActionKind) -> Option<(Entry, String)> {
        let entries = self.engine().state.entries.iter().rev();
        let is_done = |e: &&Entry| matches!(e.status(), OrderStatus::Done { .. });
        let mut done = entries.filter(|e| e.order.task.kind() == Some(kind));
        let found = done.find(is_done)?.clone();
        let mark = self.marks[&found.id()].clone();
        Some((found, mark))
    }

    /// Sends the user's decision on the newest order.
    fn say(&mut self, command: fn(EntryId) -> Command) {
        if let Some(entry) = self.confirmed.last().copied() {
            self.engine().send(command(entry));
        }
    }

    /// Clears all faults, answers every question, and waits until every entry has ended.
    pub fn quiesce(&mut self) {
        self.control().clear_faults();
        if !self.engine().state.session.is_signed_in() {
            self.restart();
        }
        for round in 0..ROUNDS {
            let entries = &self.engine().state.entries;
            if entries.iter().all(|e| e.status().is_end()) {
                return;
            }
            let is_held = |e: &&Entry| matches!(e.status(), OrderStatus::Held { .. });
            let held: Vec<_> = entries.iter().filter(is_held).map(Entry::id).collect();
            for entry in held {
                self.engine().send(Command::Withdraw(entry));
            }
            // A forced state lasts until another one is forced.
            while round > 5 && self.force("Succeeded") {}
            let control = self.control();
            let until = Instant::now() + Duration::from_millis(400);
            self.engine().until("ends", move |s| {
                control.advance(Duration::from_millis(200));
                Instant::now() > until || s.entries.iter().all(|e| e.status().is_end())
            });
        }
    }

    /// Forces the newest open action into a state; `false` if there is none.
    fn force(&self, status: &str) -> bool {
        let is_open =
            |a: &serde_json::Value| matches!(a["status"].as_str(), Some("Pending" | "InProgress"));
        let open = self.control().actions().into_iter().rev().find(is_open);
        let id = open.and_then(|a| a["id"].as_str().map(str::to_owned));
        id.is_some_and(|id| self.control().set_status(&id, status))
    }

    pub fn judge(&mut self) -> Result<(), TestCaseError> {
        let actions = self.control().actions();
        let asked = self.control().requests();
        let entries = self.engine().state.entries.clone();
        prop_assert_eq!(
            entries.iter().map(Entry::id).collect::<Vec<_>>(),
            self.confirmed.clone(),
            "every confirmed order has its entry"
        );
        for entry in &entries {
            if self.marks.contains_key(&entry.id()) {
                self.judge_marked(entry, &entries, &asked)?;
                continue;
            }
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

    /// A block or a tag, made or removed: the tenant keeps no record of the request, so the state at the
    /// end shows whether it was executed.
    fn judge_marked(
        &self,
        entry: &Entry,
        entries: &[Entry],
        asked: &[LoggedRequest],
    ) -> Result<(), TestCaseError> {
        let (kind, mark) = (entry.order.task.kind(), &self.marks[&entry.id()]);
        let about = |other: &&Entry| self.marks.get(&other.id()) == Some(mark);
        let same = entries.iter().filter(about);
        let same = same.filter(|other| other.order.task.kind() == kind);
        let records = same.flat_map(Entry::records);
        let attempts = records.filter(|(_, record)| matches!(record, Record::Sent));
        let attempts = attempts.count();
        let block = entry.order.task.indicator();
        let is_of_it = |r: &&LoggedRequest| match kind {
            Some(ActionKind::BlockFile) => r.body["indicatorValue"] == mark.as_str(),
            Some(ActionKind::RemoveBlock) => block
                .as_ref()
                .is_some_and(|id| r.path.ends_with(&format!("/indicators/{id}"))),
            Some(ActionKind::AddTag) => {
                r.body["Value"] == mark.as_str() && r.body["Action"] == "Add"
            }
            _ => r.body["Value"] == mark.as_str() && r.body["Action"] == "Remove",
        };
        let requests = asked.iter().filter(|r| r.kind == RequestKind::Change);
        let requests = requests.filter(is_of_it).count();
        let said = format!("{kind:?} {mark}: {:?}", entry.records());
        prop_assert!(requests <= attempts, "{requests} of {attempts}: {said}");

        let control = self.control();
        let shown = control.indicators();
        let holds = shown
            .iter()
            .any(|one| one["indicatorValue"] == mark.as_str())
            || (control.tags(entry.order.machine.id.as_str())).contains(mark);
        let is_made = matches!(kind, Some(ActionKind::BlockFile | ActionKind::AddTag));
        let others = entries.iter().filter(about);
        let mut others = others.filter(|e| e.id() != entry.id() && e.order.task.kind().is_some());
        let is_taken_back = others.any(|other| {
            let takes_back = other.order.task.kind().is_some_and(takes_back);
            takes_back && matches!(other.status(), OrderStatus::Done { .. })
        });
        let is_true = match (entry.status(), is_made) {
            (OrderStatus::Done { .. }, true) => holds || is_taken_back,
            (OrderStatus::Done { .. }, false) => !holds,
            (
                OrderStatus::NotSent { .. } | OrderStatus::NotFound | OrderStatus::Refused { .. },
                is_made,
            ) => {
                if is_made {
                    !holds
                } else {
                    holds || is_taken_back
                }
            }
            (_, _) => false,
        };
        prop_assert!(is_true, "it holds: {holds}; {said}");
        Ok(())
    }
}
