//! The device panel's lower half: available actions, and recent ones by anyone.

use egui::{
    Align, Frame, Label, Layout, Margin, RichText, TextStyle, Ui, UiBuilder, accesskit, vec2,
};
use jiff::SignedDuration;

use crate::action::{ActionKind, Change, Group, Subject};
use crate::model::{
    HResult, MachineAction, MachineActionStatus, MachineRef, clean, filled, first_upper, tag_last,
};
use crate::state::Remote;
use crate::ui::commands::{PLAN_HELP, act_availability, acting_trouble, plan_availability};
use crate::ui::layout::WIDE;
use crate::ui::look;
use crate::ui::look::condition_icon;
use crate::ui::order::NewForm;
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::widgets::{ActionButton, Icon, TipExt as _, UiExt as _, copyable_ui, section_ui};
use crate::ui::{Cx, words};

const COMMENT_CHARS: usize = 500;
/// Width of the label before a group of buttons.
const GROUP_WIDTH: f32 = 84.0;
/// Maximum number of actions drawn; the heading has the total.
const MAX_ACTIONS: usize = 40;
/// Age up to which someone may still be working on the device.
const RECENT: SignedDuration = SignedDuration::from_hours(1);

/// Why some of the buttons are disabled.
pub struct Reasons {
    /// Each reason with the buttons that it disables.
    reasons: Vec<(String, Vec<&'static str>)>,
    /// Number of buttons.
    count: usize,
}

impl Reasons {
    /// Notes why this button is disabled, if it is.
    fn add(&mut self, reason: Option<String>, label: &'static str) {
        let Some(reason) = reason else {
            return;
        };
        match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, labels)) => labels.push(label),
            None => self.reasons.push((reason, vec![label])),
        }
    }

    /// Shows each reason once, with the buttons that it disables.
    pub fn show_ui(&self, ui: &mut Ui) {
        let tokens = ui.tokens();
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = tokens.space.xs;
            for (reason, labels) in &self.reasons {
                // One line for a reason that disables all of them.
                let line = if labels.len() == self.count {
                    reason.clone()
                } else {
                    format!("{}: {reason}", labels.join(", "))
                };
                let line = RichText::new(line).text_style(TextStyle::Small);
                ui.wrapped(line.color(tokens.stale));
            }
        });
    }
}

/// Shows a button for each kind of action, in groups. Returns why some are disabled, which their tips also
/// say.
#[must_use]
pub fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>, machine: &MachineRef) -> Reasons {
    section_ui(ui, "Actions");
    let record = cx.state.machine(&machine.id).map(AsRef::as_ref);
    let kinds = ActionKind::ALL.iter().copied();
    let kinds: Vec<_> = kinds.filter(|kind| kind.is_offered_on(record)).collect();
    let mut reasons = Reasons {
        reasons: Vec::new(),
        count: kinds.len() + 1,
    };
    for group in Group::ALL {
        let of_group = kinds.iter().filter(|kind| kind.spec().group == *group);
        let of_group: Vec<_> = of_group.copied().collect();
        if of_group.is_empty() {
            continue;
        }
        ui.horizontal_top(|ui| {
            group_word_ui(ui, group.word());
            // A layout of its own, so that a second line of buttons starts below the first.
            ui.horizontal_wrapped(|ui| {
                for kind in of_group {
                    let reason = button_ui(ui, cx, machine, kind);
                    reasons.add(reason, kind.spec().button);
                }
            });
        });
    }
    reasons.add(plan_ui(ui, cx, machine), "Plan");
    reasons
}

/// Shows the button that opens the form of a plan; returns why it is disabled, if so.
fn plan_ui(ui: &mut Ui, cx: &mut Cx<'_>, machine: &MachineRef) -> Option<String> {
    let reason = plan_availability(cx.state).err();
    ui.horizontal_top(|ui| {
        group_word_ui(ui, "Several");
        let button = ActionButton::new("Plan…")
            .icon(Icon::InProgress)
            .hint(PLAN_HELP)
            .disabled_because(reason.as_deref());
        if ui.add(late_over_list(ui, button)).clicked() {
            NewForm::plan(None, std::slice::from_ref(machine)).raise(ui, cx);
        }
    });
    reason
}

/// In a narrow window the panel opens over the clicked row: a double click must not order anything.
fn late_over_list<'a>(ui: &Ui, button: ActionButton<'a>) -> ActionButton<'a> {
    if ui.ctx().content_rect().width() < WIDE {
        button.with_arm_delay()
    } else {
        button
    }
}

fn group_word_ui(ui: &mut Ui, word: &str) {
    let word = RichText::new(word).text_style(TextStyle::Small);
    let label = Label::new(word.color(ui.tokens().text_weak));
    let size = vec2(GROUP_WIDTH, ui.tokens().height.control);
    let layout = Layout::left_to_right(Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_width(GROUP_WIDTH);
        ui.add(label);
    });
}

/// Shows the button of one kind; returns why it is disabled, if so.
fn button_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    machine: &MachineRef,
    kind: ActionKind,
) -> Option<String> {
    let spec = kind.spec();
    let reason = act_availability(kind, machine, cx.state, cx.now).err();
    let label = format!("{}…", spec.button);
    let button = ActionButton::new(&label)
        .icon(icon_of(kind))
        .hint(spec.consequence)
        .disabled_because(reason.as_deref());
    if ui.add(late_over_list(ui, button)).clicked() {
        NewForm::new(Subject::Act(kind), std::slice::from_ref(machine)).raise(ui, cx);
    }
    reason
}

fn icon_of(kind: ActionKind) -> Icon {
    let spec = kind.spec();
    match (spec.change, spec.group) {
        (Change::Clears(_), _) => Icon::Undo,
        (Change::Sets(condition), _) => condition_icon(condition),
        (Change::Nothing, Group::Investigate) => Icon::Search,
        (Change::Nothing, Group::Contain | Group::File) => Icon::Block,
        (Change::Nothing, Group::Mark) => Icon::Info,
    }
}

/// Shows the actions on the device by anyone, newest first.
pub fn recent_ui(ui: &mut Ui, cx: &mut Cx<'_>, machine: &MachineRef) {
    section_ui(ui, "Recent actions");
    let state = cx.state;
    let reading = state.histories.get(&machine.id);
    let actions = state.known_actions(&machine.id);
    if let Some(failure) = reading.and_then(|reading| reading.failure.as_ref()) {
        look::failure_ui(ui, failure, Role::Caution, None);
    }
    let read_at = reading.and_then(Remote::read_at);
    let is_whole = state
        .history(&machine.id)
        .is_none_or(|history| history.is_complete);
    let status = match (reading.is_some_and(|reading| reading.loading), read_at) {
        (true, _) => "Reading the action history…".to_owned(),
        (false, Some(at)) if !is_whole => format!(
            "{} read {}; others are missing or unreadable",
            actions.len(),
            words::ago(at, cx.now)
        ),
        (false, Some(at)) if actions.is_empty() => {
            format!(
                "No actions in the history of this device (read {})",
                words::ago(at, cx.now)
            )
        }
        (false, Some(at)) => format!("{} in all, read {}", actions.len(), words::ago(at, cx.now)),
        (false, None) if actions.is_empty() => "Not read yet".to_owned(),
        (false, None) => {
            "Possibly incomplete: this device's own history was not read yet".to_owned()
        }
    };
    ui.small_label(status);
    for action in actions.iter().take(MAX_ACTIONS) {
        action_ui(ui, cx, machine, action);
    }
}

fn action_ui(ui: &mut Ui, cx: &mut Cx<'_>, machine: &MachineRef, action: &MachineAction) {
    let tokens = ui.tokens();
    let is_recent = action
        .created
        .is_some_and(|at| cx.service_now().duration_since(at) < RECENT);
    let fill = if is_recent {
        tokens.surface.raised
    } else {
        tokens.surface.panel
    };
    let builder = UiBuilder::new()
        .id_salt(("action", &action.id))
        .sense(egui::Sense::hover());
    let row = ui.scope_builder(builder, |ui| {
        Frame::new()
            .fill(fill)
            .corner_radius(tokens.radius)
            .inner_margin(Margin::symmetric(8, 4))
            .show(ui, |ui| {
                ui.set_min_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = tokens.space.xs;
                action_head_ui(ui, cx, action);
                for line in action_lines(action) {
                    ui.small_label(line);
                }
                if let Some(sha1) = action.file_identifier.as_deref() {
                    copyable_ui(ui, "file hash", &clean(sha1, 80));
                }
                let why = acting_trouble(cx.state).err();
                let cancel = ActionButton::new("Cancel…").disabled_because(why.as_deref());
                let kind = ActionKind::of(action);
                let can_be = kind.is_none_or(|kind| kind.spec().record.can_be_cancelled());
                if can_be && !action.status.is_final() && ui.add(cancel).clicked() {
                    NewForm::cancel(&action.id, &action.kind, machine.clone()).raise(ui, cx);
                }
            });
    });
    let status = look::action_status(&action.status).word;
    let name = format!("{}: {status}", action_name(action));
    ui.ctx().accesskit_node_builder(row.response.id, |node| {
        node.set_role(accesskit::Role::Group);
        node.set_label(name);
    });
}

/// Name of an action with its variant: `Isolate (Full)`.
pub(in crate::ui) fn action_name(action: &MachineAction) -> String {
    if let Some(kind) = ActionKind::by_scope(action) {
        return kind.spec().button.to_owned();
    }
    let kind = words::spaced(action.kind.as_wire());
    let kind = clean(&kind, 64);
    match action.scope.as_deref() {
        Some(scope) => format!("{kind} ({})", clean(&words::spaced(scope), 40)),
        None => kind.into_owned(),
    }
}

fn action_head_ui(ui: &mut Ui, cx: &Cx<'_>, action: &MachineAction) {
    ui.horizontal_wrapped(|ui| {
        let what = action_name(action);
        ui.strong_label(what);
        look::action_status(&action.status).badge_ui(ui);
        match action.created {
            Some(at) => {
                let when = format!(
                    "{}, {}",
                    words::local_time(at, &cx.state.zone),
                    words::ago(at, cx.service_now())
                );
                ui.weak_label(when).tip(words::utc_time(at));
            }
            None => {
                ui.weak_label("time unknown");
            }
        }
    });
}

/// Requestor, source, comment and error, a line each.
fn action_lines(action: &MachineAction) -> Vec<String> {
    let given = |text: &Option<Box<str>>, max_chars: usize| {
        filled(text.as_deref()).map(|text| clean(text, max_chars).into_owned())
    };
    let by = action.requested_by().map(|by| format!("By {by}"));
    let source = given(&action.request_source, 60);
    let source = source.map(|source| format!("through {source}"));
    let from: Vec<_> = by.into_iter().chain(source).collect();
    let mut lines = Vec::new();
    if !from.is_empty() {
        lines.push(first_upper(&from.join(", ")));
    }
    let comment = filled(action.requestor_comment.as_deref());
    let comment = comment.map(|comment| clean(&tag_last(comment), COMMENT_CHARS).into_owned());
    lines.extend(comment);
    let cancelled_by = given(&action.cancellation_requestor, 80);
    let cancelled_why = given(&action.cancellation_comment, COMMENT_CHARS);
    // A cancellation is only a request: the device may still carry the action out.
    let cancelled = if action.status == MachineActionStatus::Cancelled {
        "Cancelled"
    } else if action.status.is_final() {
        "Cancellation was requested"
    } else {
        "Cancellation requested"
    };
    match (cancelled_by, cancelled_why) {
        (Some(by), Some(why)) => lines.push(format!("{cancelled} by {by}: {why}")),
        (Some(by), None) => lines.push(format!("{cancelled} by {by}")),
        (None, Some(why)) => lines.push(format!("{cancelled}: {why}")),
        (None, None) => {}
    }
    if action.error_hresult != HResult(0) {
        lines.push(format!("Result {}", action.error_hresult));
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::model::{MachineActionId, MachineActionStatus, MachineActionType};
    use crate::ui::device::actions::*;

    #[test]
    fn action_shows_requestor_reason_and_error() {
        let id = MachineActionId::parse("a").expect("a literal id");
        let mut action =
            MachineAction::bare(id, MachineActionType::Isolate, MachineActionStatus::Failed);
        assert_eq!(action_lines(&action), ["By an unknown requestor"]);
        action.requestor = Some("s.weber@contoso.com".into());
        action.request_source = Some("Portal".into());
        action.requestor_comment = Some("evil\u{202e}".into());
        action.cancellation_requestor = Some("jane".into());
        action.error_hresult = HResult(-2_147_467_260);
        assert_eq!(
            action_lines(&action),
            [
                "By s.weber@contoso.com, through Portal",
                "evil\\u{202e}",
                "Cancellation was requested by jane",
                "Result 0x80004004 (-2147467260), the operation was aborted"
            ]
        );
    }
}
