//! An order between the door and the wire: it waits for room, for fresh facts, or for a person.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::context::{Context, monotonic_now, now};
use super::inventory;
use super::submit::{
    Answer, Stop, approval_is_young, check, facts_are_fresh, note_not_reread, opposite_under_way,
    read_rules, still_ours,
};
use crate::action::Risk;
use crate::api::{Lane, Permit};
use crate::guard::Approval;
use crate::journal::{NotSentReason, Record};
use crate::message::OrderProgress;
use crate::model::{EntryId, MachineActionId};

/// Longest sleep before the clock is looked at again.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// Reads facts again, lets a person decide where they have to, and waits for a permit. Whatever
/// the person said meanwhile counts, up to the moment at which the order leaves.
pub(super) async fn wait_until_ready(
    context: &Arc<Context>,
    approval: &Approval,
    turn: &mut Turn,
) -> Result<Permit, Stop> {
    let entry = approval.order().entry;
    let mut heard = context.wait_for_person(entry);
    let permit = match may_enter(context, approval) {
        Ok(()) => make_ready(context, approval, now(), turn, &mut heard).await,
        Err(stop) => Err(stop),
    };
    last_word(context, entry, heard, permit).await
}

/// Whoever takes the registration away decides: this order itself, a person, or the closing.
async fn last_word(
    context: &Context,
    entry: EntryId,
    heard: oneshot::Receiver<Answer>,
    permit: Result<Permit, Stop>,
) -> Result<Permit, Stop> {
    if context.no_longer_waiting(entry) || permit.is_err() {
        return permit;
    }
    match heard.await {
        Ok(Answer::Withdraw) => Err(Stop::because(NotSentReason::Withdrawn)),
        Ok(Answer::Insist) => permit,
        // The console is closing and has written the end of this entry itself.
        Err(_closed) => std::future::pending().await,
    }
}

/// What holds at the door, and only there: from here an order may wait as long as it must.
fn may_enter(context: &Context, approval: &Approval) -> Result<(), Stop> {
    approval_is_young(context, approval)?;
    check(context, approval)
}

/// Waits until `from` and for room; with facts that are fresh in the moment of leaving.
async fn make_ready(
    context: &Arc<Context>,
    approval: &Approval,
    from: Timestamp,
    turn: &mut Turn,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<Permit, Stop> {
    let entry = approval.order().entry;
    let mut until = from;
    let mut insisted = Vec::new();
    loop {
        wait_for_turn(context, approval, turn, heard).await?;
        sleep_until(context, approval, until, heard).await?;
        wait_for_sign_in(context, approval, heard).await?;
        if let Some(gate) = context
            .client
            .budget()
            .gate_until
            .filter(|gate| *gate > now())
        {
            until = gate;
            continue;
        }
        if !facts_are_fresh(context, approval) {
            read_facts(context, approval, heard).await?;
            if !context.session_status().is_signed_in() {
                // Found out just now: it waits for the person, as the others do.
                continue;
            }
        }
        check(context, approval)?;
        if let Some(by) = opposite_under_way(context, approval)
            && !insisted.contains(&by)
        {
            // A person may take long: those behind it go first.
            turn.pass_on();
            hold(context, approval, by.clone(), heard).await?;
            insisted.push(by);
            continue;
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

/// The place of an order among those that were approved together: one leaves at a time.
#[derive(Default)]
pub(super) struct Turn {
    queue: Option<Queue>,
    status: Option<Pin<Box<dyn Future<Output = OwnedMutexGuard<()>> + Send>>>,
    held: Option<OwnedMutexGuard<()>>,
}

/// Whoever holds it may leave; the others stand in the order in which they came.
pub(super) type Queue = Arc<tokio::sync::Mutex<()>>;

impl Turn {
    /// Of an order that goes alone.
    pub(super) fn at_once() -> Self {
        Self::default()
    }

    /// Behind those that stand in this queue already.
    pub(super) async fn in_queue(queue: &Queue) -> Self {
        let mut turn = Self {
            queue: Some(Arc::clone(queue)),
            ..Self::default()
        };
        // Asking for it is what takes the place.
        poll_fn(|cx| Poll::Ready(turn.poll(cx).is_ready())).await;
        turn
    }

    fn pass_on(&mut self) {
        self.held = None;
    }

    /// Ready when it is this order's turn.
    fn poll(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Some(queue) = self.queue.as_ref().filter(|_| self.held.is_none()) else {
            return Poll::Ready(());
        };
        let status = self
            .status
            .get_or_insert_with(|| Box::pin(Arc::clone(queue).lock_owned()));
        self.held = Some(ready!(status.as_mut().poll(cx)));
        self.status = None;
        Poll::Ready(())
    }
}

async fn wait_for_turn(
    context: &Context,
    approval: &Approval,
    turn: &mut Turn,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<(), Stop> {
    loop {
        tokio::select! {
            // What the person said comes before those in front.
            biased;
            answer = &mut *heard => obey(context, approval, answer, heard).await?,
            () = poll_fn(|cx| turn.poll(cx)) => return Ok(()),
        }
    }
}

/// An order waits in the name of its account, and for nobody else.
async fn wait_for_sign_in(
    context: &Context,
    approval: &Approval,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<(), Stop> {
    let mut said = false;
    loop {
        still_ours(context, approval)?;
        if context.session_status().is_signed_in() {
            return Ok(());
        }
        if !said {
            said = true;
            let note = Some(OrderProgress::WaitsForSignIn);
            context.note(approval.order().entry, note).await;
        }
        tokio::select! {
            biased;
            answer = &mut *heard => obey(context, approval, answer, heard).await?,
            () = tokio::time::sleep(MAX_SLEEP) => {}
        }
    }
}

/// Reads the machine again; stops when it is not what was reviewed any more.
async fn read_facts(
    context: &Arc<Context>,
    approval: &Approval,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<(), Stop> {
    let machine = approval.order().machine.id.clone();
    let reviewed = context.known(&machine).machine;
    let mut reading = inventory::read(context, machine.clone());
    loop {
        tokio::select! {
            biased;
            answer = &mut *heard => obey(context, approval, answer, heard).await?,
            _ = &mut reading => break,
        }
    }
    read_rules(context, approval.order().entry).await?;
    let read = context.known(&machine).machine;
    // What the device has become forbids no giving back (rule 10).
    let gives_back = approval.order().task.risk() == Risk::Routine;
    if let (Some((before, _)), Some((after, _))) = (reviewed, read)
        && (before.merged_into != after.merged_into
            || !gives_back && before.onboarding_status != after.onboarding_status)
    {
        return Err(Stop::because(NotSentReason::FactsChanged));
    }
    note_stale(context, approval).await
}

/// Writes down that the device could not be read again: the order goes by what was read before.
async fn note_stale(context: &Context, approval: &Approval) -> Result<(), Stop> {
    if facts_are_fresh(context, approval) {
        return Ok(());
    }
    let known = context.known(&approval.order().machine.id);
    let (machine, history) = (
        known.machine.map(|(_, at)| at),
        known.history.map(|(_, at)| at),
    );
    let last = match machine.min(history) {
        Some(at) => format!("last read at {}", at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        None => "not read so far".to_owned(),
    };
    let what = format!("the device's record and actions, {last}");
    note_not_reread(context, approval.order().entry, what.into()).await
}

/// What a person says about an order that waits by itself: taking it back counts, and there is
/// nothing to insist on.
async fn obey(
    context: &Context,
    approval: &Approval,
    answer: Result<Answer, oneshot::error::RecvError>,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<(), Stop> {
    match answer {
        Ok(Answer::Withdraw) => Err(Stop::because(NotSentReason::Withdrawn)),
        Ok(Answer::Insist) => {
            *heard = context.wait_for_person(approval.order().entry);
            Ok(())
        }
        // The console is closing and has written the end of this entry itself.
        Err(_closed) => std::future::pending().await,
    }
}

/// Holds an order while an opposite action is under way, until a person insists or it has ended.
async fn hold(
    context: &Arc<Context>,
    approval: &Approval,
    by: MachineActionId,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<(), Stop> {
    let entry = approval.order().entry;
    context
        .record(entry, vec![Record::Held { by: by.clone() }])
        .await
        .map_err(Stop::unwritten)?;
    let held_since = monotonic_now();
    loop {
        let nap = context.pace.between_looks(held_since.elapsed());
        tokio::select! {
            biased;
            answer = &mut *heard => match answer {
                Ok(Answer::Insist) => {
                    *heard = context.wait_for_person(entry);
                    return Ok(());
                }
                Ok(Answer::Withdraw) => return Err(Stop::because(NotSentReason::Withdrawn)),
                // The console is closing and has written the end of this entry itself.
                Err(_closed) => std::future::pending().await,
            },
            () = look_again_after(context, approval, nap) => {}
        }
        still_ours(context, approval)?;
        if opposite_under_way(context, approval).as_ref() != Some(&by) {
            // It has ended, so this order leaves by itself; or another one has begun.
            return Ok(());
        }
    }
}

async fn look_again_after(context: &Arc<Context>, approval: &Approval, nap: Duration) {
    tokio::time::sleep(nap).await;
    let machine = approval.order().machine.id.clone();
    inventory::read(context, machine).await.ok();
}

/// Waits, and says until when; the person may take the order back meanwhile.
async fn sleep_until(
    context: &Context,
    approval: &Approval,
    until: Timestamp,
    heard: &mut oneshot::Receiver<Answer>,
) -> Result<(), Stop> {
    let entry = approval.order().entry;
    let mut said = false;
    loop {
        still_ours(context, approval)?;
        let wait = Duration::try_from(until.duration_since(now())).unwrap_or_default();
        if wait.is_zero() {
            return Ok(());
        }
        if !said {
            said = true;
            context
                .note(entry, Some(OrderProgress::LeavesAt(until)))
                .await;
            context.report_budget().await;
        }
        tokio::select! {
            // What the person said comes before what the clock says.
            biased;
            answer = &mut *heard => obey(context, approval, answer, heard).await?,
            // Not in one piece: this computer's clock may be set meanwhile.
            () = tokio::time::sleep(wait.min(MAX_SLEEP)) => {}
        }
    }
}

/// Waits for another attempt; the person may take the order back meanwhile.
pub(super) async fn wait_again(
    context: &Arc<Context>,
    approval: &Approval,
    from: Timestamp,
    turn: &mut Turn,
) -> Result<Permit, Stop> {
    let entry = approval.order().entry;
    let mut heard = context.wait_for_person(entry);
    let permit = make_ready(context, approval, from, turn, &mut heard).await;
    last_word(context, entry, heard, permit).await
}
