//! View state of direct queries to the service.

use crate::model::{MachineId, Question};

/// View state of the search's direct query to the service.
#[derive(Debug, Default)]
pub struct AskView {
    /// The search that this state belongs to.
    pub search: String,
    /// Possible queries, the likeliest first.
    pub questions: Vec<Question>,
    /// Queries about a device that is not in the list.
    pub unlisted: Vec<Question>,
    /// Number of devices whose names contain the only name that is not listed.
    pub containing: usize,
    /// Generation of the list that this was computed from.
    pub compared_with: Option<u64>,
    /// egui's time of the last change.
    pub since: f64,
    pub is_typed: bool,
    /// Whether a query was sent for this search.
    pub is_sent: bool,
    /// Whether Enter was pressed: the answer's device is selected if it is the only one.
    pub is_entered: bool,
    /// The device in the panel when the query was sent or Enter was pressed: an answer does not replace a
    /// device selected since.
    pub beside: Option<MachineId>,
    /// Number of the answer whose device was selected.
    pub taken: Option<u64>,
}
