//! Records that share a name.

use super::Facts;
use super::rails::{Question, Verdict, is_act};
use crate::model::{Machine, age_text};

/// The other record with the same name, and what tells the two apart.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    if facts.namesakes.is_empty() || !is_act(question) {
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
    let others: Vec<_> = facts.namesakes.iter().map(|other| about(other)).collect();
    let this = match facts.machine {
        Some(machine) => about(machine),
        None => format!("…{}", question.machine.id.tail()),
    };
    vec![Verdict::warn(format!(
        "{} other {} with this name: {}. This is {this}",
        others.len(),
        if others.len() == 1 {
            "record"
        } else {
            "records"
        },
        others.join(", "),
    ))]
}
