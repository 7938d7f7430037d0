//! Resumes open entries of earlier runs.

use std::sync::Arc;

use jiff::SignedDuration;

use super::lookup;
use crate::journal::{OrderStatus, Phase};
use crate::model::Account;
use crate::worker::clock::now;
use crate::worker::context::Context;

/// The time for which someone else's request is followed: three days for a silent device, plus a day to notice.
const REQUEST_LASTS: SignedDuration = SignedDuration::from_hours(4 * 24);

/// Resumes every open entry of this account: sent orders are looked up, accepted ones are watched. Entries of
/// other accounts stay as they are. A read-only console only watches; the acting one does the rest.
pub(in crate::worker) async fn resume(context: &Arc<Context>) {
    // Two unnamed accounts may be two people.
    let Some(account) = context.session.account().filter(Account::is_named) else {
        return;
    };
    let entries = context.journal.entries();
    for entry in entries.iter().filter(|e| e.author.is(&account)) {
        // An order being sent has its own task.
        if context.orders.is_sending(entry.id()) {
            continue;
        }
        let status = entry.status();
        match (status.phase(), status) {
            (Phase::Unanswered, _) if context.journal.may_act() => {
                lookup::start(context, entry.id());
            }
            (Phase::UnderWay(action), _) => {
                context.watched.follow(entry.id(), action, None).await;
            }
            // Whether it had the effect that this entry was for is not known yet.
            (_, OrderStatus::NotOurs { action, .. })
                if now().duration_since(entry.status_since()) < REQUEST_LASTS =>
            {
                let on = (entry.machine().id, entry.order.task.record());
                context.watched.follow_theirs(action, on);
            }
            (Phase::Unanswered | Phase::Unsent | Phase::Ended, _) => {}
        }
    }
}
