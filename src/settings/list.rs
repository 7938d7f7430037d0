//! Changing a list in a TOML document, with the comments between its entries kept.

use toml_edit::{Array, RawString, Value};

/// Gives a list other entries. One that stays keeps what stands around it; what was said beside one
/// that goes stays where it was.
pub(super) fn set(list: &mut Array, entries: &[&str]) {
    let old: Vec<Value> = list.iter().cloned().collect();
    let lead = old.first().map(before).unwrap_or_default();
    // Each entry on a line of its own, indented as the first one is.
    let indent = lead.rfind('\n').map(|at| lead[at..].to_owned());
    let mut kept: Vec<Value> = Vec::new();
    let mut orphaned = String::new();
    for mut value in old {
        if value.as_str().is_some_and(|entry| entries.contains(&entry)) {
            if !orphaned.is_empty() {
                let prefix = std::mem::take(&mut orphaned) + &before(&value);
                value.decor_mut().set_prefix(prefix);
            }
            kept.push(value);
        } else {
            let around = [before(&value), after(&value)];
            orphaned.extend(around.into_iter().filter(|text| text.contains('#')));
        }
    }
    list.clear();
    for (at, entry) in entries.iter().enumerate() {
        let known = kept.iter().position(|value| value.as_str() == Some(entry));
        let mut value = known.map_or_else(|| Value::from(*entry), |known| kept.remove(known));
        let is_commented = before(&value).contains('#');
        if !is_commented {
            let prefix = match &indent {
                Some(indent) => indent,
                None if at == 0 => "",
                None => " ",
            };
            value.decor_mut().set_prefix(prefix);
        }
        if !after(&value).contains('#') {
            value.decor_mut().set_suffix("");
        }
        list.push_formatted(value);
    }
    let mut trailing = orphaned + text(Some(list.trailing()));
    if indent.is_some() && !trailing.contains('\n') {
        trailing.push('\n');
    }
    list.set_trailing(trailing);
}

fn before(value: &Value) -> String {
    text(value.decor().prefix()).to_owned()
}

fn after(value: &Value) -> String {
    text(value.decor().suffix()).to_owned()
}

fn text(raw: Option<&RawString>) -> &str {
    raw.and_then(RawString::as_str).unwrap_or_default()
}
