//! Rows that stay visible when the list has little room.

use super::*;

/// This many refused orders.
fn refusals(count: u32) -> Vec<Entry> {
    let tags = (1..=count).map(|n| format!("cdn-{n:08}"));
    tags.map(|tag| entry(&tag, ActionKind::Isolate, refused()))
        .collect()
}

/// Size that `frame` gives the list in a window of 800 × 600 points.
const SMALL: egui::Vec2 = egui::vec2(784.0, 120.0);

/// It was just ordered and waits for a decision, with the pointer resting where the dialog was.
#[test]
fn held_order_stays_visible_in_a_small_window() {
    let name = "par-wks-0019.corp.contoso.com";
    let of = |records| {
        let machine = fixtures::machine_ref("a10411", Some(name));
        let order = fixtures::order("cdn-00000099", machine, ActionKind::Isolate);
        fixtures::entry(fixtures::author(), order, records)
    };
    for pointer in [None, Some(egui::pos2(400.0, 80.0))] {
        let sent = (50..53).map(|n| format!("cdn-{n:08}"));
        let sent = sent.map(|tag| entry(&tag, ActionKind::Isolate, vec![Record::Sent]));
        let mut entries: Vec<_> = refusals(8).into_iter().chain(sent.clone()).collect();
        entries.push(of(Vec::new()));
        let mut harness = sized_harness(entries, SMALL);
        if let Some(at) = pointer {
            harness.hover_at(at);
            harness.state_mut().views.activity.marked = Some(of(Vec::new()).id());
        }
        harness.run_steps(40);
        // Others fail meanwhile.
        for mut other in sent {
            let refusal = refused().into_iter().next().expect("one record");
            other.push(Timestamp::UNIX_EPOCH, refusal);
            let other = crate::message::Event::Entry(Box::new(other));
            harness.state_mut().state.apply(other);
        }
        let held = of(vec![Record::Held { by: action() }]);
        let held = crate::message::Event::Entry(Box::new(held));
        harness.state_mut().state.apply(held);
        harness.run_steps(40);
        for words in ["Held", "Send anyway…", "Withdraw"] {
            let rect = harness.get_by_label(words).rect();
            let is_seen = rect.top() >= 0.0 && rect.bottom() <= SMALL.y;
            assert!(
                is_seen && rect.right() <= SMALL.x,
                "{words}: {rect} {pointer:?}"
            );
        }
        let device = format!("“{name}” (…0411)");
        let device = harness.get_by_label(&device).rect();
        let verb = harness
            .query_all_by_label("Isolate")
            .map(|node| node.rect());
        let verb = verb.filter(|rect| (rect.center().y - device.center().y).abs() < 4.0);
        let verb = verb.collect::<Vec<_>>().pop();
        let verb = verb.expect("the action on the line");
        assert!(
            verb.left() >= device.right() && verb.width() > 40.0,
            "{verb}"
        );
    }
}

#[test]
fn summary_of_several_lines_leaves_two_rows_in_flight_visible() {
    let named = |n: u32, batch: u32, records| {
        let name = format!("par-wks-00{n}.corp.contoso.com");
        let machine = fixtures::machine_ref(&format!("a100{n}"), Some(&name));
        let mut order = fixtures::order(&format!("cdn-{n:08}"), machine, ActionKind::Isolate);
        order.batch = EntryId::parse(&format!("cdn-{batch:08}"));
        fixtures::entry(fixtures::author(), order, records)
    };
    let unknown = || Record::Unknown {
        why: "reset".into(),
    };
    let mut entries = refusals(8);
    entries.extend((20..23).map(|n| named(n, 20, refused())));
    entries.extend((23..26).map(|n| named(n, 20, vec![Record::Sent, unknown()])));
    entries.extend((26..29).map(|n| named(n, 20, vec![Record::NotFound])));
    entries.extend((40..42).map(|n| named(n, 20, vec![Record::Sent])));
    let height = crate::ui::frame::activity_height(860.0) - 16.0;
    let mut harness = sized_harness(entries, egui::vec2(1384.0, height));
    harness.run_steps(6);
    let summary = harness.get_by_label_contains("3 outcome unknown").rect();
    assert!(summary.height() > 30.0, "{summary}");
    let in_flight = harness.query_all_by_label("Sent, no answer yet");
    let bottoms: Vec<_> = in_flight.map(|node| node.rect().bottom()).collect();
    assert_eq!(bottoms.len(), 2);
    assert!(
        bottoms.iter().all(|y| *y <= height),
        "{bottoms:?} in {height}"
    );
}
