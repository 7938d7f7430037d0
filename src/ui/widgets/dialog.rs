//! The frame of a modal dialog.

use egui::{
    Align2, Context, Frame, Id, Key, LayerId, Margin, Modal, Modifiers, Order, Plugin, Popup,
    RichText, Stroke, Ui, accesskit, vec2,
};

use super::super::theme::{TokensExt as _, text};
use super::UiExt as _;

/// In a window lower or narrower than this, in points, a dialog takes nearly all of it.
const SMALL: egui::Vec2 = vec2(520.0, 520.0);

/// A modal dialog. Only its buttons and Esc close it, never a click beside it.
#[derive(Clone, Debug)]
#[must_use = "show it with `show`"]
pub struct Dialog<'a> {
    id: Id,
    title: &'a str,
    description: &'a str,
    role: accesskit::Role,
    shows_title: bool,
    has_opener: bool,
    width: Option<f32>,
}

/// Result of a dialog's frame.
#[derive(Debug)]
pub struct DialogResponse<R> {
    /// Return value of the content.
    pub inner: R,
    /// Whether Esc was pressed.
    pub close_requested: bool,
}

/// The widget that had the focus before a dialog, and when the dialog was last drawn.
#[derive(Clone, Copy, Default)]
struct Opener {
    focused: Option<Id>,
    seen_at_pass: u64,
}

/// Returns the focus once a dialog has closed: egui allows none behind an open one.
#[derive(Default)]
struct ReturningFocus {
    pending: Option<(LayerId, Id)>,
    /// Target of the focus if the opener is gone.
    home: Option<Id>,
}

impl Plugin for ReturningFocus {
    fn debug_name(&self) -> &'static str {
        "returning focus"
    }

    fn on_begin_pass(&mut self, ui: &mut Ui) {
        let Some((dialog, opener)) = self.pending else {
            return;
        };
        if ui.memory(|memory| memory.top_modal_layer() == Some(dialog)) {
            ui.ctx().request_repaint();
        } else {
            // A widget that is no longer drawn would lose the focus.
            let is_drawn = ui.ctx().read_response(opener).is_some();
            let home = self.home.filter(|_| !is_drawn);
            ui.memory_mut(|memory| memory.request_focus(home.unwrap_or(opener)));
            self.pending = None;
        }
    }
}

impl<'a> Dialog<'a> {
    /// A dialog; `title` is shown at its top and is its accessible name.
    pub fn new(id: Id, title: &'a str) -> Self {
        Self {
            id,
            title,
            description: "",
            role: accesskit::Role::AlertDialog,
            shows_title: true,
            has_opener: true,
            width: None,
        }
    }

    /// Sets the accessible description, read after the title: the consequence in one sentence.
    pub fn description(mut self, description: &'a str) -> Self {
        self.description = description;
        self
    }

    /// Hides the title from the screen, if there is no room for the line; screen readers still get it.
    pub fn without_title(mut self) -> Self {
        self.shows_title = false;
        self
    }

    /// Sets its width, margins included, as far as the window has room.
    pub fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }

    /// Returns the focus to the page instead of the widget that has it when the dialog opens, if `is_unrelated`.
    pub fn without_opener(mut self, is_unrelated: bool) -> Self {
        self.has_opener = !is_unrelated;
        self
    }

    /// Makes it a plain dialog, without a warning.
    pub fn plain(mut self) -> Self {
        self.role = accesskit::Role::Dialog;
        self
    }

    /// Whether the coming `show` is the first since the dialog was closed: the moment to set the focus.
    #[must_use]
    pub fn is_opening(&self, ctx: &Context) -> bool {
        let pass = ctx.cumulative_pass_nr();
        ctx.data(|data| data.get_temp::<Opener>(self.id))
            .is_none_or(|opener| opener.seen_at_pass.saturating_add(1) < pass)
    }

    /// Returns the focus to the widget that had it before the dialog `id`; call it when closing.
    pub fn return_focus(ctx: &Context, id: Id) {
        let opener = ctx.data_mut(|data| data.remove_temp::<Opener>(id));
        let returning = ctx.plugin_or_default::<ReturningFocus>();
        let mut returning = returning.lock();
        let focused = opener.and_then(|opener| opener.focused).or(returning.home);
        if let Some(focused) = focused {
            returning.pending = Some((LayerId::new(Order::Foreground, id), focused));
            ctx.request_repaint();
        }
    }

    /// Sets the target of the focus after a dialog whose opener is gone.
    pub fn set_focus_home(ctx: &Context, home: Id) {
        ctx.plugin_or_default::<ReturningFocus>().lock().home = Some(home);
    }

    /// Default target of the focus.
    pub fn focus_home(ctx: &Context) -> Option<Id> {
        ctx.plugin_or_default::<ReturningFocus>().lock().home
    }

    /// Height for the content of a dialog in this window, below a title of one line. A dialog with fixed
    /// buttons scrolls the rest within this height minus the buttons'.
    #[must_use]
    pub fn room(ctx: &Context) -> f32 {
        let tokens = ctx.tokens();
        Self::height(ctx) - tokens.size.section - tokens.space.m
    }

    /// Height left below the content drawn so far, including the title. Call it with the whole content's
    /// `Ui`, not a part's.
    #[must_use]
    pub fn rest(ui: &Ui) -> f32 {
        let drawn = ui.cursor().top() - ui.min_rect().top();
        // Layout rounds to whole points.
        (Self::height(ui.ctx()) - drawn - 1.0).max(0.0)
    }

    /// Whether the window is so small that a dialog has to save room.
    #[must_use]
    pub fn is_small(ctx: &Context) -> bool {
        let size = ctx.content_rect().size();
        size.x < SMALL.x || size.y < SMALL.y
    }

    /// Distance of the dialog from the window's upper edge, independent of its content, so that nothing
    /// moves under the pointer.
    fn top(ctx: &Context) -> f32 {
        let tokens = ctx.tokens();
        if Self::is_small(ctx) {
            tokens.space.xs
        } else {
            // The strip stays visible: mode and tenant.
            tokens.height.strip + tokens.space.s
        }
    }

    fn margin(ctx: &Context) -> Margin {
        Margin::same(if Self::is_small(ctx) { 8 } else { 16 })
    }

    fn height(ctx: &Context) -> f32 {
        let below = if Self::is_small(ctx) {
            ctx.tokens().space.xs
        } else {
            ctx.tokens().space.l
        };
        let frame = Self::margin(ctx).sum().y + 2.0 * ctx.tokens().border_width;
        (ctx.content_rect().height() - Self::top(ctx) - below - frame).max(0.0)
    }

    /// Shows the dialog above everything else, scrolling if it does not fit. Closes any open popup.
    pub fn show<R>(self, ctx: &Context, content: impl FnOnce(&mut Ui) -> R) -> DialogResponse<R> {
        if self.is_opening(ctx) {
            // A popup that stays open after a key chose from it would get the dialog's keys.
            Popup::close_all(ctx);
        }
        self.remember_opener(ctx);
        let tokens = ctx.tokens();
        let area = Modal::default_area(self.id)
            .anchor(Align2::CENTER_TOP, vec2(0.0, Self::top(ctx)))
            .role(self.role)
            .accessible_name(self.title);
        let frame = Frame::new()
            .fill(tokens.surface.panel)
            .stroke(Stroke::new(tokens.border_width, tokens.border))
            .corner_radius(tokens.radius)
            .shadow(ctx.global_style().visuals.window_shadow)
            .inner_margin(Self::margin(ctx));
        let beside = if Self::is_small(ctx) {
            tokens.space.xs
        } else {
            tokens.space.l
        };
        let room = ctx.content_rect().width() - 2.0 * beside;
        let wanted = self.width.unwrap_or(tokens.dialog_width);
        let width = wanted.min(room) - Self::margin(ctx).sum().x;
        let height = Self::height(ctx);
        let modal = Modal::new(self.id)
            .area(area)
            .frame(frame)
            .backdrop_color(tokens.backdrop)
            .show(ctx, |ui| {
                ui.set_width(width);
                // The area offers only the height that the dialog had before.
                ui.set_max_height(height);
                egui::ScrollArea::vertical()
                    .max_height(height)
                    .show(ui, |ui| {
                        ui.set_width(ui.available_width());
                        if self.shows_title {
                            ui.wrapped(RichText::new(self.title).text_style(text::section()));
                        }
                        content(ui)
                    })
                    .inner
            });
        ctx.accesskit_node_builder(self.id, |node| {
            node.set_modal();
            if !self.description.is_empty() {
                node.set_description(self.description);
            }
        });
        // `ModalResponse::should_close` would also count a click beside the dialog.
        let close_requested = modal.is_top_modal
            && !modal.any_popup_open
            && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        DialogResponse {
            inner: modal.inner,
            close_requested,
        }
    }

    /// Shows the dialog until `content`, which gets whether it is opening, or Esc closes it; returns
    /// whether it stays open.
    pub fn show_until(self, ctx: &Context, content: impl FnOnce(&mut Ui, bool) -> bool) -> bool {
        let (id, is_opening) = (self.id, self.is_opening(ctx));
        let response = self.show(ctx, |ui| content(ui, is_opening));
        let stays = !response.inner && !response.close_requested;
        if !stays {
            Self::return_focus(ctx, id);
        }
        stays
    }

    fn remember_opener(&self, ctx: &Context) {
        let focused = if self.is_opening(ctx) {
            let focused = ctx.memory(egui::Memory::focused);
            focused.filter(|_| self.has_opener)
        } else {
            ctx.data(|data| data.get_temp::<Opener>(self.id))
                .and_then(|opener| opener.focused)
        };
        let opener = Opener {
            focused,
            seen_at_pass: ctx.cumulative_pass_nr(),
        };
        ctx.data_mut(|data| data.insert_temp(self.id, opener));
    }
}
