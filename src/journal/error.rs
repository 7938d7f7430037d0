//! Why the journal cannot be used, worded for the responder.

use std::path::PathBuf;

use super::Defect;
use crate::explain::{Effect, Explain, Explanation, NextStep};
use crate::files::RefusedFile;
use crate::model::{EntryId, clean};

/// Why the journal cannot be used. Without it, nothing is sent (rule 3).
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the data folder {0} cannot be written")]
    Folder(PathBuf, #[source] std::io::Error),
    #[error("{0} cannot be read: {1}")]
    NoFile(&'static str, std::io::Error),
    #[error("another console is using {0}")]
    InUse(PathBuf),
    #[error("the journal comes from a newer version (layout {found})")]
    Newer { found: i64 },
    #[error("{0}")]
    Damaged(Defect),
    #[error("record {record} of {entry} cannot be read")]
    NotReadable { entry: EntryId, record: Box<str> },
    #[error("it has orders of {found}, and this is {mode}")]
    OfAnotherMode { found: Box<str>, mode: &'static str },
    #[error("the journal is open for reading only")]
    ReadOnly,
    #[error("the file is not a journal, or its pages are damaged")]
    NotAJournal(#[source] rusqlite::Error),
    #[error("there is no room left for the journal")]
    Full(#[source] rusqlite::Error),
    #[error("the journal's file {0} is gone")]
    Gone(PathBuf),
    #[error("{0} is another file than the one that cordon opened")]
    Replaced(PathBuf),
    #[error("{0} was cut or replaced while cordon had it open")]
    Cut(PathBuf),
    #[error("the journal's lock file {0} was removed or replaced")]
    LockLost(PathBuf),
    #[error("it is not known whether {0} is still the same file")]
    PlaceUnknown(PathBuf, #[source] std::io::Error),
    #[error("something else wrote to the journal while this console had it open")]
    WrittenByAnother,
    #[error("the file did not store record {seq} as it was written")]
    NotStoredAsWritten { seq: i64 },
    #[error("the journal's own thread has ended")]
    Ended,
    #[error("the database does not answer")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        let is_of_another_type = matches!(
            error,
            rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::Utf8Error(..)
        );
        let code = error.sqlite_error_code();
        let is_damage = matches!(code, Some(NotADatabase | DatabaseCorrupt));
        if is_damage || is_of_another_type {
            Self::NotAJournal(error)
        } else if code == Some(DiskFull) {
            Self::Full(error)
        } else {
            Self::Database(error)
        }
    }
}

impl JournalError {
    /// Whether this console can never again write to the file that the next start opens: nothing
    /// more is sent in this run.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Gone(_)
            | Self::Replaced(_)
            | Self::Cut(_)
            | Self::LockLost(_)
            | Self::WrittenByAnother
            | Self::Damaged(_)
            | Self::NotAJournal(_)
            | Self::OfAnotherMode { .. }
            | Self::NotStoredAsWritten { .. }
            | Self::Ended => true,
            Self::Folder(..)
            | Self::NoFile(..)
            | Self::InUse(_)
            | Self::Newer { .. }
            | Self::NotReadable { .. }
            | Self::ReadOnly
            | Self::Full(_)
            | Self::PlaceUnknown(..)
            | Self::Database(_) => false,
        }
    }

    /// Whether the file is the right one, but another console may be acting on it meanwhile.
    #[must_use]
    pub const fn is_another_console(&self) -> bool {
        matches!(
            self,
            Self::InUse(_) | Self::LockLost(_) | Self::WrittenByAnother
        )
    }

    /// Cause and remedy.
    const fn cause_and_remedy(&self) -> (&'static str, &'static str) {
        match self {
            Self::InUse(_) => (
                "Another console is using this data folder",
                "Act in the other console, or close it and start this one again",
            ),
            Self::Newer { .. } => (
                "The journal was written by a newer version",
                "Start the newer version, or use --data-dir with another folder",
            ),
            Self::Damaged(defect) if defect.is_of_another_file() => (
                "The journal is not the one that was written last",
                "Put the newer file back and start cordon again. Without it, rename this file and keep it as evidence; the next start creates a new journal",
            ),
            Self::Damaged(_) | Self::NotReadable { .. } | Self::NotAJournal(_) => (
                "The journal is damaged",
                "Rename the file and keep it as evidence; the next start creates a new journal",
            ),
            Self::OfAnotherMode { .. } => (
                "The journal does not belong to this console: it was copied here",
                "Rename the file and keep it as evidence; the next start creates a new journal",
            ),
            Self::NotStoredAsWritten { .. } => (
                "The journal's file does not store records as they are written",
                "Close cordon, rename the file and keep it as evidence; the next start creates a new journal",
            ),
            Self::Full(_) => (
                "The disk is full and the journal cannot be written",
                "Make room on the disk that holds the data folder",
            ),
            Self::Gone(_) => (
                "The journal's file was removed",
                "Put the file back and start cordon again",
            ),
            Self::Cut(_) => (
                "The index of the journal's log was cut or replaced while cordon had it open",
                "Stop what changes files in the data folder (a sync client, a restore) and start cordon again",
            ),
            Self::Replaced(_) => (
                "The journal's file was replaced by another while cordon had it open",
                "Stop what replaces files in the data folder (a sync client, a restore), put the right file back and start cordon again",
            ),
            Self::LockLost(_) => (
                "The file that keeps other consoles off this journal was removed",
                "Close every console on this data folder and start cordon again; leave its .lock file where it is",
            ),
            Self::WrittenByAnother => (
                "Something else has written to the journal",
                "Close every other console on this data folder and start cordon again",
            ),
            Self::Ended => ("The journal is closed", "Start cordon again"),
            Self::NoFile(..) => (
                "The journal cannot be read",
                "Move away what is in its place",
            ),
            Self::Folder(..) | Self::Database(_) | Self::PlaceUnknown(..) | Self::ReadOnly => (
                "The journal cannot be written",
                "Make room and allow writing in the data folder, or use --data-dir with another folder",
            ),
        }
    }

    /// The remedy; a refused folder or file has its own.
    fn remedy(&self) -> String {
        let refused = if let Self::Folder(_, error) | Self::NoFile(_, error) = self {
            RefusedFile::within(error)
        } else {
            None
        };
        refused.map_or_else(
            || self.cause_and_remedy().1.into(),
            |refusal| refusal.problem.remedy(&refusal.path),
        )
    }

    fn details(&self) -> Vec<String> {
        let causes = std::iter::successors(Some(self as &dyn std::error::Error), |e| e.source());
        causes
            .map(|error| clean(&error.to_string(), 400).into_owned())
            .collect()
    }

    /// Explanation for a reader of the journal.
    #[must_use]
    pub fn explain_reading(&self) -> Explanation {
        let headline = if matches!(self, Self::Folder(..) | Self::Database(_)) {
            "The journal cannot be read"
        } else {
            self.cause_and_remedy().0
        };
        let mut explanation = Explanation::harmless(headline, NextStep::None);
        explanation.details = self.details();
        explanation
    }

    /// Explanation for a record after sending: it is not on disk, and is read again later.
    #[must_use]
    pub fn explain_after_sending(&self, entry: EntryId) -> Explanation {
        let (cause, _) = self.cause_and_remedy();
        Explanation {
            headline: format!(
                "{cause}, so the latest status of {entry} was not saved; cordon reads it again later"
            ),
            effect: Effect::Unknown,
            next: NextStep::Outside(self.remedy().into()),
            details: self.details(),
        }
    }
}

impl Explain for JournalError {
    /// Rule 3: an order that cannot be written is not sent.
    fn explain(&self) -> Explanation {
        let (cause, _) = self.cause_and_remedy();
        let headline = format!("{cause}, so nothing can be sent");
        let next = NextStep::Outside(self.remedy().into());
        let mut explanation = Explanation::harmless(headline, next);
        explanation.details = self.details();
        explanation
    }
}
