//! Theme: colours by meaning, measures, fonts, and the egui style made from them.
//!
//! Colours live in `tokens`; everything else asks `ui.tokens()`.

pub mod fonts;
pub mod text;
pub mod tokens;

mod style;

pub use style::apply;
pub use tokens::{Role, Tokens, TokensExt};
