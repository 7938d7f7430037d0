//! Virtual time: the only place in the simulator that reads a clock.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::random::mix;

/// The tenant's time: real time times a speed, plus manual advances.
#[derive(Debug)]
pub(super) struct Clock {
    begun: Timestamp,
    anchor: Instant,
    speed: f64,
    ahead: Mutex<Duration>,
}

impl Clock {
    pub(super) fn new(speed: f64) -> Self {
        let (begun, anchor) = read();
        // An invalid speed means real time.
        let speed = if speed.is_finite() && speed > 0.0 {
            speed.min(1e6)
        } else {
            1.0
        };
        Self {
            begun,
            anchor,
            speed,
            ahead: Mutex::new(Duration::ZERO),
        }
    }

    /// The tenant's start; the fleet's times are relative to it.
    pub(super) fn begun(&self) -> Timestamp {
        self.begun
    }

    pub(super) fn now(&self) -> Timestamp {
        let (_, instant) = read();
        let real = instant.saturating_duration_since(self.anchor);
        let ahead = *self.ahead.lock();
        let scaled = Duration::try_from_secs_f64(real.as_secs_f64() * self.speed).unwrap_or(real);
        later(self.begun, scaled.saturating_add(ahead))
    }

    pub(super) fn advance(&self, by: Duration) {
        let mut ahead = self.ahead.lock();
        *ahead = ahead.saturating_add(by);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tenant has a clock of its own, and it starts from the real one"
)]
fn read() -> (Timestamp, Instant) {
    (Timestamp::now(), Instant::now())
}

/// `by` after `at`, saturating.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| at.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

/// `seconds` after `at` (before it if negative).
pub(super) fn shifted(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(at)
}

/// A time as the service writes it: UTC with 0 to 7 fractional digits.
///
/// The number of digits depends only on the time, so a record's spelling never changes.
pub(super) fn written(at: Timestamp) -> String {
    let ticks = at.as_nanosecond().div_euclid(100);
    let digits = usize::try_from(mix(u64::try_from(ticks).unwrap_or(0)) % 8).unwrap_or(7);
    let whole = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    if digits == 0 {
        return format!("{whole}Z");
    }
    let fraction = format!("{:07}", ticks.rem_euclid(10_000_000));
    format!("{whole}.{}Z", &fraction[..digits])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_formatted_like_the_service() {
        let at: Timestamp = "2025-04-02T02:51:16.2059102Z".parse().unwrap();
        let mut lengths = std::collections::BTreeSet::new();
        for step in 0..200 {
            let text = written(
                at.checked_add(SignedDuration::from_nanos(step * 100))
                    .unwrap(),
            );
            assert!(
                text.starts_with("2025-04-02T02:51:16") && text.ends_with('Z'),
                "{text}"
            );
            assert!(text.parse::<Timestamp>().is_ok(), "{text}");
            lengths.insert(text.len());
        }
        assert_eq!(lengths.len(), 8, "0 to 7 digits all occur");
        assert_eq!(written(at), written(at));
    }

    #[test]
    fn clock_can_be_advanced() {
        let clock = Clock::new(1.0);
        clock.advance(Duration::from_hours(72));
        assert!(clock.now() >= shifted(clock.begun(), 3 * 86_400));
    }
}
