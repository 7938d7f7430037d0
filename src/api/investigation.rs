//! Automated investigations, represented as machine actions. They carry neither tag nor comment.

use jiff::Timestamp;
use serde::Deserialize;

use super::by_id::of_id;
use super::error::Unreadable;
use super::odata::{self, ACTIONS_TOP};
use super::rate_limit::Lane;
use super::wire::{self, Noun};
use super::{ApiError, Client};
use crate::model::loose::Loose;
use crate::model::{
    HeapBytes, Listed, MachineAction, MachineActionId, MachineActionStatus, MachineActionType,
    MachineId,
};

struct Investigation(MachineAction);

impl Client {
    /// One investigation.
    ///
    /// # Errors
    /// A refusal if it is unknown or not visible.
    pub async fn investigation(
        &self,
        id: &MachineActionId,
        lane: Lane,
    ) -> Result<MachineAction, ApiError> {
        let Investigation(read) = self.one(&["investigations", id.as_str()], lane).await?;
        of_id(read, |read| &read.id, id)
    }

    /// All investigations of one machine.
    ///
    /// # Errors
    /// As any read.
    pub async fn investigations_on(
        &self,
        machine: &MachineId,
        lane: Lane,
    ) -> Result<Listed<MachineAction>, ApiError> {
        let url = odata::investigations(&self.0.endpoints.api, machine);
        let read = self.short_list(&url, lane, ACTIONS_TOP).await?;
        let mut all = read.map(|Investigation(read)| read);
        // The service may have ignored the filter.
        all.items
            .retain(|read| read.machine_id.as_ref().is_none_or(|m| m == machine));
        Ok(all)
    }
}

/// Parses the response to the request that starts one.
pub(super) fn one(body: &[u8]) -> Result<MachineAction, Unreadable> {
    wire::one(body).map(|Investigation(started)| started)
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireInvestigation {
    /// A number, written as a string.
    id: Loose<MachineActionId>,
    start_time: Loose<Timestamp>,
    end_time: Loose<Timestamp>,
    state: Loose<Box<str>>,
    cancelled_by: Loose<Box<str>>,
    status_details: Loose<Box<str>>,
    machine_id: Loose<MachineId>,
    computer_dns_name: Loose<Box<str>>,
}

impl HeapBytes for Investigation {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

impl Noun for Investigation {
    fn read(json: &str) -> Option<Self> {
        let wire: WireInvestigation = serde_json::from_str(json).ok()?;
        let status = wire
            .state
            .0
            .as_deref()
            .map_or_else(MachineActionStatus::missing, status_of);
        let kind = MachineActionType::Investigation;
        let mut read = MachineAction::bare(wire.id.0?, kind, status);
        read.created = wire.start_time.0;
        read.last_updated = wire.end_time.0;
        read.machine_id = wire.machine_id.0;
        read.computer_dns_name = wire.computer_dns_name.0;
        read.cancellation_requestor = wire.cancelled_by.0;
        read.cancellation_comment = wire.status_details.0;
        read.state = wire.state.0;
        Some(Self(read))
    }
}

/// Maps an investigation's state. Unknown states are not final.
fn status_of(state: &str) -> MachineActionStatus {
    match state {
        "Queued" | "PendingResource" => MachineActionStatus::Pending,
        "Running" | "PendingApproval" => MachineActionStatus::InProgress,
        "Benign" | "SuccessfullyRemediated" | "PartiallyRemediated" | "PartiallyInvestigated" => {
            MachineActionStatus::Succeeded
        }
        "Failed"
        | "InnerFailure"
        | "Disabled"
        | "PreexistingAlert"
        | "UnsupportedOs"
        | "UnsupportedAlertType"
        | "SuppressedAlert" => MachineActionStatus::Failed,
        "Terminated" | "TerminatedByUser" | "TerminatedBySystem" => MachineActionStatus::Cancelled,
        other => MachineActionStatus::Other(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../tests/fixtures/investigation.json");

    #[test]
    fn recorded_investigation_is_parsed() {
        let started = one(SAMPLE.as_bytes()).expect("an investigation");
        assert_eq!(started.id.as_str(), "63004");
        assert_eq!(started.status, MachineActionStatus::InProgress);
        let machine = started.machine_id.expect("a machine");
        assert_eq!(machine.as_str(), "e828a0624ed33f919db541065190d2f75e50a071");
        assert_eq!(
            started.created.map(|at| at.to_string()).as_deref(),
            Some("2020-01-06T13:05:15Z")
        );
        assert_eq!((started.requestor, started.external_id), (None, None));
    }

    #[test]
    fn numeric_id_is_accepted_and_unknown_state_is_not_final() {
        let read = |json: &str| one(json.as_bytes());
        let numbered = read(r#"{"id":63004,"state":"Hibernating"}"#).expect("an id");
        assert_eq!(numbered.id.as_str(), "63004");
        assert!(!numbered.status.is_final());
        assert_eq!(numbered.state.as_deref(), Some("Hibernating"));
        let silent = read(r#"{"id":"1"}"#).expect("an id");
        assert!(!silent.status.is_final());
        assert!(matches!(
            read(r#"{"state":"Running"}"#),
            Err(Unreadable::NoId)
        ));
    }

    #[test]
    fn every_schema_state_is_classified() {
        let ends = |state: &str| status_of(state).is_final();
        for state in [
            "Queued",
            "Running",
            "PendingApproval",
            "PendingResource",
            "Unknown",
        ] {
            assert!(!ends(state), "{state}");
        }
        for state in [
            "Terminated",
            "SuccessfullyRemediated",
            "Benign",
            "Failed",
            "PartiallyRemediated",
            "Disabled",
            "InnerFailure",
            "PreexistingAlert",
            "UnsupportedOs",
            "UnsupportedAlertType",
            "SuppressedAlert",
            "PartiallyInvestigated",
            "TerminatedByUser",
            "TerminatedBySystem",
        ] {
            assert!(ends(state), "{state}");
        }
    }
}
