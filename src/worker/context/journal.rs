//! The journal as the worker's tasks share it: on disk first, then on screen.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::super::journal::{Changed, Written, take_in};
use super::super::look_only::{Stamp, look_on};
use super::{Context, lock, now};
use crate::explain::{Explain as _, Explanation, NextStep};
use crate::journal::{Entry, JournalError, NotSentReason, OrderStatus, Record};
use crate::message::{Event, OrderProgress};
use crate::model::{EntryId, Mode};

/// An append that takes longer than this is said.
const PATIENCE: Duration = Duration::from_secs(3);

/// After as long without a record, the log is carried over into the file.
const REST_AFTER: Duration = Duration::from_secs(1);

impl Context {
    /// Opens the journal, tells the window what is in it, and closes what was never sent.
    pub async fn open_journal(self: &Arc<Self>, path: PathBuf) {
        let file = path.display().to_string();
        let stamp = Stamp::of(&path);
        let opening = self.journal.open(path.clone().into());
        let (opened, to_show) = match self.patiently(opening).await {
            Ok(opened) => opened,
            Err(error) => {
                let no_thread = JournalError::Folder(path, error);
                return self.cannot_act(no_thread.explain()).await;
            }
        };
        tokio::spawn(show_written(Arc::clone(self), to_show));
        // A rehearsal begins with an empty account on purpose.
        if self.mode != Mode::Demo && opened.lost_its_past {
            self.say_that_the_past_is_lost(&path).await;
        }
        let may_act = opened.trouble.is_none();
        self.may_act.store(may_act, Ordering::Release);
        self.emit(Event::Entries(opened.entries)).await;
        let is_in_use = matches!(opened.trouble, Some(JournalError::InUse(_)));
        match opened.trouble {
            None => self.emit(Event::Journal(Ok(()))).await,
            Some(error) => {
                let mut explanation = error.explain();
                explanation.details.push(file);
                self.cannot_act(explanation).await;
            }
        }
        if may_act {
            let marks = Arc::clone(self).keep_marks(path.clone(), opened.lost_its_past);
            tokio::spawn(marks);
        }
        if is_in_use {
            tokio::spawn(look_on(Arc::clone(self), path, stamp));
        }
        if may_act {
            self.end_unsent().await;
        }
    }

    pub(super) async fn say_that_the_past_is_lost(&self, journal: &Path) {
        let headline = "The journal that was here is gone, so a new one was begun";
        let next = NextStep::Outside("If you moved it, put it back before you act".into());
        let mut explanation = Explanation::harmless(headline, next);
        explanation.details.push(journal.display().to_string());
        self.problem(explanation).await;
    }

    /// From now on this console only looks, and says why.
    pub(super) async fn cannot_act(&self, why: Explanation) {
        self.may_act.store(false, Ordering::Release);
        *lock(&self.cannot_act) = Some(why.clone());
        self.emit(Event::Journal(Err(why))).await;
    }

    /// Shows what another console has written. What could not be written here is kept for this run.
    pub async fn show_journal_of_another(&self, written: Vec<Entry>) {
        let all = {
            let mut entries = lock(&self.journal.entries);
            let is_written = |entry: &Entry| written.iter().any(|e| e.id() == entry.id());
            entries.retain(|entry| !is_written(entry));
            let unwritten = std::mem::take(&mut *entries);
            entries.extend(written.into_iter().map(Arc::new));
            entries.extend(unwritten);
            entries.iter().map(|entry| Entry::clone(entry)).collect()
        };
        self.emit(Event::Entries(all)).await;
    }

    /// Why something could not be written: a console that only looks says why it does.
    pub fn explain_unwritten(&self, error: &JournalError) -> Explanation {
        let why = lock(&self.cannot_act).clone();
        why.filter(|_| matches!(error, JournalError::ReadOnly))
            .unwrap_or_else(|| error.explain())
    }

    /// Orders that never left are not sent later: they are offered for a new review (section 6).
    async fn end_unsent(&self) {
        let unsent: Vec<EntryId> = self
            .entries()
            .iter()
            .filter(|e| matches!(e.status(), OrderStatus::Waiting | OrderStatus::Held { .. }))
            .map(|e| e.id())
            .collect();
        for entry in unsent {
            let record = Record::NotSent {
                why: NotSentReason::ConsoleEnded,
                detail: None,
            };
            self.record_or_say(entry, vec![record]).await;
        }
    }

    /// Puts records of one entry on disk, and then on screen.
    ///
    /// # Errors
    /// When they could not be written; then nothing may be sent (rule 3).
    pub async fn record(&self, entry: EntryId, records: Vec<Record>) -> Result<(), JournalError> {
        let records = records.into_iter().map(|record| (entry, record)).collect();
        self.record_all(records).await
    }

    /// Puts records of several entries on disk in one step, and then on screen.
    ///
    /// # Errors
    /// When they could not be written: none is then.
    pub async fn record_all(&self, records: Vec<(EntryId, Record)>) -> Result<(), JournalError> {
        if !self.may_act() {
            return Err(JournalError::ReadOnly);
        }
        let written = self.patiently(self.journal.append(now(), records)).await;
        if let Err(error) = &written
            && error.is_final()
            && self.may_act()
        {
            self.cannot_act(error.explain()).await;
        }
        written.map(|_shown| ())
    }

    /// Waits for the disk as long as it takes, and says so when that is long.
    async fn patiently<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let done = match tokio::time::timeout(PATIENCE, &mut work).await {
            Ok(done) => done,
            Err(_elapsed) => {
                self.say_that_the_disk_hangs().await;
                work.await
            }
        };
        self.disk_hangs.store(false, Ordering::Release);
        done
    }

    /// Once, however many orders wait for it.
    async fn say_that_the_disk_hangs(&self) {
        if !self.disk_hangs.swap(true, Ordering::AcqRel) {
            let headline =
                "The disk has not answered for 3 seconds: orders wait until the journal is written";
            let next = NextStep::Outside(
                "Nothing is sent until then. Check the disk that holds the data folder".into(),
            );
            self.problem(Explanation::harmless(headline, next)).await;
        }
    }

    /// An order that could not be put on disk, so that nothing was sent. It is shown for this run,
    /// because the text that a person typed must not be lost.
    pub async fn show_unwritten(&self, intended: Record, error: &JournalError) {
        let Record::Intended { order, .. } = &intended else {
            return;
        };
        let not_sent = Record::NotSent {
            why: NotSentReason::Unwritten,
            detail: Some(self.explain_unwritten(error).headline.into()),
        };
        lock(&self.unwritten).insert(order.entry);
        self.show_only(order.entry, vec![intended, not_sent]).await;
    }

    /// Whether an entry is in no file.
    pub fn is_unwritten(&self, entry: EntryId) -> bool {
        lock(&self.unwritten).contains(&entry)
    }

    /// Takes records of such an entry in, for this run.
    pub async fn show_only(&self, entry: EntryId, records: Vec<Record>) {
        let records = records.into_iter().map(|record| (entry, record)).collect();
        let changed = take_in(&self.journal.entries, now(), records);
        self.show(&changed).await;
    }

    async fn show(&self, changed: &Changed) {
        for entry in changed {
            (self.on_entry)(entry);
            self.emit(Event::Entry(Box::new(Entry::clone(entry)))).await;
        }
    }

    /// As [`Self::record`]; a failure is said on screen. For what the service already did.
    /// `false` when it is not on disk.
    pub async fn record_or_say(&self, entry: EntryId, records: Vec<Record>) -> bool {
        let written = self.record(entry, records).await;
        if let Err(error) = &written {
            let has_left = self
                .entry(entry)
                .is_some_and(|e| e.first_sent_at().is_some());
            if has_left {
                let explanation = error.explain_after_sending(entry);
                let note = OrderProgress::Stuck(explanation.clone());
                self.note(entry, Some(note)).await;
                self.problem(explanation).await;
            } else {
                self.problem(self.explain_unwritten(error)).await;
            }
        }
        written.is_ok()
    }

    /// Whether this console is the one that may act on its journal.
    pub fn may_act(&self) -> bool {
        self.may_act.load(Ordering::Acquire)
    }

    pub fn entry(&self, id: EntryId) -> Option<Arc<Entry>> {
        let entries = lock(&self.journal.entries);
        entries.iter().rev().find(|e| e.id() == id).cloned()
    }

    pub fn entries(&self) -> Vec<Arc<Entry>> {
        lock(&self.journal.entries).clone()
    }

    /// What is still to be written is, and the next console may open the file.
    pub(super) async fn close_journal(&self) {
        self.may_act.store(false, Ordering::Release);
        self.journal.close().await;
        self.keep_last_mark().await;
    }
}

/// Shows what is on disk, in the order of the chain; only then whoever asked for it goes on.
async fn show_written(context: Arc<Context>, mut to_show: Receiver<Written>) {
    let mut is_rested = true;
    loop {
        let next = if is_rested {
            Ok(to_show.recv().await)
        } else {
            tokio::time::timeout(REST_AFTER, to_show.recv()).await
        };
        match next {
            Ok(Some(written)) => {
                context.show(&written.changed).await;
                written.was_shown();
                is_rested = false;
            }
            Ok(None) => return,
            Err(_elapsed) => {
                context.journal.rest();
                is_rested = true;
            }
        }
    }
}
