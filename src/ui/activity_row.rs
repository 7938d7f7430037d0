//! One row of the activity list.

use egui::{Align, Frame, Margin, RichText, Sense, Ui, UiBuilder, accesskit};

use super::activity_words::{self, TICKING_SECS};
use super::theme::{Role, TokensExt as _, text};
use super::widgets::{ActionButton, Icon, badge, copy_button_ui, small_ui};
use super::{Cx, draft_form, look, words};
use crate::action::{Draft, Subject, Task, Value};
use crate::journal::{Entry, Standing};
use crate::message::{Command, Note};
use crate::model::{MachineActionId, MachineActionType};

/// Whether the row shows something that changes by the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticking {
    Yes,
    No,
}

/// Shows an entry with its buttons.
pub fn entry_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry) -> Ticking {
    let tokens = ui.tokens();
    let standing = entry.standing();
    let is_marked = cx.views.marked_entry == Some(entry.id());
    let fill = if is_marked {
        tokens.surface.selected
    } else {
        tokens.surface.panel
    };
    let frame = Frame::new()
        .fill(fill)
        .corner_radius(tokens.radius)
        .inner_margin(Margin::symmetric(8, 4));
    let builder = UiBuilder::new()
        .id_salt(("entry", entry.id()))
        .sense(Sense::hover());
    let row = ui.scope_builder(builder, |ui| {
        frame
            .show(ui, |ui| {
                ui.set_min_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = tokens.space.xs;
                let overtaken = activity_words::overtaken_by(entry, cx.state);
                let ticking = headline_ui(ui, cx, entry, standing, overtaken);
                for line in activity_words::details(entry, standing, cx.state, cx.now, cx.zone) {
                    small_ui(ui, &line);
                }
                buttons_ui(ui, cx, entry, standing, overtaken);
                ticking
            })
            .inner
    });
    let task = &entry.order.task;
    let name = format!("{}: {}", entry.machine().name_and_tail(), task.title());
    ui.ctx().accesskit_node_builder(row.response.id, |node| {
        node.set_role(accesskit::Role::Group);
        node.set_label(name);
        node.set_description(standing.word(task));
    });
    if is_marked {
        scroll_once(ui, entry, row.response.rect);
    }
    row.inner
}

/// A newly marked row comes into sight; after that the person scrolls.
fn scroll_once(ui: &Ui, entry: &Entry, rect: egui::Rect) {
    let id = egui::Id::unique("activity scrolled to");
    let before = ui.data(|data| data.get_temp(id));
    if before != Some(entry.id()) {
        ui.data_mut(|data| data.insert_temp(id, entry.id()));
        ui.scroll_to_rect(rect, Some(Align::Center));
    }
}

fn headline_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    entry: &Entry,
    standing: &Standing,
    overtaken: Option<&Entry>,
) -> Ticking {
    let tokens = ui.tokens();
    let task = &entry.order.task;
    let note = cx.state.notes.get(&entry.id());
    let weak = |text: String| RichText::new(text).color(tokens.text_weak);
    ui.horizontal_wrapped(|ui| {
        let (icon, role) = match overtaken {
            Some(_) => (look::order_status(standing).0, Role::Stale),
            None => look::order_status(standing),
        };
        let status = badge(ui, icon, role, &standing.word(task));
        ui.ctx().accesskit_node_builder(status.id, |node| {
            node.set_live(accesskit::Live::Polite);
        });
        ui.label(RichText::new(entry.machine().name_and_tail()).text_style(text::strong()));
        ui.label(task.title());
        let age = activity_words::age(entry, standing, cx.now, cx.zone);
        let hover = format!(
            "Confirmed {} ({})\nby {}",
            words::local_time(entry.intended_at(), cx.zone),
            words::utc_time(entry.intended_at()),
            crate::model::clean(&entry.author.account, 80)
        );
        ui.label(weak(age)).on_hover_text(hover);
        if let Some(later) = overtaken {
            let word = later.standing().word(&later.order.task);
            ui.label(format!("{} since then", word.to_lowercase()));
        }
        if !is_ours(entry, cx) {
            let author = crate::model::clean(&entry.author.account, 80);
            let words = if standing.is_end() {
                format!("by {author}")
            } else {
                format!("by {author}: followed again when that account signs in")
            };
            ui.label(weak(words));
        } else if let Some(note) = note {
            ui.label(weak(activity_words::next(note, cx.now)));
        }
    });
    ticking(entry, standing, note, cx)
}

/// Whether nobody else than the present account has ordered it.
fn is_ours(entry: &Entry, cx: &Cx<'_>) -> bool {
    let account = cx.state.session.account();
    account.is_none_or(|account| entry.author.is(account))
}

fn ticking(entry: &Entry, standing: &Standing, note: Option<&Note>, cx: &Cx<'_>) -> Ticking {
    let secs = cx.now.duration_since(entry.intended_at()).as_secs();
    let counts_up = is_ours(entry, cx) && !standing.is_end() && secs < TICKING_SECS;
    let counts_down = note.is_some_and(|note| {
        !matches!(
            note,
            Note::Stuck(_) | Note::WaitsForSignIn | Note::WaitsForTurn
        )
    });
    if counts_up || counts_down {
        Ticking::Yes
    } else {
        Ticking::No
    }
}

fn buttons_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    entry: &Entry,
    standing: &Standing,
    overtaken: Option<&Entry>,
) {
    let order = &entry.order;
    ui.horizontal_wrapped(|ui| {
        if ui.add(ActionButton::quiet("Show device")).clicked() {
            cx.views.selected = Some(entry.machine());
            cx.views.scroll_to_selection = true;
        }
        match standing {
            Standing::Waiting => withdraw_ui(ui, cx, entry),
            Standing::Held { .. } => {
                if ui
                    .add(ActionButton::new("Send all the same").ignores_enter())
                    .clicked()
                {
                    cx.out.work.push(Command::Insist(entry.id()));
                }
                withdraw_ui(ui, cx, entry);
            }
            Standing::Accepted { action, .. } => {
                if let Some(kind) = order.task.kind() {
                    cancel_ui(ui, cx, entry, action, &kind.spec().wire_type);
                }
            }
            Standing::Done { .. } => {
                if overtaken.is_none() {
                    undo_ui(ui, cx, entry);
                }
                for open in activity_words::still_open_opposites(entry, cx.state) {
                    cancel_ui(ui, cx, entry, &open.id, &open.kind);
                }
            }
            Standing::NotSent { .. }
            | Standing::NotFound
            | Standing::TimedOut { .. }
            | Standing::Failed { .. } => {
                if ui.add(ActionButton::new("Review again…")).clicked() {
                    review_again(ui, cx, entry);
                }
            }
            Standing::Sent
            | Standing::TooLate { .. }
            | Standing::Cancelled { .. }
            | Standing::Refused { .. }
            | Standing::Unknown { .. }
            | Standing::SomeoneElses { .. } => {}
        }
        copy_button_ui(
            ui,
            "for ticket",
            &activity_words::ticket_line(entry, standing),
        );
    });
}

fn withdraw_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry) {
    let button = ActionButton::new("Withdraw").hint("Takes the order back before it leaves");
    if ui.add(button).clicked() {
        cx.out.work.push(Command::Withdraw(entry.id()));
    }
}

/// Offers to cancel an action on the entry's device: its own, or one that would undo it.
fn cancel_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    entry: &Entry,
    action: &MachineActionId,
    action_type: &MachineActionType,
) {
    let own = entry.standing().action() == Some(action);
    let label = if own {
        "Cancel…".to_owned()
    } else {
        format!("Cancel {action_type}…")
    };
    if ui.add(ActionButton::new(&label)).clicked() {
        let subject = Subject::Cancel {
            action: action.clone(),
            action_type: action_type.clone(),
        };
        draft_form::raise_form(ui, cx, &entry.machine(), subject, |_| {});
    }
}

fn undo_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry) {
    let Some(kind) = entry.order.task.kind() else {
        return;
    };
    let spec = kind.spec();
    if let Some(undo) = spec.undo {
        let button = ActionButton::new("Undo…")
            .icon(Icon::Undo)
            .hint(undo.spec().title);
        if ui.add(button).clicked() {
            draft_form::raise_form(ui, cx, &entry.machine(), Subject::Act(undo), |_| {});
        }
    }
    if let Some(no_way_back) = spec.no_way_back {
        badge(ui, Icon::Info, Role::Stale, no_way_back);
    }
}

/// Opens the same form with the same text; nothing is confirmed by it.
fn review_again(ui: &Ui, cx: &mut Cx<'_>, entry: &Entry) {
    draft_form::raise_form(ui, cx, &entry.order.machine, subject(entry), |draft| {
        refill(draft, entry);
    });
}

/// What the form of an entry was about.
pub fn subject(entry: &Entry) -> Subject {
    match &entry.order.task {
        Task::Act { kind, .. } => Subject::Act(*kind),
        Task::Cancel {
            action,
            action_type,
        } => Subject::Cancel {
            action: action.clone(),
            action_type: action_type.clone(),
        },
    }
}

/// Puts the text of an entry into a form.
pub fn refill(draft: &mut Draft, entry: &Entry) {
    draft.comment = entry.order.comment.to_string();
    if let Task::Act { values, .. } = &entry.order.task {
        for value in values {
            match value {
                Value::IsolationType(isolation_type) => draft.isolation_type = *isolation_type,
                Value::Sha1(sha1) => draft.sha1 = sha1.to_string(),
            }
        }
    }
}
