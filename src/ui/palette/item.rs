//! Items of the palette, and recently chosen ones.

use crate::model::{MachineRef, Question};
use crate::search::Fuzzy;
use crate::settings::RuleKey;
use crate::ui::commands::UiCommand;

/// Maximum number of recent items.
pub const MAX_RECENT: usize = 6;

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Command(UiCommand),
    Device(MachineRef),
    /// Shows all that carries this ticket.
    Incident(String),
    /// Opens the form of the plan with this name, on the selected devices, else on the open one.
    Plan(String),
    /// Goes to the profile with this name, after the question that its page asks too.
    Profile(String),
    /// Opens the settings at this field.
    Setting(RuleKey),
    /// Puts a text into the search of the list.
    Search(String),
    /// Asks the service itself, for a search.
    Ask(String, Question),
}

impl Item {
    /// Whether it is the same item, regardless of a device's present name.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Device(one), Self::Device(other)) => one.id == other.id,
            _ => self == other,
        }
    }
}

/// Items chosen in this run, the latest first.
#[derive(Debug, Default)]
pub struct RecentItems(pub Vec<Item>);

impl RecentItems {
    /// Puts an item first. A search is done with once it was made.
    pub fn note(&mut self, item: Item) {
        if !matches!(item, Item::Search(_) | Item::Ask(..)) {
            self.0.retain(|known| !known.is_same(&item));
            self.0.insert(0, item);
            self.0.truncate(MAX_RECENT);
        }
    }

    /// Rank by recency; items never chosen come last.
    pub fn rank(&self, item: &Item) -> usize {
        let place = self.0.iter().position(|known| known.is_same(item));
        place.unwrap_or(MAX_RECENT)
    }
}

/// A row of the palette.
#[derive(Debug)]
pub struct Row {
    pub item: Item,
    /// Drawn over the row, where a section begins.
    pub heading: Option<String>,
    pub label: String,
    /// The characters of the label that matched, by their places.
    pub letters: Vec<usize>,
    /// Id tail that tells a device from its twins.
    pub tail: String,
    pub beside: String,
    pub keys: String,
    pub help: String,
    pub why_not: Option<String>,
}

impl Row {
    /// A row that can be chosen, with nothing beside its label.
    pub fn new(item: Item, label: String, help: &str) -> Self {
        Self {
            item,
            heading: None,
            label,
            letters: Vec::new(),
            tail: String::new(),
            beside: String::new(),
            keys: String::new(),
            help: help.to_owned(),
            why_not: None,
        }
    }

    /// The id of its widget in the dialog `palette`.
    pub fn id(&self, palette: egui::Id) -> egui::Id {
        palette.with(match &self.item {
            Item::Command(command) => format!("{command:?}"),
            Item::Device(machine) => machine.id.to_string(),
            Item::Incident(ticket) => format!("incident {ticket}"),
            Item::Plan(name) => format!("plan {name}"),
            Item::Profile(name) => format!("profile {name}"),
            Item::Setting(key) => format!("setting {key:?}"),
            Item::Search(text) => format!("search {text}"),
            Item::Ask(_, question) => format!("{question:?}"),
        })
    }

    /// Accessible name.
    pub fn name(&self) -> String {
        let beside = if self.beside.is_empty() { "" } else { ", " };
        format!("{}{}{beside}{}", self.label, self.tail, self.beside)
    }
}

/// Those whose label has the letters that are looked for, the best first, and how well that one matches.
pub fn best_first(fuzzy: &mut Fuzzy, rows: impl Iterator<Item = Row>) -> (u32, Vec<Row>) {
    let scored = rows.filter_map(|row| Some((fuzzy.score(&row.label)?, row)));
    let mut scored: Vec<_> = scored.collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let best = scored.first().map_or(0, |(score, _)| *score);
    let rows = scored.into_iter().map(|(_, mut row)| {
        row.letters = fuzzy.letters(&row.label);
        row
    });
    (best, rows.collect())
}
