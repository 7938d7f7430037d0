//! Ranks records with one name by the likelihood of being in use, with reasons from the service's facts,
//! and without guessing if they do not distinguish the records.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use crate::model::{HealthStatus, Machine};
use crate::ui::look;
use crate::ui::words::{ago, counted};

/// A device reports in full about once a day: reports less than this apart do not distinguish records.
const REPORTS_APART: SignedDuration = SignedDuration::from_hours(24);

/// A record with the number of its known open alerts.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    pub machine: Option<&'a Machine>,
    pub open_alerts: Option<usize>,
}

/// Sort key of records, the most significant criterion first.
type Key = (bool, bool, bool, Reverse<Option<Timestamp>>);

impl Candidate<'_> {
    fn key(&self) -> Key {
        let machine = self.machine;
        (
            machine.is_none_or(|machine| machine.merged_into().is_some()),
            machine.is_none_or(|machine| machine.health_status != HealthStatus::Active),
            self.open_alerts.unwrap_or(0) == 0,
            Reverse(machine.and_then(|machine| machine.last_seen)),
        )
    }

    /// Whether the facts distinguish which of the two is in use.
    fn differs_from(&self, other: &Self) -> bool {
        let (one, two) = (self.key(), other.key());
        if (one.0, one.1) != (two.0, two.1) {
            return true;
        }
        match (one.3.0, two.3.0) {
            (Some(one), Some(two)) if one.duration_since(two).abs() < REPORTS_APART => {
                self.key().2 != other.key().2
            }
            (one, two) => one != two,
        }
    }

    fn reasons(&self, is_newest: bool, now: Timestamp) -> String {
        let Some(machine) = self.machine else {
            return "not read".to_owned();
        };
        let merged = machine
            .merged_into()
            .map(|_| "merged into another record".to_owned());
        let health = look::health(&machine.health_status).word.to_lowercase();
        let report = match machine.last_seen {
            None => "last report unknown".to_owned(),
            Some(at) if is_newest => format!("reported most recently, {}", ago(at, now)),
            Some(at) => format!("reported {}", ago(at, now)),
        };
        let alerts = match self.open_alerts {
            None => Some("alerts not read".to_owned()),
            Some(0) => None,
            Some(count) => Some(counted(count, "open alert", "open alerts")),
        };
        let all = merged.into_iter().chain([health, report]).chain(alerts);
        all.collect::<Vec<_>>().join("\n")
    }
}

/// An ordinal such as `2nd`, up to the maximum number of records side by side.
fn ordinal(place: usize) -> String {
    match place {
        1 => "1st".to_owned(),
        2 => "2nd".to_owned(),
        3 => "3rd".to_owned(),
        _ => format!("{place}th"),
    }
}

/// The rank of each record with its reasons, a line each.
pub fn ranks(candidates: &[Candidate<'_>], now: Timestamp) -> Vec<String> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|at| candidates[*at].key());
    let reports = candidates.iter().filter_map(|c| c.machine?.last_seen);
    let newest = reports.max();
    let is_clear = match order.as_slice() {
        [first, second, ..] => candidates[*first].differs_from(&candidates[*second]),
        _ => true,
    };
    let mut ranks = vec![String::new(); candidates.len()];
    for (place, at) in order.iter().enumerate() {
        let candidate = &candidates[*at];
        let report = candidate.machine.and_then(|machine| machine.last_seen);
        let word = match place {
            0 if is_clear => "Likely in use".to_owned(),
            0 | 1 if !is_clear => "Cannot be told apart".to_owned(),
            place => format!(
                "Less likely ({} of {})",
                ordinal(place + 1),
                candidates.len()
            ),
        };
        let is_newest = report.is_some() && report == newest;
        ranks[*at] = format!("{word}\n{}", candidate.reasons(is_newest, now));
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineId;

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_000_000).expect("a literal time")
    }

    fn machine(id: &str, health: HealthStatus, hours_ago: i64) -> Machine {
        let mut machine = Machine::bare(MachineId::parse(id).expect("a literal id"));
        machine.health_status = health;
        machine.last_seen = Some(now() - SignedDuration::from_hours(hours_ago));
        machine
    }

    fn words(records: &[(&Machine, Option<usize>)]) -> Vec<String> {
        let candidates: Vec<_> = records
            .iter()
            .map(|(machine, open_alerts)| Candidate {
                machine: Some(machine),
                open_alerts: *open_alerts,
            })
            .collect();
        ranks(&candidates, now())
    }

    #[test]
    fn record_in_use_comes_first_with_reasons() {
        let old = machine("a1", HealthStatus::Inactive, 456);
        let live = machine("a2", HealthStatus::Active, 0);
        let words = words(&[(&old, Some(0)), (&live, Some(2))]);
        assert_eq!(
            words[1],
            "Likely in use\nactive\nreported most recently, just now\n2 open alerts"
        );
        assert_eq!(
            words[0],
            "Less likely (2nd of 2)\ninactive\nreported 19 d ago"
        );
    }

    #[test]
    fn records_with_close_reports_are_ranked_only_by_alerts() {
        let one = machine("a1", HealthStatus::Active, 3);
        let two = machine("a2", HealthStatus::Active, 20);
        let both = words(&[(&one, Some(0)), (&two, None)]);
        assert!(
            both.iter().all(|w| w.starts_with("Cannot be told apart\n")),
            "{both:?}"
        );
        assert!(both[1].ends_with("\nalerts not read"), "{both:?}");
        let by_alert = words(&[(&one, Some(0)), (&two, Some(1))]);
        assert!(by_alert[1].starts_with("Likely in use\n"), "{by_alert:?}");
    }
}
