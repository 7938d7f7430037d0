//! The status of an entry in one word, and which statuses are final.

use jiff::Timestamp;

use super::NotSentReason;
use crate::action::{Recorded, Task};
use crate::model::{HResult, MachineActionId, MachineActionStatus, clean};

/// Addition to the status of an order that succeeded in another variant.
pub const NOT_AS_ORDERED: &str = "not as ordered";
/// Addition to the status of an order that succeeded and was reversed by someone else.
pub const UNDONE: &str = "no longer in effect";
/// Addition to the status of an investigation that needs a person's approval to continue.
pub const AWAITS_APPROVAL: &str = "waits for approval";

/// The status of an entry according to its last significant record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderStatus {
    Waiting,
    Held {
        by: MachineActionId,
    },
    NotSent {
        why: NotSentReason,
        detail: Option<Box<str>>,
    },
    Sent,
    Accepted {
        action: MachineActionId,
        status: MachineActionStatus,
    },
    Done {
        action: MachineActionId,
    },
    Failed {
        action: MachineActionId,
        hresult: HResult,
    },
    /// A cancellation after the action had ended.
    TooLate {
        action: MachineActionId,
        status: MachineActionStatus,
    },
    TimedOut {
        action: MachineActionId,
    },
    Cancelled {
        action: MachineActionId,
        by: Option<Box<str>>,
        comment: Option<Box<str>>,
    },
    Refused {
        status: u16,
        code: Box<str>,
        message: Box<str>,
    },
    Unknown {
        why: Box<str>,
        reply: UnclearReply,
    },
    NotFound,
    NotOurs {
        action: MachineActionId,
        requestor: Box<str>,
        created: Option<Timestamp>,
    },
}

/// The reply to an order whose outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnclearReply {
    /// No response.
    Missing,
    /// A response with this HTTP status, which does not say whether it was executed.
    Status(u16),
    /// An action without enough data to tell whose it is.
    Action(MachineActionId),
    /// An action of ours that the service has not shown since.
    NeverShown(MachineActionId),
}

impl UnclearReply {
    /// The kind of reply, from its action and HTTP status.
    pub(super) fn of(action: Option<&MachineActionId>, status: Option<u16>) -> Self {
        match (action.cloned(), status) {
            (Some(action), None) => Self::Action(action),
            (Some(action), Some(_)) => Self::NeverShown(action),
            (None, Some(status)) => Self::Status(status),
            (None, None) => Self::Missing,
        }
    }

    /// The kind in a record of earlier builds, which wrote one record for both; its text distinguishes them.
    pub(super) fn of_old_record(why: &str) -> Self {
        let after = why
            .split_once(" answered ")
            .map(|(_, rest)| rest)
            .or_else(|| why.strip_prefix("the answer "));
        let number = after.and_then(|rest| rest.split(' ').next());
        number
            .and_then(|number| number.parse().ok())
            .map_or(Self::Missing, Self::Status)
    }
}

/// Phase of an order, by its next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase<'a> {
    /// Not sent yet; next sent or withdrawn.
    Unsent,
    /// Its outcome is being looked up.
    Unanswered,
    /// The service's action is followed to its end.
    UnderWay(&'a MachineActionId),
    Ended,
}

impl OrderStatus {
    /// Whether the entry changes no more by itself.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.phase() == Phase::Ended
    }

    #[must_use]
    pub fn phase(&self) -> Phase<'_> {
        match self {
            Self::Waiting | Self::Held { .. } => Phase::Unsent,
            Self::Sent | Self::Unknown { .. } => Phase::Unanswered,
            Self::Accepted { action, .. } => Phase::UnderWay(action),
            Self::NotSent { .. }
            | Self::Done { .. }
            | Self::Failed { .. }
            | Self::TooLate { .. }
            | Self::TimedOut { .. }
            | Self::Cancelled { .. }
            | Self::Refused { .. }
            | Self::NotFound
            | Self::NotOurs { .. } => Phase::Ended,
        }
    }

    /// Key on disk, the same in every version.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Held { .. } => "Held",
            Self::NotSent { .. } => "NotSent",
            Self::Sent => "Sent",
            Self::Accepted { .. } => "Accepted",
            Self::Done { .. } => "Done",
            Self::Failed { .. } => "Failed",
            Self::TooLate { .. } => "TooLate",
            Self::TimedOut { .. } => "TimedOut",
            Self::Cancelled { .. } => "Cancelled",
            Self::Refused { .. } => "Refused",
            Self::Unknown { .. } => "Unknown",
            Self::NotFound => "NotFound",
            Self::NotOurs { .. } => "SomeoneElses",
        }
    }

    /// Whether the order failed, or its effect is unknown.
    #[must_use]
    pub fn went_wrong(&self) -> bool {
        match self {
            Self::Waiting
            | Self::Held { .. }
            | Self::Sent
            | Self::Accepted { .. }
            | Self::Done { .. } => false,
            Self::NotSent { why, .. } => *why != NotSentReason::Withdrawn,
            Self::Failed { .. }
            | Self::TooLate { .. }
            | Self::TimedOut { .. }
            | Self::Cancelled { .. }
            | Self::Refused { .. }
            | Self::Unknown { .. }
            | Self::NotFound
            | Self::NotOurs { .. } => true,
        }
    }

    /// Whether it waits for a person: to acknowledge a failure, or to insist or withdraw.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        self.went_wrong() || matches!(self, Self::Held { .. })
    }

    /// Whether it has and will have no effect. An action that someone else had already requested does not count.
    #[must_use]
    pub fn had_no_effect(&self) -> bool {
        self.is_end() && !matches!(self, Self::Done { .. } | Self::NotOurs { .. })
    }

    /// Whether the following steps are sent; `continues` is the plan's rule after a refusal.
    #[must_use]
    pub fn lets_plan_continue(&self, continues: bool) -> bool {
        continues || !self.had_no_effect()
    }

    /// Whether the service has reported it as final.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Done { .. }
                | Self::Failed { .. }
                | Self::TooLate { .. }
                | Self::TimedOut { .. }
                | Self::Cancelled { .. }
        )
    }

    /// Whether the response is missing and the outcome still unknown.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// The service's action of this entry, if known.
    #[must_use]
    pub fn action(&self) -> Option<&MachineActionId> {
        match self {
            Self::Accepted { action, .. }
            | Self::Done { action }
            | Self::Failed { action, .. }
            | Self::TooLate { action, .. }
            | Self::TimedOut { action }
            | Self::Cancelled { action, .. }
            | Self::NotOurs { action, .. }
            | Self::Held { by: action } => Some(action),
            Self::Waiting
            | Self::NotSent { .. }
            | Self::Sent
            | Self::Refused { .. }
            | Self::Unknown { .. }
            | Self::NotFound => None,
        }
    }

    /// Reason, actor and code in one line, for exports and the command line.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        let text = match self {
            Self::NotSent { why, detail } => match detail {
                Some(detail) => format!("{}: {detail}", why.words()),
                None => why.words().to_owned(),
            },
            Self::Failed { hresult, .. } => hresult.to_string(),
            Self::TooLate { status, .. } => format!("it had ended before: {status}"),
            Self::Cancelled { by, comment, .. } => {
                let said = [by.as_deref(), comment.as_deref()];
                said.into_iter().flatten().collect::<Vec<_>>().join(": ")
            }
            Self::Refused {
                status,
                code,
                message,
            } => format!("{status} {code} {message}"),
            Self::Unknown { why, .. } => why.to_string(),
            Self::NotOurs { requestor, .. } => format!("requested by {requestor}"),
            Self::Waiting
            | Self::Held { .. }
            | Self::Sent
            | Self::Accepted { .. }
            | Self::Done { .. }
            | Self::TimedOut { .. }
            | Self::NotFound => return None,
        };
        Some(clean(text.trim(), 400).into_owned()).filter(|text| !text.is_empty())
    }

    /// The words for the activity list and for exports.
    #[must_use]
    pub fn word(&self, task: &Task) -> String {
        match self {
            Self::Waiting => "Waiting to send".into(),
            Self::Held { .. } => "Held".into(),
            Self::NotSent { .. } => "Not sent".into(),
            Self::Sent => "Sent, no answer yet".into(),
            Self::Accepted { status, .. } => match status {
                MachineActionStatus::Pending => "Accepted (Pending)".into(),
                // A tag has no progress: the device shows it or does not.
                MachineActionStatus::InProgress if task.record() == Recorded::Machine => {
                    "Accepted, not shown yet".into()
                }
                MachineActionStatus::InProgress => "In progress".into(),
                status if status.is_missing() => "Accepted (the service names no status)".into(),
                MachineActionStatus::Succeeded
                | MachineActionStatus::Failed
                | MachineActionStatus::TimeOut
                | MachineActionStatus::Cancelled
                | MachineActionStatus::Other(_) => {
                    format!("Accepted (the service says “{status}”)")
                }
            },
            Self::Done { .. } => task.done().into(),
            Self::Failed { .. } => "Failed".into(),
            Self::TooLate { .. } => "Too late to cancel".into(),
            Self::TimedOut { .. } => "Timed out".into(),
            Self::Cancelled { .. } => "Cancelled".into(),
            Self::Refused { .. } => "Refused".into(),
            Self::Unknown { .. } => "Outcome unknown".into(),
            Self::NotFound => "Not found".into(),
            Self::NotOurs { .. } => "Someone else's request".into(),
        }
    }
}
