//! The egui style made from the tokens.

use std::collections::BTreeMap;

use egui::{
    Context, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme, Vec2, Visuals,
    style::{ScrollAnimation, Selection, Spacing, TextCursorStyle, WidgetVisuals, Widgets},
};

use super::super::widgets::scroll_names::ScrollNames;
use super::{Tokens, fonts, text};

/// Installs the shipped fonts and the style of both themes in `ctx`; call it once, before the first frame.
pub fn apply(ctx: &Context) {
    fonts::install(ctx, &[]);
    ctx.add_plugin(ScrollNames);
    for theme in [Theme::Dark, Theme::Light] {
        ctx.set_style_of(theme, style(theme));
    }
}

fn style(theme: Theme) -> Style {
    let tokens = Tokens::of(theme);
    let mut style = Style {
        text_styles: text_styles(tokens),
        // No animations.
        animation_time: 0.0,
        scroll_animation: ScrollAnimation::none(),
        visuals: visuals(theme, tokens),
        ..Style::default()
    };
    spacing(&mut style.spacing, tokens);
    style.interaction.selectable_labels = true;
    style.interaction.tooltip_delay = 0.3;
    style
}

fn text_styles(tokens: &Tokens) -> BTreeMap<TextStyle, FontId> {
    let size = tokens.size;
    let plain = FontFamily::Proportional;
    BTreeMap::from([
        (TextStyle::Small, FontId::new(size.secondary, plain.clone())),
        (TextStyle::Body, FontId::new(size.body, plain.clone())),
        (TextStyle::Button, FontId::new(size.body, plain)),
        (TextStyle::Monospace, FontId::monospace(size.body)),
        (
            TextStyle::Heading,
            FontId::new(size.section, text::semibold()),
        ),
        (text::strong(), FontId::new(size.body, text::semibold())),
        (text::section(), FontId::new(size.section, text::semibold())),
        (text::device(), FontId::new(size.device, text::semibold())),
        (text::code(), FontId::monospace(size.code)),
        (text::id(), FontId::monospace(size.secondary)),
    ])
}

fn spacing(spacing: &mut Spacing, tokens: &Tokens) {
    let space = tokens.space;
    spacing.item_spacing = Vec2::splat(space.s);
    spacing.button_padding = Vec2::new(space.s, space.xs);
    spacing.window_margin = Margin::same(16);
    spacing.menu_margin = Margin::same(4);
    spacing.indent = space.m;
    spacing.interact_size = Vec2::new(tokens.height.target, tokens.height.control);
    spacing.icon_width = tokens.height.icon;
    spacing.icon_width_inner = tokens.height.icon / 2.0;
    spacing.icon_spacing = space.s;
    spacing.tooltip_width = 360.0;
    spacing.scroll.floating = false;
    spacing.scroll.bar_width = 10.0;
    spacing.scroll.foreground_color = false;
}

fn visuals(theme: Theme, tokens: &Tokens) -> Visuals {
    let surface = tokens.surface;
    let border = Stroke::new(tokens.border_width, tokens.border);
    Visuals {
        widgets: widgets(tokens),
        selection: Selection {
            bg_fill: surface.selected,
            // A focused text field is outlined with this stroke.
            stroke: Stroke::new(tokens.focus_width, tokens.focus),
        },
        weak_text_color: Some(tokens.text_weak),
        hyperlink_color: tokens.accent,
        faint_bg_color: surface.window,
        extreme_bg_color: surface.window,
        text_edit_bg_color: Some(surface.window),
        code_bg_color: surface.raised,
        warn_fg_color: tokens.caution,
        error_fg_color: tokens.danger,
        window_corner_radius: tokens.radius,
        menu_corner_radius: tokens.radius,
        window_fill: surface.panel,
        window_stroke: border,
        window_highlight_topmost: false,
        window_shadow: Shadow {
            offset: [0, 8],
            blur: 24,
            spread: 0,
            color: tokens.shadow,
        },
        // Only dialogs cast a shadow.
        popup_shadow: Shadow::NONE,
        panel_fill: surface.panel,
        striped: false,
        indent_has_left_vline: false,
        image_loading_spinners: false,
        // Disabled text stays readable: callers use the stale colour instead of fading.
        disabled_alpha: 0.85,
        // A blinking cursor would repaint an idle window twice a second.
        text_cursor: TextCursorStyle {
            blink: false,
            ..theme.default_visuals().text_cursor
        },
        ..theme.default_visuals()
    }
}

fn widgets(tokens: &Tokens) -> Widgets {
    let surface = tokens.surface;
    let line = |colour| Stroke::new(tokens.border_width, colour);
    let resting = WidgetVisuals {
        // The handles of scroll bars; boxes have their own fill.
        bg_fill: tokens.control_border,
        weak_bg_fill: surface.raised,
        bg_stroke: line(tokens.control_border),
        corner_radius: tokens.radius,
        fg_stroke: line(tokens.text),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: WidgetVisuals {
            bg_fill: surface.panel,
            weak_bg_fill: surface.panel,
            bg_stroke: line(tokens.border),
            ..resting
        },
        inactive: resting,
        hovered: WidgetVisuals {
            bg_fill: tokens.text_weak,
            weak_bg_fill: surface.hover,
            bg_stroke: line(tokens.text_weak),
            ..resting
        },
        // egui paints a focused widget as active, so this is its focus ring.
        active: WidgetVisuals {
            bg_fill: tokens.text_weak,
            weak_bg_fill: surface.hover,
            bg_stroke: Stroke::new(tokens.focus_width, tokens.focus),
            ..resting
        },
        open: WidgetVisuals {
            bg_fill: surface.hover,
            weak_bg_fill: surface.hover,
            ..resting
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_have_a_focus_ring_and_no_animation() {
        for theme in [Theme::Dark, Theme::Light] {
            let style = style(theme);
            assert!(style.visuals.widgets.active.bg_stroke.width >= 2.0);
            assert!(style.visuals.selection.stroke.width >= 2.0);
            assert!(style.animation_time.abs() < f32::EPSILON);
            assert_eq!(style.visuals.dark_mode, theme == Theme::Dark);
        }
    }

    #[test]
    fn scroll_bars_have_the_colour_of_control_outlines() {
        for theme in [Theme::Dark, Theme::Light] {
            let tokens = Tokens::of(theme);
            let visuals = style(theme).visuals;
            assert_eq!(visuals.extreme_bg_color, tokens.surface.window, "the track");
            let widgets = visuals.widgets;
            // The tests of the tokens check their contrast with every surface.
            assert_eq!(widgets.inactive.bg_fill, tokens.control_border);
            assert_eq!(widgets.hovered.bg_fill, tokens.text_weak);
            assert_eq!(widgets.active.bg_fill, tokens.text_weak);
        }
    }

    #[test]
    fn no_text_style_is_below_twelve_points() {
        for (name, font) in style(Theme::Dark).text_styles {
            assert!(font.size >= 12.0, "{name} is {}", font.size);
        }
    }
}
