//! Wording of single facts about a device, and their lines.

use egui::Ui;

use crate::model::{Machine, clean, filled};
use crate::ui::widgets::UiExt as _;
use crate::ui::words;

pub const VALUE_CHARS: usize = 200;
const TAG_CHARS: usize = 40;
/// Width of the column of names beside the facts, in points.
const NAME_WIDTH: f32 = 128.0;

pub fn row_ui(ui: &mut Ui, name: &str, value: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let start = ui.cursor().left();
        ui.weak_label(name);
        let used = ui.cursor().left() - start;
        ui.add_space((NAME_WIDTH - used).max(0.0));
        ui.vertical(value);
    });
}

pub fn value_ui(ui: &mut Ui, name: &str, value: &str) {
    row_ui(ui, name, |ui| {
        ui.wrapped(value);
    });
}

pub fn unknown() -> String {
    "unknown".to_owned()
}

/// The reported value, or "unknown".
pub fn or_unknown(value: Option<&str>) -> String {
    filled(value).map_or_else(unknown, |value| clean(value, VALUE_CHARS).into_owned())
}

/// The operating system with its version.
pub fn os(machine: &Machine) -> String {
    os_known(machine).unwrap_or_else(unknown)
}

pub fn os_known(machine: &Machine) -> Option<String> {
    let platform = filled(machine.os_platform.as_deref()).map(words::os_name);
    let version = filled(machine.version.as_deref()).map(str::to_owned);
    let parts: Vec<_> = [platform, version]
        .into_iter()
        .flatten()
        .map(|part| clean(&part, 40).into_owned())
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// All tags, safe to show.
pub fn tags(machine: &Machine) -> String {
    match machine.machine_tags.as_deref() {
        None => return or_unknown(None),
        Some([]) => return "none".to_owned(),
        Some(_) => {}
    }
    let tags: Vec<_> = machine
        .tags()
        .iter()
        .map(|tag| clean(tag, TAG_CHARS))
        .collect();
    clean(&tags.join(", "), VALUE_CHARS).into_owned()
}
