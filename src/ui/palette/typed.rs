//! State of the palette: the typed text and its matches.

use super::item::{Item, Row};
use crate::model::MachineId;
use crate::search::{DeviceMatches, Fuzzy};

/// The palette's typed text and its matches.
#[derive(Debug, Default)]
pub struct Palette {
    pub text: String,
    pub fuzzy: Fuzzy,
    pub matches: DeviceMatches,
    pub rows: Vec<Row>,
    /// The inputs that the rows were made from.
    pub from: Option<MatchInputs>,
    /// The row that Enter acts on. It stays the same when the rows around it change.
    pub chosen: Option<Item>,
    /// Whether to scroll to the chosen row.
    pub scrolls: bool,
    /// Whether Enter was pressed on an unavailable row.
    pub is_refused: bool,
}

/// Inputs of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchInputs {
    pub text: String,
    pub revision: u64,
    pub generation: u64,
    pub is_up_to_date: bool,
    pub shown: Option<MachineId>,
    pub selected: usize,
}
