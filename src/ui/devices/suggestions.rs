//! Suggestions of the search field while a field or its value is being typed. The text changes only when a
//! suggestion is accepted.

use std::collections::HashMap;

use egui::{Key, Modifiers, Ui};

use crate::model::{ExposureLevel, Machine, RiskScore, SearchWord, clean, normal, search_words};
use crate::search::{DeviceState, Field};
use crate::state::State;
use crate::ui::words::devices;

const MAX_SUGGESTIONS: usize = 8;
/// Maximum number of values searched per keystroke, the most frequent first.
const MAX_VALUES: usize = 5_000;
/// Maximum number of distinct values counted.
const MAX_COUNTED: usize = 20_000;
/// Maximum number of devices counted per frame.
const COUNTED_AT_ONCE: usize = 20_000;
/// Maximum length of a suggested value.
const MAX_VALUE_CHARS: usize = 60;

/// A completion of the search's last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub text: String,
    pub hint: String,
}

/// The kind of word being typed.
#[derive(Debug, PartialEq, Eq)]
enum Typed {
    Field(String),
    Value {
        field: Field,
        name: String,
        typed: String,
    },
}

/// Values with their device counts, most frequent first.
type Counts = [(Box<str>, usize)];

fn last_word(search: &str) -> SearchWord {
    search_words(search).pop().unwrap_or_default()
}

fn typed(search: &str) -> Option<Typed> {
    let SearchWord {
        text: word,
        is_quoted,
        ..
    } = last_word(search);
    match word.split_once(':') {
        _ if is_quoted => None,
        None => (word.len() > 1).then_some(Typed::Field(word)),
        Some((name, typed)) => {
            let field = Field::from_word(name).filter(|field| field.describes())?;
            let (name, typed) = (name.to_owned(), typed.to_owned());
            Some(Typed::Value { field, name, typed })
        }
    }
}

fn field_offers(word: &str) -> Vec<Offer> {
    let word = word.to_ascii_lowercase();
    let begun = Field::words().filter(|(name, _)| name.starts_with(&word));
    begun
        .map(|(name, hint)| Offer {
            text: format!("{name}:"),
            hint: hint.to_owned(),
        })
        .take(MAX_SUGGESTIONS)
        .collect()
}

fn value_offers(name: &str, typed: &str, counts: &Counts) -> Vec<Offer> {
    let typed = normal(typed);
    let fits = |value: &str| {
        let value = normal(value);
        value != typed && begins_a_word(&value, &typed)
    };
    let fitting = counts.iter().filter(|(value, _)| fits(value));
    fitting
        .take(MAX_SUGGESTIONS)
        .map(|(value, count)| Offer {
            text: if value.contains(char::is_whitespace) {
                format!("{name}:\"{value}\"")
            } else {
                format!("{name}:{value}")
            },
            hint: devices(*count),
        })
        .collect()
}

/// Whether the text, or a word in it, starts with this.
fn begins_a_word(text: &str, beginning: &str) -> bool {
    text.match_indices(beginning)
        .any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}

/// The search with its last word replaced by the suggestion.
pub fn completed(search: &str, offer: &Offer) -> String {
    let before = &search[..last_word(search).start()];
    // A value is complete, so a word may follow; after a field comes its value.
    let blank = if offer.text.ends_with(':') { "" } else { " " };
    format!("{before}{}{blank}", offer.text)
}

/// Device counts for each value of a field: counted on demand, once per generation of the list, in parts
/// over several frames.
#[derive(Debug, Default)]
struct ValueCounts {
    /// The field, and the generation of the list that was counted.
    of: Option<(Field, u64)>,
    counted: usize,
    counts: HashMap<Box<str>, usize>,
    /// The last full count of this field, while a newer one is in progress.
    values: Vec<(Box<str>, usize)>,
    is_whole: bool,
}

impl ValueCounts {
    /// Counts the next part, if any is left.
    fn advance(&mut self, field: Field, state: &State) {
        let actions = if field == Field::State {
            state.actions.generation()
        } else {
            0
        };
        let of = (field, state.inventory.generation.wrapping_add(actions));
        if self.of != Some(of) {
            let is_other_field = self.of.is_none_or(|(before, _)| before != field);
            let values = std::mem::take(&mut self.values);
            *self = Self {
                of: Some(of),
                values: if is_other_field { Vec::new() } else { values },
                ..Self::default()
            };
        }
        if self.is_whole {
            return;
        }
        let machines = state.inventory.all();
        if field == Field::State {
            self.counts = count_states(state);
            self.counted = machines.len();
        }
        let rest = machines.get(self.counted..).unwrap_or_default();
        let counts = &mut self.counts;
        for machine in rest.iter().take(COUNTED_AT_ONCE) {
            each_value(field, machine, |value| add(counts, value));
        }
        self.counted += rest.len().min(COUNTED_AT_ONCE);
        if self.counted >= machines.len() {
            self.values = ranked(std::mem::take(&mut self.counts));
            self.is_whole = true;
        }
    }
}

fn add(counts: &mut HashMap<Box<str>, usize>, value: &str) {
    if let Some(count) = counts.get_mut(value) {
        *count += 1;
    } else if counts.len() < MAX_COUNTED && can_be_typed(value) {
        counts.insert(value.into(), 1);
    }
}

/// Whether a value can be typed and read as typed; others are not suggested.
fn can_be_typed(value: &str) -> bool {
    !value.trim().is_empty() && !value.contains('"') && clean(value, MAX_VALUE_CHARS) == value
}

fn each_value(field: Field, machine: &Machine, mut take: impl FnMut(&str)) {
    let one = match field {
        Field::Health => Some(machine.health_status.word()),
        Field::Risk => machine.risk_score.as_ref().map(RiskScore::as_wire),
        Field::Exposure => machine.exposure_level.as_ref().map(ExposureLevel::as_wire),
        Field::Value => machine.device_value.as_deref(),
        Field::Os => machine.os_platform.as_deref(),
        Field::Version => machine.version.as_deref(),
        Field::Group => machine.rbac_group_name.as_deref(),
        Field::Tag => {
            machine.tags().iter().for_each(|tag| take(tag));
            None
        }
        Field::Any
        | Field::Name
        | Field::Id
        | Field::Ip
        | Field::Mac
        | Field::State
        | Field::Entra
        | Field::User => None,
    };
    if let Some(value) = one {
        take(value);
    }
}

/// Only devices with actions can have a known state.
fn count_states(state: &State) -> HashMap<Box<str>, usize> {
    let mut counts = HashMap::new();
    let mut unknown = state.inventory.all().len();
    let listed = state
        .actions
        .machines()
        .filter(|(id, ..)| state.inventory.get(id).is_some());
    for (_, _, conditions) in listed {
        let device = DeviceState::from(conditions);
        if device == DeviceState::default() {
            continue;
        }
        unknown -= 1;
        for word in device.words() {
            add(&mut counts, word);
        }
    }
    if unknown > 0 {
        counts.insert("Unknown".into(), unknown);
    }
    counts
}

/// Sorts values, most frequent first.
fn ranked(counts: HashMap<Box<str>, usize>) -> Vec<(Box<str>, usize)> {
    let mut values: Vec<_> = counts.into_iter().collect();
    values
        .sort_unstable_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other)));
    values.truncate(MAX_VALUES);
    values
}

/// The list under the search field.
#[derive(Debug, Default)]
pub struct Completion {
    /// Suggestions as shown in the last frame.
    pub offers: Vec<Offer>,
    pub marked: Option<usize>,
    /// The search that the marked suggestion belongs to.
    pub search: String,
    /// The search for which the list was closed.
    pub closed_for: Option<String>,
    tally: ValueCounts,
}

impl Completion {
    /// Handles the list's keys before the field and table see them; returns whether Enter accepts the
    /// marked suggestion.
    pub fn take_keys(&mut self, ui: &Ui) -> bool {
        let Some(last) = self.offers.len().checked_sub(1) else {
            return false;
        };
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let goes_back = ui.input_mut(|input| input.consume_key(Modifiers::SHIFT, Key::Tab));
        if pressed(Key::Escape) || goes_back {
            self.offers.clear();
            self.closed_for = Some(self.search.clone());
            return false;
        }
        if ui.input(|input| input.events.iter().any(is_text)) {
            // The list does not match the new text yet, so no suggestion in it can be meant.
            self.marked = None;
            return false;
        }
        if pressed(Key::ArrowDown) {
            self.marked = Some(self.marked.map_or(0, |marked| (marked + 1).min(last)));
        } else if pressed(Key::ArrowUp) {
            self.marked = self.marked.and_then(|marked| marked.checked_sub(1));
        }
        self.marked.is_some() && pressed(Key::Enter)
    }

    /// Whether values to suggest are still being counted.
    pub fn is_counting(&self) -> bool {
        self.tally.of.is_some() && !self.tally.is_whole
    }

    /// Suggestions for the search; none while they are being counted.
    pub fn offers_for(&mut self, search: &str, state: &State) -> Vec<Offer> {
        match typed(search) {
            None => Vec::new(),
            Some(Typed::Field(word)) => field_offers(&word),
            Some(Typed::Value { field, name, typed }) => {
                self.tally.advance(field, state);
                value_offers(&name, &typed, &self.tally.values)
            }
        }
    }
}

pub fn is_text(event: &egui::Event) -> bool {
    matches!(event, egui::Event::Text(_) | egui::Event::Paste(_))
}

#[cfg(test)]
mod tests;
