//! Tips of buttons, placed beside them and never over another button, nor over an id that is being
//! read.

use std::sync::Arc;

use egui::{Context, Rect, RectAlign, Response, Tooltip, Vec2, WidgetText};

/// Positions of a tip, the best first.
const PLACES: [RectAlign; 8] = [
    RectAlign::BOTTOM_START,
    RectAlign::TOP_START,
    RectAlign::RIGHT,
    RectAlign::LEFT,
    RectAlign::BOTTOM_END,
    RectAlign::TOP_END,
    RectAlign::RIGHT_START,
    RectAlign::LEFT_START,
];
const GAP: f32 = 4.0;

/// Adds what hovering shows. The only way to a tip: those behind a dialog stay away.
pub trait TipExt {
    /// Shows `text` while the pointer rests here, unless a dialog lies over it.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "most callers have no more use for it, as with egui's own"
    )]
    fn tip(self, text: impl Into<WidgetText>) -> Self;
}

impl TipExt for Response {
    #[expect(clippy::disallowed_methods, reason = "the one place that shows a tip")]
    fn tip(self, text: impl Into<WidgetText>) -> Self {
        // egui keeps a tip that is open when a key opens a dialog, and draws it over the dialog.
        if is_behind_dialog(&self) {
            self
        } else {
            self.on_hover_text(text)
        }
    }
}

fn is_behind_dialog(response: &Response) -> bool {
    let layer = response.layer_id;
    !response
        .ctx
        .memory(|memory| memory.is_above_modal_layer(layer))
}

/// Rectangles that no tip may cover, of this pass and the one before.
#[derive(Clone, Default)]
struct ProtectedRects {
    pass: u64,
    present: Vec<(Rect, usize)>,
    before: Arc<[(Rect, usize)]>,
}

/// Weight of an id relative to a button: a person compares it before acting.
const ID_WEIGHT: usize = 10;

/// Remembers where a button is, so that no tip covers it.
pub(super) fn keep_clear(ctx: &Context, rect: Rect) {
    keep(ctx, rect, 1);
}

/// Remembers where the name or the id of a device is read, so that no tip covers it.
pub fn keep_readable(ctx: &Context, rect: Rect) {
    keep(ctx, rect, ID_WEIGHT);
}

fn keep(ctx: &Context, rect: Rect, weight: usize) {
    let pass = ctx.cumulative_pass_nr();
    ctx.data_mut(|data| {
        let protected = data.get_temp_mut_or_default::<ProtectedRects>(egui::Id::NULL);
        if protected.pass != pass {
            protected.pass = pass;
            protected.before = std::mem::take(&mut protected.present).into();
        }
        protected.present.push((rect, weight));
    });
}

/// Makes `more` reachable by hovering, by focus, and by a screen reader.
///
/// Only a button that does not do as expected says it `unasked`, and only to the keyboard: a tip that
/// stays after a click covers what is wanted next.
pub(super) fn explained(response: Response, more: &str, unasked: bool) -> Response {
    response
        .ctx
        .accesskit_node_builder(response.id, |node| node.set_description(more));
    if is_behind_dialog(&response) {
        return response;
    }
    let tip = if response.hovered() {
        Tooltip::for_enabled(&response)
    } else if unasked && response.has_focus() {
        Tooltip::for_widget(&response)
    } else {
        return response;
    };
    tip_ui(tip, &response, more);
    response
}

/// Shows the tip of a button where it covers least.
fn tip_ui(mut tip: Tooltip<'_>, response: &Response, more: &str) {
    let size = tip.popup.get_expected_size();
    let size = size.unwrap_or(Vec2::new(240.0, 40.0));
    let place = free_place(&response.ctx, response.rect, size);
    tip.popup = tip.popup.align(place).align_alternatives(&[]);
    tip.gap(GAP).show(|ui| {
        ui.label(more);
    });
}

/// The first place that is in the window and covers nothing that is kept clear, else the one that covers
/// the least of it.
fn free_place(ctx: &Context, beside: Rect, size: Vec2) -> RectAlign {
    let protected = ctx.data(|data| data.get_temp::<ProtectedRects>(egui::Id::NULL));
    let before = protected
        .map(|protected| protected.before)
        .unwrap_or_default();
    let window = ctx.content_rect();
    let covered = |place: &RectAlign| {
        let tip = place.align_rect(&beside, size, GAP);
        let protected = before
            .iter()
            .filter(|(rect, _)| *rect != beside && rect.shrink(1.0).intersects(tip));
        // Out of the window it would be moved back, over what nobody can tell.
        let outside = if window.contains_rect(tip) { 0 } else { 1000 };
        protected.map(|(_, weight)| weight).sum::<usize>() + outside
    };
    let mut places = PLACES.into_iter();
    let best = places.by_ref().min_by_key(covered);
    best.unwrap_or(RectAlign::BOTTOM_START)
}
