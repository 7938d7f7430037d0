//! Named text styles, and text in them.

use egui::{FontFamily, RichText, TextStyle};

/// The family for headings and names: the semibold cut of the proportional one.
#[must_use]
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// Emphasised body text: primary labels, table heads.
#[must_use]
pub fn strong() -> TextStyle {
    TextStyle::Name("strong".into())
}

/// Section headings.
#[must_use]
pub fn section() -> TextStyle {
    TextStyle::Name("section".into())
}

/// The name of the device.
#[must_use]
pub fn device() -> TextStyle {
    TextStyle::Name("device".into())
}

/// The code to type in the browser.
#[must_use]
pub fn code() -> TextStyle {
    TextStyle::Name("code".into())
}

/// Ids and hashes, at the size of secondary text.
#[must_use]
pub fn id() -> TextStyle {
    TextStyle::Name("id".into())
}

/// A device code, spaced so that it can be read across a desk.
#[must_use]
pub fn device_code(text: &str) -> RichText {
    RichText::new(text)
        .text_style(code())
        .extra_letter_spacing(4.0)
}
