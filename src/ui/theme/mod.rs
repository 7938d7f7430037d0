//! Theme: colours by meaning, dimensions, fonts, and the egui style made from them.
//!
//! Colours are defined in `tokens`; everything else calls `ui.tokens()`.

pub mod fonts;
pub mod text;
pub mod tokens;

mod style;

pub use style::apply;
pub use tokens::{Role, Tokens, TokensExt};
