//! A dialog that asks before something is done.

use egui::{Context, Ui};

use super::super::theme::TokensExt as _;
use super::button::ActionButton;
use super::dialog::Dialog;

/// What a person has decided in a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    Pending,
    /// All stays as it is.
    Keep,
    /// What is asked about is to be done.
    Act,
}

impl Dialog<'_> {
    /// Asks before something is done: below `content` the button that keeps all as it is, which has the
    /// keyboard as the dialog opens, and the one that acts.
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

/// The button that closes a dialog, which has the keyboard as that opens; whether it was pressed.
pub fn closing_ui(ui: &mut Ui, label: &str, is_opening: bool) -> bool {
    let button = ui.add(ActionButton::new(label));
    if is_opening {
        button.request_focus();
    }
    button.clicked()
}
