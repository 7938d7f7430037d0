//! How many calls the service's limits leave.

use jiff::Timestamp;

/// What is left of the two windows that the service counts for all calls together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub left_minute: u32,
    pub of_minute: u32,
    pub left_hour: u32,
    pub of_hour: u32,
    /// The service asked for a pause until then, which holds what follows orders.
    pub gate_until: Option<Timestamp>,
    /// It did so although this console made few requests: others share the limit, or it is busy.
    pub is_shared: bool,
}

/// Why the next page of the list takes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Of it, so many bytes have come.
    SlowLine { bytes: u64 },
    /// The service asked for no request until then.
    Paused { until: Timestamp },
    /// The service's limit leaves no call for it just now.
    AwaitingTurn,
}
