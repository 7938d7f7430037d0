//! Effect of our orders, and whether it still holds.

use jiff::Timestamp;

use crate::action::Change;
use crate::journal::{Entry, OrderStatus};

pub fn is_done(entry: &Entry) -> bool {
    matches!(entry.status(), OrderStatus::Done { .. })
}

pub fn sets_a_condition(entry: &Entry) -> bool {
    matches!(entry.order.task.change(), Change::Sets(_))
}

/// Whether the entry's tenant-wide block or audit of a file is in force at `at`.
pub fn blocks_at(entry: &Entry, at: Timestamp) -> bool {
    entry.kept_otherwise().is_some() || entry.order.task.expires().is_some_and(|end| end > at)
}

/// Next step for a file that is blocked on every device.
pub fn next_of_block(entry: &Entry, both: impl FnOnce(Timestamp) -> String) -> String {
    let end = match entry.order.task.expires() {
        Some(_) if entry.kept_otherwise().is_some() => {
            ". Defender keeps it with a different end than ordered, or with none".to_owned()
        }
        Some(end) => format!(". It ends on its own at {}", both(end)),
        None => String::new(),
    };
    format!("“Remove block of a file” once it is no longer wanted{end}")
}

/// Our earliest success that set the condition which `entry` repeated, with no release of ours in between.
pub fn begun_by<'a>(entry: &Entry, of_device: &[&'a Entry]) -> Option<&'a Entry> {
    let (Change::Sets(condition), true) = (entry.order.task.change(), is_done(entry)) else {
        return None;
    };
    let when = |entry: &Entry| (entry.status_since(), entry.intended_at());
    let is_before = |other: &&&Entry| is_done(other) && when(other) < when(entry);
    let mut before: Vec<_> = of_device.iter().filter(is_before).copied().collect();
    before.sort_by_key(|other| std::cmp::Reverse(when(other)));
    let lifts = |other: &&Entry| matches!(other.order.task.change(), Change::Clears(c) if c.ends_with(condition));
    let unbroken = before.into_iter().take_while(|other| !lifts(other));
    let sets = |other: &&Entry| other.order.task.change() == Change::Sets(condition);
    unbroken.filter(sets).last()
}

/// Our later success that cleared or repeated the condition that this one set. Whether it still
/// holds is for the service to say.
pub fn ended_by<'a>(entry: &Entry, of_device: &[&'a Entry]) -> Option<&'a Entry> {
    if entry.order.task.is_tenant_wide() {
        let mut everywhere = of_device.iter().copied();
        return everywhere.find(|other| entry.is_taken_back_by(other));
    }
    let (Change::Sets(condition), true) = (entry.order.task.change(), is_done(entry)) else {
        return None;
    };
    let mut of_device = of_device.iter().copied();
    of_device.find(|other| {
        matches!(
            other.order.task.change(),
            Change::Sets(c) | Change::Clears(c) if c.ends_with(condition)
        ) && is_done(other)
            && (other.status_since(), other.intended_at())
                > (entry.status_since(), entry.intended_at())
    })
}
