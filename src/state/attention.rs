//! What a person has to know of without having looked for it.

use super::State;
use crate::journal::{Entry, NotSentReason, Standing};
use crate::model::MachineId;

impl State {
    /// How the newest order about a machine went wrong, if it did and nobody has acknowledged it.
    #[must_use]
    pub fn attention_on(&self, id: &MachineId) -> Option<&Entry> {
        let mut newest_first = self.entries.of_machine(id).rev();
        let newest = newest_first.find(|entry| !was_withdrawn(entry))?;
        Some(newest).filter(|entry| self.entries.needs_attention(entry))
    }
}

/// Whether the person took it back, so that it says nothing about the device.
fn was_withdrawn(entry: &Entry) -> bool {
    let why = NotSentReason::Withdrawn;
    matches!(entry.standing(), Standing::NotSent { why: found, .. } if *found == why)
}
