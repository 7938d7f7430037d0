//! The form of a plan: its text, the steps that can be left out, and their sending order.

use std::sync::Arc;

use super::sight::{arm, buttons, device, harness_of, scroll_through};
use super::*;
use crate::action::{Plan, SHA1, Step};
use crate::guard::Approval;

/// A Windows device, and a Mac, on which apps cannot be restricted.
fn devices() -> [Machine; 2] {
    let mut mac = device(1, "MAC-");
    mac.os_platform = Some("macOS".into());
    [device(0, "PC-"), mac]
}

/// The form of the first plan on these devices.
fn plan_on(devices: &[Machine]) -> World {
    let mut world = world(ActionKind::Isolate);
    world.views.dialog = None;
    for machine in devices {
        world.state.apply(Fact::Machine {
            epoch: Epoch(0),
            id: machine.id.clone(),
            result: Ok(Arc::new(machine.clone())),
            at: Timestamp::UNIX_EPOCH,
        });
    }
    let machines: Vec<_> = devices.iter().map(Machine::reference).collect();
    let World { state, views, .. } = &mut world;
    let form = NewForm::plan(None, &machines);
    let load = form.open(state, views, 0.0, Timestamp::UNIX_EPOCH);
    assert_eq!(load.is_empty(), machines.is_empty());
    world
}

fn shows(harness: &Harness<'_, World>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

fn confirmed<'a>(harness: &'a Harness<'_, World>) -> &'a [Approval] {
    let mut work = harness.state().out.work.iter();
    let found = work.find_map(|command| {
        let Command::Submit(approvals) = command else {
            return None;
        };
        Some(approvals)
    });
    found.expect("a submitted order")
}

#[test]
fn plan_form_wording() {
    let [pc, mac] = devices();
    for (devices, title, confirm, order) in [
        (
            vec![pc.clone()],
            "Plan: Ransomware",
            format!("Run “Ransomware” on {}", pc.reference().quoted()),
            "Sent one after the other, each as soon as the one before has been answered",
        ),
        (
            vec![pc, mac],
            "Ransomware on 2 devices",
            "Run “Ransomware” on 2 devices".to_owned(),
            "Sent one after the other: each step on every device before the next one",
        ),
    ] {
        let mut harness = harness_of(plan_on(&devices), egui::vec2(1000.0, 900.0));
        arm(&mut harness);
        assert!(
            shows(&harness, "4 Add tag (ransomware, no ticket)"),
            "without a ticket"
        );
        let missing = "Add tag uses the ticket, and none is set";
        assert!(shows(&harness, missing), "{missing}");
        form_mut(&mut harness).ticket = "INC-7".into();
        harness.run_steps(3);
        let steps = "1 Isolate, 2 Collect package, 3 Restrict apps, 4 Add tag (ransomware INC-7)";
        let after =
            "If a step is refused on a device, the following steps still run on that device";
        assert!(shows(&harness, title), "{title}");
        assert!(shows(&harness, &confirm), "{confirm}");
        assert!(shows(&harness, steps), "{steps}");
        assert!(shows(&harness, &format!("{order}. {after}")), "{order}");
        assert!(
            shows(&harness, "Isolation type"),
            "the parameter that the plan leaves open"
        );
    }
}

#[test]
fn unsuitable_step_is_left_out_and_the_others_are_sent_step_by_step() {
    let mut world = plan_on(&devices());
    // One of the ticked devices was left out of the form before.
    let ticked = devices().into_iter().chain([device(2, "DC-")]);
    world.views.bulk_selection = ticked.map(|machine| machine.reference()).collect();
    if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
        form.opened_from = OpenedFrom::Selection;
    }
    let mut harness = harness_of(world, egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    form_mut(&mut harness).draft.comment = "beacon".into();
    form_mut(&mut harness).number = "2".into();
    scroll_through(&mut harness, |_| {});
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 0);
    let why = "Restrict apps on “MAC-1”";
    let error = form(&harness).error.clone().unwrap_or_default();
    assert!(error.starts_with(why), "{error}");
    assert!(error.contains("Not available on macOS"), "{error}");
    assert!(shows(&harness, "Restrict apps: Not available on macOS"));
    harness
        .get_by_label("Leave out blocked steps (1)")
        .click_accesskit();
    harness.run_steps(4);
    let left_out = format!("Left out: {why} (…a001): Not available on macOS");
    assert!(shows(&harness, &left_out), "{left_out}");
    assert!(
        form(&harness).number.is_empty(),
        "the number must be typed again"
    );
    form_mut(&mut harness).number = "2".into();
    arm(&mut harness);
    scroll_through(&mut harness, |_| {});
    confirm_by_key(&mut harness);
    let orders: Vec<_> = confirmed(&harness).iter().map(Approval::order).collect();
    let steps: Vec<_> = orders
        .iter()
        .filter_map(|order| order.plan.as_ref().map(|plan| (plan.step, plan.of)))
        .collect();
    let expected = [1, 1, 2, 2, 3, 4, 4].map(|step| (step, 4));
    assert_eq!(steps, expected);
    let first = Some(orders[0].entry);
    assert!(orders.iter().all(|order| order.batch == first));
    let left = &harness.state().views.bulk_selection;
    assert!(left.is_empty(), "no device stays ticked: {left:?}");
}

#[test]
fn tag_takes_the_ticket_from_the_comment() {
    for (field, comment, tag) in [
        ("", "INC-77: beacon", "ransomware INC-77"),
        ("INC-88", "INC-77: beacon", "ransomware INC-88"),
        ("", "beacon", "ransomware"),
    ] {
        let world = plan_on(&[device(0, "PC-")]);
        let mut harness = harness_of(world, egui::vec2(1000.0, 900.0));
        form_mut(&mut harness).ticket = field.into();
        arm(&mut harness);
        form_mut(&mut harness).draft.comment = comment.into();
        arm(&mut harness);
        let from_comment = "Add tag uses the ticket: INC-77, from the comment";
        let is_from_it = field.is_empty() && tag.ends_with("INC-77");
        assert_eq!(shows(&harness, from_comment), is_from_it, "{comment}");
        assert!(shows(&harness, &format!("Value: {tag}")), "{comment}");
        scroll_through(&mut harness, |_| {});
        confirm_by_key(&mut harness);
        let tags = confirmed(&harness)
            .iter()
            .filter_map(|approval| match &approval.order().task {
                crate::action::Task::Act { values, .. } => values.get(&crate::action::TAG).cloned(),
                crate::action::Task::Cancel { .. } => None,
            });
        let tags: Vec<_> = tags.map(|tag| tag.text().into_owned()).collect();
        assert_eq!(tags, [tag], "{field:?}, {comment}");
    }
}

#[test]
fn finding_of_every_step_is_shown_once() {
    let mut silent = device(0, "PC-");
    silent.health_status = crate::model::HealthStatus::Inactive;
    let mut harness = harness_of(plan_on(&[silent]), egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    let found = harness.query_all_by_label_contains("Health is “Inactive”");
    assert_eq!(found.count(), 1);
    // Tagging does not involve the device.
    let steps = "Isolate, Collect package, Restrict apps: Health is “Inactive”";
    assert!(shows(&harness, steps));
}

#[test]
fn choosing_another_plan_resets_its_steps_on_the_same_devices() {
    let mut harness = harness_of(plan_on(&devices()), egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    form_mut(&mut harness).draft.comment = "beacon".into();
    harness
        .get_by_label("Leave out blocked steps (1)")
        .click_accesskit();
    harness.run_steps(4);
    harness.get_by_label("Suspicious laptop").click();
    harness.run_steps(4);
    let form = form(&harness);
    assert_eq!((form.count(), form.targets.len()), (2, 6));
    assert!(form.left_out.is_empty());
    assert_eq!(form.draft.comment, "beacon");
    assert!(shows(&harness, "Run “Suspicious laptop” on 2 devices"));
    assert!(
        !shows(&harness, "Type the number of devices"),
        "the plan is harmless"
    );
}

/// The step with a file has its field, and the guardrails check that file for the step.
#[test]
fn plan_form_asks_for_the_file_of_its_step() {
    let mut world = plan_on(&[device(0, "PC-")]);
    let steps = [
        Step::new(ActionKind::Isolate),
        Step::new(ActionKind::StopAndQuarantineFile),
    ];
    let plan = Arc::new(Plan::new("Malware", steps));
    if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
        form.take_plan(plan).expect("random bytes");
        form.draft.comment = "beacon".into();
    }
    let mut harness = harness_of(world, egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    scroll_through(&mut harness, |_| {});
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 0, "without its file");
    let hash = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";
    form_mut(&mut harness).draft.set(&SHA1, hash);
    arm(&mut harness);
    scroll_through(&mut harness, |_| {});
    confirm_by_key(&mut harness);
    let orders = confirmed(&harness).iter().map(Approval::order);
    let files: Vec<_> = orders.map(|order| order.task.file().is_some()).collect();
    assert_eq!(files, [false, true]);
}

fn tick<'a>(harness: &'a Harness<'_, World>, step: &str, n: usize) -> egui_kittest::Node<'a> {
    let device = devices()[n].reference().quoted();
    let name = format!("{step} on {device}");
    let mut nodes = harness.query_all_by_label_contains("");
    nodes
        .find(|node| node.accesskit_node().label().as_deref() == Some(&*name))
        .expect("a step")
}

#[test]
fn blocked_device_comes_first_and_the_footer_names_it() {
    let mut harness = harness_of(plan_on(&devices()), egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    let top = |step: &str, n: usize| tick(&harness, step, n).rect().top();
    assert!(top("Isolate", 1) < top("Isolate", 0), "the Mac is blocked");
    // The missing comment can still be typed; the footer names the permanent block first.
    let mac = devices()[1].reference().quoted();
    let footer = format!("Restrict apps on {mac}: Not available on macOS");
    assert!(shows(&harness, &footer), "{footer}");
    assert!(shows(&harness, "Restrict apps (blocked)") || shows(&harness, "Restrict apps on"));
}

#[test]
fn step_of_one_device_is_left_out_and_put_back_by_its_tick() {
    let mut harness = harness_of(plan_on(&devices()), egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    tick(&harness, "Isolate", 0).focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(4);
    assert!(
        tick(&harness, "Isolate", 0).is_focused(),
        "the tick box keeps the focus"
    );
    assert_eq!(form(&harness).targets.len(), 7);
    let sent = "Ransomware on 2 devices: 1 isolation, 2 packages, 2 restrictions, 2 tags";
    assert!(shows(&harness, sent));
    assert!(shows(
        &harness,
        "Run “Ransomware” on 2 devices (7 of 8 steps)"
    ));
    let pc = devices()[0].reference().quoted();
    assert!(shows(&harness, &format!("Left out: Isolate on {pc}")));
    // The list has just changed: half a second to arm.
    arm(&mut harness);
    harness.key_press(Key::Space);
    harness.run_steps(4);
    let order: Vec<_> = form(&harness).targets.iter().map(|t| t.step).collect();
    assert_eq!(order, [0, 1, 2, 3, 0, 1, 2, 3], "back in order");
    assert!(!shows(&harness, "Left out") && !shows(&harness, "of 8 steps"));
}

#[test]
fn left_out_steps_are_put_back_and_every_button_has_an_effect() {
    let mut harness = harness_of(plan_on(&devices()), egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    harness.get_by_label("Leave out blocked steps (1)").focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(4);
    assert!(!shows(&harness, "Leave out blocked"), "no step is blocked");
    let back = harness.get_by_label("Put back all steps (1)");
    assert!(back.is_focused(), "it replaces the focused button");
    arm(&mut harness);
    let leave = format!("Leave out {}", devices()[1].reference().quoted());
    harness.get_by_label(&leave).click_accesskit();
    harness.run_steps(4);
    assert_eq!(form(&harness).count(), 1);
    arm(&mut harness);
    let back = format!("Put back {}", devices()[1].reference().quoted());
    harness.get_by_label(&back).click_accesskit();
    harness.run_steps(4);
    assert_eq!(form(&harness).targets.len(), 8);
    assert!(shows(&harness, "Leave out blocked steps (1)"));
}

/// The most harmful step may have been left out.
#[test]
fn number_is_asked_for_only_if_a_sent_step_needs_it() {
    let mut harness = harness_of(plan_on(&devices()), egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    assert!(shows(&harness, "Type the number of devices"));
    for step in ["Isolate", "Restrict apps"] {
        for n in 0..2 {
            tick(&harness, step, n).click_accesskit();
            harness.run_steps(3);
            arm(&mut harness);
        }
    }
    assert!(!shows(&harness, "Type the number of devices"));
    assert!(!shows(&harness, "Isolation type"), "no step isolates");
    assert!(shows(
        &harness,
        "2 Collect package, 4 Add tag (ransomware, no ticket)"
    ));
}

/// A title of two lines takes its room from the scrolled part.
#[test]
fn only_the_form_body_scrolls_for_any_title() {
    for size in [egui::vec2(640.0, 360.0), egui::vec2(800.0, 600.0)] {
        let mut world = plan_on(&devices());
        if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
            let steps = [ActionKind::Isolate, ActionKind::RunAntiVirusScan].map(Step::new);
            let plan = Plan::new(&"Name of a plan that takes two lines ".repeat(4), steps);
            form.take_plan(Arc::new(plan)).expect("random bytes");
        }
        let mut harness = harness_of(world, size);
        arm(&mut harness);
        let before = buttons(&harness);
        let middle = egui::pos2(size.x / 2.0, before[0].top() - 20.0);
        harness.hover_at(middle);
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -1e5),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers: egui::Modifiers::NONE,
        });
        harness.run_steps(20);
        assert_eq!(buttons(&harness), before, "{size}");
        assert!(before[0].bottom() < size.y, "{size}: {}", before[0]);
    }
}
