//! View state of the journal page: the query and the open entry.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use strum::VariantArray;

use crate::explain::Explanation;
use crate::message::JournalExport;
use crate::model::{EntryId, variants};
use crate::search::{JournalQuery, JournalRows};
use crate::state::State;

/// Maximum number of accounts to choose from.
const MAX_ACCOUNTS: usize = 30;
/// Number of newest entries searched for accounts; older ones are found by the search.
const LOOKED_AT_FOR_ACCOUNTS: usize = 5_000;

/// Period of the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, VariantArray)]
pub enum Shift {
    #[default]
    All,
    Hours8,
    Hours12,
    Day,
    Week,
}

impl Shift {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();
    /// Default period of a hand-over.
    pub const USUAL: Self = Self::Hours12;

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::All => "Any time",
            Self::Hours8 => "Last 8 h",
            Self::Hours12 => "Last 12 h",
            Self::Day => "Last 24 h",
            Self::Week => "Last 7 days",
        }
    }

    /// Start of the period; `None` for everything.
    #[must_use]
    pub fn since(self, now: Timestamp) -> Option<Timestamp> {
        let hours = match self {
            Self::All => return None,
            Self::Hours8 => 8,
            Self::Hours12 => 12,
            Self::Day => 24,
            Self::Week => 7 * 24,
        };
        Some(now - SignedDuration::from_hours(hours))
    }
}

/// View state of the page.
#[derive(Debug, Default)]
pub struct JournalView {
    pub query: JournalQuery,
    pub shift: Shift,
    pub rows: JournalRows,
    /// The focused entry.
    pub chosen: Option<EntryId>,
    /// The entry whose records are shown, and their height.
    pub opened: Option<EntryId>,
    pub opened_height: f32,
    /// Whether to scroll to the chosen entry.
    pub scrolls: bool,
    /// Path of the export, while its dialog is open.
    pub file: Option<String>,
    /// Path typed there when the dialog was dismissed.
    pub typed_file: Option<String>,
    /// The last export requested, until it is sent to the worker.
    pub(super) preparing: Option<Preparing>,
    /// Result of the last export, kept until read if its page is not open.
    pub notice: Option<Result<String, Explanation>>,
    /// Number of the last export that was copied to the clipboard.
    pub copied: usize,
    accounts: (u64, Vec<Box<str>>),
}

/// An export while the outcomes of its orders are gathered.
#[derive(Debug)]
pub(super) struct Preparing {
    pub export: Box<JournalExport>,
    /// Index in the journal to continue from.
    pub next: usize,
}

impl JournalView {
    /// Requests an export, which is prepared over this frame and the following ones, then sent to the
    /// worker.
    pub fn prepare(&mut self, export: JournalExport) {
        let export = Box::new(export);
        self.preparing = Some(Preparing { export, next: 0 });
    }

    /// Stops preparing it.
    pub fn forget_export(&mut self) {
        self.preparing = None;
    }

    /// Whether an export is in progress: another one has to wait.
    #[must_use]
    pub const fn is_exporting(&self, state: &State) -> bool {
        self.preparing.is_some() || state.journal_facts.is_exporting
    }

    /// The accounts of the newest entries, gathered when the journal changes.
    pub fn accounts(&mut self, state: &State) -> Vec<Box<str>> {
        let generation = state.entries.generation();
        if self.accounts.0 != generation {
            let newest = state.entries.iter().rev().take(LOOKED_AT_FOR_ACCOUNTS);
            let all: BTreeSet<&str> = newest.map(|entry| &*entry.author.account).collect();
            let some = all.into_iter().take(MAX_ACCOUNTS).map(Into::into);
            self.accounts = (generation, some.collect());
        }
        self.accounts.1.clone()
    }
}
