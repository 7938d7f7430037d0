//! Retry policy: which requests may be retried, and when.

use std::time::Duration;

use super::error::{ApiError, Unreadable, Verb};
use crate::explain::Effect;

/// Attempts in total, including the first.
const ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(20);

/// Delay before the next attempt; `None` if there must be none.
///
/// `attempt` counts those made, from 1; `random` is in `0.0..1.0` and spreads the attempts of many
/// consoles over the whole delay. After a 429 the rate limiter enforces the requested pause: its
/// gate is closed, and an attempt needs a new permit. The delay of a read starts when the gate
/// opens, so that requests not sent yet go first: another 429 would hold them up again.
///
/// Rule 4: a submission is retried only if it is certain that nothing was changed.
#[must_use]
pub fn delay(error: &ApiError, verb: Verb, attempt: u32, random: f64) -> Option<Duration> {
    if attempt >= ATTEMPTS || error.effect(verb) != Effect::NothingChanged {
        return None;
    }
    let at_least = match verb {
        Verb::Read => transient_for_read(error)?,
        Verb::Submit => transient_for_submission(error)?,
    };
    let longest = FIRST_DELAY
        .saturating_mul(1 << attempt.min(8))
        .min(MAX_DELAY);
    Some(longest.mul_f64(random.clamp(0.0, 1.0)).max(at_least))
}

fn transient_for_read(error: &ApiError) -> Option<Duration> {
    match error {
        ApiError::NotReached { .. } | ApiError::TimedOut { .. } | ApiError::Interrupted { .. } => {
            Some(Duration::ZERO)
        }
        ApiError::Throttled { .. } => Some(FIRST_DELAY),
        ApiError::Fault {
            status,
            retry_after,
            ..
        } => {
            // Retrying a redirect is pointless.
            (*status == 408 || *status >= 500).then(|| retry_after.unwrap_or_default())
        }
        ApiError::NotUnderstood { why, .. } => {
            let is_cut = matches!(why, Unreadable::Truncated | Unreadable::Empty);
            is_cut.then_some(Duration::ZERO)
        }
        ApiError::Certificate { .. }
        | ApiError::SignIn(_)
        | ApiError::ForeignHost { .. }
        | ApiError::NoClient { .. }
        | ApiError::Unauthorized(_)
        | ApiError::OtherRecord { .. }
        | ApiError::Refused(_) => None,
    }
}

fn transient_for_submission(error: &ApiError) -> Option<Duration> {
    let has_not_begun = matches!(
        error,
        ApiError::NotReached { .. } | ApiError::Throttled { .. }
    );
    has_not_begun.then_some(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::super::error::tests::{fault, one_of_each};
    use super::*;

    #[test]
    fn only_listed_errors_are_retried() {
        let repeated = |verb| {
            let all = one_of_each();
            let names = all
                .iter()
                .filter(|(_, e)| delay(e, verb, 1, 0.5).is_some())
                .map(|(name, _)| *name);
            names.collect::<Vec<_>>()
        };
        assert_eq!(
            repeated(Verb::Read),
            [
                "not reached",
                "timed out",
                "interrupted",
                "429",
                "408",
                "500",
                "503",
                "empty",
                "truncated"
            ]
        );
        assert_eq!(repeated(Verb::Submit), ["not reached", "429"]);
    }

    #[test]
    fn submission_with_unknown_outcome_is_never_retried() {
        for (name, error) in one_of_each() {
            if error.effect(Verb::Submit) != Effect::NothingChanged {
                assert_eq!(delay(&error, Verb::Submit, 1, 0.5), None, "{name}");
            }
        }
    }

    #[test]
    fn retry_delay_grows_has_jitter_and_ends() {
        let secs = |attempt, random| {
            delay(&fault(500, None), Verb::Read, attempt, random).map(|delay| delay.as_secs_f64())
        };
        assert_eq!(secs(1, 0.0), Some(0.0));
        assert_eq!(secs(1, 1.0), Some(2.0));
        assert_eq!(secs(2, 0.5), Some(2.0));
        assert_eq!(secs(3, 0.5), None);
        assert_eq!(secs(u32::MAX, 0.5), None);
        assert_eq!(secs(1, f64::INFINITY), Some(2.0));
    }

    #[test]
    fn retry_after_of_server_fault_is_respected() {
        let error = fault(503, Some(Duration::from_secs(26)));
        assert_eq!(
            delay(&error, Verb::Read, 1, 0.0),
            Some(Duration::from_secs(26))
        );
        assert_eq!(delay(&error, Verb::Submit, 1, 0.0), None);
    }
}
