//! What happened on a device, on one axis: actions by anybody, this console's orders, alerts, log-ons.
//! The same is said in words, for the keyboard and for a screen reader.

use egui::{
    Align2, EventFilter, Id, Key, Modifiers, Pos2, Rect, Response, Sense, Shape, Stroke,
    StrokeKind, TextStyle, Ui, Vec2, WidgetInfo, accesskit, pos2, vec2,
};
use jiff::{SignedDuration, Timestamp};

use crate::model::{MachineRef, age_text, clean, requestor_name};
use crate::ui::device::actions::action_name;
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::widgets::{
    ActionButton, Icon, TipExt as _, UiExt as _, badge, foldable_ui, paint_icon, section_ui,
};
use crate::ui::{Cx, look, words};

const TEXT_CHARS: usize = 160;
/// A lane, in points.
const LANE: f32 = 24.0;
/// What is written under the axis.
const FOOT: f32 = 18.0;
/// Room before the axis for what its lanes are called.
const NAMES: f32 = 64.0;
const MARK: f32 = 16.0;
/// Events that are told in words.
const TOLD: usize = 40;

/// Who or what an event is of: a lane of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Actions,
    Orders,
    Alerts,
    LogOns,
}

impl Lane {
    const ALL: [Self; 4] = [Self::Actions, Self::Orders, Self::Alerts, Self::LogOns];

    const fn name(self) -> &'static str {
        match self {
            Self::Actions => "Actions",
            Self::Orders => "Orders",
            Self::Alerts => "Alerts",
            Self::LogOns => "Log-ons",
        }
    }
}

/// How far back the axis goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    Hours,
    Day,
    Week,
    Month,
    HalfYear,
}

impl Span {
    const ALL: [Self; 5] = [
        Self::Hours,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::HalfYear,
    ];

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

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
struct Happening {
    at: Timestamp,
    /// How long ago, by the clock that tells `at`: the service's, or for an order this computer's.
    age: SignedDuration,
    lane: Lane,
    icon: Icon,
    role: Role,
    text: String,
}

/// Shows the section.
pub fn timeline_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &MachineRef) {
    let happenings = happenings(cx, machine);
    section_ui(ui, &format!("Timeline ({})", happenings.len()));
    if happenings.is_empty() {
        ui.small_label(
            "Actions by anybody, this console's orders, alerts and log-ons are shown here by their time, once they were read",
        );
        return;
    }
    let id = Id::unique(("timeline", machine.id.as_str()));
    let chosen_span: Option<usize> = ui.data(|data| data.get_temp(id.with("span")));
    let span = chosen_span
        .and_then(|at| Span::ALL.get(at).copied())
        .unwrap_or_else(|| fitting(&happenings));
    ui.horizontal_wrapped(|ui| {
        for (at, choice) in Span::ALL.into_iter().enumerate() {
            let name = format!("Timeline of {}", choice.words());
            let button = ActionButton::new(choice.words()).name(&name).compact();
            if ui.add(button.toggled(choice == span)).clicked() {
                ui.data_mut(|data| data.insert_temp(id.with("span"), at));
            }
        }
    });
    axis_ui(ui, cx, id, span, &happenings);
    foldable_ui(ui, "The timeline in words", |ui| {
        for happening in happenings.iter().take(TOLD) {
            ui.wrapped(said(happening, cx));
        }
        if happenings.len() > TOLD {
            ui.small_label(format!("And {} older", happenings.len() - TOLD));
        }
    });
}

/// Everything that has a time, the newest first.
fn happenings(cx: &Cx<'_>, machine: &MachineRef) -> Vec<Happening> {
    let mut found = Vec::new();
    let by_service = |at: Timestamp| cx.service_now().duration_since(at);
    for action in cx.state.known_actions(&machine.id) {
        let Some(at) = action.created else {
            continue;
        };
        let look = look::action_status(&action.status);
        let by = requestor_name(action.requestor.as_deref());
        let comment = action.requestor_comment.as_deref().unwrap_or_default();
        let comment = clean(comment, TEXT_CHARS);
        found.push(Happening {
            at,
            age: by_service(at),
            lane: Lane::Actions,
            icon: look.icon,
            role: look.role,
            text: with(
                format!("{}, {}, by {by}", action_name(action), look.word),
                &comment,
            ),
        });
    }
    for entry in cx.state.entries.of_machine(&machine.id) {
        let (icon, role) = look::order_status(entry.status());
        let task = &entry.order.task;
        let status = entry.status().word(task);
        let comment = clean(&entry.order.comment, TEXT_CHARS);
        found.push(Happening {
            at: entry.intended_at(),
            age: cx.now.duration_since(entry.intended_at()),
            lane: Lane::Orders,
            icon,
            role,
            text: with(
                format!("Ordered here: {}, {status}", task.title()),
                &comment,
            ),
        });
    }
    let panel = cx.state.panels.get(&machine.id);
    let alerts = panel.and_then(|panel| panel.alerts.get());
    for alert in alerts.iter().flat_map(|list| &list.items) {
        let Some(at) = alert.created else {
            continue;
        };
        let look = look::severity(&alert.severity);
        let title = alert.title.as_deref().unwrap_or("without a title");
        found.push(Happening {
            at,
            age: by_service(at),
            lane: Lane::Alerts,
            icon: look.icon,
            role: look.role,
            text: format!("Alert, {}: {}", look.word, clean(title, TEXT_CHARS)),
        });
    }
    let users = panel.and_then(|panel| panel.users.get());
    for user in users.iter().flat_map(|list| &list.items) {
        if let Some(at) = user.last_seen {
            found.push(Happening {
                at,
                age: by_service(at),
                lane: Lane::LogOns,
                icon: Icon::Active,
                role: Role::Neutral,
                text: format!("{} last seen", clean(&user.name, TEXT_CHARS)),
            });
        }
    }
    found.sort_by_key(|happening| (happening.age, happening.lane));
    found
}

fn with(text: String, comment: &str) -> String {
    if comment.trim().is_empty() {
        text
    } else {
        format!("{text}: {comment}")
    }
}

/// The shortest span that holds three of them, or all there are.
fn fitting(happenings: &[Happening]) -> Span {
    let wanted = happenings.len().min(3);
    let holds = |span: &Span| {
        let within = happenings.iter().filter(|h| h.age <= span.length());
        within.count() >= wanted
    };
    let mut spans = Span::ALL.into_iter();
    spans.find(holds).unwrap_or(Span::HalfYear)
}

/// What happened when, in a line.
fn said(happening: &Happening, cx: &Cx<'_>) -> String {
    format!(
        "{}, {} · {}",
        words::local_time(happening.at, cx.zone),
        age_text(happening.age.as_secs()),
        happening.text
    )
}

/// The axis with a mark for each, and a line for the one that is chosen.
fn axis_ui(ui: &mut Ui, cx: &Cx<'_>, id: Id, span: Span, all: &[Happening]) {
    let within = all.iter().filter(|h| h.age <= span.length());
    let shown: Vec<&Happening> = within.collect();
    let lanes: f32 = Lane::ALL.iter().map(|_| LANE).sum();
    let size = vec2(ui.available_width(), lanes + FOOT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, id, Sense::click());
    let chosen_id = id.with("chosen");
    let mut chosen: Option<usize> = ui.data(|data| data.get_temp(chosen_id));
    chosen = chosen.filter(|at| *at < shown.len());
    let axis = Axis {
        rect: Rect::from_min_max(pos2(rect.left() + NAMES, rect.top()), rect.right_bottom()),
        length: span.length(),
    };
    let places: Vec<Pos2> = shown.iter().map(|h| axis.place(h)).collect();
    let pointed = response.hover_pos().and_then(|at| nearest(&places, at));
    if let Some(stepped) = step(ui, &response, chosen, shown.len()) {
        chosen = Some(stepped);
    }
    if response.clicked() && pointed.is_some() {
        chosen = pointed;
    }
    ui.data_mut(|data| data.insert_temp(chosen_id, chosen.unwrap_or(usize::MAX)));
    let seen = pointed.or(chosen);
    let words = seen.and_then(|at| shown.get(at)).map(|h| said(h, cx));
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
        for (at, (happening, place)) in shown.iter().zip(&places).enumerate() {
            paint_mark(ui, happening, *place, seen == Some(at));
        }
    }
    line_ui(
        ui,
        seen.and_then(|at| shown.get(at)).copied(),
        words,
        &count,
    );
}

/// The line under the axis, which is always there.
fn line_ui(ui: &mut Ui, seen: Option<&Happening>, words: Option<String>, count: &str) {
    let height = 2.0 * ui.text_style_height(&TextStyle::Body) + ui.tokens().space.xs;
    let size = vec2(ui.available_width(), height);
    ui.allocate_ui(size, |ui| {
        ui.set_min_size(size);
        match (seen, words) {
            (Some(happening), Some(words)) => {
                let said = badge(ui, happening.icon, happening.role, &words);
                ui.announce(&said);
                said.tip(&words);
            }
            _ => {
                ui.small_label(count);
            }
        }
    });
}

/// The keys that go from one to the next while the axis has the keyboard: the newest is first, and
/// stands on the right.
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

/// The mark next to the pointer, within its reach.
fn nearest(places: &[Pos2], pointer: Pos2) -> Option<usize> {
    let distances = places.iter().map(|place| place.distance(pointer));
    let nearest = distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    nearest
        .filter(|(_, distance)| *distance <= LANE)
        .map(|(at, _)| at)
}

/// Where a time stands.
struct Axis {
    rect: Rect,
    length: SignedDuration,
}

impl Axis {
    fn place(&self, happening: &Happening) -> Pos2 {
        let lane = Lane::ALL
            .into_iter()
            .take_while(|lane| *lane != happening.lane)
            .fold(0.5, |sum, _| sum + 1.0);
        pos2(self.x(happening.age), self.rect.top() + lane * LANE)
    }

    /// The present is on the right.
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
        let mut top = self.rect.top();
        for lane in Lane::ALL {
            let y = top + LANE / 2.0;
            painter.hline(self.rect.x_range(), y, line);
            painter.text(
                pos2(self.rect.left() - NAMES, y),
                Align2::LEFT_CENTER,
                lane.name(),
                small.clone(),
                tokens.text_weak,
            );
            top += LANE;
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

fn paint_mark(ui: &Ui, happening: &Happening, place: Pos2, is_seen: bool) {
    let tokens = ui.tokens();
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours_ago: i64) -> Happening {
        Happening {
            at: Timestamp::UNIX_EPOCH,
            age: SignedDuration::from_hours(hours_ago),
            lane: Lane::Alerts,
            icon: Icon::Info,
            role: Role::Neutral,
            text: "x".into(),
        }
    }

    #[test]
    fn the_span_is_the_shortest_that_shows_three_or_all() {
        let all = |hours: &[i64]| -> Vec<_> { hours.iter().map(|h| at(*h)).collect() };
        for (hours, span) in [
            (&[1, 2, 3, 400][..], Span::Hours),
            (&[1, 2, 20, 400], Span::Day),
            (&[1, 30], Span::Week),
            (&[1, 30, 400, 500], Span::Month),
            (&[900], Span::HalfYear),
            // Older than any of them.
            (&[9_000], Span::HalfYear),
        ] {
            assert_eq!(fitting(&all(hours)), span, "{hours:?}");
        }
    }

    #[test]
    fn a_time_stands_where_it_belongs_and_never_beside_the_axis() {
        let axis = Axis {
            rect: Rect::from_min_size(Pos2::ZERO, vec2(216.0, 100.0)),
            length: Span::Day.length(),
        };
        let x = |hours: i64| axis.place(&at(hours)).x;
        assert!((x(0) - 208.0).abs() < 0.1 && (x(12) - 108.0).abs() < 0.1);
        assert!((x(24) - 8.0).abs() < 0.1);
        // By a clock that is ahead, or from before the axis.
        assert!((x(-5) - x(0)).abs() < 0.1 && (x(99) - x(24)).abs() < 0.1);
        let places = [pos2(10.0, 10.0), pos2(50.0, 10.0)];
        assert_eq!(nearest(&places, pos2(45.0, 12.0)), Some(1));
        assert_eq!(nearest(&places, pos2(200.0, 12.0)), None);
    }
}
