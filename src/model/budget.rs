//! Remaining calls within the service's rate limits.

use jiff::Timestamp;

/// Remaining calls in the two rate-limit windows that count all calls together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub left_minute: u32,
    pub of_minute: u32,
    pub left_hour: u32,
    pub of_hour: u32,
    /// End of a pause that the service asked for; polling waits for it.
    pub gate_until: Option<Timestamp>,
    /// When investigations can be started again, whose own limit is used up or for which the service asked for a pause.
    pub investigations_until: Option<Timestamp>,
    /// Whether it throttled although this console made few requests: others share the limit, or it is busy.
    pub is_shared: bool,
}

/// Why the next page of the list takes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageDelay {
    /// Slow transfer; `bytes` of the page have arrived.
    SlowLine { bytes: u64 },
    /// The service asked for a pause that ends at `until`.
    Paused { until: Timestamp },
    /// No call is free within the rate limit just now.
    AwaitingTurn,
}
