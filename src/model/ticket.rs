//! The ticket: found in a pasted line, prefixed to the sent comment, and the name of an incident.

use super::clean;

const MAX_CHARS: usize = 60;
/// Prefixes of ticket systems, recognised in any case and without a hyphen.
const PREFIXES: [&str; 14] = [
    "INC", "SIR", "RITM", "REQ", "CHG", "PRB", "TASK", "CASE", "TICKET", "TKT", "SEC", "SOC", "IR",
    "CS",
];
/// Terms that look like a ticket and are none.
const NO_TICKETS: [&str; 12] = [
    "SHA", "UTF", "AES", "RSA", "KB", "ISO", "RFC", "PID", "UID", "EVENT", "PORT", "ID",
];

/// Finds tickets by the usual prefixes and those of the organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tickets {
    own: Vec<Box<str>>,
}

impl Tickets {
    /// Ticket formats with these additional prefixes.
    #[must_use]
    pub fn new<'a>(prefixes: impl Iterator<Item = &'a str>) -> Self {
        let own = prefixes.map(Into::into).collect();
        Self { own }
    }

    /// The ticket in a text, such as `INC-4711`: letters, a hyphen, digits. A known prefix takes
    /// precedence, also in lower case or without a hyphen. A word that `is_device` is no ticket.
    pub fn find<'t>(&self, text: &'t str, is_device: impl Fn(&str) -> bool) -> Option<&'t str> {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let words = || {
            let words = text.split(|c| !is_part(c)).take(256);
            let words = words.map(|word| word.trim_matches(['-', '_', '.']));
            words.filter(|word| !is_device(word))
        };
        let known = words().find(|word| self.has_known_prefix(word));
        known.or_else(|| words().find(|word| is_like_ticket(word)))
    }

    /// Whether a word has a known ticket prefix, and not only the shape, which a host name may have too.
    #[must_use]
    pub fn has_known_prefix(&self, word: &str) -> bool {
        let (prefix, hyphen, digits) = parts(word);
        let mut prefixes = self.own.iter().map(AsRef::as_ref).chain(PREFIXES);
        digits.len() >= if hyphen { 1 } else { 4 }
            && prefixes.any(|known| known.eq_ignore_ascii_case(prefix))
    }
}

/// Whether a word is capital letters, a hyphen, and three digits or more.
fn is_like_ticket(word: &str) -> bool {
    let (prefix, hyphen, digits) = parts(word);
    hyphen
        && (2..=10).contains(&prefix.len())
        && prefix.bytes().all(|b| b.is_ascii_uppercase())
        && digits.len() >= 3
        && !NO_TICKETS.contains(&prefix)
}

/// Splits a word into letters, whether a hyphen follows, and digits; the digits are empty if it is no ticket.
fn parts(word: &str) -> (&str, bool, &str) {
    let end = word.find(|c: char| !c.is_ascii_alphabetic());
    let (prefix, rest) = word.split_at(end.unwrap_or(word.len()));
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let is_number = digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= 12;
    (
        prefix,
        digits.len() < rest.len(),
        if is_number { digits } else { "" },
    )
}

/// The ticket as sent: one line, no invisible characters.
#[must_use]
pub fn clean_ticket(typed: &str) -> String {
    let shown: String = typed.chars().filter(|c| !c.is_control()).collect();
    clean(shown.trim(), MAX_CHARS).into_owned()
}

/// The comment as sent: prefixed with the ticket, unless it names the ticket already. A ticket alone is no reason.
#[must_use]
pub fn leading(ticket: &str, comment: &str) -> String {
    let ticket = clean_ticket(ticket);
    if ticket.is_empty() || comment.trim().is_empty() || names_ticket(comment, &ticket) {
        return comment.to_owned();
    }
    format!("{ticket} {}", comment.trim())
}

/// Whether a text contains this ticket in any letter case, and not only a longer one.
#[must_use]
pub fn names_ticket(text: &str, ticket: &str) -> bool {
    let (all, wanted) = (text.as_bytes(), ticket.as_bytes());
    if wanted.is_empty() {
        return false;
    }
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let places = all.windows(wanted.len()).enumerate();
    // No allocation: an incident checks every tag of every device.
    let mut same = places.filter(|(_, part)| part.eq_ignore_ascii_case(wanted));
    same.any(|(start, _)| {
        let (before, behind) = (text.get(..start), text.get(start + wanted.len()..));
        before.is_some_and(|before| is_edge(before.chars().next_back()))
            && behind.is_some_and(|behind| is_edge(behind.chars().next()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_found_among_other_words_and_is_no_device() {
        let is_device = |word: &str| word == "SRV-0042";
        for (text, found) in [
            (
                "INC-4711 High: beacon from FIN-LT-042 (10.20.4.42)",
                Some("INC-4711"),
            ),
            ("beacon, see inc-4711.", Some("inc-4711")),
            ("INC0012345: beacon", Some("INC0012345")),
            ("[SECOPS-123] SRV-0042", Some("SECOPS-123")),
            ("ABC-9999 then CASE-12", Some("CASE-12")),
            ("beacon, see inc-7", Some("inc-7")),
            ("SRV-0042", None),
            (
                "FIN-LT-042 SHA-256 CVE-2021-44228 MS17-010 KB-5001234",
                None,
            ),
            ("3395856ce81f2b7382dee72602f798b642f14140", None),
            ("INC", None),
            ("", None),
        ] {
            assert_eq!(Tickets::default().find(text, is_device), found, "{text}");
        }
    }

    #[test]
    fn a_prefix_of_the_organisation_works_like_a_usual_one() {
        let own = Tickets::new(["ACME"].into_iter());
        let text = "see acme2024, not SHA-256";
        assert_eq!(Tickets::default().find(text, |_| false), None);
        assert_eq!(own.find(text, |_| false), Some("acme2024"));
        assert_eq!(own.find("INC-4711", |_| false), Some("INC-4711"));
    }

    #[test]
    fn a_ticket_matches_in_any_case_but_not_within_a_longer_one() {
        for (text, is_named) in [
            ("inc-4711", true),
            ("contained INC-4711.", true),
            ("éINC-4711é", false),
            ("“INC-4711”", true),
            ("INC-47110, INC-4711", true),
            ("INC-47110", false),
            ("xINC-4711", false),
            ("", false),
        ] {
            assert_eq!(names_ticket(text, "INC-4711"), is_named, "{text}");
        }
        assert!(!names_ticket("anything", ""));
    }

    #[test]
    fn the_ticket_is_prefixed_to_the_comment_once() {
        for (ticket, comment, sent) in [
            ("INC-1", "beacon", "INC-1 beacon"),
            (" INC-1 ", " beacon ", "INC-1 beacon"),
            ("INC-1", "beacon, see inc-1.", "beacon, see inc-1."),
            ("INC-1", "INC-12 beacon", "INC-1 INC-12 beacon"),
            ("INC-1", "  ", "  "),
            ("", "beacon", "beacon"),
            ("INC\t-1\n", "beacon", "INC-1 beacon"),
            ("INC\u{202e}1", "x", "INC\\u{202e}1 x"),
        ] {
            assert_eq!(leading(ticket, comment), sent, "{ticket:?} {comment:?}");
        }
    }
}
