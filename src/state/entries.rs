//! This console's entries, and the positions of those that every frame needs: no frame
//! walks all that was ever journalled.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Deref;

use jiff::Timestamp;

use crate::action::{Evidence, Task};
use crate::journal::{Entry, OrderStatus, Record};
use crate::model::{EntryId, MachineActionId, MachineId};
use crate::state::attention::Unread;

/// All entries, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    all: Vec<Entry>,
    by_id: HashMap<EntryId, usize>,
    by_machine: HashMap<MachineId, Vec<usize>>,
    /// The machines that they are about, each once.
    machines: Vec<MachineId>,
    by_batch: HashMap<EntryId, Vec<usize>>,
    /// Entries that made an action of the service, or one in whose place somebody else's came.
    by_action: HashMap<MachineActionId, Vec<usize>>,
    /// When other actions ended without success that had kept an order of ours from being queued.
    theirs_failed: HashMap<MachineActionId, Timestamp>,
    /// Orders that had succeeded and were undone by somebody else, with how many records they had when that
    /// was learnt: clocks that differ tell nothing of what was read after it.
    lifted: HashMap<EntryId, usize>,
    /// The same, with what has undone each, in the order in which that was learnt.
    reversals: Vec<(EntryId, Evidence)>,
    /// Those of which the service says more than their status tells, and a person has to read it.
    remarked: HashSet<EntryId>,
    /// Batches in the order of their confirmation.
    batches: Vec<EntryId>,
    /// Entries that have not ended.
    open: BTreeSet<usize>,
    /// Unacknowledged entries that went wrong, have an unknown outcome, or are held.
    attention: Unread,
    /// Those of them that are held.
    held: Unread,
    /// Entries that have ended and need no attention.
    ended: BTreeSet<usize>,
    /// How many the file held when it was last read: orders of an earlier run, or of another console.
    of_earlier_runs: usize,
    is_lined_up: bool,
    /// Grows with each change; what is derived from them remembers the one it came from.
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

    /// Adds entries of the file, or replaces known ones by what the file has: orders of earlier runs, or of
    /// another console.
    pub(super) fn put_read(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.set(entry);
        }
        self.of_earlier_runs = self.all.len();
    }

    /// Lines up what a person has to read by the time since which it has needed that: once, at the start,
    /// where nobody has seen it in another order yet.
    pub(super) fn line_up(&mut self) {
        if !std::mem::replace(&mut self.is_lined_up, true) {
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
        self.sort_in(index);
        // Whether a cancellation came from here is known only now.
        if let Task::Cancel { action, .. } = &self.all[index].order.task {
            for cancelled in self.by_action.get(action).cloned().unwrap_or_default() {
                self.sort_in(cancelled);
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

    /// Moves an entry to the index of its present status.
    fn sort_in(&mut self, index: usize) {
        let entry = &self.all[index];
        // The service may carry an order over to another record of the device.
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

    /// Whether an entry waits for a person to have read it.
    #[must_use]
    pub fn needs_attention(&self, entry: &Entry) -> bool {
        let status = entry.status();
        let id = entry.id();
        let says_more =
            entry.acts_elsewhere() || self.lifted.contains_key(&id) || self.remarked.contains(&id);
        (entry.unread_reversal().is_some()
            || (status.needs_person() || says_more) && !self.is_read(entry))
            // What this console itself has cancelled went as it was meant to.
            && !status.was_cancelled_here(|tag| self.get(tag))
    }

    /// Whether a person has acknowledged an entry's status; where somebody else's request came in its
    /// place, also how that ended.
    fn is_read(&self, entry: &Entry) -> bool {
        let Some(read) = entry.acknowledged() else {
            return false;
        };
        if let Some(known) = self.lifted.get(&entry.id()) {
            let mut since = entry.records().iter().skip(*known);
            return since.any(|(_, record)| matches!(record, Record::Acknowledged { .. }));
        }
        let OrderStatus::NotOurs { action, .. } = entry.status() else {
            return true;
        };
        let failed = self.theirs_failed.get(action);
        failed.is_none_or(|failed| *failed <= read.at)
    }

    /// An action ended without success. Where it had replaced an order of ours, the device
    /// is not in the state that somebody wanted, and a person has to read that.
    pub(super) fn note_failed(&mut self, action: &MachineActionId, at: Timestamp) {
        let indices = self.by_action.get(action).cloned().unwrap_or_default();
        let is_theirs =
            |index: &usize| matches!(self.all[*index].status(), OrderStatus::NotOurs { .. });
        if indices.iter().any(is_theirs) {
            self.theirs_failed.insert(action.clone(), at);
            for index in indices {
                self.sort_in(index);
            }
        }
    }

    /// Somebody else has undone what an order brought about, and a person has to read that.
    pub(super) fn note_lifted(&mut self, id: EntryId, reversal: Evidence) {
        if let Some(index) = self.index_of(id)
            && !self.lifted.contains_key(&id)
        {
            self.lifted.insert(id, self.all[index].records().len());
            self.reversals.push((id, reversal));
            self.generation += 1;
            self.sort_in(index);
        }
    }

    /// Orders that somebody else has undone, as far as a person has to read that in this run: those that came
    /// to be known after the first `known` of them.
    #[must_use]
    pub fn reversals_after(&self, known: usize) -> &[(EntryId, Evidence)] {
        self.reversals.get(known..).unwrap_or_default()
    }

    /// Notes whether the service says more of an order than its status tells.
    pub(super) fn note_remark(&mut self, id: EntryId, says_more: bool) {
        let is_changed = if says_more {
            self.remarked.insert(id)
        } else {
            self.remarked.remove(&id)
        };
        if let Some(index) = self.index_of(id).filter(|_| is_changed) {
            self.generation += 1;
            self.sort_in(index);
        }
    }

    /// The entry that made an action, as far as the service credits it to this console's order.
    #[must_use]
    pub fn creator_of(&self, action: &MachineActionId) -> Option<&Entry> {
        let indices = self.by_action.get(action)?.iter().rev();
        let mut entries = indices.map(|index| &self.all[*index]);
        entries.find(|entry| entry.own_action().as_ref() == Some(action))
    }

    /// Whether an entry was in the journal when that was opened.
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

    /// Entries that a person has to read, in the order in which they came to need it.
    pub fn attention(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.attention.indices().map(|index| &self.all[index])
    }

    /// Those of [`Self::attention`] that wait for a person to insist on them or to withdraw them.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.held.indices().map(|index| &self.all[index])
    }

    /// Entries that have come to need attention since this was asked last, with the same `mark`.
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

    /// Machines that an entry is about, each once: of a long journal some can be looked at, and others later.
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
