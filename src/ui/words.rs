//! Times and other small wordings that several views share.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::age_text;

/// Local date and time with its UTC offset; UTC stands in the hover text.
pub fn local_time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// UTC, ISO 8601, to the second.
pub fn utc_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Both, a line each, for hover texts.
pub fn both_times(at: Timestamp, zone: &TimeZone) -> String {
    format!("{}\n{}", local_time(at, zone), utc_time(at))
}

/// How long ago, in words.
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
}
