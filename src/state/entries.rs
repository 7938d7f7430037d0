//! This console's entries, and the places of those that are asked for in every frame: no frame
//! walks all that was ever journalled.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;

use crate::journal::{Entry, Standing};
use crate::model::{EntryId, MachineId};

/// All entries, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    all: Vec<Entry>,
    by_id: HashMap<EntryId, usize>,
    by_machine: HashMap<MachineId, Vec<usize>>,
    by_batch: HashMap<EntryId, Vec<usize>>,
    /// Batches in the order of their confirmation.
    batches: Vec<EntryId>,
    /// Not at an end.
    open: BTreeSet<usize>,
    /// Went wrong, and nobody has acknowledged it; also those whose outcome is unknown.
    attention: BTreeSet<usize>,
    /// At an end, and not in need of attention.
    settled: BTreeSet<usize>,
}

impl Entries {
    /// Takes an entry in, or more about one that is known; never less.
    pub(super) fn put(&mut self, entry: Entry) {
        let place = match self.by_id.get(&entry.id()) {
            Some(&place) if self.all[place].records().len() > entry.records().len() => return,
            Some(&place) => {
                self.all[place] = entry;
                place
            }
            None => self.push(entry),
        };
        self.sort_in(place);
    }

    fn push(&mut self, entry: Entry) -> usize {
        let place = self.all.len();
        self.by_id.insert(entry.id(), place);
        if let Some(batch) = entry.order.batch {
            let members = self.by_batch.entry(batch).or_default();
            if members.is_empty() {
                self.batches.push(batch);
            }
            members.push(place);
        }
        let machine = entry.order.machine.id.clone();
        self.by_machine.entry(machine).or_default().push(place);
        self.all.push(entry);
        place
    }

    /// Puts an entry where its present status belongs.
    fn sort_in(&mut self, place: usize) {
        let entry = &self.all[place];
        // The service may carry an order over to another record of the device.
        let acted_on = entry.machine().id;
        if acted_on != entry.order.machine.id {
            let of_machine = self.by_machine.entry(acted_on).or_default();
            if !of_machine.contains(&place) {
                of_machine.push(place);
                of_machine.sort_unstable();
            }
        }
        let is_open = !entry.standing().is_end();
        let needs_attention = self.needs_attention(entry);
        let lists = [
            (&mut self.open, is_open),
            (&mut self.attention, needs_attention),
            (&mut self.settled, !is_open && !needs_attention),
        ];
        for (list, belongs) in lists {
            if belongs {
                list.insert(place);
            } else {
                list.remove(&place);
            }
        }
    }

    /// Whether an entry waits for a person to have read it.
    #[must_use]
    pub fn needs_attention(&self, entry: &Entry) -> bool {
        let standing = entry.standing();
        standing.went_wrong()
            && entry.acknowledged().is_none()
            && !self.was_cancelled_here(standing)
    }

    /// What this console itself has cancelled went as it was meant to: the cancellation left its tag.
    fn was_cancelled_here(&self, standing: &Standing) -> bool {
        let Standing::Cancelled { comment, .. } = standing else {
            return false;
        };
        let tag = comment.as_deref().and_then(EntryId::find_in);
        tag.is_some_and(|tag| self.by_id.contains_key(&tag))
    }

    #[must_use]
    pub fn get(&self, id: EntryId) -> Option<&Entry> {
        self.by_id.get(&id).map(|place| &self.all[*place])
    }

    /// Entries that have not ended, oldest first.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.at(&self.open)
    }

    /// Entries that a person has to read, oldest first.
    pub fn attention(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.at(&self.attention)
    }

    #[must_use]
    pub fn attention_count(&self) -> usize {
        self.attention.len()
    }

    /// Entries that ended and need nobody, oldest first.
    pub fn settled(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.at(&self.settled)
    }

    #[must_use]
    pub fn settled_count(&self) -> usize {
        self.settled.len()
    }

    /// Entries about a machine, oldest first.
    pub fn of_machine(&self, id: &MachineId) -> impl DoubleEndedIterator<Item = &Entry> {
        let places = self.by_machine.get(id).map(Vec::as_slice);
        let places = places.unwrap_or_default().iter();
        places.map(|place| &self.all[*place])
    }

    /// Batches in the order of their confirmation.
    pub(super) fn batches(&self) -> &[EntryId] {
        &self.batches
    }

    /// Entries that were confirmed together, oldest first.
    pub(super) fn of_batch(&self, id: EntryId) -> impl Iterator<Item = &Entry> {
        let places = self.by_batch.get(&id).map(Vec::as_slice);
        let places = places.unwrap_or_default().iter();
        places.map(|place| &self.all[*place])
    }

    fn at<'a>(
        &'a self,
        places: &'a BTreeSet<usize>,
    ) -> impl DoubleEndedIterator<Item = &'a Entry> + Clone {
        places.iter().map(|place| &self.all[*place])
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
        let cancelled: Vec<_> = entries.attention.iter().copied().collect();
        for place in cancelled {
            entries.sort_in(place);
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::journal::{NotSentReason, Record};
    use crate::model::{HResult, MachineActionId, MachineActionStatus};
    use crate::state::fixtures;

    fn entry(tag: &str, records: Vec<Record>) -> Entry {
        let order = fixtures::order(tag, fixtures::machine_ref("a1", None), ActionKind::Isolate);
        fixtures::entry(fixtures::author(), order, records)
    }

    fn unknown() -> Record {
        Record::Unknown {
            why: "reset".into(),
        }
    }

    fn acknowledged(standing: &str) -> Record {
        Record::Acknowledged {
            standing: standing.into(),
            object_id: "o".into(),
            account: "jane".into(),
        }
    }

    fn finished(status: MachineActionStatus, comment: Option<&str>) -> Record {
        Record::Finished {
            action: MachineActionId::parse("b89eb834").expect("a literal id"),
            status,
            hresult: HResult(0),
            by: None,
            comment: comment.map(Into::into),
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
            Record::SomeoneElses {
                action: MachineActionId::parse("b89eb834").expect("a literal id"),
                requestor: "sam".into(),
                created: None,
            },
            finished(MachineActionStatus::Failed, None),
            finished(MachineActionStatus::TimeOut, None),
            finished(MachineActionStatus::Cancelled, None),
            not_sent(NotSentReason::ConsoleEnded),
        ] {
            let key = entry("cdn-00000001", vec![wrong.clone()]).standing().key();
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
        let cancelled = |comment| finished(MachineActionStatus::Cancelled, Some(comment));
        let mut entries = Entries::default();
        entries.put(entry("cdn-00000001", Vec::new()));
        entries.put(entry("cdn-00000002", Vec::new()));
        entries.put(entry(
            "cdn-00000001",
            vec![cancelled("[cdn-00000002] mistake")],
        ));
        assert_eq!(entries.attention_count(), 0);
        entries.put(entry(
            "cdn-00000001",
            vec![Record::Sent, cancelled("[cdn-00000009] no")],
        ));
        assert_eq!(entries.attention_count(), 1, "a tag of another console");
        // From the journal the cancellation comes after what it cancelled.
        let all = vec![
            entry("cdn-00000001", vec![cancelled("[cdn-00000002] mistake")]),
            entry("cdn-00000002", Vec::new()),
        ];
        assert_eq!(Entries::from(all).attention_count(), 0);
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
                entries.settled_count(),
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
