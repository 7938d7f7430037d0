mod attacks;
mod evidence;
mod layouts;
#[cfg(unix)]
mod overwritten;
mod rollback;

use strum::VariantArray as _;

use super::connection::open_on_read_only_media;
use super::*;
use crate::action::{ActionKind, Draft, PlanStep, Subject};
use crate::model::{
    HResult, MachineActionId, MachineActionStatus, MachineActionType, MachineId, MachineRef,
};

pub(crate) fn action() -> MachineActionId {
    MachineActionId::parse("b89eb834-4578-496c-8be0-03f004061435").expect("a literal id")
}

pub(crate) fn author() -> Author {
    Author {
        mode: "DEMO".into(),
        tenant: "t".into(),
        object_id: "o".into(),
        account: "jane@contoso.com".into(),
    }
}

pub(crate) fn orders() -> Vec<crate::action::Order> {
    let action = action();
    let subjects = (ActionKind::ALL.iter().copied())
        .map(Subject::Act)
        .chain([Subject::Cancel {
            action,
            action_type: MachineActionType::RunAntiVirusScan,
        }]);
    subjects
        .map(|subject| {
            let machine = MachineRef {
                id: MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d0cc07")
                    .expect("a literal id"),
                dns_name: Some("FIN\u{202e}042".into()),
            };
            let mut draft = Draft::new(EntryId::random().expect("random bytes"), machine, subject);
            draft.comment = "=cmd|' \"quoted\", alert 1234".into();
            draft.plan = Some(PlanStep {
                name: "Ransomware".into(),
                step: 1,
                of: 3,
                continues: true,
            });
            draft.fill_examples();
            draft.parse().expect("complete")
        })
        .collect()
}

pub(crate) fn order_of(kind: ActionKind) -> crate::action::Order {
    let mut orders = orders().into_iter();
    let order = orders.find(|order| order.task.kind() == Some(kind));
    order.expect("one of each kind")
}

/// The end of an action about which the service reports nothing more.
pub(crate) fn finished(action: MachineActionId, status: MachineActionStatus) -> Record {
    Record::Finished {
        action,
        status,
        hresult: HResult(0),
        by: None,
        comment: None,
        service_time: None,
    }
}

/// A path for a journal.
pub(super) fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    (folder, path)
}

pub(crate) fn append(journal: &mut Journal, batch: &[(EntryId, Record)]) {
    let appended = journal.append(Timestamp::UNIX_EPOCH, batch);
    appended.expect("appended");
}

/// One record of each kind.
pub(crate) fn records() -> Vec<Record> {
    let action = action();
    let mut records = vec![
        Record::Held { by: action.clone() },
        Record::NotReread {
            what: "the rules".into(),
        },
        Record::Sent,
        Record::AttemptRejected { why: "429".into() },
        Record::Accepted {
            action: action.clone(),
            status: MachineActionStatus::from_wire("New"),
        },
        Record::Redirected {
            machine: MachineId::parse("a1").expect("a literal id"),
        },
        Record::NotOurs {
            action: action.clone(),
            requestor: "s.weber".into(),
            created: Some(Timestamp::UNIX_EPOCH),
        },
        Record::Refused {
            status: 403,
            code: "Forbidden".into(),
            message: "no".into(),
        },
        Record::Unknown {
            why: "reset".into(),
        },
        Record::Unclear {
            status: Some(502),
            action: None,
            why: "502".into(),
        },
        Record::Unclear {
            status: None,
            action: Some(action.clone()),
            why: "no comment".into(),
        },
        Record::ActiveActionsRead { complete: false },
        Record::NotFound,
        Record::Progress {
            status: MachineActionStatus::InProgress,
        },
        Record::Finished {
            action,
            status: MachineActionStatus::Cancelled,
            hresult: HResult(-1),
            by: Some("x".into()),
            comment: None,
            service_time: None,
        },
        Record::Acknowledged {
            status: "Cancelled".into(),
            object_id: "o".into(),
            account: "jane@contoso.com".into(),
        },
        Record::Undone {
            action: self::action(),
            requestor: Some("s.weber".into()),
            service_time: Some(Timestamp::UNIX_EPOCH),
        },
        Record::Downloaded {
            file: "/evidence/package.zip".into(),
            bytes: 5_000_000_000,
            sha256: "ba7816bf".into(),
            object_id: "o".into(),
            account: "jane@contoso.com".into(),
        },
    ];
    records.extend(NotSentReason::VARIANTS.iter().map(|&why| Record::NotSent {
        why,
        detail: Some("why".into()),
    }));
    records
}

/// Older consoles ignore the key, so it is written only if it has a value.
#[test]
fn service_time_of_an_end_round_trips() {
    let mut journal = Journal::in_memory().expect("memory");
    let order = orders().remove(0);
    let entry = order.entry;
    let time = "2026-11-28T00:12:44.1234567Z".parse().expect("a time");
    let finished = |service_time| Record::Finished {
        action: action(),
        status: MachineActionStatus::Succeeded,
        hresult: HResult(0),
        by: None,
        comment: None,
        service_time,
    };
    let records = [(entry, finished(None)), (entry, finished(Some(time)))];
    let batch: Vec<_> = std::iter::once(intended(order)).chain(records).collect();
    append(&mut journal, &batch);
    let entries = journal.entries().expect("readable");
    let read = entries[0].records().iter().skip(1);
    let read: Vec<_> = read.map(|(_, record)| record.clone()).collect();
    assert_eq!(read, [finished(None), finished(Some(time))]);
    let with_key = "SELECT group_concat(seq) FROM record WHERE data LIKE '%serviceTime%'";
    let row = journal.db.query_row(with_key, [], |row| row.get(0));
    let with_key: String = row.expect("one");
    assert_eq!(with_key, "4");
}

#[test]
fn every_order_and_record_round_trips() {
    let mut journal = Journal::in_memory().expect("memory");
    for order in orders() {
        let mut written = vec![Record::Intended {
            author: author(),
            order: order.clone(),
        }];
        written.extend(records());
        let batch: Vec<_> = written.iter().map(|r| (order.entry, r.clone())).collect();
        append(&mut journal, &batch);
        let entries = journal.entries().expect("readable");
        let entry = entries.last().expect("an entry");
        assert_eq!(entry.order, order);
        assert_eq!(
            entry
                .records()
                .iter()
                .map(|(_, r)| r.clone())
                .collect::<Vec<_>>(),
            written
        );
    }
}

/// Records of the first releases keep their meaning: a containment was an isolation with its own
/// type, and one release lifted either.
#[test]
fn containment_keeps_the_format_of_the_first_releases() {
    let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let machine = MachineRef {
        id: MachineId::parse("a1").expect("a literal id"),
        dns_name: None,
    };
    for (kind, key, parameters) in [
        (
            ActionKind::Contain,
            "Isolate",
            r#"{"IsolationType":"UnManagedDevice"}"#,
        ),
        (
            ActionKind::Isolate,
            "Isolate",
            r#"{"IsolationType":"Full"}"#,
        ),
        (ActionKind::Unisolate, "Unisolate", "{}"),
        (ActionKind::ReleaseContainment, "ReleaseContainment", "{}"),
        (
            ActionKind::StopAndQuarantineFile,
            "StopAndQuarantineFile",
            r#"{"Sha1":"87662bc3d60e4200ceaf7aae249d1c343f4b83c9"}"#,
        ),
    ] {
        let mut draft = Draft::new(entry, machine.clone(), Subject::Act(kind));
        draft.comment = "INC-1".into();
        draft.fill_examples();
        let record = Record::Intended {
            author: author(),
            order: draft.parse().expect("complete"),
        };
        let (name, data) = record.to_stored().expect("JSON");
        assert_eq!(data["kind"], key);
        assert_eq!(data["parameters"].to_string(), parameters);
        let read = Record::from_stored(entry, &name, &data.to_string()).expect("readable");
        assert_eq!(read, record);
    }
}

#[test]
fn records_are_append_only_and_a_forced_change_is_detected() {
    let mut journal = Journal::in_memory().expect("memory");
    for order in orders() {
        let entry = order.entry;
        append(&mut journal, &[intended(order), (entry, Record::Sent)]);
    }
    assert!(
        journal
            .db
            .execute("UPDATE record SET data = '{}'", [])
            .is_err()
    );
    assert!(journal.db.execute("DELETE FROM record", []).is_err());
    let before = journal.verify().expect("whole");
    let written = 1 + 2 * i64::try_from(orders().len()).expect("few");
    assert_eq!(before.records, written, "including the `Layout` record");
    journal.db.execute_batch("DROP TRIGGER record_is_never_changed; UPDATE record SET at = '1999-01-01T00:00:00Z' WHERE seq = 3").expect("forced");
    assert!(matches!(
        journal.verify(),
        Err(JournalError::Damaged(Defect::SchemaMissing { .. }))
    ));
}

#[test]
fn a_second_console_can_only_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sub").join("journal.sqlite");
    let mut first = Journal::open(&path).expect("opened");
    assert!(matches!(Journal::open(&path), Err(JournalError::InUse(_))));
    let order = orders().remove(0);
    append(&mut first, &[intended(order)]);
    let mut second = Journal::open_read_only(&path).expect("readable");
    assert_eq!(second.entries().expect("readable").len(), 1);
    assert!(matches!(
        second.append(Timestamp::UNIX_EPOCH, &[]),
        Err(JournalError::ReadOnly)
    ));
    drop(first);
    assert_eq!(
        Journal::open(&path)
            .expect("free again")
            .entries()
            .expect("readable")
            .len(),
        1
    );
}

#[test]
fn garbage_and_newer_files_are_refused_and_left_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let garbage = folder.path().join("garbage.sqlite");
    std::fs::write(
        &garbage,
        b"not a database, not at all, but long enough to be looked at".repeat(40),
    )
    .expect("written");
    assert!(matches!(
        Journal::open(&garbage),
        Err(JournalError::NotAJournal(_))
    ));
    assert!(
        std::fs::read(&garbage)
            .expect("present")
            .starts_with(b"not a database")
    );
    let newer = folder.path().join("newer.sqlite");
    Connection::open(&newer)
        .expect("made")
        .pragma_update(None, "user_version", 99)
        .expect("set");
    let before = std::fs::read(&newer).expect("read");
    assert!(matches!(
        Journal::open(&newer),
        Err(JournalError::Newer { found: 99 })
    ));
    assert_eq!(std::fs::read(&newer).expect("present"), before);
}

/// One order of each kind, confirmed and on disk.
pub(crate) fn intended(order: crate::action::Order) -> (EntryId, Record) {
    let author = author();
    (order.entry, Record::Intended { author, order })
}

#[test]
fn a_journal_without_records_reads_as_empty() {
    let (_folder, path) = place();
    std::fs::write(&path, b"").expect("made");
    let journal = Journal::open_read_only(&path).expect("opened");
    assert_eq!(journal.verify().expect("whole").records, 0);
    assert!(std::fs::read(&path).expect("present").is_empty());
}

#[test]
fn a_removed_journal_rejects_records() {
    let (_folder, path) = place();
    let mut journal = Journal::open(&path).expect("opened");
    let removed = std::fs::remove_file(&path);
    let written = journal.append(Timestamp::UNIX_EPOCH, &[intended(orders().remove(0))]);
    if cfg!(windows) {
        // Windows does not remove an open file.
        assert!(removed.is_err() && written.is_ok());
        return;
    }
    removed.expect("removed");
    assert!(matches!(written, Err(JournalError::Gone(p)) if p == path));
}

/// The file had no records to lose; for one with records, see `evidence`.
#[test]
fn an_emptied_journal_is_detected_and_a_new_one_is_not() {
    let (_folder, path) = place();
    let begin = || Journal::open(&path).expect("opened").lost_its_past();
    assert!(!begin() && !begin());
    std::fs::write(&path, b"").expect("emptied");
    assert!(begin());
    assert!(!begin());
    std::fs::remove_file(&path).expect("removed");
    assert!(begin());
}

#[test]
fn damage_outside_the_chain_is_detected_before_the_first_order() {
    let (_folder, path) = place();
    let mut journal = Journal::open(&path).expect("opened");
    let batch: Vec<_> = orders().into_iter().map(intended).collect();
    append(&mut journal, &batch);
    let root: i64 = journal
        .db
        .query_row(
            "SELECT rootpage FROM sqlite_master WHERE type = 'index'",
            [],
            |r| r.get(0),
        )
        .expect("an index");
    drop(journal);
    let mut bytes = std::fs::read(&path).expect("read");
    let page = usize::try_from(root - 1).expect("small") * 4096;
    // An index without entries.
    bytes[page + 3..page + 5].fill(0);
    std::fs::write(&path, bytes).expect("written");
    assert!(matches!(
        Journal::open(&path),
        Err(JournalError::Damaged(Defect::Pages { .. }))
    ));
    assert!(matches!(
        Journal::open_read_only(&path),
        Err(JournalError::Damaged(Defect::Pages { .. }))
    ));
}

#[test]
fn a_second_writer_cannot_fork_the_chain() {
    let (_folder, path) = place();
    let mut first = Journal::open(&path).expect("opened");
    // Without the lock file, a second console can open the journal as well.
    let (lock, away) = (path.with_extension("lock"), path.with_extension("away"));
    let renamed = std::fs::rename(&lock, &away);
    if cfg!(windows) {
        // Windows does not rename a file that a console holds open.
        return assert!(renamed.is_err());
    }
    renamed.expect("renamed");
    let mut second = Journal::open(&path).expect("opened");
    let mut orders = orders().into_iter();
    let mut next = || [intended(orders.next().expect("enough"))];
    append(&mut second, &next());
    let mut again = || first.append(Timestamp::UNIX_EPOCH, &next());
    assert!(matches!(again(), Err(JournalError::LockLost(_))));
    // The restored lock file does not have the records written meanwhile.
    std::fs::rename(&away, &lock).expect("restored");
    assert!(matches!(again(), Err(JournalError::WrittenByAnother)));
    assert_eq!(first.verify().expect("whole").records, 2);
}

#[test]
fn disk_full_corruption_and_other_errors_are_distinguished() {
    use rusqlite::ffi;
    let reported = |code| {
        let error = ffi::Error::new(code);
        JournalError::from(rusqlite::Error::SqliteFailure(error, None))
    };
    assert!(matches!(reported(ffi::SQLITE_FULL), JournalError::Full(_)));
    for damaged in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
        assert!(
            matches!(reported(damaged), JournalError::NotAJournal(_)),
            "{damaged}"
        );
    }
    for other in [ffi::SQLITE_IOERR, ffi::SQLITE_BUSY, ffi::SQLITE_READONLY] {
        assert!(
            matches!(reported(other), JournalError::Database(_)),
            "{other}"
        );
    }
}

/// Rule 3: settings of `SQLite` when a journal is opened for writing.
#[test]
fn an_append_is_durable_and_never_blocked_by_readers() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(&folder.path().join("j.sqlite")).expect("opened");
    let db = &journal.db;
    let says = |pragma: &str| -> rusqlite::types::Value {
        let says = db.pragma_query_value(None, pragma, |row| row.get(0));
        says.expect("an answer")
    };
    assert_eq!(says("journal_mode"), "wal".to_owned().into());
    let full = 2_i64;
    assert_eq!(says("synchronous"), full.into());
}

#[test]
fn a_journal_on_read_only_media_is_read_unless_its_log_has_records() {
    let (_folder, path) = place();
    let mut journal = Journal::open(&path).expect("opened");
    let order = orders().remove(0);
    append(&mut journal, &[intended(order)]);
    assert!(
        open_on_read_only_media(&path).is_none(),
        "the newest record is in the log beside the file"
    );
    drop(journal);
    let db = open_on_read_only_media(&path).expect("no records in the log");
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let intended = "SELECT count(*) FROM record WHERE record = 'Intended'";
    assert_eq!(count(intended), Ok(1));
    assert!(count("DELETE FROM record RETURNING seq").is_err());
}
