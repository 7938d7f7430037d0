//! Comparison of a reading of an order's action with the order, before the reading changes its status.
//!
//! Our action is known from the reply to the request. A reply, and any later reading, may have the wrong id, or
//! show another action under the right one.

use std::sync::Arc;

use super::{Claim, Credit, Task, holds};
use crate::action::Sameness;
use crate::journal::Entry;
use crate::model::{EntryId, MachineAction, filled};
use crate::worker::context::Context;
use crate::worker::order::lookup;
use crate::worker::order::records::unclear;

/// A property of a reading that rules it out as the order's action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::worker) enum Contradiction {
    Device,
    Kind,
    Variant,
    Comment,
    Requestor,
    Created,
}

impl Contradiction {
    /// The cause, as found in the reply.
    pub const fn as_answer(self) -> &'static str {
        match self {
            Self::Device => "the service answered with an action on another device",
            Self::Kind => "the service answered with an action of another kind",
            Self::Variant => "the service answered with another variant of this action",
            Self::Comment => "the service answered with an action that has another comment",
            Self::Requestor => "the service answered with an action of another requestor",
            Self::Created => "the service answered with an action older than this order",
        }
    }

    /// The cause, as found in a later reading.
    const fn as_reading(self) -> &'static str {
        match self {
            Self::Device => "the action that the service named is on another device",
            Self::Kind => {
                "the action that the service named is of another kind, or on another file"
            }
            Self::Variant => "the action that the service named is another variant of this one",
            Self::Comment => "the action that the service named does not have this order's comment",
            Self::Requestor => "the action that the service named has another requestor",
            Self::Created => "the action that the service named is older than this order",
        }
    }
}

impl Claim<'_> {
    /// The first property of the reading that contradicts the order's action, if any. Missing values contradict
    /// nothing.
    pub fn contradiction(&self, action: &MachineAction) -> Option<Contradiction> {
        let machine = action.machine_id.as_ref();
        let is_elsewhere =
            machine.is_some_and(|m| *m != self.order.machine.id && !self.other_records.contains(m));
        if let Task::Cancel { action_type, .. } = &self.order.task {
            // Its requestor, comment and time are those of the original request.
            let is_reported = !action.is_of_unknown_kind() && !action_type.is_missing();
            return if is_elsewhere {
                Some(Contradiction::Device)
            } else if is_reported && action.kind != *action_type {
                Some(Contradiction::Kind)
            } else {
                None
            };
        }
        if self.is_ours(action) {
            return None;
        }
        if is_elsewhere && !self.was_carried_over(action) {
            return Some(Contradiction::Device);
        }
        let comment = filled(action.requestor_comment.as_deref());
        let holds_tag = holds(comment, self.order.entry);
        match self.order.task.compared_with(action) {
            Sameness::Different => Some(Contradiction::Kind),
            // Its comment is this order's, even if the service credits it to another name, which may be this
            // account's.
            _ if self.is_as_sent(action) => None,
            Sameness::OtherVariant => Some(Contradiction::Variant),
            Sameness::Same | Sameness::Unknown if comment.is_some() && !holds_tag => {
                Some(Contradiction::Comment)
            }
            _ if self.credit(action) == Credit::ToAnother => Some(Contradiction::Requestor),
            // A tag cannot be older than its order: with one, it was a wrong clock.
            _ if self.is_older(action) && !holds_tag => Some(Contradiction::Created),
            Sameness::Same | Sameness::Unknown => None,
        }
    }

    /// Whether the service has described this action in two ways, either of which may be true. Only an end with
    /// this order's tag decides.
    pub fn is_contested(&self, entry: &Entry, action: &MachineAction) -> bool {
        let settles = action.status.is_final()
            && match self.order.task {
                Task::Act { .. } => self.is_ours(action),
                Task::Cancel { .. } => true,
            };
        self.contradiction(action).is_some() || entry.has_disowned(&action.id) && !settles
    }
}

/// Revokes an acceptance that attributed someone else's action to the order: the order becomes unknown, and is
/// looked up by its tag. Returns `None` if nothing contradicts; otherwise the reading is no evidence for the
/// order, and the value is `true` once the revocation is written.
pub(in crate::worker) async fn disown_if_contradicted(
    context: &Arc<Context>,
    entry: EntryId,
    action: &MachineAction,
) -> Option<bool> {
    let known = context.journal.entry(entry)?;
    let account = context.session.account().filter(|a| known.author.is(a));
    let claim = Claim::of(context, &known.order, account.as_ref());
    let record = unclear(action, claim.contradiction(action)?.as_reading());
    // Otherwise the acting console writes it, and this one reads it there.
    let is_written =
        context.journal.may_act() && context.journal.record_or_say(entry, vec![record]).await;
    if is_written {
        lookup::start(context, entry);
    }
    Some(is_written)
}

#[cfg(test)]
mod tests;
