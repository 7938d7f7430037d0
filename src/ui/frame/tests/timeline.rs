//! The timeline of a device by keyboard, screen reader and pointer.

use super::*;
use crate::message::PanelNews;
use crate::model::{Alert, AlertSeverity, AlertStatus, Listed, LoggedOnUser};

fn listed<T>(item: T) -> Listed<T> {
    Listed {
        items: vec![item],
        unreadable: 0,
        is_cut: false,
    }
}

fn history() -> State {
    let mut state = signed_in();
    let mut action = MachineAction::bare(
        MachineActionId::parse("s1").expect("a literal id"),
        MachineActionType::Isolate,
        MachineActionStatus::Succeeded,
    );
    action.machine_id = MachineId::parse(HR).ok();
    action.created = Some(at(-7_200));
    action.requestor = Some("sam@contoso.com".into());
    action.requestor_comment = Some("beacon\u{202e}".into());
    state.apply(Event::Actions {
        epoch: Epoch(0),
        actions: vec![action],
    });
    let id = MachineId::parse(HR).expect("a literal id");
    let alert = Alert {
        id: "a1".into(),
        title: Some("Ransomware".into()),
        severity: AlertSeverity::High,
        status: AlertStatus::New,
        category: None,
        created: Some(at(-10_800)),
        files: Box::default(),
    };
    let user = LoggedOnUser {
        name: "p.marsh".into(),
        domain: None,
        first_seen: Some(at(-9_000)),
        last_seen: Some(at(-3_600)),
        logon_types: None,
        is_domain_admin: false,
    };
    for news in [
        PanelNews::Alerts(Ok(listed(alert))),
        PanelNews::Users(Ok(listed(user))),
    ] {
        state.apply(Event::Panel {
            epoch: Epoch(0),
            id: id.clone(),
            at: at(0),
            news,
        });
    }
    state
}

fn said(harness: &Harness<'static>) -> String {
    let axis = harness.get_by_label("Timeline");
    axis.accesskit_node().value().unwrap_or_default()
}

#[test]
fn timeline_command_focuses_and_shows_the_timeline() {
    let (desk, mut harness) = desk(history(), egui::vec2(800.0, 600.0));
    let device = crate::state::fixtures::machine_ref(HR, Some("HR-LT-007"));
    desk.borrow_mut().views.show_device(device);
    harness.run_steps(4);
    desk.borrow_mut().views.timeline_of = MachineId::parse(HR).ok();
    harness.run_steps(30);
    let axis = harness.get_by_label("Timeline");
    assert!(axis.is_focused());
    let window = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(800.0, 600.0));
    assert!(window.contains_rect(axis.rect()), "{:?}", axis.rect());
}

#[test]
fn events_are_shown_on_one_axis_and_as_text() {
    let (desk, mut harness) = wide(history());
    let device = crate::state::fixtures::machine_ref(HR, Some("HR-LT-007"));
    desk.borrow_mut().views.show_device(device);
    harness.run_steps(4);
    harness.get_by_label("Timeline (4)");
    assert!(
        said(&harness).starts_with("4 in the last 6 h"),
        "{}",
        said(&harness)
    );
    harness.get_by_label("Timeline").focus();
    harness.run_steps(2);
    // The newest first.
    for text in [
        "1 h ago · p.marsh last seen",
        "2 h ago · Isolate, Succeeded, by sam@contoso.com: beacon\\u{202e}",
        "2 h ago · p.marsh first seen",
        "3 h ago · Alert, High: Ransomware",
        "3 h ago · Alert, High: Ransomware",
    ] {
        harness.key_press(Key::ArrowLeft);
        harness.run_steps(2);
        assert!(said(&harness).ends_with(text), "{} {text}", said(&harness));
    }
    harness.key_press(Key::End);
    harness.run_steps(2);
    assert!(said(&harness).ends_with("p.marsh last seen"));
    harness
        .get_by_label("The timeline in words")
        .click_accesskit();
    harness.run_steps(3);
    harness.get_by_label_contains("2 h ago · Isolate, Succeeded, by sam@contoso.com");
}

#[test]
fn clicking_a_timeline_mark_focuses_the_axis_and_arrows_continue_from_it() {
    use crate::ui::device::timeline::happenings::BUILT;

    let (desk, mut harness) = wide(history());
    let device = crate::state::fixtures::machine_ref(HR, Some("HR-LT-007"));
    desk.borrow_mut().views.show_device(device);
    harness.run_steps(4);
    harness.get_by_label("Timeline").scroll_to_me();
    harness.run_steps(4);
    let axis = harness.get_by_label("Timeline").rect();
    // The log-on of an hour ago: a sixth of the way back, in the lowest lane.
    let mark = egui::pos2(
        axis.right() - (axis.width() - 64.0) / 6.0,
        axis.bottom() - 30.0,
    );
    harness.hover_at(mark);
    for event in crate::ui::widgets::click_at(mark) {
        harness.event(event);
    }
    harness.run_steps(2);
    assert!(
        said(&harness).ends_with("p.marsh last seen"),
        "{}",
        said(&harness)
    );
    assert!(harness.get_by_label("Timeline").is_focused());
    // The pointer rests on that mark.
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(2);
    assert!(
        said(&harness).contains("Isolate, Succeeded"),
        "{}",
        said(&harness)
    );
    // Newer events do not change the choice.
    let mut newer = MachineAction::bare(
        MachineActionId::parse("s2").expect("a literal id"),
        MachineActionType::Unisolate,
        MachineActionStatus::Pending,
    );
    newer.machine_id = MachineId::parse(HR).ok();
    newer.created = Some(at(-60));
    desk.borrow_mut().state.apply(Event::Actions {
        epoch: Epoch(0),
        actions: vec![newer],
    });
    harness.run_steps(2);
    assert!(
        said(&harness).contains("Isolate, Succeeded"),
        "{}",
        said(&harness)
    );
    let built = BUILT.with(std::cell::Cell::get);
    harness.run_steps(5);
    assert_eq!(
        BUILT.with(std::cell::Cell::get),
        built,
        "nothing has changed"
    );
}
