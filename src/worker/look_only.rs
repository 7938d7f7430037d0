//! A read-only console beside the acting one: it shows the journal as the other writes it and the service's
//! data, and writes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::order::resume;
use crate::journal::{Entry, Journal, Stamp};

/// Interval of checks of the journal's files, which are read only if they have changed.
const INTERVAL: Duration = Duration::from_secs(1);

/// Shows the other console's appends, for the rest of the run.
pub(super) async fn tail_journal(context: Arc<Context>, path: PathBuf) {
    let mut seen = None;
    loop {
        tokio::time::sleep(INTERVAL).await;
        let (from, before) = (path.clone(), seen);
        let read = tokio::task::spawn_blocking(move || read_if_changed(&from, before));
        // An append that cannot be read during a write is read the next time.
        let Ok(Some((stamp, entries))) = read.await else {
            continue;
        };
        seen = Some(stamp);
        context.journal.show_journal_of_another(entries).await;
        resume(&context).await;
    }
}

fn read_if_changed(path: &Path, before: Option<Stamp>) -> Option<(Stamp, Vec<Entry>)> {
    // Taken before reading: a later append changes the stamp.
    let stamp = Stamp::of(path);
    if before == Some(stamp) {
        return None;
    }
    let journal = Journal::open_read_only(path).ok()?;
    Some((stamp, journal.entries().ok()?))
}
