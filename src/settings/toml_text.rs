//! Where something stands in a settings file, and what is wrong there.

use toml_edit::TomlError;

/// Hundreds of profiles fit into this.
pub(super) const MAX_BYTES: u64 = 64 * 1024;

/// What is wrong with a text that is no TOML, and where, in one line.
pub(super) fn toml_problem(error: &TomlError) -> String {
    format!("{}: {}", toml_place(error), error.message())
}

/// Where a text is no TOML, without quoting it.
pub(super) fn toml_place(error: &TomlError) -> String {
    // What follows is a drawing of the line.
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The line on which a part of `text` begins, counted from 1.
pub(super) fn line_at(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start));
    before.unwrap_or_default().matches('\n').count() + 1
}
