//! Times and other short wordings that several views share.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{age_text, clean};
pub use crate::model::{clock_text, duration_text as duration, os_name, since_text, spaced};
use crate::settings::network_host;

/// A number of bytes in a suitable decimal unit.
pub fn bytes(count: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut tenths = count / 100;
    if count < 1_000 {
        return format!("{count} bytes");
    }
    let mut unit = units[0];
    for larger in &units[1..] {
        if tenths < 10_000 {
            break;
        }
        tenths /= 1_000;
        unit = larger;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// The computer that a remote path leads to, safe to show. On Windows, opening such a path authenticates
/// there as the user, so a button that names the computer must be pressed first.
pub fn other_computer(path: &str) -> Option<String> {
    network_host(path).map(|host| clean(&host, 60).into_owned())
}

/// A count with its noun: `1 entry`, `2 entries`.
pub fn counted(count: usize, one: &str, several: &str) -> String {
    let noun = if count == 1 { one } else { several };
    format!("{count} {noun}")
}

/// A number of devices.
pub fn devices(count: usize) -> String {
    counted(count, "device", "devices")
}

/// Bytes done, and the total if known.
pub fn amount(done: u64, total: Option<u64>) -> String {
    let done_words = bytes(done);
    match total.filter(|total| *total > 0) {
        Some(total) => {
            let percent = u128::from(done) * 100 / u128::from(total);
            format!("{done_words} of {} ({percent} %)", bytes(total))
        }
        None => done_words,
    }
}

/// Local date and time with its UTC offset; UTC is in the tooltip.
pub fn local_time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// UTC, ISO 8601, to the second.
pub fn utc_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Local time and UTC in one line, for a ticket or a call to another time zone.
pub fn local_and_utc(at: Timestamp, zone: &TimeZone) -> String {
    format!("{} · {}", local_time(at, zone), utc_time(at))
}

/// Local time and UTC on a line each, for hover texts.
pub fn both_times(at: Timestamp, zone: &TimeZone) -> String {
    format!("{}\n{}", local_time(at, zone), utc_time(at))
}

/// Time left until `at`, rounded up to minutes; `None` if past.
pub fn left(at: Timestamp, now: Timestamp) -> Option<String> {
    let left = at.duration_since(now);
    let minutes = left.as_secs().saturating_add(59) / 60;
    left.is_positive().then(|| duration(minutes * 60))
}

/// The time left as minutes and seconds, with hours where there are any: "0:42", "1:02:05".
pub fn countdown_text(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

/// Whole seconds from one time to another, at least 0.
pub fn secs_since(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs().max(0)
}

/// Duration since `since`, in its largest unit.
pub fn lasting(since: Timestamp, now: Timestamp) -> String {
    match secs_since(since, now) {
        ..60 => "less than a minute".to_owned(),
        secs => age_text(secs).trim_end_matches(" ago").to_owned(),
    }
}

/// Time since `at`, in words.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    age_text(now.duration_since(at).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_with_offset_and_utc_on_demand() {
        let at: Timestamp = "2026-11-22T02:15:42.5Z".parse().expect("a literal time");
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(local_time(at, &zone), "2026-11-22 03:15:42 +01:00");
        assert_eq!(utc_time(at), "2026-11-22T02:15:42Z");
    }

    #[test]
    fn countdowns_have_two_digits_of_seconds() {
        for (seconds, text) in [
            (-3, "0:00"),
            (0, "0:00"),
            (8, "0:08"),
            (42, "0:42"),
            (60, "1:00"),
            (899, "14:59"),
            (3725, "1:02:05"),
        ] {
            assert_eq!(countdown_text(seconds), text);
        }
    }

    #[test]
    fn remote_path_names_its_computer_and_local_path_none() {
        let own = std::env::temp_dir()
            .join("beacon.exe")
            .display()
            .to_string();
        for (path, host) in [
            (r"\\FS01\share\beacon.exe", Some("fs01")),
            (
                "//fs01.contoso.com/share/beacon.exe",
                Some("fs01.contoso.com"),
            ),
            (r"\\?\UNC\fs01\share\beacon.exe", Some("fs01")),
            ("\\\\fs\u{202e}01\\share\\x", Some("fs\\u{202e}01")),
            (r"C:\samples\beacon.exe", None),
            (&own, None),
            ("", None),
        ] {
            assert_eq!(other_computer(path).as_deref(), host, "{path}");
        }
    }

    #[test]
    fn amount_shows_the_total_only_if_known() {
        assert_eq!(amount(0, None), "0 bytes");
        assert_eq!(
            amount(1_500_000, Some(6_000_000)),
            "1.5 MB of 6.0 MB (25 %)"
        );
        assert_eq!(
            amount(2_500_000_000, Some(5_000_000_000)),
            "2.5 GB of 5.0 GB (50 %)"
        );
        assert_eq!(amount(7, Some(0)), "7 bytes");
    }
}
