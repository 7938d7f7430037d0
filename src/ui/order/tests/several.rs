//! A form for several devices: a single scrolled part, the focus after one is left out, and the cost of a
//! frame.

use super::sight::{
    SIZES, arm, buttons, crowded, device, harness_of, is_disabled, rect, scroll_through,
};
use super::*;
use crate::explain::{Explanation, NextStep};
use crate::guard::{Pattern, REVIEWS};

fn form_of(count: usize, findings: usize) -> Harness<'static, World> {
    let devices: Vec<_> = (0..count).map(|n| device(n, "PC-")).collect();
    let mut harness = harness_of(crowded(&devices, findings), egui::vec2(900.0, 800.0));
    arm(&mut harness);
    harness
}

fn leave_out(n: usize) -> String {
    format!("Leave out {}", device(n, "PC-").reference().quoted())
}

#[test]
fn leaving_a_device_out_focuses_the_next_one() {
    // With findings the rows are taller than the neighbourhood that is drawn.
    for findings in [0, 3] {
        let mut harness = form_of(4, findings);
        harness.get_by_label(&leave_out(1)).focus();
        harness.run_steps(2);
        for (pressed, next) in [(1, 2), (2, 3), (3, 0)] {
            assert!(harness.get_by_label(&leave_out(pressed)).is_focused());
            harness.key_press(egui::Key::Space);
            harness.run_steps(4);
            if next != 0 {
                assert!(harness.get_by_label(&leave_out(next)).is_focused());
            }
            arm(&mut harness);
        }
        assert_eq!(form(&harness).targets.len(), 1);
        let keep = ["Keep connected", "Cancel"]
            .into_iter()
            .find_map(|label| harness.query_by_label(label));
        assert!(keep.expect("the safe button").is_focused());
    }
}

#[test]
fn leaving_the_last_device_out_focuses_the_one_before() {
    let mut harness = form_of(3, 2);
    harness.get_by_label(&leave_out(2)).focus();
    harness.run_steps(2);
    harness.key_press(egui::Key::Space);
    harness.run_steps(4);
    assert!(harness.get_by_label(&leave_out(1)).is_focused());
}

#[test]
fn devices_are_judged_once_per_change() {
    let judged = |harness: &mut Harness<'static, World>, act: &dyn Fn(&mut World)| {
        let before = REVIEWS.with(std::cell::Cell::get);
        act(harness.state_mut());
        harness.run_steps(4);
        REVIEWS.with(std::cell::Cell::get) - before
    };
    let mut harness = form_of(3, 1);
    assert_eq!(judged(&mut harness, &|_| {}), 0);
    let ticket = |world: &mut World| {
        if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
            form.ticket = "INC-2".into();
        }
    };
    assert_eq!(judged(&mut harness, &ticket), 3);
    let read_again = |world: &mut World| {
        world.state.apply(Fact::Machine {
            epoch: Epoch(0),
            id: machine().id,
            result: Ok(std::sync::Arc::new(machine())),
            at: Timestamp::UNIX_EPOCH,
        });
    };
    assert_eq!(judged(&mut harness, &read_again), 3);
    let passing = |world: &mut World| {
        let budget = crate::model::Budget {
            left_minute: 1,
            of_minute: 2,
            left_hour: 3,
            of_hour: 4,
            gate_until: None,
            investigations_until: None,
            is_shared: false,
        };
        world.state.apply(Fact::Budget(budget));
    };
    assert_eq!(judged(&mut harness, &passing), 0);
}

#[test]
fn reviews_age_by_the_minute_and_are_judged_again_on_confirmation() {
    let mut harness = form_of(3, 1);
    let judged = |form: &mut OrderForm, state: &State, secs: i64| {
        let before = REVIEWS.with(std::cell::Cell::get);
        form.reviews(state, Timestamp::from_second(secs).expect("a time"));
        REVIEWS.with(std::cell::Cell::get) - before
    };
    let World { state, views, .. } = harness.state_mut();
    let Some(OpenDialog::Form(form)) = &mut views.dialog else {
        panic!("no form")
    };
    for (secs, count) in [(0, 0), (59, 0), (60, 3), (61, 0), (-1, 3), (0, 3)] {
        assert_eq!(judged(form, state, secs), count, "{secs}");
    }
    form.draft.comment.push_str(", twice");
    assert_eq!(judged(form, state, 0), 3);
    form.targets.pop();
    form.number = "2".into();
    assert_eq!(judged(form, state, 0), 2);
    arm(&mut harness);
    scroll_through(&mut harness, |_| {});
    let before = REVIEWS.with(std::cell::Cell::get);
    confirm_by_key(&mut harness);
    let dialog = &harness.state().views.dialog;
    assert_eq!(submitted(&harness), 1, "{dialog:?}");
    assert!(REVIEWS.with(std::cell::Cell::get) >= before + 2);
}

#[test]
fn findings_and_fields_scroll_together_at_every_size() {
    for size in SIZES {
        for count in [1, 6] {
            let devices: Vec<_> = (0..count).map(|n| device(n, "FIN-LT-")).collect();
            let mut harness = harness_of(crowded(&devices, 4), size);
            arm(&mut harness);
            let found = |harness: &Harness<'_, World>| {
                let mut nodes = harness.query_all_by_label_contains("The opposite is under way");
                nodes.next().expect("a finding").rect().top()
            };
            let places = |harness: &Harness<'_, World>| {
                let comment = rect(harness, "Comment").top();
                (found(harness), comment, buttons(harness))
            };
            let (finding, comment, footer) = places(&harness);
            let over = egui::pos2(size.x / 2.0, footer[0].top() - 20.0);
            harness.hover_at(over);
            harness.event(egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: egui::vec2(0.0, -30.0),
                phase: egui::TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
                modifiers: egui::Modifiers::NONE,
            });
            harness.run_steps(6);
            let (now_finding, now_comment, now_footer) = places(&harness);
            let (by, fields_by) = (finding - now_finding, comment - now_comment);
            assert!(by > 1.0, "{size}, {count}: scrolled by {by}");
            assert!(
                (by - fields_by).abs() < 0.5,
                "{size}, {count}: {by} {fields_by}"
            );
            assert_eq!(footer, now_footer, "{size}, {count}");
        }
    }
}

#[test]
fn page_down_shows_unseen_items() {
    let mut harness = harness_of(
        crowded(&[device(0, "FIN-LT-")], 20),
        egui::vec2(640.0, 360.0),
    );
    arm(&mut harness);
    assert!(is_disabled(&harness));
    for _ in 0..60 {
        harness.key_press(egui::Key::PageDown);
        harness.run_steps(3);
    }
    assert!(!is_disabled(&harness));
}

#[test]
fn protected_device_in_a_batch_is_named_and_leave_out_is_focused() {
    let devices: Vec<_> = (0..3)
        .map(|n| device(n, if n == 1 { "DC" } else { "PC-" }))
        .collect();
    let mut world = crowded(&devices, 0);
    world.state.policy.protected_names = vec![Pattern::parse("DC*").expect("a pattern")];
    let mut harness = harness_of(world, egui::vec2(900.0, 800.0));
    form_mut(&mut harness).number.clear();
    arm(&mut harness);
    confirm_by_key(&mut harness);
    harness.run_steps(3);
    assert_eq!(submitted(&harness), 0);
    let said = form(&harness).error.clone().unwrap_or_default();
    assert!(said.starts_with("“DC1” (…a001): "), "{said}");
    assert!(
        said.ends_with("Leave it out, or order it separately"),
        "{said}"
    );
    let leave = harness.get_by_label("Leave out blocked devices (1)");
    assert!(leave.is_focused());
    leave.click_accesskit();
    harness.run_steps(4);
    // The reason is needed to explain the gap to colleagues.
    let kept = format!("Left out: {said}");
    let shown = harness.query_all_by_label_contains(&kept).next();
    assert!(shown.is_some(), "{kept}");
}

#[test]
fn form_shows_why_a_device_could_not_be_read() {
    for count in [1, 2] {
        let devices: Vec<_> = (0..count).map(|n| device(n, "PC-")).collect();
        let mut world = crowded(&devices, 0);
        world.state.machines = crate::state::Recent::default();
        world.state.inventory = crate::state::Inventory::default();
        let unknown = Explanation::harmless("The service does not know PC-0", NextStep::None);
        world.state.apply(Fact::Machine {
            epoch: Epoch(0),
            id: devices[0].id.clone(),
            result: Err(unknown),
            at: Timestamp::UNIX_EPOCH,
        });
        let mut harness = harness_of(world, egui::vec2(900.0, 800.0));
        arm(&mut harness);
        let said = harness.query_all_by_label("The service does not know PC-0");
        assert_eq!(said.count(), 1, "{count}");
        // The other one has not been read yet.
        let silent = harness.query_all_by_label("Nothing is known about this device yet");
        assert_eq!(silent.count(), count - 1);
    }
}
