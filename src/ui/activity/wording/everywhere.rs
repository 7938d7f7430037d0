//! Wording of a finished block of a file, and of its removal.

use jiff::tz::TimeZone;

use crate::journal::{Entry, Record};
use crate::model::clean;
use crate::ui::words;

/// Until when it holds, and what is otherwise than it was ordered.
pub fn lines(entry: &Entry, zone: &TimeZone) -> Vec<String> {
    let task = &entry.order.task;
    // The end that counts is the one that the service keeps.
    let as_ordered = entry.kept_otherwise().is_none();
    let until = task.expires().filter(|_| as_ordered).map(|at| {
        let at = words::local_time(at, zone);
        format!("On every device in the tenant until {at}, unless it is removed earlier")
    });
    let said = entry.records().iter().rev().find_map(|(_, record)| {
        let Record::Finished { comment, .. } = record else {
            return None;
        };
        comment.as_deref().map(|said| clean(said, 300).into_owned())
    });
    until.into_iter().chain(said).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::action::{ActionKind, EXPIRES, Task, Value};
    use crate::guard::Policy;
    use crate::message::Event;
    use crate::model::{HResult, MachineActionId, MachineActionStatus, MachineRef, Mode};
    use crate::state::{State, fixtures};
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
            let lines = lines(&entry, &TimeZone::UTC).join("; ");
            let mut state = State::new(Mode::Demo, "Demo", Policy::default());
            state.apply(Event::Entry(Box::new(entry)));
            (lines, state.entries.attention_count())
        };
        let as_ordered = "On every device in the tenant until 1970-01-01 02:00:00 +00:00, unless it is removed earlier";
        assert_eq!(said(None), (as_ordered.to_owned(), 0));
        let kept = "Defender keeps it without an expiry, which is not what was ordered";
        assert_eq!(said(Some(kept)), (kept.to_owned(), 1));
    }

    #[test]
    fn a_block_that_is_kept_as_an_audit_is_not_said_to_be_missing() {
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
        let lines = details(&entry, &state, Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        assert_eq!(lines[1], format!("Cause: {how}"));
        assert!(!lines[0].contains("has not shown"), "{}", lines[0]);
    }
}
