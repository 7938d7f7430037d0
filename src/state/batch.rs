//! Orders that were confirmed together, as the journal has them.

use jiff::{SignedDuration, Timestamp};

use super::State;
use crate::journal::{Entry, Standing};
use crate::model::EntryId;

/// What has not left of an older batch is no work that was just interrupted.
const SHOWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Orders that were confirmed together, in the order in which they leave.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The first of them.
    pub id: EntryId,
    pub entries: Vec<&'a Entry>,
    /// Those that were not sent, and that nobody has ordered again since.
    pub unsent: Vec<&'a Entry>,
}

impl Batch<'_> {
    /// How many wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let waits = |entry: &&&Entry| {
            let standing = entry.standing();
            matches!(standing, Standing::Waiting | Standing::Held { .. })
        };
        self.entries.iter().filter(waits).count()
    }

    /// How many stand where, in the words on screen.
    #[must_use]
    pub fn standings(&self) -> Vec<(String, usize)> {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for entry in &self.entries {
            let word = entry.standing().word(&entry.order.task);
            match counts.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => counts.push((word, 1)),
            }
        }
        counts
    }

    /// How long the waiting ones will take if they go on as those before them; `None` while too few
    /// have left to tell.
    #[must_use]
    pub fn time_left(&self, now: Timestamp) -> Option<SignedDuration> {
        let begun = self.entries.first()?.intended_at();
        let sent = self.entries.iter().filter_map(|e| e.first_sent_at());
        let count = i32::try_from(sent.count())
            .ok()
            .filter(|count| *count > 1)?;
        let waiting = i32::try_from(self.waiting()).ok()?;
        Some(now.duration_since(begun) / count * waiting)
    }
}

impl State {
    /// The batches that are under way or were interrupted, newest first.
    #[must_use]
    pub fn batches(&self, now: Timestamp) -> Vec<Batch<'_>> {
        let is_recent = |entry: &&Entry| now.duration_since(entry.intended_at()) <= SHOWN_FOR;
        let recent: Vec<&Entry> = self.entries.iter().rev().take_while(is_recent).collect();
        let mut ids: Vec<EntryId> = Vec::new();
        for id in recent.iter().filter_map(|entry| entry.order.batch) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let mut batches: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let is_of_it = |entry: &&Entry| entry.order.batch == Some(id);
                let entries = recent.iter().copied().rev().filter(is_of_it);
                let unsent = entries.clone().filter(|entry| is_left(entry, &recent));
                Batch {
                    id,
                    unsent: unsent.collect(),
                    entries: entries.collect(),
                }
            })
            .collect();
        batches.retain(|batch| {
            let is_open = |entry: &&Entry| !entry.standing().is_end();
            !batch.unsent.is_empty() || batch.entries.iter().any(is_open)
        });
        batches
    }
}

/// Whether an entry was not sent, and nothing of the kind was ordered of its machine since.
fn is_left(entry: &Entry, newest_first: &[&Entry]) -> bool {
    let is_again = |later: &&&Entry| {
        later.order.machine.id == entry.order.machine.id
            && later.order.task.kind() == entry.order.task.kind()
            && later.order.task.file() == entry.order.task.file()
    };
    let last = newest_first.iter().find(is_again);
    matches!(entry.standing(), Standing::NotSent { .. })
        && last.is_some_and(|last| last.id() == entry.id())
}
