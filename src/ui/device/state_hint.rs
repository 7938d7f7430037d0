//! Hints on a device's state: its evidence, and what a pending action waits for.

use jiff::Timestamp;

use crate::action::ConditionPhase;
use crate::guard::{BOTH_WAYS, Policy, is_silent};
use crate::model::{Machine, first_upper};
use crate::search::DeviceState;
use crate::ui::words::ago;

/// Hint for an action history that does not show the state.
pub const UNKNOWN: &str =
    "State unknown: no isolation, restriction or containment in the action history";

/// The tip of a state: its evidence, or what it waits for.
#[must_use]
pub fn hint(
    state: DeviceState,
    machine: Option<&Machine>,
    policy: &Policy,
    now: Timestamp,
) -> String {
    if state == DeviceState::default() {
        return UNKNOWN.to_owned();
    }
    let (_, phase) = state.lead();
    let more = match phase {
        ConditionPhase::Pending { .. } => first_upper(&waiting_words(machine, policy, now)),
        ConditionPhase::UnderWay { .. } => "The device is carrying it out".to_owned(),
        ConditionPhase::BothWays => BOTH_WAYS.to_owned(),
        ConditionPhase::Yes
        | ConditionPhase::Unclear
        | ConditionPhase::No
        | ConditionPhase::Unknown => "From the action history".to_owned(),
    };
    format!("{}\n{more}", state.text())
}

/// The event that a pending action waits for; for a silent device, since when it has been silent.
#[must_use]
pub fn waiting_words(machine: Option<&Machine>, policy: &Policy, now: Timestamp) -> String {
    const WAITS: &str = "waiting for the device";
    let Some(machine) = machine else {
        return WAITS.to_owned();
    };
    if machine.is_unmanaged() {
        return "waiting for the devices that Defender manages, which carry it out".to_owned();
    }
    match machine.last_seen {
        Some(at) if is_silent(machine, policy, now) => {
            format!(
                "{WAITS}, silent since its last full report {}",
                ago(at, now)
            )
        }
        Some(_) => WAITS.to_owned(),
        None => format!("{WAITS}, which has not reported"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::action::Conditions;
    use crate::model::HealthStatus;
    use crate::model::MachineActionStatus::{InProgress, Pending};
    use crate::model::{MachineAction, MachineActionId, MachineActionType, MachineId};
    use crate::ui::look;

    #[test]
    fn pending_looks_unlike_running_and_names_the_silence() {
        let [pending, under_way] = [Pending, InProgress].map(|status| {
            DeviceState::from(&Conditions::of(&[MachineAction::bare(
                MachineActionId::parse("a").expect("a literal id"),
                MachineActionType::Isolate,
                status,
            )]))
        });
        assert_ne!(look::device_state(pending), look::device_state(under_way));
        let now = Timestamp::from_second(1_795_000_000).expect("a small number");
        let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
        machine.health_status = HealthStatus::Inactive;
        machine.last_seen = now.checked_sub(SignedDuration::from_hours(5 * 24)).ok();
        let policy = Policy::default();
        let text = |state: DeviceState, machine: &Machine| hint(state, Some(machine), &policy, now);
        let silent =
            "Isolation pending\nWaiting for the device, silent since its last full report 5 d ago";
        assert_eq!(text(pending, &machine), silent);
        assert!(!text(under_way, &machine).contains("Waiting"));
        machine.health_status = HealthStatus::Active;
        machine.last_seen = Some(now);
        assert!(text(pending, &machine).ends_with("Waiting for the device"));
    }
}
