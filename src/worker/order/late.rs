//! Readings of actions that are not followed any more: an action that appears late, and an end that the service
//! changes or revokes.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::attribution::Claim;
use super::lookup;
use super::outcome::{Source, accepted, newest_alike, not_ours};
use super::records::{finished, unclear};
use crate::action::{Recorded, Sameness, Task};
use crate::journal::{Entry, OrderStatus, Record, TimeSource, were_actions_read};
use crate::model::{Account, Listed, MachineAction, MachineActionId, MachineId, shifted};
use crate::worker::clock::now;
use crate::worker::context::Context;

/// The maximum number of ends recorded for one entry if the service contradicts itself.
const MAX_ENDS: usize = 4;
/// Tolerance for network delay and for the service's whole seconds.
const CLOCK_JITTER: SignedDuration = SignedDuration::from_secs(5);
/// For so long after a refusal the request that it conflicted with is found out.
const REFUSAL_IS_RECENT: SignedDuration = SignedDuration::from_hours(24);

/// Reconciles an action that appears late: after *Not found*, as the service showed its new actions after all
/// look-ups, or after a refusal by an intermediary although the service had stored the action. Also records
/// the conflicting request of a refused order if the device's actions could not be read at that time.
///
/// `of` is the device of this history; `None` for actions of any device.
pub(in crate::worker) async fn reconcile_late(
    context: &Arc<Context>,
    read: &Listed<MachineAction>,
    of: Option<&MachineId>,
) {
    let account = context.session.account();
    let Some(account) = account.filter(|_| context.journal.may_act()) else {
        return;
    };
    offer_to_look_ups(context, &account, read, of);
    let actions = read.items.as_slice();
    // Of an action listed twice, the first end counts.
    let (ended, open): (Vec<_>, Vec<_>) = actions.iter().rev().partition(|a| a.status.is_final());
    let shown = open.into_iter().chain(ended);
    let shown: HashMap<_, _> = shown.map(|action| (&action.id, action)).collect();
    let ahead = context.client.service_ahead().unwrap_or_default();
    for entry in context.journal.entries().iter() {
        if entry.author.is(&account)
            && let Some(record) = corrected_end(context, entry, &shown)
        {
            let is_taken_back = matches!(record, Record::Unclear { .. });
            let is_written = context
                .journal
                .record_or_say(entry.id(), vec![record])
                .await;
            if is_written && is_taken_back {
                lookup::start(context, entry.id());
            }
            continue;
        }
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
            accepted(context, &entry.order, ours, Source::Reading).await;
            continue;
        }
        let is_doubtful =
            |action: &MachineAction| claim.contradicts_itself(action) || claim.may_be(action);
        // Only a complete reading shows which request came last.
        if read.is_complete()
            && !actions.iter().any(is_doubtful)
            && let Some(theirs) = conflicting_request(entry, actions, ahead, now())
        {
            not_ours(context, &entry.order, theirs).await;
        }
    }
}

/// Passes the reading to the look-ups of its orders, which judge it like their own.
fn offer_to_look_ups(
    context: &Context,
    account: &Account,
    read: &Listed<MachineAction>,
    of: Option<&MachineId>,
) {
    for id in context.orders.looked_up() {
        let Some(entry) = context.journal.entry(id) else {
            continue;
        };
        let task = &entry.order.task;
        let is_in_history =
            matches!(task, Task::Cancel { .. }) || task.record() == Recorded::MachineAction;
        if !is_in_history || !entry.author.is(account) {
            continue;
        }
        let machine = Some(&entry.order.machine.id);
        if of == machine {
            context.orders.offer(id, read.clone());
            continue;
        }
        let claim = Claim::of(context, &entry.order, Some(account));
        let is_about = |action: &&MachineAction| {
            action.machine_id.as_ref() == machine || claim.is_ours(action)
        };
        let items: Vec<_> = read.items.iter().filter(is_about).cloned().collect();
        if of.is_none() || !items.is_empty() {
            let some = Listed {
                items,
                unreadable: 0,
                is_cut: true,
            };
            context.orders.offer(id, some);
        }
    }
}

/// The request that a refused order conflicted with, if the device's actions could not be read after the
/// refusal: created before the refusal, and still open when the order was sent. `ahead` is how far the
/// service's clock is ahead of this one now. Older refusals are not judged, as `ahead` may have been another
/// one then; neither is one in the future, as this clock was set back since.
fn conflicting_request<'a>(
    entry: &Entry,
    actions: &'a [MachineAction],
    ahead: SignedDuration,
    now: Timestamp,
) -> Option<&'a MachineAction> {
    let is_refused = matches!(entry.status(), OrderStatus::Refused { .. });
    let age = now.duration_since(entry.status_since());
    if !is_refused
        || were_actions_read(entry) != Some(false)
        || age.is_negative()
        || age > REFUSAL_IS_RECENT
    {
        return None;
    }
    let mut records = entry.records().iter().rev();
    let (sent, _) = records.find(|(_, record)| *record == Record::Sent)?;
    let sent = shifted(*sent, ahead - CLOCK_JITTER);
    let refused = shifted(entry.status_since(), ahead + CLOCK_JITTER);
    let met = actions.iter().filter(|action| {
        let had_ended = action.status.is_final() && action.last_updated.is_none_or(|at| at < sent);
        action.machine_id.as_ref() == Some(&entry.order.machine.id)
            && action.created.is_some_and(|at| at <= refused)
            && !had_ended
    });
    newest_alike(&entry.order, met, Sameness::Same)
}

/// The record that corrects an end of our action: with another end, or revoking it. A reading older than the
/// recorded end does not count, and the number of changes is limited.
fn corrected_end(
    context: &Context,
    entry: &Entry,
    shown: &HashMap<&MachineActionId, &MachineAction>,
) -> Option<Record> {
    let action = *shown.get(entry.status().action()?)?;
    let record = finished(action).or_else(|| taken_back(entry, action));
    let record = record.filter(|record| entry.is_corrected_by(record))?;
    let (recorded, source) = entry.status_time();
    let is_older =
        source == TimeSource::Service && action.last_updated.is_some_and(|read| read < recorded);
    let is_end = |record: &&Record| matches!(record, Record::Finished { .. });
    let ends = entry.facts().filter(is_end).count();
    if is_older || ends >= MAX_ENDS {
        return None;
    }
    let claim = Claim::of(context, &entry.order, context.session.account().as_ref());
    claim.contradiction(action).is_none().then_some(record)
}

/// The record that the service has revoked an end: it describes the action in two ways, and the order's outcome
/// is unknown. Only a reading that it dates after that end counts.
fn taken_back(entry: &Entry, action: &MachineAction) -> Option<Record> {
    let (ended, source) = entry.status_time();
    let is_later = action.last_updated.is_some_and(|read| read > ended);
    let is_reported =
        entry.order.task.record() == Recorded::MachineAction && !action.status.is_missing();
    (is_reported && is_later && source == TimeSource::Service).then(|| {
        let shown = action.status.as_wire();
        let why = format!(
            "the service had shown that this action has ended, and now shows it as {shown}"
        );
        unclear(action, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::model::{MachineActionStatus, MachineActionType};
    use crate::state::fixtures;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).expect("a literal time")
    }

    /// A release sent at 1,000 and refused at 1,100 by this computer's clock.
    fn refused(read: Option<bool>) -> Entry {
        let machine = fixtures::machine_ref("a1", None);
        let order = fixtures::order("cdn-00000001", machine, ActionKind::Unisolate);
        let mut entry =
            fixtures::entry_at(at(1_000), fixtures::author(), order, vec![Record::Sent]);
        let read = read.map(|complete| Record::ActiveActionsRead { complete });
        let refused = Record::Refused {
            status: 400,
            code: "ActiveRequestAlreadyExists".into(),
            message: "".into(),
        };
        for record in read.into_iter().chain([refused]) {
            entry.push(at(1_100), record);
        }
        entry
    }

    /// A release with these times, in seconds of the service's clock.
    fn release(machine: &str, created: i64, ended: Option<i64>) -> MachineAction {
        let status = ended.map_or(MachineActionStatus::Pending, |_| {
            MachineActionStatus::Failed
        });
        let id = MachineActionId::parse(&format!("r{created}")).expect("a literal id");
        MachineAction {
            machine_id: Some(fixtures::machine_ref(machine, None).id),
            created: Some(at(created)),
            last_updated: ended.map(at),
            ..MachineAction::bare(id, MachineActionType::Unisolate, status)
        }
    }

    #[test]
    fn conflicting_request_overlaps_the_time_from_sending_to_refusal() {
        let ahead = SignedDuration::from_secs(500);
        let met_at = |entry: &Entry, action: MachineAction, now: i64| {
            conflicting_request(entry, &[action], ahead, at(now)).is_some()
        };
        let met = |entry: &Entry, action| met_at(entry, action, 1_200);
        let entry = refused(Some(false));
        for (created, ended, is_met) in [
            (1_400, None, true),
            (1_400, Some(1_700), true),
            (1_400, Some(1_520), true),
            (1_400, Some(1_450), false),
            (1_650, None, false),
            (1_650, Some(1_700), false),
        ] {
            let action = release("a1", created, ended);
            assert_eq!(met(&entry, action), is_met, "{created} {ended:?}");
        }
        let mut undated = release("a1", 1_400, Some(1_700));
        undated.last_updated = None;
        assert!(!met(&entry, undated));
        assert!(!met(&entry, release("a2", 1_400, None)));
        let mut other = release("a1", 1_400, None);
        other.kind = MachineActionType::Isolate;
        assert!(!met(&entry, other));
        // Actions read at the refusal, or not needed, were judged then.
        for read in [None, Some(true)] {
            assert!(!met(&refused(read), release("a1", 1_400, None)));
        }
        // Judged by another clock than the order's, if it was set back since, or may have been in a day.
        for (now, is_met) in [
            (1_000, false),
            (1_100 + 86_400, true),
            (1_101 + 86_400, false),
        ] {
            let action = release("a1", 1_400, None);
            assert_eq!(met_at(&entry, action, now), is_met, "{now}");
        }
        let both = [
            release("a1", 1_300, Some(1_550)),
            release("a1", 1_560, None),
        ];
        let newest = conflicting_request(&entry, &both, ahead, at(1_200));
        assert_eq!(newest.map(|action| action.id.as_str()), Some("r1560"));
    }
}
