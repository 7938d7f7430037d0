//! What the journal holds: entries, and the records of what became known about each.

use jiff::Timestamp;

use super::Standing;
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
    /// Written before the request leaves, once for each attempt.
    Sent,
    /// The attempt certainly did not reach the service's store; another may follow.
    NotTaken {
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
    SomeoneElses {
        action: MachineActionId,
        requestor: Box<str>,
        created: Option<Timestamp>,
    },
    Refused {
        status: u16,
        code: Box<str>,
        message: Box<str>,
    },
    /// The answer never came, or said nothing.
    Unknown {
        why: Box<str>,
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
    },
    /// A person has read how the order stands. It says what was read, so that a status which came
    /// at the same moment is not taken for read.
    Acknowledged {
        /// [`Standing::key`] of what was on screen.
        standing: Box<str>,
        object_id: Box<str>,
        /// For people.
        account: Box<str>,
    },
}

/// Who has read the present status of an entry, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    pub at: Timestamp,
    pub account: Box<str>,
}

/// One order with all that is known about it, oldest record first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub author: Author,
    pub order: Order,
    records: Vec<(Timestamp, Record)>,
    // Kept with each record, because views ask for these in every frame.
    standing: Standing,
    standing_since: Timestamp,
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
            standing: Standing::Waiting,
            standing_since: Timestamp::UNIX_EPOCH,
            acknowledged: None,
        }
    }

    /// Adds what became known at that time.
    pub fn push(&mut self, at: Timestamp, record: Record) {
        if let Record::Acknowledged {
            standing, account, ..
        } = &record
        {
            if **standing == *self.standing.key() {
                let account = account.clone();
                self.acknowledged = Some(Acknowledgement { at, account });
            }
        } else if !self.standing.is_last_word() {
            // What the service said last stands; whatever comes late cannot take it back.
            let before = std::mem::replace(&mut self.standing, Standing::Waiting);
            let key = before.key();
            self.standing = self.after(before, &record);
            self.standing_since = at;
            if self.standing.key() != key {
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
    pub fn standing_since(&self) -> Timestamp {
        self.standing_since
    }

    /// The first time the request left, if it did.
    #[must_use]
    pub fn first_sent_at(&self) -> Option<Timestamp> {
        self.records
            .iter()
            .find(|(_, r)| matches!(r, Record::Sent))
            .map(|(at, _)| *at)
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

    /// Where it stands, as the records have it.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        #[cfg(test)]
        tests::STANDINGS_ASKED.with(|asked| asked.set(asked.get() + 1));
        &self.standing
    }

    fn after(&self, before: Standing, record: &Record) -> Standing {
        match record {
            Record::Intended { .. } | Record::NotTaken { .. } => Standing::Waiting,
            Record::Held { by } => Standing::Held { by: by.clone() },
            Record::Sent => Standing::Sent,
            Record::NotSent { why, detail } => Standing::NotSent {
                why: *why,
                detail: detail.clone(),
            },
            Record::Accepted { action, status } => Standing::Accepted {
                action: action.clone(),
                status: status.clone(),
            },
            Record::SomeoneElses {
                action,
                requestor,
                created,
            } => Standing::SomeoneElses {
                action: action.clone(),
                requestor: requestor.clone(),
                created: *created,
            },
            Record::Refused {
                status,
                code,
                message,
            } => Standing::Refused {
                status: *status,
                code: code.clone(),
                message: message.clone(),
            },
            Record::Unknown { why } => Standing::Unknown { why: why.clone() },
            Record::NotFound => Standing::NotFound,
            Record::Redirected { .. } | Record::Acknowledged { .. } => before,
            Record::Progress { status } => {
                if let Standing::Accepted { action, .. } = before {
                    let status = status.clone();
                    Standing::Accepted { action, status }
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
    ) -> Standing {
        let action = action.clone();
        match (&self.order.task, status) {
            (Task::Cancel { .. }, MachineActionStatus::Cancelled)
            | (Task::Act { .. }, MachineActionStatus::Succeeded) => Standing::Done { action },
            (Task::Cancel { .. }, _) => Standing::TooLate {
                action,
                status: status.clone(),
            },
            (Task::Act { .. }, MachineActionStatus::Cancelled) => Standing::Cancelled {
                action,
                by: by.map(Into::into),
                comment: comment.map(Into::into),
            },
            (Task::Act { .. }, MachineActionStatus::TimeOut) => Standing::TimedOut { action },
            (Task::Act { .. }, MachineActionStatus::Failed) => Standing::Failed { action, hresult },
            (
                Task::Act { .. },
                MachineActionStatus::Pending
                | MachineActionStatus::InProgress
                | MachineActionStatus::Other(_),
            ) => Standing::Accepted {
                action,
                status: status.clone(),
            },
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::action::ActionKind;
    use crate::model::{MachineActionType, MachineId, MachineRef};

    thread_local! {
        /// How often a status was asked for: what a frame costs, whatever the clock says.
        pub static STANDINGS_ASKED: Cell<usize> = const { Cell::new(0) };
    }

    fn entry(task: Task, records: Vec<Record>) -> Entry {
        let author = Author {
            mode: "DEMO".into(),
            tenant: "t".into(),
            object_id: "o".into(),
            account: "jane".into(),
        };
        let order = Order {
            entry: EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
            machine: MachineRef {
                id: MachineId::parse("a1").expect("a literal id"),
                dns_name: None,
            },
            comment: "why".into(),
            batch: None,
            task,
        };
        let mut entry = Entry::new(author, order);
        for record in records {
            entry.push(Timestamp::UNIX_EPOCH, record);
        }
        entry
    }

    fn action() -> MachineActionId {
        MachineActionId::parse("b89eb834-4578-496c-8be0-03f004061435").expect("a literal id")
    }

    fn finished(status: MachineActionStatus) -> Record {
        Record::Finished {
            action: action(),
            status,
            hresult: HResult(0),
            by: None,
            comment: None,
        }
    }

    #[test]
    fn accepted_is_not_done_and_only_succeeded_is() {
        let accepted = Record::Accepted {
            action: action(),
            status: MachineActionStatus::Pending,
        };
        let mut entry = entry(isolate(), vec![Record::Sent, accepted]);
        assert_eq!(
            entry.standing().word(&entry.order.task),
            "Accepted (Pending)"
        );
        entry.push(
            Timestamp::UNIX_EPOCH,
            Record::Progress {
                status: MachineActionStatus::InProgress,
            },
        );
        assert_eq!(entry.standing().word(&entry.order.task), "In progress");
        assert!(!entry.standing().is_end());
        entry.push(
            Timestamp::UNIX_EPOCH,
            finished(MachineActionStatus::Succeeded),
        );
        assert_eq!(entry.standing().word(&entry.order.task), "Isolated");
    }

    #[test]
    fn a_cancellation_is_done_when_the_action_is_cancelled_and_too_late_when_it_succeeded() {
        let cancel = || Task::Cancel {
            action: action(),
            action_type: MachineActionType::Isolate,
        };
        let done = entry(
            cancel(),
            vec![Record::Sent, finished(MachineActionStatus::Cancelled)],
        );
        assert_eq!(*done.standing(), Standing::Done { action: action() });
        let late = entry(
            cancel(),
            vec![Record::Sent, finished(MachineActionStatus::Succeeded)],
        );
        assert_eq!(late.standing().word(&late.order.task), "Too late to cancel");
    }

    fn isolate() -> Task {
        Task::Act {
            kind: ActionKind::Isolate,
            values: Box::default(),
        }
    }

    fn acknowledged(standing: &str) -> Record {
        Record::Acknowledged {
            standing: standing.into(),
            object_id: "o".into(),
            account: "jane".into(),
        }
    }

    fn unknown(why: &str) -> Record {
        Record::Unknown { why: why.into() }
    }

    #[test]
    fn acknowledging_counts_for_the_status_that_was_read_and_for_no_other() {
        let mut entry = entry(isolate(), vec![Record::Sent, unknown("reset")]);
        assert!(entry.acknowledged().is_none());
        entry.push(Timestamp::UNIX_EPOCH, acknowledged("Unknown"));
        assert!(entry.acknowledged().is_some());
        assert!(entry.standing().is_unknown(), "it stands where it stood");
        entry.push(Timestamp::UNIX_EPOCH, unknown("another reset"));
        assert!(entry.acknowledged().is_some(), "still the same status");
        entry.push(Timestamp::UNIX_EPOCH, finished(MachineActionStatus::Failed));
        assert!(entry.acknowledged().is_none(), "this nobody has read");
        // Pressed while “Outcome unknown” was on screen, written after the end had come.
        entry.push(Timestamp::UNIX_EPOCH, acknowledged("Unknown"));
        assert!(entry.acknowledged().is_none());
        entry.push(
            Timestamp::from_second(9).expect("a time"),
            acknowledged("Failed"),
        );
        assert!(entry.acknowledged().is_some(), "also after the last word");
        assert_eq!(entry.standing_since(), Timestamp::UNIX_EPOCH);
        assert_eq!(entry.records().len(), 7);
    }
}
