//! Words that can be put away.

use egui::{Align, Layout, Rect, Ui, UiBuilder, pos2, vec2};

use super::super::theme::TokensExt as _;
use super::button::{ActionButton, button_width};

const DISMISS: &str = "Dismiss";

/// Shows words in lines, with *Dismiss* at the upper right of them whatever their number; whether it was
/// pressed. Each `key` has a button of its own: what comes up next is not put away by the same click.
pub fn dismissible_ui(ui: &mut Ui, key: &str, words: impl FnOnce(&mut Ui)) -> bool {
    let width = button_width(ui, DISMISS);
    let words = |ui: &mut Ui, (): &mut ()| words(ui);
    beside_ui(ui, width, &mut (), words, |ui, ()| {
        ui.add(ActionButton::quiet(DISMISS).key(key).with_arm_delay())
            .clicked()
    })
}

/// Shows words in lines, and at the upper right of them, in this width that is always kept, what is done
/// about them. Both get what is `given`.
pub fn beside_ui<T, R>(
    ui: &mut Ui,
    width: f32,
    given: &mut T,
    words: impl FnOnce(&mut Ui, &mut T),
    buttons: impl FnOnce(&mut Ui, &mut T) -> R,
) -> R {
    let gap = ui.spacing().item_spacing.x;
    let height = ui.tokens().height.target;
    let room = ui.available_rect_before_wrap();
    ui.scope(|ui| {
        ui.set_max_width((room.width() - width - gap).max(0.0));
        // As high as the button beside it.
        ui.spacing_mut().interact_size.y = height;
        ui.horizontal_wrapped(|ui| words(ui, given));
    });
    let at = pos2(room.right() - width, room.top());
    let rect = Rect::from_min_size(at, vec2(width, height));
    let layout = Layout::right_to_left(Align::Min);
    let builder = UiBuilder::new().max_rect(rect).layout(layout);
    let mut corner = ui.new_child(builder.id_salt("dismiss"));
    buttons(&mut corner, given)
}
