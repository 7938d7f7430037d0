//! Rows that move while the pointer or the focus rests.

use super::*;
use crate::message::Event;

fn acknowledged(mut entry: Entry) -> Event {
    entry.push(
        Timestamp::UNIX_EPOCH,
        Record::Acknowledged {
            status: entry.status().key().into(),
            object_id: "o".into(),
            account: "jane".into(),
        },
    );
    Event::Entry(Box::new(entry))
}

fn click_at(harness: &mut Harness<'static, World>, at: egui::Pos2) {
    harness.hover_at(at);
    for event in crate::ui::widgets::click_at(at) {
        harness.event(event);
    }
    harness.run_steps(1);
}

fn acknowledgements(harness: &Harness<'static, World>) -> usize {
    let work = harness.state().out.work.iter();
    work.filter(|command| matches!(command, Command::Acknowledge(_)))
        .count()
}

#[test]
fn second_click_on_same_spot_acknowledges_nothing_unseen() {
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
    assert!(now.contains(upper), "{now:?} is in its place");
    click_at(&mut harness, upper);
    assert_eq!(acknowledgements(&harness), 1, "not seen yet");
    harness.run_steps(3);
    click_at(&mut harness, upper);
    assert_eq!(acknowledgements(&harness), 2, "armed a second later");
}

#[test]
fn new_attention_rows_go_below_existing_and_a_resting_pointer_acknowledges_its_own_row() {
    let first = entry("cdn-00000001", ActionKind::Isolate, refused());
    let ids = [first.id(), EntryId::parse("cdn-00000002").expect("an id")];
    let sent = entry("cdn-00000002", ActionKind::Isolate, vec![Record::Sent]);
    let mut harness = harness(vec![first, sent]);
    harness.run_steps(3);
    let at = harness.get_by_label("Acknowledge").rect().center();
    harness.hover_at(at);
    let ended = vec![Record::Sent, finished(MachineActionStatus::TimeOut)];
    let ended = entry("cdn-00000002", ActionKind::Isolate, ended);
    let ended = Event::Entry(Box::new(ended));
    harness.state_mut().state.apply(ended);
    harness.run_steps(6);
    assert_eq!(listed_tags(&harness), ids.map(|id| id.to_string()));
    click_at(&mut harness, at);
    let work = &harness.state().out.work;
    assert!(matches!(&work[..], [Command::Acknowledge(seen)] if seen[0].0 == ids[0]));
}

fn listed_tags(harness: &Harness<'static, World>) -> Vec<String> {
    let listed = listed(&harness.ctx, &harness.state().state);
    listed.iter().map(|entry| entry.id().to_string()).collect()
}

#[test]
fn held_then_newest_come_first_once_the_list_is_not_in_use() {
    let tags = ["cdn-00000001", "cdn-00000002", "cdn-00000003"];
    let refusal = |n: usize| entry(tags[n], ActionKind::Isolate, refused());
    let mut harness = sized_harness(vec![refusal(0), refusal(1)], egui::vec2(1200.0, 400.0));
    harness.run_steps(3);
    assert_eq!(listed_tags(&harness), [tags[1], tags[0]]);
    let held = entry(
        tags[2],
        ActionKind::Isolate,
        vec![Record::Held { by: action() }],
    );
    harness
        .state_mut()
        .state
        .apply(Event::Entry(Box::new(held)));
    let last = entry("cdn-00000004", ActionKind::Isolate, refused());
    let at = harness.get_by_label("Needs your attention (2)").rect();
    harness.hover_at(egui::pos2(600.0, at.bottom() + 20.0));
    harness.run_steps(3);
    assert_eq!(
        listed_tags(&harness),
        [tags[1], tags[0], tags[2]],
        "the row stays"
    );
    harness
        .state_mut()
        .state
        .apply(Event::Entry(Box::new(last)));
    harness.run_steps(3);
    let below = [tags[1], tags[0], tags[2], "cdn-00000004"];
    assert_eq!(listed_tags(&harness), below, "the row stays");
    harness.hover_at(egui::pos2(600.0, 395.0));
    harness.run_steps(3);
    let in_order = [tags[2], "cdn-00000004", tags[1], tags[0]];
    assert_eq!(listed_tags(&harness), in_order);
}

#[test]
fn second_click_on_same_spot_acknowledges_no_other_summary() {
    let batch = |first: u32| -> Vec<Entry> {
        let tag = |n: u32| format!("cdn-0000000{n}");
        let one = |n| {
            let mut one = entry(&tag(n), ActionKind::Isolate, done());
            one.order.batch = crate::model::EntryId::parse(&tag(first));
            one
        };
        vec![one(first), one(first + 1)]
    };
    let (older, newer) = (batch(1), batch(3));
    let mut harness = harness([older, newer.clone()].concat());
    harness.run_steps(3);
    let buttons = |harness: &Harness<'static, World>| -> Vec<egui::Rect> {
        let all = harness.query_all_by_label("Acknowledge");
        let mut all: Vec<_> = all.map(|node| node.rect()).collect();
        all.sort_by(|a, b| a.top().total_cmp(&b.top()));
        all
    };
    let upper = buttons(&harness)[0].center();
    click_at(&mut harness, upper);
    assert_eq!(acknowledgements(&harness), 1);
    for entry in newer {
        harness.state_mut().state.apply(acknowledged(entry));
    }
    harness.run_steps(1);
    let left = buttons(&harness);
    assert!(left.len() == 1 && left[0].contains(upper), "{left:?}");
    click_at(&mut harness, upper);
    assert_eq!(acknowledgements(&harness), 1, "not seen yet");
    harness.run_steps(3);
    click_at(&mut harness, upper);
    assert_eq!(acknowledgements(&harness), 2);
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
fn held_order_is_sent_only_by_a_dialog_that_shows_the_consequence() {
    const SEND: &str = "Send now: Isolate “FIN-LT-042” (…9c07)";
    let mut harness = held();
    harness.run_steps(1);
    assert!(harness.state().out.work.is_empty());
    assert!(harness.get_by_label("Keep waiting").is_focused());
    let said = harness.query_all_by_label_contains("most likely end up");
    assert!(said.count() > 0);
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
    assert!(harness.state().out.work.is_empty(), "ignores Enter");
    harness.get_by_label(SEND).click();
    harness.run_steps(2);
    let world = harness.into_state();
    assert!(matches!(world.out.work[..], [Command::Insist(_)]));
    assert!(world.views.dialog.is_none());
}

#[test]
fn held_order_sent_meanwhile_is_not_sent_again_by_its_dialog() {
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

#[test]
fn acknowledging_by_keyboard_focuses_the_next_row_but_no_acting_button() {
    let first = entry("cdn-00000001", ActionKind::Isolate, refused());
    let last = entry("cdn-00000002", ActionKind::Isolate, refused());
    let mut harness = harness(vec![first, last.clone()]);
    harness.run_steps(3);
    let tops = |harness: &Harness<'static, World>| {
        let all = harness.query_all_by_label("Acknowledge");
        let mut all: Vec<_> = all.map(|n| (n.rect().top(), n.is_focused())).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    };
    let all = harness.query_all_by_label("Acknowledge");
    all.min_by(|a, b| a.rect().top().total_cmp(&b.rect().top()))
        .expect("a button")
        .focus();
    harness.run_steps(1);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(1);
    assert_eq!(acknowledgements(&harness), 1);
    assert!(tops(&harness)[0].1);
    harness.state_mut().state.apply(acknowledged(last));
    harness.run_steps(3);
    let left = tops(&harness);
    assert!(left.len() == 1 && !left[0].1, "{left:?}");
    let focused = harness.get_by(|node| node.is_focused() && !node.is_hidden());
    let label = egui_kittest::kittest::NodeT::accesskit_node(&focused).label();
    let label = label.unwrap_or_default();
    assert!(label.starts_with("Show de"), "{label}");
}

#[test]
fn entries_are_acknowledged_together_only_after_each_was_seen() {
    let all = (0..30).map(|n| {
        entry(
            &format!("cdn-000000{:02}", n + 2),
            ActionKind::Isolate,
            refused(),
        )
    });
    let mut harness = sized_harness(all.collect(), egui::vec2(900.0, 420.0));
    harness.run_steps(3);
    harness.get_by_label("Acknowledge all…").click();
    harness.run_steps(4);
    let label = "Acknowledge 30 entries";
    let is_disabled = |harness: &Harness<'static, World>| {
        let buttons = harness.query_all_by_label(label);
        let mut buttons = buttons.filter(|n| {
            egui_kittest::kittest::NodeT::accesskit_node(n).role() == egui::accesskit::Role::Button
        });
        let button = buttons.next().expect("the button");
        egui_kittest::kittest::NodeT::accesskit_node(&button).is_disabled()
    };
    assert!(is_disabled(&harness));
    for _ in 0..40 {
        let Some(next) = harness.query_by_label_contains("Show next (") else {
            break;
        };
        assert!(is_disabled(&harness));
        next.click();
        harness.run_steps(3);
    }
    harness.run_steps(3);
    assert!(!is_disabled(&harness));
}

#[test]
fn showing_the_device_of_an_entry_reopens_its_panel() {
    let mut harness = harness(vec![entry("cdn-00000001", ActionKind::Isolate, done())]);
    let machine = harness
        .state()
        .state
        .entries
        .iter()
        .next()
        .expect("an entry")
        .machine();
    harness.state_mut().views.selected = Some(machine.clone());
    harness.state_mut().views.walked_to = Some(machine.id);
    harness.run_steps(3);
    harness.get_by_label("Show device").click();
    harness.run_steps(2);
    assert_eq!(harness.state().views.walked_to, None);
}

/// `count` entries of one confirmation, on one device each.
fn batch(first: u32, count: u32, records: impl Fn(u32) -> Vec<Record>) -> Vec<Entry> {
    let tag = |n: u32| format!("cdn-{n:08}");
    let one = |n: u32| {
        let mut one = entry(&tag(n), ActionKind::Isolate, records(n - first));
        one.order.batch = crate::model::EntryId::parse(&tag(first));
        one
    };
    (first..first + count).map(one).collect()
}

#[test]
fn no_row_moves_when_an_order_ends_and_a_batch_keeps_its_order() {
    let single = entry("cdn-00000001", ActionKind::Isolate, vec![Record::Sent]);
    let together = |ended: u32| {
        batch(2, 3, |n| {
            if n < ended {
                done()
            } else {
                vec![Record::Sent]
            }
        })
    };
    let mut harness = harness([vec![single], together(0)].concat());
    harness.run_steps(3);
    let order = |harness: &Harness<'static, World>| -> Vec<String> {
        let (rows, _) = in_order(&harness.state().state);
        rows.iter()
            .map(|entry| entry.id().to_string()[11..].to_owned())
            .collect()
    };
    assert_eq!(order(&harness), ["2", "3", "4", "1"]);
    let rows = |harness: &Harness<'static, World>| top(harness, "Activity");
    let before = rows(&harness);
    for ended in [1, 2, 3] {
        for entry in together(ended) {
            harness
                .state_mut()
                .state
                .apply(Event::Entry(Box::new(entry)));
        }
        harness.run_steps(3);
        assert_eq!(order(&harness), ["2", "3", "4", "1"], "{ended} have ended");
        assert!((rows(&harness) - before).abs() < 0.5, "{ended} have ended");
    }
    assert!(harness.query_by_label("Acknowledge").is_some());
}

#[test]
fn summaries_stay_reachable_until_acknowledged_unfinished_first() {
    // The older one is unfinished, the two newer ones are finished.
    let entries = [
        batch(1, 2, |_| vec![Record::Sent]),
        batch(3, 3, |_| done()),
        batch(6, 4, |_| done()),
    ];
    let titles = |harness: &Harness<'static, World>| -> Vec<String> {
        let all = harness.query_all_by_label_contains("Isolate ");
        let labels =
            all.filter_map(|node| egui_kittest::kittest::NodeT::accesskit_node(&node).value());
        let titles = labels.filter(|label| label.contains(" devices") && label.ends_with(':'));
        titles.map(|label| label[..17].to_owned()).collect()
    };
    // Size that a window of the usual size gives the list.
    let mut harness = sized_harness(entries.concat(), egui::vec2(1380.0, 264.0));
    harness.run_steps(3);
    assert_eq!(titles(&harness), ["Isolate 4 devices", "Isolate 2 devices"]);
    harness.get_by_label("Next summary").click();
    harness.run_steps(3);
    assert_eq!(titles(&harness), ["Isolate 4 devices", "Isolate 3 devices"]);
    let mut harness = sized_harness(entries.concat(), egui::vec2(700.0, 140.0));
    harness.run_steps(3);
    assert_eq!(titles(&harness), ["Isolate 2 devices"]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.extend(titles(&harness));
        harness.get_by_label("Next summary").click();
        harness.run_steps(3);
    }
    seen.sort();
    assert_eq!(
        seen,
        [
            "Isolate 2 devices",
            "Isolate 3 devices",
            "Isolate 4 devices"
        ]
    );
}

#[test]
fn acknowledged_summary_says_so_until_that_is_on_disk() {
    let mut harness = harness(batch(1, 2, |_| done()));
    harness.run_steps(4);
    harness.get_by_label("Acknowledge").click();
    harness.run_steps(2);
    assert_eq!(acknowledgements(&harness), 1);
    let button = harness.get_by_label("Acknowledge");
    let node = egui_kittest::kittest::NodeT::accesskit_node(&button);
    assert!(node.is_disabled());
    button.click();
    harness.run_steps(2);
    assert_eq!(acknowledgements(&harness), 1, "acknowledged only once");
}

/// A row that an opposite action may undo moves up only when nobody is reading.
#[test]
fn row_keeps_its_place_until_the_pointer_has_left_the_list() {
    use crate::model::{MachineAction, MachineActionType};

    let older = entry("cdn-00000001", ActionKind::Isolate, done());
    let newer = entry("cdn-00000002", ActionKind::RunAntiVirusScan, done());
    let mut harness = harness(vec![older, newer]);
    harness.run_steps(3);
    let is_older_first = |harness: &Harness<'static, World>| {
        let row = |kind: &str| top(harness, &format!("“FIN-LT-042” (…9c07): {kind}"));
        row("Isolate device") < row("Run antivirus scan")
    };
    assert!(!is_older_first(&harness));
    harness.hover_at(egui::pos2(400.0, 300.0));
    harness.run_steps(2);
    let release = MachineActionId::parse("c0ffee").expect("a literal id");
    let status = MachineActionStatus::Pending;
    let mut release = MachineAction::bare(release, MachineActionType::Unisolate, status);
    release.machine_id = MachineId::parse("a19c07").ok();
    harness.state_mut().state.apply(Event::Actions {
        epoch: crate::model::Epoch(0),
        actions: vec![release],
    });
    harness.run_steps(3);
    assert!(!is_older_first(&harness), "the pointer is over the list");
    harness.event(egui::Event::PointerGone);
    harness.run_steps(3);
    assert!(is_older_first(&harness));
}

#[test]
fn older_attention_rows_beyond_the_limit_are_one_button_away() {
    let all = (0..73).map(|n| entry(&format!("cdn-{n:08}"), ActionKind::Isolate, refused()));
    for size in [egui::vec2(1200.0, 2000.0), egui::vec2(640.0, 130.0)] {
        let mut harness = sized_harness(all.clone().collect(), size);
        harness.run_steps(3);
        let shown = |harness: &Harness<'static, World>| {
            let all = listed(&harness.ctx, &harness.state().state);
            let ends = [all.first(), all.last()].map(|e| e.map(|e| e.id().to_string()));
            (all.len(), ends.map(Option::unwrap_or_default))
        };
        let first = (50, ["cdn-00000072", "cdn-00000023"].map(str::to_owned));
        assert_eq!(shown(&harness), first);
        assert!(harness.query_by_label("1 to 50 of 73").is_some());
        harness.get_by_label("Show the next 23").click_accesskit();
        harness.run_steps(3);
        let rest = (23, ["cdn-00000022", "cdn-00000000"].map(str::to_owned));
        assert_eq!(shown(&harness), rest);
        assert!(harness.query_by_label("51 to 73 of 73").is_some());
        harness.get_by_label("Show the first 50").click_accesskit();
        harness.run_steps(3);
        assert_eq!(shown(&harness), first);
    }
}
