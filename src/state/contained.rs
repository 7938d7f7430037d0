//! What is contained now, by anybody, as far as the history of actions shows.

use jiff::Timestamp;

use super::State;
use crate::action::{Condition, ConditionState, infer};
use crate::model::{MachineAction, MachineActionId, MachineRef};

/// A device that something was taken from and not given back, or that is changing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contained {
    pub machine: MachineRef,
    pub condition: Condition,
    /// Where an action has not ended: whether it leads into the condition or out of it.
    pub changing_to: Option<bool>,
    /// Whether the device has picked up the action that this rests on.
    pub is_picked_up: bool,
    /// The action that this rests on.
    pub action: MachineActionId,
    pub since: Option<Timestamp>,
    /// When it began, also of one that is about to end: rows do not jump when it is released.
    begun: Option<Timestamp>,
    /// Of the action that this rests on; may be empty or missing.
    pub by: Option<Box<str>>,
    pub comment: Option<Box<str>>,
}

impl State {
    /// Every device that is contained or changing, oldest first. One that is not here is not known
    /// to be free.
    #[must_use]
    pub fn contained(&self) -> Vec<Contained> {
        let mut found: Vec<Contained> = self
            .actions
            .iter()
            .flat_map(|(id, actions)| {
                let machine = self.machine(id).map(|machine| machine.reference());
                let named = || {
                    let mut names = actions.iter().filter_map(|a| a.computer_dns_name.clone());
                    MachineRef {
                        id: id.clone(),
                        dns_name: names.next(),
                    }
                };
                let machine = machine.unwrap_or_else(named);
                Condition::ALL
                    .into_iter()
                    .filter_map(move |condition| contained(&machine, condition, actions))
            })
            .collect();
        found.sort_by(|a, b| (a.begun, &a.machine.id).cmp(&(b.begun, &b.machine.id)));
        found
    }
}

impl Contained {
    /// Whether the person who is signed in has ordered it.
    #[must_use]
    pub fn is_mine(&self, state: &State) -> bool {
        let Some(account) = state.session.account() else {
            return false;
        };
        let name = account.user_name.as_deref();
        let is_by_name = name.zip(self.by.as_deref());
        is_by_name.is_some_and(|(name, by)| name.eq_ignore_ascii_case(by.trim()))
            || state.entries.iter().any(|entry| {
                entry.author.is(account) && entry.standing().action() == Some(&self.action)
            })
    }
}

fn contained(
    machine: &MachineRef,
    condition: Condition,
    actions: &[MachineAction],
) -> Option<Contained> {
    let (changing_to, evidence) = match infer(condition, actions) {
        ConditionState::Yes(evidence) => (None, evidence),
        ConditionState::Changing { to, evidence } => (Some(to), evidence),
        ConditionState::No(_) | ConditionState::Unknown => return None,
    };
    let begun = match changing_to {
        None => evidence.since,
        Some(_) => begun_before(condition, actions).or(evidence.since),
    };
    let action = actions.iter().find(|action| action.id == evidence.action);
    Some(Contained {
        machine: machine.clone(),
        condition,
        changing_to,
        is_picked_up: evidence.is_picked_up,
        action: evidence.action,
        since: evidence.since,
        begun,
        by: evidence.by,
        comment: action.and_then(|action| action.requestor_comment.clone()),
    })
}

/// When a condition began that is about to end.
fn begun_before(condition: Condition, actions: &[MachineAction]) -> Option<Timestamp> {
    let ended = actions.iter().filter(|action| action.status.is_final());
    match infer(condition, &ended.cloned().collect::<Vec<_>>()) {
        ConditionState::Yes(begun) => begun.since,
        ConditionState::No(_) | ConditionState::Changing { .. } | ConditionState::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Policy;
    use crate::message::Event;
    use crate::model::{
        Epoch, MachineActionId, MachineActionStatus, MachineActionType, MachineId, Mode,
    };

    fn action(
        machine: &str,
        kind: MachineActionType,
        status: MachineActionStatus,
        at: i64,
    ) -> MachineAction {
        let id = format!("{machine}-{at}");
        let id = MachineActionId::parse(&id).expect("a literal id");
        let mut action = MachineAction::bare(id, kind, status);
        action.machine_id = MachineId::parse(machine).ok();
        action.computer_dns_name = Some(format!("PC-{machine}").into());
        action.created = Timestamp::from_second(at).ok();
        action.last_updated = action.created;
        action.requestor = Some("sam@contoso.com".into());
        action.requestor_comment = Some("beacon".into());
        action
    }

    #[test]
    fn the_oldest_stands_first_and_what_was_given_back_is_gone() {
        use MachineActionStatus::{Failed, Pending, Succeeded};
        use MachineActionType::{Isolate, RestrictCodeExecution, Unisolate};
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let actions = vec![
            action("a1", Isolate, Succeeded, 50),
            action("b2", Isolate, Succeeded, 10),
            action("b2", Unisolate, Succeeded, 20),
            action("c3", RestrictCodeExecution, Succeeded, 30),
            action("d4", Isolate, Failed, 5),
            action("e5", Isolate, Succeeded, 1),
            action("e5", Unisolate, Pending, 60),
        ];
        state.apply(Event::Actions {
            epoch: Epoch(0),
            actions,
        });
        let found = state.contained();
        let seen: Vec<_> = found
            .iter()
            .map(|c| (c.machine.id.as_str(), c.condition, c.changing_to))
            .collect();
        assert_eq!(
            seen,
            [
                ("e5", Condition::Isolated, Some(false)),
                ("c3", Condition::Restricted, None),
                ("a1", Condition::Isolated, None),
            ]
        );
        assert_eq!(found[1].machine.name(), "PC-c3");
        assert_eq!(found[0].by.as_deref(), Some("sam@contoso.com"));
        assert_eq!(found[0].comment.as_deref(), Some("beacon"));
    }
}
