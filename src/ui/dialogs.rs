//! The one dialog that is open, and the short questions among them.

use std::time::Duration;

use egui::{Id, Ui};

use super::concerns::{Concern, concerns_ui};
use super::order;
use super::theme::TokensExt as _;
use super::views::{OpenDialog, Views};
use super::widgets::{ActionButton, Dialog, UiExt as _};
use super::{Cx, about, help, palette};
use crate::explain::NextStep;
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
        None => form_failure_ui(ui, cx),
        Some(OpenDialog::Keys) => {
            cx.views.dialog = Some(OpenDialog::Keys);
            help::keys_ui(ui, cx);
        }
        Some(OpenDialog::Palette(open)) => palette::palette_ui(ui, cx, open),
        Some(OpenDialog::Compare(machine)) => compare::compare_ui(ui, cx, &machine),
        Some(OpenDialog::About) => about::about_ui(ui, cx),
        Some(OpenDialog::Account) => account::account_ui(ui, cx),
        Some(OpenDialog::Drill) => drill::drill_ui(ui, cx),
        Some(OpenDialog::Acknowledge(asked)) => {
            attention::acknowledge_ui(ui, cx, asked);
        }
        Some(OpenDialog::Insist(entry)) => insist::insist_ui(ui, cx, entry),
        Some(OpenDialog::Download(entry)) => download::download_ui(ui, cx, entry),
        Some(OpenDialog::ConfirmSignOut) => account::confirm_sign_out_ui(ui, cx),
        Some(OpenDialog::ConfirmDeletion) => local_data::confirm_ui(ui, cx),
        Some(OpenDialog::ConfirmClose) => confirm_close_ui(ui, cx),
        // It waits behind the sign-in, with everything that was typed.
        Some(OpenDialog::Form(form)) if cx.state.session.is_signing_in() => {
            cx.views.dialog = Some(OpenDialog::Form(form));
        }
        Some(OpenDialog::Form(form)) => order::order_ui(ui, cx, form),
    }
    cx.views.uncover();
}

/// Work that closing the window now would end or lose, the gravest first.
#[must_use]
pub fn closing_concerns(state: &State, views: &Views) -> Vec<Concern> {
    let mut concerns = orders_left_by_closing(state).concerns(Ending::Close);
    let mut add = |what: String, consequence| concerns.push(Concern { what, consequence });
    if let Some(form) = views.form().filter(|form| form.has_input()) {
        let title = order::confirm_label(&form.task(), form);
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

/// The orders that closing would leave without an end, except those that the next start follows.
fn orders_left_by_closing(state: &State) -> OpenOrders<'_> {
    let open = OpenOrders::of(state);
    if state.closing_ends_following() {
        open
    } else {
        open.without_followed()
    }
}

fn confirm_close_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let id = Id::unique("confirm close");
    let concerns = closing_concerns(cx.state, cx.views);
    let title = concerns
        .first()
        .map_or("Close cordon?", |first| first.what.as_str());
    let what: Vec<_> = concerns.iter().map(|concern| concern.consequence).collect();
    let what = what.join(". ");
    let dialog = Dialog::new(id, title).description(&what);
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        concerns_ui(ui, &concerns);
        if let Some(sent) = orders_left_by_closing(cx.state).sent_words(cx.now) {
            ui.small_label(sent);
            ui.ctx().request_repaint_after(Duration::from_secs(1));
        }
        ui.add_space(ui.tokens().space.s);
        ui.horizontal_wrapped(|ui| {
            let stay = ui.add(ActionButton::new("Stay"));
            if is_opening {
                stay.request_focus();
            }
            let close = ui.add(ActionButton::danger("Close anyway"));
            (stay.clicked(), close.clicked())
        })
        .inner
    });
    let (stays, closes) = response.inner;
    if closes {
        cx.views.close_confirmed = true;
        ui.ctx().request_repaint();
    } else if !stays && !response.close_requested {
        cx.views.dialog = Some(OpenDialog::ConfirmClose);
        return;
    }
    Dialog::return_focus(ui.ctx(), id);
}

fn form_failure_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(failure) = cx.views.form_failure.clone() else {
        return;
    };
    let id = Id::unique("form failure");
    let dialog = Dialog::new(id, "The form cannot be opened").description(&failure);
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        ui.wrapped(failure.as_str());
        ui.label(format!(
            "Nothing was changed. {}",
            NextStep::TryAgain.words()
        ));
        let close = ui.add(ActionButton::new("Close"));
        if is_opening {
            close.request_focus();
        }
        close.clicked()
    });
    if response.inner || response.close_requested {
        cx.views.form_failure = None;
        Dialog::return_focus(ui.ctx(), id);
    }
}
