//! Ticket prefixes of an organisation.

use super::*;

#[test]
fn a_prefix_is_letters_only_and_is_written_beside_the_templates() {
    let settings = parse("[comments]\ntemplates = [\"seen\"]\nticket_prefixes = [\"ACME\"]\n");
    let rules = settings.rules;
    assert_eq!(rules.template_trouble, None);
    let prefixes: Vec<_> = rules.written.entries(RuleKey::TicketPrefixes).collect();
    assert_eq!(prefixes, ["ACME"]);
    let mut written = rules.written;
    for (typed, is_right) in [
        ("ACME\nSOX", true),
        ("A", false),
        ("ACME-", false),
        ("ÄB", false),
    ] {
        typed.clone_into(written.text_mut(RuleKey::TicketPrefixes));
        let wrong = written.wrong(RuleKey::TicketPrefixes);
        assert_eq!(wrong.is_none(), is_right, "{typed}: {wrong:?}");
    }
    let wrong = parse("[comments]\nticket_prefixes = 7\n").rules;
    let trouble = wrong.template_trouble.expect("an error");
    assert!(
        trouble.contains("line 2: comments.ticket_prefixes"),
        "{trouble}"
    );
}
