//! The sign-in screen: the code in very large type, and everything around it.

pub(in crate::ui) mod account;
pub(in crate::ui) mod banner;
pub mod leaving;
pub mod profiles;
pub(in crate::ui) mod qr;
pub(in crate::ui) mod registration;

use std::time::Duration;

use egui::{Id, Label, Response, Ui};
use jiff::{SignedDuration, Timestamp};

use super::Cx;
use super::commands::UiCommand;
use super::theme::{Role, TokensExt as _, text};
use super::widgets::{
    ActionButton, ExplanationView, Icon, badge, copyable_ui, countdown_text, page_ui, section_ui,
    small_ui,
};
use crate::explain::{Explanation, NextStep};
use crate::message::Command;
use crate::model::{
    Account, BrowserPrompt, Mode, SessionStatus, SignInMethod, SignInPrompt, Unfamiliar, clean,
};
use crate::state::State;
use crate::ui::activity::open_work::open_work_ui;

/// After this long a keyring is probably waiting for a person.
const KEYRING_PATIENCE_SECS: f64 = 3.0;
/// Below this much time the countdown is emphasised.
const HURRY_SECS: i64 = 120;
const WIDTH: f32 = 620.0;

/// Shows how to sign in, or how far it has come.
pub fn sign_in_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    page_ui(ui, WIDTH, "Sign in to cordon", |ui| {
        intro_ui(ui, cx);
        open_work_ui(ui, cx);
        if let Some(failure) = &cx.state.sign_in_failure {
            failure_ui(ui, failure);
        }
        let state = cx.state;
        match &state.session {
            SessionStatus::Restoring => restoring_ui(ui, cx),
            SessionStatus::AskingForCode => asking_ui(ui, cx),
            SessionStatus::WaitingForPerson(prompt) => prompt_ui(ui, prompt, cx),
            SessionStatus::InBrowser(prompt) => browser_ui(ui, prompt, cx),
            SessionStatus::DifferentAccount {
                account,
                before,
                reason,
            } => different_account_ui(ui, account, before.as_deref(), reason, cx),
            // Where an account is known the list is shown, and its banner offers this.
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
    wrapped_ui(
        ui,
        "cordon shows the devices of Microsoft Defender for Endpoint, contains and investigates them, and gives them back. You act under your own name and with your own permissions",
    );
    let target = clean(&cx.state.target, 80);
    match cx.state.mode {
        Mode::Live => wrapped_ui(ui, &format!("Cloud: {target}")),
        Mode::Demo => {
            badge(
                ui,
                Icon::Info,
                Role::Accent,
                "This is a rehearsal: nothing leaves this computer",
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
            if ui.add(ActionButton::new("Profiles…")).clicked() {
                cx.out.commands.push(UiCommand::SwitchProfile);
            }
        });
    }
    ui.add_space(tokens.space.s);
}

fn failure_ui(ui: &mut Ui, failure: &Explanation) {
    let effect = if failure.next == NextStep::None {
        failure.effect.words().to_owned()
    } else {
        format!("{}. {}", failure.effect.words(), failure.next.words())
    };
    ExplanationView {
        headline: &failure.headline,
        effect: &effect,
        role: Role::Danger,
        next_label: None,
        details: &failure.details,
    }
    .show_ui(ui);
}

/// Both ways, first the one that the last refusal asks for, else the one that worked last.
pub fn sign_in_methods(state: &State) -> [UiCommand; 2] {
    match state.advised_method.or(state.sign_in_method) {
        Some(SignInMethod::Browser) => [UiCommand::SignInWithBrowser, UiCommand::SignIn],
        Some(SignInMethod::Code) | None => [UiCommand::SignIn, UiCommand::SignInWithBrowser],
    }
}

/// Both sign-in methods, side by side: many organisations allow only one of them.
fn start_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        let sign_in_methods = sign_in_methods(cx.state);
        // What is new above the buttons moves them, and the focus would be lost.
        let failure = cx.state.sign_in_failure.as_ref();
        let shown = format!("{sign_in_methods:?} {:?}", failure.map(|f| &f.headline));
        let is_opening = is_opening(ui, &shown);
        for command in sign_in_methods {
            // No hints: the first has the focus at once, and would cover what is below.
            let title = command.spec().title;
            let is_first = command == sign_in_methods[0];
            let button = ui.add(if is_first {
                ActionButton::primary(title)
            } else {
                ActionButton::new(title)
            });
            if is_first && is_opening {
                button.request_focus();
            }
            if button.clicked() {
                cx.out.commands.push(command);
            }
        }
    });
    wrapped_ui(
        ui,
        "With a code, you sign in on this or another device. With the browser, you sign in on this computer: choose it if your organisation requires a managed device or does not allow codes",
    );
}

/// Somebody has signed in or is saved whom a person has to look at first.
fn different_account_ui(
    ui: &mut Ui,
    account: &Account,
    before: Option<&str>,
    reason: &Unfamiliar,
    cx: &mut Cx<'_>,
) {
    let tokens = ui.tokens();
    let title = match reason {
        Unfamiliar::New => "Is this you?",
        Unfamiliar::OtherAccount => "This is a different account",
        Unfamiliar::OtherTenant { .. } => "This is another tenant",
    };
    section_ui(ui, title);
    badge(ui, Icon::Warning, Role::Caution, &account.label());
    if let Some(name) = &account.display_name {
        ui.label(clean(name, 120));
    }
    small_ui(ui, &format!("Tenant {}", account.tenant_id));
    match (reason, before) {
        (Unfamiliar::New, _) => wrapped_ui(
            ui,
            "This account has not signed in to cordon on this computer before. Continue only if it is yours: whatever you order is done in its name",
        ),
        (Unfamiliar::OtherTenant { so_far }, _) => wrapped_ui(
            ui,
            &format!(
                "Until now, {} led to tenant {}. Continue only if you know why that has changed",
                clean(&cx.state.tenant, 80),
                clean(so_far, 80)
            ),
        ),
        (Unfamiliar::OtherAccount, Some(before)) => wrapped_ui(
            ui,
            &format!("Until now, {} was signed in here", clean(before, 80)),
        ),
        (Unfamiliar::OtherAccount, None) => {
            wrapped_ui(ui, "A different account was used last on this computer");
        }
    }
    if *reason != Unfamiliar::New {
        wrapped_ui(
            ui,
            "If you continue, actions ordered by the other account stay with it: cordon will not send, look up or follow them as this one",
        );
    }
    ui.add_space(tokens.space.s);
    ui.horizontal_wrapped(|ui| {
        let is_opening = is_opening(ui, "stranger");
        let cancel = cancel_ui(ui, cx);
        if is_opening {
            cancel.request_focus();
        }
        let label = format!("Continue as {}", account.label());
        if ui.add(ActionButton::primary(&label)).clicked() {
            cx.out.commands.push(UiCommand::AcceptAccount);
        }
    });
    small_ui(ui, "To sign in with another account:");
    ui.horizontal_wrapped(|ui| {
        for command in sign_in_methods(cx.state) {
            other_method_ui(ui, cx, command);
        }
    });
}

/// The other method, in case the first does not work here.
fn other_method_ui(ui: &mut Ui, cx: &mut Cx<'_>, command: UiCommand) {
    if ui.add(ActionButton::new(command.spec().title)).clicked() {
        cx.out.commands.push(command);
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
    let left_secs = since + KEYRING_PATIENCE_SECS - time;
    if left_secs > 0.0 {
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(left_secs));
    } else {
        wrapped_ui(
            ui,
            "This is taking long. The keyring of this computer may be asking to be unlocked, perhaps in a window behind this one. You can sign in without it",
        );
    }
    ui.horizontal_wrapped(|ui| {
        for command in sign_in_methods(cx.state) {
            other_method_ui(ui, cx, command);
        }
        cancel_ui(ui, cx);
    });
}

fn asking_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    badge(ui, Icon::InProgress, Role::Neutral, "Asking for a code…");
    ui.horizontal_wrapped(|ui| {
        cancel_ui(ui, cx);
        other_method_ui(ui, cx, UiCommand::SignInWithBrowser);
    });
}

fn cancel_ui(ui: &mut Ui, cx: &mut Cx<'_>) -> Response {
    // No hint: it may have the focus at once, and would cover what is below.
    let button = ui.add(ActionButton::new("Cancel"));
    if button.clicked() {
        cx.out.commands.push(UiCommand::CancelSignIn);
    }
    button
}

fn prompt_ui(ui: &mut Ui, prompt: &SignInPrompt, cx: &mut Cx<'_>) {
    let tokens = ui.tokens();
    let left_secs = left_secs(prompt.expires_in, prompt.received, cx.now);
    section_ui(ui, "Enter this code in the browser");
    if left_secs <= 0 {
        return expired_ui(ui, cx);
    }
    code_ui(ui, &prompt.user_code);
    countdown_ui(ui, left_secs);
    if prompt.is_silent {
        let words = "No answer from the sign-in host, still trying. The code stays valid";
        badge(ui, Icon::Warning, Role::Caution, words);
    }
    code_buttons_ui(ui, prompt, cx);
    ui.add_space(tokens.space.xs);
    copyable_ui(ui, "address", &clean(&prompt.verification_uri, 200));
    // An address of this computer is none for another device.
    if prompt.may_open && prompt.verification_uri.starts_with("https:") {
        qr::qr_code_ui(ui, &prompt.verification_uri);
    }
    if !prompt.may_open {
        let words = "cordon does not know this address, so no button opens it: check that it is Microsoft's before you do";
        badge(ui, Icon::Warning, Role::Caution, words);
    }
    ui.add_space(tokens.space.s);
    if cx.state.mode == Mode::Demo {
        wrapped_ui(
            ui,
            "In the demo the code approves itself in a few seconds; the page is a built-in one",
        );
    }
    wrapped_ui(ui, "Never enter a code somebody sent you");
    if !cx.state.client_id.is_empty() {
        let (tenant, client) = (clean(&cx.state.tenant, 80), clean(&cx.state.client_id, 40));
        small_ui(ui, &format!("For application {client} in tenant {tenant}"));
    }
    ui.add_space(tokens.space.s);
    small_ui(
        ui,
        "If the browser says that access is blocked, your organisation may not allow codes. cordon cannot see that; sign in with the browser instead:",
    );
    other_method_ui(ui, cx, UiCommand::SignInWithBrowser);
}

fn expired_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    badge(ui, Icon::TimedOut, Role::Caution, "The code has expired");
    ui.horizontal_wrapped(|ui| {
        let again = ui.add(ActionButton::primary("Get a new code"));
        if is_opening(ui, "expired") {
            again.request_focus();
        }
        if again.clicked() {
            // Not by the command of that name, which waits for the old code to be gone: the
            // worker lets the new sign-in take its place.
            cx.out.work.push(Command::SignIn);
        }
        other_method_ui(ui, cx, UiCommand::SignInWithBrowser);
        cancel_ui(ui, cx);
    });
}

fn code_buttons_ui(ui: &mut Ui, prompt: &SignInPrompt, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        let is_opening = is_opening(ui, &prompt.user_code);
        // Not the browser's button: the Enter that asked for the code may still be down.
        let copy = copy_code_ui(ui, &prompt.user_code);
        if is_opening {
            copy.request_focus();
        }
        if prompt.may_open {
            let open = ui.add(ActionButton::primary("Open browser").icon(Icon::OpenElsewhere));
            if open.clicked() {
                cx.out.open_page = Some(prompt.verification_uri.to_string());
            }
        }
        cancel_ui(ui, cx);
    });
}

/// The person is in the browser; the page opens once by itself.
fn browser_ui(ui: &mut Ui, prompt: &BrowserPrompt, cx: &mut Cx<'_>) {
    let tokens = ui.tokens();
    section_ui(ui, "Sign in on the page in your browser");
    let is_opening = is_opening(ui, &prompt.page);
    if is_opening {
        cx.out.open_page = Some(prompt.page.to_string());
    }
    countdown_ui(ui, left_secs(prompt.expires_in, prompt.received, cx.now));
    if prompt.came_over_https {
        let words = "The browser came over https, but this computer's own address is http. Turn off \"HTTPS only\" for localhost, open the page in another browser, or use a code";
        badge(ui, Icon::Warning, Role::Caution, words);
    }
    ui.horizontal_wrapped(|ui| {
        let again = ActionButton::primary("Open the page again").icon(Icon::OpenElsewhere);
        if ui.add(again).clicked() {
            // The address works once: the worker makes another.
            cx.out.work.push(Command::SignInWithBrowser);
        }
        // Not shown: it carries the secret of this sign-in.
        let copy = ActionButton::new("Copy address").icon(Icon::Copy);
        if ui.add(copy).clicked() {
            ui.copy_text(prompt.page.to_string());
        }
        let cancel = cancel_ui(ui, cx);
        // Not the page's button: the Enter that asked for it may still be down.
        if is_opening {
            cancel.request_focus();
        }
    });
    ui.add_space(tokens.space.xs);
    wrapped_ui(
        ui,
        "When you have signed in there, the page says that you can close it, and cordon continues by itself",
    );
    ui.add_space(tokens.space.s);
    small_ui(ui, "If no browser opens on this computer, use a code:");
    other_method_ui(ui, cx, UiCommand::SignIn);
}

/// Its accessible name says what it is, its value is the code, for those who hear the screen.
fn code_ui(ui: &mut Ui, code: &str) {
    let response = ui.add(
        Label::new(text::device_code(code))
            .selectable(true)
            .extend(),
    );
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_label("Device code");
        node.set_description("Device code");
        node.set_value(code);
    });
}

fn copy_code_ui(ui: &mut Ui, code: &str) -> Response {
    let id = Id::unique("code copied at");
    let time = ui.input(|input| input.time);
    let left_secs = ui.data(|data| data.get_temp::<f64>(id)).unwrap_or(-2.0) + 1.5 - time;
    let icon = if left_secs > 0.0 {
        Icon::Done
    } else {
        Icon::Copy
    };
    // No hint: it has the focus at once, and would cover the address below.
    let button = ActionButton::new("Copy code").icon(icon);
    let response = ui.add(button);
    if response.clicked() {
        ui.copy_text(code.to_owned());
        ui.data_mut(|data| data.insert_temp(id, time));
    }
    if left_secs > 0.0 {
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(left_secs));
    }
    response
}

fn countdown_ui(ui: &mut Ui, left_secs: i64) {
    let words = format!("{} left", countdown_text(left_secs));
    let (icon, role) = if left_secs < HURRY_SECS {
        (Icon::Warning, Role::Caution)
    } else {
        (Icon::Waiting, Role::Neutral)
    };
    badge(ui, icon, role, &words);
    ui.ctx().request_repaint_after(Duration::from_secs(1));
}

fn left_secs(expires_in: Duration, received: Timestamp, now: Timestamp) -> i64 {
    let life = SignedDuration::try_from(expires_in).unwrap_or(SignedDuration::MAX);
    // A clock that was set back must not lengthen the code's life on screen.
    let passed = now.duration_since(received).max(SignedDuration::ZERO);
    life.saturating_sub(passed).as_secs()
}

/// Whether `what` was not on screen in the pass before: the moment to place the focus.
fn is_opening(ui: &Ui, what: &str) -> bool {
    let id = Id::unique(("sign-in shows", what));
    let pass = ui.ctx().cumulative_pass_nr();
    let seen = ui.data(|data| data.get_temp::<u64>(id));
    ui.data_mut(|data| data.insert_temp(id, pass));
    seen.is_none_or(|seen| seen + 1 < pass)
}

fn wrapped_ui(ui: &mut Ui, text: &str) {
    ui.add(Label::new(text).wrap());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_counted_from_receipt_and_never_grows() {
        let at = |secs| {
            let now = Timestamp::from_second(secs).expect("a small number");
            left_secs(Duration::from_mins(15), Timestamp::UNIX_EPOCH, now)
        };
        assert_eq!(
            [at(-50), at(0), at(28), at(900), at(2000)],
            [900, 900, 872, 0, -1100]
        );
    }
}
