//! Records that share a name.

use std::sync::Arc;

use super::Facts;
use super::verdict::{Question, Verdict};
use crate::model::{Machine, age_text, short_name};

/// The other record with the same name, and what tells the two apart.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    if !question.is_act() {
        return Vec::new();
    }
    let about = |machine: &Machine| {
        let seen = machine.last_seen.map_or_else(
            || "never reported".to_owned(),
            |at| {
                format!(
                    "reported {}",
                    age_text(facts.now.duration_since(at).as_secs())
                )
            },
        );
        format!("…{} ({}, {seen})", machine.id.tail(), machine.health_status)
    };
    let own_name = question.machine.dns_name.as_deref().map(short_name);
    let has_name = |other: &&Arc<Machine>| {
        let name = other.computer_dns_name.as_deref().map(short_name);
        name == own_name
    };
    let (same, alike): (Vec<_>, Vec<_>) = facts.namesakes.iter().partition(has_name);
    let this = match facts.machine {
        Some(machine) => about(machine),
        None => format!("…{}", question.machine.id.tail()),
    };
    let mut verdicts = Vec::new();
    if !same.is_empty() {
        let others: Vec<_> = same.iter().map(|other| about(other)).collect();
        verdicts.push(Verdict::warn(format!(
            "{} other {} with this name: {}. This is {this}",
            others.len(),
            records(others.len()),
            others.join(", "),
        )));
    }
    if !alike.is_empty() {
        let named =
            |other: &Machine| format!("{} {}", other.reference().quoted_name(), about(other));
        let others: Vec<_> = alike.iter().map(|other| named(other)).collect();
        verdicts.push(Verdict::warn(format!(
            "{} other {} with a name that looks like this one but is spelt with other characters: {}. This is {this}",
            others.len(),
            records(others.len()),
            others.join(", "),
        )));
    }
    // One of the devices that are missing may have the name.
    if !facts.devices.is_complete && question.machine.dns_name.is_some() {
        verdicts.push(Verdict::not_checked(
            "whether another record has this name: the list of devices is not complete",
        ));
    }
    verdicts
}

const fn records(count: usize) -> &'static str {
    if count == 1 { "record" } else { "records" }
}
