//! Attribution: which of the service's actions an order may claim, and whose an answer is.
//!
//! People quote our tag: a comment that holds it is believed only where nothing speaks against it.

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

/// How wrong this computer's clock may be without a look-up being led astray.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(10);

/// An order, sent or about to be sent, with what identifies its action among others.
pub(super) struct Claim<'a> {
    order: &'a Order,
    /// The sign-in name of the account that ordered it.
    user_name: Option<Box<str>>,
    has_left: bool,
    /// Other records of the device: the one that the service carried the order over to, or that the
    /// ordered one was merged into.
    other_records: Vec<MachineId>,
    /// Of an order of which the service shows no tag: what other orders have made.
    claimed: Vec<MachineActionId>,
    /// Earliest creation time of an action of ours; `None` if unknown.
    not_before: Option<Timestamp>,
}

/// Owner of the action that a submission was answered with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Ours,
    NotOurs,
    /// Not enough in the answer to tell: the action is looked up.
    Unclear(&'static str),
}

/// Attribution of an action by a later reading, where the answer was unclear. Weaker evidence counts
/// too, as there will be none better; our tag on a still later reading corrects it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attribution {
    Ours,
    NotOurs,
    /// Nothing speaks against its being ours: this account asked for such an action at that time.
    MostLikelyOurs,
    Unclear,
    /// About another device, or something else: it says nothing about this order.
    Unrelated,
}

/// Whether the service credits an action to the account that ordered.
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

    /// The records on which the order's action may be, the ordered one first, each once.
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

    /// Whether nothing speaks against an action whose comment holds our tag.
    fn is_believable(&self, action: &MachineAction) -> bool {
        let credit = self.credit(action);
        let is_there = match &action.machine_id {
            Some(machine) if *machine != self.order.machine.id => {
                // The service may have carried it over to another record of the device.
                credit == Credit::ToUs && self.is_as_sent(action)
            }
            Some(_) | None => true,
        };
        self.has_left && credit != Credit::ToAnother && is_there && !self.is_older(action)
    }

    /// Judges an answer. Our tag makes the action ours; without it, only an answer that leaves
    /// nothing out is believed to be somebody else's.
    pub fn whose(&self, action: &MachineAction) -> Whose {
        if let Task::Cancel { action: wanted, .. } = &self.order.task {
            return match self.contradiction(action) {
                None if *wanted == action.id => Whose::Ours,
                None => Whose::Unclear("the service answered with another action"),
                Some(contradiction) => Whose::Unclear(contradiction.as_answer()),
            };
        }
        if self.is_ours(action) {
            return Whose::Ours;
        }
        match &action.machine_id {
            Some(id) if *id == self.order.machine.id => {}
            Some(_) if self.was_carried_over(action) => return Whose::Ours,
            Some(_) => {
                return Whose::Unclear("the service answered with an action on another device");
            }
            None => return Whose::Unclear("the service's answer does not name the device"),
        }
        if self.order.task.record() == Recorded::Investigation {
            // It shows neither tag nor comment: one that began after the request is what came of it.
            return if self.is_older(action) {
                Whose::NotOurs
            } else {
                Whose::Ours
            };
        }
        let is_of_our_kind = self.order.task.kind().map(|kind| &kind.spec().wire_type);
        match self.order.task.compared_with(action) {
            // Nobody had seen these words before they left: whatever requestor the service names,
            // which may be another name of this account, they are ours.
            Sameness::Same | Sameness::OtherVariant if self.is_as_sent(action) => {
                return Whose::Ours;
            }
            Sameness::Same => {}
            Sameness::OtherVariant => {
                return Whose::Unclear("the service answered with an action of another type");
            }
            Sameness::Unknown if action.is_of_unknown_kind() => {
                return Whose::Unclear("the service's answer does not name the kind of action");
            }
            Sameness::Unknown => {
                return Whose::Unclear("the service's answer does not name the file");
            }
            Sameness::Different if is_of_our_kind == Some(&action.kind) => {
                return Whose::Unclear("the service answered with an action on another file");
            }
            Sameness::Different => {
                return Whose::Unclear("the service answered with an action of another kind");
            }
        }
        if filled(action.requestor_comment.as_deref()).is_none() {
            Whose::Unclear("the service's answer has no comment")
        } else if filled(action.requestor.as_deref()).is_none() {
            Whose::Unclear("the service's answer does not name the requestor")
        } else if action.created.is_none() {
            Whose::Unclear("the service's answer has no time")
        } else {
            Whose::NotOurs
        }
    }

    /// Judges a later reading of the action that the service answered with.
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

    /// Whether an action without any tag could be this order: of its kind, from about its time, and this
    /// account's where it has a comment, which the service may have cut or replaced. The tag decides;
    /// where the service does not show it, nobody can tell.
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

    /// Whether an action on the device has this order's tag or sent comment but asks for something else: then
    /// it is proven neither ours nor someone else's.
    pub fn contradicts_itself(&self, action: &MachineAction) -> bool {
        let is_there = action.machine_id.as_ref() == Some(&self.order.machine.id);
        let is_tagged = action.external_id.as_deref() == Some(&self.order.entry.to_string());
        is_there
            && (is_tagged || self.is_as_sent(action))
            && self.order.task.compared_with(action) == Sameness::Different
    }

    /// The first of these that may have come of an order which shows no tag.
    pub fn first_unclaimed<'b>(&self, found: &'b [MachineAction]) -> Option<&'b MachineAction> {
        let began = found.iter().filter(|read| self.began_with_this(read));
        began.min_by_key(|read| read.created)
    }

    /// Whether an action that shows neither tag nor comment, which is never an order's own by them, may have
    /// come of this one: begun since it left, and not known to have come of another one.
    fn began_with_this(&self, action: &MachineAction) -> bool {
        self.order.task.record() == Recorded::Investigation
            && !self.is_older(action)
            && !self.claimed.contains(&action.id)
    }

    /// Whether the service may have carried such an action over to the record that it is on: there is nothing
    /// but its time to go by, so that has to be known.
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

/// Since when an action can be ours: from a little before it was sent. `None` when it was not sent,
/// and when the clock that timed it is not to be trusted: its difference from the service's is
/// large or not known, or it has been set back since.
fn not_before(
    sent: Option<Timestamp>,
    service_ahead: Option<SignedDuration>,
    now: Timestamp,
) -> Option<Timestamp> {
    service_ahead.filter(|ahead| ahead.abs() <= CLOCK_SLACK)?;
    let sent = sent.filter(|sent| *sent <= now)?;
    Some(shifted(sent, -CLOCK_SLACK))
}

/// Whether a comment holds this entry's tag.
fn holds(comment: Option<&str>, entry: EntryId) -> bool {
    comment.and_then(EntryId::find_in) == Some(entry)
}

/// What other orders than this one have made, where only that tells whose it is.
fn claimed_by_others(context: &Context, order: &Order) -> Vec<MachineActionId> {
    if order.task.record() != Recorded::Investigation {
        return Vec::new();
    }
    let entries = context.journal.entries();
    let others = entries.iter().filter(|other| other.id() != order.entry);
    others.filter_map(|other| other.own_action()).collect()
}

/// The records, besides the ordered one, on which the order's action may be.
fn other_records(context: &Context, order: &Order, entry: Option<&Entry>) -> Vec<MachineId> {
    let known = context.known.get(&order.machine.id);
    let merged = known.machine.and_then(|(m, _)| m.merged_into().cloned());
    let reviewed = match &order.task {
        Task::Act { .. } => None,
        // Where it was when the person chose to cancel it.
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
