//! The form of a plan: what it says, what of it can be left out, and in what order its steps leave.

use std::sync::Arc;

use super::sight::{arm, device, harness_of, scroll_through};
use super::*;
use crate::action::{Plan, SHA1, Step};
use crate::guard::Approval;

/// A Windows device and a Mac, on which apps cannot be restricted.
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
    let load = open_plan(state, views, &machines, 0.0);
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
    found.expect("submitted")
}

#[test]
fn the_words_of_a_plan() {
    let [pc, mac] = devices();
    for (devices, title, confirm, order) in [
        (
            vec![pc.clone()],
            "Plan: Ransomware",
            format!("Run “Ransomware” on {}", pc.reference().quoted()),
            "Sent one after the other, as soon as the one before has its answer",
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
            shows(&harness, "4 Add tag (ransomware)"),
            "without a ticket"
        );
        form_mut(&mut harness).ticket = "INC-7".into();
        harness.run_steps(3);
        let steps = "1 Isolate, 2 Collect package, 3 Restrict apps, 4 Add tag (ransomware INC-7)";
        let after = "Where a step is refused on a device, the next ones go on there";
        assert!(shows(&harness, title), "{title}");
        assert!(shows(&harness, &confirm), "{confirm}");
        assert!(shows(&harness, steps), "{steps}");
        assert!(shows(&harness, &format!("{order}. {after}")), "{order}");
        assert!(
            shows(&harness, "Isolation type"),
            "what the plan does not give"
        );
    }
}

#[test]
fn a_step_that_does_not_fit_is_left_out_and_the_others_leave_step_by_step() {
    let mut world = plan_on(&devices());
    // One of those that were ticked was left out of the form before.
    let ticked = devices().into_iter().chain([device(2, "DC-")]);
    world.views.bulk_selection = ticked.map(|machine| machine.reference()).collect();
    if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
        form.from_selection = true;
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
    assert!(error.starts_with("Not available on macOS"), "{error}");
    assert!(shows(&harness, "Restrict apps: Not available on macOS"));
    harness
        .get_by_label("Leave out blocked steps (1)")
        .click_accesskit();
    harness.run_steps(4);
    let left_out = format!("Left out: {why}");
    assert!(shows(&harness, &left_out), "{left_out}");
    assert!(form(&harness).number.is_empty(), "typed anew");
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
    assert!(
        left.is_empty(),
        "the next key acts on none of them: {left:?}"
    );
}

#[test]
fn what_is_found_of_every_step_is_said_once() {
    let mut silent = device(0, "PC-");
    silent.health_status = crate::model::HealthStatus::Inactive;
    let mut harness = harness_of(plan_on(&[silent]), egui::vec2(1000.0, 900.0));
    arm(&mut harness);
    let found = harness.query_all_by_label_contains("Health is “Inactive”");
    assert_eq!(found.count(), 1);
    // A tag is put on by Defender itself.
    let steps = "Isolate, Collect package, Restrict apps: Health is “Inactive”";
    assert!(shows(&harness, steps));
}

#[test]
fn another_plan_begins_anew_on_the_same_devices() {
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
        "it harms nobody"
    );
}

/// The one with a file has its field, and the file is what the guardrails are asked about in that step.
#[test]
fn a_plan_asks_for_the_file_that_a_step_needs() {
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
