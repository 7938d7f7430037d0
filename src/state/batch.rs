//! Orders that were confirmed together, according to the journal.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::State;
use crate::action::{Plan, Step, Task};
use crate::journal::{Entry, OrderStatus};
use crate::message::OrderProgress;
use crate::model::{EntryId, first_lower};

/// The age above which a batch's unsent orders no longer count as just interrupted.
const SHOWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The maximum number of entries that are searched for older batches.
const MAX_OLDER: usize = 100;

/// Orders that were confirmed together, in the order of sending.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The first entry's id.
    pub id: EntryId,
    pub entries: Vec<&'a Entry>,
    /// Orders that were not sent, or never reached the service, and were not repeated since.
    pub unsent: Vec<&'a Entry>,
    /// The number of plan steps left out before the confirmation, as far as known.
    pub left_out: usize,
}

/// Status words that begin with a countable noun.
const COUNTED: [(&str, &str); 3] = [
    ("Package", "packages"),
    ("Tag", "tags"),
    ("Block", "blocks"),
];

/// A count with its status, as on screen: `3 packages collected`.
#[must_use]
pub fn counted(count: usize, word: &str) -> String {
    let (first, rest) = word.split_once(' ').unwrap_or((word, ""));
    let several = COUNTED.iter().find(|(one, _)| *one == first && count != 1);
    match several {
        Some((_, several)) => format!("{count} {several} {rest}"),
        None => format!("{count} {}", first_lower(word)),
    }
}

impl Batch<'_> {
    /// The number of orders waiting to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let waits = |entry: &&&Entry| {
            let status = entry.status();
            matches!(status, OrderStatus::Waiting | OrderStatus::Held { .. })
        };
        self.entries.iter().filter(waits).count()
    }

    /// Whether all have ended and are acknowledged.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        let is_read = |entry: &&Entry| entry.acknowledged().is_some();
        self.has_ended() && self.entries.iter().all(is_read)
    }

    /// Whether none is under way.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.entries.iter().all(|entry| entry.status().is_end())
    }

    /// The number of devices.
    #[must_use]
    pub fn devices(&self) -> usize {
        let machines = self.entries.iter().map(|entry| &entry.order.machine.id);
        machines.collect::<HashSet<_>>().len()
    }

    /// The plan as confirmed, without steps that were left out on every device, and each entry's step, counted
    /// from 0.
    #[must_use]
    pub fn plan(&self) -> Option<(Plan, HashMap<EntryId, usize>)> {
        let name = self.entries.first()?.order.plan.as_ref()?.name.clone();
        let mut steps: BTreeMap<u32, (Step, Vec<EntryId>)> = BTreeMap::new();
        for entry in &self.entries {
            let (Some(place), Task::Act { kind, values }) = (&entry.order.plan, &entry.order.task)
            else {
                return None;
            };
            let (_, of_step) = steps.entry(place.step).or_insert_with(|| {
                let mut step = Step::new(*kind);
                for (parameter, value) in values.iter() {
                    step = step.with(parameter, value.text());
                }
                step.continues = place.continues;
                (step, Vec::new())
            });
            of_step.push(entry.id());
        }
        let places = steps.values().enumerate();
        let places = places.flat_map(|(at, (_, ids))| ids.iter().map(move |id| (*id, at)));
        let places = places.collect();
        let steps: Vec<Step> = steps.into_values().map(|(step, _)| step).collect();
        Some((Plan::new(&name, steps), places))
    }

    /// The number of orders in each status, worded as on screen; the most frequent first.
    #[must_use]
    pub fn statuses(&self, state: &State) -> Vec<(String, usize)> {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for entry in &self.entries {
            let word = state.status_word(entry);
            match counts.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => counts.push((word, 1)),
            }
        }
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// The number of orders sent so far.
    #[must_use]
    pub fn sent(&self) -> usize {
        let sent = self.entries.iter().filter_map(|e| e.first_sent_at());
        sent.count()
    }

    /// Estimated seconds for the waiting orders, given that `left` were sent in the last `secs` of monotonic
    /// time; `None` while too few were.
    #[must_use]
    pub fn secs_left(&self, left: usize, secs: f64) -> Option<f64> {
        let count = |count: usize| u32::try_from(count).map(f64::from).ok();
        (left > 1).then(|| Some(secs / count(left)? * count(self.waiting())?))?
    }

    /// Whether one of them is held, which takes as long as someone else's action.
    #[must_use]
    pub fn has_held(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| matches!(entry.status(), OrderStatus::Held { .. }))
    }

    /// The longest remaining wait before sending, by this computer's clock.
    #[must_use]
    pub fn pause(&self, state: &State, now: Timestamp) -> Option<SignedDuration> {
        let leaves = self.entries.iter().filter_map(|entry| {
            let Some(OrderProgress::LeavesAt(at)) = state.progress.get(&entry.id()) else {
                return None;
            };
            Some(at.duration_since(now))
        });
        leaves.max()
    }
}

impl State {
    /// Batches that are under way, were interrupted, or whose result is not acknowledged; newest first.
    #[must_use]
    pub fn batches(&self, now: Timestamp) -> Vec<Batch<'_>> {
        let is_recent = |id: &&EntryId| {
            let mut entries = self.entries.of_batch(**id);
            let confirmed = entries.next().map(Entry::intended_at);
            confirmed.is_some_and(|at| now.duration_since(at) <= SHOWN_FOR)
        };
        let newest_first = self.entries.batches().iter().rev();
        let mut ids: Vec<EntryId> = newest_first.take_while(is_recent).copied().collect();
        // Older batches stay as long as one of their entries is listed.
        let listed = self.entries.attention().chain(self.entries.open()).rev();
        for id in listed.filter_map(|entry| entry.order.batch).take(MAX_OLDER) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let batches = ids.into_iter().map(|id| Batch {
            id,
            left_out: self.left_out(id),
            entries: self.entries.of_batch(id).collect(),
            unsent: self
                .entries
                .of_batch(id)
                .filter(|e| self.is_left(e))
                .collect(),
        });
        batches.filter(|batch| !batch.is_acknowledged()).collect()
    }

    /// The number of a plan's steps that are not in its batch; 0 for a plan that resumes an earlier batch, as
    /// the missing ones were done.
    fn left_out(&self, id: EntryId) -> usize {
        let name = |entry: &Entry| entry.order.plan.as_ref().map(|plan| plan.name.clone());
        let mut devices = HashSet::new();
        let (mut all, mut ordered) = (0, 0);
        for entry in self.entries.of_batch(id) {
            let Some(place) = &entry.order.plan else {
                return 0;
            };
            let machine = &entry.order.machine.id;
            if devices.insert(machine) {
                all += usize::try_from(place.of).unwrap_or_default();
                let is_earlier = |other: &Entry| {
                    other.order.batch != Some(id)
                        && other.intended_at() <= entry.intended_at()
                        && name(other) == name(entry)
                };
                if self.entries.of_machine(machine).any(is_earlier) {
                    return 0;
                }
            }
            ordered += 1;
        }
        all.saturating_sub(ordered)
    }

    /// Whether an entry was not sent, or never reached the service, and was not repeated on its machine since.
    #[must_use]
    pub fn is_left(&self, entry: &Entry) -> bool {
        let is_unsent = matches!(
            entry.status(),
            OrderStatus::NotSent { .. } | OrderStatus::NotFound
        );
        let is_again = |later: &&Entry| {
            later.order.task.kind() == entry.order.task.kind()
                && later.order.task.file() == entry.order.task.file()
                && later.order.task.tag() == entry.order.task.tag()
        };
        let mut newest_first = self.entries.of_machine(&entry.order.machine.id).rev();
        let mut is_last = || newest_first.find(is_again).map(Entry::id) == Some(entry.id());
        is_unsent && is_last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;

    #[test]
    fn countable_status_is_in_the_plural() {
        assert_eq!(counted(1, "Package collected"), "1 package collected");
        assert_eq!(counted(3, "Package collected"), "3 packages collected");
        assert_eq!(counted(2, "Blocked everywhere"), "2 blocked everywhere");
        assert_eq!(counted(0, "Isolated"), "0 isolated");
        // The service's words keep their spelling.
        assert_eq!(counted(1, "Accepted “Exploded”"), "1 accepted “Exploded”");
        for kind in ActionKind::ALL {
            let word = kind.spec().done;
            let first = word.split(' ').next().unwrap_or_default();
            let is_thing = COUNTED.iter().any(|(one, _)| *one == first);
            assert!(is_thing || first.ends_with("ed"), "{word}");
        }
    }
}
