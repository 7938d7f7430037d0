//! Lists of texts in a TOML document: reading, and changes that keep the comments between entries.

use toml_edit::{Array, Item, RawString, Value};

pub(super) const NO_LIST: &str = "is not a list of texts, such as [\"DC01\", \"*-dc\"]";

/// The entries of a list of texts.
pub(super) fn texts(item: &Item) -> Result<Vec<&str>, &'static str> {
    let list = item.as_array().ok_or(NO_LIST)?;
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    texts.ok_or(NO_LIST)
}

/// An entry of a list with one entry per line.
struct Line {
    /// The line break and indentation before it, and comments on separate lines.
    lead: String,
    value: Value,
    /// The comment after it, which moves with it.
    tail: String,
}

/// Replaces the entries of a list. Unchanged ones keep their white space and comments.
pub(super) fn set(list: &mut Array, entries: &[&str]) {
    let (gaps, values) = taken_apart(list);
    let indents = gaps.iter().filter_map(|gap| Some(&gap[gap.rfind('\n')?..]));
    let Some(indent) = indents.max_by_key(|indent| indent.len()) else {
        for entry in entries {
            list.push(*entry);
        }
        list.set_trailing("");
        return;
    };
    let mut parts = gaps.iter().map(|gap| split(gap));
    let (mut tail, mut lead) = parts.next().unwrap_or_default();
    let opening = tail;
    let mut kept: Vec<Line> = Vec::new();
    let mut orphaned = String::new();
    for value in values {
        let before = std::mem::take(&mut orphaned) + lead;
        (tail, lead) = parts.next().unwrap_or_default();
        if value.as_str().is_some_and(|entry| entries.contains(&entry)) {
            kept.push(Line {
                lead: before,
                value,
                tail: tail.to_owned(),
            });
        } else if before.contains('#') {
            before.trim_end().clone_into(&mut orphaned);
        }
    }
    let closing = orphaned + if lead.is_empty() { "\n" } else { lead };
    let mut behind = opening.to_owned();
    for entry in entries {
        let known = kept.iter().position(|l| l.value.as_str() == Some(entry));
        let Line {
            lead,
            mut value,
            tail,
        } = match known {
            Some(known) => kept.remove(known),
            None => Line {
                lead: indent.to_owned(),
                value: Value::from(*entry),
                tail: String::new(),
            },
        };
        let lead = if lead.contains('\n') { &lead } else { indent };
        *value.decor_mut() = toml_edit::Decor::new(behind + lead, "");
        list.push_formatted(value);
        behind = tail;
    }
    list.set_trailing(behind + &closing);
    list.set_trailing_comma(!entries.is_empty());
}

/// Empties a list. Returns the text around its values, and the values.
fn taken_apart(list: &mut Array) -> (Vec<String>, Vec<Value>) {
    let values: Vec<Value> = list.iter().cloned().collect();
    let mut gaps = vec![String::new()];
    for value in &values {
        if let Some(gap) = gaps.last_mut() {
            gap.push_str(text(value.decor().prefix()));
        }
        gaps.push(text(value.decor().suffix()).to_owned());
    }
    if let Some(gap) = gaps.last_mut() {
        gap.push_str(text(Some(list.trailing())));
    }
    list.clear();
    (gaps, values)
}

/// Splits a gap into the comment after the previous value and the rest, which begins with a line break.
fn split(gap: &str) -> (&str, &str) {
    let (head, rest) = gap.split_at(gap.find('\n').unwrap_or(gap.len()));
    let head = head.trim_end();
    (if head.contains('#') { head } else { "" }, rest)
}

fn text(raw: Option<&RawString>) -> &str {
    raw.and_then(RawString::as_str).unwrap_or_default()
}
