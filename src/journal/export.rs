//! The journal for other readers: CSV, JSON and a Markdown hand-over sheet. Times are UTC.

use std::fmt::Write as _;

use serde_json::json;

use super::{Entry, Standing, Verified};
use crate::action::{Change, Task};
use crate::model::clean;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
    Markdown,
}

/// The account of `entries`, with the hash that ends the chain.
#[must_use]
pub fn export(entries: &[Entry], verified: &Verified, format: Format) -> String {
    match format {
        Format::Csv => csv(entries, verified),
        Format::Json => json_text(entries, verified),
        Format::Markdown => markdown(entries, verified),
    }
}

/// The columns of every format, one definition.
fn columns(entry: &Entry) -> [(&'static str, String); 9] {
    let order = &entry.order;
    let standing = entry.standing();
    let parameters = match &order.task {
        Task::Act { values, .. } => values
            .iter()
            .map(|v| format!("{}={}", v.parameter().wire_name(), v.as_wire()))
            .collect::<Vec<_>>()
            .join(" "),
        Task::Cancel { action, .. } => format!("action={action}"),
    };
    [
        ("entry", order.entry.to_string()),
        ("confirmed", entry.intended_at().to_string()),
        ("account", clean(&entry.author.account, 200).into_owned()),
        ("action", order.task.title()),
        ("parameters", parameters),
        ("device", order.machine.name()),
        ("device id", order.machine.id.to_string()),
        ("standing", standing.word(&order.task)),
        ("comment", clean(&order.comment, 2_000).into_owned()),
    ]
}

fn csv(entries: &[Entry], verified: &Verified) -> String {
    let mut out = String::new();
    for (n, entry) in entries.iter().enumerate() {
        let columns = columns(entry);
        if n == 0 {
            out += &columns
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect::<Vec<_>>()
                .join(",");
            out += "\r\n";
        }
        out += &columns
            .iter()
            .map(|(_, value)| csv_field(value))
            .collect::<Vec<_>>()
            .join(",");
        out += "\r\n";
    }
    // Writing to a string cannot fail.
    write!(
        out,
        "# records {},last hash {}\r\n",
        verified.records, verified.last_hash
    )
    .ok();
    out
}

/// Quoted, with a leading `'` where a spreadsheet would read a formula.
fn csv_field(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@']);
    format!(
        "\"{}{}\"",
        if formula { "'" } else { "" },
        value.replace('"', "\"\"")
    )
}

fn json_text(entries: &[Entry], verified: &Verified) -> String {
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            columns(entry)
                .into_iter()
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect::<serde_json::Map<_, _>>()
        })
        .collect();
    json!({ "entries": rows, "records": verified.records, "lastHash": verified.last_hash })
        .to_string()
}

/// Whether an entry belongs under a heading.
type Belongs = fn(&Entry) -> bool;

fn markdown(entries: &[Entry], verified: &Verified) -> String {
    let mut out = String::from("# Containment hand-over\n");
    let sections: [(&str, Belongs); 4] = [
        ("Contained, still to release", is_contained),
        ("Under way", |e| !e.standing().is_end()),
        ("Ended otherwise", |e| {
            e.standing().is_end() && !matches!(e.standing(), Standing::Done { .. })
        }),
        ("Done", |e| {
            matches!(e.standing(), Standing::Done { .. }) && !is_contained(e)
        }),
    ];
    for (title, belongs) in sections {
        write!(out, "\n## {title}\n\n").ok();
        let mut any = false;
        for entry in entries.iter().filter(|e| belongs(e)) {
            any = true;
            let [
                id,
                at,
                account,
                action,
                parameters,
                device,
                device_id,
                standing,
                comment,
            ] = columns(entry).map(|(_, value)| value.replace('|', "\\|"));
            writeln!(out, "- **{device}** `{device_id}`: {action} {parameters}, **{standing}**, confirmed {at} by {account}: {comment} ({id})").ok();
        }
        if !any {
            out += "Nothing\n";
        }
    }
    write!(
        out,
        "\n{} records, last hash `{}`\n",
        verified.records, verified.last_hash
    )
    .ok();
    out
}

/// A success of ours that set a condition. Whether it still holds is the service's to say.
fn is_contained(entry: &Entry) -> bool {
    let sets = entry
        .order
        .task
        .kind()
        .is_some_and(|kind| matches!(kind.spec().change, Change::Sets(_)));
    sets && matches!(entry.standing(), Standing::Done { .. })
}
