//! An entry as a report: when, by whom, and what was sent. Pure functions to text.

use jiff::Timestamp;

use crate::action::{PlanStep, Task};
use crate::journal::{Entry, OrderStatus, TimeSource, account_parts};
use crate::model::{MachineAction, clean};
use crate::state::State;
use crate::ui::words;

pub const COMMENT_CHARS: usize = 300;

/// When the current status was reached, and by which clock: the service's if it reported a time, as
/// everywhere else.
fn reached_at(entry: &Entry, state: &State) -> (Timestamp, TimeSource) {
    let status = entry.status();
    let machine = &entry.machine().id;
    let action = status.action().and_then(|id| state.action(machine, id));
    let is_its_end = |action: &&MachineAction| {
        action.status.is_final() && !matches!(status, OrderStatus::NotOurs { .. })
    };
    let reported = action.filter(is_its_end).and_then(|a| a.last_updated);
    reported.map_or((entry.status_since(), TimeSource::Console), |at| {
        (at, TimeSource::Service)
    })
}

/// Time in progress, or since its end; not by a clock that has jumped meanwhile.
pub fn age(entry: &Entry, state: &State, now: Timestamp) -> String {
    let is_end = entry.status().is_end();
    let (at, source) = reached_at(entry, state);
    if is_end && source == TimeSource::Service {
        return words::ago(at, state.at_service(now));
    }
    if state.clock_jumped_since(entry.id()) {
        return "clock was set".to_owned();
    }
    if is_end {
        return words::ago(at, now);
    }
    let secs = words::secs_since(entry.intended_at(), now);
    format!("for {}", words::duration(secs))
}

/// When and by whom it was confirmed, when it reached its status, and who has acknowledged that.
pub fn times(entry: &Entry, state: &State) -> Vec<String> {
    let both = |at| words::local_and_utc(at, &state.zone);
    let confirmed = entry.intended_at();
    let author = account_words(&entry.author.account);
    let mut lines = vec![format!("Confirmed {} by {author}", both(confirmed))];
    let status = entry.status();
    if status.is_end() {
        let (ended, source) = reached_at(entry, state);
        let confirmed = match source {
            TimeSource::Service => state.at_service(confirmed),
            TimeSource::Console => confirmed,
        };
        let took = match words::secs_since(confirmed, ended) {
            _ if state.clock_jumped_since(entry.id()) => {
                "this computer's clock was set meanwhile".to_owned()
            }
            0 => "at once".to_owned(),
            secs => format!("after {}", words::duration(secs)),
        };
        let word = status.word(&entry.order.task);
        lines.push(format!("{word} {}, {took}", both(ended)));
    }
    if let Some(read) = entry.acknowledged() {
        let by = account_words(&read.account);
        lines.push(format!("Acknowledged {} by {by}", both(read.at)));
    }
    lines
}

/// An account in the journal with its cloud: `jane@contoso.com (Commercial)`.
fn account_words(account: &str) -> String {
    let (name, target) = account_parts(account);
    let name = clean(name, 80);
    match target {
        Some(target) => format!("{name} ({})", clean(target, 80)),
        None => name.into_owned(),
    }
}

/// Everything that was sent, verbatim.
pub fn sent(entry: &Entry) -> Vec<String> {
    let order = &entry.order;
    let plan = order
        .plan
        .iter()
        .map(|plan| format!("Plan: {}", plan.words()));
    let mut lines: Vec<_> = plan.chain(parameters(&order.task)).collect();
    let (word, comment) = if order.task.record().takes_comment() {
        ("Comment", order.comment_to_send())
    } else {
        ("Comment, in the journal only", order.comment.to_string())
    };
    lines.push(format!("{word}: {}", clean(&comment, COMMENT_CHARS)));
    lines
}

/// Parameters of an action besides its comment, one line each.
fn parameters(task: &Task) -> Vec<String> {
    match task {
        Task::Act { values, .. } => values
            .iter()
            .map(|(parameter, value)| format!("{}: {}", parameter.label, clean(&value.word(), 200)))
            .collect(),
        Task::Cancel { action, .. } => vec![format!("Cancelled action: {action}")],
    }
}

/// One line for a ticket, in UTC: the outcome, and everything that was sent.
pub fn ticket_line(entry: &Entry, state: &State) -> String {
    let (order, machine) = (&entry.order, state.machine_of(entry));
    let mut facts = vec![format!(
        "{} at {}",
        state.status_words(entry, words::utc_time),
        words::utc_time(reached_at(entry, state).0)
    )];
    facts.extend(order.plan.as_ref().map(PlanStep::words));
    facts.extend(parameters(&order.task));
    let id = (order.task.record().id_word()).zip(entry.status().action());
    facts.extend(id.map(|(word, id)| format!("{word}: {id}")));
    format!(
        "{} {} on {} ({}): {} [{}] by {}: {}",
        words::utc_time(entry.intended_at()),
        order.task.title(),
        machine.quoted_name(),
        machine.id,
        facts.join("; "),
        order.entry,
        account_words(&entry.author.account),
        clean(&order.comment, 1_000)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionKind, FULL, ISOLATION_TYPE, Value};
    use crate::guard::Policy;
    use crate::journal::{NotSentReason, Record};
    use crate::message::Event;
    use crate::model::{
        Epoch, HResult, MachineActionId, MachineActionStatus, MachineActionType, MachineId, Mode,
    };
    use crate::state::fixtures;

    #[test]
    fn order_ended_in_same_second_says_at_once() {
        let machine = fixtures::machine_ref("a1", None);
        let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
        let withdrawn = Record::NotSent {
            why: NotSentReason::Withdrawn,
            detail: None,
        };
        let entry = fixtures::entry(fixtures::author(), order, vec![withdrawn]);
        let state = State::new(Mode::Demo, "Demo", Policy::default());
        let reported = times(&entry, &state);
        assert!(reported[1].ends_with(", at once"), "{reported:?}");
    }

    #[test]
    fn duration_is_not_measured_by_a_clock_that_was_changed_meanwhile() {
        let machine = fixtures::machine_ref("a1", None);
        let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
        let mut entry = fixtures::entry(fixtures::author(), order, vec![Record::Sent]);
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let ahead = |state: &mut State, secs| {
            let ahead = jiff::SignedDuration::from_secs(secs);
            state.apply(Event::ServiceAhead(ahead));
        };
        // The first measurement: the clock may be off, but has not jumped.
        ahead(&mut state, 3_600);
        state.apply(Event::Entry(Box::new(entry.clone())));
        let at = |secs| Timestamp::from_second(secs).expect("a literal time");
        assert_eq!(age(&entry, &state, at(7)), "for 7 s");
        ahead(&mut state, 3_610);
        assert_eq!(age(&entry, &state, at(7)), "for 7 s");
        ahead(&mut state, -21_590);
        assert_eq!(age(&entry, &state, at(25_207)), "clock was set");
        let finished = fixtures::finished("b89eb834", MachineActionStatus::Succeeded);
        entry.push(at(25_207), finished);
        state.apply(Event::Entry(Box::new(entry.clone())));
        let reported = times(&entry, &state);
        assert!(
            reported[1].ends_with("this computer's clock was set meanwhile"),
            "{reported:?}"
        );
        // A later confirmation has its usual age.
        let machine = fixtures::machine_ref("b2", None);
        let order = fixtures::order("cdn-00000002", machine, ActionKind::Isolate);
        let later = fixtures::entry(fixtures::author(), order, vec![Record::Sent]);
        state.apply(Event::Entry(Box::new(later.clone())));
        assert_eq!(age(&later, &state, at(7)), "for 7 s");
    }

    #[test]
    fn account_is_named_with_its_cloud() {
        for (account, words) in [
            (
                "jane@contoso.com at built-in tenant",
                "jane@contoso.com (built-in tenant)",
            ),
            ("jane@contoso.com", "jane@contoso.com"),
        ] {
            assert_eq!(account_words(account), words);
        }
    }

    /// A ticket's readers see nothing else.
    #[test]
    fn ticket_line_adds_what_the_status_word_omits() {
        let action = MachineActionId::parse("b89eb834").expect("a literal id");
        let finished = |status, code| Record::Finished {
            action: action.clone(),
            status,
            hresult: HResult(code),
            by: None,
            comment: None,
            service_time: None,
        };
        let accepted = Record::Accepted {
            action: action.clone(),
            status: MachineActionStatus::InProgress,
        };
        let mut selective = read(&action, MachineActionStatus::Succeeded);
        selective.scope = Some("Selective".into());
        let mut waits = read(&action, MachineActionStatus::InProgress);
        waits.state = Some("PendingApproval".into());
        for (record, read, expected) in [
            (
                finished(MachineActionStatus::Failed, -2_147_467_260),
                None,
                "Failed: 0x80004004 at ",
            ),
            (
                finished(MachineActionStatus::Succeeded, 0),
                Some(selective),
                "Isolated, not as ordered: Selective at ",
            ),
            (accepted, Some(waits), "In progress, waits for approval at "),
        ] {
            let machine = fixtures::machine_ref("a1", None);
            let mut order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
            order.task = Task::Act {
                kind: ActionKind::Isolate,
                values: [(&ISOLATION_TYPE, Value::Choice(&FULL))].into(),
            };
            let records = vec![Record::Sent, record];
            let entry = fixtures::entry(fixtures::author(), order, records);
            let mut state = State::new(Mode::Demo, "Demo", Policy::default());
            state.apply(Event::Entry(Box::new(entry.clone())));
            let epoch = Epoch::default();
            let actions = read.into_iter().collect();
            state.apply(Event::Actions { epoch, actions });
            let line = ticket_line(&entry, &state);
            assert!(line.contains(expected), "{line}");
        }
    }

    fn read(id: &MachineActionId, status: MachineActionStatus) -> MachineAction {
        let mut read = MachineAction::bare(id.clone(), MachineActionType::Isolate, status);
        read.machine_id = MachineId::parse("a1").ok();
        read
    }
}
