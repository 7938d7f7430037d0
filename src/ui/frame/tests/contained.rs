//! *Contained now* with many rows, and the cost of an unchanged frame.

use egui::accesskit::Role as Part;
use egui::{Pos2, Rect};

use super::*;
use crate::action::INFERENCES;
use crate::ui::views::Screen;

fn isolation(n: usize, status: MachineActionStatus) -> MachineAction {
    let id = MachineActionId::parse(&format!("act-{n}")).expect("a literal id");
    let mut action = MachineAction::bare(id, MachineActionType::Isolate, status);
    action.machine_id = MachineId::parse(&format!("{n:040x}")).ok();
    action.computer_dns_name = Some(format!("LT-{n:05}").into());
    action.created = Some(at(i64::try_from(n).expect("a small number") - 100_000));
    action.last_updated = action.created;
    action.requestor = Some("sam@contoso.com".into());
    // Several lines in some of the rows.
    action.requestor_comment = Some("beacon to a known host ".repeat(n % 7 * 4).into());
    action
}

fn learn(state: &mut State, actions: Vec<MachineAction>) {
    state.apply(Event::Actions {
        epoch: Epoch(0),
        actions,
    });
}

/// `count` isolated devices, the first one isolated longest.
fn many(count: usize) -> State {
    let mut state = signed_in();
    let actions = (0..count).map(|n| isolation(n, MachineActionStatus::Succeeded));
    learn(&mut state, actions.collect());
    state
}

fn contained(count: usize, size: egui::Vec2) -> (Shared, Harness<'static>) {
    let (desk, mut harness) = desk(many(count), size);
    desk.borrow_mut().views.show(Screen::Contained);
    harness.run_steps(4);
    (desk, harness)
}

/// The numbers of the drawn rows, each with the rectangle of its first button.
fn drawn(harness: &Harness<'static>) -> Vec<(usize, Rect)> {
    let buttons = harness.query_all_by(|node| node.role() == Part::Button);
    let number = |label: &str| {
        let name = label.strip_prefix("Show “LT-")?;
        name.get(..5)?.parse().ok()
    };
    buttons
        .filter_map(|node| Some((number(&node.accesskit_node().label()?)?, node.rect())))
        .collect()
}

#[test]
fn only_visible_contained_devices_are_drawn() {
    for size in [(1400.0, 900.0), (800.0, 600.0), (640.0, 360.0)] {
        let (_, mut harness) = contained(400, size.into());
        let rows = drawn(&harness);
        assert!(!rows.is_empty(), "{size:?}");
        assert!(rows.len() < 30, "{size:?}: {rows:?}");
        assert!(
            rows.first().is_none_or(|row| row.0 == 0),
            "the oldest first"
        );
        let middle = egui::pos2(200.0, size.1 * 0.5);
        table::wheel(&mut harness, middle, egui::vec2(0.0, -1e7));
        harness.run_steps(10);
        let rows = drawn(&harness);
        assert_eq!(rows.last().map(|row| row.0), Some(399), "{size:?}");
        assert!(rows.len() < 30, "{size:?}: {rows:?}");
    }
}

#[test]
fn rows_of_different_heights_do_not_overlap() {
    let gaps = |harness: &Harness<'static>| -> Vec<f32> {
        let rows = drawn(harness);
        let pairs = rows.windows(2);
        pairs
            .map(|pair| pair[1].1.top() - pair[0].1.bottom())
            .collect()
    };
    let (desk, mut harness) = wide(many(200));
    desk.borrow_mut().views.show(Screen::Contained);
    harness.step();
    let at_once = gaps(&harness);
    assert!(at_once.iter().all(|gap| *gap > 8.0), "{at_once:?}");
    harness.run_steps(4);
    let gaps = gaps(&harness);
    let pairs = at_once.iter().zip(&gaps);
    let moved: Vec<_> = pairs
        .filter(|(one, other)| (*one - *other).abs() > 1.0)
        .collect();
    assert!(moved.is_empty(), "in the first frame and later: {moved:?}");
    assert!(gaps.iter().all(|gap| *gap > 8.0), "{gaps:?}");
    let least = gaps.iter().copied().fold(f32::INFINITY, f32::min);
    assert!(
        gaps.iter().any(|gap| *gap > least + 10.0),
        "some rows are higher"
    );
}

#[test]
fn tab_reaches_every_contained_device() {
    let size = egui::vec2(800.0, 600.0);
    let (_, mut harness) = contained(25, size);
    let window = Rect::from_min_size(Pos2::ZERO, size);
    let mut reached = Vec::new();
    for _ in 0..140 {
        harness.key_press(Key::Tab);
        harness.run_steps(4);
        let Some(id) = harness.ctx.memory(egui::Memory::focused) else {
            continue;
        };
        let focused = harness.query_all_by(|node| node.locate().0 == id.accesskit_id());
        let focused = focused.map(|node| node.rect()).next();
        let row = drawn(&harness)
            .into_iter()
            .find(|row| Some(row.1) == focused);
        if let Some((n, rect)) = row {
            assert!(window.contains_rect(rect), "{n} at {rect:?}");
            reached.push(n);
        }
        if reached.last() == Some(&24) {
            break;
        }
    }
    assert_eq!(reached, (0..25).collect::<Vec<_>>());
}

#[test]
fn unchanged_frame_infers_no_state() {
    for screen in [Screen::Devices, Screen::Contained] {
        let (desk, mut harness) = wide(many(300));
        {
            // Without a device in the panel: its buttons need inferences from its actions alone.
            let mut desk = desk.borrow_mut();
            desk.views.show(screen);
            // Sorting and searching use states too.
            desk.views.layout.sort.column = Column::State;
            desk.views.search = "-state:restricted".into();
        }
        harness.run_steps(3);
        let before = INFERENCES.with(std::cell::Cell::get);
        harness.run_steps(2);
        let inferred = INFERENCES.with(std::cell::Cell::get) - before;
        assert_eq!(inferred, 0, "{screen:?}");
        // A new fact about one device is inferred for that one alone.
        let pending = isolation(7, MachineActionStatus::Pending);
        let news = MachineAction {
            id: MachineActionId::parse("another").expect("a literal id"),
            machine_id: MachineId::parse(FIN).ok(),
            ..pending
        };
        learn(&mut desk.borrow_mut().state, vec![news]);
        harness.run_steps(2);
        let inferred = INFERENCES.with(std::cell::Cell::get) - before;
        assert!((1..20).contains(&inferred), "{screen:?}: {inferred}");
    }
}

#[test]
fn release_removes_its_row() {
    let (desk, mut harness) = contained(3, egui::vec2(1400.0, 900.0));
    let numbers = |harness: &Harness<'static>| -> Vec<usize> {
        drawn(harness).into_iter().map(|row| row.0).collect()
    };
    assert_eq!(numbers(&harness), [0, 1, 2]);
    let release = MachineAction {
        id: MachineActionId::parse("release").expect("a literal id"),
        kind: MachineActionType::Unisolate,
        created: Some(at(10)),
        last_updated: Some(at(20)),
        ..isolation(1, MachineActionStatus::Succeeded)
    };
    learn(&mut desk.borrow_mut().state, vec![release]);
    harness.run_steps(2);
    assert_eq!(numbers(&harness), [0, 2]);
}

#[test]
fn starting_a_release_moves_only_the_rows_below_and_rearms_their_buttons() {
    let mut state = signed_in();
    let mine = |n, action: MachineAction| MachineAction {
        id: MachineActionId::parse(&format!("mine-{n}")).expect("a literal id"),
        requestor: account().user_name,
        ..action
    };
    let isolations = (0..3).map(|n| mine(n, isolation(n, MachineActionStatus::Succeeded)));
    learn(&mut state, isolations.collect());
    let (desk, mut harness) = wide(state);
    desk.borrow_mut().views.show(Screen::Contained);
    harness.run_steps(4);
    let places = |harness: &Harness<'static>| -> Vec<_> {
        drawn(harness)
            .into_iter()
            .map(|(n, rect)| (n, rect.top()))
            .collect()
    };
    let before = places(&harness);
    assert_eq!(before.len(), 3);
    let release = MachineAction {
        kind: MachineActionType::Unisolate,
        created: Some(at(10)),
        last_updated: Some(at(20)),
        ..isolation(1, MachineActionStatus::Pending)
    };
    let is_ready = |harness: &Harness<'static>, n: usize| {
        let id = format!("{n:040x}");
        let label = format!("Release “LT-{n:05}” (…{})…", &id[36..]);
        let button = harness.get_by_label(&label);
        !button.accesskit_node().is_disabled()
    };
    assert!(is_ready(&harness, 2));
    learn(&mut desk.borrow_mut().state, vec![mine(9, release)]);
    harness.run_steps(1);
    let said = harness.query_by_label("Yours: 1 being released");
    assert!(said.is_some());
    let after = places(&harness);
    assert_eq!(after[0], before[0]);
    // Its own row shows more by now.
    assert!(after[2].1 > before[2].1);
    assert!(is_ready(&harness, 0) && !is_ready(&harness, 2));
    harness.run_steps(4);
    assert!(is_ready(&harness, 2));
}

fn block(id: &str, hash: &str, by: &str) -> crate::model::Indicator {
    crate::model::Indicator {
        id: MachineActionId::parse(id).ok(),
        value: hash.repeat(40).into(),
        action: crate::model::IndicatorAction::BlockAndRemediate,
        by: Some(by.into()),
        created: None,
        expires: None,
        title: None,
        description: None,
    }
}

fn read_blocks(desk: &Shared, blocks: Vec<crate::model::Indicator>) {
    let total = blocks.len();
    desk.borrow_mut().state.apply(Event::Indicators {
        epoch: Epoch(0),
        news: crate::message::IndicatorNews::Read(Ok(crate::message::ReadIndicators {
            of_files: blocks.into(),
            total,
            is_complete: true,
        })),
        at: at(0),
    });
}

/// Someone checking for blocks has to see a colleague's, and where it is removed.
#[test]
fn blocks_of_others_are_listed_and_focus_survives_removing_own() {
    let (desk, mut harness) = contained(2, [1400.0, 900.0].into());
    let (own, other) = (
        block("7", "1", "jane@contoso.com"),
        block("8", "2", "s.weber@contoso.com"),
    );
    read_blocks(&desk, vec![own, other.clone()]);
    harness.run_steps(4);
    harness.get_by_label(&"2".repeat(40));
    harness.get_by_label_contains("by s.weber@contoso.com. Remove it in the Defender portal");
    let remove = format!("Remove the block of {}…", "1".repeat(40));
    harness.get_by_label(&remove).focus();
    harness.run_steps(2);
    read_blocks(&desk, vec![other]);
    harness.run_steps(4);
    assert!(harness.query_by_label(&remove).is_none());
    let mut buttons = harness.query_all_by(|node| node.role() == Part::Button);
    assert!(
        buttons.any(|node| node.is_focused()),
        "a focus ring is visible"
    );
}

/// Name and rectangle of the focused widget.
fn focused(harness: &Harness<'static>) -> Option<(String, Rect)> {
    let mut all = harness.query_all_by(|node| node.role() == Part::Button && node.is_focused());
    let node = all.next()?;
    Some((node.accesskit_node().label()?, node.rect()))
}

#[test]
fn unblock_form_opens_with_its_safe_button_visible() {
    for size in [[800.0, 600.0], [640.0, 360.0], [1400.0, 900.0]] {
        for by_key in [true, false] {
            let (desk, mut harness) = contained(0, size.into());
            let blocks = (1..=6).map(|n| block(&n.to_string(), &n.to_string(), "jane@contoso.com"));
            read_blocks(&desk, blocks.collect());
            // Its buttons arm after a moment.
            harness.run_steps(40);
            let remove = format!("Remove the block of {}…", "5".repeat(40));
            let opener = harness.get_by_label(&remove);
            if by_key {
                opener.focus();
                harness.run_steps(40);
                harness.key_press(Key::Enter);
            } else {
                opener.click_accesskit();
            }
            harness.run_steps(8);
            let case = format!("{size:?}, by key: {by_key}");
            assert!(desk.borrow().views.form().is_some(), "{case}: no form");
            let (name, rect) = focused(&harness).expect(&case);
            assert_eq!(name, "Keep block", "{case}");
            let window = Rect::from_min_size(Pos2::ZERO, size.into());
            assert!(window.contains_rect(rect), "{case}: {rect}");
        }
    }
}

#[test]
fn signed_out_page_claims_no_reading_and_no_count() {
    let mut state = signed_in();
    let account = account();
    set(&mut state, SessionStatus::NeedsSignIn { account });
    let (desk, mut harness) = wide(state);
    desk.borrow_mut().views.show(Screen::Contained);
    harness.run_steps(4);
    harness.get_by_label_contains("Not checked: you are not signed in");
    assert!(
        harness
            .query_by_label_contains("reading the action history")
            .is_none()
    );
    harness.get_by_label("Release what you isolated…");
}

/// The service keeps naming the creator of a block; the reason is that of the last order that changed it.
#[test]
fn changed_block_names_the_author_of_its_reason() {
    let (desk, mut harness) = contained(2, [1400.0, 900.0].into());
    let tag = "cdn-00000001";
    let author = |object_id: &str, name: &str| crate::journal::Author {
        mode: "LIVE".into(),
        tenant: account().tenant_id.as_str().into(),
        object_id: object_id.into(),
        account: name.into(),
    };
    let own = account();
    for (author, changed) in [
        (
            author(&own.object_id, "jane@contoso.com"),
            ", changed by you: ",
        ),
        (
            author("another", "kim@contoso.com"),
            ", changed by kim@contoso.com: ",
        ),
        // The creator's own order.
        (author("bob", "Bob@contoso.com"), " by bob@contoso.com: "),
    ] {
        let order = fixtures::order(
            tag,
            crate::model::MachineRef::every_device(),
            crate::action::ActionKind::BlockFile,
        );
        let done = fixtures::finished("7", MachineActionStatus::Succeeded);
        let entry = fixtures::entry(author, order, vec![crate::journal::Record::Sent, done]);
        desk.borrow_mut().state.entries = vec![entry].into();
        let mut taken_over = block("7", "1", "bob@contoso.com");
        taken_over.description = Some(format!("[{tag}] INC-7042 take over").into());
        read_blocks(&desk, vec![taken_over]);
        harness.run_steps(4);
        harness.get_by_label_contains(changed);
    }
}
