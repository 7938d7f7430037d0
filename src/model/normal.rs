//! The normal form of names, tags and rules, used for every comparison of them.
//!
//! Texts that a person reads as the same are equal: composed and decomposed letters, letter case in
//! any script, full-width forms, apostrophes and hyphens of all kinds, invisible characters and
//! runs of white space make no difference.

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::MixedScript as _;

use super::text::{SHOWN_CHARS, is_hidden};

/// The normal form of a text: NFKC with full case folding, apostrophes and hyphens as in ASCII,
/// without invisible characters, white space folded and trimmed. Idempotent.
#[must_use]
pub fn normal(text: &str) -> String {
    if text.is_ascii() {
        fold_white_space(text.chars().filter(|c| is_kept(*c)).map(|c| {
            let c = c.to_ascii_lowercase();
            if c == '`' { '\'' } else { c }
        }))
    } else {
        // Punctuation is replaced before and after the decomposition: some of it decomposes into a
        // blank and an accent, and some of it results from one. NFD comes first, so that an
        // accented apostrophe is the same in one character or two.
        let decomposed = text
            .chars()
            .filter(|c| is_kept(*c))
            .nfd()
            .map(plain_punctuation)
            .nfkd();
        let folded = decomposed.map(plain_punctuation).default_case_fold();
        fold_white_space(folded.nfkc())
    }
}

/// The normal form of a device name: [`normal`], without the dot that ends a DNS name.
#[must_use]
pub fn normal_name(dns_name: &str) -> String {
    let mut name = normal(dns_name);
    if name.contains('。') {
        name = name.replace('。', ".");
    }
    let end = name.trim_end_matches(['.', ' ']).len();
    name.truncate(end);
    name
}

/// The host part of a device name in normal form, common to all records of one device.
#[must_use]
pub fn short_name(dns_name: &str) -> String {
    let mut name = normal_name(dns_name);
    let end = host_part(&name).len();
    name.truncate(end);
    name
}

/// The part of a normalised name before its domain.
#[must_use]
pub fn host_part(normal_name: &str) -> &str {
    match normal_name.split_once('.') {
        Some((host, _)) if !host.is_empty() => host.trim_end(),
        Some(_) | None => normal_name,
    }
}

/// Whether both names mean one device: `dc01` and `DC01.contoso.com.` do, names in two domains do not.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    let (one, other) = (normal_name(one), normal_name(other));
    let is_short = !one.contains('.') || !other.contains('.');
    !one.is_empty() && (one == other || is_short && host_part(&one) == host_part(&other))
}

/// Confusable skeleton of a name: equal for names that look the same on screen (UTS 39, section 4,
/// over the normal form).
#[must_use]
pub fn skeleton(name: &str) -> String {
    let name = ones(normal_name(name));
    let is_simple = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b' ');
    if !name.bytes().all(is_simple) {
        // Some prototypes are capitals.
        return normal(&unicode_security::skeleton(&name).collect::<String>());
    }
    let mut out = String::with_capacity(name.len() + 2);
    for c in name.chars() {
        match c {
            '0' => out.push('o'),
            '1' => out.push('l'),
            'm' => out.push_str("rn"),
            c => out.push(c),
        }
    }
    out
}

/// Maps a folded capital I after a digit to `1`, which it resembles.
fn ones(name: String) -> String {
    if !name.contains('i') {
        return name;
    }
    let mut behind_digit = false;
    let read = |c: char| {
        let read = if c == 'i' && behind_digit { '1' } else { c };
        behind_digit = read.is_ascii_digit();
        read
    };
    name.chars().map(read).collect()
}

/// A reason to distrust a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOddity {
    /// Control, invisible or direction-changing characters.
    Hidden,
    /// Letters of several scripts, or non-Latin letters that look Latin.
    LookAlike,
    /// Unusual forms of letters and blanks that resemble others.
    UnusualCharacters,
    /// Longer than its display.
    Clipped,
}

impl NameOddity {
    /// The most serious oddity of a name, if any.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_graphic() || b == b' ';
        let clipped = name.chars().nth(SHOWN_CHARS).map(|_| Self::Clipped);
        let has_blanks = name.trim() != name || name.contains("  ");
        if name.bytes().all(is_plain) {
            return has_blanks.then_some(Self::UnusualCharacters).or(clipped);
        }
        if name.chars().any(is_hidden) {
            return Some(Self::Hidden);
        }
        let is_ascii_look = || skeleton(name).is_ascii();
        let folded = normal_name(name);
        if !name.is_single_script() || !folded.is_ascii() && is_ascii_look() {
            return Some(Self::LookAlike);
        }
        let is_other_blank = |c: char| c.is_whitespace() && c != ' ';
        if has_blanks || name.chars().any(is_other_blank) || !name.nfc().eq(name.nfkc()) {
            return Some(Self::UnusualCharacters);
        }
        clipped
    }

    /// Word for the oddity's mark.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hidden => "hidden characters",
            Self::LookAlike => "look-alike letters",
            Self::UnusualCharacters => "unusual characters",
            Self::Clipped => "long name",
        }
    }

    /// Explanation of the oddity, for the tip.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Hidden => {
                "This name contains invisible or control characters, shown as \\u{…}. Identify it by the device id"
            }
            Self::LookAlike => {
                "This name mixes scripts, or its letters only look like Latin ones. Another device may look the same: go by the device id"
            }
            Self::UnusualCharacters => {
                "This name contains blanks or forms of letters that are not what they seem. Identify it by the device id"
            }
            Self::Clipped => "This name is longer than what is shown. Identify it by the device id",
        }
    }
}

/// Whether a character is kept: blanks are, although some are control characters.
fn is_kept(c: char) -> bool {
    c.is_whitespace() || !is_hidden(c)
}

/// Replaces apostrophes and hyphens by their ASCII forms.
fn plain_punctuation(c: char) -> char {
    match c {
        '`'
        | '\u{b4}'
        | '\u{2b9}'
        | '\u{2bb}'..='\u{2bd}'
        | '\u{2c8}'
        | '\u{2ca}'
        | '\u{2cb}'
        | '\u{55a}'
        | '\u{5f3}'
        | '\u{1fbd}'
        | '\u{1fbf}'
        | '\u{1fef}'
        | '\u{1ffd}'
        | '\u{1ffe}'
        | '\u{2018}'..='\u{201b}'
        | '\u{2032}'
        | '\u{2035}'
        | '\u{a78b}'
        | '\u{a78c}'
        | '\u{ff07}'
        | '\u{ff40}' => '\'',
        '\u{2d7}'
        | '\u{58a}'
        | '\u{5be}'
        | '\u{1400}'
        | '\u{1806}'
        | '\u{2010}'..='\u{2015}'
        | '\u{2043}'
        | '\u{2212}'
        | '\u{2e17}'
        | '\u{2e1a}'
        | '\u{2e3a}'
        | '\u{2e3b}'
        | '\u{2e40}'
        | '\u{30a0}'
        | '\u{fe58}'
        | '\u{fe63}'
        | '\u{ff0d}'
        | '\u{10ead}' => '-',
        c => c,
    }
}

fn fold_white_space(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::with_capacity(chars.size_hint().0);
    for c in chars {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
pub(crate) mod tests;
