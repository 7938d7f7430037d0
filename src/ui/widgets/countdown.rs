//! Time that is left, as text and as a ring.

use egui::{Response, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, accesskit};

use super::super::theme::TokensExt as _;

/// The time left as minutes and seconds, with hours where there are any: "0:42", "1:02:05".
#[must_use]
pub fn countdown_text(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

/// Shows how much of something has passed as a ring, with `name` for those who do not see it.
pub fn ring(ui: &mut Ui, name: &str, fraction: f32) -> Response {
    let tokens = ui.tokens();
    let fraction = if fraction.is_finite() {
        fraction.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(tokens.height.icon), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(accesskit::Role::ProgressIndicator, true, name);
        info.value = Some(f64::from(fraction) * 100.0);
        info
    });
    if ui.is_rect_visible(rect) {
        let (centre, radius) = (rect.center(), tokens.height.icon / 2.0 - 2.0);
        let painter = ui.painter();
        painter.circle_stroke(centre, radius, Stroke::new(2.0, tokens.border));
        let points = (0_u8..=48)
            .map(|step| {
                let turn = f32::from(step) / 48.0 * fraction;
                // From the top, clockwise.
                let angle = (turn - 0.25) * std::f32::consts::TAU;
                centre + radius * Vec2::angled(angle)
            })
            .collect();
        painter.add(Shape::line(points, Stroke::new(2.0, tokens.accent)));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countdowns_have_two_digits_of_seconds() {
        for (seconds, text) in [
            (-3, "0:00"),
            (0, "0:00"),
            (8, "0:08"),
            (42, "0:42"),
            (60, "1:00"),
            (899, "14:59"),
            (3725, "1:02:05"),
        ] {
            assert_eq!(countdown_text(seconds), text);
        }
    }
}
