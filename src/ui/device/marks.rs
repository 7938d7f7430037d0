//! Marks of a device that are not conditions: an odd name, an unusual id, and protection.

use egui::{Label, RichText, TextStyle, Ui};

use crate::model::{Machine, MachineRef};
use crate::state::State;
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{Icon, TipExt as _, UiExt as _, badge, icon, text_width};
use crate::ui::words::counted;

/// One mark: an icon and a word, with their meaning.
pub struct DeviceMark {
    icon: Icon,
    role: Role,
    /// Short label for the list.
    pub word: &'static str,
    /// Label for the panel.
    title: String,
    pub explanation: &'static str,
}

/// The marks of a device; `record` is the service's, if known.
#[must_use]
pub fn device_marks(
    state: &State,
    device: &MachineRef,
    record: Option<&Machine>,
) -> Vec<DeviceMark> {
    let mut marks = Vec::new();
    if let Some(oddity) = device.oddity() {
        marks.push(DeviceMark {
            icon: Icon::Warning,
            role: Role::Caution,
            word: "odd name",
            title: format!("Odd name: {}", oddity.word()),
            explanation: oddity.explanation(),
        });
    }
    if device.id.is_unusual() {
        marks.push(DeviceMark {
            icon: Icon::Info,
            role: Role::Caution,
            word: "unusual id",
            title: "Unusual device id".to_owned(),
            explanation: "This device id does not have the form that Defender uses. Check the device in the portal before you act on it",
        });
    }
    let protecting = match record {
        Some(machine) => state.policy.protecting(machine),
        None => state.policy.protecting_ref(device, &[]),
    };
    if let Some(rule) = protecting {
        marks.push(DeviceMark {
            icon: Icon::Protected,
            role: Role::Neutral,
            word: "protected",
            title: format!("Protected: {rule}"),
            explanation: "Your organisation protects this device: isolating or restricting it needs its name typed. Releasing never does",
        });
    }
    marks
}

/// The marks' part of a row's accessible name.
#[must_use]
pub fn words(marks: &[DeviceMark]) -> String {
    marks
        .iter()
        .fold(String::new(), |words, mark| words + ", " + mark.word)
}

/// Shows in a list row that there are twins, and what distinguishes them.
pub fn twins_ui(ui: &mut Ui, state: &State, device: &MachineRef) {
    let tokens = ui.tokens();
    let twins = state.inventory.namesakes(device).count();
    if twins == 0 {
        return;
    }
    let records = counted(twins, "other record", "other records");
    let words = format!("{records} with this name, or one that looks like it");
    icon(ui, Icon::Twin, tokens.caution).tip(words);
    let tail = RichText::new(format!("…{}", device.id.tail())).text_style(text::id());
    ui.add(Label::new(tail.color(tokens.text_weak)).selectable(false));
}

/// Shows the marks in a list row: their icons, and as many of their words as fit `room` beside the name.
pub fn row_marks_ui(ui: &mut Ui, marks: &[DeviceMark], room: f32) {
    let font = TextStyle::Small.resolve(ui.style());
    let (gap, icon_width) = (ui.tokens().space.xs, ui.tokens().height.icon);
    let mut room = room;
    for mark in marks {
        let colour = ui.tokens().colour(mark.role);
        ui.spacing_mut().item_spacing.x = gap;
        icon(ui, mark.icon, colour).tip(format!("{}\n{}", mark.title, mark.explanation));
        room -= icon_width + text_width(ui, mark.word, &font) + 2.0 * gap;
        if room < 0.0 {
            continue;
        }
        let word = RichText::new(mark.word).text_style(TextStyle::Small);
        ui.add(Label::new(word.color(colour)).selectable(false))
            .tip(format!("{}\n{}", mark.title, mark.explanation));
    }
}

/// Shows the marks in the panel.
pub fn panel_marks_ui(ui: &mut Ui, marks: &[DeviceMark]) {
    for mark in marks {
        let shown = badge(ui, mark.icon, mark.role, &mark.title);
        ui.describe(&shown, mark.explanation);
        shown.tip(mark.explanation);
    }
}
