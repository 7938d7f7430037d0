//! Times in HTTP headers: dates in each of the three forms (RFC 9110 section 5.6.7), and
//! `Retry-After` (section 10.2.3).

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

/// The obsolete date forms: RFC 850's, and that of C's `asctime`.
const OLD_FORMS: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// Parses an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`, or one of the two obsolete forms.
#[must_use]
pub fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let old = |form: &&str| {
        let at = strtime::parse(form, text).ok()?.to_datetime().ok()?;
        Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let usual = rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    usual.or_else(|| OLD_FORMS.iter().find_map(old))
}

/// The seconds in a `Retry-After`: at least one, rounded up. `None` if it cannot be parsed, or is a
/// date without a `now`.
///
/// A date is compared with the service's `Date`, if sent, as this computer's clock may be wrong.
#[must_use]
pub fn retry_after_secs(text: &str, now: Option<Timestamp>) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let secs = if is_number(whole) && is_number(fraction) {
        let has_digits = !whole.is_empty() || !fraction.is_empty();
        // Only digits, but too large for a number.
        let whole = match whole {
            "" => 0,
            digits => digits.parse().unwrap_or(i64::MAX),
        };
        let begun = i64::from(fraction.bytes().any(|b| b != b'0'));
        has_digits.then(|| whole.saturating_add(begun))?
    } else {
        http_date(text)?
            .as_second()
            .saturating_sub(now?.as_second())
    };
    Some(secs.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tue, 14 Nov 2023 22:13:20 GMT.
    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).expect("a literal time")
    }

    #[test]
    fn a_date_is_parsed_in_each_form() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            " Sun Nov 6 08:49:37 1994 ",
        ] {
            let read = http_date(text).map(|at| at.to_string());
            assert_eq!(read.as_deref(), Some("1994-11-06T08:49:37Z"), "{text}");
        }
        for odd in ["", "soon", "Sun, 36 Nov 1994 08:49:37 GMT", "1994-11-06"] {
            assert_eq!(http_date(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_pause_is_rounded_up_to_at_least_a_second() {
        for (text, secs) in [
            ("26", Some(26)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("0.0", Some(1)),
            ("0.2", Some(1)),
            (".5", Some(1)),
            ("1.5", Some(2)),
            ("7.000", Some(7)),
            ("99999999999999999999999", Some(i64::MAX)),
            ("99999999999999999999999.9", Some(i64::MAX)),
            ("Tue, 14 Nov 2023 22:13:50 GMT", Some(30)),
            ("Tuesday, 14-Nov-23 22:13:50 GMT", Some(30)),
            ("Tue Nov 14 22:13:50 2023", Some(30)),
            ("Tue, 14 Nov 2023 22:13:00 GMT", Some(1)),
            ("Thu, 30 Dec 9999 00:00:00 GMT", Some(251_702_128_000)),
            ("", None),
            (".", None),
            ("1.2.3", None),
            ("-5", None),
            ("+5", None),
            ("1e3", None),
            ("1,5", None),
            ("NaN", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after_secs(text, Some(now())), secs, "{text:?}");
        }
        assert_eq!(retry_after_secs("Tue Nov 14 22:13:50 2023", None), None);
    }
}
