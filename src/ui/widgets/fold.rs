//! Foldable parts.

use egui::{Response, Sense, TextStyle, Ui, WidgetInfo, accesskit};

use super::{
    super::theme::TokensExt as _,
    focus::focus_ring,
    icon::{Icon, paint_icon},
};

/// Shows `label`, and `content` below it while unfolded.
pub fn foldable_ui(ui: &mut Ui, label: &str, content: impl FnOnce(&mut Ui)) {
    let id = ui.scope_id().with((label, "unfolded"));
    let mut is_open = ui.data(|data| data.get_temp(id)).unwrap_or(false);
    if fold_ui(ui, label, is_open).clicked() {
        is_open = !is_open;
        ui.data_mut(|data| data.insert_temp(id, is_open));
    }
    if is_open {
        content(ui);
    }
}

/// A heading that shows whether the content below it is folded.
pub fn fold_ui(ui: &mut Ui, label: &str, is_open: bool) -> Response {
    let tokens = ui.tokens();
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui
        .painter()
        .layout_no_wrap(label.to_owned(), font, tokens.text_weak);
    let icon_side = tokens.height.icon;
    let size = egui::vec2(
        icon_side + tokens.space.xs + galley.size().x,
        tokens.height.target,
    );
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::DisclosureTriangle, true, label));
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_expanded(is_open));
    if ui.is_rect_visible(rect) {
        focus_ring(ui, &response, rect);
        let mark = if is_open {
            Icon::Unfolded
        } else {
            Icon::Folded
        };
        let icon_rect =
            egui::Align2::LEFT_CENTER.align_size_within_rect(egui::Vec2::splat(icon_side), rect);
        paint_icon(ui.painter(), icon_rect, mark, tokens.text_weak);
        let at = egui::pos2(
            rect.left() + icon_side + tokens.space.xs,
            rect.center().y - galley.size().y / 2.0,
        );
        ui.painter().galley(at, galley, tokens.text_weak);
    }
    response
}
