//! Look-up of the outcome of an order whose reply was lost. Nothing here sends an order again.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::attribution::{Attribution, Claim};
use super::effect::look_up_effect;
use super::outcome::{Source, accepted, not_ours};
use super::registry::{Readings, RegisteredOrder};
use crate::action::{OrderEffect, Recorded, Task};
use crate::api::{ActionFilter, ApiError, Lane, Verb};
use crate::explain::{Effect, Explanation, NextStep};
use crate::journal::{Entry, OrderStatus, Phase, Record};
use crate::message::OrderProgress;
use crate::model::{EntryId, Epoch, Listed, MachineAction, MachineActionId, shifted};
use crate::worker::clock::{monotonic_now, now, on_the_wall_clock};
use crate::worker::context::Context;

/// The period for which all actions of the tenant are searched, as clocks may differ by hours.
const ELSEWHERE: SignedDuration = SignedDuration::from_hours(24);
/// The number of complete look-ups before *Not found*.
const LOOK_UPS: u32 = 3;

/// Starts the look-up of an entry's outcome in its own task.
pub(super) fn start(context: &Arc<Context>, entry: EntryId) {
    let epoch = context.session.epoch();
    if is_of_present_account(context, entry)
        && let Some((registration, readings)) = context.orders.register_look_up(entry, epoch)
    {
        let context = Arc::clone(context);
        tokio::spawn(async move {
            find_out(&context, entry, epoch, readings).await;
            drop(registration);
        });
    }
}

/// Looks up the outcome of an order that was just sent, unless a reply has settled it.
pub(super) async fn find_out_if_unanswered(
    context: &Context,
    entry: EntryId,
    registration: RegisteredOrder,
) {
    let status = context.journal.status(entry);
    let is_unanswered = status.is_some_and(|s| s.phase() == Phase::Unanswered);
    if is_unanswered && context.journal.may_act() && is_of_present_account(context, entry) {
        let epoch = context.session.epoch();
        let readings = registration.look_up(epoch);
        find_out(context, entry, epoch, readings).await;
    }
}

/// Whether the ordering account is signed in: another one may not see the device.
fn is_of_present_account(context: &Context, entry: EntryId) -> bool {
    let known = context.journal.entry(entry).zip(context.session.account());
    known.is_some_and(|(entry, account)| entry.author.is(&account))
}

/// Progress of a look-up.
#[derive(Default)]
struct Progress {
    /// Complete look-ups without a result.
    complete: u32,
    /// Time of the first one.
    first: Option<Instant>,
    /// Why the last one failed; cleared by a successful reading.
    failure: Option<Explanation>,
    /// Why the last one proves nothing.
    trouble: Option<Explanation>,
}

impl Progress {
    /// The progress to show until the next look-up.
    fn progress_until(&self, again_at: Timestamp) -> OrderProgress {
        let complete = self.complete;
        match self.failure.as_ref().or(self.trouble.as_ref()) {
            None => OrderProgress::LookedUp { complete, again_at },
            Some(why) => OrderProgress::LookFailed {
                why: why.clone(),
                read_at: None,
                next_at: again_at,
            },
        }
    }

    /// The next place to search: *Not found* requires enough look-ups, spread over enough time.
    fn place(&self, context: &Context) -> Where {
        let spread = context.timing.look_up_spread();
        let is_spread = self.first.is_some_and(|first| first.elapsed() >= spread);
        if is_spread && self.complete + 1 >= LOOK_UPS {
            Where::Everywhere
        } else {
            Where::AtTheMachine
        }
    }
}

/// Repeats the look-up, and also judges other readings of the device.
async fn find_out(context: &Context, id: EntryId, epoch: Epoch, mut readings: Readings) {
    let Some(entry) = context.journal.entry(id) else {
        return;
    };
    if matches!(entry.status(), OrderStatus::Sent) {
        let why = "no answer was recorded".into();
        let records = vec![Record::Unknown { why }];
        context.journal.record_or_say(id, records).await;
    }
    let mut progress = Progress::default();
    let mut looked = 0;
    let mut due = monotonic_now() + context.timing.between_look_ups(looked);
    loop {
        let shown = progress.progress_until(on_the_wall_clock(due));
        context.sink.show_progress(id, Some(shown)).await;
        let read = tokio::select! {
            () = tokio::time::sleep_until(due) => None,
            Some(read) = readings.recv() => Some(read),
        };
        if epoch != context.session.epoch() || !context.journal.may_act() {
            return;
        }
        let is_own = read.is_none();
        let place = match read {
            None => progress.place(context),
            Some(read) => Where::Read(read),
        };
        let found = look_up(context, &entry, &place).await;
        if epoch != context.session.epoch() {
            return;
        }
        context.report_budget().await;
        if record_found(context, &entry, &place, found, &mut progress).await {
            return;
        }
        if is_own {
            looked += 1;
            due = monotonic_now() + context.timing.between_look_ups(looked);
        }
    }
}

/// Records a look-up's result. `true` if it settles the outcome.
async fn record_found(
    context: &Context,
    entry: &Entry,
    place: &Where,
    found: Result<Found, Option<ApiError>>,
    progress: &mut Progress,
) -> bool {
    let is_of_others = matches!(place, Where::Read(_));
    if !matches!(place, Where::Read(read) if !read.is_complete()) {
        progress.failure = None;
    }
    if !(is_of_others && found.is_err()) {
        progress.trouble = None;
    }
    match found {
        Ok(Found::Ours(action)) => {
            if entry.order.task.record().is_of_request() {
                context.show_action(&action).await;
            }
            return accepted(context, &entry.order, &action, Source::Reading).await;
        }
        Ok(Found::NotOurs(action)) => {
            context.show_action(&action).await;
            return not_ours(context, &entry.order, &action).await;
        }
        Ok(Found::Contested(how)) => progress.trouble = Some(contested(how)),
        Ok(Found::Untagged(action)) => {
            progress.trouble = Some(untagged(&entry.order.task, &action));
        }
        // Only look-ups count: *Not found* needs some time.
        Ok(Found::Nothing) | Err(None) if is_of_others => {}
        Ok(Found::Nothing) => {
            progress.complete += 1;
            progress.first.get_or_insert_with(monotonic_now);
            if *place == Where::Everywhere {
                let records = vec![Record::NotFound];
                return context.journal.record_or_say(entry.id(), records).await;
            }
        }
        // A failed or incomplete look-up proves nothing and does not count.
        Err(Some(error)) => {
            context.session.note_auth_failure(&error).await;
            let why = error.explain_for(Verb::Read, "look up this order", None, None);
            progress.failure = Some(why);
        }
        Err(None) => {
            let headline = "The service's list of actions is not complete, so it proves nothing";
            progress.trouble = Some(Explanation::harmless(headline, NextStep::None));
        }
    }
    false
}

/// A source to look up an order's action in.
#[derive(PartialEq, Eq)]
enum Where {
    AtTheMachine,
    /// Before *Not found*: an order moved to another record is in no list of this one.
    Everywhere,
    /// A reading made for another purpose, of the device or of some of its actions.
    Read(Listed<MachineAction>),
}

/// Result of a complete and successful look-up.
enum Found {
    Ours(Box<MachineAction>),
    NotOurs(Box<MachineAction>),
    /// Contradictory evidence: ours by one reading only, or not as ordered; the text says how Defender shows
    /// it.
    Contested(String),
    /// An action of its kind from about its time without a tag: it may be this order's, but that is unknown.
    Untagged(Box<MachineAction>),
    /// The service has no action for the order.
    Nothing,
}

impl Found {
    fn ours(action: &MachineAction) -> Self {
        Self::Ours(Box::new(action.clone()))
    }

    fn in_two_ways() -> Self {
        let how = "Defender describes this action in two ways, so neither proves anything";
        Self::Contested(how.to_owned())
    }
}

/// Why an action that differs from our order does not settle the outcome.
fn contested(headline: String) -> Explanation {
    let next = NextStep::Outside("Check the device in the Defender portal".into());
    Explanation {
        effect: Effect::Unknown,
        ..Explanation::harmless(headline, next)
    }
}

/// Why an action that may be this order's does not settle the outcome.
fn untagged(task: &Task, action: &MachineAction) -> Explanation {
    let kind = task.kind();
    let what = kind.map_or_else(|| "an action".to_owned(), |kind| kind.spec().a_noun());
    let headline = if task.record() == Recorded::Investigation {
        // Two on one device at one time are indistinguishable: it may as well be a colleague's, or a rule's.
        format!(
            "Defender shows {what} of this device from about that time, number {}. It may be this one or someone else's: investigations do not show who started them",
            action.id
        )
    } else {
        format!(
            "Defender shows {what} from about that time without this order's tag: most likely it is this one"
        )
    };
    let next = NextStep::Outside("Check the device's actions before you send it again".into());
    Explanation {
        effect: Effect::Unknown,
        ..Explanation::harmless(headline, next)
    }
}

/// One look-up. Its result may contradict an earlier reading of the same action.
async fn look_up(
    context: &Context,
    entry: &Entry,
    where_to: &Where,
) -> Result<Found, Option<ApiError>> {
    let claim = Claim::of(context, &entry.order, context.session.account().as_ref());
    let found = search(context, entry, &claim, where_to).await?;
    let is_contested = matches!(&found, Found::Ours(action) if claim.is_contested(entry, action));
    Ok(if is_contested {
        Found::in_two_ways()
    } else {
        found
    })
}

/// Searches for an order's action. `Err(None)` means an incomplete reply, which proves nothing.
async fn search(
    context: &Context,
    entry: &Entry,
    claim: &Claim<'_>,
    where_to: &Where,
) -> Result<Found, Option<ApiError>> {
    let order = &entry.order;
    if let Task::Cancel { action, .. } = &order.task {
        return look_up_cancellation(context, claim, action, where_to).await;
    }
    match order.task.record() {
        Recorded::MachineAction => search_actions(context, entry, claim, where_to).await,
        Recorded::Investigation => look_up_investigation(context, entry, claim, where_to).await,
        Recorded::Machine | Recorded::Indicator => {
            let effect = look_up_effect(context, order, Lane::LookUp).await?;
            Ok(match effect {
                OrderEffect::Shown(read) => Found::Ours(read),
                OrderEffect::NotShown => Found::Nothing,
                OrderEffect::Contradicts(how) => Found::Contested(how),
            })
        }
    }
}

/// Searches the device's actions, by the reply's id too, and for [`Where::Everywhere`] the tenant's.
async fn search_actions(
    context: &Context,
    entry: &Entry,
    claim: &Claim<'_>,
    where_to: &Where,
) -> Result<Found, Option<ApiError>> {
    let found = if let Where::Read(found) = where_to {
        Cow::Borrowed(found)
    } else {
        // No time filter: this computer's clock may be wrong. The tag decides.
        let found = (context.client).actions_on(&entry.order.machine.id, Lane::LookUp);
        Cow::Owned(found.await.map_err(Some)?)
    };
    if let Some(action) = found.items.iter().find(|action| claim.is_ours(action)) {
        return Ok(Found::ours(action));
    }
    let answered = read_answered(context, entry, &found.items, where_to).await?;
    if let Some(action) = &answered {
        match claim.read_again(action) {
            Attribution::Ours => return Ok(Found::ours(action)),
            Attribution::NotOurs => return Ok(Found::NotOurs(Box::new(action.clone()))),
            // A more complete reading may follow; without one this is the only evidence.
            Attribution::MostLikelyOurs if *where_to == Where::Everywhere => {
                return Ok(Found::ours(action));
            }
            Attribution::MostLikelyOurs => return whole(&found),
            Attribution::Unclear => return Err(None),
            // As if the reply had been lost.
            Attribution::Unrelated => {}
        }
    }
    if *where_to == Where::Everywhere
        && let Some(action) = look_everywhere(context, claim, entry.first_sent_at()).await?
    {
        return Ok(Found::Ours(Box::new(action)));
    }
    let shown = || found.items.iter().chain(&answered);
    if shown().any(|action| claim.contradicts_itself(action)) {
        Ok(Found::in_two_ways())
    } else if let Some(action) = found.items.iter().find(|action| claim.may_be(action)) {
        Ok(Found::Untagged(Box::new(action.clone())))
    } else {
        whole(&found)
    }
}

/// [`Found::Nothing`], if the searched list was complete.
fn whole(found: &Listed<MachineAction>) -> Result<Found, Option<ApiError>> {
    if found.is_complete() {
        Ok(Found::Nothing)
    } else {
        Err(None)
    }
}

/// Looks up an investigation that may be an order's: without tag, comment and requestor they are
/// indistinguishable. Only the absence of any is a proof.
async fn look_up_investigation(
    context: &Context,
    entry: &Entry,
    claim: &Claim<'_>,
    where_to: &Where,
) -> Result<Found, Option<ApiError>> {
    let mut is_whole = Ok(Found::Nothing);
    for machine in claim.records() {
        let found = context.client.investigations_on(machine, Lane::LookUp);
        let mut found = found.await.map_err(Some)?;
        // It may be on an unknown record.
        let answered = read_answered(context, entry, &found.items, where_to).await?;
        found.items.extend(answered);
        if let Some(started) = claim.first_unclaimed(&found.items) {
            return Ok(Found::Untagged(Box::new(started.clone())));
        }
        is_whole = is_whole.and(whole(&found));
    }
    is_whole
}

async fn look_up_cancellation(
    context: &Context,
    claim: &Claim<'_>,
    action: &MachineActionId,
    where_to: &Where,
) -> Result<Found, Option<ApiError>> {
    let action = if let Where::Read(found) = where_to {
        let mut found = found.items.iter();
        found.find(|read| read.id == *action).cloned().ok_or(None)?
    } else {
        let read = context.client.machine_action(action, Lane::LookUp).await;
        read.map_err(Some)?
    };
    // Ended by any cause, or cancelled on our behalf: either settles the outcome.
    let is_settled = action.status.is_final() || claim.is_ours(&action);
    Ok(if is_settled {
        Found::ours(&action)
    } else {
        Found::Nothing
    })
}

/// The reply's action: from the list, or by its id. `None` if there is none, or the service does not know it.
async fn read_answered(
    context: &Context,
    entry: &Entry,
    listed: &[MachineAction],
    where_to: &Where,
) -> Result<Option<MachineAction>, Option<ApiError>> {
    let Some(id) = entry.answered_with() else {
        return Ok(None);
    };
    if let Some(action) = listed.iter().find(|action| action.id == *id) {
        return Ok(Some(action.clone()));
    }
    if matches!(where_to, Where::Read(_)) {
        // The readings of others cost no calls.
        return Err(None);
    }
    let read = if entry.order.task.record() == Recorded::Investigation {
        context.client.investigation(id, Lane::LookUp).await
    } else {
        context.client.machine_action(id, Lane::LookUp).await
    };
    match read {
        Ok(action) => Ok(Some(action)),
        Err(ApiError::Refused(refusal)) if refusal.is_not_found() => Ok(None),
        Err(error) => Err(Some(error)),
    }
}

/// Searches all actions of the tenant for the tag. If the service rejects the filter, all are read without one;
/// a failure of both, and an incomplete list, prove nothing.
async fn look_everywhere(
    context: &Context,
    claim: &Claim<'_>,
    sent: Option<Timestamp>,
) -> Result<Option<MachineAction>, Option<ApiError>> {
    let since = shifted(sent.unwrap_or_else(now), -ELSEWHERE);
    let recent = ActionFilter::Recent { since };
    let mut read = context.client.machine_actions(&recent, Lane::Watch).await;
    if read.as_ref().is_err_and(ApiError::is_about_the_question) {
        let all = ActionFilter::All;
        read = context.client.machine_actions(&all, Lane::Watch).await;
    }
    let found = read.map_err(Some)?;
    let is_whole = found.is_complete();
    let mut actions = found.items.into_iter();
    match actions.find(|action| claim.is_ours(action)) {
        Some(action) => Ok(Some(action)),
        None if is_whole => Ok(None),
        None => Err(None),
    }
}

#[cfg(test)]
mod tests;
