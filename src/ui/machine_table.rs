//! The table of devices: one stop for the keyboard, one element per row for a screen reader.

use egui::{Id, Response, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, accesskit};
use egui_extras::{Column as Width, TableBuilder};

use super::Cx;
use super::columns::COLUMNS;
use super::machine_row::{MachineRow, RowResponse};
use super::theme::{TokensExt as _, text};
use super::views::{Column, Sort};
use crate::model::WindowLayout;

/// What of the table was clicked, by its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clicked {
    Row(usize),
    /// The box by which a device is picked; a click on the row with the command key does the same.
    Pick(usize),
}

impl RowResponse {
    fn clicked(&self, row: usize) -> Option<Clicked> {
        let by_box = self.pick.as_ref().is_some_and(Response::clicked);
        let with_command = || self.row.ctx.input(|input| input.modifiers.command);
        match self.row.clicked() {
            _ if by_box => Some(Clicked::Pick(row)),
            true if with_command() => Some(Clicked::Pick(row)),
            true => Some(Clicked::Row(row)),
            false => None,
        }
    }
}

/// Draws the rows that can be seen.
pub fn table_ui(ui: &mut Ui, table_id: Id, cx: &mut Cx<'_>) -> Option<Clicked> {
    let tokens = ui.tokens();
    let area = ui.available_rect_before_wrap();
    let response = ui.interact(area, table_id, Sense::FOCUSABLE);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Table, true, "Devices"));
    let scroll_to = std::mem::take(&mut cx.views.scroll_to_selection)
        .then(|| {
            let selected = cx.views.selected.as_ref()?;
            cx.views.rows.row_of(cx.state, &selected.id)
        })
        .flatten();
    // Gathered once: a long journal must not be walked for each row.
    let open_entries: Vec<_> = cx.state.open_entries().collect();
    let layout = &cx.views.layout;
    let shown: Vec<_> = COLUMNS
        .into_iter()
        .filter(|(column, _, _)| layout.shows(*column))
        .collect();
    let columns: Vec<_> = shown.iter().map(|(column, _, _)| *column).collect();
    let mut clicked = None;
    ScrollArea::horizontal().show(ui, |ui| {
        ui.spacing_mut().item_spacing = Vec2::new(tokens.space.s, 0.0);
        let mut table = TableBuilder::new(ui)
            .id_salt("devices")
            .resizable(true)
            .auto_shrink(false)
            .min_scrolled_height(3.0 * tokens.height.row)
            .cell_layout(egui::Layout::left_to_right(egui::Align::Center));
        for (column, _, first) in &shown {
            let width = cx.views.layout.widths.get(column).unwrap_or(first);
            let width = Width::initial(*width).range(WindowLayout::COLUMN);
            table = table.column(width.clip(true));
        }
        if cx.views.drawn_columns != columns {
            // It knows its columns by their places, and those have changed.
            table.reset();
            cx.views.drawn_columns.clone_from(&columns);
        }
        if let Some(row) = scroll_to {
            table = table.scroll_to_row(row, None);
        }
        let header = table.header(tokens.height.row, |mut header| {
            for (column, title, _) in &shown {
                header.col(|ui| header_ui(ui, *column, title, &mut cx.views.layout.sort));
            }
        });
        header.body(|mut body| {
            let gap = tokens.space.s;
            let width = body.widths().iter().map(|width| width + gap).sum::<f32>() - gap;
            for ((column, _, first), width) in shown.iter().zip(body.widths()) {
                let widths = &mut cx.views.layout.widths;
                let before = widths.get(column).unwrap_or(first);
                if (width - before).abs() > 0.5 {
                    widths.insert(*column, *width);
                }
            }
            let clip = body.ui_mut().clip_rect();
            let count = cx.views.rows.len();
            body.rows(tokens.height.row, count, |row| {
                let place = row.index();
                let Some(machine) = cx.views.rows.machine(cx.state, place) else {
                    return;
                };
                let reference = machine.reference();
                let id = table_id.with(machine.id.as_str());
                let is_selected = cx.views.is_selected(&machine.id);
                if is_selected {
                    response.ctx.accesskit_node_builder(table_id, |node| {
                        node.set_active_descendant(id.accesskit_id());
                    });
                }
                let row_ui = MachineRow {
                    machine,
                    reference,
                    id,
                    is_selected,
                    is_picked: cx.views.picked.iter().any(|picked| picked.id == machine.id),
                    is_asked_for: cx.state.asked.is_unlisted(&machine.id),
                    open_entries: &open_entries,
                    width,
                    clip,
                };
                let Some(shown) = row_ui.show_ui(row, &columns, cx) else {
                    return;
                };
                clicked = shown.clicked(place).or(clicked);
            });
        });
    });
    if response.has_focus() {
        let ring = Stroke::new(tokens.focus_width, tokens.focus);
        ui.painter()
            .rect_stroke(area, tokens.radius, ring, StrokeKind::Inside);
    }
    if clicked.is_some() {
        response.request_focus();
    }
    clicked
}

/// The head of a column; clicking it sorts by it, and again the other way round.
fn header_ui(ui: &mut Ui, column: Column, title: &str, sort: &mut Sort) {
    let tokens = ui.tokens();
    let rect = ui.max_rect();
    let response = ui.interact(rect, Id::unique(("sort by", title)), Sense::click());
    let is_sorted = sort.column == column;
    let name = format!(
        "Sort by {}",
        if column == Column::Name {
            "Name"
        } else {
            title
        }
    );
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, true, &name));
    if is_sorted {
        let words = if sort.descending {
            "Descending"
        } else {
            "Ascending"
        };
        ui.ctx()
            .accesskit_node_builder(response.id, |node| node.set_description(words));
    }
    if response.hovered() {
        ui.painter()
            .rect_filled(rect, tokens.radius, tokens.surface.hover);
    }
    let colour = if is_sorted {
        tokens.text
    } else {
        tokens.text_weak
    };
    let font = text::strong().resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(title.to_owned(), font, colour);
    let inset = if column == Column::Name {
        tokens.space.xs
    } else {
        0.0
    };
    let at = egui::pos2(rect.left() + inset, rect.center().y - galley.size().y / 2.0);
    let end = at.x + galley.size().x;
    ui.painter().galley(at, galley, colour);
    if is_sorted {
        let centre = egui::pos2(end + tokens.space.s, rect.center().y);
        sort_mark(ui, centre, sort.descending);
    }
    focus_ui(ui, &response);
    if response.clicked() {
        *sort = Sort {
            column,
            descending: is_sorted && !sort.descending,
        };
    }
}

fn sort_mark(ui: &Ui, centre: egui::Pos2, points_down: bool) {
    let tip = if points_down { 3.0 } else { -3.0 };
    let points = vec![
        centre + Vec2::new(-4.0, -tip),
        centre + Vec2::new(4.0, -tip),
        centre + Vec2::new(0.0, tip),
    ];
    ui.painter().add(egui::Shape::convex_polygon(
        points,
        ui.tokens().text,
        Stroke::NONE,
    ));
}

fn focus_ui(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let tokens = ui.tokens();
        let ring = Stroke::new(tokens.focus_width, tokens.focus);
        ui.painter()
            .rect_stroke(response.rect, tokens.radius, ring, StrokeKind::Inside);
    }
}
