//! Confirmation: from a filled-in form to its orders.

use super::form::{OpenedFrom, OrderForm};
use super::{plan, targets};
use crate::guard::{self, Approval, Review};
use crate::message::Command;
use crate::ui::Cx;

/// Whether a form stays open.
pub enum FormOutcome {
    Open,
    /// Dismissed without an order.
    Closed,
    Confirmed,
}

/// Why the form cannot be confirmed now: blocked devices before errors in the text.
pub fn block(form: &OrderForm, reviews: &[Review]) -> Option<String> {
    let mut blocks: Vec<_> = form.targets.iter().zip(reviews).collect();
    blocks.sort_by_key(|(_, review)| !plan::is_forbidden(review));
    let stopped = blocks.into_iter().find_map(|(target, review)| {
        let why = review.block()?;
        // An error in the text belongs to no device.
        Some(match form.step_label(target) {
            _ if !plan::is_forbidden(review) => why,
            Some(step) if form.only().is_some() => format!("{step}: {why}"),
            Some(step) => format!("{step} on {}: {why}", target.machine.quoted()),
            None if form.only().is_some() => why,
            None => format!("{}: {why}", target.machine.quoted()),
        })
    });
    stopped
        .or_else(|| {
            let wanted = targets::required(form, reviews);
            targets::unseen_words(form, &wanted)
        })
        .or_else(|| guard::number_trouble(&form.task(), form.count(), &form.number))
}

/// The approvals of the reviewed orders, or why there are none: something has not been on screen, nobody is
/// signed in, or a guardrail forbids it.
fn approvals(cx: &Cx<'_>, form: &OrderForm, reviews: Vec<Review>) -> Result<Vec<Approval>, String> {
    let wanted = targets::required(form, &reviews);
    if let Some(unseen) = targets::unseen_words(form, &wanted) {
        return Err(unseen);
    }
    let account = cx.state.session.account().ok_or("You are not signed in")?;
    let reviews = plan::in_order(form, reviews);
    guard::approve_all(reviews, &form.number, account, cx.state.epoch, cx.now)
}

/// Why the form could not be confirmed now, as the footer shows it; `None` if it could.
pub fn why_not(cx: &Cx<'_>, form: &OrderForm, reviews: &[Review]) -> Option<String> {
    let refused = approvals(cx, form, reviews.to_vec()).err()?;
    Some(block(form, reviews).unwrap_or(refused))
}

/// Hands the approved orders to the worker, or shows what blocks them; the text stays.
pub fn confirm(cx: &mut Cx<'_>, form: &mut OrderForm) -> FormOutcome {
    let reviews = form.judge(cx.state, cx.now);
    let approvals = match approvals(cx, form, reviews.to_vec()) {
        Ok(approvals) => approvals,
        Err(reason) => {
            form.error = Some(block(form, &reviews).unwrap_or(reason));
            return FormOutcome::Open;
        }
    };
    // The orders of one confirmation are adjacent, at the top of the list.
    cx.views.activity.marked = approvals.first().map(|approval| approval.order().entry);
    if form.opened_from == OpenedFrom::Selection {
        // Devices were left out on purpose: the next key must not act on them.
        cx.views.bulk_selection.clear();
    }
    // Sending an order again acknowledges its outcome.
    let replaced = form.replaced(cx.state);
    cx.out.work.push(if replaced.is_empty() {
        Command::Submit(approvals)
    } else {
        Command::SubmitAgain(approvals, replaced)
    });
    FormOutcome::Confirmed
}
