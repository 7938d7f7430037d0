mod ages;
mod approval;
mod cut_off;
mod everywhere;
mod history;
mod lifting;
mod names;
mod own_computer;
mod requests;
mod scope;
mod support;

use super::*;
use crate::action::{self, ActionKind, Subject};
use crate::model::{
    Availability, AvailableActions, FileFacts, HealthStatus, Host, MachineActionStatus,
    MachineActionType, MachineId, Merge, OnboardingStatus, Permissions, TenantId, Tickets,
};

static UTC: TimeZone = TimeZone::UTC;
const NOW: Timestamp = Timestamp::constant(1_763_800_000, 0);

struct World {
    policy: Policy,
    tickets: Tickets,
    session: SessionStatus,
    machine: Machine,
    namesakes: Vec<Arc<Machine>>,
    history: Option<Vec<MachineAction>>,
    is_history_complete: bool,
    open_orders: Vec<OpenOrder>,
    host: Option<Host>,
    file: File,
    batch_size: usize,
    own_actions: Vec<OwnAction>,
    alerts: KnownAlerts<'static>,
    devices: Vec<Arc<Machine>>,
    is_list_complete: bool,
    available: Option<AvailableActions>,
}

/// Progress of looking up the file.
enum File {
    NotYet,
    Unknown,
    Known(Box<FileFacts>),
}

fn account() -> Account {
    Account {
        tenant_id: TenantId::parse("5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10").expect("a literal id"),
        object_id: "o".into(),
        user_name: Some("jane@contoso.com".into()),
        display_name: None,
    }
}

/// A world without any finding.
fn world() -> World {
    let mut machine = Machine::bare(
        MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d09c07").expect("a literal id"),
    );
    machine.computer_dns_name = Some("FIN-LT-042".into());
    machine.os_platform = Some("Windows11".into());
    machine.health_status = HealthStatus::Active;
    machine.onboarding_status = Some(OnboardingStatus::Onboarded);
    machine.machine_tags = Some([].into());
    machine.last_seen = Some(NOW);
    World {
        policy: Policy::default(),
        tickets: Tickets::default(),
        session: SessionStatus::SignedIn {
            account: account(),
            permissions: Permissions::Unknown,
        },
        machine,
        namesakes: Vec::new(),
        history: Some(Vec::new()),
        is_history_complete: true,
        open_orders: Vec::new(),
        batch_size: 1,
        own_actions: Vec::new(),
        alerts: KnownAlerts::NotChecked,
        devices: Vec::new(),
        is_list_complete: true,
        host: Some(Host::default()),
        file: File::Known(Box::new(FileFacts {
            signer: Some("Acme".into()),
            organization_prevalence: Some(1),
            ..FileFacts::default()
        })),
        available: None,
    }
}

impl World {
    fn facts(&self) -> Facts<'_> {
        Facts {
            now: NOW,
            zone: &UTC,
            policy: &self.policy,
            tickets: &self.tickets,
            session: &self.session,
            machine: Some(&self.machine),
            unread: ReadFailures::default(),
            host: self.host.as_ref(),
            file: match &self.file {
                File::NotYet => KnownFile::NotYet,
                File::Unknown => KnownFile::Unknown,
                File::Known(file) => KnownFile::Known(file),
            },
            indicators: KnownIndicators::NotYet,
            available: self.available.as_ref(),
            namesakes: &self.namesakes,
            history: self.history.as_deref().map(|actions| History {
                actions,
                is_complete: self.is_history_complete,
            }),
            open_orders: &self.open_orders,
            own_actions: &self.own_actions,
            alerts: self.alerts,
            devices: DeviceList {
                list: &self.devices,
                is_complete: self.is_list_complete,
            },
            batch_size: self.batch_size,
        }
    }

    fn draft(&self, kind: ActionKind) -> Draft {
        let mut draft = Draft::new(
            EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
            self.machine.reference(),
            Subject::Act(kind),
        );
        draft.comment = "alert 1234".into();
        draft.fill_examples();
        draft
    }

    fn findings(&self, kind: ActionKind) -> Vec<(&'static str, Severity)> {
        review(&self.draft(kind), &self.facts())
            .findings
            .into_iter()
            .map(|f| (f.rail, f.severity))
            .collect()
    }
}

fn action(kind: MachineActionType, status: MachineActionStatus) -> MachineAction {
    let mut action = MachineAction::bare(
        MachineActionId::parse("b89eb834").expect("a literal id"),
        kind,
        status,
    );
    action.created = Some(NOW - jiff::SignedDuration::from_mins(90));
    action
}

use Severity::{Block, NameWanted, NotChecked, Warn};

#[test]
fn ordinary_isolation_has_no_findings() {
    let world = world();
    assert_eq!(world.findings(ActionKind::Isolate), []);
    let review = review(&world.draft(ActionKind::Isolate), &world.facts());
    let approval = review.approve(&account(), Epoch(1), NOW).expect("approved");
    assert_eq!(approval.order().machine.name(), "FIN-LT-042");
    assert_eq!(enforce(&approval, &world.facts()), Ok(()));
}

#[test]
fn each_block_blocks() {
    type Change = fn(&mut World);
    let cases: &[(&str, ActionKind, Change)] = &[
        ("read-only", ActionKind::Unisolate, |w| {
            w.policy.read_only = true;
        }),
        ("signed in", ActionKind::Isolate, |w| {
            w.session = SessionStatus::SignedOut;
        }),
        ("permission", ActionKind::Isolate, |w| {
            w.session = SessionStatus::SignedIn {
                account: account(),
                permissions: Permissions::from_scopes("Machine.Read"),
            };
        }),
        ("merged record", ActionKind::Isolate, |w| {
            w.machine.merge = Merge::Into(MachineId::parse("b2").expect("a literal id"));
        }),
        ("onboarding", ActionKind::Isolate, |w| {
            w.machine.onboarding_status = Some(OnboardingStatus::CanBeOnboarded);
        }),
        ("support", ActionKind::RestrictCodeExecution, |w| {
            w.machine.os_platform = Some("Ubuntu".into());
        }),
        ("same action", ActionKind::Isolate, |w| {
            w.history = Some(vec![action(
                MachineActionType::Isolate,
                MachineActionStatus::Pending,
            )]);
        }),
    ];
    for (rail, kind, change) in cases {
        let mut world = world();
        change(&mut world);
        assert!(world.findings(*kind).contains(&(rail, Block)), "{rail}");
        let review = review(&world.draft(*kind), &world.facts());
        assert!(review.approve(&account(), Epoch(1), NOW).is_err(), "{rail}");
    }
}

#[test]
fn each_warning_warns_but_does_not_block() {
    type Change = fn(&mut World);
    let cases: &[(&str, ActionKind, Change)] = &[
        ("opposite action", ActionKind::Isolate, |w| {
            w.history = Some(vec![action(
                MachineActionType::Unisolate,
                MachineActionStatus::InProgress,
            )]);
        }),
        ("twins", ActionKind::Isolate, |w| {
            let id = MachineId::parse("b2").expect("a literal id");
            w.namesakes = vec![Arc::new(Machine::bare(id))];
        }),
        ("already so", ActionKind::Isolate, |w| {
            w.history = Some(vec![action(
                MachineActionType::Isolate,
                MachineActionStatus::Succeeded,
            )]);
        }),
        ("silent device", ActionKind::Isolate, |w| {
            w.machine.health_status = HealthStatus::Inactive;
        }),
        ("silent device", ActionKind::Isolate, |w| {
            w.machine.last_seen = Some(NOW + jiff::SignedDuration::from_hours(3));
        }),
        ("blast radius", ActionKind::Isolate, |w| {
            w.machine.computer_dns_name = Some("DC01.contoso.com".into());
        }),
        ("blast radius", ActionKind::Isolate, |w| {
            w.machine.machine_tags = Some(["tier0".into()].into());
        }),
        ("recent action", ActionKind::Isolate, |w| {
            let mut recent = action(
                MachineActionType::RunAntiVirusScan,
                MachineActionStatus::Succeeded,
            );
            recent.created = Some(NOW - jiff::SignedDuration::from_mins(10));
            w.history = Some(vec![recent]);
        }),
    ];
    for (rail, kind, change) in cases {
        let mut world = world();
        change(&mut world);
        assert_eq!(world.findings(*kind), [(*rail, Warn)], "{rail}");
    }
}

/// Views choose icon and colour by severity alone.
#[test]
fn not_checked_has_its_own_severity_and_does_not_block() {
    type Change = fn(&mut World);
    let quarantine = ActionKind::StopAndQuarantineFile;
    let cases: &[(&str, ActionKind, Change)] = &[
        ("onboarding", ActionKind::Isolate, |w| {
            w.machine.onboarding_status = Some(OnboardingStatus::InsufficientInfo);
        }),
        ("support", ActionKind::Isolate, |w| {
            w.machine.os_platform = None;
        }),
        ("same action", ActionKind::Isolate, |w| w.history = None),
        ("same action", ActionKind::Isolate, |w| {
            w.is_history_complete = false;
        }),
        ("same action", ActionKind::Unisolate, |w| {
            w.is_history_complete = false;
        }),
        ("same action", quarantine, |w| w.is_history_complete = false),
        ("twins", ActionKind::Isolate, |w| w.is_list_complete = false),
        ("silent device", ActionKind::Isolate, |w| {
            w.machine.last_seen = None;
        }),
        ("own device", ActionKind::Isolate, |w| w.host = None),
        ("protected device", ActionKind::Isolate, |w| {
            w.policy.protected_tags = vec!["tier0".into()];
            w.machine.machine_tags = None;
        }),
        ("file", quarantine, |w| w.file = File::NotYet),
        ("file", quarantine, |w| {
            w.file = File::Known(Box::new(FileFacts {
                signer: Some("Acme".into()),
                ..FileFacts::default()
            }));
        }),
        ("file", quarantine, |w| {
            w.file = File::Known(Box::new(FileFacts {
                organization_prevalence: Some(1),
                ..FileFacts::default()
            }));
        }),
    ];
    for (rail, kind, change) in cases {
        let mut world = world();
        change(&mut world);
        let review = review(&world.draft(*kind), &world.facts());
        let found = review.findings.iter().map(|f| (f.rail, f.severity));
        assert_eq!(found.collect::<Vec<_>>(), [(*rail, NotChecked)], "{rail}");
        let text = &review.findings[0].text();
        assert!(text.starts_with("Not checked"), "{text}");
        assert_eq!(review.block(), None, "{rail}");
    }
}

#[test]
fn unknown_outcome_blocks_repetition_but_not_the_entry_itself() {
    let mut world = world();
    let order = world.draft(ActionKind::Isolate).parse().expect("complete");
    world.open_orders.push(OpenOrder {
        order,
        status: "Outcome unknown".into(),
        outcome_unknown: true,
        action: None,
    });
    assert_eq!(world.findings(ActionKind::Isolate), []);
    let mut again = world.draft(ActionKind::Isolate);
    again.entry = EntryId::parse("cdn-00000001").expect("a literal tag");
    let review = review(&again, &world.facts());
    assert!(
        review
            .block()
            .expect("blocked")
            .contains("outcome of cdn-7F3K2Q9M is unknown")
    );
}

#[test]
fn confirmed_opposite_is_remembered() {
    let mut world = world();
    world.history = Some(vec![action(
        MachineActionType::Unisolate,
        MachineActionStatus::Pending,
    )]);
    let review = review(&world.draft(ActionKind::Isolate), &world.facts());
    let approval = review
        .approve(&account(), Epoch(1), NOW)
        .expect("warnings let pass");
    assert!(approval.accepts_opposite(&MachineActionId::parse("b89eb834").expect("a literal id")));
}

#[test]
fn protected_device_requires_its_name_except_for_release() {
    let by: [fn(&mut Policy); 3] = [
        |policy| policy.protected_names = vec![Pattern::parse("fin-lt-0*").expect("a pattern")],
        |policy| policy.protected_tags = vec!["VIP".into()],
        |policy| policy.protected_ids = vec![world().machine.id],
    ];
    for protect in by {
        let mut world = world();
        world.machine.machine_tags = Some(["vip".into()].into());
        protect(&mut world.policy);
        for &kind in ActionKind::ALL {
            let wants = review(&world.draft(kind), &world.facts()).wants_name();
            assert_eq!(wants, kind.spec().risk.takes_away(), "{kind:?}");
        }
        assert_eq!(
            world.findings(ActionKind::Isolate),
            [("protected device", NameWanted)]
        );
        let confirm = |typed: &str| {
            let mut draft = world.draft(ActionKind::Isolate);
            draft.typed_name = typed.into();
            review(&draft, &world.facts()).approve(&account(), Epoch(1), NOW)
        };
        for wrong in ["", "FIN-LT-04", "FIN-LT-0422"] {
            let refused = confirm(wrong).expect_err(wrong);
            assert!(refused.contains("Type its name"), "{refused}");
        }
        let approval = confirm(" fin-lt-042 ").expect("named");
        assert_eq!(enforce(&approval, &world.facts()), Ok(()));
    }
    // A device protected after the confirmation is stopped before sending.
    let mut world = world();
    let review = review(&world.draft(ActionKind::Isolate), &world.facts());
    let approval = review.approve(&account(), Epoch(1), NOW).expect("approved");
    world.policy.protected_names = vec![Pattern::parse("FIN-LT-042").expect("a pattern")];
    assert!(enforce(&approval, &world.facts()).is_err());
}

/// While any rule is unread, any device may be protected.
#[test]
fn unreadable_rules_require_the_name_of_every_device_before_disruptive_order() {
    let mut world = world();
    world.policy.unread = Some("settings.toml, line 3: policy.x: is no key".into());
    let of_devices = ActionKind::ALL.iter().filter(|kind| !kind.is_tenant_wide());
    for &kind in of_devices {
        world.machine.onboarding_status = Some(match kind.spec().devices {
            action::Devices::Managed | action::Devices::Any | action::Devices::Every => {
                OnboardingStatus::Onboarded
            }
            action::Devices::Unmanaged => OnboardingStatus::CanBeOnboarded,
        });
        let mut draft = world.draft(kind);
        let unnamed = review(&draft, &world.facts());
        let is_disruptive = kind.spec().risk.takes_away();
        assert_eq!(unnamed.wants_name(), is_disruptive, "{kind:?}");
        assert_eq!(unnamed.block().is_some(), is_disruptive, "{kind:?}");
        draft.typed_name = "FIN-LT-042".into();
        let named = review(&draft, &world.facts());
        let approved = named.approve(&account(), Epoch(1), NOW);
        assert!(approved.is_ok(), "{kind:?}");
    }
    let found = review(&world.draft(ActionKind::Isolate), &world.facts()).findings;
    let said = "Not checked: whether your organisation protects this device, because settings.toml, line 3";
    assert!(found[0].text().starts_with(said), "{}", found[0].text());
    // A rule that was read is the better reason.
    world.policy.protected_names = vec![Pattern::parse("fin-*").expect("a pattern")];
    let found = review(&world.draft(ActionKind::Isolate), &world.facts()).findings;
    assert!(
        found[0].text().contains("its name matches"),
        "{}",
        found[0].text()
    );
}

#[test]
fn needed_or_unchecked_file_warns() {
    let mut world = world();
    let warnings = |world: &World| {
        let review = review(
            &world.draft(ActionKind::StopAndQuarantineFile),
            &world.facts(),
        );
        let found = review.findings.into_iter().filter(|f| f.rail == "file");
        found.map(|f| f.text()).collect::<Vec<_>>()
    };
    assert_eq!(warnings(&world), [""; 0]);
    let known = |signer: &str, valid, here, judged: &str| {
        File::Known(Box::new(FileFacts {
            signer: Some(signer.into()),
            is_valid_certificate: valid,
            organization_prevalence: here,
            determination: Some(judged.into()),
            ..FileFacts::default()
        }))
    };
    let microsoft = "Microsoft Corporation";
    let (signed, windows) = (Some(true), "Microsoft Windows");
    for (file, words) in [
        (known(microsoft, signed, Some(1), "Unknown"), "Signed by"),
        (known(windows, None, Some(1), "Unknown"), "Signed by"),
        (known("Acme", signed, Some(41), "Malware"), "on 41 devices"),
        (
            known("Acme", signed, None, "Malware"),
            "Not checked: on how",
        ),
        (
            known("Acme", signed, Some(1), "Clean"),
            "rates this file as",
        ),
        (File::Unknown, "Defender has never seen this SHA-1"),
        (File::NotYet, "Not checked yet"),
    ] {
        world.file = file;
        let said = warnings(&world);
        assert!(
            said.len() == 1 && said[0].contains(words),
            "{words}: {said:?}"
        );
    }
    // A publisher name, which anyone can write on a file, is no signature.
    world.file = known(microsoft, Some(false), Some(1), "Unknown");
    assert_eq!(warnings(&world), [""; 0]);
    world.session = SessionStatus::SignedIn {
        account: account(),
        permissions: Permissions::from_scopes("Machine.StopAndQuarantine"),
    };
    assert!(warnings(&world)[0].contains("requires File.Read.All"));
}
