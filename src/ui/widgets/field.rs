//! A text field with its label above and its errors below.

use egui::text::{CCursor, CCursorRange};
use egui::{
    FontSelection, Id, Response, RichText, Stroke, StrokeKind, TextEdit, TextStyle, Ui, accesskit,
};

use super::super::theme::{TokensExt as _, text};
use super::UiExt as _;
use super::dialog::Dialog;

/// A labelled text field.
#[derive(Debug)]
#[must_use = "show it with `show_ui`"]
pub struct TextField<'a> {
    label: &'a str,
    text: &'a mut String,
    is_label_shown: bool,
    hint: &'a str,
    help: &'a str,
    error: Option<&'a str>,
    max_chars: Option<usize>,
    rows: usize,
    width: f32,
    font: TextStyle,
    id: Option<Id>,
}

impl<'a> TextField<'a> {
    /// A single-line field that takes the available width.
    pub fn new(label: &'a str, text: &'a mut String) -> Self {
        Self {
            label,
            text,
            is_label_shown: true,
            hint: "",
            help: "",
            error: None,
            max_chars: None,
            rows: 1,
            width: f32::INFINITY,
            font: TextStyle::Body,
            id: None,
        }
    }

    /// Shows no label and no line below; the label is only the accessible name.
    pub fn label_unseen(mut self) -> Self {
        self.is_label_shown = false;
        self
    }

    /// Sets the placeholder.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// Sets the help text, shown below a field without an error.
    pub fn help(mut self, help: &'a str) -> Self {
        self.help = help;
        self
    }

    /// Sets the error of the text, if any.
    pub fn error(mut self, error: Option<&'a str>) -> Self {
        self.error = error;
        self
    }

    /// Shows a counter towards a limit. Text beyond it is kept, for the caller to report.
    pub fn max_chars(mut self, max_chars: usize) -> Self {
        self.max_chars = Some(max_chars);
        self
    }

    /// Makes it a multi-line field.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows.max(1);
        self
    }

    /// Sets the preferred width, in points.
    pub fn width(mut self, width: f32) -> Self {
        self.width = width;
        self
    }

    /// Uses a monospaced font, for ids and hashes.
    pub fn monospace(mut self) -> Self {
        self.font = TextStyle::Monospace;
        self
    }

    /// Sets an id by which it can be focused.
    pub fn id(mut self, id: Id) -> Self {
        self.id = Some(id);
        self
    }

    /// Shows the field; the response is that of the text.
    pub fn show_ui(mut self, ui: &mut Ui) -> Response {
        let tokens = ui.tokens();
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = tokens.space.xs;
            let width = self.width.min(ui.available_width());
            ui.set_max_width(width);
            if !self.is_label_shown {
                return self.edit_ui(ui).accessible_name(self.label);
            }
            let label = ui.small_label(self.label);
            let response = self.edit_ui(ui).labelled_by(label.id);
            self.footer_ui(ui);
            response
        })
        .inner
    }

    fn edit_ui(&mut self, ui: &mut Ui) -> Response {
        let tokens = ui.tokens();
        let edit = if self.rows > 1 {
            TextEdit::multiline(self.text).desired_rows(self.rows)
        } else {
            TextEdit::singleline(self.text).align(egui::Align2::LEFT_CENTER)
        };
        let edit = edit
            .font(FontSelection::Style(self.font.clone()))
            .hint_text(RichText::new(self.hint).color(tokens.text_weak))
            .desired_width(f32::INFINITY)
            .min_size(egui::vec2(0.0, tokens.height.control));
        let response = ui.add(match self.id {
            Some(id) => edit.id(id),
            None => edit,
        });
        if response.changed() {
            // The hint was laid out before the text arrived; the next frame shows the text.
            ui.ctx().request_repaint();
        }
        keep_focus(ui, &response);
        let is_wrong = self.error.is_some() || self.is_too_long();
        ui.ctx().accesskit_node_builder(response.id, |node| {
            if is_wrong {
                node.set_invalid(accesskit::Invalid::True);
            }
            let more = self.error.unwrap_or(self.help);
            if !more.is_empty() {
                node.set_description(more);
            }
        });
        if is_wrong && !response.has_focus() {
            let outline = Stroke::new(tokens.border_width, tokens.danger);
            ui.painter()
                .rect_stroke(response.rect, tokens.radius, outline, StrokeKind::Inside);
        }
        response
    }

    fn is_too_long(&self) -> bool {
        let max = self.max_chars.unwrap_or(usize::MAX);
        self.text.chars().count() > max
    }

    /// Shows the line below, also when empty, so that nothing moves when an error appears.
    fn footer_ui(&self, ui: &mut Ui) {
        let tokens = ui.tokens();
        let small = |text: &str| RichText::new(text).text_style(TextStyle::Small);
        ui.horizontal_top(|ui| {
            ui.set_min_height(tokens.space.m);
            if let Some(max) = self.max_chars {
                let colour = if self.is_too_long() {
                    tokens.danger
                } else {
                    tokens.text_weak
                };
                let counter = counter_text(self.text.chars().count(), max);
                let font = text::id().resolve(ui.style());
                ui.label(small(&counter).color(colour).font(font));
            }
            match self.error {
                Some(error) => ui.wrapped(small(error).color(tokens.danger)),
                None => ui.wrapped(small(self.help).color(tokens.text_weak)),
            };
        });
    }
}

/// Selects the whole text of a field, so that the next input replaces it.
pub fn select_all(ui: &Ui, field: Id, text: &str) {
    let mut edit = TextEdit::load_state(ui.ctx(), field).unwrap_or_default();
    let end = CCursor::new(text.chars().count());
    let all = CCursorRange::two(CCursor::default(), end);
    edit.cursor.set_char_range(Some(all));
    edit.store(ui.ctx(), field);
}

/// Moves the focus to the page when Esc leaves a field, as egui clears it. A dialog, which Esc closes,
/// returns the focus itself.
fn keep_focus(ui: &Ui, response: &Response) {
    let is_page = ui.layer_id().order == egui::Order::Background;
    let has_left = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Escape));
    if is_page
        && has_left
        && let Some(home) = Dialog::focus_home(ui.ctx()).filter(|home| *home != response.id)
    {
        ui.memory_mut(|memory| memory.request_focus(home));
    }
}

fn counter_text(count: usize, max: usize) -> String {
    match count.checked_sub(max) {
        Some(over) if over > 0 => format!("{count}/{max}, {over} too many"),
        Some(_) | None => format!("{count}/{max}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counter_shows_the_number_of_excess_characters() {
        assert_eq!(counter_text(0, 200), "0/200");
        assert_eq!(counter_text(200, 200), "200/200");
        assert_eq!(counter_text(203, 200), "203/200, 3 too many");
    }
}
