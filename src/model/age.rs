//! How old something is, in words.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// An age in its largest whole unit; what lies in the future by a skewed clock is "just now".
#[must_use]
pub fn age_text(seconds: i64) -> String {
    match seconds {
        ..=0 => "just now".to_owned(),
        // A figure that goes on by the second would stand still where nothing else moves.
        1..MINUTE => "less than a minute ago".to_owned(),
        MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        HOUR..DAY => format!("{} h ago", seconds / HOUR),
        DAY.. => format!("{} d ago", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_in_their_largest_unit() {
        for (seconds, text) in [
            (i64::MIN, "just now"),
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
