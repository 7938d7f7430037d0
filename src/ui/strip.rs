//! The strip: which mode, where, who, and whether that holds. In a narrow window the buttons go into a
//! menu first, then what matters less; mode and tenant are always whole.

use egui::{Align, Layout, Popup, PopupCloseBehavior, Rect, Response, TextStyle, Ui, UiBuilder};

use super::Cx;
use super::commands::UiCommand;
use super::theme::TokensExt as _;
use super::views::Views;
use super::widgets::{
    ActionButton, StripLook, TipExt as _, UiExt as _, plate_width, strip_plate_clipped_ui,
    strip_plate_ui, strip_ui,
};
use super::words::local_time;
use crate::model::{KeyringState, Mode, SessionStatus, ThemeChoice, clean};
use crate::state::State;
use crate::ui::activity::attention::{count_words, counter_ui};

const TRY_AGAIN: &str = "Try again";
const MENU: &str = "Menu";
/// An account is cut to less than this only when nothing else can be left out: who is signed in decides
/// what may be done.
const ACCOUNT_WIDTH: f32 = 220.0;

/// What stays when there is less room: the lower, the later it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Never left out, never cut.
    Always,
    /// Never left out; its end may be cut, and hovering shows it.
    Clipped,
    Session,
    /// What was typed in the settings and is not in force.
    Unsaved,
    KeyringTrouble,
    Place,
    Profile,
    Keyring,
    Budget,
}

/// One thing that the strip says; hovering and a screen reader give more.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    rank: Rank,
    text: String,
    more: String,
}

/// What of it all has room.
struct Plan {
    shown: Vec<Fact>,
    /// In the menu instead.
    left_out: Vec<Fact>,
    /// Room for the facts that may be cut.
    clipped: f32,
    /// Buttons beside the facts; the others are in the menu.
    in_row: usize,
    has_menu: bool,
}

/// Shows the strip.
pub fn mode_strip_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let look = match cx.state.mode {
        Mode::Live => StripLook::Live,
        Mode::Demo => StripLook::Demo,
        Mode::StandIn => StripLook::StandIn,
    };
    let gap = ui.tokens().space.xs;
    strip_ui(ui, look, |ui| {
        ui.spacing_mut().item_spacing.x = gap;
        let room = ui.max_rect();
        let buttons = buttons(cx);
        // It has its room in the smallest window.
        let counter = counter_width(ui, cx);
        let plan = Plan::new(
            ui,
            facts(cx.state, cx.now, cx.zone)
                .into_iter()
                .chain(unsaved(cx.views))
                .collect(),
            &buttons,
            room.width() - counter,
        );
        let trouble = plan
            .shown
            .iter()
            .any(|fact| fact.rank == Rank::KeyringTrouble);
        let (right, left): (Vec<_>, Vec<_>) = plan
            .shown
            .iter()
            .partition(|fact| fact.rank == Rank::Budget);
        for fact in left {
            fact_ui(ui, look, fact, plan.clipped);
        }
        if trouble {
            try_again_ui(ui, cx);
        }
        let width = counter + right_width(ui, &right, &buttons[..plan.in_row], plan.has_menu);
        let rect = Rect::from_min_max(egui::pos2(room.right() - width, room.top()), room.max);
        let layout = Layout::left_to_right(Align::Center);
        let builder = UiBuilder::new()
            .max_rect(rect)
            .layout(layout)
            .id_salt("right");
        ui.scope_builder(builder, |ui| {
            counter_ui(ui, cx);
            for fact in right {
                fact_ui(ui, look, fact, plan.clipped);
            }
            let (in_row, in_menu) = buttons.split_at(plan.in_row);
            for button in in_row {
                button.show_ui(ui, cx);
            }
            if plan.has_menu {
                menu_ui(ui, cx, in_menu, &plan.left_out);
            }
        });
    });
}

impl Plan {
    fn new(ui: &Ui, mut facts: Vec<Fact>, buttons: &[Button], room: f32) -> Self {
        let gap = ui.spacing().item_spacing.x;
        let width = |fact: &Fact| plate_width(ui, &fact.text) + gap;
        let try_again = button_width(ui, TRY_AGAIN) + gap;
        let whole = |facts: &[Fact]| -> f32 {
            let trouble = facts.iter().any(|fact| fact.rank == Rank::KeyringTrouble);
            facts.iter().map(width).sum::<f32>() + if trouble { try_again } else { 0.0 }
        };
        let widths = buttons.iter().map(|b| button_width(ui, &b.label) + gap);
        if whole(&facts) + widths.clone().sum::<f32>() <= room {
            return Self {
                shown: facts,
                left_out: Vec::new(),
                clipped: f32::INFINITY,
                in_row: buttons.len(),
                has_menu: false,
            };
        }
        let menu = button_width(ui, MENU) + gap;
        let least = |facts: &[Fact]| -> f32 {
            let spared = |fact: &Fact| (width(fact) - ACCOUNT_WIDTH).max(0.0);
            let clipped = facts.iter().filter(|fact| fact.rank == Rank::Clipped);
            whole(facts) - clipped.map(spared).sum::<f32>()
        };
        let mut left_out = Vec::new();
        while least(&facts) + menu > room {
            let dispensable = facts
                .iter()
                .enumerate()
                .filter(|(_, fact)| fact.rank > Rank::Clipped)
                .max_by_key(|(_, fact)| fact.rank);
            let Some((target, _)) = dispensable else {
                break;
            };
            left_out.insert(0, facts.remove(target));
        }
        let over = (whole(&facts) + menu - room).max(0.0);
        let account = facts.iter().filter(|fact| fact.rank == Rank::Clipped);
        let clipped = account
            .map(|fact| width(fact) - gap - over)
            .fold(f32::INFINITY, f32::min);
        let mut spare = room - whole(&facts) - menu;
        let fitting = widths.take_while(|width| {
            spare -= width;
            spare >= 0.0
        });
        Self {
            in_row: fitting.count(),
            shown: facts,
            left_out,
            clipped,
            has_menu: true,
        }
    }
}

fn right_width(ui: &Ui, facts: &[&Fact], buttons: &[Button], has_menu: bool) -> f32 {
    let gap = ui.spacing().item_spacing.x;
    let facts: f32 = facts
        .iter()
        .map(|fact| plate_width(ui, &fact.text) + gap)
        .sum();
    let buttons = buttons.iter().map(|b| button_width(ui, &b.label) + gap);
    let menu = has_menu.then(|| button_width(ui, MENU) + gap);
    facts + buttons.chain(menu).sum::<f32>() - gap
}

/// The width of what counts the entries that need attention: a quiet button with an icon, on a well.
fn counter_width(ui: &Ui, cx: &Cx<'_>) -> f32 {
    const WELL_MARGINS: f32 = 12.0;
    match cx.state.entries.attention_count() {
        0 => 0.0,
        count => {
            let gaps = 2.0 * ui.spacing().item_spacing.x;
            let icon = ui.tokens().height.icon;
            WELL_MARGINS + icon + gaps + button_width(ui, &count_words(count))
        }
    }
}

fn button_width(ui: &Ui, label: &str) -> f32 {
    let font = TextStyle::Button.resolve(ui.style());
    let galley = ui
        .painter()
        .layout_no_wrap(label.to_owned(), font, ui.tokens().text);
    let width = galley.size().x + 2.0 * ui.spacing().button_padding.x;
    width.max(ui.tokens().height.target)
}

/// What the strip says, in its order of appearance.
fn facts(state: &State, now: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> Vec<Fact> {
    let fact = |rank, text: &str, more: &str| Fact {
        rank,
        text: text.to_owned(),
        more: more.to_owned(),
    };
    let meaning = match state.mode {
        Mode::Live => "Live tenant: actions here are real",
        Mode::Demo => "A built-in tenant: nothing leaves this computer",
        Mode::StandIn => "A test server on this computer replaces Defender",
    };
    let mut facts = vec![fact(Rank::Always, state.mode.word(), meaning)];
    if state.policy.read_only {
        let more = "Started with --read-only: you can look, but not act";
        facts.push(fact(Rank::Always, "Read-only", more));
    }
    facts.extend(tenant(state));
    if let Some(account) = state.session.account() {
        let label = account.label();
        let more = format!("{label}\nThe account you are signed in with");
        facts.push(fact(Rank::Clipped, &label, &more));
    }
    let (word, more) = session_words(&state.session);
    facts.push(fact(Rank::Session, word, more));
    if let Some(profile) = &state.profile {
        facts.push(fact(
            Rank::Profile,
            &clean(profile, 40),
            "The profile in use",
        ));
    }
    if !(state.mode == Mode::Demo && &*state.target == "Demo") {
        let target = clean(&state.target, 48);
        facts.push(fact(Rank::Place, &target, "The cloud or server"));
    }
    facts.extend(keyring(state));
    facts.extend(budget(state, now, zone));
    facts
}

/// That rules were typed and do not hold yet, wherever a person has gone meanwhile.
fn unsaved(views: &Views) -> Option<Fact> {
    let is_saved = views.settings.changes().is_empty();
    (!is_saved).then(|| Fact {
        rank: Rank::Unsaved,
        text: "Settings not saved".to_owned(),
        more: "What you changed in the settings is not in force. Save or discard it there"
            .to_owned(),
    })
}

/// A domain is what people know a tenant by; of an id the beginning is shown.
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
    Some(Fact {
        rank: Rank::Always,
        text: format!("Tenant {}", clean(short.unwrap_or(tenant), 48)),
        more: format!("The tenant: {}", id.unwrap_or(tenant)),
    })
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
        | SessionStatus::DifferentAccount { .. } => {
            ("Signing in…", "A sign-in is already in progress")
        }
        SessionStatus::SignedOut => ("Signed out", "Nobody is signed in"),
    }
}

fn keyring(state: &State) -> Option<Fact> {
    let (rank, text, more) = match &state.keyring {
        // There is nothing to be saved.
        KeyringState::Empty => return None,
        KeyringState::Checking if state.session.account().is_none() => return None,
        KeyringState::Checking => (
            Rank::Keyring,
            "Checking the keyring…".to_owned(),
            "Looking for a place to save the sign-in".to_owned(),
        ),
        KeyringState::Saved => (
            Rank::Keyring,
            "Saved in the keyring".to_owned(),
            "The next start needs no new sign-in".to_owned(),
        ),
        KeyringState::MemoryOnly => (
            Rank::Keyring,
            "Sign-in lasts until you close cordon".to_owned(),
            "It is not saved, on purpose: the demo saves nothing".to_owned(),
        ),
        KeyringState::NotSaved { reason, remedy } => (
            Rank::KeyringTrouble,
            format!("Sign-in not saved: {}", clean(reason, 60)),
            format!(
                "This sign-in lasts until the window closes. {}",
                clean(remedy, 400)
            ),
        ),
    };
    Some(Fact { rank, text, more })
}

fn try_again_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let help = UiCommand::TryKeyringAgain.spec().help;
    if ui.add(ActionButton::new(TRY_AGAIN).hint(help)).clicked() {
        cx.out.commands.push(UiCommand::TryKeyringAgain);
    }
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
    let mut text = if left == 1 {
        "1 call left".to_owned()
    } else {
        format!("{left} calls left")
    };
    if budget.is_shared {
        text.push_str(" shared");
        more.push_str(". The service asked for a pause although this console made few requests: ");
        more.push_str("others use the same app registration, or the service is busy");
    }
    let rank = Rank::Budget;
    Some(Fact { rank, text, more })
}

/// A button of the strip.
struct Button {
    label: String,
    command: UiCommand,
    unavailable: Option<String>,
}

impl Button {
    fn show_ui(&self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let button = ActionButton::new(&self.label)
            .hint(self.command.spec().help)
            .disabled_because(self.unavailable.as_deref());
        let clicked = ui.add(button).clicked();
        if clicked {
            cx.out.commands.push(self.command);
        }
        clicked
    }
}

/// The buttons that there are now, from left to right.
fn buttons(cx: &Cx<'_>) -> Vec<Button> {
    let theme = match cx.views.layout.theme {
        ThemeChoice::System => "Theme: system",
        ThemeChoice::Light => "Theme: light",
        ThemeChoice::Dark => "Theme: dark",
    };
    let all = [
        ("Journal", UiCommand::ShowJournal),
        ("Settings", UiCommand::ShowSettings),
        ("Profiles", UiCommand::SwitchProfile),
        ("Account", UiCommand::ShowAccount),
        ("Sign out", UiCommand::SignOut),
        // What has a key goes into the menu first.
        ("Commands", UiCommand::OpenPalette),
        ("Keys", UiCommand::ShowKeys),
        (theme, UiCommand::SwitchTheme),
        ("About", UiCommand::ShowAbout),
    ];
    let is_here = |command| command != UiCommand::SwitchProfile || cx.state.profile.is_some();
    all.into_iter()
        .filter(|(_, command)| is_here(*command))
        .map(|(label, command)| Button {
            label: label.to_owned(),
            command,
            unavailable: command.availability(cx.state, cx.views, cx.now).err(),
        })
        .collect()
}

/// What has no room in a narrow window.
fn menu_ui(ui: &mut Ui, cx: &mut Cx<'_>, buttons: &[Button], left_out: &[Fact]) {
    let hint = "Commands, journal, keys, theme, settings, account, and what has no room here";
    let button = ui.add(ActionButton::new(MENU).hint(hint));
    let was_open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(&button));
    let menu = Popup::menu(&button)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name(MENU)
        .show(|ui| {
            for fact in left_out {
                ui.strong_label(&fact.text);
                ui.small_label(&fact.more);
                if fact.rank == Rank::KeyringTrouble {
                    try_again_ui(ui, cx);
                }
            }
            let mut is_chosen = false;
            for button in buttons {
                is_chosen |= button.show_ui(ui, cx);
            }
            is_chosen
        });
    let is_closed = menu
        .as_ref()
        .is_none_or(|menu| menu.response.should_close());
    let is_chosen = menu.as_ref().is_some_and(|menu| menu.inner);
    if is_chosen {
        Popup::close_id(ui.ctx(), Popup::default_response_id(&button));
    }
    let by_escape = was_open && is_closed && ui.input(|input| input.key_pressed(egui::Key::Escape));
    if is_chosen || by_escape {
        // What the menu opens gives the keyboard back to it.
        button.request_focus();
    }
}

/// One fact; hovering and a screen reader give more.
fn fact_ui(ui: &mut Ui, look: StripLook, fact: &Fact, clipped: f32) -> Response {
    let response = if fact.rank == Rank::Clipped && clipped.is_finite() {
        strip_plate_clipped_ui(ui, look, &fact.text, clipped)
    } else {
        strip_plate_ui(ui, look, &fact.text)
    };
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_description(&*fact.more));
    response.tip(&fact.more)
}

#[cfg(test)]
mod tests;
