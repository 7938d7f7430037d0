//! Words that can be put away.

use egui::{Rect, Ui, UiBuilder, pos2, vec2};

use super::super::theme::TokensExt as _;
use super::button::{ActionButton, button_width};

const DISMISS: &str = "Dismiss";

/// Shows words in lines, with *Dismiss* at the upper right of them whatever their number; whether it was
/// pressed. Each `key` has a button of its own: what comes up next is not put away by the same click.
pub fn dismissible_ui(ui: &mut Ui, key: &str, words: impl FnOnce(&mut Ui)) -> bool {
    let button = ActionButton::quiet(DISMISS).key(key).arms_late();
    let width = button_width(ui, DISMISS);
    let gap = ui.spacing().item_spacing.x;
    let room = ui.available_rect_before_wrap();
    ui.scope(|ui| {
        ui.set_max_width((room.width() - width - gap).max(0.0));
        // As high as the button beside it.
        ui.spacing_mut().interact_size.y = ui.tokens().height.target;
        ui.horizontal_wrapped(words);
    });
    let at = pos2(room.right() - width, room.top());
    let rect = Rect::from_min_size(at, vec2(width, ui.tokens().height.target));
    let mut corner = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("dismiss"));
    corner.add(button).clicked()
}
