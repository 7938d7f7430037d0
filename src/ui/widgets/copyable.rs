//! Text with a button to copy it.

use egui::{Id, Response, RichText, TextStyle, TextWrapMode, Tooltip, Ui, WidgetText};

use super::UiExt as _;
use super::{
    super::theme::{TokensExt as _, text},
    button::ActionButton,
    icon::Icon,
    tip::keep_readable,
};

/// Time for which "Copied" is shown, in seconds.
const SHOWN_SECS: f64 = 1.5;

/// Shows `text` in the monospace font and a button "Copy {what}" beside it.
pub fn copyable_ui(ui: &mut Ui, what: &str, text: &str) -> Response {
    ui.horizontal(|ui| {
        // A long line wraps, so that it does not widen its container.
        let button = ui.tokens().height.target + ui.spacing().item_spacing.x;
        let room = (ui.available_width() - button).max(0.0);
        let words = WidgetText::from(RichText::new(text).text_style(text::id()));
        let galley = words.into_galley(ui, Some(TextWrapMode::Wrap), room, TextStyle::Body);
        let shown = ui.label(galley);
        keep_readable(ui.ctx(), shown.rect);
        copy_button_ui(ui, what, text)
    })
    .inner
}

/// A labelled button "Copy {what}", without the text.
pub fn copy_labelled_ui(ui: &mut Ui, what: &str, text: &str) -> Response {
    let label = format!("Copy {what}");
    copy_ui(ui, what, text, |icon| ActionButton::new(&label).icon(icon))
}

/// The button alone: copies `text`, and confirms that beside itself for a moment.
pub fn copy_button_ui(ui: &mut Ui, what: &str, text: &str) -> Response {
    let name = format!("Copy {what}");
    copy_ui(ui, what, text, |icon| ActionButton::icon_only(icon, &name))
}

fn copy_ui<'a>(
    ui: &mut Ui,
    what: &str,
    text: &str,
    button: impl FnOnce(Icon) -> ActionButton<'a>,
) -> Response {
    let id = ui.scope_id().with(("copied", what, text));
    // The tick replaces the icon and the word floats, so nothing moves.
    let left_secs = left_secs(ui, id);
    let icon = if left_secs > 0.0 {
        Icon::Done
    } else {
        Icon::Copy
    };
    let button = button(icon);
    let response = if left_secs > 0.0 {
        ui.add(button.without_hint())
    } else {
        ui.add(button)
    };
    if response.clicked() {
        ui.copy_text(text.to_owned());
        let now = ui.input(|input| input.time);
        ui.data_mut(|data| data.insert_temp(id, now + SHOWN_SECS));
        ui.ctx().request_repaint();
    }
    if left_secs > 0.0 {
        ui.repaint_in(left_secs);
        ui.describe(&response, "Copied");
        ui.announce(&response);
        Tooltip::for_widget(&response).show(|ui| ui.label("Copied"));
    }
    response
}

fn left_secs(ui: &Ui, id: Id) -> f64 {
    let until: f64 = ui.data(|data| data.get_temp(id)).unwrap_or(0.0);
    (until - ui.input(|input| input.time)).clamp(0.0, SHOWN_SECS)
}
