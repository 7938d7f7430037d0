//! Buttons of an entry, the most urgent first.

use egui::Ui;

use crate::action::{ActionKind, Subject, TAG, type_noun};
use crate::journal::{Entry, OrderStatus, alternative};
use crate::message::Command;
use crate::model::{MachineAction, MachineActionId, MachineActionType, clean};
use crate::state::State;
use crate::ui::Cx;
use crate::ui::activity::record;
use crate::ui::activity::tag::tag_to_change;
use crate::ui::activity::undo;
use crate::ui::commands::{acting_trouble, journal_trouble, package_trouble, why_not_acknowledge};
use crate::ui::order::NewForm;
use crate::ui::theme::Role;
use crate::ui::views::OpenDialog;
use crate::ui::widgets::{ActionButton, Icon, badge, copy_button_ui};

/// Maximum length of a ticket on a button.
const TICKET_CHARS: usize = 24;
const TAG_CHARS: usize = 40;

/// One button of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Button {
    Acknowledge,
    Withdraw,
    Insist,
    /// Cancels the order's own action.
    CancelOwn(MachineActionId, MachineActionType),
    /// Cancels a colleague's action that may still undo this one.
    CancelOpposite(MachineActionId, MachineActionType),
    Undo(ActionKind),
    /// No action can undo it, for this reason.
    NoWayBack(&'static str),
    /// Adds a tag to a device that was contained, or removes it from one that was released.
    Tag(ActionKind, String),
    SendAgain {
        never_left: bool,
    },
    /// Downloads the package that the action has collected.
    Download,
    CancelDownload,
    ShowDevice,
    /// Opens the incident of the order's ticket.
    ShowIncident(String),
    Copy,
}

/// Verb of the button that opens the form again: an order never sent is not sent "again".
pub const fn send_verb(never_left: bool) -> &'static str {
    if never_left {
        "Review and send"
    } else {
        "Send again"
    }
}

impl Button {
    pub fn label(&self) -> String {
        match self {
            Self::Acknowledge => "Acknowledge".to_owned(),
            Self::Withdraw => "Withdraw".to_owned(),
            Self::Insist => "Send anyway…".to_owned(),
            Self::CancelOwn(..) => "Cancel…".to_owned(),
            Self::CancelOpposite(_, action_type) => {
                format!("Cancel the {}…", type_noun(action_type))
            }
            Self::Undo(_) => "Undo…".to_owned(),
            Self::NoWayBack(why) => (*why).to_owned(),
            Self::Tag(kind, tag) => format!("{} “{}”…", kind.spec().button, clean(tag, TAG_CHARS)),
            Self::SendAgain { never_left } => format!("{}…", send_verb(*never_left)),
            Self::Download => "Download package…".to_owned(),
            Self::CancelDownload => "Cancel download".to_owned(),
            Self::ShowDevice => "Show device".to_owned(),
            Self::ShowIncident(ticket) => clean(ticket, TICKET_CHARS).into_owned(),
            Self::Copy => String::new(),
        }
    }

    pub fn icon(&self) -> Option<Icon> {
        match self {
            Self::Acknowledge => Some(Icon::Done),
            Self::Undo(_) => Some(Icon::Undo),
            Self::NoWayBack(_) => Some(Icon::Info),
            Self::Copy
            | Self::Withdraw
            | Self::Insist
            | Self::CancelOwn(..)
            | Self::CancelOpposite(..)
            | Self::Tag(..)
            | Self::SendAgain { .. }
            | Self::Download
            | Self::CancelDownload
            | Self::ShowIncident(_)
            | Self::ShowDevice => None,
        }
    }

    /// Text of the tip.
    fn hint(&self, entry: &Entry, state: &State) -> Option<String> {
        let hint = match self {
            Self::Acknowledge => "Marks it as read and takes it off the top",
            Self::Withdraw => "Withdraws the order before it is sent",
            Self::Insist => {
                "Asks once more, then sends it without waiting for the other action to end"
            }
            Self::Undo(undo) => undo.spec().title,
            Self::Tag(kind, _) => kind.spec().consequence,
            Self::SendAgain { .. } => {
                "Opens the form with the same text; nothing is sent before you confirm it"
            }
            Self::Download => "Asks for the folder first",
            Self::CancelDownload => "Nothing that was downloaded is kept",
            Self::ShowIncident(_) => "Everything that carries this ticket",
            Self::ShowDevice => return Some(format!("Show {}", state.machine_of(entry).quoted())),
            Self::CancelOwn(..) | Self::CancelOpposite(..) | Self::NoWayBack(_) | Self::Copy => {
                return None;
            }
        };
        Some(hint.to_owned())
    }

    /// Why it is disabled now, if so.
    fn why_not(&self, state: &State) -> Option<String> {
        match self {
            Self::Acknowledge => why_not_acknowledge(state),
            Self::Withdraw => journal_trouble(state).err(),
            Self::Insist
            | Self::CancelOwn(..)
            | Self::CancelOpposite(..)
            | Self::Undo(_)
            | Self::Tag(..)
            | Self::SendAgain { .. } => acting_trouble(state).err(),
            Self::Download => package_trouble(state).err(),
            Self::CancelDownload
            | Self::ShowDevice
            | Self::ShowIncident(_)
            | Self::NoWayBack(_)
            | Self::Copy => None,
        }
    }
}

/// The buttons of an entry.
pub fn buttons(
    entry: &Entry,
    state: &State,
    overtaken: Option<&Entry>,
    opposites: &[&MachineAction],
) -> Vec<Button> {
    let mut buttons = Vec::new();
    let is_held = matches!(entry.status(), OrderStatus::Held { .. });
    let holds = overtaken.is_none() && state.undone_by(entry).is_none();
    if !is_held && state.entries.needs_attention(entry) {
        buttons.push(Button::Acknowledge);
    }
    match entry.status() {
        OrderStatus::Waiting => buttons.push(Button::Withdraw),
        OrderStatus::Held { .. } => buttons.extend([Button::Insist, Button::Withdraw]),
        OrderStatus::Accepted { action, .. } => {
            let kind = entry.order.task.kind();
            let kind = kind.filter(|kind| kind.spec().record.can_be_cancelled());
            let own = kind.map(|kind| {
                let wire_type = kind.spec().wire_type.clone();
                Button::CancelOwn(action.clone(), wire_type)
            });
            buttons.extend(own);
        }
        OrderStatus::Done { .. } => buttons.extend(done_buttons(entry, state, holds, opposites)),
        // It was sent again already: another one would be a duplicate.
        OrderStatus::NotSent { .. } | OrderStatus::NotFound if !state.is_left(entry) => {}
        OrderStatus::NotSent { .. } => buttons.push(Button::SendAgain { never_left: true }),
        OrderStatus::NotFound
        | OrderStatus::TimedOut { .. }
        | OrderStatus::Failed { .. }
        | OrderStatus::Cancelled { .. } => buttons.push(Button::SendAgain { never_left: false }),
        OrderStatus::NotOurs { .. } => {
            if state.ended_without_success(entry) {
                buttons.push(Button::SendAgain { never_left: false });
            }
        }
        OrderStatus::Refused { .. } => {
            if alternative(entry).is_none() {
                buttons.push(Button::SendAgain { never_left: false });
            }
        }
        OrderStatus::Sent | OrderStatus::TooLate { .. } | OrderStatus::Unknown { .. } => {}
    }
    if !entry.machine().is_every_device() {
        buttons.push(Button::ShowDevice);
    }
    let ticket = state.ticket_in(&entry.order.comment);
    buttons.extend(ticket.map(|ticket| Button::ShowIncident(ticket.to_owned())));
    buttons.push(Button::Copy);
    // After the common buttons, which keep their places.
    let tag = tag_to_change(entry, state).filter(|_| holds);
    buttons.extend(tag.map(|(kind, tag)| Button::Tag(kind, tag)));
    buttons
}

/// The buttons of a successful order; `holds` is whether its effect still holds.
fn done_buttons(
    entry: &Entry,
    state: &State,
    holds: bool,
    opposites: &[&MachineAction],
) -> Vec<Button> {
    let against = opposites.iter();
    let against = against.map(|a| Button::CancelOpposite(a.id.clone(), a.kind.clone()));
    let mut buttons: Vec<_> = download_button(entry, state)
        .into_iter()
        .chain(against)
        .collect();
    if let Some(kind) = entry.order.task.kind().filter(|_| holds) {
        buttons.extend(kind.spec().undo.map(Button::Undo));
        buttons.extend(kind.spec().no_way_back.map(Button::NoWayBack));
    }
    buttons
}

/// Shows a button, and raises its command if pressed.
pub fn button_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry, button: &Button) {
    let label = button.label();
    let look = match button {
        Button::NoWayBack(why) => {
            badge(ui, Icon::Info, Role::Stale, why);
            return;
        }
        Button::Copy => {
            let line = record::ticket_line(entry, cx.state);
            copy_button_ui(ui, "for ticket", &line);
            return;
        }
        Button::ShowDevice | Button::ShowIncident(_) => {
            ActionButton::quiet(&label).passes_focus_on()
        }
        Button::Acknowledge
        | Button::Withdraw
        | Button::Insist
        | Button::CancelOwn(..)
        | Button::CancelOpposite(..)
        | Button::Undo(_)
        | Button::Tag(..)
        | Button::SendAgain { .. }
        | Button::Download
        | Button::CancelDownload => ActionButton::new(&label).compact().with_arm_delay(),
    };
    let look = match button.icon() {
        Some(icon) => look.icon(icon),
        None => look,
    };
    let (hint, why_not) = (button.hint(entry, cx.state), button.why_not(cx.state));
    let look = match &hint {
        Some(hint) => look.hint(hint),
        None => look,
    };
    if ui.add(look.disabled_because(why_not.as_deref())).clicked() {
        press(ui, cx, entry, button);
    }
}

/// Executes a button, or opens the form or question before that.
fn press(ui: &Ui, cx: &mut Cx<'_>, entry: &Entry, button: &Button) {
    match button {
        Button::Acknowledge => {
            let seen = vec![(entry.id(), entry.status().key())];
            cx.out.work.push(Command::Acknowledge(seen));
        }
        Button::Withdraw => cx.out.work.push(Command::Withdraw(entry.id())),
        Button::Insist => cx.views.open(OpenDialog::Insist(entry.id())),
        Button::CancelOwn(action, action_type) | Button::CancelOpposite(action, action_type) => {
            NewForm::cancel(action, action_type, cx.state.machine_of(entry)).raise(ui, cx);
        }
        Button::Undo(undo) => {
            let state = cx.state;
            let form = NewForm {
                fill: Box::new(|draft| undo::fill(draft, entry, state)),
                ..NewForm::new(Subject::Act(*undo), &[cx.state.machine_of(entry)])
            };
            form.raise(ui, cx);
        }
        Button::Tag(kind, tag) => {
            let form = NewForm {
                fill: Box::new(|draft| draft.set(&TAG, tag.as_str())),
                ticket: cx.state.ticket_in(tag).map(str::to_owned),
                ..NewForm::new(Subject::Act(*kind), &[cx.state.machine_of(entry)])
            };
            form.raise(ui, cx);
        }
        Button::SendAgain { .. } => {
            if let Some(form) = NewForm::again(None, vec![(0, entry)]) {
                form.raise(ui, cx);
            }
        }
        Button::Download => cx.views.open(OpenDialog::Download(entry.id())),
        Button::CancelDownload => cx.out.work.push(Command::CancelDownload(entry.id())),
        Button::ShowDevice => cx.select_device(cx.state.machine_of(entry)),
        Button::ShowIncident(ticket) => cx.views.show_incident(ticket),
        Button::NoWayBack(_) | Button::Copy => {}
    }
}

/// The button of an entry's package, if it has one.
fn download_button(entry: &Entry, state: &State) -> Option<Button> {
    let news = state.downloads.get(&entry.id());
    entry.package().map(|_action| match news {
        Some(news) if !news.is_end() => Button::CancelDownload,
        Some(_) | None => Button::Download,
    })
}

#[cfg(test)]
mod tests {
    use crate::action::{Order, Task};
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::model::Mode;
    use crate::state::fixtures;
    use crate::ui::activity::buttons::*;

    fn refused(task: Task, status: u16, code: &str) -> Vec<Button> {
        let machine = fixtures::machine_ref("a19c07", None);
        let order = Order {
            task,
            ..fixtures::order("cdn-00000001", machine, ActionKind::Isolate)
        };
        let refusal = Record::Refused {
            status,
            code: code.into(),
            message: "".into(),
        };
        let entry = fixtures::entry(fixtures::author(), order, vec![refusal]);
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.entries = vec![entry.clone()].into();
        buttons(&entry, &state, None, &[])
    }

    #[test]
    fn refused_order_can_be_sent_again_if_the_response_may_differ() {
        let isolate = || Task::Act {
            kind: ActionKind::Isolate,
            values: crate::action::Values::default(),
        };
        let cancel = || Task::Cancel {
            action: MachineActionId::parse("b89eb834").expect("a literal id"),
            action_type: MachineActionType::Isolate,
        };
        for (task, status, code, again) in [
            (isolate(), 403, "Forbidden", true),
            (isolate(), 429, "", true),
            (isolate(), 404, "ResourceNotFound", true),
            (isolate(), 400, "ActiveRequestAlreadyExists", true),
            (isolate(), 400, "OsPlatformNotSupported", false),
            (isolate(), 400, "InvalidHashValue", false),
            (isolate(), 400, "", false),
            (cancel(), 403, "Forbidden", true),
            (cancel(), 400, "", false),
            (cancel(), 404, "", false),
        ] {
            let found = refused(task, status, code);
            assert_eq!(found[0], Button::Acknowledge, "{status} {code}");
            assert_eq!(
                found.contains(&Button::SendAgain { never_left: false }),
                again,
                "{status} {code}"
            );
        }
    }

    #[test]
    fn block_over_the_indicator_limit_can_be_sent_again() {
        let everywhere = crate::model::MachineRef::every_device();
        let block = fixtures::order("cdn-00000001", everywhere, ActionKind::BlockFile);
        for (message, again) in [
            ("Maximum number of indicators exceeded: 15000", true),
            ("Maximum number of indicators exceeded: 15,000", true),
            ("The request is not valid", false),
        ] {
            let refusal = Record::Refused {
                status: 400,
                code: "MaximumBatchSizeExceeded".into(),
                message: message.into(),
            };
            let entry = fixtures::entry(fixtures::author(), block.clone(), vec![refusal]);
            let mut state = State::new(Mode::Demo, "Demo", Policy::default());
            state.entries = vec![entry.clone()].into();
            let found = buttons(&entry, &state, None, &[]);
            assert_eq!(
                found.contains(&Button::SendAgain { never_left: false }),
                again,
                "{message}"
            );
        }
    }

    #[test]
    fn order_already_sent_again_is_not_offered_again() {
        let machine = || fixtures::machine_ref("a19c07", None);
        let entry = |tag| {
            let order = fixtures::order(tag, machine(), ActionKind::CollectInvestigationPackage);
            let why = crate::journal::NotSentReason::ConsoleEnded;
            let not_sent = Record::NotSent { why, detail: None };
            fixtures::entry(fixtures::author(), order, vec![not_sent])
        };
        let (first, again) = (entry("cdn-00000001"), entry("cdn-00000002"));
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.entries = vec![first.clone()].into();
        let offers = |state: &State, entry| {
            buttons(entry, state, None, &[]).contains(&Button::SendAgain { never_left: true })
        };
        assert!(offers(&state, &first));
        state.entries = vec![first.clone(), again.clone()].into();
        assert!(!offers(&state, &first) && offers(&state, &again));
    }
}
