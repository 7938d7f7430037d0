//! Entries of the journal: an order, its records, and the status derived from them.

use jiff::{SignedDuration, Timestamp};

use super::record::{Author, Record};
use super::{OrderStatus, UnclearReply};
use crate::action::{Order, Sameness, Task, Yield};
use crate::model::{
    EntryId, HResult, MachineAction, MachineActionId, MachineActionStatus, MachineRef, clean,
    shifted,
};

/// Greater than any clock difference; an end dated earlier than this before the order was sent is ignored.
const MAX_CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_hours(24);

/// Acknowledgement of an entry's present status: account and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    pub at: Timestamp,
    pub account: Box<str>,
}

/// The clock that a time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSource {
    /// The service reported the time.
    Service,
    /// This console read it.
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

/// One order with all its records, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub author: Author,
    pub order: Order,
    records: Vec<(Timestamp, Record)>,
    // Cached, because views ask for the status in every frame.
    status: OrderStatus,
    status_since: Timestamp,
    service_time: Option<Timestamp>,
    acknowledged: Option<Acknowledgement>,
}

impl Entry {
    /// An entry without records.
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

    /// Adds a record with its time.
    pub fn push(&mut self, at: Timestamp, record: Record) {
        if let Record::Acknowledged {
            status, account, ..
        } = &record
        {
            if **status == *self.status.key() {
                let account = account.clone();
                self.acknowledged = Some(Acknowledgement { at, account });
            }
        } else if !self.status.is_terminal() || self.is_corrected_by(&record) {
            // The final status is kept; a late record changes it only with another end of the same
            // action, or if the service takes back this end.
            let before = std::mem::replace(&mut self.status, OrderStatus::Waiting);
            let key = before.key();
            self.status = self.after(before, &record);
            self.status_since = at;
            self.service_time = if let Record::Finished { service_time, .. } = &record {
                let sent = self.first_sent_at();
                service_time.filter(|end| {
                    sent.is_none_or(|sent| *end >= shifted(sent, -MAX_CLOCK_DIFFERENCE))
                })
            } else {
                None
            };
            // A redirection is news as well.
            if self.status.key() != key || matches!(record, Record::Redirected { .. }) {
                self.acknowledged = None;
            }
        }
        self.records.push((at, record));
    }

    /// Whether this record corrects the end of this order's action, which ended otherwise or has not ended.
    #[must_use]
    pub fn is_corrected_by(&self, record: &Record) -> bool {
        let is_of_own = matches!(record, Record::Finished { action, status, .. }
            if status.is_final() && self.own_action().as_ref() == Some(action));
        let is_taken_back = self.status.action().is_some_and(|a| record.contradicts(a));
        (is_of_own || is_taken_back)
            && self.status.is_terminal()
            && self.after(self.status.clone(), record).key() != self.status.key()
    }

    /// All records, oldest first.
    #[must_use]
    pub fn records(&self) -> &[(Timestamp, Record)] {
        &self.records
    }

    /// All records without their times.
    pub fn facts(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.iter().map(|(_, record)| record)
    }

    /// The downloaded packages, oldest first: file, bytes and SHA-256 in hexadecimal digits.
    pub fn downloads(&self) -> impl DoubleEndedIterator<Item = (&str, u64, &str)> {
        self.facts().filter_map(|record| {
            let Record::Downloaded {
                file,
                bytes,
                sha256,
                ..
            } = record
            else {
                return None;
            };
            Some((&**file, *bytes, &**sha256))
        })
    }

    /// The action that collected a package.
    #[must_use]
    pub fn package(&self) -> Option<&MachineActionId> {
        let yields = self.order.task.kind()?.spec().yields;
        let OrderStatus::Done { action } = self.status() else {
            return None;
        };
        (yields == Yield::Package).then_some(action)
    }

    /// The acknowledgement of the present status, if any.
    #[must_use]
    pub fn acknowledged(&self) -> Option<&Acknowledgement> {
        self.acknowledged.as_ref()
    }

    #[must_use]
    pub fn id(&self) -> EntryId {
        self.order.entry
    }

    /// Time of confirmation.
    #[must_use]
    pub fn intended_at(&self) -> Timestamp {
        self.records
            .first()
            .map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at)
    }

    /// Time when the present status was reached.
    #[must_use]
    pub fn status_since(&self) -> Timestamp {
        self.status_since
    }

    /// Time when the present status was reached: the service's, if reported, otherwise the time of
    /// this console's reading.
    #[must_use]
    pub fn status_time(&self) -> (Timestamp, TimeSource) {
        self.service_time
            .map_or((self.status_since, TimeSource::Console), |time| {
                (time, TimeSource::Service)
            })
    }

    /// Time of the first request, if one was sent.
    #[must_use]
    pub fn first_sent_at(&self) -> Option<Timestamp> {
        self.records
            .iter()
            .find(|(_, r)| matches!(r, Record::Sent))
            .map(|(at, _)| *at)
    }

    /// The action in the response when it was unclear whose it is, or when it has not been shown
    /// since; not one that was clearly ours and was later contradicted.
    #[must_use]
    pub fn answered_with(&self) -> Option<&MachineActionId> {
        let (unclear, was_never_shown) = self.facts().rev().find_map(|record| {
            let Record::Unclear { action, status, .. } = record else {
                return None;
            };
            Some((action.as_ref()?, status.is_some()))
        })?;
        if was_never_shown {
            return Some(unclear);
        }
        let first = (self.facts()).find(|r| r.accepts(unclear) || r.disowns(unclear));
        first.filter(|r| r.disowns(unclear)).map(|_| unclear)
    }

    /// Whether a reading contradicted the order that had been accepted as this action.
    #[must_use]
    pub fn has_disowned(&self, action: &MachineActionId) -> bool {
        let mut records = self.facts();
        records.any(|r| r.accepts(action)) && records.any(|r| r.contradicts(action))
    }

    /// The device that the service acts on: the chosen one, unless the service redirected the order
    /// to another record, whose name is not in the journal. Undoing applies to this device.
    #[must_use]
    pub fn machine(&self) -> MachineRef {
        let carried_over = self.facts().rev().find_map(|record| {
            if let Record::Redirected { machine } = record {
                Some(machine.clone())
            } else {
                None
            }
        });
        let dns_name = None;
        match carried_over.filter(|id| *id != self.order.machine.id) {
            Some(id) => MachineRef { id, dns_name },
            None => self.order.machine.clone(),
        }
    }

    /// Whether the service acts on another record than the chosen one, which needs a person's attention.
    #[must_use]
    pub fn acts_elsewhere(&self) -> bool {
        self.machine().id != self.order.machine.id
    }

    /// Facts that could not be read again before sending, without duplicates.
    #[must_use]
    pub fn not_reread(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for record in self.facts() {
            if let Record::NotReread { what } = record
                && !found.contains(&&**what)
            {
                found.push(what);
            }
        }
        found
    }

    /// Whether the journal shows that the service has returned the accepted action at least once.
    #[must_use]
    pub fn was_shown(&self) -> bool {
        (self.facts()).any(|r| matches!(r, Record::Progress { .. } | Record::Finished { .. }))
    }

    /// The deviation of a block from its order, as last read.
    #[must_use]
    pub fn kept_otherwise(&self) -> Option<&str> {
        let is_block = self.order.task.makes_indicator();
        let is_done = matches!(self.status(), OrderStatus::Done { .. });
        self.end_comment().filter(|_| is_block && is_done)
    }

    /// The service's comment on the end, as last read.
    #[must_use]
    pub fn end_comment(&self) -> Option<&str> {
        self.facts().rev().find_map(|record| {
            let Record::Finished { comment, .. } = record else {
                return None;
            };
            comment.as_deref()
        })
    }

    /// Deviation of the succeeded action from this order, as a sentence.
    #[must_use]
    pub fn deviation(&self, read: Option<&MachineAction>) -> Option<String> {
        let variant = self.variant(read)?;
        Some(match self.kept_otherwise() {
            Some(_) => variant,
            None => format!("Defender carried it out as {variant}"),
        })
    }

    /// Deviation of a succeeded action from this order in this reading: another choice of the same
    /// kind, or another expiry.
    #[must_use]
    pub fn variant(&self, read: Option<&MachineAction>) -> Option<String> {
        if let Some(kept) = self.kept_otherwise() {
            return Some(clean(kept, 300).into_owned());
        }
        let read = read?;
        let is_done = matches!(self.status(), OrderStatus::Done { .. });
        let is_own = self.own_action().as_ref() == Some(&read.id);
        let is_other = self.order.task.compared_with(read) == Sameness::OtherVariant;
        let scope = read.scope.as_deref().unwrap_or_default();
        (is_done && is_own && is_other).then(|| clean(scope, 40).into_owned())
    }

    /// The action of this order, as far as the service credits it to this order: neither one that
    /// it waits for or cancels, nor one that turned out to be someone else's.
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

    /// Whether a later order has removed or replaced this order's indicator.
    #[must_use]
    pub fn is_taken_back_by(&self, later: &Self) -> bool {
        let made = self
            .own_action()
            .filter(|_| self.order.task.is_tenant_wide());
        let done = matches!(later.status(), OrderStatus::Done { .. });
        let own = (self.intended_at(), self.id());
        made.is_some_and(|made| {
            let removes = later.order.task.indicator().as_ref() == Some(&made);
            done && (later.intended_at(), later.id()) != own
                && later.intended_at() >= self.intended_at()
                && (removes
                    || later.order.task.is_tenant_wide() && later.own_action() == Some(made))
        })
    }

    /// The status derived from the records.
    #[must_use]
    pub fn status(&self) -> &OrderStatus {
        #[cfg(test)]
        tests::STATUS_READS.with(|asked| asked.set(asked.get() + 1));
        &self.status
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    fn after(&self, before: OrderStatus, record: &Record) -> OrderStatus {
        if is_kept(&before, record) {
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
                reply: UnclearReply::of_old_record(why),
            },
            Record::Unclear {
                status,
                action,
                why,
            } => OrderStatus::Unknown {
                why: why.clone(),
                reply: UnclearReply::of(action.as_ref(), *status),
            },
            Record::NotFound => OrderStatus::NotFound,
            Record::Redirected { .. }
            | Record::Acknowledged { .. }
            | Record::Downloaded { .. }
            | Record::Undone { .. }
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

/// Whether the status must be kept: an accepted action is never demoted, unless it turns out not to be ours.
fn is_kept(before: &OrderStatus, record: &Record) -> bool {
    let takes_back = matches!(
        record,
        Record::NotOurs { .. }
            | Record::Refused { .. }
            | Record::Unknown { .. }
            | Record::Unclear { .. }
            | Record::NotFound
    );
    matches!(before, OrderStatus::Accepted { action, .. } if takes_back && !record.disowns(action))
}

impl OrderStatus {
    /// Whether an order of this console cancelled the action: `find` returns the entry whose tag
    /// the cancellation quotes. A colleague may quote any tag.
    #[must_use]
    pub fn was_cancelled_here<'a>(&self, find: impl FnOnce(EntryId) -> Option<&'a Entry>) -> bool {
        let Self::Cancelled {
            action, comment, ..
        } = self
        else {
            return false;
        };
        let tag = comment.as_deref().and_then(EntryId::find_in);
        let canceller = tag.and_then(find);
        canceller.is_some_and(|entry| entry.order.task.cancels(action))
    }
}

#[cfg(test)]
pub(crate) mod tests;
