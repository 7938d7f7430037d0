//! A confirmation dialog.

use egui::{Context, Ui};

use super::super::theme::TokensExt as _;
use super::button::ActionButton;
use super::dialog::Dialog;

/// The user's decision in a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    Pending,
    /// Cancelled: nothing changes.
    Keep,
    /// Confirmed.
    Act,
}

impl Dialog<'_> {
    /// Asks for confirmation. Below `content` are the cancel button, focused as the dialog opens, and the
    /// one that acts.
    pub fn ask(
        self,
        ctx: &Context,
        keep: &str,
        act: ActionButton<'_>,
        content: impl FnOnce(&mut Ui),
    ) -> Decision {
        let mut acts = false;
        let stays = self.show_until(ctx, |ui, is_opening| {
            content(ui);
            ui.add_space(ui.tokens().space.s);
            let keeps = ui.horizontal_wrapped(|ui| {
                let keeps = closing_ui(ui, keep, is_opening);
                acts = ui.add(act).clicked();
                keeps
            });
            keeps.inner || acts
        });
        match (stays, acts) {
            (true, _) => Decision::Pending,
            (false, true) => Decision::Act,
            (false, false) => Decision::Keep,
        }
    }
}

/// Shows the button that closes a dialog, focused as that opens; returns whether it was pressed.
pub fn closing_ui(ui: &mut Ui, label: &str, is_opening: bool) -> bool {
    let button = ui.add(ActionButton::new(label));
    if is_opening {
        button.request_focus();
    }
    button.clicked()
}
