//! Remaining calls within the service's rate limits.

use jiff::Timestamp;

/// Remaining calls in the two rate-limit windows shared by all calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub left_minute: u32,
    pub of_minute: u32,
    pub left_hour: u32,
    pub of_hour: u32,
    /// End of a pause requested by the service; polling waits for it.
    pub gate_until: Option<Timestamp>,
    /// End of the pause for starting investigations, whose separate limit is used up or which the service throttled.
    pub investigations_until: Option<Timestamp>,
    /// Whether the service throttled although this console sent few requests: others share the limit, or it is busy.
    pub is_shared: bool,
}

/// Why the next page of the list is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageDelay {
    /// Slow transfer; `bytes` of the page have arrived.
    SlowLine { bytes: u64 },
    /// The service requested a pause until `until`.
    Paused { until: Timestamp },
    /// No call is free in the rate limit.
    AwaitingTurn,
}
