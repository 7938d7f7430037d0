//! The strip at the top that shows the mode.

use egui::{
    Frame, Margin, Painter, Rect, Response, Sense, Shape, Stroke, Ui, UiBuilder, Vec2, WidgetInfo,
    accesskit,
};

use super::super::theme::{Tokens, TokensExt as _, text, tokens::Pattern};
use super::text_width;

/// Margin beside a plate's text, in points.
const PLATE_MARGIN: f32 = 6.0;

/// Look of the strip, one per mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(strum::VariantArray))]
pub enum StripLook {
    /// Plain: a real tenant.
    Live,
    /// Diagonal stripes: the built-in tenant.
    Demo,
    /// Upright lines: a stand-in server.
    StandIn,
}

impl StripLook {
    fn pattern(self, tokens: &Tokens) -> Pattern {
        match self {
            Self::Live => Pattern {
                ground: tokens.surface.raised,
                mark: tokens.surface.raised,
                text: tokens.text,
            },
            Self::Demo => tokens.demo,
            Self::StandIn => tokens.stand_in,
        }
    }
}

/// Shows the strip across the available width, with `content` in a row on it.
pub fn strip_ui<R>(ui: &mut Ui, look: StripLook, content: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = ui.tokens();
    let size = Vec2::new(ui.available_width(), tokens.height.strip);
    let (_, rect) = ui.allocate_space(size);
    paint_strip(ui.painter(), rect, look, tokens);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let inside = rect.shrink2(Vec2::new(tokens.space.s, 0.0));
    let builder = UiBuilder::new().max_rect(inside).layout(layout);
    ui.scope_builder(builder, |ui| {
        let pattern = look.pattern(tokens);
        let visuals = ui.visuals_mut();
        visuals.override_text_color = Some(pattern.text);
        visuals.panel_fill = pattern.ground;
        if look == StripLook::Demo {
            // The usual ring would be hard to see on the stripes.
            visuals.widgets.active.bg_stroke = Stroke::new(tokens.focus_width, pattern.text);
        }
        content(ui)
    })
    .inner
}

/// Width of the plate of `text`.
pub fn plate_width(ui: &Ui, text: &str) -> f32 {
    let font = text::strong().resolve(ui.style());
    text_width(ui, text, &font) + 2.0 * PLATE_MARGIN
}

/// Shows `text` on a plate that covers the pattern, at most `max` points wide: longer text is elided, with
/// the full text as accessible name.
pub fn strip_plate_ui(ui: &mut Ui, look: StripLook, text: &str, max: f32) -> Response {
    let tokens = ui.tokens();
    let pattern = look.pattern(tokens);
    let words = egui::RichText::new(text).text_style(text::strong());
    let words = egui::WidgetText::from(words.color(pattern.text));
    let room = (max - 2.0 * PLATE_MARGIN).max(0.0);
    let wrap = Some(egui::TextWrapMode::Truncate);
    let galley = words.into_galley(ui, wrap, room, egui::TextStyle::Body);
    let size = Vec2::new(galley.size().x + 2.0 * PLATE_MARGIN, tokens.height.target);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, text));
    if ui.is_rect_visible(rect) {
        ui.painter()
            .rect_filled(rect, tokens.radius, pattern.ground);
        let at = rect.center() - galley.size() / 2.0;
        ui.painter().galley(at, galley, pattern.text);
    }
    response
}

/// Shows `content` on a plate of the normal background, where badges and buttons keep their colours.
pub fn strip_well_ui<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = ui.tokens();
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let size = Vec2::new(ui.available_width(), tokens.height.control);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        Frame::new()
            .fill(tokens.surface.panel)
            .corner_radius(tokens.radius)
            .inner_margin(Margin::symmetric(6, 2))
            .show(ui, |ui| {
                let usual = ui.ctx().global_style();
                *ui.visuals_mut() = usual.visuals.clone();
                content(ui)
            })
            .inner
    })
    .inner
}

/// Paints the background and the pattern of the strip.
fn paint_strip(painter: &Painter, rect: Rect, look: StripLook, tokens: &Tokens) {
    let Pattern { ground, mark, .. } = look.pattern(tokens);
    let painter = painter.with_clip_rect(painter.clip_rect().intersect(rect));
    painter.rect_filled(rect, 0.0, ground);
    match look {
        StripLook::Live => {
            let line = Stroke::new(tokens.border_width, tokens.border);
            painter.hline(rect.x_range(), rect.bottom() - 0.5, line);
        }
        StripLook::Demo => {
            let (step, lean) = (24.0, rect.height());
            painter.extend(starts(rect.left() - lean, rect.right(), step).map(|left| {
                let right = left + step / 2.0;
                let points = vec![
                    egui::pos2(left, rect.bottom()),
                    egui::pos2(right, rect.bottom()),
                    egui::pos2(right + lean, rect.top()),
                    egui::pos2(left + lean, rect.top()),
                ];
                Shape::convex_polygon(points, mark, Stroke::NONE)
            }));
        }
        StripLook::StandIn => {
            let stroke = Stroke::new(2.0, mark);
            for x in starts(rect.left(), rect.right(), tokens.space.s) {
                painter.vline(x, rect.y_range(), stroke);
            }
        }
    }
}

fn starts(from: f32, to: f32, step: f32) -> impl Iterator<Item = f32> {
    std::iter::successors(Some(from), move |x| Some(x + step)).take_while(move |x| *x < to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_cover_the_strip_and_end() {
        assert_eq!(starts(-1.0, 3.0, 2.0).collect::<Vec<_>>(), [-1.0, 1.0]);
        assert_eq!(starts(0.0, 0.0, 2.0).count(), 0);
    }
}
