//! All known actions, by machine, with what they say about its conditions: inferred once for each
//! change, and not in each frame.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::action::Conditions;
use crate::model::{MachineAction, MachineActionId, MachineId};

/// The known actions of every machine.
#[derive(Debug, Default)]
pub struct Actions {
    by_machine: HashMap<MachineId, Known>,
    /// Grows with each change; what is derived from the actions remembers the one it came from.
    generation: u64,
}

#[derive(Debug, Default)]
struct Known {
    /// Newest first.
    actions: Vec<MachineAction>,
    /// What they say, once somebody has asked.
    conditions: OnceLock<Conditions>,
}

impl Known {
    fn conditions(&self) -> &Conditions {
        self.conditions
            .get_or_init(|| Conditions::of(&self.actions))
    }
}

impl Actions {
    /// Differs whenever an action was learnt or has changed.
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

    /// What the actions of a machine say; `None` where none is known.
    #[must_use]
    pub fn conditions(&self, id: &MachineId) -> Option<&Conditions> {
        self.by_machine.get(id).map(Known::conditions)
    }

    /// Every machine of which an action is known, with its actions and what they say.
    pub fn machines(&self) -> impl Iterator<Item = (&MachineId, &[MachineAction], &Conditions)> {
        let known = self.by_machine.iter();
        known.map(|(id, known)| (id, &*known.actions, known.conditions()))
    }

    /// Every known action.
    pub(super) fn all(&self) -> impl Iterator<Item = &MachineAction> {
        self.by_machine.values().flat_map(|known| &known.actions)
    }

    /// Merges a reading of an action into what is known of it; the action as it is known now. One that
    /// names no machine is not kept.
    pub(super) fn learn(&mut self, action: MachineAction) -> Option<&MachineAction> {
        let known = self
            .by_machine
            .entry(action.machine_id.clone()?)
            .or_default();
        let id = action.id.clone();
        let old = known.actions.iter_mut().find(|old| old.id == id);
        let is_changed = if let Some(old) = old {
            let before = old.clone();
            old.take_in(action);
            *old != before
        } else {
            known.actions.push(action);
            true
        };
        if is_changed {
            known
                .actions
                .sort_by_key(|action| std::cmp::Reverse(action.created));
            known.conditions = OnceLock::new();
            self.generation += 1;
        }
        known.actions.iter().find(|action| action.id == id)
    }

    /// Removes an action that an answer named and the service has never shown.
    pub(super) fn remove(&mut self, id: &MachineActionId) {
        for known in self.by_machine.values_mut() {
            let before = known.actions.len();
            known.actions.retain(|action| action.id != *id);
            if known.actions.len() < before {
                known.conditions = OnceLock::new();
                self.generation += 1;
            }
        }
    }

    /// Starts over, for another account.
    pub(super) fn forget(&mut self) {
        self.by_machine.clear();
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
    fn only_a_reading_that_changes_something_is_a_new_generation() {
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
    fn what_was_inferred_before_a_reading_does_not_outlive_it() {
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
}
