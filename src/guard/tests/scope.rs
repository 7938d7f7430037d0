//! Devices that may be contained, and the size of a batch.

use super::*;
use crate::action::{self, Risk};

#[test]
fn containment_is_only_for_devices_not_onboarded_but_its_release_is_for_all() {
    use OnboardingStatus::{CanBeOnboarded, Onboarded, Unsupported};
    let stops = |onboarding: OnboardingStatus, kind| {
        let mut world = world();
        world.machine.onboarding_status = Some(onboarding);
        let findings = review(&world.draft(kind), &world.facts()).findings;
        let is_stop = |f: &Finding| f.rail == "onboarding" && f.severity == Severity::Block;
        findings.iter().any(is_stop)
    };
    for unmanaged in [CanBeOnboarded, Unsupported] {
        for &kind in ActionKind::ALL {
            let spec = kind.spec();
            let is_for_it = spec.devices != action::Devices::Managed || spec.risk == Risk::Routine;
            assert_eq!(stops(unmanaged.clone(), kind), !is_for_it, "{kind:?}");
        }
        assert!(stops(unmanaged.clone(), ActionKind::Isolate));
        assert!(!stops(unmanaged.clone(), ActionKind::Contain));
        assert!(!stops(unmanaged.clone(), ActionKind::Unisolate));
        assert!(!stops(unmanaged, ActionKind::ReleaseContainment));
    }
    assert!(stops(Onboarded, ActionKind::Contain));
    assert!(!stops(Onboarded, ActionKind::ReleaseContainment));
    assert!(!stops(Onboarded, ActionKind::Isolate));
}

/// Other devices execute a containment and its release.
#[test]
fn device_without_sensor_is_not_reported_as_silent() {
    let mut world = world();
    world.machine.onboarding_status = Some(OnboardingStatus::CanBeOnboarded);
    world.machine.last_seen = None;
    let is_silent = |kind| {
        let findings = world.findings(kind).into_iter();
        findings
            .map(|(rail, _)| rail)
            .any(|rail| rail == "silent device")
    };
    assert!(is_silent(ActionKind::Isolate));
    assert!(!is_silent(ActionKind::Contain));
    assert!(!is_silent(ActionKind::ReleaseContainment));
}

#[test]
fn batch_is_confirmed_as_a_whole_or_not() {
    let world = || World {
        batch_size: 3,
        policy: Policy {
            max_batch: 2,
            ..Policy::default()
        },
        ..world()
    };
    let names = |kind| {
        let findings = world().findings(kind);
        findings
            .into_iter()
            .map(|(rail, _)| rail)
            .collect::<Vec<_>>()
    };
    assert!(names(ActionKind::Isolate).contains(&SEVERAL_AT_ONCE));
    assert!(
        !names(ActionKind::Unisolate).contains(&SEVERAL_AT_ONCE),
        "a release has no limit"
    );
    let world = world();
    let review = review(&world.draft(ActionKind::Unisolate), &world.facts());
    let SessionStatus::SignedIn { account, .. } = &world.session else {
        panic!("signed in");
    };
    let alone = review.clone().approve(account, Epoch(0), NOW);
    assert_eq!(
        alone.expect_err("one of three"),
        "This is one of 3 to be confirmed together"
    );
    let twice = vec![review.clone(), review.clone()];
    let refused = approve_all(twice, "", account, Epoch(0), NOW).expect_err("one device twice");
    assert!(refused.ends_with("is in the list twice"), "{refused}");
    let mut other = review.clone();
    if let Ok(order) = &mut other.order {
        order.machine.id = MachineId::parse("b2").expect("a literal id");
    }
    let refused = approve_all(vec![review, other], "", account, Epoch(0), NOW);
    assert_eq!(refused.expect_err("two of three"), "3 were reviewed, not 2");
}

/// The limit counts devices, not orders, and a step is judged like a single order.
#[test]
fn plan_steps_are_judged_as_single_orders_and_confirmed_together() {
    use crate::action::{Plan, Step};
    let plan = Plan::new(
        "P",
        [
            Step::new(ActionKind::Isolate),
            Step::new(ActionKind::RestrictCodeExecution),
        ],
    );
    let step = |at: usize, world: &World| {
        let form = world.draft(plan.steps[at].kind);
        let mut draft = plan.draft(at, form, str::to_owned).expect("a step");
        draft.entry = EntryId::random().expect("random bytes");
        review(&draft, &world.facts())
    };
    let confirm = |steps: Vec<Review>| approve_all(steps, "", &account(), Epoch(1), NOW);
    let mut world = world();
    let approvals = confirm(vec![step(0, &world), step(1, &world)]).expect("one device");
    let steps: Vec<_> = approvals
        .iter()
        .filter_map(|approval| Some(approval.order().plan.as_ref()?.step))
        .collect();
    assert_eq!(steps, [1, 2]);
    let twice = confirm(vec![step(0, &world), step(0, &world)]).expect_err("a step twice");
    assert!(twice.ends_with("is in the list twice"), "{twice}");
    world.machine.os_platform = Some("Ubuntu".into());
    let alone = review(
        &world.draft(ActionKind::RestrictCodeExecution),
        &world.facts(),
    );
    assert_eq!(step(1, &world).findings, alone.findings);
    assert!(step(0, &world).block().is_none());
    let refused = confirm(vec![step(0, &world), step(1, &world)]).expect_err("Windows only");
    assert_eq!(Some(refused), alone.block());
}

#[test]
fn limit_lowered_after_confirmation_stops_each_order_of_a_batch() {
    let mut world = World {
        batch_size: 2,
        ..world()
    };
    let of = |id: &str, world: &World| {
        let mut draft = world.draft(ActionKind::Isolate);
        draft.machine.id = MachineId::parse(id).expect("a literal id");
        review(&draft, &world.facts())
    };
    let both = || vec![of("a1", &world), of("b2", &world)];
    let confirm = |number: &str| approve_all(both(), number, &account(), Epoch(1), NOW);
    for wrong in ["", "1", "3", "two"] {
        let refused = confirm(wrong).expect_err("a wrong number");
        assert_eq!(refused, "Type the number of devices: 2", "{wrong}");
    }
    let approvals = confirm(" 2 ").expect("the right number");
    assert_eq!(approvals.len(), 2);
    // On submission each is judged alone, but counts as one of two.
    world.batch_size = 1;
    for approval in &approvals {
        assert_eq!(enforce(approval, &world.facts()), Ok(()));
    }
    world.policy.max_batch = 1;
    for approval in &approvals {
        let finding = enforce(approval, &world.facts()).expect_err("over the limit");
        assert_eq!(finding.rail, SEVERAL_AT_ONCE);
    }
}
