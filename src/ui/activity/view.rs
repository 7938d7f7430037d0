//! View state of the activity list, and of the dialog that acknowledges several entries.

use crate::model::EntryId;
use crate::ui::order::Exposure;

/// View state of the activity list.
#[derive(Debug, Default)]
pub struct ActivityView {
    /// The list was opened and has yet to take the keyboard focus.
    pub wants_focus: bool,
    /// The entry that was asked for by "Show"; its row is marked.
    pub marked: Option<EntryId>,
    /// The entry whose row is to be opened, in sight.
    pub opens: Option<EntryId>,
}

/// Entries that are to be acknowledged together, and which of them have been on screen.
#[derive(Debug, Default)]
pub struct Acknowledging {
    pub ids: Vec<EntryId>,
    pub exposure: Exposure,
}

impl Acknowledging {
    /// The question about these; none has been on screen.
    #[must_use]
    pub fn of(ids: Vec<EntryId>) -> Box<Self> {
        let exposure = Exposure::default();
        Box::new(Self { ids, exposure })
    }
}
