//! What became of orders that were confirmed together, over the rows of the activity list.

use std::sync::Arc;

use egui::Ui;

use crate::journal::Entry;
use crate::message::Command;
use crate::model::clean;
use crate::state::{Batch, State};
use crate::ui::activity::acknowledging::Acknowledging;
use crate::ui::activity::buttons;
use crate::ui::commands::{acting_trouble, journal_trouble, why_not_acknowledge};
use crate::ui::theme::TokensExt as _;
use crate::ui::views::Dialog;
use crate::ui::widgets::{ActionButton, Icon, UiExt as _, beside_ui, button_width, raised_frame};
use crate::ui::words::{devices, duration};
use crate::ui::{Cx, order};

/// Devices that a summary names of those that went wrong in one way.
const MAX_NAMED: usize = 3;
const STOP: &str = "Stop the rest";
const ACKNOWLEDGE_SOME: &str = "Acknowledge…";

/// Shows the batches that are under way, were interrupted, or whose result is not acknowledged.
/// At most `max_shown`, newest first; older ones move up when these are acknowledged. Whether something in them ticks.
pub fn batches_ui(ui: &mut Ui, cx: &mut Cx<'_>, max_shown: usize) -> bool {
    let mut batches = cx.state.batches(cx.now);
    batches.truncate(max_shown);
    for batch in &batches {
        ui.push_id(batch.id, |ui| batch_ui(ui, cx, batch));
    }
    batches.iter().any(|batch| batch.waiting() > 0)
}

fn batch_ui(ui: &mut Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    let Some(first) = batch.entries.first() else {
        return;
    };
    let title = if let Some(plan) = &first.order.plan {
        let count = devices(batch.devices());
        format!("{} on {count}:", clean(&plan.name, 40))
    } else {
        let count = devices(batch.entries.len());
        format!("{} {count}:", first.order.task.verb())
    };
    let left = (batch.waiting() > 0)
        .then(|| batch.time_left(cx.now))
        .flatten();
    // Room at the right that is always kept: buttons come and go there, and move no word.
    let labels = [STOP, ACKNOWLEDGE_SOME];
    let width = labels.map(|label| button_width(ui, label));
    let width = width[0].max(width[1]) + ui.tokens().height.icon + ui.tokens().space.s;
    let words = |ui: &mut Ui, cx: &mut Cx<'_>| {
        ui.strong_label(title);
        ui.wrapped(summary(batch, cx.state));
        if let Some(left) = left {
            let left = format!("about {} left", duration(left.as_secs().max(1)));
            ui.weak_label(left);
        }
        // It is long, and there only after an interruption.
        unsent_ui(ui, cx, batch);
    };
    raised_frame(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        beside_ui(ui, width, cx, words, |ui, cx| buttons_ui(ui, cx, batch));
    });
}

/// What can be done about it now.
fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    if batch.waiting() > 0 {
        let cannot = journal_trouble(cx.state).err();
        let stop = ActionButton::new(STOP)
            .icon(Icon::NotSent)
            .hint("Anything not yet sent will not be sent; anything already sent continues")
            .disabled_because(cannot.as_deref())
            .arms_late();
        if ui.add(stop).clicked() {
            cx.out.work.push(Command::StopBatch(batch.id));
        }
        return;
    }
    if batch.has_ended() {
        acknowledge_ui(ui, cx, batch);
    }
}

fn unsent_ui(ui: &mut Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    if batch.waiting() == 0 && !batch.unsent.is_empty() {
        let label = format!("Send the unsent again ({})…", batch.unsent.len());
        let only_looks = acting_trouble(cx.state).err();
        let again = ActionButton::new(&label)
            .disabled_because(only_looks.as_deref())
            .arms_late();
        if ui.add(again).clicked() {
            send_again(ui, cx, batch);
        }
    }
}

/// "4 isolated, 1 refused (srv-app-127)".
fn summary(batch: &Batch<'_>, state: &State) -> String {
    let counts = batch.statuses().into_iter();
    let counts = counts.map(|(word, count)| {
        let wrong = batch.entries.iter().filter(|entry| {
            state.entries.needs_attention(entry) && entry.status().word(&entry.order.task) == word
        });
        let mut names: Vec<_> = wrong.map(|entry| entry.machine().quoted()).collect();
        let more = names.len().saturating_sub(MAX_NAMED);
        names.truncate(MAX_NAMED);
        let which = match (names.is_empty(), more) {
            (true, _) => String::new(),
            (false, 0) => format!(" ({})", names.join(", ")),
            (false, more) => format!(" ({} and {more} more)", names.join(", ")),
        };
        format!("{count} {}{which}", word.to_lowercase())
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// Where one of them went wrong, the dialog names it once more.
fn acknowledge_ui(ui: &mut Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    let entries = &cx.state.entries;
    let wrong = batch.entries.iter().any(|e| entries.needs_attention(e));
    let why_not = why_not_acknowledge(cx.state);
    let button = ActionButton::new(if wrong {
        ACKNOWLEDGE_SOME
    } else {
        "Acknowledge"
    })
    .icon(Icon::Done)
    .arms_late()
    .hint("Takes the summary away; the entries stay in the list and in the journal")
    .disabled_because(why_not.as_deref());
    if !ui.add(button).clicked() {
        return;
    }
    let unread = batch.entries.iter().filter(|e| e.acknowledged().is_none());
    if wrong {
        let ids = unread.map(|entry| entry.id()).collect();
        cx.views.open(Dialog::Acknowledge(Acknowledging::of(ids)));
    } else {
        let seen = unread.map(|entry| (entry.id(), entry.status().key()));
        cx.out.work.push(Command::Acknowledge(seen.collect()));
    }
}

/// Opens the form of those that were not sent, with the same text; nothing is confirmed by it.
fn send_again(ui: &Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    let Some(first) = batch.unsent.first() else {
        return;
    };
    if let Some((plan, places)) = batch.plan() {
        let unsent = batch.unsent.iter();
        let steps = unsent.filter_map(|entry| Some((*places.get(&entry.id())?, entry.machine())));
        let comment = first.order.comment.as_ref();
        order::raise_steps(ui, cx, Arc::new(plan), steps.collect(), comment);
        return;
    }
    let machines: Vec<_> = batch.unsent.iter().copied().map(Entry::machine).collect();
    let subject = buttons::subject(first);
    order::raise(ui, cx, &machines, subject, |draft| {
        buttons::refill(draft, first);
    });
}
