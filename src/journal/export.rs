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
fn columns(entry: &Entry) -> [(&'static str, String); 12] {
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
        ("device id", entry.machine().id.to_string()),
        ("standing", standing.word(&order.task)),
        ("detail", detail(entry, standing)),
        ("since", entry.standing_since().to_string()),
        (
            "service action",
            standing
                .action()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        ("comment", clean(&order.comment, 2_000).into_owned()),
    ]
}

/// What the standing alone does not say.
fn detail(entry: &Entry, standing: &Standing) -> String {
    let ordered = &entry.order.machine;
    let redirected = (entry.machine().id != ordered.id)
        .then(|| format!("ordered for {}, carried over by the service", ordered.id));
    let more = standing.detail();
    redirected
        .into_iter()
        .chain(more)
        .collect::<Vec<_>>()
        .join("; ")
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
            let mut row: serde_json::Map<_, _> = columns(entry)
                .into_iter()
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect();
            row.insert("records".to_owned(), records(entry));
            row
        })
        .collect();
    json!({ "entries": rows, "records": verified.records, "lastHash": verified.last_hash })
        .to_string()
}

/// What became known when, as it was written.
fn records(entry: &Entry) -> serde_json::Value {
    let written = entry.records().iter().map(|(at, record)| {
        let (name, data) = super::codec::write(record);
        json!({ "at": at.to_string(), "record": name, "data": data })
    });
    written.collect()
}

/// Whether an entry belongs under a heading.
type Belongs = fn(&[Entry], &Entry) -> bool;

/// The hand-over sheet: what the next shift has to know, the urgent first.
fn markdown(entries: &[Entry], verified: &Verified) -> String {
    let mut out = String::from(
        "# Containment hand-over\n\n\
         What this console ordered and saw. What others did meanwhile is in the Defender portal.\n",
    );
    let sections: [(&str, Belongs); 4] = [
        ("Contained, still to release", is_contained),
        ("Pending or unknown", |_, e| !e.standing().is_end()),
        ("Failed, refused or not sent", |_, e| {
            e.standing().is_end() && !is_done(e)
        }),
        ("Done", |all, e| is_done(e) && !is_contained(all, e)),
    ];
    for (title, belongs) in sections {
        // Writing to a string cannot fail.
        write!(out, "\n## {title}\n\n").ok();
        let before = out.len();
        for entry in entries.iter().filter(|e| belongs(entries, e)) {
            let [
                id,
                at,
                account,
                action,
                parameters,
                device,
                device_id,
                standing,
                detail,
                since,
                service_action,
                comment,
            ] = columns(entry).map(|(_, value)| value.replace('|', "\\|"));
            let parameters = in_front(" ", &parameters);
            let detail = if detail.is_empty() {
                detail
            } else {
                format!(" ({detail})")
            };
            let service_action = in_front(", action ", &service_action);
            writeln!(out, "- **{device}** `{device_id}`: {action}{parameters}, **{standing}**{detail} since {since}, confirmed {at} by {account}: {comment} ({id}{service_action})").ok();
        }
        if out.len() == before {
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

/// A text with what belongs in front of it, unless there is none.
fn in_front(what: &str, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("{what}{text}")
    }
}

fn is_done(entry: &Entry) -> bool {
    matches!(entry.standing(), Standing::Done { .. })
}

/// A success of ours that set a condition which no later success of ours cleared or set anew.
/// Whether it still holds is the service's to say.
fn is_contained(entries: &[Entry], entry: &Entry) -> bool {
    let change = |e: &Entry| e.order.task.kind().map(|kind| kind.spec().change);
    let Some(Change::Sets(condition)) = change(entry).filter(|_| is_done(entry)) else {
        return false;
    };
    !entries.iter().any(|other| {
        let concerns = matches!(
            change(other),
            Some(Change::Sets(c) | Change::Clears(c)) if c == condition
        );
        concerns
            && other.machine().id == entry.machine().id
            && is_done(other)
            && (other.standing_since(), other.intended_at())
                > (entry.standing_since(), entry.intended_at())
    })
}
