//! How far orders that were confirmed together have come, over the rows of the activity list.

use egui::{Label, RichText, Ui};

use super::picks::devices;
use super::theme::{TokensExt as _, text};
use super::widgets::{ActionButton, Icon, countdown_text, raised_frame};
use super::{Cx, activity_row, batch_form};
use crate::message::Command;
use crate::state::Batch;

/// Shows the batches that are under way or were interrupted. Whether something in them ticks.
pub fn batches_ui(ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
    let batches = cx.state.batches(cx.now);
    for batch in &batches {
        ui.push_id(batch.id, |ui| batch_ui(ui, cx, batch));
    }
    batches.iter().any(|batch| batch.waiting() > 0)
}

fn batch_ui(ui: &mut Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    let Some(first) = batch.entries.first() else {
        return;
    };
    let tokens = ui.tokens();
    raised_frame(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_wrapped(|ui| {
            let title = format!(
                "{}: {} together",
                first.order.task.title(),
                devices(batch.entries.len())
            );
            ui.label(RichText::new(title).text_style(text::strong()));
            let counts = batch.standings().into_iter();
            let counts: Vec<_> = counts.map(|(word, n)| format!("{n} × {word}")).collect();
            ui.add(Label::new(counts.join(", ")).wrap());
            if batch.waiting() > 0 {
                if let Some(left) = batch.time_left(cx.now) {
                    let left = format!("about {} left", countdown_text(left.as_secs().max(1)));
                    ui.label(RichText::new(left).color(tokens.text_weak));
                }
                let stop = ActionButton::new("Stop the rest")
                    .icon(Icon::NotSent)
                    .hint("Takes back what has not left; what has left goes on");
                if ui.add(stop).clicked() {
                    cx.out.work.push(Command::StopBatch(batch.id));
                }
            } else if !batch.unsent.is_empty() {
                let label = format!("Review the unsent again ({})…", batch.unsent.len());
                if ui.add(ActionButton::new(&label)).clicked() {
                    review_again(ui, cx, batch);
                }
            }
        });
    });
    ui.add_space(tokens.space.xs);
}

/// Opens the form of those that were not sent, with the same text; nothing is confirmed by it.
fn review_again(ui: &Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    let Some(first) = batch.unsent.first() else {
        return;
    };
    let machines: Vec<_> = batch.unsent.iter().map(|entry| entry.machine()).collect();
    let subject = activity_row::subject(first);
    batch_form::raise_form(ui, cx, &machines, subject, |draft| {
        activity_row::refill(draft, first);
    });
}
