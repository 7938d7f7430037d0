//! The way from a quarantine to a block on every device, and the blocks that can be taken back.

use egui::{ScrollArea, Ui};

use super::form::OrderForm;
use super::open::raise;
use crate::action::{ActionKind, FILE, INDICATOR, Subject};
use crate::model::{Indicator, MachineRef};
use crate::ui::Cx;
use crate::ui::blocked::{block_words, own_blocks, short_hash};
use crate::ui::theme::TokensExt as _;
use crate::ui::views::Dialog;
use crate::ui::widgets::{ActionButton, UiExt as _};

/// No more of the form's height goes to the list, in points.
const MAX_HEIGHT: f32 = 120.0;

/// Opens the form that blocks the file of this one on every device, with what was typed.
pub fn open_instead(ui: &Ui, cx: &mut Cx<'_>, form: &OrderForm) {
    let hash = form.file.blocks.clone().unwrap_or_default();
    let subject = Subject::Act(ActionKind::BlockFile);
    raise(ui, cx, &[MachineRef::every_device()], subject, |draft| {
        draft.set(&FILE, &*hash);
        draft.comment.clone_from(&form.draft.comment);
    });
    if let Some(Dialog::Form(opened)) = &mut cx.views.dialog {
        opened.ticket.clone_from(&form.ticket);
    }
}

/// In a form that takes a block back, lists the person's own, each with a button that puts it there.
pub fn blocks_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut OrderForm) {
    if form.draft.subject != Subject::Act(ActionKind::RemoveBlock) {
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
