//! The focus ring, and the target of a focus that would be lost.

use egui::text_edit::TextEditState;
use egui::{
    Context, Event, Id, Key, LayerId, Modifiers, Order, Plugin, Popup, RawInput, Rect, Response,
    Stroke, StrokeKind, Ui, accesskit,
};

use super::super::theme::TokensExt as _;
use super::dialog::Dialog;

/// Maximum vertical distance to the next row of a list, in points.
const NEAR: f32 = 96.0;

/// Paints the ring around `rect` if `response` has the focus.
///
/// The colours come from the visuals rather than the tokens, so that the strip can change them
/// to ones that stand out from its pattern.
pub(super) fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if !response.has_focus() {
        return;
    }
    let tokens = ui.tokens();
    let visuals = ui.visuals();
    let ring = visuals.widgets.active.bg_stroke;
    // A gap in the background colour separates the ring from a filled button.
    let gap = Stroke::new(1.0, visuals.panel_fill);
    let painter = ui.painter();
    painter.rect_stroke(rect, tokens.radius, gap, StrokeKind::Outside);
    painter.rect_stroke(rect.expand(1.0), tokens.radius, ring, StrokeKind::Outside);
}

/// Scrolls to a newly focused widget that is out of view, which egui does not do.
#[derive(Default)]
struct FocusInView {
    known: Option<Id>,
}

impl Plugin for FocusInView {
    fn debug_name(&self) -> &'static str {
        "focus in view"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        let focused = ctx.memory(egui::Memory::focused);
        if std::mem::replace(&mut self.known, focused) == focused {
            return;
        }
        // A clicked widget is visible, and must not move under the pointer.
        let by_pointer = ctx.input(|input| input.pointer.any_down() || input.pointer.any_click());
        let Some(id) = focused.filter(|_| !by_pointer) else {
            return;
        };
        let is_cut = ctx
            .read_response(id)
            .is_some_and(|response| !response.interact_rect.contains_rect(response.rect));
        if is_cut {
            let request = accesskit::ActionRequest {
                action: accesskit::Action::ScrollIntoView,
                target_tree: accesskit::TreeId::ROOT,
                target_node: id.accesskit_id(),
                data: None,
            };
            input.events.push(Event::AccessKitActionRequest(request));
        }
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        // The new focus is handled in the next pass, so request one.
        if ui.memory(egui::Memory::focused) != self.known {
            ui.ctx().request_repaint();
        }
    }
}

/// Scrolls to the focused widget as needed; call it in each frame.
pub fn keep_focus_in_view(ctx: &Context) {
    let _ = ctx.plugin_or_default::<FocusInView>();
}

/// Consumes the Esc that leaves a page, but not one that only leaves a text field or closes a popup. Call
/// it before widgets that may consume it are drawn.
pub fn take_escape(ctx: &Context) -> bool {
    // egui has already taken the focus from the field.
    let before = ctx.plugin_or_default::<FocusInView>().lock().known;
    let was_field = before.is_some_and(|id| TextEditState::load(ctx, id).is_some());
    !was_field
        && !ctx.text_edit_focused()
        && !Popup::is_any_open(ctx)
        && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
}

/// A button as drawn.
#[derive(Clone, Copy)]
struct Drawn {
    id: Id,
    layer: LayerId,
    rect: Rect,
    passes_on: bool,
    has_arm_delay: bool,
}

/// Moves the focus to the nearest button when the focused one is gone, such as with its row. Never to one
/// that acts on another row: the same key may be pressed again.
#[derive(Default)]
struct FocusHeir {
    /// The buttons of this pass.
    drawn: Vec<Drawn>,
    /// The button focused in the pass before.
    focused: Option<Drawn>,
    /// Buttons of the pass before that act on their row.
    acting: Vec<Id>,
    /// The button pressed last, and the pass.
    pressed: Option<(Id, u64)>,
}

impl Plugin for FocusHeir {
    fn debug_name(&self) -> &'static str {
        "focus heir"
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        let drawn = std::mem::take(&mut self.drawn);
        let acting = drawn.iter().filter(|button| button.has_arm_delay);
        self.acting = acting.map(|button| button.id).collect();
        let focused = ui.memory(egui::Memory::focused);
        let known = |id: Id| drawn.iter().find(|button| button.id == id).copied();
        let before = std::mem::replace(&mut self.focused, focused.and_then(known));
        let Some(lost) = before
            .filter(|lost| lost.passes_on && focused == Some(lost.id) && known(lost.id).is_none())
        else {
            return;
        };
        let distance = |button: &Drawn| button.rect.min.distance(lost.rect.min);
        let is_in_near_row = |button: &Drawn| (button.rect.min.y - lost.rect.min.y).abs() <= NEAR;
        let is_page = lost.layer.order == Order::Background;
        // In a dialog the focus stays in the list, away from the confirm button.
        let is_heir = |button: &&Drawn| {
            let is_safe = !is_page || is_in_near_row(button) && !button.has_arm_delay;
            button.layer == lost.layer && button.passes_on && is_safe
        };
        let nearest = |one: &&Drawn, other: &&Drawn| distance(one).total_cmp(&distance(other));
        let near = drawn.iter().filter(is_heir).min_by(nearest);
        let home = is_page.then(|| Dialog::focus_home(ui.ctx())).flatten();
        // The list is not on every page: there, the next button that does not act is focused.
        let home = home.filter(|home| ui.ctx().read_response(*home).is_some());
        let is_harmless = |button: &&Drawn| button.layer == lost.layer && !button.has_arm_delay;
        let rest = drawn.iter().filter(is_harmless).min_by(nearest);
        let heir = near.or(rest.filter(|_| is_page && home.is_none()));
        self.focused = heir.copied();
        if let Some(to) = heir.map(|heir| heir.id).or(home) {
            ui.memory_mut(|memory| memory.request_focus(to));
            ui.ctx().request_repaint();
        }
    }
}

/// Notes that a button was drawn. `passes_on` is whether the focus moves on when it is gone,
/// `has_arm_delay` whether it acts, which rules it out as a target.
pub(super) fn note_button(ui: &Ui, id: Id, rect: Rect, passes_on: bool, has_arm_delay: bool) {
    let heir = ui.ctx().plugin_or_default::<FocusHeir>();
    heir.lock().drawn.push(Drawn {
        id,
        layer: ui.layer_id(),
        rect,
        passes_on,
        has_arm_delay,
    });
}

/// Records that a button was pressed.
pub(super) fn note_pressed(ctx: &Context, id: Id) {
    let heir = ctx.plugin_or_default::<FocusHeir>();
    heir.lock().pressed = Some((id, ctx.cumulative_pass_nr()));
}

/// Whether the focus is on a button that acts on its row and was not pressed just now. A dialog that a key opens
/// concerns the shown device, which may be another one.
pub fn acts_on_other_row(ctx: &Context) -> bool {
    /// Passes from a press to the dialog that it opens.
    const LATEST: u64 = 3;
    let Some(id) = ctx.memory(egui::Memory::focused) else {
        return false;
    };
    let heir = ctx.plugin_or_default::<FocusHeir>();
    let heir = heir.lock();
    let is_pressed = heir.pressed.is_some_and(|(pressed, pass)| {
        pressed == id && pass.saturating_add(LATEST) >= ctx.cumulative_pass_nr()
    });
    !is_pressed && heir.acting.contains(&id)
}
