//! The life of one order: from the intent on disk, through waiting and sending, to its outcome. User commands
//! arrive in its inbox.

mod wait;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::attribution::Claim;
use super::preflight::{NotSent, try_ready_now};
use super::registry::{OrderControl, RegisteredOrder, is_withdrawn};
use super::send::{Attempts, BeforeRetry, Reply};
use super::slot::Slot;
use super::steps::Before;
use super::{lookup, outcome};
use crate::api::{ApiError, Permit};
use crate::explain::{Explanation, NextStep};
use crate::guard::Approval;
use crate::journal::{Entry, JournalError, NotSentReason, OrderStatus, Record};
use crate::model::{EntryId, MachineAction};
use crate::worker::clock::{monotonic_now, now};
use crate::worker::context::Context;

/// The duration of writing `Sent` after which the facts are old: the order is judged again.
const SLOW_WRITE: Duration = Duration::from_secs(5);

/// An approved order under way.
pub(super) struct OrderTask {
    context: Arc<Context>,
    approval: Approval,
    inbox: mpsc::Receiver<OrderControl>,
    registration: RegisteredOrder,
    slot: Slot,
    /// The previous steps, for a step of a plan.
    before: Vec<Before>,
}

/// An order recorded as `Sent`; `since` is when that write began.
pub(super) struct Leaving {
    pub permit: Permit,
    pub since: Instant,
}

impl OrderTask {
    /// Registers the order: from here on it can be withdrawn.
    pub fn new(
        context: &Arc<Context>,
        approval: Approval,
        slot: Slot,
        before: Vec<Before>,
    ) -> Self {
        let (registration, inbox) = context.orders.register(approval.order().entry);
        Self {
            context: Arc::clone(context),
            approval,
            inbox,
            registration,
            slot,
            before,
        }
    }

    /// Carries the order from the intent on disk to its outcome.
    pub async fn carry_out(mut self, ready: Option<Leaving>) {
        let reply = self.send_with_retries(ready).await;
        let (context, approval) = (&self.context, &self.approval);
        let entry = approval.order().entry;
        match reply {
            Ok(Reply::Action(action)) => outcome::classify(context, approval, &action).await,
            Ok(Reply::Refused(error)) => outcome::refuse(context, approval, &error).await,
            Ok(Reply::Unknown(error)) => outcome::mark_unknown(context, entry, &error).await,
            Err(not_sent) => {
                let record = not_sent.into_record();
                context.journal.record_unsent(entry, record).await;
            }
        }
        // The next order of its batch may be sent.
        drop(self.slot);
        context.report_budget().await;
        // An unwritten outcome is looked up, once the disk may work again.
        lookup::find_out_if_unanswered(context, entry, self.registration).await;
    }

    /// Shows an order whose intent could not be written, so that nothing is sent.
    pub async fn show_unwritten(self, error: &JournalError) {
        let (context, intent) = (Arc::clone(&self.context), self.intent());
        // An order that is not on disk has no task.
        drop(self);
        context.journal.show_unwritten(intent, error).await;
    }

    /// Sends, and retries only attempts that certainly had no effect (rule 4).
    async fn send_with_retries(&mut self, ready: Option<Leaving>) -> Result<Reply, NotSent> {
        let mut attempts = Attempts::default();
        let mut permit = self.leave(ready, None).await?;
        loop {
            let client = &self.context.client;
            let (error, remedy) = match attempts.make(client, &self.approval, permit).await {
                Ok(reply) => return Ok(reply),
                Err(rejected) => rejected,
            };
            let again_at = self.remedy(&error, remedy).await?;
            permit = self.leave(None, Some(again_at)).await?;
            if let Some(stored) = self.stored() {
                return Ok(Reply::Action(Box::new(stored)));
            }
        }
    }

    /// An action that a refused attempt stored nevertheless, if the device's actions were read since.
    fn stored(&self) -> Option<MachineAction> {
        let order = self.approval.order();
        let history = self.context.known.get(&order.machine.id).history?.0;
        let claim = Claim::of(&self.context, order, Some(self.approval.account()));
        let mut actions = history.items.into_iter();
        actions.find(|action| claim.is_ours(action))
    }

    /// Waits until the order may be sent and `Sent` is on disk. `again_at` is the time of a retry.
    async fn leave(
        &mut self,
        mut leaving: Option<Leaving>,
        mut again_at: Option<Timestamp>,
    ) -> Result<Permit, NotSent> {
        loop {
            let Leaving { permit, since } = if let Some(leaving) = leaving.take() {
                leaving
            } else {
                let permit = self.until_ready(again_at.take()).await?;
                let since = monotonic_now();
                self.record(Record::Sent).await?;
                Leaving { permit, since }
            };
            if self.may_still_leave(since).await? {
                return Ok(permit);
            }
        }
    }

    /// Whether the disk took `Sent` soon enough for it to be true. Otherwise it is revoked: the facts are old,
    /// or another user may have signed in.
    async fn may_still_leave(&mut self, since: Instant) -> Result<bool, NotSent> {
        let took = since.elapsed();
        let is_withdrawn = is_withdrawn(&mut self.inbox);
        let why = if is_withdrawn {
            "withdrawn while this was being written, so nothing was sent".into()
        } else if took > SLOW_WRITE {
            let secs = took.as_secs();
            format!("the disk took {secs} seconds to write this, so nothing was sent and the order is checked again").into()
        } else {
            return Ok(true);
        };
        self.record(Record::AttemptRejected { why }).await?;
        if is_withdrawn {
            return Err(NotSent::because(NotSentReason::Withdrawn));
        }
        Ok(false)
    }

    /// Meets the precondition of a retry; returns the earliest time for it.
    async fn remedy(&self, error: &ApiError, remedy: BeforeRetry) -> Result<Timestamp, NotSent> {
        let why = error.to_string().into();
        let rejected = Record::AttemptRejected { why };
        if let Err(not_sent) = self.record(rejected.clone()).await {
            if !self.context.journal.may_act() {
                // Nothing more is written in this run, but the rejection is still true.
                let journal = &self.context.journal;
                journal.show_only(self.entry(), vec![rejected]).await;
            }
            return Err(not_sent);
        }
        if error.status().is_some() {
            // The service replied that it did nothing, which the device's actions will confirm or not.
            let machine = &self.approval.order().machine.id;
            self.context.known.forget(machine);
        }
        let session = &self.context.session;
        match remedy {
            BeforeRetry::Renewal => {
                if let Err(error) = self.context.client.renew().await {
                    session.note_auth_failure(&error).await;
                    if !error.needs_person() {
                        return Err(NotSent {
                            why: NotSentReason::SignInEnded,
                            detail: Some(error.to_string().into()),
                        });
                    }
                }
                Ok(now())
            }
            BeforeRetry::Pause(pause) => {
                session.note_auth_failure(error).await;
                let pause = SignedDuration::try_from(pause);
                Ok(now() + pause.unwrap_or(SignedDuration::from_mins(5)))
            }
        }
    }

    async fn record(&self, record: Record) -> Result<(), NotSent> {
        let written = self.context.journal.record(self.entry(), vec![record]);
        written.await.map_err(NotSent::unwritten)
    }

    /// Reserves the order's target before the intent is on disk; see [`RegisteredOrder::reserve`]. Returns a
    /// permit if the order can be sent immediately.
    pub fn reserve(&self, may_send_immediately: bool) -> Option<Permit> {
        let (context, approval) = (&self.context, &self.approval);
        let intent = Entry::new(context.author(approval.account()), approval.order().clone());
        self.registration.reserve(intent, |others| {
            may_send_immediately.then(|| try_ready_now(context, approval, others))?
        })
    }

    pub fn end_reservation(&self) {
        self.registration.end_reservation();
    }

    pub fn intent(&self) -> Record {
        Record::Intended {
            author: self.context.author(self.approval.account()),
            order: self.approval.order().clone(),
        }
    }

    pub fn entry(&self) -> EntryId {
        self.approval.order().entry
    }
}

/// Reads the rules again before sending; returns the failure, for the journal.
pub(super) async fn rules_not_reread(context: &Context) -> Option<Box<str>> {
    let why = context.settings.read_before_sending().await.err()?;
    Some(format!("your organisation's rules: {why}").into())
}

/// Delivers a user's command to an order. A sent order cannot be withdrawn.
pub(in crate::worker) async fn control(
    context: &Arc<Context>,
    entry: EntryId,
    control: OrderControl,
) {
    let status = context.journal.status(entry);
    let is_here = matches!(
        status,
        None | Some(OrderStatus::Waiting | OrderStatus::Held { .. })
    );
    if is_here && context.orders.deliver(entry, control) {
        return;
    }
    if is_here && status.is_some() && context.journal.may_act() {
        // It has no task: that ended when the journal could not be written.
        let why = NotSentReason::Withdrawn;
        let record = NotSent::because(why).into_record();
        let journal = Arc::clone(&context.journal);
        // Commands do not wait for the disk.
        tokio::spawn(async move { journal.record_unsent(entry, record).await });
        return;
    }
    let headline = if context.journal.may_act() {
        "This order has already been sent, so it cannot be withdrawn here"
    } else {
        "Another console is acting on this journal: withdraw the order there"
    };
    let next = NextStep::ShowEntry(entry);
    context
        .sink
        .problem(Explanation::harmless(headline, next))
        .await;
}
