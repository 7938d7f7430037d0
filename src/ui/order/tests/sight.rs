//! At every size, nothing is confirmed before its device and findings have been on screen, and nothing
//! moves under the pointer.

use std::collections::HashSet;

use egui::{Rect, Vec2, vec2};

use super::*;
use crate::model::{
    FileFacts, HealthStatus, MachineAction, MachineActionId, MachineActionStatus, MachineActionType,
};

/// 800×600, 1280×720 at scale 2, 640×400, and each at zoom 2, in points.
pub(super) const SIZES: [Vec2; 6] = [
    vec2(800.0, 600.0),
    vec2(640.0, 360.0),
    vec2(640.0, 400.0),
    vec2(400.0, 300.0),
    vec2(320.0, 180.0),
    vec2(320.0, 200.0),
];

pub(super) fn device(n: usize, name: &str) -> Machine {
    let id = format!("{:036x}{:04x}", n + 1, n + 0xa000);
    Machine {
        id: MachineId::parse(&id).expect("40 digits"),
        computer_dns_name: Some(format!("{name}{n}").into()),
        health_status: crate::model::HealthStatus::Active,
        last_seen: Some(Timestamp::UNIX_EPOCH),
        ..machine()
    }
}

/// Releases in progress, each a separate finding against an isolation.
fn releases(of: &MachineId, count: usize) -> Vec<MachineAction> {
    let one = |n| {
        let id = MachineActionId::parse(&format!("act-{n}")).expect("a literal id");
        MachineAction {
            requestor: Some(format!("r{n}@contoso.com").into()),
            machine_id: Some(of.clone()),
            ..MachineAction::bare(
                id,
                MachineActionType::Unisolate,
                MachineActionStatus::Pending,
            )
        }
    };
    (0..count).map(one).collect()
}

fn read(state: &mut State, machine: &Machine, findings: usize) {
    read_at(state, machine, findings, Timestamp::UNIX_EPOCH);
}

pub(super) fn read_at(state: &mut State, machine: &Machine, findings: usize, at: Timestamp) {
    state.apply(Fact::Machine {
        epoch: Epoch(0),
        id: machine.id.clone(),
        result: Ok(std::sync::Arc::new(machine.clone())),
        at,
    });
    state.apply(Fact::History {
        epoch: Epoch(0),
        id: machine.id.clone(),
        result: Ok(releases(&machine.id, findings).into()),
        at,
    });
}

/// An isolation of these devices, complete except for unseen items.
pub(super) fn crowded(devices: &[Machine], findings: usize) -> World {
    let mut world = world(ActionKind::Isolate);
    for machine in devices {
        read(&mut world.state, machine, findings);
    }
    let machines: Vec<_> = devices.iter().map(Machine::reference).collect();
    let subject = Subject::Act(ActionKind::Isolate);
    let (state, views) = (&world.state, &mut world.views);
    let load = open(state, views, &machines, subject, |draft| {
        draft.comment = "INC-1 beacon".into();
    });
    assert!(!load.is_empty());
    if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
        form.number = devices.len().to_string();
    }
    world
}

/// A harness with few long frames, which are slow in a debug build.
pub(super) fn harness_of(world: World, size: Vec2) -> Harness<'static, World> {
    harness_with(world, size, 0.1)
}

/// Waits a little more than half a second.
pub(super) fn arm(harness: &mut Harness<'_, World>) {
    harness.run_steps(7);
}

pub(super) fn rect(harness: &Harness<'_, World>, label: &str) -> Rect {
    let mut nodes = harness.query_all_by_label(label);
    nodes
        .next()
        .unwrap_or_else(|| panic!("no “{label}”"))
        .rect()
}

/// The buttons in the footer.
pub(super) fn buttons(harness: &Harness<'_, World>) -> [Rect; 2] {
    let confirm = confirm_label(harness);
    let button = |label: &str| {
        let mut nodes = harness.query_all_by_label(label);
        let found =
            nodes.find(|node| node.accesskit_node().role() == egui::accesskit::Role::Button);
        found.map(|node| node.rect())
    };
    let keep = button("Keep connected").or_else(|| button("Cancel"));
    [keep, button(&confirm)].map(|rect| rect.expect("a button"))
}

fn confirm_label(harness: &Harness<'_, World>) -> String {
    let form = form(harness);
    super::super::confirm_label(form)
}

pub(super) fn is_disabled(harness: &Harness<'_, World>) -> bool {
    let confirm = confirm_label(harness);
    let mut nodes = harness.query_all_by_label(&confirm);
    nodes.any(|node| {
        let node = node.accesskit_node();
        node.role() == egui::accesskit::Role::Button && node.is_disabled()
    })
}

/// Clicks the button for the next unseen item until none is left, calling `look` each time.
pub(super) fn scroll_through(
    harness: &mut Harness<'_, World>,
    mut look: impl FnMut(&Harness<'_, World>),
) -> usize {
    let mut clicks = 0;
    loop {
        look(harness);
        let mut next = harness.query_all_by_label_contains("Show next (");
        match next.next() {
            Some(node) => node.click_accesskit(),
            None => return clicks,
        }
        drop(next);
        harness.run_steps(3);
        clicks += 1;
        assert!(clicks < 400, "the unseen items never end");
    }
}

#[test]
fn nothing_is_confirmed_before_device_and_findings_were_on_screen() {
    let long = "\u{202e}W".repeat(2_500);
    for (n, size) in SIZES.into_iter().enumerate() {
        // A third of the cases at each size: headless frames are slow.
        for (count, findings, name) in [
            (1, 1, "FIN-LT-"),
            (1, 5, "FIN-LT-"),
            (1, 20, long.as_str()),
            (10, 2, "FIN-LT-"),
            (1, 20, "FIN-LT-"),
            (10, 1, long.as_str()),
        ]
        .into_iter()
        .skip(n % 3)
        .step_by(3)
        {
            let devices: Vec<_> = (0..count).map(|n| device(n, name)).collect();
            let case = format!("{size}: {count} devices, {findings} findings each");
            let mut harness = harness_of(crowded(&devices, findings), size);
            arm(&mut harness);
            let mut next = harness.query_all_by_label_contains("Show next (");
            let unseen = next.next().is_some();
            drop(next);
            assert_eq!(is_disabled(&harness), unseen, "{case}");
            if unseen {
                confirm_by_key(&mut harness);
                assert_eq!(submitted(&harness), 0, "{case}");
                let error = form(&harness).error.clone().unwrap_or_default();
                assert!(error.contains("not shown yet"), "{case}: {error}");
                let confirm = confirm_label(&harness);
                harness
                    .get_all_by_label(&confirm)
                    .last()
                    .expect("the confirm button")
                    .click();
                harness.run_steps(2);
                assert_eq!(submitted(&harness), 0, "{case}: by mouse");
            }
            let mut seen = HashSet::new();
            scroll_through(&mut harness, |harness| {
                seen.extend(on_screen(harness, size));
            });
            for n in 0..findings {
                let requestor = format!("r{n}@contoso.com");
                assert!(
                    seen.iter().any(|text| text.contains(&requestor)),
                    "{case}: {requestor} was never on screen"
                );
            }
            assert!(!is_disabled(&harness), "{case}");
            confirm_by_key(&mut harness);
            assert_eq!(submitted(&harness), 1, "{case}");
        }
    }
}

/// The visible findings: between the name and the buttons, and inside the window.
fn on_screen(harness: &Harness<'_, World>, size: Vec2) -> Vec<String> {
    let window = Rect::from_min_size(egui::Pos2::ZERO, size);
    let nodes = harness.query_all_by_label_contains("The opposite is under way");
    let seen = nodes.filter(|node| window.intersects(node.rect()));
    seen.filter_map(|node| node.accesskit_node().value())
        .collect()
}

#[test]
fn device_and_buttons_are_visible_at_every_size() {
    let long = "\u{202e}W".repeat(2_500);
    for size in SIZES {
        for name in [long.as_str()] {
            for count in [1, 10] {
                let devices: Vec<_> = (0..count).map(|n| device(n, name)).collect();
                let mut harness = harness_of(crowded(&devices, 20), size);
                arm(&mut harness);
                let window = Rect::from_min_size(egui::Pos2::ZERO, size);
                let heading = match form(&harness).only() {
                    Some(only) => only.quoted(),
                    None if harness.query_all_by_label("10 devices").next().is_some() => {
                        "10 devices".to_owned()
                    }
                    // The dialog's title names them; the consequence is below it.
                    None => form(&harness).draft.task().consequence().to_owned(),
                };
                let case = format!("{size}: {heading}");
                let name = rect(&harness, &heading);
                assert!(window.contains_rect(name), "{case}: {name}");
                for button in buttons(&harness) {
                    assert!(window.contains_rect(button), "{case}: {button}");
                    assert!(button.top() > name.bottom(), "{case}: {button}");
                }
            }
        }
    }
}

#[test]
fn nothing_moves_when_findings_arrive_and_the_button_rearms() {
    for size in [vec2(1400.0, 900.0), vec2(800.0, 600.0), vec2(640.0, 360.0)] {
        for count in [1, 2] {
            let devices: Vec<_> = (0..count).map(|n| device(n, "FIN-LT-")).collect();
            let mut world = crowded(&devices, 0);
            world.state.histories = crate::state::Recent::default();
            let mut harness = harness_of(world, size);
            arm(&mut harness);
            scroll_through(&mut harness, |_| {});
            let (before, comment) = (buttons(&harness), rect(&harness, "Comment"));
            assert!(!is_disabled(&harness), "{size}: {count}");
            for machine in &devices {
                read(&mut harness.state_mut().state, machine, 6);
            }
            harness.run_steps(1);
            confirm_by_key(&mut harness);
            assert_eq!(
                submitted(&harness),
                0,
                "{size}, {count}: the finding arrived with the key"
            );
            assert_eq!(buttons(&harness), before, "{size}: {count}");
            assert_eq!(rect(&harness, "Comment"), comment, "{size}: {count}");
        }
    }
}

#[test]
fn new_finding_disables_confirming_until_shown() {
    let machine = device(0, "FIN-LT-");
    let mut harness = usual(crowded(std::slice::from_ref(&machine), 0));
    assert!(!is_disabled(&harness));
    read(&mut harness.state_mut().state, &machine, 1);
    harness.run_steps(1);
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 0, "meant for the previous state");
    arm(&mut harness);
    // The fields have stayed, and the list has moved up by its growth.
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 0, "half of it was not on screen");
    scroll_through(&mut harness, |_| {});
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
}

#[test]
fn refusal_to_confirm_is_shown_only_while_it_holds() {
    let size = vec2(640.0, 360.0);
    let mut one = harness_of(crowded(&[device(0, "FIN-LT-")], 20), size);
    arm(&mut one);
    confirm_by_key(&mut one);
    assert!(form(&one).error.is_some(), "some items were not on screen");
    scroll_through(&mut one, |_| {});
    assert_eq!(form(&one).error, None);
    assert!(
        one.query_by_label_contains("confirms, Esc closes")
            .is_some()
    );
    assert!(!is_disabled(&one));

    let devices: Vec<_> = (0..3).map(|n| device(n, "FIN-LT-")).collect();
    let mut several = harness_of(crowded(&devices, 5), size);
    form_mut(&mut several).number.clear();
    arm(&mut several);
    confirm_by_key(&mut several);
    let error = form(&several).error.clone().unwrap_or_default();
    assert!(error.contains("not shown yet"), "{error}");
    scroll_through(&mut several, |_| {});
    let error = form(&several).error.clone().unwrap_or_default();
    assert!(error.contains("number of devices"), "{error}");
}

/// The form as the demo opens it, with its templates, in a window of 1400 × 900.
fn usual(mut world: World) -> Harness<'static, World> {
    let mut rules = Rules::default();
    crate::settings::DEMO_TEMPLATES.clone_into(rules.written.text_mut(RuleKey::Templates));
    world.state.apply(Fact::Settings {
        file: None,
        news: Box::new(SettingsNews::Begun(Ok(rules))),
    });
    let mut harness = harness_of(world, vec2(1400.0, 900.0));
    arm(&mut harness);
    harness
}

/// The texts of the only device's findings.
fn findings(harness: &mut Harness<'_, World>) -> Vec<String> {
    let World { state, views, .. } = harness.state_mut();
    let Some(OpenDialog::Form(form)) = &mut views.dialog else {
        panic!("no form")
    };
    let reviews = form.reviews(state, Timestamp::UNIX_EPOCH);
    let findings = reviews[0].findings.iter();
    findings.map(crate::guard::Finding::text).collect()
}

#[test]
fn form_for_one_device_fits_a_usual_window() {
    let harness = usual(crowded(&[device(0, "FIN-LT-")], 2));
    let footer = buttons(&harness)[0].top();
    let caveats = ActionKind::Isolate.spec();
    let caveats = caveats.caveats_on(&[crate::model::OsFamily::WindowsClient]);
    let last = rect(&harness, caveats.last().expect("a caveat"));
    assert!(last.bottom() < footer, "{last} over {footer}");
    assert!(!is_disabled(&harness), "every item was shown");
}

#[test]
fn list_of_several_devices_is_as_high_as_its_content() {
    let devices: Vec<_> = (0..2).map(|n| device(n, "FIN-LT-")).collect();
    let mut harness = usual(crowded(&devices, 0));
    let over = rect(&harness, "Leave out “FIN-LT-0” (…a000)").top();
    let below = rect(&harness, "Isolation type").top();
    let content = form(&harness).measures.list_content.expect("measured");
    let gaps = below - over - content;
    assert!(
        (-8.0..24.0).contains(&gaps),
        "{content} in {}",
        below - over
    );
    // Nothing is blocked, so nothing is to be left out.
    assert!(
        harness
            .query_by_label_contains("Leave out blocked")
            .is_none()
    );
    // The comment can be typed without scrolling.
    let comment = rect(&harness, "Comment");
    assert!(comment.bottom() < buttons(&harness)[0].top(), "{comment}");
    // Later findings move nothing.
    for machine in &devices {
        read(&mut harness.state_mut().state, machine, 3);
    }
    harness.run_steps(4);
    assert_eq!(rect(&harness, "Comment"), comment);
}

#[test]
fn irreversibility_comes_first_among_the_findings() {
    let kind = ActionKind::StopAndQuarantineFile;
    let mut harness = usual(world(kind));
    let findings = findings(&mut harness);
    assert!(!findings.is_empty());
    let no_undo = rect(&harness, kind.spec().no_way_back.expect("no undo"));
    for finding in findings {
        let finding = rect(&harness, &finding);
        assert!(no_undo.bottom() <= finding.top(), "{no_undo} {finding}");
    }
    assert!(no_undo.bottom() < rect(&harness, "SHA-1 of the file").top());
}

/// A file's facts arrive while the form is open: if the window has room, its warnings are readable without
/// scrolling.
#[test]
fn file_findings_get_the_room_left_by_the_fields() {
    const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";
    // Few findings on the device itself.
    let mut world = world(ActionKind::StopAndQuarantineFile);
    let mut known = machine();
    known.health_status = HealthStatus::Active;
    known.last_seen = Some(Timestamp::UNIX_EPOCH);
    known.machine_tags = Some([].into());
    world.state.host = Some(crate::model::Host::default());
    read(&mut world.state, &known, 0);
    let mut harness = usual(world);
    harness.event(egui::Event::Paste(SHA1.into()));
    harness.run_steps(2);
    let field = rect(&harness, "SHA-1 of the file");
    let facts = FileFacts {
        organization_prevalence: Some(94_000),
        signer: Some("Microsoft Windows".into()),
        determination: Some("Clean".into()),
        ..FileFacts::default()
    };
    harness.state_mut().state.apply(Fact::File {
        epoch: Epoch(0),
        hash: SHA1.into(),
        news: crate::message::FileNews::Facts(Ok(Some(Box::new(facts)))),
        at: Timestamp::UNIX_EPOCH,
    });
    harness.run_steps(4);
    let said = findings(&mut harness);
    assert!(
        said.iter().any(|text| text.contains("94,000 devices")),
        "{said:?}"
    );
    let unseen = harness.query_by_label_contains("Show next");
    assert!(unseen.is_none(), "all of them at once: {said:?}");
    let moved = rect(&harness, "SHA-1 of the file").min - field.min;
    // Centring in an odd height rounds.
    assert!(moved.length() < 1.0, "{moved:?}: nothing moves");
}

#[test]
fn release_needs_its_warnings_seen_but_not_every_device() {
    let devices: Vec<_> = (0..10).map(|n| device(n, "FIN-LT-")).collect();
    let mut world = world(ActionKind::Unisolate);
    for machine in &devices {
        read(&mut world.state, machine, 0);
    }
    let machines: Vec<_> = devices.iter().map(Machine::reference).collect();
    let subject = Subject::Act(ActionKind::Unisolate);
    let (state, views) = (&world.state, &mut world.views);
    let _load = open(state, views, &machines, subject, |draft| {
        draft.comment = "clean again".into();
    });
    let mut harness = harness_of(world, vec2(640.0, 360.0));
    arm(&mut harness);
    let next = harness.query_all_by_label_contains("Show next (").count();
    assert_eq!(next, 1, "each has the warning that history holds nothing");
    assert!(is_disabled(&harness), "its warning was not on screen");
    scroll_through(&mut harness, |_| {});
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
}

/// Whether the button for the next unseen item has the focus; `None` without that button.
fn is_next_focused(harness: &Harness<'_, World>) -> Option<bool> {
    let mut nodes = harness.query_all_by_label_contains("Show next (");
    nodes.next().map(|node| node.is_focused())
}

#[test]
fn focus_moves_to_the_next_field_after_the_last_unseen_item() {
    let devices: Vec<_> = (0..6).map(|n| device(n, "FIN-LT-")).collect();
    let mut harness = harness_of(crowded(&devices, 2), vec2(800.0, 600.0));
    form_mut(&mut harness).number.clear();
    arm(&mut harness);
    let mut presses = 0;
    while let Some(next) = is_next_focused(&harness) {
        if !next {
            assert_eq!(presses, 0, "it was already focused");
            harness.get_by_label_contains("Show next (").focus();
            harness.run_steps(2);
        }
        harness.key_press(Key::Space);
        harness.run_steps(3);
        presses += 1;
        assert!(presses < 100, "the unseen items never end");
    }
    assert!(presses > 0);
    harness.run_steps(2);
    let mut fields = harness.query_all_by_label("Type the number of devices");
    assert!(fields.any(|node| node.is_focused()));
}
