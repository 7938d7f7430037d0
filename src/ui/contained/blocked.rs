//! Tenant-wide blocks: a section of *Contained now*, with their removal.

use egui::{RichText, Ui};

use crate::action::{ActionKind, FILE, INDICATOR, Subject};
use crate::message::Command;
use crate::model::{Indicator, IndicatorAction, MachineRef, clean, first_upper, requestor_name};
use crate::state::State;
use crate::ui::commands::{UiCommand, acting_trouble};
use crate::ui::order::NewForm;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::{ActionButton, Icon, UiExt as _, raised_ui, section_ui};
use crate::ui::words::{ago, left, local_time};
use crate::ui::{Cx, look};

/// Number of hash digits shown to tell hashes apart.
const GLANCE: usize = 12;

/// A shortened hash.
pub fn short_hash(hash: &str) -> String {
    match hash.get(..GLANCE) {
        Some(first) if hash.len() > GLANCE => format!("{first}…"),
        Some(_) | None => clean(hash, 64).into_owned(),
    }
}

/// Maximum number of colleagues' blocks listed.
const MAX_OTHERS: usize = 20;

/// Whether an indicator restricts a file.
fn is_block(one: &Indicator) -> bool {
    one.action != IndicatorAction::Allowed
}

/// The blocks made by the signed-in account.
pub fn own_blocks(state: &State) -> impl Iterator<Item = &Indicator> {
    blocks(state, true)
}

fn blocks(state: &State, own: bool) -> impl Iterator<Item = &Indicator> {
    let account = state.session.account();
    let is_own = move |one: &Indicator| {
        // A colleague's block that an order of ours has changed since.
        let entry = one.tag().and_then(|tag| state.entry(tag));
        let is_of_order = entry.is_some_and(|entry| entry.own_action() == one.id);
        is_of_order || account.is_some_and(|account| one.is_by(account))
    };
    let read = state.indicators.get();
    let all = read.map_or(&[][..], |read| &read.of_files);
    all.iter()
        .filter(|one| is_block(one))
        .filter(move |one| is_own(one) == own)
}

/// One line on a block: effect, end, creator and reason.
pub fn block_words(one: &Indicator, cx: &Cx<'_>) -> String {
    let what = match one.action.word() {
        audited if one.action == IndicatorAction::Audit => audited + " only",
        word => word,
    };
    let until = one.expires.map_or_else(
        || "without an end".to_owned(),
        |at| {
            let left = left(at, cx.service_now());
            let left = left.map_or_else(|| " (over)".to_owned(), |left| format!(" ({left} left)"));
            format!("until {}{left}", local_time(at, &cx.state.zone))
        },
    );
    let made = one.created.map_or_else(String::new, |at| {
        format!(", made {}", ago(at, cx.service_now()))
    });
    let by = requestor_name(one.by.as_deref());
    let why = one.description.as_deref().or(one.title.as_deref());
    let why = why.map_or_else(String::new, |why| format!(": {}", clean(why, 120)));
    // If an order has changed a colleague's block, the description is not the colleague's.
    let changed = changed_by(one, cx.state);
    let changed = changed.map_or_else(String::new, |by| format!(", changed by {by}"));
    format!("{what} {until}{made} by {by}{changed}{why}")
}

/// The account that has changed a colleague's block, according to this journal.
fn changed_by(one: &Indicator, state: &State) -> Option<String> {
    let entry = one.tag().and_then(|tag| state.entry(tag))?;
    let author = &entry.author;
    let is_maker =
        (one.by.as_deref()).is_some_and(|by| by.trim().eq_ignore_ascii_case(author.account.trim()));
    if is_maker || entry.own_action() != one.id {
        return None;
    }
    let account = state.session.account();
    let is_mine = account.is_some_and(|account| author.is(account));
    Some(if is_mine {
        "you".to_owned()
    } else {
        clean(&author.account, 80).into_owned()
    })
}

/// Shows the section: the account's own blocks with *Remove*, and those of others.
pub fn blocked_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    section_ui(ui, "Blocked on every device");
    let permission = &ActionKind::BlockFile.spec().permission;
    let lacks = cx.state.session.is_known_to_lack(permission);
    let lacks = lacks.then(|| format!("Requires the permission {permission}"));
    let read = &cx.state.indicators;
    let label = if read.value.is_some() {
        "Read again"
    } else {
        "Read what is blocked"
    };
    let why = lacks
        .clone()
        .or(read.loading.then(|| "It is being read".to_owned()));
    ui.horizontal_wrapped(|ui| {
        let button = ActionButton::new(label).key("blocked").icon(Icon::Refresh);
        // Keeps the focus on the page when the last row has gone.
        let button = button.passes_focus_on();
        if ui.add(button.disabled_because(why.as_deref())).clicked() {
            cx.out.work.push(Command::LoadIndicators);
        }
        let button = ActionButton::new("Block file everywhere…").icon(Icon::Block);
        cx.button_ui(ui, UiCommand::Act(ActionKind::BlockFile), button);
        ui.small_label(status_words(cx, lacks));
    });
    let own: Vec<Indicator> = own_blocks(cx.state).cloned().collect();
    for one in &own {
        row_ui(ui, cx, one);
    }
    if let Some(read) = cx.state.indicators.get() {
        let others: Vec<&Indicator> = blocks(cx.state, false).collect();
        for one in others.iter().take(MAX_OTHERS) {
            others_ui(ui, cx, one);
        }
        if let more @ 1.. = others.len().saturating_sub(MAX_OTHERS) {
            ui.small_label(format!(
                "{more} more by others: the Defender portal lists them"
            ));
        }
        if !read.is_complete {
            let words = "Not checked: part of the list is missing or unreadable";
            look::not_checked_ui(ui, words);
        }
    }
}

fn status_words(cx: &Cx<'_>, lacks: Option<String>) -> String {
    let read = &cx.state.indicators;
    match (lacks, &read.failure, read.read_at()) {
        (Some(lacks), ..) => lacks,
        _ if read.loading => "Reading…".to_owned(),
        (None, Some(failure), _) => format!("Not read: {}", failure.headline),
        (None, None, Some(at)) => {
            let own = own_blocks(cx.state).count();
            format!("{own} by you, read {}", ago(at, cx.now))
        }
        (None, None, None) => "Not read yet".to_owned(),
    }
}

/// Name of the file, if it was looked up in this run.
fn file_name(cx: &Cx<'_>, hash: &str) -> Option<String> {
    let facts = cx.state.files.get(hash)?.get()?.as_deref()?;
    let name = facts.names.first()?;
    Some(clean(name, 80).into_owned())
}

/// Shows the file by its name, if known, and its hash.
fn file_ui(ui: &mut Ui, cx: &Cx<'_>, one: &Indicator) {
    if let Some(name) = file_name(cx, &one.value) {
        ui.label(RichText::new(name).text_style(text::strong()));
    }
    ui.label(RichText::new(clean(&one.value, 64)).text_style(text::id()));
}

/// Shows a block made by someone else, which this console leaves alone.
fn others_ui(ui: &mut Ui, cx: &Cx<'_>, one: &Indicator) {
    raised_ui(ui, |ui| {
        ui.horizontal_wrapped(|ui| file_ui(ui, cx, one));
        ui.small_label(format!(
            "{}. Remove it in the Defender portal",
            first_upper(&block_words(one, cx))
        ));
    });
    ui.add_space(ui.tokens().space.xs);
}

fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, one: &Indicator) {
    let Some(id) = &one.id else {
        return;
    };
    raised_ui(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            file_ui(ui, cx, one);
            let why = acting_trouble(cx.state).err();
            let name = format!("Remove the block of {}…", one.value);
            let button = ActionButton::new("Remove…").name(&name).icon(Icon::Undo);
            let button = button.with_arm_delay().disabled_because(why.as_deref());
            if ui.add(button).clicked() {
                let subject = Subject::Act(ActionKind::RemoveBlock);
                let form = NewForm {
                    fill: Box::new(|draft| {
                        draft.set(&INDICATOR, id.as_str());
                        draft.set(&FILE, &*one.value);
                    }),
                    ..NewForm::new(subject, &[MachineRef::every_device()])
                };
                form.raise(ui, cx);
            }
        });
        ui.small_label(first_upper(&block_words(one, cx)));
    });
    ui.add_space(ui.tokens().space.xs);
}
