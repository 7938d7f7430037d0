//! What the journal holds: entries, and the records of what became known about each.

use jiff::Timestamp;

use super::{OrderStatus, Reply};
use crate::action::{Order, Task};
use crate::model::{
    Account, EntryId, HResult, MachineActionId, MachineActionStatus, MachineId, MachineRef,
};

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
        /// [`OrderStatus::key`] of what was on screen.
        status: Box<str>,
        object_id: Box<str>,
        /// For people.
        account: Box<str>,
    },
}

impl Record {
    fn accepts(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Accepted { action, .. } if action == id)
    }

    /// Whether it says that nobody can tell whose this action is.
    fn disowns(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Unclear { action: Some(action), .. } if action == id)
    }
}

/// Who has read the present status of an entry, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    pub at: Timestamp,
    pub account: Box<str>,
}

/// Whose clock a time is by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSource {
    /// The service said when it happened.
    Service,
    /// When this console read it.
    Console,
}

impl TimeSource {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Service => "Defender's clock",
            Self::Console => "this computer's clock",
        }
    }
}

/// One order with all that is known about it, oldest record first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub author: Author,
    pub order: Order,
    records: Vec<(Timestamp, Record)>,
    // Kept with each record, because views ask for these in every frame.
    status: OrderStatus,
    status_since: Timestamp,
    service_time: Option<Timestamp>,
    acknowledged: Option<Acknowledgement>,
}

impl Entry {
    /// An entry of which nothing is on record yet.
    #[must_use]
    pub fn new(author: Author, order: Order) -> Self {
        Self {
            author,
            order,
            records: Vec::new(),
            status: OrderStatus::Waiting,
            status_since: Timestamp::UNIX_EPOCH,
            service_time: None,
            acknowledged: None,
        }
    }

    /// Adds what became known at that time.
    pub fn push(&mut self, at: Timestamp, record: Record) {
        if let Record::Acknowledged {
            status, account, ..
        } = &record
        {
            if **status == *self.status.key() {
                let account = account.clone();
                self.acknowledged = Some(Acknowledgement { at, account });
            }
        } else if !self.status.is_last_word() {
            // What the service said last stands; whatever comes late cannot take it back.
            let before = std::mem::replace(&mut self.status, OrderStatus::Waiting);
            let key = before.key();
            self.status = self.after(before, &record);
            self.status_since = at;
            self.service_time = if let Record::Finished { service_time, .. } = &record {
                *service_time
            } else {
                None
            };
            if self.status.key() != key {
                self.acknowledged = None;
            }
        }
        self.records.push((at, record));
    }

    /// What became known, oldest first.
    #[must_use]
    pub fn records(&self) -> &[(Timestamp, Record)] {
        &self.records
    }

    /// Who has read how it stands now; `None` while nobody has.
    #[must_use]
    pub fn acknowledged(&self) -> Option<&Acknowledgement> {
        self.acknowledged.as_ref()
    }

    #[must_use]
    pub fn id(&self) -> EntryId {
        self.order.entry
    }

    /// When the person confirmed.
    #[must_use]
    pub fn intended_at(&self) -> Timestamp {
        self.records
            .first()
            .map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at)
    }

    /// When the present standing was reached.
    #[must_use]
    pub fn status_since(&self) -> Timestamp {
        self.status_since
    }

    /// When the present status was reached: as the service has it where it said so, and otherwise when
    /// this console read it.
    #[must_use]
    pub fn status_time(&self) -> (Timestamp, TimeSource) {
        self.service_time
            .map_or((self.status_since, TimeSource::Console), |time| {
                (time, TimeSource::Service)
            })
    }

    /// The first time the request left, if it did.
    #[must_use]
    pub fn first_sent_at(&self) -> Option<Timestamp> {
        self.records
            .iter()
            .find(|(_, r)| matches!(r, Record::Sent))
            .map(|(at, _)| *at)
    }

    /// The action that the service answered with when it was not clear whose it is; not one that
    /// was clearly ours by the answer, and then was contradicted.
    #[must_use]
    pub fn answered_with(&self) -> Option<&MachineActionId> {
        let records = || self.records.iter().map(|(_, record)| record);
        let unclear = records().rev().find_map(|record| {
            let Record::Unclear { action, .. } = record else {
                return None;
            };
            action.as_ref()
        })?;
        let first = records().find(|r| r.accepts(unclear) || r.disowns(unclear));
        first.filter(|r| r.disowns(unclear)).map(|_| unclear)
    }

    /// Whether a reading of this action contradicted the order that it had been accepted for.
    #[must_use]
    pub fn has_disowned(&self, action: &MachineActionId) -> bool {
        let mut records = self.records.iter().map(|(_, record)| record);
        records.any(|r| r.accepts(action)) && records.any(|r| r.disowns(action))
    }

    /// What the service acts on: the device that was chosen, unless it carried the order over to
    /// another record. Undoing concerns this one.
    #[must_use]
    pub fn machine(&self) -> MachineRef {
        let carried_over = self.records.iter().rev().find_map(|(_, record)| {
            if let Record::Redirected { machine } = record {
                Some(machine.clone())
            } else {
                None
            }
        });
        MachineRef {
            id: carried_over.unwrap_or_else(|| self.order.machine.id.clone()),
            dns_name: self.order.machine.dns_name.clone(),
        }
    }

    /// What could not be read again before this was sent, each once.
    #[must_use]
    pub fn not_reread(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for (_, record) in &self.records {
            if let Record::NotReread { what } = record
                && !found.contains(&&**what)
            {
                found.push(what);
            }
        }
        found
    }

    /// The action that this order made, as far as the service credits it to this order: neither one
    /// that it waits for or cancels, nor one that turned out to be someone else's.
    #[must_use]
    pub fn own_action(&self) -> Option<MachineActionId> {
        match (&self.order.task, self.status()) {
            (
                Task::Act { .. },
                OrderStatus::Accepted { action, .. }
                | OrderStatus::Done { action }
                | OrderStatus::Failed { action, .. }
                | OrderStatus::TooLate { action, .. }
                | OrderStatus::TimedOut { action }
                | OrderStatus::Cancelled { action, .. },
            ) => Some(action.clone()),
            _ => None,
        }
    }

    /// Where it stands, as the records have it.
    #[must_use]
    pub fn status(&self) -> &OrderStatus {
        #[cfg(test)]
        tests::STANDINGS_ASKED.with(|asked| asked.set(asked.get() + 1));
        &self.status
    }

    fn after(&self, before: OrderStatus, record: &Record) -> OrderStatus {
        // What the service has stored for us is never called anything less again, unless it turns
        // out to have named an action that is not ours.
        let takes_back = matches!(
            record,
            Record::NotOurs { .. }
                | Record::Refused { .. }
                | Record::Unknown { .. }
                | Record::Unclear { .. }
                | Record::NotFound
        );
        if takes_back
            && let OrderStatus::Accepted { action, .. } = &before
            && !record.disowns(action)
        {
            return before;
        }
        match record {
            Record::Intended { .. } | Record::AttemptRejected { .. } => OrderStatus::Waiting,
            Record::Held { by } => OrderStatus::Held { by: by.clone() },
            Record::Sent => OrderStatus::Sent,
            Record::NotSent { why, detail } => OrderStatus::NotSent {
                why: *why,
                detail: detail.clone(),
            },
            Record::Accepted { action, status } => OrderStatus::Accepted {
                action: action.clone(),
                status: status.clone(),
            },
            Record::NotOurs {
                action,
                requestor,
                created,
            } => OrderStatus::NotOurs {
                action: action.clone(),
                requestor: requestor.clone(),
                created: *created,
            },
            Record::Refused {
                status,
                code,
                message,
            } => OrderStatus::Refused {
                status: *status,
                code: code.clone(),
                message: message.clone(),
            },
            Record::Unknown { why } => OrderStatus::Unknown {
                why: why.clone(),
                reply: Reply::of_old_record(why),
            },
            Record::Unclear {
                status,
                action,
                why,
            } => OrderStatus::Unknown {
                why: why.clone(),
                reply: match (action, status) {
                    (Some(action), _) => Reply::Action(action.clone()),
                    (None, Some(status)) => Reply::Status(*status),
                    (None, None) => Reply::Missing,
                },
            },
            Record::NotFound => OrderStatus::NotFound,
            Record::Redirected { .. }
            | Record::Acknowledged { .. }
            | Record::NotReread { .. }
            | Record::ActiveActionsRead { .. } => before,
            Record::Progress { status } => {
                if let OrderStatus::Accepted { action, .. } = before {
                    let status = status.clone();
                    OrderStatus::Accepted { action, status }
                } else {
                    before
                }
            }
            Record::Finished {
                action,
                status,
                hresult,
                by,
                comment,
                ..
            } => self.finished(action, status, *hresult, by.as_deref(), comment.as_deref()),
        }
    }

    fn finished(
        &self,
        action: &MachineActionId,
        status: &MachineActionStatus,
        hresult: HResult,
        by: Option<&str>,
        comment: Option<&str>,
    ) -> OrderStatus {
        let action = action.clone();
        match (&self.order.task, status) {
            (Task::Cancel { .. }, MachineActionStatus::Cancelled)
            | (Task::Act { .. }, MachineActionStatus::Succeeded) => OrderStatus::Done { action },
            (Task::Cancel { .. }, _) => OrderStatus::TooLate {
                action,
                status: status.clone(),
            },
            (Task::Act { .. }, MachineActionStatus::Cancelled) => OrderStatus::Cancelled {
                action,
                by: by.map(Into::into),
                comment: comment.map(Into::into),
            },
            (Task::Act { .. }, MachineActionStatus::TimeOut) => OrderStatus::TimedOut { action },
            (Task::Act { .. }, MachineActionStatus::Failed) => {
                OrderStatus::Failed { action, hresult }
            }
            (
                Task::Act { .. },
                MachineActionStatus::Pending
                | MachineActionStatus::InProgress
                | MachineActionStatus::Other(_),
            ) => OrderStatus::Accepted {
                action,
                status: status.clone(),
            },
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
