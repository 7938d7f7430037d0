//! The watcher: follows every pending action to its actual end, with one list call per tick for all of them.

use std::sync::Arc;
use std::time::Duration;

use super::attribution::disown_if_contradicted;
use super::effect::look_up_effect;
use super::late::reconcile_late;
use super::lookup;
use super::watched::{NextPoll, Wanted};
use crate::action::{ActionKind, OrderEffect, Recorded, Task};
use crate::api::{ActionFilter, ApiError, Lane, Verb};
use crate::explain::{Effect, Explanation, NextStep};
use crate::journal::{OrderStatus, Phase, Record};
use crate::message::OrderProgress;
use crate::model::{EntryId, Listed, MachineAction, MachineActionId};
use crate::worker::context::Context;
use crate::worker::device;

/// A new action may be reported as 404, or be missing in lists, for about two minutes.
const GRACE_SECS: u32 = 120;
/// Delay before the next poll after a failure, in seconds.
const AFTER_FAILURE_SECS: u32 = 20;
/// Interval for noticing a pause requested by the service while a reply is awaited.
const PAUSE_CHECK: Duration = Duration::from_millis(250);

/// Runs for as long as the worker does.
pub(in crate::worker) async fn run(context: Arc<Context>) {
    loop {
        context.watched.until_due().await;
        look(&context).await;
    }
}

/// Polls all watched actions at once.
async fn look(context: &Arc<Context>) {
    if context.session.account().is_none() {
        let wait = context.timing.secs(AFTER_FAILURE_SECS);
        return context.watched.postpone_all(wait);
    }
    let wanted = context.watched.wanted();
    let epoch = context.session.epoch();
    let listed = list(context, &wanted).await;
    for wanted in &wanted {
        let id = &wanted.id;
        let reading = read_one(context, &listed, wanted).await;
        if epoch != context.session.epoch() {
            return;
        }
        match reading {
            Ok(Reading::There(action)) => record_reading(context, *action).await,
            Ok(Reading::Absent) => note_absent(context, id, None).await,
            Ok(Reading::Otherwise(how)) => note_absent(context, id, Some(how)).await,
            Ok(Reading::Incomplete) => {
                let headline = "The service's list of actions is not complete";
                let why = Explanation::harmless(headline, NextStep::None);
                note_failed(context, id, why).await;
            }
            Err(error) => {
                context.session.note_auth_failure(&error).await;
                let why = error.explain_for(Verb::Read, "read this action", None, None);
                note_failed(context, id, why).await;
            }
        }
    }
    context.report_budget().await;
}

/// The machine actions among these, in one call.
async fn list(context: &Context, wanted: &[Wanted]) -> Result<Vec<MachineAction>, ApiError> {
    let actions = wanted
        .iter()
        .filter(|wanted| wanted.record == Recorded::MachineAction);
    let ids: Vec<_> = actions.map(|wanted| wanted.id.clone()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ActionFilter::Ids(ids);
    let asked = context.client.machine_actions(&ids, Lane::Watch);
    match reporting_pauses(context, asked).await {
        Ok(list) => Ok(list.items),
        // The filter was rejected: each is then read by its id.
        Err(error) if error.is_about_the_question() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Awaits a reply, and reports a pause requested by the service meanwhile.
async fn reporting_pauses<T>(context: &Context, answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    let mut said = None;
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = tokio::time::sleep(PAUSE_CHECK) => {}
        }
        let pause = context.client.budget().gate_until;
        if pause.is_some() && pause != said {
            said = pause;
            context.report_budget().await;
        }
    }
}

/// Result of polling one action.
enum Reading {
    There(Box<MachineAction>),
    /// The service does not know it.
    Absent,
    /// The service shows something else under its id, described here.
    Otherwise(String),
    /// Absent from an incomplete list.
    Incomplete,
}

/// Reads an action from where its kind is recorded.
async fn read_one(
    context: &Context,
    listed: &Result<Vec<MachineAction>, ApiError>,
    wanted: &Wanted,
) -> Result<Reading, ApiError> {
    match wanted.record {
        Recorded::MachineAction => read_action(context, listed, wanted).await,
        Recorded::Investigation => {
            let by_id = context.client.investigation(&wanted.id, Lane::Watch);
            match reporting_pauses(context, by_id).await {
                Ok(read) => Ok(Reading::There(Box::new(read))),
                Err(ApiError::Refused(refusal)) if refusal.is_not_found() => Ok(Reading::Absent),
                Err(error) => Err(error),
            }
        }
        Recorded::Machine | Recorded::Indicator => read_effect(context, wanted).await,
    }
}

/// Takes an action from the list, else reads it by its id or, if that is refused, from its machine's actions.
async fn read_action(
    context: &Context,
    listed: &Result<Vec<MachineAction>, ApiError>,
    Wanted { id, machine, .. }: &Wanted,
) -> Result<Reading, ApiError> {
    let listed = listed.as_ref().map_err(Clone::clone)?;
    if let Some(action) = as_listed(listed, id) {
        return Ok(Reading::There(Box::new(action.clone())));
    }
    let by_id = context.client.machine_action(id, Lane::Watch);
    match reporting_pauses(context, by_id).await {
        Ok(action) => Ok(Reading::There(Box::new(action))),
        Err(ApiError::Refused(refusal)) if refusal.is_not_found() => Ok(Reading::Absent),
        Err(error) if error.is_about_the_question() => {
            let of_machine = context.client.actions_on(machine, Lane::Watch);
            let found = reporting_pauses(context, of_machine).await?;
            let is_whole = found.is_complete();
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

/// The effect of a watched order that has no record.
async fn read_effect(context: &Context, wanted: &Wanted) -> Result<Reading, ApiError> {
    let entry = wanted.entry.and_then(|entry| context.journal.entry(entry));
    let Some(entry) = entry else {
        return Ok(Reading::Absent);
    };
    let is_of_machine = wanted.record == Recorded::Machine;
    let effect = look_up_effect(context, &entry.order, Lane::Watch);
    match reporting_pauses(context, effect).await {
        Ok(OrderEffect::Shown(read)) if read.id == wanted.id => Ok(Reading::There(read)),
        Ok(OrderEffect::Contradicts(how)) => Ok(Reading::Otherwise(how)),
        Ok(OrderEffect::Shown(_) | OrderEffect::NotShown) => Ok(Reading::Absent),
        // Only the machine is requested by an id.
        Err(Some(ApiError::Refused(refusal))) if is_of_machine && refusal.is_not_found() => {
            Ok(Reading::Absent)
        }
        Err(Some(error)) => Err(error),
        Err(None) => Ok(Reading::Incomplete),
    }
}

/// A list's reading of an action, if unambiguous: if the list repeats it with different values, it is read by
/// its id.
fn as_listed<'a>(listed: &'a [MachineAction], id: &MachineActionId) -> Option<&'a MachineAction> {
    let mut shown = listed.iter().filter(|action| action.id == *id);
    let first = shown.next()?;
    shown
        .all(|again| again.status == first.status)
        .then_some(first)
}

/// Shows a reading and records it in a separate task, so that waiting for the disk does not delay the others.
async fn record_reading(context: &Arc<Context>, action: MachineAction) {
    // A state read from the machine itself is not an action of its history.
    let kind = ActionKind::of(&action);
    if kind.is_none_or(|kind| kind.spec().record.is_of_request()) {
        context.show_action(&action).await;
    }
    let is_foreign = context.watched.begin_recording(&action.id);
    let next = context.watched.set_next(&action.id, None);
    let (Some(is_foreign), Some(mut next)) = (is_foreign, next) else {
        return;
    };
    let context = Arc::clone(context);
    tokio::spawn(async move {
        if is_foreign {
            // An action attributed to someone else may show our tag in a more complete reading.
            let read = Listed {
                items: vec![action.clone()],
                unreadable: 0,
                is_cut: true,
            };
            reconcile_late(&context, &read, action.machine_id.as_ref()).await;
        }
        let (agreeing, is_disowned) = disown(&context, &action, &next.entries).await;
        let is_over = is_disowned
            || context
                .watched
                .record_reading(&action, Some(&agreeing))
                .await;
        context.watched.end_recording(&action.id);
        read_other_record(&context, &agreeing);
        if !is_over {
            let is_open = |status| matches!(status, Some(OrderStatus::Accepted { .. }));
            (next.entries).retain(|entry| is_open(context.journal.status(*entry)));
            note_next(&context, Some(next), None).await;
        }
    });
}

/// Reads the record to which the service has moved an order, once: the user has to look at it, and it may be in
/// no list.
fn read_other_record(context: &Arc<Context>, entries: &[EntryId]) {
    let entry = entries.iter().find_map(|id| context.journal.entry(*id));
    let Some(entry) = entry.filter(|entry| entry.acts_elsewhere()) else {
        return;
    };
    let other = entry.machine().id;
    let known = context.known.get(&other);
    if known.machine.is_none() && known.failure.is_none() {
        device::read(context, other);
    }
}

/// Disowns the action for the entries that a reading contradicts. Returns the remaining entries, and whether
/// none follows it any more. An entry added meanwhile waits for its own reading.
async fn disown(
    context: &Arc<Context>,
    action: &MachineAction,
    entries: &[EntryId],
) -> (Vec<EntryId>, bool) {
    let (mut agreeing, mut is_disowned) = (Vec::new(), false);
    for entry in entries.iter().copied() {
        let status = context.journal.status(entry);
        let is_own =
            matches!(status, Some(OrderStatus::Accepted { action: own, .. }) if own == action.id);
        if is_own && let Some(is_written) = disown_if_contradicted(context, entry, action).await {
            // If it could not be written, it is read again, once the disk may work again.
            is_disowned = is_written && context.watched.disown(&action.id, entry);
        } else {
            agreeing.push(entry);
        }
    }
    (agreeing, is_disowned)
}

/// Shows why one action could not be polled, and schedules a retry.
async fn note_failed(context: &Context, id: &MachineActionId, why: Explanation) {
    let wait = context.timing.secs(AFTER_FAILURE_SECS);
    let next = context.watched.set_next(id, Some(wait));
    note_next(context, next, Some(why)).await;
}

/// Handles an action that the service does not show, or not as ordered, which is usual at first.
async fn note_absent(context: &Arc<Context>, id: &MachineActionId, instead: Option<String>) {
    let Some(age) = context.watched.age(id) else {
        return;
    };
    let is_new = age < context.timing.secs(GRACE_SECS);
    if !is_new {
        look_up_never_shown(context, id, instead.as_deref()).await;
    }
    let next = context.watched.set_next(id, None);
    let why = (!is_new).then(|| {
        let headline = match instead {
            Some(how) => how,
            None if context.watched.never_shown(id).is_empty() => {
                "The service accepted this action but does not show it any more".to_owned()
            }
            None => "The service accepted this action but has not shown it yet".to_owned(),
        };
        let next = NextStep::Outside("Check the device in the Defender portal".into());
        let mut why = Explanation::harmless(headline, next);
        why.effect = Effect::Unknown;
        why.details.push(format!("action {id}"));
        why
    });
    note_next(context, next, why).await;
}

/// Looks up orders by their tag whose action the service has never shown, as a reply may have a wrong id.
async fn look_up_never_shown(context: &Arc<Context>, id: &MachineActionId, instead: Option<&str>) {
    let account = context.session.account();
    for entry in context.watched.never_shown(id) {
        let Some(known) = context.journal.entry(entry) else {
            continue;
        };
        // A cancellation's action existed before.
        let is_meant = matches!(known.order.task, Task::Act { .. })
            && !known.was_shown()
            && account
                .as_ref()
                .is_some_and(|account| known.author.is(account))
            && known.status().phase() == Phase::UnderWay(id);
        let record = never_shown(&known.order.task, id, instead);
        // Otherwise the acting console writes it, and this one reads it there.
        if is_meant
            && context.journal.may_act()
            && context.journal.record_or_say(entry, vec![record]).await
        {
            context.watched.disown(id, entry);
            lookup::start(context, entry);
        }
    }
}

/// The record for an order whose action the service does not show; `instead` describes what it shows under the
/// id.
fn never_shown(task: &Task, id: &MachineActionId, instead: Option<&str>) -> Record {
    let why = match (instead, task.removes()) {
        (Some(how), _) => how.to_owned(),
        (None, Some(what)) => format!("the {what} is still there"),
        (None, None) if task.record() == Recorded::Machine => "the device does not show it".into(),
        (None, None) => format!("the service does not show the action {id} that it accepted"),
    };
    Record::Unclear {
        status: instead.is_none().then_some(404),
        action: Some(id.clone()),
        why: why.into(),
    }
}

/// Shows when the next poll is, and why the last one failed, if it did.
async fn note_next(context: &Context, next: Option<NextPoll>, failed: Option<Explanation>) {
    let Some(next) = next else {
        return;
    };
    let NextPoll {
        entries,
        read_at,
        next_at,
    } = next;
    for entry in entries {
        let progress = match failed.clone() {
            None => OrderProgress::Watching { read_at, next_at },
            Some(why) => OrderProgress::LookFailed {
                why,
                read_at,
                next_at,
            },
        };
        context.sink.show_progress(entry, Some(progress)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MachineActionStatus, MachineActionType, MachineRef};
    use crate::state::fixtures;

    #[test]
    fn reading_instead_of_the_action_is_recorded() {
        let recorded = |kind: ActionKind, instead: Option<&str>| {
            let order = fixtures::order("cdn-00000001", MachineRef::every_device(), kind);
            let id = MachineActionId::parse("1006").expect("a literal id");
            let record = never_shown(&order.task, &id, instead);
            let Record::Unclear { status, why, .. } = record else {
                panic!("{record:?}");
            };
            (status, why.to_string())
        };
        let how = "Defender shows it as Audit";
        let as_audit = recorded(ActionKind::BlockFile, Some(how));
        assert_eq!(as_audit, (None, how.to_owned()));
        let still_there = recorded(ActionKind::RemoveBlock, None);
        assert_eq!(
            still_there,
            (Some(404), "the block is still there".to_owned())
        );
        let (status, why) = recorded(ActionKind::BlockFile, None);
        assert_eq!(status, Some(404));
        assert!(why.contains("does not show the action 1006"), "{why}");
    }

    #[test]
    fn list_with_conflicting_rows_of_an_action_is_ignored() {
        use MachineActionStatus::{Failed, Pending, Succeeded};
        let id = |text: &str| MachineActionId::parse(text).expect("a literal id");
        let row =
            |of: &str, status| MachineAction::bare(id(of), MachineActionType::Isolate, status);
        let said = |rows: &[MachineAction]| as_listed(rows, &id("a")).map(|a| a.status.clone());
        assert_eq!(said(&[row("b", Pending)]), None);
        assert_eq!(said(&[row("a", Pending), row("b", Failed)]), Some(Pending));
        assert_eq!(said(&[row("a", Pending), row("a", Pending)]), Some(Pending));
        for rows in [
            [row("a", Pending), row("a", Succeeded), row("a", Failed)],
            [row("a", Succeeded), row("b", Pending), row("a", Pending)],
        ] {
            assert_eq!(said(&rows), None, "{rows:?}");
        }
    }
}
