//! Deletes what is kept on this computer besides the journal and the settings, for a person who asks for it.
//! The journal is the record of what was done: it stays, with its lock file and what the keyring notes of it.

use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::{cache, sign_in};
use crate::explain::{Effect, Explanation, NextStep};
use crate::journal::in_use_beside;
use crate::message::Event;

/// A disk that does not answer for so long is not asked to delete anything.
const DISK_PATIENCE: Duration = Duration::from_secs(2);

/// Why nothing may be deleted now, if so.
pub(super) async fn trouble(context: &Context) -> Option<Explanation> {
    let refused = |why: String, next: &str| {
        let headline = format!("Local data was not deleted: {why}");
        Some(Explanation::harmless(
            headline,
            NextStep::Outside(next.into()),
        ))
    };
    if !context.journal.may_act() {
        let why = "this console only looks".to_owned();
        return refused(why, "Delete it in the console that acts");
    }
    let entries = context.journal.entries();
    let open = entries.iter().filter(|entry| !entry.status().is_end());
    let open = open.count();
    if open > 0 {
        let why = if open == 1 {
            "1 action has not ended yet".to_owned()
        } else {
            format!("{open} actions have not ended yet")
        };
        return refused(why, "Wait until they have, or withdraw what was not sent");
    }
    let journal = context.journal.path().to_owned();
    let asked = tokio::task::spawn_blocking(move || in_use_beside(&journal));
    let Ok(Ok(in_use)) = tokio::time::timeout(DISK_PATIENCE, asked).await else {
        return refused(
            "the data folder does not answer".to_owned(),
            "Try again later",
        );
    };
    let lock = in_use.first()?.file_stem()?.to_string_lossy().into_owned();
    let why = format!("another console works in this data folder ({lock})");
    refused(why, "Close it first")
}

/// Signs out, and deletes what is left of this profile after that.
pub(super) async fn delete(context: Arc<Context>) {
    let unnoted = sign_in::end(&context).await;
    let is_forgotten = context.accounts.forget().await;
    let target = context.auth.target().to_owned();
    let folder = context.accounts.folder();
    let removed = tokio::task::spawn_blocking(move || {
        folder.is_none_or(|folder| cache::remove_all(&folder, &target, None))
    });
    let are_removed = removed.await.unwrap_or_default();
    // That the keyring still has the sign-in was said.
    let is_owed = !context.accounts.here().owed().is_empty();
    if is_forgotten && are_removed {
        context.settings.say_deleted().await;
    } else if !is_owed {
        let left = Explanation {
            headline: "You are signed out, and not all local data could be deleted".into(),
            effect: Effect::Changed,
            next: NextStep::Outside(
                "Delete accounts.json and devices-*.json in the data folder yourself".into(),
            ),
            details: Vec::new(),
        };
        context.screen.emit(Event::SignInFailed(left)).await;
    }
    if let Some(error) = unnoted {
        sign_in::note_or_remove(&context, &error).await;
    }
}
