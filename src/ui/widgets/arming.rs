//! The moment before a button works that has just appeared or moved.

use std::time::Duration;

use egui::Ui;

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
