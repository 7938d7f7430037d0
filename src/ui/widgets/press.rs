//! Keys that press a button.

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers, Response, Ui};

/// Whether Enter presses a focused button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnterKey {
    Presses,
    Ignored,
}

/// Whether only keys that must not press it were pressed: one held down since before, one with a modifier
/// that makes it a shortcut, or an ignored Enter.
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

/// Takes a confirm key of a form; returns whether there was one that is newly pressed, not held since
/// before or meant for a popup over the form.
pub fn take_confirming_key(ui: &Ui) -> bool {
    let is_for_popup = egui::Popup::is_any_open(ui.ctx());
    ui.input_mut(|input| {
        let mut confirms = false;
        input.events.retain(|event| {
            let Event::Key {
                key: Key::Enter,
                pressed: true,
                repeat,
                modifiers,
                ..
            } = event
            else {
                return true;
            };
            let is_meant = modifiers.matches_logically(Modifiers::COMMAND);
            confirms |= is_meant && !repeat && !is_for_popup;
            !is_meant
        });
        confirms
    })
}

/// Hint on the keys of a form.
pub fn confirming_keys(ctx: &Context) -> String {
    let shortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);
    format!("{} confirms, Esc closes", ctx.format_shortcut(&shortcut))
}
