//! From a quarantine to a block on every device, and the blocks that can be removed.

use egui::{ScrollArea, Ui};
use jiff::Timestamp;

use super::form::{GivenEnd, OpenedFrom, OrderForm};
use super::open::NewForm;
use crate::action::{ActionKind, EXPIRES, FILE, INDICATOR, Subject, Value};
use crate::guard;
use crate::model::{Indicator, MachineRef};
use crate::state::State;
use crate::ui::Cx;
use crate::ui::contained::{block_words, own_blocks, short_hash};
use crate::ui::theme::TokensExt as _;
use crate::ui::views::OpenDialog;
use crate::ui::widgets::{ActionButton, UiExt as _};

/// Maximum height of the list, in points.
const MAX_HEIGHT: f32 = 120.0;

/// Opens the form that blocks this form's file on every device, with the text typed so far. This form is
/// covered by it, and reappears if the other is dismissed.
pub fn open_over(ui: &Ui, cx: &mut Cx<'_>, form: Box<OrderForm>, hash: &str) {
    let (ticket, comment) = (form.ticket.clone(), form.draft.comment.clone());
    cx.views.dialog = Some(OpenDialog::Form(form));
    let subject = Subject::Act(ActionKind::BlockFile);
    let form = NewForm {
        fill: Box::new(|draft| {
            draft.set(&FILE, hash);
            draft.comment = comment;
        }),
        ticket: Some(ticket),
        opened_from: OpenedFrom::OtherForm,
        ..NewForm::new(subject, &[MachineRef::every_device()])
    };
    form.raise(ui, cx);
}

/// If this block replaces one that ends later, fills in that end unless an end was typed: the form's
/// default must not shorten a colleague's block.
pub fn keep_later_end(state: &State, form: &mut OrderForm) {
    let Some(given) = &form.given_end else {
        return;
    };
    let read = state.indicators.get();
    let of_files = read.map_or(&[][..], |read| &read.of_files);
    let theirs = guard::latest_end(of_files, &form.draft.task());
    // The field has no seconds.
    let theirs = theirs
        .and_then(|at| Timestamp::from_second((at.as_second() + 59).div_euclid(60) * 60).ok());
    let end = theirs.map_or(given.usual, |theirs| theirs.max(given.usual));
    let text = Value::Time(end).text().into_owned();
    if text != given.text && form.draft.text(&EXPIRES) == given.text {
        form.draft.set(&EXPIRES, text.clone());
        form.given_end = Some(GivenEnd {
            text,
            ..given.clone()
        });
    }
}

/// Lists the user's own blocks in a form that removes one, each with a button that fills it in.
pub fn blocks_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut OrderForm) {
    if !form.draft.parameters().contains(&INDICATOR) {
        return;
    }
    let own: Vec<&Indicator> = own_blocks(cx.state).collect();
    if own.is_empty() {
        let known = cx.state.indicators.value.is_some();
        ui.small_label(if known {
            "You have no blocks in this tenant"
        } else {
            "Your blocks are listed here once they have been read"
        });
        return;
    }
    let gap = ui.tokens().space.xs;
    ScrollArea::vertical()
        .id_salt("blocks")
        .max_height(MAX_HEIGHT)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = gap;
            for one in own {
                ui.horizontal_wrapped(|ui| {
                    let Some(id) = &one.id else {
                        return;
                    };
                    let label = format!("Choose {}", short_hash(&one.value));
                    let name = format!("Choose the block {id} of {}", one.value);
                    let is_chosen = form.draft.text(&INDICATOR) == id.as_str();
                    let button = ActionButton::new(&label).name(&name).hint(&one.value);
                    if ui.add(button.compact().toggled(is_chosen)).clicked() {
                        form.draft.set(&INDICATOR, id.as_str());
                        form.draft.set(&FILE, &*one.value);
                    }
                    ui.small_label(block_words(one, cx));
                });
            }
        });
}
