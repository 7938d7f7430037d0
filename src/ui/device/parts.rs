//! The parts of the device panel that are read separately: when they are requested, and what is shown while
//! one is missing, old or truncated.

use egui::Ui;
use jiff::Timestamp;

use crate::explain::NextStep;
use crate::message::Command;
use crate::model::{Listed, MachineId, PanelPart};
use crate::state::Remote;
use crate::ui::theme::Role;
use crate::ui::widgets::{Icon, UiExt as _, live_badge, section_ui};
use crate::ui::{Cx, look, words};

/// Age up to which facts are not read again.
const FRESH_SECS: i64 = 60;
/// Maximum number of items drawn per list.
const SHOWN: usize = 10;

/// Whether facts read at this time need not be read again. A clock that was set back makes none fresh.
pub fn is_fresh(read_at: Option<Timestamp>, now: Timestamp) -> bool {
    read_at.is_some_and(|at| now.duration_since(at).abs().as_secs() < FRESH_SECS)
}

/// Requests the parts that are not fresh.
pub fn load_stale(cx: &mut Cx<'_>, id: &MachineId) {
    let panel = cx.state.panels.get(id);
    let is_stale = |part: &PanelPart| {
        let (read_at, is_loading) = panel.map_or((None, false), |panel| panel.freshness(*part));
        !is_loading && !is_fresh(read_at, cx.now)
    };
    let stale = PanelPart::ALL.into_iter().filter(is_stale);
    let work = stale.map(|part| Command::LoadPart(id.clone(), part));
    cx.out.work.extend(work);
}

/// Requests all parts.
pub fn load_all(cx: &mut Cx<'_>, id: &MachineId) {
    let work = PanelPart::ALL.map(|part| Command::LoadPart(id.clone(), part));
    cx.out.work.extend(work);
}

/// A section's heading, with the number of items if known.
fn heading<T>(title: &str, list: Option<&Listed<T>>) -> String {
    match list {
        Some(list) if list.is_cut => format!("{title} ({}+)", list.items.len()),
        Some(list) => format!("{title} ({})", list.items.len()),
        None => title.to_owned(),
    }
}

/// Wording of a list.
pub struct Words {
    pub part: PanelPart,
    pub title: &'static str,
    /// `open alerts`.
    pub what: &'static str,
    /// `No open alerts`.
    pub none: &'static str,
}

/// Shows a section with the first items of a list.
pub fn list_ui<T>(
    ui: &mut Ui,
    cx: &Cx<'_>,
    words: &Words,
    read: Option<&Remote<Listed<T>>>,
    mut element_ui: impl FnMut(&mut Ui, &Cx<'_>, &T),
) {
    let list = read.and_then(Remote::get);
    section_ui(ui, &heading(words.title, list));
    list_status_ui(ui, cx, words, read);
    let Some(list) = list else {
        return;
    };
    for element in list.items.iter().take(SHOWN) {
        element_ui(ui, cx, element);
    }
    let left_out = list.items.len().saturating_sub(SHOWN);
    if left_out > 0 {
        ui.label(format!("and {left_out} more"));
    }
}

/// Shows the status of a list: not checked and why, being read, failed, empty, or its age.
fn list_status_ui<T>(ui: &mut Ui, cx: &Cx<'_>, words: &Words, list: Option<&Remote<Listed<T>>>) {
    let Words {
        part, what, none, ..
    } = words;
    if let Some(permission) = part.lacking(&cx.state.session) {
        let text = format!("Not checked: {what}; requires the permission {permission}");
        look::not_checked_ui(ui, &text);
        return;
    }
    let Some(list) = list else {
        ui.small_label("Not read yet");
        return;
    };
    let Some((value, at)) = &list.value else {
        match &list.failure {
            _ if list.loading => {
                ui.small_label(format!("Reading {what}…"));
            }
            Some(failure) => {
                let text = format!("Not checked: {what}: {}", failure.headline);
                let response = look::not_checked_ui(ui, &text);
                ui.announce(&response);
                if failure.next != NextStep::None {
                    ui.small_label(failure.next.words());
                }
            }
            None => {
                ui.small_label("Not read yet");
            }
        }
        return;
    };
    let age = words::ago(*at, cx.now);
    match &list.failure {
        _ if list.loading => {
            ui.small_label(format!("Reading {what} again… (shown as read {age})"));
        }
        Some(failure) => {
            let text = format!("Not re-read: {} (shown as read {age})", failure.headline);
            live_badge(ui, Icon::Warning, Role::Caution, &text);
        }
        None => {
            ui.small_label(format!("Read {age}"));
        }
    }
    if value.unreadable > 0 {
        let line = format!("{} of them could not be read", value.unreadable);
        ui.small_label(line);
    }
    if value.items.is_empty() {
        let is_whole = value.unreadable == 0 && !value.is_cut;
        ui.label(if is_whole {
            none
        } else {
            "None that could be read"
        });
    }
}
