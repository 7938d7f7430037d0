//! Text that has to fit into a line and keep its end: a device's id stands there.

use egui::{Color32, FontId, Ui};

/// The end that is kept.
const KEPT_END: usize = 8;

/// How wide `text` is on one line of this font, in points.
pub fn text_width(ui: &Ui, text: &str, font: &FontId) -> f32 {
    let painter = ui.painter();
    let galley = painter.layout_no_wrap(text.to_owned(), font.clone(), Color32::PLACEHOLDER);
    galley.size().x
}

/// `text` as it fits into `room` by the `width` of a text, with its middle left out.
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
