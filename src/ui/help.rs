//! The sheet of keys, and what the guardrails protect; both from the tables that define them.

use egui::{Id, RichText, Ui};

use super::Cx;
use super::commands::UiCommand;
use super::theme::{TokensExt as _, text};
use super::views::Dialog as OpenDialog;
use super::widgets::{ActionButton, Dialog, section_ui};
use crate::guard::GUARDRAILS;

/// Keys that are no commands.
const MORE_KEYS: &[(&str, &str)] = &[
    (
        "In the search",
        "Enter or the down arrow goes to the list; -word leaves out what has it (-health:inactive, -\"two words\"), and \"-word\" looks for it",
    ),
    (
        "In the list",
        "Up and down select, left and right scroll the columns, Enter opens, Space ticks a device to act on several",
    ),
    (
        "In the column heads",
        "Left and right walk, Enter sorts, and again in the other direction",
    ),
    (
        "The keys of an action",
        "Act on the device that is open beside the list; selected devices have buttons of their own below it",
    ),
    (
        "In a form",
        "Typing writes the reason, Ctrl+Enter (on macOS Cmd+Enter) confirms, Esc closes",
    ),
];

/// Draws the sheet of keys while it is the open dialog.
pub fn keys_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if !matches!(cx.views.dialog, Some(OpenDialog::Keys)) {
        return;
    }
    let id = Id::unique("keys");
    let dialog = Dialog::new(id, "Keys and guardrails").plain();
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        let close = ui.add(ActionButton::new("Close"));
        if is_opening {
            close.request_focus();
        }
        section_ui(ui, "Keys");
        for command in UiCommand::all() {
            command_ui(ui, command);
        }
        for (key, what) in MORE_KEYS {
            pair_ui(ui, key, what);
        }
        section_ui(ui, "Guardrails");
        for rail in GUARDRAILS {
            pair_ui(ui, rail.name, &format!("Protects {}", rail.protects));
        }
        close.clicked()
    });
    if response.inner || response.close_requested {
        cx.views.dialog = None;
        Dialog::return_focus(ui.ctx(), id);
    }
}

fn command_ui(ui: &mut Ui, command: UiCommand) {
    let spec = command.spec();
    let keys: Vec<_> = spec
        .keys
        .iter()
        .map(|keys| {
            // A bare key by its symbol: a person looks for “/”, not for its name.
            if keys.modifiers.is_none() {
                keys.logical_key.symbol_or_name().to_owned()
            } else {
                ui.ctx().format_shortcut(keys)
            }
        })
        .collect();
    let ellipsis = if matches!(command, UiCommand::Act(_)) {
        "…"
    } else {
        ""
    };
    let title = format!("{}{ellipsis}", spec.title);
    let keys = if keys.is_empty() {
        "no key".to_owned()
    } else {
        keys.join(" or ")
    };
    pair_ui(ui, &title, &format!("{keys}: {}", spec.help));
}

fn pair_ui(ui: &mut Ui, name: &str, what: &str) {
    let weak = ui.tokens().text_weak;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(name).text_style(text::strong()));
        ui.label(RichText::new(what).color(weak));
    });
}
