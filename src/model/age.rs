//! Ages, durations and times in words.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Future offset beyond any clock skew.
const AHEAD: i64 = -HOUR;

/// The time shifted by `by`, which may be negative, clamped to the representable range. A file may contain any time.
#[must_use]
pub fn shifted(time: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    time.checked_add(by).unwrap_or(end)
}

/// The age of a time further ahead than any clock skew.
pub const IN_THE_FUTURE: &str = "in the future";

/// An age in its largest whole unit; a time ahead by clock skew is "just now", one further ahead is "in the future".
#[must_use]
pub fn age_text(seconds: i64) -> String {
    if seconds <= AHEAD {
        return IN_THE_FUTURE.to_owned();
    }
    match seconds {
        ..=0 => "just now".to_owned(),
        // A count of seconds would be wrong until the next repaint.
        1..MINUTE => "less than a minute ago".to_owned(),
        MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        HOUR..DAY => format!("{} h ago", seconds / HOUR),
        DAY.. => format!("{} d ago", seconds / DAY),
    }
}

/// A duration in at most two units, never in clock format.
#[must_use]
pub fn duration_text(seconds: i64) -> String {
    let two = |much: i64, unit, more: i64, smaller| {
        if more == 0 {
            format!("{much} {unit}")
        } else {
            format!("{much} {unit} {more} {smaller}")
        }
    };
    match seconds.max(0) {
        secs @ ..MINUTE => format!("{secs} s"),
        secs @ MINUTE..HOUR => two(secs / MINUTE, "min", secs % MINUTE, "s"),
        secs @ HOUR..DAY => two(secs / HOUR, "h", secs % HOUR / MINUTE, "min"),
        secs @ DAY.. => two(secs / DAY, "d", secs % DAY / HOUR, "h"),
    }
}

/// Whether a report from that time is unreliable: older than `limit`, or dated in the future.
#[must_use]
pub fn is_outdated(at: Timestamp, now: Timestamp, limit: SignedDuration) -> bool {
    let age = now.duration_since(at);
    age > limit || age.as_secs() <= AHEAD
}

/// Local date, time and UTC offset to the minute, without the date if it is today's: `04:13 +00:00`.
#[must_use]
pub fn clock_text(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let [then, today] = [at, now].map(|at| at.to_zoned(zone.clone()));
    let format = if then.date() == today.date() {
        "%H:%M %:z"
    } else {
        "%Y-%m-%d %H:%M %:z"
    };
    then.strftime(format).to_string()
}

/// Start and given age: `since 04:13 +00:00, 49 min ago`.
#[must_use]
pub fn since_text(at: Timestamp, now: Timestamp, zone: &TimeZone, age: &str) -> String {
    format!("since {}, {age}", clock_text(at, now, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_offset_and_its_date_unless_today() {
        let time = |text: &str| -> Timestamp { text.parse().expect("a literal time") };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let now = time("2026-11-28T22:30:00Z");
        for (at, text) in [
            ("2026-11-28T22:13:59Z", "00:13 +02:00"),
            ("2026-11-28T21:59:00Z", "2026-11-28 23:59 +02:00"),
            ("2025-11-28T22:13:00Z", "2025-11-29 00:13 +02:00"),
        ] {
            assert_eq!(clock_text(time(at), now, &zone), text);
        }
        let at = time("2026-11-28T22:13:00Z");
        let since = since_text(at, now, &zone, &age_text(1_020));
        assert_eq!(since, "since 00:13 +02:00, 17 min ago");
    }

    #[test]
    fn durations_have_at_most_two_units_and_no_clock_format() {
        for (secs, text) in [
            (-5, "0 s"),
            (18, "18 s"),
            (200, "3 min 20 s"),
            (720, "12 min"),
            (7_500, "2 h 5 min"),
            (7_209, "2 h"),
            (86_400, "1 d"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(duration_text(secs), text);
        }
    }

    #[test]
    fn ages_are_in_their_largest_unit() {
        for (seconds, text) in [
            (i64::MIN, "in the future"),
            (-3_600, "in the future"),
            (-3_599, "just now"),
            (-5, "just now"),
            (0, "just now"),
            (14, "less than a minute ago"),
            (59, "less than a minute ago"),
            (60, "1 min ago"),
            (4 * 60 + 59, "4 min ago"),
            (3600, "1 h ago"),
            (3 * 3600 + 5, "3 h ago"),
            (86_400, "1 d ago"),
            (19 * 86_400, "19 d ago"),
        ] {
            assert_eq!(age_text(seconds), text);
        }
    }
}
