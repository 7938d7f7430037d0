//! Fuzzy matching: whether a text contains the letters of another one in order, how well, and at which positions.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Maximum number of characters matched of a longer text.
const MAX_CHARS: usize = 300;

/// A fuzzy pattern, with the matcher's scratch memory.
pub struct Fuzzy {
    pattern: Pattern,
    matcher: Matcher,
    chars: Vec<char>,
}

impl Default for Fuzzy {
    fn default() -> Self {
        Self {
            pattern: Pattern::default(),
            matcher: Matcher::new(Config::DEFAULT),
            chars: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Fuzzy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The matcher is scratch memory.
        f.debug_struct("Fuzzy").finish_non_exhaustive()
    }
}

impl Fuzzy {
    /// Sets the text to match; each of its words has to match.
    pub fn look_for(&mut self, text: &str) {
        self.pattern = Pattern::new(
            text,
            CaseMatching::Ignore,
            Normalization::Smart,
            AtomKind::Fuzzy,
        );
    }

    /// Score of a text, higher for better; `None` if it does not match.
    pub fn score(&mut self, text: &str) -> Option<u32> {
        let text = haystack(text, &mut self.chars);
        self.pattern.score(text, &mut self.matcher)
    }

    /// A faster [`Self::score`] that is sometimes too low, for choosing candidates among very many texts.
    pub fn quick_score(&mut self, text: &str) -> Option<u32> {
        let text = haystack(text, &mut self.chars);
        let matcher = &mut self.matcher;
        self.pattern.atoms.iter().try_fold(0, |sum, word| {
            let word = word.needle_text();
            matcher.config.ignore_case = true;
            // An accented letter matches only itself, a plain one also its accented forms.
            matcher.config.normalize = word.is_ascii();
            let score = matcher.fuzzy_match_greedy(text, word)?;
            Some(sum + u32::from(score))
        })
    }

    /// The indices of the matched characters, in order.
    pub fn letters(&mut self, text: &str) -> Vec<usize> {
        let text = haystack(text, &mut self.chars);
        let mut found = Vec::new();
        let is_match = self.pattern.indices(text, &mut self.matcher, &mut found);
        if is_match.is_none() {
            return Vec::new();
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|at| at as usize).collect()
    }
}

/// By characters instead of graphemes, so that an index is a character's.
fn haystack<'a>(text: &'a str, chars: &'a mut Vec<char>) -> Utf32Str<'a> {
    if text.is_ascii() {
        let end = text.len().min(MAX_CHARS);
        return Utf32Str::Ascii(&text.as_bytes()[..end]);
    }
    chars.clear();
    chars.extend(text.chars().take(MAX_CHARS));
    Utf32Str::Unicode(chars)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(looked_for: &str, text: &str) -> Option<String> {
        let mut fuzzy = Fuzzy::default();
        fuzzy.look_for(looked_for);
        assert_eq!(
            fuzzy.quick_score(text).is_some(),
            fuzzy.score(text).is_some()
        );
        fuzzy.score(text)?;
        let all: Vec<_> = text.chars().collect();
        Some(fuzzy.letters(text).into_iter().map(|at| all[at]).collect())
    }

    #[test]
    fn matched_characters_are_indexed_beyond_ascii() {
        assert_eq!(letters("cpho", "Copy hand-over"), Some("Cpho".into()));
        assert_eq!(letters("FIN 42", "fin-lt-042"), Some("fin42".into()));
        assert_eq!(letters("münch", "Zürich, MÜNCHEN"), Some("MÜNCH".into()));
        assert_eq!(letters("é042", "café\u{301}-042"), Some("é042".into()));
        assert_eq!(letters("xq", "Copy hand-over"), None);
    }

    #[test]
    fn a_prefix_scores_higher_than_scattered_letters() {
        let mut fuzzy = Fuzzy::default();
        fuzzy.look_for("rel");
        let of = |fuzzy: &mut Fuzzy, text| fuzzy.score(text).expect("a match");
        let begins = of(&mut fuzzy, "Release what you isolated");
        assert!(begins > of(&mut fuzzy, "Contained, restricted, pending list"));
    }
}
