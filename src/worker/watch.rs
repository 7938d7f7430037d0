//! Follows every action in flight to its real end, with one list call per tick for all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::context::{Context, lock, monotonic_now, now};
use super::inventory;
use crate::api::{ActionFilter, ApiError, Lane, Verb};
use crate::journal::{Record, Standing};
use crate::message::{Event, Note};
use crate::model::{EntryId, MachineAction, MachineActionId, MachineId};

/// A new action may be answered with 404, or be missing in lists, for about two minutes.
const GRACE_SECS: u32 = 120;
/// When a look fails, the next one.
const AFTER_FAILURE_SECS: u32 = 20;

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
    /// The service's time of the newest reading: another of its hosts may answer with an older one.
    newest: Option<Timestamp>,
}

impl Followed {
    pub fn clear(&mut self) {
        self.by_action.clear();
    }
}

/// Follows the action of one of our entries.
pub(super) async fn follow(context: &Context, entry: EntryId, action: &MachineActionId) {
    let Some(machine) = context.entry(entry).map(|e| e.machine().id) else {
        return;
    };
    add(context, action, machine, Some(entry));
    let first_look = context.pace.between_looks(Duration::ZERO);
    let first_look = SignedDuration::try_from(first_look).unwrap_or(SignedDuration::ZERO);
    let note = Note::LooksAgainAt(now() + first_look);
    context.note(entry, Some(note)).await;
}

/// Follows somebody else's action, so that its end is seen too; `machine` is what was asked about.
pub(super) fn follow_foreign(context: &Context, action: &MachineAction, machine: &MachineId) {
    if !action.status.is_final() {
        let machine = action.machine_id.as_ref().unwrap_or(machine);
        add(context, &action.id, machine.clone(), None);
    }
}

fn add(context: &Context, action: &MachineActionId, machine: MachineId, entry: Option<EntryId>) {
    let since = monotonic_now();
    let next = since + context.pace.between_looks(Duration::ZERO);
    let mut followed = lock(&context.followed);
    let follow = followed.by_action.entry(action.clone()).or_insert(Follow {
        machine,
        entries: Vec::new(),
        since,
        next,
        newest: None,
    });
    follow.next = follow.next.min(next);
    follow
        .entries
        .extend(entry.filter(|e| !follow.entries.contains(e)));
    drop(followed);
    context.look_now.notify_one();
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
    let listed = match context.client.machine_actions(&ids, Lane::Watch).await {
        Ok(list) => Ok(list.items),
        // Refused in these words: each is asked for by itself.
        Err(error) if error.is_about_the_question() => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    for (id, machine) in &wanted {
        let reading = match &listed {
            Ok(listed) => match listed.iter().find(|action| action.id == *id) {
                Some(action) => Ok(Some(action.clone())),
                None => read_one(context, id, machine).await,
            },
            Err(error) => Err(error.clone()),
        };
        if epoch != context.epoch() {
            return;
        }
        match reading {
            Ok(action) => {
                if let Some(action) = &action {
                    learn(context, action).await;
                }
                seen(context, id, action.as_ref()).await;
            }
            Err(error) => not_seen(context, id, &error).await,
        }
    }
    context.report_budget().await;
}

/// An action that the list did not show: by its id, and where that is refused, by its machine.
/// `None` when the service does not know it.
async fn read_one(
    context: &Context,
    id: &MachineActionId,
    machine: &MachineId,
) -> Result<Option<MachineAction>, ApiError> {
    match context.client.machine_action(id, Lane::Watch).await {
        Ok(action) => Ok(Some(action)),
        Err(ApiError::Refused(refusal)) if refusal.is_not_found() => Ok(None),
        Err(error) if error.is_about_the_question() => {
            let found = inventory::history_of(context, machine, Lane::Watch).await?;
            Ok(found.items.into_iter().find(|action| action.id == *id))
        }
        Err(error) => Err(error),
    }
}

/// One action could not be looked at: says why, and tries again; the others go on.
async fn not_seen(context: &Context, id: &MachineActionId, error: &ApiError) {
    context.mind_sign_in(error).await;
    let explanation = error.explain_for(Verb::Read, "look at this action", None, None);
    let entries = {
        let mut followed = lock(&context.followed);
        let Some(follow) = followed.by_action.get_mut(id) else {
            return;
        };
        follow.next = monotonic_now() + context.pace.secs(AFTER_FAILURE_SECS);
        follow.entries.clone()
    };
    for entry in entries {
        context
            .note(entry, Some(Note::Stuck(explanation.clone())))
            .await;
    }
}

/// Takes one reading in: records progress or the end, and sets the next look.
pub(super) async fn seen(
    context: &Arc<Context>,
    id: &MachineActionId,
    action: Option<&MachineAction>,
) {
    let Some((entries, since, newest)) = lock(&context.followed).by_action.get_mut(id).map(|f| {
        let before = f.newest;
        f.newest = before.max(action.and_then(|a| a.last_updated));
        (f.entries.clone(), f.since, before)
    }) else {
        return;
    };
    let wait = context
        .pace
        .between_looks(since.elapsed().max(Duration::from_secs(1)));
    let again_at = now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_mins(1));
    let end = action.and_then(finished);
    let mut written = true;
    for entry in entries {
        let Some(Standing::Accepted { status, .. }) =
            context.entry(entry).map(|e| e.standing().clone())
        else {
            continue;
        };
        match (action, &end) {
            (_, Some(end)) => written &= context.record_or_say(entry, vec![end.clone()]).await,
            (Some(action), None) => {
                let is_older = action.last_updated.is_some_and(|at| Some(at) < newest);
                if action.status != status && !is_older {
                    context
                        .record_or_say(
                            entry,
                            vec![Record::Progress {
                                status: action.status.clone(),
                            }],
                        )
                        .await;
                }
                context
                    .note(entry, Some(Note::LooksAgainAt(again_at)))
                    .await;
            }
            (None, None) if since.elapsed() < context.pace.secs(GRACE_SECS) => {
                context
                    .note(entry, Some(Note::LooksAgainAt(again_at)))
                    .await;
            }
            (None, None) => {
                let headline = "The service accepted this action but does not show it any more";
                let next = crate::explain::NextStep::Outside(
                    "Look at the device in the Defender portal".into(),
                );
                let mut explanation = crate::explain::Explanation::harmless(headline, next);
                explanation.effect = crate::explain::Effect::Unknown;
                explanation.details.push(format!("action {id}"));
                context.note(entry, Some(Note::Stuck(explanation))).await;
            }
        }
    }
    let mut followed = lock(&context.followed);
    // An end that could not be written is read again, when the disk may have been mended.
    if end.is_some() && written {
        followed.by_action.remove(id);
    } else if let Some(follow) = followed.by_action.get_mut(id) {
        follow.next = monotonic_now() + wait;
    }
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
