//! Attribution: which of the service's actions an order may claim, and whose a reply's action is.
//!
//! Users quote our tag: a comment with it counts only if nothing contradicts it.

use jiff::{SignedDuration, Timestamp};

use crate::action::{Order, Recorded, Sameness, Task};
use crate::guard::is_another_person;
use crate::journal::Entry;
use crate::model::{
    Account, EntryId, MachineAction, MachineActionId, MachineId, each_once, filled, normal, shifted,
};
use crate::worker::clock::now;
use crate::worker::context::Context;

mod contradiction;

pub(super) use contradiction::disown_if_contradicted;

/// The clock error of this computer that a look-up tolerates.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(10);

/// An order, sent or about to be sent, with the properties that identify its action.
pub(super) struct Claim<'a> {
    order: &'a Order,
    /// The sign-in name of the ordering account.
    user_name: Option<Box<str>>,
    has_left: bool,
    /// Other records of the device: where the service moved the order, or into which the ordered record was
    /// merged.
    other_records: Vec<MachineId>,
    /// The actions of other orders, for an order without a visible tag.
    claimed: Vec<MachineActionId>,
    /// Earliest creation time of an action of ours; `None` if unknown.
    not_before: Option<Timestamp>,
}

/// Owner of the action in a submission's reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Ours,
    NotOurs,
    /// The reply is not sufficient: the action is looked up.
    Unclear(&'static str),
}

/// Attribution of an action by a later reading, if the reply was unclear. Weaker evidence counts too, as there
/// will be none better; our tag in a still later reading corrects it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attribution {
    Ours,
    NotOurs,
    /// Nothing contradicts it: this account requested an action like this at that time.
    MostLikelyOurs,
    Unclear,
    /// Another device, or another task: no evidence about this order.
    Unrelated,
}

/// Whether the service credits an action to the ordering account.
#[derive(PartialEq, Eq)]
enum Credit {
    ToUs,
    ToAnother,
    Unknown,
}

impl<'a> Claim<'a> {
    /// The claim of an order of this account.
    pub fn of(context: &Context, order: &'a Order, account: Option<&Account>) -> Self {
        let entry = context.journal.entry(order.entry);
        let sent = (entry.as_deref()).and_then(Entry::first_sent_at);
        Self {
            order,
            user_name: account.and_then(|account| account.user_name.clone()),
            has_left: sent.is_some(),
            other_records: other_records(context, order, entry.as_deref()),
            claimed: claimed_by_others(context, order),
            not_before: not_before(sent, context.client.service_ahead(), now()),
        }
    }

    /// The records that may have the order's action, the ordered one first, each once.
    pub fn records(&self) -> Vec<&MachineId> {
        each_once(std::iter::once(&self.order.machine.id).chain(&self.other_records))
    }

    /// Whether an action is this order's own, by its tag.
    pub fn is_ours(&self, action: &MachineAction) -> bool {
        let entry = self.order.entry;
        match &self.order.task {
            Task::Cancel { action: wanted, .. } => {
                *wanted == action.id && holds(action.cancellation_comment.as_deref(), entry)
            }
            Task::Act { .. } => match self.order.task.compared_with(action) {
                Sameness::Different => false,
                Sameness::Same | Sameness::OtherVariant | Sameness::Unknown => {
                    action.external_id.as_deref() == Some(&entry.to_string())
                        || holds(action.requestor_comment.as_deref(), entry)
                            && self.is_believable(action)
                }
            },
        }
    }

    /// Whether nothing contradicts an action whose comment contains our tag.
    fn is_believable(&self, action: &MachineAction) -> bool {
        let credit = self.credit(action);
        let is_there = match &action.machine_id {
            Some(machine) if *machine != self.order.machine.id => {
                // The service may have moved it to another record of the device.
                credit == Credit::ToUs && self.is_as_sent(action)
            }
            Some(_) | None => true,
        };
        self.has_left && credit != Credit::ToAnother && is_there && !self.is_older(action)
    }

    /// Judges a reply. Our tag makes the action ours; without it, only a complete reply counts as someone
    /// else's.
    pub fn whose(&self, action: &MachineAction) -> Whose {
        if let Task::Cancel { action: wanted, .. } = &self.order.task {
            return match self.contradiction(action) {
                None if *wanted == action.id => Whose::Ours,
                None => Whose::Unclear("the service answered with another action"),
                Some(contradiction) => Whose::Unclear(contradiction.as_answer()),
            };
        }
        if self.is_ours(action) || self.is_result(action) {
            return Whose::Ours;
        }
        self.doubt(action).map_or(Whose::NotOurs, Whose::Unclear)
    }

    /// Whether a reply without our tag is this order's result.
    fn is_result(&self, action: &MachineAction) -> bool {
        match &action.machine_id {
            None => false,
            Some(id) if *id != self.order.machine.id => self.was_carried_over(action),
            // It shows neither tag nor comment: one created after the request is its result.
            Some(_) if self.order.task.record() == Recorded::Investigation => {
                !self.is_older(action)
            }
            // No one else knew this comment before it was sent: the action is ours, even if the service names
            // another requestor, which may be another name of this account.
            Some(_) => match self.order.task.compared_with(action) {
                Sameness::Same | Sameness::OtherVariant => self.is_as_sent(action),
                Sameness::Unknown | Sameness::Different => false,
            },
        }
    }

    /// What a reply without our tag lacks to count as someone else's.
    fn doubt(&self, action: &MachineAction) -> Option<&'static str> {
        let lacks = |text: Option<&str>| filled(text).is_none();
        let is_of_our_kind = self.order.task.kind().map(|kind| &kind.spec().wire_type);
        match &action.machine_id {
            None => return Some("the service's answer does not name the device"),
            Some(id) if *id != self.order.machine.id => {
                return Some("the service answered with an action on another device");
            }
            Some(_) if self.order.task.record() == Recorded::Investigation => return None,
            Some(_) => {}
        }
        Some(match self.order.task.compared_with(action) {
            Sameness::OtherVariant => "the service answered with an action of another type",
            Sameness::Unknown if action.is_of_unknown_kind() => {
                "the service's answer does not name the kind of action"
            }
            Sameness::Unknown => "the service's answer does not name the file",
            Sameness::Different if is_of_our_kind == Some(&action.kind) => {
                "the service answered with an action on another file"
            }
            Sameness::Different => "the service answered with an action of another kind",
            Sameness::Same if lacks(action.requestor_comment.as_deref()) => {
                "the service's answer has no comment"
            }
            Sameness::Same if lacks(action.requestor.as_deref()) => {
                "the service's answer does not name the requestor"
            }
            Sameness::Same if action.created.is_none() => "the service's answer has no time",
            Sameness::Same => return None,
        })
    }

    /// Judges a later reading of the reply's action.
    pub fn read_again(&self, action: &MachineAction) -> Attribution {
        if self.is_ours(action) {
            return Attribution::Ours;
        }
        let is_elsewhere =
            (action.machine_id.as_ref()).is_some_and(|m| *m != self.order.machine.id);
        match self.order.task.compared_with(action) {
            Sameness::Different | Sameness::OtherVariant => return Attribution::Unrelated,
            Sameness::Same | Sameness::Unknown if is_elsewhere => return Attribution::Unrelated,
            Sameness::Unknown => return Attribution::Unclear,
            Sameness::Same if action.machine_id.is_none() => return Attribution::Unclear,
            Sameness::Same => {}
        }
        let credit = self.credit(action);
        let has_comment = filled(action.requestor_comment.as_deref()).is_some();
        if has_comment || credit == Credit::ToAnother || self.is_older(action) {
            Attribution::NotOurs
        } else if credit == Credit::ToUs && action.created.is_some() {
            Attribution::MostLikelyOurs
        } else {
            Attribution::Unclear
        }
    }

    /// Whether an action without a tag could be this order: of its kind, from about its time, and this
    /// account's if it has a comment, which the service may have cut or replaced. Without a visible tag this
    /// remains unknown.
    pub fn may_be(&self, action: &MachineAction) -> bool {
        let comment = filled(action.requestor_comment.as_deref());
        let is_untagged = action.external_id.is_none()
            && comment.is_none_or(|comment| {
                EntryId::find_in(comment).is_none()
                    && self.not_before.is_some()
                    && self.credit(action) == Credit::ToUs
            });
        let is_there =
            (action.machine_id.as_ref()).is_none_or(|machine| *machine == self.order.machine.id);
        is_untagged
            && is_there
            && !self.is_older(action)
            && self.order.task.compared_with(action) != Sameness::Different
    }

    /// Whether an action on the device has this order's tag or comment but is another task: this proves it
    /// neither ours nor someone else's.
    pub fn contradicts_itself(&self, action: &MachineAction) -> bool {
        let is_there = action.machine_id.as_ref() == Some(&self.order.machine.id);
        let is_tagged = action.external_id.as_deref() == Some(&self.order.entry.to_string());
        is_there
            && (is_tagged || self.is_as_sent(action))
            && self.order.task.compared_with(action) == Sameness::Different
    }

    /// The first of these that may be the result of an order without a visible tag.
    pub fn first_unclaimed<'b>(&self, found: &'b [MachineAction]) -> Option<&'b MachineAction> {
        let began = found.iter().filter(|read| self.began_with_this(read));
        began.min_by_key(|read| read.created)
    }

    /// Whether an action with neither tag nor comment may be the result of this order: created after sending,
    /// and not known to be another order's.
    fn began_with_this(&self, action: &MachineAction) -> bool {
        self.order.task.record() == Recorded::Investigation
            && !self.is_older(action)
            && !self.claimed.contains(&action.id)
    }

    /// Whether the service may have moved such an action to its record: its creation time is the only evidence,
    /// so it has to be known.
    fn was_carried_over(&self, action: &MachineAction) -> bool {
        self.began_with_this(action) && action.created.and(self.not_before).is_some()
    }

    fn is_older(&self, action: &MachineAction) -> bool {
        (action.created.zip(self.not_before)).is_some_and(|(at, limit)| at < limit)
    }

    /// Whether the comment is exactly the one sent with this order.
    fn is_as_sent(&self, action: &MachineAction) -> bool {
        let came = action.requestor_comment.as_deref().unwrap_or_default();
        self.has_left && normal(came) == normal(&self.order.comment_to_send())
    }

    fn credit(&self, action: &MachineAction) -> Credit {
        let us = filled(self.user_name.as_deref());
        match us.zip(filled(action.requestor.as_deref())) {
            Some((us, requestor)) if us.to_lowercase() == requestor.to_lowercase() => Credit::ToUs,
            Some((us, requestor)) if is_another_person(requestor, us) => Credit::ToAnother,
            Some(_) | None => Credit::Unknown,
        }
    }
}

/// Earliest creation time of an action of ours: a little before sending. `None` if it was not sent, or if the
/// clock that timed it is not reliable: its skew is large or unknown, or it was set back since.
fn not_before(
    sent: Option<Timestamp>,
    service_ahead: Option<SignedDuration>,
    now: Timestamp,
) -> Option<Timestamp> {
    service_ahead.filter(|ahead| ahead.abs() <= CLOCK_SLACK)?;
    let sent = sent.filter(|sent| *sent <= now)?;
    Some(shifted(sent, -CLOCK_SLACK))
}

/// Whether a comment contains this entry's tag.
fn holds(comment: Option<&str>, entry: EntryId) -> bool {
    comment.and_then(EntryId::find_in) == Some(entry)
}

/// The actions of other orders, where only they determine the owner.
fn claimed_by_others(context: &Context, order: &Order) -> Vec<MachineActionId> {
    if order.task.record() != Recorded::Investigation {
        return Vec::new();
    }
    let entries = context.journal.entries();
    let others = entries.iter().filter(|other| other.id() != order.entry);
    others.filter_map(|other| other.own_action()).collect()
}

/// Other records than the ordered one that may have the order's action.
fn other_records(context: &Context, order: &Order, entry: Option<&Entry>) -> Vec<MachineId> {
    let known = context.known.get(&order.machine.id);
    let merged = known.machine.and_then(|(m, _)| m.merged_into().cloned());
    let reviewed = match &order.task {
        Task::Act { .. } => None,
        // Its record when the user chose to cancel it.
        Task::Cancel { action, .. } => {
            let listed = known.history.map(|(listed, _)| listed.items);
            let mut listed = listed.into_iter().flatten();
            listed.find(|a| a.id == *action).and_then(|a| a.machine_id)
        }
    };
    let carried_over = entry.map(|entry| entry.machine().id);
    [merged, reviewed, carried_over]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests;
