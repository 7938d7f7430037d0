//! Rate limiter: permits of all lanes, as a pure structure that is given the time.
//!
//! The service allows 100 calls a minute and 1,500 an hour for one application in one tenant, all
//! computers together. Polling must not eat what a click needs, so background lanes stop early.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Budget, retry_after_secs};

/// Priority class of a request. An earlier lane comes first where permits are short, and ignores
/// pauses that the service asked a later one for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// An order that a person has confirmed.
    Order,
    /// A person waits for it.
    Analyst,
    /// Finding out what became of an order.
    LookUp,
    /// Following actions in flight.
    Watch,
    /// Keeping lists fresh.
    Refresh,
}

impl Lane {
    const fn is_background(self) -> bool {
        match self {
            Self::Order | Self::Analyst | Self::LookUp => false,
            Self::Watch | Self::Refresh => true,
        }
    }

    /// Share of a window that this lane may fill with background calls, in percent. The rest above
    /// [`Lane::Refresh`] is there for [`Lane::Watch`].
    const fn percent(self) -> usize {
        match self {
            Self::Order | Self::Analyst | Self::LookUp => 100,
            Self::Watch => 50,
            Self::Refresh => 40,
        }
    }
}

/// Further rate limit that a request counts against, besides the common one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    Common,
    /// The links to packages.
    PackageLinks,
    /// Automated investigations that are started.
    Investigations,
}

/// Permission to send one request. Counted when given out, used or not.
#[derive(Debug)]
#[must_use = "a permit that is not used is a call lost"]
pub struct Permit(Quota, Lane);

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

/// The documented limits of single routes, which count against those for all calls as well.
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

/// A gate closed for longer is tried again after this time; other clients cap there as well.
const MAX_PAUSE_SECS: i64 = 300;
const USUAL_PAUSE_SECS: i64 = 60;
/// A 429 below this much of each window is not of this console's making.
const LITTLE_PERCENT: usize = 90;
/// How long after such a pause others are taken to be there still.
const SHARED_FOR_SECS: i64 = 300;

#[derive(Debug, Clone, Copy)]
struct Call {
    at: Timestamp,
    background: bool,
}

/// The limiter for all calls together, and those of routes with a smaller limit of their own.
#[derive(Debug)]
pub(super) struct Limiters {
    pub common: RateLimiter,
    package_links: RateLimiter,
    investigations: RateLimiter,
}

impl Limiters {
    pub(super) const fn new() -> Self {
        Self {
            common: RateLimiter::new(WINDOWS),
            package_links: RateLimiter::new(PACKAGE_LINKS),
            investigations: RateLimiter::new(INVESTIGATIONS),
        }
    }

    fn of(&mut self, quota: Quota) -> Option<&mut RateLimiter> {
        match quota {
            Quota::Common => None,
            Quota::PackageLinks => Some(&mut self.package_links),
            Quota::Investigations => Some(&mut self.investigations),
        }
    }

    /// Permission to send one request now, or the time at which to ask again. Nothing is counted unless both
    /// limits have room.
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

    /// After a 429 to a call with this permit. That of a route with a limit of its own holds up
    /// no other call: if the limit for all is used up as well, the next of those is told so.
    pub(super) fn close_gate(&mut self, permit: &Permit, until: Timestamp, now: Timestamp) {
        let Permit(quota, lane) = *permit;
        match self.of(quota) {
            Some(own) => own.close_gate(lane, until, now),
            None => self.common.close_gate(lane, until, now),
        }
    }
}

/// Windows, lanes, and for each lane a gate that a 429 closes for it and those after it.
#[derive(Debug)]
pub(super) struct RateLimiter {
    windows: &'static [Window],
    /// Oldest first, none older than the longest window.
    calls: VecDeque<Call>,
    /// The lanes that got a 429, and until when each waits with those after it.
    gates: Vec<(Lane, Timestamp)>,
    /// Until then others are taken to share the limit.
    shared_until: Option<Timestamp>,
}

impl RateLimiter {
    pub(super) const fn new(windows: &'static [Window]) -> Self {
        Self {
            windows,
            calls: VecDeque::new(),
            gates: Vec::new(),
            shared_until: None,
        }
    }

    /// Whether there is room for one call now, or the time at which to ask again.
    fn check(&mut self, lane: Lane, now: Timestamp) -> Result<(), Timestamp> {
        self.evict_expired(now);
        if let Some(until) = self.gate_until(lane, now) {
            return Err(until);
        }
        let ready = self
            .windows
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

    /// After a 429: neither this lane nor one after it gets a permit before `until`. Earlier ones may
    /// still be answered: the service turns away single calls, too. A 429 although this console has
    /// used little says that others share its limit: the service counts for one application in one
    /// tenant. Background calls then take half of their share, for a while.
    pub(super) fn close_gate(&mut self, lane: Lane, until: Timestamp, now: Timestamp) {
        self.evict_expired(now);
        // A longer pause that was asked for before still holds.
        let longest = self.gate_until(lane, now).max(Some(until));
        self.gates.retain(|(closed, _)| *closed != lane);
        self.gates.extend(longest.map(|until| (lane, until)));
        let is_low = self
            .windows
            .iter()
            .all(|window| self.within(*window, now).count() < window.calls * LITTLE_PERCENT / 100);
        if is_low {
            self.shared_until = self.shared_until.max(Some(later(until, SHARED_FOR_SECS)));
        }
    }

    /// How many calls are left.
    pub(super) fn budget(&mut self, now: Timestamp) -> Budget {
        let calls = |window: Window| u32::try_from(window.calls).unwrap_or(u32::MAX);
        Budget {
            left_minute: self.left(MINUTE, now),
            of_minute: calls(MINUTE),
            left_hour: self.left(HOUR, now),
            of_hour: calls(HOUR),
            gate_until: self.gate_until(Lane::Watch, now),
            is_shared: self.is_shared(now),
        }
    }

    /// Whether others seem to use the same limit.
    pub(super) fn is_shared(&mut self, now: Timestamp) -> bool {
        self.evict_expired(now);
        self.shared_until.is_some()
    }

    /// Until when the gate of this lane is closed, if it is.
    pub(super) fn gate_until(&mut self, lane: Lane, now: Timestamp) -> Option<Timestamp> {
        self.evict_expired(now);
        let closed = self.gates.iter().filter(|(closed, _)| *closed <= lane);
        closed.map(|(_, until)| *until).max()
    }

    /// How many calls a person could still make in this window.
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

    /// When the window has room again for this lane; `None` if it has.
    fn ready_at(&self, window: Window, lane: Lane, now: Timestamp) -> Option<Timestamp> {
        // The n-th newest call has to leave the window, where n is what the lane may fill.
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

    /// Forgets what is over. A clock set back must not lock anybody out: what lies in the future
    /// is taken to have just happened.
    fn evict_expired(&mut self, now: Timestamp) {
        for call in self.calls.iter_mut().rev().take_while(|call| call.at > now) {
            call.at = now;
        }
        let longest = self
            .windows
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
            *until = (*until).min(later(now, MAX_PAUSE_SECS));
        }
        let longest = later(now, MAX_PAUSE_SECS + SHARED_FOR_SECS);
        let shared = self.shared_until.filter(|until| *until > now);
        self.shared_until = shared.map(|until| until.min(longest));
    }
}

/// `at` plus `secs` seconds, at most the end of time.
pub(super) fn later(at: Timestamp, secs: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(secs))
        .unwrap_or(Timestamp::MAX)
}

/// The pause asked for by `Retry-After`: at least a second, at most five minutes; a minute where it
/// cannot be read.
pub(super) fn pause_secs(
    retry_after: Option<&str>,
    date: Option<Timestamp>,
    now: Timestamp,
) -> i64 {
    retry_after
        .and_then(|text| retry_after_secs(text, Some(date.unwrap_or(now))))
        .map_or(USUAL_PAUSE_SECS, |secs| secs.min(MAX_PAUSE_SECS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + secs).expect("a literal time")
    }

    impl RateLimiter {
        fn poll(&mut self, lane: Lane, now: Timestamp) -> Result<(), Timestamp> {
            self.check(lane, now)?;
            self.count(lane, now);
            Ok(())
        }
    }

    fn drain(limiter: &mut RateLimiter, lane: Lane, now: Timestamp) -> usize {
        std::iter::from_fn(|| limiter.poll(lane, now).ok()).count()
    }

    #[test]
    fn who_only_looks_whether_there_is_room_takes_none() {
        let mut limiter = RateLimiter::new(WINDOWS);
        assert!(!limiter.has_to_wait(Lane::Refresh, at(0)));
        let taken = drain(&mut limiter, Lane::Refresh, at(0));
        assert!(limiter.has_to_wait(Lane::Refresh, at(1)));
        assert!(!limiter.has_to_wait(Lane::Analyst, at(1)));
        let left = usize::try_from(limiter.left(MINUTE, at(1))).expect("few");
        assert_eq!(left, MINUTE.calls - taken);
        assert!(!limiter.has_to_wait(Lane::Refresh, at(61)));
    }

    #[test]
    fn a_route_with_a_limit_of_its_own_holds_up_no_other() {
        let mut limiters = Limiters::new();
        let mut poll = |quota, secs| limiters.poll(quota, Lane::Analyst, at(secs));
        assert!(poll(Quota::PackageLinks, 0).is_ok() && poll(Quota::PackageLinks, 1).is_ok());
        assert_eq!(poll(Quota::PackageLinks, 2).err(), Some(at(60)));
        for n in 0..50 {
            assert!(poll(Quota::Investigations, n).is_ok(), "{n}");
        }
        assert_eq!(poll(Quota::Investigations, 50).err(), Some(at(3_600)));
        let common = poll(Quota::Common, 51);
        assert!(common.is_ok());
        assert_eq!(limiters.common.left(MINUTE, at(51)), 47);
        let refused = limiters.poll(Quota::PackageLinks, Lane::Analyst, at(62));
        let refused = refused.expect("there is room again");
        limiters.close_gate(&refused, at(90), at(62));
        let mut poll = |quota, secs| limiters.poll(quota, Lane::Analyst, at(secs));
        assert_eq!(poll(Quota::PackageLinks, 63).err(), Some(at(90)));
        assert!(poll(Quota::Common, 63).is_ok());
        let refused = poll(Quota::Common, 64).expect("there is room");
        limiters.close_gate(&refused, at(95), at(64));
        let mut poll = |quota, secs| limiters.poll(quota, Lane::Analyst, at(secs));
        assert_eq!(poll(Quota::PackageLinks, 94).err(), Some(at(95)));
    }

    #[test]
    fn polling_leaves_half_of_the_minute_to_a_click() {
        let mut limiter = RateLimiter::new(WINDOWS);
        assert_eq!(drain(&mut limiter, Lane::Refresh, at(0)), 40);
        assert_eq!(drain(&mut limiter, Lane::Watch, at(1)), 10);
        assert_eq!(drain(&mut limiter, Lane::Analyst, at(2)), 50);
        assert_eq!(limiter.poll(Lane::Analyst, at(3)).err(), Some(at(60)));
        assert_eq!(limiter.left(MINUTE, at(3)), 0);
        assert_eq!(limiter.left(HOUR, at(3)), 1_400);
        assert_eq!(drain(&mut limiter, Lane::Analyst, at(60)), 40);
    }

    #[test]
    fn a_person_who_fills_the_window_holds_up_polling() {
        let mut limiter = RateLimiter::new(WINDOWS);
        assert_eq!(drain(&mut limiter, Lane::Analyst, at(0)), 100);
        assert_eq!(limiter.poll(Lane::Watch, at(30)).err(), Some(at(60)));
        assert!(limiter.poll(Lane::Watch, at(60)).is_ok());
    }

    #[test]
    fn the_hour_is_counted_too() {
        let mut limiter = RateLimiter::new(WINDOWS);
        let sent: usize = (0..15)
            .map(|n| drain(&mut limiter, Lane::Analyst, at(n * 60)))
            .sum();
        assert_eq!(sent, 1_500);
        assert_eq!(limiter.poll(Lane::Analyst, at(900)).err(), Some(at(3_600)));
        assert_eq!(limiter.left(MINUTE, at(900)), 100);
        assert_eq!(limiter.left(HOUR, at(900)), 0);
    }

    #[test]
    fn a_closed_gate_holds_for_its_lane_and_those_after_it() {
        use Lane::{Analyst, LookUp, Order, Refresh, Watch};
        let mut limiter = RateLimiter::new(WINDOWS);
        limiter.close_gate(LookUp, at(40), at(0));
        let lanes = [Order, Analyst, LookUp, Watch, Refresh];
        let mut closed = |secs| lanes.map(|lane| limiter.poll(lane, at(secs)).err());
        let [short, long] = [26, 40].map(|secs| Some(at(secs)));
        assert_eq!(closed(0), [None, None, long, long, long]);
        limiter.close_gate(Order, at(26), at(0));
        limiter.close_gate(Order, at(10), at(0));
        let mut closed = |secs| lanes.map(|lane| limiter.poll(lane, at(secs)).err());
        assert_eq!(closed(0), [short, short, long, long, long]);
        assert_eq!(closed(26), [None, None, long, long, long]);
        assert_eq!(closed(40), [None; 5]);
    }

    #[test]
    fn a_limit_shared_with_others_is_recognised_and_slows_polling() {
        let mut limiter = RateLimiter::new(WINDOWS);
        assert_eq!(drain(&mut limiter, Lane::Watch, at(0)), 50);
        limiter.close_gate(Lane::Watch, at(60), at(1));
        assert!(limiter.is_shared(at(1)));
        assert_eq!(drain(&mut limiter, Lane::Watch, at(60)), 25);
        assert_eq!(drain(&mut limiter, Lane::Analyst, at(61)), 75);
        assert!(limiter.is_shared(at(359)) && !limiter.is_shared(at(360)));

        let mut limiter = RateLimiter::new(WINDOWS);
        assert_eq!(drain(&mut limiter, Lane::Analyst, at(0)), 100);
        limiter.close_gate(Lane::Watch, at(60), at(1));
        assert!(!limiter.is_shared(at(1)));
    }

    #[test]
    fn a_clock_set_back_does_not_block_requests() {
        let mut limiter = RateLimiter::new(WINDOWS);
        assert_eq!(drain(&mut limiter, Lane::Analyst, at(86_400)), 100);
        limiter.close_gate(Lane::Order, at(86_460), at(86_400));
        assert_eq!(limiter.poll(Lane::Analyst, at(0)).err(), Some(at(300)));
        assert!(limiter.poll(Lane::Analyst, at(300)).is_ok());
    }

    #[test]
    fn a_retry_after_is_read_and_bounded() {
        let pause = |text: &str| pause_secs(Some(text), None, at(0));
        assert_eq!(pause("26"), 26);
        assert_eq!(pause(" 7 "), 7);
        assert_eq!(pause("0"), 1);
        assert_eq!(pause("1.5"), 2);
        assert_eq!(pause("86400"), 300);
        assert_eq!(pause("99999999999999999999999"), 300);
        for junk in ["", "soon", "-5", "NaN"] {
            assert_eq!(pause(junk), 60, "{junk:?}");
        }
        assert_eq!(pause_secs(None, None, at(0)), 60);
        // 1,700,000,000 is Tue, 14 Nov 2023 22:13:20 GMT.
        assert_eq!(pause("Tue, 14 Nov 2023 22:13:50 GMT"), 30);
        assert_eq!(pause("Tue, 14 Nov 2023 22:13:00 GMT"), 1);
        assert_eq!(
            pause_secs(
                Some("Tue, 14 Nov 2023 22:13:50 GMT"),
                Some(at(20)),
                at(-9_000)
            ),
            10
        );
    }
}
