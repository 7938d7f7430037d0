//! Says that someone else has undone an order's effect.

use crate::action::Change;
use crate::journal::{Entry, Reversal, UNDONE};
use crate::model::first_upper;
use crate::state::State;
use crate::ui::words;

/// The reversal's requestor and time, if it still holds; an unacknowledged one is shown in any case.
pub fn line(entry: &Entry, state: &State) -> Option<String> {
    let still = state.aftermath(entry).reversal;
    let is_over = still.is_none();
    let Reversal { done, by, at } = still.or_else(|| entry.unread_reversal())?;
    let at = |before| {
        let at = at.map(|at| format!("{before}{}", words::local_time(at, &state.zone)));
        at.unwrap_or_default()
    };
    if let Change::Clears(_) = entry.order.task.change() {
        return Some(format!("{done} again{} by {by}", at(" since ")));
    }
    let done = done.to_lowercase();
    let how = format!("{done} by {by}{}", at(" at "));
    Some(if is_over {
        format!("Was {how}; the device may have changed again since: check its state")
    } else {
        format!("{}: {how}", first_upper(UNDONE))
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::action::ActionKind;
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::message::Event;
    use crate::model::{
        Epoch, HResult, MachineAction, MachineActionId, MachineActionStatus, MachineActionType,
        MachineId, Mode,
    };
    use crate::state::fixtures;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).expect("a literal time")
    }

    #[test]
    fn unacknowledged_reversal_is_shown_before_the_device_is_read_and_after_it_changed() {
        let id = |text: &str| MachineActionId::parse(text).expect("a literal id");
        let succeeded = || MachineActionStatus::Succeeded;
        let finished = Record::Finished {
            action: id("own"),
            status: succeeded(),
            hresult: HResult(0),
            by: None,
            comment: None,
            service_time: Some(at(10)),
        };
        let undone = Record::Undone {
            action: id("s1"),
            requestor: Some("sam@contoso.com".into()),
            service_time: Some(at(20)),
        };
        let machine = fixtures::machine_ref("a1", None);
        let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
        let records = vec![Record::Sent, finished, undone];
        let entry = fixtures::entry(fixtures::author(), order, records);
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.apply(Event::Entries(vec![entry.clone()]));
        let said = |state: &State| line(&entry, state).expect("a line");
        let by = "released by sam@contoso.com at 1970-01-01 00:00:20 +00:00";
        assert_eq!(said(&state), format!("No longer in effect: {by}"));
        let mut again = MachineAction::bare(id("s2"), MachineActionType::Isolate, succeeded());
        again.machine_id = MachineId::parse("a1").ok();
        (again.created, again.last_updated) = (Some(at(40)), Some(at(40)));
        let (epoch, actions) = (Epoch::default(), vec![again]);
        state.apply(Event::Actions { epoch, actions });
        let later = "; the device may have changed again since: check its state";
        assert_eq!(said(&state), format!("Was {by}{later}"));
    }
}
