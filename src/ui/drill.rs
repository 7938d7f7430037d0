//! A timed exercise of the rehearsal: which one, how long it goes on, and what it came to.

use egui::{Id, ScrollArea, Ui};

use super::Cx;
use super::drill_view::DrillRequest;
use super::theme::TokensExt as _;
use super::views::Dialog as OpenDialog;
use super::widgets::{ActionButton, Dialog, UiExt as _, copy_button_ui};

/// Draws the exercises while they are the open dialog.
pub fn drill_ui(ui: &Ui, cx: &mut Cx<'_>) {
    let id = Id::unique("drill");
    let dialog = Dialog::new(id, "Drill").plain();
    let response = dialog.show(ui.ctx(), |ui| {
        let buttons = 2.0 * ui.tokens().height.control;
        let height = (Dialog::room(ui.ctx()) - buttons).max(buttons);
        let scrolled = ScrollArea::vertical().id_salt("drill").max_height(height);
        let request = scrolled.show(ui, |ui| match cx.views.drill.running {
            Some(at) => running_ui(ui, cx, at),
            None => choice_ui(ui, cx),
        });
        let request = request.inner;
        let closes = ui.add(ActionButton::new("Close")).clicked();
        (request, closes)
    });
    let (request, closes) = response.inner;
    let begins = matches!(request, Some(DrillRequest::Begin(_)));
    cx.out.drill = cx.out.drill.or(request);
    if closes || begins || response.close_requested {
        Dialog::return_focus(ui.ctx(), id);
    } else {
        cx.views.dialog = Some(OpenDialog::Drill);
    }
}

fn running_ui(ui: &mut Ui, cx: &Cx<'_>, at: usize) -> Option<DrillRequest> {
    let briefing = cx.views.drill.briefings.get(at)?;
    ui.strong_label(briefing.name);
    ui.wrapped(briefing.text);
    ui.small_label("The clock runs. The score comes from the tenant's request log and the journal");
    let end = ActionButton::primary("End and score");
    ui.add(end).clicked().then_some(DrillRequest::End)
}

fn choice_ui(ui: &mut Ui, cx: &Cx<'_>) -> Option<DrillRequest> {
    let view = &cx.views.drill;
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
        let label = format!("Start: {}", briefing.name);
        if ui.add(ActionButton::new(&label)).clicked() {
            chosen = Some(DrillRequest::Begin(at));
        }
        ui.small_label(briefing.text);
    }
    chosen
}
