//! The hash chain: each record contains the hash of the previous one.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Defect, JournalError, Record, schema};
use crate::model::{EntryId, hex};

/// Fields covered by a record's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HashRule {
    /// Layouts 1 and 2: every field but the number.
    WithoutNumber,
    /// Layout 3: the number as well, from the `Layout` record on.
    WithNumber,
}

/// The record that begins the present rule, in the first append with this layout. It belongs to no entry.
pub(super) const RULE_BEGINS: &str = "Layout";

/// The end of the chain and the rule for its next record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    /// Number of the last record; 0 when there is none.
    pub seq: i64,
    /// Its hash; empty when there is none.
    pub hash: String,
    pub rule: HashRule,
}

impl End {
    pub(super) const EMPTY: Self = Self {
        seq: 0,
        hash: String::new(),
        rule: HashRule::WithoutNumber,
    };

    /// The end after `row`.
    pub(super) fn after(&self, row: &Row) -> Self {
        let rule = row.rule_after(self.rule);
        Self {
            seq: row.seq,
            hash: row.hash(rule),
            rule,
        }
    }

    /// A record that follows this end.
    pub(super) fn next(&self, entry: &str, at: &str, record: &str, data: &str) -> Row {
        Row {
            seq: self.seq + 1,
            entry: entry.into(),
            at: at.into(),
            record: record.into(),
            data: data.into(),
            previous_hash: self.hash.clone(),
        }
    }

    /// The record required before any other when this layout begins a chain or continues an older one.
    pub(super) fn rule_begins(&self, at: &str) -> Option<Row> {
        let data = json!({ "layout": schema::LAYOUT }).to_string();
        (self.rule == HashRule::WithoutNumber).then(|| self.next("", at, RULE_BEGINS, &data))
    }
}

#[derive(PartialEq, Eq)]
pub(super) struct Row {
    pub seq: i64,
    pub entry: String,
    pub at: String,
    pub record: String,
    pub data: String,
    pub previous_hash: String,
}

pub(super) const SELECT: &str = "SELECT seq, entry_id, at, record, data, previous_hash FROM record";

impl Row {
    /// A row of [`SELECT`].
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            entry: row.get(1)?,
            at: row.get(2)?,
            record: row.get(3)?,
            data: row.get(4)?,
            previous_hash: row.get(5)?,
        })
    }

    /// Inserts the row, and checks that it is the only row inserted.
    pub(super) fn insert(&self, db: &Connection) -> Result<(), JournalError> {
        let mut insert = db.prepare_cached(
            "INSERT INTO record (seq, entry_id, at, record, data, previous_hash) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        let inserted = insert.execute(params![
            self.seq,
            self.entry,
            self.at,
            self.record,
            self.data,
            self.previous_hash
        ])?;
        if inserted == 1 && newest(db)?.as_ref() == Some(self) {
            Ok(())
        } else {
            Err(JournalError::NotStoredAsWritten { seq: self.seq })
        }
    }

    /// The record with its entry; `None` if it has no entry.
    pub(super) fn said(&self) -> Result<Option<(EntryId, Timestamp, Record)>, JournalError> {
        if self.belongs_to_no_entry() {
            return Ok(None);
        }
        let unreadable = || JournalError::Damaged(Defect::Unreadable { seq: self.seq });
        let id = EntryId::parse(&self.entry).ok_or_else(unreadable)?;
        let at = self.at.parse();
        let at = at.map_err(|_no_time: jiff::Error| unreadable())?;
        Ok(Some((
            id,
            at,
            Record::from_stored(id, &self.record, &self.data)?,
        )))
    }

    pub(super) fn belongs_to_no_entry(&self) -> bool {
        self.entry.is_empty() && self.record == RULE_BEGINS
    }

    /// The layout that begins with this record.
    pub(super) fn begins_layout(&self) -> Option<i64> {
        if !self.belongs_to_no_entry() {
            return None;
        }
        let data: serde_json::Value = serde_json::from_str(&self.data).ok()?;
        data["layout"].as_i64()
    }

    fn rule_after(&self, before: HashRule) -> HashRule {
        if self.belongs_to_no_entry() {
            HashRule::WithNumber
        } else {
            before
        }
    }

    /// SHA-256 over the fields, each preceded by its length, so that none can flow into the next.
    pub(super) fn hash(&self, rule: HashRule) -> String {
        let number = self.seq.to_string();
        let number = (rule == HashRule::WithNumber).then_some(&number);
        let fields = [
            &self.entry,
            &self.at,
            &self.record,
            &self.data,
            &self.previous_hash,
        ];
        let fields = number.into_iter().chain(fields);
        sha256_hex(fields.map(String::as_bytes))
    }
}

/// SHA-256 in hexadecimal over several fields, each preceded by its length.
pub(super) fn sha256_hex<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut sum = Sha256::new();
    for field in fields {
        sum.update((field.len() as u64).to_be_bytes());
        sum.update(field);
    }
    hex(&sum.finalize())
}

/// The hash of a record in a chain that ends with `end`, as the next record has it; `None` beyond the end.
pub(super) fn hash_of(
    db: &Connection,
    seq: i64,
    end: &End,
) -> Result<Option<String>, JournalError> {
    if seq == end.seq {
        return Ok(Some(end.hash.clone()));
    }
    let mut after = db.prepare_cached("SELECT previous_hash FROM record WHERE seq = ?")?;
    Ok(after.query_row([seq + 1], |row| row.get(0)).optional()?)
}

/// The last record in the file.
pub(super) fn newest(db: &Connection) -> Result<Option<Row>, JournalError> {
    let mut newest = db.prepare_cached(&format!("{SELECT} ORDER BY seq DESC LIMIT 1"))?;
    Ok(newest.query_row([], Row::read).optional()?)
}
