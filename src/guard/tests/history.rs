//! Earlier orders of this console and of others.

use super::*;
use MachineActionStatus::{Failed, Pending, Succeeded};
use MachineActionType::{Isolate, Unisolate};

fn by(requestor: &str, action: MachineAction) -> MachineAction {
    MachineAction {
        requestor: Some(requestor.into()),
        ..action
    }
}

/// The findings of one guardrail for an isolation.
fn said(world: &World, rail: &str) -> Vec<String> {
    let findings = review(&world.draft(ActionKind::Isolate), &world.facts()).findings;
    let of_rail = findings.into_iter().filter(|finding| finding.rail == rail);
    of_rail.map(|finding| finding.text()).collect()
}

#[test]
fn finding_about_an_action_names_its_requestor() {
    let mut world = world();
    world.history = Some(vec![by("sam@contoso.com", action(Isolate, Pending))]);
    assert_eq!(
        said(&world, "same action"),
        ["An isolation is already under way, requested by sam@contoso.com"]
    );
    world.history = Some(vec![by(" ", action(Isolate, Pending))]);
    assert_eq!(
        said(&world, "same action"),
        ["An isolation is already under way, requested by an unknown requestor"]
    );
    let mut set = by("sam@contoso.com", action(Isolate, Succeeded));
    world.history = Some(vec![set.clone()]);
    assert_eq!(
        said(&world, "already so"),
        [
            "Already isolated, as far as the action history shows: since 06:56 +00:00, 1 h ago, by sam@contoso.com: no reason given"
        ]
    );
    set.created = Some(NOW - jiff::SignedDuration::from_mins(49));
    set.requestor_comment = Some("beacon".into());
    world.history = Some(vec![set]);
    assert_eq!(
        said(&world, "already so"),
        [
            "Already isolated, as far as the action history shows: since 07:37 +00:00, 49 min ago, by sam@contoso.com: “beacon”"
        ]
    );
    assert_eq!(
        said(&world, "recent action"),
        [""; 0],
        "one fact, one warning"
    );
}

/// The action that set the condition is reported by the guardrail for the condition only.
#[test]
fn action_lifted_or_repeated_is_reported_once() {
    let minutes_ago = |minutes, action: MachineAction| MachineAction {
        created: Some(NOW - jiff::SignedDuration::from_mins(minutes)),
        ..by("sam@contoso.com", action)
    };
    let mut world = world();
    let isolation = minutes_ago(30, action(Isolate, Succeeded));
    world.history = Some(vec![isolation.clone()]);
    let rails = |world: &World, kind| -> Vec<&str> {
        let found = world.findings(kind).into_iter();
        found.map(|(rail, _)| rail).collect()
    };
    assert_eq!(rails(&world, ActionKind::Isolate), ["already so"]);
    assert_eq!(rails(&world, ActionKind::Unisolate), ["lifting"]);
    let mut scan = minutes_ago(10, action(MachineActionType::RunAntiVirusScan, Succeeded));
    scan.id = MachineActionId::parse("5ca").expect("a literal id");
    world.history = Some(vec![isolation, scan]);
    assert_eq!(
        rails(&world, ActionKind::Unisolate),
        ["lifting", "recent action"]
    );
    assert_eq!(
        said(&world, "recent action"),
        [
            "In the last hour: an antivirus scan (Succeeded) at 08:16 +00:00, requested by sam@contoso.com"
        ]
    );
}

/// Another account's entry is not updated when its action ends.
#[test]
fn own_order_whose_action_ended_does_not_block() {
    let mut world = world();
    let order = world.draft(ActionKind::Isolate).parse().expect("complete");
    let made = MachineActionId::parse("b89eb834").expect("a literal id");
    world.open_orders = vec![OpenOrder {
        order: Order {
            entry: EntryId::parse("cdn-00000001").expect("a literal tag"),
            ..order
        },
        status: "pending".into(),
        outcome_unknown: false,
        action: Some(made),
    }];
    let stands = |world: &World| !said(world, "same action").is_empty();
    assert!(stands(&world), "its end is unknown");
    world.history = Some(vec![action(Isolate, Failed)]);
    assert!(!stands(&world), "history shows its end");
    let mut another = action(Isolate, Failed);
    another.id = MachineActionId::parse("a-1").expect("a literal id");
    world.history = Some(vec![another]);
    assert!(stands(&world), "another action ended");
}

/// The warning protects the work of others: the user's own last actions are no news to them, least of all while
/// undoing them.
#[test]
fn last_hour_warning_covers_only_other_requestors() {
    let rails = |requestor: &str| {
        let mut world = world();
        let mut recent = action(MachineActionType::RunAntiVirusScan, Succeeded);
        recent.created = Some(NOW - jiff::SignedDuration::from_mins(1));
        recent.requestor = Some(requestor.into());
        world.history = Some(vec![recent]);
        world.findings(ActionKind::Unisolate)
    };
    let user_name = account().user_name.expect("a name");
    let is_recent = |(rail, _): &(&str, _)| *rail == "recent action";
    assert!(rails("s.weber@contoso.com").iter().any(is_recent));
    assert!(!rails(&user_name).iter().any(is_recent));
}

/// A cancellation ends an action on this very record: twins and recent actions do not matter.
#[test]
fn cancellation_is_not_judged_as_a_new_action() {
    let mut world = world();
    let mut twin = world.machine.clone();
    twin.id = MachineId::parse("b2").expect("a literal id");
    world.namesakes = vec![Arc::new(twin)];
    let mut lately = action(Unisolate, Succeeded);
    lately.created = Some(NOW);
    world.history = Some(vec![lately]);
    let rails = |task: &Task| -> Vec<_> {
        let findings = judge(None, task, &world.machine.reference(), &world.facts());
        findings.into_iter().map(|finding| finding.rail).collect()
    };
    let isolate = world.draft(ActionKind::Isolate).task();
    let (twins, recent) = ("twins", "recent action");
    let found = rails(&isolate);
    assert!(
        found.contains(&twins) && found.contains(&recent),
        "{found:?}"
    );
    let found = rails(&Task::Cancel {
        action: MachineActionId::parse("b89eb834").expect("a literal id"),
        action_type: Isolate,
    });
    assert!(
        !found.contains(&twins) && !found.contains(&recent),
        "{found:?}"
    );
}

/// A colleague's session on the device is cut off too, of any kind and age.
#[test]
fn foreign_action_under_way_is_reported_at_any_kind_and_age() {
    use MachineActionStatus::InProgress;
    let began = |kind: MachineActionType, requestor: &str, minutes: i64| MachineAction {
        id: MachineActionId::parse(&format!("a{minutes}")).expect("a literal id"),
        created: Some(NOW - jiff::SignedDuration::from_mins(minutes)),
        ..by(requestor, action(kind, InProgress))
    };
    let sam = "sam@contoso.com";
    let found = |history: Vec<MachineAction>, kind: ActionKind| {
        let mut world = world();
        world.history = Some(history);
        let findings = review(&world.draft(kind), &world.facts())
            .findings
            .into_iter();
        let found = findings.filter(|finding| finding.rail == "under way");
        found.map(|f| (f.text(), f.severity)).collect::<Vec<_>>()
    };
    let isolate = ActionKind::Isolate;
    for (kind, noun) in [
        (MachineActionType::LiveResponse, "a live response session"),
        (
            MachineActionType::CollectInvestigationPackage,
            "an investigation package collection",
        ),
        (MachineActionType::RunAntiVirusScan, "an antivirus scan"),
        (MachineActionType::Offboard, "an offboarding"),
        (
            MachineActionType::RestrictCodeExecution,
            "an app restriction",
        ),
        (
            MachineActionType::from_wire("Reboot"),
            "an action of type Reboot",
        ),
    ] {
        let recent = began(kind.clone(), sam, 49);
        let text = format!("Under way: {noun} by {sam} since 07:37 +00:00, 49 min ago");
        assert_eq!(found(vec![recent], isolate), [(text, Warn)]);
        let old = began(kind.clone(), sam, 3 * 24 * 60);
        let text = format!("Under way: {noun} by {sam} since 2025-11-19 08:26 +00:00, 3 d ago");
        assert_eq!(found(vec![old], isolate), [(text, Warn)]);
        let own = began(kind, "jane@contoso.com", 49);
        assert_eq!(found(vec![own], isolate), []);
    }
    let session = || began(MachineActionType::LiveResponse, sam, 49);
    // A release ends no session: just a note.
    let of_release = found(vec![session()], ActionKind::Unisolate);
    assert!(
        matches!(&*of_release, [(_, Severity::Note)]),
        "{of_release:?}"
    );
    let ended = MachineAction {
        status: Succeeded,
        ..session()
    };
    assert_eq!(found(vec![ended], isolate), []);
    // The same and the opposite action have their own guardrails.
    let reported = vec![began(Isolate, sam, 1), began(Unisolate, sam, 2)];
    assert_eq!(found(reported, isolate), []);
    let many = (1..=5).map(|minutes| began(MachineActionType::LiveResponse, sam, minutes));
    let of_many = found(many.collect(), isolate);
    assert_eq!(of_many.len(), 4);
    assert!(of_many[0].0.ends_with("1 min ago"), "{of_many:?}");
    assert_eq!(of_many[3].0, "More actions under way: 2");
}

/// The service reports no requestor for an investigation, and has no field for our tag.
#[test]
fn investigation_is_ours_only_if_our_order_started_it() {
    let kind = MachineActionType::Investigation;
    let mut world = world();
    world.history = Some(vec![action(kind.clone(), Pending)]);
    let of_rail = |world: &World, rail: &str| -> Vec<String> {
        let findings =
            review(&world.draft(ActionKind::StartInvestigation), &world.facts()).findings;
        let of_rail = findings.into_iter().filter(|finding| finding.rail == rail);
        of_rail.map(|finding| finding.text()).collect()
    };
    assert_eq!(
        of_rail(&world, "same action"),
        ["An automated investigation is already under way"]
    );
    world.own_actions = vec![OwnAction {
        action: action(kind.clone(), Pending).id,
        entry: EntryId::parse("cdn-00000001").expect("a literal tag"),
    }];
    assert_eq!(
        of_rail(&world, "same action"),
        ["An automated investigation is already under way, requested by you"]
    );
    let recent = |own: bool| {
        let mut world = self::world();
        let mut ended = action(kind.clone(), MachineActionStatus::Cancelled);
        ended.created = Some(NOW - jiff::SignedDuration::from_mins(3));
        if own {
            world.own_actions = vec![OwnAction {
                action: ended.id.clone(),
                entry: EntryId::parse("cdn-00000001").expect("a literal tag"),
            }];
        }
        world.history = Some(vec![ended]);
        said(&world, "recent action")
    };
    assert_eq!(
        recent(false),
        ["In the last hour: an automated investigation (Cancelled) at 08:23 +00:00"]
    );
    assert_eq!(recent(true), [""; 0]);
}
