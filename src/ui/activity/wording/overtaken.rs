//! What a later order has made of an earlier one that was done.

use crate::action::Change;
use crate::journal::{Entry, OrderStatus};
use crate::state::State;

/// What a later order has made of the condition that this one brought about.
pub fn overtaken_by<'a>(entry: &Entry, state: &'a State) -> Option<&'a Entry> {
    let changed = |entry: &Entry| match entry.order.task.change() {
        Change::Sets(condition) | Change::Clears(condition) => Some(condition),
        Change::Nothing => None,
    };
    let is_done = |entry: &Entry| matches!(entry.status(), OrderStatus::Done { .. });
    if entry.order.task.is_tenant_wide() {
        return taken_back_by(entry, state);
    }
    let own = changed(entry).filter(|_| is_done(entry))?;
    let machine = entry.machine();
    let newest_first = state.entries.of_machine(&machine.id).rev();
    let newer = newest_first.take_while(|e| e.id() != entry.id());
    let mut later = newer.filter(|later| {
        changed(later).is_some_and(|condition| condition.ends_with(own))
            && is_done(later)
            && later.machine().id == machine.id
    });
    later.next()
}

/// The order that has taken it back, or has put another in its place.
fn taken_back_by<'a>(entry: &Entry, state: &'a State) -> Option<&'a Entry> {
    let everywhere = entry.machine();
    let mut newest_first = state.entries.of_machine(&everywhere.id).rev();
    newest_first.find(|later| entry.is_taken_back_by(later))
}
