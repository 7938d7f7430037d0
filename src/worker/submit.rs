//! The one door (rule 2): how one approved order is sent, and what can come of it.
//!
//! On disk first, one POST for one confirmation, and an outcome that says no more than is known.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

use super::context::{Context, now};
use super::{inventory, reconcile, watch};
use crate::action::{Order, Task};
use crate::api::{ApiError, Lane, Permit, Submitted, Verb, delay};
use crate::explain::{Effect, Explain as _};
use crate::guard::{self, Approval, Facts};
use crate::journal::{NotSentReason, Record};
use crate::message::{Note, open_order};
use crate::model::{EntryId, MachineAction, MachineActionId};

/// Facts older than this are read again before sending.
const FRESH_FACTS: SignedDuration = SignedDuration::from_secs(30);
/// Attempts of one order that certainly did nothing (429, 401, never connected).
const MAX_ATTEMPTS: u32 = 12;

/// What a person says about an order that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Withdraw,
    Insist,
}

/// Why an order does not go out.
struct Stop {
    why: NotSentReason,
    detail: Option<Box<str>>,
}

impl Stop {
    fn because(why: NotSentReason) -> Self {
        Self { why, detail: None }
    }
}

/// Takes an approved order through the door.
pub(super) async fn submit(context: Arc<Context>, approval: Approval) {
    let order = approval.order();
    let entry = order.entry;
    let intended = Record::Intended {
        author: context.author(approval.account()),
        order: order.clone(),
    };
    let ready = ready_at_once(&context, &approval);

    // Rule 3: on disk before it leaves. With everything at hand, in one step with `Sent`.
    let (mut permit, records) = match ready {
        Some(permit) => (Some(permit), vec![intended, Record::Sent]),
        None => (None, vec![intended]),
    };
    if let Err(error) = context.record(entry, records).await {
        context.problem(error.explain()).await;
        return;
    }

    if permit.is_none() {
        match make_ready(&context, &approval).await {
            Ok(got) => permit = Some(got),
            Err(stop) => return end_unsent(&context, entry, stop).await,
        }
        if let Err(error) = context.record(entry, vec![Record::Sent]).await {
            context.problem(error.explain()).await;
            return;
        }
    }
    if let Some(permit) = permit {
        attempts(&context, order, permit).await;
    }
    context.report_budget().await;
}

/// A permit, when fresh facts are at hand, nothing stands against the order, and one is free.
fn ready_at_once(context: &Context, approval: &Approval) -> Option<Permit> {
    let fresh = |at: Timestamp| now().duration_since(at) <= FRESH_FACTS;
    let known = context.known(&approval.order().machine.id);
    let all_fresh = known.machine.is_some_and(|(_, at)| fresh(at))
        && known.history.is_some_and(|(_, at)| fresh(at));
    let clear = all_fresh
        && check(context, approval).is_ok()
        && opposite_under_way(context, approval).is_none();
    clear
        .then(|| context.client.poll_permit(Lane::Analyst).ok())
        .flatten()
}

/// Reads facts again, lets a person decide where they have to, and waits for a permit.
async fn make_ready(context: &Context, approval: &Approval) -> Result<Permit, Stop> {
    check(context, approval)?;
    let reviewed = context.known(&approval.order().machine.id).machine;
    inventory::load_machine(context, &approval.order().machine.id).await;
    let read = context.known(&approval.order().machine.id).machine;
    if let (Some((before, _)), Some((after, _))) = (reviewed, read) {
        let same = before.computer_dns_name == after.computer_dns_name
            && before.merged_into == after.merged_into
            && before.onboarding_status == after.onboarding_status;
        if !same {
            return Err(Stop::because(NotSentReason::FactsChanged));
        }
    }
    check(context, approval)?;
    let entry = approval.order().entry;
    let mut heard = context.wait_for_person(entry);
    let permit = async {
        if let Some(by) = opposite_under_way(context, approval) {
            hold(context, entry, by, &mut heard).await?;
            heard = context.wait_for_person(entry);
        }
        wait_for_permit(context, entry, now(), &mut heard).await
    };
    let permit = permit.await;
    context.no_longer_waiting(entry);
    permit
}

/// Everything that forbids sending, judged with what is known now.
fn check(context: &Context, approval: &Approval) -> Result<(), Stop> {
    let lapsed = now().duration_since(approval.confirmed_at()) > context.policy.approval_life;
    if lapsed || approval.epoch() != context.epoch() {
        return Err(Stop::because(NotSentReason::ApprovalLapsed));
    }
    let machine = &approval.order().machine.id;
    let known = context.known(machine);
    let entries = context.entries();
    let open: Vec<_> = entries
        .iter()
        .filter(|e| e.order.machine.id == *machine)
        .filter_map(open_order)
        .collect();
    let facts = Facts {
        now: now(),
        policy: &context.policy,
        session: &context.session_status(),
        machine: known.machine.as_ref().map(|(machine, _)| machine.as_ref()),
        namesakes: &[],
        history: known
            .history
            .as_ref()
            .map(|(history, _)| history.as_slice()),
        open_orders: &open,
    };
    guard::enforce(approval, &facts).map_err(|finding| Stop {
        why: NotSentReason::Blocked,
        detail: Some(finding.text.into()),
    })
}

/// An opposite action under way that the person did not know of when confirming.
fn opposite_under_way(context: &Context, approval: &Approval) -> Option<MachineActionId> {
    let opposite = approval.order().task.kind()?.opposite()?;
    let (history, _) = context.known(&approval.order().machine.id).history?;
    history
        .into_iter()
        .filter(|a| !a.status.is_final() && a.kind == opposite.spec().wire_type)
        .map(|a| a.id)
        .find(|id| !approval.accepts_opposite(id))
}

async fn hold(
    context: &Context,
    entry: EntryId,
    by: MachineActionId,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<(), Stop> {
    context
        .record(entry, vec![Record::Held { by }])
        .await
        .map_err(|error| Stop {
            why: NotSentReason::ConsoleEnded,
            detail: Some(error.to_string().into()),
        })?;
    match heard.await {
        Ok(Answer::Insist) => Ok(()),
        Ok(Answer::Withdraw) => Err(Stop::because(NotSentReason::Withdrawn)),
        // The console is closing and has written the end of this entry itself.
        Err(_closed) => std::future::pending().await,
    }
}

/// Waits until `from`, and then for a permit; the person may take the order back meanwhile.
async fn wait_for_permit(
    context: &Context,
    entry: EntryId,
    from: Timestamp,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<Permit, Stop> {
    let mut until = from;
    loop {
        let wait = Duration::try_from(until.duration_since(now())).unwrap_or_default();
        if !wait.is_zero() {
            context.note(entry, Some(Note::LeavesAt(until))).await;
            context.report_budget().await;
            tokio::select! {
                answer = &mut *heard => match answer {
                    Ok(Answer::Withdraw) => return Err(Stop::because(NotSentReason::Withdrawn)),
                    // Nothing to insist on: it only waits its turn.
                    Ok(Answer::Insist) => *heard = context.wait_for_person(entry),
                    Err(_closed) => std::future::pending().await,
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
        match context.client.poll_permit(Lane::Analyst) {
            Ok(permit) => {
                context.note(entry, None).await;
                return Ok(permit);
            }
            Err(later) => until = later,
        }
    }
}

/// Sends, and sends again only what certainly did nothing (rule 4). `Sent` is on disk already.
async fn attempts(context: &Arc<Context>, order: &Order, first: Permit) {
    let mut permit = first;
    let mut renewed = false;
    for attempt in 1..=MAX_ATTEMPTS {
        let error = match context.client.submit(order, permit).await {
            Ok(submitted) => return settle(context, order, submitted).await,
            Err(error) => error,
        };
        let next = match (error.effect(Verb::Submit), &error) {
            (Effect::Unknown | Effect::Changed, _) => {
                return lose_sight(context, order, &error).await;
            }
            (Effect::NothingChanged, ApiError::Unauthorized(_)) if !renewed => {
                renewed = true;
                renew(context, order.entry, &error).await
            }
            (Effect::NothingChanged, _) => {
                match delay(&error, Verb::Submit, attempt, fraction(attempt)) {
                    Some(wait) if attempt < MAX_ATTEMPTS => {
                        try_later(context, order.entry, &error, wait).await
                    }
                    Some(_) | None => return refuse(context, order, &error).await,
                }
            }
        };
        match next {
            Ok(next) => permit = next,
            Err(stop) => return end_unsent(context, order.entry, stop).await,
        }
        if let Err(error) = context.record(order.entry, vec![Record::Sent]).await {
            return context.problem(error.explain()).await;
        }
    }
}

/// The sign-in was not accepted, so nothing was done: renew it once and try once more.
async fn renew(context: &Context, entry: EntryId, error: &ApiError) -> Result<Permit, Stop> {
    not_taken(context, entry, error).await?;
    if let Err(error) = context.client.renew().await {
        context.mind_sign_in(&error).await;
        return Err(Stop {
            why: NotSentReason::SignInEnded,
            detail: Some(error.to_string().into()),
        });
    }
    Ok(context.client.permit(Lane::Analyst).await)
}

async fn try_later(
    context: &Context,
    entry: EntryId,
    error: &ApiError,
    delay: Duration,
) -> Result<Permit, Stop> {
    not_taken(context, entry, error).await?;
    let mut heard = context.wait_for_person(entry);
    let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::from_mins(5));
    let permit = wait_for_permit(context, entry, now() + delay, &mut heard).await;
    context.no_longer_waiting(entry);
    permit
}

async fn not_taken(context: &Context, entry: EntryId, error: &ApiError) -> Result<(), Stop> {
    let record = Record::NotTaken {
        why: error.to_string().into(),
    };
    context
        .record(entry, vec![record])
        .await
        .map_err(|error| Stop {
            why: NotSentReason::Blocked,
            detail: Some(error.to_string().into()),
        })
}

/// The service answered with an action: is it ours, and how far is it?
async fn settle(context: &Arc<Context>, order: &Order, submitted: Submitted) {
    let action = submitted.action;
    watch::learn(context, &action).await;
    let record = match whose(order, &action) {
        Whose::Ours => return accepted(context, order, &action).await,
        Whose::SomeoneElses => someone_elses(&action),
        Whose::Puzzling(why) => {
            context
                .record_or_say(order.entry, vec![Record::Unknown { why: why.into() }])
                .await;
            return reconcile::start(context, order.entry);
        }
    };
    context.record_or_say(order.entry, vec![record]).await;
    watch::follow_foreign(context, &action);
}

enum Whose {
    Ours,
    SomeoneElses,
    Puzzling(&'static str),
}

/// The tag decides. Only an answer that carries no comment at all is believed without one.
fn whose(order: &Order, action: &MachineAction) -> Whose {
    if action
        .machine_id
        .as_ref()
        .is_some_and(|id| *id != order.machine.id)
    {
        return Whose::Puzzling("the service answered with an action on another device");
    }
    match &order.task {
        Task::Act { kind, .. } => {
            let comment = action
                .requestor_comment
                .as_deref()
                .map(str::trim)
                .filter(|c| !c.is_empty());
            if carries_tag(order.entry, action) {
                Whose::Ours
            } else if action.kind != kind.spec().wire_type {
                Whose::Puzzling("the service answered with an action of another kind")
            } else if comment.is_some() {
                Whose::SomeoneElses
            } else {
                Whose::Ours
            }
        }
        Task::Cancel { action: wanted, .. } if *wanted != action.id => {
            Whose::Puzzling("the service answered with another action")
        }
        Task::Cancel { .. } => Whose::Ours,
    }
}

/// Whether an action of the service carries this entry's tag.
pub(super) fn carries_tag(entry: EntryId, action: &MachineAction) -> bool {
    let tag = entry.to_string();
    action.external_id.as_deref() == Some(&tag)
        || action
            .requestor_comment
            .as_deref()
            .and_then(EntryId::find_in)
            == Some(entry)
        || action
            .cancellation_comment
            .as_deref()
            .and_then(EntryId::find_in)
            == Some(entry)
}

/// Records what the service has stored for us, and follows it unless it is at its end already.
pub(super) async fn accepted(context: &Arc<Context>, order: &Order, action: &MachineAction) {
    let mut records = vec![Record::Accepted {
        action: action.id.clone(),
        status: action.status.clone(),
    }];
    records.extend(watch::finished(action));
    context.record_or_say(order.entry, records).await;
    if !action.status.is_final() {
        watch::follow(context, order.entry, &action.id).await;
    }
}

pub(super) fn someone_elses(action: &MachineAction) -> Record {
    let requestor = action
        .requestor
        .as_deref()
        .map_or("someone the service does not name", str::trim);
    Record::SomeoneElses {
        action: action.id.clone(),
        requestor: requestor.into(),
        created: action.created,
    }
}

/// The answer never came, or says nothing: find out, never guess (rule 4).
async fn lose_sight(context: &Arc<Context>, order: &Order, error: &ApiError) {
    context
        .record_or_say(
            order.entry,
            vec![Record::Unknown {
                why: error.to_string().into(),
            }],
        )
        .await;
    reconcile::start(context, order.entry);
}

/// The service said no, or was never reached.
async fn refuse(context: &Arc<Context>, order: &Order, error: &ApiError) {
    let (ApiError::Refused(refusal) | ApiError::Unauthorized(refusal)) = error else {
        let why = if matches!(error, ApiError::SignIn(_)) {
            NotSentReason::SignInEnded
        } else {
            NotSentReason::NotReached
        };
        context.mind_sign_in(error).await;
        return end_unsent(
            context,
            order.entry,
            Stop {
                why,
                detail: Some(error.to_string().into()),
            },
        )
        .await;
    };
    if refusal.is_active_request()
        && let Some(action) = active_action(context, order).await
    {
        return if carries_tag(order.entry, &action) {
            accepted(context, order, &action).await;
        } else {
            context
                .record_or_say(order.entry, vec![someone_elses(&action)])
                .await;
            watch::follow_foreign(context, &action);
        };
    }
    let record = Record::Refused {
        status: refusal.status,
        code: refusal.code.clone().unwrap_or_default(),
        message: refusal.message.clone(),
    };
    context.record_or_say(order.entry, vec![record]).await;
}

/// The action because of which the service refused ours.
async fn active_action(context: &Context, order: &Order) -> Option<MachineAction> {
    let kind = order.task.kind()?.spec().wire_type.clone();
    let found = inventory::history_of(context, &order.machine.id, Lane::Analyst)
        .await
        .ok()?;
    let open = |a: &&MachineAction| a.kind == kind && !a.status.is_final();
    let action = found
        .items
        .iter()
        .filter(open)
        .max_by_key(|a| a.created)?
        .clone();
    watch::learn(context, &action).await;
    Some(action)
}

async fn end_unsent(context: &Context, entry: EntryId, stop: Stop) {
    context
        .record_or_say(
            entry,
            vec![Record::NotSent {
                why: stop.why,
                detail: stop.detail,
            }],
        )
        .await;
}

/// A number in 0..1 for jitter; its quality does not matter.
fn fraction(attempt: u32) -> f64 {
    getrandom::u32().map_or(f64::from(attempt % 4) / 4.0, |random| {
        f64::from(random) / f64::from(u32::MAX)
    })
}
