//! The worker's two clocks, and waiting by them.

use std::pin::pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::auth::Clock;

/// Interval of checks whether this computer slept.
const SLEEP_CHECK: Duration = Duration::from_secs(5);
/// The advance of the wall clock over the other one that means sleep, not a correction.
const SLEPT: SignedDuration = SignedDuration::from_secs(30);

/// This computer's wall clock. It may be wrong, and it may jump.
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

/// The wall-clock time of a moment of this run.
pub(super) fn on_the_wall_clock(at: Instant) -> Timestamp {
    let left = at.saturating_duration_since(monotonic_now());
    now() + SignedDuration::try_from(left).unwrap_or(SignedDuration::from_mins(1))
}

/// Waits for `work` without a limit; runs the report if it takes longer than `timeout`.
pub(super) async fn said_if_slow<T>(
    work: impl Future<Output = T>,
    timeout: Duration,
    say: impl Future<Output = ()>,
) -> T {
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(timeout, &mut work).await {
        return done;
    }
    say.await;
    work.await
}

/// Detects that this computer slept. On Linux and macOS the runtime's clock stops during sleep, and with it
/// every wait; on Windows it continues, so there is nothing to detect.
pub(super) struct SleepWatch {
    wall: Clock,
    /// Both clocks at the last comparison.
    last: (Timestamp, Instant),
}

impl SleepWatch {
    pub fn new(wall: Clock) -> Self {
        let last = (wall(), monotonic_now());
        Self { wall, last }
    }

    /// Returns once the computer has woken. Cancel-safe.
    pub async fn woken(&mut self) {
        loop {
            let now = ((self.wall)(), monotonic_now());
            let before = std::mem::replace(&mut self.last, now);
            let run = now.1.duration_since(before.1);
            let run = SignedDuration::try_from(run).unwrap_or(SignedDuration::MAX);
            let gone = now.0.duration_since(before.0);
            if gone.saturating_sub(run) > SLEPT {
                return;
            }
            tokio::time::sleep(SLEEP_CHECK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sleep_is_detected_but_not_a_clock_correction() {
        let began = monotonic_now();
        let ahead = Arc::new(AtomicI64::new(0));
        let jump = Arc::clone(&ahead);
        let wall: Clock = Arc::new(move || {
            let run = SignedDuration::try_from(began.elapsed()).expect("short");
            Timestamp::UNIX_EPOCH + run + SignedDuration::from_secs(jump.load(Ordering::Relaxed))
        });
        let mut watch = SleepWatch::new(wall);
        let mut is_woken = async |seconds: i64| {
            ahead.fetch_add(seconds, Ordering::Relaxed);
            tokio::time::timeout(3 * SLEEP_CHECK, watch.woken())
                .await
                .is_ok()
        };
        assert!(!is_woken(0).await);
        assert!(!is_woken(20).await, "set right");
        assert!(!is_woken(-3_600).await, "set back");
        assert!(is_woken(3_600).await);
        assert!(!is_woken(0).await, "once");
    }
}
