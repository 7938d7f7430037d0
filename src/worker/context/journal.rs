//! The journal as the worker's tasks share it: on disk first, then on screen.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::super::look_only::{Stamp, look_on};
use super::{Context, lock, now};
use crate::explain::{Explain as _, Explanation, NextStep};
use crate::journal::{Entry, Journal, JournalError, NotSentReason, Record, Standing};
use crate::message::{Event, Note};
use crate::model::{EntryId, Mode};

impl Context {
    /// Opens the journal, tells the window what is in it, and closes what was never sent.
    pub async fn open_journal(self: &Arc<Self>, path: PathBuf) {
        let file = path.display().to_string();
        let (beside, stamp) = (path.clone(), Stamp::of(&path));
        let opened = tokio::task::spawn_blocking(move || {
            match Journal::open(&path).and_then(|journal| Ok((journal.entries()?, journal))) {
                Ok((entries, journal)) => (entries, Some(journal), None),
                // It cannot be acted on; what is in it can perhaps still be read.
                Err(error) => {
                    let read = Journal::open_read_only(&path).and_then(|j| j.entries());
                    (read.unwrap_or_default(), None, Some(error))
                }
            }
        })
        .await;
        let Ok((entries, journal, trouble)) = opened else {
            return;
        };
        let may_act = journal.is_some();
        // A rehearsal begins with an empty account on purpose.
        if self.mode != Mode::Demo && journal.as_ref().is_some_and(Journal::lost_its_past) {
            let headline = "The journal that was here is gone, so a new one was begun";
            let next = NextStep::Outside("If you moved it, put it back before you act".into());
            let mut explanation = Explanation::harmless(headline, next);
            explanation.details.push(file.clone());
            self.problem(explanation).await;
        }
        *lock(&self.journal) = journal;
        self.may_act.store(may_act, Ordering::Release);
        lock(&self.entries).clone_from(&entries);
        self.emit(Event::Entries(entries)).await;
        let is_in_use = matches!(trouble, Some(JournalError::InUse(_)));
        let trouble = trouble.map(|error| {
            let mut explanation = error.explain();
            explanation.details.push(file);
            explanation
        });
        lock(&self.cannot_act).clone_from(&trouble);
        self.emit(Event::Journal(trouble.map_or(Ok(()), Err))).await;
        if is_in_use {
            tokio::spawn(look_on(Arc::clone(self), beside, stamp));
        }
        if may_act {
            self.end_unsent().await;
        }
    }

    /// Shows what another console has written. What could not be written here is kept for this run.
    pub async fn show_journal_of_another(&self, written: Vec<Entry>) {
        let all = {
            let mut entries = lock(&self.entries);
            let is_written = |entry: &Entry| written.iter().any(|e| e.id() == entry.id());
            entries.retain(|entry| !is_written(entry));
            let unwritten = std::mem::replace(&mut *entries, written);
            entries.extend(unwritten);
            entries.clone()
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
        let unsent: Vec<EntryId> = lock(&self.entries)
            .iter()
            .filter(|e| matches!(e.standing(), Standing::Waiting | Standing::Held { .. }))
            .map(Entry::id)
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
        let at = now();
        let batch = records
            .iter()
            .map(|record| (entry, record.clone()))
            .collect();
        self.append(at, batch).await?;
        self.show(entry, at, records).await;
        Ok(())
    }

    async fn append(
        &self,
        at: Timestamp,
        batch: Vec<(EntryId, Record)>,
    ) -> Result<(), JournalError> {
        let journal = Arc::clone(&self.journal);
        let written = tokio::task::spawn_blocking(move || match lock(&journal).as_mut() {
            Some(journal) => journal.append(at, &batch),
            None => Err(JournalError::ReadOnly),
        });
        written.await.unwrap_or(Err(JournalError::ReadOnly))
    }

    /// Puts one record of each of several entries on disk in one step, and then on screen.
    ///
    /// # Errors
    /// When they could not be written: none is then.
    pub async fn record_all(&self, records: Vec<(EntryId, Record)>) -> Result<(), JournalError> {
        let at = now();
        self.append(at, records.clone()).await?;
        for (entry, record) in records {
            self.show(entry, at, vec![record]).await;
        }
        Ok(())
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
        self.show(order.entry, now(), vec![intended, not_sent])
            .await;
    }

    /// Whether an entry is in no file.
    pub fn is_unwritten(&self, entry: EntryId) -> bool {
        lock(&self.unwritten).contains(&entry)
    }

    /// Takes a record of such an entry in, for this run.
    pub async fn show_only(&self, entry: EntryId, record: Record) {
        self.show(entry, now(), vec![record]).await;
    }

    /// Takes records in for the screen.
    async fn show(&self, entry: EntryId, at: Timestamp, records: Vec<Record>) {
        let changed = {
            let mut entries = lock(&self.entries);
            if let [Record::Intended { author, order }, ..] = records.as_slice() {
                entries.push(Entry::new(author.clone(), order.clone()));
            }
            entries.iter_mut().rev().find(|e| e.id() == entry).map(|e| {
                for record in records {
                    e.push(at, record);
                }
                e.clone()
            })
        };
        if let Some(changed) = changed {
            (self.on_entry)(&changed);
            self.emit(Event::Entry(Box::new(changed))).await;
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
                let note = Note::Stuck(explanation.clone());
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

    pub fn entry(&self, id: EntryId) -> Option<Entry> {
        lock(&self.entries)
            .iter()
            .rev()
            .find(|e| e.id() == id)
            .cloned()
    }

    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.entries).clone()
    }
}
