//! The commands' keys and words.

use std::collections::HashMap;

use super::*;
use crate::action::Risk;

#[test]
fn no_two_commands_share_a_key_on_any_system() {
    let mut taken: HashMap<KeyboardShortcut, UiCommand> = HashMap::new();
    for command in UiCommand::all() {
        for keys in command.spec().keys {
            assert_eq!(taken.insert(keys, command), None, "{keys:?}");
        }
    }
}

/// Keys that egui and eframe handle themselves.
fn keys_of_the_toolkit() -> Vec<KeyboardShortcut> {
    use egui::gui_zoom::kb_shortcuts;

    let ctx = egui::Context::default();
    crate::ui::prepare(&ctx);
    let mut taken = ctx.options(|options| options.quit_shortcuts.clone());
    taken.extend([
        kb_shortcuts::ZOOM_IN,
        kb_shortcuts::ZOOM_IN_SECONDARY,
        kb_shortcuts::ZOOM_OUT,
        kb_shortcuts::ZOOM_RESET,
    ]);
    // Clipboard and editing.
    let editing = [Key::C, Key::V, Key::X, Key::A, Key::Z, Key::Y, Key::Enter];
    taken.extend(editing.map(|key| KeyboardShortcut::new(COMMAND, key)));
    taken.push(KeyboardShortcut::new(COMMAND_SHIFT, Key::Z));
    // Moving through the window, and closing a dialog.
    let ways = [Key::Tab, Key::Escape, Key::Enter, Key::Space];
    taken.extend(ways.map(|key| KeyboardShortcut::new(BARE, key)));
    taken.push(KeyboardShortcut::new(Modifiers::SHIFT, Key::Tab));
    taken
}

/// Whether pressing `ours` also presses `theirs`, as egui matches keys.
fn also_presses(ours: KeyboardShortcut, theirs: KeyboardShortcut) -> bool {
    ours.logical_key == theirs.logical_key && ours.modifiers.matches_logically(theirs.modifiers)
}

#[test]
fn command_keys_do_not_collide_with_toolkit_keys() {
    let toolkit = keys_of_the_toolkit();
    for command in UiCommand::all() {
        for keys in command.spec().keys {
            let mut shadowed = toolkit.iter();
            assert!(
                !shadowed.any(|theirs| also_presses(keys, *theirs)),
                "{command:?}: {keys:?}"
            );
        }
    }
}

#[test]
fn no_default_key_closes_the_window() {
    let ctx = egui::Context::default();
    crate::ui::prepare(&ctx);
    for modifiers in [Modifiers::COMMAND, COMMAND_SHIFT] {
        let press = egui::Event::Key {
            key: Key::Q,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers,
        };
        let input = egui::RawInput {
            events: vec![press],
            ..egui::RawInput::default()
        };
        let mut output = ctx.run_ui(input, |_| {});
        output.textures_delta.clear();
        let commands = output
            .viewport_output
            .into_values()
            .flat_map(|v| v.commands);
        let closes: Vec<_> = commands
            .filter(|command| matches!(command, egui::ViewportCommand::Close))
            .collect();
        assert!(closes.is_empty(), "{modifiers:?}");
    }
}

#[test]
fn no_harmful_action_has_a_bare_key() {
    for &kind in ActionKind::ALL {
        assert_eq!(
            kind.spec().shortcut.is_some(),
            key_of(kind).is_some(),
            "{kind:?}: egui does not know the key"
        );
        for keys in UiCommand::Act(kind).spec().keys {
            assert!(
                kind.spec().risk == Risk::Routine || keys.modifiers.command,
                "{kind:?}"
            );
        }
    }
}

#[test]
fn every_command_has_a_title_and_help() {
    for command in UiCommand::all() {
        assert!(
            !command.spec().title.is_empty() && !command.spec().help.is_empty(),
            "{command:?}"
        );
    }
}
