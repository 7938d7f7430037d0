//! Journals of earlier layouts, and the fixture for each new one.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::OpenFlags;

use super::super::*;
use super::{append, author, intended, orders, place, records};
use crate::model::HResult;

/// Written by the console of each layout, with every kind of order and record.
const FIRST_RELEASE: &[u8] = include_bytes!("../../../tests/fixtures/journal/layout-1.sqlite");
const SECOND: &[u8] = include_bytes!("../../../tests/fixtures/journal/layout-2.sqlite");
const THIRD: &[u8] = include_bytes!("../../../tests/fixtures/journal/layout-3.sqlite");
const FOURTH: &[u8] = include_bytes!("../../../tests/fixtures/journal/layout-4.sqlite");
const FIFTH: &[u8] = include_bytes!("../../../tests/fixtures/journal/layout-5.sqlite");
const SIXTH: &[u8] = include_bytes!("../../../tests/fixtures/journal/layout-6.sqlite");
const PRESENT: &[u8] = include_bytes!("../../../tests/fixtures/journal/layout-7.sqlite");

fn layout_of(path: &Path) -> i64 {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opened");
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a number")
}

fn copied(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, path) = place();
    std::fs::write(&path, bytes).expect("copied");
    (folder, path)
}

#[test]
fn only_opening_for_writing_raises_the_layout_of_an_older_journal() {
    let (folder, path) = copied(FIRST_RELEASE);
    let read = Journal::open_read_only(&path).expect("readable");
    assert_eq!(read.verify().expect("whole").records, 126);
    assert_eq!(read.entries().expect("readable").len(), 6);
    drop(read);
    assert_eq!(layout_of(&path), 1, "a reader changes nothing");
    drop(Journal::open(&path).expect("opened"));
    assert_eq!(layout_of(&path), schema::LAYOUT);
    assert_ne!(schema::LAYOUT, 1, "the first release has layout 1");
    let read = Journal::open_read_only(&path).expect("readable");
    assert_eq!(read.verify().expect("whole").records, 126);
    drop(read);
    let fresh = folder.path().join("fresh.sqlite");
    drop(Journal::open(&fresh).expect("made"));
    assert_eq!(layout_of(&fresh), schema::LAYOUT);
}

#[test]
fn a_damaged_older_journal_keeps_its_layout() {
    let (_folder, path) = copied(FIRST_RELEASE);
    let db = Connection::open(&path).expect("opened");
    db.execute_batch(
        "DROP TRIGGER record_is_never_changed; UPDATE record SET data = '{}' WHERE seq = 4",
    )
    .expect("damaged");
    drop(db);
    assert!(matches!(
        Journal::open(&path),
        Err(JournalError::Damaged(_))
    ));
    assert_eq!(layout_of(&path), 1);
}

/// The expected records in a file of this layout.
fn expected_of(layout: i64) -> Vec<Record> {
    let is_of_fifth = |record: &Record| matches!(record, Record::Downloaded { .. });
    let is_of_sixth = |record: &Record| {
        let why = NotSentReason::PlanStopped;
        matches!(record, Record::NotSent { why: stopped, .. } if *stopped == why)
    };
    let is_of_seventh = |record: &Record| matches!(record, Record::Undone { .. });
    // Kinds of records added later are in no file of the first layout.
    let is_later = |record: &Record| {
        matches!(
            record,
            Record::Acknowledged { .. }
                | Record::Unclear { .. }
                | Record::ActiveActionsRead { .. }
                | Record::NotReread { .. }
        )
    };
    let all = records().into_iter();
    all.filter(|r| layout > 1 || !is_later(r))
        .filter(|r| layout > 4 || !is_of_fifth(r))
        .filter(|r| layout > 5 || !is_of_sixth(r))
        .filter(|r| layout > 6 || !is_of_seventh(r))
        .collect()
}

#[test]
fn journals_of_each_layout_are_read_continued_and_verified() {
    let first = "bf0772a0f85c5d787eee631d8a636fc32c5fe0ad52400b3dba658f87565dca46";
    let second = "ba1ca43e574cf8f1e670b6a003af02f7d9082af2f84f6639fe1196f627c33096";
    let third = "2cde61cce17de36590f9338027a28df072669e7b8f5ef3c73bf5dd91bfdba152";
    let fourth = "80b3841ca7c2a7c06b32e1eea6fda90dd26d02e6c8a9cf377ca3310977c7e59f";
    let sixth = "7135e1e501a1ba55c7fb6904c5b03e536fc5f05d630e04a4acb1f94bf694149e";
    let seventh = "612db73c699912fa64582f50f349c69cadf8618fa571eed6daffee7e4cd849e0";
    let fifth = "e62b41b0c0c7c7c518f6f25593e1e7ec97ada774ff36475f1c1444dbcf498b4a";
    for (layout, bytes, written, hash, continued, orders_in_it) in [
        (1, FIRST_RELEASE, 126, first, 129, 6),
        (2, SECOND, 156, second, 159, 6),
        (3, THIRD, 157, third, 159, 6),
        (4, FOURTH, 1 + 26 * 10, fourth, 3 + 26 * 10, 10),
        (5, FIFTH, 1 + 27 * 13, fifth, 3 + 27 * 13, 13),
        (6, SIXTH, 1 + 28 * 15, sixth, 3 + 28 * 15, 15),
        (7, PRESENT, 1 + 29 * 15, seventh, 3 + 29 * 15, 15),
    ] {
        let (_folder, path) = copied(bytes);
        let mut journal = Journal::open(&path).expect("opened");
        let verified = journal.verify().expect("whole");
        assert_eq!((verified.records, &*verified.last_hash), (written, hash));
        let expected = expected_of(layout);
        let entries = journal.entries().expect("readable");
        assert_eq!(entries.len(), orders_in_it);
        for entry in &entries {
            let read = entry.records().iter().skip(1).map(|(_, r)| r.clone());
            assert_eq!(read.collect::<Vec<_>>(), expected);
        }
        let batch = [
            intended(orders().remove(0)),
            (entries[0].id(), Record::Sent),
        ];
        append(&mut journal, &batch);
        drop(journal);
        let report = Journal::inspect(&path, None).expect("opened");
        assert_eq!(report.defects, []);
        assert_eq!(report.not_checked, []);
        assert_eq!(report.verified.records, continued, "layout {layout}");
        let journal = Journal::open(&path).expect("opened again");
        let entries = journal.entries().expect("readable");
        assert_eq!(entries.len(), orders_in_it + 1);
    }
}

#[test]
fn an_older_chain_hashes_numbers_from_the_layout_record_on() {
    let (_folder, path) = copied(SECOND);
    let mut journal = Journal::open(&path).expect("opened");
    for order in orders() {
        let batch = [intended(order)];
        append(&mut journal, &batch);
    }
    let marked = "SELECT group_concat(seq) FROM record WHERE entry_id = ''";
    let at: String = journal
        .db
        .query_row(marked, [], |row| row.get(0))
        .expect("one");
    assert_eq!(at, "157");
    assert_eq!(journal.end.rule, chain::HashRule::WithNumber);
}

/// Every record of a file by name, with the keys of its data.
fn keys_in(path: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opened");
    let mut rows = db
        .prepare("SELECT record, data FROM record")
        .expect("a table");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, data) in rows.expect("rows").map(|row| row.expect("a row")) {
        let (name, data): (String, String) = (name, data);
        let data: serde_json::Value = serde_json::from_str(&data).expect("JSON");
        let mut keys = keys_of(&data, "");
        if name == "NotSent" {
            keys.insert(format!("why={}", data["why"]));
        }
        found.entry(name).or_default().extend(keys);
    }
    found
}

fn keys_of(data: &serde_json::Value, above: &str) -> BTreeSet<String> {
    let inner = data.as_object().into_iter().flatten();
    inner
        .flat_map(|(key, value)| {
            let mut keys = keys_of(value, &format!("{above}{key}."));
            keys.insert(format!("{above}{key}"));
            keys
        })
        .collect()
}

/// Name and data of a record as stored on disk.
fn on_disk(record: &Record) -> (String, String) {
    let (name, data) = record.to_stored().expect("JSON");
    (name, data.to_string())
}

/// The hash chain covers bytes, which stay as they were when this layout began.
#[test]
fn every_row_of_this_layout_is_rewritten_byte_for_byte() {
    let (_folder, path) = copied(PRESENT);
    let journal = Journal::open_read_only(&path).expect("readable");
    let mut rows = 0;
    let compared = reading::each_row(&journal.db, |row| {
        if !row.belongs_to_no_entry() {
            let entry = EntryId::parse(&row.entry).expect("a tag");
            let read = Record::from_stored(entry, &row.record, &row.data)?;
            assert_eq!(on_disk(&read), (row.record.clone(), row.data.clone()));
            rows += 1;
        }
        Ok(())
    });
    compared.expect("readable");
    assert_eq!(rows, 29 * 15);
}

/// Values missing in every fixture: absent and unknown ones, a batch, a cancellation.
#[test]
fn rare_values_are_written_byte_for_byte() {
    let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let mut batch = orders().remove(0);
    (batch.entry, batch.batch, batch.machine.dns_name) = (entry, Some(entry), None);
    batch.plan = None;
    let mut cancellation = orders().pop().expect("an order");
    cancellation.entry = entry;
    cancellation.plan = None;
    cancellation.task = crate::action::Task::Cancel {
        action: super::action(),
        action_type: crate::model::MachineActionType::from_wire("Hibernate \"now\""),
    };
    let intended = |order| Record::Intended {
        author: author(),
        order,
    };
    let action = super::action;
    let status = crate::model::MachineActionStatus::from_wire;
    for (record, name, data) in [
        (
            intended(batch),
            "Intended",
            r#"{"account":"jane@contoso.com","batch":"cdn-7F3K2Q9M","cancels":null,"comment":"=cmd|' \"quoted\", alert 1234","kind":"Isolate","machineId":"1e5bc9d7e413ddd7902c2932e418702b84d0cc07","machineName":null,"mode":"DEMO","objectId":"o","parameters":{"IsolationType":"Full"},"tenant":"t"}"#,
        ),
        (
            intended(cancellation),
            "Intended",
            "{\"account\":\"jane@contoso.com\",\"batch\":null,\"cancels\":{\"action\":\"b89eb834-4578-496c-8be0-03f004061435\",\"type\":\"Hibernate \\\"now\\\"\"},\"comment\":\"=cmd|' \\\"quoted\\\", alert 1234\",\"kind\":\"Cancel\",\"machineId\":\"1e5bc9d7e413ddd7902c2932e418702b84d0cc07\",\"machineName\":\"FIN\u{202e}042\",\"mode\":\"DEMO\",\"objectId\":\"o\",\"parameters\":{},\"tenant\":\"t\"}",
        ),
        (
            Record::Unclear {
                status: None,
                action: None,
                why: "".into(),
            },
            "Unclear",
            r#"{"action":null,"status":null,"why":""}"#,
        ),
        (
            Record::NotSent {
                why: NotSentReason::FactsChanged,
                detail: None,
            },
            "NotSent",
            r#"{"detail":null,"why":"FactsChanged"}"#,
        ),
        (
            Record::NotOurs {
                action: action(),
                requestor: "s.weber".into(),
                created: None,
            },
            "SomeoneElses",
            r#"{"action":"b89eb834-4578-496c-8be0-03f004061435","created":null,"requestor":"s.weber"}"#,
        ),
        (
            Record::Finished {
                action: action(),
                status: status("canceled"),
                hresult: HResult(i32::MIN),
                by: None,
                comment: None,
                service_time: "2026-11-28T00:12:44.1234567Z".parse().ok(),
            },
            "Finished",
            r#"{"action":"b89eb834-4578-496c-8be0-03f004061435","by":null,"comment":null,"hresult":-2147483648,"serviceTime":"2026-11-28T00:12:44.1234567Z","status":"Cancelled"}"#,
        ),
        (
            Record::Progress {
                status: status("hiBernating"),
            },
            "Progress",
            r#"{"status":"hiBernating"}"#,
        ),
        (Record::Sent, "Sent", "{}"),
    ] {
        assert_eq!(on_disk(&record), (name.into(), data.into()));
        let read = Record::from_stored(entry, name, data).expect("readable");
        assert_eq!(read, record);
    }
}

/// An unreadable value of a later console in an optional field loses that field only.
#[test]
fn an_unreadable_optional_field_is_empty() {
    let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let read = |name, data| Record::from_stored(entry, name, data).ok();
    let unclear = read("Unclear", r#"{"action":"../x","status":70000,"why":"w"}"#);
    assert_eq!(
        unclear,
        Some(Record::Unclear {
            status: None,
            action: None,
            why: "w".into()
        })
    );
    let sent = [
        r#"{"why":"withdrawn","detail":5}"#,
        r#"{"why":"Withdrawn"}"#,
    ];
    for data in sent {
        let not_sent = Record::NotSent {
            why: NotSentReason::Withdrawn,
            detail: None,
        };
        assert_eq!(read("NotSent", data), Some(not_sent));
    }
    assert_eq!(read("Sent", r#"{"more":1}"#), Some(Record::Sent));
    let others = r#"{"action":"a1","requestor":"x","created":"yesterday"}"#;
    assert!(matches!(
        read("SomeoneElses", others),
        Some(Record::NotOurs { created: None, .. })
    ));
    assert!(Record::from_stored(entry, "NotSent", r#"{"why":"never heard of"}"#).is_err());
    assert!(Record::from_stored(entry, "Accepted", r#"{"action":"../x","status":"New"}"#).is_err());
    assert!(Record::from_stored(entry, "Teleported", "{}").is_err());
}

/// Writes a journal of every order and every record, as in a layout's fixture.
fn write_all(path: &Path) -> Checkpoint {
    let mut journal = Journal::open(path).expect("made");
    for order in orders() {
        let entry = order.entry;
        let all = records().into_iter().map(|record| (entry, record));
        let batch: Vec<_> = std::iter::once(intended(order)).chain(all).collect();
        append(&mut journal, &batch);
    }
    journal.verify().expect("whole")
}

/// A console that does not know a record or key would report the file as damaged, so each new kind,
/// key or column needs a new layout: raise [`schema::LAYOUT`], describe it there, and let
/// `the_fixture_of_this_layout_is_written` write its fixture.
#[test]
fn the_fixture_of_this_layout_has_every_kind_and_key() {
    let (folder, fixture) = copied(PRESENT);
    let today = folder.path().join("today.sqlite");
    write_all(&today);
    assert_eq!(layout_of(&fixture), schema::LAYOUT);
    assert_eq!(keys_in(&today), keys_in(&fixture));
    let fixture = Journal::open_read_only(&fixture).expect("readable");
    assert_eq!(schema::compare(&fixture.db).expect("read").defects, []);
    let author = author();
    assert!(
        fixture
            .entries()
            .expect("readable")
            .iter()
            .all(|e| e.author == author)
    );
}

#[test]
#[ignore = "only for a new layout"]
fn the_fixture_of_this_layout_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal");
    let path = folder.join(format!("layout-{}.sqlite", schema::LAYOUT));
    let is_new = std::fs::metadata(&path).map_or(true, |file| file.len() == 0);
    assert!(is_new, "a released layout does not change");
    write_all(&path);
    std::fs::remove_file(path.with_extension("lock")).expect("removed");
}
