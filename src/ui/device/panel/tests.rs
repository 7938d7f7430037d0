//! Contents of the panel, and the commands of its buttons.

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::action::{ActionKind, Subject};
use crate::explain::{Explanation, NextStep};
use crate::guard::Policy;
use crate::message::{Event, InventoryNews, PanelNews};
use crate::model::{
    Alert, AlertSeverity, AlertStatus, Cloud, Epoch, HealthStatus, Listed, LoggedOnUser,
    MachineAction, MachineActionId, MachineActionStatus, MachineActionType, Mode, OnboardingStatus,
    PanelPart, Permissions, SessionStatus,
};
use crate::state::{State, fixtures};
use crate::ui::device::panel::*;
use crate::ui::views::{OpenDialog, Views};
use crate::ui::{Outbox, theme};

mod low;

struct World {
    state: State,
    views: Views,
    out: Outbox,
}

fn machine(id: &str) -> Machine {
    let mut machine = Machine::bare(MachineId::parse(id).expect("a literal id"));
    machine.computer_dns_name = Some("FIN-LT-042".into());
    machine.os_platform = Some("Windows11".into());
    machine.onboarding_status = Some(OnboardingStatus::Onboarded);
    machine.health_status = HealthStatus::Inactive;
    machine.last_ip_address = "10.20.4.17".parse().ok();
    machine
}

fn sign_in(state: &mut State, permissions: Permissions) {
    let status = SessionStatus::SignedIn {
        account: fixtures::account("t", None),
        permissions,
    };
    let epoch = Epoch(0);
    state.apply(Event::Session { status, epoch });
}

fn world(history: Vec<MachineAction>) -> World {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    let epoch = Epoch(0);
    sign_in(&mut state, Permissions::Unknown);
    let page = ["a19c07", "b2c3d4"]
        .map(|id| std::sync::Arc::new(machine(id)))
        .to_vec();
    state.apply(Event::Inventory {
        epoch,
        news: InventoryNews::Page(page),
    });
    let id = machine("a19c07").id;
    let at = Timestamp::UNIX_EPOCH;
    state.apply(Event::History {
        epoch,
        id,
        result: Ok(history.into()),
        at,
    });
    let selected = Some(machine("a19c07").reference());
    World {
        state,
        views: Views {
            selected,
            ..Views::default()
        },
        out: Outbox::default(),
    }
}

fn isolation(status: MachineActionStatus) -> MachineAction {
    let id = MachineActionId::parse("b89eb834").expect("a literal id");
    let mut action = MachineAction::bare(id, MachineActionType::Isolate, status);
    action.machine_id = MachineId::parse("a19c07").ok();
    action.requestor = Some("s.weber@contoso.com".into());
    action.created = Some(Timestamp::UNIX_EPOCH);
    action.last_updated = Some(Timestamp::UNIX_EPOCH);
    action
}

fn harness(world: World) -> Harness<'static, World> {
    sized(world, egui::vec2(560.0, 1600.0))
}

fn sized(world: World, size: egui::Vec2) -> Harness<'static, World> {
    Harness::builder()
        .with_size(size)
        .with_context_setup(|ctx: &egui::Context| theme::apply(ctx))
        .build_ui_state(
            |ui, world: &mut World| {
                let World { state, views, out } = world;
                let now = Timestamp::from_second(2400).expect("a literal time");
                let mut cx = Cx {
                    state,
                    views,
                    now,
                    out,
                };
                machine_detail_ui(ui, &mut cx, false);
            },
            world,
        )
}

#[test]
fn panel_without_selection_says_what_to_do() {
    let mut world = world(Vec::new());
    world.views.selected = None;
    let mut harness = harness(world);
    harness.run();
    assert!(harness.query_by_label("Select a device…").is_some());
}

#[test]
fn state_is_inferred_from_actions_and_buttons_follow_the_catalogue() {
    let mut harness = harness(world(vec![isolation(MachineActionStatus::Succeeded)]));
    harness.run();
    let state = "Isolated since 00:00 +00:00, 40 min ago, by s.weber@contoso.com";
    assert!(harness.query_by_label(state).is_some());
    assert!(
        harness
            .query_by_label("Restriction unknown: no restriction in the action history")
            .is_some()
    );
    let id = MachineId::parse("a19c07").expect("a literal id");
    let machine = harness.state().state.machine(&id).cloned();
    for &kind in ActionKind::ALL {
        let label = format!("{}…", kind.spec().button);
        let is_there = harness.query_by_label(&label).is_some();
        let is_offered = kind.is_offered_on(machine.as_deref());
        assert_eq!(is_there, is_offered, "{label}");
    }
    harness.get_by_label("Release…").click();
    harness.run();
    let open = harness.state().views.dialog.as_ref();
    let Some(OpenDialog::Form(form)) = open else {
        panic!("{open:?}");
    };
    assert_eq!(form.draft.subject, Subject::Act(ActionKind::Unisolate));
    assert_eq!(
        form.draft.machine.id.as_str(),
        "a19c07",
        "the panel's device"
    );
}

#[test]
fn disabled_button_shows_its_reason_on_screen_and_to_screen_readers() {
    let mut harness = harness(world(Vec::new()));
    harness.run();
    let below = |harness: &Harness<'static, World>| harness.get_by_label("Compare…").rect();
    let before = below(&harness);
    harness.state_mut().state.apply(Event::Session {
        status: SessionStatus::SignedOut,
        epoch: Epoch(0),
    });
    harness.run();
    assert_eq!(below(&harness), before, "room is reserved for the reason");
    let button = harness.get_by_label("Isolate…");
    assert!(button.accesskit_node().is_disabled());
    let why = button.accesskit_node().description();
    assert_eq!(why.as_deref(), Some("You are not signed in"));
    assert!(harness.query_by_label("You are not signed in").is_some());
}

#[test]
fn unread_actions_are_not_called_none() {
    let mut world = world(Vec::new());
    world.state.histories = crate::state::Recent::default();
    let mut harness = harness(world);
    harness.run();
    let words = "Isolation and restriction not checked: action history not read yet";
    assert!(harness.query_by_label(words).is_some());
}

#[test]
fn truncated_history_is_not_taken_for_complete() {
    let mut world = world(Vec::new());
    let id = machine("a19c07").id;
    world.state.apply(Event::History {
        epoch: world.state.epoch,
        id,
        result: Ok(Listed {
            items: Vec::new(),
            unreadable: 1,
            is_cut: false,
        }),
        at: Timestamp::UNIX_EPOCH,
    });
    let mut harness = harness(world);
    harness.run();
    let said = |words: &str| harness.query_by_label_contains(words).is_some();
    assert!(said(
        "not fully checked: part of this device's action history"
    ));
    assert!(said("others are missing or unreadable"));
    assert!(!said("unknown: no "));
    assert!(!said("No actions in the history"));
}

#[test]
fn odd_names_and_protection_are_marked() {
    let mut world = world(Vec::new());
    let mut odd = machine("dev_0bad");
    odd.computer_dns_name = Some("D\u{421}01".into());
    odd.machine_tags = Some(["Tier0".into()].into());
    let news = InventoryNews::Page(vec![std::sync::Arc::new(odd.clone())]);
    let epoch = world.state.epoch;
    world.state.apply(Event::Inventory { epoch, news });
    world.state.policy.protected_tags = vec!["TIER0".into()];
    world.views.selected = Some(odd.reference());
    let mut harness = harness(world);
    harness.run();
    for mark in [
        "Odd name: look-alike letters",
        "Unusual device id",
        "Protected: it has the tag “Tier0”",
    ] {
        let node = harness.query_by_label(mark);
        let node = node.unwrap_or_else(|| panic!("{mark}"));
        assert!(
            node.accesskit_node().data().description().is_some(),
            "{mark}"
        );
    }
}

#[test]
fn twin_is_named_and_can_be_shown() {
    let mut harness = harness(world(Vec::new()));
    harness.run();
    let notice = "1 other record with this name: …c3d4 (Inactive, last full report unknown)";
    assert!(harness.query_by_label(notice).is_some());
    harness.get_by_label("Show").click();
    harness.run();
    assert!(harness.state().views.is_selected(&machine("b2c3d4").id));
}

#[test]
fn open_action_by_anyone_can_be_cancelled() {
    let mut harness = harness(world(vec![isolation(MachineActionStatus::Pending)]));
    harness.run();
    assert!(
        harness
            .query_by_label("Isolation pending: waiting for the device, which has not reported. Requested by s.weber@contoso.com")
            .is_some()
    );
    harness.get_by_label("Cancel…").click();
    harness.run();
    assert!(matches!(
        harness.state().views.dialog,
        Some(OpenDialog::Form(_))
    ));
}

#[test]
fn device_line_is_tab_separated() {
    let machine = machine("a19c07");
    let line = device_line(&machine.reference(), Some(&machine));
    assert_eq!(line, "FIN-LT-042\ta19c07\tWindows 11\t10.20.4.17");
}

#[test]
fn silent_device_is_not_shown_as_changing_before_it_picks_the_action_up() {
    let silent = |status| {
        let mut world = world(vec![isolation(status)]);
        let mut record = machine("a19c07");
        record.last_seen = Timestamp::UNIX_EPOCH
            .checked_sub(jiff::SignedDuration::from_hours(120))
            .ok();
        world.state.apply(Event::Inventory {
            epoch: Epoch(0),
            news: InventoryNews::Page(vec![std::sync::Arc::new(record)]),
        });
        let mut harness = harness(world);
        harness.run();
        harness
    };
    let pending = silent(MachineActionStatus::Pending);
    let words = "Isolation pending: waiting for the device, silent since its last full report 5 d ago. Requested by s.weber@contoso.com";
    assert!(pending.query_by_label(words).is_some());
    let begun = silent(MachineActionStatus::InProgress);
    let words = "Isolating… Requested by s.weber@contoso.com";
    assert!(begun.query_by_label(words).is_some());
}

fn apply(world: &mut World, news: PanelNews) {
    world.state.apply(Event::Panel {
        epoch: Epoch(0),
        id: machine("a19c07").id,
        news,
        at: Timestamp::UNIX_EPOCH,
    });
}

fn alert(n: usize, title: &str) -> Alert {
    Alert {
        id: format!("da{n}").into(),
        title: Some(title.into()),
        severity: AlertSeverity::High,
        status: AlertStatus::InProgress,
        category: Some("Execution".into()),
        created: Some(Timestamp::UNIX_EPOCH),
        files: Box::default(),
    }
}

fn shows(world: World, labels: &[&str]) {
    let mut harness = harness(world);
    harness.run();
    for label in labels {
        assert!(
            harness.query_all_by_label(label).next().is_some(),
            "{label}"
        );
    }
}

#[test]
fn evidence_of_a_state_is_one_click_away() {
    let mut isolation = isolation(MachineActionStatus::Succeeded);
    isolation.request_source = Some("Portal".into());
    let mut harness = harness(world(vec![isolation]));
    harness.run();
    assert!(harness.query_by_label("Copy action id").is_none());
    harness.get_by_label("Evidence: Isolate, Succeeded").click();
    harness.run();
    assert!(harness.query_by_label("Copy action id").is_some());
    let both = "1970-01-01 00:00:00 +00:00 · 1970-01-01T00:00:00Z";
    assert_eq!(harness.query_all_by_label(both).count(), 2);
    assert!(harness.query_by_label("Portal").is_some());
}

#[test]
fn section_without_permission_names_the_permission() {
    let mut world = world(Vec::new());
    sign_in(&mut world.state, Permissions::from_scopes("Machine.Read"));
    shows(
        world,
        &[
            "Not checked: open alerts; requires the permission Alert.Read",
            "Not checked: who is logged on; requires the permission User.Read.All",
        ],
    );
}

#[test]
fn failed_section_keeps_its_old_value_with_its_age() {
    let mut world = world(Vec::new());
    let users = Explanation::harmless("You are not allowed to read it", NextStep::TryAgain);
    apply(&mut world, PanelNews::Users(Err(users)));
    let list = vec![alert(1, "Beacon")].into();
    apply(&mut world, PanelNews::Alerts(Ok(list)));
    let failure = Explanation::harmless("No answer", NextStep::TryAgain);
    apply(&mut world, PanelNews::Alerts(Err(failure)));
    shows(
        world,
        &[
            "Alerts (1)",
            "Beacon",
            "Not re-read: No answer (shown as read 40 min ago)",
            "Logged-on users",
            "Not checked: who is logged on: You are not allowed to read it",
        ],
    );
}

#[test]
fn alert_links_to_its_page_in_the_portal_of_its_cloud() {
    const PORTAL: &str = "Open in Defender portal: Beacon";
    let alerts = |odd: &str| {
        let odd = Alert {
            id: odd.into(),
            ..alert(2, "Odd")
        };
        PanelNews::Alerts(Ok(vec![alert(1, "Beacon"), odd].into()))
    };
    let mut live = world(Vec::new());
    live.state.mode = Mode::Live;
    live.state.cloud = Some(Cloud::GccHigh);
    apply(&mut live, alerts("a/../b"));
    let mut harness = harness(live);
    harness.run();
    let odd = harness.get_by_label("Open in Defender portal: Odd");
    assert!(odd.accesskit_node().is_disabled());
    harness.get_by_label(PORTAL).click();
    harness.run();
    let page = "https://security.microsoft.us/alerts/da1";
    assert_eq!(harness.state().out.open_page.as_deref(), Some(page));

    let mut demo = world(Vec::new());
    apply(&mut demo, alerts("da2"));
    let mut harness = self::harness(demo);
    harness.run();
    let button = harness.get_by_label(PORTAL);
    let why = button.accesskit_node().description();
    assert_eq!(why.as_deref(), Some("Not available in the demo"));
}

#[test]
fn sections_show_loading_and_empty() {
    let mut empty = world(Vec::new());
    apply(&mut empty, PanelNews::Reading(PanelPart::Users));
    apply(&mut empty, PanelNews::Alerts(Ok(Vec::new().into())));
    shows(
        empty,
        &["Reading who is logged on…", "Alerts (0)", "No open alerts"],
    );
    let mut unreadable = world(Vec::new());
    let unread = Listed {
        unreadable: 2,
        ..Vec::new().into()
    };
    apply(&mut unreadable, PanelNews::Alerts(Ok(unread)));
    shows(
        unreadable,
        &["2 of them could not be read", "None that could be read"],
    );
}

#[test]
fn first_ten_items_are_shown_cleaned_and_the_rest_counted() {
    let mut world = world(Vec::new());
    let alerts = (0..12).map(|n| alert(n, &format!("Beacon\u{202e} {n}")));
    apply(
        &mut world,
        PanelNews::Alerts(Ok(alerts.collect::<Vec<_>>().into())),
    );
    let user = |name: &str, is_domain_admin| LoggedOnUser {
        name: name.into(),
        domain: Some("contoso".into()),
        first_seen: None,
        last_seen: Some(Timestamp::UNIX_EPOCH),
        logon_types: Some("Interactive".into()),
        is_domain_admin,
    };
    let users = vec![
        user("jane.doe", false),
        user("adm\n1", true),
        user("x", false),
    ];
    apply(&mut world, PanelNews::Users(Ok(users.into())));
    shows(
        world,
        &[
            "Alerts (12)",
            "Beacon\\u{202e} 9",
            "Execution · 40 min ago · In progress",
            "and 2 more",
            "Logged-on users (3)",
            "contoso\\adm\\u{a}1",
            "Domain admin",
            "last seen 40 min ago · Interactive",
            "Group: unknown · Address: 10.20.4.17 · User: jane.doe (2 more)",
        ],
    );
}

#[test]
fn device_gone_from_the_list_is_reported_as_gone() {
    let mut world = world(Vec::new());
    let epoch = Epoch(0);
    let seen = vec![machine("b2c3d4").id];
    let done = InventoryNews::Done {
        at: Timestamp::from_second(2280).expect("a literal time"),
        unreadable: 0,
        incomplete: None,
        seen,
    };
    world.state.apply(Event::Inventory { epoch, news: done });
    let mut harness = harness(world);
    harness.run();
    let gone = "Not in the list read 2 min ago: removed, or outside your device groups";
    assert!(harness.query_by_label(gone).is_some());
    assert!(
        harness
            .query_by_label_contains("not been read yet")
            .is_none()
    );
}
