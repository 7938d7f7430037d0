//! Drawing of the icons.

use egui::{Color32, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2};

use super::Icon;

/// A point on a grid of 16 × 16.
type Point = (f32, f32);
/// Centre, radius, and both end angles in turns, clockwise from the right.
type Arc = (Point, f32, f32, f32);

const MIDDLE: Point = (8.0, 8.0);

/// Draws on a grid of 16 × 16.
pub(super) struct IconPainter {
    origin: Pos2,
    scale: f32,
    colour: Color32,
    pub(super) shapes: Vec<Shape>,
}

impl IconPainter {
    pub(super) fn new(rect: Rect, colour: Color32) -> Self {
        let side = rect.width().min(rect.height());
        Self {
            origin: rect.center() - Vec2::splat(side / 2.0),
            scale: side / 16.0,
            colour,
            shapes: Vec::new(),
        }
    }

    fn at(&self, (x, y): Point) -> Pos2 {
        self.origin + Vec2::new(x, y) * self.scale
    }

    fn stroke(&self) -> Stroke {
        Stroke::new(1.5 * self.scale, self.colour)
    }

    fn points(&self, points: &[Point]) -> Vec<Pos2> {
        points.iter().map(|point| self.at(*point)).collect()
    }

    fn line(&mut self, points: &[Point]) {
        let shape = Shape::line(self.points(points), self.stroke());
        self.shapes.push(shape);
    }

    fn outline(&mut self, points: &[Point]) {
        let shape = Shape::closed_line(self.points(points), self.stroke());
        self.shapes.push(shape);
    }

    fn filled(&mut self, points: &[Point]) {
        let shape = Shape::convex_polygon(self.points(points), self.colour, Stroke::NONE);
        self.shapes.push(shape);
    }

    fn circle(&mut self, centre: Point, radius: f32) {
        let shape = Shape::circle_stroke(self.at(centre), radius * self.scale, self.stroke());
        self.shapes.push(shape);
    }

    fn dot(&mut self, centre: Point, radius: f32) {
        let shape = Shape::circle_filled(self.at(centre), radius * self.scale, self.colour);
        self.shapes.push(shape);
    }

    fn rect(&mut self, min: Point, max: Point) {
        let rect = Rect::from_min_max(self.at(min), self.at(max));
        let stroke = self.stroke();
        let shape = Shape::rect_stroke(rect, 1.5 * self.scale, stroke, StrokeKind::Middle);
        self.shapes.push(shape);
    }

    fn block(&mut self, min: Point, max: Point) {
        let rect = Rect::from_min_max(self.at(min), self.at(max));
        let shape = Shape::rect_filled(rect, 1.0 * self.scale, self.colour);
        self.shapes.push(shape);
    }

    /// A line along an arc, with points before and after it.
    fn arc_path(&mut self, before: &[Point], turn: Arc, after: &[Point]) {
        self.line(&[before, &arc(turn), after].concat());
    }

    fn exclamation_mark(&mut self, top: f32, bottom: f32) {
        self.line(&[(8.0, top), (8.0, bottom - 2.6)]);
        self.dot((8.0, bottom - 0.6), 0.95);
    }

    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(super) fn draw(&mut self, icon: Icon) {
        match icon {
            Icon::Waiting => {
                self.line(&[(3.0, 2.0), (13.0, 2.0)]);
                self.line(&[(3.0, 14.0), (13.0, 14.0)]);
                self.outline(&[(4.5, 2.0), (11.5, 2.0), (4.5, 14.0), (11.5, 14.0)]);
                self.filled(&[(8.0, 9.5), (10.5, 13.5), (5.5, 13.5)]);
            }
            Icon::Held => {
                self.block((3.5, 2.5), (6.5, 13.5));
                self.block((9.5, 2.5), (12.5, 13.5));
            }
            Icon::NotSent => {
                self.line(&[(1.5, 8.0), (9.5, 8.0)]);
                self.line(&[(6.5, 4.5), (10.0, 8.0), (6.5, 11.5)]);
                self.line(&[(13.5, 2.0), (13.5, 14.0)]);
            }
            Icon::Sent => {
                self.line(&[(1.5, 8.0), (13.5, 8.0)]);
                self.line(&[(9.0, 3.5), (13.8, 8.0), (9.0, 12.5)]);
            }
            Icon::Accepted => {
                self.circle(MIDDLE, 5.8);
                self.dot(MIDDLE, 2.4);
            }
            Icon::InProgress => {
                self.circle(MIDDLE, 5.8);
                self.filled(&arc((MIDDLE, 5.8, -0.25, 0.25)));
            }
            Icon::Done => self.line(&[(2.0, 8.5), (6.2, 12.7), (14.0, 3.8)]),
            Icon::Failed => {
                self.rect((2.0, 2.0), (14.0, 14.0));
                self.line(&[(5.2, 5.2), (10.8, 10.8)]);
                self.line(&[(10.8, 5.2), (5.2, 10.8)]);
            }
            Icon::TimedOut => {
                self.circle(MIDDLE, 6.0);
                self.line(&[(8.0, 4.2), (8.0, 8.2), (11.0, 9.8)]);
            }
            Icon::Cancelled => {
                self.circle(MIDDLE, 6.0);
                self.line(&[(4.8, 8.0), (11.2, 8.0)]);
            }
            Icon::Refused => {
                self.circle(MIDDLE, 6.0);
                self.line(&[(3.8, 3.8), (12.2, 12.2)]);
            }
            Icon::Unknown => {
                self.outline(&[(8.0, 0.8), (15.2, 8.0), (8.0, 15.2), (0.8, 8.0)]);
                self.arc_path(&[], ((8.0, 6.3), 1.9, -0.5, 0.2), &[(8.0, 9.6)]);
                self.dot((8.0, 11.6), 0.9);
            }
            Icon::NotFound => {
                for quarter in [0.0_f32, 0.25, 0.5, 0.75] {
                    self.arc_path(&[], (MIDDLE, 6.0, quarter + 0.05, quarter + 0.20), &[]);
                }
            }
            Icon::NotOurs => {
                self.circle((8.0, 5.0), 2.9);
                self.arc_path(&[(2.5, 14.0)], ((8.0, 14.0), 5.5, -0.5, 0.0), &[]);
            }
            Icon::Warning => {
                self.outline(&[(8.0, 1.8), (14.8, 13.8), (1.2, 13.8)]);
                self.exclamation_mark(5.8, 12.4);
            }
            Icon::Block => {
                let (near, far) = (5.2, 10.8);
                self.outline(&[
                    (near, 1.3),
                    (far, 1.3),
                    (14.7, near),
                    (14.7, far),
                    (far, 14.7),
                    (near, 14.7),
                    (1.3, far),
                    (1.3, near),
                ]);
                self.exclamation_mark(4.2, 12.2);
            }
            Icon::Info => {
                self.circle(MIDDLE, 6.2);
                self.dot((8.0, 5.0), 0.95);
                self.line(&[(8.0, 7.2), (8.0, 11.6)]);
            }
            Icon::Twin => {
                self.circle((5.8, 8.0), 4.2);
                self.circle((10.2, 8.0), 4.2);
            }
            Icon::Risk => self.filled(&[(8.0, 2.5), (14.5, 13.5), (1.5, 13.5)]),
            Icon::Isolated => {
                self.line(&[(5.0, 2.0), (2.0, 2.0), (2.0, 14.0), (5.0, 14.0)]);
                self.line(&[(11.0, 2.0), (14.0, 2.0), (14.0, 14.0), (11.0, 14.0)]);
                self.dot(MIDDLE, 2.6);
            }
            Icon::Contained => {
                self.line(&[(2.0, 5.0), (2.0, 2.0), (14.0, 2.0), (14.0, 5.0)]);
                self.line(&[(2.0, 11.0), (2.0, 14.0), (14.0, 14.0), (14.0, 11.0)]);
                self.dot(MIDDLE, 2.6);
            }
            Icon::Protected => self.outline(&[
                (8.0, 1.5),
                (13.6, 3.6),
                (13.0, 9.4),
                (8.0, 14.5),
                (3.0, 9.4),
                (2.4, 3.6),
            ]),
            Icon::Restricted => {
                self.block((3.0, 7.5), (13.0, 14.0));
                self.arc_path(&[(4.8, 8.0)], ((8.0, 5.2), 3.2, -0.5, 0.0), &[(11.2, 8.0)]);
            }
            Icon::Active => self.line(&[
                (1.0, 8.5),
                (4.5, 8.5),
                (6.5, 3.0),
                (9.5, 13.0),
                (11.5, 8.5),
                (15.0, 8.5),
            ]),
            Icon::Silent => {
                self.line(&[(1.0, 8.5), (5.0, 8.5)]);
                self.line(&[(7.0, 8.5), (10.0, 8.5)]);
                self.line(&[(12.0, 8.5), (13.5, 8.5)]);
            }
            Icon::Unfamiliar => {
                self.circle(MIDDLE, 6.2);
                self.arc_path(&[], ((8.0, 6.4), 1.9, -0.5, 0.2), &[(8.0, 9.4)]);
                self.dot((8.0, 11.4), 0.9);
            }
            Icon::Search => {
                self.circle((6.8, 6.8), 4.6);
                self.line(&[(10.2, 10.2), (14.4, 14.4)]);
            }
            Icon::Copy => {
                self.rect((5.8, 5.8), (13.8, 13.8));
                self.line(&[(10.2, 2.2), (2.2, 2.2), (2.2, 10.2)]);
            }
            Icon::Settings => {
                for (y, knob) in [(3.5, 10.5), (8.0, 5.0), (12.5, 9.0)] {
                    self.line(&[(1.5, y), (14.5, y)]);
                    self.dot((knob, y), 2.1);
                }
            }
            Icon::Close => {
                self.line(&[(3.5, 3.5), (12.5, 12.5)]);
                self.line(&[(12.5, 3.5), (3.5, 12.5)]);
            }
            Icon::Undo => {
                let turn = ((9.5, 9.3), 3.8, -0.25, 0.25);
                self.arc_path(&[(3.0, 5.5), (9.5, 5.5)], turn, &[(5.0, 13.1)]);
                self.line(&[(6.0, 2.2), (2.7, 5.5), (6.0, 8.8)]);
            }
            Icon::OpenElsewhere => {
                self.line(&[
                    (8.0, 3.0),
                    (2.5, 3.0),
                    (2.5, 13.5),
                    (13.0, 13.5),
                    (13.0, 8.5),
                ]);
                self.line(&[(7.5, 8.5), (13.8, 2.2)]);
                self.line(&[(10.0, 2.0), (14.0, 2.0), (14.0, 6.0)]);
            }
            Icon::Refresh => {
                self.arc_path(&[], (MIDDLE, 5.4, 0.0, 0.8), &[]);
                self.filled(&[(8.6, 0.2), (13.2, 3.2), (8.4, 5.6)]);
            }
            Icon::Folded => self.line(&[(6.0, 3.5), (10.5, 8.0), (6.0, 12.5)]),
            Icon::Unfolded => self.line(&[(3.5, 6.0), (8.0, 10.5), (12.5, 6.0)]),
            Icon::Command => {
                self.line(&[(2.5, 3.5), (7.0, 8.0), (2.5, 12.5)]);
                self.line(&[(8.5, 12.5), (14.0, 12.5)]);
            }
        }
    }
}

/// Points along an arc.
fn arc((centre, radius, from, to): Arc) -> Vec<Point> {
    (0_u8..=16)
        .map(|step| {
            let turn = from + (to - from) * f32::from(step) / 16.0;
            let (sin, cos) = (turn * std::f32::consts::TAU).sin_cos();
            (centre.0 + radius * cos, centre.1 + radius * sin)
        })
        .collect()
}
