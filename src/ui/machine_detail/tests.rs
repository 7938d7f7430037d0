//! What the panel shows and what its buttons raise.

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use jiff::tz::TimeZone;

use super::*;
use crate::action::ActionKind;
use crate::guard::Policy;
use crate::message::{Event, InventoryNews};
use crate::model::{
    Account, Epoch, MachineAction, MachineActionId, MachineActionStatus, MachineActionType,
    OnboardingStatus, Permissions, SessionStatus, TenantId,
};
use crate::state::State;
use crate::ui::commands::UiCommand;
use crate::ui::views::{Dialog, Views};
use crate::ui::{Outbox, theme};

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

fn world(history: Vec<MachineAction>) -> World {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    let account = Account {
        tenant_id: TenantId::parse("t").expect("a literal id"),
        object_id: "o".into(),
        user_name: None,
        display_name: None,
    };
    let status = SessionStatus::SignedIn {
        account,
        permissions: Permissions::Unknown,
    };
    let epoch = Epoch(0);
    state.apply(Event::Session { status, epoch });
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
        result: Ok(history),
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
    action.requestor = Some("s.weber@contoso.com".into());
    action.created = Some(Timestamp::UNIX_EPOCH);
    action.last_updated = Some(Timestamp::UNIX_EPOCH);
    action
}

fn harness(world: World) -> Harness<'static, World> {
    Harness::builder()
        .with_size(egui::vec2(560.0, 1600.0))
        .with_context_setup(|ctx: &egui::Context| theme::apply(ctx))
        .build_ui_state(
            |ui, world: &mut World| {
                let World { state, views, out } = world;
                let now = Timestamp::from_second(2400).expect("a literal time");
                let zone = &TimeZone::UTC;
                machine_detail_ui(
                    ui,
                    &mut Cx {
                        state,
                        views,
                        now,
                        zone,
                        out,
                    },
                );
            },
            world,
        )
}

#[test]
fn without_a_selection_the_panel_says_what_to_do() {
    let mut world = world(Vec::new());
    world.views.selected = None;
    let mut harness = harness(world);
    harness.run();
    assert!(harness.query_by_label("Select a device…").is_some());
}

#[test]
fn the_state_rests_on_evidence_and_the_buttons_follow_the_catalogue() {
    let mut harness = harness(world(vec![isolation(MachineActionStatus::Succeeded)]));
    harness.run();
    let state =
        "Isolated since 00:00 (40 min ago), by s.weber@contoso.com, as far as history shows";
    assert!(harness.query_by_label(state).is_some());
    assert!(
        harness
            .query_by_label("Not known whether restricted: history shows nothing")
            .is_some()
    );
    for kind in ActionKind::ALL {
        let label = format!("{}…", kind.spec().button);
        assert!(harness.query_by_label(&label).is_some(), "{label}");
    }
    harness.get_by_label("Release…").click();
    harness.run();
    let raised = &harness.state().out.commands;
    assert_eq!(raised[..], [UiCommand::Act(ActionKind::Unisolate)]);
}

#[test]
fn a_button_that_cannot_be_used_says_why_to_eyes_and_ears() {
    let mut world = world(Vec::new());
    world.state.apply(Event::Session {
        status: SessionStatus::SignedOut,
        epoch: Epoch(0),
    });
    let mut harness = harness(world);
    harness.run();
    let button = harness.get_by_label("Isolate…");
    assert!(button.accesskit_node().is_disabled());
    let why = button.accesskit_node().description();
    assert_eq!(why.as_deref(), Some("You are not signed in"));
    assert!(harness.query_by_label("You are not signed in").is_some());
}

#[test]
fn actions_never_read_are_not_called_none() {
    let mut world = world(Vec::new());
    world.state.histories.clear();
    let mut harness = harness(world);
    harness.run();
    let words = "Isolated: not checked: actions were not read yet";
    assert!(harness.query_by_label(words).is_some());
}

#[test]
fn the_twin_is_named_and_can_be_shown() {
    let mut harness = harness(world(Vec::new()));
    harness.run();
    let notice = "1 other record with this name: …c3d4 (Inactive, last report not known)";
    assert!(harness.query_by_label(notice).is_some());
    harness.get_by_label("Show").click();
    harness.run();
    assert!(harness.state().views.is_selected(&machine("b2c3d4").id));
}

#[test]
fn an_open_action_of_anybody_can_be_cancelled() {
    let mut harness = harness(world(vec![isolation(MachineActionStatus::Pending)]));
    harness.run();
    assert!(
        harness
            .query_by_label("Being isolated, by s.weber@contoso.com")
            .is_some()
    );
    harness.get_by_label("Cancel…").click();
    harness.run();
    assert!(matches!(
        harness.state().views.dialog,
        Some(Dialog::Form(_))
    ));
}

#[test]
fn a_device_line_is_tab_separated() {
    let machine = machine("a19c07");
    let line = device_line(&machine.reference(), Some(&machine));
    assert_eq!(line, "FIN-LT-042\ta19c07\tWindows11\t10.20.4.17");
    assert_eq!(
        portal_page(&machine.id),
        "https://security.microsoft.com/machines/a19c07"
    );
}
