//! Which keys press a button.

use egui::{Response, Ui};

/// Whether the Enter key presses a button that has the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnterKey {
    Presses,
    Ignored,
}

/// Whether only keys pressed it that are not to: one that is held down since before, one with a
/// modifier that makes it a shortcut, or Enter where that is ignored.
pub(super) fn pressed_by_wrong_key(ui: &Ui, response: &Response, enter_key: EnterKey) -> bool {
    let by_key = response.has_focus()
        && response.clicked()
        && !response.clicked_by(egui::PointerButton::Primary);
    by_key
        && ui.input(|input| {
            let mut presses = input
                .events
                .iter()
                .filter_map(|event| is_press(event, enter_key))
                .peekable();
            presses.peek().is_some() && !presses.any(|is_right| is_right)
        })
}

/// Whether a key that presses buttons does so here; `None` for any other event.
fn is_press(event: &egui::Event, enter_key: EnterKey) -> Option<bool> {
    let egui::Event::Key {
        key,
        pressed: true,
        repeat,
        modifiers,
        ..
    } = event
    else {
        return None;
    };
    if !matches!(key, egui::Key::Enter | egui::Key::Space) {
        return None;
    }
    let is_allowed = *key == egui::Key::Space || enter_key == EnterKey::Presses;
    let is_shortcut = modifiers.command || modifiers.ctrl || modifiers.alt;
    Some(is_allowed && !repeat && !is_shortcut)
}
