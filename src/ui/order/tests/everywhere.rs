//! The form that blocks a file on every device: the text it inherits, and the form it returns to.

use super::*;
use crate::action::{EXPIRES, FILE, SHA1};
use crate::message::{IndicatorNews, ReadIndicators};
use crate::model::{FileFacts, Indicator, IndicatorAction, MachineActionId, Seen};

const HASH: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

/// A quarantine of the file on one device, with typed text.
fn quarantine() -> World {
    let mut world = world(ActionKind::StopAndQuarantineFile);
    if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
        form.draft.set(&SHA1, HASH);
        form.draft.comment = "beacon".into();
        form.ticket = "INC-7".into();
    }
    world
}

#[test]
fn dismissing_a_covering_form_returns_to_the_form_below() {
    let mut harness = harness(quarantine());
    harness.run_steps(30);
    harness
        .get_by_label("Block file everywhere…")
        .click_accesskit();
    harness.run_steps(4);
    let opened = form(&harness);
    assert_eq!(opened.draft.subject, Subject::Act(ActionKind::BlockFile));
    assert_eq!(opened.draft.text(&FILE), HASH);
    assert_eq!(
        (&*opened.ticket, &*opened.draft.comment),
        ("INC-7", "beacon")
    );
    harness.key_press(Key::Escape);
    harness.run_steps(4);
    let back = form(&harness);
    let kind = ActionKind::StopAndQuarantineFile;
    assert_eq!(back.draft.subject, Subject::Act(kind));
    assert_eq!(back.draft.text(&SHA1), HASH);
    assert_eq!((&*back.ticket, &*back.draft.comment), ("INC-7", "beacon"));
    harness.key_press(Key::Escape);
    harness.run_steps(4);
    assert!(harness.state().views.dialog.is_none());
}

fn read(harness: &mut Harness<'_, World>, expires: &str) {
    let block = Indicator {
        id: MachineActionId::parse("994").ok(),
        value: HASH.into(),
        action: IndicatorAction::BlockAndRemediate,
        by: Some("s.weber@contoso.com".into()),
        created: None,
        expires: expires.parse().ok(),
        title: None,
        description: None,
    };
    let read = ReadIndicators {
        of_files: [block].into(),
        total: 1,
        is_complete: true,
    };
    harness.state_mut().state.apply(Fact::Indicators {
        epoch: Epoch(0),
        news: IndicatorNews::Read(Ok(read)),
        at: Timestamp::UNIX_EPOCH,
    });
    harness.run_steps(4);
}

/// The list of blocks arrives later and must not hide the buttons.
#[test]
fn unblock_form_keeps_its_safe_button_visible() {
    for size in super::sight::SIZES {
        let mut world = world(ActionKind::Isolate);
        world.views.dialog = None;
        let mut harness = harness_of(world, size);
        let World { state, views, .. } = harness.state_mut();
        let subject = Subject::Act(ActionKind::RemoveBlock);
        let everywhere = [MachineRef::every_device()];
        let load = open(state, views, &everywhere, subject, |_| {});
        assert!(!load.is_empty());
        for reads in [false, true] {
            if reads {
                read(&mut harness, "1970-01-05T00:00:00Z");
            }
            harness.run_steps(4);
            let keep = harness.get_by_label("Keep block");
            assert!(keep.is_focused(), "{size}, read: {reads}");
            let window = egui::Rect::from_min_size(egui::Pos2::ZERO, size);
            assert!(window.contains_rect(keep.rect()), "{size}: {}", keep.rect());
        }
    }
}

fn says(harness: &mut Harness<'_, World>, words: &str) -> bool {
    let World { state, views, .. } = harness.state_mut();
    let Some(OpenDialog::Form(form)) = &mut views.dialog else {
        panic!("no form")
    };
    let reviews = form.reviews(state, Timestamp::UNIX_EPOCH);
    let mut findings = reviews[0].findings.iter();
    findings.any(|finding| finding.text().contains(words))
}

#[test]
fn colleagues_later_end_is_kept_unless_another_is_typed() {
    let mut harness = harness(quarantine());
    harness.run_steps(30);
    harness
        .get_by_label("Block file everywhere…")
        .click_accesskit();
    harness.run_steps(4);
    // The test's clock starts at 1970-01-01.
    assert_eq!(form(&harness).draft.text(&EXPIRES), "1970-01-08 00:00");
    read(&mut harness, "1970-01-05T00:00:00Z");
    assert_eq!(form(&harness).draft.text(&EXPIRES), "1970-01-08 00:00");
    assert!(says(&mut harness, "with your expiry and your comment"));
    read(&mut harness, "1970-01-28T09:30:20Z");
    assert_eq!(form(&harness).draft.text(&EXPIRES), "1970-01-28 09:31");
    assert!(says(&mut harness, "with the same expiry and your comment"));
    form_mut(&mut harness)
        .draft
        .set(&EXPIRES, "1970-01-09 00:00");
    harness.run_steps(4);
    assert_eq!(form(&harness).draft.text(&EXPIRES), "1970-01-09 00:00");
    let sooner = "Yours replaces it and ends sooner, until 1970-01-09 00:00";
    assert!(says(&mut harness, sooner));
}

#[test]
fn default_end_is_a_week_ahead_by_the_service_clock() {
    let mut harness = harness(quarantine());
    let ahead = jiff::SignedDuration::from_hours(145);
    let state = &mut harness.state_mut().state;
    state.apply(Fact::ServiceAhead(ahead));
    state.zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
    harness.run_steps(30);
    harness
        .get_by_label("Block file everywhere…")
        .click_accesskit();
    harness.run_steps(4);
    assert_eq!(form(&harness).draft.text(&EXPIRES), "1970-01-14 01:00");
    // The field is in UTC, like the request; the hint adds the user's time zone.
    let left = "7 d from now by Defender's clock, here 1970-01-14 03:00 +02:00;";
    assert!(harness.query_by_label_contains(left).is_some());
}

#[test]
fn field_named_in_the_footer_is_framed_and_focused() {
    let mut harness = harness(quarantine());
    harness.run_steps(30);
    harness
        .get_by_label("Block file everywhere…")
        .click_accesskit();
    harness.run_steps(30);
    form_mut(&mut harness).draft.comment.clear();
    harness.run_steps(30);
    confirm_by_key(&mut harness);
    harness.run_steps(3);
    let said = form(&harness).error.clone().unwrap_or_default();
    assert!(said.contains("Type the word"), "{said}");
    let field = egui::accesskit::Role::TextInput;
    let mut fields = harness.query_all_by(|node| node.role() == field && node.is_focused());
    let focused = fields.next().and_then(|node| node.accesskit_node().label());
    assert_eq!(focused.as_deref(), Some("Type the word “everywhere”"));
    assert!(harness.query_by_label("Needed to continue").is_some());
    let other = "Write why: the journal keeps your comment";
    assert!(harness.query_by_label(other).is_none());
}

fn hour(hours: i64) -> Option<Timestamp> {
    Timestamp::from_second(-3_600 * hours).ok()
}

/// The file's facts decide whether it should be stopped.
#[test]
fn file_facts_are_shown_in_full_and_move_nothing_below() {
    for size in [egui::vec2(1400.0, 900.0), egui::vec2(800.0, 600.0)] {
        let mut harness = harness_of(quarantine(), size);
        harness.run_steps(4);
        // Findings are above the field, in their own room.
        let below = |harness: &Harness<'_, World>| {
            let field = harness.get_by_label("SHA-1 of the file").rect();
            let button = harness.get_by_label("Block file everywhere…").rect();
            button.top() - field.bottom()
        };
        let before = below(&harness);
        let facts = FileFacts {
            size: Some(391_600),
            determination: Some("Malware".into()),
            organization_prevalence: Some(3),
            global_prevalence: Some(12),
            organization_seen: Seen {
                first: hour(30),
                last: hour(0),
            },
            global_seen: Seen {
                first: hour(720),
                last: hour(0),
            },
            names: ["dropper_kx.exe".into()].into(),
            publisher: Some("Contoso Deployment Tools and Services GmbH & Co. KG".into()),
            ..FileFacts::default()
        };
        harness.state_mut().state.apply(Fact::File {
            epoch: Epoch(0),
            hash: HASH.into(),
            news: crate::message::FileNews::Facts(Ok(Some(Box::new(facts)))),
            at: Timestamp::UNIX_EPOCH,
        });
        harness.run_steps(4);
        let rect = |words: &str| harness.get_by_label_contains(words).rect();
        let (names, line) = (rect("dropper_kx.exe"), rect("3 devices here"));
        assert!(names.height() > 1.5 * line.height(), "{names} of {line}");
        let said = rect("seen worldwide from");
        let moved = below(&harness) - before;
        assert!(moved.abs() < 1.0, "{moved} in {size}");
        assert!(said.bottom() <= rect("Block file everywhere…").top());
    }
}
