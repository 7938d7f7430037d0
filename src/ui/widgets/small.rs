//! A line that is read when somebody wants to know more.

use egui::{Label, RichText, TextStyle, Ui};

use super::super::theme::TokensExt as _;

/// A line in small type without weight.
pub fn small_ui(ui: &mut Ui, line: &str) {
    let line = RichText::new(line).text_style(TextStyle::Small);
    ui.add(Label::new(line.color(ui.tokens().text_weak)).wrap());
}
