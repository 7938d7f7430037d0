//! The moment before a button works that has just appeared or moved.

use std::time::Duration;

use egui::{Id, Rect, Ui};

/// How long a button that has just appeared or moved does nothing: no click that was meant for
/// something else can land on it.
const ARM_DELAY_SECS: f64 = 0.5;

/// Whether a button is not armed yet that appeared or moved at egui's time `since`; it is drawn
/// again as soon as it is.
pub fn is_arming(ui: &Ui, since: f64) -> bool {
    let left_secs = since + ARM_DELAY_SECS - ui.input(|input| input.time);
    if left_secs > 0.0 {
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(left_secs));
    }
    left_secs > 0.0
}

/// Where something was drawn last, and since when it is there.
#[derive(Clone, Copy)]
struct Place {
    rect: Rect,
    since: f64,
    seen_at_pass: u64,
}

/// Whether what is drawn at `rect` appeared there or moved less than half a second ago. Call it once
/// in each pass.
pub fn has_just_moved(ui: &Ui, id: Id, rect: Rect) -> bool {
    const TOLERANCE: f32 = 1.0;
    let id = id.with("place");
    let seen_at_pass = ui.ctx().cumulative_pass_nr();
    let known = ui.data(|data| data.get_temp::<Place>(id)).filter(|place| {
        let is_where_it_was = place.rect.min.distance(rect.min) <= TOLERANCE;
        is_where_it_was && place.seen_at_pass.saturating_add(1) >= seen_at_pass
    });
    let since = known.map_or_else(|| ui.input(|input| input.time), |place| place.since);
    let place = Place {
        rect,
        since,
        seen_at_pass,
    };
    ui.data_mut(|data| data.insert_temp(id, place));
    is_arming(ui, since)
}
