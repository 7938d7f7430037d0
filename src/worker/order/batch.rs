//! Orders that were approved together, one or several: all on disk before the first is sent, then sent one
//! after the other.

use std::sync::Arc;

use super::registry::OrderControl;
use super::slot::{BatchQueue, Slot};
use super::steps::StepsBefore;
use super::task::{Leaving, OrderTask, control, rules_not_reread};
use crate::guard::Approval;
use crate::journal::{OrderStatus, Record};
use crate::message::OrderProgress;
use crate::model::EntryId;
use crate::worker::acknowledge::acknowledge;
use crate::worker::clock::monotonic_now;
use crate::worker::context::Context;

/// Starts approved orders. In a batch each one waits for the replies to the previous ones, and can be withdrawn
/// until it is sent. The `replaced` entries are acknowledged once the orders are on disk.
pub(in crate::worker) fn submit(
    context: &Arc<Context>,
    approvals: Vec<Approval>,
    replaced: Vec<(EntryId, &'static str)>,
) {
    let queue = (approvals.len() > 1).then(|| BatchQueue::start(approvals.len()));
    let slot = || queue.as_ref().map_or_else(Slot::alone, Slot::joined);
    let mut plan = StepsBefore::default();
    let orders = approvals
        .into_iter()
        .map(|approval| {
            let before = plan.of(approval.order());
            OrderTask::new(context, approval, slot(), before)
        })
        .collect();
    tokio::spawn(send_all(Arc::clone(context), orders, replaced));
}

/// Rule 3, for all of them: on disk before the first is sent, so that after a crash the list of unsent orders
/// is complete. A single order without a wait is written in one step with `Sent`.
async fn send_all(
    context: Arc<Context>,
    orders: Vec<OrderTask>,
    replaced: Vec<(EntryId, &'static str)>,
) {
    // Rules may have been edited since the last read.
    let not_reread = rules_not_reread(&context).await;
    let not_reread = not_reread.map(|what| Record::NotReread { what });
    let is_alone = orders.len() == 1;
    let permits: Vec<_> = orders.iter().map(|order| order.reserve(is_alone)).collect();
    let mut records: Vec<_> = orders.iter().map(|o| (o.entry(), o.intent())).collect();
    for order in &orders {
        records.extend(not_reread.clone().map(|record| (order.entry(), record)));
    }
    let leaving = orders
        .iter()
        .zip(&permits)
        .filter(|(_, permit)| permit.is_some());
    records.extend(leaving.map(|(order, _)| (order.entry(), Record::Sent)));
    let since = monotonic_now();
    if let Err(error) = context.journal.record_all(records).await {
        for order in orders {
            order.show_unwritten(&error).await;
        }
        let why = context.journal.explain_unwritten(&error);
        return context.sink.problem(why).await;
    }
    for order in &orders {
        order.end_reservation();
        if !is_alone {
            let waits = Some(OrderProgress::WaitsForTurn);
            context.sink.show_progress(order.entry(), waits).await;
        }
    }
    if !is_alone {
        context.auth.renew_ahead().await;
    }
    for (order, permit) in orders.into_iter().zip(permits) {
        let leaving = permit.map(|permit| Leaving { permit, since });
        tokio::spawn(order.carry_out(leaving));
    }
    if !replaced.is_empty() {
        acknowledge(context, replaced).await;
    }
}

/// Withdraws a batch's unsent orders.
pub(in crate::worker) async fn stop(context: &Arc<Context>, batch: EntryId) {
    for entry in context.journal.entries().iter() {
        let is_of_it = entry.order.batch == Some(batch);
        let waits = matches!(
            entry.status(),
            OrderStatus::Waiting | OrderStatus::Held { .. }
        );
        if is_of_it && waits {
            control(context, entry.id(), OrderControl::Withdraw).await;
        }
    }
}
