//! The tag by which colleagues see in the portal that a device is contained: offered after a containment,
//! taken back after its release.

use crate::action::{ActionKind, Change, Condition};
use crate::journal::{Entry, OrderStatus};
use crate::model::{MachineId, normal};
use crate::state::State;

/// What the tag begins with; the ticket follows.
const CONTAINED: &str = "contained ";

/// The tag that goes with what an order has done, and what adds or removes it. Only a record of the device
/// that tells its tags shows what it has.
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
        // Released from one of two, the device is still contained.
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
