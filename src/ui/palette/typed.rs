//! What is typed in the palette, and what was found for it.

use super::item::{Item, Row};
use crate::model::MachineId;
use crate::search::{DeviceMatches, Fuzzy};

/// What is typed in the palette, and what it finds.
#[derive(Debug, Default)]
pub struct Palette {
    pub text: String,
    pub fuzzy: Fuzzy,
    pub matches: DeviceMatches,
    pub rows: Vec<Row>,
    /// What the rows were made from.
    pub from: Option<From>,
    /// The row that Enter acts on. It stays the same however the rows around it change.
    pub chosen: Option<Item>,
    /// The chosen row is to come into sight.
    pub scrolls: bool,
}

/// What rows are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    pub text: String,
    pub revision: u64,
    pub generation: u64,
    pub is_settled: bool,
    pub shown: Option<MachineId>,
    pub selected: usize,
}
