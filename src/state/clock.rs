//! This computer's clock compared with the service's.

use jiff::SignedDuration;

use super::State;
use crate::explain::{Explanation, NextStep};
use crate::model::{EntryId, duration_text};

/// The clock skew that Kerberos and most of Microsoft's services tolerate.
const MAY_BE_OFF: SignedDuration = SignedDuration::from_mins(5);
/// Below this, a reported skew is withdrawn: hysteresis, so that the notice does not flicker at the limit.
const IS_RIGHT: SignedDuration = SignedDuration::from_mins(4);
/// The change of skew above which the clock was set: drift and late replies change it by less.
const JUMP: SignedDuration = SignedDuration::from_secs(30);

/// This computer's clock. No decision depends on it, nor does the age of a service timestamp; but the journal
/// has its times.
#[derive(Debug, Default)]
pub struct OwnClock {
    /// The notice of a large skew, if there is one.
    pub off: Option<Explanation>,
    /// The skew in that notice.
    said: SignedDuration,
    is_measured: bool,
    /// The number of entries at the last jump.
    entries_before_jump: usize,
}

impl OwnClock {
    /// Updates the notice after a large change, and withdraws it once the clock is right.
    fn note(&mut self, ahead: SignedDuration) {
        let limit = self.off.as_ref().map_or(MAY_BE_OFF, |_| IS_RIGHT);
        if ahead.abs() < limit {
            self.off = None;
        } else if self.off.is_none() || ahead.saturating_sub(self.said).abs() >= MAY_BE_OFF {
            self.said = ahead;
            self.off = Some(explanation(ahead));
        }
    }
}

fn explanation(ahead: SignedDuration) -> Explanation {
    // Seconds are within the reply's latency.
    let amount = duration_text(ahead.abs().as_mins() * 60);
    let side = if ahead.is_negative() {
        "ahead of"
    } else {
        "behind"
    };
    let next = "Set it: the journal records this computer's time. Ages, sign-in, waits and following are not affected";
    Explanation::harmless(
        format!("The clock of this computer is {amount} {side} the service's"),
        NextStep::Outside(next.into()),
    )
}

impl State {
    /// Applies a measurement of how far the service's clock is ahead of this computer's.
    pub(super) fn apply_service_ahead(&mut self, ahead: SignedDuration) {
        let moved = ahead.saturating_sub(self.service_ahead).abs();
        if self.clock.is_measured && moved > JUMP {
            self.clock.entries_before_jump = self.entries.iter().count();
        }
        self.clock.is_measured = true;
        self.service_ahead = ahead;
        self.clock.note(ahead);
    }

    /// Whether this computer's clock has jumped since an entry was confirmed in this run: durations since then
    /// are wrong.
    #[must_use]
    pub fn clock_jumped_since(&self, id: EntryId) -> bool {
        let index = self.entries.index_of(id);
        let is_before = index.is_some_and(|index| index < self.clock.entries_before_jump);
        is_before && !self.entries.is_of_earlier_run(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_notice_is_updated_on_change_and_withdrawn_when_right() {
        let mut clock = OwnClock::default();
        let mut words = |secs: i64| {
            clock.note(SignedDuration::from_secs(secs));
            let said = clock.off.as_ref().map(|off| off.headline.clone());
            said.unwrap_or_default()
        };
        let off = |how: &str| format!("The clock of this computer is {how} the service's");
        assert_eq!(words(299), "");
        assert_eq!(words(-10_800), off("3 h ahead of"));
        assert_eq!(words(-10_860), off("3 h ahead of"), "it jitters");
        assert_eq!(words(7_200), off("2 h behind"));
        assert_eq!(words(-40 * 86_400), off("40 d ahead of"));
        assert_eq!(words(0), "");
        assert_eq!(words(-10_800), off("3 h ahead of"), "again");
        assert_eq!(words(-300), off("5 min ahead of"));
        assert_eq!(words(-299), off("5 min ahead of"), "at the edge");
        assert_eq!(words(-200), "");
    }
}
