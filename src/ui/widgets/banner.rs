//! Dismissible text.

use egui::{Align, Layout, Rect, Ui, UiBuilder, pos2, vec2};

use super::super::theme::TokensExt as _;
use super::button::{ActionButton, button_width};

const DISMISS: &str = "Dismiss";

/// Shows text with *Dismiss* at its upper right, however many lines it has; returns whether that was
/// pressed. Each `key` has its own button, so that one click does not dismiss the next text too.
pub fn dismissible_ui(ui: &mut Ui, key: &str, words: impl FnOnce(&mut Ui)) -> bool {
    let mut corner = beside_ui(ui, button_width(ui, DISMISS), words);
    let dismiss = ActionButton::quiet(DISMISS).key(key).with_arm_delay();
    corner.add(dismiss).clicked()
}

/// Shows text, and returns reserved room of this width at its upper right, for buttons.
pub fn beside_ui(ui: &mut Ui, width: f32, words: impl FnOnce(&mut Ui)) -> Ui {
    let gap = ui.spacing().item_spacing.x;
    let height = ui.tokens().height.target;
    let room = ui.available_rect_before_wrap();
    ui.scope(|ui| {
        ui.set_max_width((room.width() - width - gap).max(0.0));
        // As high as the button beside it.
        ui.spacing_mut().interact_size.y = height;
        ui.horizontal_wrapped(words);
    });
    let at = pos2(room.right() - width, room.top());
    let rect = Rect::from_min_size(at, vec2(width, height));
    let layout = Layout::right_to_left(Align::Min);
    let builder = UiBuilder::new().max_rect(rect).layout(layout);
    ui.new_child(builder.id_salt("dismiss"))
}
