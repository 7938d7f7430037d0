//! The rows of *Contained now* with derived data, computed once per change.

use std::collections::HashMap;
use std::sync::Arc;

use crate::guard::Ownership;
use crate::state::{Contained, State, WayBack};

/// Typical height of a row, in points.
pub const USUAL_HEIGHT: f32 = 72.0;

/// Cached list of contained devices, as of the last change of a fact.
#[derive(Debug, Default)]
pub struct ContainedView {
    list: Arc<ContainedList>,
    /// Heights of the rows when last drawn, for this width.
    pub heights: Vec<f32>,
    pub width: f32,
}

/// The rows, oldest first, with the notes above them.
#[derive(Debug, Default)]
pub struct ContainedList {
    revision: u64,
    pub rows: Vec<Contained>,
    pub way_back: WayBack,
    /// Note on containments that are not released with the rest.
    pub not_included: Option<String>,
}

impl ContainedView {
    /// Updates the rows to the current facts.
    pub fn refresh(&mut self, state: &State) -> Arc<ContainedList> {
        if self.list.revision != state.revision() {
            let rows = state.contained();
            let key = |row: &Contained| (row.machine.id.clone(), row.condition);
            let known = self.list.rows.iter().map(key);
            let known: HashMap<_, _> = known.zip(self.heights.drain(..)).collect();
            let height = |row| known.get(&key(row)).copied().unwrap_or(USUAL_HEIGHT);
            self.heights = rows.iter().map(height).collect();
            self.list = Arc::new(ContainedList {
                revision: state.revision(),
                way_back: WayBack::of(&rows),
                not_included: not_included(&rows),
                rows,
            });
        }
        Arc::clone(&self.list)
    }
}

/// Note on containments by others: their rows say by whom.
pub fn not_included(rows: &[Contained]) -> Option<String> {
    let counts = [
        (Ownership::NotOurs, "requested by others"),
        (Ownership::Unknown, "perhaps not yours"),
    ];
    let counts: Vec<_> = (counts.into_iter())
        .filter_map(|(whose, words)| {
            let set = rows.iter().filter_map(Contained::whose);
            let count = set.filter(|known| *known == whose).count();
            (count > 0).then(|| format!("{count} {words}"))
        })
        .collect();
    (!counts.is_empty()).then(|| format!("Not included: {}, listed below", counts.join(", ")))
}
