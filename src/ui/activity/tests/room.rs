//! The list in windows of every size.

use super::*;

fn four() -> Vec<Entry> {
    vec![
        entry("cdn-00000001", ActionKind::Isolate, refused()),
        entry("cdn-00000002", ActionKind::Isolate, vec![Record::NotFound]),
        entry("cdn-00000003", ActionKind::Isolate, done()),
        entry("cdn-00000004", ActionKind::Isolate, done()),
    ]
}

/// The rows from top to bottom.
fn rows(harness: &Harness<'static, World>) -> Vec<egui::Rect> {
    let row = "“FIN-LT-042” (…9c07): Isolate device";
    let rows = harness.query_all_by_label(row).map(|node| node.rect());
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| a.top().total_cmp(&b.top()));
    rows
}

#[test]
fn smallest_window_shows_one_row_that_needs_attention() {
    // Height that `frame` gives the list in a window of 1280 × 720 pixels at scale 2, without its margins.
    let height = crate::ui::frame::activity_height(324.0) - 8.0;
    assert!(height < 60.0);
    let mut harness = sized_harness(four(), egui::vec2(640.0, height));
    harness.run_steps(3);
    let rows = rows(&harness);
    assert!(rows[0].bottom() <= height + 9.0, "{rows:?} in {height}");
    let word = harness.get_by_label("Not found").rect();
    assert!(rows[0].contains(word.center()), "{word:?} in {rows:?}");
    assert!(top(&harness, "Refused") < rows[2].top());
}

#[test]
fn small_window_shows_three_rows_including_attention_rows() {
    let size = egui::vec2(640.0, 130.0);
    let mut harness = sized_harness(four(), size);
    harness.run_steps(3);
    let rows = rows(&harness);
    let in_sight = rows.iter().filter(|rect| rect.bottom() <= size.y + 1.0);
    assert!(in_sight.count() >= 3, "{rows:?} in {size}");
    for word in ["Refused", "Not found"] {
        assert!(harness.get_by_label(word).rect().bottom() <= rows[1].bottom() + 1.0);
    }
}

#[test]
fn short_list_joins_all_rows_and_counts_those_in_progress() {
    let sent = entry("cdn-00000005", ActionKind::Unisolate, vec![Record::Sent]);
    for height in [110.0, 120.0, 130.0] {
        let entries = four().into_iter().chain([sent.clone()]).collect();
        let mut harness = sized_harness(entries, egui::vec2(640.0, height));
        harness.run_steps(3);
        let words = harness.get_by_label("2 need attention, 1 under way").rect();
        assert!(words.bottom() <= height, "{words} in {height}");
        let first = rows(&harness)[0];
        assert!(first.bottom() <= height + 1.0, "{first} in {height}");
        // Rows out of view are reached by scrolling.
        harness.get_by_label("Sent, no answer yet").scroll_to_me();
        harness.run_steps(3);
        let word = harness.get_by_label("Sent, no answer yet").rect();
        assert!(word.bottom() <= height + 1.0, "{word} in {height}");
    }
}

#[test]
fn row_text_is_not_covered_by_buttons_nor_repeated_when_expanded() {
    let unknown = Record::Unknown {
        why: "the connection was reset".into(),
    };
    for width in [320.0, 640.0] {
        let lost = vec![Record::Sent, unknown.clone()];
        let lost = entry("cdn-00000005", ActionKind::Unisolate, lost);
        let mut harness = sized_harness(vec![lost], egui::vec2(width, 600.0));
        harness.run_steps(3);
        let button = harness.get_by_label("Acknowledge").rect();
        for clipped in &harness.output().shapes {
            let egui::Shape::Text(text) = &clipped.shape else {
                continue;
            };
            if text.galley.text() == "Acknowledge" {
                continue;
            }
            let text = egui::Rect::from_min_size(text.pos, text.galley.size());
            let seen = text.intersect(clipped.clip_rect);
            assert!(
                !seen.is_positive() || !seen.intersects(button),
                "{seen} {button}"
            );
        }
        let fold = "Show details of “FIN-LT-042” (…9c07): Release device from isolation";
        harness.get_by_label(fold).click();
        harness.run_steps(3);
        let said = harness.query_all_by_label_contains("sending again is blocked");
        assert_eq!(said.count(), 1, "{width}");
    }
}

#[test]
fn rows_stay_in_the_window_and_their_buttons_are_aligned() {
    let unknown = Record::Unknown {
        why: "the connection was reset".into(),
    };
    for width in [320.0, 480.0, 640.0, 700.0, 800.0, 1400.0] {
        let mut entries = four();
        let lost = vec![Record::Sent, unknown.clone()];
        entries.push(entry("cdn-00000005", ActionKind::Unisolate, lost));
        let mut harness = sized_harness(entries, egui::vec2(width, 600.0));
        harness.run_steps(3);
        let names = ["Copy for ticket", "Show device", "Undo…", "Acknowledge"];
        for name in names {
            for node in harness.query_all_by_label_contains(name) {
                let right = node.rect().right();
                assert!(right <= width + 0.5, "{name} ends at {right} of {width}");
            }
        }
        let undo = harness.query_all_by_label("Undo…");
        let lefts: Vec<f32> = undo.map(|node| node.rect().left()).collect();
        assert!(
            lefts.windows(2).all(|two| (two[0] - two[1]).abs() < 1.0),
            "{lefts:?}"
        );
        if width >= 640.0 {
            let why = harness.query_all_by_label_contains("sending again is blocked");
            let whole = why.into_iter().any(|node| node.rect().right() <= width);
            assert!(whole, "the reason at {width}");
        }
    }
}

#[test]
fn orders_in_flight_stay_visible_beside_attention_rows_and_summaries() {
    let tag = |n: u32| format!("cdn-{n:08}");
    let refusals = (0..26).map(|n| entry(&tag(n), ActionKind::Isolate, refused()));
    let mut entries: Vec<_> = refusals.collect();
    for n in 30..36 {
        let machine = fixtures::machine_ref("a19c07", Some("FIN-LT-042"));
        let mut order = fixtures::order(&tag(n), machine, ActionKind::Isolate);
        order.batch = EntryId::parse(&tag(n - n % 2));
        entries.push(fixtures::entry(fixtures::author(), order, done()));
    }
    for n in 40..42 {
        entries.push(entry(&tag(n), ActionKind::Unisolate, vec![Record::Sent]));
    }
    let size = egui::vec2(1200.0, 260.0);
    let mut harness = sized_harness(entries, size);
    harness.run_steps(3);
    let in_flight = harness.query_all_by_label("Sent, no answer yet");
    let bottoms: Vec<_> = in_flight.map(|node| node.rect().bottom()).collect();
    assert_eq!(bottoms.len(), 2);
    assert!(bottoms.iter().all(|y| *y <= size.y), "{bottoms:?}");
    let batches = harness.query_all_by_label_contains("Isolate 2 devices");
    assert!(batches.count() > 0, "the newest batch has a summary");
}

/// A tip would cover the first line of the details.
#[test]
fn row_arrow_has_no_tip() {
    let done = entry(
        "cdn-7F3K2Q9M",
        ActionKind::Isolate,
        vec![Record::Sent, finished(MachineActionStatus::Succeeded)],
    );
    let mut harness = harness(vec![done]);
    harness.run_steps(3);
    let named = |harness: &Harness<'static, World>| {
        let nodes = harness.query_all_by(|node| {
            let said = node.label().or_else(|| node.value()).unwrap_or_default();
            said.contains("details of “FIN-LT-042”")
        });
        nodes.count()
    };
    harness.get_by_label_contains("Show details of").hover();
    harness.run_steps(60);
    assert_eq!(named(&harness), 1);
    harness.get_by_label_contains("Show details of").click();
    harness.run_steps(60);
    assert_eq!(named(&harness), 1);
}

#[test]
fn summary_names_refused_devices_and_its_button_moves_no_text() {
    let member = |n: u32, records: Vec<Record>| {
        let name = format!("SRV-{n}");
        let machine = fixtures::machine_ref(&format!("a1000{n}"), Some(&name));
        let mut order = fixtures::order(&format!("cdn-0000000{n}"), machine, ActionKind::Isolate);
        order.batch = EntryId::parse("cdn-00000001");
        fixtures::entry(fixtures::author(), order, records)
    };
    let all = |last: Vec<Record>| vec![member(1, done()), member(2, refused()), member(3, last)];
    let size = egui::vec2(1_100.0, 900.0);
    let words = |harness: &Harness<'static, World>| {
        harness
            .get_by_label_contains("Isolate 3 devices (SRV-1, SRV-2 and 1 more)")
            .rect()
    };
    let mut before = sized_harness(all(vec![Record::Sent]), size);
    before.run_steps(3);
    let mut ended = sized_harness(all(done()), size);
    ended.run_steps(3);
    assert!(before.query_by_label("Acknowledge…").is_none());
    let button = ended.get_by_label("Acknowledge…").rect();
    assert_eq!(words(&before), words(&ended));
    assert!(button.left() > words(&ended).right(), "{button}");
    let named = ended.get_by_label_contains("1 refused (“SRV-2” (…0002))");
    assert!(named.rect().right() < button.left());
}

#[test]
fn long_name_is_not_cut_and_buttons_give_way() {
    let name = "FIN-LT-042.workstations.contoso.com";
    let machine = fixtures::machine_ref("a19c07", Some(name));
    let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
    for records in [done(), refused(), vec![Record::NotFound]] {
        let entry = fixtures::entry(fixtures::author(), order.clone(), records);
        let mut harness = sized_harness(vec![entry], egui::vec2(784.0, 130.0));
        harness.run_steps(3);
        let shown = format!("“{name}” (…9c07)");
        assert!(harness.query_all_by_label(&shown).count() > 0, "elided");
    }
}

fn sign_in(harness: &mut Harness<'static, World>) {
    let state = &mut harness.state_mut().state;
    let account = state.session.account().cloned().expect("an account");
    let permissions = crate::model::Permissions::Unknown;
    state.session = crate::model::SessionStatus::SignedIn {
        account,
        permissions,
    };
}

/// The list is this low while nothing needs attention, and may stay so under a pointer.
#[test]
fn new_attention_row_has_its_heading_in_a_short_list() {
    let height = crate::ui::frame::ACTIVITY_CALM_HEIGHT - 8.0;
    for calm in [1, 20] {
        let mut entries = vec![entry("cdn-00000001", ActionKind::Isolate, refused())];
        let others = (10..10 + calm).map(|n| format!("cdn-000000{n}"));
        entries.extend(others.map(|tag| entry(&tag, ActionKind::Isolate, done())));
        let mut harness = sized_harness(entries, egui::vec2(1384.0, height));
        harness.run_steps(3);
        let heading = harness.get_by_label("Needs your attention (1)").rect();
        let row = rows(&harness)[0];
        assert!(
            row.top() >= heading.bottom() - 1.0 && row.bottom() <= height,
            "{row}"
        );
    }
}

/// A batch of five, of which `sent` were sent.
fn batch_of_five(sent: u32) -> Vec<Entry> {
    let first = EntryId::parse("cdn-00000001").expect("a literal tag");
    let ordered = |n: u32| {
        let records = if n <= sent {
            vec![Record::Sent]
        } else {
            Vec::new()
        };
        let mut one = entry(&format!("cdn-{n:08}"), ActionKind::Isolate, records);
        one.order.batch = Some(first);
        one
    };
    (1..6).map(ordered).collect()
}

#[test]
fn time_left_is_estimated_only_while_orders_can_be_sent() {
    let mut harness = harness(batch_of_five(0));
    harness.run_steps(3);
    harness.state_mut().state.entries = batch_of_five(2).into();
    let is_estimated = |harness: &mut Harness<'static, World>| {
        harness.run_steps(3);
        assert!(
            harness
                .query_by_label_contains("3 waiting to send")
                .is_some()
        );
        harness.query_by_label_contains(" left").is_some()
    };
    assert!(!is_estimated(&mut harness), "the sign-in has ended");
    sign_in(&mut harness);
    assert!(is_estimated(&mut harness));
    harness.state_mut().state.policy.read_only = true;
    assert!(!is_estimated(&mut harness), "the console is look-only");
}

/// This computer's clock, which does not advance in this test, may be changed at any time.
#[test]
fn time_left_is_estimated_by_the_clock_of_the_window() {
    let mut harness = harness(batch_of_five(0));
    sign_in(&mut harness);
    let time = |harness: &Harness<'static, World>| harness.ctx.input(|input| input.time);
    harness.run_steps(1);
    let began = time(&harness);
    harness.run_steps(80);
    harness.state_mut().state.entries = batch_of_five(2).into();
    harness.run_steps(1);
    let secs = (time(&harness) - began) / 2.0 * 3.0;
    assert!(secs > 3.0, "{secs}");
    let near = [-1.0, 0.0, 1.0].map(|off| format!("about {:.0} s left", secs + off));
    let shown = |label: &String| harness.query_by_label(label).is_some();
    assert!(near.iter().any(shown), "{near:?}");
}

/// The remaining time depends on a pause or a colleague's action, not on the pace so far.
#[test]
fn time_left_is_at_least_the_wait() {
    let first = EntryId::parse("cdn-00000001").expect("a literal tag");
    let last = EntryId::parse("cdn-00000003").expect("a literal tag");
    let ordered = |n: u32, records| {
        let mut one = entry(&format!("cdn-{n:08}"), ActionKind::Isolate, records);
        one.order.batch = Some(first);
        one
    };
    let with_last = |records: Vec<Record>| {
        let sent = [1, 2].map(|n| ordered(n, vec![Record::Sent]));
        let mut harness = harness(sent.into_iter().chain([ordered(3, records)]).collect());
        sign_in(&mut harness);
        harness
    };
    let mut waits = with_last(Vec::new());
    let at = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(5);
    let leaves = crate::message::OrderProgress::LeavesAt(at);
    waits.state_mut().state.progress.insert(last, leaves);
    waits.run_steps(3);
    assert!(waits.query_by_label_contains("about 5 min left").is_some());
    let mut held = with_last(vec![Record::Held { by: action() }]);
    held.run_steps(3);
    assert!(held.query_by_label_contains("1 held").is_some());
    assert!(held.query_by_label_contains(" left").is_none());
}

/// An order withdrawn on one device is not counted for the device on which a plan stopped.
#[test]
fn summary_names_each_device_with_unsent_orders() {
    let first = EntryId::parse("cdn-00000001").expect("a literal tag");
    let unsent = |n: u32, (id, name): (&str, &str), why| {
        let machine = fixtures::machine_ref(id, Some(name));
        let mut order = fixtures::order(&format!("cdn-{n:08}"), machine, ActionKind::Isolate);
        order.batch = Some(first);
        let records = vec![Record::NotSent { why, detail: None }];
        fixtures::entry(fixtures::author(), order, records)
    };
    let mut harness = harness(vec![
        unsent(1, ("a19c07", "FIN-LT-042"), NotSentReason::PlanStopped),
        unsent(2, ("a19c08", "FIN-LT-043"), NotSentReason::Withdrawn),
    ]);
    harness.run_steps(3);
    let words = "2 not sent (“FIN-LT-042” (…9c07), “FIN-LT-043” (…9c08))";
    assert!(harness.query_by_label_contains(words).is_some());
}

/// A download shows its progress and its path.
#[test]
fn download_row_expands_in_view_and_shows_the_saved_package() {
    let kind = ActionKind::CollectInvestigationPackage;
    let mut entries: Vec<_> = (0..6)
        .map(|n| entry(&format!("cdn-0000001{n}"), ActionKind::Isolate, done()))
        .collect();
    entries.insert(0, entry("cdn-00000001", kind, done()));
    let size = egui::vec2(784.0, 130.0);
    let mut harness = sized_harness(entries, size);
    let id = EntryId::parse("cdn-00000001").expect("a literal tag");
    sign_in(&mut harness);
    harness.state_mut().views.dialog = Some(OpenDialog::Download(id));
    let folder = std::env::temp_dir().display().to_string();
    harness.state_mut().views.download_folder = Some(folder);
    harness.run_steps(3);
    harness.get_by_label("Download").click_accesskit();
    harness.run_steps(3);
    let file = std::path::PathBuf::from("/tmp/investigation-package.zip");
    let saved = crate::message::SavedPackage {
        file,
        bytes: 3_000_000,
        sha256: "fa9dd418".into(),
    };
    let news = crate::message::DownloadNews::Saved(saved);
    harness.state_mut().state.downloads.insert(id, news);
    // It scrolls into view.
    harness.run_steps(40);
    for words in [
        "Package saved",
        "Package saved: /tmp/investigation-package.zip (3.0 MB)",
    ] {
        let rect = harness.get_by_label(words).rect();
        assert!(
            rect.top() >= 0.0 && rect.bottom() <= size.y,
            "{words}: {rect}"
        );
    }
}

#[test]
fn three_of_many_attention_rows_are_visible_and_the_rest_counted() {
    let tag = |n: usize| format!("cdn-000000{n:02}");
    let entries: Vec<_> = (1..=17)
        .map(|n| {
            let mut entry = entry(&tag(n), ActionKind::Isolate, refused());
            // Five batches.
            entry.order.batch = EntryId::parse(&tag(n % 5 + 1));
            entry
        })
        .collect();
    // Height that `frame` gives the list in a window of 1400 × 900 points, without its margins.
    let height = crate::ui::frame::activity_height(860.0) - 16.0;
    let mut harness = sized_harness(entries, egui::vec2(1384.0, height));
    harness.run_steps(4);
    let said = (1..=14).filter(|below| {
        let words = format!("{below} more below");
        harness.query_by_label(&words).is_some()
    });
    assert_eq!(said.count(), 1);
    let summary = harness.get_by_label("Next summary").rect().top();
    let in_sight = rows(&harness);
    let in_sight = in_sight.iter().filter(|row| row.bottom() <= summary);
    assert!(in_sight.count() >= 3, "{summary}");
}

#[test]
fn row_keeps_its_height_as_its_age_changes() {
    let mut harness = sized_harness(Vec::new(), egui::vec2(1200.0, 900.0));
    let mut seen = Vec::new();
    for width in (1_400_u16..2_600).step_by(20) {
        harness.set_size(egui::vec2(width.into(), 900.0));
        let heights = [10, 3_540, 3_600].map(|secs| {
            let at = Timestamp::UNIX_EPOCH - jiff::SignedDuration::from_secs(secs);
            let one = entry("cdn-00000001", ActionKind::Isolate, Vec::new());
            let records = vec![Record::NotFound];
            let one = fixtures::entry_at(at, one.author.clone(), one.order.clone(), records);
            harness.state_mut().state.entries = vec![one].into();
            harness.run_steps(2);
            rows(&harness)[0].height()
        });
        let is_same = heights
            .iter()
            .all(|height| (height - heights[0]).abs() < 0.5);
        assert!(is_same, "{width}: {heights:?}");
        seen.push(heights[0]);
    }
    seen.dedup();
    assert_eq!(seen.len(), 2, "reason below the line or in it: {seen:?}");
}
