//! Several orders that were approved together: all on disk before the first leaves, then one after
//! the other, each through the same door.

use std::sync::Arc;

use super::context::Context;
use super::submit::{self, Answer};
use super::waiting::{Queue, Turn};
use super::{inventory, panel, settings};
use crate::guard::Approval;
use crate::journal::{OrderStatus, Record};
use crate::message::OrderProgress;
use crate::model::{EntryId, MachineId, PanelPart};

/// Sends approved orders one by one. Each waits for the answers of those before it, and can be
/// taken back until it has left.
pub(super) async fn submit_all(context: Arc<Context>, approvals: Vec<Approval>) {
    let intended: Vec<_> = approvals
        .iter()
        .map(|approval| (approval.order().entry, intended(&context, approval)))
        .collect();
    for (entry, _) in &intended {
        context.sending(*entry);
    }
    // Rules may have been changed by hand since they were last read.
    let not_reread = submit::rules_not_reread(&context).await;
    let not_reread = not_reread.into_iter().flat_map(|what| {
        let record = Record::NotReread { what };
        let entries = intended.iter().map(|(entry, _)| *entry);
        entries
            .map(|entry| (entry, record.clone()))
            .collect::<Vec<_>>()
    });
    let records = intended.iter().cloned().chain(not_reread).collect();
    // Rule 3, for all of them: after a crash the list of what did not leave is whole.
    if let Err(error) = context.record_all(records).await {
        for (entry, intended) in intended {
            context.no_longer_sending(entry);
            context.show_unwritten(intended, &error).await;
        }
        return context.problem(context.explain_unwritten(&error)).await;
    }
    let queue = Queue::default();
    for approval in approvals {
        let entry = approval.order().entry;
        context.note(entry, Some(OrderProgress::WaitsForTurn)).await;
        let turn = Turn::in_queue(&queue).await;
        tokio::spawn(submit::submit_written(Arc::clone(&context), approval, turn));
    }
}

fn intended(context: &Context, approval: &Approval) -> Record {
    Record::Intended {
        author: context.author(approval.account()),
        order: approval.order().clone(),
    }
}

/// Reads several machines for a person who is about to act on them; what the service offers is a
/// hint, and comes last. Each reading goes to its end, also when the rest is not wanted any more.
pub(super) async fn load_machines(context: Arc<Context>, ids: Vec<MachineId>) {
    // Whoever has several read may be about to act on them: by the rules as they are now.
    tokio::spawn(settings::read_for_form(Arc::clone(&context)));
    for id in &ids {
        inventory::read(&context, id.clone()).await.ok();
    }
    for id in ids {
        let context = Arc::clone(&context);
        let hint = async move { panel::load(&context, id, PanelPart::AvailableActions).await };
        tokio::spawn(hint).await.ok();
    }
}

/// Takes back what has not left of a batch.
pub(super) async fn stop(context: &Arc<Context>, batch: EntryId) {
    for entry in context.entries() {
        let is_of_it = entry.order.batch == Some(batch);
        let waits = matches!(
            entry.status(),
            OrderStatus::Waiting | OrderStatus::Held { .. }
        );
        if is_of_it && waits {
            context.answer_waiting(entry.id(), Answer::Withdraw).await;
        }
    }
}
