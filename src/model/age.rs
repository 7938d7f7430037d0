//! How old something is, and when it was, in words.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Times further ahead than this are not explained by clock skew.
const AHEAD: i64 = -HOUR;

/// This much later, or earlier where it is negative; at most to the end of what can be told. A file may
/// say any time.
#[must_use]
pub fn shifted(time: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    time.checked_add(by).unwrap_or(end)
}

/// An age in its largest whole unit; what lies in the future by a skewed clock is "just now", and what
/// lies further ahead is said to.
#[must_use]
pub fn age_text(seconds: i64) -> String {
    if seconds <= AHEAD {
        return "in the future".to_owned();
    }
    let [minutes, hours, days] = UNITS;
    match seconds {
        ..=0 => JUST_NOW.to_owned(),
        // A figure that goes on by the second would stand still where nothing else moves.
        1..MINUTE => format!("{UNDER_A_MINUTE}{AGO}"),
        MINUTE..HOUR => format!("{}{minutes}{AGO}", seconds / MINUTE),
        HOUR..DAY => format!("{}{hours}{AGO}", seconds / HOUR),
        DAY.. => format!("{}{days}{AGO}", seconds / DAY),
    }
}

const JUST_NOW: &str = "just now";
const UNDER_A_MINUTE: &str = "less than a minute";
const UNITS: [&str; 3] = [" min", " h", " d"];
const AGO: &str = " ago";

/// `text` without what time alone changes in its [`age_text`]s, so that one who has read it has read it a
/// minute later too.
#[must_use]
pub fn without_ages(text: &str) -> String {
    let text = text.replace(JUST_NOW, &age_text(1));
    let pieces = text.split_inclusive(AGO).map(|piece| {
        let Some(before) = piece.strip_suffix(AGO) else {
            return piece;
        };
        let number = UNITS.iter().find_map(|unit| before.strip_suffix(unit));
        let rest = number.map(|number| number.trim_end_matches(|c: char| c.is_ascii_digit()));
        rest.or_else(|| before.strip_suffix(UNDER_A_MINUTE))
            .unwrap_or(piece)
    });
    pieces.collect()
}

/// How long something takes or took: two units at most, and never like a time of day.
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

/// Whether nobody can rely on a report from that time: it is older than `limit`, or dated in the future.
#[must_use]
pub fn is_outdated(at: Timestamp, now: Timestamp, limit: SignedDuration) -> bool {
    let age = now.duration_since(at);
    age > limit || age.as_secs() <= AHEAD
}

/// Local date, time and UTC offset to the minute, without the date where that is today's:
/// `04:13 +00:00`.
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

/// Since when, and how long that is: `since 04:13 +00:00, 49 min ago`.
#[must_use]
pub fn since_text(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let age = age_text(now.duration_since(at).as_secs());
    format!("since {}, {age}", clock_text(at, now, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_offset_and_its_date_unless_that_is_todays() {
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
        assert_eq!(since_text(at, now, &zone), "since 00:13 +02:00, 17 min ago");
    }

    #[test]
    fn durations_are_in_two_units_at_most_and_never_like_a_clock() {
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
    fn a_text_that_has_only_grown_older_is_the_same_without_its_ages() {
        for text in [
            "{}",
            "Last full report {}: waits",
            "past ({}), {}",
            "seen by j {}",
        ] {
            let after = |seconds| without_ages(&text.replace("{}", &age_text(seconds)));
            for seconds in [0, 1, 59, 60, 3_599, 3_600, 86_399, 86_400, 8_640_000] {
                assert_eq!(after(seconds), after(1), "{seconds} s: {text}");
            }
            assert_ne!(after(-86_400), after(1), "a time to come is other news");
        }
        for (one, other) in [
            ("requested by r1 5 min ago", "requested by r2 5 min ago"),
            ("seen at 10.0.0.1", "seen at 10.0.0.2"),
            ("3 devices at once", "4 devices at once"),
            ("waits for 5 min", "waits for 6 min"),
            ("3 alerts, read 5 min ago", "4 alerts, read 5 min ago"),
        ] {
            assert_ne!(without_ages(one), without_ages(other));
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
