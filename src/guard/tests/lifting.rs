//! Lifting someone else's measures: a release is never forbidden.

use super::*;
use crate::action::{Change, Condition, Risk};

fn isolated_by(requestor: Option<&str>, comment: Option<&str>) -> World {
    let mut world = world();
    let mut isolation = action(MachineActionType::Isolate, MachineActionStatus::Succeeded);
    isolation.created = Some(NOW - jiff::SignedDuration::from_hours(4));
    isolation.requestor = requestor.map(Into::into);
    isolation.requestor_comment = comment.map(Into::into);
    world.history = Some(vec![isolation]);
    world
}

fn said(world: &World, kind: ActionKind) -> Vec<String> {
    let review = review(&world.draft(kind), &world.facts());
    let mut findings = review.findings.into_iter();
    let lifting = findings.by_ref().filter(|f| f.rail == "lifting");
    lifting
        .map(|finding| {
            assert!(finding.severity <= Warn, "never harder than a warning");
            finding.text()
        })
        .collect()
}

#[test]
fn lifting_a_colleagues_isolation_reports_requestor_time_reason_and_open_alerts() {
    let mut world = isolated_by(Some("sam@contoso.com"), Some("beacon to 203.0.113.7"));
    assert_eq!(
        said(&world, ActionKind::Unisolate),
        [
            "Isolated since 04:26 +00:00, 4 h ago, by sam@contoso.com, not by you: “beacon to 203.0.113.7”. Open alerts: not checked"
        ]
    );
    world.alerts = KnownAlerts::Open(3);
    assert!(said(&world, ActionKind::Unisolate)[0].ends_with(". 3 open alerts"));
    world.alerts = KnownAlerts::AtLeast(50);
    assert!(said(&world, ActionKind::Unisolate)[0].ends_with(". At least 50 open alerts"));
    for other in [ActionKind::Isolate, ActionKind::UnrestrictCodeExecution] {
        assert_eq!(said(&world, other), [""; 0], "{other:?}");
    }
    let unknown = isolated_by(None, None);
    assert_eq!(
        said(&unknown, ActionKind::Unisolate),
        [
            "Isolated since 04:26 +00:00, 4 h ago, by an unknown requestor, perhaps not by you: no reason given. Open alerts: not checked"
        ]
    );
}

/// Repeating it changes no owner: the first reason is the one to ask about.
#[test]
fn repeated_isolation_reports_both_reasons() {
    let mut world = isolated_by(Some("sam@contoso.com"), Some("INC-20951 ransomware"));
    let mut again = action(MachineActionType::Isolate, MachineActionStatus::Succeeded);
    again.id = MachineActionId::parse("c0ffee").expect("a literal id");
    again.requestor = Some("jane@contoso.com".into());
    again.requestor_comment = Some("INC-1 also mine".into());
    world.history.get_or_insert_default().push(again);
    let findings = |kind| {
        let found = review(&world.draft(kind), &world.facts()).findings;
        let found = found.into_iter().map(|f| (f.severity, f.text()));
        found.collect::<Vec<_>>()
    };
    let why = "since 04:26 +00:00, 4 h ago, by sam@contoso.com";
    let reason = "“INC-20951 ransomware”; again at 06:56 +00:00, by you: “INC-1 also mine”";
    let lifted = format!("Isolated {why}, not by you: {reason}. Open alerts: not checked");
    assert_eq!(findings(ActionKind::Unisolate), [(Warn, lifted)]);
    let so = "Already isolated, as far as the action history shows";
    let set = format!("{so}: {why}: {reason}");
    assert_eq!(findings(ActionKind::Isolate), [(Warn, set)]);
}

/// The account's own isolation is described as well, and blocks nothing.
#[test]
fn lifting_an_own_isolation_reports_time_reason_and_open_alerts() {
    let mut world = isolated_by(Some("Jane@contoso.com"), Some("INC-1 lost test"));
    world.alerts = KnownAlerts::Open(0);
    let findings = review(&world.draft(ActionKind::Unisolate), &world.facts()).findings;
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(finding.severity, Severity::Note);
    assert_eq!(
        finding.text(),
        "Isolated since 04:26 +00:00, 4 h ago, by you: “INC-1 lost test”. No open alerts"
    );
}

/// A device isolated for two incidents is still needed isolated for the other.
#[test]
fn lifting_an_isolation_with_two_reasons_warns() {
    for (first, second, severity) in [
        ("INC-1 beacon", "INC-2 ransomware", Warn),
        ("INC-1 beacon", "INC-12 beacon", Warn),
        ("beacon", "ransomware", Warn),
        ("INC-1 beacon", "still there, inc-1", Severity::Note),
        (
            "[cdn-7F3K2Q9M] beacon",
            "[cdn-00000001] Beacon",
            Severity::Note,
        ),
    ] {
        let mut world = isolated_by(Some("jane@contoso.com"), Some(first));
        let mut again = action(MachineActionType::Isolate, MachineActionStatus::Succeeded);
        again.id = MachineActionId::parse("c0ffee").expect("a literal id");
        again.requestor = Some("jane@contoso.com".into());
        again.requestor_comment = Some(second.into());
        world.history.get_or_insert_default().push(again);
        let findings = review(&world.draft(ActionKind::Unisolate), &world.facts()).findings;
        let found: Vec<_> = findings.iter().map(|f| (f.rail, f.severity)).collect();
        assert_eq!(found, [("lifting", severity)], "{first}, {second}");
        let text = &findings[0].text();
        assert!(text.contains("again at 06:56 +00:00, by you"), "{text}");
    }
}

/// The organisation's own prefixes make a ticket too.
#[test]
fn organisations_own_ticket_is_one_reason_in_any_spelling() {
    let severity = |tickets: Tickets| {
        let mut world = isolated_by(Some("jane@contoso.com"), Some("ACME-7 beacon"));
        world.tickets = tickets;
        let mut again = action(MachineActionType::Isolate, MachineActionStatus::Succeeded);
        again.id = MachineActionId::parse("c0ffee").expect("a literal id");
        again.requestor = Some("jane@contoso.com".into());
        again.requestor_comment = Some("still there, acme-7".into());
        world.history.get_or_insert_default().push(again);
        let findings = review(&world.draft(ActionKind::Unisolate), &world.facts()).findings;
        let found: Vec<_> = findings.iter().map(|f| (f.rail, f.severity)).collect();
        let [("lifting", severity)] = found.as_slice() else {
            panic!("{found:?}")
        };
        *severity
    };
    let own = Tickets::new(["acme"].into_iter());
    assert_eq!(severity(own), Severity::Note);
    assert_eq!(severity(Tickets::default()), Warn, "two texts");
}

#[test]
fn cancellation_names_the_cancelled_action() {
    let said = |requestor: &str, kind: MachineActionType| {
        let mut world = isolated_by(Some("sam@contoso.com"), None);
        let mut pending = action(kind.clone(), MachineActionStatus::Pending);
        pending.created = Some(NOW - jiff::SignedDuration::from_mins(7));
        pending.requestor = Some(requestor.into());
        pending.requestor_comment = Some("INC-1 lost test".into());
        let subject = Subject::Cancel {
            action: pending.id.clone(),
            action_type: kind,
        };
        world.history = Some(vec![pending]);
        let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
        let draft = Draft::new(entry, world.machine.reference(), subject);
        let findings = review(&draft, &world.facts()).findings.into_iter();
        let said: Vec<_> = findings.map(|f| (f.severity, f.text())).collect();
        said
    };
    let (isolation, release) = (MachineActionType::Isolate, MachineActionType::Unisolate);
    let own = "An isolation requested at 08:19 +00:00, 7 min ago, by you: “INC-1 lost test”. Action id b89eb834";
    assert_eq!(
        said("jane@contoso.com", isolation.clone()),
        [(Severity::Note, own.to_owned())]
    );
    let theirs = "An isolation requested at 08:19 +00:00, 7 min ago, by sam@contoso.com, not by you: “INC-1 lost test”. Action id b89eb834. Open alerts: not checked";
    assert_eq!(
        said("sam@contoso.com", isolation),
        [(Warn, theirs.to_owned())]
    );
    let [(severity, text)] = said("sam@contoso.com", release).try_into().expect("one");
    assert_eq!(severity, Severity::Note, "{text}");
    assert!(text.starts_with("A release requested at"), "{text}");
}

#[test]
fn cancelling_a_colleagues_pending_isolation_warns_like_lifting() {
    let mut world = isolated_by(Some("sam@contoso.com"), Some("beacon"));
    let pending = action(MachineActionType::Isolate, MachineActionStatus::Pending);
    let pending = MachineAction {
        requestor: Some("sam@contoso.com".into()),
        ..pending
    };
    let draft = Draft::new(
        EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
        world.machine.reference(),
        Subject::Cancel {
            action: pending.id.clone(),
            action_type: MachineActionType::Isolate,
        },
    );
    world.history = Some(vec![pending]);
    let findings = review(&draft, &world.facts()).findings;
    let warning = findings.iter().find(|f| f.rail == "lifting");
    let text = &warning.expect("a warning").text();
    assert!(
        text.starts_with("An isolation requested at 06:56 +00:00, 1 h ago, by sam@contoso.com"),
        "{text}"
    );
}

/// The missing part may contain the very action that would have warned.
#[test]
fn incomplete_history_reports_what_was_not_checked() {
    let texts = |world: &World, draft: &Draft| -> Vec<String> {
        let findings = review(draft, &world.facts()).findings.into_iter();
        findings.map(|finding| finding.text()).collect()
    };
    let mut world = world();
    world.is_history_complete = false;
    let release = world.draft(ActionKind::Unisolate);
    assert_eq!(
        texts(&world, &release),
        [
            "Not checked: whether this or its opposite was requested before, whether this device is isolated, and by whom: part of this device's action history is missing or unreadable"
        ]
    );
    let isolate = world.draft(ActionKind::Isolate);
    let said = texts(&world, &isolate);
    assert!(said[0].contains("whether this device is already isolated: part of"));
    // Actions that were read still count.
    let known = isolated_by(Some("sam@contoso.com"), None);
    world.history = known.history;
    let said = texts(&world, &release);
    assert!(
        said.iter()
            .any(|text| text.starts_with("Isolated since") && text.contains("by sam@contoso.com"))
    );
    assert!(said.iter().any(|text| text.starts_with("Not checked: ")));
    let cancel = Draft::new(
        EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
        world.machine.reference(),
        Subject::Cancel {
            action: MachineActionId::parse("c0ffee").expect("a literal id"),
            action_type: MachineActionType::Isolate,
        },
    );
    let said = texts(&world, &cancel);
    assert!(
        matches!(&*said, [text, named] if text.starts_with("Not checked: whose request this cancels: part of")
            && named == "Cancels the isolation with the action id c0ffee"),
        "{said:?}"
    );
}

#[test]
fn condition_in_force_is_shown_while_another_action_is_pending() {
    let mut world = isolated_by(Some("sam@contoso.com"), Some("beacon"));
    let reported = said(&world, ActionKind::Unisolate);
    for kind in [MachineActionType::Unisolate, MachineActionType::Isolate] {
        let pending = MachineAction {
            id: MachineActionId::parse("c0ffee").expect("a literal id"),
            ..action(kind, MachineActionStatus::Pending)
        };
        let mut history = isolated_by(Some("sam@contoso.com"), Some("beacon")).history;
        history.get_or_insert_default().push(pending);
        world.history = history;
        assert_eq!(said(&world, ActionKind::Unisolate), reported);
    }
}

#[test]
fn ownership_is_unknown_if_actions_were_not_read() {
    let mut world = world();
    world.history = None;
    let not_checked = |world: &World, subject: Subject| {
        let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
        let mut draft = Draft::new(entry, world.machine.reference(), subject);
        draft.comment = "alert 1234".into();
        draft.fill_examples();
        let review = review(&draft, &world.facts());
        assert_eq!(review.block(), None, "never harder");
        let findings = review.findings.into_iter();
        let lifting = findings.filter(|f| f.rail == "lifting" && f.severity == NotChecked);
        lifting.map(|f| f.text()).collect::<Vec<_>>()
    };
    for kind in [ActionKind::Unisolate, ActionKind::UnrestrictCodeExecution] {
        let findings = review(&world.draft(kind), &world.facts()).findings;
        let is_said =
            |f: &Finding| f.severity == NotChecked && f.text().contains(", and by whom: ");
        assert!(findings.iter().any(is_said), "{kind:?}: {findings:?}");
    }
    for kind in [ActionKind::Isolate, ActionKind::StopAndQuarantineFile] {
        assert_eq!(not_checked(&world, Subject::Act(kind)), [""; 0], "{kind:?}");
    }
    let action = MachineActionId::parse("b89eb834").expect("a literal id");
    let cancel = |action_type: MachineActionType| Subject::Cancel {
        action: action.clone(),
        action_type,
    };
    let isolation = || cancel(MachineActionType::Isolate);
    let unread = "Not checked: whose request this cancels: this device's action history has not been read yet";
    assert_eq!(not_checked(&world, isolation()), [unread]);
    let release = cancel(MachineActionType::Unisolate);
    assert_eq!(not_checked(&world, release), [""; 0]);
    world.history = Some(Vec::new());
    let absent = "Not checked: whose request this cancels: it is not among this device's actions";
    assert_eq!(not_checked(&world, isolation()), [absent]);
    world.own_actions = vec![OwnAction {
        action: action.clone(),
        entry: EntryId::parse("cdn-00000001").expect("a literal tag"),
    }];
    assert_eq!(not_checked(&world, isolation()), [""; 0]);
}

/// Rule 10. The kinds are literals: a table in the code must not decide what the test expects.
#[test]
fn releasing_is_never_forbidden() {
    let is_release = |kind: &ActionKind| kind.spec().risk == Risk::Routine;
    // Tenant-wide actions have their own test.
    let kinds = ActionKind::ALL.iter().copied();
    let kinds = kinds.filter(|kind| !kind.is_tenant_wide());
    let kinds: Vec<_> = kinds.filter(is_release).collect();
    assert!(
        kinds
            .iter()
            .all(|kind| matches!(kind.spec().change, Change::Clears(_)))
    );
    assert_eq!(kinds.len(), 3);
    let systems = [
        "Windows11",
        "WindowsServer2012R2",
        "Windows7",
        "Ubuntu",
        "macOS",
        "iOS",
        "Android",
        "IoT",
        "",
        "Plan9",
        "ΧΥΖ",
    ];
    let onboarding = [
        "Onboarded",
        "onboarded",
        "CanBeOnboarded",
        "Unsupported",
        "InsufficientInfo",
        "Offboarded",
        "",
        "Discovered",
    ];
    let health = [
        "Active",
        "Inactive",
        "NoSensorData",
        "Unknown",
        "Hibernating",
        "",
    ];
    for kind in kinds {
        for os in systems {
            for status in onboarding {
                for state in health {
                    let mut world = isolated_by(Some("sam@contoso.com"), None);
                    let restriction = MachineActionType::RestrictCodeExecution;
                    let restriction = action(restriction, MachineActionStatus::Succeeded);
                    world.history.get_or_insert_default().push(restriction);
                    world.machine.os_platform = (!os.is_empty()).then(|| os.into());
                    world.machine.onboarding_status =
                        (!status.is_empty()).then(|| OnboardingStatus::from_wire(status));
                    world.machine.health_status = HealthStatus::from_wire(state);
                    world.policy.protected_names = vec![Pattern::parse("fin*").expect("a pattern")];
                    world.policy.unread = Some("no TOML".into());
                    let review = review(&world.draft(kind), &world.facts());
                    assert_eq!(review.block(), None, "{kind:?} {os} {status} {state}");
                }
            }
        }
    }
    assert_eq!(Condition::ALL.map(Condition::way_back).len(), 3);
}
