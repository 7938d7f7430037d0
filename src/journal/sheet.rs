//! The hand-over sheet: the facts for the next shift, urgent ones first.
//!
//! Device names, comments, requestors and the service's messages are other people's text, some of
//! it an attacker's: it is kept apart from ours, so that none can become a link, an image, markup
//! or a status that nobody reported. The formats are in `markdown` and `html`.

mod conditions;
mod html;
mod line;
mod markdown;
mod next_step;
mod others;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use strum::VariantArray;

use conditions::{begun_by, blocks_at, ended_by, is_done, sets_a_condition};
pub(super) use html::html;
pub(super) use line::Line;
pub(super) use markdown::markdown;
use next_step::next_step;
pub use others::{OthersContainment, SetBy};

use super::wording::{detail, not_reread, parameters, plan, utc};
use super::{Aftermath, Aftermaths, Checkpoint, Entry, OrderStatus, Reversal, TimeSource};
use crate::action::Task;
use crate::model::{
    EntryId, MachineActionStatus, MachineId, MachineRef, age_text, first_lower, variants,
};

/// Time and zone of the sheet, and the facts that are not in the journal.
#[derive(Debug, Clone)]
pub struct Moment<'a> {
    pub now: Timestamp,
    /// Lead of the service's clock over the clock of `now`, as far as known.
    pub service_ahead: SignedDuration,
    pub zone: &'a TimeZone,
    /// Start of the reported period, if one was chosen.
    pub since: Option<Timestamp>,
    /// Devices contained by others, oldest first; `None` if they were not read.
    pub others: Option<&'a [OthersContainment]>,
    /// The ticket that the sheet is limited to.
    pub ticket: Option<&'a str>,
    /// The whole journal, if only part of it is listed: an unlisted order may have ended a listed one.
    pub all: Option<&'a [Entry]>,
    /// Aftermath of the orders according to the service's action history; `None` if it was not read.
    pub aftermath: Option<&'a Aftermaths>,
}

impl Moment<'_> {
    /// Local time with its offset, and UTC.
    fn both(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{} ({})", local.strftime("%Y-%m-%d %H:%M:%S %:z"), utc(at))
    }

    /// Time when an entry reached its status, with the clock's source.
    fn status_of(&self, entry: &Entry) -> String {
        let (at, source) = entry.status_time();
        format!("{}, by {}", self.both(at), source.words())
    }

    /// The aftermath of an entry, as far as known.
    pub(super) fn aftermath(&self, entry: &Entry) -> Cow<'_, Aftermath> {
        let known = self.aftermath.and_then(|all| all.get(&entry.id()));
        known.map_or_else(|| Cow::Owned(Aftermath::of_journal(entry)), Cow::Borrowed)
    }

    fn ago(&self, at: Timestamp, source: TimeSource) -> String {
        let ahead = match source {
            TimeSource::Service => self.service_ahead,
            TimeSource::Console => SignedDuration::ZERO,
        };
        let age = self.now.duration_since(at).saturating_add(ahead);
        age_text(age.as_secs())
    }
}

/// Sections of the sheet.
#[derive(Clone, Copy, PartialEq, Eq, VariantArray)]
enum Section {
    Contained,
    /// Contained a device that someone else has since released.
    Lifted,
    Open,
    Failed,
    Done,
}

impl Section {
    const ALL: [Self; Self::VARIANTS.len()] = variants();

    /// Sections of a sheet. *Released elsewhere* is left out unless it was read: an empty one would
    /// claim that there was none.
    fn all(moment: &Moment<'_>) -> impl Iterator<Item = Self> {
        let is_read = moment.aftermath.is_some();
        let all = Self::ALL.into_iter();
        all.filter(move |section| is_read || *section != Self::Lifted)
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Contained => "Contained, still to release",
            Self::Lifted => "Released elsewhere",
            Self::Open => "Pending or unknown",
            Self::Failed => "Failed, refused or not sent",
            Self::Done => "Done",
        }
    }

    fn of(entry: &Entry, all: &Journalled<'_>) -> Self {
        let status = entry.status();
        if !status.is_end() {
            Self::Open
        } else if !is_done(entry) {
            Self::Failed
        } else if ended_by(entry, all.of_device_of(entry)).is_some()
            || !(sets_a_condition(entry) || blocks_at(entry, all.at))
        {
            Self::Done
        } else if sets_a_condition(entry) && all.undone(entry).is_some() {
            Self::Lifted
        } else {
            Self::Contained
        }
    }
}

/// Entries indexed for the sheet, so that a long journal is walked once.
struct Journalled<'a> {
    /// A block that expired before this time is no longer in force.
    at: Timestamp,
    by_id: HashMap<EntryId, &'a Entry>,
    by_machine: HashMap<MachineId, Vec<&'a Entry>>,
    aftermath: Option<&'a Aftermaths>,
}

impl<'a> Journalled<'a> {
    /// Indexes `listed` and the related entries of `all`.
    fn new(
        listed: &'a [Entry],
        all: &'a [Entry],
        at: Timestamp,
        aftermath: Option<&'a Aftermaths>,
    ) -> Self {
        // In a long journal, only the listed devices matter.
        let devices: HashSet<_> = listed.iter().map(|entry| entry.machine().id).collect();
        let mut by_machine: HashMap<MachineId, Vec<&Entry>> = HashMap::new();
        for entry in all {
            let device = entry.machine().id;
            if devices.contains(&device) {
                by_machine.entry(device).or_default().push(entry);
            }
        }
        let by_id = all.iter().map(|entry| (entry.id(), entry)).collect();
        Self {
            at,
            by_id,
            by_machine,
            aftermath,
        }
    }

    /// Reversal of this entry's effect by someone else.
    fn undone(&self, entry: &Entry) -> Option<&'a Reversal> {
        self.aftermath?.get(&entry.id())?.reversal.as_ref()
    }

    /// All entries about this entry's device.
    fn of_device_of(&self, entry: &Entry) -> &[&'a Entry] {
        let of_device = self.by_machine.get(&entry.machine().id);
        of_device.map_or(&[], Vec::as_slice)
    }
}

/// Entries for the next shift: those with a record since `since`, those undone by others, and, at
/// any age, those that contain a device or are pending.
#[must_use]
pub fn hand_over(all: &[Entry], since: Timestamp, aftermath: Option<&Aftermaths>) -> Vec<Entry> {
    let journalled = Journalled::new(all, all, since, aftermath);
    let is_on_it = |entry: &&Entry| {
        let last = entry.records().last().map(|(at, _)| *at);
        let undone = journalled.undone(entry);
        let is_undone_since = undone.is_some_and(|by| by.at.is_none_or(|at| at >= since));
        let section = Section::of(entry, &journalled);
        last >= Some(since)
            || is_undone_since
            || matches!(section, Section::Contained | Section::Open)
    };
    all.iter().filter(is_on_it).cloned().collect()
}

/// Content of a sheet, independent of the output format.
pub(super) struct Sheet {
    /// Head of the sheet: name and value of each fact.
    facts: Vec<(&'static str, Line)>,
    note: &'static str,
    blocks: Vec<Block>,
    records: i64,
    last_hash: String,
}

/// A heading and its items.
struct Block {
    title: String,
    /// If empty, the block says so.
    items: Vec<Item>,
}

/// A device with its lines.
struct Item {
    head: Line,
    more: Vec<Line>,
}

pub(super) const TITLE: &str = "Containment hand-over";
const NOTHING: &str = "Nothing";

impl Sheet {
    pub(super) fn new(entries: &[Entry], verified: &Checkpoint, moment: &Moment<'_>) -> Self {
        let all = moment.all.unwrap_or(entries);
        let journalled = Journalled::new(entries, all, moment.now, moment.aftermath);
        // Newest first, which the next shift needs most.
        let mut placed: Vec<(Section, &Entry)> = (entries.iter())
            .map(|entry| (Section::of(entry, &journalled), entry))
            .collect();
        placed.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.intended_at()));
        let (mut blocks, mut counts) = (Vec::new(), Vec::new());
        for section in Section::all(moment) {
            let rows = placed.iter().filter(|(of, _)| *of == section);
            let items: Vec<_> = rows
                .map(|(_, entry)| item(entry, &journalled, section, moment))
                .collect();
            counts.push(format!(
                "{} {}",
                items.len(),
                section.title().to_lowercase()
            ));
            blocks.push(Block::new(section.title(), items));
            if section == Section::Contained {
                blocks.extend(others::block(moment));
            }
        }
        Self {
            facts: facts(entries, &counts.join("; "), moment),
            note: match moment.others {
                None => {
                    "What this console requested and saw. What others did meanwhile is in the Defender portal."
                }
                Some(_) => {
                    "What this console requested and saw. What others did meanwhile is in the Defender portal; what they contain is listed as far as the action history shows."
                }
            },
            blocks,
            records: verified.records,
            last_hash: verified.last_hash.clone(),
        }
    }
}

impl Block {
    fn new(title: &str, items: Vec<Item>) -> Self {
        let title = format!("{title} ({})", items.len());
        Self { title, items }
    }
}

fn facts(entries: &[Entry], counts: &str, moment: &Moment<'_>) -> Vec<(&'static str, Line)> {
    let distinct = |of: fn(&Entry) -> &str| {
        let all: BTreeSet<_> = entries.iter().map(of).collect();
        let mut line = Line::default();
        for (n, text) in all.into_iter().enumerate() {
            line = line.ours(if n > 0 { ", " } else { "" }).foreign(text);
        }
        line
    };
    let ours = |text: String| Line::default().ours(text);
    let mut facts = Vec::new();
    if let Some(ticket) = moment.ticket {
        facts.push(("Incident", Line::default().foreign(ticket)));
    }
    if !entries.is_empty() {
        facts.push(("Tenant", distinct(|e| &e.author.tenant)));
        facts.push(("Account", distinct(|e| &e.author.account)));
        facts.push(("Mode", distinct(|e| &e.author.mode)));
    }
    facts.push(("Exported", ours(moment.both(moment.now))));
    let times = || {
        entries
            .iter()
            .flat_map(|e| e.records().iter().map(|(at, _)| *at))
    };
    let records = times().min().zip(times().max());
    let chosen = moment.since.map(|since| (since, moment.now));
    if let Some((first, last)) = chosen.or(records) {
        let (first, last) = (moment.both(first), moment.both(last));
        facts.push(("Period", ours(format!("{first} to {last}"))));
    }
    let counts = format!("{}: {counts}", entries.len());
    facts.push(("Actions", ours(counts)));
    if let Some(others) = moment.others {
        facts.push(("Contained by others", ours(others.len().to_string())));
    }
    facts
}

/// A device by its name and the id acted on.
fn device(machine: &MachineRef) -> Line {
    Line::default()
        .foreign(&machine.quoted())
        .ours(" (id ")
        .foreign(machine.id.as_str())
        .ours(")")
}

fn item(entry: &Entry, all: &Journalled<'_>, section: Section, moment: &Moment<'_>) -> Item {
    let order = &entry.order;
    let status = entry.status();
    let of_device = all.of_device_of(entry);
    let is_contained = section == Section::Contained;
    let begun = is_contained.then(|| begun_by(entry, of_device)).flatten();
    let shared = is_contained
        .then(|| others::shared(entry, moment))
        .flatten();
    let own = begun.unwrap_or(entry).status_time();
    let before = shared.and_then(OthersContainment::since);
    let before = before.filter(|since| *since < own.0);
    let (at, source) = before.map_or(own, |since| (since, TimeSource::Service));
    let when = match section {
        Section::Contained | Section::Open => {
            let (both, ago) = (moment.both(at), moment.ago(at, source));
            let again = begun.is_some() || before.is_some();
            let again = again.then(|| format!("; again at {}", moment.status_of(entry)));
            let again = again.unwrap_or_default();
            format!("since {both}, {ago}, by {}{again}", source.words())
        }
        Section::Lifted | Section::Failed | Section::Done => {
            ended_words(entry, ended_by(entry, of_device), moment)
        }
    };
    let head = device(&entry.machine()).ours(": ");
    let head = match &order.task {
        Task::Act { .. } => head.ours(order.task.title()),
        // The service names the cancelled action.
        Task::Cancel { .. } => head.foreign(&order.task.title()),
    };
    let besides = moment.aftermath(entry).in_full(entry, |at| moment.both(at));
    let is_plain = besides.0.is_empty();
    let head = word(head.ours(", "), entry, true).and(besides);
    let head = head.ours(if is_plain { " " } else { "; " }).ours(when);
    let mut more = Vec::new();
    let facts = [
        ("Sent with", parameters(&order.task)),
        ("Part of a plan", plan(entry)),
        ("Detail", detail(entry, status)),
        ("Not re-read before sending", not_reread(entry)),
    ];
    for (name, text) in facts.iter().filter(|(_, text)| !text.is_empty()) {
        more.push(Line::default().ours(format!("{name}: ")).foreign(text));
    }
    more.push(
        Line::default()
            .ours("Requested by ")
            .foreign(&entry.author.account)
            .ours(format!(" at {}: ", moment.both(entry.intended_at())))
            .foreign(&order.comment),
    );
    more.extend(shared.into_iter().flat_map(|shared| shared.also(moment)));
    more.extend(
        next_step(entry, all, section, moment).map(|next| Line::default().ours("Next: ").and(next)),
    );
    let last = Line::default().ours(format!("Entry {}", order.entry));
    more.push(match status.action() {
        Some(action) => last.ours(", service action ").foreign(action.as_str()),
        None => last,
    });
    Item { head, more }
}

/// Time of the end, and the effect of a later order of ours on it.
fn ended_words(entry: &Entry, later: Option<&Entry>, moment: &Moment<'_>) -> String {
    let at = format!("at {}", moment.status_of(entry));
    let Some(later) = later else {
        return at;
    };
    // A success of ours, so the word is ours.
    let word = first_lower(&later.status().word(&later.order.task));
    let is_same = later.order.task.kind() == entry.order.task.kind();
    let again = if is_same { " again" } else { "" };
    format!("{at}; {word}{again} at {}", moment.status_of(later))
}

/// Adds the status of an entry in our words; an unknown status is the service's text.
fn word(line: Line, entry: &Entry, is_strong: bool) -> Line {
    let word = entry.status().word(&entry.order.task);
    let is_foreign = matches!(
        entry.status(),
        OrderStatus::Accepted {
            status: MachineActionStatus::Other(_),
            ..
        }
    );
    match (is_foreign, is_strong) {
        (true, true) => line.strong_foreign(&word),
        (true, false) => line.foreign(&word),
        (false, true) => line.strong(&word),
        (false, false) => line.ours(word),
    }
}
