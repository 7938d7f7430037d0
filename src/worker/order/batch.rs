//! Several orders that were approved together: all on disk before the first leaves, then one after
//! the other, each through the same submission path.

use std::sync::Arc;

use super::registry::OrderControl;
use super::slot::{Queue, Slot};
use super::task::{OrderTask, control, rules_not_reread};
use crate::guard::Approval;
use crate::journal::{OrderStatus, Record};
use crate::message::OrderProgress;
use crate::model::EntryId;
use crate::worker::context::Context;

/// Sends approved orders one by one. Each waits for the answers of those before it, and can be
/// taken back until it has left.
pub(in crate::worker) fn submit_all(context: &Arc<Context>, approvals: Vec<Approval>) {
    let queue = Queue::start(approvals.len());
    let orders: Vec<_> = approvals
        .into_iter()
        .map(|approval| OrderTask::new(context, approval, Slot::joined(&queue)))
        .collect();
    tokio::spawn(send_all(Arc::clone(context), orders));
}

async fn send_all(context: Arc<Context>, orders: Vec<OrderTask>) {
    // Rules may have been changed by hand since they were last read.
    let not_reread = rules_not_reread(&context).await;
    let not_reread = not_reread.map(|what| Record::NotReread { what });
    for order in &orders {
        order.claim(|_others| None::<()>);
    }
    let intents = orders.iter().map(|order| (order.entry(), order.intent()));
    let not_reread = not_reread.iter();
    let not_reread =
        not_reread.flat_map(|record| orders.iter().map(|o| (o.entry(), record.clone())));
    let records = intents.chain(not_reread).collect();
    // Rule 3, for all of them: after a crash the list of what did not leave is whole.
    if let Err(error) = context.journal.record_all(records).await {
        for order in orders {
            order.show_unwritten(&error).await;
        }
        let why = context.journal.explain_unwritten(&error);
        return context.screen.problem(why).await;
    }
    for order in orders {
        order.end_claim();
        context
            .screen
            .note(order.entry(), Some(OrderProgress::WaitsForTurn))
            .await;
        tokio::spawn(order.carry_out(None));
    }
}

/// Takes back what has not left of a batch.
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
