//! The hand-over sheet: what the next shift has to know, the urgent first.
//!
//! Device names, comments, requestors and the service's messages are other people's text, an
//! attacker's among them. They stand in code spans, so that none can become a link, an image, HTML or
//! a status that nobody reported.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::wording::{detail, not_reread, parameters, utc};
use super::{Entry, NotSentReason, OrderStatus, Phase, TimeSource, Verified};
use crate::action::{Change, Risk, Task};
use crate::model::{EntryId, MachineActionStatus, MachineId, MachineRef, age_text, clean};

/// How long Defender keeps trying a device that does not report, before the action times out.
const DEVICE_HAS: SignedDuration = SignedDuration::from_hours(72);

/// When and where the sheet is written, and what is known beside the journal.
#[derive(Debug, Clone)]
pub struct Moment<'a> {
    pub now: Timestamp,
    /// How far the service's clock is ahead of the one that shows `now`, as far as that is known.
    pub service_ahead: SignedDuration,
    pub zone: &'a TimeZone,
    /// From when on it tells what was done, where that was chosen.
    pub since: Option<Timestamp>,
    /// What others contain, the oldest first; `None` where that was not asked.
    pub others: Option<&'a [OthersContainment]>,
}

/// A device that somebody else contains, as far as the service's action history shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OthersContainment {
    pub machine: MachineRef,
    /// What it is in or about to be: `Isolated`, `Isolation pending`.
    pub state: Box<str>,
    pub since: Option<Timestamp>,
    /// Who requested it.
    pub by: Box<str>,
    /// With which comment.
    pub why: Option<Box<str>>,
}

impl Moment<'_> {
    /// Local time with its offset, and UTC.
    fn both(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{} ({})", local.strftime("%Y-%m-%d %H:%M:%S %:z"), utc(at))
    }

    /// When an entry reached its status, and by whose clock.
    fn status_of(&self, entry: &Entry) -> String {
        let (at, source) = entry.status_time();
        format!("{}, by {}", self.both(at), source.words())
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

/// Where an entry belongs on the sheet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Contained,
    Open,
    Failed,
    Done,
}

impl Section {
    const ALL: [Self; 4] = [Self::Contained, Self::Open, Self::Failed, Self::Done];

    const fn title(self) -> &'static str {
        match self {
            Self::Contained => "Contained, still to release",
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
        } else if ended_by(entry, all).is_some() || !sets_a_condition(entry) {
            Self::Done
        } else {
            Self::Contained
        }
    }
}

/// Entries by what they are asked for: of a long journal each is looked at once.
struct Journalled<'a> {
    all: &'a [Entry],
    by_id: HashMap<EntryId, &'a Entry>,
    by_machine: HashMap<MachineId, Vec<&'a Entry>>,
}

impl<'a> Journalled<'a> {
    fn new(all: &'a [Entry]) -> Self {
        let mut by_machine: HashMap<MachineId, Vec<&Entry>> = HashMap::new();
        for entry in all {
            by_machine
                .entry(entry.machine().id)
                .or_default()
                .push(entry);
        }
        let by_id = all.iter().map(|entry| (entry.id(), entry)).collect();
        Self {
            all,
            by_id,
            by_machine,
        }
    }

    /// All about the device of this entry.
    fn of_device_of(&self, entry: &Entry) -> &[&'a Entry] {
        let of_device = self.by_machine.get(&entry.machine().id);
        of_device.map_or(&[], Vec::as_slice)
    }
}

/// What the next shift has to know: what has a record since then, and whatever is contained or pending,
/// however old.
#[must_use]
pub fn hand_over(all: &[Entry], since: Timestamp) -> Vec<Entry> {
    let journalled = Journalled::new(all);
    let is_on_it = |entry: &&Entry| {
        let last = entry.records().last().map(|(at, _)| *at);
        let section = Section::of(entry, &journalled);
        last >= Some(since) || matches!(section, Section::Contained | Section::Open)
    };
    all.iter().filter(is_on_it).cloned().collect()
}

/// Writes the sheet.
pub(super) fn markdown(entries: &[Entry], verified: &Verified, moment: &Moment<'_>) -> String {
    let mut out = String::from("# Containment hand-over\n\n");
    let entries = &Journalled::new(entries);
    head(&mut out, entries, moment).ok();
    for section in Section::ALL {
        // The newest first: that is what the next shift asks about.
        let mut rows: Vec<_> = (entries.all.iter())
            .filter(|entry| Section::of(entry, entries) == section)
            .collect();
        rows.sort_by_key(|entry| std::cmp::Reverse(entry.intended_at()));
        // Writing to a string cannot fail, here and below.
        write!(out, "\n## {} ({})\n\n", section.title(), rows.len()).ok();
        for entry in &rows {
            row(&mut out, entry, entries, section, moment).ok();
        }
        if rows.is_empty() {
            out += "Nothing\n";
        }
        if section == Section::Contained {
            others(&mut out, moment).ok();
        }
    }
    let (records, hash) = (verified.records, &verified.last_hash);
    write!(out, "\n{records} journal records, last hash `{hash}`\n").ok();
    out
}

fn head(out: &mut String, journalled: &Journalled<'_>, moment: &Moment<'_>) -> std::fmt::Result {
    let entries = journalled.all;
    let distinct = |of: fn(&Entry) -> &str| {
        let all: BTreeSet<_> = entries.iter().map(|entry| foreign(of(entry))).collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    };
    if !entries.is_empty() {
        writeln!(out, "- Tenant: {}", distinct(|e| &e.author.tenant))?;
        writeln!(out, "- Account: {}", distinct(|e| &e.author.account))?;
        writeln!(out, "- Mode: {}", distinct(|e| &e.author.mode))?;
    }
    writeln!(out, "- Exported: {}", moment.both(moment.now))?;
    let times = || {
        entries
            .iter()
            .flat_map(|e| e.records().iter().map(|(at, _)| *at))
    };
    let records = times().min().zip(times().max());
    let chosen = moment.since.map(|since| (since, moment.now));
    if let Some((first, last)) = chosen.or(records) {
        let (first, last) = (moment.both(first), moment.both(last));
        writeln!(out, "- Period: {first} to {last}")?;
    }
    let counts: Vec<_> = Section::ALL
        .into_iter()
        .map(|section| {
            let of_section = entries
                .iter()
                .filter(|e| Section::of(e, journalled) == section);
            format!("{} {}", of_section.count(), section.title().to_lowercase())
        })
        .collect();
    writeln!(out, "- Actions: {}: {}", entries.len(), counts.join("; "))?;
    if let Some(others) = moment.others {
        writeln!(out, "- Contained by others: {}", others.len())?;
    }
    out.push_str("\nWhat this console requested and saw. What others did meanwhile is in the Defender portal");
    out.push_str(match moment.others {
        None => ".\n",
        Some(_) => "; what they contain is listed as far as the action history shows.\n",
    });
    Ok(())
}

/// What others contain, where that was asked: the next shift must not take it for released.
fn others(out: &mut String, moment: &Moment<'_>) -> std::fmt::Result {
    let Some(others) = moment.others else {
        return Ok(());
    };
    write!(out, "\n## Contained by others ({})\n\n", others.len())?;
    for one in others {
        let since = one.since.map_or_else(
            || "since an unknown time".to_owned(),
            |at| {
                format!(
                    "since {}, {}",
                    moment.both(at),
                    moment.ago(at, TimeSource::Service)
                )
            },
        );
        writeln!(
            out,
            "- {} (id {}): **{}** {since}",
            foreign(&one.machine.quoted()),
            foreign(one.machine.id.as_str()),
            one.state,
        )?;
        let why = foreign(one.why.as_deref().unwrap_or_default());
        writeln!(out, "    - Requested by {}: {why}", foreign(&one.by))?;
    }
    if others.is_empty() {
        out.push_str("Nothing\n");
    }
    Ok(())
}

fn row(
    out: &mut String,
    entry: &Entry,
    all: &Journalled<'_>,
    section: Section,
    moment: &Moment<'_>,
) -> std::fmt::Result {
    let order = &entry.order;
    let status = entry.status();
    let (at, source) = entry.status_time();
    let when = match (section, ended_by(entry, all)) {
        (Section::Contained | Section::Open, _) => {
            let (both, ago) = (moment.both(at), moment.ago(at, source));
            format!("since {both}, {ago}, by {}", source.words())
        }
        (Section::Failed | Section::Done, None) => format!("at {}", moment.status_of(entry)),
        (Section::Failed | Section::Done, Some(later)) => {
            let word = word(later).to_lowercase();
            let (at, until) = (moment.status_of(entry), moment.status_of(later));
            format!("at {at}; {word} at {until}")
        }
    };
    writeln!(
        out,
        "- {} (id {}): {}, **{}** {when}",
        foreign(&order.machine.quoted()),
        foreign(entry.machine().id.as_str()),
        title(&order.task),
        word(entry),
    )?;
    let parameters = parameters(&order.task);
    if !parameters.is_empty() {
        writeln!(out, "    - Sent with: {}", foreign(&parameters))?;
    }
    let detail = detail(entry, status);
    if !detail.is_empty() {
        writeln!(out, "    - Detail: {}", foreign(&detail))?;
    }
    let not_reread = not_reread(entry);
    if !not_reread.is_empty() {
        let what = foreign(&not_reread);
        writeln!(out, "    - Not re-read before sending: {what}")?;
    }
    writeln!(
        out,
        "    - Requested by {} at {}: {}",
        foreign(&entry.author.account),
        moment.both(entry.intended_at()),
        foreign(&order.comment),
    )?;
    if let Some(next) = next_step(entry, all, section, moment) {
        writeln!(out, "    - Next: {next}")?;
    }
    let action = status.action().map_or_else(String::new, |action| {
        format!(", service action {}", foreign(action.as_str()))
    });
    writeln!(out, "    - Entry {}{action}", order.entry)
}

/// What the next shift does about it, and by when.
fn next_step(
    entry: &Entry,
    all: &Journalled<'_>,
    section: Section,
    moment: &Moment<'_>,
) -> Option<String> {
    let kind = entry.order.task.kind();
    Some(match section {
        Section::Contained => {
            let undo = kind.and_then(|kind| kind.spec().undo);
            let undo = undo.map_or("Release it", |undo| undo.spec().title);
            format!(
                "“{undo}” once the device is clean. There is no deadline: it stays contained until then"
            )
        }
        Section::Open => match entry.status().phase() {
            Phase::Unsent => {
                "Not sent yet. Send or withdraw it in cordon, on the computer this journal is on"
                    .to_owned()
            }
            Phase::UnderWay(_) => {
                let deadline = entry.first_sent_at().unwrap_or(entry.intended_at()) + DEVICE_HAS;
                let deadline = moment.both(deadline);
                format!("Defender waits for the device until {deadline}, then the action times out")
            }
            Phase::Unanswered | Phase::Ended => {
                "Check in the Defender portal whether it was carried out before requesting it again"
                    .to_owned()
            }
        },
        Section::Failed => return next_after_failure(entry, all),
        Section::Done => return None,
    })
}

/// What is to be done about an order that did not bring about what was wanted; nothing where that
/// was meant.
fn next_after_failure(entry: &Entry, all: &Journalled<'_>) -> Option<String> {
    let task = &entry.order.task;
    if let Some(later) = superseded_by(entry, all) {
        return Some(format!("Superseded by {}: {}", later.id(), word(later)));
    }
    let status = entry.status();
    let is_withdrawn =
        matches!(status, OrderStatus::NotSent { why, .. } if *why == NotSentReason::Withdrawn);
    if is_withdrawn || status.was_cancelled_here(|tag| all.by_id.get(&tag).copied()) {
        return None;
    }
    if let OrderStatus::NotOurs { requestor, .. } = status {
        let requestor = foreign(requestor);
        return Some(format!(
            "Check whether the request of {requestor} took effect. This one was not queued"
        ));
    }
    let is_disruptive = task.risk() != Risk::Routine;
    let next = if matches!(status, OrderStatus::TooLate { .. }) {
        "Nothing left to cancel. Check the device's state, and undo the action where it took effect"
    } else if is_disruptive {
        "Not in effect. Request it again now, or cut the device off at the switch and disable the account"
    } else {
        "Not in effect. Check the device's state, and request it again now"
    };
    Some(next.to_owned())
}

/// A later order of ours that is to bring about the same, and is open or done: the newest.
fn superseded_by<'a>(entry: &Entry, all: &Journalled<'a>) -> Option<&'a Entry> {
    let is_later = |other: &&Entry| {
        other.id() != entry.id()
            && other.intended_at() >= entry.intended_at()
            && (is_done(other) || !other.status().is_end())
            && other.order.task.makes_up_for(&entry.order.task)
    };
    let later = all.of_device_of(entry).iter().copied().filter(is_later);
    later.max_by_key(|other| other.intended_at())
}

/// What was ordered. What a cancelled action does is told by the service.
fn title(task: &Task) -> String {
    match task {
        Task::Act { .. } => task.title(),
        Task::Cancel { .. } => foreign(&task.title()),
    }
}

/// The status of an entry, in our words; a status that we do not know is the service's.
fn word(entry: &Entry) -> String {
    let word = entry.status().word(&entry.order.task);
    let is_foreign = matches!(
        entry.status(),
        OrderStatus::Accepted {
            status: MachineActionStatus::Other(_),
            ..
        }
    );
    if is_foreign { foreign(&word) } else { word }
}

/// Other people's text as a code span: a fence longer than any run of backticks in it.
fn foreign(text: &str) -> String {
    let text = clean(text, 2_000);
    if text.trim().is_empty() {
        return "(none)".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A space keeps a backtick at the edge out of the fence; both are taken off again when read.
    let edge = if longest > 0 || text.starts_with(' ') {
        " "
    } else {
        ""
    };
    format!("{fence}{edge}{text}{edge}{fence}")
}

fn is_done(entry: &Entry) -> bool {
    matches!(entry.status(), OrderStatus::Done { .. })
}

fn change(entry: &Entry) -> Option<Change> {
    entry.order.task.kind().map(|kind| kind.spec().change)
}

fn sets_a_condition(entry: &Entry) -> bool {
    matches!(change(entry), Some(Change::Sets(_)))
}

/// The later success of ours that cleared, or set anew, the condition that this one set. Whether it
/// still holds is the service's to say.
fn ended_by<'a>(entry: &Entry, all: &Journalled<'a>) -> Option<&'a Entry> {
    let Some(Change::Sets(condition)) = change(entry).filter(|_| is_done(entry)) else {
        return None;
    };
    let mut of_device = all.of_device_of(entry).iter().copied();
    of_device.find(|other| {
        matches!(
            change(other),
            Some(Change::Sets(c) | Change::Clears(c)) if c.ends_with(condition)
        ) && is_done(other)
            && (other.status_since(), other.intended_at())
                > (entry.status_since(), entry.intended_at())
    })
}
