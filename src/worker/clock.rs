//! The two clocks that the worker reads.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The wall clock of this computer. It may be wrong, and it may jump.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the worker reads the clock"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The runtime's clock, for waits and ages within this run.
#[expect(
    clippy::disallowed_methods,
    reason = "beside the wall clock, the other one the worker reads"
)]
pub(super) fn monotonic_now() -> Instant {
    Instant::now()
}

/// The wall-clock time at which a moment of this run comes.
pub(super) fn on_the_wall_clock(at: Instant) -> Timestamp {
    let left = at.saturating_duration_since(monotonic_now());
    now() + SignedDuration::try_from(left).unwrap_or(SignedDuration::from_mins(1))
}
