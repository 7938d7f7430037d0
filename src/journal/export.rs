//! Export of the journal: CSV, JSON, and a hand-over sheet in Markdown or HTML. Times are UTC, to
//! the second; the sheet has local time as well.

use std::fmt::Write as _;

use serde_json::json;

use super::sheet::{Moment, Sheet, html, markdown};
use super::wording::{detail, not_reread, parameters, plan, utc};
use super::{Checkpoint, Entry};
use crate::model::{clean, is_hidden, visible};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
    Markdown,
    Html,
}

/// Exports `entries`, with the hash that ends the chain.
#[must_use]
pub fn export(
    entries: &[Entry],
    verified: &Checkpoint,
    format: Format,
    moment: &Moment<'_>,
) -> String {
    match format {
        Format::Csv => csv(entries, verified, moment),
        Format::Json => json_text(entries, verified, moment),
        Format::Markdown => markdown(&Sheet::new(entries, verified, moment)),
        Format::Html => html(&Sheet::new(entries, verified, moment)),
    }
}

/// A column's name and its value.
type Column = (&'static str, fn(&Entry, &Moment<'_>) -> String);

/// The columns of CSV and JSON.
const COLUMNS: [Column; 17] = [
    ("entry", |e, _| e.order.entry.to_string()),
    ("mode", |e, _| e.author.mode.to_string()),
    ("tenant", |e, _| clean(&e.author.tenant, 200).into_owned()),
    ("confirmed", |e, _| utc(e.intended_at())),
    ("account", |e, _| clean(&e.author.account, 200).into_owned()),
    ("action", |e, _| e.order.task.title()),
    ("parameters", |e, _| parameters(&e.order.task)),
    ("device", |e, _| e.machine().name()),
    ("device id", |e, _| e.machine().id.to_string()),
    ("standing", |e, moment| {
        let besides = moment.aftermath(e).in_full(e, utc).plain();
        e.status().word(&e.order.task) + &besides
    }),
    ("detail", |e, _| detail(e, e.status())),
    ("not re-read", |e, _| not_reread(e)),
    ("since", |e, _| utc(e.status_time().0)),
    ("since by", |e, _| e.status_time().1.words().to_owned()),
    ("service action", |e, _| service_action(e)),
    ("comment", |e, _| {
        clean(&e.order.comment, 2_000).into_owned()
    }),
    ("plan", |e, _| plan(e)),
];

/// The id assigned by the service, if any.
fn service_action(entry: &Entry) -> String {
    let has_id = entry.order.task.record().id_word().is_some();
    let action = entry.status().action().filter(|_| has_id);
    action.map(ToString::to_string).unwrap_or_default()
}

fn columns(entry: &Entry, moment: &Moment<'_>) -> impl Iterator<Item = (&'static str, String)> {
    // Any column may end up on a terminal.
    COLUMNS
        .map(|(name, of)| (name, visible(&of(entry, moment)).into_owned()))
        .into_iter()
}

/// Plain RFC 4180: the end of the chain has its own columns, the same in each row. The header is
/// written even without rows.
fn csv(entries: &[Entry], verified: &Checkpoint, moment: &Moment<'_>) -> String {
    let chain = [
        ("journal records", verified.records.to_string()),
        ("journal last hash", verified.last_hash.clone()),
    ];
    let line = |fields: Vec<String>| fields.join(",") + "\r\n";
    let names = COLUMNS.iter().map(|(name, _)| *name);
    let names = names.chain(chain.iter().map(|(name, _)| *name));
    let mut out = line(names.map(csv_field).collect());
    for entry in entries {
        let values = columns(entry, moment).chain(chain.clone());
        out += &line(values.map(|(_, value)| csv_field(&value)).collect());
    }
    out
}

/// Characters that begin a formula, with their variants: full-width, small, raised, and the
/// mathematical minus are read as signs in some locales.
const SIGNS: &str =
    "=+-@＝＋－＠\u{2212}\u{fe62}\u{fe63}\u{fe66}\u{fe6b}\u{fb29}\u{207a}\u{207b}\u{207c}";

/// Separators that a spreadsheet may be set to.
const SEPARATORS: &str = ",;|:^~，；\t\n\r";

/// A quoted field, with `'` before anything that a spreadsheet would read as a formula. All
/// separators count: a file written with commas may be read with semicolons, and then a cell begins
/// in the middle of this one.
fn csv_field(value: &str) -> String {
    let mut out = String::from("\"");
    let (mut begins_cell, mut follows_blank) = (true, false);
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        // Blanks may be separators; a dash between them is no formula.
        let is_alone = chars.peek().is_none_or(|next| next.is_whitespace());
        if SIGNS.contains(c) && (begins_cell || follows_blank && !is_alone) {
            out.push('\'');
        }
        let is_passed_over = c.is_whitespace() || matches!(c, '"' | '\'');
        begins_cell = SEPARATORS.contains(c) || begins_cell && is_passed_over;
        follows_blank = c.is_whitespace() || follows_blank && is_passed_over;
        out.push(c);
        if c == '"' {
            out.push(c);
        }
    }
    out.push('"');
    out
}

fn json_text(entries: &[Entry], verified: &Checkpoint, moment: &Moment<'_>) -> String {
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            let mut row: serde_json::Map<_, _> = columns(entry, moment)
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect();
            row.insert("records".to_owned(), records(entry));
            row
        })
        .collect();
    let whole =
        json!({ "entries": rows, "records": verified.records, "lastHash": verified.last_hash });
    escape_hidden(&whole.to_string())
}

/// Escapes invisible characters, so that text cannot control a terminal. In JSON they occur only
/// inside strings, where the escape means the same.
fn escape_hidden(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                write!(out, "\\u{unit:04x}").ok();
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The records with their times, as stored.
fn records(entry: &Entry) -> serde_json::Value {
    let written = entry.records().iter().map(|(at, record)| {
        let (name, data) = record.to_stored().unzip();
        json!({ "at": at.to_string(), "record": name, "data": data })
    });
    written.collect()
}

#[cfg(test)]
mod tests;
