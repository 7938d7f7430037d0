//! Permits, windows, gates and pauses, with a clock that the test moves.

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
fn has_to_wait_counts_no_call() {
    let mut limiter = RateLimiter::new(Quota::Common);
    assert!(!limiter.has_to_wait(Lane::Refresh, at(0)));
    let taken = drain(&mut limiter, Lane::Refresh, at(0));
    assert!(limiter.has_to_wait(Lane::Refresh, at(1)));
    assert!(!limiter.has_to_wait(Lane::Analyst, at(1)));
    let left = usize::try_from(limiter.left(MINUTE, at(1))).expect("few");
    assert_eq!(left, MINUTE.calls - taken);
    assert!(!limiter.has_to_wait(Lane::Refresh, at(61)));
}

#[test]
fn route_limit_does_not_block_other_routes() {
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
    let refused = refused.expect("a permit");
    limiters.close_gate(&refused, at(90), at(62));
    let mut poll = |quota, secs| limiters.poll(quota, Lane::Analyst, at(secs));
    assert_eq!(poll(Quota::PackageLinks, 63).err(), Some(at(90)));
    assert!(poll(Quota::Common, 63).is_ok());
    let refused = poll(Quota::Common, 64).expect("a permit");
    limiters.close_gate(&refused, at(95), at(64));
    let mut poll = |quota, secs| limiters.poll(quota, Lane::Analyst, at(secs));
    assert_eq!(poll(Quota::PackageLinks, 94).err(), Some(at(95)));
}

#[test]
fn polling_leaves_half_of_the_minute_to_interactive_calls() {
    let mut limiter = RateLimiter::new(Quota::Common);
    assert_eq!(drain(&mut limiter, Lane::Refresh, at(0)), 40);
    assert_eq!(drain(&mut limiter, Lane::Watch, at(1)), 10);
    assert_eq!(drain(&mut limiter, Lane::Analyst, at(2)), 50);
    assert_eq!(limiter.poll(Lane::Analyst, at(3)).err(), Some(at(60)));
    assert_eq!(limiter.left(MINUTE, at(3)), 0);
    assert_eq!(limiter.left(HOUR, at(3)), 1_400);
    assert_eq!(drain(&mut limiter, Lane::Analyst, at(60)), 40);
}

#[test]
fn interactive_calls_can_block_polling() {
    let mut limiter = RateLimiter::new(Quota::Common);
    assert_eq!(drain(&mut limiter, Lane::Analyst, at(0)), 100);
    assert_eq!(limiter.poll(Lane::Watch, at(30)).err(), Some(at(60)));
    assert!(limiter.poll(Lane::Watch, at(60)).is_ok());
}

#[test]
fn hourly_limit_is_enforced() {
    let mut limiter = RateLimiter::new(Quota::Common);
    let sent: usize = (0..15)
        .map(|n| drain(&mut limiter, Lane::Analyst, at(n * 60)))
        .sum();
    assert_eq!(sent, 1_500);
    assert_eq!(limiter.poll(Lane::Analyst, at(900)).err(), Some(at(3_600)));
    assert_eq!(limiter.left(MINUTE, at(900)), 100);
    assert_eq!(limiter.left(HOUR, at(900)), 0);
}

#[test]
fn closed_gate_blocks_its_lane_and_later_ones() {
    use Lane::{Analyst, LookUp, Order, Refresh, Watch};
    let mut limiter = RateLimiter::new(Quota::Common);
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
fn shared_limit_is_detected_and_halves_polling() {
    let mut limiter = RateLimiter::new(Quota::Common);
    assert_eq!(drain(&mut limiter, Lane::Watch, at(0)), 50);
    limiter.close_gate(Lane::Watch, at(60), at(1));
    assert!(limiter.is_shared(at(1)));
    assert_eq!(drain(&mut limiter, Lane::Watch, at(60)), 25);
    assert_eq!(drain(&mut limiter, Lane::Analyst, at(61)), 75);
    assert!(limiter.is_shared(at(359)) && !limiter.is_shared(at(360)));

    let mut limiter = RateLimiter::new(Quota::Common);
    assert_eq!(drain(&mut limiter, Lane::Analyst, at(0)), 100);
    limiter.close_gate(Lane::Watch, at(60), at(1));
    assert!(!limiter.is_shared(at(1)));
}

#[test]
fn clock_set_back_does_not_block_requests() {
    let mut limiter = RateLimiter::new(Quota::Common);
    assert_eq!(drain(&mut limiter, Lane::Analyst, at(86_400)), 100);
    limiter.close_gate(Lane::Order, at(86_460), at(86_400));
    assert_eq!(limiter.poll(Lane::Analyst, at(0)).err(), Some(at(300)));
    assert!(limiter.poll(Lane::Analyst, at(300)).is_ok());
}

#[test]
fn retry_after_is_parsed_and_bounded() {
    let pause = |text: &str| pause_secs(Quota::Common, Some(text), None, at(0));
    assert_eq!(pause("26"), 26);
    assert_eq!(pause(" 7 "), 7);
    assert_eq!(pause("0"), 1);
    assert_eq!(pause("1.5"), 2);
    assert_eq!(pause("86400"), 300);
    assert_eq!(pause("99999999999999999999999"), 300);
    for junk in ["", "soon", "-5", "NaN"] {
        assert_eq!(pause(junk), 60, "{junk:?}");
    }
    assert_eq!(pause_secs(Quota::Common, None, None, at(0)), 60);
    // 1,700,000,000 is Tue, 14 Nov 2023 22:13:20 GMT.
    assert_eq!(pause("Tue, 14 Nov 2023 22:13:50 GMT"), 30);
    assert_eq!(pause("Tue, 14 Nov 2023 22:13:00 GMT"), 1);
    assert_eq!(
        pause_secs(
            Quota::Common,
            Some("Tue, 14 Nov 2023 22:13:50 GMT"),
            Some(at(20)),
            at(-9_000)
        ),
        10
    );
}

#[test]
fn route_limit_respects_the_full_requested_pause() {
    let pause = |quota, text| pause_secs(quota, Some(text), None, at(0));
    for quota in [Quota::Investigations, Quota::PackageLinks] {
        assert_eq!(pause(quota, "3550"), 3_550);
        assert_eq!(pause(quota, "86400"), 3_600);
    }
    assert_eq!(pause(Quota::Common, "3550"), 300);

    let mut limiters = Limiters::new();
    let refused = limiters.poll(Quota::Investigations, Lane::Order, at(0));
    let refused = refused.expect("a permit");
    limiters.close_gate(&refused, at(3_550), at(1));
    let mut poll = |secs| limiters.poll(Quota::Investigations, Lane::Order, at(secs));
    assert_eq!(poll(400).err(), Some(at(3_550)));
    assert_eq!(
        limiters.budget(at(400)).investigations_until,
        Some(at(3_550))
    );
    assert_eq!(limiters.budget(at(400)).gate_until, None);
    assert!(
        limiters
            .poll(Quota::Investigations, Lane::Order, at(3_550))
            .is_ok()
    );
    assert_eq!(limiters.budget(at(3_551)).investigations_until, None);
    // The clock was set back.
    let refused = limiters.poll(Quota::Investigations, Lane::Order, at(90_000));
    limiters.close_gate(&refused.expect("a permit"), at(93_600), at(90_000));
    assert_eq!(limiters.budget(at(0)).investigations_until, Some(at(3_600)));
}
