//! Notices of the whole console, above everything else: each blocking one in its own line, several others
//! in one line until expanded. Notices that need no reaction pass in a line at the bottom.

use egui::{Id, Label, RichText, ScrollArea, TextStyle, Ui};

use super::Cx;
use super::layout::{LOW, is_console_open};
use super::look::{self, Look};
use super::theme::{Role, TokensExt as _};
use super::views::{OpenDialog, Screen};
use super::widgets::{
    ActionButton, Icon, TipExt as _, UiExt as _, beside_ui, button_width, dismissible_ui,
    headline_ui, icon, top_panel_ui,
};
use crate::explain::{Explanation, NextStep, sentences};
use crate::ui::drill;
use crate::ui::settings::shared_host;
use crate::ui::sign_in::{account, banner};

/// Number of problems that share one line: one line each would push the list far down.
const SEVERAL: usize = 2;
/// Time for which a passing notice is shown, in seconds.
const PASSING_SECS: f64 = 20.0;

/// Height of the line for passing notices; minimal in a low window.
pub fn passing_height(ui: &Ui) -> f32 {
    let tokens = ui.tokens();
    let is_low = ui.ctx().content_rect().height() < LOW;
    tokens.height.icon + if is_low { 0.0 } else { tokens.space.xs }
}

/// Shows the passing notice in its line; hovering shows one that is cut in full.
pub fn passing_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(passing) = passing(cx) else {
        return;
    };
    let gap = ui.tokens().space.s;
    ui.horizontal_centered(|ui| {
        ui.add_space(gap);
        icon(ui, passing.icon, ui.tokens().colour(passing.role));
        let said = ui.truncated(RichText::new(&*passing.word).text_style(TextStyle::Small));
        ui.announce(&said);
    });
}

/// The newest notice that needs no reaction, shown for a while in a line that is always there, so that
/// nothing is covered or moved.
fn passing(cx: &Cx<'_>) -> Option<Look> {
    if let Some(refusal) = &cx.views.refusal {
        let after = refusal.effect_and_next();
        return Some(Look::warning(sentences([&*refusal.headline, &after])));
    }
    if let Some(Ok(words)) = &cx.views.journal.notice {
        return Some(Look::new(Icon::Done, Role::Neutral, words.clone()));
    }
    account::passing_welcome(cx).map(|words| Look::new(Icon::Info, Role::Neutral, words))
}

/// Dismisses notices that need no reaction after a while, or when the first form opens.
fn expire_passing(ui: &Ui, cx: &mut Cx<'_>) {
    let time = ui.input(|input| input.time);
    let id = Id::unique("said in passing");
    let Some(passing) = passing(cx) else {
        ui.data_mut(|data| data.remove_temp::<(String, f64)>(id));
        return;
    };
    let words = passing.word.into_owned();
    let known: Option<(String, f64)> = ui.data(|data| data.get_temp(id));
    let since = known.filter(|(known, _)| *known == words);
    let since = since.map_or(time, |(_, since)| since);
    ui.data_mut(|data| data.insert_temp(id, (words, since)));
    let is_form = matches!(cx.views.dialog, Some(OpenDialog::Form(_)));
    let left = since + PASSING_SECS - time;
    if left > 0.0 && !(is_form && cx.views.refusal.is_none()) {
        ui.repaint_in(left);
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

/// Shows the notices; of problems only the newest.
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
    if state.clock.off.is_none() {
        // The clock is right again: the next deviation is news.
        cx.views.clock_read = None;
    }
    let views = &mut *cx.views;
    for (id, said, read) in [
        (
            "unchecked",
            &state.journal_unchecked,
            &mut views.unchecked_read,
        ),
        ("clock", &state.clock.off, &mut views.clock_read),
    ] {
        if let Some(said) = said
            && is_unread(said, read.as_ref())
            && banner_ui(ui, id, Role::Caution, said, "", &[])
        {
            *read = Some(said.headline.clone());
        }
    }
    account::welcome_ui(ui, cx);
    problems_ui(ui, cx);
    if let Some(Err(why)) = cx.views.journal.notice.clone()
        && banner_ui(ui, "written out", Role::Caution, &why, "", &[])
    {
        cx.views.journal.notice = None;
        return_keyboard(ui, cx);
    }
}

/// Shows the newest problem, with the older ones beside it.
fn problems_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let dismissed = &mut cx.views.problems_dismissed;
    let unread = cx.state.problems.iter();
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
}

/// Headlines in reading order, the latest answer to the user first.
fn headlines(cx: &Cx<'_>) -> Vec<String> {
    let (state, views) = (cx.state, &*cx.views);
    let unless_read = |said: &Option<Explanation>, read: &Option<String>| {
        let said = said.as_ref().filter(|said| is_unread(said, read.as_ref()));
        said.map(|said| said.headline.clone())
    };
    let written = views.journal.notice.as_ref();
    let written = written.and_then(|notice| Some(notice.as_ref().err()?.headline.clone()));
    let unread = state.problems.iter().rev();
    let mut unread = unread.filter(|p| !views.problems_dismissed.contains(&p.number));
    [
        written,
        unread.next().map(|p| p.explanation.headline.clone()),
        unless_read(&state.journal_unchecked, &views.unchecked_read),
        unless_read(&state.clock.off, &views.clock_read),
        account::welcome_words(cx),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether this notice differs from the one last dismissed.
fn is_unread(said: &Explanation, read: Option<&String>) -> bool {
    read != Some(&said.headline)
}

/// Shows all headlines in one line, each as a link; returns whether to expand them.
fn line_ui(ui: &mut Ui, headlines: &[String]) -> bool {
    const SHOW: &str = "Show notices";
    const HIDE: &str = "Hide notices";
    let id = Id::unique("notices are open");
    let mut is_open = ui.data(|data| data.get_temp(id)).unwrap_or(false);
    let tokens = ui.tokens();
    top_panel_ui(ui, "notices", |ui| {
        let mut corner = beside_ui(ui, button_width(ui, SHOW), |ui| {
            let count = format!("{} notices:", headlines.len());
            headline_ui(ui, Icon::Warning, tokens.caution, &count);
            let all = headlines.join(" · ");
            let line = ui.add(Label::new(&all).truncate().show_tooltip_when_elided(false));
            line.tip(headlines.join("\n"));
        });
        let label = if is_open { HIDE } else { SHOW };
        let button = ActionButton::quiet(label).key("notices");
        if corner.add(button).clicked() {
            is_open = !is_open;
            ui.data_mut(|data| data.insert_temp(id, is_open));
        }
    });
    is_open
}

/// Moves the focus to the list or the page in its place after a focused banner has gone.
fn return_keyboard(ui: &Ui, cx: &Cx<'_>) {
    ui.memory_mut(|memory| {
        if is_console_open(cx.state) && cx.views.screen == Screen::Devices {
            memory.request_focus(Id::unique("devices table"));
        } else {
            memory.move_focus(egui::FocusDirection::Next);
        }
    });
}

/// Shows a banner; returns whether it was dismissed, which a blocking one cannot be.
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
    // A long banner must not push the list out of a small window.
    let max_height = ui.available_height() / 4.0;
    let mut dismissed = false;
    top_panel_ui(ui, id, |ui| {
        ScrollArea::vertical()
            .id_salt(id)
            .max_height(max_height)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                let words = |ui: &mut Ui| {
                    headline_ui(ui, shape, colour, &explanation.headline);
                    // An empty label would put the next one on this line.
                    if !effect.is_empty() {
                        ui.label(effect);
                    }
                    if explanation.next != NextStep::None {
                        ui.label(explanation.next.words());
                    }
                    look::copy_details_ui(ui, "details", explanation);
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

/// Shows the number and headlines of the older problems.
fn older_ui(ui: &mut Ui, older: &[&Explanation]) {
    let all: Vec<_> = older.iter().rev().map(|o| o.headline.as_str()).collect();
    let response = ui.weak_label(format!("{} more", older.len()));
    let all = all.join("\n");
    ui.describe(&response, &all);
    response.tip(all);
}
