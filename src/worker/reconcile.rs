//! Finds out what became of an order whose answer never came, and takes up what an earlier run
//! left behind. Nothing here ever sends an order again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use tokio::time::Instant;

use super::context::{Context, monotonic_now, now};
use super::inventory::history_of;
use super::outcome::{accepted, carries_tag};
use super::watch;
use crate::action::{ActionKind, Order, Task};
use crate::api::{ActionFilter, ApiError, Lane, Verb};
use crate::explain::{Explanation, NextStep};
use crate::journal::{Record, Standing};
use crate::message::Note;
use crate::model::{EntryId, Epoch, MachineAction};

/// How wrong this computer's clock may be without a look-up being led astray.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(10);
/// How far back all actions of the tenant are looked through, as clocks may differ by hours.
const ELSEWHERE: SignedDuration = SignedDuration::from_hours(24);
/// Complete look-ups before *Not found* is said.
const LOOK_UPS: u32 = 3;

/// Takes up every open entry of this account: what was sent is looked up, what was accepted is
/// followed. Entries of other accounts stay as they are.
pub(super) async fn resume(context: &Arc<Context>) {
    let Some(account) = context.account().filter(|_| context.may_act()) else {
        return;
    };
    for entry in context
        .entries()
        .into_iter()
        .filter(|e| e.author.is(&account))
    {
        // One that is being sent has a task of its own.
        if context.is_sending(entry.id()) {
            continue;
        }
        match entry.standing() {
            Standing::Sent | Standing::Unknown { .. } => start(context, entry.id()),
            Standing::Accepted { action, .. } => watch::follow(context, entry.id(), action).await,
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

/// Begins to look for what became of an entry, in a task of its own.
pub(super) fn start(context: &Arc<Context>, entry: EntryId) {
    // Only in the name of whoever ordered it: another account may not see the device at all.
    let is_ours = context
        .entry(entry)
        .zip(context.account())
        .is_some_and(|(e, account)| e.author.is(&account));
    if is_ours && context.begin_look_up(entry) {
        let (context, epoch) = (Arc::clone(context), context.epoch());
        tokio::spawn(async move {
            find_out(&context, entry, epoch).await;
            context.end_look_up(entry, epoch);
        });
    }
}

/// What turns up late puts right what was said without it: *Not found* after a service that showed
/// its new actions later than any look-up, or a refusal by something in front of one that had
/// stored the action all the same.
pub(super) async fn mind_late(context: &Arc<Context>, actions: &[MachineAction]) {
    let Some(account) = context.account().filter(|_| context.may_act()) else {
        return;
    };
    for entry in context.entries() {
        let is_open_to_news = matches!(
            entry.standing(),
            Standing::NotFound
                | Standing::Refused { .. }
                | Standing::SomeoneElses { .. }
                | Standing::NotSent { .. }
        );
        let is_act = matches!(entry.order.task, Task::Act { .. });
        if !is_open_to_news || !is_act || !entry.author.is(&account) {
            continue;
        }
        if let Some(ours) = actions.iter().find(|a| carries_tag(entry.id(), a)) {
            accepted(context, &entry.order, ours).await;
        }
    }
}

async fn find_out(context: &Arc<Context>, id: EntryId, epoch: Epoch) {
    let Some(entry) = context.entry(id) else {
        return;
    };
    if matches!(entry.standing(), Standing::Sent) {
        let why = "no answer was recorded".into();
        context
            .record_or_say(id, vec![Record::Unknown { why }])
            .await;
    }
    let (mut complete, mut first, mut trouble) = (0, None, None);
    for looked in 0.. {
        let wait = context.pace.between_look_ups(looked);
        let again_at =
            now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_mins(2));
        let note = trouble
            .take()
            .map_or(Note::LookedUp { complete, again_at }, Note::Stuck);
        context.note(id, Some(note)).await;
        tokio::time::sleep(wait).await;
        if epoch != context.epoch() {
            return;
        }
        let spread =
            first.is_some_and(|first: Instant| first.elapsed() >= context.pace.look_up_spread());
        let where_to = if spread && complete + 1 >= LOOK_UPS {
            Where::Everywhere
        } else {
            Where::AtTheMachine
        };
        let found = look_up(context, &entry.order, entry.first_sent_at(), where_to).await;
        if epoch != context.epoch() {
            return;
        }
        context.report_budget().await;
        match found {
            Ok(Some(action)) => {
                watch::learn(context, &action).await;
                if accepted(context, &entry.order, &action).await {
                    return;
                }
            }
            Ok(None) => {
                complete += 1;
                first.get_or_insert_with(monotonic_now);
                if where_to == Where::Everywhere
                    && context.record_or_say(id, vec![Record::NotFound]).await
                {
                    return;
                }
            }
            // A look-up that failed or was not complete proves nothing and does not count.
            Err(Some(error)) => {
                context.mind_sign_in(&error).await;
                trouble = Some(error.explain_for(Verb::Read, "look up this order", None, None));
            }
            Err(None) => {
                let headline =
                    "The service's list of actions is not complete, so it proves nothing";
                trouble = Some(Explanation::harmless(headline, NextStep::None));
            }
        }
    }
}

/// Where an order's action is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    AtTheMachine,
    /// Before *Not found* is said: carried over to another record, it is in no list of this one.
    Everywhere,
}

/// One complete look: `Ok(None)` says that the service does not have it, `Err(None)` that the
/// answer was not complete.
async fn look_up(
    context: &Context,
    order: &Order,
    sent: Option<Timestamp>,
    where_to: Where,
) -> Result<Option<MachineAction>, Option<ApiError>> {
    match &order.task {
        Task::Act { kind, .. } => {
            // No time in the question: this computer's clock may be wrong. The tag decides.
            let found = history_of(context, &order.machine.id, Lane::Analyst)
                .await
                .map_err(Some)?;
            let ours = |action: &&MachineAction| carries_tag(order.entry, action);
            if let Some(action) = found.items.iter().find(ours) {
                return Ok(Some(action.clone()));
            }
            if where_to == Where::Everywhere {
                let since = sent.unwrap_or_else(now) - ELSEWHERE;
                let recent = ActionFilter::Recent { since };
                // A service that refuses this question is asked no other: the machine's own list
                // was complete.
                let found = context.client.machine_actions(&recent, Lane::Watch).await;
                let items = found.map(|list| list.items).unwrap_or_default();
                if let Some(action) = items.into_iter().find(|action| ours(&action)) {
                    return Ok(Some(action));
                }
            }
            let may_be_ours = found
                .items
                .iter()
                .any(|action| may_be(order, *kind, sent, action));
            if may_be_ours || !found.complete || found.unreadable > 0 {
                return Err(None);
            }
            Ok(None)
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

/// Whether an action that bears no name could be this order: of its kind, from about its time.
/// The tag decides; where the service shows no comments, nobody can tell.
fn may_be(
    order: &Order,
    kind: ActionKind,
    sent: Option<Timestamp>,
    action: &MachineAction,
) -> bool {
    let is_nameless = action.external_id.is_none()
        && action
            .requestor_comment
            .as_deref()
            .is_none_or(|c| c.trim().is_empty());
    let is_of_the_time = match (action.created, sent) {
        (Some(created), Some(sent)) => created >= sent - CLOCK_SLACK,
        (None, _) | (_, None) => true,
    };
    is_nameless
        && is_of_the_time
        && action.kind == kind.spec().wire_type
        && action
            .machine_id
            .as_ref()
            .is_none_or(|m| *m == order.machine.id)
}
