//! View state of the journal page: the query and the open entry.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use strum::VariantArray;

use crate::explain::Explanation;
use crate::message::JournalExport;
use crate::model::{EntryId, variants};
use crate::search::{JournalQuery, JournalRows};
use crate::state::State;

/// Accounts that are offered to choose from.
const MAX_ACCOUNTS: usize = 30;
/// The newest entries are looked at for accounts; older ones are found by the search.
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

    /// When it began; `None` for all of it.
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
    /// The entry that the keyboard is on.
    pub chosen: Option<EntryId>,
    /// The one entry whose records are shown, and how high they are.
    pub opened: Option<EntryId>,
    pub opened_height: f32,
    /// The chosen entry is to come into sight.
    pub scrolls: bool,
    /// Path of the export, while its dialog is open.
    pub file: Option<String>,
    /// Path typed there when the question was dismissed.
    pub typed_file: Option<String>,
    /// The export that was asked for last, until it is on its way.
    pub(super) preparing: Option<Preparing>,
    /// Result of the last export, kept until it is read where its page is not on screen.
    pub notice: Option<Result<String, Explanation>>,
    /// The number of the export whose text was put on the clipboard.
    pub copied: usize,
    accounts: (u64, Vec<Box<str>>),
}

/// An export, while what became of its orders is gathered.
#[derive(Debug)]
pub(super) struct Preparing {
    pub export: Box<JournalExport>,
    /// The place in the journal to go on at.
    pub next: usize,
}

impl JournalView {
    /// Asks for an export: it is made ready in this frame and the following ones, and leaves.
    pub fn prepare(&mut self, export: JournalExport) {
        let export = Box::new(export);
        self.preparing = Some(Preparing { export, next: 0 });
    }

    /// Does not make it ready any more.
    pub fn forget_export(&mut self) {
        self.preparing = None;
    }

    /// Whether an export is being made: another one has to wait.
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
