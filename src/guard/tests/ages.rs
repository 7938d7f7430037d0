//! The part of a finding that does not change with age.

use jiff::SignedDuration;

use super::*;

/// A world with nearly every age that a finding mentions.
fn aging() -> World {
    let ago = |secs| Some(NOW - SignedDuration::from_secs(secs));
    let mut world = world();
    world.machine.last_seen = ago(71 * 3_600);
    let mut twin = Machine::bare(MachineId::parse("c0ffee07").expect("a literal id"));
    twin.computer_dns_name = Some("FIN-LT-042".into());
    twin.last_seen = ago(300);
    world.namesakes = vec![Arc::new(twin)];
    let mut isolation = action(MachineActionType::Isolate, MachineActionStatus::Succeeded);
    isolation.created = ago(4 * 3_600);
    let mut scan = action(
        MachineActionType::RunAntiVirusScan,
        MachineActionStatus::Pending,
    );
    scan.id = MachineActionId::parse("c0ffee").expect("a literal id");
    scan.created = ago(600);
    for action in [&mut isolation, &mut scan] {
        action.requestor = Some("sam@contoso.com".into());
    }
    world.history = Some(vec![isolation, scan]);
    world
}

fn found(world: &World, kind: ActionKind, later: SignedDuration) -> Vec<Finding> {
    let facts = Facts {
        now: NOW + later,
        ..world.facts()
    };
    review(&world.draft(kind), &facts).findings
}

#[test]
fn finding_that_only_aged_is_the_same_without_ages() {
    let world = aging();
    for (kind, reported) in [
        (
            ActionKind::Isolate,
            ["already so", "silent device", "twins", "under way"],
        ),
        (
            ActionKind::Unisolate,
            ["lifting", "silent device", "twins", "under way"],
        ),
    ] {
        let now = found(&world, kind, SignedDuration::ZERO);
        let later = found(&world, kind, SignedDuration::from_mins(90));
        assert_eq!(now.len(), later.len());
        let pairs = now.iter().zip(&later);
        let mut aged: Vec<_> = pairs
            .inspect(|(now, later)| assert_eq!(now.lasting_reason(), later.lasting_reason()))
            .filter(|(now, later)| now.reason != later.reason)
            .map(|(now, _)| now.rail)
            .collect();
        aged.sort_unstable();
        assert_eq!(aged, reported);
    }
}

#[test]
fn finding_with_other_facts_or_a_future_time_differs() {
    let of_twins = |world: &World, later| {
        let findings = found(world, ActionKind::Isolate, later);
        let mut twins = findings.iter().filter(|finding| finding.rail == "twins");
        twins.next().map(|twins| twins.lasting_reason().to_owned())
    };
    let mut world = aging();
    let before = of_twins(&world, SignedDuration::ZERO);
    let mut twin = Machine::clone(&world.namesakes[0]);
    twin.health_status = HealthStatus::Inactive;
    world.namesakes = vec![Arc::new(twin.clone())];
    let inactive = of_twins(&world, SignedDuration::ZERO);
    assert_ne!(inactive, before);
    twin.last_seen = Some(NOW + SignedDuration::from_hours(2));
    world.namesakes = vec![Arc::new(twin)];
    let ahead = of_twins(&world, SignedDuration::ZERO);
    assert_ne!(ahead, inactive);
    assert_eq!(of_twins(&world, SignedDuration::from_hours(3)), inactive);
}
