//! The one door (rule 2): how one approved order is sent, and what can come of it.
//!
//! On disk first, one POST for one confirmation, and an outcome that says no more than is known.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::context::{Context, monotonic_now, now};
use super::waiting::{Turn, wait_again, wait_until_ready};
use super::{outcome, reconcile, settings};
use crate::action::Risk;
use crate::api::{ApiError, Lane, Permit, Verb, delay};
use crate::auth::AuthError;
use crate::explain::{Effect, Explain as _};
use crate::guard::{self, Approval, Facts};
use crate::journal::{JournalError, NotSentReason, OrderStatus, Record};
use crate::message::open_orders_on;
use crate::model::{EntryId, MachineActionId, MachineId};

/// Facts older than this are read again before sending.
const FRESH_FACTS: SignedDuration = SignedDuration::from_secs(30);
/// When writing that an order leaves took longer, what it was judged by is old: it is judged again.
const SLOW_WRITE: Duration = Duration::from_secs(5);
/// Attempts of one order that certainly did nothing (429, 401, never connected).
const MAX_ATTEMPTS: u32 = 12;

/// What a person says about an order that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Withdraw,
    Insist,
}

/// Why an order does not go out.
pub(super) struct Stop {
    why: NotSentReason,
    detail: Option<Box<str>>,
}

impl Stop {
    pub(super) fn because(why: NotSentReason) -> Self {
        Self { why, detail: None }
    }

    /// Rule 3: what cannot be written is not sent.
    #[expect(clippy::needless_pass_by_value, reason = "fits `map_err`")]
    pub(super) fn unwritten(error: JournalError) -> Self {
        Self {
            why: NotSentReason::Unwritten,
            detail: Some(error.explain().headline.into()),
        }
    }
}

/// Takes an approved order through the door.
pub(super) async fn submit(context: Arc<Context>, approval: Approval) {
    context.sending(approval.order().entry);
    pass(&context, &approval).await;
    settled(&context, &approval).await;
}

/// As [`submit`], for one of several that are on disk already; it waits for its turn.
pub(super) async fn submit_written(context: Arc<Context>, approval: Approval, mut turn: Turn) {
    let ready = when_ready(&context, &approval, &mut turn).await;
    go(&context, &approval, ready, &mut turn).await;
    drop(turn);
    settled(&context, &approval).await;
}

async fn settled(context: &Arc<Context>, approval: &Approval) {
    let entry = approval.order().entry;
    context.no_longer_sending(entry);
    // What could not be written is found out again, when the disk may have been mended.
    if context
        .entry(entry)
        .is_some_and(|e| *e.status() == OrderStatus::Sent)
    {
        reconcile::start(context, entry);
    }
    context.report_budget().await;
}

async fn pass(context: &Arc<Context>, approval: &Approval) {
    let order = approval.order();
    let entry = order.entry;
    let intended = Record::Intended {
        author: context.author(approval.account()),
        order: order.clone(),
    };
    // Rules may have been changed by hand since they were last read.
    let not_reread = rules_not_reread(context).await;
    // Judging and writing are one step: of two orders for one thing the second sees the first.
    let door = context.door.lock().await;
    // Rule 3: on disk before it leaves. With everything at hand, in one step with `Sent`.
    let ready = ready_at_once(context, approval);
    let mut records = vec![intended];
    records.extend(not_reread.map(|what| Record::NotReread { what }));
    if ready.is_some() {
        records.push(Record::Sent);
    }
    let began = monotonic_now();
    if let Err(error) = context.record(entry, records.clone()).await {
        context.show_unwritten(records.swap_remove(0), &error).await;
        return context.problem(context.explain_unwritten(&error)).await;
    }
    drop(door);
    let turn = &mut Turn::at_once();
    let ready = match ready {
        Some(permit) => match written_in_time(context, entry, began).await {
            Ok(true) => Ok(permit),
            Ok(false) => when_ready(context, approval, turn).await,
            Err(stop) => Err(stop),
        },
        None => when_ready(context, approval, turn).await,
    };
    go(context, approval, ready, turn).await;
}

/// Reads the rules again in the moment of sending; says where that failed, for the journal.
pub(super) async fn rules_not_reread(context: &Arc<Context>) -> Option<Box<str>> {
    let why = settings::read_before_sending(context).await.err()?;
    Some(format!("your organisation's rules: {why}").into())
}

/// Reads the rules again for an order that is on disk, and writes down where that failed.
pub(super) async fn read_rules(context: &Arc<Context>, entry: EntryId) -> Result<(), Stop> {
    match rules_not_reread(context).await {
        Some(what) => note_not_reread(context, entry, what).await,
        None => Ok(()),
    }
}

/// Writes down, once, what could not be read again before sending.
pub(super) async fn note_not_reread(
    context: &Context,
    entry: EntryId,
    what: Box<str>,
) -> Result<(), Stop> {
    let known = context.entry(entry);
    if known.is_some_and(|known| known.not_reread().contains(&&*what)) {
        return Ok(());
    }
    let written = context
        .record(entry, vec![Record::NotReread { what }])
        .await;
    written.map_err(Stop::unwritten)
}

/// Waits for whatever an order has to wait for; then that it leaves is on disk.
async fn when_ready(
    context: &Arc<Context>,
    approval: &Approval,
    turn: &mut Turn,
) -> Result<Permit, Stop> {
    let entry = approval.order().entry;
    loop {
        let permit = wait_until_ready(context, approval, turn).await?;
        let began = monotonic_now();
        let sent = context.record(entry, vec![Record::Sent]).await;
        sent.map_err(Stop::unwritten)?;
        if written_in_time(context, entry, began).await? {
            return Ok(permit);
        }
    }
}

/// Whether the disk took `Sent` soon enough for it to be true. Otherwise it is taken back: the facts
/// are old, a person may have withdrawn the order, another may have signed in.
async fn written_in_time(context: &Context, entry: EntryId, began: Instant) -> Result<bool, Stop> {
    let took = began.elapsed();
    if took <= SLOW_WRITE {
        return Ok(true);
    }
    let why = format!(
        "the disk took {} seconds to write this down, so nothing was sent and the order is checked again",
        took.as_secs()
    );
    let record = Record::AttemptRejected { why: why.into() };
    let written = context.record(entry, vec![record]).await;
    written.map(|()| false).map_err(Stop::unwritten)
}

async fn go(
    context: &Arc<Context>,
    approval: &Approval,
    ready: Result<Permit, Stop>,
    turn: &mut Turn,
) {
    match ready {
        Ok(permit) => attempts(context, approval, permit, turn).await,
        Err(stop) => end_unsent(context, approval.order().entry, stop).await,
    }
}

/// Whether what is known about the machine is fresh, on a clock that may have been set back.
pub(super) fn facts_are_fresh(context: &Context, approval: &Approval) -> bool {
    let fresh = |at: Timestamp| now().duration_since(at).abs() <= FRESH_FACTS;
    let known = context.known(&approval.order().machine.id);
    known.machine.is_some_and(|(_, at)| fresh(at)) && known.history.is_some_and(|(_, at)| fresh(at))
}

/// A permit, when fresh facts are at hand, nothing stands against the order, and one is free.
fn ready_at_once(context: &Context, approval: &Approval) -> Option<Permit> {
    let clear = facts_are_fresh(context, approval)
        && approval_is_young(context, approval).is_ok()
        && check(context, approval).is_ok()
        && opposite_under_way(context, approval).is_none();
    clear
        .then(|| context.client.poll_permit(Lane::Analyst).ok())
        .flatten()
}

/// Between confirmation and the door; from there an order may wait as long as it must.
pub(super) fn approval_is_young(context: &Context, approval: &Approval) -> Result<(), Stop> {
    let age = now().duration_since(approval.confirmed_at());
    if age > context.policy().approval_life {
        Err(Stop::because(NotSentReason::ApprovalLapsed))
    } else {
        Ok(())
    }
}

/// An order waits in the name of the account that confirmed it, and for no other.
pub(super) fn still_ours(context: &Context, approval: &Approval) -> Result<(), Stop> {
    if approval.epoch() == context.epoch() {
        Ok(())
    } else {
        Err(Stop::because(NotSentReason::SignInEnded))
    }
}

/// Everything that forbids sending, judged with what is known now.
pub(super) fn check(context: &Context, approval: &Approval) -> Result<(), Stop> {
    still_ours(context, approval)?;
    let machine = &approval.order().machine.id;
    let known = context.known(machine);
    // The id is pinned; the name is what the person saw, and both have to fit together.
    let order = approval.order();
    let renamed = (known.machine.as_ref()).is_some_and(|(m, _)| order.machine.is_renamed_in(m));
    // What the device has become forbids no giving back (rule 10).
    if renamed && order.task.risk() != Risk::Routine {
        return Err(Stop::because(NotSentReason::FactsChanged));
    }
    let merged_into = |id: &MachineId| {
        let record = context.known(id).machine;
        record.and_then(|(record, _)| record.merged_into.clone())
    };
    let entries = context.entries();
    let open = open_orders_on(machine, entries.iter().map(AsRef::as_ref), merged_into);
    let facts = Facts {
        now: now(),
        policy: &context.policy(),
        session: &context.session_status(),
        machine: known.machine.as_ref().map(|(machine, _)| machine.as_ref()),
        // These only warn, and that was done in the form.
        host: None,
        file: guard::FileLook::NotYet,
        available: None,
        namesakes: &[],
        history: known.history.as_ref().map(|(listed, _)| guard::History {
            actions: &listed.items,
            is_complete: listed.is_complete(),
        }),
        open_orders: &open,
        own_actions: &[],
        alerts: guard::AlertsLook::NotChecked,
        devices: guard::Devices::default(),
        // The approval knows.
        batch_size: 1,
    };
    guard::enforce(approval, &facts).map_err(|finding| Stop {
        why: NotSentReason::Blocked,
        detail: Some(finding.text.into()),
    })
}

/// An opposite action under way that the person did not know of when confirming.
pub(super) fn opposite_under_way(
    context: &Context,
    approval: &Approval,
) -> Option<MachineActionId> {
    let opposite = approval.order().task.kind()?.opposite()?;
    let (listed, _) = context.known(&approval.order().machine.id).history?;
    listed
        .items
        .into_iter()
        .filter(|a| !a.status.is_final() && a.kind == opposite.spec().wire_type)
        .map(|a| a.id)
        .find(|id| !approval.accepts_opposite(id))
}

/// Sends, and sends again only what certainly did nothing (rule 4). `Sent` is on disk already.
async fn attempts(context: &Arc<Context>, approval: &Approval, first: Permit, turn: &mut Turn) {
    let order = approval.order();
    let mut permit = first;
    let mut renewed = false;
    for attempt in 1..=MAX_ATTEMPTS {
        let error = match context
            .client
            .submit(order, approval.account(), permit)
            .await
        {
            Ok(submitted) => return outcome::settle(context, approval, submitted).await,
            Err(error) => error,
        };
        let next = match (error.effect(Verb::Submit), &error) {
            (Effect::Unknown | Effect::Changed, _) => {
                return outcome::lose_sight(context, order, &error).await;
            }
            (Effect::NothingChanged, ApiError::Unauthorized(_))
                if !renewed && attempt < MAX_ATTEMPTS =>
            {
                renewed = true;
                renew(context, approval, &error, turn).await
            }
            (Effect::NothingChanged, _) => match pause(&error, attempt) {
                Some(wait) => try_later(context, approval, &error, wait, turn).await,
                None => return outcome::refuse(context, approval, &error).await,
            },
        };
        let ready = match next {
            Ok(permit) => leave_again(context, approval, permit, turn).await,
            Err(stop) => Err(stop),
        };
        match ready {
            Ok(ready) => permit = ready,
            Err(stop) => return end_unsent(context, order.entry, stop).await,
        }
    }
}

/// Puts another attempt on disk, in the moment in which it leaves.
async fn leave_again(
    context: &Arc<Context>,
    approval: &Approval,
    permit: Permit,
    turn: &mut Turn,
) -> Result<Permit, Stop> {
    let entry = approval.order().entry;
    let began = monotonic_now();
    let sent = context.record(entry, vec![Record::Sent]).await;
    sent.map_err(Stop::unwritten)?;
    if written_in_time(context, entry, began).await? {
        Ok(permit)
    } else {
        when_ready(context, approval, turn).await
    }
}

/// How long to wait before the next attempt of what certainly did nothing; `None` when another
/// would not help. A 429 waits at the limiter's gate, and what takes a person waits for one; a
/// sign-in host that was not reached has ended nothing.
fn pause(error: &ApiError, attempt: u32) -> Option<Duration> {
    let pause = match error {
        _ if error.needs_person() => Some(Duration::ZERO),
        ApiError::Throttled { .. } => Some(Duration::ZERO),
        ApiError::SignIn(AuthError::Busy { until }) => {
            Some(Duration::try_from(until.duration_since(now())).unwrap_or_default())
        }
        ApiError::SignIn(AuthError::Unreachable(_)) => {
            Some(Duration::from_secs(10 * u64::from(attempt)))
        }
        ApiError::NotReached { .. }
        | ApiError::TimedOut { .. }
        | ApiError::Interrupted { .. }
        | ApiError::Certificate { .. }
        | ApiError::SignIn(_)
        | ApiError::ForeignHost { .. }
        | ApiError::NoClient { .. }
        | ApiError::Unauthorized(_)
        | ApiError::Refused(_)
        | ApiError::Fault { .. }
        | ApiError::OtherRecord { .. }
        | ApiError::NotUnderstood { .. } => delay(error, Verb::Submit, attempt, fraction(attempt)),
    };
    pause.filter(|_| attempt < MAX_ATTEMPTS)
}

/// The sign-in was not accepted, so nothing was done: renew it once and try once more.
async fn renew(
    context: &Arc<Context>,
    approval: &Approval,
    error: &ApiError,
    turn: &mut Turn,
) -> Result<Permit, Stop> {
    not_taken(context, approval.order().entry, error).await?;
    if let Err(error) = context.client.renew().await {
        context.mind_sign_in(&error).await;
        if error.needs_person() {
            return wait_again(context, approval, now(), turn).await;
        }
        return Err(Stop {
            why: NotSentReason::SignInEnded,
            detail: Some(error.to_string().into()),
        });
    }
    wait_again(context, approval, now(), turn).await
}

async fn try_later(
    context: &Arc<Context>,
    approval: &Approval,
    error: &ApiError,
    delay: Duration,
    turn: &mut Turn,
) -> Result<Permit, Stop> {
    not_taken(context, approval.order().entry, error).await?;
    context.mind_sign_in(error).await;
    let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::from_mins(5));
    wait_again(context, approval, now() + delay, turn).await
}

async fn not_taken(context: &Context, entry: EntryId, error: &ApiError) -> Result<(), Stop> {
    let record = Record::AttemptRejected {
        why: error.to_string().into(),
    };
    context
        .record(entry, vec![record])
        .await
        .map_err(Stop::unwritten)
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
