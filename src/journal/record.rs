//! What the journal has of an entry: records of what became known about it.

use jiff::Timestamp;

use crate::action::Order;
use crate::model::{Account, HResult, MachineActionId, MachineActionStatus, MachineId};

/// Who ordered, where. Written into the first record of each entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// `LIVE`, `DEMO` or `STAND-IN`.
    pub mode: Box<str>,
    pub tenant: Box<str>,
    /// Tenant-bound object id: entries are only ever resumed for the same account.
    pub object_id: Box<str>,
    /// For people.
    pub account: Box<str>,
}

impl Author {
    /// Whether it is this person, in this tenant.
    #[must_use]
    pub fn is(&self, account: &Account) -> bool {
        *self.tenant == *account.tenant_id.as_str() && self.object_id == account.object_id
    }
}

/// Why an order was never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSentReason {
    /// The person took it back while it waited.
    Withdrawn,
    /// The console ended before it was sent.
    ConsoleEnded,
    /// More than two minutes lay between confirmation and sending, or the account changed.
    ApprovalLapsed,
    /// The sign-in ended and was not renewed.
    SignInEnded,
    /// The host could not be reached, several times.
    NotReached,
    /// The facts changed between review and sending: name, merge, onboarding.
    FactsChanged,
    /// A guardrail stands against it with facts read again.
    Blocked,
    /// The service kept asking for pauses.
    Throttled,
    /// The journal could not be written; this itself is then on disk only if there is room again.
    Unwritten,
}

impl NotSentReason {
    pub(super) const ALL: [Self; 9] = [
        Self::Withdrawn,
        Self::ConsoleEnded,
        Self::ApprovalLapsed,
        Self::SignInEnded,
        Self::NotReached,
        Self::FactsChanged,
        Self::Blocked,
        Self::Throttled,
        Self::Unwritten,
    ];

    /// The clause after "Not sent: ".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::ConsoleEnded => "the console ended first",
            Self::ApprovalLapsed => "the approval lapsed",
            Self::SignInEnded => "the sign-in ended",
            Self::NotReached => "Defender could not be reached",
            Self::FactsChanged => "the device's record changed since the review",
            Self::Blocked => "a guardrail stands against it",
            Self::Throttled => "the service kept asking for pauses",
            Self::Unwritten => "it could not be put on disk",
        }
    }
}

/// One thing that became known about an entry. Appended, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    Intended {
        author: Author,
        order: Order,
    },
    /// An opposite action is under way; a person has to insist.
    Held {
        by: MachineActionId,
    },
    /// Something that forbids or warns could not be read again before sending: what, and why. The
    /// order went by what was read before.
    NotReread {
        what: Box<str>,
    },
    /// Written before the request leaves, once for each attempt.
    Sent,
    /// The attempt certainly did not reach the service's store; another may follow.
    AttemptRejected {
        why: Box<str>,
    },
    NotSent {
        why: NotSentReason,
        detail: Option<Box<str>>,
    },
    /// The service stored the action.
    Accepted {
        action: MachineActionId,
        status: MachineActionStatus,
    },
    /// The service carries the action out on another record than the one that was ordered.
    Redirected {
        machine: MachineId,
    },
    /// The service gave back an action that is not ours.
    NotOurs {
        action: MachineActionId,
        requestor: Box<str>,
        created: Option<Timestamp>,
    },
    Refused {
        status: u16,
        code: Box<str>,
        message: Box<str>,
    },
    /// The answer never came.
    Unknown {
        why: Box<str>,
    },
    /// An answer came and does not settle it: one that says neither yes nor no, or an action
    /// without enough in it to tell whose it is.
    Unclear {
        status: Option<u16>,
        action: Option<MachineActionId>,
        why: Box<str>,
    },
    /// After a refusal the device's actions were read for one of this kind that is open, and there
    /// was none; `false` when they could not be read, or not whole.
    ActiveActionsRead {
        complete: bool,
    },
    /// Three complete look-ups over five minutes did not show it.
    NotFound,
    /// The service reports another status that is not final.
    Progress {
        status: MachineActionStatus,
    },
    Finished {
        action: MachineActionId,
        status: MachineActionStatus,
        hresult: HResult,
        by: Option<Box<str>>,
        comment: Option<Box<str>>,
        /// When the service says that it ended; absent in older journals, and where it says nothing.
        service_time: Option<Timestamp>,
    },
    /// A person has read how the order stands. It says what was read, so that a status which came
    /// at the same moment is not taken for read.
    Acknowledged {
        /// [`OrderStatus::key`](super::OrderStatus::key) of what was on screen.
        status: Box<str>,
        object_id: Box<str>,
        /// For people.
        account: Box<str>,
    },
}

impl Record {
    pub(super) fn accepts(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Accepted { action, .. } if action == id)
    }

    /// Whether it says that nobody can tell whose this action is.
    pub(super) fn disowns(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Unclear { action: Some(action), .. } if action == id)
    }
}
