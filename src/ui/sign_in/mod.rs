//! The sign-in screen: its methods, its account and its progress.

pub(in crate::ui) mod account;
pub(in crate::ui) mod banner;
pub mod leaving;
pub mod profiles;
pub(in crate::ui) mod qr;
pub(in crate::ui) mod registration;
pub(in crate::ui) mod under_way;

use egui::{Id, Ui};

use super::commands::{UiCommand, sign_in_methods};
use super::theme::{Role, TokensExt as _};
use super::widgets::{ActionButton, Icon, UiExt as _, badge, live_badge, page_ui, section_ui};
use super::{Cx, look};
use crate::model::{Account, Mode, SessionStatus, Unfamiliar, clean};
use crate::ui::activity::open_work::open_work_ui;
use crate::ui::sign_in::under_way::{Detail, cancel_ui, is_opening, other_method_ui, under_way_ui};

/// After this long a keyring is probably waiting for the user.
const KEYRING_SLOW_AFTER_SECS: f64 = 3.0;
const WIDTH: f32 = 620.0;
/// Introduction for first-time users.
pub(in crate::ui) const INTRO: &str = "cordon shows the devices of Microsoft Defender for Endpoint, contains, investigates and releases them. You act under your own name and with your own permissions. Nothing is sent before you have reviewed and confirmed it; every order is followed to its real end and kept in a journal on this computer";

/// Shows the sign-in methods, or the progress of a sign-in.
pub fn sign_in_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    page_ui(ui, WIDTH, "Sign in to cordon", |ui| {
        intro_ui(ui, cx);
        open_work_ui(ui, cx);
        if let Some(failure) = &cx.state.sign_in_failure {
            look::failure_ui(ui, failure, Role::Danger, None);
        }
        if cx.state.local_data_is_deleted() {
            let words = "Local data deleted. The journal and the settings are kept";
            live_badge(ui, Icon::Done, Role::Neutral, words);
        }
        let state = cx.state;
        match &state.session {
            SessionStatus::Restoring => restoring_ui(ui, cx),
            SessionStatus::AskingForCode
            | SessionStatus::WaitingForPerson(_)
            | SessionStatus::InBrowser(_) => under_way_ui(ui, cx, Detail::Full),
            SessionStatus::DifferentAccount {
                account,
                before,
                reason,
            } => different_account_ui(ui, account, before.as_deref(), reason, cx),
            // With a known account the list is shown, and its banner offers this.
            SessionStatus::SignedOut
            | SessionStatus::SignedIn { .. }
            | SessionStatus::Renewing { .. }
            | SessionStatus::NotRenewed { .. }
            | SessionStatus::NeedsSignIn { .. } => start_ui(ui, cx),
        }
    });
}

fn intro_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let tokens = ui.tokens();
    ui.wrapped(INTRO);
    let target = clean(&cx.state.target, 80);
    match cx.state.mode {
        Mode::Live => {
            ui.wrapped(format!("Cloud: {target}"));
        }
        Mode::Demo => {
            badge(
                ui,
                Icon::Info,
                Role::Accent,
                "This is the demo: nothing leaves this computer",
            );
        }
        Mode::StandIn => {
            let text = format!(
                "A stand-in answers at {target}. This is not Microsoft's sign-in: do not enter a real password"
            );
            badge(ui, Icon::Warning, Role::Caution, &text);
        }
    }
    if let Some(profile) = &cx.state.profile {
        let tenant = clean(&cx.state.tenant, 80);
        ui.horizontal_wrapped(|ui| {
            ui.label(format!("Profile {}, tenant {tenant}", clean(profile, 40)));
            let profiles = ActionButton::new("Profiles…");
            cx.button_ui(ui, UiCommand::SwitchProfile, profiles);
        });
    }
    ui.add_space(tokens.space.s);
}

/// Shows both sign-in methods side by side: many organisations allow only one of them.
fn start_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        let sign_in_methods = sign_in_methods(cx.state);
        // New text above the buttons moves them, and the focus would be lost.
        let failure = cx.state.sign_in_failure.as_ref();
        let shown = format!("{sign_in_methods:?} {:?}", failure.map(|f| &f.headline));
        let is_opening = is_opening(ui, &shown);
        for command in sign_in_methods {
            // No hints: the first button is focused at once, and its tip would cover what is below.
            let title = command.spec().title;
            let is_first = command == sign_in_methods[0];
            let button = if is_first {
                ActionButton::primary(title)
            } else {
                ActionButton::new(title)
            };
            let button = cx.add_button(ui, command, button);
            if is_first && is_opening {
                button.request_focus();
            }
        }
    });
    ui.wrapped("With a code, you sign in on this or another device. With the browser, you sign in on this computer: choose it if your organisation requires a managed device or does not allow codes");
}

/// Shows a signed-in or saved account that has to be confirmed first.
fn different_account_ui(
    ui: &mut Ui,
    account: &Account,
    before: Option<&str>,
    reason: &Unfamiliar,
    cx: &mut Cx<'_>,
) {
    let tokens = ui.tokens();
    let title = match reason {
        Unfamiliar::New | Unfamiliar::Unknown => "Is this you?",
        Unfamiliar::OtherAccount => "This is a different account",
        Unfamiliar::OtherTenant { .. } => "This is another tenant",
    };
    section_ui(ui, title);
    badge(ui, Icon::Warning, Role::Caution, &account.label());
    if let Some(name) = &account.display_name {
        ui.label(clean(name, 120));
    }
    ui.small_label(format!("Tenant {}", account.tenant_id));
    ui.wrapped(difference_words(reason, before, &cx.state.tenant));
    if !matches!(reason, Unfamiliar::New | Unfamiliar::Unknown) {
        ui.wrapped("If you continue, actions ordered by the other account stay with it: cordon will not send, look up or follow them as this one");
    }
    ui.add_space(tokens.space.s);
    ui.horizontal_wrapped(|ui| {
        let is_opening = is_opening(ui, "different account");
        let cancel = cancel_ui(ui, cx);
        if is_opening {
            cancel.request_focus();
        }
        let label = format!("Continue as {}", account.label());
        cx.button_ui(ui, UiCommand::AcceptAccount, ActionButton::primary(&label));
    });
    ui.small_label("To sign in with another account:");
    ui.horizontal_wrapped(|ui| {
        for command in sign_in_methods(cx.state) {
            other_method_ui(ui, cx, command);
        }
    });
}

/// Explains an unfamiliar account, and what to know before accepting it.
fn difference_words(reason: &Unfamiliar, before: Option<&str>, tenant: &str) -> String {
    match (reason, before) {
        (Unfamiliar::New, _) => "This account has not signed in to cordon on this computer before. Continue only if it is yours: whatever you order is done in its name".to_owned(),
        (Unfamiliar::Unknown, _) => "cordon does not know who signed in here before: accounts.json in the data folder was refused, as others may have changed it. Continue only if this account is yours: whatever you order is done in its name".to_owned(),
        (Unfamiliar::OtherTenant { so_far }, _) => format!(
            "Until now, {} led to tenant {}. Continue only if you know why that has changed",
            clean(tenant, 80),
            clean(so_far, 80)
        ),
        (Unfamiliar::OtherAccount, Some(before)) => {
            format!("Until now, {} was signed in here", clean(before, 80))
        }
        (Unfamiliar::OtherAccount, None) => {
            "A different account was used last on this computer".to_owned()
        }
    }
}

fn restoring_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let time = ui.input(|input| input.time);
    let id = Id::unique("restoring since");
    if is_opening(ui, "restoring") {
        ui.data_mut(|data| data.insert_temp(id, time));
    }
    let since: f64 = ui.data(|data| data.get_temp(id)).unwrap_or(time);
    badge(
        ui,
        Icon::InProgress,
        Role::Neutral,
        "Looking for a saved sign-in in the keyring…",
    );
    let left_secs = since + KEYRING_SLOW_AFTER_SECS - time;
    if left_secs > 0.0 {
        ui.repaint_in(left_secs);
    } else {
        ui.wrapped("This is taking a while. The keyring of this computer may be asking to be unlocked, perhaps in a window behind this one. You can sign in without it");
    }
    ui.horizontal_wrapped(|ui| {
        for command in sign_in_methods(cx.state) {
            other_method_ui(ui, cx, command);
        }
        cancel_ui(ui, cx);
    });
}
