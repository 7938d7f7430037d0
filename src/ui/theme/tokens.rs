//! Colours and dimensions by meaning.

#![expect(
    clippy::disallowed_methods,
    reason = "the one place where colours are made"
)]

use egui::{Color32, Context, CornerRadius, Theme, Ui};

/// Semantic role of a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(strum::VariantArray))]
pub enum Role {
    /// Nothing to point out.
    Neutral,
    /// Focus, links, primary buttons.
    Accent,
    /// Disruptive verbs, high risk, failures.
    Danger,
    /// Warnings, excessive waits.
    Caution,
    /// Accepted by the service, not yet picked up by the device.
    Pending,
    /// Success reported by the service, and nothing else.
    Ok,
    /// Outcome unknown, not found, not checked.
    Unknown,
    /// Cached, old, disabled.
    Stale,
}

/// Surfaces, from back to front.
#[derive(Clone, Copy, Debug)]
pub struct Surfaces {
    /// The window itself.
    pub window: Color32,
    /// Panels, dialogs and tables.
    pub panel: Color32,
    /// Buttons and headers.
    pub raised: Color32,
    /// Background under the pointer.
    pub hover: Color32,
    /// The selected row or text.
    pub selected: Color32,
}

/// The colours of a patterned background; text is readable on both of them.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// The background, also of the plates behind text.
    pub ground: Color32,
    /// The stripes or lines.
    pub mark: Color32,
    /// Text on it.
    pub text: Color32,
}

/// Gaps between things, in points.
#[derive(Clone, Copy, Debug)]
pub struct Spaces {
    /// Within a widget.
    pub xs: f32,
    /// Between widgets.
    pub s: f32,
    /// Between groups.
    pub m: f32,
    /// Around dialogs.
    pub l: f32,
}

/// Text sizes, in points.
#[derive(Clone, Copy, Debug)]
pub struct TextSizes {
    /// Secondary text; nothing is smaller.
    pub secondary: f32,
    /// Most text.
    pub body: f32,
    /// Section headings.
    pub section: f32,
    /// The name of the device.
    pub device: f32,
    /// The code to type in the browser.
    pub code: f32,
}

/// Heights of repeated elements, in points.
#[derive(Clone, Copy, Debug)]
pub struct Heights {
    /// Minimum height of anything clickable.
    pub target: f32,
    /// A table row.
    pub row: f32,
    /// A button or field.
    pub control: f32,
    /// The mode strip.
    pub strip: f32,
    /// The side of an icon.
    pub icon: f32,
}

/// One theme.
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    /// Surfaces.
    pub surface: Surfaces,
    /// Default text.
    pub text: Color32,
    /// Secondary text.
    pub text_weak: Color32,
    /// Links and the primary button.
    pub accent: Color32,
    /// The primary button under the pointer.
    pub accent_hover: Color32,
    /// Text on the primary button.
    pub on_accent: Color32,
    /// Disruptive verbs, high risk.
    pub danger: Color32,
    /// The filled danger button.
    pub danger_fill: Color32,
    /// The filled danger button under the pointer.
    pub danger_fill_hover: Color32,
    /// Text on the filled danger button.
    pub on_danger_fill: Color32,
    /// Warnings.
    pub caution: Color32,
    /// Accepted, not yet picked up by the device.
    pub pending: Color32,
    /// Success reported by the service.
    pub ok: Color32,
    /// Outcome unknown; used for nothing else.
    pub unknown: Color32,
    /// Cached, old, disabled.
    pub stale: Color32,
    /// Separators.
    pub border: Color32,
    /// Outline of fields and buttons.
    pub control_border: Color32,
    /// Ring around the focused widget.
    pub focus: Color32,
    /// Shadow below dialogs.
    pub shadow: Color32,
    /// Everything behind a dialog.
    pub backdrop: Color32,
    /// QR code colours, for cameras: the same in both themes.
    pub paper: Pattern,
    /// The strip of the demo, used for nothing else.
    pub demo: Pattern,
    /// The strip when a stand-in server answers, used for nothing else.
    pub stand_in: Pattern,
    /// Gaps.
    pub space: Spaces,
    /// Text sizes.
    pub size: TextSizes,
    /// Heights.
    pub height: Heights,
    /// Rounding of all corners.
    pub radius: CornerRadius,
    /// The weight of borders.
    pub border_width: f32,
    /// The weight of the focus ring.
    pub focus_width: f32,
    /// The width of a dialog.
    pub dialog_width: f32,
}

const SPACE: Spaces = Spaces {
    xs: 4.0,
    s: 8.0,
    m: 16.0,
    l: 24.0,
};

const SIZE: TextSizes = TextSizes {
    secondary: 12.0,
    body: 13.0,
    section: 15.0,
    device: 20.0,
    code: 44.0,
};

const HEIGHT: Heights = Heights {
    target: 24.0,
    row: 24.0,
    control: 28.0,
    strip: 36.0,
    icon: 16.0,
};

const fn rgb(red: u8, green: u8, blue: u8) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// Colours used more than once.
const WHITE: Color32 = rgb(0xFF, 0xFF, 0xFF);
const INK: Color32 = rgb(0x17, 0x1B, 0x21);
const DARK_WINDOW: Color32 = rgb(0x12, 0x15, 0x1A);
const DARK_RAISED: Color32 = rgb(0x23, 0x29, 0x32);
const DARK_TEXT: Color32 = rgb(0xE8, 0xEC, 0xF1);
const DARK_ACCENT: Color32 = rgb(0x7A, 0xB8, 0xFF);
const LIGHT_RAISED: Color32 = rgb(0xEB, 0xEE, 0xF2);
const LIGHT_TEXT: Color32 = rgb(0x17, 0x1B, 0x21);
const LIGHT_ACCENT: Color32 = rgb(0x0A, 0x52, 0xA0);

const PAPER: Pattern = Pattern {
    ground: WHITE,
    mark: INK,
    text: INK,
};

const DEMO: Pattern = Pattern {
    ground: rgb(0xF5, 0xC0, 0x4E),
    mark: rgb(0xDC, 0x9F, 0x2C),
    text: INK,
};

impl Tokens {
    /// The dark theme.
    pub const DARK: Self = Self {
        surface: Surfaces {
            window: DARK_WINDOW,
            panel: rgb(0x1A, 0x1E, 0x25),
            raised: DARK_RAISED,
            hover: rgb(0x2C, 0x34, 0x40),
            selected: rgb(0x1B, 0x36, 0x55),
        },
        text: DARK_TEXT,
        text_weak: rgb(0xAA, 0xB4, 0xC0),
        accent: DARK_ACCENT,
        accent_hover: rgb(0x9C, 0xCA, 0xFF),
        on_accent: DARK_WINDOW,
        danger: rgb(0xFF, 0x8A, 0x80),
        danger_fill: rgb(0xB3, 0x26, 0x1E),
        danger_fill_hover: rgb(0x9C, 0x1F, 0x18),
        on_danger_fill: WHITE,
        caution: rgb(0xF5, 0xC0, 0x4E),
        pending: rgb(0x5C, 0xDD, 0xE5),
        ok: rgb(0x6F, 0xD8, 0x9A),
        unknown: rgb(0xD0, 0xA6, 0xF5),
        stale: rgb(0xA3, 0xAD, 0xB9),
        border: rgb(0x3A, 0x44, 0x52),
        control_border: rgb(0x76, 0x83, 0x94),
        focus: DARK_ACCENT,
        shadow: Color32::from_black_alpha(96),
        backdrop: Color32::from_black_alpha(140),
        paper: PAPER,
        demo: DEMO,
        stand_in: Pattern {
            ground: DARK_RAISED,
            mark: rgb(0x39, 0x55, 0x75),
            text: DARK_TEXT,
        },
        space: SPACE,
        size: SIZE,
        height: HEIGHT,
        radius: CornerRadius::same(4),
        border_width: 1.0,
        focus_width: 2.0,
        dialog_width: 560.0,
    };

    /// The light theme.
    pub const LIGHT: Self = Self {
        surface: Surfaces {
            window: rgb(0xF5, 0xF6, 0xF8),
            panel: rgb(0xFF, 0xFF, 0xFF),
            raised: LIGHT_RAISED,
            hover: rgb(0xDF, 0xE4, 0xEA),
            selected: rgb(0xCF, 0xE1, 0xF7),
        },
        text: LIGHT_TEXT,
        text_weak: rgb(0x47, 0x52, 0x60),
        accent: LIGHT_ACCENT,
        accent_hover: rgb(0x08, 0x43, 0x84),
        on_accent: WHITE,
        danger: rgb(0xA8, 0x20, 0x1A),
        caution: rgb(0x75, 0x46, 0x00),
        pending: rgb(0x00, 0x57, 0x61),
        ok: rgb(0x13, 0x5C, 0x31),
        unknown: rgb(0x5F, 0x34, 0x94),
        stale: rgb(0x50, 0x5B, 0x69),
        border: rgb(0xC3, 0xCB, 0xD5),
        control_border: rgb(0x74, 0x80, 0x8E),
        focus: LIGHT_ACCENT,
        stand_in: Pattern {
            ground: LIGHT_RAISED,
            mark: rgb(0xA9, 0xC7, 0xEA),
            text: LIGHT_TEXT,
        },
        ..Self::DARK
    };

    /// The tokens of `theme`.
    #[must_use]
    pub fn of(theme: Theme) -> &'static Self {
        match theme {
            Theme::Dark => &Self::DARK,
            Theme::Light => &Self::LIGHT,
        }
    }

    /// The text and icon colour of `role`.
    #[must_use]
    pub fn colour(&self, role: Role) -> Color32 {
        match role {
            Role::Neutral => self.text,
            Role::Accent => self.accent,
            Role::Danger => self.danger,
            Role::Caution => self.caution,
            Role::Pending => self.pending,
            Role::Ok => self.ok,
            Role::Unknown => self.unknown,
            Role::Stale => self.stale,
        }
    }
}

/// Access to the tokens of the current theme.
pub trait TokensExt {
    /// The tokens of the current theme.
    fn tokens(&self) -> &'static Tokens;
}

impl TokensExt for Context {
    fn tokens(&self) -> &'static Tokens {
        Tokens::of(self.theme())
    }
}

impl TokensExt for Ui {
    /// Tokens of the current style; a changed theme applies from the next frame on.
    fn tokens(&self) -> &'static Tokens {
        Tokens::of(if self.visuals().dark_mode {
            Theme::Dark
        } else {
            Theme::Light
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use strum::VariantArray as _;

    use super::*;

    fn luminance(colour: Color32) -> f32 {
        let linear = |channel: u8| {
            let value = f32::from(channel) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(one: Color32, other: Color32) -> f32 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn surfaces(tokens: &Tokens) -> [(&'static str, Color32); 5] {
        let Surfaces {
            window,
            panel,
            raised,
            hover,
            selected,
        } = tokens.surface;
        [
            ("window", window),
            ("panel", panel),
            ("raised", raised),
            ("hover", hover),
            ("selected", selected),
        ]
    }

    fn pairs(tokens: &Tokens) -> Vec<(String, Color32, Color32)> {
        let mut pairs = Vec::new();
        for (name, surface) in surfaces(tokens) {
            for role in Role::VARIANTS.iter().copied() {
                let text = tokens.colour(role);
                pairs.push((format!("{role:?} on {name}"), text, surface));
            }
            pairs.push((format!("weak on {name}"), tokens.text_weak, surface));
        }
        for (name, text, ground) in [
            ("danger", tokens.on_danger_fill, tokens.danger_fill),
            (
                "danger hover",
                tokens.on_danger_fill,
                tokens.danger_fill_hover,
            ),
            ("primary", tokens.on_accent, tokens.accent),
            ("primary hover", tokens.on_accent, tokens.accent_hover),
            ("demo ground", tokens.demo.text, tokens.demo.ground),
            ("demo stripe", tokens.demo.text, tokens.demo.mark),
            (
                "stand-in ground",
                tokens.stand_in.text,
                tokens.stand_in.ground,
            ),
            ("stand-in lines", tokens.stand_in.text, tokens.stand_in.mark),
        ] {
            pairs.push((name.to_owned(), text, ground));
        }
        pairs
    }

    /// Prints the table of all pairs, the lowest contrast first.
    #[test]
    fn all_text_is_readable_in_both_themes() {
        let mut table = Vec::new();
        for (theme, tokens) in [("dark", Tokens::DARK), ("light", Tokens::LIGHT)] {
            for (pair, text, ground) in pairs(&tokens) {
                let ratio = contrast(text, ground);
                assert!(ratio >= 4.5, "{theme}: {pair} has only {ratio:.2}");
                table.push((ratio, format!("{ratio:5.2} : 1  {theme:5}  {pair}")));
            }
        }
        table.sort_by(|one, other| one.0.total_cmp(&other.0));
        let lines: Vec<_> = table.into_iter().map(|(_, line)| line).collect();
        let mut out = std::io::stderr();
        writeln!(out, "Contrast of text\n{}", lines.join("\n")).expect("written");
    }

    #[test]
    fn rings_and_control_outlines_are_visible_in_both_themes() {
        for (theme, tokens) in [("dark", Tokens::DARK), ("light", Tokens::LIGHT)] {
            for (name, surface) in surfaces(&tokens) {
                let ring = contrast(tokens.focus, surface);
                assert!(ring >= 3.0, "{theme}: ring on {name} has only {ring:.2}");
            }
            for (name, surface) in surfaces(&tokens).into_iter().take(3) {
                let outline = contrast(tokens.control_border, surface);
                assert!(outline >= 3.0, "{theme}: outline on {name}: {outline:.2}");
            }
        }
        const { assert!(Tokens::DARK.focus_width >= 2.0) };
        const { assert!(Tokens::LIGHT.focus_width >= 2.0) };
    }

    #[test]
    fn every_role_has_a_distinct_colour() {
        for tokens in [Tokens::DARK, Tokens::LIGHT] {
            for (index, one) in Role::VARIANTS.iter().copied().enumerate() {
                for other in Role::VARIANTS.iter().copied().skip(index + 1) {
                    assert_ne!(tokens.colour(one), tokens.colour(other));
                }
            }
        }
    }

    #[test]
    fn contrast_follows_the_wcag_formula() {
        assert!((contrast(Color32::WHITE, Color32::BLACK) - 21.0).abs() < 0.01);
    }

    #[test]
    fn no_text_is_below_twelve_points() {
        let TextSizes {
            secondary,
            body,
            section,
            device,
            code,
        } = SIZE;
        let smallest = [body, section, device, code]
            .into_iter()
            .fold(secondary, f32::min);
        assert!(smallest >= 12.0);
    }

    #[test]
    fn frame_is_drawn_in_one_theme_even_if_the_theme_changes() {
        let ctx = Context::default();
        super::super::apply(&ctx);
        ctx.set_theme(Theme::Dark);
        for (shown, next) in [(Theme::Dark, Theme::Light), (Theme::Light, Theme::Dark)] {
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                ui.ctx().set_theme(next);
                assert_eq!(ui.visuals().text_color(), Tokens::of(shown).text);
                assert_eq!(ui.tokens().text, Tokens::of(shown).text);
            });
            output.textures_delta.clear();
        }
    }
}
