//! Confirmation before sending an order that is held because of an opposite action.

use egui::{Id, RichText, Ui};

use crate::journal::{Entry, OrderStatus};
use crate::message::Command;
use crate::model::{EntryId, first_lower};
use crate::ui::Cx;
use crate::ui::activity::wording::details;
use crate::ui::commands::journal_trouble;
use crate::ui::theme::text;
use crate::ui::widgets::{ActionButton, Decision, Dialog, UiExt as _};

/// Asks before a held order is sent, showing the device, the opposite action and the consequence. Returns
/// whether the dialog stays open.
pub fn insist_ui(ui: &Ui, cx: &mut Cx<'_>, entry: EntryId) -> bool {
    let id = Id::unique("insist");
    let Some(held) = cx.state.entry(entry) else {
        Dialog::return_focus(ui.ctx(), id);
        return false;
    };
    let why_not = why_not(cx, held);
    let title = "Send it before the other action has ended?";
    let what = details(held, cx.state, cx.now).join(". ");
    let dialog = Dialog::new(id, title).description(&what);
    let (task, machine) = (&held.order.task, cx.state.machine_of(held));
    let label = format!("Send now: {} {}", task.verb(), machine.quoted());
    let send = ActionButton::danger(&label)
        .key("send")
        .with_arm_delay()
        .ignores_enter()
        .disabled_because(why_not.as_deref());
    let decision = dialog.ask(ui.ctx(), "Keep waiting", send, |ui| {
        ui.wrapped(RichText::new(machine.name_and_tail()).text_style(text::device()));
        ui.wrapped(RichText::new(task.title()).text_style(text::strong()));
        ui.wrapped(&what);
    });
    if decision == Decision::Act {
        cx.out.work.push(Command::Insist(entry));
    }
    decision == Decision::Pending
}

/// Why it cannot be sent now; the order may have changed while the question was open.
fn why_not(cx: &Cx<'_>, entry: &Entry) -> Option<String> {
    if matches!(entry.status(), OrderStatus::Held { .. }) {
        return journal_trouble(cx.state).err();
    }
    let word = first_lower(&entry.status().word(&entry.order.task));
    Some(format!("It is no longer held: {word}"))
}
