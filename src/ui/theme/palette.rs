//! The raw colours. Only `tokens` may use them.

#![expect(
    clippy::disallowed_methods,
    reason = "the one place where colours are made"
)]

use egui::Color32;

const fn rgb(red: u8, green: u8, blue: u8) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

pub(super) const WHITE: Color32 = rgb(0xFF, 0xFF, 0xFF);
pub(super) const INK: Color32 = rgb(0x17, 0x1B, 0x21);
pub(super) const BRICK: Color32 = rgb(0xB3, 0x26, 0x1E);
pub(super) const BRICK_HOVER: Color32 = rgb(0x9C, 0x1F, 0x18);
pub(super) const AMBER: Color32 = rgb(0xF5, 0xC0, 0x4E);
pub(super) const AMBER_DEEP: Color32 = rgb(0xDC, 0x9F, 0x2C);
pub(super) const SHADOW: Color32 = Color32::from_black_alpha(96);
pub(super) const BACKDROP: Color32 = Color32::from_black_alpha(140);

pub(super) mod dark {
    use super::{Color32, rgb};

    pub const WINDOW: Color32 = rgb(0x12, 0x15, 0x1A);
    pub const PANEL: Color32 = rgb(0x1A, 0x1E, 0x25);
    pub const RAISED: Color32 = rgb(0x23, 0x29, 0x32);
    pub const HOVER: Color32 = rgb(0x2C, 0x34, 0x40);
    pub const SELECTED: Color32 = rgb(0x1B, 0x36, 0x55);
    pub const TEXT: Color32 = rgb(0xE8, 0xEC, 0xF1);
    pub const TEXT_WEAK: Color32 = rgb(0xAA, 0xB4, 0xC0);
    pub const ACCENT: Color32 = rgb(0x7A, 0xB8, 0xFF);
    pub const ACCENT_HOVER: Color32 = rgb(0x9C, 0xCA, 0xFF);
    pub const DANGER: Color32 = rgb(0xFF, 0x8A, 0x80);
    pub const CAUTION: Color32 = rgb(0xF5, 0xC0, 0x4E);
    pub const PENDING: Color32 = rgb(0x5C, 0xDD, 0xE5);
    pub const OK: Color32 = rgb(0x6F, 0xD8, 0x9A);
    pub const UNKNOWN: Color32 = rgb(0xD0, 0xA6, 0xF5);
    pub const STALE: Color32 = rgb(0xA3, 0xAD, 0xB9);
    pub const BORDER: Color32 = rgb(0x3A, 0x44, 0x52);
    pub const FIELD_BORDER: Color32 = rgb(0x76, 0x83, 0x94);
    pub const HATCH: Color32 = rgb(0x39, 0x55, 0x75);
}

pub(super) mod light {
    use super::{Color32, rgb};

    pub const WINDOW: Color32 = rgb(0xF5, 0xF6, 0xF8);
    pub const PANEL: Color32 = rgb(0xFF, 0xFF, 0xFF);
    pub const RAISED: Color32 = rgb(0xEB, 0xEE, 0xF2);
    pub const HOVER: Color32 = rgb(0xDF, 0xE4, 0xEA);
    pub const SELECTED: Color32 = rgb(0xCF, 0xE1, 0xF7);
    pub const TEXT: Color32 = rgb(0x17, 0x1B, 0x21);
    pub const TEXT_WEAK: Color32 = rgb(0x47, 0x52, 0x60);
    pub const ACCENT: Color32 = rgb(0x0A, 0x52, 0xA0);
    pub const ACCENT_HOVER: Color32 = rgb(0x08, 0x43, 0x84);
    pub const DANGER: Color32 = rgb(0xA8, 0x20, 0x1A);
    pub const CAUTION: Color32 = rgb(0x75, 0x46, 0x00);
    pub const PENDING: Color32 = rgb(0x00, 0x57, 0x61);
    pub const OK: Color32 = rgb(0x13, 0x5C, 0x31);
    pub const UNKNOWN: Color32 = rgb(0x5F, 0x34, 0x94);
    pub const STALE: Color32 = rgb(0x50, 0x5B, 0x69);
    pub const BORDER: Color32 = rgb(0xC3, 0xCB, 0xD5);
    pub const FIELD_BORDER: Color32 = rgb(0x74, 0x80, 0x8E);
    pub const HATCH: Color32 = rgb(0xA9, 0xC7, 0xEA);
}
