//! Names that may mean another device: shared by several records, or confusable.

use std::sync::Arc;

use super::Facts;
use super::verdict::{Ages, Question, Reason, Verdict};
use crate::model::{Machine, short_name};

/// The maximum number of other records that are listed.
const MAX_NAMED: usize = 10;

/// Warns of other records with the same or a confusable name, and says how they differ.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    if !question.is_act() {
        return Vec::new();
    }
    let own_name = question.machine.dns_name.as_deref().map(short_name);
    let has_name = |other: &&Arc<Machine>| {
        let name = other.computer_dns_name.as_deref().map(short_name);
        name == own_name
    };
    let (same, alike): (Vec<_>, Vec<_>) = facts.namesakes.iter().partition(has_name);
    let this = |ages| match facts.machine {
        Some(machine) => distinguished(machine, ages),
        None => format!("…{}", question.machine.id.tail()),
    };
    let oddity = question.machine.oddity();
    let mut verdicts: Vec<_> = oddity
        .map(|oddity| Verdict::warn(oddity.explanation()))
        .into_iter()
        .collect();
    let warn = |others: &[&Arc<Machine>], with, named: fn(&Machine, Ages) -> String| {
        Verdict::warn(Reason::aging(facts.now, |ages| {
            format!(
                "{} other {} with {with}: {}. This is {}",
                others.len(),
                records(others.len()),
                list(others, |other| named(other, ages)),
                this(ages),
            )
        }))
    };
    if !same.is_empty() {
        verdicts.push(warn(&same, "this name", distinguished));
    }
    if !alike.is_empty() {
        let with = "a name that looks like this one but is spelt with other characters";
        verdicts.push(warn(&alike, with, named));
    }
    // A device missing from the list may have this name.
    if !facts.devices.is_complete && question.machine.dns_name.is_some() {
        verdicts.push(Verdict::not_checked(
            "whether another record has this name: the list of devices is not complete",
        ));
    }
    verdicts
}

/// Its name and [distinguishing facts](distinguished).
fn named(machine: &Machine, ages: Ages) -> String {
    let name = machine.reference().quoted_name();
    format!("{name} {}", distinguished(machine, ages))
}

/// The end of its id, its health, and the time of its last report.
fn distinguished(machine: &Machine, ages: Ages) -> String {
    let seen = machine.last_seen.map_or_else(
        || "last report unknown".to_owned(),
        |at| format!("reported {}", ages.of(at)),
    );
    let (tail, health) = (machine.id.tail(), machine.health_status.word());
    format!("…{tail} ({health}, {seen})")
}

/// The first of them, and the number of others.
fn list(records: &[&Arc<Machine>], words: impl Fn(&Machine) -> String) -> String {
    let named: Vec<_> = records
        .iter()
        .take(MAX_NAMED)
        .map(|record| words(record))
        .collect();
    match records.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

const fn records(count: usize) -> &'static str {
    if count == 1 { "record" } else { "records" }
}
