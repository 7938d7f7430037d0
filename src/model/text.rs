//! Text from outside, made safe to show.

use std::borrow::Cow;

use super::is_guid;

/// Maximum length of a name on screen, in characters.
pub const SHOWN_CHARS: usize = 64;

/// The trimmed text, unless it is blank.
#[must_use]
pub fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The text with a capital first letter.
#[must_use]
pub fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// The text with a lower-case first letter, for use in a sentence; quoted text keeps its spelling.
#[must_use]
pub fn first_lower(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// The first `max` of these names, and the number of the others: `A, B, 3 more`.
#[must_use]
pub fn first_named(names: impl ExactSizeIterator<Item = String>, max: usize) -> String {
    let more = names.len().saturating_sub(max);
    let more = (more > 0).then(|| format!("{more} more"));
    let shown: Vec<String> = names.take(max).chain(more).collect();
    shown.join(", ")
}

/// A number with thousands separators: `94,000,000`.
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Placeholder for a requestor that the service does not report.
pub const UNKNOWN_REQUESTOR: &str = "an unknown requestor";

/// The requestor of an action, safe to show, or [`UNKNOWN_REQUESTOR`].
#[must_use]
pub fn requestor_name(requestor: Option<&str>) -> Cow<'_, str> {
    match filled(requestor) {
        None => UNKNOWN_REQUESTOR.into(),
        // The service reports an application by its id.
        Some(id) if is_guid(id) => format!("the application {id}").into(),
        Some(name) => clean(name, 80),
    }
}

/// Requestors of a condition in force and of its repetitions, without duplicates: `ann, again by you`. Safe to show.
#[must_use]
pub fn requestors<'a>(names: impl IntoIterator<Item = Cow<'a, str>>) -> String {
    each_once(names).join(", again by ")
}

/// The values without duplicates, in order of first occurrence. Quadratic, for short lists.
pub fn each_once<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

/// Makes text from the service safe for one line of the screen, a log or an export.
///
/// Control, bidi-override, zero-width and other invisible characters become visible escapes
/// (`\u{202e}`), and text longer than `max_chars` characters is cut with `…`. An attacker chooses
/// the names of the machines under attack, so nothing is shown without this.
#[must_use]
pub fn clean(text: &str, max_chars: usize) -> Cow<'_, str> {
    if text.len() <= max_chars && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(max_chars.saturating_mul(4)));
    for (n, c) in text.chars().enumerate() {
        if n == max_chars {
            out.push('…');
            break;
        }
        if is_hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// [`clean`] without a length limit.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    clean(text, usize::MAX)
}

/// Whether a character is invisible or changes how the text around it is drawn.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1345f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{clean, requestor_name};

    #[test]
    fn a_blank_requestor_is_unknown() {
        for blank in [None, Some(""), Some(" \t")] {
            assert_eq!(requestor_name(blank), "an unknown requestor");
        }
        assert_eq!(requestor_name(Some(" sam\u{202e} ")), "sam\\u{202e}");
    }

    #[test]
    fn an_application_is_not_shown_as_a_person() {
        let id = "e062d1f9-2398-4234-a024-12345673a25a";
        assert_eq!(
            requestor_name(Some(id)),
            format!("the application {id}").as_str()
        );
    }

    #[test]
    fn ordinary_text_is_not_copied() {
        assert!(matches!(
            clean("FIN-LT-042", 64),
            std::borrow::Cow::Borrowed("FIN-LT-042")
        ));
        assert_eq!(clean("Übung ’日本", 64), "Übung ’日本");
    }

    #[test]
    fn hidden_characters_are_made_visible() {
        assert_eq!(clean("FIN\u{202e}240-TL", 64), "FIN\\u{202e}240-TL");
        // Egyptian hieroglyph format controls.
        assert_eq!(clean("a\u{13430}b\u{1345f}", 64), "a\\u{13430}b\\u{1345f}");
        assert_eq!(clean("a\u{200b}b\nc\0", 64), "a\\u{200b}b\\u{a}c\\u{0}");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(clean("日本日本日本", 3), "日本日…");
        assert_eq!(clean("日本日", 3), "日本日");
    }
}
