//! Facts in the strip: mode, tenant, account and sign-in status.

use crate::model::{KeyringState, Mode, SessionStatus, clean};
use crate::state::State;
use crate::ui::views::Views;
use crate::ui::words::local_time;

/// Priority of a fact when there is little room, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Never left out, never cut.
    Always,
    /// Never left out; may be cut at its end, with the full text on hover.
    Clipped,
    Session,
    /// Settings that are typed but not saved.
    Unsaved,
    KeyringTrouble,
    Place,
    Profile,
    Keyring,
    Budget,
}

/// One fact in the strip, with more on hover and for a screen reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub rank: Rank,
    pub text: String,
    pub more: String,
}

impl Fact {
    fn new(rank: Rank, text: impl Into<String>, more: impl Into<String>) -> Self {
        let (text, more) = (text.into(), more.into());
        Self { rank, text, more }
    }
}

/// The strip's facts in their order of appearance.
pub fn facts(state: &State, now: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> Vec<Fact> {
    let meaning = match state.mode {
        Mode::Live => "Live tenant: actions here are real",
        Mode::Demo => "A built-in tenant: nothing leaves this computer",
        Mode::StandIn => "A test server on this computer replaces Defender",
    };
    let mut facts = vec![Fact::new(Rank::Always, state.mode.word(), meaning)];
    if state.policy.read_only {
        let more = "Started with --read-only: you can look, but not act";
        facts.push(Fact::new(Rank::Always, "Read-only", more));
    }
    facts.extend(tenant(state));
    if let Some(account) = state.session.account() {
        let label = account.label();
        let more = format!("{label}\nThe account you are signed in with");
        facts.push(Fact::new(Rank::Clipped, label, more));
    }
    let (word, more) = session_words(&state.session);
    facts.push(Fact::new(Rank::Session, word, more));
    if let Some(profile) = &state.profile {
        let name = clean(profile, 40);
        facts.push(Fact::new(Rank::Profile, name, "The profile in use"));
    }
    if !(state.mode == Mode::Demo && &*state.target == "Demo") {
        let target = clean(&state.target, 48);
        facts.push(Fact::new(Rank::Place, target, "The cloud or server"));
    }
    facts.extend(keyring(state));
    facts.extend(budget(state, now, zone));
    facts
}

/// A fact for typed rules that are not saved yet, shown on every page.
pub fn unsaved(views: &Views) -> Option<Fact> {
    let is_saved = views.settings.changes().is_empty();
    let more = "What you changed in the settings is not in force. Save or discard it there";
    (!is_saved).then(|| Fact::new(Rank::Unsaved, "Settings not saved", more))
}

/// The tenant's domain, by which people know it, or else the beginning of its id.
fn tenant(state: &State) -> Option<Fact> {
    let id = state.session.account().map(|a| a.tenant_id.as_str());
    let tenant = if state.tenant.contains('.') {
        &*state.tenant
    } else {
        id.unwrap_or(&state.tenant)
    };
    if tenant.is_empty() {
        return None;
    }
    let short = tenant.get(..8).filter(|_| !tenant.contains('.'));
    let text = format!("Tenant {}", clean(short.unwrap_or(tenant), 48));
    let more = format!("The tenant: {}", id.unwrap_or(tenant));
    Some(Fact::new(Rank::Always, text, more))
}

fn session_words(session: &SessionStatus) -> (&'static str, &'static str) {
    match session {
        SessionStatus::SignedIn { .. } => (
            "Signed in",
            "Renewed automatically as long as that is allowed",
        ),
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
        | SessionStatus::DifferentAccount { .. } => {
            ("Signing in…", "A sign-in is already in progress")
        }
        SessionStatus::SignedOut => ("Signed out", "Nobody is signed in"),
    }
}

pub fn keyring(state: &State) -> Option<Fact> {
    let fact = match &state.keyring {
        // Nothing to save.
        KeyringState::Empty => return None,
        KeyringState::Checking if state.session.account().is_none() => return None,
        KeyringState::Checking => Fact::new(
            Rank::Keyring,
            "Checking the keyring…",
            "Looking for a place to save the sign-in",
        ),
        KeyringState::Saved => Fact::new(
            Rank::Keyring,
            "Saved in the keyring",
            "The next start needs no new sign-in",
        ),
        KeyringState::MemoryOnly => Fact::new(
            Rank::Keyring,
            "Sign-in lasts until you close cordon",
            "It is not saved, on purpose: the demo saves nothing",
        ),
        KeyringState::NotSaved { reason, remedy } => Fact::new(
            Rank::KeyringTrouble,
            format!("Sign-in not saved: {}", clean(reason, 60)),
            format!(
                "This sign-in lasts until the window closes. {}",
                clean(remedy, 400)
            ),
        ),
    };
    Some(fact)
}

fn budget(state: &State, now: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> Option<Fact> {
    let budget = state.budget?;
    let mut more = format!(
        "Calls that the service's limits leave: {} of {} this minute, {} of {} this hour",
        budget.left_minute, budget.of_minute, budget.left_hour, budget.of_hour
    );
    if let Some(until) = budget.gate_until.filter(|until| *until > now) {
        more.push_str("; the service asked for a pause until ");
        more.push_str(&local_time(until, zone));
    }
    let left = budget.left_minute.min(budget.left_hour);
    let calls = if left == 1 { "call" } else { "calls" };
    let mut text = format!("{left} {calls} left");
    if budget.is_shared {
        text.push_str(" shared");
        more.push_str(". The service asked for a pause although this console made few requests: ");
        more.push_str("others use the same app registration, or the service is busy");
    }
    Some(Fact::new(Rank::Budget, text, more))
}
