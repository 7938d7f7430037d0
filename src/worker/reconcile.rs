//! Finds out what became of an order whose answer never came, and takes up what an earlier run
//! left behind. Nothing here ever sends an order again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use tokio::time::Instant;

use super::claim::{Claim, Reading};
use super::context::{Context, monotonic_now, now};
use super::inventory::history_of;
use super::outcome::{accepted, record_someone_elses};
use super::watch;
use crate::action::Task;
use crate::api::{ActionFilter, ApiError, Complete, Lane, Verb};
use crate::explain::{Explanation, NextStep};
use crate::journal::{Entry, OrderStatus, Phase, Record};
use crate::message::OrderProgress;
use crate::model::{Account, EntryId, Epoch, MachineAction, MachineActionId};

/// How far back all actions of the tenant are looked through, as clocks may differ by hours.
const ELSEWHERE: SignedDuration = SignedDuration::from_hours(24);
/// How long a request may wait for its device, and a day for the one who has to know.
const REQUEST_LASTS: SignedDuration = SignedDuration::from_hours(4 * 24);
/// Complete look-ups before *Not found* is said.
const LOOK_UPS: u32 = 3;

/// Takes up every open entry of this account: what was sent is looked up, what was accepted is
/// followed. Entries of other accounts stay as they are. A console that only looks follows too, and
/// leaves everything else to the one that acts.
pub(super) async fn resume(context: &Arc<Context>) {
    // Two accounts that do not say who they are may be two people.
    let Some(account) = context.account().filter(Account::is_named) else {
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
        let status = entry.status();
        match (status.phase(), status) {
            (Phase::Unanswered, _) if context.may_act() => start(context, entry.id()),
            (Phase::UnderWay(action), _) => {
                watch::follow(context, entry.id(), action, None).await;
            }
            // Whether it brought about what this entry was to bring about is not known yet.
            (_, OrderStatus::NotOurs { action, .. })
                if now().duration_since(entry.status_since()) < REQUEST_LASTS =>
            {
                watch::follow_theirs(context, action, entry.machine().id);
            }
            (Phase::Unanswered | Phase::Unsent | Phase::Ended, _) => {}
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
            entry.status(),
            OrderStatus::NotFound
                | OrderStatus::Refused { .. }
                | OrderStatus::NotOurs { .. }
                | OrderStatus::NotSent { .. }
        );
        let is_act = matches!(entry.order.task, Task::Act { .. });
        if !is_open_to_news || !is_act || !entry.author.is(&account) {
            continue;
        }
        let claim = Claim::of(context, &entry.order, Some(&account));
        if let Some(ours) = actions.iter().find(|action| claim.is_ours(action)) {
            accepted(context, &entry.order, ours).await;
        }
    }
}

async fn find_out(context: &Arc<Context>, id: EntryId, epoch: Epoch) {
    let Some(entry) = context.entry(id) else {
        return;
    };
    if matches!(entry.status(), OrderStatus::Sent) {
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
            .map_or(OrderProgress::LookedUp { complete, again_at }, |why| {
                OrderProgress::LookFailed {
                    why,
                    read_at: None,
                    next_at: again_at,
                }
            });
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
        let found = look_up(context, &entry, where_to).await;
        if epoch != context.epoch() {
            return;
        }
        context.report_budget().await;
        match found {
            Ok(Found::Ours(action)) => {
                watch::learn(context, &action).await;
                if accepted(context, &entry.order, &action).await {
                    return;
                }
            }
            Ok(Found::NotOurs(action)) => {
                watch::learn(context, &action).await;
                if record_someone_elses(context, &entry.order, &action).await {
                    return;
                }
            }
            Ok(Found::Nothing) => {
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

/// What one complete and successful look found.
enum Found {
    Ours(Box<MachineAction>),
    NotOurs(Box<MachineAction>),
    /// The service does not have it.
    Nothing,
}

impl Found {
    fn ours(action: &MachineAction) -> Self {
        Self::Ours(Box::new(action.clone()))
    }
}

/// One look. `Err(None)` says that an answer was not complete, and so proves nothing.
async fn look_up(
    context: &Context,
    entry: &Entry,
    where_to: Where,
) -> Result<Found, Option<ApiError>> {
    let order = &entry.order;
    let claim = Claim::of(context, order, context.account().as_ref());
    if let Task::Cancel { action, .. } = &order.task {
        return look_up_cancellation(context, &claim, action).await;
    }
    // No time in the question: this computer's clock may be wrong. The tag decides.
    let found = history_of(context, &order.machine.id, Lane::Analyst)
        .await
        .map_err(Some)?;
    if let Some(action) = found.items.iter().find(|action| claim.is_ours(action)) {
        return Ok(Found::ours(action));
    }
    let answered = match entry.answered_with() {
        Some(id) => read_answered(context, id, &found.items).await?,
        None => None,
    };
    if let Some(action) = &answered {
        match claim.read_again(action) {
            Reading::Ours => return Ok(Found::ours(action)),
            Reading::NotOurs => return Ok(Found::NotOurs(Box::new(action.clone()))),
            // A fuller reading may come yet; without one this is all that there is to go by.
            Reading::MostLikelyOurs if where_to == Where::Everywhere => {
                return Ok(Found::ours(action));
            }
            Reading::MostLikelyOurs => return whole(&found),
            Reading::Unclear => return Err(None),
            // As if no answer had come.
            Reading::Unrelated => {}
        }
    }
    if where_to == Where::Everywhere
        && let Some(action) = look_everywhere(context, &claim, entry.first_sent_at()).await?
    {
        return Ok(Found::Ours(Box::new(action)));
    }
    if found.items.iter().any(|action| claim.may_be(action)) {
        return Err(None);
    }
    whole(&found)
}

/// Nothing, if the list in which it was looked for left nothing out.
fn whole(found: &Complete<MachineAction>) -> Result<Found, Option<ApiError>> {
    if found.complete && found.unreadable == 0 {
        Ok(Found::Nothing)
    } else {
        Err(None)
    }
}

async fn look_up_cancellation(
    context: &Context,
    claim: &Claim<'_>,
    action: &MachineActionId,
) -> Result<Found, Option<ApiError>> {
    let read = context.client.machine_action(action, Lane::Analyst).await;
    let action = read.map_err(Some)?;
    // Ended by whatever cause, or cancelled in our name: either way the truth is known.
    let is_settled = action.status.is_final() || claim.is_ours(&action);
    Ok(if is_settled {
        Found::ours(&action)
    } else {
        Found::Nothing
    })
}

/// The action that the service answered with: from the list, or by its id. `None` when the service
/// does not know it.
async fn read_answered(
    context: &Context,
    id: &MachineActionId,
    listed: &[MachineAction],
) -> Result<Option<MachineAction>, Option<ApiError>> {
    if let Some(action) = listed.iter().find(|action| action.id == *id) {
        return Ok(Some(action.clone()));
    }
    match context.client.machine_action(id, Lane::Analyst).await {
        Ok(action) => Ok(Some(action)),
        Err(ApiError::Refused(refusal)) if refusal.is_not_found() => Ok(None),
        Err(error) => Err(Some(error)),
    }
}

/// Looks for the tag in all actions of the tenant. A service that refuses the question is asked in
/// another form; a failure of either kind, and a list that leaves something out, prove nothing.
async fn look_everywhere(
    context: &Context,
    claim: &Claim<'_>,
    sent: Option<Timestamp>,
) -> Result<Option<MachineAction>, Option<ApiError>> {
    let since = sent.unwrap_or_else(now) - ELSEWHERE;
    let recent = ActionFilter::Recent { since };
    let mut read = context.client.machine_actions(&recent, Lane::Watch).await;
    if read.as_ref().is_err_and(ApiError::is_about_the_question) {
        let all = ActionFilter::All;
        read = context.client.machine_actions(&all, Lane::Watch).await;
    }
    let found = read.map_err(Some)?;
    let is_whole = found.complete && found.unreadable == 0;
    let mut actions = found.items.into_iter();
    match actions.find(|action| claim.is_ours(action)) {
        Some(action) => Ok(Some(action)),
        None if is_whole => Ok(None),
        None => Err(None),
    }
}

#[cfg(test)]
mod tests;
