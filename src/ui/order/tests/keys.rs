//! Keys that are held down, or meant for another widget.

use super::*;

fn press(harness: &mut Harness<'_, World>) {
    harness.event(egui::Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::COMMAND,
    });
    harness.run_steps(1);
}

#[test]
fn key_held_since_before_the_form_confirms_nothing() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(2);
    form_mut(&mut harness).draft.comment = "INC-1".into();
    // Repeated, as the system sends it while the key is down.
    for _ in 0..50 {
        press(&mut harness);
    }
    assert_eq!(submitted(&harness), 0);
    assert_eq!(form(&harness).error, None, "no attempt to confirm");
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 0, "released, but no new press");
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
}

#[test]
fn confirm_keys_do_not_reach_the_form_under_an_open_list() {
    let mut harness = with_templates("one\ntwo\nthree\nfour\nfive");
    form_mut(&mut harness).draft.comment = "INC-1".into();
    harness.run_steps(30);
    harness.get_by_label("Template").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("five").is_some());
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 0);
}

#[test]
fn focused_button_is_pressed_only_by_a_fresh_plain_key() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(3);
    assert!(harness.get_by_label("Keep connected").is_focused());
    // Held since before: its first press was for another widget.
    let press = |harness: &mut Harness<'_, World>, modifiers| {
        harness.event(egui::Event::Key {
            key: Key::Space,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers,
        });
        harness.run_steps(2);
    };
    press(&mut harness, Modifiers::COMMAND);
    press(&mut harness, Modifiers::NONE);
    assert!(harness.state().views.dialog.is_some(), "a held key");
    harness.key_press(Key::Space);
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    assert!(harness.state().views.dialog.is_none());
}
