//! The status of an entry, in one word; and which statuses are final.

use jiff::Timestamp;

use super::NotSentReason;
use crate::action::{Recorded, Task};
use crate::model::{HResult, MachineActionId, MachineActionStatus, clean};

/// Said of what succeeded in another variant than was ordered, wherever its status is said.
pub const NOT_AS_ORDERED: &str = "not as ordered";
/// Said of what succeeded and was undone since by somebody else.
pub const UNDONE: &str = "no longer in effect";
/// Said of an investigation that does nothing more until a person approves it.
pub const AWAITS_APPROVAL: &str = "waits for approval";

/// The status of an entry: what its last significant record says.
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
    /// A cancellation that came after the action's own end.
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
    /// No answer came.
    Missing,
    /// An answer with this status, which does not say whether it was done.
    Status(u16),
    /// An action, without enough in it to tell whose it is.
    Action(MachineActionId),
    /// An action of ours, which the service has never shown since.
    NeverShown(MachineActionId),
}

impl UnclearReply {
    /// The kind of reply, by the action and the HTTP status in it.
    pub(super) fn of(action: Option<&MachineActionId>, status: Option<u16>) -> Self {
        match (action.cloned(), status) {
            (Some(action), None) => Self::Action(action),
            (Some(action), Some(_)) => Self::NeverShown(action),
            (None, Some(status)) => Self::Status(status),
            (None, None) => Self::Missing,
        }
    }

    /// Earlier builds wrote one record for both; its text tells which it was.
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

/// Phase of an order, by what has to happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase<'a> {
    /// Not sent yet: it is sent or withdrawn next.
    Unsent,
    /// Its outcome is found out.
    Unanswered,
    /// The service's action is followed to its end.
    UnderWay(&'a MachineActionId),
    Ended,
}

impl OrderStatus {
    /// Nothing more will happen to this entry by itself.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.phase() == Phase::Ended
    }

    /// The phase of the order.
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

    /// Name on disk, the same in every version.
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

    /// Whether the order did not bring about what was wanted, or nobody knows whether it did.
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

    /// Whether it waits for a person: to have read what went wrong, or to insist on it or withdraw it.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        self.went_wrong() || matches!(self, Self::Held { .. })
    }

    /// Whether nothing of it is or will be in force. What somebody else had requested already is.
    #[must_use]
    pub fn came_to_nothing(&self) -> bool {
        self.is_end() && !matches!(self, Self::Done { .. } | Self::NotOurs { .. })
    }

    /// Whether the steps after this one are sent, where `goes_on` is what their plan says of a refusal.
    #[must_use]
    pub fn lets_plan_go_on(&self, goes_on: bool) -> bool {
        goes_on || !self.came_to_nothing()
    }

    /// The service said that it will not change any more.
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

    /// The answer never came, and nobody knows yet what became of it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// The service's action behind this entry, where it is known.
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

    /// Why, by whom, with which code: one line for exports and the command line.
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

    /// The words on screen, in the activity list and in exports: one definition.
    #[must_use]
    pub fn word(&self, task: &Task) -> String {
        match self {
            Self::Waiting => "Waiting to send".into(),
            Self::Held { .. } => "Held".into(),
            Self::NotSent { .. } => "Not sent".into(),
            Self::Sent => "Sent, no answer yet".into(),
            Self::Accepted { status, .. } => match status {
                MachineActionStatus::Pending => "Accepted (Pending)".into(),
                // Nobody says how far a tag is: the device shows it, or does not.
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
