//! Review part of the form: age of the facts, findings of the guardrails, and the exact text that would be
//! sent.

use egui::{Frame, Margin, RichText, Ui};
use jiff::{SignedDuration, Timestamp};

use super::form::OrderForm;
use crate::action::{Draft, Order, Task};
use crate::explain::NextStep;
use crate::guard::{Finding, Review};
use crate::model::{MachineId, MachineRef, Permission, clean};
use crate::state::{Remote, State};
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{UiExt as _, live_badge};
use crate::ui::{Cx, look, words};

/// Gap between related lines, in points.
pub const LINE_GAP: f32 = 2.0;

/// Describes whether the devices were read again since the form opened.
pub fn facts_status(ui: &Ui, cx: &Cx<'_>, form: &OrderForm) -> (Role, String) {
    let least = least_fresh(ui, cx, form);
    least.map_or_else(
        || (Role::Neutral, String::new()),
        |least| least.words(cx.now),
    )
}

/// Text that the only device has no warnings. While the facts are read again, it carries the time of the
/// earlier facts: the new ones may bring a warning.
pub fn nothing_found(ui: &Ui, cx: &Cx<'_>, form: &OrderForm, none: &str) -> String {
    if let Some(Freshness::Read(_)) = least_fresh(ui, cx, form) {
        return none.to_owned();
    }
    let known = form.only().and_then(|only| known_since(cx.state, only));
    known.map_or_else(
        || "Warnings not checked yet".to_owned(),
        |at| {
            let at = words::clock_text(at, cx.now, &cx.state.zone);
            format!("{none} as of {at}")
        },
    )
}

/// Time of the oldest fact by which a device is judged.
fn known_since(state: &State, machine: &MachineRef) -> Option<Timestamp> {
    if machine.is_every_device() {
        return state.indicators.read_at();
    }
    let history = state.histories.get(&machine.id)?.read_at()?;
    let record = state.machines.get(&machine.id).and_then(Remote::read_at);
    let list = || state.inventory.read_at.or(state.inventory.kept_at);
    Some(history.min(record.or_else(list)?))
}

/// Freshness of the facts behind the review; the least fresh device decides.
fn least_fresh<'a>(ui: &Ui, cx: &Cx<'a>, form: &OrderForm) -> Option<Freshness<'a>> {
    if form.only().is_some_and(MachineRef::is_every_device) {
        return Some(indicators_freshness(cx.state));
    }
    let open_for = ui.input(|input| input.time) - form.opened_at;
    let opened = SignedDuration::try_from_secs_f64(open_for).unwrap_or_default();
    let ids = form.targets.iter().map(|target| &target.machine.id);
    ids.map(|id| freshness(cx.state, id, cx.now - opened)).max()
}

/// Freshness of the tenant-wide indicators.
fn indicators_freshness(state: &State) -> Freshness<'_> {
    let read = &state.indicators;
    let lacks = state.session.is_known_to_lack(&Permission::TiReadWrite);
    match (&read.failure, read.read_at()) {
        _ if read.loading => Freshness::Reading,
        (Some(failure), _) => Freshness::Failed(&failure.headline),
        (None, Some(at)) => Freshness::Read(std::cmp::Reverse(at)),
        (None, None) if lacks => Freshness::NotAllowed,
        (None, None) => Freshness::Reading,
    }
}

/// Freshness of the facts about a device, the best first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Freshness<'a> {
    /// Older is worse.
    Read(std::cmp::Reverse<Timestamp>),
    Reading,
    Failed(&'a str),
    /// The account lacks the permission.
    NotAllowed,
}

impl Freshness<'_> {
    fn words(self, now: Timestamp) -> (Role, String) {
        match self {
            Self::Read(std::cmp::Reverse(at)) => {
                let age = now.duration_since(at).as_secs();
                let age = if age < 60 {
                    "just now".to_owned()
                } else {
                    words::ago(at, now)
                };
                (Role::Neutral, format!("Checked against Defender {age}"))
            }
            Self::Reading => (Role::Neutral, "Checking against Defender…".to_owned()),
            Self::Failed(why) => (Role::Unknown, format!("Not checked again: {why}")),
            Self::NotAllowed => (Role::Unknown, "Not checked".to_owned()),
        }
    }
}

fn freshness<'a>(state: &'a State, id: &MachineId, opened: Timestamp) -> Freshness<'a> {
    let (machine, history) = (state.machines.get(id), state.histories.get(id));
    let read_at = |at: Option<Timestamp>| at.filter(|at| *at >= opened);
    let reads = (
        read_at(machine.and_then(Remote::read_at)),
        read_at(history.and_then(Remote::read_at)),
    );
    if let (Some(one), Some(other)) = reads {
        return Freshness::Read(std::cmp::Reverse(one.min(other)));
    }
    let is_loading = machine.is_some_and(|m| m.loading) || history.is_some_and(|h| h.loading);
    let failure = machine
        .and_then(|m| m.failure.as_ref())
        .or(history.and_then(|h| h.failure.as_ref()));
    match failure.filter(|_| !is_loading) {
        Some(failure) => Freshness::Failed(&failure.headline),
        None => Freshness::Reading,
    }
}

/// Shows a guardrail's finding, and what to do about it.
pub fn finding_ui(ui: &mut Ui, review: &Review, finding: &Finding, cx: &Cx<'_>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let (icon, role) = look::finding(finding.severity, review.is_stopped_by(finding));
    live_badge(ui, icon, role, &finding.text());
    let mut next = finding.next.words();
    if let NextStep::Wait { until } = &finding.next {
        next = format!(
            "{next}, until {}",
            words::local_time(*until, &cx.state.zone)
        );
    }
    if !next.is_empty() {
        ui.indent(finding.rail, |ui| ui.small_label(next));
    }
}

/// Shows each property of the request body as sent, with the device if there is only one.
pub fn preview_ui(ui: &mut Ui, drafts: &[Draft], only: Option<&MachineRef>) {
    let tokens = ui.tokens();
    let to = match drafts.first().map(Draft::task) {
        Some(Task::Cancel { action, .. }) => Some(format!("To action: {action}")),
        Some(task @ Task::Act { .. }) if task.is_tenant_wide() => {
            only.map(|everywhere| match task.indicator() {
                Some(id) => format!("To be removed: indicator {id}"),
                None => format!("To: {}", everywhere.name()),
            })
        }
        Some(Task::Act { .. }) => only.map(|machine| format!("To device: {}", machine.id)),
        None => None,
    };
    ui.small_label("Exact text to be sent");
    Frame::new()
        .fill(tokens.surface.raised)
        .corner_radius(tokens.radius)
        .inner_margin(Margin::same(8))
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = LINE_GAP;
            let of_each = drafts.iter().flat_map(|draft| {
                let step = draft.task().kind().filter(|_| draft.plan.is_some());
                let step = step.map(|kind| format!("{}:", kind.spec().title));
                step.into_iter().chain(preview(draft))
            });
            for line in to.into_iter().chain(of_each) {
                ui.wrapped(RichText::new(line).text_style(text::id()));
            }
        });
}

fn preview(draft: &Draft) -> Vec<String> {
    let order = Order {
        entry: draft.entry,
        machine: draft.machine.clone(),
        comment: draft.comment.trim().into(),
        batch: draft.batch,
        plan: draft.plan.clone(),
        task: draft.task(),
    };
    let body = order.body().into_iter();
    body.map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}: {}", clean(text, 2_000)),
        None => format!("{name}: {value}"),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use crate::action::{ActionKind, Subject};
    use crate::explain::Explanation;
    use crate::guard::Policy;
    use crate::model::{EntryId, Mode};
    use crate::state::HistoryRead;
    use crate::ui::order::review::*;

    fn id() -> MachineId {
        MachineId::parse("a1").expect("a literal id")
    }

    #[test]
    fn preview_is_the_request_body_even_of_unfinished_form() {
        let machine = MachineRef {
            id: id(),
            dns_name: None,
        };
        let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
        let mut draft = Draft::new(entry, machine, Subject::Act(ActionKind::Isolate));
        draft.comment = "  alert 12\u{202e}34 ".into();
        assert_eq!(
            preview(&draft),
            [
                "Comment: [cdn-7F3K2Q9M] alert 12\\u{202e}34",
                "IsolationType: Full",
                "ExternalId: cdn-7F3K2Q9M"
            ]
        );
    }

    #[test]
    fn only_a_reading_after_opening_counts_as_read_again() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let at = |second| Timestamp::from_second(second).expect("a literal time");
        let status = |state: &State| freshness(state, &id(), at(10)).words(at(20)).1;
        assert_eq!(status(&state), "Checking against Defender…");
        let read = |second| Remote {
            value: Some((HistoryRead { is_complete: true }, at(second))),
            ..Remote::default()
        };
        let machine = std::sync::Arc::new(crate::model::Machine::bare(id()));
        let machine = Remote {
            value: Some((machine, at(12))),
            ..Remote::default()
        };
        state.machines.change(id(), |read| *read = machine);
        state.histories.change(id(), |known| *known = read(9));
        assert_eq!(status(&state), "Checking against Defender…");
        state.histories.change(id(), |known| *known = read(12));
        assert_eq!(status(&state), "Checked against Defender just now");
        let failed = Remote {
            failure: Some(Explanation::harmless("No answer", NextStep::TryAgain)),
            ..read(9)
        };
        state.histories.change(id(), |known| *known = failed);
        assert_eq!(status(&state), "Not checked again: No answer");
    }
}
