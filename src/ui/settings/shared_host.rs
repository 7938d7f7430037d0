//! The question whether the organisation's rules may be read from another computer.

use egui::Ui;

use crate::message::Command;
use crate::model::{SHOWN_CHARS, clean};
use crate::ui::Cx;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{ActionButton, Icon, UiExt as _, headline_ui, top_panel_ui};

/// Asks until answered: until then those rules do not apply, and each order warns of that.
pub fn shared_host_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(host) = &cx.state.settings.asks_host else {
        return;
    };
    let caution = ui.tokens().caution;
    let shown = clean(host, SHOWN_CHARS);
    top_panel_ui(ui, "host of the shared rules", |ui| {
        ui.horizontal_wrapped(|ui| {
            let question = format!("Read your organisation's rules from the computer “{shown}”?");
            headline_ui(ui, Icon::Warning, caution, &question);
            let consequence = "Your settings name a file there as shared. Opening it may send your Windows sign-in to \
                               that computer. Until you confirm it, those rules are not read";
            ui.wrapped(consequence);
            let label = format!("Read from {shown}");
            let read = ActionButton::new(&label)
                .hint("Remembered for this computer; it is not asked again");
            if ui.add(read).clicked() {
                cx.out.work.push(Command::TrustRulesHost(host.clone()));
            }
        });
    });
}
