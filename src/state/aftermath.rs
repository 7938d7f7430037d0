//! The aftermath of completed orders: reversed by others, superseded by a later order, or executed otherwise
//! than ordered.

use jiff::Timestamp;

use super::{Remote, State};
use crate::action::{ActionKind, Change, ConditionState, Evidence};
use crate::journal::{
    Aftermath, Aftermaths, Entry, OrderStatus, Reversal, status_in_full, status_in_short,
};
use crate::model::{MachineAction, MachineActionStatus, MachineRef, requestor_name};

/// The number of entries whose aftermath is computed per call.
const LOOKED_AT_ONCE: usize = 1_000;

fn is_done(entry: &Entry) -> bool {
    matches!(entry.status(), OrderStatus::Done { .. })
}

impl State {
    /// The device on which the service executes an order; a record other than the chosen one has its own name,
    /// if known.
    #[must_use]
    pub fn machine_of(&self, entry: &Entry) -> MachineRef {
        let machine = entry.machine();
        if entry.acts_elsewhere() {
            self.named(&machine.id, self.known_actions(&machine.id))
        } else {
            machine
        }
    }

    /// Someone else's later reversal of a succeeded order: a release of what it set, or a repetition of what it
    /// lifted. `None` if a later order of this console superseded it.
    #[must_use]
    pub fn undone_by(&self, entry: &Entry) -> Option<&Evidence> {
        if !is_done(entry) {
            return None;
        }
        let (condition, is_set) = match entry.order.task.change() {
            Change::Sets(condition) => (condition, true),
            Change::Clears(condition) => (condition, false),
            Change::Nothing => return None,
        };
        let conditions = self.actions.conditions(&entry.machine().id)?;
        let evidence = match conditions.ended(condition) {
            ConditionState::No(evidence) if is_set => evidence,
            ConditionState::Yes(evidence) if !is_set => evidence,
            ConditionState::Yes(_)
            | ConditionState::No(_)
            | ConditionState::Changing { .. }
            | ConditionState::Unclear(_)
            | ConditionState::Unknown => return None,
        };
        let is_later = (evidence.since).is_some_and(|since| since >= entry.status_time().0);
        let is_theirs = self.entries.creator_of(&evidence.action).is_none();
        (is_later && is_theirs && self.overtaken_by(entry).is_none()).then_some(evidence)
    }

    /// The later order of this console that superseded this one's condition.
    #[must_use]
    pub fn overtaken_by(&self, entry: &Entry) -> Option<&Entry> {
        let machine = entry.machine();
        let mut newest_first = self.entries.of_machine(&machine.id).rev();
        if entry.order.task.is_tenant_wide() {
            return newest_first.find(|later| entry.is_taken_back_by(later));
        }
        let changed = |entry: &Entry| match entry.order.task.change() {
            Change::Sets(condition) | Change::Clears(condition) => Some(condition),
            Change::Nothing => None,
        };
        let own = changed(entry).filter(|_| is_done(entry))?;
        let mut newer = newest_first.take_while(|e| e.id() != entry.id());
        newer.find(|later| {
            changed(later).is_some_and(|condition| condition.ends_with(own))
                && is_done(later)
                && later.machine().id == machine.id
        })
    }

    /// The action that an order created, as last read.
    fn own_reading(&self, entry: &Entry) -> Option<&MachineAction> {
        self.action(&entry.machine().id, &entry.own_action()?)
    }

    /// The deviation of a succeeded order, such as an isolation with more exceptions, or a block with another
    /// expiry.
    #[must_use]
    pub fn deviation_of(&self, entry: &Entry) -> Option<String> {
        entry.deviation(self.own_reading(entry))
    }

    /// Whether the investigation that an order started waits for approval of its remediation.
    pub(super) fn awaits_approval(&self, entry: &Entry) -> bool {
        let read = self.own_reading(entry);
        !entry.status().is_end() && read.is_some_and(MachineAction::awaits_approval)
    }

    /// Whether someone else's request, which the service kept instead of this one, has ended without success.
    #[must_use]
    pub fn ended_without_success(&self, entry: &Entry) -> bool {
        let OrderStatus::NotOurs { action, .. } = entry.status() else {
            return false;
        };
        let theirs = self.action(&entry.order.machine.id, action);
        theirs.is_some_and(|theirs| {
            theirs.status.is_final() && theirs.status != MachineActionStatus::Succeeded
        })
    }

    /// The whole aftermath, for the wording of a status.
    #[must_use]
    pub fn aftermath(&self, entry: &Entry) -> Aftermath {
        let undone = self.undone_by(entry).and_then(|evidence| {
            let action = self.action(&entry.machine().id, &evidence.action)?;
            Some(Reversal {
                done: ActionKind::of(action)?.spec().done,
                by: requestor_name(evidence.by.as_deref()).into(),
                at: evidence.since,
            })
        });
        // Until the device was read, the journal's record of it.
        let is_unread = self.known_actions(&entry.machine().id).is_empty();
        let noted = || entry.unread_reversal().filter(|_| is_unread);
        Aftermath {
            read_at: self.actions_read_at(entry),
            variant: entry.variant(self.own_reading(entry)).map(Into::into),
            reversal: undone.or_else(noted),
            awaits_approval: self.awaits_approval(entry),
        }
    }

    /// Time of the last complete read of others' actions on an order's device.
    #[must_use]
    pub fn actions_read_at(&self, entry: &Entry) -> Option<Timestamp> {
        let history = self.histories.get(&entry.machine().id);
        let history = history.filter(|read| read.get().is_some_and(|read| read.is_complete));
        let look = self.containments.get();
        let is_whole = look.is_some_and(|look| look.is_complete) && !self.actions.is_cut();
        let contained = self.containments.read_at().filter(|_| is_whole);
        history.and_then(Remote::read_at).max(contained)
    }

    /// Collects the aftermath of entries for an export, if it goes beyond the journal. Starts at index `from`
    /// and covers a limited number, to keep frames short; returns the index for the next call, `None` at the
    /// end.
    #[must_use]
    pub fn gather_aftermath(&self, from: usize, aftermath: &mut Aftermaths) -> Option<usize> {
        let all: &[Entry] = &self.entries;
        let rest = all.get(from..).unwrap_or_default();
        if from == 0 {
            // A growing table would move all its elements in one frame.
            aftermath.reserve(rest.len());
        }
        let some = &rest[..rest.len().min(LOOKED_AT_ONCE)];
        aftermath.extend(some.iter().filter_map(|entry| {
            let aftermath = self.aftermath(entry);
            (aftermath != Aftermath::default()).then(|| (entry.id(), aftermath))
        }));
        (some.len() < rest.len()).then_some(from + some.len())
    }

    /// An order's status in full, with its aftermath. `at` formats a time.
    #[must_use]
    pub fn status_words(&self, entry: &Entry, at: impl Fn(Timestamp) -> String) -> String {
        status_in_full(entry, &self.aftermath(entry), at)
    }

    /// An order's status in short, without names and times.
    #[must_use]
    pub fn status_word(&self, entry: &Entry) -> String {
        status_in_short(entry, &self.aftermath(entry))
    }
}

#[cfg(test)]
mod tests;
