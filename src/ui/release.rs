//! The button that releases a device from what contains it.

use egui::Ui;

use super::Cx;
use super::commands::acting_trouble;
use super::order::NewForm;
use super::widgets::{ActionButton, Icon};
use crate::action::Subject;
use crate::state::Contained;

/// The button that releases what is contained, in the look of its list.
pub fn release_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    row: &Contained,
    look: impl FnOnce(ActionButton<'_>) -> ActionButton<'_>,
) {
    let back = row.condition.way_back();
    let label = format!("{}…", back.spec().button);
    let name = format!("{} {}…", back.spec().button, row.machine.quoted());
    let only_looks = acting_trouble(cx.state).err();
    let release = ActionButton::new(&label)
        .name(&name)
        .icon(Icon::Undo)
        .with_arm_delay()
        .disabled_because(only_looks.as_deref());
    if ui.add(look(release)).clicked() {
        cx.views.selected = Some(row.machine.clone());
        NewForm::new(Subject::Act(back), std::slice::from_ref(&row.machine)).raise(ui, cx);
    }
}
