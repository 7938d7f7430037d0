//! The thread that owns the journal's file. An append is a message to it and a reply.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{oneshot, watch};

use crate::journal::{
    Caution, Checkpoint, Compared, Entry, Journal, JournalError, Record, put_aside,
};
use crate::model::{EntryId, Mode};

/// Capacity for appends that wait for the disk, and for those to be shown. Further callers wait as well.
const QUEUE: usize = 64;

/// The entries changed by an append, each once, in the order of their first record in it.
pub(super) type Changed = Vec<Arc<Entry>>;
pub(super) type Reply<T> = oneshot::Sender<Result<T, JournalError>>;

/// The entries of this run, oldest first. Cloning the list clones one reference.
#[derive(Clone, Default)]
pub(super) struct Entries(Arc<Mutex<Arc<Vec<Arc<Entry>>>>>);

impl Entries {
    pub fn all(&self) -> Arc<Vec<Arc<Entry>>> {
        Arc::clone(&self.0.lock())
    }

    /// Changes the list; locked briefly, never during disk access.
    pub fn change<T>(&self, change: impl FnOnce(&mut Vec<Arc<Entry>>) -> T) -> T {
        let mut entries = self.0.lock();
        change(Arc::make_mut(&mut entries))
    }

    /// Adopts entries that another console has written, and returns the new ones. Entries that could not be
    /// written here stay for this run, until the other console has written more records.
    pub fn adopt(&self, written: Vec<Entry>) -> Vec<Entry> {
        self.change(|entries| {
            let here = std::mem::take(entries);
            let mut unseen: HashMap<_, _> = here.iter().map(|e| (e.id(), Arc::clone(e))).collect();
            let mut new = Vec::new();
            entries.extend(written.into_iter().map(|entry| {
                let mine = unseen.remove(&entry.id());
                let mine = mine.filter(|mine| mine.records().starts_with(entry.records()));
                mine.unwrap_or_else(|| {
                    new.push(entry.clone());
                    Arc::new(entry)
                })
            }));
            let unwritten = here.into_iter().filter(|e| unseen.contains_key(&e.id()));
            entries.extend(unwritten);
            new
        })
    }

    /// Adds records to their entries; a first record creates its entry.
    pub fn add(&self, at: Timestamp, records: Vec<(EntryId, Record)>) -> Changed {
        self.change(|entries| {
            let mut ids: Vec<EntryId> = Vec::new();
            for (id, record) in records {
                if let Record::Intended { author, order } = &record {
                    entries.push(Arc::new(Entry::new(author.clone(), order.clone())));
                }
                // The newest are used the most.
                if let Some(entry) = entries.iter_mut().rev().find(|e| e.id() == id) {
                    Arc::make_mut(entry).push(at, record);
                    if !ids.contains(&id) {
                        ids.push(id);
                    }
                }
            }
            let newest = |id: &EntryId| entries.iter().rev().find(|e| e.id() == *id).cloned();
            ids.iter().filter_map(newest).collect()
        })
    }
}

/// Result of opening.
#[derive(Default)]
pub(in crate::worker) struct Opened {
    /// All readable entries, also of a journal that cannot be acted on.
    pub entries: Vec<Entry>,
    pub lost_its_past: bool,
    pub caution: Option<Caution>,
    /// Other journals in the folder that no console uses.
    pub put_aside: Vec<PathBuf>,
    pub trouble: Option<JournalError>,
}

/// Written records, to be shown before the caller continues.
pub(super) struct AppendedRecords {
    pub changed: Changed,
    pub reply: Reply<()>,
}

pub(super) enum Job {
    Append {
        at: Timestamp,
        records: Vec<(EntryId, Record)>,
        reply: Reply<()>,
    },
    /// Compares the file with a checkpoint.
    Compare {
        checkpoint: Checkpoint,
        reply: Reply<Compared>,
    },
    /// Checks that the file is still in place.
    CheckPlace {
        reply: Reply<()>,
    },
    /// The journal is idle.
    Rest,
    Close {
        done: oneshot::Sender<()>,
    },
}

/// The thread's channels.
pub(super) struct Ends {
    pub jobs: Sender<Job>,
    pub opened: oneshot::Receiver<Opened>,
    pub to_show: Receiver<AppendedRecords>,
    /// The file's newest checkpoint; `None` until it is open.
    pub checkpoint: watch::Receiver<Option<Checkpoint>>,
}

/// Starts the thread, which opens the file and then executes the queued jobs.
///
/// # Errors
/// The system provides no thread.
pub(super) fn start(path: Box<Path>, mode: Mode, entries: Entries) -> std::io::Result<Ends> {
    let (jobs, queue) = channel(QUEUE);
    let (opened_to, opened) = oneshot::channel();
    let (written, to_show) = channel(QUEUE);
    let (checkpoint_to, checkpoint) = watch::channel(None);
    // Never joined: a hanging disk must not keep the program from ending.
    std::thread::Builder::new()
        .name("cordon-journal".into())
        .spawn(move || {
            let (journal, how) = open(&path, mode);
            entries.change(|all| all.extend(how.entries.iter().cloned().map(Arc::new)));
            checkpoint_to.send_replace(journal.as_ref().map(Journal::checkpoint));
            opened_to.send(how).ok();
            serve(journal, queue, &entries, &written, &checkpoint_to);
        })?;
    Ok(Ends {
        jobs,
        opened,
        to_show,
        checkpoint,
    })
}

fn open(path: &Path, mode: Mode) -> (Option<Journal>, Opened) {
    let opened = Journal::open(path).and_then(|journal| {
        let entries = journal.entries()?;
        demand_mode(&entries, mode)?;
        Ok((entries, journal))
    });
    let (entries, journal, trouble) = match opened {
        Ok((entries, journal)) => (entries, Some(journal), None),
        // The journal cannot be used for acting; perhaps it can still be read.
        Err(error) => {
            let read = Journal::open_read_only(path).and_then(|j| j.entries());
            (read.unwrap_or_default(), None, Some(error))
        }
    };
    let how = Opened {
        entries,
        lost_its_past: journal.as_ref().is_some_and(Journal::lost_its_past),
        caution: journal.as_ref().and_then(Journal::caution),
        put_aside: put_aside(path),
        trouble,
    };
    (journal, how)
}

/// Refuses a journal of another mode, such as a copied demo journal: its orders would be followed at the wrong
/// target.
fn demand_mode(entries: &[Entry], mode: Mode) -> Result<(), JournalError> {
    let mode = mode.key();
    let foreign = entries.iter().find(|entry| *entry.author.mode != *mode);
    foreign.map_or(Ok(()), |entry| {
        let found = entry.author.mode.clone();
        Err(JournalError::OfAnotherMode { found, mode })
    })
}

/// Executes jobs until the journal is closed or all senders are gone.
fn serve(
    mut journal: Option<Journal>,
    mut queue: Receiver<Job>,
    entries: &Entries,
    written: &Sender<AppendedRecords>,
    checkpoint_to: &watch::Sender<Option<Checkpoint>>,
) {
    while let Some(job) = queue.blocking_recv() {
        match job {
            Job::Append { at, records, reply } => {
                let appended = match &mut journal {
                    Some(journal) => journal.append(at, &records),
                    None => Err(JournalError::ReadOnly),
                };
                if let Err(error) = appended {
                    let_go_of_cut(&mut journal, &error);
                    reply.send(Err(error)).ok();
                    continue;
                }
                let changed = entries.add(at, records);
                checkpoint_to.send_replace(journal.as_ref().map(Journal::checkpoint));
                written
                    .blocking_send(AppendedRecords { changed, reply })
                    .ok();
            }
            Job::Compare { checkpoint, reply } => {
                let compared = match &mut journal {
                    Some(journal) => journal.compare(&checkpoint),
                    None => Err(JournalError::ReadOnly),
                };
                reply.send(compared).ok();
            }
            Job::CheckPlace { reply } => {
                let checked = journal.as_ref().map_or(Ok(()), Journal::check_place);
                if let Err(error) = &checked {
                    let_go_of_cut(&mut journal, error);
                }
                reply.send(checked).ok();
            }
            Job::Rest => {
                if let Some(journal) = &mut journal {
                    journal.rest();
                }
            }
            Job::Close { done } => {
                drop(journal);
                done.send(()).ok();
                return;
            }
        }
    }
}

/// Keeps a journal with a truncated index from being used again: `SQLite` would read past its end, even on
/// closing, and the system kills a program that does. Its lock is held to the end of the run.
fn let_go_of_cut(journal: &mut Option<Journal>, error: &JournalError) {
    if matches!(error, JournalError::Cut(_)) {
        std::mem::forget(journal.take());
    }
}
