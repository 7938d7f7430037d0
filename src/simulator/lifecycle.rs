//! Lifecycle of a machine action: `Pending`, `InProgress`, and one of four final states.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{shifted, written};

/// `errorHResult` of an action that the device never picked up (HTTP 408).
pub(super) const TIMED_OUT: i32 = -2_145_844_840;
/// `errorHResult` of a cancelled action (`E_ABORT`).
pub(super) const CANCELLED: i32 = -2_147_467_260;
/// The service's timeout for a silent device in seconds: three days and fourteen minutes.
const TIMES_OUT_AFTER: i64 = 3 * 86_400 + 14 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(ascii_case_insensitive, const_into_str)]
pub(super) enum Status {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    TimeOut,
    Cancelled,
}

impl Status {
    pub(super) const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::InProgress)
    }
}

/// Planned course of an action without interference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlannedOutcome {
    /// Picked up after about 3 s, done after these seconds.
    Usual(u32),
    /// The device is silent: pending for three days and fourteen minutes, then timed out.
    Silent,
    /// Pending for ten minutes, then done, like a second isolation.
    Held(u32),
    /// The device picks it up and never reports back.
    NeverEnds,
    /// The device reports this HRESULT.
    Fails(u32, i32),
}

#[derive(Debug, Clone)]
pub(super) struct Action {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) title: Option<String>,
    pub(super) requestor: String,
    pub(super) comment: String,
    pub(super) status: Status,
    pub(super) machine_id: String,
    pub(super) machine_name: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) cancelled: Option<(String, String, Timestamp)>,
    pub(super) hresult: i32,
    pub(super) scope: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) source: String,
    pub(super) sha1: Option<String>,
    /// Hidden from reads before this time, like on another regional host.
    pub(super) visible: Timestamp,
    /// Steps still to come.
    pub(super) ahead: Vec<(Timestamp, Status, i32)>,
}

/// The steps of a course that starts at `created`.
pub(super) fn steps(
    planned_outcome: PlannedOutcome,
    created: Timestamp,
) -> Vec<(Timestamp, Status, i32)> {
    let at = |seconds: i64| shifted(created, seconds);
    let picked_up = (at(3), Status::InProgress, 0);
    match planned_outcome {
        PlannedOutcome::Usual(done) => vec![picked_up, (at(i64::from(done)), Status::Succeeded, 0)],
        PlannedOutcome::Silent => vec![(at(TIMES_OUT_AFTER), Status::TimeOut, TIMED_OUT)],
        PlannedOutcome::Held(done) => {
            vec![
                (at(600), Status::InProgress, 0),
                (at(600 + i64::from(done)), Status::Succeeded, 0),
            ]
        }
        PlannedOutcome::NeverEnds => vec![picked_up],
        PlannedOutcome::Fails(done, hresult) => {
            vec![picked_up, (at(i64::from(done)), Status::Failed, hresult)]
        }
    }
}

impl Action {
    /// Applies the steps that are due; true if it has just succeeded.
    pub(super) fn run_due(&mut self, now: Timestamp) -> bool {
        let mut succeeded = false;
        while let Some((at, status, hresult)) = self.ahead.first().copied() {
            if at > now {
                break;
            }
            self.ahead.remove(0);
            self.status = status;
            self.updated = at;
            self.hresult = hresult;
            succeeded |= status == Status::Succeeded;
        }
        succeeded
    }

    /// Forces a state; once it is final, no steps follow.
    pub(super) fn force(&mut self, status: Status, now: Timestamp) {
        self.status = status;
        self.updated = now;
        self.hresult = match status {
            Status::TimeOut => TIMED_OUT,
            Status::Cancelled => CANCELLED,
            Status::Failed => -2_147_467_259,
            Status::Pending | Status::InProgress | Status::Succeeded => 0,
        };
        self.ahead.clear();
    }

    pub(super) fn cancel(&mut self, requestor: &str, comment: &str, now: Timestamp) {
        self.force(Status::Cancelled, now);
        self.cancelled = Some((requestor.to_owned(), comment.to_owned(), now));
    }

    /// The service's JSON format.
    pub(super) fn json(&self) -> Value {
        let cancelled = self.cancelled.as_ref();
        json!({
            "id": self.id,
            "type": self.kind,
            "title": self.title,
            "requestor": self.requestor,
            "requestorComment": self.comment,
            "status": self.status.into_str(),
            "machineId": self.machine_id,
            "computerDnsName": self.machine_name,
            "creationDateTimeUtc": written(self.created),
            "lastUpdateDateTimeUtc": written(self.updated),
            "cancellationRequestor": cancelled.map(|(who, _, _)| who),
            "cancellationComment": cancelled.map(|(_, why, _)| why),
            "cancellationDateTimeUtc": cancelled.map(|(_, _, at)| written(*at)),
            "errorHResult": self.hresult,
            "scope": self.scope,
            "externalId": self.external_id,
            "requestSource": self.source,
            "relatedFileInfo": self.sha1.as_ref().map(|sha1| json!({ "fileIdentifier": sha1, "fileIdentifierType": "Sha1" })),
            "commands": [],
            "troubleshootInfo": null
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Timestamp {
        "2026-11-22T08:00:00Z".parse().unwrap()
    }

    fn action(planned_outcome: PlannedOutcome) -> Action {
        Action {
            id: "b89eb834-4578-496c-8be0-03f004061435".into(),
            kind: "Isolate".into(),
            title: None,
            requestor: "jane@contoso.com".into(),
            comment: "why".into(),
            status: Status::Pending,
            machine_id: "aa".into(),
            machine_name: None,
            created: begun(),
            updated: begun(),
            cancelled: None,
            hresult: 0,
            scope: Some("Full".into()),
            external_id: None,
            source: "PublicApi".into(),
            sha1: None,
            visible: begun(),
            ahead: steps(planned_outcome, begun()),
        }
    }

    fn after(planned_outcome: PlannedOutcome, seconds: i64) -> (Status, i32) {
        let mut action = action(planned_outcome);
        action.run_due(shifted(begun(), seconds));
        (action.status, action.hresult)
    }

    #[test]
    fn action_passes_through_its_states() {
        assert_eq!(after(PlannedOutcome::Usual(8), 2), (Status::Pending, 0));
        assert_eq!(after(PlannedOutcome::Usual(8), 4), (Status::InProgress, 0));
        assert_eq!(after(PlannedOutcome::Usual(8), 8), (Status::Succeeded, 0));
        assert_eq!(
            after(PlannedOutcome::Silent, TIMES_OUT_AFTER - 1),
            (Status::Pending, 0)
        );
        assert_eq!(
            after(PlannedOutcome::Silent, TIMES_OUT_AFTER),
            (Status::TimeOut, TIMED_OUT)
        );
        assert_eq!(after(PlannedOutcome::Held(8), 599), (Status::Pending, 0));
        assert_eq!(
            after(PlannedOutcome::NeverEnds, 1_000_000),
            (Status::InProgress, 0)
        );
        assert_eq!(after(PlannedOutcome::Fails(8, -5), 8), (Status::Failed, -5));
    }

    #[test]
    fn cancelled_action_stays_cancelled() {
        let mut action = action(PlannedOutcome::Usual(8));
        action.cancel("s.weber@contoso.com", "changed my mind", begun());
        assert!(!action.run_due(shifted(begun(), 1_000)));
        let json = action.json();
        assert_eq!(json["status"], "Cancelled");
        assert_eq!(json["errorHResult"], CANCELLED);
        assert_eq!(json["cancellationComment"], "changed my mind");
    }
}
