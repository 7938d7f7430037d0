//! Summaries of batches, above the rows of the activity list.

use std::sync::Arc;
use std::time::Duration;

use egui::{Id, Ui};

use crate::journal::{Entry, OrderStatus};
use crate::message::Command;
use crate::model::{EntryId, clean, each_once, first_lower};
use crate::state::{Batch, State, counted};
use crate::ui::Cx;
use crate::ui::activity::buttons::send_verb;
use crate::ui::activity::view::Acknowledging;
use crate::ui::commands::{acting_trouble, journal_trouble, why_not_acknowledge};
use crate::ui::layout::WIDE;
use crate::ui::order::NewForm;
use crate::ui::theme::TokensExt as _;
use crate::ui::views::OpenDialog;
use crate::ui::widgets::{ActionButton, Icon, UiExt as _, beside_ui, button_width, raised_ui};
use crate::ui::words::{clock_text, devices, duration};

/// Number of devices that the title of a summary names.
const TITLED: usize = 2;
/// Maximum time for which a summary shows “being acknowledged”, in seconds.
const ACKNOWLEDGING_SECS: f64 = 5.0;
/// Number of devices that a summary names per kind of failure.
const MAX_NAMED: usize = 3;
const STOP: &str = "Stop the rest";
const ACKNOWLEDGE_SOME: &str = "Acknowledge…";

/// Shows the batches that are in progress, interrupted, or not acknowledged: at most `max_shown`, newest
/// first. The last summary has buttons to page through the others.
pub fn batches_ui(ui: &mut Ui, cx: &mut Cx<'_>, max_shown: usize) {
    let batches = cx.state.batches(cx.now);
    let last = max_shown.saturating_sub(1);
    let has_pages = batches.len() > max_shown;
    let alone = if has_pages { last } else { batches.len() };
    for batch in &batches[..alone] {
        ui.push_id(batch.id, |ui| batch_ui(ui, cx, batch, None));
    }
    if has_pages {
        let at = turned_to(ui, &batches, last);
        let pages = Pages {
            at,
            of: batches.len(),
        };
        let turned = ui.push_id(batches[at].id, |ui| {
            batch_ui(ui, cx, &batches[at], Some(pages))
        });
        if turned.inner {
            let next = if at + 1 < batches.len() { at + 1 } else { last };
            turn_to(ui, &batches, next);
        }
    }
    if batches.iter().any(|batch| batch.waiting() > 0) {
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
}

/// The page shown among the summaries, from 0.
#[derive(Clone, Copy)]
struct Pages {
    at: usize,
    of: usize,
}

/// The summary chosen for the last position, and the newest one at that time.
#[derive(Clone, Copy)]
struct Turned {
    newest: EntryId,
    to: EntryId,
}

/// Index of the summary shown in the last position: the one chosen, else an unfinished one, else the
/// newest.
fn turned_to(ui: &Ui, batches: &[Batch<'_>], last: usize) -> usize {
    let known: Option<Turned> = ui.data(|data| data.get_temp(Id::unique("turned summaries")));
    let newest = batches.first().map(|batch| batch.id);
    let known = known.filter(|known| Some(known.newest) == newest);
    let of = |id| batches.iter().position(|batch| batch.id == id);
    let known = known.and_then(|known| of(known.to));
    let known = known.filter(|at| *at >= last);
    let unfinished = || batches[last..].iter().position(|batch| !batch.has_ended());
    let at = known.unwrap_or_else(|| last + unfinished().unwrap_or_default());
    // It stays after it has ended: nothing replaces a summary while it is read.
    turn_to(ui, batches, at);
    at
}

fn turn_to(ui: &Ui, batches: &[Batch<'_>], at: usize) {
    if let (Some(newest), Some(to)) = (batches.first(), batches.get(at)) {
        let turned = Turned {
            newest: newest.id,
            to: to.id,
        };
        ui.data_mut(|data| data.insert_temp(Id::unique("turned summaries"), turned));
    }
}

/// Title: the order, the number of devices and the time; in a wide window also the devices.
fn title(ui: &Ui, cx: &Cx<'_>, batch: &Batch<'_>, first: &Entry) -> String {
    let what = if let Some(plan) = &first.order.plan {
        let count = devices(batch.devices());
        format!("{} on {count}", clean(&plan.name, 40))
    } else {
        let count = devices(batch.entries.len());
        format!("{} {count}", first.order.task.verb())
    };
    let at = clock_text(first.intended_at(), cx.now, &cx.state.zone);
    if ui.ctx().content_rect().width() < WIDE {
        return format!("{what}, {at}:");
    }
    let names = batch.entries.iter();
    let names = names.map(|entry| clean(&entry.order.machine.name(), 24).into_owned());
    let (_, names) = named(names, TITLED);
    format!("{what} ({names}), {at}:")
}

/// Number of distinct names, as a plan has several orders per device, and the first `max` of them with the
/// number of the others.
fn named(all: impl Iterator<Item = String>, max: usize) -> (usize, String) {
    let mut names = each_once(all);
    let count = names.len();
    names.truncate(max);
    let names = names.join(", ");
    let names = match count.saturating_sub(max) {
        0 => names,
        more => format!("{names} and {more} more"),
    };
    (count, names)
}

/// Shows a summary; returns whether to show another page.
fn batch_ui(ui: &mut Ui, cx: &mut Cx<'_>, batch: &Batch<'_>, pages: Option<Pages>) -> bool {
    let Some(first) = batch.entries.first() else {
        return false;
    };
    let title = title(ui, cx, batch, first);
    // No estimate while nothing can be sent.
    let can_send = cx.state.session.is_signed_in() && acting_trouble(cx.state).is_ok();
    let pause = batch.pause(cx.state, cx.now).map(|pause| pause.as_secs());
    let left = secs_left(ui, batch).max(pause);
    let left = left.filter(|_| batch.waiting() > 0 && can_send && !batch.has_held());
    // Width always reserved at the right: buttons appear and disappear there without moving the text.
    let labels = [STOP, ACKNOWLEDGE_SOME];
    let width = labels.map(|label| button_width(ui, label));
    let width = width[0].max(width[1]) + ui.tokens().height.icon + ui.tokens().space.s;
    let mut turns = false;
    raised_ui(ui, |ui| {
        let mut corner = beside_ui(ui, width, |ui| {
            if let Some(Pages { at, of }) = pages {
                let label = format!("{} of {of}", at + 1);
                let next = ActionButton::new(&label).name("Next summary").compact();
                let next = next
                    .key("next summary")
                    .hint("Each stays until you acknowledge it");
                turns = ui.add(next).clicked();
            }
            ui.strong_label(title);
            ui.wrapped(summary(batch, cx.state));
            if let Some(left) = left {
                let left = format!("about {} left", duration(left.max(1)));
                ui.weak_label(left);
            }
            // It is long, and shown only after an interruption.
            unsent_ui(ui, cx, batch);
        });
        buttons_ui(&mut corner, cx, batch);
    });
    turns
}

/// Estimated time until the waiting orders are sent, by egui's clock: the computer's may be changed
/// meanwhile.
fn secs_left(ui: &Ui, batch: &Batch<'_>) -> Option<i64> {
    let (time, sent) = (ui.input(|input| input.time), batch.sent());
    let id = Id::unique(("first seen", batch.id));
    let first: (f64, usize) = ui.data_mut(|data| *data.get_temp_mut_or(id, (time, sent)));
    let secs = batch.secs_left(sent.saturating_sub(first.1), time - first.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole seconds of an estimate"
    )]
    Some(secs as i64)
}

/// Shows the buttons of a summary.
fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    if batch.waiting() > 0 {
        let cannot = journal_trouble(cx.state).err();
        let stop = ActionButton::new(STOP)
            .icon(Icon::NotSent)
            .hint("Anything not yet sent will not be sent; anything already sent continues")
            .disabled_because(cannot.as_deref())
            .with_arm_delay();
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
        let mut unsent = batch.unsent.iter();
        let never_left = unsent.all(|entry| matches!(entry.status(), OrderStatus::NotSent { .. }));
        let label = format!("{} ({})…", send_verb(never_left), batch.unsent.len());
        let only_looks = acting_trouble(cx.state).err();
        let again = ActionButton::new(&label)
            .hint("Opens the form with those that were not sent or never reached Defender")
            .disabled_because(only_looks.as_deref())
            .with_arm_delay();
        if ui.add(again).clicked() {
            send_again(ui, cx, batch);
        }
    }
}

/// "4 isolated, 1 refused (srv-app-127)".
fn summary(batch: &Batch<'_>, state: &State) -> String {
    let counts = batch.statuses(state).into_iter();
    let counts = counts.map(|(word, count)| {
        let of_word = || {
            let entries = batch.entries.iter();
            entries.filter(|entry| state.status_word(entry) == word)
        };
        // Of all devices: a withdrawn order must not pass for one of the failed ones named.
        let is_wrong = of_word().any(|entry| state.entries.needs_attention(entry));
        let quoted = of_word().map(|entry| state.machine_of(entry).quoted());
        let (on, names) = named(quoted, MAX_NAMED);
        if !is_wrong {
            return counted(count, &word);
        }
        let which = format!(" ({names})");
        if count > on {
            let word = first_lower(&word);
            return format!("{count} orders on {} {word}{which}", devices(on));
        }
        format!("{}{which}", counted(count, &word))
    });
    let left_out = match batch.left_out {
        0 => String::new(),
        1 => "; 1 step left out".to_owned(),
        count => format!("; {count} steps left out"),
    };
    counts.collect::<Vec<_>>().join(", ") + &left_out
}

/// Shows the button that acknowledges a batch. If an order went wrong, a dialog names it again.
fn acknowledge_ui(ui: &mut Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    let entries = &cx.state.entries;
    let wrong = batch.entries.iter().any(|e| entries.needs_attention(e));
    // The button is gone once that is on disk; until then a press must have a visible effect.
    let id = Id::unique(("acknowledging summary", batch.id));
    let time = ui.input(|input| input.time);
    let pressed_at: Option<f64> = ui.data(|data| data.get_temp(id));
    let is_pressed = pressed_at.is_some_and(|at| time - at < ACKNOWLEDGING_SECS);
    let is_pressed = is_pressed.then(|| "Being written to the journal".to_owned());
    let why_not = why_not_acknowledge(cx.state).or(is_pressed);
    let button = ActionButton::new(if wrong {
        ACKNOWLEDGE_SOME
    } else {
        "Acknowledge"
    })
    .key("acknowledge")
    .icon(Icon::Done)
    .with_arm_delay()
    .hint("Removes this summary; its entries stay in the list and in the journal")
    .disabled_because(why_not.as_deref());
    if !ui.add(button).clicked() {
        return;
    }
    let unread = batch.entries.iter().filter(|e| e.acknowledged().is_none());
    if wrong {
        let ids = unread.map(|entry| entry.id()).collect();
        cx.views
            .open(OpenDialog::Acknowledge(Acknowledging::of(ids)));
    } else {
        let seen = unread.map(|entry| (entry.id(), entry.status().key()));
        cx.out.work.push(Command::Acknowledge(seen.collect()));
        ui.data_mut(|data| data.insert_temp(id, time));
    }
}

/// Opens the form of the unsent orders with the same text; nothing is confirmed by it.
fn send_again(ui: &Ui, cx: &mut Cx<'_>, batch: &Batch<'_>) {
    let unsent = batch.unsent.iter();
    let form = if let Some((plan, places)) = batch.plan() {
        let steps = unsent.filter_map(|entry| Some((*places.get(&entry.id())?, *entry)));
        NewForm::again(Some(Arc::new(plan)), steps.collect())
    } else {
        NewForm::again(None, unsent.map(|entry| (0, *entry)).collect())
    };
    if let Some(form) = form {
        form.raise(ui, cx);
    }
}
