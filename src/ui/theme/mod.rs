//! Theme: colours by meaning, measures, fonts, and the egui style made from them.
//!
//! Raw colours live in `palette`, meanings in `tokens`; everything else asks `ui.tokens()`.

mod palette;

pub mod fonts;
pub mod text;
pub mod tokens;

mod style;

pub use style::apply;
pub use tokens::{Role, Tokens, TokensExt};
