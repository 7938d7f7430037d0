//! What happened on a device: actions by anybody, this console's orders, alerts, log-ons.

use std::sync::Arc;

use egui::{Id, Ui};
use jiff::{SignedDuration, Timestamp};

use crate::model::{MachineId, MachineRef, clean, requestor_name};
use crate::ui::device::actions::action_name;
use crate::ui::theme::Role;
use crate::ui::widgets::Icon;
use crate::ui::{Cx, look};

const TEXT_CHARS: usize = 160;

/// Who or what an event is of: a lane of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    Actions,
    Orders,
    Alerts,
    LogOns,
}

impl Lane {
    pub const ALL: [Self; 4] = [Self::Actions, Self::Orders, Self::Alerts, Self::LogOns];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Actions => "Actions",
            Self::Orders => "Orders",
            Self::Alerts => "Alerts",
            Self::LogOns => "Log-ons",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    pub at: Timestamp,
    /// Whose clock tells `at`.
    pub clock: Clock,
    pub lane: Lane,
    pub icon: Icon,
    pub role: Role,
    pub text: String,
    /// Whether it has not ended.
    pub is_open: bool,
}

/// Whose clock tells a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    Service,
    /// This computer's.
    Ours,
}

impl Happening {
    /// What tells it from the others, whatever its order among them.
    pub const fn key(&self) -> (Timestamp, Lane) {
        (self.at, self.lane)
    }

    /// How long ago, by the clock that tells it; `ahead` is how far the service's is ahead of this
    /// computer's.
    pub fn age(&self, now: Timestamp, ahead: SignedDuration) -> SignedDuration {
        let age = now.duration_since(self.at);
        match self.clock {
            Clock::Service => age.saturating_add(ahead),
            Clock::Ours => age,
        }
    }
}

/// What happened on one device, as it was when a fact last changed.
struct Known {
    revision: u64,
    ahead: SignedDuration,
    machine: MachineId,
    all: Arc<[Happening]>,
}

/// Everything that has a time, the newest first: worked out once for each change of what is known.
pub fn happenings(ui: &Ui, cx: &Cx<'_>, machine: &MachineRef) -> Arc<[Happening]> {
    let id = Id::unique("happenings of the timeline");
    let (revision, ahead) = (cx.state.revision(), cx.state.service_ahead);
    let known: Option<Arc<Known>> = ui.data(|data| data.get_temp(id));
    if let Some(known) = known
        && known.revision == revision
        && known.ahead == ahead
        && known.machine == machine.id
    {
        return Arc::clone(&known.all);
    }
    let all: Arc<[Happening]> = build(cx, machine).into();
    let known = Known {
        revision,
        ahead,
        machine: machine.id.clone(),
        all: Arc::clone(&all),
    };
    ui.data_mut(|data| data.insert_temp(id, Arc::new(known)));
    all
}

fn build(cx: &Cx<'_>, machine: &MachineRef) -> Vec<Happening> {
    #[cfg(test)]
    BUILT.with(|count| count.set(count.get() + 1));
    let mut found = Vec::new();
    for action in cx.state.known_actions(&machine.id) {
        let Some(at) = action.created else {
            continue;
        };
        let look = look::action_status(&action.status);
        let by = requestor_name(action.requestor.as_deref());
        let comment = action.requestor_comment.as_deref().unwrap_or_default();
        let comment = clean(comment, TEXT_CHARS);
        found.push(Happening {
            is_open: !action.status.is_final(),
            at,
            clock: Clock::Service,
            lane: Lane::Actions,
            icon: look.icon,
            role: look.role,
            text: with(
                format!("{}, {}, by {by}", action_name(action), look.word),
                &comment,
            ),
        });
    }
    for entry in cx.state.entries.of_machine(&machine.id) {
        let (icon, role) = look::order_status(entry.status());
        let task = &entry.order.task;
        let status = entry.status().word(task);
        let comment = clean(&entry.order.comment, TEXT_CHARS);
        found.push(Happening {
            is_open: !entry.status().is_end(),
            at: entry.intended_at(),
            clock: Clock::Ours,
            lane: Lane::Orders,
            icon,
            role,
            text: with(
                format!("Ordered here: {}, {status}", task.title()),
                &comment,
            ),
        });
    }
    let panel = cx.state.panels.get(&machine.id);
    let alerts = panel.and_then(|panel| panel.alerts.get());
    for alert in alerts.iter().flat_map(|list| &list.items) {
        let Some(at) = alert.created else {
            continue;
        };
        let look = look::severity(&alert.severity);
        let title = alert.title.as_deref().unwrap_or("without a title");
        found.push(Happening {
            is_open: false,
            at,
            clock: Clock::Service,
            lane: Lane::Alerts,
            icon: look.icon,
            role: look.role,
            text: format!("Alert, {}: {}", look.word, clean(title, TEXT_CHARS)),
        });
    }
    let users = panel.and_then(|panel| panel.users.get());
    for user in users.iter().flat_map(|list| &list.items) {
        if let Some(at) = user.last_seen {
            found.push(Happening {
                is_open: false,
                at,
                clock: Clock::Service,
                lane: Lane::LogOns,
                icon: Icon::Active,
                role: Role::Neutral,
                text: format!("{} last seen", clean(&user.name, TEXT_CHARS)),
            });
        }
    }
    let (now, ahead) = (cx.now, cx.state.service_ahead);
    found.sort_by_key(|happening| (happening.age(now, ahead), happening.lane));
    found
}

fn with(text: String, comment: &str) -> String {
    if comment.trim().is_empty() {
        text
    } else {
        format!("{text}: {comment}")
    }
}

#[cfg(test)]
thread_local! {
    /// How often they were worked out on this thread: a frame in which nothing has changed works out none.
    pub static BUILT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
