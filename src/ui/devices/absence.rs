//! Explains why a device is no longer listed as it was when ticked or opened.

use jiff::Timestamp;

use crate::model::MachineRef;
use crate::state::State;
use crate::ui::devices::coverage::{Coverage, coverage};
use crate::ui::views::Views;
use crate::ui::words::ago;

/// Why a ticked device is no longer listed as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    HiddenBySearch,
    NotInList,
    Merged,
    Renamed(String),
}

impl Absence {
    pub fn words(&self) -> String {
        match self {
            Self::HiddenBySearch => "Not shown by this search".to_owned(),
            Self::NotInList => "Not in the list".to_owned(),
            Self::Merged => "Merged into another record".to_owned(),
            Self::Renamed(now) => format!("Renamed since it was selected: now {now}"),
        }
    }

    /// Short form, for use after a name.
    pub const fn short(&self) -> &'static str {
        match self {
            Self::HiddenBySearch => "not shown",
            Self::NotInList => "not in the list",
            Self::Merged => "merged",
            Self::Renamed(_) => "renamed",
        }
    }
}

/// Why a device is no longer listed as it was when ticked, if so.
pub fn absence(state: &State, views: &Views, machine: &MachineRef) -> Option<Absence> {
    let Some(known) = state.inventory.get(&machine.id) else {
        return Some(Absence::NotInList);
    };
    if known.merged_into().is_some() {
        return Some(Absence::Merged);
    }
    let now = known.reference();
    if machine.is_renamed_in(known) {
        return Some(Absence::Renamed(now.quoted_name()));
    }
    let is_hidden =
        !views.search.trim().is_empty() && views.rows.row_of(state, &machine.id).is_none();
    is_hidden.then_some(Absence::HiddenBySearch)
}

/// Note in the panel and form of a device whose record is not in the list.
pub fn absence_words(state: &State, machine: &MachineRef, now: Timestamp) -> Option<String> {
    let Coverage::Whole(at) = coverage(state) else {
        return None;
    };
    let is_listed = state.inventory.get(&machine.id).is_some();
    (!is_listed).then(|| {
        format!(
            "Not in the list read {}: removed, or outside your device groups",
            ago(at, now)
        )
    })
}

/// Note on devices that are no longer listed as they were when ticked.
pub fn absence_note<'a>(
    state: &State,
    views: &Views,
    machines: impl ExactSizeIterator<Item = &'a MachineRef>,
) -> Option<String> {
    let of = machines.len();
    let (mut hidden, mut gone, mut merged, mut renamed) = (0, 0, 0, 0);
    for machine in machines {
        match absence(state, views, machine) {
            None => {}
            Some(Absence::HiddenBySearch) => hidden += 1,
            Some(Absence::NotInList) => gone += 1,
            Some(Absence::Merged) => merged += 1,
            Some(Absence::Renamed(_)) => renamed += 1,
        }
    }
    let is = |count: usize| if count == 1 { "is" } else { "are" };
    let parts = [
        (hidden > 0).then(|| format!("{hidden} of {of} {} not shown by this search", is(hidden))),
        (gone > 0).then(|| format!("{gone} of {of} {} not in the list", is(gone))),
        (merged > 0).then(|| format!("{merged} of {of} merged into another record")),
        (renamed > 0).then(|| format!("{renamed} of {of} renamed")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
