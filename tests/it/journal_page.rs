//! The journal is verified and written out while the console works on.

use cordon::action::ActionKind;
use cordon::journal::Format;
use cordon::message::{Command, ExportTo, Exported, JournalExport};
use jiff::tz::TimeZone;

use crate::common::{Engine, signed_in, tenant};

#[test]
fn a_journal_that_was_put_aside_is_named_by_the_next_run() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let evidence = folder.path().join("damaged.sqlite");
    std::fs::write(&evidence, "no journal at all").expect("written");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.until("the journal", |s| s.journal_facts.file.is_some());
    assert_eq!(engine.state.journal_facts.put_aside, [evidence]);
}

#[test]
fn the_file_is_verified_and_written_out_beside_the_orders() {
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
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(report.verdict().starts_with("The chain is whole: "));

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("night.csv");
    let export = || {
        let wanted = JournalExport {
            what: Exported::Entries(vec![entry]),
            format: Format::Csv,
            to: ExportTo::File(file.clone()),
            zone: TimeZone::UTC,
        };
        Command::ExportJournal(Box::new(wanted))
    };
    engine.send(export());
    engine.until("the file", |s| s.journal_facts.exports == 1);
    let text = std::fs::read_to_string(&file).expect("it is written");
    assert!(text.contains(&entry.to_string()), "{text}");
    assert!(text.contains(&report.verified.last_hash), "{text}");
    // A file that is there is never written over.
    engine.send(export());
    engine.until("the refusal", |s| s.journal_facts.exports == 2);
    let refused = engine.state.journal_facts.export.clone();
    let why = refused.expect("an answer").expect_err("it is there");
    assert_eq!(why.headline, "The file could not be written");
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), text);
    // Nothing but what was asked for is left in the folder.
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1);
}
