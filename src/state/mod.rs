//! Facts: everything the window shows. Changed only by [`State::apply`] (rule 7).

mod actions;
mod aftermath;
mod apply;
mod asked;
mod attention;
mod batch;
mod clock;
mod contained;
mod entries;
mod files;
#[cfg(test)]
pub(crate) mod fixtures;
mod inventory;
mod journal;
mod panel;
mod recent;
mod records;
mod remote;
mod settings;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use actions::Actions;
pub use asked::{Answer, Asked, Asking, Progress};
pub use batch::{Batch, counted};
pub use clock::OwnClock;
pub use contained::{Contained, Direction, LeftOut, Request, WayBack};
pub use entries::Entries;
pub use inventory::Inventory;
pub use journal::JournalFacts;
pub use panel::{Panel, Panels};
pub use recent::Recent;
pub use remote::Remote;
pub use settings::SettingsFacts;

use crate::explain::Explanation;
use crate::guard::{
    DeviceList, Facts, History, KnownAlerts, KnownFile, OwnAction, Ownership, Policy, ReadFailures,
    ownership,
};
use crate::journal::{Entry, OrderStatus};
use crate::message::{
    DownloadNews, HashingNews, HistoryRange, OrderProgress, ReadIndicators, open_orders_on,
};
use crate::model::{
    AvailableActions, Budget, Cloud, EntryId, Epoch, FileFacts, HeapBytes, Host, KeyringState,
    Listed, Machine, MachineAction, MachineActionId, MachineId, MachineRef, Mode, SessionStatus,
    SignInMethod,
};

/// The time for which available actions are considered current.
const OFFER_HOLDS: SignedDuration = SignedDuration::from_mins(5);

/// The maximum number of cached reads of one kind; a shift needs fewer.
const MAX_READ: usize = 1_000;
/// The memory limit for them: many times the need of a usual shift.
const MAX_READ_BYTES: usize = 8 << 20;

/// Result of reading all actions of one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRead {
    /// Whether all of them were read: neither cut off nor partly unreadable.
    pub is_complete: bool,
}

impl HeapBytes for HistoryRead {
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// The application state that views read.
#[derive(Debug)]
pub struct State {
    pub mode: Mode,
    /// The cloud's name, or the stand-in's address.
    pub target: Box<str>,
    /// The cloud, if it is one.
    pub cloud: Option<Cloud>,
    /// The configured tenant: an id or a domain; empty if none is set.
    pub tenant: Box<str>,
    /// The client id of the application.
    pub client_id: Box<str>,
    /// The sign-out page for the browser.
    pub sign_out_page: Box<str>,
    /// The profile's name, in a run that has profiles.
    pub profile: Option<Box<str>>,
    /// The names of all profiles saved when this console started.
    pub profiles: Box<[Box<str>]>,
    /// The time zone for times in guardrail findings.
    pub zone: TimeZone,
    /// Start of this run by this computer's clock; `None` outside of a run.
    pub began_at: Option<Timestamp>,
    /// The rules in force.
    pub policy: Policy,
    /// Facts of the settings, the source of the rules.
    pub settings: SettingsFacts,
    pub session: SessionStatus,
    pub epoch: Epoch,
    pub keyring: KeyringState,
    /// File lookups, by SHA-1 and by the hash that was looked up.
    pub files: Recent<Box<str>, Remote<Option<Box<FileFacts>>>, MAX_READ, MAX_READ_BYTES>,
    /// The devices on which files were seen, by SHA-1.
    pub sightings: Recent<Box<str>, Remote<Listed<Arc<Machine>>>, MAX_READ, MAX_READ_BYTES>,
    /// Tenant-wide indicators.
    pub indicators: Box<Remote<ReadIndicators>>,
    /// The last local file to be hashed, and its progress.
    pub hashing: Option<(PathBuf, HashingNews)>,
    /// This computer's clock.
    pub clock: OwnClock,
    /// The lead of the service's clock over this computer's, as far as measured.
    pub service_ahead: SignedDuration,
    /// Identity of this computer, if known.
    pub host: Option<Host>,
    /// The method by which the last account signed in here.
    pub sign_in_method: Option<SignInMethod>,
    /// The number of sign-ins by the user during this run.
    pub sign_ins: usize,
    /// Why the last sign-in failed.
    pub sign_in_failure: Option<Explanation>,
    /// Why the current account's sign-in could not be renewed; cleared once it works.
    pub renewal_failure: Option<Explanation>,
    /// The sign-in method that the last refusal asks for.
    pub advised_method: Option<SignInMethod>,
    /// Whether this console may act; `None` until the journal was opened.
    pub journal: Option<Result<(), Explanation>>,
    /// Why it is not known yet whether this is the journal that was written last.
    pub journal_unchecked: Option<Explanation>,
    pub journal_facts: JournalFacts,
    pub inventory: Inventory,
    /// Direct queries to the service, with their answers.
    pub asked: Asked,
    /// Machines read individually, fresher than the list.
    pub machines: Recent<MachineId, Remote<Arc<Machine>>, MAX_READ, MAX_READ_BYTES>,
    /// Reads of all actions of a machine.
    pub histories: Recent<MachineId, Remote<HistoryRead>, MAX_READ, MAX_READ_BYTES>,
    /// Panel data of the machines that were viewed.
    pub panels: Panels,
    /// All known actions, by machine.
    pub actions: Actions,
    /// The period for which actions of all kinds were read, for the state column.
    pub recent_actions: Remote<HistoryRange>,
    /// The period for which containing actions were read, for *Contained now*.
    pub containments: Remote<HistoryRange>,
    /// This console's entries, oldest first.
    pub entries: Entries,
    pub progress: HashMap<EntryId, OrderProgress>,
    /// The last download of each entry's package in this run.
    pub downloads: HashMap<EntryId, DownloadNews>,
    /// The system's download folder, if known.
    pub download_folder: Option<PathBuf>,
    pub budget: Option<Budget>,
    /// Problems without a row of their own, newest last.
    pub problems: Vec<Problem>,
    /// The number of problems in this run, repetitions included.
    problems_raised: usize,
    revision: u64,
}

/// A revision number that no state has had yet.
fn next_revision() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// The failure of the last read, if it failed.
fn failure<T>(read: Option<&Remote<T>>) -> Option<&str> {
    let failure = read?.failure.as_ref()?;
    Some(&failure.headline)
}

/// A problem without a row of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Unique in this run; a repeated problem gets a new one.
    pub number: usize,
    pub explanation: Explanation,
}

impl State {
    /// A state without any facts yet.
    #[must_use]
    pub fn new(mode: Mode, target: &str, policy: Policy) -> Self {
        Self {
            mode,
            target: target.into(),
            cloud: None,
            tenant: Box::default(),
            client_id: Box::default(),
            sign_out_page: Box::default(),
            profile: None,
            profiles: Box::default(),
            zone: TimeZone::UTC,
            began_at: None,
            policy,
            settings: SettingsFacts::default(),
            session: SessionStatus::Restoring,
            epoch: Epoch::default(),
            keyring: KeyringState::Checking,
            files: Recent::default(),
            sightings: Recent::default(),
            indicators: Box::default(),
            hashing: None,
            clock: OwnClock::default(),
            service_ahead: SignedDuration::ZERO,
            host: None,
            sign_in_method: None,
            sign_ins: 0,
            sign_in_failure: None,
            renewal_failure: None,
            advised_method: None,
            journal: None,
            journal_unchecked: None,
            journal_facts: JournalFacts::default(),
            inventory: Inventory::default(),
            asked: Asked::default(),
            machines: Recent::default(),
            histories: Recent::default(),
            panels: Panels::default(),
            actions: Actions::default(),
            recent_actions: Remote::default(),
            containments: Remote::default(),
            entries: Entries::default(),
            progress: HashMap::new(),
            downloads: HashMap::new(),
            download_folder: None,
            budget: None,
            problems: Vec::new(),
            problems_raised: 0,
            revision: next_revision(),
        }
    }

    /// Changes with each event that may change facts about devices, actions, orders, the session or the rules,
    /// to invalidate derived values.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The freshest record of a machine.
    #[must_use]
    pub fn machine(&self, id: &MachineId) -> Option<&Arc<Machine>> {
        self.machines
            .get(id)
            .and_then(Remote::get)
            .or_else(|| self.inventory.get(id))
    }

    /// Actions on a machine by anyone; `None` if they were never read.
    #[must_use]
    pub fn history(&self, id: &MachineId) -> Option<History<'_>> {
        let read = self.histories.get(id)?.get()?;
        Some(History {
            actions: self.known_actions(id),
            is_complete: read.is_complete,
        })
    }

    /// Known actions of a machine, complete or not.
    #[must_use]
    pub fn known_actions(&self, id: &MachineId) -> &[MachineAction] {
        self.actions.of(id)
    }

    /// Whether actions in the list of all devices' actions were left out, by the service or here.
    #[must_use]
    pub fn is_action_history_cut(&self) -> bool {
        let looks = [&self.recent_actions, &self.containments];
        let mut looks = looks.into_iter().filter_map(Remote::get);
        self.actions.is_cut() || looks.any(|look| !look.is_complete)
    }

    /// One action by its id.
    #[must_use]
    pub fn action(&self, machine: &MachineId, action: &MachineActionId) -> Option<&MachineAction> {
        self.known_actions(machine).iter().find(|a| a.id == *action)
    }

    #[must_use]
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// Entries that have not ended.
    pub fn open_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.open()
    }

    /// The current account's orders that wait to be sent.
    pub fn unsent(&self) -> impl Iterator<Item = &Entry> {
        let account = self.session.account();
        self.waiting()
            .filter(move |entry| account.is_none_or(|account| entry.author.is(account)))
    }

    /// Any account's orders that wait to be sent.
    pub fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.entries.open().filter(|entry| {
            matches!(
                entry.status(),
                OrderStatus::Waiting | OrderStatus::Held { .. }
            )
        })
    }

    /// The sign-in failure for which no device list was read since the start: then nothing is known about which
    /// devices exist.
    #[must_use]
    pub fn why_nothing_was_read(&self) -> Option<&Explanation> {
        let is_usable = self.session.is_signed_in() || self.inventory.read_at.is_some();
        self.renewal_failure.as_ref().filter(|_| !is_usable)
    }

    /// Whether a request was sent whose reply is outstanding.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        self.entries
            .open()
            .any(|entry| *entry.status() == OrderStatus::Sent)
    }

    /// Whether orders are under way that the next run can follow only after a new sign-in.
    #[must_use]
    pub fn closing_ends_following(&self) -> bool {
        let is_lost = matches!(self.keyring, KeyringState::NotSaved { .. });
        is_lost && self.session.is_signed_in() && self.open_entries().next().is_some()
    }

    /// Other records with the host name of this machine.
    #[must_use]
    pub fn namesakes(&self, machine: &MachineRef) -> Vec<MachineRef> {
        self.inventory
            .namesakes(machine)
            .map(|m| m.reference())
            .collect()
    }

    /// Available actions of a machine, if read recently; `None` also if the last read failed, as they are only
    /// a hint.
    fn available(&self, id: &MachineId, now: Timestamp) -> Option<&AvailableActions> {
        let available = &self.panels.get(id)?.available;
        let age = now.duration_since(available.read_at()?);
        let is_good = age.abs() < OFFER_HOLDS && available.failure.is_none();
        available.get().filter(|_| is_good)
    }

    /// Actions created by those of `entries` that are the current account's.
    pub(super) fn own_actions<'a>(
        &'a self,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> impl Iterator<Item = OwnAction> {
        let account = self.session.account();
        entries.into_iter().filter_map(move |entry| {
            let is_own = account.is_some_and(|account| entry.author.is(account));
            let action = is_own.then(|| entry.own_action())??;
            let entry = entry.id();
            Some(OwnAction { action, entry })
        })
    }

    /// Whether the current account has requested an action on a machine, according to the journal or to the
    /// service.
    #[must_use]
    pub fn has_own_request(&self, id: &MachineId) -> bool {
        let Some(account) = self.session.account() else {
            return false;
        };
        let was_sent = |entry: &&Entry| entry.first_sent_at().is_some();
        let mut ordered = self.entries.of_machine(id).filter(was_sent);
        ordered.any(|entry| entry.author.is(account))
            || (self.known_actions(id).iter())
                .any(|action| ownership(action, Some(account), &[]) == Ownership::Mine)
    }

    fn known_alerts(&self, id: &MachineId) -> KnownAlerts<'_> {
        let alerts = self.panels.get(id).map(|panel| &panel.alerts);
        if let Some(why) = failure(alerts) {
            return KnownAlerts::Failed(why);
        }
        let Some(alerts) = alerts else {
            return KnownAlerts::NotChecked;
        };
        let Some(listed) = alerts.get() else {
            return if alerts.loading {
                KnownAlerts::Reading
            } else {
                KnownAlerts::NotChecked
            };
        };
        let open = listed.items.iter().filter(|alert| alert.is_open()).count();
        if listed.is_complete() {
            KnownAlerts::Open(open)
        } else {
            KnownAlerts::AtLeast(open)
        }
    }

    /// Converts this computer's time to the service's, which is needed for the age of a service timestamp: this
    /// computer's clock may be hours off.
    #[must_use]
    pub fn at_service(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.service_ahead).unwrap_or(now)
    }

    /// Runs `with` on the facts about one machine, for the guardrails.
    pub fn with_facts<R>(
        &self,
        machine: &MachineRef,
        now: Timestamp,
        with: impl FnOnce(&Facts<'_>) -> R,
    ) -> R {
        self.with_more_facts(machine, None, 1, now, with)
    }

    /// Like [`Self::with_facts`], for a task about the file with this hash, and one of several confirmed
    /// together.
    pub fn with_more_facts<R>(
        &self,
        machine: &MachineRef,
        hash: Option<&str>,
        batch_size: usize,
        now: Timestamp,
        with: impl FnOnce(&Facts<'_>) -> R,
    ) -> R {
        let namesakes: Vec<_> = self.inventory.namesakes(machine).cloned().collect();
        let merged_into = |id: &MachineId| self.machine(id)?.merged_into().cloned();
        let open_orders = open_orders_on(&machine.id, self.entries.open(), merged_into);
        let of_machine = self.entries.of_machine(&machine.id);
        let own_actions: Vec<_> = self.own_actions(of_machine).collect();
        with(&Facts {
            now: self.at_service(now),
            zone: &self.zone,
            policy: &self.policy,
            tickets: &self.settings.tickets,
            session: &self.session,
            machine: self.machine(&machine.id).map(AsRef::as_ref),
            unread: ReadFailures {
                record: failure(self.machines.get(&machine.id)),
                history: failure(self.histories.get(&machine.id)),
            },
            host: self.host.as_ref(),
            file: hash.map_or(KnownFile::NotYet, |hash| self.known_file(hash)),
            indicators: self.known_indicators(),
            namesakes: &namesakes,
            available: self.available(&machine.id, now),
            history: self.history(&machine.id),
            open_orders: &open_orders,
            own_actions: &own_actions,
            alerts: self.known_alerts(&machine.id),
            devices: DeviceList {
                list: self.inventory.all(),
                is_complete: self.inventory.is_complete(),
            },
            batch_size,
        })
    }
}
