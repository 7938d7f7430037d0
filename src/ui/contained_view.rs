//! The rows of *Contained now* with what is derived from them: worked out once for each change, and
//! drawn as far as they are in sight.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{Align, Layout, Rect, ScrollArea, Ui, UiBuilder, vec2};

use super::Cx;
use super::contained::row_ui;
use crate::guard::Ownership;
use crate::model::requestor_name;
use crate::state::{Contained, State, WayBack};

/// About how high most rows are, in points.
const USUAL_HEIGHT: f32 = 72.0;
/// Rows this far out of sight are drawn, so that the Tab key comes to the next one.
const BEYOND: f32 = 48.0;
/// Devices of others that are named over the list; all of them are in it.
const MAX_NAMED: usize = 6;

/// What is contained, as it was when a fact last changed.
#[derive(Debug, Default)]
pub struct ContainedView {
    list: Arc<ContainedList>,
    /// How high each row was when it was drawn last, for this width.
    heights: Vec<f32>,
    width: f32,
}

/// The rows, oldest first, with what is said over them.
#[derive(Debug, Default)]
pub struct ContainedList {
    revision: u64,
    pub rows: Vec<Contained>,
    pub way_back: WayBack,
    /// What is not given back with the rest.
    pub not_included: Vec<String>,
}

impl ContainedView {
    /// The rows as the facts are now.
    pub fn refresh(&mut self, state: &State) -> Arc<ContainedList> {
        if self.list.revision != state.revision() {
            let rows = state.contained();
            let key = |row: &Contained| (row.machine.id.clone(), row.condition);
            let known = self.list.rows.iter().map(key);
            let known: HashMap<_, _> = known.zip(self.heights.drain(..)).collect();
            let height = |row| known.get(&key(row)).copied().unwrap_or(USUAL_HEIGHT);
            self.heights = rows.iter().map(height).collect();
            self.list = Arc::new(ContainedList {
                revision: state.revision(),
                way_back: WayBack::of(&rows),
                not_included: not_included(&rows),
                rows,
            });
        }
        Arc::clone(&self.list)
    }
}

/// Devices that are contained by others, with their requestors.
fn not_included(rows: &[Contained]) -> Vec<String> {
    let lines = [
        (
            Ownership::NotOurs,
            "Not included, requested by somebody else",
        ),
        (Ownership::Unknown, "Not included, perhaps not yours"),
    ];
    let line = |(whose, words): (Ownership, &str)| {
        let set = rows.iter().filter_map(|row| Some((row, row.setter()?)));
        let theirs: Vec<_> = set.filter(|(_, set)| set.whose == whose).collect();
        let mut named: Vec<String> = (theirs.iter().take(MAX_NAMED))
            .map(|(row, request)| {
                let what = row.condition.noun().to_lowercase();
                let by = requestor_name(request.by.as_deref());
                format!("{what} of {} by {by}", row.machine.quoted())
            })
            .collect();
        if theirs.len() > MAX_NAMED {
            named.push(format!("{} more, listed below", theirs.len() - MAX_NAMED));
        }
        (!named.is_empty()).then(|| format!("{words}: {}", named.join(", ")))
    };
    lines.into_iter().filter_map(line).collect()
}

/// Draws the rows that can be seen, below what `head` shows, which scrolls with them.
pub fn rows_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    list: &ContainedList,
    head: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    let area = ScrollArea::vertical().auto_shrink(false);
    area.show_viewport(ui, |ui, viewport| {
        let whole = ui.max_rect();
        head(ui, cx);
        let room = whole.with_min_y(ui.cursor().top());
        let viewport = viewport.translate(vec2(0.0, whole.top() - room.top()));
        let view = &mut cx.views.contained;
        if (view.width - room.width()).abs() > 0.5 {
            view.width = room.width();
            view.heights.fill(USUAL_HEIGHT);
        }
        ui.set_height(room.top() - whole.top() + view.heights.iter().sum::<f32>());
        let sight = viewport.y_range().expand(BEYOND);
        let mut top = 0.0;
        for (n, row) in list.rows.iter().enumerate() {
            let height = cx.views.contained.heights.get(n).copied();
            let mut height = height.unwrap_or(USUAL_HEIGHT);
            if top + height >= sight.min && top <= sight.max {
                let at = room.min + vec2(0.0, top);
                let builder = UiBuilder::new()
                    .max_rect(Rect::from_min_size(at, vec2(room.width(), height)))
                    .layout(Layout::top_down(Align::Min))
                    .id_salt((row.machine.id.as_str(), row.condition));
                let mut place = ui.new_child(builder);
                row_ui(&mut place, cx, row);
                let drawn = place.min_rect().height();
                if (drawn - height).abs() > 0.5 {
                    // The rows below make room at once, the scroll bar in the next frame.
                    height = drawn;
                    ui.ctx().request_repaint();
                }
                if let Some(known) = cx.views.contained.heights.get_mut(n) {
                    *known = height;
                }
            }
            top += height;
        }
    });
}
