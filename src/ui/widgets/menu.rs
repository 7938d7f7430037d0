//! Menus of buttons.

use egui::{Key, Popup, PopupCloseBehavior, Response, Ui};

/// Shows the menu of `button` while it is open. Esc closes it, as does `content` by returning that
/// something was chosen; then the button gets the focus, and a dialog opened from the menu returns it
/// there.
pub fn menu_ui(button: &Response, name: &str, content: impl FnOnce(&mut Ui) -> bool) {
    let (ctx, id) = (&button.ctx, Popup::default_response_id(button));
    let was_open = Popup::is_id_open(ctx, id);
    let menu = Popup::menu(button)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name(name)
        .show(content);
    let is_closed = (menu.as_ref()).is_none_or(|menu| menu.response.should_close());
    let is_chosen = menu.is_some_and(|menu| menu.inner);
    if is_chosen {
        Popup::close_id(ctx, id);
    }
    let by_escape = was_open && is_closed && ctx.input(|input| input.key_pressed(Key::Escape));
    if is_chosen || by_escape {
        button.request_focus();
    }
}
