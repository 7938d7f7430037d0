//! The sheet of keys, and the protected devices; both from the tables that define them.

use egui::{Id, Ui};

use super::commands::UiCommand;
use super::widgets::{Dialog, UiExt as _, closing_ui, section_ui};
use crate::guard::GUARDRAILS;
use crate::model::first_upper;

/// Keys that are not commands.
const MORE_KEYS: &[(&str, &str)] = &[
    (
        "In the search",
        "Tab takes the suggestion. Enter or the down arrow goes to the list. Esc clears the text and keeps the filters. -word leaves out what has it (-health:inactive, -\"two words\"); \"-word\" searches for it",
    ),
    (
        "In the list",
        "Up and down select, left and right scroll the columns, Enter opens, Space ticks a device to act on several",
    ),
    (
        "In the column heads",
        "Left and right move between them, Enter sorts; pressed again, it sorts in reverse",
    ),
    (
        "The keys of an action",
        "Act on the device that is open beside the list; selected devices have buttons of their own below it",
    ),
    (
        "In a form",
        "Typing writes the reason, Page Down shows what has not been shown yet, Ctrl+Enter (on macOS Cmd+Enter) confirms, Esc closes",
    ),
    (
        "Size of everything",
        "Ctrl and + or - (on macOS Cmd) enlarge and reduce, Ctrl+0 goes back",
    ),
];

/// Draws the sheet of keys as the open dialog; returns whether it stays open.
pub fn keys_ui(ui: &Ui) -> bool {
    let dialog = Dialog::new(Id::unique("keys"), "Keys and guardrails").plain();
    dialog.show_until(ui.ctx(), |ui, is_opening| {
        let closes = closing_ui(ui, "Close", is_opening);
        section_ui(ui, "Keys");
        // The keys needed most often come first.
        let has_key = |command: &UiCommand| !command.spec().keys.is_empty();
        let (actions, others): (Vec<_>, Vec<_>) = UiCommand::all()
            .filter(has_key)
            .partition(|command| matches!(command, UiCommand::Act(_)));
        for command in actions.into_iter().chain(others) {
            command_ui(ui, command);
        }
        for (key, what) in MORE_KEYS {
            pair_ui(ui, key, what);
        }
        section_ui(ui, "Without a key");
        let is_listed = |command: &UiCommand| {
            // The buttons below the list show these.
            !has_key(command) && !matches!(command, UiCommand::ActOnSelection(_))
        };
        for command in UiCommand::all().filter(is_listed) {
            pair_ui(ui, command.spec().title, command.spec().help);
        }
        section_ui(ui, "Guardrails");
        for rail in GUARDRAILS {
            let what = format!("Protects {}", rail.protects);
            pair_ui(ui, &first_upper(rail.name), &what);
        }
        closes
    })
}

fn command_ui(ui: &mut Ui, command: UiCommand) {
    let keys = command.key_words(ui.ctx());
    let help = command.spec().help;
    pair_ui(ui, &command.label(), &format!("{keys}: {help}"));
}

fn pair_ui(ui: &mut Ui, name: &str, what: &str) {
    ui.horizontal_wrapped(|ui| {
        ui.strong_label(name);
        ui.weak_label(what);
    });
}
