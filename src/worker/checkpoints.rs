//! Rollback detection: the keyring remembers the journal's newest record too, because an older copy of the
//! whole data folder includes its lock file.
//!
//! No order waits for the keyring. It may be behind the file, as after a crash, but never ahead.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::clock::said_if_slow;
use super::context::Context;
use crate::auth::KeyringTrouble;
use crate::explain::{Explain as _, Explanation, NextStep, outside};
use crate::journal::{Checkpoint, Compared, JournalError};
use crate::message::Event;
use crate::model::KeyringState;

/// The time after which a silent keyring is reported; it may be asking to be unlocked.
const SLOW_AFTER: Duration = Duration::from_secs(3);

/// Minimum time between two checkpoints; intermediate ones are skipped.
const DEBOUNCE: Duration = Duration::from_secs(2);

/// The longest wait on exit for the keyring to take the last checkpoint.
const LAST_LIMIT: Duration = Duration::from_millis(500);

/// Compares the open journal with the keyring's checkpoint, then keeps that up to date for the rest of the run.
/// A checkpoint that could not be compared is not overwritten. `loss_was_said`: the lock file showed the loss
/// of an earlier journal, which was reported.
pub(super) async fn keep_checkpoints(context: Arc<Context>, journal: PathBuf, loss_was_said: bool) {
    let path = journal.clone();
    let named = tokio::task::spawn_blocking(move || Checkpoint::keyring_item(&path)).await;
    let Ok(item) = named else {
        return;
    };
    let has_past = !context.journal.entries().is_empty();
    let checkpoint = remembered_checkpoint(&context, &item, has_past).await;
    say_unchecked(&context, None).await;
    if let Some(checkpoint) = checkpoint {
        match context.journal.compare(checkpoint).await {
            Ok(Compared::Same) => {}
            Ok(Compared::LostItsPast) if loss_was_said => {}
            Ok(Compared::LostItsPast) => say_that_the_past_is_lost(&context, &journal).await,
            Err(error @ JournalError::Damaged(_)) => {
                return context.journal.only_look(&error, error.explain()).await;
            }
            Err(error) => {
                tracing::warn!("the journal was not compared with the keyring: {error}");
                let why = unchecked("The journal did not answer", NextStep::None);
                return say_unchecked(&context, Some(why.with(error.to_string()))).await;
            }
        }
    }
    let mut newest = context.journal.newest_checkpoint();
    context.journal.keep_last_checkpoint_under(&item);
    loop {
        let checkpoint = newest.borrow_and_update().clone();
        if let Some(checkpoint) = checkpoint {
            context.auth.keep_note(&item, checkpoint.to_text());
        }
        if newest.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(DEBOUNCE).await;
    }
}

/// The keyring's checkpoint; `None` also for a new or wiped keyring. An unreadable keyring is tried again once
/// a sign-in was saved in it: the user is not asked to unlock it for the checkpoint alone.
///
/// Orders are sent meanwhile, as they are without a keyring. If the journal `has_past`, the missing comparison
/// is reported.
async fn remembered_checkpoint(
    context: &Context,
    item: &str,
    has_past: bool,
) -> Option<Checkpoint> {
    let mut keyring = context.auth.watch_keyring();
    loop {
        keyring.borrow_and_update();
        let say = |KeyringTrouble { reason, remedy, .. }| {
            tracing::warn!("what the keyring remembers of the journal is unknown: {reason}");
            let why = unchecked(reason, NextStep::Outside(remedy.into()));
            say_unchecked(context, has_past.then_some(why))
        };
        let silent = async { say(KeyringTrouble::silent()).await };
        let note = said_if_slow(context.auth.note(item), SLOW_AFTER, silent).await;
        match note {
            Ok(note) => return note.as_deref().and_then(Checkpoint::from_text),
            Err(why) => say(why).await,
        }
        // After a user unlocked it and asked for another attempt, or once it has saved a sign-in.
        let answers = |state: &KeyringState| !matches!(state, KeyringState::NotSaved { .. });
        if keyring.changed().await.is_err() || keyring.wait_for(answers).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Why it is not known whether this is the journal that was written last.
fn unchecked(reason: &str, next: NextStep) -> Explanation {
    let headline = format!(
        "{reason}. You can continue. Not checked meanwhile: whether an older copy of the journal was put in its place"
    );
    Explanation::harmless(headline, next)
}

async fn say_unchecked(context: &Context, why: Option<Explanation>) {
    context.sink.emit(Event::JournalUnchecked(why)).await;
}

/// Saves the checkpoint of the closed journal, unless the keyring takes too long.
pub(super) async fn keep_last_checkpoint(context: &Context) {
    if let Some((item, checkpoint)) = context.journal.last_checkpoint() {
        let text = checkpoint.to_text();
        context.auth.keep_note_within(item, text, LAST_LIMIT).await;
    }
}

/// Reports that an earlier journal is gone and a new one was begun.
pub(super) async fn say_that_the_past_is_lost(context: &Context, journal: &Path) {
    let headline = "The journal that was here is gone, so a new one was created";
    let next = outside("If you moved it, put it back before you act");
    let explanation = Explanation::harmless(headline, next);
    let explanation = explanation.with(journal.display().to_string());
    context.sink.problem(explanation).await;
}
