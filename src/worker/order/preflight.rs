//! Everything that forbids sending, judged by what is known now.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::action::{Order, Recorded, Risk};
use crate::api::{Lane, Permit, Quota};
use crate::explain::Explain as _;
use crate::guard::{self, Approval, Facts};
use crate::journal::{Entry, JournalError, NotSentReason, Record};
use crate::message::open_orders_on;
use crate::model::{MachineActionId, MachineId, Tickets};
use crate::worker::clock::now;
use crate::worker::context::Context;

/// The age above which facts are read again before sending.
const FRESH_FACTS: SignedDuration = SignedDuration::from_secs(30);

/// Why an order is not sent.
pub(super) struct NotSent {
    pub why: NotSentReason,
    pub detail: Option<Box<str>>,
}

impl NotSent {
    pub fn because(why: NotSentReason) -> Self {
        Self { why, detail: None }
    }

    /// Rule 3: without a record, nothing is sent.
    #[expect(clippy::needless_pass_by_value, reason = "fits `map_err`")]
    pub fn unwritten(error: JournalError) -> Self {
        Self {
            why: NotSentReason::Unwritten,
            detail: Some(error.explain().headline.into()),
        }
    }

    pub fn into_record(self) -> Record {
        Record::NotSent {
            why: self.why,
            detail: self.detail,
        }
    }
}

/// A permit, if facts are fresh, nothing blocks the order, and one is free. `intents` are those that other
/// orders are about to write.
pub(super) fn try_ready_now(
    context: &Context,
    approval: &Approval,
    intents: &[Arc<Entry>],
) -> Option<Permit> {
    // Until the journal is open, an earlier run's open orders are not known.
    let clear = context.journal.may_act()
        && facts_are_fresh(context, approval)
        && approval_is_young(context, approval).is_ok()
        && preflight(context, approval, intents).is_ok_and(|opposite| opposite.is_none());
    clear
        .then(|| poll_permit(context, approval.order()).ok())
        .flatten()
}

/// Permission to send this order within its rate limit, or the time at which to ask again.
pub(super) fn poll_permit(context: &Context, order: &Order) -> Result<Permit, Timestamp> {
    let quota = match order.task.record() {
        Recorded::MachineAction | Recorded::Machine | Recorded::Indicator => Quota::Common,
        Recorded::Investigation => Quota::Investigations,
    };
    context.client.poll_permit_of(quota, Lane::Order)
}

/// Checks between confirmation and intent only: after the intent an order may wait without a limit.
pub(super) fn check_may_begin(context: &Context, approval: &Approval) -> Result<(), NotSent> {
    approval_is_young(context, approval)?;
    preflight(context, approval, &context.orders.intents()).map(drop)
}

fn approval_is_young(context: &Context, approval: &Approval) -> Result<(), NotSent> {
    let life = context.settings.policy().approval_life;
    if is_young(approval.confirmed_at(), now(), life) {
        Ok(())
    } else {
        Err(NotSent::because(NotSentReason::ApprovalLapsed))
    }
}

/// Whether an approval is still valid, even if the clock was set back. Measured by the wall clock, as the other
/// one stops while the computer sleeps.
fn is_young(confirmed_at: Timestamp, now: Timestamp, life: SignedDuration) -> bool {
    now.duration_since(confirmed_at).abs() <= life
}

/// Judges an order at this moment: an opposite action that was unknown at its confirmation holds it.
///
/// # Errors
/// Why it must not be sent.
pub(super) fn preflight(
    context: &Context,
    approval: &Approval,
    intents: &[Arc<Entry>],
) -> Result<Option<MachineActionId>, NotSent> {
    if approval.epoch() != context.session.epoch() {
        return Err(NotSent::because(NotSentReason::SignInEnded));
    }
    let order = approval.order();
    let machine = &order.machine.id;
    let known = context.known.get(machine);
    // The id is pinned; the name is the one on screen, and both have to match.
    let renamed = (known.machine.as_ref()).is_some_and(|(m, _)| order.machine.is_renamed_in(m));
    // Changes of the device forbid no release (rule 10).
    if renamed && order.task.risk() != Risk::Routine {
        return Err(NotSent::because(NotSentReason::FactsChanged));
    }
    let merged_into = |id: &MachineId| {
        let record = context.known.get(id).machine;
        record.and_then(|(record, _)| record.merged_into().cloned())
    };
    let entries = context.journal.entries();
    let is_new = |intent: &&Arc<Entry>| entries.iter().rev().all(|e| e.id() != intent.id());
    let orders = entries.iter().chain(intents.iter().filter(is_new));
    let open = open_orders_on(machine, orders.map(AsRef::as_ref), merged_into);
    let facts = Facts {
        now: now() + context.client.service_ahead().unwrap_or_default(),
        // Findings with times only warn.
        zone: &TimeZone::UTC,
        policy: &context.settings.policy(),
        session: &context.session.status(),
        machine: known.machine.as_ref().map(|(machine, _)| machine.as_ref()),
        // These only warn, which the form has done.
        unread: guard::ReadFailures::default(),
        tickets: &Tickets::default(),
        host: None,
        file: guard::KnownFile::NotYet,
        indicators: guard::KnownIndicators::NotYet,
        available: None,
        namesakes: &[],
        history: known.history.as_ref().map(|(listed, _)| guard::History {
            actions: &listed.items,
            is_complete: listed.is_complete(),
        }),
        open_orders: &open,
        own_actions: &[],
        alerts: guard::KnownAlerts::NotChecked,
        devices: guard::DeviceList::default(),
        // The approval has the number.
        batch_size: 1,
    };
    guard::enforce(approval, &facts).map_err(|finding| NotSent {
        why: NotSentReason::Blocked,
        detail: Some(finding.text().into()),
    })?;
    Ok(opposite_under_way(context, approval))
}

/// Whether the facts about the machine are fresh, even if the clock was set back.
pub(super) fn facts_are_fresh(context: &Context, approval: &Approval) -> bool {
    if approval.order().task.is_tenant_wide() {
        // Its indicators are read immediately before sending.
        return false;
    }
    let fresh = |at: Timestamp| now().duration_since(at).abs() <= FRESH_FACTS;
    let known = context.known.get(&approval.order().machine.id);
    known.machine.is_some_and(|(_, at)| fresh(at)) && known.history.is_some_and(|(_, at)| fresh(at))
}

/// An opposite action under way that was unknown to the user on confirming.
pub(super) fn opposite_under_way(
    context: &Context,
    approval: &Approval,
) -> Option<MachineActionId> {
    let opposite = approval.order().task.kind()?.opposite()?;
    let (listed, _) = context.known.get(&approval.order().machine.id).history?;
    listed
        .items
        .into_iter()
        .filter(|a| !a.status.is_final() && a.kind == opposite.spec().wire_type)
        .map(|a| a.id)
        .find(|id| !approval.accepts_opposite(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_set_back_does_not_extend_an_approval() {
        let at = |secs| Timestamp::from_second(secs).expect("a literal time");
        let life = SignedDuration::from_mins(2);
        for (now, holds) in [(0, true), (120, true), (121, false), (-3_600, false)] {
            assert_eq!(is_young(at(0), at(now), life), holds, "{now}");
        }
    }
}
