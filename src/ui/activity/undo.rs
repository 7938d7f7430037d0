//! Initial values of the form that undoes an order: the exact inverse, as far as it is known.

use crate::action::{ActionKind, Change, Draft, INDICATOR, ParameterKind, REACTION};
use crate::journal::{Entry, OrderStatus};
use crate::model::{MachineAction, MachineActionId, MachineActionStatus};
use crate::state::State;

/// Fills in the parameters of the order, and before that those of the action that it ended: a selective
/// isolation is restored as selective, and an audit does not become a block.
pub fn fill(draft: &mut Draft, entry: &Entry, state: &State) {
    let parameters = draft.parameters();
    if parameters.contains(&REACTION) {
        refill_block(draft, entry, state);
    }
    if matches!(entry.order.task.change(), Change::Clears(_)) {
        refill_condition(draft, entry, state);
    }
    draft.refill(&entry.order.task);
    if let Some(made) = entry.own_action()
        && parameters.contains(&INDICATOR)
    {
        draft.set(&INDICATOR, made.as_str());
    }
}

/// Fills in the parameters of the removed block. For a block not made here, the list has them until it is
/// read again; otherwise the user has to choose whether devices blocked the file.
fn refill_block(draft: &mut Draft, entry: &Entry, state: &State) {
    let removed = entry.order.task.indicator();
    let is_removed = |id: Option<&MachineActionId>| id.is_some() && id == removed.as_ref();
    let mut orders = state.entries.of_machine(&entry.order.machine.id).rev();
    let made = orders.find(|order| {
        order.order.task.makes_indicator() && is_removed(order.own_action().as_ref())
    });
    if let Some(made) = made {
        draft.refill(&made.order.task);
        return;
    }
    let mut known = (state.indicators.get().into_iter()).flat_map(|read| &read.of_files);
    let known = known.find(|indicator| is_removed(indicator.id.as_ref()));
    let reaction = known.and_then(|known| choice(&REACTION.kind, known.action.as_wire()));
    draft.set(&REACTION, reaction.unwrap_or_default());
}

/// Fills in the parameters of the action that set the ended condition, by any requestor: from its order if
/// it was made here, else from the service's record.
fn refill_condition(draft: &mut Draft, entry: &Entry, state: &State) {
    let Some(kind) = draft.task().kind() else {
        return;
    };
    let set = set_before(entry, kind, state);
    let order = match set {
        Some(set) => state.entries.creator_of(&set.id),
        None => ordered_before(entry, kind, state),
    };
    if let Some(order) = order {
        draft.refill(&order.order.task);
    }
    let scope = set.and_then(|set| set.scope.as_deref()).unwrap_or_default();
    for parameter in draft.parameters() {
        if let Some(value) = choice(&parameter.kind, scope) {
            draft.set(parameter, value);
        } else if order.is_none() && matches!(parameter.kind, ParameterKind::Choice(_)) {
            // Unknown: the user has to choose.
            draft.set(parameter, "");
        }
    }
}

/// The last successful order of this kind from here before this one.
fn ordered_before<'a>(entry: &Entry, kind: ActionKind, state: &'a State) -> Option<&'a Entry> {
    let machine = entry.machine();
    let newest_first = state.entries.of_machine(&machine.id).rev();
    let mut earlier = newest_first.skip_while(|other| other.id() != entry.id());
    earlier.find(|other| {
        let is_done = matches!(other.status(), OrderStatus::Done { .. });
        is_done && other.order.task.kind() == Some(kind)
    })
}

/// The last successful action of this kind when the order was carried out.
fn set_before<'a>(entry: &Entry, kind: ActionKind, state: &'a State) -> Option<&'a MachineAction> {
    let history = state.known_actions(&entry.machine().id);
    let own = entry.own_action()?;
    let ended = history.iter().find(|action| action.id == own)?;
    let sets = history.iter().filter(|action| {
        ActionKind::of(action) == Some(kind)
            && action.status == MachineActionStatus::Succeeded
            && action.created < ended.created
    });
    sets.max_by_key(|action| action.created)
}

/// The offered choice with this value of the service.
fn choice(kind: &ParameterKind, value: &str) -> Option<&'static str> {
    let ParameterKind::Choice(choices) = kind else {
        return None;
    };
    let mut choices = choices.iter();
    let found = choices.find(|choice| choice.value.eq_ignore_ascii_case(value));
    found.map(|choice| choice.value)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::action::{
        AUDIT, Choice, FULL, ISOLATION_TYPE, Parameter, SELECTIVE, Subject, Task, Value,
    };
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::message::{Event, IndicatorNews, ReadIndicators};
    use crate::model::{Epoch, Indicator, IndicatorAction, MachineActionType, MachineRef, Mode};
    use crate::state::fixtures;
    use crate::ui::activity::undo::*;

    fn device() -> MachineRef {
        fixtures::machine_ref("a19c07", None)
    }

    fn id(text: &str) -> MachineActionId {
        MachineActionId::parse(text).expect("a literal id")
    }

    /// An order that was carried out as this action.
    fn done(
        tag: &str,
        machine: MachineRef,
        kind: ActionKind,
        value: Option<(&'static Parameter, Value)>,
        action: &str,
    ) -> Entry {
        let mut order = fixtures::order(tag, machine, kind);
        order.task = Task::Act {
            kind,
            values: value.into_iter().collect(),
        };
        let done = fixtures::finished(action, MachineActionStatus::Succeeded);
        fixtures::entry(fixtures::author(), order, vec![Record::Sent, done])
    }

    fn state(entries: &[&Entry]) -> State {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let entries: Vec<Entry> = entries.iter().copied().cloned().collect();
        state.entries = entries.into();
        state
    }

    /// Initial value of this field in the form that undoes the entry.
    fn begins_with(state: &State, entry: &Entry, parameter: &Parameter) -> String {
        let kind = entry.order.task.kind().expect("an action");
        let undo = kind.spec().undo.expect("an inverse");
        let mut draft = Draft::new(entry.id(), entry.machine(), Subject::Act(undo));
        fill(&mut draft, entry, state);
        draft.text(parameter).to_owned()
    }

    fn action(name: &str, kind: MachineActionType, at: i64, scope: Option<&str>) -> MachineAction {
        let mut action = MachineAction::bare(id(name), kind, MachineActionStatus::Succeeded);
        action.machine_id = Some(device().id);
        action.created = Timestamp::from_second(at).ok();
        action.scope = scope.map(Into::into);
        action
    }

    #[test]
    fn undoing_a_release_isolates_with_the_former_scope() {
        use MachineActionType::{Isolate, Unisolate};
        let isolated = |choice: &'static Choice| {
            let value = (&ISOLATION_TYPE, Value::Choice(choice));
            done(
                "cdn-00000001",
                device(),
                ActionKind::Isolate,
                Some(value),
                "x1",
            )
        };
        let release = done("cdn-00000002", device(), ActionKind::Unisolate, None, "x9");
        // By the journal alone.
        for (choice, value) in [(&SELECTIVE, "Selective"), (&FULL, "Full")] {
            let state = state(&[&isolated(choice), &release]);
            assert_eq!(begins_with(&state, &release, &ISOLATION_TYPE), value);
        }
        // The former scope is unknown.
        let unknown = state(&[&release]);
        assert_eq!(begins_with(&unknown, &release, &ISOLATION_TYPE), "");
        // From the service: the later of two, by anyone, and none after the release.
        let (full, own) = (isolated(&FULL), isolated(&SELECTIVE));
        for (entry, actions, value) in [
            (
                &full,
                vec![action("s1", Isolate, 5, Some("selective"))],
                "Selective",
            ),
            (&own, vec![action("s1", Isolate, 5, Some("Full"))], "Full"),
            (&own, vec![action("x1", Isolate, 5, None)], "Selective"),
            (
                &own,
                vec![
                    action("x1", Isolate, 5, None),
                    action("s1", Isolate, 20, Some("Full")),
                ],
                "Selective",
            ),
        ] {
            let mut state = state(&[entry, &release]);
            let mut actions = actions;
            actions.push(action("x9", Unisolate, 9, None));
            let epoch = Epoch(0);
            state.apply(Event::Actions { epoch, actions });
            assert_eq!(begins_with(&state, &release, &ISOLATION_TYPE), value);
        }
    }

    #[test]
    fn undoing_an_unblock_restores_the_reaction_or_asks_for_it() {
        let everywhere = MachineRef::every_device;
        let removal = |number: &str| {
            let value = (&INDICATOR, Value::Text(number.into()));
            let kind = ActionKind::RemoveBlock;
            done("cdn-00000002", everywhere(), kind, Some(value), number)
        };
        let own = removal("7");
        let audit = (&REACTION, Value::Choice(&AUDIT));
        let audited = done(
            "cdn-00000001",
            everywhere(),
            ActionKind::BlockFile,
            Some(audit),
            "7",
        );
        let known = state(&[&audited, &own]);
        assert_eq!(begins_with(&known, &own, &REACTION), "Audit");
        // A colleague's is known only from a list read before the removal.
        let theirs = removal("8");
        let mut known = state(&[&audited, &theirs]);
        assert_eq!(begins_with(&known, &theirs, &REACTION), "");
        for (action, value) in [
            (IndicatorAction::Audit, "Audit"),
            (IndicatorAction::BlockAndRemediate, "BlockAndRemediate"),
            (IndicatorAction::Allowed, ""),
        ] {
            let indicator = Indicator {
                id: Some(id("8")),
                value: "".into(),
                action,
                by: None,
                created: None,
                expires: None,
                title: None,
                description: None,
            };
            let read = ReadIndicators {
                of_files: vec![indicator].into(),
                total: 1,
                is_complete: true,
            };
            known.apply(Event::Indicators {
                epoch: Epoch(0),
                news: IndicatorNews::Read(Ok(read)),
                at: Timestamp::UNIX_EPOCH,
            });
            assert_eq!(begins_with(&known, &theirs, &REACTION), value);
        }
        // Without an answer nothing is ordered.
        let parsed = REACTION.parse("");
        assert!(parsed.is_err_and(|why| why.to_string() == "What devices do: choose one"));
    }
}
