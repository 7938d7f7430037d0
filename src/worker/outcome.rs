//! What came of a request that left: ours, somebody else's, refused, or unknown.

use std::sync::Arc;

use jiff::Timestamp;

use super::context::{Context, now};
use super::{inventory, reconcile, watch};
use crate::action::{ActionKind, Order, Task};
use crate::api::{ApiError, Lane, Submitted};
use crate::auth::AuthError;
use crate::explain::{Effect, Explanation, NextStep};
use crate::guard::Approval;
use crate::journal::{NotSentReason, Record};
use crate::model::{EntryId, MachineAction, MachineId};

/// The service answered with an action: is it ours, and how far is it?
pub(super) async fn settle(context: &Arc<Context>, approval: &Approval, submitted: Submitted) {
    let Submitted { action, .. } = submitted;
    let order = approval.order();
    watch::learn(context, &action).await;
    match whose(order, &action) {
        Whose::Ours => {
            accepted(context, order, &action).await;
        }
        Whose::SomeoneElses => {
            record_someone_elses(context, order, &action).await;
        }
        Whose::Unclear(why) => {
            let record = Record::Unclear {
                status: None,
                action: Some(action.id),
                why: why.into(),
            };
            context.record_or_say(order.entry, vec![record]).await;
            reconcile::start(context, order.entry);
        }
    }
}

/// Records that the service's action is not ours, and follows it to its end all the same.
pub(super) async fn record_someone_elses(
    context: &Arc<Context>,
    order: &Order,
    action: &MachineAction,
) -> bool {
    let written = context
        .record_or_say(order.entry, vec![someone_elses(action)])
        .await;
    watch::follow_foreign(context, action, &order.machine.id);
    written
}

#[derive(Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    SomeoneElses,
    /// Not enough in the answer to tell: the action is looked up.
    Unclear(&'static str),
}

/// Judges an answer. Our tag makes the action ours; without it, only an answer that leaves nothing
/// out is believed to be somebody else's.
fn whose(order: &Order, action: &MachineAction) -> Whose {
    if let Task::Cancel { action: wanted, .. } = &order.task {
        return if *wanted == action.id {
            Whose::Ours
        } else {
            Whose::Unclear("the service answered with another action")
        };
    }
    if carries_tag(order.entry, action) {
        return Whose::Ours;
    }
    match &action.machine_id {
        Some(id) if *id == order.machine.id => {}
        Some(_) => return Whose::Unclear("the service answered with an action on another device"),
        None => return Whose::Unclear("the service's answer does not name the device"),
    }
    let wanted = order.task.kind().map(|kind| &kind.spec().wire_type);
    if wanted != Some(&action.kind) {
        return Whose::Unclear("the service answered with an action of another kind");
    }
    if filled(action.requestor_comment.as_deref()).is_none() {
        Whose::Unclear("the service's answer has no comment")
    } else if filled(action.requestor.as_deref()).is_none() {
        Whose::Unclear("the service's answer does not name the requestor")
    } else if action.created.is_none() {
        Whose::Unclear("the service's answer has no time")
    } else {
        Whose::SomeoneElses
    }
}

/// What a later reading says of an action whose answer was unclear. Weaker evidence counts too, for
/// there will be none better; our tag on a still later reading puts it right.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Ours,
    SomeoneElses,
    /// Nothing speaks against its being ours: this account asked for such an action at that time.
    MostLikelyOurs,
    Unclear,
}

pub(super) fn read_again(
    order: &Order,
    user_name: Option<&str>,
    action: &MachineAction,
    not_before: Option<Timestamp>,
) -> Reading {
    if carries_tag(order.entry, action) {
        return Reading::Ours;
    }
    let us = filled(user_name);
    let requestor = filled(action.requestor.as_deref());
    let is_by_another = us.is_some() && requestor.is_some() && us != requestor;
    let is_older = (action.created.zip(not_before)).is_some_and(|(at, limit)| at < limit);
    let fits = action.machine_id.as_ref() == Some(&order.machine.id)
        && order.task.kind().map(|kind| &kind.spec().wire_type) == Some(&action.kind);
    if filled(action.requestor_comment.as_deref()).is_some() || is_by_another || is_older {
        Reading::SomeoneElses
    } else if fits && us.is_some() && us == requestor && action.created.is_some() {
        Reading::MostLikelyOurs
    } else {
        Reading::Unclear
    }
}

/// The text in lower case, if there is any.
fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_lowercase)
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
        watch::follow(context, order.entry, &action.id, Some(now())).await;
    }
    // A cancellation's answer is news for the order that it cancels.
    watch::take_in(context, &action.id, action).await;
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

fn someone_elses(action: &MachineAction) -> Record {
    let requestor = action
        .requestor
        .as_deref()
        .map_or("an unknown requestor", str::trim);
    Record::SomeoneElses {
        action: action.id.clone(),
        requestor: requestor.into(),
        created: action.created,
    }
}

/// The answer never came, or does not say whether it was done: find out, never guess (rule 4).
pub(super) async fn lose_sight(context: &Arc<Context>, order: &Order, error: &ApiError) {
    let why = error.to_string().into();
    let record = match error.status() {
        Some(status) => Record::Unclear {
            status: Some(status),
            action: None,
            why,
        },
        None => Record::Unknown { why },
    };
    context.record_or_say(order.entry, vec![record]).await;
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
    let mut records = Vec::new();
    if refusal.may_hide_active_request() {
        match look_for_cause(context, order).await {
            Cause::Stored(action) => {
                accepted(context, order, &action).await;
                return;
            }
            Cause::SomeoneElses(action) => {
                record_someone_elses(context, order, &action).await;
                return;
            }
            Cause::Ended(end) => records.push(end),
            Cause::NotThere => records.push(Record::ActiveActionsRead { complete: true }),
            Cause::NotRead => records.push(Record::ActiveActionsRead { complete: false }),
        }
    }
    if !matches!(records.as_slice(), [Record::Finished { .. }]) {
        records.push(Record::Refused {
            status: refusal.status,
            code: refusal.code.clone().unwrap_or_default(),
            message: refusal.message.clone(),
        });
    }
    context.record_or_say(order.entry, records).await;
}

/// What the device's actions say about a refusal whose code alone does not say why.
enum Cause {
    /// Ours is there: somebody on the way refused what the service had stored.
    Stored(Box<MachineAction>),
    SomeoneElses(Box<MachineAction>),
    /// The action that was to be cancelled had come to its end.
    Ended(Record),
    NotThere,
    /// The reading failed, or was not whole.
    NotRead,
}

async fn look_for_cause(context: &Context, order: &Order) -> Cause {
    match &order.task {
        Task::Act { kind, .. } => active_action(context, order, *kind).await,
        Task::Cancel { action, .. } => {
            match context.client.machine_action(action, Lane::Analyst).await {
                Ok(action) => {
                    watch::learn(context, &action).await;
                    watch::finished(&action).map_or(Cause::NotThere, Cause::Ended)
                }
                Err(_unread) => Cause::NotRead,
            }
        }
    }
}

async fn active_action(context: &Context, order: &Order, kind: ActionKind) -> Cause {
    let read = inventory::history_of(context, &order.machine.id, Lane::Analyst).await;
    let Ok(found) = read else {
        return Cause::NotRead;
    };
    let ours = found.items.iter().find(|a| carries_tag(order.entry, a));
    let kind = &kind.spec().wire_type;
    let open = |a: &&MachineAction| a.kind == *kind && !a.status.is_final();
    let active = || found.items.iter().filter(open).max_by_key(|a| a.created);
    let cause = match (ours, active()) {
        (Some(ours), _) => Cause::Stored(Box::new(ours.clone())),
        (None, Some(active)) => Cause::SomeoneElses(Box::new(active.clone())),
        (None, None) if found.complete && found.unreadable == 0 => Cause::NotThere,
        (None, None) => Cause::NotRead,
    };
    if let Cause::Stored(action) | Cause::SomeoneElses(action) = &cause {
        watch::learn(context, action).await;
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Draft, Subject};
    use crate::model::{MachineActionId, MachineActionStatus, MachineActionType, MachineRef};

    const NOW: Timestamp = Timestamp::constant(1_763_800_000, 0);
    const US: Option<&str> = Some("jane@contoso.com");

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
        action.created = Some(NOW - jiff::SignedDuration::from_secs(age_secs));
        action
    }

    #[test]
    fn the_tag_decides_and_only_a_whole_answer_without_it_is_somebody_elses() {
        let others = Some("s.weber@contoso.com");
        let tagged = answer(Some(" [CDN-7f3k2q9m] why "), None, 900);
        assert_eq!(whose(&order(), &tagged), Whose::Ours);
        for comment in ["[cdn-00000001] why", "another reason"] {
            let whole = answer(Some(comment), others, 0);
            assert_eq!(whose(&order(), &whole), Whose::SomeoneElses, "{comment}");
        }
        let mut sparse: Vec<MachineAction> = (0..5)
            .map(|_| answer(Some("another reason"), others, 0))
            .collect();
        sparse[0].requestor_comment = None;
        sparse[1].requestor = Some(" ".into());
        sparse[2].created = None;
        sparse[3].machine_id = None;
        sparse[4].kind = MachineActionType::from_wire("Unknown");
        for answer in &sparse {
            let judged = whose(&order(), answer);
            assert!(
                matches!(judged, Whose::Unclear(_)),
                "{answer:?}: {judged:?}"
            );
        }
    }

    #[test]
    fn our_tag_on_another_record_is_ours_and_without_it_nothing_is_guessed() {
        let mut carried_over = answer(Some("[cdn-7F3K2Q9M] why"), None, 0);
        carried_over.machine_id = MachineId::parse("b2").ok();
        assert_eq!(whose(&order(), &carried_over), Whose::Ours);
        carried_over.requestor_comment = None;
        assert!(matches!(whose(&order(), &carried_over), Whose::Unclear(_)));
    }

    #[test]
    fn a_later_reading_may_speak_by_requestor_and_time() {
        let us = Some("Jane@contoso.com ");
        let limit = Some(NOW - jiff::SignedDuration::from_mins(10));
        for (comment, requestor, age, expected) in [
            (Some("[cdn-7F3K2Q9M] why"), None, 9_000, Reading::Ours),
            (Some("another reason"), us, 0, Reading::SomeoneElses),
            (None, Some("s.weber@contoso.com"), 0, Reading::SomeoneElses),
            (None, us, 900, Reading::SomeoneElses),
            (None, us, 0, Reading::MostLikelyOurs),
            (None, None, 0, Reading::Unclear),
        ] {
            let judged = read_again(&order(), US, &answer(comment, requestor, age), limit);
            assert_eq!(judged, expected, "{comment:?} {requestor:?} {age}");
        }
    }

    #[test]
    fn a_cancellation_is_ours_when_it_is_of_the_action_that_was_to_be_cancelled() {
        let mut cancel = order();
        let task = |id: &str| Task::Cancel {
            action: MachineActionId::parse(id).expect("a literal id"),
            action_type: MachineActionType::Isolate,
        };
        let others = answer(Some("another reason"), Some("s.weber@contoso.com"), 0);
        cancel.task = task("b89eb834");
        assert_eq!(whose(&cancel, &others), Whose::Ours);
        cancel.task = task("another");
        let tagged = answer(Some("[cdn-7F3K2Q9M] why"), None, 0);
        assert!(matches!(whose(&cancel, &tagged), Whose::Unclear(_)));
    }

    #[test]
    fn only_what_was_asked_for_is_most_likely_ours() {
        let read = |action: &MachineAction| read_again(&order(), US, action, None);
        let ours = answer(None, US, 0);
        assert_eq!(read(&ours), Reading::MostLikelyOurs);
        let mut sparse = vec![ours.clone(), ours.clone(), ours.clone(), ours];
        sparse[0].machine_id = MachineId::parse("b2").ok();
        sparse[1].machine_id = None;
        sparse[2].kind = MachineActionType::Unisolate;
        sparse[3].created = None;
        for action in &sparse {
            assert_eq!(read(action), Reading::Unclear, "{action:?}");
        }
        let nobody = read_again(&order(), None, &answer(None, US, 0), None);
        assert_eq!(nobody, Reading::Unclear, "who we are is not known");
    }
}
