//! Warnings before closing, leaving or signing out.

use egui::{RichText, Ui};

use super::theme::text;
use crate::ui::widgets::UiExt as _;

/// Something that would be ended or lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    pub what: String,
    pub consequence: &'static str,
}

/// Draws the concerns that a dialog's title does not name.
pub fn concerns_ui(ui: &mut Ui, concerns: &[Concern]) {
    for (n, concern) in concerns.iter().enumerate() {
        if n > 0 {
            ui.wrapped(RichText::new(&concern.what).text_style(text::strong()));
        }
        ui.wrapped(concern.consequence);
    }
}
