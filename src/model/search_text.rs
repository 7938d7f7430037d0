//! Normal forms of a device's texts that cannot be searched directly.

use super::bytes::on_heap;
use super::{Machine, SHOWN_CHARS, clean, normal};

/// Maximum growth of a text in its normal forms, in bytes per byte; the rest is left out. Some
/// letters expand to a phrase, and a control character is shown as its code.
const GROWTH: usize = 6;
/// Allowance for separators and invisible characters, in bytes.
const BETWEEN: usize = 16;

/// Normal form of a device's texts, unless lower-casing suffices: one per line, as received and as
/// shown. Includes an id that is not hexadecimal.
#[must_use]
pub fn search_text(machine: &Machine) -> Option<Box<str>> {
    if !is_odd(machine) {
        return None;
    }
    let bounded_forms = |text: &str| {
        let mut forms = forms(text);
        forms.truncate(forms.floor_char_boundary(max_bytes(text)));
        forms
    };
    let lines: Vec<_> = texts(machine).map(bounded_forms).collect();
    Some(lines.join("\n").into())
}

/// Upper bound of the memory for [`search_text`], without building it.
pub(super) fn search_text_bytes(machine: &Machine) -> usize {
    if !is_odd(machine) {
        return 0;
    }
    on_heap(texts(machine).map(|text| max_bytes(text) + 1).sum())
}

fn max_bytes(text: &str) -> usize {
    if is_plain(text) {
        text.len()
    } else if text.is_ascii() {
        text.len() + GROWTH * text.len().min(SHOWN_CHARS) + BETWEEN
    } else {
        GROWTH * text.len() + BETWEEN
    }
}

fn is_odd(machine: &Machine) -> bool {
    odd_id(machine).is_some() || !texts(machine).all(is_plain)
}

/// All searched texts of a device.
fn texts(machine: &Machine) -> impl Iterator<Item = &str> {
    let names = [
        &machine.computer_dns_name,
        &machine.os_platform,
        &machine.rbac_group_name,
    ];
    let texts = names.into_iter().flatten().chain(machine.tags());
    texts.map(AsRef::as_ref).chain(odd_id(machine))
}

fn odd_id(machine: &Machine) -> Option<&str> {
    let is_hex = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    Some(machine.id.as_str()).filter(|id| !id.bytes().all(is_hex))
}

/// Whether a text is its own normal form except for letter case, and shown unchanged.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    let mut before = 0;
    let is_kept = |b: u8| {
        let is_second_blank = b == b' ' && before == b' ';
        before = b;
        (b' '..=b'~').contains(&b) && b != b'`' && !is_second_blank
    };
    text.len() <= SHOWN_CHARS && text.bytes().all(is_kept)
}

/// The normal forms of a text and, if different, of its display.
#[must_use]
pub fn forms(text: &str) -> String {
    let mut forms = normal(text);
    let shown = normal(&clean(text, SHOWN_CHARS));
    if shown != forms {
        forms.push('\t');
        forms.push_str(&shown);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineId;

    #[test]
    fn the_search_text_stays_within_its_counted_size() {
        let with = |name: &str| {
            let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
            machine.computer_dns_name = Some(name.into());
            machine
        };
        assert_eq!(search_text(&with("FIN-LT-042")), None);
        assert_eq!(search_text_bytes(&with("FIN-LT-042")), 0);
        // The letter expands to eighteen, the control to five that are shown.
        for (name, is_whole) in [
            ("Übung", true),
            ("日本", true),
            (&*"\u{1}".repeat(1_000), true),
            (&"x".repeat(5_000), true),
            (&"\u{fdfa}".repeat(1_000), false),
        ] {
            let machine = with(name);
            let text = search_text(&machine).expect("a search text");
            assert!(on_heap(text.len()) <= search_text_bytes(&machine), "{name}");
            assert_eq!(*text == *forms(name), is_whole, "{name}");
        }
    }
}
