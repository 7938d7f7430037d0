//! Wording shared by all exports of an entry.

use jiff::Timestamp;

use super::{Entry, OrderStatus};
use crate::action::Task;
use crate::model::clean;

/// ISO 8601, to the second.
pub(super) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The parameters as sent: `IsolationType=Full`.
pub(super) fn parameters(task: &Task) -> String {
    match task {
        Task::Act { .. } => {
            let properties = task.properties().into_iter();
            let words = properties.map(|(name, value)| match value.as_str() {
                Some(text) => format!("{name}={text}"),
                None => format!("{name}={value}"),
            });
            words.collect::<Vec<_>>().join(" ")
        }
        Task::Cancel { action, .. } => format!("action={action}"),
    }
}

/// Details besides the status.
pub(super) fn detail(entry: &Entry, status: &OrderStatus) -> String {
    let ordered = &entry.order.machine;
    let redirected = entry.acts_elsewhere().then(|| {
        let (name, id) = (ordered.name(), &ordered.id);
        format!("ordered for {name} (id {id}), redirected by the service")
    });
    let more = status.detail();
    let packages = entry.downloads().map(|(file, bytes, sha256)| {
        let file = clean(file, 400);
        format!("package: {file}, {bytes} bytes, SHA-256 {sha256}")
    });
    redirected
        .into_iter()
        .chain(more)
        .chain(packages)
        .collect::<Vec<_>>()
        .join("; ")
}

/// The plan and step of the entry; empty without one.
pub(super) fn plan(entry: &Entry) -> String {
    let step = entry.order.plan.as_ref();
    step.map_or_else(String::new, crate::action::PlanStep::words)
}

/// Facts that could not be read again before sending; empty when all were.
pub(super) fn not_reread(entry: &Entry) -> String {
    let what = entry.not_reread().into_iter();
    what.map(|what| clean(what, 300))
        .collect::<Vec<_>>()
        .join("; ")
}
