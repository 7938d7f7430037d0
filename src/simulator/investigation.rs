//! The tenant's automated investigations.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::written;
use super::limits::Limits;

/// The first investigation's number.
pub(super) const FIRST: usize = 63_004;

#[derive(Debug)]
pub(super) struct Investigations {
    pub(super) limits: Limits,
    pub(super) all: Vec<Investigation>,
}

#[derive(Debug)]
pub(super) struct Investigation {
    pub(super) id: usize,
    pub(super) started: Timestamp,
    pub(super) machine_id: String,
    pub(super) machine_name: Option<String>,
    pub(super) alert: String,
    /// States with their start times, in order.
    pub(super) steps: Vec<(Timestamp, String)>,
}

impl Default for Investigations {
    fn default() -> Self {
        Self {
            // A single limit, per hour.
            limits: Limits::new(50, 50),
            all: Vec::new(),
        }
    }
}

impl Investigations {
    pub(super) fn all(&self, now: Timestamp) -> Vec<Value> {
        self.all.iter().map(|one| one.json(now)).collect()
    }

    pub(super) fn end_all(&mut self, state: &str, now: Timestamp) {
        for one in &mut self.all {
            one.steps.retain(|(at, _)| *at <= now);
            if one.end(now).is_none() {
                one.steps.push((now, state.to_owned()));
            }
        }
    }
}

/// States that are not final.
const OPEN: [&str; 4] = ["Queued", "Running", "PendingApproval", "PendingResource"];

impl Investigation {
    fn state(&self, now: Timestamp) -> (Timestamp, &str) {
        let reached = self.steps.iter().rev().find(|(at, _)| *at <= now);
        reached.map_or((self.started, "Queued"), |(at, state)| (*at, state))
    }

    fn end(&self, now: Timestamp) -> Option<Timestamp> {
        let (at, state) = self.state(now);
        (!OPEN.contains(&state)).then_some(at)
    }

    pub(super) fn json(&self, now: Timestamp) -> Value {
        json!({
            "id": self.id.to_string(),
            "startTime": written(self.started),
            "endTime": self.end(now).map(written),
            "state": self.state(now).1,
            "cancelledBy": null,
            "statusDetails": null,
            "machineId": self.machine_id,
            "computerDnsName": self.machine_name,
            "triggeringAlertId": self.alert,
        })
    }
}
