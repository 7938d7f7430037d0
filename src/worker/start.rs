//! Start of a run, each part in its own task: a hanging disk holds up none of the others, and the window shows
//! what it waits for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::context::Context;
use super::host::{self, Addresses};
use super::journal::Opening;
use super::look_only::tail_journal;
use super::order::{self, resume};
use super::{checkpoints, renewal, sign_in};
use crate::explain::Explain as _;
use crate::journal::{Entry, NotSentReason, OrderStatus, Record};
use crate::message::Event;
use crate::model::Mode;

/// The longest wait of everything else for the window's saved layout, so that nothing moves.
const LAYOUT_TIMEOUT: Duration = Duration::from_secs(1);

/// Starts everything but the sign-in.
pub(super) async fn begin(
    context: Arc<Context>,
    layout_sent: oneshot::Receiver<()>,
    journal: PathBuf,
    opening: Opening,
    addresses: Addresses,
) {
    tokio::time::timeout(LAYOUT_TIMEOUT, layout_sent).await.ok();
    tokio::spawn(open_journal(Arc::clone(&context), journal, opening));
    tokio::spawn(Arc::clone(&context.settings).begin());
    tokio::spawn(read_accounts(Arc::clone(&context)));
    tokio::spawn(sign_in::report_keyring(Arc::clone(&context)));
    tokio::spawn(order::watch(Arc::clone(&context)));
    tokio::spawn(renewal::run(Arc::clone(&context), addresses));
    tokio::spawn(host::report(context.sink.clone()));
}

/// Reads the last account and its sign-in method.
async fn read_accounts(context: Arc<Context>) {
    let here = context.accounts.read().await;
    context
        .sink
        .emit(Event::SignInMethod(here.last_method()))
        .await;
}

/// Waits for the journal, shows its entries, and ends the unsent ones.
async fn open_journal(context: Arc<Context>, path: PathBuf, opening: Opening) {
    let journal = &context.journal;
    tokio::spawn(step_back(Arc::clone(&context), path.clone()));
    let opened = journal.show_opened(opening).await;
    // The demo always starts with an empty journal.
    if context.mode != Mode::Demo && opened.lost_its_past {
        checkpoints::say_that_the_past_is_lost(&context, &path).await;
    }
    if let Some(caution) = opened.caution {
        context.sink.emit(Event::JournalCaution(caution)).await;
    }
    if let Some(error) = &opened.trouble {
        let why = error.explain().with(path.display().to_string());
        journal.only_look(error, why).await;
    } else {
        let journal = Arc::clone(journal);
        tokio::spawn(async move { journal.watch_place().await });
        let checkpoints =
            checkpoints::keep_checkpoints(Arc::clone(&context), path, opened.lost_its_past);
        tokio::spawn(checkpoints);
    }
    // The user may have signed in meanwhile.
    resume(&context).await;
    if opened.trouble.is_none() {
        end_unsent(&context, &opened.entries).await;
    }
}

/// Once this console may not act any more, ends waiting orders and shows what the acting console writes.
async fn step_back(context: Arc<Context>, journal: PathBuf) {
    let another_may = context.journal.until_only_looking().await;
    context.orders.close().await;
    if another_may {
        tail_journal(context, journal).await;
    }
}

/// Ends an earlier run's unsent orders: they are offered for a new review, and not sent later.
async fn end_unsent(context: &Context, entries: &[Entry]) {
    let never_left =
        |e: &&Entry| matches!(e.status(), OrderStatus::Waiting | OrderStatus::Held { .. });
    for entry in entries.iter().filter(never_left) {
        let record = Record::NotSent {
            why: NotSentReason::ConsoleEnded,
            detail: None,
        };
        let journal = &context.journal;
        journal.record_or_say(entry.id(), vec![record]).await;
    }
}
