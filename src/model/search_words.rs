//! The words of a search, split the same way everywhere.

use std::borrow::Cow;
use std::ops::Range;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchWord {
    /// The word without quotation marks and without the hyphen that excludes.
    pub text: String,
    /// Whether it starts with a quotation mark, which makes it plain text.
    pub is_quoted: bool,
    /// Whether matches are excluded: `-word`, `-field:value`, `-"two words"`.
    pub is_excluded: bool,
    /// Its range in the search.
    span: Range<usize>,
}

impl SearchWord {
    /// Start of its text in the search, after the hyphen that excludes.
    #[must_use]
    pub const fn start(&self) -> usize {
        self.span.start + self.is_excluded as usize
    }

    /// Whether the word is `word`, in any letter case.
    fn is(&self, text: &str, word: &str) -> bool {
        let written = text.get(self.span.clone());
        written.is_some_and(|written| written.eq_ignore_ascii_case(word))
    }
}

/// Splits a search at blanks; quoted text stays together.
#[must_use]
pub fn search_words(text: &str) -> Vec<SearchWord> {
    let (mut words, mut word) = (Vec::new(), SearchWord::default());
    let mut in_quotes = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_at_start = word.text.is_empty() && !word.is_quoted && !word.is_excluded;
        let next = chars.peek().map(|(_, next)| *next);
        if c == '"' {
            // `tag:"red team"` is still a field: only a word that starts quoted is plain.
            word.is_quoted |= word.text.is_empty() && !in_quotes;
            in_quotes = !in_quotes;
        } else if c.is_whitespace() && !in_quotes {
            word.span.end = at;
            words.push(std::mem::take(&mut word));
            word.span = at + c.len_utf8()..text.len();
        } else if c == '-' && is_at_start && !in_quotes && next.is_some_and(begins_excluded) {
            word.is_excluded = true;
        } else {
            word.text.push(c);
        }
    }
    word.span.end = text.len();
    words.push(word);
    words
}

/// The words as written, with quotation marks and the hyphen that excludes.
#[must_use]
pub fn written_words(text: &str) -> Vec<&str> {
    let words = search_words(text).into_iter();
    let written = words.filter_map(|word| text.get(word.span));
    written.filter(|word| !word.is_empty()).collect()
}

/// Whether a hyphen before this character excludes: not in `--option`, `->` and a single hyphen.
fn begins_excluded(next: char) -> bool {
    next.is_alphanumeric() || next == '"'
}

/// The search without its excluded words.
#[must_use]
pub fn without_excluded(text: &str) -> Cow<'_, str> {
    if !text.contains('-') {
        return Cow::Borrowed(text);
    }
    let words = search_words(text);
    if words.iter().all(|word| !word.is_excluded) {
        return Cow::Borrowed(text);
    }
    let wanted = words.into_iter().filter(|word| !word.is_excluded);
    let wanted: Vec<_> = wanted.filter_map(|word| text.get(word.span)).collect();
    Cow::Owned(wanted.join(" "))
}

/// Whether this word is in the search, in any letter case.
#[must_use]
pub fn holds_word(text: &str, word: &str) -> bool {
    search_words(text).iter().any(|known| known.is(text, word))
}

/// The search with this word toggled: removed where it is there, else added at the end.
#[must_use]
pub fn toggled_word(text: &str, word: &str) -> String {
    let others = search_words(text).into_iter();
    let others = others.filter(|known| !known.is(text, word));
    let others = others.filter_map(|known| text.get(known.span));
    let others: Vec<_> = others.filter(|known| !known.is_empty()).collect();
    let mut toggled = others.join(" ");
    if !holds_word(text, word) {
        // Within open quotation marks, it would become part of the quoted text.
        let is_open = text.matches('"').count() % 2 == 1;
        toggled.push_str(if is_open { "\"" } else { "" });
        toggled.push_str(if toggled.is_empty() { "" } else { " " });
        toggled.push_str(word);
    }
    toggled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hyphen_at_the_start_of_a_word_excludes_it() {
        let read = |text: &str| -> Vec<(String, bool, bool)> {
            let words = search_words(text).into_iter();
            words
                .map(|word| (word.text, word.is_quoted, word.is_excluded))
                .collect()
        };
        let one =
            |text: &str, is_quoted, is_excluded| vec![(text.to_owned(), is_quoted, is_excluded)];
        assert_eq!(read("-web"), one("web", false, true));
        assert_eq!(read("-\"red team\""), one("red team", true, true));
        assert_eq!(read("-tag:\"red team\""), one("tag:red team", false, true));
        assert_eq!(read("\"-web\""), one("-web", true, false));
        for text in ["fin-lt", "--web", "->", "-", "- "] {
            assert!(
                read(text).iter().all(|(_, _, is_excluded)| !is_excluded),
                "{text}"
            );
        }
    }

    #[test]
    fn removing_exclusions_keeps_the_other_words_as_typed() {
        for (text, wanted) in [
            ("fin -web", "fin"),
            ("-web fin -\"a b\" tag:\"red team\"", "fin tag:\"red team\""),
            ("-web", ""),
            ("fin-lt-042 - beacon", "fin-lt-042 - beacon"),
        ] {
            assert_eq!(without_excluded(text), wanted, "{text}");
        }
    }

    #[test]
    fn toggling_a_word_keeps_the_others() {
        for (text, with) in [
            ("", "risk:high"),
            ("fin", "fin risk:high"),
            ("  fin  -web ", "fin -web risk:high"),
            ("tag:\"red team\"", "tag:\"red team\" risk:high"),
            ("\"red team", "\"red team\" risk:high"),
            ("risk:low risk:higher", "risk:low risk:higher risk:high"),
        ] {
            assert!(!holds_word(text, "risk:high"), "{text}");
            assert_eq!(toggled_word(text, "risk:high"), with);
            assert!(holds_word(with, "risk:high"), "{with}");
        }
        for (with, text) in [
            ("risk:high", ""),
            ("fin RISK:High -web", "fin -web"),
            ("risk:high risk:high \"a risk:high b\"", "\"a risk:high b\""),
        ] {
            assert_eq!(toggled_word(with, "risk:high"), text);
        }
        assert_eq!(toggled_word("-health:active lt", "-health:active"), "lt");
        assert!(!holds_word("\"risk:high\"", "risk:high"));
    }
}
