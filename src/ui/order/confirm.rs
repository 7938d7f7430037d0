//! Confirmation: from a filled-in form to its orders.

use super::form::{OpenedFrom, OrderForm};
use super::{plan, targets};
use crate::guard::{self, Approval, Review};
use crate::message::Command;
use crate::ui::Cx;

/// Whether a form is to stay.
pub enum FormOutcome {
    Open,
    /// Without an order.
    Closed,
    Confirmed,
}

/// Why the form cannot be confirmed now: what is blocked on a device before what is missing in the text.
pub fn block(form: &OrderForm, reviews: &[Review]) -> Option<String> {
    let mut blocks: Vec<_> = form.targets.iter().zip(reviews).collect();
    blocks.sort_by_key(|(_, review)| !plan::is_forbidden(review));
    let stopped = blocks.into_iter().find_map(|(target, review)| {
        let why = review.block()?;
        // What is wrong with the text is no device's fault.
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

/// The approval of what was reviewed, or why there is none: something was not on screen, nobody is
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

/// Why the form could not be confirmed now, in the words of its foot; `None` when it could.
pub fn why_not(cx: &Cx<'_>, form: &OrderForm, reviews: &[Review]) -> Option<String> {
    let refused = approvals(cx, form, reviews.to_vec()).err()?;
    Some(block(form, reviews).unwrap_or(refused))
}

/// Hands the approved orders to the worker; what blocks them is shown, and the text stays.
pub fn confirm(cx: &mut Cx<'_>, form: &mut OrderForm) -> FormOutcome {
    let reviews = form.judge(cx.state, cx.now);
    let approvals = match approvals(cx, form, reviews.to_vec()) {
        Ok(approvals) => approvals,
        Err(reason) => {
            form.error = Some(block(form, &reviews).unwrap_or(reason));
            return FormOutcome::Open;
        }
    };
    // Those of one confirmation stand in their order, at the top of the list.
    cx.views.activity.marked = approvals.first().map(|approval| approval.order().entry);
    if form.opened_from == OpenedFrom::Selection {
        // A device that was left out was left out on purpose: the next key must not act on it.
        cx.views.bulk_selection.clear();
    }
    // A person who sends an order again has read its outcome.
    let replaced = form.replaced(cx.state);
    cx.out.work.push(if replaced.is_empty() {
        Command::Submit(approvals)
    } else {
        Command::SubmitAgain(approvals, replaced)
    });
    FormOutcome::Confirmed
}
