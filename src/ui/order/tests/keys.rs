//! Keys that are held down, or meant for something else.

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
fn a_key_that_is_held_down_since_before_the_form_confirms_nothing() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(2);
    form_mut(&mut harness).draft.comment = "INC-1".into();
    // As the system sends it while the key is down.
    for _ in 0..50 {
        press(&mut harness);
    }
    assert_eq!(submitted(&harness), 0);
    assert_eq!(form(&harness).error, None, "it does not even try");
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 0, "let go of, and still one press");
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
}

#[test]
fn the_keys_that_confirm_are_not_for_the_form_while_a_list_is_open_over_it() {
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
fn a_button_with_the_keyboard_is_pressed_by_a_fresh_plain_key_only() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(3);
    assert!(harness.get_by_label("Keep connected").is_focused());
    // Held since before: the first press is not this button's.
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
    assert!(harness.state().views.dialog.is_some(), "held down");
    harness.key_press(Key::Space);
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    assert!(harness.state().views.dialog.is_none());
}
