//! Time that is left, as text.

/// The time left as minutes and seconds, with hours where there are any: "0:42", "1:02:05".
#[must_use]
pub fn countdown_text(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
