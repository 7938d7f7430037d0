//! What an organisation or a run allows.

use jiff::SignedDuration;

/// Rules that hold for every order of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Look, don't act. Given with `--read-only`, it cannot be lifted in that run.
    pub read_only: bool,
    /// `lastSeen` is a daily report: older than this, the device may be off.
    pub silent_after: SignedDuration,
    /// Longest time between confirmation and the door.
    pub approval_life: SignedDuration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            read_only: false,
            silent_after: SignedDuration::from_hours(48),
            approval_life: SignedDuration::from_mins(2),
        }
    }
}
