//! Waiting between intent and sending: for a permit, fresh facts, or the user.

use std::pin::pin;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{OrderTask, rules_not_reread};
use crate::action::{Recorded, Risk};
use crate::api::{Lane, Permit};
use crate::journal::{NotSentReason, Record};
use crate::message::OrderProgress;
use crate::model::{MachineActionId, clean, requestor_name};
use crate::worker::clock::{monotonic_now, now};
use crate::worker::order::preflight::{
    NotSent, check_may_begin, facts_are_fresh, opposite_under_way, poll_permit, preflight,
};
use crate::worker::order::registry::OrderControl;
use crate::worker::order::steps::{self, StepVerdict};
use crate::worker::{device, indicators};

/// The maximum sleep before the clock is read again.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// Judges a command to an order that is not held: it can be withdrawn, but there is nothing to insist on.
/// `None` means that the console closes.
fn check_withdrawn(said: Option<OrderControl>) -> Result<(), NotSent> {
    match said {
        Some(OrderControl::Insist) => Ok(()),
        Some(OrderControl::Withdraw) => Err(NotSent::because(NotSentReason::Withdrawn)),
        None => Err(NotSent::because(NotSentReason::ConsoleEnded)),
    }
}

/// Waits for `work`, unless the order is withdrawn. Commands take precedence.
async fn unless_withdrawn<T>(
    inbox: &mut mpsc::Receiver<OrderControl>,
    work: impl Future<Output = T>,
) -> Result<T, NotSent> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            said = inbox.recv() => check_withdrawn(said)?,
            done = &mut work => return Ok(done),
        }
    }
}

impl OrderTask {
    /// Reads facts again, holds the order if the user has to decide, and waits for a permit, not before
    /// `again_at`. Commands count up to the moment of sending.
    pub(super) async fn until_ready(
        &mut self,
        again_at: Option<Timestamp>,
    ) -> Result<Permit, NotSent> {
        self.registration.wait();
        if again_at.is_none() {
            check_may_begin(&self.context, &self.approval)?;
        }
        let permit = self.make_ready(again_at.unwrap_or_else(now)).await?;
        let leaving = self.registration.leave(&mut self.inbox);
        leaving.map(|()| permit).map_err(NotSent::because)
    }

    /// Waits until `from` and for a permit, with facts that are fresh at sending.
    async fn make_ready(&mut self, from: Timestamp) -> Result<Permit, NotSent> {
        let mut until = from;
        let mut insisted = Vec::new();
        loop {
            unless_withdrawn(&mut self.inbox, self.slot.turn()).await?;
            if self.wait_for_steps().await? {
                // Other orders may have been sent meanwhile: it waits for its turn again.
                continue;
            }
            self.sleep_until(until).await?;
            self.wait_for_sign_in().await?;
            // If no read is needed, a pause of the read lane does not hold up the order.
            let is_fresh = facts_are_fresh(&self.context, &self.approval);
            let lane = if is_fresh { Lane::Order } else { Lane::Analyst };
            if let Some(gate) = self.context.client.gate_until(lane) {
                until = gate;
                continue;
            }
            if !is_fresh {
                self.read_facts().await?;
                if !self.context.session.status().is_signed_in() {
                    // Only just found out: it waits for the user, as the others do.
                    continue;
                }
            }
            let intents = self.context.orders.intents();
            let opposite = preflight(&self.context, &self.approval, &intents)?;
            if let Some(by) = opposite.filter(|by| !insisted.contains(by)) {
                // The user may take long: the orders behind it go first.
                self.slot.yield_turn();
                self.hold(by.clone()).await?;
                insisted.push(by);
                continue;
            }
            match poll_permit(&self.context, self.approval.order()) {
                Ok(permit) => {
                    self.context.sink.show_progress(self.entry(), None).await;
                    return Ok(permit);
                }
                Err(later) => {
                    // The limit of this route alone may take an hour: the orders behind it go first.
                    if self.approval.order().task.record() == Recorded::Investigation {
                        self.slot.yield_turn();
                        self.sleep_until(later).await?;
                    }
                    until = later;
                }
            }
        }
    }

    /// Waits for replies to the previous steps on its device, yielding its turn; returns whether it had to.
    async fn wait_for_steps(&mut self) -> Result<bool, NotSent> {
        match steps::judge(&self.before, &self.context.journal) {
            StepVerdict::Go => Ok(false),
            StepVerdict::Stop(detail) => Err(NotSent {
                why: NotSentReason::PlanStopped,
                detail: Some(detail),
            }),
            StepVerdict::Wait => {
                self.slot.yield_turn();
                self.ensure_same_session()?;
                let waits = Some(OrderProgress::WaitsForTurn);
                self.context.sink.show_progress(self.entry(), waits).await;
                let sleep = tokio::time::sleep(MAX_SLEEP);
                unless_withdrawn(&mut self.inbox, sleep).await?;
                Ok(true)
            }
        }
    }

    /// Ends the order if the account that confirmed it is not signed in any more.
    fn ensure_same_session(&self) -> Result<(), NotSent> {
        if self.approval.epoch() == self.context.session.epoch() {
            Ok(())
        } else {
            Err(NotSent::because(NotSentReason::SignInEnded))
        }
    }

    /// Waits, and reports until when.
    async fn sleep_until(&mut self, until: Timestamp) -> Result<(), NotSent> {
        let mut said = false;
        let left = || Duration::try_from(until.duration_since(now())).unwrap_or_default();
        let due = monotonic_now() + left();
        loop {
            self.ensure_same_session()?;
            // A clock set back does not extend it, and time asleep counts.
            let wait = left().min(due.saturating_duration_since(monotonic_now()));
            if wait.is_zero() {
                return Ok(());
            }
            if !said {
                said = true;
                let progress = Some(OrderProgress::LeavesAt(until));
                self.context
                    .sink
                    .show_progress(self.entry(), progress)
                    .await;
                self.context.report_budget().await;
            }
            // In parts, as this computer's clock may be set meanwhile.
            let sleep = tokio::time::sleep(wait.min(MAX_SLEEP));
            unless_withdrawn(&mut self.inbox, sleep).await?;
        }
    }

    async fn wait_for_sign_in(&mut self) -> Result<(), NotSent> {
        let mut present = self.context.session.subscribe();
        let mut said = false;
        loop {
            self.ensure_same_session()?;
            if self.context.session.status().is_signed_in() {
                return Ok(());
            }
            if !said {
                said = true;
                let progress = Some(OrderProgress::WaitsForSignIn);
                self.context
                    .sink
                    .show_progress(self.entry(), progress)
                    .await;
            }
            unless_withdrawn(&mut self.inbox, present.changed())
                .await?
                .ok();
        }
    }

    /// Reads the machine and the rules again; ends the order if the machine is not as reviewed.
    async fn read_facts(&mut self) -> Result<(), NotSent> {
        if self.approval.order().task.is_tenant_wide() {
            return self.read_indicators().await;
        }
        let machine = self.approval.order().machine.id.clone();
        let reviewed = self.context.known.get(&machine).machine;
        let reading = device::read(&self.context, machine.clone());
        unless_withdrawn(&mut self.inbox, reading).await?.ok();
        if let Some(what) = rules_not_reread(&self.context).await {
            self.note_not_reread(what).await?;
        }
        let read = self.context.known.get(&machine).machine;
        // Changes of the device forbid no release (rule 10).
        let is_release = self.approval.order().task.risk() == Risk::Routine;
        if let (Some((before, _)), Some((after, _))) = (reviewed, read)
            && (before.merge != after.merge
                || !is_release && before.onboarding_status != after.onboarding_status)
        {
            return Err(NotSent::because(NotSentReason::FactsChanged));
        }
        self.note_stale().await
    }

    /// Reads the file's indicators again: the user has to see one that was not in the review.
    async fn read_indicators(&mut self) -> Result<(), NotSent> {
        let order = self.approval.order();
        let reading = indicators::of_file(&self.context, order, Lane::Analyst);
        let read = unless_withdrawn(&mut self.inbox, reading).await?;
        if let Some(what) = rules_not_reread(&self.context).await {
            self.note_not_reread(what).await?;
        }
        let read = match read {
            Ok(read) => read,
            Err(why) => {
                let all = if why.is_none() { "all of the" } else { "the" };
                let what = format!("{all} indicators that already apply to this file");
                return self.note_not_reread(what.into()).await;
            }
        };
        match self.approval.unseen_indicator(&read) {
            Some(other) => {
                let by = requestor_name(other.by.as_deref());
                let does = clean(other.action.as_wire(), 40);
                let detail = format!(
                    "{by} has created an indicator for this file that the review did not show: {does}"
                );
                Err(NotSent {
                    why: NotSentReason::FactsChanged,
                    detail: Some(detail.into()),
                })
            }
            None => Ok(()),
        }
    }

    /// Records that the device could not be read again: the order is judged by the last read.
    async fn note_stale(&self) -> Result<(), NotSent> {
        if facts_are_fresh(&self.context, &self.approval) {
            return Ok(());
        }
        let known = self.context.known.get(&self.approval.order().machine.id);
        let (machine, history) = (
            known.machine.map(|(_, at)| at),
            known.history.map(|(_, at)| at),
        );
        let last = match (machine.min(history), known.failure) {
            (Some(at), _) => format!("last read at {} UTC", at.strftime("%Y-%m-%d %H:%M:%S")),
            (None, Some(why)) => format!("the last reading failed: {why}"),
            (None, None) => "not read yet".to_owned(),
        };
        let what = format!("the device's record and actions, {last}");
        self.note_not_reread(what.into()).await
    }

    /// Records, once, what could not be read again before sending.
    async fn note_not_reread(&self, what: Box<str>) -> Result<(), NotSent> {
        let known = self.context.journal.entry(self.entry());
        if known.is_some_and(|known| known.not_reread().contains(&&*what)) {
            return Ok(());
        }
        self.record(Record::NotReread { what }).await
    }

    /// Holds an order while an opposite action is under way, until the user insists or it has ended.
    async fn hold(&mut self, by: MachineActionId) -> Result<(), NotSent> {
        self.record(Record::Held { by: by.clone() }).await?;
        // It waits for that action, not for its turn.
        self.context.sink.show_progress(self.entry(), None).await;
        let machine = self.approval.order().machine.id.clone();
        let held_since = monotonic_now();
        loop {
            let sleep = self.context.timing.poll_interval(held_since.elapsed());
            let look = async {
                tokio::time::sleep(sleep).await;
                device::read(&self.context, machine.clone()).await.ok();
            };
            tokio::select! {
                biased;
                said = self.inbox.recv() => {
                    check_withdrawn(said)?;
                    return Ok(());
                }
                () = look => {}
            }
            self.ensure_same_session()?;
            if opposite_under_way(&self.context, &self.approval).as_ref() != Some(&by) {
                // It has ended, so this order is sent; or another one has begun.
                return Ok(());
            }
        }
    }
}
