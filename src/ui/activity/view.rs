//! View state of the activity list, and of the dialog that acknowledges several entries.

use crate::model::EntryId;
use crate::ui::order::SeenItems;

/// View state of the activity list.
#[derive(Debug, Default)]
pub struct ActivityView {
    /// Whether the list was opened and still has to take the focus.
    pub wants_focus: bool,
    /// The entry requested by "Show", whose row is marked.
    pub marked: Option<EntryId>,
    /// The entry whose row is to be expanded and scrolled to.
    pub opens: Option<EntryId>,
}

/// Entries to acknowledge together, and which of them have been on screen.
#[derive(Debug, Default)]
pub struct Acknowledging {
    pub ids: Vec<EntryId>,
    pub seen_items: SeenItems,
}

impl Acknowledging {
    /// A question about these, none of them seen yet.
    #[must_use]
    pub fn of(ids: Vec<EntryId>) -> Box<Self> {
        let seen_items = SeenItems::default();
        Box::new(Self { ids, seen_items })
    }
}
