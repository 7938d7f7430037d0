//! Wording of a file's completed block, and of its removal.

use crate::journal::Entry;
use crate::model::clean;
use crate::state::State;
use crate::ui::words;

/// End of the block, and its deviations from the order.
pub fn lines(entry: &Entry, state: &State) -> Vec<String> {
    let task = &entry.order.task;
    // The service's end counts, as long as it keeps the block.
    let holds = entry.kept_otherwise().is_none() && state.overtaken_by(entry).is_none();
    let until = task.expires().filter(|_| holds).map(|at| {
        let at = words::local_time(at, &state.zone);
        format!("On every device in the tenant until {at}, unless it is removed earlier")
    });
    let said = entry.end_comment();
    let said = said.map(|said| clean(said, 300).into_owned());
    until.into_iter().chain(said).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::action::{ActionKind, EXPIRES, INDICATOR, Task, Value};
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::message::Event;
    use crate::model::{HResult, MachineActionId, MachineActionStatus, MachineRef, Mode};
    use crate::state::fixtures;
    use crate::ui::activity::wording::details;

    fn block(records: Vec<Record>) -> Entry {
        let kind = ActionKind::BlockFile;
        let mut order = fixtures::order("cdn-00000001", MachineRef::every_device(), kind);
        let end = Timestamp::from_second(7200).expect("a literal time");
        let values = [(&EXPIRES, Value::Time(end))].into();
        order.task = Task::Act { kind, values };
        fixtures::entry(fixtures::author(), order, records)
    }

    fn id() -> MachineActionId {
        MachineActionId::parse("1006").expect("a literal id")
    }

    #[test]
    fn stored_expiry_is_shown_and_a_deviation_needs_attention() {
        let said = |kept: Option<&str>| {
            let finished = Record::Finished {
                action: id(),
                status: MachineActionStatus::Succeeded,
                hresult: HResult(0),
                by: None,
                comment: kept.map(Into::into),
                service_time: None,
            };
            let entry = block(vec![Record::Sent, finished]);
            let mut state = State::new(Mode::Demo, "Demo", Policy::default());
            let lines = lines(&entry, &state).join("; ");
            state.apply(Event::Entry(Box::new(entry)));
            (lines, state.entries.attention_count())
        };
        let as_ordered = "On every device in the tenant until 1970-01-01 02:00:00 +00:00, unless it is removed earlier";
        assert_eq!(said(None), (as_ordered.to_owned(), 0));
        let kept = "Defender keeps it without an expiry, which is not what was ordered";
        assert_eq!(said(Some(kept)), (kept.to_owned(), 1));
    }

    #[test]
    fn removed_block_is_not_shown_as_in_effect() {
        let finished = |action: MachineActionId| Record::Finished {
            action,
            status: MachineActionStatus::Succeeded,
            hresult: HResult(0),
            by: None,
            comment: None,
            service_time: None,
        };
        let entry = block(vec![Record::Sent, finished(id())]);
        let kind = ActionKind::RemoveBlock;
        let mut order = fixtures::order("cdn-00000002", MachineRef::every_device(), kind);
        let values = [(&INDICATOR, Value::Text("1006".into()))].into();
        order.task = Task::Act { kind, values };
        let removal = fixtures::entry(
            fixtures::author(),
            order,
            vec![Record::Sent, finished(id())],
        );
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.apply(Event::Entry(Box::new(entry.clone())));
        assert_eq!(lines(&entry, &state).len(), 1);
        state.apply(Event::Entry(Box::new(removal)));
        assert!(state.overtaken_by(&entry).is_some());
        assert!(lines(&entry, &state).is_empty());
    }

    #[test]
    fn block_kept_as_audit_is_not_called_missing() {
        let how = "Defender shows it as Audit, which is not what was ordered";
        let accepted = Record::Accepted {
            action: id(),
            status: MachineActionStatus::InProgress,
        };
        let unclear = Record::Unclear {
            status: None,
            action: Some(id()),
            why: how.into(),
        };
        let entry = block(vec![Record::Sent, accepted, unclear]);
        let state = State::new(Mode::Demo, "Demo", Policy::default());
        let lines = details(&entry, &state, Timestamp::UNIX_EPOCH);
        assert_eq!(lines[1], format!("Cause: {how}"));
        assert!(!lines[0].contains("has not shown"), "{}", lines[0]);
    }
}
