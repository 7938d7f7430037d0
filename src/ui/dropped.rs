//! A file dropped on the window.

use egui::Ui;

use super::Cx;
use super::commands::{act_availability, open_device};
use super::layout::is_console_open;
use super::order::NewForm;
use crate::action::{ActionKind, Subject};
use crate::explain::{Explanation, NextStep};

/// Opens the quarantine form for a dropped file on the open device; the form then takes the file.
pub fn open_dropped(ui: &Ui, cx: &mut Cx<'_>) {
    let is_dropped = ui.input(|input| !input.raw.dropped_files.is_empty());
    if !is_dropped || cx.views.dialog.is_some() || !is_console_open(cx.state) {
        return;
    }
    let kind = ActionKind::StopAndQuarantineFile;
    let able = open_device(cx.views).and_then(|machine| {
        act_availability(kind, machine, cx.state, cx.now).map(|()| machine.clone())
    });
    match able {
        Ok(machine) => NewForm::new(Subject::Act(kind), &[machine]).raise(ui, cx),
        Err(why) => {
            let headline = format!(
                "The dropped file was not read. {}: {why}",
                kind.spec().title
            );
            cx.views.refusal = Some(Explanation::harmless(headline, NextStep::None));
        }
    }
}
