//! Before an order leaves that is held because an opposite action is under way.

use egui::{Id, RichText, Ui};

use crate::journal::{Entry, OrderStatus};
use crate::message::Command;
use crate::model::{EntryId, first_lower};
use crate::ui::Cx;
use crate::ui::activity::wording::details;
use crate::ui::commands::journal_trouble;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::views::OpenDialog;
use crate::ui::widgets::{ActionButton, Dialog, UiExt as _};

/// Asks before a held order is sent: which device, what is under way, and what will come of it.
pub fn insist_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: EntryId) {
    let id = Id::unique("insist");
    let Some(held) = cx.state.entry(entry) else {
        Dialog::return_focus(ui.ctx(), id);
        return;
    };
    let why_not = why_not(cx, held);
    let title = "Send it before the other action has ended?";
    let what = details(held, cx.state, cx.now, cx.zone).join(". ");
    let dialog = Dialog::new(id, title).description(&what);
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        let name = cx.state.machine_of(held).name_and_tail();
        ui.wrapped(RichText::new(name).text_style(text::device()));
        ui.wrapped(RichText::new(held.order.task.title()).text_style(text::strong()));
        ui.wrapped(&what);
        ui.add_space(ui.tokens().space.s);
        ui.horizontal_wrapped(|ui| {
            let keep = ui.add(ActionButton::new("Keep waiting"));
            if is_opening {
                keep.request_focus();
            }
            let label = format!(
                "Send now: {} {}",
                held.order.task.verb(),
                cx.state.machine_of(held).quoted()
            );
            let send = ActionButton::danger(&label)
                .key("send")
                .with_arm_delay()
                .ignores_enter()
                .disabled_because(why_not.as_deref());
            (keep.clicked(), ui.add(send).clicked())
        })
        .inner
    });
    let (keeps, sends) = response.inner;
    if sends {
        cx.out.work.push(Command::Insist(entry));
    } else if !keeps && !response.close_requested {
        cx.views.dialog = Some(OpenDialog::Insist(entry));
        return;
    }
    Dialog::return_focus(ui.ctx(), id);
}

/// Why it cannot be sent so; the order may have gone on while the question stood there.
fn why_not(cx: &Cx<'_>, entry: &Entry) -> Option<String> {
    if matches!(entry.status(), OrderStatus::Held { .. }) {
        return journal_trouble(cx.state).err();
    }
    let word = first_lower(&entry.status().word(&entry.order.task));
    Some(format!("It is no longer held: {word}"))
}
