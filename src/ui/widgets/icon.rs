//! One set of icons, painted as shapes: a status is recognisable without colour, and no font is needed.

use egui::{Color32, Painter, Rect, Response, Sense, Shape, Ui, Vec2};

use super::super::theme::TokensExt as _;
use painter::IconPainter;

mod painter;

/// Meaning of an icon; each has a distinct shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(strum::VariantArray))]
pub enum Icon {
    /// Waiting to send: an hourglass.
    Waiting,
    /// Held: two bars.
    Held,
    /// Not sent: an arrow that ends at a wall.
    NotSent,
    /// Sent: an arrow.
    Sent,
    /// Accepted: a ring with a dot.
    Accepted,
    /// In progress: a half-filled ring.
    InProgress,
    /// Done: a tick.
    Done,
    /// Failed: a cross in a square.
    Failed,
    /// Timed out: a clock.
    TimedOut,
    /// Cancelled: a ring with a level bar.
    Cancelled,
    /// Refused: a ring with a slanting bar.
    Refused,
    /// Outcome unknown: a question mark in a diamond.
    Unknown,
    /// Not found: a broken ring.
    NotFound,
    /// Someone else's: a person.
    NotOurs,
    /// A warning: a triangle with an exclamation mark.
    Warning,
    /// Blocked: an octagon with an exclamation mark.
    Block,
    /// A note: a ring with an i.
    Info,
    /// Reports regularly: a heartbeat.
    Active,
    /// Has stopped reporting: a flat line that ends.
    Silent,
    /// Unknown, or a word that this version does not know: a ring with a question mark.
    Unfamiliar,
    /// Search: a magnifier.
    Search,
    /// Copy: two sheets.
    Copy,
    /// Settings: sliders.
    Settings,
    /// Close: a cross.
    Close,
    /// Another record with the same name: two rings.
    Twin,
    /// High risk: a filled triangle.
    Risk,
    /// Isolated: a dot behind walls.
    Isolated,
    /// Contained: a dot between a roof and a floor.
    Contained,
    /// Restricted: a lock.
    Restricted,
    /// Protected by a rule: a shield.
    Protected,
    /// Undo: an arrow that turns back.
    Undo,
    /// Opens elsewhere: an arrow out of a box.
    OpenElsewhere,
    /// Refresh: an arrow in a circle.
    Refresh,
    /// Content is folded.
    Folded,
    /// Content is shown below.
    Unfolded,
    /// Commands: a prompt.
    Command,
}

/// Shows an icon, invisible to screen readers: put the word beside it.
pub fn icon(ui: &mut Ui, icon: Icon, colour: Color32) -> Response {
    let side = Vec2::splat(ui.tokens().height.icon);
    let (rect, response) = ui.allocate_exact_size(side, Sense::hover());
    if ui.is_rect_visible(rect) {
        paint_icon(ui.painter(), rect, icon, colour);
    }
    response
}

/// Paints an icon centred in `rect`.
pub fn paint_icon(painter: &Painter, rect: Rect, icon: Icon, colour: Color32) {
    painter.extend(shapes(rect, icon, colour));
}

fn shapes(rect: Rect, icon: Icon, colour: Color32) -> Vec<Shape> {
    let mut painter = IconPainter::new(rect, colour);
    painter.draw(icon);
    painter.shapes
}

#[cfg(test)]
mod tests {
    use egui::Pos2;
    use strum::VariantArray as _;

    use super::*;

    fn drawn(icon: Icon) -> String {
        let rect = Rect::from_min_size(Pos2::ZERO, Vec2::splat(16.0));
        format!("{:?}", shapes(rect, icon, Color32::WHITE))
    }

    #[test]
    fn every_icon_has_a_distinct_shape() {
        for (index, one) in Icon::VARIANTS.iter().enumerate() {
            assert_ne!(drawn(*one), "[]", "{one:?}");
            for other in &Icon::VARIANTS[index + 1..] {
                assert_ne!(drawn(*one), drawn(*other), "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn icons_stay_within_their_square() {
        let square = Rect::from_min_size(Pos2::ZERO, Vec2::splat(16.0)).expand(1.0);
        for icon in Icon::VARIANTS {
            for shape in shapes(square.shrink(1.0), *icon, Color32::WHITE) {
                let bounds = shape.visual_bounding_rect();
                assert!(square.contains_rect(bounds), "{icon:?}: {bounds:?}");
            }
        }
    }
}
