//! Layout of the table's columns: the first one fixed, the others scrolled sideways by whole columns, so
//! that none is cut on its left.

use egui::{Rangef, Rect, Ui};

use crate::model::{Column, WindowLayout};
use crate::ui::devices::columns::head;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::text_width;

/// Maximum share of the table's width for the fixed column.
const FIXED_SHARE: f32 = 0.6;
/// Width up to which the fixed column takes what the others leave, unless the user has resized it.
const FIXED_MOST: f32 = 320.0;
/// Minimum width of a column; with less, or less than its head needs, it is not drawn.
const LEAST: f32 = 72.0;
/// Height of the bar below the rows.
const BAR: f32 = 10.0;

/// A visible column.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub column: Column,
    pub title: &'static str,
    /// Its configured width.
    pub width: f32,
    /// Its full horizontal range, part of which may be out of view.
    pub whole: Rangef,
    /// Its visible range.
    pub seen: Rangef,
}

/// Positions of the columns in this frame.
#[derive(Debug)]
pub struct TableLayout {
    area: Rect,
    head_height: f32,
    bar_width: f32,
    gap: f32,
    name: Wanted,
    /// Width of the fixed name column.
    fixed: f32,
    /// The scrolled columns.
    others: Vec<Wanted>,
    sideways: f32,
    spans: Vec<Span>,
}

/// A column as configured.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    column: Column,
    title: &'static str,
    width: f32,
    /// Minimum width at which it is shown.
    least: f32,
    /// Its start among the scrolled columns.
    start: f32,
}

impl Wanted {
    fn end(&self) -> f32 {
        self.start + self.width
    }

    /// The span of a column at `whole`, of which `room` points are visible.
    fn span(&self, whole: Rangef, room: f32) -> Span {
        Span {
            column: self.column,
            title: self.title,
            width: self.width,
            whole,
            seen: Rangef::new(whole.min, whole.max.min(whole.min + room)),
        }
    }
}

impl TableLayout {
    /// Lays the columns out in `area`, scrolled sideways by about `sideways` points.
    #[must_use]
    pub fn new(ui: &Ui, area: Rect, window: &WindowLayout, sideways: f32) -> Self {
        let tokens = ui.tokens();
        let gap = tokens.space.s;
        let wanted = |column, start| {
            let (title, width) = head(column);
            let width = window.widths.get(&column).copied().unwrap_or(width);
            let least = head_width(ui, title).max(LEAST).min(width);
            Wanted {
                column,
                title,
                width,
                least,
                start,
            }
        };
        let name = wanted(Column::Name, 0.0);
        let mut start = 0.0;
        let others = Column::ALL.into_iter().filter(|it| *it != Column::Name);
        let others = others.filter(|it| window.shows(*it));
        let others = others.map(|column| {
            let wanted = wanted(column, start);
            start = wanted.end() + gap;
            wanted
        });
        let bar_width = ui.spacing().scroll.allocated_width();
        let max = (area.width() - bar_width) * FIXED_SHARE;
        let mut layout = Self {
            area,
            head_height: tokens.height.row,
            bar_width,
            gap,
            name,
            fixed: name.width.min(max),
            others: others.collect(),
            sideways: 0.0,
            spans: Vec::new(),
        };
        if !window.widths.contains_key(&name.column) {
            // Computed as if unscrolled: it must not change with scrolling.
            let max = FIXED_MOST.min(max).max(layout.fixed);
            layout.fixed = (layout.fixed + layout.spare()).min(max);
        }
        layout.sideways = layout.snapped(sideways);
        layout.spans = layout.index();
        layout
    }

    #[must_use]
    pub const fn area(&self) -> Rect {
        self.area
    }

    /// Rectangle of the column heads, without the bar.
    #[must_use]
    pub fn head(&self) -> Rect {
        let head = Rect::from_min_size(
            self.area.min,
            egui::vec2(self.area.width(), self.head_height),
        );
        head.with_max_x(self.area.right() - self.bar_width)
    }

    /// Rectangle of the rows with their scroll bar.
    #[must_use]
    pub fn rows_and_bar(&self) -> Rect {
        let bar = if self.max_sideways() > 0.0 { BAR } else { 0.0 };
        Rect::from_min_max(
            egui::pos2(self.area.left(), self.head().bottom()),
            egui::pos2(self.area.right(), self.area.bottom() - bar),
        )
    }

    /// Rectangle of the rows alone.
    #[must_use]
    pub fn rows(&self) -> Rect {
        let rows = self.rows_and_bar();
        rows.with_max_x(rows.right() - self.bar_width)
    }

    /// Rectangle of the horizontal scroll bar, below the scrolled columns.
    #[must_use]
    pub fn bar(&self) -> Rect {
        Rect::from_min_max(
            egui::pos2(self.moving().min, self.area.bottom() - BAR),
            egui::pos2(self.moving().max, self.area.bottom()),
        )
    }

    fn moving(&self) -> Rangef {
        let start = self.area.left() + self.fixed + self.gap;
        Rangef::new(start, (self.area.right() - self.bar_width).max(start))
    }

    /// Maximum scroll offset: until the last column is fully visible.
    #[must_use]
    pub fn max_sideways(&self) -> f32 {
        let Some(last) = self.others.last() else {
            return 0.0;
        };
        let hidden = last.end() + self.gap - self.moving().span();
        if hidden <= 1.0 {
            return 0.0;
        }
        let enough = self.others.iter().find(|column| column.start >= hidden);
        enough.unwrap_or(last).start
    }

    /// The nearest start of a column.
    fn snapped(&self, sideways: f32) -> f32 {
        let max = self.max_sideways();
        let starts = self.others.iter().map(|column| column.start);
        let near = |a: &f32, b: &f32| (a - sideways).abs().total_cmp(&(b - sideways).abs());
        let reachable = starts.filter(|start| *start <= max);
        reachable.min_by(near).unwrap_or(0.0)
    }

    /// The scroll offset `steps` columns further.
    #[must_use]
    pub fn stepped(&self, sideways: f32, steps: i32) -> f32 {
        if steps == 0 {
            return sideways;
        }
        let now = self.snapped(sideways);
        let mut columns = self.others.iter();
        let at = columns.position(|column| column.start >= now).unwrap_or(0);
        let to = at.saturating_add_signed(isize::try_from(steps).unwrap_or(0));
        let column = self.others.get(to).or(self.others.last());
        let start = column.map_or(0.0, |column| column.start);
        start.min(self.max_sideways())
    }

    /// The scroll offset at which this column is visible.
    #[must_use]
    pub fn bring_into_view(&self, column: Column, sideways: f32) -> f32 {
        let mut others = self.others.iter();
        let Some(wanted) = others.find(|this| this.column == column) else {
            return sideways;
        };
        let is_right = wanted.end() > self.sideways + self.moving().span();
        if wanted.start < self.sideways || is_right {
            wanted.start.min(self.max_sideways())
        } else {
            sideways
        }
    }

    /// The visible columns, the fixed one first.
    pub fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        self.spans.iter().copied()
    }

    /// Places the columns. A column without room for its minimum width is not drawn, and the last one drawn
    /// takes the rest.
    fn index(&self) -> Vec<Span> {
        let view = self.moving();
        let left = self.area.left();
        let whole = Rangef::new(left, left + self.fixed);
        let mut spans = Vec::with_capacity(1 + self.others.len());
        spans.push(self.name.span(whole, self.fixed));
        for wanted in &self.others {
            let left = view.min + wanted.start - self.sideways;
            let room = view.max - left;
            let is_first = spans.len() == 1;
            if left < view.min - 0.5 || (room < wanted.least && !is_first) {
                continue;
            }
            let whole = Rangef::new(left, left + wanted.width);
            spans.push(wanted.span(whole, room));
        }
        if let [_, .., last] = spans.as_mut_slice() {
            last.whole.max = last.whole.max.max(view.max);
            last.seen.max = view.max;
        }
        spans
    }

    /// Width left over by the shown columns.
    fn spare(&self) -> f32 {
        let room = self.moving().span();
        let others = self.others.iter();
        let begun = others.take_while(|it| it.start + it.least <= room);
        (room - begun.last().map_or(0.0, Wanted::end)).max(0.0)
    }

    /// Half of the gap between two columns.
    #[must_use]
    pub const fn half_gap(&self) -> f32 {
        self.gap / 2.0
    }

    /// All shown columns, including those scrolled out of view.
    pub fn shown(&self) -> impl Iterator<Item = Column> + '_ {
        let all = std::iter::once(&self.name).chain(&self.others);
        all.map(|wanted| wanted.column)
    }
}

/// Width of a head with its whole title and the sort mark.
pub fn head_width(ui: &Ui, title: &str) -> f32 {
    let font = text::strong().resolve(ui.style());
    text_width(ui, title, &font) + ui.tokens().height.icon + 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme;

    #[test]
    fn no_column_is_drawn_without_room_for_its_head() {
        let ctx = egui::Context::default();
        theme::apply(&ctx);
        let window = WindowLayout::default();
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for width in 300_u16..2_000 {
                let size = egui::vec2(width.into(), 500.0);
                let area = Rect::from_min_size(egui::Pos2::ZERO, size);
                for sideways in [0.0, 160.0, 400.0, 900.0] {
                    let layout = TableLayout::new(ui, area, &window, sideways);
                    // One column beside the names is always drawn.
                    for span in layout.spans().skip(2) {
                        let head = head_width(ui, span.title);
                        let seen = span.seen.span();
                        assert!(seen >= head - 0.5, "{width}, {sideways}: {span:?} {head}");
                    }
                }
            }
        });
        output.textures_delta.clear();
    }
}
