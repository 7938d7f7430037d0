//! Behaviour of the form: keys, text and approval.

use egui::Theme;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use jiff::Timestamp;

use super::*;
use crate::action::{ActionKind, Draft, ISOLATION_TYPE, SELECTIVE, Subject};
use crate::guard::Policy;
use crate::message::{Command, Event as Fact, SettingsNews};
use crate::model::{EntryId, Epoch, Machine, MachineId, Mode, OnboardingStatus, SessionStatus};
use crate::settings::{RuleKey, Rules};
use crate::state::{State, fixtures};
use crate::ui::choose::Choose;
use crate::ui::dialogs::dialog_ui;
use crate::ui::views::Views;
use crate::ui::{Outbox, theme};

mod again;
mod everywhere;
mod input;
mod kept;
mod keys;
mod plan;
mod several;
mod sight;

struct World {
    state: State,
    views: Views,
    out: Outbox,
}

const CONFIRM: &str = "Isolate “FIN-LT-042” (…9c07)";

fn machine() -> Machine {
    let mut machine = Machine::bare(MachineId::parse("a19c07").expect("a literal id"));
    machine.computer_dns_name = Some("FIN-LT-042".into());
    machine.os_platform = Some("Windows11".into());
    machine.onboarding_status = Some(OnboardingStatus::Onboarded);
    machine
}

fn signed_in() -> SessionStatus {
    fixtures::signed_in(fixtures::account("t", Some("jane@contoso.com")))
}

fn world(kind: ActionKind) -> World {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    state.apply(Fact::Session {
        status: signed_in(),
        epoch: Epoch(0),
    });
    state.apply(Fact::Machine {
        epoch: Epoch(0),
        id: machine().id,
        result: Ok(std::sync::Arc::new(machine())),
        at: Timestamp::UNIX_EPOCH,
    });
    let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let draft = Draft::new(entry, machine().reference(), Subject::Act(kind));
    let target = FormTarget {
        entry,
        machine: machine().reference(),
        step: 0,
        replaces: None,
        left_out_for: None,
    };
    let form = OrderForm::new(vec![target], draft, 0.0);
    let dialog = Some(OpenDialog::Form(Box::new(form)));
    World {
        state,
        views: Views {
            dialog,
            ..Views::default()
        },
        out: Outbox::default(),
    }
}

fn harness(world: World) -> Harness<'static, World> {
    harness_of(world, egui::vec2(1000.0, 900.0))
}

fn harness_of(world: World, size: egui::Vec2) -> Harness<'static, World> {
    harness_with(world, size, 0.02)
}

/// A harness whose frames take `step_dt` seconds.
fn harness_with(world: World, size: egui::Vec2, step_dt: f32) -> Harness<'static, World> {
    Harness::builder()
        .with_size(size)
        .with_theme(Theme::Dark)
        .with_step_dt(step_dt)
        .with_context_setup(|ctx: &egui::Context| theme::apply(ctx))
        .build_ui_state(
            |ui, world: &mut World| {
                let World { state, views, out } = world;
                let now = Timestamp::UNIX_EPOCH;
                dialog_ui(
                    ui,
                    &mut Cx {
                        state,
                        views,
                        now,
                        out,
                    },
                );
            },
            world,
        )
}

/// Opens a form as a user would.
fn open(
    state: &State,
    views: &mut Views,
    machines: &[MachineRef],
    subject: Subject,
    fill: impl FnOnce(&mut Draft),
) -> Vec<Command> {
    let form = NewForm {
        fill: Box::new(fill),
        ..NewForm::new(subject, machines)
    };
    form.open(state, views, 0.0, Timestamp::UNIX_EPOCH)
}

fn form<'a>(harness: &'a Harness<'_, World>) -> &'a OrderForm {
    match &harness.state().views.dialog {
        Some(OpenDialog::Form(form)) => form,
        other => panic!("no form but {other:?}"),
    }
}

fn form_mut<'a>(harness: &'a mut Harness<'_, World>) -> &'a mut OrderForm {
    match &mut harness.state_mut().views.dialog {
        Some(OpenDialog::Form(form)) => form,
        other => panic!("no form but {other:?}"),
    }
}

fn type_text(harness: &mut Harness<'_, World>, text: &str) {
    harness.event(egui::Event::Text(text.to_owned()));
    harness.run_steps(2);
}

fn confirm_by_key(harness: &mut Harness<'_, World>) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    harness.run_steps(2);
}

fn submitted(harness: &Harness<'_, World>) -> usize {
    let work = &harness.state().out.work;
    work.iter()
        .filter(|command| matches!(command, Command::Submit(_) | Command::SubmitAgain(..)))
        .count()
}

#[test]
fn safe_button_is_focused_and_typing_goes_to_the_comment() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(3);
    assert!(harness.get_by_label("Keep connected").is_focused());
    type_text(&mut harness, "INC");
    type_text(&mut harness, "-1 malware");
    assert_eq!(form(&harness).draft.comment, "INC-1 malware");
    confirm_by_key(&mut harness);
    assert_eq!(
        submitted(&harness),
        0,
        "still arming: {:?}",
        form(&harness).error
    );
    harness.run_steps(30);
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
    let views = &harness.state().views;
    assert!(views.dialog.is_none());
    assert_eq!(views.activity.marked, EntryId::parse("cdn-7F3K2Q9M"));
}

#[test]
fn enter_on_opening_sends_nothing_and_escape_closes_the_form() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(30);
    harness.get_by_label(CONFIRM).focus();
    type_text(&mut harness, "x");
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(submitted(&harness), 0);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().views.dialog.is_none());
    assert!(harness.state().out.is_empty());
}

#[test]
fn review_of_earlier_facts_is_dated_while_they_are_read_again() {
    // Namesakes cannot be checked before the whole list is read.
    let device = Machine {
        computer_dns_name: None,
        ..sight::device(0, "")
    };
    let mut harness = harness(sight::crowded(std::slice::from_ref(&device), 0));
    let state = &mut harness.state_mut().state;
    state.zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
    state.host = Some(crate::model::Host::default());
    let at = |second| Timestamp::from_second(second).expect("a literal time");
    form_mut(&mut harness).opened_at = -600.0;
    let shown = |harness: &mut Harness<'_, World>, read_at, loading| {
        let state = &mut harness.state_mut().state;
        sight::read_at(state, &device, 0, at(read_at));
        let id = device.id.clone();
        state.histories.change(id, |read| read.loading = loading);
        harness.run_steps(2);
        let lines = harness.query_all_by_label_contains("No warnings");
        let lines = lines.map(|line| line.accesskit_node().value().unwrap_or_default());
        lines.collect::<Vec<_>>()
    };
    // The facts are 20 minutes old; the form has been open for 10.
    assert_eq!(
        shown(&mut harness, -1_200, true),
        ["No warnings as of 01:40 +02:00"]
    );
    assert_eq!(shown(&mut harness, -60, false), ["No warnings"]);
}

#[test]
fn safe_button_keeps_focus_when_findings_change() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(3);
    harness.state_mut().state.apply(Fact::History {
        epoch: Epoch(0),
        id: machine().id,
        result: Ok(Vec::new().into()),
        at: Timestamp::UNIX_EPOCH,
    });
    harness.run_steps(3);
    assert!(harness.get_by_label("Keep connected").is_focused());
}

/// The warning about releasing a colleague's containment names the open alerts.
#[test]
fn release_form_reads_open_alerts_and_shows_them_without_moving() {
    use crate::message::PanelNews;
    use crate::model::{MachineAction, MachineActionId, MachineActionStatus, MachineActionType};

    let state = world(ActionKind::Isolate).state;
    let asks = |subject: Subject, count: usize| {
        let machines = (0..count).map(|n| MachineRef {
            id: MachineId::parse(&format!("a{n}")).expect("a literal id"),
            dns_name: None,
        });
        let machines: Vec<_> = machines.collect();
        let load = open(&state, &mut Views::default(), &machines, subject, |_| {});
        let alerts = load
            .iter()
            .filter(|command| matches!(command, Command::LoadAlertsToReview(_)));
        alerts.count()
    };
    let cancel = |action_type: MachineActionType| Subject::Cancel {
        action: MachineActionId::parse("act-1").expect("a literal id"),
        action_type,
    };
    assert_eq!(asks(Subject::Act(ActionKind::Unisolate), 1), 1);
    assert_eq!(
        asks(Subject::Act(ActionKind::Unisolate), 40),
        10,
        "within limits"
    );
    assert_eq!(asks(cancel(MachineActionType::Isolate), 1), 1);
    assert_eq!(asks(cancel(MachineActionType::Unisolate), 1), 0);
    assert_eq!(asks(Subject::Act(ActionKind::Isolate), 1), 0);

    let mut world = world(ActionKind::Unisolate);
    let id = machine().id;
    let isolated = MachineAction {
        requestor: Some("sam@contoso.com".into()),
        machine_id: Some(id.clone()),
        ..MachineAction::bare(
            MachineActionId::parse("act-1").expect("a literal id"),
            MachineActionType::Isolate,
            MachineActionStatus::Succeeded,
        )
    };
    world.state.apply(Fact::History {
        epoch: Epoch(0),
        id: id.clone(),
        result: Ok(vec![isolated].into()),
        at: Timestamp::UNIX_EPOCH,
    });
    let panel = |news: PanelNews| Fact::Panel {
        epoch: Epoch(0),
        id: id.clone(),
        news,
        at: Timestamp::UNIX_EPOCH,
    };
    let reading = PanelNews::Reading(crate::model::PanelPart::Alerts);
    world.state.apply(panel(reading));
    let mut harness = harness(world);
    harness.run_steps(3);
    let places = |harness: &Harness<'_, World>| {
        ["Comment", "Keep isolated", "Release “FIN-LT-042” (…9c07)"].map(|label| {
            harness
                .get_all_by_label(label)
                .last()
                .map(|node| node.rect())
        })
    };
    let said = |harness: &Harness<'_, World>, words: &str| {
        harness.query_all_by_label_contains(words).next().is_some()
    };
    assert!(said(&harness, "Open alerts: not checked yet"));
    let before = places(&harness);
    harness
        .state_mut()
        .state
        .apply(panel(PanelNews::Alerts(Ok(Vec::new().into()))));
    harness.run_steps(3);
    assert!(said(&harness, ". No open alerts"));
    assert_eq!(places(&harness), before, "nothing has moved");
}

#[test]
fn confirming_needs_a_reason() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(30);
    let node = harness.get_by_label(CONFIRM);
    assert!(node.accesskit_node().is_disabled());
    let why = node.accesskit_node().description();
    assert_eq!(
        why.as_deref(),
        Some("Write why: the journal keeps your comment")
    );
    confirm_by_key(&mut harness);
    assert!(form(&harness).error.is_some());
    harness.get_by_label("Comment").focus();
    harness.run_steps(2);
    type_text(&mut harness, "INC-1");
    assert_eq!(form(&harness).error, None);
    harness.get_by_label(CONFIRM).click();
    harness.run_steps(2);
    assert_eq!(submitted(&harness), 1);
}

#[test]
fn lost_session_keeps_the_text_and_shows_why() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(30);
    type_text(&mut harness, "INC-1");
    harness.state_mut().state.apply(Fact::Session {
        status: SessionStatus::SignedOut,
        epoch: Epoch(0),
    });
    // The findings have changed: confirmation is disarmed for a moment.
    harness.run_steps(2);
    confirm_by_key(&mut harness);
    assert_eq!(form(&harness).error, None);
    harness.run_steps(30);
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 0);
    assert_eq!(form(&harness).draft.comment, "INC-1");
    assert_eq!(
        form(&harness).error.as_deref(),
        Some("You are not signed in")
    );
}

#[test]
fn form_fields_come_from_the_catalogue() {
    let mut isolate = harness(world(ActionKind::Isolate));
    isolate.run_steps(3);
    isolate.get_by_label("Selective").click();
    isolate.run_steps(3);
    assert_eq!(form(&isolate).draft.text(&ISOLATION_TYPE), SELECTIVE.value);
    let mut file = harness(world(ActionKind::StopAndQuarantineFile));
    file.run_steps(3);
    assert!(file.query_by_label("Full").is_none());
    file.get_by_label("SHA-1 of the file").focus();
    file.run_steps(2);
    type_text(&mut file, &"a".repeat(32));
    let md5 = "This is an MD5 (32 digits), and Defender has no look-up by MD5. Take the SHA-1 or SHA-256 from the alert, or have the file itself hashed here";
    let field = file.get_by_label("SHA-1 of the file");
    assert_eq!(field.accesskit_node().description().as_deref(), Some(md5));
}

#[test]
fn closing_asks_while_a_response_is_pending() {
    for (button, confirmed) in [("Stay", false), ("Close anyway", true)] {
        let mut world = world(ActionKind::Isolate);
        world.views.dialog = Some(OpenDialog::ConfirmClose);
        let mut harness = harness(world);
        harness.run_steps(3);
        assert!(harness.get_by_label("Stay").is_focused());
        harness.get_by_label(button).click();
        harness.run_steps(3);
        assert!(harness.state().views.dialog.is_none());
        assert_eq!(harness.state().views.close_confirmed, confirmed);
    }
}

fn with_templates(templates: &str) -> Harness<'static, World> {
    let mut world = world(ActionKind::Isolate);
    let mut rules = Rules::default();
    templates.clone_into(rules.written.text_mut(RuleKey::Templates));
    world.state.apply(Fact::Settings {
        file: None,
        news: Box::new(SettingsNews::Begun(Ok(rules))),
    });
    if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
        form.ticket = "INC-1".into();
    }
    let mut harness = harness(world);
    harness.run_steps(3);
    harness
}

#[test]
fn template_fills_the_comment_with_the_ticket_and_typing_still_works() {
    let mut harness = with_templates("{ticket}: beacon seen");
    let template = "Template: beacon seen";
    assert!(harness.get_by_label("Keep connected").is_focused());
    harness.get_by_label(template).click();
    harness.run_steps(2);
    assert_eq!(form(&harness).draft.comment, "INC-1: beacon seen");
    form_mut(&mut harness).ticket = "INC-2".into();
    harness.run_steps(2);
    assert_eq!(form(&harness).draft.comment, "INC-2: beacon seen");
    harness.get_by_label("Keep connected").focus();
    harness.run_steps(2);
    type_text(&mut harness, "twice");
    let typed = form(&harness).draft.comment.clone();
    assert!(typed.contains("twice") && typed.contains("beacon seen"));
    harness.get_by_label(template).click();
    harness.run_steps(2);
    let comment = &form(&harness).draft.comment;
    assert_eq!(*comment, format!("{typed} INC-2: beacon seen"));
}

#[test]
fn many_templates_are_shown_as_a_list() {
    let mut harness = with_templates("one\ntwo\nthree\nfour\n{ticket}: five");
    harness.get_by_label("Template").click();
    harness.run_steps(3);
    harness.get_by_label("INC-1: five").click();
    harness.run_steps(3);
    assert_eq!(form(&harness).draft.comment, "INC-1: five");
}
