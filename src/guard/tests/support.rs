//! The documentation's and the service's verdict on an action on a device.

use super::*;

#[test]
fn services_availability_warns_with_its_source_and_never_blocks() {
    let by_documentation =
        "May not work on Plan 9: not on the list of supported systems (Microsoft documentation)";
    let offered = format!("{by_documentation}. The service itself offers it for this device");
    let not_offered = "Defender says this is not available for this device";
    let forbidden = "Not available on Ubuntu: Windows only (Microsoft documentation)";
    let restrict = ActionKind::RestrictCodeExecution;
    let no = |reason: Option<&str>| Some((false, reason.map(Box::from)));
    let yes = Some((true, None));
    for (os, said, verdicts) in [
        ("Windows11", None, vec![]),
        ("Windows11", yes.clone(), vec![]),
        (
            "Windows11",
            no(Some("Sensor\u{202e}off")),
            vec![(
                format!("{not_offered}: its reason is “Sensor\\u{{202e}}off”, without details"),
                Warn,
            )],
        ),
        (
            "Windows11",
            no(None),
            vec![(format!("{not_offered}, without giving a reason"), Warn)],
        ),
        ("Plan9", None, vec![(by_documentation.to_owned(), Warn)]),
        ("Plan9", yes.clone(), vec![(offered, Warn)]),
        (
            "Plan9",
            no(Some("Old")),
            vec![
                (by_documentation.to_owned(), Warn),
                (
                    format!("{not_offered}: its reason is “Old”, without details"),
                    Warn,
                ),
            ],
        ),
        ("Ubuntu", yes, vec![(forbidden.to_owned(), Block)]),
        (
            "Ubuntu",
            no(Some("OsPlatformNotSupported")),
            vec![
                (forbidden.to_owned(), Block),
                (
                    format!(
                        "{not_offered}: its operating system is not supported (OsPlatformNotSupported)"
                    ),
                    Warn,
                ),
            ],
        ),
    ] {
        let mut world = world();
        world.machine.os_platform = Some(os.into());
        world.available = said.clone().map(|(is_available, reason)| {
            let action = "restrictcodeexecution".into();
            AvailableActions(vec![Availability {
                action,
                is_available,
                reason,
            }])
        });
        let found = review(&world.draft(restrict), &world.facts()).findings;
        let support = found.into_iter().filter(|f| f.rail == "support");
        let found: Vec<_> = support.map(|f| (f.text(), f.severity)).collect();
        assert_eq!(found, verdicts, "{os} {said:?}");
    }
}

/// An action without effect is not offered; a condition that is or may be in force can be lifted on any system.
#[test]
fn unrestrict_is_offered_where_restricting_works_or_a_restriction_may_be_in_force() {
    let forbidden = |world: &World| {
        let draft = world.draft(ActionKind::UnrestrictCodeExecution);
        review(&draft, &world.facts()).block()
    };
    let restriction = || {
        action(
            MachineActionType::RestrictCodeExecution,
            MachineActionStatus::Succeeded,
        )
    };
    let no = "Not available on Ubuntu: Windows only (Microsoft documentation)";
    for (os, history, is_complete, block) in [
        ("Windows11", Some(vec![]), true, None),
        ("Ubuntu", Some(vec![]), true, Some(no.to_owned())),
        ("Ubuntu", Some(vec![restriction()]), true, None),
        ("Ubuntu", Some(vec![]), false, None),
        ("Ubuntu", None, true, None),
    ] {
        let mut world = world();
        world.machine.os_platform = Some(os.into());
        world.is_history_complete = is_complete;
        world.history = history;
        assert_eq!(forbidden(&world), block, "{os} {:?}", world.history);
    }
}
