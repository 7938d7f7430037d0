//! This console's entries, indexed for what every frame needs, so that no frame walks the whole journal.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Deref;

use jiff::Timestamp;

use crate::action::{Evidence, Task};
use crate::journal::{Entry, OrderStatus, Record};
use crate::model::{EntryId, MachineActionId, MachineId};
use crate::state::attention::AttentionQueue;

/// All entries, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    all: Vec<Entry>,
    by_id: HashMap<EntryId, usize>,
    by_machine: HashMap<MachineId, Vec<usize>>,
    /// The machines of all entries, each once.
    machines: Vec<MachineId>,
    by_batch: HashMap<EntryId, Vec<usize>>,
    /// Entries by the action that they created, or that the service kept instead.
    by_action: HashMap<MachineActionId, Vec<usize>>,
    /// End times of other people's failed actions that the service had kept instead of an order of ours.
    theirs_failed: HashMap<MachineActionId, Timestamp>,
    /// Succeeded orders reversed by someone else, with the number of their records when the reversal was read:
    /// timestamps would depend on differing clocks.
    reversed: HashMap<EntryId, usize>,
    /// The same orders with their reversals, in the order in which these were read.
    reversals: Vec<(EntryId, Evidence)>,
    /// Entries with a deviation or a pending approval, which needs attention.
    remarked: HashSet<EntryId>,
    /// Batches in the order of their confirmation.
    batches: Vec<EntryId>,
    /// Entries that have not ended.
    open: BTreeSet<usize>,
    /// Unacknowledged entries that went wrong, have an unknown outcome, or are held.
    attention: AttentionQueue,
    /// The held ones among them.
    held: AttentionQueue,
    /// Entries that have ended and need no attention.
    ended: BTreeSet<usize>,
    /// The number of entries in the file when last read: orders of an earlier run, or of another console.
    of_earlier_runs: usize,
    is_attention_sorted: bool,
    /// Incremented on each change, to invalidate derived values.
    generation: u64,
}

impl Entries {
    /// Adds an entry, or replaces a known one by a version with more records.
    pub(super) fn put(&mut self, entry: Entry) {
        let known = self.get(entry.id());
        if known.is_none_or(|known| known.records().len() <= entry.records().len()) {
            self.set(entry);
        }
    }

    /// Adds or updates entries from the file: orders of earlier runs, or of another console.
    pub(super) fn put_read(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.set(entry);
        }
        self.of_earlier_runs = self.all.len();
    }

    /// Sorts the entries that need attention by the time since which they do: once, at the start, before they
    /// are on screen.
    pub(super) fn sort_attention(&mut self) {
        if !std::mem::replace(&mut self.is_attention_sorted, true) {
            let all = &self.all;
            for list in [&mut self.attention, &mut self.held] {
                list.sort_by_key(|index| all[index].status_since());
            }
        }
    }

    fn set(&mut self, entry: Entry) {
        let index = if let Some(&index) = self.by_id.get(&entry.id()) {
            self.all[index] = entry;
            index
        } else {
            self.push(entry)
        };
        self.generation += 1;
        self.reindex(index);
        // Only now is it known whether a cancellation came from here.
        if let Task::Cancel { action, .. } = &self.all[index].order.task {
            for cancelled in self.by_action.get(action).cloned().unwrap_or_default() {
                self.reindex(cancelled);
            }
        }
    }

    fn push(&mut self, entry: Entry) -> usize {
        let index = self.all.len();
        self.by_id.insert(entry.id(), index);
        if let Some(batch) = entry.order.batch {
            let members = self.by_batch.entry(batch).or_default();
            if members.is_empty() {
                self.batches.push(batch);
            }
            members.push(index);
        }
        self.note_machine(entry.order.machine.id.clone(), index);
        self.all.push(entry);
        index
    }

    fn note_machine(&mut self, machine: MachineId, index: usize) {
        let of_machine = match self.by_machine.entry(machine) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(new) => {
                self.machines.push(new.key().clone());
                new.insert(Vec::new())
            }
        };
        if let Err(gap) = of_machine.binary_search(&index) {
            of_machine.insert(gap, index);
        }
    }

    /// Moves an entry to the indices of its current status.
    fn reindex(&mut self, index: usize) {
        let entry = &self.all[index];
        // The service may move an order to another record of the device.
        let acted_on = entry.machine().id;
        if acted_on != entry.order.machine.id {
            self.note_machine(acted_on, index);
        }
        let entry = &self.all[index];
        if let Some(action) = entry.status().action() {
            let of_action = self.by_action.entry(action.clone()).or_default();
            if let Err(gap) = of_action.binary_search(&index) {
                of_action.insert(gap, index);
            }
        }
        let is_open = !entry.status().is_end();
        let needs_attention = self.needs_attention(entry);
        let is_held = matches!(entry.status(), OrderStatus::Held { .. });
        self.attention.set(index, needs_attention);
        self.held.set(index, needs_attention && is_held);
        let lists = [
            (&mut self.open, is_open),
            (&mut self.ended, !is_open && !needs_attention),
        ];
        for (list, belongs) in lists {
            if belongs {
                list.insert(index);
            } else {
                list.remove(&index);
            }
        }
    }

    /// Whether an entry waits to be acknowledged.
    #[must_use]
    pub fn needs_attention(&self, entry: &Entry) -> bool {
        let status = entry.status();
        let id = entry.id();
        let says_more = entry.acts_elsewhere()
            || self.reversed.contains_key(&id)
            || self.remarked.contains(&id);
        (entry.unread_reversal().is_some()
            || (status.needs_person() || says_more) && !self.is_read(entry))
            // An action cancelled by this console went as intended.
            && !status.was_cancelled_here(|tag| self.get(tag))
    }

    /// Whether an entry's status was acknowledged; if the service kept someone else's request instead, also the
    /// end of that.
    fn is_read(&self, entry: &Entry) -> bool {
        let Some(read) = entry.acknowledged() else {
            return false;
        };
        if let Some(known) = self.reversed.get(&entry.id()) {
            let mut since = entry.records().iter().skip(*known);
            return since.any(|(_, record)| matches!(record, Record::Acknowledged { .. }));
        }
        let OrderStatus::NotOurs { action, .. } = entry.status() else {
            return true;
        };
        let failed = self.theirs_failed.get(action);
        failed.is_none_or(|failed| *failed <= read.at)
    }

    /// Notes an action that ended without success. If it had replaced an order of ours, the device is not in
    /// the wanted state, and the order needs attention.
    pub(super) fn note_failed(&mut self, action: &MachineActionId, at: Timestamp) {
        let indices = self.by_action.get(action).cloned().unwrap_or_default();
        let is_theirs =
            |index: &usize| matches!(self.all[*index].status(), OrderStatus::NotOurs { .. });
        if indices.iter().any(is_theirs) {
            self.theirs_failed.insert(action.clone(), at);
            for index in indices {
                self.reindex(index);
            }
        }
    }

    /// Notes that someone else has reversed an order, which needs attention.
    pub(super) fn note_reversals(&mut self, id: EntryId, reversal: Evidence) {
        if let Some(index) = self.index_of(id)
            && !self.reversed.contains_key(&id)
        {
            self.reversed.insert(id, self.all[index].records().len());
            self.reversals.push((id, reversal));
            self.generation += 1;
            self.reindex(index);
        }
    }

    /// Reversals that need attention in this run, without the first `known` of them.
    #[must_use]
    pub fn reversals_after(&self, known: usize) -> &[(EntryId, Evidence)] {
        self.reversals.get(known..).unwrap_or_default()
    }

    /// Notes whether an entry has a deviation or a pending approval.
    pub(super) fn note_remark(&mut self, id: EntryId, says_more: bool) {
        let is_changed = if says_more {
            self.remarked.insert(id)
        } else {
            self.remarked.remove(&id)
        };
        if let Some(index) = self.index_of(id).filter(|_| is_changed) {
            self.generation += 1;
            self.reindex(index);
        }
    }

    /// The entry that created an action, if the service credits it to this console's order.
    #[must_use]
    pub fn creator_of(&self, action: &MachineActionId) -> Option<&Entry> {
        let indices = self.by_action.get(action)?.iter().rev();
        let mut entries = indices.map(|index| &self.all[*index]);
        entries.find(|entry| entry.own_action().as_ref() == Some(action))
    }

    /// Whether an entry was in the journal when it was opened.
    #[must_use]
    pub fn is_of_earlier_run(&self, id: EntryId) -> bool {
        let index = self.by_id.get(&id);
        index.is_some_and(|index| *index < self.of_earlier_runs)
    }

    #[must_use]
    pub fn get(&self, id: EntryId) -> Option<&Entry> {
        self.by_id.get(&id).map(|index| &self.all[*index])
    }

    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Index of an entry, counted from the oldest.
    #[must_use]
    pub fn index_of(&self, id: EntryId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// Entries that have not ended, oldest first.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.at(&self.open)
    }

    /// Entries that need attention, in the order in which they came to need it.
    pub fn attention(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.attention.indices().map(|index| &self.all[index])
    }

    /// Those of [`Self::attention`] that wait for the user to insist on or to withdraw them.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.held.indices().map(|index| &self.all[index])
    }

    /// Entries that came to need attention since the last call with this `mark`.
    pub fn attention_since(&self, mark: &mut u64) -> Vec<EntryId> {
        let indices = self.attention.places_since(mark);
        indices.map(|index| self.all[index].id()).collect()
    }

    #[must_use]
    pub fn attention_count(&self) -> usize {
        self.attention.len()
    }

    /// Entries that ended and need no attention, oldest first.
    pub fn ended(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.at(&self.ended)
    }

    #[must_use]
    pub fn ended_count(&self) -> usize {
        self.ended.len()
    }

    /// Entries about a machine, oldest first.
    pub fn of_machine(&self, id: &MachineId) -> impl DoubleEndedIterator<Item = &Entry> {
        let indices = self.by_machine.get(id).map(Vec::as_slice);
        let indices = indices.unwrap_or_default().iter();
        indices.map(|index| &self.all[*index])
    }

    /// Machines that have entries, each once: in a long journal they can be visited in parts.
    #[must_use]
    pub fn machines(&self) -> &[MachineId] {
        &self.machines
    }

    /// Batches in the order of their confirmation.
    pub(super) fn batches(&self) -> &[EntryId] {
        &self.batches
    }

    /// Entries that were confirmed together, oldest first.
    pub(super) fn of_batch(&self, id: EntryId) -> impl Iterator<Item = &Entry> {
        let indices = self.by_batch.get(&id).map(Vec::as_slice);
        let indices = indices.unwrap_or_default().iter();
        indices.map(|index| &self.all[*index])
    }

    fn at<'a>(
        &'a self,
        indices: &'a BTreeSet<usize>,
    ) -> impl DoubleEndedIterator<Item = &'a Entry> + Clone {
        indices.iter().map(|index| &self.all[*index])
    }
}

impl Deref for Entries {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.all
    }
}

impl<'a> IntoIterator for &'a Entries {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests;
