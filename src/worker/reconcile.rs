//! Finds out what became of an order whose answer never came, and takes up what an earlier run
//! left behind. Nothing here ever sends an order again.

use std::sync::Arc;

use jiff::SignedDuration;

use super::context::{Context, monotonic_now, now};
use super::inventory::history_of;
use super::submit::{accepted, carries_tag};
use super::watch;
use crate::action::{Order, Task};
use crate::api::{ApiError, Lane, Verb};
use crate::journal::{Record, Standing};
use crate::message::Note;
use crate::model::{Account, EntryId, MachineAction};

/// Complete look-ups before *Not found* is said.
const LOOK_UPS: u32 = 3;

/// Takes up every open entry of this account: what was sent is looked up, what was accepted is
/// followed. Entries of other accounts stay as they are.
pub(super) async fn resume(context: &Arc<Context>) {
    let Some(account) = context.account() else {
        return;
    };
    for entry in context
        .entries()
        .into_iter()
        .filter(|e| belongs_to(&e.author, &account))
    {
        match entry.standing() {
            Standing::Sent | Standing::Unknown { .. } => start(context, entry.id()),
            Standing::Accepted { action, .. } => watch::follow(context, entry.id(), &action).await,
            Standing::Waiting
            | Standing::Held { .. }
            | Standing::NotSent { .. }
            | Standing::Done { .. }
            | Standing::Failed { .. }
            | Standing::TooLate { .. }
            | Standing::TimedOut { .. }
            | Standing::Cancelled { .. }
            | Standing::Refused { .. }
            | Standing::NotFound
            | Standing::SomeoneElses { .. } => {}
        }
    }
}

fn belongs_to(author: &crate::journal::Author, account: &Account) -> bool {
    *author.tenant == *account.tenant_id.as_str() && author.object_id == account.object_id
}

/// Begins to look for what became of an entry, in a task of its own.
pub(super) fn start(context: &Arc<Context>, entry: EntryId) {
    if context.begin_look_up(entry) {
        let context = Arc::clone(context);
        tokio::spawn(async move {
            find_out(&context, entry).await;
            context.end_look_up(entry);
        });
    }
}

async fn find_out(context: &Arc<Context>, id: EntryId) {
    let Some(entry) = context.entry(id) else {
        return;
    };
    if matches!(entry.standing(), Standing::Sent) {
        let why = "the console ended before the answer came".into();
        context
            .record_or_say(id, vec![Record::Unknown { why }])
            .await;
    }
    let epoch = context.epoch();
    let (mut complete, mut first) = (0, None);
    for looked in 0.. {
        let wait = context.pace.between_look_ups(looked);
        let again_at =
            now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_mins(2));
        context
            .note(id, Some(Note::LookedUp { complete, again_at }))
            .await;
        tokio::time::sleep(wait).await;
        if epoch != context.epoch() {
            return;
        }
        match look_up(context, &entry.order).await {
            Ok(Some(action)) => {
                watch::learn(context, &action).await;
                return accepted(context, &entry.order, &action).await;
            }
            Ok(None) => {
                complete += 1;
                let first = *first.get_or_insert_with(monotonic_now);
                if complete >= LOOK_UPS && first.elapsed() >= context.pace.look_up_spread() {
                    return context.record_or_say(id, vec![Record::NotFound]).await;
                }
            }
            // A look-up that failed or was not complete proves nothing and does not count.
            Err(error) => {
                if let Some(error) = error {
                    let explanation =
                        error.explain_for(Verb::Read, "look up this order", None, None);
                    context.note(id, Some(Note::Stuck(explanation))).await;
                    tokio::time::sleep(context.pace.secs(3)).await;
                }
            }
        }
        context.report_budget().await;
    }
}

/// One complete look: `Ok(None)` says that the service does not have it, `Err(None)` that the
/// answer was not complete.
async fn look_up(
    context: &Context,
    order: &Order,
) -> Result<Option<MachineAction>, Option<ApiError>> {
    match &order.task {
        Task::Act { .. } => {
            // No time in the question: this computer's clock may be wrong. The tag decides.
            let found = history_of(context, &order.machine.id, Lane::Analyst)
                .await
                .map_err(Some)?;
            let ours = found
                .items
                .into_iter()
                .find(|action| carries_tag(order.entry, action));
            match ours {
                Some(action) => Ok(Some(action)),
                None if found.complete && found.unreadable == 0 => Ok(None),
                None => Err(None),
            }
        }
        Task::Cancel { action, .. } => {
            let action = context
                .client
                .machine_action(action, Lane::Analyst)
                .await
                .map_err(Some)?;
            // Ended by whatever cause, or cancelled in our name: either way the truth is known.
            let settled = action.status.is_final() || carries_tag(order.entry, &action);
            Ok(settled.then_some(action))
        }
    }
}
