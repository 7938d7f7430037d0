//! Layout of the table's columns: the first one fixed, the others scrolled sideways by whole columns,
//! so that none is cut at its beginning.

use egui::{Rangef, Rect, Ui};

use crate::model::{Column, WindowLayout};
use crate::ui::devices::columns::COLUMNS;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::text_width;

/// The most of the table's width that the fixed column takes.
const FIXED_SHARE: f32 = 0.6;
/// The fixed column takes what the others leave up to this width, unless a person has set it.
const FIXED_MOST: f32 = 320.0;
/// A column with less room than this, or than its head needs, is not drawn.
const LEAST: f32 = 72.0;
/// The height of the bar below the rows.
const BAR: f32 = 10.0;

/// One column that is shown.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub column: Column,
    pub title: &'static str,
    /// Its whole width on screen, of which a part may be out of sight.
    pub whole: Rangef,
    /// The visible range.
    pub seen: Rangef,
}

/// The places of the columns in this frame.
#[derive(Debug)]
pub struct TableLayout {
    area: Rect,
    head_height: f32,
    bar_width: f32,
    gap: f32,
    fixed: f32,
    /// The fixed one first.
    columns: Vec<Wanted>,
    sideways: f32,
    spans: Vec<Span>,
}

/// A column as it was set.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    column: Column,
    title: &'static str,
    width: f32,
    /// The least of it that is shown.
    least: f32,
}

impl TableLayout {
    /// Lays the columns out in `area`, scrolled sideways by about `sideways` points.
    #[must_use]
    pub fn new(ui: &Ui, area: Rect, window: &WindowLayout, sideways: f32) -> Self {
        let tokens = ui.tokens();
        let columns: Vec<_> = COLUMNS
            .into_iter()
            .filter(|(column, _, _)| window.shows(*column))
            .map(|(column, title, width)| {
                let width = window.widths.get(&column).copied().unwrap_or(width);
                let least = head_width(ui, title).max(LEAST).min(width);
                Wanted {
                    column,
                    title,
                    width,
                    least,
                }
            })
            .collect();
        let bar_width = ui.spacing().scroll.allocated_width();
        let most = (area.width() - bar_width) * FIXED_SHARE;
        let mut layout = Self {
            area,
            head_height: tokens.height.row,
            bar_width,
            gap: tokens.space.s,
            fixed: columns.first().map_or(0.0, |first| first.width).min(most),
            columns,
            sideways: 0.0,
            spans: Vec::new(),
        };
        if !window.widths.contains_key(&Column::Name) {
            // By what is left when nothing is scrolled: it must not change with the scrolling.
            let most = FIXED_MOST.min(most).max(layout.fixed);
            layout.fixed = (layout.fixed + layout.spare()).min(most);
        }
        layout.sideways = layout.snapped(sideways);
        layout.spans = layout.index();
        layout
    }

    #[must_use]
    pub const fn area(&self) -> Rect {
        self.area
    }

    /// The heads of the columns, without the bar's room.
    #[must_use]
    pub fn head(&self) -> Rect {
        let head = Rect::from_min_size(
            self.area.min,
            egui::vec2(self.area.width(), self.head_height),
        );
        head.with_max_x(self.area.right() - self.bar_width)
    }

    /// The rows with their scroll bar.
    #[must_use]
    pub fn rows_and_bar(&self) -> Rect {
        let bar = if self.max_sideways() > 0.0 { BAR } else { 0.0 };
        Rect::from_min_max(
            egui::pos2(self.area.left(), self.head().bottom()),
            egui::pos2(self.area.right(), self.area.bottom() - bar),
        )
    }

    /// The rows alone.
    #[must_use]
    pub fn rows(&self) -> Rect {
        let rows = self.rows_and_bar();
        rows.with_max_x(rows.right() - self.bar_width)
    }

    /// The bar that scrolls sideways: below the columns that move.
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

    /// Offsets of the scrolling columns, and the end of the last one.
    fn starts(&self) -> (Vec<f32>, f32) {
        let mut at = 0.0;
        let mut starts = Vec::with_capacity(self.columns.len());
        for wanted in self.columns.iter().skip(1) {
            starts.push(at);
            at += wanted.width + self.gap;
        }
        (starts, at)
    }

    /// Maximum scroll offset: until the last column is fully visible.
    #[must_use]
    pub fn max_sideways(&self) -> f32 {
        let (starts, end) = self.starts();
        let hidden = end - self.moving().span();
        if hidden <= 1.0 {
            return 0.0;
        }
        let enough = starts.iter().copied().find(|start| *start >= hidden);
        enough.or_else(|| starts.last().copied()).unwrap_or(0.0)
    }

    /// The beginning of a column that is nearest.
    fn snapped(&self, sideways: f32) -> f32 {
        let max = self.max_sideways();
        let (starts, _) = self.starts();
        let near = |a: &&f32, b: &&f32| (**a - sideways).abs().total_cmp(&(**b - sideways).abs());
        let reachable = starts.iter().filter(|start| **start <= max);
        reachable.min_by(near).copied().unwrap_or(0.0)
    }

    /// The sideways scrolling `steps` columns further.
    #[must_use]
    pub fn stepped(&self, sideways: f32, steps: i32) -> f32 {
        if steps == 0 {
            return sideways;
        }
        let now = self.snapped(sideways);
        let (starts, _) = self.starts();
        let at = starts.iter().position(|start| *start >= now).unwrap_or(0);
        let to = at.saturating_add_signed(isize::try_from(steps).unwrap_or(0));
        let last = starts.last().copied().unwrap_or(0.0);
        starts
            .get(to)
            .copied()
            .unwrap_or(last)
            .min(self.max_sideways())
    }

    /// The scrolling with which this column is seen.
    #[must_use]
    pub fn bring_into_view(&self, column: Column, sideways: f32) -> f32 {
        let (starts, _) = self.starts();
        let moving = self.columns.iter().skip(1).zip(&starts);
        let found = moving.into_iter().find(|(this, _)| this.column == column);
        let Some((wanted, start)) = found else {
            return sideways;
        };
        let is_right = start + wanted.width > self.sideways + self.moving().span();
        if *start < self.sideways || is_right {
            start.min(self.max_sideways())
        } else {
            sideways
        }
    }

    /// The columns that are shown, the fixed one first.
    pub fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        self.spans.iter().copied()
    }

    /// Places the columns. One that would have less than the least of it is not begun, and the last
    /// one that is takes what is left.
    fn index(&self) -> Vec<Span> {
        let view = self.moving();
        let (starts, _) = self.starts();
        let moving = self.columns.iter().skip(1).zip(starts);
        let mut spans = Vec::with_capacity(self.columns.len());
        for (wanted, start) in moving {
            let left = view.min + start - self.sideways;
            let room = view.max - left;
            let is_first = spans.is_empty();
            if left < view.min - 0.5 || (room < wanted.least && !is_first) {
                continue;
            }
            spans.push(Span {
                column: wanted.column,
                title: wanted.title,
                whole: Rangef::new(left, left + wanted.width),
                seen: Rangef::new(left, left + wanted.width.min(room)),
            });
        }
        if let Some(last) = spans.last_mut() {
            last.whole.max = last.whole.max.max(view.max);
            last.seen.max = view.max;
        }
        if let Some(fixed) = self.columns.first() {
            let left = self.area.left();
            let whole = Rangef::new(left, left + self.fixed);
            let fixed = Span {
                column: fixed.column,
                title: fixed.title,
                whole,
                seen: whole,
            };
            spans.insert(0, fixed);
        }
        spans
    }

    /// Width left over by the shown columns.
    fn spare(&self) -> f32 {
        let view = self.moving();
        let (starts, _) = self.starts();
        let moving = self.columns.iter().skip(1).zip(starts);
        let begun = moving.take_while(|(wanted, start)| start + wanted.least <= view.span());
        let end = begun
            .last()
            .map_or(0.0, |(wanted, start)| start + wanted.width);
        (view.span() - end).max(0.0)
    }

    /// Half of the gap between two columns.
    #[must_use]
    pub const fn half_gap(&self) -> f32 {
        self.gap / 2.0
    }

    /// All columns that are shown, also those out of sight.
    pub fn shown(&self) -> impl Iterator<Item = (Column, &'static str)> + '_ {
        self.columns
            .iter()
            .map(|wanted| (wanted.column, wanted.title))
    }
}

/// The width of a head that shows its whole title and the mark of sorting.
pub fn head_width(ui: &Ui, title: &str) -> f32 {
    let font = text::strong().resolve(ui.style());
    text_width(ui, title, &font) + ui.tokens().height.icon + 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme;

    #[test]
    fn no_column_is_begun_without_room_for_its_head_at_any_width() {
        let ctx = egui::Context::default();
        theme::apply(&ctx);
        let window = WindowLayout::default();
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for width in 300_u16..2_000 {
                let size = egui::vec2(width.into(), 500.0);
                let area = Rect::from_min_size(egui::Pos2::ZERO, size);
                for sideways in [0.0, 160.0, 400.0, 900.0] {
                    let layout = TableLayout::new(ui, area, &window, sideways);
                    // One column beside the names is there in any case.
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
