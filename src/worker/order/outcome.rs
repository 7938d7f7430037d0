//! Outcome of a sent request: ours, someone else's, refused, or unknown.

use super::attribution::{Claim, Whose};
use super::effect::look_up_effect;
use super::records::{finished, not_ours_record, redirection, unclear};
use crate::action::{ActionKind, Order, OrderEffect, Sameness, Task};
use crate::api::{ApiError, Lane};
use crate::auth::AuthError;
use crate::guard::Approval;
use crate::journal::{NotSentReason, Record};
use crate::model::{EntryId, MachineAction, MachineActionStatus, clean, requestor_name};
use crate::worker::clock::now;
use crate::worker::context::Context;
use crate::worker::indicators;

/// Why there was nothing to remove.
const GONE_ALREADY: &str = "Already removed or expired";

/// Classifies an action in the service's reply: whether it is ours, and its status.
pub(super) async fn classify(context: &Context, approval: &Approval, action: &MachineAction) {
    let order = approval.order();
    if !order.task.record().is_of_request() {
        // The reply is not proof that it lasts: the effect is read.
        let read = look_up_effect(context, order, Lane::LookUp).await;
        if let Ok(OrderEffect::Shown(read)) = read {
            accepted(context, order, &read, Source::Reading).await;
        } else {
            let mut taken = action.clone();
            taken.status = MachineActionStatus::InProgress;
            accepted(context, order, &taken, Source::Answer).await;
        }
        return;
    }
    let is_elsewhere = action
        .machine_id
        .as_ref()
        .is_some_and(|on| *on != order.machine.id);
    if !action.status.is_final() && !is_elsewhere {
        context.show_action(action).await;
    }
    let claim = Claim::of(context, order, Some(approval.account()));
    match claim.whose(action) {
        Whose::Ours => {
            accepted(context, order, action, Source::Answer).await;
        }
        Whose::NotOurs => {
            not_ours(context, order, action).await;
        }
        Whose::Unclear(why) => {
            let records = vec![unclear(action, why)];
            context.journal.record_or_say(order.entry, records).await;
        }
    }
}

/// Records that the service's action is not ours, and still follows it to its end.
pub(super) async fn not_ours(context: &Context, order: &Order, action: &MachineAction) -> bool {
    let records = vec![not_ours_record(action)];
    let written = context.journal.record_or_say(order.entry, records).await;
    context.watched.watch_foreign(action, &order.machine.id);
    written
}

/// Evidence that the service has stored an action for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The reply to the request: the order was accepted. An end or another record in it counts only once a
    /// reading confirms it.
    Answer,
    /// A reading of the service's actions.
    Reading,
}

/// Records what the service has stored for us, and follows it to its end, unless a reading shows it ended.
/// `false` if that could not be written.
pub(super) async fn accepted(
    context: &Context,
    order: &Order,
    action: &MachineAction,
    source: Source,
) -> bool {
    let is_ended = source == Source::Reading && action.status.is_final();
    let mut records = vec![Record::Accepted {
        action: action.id.clone(),
        status: action.status.clone(),
    }];
    // A reply alone does not prove another record: the action is read first.
    let other = context.journal.entry(order.entry);
    let other = other.and_then(|entry| redirection(&entry, action));
    let is_claim = source == Source::Answer && (other.is_some() || action.status.is_final());
    records.extend(other.filter(|_| source == Source::Reading));
    records.extend(finished(action).filter(|_| is_ended));
    let written = context.journal.record_or_say(order.entry, records).await;
    let watched = &context.watched;
    if written && !is_ended {
        let (entry, id, read_at) = (order.entry, &action.id, Some(now()));
        watched.follow(entry, id, read_at).await;
        if source == Source::Reading {
            watched.note_shown(id);
        }
    }
    if written && is_ended && order.task.is_tenant_wide() {
        indicators::read_all(context).await;
    }
    if is_claim {
        // It counts once it is read.
        watched.poll_now_at(&action.id);
    } else {
        // A cancellation's reply updates the cancelled order as well.
        watched.record_reading(action, None).await;
    }
    written
}

/// Marks an order as unknown whose reply was lost, or does not show whether it was executed: find out, never
/// guess (rule 4).
pub(super) async fn mark_unknown(context: &Context, entry: EntryId, error: &ApiError) {
    let why = error.to_string().into();
    let record = match error.status() {
        Some(status) => Record::Unclear {
            status: Some(status),
            action: None,
            why,
        },
        None => Record::Unknown { why },
    };
    context.journal.record_or_say(entry, vec![record]).await;
}

/// Handles a request that the service refused, or that never reached it.
pub(super) async fn refuse(context: &Context, approval: &Approval, error: &ApiError) {
    let (ApiError::Refused(refusal) | ApiError::Unauthorized(refusal)) = error else {
        return not_sent(context, approval, error).await;
    };
    let order = approval.order();
    if refusal.is_not_found() && is_gone_already(context, order).await {
        return;
    }
    let (mut records, mut message) = (Vec::new(), refusal.message.clone());
    if refusal.may_hide_active_request() && !order.task.is_tenant_wide() {
        match look_for_cause(context, approval).await {
            Cause::Stored(action) => {
                accepted(context, order, &action, Source::Reading).await;
                return;
            }
            Cause::NotOurs(action) => {
                not_ours(context, order, &action).await;
                return;
            }
            Cause::Contested(action) => {
                let why = "the service refused, and shows another action with this order's tag";
                records.push(unclear(&action, why));
            }
            Cause::OtherVariant(action) => message = with_other_variant(&message, &action),
            Cause::Ended(end) => records.push(end),
            Cause::NotThere => records.push(Record::ActiveActionsRead { complete: true }),
            Cause::NotRead => records.push(Record::ActiveActionsRead { complete: false }),
        }
    }
    let is_settled = matches!(
        records.as_slice(),
        [Record::Finished { .. } | Record::Unclear { .. }]
    );
    if !is_settled {
        records.push(Record::Refused {
            status: refusal.status,
            code: refusal.code.clone().unwrap_or_default(),
            message,
        });
    }
    context.journal.record_or_say(order.entry, records).await;
}

/// Records that nothing left this computer, or nothing arrived.
async fn not_sent(context: &Context, approval: &Approval, error: &ApiError) {
    let why = match error {
        ApiError::SignIn(error) if !matches!(error, AuthError::Unreachable(_)) => {
            NotSentReason::SignInEnded
        }
        ApiError::Throttled { .. } => NotSentReason::Throttled,
        ApiError::SignIn(_)
        | ApiError::NotReached { .. }
        | ApiError::TimedOut { .. }
        | ApiError::Interrupted { .. }
        | ApiError::Certificate { .. }
        | ApiError::ForeignHost { .. }
        | ApiError::NoClient { .. }
        | ApiError::Unauthorized(_)
        | ApiError::Refused(_)
        | ApiError::Fault { .. }
        | ApiError::OtherRecord { .. }
        | ApiError::NotUnderstood { .. } => NotSentReason::NotReached,
    };
    context.session.note_auth_failure(error).await;
    let detail = Some(error.to_string().into());
    let record = Record::NotSent { why, detail };
    (context.journal)
        .record_or_say(approval.order().entry, vec![record])
        .await;
}

/// Whether the object to remove was gone already, according to the service's reply and a read.
async fn is_gone_already(context: &Context, order: &Order) -> bool {
    if !order.task.removes_indicator() {
        return false;
    }
    let read = look_up_effect(context, order, Lane::LookUp).await;
    let Ok(OrderEffect::Shown(mut gone)) = read else {
        return false;
    };
    gone.state = Some(GONE_ALREADY.into());
    accepted(context, order, &gone, Source::Reading).await
}

/// Cause of a refusal, from the device's actions, if its code does not determine it.
enum Cause {
    /// Ours is there: an intermediary refused a request that the service had stored.
    Stored(Box<MachineAction>),
    NotOurs(Box<MachineAction>),
    /// Another task's action has this order's tag: whether it was executed as ordered is unknown.
    Contested(Box<MachineAction>),
    /// An action of the same kind with another choice than ordered, such as a selective isolation.
    OtherVariant(Box<MachineAction>),
    /// The action to cancel had ended.
    Ended(Record),
    NotThere,
    /// The read failed, or was incomplete.
    NotRead,
}

/// Adds what the service's message omits: that the same action is running in another variant.
fn with_other_variant(message: &str, action: &MachineAction) -> Box<str> {
    format!(
        "{message} [open on the device: {} of type {}, by {}]",
        ActionKind::of(action).map_or("an action".to_owned(), |kind| kind.spec().a_noun()),
        clean(action.scope.as_deref().unwrap_or_default(), 40),
        requestor_name(action.requestor.as_deref())
    )
    .trim_start()
    .into()
}

async fn look_for_cause(context: &Context, approval: &Approval) -> Cause {
    let claim = Claim::of(context, approval.order(), Some(approval.account()));
    match &approval.order().task {
        Task::Act { .. } => active_action(context, approval).await,
        Task::Cancel { action, .. } => {
            match context.client.machine_action(action, Lane::LookUp).await {
                Ok(action) if claim.contradiction(&action).is_none() => {
                    context.show_action(&action).await;
                    // It updates the order to be cancelled, too.
                    context.watched.record_reading(&action, None).await;
                    finished(&action).map_or(Cause::NotThere, Cause::Ended)
                }
                Ok(_) | Err(_) => Cause::NotRead,
            }
        }
    }
}

async fn active_action(context: &Context, approval: &Approval) -> Cause {
    let order = approval.order();
    let read = context
        .client
        .actions_on(&order.machine.id, Lane::LookUp)
        .await;
    let Ok(found) = read else {
        return Cause::NotRead;
    };
    let claim = Claim::of(context, order, Some(approval.account()));
    let ours = found.items.iter().find(|action| claim.is_ours(action));
    let newest = |sameness| {
        let open = found.items.iter().filter(|a| !a.status.is_final());
        newest_alike(order, open, sameness).cloned().map(Box::new)
    };
    let is_whole = found.is_complete();
    let cause = if let Some(ours) = ours {
        Cause::Stored(Box::new(ours.clone()))
    } else if let Some(other) = found.items.iter().find(|a| claim.contradicts_itself(a)) {
        Cause::Contested(Box::new(other.clone()))
    } else if let Some(active) = newest(Sameness::Same) {
        Cause::NotOurs(active)
    } else if let Some(active) = newest(Sameness::OtherVariant) {
        Cause::OtherVariant(active)
    } else if is_whole && newest(Sameness::Unknown).is_none() {
        Cause::NotThere
    } else {
        Cause::NotRead
    };
    if let Cause::Stored(action) | Cause::NotOurs(action) | Cause::OtherVariant(action) = &cause {
        context.show_action(action).await;
    }
    cause
}

/// The newest action with this sameness to an order.
pub(super) fn newest_alike<'a>(
    order: &Order,
    actions: impl Iterator<Item = &'a MachineAction>,
    sameness: Sameness,
) -> Option<&'a MachineAction> {
    let alike = actions.filter(|action| order.task.compared_with(action) == sameness);
    alike.max_by_key(|action| action.created)
}
