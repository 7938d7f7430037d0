//! A line of the sheet: pieces of our own and of other people's text.

use std::borrow::Cow;

use crate::model::clean;

/// Maximum length of other people's text, in characters.
const MAX_CHARS: usize = 2_000;

pub struct Piece {
    pub text: Box<str>,
    /// Whether this is other people's text: shown verbatim, never as markup.
    pub is_foreign: bool,
    pub is_strong: bool,
}

/// Pieces in order.
#[derive(Default)]
pub struct Line(pub Vec<Piece>);

impl Line {
    /// Adds our own text.
    #[must_use]
    pub fn ours(self, text: impl Into<Cow<'static, str>>) -> Self {
        self.with(&text.into(), false, false)
    }

    /// Adds the subject of the line.
    #[must_use]
    pub fn strong(self, text: &str) -> Self {
        self.with(text, false, true)
    }

    /// Adds other people's text.
    #[must_use]
    pub fn foreign(self, text: &str) -> Self {
        self.with(&shown(text), true, false)
    }

    /// Adds the subject of the line, in other people's words.
    #[must_use]
    pub fn strong_foreign(self, text: &str) -> Self {
        self.with(&shown(text), true, true)
    }

    /// Adds another line.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// Plain text without markup, for formats that have none.
    pub fn plain(&self) -> String {
        self.0.iter().map(|piece| &*piece.text).collect()
    }

    fn with(mut self, text: &str, is_foreign: bool, is_strong: bool) -> Self {
        let piece = if text.trim().is_empty() && is_foreign {
            // Our own word for an empty text.
            Piece {
                text: "(none)".into(),
                is_foreign: false,
                is_strong,
            }
        } else {
            Piece {
                text: text.into(),
                is_foreign,
                is_strong,
            }
        };
        if !piece.text.is_empty() {
            self.0.push(piece);
        }
        self
    }
}

/// The text with invisible characters made visible.
fn shown(text: &str) -> Cow<'_, str> {
    clean(text, MAX_CHARS)
}
