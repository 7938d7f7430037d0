//! Banner above the devices while the sign-in cannot be used.

use std::time::Duration;

use egui::{Id, RichText, Ui};

use crate::explain::{Explanation, NextStep};
use crate::model::{Retry, SessionStatus};
use crate::ui::activity::open_work::unsent_ui;
use crate::ui::commands::{UiCommand, sign_in_methods};
use crate::ui::layout::is_console_open;
use crate::ui::sign_in::under_way::{Detail, under_way_ui};
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{ActionButton, Icon, UiExt as _, headline_ui, top_panel_ui};
use crate::ui::{Cx, look};

/// Time after which a renewal in progress is shown.
const SLOW_AFTER_SECS: f64 = 3.0;

/// Shows why the sign-in cannot be used, and every way to continue.
pub fn session_banner_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    match &cx.state.session {
        SessionStatus::NeedsSignIn { .. } => ended_ui(ui, cx),
        SessionStatus::NotRenewed { retry, .. } => not_renewed_ui(ui, *retry, cx),
        SessionStatus::Renewing { .. } => renewing_ui(ui, cx),
        SessionStatus::SignedIn { .. } => others_orders_ui(ui, cx),
        SessionStatus::AskingForCode
        | SessionStatus::WaitingForPerson(_)
        | SessionStatus::InBrowser(_)
            if is_console_open(cx.state) =>
        {
            top_panel_ui(ui, "session", |ui| under_way_ui(ui, cx, Detail::Brief));
        }
        // The sign-in page says so.
        SessionStatus::SignedOut
        | SessionStatus::Restoring
        | SessionStatus::AskingForCode
        | SessionStatus::WaitingForPerson(_)
        | SessionStatus::InBrowser(_)
        | SessionStatus::DifferentAccount { .. } => {}
    }
}

fn ended_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let headline = "Your sign-in has ended";
    let failure = cx.state.renewal_failure.as_ref();
    // If the same refusal came again, nothing is recommended.
    let helps = failure.is_none_or(|failure| failure.next == NextStep::SignIn);
    let recommended = if helps {
        Recommended::SignIn
    } else {
        Recommended::Nothing
    };
    banner_ui(ui, cx, headline, recommended, |ui, cx| {
        // The same text twice is no help.
        reason_ui(ui, failure.filter(|failure| failure.headline != headline));
        ui.label("What you see may be out of date; nothing is sent until you sign in again");
        last_attempt_ui(ui, cx);
    });
}

fn not_renewed_ui(ui: &mut Ui, retry: Retry, cx: &mut Cx<'_>) {
    let headline = "Your sign-in could not be renewed";
    banner_ui(ui, cx, headline, Recommended::Renewal, |ui, cx| {
        reason_ui(ui, cx.state.renewal_failure.as_ref());
        ui.label("What you see may be old; nothing is sent until it is renewed");
        last_attempt_ui(ui, cx);
        if let Retry::At(at) = retry {
            let left_secs = at.duration_since(cx.now).as_secs();
            ui.label(match left_secs {
                ..=0 => "Trying again now".to_owned(),
                1 => "Next try in 1 second".to_owned(),
                left_secs => format!("Next try in {left_secs} seconds"),
            });
            ui.ctx().request_repaint_after(Duration::from_secs(1));
        }
    });
}

/// Shows a renewal only if it takes long: a brief line would make the list jump.
fn renewing_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let time = ui.input(|input| input.time);
    let id = Id::unique("renewing since");
    let pass = ui.ctx().cumulative_pass_nr();
    let (since, seen) = ui.data(|data| data.get_temp(id)).unwrap_or((time, pass));
    let since = if seen + 1 < pass { time } else { since };
    ui.data_mut(|data| data.insert_temp::<(f64, u64)>(id, (since, pass)));
    let left_secs = since + SLOW_AFTER_SECS - time;
    if left_secs > 0.0 {
        ui.repaint_in(left_secs);
        return;
    }
    let headline = "Renewing your sign-in is taking longer than usual";
    banner_ui(ui, cx, headline, Recommended::Nothing, |ui, _| {
        ui.label("The sign-in host has not answered yet. You can wait, or sign in again");
    });
}

/// Shows a colleague's orders that wait for their sign-in.
fn others_orders_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let account = cx.state.session.account();
    let are_there =
        (cx.state.waiting()).any(|entry| account.is_some_and(|account| !entry.author.is(account)));
    if are_there {
        top_panel_ui(ui, "orders of others", |ui| {
            ui.horizontal_wrapped(|ui| unsent_ui(ui, cx));
        });
    }
}

/// The recommended button of a banner, which is emphasised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Recommended {
    /// Renewing can be tried at once.
    Renewal,
    SignIn,
    Nothing,
}

/// Shows the headline with all buttons, and the rest below: text that changes every second moves no button.
fn banner_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    headline: &str,
    recommended: Recommended,
    more_ui: impl FnOnce(&mut Ui, &Cx<'_>),
) {
    let caution = ui.tokens().caution;
    top_panel_ui(ui, "session", |ui| {
        ui.horizontal_wrapped(|ui| {
            headline_ui(ui, Icon::Warning, caution, headline);
            if recommended == Recommended::Renewal {
                again_ui(ui, cx);
            }
            methods_ui(ui, recommended == Recommended::SignIn, cx);
            unsent_ui(ui, cx);
        });
        ui.horizontal_wrapped(|ui| more_ui(ui, cx));
    });
}

fn reason_ui(ui: &mut Ui, failure: Option<&Explanation>) {
    let Some(failure) = failure else {
        return;
    };
    let is_on_a_button = matches!(
        failure.next,
        NextStep::None | NextStep::SignIn | NextStep::TryAgain
    );
    let words = if is_on_a_button {
        failure.headline.clone()
    } else {
        failure.headline_and_next()
    };
    ui.wrapped(words);
    look::copy_details_ui(ui, "details", failure);
}

fn again_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let renew = UiCommand::RenewSignIn;
    let button = ActionButton::primary("Try again")
        .name("Try again to renew the sign-in")
        .hint(renew.spec().help);
    cx.button_ui(ui, renew, button);
}

/// Shows both sign-in methods; the first one is primary if recommended.
fn methods_ui(ui: &mut Ui, stands_out: bool, cx: &mut Cx<'_>) {
    for (index, command) in sign_in_methods(cx.state).into_iter().enumerate() {
        let spec = command.spec();
        let button = if stands_out && index == 0 {
            ActionButton::primary(spec.title)
        } else {
            ActionButton::new(spec.title)
        };
        cx.button_ui(ui, command, button.hint(spec.help));
    }
}

/// Shows why the last interactive sign-in failed, if there was one.
fn last_attempt_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(failure) = &cx.state.sign_in_failure else {
        return;
    };
    let danger = ui.tokens().danger;
    let words = failure.headline_and_next();
    ui.wrapped(RichText::new(words).color(danger));
    look::copy_details_ui(ui, "details of the sign-in", failure);
}
