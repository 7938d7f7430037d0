//! A timed exercise of the demo: its choice, its duration and its score.

mod view;

pub use view::{Briefing, DrillRequest, DrillRunner, DrillView, Running};

use std::time::Duration;

use egui::{Id, ScrollArea, Ui};

use super::Cx;
use super::theme::TokensExt as _;
use super::views::OpenDialog;
use super::widgets::{
    ActionButton, Dialog, TipExt as _, UiExt as _, beside_ui, button_width, copy_button_ui,
    top_panel_ui,
};
use super::words::countdown_text;

const END: &str = "End and score";

/// Shows the running exercise above everything else: its name, its task and the time.
pub fn drill_line_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some((running, briefing)) = running(cx) else {
        return;
    };
    ui.ctx().request_repaint_after(Duration::from_secs(1));
    let ends = top_panel_ui(ui, "drill", |ui| {
        // The button is slightly taller than the text.
        ui.set_min_height(ui.tokens().height.control);
        let mut corner = beside_ui(ui, button_width(ui, END), |ui| {
            ui.strong_label(format!("Drill: {}", briefing.name));
            ui.label(briefing.task).tip(briefing.text);
            ui.weak_label(time_words(cx, running));
        });
        let end = ActionButton::primary(END)
            .key("drill line")
            .with_arm_delay();
        corner.add(end).clicked()
    });
    if ends {
        cx.out.drill = Some(DrillRequest::End);
        cx.views.open(OpenDialog::Drill);
    }
}

fn running(cx: &Cx<'_>) -> Option<(Running, Briefing)> {
    let drill = &cx.views.drill;
    let running = drill.running?;
    Some((running, *drill.briefings.get(running.at)?))
}

fn time_words(cx: &Cx<'_>, running: Running) -> String {
    let passed = cx.now.duration_since(running.since).as_secs();
    format!("{} so far", countdown_text(passed))
}

/// Draws the exercises as the open dialog; returns whether it stays open.
pub fn drill_ui(ui: &Ui, cx: &mut Cx<'_>) -> bool {
    let mut request = None;
    let dialog = Dialog::new(Id::unique("drill"), "Drill").plain();
    let stays = dialog.show_until(ui.ctx(), |ui, is_opening| {
        let tokens = ui.tokens();
        let buttons = tokens.height.control + 2.0 * tokens.space.s;
        let height = (Dialog::rest(ui) - buttons).max(buttons);
        let scrolled = ScrollArea::vertical().id_salt("drill").max_height(height);
        scrolled.show(ui, |ui| {
            // Keeps the first button's focus ring from being cut.
            ui.add_space(tokens.space.xs);
            request = match running(cx) {
                Some(running) => running_ui(ui, cx, running),
                None => choice_ui(ui, cx, is_opening),
            };
            ui.add_space(tokens.space.xs);
        });
        ui.add_space(tokens.space.s);
        let is_running = cx.views.drill.running.is_some();
        let label = if is_running {
            "Back to the exercise"
        } else {
            "Close"
        };
        let close = ui.add(ActionButton::new(label).key("close the drill"));
        // Enter neither ends an exercise, nor starts one after an end.
        let ends = request == Some(DrillRequest::End);
        if ends || is_opening && (is_running || cx.views.drill.is_scoring) {
            close.request_focus();
        }
        close.clicked() || matches!(request, Some(DrillRequest::Begin(_)))
    });
    cx.out.drill = cx.out.drill.or(request);
    stays
}

fn running_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    (running, briefing): (Running, Briefing),
) -> Option<DrillRequest> {
    ui.strong_label(briefing.name);
    ui.wrapped(briefing.text);
    ui.weak_label(time_words(cx, running));
    ui.small_label("The score comes from the tenant's request log and the journal");
    let end = ActionButton::primary(END);
    ui.add(end).clicked().then_some(DrillRequest::End)
}

fn choice_ui(ui: &mut Ui, cx: &Cx<'_>, is_opening: bool) -> Option<DrillRequest> {
    let view = &cx.views.drill;
    if view.is_scoring {
        let words = ui.label("Calculating the score…");
        ui.announce(&words);
    }
    if let Some(sheet) = &view.sheet {
        ui.horizontal(|ui| {
            ui.strong_label("Score");
            copy_button_ui(ui, "score sheet", sheet);
        });
        for line in sheet.lines() {
            ui.wrapped(line);
        }
        ui.separator();
    }
    let mut chosen = None;
    for (at, briefing) in view.briefings.iter().enumerate() {
        let leftovers = view.leftovers.get(at).map_or(&[][..], Vec::as_slice);
        let verb = if leftovers.is_empty() {
            "Start"
        } else {
            "Put back and start"
        };
        let label = format!("{verb}: {}", briefing.name);
        // Its label may change while the dialog is open.
        let start = ui.add(ActionButton::new(&label).key(briefing.name));
        if is_opening && at == 0 && !view.is_scoring {
            start.request_focus();
        }
        if start.clicked() {
            chosen = Some(DrillRequest::Begin(at));
        }
        ui.small_label(briefing.text);
        if !leftovers.is_empty() {
            ui.wrapped(format!(
                "Left from earlier: {}. Starting cancels and releases that, as a colleague would",
                leftovers.join("; ")
            ));
        }
        ui.add_space(ui.tokens().space.xs);
    }
    chosen
}
