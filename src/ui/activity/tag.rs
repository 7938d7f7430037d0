//! The tag that marks a device as contained for colleagues in the portal: offered after a containment,
//! removed after the release.

use crate::action::{ActionKind, Change, Condition};
use crate::journal::{Entry, OrderStatus};
use crate::model::{MachineId, normal};
use crate::state::State;

/// Prefix of the tag; the ticket follows.
const CONTAINED: &str = "contained ";

/// The tag that goes with an order's effect, and the action that adds or removes it. `None` without a
/// record with the device's tags.
pub fn tag_to_change(entry: &Entry, state: &State) -> Option<(ActionKind, String)> {
    if !matches!(entry.status(), OrderStatus::Done { .. }) {
        return None;
    }
    let id = &entry.machine().id;
    let tags = state.machine(id)?.machine_tags.as_deref()?;
    match entry.order.task.change() {
        Change::Sets(_) => {
            let ticket = state.ticket_in(&entry.order.comment)?;
            let tag = format!("{CONTAINED}{ticket}");
            let has_it = tags.iter().any(|known| normal(known) == normal(&tag));
            (!has_it).then_some((ActionKind::AddTag, tag))
        }
        // Released from one condition, the device is still contained by the other.
        Change::Clears(_) if is_contained(id, state) => None,
        Change::Clears(_) => {
            let shown = |tag: &&str| tags.iter().any(|known| **known == **tag);
            let tag = own_tags(id, state).find(shown)?;
            Some((ActionKind::RemoveTag, tag.to_owned()))
        }
        Change::Nothing => None,
    }
}

fn is_contained(id: &MachineId, state: &State) -> bool {
    let conditions = state.actions.conditions(id);
    let mut all = Condition::ALL.into_iter();
    conditions.is_some_and(|known| all.any(|one| known.ended(one).in_force().is_some()))
}

/// The tags of this kind that were added from here, newest first.
fn own_tags<'a>(id: &MachineId, state: &'a State) -> impl Iterator<Item = &'a str> {
    let newest_first = state.entries.of_machine(id).rev();
    let added = newest_first.filter(|entry| {
        let is_done = matches!(entry.status(), OrderStatus::Done { .. });
        is_done && entry.order.task.removes().is_none()
    });
    let tags = added.filter_map(|entry| entry.order.task.tag());
    tags.filter(|tag| tag.starts_with(CONTAINED))
}
