//! Empty state of a list.

use egui::{RichText, Ui};

use super::UiExt as _;
use super::{
    super::theme::{TokensExt as _, text},
    button::{ActionButton, ButtonStyle},
};

/// Says what would be here, and how to get it.
#[derive(Clone, Copy, Debug)]
pub struct EmptyState<'a> {
    /// The missing content.
    pub headline: &'a str,
    /// The way to get it.
    pub how: &'a str,
    /// The label of the button that gets it, where one does.
    pub action: Option<&'a str>,
}

impl EmptyState<'_> {
    /// Shows it in the middle of what room there is; tells whether the button was clicked.
    pub fn show_ui(self, ui: &mut Ui) -> bool {
        let tokens = ui.tokens();
        ui.vertical_centered(|ui| {
            ui.add_space(tokens.space.l);
            ui.label(RichText::new(self.headline).text_style(text::section()));
            ui.weak_label(self.how);
            let clicked = self.action.is_some_and(|label| {
                ui.add_space(tokens.space.s);
                ui.add(ActionButton::new(label).style(ButtonStyle::Secondary))
                    .clicked()
            });
            ui.add_space(tokens.space.l);
            clicked
        })
        .inner
    }
}
