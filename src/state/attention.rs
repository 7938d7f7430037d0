//! What a person has to know of without having looked for it.

use super::State;
use crate::action::{Change, ConditionState, Evidence};
use crate::journal::{Entry, OrderStatus};
use crate::model::{MachineActionId, MachineId};

impl State {
    /// The newest order about a machine that went wrong and is not acknowledged. A later
    /// success makes up for it only where it is of the same: what else was done since says nothing.
    #[must_use]
    pub fn attention_on(&self, id: &MachineId) -> Option<&Entry> {
        let newest_first = || self.entries.of_machine(id).rev();
        let is_done = |entry: &&Entry| matches!(entry.status(), OrderStatus::Done { .. });
        let mut with_place = newest_first().enumerate();
        let (_, entry) = with_place.find(|(place, entry)| {
            let mut later = newest_first().take(*place).filter(is_done);
            self.entries.needs_attention(entry)
                && !later.any(|later| later.order.task.makes_up_for(&entry.order.task))
        })?;
        Some(entry)
    }
}

impl State {
    /// What somebody else has done since that undid an order of ours which had succeeded.
    #[must_use]
    pub fn lifted_by(&self, entry: &Entry) -> Option<&Evidence> {
        let (OrderStatus::Done { .. }, Change::Sets(condition)) =
            (entry.status(), entry.order.task.change())
        else {
            return None;
        };
        let conditions = self.actions.conditions(&entry.machine().id)?;
        let ConditionState::No(evidence) = conditions.ended(condition) else {
            return None;
        };
        let is_later = evidence
            .since
            .is_some_and(|since| since >= entry.status_time().0);
        (is_later && self.entries.that_made(&evidence.action).is_none()).then_some(evidence)
    }

    /// Notes the orders of this run that an action of somebody else has undone: nobody here has read that
    /// yet.
    pub(super) fn note_lifted(&mut self, action: &MachineActionId, machine: &MachineId) {
        let lifted = self.entries.of_machine(machine).filter_map(|entry| {
            let evidence = self.lifted_by(entry)?;
            let is_news = evidence.action == *action && !self.entries.is_of_earlier_run(entry.id());
            is_news.then(|| entry.id())
        });
        let lifted: Vec<_> = lifted.collect();
        for entry in lifted {
            self.entries.note_lifted(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::action::{ActionKind, ISOLATION_TYPE, SELECTIVE, SHA1, Sha1, Task, Value, Values};
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::message::Event;
    use crate::model::{HResult, MachineActionId, MachineActionStatus, MachineActionType, Mode};
    use crate::state::fixtures;

    fn entry(tag: &str, task: &Task, status: MachineActionStatus) -> Event {
        let machine = fixtures::machine_ref("a1", None);
        let mut order = fixtures::order(tag, machine, ActionKind::Isolate);
        order.task = task.clone();
        let mut entry = Entry::new(fixtures::author(), order);
        let finished = Record::Finished {
            action: MachineActionId::parse("b89eb834").expect("a literal id"),
            status,
            hresult: HResult(0),
            by: None,
            comment: None,
            service_time: None,
        };
        for record in [Record::Sent, finished] {
            entry.push(Timestamp::UNIX_EPOCH, record);
        }
        Event::Entry(Box::new(entry))
    }

    #[test]
    fn only_a_later_success_of_the_same_takes_the_mark_away() {
        use MachineActionStatus::{Cancelled, Failed, Succeeded};
        let act = |kind, values: &Values| Task::Act {
            kind,
            values: values.clone(),
        };
        let none = Values::default();
        let file = |digit: &str| {
            let sha1 = Sha1::find(&digit.repeat(40)).expect("40 digits");
            let values = [(&SHA1, Value::Hash(sha1))].into();
            act(ActionKind::StopAndQuarantineFile, &values)
        };
        let isolate = act(ActionKind::Isolate, &none);
        let selective = [(&ISOLATION_TYPE, Value::Choice(&SELECTIVE))].into();
        let cancel = Task::Cancel {
            action: MachineActionId::parse("c0ffee").expect("a literal id"),
            action_type: MachineActionType::Isolate,
        };
        for (first, second, end, is_marked) in [
            (&isolate, &file("a"), Succeeded, true),
            (
                &isolate,
                &act(ActionKind::Unisolate, &none),
                Succeeded,
                true,
            ),
            (&isolate, &act(ActionKind::Contain, &none), Succeeded, true),
            (&isolate, &isolate, Succeeded, false),
            (
                &isolate,
                &act(ActionKind::Isolate, &selective),
                Succeeded,
                false,
            ),
            (&file("a"), &file("b"), Succeeded, true),
            (&file("a"), &file("a"), Succeeded, false),
            (&cancel, &isolate, Succeeded, true),
            (&cancel, &cancel, Cancelled, false),
        ] {
            let mut state = State::new(Mode::Demo, "Demo", Policy::default());
            state.apply(entry("cdn-00000001", first, Failed));
            state.apply(entry("cdn-00000002", second, end));
            let id = MachineId::parse("a1").expect("a literal id");
            let marked = state.attention_on(&id).map(|entry| entry.id().to_string());
            let expected = is_marked.then(|| "cdn-00000001".to_owned());
            assert_eq!(marked, expected, "{first:?}, then {second:?}");
            // Another that went wrong is the newer one to know of.
            state.apply(entry("cdn-00000003", &isolate, Failed));
            let marked = state.attention_on(&id).map(|entry| entry.id().to_string());
            assert_eq!(marked.as_deref(), Some("cdn-00000003"));
        }
    }
}
