//! Orders that reach every device of the tenant at once: blocking a file, and removing a block.

use jiff::{SignedDuration, Timestamp};

use super::Facts;
use super::file::KnownFile;
use super::verdict::{Ages, Question, Reason, Verdict};
use crate::action::Task;
use crate::explain::NextStep;
use crate::model::{Indicator, MAX_INDICATORS, grouped, requestor_name};

const ONE_MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Progress of reading the tenant's indicators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KnownIndicators<'a> {
    #[default]
    NotYet,
    /// With the reason.
    Failed(&'a str),
    Read {
        of_files: &'a [Indicator],
        /// Number of the tenant's indicators of all types.
        total: usize,
        is_complete: bool,
    },
}

impl<'a> KnownIndicators<'a> {
    /// The file indicators, as far as they were read.
    const fn of_files(self) -> &'a [Indicator] {
        match self {
            Self::Read { of_files, .. } => of_files,
            Self::NotYet | Self::Failed(_) => &[],
        }
    }

    /// Indicators for the file with this hash.
    pub(super) fn about(self, hash: &'a str) -> impl Iterator<Item = &'a Indicator> {
        let of_files = self.of_files().iter();
        of_files.filter(move |one| one.is_about(hash))
    }

    /// The finding that the indicators are not all known, if so.
    fn gap(self, what: &str) -> Option<Verdict> {
        match self {
            Self::NotYet => Some(Verdict::not_checked_yet(what)),
            Self::Failed(why) => Some(Verdict::not_checked(format!("{what}: {why}"))),
            Self::Read {
                is_complete: false, ..
            } => Some(Verdict::not_checked(format!(
                "{what}: part of the list is missing or unreadable"
            ))),
            Self::Read { .. } => None,
        }
    }
}

/// Requires a typed word for a tenant-wide order, and reports the file's existing indicators.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let is_wide = question.task.is_tenant_wide();
    if question.task.kind().is_some() && is_wide != question.machine.is_every_device() {
        let what = if is_wide {
            "This affects every device, not just one"
        } else {
            "This is for one device, not for all of them"
        };
        let next = NextStep::Outside("Choose the device it is meant for".into());
        return vec![Verdict::block(what, next)];
    }
    if question.task.makes_indicator() {
        blocking(question.task, facts)
    } else if question.task.removes_indicator() {
        removing(question.task, facts)
    } else {
        Vec::new()
    }
}

fn blocking(task: &Task, facts: &Facts<'_>) -> Vec<Verdict> {
    let mut verdicts = vec![Verdict::word_wanted(
        "This reaches every device of the tenant, servers and domain controllers included",
    )];
    if let Some(at) = task.expires().filter(|at| *at <= facts.now) {
        let words = |ages: Ages| {
            let age = ages.of(at);
            format!("Its expiry is in the past ({age}): Defender refuses such a block")
        };
        verdicts.push(Verdict::block(
            Reason::aging(facts.now, words),
            NextStep::Outside("Choose a time in the future".into()),
        ));
    }
    let look = facts.indicators;
    verdicts.extend(look.gap("which indicators already apply to this file"));
    let known = of_file(task, facts);
    for one in &known {
        let then = if overwrites(task, one) {
            replaced(one, task, facts)
        } else {
            "That one stays in addition to yours".to_owned()
        };
        verdicts.push(Verdict::warn(existing(one, &then, facts)));
    }
    let is_new = !known.iter().any(|one| overwrites(task, one));
    if let KnownIndicators::Read { total, .. } = look
        && total >= MAX_INDICATORS
        && is_new
    {
        let most = i64::try_from(MAX_INDICATORS).unwrap_or(i64::MAX);
        verdicts.push(Verdict::block(
            format!(
                "The tenant has {} indicators, which is the limit",
                grouped(most)
            ),
            NextStep::Outside("Remove some of them first".into()),
        ));
    }
    verdicts
}

/// Indicators that already apply to the file of an order, under any of its hashes.
fn of_file<'a>(task: &Task, facts: &Facts<'a>) -> Vec<&'a Indicator> {
    let known = match facts.file {
        KnownFile::Known(file) => [Some(&*file.sha1), file.sha256.as_deref()],
        KnownFile::NotYet | KnownFile::Failed(_) | KnownFile::Unknown => [None, None],
    };
    let hashes = [task.file_hash(), known[0], known[1]];
    let is_about = |one: &&Indicator| hashes.iter().flatten().any(|hash| one.is_about(hash));
    let of_files = facts.indicators.of_files().iter();
    of_files.filter(is_about).collect()
}

/// The effect on an indicator that this order overwrites; above all, an earlier expiry.
fn replaced(one: &Indicator, task: &Task, facts: &Facts<'_>) -> String {
    match (one.expires, task.expires()) {
        (theirs, Some(ours)) if theirs.is_none_or(|theirs| ours < theirs) => format!(
            "Yours replaces it and ends sooner, {}",
            until(Some(ours), facts)
        ),
        // An expiry is typed to the minute.
        (Some(theirs), Some(ours)) if ours.duration_since(theirs) < ONE_MINUTE => {
            "Yours replaces it, with the same expiry and your comment".to_owned()
        }
        _ => "Yours replaces it, with your expiry and your comment".to_owned(),
    }
}

/// The latest expiry among the indicators that an order to block this file would overwrite; `None` if there
/// is none, or none of them expires.
#[must_use]
pub fn latest_end(of_files: &[Indicator], task: &Task) -> Option<Timestamp> {
    let same = of_files.iter().filter(|one| overwrites(task, one));
    same.filter_map(|one| one.expires).max()
}

/// Whether the service updates this indicator instead of creating another one.
fn overwrites(task: &Task, one: &Indicator) -> bool {
    let is_of_hash = task.file_hash().is_some_and(|hash| one.is_about(hash));
    is_of_hash && task.reaction() == Some(one.action.as_wire())
}

fn until(at: Option<Timestamp>, facts: &Facts<'_>) -> String {
    at.map_or_else(
        || "without an end".to_owned(),
        |at| {
            let at = at.to_zoned(facts.zone.clone());
            format!("until {}", at.strftime("%Y-%m-%d %H:%M %:z"))
        },
    )
}

/// Wording for an indicator of the same file, and the effect on it.
fn existing(one: &Indicator, then: &str, facts: &Facts<'_>) -> String {
    let by = who(one, facts);
    let what = one.action.word();
    let until = until(one.expires, facts);
    format!(
        "{by} already {what} on every device {until}. {then}",
        by = by_clause(&by)
    )
}

fn by_clause(by: &str) -> String {
    if by == YOU {
        "By you, this file is".to_owned()
    } else {
        format!("By {by}, this file is")
    }
}

const YOU: &str = "you";

fn who(one: &Indicator, facts: &Facts<'_>) -> String {
    if is_own(one, facts) {
        YOU.to_owned()
    } else {
        requestor_name(one.by.as_deref()).into_owned()
    }
}

/// Whether the signed-in account created it.
fn is_own(one: &Indicator, facts: &Facts<'_>) -> bool {
    let account = facts.session.account();
    account.is_some_and(|account| one.is_by(account))
}

fn removing(task: &Task, facts: &Facts<'_>) -> Vec<Verdict> {
    let look = facts.indicators;
    let gap = look.gap("who created this block, and whether it is still there");
    let Some(id) = task.indicator() else {
        return gap.into_iter().collect();
    };
    let KnownIndicators::Read { of_files, .. } = look else {
        return gap.into_iter().collect();
    };
    let found = of_files.iter().find(|one| one.id.as_ref() == Some(&id));
    let text = match found {
        None if gap.is_some() => None,
        None => Some(format!(
            "Defender shows no block with the number {id}: it has ended, or someone has removed it"
        )),
        Some(one) if !task.file_hash().is_some_and(|hash| one.is_about(hash)) => {
            return vec![Verdict::block(
                format!("The block with the number {id} is for another hash"),
                NextStep::Outside("Choose it from the list".into()),
            )];
        }
        Some(one) if !is_own(one, facts) => Some(format!(
            "This block was created by {}, not by you",
            requestor_name(one.by.as_deref())
        )),
        Some(_) => None,
    };
    let others = of_file(task, facts).into_iter();
    let others = others.filter(|one| one.id.as_ref() != Some(&id));
    let others = others.map(|one| existing(one, "That one stays", facts));
    let warnings = text.into_iter().chain(others).map(Verdict::warn);
    gap.into_iter().chain(warnings).collect()
}
