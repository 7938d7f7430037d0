//! A sign-in in progress: the code in very large type, or the page in the browser, with instructions and
//! buttons.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use egui::{Id, Label, Response, Ui};
use jiff::{SignedDuration, Timestamp};

use super::qr;
use crate::message::Command;
use crate::model::{BrowserPrompt, Mode, SessionStatus, SignInPrompt, clean};
use crate::ui::Cx;
use crate::ui::commands::UiCommand;
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{ActionButton, Icon, UiExt as _, badge, copyable_ui, section_ui};
use crate::ui::words::countdown_text;

/// Remaining time below which the countdown is emphasised.
const HURRY_SECS: i64 = 120;

/// Level of detail about a sign-in in progress.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// On its own page.
    Full,
    /// Above the list, which stays visible.
    Brief,
}

/// Shows the progress of a sign-in, and what to do for it.
pub fn under_way_ui(ui: &mut Ui, cx: &mut Cx<'_>, detail: Detail) {
    let state = cx.state;
    match &state.session {
        SessionStatus::AskingForCode => asking_ui(ui, cx),
        SessionStatus::WaitingForPerson(prompt) => prompt_ui(ui, prompt, cx, detail),
        SessionStatus::InBrowser(prompt) => browser_ui(ui, prompt, cx, detail),
        SessionStatus::SignedOut
        | SessionStatus::Restoring
        | SessionStatus::DifferentAccount { .. }
        | SessionStatus::SignedIn { .. }
        | SessionStatus::Renewing { .. }
        | SessionStatus::NotRenewed { .. }
        | SessionStatus::NeedsSignIn { .. } => {}
    }
}

fn asking_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    badge(ui, Icon::InProgress, Role::Neutral, "Asking for a code…");
    ui.horizontal_wrapped(|ui| {
        cancel_ui(ui, cx);
        other_method_ui(ui, cx, UiCommand::SignInWithBrowser);
    });
}

fn prompt_ui(ui: &mut Ui, prompt: &SignInPrompt, cx: &mut Cx<'_>, detail: Detail) {
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
    if !prompt.may_open {
        let words = "cordon does not know this address, so no button opens it: check that it is Microsoft's before you do";
        badge(ui, Icon::Warning, Role::Caution, words);
    }
    if detail == Detail::Brief {
        other_method_ui(ui, cx, UiCommand::SignInWithBrowser);
        return;
    }
    // An address of this computer does not work on another device.
    if prompt.may_open && prompt.verification_uri.starts_with("https:") {
        qr::qr_code_ui(ui, &prompt.verification_uri);
    }
    ui.add_space(tokens.space.s);
    if cx.state.mode == Mode::Demo {
        ui.wrapped(
            "In the demo the code approves itself in a few seconds; the page is a built-in one",
        );
    }
    ui.wrapped("Never enter a code that someone sent you");
    if !cx.state.client_id.is_empty() {
        let (tenant, client) = (clean(&cx.state.tenant, 80), clean(&cx.state.client_id, 40));
        ui.small_label(format!("For application {client} in tenant {tenant}"));
    }
    ui.add_space(tokens.space.s);
    ui.small_label("If the browser says that access is blocked, your organisation may not allow codes. cordon cannot see that; sign in with the browser instead:");
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
            // Not by the command of that name, which waits for the old code to expire: the worker replaces
            // the old sign-in.
            cx.out.work.push(Command::SignIn);
        }
        other_method_ui(ui, cx, UiCommand::SignInWithBrowser);
        cancel_ui(ui, cx);
    });
}

fn code_buttons_ui(ui: &mut Ui, prompt: &SignInPrompt, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        let is_opening = is_opening(ui, &prompt.user_code);
        // Not the browser's button: the Enter that requested the code may still be down.
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

/// Shows that the user is in the browser, where the page opens once automatically.
fn browser_ui(ui: &mut Ui, prompt: &BrowserPrompt, cx: &mut Cx<'_>, detail: Detail) {
    if prompt.seen.code {
        return completing_ui(ui, cx);
    }
    let tokens = ui.tokens();
    section_ui(ui, "Sign in on the page in your browser");
    let is_opening = is_opening(ui, &prompt.page);
    if is_opening {
        cx.out.open_page = Some(prompt.page.to_string());
    }
    countdown_ui(ui, left_secs(prompt.expires_in, prompt.received, cx.now));
    if prompt.seen.over_https {
        let words = "The browser came over https, but this computer's own address is http. Turn off \"HTTPS only\" for localhost, open the page in another browser, or use a code";
        badge(ui, Icon::Warning, Role::Caution, words);
    }
    ui.horizontal_wrapped(|ui| {
        let again = ActionButton::primary("Open the page again").icon(Icon::OpenElsewhere);
        if ui.add(again).clicked() {
            // The address works once: the worker creates another.
            cx.out.work.push(Command::SignInWithBrowser);
        }
        // Not shown: it contains the secret of this sign-in.
        let copy = ActionButton::new("Copy address").icon(Icon::Copy);
        if ui.add(copy).clicked() {
            ui.copy_text(prompt.page.to_string());
        }
        let cancel = cancel_ui(ui, cx);
        // Not the page's button: the Enter that requested it may still be down.
        if is_opening {
            cancel.request_focus();
        }
    });
    if detail == Detail::Brief {
        other_method_ui(ui, cx, UiCommand::SignIn);
        return;
    }
    ui.add_space(tokens.space.xs);
    ui.wrapped("When you have signed in there, the page says that you can close it, and cordon continues on its own");
    ui.add_space(tokens.space.s);
    ui.small_label("If no browser opens on this computer, use a code:");
    other_method_ui(ui, cx, UiCommand::SignIn);
}

/// Shows that the browser part is done, and that the sign-in host is awaited.
fn completing_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    section_ui(ui, "Completing the sign-in");
    let words = "The browser has answered and can be closed; waiting for the sign-in host…";
    badge(ui, Icon::InProgress, Role::Neutral, words);
    let cancel = cancel_ui(ui, cx);
    if is_opening(ui, "completing") {
        cancel.request_focus();
    }
}

/// Shows the code: what it is as the accessible name, the code as the value.
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
    // No hint: it is focused at once, and its tip would cover the address below.
    let button = ActionButton::new("Copy code").icon(icon);
    let response = ui.add(button);
    if response.clicked() {
        ui.copy_text(code.to_owned());
        ui.data_mut(|data| data.insert_temp(id, time));
    }
    if left_secs > 0.0 {
        ui.repaint_in(left_secs);
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

/// Shows the other method, in case the first does not work here.
pub(super) fn other_method_ui(ui: &mut Ui, cx: &mut Cx<'_>, command: UiCommand) {
    cx.button_ui(ui, command, ActionButton::new(command.spec().title));
}

pub(super) fn cancel_ui(ui: &mut Ui, cx: &mut Cx<'_>) -> Response {
    // No hint: it may be focused at once, and its tip would cover what is below.
    cx.add_button(ui, UiCommand::CancelSignIn, ActionButton::new("Cancel"))
}

/// An id made of the hash alone: in a debug build egui keeps the source of an id, which may be a code.
fn opening_id(what: &str) -> Id {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    Id::unique(("sign-in shows", hasher.finish()))
}

/// Whether `what` was not on screen in the previous pass: the moment to set the focus.
pub(super) fn is_opening(ui: &Ui, what: &str) -> bool {
    let id = opening_id(what);
    let pass = ui.ctx().cumulative_pass_nr();
    let seen = ui.data(|data| data.get_temp::<u64>(id));
    ui.data_mut(|data| data.insert_temp(id, pass));
    seen.is_none_or(|seen| seen + 1 < pass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_widget_id_contains_the_code() {
        let kept = format!("{:?}", opening_id("A1B2C3D4E"));
        assert!(!kept.contains("A1B2"), "{kept}");
    }

    #[test]
    fn time_left_counts_from_receipt_and_never_grows() {
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
