//! What is contained now: by whom, why, for how long, and the way back from the row.

use egui::{Label, RichText, ScrollArea, Ui};

use super::commands::UiCommand;
use super::device_state::waiting_words;
use super::look::{self, Phase};
use super::theme::{Role, TokensExt as _, text};
use super::views::Screen;
use super::widgets::{ActionButton, EmptyState, Icon, badge, raised_frame, section_ui, small_ui};
use super::words::{ago, both_times, lasting};
use super::{Cx, batch_form, draft_form};
use crate::action::{Condition, Subject};
use crate::model::clean;
use crate::state::Contained;

/// What this list is, and what it cannot know.
const NOTE: &str = "From the action history of the last 30 days, by anybody, oldest first. A device missing here may still be contained: an older action, or one that you may not see, does not show";

/// Shows the list in the place of the table.
pub fn contained_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        if ui
            .add(ActionButton::new("Back to the list").icon(Icon::Undo))
            .clicked()
        {
            cx.views.screen = Screen::Devices;
        }
        let refresh = UiCommand::Refresh;
        let why = refresh.availability(cx.state, cx.views, cx.now).err();
        let button = ActionButton::new(refresh.spec().title)
            .icon(Icon::Refresh)
            .disabled_because(why.as_deref());
        if ui.add(button).clicked() {
            cx.out.commands.push(refresh);
        }
    });
    let contained = cx.state.contained();
    release_mine_ui(ui, cx, &contained);
    section_ui(ui, "Contained now");
    small_ui(ui, NOTE);
    let recent = &cx.state.recent_actions;
    if let Some(failure) = &recent.failure {
        let words = format!("Not checked: {}", failure.headline);
        badge(ui, Icon::Unknown, Role::Unknown, &words);
    } else if recent.value.is_none() {
        badge(
            ui,
            Icon::Unknown,
            Role::Unknown,
            "Not checked yet: reading the history…",
        );
    }
    if contained.is_empty() {
        if recent.value.is_some() {
            EmptyState {
                headline: "No contained devices in the action history",
                how: "Devices that are isolated or restricted by anybody stand here",
                action: None,
            }
            .show_ui(ui);
        }
        return;
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for row in &contained {
            ui.push_id((row.machine.id.as_str(), row.condition), |ui| {
                row_ui(ui, cx, row);
            });
        }
    });
}

/// The way back for all that this person has isolated or contained: a list, its checks, one confirmation.
fn release_mine_ui(ui: &mut Ui, cx: &mut Cx<'_>, contained: &[Contained]) {
    let is_mine = |row: &&Contained| {
        row.condition.way_back() == Condition::Isolated.way_back()
            && row.changing_to.is_none()
            && row.is_mine(cx.state)
    };
    let mine: Vec<_> = contained
        .iter()
        .filter(is_mine)
        .map(|row| row.machine.clone())
        .collect();
    let why = mine
        .is_empty()
        .then_some("Nothing is isolated or contained by you");
    let label = format!("Release what you isolated ({})…", mine.len());
    let button = ActionButton::new(&label)
        .icon(Icon::Undo)
        .disabled_because(why);
    if ui.add(button).clicked() {
        let back = Subject::Act(Condition::Isolated.way_back());
        batch_form::raise_form(ui, cx, &mine, back, |_| {});
    }
}

fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: &Contained) {
    let tokens = ui.tokens();
    raised_frame(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_wrapped(|ui| {
            let name = row.machine.name_and_tail();
            ui.label(RichText::new(name).text_style(text::strong()));
            let (icon, role, words) = state_words(row, cx);
            badge(ui, icon, role, &words);
            if let Some(since) = row.since {
                let words = match row.changing_to {
                    None => format!("for {}", lasting(since, cx.now)),
                    Some(_) => format!("requested {}", ago(since, cx.now)),
                };
                ui.label(words).on_hover_text(both_times(since, cx.zone));
            }
            let by = row.by.as_deref().filter(|by| !by.is_empty());
            let by = by.unwrap_or("an unknown requestor");
            ui.label(format!("by {}", clean(by, 80)));
            if let Some(comment) = &row.comment {
                let comment = RichText::new(clean(comment, 300)).color(tokens.text_weak);
                ui.add(Label::new(comment).wrap());
            }
        });
        ui.horizontal_wrapped(|ui| {
            if ui.add(ActionButton::new("Show device")).clicked() {
                cx.views.selected = Some(row.machine.clone());
                cx.views.walked_to = None;
            }
            let back = row.condition.way_back();
            let label = format!("{}…", back.spec().button);
            if ui.add(ActionButton::new(&label).icon(Icon::Undo)).clicked() {
                cx.views.selected = Some(row.machine.clone());
                draft_form::raise_form(ui, cx, &row.machine, Subject::Act(back), |_| {});
            }
        });
    });
    ui.add_space(tokens.space.xs);
}

fn state_words(row: &Contained, cx: &Cx<'_>) -> (Icon, Role, String) {
    let phase = match row.changing_to {
        None => Phase::Yes,
        Some(to) if row.is_picked_up => Phase::UnderWay { to },
        Some(to) => Phase::Pending { to },
    };
    let look = look::condition(row.condition, phase);
    let words = if let Phase::Pending { .. } = phase {
        let record = cx.state.machine(&row.machine.id).map(AsRef::as_ref);
        let waits = waiting_words(record, &cx.state.policy, cx.now);
        format!("{}: {waits}", look.word)
    } else {
        look.word.into_owned()
    };
    (look.icon, look.role, words)
}
