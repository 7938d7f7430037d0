//! The journal's page: its list, its records and its messages.

use super::*;
use crate::action::ActionKind;
use crate::journal::{Checkpoint, Defect, Entry, Record, Report};
use crate::message::{ExportTo, JournalNews, Written};
use crate::state::fixtures;

fn entry(n: usize, name: &str, comment: &str) -> Entry {
    let machine = fixtures::machine_ref(&format!("{n:08x}"), Some(name));
    let mut order = fixtures::order(&format!("cdn-{n:08}"), machine, ActionKind::Isolate);
    order.comment = comment.into();
    let secs = i64::try_from(n).expect("a small number");
    fixtures::entry_at(at(secs), fixtures::author(), order, vec![Record::Sent])
}

fn with_entries(entries: Vec<Entry>) -> State {
    let mut state = signed_in();
    state.apply(Event::Entries(entries));
    state
}

fn page(entries: Vec<Entry>) -> (Shared, Harness<'static>) {
    let (desk, mut harness) = wide(with_entries(entries));
    desk.borrow_mut().views.show(Screen::Journal);
    harness.run_steps(4);
    (desk, harness)
}

fn few() -> Vec<Entry> {
    vec![
        entry(1, "FIN-LT-042", "INC-4711 beacon"),
        entry(2, "HR-LT-007", "INC-4711 the same"),
        entry(3, "ENG-LT-030", "INC-4712"),
    ]
}

/// The devices of the rows, from the top.
fn rows(harness: &Harness<'static>) -> Vec<String> {
    let role = egui::accesskit::Role::ListBoxOption;
    let mut rows: Vec<_> = harness
        .query_all_by(|node| node.role() == role)
        .map(|node| {
            (
                node.rect().top(),
                node.accesskit_node().label().unwrap_or_default(),
            )
        })
        .collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    let device = |name: &str| name.split(['“', '”']).nth(1).map(str::to_owned);
    rows.iter().filter_map(|(_, name)| device(name)).collect()
}

fn apply(desk: &Shared, harness: &mut Harness<'static>, news: JournalNews) {
    desk.borrow_mut().state.apply(Event::JournalWork(news));
    harness.run_steps(2);
}

#[test]
fn entries_are_newest_first_and_filtered_by_typed_text() {
    let (desk, mut harness) = page(few());
    assert_eq!(rows(&harness), ["ENG-LT-030", "HR-LT-007", "FIN-LT-042"]);
    assert!(
        harness
            .query_by_label("3 entries, the newest first")
            .is_some()
    );
    harness.get_by_label("Ticket").focus();
    harness.run_steps(1);
    harness.event(egui::Event::Text("4711".into()));
    harness.run_steps(3);
    assert_eq!(rows(&harness), ["HR-LT-007", "FIN-LT-042"]);
    assert!(harness.query_by_label_contains("2 of 3 entries").is_some());
    harness.get_by_label("Clear filters").click();
    harness.run_steps(3);
    assert_eq!(rows(&harness).len(), 3);
    harness.get_by_label("Outcome: Any outcome").click();
    harness.run_steps(2);
    harness.get_by_label("Done").click();
    harness.run_steps(3);
    assert!(rows(&harness).is_empty());
    assert!(desk.borrow().raised.is_empty());
}

#[test]
fn entry_is_opened_by_key_and_lists_its_records() {
    let (_, mut harness) = page(few());
    let list = egui::Id::unique("journal entries");
    harness.ctx.memory_mut(|memory| memory.request_focus(list));
    harness.run_steps(2);
    harness.key_press(Key::ArrowDown);
    harness.key_press(Key::ArrowDown);
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    let of = |harness: &Harness<'static>, words: &str| {
        let mut nodes = harness.query_all_by_label_contains(words);
        nodes.next().map(|node| node.rect())
    };
    let confirmed = of(&harness, "Confirmed by jane@contoso.com: Isolate").expect("opened");
    let sent = of(&harness, "Z  Sent").expect("opened");
    let next = of(&harness, "“FIN-LT-042”").expect("the next row");
    assert!(confirmed.bottom() <= sent.top() && sent.bottom() <= next.top());
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert!(of(&harness, "Confirmed by").is_none());
}

#[test]
fn only_visible_rows_of_a_long_journal_are_drawn() {
    // Ended, like most entries of a journal.
    let done = |n: usize| {
        let mut entry = entry(n, &format!("D-{n}"), "x");
        let action = MachineActionId::parse(&format!("a{n}")).expect("a literal id");
        let end = fixtures::finished(action.as_str(), MachineActionStatus::Succeeded);
        entry.push(at(0), end);
        entry
    };
    let many = (0..20_000).map(done).collect();
    let (desk, mut harness) = page(many);
    harness.run_steps(20);
    assert!(
        harness
            .query_by_label("20000 entries, the newest first")
            .is_some()
    );
    let first = rows(&harness);
    assert_eq!(first[0], "D-19999");
    assert!(first.len() < 60, "{}", first.len());
    let list = egui::Id::unique("journal entries");
    harness.ctx.memory_mut(|memory| memory.request_focus(list));
    harness.run_steps(2);
    harness.key_press(Key::End);
    harness.run_steps(4);
    assert_eq!(rows(&harness).last().map(String::as_str), Some("D-0"));
    assert!(desk.borrow().raised.is_empty());
}

#[test]
fn journals_set_aside_are_named_even_without_entries() {
    for entries in [few(), Vec::new()] {
        let (desk, mut harness) = page(entries);
        assert!(harness.query_by_label_contains("set aside").is_none());
        let found = |put_aside: &[&str]| JournalNews::Found {
            file: "/data/journal.sqlite".into(),
            put_aside: put_aside
                .iter()
                .map(|name| ["/data", name].iter().collect())
                .collect(),
        };
        apply(&desk, &mut harness, found(&["a\u{202e}.sqlite"]));
        harness.get_by_label_contains("folder: a\\u{202e}.sqlite. Their entries");
        apply(&desk, &mut harness, found(&["a", "b", "c", "d", "e"]));
        harness.get_by_label_contains("folder: a, b, c, 2 more. Their entries");
    }
}

#[test]
fn verdict_is_shown_in_words() {
    let (desk, mut harness) = page(few());
    let verified = Checkpoint {
        records: 6,
        last_hash: "c0ffee".into(),
    };
    let mut report = Report {
        verified,
        defects: Vec::new(),
        caution: None,
        refused: Vec::new(),
        not_checked: Vec::new(),
    };
    let reported = |report: &Report| JournalNews::Verified {
        at: at(20),
        result: Ok(report.clone()),
    };
    apply(&desk, &mut harness, JournalNews::Verifying);
    assert!(harness.query_by_label("Verifying the journal…").is_some());
    apply(&desk, &mut harness, reported(&report));
    let whole = "The chain is intact: 6 records, last hash c0ffee";
    assert!(harness.query_by_label(whole).is_some());
    report.defects.push(Defect::Unlinked { seq: 4 });
    apply(&desk, &mut harness, reported(&report));
    assert!(harness.query_by_label("The journal is damaged").is_some());
    assert!(
        harness
            .query_by_label_contains("record 4 does not continue")
            .is_some()
    );
    assert!(
        harness
            .query_by_label_contains("Keep the file as evidence")
            .is_some()
    );
}

#[test]
fn hand_over_is_copied_once() {
    let (desk, mut harness) = page(few());
    let written = Written {
        entries: 2,
        to: ExportTo::Clipboard,
        text: Some("# Containment hand-over".into()),
    };
    desk.borrow_mut()
        .state
        .apply(Event::JournalWork(JournalNews::Exported(Ok(written))));
    let copies = |harness: &Harness<'static>| {
        let commands = &harness.output().platform_output.commands;
        let copied = commands
            .iter()
            .filter(|command| matches!(command, egui::OutputCommand::CopyText(_)));
        copied.count()
    };
    let mut seen = 0;
    for _ in 0..4 {
        harness.step();
        seen += copies(&harness);
    }
    assert_eq!(seen, 1);
    assert!(
        harness
            .query_by_label("Hand-over copied: 2 entries")
            .is_some()
    );
}

#[test]
fn copy_from_another_page_is_confirmed_on_that_page() {
    let (desk, mut harness) = wide(with_entries(few()));
    let copied = || Written {
        entries: 2,
        to: ExportTo::Clipboard,
        text: Some("# Containment hand-over".into()),
    };
    let reported = "Hand-over copied: 2 entries";
    apply(&desk, &mut harness, JournalNews::Exported(Ok(copied())));
    assert!(harness.query_by_label(reported).is_some());
    assert!(desk.borrow().views.screen == Screen::Devices);
    assert!(
        harness.query_by_label("Dismiss").is_none(),
        "it disappears without a click"
    );
    let why = Explanation::harmless("The disk is full", NextStep::None);
    apply(&desk, &mut harness, JournalNews::Exported(Err(why)));
    assert!(harness.query_by_label(reported).is_none());
    assert!(harness.query_by_label("The disk is full").is_some());
    harness.get_by_label("Dismiss").click_accesskit();
    harness.run_steps(2);
    assert!(harness.query_by_label("The disk is full").is_none());
    let table = egui::Id::unique("devices table");
    assert!(harness.ctx.memory(|memory| memory.has_focus(table)));
}

#[test]
fn escape_closes_the_export_first_and_keeps_the_typed_path() {
    let (desk, mut harness) = page(few());
    let list = |harness: &Harness<'static>| {
        let mut rows = harness.query_all_by_label_contains("ENG-LT-030");
        rows.next().expect("a row").rect()
    };
    let before = list(&harness);
    harness.get_by_label("Export the list…").click();
    harness.run_steps(3);
    assert_eq!(list(&harness), before, "the rows do not move");
    apply(&desk, &mut harness, JournalNews::Verifying);
    assert_eq!(list(&harness), before, "the rows do not move");
    let field = "File, without its ending";
    harness.get_by_label(field).focus();
    harness.run_steps(2);
    harness.event(egui::Event::Text("/mnt/case/".into()));
    harness.run_steps(2);
    let typed = desk.borrow().views.journal.file.clone();
    // The first Esc only leaves the field.
    for _ in 0..2 {
        harness.key_press(Key::Escape);
        harness.run_steps(3);
    }
    assert!(harness.query_by_label(field).is_none());
    assert!(desk.borrow().views.screen == Screen::Journal);
    harness.get_by_label("Export the list…").click();
    harness.run_steps(3);
    assert!(
        typed
            .as_ref()
            .is_some_and(|path| path.contains("/mnt/case/"))
    );
    assert_eq!(desk.borrow().views.journal.file, typed);
    for _ in 0..2 {
        harness.key_press(Key::Escape);
        harness.run_steps(3);
    }
    assert!(
        desk.borrow().views.screen == Screen::Devices,
        "then the page"
    );
}

#[test]
fn exported_file_is_named_by_its_full_path() {
    let (desk, mut harness) = page(few());
    desk.borrow_mut().views.journal.file = Some("case/sheet".into());
    harness.run_steps(3);
    harness.get_by_label("Write CSV").click();
    harness.run_steps(2);
    let here = std::env::current_dir().expect("a folder");
    let desk = desk.borrow();
    let to = desk.work.iter().find_map(|command| {
        let Command::ExportJournal(export) = command else {
            return None;
        };
        Some(&export.to)
    });
    assert_eq!(to, Some(&ExportTo::File(here.join("case/sheet.csv"))));
}

#[test]
fn writing_to_another_computer_names_it_on_the_button() {
    let (desk, mut harness) = page(few());
    desk.borrow_mut().views.journal.file = Some("//fs01/case/sheet".into());
    harness.run_steps(3);
    assert!(harness.query_by_label("Write CSV").is_none());
    harness.get_by_label("Write CSV to fs01");
}

#[test]
fn everything_is_reachable_in_a_small_window() {
    let (desk, mut harness) = desk(with_entries(few()), egui::vec2(640.0, 360.0));
    desk.borrow_mut().views.show(Screen::Journal);
    harness.run_steps(4);
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..40 {
        harness.key_press(Key::Tab);
        harness.run_steps(2);
        let focused = harness.query_all_by(|node| node.is_focused() && !node.is_hidden());
        reached.extend(focused.filter_map(|node| node.accesskit_node().label()));
    }
    for name in [
        "Search the journal",
        "Entries of the journal",
        "Export the list…",
    ] {
        assert!(reached.contains(name), "{name}: {reached:?}");
    }
}

#[test]
fn export_of_a_long_journal_is_prepared_over_several_frames() {
    let (desk, mut harness) = page((1..=2_001).map(|n| entry(n, "D", "INC-1")).collect());
    {
        let mut desk = desk.borrow_mut();
        let desk = &mut *desk;
        let export = crate::ui::hand_over(&desk.state, &desk.views.journal, at(9_000));
        desk.views.journal.prepare(export);
    }
    let exports = || {
        let desk = desk.borrow();
        let is_export = |command: &&Command| matches!(command, Command::ExportJournal(_));
        let count = desk.work.iter().filter(is_export).count();
        (count, desk.views.journal.is_exporting(&desk.state))
    };
    let seen = [0; 4].map(|_| {
        harness.step();
        exports()
    });
    assert_eq!(seen, [(0, true), (0, true), (1, false), (1, false)]);
}

#[test]
fn results_area_describes_the_journal_until_there_are_results() {
    let (desk, mut harness) = page(few());
    let found = JournalNews::Found {
        file: "/home/jane/journal.sqlite".into(),
        put_aside: Vec::new(),
    };
    apply(&desk, &mut harness, found);
    let row = |harness: &Harness<'static>| {
        let mut rows = harness.query_all_by_label_contains("ENG-LT-030");
        rows.next().expect("a row").rect()
    };
    let words = "all of them are verified at each start";
    let before = row(&harness);
    assert!(harness.query_by_label_contains(words).is_some());
    let file = harness
        .get_by_label("File: /home/jane/journal.sqlite")
        .rect();
    let below = harness.get_by_label("Search the journal").rect();
    assert!(file.bottom() <= below.top(), "{file} {below}");
    apply(&desk, &mut harness, JournalNews::Verifying);
    assert!(harness.query_by_label_contains(words).is_none());
    assert_eq!(row(&harness), before, "the rows do not move");
}
