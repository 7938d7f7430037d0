//! Location and wording of errors in a settings file.

use toml_edit::TomlError;

/// Enough for hundreds of profiles.
pub(super) const MAX_BYTES: u64 = 64 * 1024;

/// Syntax error with its position, in one line.
pub(super) fn toml_problem(error: &TomlError) -> String {
    format!("{}: {}", toml_place(error), error.message())
}

/// Position of a syntax error, without quoting the text.
pub(super) fn toml_place(error: &TomlError) -> String {
    // A picture of the line follows.
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The line where a part of `text` begins, counted from 1.
pub(super) fn line_at(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start));
    before.unwrap_or_default().matches('\n').count() + 1
}
