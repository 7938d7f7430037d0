//! Recording of acknowledgements, and of reversals that need one, so that they survive a restart.

use std::sync::Arc;

use super::context::Context;
use crate::action::Evidence;
use crate::explain::{Explain as _, Explanation, NextStep};
use crate::journal::{OrderStatus, Record};
use crate::model::EntryId;

/// Records that the current account has acknowledged these entries, in one step, each with the status that was
/// on screen.
pub(super) async fn acknowledge(context: Arc<Context>, seen: Vec<(EntryId, &'static str)>) {
    let why_not = if !context.journal.may_act() {
        Some("Another console is acting on this journal: acknowledge it there")
    } else if context.settings.policy().read_only {
        Some("Started with --read-only: nothing can be acknowledged here")
    } else {
        None
    };
    if let Some(why_not) = why_not {
        let explanation = Explanation::harmless(why_not, NextStep::None);
        return context.sink.problem(explanation).await;
    }
    let Some(account) = context.session.account() else {
        let headline = "Nobody is signed in, so nothing can be acknowledged";
        let next = NextStep::SignIn;
        return context
            .sink
            .problem(Explanation::harmless(headline, next))
            .await;
    };
    let author = context.author(&account);
    let mut records = Vec::new();
    for (id, status) in seen {
        let known = context.journal.entry(id);
        let is_new = known.is_some_and(|entry| {
            // Someone else's request may have ended since, or reversed this order: it can be acknowledged
            // again.
            let may_be_read_again = matches!(
                entry.status(),
                OrderStatus::NotOurs { .. } | OrderStatus::Done { .. }
            );
            (entry.acknowledged().is_none() || may_be_read_again) && entry.status().key() == status
        });
        if !is_new {
            continue;
        }
        let record = Record::Acknowledged {
            status: status.into(),
            object_id: author.object_id.clone(),
            account: author.account.clone(),
        };
        if context.journal.is_unwritten(id) {
            // Its order is in no file, so its acknowledgement is not either.
            context.journal.show_only(id, vec![record]).await;
        } else {
            records.push((id, record));
        }
    }
    if records.is_empty() {
        return;
    }
    if let Err(error) = context.journal.record_all(records).await {
        context.sink.problem(error.explain()).await;
    }
}

/// Records that someone else has reversed these orders, once for each reversal. A read-only console writes
/// nothing: the acting one notices as well.
pub(super) async fn note_reversals(context: Arc<Context>, undone: Vec<(EntryId, Evidence)>) {
    let journal = &context.journal;
    if !journal.may_act() || context.settings.policy().read_only {
        return;
    }
    let is_new = |(id, reversal): &(EntryId, Evidence)| {
        let known = journal.entry(*id).filter(|_| !journal.is_unwritten(*id));
        known.is_some_and(|entry| {
            matches!(entry.status(), OrderStatus::Done { .. })
                && !entry.is_noted_as_undone_by(&reversal.action)
        })
    };
    let records: Vec<_> = (undone.into_iter().filter(is_new))
        .map(|(id, reversal)| {
            let record = Record::Undone {
                action: reversal.action,
                requestor: reversal.by,
                service_time: reversal.since,
            };
            (id, record)
        })
        .collect();
    // It is on screen anyway; an unwritten one is noticed and recorded by the next run.
    if !records.is_empty()
        && let Err(error) = journal.record_all(records).await
    {
        tracing::warn!("a release by someone else was not recorded in the journal: {error}");
    }
}
