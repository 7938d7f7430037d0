//! The dialog that is open (one at a time), and its short questions.

use std::time::Duration;

use egui::{Id, Ui};

use super::concerns::{Concern, concerns_ui};
use super::order;
use super::views::{OpenDialog, Views};
use super::widgets::{ActionButton, Decision, Dialog, UiExt as _};
use super::{Cx, about, help, palette};
use crate::model::KeyringState;
use crate::state::State;
use crate::ui::activity::open_work::{Ending, OpenOrders};
use crate::ui::activity::{attention, download, insist};
use crate::ui::device::compare;
use crate::ui::drill;
use crate::ui::settings::local_data;
use crate::ui::sign_in::account;
use crate::ui::words::devices;

/// Draws the open dialog, if any.
pub fn dialog_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    match cx.views.dialog.take() {
        None => {}
        // These put themselves back.
        Some(OpenDialog::Palette(open)) => palette::palette_ui(ui, cx, open),
        Some(OpenDialog::Form(form)) if !cx.state.session.is_signing_in() => {
            order::order_ui(ui, cx, form);
        }
        Some(mut open) => {
            let stays = stays_open(ui, cx, &mut open);
            if stays {
                cx.views.dialog = Some(open);
            }
        }
    }
    cx.views.uncover();
}

/// Draws this dialog; returns whether it stays open.
fn stays_open(ui: &Ui, cx: &mut Cx<'_>, open: &mut OpenDialog) -> bool {
    match open {
        OpenDialog::Keys => help::keys_ui(ui),
        OpenDialog::Compare(machine) => compare::compare_ui(ui, cx, machine),
        OpenDialog::About => about::about_ui(ui, cx),
        OpenDialog::Account => account::account_ui(ui, cx),
        OpenDialog::Drill => drill::drill_ui(ui, cx),
        OpenDialog::Acknowledge(asked) => attention::acknowledge_ui(ui, cx, asked),
        OpenDialog::Insist(entry) => insist::insist_ui(ui, cx, *entry),
        OpenDialog::Download(entry) => download::download_ui(ui, cx, *entry),
        OpenDialog::ConfirmSignOut => account::confirm_sign_out_ui(ui, cx),
        OpenDialog::ConfirmDeletion => local_data::confirm_ui(ui, cx),
        OpenDialog::ConfirmClose => confirm_close_ui(ui, cx),
        // A form waits behind the sign-in with its typed text.
        OpenDialog::Form(_) | OpenDialog::Palette(_) => true,
    }
}

/// Work that closing the window now would end or lose, the most serious first.
#[must_use]
pub fn closing_concerns(state: &State, views: &Views) -> Vec<Concern> {
    let mut concerns = orders_left_by_closing(state).concerns(Ending::Close);
    let mut add = |what: String, consequence| concerns.push(Concern { what, consequence });
    if let Some(form) = views.form().filter(|form| form.has_input()) {
        let title = order::confirm_label(form);
        add(
            format!("A form is open: {title}"),
            "What you typed there will be lost",
        );
    }
    if state.downloads.values().any(|news| !news.is_end()) {
        add(
            "A package is being downloaded".into(),
            "The partial download will be deleted",
        );
    }
    match views.bulk_selection.len() {
        0 => {}
        1 => add("1 device is selected".into(), "The selection will be lost"),
        count => add(
            format!("{} are selected", devices(count)),
            "The selection will be lost",
        ),
    }
    if !views.settings.changes().is_empty() {
        add(
            "Changed settings are not saved".into(),
            "The changes will be lost",
        );
    }
    if state.session.is_signed_in() && matches!(state.keyring, KeyringState::NotSaved { .. }) {
        add(
            "Your sign-in is not saved".into(),
            "The next start will ask you to sign in again",
        );
    }
    concerns
}

/// Orders that closing would leave unfinished, except those that the next start follows.
fn orders_left_by_closing(state: &State) -> OpenOrders<'_> {
    let open = OpenOrders::of(state);
    if state.closing_ends_following() {
        open
    } else {
        open.without_followed()
    }
}

fn confirm_close_ui(ui: &Ui, cx: &mut Cx<'_>) -> bool {
    let id = Id::unique("confirm close");
    let concerns = closing_concerns(cx.state, cx.views);
    let title = concerns
        .first()
        .map_or("Close cordon?", |first| first.what.as_str());
    let what: Vec<_> = concerns.iter().map(|concern| concern.consequence).collect();
    let what = what.join(". ");
    let dialog = Dialog::new(id, title).description(&what);
    let close = ActionButton::danger("Close anyway");
    let decision = dialog.ask(ui.ctx(), "Stay", close, |ui| {
        concerns_ui(ui, &concerns);
        if let Some(sent) = orders_left_by_closing(cx.state).sent_words(cx.now) {
            ui.small_label(sent);
            ui.ctx().request_repaint_after(Duration::from_secs(1));
        }
    });
    if decision == Decision::Act {
        cx.views.close_confirmed = true;
        ui.ctx().request_repaint();
    }
    decision == Decision::Pending
}
