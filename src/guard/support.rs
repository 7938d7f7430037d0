//! Whether an action works on a machine: by the documentation, which can forbid, and by the service's
//! availability data for this machine, which is undocumented and can only warn.

use super::Facts;
use super::verdict::{Question, Verdict};
use crate::action::{ActionKind, Change, Condition, ConditionState, Support, Task, Values, infer};
use crate::explain::NextStep;
use crate::model::{Availability, Machine, RefusalCode, clean, os_name};

/// Judges by the documentation, and adds what the service reports.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Task::Act { kind, values } = question.task else {
        return Vec::new();
    };
    let Some(machine) = facts.machine else {
        return vec![Verdict::not_checked(format!(
            "whether this action works here: {}",
            facts.record_gap()
        ))];
    };
    let said = name_of(*kind, values)
        .and_then(|name| facts.available.and_then(|available| available.of(name)));
    let support = match ((kind.spec().supports)(machine, values), kind.spec().change) {
        // A condition in force can be lifted regardless of the tables (rule 10).
        (Support::No(why), Change::Clears(condition)) if may_hold(condition, facts) => {
            Support::Unlisted(why)
        }
        (support, _) => support,
    };
    let documented = documented(machine, support, said);
    let refused = said.filter(|said| !said.is_available).map(not_offered);
    documented.into_iter().chain(refused).collect()
}

/// Whether a condition may be in force: history shows it, or may be incomplete.
fn may_hold(condition: Condition, facts: &Facts<'_>) -> bool {
    let is_shown = match infer(condition, facts.actions()) {
        ConditionState::Yes(_) | ConditionState::Changing { .. } | ConditionState::Unclear(_) => {
            true
        }
        ConditionState::No(_) | ConditionState::Unknown => false,
    };
    is_shown || facts.history_gap().is_some()
}

/// The documentation's verdict, with the service's availability beside it.
fn documented(machine: &Machine, support: Support, said: Option<&Availability>) -> Option<Verdict> {
    let reported = machine.os_platform.as_deref();
    let reported = reported.filter(|os| !os.eq_ignore_ascii_case("Unknown"));
    let system = reported.map(|os| clean(&os_name(os), 40).into_owned());
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

/// The service's name of an action with these values.
fn name_of(kind: ActionKind, values: &Values) -> Option<&'static str> {
    let of_choice = values.variant().and_then(|choice| choice.available_as);
    of_choice.or(kind.spec().available_as)
}

fn not_offered(said: &Availability) -> Verdict {
    let text = "Defender says this is not available for this device";
    match said.reason.as_deref() {
        Some(reason) => Verdict::warn(format!("{text}: {}", reason_words(reason))),
        None => Verdict::warn(format!("{text}, without giving a reason")),
    }
}

/// The service's reason: a sentence as received; a bare code with our words around it.
fn reason_words(reason: &str) -> String {
    let word = clean(reason.trim(), 200);
    if word.contains(char::is_whitespace) {
        return word.into_owned();
    }
    let ours = match RefusalCode::named(&word) {
        Some(RefusalCode::InvalidInput) => "the request does not fit this device",
        Some(RefusalCode::OsPlatformNotSupported) => "its operating system is not supported",
        Some(RefusalCode::ClientVersionNotSupported) => "its Defender client is too old",
        Some(RefusalCode::NotOnboarded) => "it is not onboarded",
        Some(RefusalCode::Inactive) => "it is inactive",
        Some(RefusalCode::ActiveRequestAlreadyExists) => "such an action is under way already",
        Some(RefusalCode::Forbidden) => "your role does not allow it",
        Some(
            RefusalCode::DisabledFeature
            | RefusalCode::DisallowedOperation
            | RefusalCode::InvalidHashValue
            | RefusalCode::ResourceNotFound,
        )
        | None => return format!("its reason is “{word}”, without details"),
    };
    format!("{ours} ({word})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Choice, FULL, ISOLATION_TYPE, SELECTIVE, Value};
    #[test]
    fn bare_reason_code_gets_words() {
        for (reason, words) in [
            (
                "InvalidInput",
                "the request does not fit this device (InvalidInput)",
            ),
            (
                " OsPlatformNotSupported",
                "its operating system is not supported (OsPlatformNotSupported)",
            ),
            (
                "SomethingNew",
                "its reason is “SomethingNew”, without details",
            ),
            ("The sensor is off", "The sensor is off"),
        ] {
            assert_eq!(reason_words(reason), words, "{reason}");
        }
    }

    #[test]
    fn every_action_has_the_services_name() {
        let with = |choice: &'static Choice| {
            let value = (&ISOLATION_TYPE, Value::Choice(choice));
            name_of(ActionKind::Isolate, &[value].into())
        };
        assert_eq!(with(&FULL), Some("FullIsolation"));
        assert_eq!(with(&SELECTIVE), Some("SelectiveIsolation"));
        let plain = |kind| name_of(kind, &Values::default());
        assert_eq!(plain(ActionKind::Isolate), Some("FullIsolation"));
        assert_eq!(plain(ActionKind::Unisolate), Some("Unisolation"));
        assert_eq!(plain(ActionKind::Contain), Some("UnManagedDeviceIsolation"));
        assert_eq!(
            plain(ActionKind::ReleaseContainment),
            Some("UnManagedDeviceUnisolation")
        );
    }
}
