//! Known actions by machine, with the conditions inferred from them once per change, not per frame.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::OnceLock;

use crate::action::Conditions;
use crate::model::{HeapBytes, MachineAction, MachineActionId, MachineId};

/// The memory limit for all actions: tens of thousands of them.
const MAX_BYTES: usize = 24 << 20;
/// The memory limit for one machine's actions.
const MAX_BYTES_OF_ONE: usize = 8 << 20;
/// Bytes freed at a time, as each pass walks over all machines.
const MADE_AT_ONCE: usize = MAX_BYTES / 8;

/// The known actions of every machine.
#[derive(Debug, Default)]
pub struct Actions {
    by_machine: HashMap<MachineId, Known>,
    /// The memory of all of them.
    bytes: usize,
    /// The number of actions read so far.
    readings: u64,
    /// Machines with evicted actions, since the last [`Self::take_left_out`].
    left_out: Vec<MachineId>,
    is_cut: bool,
    /// Incremented on each change, to invalidate derived values.
    generation: u64,
}

#[derive(Debug, Default)]
struct Known {
    /// Newest first.
    actions: Vec<MachineAction>,
    /// Conditions inferred from them, on first use.
    conditions: OnceLock<Conditions>,
    /// Memory of the machine and its actions.
    bytes: usize,
    /// The last read of one of them, by `readings`.
    read: u64,
}

impl Known {
    fn conditions(&self) -> &Conditions {
        self.conditions
            .get_or_init(|| Conditions::of(&self.actions))
    }
}

/// Memory of an action here: a list's capacity is up to twice its length, and inferred conditions repeat the
/// action's id a few times.
fn bytes_of(action: &MachineAction) -> usize {
    action.bytes() + size_of::<MachineAction>() + 4 * action.id.bytes()
}

impl Actions {
    /// Changes whenever an action was added or changed.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The actions of a machine, newest first.
    #[must_use]
    pub fn of(&self, id: &MachineId) -> &[MachineAction] {
        let known = self.by_machine.get(id);
        known.map(|known| &*known.actions).unwrap_or_default()
    }

    /// Conditions inferred from a machine's actions; `None` if no action is known.
    #[must_use]
    pub fn conditions(&self, id: &MachineId) -> Option<&Conditions> {
        self.by_machine.get(id).map(Known::conditions)
    }

    /// Every machine with a known action, with its actions and their conditions.
    pub fn machines(&self) -> impl Iterator<Item = (&MachineId, &[MachineAction], &Conditions)> {
        let known = self.by_machine.iter();
        known.map(|(id, known)| (id, &*known.actions, known.conditions()))
    }

    /// Merges an action that was read into the known ones, and returns the merged one. An action without a
    /// machine is dropped.
    pub(super) fn learn(&mut self, action: MachineAction) -> Option<&MachineAction> {
        let machine = action.machine_id.clone()?;
        self.readings += 1;
        let known = self.by_machine.entry(machine.clone()).or_default();
        known.read = self.readings;
        let mut bytes = if known.bytes == 0 {
            // A hash table's capacity is up to twice its length.
            2 * size_of::<(MachineId, Known)>() + machine.heap_bytes()
        } else {
            known.bytes
        };
        let id = action.id.clone();
        let old = known.actions.iter_mut().find(|old| old.id == id);
        let is_changed = if let Some(old) = old {
            let before = old.clone();
            old.merge(action);
            bytes = bytes + bytes_of(old) - bytes_of(&before);
            let (is_changed, is_moved) = (*old != before, old.created != before.created);
            if is_moved {
                let newest_first = |action: &MachineAction| Reverse(action.created);
                known.actions.sort_by_key(newest_first);
            }
            is_changed
        } else {
            bytes += bytes_of(&action);
            // Most machines have one.
            if known.actions.is_empty() {
                known.actions.reserve_exact(1);
            }
            let is_newer = |known: &MachineAction| known.created >= action.created;
            let place = known.actions.partition_point(is_newer);
            known.actions.insert(place, action);
            true
        };
        self.bytes = self.bytes - known.bytes + bytes;
        known.bytes = bytes;
        if is_changed {
            known.conditions = OnceLock::new();
            self.generation += 1;
            self.keep_within_bounds(&machine);
        }
        self.of(&machine).iter().find(|action| action.id == id)
    }

    /// Enforces both limits after a change to `machine`: evicts its oldest actions, then the machines whose
    /// actions were read longest ago.
    fn keep_within_bounds(&mut self, machine: &MachineId) {
        let Some(known) = self.by_machine.get_mut(machine) else {
            return;
        };
        let before = known.actions.len();
        while known.bytes > MAX_BYTES_OF_ONE
            && known.actions.len() > 1
            && let Some(oldest) = known.actions.pop()
        {
            known.bytes -= bytes_of(&oldest);
            self.bytes -= bytes_of(&oldest);
        }
        if known.actions.len() < before {
            self.is_cut = true;
            self.left_out.push(machine.clone());
        }
        if self.bytes <= MAX_BYTES {
            return;
        }
        self.is_cut = true;
        let others = self.by_machine.iter().filter(|(id, _)| *id != machine);
        let mut others: Vec<_> = others.map(|(id, known)| (known.read, id.clone())).collect();
        others.sort_unstable_by_key(|(read, _)| *read);
        for (_, id) in others {
            if self.bytes <= MAX_BYTES - MADE_AT_ONCE {
                break;
            }
            self.bytes -= self.by_machine.remove(&id).map_or(0, |known| known.bytes);
            self.left_out.push(id);
        }
    }

    /// Whether any action was evicted.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The machines with evicted actions since the last call: their known actions are incomplete.
    pub(super) fn take_left_out(&mut self) -> Vec<MachineId> {
        std::mem::take(&mut self.left_out)
    }

    /// Removes an action from every machine except the one on which the service shows it.
    pub(super) fn remove(&mut self, id: &MachineActionId, shown_on: Option<&MachineId>) {
        let all = self.by_machine.iter_mut();
        for (_, known) in all.filter(|(machine, _)| Some(*machine) != shown_on) {
            for removed in known.actions.extract_if(.., |action| action.id == *id) {
                known.conditions = OnceLock::new();
                known.bytes -= bytes_of(&removed);
                self.bytes -= bytes_of(&removed);
                self.generation += 1;
            }
        }
    }

    /// Clears everything, for another account.
    pub(super) fn forget(&mut self) {
        self.by_machine.clear();
        self.bytes = 0;
        self.left_out.clear();
        self.is_cut = false;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Condition, ConditionState};
    use crate::model::{MachineActionId, MachineActionStatus, MachineActionType};

    fn action(status: MachineActionStatus) -> MachineAction {
        let id = MachineActionId::parse("a").expect("a literal id");
        let mut action = MachineAction::bare(id, MachineActionType::Isolate, status);
        action.machine_id = MachineId::parse("a1").ok();
        action
    }

    #[test]
    fn only_a_read_that_changes_something_is_a_new_generation() {
        let mut actions = Actions::default();
        let mut generations = vec![actions.generation()];
        for status in [
            MachineActionStatus::Pending,
            MachineActionStatus::Pending,
            MachineActionStatus::InProgress,
            MachineActionStatus::Succeeded,
            MachineActionStatus::Succeeded,
        ] {
            actions.learn(action(status));
            generations.push(actions.generation());
        }
        assert_eq!(generations, [0, 1, 1, 2, 3, 3]);
        actions.forget();
        assert_eq!(actions.generation(), 4);
    }

    #[test]
    fn inferred_conditions_are_dropped_on_a_new_read() {
        let id = MachineId::parse("a1").expect("a literal id");
        let mut actions = Actions::default();
        assert!(actions.conditions(&id).is_none());
        let is_isolated = |actions: &Actions| {
            let conditions = actions.conditions(&id).expect("an action is known");
            matches!(
                conditions.state(Condition::Isolated),
                ConditionState::Yes(_)
            )
        };
        actions.learn(action(MachineActionStatus::InProgress));
        assert!(!is_isolated(&actions));
        actions.learn(action(MachineActionStatus::Succeeded));
        assert!(is_isolated(&actions));
    }

    /// An action with a comment of this length.
    fn commented(machine: usize, number: usize, letters: usize) -> MachineAction {
        let id = MachineActionId::parse(&format!("{machine}-{number}")).expect("an id");
        let status = MachineActionStatus::Succeeded;
        let mut action = MachineAction::bare(id, MachineActionType::Isolate, status);
        action.machine_id = MachineId::parse(&format!("a{machine}")).ok();
        action.requestor_comment = Some("x".repeat(letters).into());
        action.created = jiff::Timestamp::from_second(i64::try_from(number).expect("small")).ok();
        action
    }

    fn known(actions: &Actions, machine: usize) -> usize {
        let id = MachineId::parse(&format!("a{machine}")).expect("an id");
        actions.of(&id).len()
    }

    fn measured(actions: &Actions) -> usize {
        let all = actions.by_machine.iter();
        let of = |(id, known): (&MachineId, &Known)| {
            let actions: usize = known.actions.iter().map(bytes_of).sum();
            actions + 2 * size_of::<(MachineId, Known)>() + id.heap_bytes()
        };
        all.map(of).sum()
    }

    #[test]
    fn machines_with_oldest_reads_are_evicted() {
        let mut actions = Actions::default();
        let letters = 1 << 20;
        let all = 2 * (MAX_BYTES / letters);
        for machine in 0..all {
            actions.learn(commented(machine, 0, letters));
            // Refreshed all the time.
            assert!(actions.learn(commented(0, 0, letters)).is_some());
            assert_eq!(actions.bytes, measured(&actions));
            assert!(actions.bytes <= MAX_BYTES);
        }
        assert_eq!([0, 1, all - 1].map(|n| known(&actions, n)), [1, 0, 1]);
        assert!(actions.is_cut());
        let left_out = actions.take_left_out();
        assert_eq!(left_out.first().map(MachineId::as_str), Some("a1"));
        assert!(actions.take_left_out().is_empty());
        actions.remove(&MachineActionId::parse("0-0").expect("an id"), None);
        assert_eq!(actions.bytes, measured(&actions));
        actions.forget();
        assert!(!actions.is_cut() && actions.bytes == 0);
    }

    #[test]
    fn actions_are_newest_first_in_any_read_order() {
        let dated = |number: usize, created: Option<usize>| {
            let mut action = commented(0, created.unwrap_or_default(), 1);
            action.id = MachineActionId::parse(&format!("n{number}")).expect("an id");
            action.created = action.created.filter(|_| created.is_some());
            action
        };
        let mut actions = Actions::default();
        let all = [Some(3), None, Some(1), Some(5), Some(3), Some(2)];
        for (number, created) in all.into_iter().enumerate() {
            actions.learn(dated(number, created));
        }
        let ids = |actions: &Actions| {
            let known = actions.of(&MachineId::parse("a0").expect("an id"));
            let ids: Vec<_> = known.iter().map(|known| known.id.to_string()).collect();
            ids.join(" ")
        };
        assert_eq!(ids(&actions), "n3 n0 n4 n5 n2 n1");
        actions.learn(dated(1, Some(4)));
        assert_eq!(ids(&actions), "n3 n1 n0 n4 n5 n2", "date became known");
    }

    #[test]
    fn one_machine_keeps_its_newest_actions_and_leaves_room_for_others() {
        let mut actions = Actions::default();
        actions.learn(commented(1, 0, 10));
        for number in 0..40 {
            actions.learn(commented(0, number, 1 << 20));
        }
        let newest = actions.of(&MachineId::parse("a0").expect("an id"));
        assert_eq!(
            newest.first().map(|action| action.id.as_str()),
            Some("0-39")
        );
        assert_eq!(newest.len(), 7);
        assert_eq!(known(&actions, 1), 1);
        assert_eq!(actions.bytes, measured(&actions));
        assert_eq!(actions.take_left_out()[0].as_str(), "a0");
    }
}
