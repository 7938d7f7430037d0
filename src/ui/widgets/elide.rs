//! Text elided in its middle, to keep the end with a device's id.

use egui::{Color32, FontId, Label, Response, RichText, TextStyle, TextWrapMode, Ui};

use super::tip::TipExt as _;

/// Number of characters kept at the end.
const KEPT_END: usize = 8;

/// Width of `text` on one line in this font, in points.
pub fn text_width(ui: &Ui, text: &str, font: &FontId) -> f32 {
    let painter = ui.painter();
    let galley = painter.layout_no_wrap(text.to_owned(), font.clone(), Color32::PLACEHOLDER);
    galley.size().x
}

/// `text` elided in its middle to fit into `room`, as measured by `width`.
pub fn elided(text: &str, room: f32, width: impl Fn(&str) -> f32) -> String {
    let fits = |text: &str| width(text) <= room;
    if fits(text) {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let end: String = chars[chars.len().saturating_sub(KEPT_END)..]
        .iter()
        .collect();
    let shortened = |kept: usize| {
        let start: String = chars.iter().take(kept).collect();
        format!("{start}…{end}")
    };
    // The longest start that fits.
    let (mut fitting, mut too_long) = (0, chars.len().saturating_sub(KEPT_END).max(1));
    while too_long - fitting > 1 {
        let middle = usize::midpoint(fitting, too_long);
        if fits(&shortened(middle)) {
            fitting = middle;
        } else {
            too_long = middle;
        }
    }
    shortened(fitting)
}

/// Shows a name on one line. A long one is elided in its middle, as its end distinguishes it; hovering
/// shows all of it.
pub fn elided_ui(ui: &mut Ui, name: &str, style: TextStyle, colour: Color32) -> Response {
    let font = style.resolve(ui.style());
    let shown = elided(name, ui.available_width(), |name| {
        text_width(ui, name, &font)
    });
    let is_whole = shown == name;
    let label = RichText::new(shown).text_style(style).color(colour);
    let label = Label::new(label).selectable(false);
    let response = ui.add(label.wrap_mode(TextWrapMode::Truncate));
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_value(name));
    if is_whole {
        response
    } else {
        response.tip(name)
    }
}
