//! The strip: which mode, where, who, and whether that holds.

use egui::{Align, Layout, Response, ScrollArea, Ui};

use super::Cx;
use super::activity_attention::counter_ui;
use super::commands::UiCommand;
use super::theme::TokensExt as _;
use super::widgets::{ActionButton, StripLook, strip_plate_ui, strip_ui};
use super::words::local_time;
use crate::model::{KeyringState, Mode, SessionStatus, clean};

/// Below this width the room goes to the facts: buttons stay, words are left out.
const ROOMY: f32 = 900.0;

/// Shows the strip.
pub fn mode_strip_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let look = match cx.state.mode {
        Mode::Live => StripLook::Live,
        Mode::Demo => StripLook::Demo,
        Mode::StandIn => StripLook::StandIn,
    };
    let tokens = ui.tokens();
    strip_ui(ui, look, |ui| {
        ui.spacing_mut().item_spacing.x = tokens.space.xs;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            buttons_ui(ui, cx);
            // Before the facts: it has its room in the smallest window.
            counter_ui(ui, cx);
            budget_ui(ui, look, cx);
            // What does not fit is reached by scrolling sideways.
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ScrollArea::horizontal()
                    .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
                    .auto_shrink(false)
                    .show(ui, |ui| ui.horizontal_centered(|ui| facts_ui(ui, look, cx)));
            });
        });
    });
}

fn facts_ui(ui: &mut Ui, look: StripLook, cx: &mut Cx<'_>) {
    let state = cx.state;
    let meaning = match state.mode {
        Mode::Live => "A real tenant: what you do here happens",
        Mode::Demo => "A built-in tenant: nothing leaves this computer",
        Mode::StandIn => "A server on this computer stands in for the service",
    };
    fact_ui(ui, look, state.mode.word(), meaning);
    if state.policy.read_only {
        fact_ui(
            ui,
            look,
            "Read-only",
            "Started with --read-only: look, don't act",
        );
    }
    if let Some(account) = state.session.account() {
        fact_ui(
            ui,
            look,
            &account.label(),
            "The account you are signed in with",
        );
    }
    let (word, more) = session_words(&state.session);
    fact_ui(ui, look, word, more);
    if let Some(profile) = &state.profile {
        fact_ui(ui, look, &clean(profile, 40), "The profile in use");
    }
    if !(state.mode == Mode::Demo && &*state.place == "Demo") {
        fact_ui(ui, look, &clean(&state.place, 48), "The cloud or server");
    }
    let id = state.session.account().map(|a| a.tenant_id.as_str());
    // A domain is what people know a tenant by; of an id the beginning tells it from others.
    let tenant = if state.tenant.contains('.') {
        &*state.tenant
    } else {
        id.unwrap_or(&state.tenant)
    };
    if !tenant.is_empty() {
        let short = tenant.get(..8).filter(|_| !tenant.contains('.'));
        let short = format!("Tenant {}", clean(short.unwrap_or(tenant), 48));
        let more = format!("The tenant: {}", id.unwrap_or(tenant));
        fact_ui(ui, look, &short, &more);
    }
    keyring_ui(ui, look, cx);
}

fn session_words(session: &SessionStatus) -> (&'static str, &'static str) {
    match session {
        SessionStatus::SignedIn { .. } => {
            ("Signed in", "Renewed by itself as long as that is allowed")
        }
        SessionStatus::NeedsSignIn { .. } => {
            ("Sign in again", "The sign-in cannot be renewed without you")
        }
        SessionStatus::Renewing { .. } => ("Renewing…", "The sign-in is being renewed"),
        SessionStatus::NotRenewed { .. } => (
            "Not renewed",
            "The sign-in could not be renewed; nothing is sent until it is",
        ),
        SessionStatus::Restoring
        | SessionStatus::AskingForCode
        | SessionStatus::WaitingForPerson(_)
        | SessionStatus::InBrowser(_)
        | SessionStatus::Stranger { .. } => ("Signing in…", "A sign-in is under way"),
        SessionStatus::SignedOut => ("Signed out", "Nobody is signed in"),
    }
}

fn keyring_ui(ui: &mut Ui, look: StripLook, cx: &mut Cx<'_>) {
    match &cx.state.keyring {
        // There is nothing to be saved yet.
        KeyringState::Checking if cx.state.session.account().is_none() => {}
        KeyringState::Checking => {
            fact_ui(
                ui,
                look,
                "Checking the keyring…",
                "Looking for a place to save the sign-in",
            );
        }
        KeyringState::Saved => {
            fact_ui(
                ui,
                look,
                "Saved in the keyring",
                "The next start needs no new sign-in",
            );
        }
        KeyringState::MemoryOnly => {
            fact_ui(
                ui,
                look,
                "Sign-in lasts until you close cordon",
                "It is not saved, on purpose: the demo saves nothing",
            );
        }
        KeyringState::NotSaved { reason, remedy } => {
            let text = format!("Sign-in not saved: {}", clean(reason, 60));
            let more = format!(
                "This sign-in lasts until the window closes. {}",
                clean(remedy, 400)
            );
            fact_ui(ui, look, &text, &more);
            let help = UiCommand::TryKeyringAgain.spec().help;
            if ui.add(ActionButton::new("Try again").hint(help)).clicked() {
                cx.out.commands.push(UiCommand::TryKeyringAgain);
            }
        }
    }
}

fn budget_ui(ui: &mut Ui, look: StripLook, cx: &Cx<'_>) {
    let Some(budget) = cx.state.budget else {
        return;
    };
    let mut more = format!(
        "Calls that the service's limits leave: {} of {} this minute, {} of {} this hour",
        budget.left_minute, budget.of_minute, budget.left_hour, budget.of_hour
    );
    if let Some(until) = budget.gate_until.filter(|until| *until > cx.now) {
        more.push_str("; the service asked for a pause until ");
        more.push_str(&local_time(until, cx.zone));
    }
    let mut text = format!("{}/{}", budget.left_minute, budget.of_minute);
    if budget.is_shared {
        text.push_str(" shared");
        more.push_str(". The service asked for a pause although this console had used little: ");
        more.push_str("others use the same app registration, or the service is busy");
    }
    fact_ui(ui, look, &text, &more);
}

/// From right to left.
fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    for (label, command) in [
        ("Sign out", UiCommand::SignOut),
        ("Account", UiCommand::ShowAccount),
        ("Profiles", UiCommand::SwitchProfile),
        ("Settings", UiCommand::ShowSettings),
        ("Theme", UiCommand::SwitchTheme),
        ("Keys", UiCommand::ShowKeys),
    ] {
        let unavailable = command.availability(cx.state, cx.views, cx.now).err();
        let is_always_there = matches!(command, UiCommand::SwitchTheme | UiCommand::ShowKeys);
        if !is_always_there && unavailable.is_some() && ui.available_width() < ROOMY
            || command == UiCommand::SwitchProfile && cx.state.profile.is_none()
        {
            continue;
        }
        let button = ActionButton::new(label)
            .hint(command.spec().help)
            .disabled_because(unavailable.as_deref());
        if ui.add(button).clicked() {
            cx.out.commands.push(command);
        }
    }
}

/// One fact; hovering and a screen reader give more.
fn fact_ui(ui: &mut Ui, look: StripLook, text: &str, more: &str) -> Response {
    let response = strip_plate_ui(ui, look, text);
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_description(more));
    response.on_hover_text(more)
}
