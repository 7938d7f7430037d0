//! Poll and retry intervals of the worker.

use std::time::Duration;

/// Intervals for following and look-ups, real or sped up for tests and the demo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The divisor of every wait.
    speed: f64,
}

impl Timing {
    /// The intervals as documented.
    pub const REAL: Self = Self { speed: 1.0 };

    /// Intervals divided by `speed`, for tests.
    #[must_use]
    pub const fn faster(speed: f64) -> Self {
        Self { speed }
    }

    /// A wait of `secs` seconds at this timing.
    #[must_use]
    pub fn secs(self, secs: u32) -> Duration {
        Duration::from_secs_f64(f64::from(secs) / self.speed)
    }

    /// Time to an action's next poll, by how long it has been followed: first 5 s, then 12 s for two minutes,
    /// 30 s for ten, 60 s after that.
    #[must_use]
    pub fn poll_interval(self, followed: Duration) -> Duration {
        let followed = followed.mul_f64(self.speed);
        self.secs(match followed.as_secs() {
            0 => 5,
            1..120 => 12,
            120..600 => 30,
            _ => 60,
        })
    }

    /// Time to the next look-up of an unknown outcome after `done` of them.
    #[must_use]
    pub fn between_look_ups(self, done: u32) -> Duration {
        self.secs(match done {
            0 => 2,
            1 => 6,
            2 => 12,
            3 => 20,
            4 => 30,
            5 => 50,
            6 => 80,
            7 => 110,
            _ => 120,
        })
    }

    /// Time to the next attempt to renew the sign-in, after `tries` that failed.
    #[must_use]
    pub fn between_renewals(self, tries: u32) -> Duration {
        self.secs(match tries {
            0 => 2,
            1 => 5,
            2 => 10,
            3 => 20,
            4 => 30,
            _ => 60,
        })
    }

    /// The minimum duration of the look-ups before *Not found*.
    #[must_use]
    pub fn look_up_spread(self) -> Duration {
        self.secs(300)
    }

    /// `span` sped up: the wait until a moment `span` away.
    #[must_use]
    pub fn span(self, span: Duration) -> Duration {
        span.div_f64(self.speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poll_interval_grows_with_age() {
        let looks = |secs| {
            Timing::REAL
                .poll_interval(Duration::from_secs(secs))
                .as_secs()
        };
        assert_eq!(
            [0, 5, 119, 120, 599, 600, 200_000].map(looks),
            [5, 12, 12, 30, 30, 60, 60]
        );
        assert_eq!(Timing::faster(10.0).secs(5), Duration::from_millis(500));
    }
}
