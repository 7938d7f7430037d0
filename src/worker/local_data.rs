//! Deletion of local data other than the journal and the settings, at the user's request. The journal is the
//! record of what was done: it stays, with its lock file and the keyring's checkpoint.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::context::Context;
use super::sign_in::{self, Ended};
use crate::explain::{Effect, Explanation, NextStep};
use crate::journal::{Unended, in_use_beside};
use crate::message::Event;

/// The longest wait for the disk's answer to the check; then the deletion is refused.
const DISK_TIMEOUT: Duration = Duration::from_secs(2);

/// A requested deletion, while it is checked whether it may proceed.
#[derive(Default)]
pub(super) struct Deletion(Option<oneshot::Receiver<()>>);

impl Deletion {
    /// Starts the check in the background; it reports itself why nothing may be deleted.
    pub fn begin(&mut self, check: impl Future<Output = bool> + Send + 'static) {
        let (clear, is_clear) = oneshot::channel();
        self.0 = Some(is_clear);
        tokio::spawn(async move {
            if check.await {
                clear.send(()).ok();
            }
        });
    }

    /// Returns once the requested deletion may proceed.
    pub async fn cleared(&mut self) {
        if let Some(check) = &mut self.0 {
            let is_clear = check.await.is_ok();
            self.0 = None;
            if is_clear {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

fn refusal(why: &str, remedy: String) -> Explanation {
    let headline = format!("Local data was not deleted: {why}");
    Explanation::harmless(headline, NextStep::Outside(remedy.into()))
}

/// Why this console's own state forbids the deletion, if it does.
pub(super) fn trouble(context: &Context) -> Option<Explanation> {
    if !context.journal.may_act() {
        let remedy = "Delete it in the console that acts".to_owned();
        return Some(refusal("this console only looks", remedy));
    }
    let of_earlier_runs = context.journal.of_earlier_runs();
    let entries = context.journal.entries();
    let open = (entries.iter().enumerate())
        .filter(|(_, entry)| !entry.status().is_end())
        .filter(|(index, entry)| !entry.is_abandoned(*index < of_earlier_runs))
        .map(|(_, entry)| entry.as_ref());
    let Unended { why, remedy } = Unended::of(open, context.session.account().as_ref())?;
    Some(refusal(&why, remedy))
}

/// Whether the data folder permits the deletion; reports why not.
pub(super) async fn is_clear(context: Arc<Context>) -> bool {
    let why = in_use(&context).await;
    let is_clear = why.is_none();
    if let Some(why) = why {
        context.sink.problem(why).await;
    }
    is_clear
}

async fn in_use(context: &Context) -> Option<Explanation> {
    let journal = context.journal.path().to_owned();
    let asked = tokio::task::spawn_blocking(move || in_use_beside(&journal));
    let Ok(Ok(in_use)) = tokio::time::timeout(DISK_TIMEOUT, asked).await else {
        let remedy = "Try again later".to_owned();
        return Some(refusal("the data folder does not answer", remedy));
    };
    let lock = in_use.first()?.file_stem()?.to_string_lossy().into_owned();
    let why = format!("another console is using this data folder ({lock})");
    Some(refusal(&why, "Close it first".to_owned()))
}

/// Signs out, then deletes the rest of this profile's data.
pub(super) async fn delete(context: Arc<Context>) {
    let Ended { unnoted, lists } = sign_in::end(&context).await;
    let is_forgotten = context.accounts.forget().await;
    let are_removed = lists.await.unwrap_or_default();
    // A sign-in left in the keyring was reported.
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
        context.sink.emit(Event::SignInFailed(left)).await;
    }
    if let Some(error) = unnoted {
        sign_in::note_or_remove(&context, &error).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn hanging_check_blocks_nothing_and_only_a_passed_one_clears() {
        let is_cleared = async |deletion: &mut Deletion| {
            let limit = Duration::from_mins(1);
            tokio::time::timeout(limit, deletion.cleared())
                .await
                .is_ok()
        };
        let mut deletion = Deletion::default();
        assert!(!is_cleared(&mut deletion).await, "none requested");
        deletion.begin(pending());
        assert!(!is_cleared(&mut deletion).await, "the disk hangs");
        deletion.begin(ready(false));
        assert!(!is_cleared(&mut deletion).await, "it is refused");
        deletion.begin(ready(true));
        assert!(is_cleared(&mut deletion).await);
        assert!(!is_cleared(&mut deletion).await, "once");
    }
}
