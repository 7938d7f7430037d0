//! State of the dialog that acknowledges several entries.

use crate::model::EntryId;
use crate::ui::order::Exposure;

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
