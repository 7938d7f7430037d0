//! The keys of a frame.

use egui::{KeyboardShortcut, Modifiers};

use super::UiCommand;
use crate::ui::Outbox;
use crate::ui::views::Views;

/// Handles the keys of this frame. Bare keys yield to a focused text field and to an open dialog;
/// shortcuts with more modifiers are matched first.
pub fn take_keys(ctx: &egui::Context, views: &Views, out: &mut Outbox) {
    if views.dialog.is_some() {
        return;
    }
    let typing = ctx.text_edit_focused();
    let mut all: Vec<(KeyboardShortcut, UiCommand)> = UiCommand::all()
        .flat_map(|command| {
            command
                .spec()
                .keys
                .into_iter()
                .map(move |keys| (keys, command))
        })
        .collect();
    all.sort_by_key(|(keys, _)| std::cmp::Reverse(modifier_count(keys.modifiers)));
    for (keys, command) in all {
        let bare = keys.modifiers.is_none() && !keys.logical_key.name().starts_with('F');
        if !(bare && typing) && ctx.input_mut(|input| input.consume_shortcut(&keys)) {
            if bare {
                // The shortcut's letter must not reach the field that it focuses.
                let letter = keys.logical_key.symbol_or_name();
                ctx.input_mut(|input| {
                    input
                        .events
                        .retain(|e| !matches!(e, egui::Event::Text(text) if text == letter));
                });
            }
            out.commands.push(command);
        }
    }
}

fn modifier_count(modifiers: Modifiers) -> u32 {
    [
        modifiers.alt,
        modifiers.shift,
        modifiers.command || modifiers.ctrl,
    ]
    .map(u32::from)
    .iter()
    .sum()
}
