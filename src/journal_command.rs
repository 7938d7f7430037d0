//! `cordon journal`: verifies and exports journals, and lists open entries, without a window.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::auth::read_note;
use crate::cli::JournalCommand;
use crate::explain::Explanation;
use crate::files::{self, RefusedFile};
use crate::journal::{
    Checkpoint, Defect, Entry, Format, Journal, JournalError, Moment, NotChecked, Report, Witness,
    export,
};
use crate::terminal::{self, fail};
use crate::{say, say_error};

#[expect(
    clippy::disallowed_methods,
    reason = "an export without a window says when it was made"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Verifies every journal of the folder or the named one; exports one.
#[must_use]
pub fn run(what: &JournalCommand, folder: &Path) -> ExitCode {
    let (named, format) = match what {
        JournalCommand::Open => return open_entries(folder),
        JournalCommand::Verify { file } => (file, None),
        JournalCommand::Export { file, format } => (file, Some(*format)),
    };
    let files = match named {
        Some(file) => Ok(vec![file.clone()]),
        None => journals_in(folder),
    };
    let files = match files {
        Ok(files) => files,
        Err(error) => return cannot_search(&error, folder),
    };
    let gone = named.is_none() && format.is_none() && say_gone(folder);
    match (files.as_slice(), format) {
        ([], _) if gone => ExitCode::FAILURE,
        ([], _) => {
            say_error!("There is no journal in {}", folder.display());
            ExitCode::FAILURE
        }
        ([_, _, ..], Some(_)) => {
            say_error!("There are several journals; name the file");
            for file in &files {
                say_error!("  {}", file.display());
            }
            ExitCode::FAILURE
        }
        ([file], Some(format)) => export_file(file, format),
        (files, None) => {
            let whole = files.iter().filter(|file| verify(file)).count();
            ExitCode::from(u8::from(gone || whole < files.len()))
        }
    }
}

fn export_file(file: &Path, format: Format) -> ExitCode {
    let Readable {
        verified,
        entries,
        is_good,
        ..
    } = match read(file) {
        Ok(readable) => readable,
        Err(explanation) => return fail(&explanation),
    };
    let moment = Moment {
        now: now(),
        service_ahead: SignedDuration::ZERO,
        zone: &TimeZone::system(),
        since: None,
        others: None,
        ticket: None,
        all: None,
        aftermath: None,
    };
    let written = terminal::export(&export(&entries, &verified, format, &moment));
    if is_good { written } else { ExitCode::FAILURE }
}

/// Lists open entries before this program is removed: nothing else follows them.
fn open_entries(folder: &Path) -> ExitCode {
    let files = match journals_in(folder) {
        Ok(files) => files,
        Err(error) => return cannot_search(&error, folder),
    };
    let mut is_done = !say_gone(folder);
    for file in files.iter().filter(|file| !is_demo(file)) {
        match read(file) {
            Ok(Readable {
                entries,
                is_the_last,
                ..
            }) => {
                // A file that was cut may lack open entries.
                is_done &= is_the_last;
                for entry in entries.iter().filter(|entry| !entry.status().is_end()) {
                    is_done = false;
                    let task = &entry.order.task;
                    let word = entry.status().word(task);
                    say!("{word}: {}, {}", entry.machine().quoted(), task.title());
                }
            }
            Err(explanation) => {
                is_done = false;
                fail(&explanation);
            }
        }
    }
    if is_done {
        say!("No entry is open");
    }
    ExitCode::from(u8::from(!is_done))
}

/// Remedy for a missing journal.
pub const GONE_REMEDY: &str = "Put the journal back. If it was set aside on purpose, start cordon once: it creates a new one there";

/// Reports each missing journal. Returns whether there are any.
fn say_gone(folder: &Path) -> bool {
    let gone = orphaned(folder);
    for lock in &gone {
        say_error!(
            "A journal was here and is gone: {}\n  {GONE_REMEDY}",
            lock.display()
        );
    }
    !gone.is_empty()
}

/// Lock files without a journal, except those of an empty journal.
#[must_use]
pub fn orphaned(folder: &Path) -> Vec<PathBuf> {
    let mut locks = files::list(folder).unwrap_or_default();
    locks.retain(|lock| {
        let journal = lock.with_extension("sqlite");
        lock.extension().is_some_and(|e| e == "lock")
            && !files::is_there(&journal)
            && !is_demo(&journal)
            && files::stamp(lock).is_some_and(|(len, _)| len > 0)
            && Checkpoint::beside(&journal).map_or(true, |checkpoint| checkpoint.has_records())
    });
    locks
}

/// Whether a journal is one of `--demo`.
fn is_demo(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("journal-demo")
}

/// Prints the state of a journal. Returns `false` when anything is wrong with it.
fn verify(file: &Path) -> bool {
    let report = match inspect(file) {
        Ok(report) => report,
        Err(error) => {
            fail(&cannot_read(&error, file));
            return false;
        }
    };
    let shown = file.display();
    if report.is_good() {
        say!("{} ({shown})", report.verdict());
        for line in report.lines() {
            say!("  {line}");
        }
    } else {
        say_error!("{} ({shown})", report.verdict());
        for line in report.lines() {
            say_error!("  {line}");
        }
    }
    report.is_good()
}

/// Verifies a journal, also against the keyring.
///
/// # Errors
/// When the file cannot be opened or is no journal of a known layout.
pub fn inspect(file: &Path) -> Result<Report, JournalError> {
    // The demo stores nothing outside of its folder.
    let keyring =
        (!is_demo(file)).then(|| Checkpoint::of_note(read_note(&Checkpoint::keyring_item(file))));
    let mut report = Journal::inspect(file, keyring)?;
    if forbids_writing(file) {
        report.defects.push(Defect::Header);
    }
    Ok(report)
}

/// Whether `SQLite` would refuse to write to the file because of an unknown write version in its
/// header. Never called by a console: closing the file would release its locks.
fn forbids_writing(file: &Path) -> bool {
    let mut header = [0; 20];
    let read = files::open_named(file).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[18] > 2
}

/// The readable part of a journal.
struct Readable {
    verified: Checkpoint,
    entries: Vec<Entry>,
    /// As the console left it.
    is_good: bool,
    /// Certain to have no later records.
    is_the_last: bool,
}

/// Reads the entries to export, as far as possible; a missing or changed end is reported separately.
fn read(file: &Path) -> Result<Readable, Explanation> {
    let report = inspect(file).map_err(|error| cannot_read(&error, file))?;
    for RefusedFile { path, problem } in &report.refused {
        say_error!(
            "Others may have changed this journal: {} {problem}",
            path.display()
        );
    }
    for defect in &report.defects {
        say_error!("{}: {defect}", report.headline());
    }
    if let Some(caution) = report.caution {
        say_error!("{caution}. {}", caution.remedy());
    }
    for unchecked in report
        .not_checked
        .iter()
        .filter(|unchecked| is_of_end(unchecked))
    {
        say_error!("Not checked: {unchecked}");
    }
    let journal = Journal::open_read_only(file);
    let read = journal.and_then(|journal| {
        Ok(Readable {
            verified: journal.checkpoint(),
            entries: journal.entries()?,
            is_good: report.is_good(),
            is_the_last: report.is_good() && !report.not_checked.iter().any(is_of_end),
        })
    });
    read.map_err(|error| cannot_read(&error, file))
}

/// Whether the journal's end could not be checked. A missing keyring is usual.
fn is_of_end(unchecked: &NotChecked) -> bool {
    unchecked.witness == Witness::LockFile
}

fn cannot_read(error: &JournalError, file: &Path) -> Explanation {
    error.explain_reading().with(file.display().to_string())
}

fn cannot_search(error: &std::io::Error, folder: &Path) -> ExitCode {
    say_error!("{} cannot be searched: {error}", folder.display());
    ExitCode::FAILURE
}

fn journals_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = files::list(folder)?;
    found.retain(|path| path.extension().is_some_and(|e| e == "sqlite"));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_missing_unless_its_lock_file_says_it_was_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("journal-live.lock");
        let [none, one] = [("", 0), ("a", 1)].map(|(digit, records)| {
            let last_hash = digit.repeat(64);
            Checkpoint { records, last_hash }.to_text()
        });
        for (text, is_missed) in [("", false), (&*none, false), (&one, true), ("\0", true)] {
            std::fs::write(&lock, text).expect("written");
            let missed = orphaned(folder.path());
            assert_eq!(!missed.is_empty(), is_missed, "{text:?}");
        }
    }

    #[test]
    fn a_missing_journal_is_a_finding_unless_a_file_was_given() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = folder.path().join("journal-demo.sqlite");
        drop(Journal::open(&whole).expect("made"));
        let verify = |file| run(&JournalCommand::Verify { file }, folder.path());
        assert_eq!(verify(None), ExitCode::SUCCESS);
        let last_hash = "a".repeat(64);
        let checkpoint = Checkpoint {
            records: 1,
            last_hash,
        };
        let lock = folder.path().join("journal-live.lock");
        std::fs::write(lock, checkpoint.to_text()).expect("written");
        assert_eq!(verify(None), ExitCode::FAILURE);
        assert_eq!(verify(Some(whole)), ExitCode::SUCCESS);
    }

    /// Its chain may be intact.
    #[test]
    fn a_header_that_forbids_writing_is_damage() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal-live.sqlite");
        drop(Journal::open(&path).expect("made"));
        assert_eq!(inspect(&path).expect("read").defects, []);
        let mut content = std::fs::read(&path).expect("read");
        content[18] = 3;
        std::fs::write(&path, content).expect("written");
        assert_eq!(inspect(&path).expect("read").defects, [Defect::Header]);
    }
}
