//! What came of a request that left: ours, somebody else's, refused, or unknown.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::{inventory, reconcile, watch};
use crate::action::{Order, Task};
use crate::api::{ApiError, Lane, Submitted};
use crate::auth::AuthError;
use crate::explain::{Effect, Explanation, NextStep};
use crate::guard::Approval;
use crate::journal::{NotSentReason, Record};
use crate::model::{Account, EntryId, MachineAction, MachineId};

/// The service answered with an action: is it ours, and how far is it?
pub(super) async fn settle(context: &Arc<Context>, approval: &Approval, submitted: Submitted) {
    let Submitted { action, date } = submitted;
    let order = approval.order();
    watch::learn(context, &action).await;
    let record = match whose(order, approval.account(), &action, date) {
        Whose::Ours => {
            accepted(context, order, &action).await;
            return;
        }
        Whose::SomeoneElses => someone_elses(&action),
        Whose::Puzzling(why) => {
            context
                .record_or_say(order.entry, vec![Record::Unknown { why: why.into() }])
                .await;
            return reconcile::start(context, order.entry);
        }
    };
    context.record_or_say(order.entry, vec![record]).await;
    watch::follow_foreign(context, &action, &order.machine.id);
}

#[derive(Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    SomeoneElses,
    Puzzling(&'static str),
}

/// A new action is not older than this by the service's own clock.
const NEW: SignedDuration = SignedDuration::from_mins(1);

/// The tag decides. An answer that carries no comment at all is believed without one, unless its
/// requestor or its time speak against it.
fn whose(
    order: &Order,
    account: &Account,
    action: &MachineAction,
    date: Option<Timestamp>,
) -> Whose {
    if matches!(order.task, Task::Act { .. }) && carries_tag(order.entry, action) {
        return Whose::Ours;
    }
    let on_another = action
        .machine_id
        .as_ref()
        .is_some_and(|id| *id != order.machine.id);
    if on_another {
        return Whose::Puzzling("the service answered with an action on another device");
    }
    match &order.task {
        Task::Act { kind, .. } if action.kind != kind.spec().wire_type => {
            Whose::Puzzling("the service answered with an action of another kind")
        }
        Task::Act { .. } => {
            let filled = |text: &Option<Box<str>>| {
                text.as_deref()
                    .map(str::trim)
                    .filter(|t| !t.is_empty())
                    .map(str::to_lowercase)
            };
            let us = filled(&account.user_name);
            let requestor = filled(&action.requestor);
            let by_another = us.is_some() && requestor.is_some() && us != requestor;
            let is_old = (action.created.zip(date))
                .is_some_and(|(created, date)| date.duration_since(created) > NEW);
            if filled(&action.requestor_comment).is_some() || by_another || is_old {
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
/// `false` when that could not be written.
pub(super) async fn accepted(
    context: &Arc<Context>,
    order: &Order,
    action: &MachineAction,
) -> bool {
    let mut records = vec![Record::Accepted {
        action: action.id.clone(),
        status: action.status.clone(),
    }];
    // Our tag on another machine's action: the service carried the order over to that record.
    let carried_over = action
        .machine_id
        .clone()
        .filter(|id| *id != order.machine.id);
    if let Some(machine) = carried_over {
        context.problem(redirected(order, &machine, action)).await;
        records.push(Record::Redirected { machine });
    }
    records.extend(watch::finished(action));
    let written = context.record_or_say(order.entry, records).await;
    if written && !action.status.is_final() {
        watch::follow(context, order.entry, &action.id).await;
    }
    // A cancellation's answer is news for the order that it cancels.
    watch::seen(context, &action.id, Some(action)).await;
    written
}

fn redirected(order: &Order, machine: &MachineId, action: &MachineAction) -> Explanation {
    Explanation {
        headline: format!(
            "The service acts on another record (…{}) in place of {}",
            machine.tail(),
            order.machine.quoted()
        ),
        effect: Effect::Changed,
        next: NextStep::Outside(format!("Search for {machine} and look at that record").into()),
        details: vec![
            format!("Action {}", action.id),
            format!("Entry {}", order.entry),
        ],
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
pub(super) async fn lose_sight(context: &Arc<Context>, order: &Order, error: &ApiError) {
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
pub(super) async fn refuse(context: &Arc<Context>, order: &Order, error: &ApiError) {
    let (ApiError::Refused(refusal) | ApiError::Unauthorized(refusal)) = error else {
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
            | ApiError::NotUnderstood { .. } => NotSentReason::NotReached,
        };
        context.mind_sign_in(error).await;
        let detail = Some(error.to_string().into());
        let record = Record::NotSent { why, detail };
        context.record_or_say(order.entry, vec![record]).await;
        return;
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
            watch::follow_foreign(context, &action, &order.machine.id);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionKind, Draft, Subject};
    use crate::model::{
        MachineActionId, MachineActionStatus, MachineActionType, MachineRef, TenantId,
    };

    const NOW: Timestamp = Timestamp::constant(1_763_800_000, 0);

    fn order() -> Order {
        let machine = MachineRef {
            id: MachineId::parse("a1").expect("a literal id"),
            dns_name: None,
        };
        let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
        let mut draft = Draft::new(entry, machine, Subject::Act(ActionKind::Isolate));
        draft.comment = "why".into();
        draft.parse().expect("complete")
    }

    fn answer(comment: Option<&str>, requestor: Option<&str>, age_secs: i64) -> MachineAction {
        let id = MachineActionId::parse("b89eb834").expect("a literal id");
        let mut action =
            MachineAction::bare(id, MachineActionType::Isolate, MachineActionStatus::Pending);
        action.machine_id = MachineId::parse("A1").ok();
        action.requestor_comment = comment.map(Into::into);
        action.requestor = requestor.map(Into::into);
        action.created = Some(NOW - SignedDuration::from_secs(age_secs));
        action
    }

    fn judged(action: &MachineAction) -> Whose {
        let account = Account {
            tenant_id: TenantId::parse("t").expect("a literal id"),
            object_id: "o".into(),
            user_name: Some("jane@contoso.com".into()),
            display_name: None,
        };
        whose(&order(), &account, action, Some(NOW))
    }

    #[test]
    fn the_tag_decides_and_without_a_comment_requestor_and_time_do() {
        let us = Some("Jane@contoso.com ");
        for (comment, requestor, age, expected) in [
            (Some(" [CDN-7f3k2q9m] why "), us, 0, Whose::Ours),
            (Some("[cdn-00000001] why"), us, 0, Whose::SomeoneElses),
            (Some("another reason"), us, 0, Whose::SomeoneElses),
            (None, us, 0, Whose::Ours),
            (None, None, 0, Whose::Ours),
            (None, Some("s.weber@contoso.com"), 0, Whose::SomeoneElses),
            (None, us, 900, Whose::SomeoneElses),
        ] {
            assert_eq!(
                judged(&answer(comment, requestor, age)),
                expected,
                "{comment:?} {requestor:?} {age}"
            );
        }
    }

    #[test]
    fn our_tag_on_another_record_is_ours_and_without_it_nothing_is_guessed() {
        let mut carried_over = answer(Some("[cdn-7F3K2Q9M] why"), None, 0);
        carried_over.machine_id = MachineId::parse("b2").ok();
        assert_eq!(judged(&carried_over), Whose::Ours);
        carried_over.requestor_comment = None;
        assert!(matches!(judged(&carried_over), Whose::Puzzling(_)));
    }
}
