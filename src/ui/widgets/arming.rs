//! Arm delay of a button that has just appeared or moved.

use egui::{Id, Pos2, Rect, Ui};

use super::UiExt as _;

/// Arm delay of a button that has just appeared or moved, so that it gets no click meant for something
/// else.
const ARM_DELAY_SECS: f64 = 0.5;
/// Arm delay of a button that has moved under a resting pointer, where a click meant for something else is
/// likely.
const POINTED_AT_SECS: f64 = 1.0;

/// Whether a button that appeared or moved at egui's time `since` is still arming. If so, requests a
/// repaint for when it is armed.
pub fn is_arming(ui: &Ui, since: f64) -> bool {
    is_within(ui, since, ARM_DELAY_SECS)
}

fn is_within(ui: &Ui, since: f64, delay_secs: f64) -> bool {
    let left_secs = since + delay_secs - ui.input(|input| input.time);
    if left_secs > 0.0 {
        ui.repaint_in(left_secs);
    }
    left_secs > 0.0
}

/// Position of a widget when last drawn, and since when.
#[derive(Clone, Copy)]
struct Place {
    rect: Rect,
    since: f64,
    /// Whether it appeared under the pointer.
    came_under_pointer: bool,
    seen_at_pass: u64,
}

/// Whether the widget at `rect` appeared or moved less than half a second ago, or less than a second ago if
/// under the pointer. Call it once per pass.
pub fn has_just_moved(ui: &Ui, id: Id, rect: Rect) -> bool {
    const TOLERANCE: f32 = 1.0;
    let id = id.with("place");
    let seen_at_pass = ui.ctx().cumulative_pass_nr();
    let known = ui.data(|data| data.get_temp::<Place>(id)).filter(|place| {
        let is_where_it_was = place.rect.min.distance(rect.min) <= TOLERANCE;
        is_where_it_was && place.seen_at_pass.saturating_add(1) >= seen_at_pass
    });
    let since = known.map_or_else(|| ui.input(|input| input.time), |place| place.since);
    let pointer = ui.input(|input| input.pointer.hover_pos());
    let is_pointed_at = pointer.is_some_and(|at| rect.contains(at));
    let place = Place {
        rect,
        since,
        came_under_pointer: is_pointed_at && known.is_none_or(|place| place.came_under_pointer),
        seen_at_pass,
    };
    ui.data_mut(|data| data.insert_temp(id, place));
    let delay_secs = if place.came_under_pointer {
        POINTED_AT_SECS
    } else {
        ARM_DELAY_SECS
    };
    is_within(ui, since, delay_secs)
}

/// The widget under the pointer, and since when it has been there without a movement of the pointer.
#[derive(Clone, Copy)]
struct Pointed {
    at: Pos2,
    what: Id,
    since: Option<f64>,
    by_person: bool,
}

/// Whether a different widget, now `what`, came under a resting pointer less than a second ago. `by_person`
/// is whether the user has just moved it there, for example by scrolling. Call it once per pass.
pub fn has_come_under_pointer(ui: &Ui, id: Id, what: Id, by_person: bool) -> bool {
    let id = id.with("under the pointer");
    let Some(at) = ui.input(|input| input.pointer.hover_pos()) else {
        ui.data_mut(|data| data.remove::<Pointed>(id));
        return false;
    };
    let before = ui.data(|data| data.get_temp::<Pointed>(id));
    // Scrolled content moves only in the next pass.
    let rests = |before: &Pointed| before.at == at && !by_person && !before.by_person;
    let since = match before.filter(rests) {
        Some(before) if before.what == what => before.since,
        Some(_) => Some(ui.input(|input| input.time)),
        None => None,
    };
    let now = Pointed {
        at,
        what,
        since,
        by_person,
    };
    ui.data_mut(|data| data.insert_temp(id, now));
    since.is_some_and(|since| is_within(ui, since, POINTED_AT_SECS))
}

/// A press and release, for tests.
#[cfg(test)]
pub fn click_at(pos: Pos2) -> [egui::Event; 2] {
    [true, false].map(|pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    })
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::super::ActionButton;
    use crate::ui::theme;

    /// A click within one frame.
    fn click<S>(harness: &mut Harness<'_, S>, pos: egui::Pos2) {
        harness.input_mut().events.extend(super::click_at(pos));
        harness.run_steps(1);
    }

    #[test]
    fn button_moved_under_the_pointer_takes_no_click_for_a_second() {
        let builder = Harness::builder().with_step_dt(0.25);
        let builder = builder.with_context_setup(|ctx: &egui::Context| theme::apply(ctx));
        let mut harness = builder.build_ui_state(
            |ui, (offset, clicks): &mut (f32, usize)| {
                ui.add_space(*offset);
                if ui
                    .add(ActionButton::new("Undo…").with_arm_delay())
                    .clicked()
                {
                    *clicks += 1;
                }
            },
            (0.0, 0),
        );
        harness.run_steps(4);
        let at = harness.get_by_label("Undo…").rect().center() + egui::vec2(0.0, 100.0);
        harness.hover_at(at);
        harness.run_steps(2);
        harness.state_mut().0 = 100.0;
        harness.run_steps(3);
        click(&mut harness, at);
        assert_eq!(harness.state().1, 0, "meant for the previous widget");
        harness.run_steps(3);
        click(&mut harness, at);
        assert_eq!(harness.state().1, 1);
    }
}
