//! Deleting the data kept on this computer: a description, and the confirmation.

use egui::{Id, Ui};

use crate::message::Command;
use crate::ui::commands::UiCommand;
use crate::ui::widgets::{ActionButton, Decision, Dialog, UiExt as _};
use crate::ui::{Cx, about};

/// Data that is deleted.
const DELETED: [&str; 4] = [
    "The sign-in that is saved in the keyring: you are signed out",
    "The lists of devices that were kept for the next start, of every account of this profile",
    "Which account used this profile last, and how it signed in: the next sign-in counts as the first",
    "How the window is arranged, in every profile",
];
/// Data that is kept.
const KEPT: &str = "The journal, which is the record of every order, the settings, the hosts of rules that you trusted, a report of a crash, and packages that you downloaded";

/// The section of the settings page.
pub fn local_data_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let command = UiCommand::DeleteLocalData;
    ui.small_label(command.spec().help);
    cx.button_ui(ui, command, ActionButton::new("Delete local data…"));
}

/// Asks for confirmation, naming what is deleted and what is kept; returns whether the dialog stays open.
pub fn confirm_ui(ui: &Ui, cx: &mut Cx<'_>) -> bool {
    let id = Id::unique("confirm deletion");
    let what = format!("Deleted: {}. Kept: {KEPT}", DELETED.join(". "));
    let dialog = Dialog::new(id, "Delete local data?").description(&what);
    // An order may have been sent meanwhile.
    let command = UiCommand::DeleteLocalData;
    let why_not = command.availability(cx.state, cx.views, cx.now).err();
    let delete = ActionButton::danger("Delete and sign out")
        .with_arm_delay()
        .disabled_because(why_not.as_deref());
    let decision = dialog.ask(ui.ctx(), "Keep local data", delete, |ui| {
        ui.strong_label("Deleted from this computer");
        for line in DELETED {
            ui.wrapped(line);
        }
        ui.strong_label("Kept");
        ui.wrapped(KEPT);
        about::data_ui(ui, cx);
    });
    if decision == Decision::Act {
        cx.out.work.push(Command::DeleteLocalData);
    }
    decision == Decision::Pending
}
