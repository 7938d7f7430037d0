//! The rules of an organisation as written: a text for each key, one entry per line. Form and file
//! report the same errors.

use std::path::{Path, PathBuf};

use strum::VariantArray;
use toml_edit::{Document, Item, Value};

use super::list;
use super::toml_text::line_at;
use crate::action::Plans;
use crate::guard::{IpRange, Pattern, Policy};
use crate::model::{MachineId, clean, is_guid, variants};

/// A longer template leaves no room for a free reason.
const MAX_TEMPLATE_CHARS: usize = 500;
/// Templates of the demo, so that the feature can be tried.
pub const DEMO_TEMPLATES: &str = "[contain] {ticket}: beacon seen, contained until checked\n[release] {ticket}: checked, clean again";

/// Rules of the settings file: all of it but the profiles.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The effective policy, with the shared file's.
    pub policy: Policy,
    /// Rules of the settings file itself.
    pub written: WrittenRules,
    /// Rules of the shared file, with its path.
    pub shared: Option<(PathBuf, WrittenRules)>,
    /// The other computer with that file, if reading from it is not confirmed yet.
    pub asks_host: Option<Box<str>>,
    /// Why the comment templates could not be read.
    pub template_trouble: Option<Box<str>>,
    /// Why the table `[desktop]` could not be read; an unreadable value counts as missing.
    pub desktop_trouble: Option<Box<str>>,
    /// Plans: built-in, of the shared file, and of the settings file; the last one of a name is used.
    pub plans: Plans,
    /// First error in the plans of either file; that plan is not offered.
    pub plan_trouble: Option<Box<str>>,
}

/// A key of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray)]
pub enum RuleKey {
    ProtectedNames,
    ProtectedTags,
    ProtectedIds,
    VpnRanges,
    MaxDevices,
    OwnEntraDeviceId,
    SharedFile,
    Templates,
    /// Additional ticket prefixes of the organisation.
    TicketPrefixes,
    /// Whether to show desktop notifications; on unless `false`.
    Notifications,
    /// Searches of the list, each with its name before a colon.
    SavedSearches,
}

/// TOML form of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    List,
    Text,
    Number,
    /// `true` or `false`.
    Flag,
}

impl Shape {
    /// Why a value does not have this form, if so.
    fn trouble(self, item: &Item) -> Option<&'static str> {
        match self {
            Self::List => list::texts(item).err(),
            Self::Text => item.as_str().is_none().then_some(NO_TEXT),
            Self::Number => item.as_integer().is_none().then_some(NO_NUMBER),
            Self::Flag => item.as_bool().is_none().then_some(NO_FLAG),
        }
    }
}

/// A key with its text before and after, one entry per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    pub key: RuleKey,
    /// The text that the user saw: if it has changed since, nothing is written.
    pub from: String,
    pub to: String,
}

impl RuleKey {
    /// In the order of the file.
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    /// The key's table and name in the file, and the form of its value.
    pub(super) const fn place(self) -> (&'static str, &'static str, Shape) {
        match self {
            Self::ProtectedNames => ("policy", "protected_names", Shape::List),
            Self::ProtectedTags => ("policy", "protected_tags", Shape::List),
            Self::ProtectedIds => ("policy", "protected_ids", Shape::List),
            Self::VpnRanges => ("policy", "vpn_ranges", Shape::List),
            Self::MaxDevices => ("policy", "most_devices", Shape::Number),
            Self::OwnEntraDeviceId => ("policy", "own_entra_device_id", Shape::Text),
            Self::SharedFile => ("policy", "shared_file", Shape::Text),
            Self::Templates => ("comments", "templates", Shape::List),
            Self::TicketPrefixes => ("comments", "ticket_prefixes", Shape::List),
            Self::Notifications => ("desktop", "notifications", Shape::Flag),
            Self::SavedSearches => ("desktop", "searches", Shape::List),
        }
    }

    /// Whether it is a rule of the organisation, which a shared file may contain as well.
    #[must_use]
    pub fn is_policy(self) -> bool {
        self.place().0 == "policy"
    }

    /// The key with this name in a table of the file.
    pub(super) fn in_table(table: &str, name: &str) -> Option<Self> {
        let mut keys = Self::ALL.into_iter();
        keys.find(|key| (key.place().0, key.place().1) == (table, name))
    }

    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.place().1
    }

    /// Checks one entry.
    fn check(self, entry: &str) -> Result<(), &'static str> {
        let shown = clean(entry, entry.len()) == entry;
        match self {
            _ if !shown => Err("has characters that cannot be shown"),
            Self::ProtectedNames => Pattern::parse(entry).map(|_| ()),
            Self::ProtectedIds => device_id(entry).map(|_| ()),
            Self::VpnRanges => IpRange::parse(entry).map(|_| ()),
            Self::MaxDevices => match entry.parse() {
                Ok(max) => max_devices(max).map(|_| ()),
                Err(_) => Err(NO_MOST),
            },
            Self::OwnEntraDeviceId => only_if(
                is_guid(entry),
                "is not an Entra device id: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12",
            ),
            Self::Templates => only_if(
                entry.chars().count() <= MAX_TEMPLATE_CHARS,
                "is longer than 500 characters",
            ),
            Self::TicketPrefixes => {
                only_if(is_prefix(entry), "is not 2 to 20 letters, such as INC")
            }
            Self::SavedSearches => only_if(
                named_search(entry).is_some(),
                "is not a name, a colon and a search",
            ),
            Self::Notifications => only_if(matches!(entry, ON | OFF), NO_FLAG),
            Self::ProtectedTags | Self::SharedFile => Ok(()),
        }
    }
}

fn only_if(holds: bool, why_not: &'static str) -> Result<(), &'static str> {
    holds.then_some(()).ok_or(why_not)
}

/// Whether the text can be a ticket prefix.
fn is_prefix(entry: &str) -> bool {
    (2..=20).contains(&entry.len()) && entry.bytes().all(|b| b.is_ascii_alphabetic())
}

/// The name and the search of an entry.
fn named_search(entry: &str) -> Option<(&str, &str)> {
    let (name, search) = entry.split_once(':')?;
    let (name, search) = (name.trim(), search.trim());
    (!name.is_empty() && !search.is_empty()).then_some((name, search))
}

/// Text of a flag that is on.
const ON: &str = "true";
const OFF: &str = "false";
const NO_FLAG: &str = "is neither true nor false";
pub(super) const NO_TEXT: &str = "is not text";
pub(super) const NO_NUMBER: &str = "is not a number";
const NO_MOST: &str = "is not a number from 1 to 100";

/// Parses the id of a protected device.
pub(super) fn device_id(text: &str) -> Result<MachineId, &'static str> {
    MachineId::parse(text).map_err(|_text| "is not a device id")
}

/// Checks a maximum number of devices per batch.
pub(super) fn max_devices(number: i64) -> Result<usize, &'static str> {
    usize::try_from(number)
        .ok()
        .filter(|max| (1..=100).contains(max))
        .ok_or(NO_MOST)
}

/// The rules as written, valid or not; also the content of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenRules {
    texts: [String; RuleKey::ALL.len()],
}

impl WrittenRules {
    /// Rules of a run without a settings file.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        let mut written = Self::default();
        let names = policy.protected_names.iter().map(Pattern::as_str);
        *written.text_mut(RuleKey::ProtectedNames) = lines(names);
        *written.text_mut(RuleKey::ProtectedTags) = lines(policy.protected_tags.iter());
        let ids = policy.protected_ids.iter().map(MachineId::as_str);
        *written.text_mut(RuleKey::ProtectedIds) = lines(ids);
        let ranges = policy.vpn_ranges.iter().map(ToString::to_string);
        *written.text_mut(RuleKey::VpnRanges) = lines(ranges);
        *written.text_mut(RuleKey::MaxDevices) = policy.max_batch.to_string();
        let own = policy.own_entra_device_id.as_deref();
        own.unwrap_or_default()
            .clone_into(written.text_mut(RuleKey::OwnEntraDeviceId));
        written
    }

    /// Changes that write all rules into an empty file.
    #[must_use]
    pub fn as_changes(&self) -> Vec<RuleChange> {
        let change = |key| RuleChange {
            key,
            from: String::new(),
            to: self.text(key).to_owned(),
        };
        RuleKey::ALL.map(change).into()
    }

    /// Reads the valid rules of a file.
    pub(super) fn read(document: &Document<&str>) -> Self {
        let mut written = Self::default();
        for key in RuleKey::ALL {
            let (table, name, _) = key.place();
            if let Some(item) = document.get(table).and_then(|table| table.get(name)) {
                *written.text_mut(key) = as_text(item);
            }
        }
        written
    }

    #[must_use]
    pub fn text(&self, key: RuleKey) -> &str {
        &self.texts[key as usize]
    }

    pub fn text_mut(&mut self, key: RuleKey) -> &mut String {
        &mut self.texts[key as usize]
    }

    /// Whether to show desktop notifications; on unless switched off.
    #[must_use]
    pub fn wants_notifications(&self) -> bool {
        !self.entries(RuleKey::Notifications).eq([OFF])
    }

    /// The valid saved searches, by name.
    pub fn saved_searches(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries(RuleKey::SavedSearches)
            .filter_map(named_search)
    }

    pub fn set_notifications(&mut self, wanted: bool) {
        let text = if wanted { ON } else { OFF };
        text.clone_into(self.text_mut(RuleKey::Notifications));
    }

    /// The entries of a key, trimmed and without blank lines.
    pub fn entries(&self, key: RuleKey) -> impl Iterator<Item = &str> {
        entries_of(self.text(key))
    }

    /// Whether both have the same entries under this key.
    #[must_use]
    pub fn agrees_with(&self, other: &Self, key: RuleKey) -> bool {
        self.entries(key).eq(other.entries(key))
    }

    /// First invalid line of a key's text, and the reason.
    #[must_use]
    pub fn wrong(&self, key: RuleKey) -> Option<String> {
        let is_list = key.place().2 == Shape::List;
        let lines = self.text(key).lines().enumerate();
        let mut wrong = lines.filter_map(|(at, line)| {
            let entry = line.trim();
            let why = key.check(entry).err().filter(|_| !entry.is_empty())?;
            let shown = clean(entry, 60);
            Some(if is_list {
                format!("Line {}: “{shown}” {why}", at + 1)
            } else {
                format!("“{shown}” {why}")
            })
        });
        wrong.next()
    }
}

/// The entries in a text with one per line.
pub(super) fn entries_of(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|entry| !entry.is_empty())
}

fn lines<T: AsRef<str>>(entries: impl Iterator<Item = T>) -> String {
    let mut text = String::new();
    for entry in entries {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(entry.as_ref());
    }
    text
}

fn as_text(item: &Item) -> String {
    if let Some(list) = item.as_array() {
        let entries = list.iter().filter_map(Value::as_str);
        return lines(entries.map(|entry| entry.replace(['\n', '\r'], " ")));
    }
    match (item.as_integer(), item.as_bool()) {
        (Some(number), _) => number.to_string(),
        (_, Some(flag)) => flag.to_string(),
        (None, None) => item.as_str().unwrap_or_default().trim().to_owned(),
    }
}

/// The first unreadable key in a table of the file, with file, line and reason.
pub(super) fn table_trouble(
    text: &str,
    document: &Document<&str>,
    file: &Path,
    name: &str,
) -> Option<Box<str>> {
    let item = document.get(name)?;
    let file = file.display();
    let Some(table) = item.as_table_like() else {
        return Some(format!("{file}: “{name}” is not a table").into());
    };
    let mut wrong = table.iter().filter_map(|(key, item)| {
        let why = match RuleKey::in_table(name, key) {
            Some(known) => known.place().2.trouble(item)?.to_owned(),
            None => format!("is not a key of the {name}"),
        };
        let (line, key) = (line_at(text, item.span()), clean(key, 40));
        Some(format!("{file}, line {line}: {name}.{key}: {why}").into())
    });
    wrong.next()
}
