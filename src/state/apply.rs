//! Application of events to the state: one small function per group of events.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Asked, HistoryRead, Panels, Problem, Recent, Remote, State, next_revision};
use crate::explain::{Explanation, NextStep};
use crate::journal::{Entry, OrderStatus, UnclearReply};
use crate::message::{Event, InventoryNews};
use crate::model::{
    EntryId, Epoch, Listed, MachineAction, MachineActionStatus, MachineId, SessionStatus,
};

/// The maximum number of problems on screen.
const MAX_PROBLEMS: usize = 20;

impl State {
    /// Applies one event. The only place where facts change.
    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    pub fn apply(&mut self, event: Event) {
        if changes_facts(&event) {
            self.revision = next_revision();
        }
        if self.is_of_another_session(&event) {
            return;
        }
        match event {
            // The layout is no fact: the window handles it.
            Event::Window(_) => {}
            Event::Session { status, epoch } => self.apply_session(status, epoch),
            Event::SignInFailed(explanation) => self.sign_in_failure = Some(explanation),
            Event::SignInFailureOver => self.sign_in_failure = None,
            Event::RenewalFailed(explanation) => self.renewal_failure = Some(explanation),
            Event::Advice(sign_in_method) => self.advised_method = sign_in_method,
            Event::Keyring(keyring) => self.keyring = keyring,
            Event::File { hash, news, at, .. } => self.apply_file(hash, news, at),
            Event::Indicators { news, at, .. } => self.apply_indicators(news, at),
            Event::Hashing { file, news } => self.hashing = Some((file, news)),
            Event::ServiceAhead(ahead) => self.apply_service_ahead(ahead),
            Event::Host(host) => self.host = host,
            Event::SignInMethod(sign_in_method) => self.sign_in_method = sign_in_method,
            Event::Journal(result) => self.journal = Some(result),
            Event::JournalUnchecked(why) => self.journal_unchecked = why,
            Event::JournalWork(news) => self.journal_facts.apply(news),
            Event::Inventory { news, .. } => self.apply_inventory(news),
            Event::Asked { text, news, .. } => self.apply_asked(&text, news),
            Event::Reading { id, .. } => {
                self.machines.change(id.clone(), |read| read.loading = true);
                self.histories.change(id, |read| read.loading = true);
            }
            Event::Machine { id, result, at, .. } => self.apply_machine(id, result, at),
            Event::History { id, result, at, .. } => self.apply_history(id, result, at),
            Event::Panel { id, news, at, .. } => {
                self.panels.change(id, |panel| panel.apply(news, at));
            }
            Event::Actions { actions, .. } => {
                for action in actions {
                    self.learn(action);
                }
                self.note_left_out();
            }
            Event::EarlierEntries { entries, .. } => self.apply_entries(entries),
            Event::Entries(entries) => {
                self.apply_entries(entries);
                self.entries.sort_attention();
            }
            Event::Entry(entry) => self.apply_entry(*entry),
            Event::Progress { entry, progress } => {
                match progress {
                    Some(progress) => self.progress.insert(entry, progress),
                    None => self.progress.remove(&entry),
                };
            }
            Event::Download { entry, news, .. } => {
                self.downloads.insert(entry, news);
            }
            Event::Budget(budget) => self.budget = Some(budget),
            Event::Settings { file, news } => self.apply_settings(file, *news),
            Event::JournalCaution(caution) => {
                let next = NextStep::Outside(caution.remedy().into());
                self.note_problem(Explanation::harmless(caution.to_string(), next));
            }
            Event::Problem(explanation) => self.note_problem(explanation),
        }
    }

    /// Whether an event belongs to a session that has ended.
    fn is_of_another_session(&self, event: &Event) -> bool {
        matches!(
            event,
            Event::File { epoch, .. }
                | Event::Indicators { epoch, .. }
                | Event::Inventory { epoch, .. }
                | Event::Asked { epoch, .. }
                | Event::Reading { epoch, .. }
                | Event::Machine { epoch, .. }
                | Event::History { epoch, .. }
                | Event::Panel { epoch, .. }
                | Event::Actions { epoch, .. }
                | Event::Download { epoch, .. }
                if *epoch != self.epoch
        )
    }

    /// Appends a problem, once; drops the oldest above the limit.
    fn note_problem(&mut self, explanation: Explanation) {
        self.problems_raised += 1;
        self.problems
            .retain(|problem| problem.explanation != explanation);
        self.problems.push(Problem {
            number: self.problems_raised,
            explanation,
        });
        let excess = self.problems.len().saturating_sub(MAX_PROBLEMS);
        self.problems.drain(..excess);
    }

    fn apply_session(&mut self, status: SessionStatus, epoch: Epoch) {
        if epoch != self.epoch {
            // Another account or tenant: nothing of the previous one may be seen or acted on.
            self.inventory.forget();
            self.asked = Asked::default();
            self.machines = Recent::default();
            self.histories = Recent::default();
            self.panels = Panels::default();
            self.actions.forget();
            self.files = Recent::default();
            self.sightings = Recent::default();
            *self.indicators = Remote::default();
            self.recent_actions = Remote::default();
            self.containments = Remote::default();
            // The previous account's progress does not concern this one.
            self.progress.clear();
            self.downloads.clear();
            self.epoch = epoch;
        }
        if matches!(
            status,
            SessionStatus::SignedIn { .. }
                | SessionStatus::AskingForCode
                | SessionStatus::InBrowser(_)
        ) {
            self.sign_in_failure = None;
        }
        if status.is_signed_in() {
            self.advised_method = None;
        }
        if status.is_signed_in() || status == SessionStatus::SignedOut {
            self.renewal_failure = None;
        }
        let by_a_person = matches!(
            self.session,
            SessionStatus::WaitingForPerson(_)
                | SessionStatus::InBrowser(_)
                | SessionStatus::DifferentAccount { .. }
        );
        if by_a_person && status.is_signed_in() {
            self.sign_ins += 1;
        }
        self.session = status;
    }

    fn apply_inventory(&mut self, news: InventoryNews) {
        match news {
            InventoryNews::Started(at) => self.inventory.begin_reading(at),
            InventoryNews::Kept { at, machines } => self.inventory.keep(at, machines),
            InventoryNews::Slow(delay) => self.inventory.slow = Some(delay),
            InventoryNews::Page(machines) => {
                self.inventory.slow = None;
                self.asked.note_listed(&machines);
                let began_at = self.inventory.began_at.unwrap_or(Timestamp::MIN);
                self.learn_machines(machines, began_at);
            }
            InventoryNews::Done {
                at,
                unreadable,
                incomplete,
                seen,
            } => {
                let before = self.inventory.read_at.max(self.inventory.kept_at);
                self.inventory.loading = false;
                self.inventory.slow = None;
                self.inventory.read_at = Some(at);
                self.inventory.failure = None;
                self.inventory.kept_at = None;
                self.inventory.unreadable = unreadable;
                // An unreadable element may be one of the missing devices.
                if incomplete.is_none() && unreadable == 0 {
                    // Devices from direct queries stay: the service knows them, listed or not.
                    let seen: Vec<_> = self.asked.unlisted().cloned().chain(seen).collect();
                    self.inventory.keep_only(&seen, before, at);
                }
                self.inventory.end_reading(incomplete);
            }
            InventoryNews::Failed(explanation) => {
                self.inventory.loading = false;
                self.inventory.failure = Some(explanation);
            }
            InventoryNews::RecentActions(result) => {
                let at = self.inventory.read_at.unwrap_or_default();
                self.recent_actions.set(result, at);
            }
            InventoryNews::Containments(result) => {
                let at = self.inventory.read_at.unwrap_or_default();
                self.containments.set(result, at);
            }
        }
    }

    fn apply_history(
        &mut self,
        id: MachineId,
        result: Result<Listed<MachineAction>, Explanation>,
        at: Timestamp,
    ) {
        let result = result.map(|listed| {
            let is_complete = listed.is_complete();
            for action in listed.items {
                self.learn(action);
            }
            HistoryRead { is_complete }
        });
        self.histories.change(id, |read| read.set(result, at));
        self.note_left_out();
    }

    /// Marks a machine's history as incomplete if some of its actions were evicted.
    fn note_left_out(&mut self) {
        for id in self.actions.take_left_out() {
            if self.histories.get(&id).is_some() {
                self.histories.change(id, |read| {
                    if let Some((read, _)) = &mut read.value {
                        read.is_complete = false;
                    }
                });
            }
        }
    }

    fn learn(&mut self, action: MachineAction) {
        let Some(known) = self.actions.learn(action) else {
            return;
        };
        if let Some(at) = failed_at(known) {
            self.entries.note_failed(&known.id, at);
        }
        let made_by = self.entries.creator_of(&known.id).map(Entry::id);
        // Most machines have no orders.
        let is_ordered = |machine: &&MachineId| self.entries.of_machine(machine).next().is_some();
        if known.status == MachineActionStatus::Succeeded
            && let Some(machine) = known.machine_id.as_ref().filter(is_ordered).cloned()
        {
            self.note_reversals(&machine);
        }
        self.note_remark(made_by);
    }

    fn apply_entries(&mut self, entries: Vec<Entry>) {
        let ids: Vec<_> = entries.iter().map(Entry::id).collect();
        let machines: HashSet<_> = entries.iter().map(|entry| entry.machine().id).collect();
        self.entries.put_read(entries);
        for id in ids {
            self.note_what_is_known(id);
        }
        for machine in machines {
            self.note_reversals(&machine);
        }
    }

    fn apply_entry(&mut self, entry: Entry) {
        if entry.status().is_end() {
            self.progress.remove(&entry.id());
        }
        if let OrderStatus::Unknown {
            reply: UnclearReply::NeverShown(action),
            ..
        } = entry.status()
        {
            self.actions.remove(action, None);
        }
        let (id, machine) = (entry.id(), entry.machine().id);
        let before = self.entries.get(id).map(|known| known.machine().id);
        if before.is_some_and(|before| before != machine)
            && let Some(action) = entry.status().action()
        {
            // It is no longer on the machine where it was read before.
            self.actions.remove(action, Some(&machine));
        }
        self.entries.put(entry);
        self.note_what_is_known(id);
        self.note_reversals(&machine);
    }

    /// Applies what was read of an order's action before the order itself was known.
    fn note_what_is_known(&mut self, id: EntryId) {
        let theirs = self.entries.get(id).and_then(|entry| {
            let OrderStatus::NotOurs { action, .. } = entry.status() else {
                return None;
            };
            self.action(&entry.order.machine.id, action)
        });
        let failed = theirs.and_then(|theirs| Some((theirs.id.clone(), failed_at(theirs)?)));
        if let Some((action, at)) = failed {
            self.entries.note_failed(&action, at);
        }
        self.note_remark(Some(id));
    }
}

/// Whether an event may change values that are derived from facts.
const fn changes_facts(event: &Event) -> bool {
    !matches!(
        event,
        Event::Window(_)
            | Event::Budget(_)
            | Event::Progress { .. }
            | Event::Download { .. }
            | Event::Hashing { .. }
            | Event::ServiceAhead(_)
            | Event::JournalCaution(_)
            | Event::Problem(_)
    )
}

/// The time at which an action ended without success, if it did.
fn failed_at(action: &MachineAction) -> Option<Timestamp> {
    let succeeded = action.status == MachineActionStatus::Succeeded;
    let ended = action.last_updated.or(action.created);
    ended.filter(|_| action.status.is_final() && !succeeded)
}

#[cfg(test)]
mod tests;
