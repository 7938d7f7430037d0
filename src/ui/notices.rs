//! Notices of the whole console, above everything else: blocking ones in lines of their own, and others,
//! several of which are one line until they are opened. What needs nobody passes in a line at the bottom.

use std::time::Duration;

use egui::{Id, Label, Panel, RichText, ScrollArea, TextStyle, Ui};

use super::Cx;
use super::layout::{LOW, is_console_open};
use super::theme::{Role, TokensExt as _, text};
use super::views::{OpenDialog, Screen};
use super::widgets::{
    ActionButton, Icon, TipExt as _, UiExt as _, beside_ui, button_width, copy_button_ui,
    dismissible_ui, icon, raised_frame,
};
use crate::explain::{Explanation, NextStep, sentences};
use crate::ui::drill;
use crate::ui::settings::shared_host;
use crate::ui::sign_in::{account, banner};

/// From this number on, problems share one line: a line for each would push the list far down.
const SEVERAL: usize = 2;
/// Time for which a passing notice is shown, in seconds.
const PASSING_SECS: f64 = 20.0;

/// A passing notice that needs no reaction: shown for a while in a line that is always there, so that it
/// neither covers nor moves anything.
struct Passing {
    shape: Icon,
    role: Role,
    words: String,
}

/// Height of the line for passing notices, which is as low as may be in a low window.
pub fn passing_height(ui: &Ui) -> f32 {
    let tokens = ui.tokens();
    let is_low = ui.ctx().content_rect().height() < LOW;
    tokens.height.icon + if is_low { 0.0 } else { tokens.space.xs }
}

/// The passing notice, in its line; hovering shows one whole that has no room.
pub fn passing_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(passing) = passing(cx) else {
        return;
    };
    let gap = ui.tokens().space.s;
    ui.horizontal_centered(|ui| {
        ui.add_space(gap);
        icon(ui, passing.shape, ui.tokens().colour(passing.role));
        let words = RichText::new(&passing.words).text_style(TextStyle::Small);
        let said = ui.add(Label::new(words).truncate());
        ui.announce(&said);
    });
}

/// The newest of them.
fn passing(cx: &Cx<'_>) -> Option<Passing> {
    if let Some(refusal) = &cx.views.refusal {
        let after = refusal.effect_and_next();
        return Some(Passing {
            shape: Icon::Warning,
            role: Role::Caution,
            words: sentences([&*refusal.headline, &after]),
        });
    }
    if let Some(Ok(words)) = &cx.views.journal.notice {
        return Some(Passing {
            shape: Icon::Done,
            role: Role::Neutral,
            words: words.clone(),
        });
    }
    account::passing_welcome(cx).map(|words| Passing {
        shape: Icon::Info,
        role: Role::Neutral,
        words,
    })
}

/// Lets what needs nobody go after a while, or when the first form opens.
fn expire_passing(ui: &Ui, cx: &mut Cx<'_>) {
    let time = ui.input(|input| input.time);
    let id = Id::unique("said in passing");
    let Some(Passing { words, .. }) = passing(cx) else {
        ui.data_mut(|data| data.remove_temp::<(String, f64)>(id));
        return;
    };
    let known: Option<(String, f64)> = ui.data(|data| data.get_temp(id));
    let since = known.filter(|(known, _)| *known == words);
    let since = since.map_or(time, |(_, since)| since);
    ui.data_mut(|data| data.insert_temp(id, (words, since)));
    let is_form = matches!(cx.views.dialog, Some(OpenDialog::Form(_)));
    let left = since + PASSING_SECS - time;
    if left > 0.0 && !(is_form && cx.views.refusal.is_none()) {
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(left));
    } else if cx.views.refusal.take().is_none()
        && cx
            .views
            .journal
            .notice
            .take_if(|notice| notice.is_ok())
            .is_none()
    {
        cx.views.sign_ins_seen = cx.state.sign_ins;
    }
}

/// Shows them; of problems the newest only.
pub fn notices_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    expire_passing(ui, cx);
    drill::drill_line_ui(ui, cx);
    if let Some(Err(journal)) = &state.journal {
        banner_ui(
            ui,
            "journal",
            Role::Danger,
            journal,
            "Viewing still works",
            &[],
        );
    }
    banner::session_banner_ui(ui, cx);
    shared_host::shared_host_ui(ui, cx);
    let headlines = headlines(cx);
    if headlines.len() >= SEVERAL && !line_ui(ui, &headlines) {
        return;
    }
    if let Some(unchecked) = &state.journal_unchecked
        && cx.views.unchecked_read.as_ref() != Some(&unchecked.headline)
        && banner_ui(ui, "unchecked", Role::Caution, unchecked, "", &[])
    {
        cx.views.unchecked_read = Some(unchecked.headline.clone());
    }
    if state.clock.off.is_none() {
        // It has been set right: should it be off again, that is news.
        cx.views.clock_read = None;
    }
    if let Some(clock) = &state.clock.off
        && cx.views.clock_read.as_ref() != Some(&clock.headline)
        && banner_ui(ui, "clock", Role::Caution, clock, "", &[])
    {
        cx.views.clock_read = Some(clock.headline.clone());
    }
    account::welcome_ui(ui, cx);
    let dismissed = &mut cx.views.problems_dismissed;
    let unread = state.problems.iter();
    let unread: Vec<_> = unread.filter(|p| !dismissed.contains(&p.number)).collect();
    if let Some((newest, older)) = unread.split_last() {
        let older: Vec<_> = older.iter().map(|p| &p.explanation).collect();
        let said = &newest.explanation;
        if banner_ui(
            ui,
            "problem",
            Role::Caution,
            said,
            said.effect.words(),
            &older,
        ) {
            dismissed.insert(newest.number);
            return_keyboard(ui, cx);
        }
    }
    if let Some(Err(why)) = cx.views.journal.notice.clone()
        && banner_ui(ui, "written out", Role::Caution, &why, "", &[])
    {
        cx.views.journal.notice = None;
        return_keyboard(ui, cx);
    }
}

/// Headlines to read, the latest answer to a person first.
fn headlines(cx: &Cx<'_>) -> Vec<String> {
    let (state, views) = (cx.state, &*cx.views);
    let unless_read = |said: Option<&Explanation>, read: Option<&String>| {
        said.filter(|said| read != Some(&said.headline))
            .map(|said| said.headline.clone())
    };
    let written = views.journal.notice.as_ref();
    let written = written.and_then(|notice| Some(notice.as_ref().err()?.headline.clone()));
    let unread = state.problems.iter().rev();
    let mut unread = unread.filter(|p| !views.problems_dismissed.contains(&p.number));
    [
        written,
        unread.next().map(|p| p.explanation.headline.clone()),
        unless_read(
            state.journal_unchecked.as_ref(),
            views.unchecked_read.as_ref(),
        ),
        unless_read(state.clock.off.as_ref(), views.clock_read.as_ref()),
        account::welcome_words(cx),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// All of them in a line, and the way to each; whether they are to be shown one below the other.
fn line_ui(ui: &mut Ui, headlines: &[String]) -> bool {
    const SHOW: &str = "Show notices";
    const HIDE: &str = "Hide notices";
    let id = Id::unique("notices are open");
    let mut is_open = ui.data(|data| data.get_temp(id)).unwrap_or(false);
    let tokens = ui.tokens();
    let panel = Panel::top("notices").frame(raised_frame(ui));
    panel.show(ui, |ui| {
        let words = |ui: &mut Ui, (): &mut ()| {
            icon(ui, Icon::Warning, tokens.caution);
            let count = format!("{} notices:", headlines.len());
            ui.label(
                RichText::new(count)
                    .text_style(text::strong())
                    .color(tokens.caution),
            );
            let all = headlines.join(" · ");
            let line = ui.add(Label::new(&all).truncate().show_tooltip_when_elided(false));
            line.tip(headlines.join("\n"));
        };
        let label = if is_open { HIDE } else { SHOW };
        let width = button_width(ui, SHOW);
        let pressed = beside_ui(ui, width, &mut (), words, |ui, ()| {
            ui.add(ActionButton::quiet(label).key("notices")).clicked()
        });
        if pressed {
            is_open = !is_open;
            ui.data_mut(|data| data.insert_temp(id, is_open));
        }
    });
    is_open
}

/// After a banner has gone with the button that had the keyboard: to the list, or the page in its place.
fn return_keyboard(ui: &Ui, cx: &Cx<'_>) {
    ui.memory_mut(|memory| {
        if is_console_open(cx.state) && cx.views.screen == Screen::Devices {
            memory.request_focus(Id::unique("devices table"));
        } else {
            memory.move_focus(egui::FocusDirection::Next);
        }
    });
}

/// Whether the banner was put away; one that blocks everything cannot be.
fn banner_ui(
    ui: &mut Ui,
    id: &str,
    role: Role,
    explanation: &Explanation,
    effect: &str,
    older: &[&Explanation],
) -> bool {
    let tokens = ui.tokens();
    let colour = tokens.colour(role);
    let shape = if role == Role::Danger {
        Icon::Block
    } else {
        Icon::Warning
    };
    // One that is long must not push the list out of a small window.
    let max_height = ui.available_height() / 4.0;
    let mut dismissed = false;
    Panel::top(id).frame(raised_frame(ui)).show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt(id)
            .max_height(max_height)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                let words = |ui: &mut Ui| {
                    icon(ui, shape, colour);
                    let headline = RichText::new(&explanation.headline).text_style(text::strong());
                    ui.label(headline.color(colour));
                    // An empty label would let the next one begin where this line did.
                    if !effect.is_empty() {
                        ui.label(effect);
                    }
                    if explanation.next != NextStep::None {
                        ui.label(explanation.next.words());
                    }
                    if !explanation.details.is_empty() {
                        copy_button_ui(ui, "details", &explanation.details.join("\n"));
                    }
                    if !older.is_empty() {
                        older_ui(ui, older);
                    }
                };
                if role == Role::Danger {
                    ui.horizontal_wrapped(words);
                } else {
                    dismissed = dismissible_ui(ui, &explanation.headline, words);
                }
            });
    });
    dismissed
}

/// The older problems: their number and their headlines.
fn older_ui(ui: &mut Ui, older: &[&Explanation]) {
    let all: Vec<_> = older.iter().rev().map(|o| o.headline.as_str()).collect();
    let more = RichText::new(format!("{} more", older.len()));
    let response = ui.label(more.color(ui.tokens().text_weak));
    let all = all.join("\n");
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_description(&*all);
    });
    response.tip(all);
}
