//! Check boxes and radio buttons, drawn like the boxes of the list.

use egui::{Color32, Response, RichText, Stroke, Ui};

use super::super::theme::TokensExt as _;
use super::focus::focus_ring;

/// Shows a check box with its label, ticked while `is_on`.
pub fn checkbox_ui(ui: &mut Ui, is_on: &mut bool, label: &str) -> Response {
    let is_ticked = *is_on;
    with_boxes(ui, is_ticked, |ui, text| {
        ui.checkbox(is_on, RichText::new(label).color(text))
    })
}

/// Shows a radio button with its label, filled while `current` is `value`; a click selects it.
pub fn radio_ui<T: PartialEq>(ui: &mut Ui, current: &mut T, value: T, label: &str) -> Response {
    let is_chosen = *current == value;
    with_boxes(ui, is_chosen, |ui, text| {
        ui.radio_value(current, value, RichText::new(label).color(text))
    })
}

/// Sets the colours of boxes while `add` runs. egui uses the same fill for boxes and for scroll bar
/// handles, which have to stand out.
fn with_boxes(
    ui: &mut Ui,
    is_on: bool,
    add: impl FnOnce(&mut Ui, Color32) -> Response,
) -> Response {
    let tokens = ui.tokens();
    let before = ui.visuals().widgets.clone();
    let widgets = &mut ui.visuals_mut().widgets;
    let resting = if is_on {
        tokens.accent
    } else {
        tokens.surface.panel
    };
    for state in [
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
    ] {
        state.bg_fill = resting;
        if is_on {
            state.fg_stroke = Stroke::new(2.0, tokens.on_accent);
        }
    }
    widgets.inactive.bg_stroke.color = if is_on {
        tokens.accent
    } else {
        tokens.text_weak
    };
    // The focus ring is around box and label: one around the box alone is hard to see beside a filled box.
    widgets.active.bg_stroke = widgets.inactive.bg_stroke;
    let added = add(ui, tokens.text);
    ui.visuals_mut().widgets = before;
    focus_ring(ui, &added, added.rect);
    added
}
