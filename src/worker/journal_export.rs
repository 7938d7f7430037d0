//! Verification and export of the journal's file, outside of the thread that owns it: no order waits for them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::clock::now;
use super::context::Context;
use crate::explain::{Explanation, NextStep, outside};
use crate::files;
use crate::journal::{Checkpoint, Entry, Journal, Moment, export as write_out, hand_over};
use crate::message::{Event, ExportTo, Exported, JournalExport, JournalNews, Written};
use crate::model::{EntryId, Mode};

/// Verifies the file's hash chain, and compares it with the remembered checkpoints.
pub(super) async fn verify(context: Arc<Context>) {
    emit(&context, JournalNews::Verifying).await;
    let keyring = remembered(&context).await;
    let path = context.journal.path().to_owned();
    let walked = tokio::task::spawn_blocking(move || Journal::inspect(&path, keyring)).await;
    let result = match walked {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(error)) => Err(error.explain_reading()),
        Err(_panicked) => Err(ended()),
    };
    emit(&context, JournalNews::Verified { at: now(), result }).await;
}

/// The keyring's checkpoint of the file, or why it is unknown.
async fn remembered(context: &Context) -> Option<Result<Checkpoint, String>> {
    // The demo stores nothing outside its folder.
    if context.mode == Mode::Demo {
        return None;
    }
    let path = context.journal.path().to_owned();
    let item = tokio::task::spawn_blocking(move || Checkpoint::keyring_item(&path)).await;
    let note = match item {
        Ok(item) => (context.auth.note(&item).await).map_err(|unread| unread.reason),
        Err(_panicked) => Err("the journal's path is unknown"),
    };
    Some(Checkpoint::of_note(note))
}

/// Reads the file again and exports the requested part.
pub(super) async fn export(context: Arc<Context>, wanted: JournalExport) {
    emit(&context, JournalNews::Exporting).await;
    let path = context.journal.path().to_owned();
    let clocks = (now(), context.client.service_ahead().unwrap_or_default());
    // A sheet from a substituted file would report someone else's orders.
    let result = match context.journal.check_place().await {
        Ok(()) => {
            let written = tokio::task::spawn_blocking(move || write(&path, wanted, clocks)).await;
            written.unwrap_or_else(|_panicked| Err(ended()))
        }
        Err(error) => Err(error.explain_reading()),
    };
    emit(&context, JournalNews::Exported(result)).await;
}

fn write(
    path: &Path,
    wanted: JournalExport,
    clocks: (Timestamp, SignedDuration),
) -> Result<Written, Explanation> {
    let read = Journal::open_read_only(path)
        .and_then(|journal| Ok((journal.checkpoint(), journal.entries()?)));
    let (verified, all) = read.map_err(|error| error.explain_reading())?;
    let listed = |ids: &[EntryId]| {
        let ids: HashSet<_> = ids.iter().collect();
        let listed = all.iter().filter(|entry| ids.contains(&entry.id()));
        listed.cloned().collect()
    };
    let (now, service_ahead) = clocks;
    let mut moment = Moment {
        now,
        service_ahead,
        zone: &wanted.zone,
        since: None,
        others: None,
        ticket: None,
        all: Some(&all),
        aftermath: Some(&wanted.aftermath),
    };
    let entries: Vec<Entry> = match &wanted.what {
        Exported::HandOver { since, others } => {
            moment.since = Some(*since);
            moment.others = Some(others);
            hand_over(&all, *since, moment.aftermath)
        }
        Exported::Ticket {
            ticket,
            entries,
            others,
        } => {
            moment.ticket = Some(ticket);
            moment.others = Some(others);
            listed(entries)
        }
        Exported::Entries(ids) => listed(ids),
    };
    let text = write_out(&entries, &verified, wanted.format, &moment);
    let mut written = Written {
        entries: entries.len(),
        to: wanted.to,
        text: None,
    };
    match &written.to {
        ExportTo::Clipboard => written.text = Some(text.into()),
        ExportTo::File(file) => files::write_new(file, text.as_bytes()).map_err(|error| {
            let next = outside("Choose another name or folder");
            Explanation::harmless("The file could not be written", next)
                .with(file.display().to_string())
                .with(error.to_string())
        })?,
    }
    Ok(written)
}

fn ended() -> Explanation {
    Explanation::harmless("Reading the journal ended unexpectedly", NextStep::TryAgain)
}

async fn emit(context: &Context, news: JournalNews) {
    context.sink.emit(Event::JournalWork(news)).await;
}
