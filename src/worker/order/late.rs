//! Readings of actions that are not followed any more: an action that appears late, and an end that the service
//! changes or revokes.

use std::collections::HashMap;
use std::sync::Arc;

use super::claim::Claim;
use super::lookup;
use super::outcome::{Source, accepted};
use super::records::{finished, unclear};
use crate::action::{Recorded, Task};
use crate::journal::{Entry, OrderStatus, Record, TimeSource};
use crate::model::{MachineAction, MachineActionId};
use crate::worker::context::Context;

/// The maximum number of ends recorded for one entry if the service contradicts itself.
const MAX_ENDS: usize = 4;

/// Reconciles an action that appears late: after *Not found*, as the service showed its new actions after all
/// look-ups, or after a refusal by an intermediary although the service had stored the action.
pub(in crate::worker) async fn reconcile_late(context: &Arc<Context>, actions: &[MachineAction]) {
    let account = context.session.account();
    let Some(account) = account.filter(|_| context.journal.may_act()) else {
        return;
    };
    // Of an action listed twice, the first end counts.
    let (ended, open): (Vec<_>, Vec<_>) = actions.iter().rev().partition(|a| a.status.is_final());
    let shown = open.into_iter().chain(ended);
    let shown: HashMap<_, _> = shown.map(|action| (&action.id, action)).collect();
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
        }
    }
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
    let is_told =
        entry.order.task.record() == Recorded::MachineAction && !action.status.is_missing();
    (is_told && is_later && source == TimeSource::Service).then(|| {
        let shown = action.status.as_wire();
        let why = format!(
            "the service had shown that this action has ended, and now shows it as {shown}"
        );
        unclear(action, why)
    })
}
