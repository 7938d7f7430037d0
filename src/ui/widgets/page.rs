//! A page of text and fields: one column in the middle of the window.

use egui::{RichText, ScrollArea, Ui};

use super::super::theme::{TokensExt as _, text};
use super::button::ActionButton;
use super::dialog::Dialog;
use super::icon::Icon;
use super::keep_focus_in_view;

/// The button that leads from a page back to the list it replaced; returns whether it was pressed. It gets
/// the focus of a widget that is gone, as the list is not drawn.
pub fn back_ui(ui: &mut Ui) -> bool {
    let back = ui.add(ActionButton::new("Back to the list").icon(Icon::Undo));
    Dialog::set_focus_home(ui.ctx(), back.id);
    back.clicked()
}

/// Shows `title`, and `add` below it, at most `width` points wide.
pub fn page_ui(ui: &mut Ui, width: f32, title: &str, add: impl FnOnce(&mut Ui)) {
    keep_focus_in_view(ui.ctx());
    let tokens = ui.tokens();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let margin = ((ui.available_width() - width) / 2.0).max(0.0);
        ui.horizontal_top(|ui| {
            ui.add_space(margin);
            ui.vertical(|ui| {
                ui.set_max_width(width.min(ui.available_width()));
                ui.add_space(tokens.space.m);
                ui.label(RichText::new(title).text_style(text::device()));
                add(ui);
                ui.add_space(tokens.space.l);
            });
        });
    });
}
