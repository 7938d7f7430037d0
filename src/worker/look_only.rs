//! A console beside the one that acts: it shows what the other writes into the journal and what the
//! service says, and writes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::order::resume;
use crate::journal::{Entry, Journal, Stamp};

/// How often the journal's files are checked; they are read only when they have changed.
const INTERVAL: Duration = Duration::from_secs(1);

/// Shows what the other console appends, for as long as this one runs.
pub(super) async fn tail_journal(context: Arc<Context>, path: PathBuf) {
    let mut seen = None;
    loop {
        tokio::time::sleep(INTERVAL).await;
        let (from, before) = (path.clone(), seen);
        let read = tokio::task::spawn_blocking(move || read_if_changed(&from, before));
        // What cannot be read just now, because the other is writing, is read the next time.
        let Ok(Some((stamp, entries))) = read.await else {
            continue;
        };
        seen = Some(stamp);
        context.journal.show_journal_of_another(entries).await;
        resume(&context).await;
    }
}

fn read_if_changed(path: &Path, before: Option<Stamp>) -> Option<(Stamp, Vec<Entry>)> {
    // Before reading: what is appended meanwhile makes another stamp.
    let stamp = Stamp::of(path);
    if before == Some(stamp) {
        return None;
    }
    let journal = Journal::open_read_only(path).ok()?;
    Some((stamp, journal.entries().ok()?))
}
