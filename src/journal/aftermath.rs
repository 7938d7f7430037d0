//! Effects on an order beyond its journal records, according to the service's action history, and
//! the shared wording of a status that includes them.

use std::collections::HashMap;

use jiff::Timestamp;

use super::sheet::Line;
use super::status::{AWAITS_APPROVAL, NOT_AS_ORDERED, UNDONE};
use super::{Entry, OrderStatus, Record};
use crate::action::Change;
use crate::model::{EntryId, HResult, MachineActionId, requestor_name};

/// The aftermath of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// Time of the last reading of the device's actions; `None` if they were not read.
    pub read_at: Option<Timestamp>,
    /// The variant or expiry that the service applied instead of the ordered one.
    pub variant: Option<Box<str>>,
    /// Later reversal of the order's effect, if any.
    pub reversal: Option<Reversal>,
    /// Whether the investigation waits for a person to approve its remediation.
    pub awaits_approval: bool,
}

/// Reversal of an order's effect by someone else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// Success word of the reversing action: `Released`.
    pub done: &'static str,
    pub by: Box<str>,
    pub at: Option<Timestamp>,
}

impl Entry {
    /// A recorded reversal of a completed order's effect that nobody has acknowledged.
    #[must_use]
    pub fn unread_reversal(&self) -> Option<Reversal> {
        let (OrderStatus::Done { .. }, Change::Sets(set)) =
            (self.status(), self.order.task.change())
        else {
            return None;
        };
        let is_read = |record: &&Record| matches!(record, Record::Acknowledged { .. });
        let mut since_read = self.facts().rev().take_while(|record| !is_read(record));
        since_read.find_map(|record| {
            let Record::Undone {
                requestor,
                service_time,
                ..
            } = record
            else {
                return None;
            };
            Some(Reversal {
                done: set.way_back().spec().done,
                by: requestor_name(requestor.as_deref()).into(),
                at: *service_time,
            })
        })
    }

    /// Whether it is recorded that this action has reversed the order's effect.
    #[must_use]
    pub fn is_noted_as_undone_by(&self, reversal: &MachineActionId) -> bool {
        (self.facts())
            .any(|record| matches!(record, Record::Undone { action, .. } if action == reversal))
    }
}

/// Aftermath by entry, for orders with more facts than the journal records.
pub type Aftermaths = HashMap<EntryId, Aftermath>;

impl Aftermath {
    /// The value from the journal alone.
    #[must_use]
    pub fn of_journal(entry: &Entry) -> Self {
        Self {
            variant: entry.variant(None).map(Into::into),
            ..Self::default()
        }
    }

    /// Short additions to the status word, without names or times.
    #[must_use]
    pub fn in_short(&self, entry: &Entry) -> Vec<String> {
        let again = matches!(entry.order.task.change(), Change::Clears(_));
        let undone = self.reversal.as_ref().map(|undone| {
            if again {
                format!("{} again", undone.done.to_lowercase())
            } else {
                UNDONE.to_owned()
            }
        });
        let variant = self.variant.is_some().then(|| NOT_AS_ORDERED.to_owned());
        let awaits = self.awaits_approval.then(|| AWAITS_APPROVAL.to_owned());
        [variant, undone, awaits].into_iter().flatten().collect()
    }

    /// Full additions after the status word. `at` formats a time.
    pub(super) fn in_full(&self, entry: &Entry, at: impl Fn(Timestamp) -> String) -> Line {
        let mut line = Line::default();
        if let Some(variant) = &self.variant {
            line = line.ours(format!(", {NOT_AS_ORDERED}: ")).foreign(variant);
        }
        if let Some(Reversal { done, by, at: when }) = &self.reversal {
            let done = done.to_lowercase();
            let when = |before| when.map(|when| format!("{before}{}", at(when)));
            line = if let Change::Clears(_) = entry.order.task.change() {
                let since = when(" since ").unwrap_or_default();
                line.ours(format!(", {done} again{since} by ")).foreign(by)
            } else {
                let when = when(", at ").unwrap_or_default();
                line.ours(format!(", {UNDONE} ({done} by "))
                    .foreign(by)
                    .ours(format!("{when})"))
            };
        }
        if self.awaits_approval {
            line = line.ours(format!(", {AWAITS_APPROVAL}"));
        }
        line
    }
}

/// Status word with short additions, for counts and narrow space.
#[must_use]
pub fn status_in_short(entry: &Entry, aftermath: &Aftermath) -> String {
    let word = entry.status().word(&entry.order.task);
    let all: Vec<_> = std::iter::once(word)
        .chain(aftermath.in_short(entry))
        .collect();
    all.join(", ")
}

/// The full status text. `at` formats a time.
#[must_use]
pub fn status_in_full(
    entry: &Entry,
    aftermath: &Aftermath,
    at: impl Fn(Timestamp) -> String,
) -> String {
    let word = entry.status().word(&entry.order.task);
    let code = if let OrderStatus::Failed { hresult, .. } = entry.status()
        && *hresult != HResult(0)
    {
        format!(": 0x{:08X}", hresult.0.cast_unsigned())
    } else {
        String::new()
    };
    format!("{word}{code}{}", aftermath.in_full(entry, at).plain())
}
