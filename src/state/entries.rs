//! This console's entries, and the places of those that are asked for in every frame: no frame
//! walks all that was ever journalled.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Deref;

use jiff::Timestamp;

use crate::journal::{Entry, OrderStatus, Record};
use crate::model::{EntryId, MachineActionId, MachineId};
use crate::state::attention::Unread;

/// All entries, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    all: Vec<Entry>,
    by_id: HashMap<EntryId, usize>,
    by_machine: HashMap<MachineId, Vec<usize>>,
    by_batch: HashMap<EntryId, Vec<usize>>,
    /// Entries that made an action of the service, or one in whose place somebody else's came.
    by_action: HashMap<MachineActionId, Vec<usize>>,
    /// When actions ended without success in the place of which an order of ours was not queued.
    theirs_failed: HashMap<MachineActionId, Timestamp>,
    /// Orders that had succeeded and were undone by somebody else, with how many records they had when that
    /// was learnt: clocks that differ tell nothing of what was read after it.
    lifted: HashMap<EntryId, usize>,
    /// Those of which the service says more than their status tells, and a person has to read it.
    remarked: HashSet<EntryId>,
    /// Batches in the order of their confirmation.
    batches: Vec<EntryId>,
    /// Entries that have not ended.
    open: BTreeSet<usize>,
    /// Unacknowledged entries that went wrong, have an unknown outcome, or are held.
    attention: Unread,
    /// Entries that have ended and need no attention.
    ended: BTreeSet<usize>,
    /// How many the journal held when it was opened: orders of an earlier run.
    of_earlier_runs: usize,
    /// Grows with each change; what is derived from them remembers the one it came from.
    generation: u64,
}

impl Entries {
    /// Adds an entry, or replaces a known one by a version with more records.
    pub(super) fn put(&mut self, entry: Entry) {
        let index = match self.by_id.get(&entry.id()) {
            Some(&index) if self.all[index].records().len() > entry.records().len() => return,
            Some(&index) => {
                self.all[index] = entry;
                index
            }
            None => self.push(entry),
        };
        self.generation += 1;
        self.sort_in(index);
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
        let machine = entry.order.machine.id.clone();
        self.by_machine.entry(machine).or_default().push(index);
        self.all.push(entry);
        index
    }

    /// Moves an entry to the index of its present status.
    fn sort_in(&mut self, index: usize) {
        let entry = &self.all[index];
        // The service may carry an order over to another record of the device.
        let acted_on = entry.machine().id;
        if acted_on != entry.order.machine.id {
            let of_machine = self.by_machine.entry(acted_on).or_default();
            if !of_machine.contains(&index) {
                of_machine.push(index);
                of_machine.sort_unstable();
            }
        }
        if let Some(action) = entry.status().action() {
            let of_action = self.by_action.entry(action.clone()).or_default();
            if let Err(gap) = of_action.binary_search(&index) {
                of_action.insert(gap, index);
            }
        }
        let is_open = !entry.status().is_end();
        let needs_attention = self.needs_attention(entry);
        self.attention.set(index, needs_attention);
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
        let says_more = self.lifted.contains_key(&id) || self.remarked.contains(&id);
        (status.needs_person() || says_more)
            && !self.is_read(entry)
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

    /// An action ended without success. Where it came in the place of an order of ours, the device
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
    pub(super) fn note_lifted(&mut self, id: EntryId) {
        if let Some(index) = self.index_of(id)
            && !self.lifted.contains_key(&id)
        {
            self.lifted.insert(id, self.all[index].records().len());
            self.generation += 1;
            self.sort_in(index);
        }
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

impl From<Vec<Entry>> for Entries {
    fn from(all: Vec<Entry>) -> Self {
        let mut entries = Self::default();
        for entry in all {
            entries.put(entry);
        }
        // Whether a cancellation came from here is known only now.
        let cancelled: Vec<_> = entries.attention.indices().collect();
        for index in cancelled {
            entries.sort_in(index);
        }
        let all = &entries.all;
        entries
            .attention
            .sort_by_key(|index| all[index].status_since());
        entries.of_earlier_runs = entries.all.len();
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionKind, Task};
    use crate::journal::NotSentReason;
    use crate::model::{HResult, MachineActionStatus, MachineActionType};
    use crate::state::fixtures;

    const ACTION: &str = "b89eb834";

    fn cancellation_of(action: &str) -> Task {
        Task::Cancel {
            action: MachineActionId::parse(action).expect("a literal id"),
            action_type: MachineActionType::Isolate,
        }
    }

    fn entry(tag: &str, records: Vec<Record>) -> Entry {
        let order = fixtures::order(tag, fixtures::machine_ref("a1", None), ActionKind::Isolate);
        fixtures::entry(fixtures::author(), order, records)
    }

    fn entry_of(tag: &str, task: Task, records: Vec<Record>) -> Entry {
        let machine = fixtures::machine_ref("a1", None);
        let mut order = fixtures::order(tag, machine, ActionKind::Isolate);
        order.task = task;
        fixtures::entry(fixtures::author(), order, records)
    }

    fn unknown() -> Record {
        Record::Unknown {
            why: "reset".into(),
        }
    }

    fn acknowledged(status: &str) -> Record {
        Record::Acknowledged {
            status: status.into(),
            object_id: "o".into(),
            account: "jane".into(),
        }
    }

    fn finished(status: MachineActionStatus, comment: Option<&str>) -> Record {
        Record::Finished {
            action: MachineActionId::parse(ACTION).expect("a literal id"),
            status,
            hresult: HResult(0),
            by: None,
            comment: comment.map(Into::into),
            service_time: None,
        }
    }

    fn needs_attention(records: Vec<Record>) -> bool {
        let entries = Entries::from(vec![entry("cdn-00000001", records)]);
        entries.attention_count() == 1
    }

    #[test]
    fn what_went_wrong_needs_attention_until_it_is_acknowledged() {
        let not_sent = |why| Record::NotSent { why, detail: None };
        let accepted = Record::Accepted {
            action: MachineActionId::parse("b89eb834").expect("a literal id"),
            status: MachineActionStatus::Pending,
        };
        for wrong in [
            unknown(),
            Record::NotFound,
            Record::Refused {
                status: 403,
                code: "".into(),
                message: "".into(),
            },
            Record::NotOurs {
                action: MachineActionId::parse("b89eb834").expect("a literal id"),
                requestor: "sam".into(),
                created: None,
            },
            finished(MachineActionStatus::Failed, None),
            finished(MachineActionStatus::TimeOut, None),
            finished(MachineActionStatus::Cancelled, None),
            not_sent(NotSentReason::ConsoleEnded),
        ] {
            let key = entry("cdn-00000001", vec![wrong.clone()]).status().key();
            assert!(needs_attention(vec![wrong.clone()]), "{key}");
            assert!(!needs_attention(vec![wrong, acknowledged(key)]), "{key}");
        }
        assert!(!needs_attention(vec![]));
        assert!(!needs_attention(vec![accepted.clone()]));
        assert!(!needs_attention(vec![not_sent(NotSentReason::Withdrawn)]));
        assert!(!needs_attention(vec![finished(
            MachineActionStatus::Succeeded,
            None
        )]));
        assert!(!needs_attention(vec![unknown(), accepted.clone()]), "found");
        let acknowledged = vec![unknown(), acknowledged("Unknown"), accepted];
        assert!(!needs_attention(acknowledged.clone()));
        let ends_badly = [
            acknowledged,
            vec![finished(MachineActionStatus::Failed, None)],
        ];
        assert!(needs_attention(ends_badly.concat()), "it comes back");
    }

    #[test]
    fn what_was_cancelled_from_here_went_as_it_was_meant_to() {
        let cancelled = |comment: &str| finished(MachineActionStatus::Cancelled, Some(comment));
        let mut entries = Entries::default();
        entries.put(entry("cdn-00000001", Vec::new()));
        let own = || entry_of("cdn-00000002", cancellation_of(ACTION), Vec::new());
        entries.put(own());
        entries.put(entry("cdn-00000003", Vec::new()));
        let other = cancellation_of("c0ffee");
        entries.put(entry_of("cdn-00000004", other, Vec::new()));
        entries.put(entry(
            "cdn-00000001",
            vec![cancelled("[cdn-00000002] mistake")],
        ));
        assert_eq!(entries.attention_count(), 0);
        for (tag, whose) in [
            ("cdn-00000009", "another console's"),
            ("cdn-00000001", "its own, quoted by a colleague"),
            ("cdn-00000003", "one of an order that cancels nothing"),
            ("cdn-00000004", "one of the cancellation of another action"),
        ] {
            let mut entries = entries.clone();
            let comment = format!("[{tag}] no");
            let by_tag = vec![Record::Sent, cancelled(&comment)];
            entries.put(entry("cdn-00000001", by_tag));
            assert_eq!(entries.attention_count(), 1, "{whose}");
        }
        // From the journal the cancellation comes after what it cancelled.
        let all = vec![
            entry("cdn-00000001", vec![cancelled("[cdn-00000002] mistake")]),
            own(),
        ];
        assert_eq!(Entries::from(all).attention_count(), 0);
    }

    #[test]
    fn not_ours_that_ends_badly_needs_attention_again() {
        let theirs = Record::NotOurs {
            action: MachineActionId::parse(ACTION).expect("a literal id"),
            requestor: "sam".into(),
            created: None,
        };
        let at = |secs| Timestamp::from_second(secs).expect("a literal time");
        let mut entry = entry("cdn-00000001", vec![Record::Sent, theirs]);
        entry.push(at(10), acknowledged("SomeoneElses"));
        let mut entries = Entries::default();
        entries.put(entry.clone());
        assert_eq!(entries.attention_count(), 0);
        let failed = MachineActionId::parse(ACTION).expect("a literal id");
        let other = MachineActionId::parse("c0ffee").expect("a literal id");
        entries.note_failed(&other, at(20));
        assert_eq!(entries.attention_count(), 0);
        entries.note_failed(&failed, at(5));
        assert_eq!(entries.attention_count(), 0, "read after its end");
        entries.note_failed(&failed, at(20));
        assert_eq!(entries.attention_count(), 1);
        entry.push(at(30), acknowledged("SomeoneElses"));
        entries.put(entry);
        assert_eq!(entries.attention_count(), 0);
    }

    #[test]
    fn an_entry_moves_from_list_to_list_and_is_in_no_two() {
        let mut entries = Entries::default();
        let tag = "cdn-00000001";
        let done = finished(MachineActionStatus::Succeeded, None);
        let mut records = vec![Record::Sent];
        let counts = |entries: &Entries| {
            (
                entries.open().count(),
                entries.attention_count(),
                entries.ended_count(),
            )
        };
        entries.put(entry(tag, records.clone()));
        assert_eq!(counts(&entries), (1, 0, 0));
        records.push(unknown());
        entries.put(entry(tag, records.clone()));
        assert_eq!(counts(&entries), (1, 1, 0), "open, and to be read");
        records.push(done);
        entries.put(entry(tag, records.clone()));
        assert_eq!(counts(&entries), (0, 0, 1));
        entries.put(entry(tag, vec![Record::Sent]));
        assert_eq!(counts(&entries), (0, 0, 1), "old news change nothing");
        assert_eq!(entries.len(), 1);
    }
}
