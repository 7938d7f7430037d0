//! Whether a plan continues after a step without effect.

use crate::journal::{Entry, OrderStatus};
use crate::state::State;

/// Consequence for the device's later steps after one without effect; `None` if no order of the same
/// confirmation follows.
pub(super) fn line(entry: &Entry, state: &State) -> Option<&'static str> {
    let own = &entry.order;
    let (plan, batch) = own.plan.as_ref().zip(own.batch)?;
    if !entry.status().had_no_effect() {
        return None;
    }
    let steps = state.entries.of_machine(&own.machine.id);
    let steps = steps.filter(|other| other.order.batch == Some(batch));
    let steps = steps.filter_map(|other| Some((other.order.plan.as_ref()?, other.status())));
    let (behind, so_far): (Vec<_>, Vec<_>) = steps.partition(|(step, _)| step.step > plan.step);
    if behind.is_empty() {
        return None;
    }
    let mut so_far = so_far.into_iter();
    let continues = so_far.all(|(step, status)| status.lets_plan_continue(step.continues));
    // An obstacle to all of them, such as an expired sign-in.
    let is_unsent = |status: &OrderStatus| matches!(status, OrderStatus::NotSent { .. });
    let is_over = behind.iter().all(|(_, status)| is_unsent(status));
    Some(if continues && !is_over {
        "The next steps on this device still run"
    } else {
        "The next steps on this device are not sent"
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::action::{ActionKind, PlanStep};
    use crate::guard::Policy;
    use crate::journal::{NotSentReason, Record};
    use crate::model::{EntryId, Mode};
    use crate::state::fixtures;
    use crate::ui::activity::wording::details;

    const CONTINUE: &str = "The next steps on this device still run";
    const NOT_SENT: &str = "The next steps on this device are not sent";

    fn step(number: u32, of: u32, continues: bool, records: Vec<Record>) -> Entry {
        let machine = fixtures::machine_ref("a19c07", Some("FIN-LT-042"));
        let tag = format!("cdn-0000000{number}");
        let mut order = fixtures::order(&tag, machine, ActionKind::Isolate);
        order.batch = EntryId::parse("cdn-00000001");
        order.plan = Some(PlanStep {
            name: "Ransomware".into(),
            step: number,
            of,
            continues,
        });
        fixtures::entry(fixtures::author(), order, records)
    }

    fn refused() -> Vec<Record> {
        vec![Record::Refused {
            status: 403,
            code: "Forbidden".into(),
            message: "".into(),
        }]
    }

    fn not_sent(why: NotSentReason) -> Vec<Record> {
        vec![Record::NotSent { why, detail: None }]
    }

    /// The line for the first of these.
    fn said(steps: Vec<Entry>) -> Option<&'static str> {
        let first = steps[0].clone();
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.entries = steps.into();
        let all = details(&first, &state, Timestamp::UNIX_EPOCH);
        let said = line(&first, &state);
        let is_said = |words: &str| all.iter().any(|line| line == words);
        assert_eq!(is_said(CONTINUE), said == Some(CONTINUE), "{all:?}");
        assert_eq!(is_said(NOT_SENT), said == Some(NOT_SENT), "{all:?}");
        said
    }

    #[test]
    fn step_without_effect_says_what_happens_to_later_steps() {
        let waiting = || step(2, 2, true, Vec::new());
        assert_eq!(
            said(vec![step(1, 2, true, refused()), waiting()]),
            Some(CONTINUE)
        );
        let stops = step(1, 2, false, refused());
        assert_eq!(said(vec![stops, waiting()]), Some(NOT_SENT));
        let withdrawn = not_sent(NotSentReason::Withdrawn);
        let stops = step(1, 2, false, withdrawn);
        assert_eq!(said(vec![stops, waiting()]), Some(NOT_SENT));
        // Stopped by the step before it.
        let stopped = step(2, 3, true, not_sent(NotSentReason::PlanStopped));
        let before = step(1, 3, false, refused());
        let last = step(3, 3, true, Vec::new());
        assert_eq!(said(vec![stopped, before, last]), Some(NOT_SENT));
        // Stopped by something other than the plan.
        let ended = || not_sent(NotSentReason::SignInEnded);
        let next = step(2, 2, true, ended());
        assert_eq!(said(vec![step(1, 2, true, ended()), next]), Some(NOT_SENT));
    }

    #[test]
    fn no_line_without_later_steps_or_without_failure() {
        assert_eq!(said(vec![step(2, 2, true, refused())]), None);
        // Retried automatically.
        assert_eq!(said(vec![step(1, 3, true, refused())]), None);
        let sent = step(1, 2, true, vec![Record::Sent]);
        assert_eq!(said(vec![sent, step(2, 2, true, Vec::new())]), None);
    }
}
