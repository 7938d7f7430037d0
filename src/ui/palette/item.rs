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
    /// Shows everything with this ticket.
    Incident(String),
    /// Opens the form of the plan with this name, on the ticked devices, else on the open one.
    Plan(String),
    /// Switches to the profile with this name, after the same question as on its page.
    Profile(String),
    /// Opens the settings at this field.
    Setting(RuleKey),
    /// Puts a text into the search of the list.
    Search(String),
    /// Sends a direct query to the service, for a search.
    Ask(String, Question),
}

impl Item {
    /// Whether it is the same item, regardless of a device's current name.
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
    /// Adds an item at the front, unless it is a search, which is not repeated.
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
    /// Drawn above the row where a section starts.
    pub heading: Option<String>,
    pub label: String,
    /// Indices of the matching characters of the label.
    pub letters: Vec<usize>,
    /// The end of the id, which distinguishes a device from its twins.
    pub tail: String,
    pub beside: String,
    pub keys: String,
    pub help: String,
    pub why_not: Option<String>,
}

impl Row {
    /// An available row without text beside its label.
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

    /// Its widget id in the dialog `palette`.
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

/// The rows whose label matches, the best first, and the best score.
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
