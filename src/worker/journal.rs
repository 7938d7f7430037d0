//! The journal as shared by the worker's tasks: first on disk, then on screen, in the order of the chain. A
//! hanging disk holds up only the pending append.

mod thread;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::{oneshot, watch};

use super::clock::{now, said_if_slow};
use super::event_sink::EventSink;
use crate::explain::{Effect, Explain as _, Explanation, outside};
use crate::journal::{
    Checkpoint, Compared, Entry, JournalError, NotSentReason, OrderStatus, Record,
};
use crate::message::{Event, JournalNews, OrderProgress};
use crate::model::{EntryId, MachineActionId, MachineActionStatus, MachineId, Mode};
pub(super) use thread::Opened;
use thread::{AppendedRecords, Changed, Ends, Entries, Job, Reply};

/// The duration of an append above which it is reported on screen.
const SLOW_AFTER: Duration = Duration::from_secs(3);
/// The maximum number of entries per event.
const SHOWN_AT_ONCE: usize = 500;

/// Interval of the check that the file is still in place: a waiting order would notice only when it is to be
/// sent.
const CHECK_EVERY: Duration = Duration::from_secs(3);

/// Idle time after which the write-ahead log is merged into the file.
const REST_AFTER: Duration = Duration::from_secs(1);

/// Handle of the thread that owns the journal's file.
pub(super) struct JournalHandle {
    sink: EventSink,
    entries: Entries,
    jobs: Sender<Job>,
    of_earlier_runs: AtomicUsize,
    /// Whether this console may act and write.
    may_act: AtomicBool,
    /// Why it may not; also `None` while the file is being opened.
    why_not: Mutex<Option<Explanation>>,
    /// Signals that it may not any more, and whether another console may act instead.
    only_looks: watch::Sender<Option<bool>>,
    /// Whether an append that waits for the disk was reported.
    disk_hangs: AtomicBool,
    /// Entries in no file, because they could not be written.
    unwritten: Mutex<HashSet<EntryId>>,
    /// The file's newest checkpoint; `None` until it is open.
    checkpoint: watch::Receiver<Option<Checkpoint>>,
    /// Keyring item for the checkpoint, once it may be saved.
    keyring_item: OnceLock<Box<str>>,
    /// Path of the file; empty in tests without one.
    path: Box<Path>,
}

/// An opening in progress.
pub(super) struct Opening {
    opened: oneshot::Receiver<Opened>,
    to_show: Receiver<AppendedRecords>,
}

impl JournalHandle {
    /// Starts the journal's thread, which opens the file. Appends wait until it is open.
    ///
    /// # Errors
    /// The system provides no thread.
    pub fn start(path: Box<Path>, mode: Mode, sink: EventSink) -> std::io::Result<(Self, Opening)> {
        let entries = Entries::default();
        let Ends {
            jobs,
            opened,
            to_show,
            checkpoint,
        } = thread::start(path.clone(), mode, entries.clone())?;
        let handle = Self {
            entries,
            checkpoint,
            path,
            ..Self::over(jobs, sink)
        };
        Ok((handle, Opening { opened, to_show }))
    }

    fn over(jobs: Sender<Job>, sink: EventSink) -> Self {
        Self {
            sink,
            entries: Entries::default(),
            jobs,
            of_earlier_runs: AtomicUsize::new(0),
            may_act: AtomicBool::new(false),
            why_not: Mutex::default(),
            only_looks: watch::Sender::new(None),
            disk_hangs: AtomicBool::new(false),
            unwritten: Mutex::default(),
            checkpoint: watch::channel(None).1,
            keyring_item: OnceLock::new(),
            path: Path::new("").into(),
        }
    }

    /// Waits until the file is open, and shows its entries; reports a long wait. From then on, written records
    /// are shown.
    pub async fn show_opened(self: &Arc<Self>, opening: Opening) -> Opened {
        let Opening { opened, to_show } = opening;
        let say = async {
            let headline = "The disk has not answered for 3 seconds: the journal is not open yet, so nothing can be sent";
            let next = outside(
                "It continues as soon as the disk answers. Check the disk that holds the data folder",
            );
            let why = Explanation::harmless(headline, next);
            self.sink.emit(Event::Journal(Err(why))).await;
        };
        let how = said_if_slow(opened, SLOW_AFTER, say).await;
        let mut how = how.unwrap_or(Opened {
            trouble: Some(JournalError::Ended),
            ..Opened::default()
        });
        let found = JournalNews::Found {
            file: self.path.to_path_buf(),
            put_aside: std::mem::take(&mut how.put_aside),
        };
        self.sink.emit(Event::JournalWork(found)).await;
        let entries = std::mem::take(&mut how.entries);
        self.of_earlier_runs.store(entries.len(), Ordering::Release);
        self.show_read(&entries).await;
        self.may_act.store(how.trouble.is_none(), Ordering::Release);
        if how.trouble.is_none() {
            self.sink.emit(Event::Journal(Ok(()))).await;
        }
        tokio::spawn(show_written(Arc::clone(self), to_show));
        Opened { entries, ..how }
    }

    /// Shows the entries of the opened journal.
    async fn show_read(&self, entries: &[Entry]) {
        let (earlier, last) = entries.split_at(entries.len().saturating_sub(SHOWN_AT_ONCE));
        let mut left = entries.len();
        for some in earlier.chunks(SHOWN_AT_ONCE) {
            left -= some.len();
            let entries = some.to_vec();
            let earlier = Event::EarlierEntries { entries, left };
            self.sink.emit(earlier).await;
        }
        self.sink.emit(Event::Entries(last.to_vec())).await;
    }

    /// Makes this console read-only for the rest of the run, because of this error, and reports why.
    pub async fn only_look(&self, error: &JournalError, why: Explanation) {
        self.may_act.store(false, Ordering::Release);
        *self.why_not.lock() = Some(why.clone());
        self.sink.emit(Event::Journal(Err(why))).await;
        self.only_looks
            .send_replace(Some(error.is_another_console()));
    }

    /// Returns when this console may not act any more, and whether another one may.
    pub async fn until_only_looking(&self) -> bool {
        let mut only_looks = self.only_looks.subscribe();
        let known = only_looks.wait_for(Option::is_some).await;
        known.is_ok_and(|only_looks| only_looks.unwrap_or_default())
    }

    /// Checks periodically that the file is still in place, for as long as this console may act.
    pub async fn watch_place(&self) {
        while self.may_act() && !self.jobs.is_closed() {
            tokio::time::sleep(CHECK_EVERY).await;
            self.check_place().await.ok();
        }
    }

    /// Checks that the file is still the one that this console has written. Without a file there is nothing to
    /// compare.
    ///
    /// # Errors
    /// The fault of the file, after which this console is read-only.
    pub async fn check_place(&self) -> Result<(), JournalError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::CheckPlace { reply }).await.ok();
        let checked = answer.await.unwrap_or(Ok(()));
        if let Err(error) = &checked {
            self.note_error(error).await;
        }
        checked
    }

    /// Makes this console read-only after an error that this run cannot recover from.
    async fn note_error(&self, error: &JournalError) {
        if error.is_final() && self.may_act() {
            self.only_look(error, error.explain()).await;
        }
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this console is the one that may act on its journal.
    pub fn may_act(&self) -> bool {
        self.may_act.load(Ordering::Acquire)
    }

    pub fn entry(&self, id: EntryId) -> Option<Arc<Entry>> {
        let entries = self.entries();
        entries.iter().rev().find(|e| e.id() == id).cloned()
    }

    /// The status of an entry; `None` if it is not on record.
    pub fn status(&self, id: EntryId) -> Option<OrderStatus> {
        self.entry(id).map(|entry| entry.status().clone())
    }

    pub fn entries(&self) -> Arc<Vec<Arc<Entry>>> {
        self.entries.all()
    }

    /// The number of entries at opening; they come first.
    pub fn of_earlier_runs(&self) -> usize {
        self.of_earlier_runs.load(Ordering::Acquire)
    }

    /// The actions on this machine whose end is on record.
    pub fn ended_on(&self, machine: &MachineId) -> HashMap<MachineActionId, MachineActionStatus> {
        let entries = self.entries();
        let of_machine = entries.iter().filter(|e| e.machine().id == *machine);
        let records = of_machine.flat_map(|entry| entry.facts());
        let ends = records.filter_map(|record| {
            let Record::Finished { action, status, .. } = record else {
                return None;
            };
            (status.is_final()).then(|| (action.clone(), status.clone()))
        });
        ends.collect()
    }

    /// Writes records of one entry to disk, then shows them.
    ///
    /// # Errors
    /// They could not be written; then nothing may be sent (rule 3).
    pub async fn record(&self, entry: EntryId, records: Vec<Record>) -> Result<(), JournalError> {
        let records = records.into_iter().map(|record| (entry, record)).collect();
        self.record_all(records).await
    }

    /// Writes records of several entries to disk in one step, then shows them.
    ///
    /// # Errors
    /// None of them could be written.
    pub async fn record_all(&self, records: Vec<(EntryId, Record)>) -> Result<(), JournalError> {
        if self.why_not.lock().is_some() {
            return Err(JournalError::ReadOnly);
        }
        let at = now();
        let appended = self.ask(|reply| Job::Append { at, records, reply });
        let written = self.patiently(appended).await;
        if let Err(error) = &written {
            self.note_error(error).await;
        }
        written
    }

    /// Like [`Self::record`], for what the service has already done: a failure is shown on screen. `false` if
    /// it is not on disk.
    pub async fn record_or_say(&self, entry: EntryId, records: Vec<Record>) -> bool {
        let Err(error) = self.record(entry, records.clone()).await else {
            return true;
        };
        let known = self.entry(entry);
        if known.is_some_and(|e| e.first_sent_at().is_some()) {
            let explanation = self.explain_after_sending(entry, &error);
            let progress = OrderProgress::Stuck(explanation.clone());
            self.sink.show_progress(entry, Some(progress)).await;
            self.sink.problem(explanation).await;
        } else {
            self.sink.problem(self.explain_unwritten(&error)).await;
        }
        if !self.may_act() {
            // Nothing more is written in this run, but the record is still true.
            self.show_only(entry, records).await;
        }
        false
    }

    fn explain_after_sending(&self, entry: EntryId, error: &JournalError) -> Explanation {
        let why = self.why_not.lock().clone();
        match why.filter(|_| matches!(error, JournalError::ReadOnly)) {
            Some(why) => Explanation {
                headline: format!(
                    "This console may no longer write to the journal, so the latest status of {entry} was not saved"
                ),
                effect: Effect::Unknown,
                next: why.next,
                details: std::iter::once(why.headline).chain(why.details).collect(),
            },
            None => error.explain_after_sending(entry),
        }
    }

    /// Records that an order is not sent. If that cannot be written, it is shown for this run: no other console
    /// sends this one's waiting orders.
    pub async fn record_unsent(&self, entry: EntryId, not_sent: Record) {
        let Err(error) = self.record(entry, vec![not_sent.clone()]).await else {
            return;
        };
        let has_left = self.status(entry) == Some(OrderStatus::Sent);
        if has_left && self.may_act() {
            // It is looked up once the disk may work again.
            let explanation = self.explain_after_sending(entry, &error);
            return self.sink.problem(explanation).await;
        }
        let why = self.explain_unwritten(&error);
        // These two only follow from the cause, which is why nothing can be written.
        let is_by_this = matches!(
            not_sent,
            Record::NotSent {
                why: NotSentReason::ConsoleEnded | NotSentReason::Unwritten,
                ..
            }
        );
        let unsent = if is_by_this {
            unwritten(&why)
        } else {
            not_sent
        };
        self.show_only(entry, vec![unsent]).await;
        if self.may_act() {
            self.sink.problem(why).await;
        }
    }

    /// Why a record could not be written; for a read-only console, why it is read-only.
    pub fn explain_unwritten(&self, error: &JournalError) -> Explanation {
        let why = self.why_not.lock().clone();
        why.filter(|_| matches!(error, JournalError::ReadOnly))
            .unwrap_or_else(|| error.explain())
    }

    /// Shows an order that could not be written, so that nothing was sent: for this run, because the user's
    /// text must not be lost.
    pub async fn show_unwritten(&self, intended: Record, error: &JournalError) {
        let Record::Intended { order, .. } = &intended else {
            return;
        };
        let not_sent = unwritten(&self.explain_unwritten(error));
        self.unwritten.lock().insert(order.entry);
        self.show_only(order.entry, vec![intended, not_sent]).await;
    }

    /// Whether an entry is in no file.
    pub fn is_unwritten(&self, entry: EntryId) -> bool {
        self.unwritten.lock().contains(&entry)
    }

    /// Adds records that are in no file to an entry, for this run.
    pub async fn show_only(&self, entry: EntryId, records: Vec<Record>) {
        let records = records.into_iter().map(|record| (entry, record)).collect();
        let changed = self.entries.add(now(), records);
        self.show(&changed).await;
    }

    /// Shows entries that another console has written.
    pub async fn show_journal_of_another(&self, written: Vec<Entry>) {
        let changed = self.entries.adopt(written);
        if !changed.is_empty() {
            self.sink.emit(Event::Entries(changed)).await;
        }
    }

    /// Watches the file's newest checkpoint.
    pub fn newest_checkpoint(&self) -> watch::Receiver<Option<Checkpoint>> {
        self.checkpoint.clone()
    }

    /// Allows the last checkpoint to be saved at the end, under this name.
    pub fn keep_last_checkpoint_under(&self, item: &str) {
        self.keyring_item.set(item.into()).ok();
    }

    /// The newest checkpoint with its keyring item, if it may be saved.
    pub fn last_checkpoint(&self) -> Option<(&str, Checkpoint)> {
        let item = self.keyring_item.get()?;
        Some((item, self.checkpoint.borrow().clone()?))
    }

    /// Compares the open file with a checkpoint.
    ///
    /// # Errors
    /// Those of [`crate::journal::Journal::compare`].
    pub async fn compare(&self, checkpoint: Checkpoint) -> Result<Compared, JournalError> {
        self.ask(|reply| Job::Compare { checkpoint, reply }).await
    }

    /// Writes pending records and closes the file: another console may open it.
    pub async fn close(&self) {
        let is_opening =
            !self.may_act.swap(false, Ordering::AcqRel) && self.why_not.lock().is_none();
        let (done, closed) = oneshot::channel();
        if !is_opening && self.jobs.send(Job::Close { done }).await.is_ok() {
            closed.await.ok();
        }
    }

    /// Sends the thread a job, and waits for its reply.
    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, JournalError> {
        let (reply, answer) = oneshot::channel();
        let taken = self.jobs.send(job(reply)).await;
        taken.map_err(|_ended| JournalError::Ended)?;
        answer.await.unwrap_or(Err(JournalError::Ended))
    }

    /// Waits for the disk without a limit, and reports a long wait once, for any number of waiting orders.
    async fn patiently<T>(&self, work: impl Future<Output = T>) -> T {
        let say = async {
            // While the file is being opened, that is reported instead.
            if self.may_act() && !self.disk_hangs.swap(true, Ordering::AcqRel) {
                let headline = "The disk has not answered for 3 seconds: orders wait until the journal is written";
                let next = outside(
                    "Nothing is sent until then. Check the disk that holds the data folder",
                );
                let said = Explanation::harmless(headline, next);
                self.sink.problem(said).await;
            }
        };
        let done = said_if_slow(work, SLOW_AFTER, say).await;
        self.disk_hangs.store(false, Ordering::Release);
        done
    }

    async fn show(&self, changed: &Changed) {
        for entry in changed {
            let entry = Box::new(Entry::clone(entry));
            self.sink.emit(Event::Entry(entry)).await;
        }
    }
}

/// The record of an order that could not be written.
fn unwritten(why: &Explanation) -> Record {
    Record::NotSent {
        why: NotSentReason::Unwritten,
        detail: Some(why.headline.as_str().into()),
    }
}

/// Shows written records in the order of the chain; only then does the caller continue.
async fn show_written(journal: Arc<JournalHandle>, mut to_show: Receiver<AppendedRecords>) {
    let mut is_rested = true;
    loop {
        let next = if is_rested {
            Ok(to_show.recv().await)
        } else {
            tokio::time::timeout(REST_AFTER, to_show.recv()).await
        };
        match next {
            Ok(Some(written)) => {
                journal.show(&written.changed).await;
                written.reply.send(Ok(())).ok();
                is_rested = false;
            }
            Ok(None) => return,
            Err(_elapsed) => {
                // Pending jobs take precedence.
                journal.jobs.try_send(Job::Rest).ok();
                is_rested = true;
            }
        }
    }
}

#[cfg(test)]
mod tests;
