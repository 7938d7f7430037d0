//! View state of queries to the service.

use crate::model::{MachineId, Question};

/// View state of the search's query to the service.
#[derive(Debug, Default)]
pub struct AskView {
    /// The search that this is about.
    pub search: String,
    /// Possible queries, the likeliest first.
    pub questions: Vec<Question>,
    /// Queries about a device that is not in the list.
    pub unlisted: Vec<Question>,
    /// Devices whose names contain the one name that is in no list.
    pub containing: usize,
    /// The generation of the list that this was found in.
    pub compared_with: Option<u64>,
    /// egui's time of the last change.
    pub since: f64,
    pub is_typed: bool,
    /// Whether something was asked for this search.
    pub is_sent: bool,
    /// Enter was pressed: if a single device is found, it is the one that was meant.
    pub is_entered: bool,
    /// The device in the panel when it was asked, or when Enter was pressed: an answer does not replace a
    /// device that was chosen meanwhile.
    pub beside: Option<MachineId>,
    /// The number of the answer whose device was selected.
    pub taken: Option<u64>,
}
