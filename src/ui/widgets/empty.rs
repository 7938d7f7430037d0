//! Empty state of a list.

use egui::{RichText, Ui};

use super::super::theme::{TokensExt as _, text};
use super::UiExt as _;

/// Shows, centred in the available room, what the list would contain and how to fill it.
pub fn empty_state_ui(ui: &mut Ui, headline: &str, how: &str) {
    let space = ui.tokens().space.l;
    ui.vertical_centered(|ui| {
        ui.add_space(space);
        ui.label(RichText::new(headline).text_style(text::section()));
        ui.weak_label(how);
        ui.add_space(space);
    });
}
