//! What became of an order after it was done: undone by others, overtaken by a later one of ours, carried
//! out otherwise.

use jiff::Timestamp;

use super::{Remote, State};
use crate::action::{ActionKind, Change, ConditionState, Evidence};
use crate::journal::{
    Aftermath, Aftermaths, Entry, OrderStatus, Undone, status_in_full, status_in_short,
};
use crate::model::{MachineAction, MachineActionStatus, MachineRef, requestor_name};

/// Entries whose aftermath is worked out in one go.
const LOOKED_AT_ONCE: usize = 1_000;

fn is_done(entry: &Entry) -> bool {
    matches!(entry.status(), OrderStatus::Done { .. })
}

impl State {
    /// The device that the service acts on for an order; another record than the chosen one by its own
    /// name, where that is known.
    #[must_use]
    pub fn machine_of(&self, entry: &Entry) -> MachineRef {
        let machine = entry.machine();
        if entry.acts_elsewhere() {
            self.named(&machine.id, self.known_actions(&machine.id))
        } else {
            machine
        }
    }

    /// What somebody else has done since that undid an order of ours which had succeeded: lifted what it
    /// set, or set again what it lifted. Where a later order of ours took its place, that one is undone.
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

    /// What a later order of ours has made of the condition that this one brought about.
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

    /// The reading of the action that an order made.
    fn own_reading(&self, entry: &Entry) -> Option<&MachineAction> {
        self.action(&entry.machine().id, &entry.own_action()?)
    }

    /// Deviation of a succeeded order of ours, such as an isolation that leaves more connected, or a
    /// block that ends at another time.
    #[must_use]
    pub fn deviation_of(&self, entry: &Entry) -> Option<String> {
        entry.deviation(self.own_reading(entry))
    }

    /// Whether the investigation that an order started waits for a person to approve what it is to do.
    pub(super) fn awaits_approval(&self, entry: &Entry) -> bool {
        let read = self.own_reading(entry);
        !entry.status().is_end() && read.is_some_and(MachineAction::awaits_approval)
    }

    /// Whether somebody else's request, which the service kept instead of this one, has ended without
    /// bringing about what was wanted.
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

    /// All of it, for whatever says how an order stands.
    #[must_use]
    pub fn became(&self, entry: &Entry) -> Aftermath {
        let undone = self.undone_by(entry).and_then(|evidence| {
            let action = self.action(&entry.machine().id, &evidence.action)?;
            Some(Undone {
                done: ActionKind::of(action)?.spec().done,
                by: requestor_name(evidence.by.as_deref()).into(),
                at: evidence.since,
            })
        });
        // Until its device was read, what the journal has of it.
        let is_unread = self.known_actions(&entry.machine().id).is_empty();
        let noted = || entry.unread_reversal().filter(|_| is_unread);
        Aftermath {
            read_at: self.actions_read_at(entry),
            variant: entry.variant(self.own_reading(entry)).map(Into::into),
            undone: undone.or_else(noted),
            awaits_approval: self.awaits_approval(entry),
        }
    }

    /// When it was last read in whole what others have done to the device of an order.
    #[must_use]
    pub fn actions_read_at(&self, entry: &Entry) -> Option<Timestamp> {
        let history = self.histories.get(&entry.machine().id);
        let history = history.filter(|read| read.get().is_some_and(|read| read.is_complete));
        let look = self.containments.get();
        let is_whole = look.is_some_and(|look| look.is_complete) && !self.actions.is_cut();
        let contained = self.containments.read_at().filter(|_| is_whole);
        history.and_then(Remote::read_at).max(contained)
    }

    /// Adds what became of those orders of which more is known than the journal has, for what is written
    /// out. From this place of the journal on it looks at some, for no frame waits for a long journal; the
    /// place to go on at, `None` at the end.
    #[must_use]
    pub fn gather_aftermath(&self, from: usize, aftermath: &mut Aftermaths) -> Option<usize> {
        let all: &[Entry] = &self.entries;
        let rest = all.get(from..).unwrap_or_default();
        if from == 0 {
            // A table that grows with what is in it moves all of that in one frame.
            aftermath.reserve(rest.len());
        }
        let some = &rest[..rest.len().min(LOOKED_AT_ONCE)];
        aftermath.extend(some.iter().filter_map(|entry| {
            let became = self.became(entry);
            (became != Aftermath::default()).then(|| (entry.id(), became))
        }));
        (some.len() < rest.len()).then_some(from + some.len())
    }

    /// The status of an order with everything that its word alone leaves out. `at` writes a time.
    #[must_use]
    pub fn status_words(&self, entry: &Entry, at: impl Fn(Timestamp) -> String) -> String {
        status_in_full(entry, &self.became(entry), at)
    }

    /// The same in short: no person and no time.
    #[must_use]
    pub fn status_word(&self, entry: &Entry) -> String {
        status_in_short(entry, &self.became(entry))
    }
}

#[cfg(test)]
mod tests;
