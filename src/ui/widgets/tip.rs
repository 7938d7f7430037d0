//! What a button says about itself, beside it and never over another one.

use std::sync::Arc;

use egui::{Context, Rect, RectAlign, Response, Tooltip, Vec2, WidgetText};

/// Where a tip may stand, the best place first.
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

/// The buttons of this pass and of the one before.
#[derive(Clone, Default)]
struct Buttons {
    pass: u64,
    present: Vec<Rect>,
    before: Arc<[Rect]>,
}

/// Remembers where a button is, so that no tip covers it.
pub(super) fn keep_clear(ctx: &Context, rect: Rect) {
    let pass = ctx.cumulative_pass_nr();
    ctx.data_mut(|data| {
        let buttons = data.get_temp_mut_or_default::<Buttons>(egui::Id::NULL);
        if buttons.pass != pass {
            buttons.pass = pass;
            buttons.before = std::mem::take(&mut buttons.present).into();
        }
        buttons.present.push(rect);
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
    if unasked && response.has_focus() && !response.hovered() && !is_behind_dialog(&response) {
        let mut tip = Tooltip::for_widget(&response);
        let size = tip
            .popup
            .get_expected_size()
            .unwrap_or(Vec2::new(240.0, 40.0));
        let place = free_place(&response.ctx, response.rect, size);
        tip.popup = tip.popup.align(place).align_alternatives(&[]);
        tip.gap(GAP).show(|ui| {
            ui.label(more);
        });
        response
    } else {
        response.tip(more)
    }
}

/// The first place that is in the window and covers no other button, else the one that covers the
/// fewest.
fn free_place(ctx: &Context, beside: Rect, size: Vec2) -> RectAlign {
    let buttons = ctx.data(|data| data.get_temp::<Buttons>(egui::Id::NULL));
    let before = buttons.map(|buttons| buttons.before).unwrap_or_default();
    let window = ctx.content_rect();
    let covered = |place: &RectAlign| {
        let tip = place.align_rect(&beside, size, GAP);
        let buttons = before
            .iter()
            .filter(|rect| **rect != beside && rect.shrink(1.0).intersects(tip));
        // Out of the window it would be moved back, over what nobody can tell.
        buttons.count() + if window.contains_rect(tip) { 0 } else { 1000 }
    };
    let mut places = PLACES.into_iter();
    let best = places.by_ref().min_by_key(covered);
    best.unwrap_or(RectAlign::BOTTOM_START)
}
