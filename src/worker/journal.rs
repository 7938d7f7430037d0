//! The thread that owns the journal. An append is a message to it and a reply, so that a disk that
//! hangs holds up the append in question and nothing else; no lock is held while the disk works.
//!
//! What it has written is shown in the order in which the chain has it.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use jiff::Timestamp;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{oneshot, watch};

use super::context::lock;
use crate::journal::{Compared, Entry, Journal, JournalError, Mark, Record};
use crate::model::EntryId;

/// Appends that wait for the disk, and such as wait to be shown. Who asks for more waits as well.
const QUEUE: usize = 64;

/// The entries of this run, oldest first.
pub(super) type Entries = Arc<Mutex<Vec<Arc<Entry>>>>;
/// The entries that an append changed, each once, in the order of their first record in it.
pub(super) type Changed = Vec<Arc<Entry>>;
type Reply = oneshot::Sender<Result<Changed, JournalError>>;

/// How opening went.
pub(super) struct Opened {
    /// What could be read, also where it cannot be acted on.
    pub entries: Vec<Entry>,
    pub lost_its_past: bool,
    pub trouble: Option<JournalError>,
}

/// What is on disk, to be shown before whoever asked for it goes on.
pub(super) struct Written {
    pub changed: Changed,
    reply: Reply,
}

impl Written {
    /// Lets whoever asked for it go on.
    pub(super) fn was_shown(self) {
        self.reply.send(Ok(self.changed)).ok();
    }
}

enum Job {
    Append {
        at: Timestamp,
        records: Vec<(EntryId, Record)>,
        reply: Reply,
    },
    /// Hold the file against a mark.
    Compare {
        mark: Mark,
        reply: oneshot::Sender<Result<Compared, JournalError>>,
    },
    /// Nothing has been written for a while.
    Rest,
    Close {
        done: oneshot::Sender<()>,
    },
}

/// Handle of the thread.
#[derive(Default)]
pub(super) struct JournalHandle {
    pub entries: Entries,
    jobs: OnceLock<Sender<Job>>,
    /// What the file has; `None` until it is open.
    mark: watch::Sender<Option<Mark>>,
    /// Where the keyring keeps that, once it may.
    keyring_item: OnceLock<Box<str>>,
}

impl JournalHandle {
    /// Starts the thread and opens the journal on it. What it writes comes out of the queue.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) async fn open(
        &self,
        path: Box<Path>,
    ) -> std::io::Result<(Opened, Receiver<Written>)> {
        let (jobs, queue) = channel(QUEUE);
        let (opened, answer) = oneshot::channel();
        let (written, to_show) = channel(QUEUE);
        let entries = Arc::clone(&self.entries);
        let mark = self.mark.clone();
        // Never joined: a disk that hangs must not keep the program from ending.
        std::thread::Builder::new()
            .name("cordon-journal".into())
            .spawn(move || {
                let (journal, how) = open(&path);
                lock(&entries).extend(how.entries.iter().cloned().map(Arc::new));
                opened.send(how).ok();
                if let Some(journal) = journal {
                    mark.send_replace(Some(journal.mark()));
                    serve(journal, queue, &entries, &written, &mark);
                }
            })?;
        let opened = answer.await.map_err(std::io::Error::other)?;
        if opened.trouble.is_none() {
            self.jobs.set(jobs).ok();
        }
        Ok((opened, to_show))
    }

    /// Puts records on disk and takes them into the entries, all or none.
    pub(super) async fn append(
        &self,
        at: Timestamp,
        records: Vec<(EntryId, Record)>,
    ) -> Result<Changed, JournalError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Append { at, records, reply };
        let jobs = self.jobs.get().ok_or(JournalError::ReadOnly)?;
        let taken = jobs.send(job).await;
        taken.map_err(|_ended| JournalError::Ended)?;
        answer.await.unwrap_or(Err(JournalError::Ended))
    }

    /// What the file has, now and whenever that changes.
    pub(super) fn newest_mark(&self) -> watch::Receiver<Option<Mark>> {
        self.mark.subscribe()
    }

    /// Allows the last mark to be kept at the end, under this name.
    pub(super) fn keep_last_mark_under(&self, item: &str) {
        self.keyring_item.set(item.into()).ok();
    }

    /// What the file has, and the keyring's name for it where it may be kept.
    pub(super) fn last_mark(&self) -> Option<(&str, Mark)> {
        let item = self.keyring_item.get()?;
        Some((item, self.mark.borrow().clone()?))
    }

    /// Holds the open file against a mark.
    ///
    /// # Errors
    /// As [`Journal::compare`].
    pub(super) async fn compare(&self, mark: Mark) -> Result<Compared, JournalError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Compare { mark, reply };
        let jobs = self.jobs.get().ok_or(JournalError::Ended)?;
        let taken = jobs.send(job).await;
        taken.map_err(|_ended| JournalError::Ended)?;
        answer.await.unwrap_or(Err(JournalError::Ended))
    }

    /// Carries what is in the log over into the file. Where there is work to do, that goes first.
    pub(super) fn rest(&self) {
        if let Some(jobs) = self.jobs.get() {
            jobs.try_send(Job::Rest).ok();
        }
    }

    /// Closes the file, after what is still to be written.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if let Some(jobs) = self.jobs.get()
            && jobs.send(Job::Close { done }).await.is_ok()
        {
            closed.await.ok();
        }
    }
}

fn open(path: &Path) -> (Option<Journal>, Opened) {
    let opened = Journal::open(path).and_then(|journal| Ok((journal.entries()?, journal)));
    let (entries, journal, trouble) = match opened {
        Ok((entries, journal)) => (entries, Some(journal), None),
        // It cannot be acted on; what is in it can perhaps still be read.
        Err(error) => {
            let read = Journal::open_read_only(path).and_then(|j| j.entries());
            (read.unwrap_or_default(), None, Some(error))
        }
    };
    let how = Opened {
        entries,
        lost_its_past: journal.as_ref().is_some_and(Journal::lost_its_past),
        trouble,
    };
    (journal, how)
}

/// Until it is closed, or nobody is left to ask for anything.
fn serve(
    mut journal: Journal,
    mut queue: Receiver<Job>,
    entries: &Entries,
    written: &Sender<Written>,
    mark: &watch::Sender<Option<Mark>>,
) {
    while let Some(job) = queue.blocking_recv() {
        match job {
            Job::Append { at, records, reply } => match journal.append(at, &records) {
                Ok(()) => {
                    let changed = take_in(entries, at, records);
                    mark.send_replace(Some(journal.mark()));
                    written.blocking_send(Written { changed, reply }).ok();
                }
                Err(error) => {
                    reply.send(Err(error)).ok();
                }
            },
            Job::Compare { mark, reply } => {
                reply.send(journal.compare(&mark)).ok();
            }
            Job::Rest => journal.rest(),
            Job::Close { done } => {
                drop(journal);
                done.send(()).ok();
                return;
            }
        }
    }
}

/// Adds records to their entries; a first one makes its entry.
pub(super) fn take_in(
    entries: &Entries,
    at: Timestamp,
    records: Vec<(EntryId, Record)>,
) -> Changed {
    let mut entries = lock(entries);
    let mut ids: Vec<EntryId> = Vec::new();
    for (id, record) in records {
        if let Record::Intended { author, order } = &record {
            entries.push(Arc::new(Entry::new(author.clone(), order.clone())));
        }
        // The newest are asked for the most.
        if let Some(entry) = entries.iter_mut().rev().find(|e| e.id() == id) {
            Arc::make_mut(entry).push(at, record);
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    let newest = |id: &EntryId| entries.iter().rev().find(|e| e.id() == *id).cloned();
    ids.iter().filter_map(newest).collect()
}

#[cfg(test)]
mod tests;
