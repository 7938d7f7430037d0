//! Watched actions: each is followed to its actual end, and readings are recorded in its entries.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::records::{finished, redirection};
use crate::action::{ActionKind, Recorded};
use crate::journal::{OrderStatus, Record};
use crate::message::OrderProgress;
use crate::model::{EntryId, MachineAction, MachineActionId, MachineId};
use crate::worker::clock::{monotonic_now, now, on_the_wall_clock};
use crate::worker::event_sink::EventSink;
use crate::worker::journal::JournalHandle;
use crate::worker::timing::Timing;

/// One watched action.
struct Follow {
    machine: MachineId,
    /// The kind of record that is read.
    record: Recorded,
    /// Our entries for this action: the order itself, or its cancellation. None for a colleague's action.
    entries: Vec<EntryId>,
    since: Instant,
    next: Instant,
    /// When it was last read in this run.
    read_at: Option<Timestamp>,
    /// The service's time of the newest reading: a reply may be older than the previous one.
    newest: Option<Timestamp>,
    /// Whether the service has shown it in this run.
    was_shown: bool,
    /// Whether the last reading is being recorded, which may wait for the disk.
    is_being_recorded: bool,
}

/// The next poll of an action, and the entries whose progress shows it.
pub(super) struct NextPoll {
    pub entries: Vec<EntryId>,
    pub read_at: Option<Timestamp>,
    pub next_at: Timestamp,
}

/// An action to poll.
pub(super) struct Wanted {
    pub id: MachineActionId,
    pub machine: MachineId,
    pub record: Recorded,
    /// One of our entries for the action, if any.
    pub entry: Option<EntryId>,
}

/// The watched actions.
pub(in crate::worker) struct Watched {
    journal: Arc<JournalHandle>,
    sink: EventSink,
    timing: Timing,
    by_action: Mutex<HashMap<MachineActionId, Follow>>,
    /// Wakes the watcher.
    changed: Notify,
}

impl Watched {
    pub fn new(journal: Arc<JournalHandle>, sink: EventSink, timing: Timing) -> Self {
        Self {
            journal,
            sink,
            timing,
            by_action: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<MachineActionId, Follow>> {
        self.by_action.lock()
    }

    fn change<T>(&self, id: &MachineActionId, change: impl FnOnce(&mut Follow) -> T) -> Option<T> {
        self.all().get_mut(id).map(change)
    }

    /// Follows the action of one of our entries; `read_at` is the time of the last read, if any.
    pub async fn follow(
        &self,
        entry: EntryId,
        action: &MachineActionId,
        read_at: Option<Timestamp>,
    ) {
        let Some(known) = self.journal.entry(entry) else {
            return;
        };
        let on = (known.machine().id, known.order.task.record());
        if self.change(action, |f| f.entries.contains(&entry)) == Some(true) {
            return;
        }
        let next_at = self.add(action, on, Some(entry), read_at);
        let progress = OrderProgress::Watching { read_at, next_at };
        self.sink.show_progress(entry, Some(progress)).await;
    }

    /// Follows someone else's action, to show its end too; `machine` is the device that was read.
    pub fn watch_foreign(&self, action: &MachineAction, machine: &MachineId) {
        if !action.status.is_final() {
            let machine = action.machine_id.as_ref().unwrap_or(machine);
            let kind = ActionKind::of(action);
            let record = kind.map_or(Recorded::MachineAction, |kind| kind.spec().record);
            self.add(&action.id, (machine.clone(), record), None, Some(now()));
        }
    }

    /// Follows someone else's request that the service kept instead of one of our orders.
    pub fn follow_theirs(&self, action: &MachineActionId, on: (MachineId, Recorded)) {
        self.add(action, on, None, None);
    }

    /// Adds an action, or an entry to one, and returns when its next poll is.
    fn add(
        &self,
        action: &MachineActionId,
        (machine, record): (MachineId, Recorded),
        entry: Option<EntryId>,
        read_at: Option<Timestamp>,
    ) -> Timestamp {
        let since = monotonic_now();
        let first = since + self.timing.poll_interval(Duration::ZERO);
        let next = {
            let mut all = self.all();
            let follow = all.entry(action.clone()).or_insert(Follow {
                machine,
                record,
                entries: Vec::new(),
                since,
                next: first,
                read_at,
                newest: None,
                was_shown: false,
                is_being_recorded: false,
            });
            follow.next = follow.next.min(first);
            follow.read_at = follow.read_at.max(read_at);
            let is_new = |e: &EntryId| !follow.entries.contains(e);
            let new = entry.filter(is_new);
            follow.entries.extend(new);
            follow.next
        };
        self.changed.notify_one();
        on_the_wall_clock(next)
    }

    /// Stops following all actions.
    pub fn clear(&self) {
        self.all().clear();
    }

    /// Makes every action due.
    pub fn poll_now(&self) {
        self.postpone_all(Duration::ZERO);
        self.changed.notify_one();
    }

    /// Makes one action due.
    pub(super) fn poll_now_at(&self, id: &MachineActionId) {
        self.change(id, |follow| follow.next = monotonic_now());
        self.changed.notify_one();
    }

    /// Notes that the service shows an action.
    pub(super) fn note_shown(&self, id: &MachineActionId) {
        self.change(id, |follow| follow.was_shown = true);
    }

    /// Our entries for an action that the service has not shown in this run.
    pub(super) fn never_shown(&self, id: &MachineActionId) -> Vec<EntryId> {
        let unseen = self.change(id, |f| (!f.was_shown).then(|| f.entries.clone()));
        unseen.flatten().unwrap_or_default()
    }

    /// Sets the next poll of every action.
    pub(super) fn postpone_all(&self, wait: Duration) {
        let next = monotonic_now() + wait;
        for follow in self.all().values_mut() {
            follow.next = next;
        }
    }

    /// Returns when the next poll is due.
    pub(super) async fn until_due(&self) {
        loop {
            let changed = self.changed.notified();
            let next = self.all().values().map(|f| f.next).min();
            let Some(next) = next else {
                changed.await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(next) => return,
                // An action was added or made due: recalculate the next poll.
                () = changed => {}
            }
        }
    }

    /// All watched actions.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let all = self.all();
        all.iter()
            .map(|(id, follow)| Wanted {
                id: id.clone(),
                machine: follow.machine.clone(),
                record: follow.record,
                entry: follow.entries.first().copied(),
            })
            .collect()
    }

    /// The time for which an action has been followed; `None` once it is not.
    pub(super) fn age(&self, id: &MachineActionId) -> Option<Duration> {
        self.change(id, |f| f.since.elapsed())
    }

    /// Sets the next poll of an action: after `wait`, or by how long it has been followed.
    pub(super) fn set_next(
        &self,
        id: &MachineActionId,
        wait: Option<Duration>,
    ) -> Option<NextPoll> {
        self.change(id, |follow| {
            let age = follow.since.elapsed().max(self.timing.secs(1));
            follow.next = monotonic_now() + wait.unwrap_or_else(|| self.timing.poll_interval(age));
            NextPoll {
                entries: follow.entries.clone(),
                read_at: follow.read_at,
                next_at: on_the_wall_clock(follow.next),
            }
        })
    }

    /// Notes that an action was read now, and returns whether it is a colleague's; `None` if it is not followed
    /// any more, or the previous reading is still being recorded.
    pub(super) fn begin_recording(&self, id: &MachineActionId) -> Option<bool> {
        self.change(id, |follow| {
            follow.read_at = Some(now());
            follow.was_shown = true;
            let is_free = !std::mem::replace(&mut follow.is_being_recorded, true);
            is_free.then_some(follow.entries.is_empty())
        })?
    }

    pub(super) fn end_recording(&self, id: &MachineActionId) {
        self.change(id, |follow| follow.is_being_recorded = false);
    }

    /// Stops following an action for this entry. `true` if no other entry follows it.
    pub(super) fn disown(&self, id: &MachineActionId, entry: EntryId) -> bool {
        let mut all = self.all();
        let is_unwanted = all.get_mut(id).is_some_and(|follow| {
            follow.entries.retain(|e| *e != entry);
            follow.entries.is_empty()
        });
        if is_unwanted {
            all.remove(id);
        }
        is_unwanted
    }

    /// Records a reading in the action's entries: progress, or the end. Does not set the next poll. `of`: the
    /// entries that the reading was compared with, if not all. `true` if the action has ended and need not be
    /// followed.
    pub(super) async fn record_reading(
        &self,
        action: &MachineAction,
        of: Option<&[EntryId]>,
    ) -> bool {
        let id = &action.id;
        let Some((entries, newest)) = self.change(id, |f| {
            let before = f.newest;
            f.newest = before.max(action.last_updated);
            (f.entries.clone(), before)
        }) else {
            return false;
        };
        let is_older = action.last_updated.is_some_and(|at| Some(at) < newest);
        let is_meant = |entry: &EntryId| of.is_none_or(|of| of.contains(entry));
        let mut written = true;
        for entry in entries.into_iter().filter(is_meant) {
            let Some(OrderStatus::Accepted {
                status,
                action: own,
            }) = self.journal.status(entry)
            else {
                continue;
            };
            if own != *id {
                continue;
            }
            // Otherwise the acting console writes it, and this one reads it there.
            if !self.journal.may_act() {
                continue;
            }
            let mut records = Vec::new();
            if let Some(known) = self.journal.entry(entry) {
                records.extend(redirection(&known, action));
            }
            records.extend(finished(action).or_else(|| {
                (action.status != status && !is_older).then(|| Record::Progress {
                    status: action.status.clone(),
                })
            }));
            if !records.is_empty() {
                written &= self.journal.record_or_say(entry, records).await;
            }
        }
        // An end that could not be written is read again, once the disk may work again.
        let mut all = self.all();
        let has_all_read = |follow: &Follow| follow.entries.iter().all(is_meant);
        let is_over = action.status.is_final() && written && all.get(id).is_none_or(has_all_read);
        if is_over {
            all.remove(id);
        }
        is_over
    }
}
