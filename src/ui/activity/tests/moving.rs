//! Rows that move under a pointer or under the keyboard that rests where it was.

use super::*;
use crate::message::Event;

fn acknowledged(mut entry: Entry) -> Event {
    entry.push(
        Timestamp::UNIX_EPOCH,
        Record::Acknowledged {
            standing: entry.standing().key().into(),
            object_id: "o".into(),
            account: "jane".into(),
        },
    );
    Event::Entry(Box::new(entry))
}

fn click_at(harness: &mut Harness<'static, World>, at: egui::Pos2) {
    harness.hover_at(at);
    for pressed in [true, false] {
        harness.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        });
    }
    harness.run_steps(1);
}

fn acknowledgements(harness: &Harness<'static, World>) -> usize {
    let work = harness.state().out.work.iter();
    work.filter(|command| matches!(command, Command::Acknowledge(_)))
        .count()
}

#[test]
fn a_second_click_on_the_same_spot_acknowledges_nothing_unread() {
    let first = entry("cdn-00000001", ActionKind::Isolate, refused());
    let last = entry("cdn-00000002", ActionKind::Isolate, refused());
    let mut harness = harness(vec![first, last.clone()]);
    harness.run_steps(3);
    let upper = harness
        .query_all_by_label("Acknowledge")
        .map(|node| node.rect().center())
        .min_by(|a, b| a.y.total_cmp(&b.y))
        .expect("a button");
    click_at(&mut harness, upper);
    assert_eq!(acknowledgements(&harness), 1);
    harness.state_mut().state.apply(acknowledged(last));
    harness.run_steps(1);
    let now = harness.get_by_label("Acknowledge").rect();
    assert!(now.contains(upper), "{now:?} has taken the place");
    click_at(&mut harness, upper);
    assert_eq!(acknowledgements(&harness), 1, "it was not read yet");
    harness.run_steps(3);
    click_at(&mut harness, upper);
    assert_eq!(acknowledgements(&harness), 2, "half a second later it is");
}

fn held() -> Harness<'static, World> {
    let records = vec![Record::Held { by: action() }];
    let mut harness = harness(vec![entry("cdn-00000001", ActionKind::Isolate, records)]);
    harness.run_steps(3);
    harness.get_by_label("Send anyway…").click();
    harness.run_steps(1);
    harness
}

#[test]
fn a_held_order_is_sent_only_by_a_dialog_that_says_what_will_come_of_it() {
    const SEND: &str = "Send now: Isolate “FIN-LT-042” (…9c07)";
    let mut harness = held();
    harness.run_steps(1);
    assert!(harness.state().out.work.is_empty());
    assert!(harness.get_by_label("Keep waiting").is_focused());
    assert!(
        harness
            .query_by_label_contains("most likely end up")
            .is_some()
    );
    harness.get_by_label("Keep waiting").click();
    harness.run_steps(2);
    let world = harness.state();
    assert!(world.views.dialog.is_none() && world.out.work.is_empty());

    let mut harness = held();
    harness.run_steps(4);
    harness.get_by_label(SEND).focus();
    harness.run_steps(1);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(2);
    assert!(harness.state().out.work.is_empty(), "not by Enter");
    harness.get_by_label(SEND).click();
    harness.run_steps(2);
    let world = harness.into_state();
    assert!(matches!(world.out.work[..], [Command::Insist(_)]));
    assert!(world.views.dialog.is_none());
}

#[test]
fn a_held_order_that_went_on_meanwhile_is_not_sent_again_by_its_dialog() {
    let mut harness = held();
    harness.run_steps(3);
    let sent = vec![Record::Held { by: action() }, Record::Sent];
    let sent = entry("cdn-00000001", ActionKind::Isolate, sent);
    harness
        .state_mut()
        .state
        .apply(Event::Entry(Box::new(sent)));
    harness.run_steps(3);
    harness.get_by_label_contains("Send now: ").click();
    harness.run_steps(2);
    assert!(harness.state().out.work.is_empty());
}
