//! The table of devices: one tab stop, one accessible element per row. Its first column stays fixed while
//! the others scroll sideways.

use egui::scroll_area::ScrollBarVisibility;
use egui::{
    Id, Key, Modifiers, Pos2, Rangef, Rect, Response, ScrollArea, Sense, Stroke, StrokeKind, Ui,
    UiBuilder, WidgetInfo, accesskit,
};

use crate::journal::Entry;
use crate::model::MachineId;
use crate::model::Sort;
use crate::ui::Cx;
use crate::ui::devices::row::{MachineRow, RowResponse};
use crate::ui::devices::table_head::heads_ui;
use crate::ui::devices::table_layout::TableLayout;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{has_come_under_pointer, sideways_bar_ui};

/// The clicked part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clicked {
    Row(usize),
    /// The tick box of a row, or a click on the row with the command key.
    Toggle(usize),
}

impl RowResponse {
    fn clicked(&self, row: usize) -> Option<Clicked> {
        if !self.is_legible {
            return None;
        }
        let by_box = self.checkbox.as_ref().is_some_and(Response::clicked);
        let with_command = || self.row.ctx.input(|input| input.modifiers.command);
        match self.row.clicked() {
            _ if by_box => Some(Clicked::Toggle(row)),
            true if with_command() => Some(Clicked::Toggle(row)),
            true => Some(Clicked::Row(row)),
            false => None,
        }
    }
}

/// Scroll state of the table.
#[derive(Debug, Clone, Default)]
struct Scroll {
    /// Horizontal scroll offset, before rounding to a column.
    sideways: f32,
    /// Vertical scroll offset, and the visible height.
    down: f32,
    seen: f32,
    /// The sort order at that time.
    sort: Sort,
    /// The row kept in place while others are inserted or removed.
    anchor: Option<Anchor>,
    /// Rectangle of the rows.
    rows: Option<Rect>,
    drawn_at_pass: u64,
    /// The pointer's position when the rows appeared, until it moves: it was not aimed at a row.
    resting: Option<Pos2>,
}

impl Scroll {
    /// Records that this pass draws the table.
    fn begin(&mut self, ui: &Ui) {
        let pass = ui.ctx().cumulative_pass_nr();
        let have_come = self.drawn_at_pass.saturating_add(1) < pass;
        self.resting = ui.input(|input| {
            let pointer = input.pointer.hover_pos();
            let rests = self.resting == pointer && !input.pointer.any_down();
            pointer.filter(|_| have_come || rests)
        });
        self.drawn_at_pass = pass;
    }

    /// The pointer's position if it was moved to a row.
    fn aimed(&self, pointer: Option<Pos2>) -> Option<Pos2> {
        pointer.filter(|at| {
            self.rows.is_some_and(|rows| rows.contains(*at)) && self.resting != Some(*at)
        })
    }
}

/// Whether the pointer is over the rows as last drawn.
pub fn is_pointed_at(ui: &Ui, table_id: Id) -> bool {
    let scroll = ui.data(|data| data.get_temp::<Scroll>(table_id));
    let pointer = ui.input(|input| input.pointer.hover_pos());
    scroll.is_some_and(|scroll| scroll.aimed(pointer).is_some())
}

/// A row of the last frame: the one that the pointer was moved to, else the first visible one.
#[derive(Debug, Clone)]
struct Anchor {
    id: MachineId,
    row: usize,
    /// The search at that time.
    search: String,
}

/// Draws the visible rows. Returns every click of this frame: a screen reader may click several rows.
pub fn table_ui(ui: &mut Ui, table_id: Id, cx: &mut Cx<'_>) -> Vec<Clicked> {
    let tokens = ui.tokens();
    let area = ui.available_rect_before_wrap();
    ui.allocate_rect(area, Sense::hover());
    let mut scroll: Scroll = ui.data(|data| data.get_temp(table_id)).unwrap_or_default();
    scroll.begin(ui);
    let layout = TableLayout::new(ui, area, &cx.views.layout, scroll.sideways);
    let shown = heads_ui(ui, table_id, &layout, &mut cx.views.layout);
    let response = ui.interact(area, table_id, Sense::FOCUSABLE);
    let before = scroll.sideways;
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Table, true, "Devices"));
    if response.has_focus() {
        scroll.sideways = layout.stepped(scroll.sideways, sideways_steps(ui));
    }
    if let Some(column) = shown {
        scroll.sideways = layout.bring_into_view(column, scroll.sideways);
    }
    scroll_sideways(ui, table_id, &layout, &mut scroll);
    if (scroll.sideways - before).abs() > f32::EPSILON {
        // Heads and rows of one frame agree; the next one shows the change.
        ui.ctx().request_repaint();
    }
    scroll.rows = Some(layout.rows());
    let clicked = rows_ui(ui, table_id, &layout, &mut scroll, cx);
    if response.has_focus() {
        let ring = Stroke::new(tokens.focus_width, tokens.focus);
        ui.painter()
            .rect_stroke(area, tokens.radius, ring, StrokeKind::Inside);
    }
    if !clicked.is_empty() {
        response.request_focus();
    }
    ui.data_mut(|data| data.insert_temp(table_id, scroll));
    clicked
}

/// Number of presses of Arrow Right minus those of Arrow Left.
fn sideways_steps(ui: &Ui) -> i32 {
    ui.input_mut(|input| {
        let mut count = |key| {
            let count = input.count_and_consume_key(Modifiers::NONE, key);
            i32::try_from(count).unwrap_or_default()
        };
        count(Key::ArrowRight) - count(Key::ArrowLeft)
    })
}

/// Scrolls by wheel and bar; the bar is always visible if there is anything to scroll.
fn scroll_sideways(ui: &mut Ui, table_id: Id, layout: &TableLayout, scroll: &mut Scroll) {
    let max = layout.max_sideways();
    if ui.rect_contains_pointer(layout.area()) {
        scroll.sideways -= ui.input(egui::InputState::smooth_scroll_delta).x;
    }
    scroll.sideways = scroll.sideways.clamp(0.0, max);
    if max > 0.0 {
        let bar_id = table_id.with("sideways");
        let name = "Scroll the columns sideways";
        sideways_bar_ui(ui, bar_id, layout.bar(), name, &mut scroll.sideways, max);
    }
}

fn rows_ui(
    ui: &mut Ui,
    table_id: Id,
    layout: &TableLayout,
    scroll: &mut Scroll,
    cx: &mut Cx<'_>,
) -> Vec<Clicked> {
    let row_height = ui.tokens().height.row;
    let count = cx.views.rows.len();
    let builder = UiBuilder::new()
        .max_rect(layout.rows_and_bar())
        .scope_id(table_id.with("rows"));
    let mut area = ScrollArea::vertical()
        .id_salt("rows")
        .auto_shrink(false)
        .min_scrolled_height(0.0)
        .scroll_bar_visibility(ScrollBarVisibility::VisibleWhenNeeded);
    let pointer = ui.input(|input| input.pointer.hover_pos());
    let aimed = scroll.aimed(pointer);
    let jump = jump(row_height, scroll, cx);
    if let Some(down) = jump.or_else(|| anchored_offset(row_height, scroll, aimed.is_some(), cx)) {
        area = area.vertical_scroll_offset(down);
    }
    // Collected once: a long journal must not be walked for each row.
    let open_entries: Vec<_> = cx.state.open_entries().collect();
    let mut clicked = Vec::new();
    let mut rows = ui.new_child(builder);
    let output = area.show_viewport(&mut rows, |ui, viewport| {
        ui.set_height(as_points(count) * row_height);
        let clip = ui.clip_rect().intersect(layout.rows_and_bar());
        let first = as_row(viewport.min.y / row_height);
        let last = as_row(viewport.max.y / row_height).saturating_add(1);
        for index in first..last.min(count) {
            let top = clip.top() + (as_points(index) * row_height - viewport.min.y);
            let y = Rangef::new(top, top + row_height);
            clicked.extend(row_ui(
                ui,
                cx,
                (table_id, layout, clip),
                &open_entries,
                (index, y),
            ));
        }
    });
    scroll.down = output.state.clamped_offset().y;
    scroll.seen = output.inner_rect.height();
    ui.ctx()
        .accesskit_node_builder(output.id.with(1_usize), |node| {
            node.set_label("Scroll the devices");
        });
    let top = layout.rows().top();
    let row_at = |y: f32| as_row((scroll.down + (y - top).max(0.0)) / row_height);
    let over = pointer.filter(|at| layout.rows().contains(*at));
    drop_stray_clicks(ui, cx, table_id, over.map(|at| row_at(at.y)), &mut clicked);
    let row = row_at(aimed.map_or(top, |at| at.y));
    let machine = cx.views.rows.machine(cx.state, row);
    scroll.anchor = machine.map(|machine| Anchor {
        id: machine.id.clone(),
        row,
        search: cx.views.search.clone(),
    });
    clicked
}

/// Drops a click on a row that has only just moved under the pointer: it was meant for another.
fn drop_stray_clicks(
    ui: &Ui,
    cx: &Cx<'_>,
    table_id: Id,
    row: Option<usize>,
    clicked: &mut Vec<Clicked>,
) {
    let by_wheel = ui.input(egui::InputState::smooth_scroll_delta) != egui::Vec2::ZERO;
    let under = row.and_then(|row| cx.views.rows.machine(cx.state, row));
    let what = under.map_or(table_id, |machine| table_id.with(machine.id.as_str()));
    // Only for the pointer: a screen reader names the row that it clicks.
    if has_come_under_pointer(ui, table_id, what, by_wheel) && row.is_some() {
        let by_pointer = ui.input(|input| input.pointer.any_click());
        clicked.retain(|_| !by_pointer);
    }
}

/// Draws the row at this index of the list and this vertical position.
fn row_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (table_id, layout, clip): (Id, &TableLayout, Rect),
    open_entries: &[&Entry],
    (index, y): (usize, Rangef),
) -> Option<Clicked> {
    let machine = cx.views.rows.machine(cx.state, index)?;
    let id = table_id.with(machine.id.as_str());
    let is_selected = cx.views.is_selected(&machine.id);
    if is_selected {
        ui.ctx().accesskit_node_builder(table_id, |node| {
            node.set_active_descendant(id.accesskit_id());
        });
    }
    let mut ticked = cx.views.bulk_selection.iter();
    let row = MachineRow {
        machine,
        reference: machine.reference(),
        id,
        is_selected,
        is_ticked: ticked.any(|selected| selected.id == machine.id),
        is_asked_for: cx.state.asked.is_unlisted(&machine.id),
        open_entries,
        rect: Rect::from_x_y_ranges(layout.rows().x_range(), y),
        clip: layout.rows().intersect(clip),
    };
    row.show_ui(ui, layout, cx).clicked(index)
}

/// Scroll offset that keeps the anchor's row in place when rows above it were inserted or removed. At the
/// top of the list new rows scroll into view, unless the pointer is over a row.
fn anchored_offset(
    row_height: f32,
    scroll: &Scroll,
    is_pointed_at: bool,
    cx: &Cx<'_>,
) -> Option<f32> {
    let anchor = scroll.anchor.as_ref()?;
    let row = cx.views.rows.row_of(cx.state, &anchor.id)?;
    let is_held = scroll.down > 0.0 || is_pointed_at;
    let has_moved = row != anchor.row && anchor.search == cx.views.search;
    let by = as_points(row) - as_points(anchor.row);
    (is_held && has_moved).then(|| (scroll.down + by * row_height).max(0.0))
}

/// Scroll offset of a jump: to the top after sorting, else to the selection if requested.
fn jump(row_height: f32, scroll: &mut Scroll, cx: &mut Cx<'_>) -> Option<f32> {
    let sort = cx.views.layout.sort;
    let is_sorted_anew = std::mem::replace(&mut scroll.sort, sort) != sort;
    let to_selection = std::mem::take(&mut cx.views.scroll_to_selection);
    if is_sorted_anew && scroll.seen > 0.0 {
        return Some(0.0);
    }
    let selected = cx.views.selected.as_ref().filter(|_| to_selection)?;
    let row = cx.views.rows.row_of(cx.state, &selected.id)?;
    let top = as_points(row) * row_height;
    let lowest = top + row_height - scroll.seen;
    let is_seen = (lowest..=top).contains(&scroll.down);
    // Before the first frame the height is unknown: the row goes to the top.
    (!is_seen).then(|| {
        if scroll.down > top {
            top
        } else {
            lowest.max(0.0)
        }
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer rows than a float counts exactly"
)]
const fn as_points(rows: usize) -> f32 {
    rows as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a row is a small number, and what is above the first is the first"
)]
const fn as_row(rows: f32) -> usize {
    rows as usize
}
