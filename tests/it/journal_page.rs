//! The journal is verified and exported while the console works.

use cordon::action::ActionKind;
use cordon::journal::{Aftermaths, Format};
use cordon::message::{Command, ExportTo, Exported, JournalExport};
use jiff::tz::TimeZone;

use crate::common::{Console, Engine, place, signed_in};

#[test]
fn journal_put_aside_is_named_by_the_next_run() {
    let (simulator, folder) = place();
    let evidence = folder.path().join("damaged.sqlite");
    std::fs::write(&evidence, "no journal at all").expect("written");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.until("the journal", |s| s.journal_facts.file.is_some());
    assert_eq!(engine.state.journal_facts.put_aside, [evidence]);
}

#[test]
fn file_is_verified_and_exported_beside_the_orders() {
    let (_simulator, _folder, mut engine) = signed_in();
    let entry = engine.order(ActionKind::Isolate, "ENG-LT-030");
    engine.until_end(entry);
    engine.send(Command::VerifyJournal);
    engine.until("the verdict", |s| s.journal_facts.verdict.is_some());
    let facts = &engine.state.journal_facts;
    assert_eq!(facts.file.as_ref(), Some(&engine.journal));
    assert!(facts.put_aside.is_empty(), "{:?}", facts.put_aside);
    let (_, report) = facts.verdict.clone().expect("just seen");
    let report = report.expect("it can be read");
    assert!(report.defects.is_empty(), "{:?}", report.defects);
    assert!(report.verdict().starts_with("The chain is intact: "));

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("night.csv");
    let export = || {
        let wanted = JournalExport {
            what: Exported::Entries(vec![entry]),
            format: Format::Csv,
            to: ExportTo::File(file.clone()),
            zone: TimeZone::UTC,
            aftermath: Aftermaths::default(),
        };
        Command::ExportJournal(Box::new(wanted))
    };
    engine.send(export());
    engine.until("the file", |s| s.journal_facts.exports == 1);
    let text = std::fs::read_to_string(&file).expect("it is written");
    assert!(text.contains(&entry.to_string()), "{text}");
    assert!(text.contains(&report.verified.last_hash), "{text}");
    // An existing file is never overwritten.
    engine.send(export());
    engine.until("the refusal", |s| s.journal_facts.exports == 2);
    let refused = engine.state.journal_facts.export.clone();
    let why = refused.expect("an answer").expect_err("it is there");
    assert_eq!(why.headline, "The file could not be written");
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), text);
    // Only the exports are in the folder.
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1);
}

#[test]
fn a_hand_over_is_copied_from_any_page_with_what_others_contain() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    let entry = console.order(ActionKind::Isolate, &machine, "INC-4711 beacon");
    console.step_until_fast("the end", |c| c.status(entry).is_end());
    let keys = egui::Modifiers::COMMAND | egui::Modifiers::SHIFT;
    console.harness.key_press_modifiers(keys, egui::Key::H);
    console.until_shows("Hand-over copied: 1 entry");
    assert!(
        console.shows("Search devices"),
        "where one was: {}",
        console.screen()
    );
    let written = console.state().journal_facts.export.clone();
    let sheet = written.expect("written").expect("it can be").text;
    let sheet = sheet.expect("a text");
    let (_, others) = sheet
        .split_once("\n## Contained by others (")
        .expect("a section of its own");
    let (others, _) = others.split_once("\n## ").expect("more sections");
    assert!(
        others.contains("FIN-LT-043") && others.contains("s.weber@contoso.com"),
        "{others}"
    );
    assert!(!others.contains("ENG-LT-030"), "that is our own: {others}");
}

/// The sheet of another file would report someone else's orders.
#[cfg(unix)]
#[test]
fn nothing_is_exported_from_a_file_that_replaced_the_journal() {
    let (_simulator, folder, mut engine) = signed_in();
    let entry = engine.order(ActionKind::Isolate, "ENG-LT-030");
    engine.until_end(entry);
    let other = folder.path().join("other.sqlite");
    drop(cordon::journal::Journal::open(&other).expect("made"));
    std::fs::rename(&other, &engine.journal).expect("put in its place");
    let wanted = JournalExport {
        what: Exported::Entries(vec![entry]),
        format: Format::Markdown,
        to: ExportTo::Clipboard,
        zone: TimeZone::UTC,
        aftermath: Aftermaths::default(),
    };
    engine.send(Command::ExportJournal(Box::new(wanted)));
    engine.until("an answer", |s| s.journal_facts.exports == 1);
    let refused = engine.state.journal_facts.export.clone();
    let why = refused.expect("an answer").expect_err("another file");
    assert!(why.headline.contains("was replaced"), "{why:?}");
}
