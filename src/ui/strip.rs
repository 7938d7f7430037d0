//! The strip: mode, tenant, account and sign-in status. In a narrow window the buttons move into a menu
//! first, then the less important facts; mode and tenant are never cut.

use egui::{Align, Layout, Rect, Ui, UiBuilder};

mod facts;

use facts::{Fact, Rank, facts, unsaved};

use super::Cx;
use super::commands::UiCommand;
use super::theme::TokensExt as _;
use super::widgets::{
    ActionButton, StripLook, TipExt as _, UiExt as _, button_width, menu_ui, plate_width,
    strip_plate_ui, strip_ui,
};
use crate::model::{Mode, ThemeChoice};
use crate::ui::activity::attention::{count_words, counter_ui};

const TRY_AGAIN: &str = "Try again";
const MENU: &str = "Menu";
/// Number of entries needing attention for which room is kept beside all the buttons.
const MANY: usize = 99;
/// Minimum width of the account before anything more important is left out: the account decides what is
/// permitted.
const ACCOUNT_WIDTH: f32 = 220.0;

/// The parts that fit.
struct Arrangement {
    shown: Vec<Fact>,
    /// Facts in the menu.
    left_out: Vec<Fact>,
    /// Width for the facts that may be cut.
    clipped: f32,
    /// Number of buttons beside the facts; the others are in the menu.
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
        // The counter fits even in the smallest window.
        let counter = counter_width(ui, cx.state.entries.attention_count());
        let plan = Arrangement::new(
            ui,
            facts(cx.state, cx.now, &cx.state.zone)
                .into_iter()
                .chain(unsaved(cx.views))
                .collect(),
            &buttons,
            room.width(),
            counter,
        );
        let (right, left): (Vec<_>, Vec<_>) = plan
            .shown
            .iter()
            .partition(|fact| fact.rank == Rank::Budget);
        let (in_row, in_menu) = buttons.split_at(plan.in_row);
        let width = counter + right_width(ui, &right, in_row, plan.has_menu);
        left_ui(ui, cx, look, &left, plan.clipped);
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
            for button in in_row {
                button_ui(ui, *button, cx);
            }
            if plan.has_menu {
                rest_ui(ui, cx, in_menu, &plan.left_out);
            }
        });
    });
}

impl Arrangement {
    /// Fits the parts into this width, beside a counter of this width.
    fn new(ui: &Ui, mut facts: Vec<Fact>, buttons: &[Button], room: f32, counter: f32) -> Self {
        let gap = ui.spacing().item_spacing.x;
        let widths = buttons
            .iter()
            .map(|(label, _)| label_width(ui, label) + gap);
        let widths: Vec<f32> = widths.collect();
        if whole(ui, &facts) + widths.iter().sum::<f32>() + counter_width(ui, MANY) <= room {
            return Self {
                shown: facts,
                left_out: Vec::new(),
                clipped: f32::INFINITY,
                in_row: buttons.len(),
                has_menu: false,
            };
        }
        let menu = label_width(ui, MENU) + gap;
        // The number of buttons in the row does not depend on the counter, so that nothing moves under the
        // pointer when it appears or goes; facts give way to it.
        let mut without = facts.clone();
        leave_out(ui, &mut without, menu, room);
        let mut spare = room - whole(ui, &without) - menu;
        let fitting = widths.iter().take_while(|width| {
            spare -= **width;
            spare >= 0.0
        });
        // A menu is never empty.
        let mut in_row = fitting.count().min(buttons.len().saturating_sub(1));
        let beside = |in_row: usize| menu + counter + widths[..in_row].iter().sum::<f32>();
        let left_out = leave_out(ui, &mut facts, beside(in_row), room);
        while in_row > 0 && least(ui, &facts) + beside(in_row) > room {
            in_row -= 1;
        }
        let over = (whole(ui, &facts) + beside(in_row) - room).max(0.0);
        let account = facts.iter().filter(|fact| fact.rank == Rank::Clipped);
        let clipped = account
            .map(|fact| fact_width(ui, fact) - gap - over)
            .fold(f32::INFINITY, f32::min);
        Self {
            in_row,
            shown: facts,
            left_out,
            clipped,
            has_menu: true,
        }
    }
}

/// Width of a fact with its gap, independent of its digits and of the words that change during work.
fn fact_width(ui: &Ui, fact: &Fact) -> f32 {
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let text: String = fact.text.chars().map(digits).collect();
    let usual = [
        (Rank::Session, "Sign in again"),
        (Rank::Budget, "000 calls left"),
    ];
    let usual = usual.into_iter().find(|(rank, _)| *rank == fact.rank);
    let usual = usual.map_or(0.0, |(_, words)| plate_width(ui, words));
    let width = plate_width(ui, &text).max(usual);
    width + ui.spacing().item_spacing.x
}

fn whole(ui: &Ui, facts: &[Fact]) -> f32 {
    let trouble = facts.iter().any(|fact| fact.rank == Rank::KeyringTrouble);
    let try_again = label_width(ui, TRY_AGAIN) + ui.spacing().item_spacing.x;
    let facts: f32 = facts.iter().map(|fact| fact_width(ui, fact)).sum();
    facts + if trouble { try_again } else { 0.0 }
}

/// Width with the account cut to its minimum.
fn least(ui: &Ui, facts: &[Fact]) -> f32 {
    let spared = |fact: &Fact| (fact_width(ui, fact) - ACCOUNT_WIDTH).max(0.0);
    let clipped = facts.iter().filter(|fact| fact.rank == Rank::Clipped);
    whole(ui, facts) - clipped.map(spared).sum::<f32>()
}

/// Drops the least important facts until the rest fits beside a width of `beside`.
fn leave_out(ui: &Ui, facts: &mut Vec<Fact>, beside: f32, room: f32) -> Vec<Fact> {
    let mut left_out = Vec::new();
    while least(ui, facts) + beside > room {
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
    left_out
}

/// Shows the facts up to the right-hand part.
fn left_ui(ui: &mut Ui, cx: &mut Cx<'_>, look: StripLook, facts: &[&Fact], clipped: f32) {
    for fact in facts {
        fact_ui(ui, look, fact, clipped);
    }
    if facts.iter().any(|fact| fact.rank == Rank::KeyringTrouble) {
        try_again_ui(ui, cx);
    }
}

fn right_width(ui: &Ui, facts: &[&Fact], buttons: &[Button], has_menu: bool) -> f32 {
    let gap = ui.spacing().item_spacing.x;
    let facts: f32 = facts
        .iter()
        .map(|fact| plate_width(ui, &fact.text) + gap)
        .sum();
    let buttons = buttons
        .iter()
        .map(|(label, _)| label_width(ui, label) + gap);
    let menu = has_menu.then(|| label_width(ui, MENU) + gap);
    facts + buttons.chain(menu).sum::<f32>() - gap
}

/// Width of the attention counter: a quiet button with an icon, on a well.
fn counter_width(ui: &Ui, count: usize) -> f32 {
    const WELL_MARGINS: f32 = 12.0;
    match count {
        0 => 0.0,
        count => {
            let gaps = 2.0 * ui.spacing().item_spacing.x;
            let icon = ui.tokens().height.icon;
            WELL_MARGINS + icon + gaps + label_width(ui, &count_words(count))
        }
    }
}

fn label_width(ui: &Ui, label: &str) -> f32 {
    button_width(ui, label).max(ui.tokens().height.target)
}

fn try_again_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    button_ui(ui, (TRY_AGAIN, UiCommand::TryKeyringAgain), cx);
}

/// A button of the strip: its label and its command.
type Button = (&'static str, UiCommand);

fn button_ui(ui: &mut Ui, (label, command): Button, cx: &mut Cx<'_>) -> bool {
    let button = ActionButton::new(label).hint(command.spec().help);
    cx.button_ui(ui, command, button)
}

/// The buttons shown now, from left to right.
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
        // Commands with a key move into the menu first.
        ("Commands", UiCommand::OpenPalette),
        ("Keys", UiCommand::ShowKeys),
        (theme, UiCommand::SwitchTheme),
        ("About", UiCommand::ShowAbout),
        // Last, so that the others keep their places.
        ("Incident", UiCommand::ShowIncident),
    ];
    let is_here = |command| command != UiCommand::SwitchProfile || cx.state.profile.is_some();
    all.into_iter()
        .filter(|(_, command)| is_here(*command))
        .collect()
}

/// Menu of everything that does not fit in a narrow window.
fn rest_ui(ui: &mut Ui, cx: &mut Cx<'_>, buttons: &[Button], left_out: &[Fact]) {
    let hint = "Commands, journal, incident, keys, theme, settings, account, and whatever does not fit here";
    let button = ui.add(ActionButton::new(MENU).hint(hint));
    menu_ui(&button, MENU, |ui| {
        for fact in left_out {
            ui.strong_label(&fact.text);
            ui.small_label(&fact.more);
            if fact.rank == Rank::KeyringTrouble {
                try_again_ui(ui, cx);
            }
        }
        let mut is_chosen = false;
        for button in buttons {
            is_chosen |= button_ui(ui, *button, cx);
        }
        is_chosen
    });
}

/// Shows one fact, with more on hover and for a screen reader.
fn fact_ui(ui: &mut Ui, look: StripLook, fact: &Fact, clipped: f32) {
    let is_clipped = fact.rank == Rank::Clipped;
    let max = if is_clipped { clipped } else { f32::INFINITY };
    let response = strip_plate_ui(ui, look, &fact.text, max);
    ui.describe(&response, &fact.more);
    response.tip(&fact.more);
}

#[cfg(test)]
mod tests;
