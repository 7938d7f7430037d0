//! The button that releases a contained device.

use egui::Ui;

use crate::action::Subject;
use crate::state::Contained;
use crate::ui::Cx;
use crate::ui::commands::acting_trouble;
use crate::ui::order::NewForm;
use crate::ui::widgets::{ActionButton, Icon};

/// Shows the button that releases the device of a row.
pub fn release_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: &Contained, is_compact: bool) {
    let back = row.condition.way_back();
    let label = format!("{}…", back.spec().button);
    let name = format!("{} {}…", back.spec().button, row.machine.quoted());
    let only_looks = acting_trouble(cx.state).err();
    let release = ActionButton::new(&label)
        .name(&name)
        .icon(Icon::Undo)
        .with_arm_delay()
        .disabled_because(only_looks.as_deref());
    let release = if is_compact {
        release.compact()
    } else {
        release
    };
    if ui.add(release).clicked() {
        cx.views.selected = Some(row.machine.clone());
        NewForm::new(Subject::Act(back), std::slice::from_ref(&row.machine)).raise(ui, cx);
    }
}
