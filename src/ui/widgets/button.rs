//! Buttons that explain why they are disabled.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Color32, FontId, Galley, Id, Rect, Response, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2,
    Widget, WidgetInfo, accesskit, response::Flags,
};

use super::UiExt as _;
use super::{
    super::theme::{Tokens, TokensExt as _, text},
    arming::has_just_moved,
    elide::elided,
    focus::{focus_ring, note_button, note_pressed},
    icon::{Icon, paint_icon},
    press::{EnterKey, pressed_by_wrong_key},
    tip::{explained, keep_clear},
};

/// Why a button that has just appeared or moved does nothing yet.
const ARMING: &str = "Available in a moment, so that a stray click or key does nothing";

/// Hint of a button that ignores Enter.
const NOT_BY_ENTER: &str = "Space presses it, Enter does not";

/// Emphasis of a button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonStyle {
    /// The recommended action.
    Primary,
    /// The default.
    #[default]
    Secondary,
    /// A disruptive action.
    Danger,
    /// A small button without an outline, beside other content.
    Quiet,
}

/// Behaviour of a button that disappears with its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InRow {
    No,
    /// The focus moves to another button after it has gone.
    PassesFocusOn,
    /// In addition, it does nothing for a moment after it appeared or moved.
    ArmDelay,
}

/// A button with a label, an icon or both.
#[derive(Clone, Debug)]
#[must_use = "add it to a Ui"]
pub struct ActionButton<'a> {
    label: &'a str,
    name: &'a str,
    icon: Option<Icon>,
    style: ButtonStyle,
    disabled_because: Option<&'a str>,
    hint: Option<&'a str>,
    shows_tip: bool,
    min_width: f32,
    max_width: f32,
    key: Option<&'a str>,
    enter_key: EnterKey,
    is_compact: bool,
    in_row: InRow,
    toggled: Option<bool>,
}

impl<'a> ActionButton<'a> {
    /// A secondary button named by its label.
    pub fn new(label: &'a str) -> Self {
        Self {
            label,
            name: label,
            icon: None,
            style: ButtonStyle::Secondary,
            disabled_because: None,
            hint: None,
            shows_tip: true,
            min_width: 0.0,
            max_width: f32::INFINITY,
            key: None,
            enter_key: EnterKey::Presses,
            is_compact: false,
            in_row: InRow::No,
            toggled: None,
        }
    }

    /// A quiet button with only an icon; `name` is its accessible name and its tooltip.
    pub fn icon_only(icon: Icon, name: &'a str) -> Self {
        Self {
            label: "",
            name,
            icon: Some(icon),
            style: ButtonStyle::Quiet,
            hint: Some(name),
            ..Self::new("")
        }
    }

    /// A button for the recommended action.
    pub fn primary(label: &'a str) -> Self {
        Self::new(label).style(ButtonStyle::Primary)
    }

    /// A button for a disruptive action.
    pub fn danger(label: &'a str) -> Self {
        Self::new(label).style(ButtonStyle::Danger)
    }

    /// A button without an outline.
    pub fn quiet(label: &'a str) -> Self {
        Self::new(label).style(ButtonStyle::Quiet)
    }

    pub fn style(mut self, style: ButtonStyle) -> Self {
        self.style = style;
        self
    }

    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// Sets an accessible name that is more specific than the label.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = name;
        self
    }

    /// Sets the tip, which a screen reader reads after the name.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Removes the hint, if something else is shown instead.
    pub fn without_hint(mut self) -> Self {
        self.hint = None;
        self
    }

    /// Shows no tip, which only screen readers get then, because the text is shown elsewhere.
    pub fn without_tip(mut self) -> Self {
        self.shows_tip = false;
        self
    }

    /// Sets a minimum width, in points, for a button whose label changes.
    pub fn min_width(mut self, width: f32) -> Self {
        self.min_width = width;
        self
    }

    /// Sets a maximum width, in points: a longer label is elided in its middle.
    pub fn max_width(mut self, width: f32) -> Self {
        self.max_width = width;
        self
    }

    /// Sets a stable key within its row, for a button whose name changes.
    pub fn key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    /// Disables the button if there is a reason, which is shown in place of the hint.
    pub fn disabled_because(mut self, reason: Option<&'a str>) -> Self {
        self.disabled_because = reason;
        self
    }

    /// Makes it a toggle, which shows a tick while on.
    pub fn toggled(mut self, is_on: bool) -> Self {
        self.toggled = Some(is_on);
        self.icon = is_on.then_some(Icon::Done);
        self
    }

    /// Reduces it to the minimum target height, for a button in a list row.
    pub fn compact(mut self) -> Self {
        self.is_compact = true;
        self
    }

    /// Ignores Enter, for an action that a stray key must not trigger.
    pub fn ignores_enter(mut self) -> Self {
        self.enter_key = EnterKey::Ignored;
        self
    }

    /// Does nothing for half a second after it appeared or moved, or for a second if that was under the
    /// pointer, so that it gets no click or key meant for something else. For buttons that act in a list
    /// whose rows move. When it disappears after being pressed, the next button is focused.
    pub fn with_arm_delay(mut self) -> Self {
        self.in_row = InRow::ArmDelay;
        self
    }

    /// Passes the focus to the nearest button of its kind when it disappears, for a button that removes its
    /// row.
    pub fn passes_focus_on(mut self) -> Self {
        self.in_row = InRow::PassesFocusOn;
        self
    }

    fn colours(&self, ui: &Ui, response: &Response) -> Colours {
        let tokens = ui.tokens();
        let on = response.hovered() || response.is_pointer_button_down_on();
        if self.disabled_because.is_some() {
            return Colours::disabled(self.style, ui);
        }
        let pick = |usual, under_pointer| if on { under_pointer } else { usual };
        match self.style {
            _ if self.toggled == Some(true) => Colours {
                text: tokens.text,
                fill: tokens.surface.selected,
                outline: tokens.accent,
            },
            ButtonStyle::Primary => Colours {
                text: tokens.on_accent,
                fill: pick(tokens.accent, tokens.accent_hover),
                outline: Color32::TRANSPARENT,
            },
            ButtonStyle::Secondary => Colours {
                text: tokens.text,
                fill: pick(tokens.surface.raised, tokens.surface.hover),
                outline: pick(tokens.control_border, tokens.text_weak),
            },
            ButtonStyle::Danger => Colours {
                text: tokens.on_danger_fill,
                fill: pick(tokens.danger_fill, tokens.danger_fill_hover),
                outline: Color32::TRANSPARENT,
            },
            ButtonStyle::Quiet if on => Colours {
                text: tokens.text,
                fill: tokens.surface.hover,
                outline: Color32::TRANSPARENT,
            },
            ButtonStyle::Quiet => Colours {
                text: ui.visuals().override_text_color.unwrap_or(tokens.text),
                fill: Color32::TRANSPARENT,
                outline: Color32::TRANSPARENT,
            },
        }
    }

    fn height(&self, tokens: &Tokens) -> f32 {
        if self.is_compact || self.style == ButtonStyle::Quiet {
            tokens.height.target
        } else {
            tokens.height.control
        }
    }
}

struct Colours {
    text: Color32,
    fill: Color32,
    outline: Color32,
}

impl Colours {
    /// A disabled button is flat, in a colour that is still readable.
    fn disabled(style: ButtonStyle, ui: &Ui) -> Self {
        let tokens = ui.tokens();
        let is_on_pattern = ui.visuals().override_text_color.is_some();
        Self {
            text: tokens.stale,
            fill: if is_on_pattern {
                tokens.surface.panel
            } else {
                Color32::TRANSPARENT
            },
            outline: if style == ButtonStyle::Quiet {
                Color32::TRANSPARENT
            } else {
                tokens.border
            },
        }
    }
}

/// A button's measured parts, before it is placed.
struct Layout {
    galley: Arc<Galley>,
    /// Width of the icon with its gap, and of the icon with the label.
    icon_room: f32,
    content: Vec2,
    size: Vec2,
}

impl Layout {
    fn of(button: &ActionButton<'_>, ui: &Ui) -> Self {
        let tokens = ui.tokens();
        let font = TextStyle::Button.resolve(ui.style());
        let padding = if button.label.is_empty() {
            tokens.space.xs
        } else {
            ui.spacing().button_padding.x
        };
        let icon_side = tokens.height.icon;
        let icon_room = match (button.icon, button.label.is_empty()) {
            (None, _) => 0.0,
            (Some(_), true) => icon_side,
            (Some(_), false) => icon_side + tokens.space.xs,
        };
        // A button wider than its row would end outside the window.
        let room = button.max_width.min(ui.max_rect().width()) - icon_room - 2.0 * padding;
        let label = elided(button.label, room, |label| label_width(ui, label, &font));
        let galley = ui.painter().layout_job(label_job(&label, font, ui));
        let content = Vec2::new(icon_room + galley.size().x, galley.size().y.max(icon_side));
        let size = Vec2::new(content.x + 2.0 * padding, button.height(tokens));
        let least = tokens.height.target;
        Self {
            galley,
            icon_room,
            content,
            size: size.max(Vec2::new(least.max(button.min_width), least)),
        }
    }
}

impl ActionButton<'_> {
    /// Whether pressing it has an effect.
    fn is_enabled(&self) -> bool {
        self.disabled_because.is_none()
    }

    /// Handles clicks and keys, and reports the widget's role and name.
    fn interact(&self, ui: &Ui, rect: Rect, id: Id) -> Response {
        // A disabled button is focusable too, or its reason could not be reached by key.
        let sense = if self.is_enabled() {
            Sense::click()
        } else {
            Sense::focusable_noninteractive()
        };
        let mut response = ui.interact(rect, id, sense);
        if pressed_by_wrong_key(ui, &response, self.enter_key) {
            response
                .flags
                .remove(Flags::CLICKED | Flags::FAKE_PRIMARY_CLICKED);
        }
        // egui does not focus a widget on click; a dialog opened by it has to return the focus here.
        if response.clicked() {
            response.request_focus();
            note_pressed(ui.ctx(), id);
        }
        response.widget_info(|| {
            let is_enabled = self.is_enabled() && ui.is_enabled();
            WidgetInfo::labeled(accesskit::Role::Button, is_enabled, self.name)
        });
        if let Some(is_on) = self.toggled {
            ui.ctx()
                .accesskit_node_builder(response.id, |node| node.set_toggled(is_on.into()));
        }
        response
    }

    fn paint(&self, ui: &Ui, response: &Response, layout: Layout) {
        let (tokens, painter, rect) = (ui.tokens(), ui.painter(), response.rect);
        let colours = self.colours(ui, response);
        let outline = Stroke::new(tokens.border_width, colours.outline);
        painter.rect(
            rect,
            tokens.radius,
            colours.fill,
            outline,
            StrokeKind::Inside,
        );
        focus_ring(ui, response, rect);
        let content = egui::Align2::CENTER_CENTER.align_size_within_rect(layout.content, rect);
        if let Some(icon) = self.icon {
            let side = Vec2::splat(tokens.height.icon);
            let icon_rect = egui::Align2::LEFT_CENTER.align_size_within_rect(side, content);
            paint_icon(painter, icon_rect, icon, colours.text);
        }
        let at = egui::pos2(
            content.left() + layout.icon_room,
            content.center().y - layout.galley.size().y / 2.0,
        );
        painter.galley(at, layout.galley, colours.text);
    }
}

impl Widget for ActionButton<'_> {
    fn ui(mut self, ui: &mut Ui) -> Response {
        let layout = Layout::of(&self, ui);
        let rect = ui.allocate_space(layout.size).1;
        let id = stable_id(ui, self.key.unwrap_or(self.name));
        let has_arm_delay = self.in_row == InRow::ArmDelay;
        note_button(ui, id, rect, self.in_row != InRow::No, has_arm_delay);
        if has_arm_delay && has_just_moved(ui, id, rect) {
            self.disabled_because = self.disabled_because.or(Some(ARMING));
        }
        let ignores_enter = self.enter_key == EnterKey::Ignored;
        if ignores_enter {
            self.hint = self.hint.or(Some(NOT_BY_ENTER));
        }
        let response = self.interact(ui, rect, id);
        if ui.is_rect_visible(rect) {
            self.paint(ui, &response, layout);
        }
        keep_clear(ui.ctx(), rect);
        let is_important = !self.is_enabled() || ignores_enter;
        match self.disabled_because.or(self.hint) {
            Some(more) if self.shows_tip => explained(response, more, is_important),
            Some(more) => {
                ui.describe(&response, more);
                response
            }
            None => response,
        }
    }
}

/// The label; an id tail at its end is in the typeface of ids.
fn label_job(label: &str, font: FontId, ui: &Ui) -> LayoutJob {
    let at = label.rfind("(…").filter(|_| label.ends_with(')'));
    let (words, id) = label.split_at(at.unwrap_or(label.len()));
    let format = |font| TextFormat::simple(font, Color32::PLACEHOLDER);
    let mut job = LayoutJob {
        wrap: TextWrapping::no_max_width(),
        break_on_newline: false,
        ..LayoutJob::default()
    };
    job.append(words, 0.0, format(font));
    if !id.is_empty() {
        job.append(id, 0.0, format(text::id().resolve(ui.style())));
    }
    job
}

fn label_width(ui: &Ui, label: &str, font: &FontId) -> f32 {
    let job = label_job(label, font.clone(), ui);
    ui.painter().layout_job(job).size().x
}

/// Width of a button with this label and no icon.
pub fn button_width(ui: &Ui, label: &str) -> f32 {
    let font = TextStyle::Button.resolve(ui.style());
    label_width(ui, label, &font) + 2.0 * ui.spacing().button_padding.x
}

/// The id of a button, made from its scope and name and independent of what is drawn before it, so that the
/// focus stays. Buttons with the same name in one scope get different ids.
fn stable_id(ui: &Ui, name: &str) -> Id {
    let id = ui.scope_id().with(("button", name));
    let pass = ui.ctx().cumulative_pass_nr();
    let nth = ui.data_mut(|data| {
        let (seen_at, nth) = data.get_temp_mut_or(id, (pass, 0_usize));
        *nth = if *seen_at == pass { *nth + 1 } else { 1 };
        *seen_at = pass;
        *nth
    });
    if nth == 1 { id } else { id.with(nth) }
}
