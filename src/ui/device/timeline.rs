//! Timeline of a device on one axis: actions by anyone, this console's orders, alerts and log-ons. Also
//! available as text, for keyboard and screen reader.

use egui::{
    Align2, EventFilter, Id, Key, Modifiers, Pos2, Rect, Response, Sense, Shape, Stroke,
    StrokeKind, TextStyle, Ui, Vec2, WidgetInfo, accesskit, pos2, vec2,
};
use jiff::{SignedDuration, Timestamp};
use strum::VariantArray;

pub(in crate::ui) mod clusters;
pub(in crate::ui) mod happenings;

use crate::model::{MachineRef, age_text, variants};
use crate::ui::device::timeline::clusters::{Cluster, beside, clusters, nearest};
use crate::ui::device::timeline::happenings::{Happening, Lane, happenings};
use crate::ui::layout::times;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{
    ActionButton, TipExt as _, UiExt as _, foldable_ui, live_badge, paint_icon, section_ui,
};
use crate::ui::{Cx, words};

/// Height of a lane, in points.
const LANE: f32 = 24.0;
/// Height of the labels under the axis.
const FOOTER_HEIGHT: f32 = 18.0;
/// Width of the lanes' names before the axis.
const NAMES: f32 = 64.0;
const MARK: f32 = 16.0;
/// Maximum number of events listed as text.
const MAX_LISTED: usize = 40;

/// Time span of the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
enum Span {
    Hours,
    Day,
    Week,
    Month,
    HalfYear,
}

impl Span {
    const ALL: [Self; Self::VARIANTS.len()] = variants();

    const fn words(self) -> &'static str {
        match self {
            Self::Hours => "6 h",
            Self::Day => "24 h",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::HalfYear => "180 days",
        }
    }

    const fn length(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            Self::Hours => 6,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
            Self::HalfYear => 180 * 24,
        })
    }
}

/// The widget that shows the timeline and takes its keys.
pub fn id(machine: &MachineRef) -> Id {
    Id::unique(("timeline", machine.id.as_str()))
}

/// Shows the section.
pub fn timeline_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &MachineRef) {
    let happenings = happenings(ui, cx, machine);
    section_ui(ui, &format!("Timeline ({})", happenings.len()));
    if happenings.is_empty() {
        ui.small_label(
            "Actions by anyone, this console's orders, alerts and log-ons are shown here in order of time, once they have been read",
        );
        return;
    }
    let id = id(machine);
    let chosen: Option<Span> = ui.data(|data| data.get_temp(id.with("span")));
    let span = chosen.unwrap_or_else(|| fitting(&happenings, cx));
    ui.horizontal_wrapped(|ui| {
        for choice in Span::ALL {
            let name = format!("Timeline of {}", choice.words());
            let button = ActionButton::new(choice.words()).name(&name).compact();
            if ui.add(button.toggled(choice == span)).clicked() {
                ui.data_mut(|data| data.insert_temp(id.with("span"), choice));
            }
        }
    });
    axis_ui(ui, cx, id, span, &happenings);
    foldable_ui(ui, "The timeline in words", |ui| {
        for happening in happenings.iter().take(MAX_LISTED) {
            ui.wrapped(said(happening, cx));
        }
        if happenings.len() > MAX_LISTED {
            ui.small_label(format!("And {} older", happenings.len() - MAX_LISTED));
        }
    });
}

/// The shortest span that contains three events, or all if there are fewer. Log-ons count only if there is
/// nothing else: a user's first may be months ago.
fn fitting(happenings: &[Happening], cx: &Cx<'_>) -> Span {
    let decisive = happenings.iter().filter(|h| h.lane != Lane::LogOns);
    let ages: Vec<_> = decisive.map(|happening| age(happening, cx)).collect();
    let newest = happenings
        .iter()
        .take(1)
        .map(|happening| age(happening, cx));
    fitting_ages(&if ages.is_empty() {
        newest.collect()
    } else {
        ages
    })
}

fn fitting_ages(ages: &[SignedDuration]) -> Span {
    let wanted = ages.len().min(3);
    let holds = |span: &Span| {
        let within = ages.iter().filter(|age| **age <= span.length());
        within.count() >= wanted
    };
    let mut spans = Span::ALL.into_iter();
    spans.find(holds).unwrap_or(Span::HalfYear)
}

fn age(happening: &Happening, cx: &Cx<'_>) -> SignedDuration {
    happening.age(cx.now, cx.state.service_ahead)
}

/// An event and its time in one line.
fn said(happening: &Happening, cx: &Cx<'_>) -> String {
    format!(
        "{}, {} · {}",
        words::local_time(happening.at, &cx.state.zone),
        age_text(age(happening, cx).as_secs()),
        happening.text
    )
}

/// The chosen event, the newest being 0, and whether it was chosen by key since the pointer last moved.
#[derive(Clone, Copy, Default)]
struct Chosen {
    at: Option<usize>,
    /// Its key, to find it after newer events arrived.
    is: Option<(Timestamp, Lane)>,
    by_key: bool,
}

impl Chosen {
    /// The same event among those shown now.
    fn among(self, shown: &[&Happening]) -> Self {
        let is_it = |at: &usize| shown.get(*at).map(|found| found.key()) == self.is;
        let known = self.is.is_some();
        let moved = || (0..shown.len()).find(is_it);
        let at = self.at.filter(is_it).or_else(moved).filter(|_| known);
        Self { at, ..self }
    }
}

/// Shows the axis with a mark for each event or cluster of events, and a line for the chosen one.
fn axis_ui(ui: &mut Ui, cx: &Cx<'_>, id: Id, span: Span, all: &[Happening]) {
    let within = all.iter().filter(|h| age(h, cx) <= span.length());
    let shown: Vec<&Happening> = within.collect();
    let lanes = times(Lane::ALL.len(), LANE);
    let size = vec2(ui.available_width(), lanes + FOOTER_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, id, Sense::click());
    let chosen_id = id.with("chosen");
    let chosen: Option<Chosen> = ui.data(|data| data.get_temp(chosen_id));
    let mut chosen = chosen.unwrap_or_default().among(&shown);
    let axis = Axis {
        rect: Rect::from_min_max(pos2(rect.left() + NAMES, rect.top()), rect.right_bottom()),
        length: span.length(),
    };
    let places = shown.iter().map(|h| axis.place(h.lane, age(h, cx)));
    let clusters = clusters(&shown, &places.collect::<Vec<_>>());
    let pointed = response
        .hover_pos()
        .and_then(|at| nearest(&clusters, at, LANE));
    let pointed = pointed.map(|cluster| cluster.lead(chosen.at));
    chosen.by_key &= ui.input(|input| input.pointer.delta()) == Vec2::ZERO;
    if let Some(stepped) = step(ui, &response, chosen.at, shown.len()) {
        (chosen.at, chosen.by_key) = (Some(stepped), true);
    }
    if response.clicked() {
        // The arrow keys continue from there.
        response.request_focus();
        chosen.at = pointed.or(chosen.at);
    }
    chosen.is = chosen.at.and_then(|at| Some(shown.get(at)?.key()));
    ui.data_mut(|data| data.insert_temp(chosen_id, chosen));
    let seen = if chosen.by_key {
        chosen.at.or(pointed)
    } else {
        pointed.or(chosen.at)
    };
    let words = seen.and_then(|at| Some((at, shown.get(at)?)));
    let words = words.map(|(at, happening)| said(happening, cx) + &beside(&clusters, at));
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Slider, true, "Timeline"));
    let count = format!(
        "{} in the last {}; Left and Right go from one to the next",
        shown.len(),
        span.words()
    );
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_value(words.clone().unwrap_or_else(|| count.clone()));
    });
    if ui.is_rect_visible(rect) {
        axis.paint(ui, span, &response);
        for cluster in &clusters {
            let lead = cluster.lead(seen);
            if let Some(happening) = shown.get(lead) {
                paint_mark(ui, happening, cluster, seen == Some(lead));
            }
        }
    }
    line_ui(
        ui,
        seen.and_then(|at| shown.get(at)).copied(),
        words,
        &count,
    );
}

/// Shows the line under the axis, which is always there.
fn line_ui(ui: &mut Ui, seen: Option<&Happening>, words: Option<String>, count: &str) {
    let height = 2.0 * ui.text_style_height(&TextStyle::Body) + ui.tokens().space.xs;
    let size = vec2(ui.available_width(), height);
    ui.allocate_ui(size, |ui| {
        ui.set_min_size(size);
        match (seen, words) {
            (Some(happening), Some(words)) => {
                live_badge(ui, happening.icon, happening.role, &words).tip(&words);
            }
            _ => {
                ui.small_label(count);
            }
        }
    });
}

/// Moves between events by key while the axis has the focus; the newest is first, on the right.
fn step(ui: &Ui, response: &Response, chosen: Option<usize>, count: usize) -> Option<usize> {
    if !response.has_focus() || count == 0 {
        return None;
    }
    let filter = EventFilter {
        horizontal_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let last = count - 1;
    if pressed(Key::ArrowLeft) {
        Some(chosen.map_or(0, |at| (at + 1).min(last)))
    } else if pressed(Key::ArrowRight) {
        Some(chosen.map_or(0, |at| at.saturating_sub(1)))
    } else if pressed(Key::Home) {
        Some(last)
    } else if pressed(Key::End) {
        Some(0)
    } else {
        None
    }
}

/// Positions on the axis.
struct Axis {
    rect: Rect,
    length: SignedDuration,
}

impl Axis {
    fn place(&self, of: Lane, age: SignedDuration) -> Pos2 {
        pos2(self.x(age), self.middle(of))
    }

    /// Vertical position of a lane's line.
    fn middle(&self, of: Lane) -> f32 {
        self.rect.top() + times(of as usize, LANE) + LANE / 2.0
    }

    /// The horizontal position of an age; the present is on the right.
    fn x(&self, age: SignedDuration) -> f32 {
        let part = age.as_secs_f32() / self.length.as_secs_f32().max(1.0);
        let room = self.rect.width() - MARK;
        self.rect.right() - MARK / 2.0 - room * part.clamp(0.0, 1.0)
    }

    fn paint(&self, ui: &Ui, span: Span, response: &Response) {
        let tokens = ui.tokens();
        let painter = ui.painter();
        let small = TextStyle::Small.resolve(ui.style());
        let line = Stroke::new(tokens.border_width, tokens.border);
        for lane in Lane::ALL {
            let y = self.middle(lane);
            painter.hline(self.rect.x_range(), y, line);
            painter.text(
                pos2(self.rect.left() - NAMES, y),
                Align2::LEFT_CENTER,
                lane.name(),
                small.clone(),
                tokens.text_weak,
            );
        }
        let bottom = self.rect.bottom();
        for (x, align, words) in [
            (
                self.rect.left(),
                Align2::LEFT_BOTTOM,
                format!("{} ago", span.words()),
            ),
            (self.rect.right(), Align2::RIGHT_BOTTOM, "now".to_owned()),
        ] {
            painter.text(
                pos2(x, bottom),
                align,
                words,
                small.clone(),
                tokens.text_weak,
            );
        }
        if response.has_focus() {
            let ring = ui.visuals().widgets.active.bg_stroke;
            painter.rect_stroke(response.rect, tokens.radius, ring, StrokeKind::Inside);
        }
    }
}

fn paint_mark(ui: &Ui, happening: &Happening, cluster: &Cluster, is_seen: bool) {
    let tokens = ui.tokens();
    let place = cluster.place;
    let rect = Rect::from_center_size(place, Vec2::splat(MARK));
    let painter = ui.painter();
    let fill = if is_seen {
        tokens.surface.selected
    } else {
        tokens.surface.panel
    };
    painter.add(Shape::circle_filled(place, MARK / 2.0 + 2.0, fill));
    if is_seen {
        let ring = Stroke::new(2.0, tokens.accent);
        painter.circle_stroke(place, MARK / 2.0 + 2.0, ring);
    }
    paint_icon(painter, rect, happening.icon, tokens.colour(happening.role));
    if cluster.members.len() > 1 {
        // The number of events, on its own background, as it is on the line of the lane.
        let font = TextStyle::Small.resolve(ui.style());
        let count = cluster.members.len().to_string();
        let galley = painter.layout_no_wrap(count, font, tokens.text);
        let left = place.x - MARK / 2.0 - 3.0 - galley.size().x;
        let at = pos2(left, place.y - galley.size().y / 2.0);
        let ground = Rect::from_min_size(at, galley.size()).expand2(vec2(1.0, 0.0));
        painter.rect_filled(ground, 0.0, tokens.surface.panel);
        painter.galley(at, galley, tokens.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(count: i64) -> SignedDuration {
        SignedDuration::from_hours(count)
    }

    #[test]
    fn span_is_the_shortest_that_shows_three_events_or_all() {
        for (ages, span) in [
            (&[1, 2, 3, 400][..], Span::Hours),
            (&[1, 2, 20, 400], Span::Day),
            (&[1, 30], Span::Week),
            (&[1, 30, 400, 500], Span::Month),
            (&[900], Span::HalfYear),
            // All of them are older.
            (&[9_000], Span::HalfYear),
        ] {
            let found: Vec<_> = ages.iter().map(|age| hours(*age)).collect();
            assert_eq!(fitting_ages(&found), span, "{ages:?}");
        }
    }

    #[test]
    fn times_map_to_positions_within_the_axis() {
        let axis = Axis {
            rect: Rect::from_min_size(Pos2::ZERO, vec2(216.0, 100.0)),
            length: Span::Day.length(),
        };
        let x = |age: i64| axis.place(Lane::Alerts, hours(age)).x;
        assert!((x(0) - 208.0).abs() < 0.1 && (x(12) - 108.0).abs() < 0.1);
        assert!((x(24) - 8.0).abs() < 0.1);
        // A time ahead of this computer's clock, and one before the axis.
        assert!((x(-5) - x(0)).abs() < 0.1 && (x(99) - x(24)).abs() < 0.1);
    }
}
