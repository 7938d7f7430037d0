//! Events on a device: actions by anyone, this console's orders, alerts, log-ons.

use std::sync::Arc;

use egui::{Id, Ui};
use jiff::{SignedDuration, Timestamp};
use strum::VariantArray;

use crate::journal::{Entry, TimeSource, status_in_full};
use crate::model::{Alert, LoggedOnUser, MachineAction, MachineId, MachineRef, clean, variants};
use crate::ui::device::actions::action_name;
use crate::ui::theme::Role;
use crate::ui::widgets::Icon;
use crate::ui::{Cx, look, words};

const TEXT_CHARS: usize = 160;

/// Lane of an event, by its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, VariantArray)]
pub enum Lane {
    Actions,
    Orders,
    Alerts,
    LogOns,
}

impl Lane {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    pub const fn name(self) -> &'static str {
        match self {
            Self::Actions => "Actions",
            Self::Orders => "Orders",
            Self::Alerts => "Alerts",
            Self::LogOns => "Log-ons",
        }
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    pub at: Timestamp,
    /// The clock that `at` was read from.
    pub clock: TimeSource,
    pub lane: Lane,
    pub icon: Icon,
    pub role: Role,
    pub text: String,
    /// Whether it has not ended.
    pub is_open: bool,
}

impl Happening {
    /// Key of an event, independent of its position.
    pub const fn key(&self) -> (Timestamp, Lane) {
        (self.at, self.lane)
    }

    /// Age by the clock that recorded the time; `ahead` is the service clock's lead over this computer's.
    pub fn age(&self, now: Timestamp, ahead: SignedDuration) -> SignedDuration {
        let age = now.duration_since(self.at);
        match self.clock {
            TimeSource::Service => age.saturating_add(ahead),
            TimeSource::Console => age,
        }
    }
}

/// Cached events of one device, as of the last change of a fact.
struct Known {
    revision: u64,
    ahead: SignedDuration,
    machine: MachineId,
    all: Arc<[Happening]>,
}

/// All events with a time, the newest first. Rebuilt once per change of the facts.
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
    let actions = cx.state.known_actions(&machine.id).iter();
    let orders = cx.state.entries.of_machine(&machine.id);
    let panel = cx.state.panels.get(&machine.id);
    let alerts = panel.and_then(|panel| panel.alerts.get());
    let users = panel.and_then(|panel| panel.users.get());
    let mut found: Vec<Happening> = actions.filter_map(of_action).collect();
    found.extend(orders.map(|entry| of_order(entry, cx)));
    found.extend(
        alerts
            .iter()
            .flat_map(|list| &list.items)
            .filter_map(of_alert),
    );
    found.extend(users.iter().flat_map(|list| &list.items).flat_map(of_user));
    let (now, ahead) = (cx.now, cx.state.service_ahead);
    found.sort_by_key(|happening| (happening.age(now, ahead), happening.lane));
    found
}

fn of_action(action: &MachineAction) -> Option<Happening> {
    let look = look::action_status(&action.status);
    let by = action.requested_by();
    let by = by.map_or_else(String::new, |by| format!(", by {by}"));
    let comment = action.requestor_comment.as_deref().unwrap_or_default();
    let what = format!("{}, {}{by}", action_name(action), look.word);
    Some(Happening {
        is_open: !action.status.is_final(),
        at: action.created?,
        clock: TimeSource::Service,
        lane: Lane::Actions,
        icon: look.icon,
        role: look.role,
        text: with(what, comment),
    })
}

fn of_order(entry: &Entry, cx: &Cx<'_>) -> Happening {
    let aftermath = cx.state.aftermath(entry);
    let look = look::order(entry, &aftermath);
    let status = status_in_full(entry, &aftermath, |at| {
        words::local_time(at, &cx.state.zone)
    });
    let what = format!("Ordered here: {}, {status}", entry.order.task.title());
    Happening {
        is_open: !entry.status().is_end(),
        at: entry.intended_at(),
        clock: TimeSource::Console,
        lane: Lane::Orders,
        icon: look.icon,
        role: look.role,
        text: with(what, &entry.order.comment),
    }
}

fn of_alert(alert: &Alert) -> Option<Happening> {
    let look = look::severity(&alert.severity);
    let title = alert.title.as_deref().unwrap_or("without a title");
    Some(Happening {
        is_open: false,
        at: alert.created?,
        clock: TimeSource::Service,
        lane: Lane::Alerts,
        icon: look.icon,
        role: look.role,
        text: format!("Alert, {}: {}", look.word, clean(title, TEXT_CHARS)),
    })
}

/// The service reports the first and the last log-on of each user.
fn of_user(user: &LoggedOnUser) -> impl Iterator<Item = Happening> {
    let first = user.first_seen.filter(|at| Some(*at) != user.last_seen);
    let seen = [(first, "first"), (user.last_seen, "last")];
    seen.into_iter().filter_map(|(at, which)| {
        Some(Happening {
            is_open: false,
            at: at?,
            clock: TimeSource::Service,
            lane: Lane::LogOns,
            icon: Icon::Active,
            role: Role::Neutral,
            text: format!("{} {which} seen", clean(&user.name, TEXT_CHARS)),
        })
    })
}

fn with(what: String, comment: &str) -> String {
    let comment = clean(comment, TEXT_CHARS);
    if comment.trim().is_empty() {
        what
    } else {
        format!("{what}: {comment}")
    }
}

#[cfg(test)]
thread_local! {
    /// Number of rebuilds on this thread. A frame without changes does none.
    pub static BUILT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
