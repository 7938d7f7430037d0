//! Verifying and exporting: requests and results.

use std::path::{Path, PathBuf};

use egui::Ui;
use jiff::Timestamp;

use super::view::{JournalView, Preparing, Shift};
use crate::explain::Explanation;
use crate::journal::{Aftermaths, Entry, Format, OthersContainment, Report, SetBy};
use crate::message::{Command, ExportTo, Exported, JournalExport, Written};
use crate::model::{clean, first_named, requestor_name};
use crate::state::{Contained, JournalFacts, Request, State};
use crate::ui::Cx;
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::views::Screen;
use crate::ui::widgets::{
    ActionButton, Icon, TextField, TipExt as _, UiExt as _, badge, button_width, copy_labelled_ui,
    live_badge,
};
use crate::ui::words::{ago, both_times, counted, other_computer};

const FORMATS: [(Format, &str, &str); 4] = [
    (Format::Markdown, "Markdown", "md"),
    (Format::Html, "HTML", "html"),
    (Format::Csv, "CSV", "csv"),
    (Format::Json, "JSON", "json"),
];
const PATH_CHARS: usize = 300;
/// Maximum number of files named.
const NAMES: usize = 3;
const CANCEL: &str = "Cancel export";
/// Minimum and maximum width of the path field, in points.
const MIN_PATH: f32 = 180.0;
const MAX_PATH: f32 = 520.0;

/// The hand-over sheet for the clipboard: the records since the chosen time, and everything contained or
/// pending, however old.
#[must_use]
pub fn hand_over(state: &State, view: &JournalView, now: Timestamp) -> JournalExport {
    let since = view.query.since.or_else(|| Shift::USUAL.since(now));
    JournalExport {
        what: Exported::HandOver {
            since: since.unwrap_or(now),
            others: contained_by_others(state, state.contained()),
        },
        format: Format::Markdown,
        to: ExportTo::Clipboard,
        zone: state.zone.clone(),
        aftermath: Aftermaths::default(),
    }
}

/// Continues gathering the outcomes for a requested export; sends it to the worker once complete.
pub fn advance_export(ui: &Ui, cx: &mut Cx<'_>) {
    let Some(Preparing { mut export, next }) = cx.views.journal.preparing.take() else {
        return;
    };
    if let Some(next) = cx.state.gather_aftermath(next, &mut export.aftermath) {
        cx.views.journal.preparing = Some(Preparing { export, next });
        ui.ctx().request_repaint();
    } else {
        cx.out.work.push(Command::ExportJournal(export));
    }
}

/// Containments to which a request from outside this journal contributes.
pub fn contained_by_others(state: &State, contained: Vec<Contained>) -> Vec<OthersContainment> {
    let is_ours = |request: &Request| state.entries.creator_of(&request.action).is_some();
    let of_others = contained.into_iter().filter_map(|row| {
        if row.setters().iter().all(is_ours) {
            return None;
        }
        let what = if row.in_force.is_empty() {
            format!("{} pending", row.condition.noun())
        } else if row.is_leaving() {
            format!("{}, release requested", row.condition.word())
        } else {
            row.condition.word().to_owned()
        };
        let requests = row.setters().iter().map(|request| SetBy {
            action: request.action.clone(),
            is_ours: is_ours(request),
            at: request.at,
            by: requestor_name(request.by.as_deref()).into(),
            why: request.comment.clone(),
        });
        Some(OthersContainment {
            requests: requests.collect(),
            machine: row.machine,
            state: what.into(),
        })
    });
    of_others.collect()
}

/// Puts a finished text onto the clipboard, once. On other pages, a notice reports the result.
pub fn take_copy(ui: &Ui, cx: &mut Cx<'_>) {
    let facts = &cx.state.journal_facts;
    if cx.views.journal.copied == facts.exports {
        return;
    }
    cx.views.journal.copied = facts.exports;
    if let Some(Ok(written)) = &facts.export
        && let Some(text) = &written.text
    {
        ui.ctx().copy_text(text.to_string());
    }
    if cx.views.screen != Screen::Journal {
        cx.views.journal.notice = facts.export.as_ref().map(|export| match export {
            Ok(written) => Ok(written_words(written)),
            Err(why) => Err(why.clone()),
        });
    }
}

/// Summary of the export.
fn written_words(written: &Written) -> String {
    let entries = counted(written.entries, "entry", "entries");
    match &written.to {
        ExportTo::Clipboard => format!("Hand-over copied: {entries}"),
        ExportTo::File(file) => {
            let file = file.display().to_string();
            format!("{entries} written to {}", clean(&file, PATH_CHARS))
        }
    }
}

/// Names the journals that were set aside: earlier entries are in them, not in the list.
fn put_aside_ui(ui: &mut Ui, files: &[PathBuf]) {
    let names = files.iter().filter_map(|file| file.file_name());
    let shown = names.map(|name| clean(&name.to_string_lossy(), PATH_CHARS).into_owned());
    let names: Vec<String> = shown.collect();
    if names.is_empty() {
        return;
    }
    let words = format!(
        "Journals set aside in this folder: {}. Their entries are not listed here; cordon journal verify and \
         cordon journal export read them",
        first_named(names.into_iter(), NAMES)
    );
    ui.small_label(words);
}

/// Shows what the journal is and its path, while there are no results.
fn idle_ui(ui: &mut Ui, facts: &JournalFacts) {
    ui.small_label(
        "Each record carries a hash of the one before it, and all of them are verified at each start",
    );
    if let Some(file) = &facts.file {
        let file = file.display().to_string();
        ui.small_label(format!("File: {}", clean(&file, PATH_CHARS)));
    }
}

/// Shows other journals, the result of verifying, and the files written.
pub fn results_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let facts = &cx.state.journal_facts;
    let view = &cx.views.journal;
    let is_at_work = facts.is_verifying || view.is_exporting(cx.state) || view.file.is_some();
    let has_results = facts.verdict.is_some() || facts.export.is_some();
    if !is_at_work && !has_results && facts.put_aside.is_empty() {
        idle_ui(ui, facts);
        return;
    }
    put_aside_ui(ui, &facts.put_aside);
    if facts.is_verifying {
        let words = "Verifying the journal…";
        badge(ui, Icon::InProgress, Role::Neutral, words);
    } else {
        match &facts.verdict {
            None => {}
            Some((_, Err(why))) => failure_ui(ui, why),
            Some((at, Ok(report))) => verdict_ui(ui, cx, *at, report),
        }
    }
    if cx.views.journal.is_exporting(cx.state) {
        badge(ui, Icon::InProgress, Role::Neutral, "Reading the journal…");
        return;
    }
    match &facts.export {
        None => {}
        Some(Err(why)) => failure_ui(ui, why),
        Some(Ok(written)) => {
            let words = written_words(written);
            live_badge(ui, Icon::Done, Role::Neutral, &words);
        }
    }
}

fn failure_ui(ui: &mut Ui, why: &Explanation) {
    live_badge(ui, Icon::Failed, Role::Danger, &why.headline);
    let next = why.next.words();
    if !next.is_empty() {
        ui.small_label(next);
    }
    for detail in &why.details {
        ui.small_label(detail);
    }
}

fn verdict_ui(ui: &mut Ui, cx: &Cx<'_>, at: Timestamp, report: &Report) {
    ui.horizontal_wrapped(|ui| {
        let (icon, role) = if report.defects.is_empty() {
            (Icon::Done, Role::Neutral)
        } else {
            (Icon::Block, Role::Danger)
        };
        live_badge(ui, icon, role, &report.verdict());
        ui.weak_label(format!("verified {}", ago(at, cx.now)))
            .tip(both_times(at, &cx.state.zone));
        copy_labelled_ui(ui, "last hash", &report.verified.last_hash);
    });
    for line in report.lines() {
        ui.small_label(line);
    }
}

/// Shows the button that opens the export dialog.
pub fn export_button_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let why = export_trouble(cx.state, &cx.views.journal);
    let export = ActionButton::new("Export the list…")
        .hint("Writes the entries that are listed into a file")
        .disabled_because(why);
    if ui.add(export).clicked() {
        // Restores the path typed before.
        let typed = cx.views.journal.typed_file.take();
        cx.views.journal.file = Some(typed.unwrap_or_else(|| proposed_file(cx)));
    }
}

/// Closes the export dialog, keeping the typed path; returns whether it was open.
pub fn close_export(view: &mut JournalView) -> bool {
    let Some(file) = view.file.take() else {
        return false;
    };
    view.typed_file = Some(file);
    true
}

fn export_trouble(state: &State, view: &JournalView) -> Option<&'static str> {
    if view.is_exporting(state) {
        Some("The journal is being read for another export")
    } else if !view.rows.is_up_to_date(state) {
        Some("The list is not complete yet")
    } else if view.rows.is_empty() {
        Some("No entry is listed")
    } else {
        None
    }
}

/// Proposed path, named by the time: in the download folder, else in that of the journal.
fn proposed_file(cx: &Cx<'_>) -> String {
    let name = format!("journal-{}", cx.now.strftime("%Y-%m-%dT%H%M%SZ"));
    let journal = cx.state.journal_facts.file.as_deref();
    let downloads = cx.state.download_folder.as_deref();
    let folder = downloads.or(journal.and_then(Path::parent));
    folder.map_or_else(
        || name.clone(),
        |folder| folder.join(&name).display().to_string(),
    )
}

/// Label of the button that writes this file, which names another computer.
fn write_label(word: &str, file: &str) -> String {
    other_computer(file).map_or_else(
        || format!("Write {word}"),
        |host| format!("Write {word} to {host}"),
    )
}

/// Shows the export dialog while it is open.
pub fn export_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(mut file) = cx.views.journal.file.take() else {
        return;
    };
    let why = export_trouble(cx.state, &cx.views.journal);
    let why = why.or((file.trim().is_empty()).then_some("The file has no name"));
    let mut wanted = None;
    let mut is_closed = false;
    ui.horizontal_wrapped(|ui| {
        // Beside its buttons, if the window is wide enough.
        let gap = ui.spacing().item_spacing.x;
        let labels = FORMATS.map(|(_, word, _)| write_label(word, &file));
        let labels = labels.iter().map(String::as_str).chain([CANCEL]);
        let buttons: f32 = labels.map(|label| button_width(ui, label) + gap).sum();
        let width = (ui.available_width() - buttons - gap).clamp(MIN_PATH, MAX_PATH);
        let size = egui::vec2(width, ui.tokens().height.control);
        ui.allocate_ui(size, |ui| {
            TextField::new("File, without its ending", &mut file)
                .label_unseen()
                .width(width)
                .show_ui(ui);
        });
        for (format, word, ending) in FORMATS {
            let label = write_label(word, &file);
            let button = ActionButton::new(&label).key(word);
            let button = button.disabled_because(why);
            if ui.add(button).clicked() {
                wanted = Some((format, ending));
            }
        }
        is_closed = ui.add(ActionButton::quiet(CANCEL)).clicked();
    });
    if let Some((format, ending)) = wanted {
        let file = PathBuf::from(format!("{}.{ending}", file.trim()));
        // The full path is named.
        let file = std::path::absolute(&file).unwrap_or(file);
        let listed = cx.views.journal.rows.entries(cx.state).map(Entry::id);
        let export = JournalExport {
            what: Exported::Entries(listed.collect()),
            format,
            to: ExportTo::File(file),
            zone: cx.state.zone.clone(),
            aftermath: Aftermaths::default(),
        };
        cx.views.journal.prepare(export);
    } else {
        cx.views.journal.file = Some(file);
        if is_closed {
            close_export(&mut cx.views.journal);
        }
    }
}
