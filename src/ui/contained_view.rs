//! The rows of *Contained now* with what is derived from them, worked out once for each change.

use std::collections::HashMap;
use std::sync::Arc;

use crate::guard::Ownership;
use crate::model::requestor_name;
use crate::state::{Contained, State, WayBack};

/// About how high most rows are, in points.
pub const USUAL_HEIGHT: f32 = 72.0;
/// Devices of others that are named over the list; all of them are in it.
const MAX_NAMED: usize = 6;

/// What is contained, as it was when a fact last changed.
#[derive(Debug, Default)]
pub struct ContainedView {
    list: Arc<ContainedList>,
    /// How high each row was when it was drawn last, for this width.
    pub heights: Vec<f32>,
    pub width: f32,
}

/// The rows, oldest first, with what is said over them.
#[derive(Debug, Default)]
pub struct ContainedList {
    revision: u64,
    pub rows: Vec<Contained>,
    pub way_back: WayBack,
    /// What is not given back with the rest.
    pub not_included: Vec<String>,
}

impl ContainedView {
    /// The rows as the facts are now.
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

/// Devices that are contained by others, with their requestors.
fn not_included(rows: &[Contained]) -> Vec<String> {
    let lines = [
        (
            Ownership::NotOurs,
            "Not included, requested by somebody else",
        ),
        (Ownership::Unknown, "Not included, perhaps not yours"),
    ];
    let line = |(whose, words): (Ownership, &str)| {
        let set = rows.iter().filter_map(|row| Some((row, row.setter()?)));
        let theirs: Vec<_> = set.filter(|(_, set)| set.whose == whose).collect();
        let mut named: Vec<String> = (theirs.iter().take(MAX_NAMED))
            .map(|(row, request)| {
                let what = row.condition.noun().to_lowercase();
                let by = requestor_name(request.by.as_deref());
                format!("{what} of {} by {by}", row.machine.quoted())
            })
            .collect();
        if theirs.len() > MAX_NAMED {
            named.push(format!("{} more, listed below", theirs.len() - MAX_NAMED));
        }
        (!named.is_empty()).then(|| format!("{words}: {}", named.join(", ")))
    };
    lines.into_iter().filter_map(line).collect()
}
