//! The ticket: found in a pasted line, and leading the comment that is sent.

use crate::action::TICKET;
use crate::model::clean;

const MAX_CHARS: usize = 60;
/// Prefixes of ticket systems, which count in any case and without a hyphen.
const PREFIXES: [&str; 14] = [
    "INC", "SIR", "RITM", "REQ", "CHG", "PRB", "TASK", "CASE", "TICKET", "TKT", "SEC", "SOC", "IR",
    "CS",
];
/// Words of the trade that look like a ticket and are none.
const NO_TICKETS: [&str; 12] = [
    "SHA", "UTF", "AES", "RSA", "KB", "ISO", "RFC", "PID", "UID", "EVENT", "PORT", "ID",
];

/// The ticket in a text, such as `INC-4711`: letters, a hyphen, digits. A known prefix counts
/// before any other, also in lower case or without a hyphen.
pub fn find(text: &str, is_device: impl Fn(&str) -> bool) -> Option<&str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let words = || {
        let words = text.split(|c| !is_part(c)).take(256);
        words.map(|word| word.trim_matches(['-', '_', '.']))
    };
    let known = words().find(|word| {
        let (prefix, hyphen, digits) = parts(word);
        let mut prefixes = PREFIXES.iter();
        prefixes.any(|known| known.eq_ignore_ascii_case(prefix))
            && digits.len() >= if hyphen { 2 } else { 4 }
            && !is_device(word)
    });
    known.or_else(|| {
        words().find(|word| {
            let (prefix, hyphen, digits) = parts(word);
            hyphen
                && (2..=10).contains(&prefix.len())
                && prefix.bytes().all(|b| b.is_ascii_uppercase())
                && digits.len() >= 3
                && !NO_TICKETS.contains(&prefix)
                && !is_device(word)
        })
    })
}

/// Letters, whether a hyphen stands between, digits; no digits where it is something else.
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

/// The ticket as it may be sent: one line, nothing hidden.
pub fn clean_ticket(typed: &str) -> String {
    let shown: String = typed.chars().filter(|c| !c.is_control()).collect();
    clean(shown.trim(), MAX_CHARS).into_owned()
}

/// The comment that is sent: the ticket leads it, unless the comment names it already. A ticket
/// alone is no reason.
pub fn leading(ticket: &str, comment: &str) -> String {
    let ticket = clean_ticket(ticket);
    if ticket.is_empty() || comment.trim().is_empty() || names(comment, &ticket) {
        return comment.to_owned();
    }
    format!("{ticket} {}", comment.trim())
}

/// The template's text with the ticket filled in. Without one its placeholder goes, and the
/// punctuation and blank beside it.
pub fn fill(template: &str, ticket: &str) -> String {
    if !ticket.is_empty() {
        return template.replace(TICKET, ticket);
    }
    let beside = [':', ';', ','];
    let mut parts = template.split(TICKET);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let part = part.trim_start_matches(beside);
        if text.is_empty() || text.ends_with(' ') {
            text.push_str(part.trim_start());
        } else {
            text.push_str(part);
        }
    }
    if template.ends_with(TICKET) {
        let end = text.trim_end().trim_end_matches(beside).len();
        text.truncate(end);
    }
    text.trim().to_owned()
}

/// Whether a text holds this ticket, and not only a longer one.
fn names(text: &str, ticket: &str) -> bool {
    let (text, ticket) = (text.to_lowercase(), ticket.to_lowercase());
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(&ticket).any(|(start, _)| {
        is_edge(text[..start].chars().next_back())
            && is_edge(text[start + ticket.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_found_among_other_words_and_a_device_is_none() {
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
            ("SRV-0042", None),
            (
                "FIN-LT-042 SHA-256 CVE-2021-44228 MS17-010 KB-5001234",
                None,
            ),
            ("3395856ce81f2b7382dee72602f798b642f14140", None),
            ("INC", None),
            ("", None),
        ] {
            assert_eq!(find(text, is_device), found, "{text}");
        }
    }

    #[test]
    fn the_ticket_leads_the_comment_once() {
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

    #[test]
    fn a_template_needs_its_ticket() {
        for (template, with, without) in [
            ("{ticket}: beacon seen", "INC-1: beacon seen", "beacon seen"),
            ("beacon seen, {ticket}", "beacon seen, INC-1", "beacon seen"),
            (
                "see {ticket} for more",
                "see INC-1 for more",
                "see for more",
            ),
            ("{ticket}", "INC-1", ""),
            ("beacon seen", "beacon seen", "beacon seen"),
            ("{ticket} {ticket}", "INC-1 INC-1", ""),
        ] {
            assert_eq!(fill(template, "INC-1"), with, "{template}");
            assert_eq!(fill(template, ""), without, "{template}");
        }
    }
}
