//! Search over the entries of the journal, newest first. Runs in parts, one per frame, as a journal
//! may have a hundred thousand entries and no frame may wait for them.

use jiff::Timestamp;
use strum::VariantArray;

use super::filter::contains_normal;
use crate::journal::{Entry, OrderStatus, Phase};
use crate::model::{EntryId, normal, search_words, variants};
use crate::state::State;

/// Entries searched per frame.
const LOOKED_AT_ONCE: usize = 1_000;

/// Outcome of an order, as a search criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, VariantArray)]
pub enum Outcome {
    #[default]
    Any,
    /// Not ended, unknown outcomes included.
    Open,
    Done,
    /// Failed, refused, timed out, cancelled, not found, or someone else's.
    Failed,
    NotSent,
    Unknown,
}

impl Outcome {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Any => "Any outcome",
            Self::Open => "Open",
            Self::Done => "Done",
            Self::Failed => "Failed or refused",
            Self::NotSent => "Not sent",
            Self::Unknown => "Outcome unknown",
        }
    }

    fn fits(self, status: &OrderStatus) -> bool {
        let is_not_sent = matches!(status, OrderStatus::NotSent { .. });
        let is_done = matches!(status, OrderStatus::Done { .. });
        match self {
            Self::Any => true,
            Self::Open => status.phase() != Phase::Ended,
            Self::Done => is_done,
            Self::Failed => status.is_end() && !is_done && !is_not_sent,
            Self::NotSent => is_not_sent,
            Self::Unknown => status.is_unknown(),
        }
    }
}

/// Query of the journal page. All criteria must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalQuery {
    /// Words to match in device, comment, action, status, account and tag; `-word` excludes.
    pub text: String,
    pub ticket: String,
    pub device: String,
    pub outcome: Outcome,
    pub account: Option<Box<str>>,
    /// Entries with a record since then.
    pub since: Option<Timestamp>,
}

impl JournalQuery {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let texts = [&self.text, &self.ticket, &self.device];
        texts.iter().all(|text| text.trim().is_empty())
            && self.outcome == Outcome::Any
            && self.account.is_none()
            && self.since.is_none()
    }
}

/// Search words in normal form, each with whether it is required or excluded.
#[derive(Debug)]
struct Words(Vec<(String, bool)>);

impl Words {
    fn new(text: &str) -> Self {
        let words = search_words(text).into_iter();
        let words = words.map(|word| (normal(&word.text), !word.is_excluded));
        Self(words.filter(|(word, _)| !word.is_empty()).collect())
    }

    /// Whether all required words and no excluded one are in the texts.
    fn fit(&self, is_there: impl Fn(&str) -> bool) -> bool {
        self.0
            .iter()
            .all(|(word, is_wanted)| is_there(word) == *is_wanted)
    }
}

/// A parsed query.
#[derive(Debug)]
struct Reading {
    query: JournalQuery,
    text: Words,
    ticket: Words,
    device: Words,
}

impl Reading {
    fn of(query: &JournalQuery) -> Self {
        Self {
            query: query.clone(),
            text: Words::new(&query.text),
            ticket: Words::new(&query.ticket),
            device: Words::new(&query.device),
        }
    }

    fn fits(&self, entry: &Entry) -> bool {
        let (query, order) = (&self.query, &entry.order);
        let last = entry.records().last().map(|(at, _)| *at);
        // Cheap criteria first.
        query.since.is_none_or(|since| last >= Some(since))
            && query.outcome.fits(entry.status())
            && (query.account.as_ref()).is_none_or(|account| *account == entry.author.account)
            && self
                .ticket
                .fit(|word| contains_normal(&order.comment, word))
            && self.device.fit(|word| is_on_device(word, entry))
            && self.text.fit(|word| {
                let is_in = |text: &str| contains_normal(text, word);
                is_in(&order.comment)
                    || is_on_device(word, entry)
                    || is_in(&entry.author.account)
                    || is_in(&order.task.title())
                    || is_in(&entry.status().word(&order.task))
                    || is_in(&order.entry.to_string())
                    || (entry.status().action()).is_some_and(|id| is_in(id.as_str()))
            })
    }
}

fn is_on_device(word: &str, entry: &Entry) -> bool {
    let is_in = |text: &str| contains_normal(text, word);
    let ordered = &entry.order.machine;
    ordered.dns_name.as_deref().is_some_and(is_in)
        || is_in(ordered.id.as_str())
        || is_in(entry.machine().id.as_str())
}

/// The matching entries, by their index in the journal.
#[derive(Debug, Default)]
pub struct JournalRows {
    /// `None` before the first query.
    reading: Option<Reading>,
    generation: u64,
    /// Newest first. Incomplete while a new query is running.
    found: Vec<u32>,
    /// Matches of the same query in a changed journal; replaces `found` when complete.
    again: Option<Vec<u32>>,
    /// The next index to search, from the end; `None` when idle.
    next: Option<usize>,
}

impl JournalRows {
    /// Continues the search. Matches are appended, so that visible rows do not move.
    pub fn advance(&mut self, state: &State, query: &JournalQuery) {
        let generation = state.entries.generation();
        let reading = self.reading.as_ref();
        let is_other = reading.is_none_or(|reading| reading.query != *query);
        let is_old = self.next.is_none() && self.generation != generation;
        if is_other {
            self.reading = Some(Reading::of(query));
            self.found.clear();
            self.again = None;
        } else if is_old {
            self.again = Some(Vec::new());
        }
        if is_other || is_old {
            self.generation = generation;
            self.next = state.entries.len().checked_sub(1);
            if self.next.is_none() {
                self.found.clear();
                self.again = None;
            }
        }
        if let Some(from) = self.next {
            self.look_at_some(state, from);
        }
    }

    fn look_at_some(&mut self, state: &State, from: usize) {
        let end = from.saturating_sub(LOOKED_AT_ONCE - 1);
        let all: &[Entry] = &state.entries;
        let fits =
            |entry: &Entry| (self.reading.as_ref()).is_some_and(|reading| reading.fits(entry));
        let found = self.again.as_mut().unwrap_or(&mut self.found);
        for place in (end..=from).rev() {
            if all.get(place).is_some_and(fits) {
                found.push(u32::try_from(place).unwrap_or(u32::MAX));
            }
        }
        self.next = end.checked_sub(1);
        if self.next.is_none()
            && let Some(again) = self.again.take()
        {
            self.found = again;
        }
    }

    /// Whether the present journal was searched completely.
    #[must_use]
    pub fn is_up_to_date(&self, state: &State) -> bool {
        let is_begun = self.reading.is_some();
        is_begun && self.next.is_none() && self.generation == state.entries.generation()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    #[must_use]
    pub fn entry<'a>(&self, state: &'a State, row: usize) -> Option<&'a Entry> {
        let all: &[Entry] = &state.entries;
        all.get(*self.found.get(row)? as usize)
    }

    #[must_use]
    pub fn row_of(&self, state: &State, id: EntryId) -> Option<usize> {
        let place = u32::try_from(state.entries.index_of(id)?).ok()?;
        // Sorted from newest to oldest.
        let row = self.found.binary_search_by(|known| place.cmp(known));
        row.ok()
    }

    /// Matching entries, newest first.
    pub fn entries<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Entry> {
        (0..self.len()).filter_map(|row| self.entry(state, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::guard::Policy;
    use crate::journal::{NotSentReason, Record};
    use crate::message::Event;
    use crate::model::{MachineActionStatus, Mode};
    use crate::state::fixtures;

    const DONE: &str = "b89eb834";

    fn done() -> Vec<Record> {
        vec![
            Record::Sent,
            fixtures::finished(DONE, MachineActionStatus::Succeeded),
        ]
    }

    fn withdrawn() -> Vec<Record> {
        let why = NotSentReason::Withdrawn;
        vec![Record::NotSent { why, detail: None }]
    }

    fn entry(n: usize, name: &str, comment: &str, records: Vec<Record>) -> Entry {
        let machine = fixtures::machine_ref(&format!("a{n}"), Some(name));
        let mut order = fixtures::order(&format!("cdn-{n:08}"), machine, ActionKind::Isolate);
        order.comment = comment.into();
        let at = Timestamp::from_second(60 * i64::try_from(n).expect("few")).expect("a time");
        fixtures::entry_at(at, fixtures::author(), order, records)
    }

    fn state(entries: Vec<Entry>) -> State {
        let mut state = State::new(Mode::Demo, "demo", Policy::default());
        state.apply(Event::Entries(entries));
        state
    }

    fn few() -> State {
        state(vec![
            entry(1, "FIN-LT-042", "INC-4711 beacon", done()),
            entry(2, "HR-LT-007", "INC-4711 the same beacon", withdrawn()),
            entry(3, "fin-srv-1", "INC-4712 Zürich", Vec::new()),
        ])
    }

    fn found(state: &State, query: &JournalQuery) -> Vec<String> {
        let mut rows = JournalRows::default();
        while !rows.is_up_to_date(state) {
            rows.advance(state, query);
            if state.entries.is_empty() {
                break;
            }
        }
        rows.entries(state)
            .map(|entry| entry.order.machine.name())
            .collect()
    }

    fn text(text: &str) -> JournalQuery {
        JournalQuery {
            text: text.into(),
            ..JournalQuery::default()
        }
    }

    #[test]
    fn words_match_anywhere_in_an_entry_newest_first() {
        let state = few();
        let all = ["fin-srv-1", "HR-LT-007", "FIN-LT-042"];
        assert_eq!(found(&state, &JournalQuery::default()), all);
        for (looked_for, expected) in [
            ("inc-4711", &all[1..]),
            ("4711 fin", &all[2..]),
            ("inc -4712", &all[1..]),
            ("ZÜRICH", &all[..1]),
            ("not sent", &all[1..2]),
            ("isolated", &all[2..]),
            ("jane isolate a3", &all[..1]),
            ("cdn-00000002", &all[1..2]),
            (DONE, &all[2..]),
            ("nothing of it", &[]),
        ] {
            assert_eq!(found(&state, &text(looked_for)), expected, "{looked_for}");
        }
    }

    #[test]
    fn all_criteria_narrow_the_result() {
        let state = few();
        let count = |query: JournalQuery| found(&state, &query).len();
        let any = JournalQuery::default;
        assert_eq!(
            count(JournalQuery {
                ticket: "INC-4711".into(),
                ..any()
            }),
            2
        );
        assert_eq!(
            count(JournalQuery {
                device: "fin".into(),
                ..any()
            }),
            2
        );
        let of = |outcome| count(JournalQuery { outcome, ..any() });
        let counts = Outcome::ALL.map(of);
        assert_eq!(counts, [3, 1, 1, 0, 1, 0]);
        let account = |account: &str| JournalQuery {
            account: Some(account.into()),
            ..any()
        };
        assert_eq!(count(account("jane@contoso.com")), 3);
        assert_eq!(count(account("sam@contoso.com")), 0);
        let since = Timestamp::from_second(120).ok();
        assert_eq!(count(JournalQuery { since, ..any() }), 2);
    }

    #[test]
    fn a_long_journal_is_searched_in_parts_and_visible_rows_stay() {
        let many = 3 * LOOKED_AT_ONCE;
        let mut state = state((1..=many).map(|n| entry(n, "D", "x", Vec::new())).collect());
        let mut rows = JournalRows::default();
        let mut lengths = Vec::new();
        while !rows.is_up_to_date(&state) {
            rows.advance(&state, &JournalQuery::default());
            lengths.push(rows.len());
            let newest = rows.entry(&state, 0).map(|entry| entry.id().to_string());
            assert_eq!(newest, Some(format!("cdn-{many:08}")));
        }
        assert_eq!(lengths, [1, 2, 3].map(|n| n * LOOKED_AT_ONCE));
        let row = 2 * LOOKED_AT_ONCE + 5;
        let id = rows.entry(&state, row).expect("a row").id();
        assert_eq!(rows.row_of(&state, id), Some(row));
        // The old rows stay until the present journal was searched.
        state.apply(Event::Entry(Box::new(entry(
            many + 1,
            "D",
            "x",
            Vec::new(),
        ))));
        rows.advance(&state, &JournalQuery::default());
        assert_eq!(rows.len(), many);
        while !rows.is_up_to_date(&state) {
            rows.advance(&state, &JournalQuery::default());
        }
        assert_eq!(rows.len(), many + 1);
    }
}
