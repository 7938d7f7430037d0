//! Whether an action works on a machine: by the documentation, which can forbid, and by what the
//! service says about this very machine, which is undocumented and can only warn.

use super::Facts;
use super::verdict::{Question, Verdict};
use crate::action::{ActionKind, IsolationType, Support, Task, Value};
use crate::explain::NextStep;
use crate::model::{Availability, Machine, clean};

const UNMANAGED: &str = IsolationType::UnManagedDevice.as_wire();

/// The service's names of what can be ordered: kind, variant, name.
const NAMES: &[(ActionKind, &str, &str)] = &[
    (ActionKind::Isolate, "Full", "FullIsolation"),
    (ActionKind::Isolate, "Selective", "SelectiveIsolation"),
    (ActionKind::Isolate, UNMANAGED, "UnManagedDeviceIsolation"),
    (ActionKind::Unisolate, "", "Unisolation"),
    (
        ActionKind::Unisolate,
        UNMANAGED,
        "UnManagedDeviceUnisolation",
    ),
    (
        ActionKind::RestrictCodeExecution,
        "",
        "RestrictCodeExecution",
    ),
    (
        ActionKind::UnrestrictCodeExecution,
        "",
        "UnrestrictCodeExecution",
    ),
    (
        ActionKind::StopAndQuarantineFile,
        "",
        "StopAndQuarantineFile",
    ),
];

/// Judges by the documentation, and passes on what the service says.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Task::Act { kind, values } = question.task else {
        return Vec::new();
    };
    let Some(machine) = facts.machine else {
        return vec![Verdict::not_checked(
            "whether this action works here: the device's record could not be read",
        )];
    };
    let said = name_of(*kind, values, machine)
        .and_then(|name| facts.available.and_then(|available| available.of(name)));
    let documented = documented(machine, (kind.spec().supports)(machine, values), said);
    let refused = said.filter(|said| !said.is_available).map(not_offered);
    documented.into_iter().chain(refused).collect()
}

/// What the documentation says, with what the service says about this very machine beside it.
fn documented(machine: &Machine, support: Support, said: Option<&Availability>) -> Option<Verdict> {
    let system = machine.os_platform.as_deref().map(|os| clean(os, 40));
    match support {
        Support::Yes => None,
        Support::Unlisted(why) => {
            let offered = if said.is_some_and(|said| said.is_available) {
                ". The service itself offers it for this device"
            } else {
                ""
            };
            let Some(system) = system else {
                let what = "whether this action works here: the operating system is unknown";
                return Some(Verdict::not_checked(format!("{what}{offered}")));
            };
            Some(Verdict::warn(format!(
                "May not work on {system}: {why} (Microsoft documentation){offered}"
            )))
        }
        Support::No(why) => Some(Verdict::block(
            format!(
                "Not available on {}: {why} (Microsoft documentation)",
                system.as_deref().unwrap_or("this device")
            ),
            NextStep::None,
        )),
    }
}

/// The service's name of an action with these values on this machine.
fn name_of(kind: ActionKind, values: &[Value], machine: &Machine) -> Option<&'static str> {
    let isolation = values.iter().find_map(|value| match value {
        Value::IsolationType(isolation) => Some(isolation.as_wire()),
        Value::Sha1(_) => None,
    });
    let variant = match kind {
        ActionKind::Isolate => isolation.unwrap_or("Full"),
        ActionKind::Unisolate if machine.is_unmanaged() => UNMANAGED,
        ActionKind::Unisolate
        | ActionKind::RestrictCodeExecution
        | ActionKind::UnrestrictCodeExecution
        | ActionKind::StopAndQuarantineFile => "",
    };
    let mut rows = NAMES.iter();
    rows.find(|(k, v, _)| *k == kind && *v == variant)
        .map(|(.., name)| *name)
}

fn not_offered(said: &Availability) -> Verdict {
    let text = "Defender says this is not available for this device";
    match said.reason.as_deref() {
        Some(reason) => Verdict::warn(format!("{text}: {}", clean(reason, 200))),
        None => Verdict::warn(format!("{text}, without giving a reason")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MachineId, OnboardingStatus};

    fn machine(onboarding: OnboardingStatus) -> Machine {
        let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
        machine.onboarding_status = Some(onboarding);
        machine
    }

    #[test]
    fn every_action_has_the_name_that_the_service_gives_it() {
        use ActionKind::{
            Isolate, RestrictCodeExecution, StopAndQuarantineFile, Unisolate,
            UnrestrictCodeExecution,
        };
        use OnboardingStatus::{CanBeOnboarded, Onboarded};
        let selective = [Value::IsolationType(IsolationType::Selective)];
        let full = [Value::IsolationType(IsolationType::Full)];
        for (kind, values, onboarding, name) in [
            (Isolate, &full[..], Onboarded, "FullIsolation"),
            (Isolate, &[], Onboarded, "FullIsolation"),
            (Isolate, &selective, Onboarded, "SelectiveIsolation"),
            (Unisolate, &[], Onboarded, "Unisolation"),
            (Unisolate, &[], CanBeOnboarded, "UnManagedDeviceUnisolation"),
            (
                RestrictCodeExecution,
                &[],
                Onboarded,
                "RestrictCodeExecution",
            ),
            (
                UnrestrictCodeExecution,
                &[],
                Onboarded,
                "UnrestrictCodeExecution",
            ),
            (
                StopAndQuarantineFile,
                &[],
                Onboarded,
                "StopAndQuarantineFile",
            ),
        ] {
            let found = name_of(kind, values, &machine(onboarding));
            assert_eq!(found, Some(name), "{kind:?}");
        }
        assert!(NAMES.contains(&(Isolate, "UnManagedDevice", "UnManagedDeviceIsolation")));
    }
}
