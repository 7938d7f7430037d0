//! Rate limiter: permits of all lanes, as a pure structure with time as an argument.
//!
//! The service allows 100 calls a minute and 1,500 an hour per application and tenant. Polling must
//! not use up the budget of a click, so background lanes stop early.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Budget, retry_after_secs};

/// Priority class of a request. An earlier lane takes precedence when permits are scarce, and
/// ignores pauses that the service requested for a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// A confirmed order.
    Order,
    /// Interactive: a user waits.
    Analyst,
    /// Reconciling the outcome of an order.
    LookUp,
    /// Polling of actions in progress.
    Watch,
    /// Refreshing of lists.
    Refresh,
}

impl Lane {
    const fn is_background(self) -> bool {
        match self {
            Self::Order | Self::Analyst | Self::LookUp => false,
            Self::Watch | Self::Refresh => true,
        }
    }

    /// Share of a window that this lane may fill with background calls, in percent. The part above
    /// [`Lane::Refresh`] is reserved for [`Lane::Watch`].
    const fn percent(self) -> usize {
        match self {
            Self::Order | Self::Analyst | Self::LookUp => 100,
            Self::Watch => 50,
            Self::Refresh => 40,
        }
    }
}

/// An additional rate limit of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    Common,
    PackageLinks,
    /// Starting automated investigations.
    Investigations,
}

impl Quota {
    const fn windows(self) -> &'static [Window] {
        match self {
            Self::Common => WINDOWS,
            Self::PackageLinks => PACKAGE_LINKS,
            Self::Investigations => INVESTIGATIONS,
        }
    }

    /// Maximum pause that is respected, in seconds.
    const fn max_pause_secs(self) -> i64 {
        match self {
            Self::Common => MAX_PAUSE_SECS,
            Self::PackageLinks | Self::Investigations => MAX_ROUTE_PAUSE_SECS,
        }
    }
}

/// Permission to send one request. Counted when issued, used or not.
#[derive(Debug)]
#[must_use = "a permit that is not used is a call lost"]
pub struct Permit(Quota, Lane);

impl Permit {
    /// The request's additional rate limit.
    pub(super) const fn quota(&self) -> Quota {
        self.0
    }
}

/// At most `calls` requests in `secs` seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub secs: i64,
    pub calls: usize,
}

/// The documented limits for all calls together.
pub(super) const WINDOWS: &[Window] = &[MINUTE, HOUR];
pub(super) const MINUTE: Window = Window {
    secs: 60,
    calls: 100,
};
pub(super) const HOUR: Window = Window {
    secs: 3_600,
    calls: 1_500,
};

/// The documented limits of single routes; their calls also count against the common limits.
const PACKAGE_LINKS: &[Window] = &[
    Window { secs: 60, calls: 2 },
    Window {
        secs: 3_600,
        calls: 120,
    },
];
const INVESTIGATIONS: &[Window] = &[Window {
    secs: 3_600,
    calls: 50,
}];

/// Maximum pause of the common limit in seconds, as in other clients. An absurd `Retry-After` must
/// not stop everything.
const MAX_PAUSE_SECS: i64 = 300;
/// Maximum pause of a route with its own limit, which blocks no other call: its longest window.
/// Retrying earlier would prolong the 429s.
const MAX_ROUTE_PAUSE_SECS: i64 = 3_600;
const USUAL_PAUSE_SECS: i64 = 60;
/// A 429 below this percentage of each window is caused by other clients.
const LITTLE_PERCENT: usize = 90;
/// How long other clients are then assumed to stay active.
const SHARED_FOR_SECS: i64 = 300;

#[derive(Debug, Clone, Copy)]
struct Call {
    at: Timestamp,
    background: bool,
}

/// The limiter for all calls, and those of routes with a smaller limit.
#[derive(Debug)]
pub(super) struct Limiters {
    pub common: RateLimiter,
    package_links: RateLimiter,
    investigations: RateLimiter,
}

impl Limiters {
    pub(super) const fn new() -> Self {
        Self {
            common: RateLimiter::new(Quota::Common),
            package_links: RateLimiter::new(Quota::PackageLinks),
            investigations: RateLimiter::new(Quota::Investigations),
        }
    }

    /// The remaining budget, and the limits that make callers wait.
    pub(super) fn budget(&mut self, now: Timestamp) -> Budget {
        Budget {
            investigations_until: self.investigations.check(Lane::Order, now).err(),
            ..self.common.budget(now)
        }
    }

    fn of(&mut self, quota: Quota) -> Option<&mut RateLimiter> {
        match quota {
            Quota::Common => None,
            Quota::PackageLinks => Some(&mut self.package_links),
            Quota::Investigations => Some(&mut self.investigations),
        }
    }

    /// Permission to send one request now, or the time at which to ask again. Nothing is counted
    /// unless both limits allow it.
    pub(super) fn poll(
        &mut self,
        quota: Quota,
        lane: Lane,
        now: Timestamp,
    ) -> Result<Permit, Timestamp> {
        if let Some(own) = self.of(quota) {
            own.check(lane, now)?;
        }
        self.common.check(lane, now)?;
        self.common.count(lane, now);
        if let Some(own) = self.of(quota) {
            own.count(lane, now);
        }
        Ok(Permit(quota, lane))
    }

    /// Closes the gate after a 429 to a request with this permit. That of a route with its own
    /// limit blocks no other call: if the common limit is used up as well, the next common call
    /// gets its own 429.
    pub(super) fn close_gate(&mut self, permit: &Permit, until: Timestamp, now: Timestamp) {
        let Permit(quota, lane) = *permit;
        match self.of(quota) {
            Some(own) => own.close_gate(lane, until, now),
            None => self.common.close_gate(lane, until, now),
        }
    }
}

/// Windows, lanes, and a gate per lane, which a 429 closes for that lane and later ones.
#[derive(Debug)]
pub(super) struct RateLimiter {
    quota: Quota,
    /// Oldest first, none older than the longest window.
    calls: VecDeque<Call>,
    /// Lanes that got a 429, and the end of the pause for them and later lanes.
    gates: Vec<(Lane, Timestamp)>,
    /// Until then, other clients are assumed to share the limit.
    shared_until: Option<Timestamp>,
}

impl RateLimiter {
    pub(super) const fn new(quota: Quota) -> Self {
        Self {
            quota,
            calls: VecDeque::new(),
            gates: Vec::new(),
            shared_until: None,
        }
    }

    /// Checks for room for one call now; otherwise the time at which to ask again.
    fn check(&mut self, lane: Lane, now: Timestamp) -> Result<(), Timestamp> {
        self.evict_expired(now);
        if let Some(until) = self.gate_until(lane, now) {
            return Err(until);
        }
        let ready = self
            .quota
            .windows()
            .iter()
            .filter_map(|window| self.ready_at(*window, lane, now))
            .max();
        ready.map_or(Ok(()), Err)
    }

    /// Whether there is no room for one call now. Counts nothing.
    pub(super) fn has_to_wait(&mut self, lane: Lane, now: Timestamp) -> bool {
        self.check(lane, now).is_err()
    }

    fn count(&mut self, lane: Lane, now: Timestamp) {
        self.calls.push_back(Call {
            at: now,
            background: lane.is_background(),
        });
    }

    /// Closes the gate after a 429: this lane and later ones get no permit before `until`. Earlier
    /// lanes may still succeed, as the service also rejects single calls. A 429 despite low use
    /// means that other clients share the limit, which is per application and tenant. Background
    /// calls then get half their share for a while.
    pub(super) fn close_gate(&mut self, lane: Lane, until: Timestamp, now: Timestamp) {
        self.evict_expired(now);
        // A longer earlier pause stays in force.
        let longest = self.gate_until(lane, now).max(Some(until));
        self.gates.retain(|(closed, _)| *closed != lane);
        self.gates.extend(longest.map(|until| (lane, until)));
        let is_low =
            self.quota.windows().iter().all(|window| {
                self.within(*window, now).count() < window.calls * LITTLE_PERCENT / 100
            });
        if is_low {
            self.shared_until = self.shared_until.max(Some(later(until, SHARED_FOR_SECS)));
        }
    }

    /// The remaining budget.
    pub(super) fn budget(&mut self, now: Timestamp) -> Budget {
        let calls = |window: Window| u32::try_from(window.calls).unwrap_or(u32::MAX);
        Budget {
            left_minute: self.left(MINUTE, now),
            of_minute: calls(MINUTE),
            left_hour: self.left(HOUR, now),
            of_hour: calls(HOUR),
            gate_until: self.gate_until(Lane::Watch, now),
            investigations_until: None,
            is_shared: self.is_shared(now),
        }
    }

    /// Whether other clients seem to share the limit.
    pub(super) fn is_shared(&mut self, now: Timestamp) -> bool {
        self.evict_expired(now);
        self.shared_until.is_some()
    }

    /// End of this lane's pause, if its gate is closed.
    pub(super) fn gate_until(&mut self, lane: Lane, now: Timestamp) -> Option<Timestamp> {
        self.evict_expired(now);
        let closed = self.gates.iter().filter(|(closed, _)| *closed <= lane);
        closed.map(|(_, until)| *until).max()
    }

    /// Number of interactive calls left in this window.
    pub(super) fn left(&mut self, window: Window, now: Timestamp) -> u32 {
        self.evict_expired(now);
        let used = self.within(window, now).count();
        u32::try_from(window.calls.saturating_sub(used)).unwrap_or(u32::MAX)
    }

    fn within(&self, window: Window, now: Timestamp) -> impl Iterator<Item = &Call> {
        self.calls
            .iter()
            .filter(move |call| later(call.at, window.secs) > now)
    }

    /// The time at which the window has room for this lane; `None` if it has room now.
    fn ready_at(&self, window: Window, lane: Lane, now: Timestamp) -> Option<Timestamp> {
        // The n-th newest call has to leave the window, where n is the lane's share.
        let room = |calls: Vec<Timestamp>, room: usize| {
            let must_leave = calls.len().checked_sub(room.max(1))?;
            calls.get(must_leave).map(|at| later(*at, window.secs))
        };
        let all = room(
            self.within(window, now).map(|call| call.at).collect(),
            window.calls,
        );
        if !lane.is_background() {
            return all;
        }
        let background = self
            .within(window, now)
            .filter(|call| call.background)
            .map(|call| call.at)
            .collect();
        let percent = match self.shared_until {
            Some(_) => lane.percent() / 2,
            None => lane.percent(),
        };
        all.max(room(background, window.calls * percent / 100))
    }

    /// Drops expired calls and gates. Times in the future, after the clock was set back, count as
    /// now, so that requests are not blocked.
    fn evict_expired(&mut self, now: Timestamp) {
        for call in self.calls.iter_mut().rev().take_while(|call| call.at > now) {
            call.at = now;
        }
        let longest = self
            .quota
            .windows()
            .iter()
            .map(|window| window.secs)
            .max()
            .unwrap_or(0);
        while self
            .calls
            .front()
            .is_some_and(|call| later(call.at, longest) <= now)
        {
            self.calls.pop_front();
        }
        self.gates.retain(|(_, until)| *until > now);
        for (_, until) in &mut self.gates {
            *until = (*until).min(later(now, self.quota.max_pause_secs()));
        }
        let longest = later(now, self.quota.max_pause_secs() + SHARED_FOR_SECS);
        let shared = self.shared_until.filter(|until| *until > now);
        self.shared_until = shared.map(|until| until.min(longest));
    }
}

/// `at` plus `secs` seconds, saturating.
pub(super) fn later(at: Timestamp, secs: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(secs))
        .unwrap_or(Timestamp::MAX)
}

/// The pause requested by `Retry-After`, in seconds: at least one, at most the maximum of this
/// request's limit; a minute if it cannot be parsed.
pub(super) fn pause_secs(
    quota: Quota,
    retry_after: Option<&str>,
    date: Option<Timestamp>,
    now: Timestamp,
) -> i64 {
    retry_after
        .and_then(|text| retry_after_secs(text, Some(date.unwrap_or(now))))
        .map_or(USUAL_PAUSE_SECS, |secs| secs.min(quota.max_pause_secs()))
}

#[cfg(test)]
mod tests;
