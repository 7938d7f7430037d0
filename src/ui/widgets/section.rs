//! Sections of a panel: headings, and a raised background.

use egui::{Frame, Margin, Panel, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo, accesskit};

use super::super::theme::{TokensExt as _, text};

/// Shows `title` between a short and a long line, as a heading.
pub fn section_ui(ui: &mut Ui, title: &str) -> Response {
    let tokens = ui.tokens();
    let font = text::section().resolve(ui.style());
    let lead = tokens.space.m;
    let gap = tokens.space.s;
    let room = (ui.available_width() - lead - gap).max(0.0);
    let galley = ui
        .painter()
        .layout(title.to_owned(), font, tokens.text, room);
    let size = Vec2::new(ui.available_width(), galley.size().y.max(tokens.height.row));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Heading, true, title));
    if ui.is_rect_visible(rect) {
        let line = Stroke::new(tokens.border_width, tokens.border);
        let start = rect.left() + lead + gap;
        let end = start + galley.size().x + gap;
        let y = rect.center().y;
        let painter = ui.painter();
        painter.hline(rect.left()..=rect.left() + lead, y, line);
        if end < rect.right() {
            painter.hline(end..=rect.right(), y, line);
        }
        let at = egui::pos2(start, y - galley.size().y / 2.0);
        painter.galley(at, galley, tokens.text);
    }
    response
}

/// Background of a raised part of a panel.
pub fn raised_frame(ui: &Ui) -> Frame {
    Frame::new()
        .fill(ui.tokens().surface.raised)
        .inner_margin(Margin::symmetric(8, 4))
}

/// Shows a raised part across the available width.
pub fn raised_ui<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let shown = raised_frame(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        add(ui)
    });
    shown.inner
}

/// Shows a raised line above everything drawn after it.
pub fn top_panel_ui<R>(ui: &mut Ui, id: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    let panel = Panel::top(id).frame(raised_frame(ui));
    panel.show(ui, add).inner
}

/// A part of the window that is drawn after the parts below or beside it.
pub struct Reserved {
    pub whole: Rect,
    /// Its rectangle, without margins.
    pub room: Rect,
}

/// Reserves the room of a panel, to be drawn into later.
pub fn reserve(ui: &mut Ui, panel: Panel) -> Reserved {
    // The splitter draws its edge: egui's would take the focus invisibly.
    let panel = panel.resizable(false).show(ui, |ui| {
        let room = ui.max_rect();
        ui.allocate_rect(room, Sense::hover());
        room
    });
    Reserved {
        whole: panel.response.rect,
        room: panel.inner,
    }
}
