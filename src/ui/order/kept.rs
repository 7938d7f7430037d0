//! Text typed into a form that was dismissed without an order: restored in the next form with the same
//! subject, and in no other. In memory, for this run only.

use egui::{Id, Ui};

use super::form::OrderForm;
use super::kept_texts::{Began, Beginning, FromBefore, KeptText};
use crate::action::EXPIRES;
use crate::ui::theme::TokensExt as _;
use crate::ui::views::Views;
use crate::ui::widgets::{ActionButton, UiExt as _};

/// Maximum number of forms whose text is kept.
const MAX_FORMS: usize = 5;
/// Maximum size: nobody types more, and pasted text can be pasted again.
const MAX_BYTES: usize = 16 * 1024;

/// Subject of a form that has just been opened.
fn beginning_of(form: &OrderForm) -> Beginning {
    let mut machines: Vec<_> = form.machines().map(|machine| machine.id.clone()).collect();
    machines.sort();
    let mut values = form.draft.values.clone();
    // The form sets it by the clock.
    values.remove(EXPIRES.wire_name);
    Beginning {
        subject: form.draft.subject.clone(),
        plan: form.plan.clone(),
        machines,
        values,
        comment: form.draft.comment.clone(),
    }
}

/// Current subject of a form, in which another plan may have been chosen.
fn by_now(began: &Began, form: &OrderForm) -> Beginning {
    Beginning {
        subject: form.draft.subject.clone(),
        plan: form.plan.clone(),
        ..began.beginning.clone()
    }
}

/// Notes the subject of a form drawn for the first time, and restores the text kept for it.
pub fn begin(views: &mut Views, form: &mut OrderForm) {
    if form.began.is_some() {
        return;
    }
    let beginning = beginning_of(form);
    let ticket = form.ticket.clone();
    let mut from_before = FromBefore::Nothing;
    let kept = &mut views.kept_texts.0;
    if let Some(at) = kept.iter().position(|kept| kept.of == beginning) {
        let kept = kept.remove(at);
        form.draft.comment = kept.comment;
        form.from_template = kept.from_template;
        from_before = FromBefore::Comment;
        if form.ticket.trim().is_empty() && !kept.ticket.trim().is_empty() {
            form.ticket = kept.ticket;
            from_before = FromBefore::CommentAndTicket;
        }
    }
    form.began = Some(Began {
        beginning,
        ticket,
        from_before,
    });
}

/// Keeps the text typed into a dismissed form.
pub fn keep(views: &mut Views, form: &OrderForm) {
    let Some(began) = &form.began else {
        return;
    };
    let (of, comment) = (by_now(began, form), &form.draft.comment);
    let kept = &mut views.kept_texts.0;
    kept.retain(|kept| kept.of != of);
    if *comment == of.comment || comment.trim().is_empty() || comment.len() > MAX_BYTES {
        return;
    }
    let ticket = Some(&form.ticket).filter(|ticket| **ticket != began.ticket);
    kept.push(KeptText {
        of,
        comment: comment.clone(),
        from_template: form.from_template.clone(),
        ticket: ticket.cloned().unwrap_or_default(),
    });
    let surplus = kept.len().saturating_sub(MAX_FORMS);
    kept.drain(..surplus);
}

/// Forgets the text kept for the action and devices of a confirmed form.
pub fn forget(views: &mut Views, form: &OrderForm) {
    if let Some(began) = &form.began {
        let done = by_now(began, form);
        views
            .kept_texts
            .0
            .retain(|kept| !kept.of.is_for_same(&done));
    }
}

/// Says that text was restored, with a button that clears the comment (the field `comment`). The line
/// stays: nothing moves under the pointer.
pub fn from_before_ui(ui: &mut Ui, form: &mut OrderForm, comment: Id) {
    let Some(began) = &mut form.began else {
        return;
    };
    let from_before = began.from_before;
    let words = match from_before {
        FromBefore::Nothing => return,
        FromBefore::Comment => "Your comment from before was kept",
        FromBefore::CommentAndTicket => "Your comment and ticket from before were kept",
        FromBefore::Cleared => "Cleared",
    };
    ui.horizontal(|ui| {
        ui.set_min_height(ui.tokens().height.control);
        let said = ui.small_label(words);
        ui.announce(&said);
        let clear = ActionButton::quiet("Clear").name("Clear what was kept");
        if from_before != FromBefore::Cleared && ui.add(clear).clicked() {
            form.draft.comment.clear();
            form.from_template = None;
            if from_before == FromBefore::CommentAndTicket {
                form.ticket.clear();
            }
            began.from_before = FromBefore::Cleared;
            // The focused button disappears.
            ui.memory_mut(|memory| memory.request_focus(comment));
        }
    });
}
