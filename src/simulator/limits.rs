//! The service's call limits for the tenant's only application: 100 a minute and 1,500 an hour.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const HOUR: SignedDuration = SignedDuration::from_secs(3_600);

#[derive(Debug)]
pub(super) struct Limits {
    per_minute: usize,
    per_hour: usize,
    calls: VecDeque<Timestamp>,
}

impl Limits {
    pub(super) fn new(per_minute: usize, per_hour: usize) -> Self {
        Self {
            per_minute,
            per_hour,
            calls: VecDeque::new(),
        }
    }

    pub(super) fn set(&mut self, per_minute: usize, per_hour: usize) {
        self.per_minute = per_minute;
        self.per_hour = per_hour;
    }

    /// Counts a call. Refused calls are not counted, and return the seconds to wait.
    pub(super) fn count(&mut self, now: Timestamp) -> Result<(), i64> {
        while self
            .calls
            .front()
            .is_some_and(|at| now.duration_since(*at) >= HOUR)
        {
            self.calls.pop_front();
        }
        let wait_for = |limit: usize, window: SignedDuration| {
            // The call that has to leave the window before there is room again.
            let blocking = self
                .calls
                .len()
                .checked_sub(limit)
                .and_then(|at| self.calls.get(at))
                .copied()?;
            let age = now.duration_since(blocking);
            (age < window).then(|| (window - age).as_secs() + 1)
        };
        let wait = wait_for(self.per_minute, MINUTE).max(wait_for(self.per_hour, HOUR));
        if let Some(seconds) = wait {
            return Err(seconds);
        }
        self.calls.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundred_and_first_call_in_a_minute_is_refused() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut limits = Limits::new(100, 1_500);
        for _ in 0..100 {
            assert_eq!(limits.count(start), Ok(()));
        }
        assert_eq!(limits.count(start + SignedDuration::from_secs(20)), Err(41));
        assert_eq!(limits.count(start + SignedDuration::from_secs(60)), Ok(()));
    }

    #[test]
    fn hourly_limit_is_enforced() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut limits = Limits::new(100, 150);
        for second in 0..150 {
            assert_eq!(
                limits.count(start + SignedDuration::from_secs(second * 2)),
                Ok(())
            );
        }
        assert_eq!(
            limits.count(start + SignedDuration::from_secs(600)),
            Err(3_001)
        );
    }
}
