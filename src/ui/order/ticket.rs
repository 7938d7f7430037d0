//! The ticket in a template.

use crate::action::TICKET;

/// The template's text with the ticket filled in. Without a ticket, the placeholder is removed with the
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_without_ticket_loses_its_placeholder() {
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
