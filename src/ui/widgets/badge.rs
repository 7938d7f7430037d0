//! An icon, a word and a colour with the same meaning.

use egui::{Color32, Response, RichText, Sense, TextStyle, Ui, Vec2, WidgetInfo, accesskit};

use super::UiExt as _;
use super::{
    super::theme::{Role, TokensExt as _, text},
    icon::{Icon, icon, paint_icon},
};

/// Shows `text` behind its icon, in the colour of `role`; its accessible name is `text`.
pub fn badge(ui: &mut Ui, icon: Icon, role: Role, text: &str) -> Response {
    let tokens = ui.tokens();
    let colour = tokens.colour(role);
    let icon_side = tokens.height.icon;
    let gap = tokens.space.xs;
    let room = (ui.available_width() - icon_side - gap).max(0.0);
    let font = TextStyle::Body.resolve(ui.style());
    let galley = ui.painter().layout(text.to_owned(), font, colour, room);
    let size = Vec2::new(
        icon_side + gap + galley.size().x,
        icon_side.max(galley.size().y),
    );
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, text));
    if ui.is_rect_visible(rect) {
        let icon_rect =
            egui::Align2::LEFT_CENTER.align_size_within_rect(Vec2::splat(icon_side), rect);
        paint_icon(ui.painter(), icon_rect, icon, colour);
        let at = egui::pos2(
            rect.left() + icon_side + gap,
            rect.center().y - galley.size().y / 2.0,
        );
        ui.painter().galley(at, galley, colour);
    }
    response
}

/// A badge that screen readers announce when it appears or changes.
pub fn live_badge(ui: &mut Ui, icon: Icon, role: Role, text: &str) -> Response {
    let response = badge(ui, icon, role, text);
    ui.announce(&response);
    response
}

/// Starts a line with an icon and emphasised words in its colour.
pub fn headline_ui(ui: &mut Ui, shape: Icon, colour: Color32, words: &str) {
    icon(ui, shape, colour);
    let words = RichText::new(words).text_style(text::strong());
    ui.label(words.color(colour));
}
