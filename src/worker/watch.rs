//! Follows every action in flight to its real end, with one list call per tick for all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::context::{Context, lock, monotonic_now, now};
use super::{inventory, reconcile};
use crate::api::{ActionFilter, ApiError, Lane, Verb};
use crate::explain::{Effect, Explanation, NextStep};
use crate::journal::{OrderStatus, Record};
use crate::message::{Event, OrderProgress};
use crate::model::{EntryId, MachineAction, MachineActionId, MachineId};

/// A new action may be answered with 404, or be missing in lists, for about two minutes.
const GRACE_SECS: u32 = 120;
/// When a look fails, the next one.
const AFTER_FAILURE_SECS: u32 = 20;
/// While an answer is waited for: how soon a pause that the service asked for is told.
const PAUSE_CHECK: Duration = Duration::from_millis(250);

/// The actions that are followed.
#[derive(Default)]
pub(super) struct Followed {
    by_action: HashMap<MachineActionId, Follow>,
}

struct Follow {
    machine: MachineId,
    /// Our entries about this action: the order itself, or its cancellation. None for a
    /// colleague's action.
    entries: Vec<EntryId>,
    since: Instant,
    next: Instant,
    /// When it was last read in this run.
    read_at: Option<Timestamp>,
    /// The service's time of the newest reading: another of its hosts may answer with an older one.
    newest: Option<Timestamp>,
}

impl Followed {
    pub fn clear(&mut self) {
        self.by_action.clear();
    }
}

/// Follows the action of one of our entries; `read_at` is when it was read last, if it was.
pub(super) async fn follow(
    context: &Context,
    entry: EntryId,
    action: &MachineActionId,
    read_at: Option<Timestamp>,
) {
    let Some(machine) = context.entry(entry).map(|e| e.machine().id) else {
        return;
    };
    let is_followed = |f: &Follow| f.entries.contains(&entry);
    if lock(&context.followed)
        .by_action
        .get(action)
        .is_some_and(is_followed)
    {
        return;
    }
    let next_at = add(context, action, machine, Some(entry), read_at);
    let note = OrderProgress::Watching { read_at, next_at };
    context.note(entry, Some(note)).await;
}

/// Follows somebody else's action, so that its end is seen too; `machine` is what was asked about.
pub(super) fn follow_foreign(context: &Context, action: &MachineAction, machine: &MachineId) {
    if !action.status.is_final() {
        let machine = action.machine_id.as_ref().unwrap_or(machine);
        add(context, &action.id, machine.clone(), None, Some(now()));
    }
}

/// Follows the request that came in the place of one of our entries, to its end.
pub(super) fn follow_theirs(context: &Context, action: &MachineActionId, machine: MachineId) {
    add(context, action, machine, None, None);
}

/// Adds an action to those that are followed; when the next look at it comes.
fn add(
    context: &Context,
    action: &MachineActionId,
    machine: MachineId,
    entry: Option<EntryId>,
    read_at: Option<Timestamp>,
) -> Timestamp {
    let since = monotonic_now();
    let first = since + context.pace.between_looks(Duration::ZERO);
    let mut followed = lock(&context.followed);
    let follow = followed.by_action.entry(action.clone()).or_insert(Follow {
        machine,
        entries: Vec::new(),
        since,
        next: first,
        read_at,
        newest: None,
    });
    follow.next = follow.next.min(first);
    follow.read_at = follow.read_at.max(read_at);
    follow
        .entries
        .extend(entry.filter(|e| !follow.entries.contains(e)));
    let next = follow.next;
    drop(followed);
    context.look_now.notify_one();
    on_the_wall_clock(next)
}

fn on_the_wall_clock(at: Instant) -> Timestamp {
    let left = at.saturating_duration_since(monotonic_now());
    now() + SignedDuration::try_from(left).unwrap_or(SignedDuration::from_mins(1))
}

/// The record of an action's end, if it is at its end.
pub(super) fn finished(action: &MachineAction) -> Option<Record> {
    action.status.is_final().then(|| Record::Finished {
        action: action.id.clone(),
        status: action.status.clone(),
        hresult: action.error_hresult,
        by: action
            .cancellation_requestor
            .as_deref()
            .map(|r| r.trim().into()),
        comment: action.cancellation_comment.clone(),
        service_time: action.last_updated,
    })
}

/// Shows a new reading of an action.
pub(super) async fn learn(context: &Context, action: &MachineAction) {
    context
        .emit(Event::Actions {
            epoch: context.epoch(),
            actions: vec![action.clone()],
        })
        .await;
}

/// The watcher: sleeps until the next look is due, or until it is woken.
pub(super) async fn run(context: Arc<Context>) {
    loop {
        let next = lock(&context.followed)
            .by_action
            .values()
            .map(|f| f.next)
            .min();
        let woken = context.look_now.notified();
        match next {
            None => woken.await,
            Some(next) => {
                tokio::select! {
                    () = tokio::time::sleep_until(next) => look(&context).await,
                    // Something was added or made due: find the next look anew.
                    () = woken => {}
                }
            }
        }
    }
}

/// Looks at all followed actions at once.
async fn look(context: &Arc<Context>) {
    if context.account().is_none() {
        return postpone(context, AFTER_FAILURE_SECS);
    }
    let wanted: Vec<(MachineActionId, MachineId)> = lock(&context.followed)
        .by_action
        .iter()
        .map(|(id, f)| (id.clone(), f.machine.clone()))
        .collect();
    let epoch = context.epoch();
    let ids = ActionFilter::Ids(wanted.iter().map(|(id, _)| id.clone()).collect());
    let asked = context.client.machine_actions(&ids, Lane::Watch);
    let listed = match saying_pauses(context, asked).await {
        Ok(list) => Ok(list.items),
        // Refused in these words: each is asked for by itself.
        Err(error) if error.is_about_the_question() => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    for (id, machine) in &wanted {
        let reading = match &listed {
            Ok(listed) => match listed.iter().find(|action| action.id == *id) {
                Some(action) => Ok(Reading::There(Box::new(action.clone()))),
                None => saying_pauses(context, read_one(context, id, machine)).await,
            },
            Err(error) => Err(error.clone()),
        };
        if epoch != context.epoch() {
            return;
        }
        match reading {
            Ok(Reading::There(action)) => {
                learn(context, &action).await;
                seen(context, id, &action).await;
            }
            Ok(Reading::Absent) => not_there(context, id).await,
            Ok(Reading::Incomplete) => {
                let headline = "The service's list of actions is not complete";
                let why = Explanation::harmless(headline, NextStep::None);
                not_seen(context, id, why).await;
            }
            Err(error) => {
                context.mind_sign_in(&error).await;
                let why = error.explain_for(Verb::Read, "look at this action", None, None);
                not_seen(context, id, why).await;
            }
        }
    }
    context.report_budget().await;
}

/// Waits for an answer, and tells the window meanwhile when the service has asked for a pause.
async fn saying_pauses<T>(context: &Context, answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    let mut said = None;
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = tokio::time::sleep(PAUSE_CHECK) => {
                let pause = context.client.budget().gate_until;
                if pause.is_some() && pause != said {
                    said = pause;
                    context.report_budget().await;
                }
            }
        }
    }
}

/// What a look at one action brought.
enum Reading {
    There(Box<MachineAction>),
    /// The service does not know it.
    Absent,
    /// It is not in a list that is not whole.
    Incomplete,
}

/// An action that the list did not show: by its id, and where that is refused, by its machine.
async fn read_one(
    context: &Context,
    id: &MachineActionId,
    machine: &MachineId,
) -> Result<Reading, ApiError> {
    match context.client.machine_action(id, Lane::Watch).await {
        Ok(action) => Ok(Reading::There(Box::new(action))),
        Err(ApiError::Refused(refusal)) if refusal.is_not_found() => Ok(Reading::Absent),
        Err(error) if error.is_about_the_question() => {
            let found = inventory::history_of(context, machine, Lane::Watch).await?;
            let is_whole = found.complete && found.unreadable == 0;
            let action = found.items.into_iter().find(|action| action.id == *id);
            Ok(match action {
                Some(action) => Reading::There(Box::new(action)),
                None if is_whole => Reading::Absent,
                None => Reading::Incomplete,
            })
        }
        Err(error) => Err(error),
    }
}

/// Sets the next look at an action; the entries that wait for it, when it was last read, and when
/// that look comes.
fn set_next(
    context: &Context,
    id: &MachineActionId,
    wait: Duration,
) -> Option<(Vec<EntryId>, Option<Timestamp>, Timestamp)> {
    let next = monotonic_now() + wait;
    let mut followed = lock(&context.followed);
    let follow = followed.by_action.get_mut(id)?;
    follow.next = next;
    Some((
        follow.entries.clone(),
        follow.read_at,
        on_the_wall_clock(next),
    ))
}

/// One action could not be looked at: says why, and tries again; the others go on.
async fn not_seen(context: &Context, id: &MachineActionId, why: Explanation) {
    let wait = context.pace.secs(AFTER_FAILURE_SECS);
    let Some((entries, read_at, next_at)) = set_next(context, id, wait) else {
        return;
    };
    for entry in entries {
        let note = OrderProgress::LookFailed {
            why: why.clone(),
            read_at,
            next_at,
        };
        context.note(entry, Some(note)).await;
    }
}

/// The service does not show the action: at first that is usual.
async fn not_there(context: &Context, id: &MachineActionId) {
    let Some(since) = lock(&context.followed).by_action.get(id).map(|f| f.since) else {
        return;
    };
    let is_new = since.elapsed() < context.pace.secs(GRACE_SECS);
    let Some((entries, read_at, next_at)) = set_next(context, id, pause_after(context, since))
    else {
        return;
    };
    for entry in entries {
        let note = if is_new {
            OrderProgress::Watching { read_at, next_at }
        } else {
            let headline = "The service accepted this action but does not show it any more";
            let next = NextStep::Outside("Look at the device in the Defender portal".into());
            let mut why = Explanation::harmless(headline, next);
            why.effect = Effect::Unknown;
            why.details.push(format!("action {id}"));
            OrderProgress::LookFailed {
                why,
                read_at,
                next_at,
            }
        };
        context.note(entry, Some(note)).await;
    }
}

fn pause_after(context: &Context, since: Instant) -> Duration {
    context
        .pace
        .between_looks(since.elapsed().max(context.pace.secs(1)))
}

/// Takes one reading of the watcher in, and sets the next look.
async fn seen(context: &Arc<Context>, id: &MachineActionId, action: &MachineAction) {
    let Some((since, is_foreign)) = lock(&context.followed).by_action.get_mut(id).map(|f| {
        f.read_at = Some(now());
        (f.since, f.entries.is_empty())
    }) else {
        return;
    };
    if is_foreign {
        // What was taken for somebody else's may carry our tag in a fuller reading.
        reconcile::mind_late(context, std::slice::from_ref(action)).await;
    }
    if take_in(context, id, action).await {
        return;
    }
    let Some((entries, read_at, next_at)) = set_next(context, id, pause_after(context, since))
    else {
        return;
    };
    for entry in entries {
        let now = context.entry(entry);
        let is_open = now.is_some_and(|e| matches!(e.status(), OrderStatus::Accepted { .. }));
        if is_open {
            let note = OrderProgress::Watching { read_at, next_at };
            context.note(entry, Some(note)).await;
        }
    }
}

/// Records what a reading says about the entries of an action: progress, or the end. When the next
/// look comes is left as it is. `true` when the action is at its end and need not be followed.
pub(super) async fn take_in(
    context: &Arc<Context>,
    id: &MachineActionId,
    action: &MachineAction,
) -> bool {
    let Some((entries, newest)) = lock(&context.followed).by_action.get_mut(id).map(|f| {
        let before = f.newest;
        f.newest = before.max(action.last_updated);
        (f.entries.clone(), before)
    }) else {
        return false;
    };
    let is_older = action.last_updated.is_some_and(|at| Some(at) < newest);
    let end = finished(action);
    let mut written = true;
    for entry in entries {
        let Some(OrderStatus::Accepted { status, .. }) =
            context.entry(entry).map(|e| e.status().clone())
        else {
            continue;
        };
        let record = match &end {
            Some(end) => end.clone(),
            None if action.status != status && !is_older => Record::Progress {
                status: action.status.clone(),
            },
            None => continue,
        };
        if !context.may_act() {
            // The console that acts writes it, and this one reads it there.
            continue;
        }
        written &= context.record_or_say(entry, vec![record]).await;
    }
    // An end that could not be written is read again, when the disk may have been mended.
    let is_over = end.is_some() && written;
    if is_over {
        lock(&context.followed).by_action.remove(id);
    }
    is_over
}

fn postpone(context: &Context, secs: u32) {
    let next = monotonic_now() + context.pace.secs(secs);
    for follow in lock(&context.followed).by_action.values_mut() {
        follow.next = next;
    }
}

/// Makes every followed action due.
pub(super) fn look_at_all_now(context: &Context) {
    let now = monotonic_now();
    for follow in lock(&context.followed).by_action.values_mut() {
        follow.next = now;
    }
    context.look_now.notify_one();
}
