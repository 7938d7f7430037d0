//! May this be done now? Pure functions over given facts: no clock, no I/O.
//!
//! [`review`] runs in the form to explain, and [`enforce`] runs in the worker with fresh facts.
//! Only this module can make an [`Approval`] (rule 2).

mod batch;
mod blast_radius;
mod everywhere;
mod file;
mod history;
mod lifting;
mod ownership;
mod policy;
mod protection;
mod rails;
mod support;
mod twins;
mod verdict;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use batch::{SEVERAL_AT_ONCE, approve_all, number_trouble};
pub use everywhere::{KnownIndicators, latest_end};
pub use file::KnownFile;
pub use history::BOTH_WAYS;
pub use ownership::{OwnAction, Ownership, is_another_person, ownership};
pub use policy::{IpRange, Pattern, Policy, ProtectedBy, is_silent};
pub use rails::{GUARDRAILS, Guardrail, TENANT_WIDE};
pub use verdict::{Finding, Severity};

use crate::action::{Draft, DraftError, Order, Task};
use crate::model::{
    Account, AvailableActions, EntryId, Epoch, Host, Indicator, Machine, MachineAction,
    MachineActionId, MachineRef, SessionStatus, Tickets,
};

/// The facts that guardrails may use.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Current time by the service's clock, for comparison with its timestamps.
    pub now: Timestamp,
    /// Time zone in which findings show times.
    pub zone: &'a TimeZone,
    pub policy: &'a Policy,
    /// The forms of a ticket, including the organisation's own.
    pub tickets: &'a Tickets,
    pub session: &'a SessionStatus,
    /// The record of the machine in question, if it could be read.
    pub machine: Option<&'a Machine>,
    /// Why missing facts about the machine could not be read.
    pub unread: ReadFailures<'a>,
    /// The computer that the console runs on, if known.
    pub host: Option<&'a Host>,
    /// Facts about the file in question, if the task is about one.
    pub file: KnownFile<'a>,
    /// The tenant's file indicators, as far as they have been read.
    pub indicators: KnownIndicators<'a>,
    /// The actions that the service offers for the machine, if known.
    pub available: Option<&'a AvailableActions>,
    /// Other records with the same host name.
    pub namesakes: &'a [Arc<Machine>],
    /// Actions on this machine by anyone; `None` when they were not or could not be read.
    pub history: Option<History<'a>>,
    /// This console's own orders on the machine, or on a record merged into it, that have not ended.
    pub open_orders: &'a [OpenOrder],
    /// Service actions created by the current account's orders on this machine.
    pub own_actions: &'a [OwnAction],
    /// The machine's open alerts, as far as known.
    pub alerts: KnownAlerts<'a>,
    /// All known devices.
    pub devices: DeviceList<'a>,
    /// The number of devices to be confirmed together, including this one.
    pub batch_size: usize,
}

/// A machine's actions, as far as they were read.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    pub actions: &'a [MachineAction],
    /// Whether the history is complete: not truncated, and every item readable.
    pub is_complete: bool,
}

impl<'a> Facts<'a> {
    /// The machine's known actions.
    fn actions(&self) -> &'a [MachineAction] {
        self.history.map_or(&[], |history| history.actions)
    }

    /// Why the known actions may be incomplete, if they may.
    fn history_gap(&self) -> Option<String> {
        match self.history {
            None => Some(unread_words(self.unread.history, "action history")),
            Some(History {
                is_complete: false, ..
            }) => Some("part of this device's action history is missing or unreadable".to_owned()),
            Some(_) => None,
        }
    }

    /// Why the machine's record is not known.
    fn record_gap(&self) -> String {
        unread_words(self.unread.record, "record")
    }
}

/// Why a machine's record and actions are not known: the result of the last read, as a sentence. `None` if not
/// read yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadFailures<'a> {
    pub record: Option<&'a str>,
    pub history: Option<&'a str>,
}

/// The clause that follows what was not checked.
fn unread_words(why: Option<&str>, what: &str) -> String {
    why.map_or_else(
        || format!("this device's {what} has not been read yet"),
        ToOwned::to_owned,
    )
}

/// Number of a machine's unresolved alerts, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KnownAlerts<'a> {
    #[default]
    NotChecked,
    /// With the reason why the last try failed.
    Failed(&'a str),
    /// Being read for the first time.
    Reading,
    Open(usize),
    /// At least this many: the list was cut off.
    AtLeast(usize),
}

/// The devices, as far as they were read.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeviceList<'a> {
    pub list: &'a [Arc<Machine>],
    /// Whether it holds all devices that the account may see.
    pub is_complete: bool,
}

/// An order of this console that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    pub order: Order,
    /// Its status, as a clause.
    pub status: String,
    /// No reply came: repeating the order could execute it twice.
    pub outcome_unknown: bool,
    /// The service action that it created, if known.
    pub action: Option<MachineActionId>,
}

/// A draft, judged.
#[derive(Debug, Clone)]
pub struct Review {
    pub order: Result<Order, Vec<DraftError>>,
    /// Blocks come first.
    pub findings: Vec<Finding>,
    /// Whether the user has typed the device's name.
    is_named: bool,
    /// The number of devices to be confirmed together.
    batch_size: usize,
    /// The device's tags, if its record reported them.
    tags: Option<Box<[Box<str>]>>,
    /// Ids of the file's indicators at the time of the review; `None` for one without an id.
    indicators: Box<[Option<MachineActionId>]>,
}

/// A confirmed order. Private fields and no `Clone`: one approval, one submission.
///
/// Only [`Review::approve`] and [`approve_all`] create one, and it goes into one command:
///
/// ```
/// fn submit(approval: cordon::guard::Approval) -> cordon::message::Command {
///     cordon::message::Command::Submit(vec![approval])
/// }
/// ```
///
/// It cannot be spent twice,
///
/// ```compile_fail
/// fn submit_twice(approval: cordon::guard::Approval) -> [cordon::message::Command; 2] {
///     let again = || cordon::message::Command::Submit(vec![approval]);
///     [again(), again()]
/// }
/// ```
///
/// nor copied, neither by itself nor inside its command,
///
/// ```compile_fail
/// fn copy(approval: &cordon::guard::Approval) -> cordon::guard::Approval {
///     approval.clone()
/// }
/// ```
///
/// ```compile_fail
/// fn copy(command: &cordon::message::Command) -> cordon::message::Command {
///     command.clone()
/// }
/// ```
///
/// nor changed after the confirmation, nor made by hand:
///
/// ```compile_fail
/// fn redirect(approval: &mut cordon::guard::Approval, other: cordon::action::Order) {
///     approval.order = other;
/// }
/// ```
///
/// ```compile_fail
/// fn make(order: cordon::action::Order, by: cordon::guard::Approval) -> cordon::guard::Approval {
///     cordon::guard::Approval { order, ..by }
/// }
/// ```
#[derive(Debug)]
pub struct Approval {
    order: Order,
    account: Account,
    epoch: Epoch,
    confirmed_at: Timestamp,
    /// Opposite actions that the user saw and confirmed.
    accepted_opposites: Vec<MachineActionId>,
    /// Whether the user typed the device's name.
    is_named: bool,
    /// The number of devices confirmed together.
    batch_size: usize,
    /// The device's tags as reviewed.
    reviewed_tags: Option<Box<[Box<str>]>>,
    /// The file's indicators as reviewed.
    reviewed_indicators: Box<[Option<MachineActionId>]>,
}

/// Judges a task on a machine by every guardrail.
#[must_use]
pub fn judge(
    entry: Option<EntryId>,
    task: &Task,
    machine: &MachineRef,
    facts: &Facts<'_>,
) -> Vec<Finding> {
    let question = verdict::Question {
        entry,
        task,
        machine,
        reviewed_tags: None,
    };
    ask(&question, facts)
}

fn ask(question: &verdict::Question<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let is_about_all = question.machine.is_every_device();
    let mut findings: Vec<_> = GUARDRAILS
        .iter()
        // Guardrails about one device do not apply to a tenant-wide order.
        .filter(|rail| !is_about_all || TENANT_WIDE.contains(&rail.name))
        .flat_map(|rail| {
            (rail.check)(question, facts)
                .into_iter()
                .map(|verdict| verdict.named(rail.name))
        })
        .collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// Reviews a draft. It may iterate over all devices, so the form calls it once per change.
#[must_use]
pub fn review(draft: &Draft, facts: &Facts<'_>) -> Review {
    #[cfg(test)]
    REVIEWS.with(|count| count.set(count.get() + 1));
    let is_named = draft.is_named();
    let findings = judge(Some(draft.entry), &draft.task(), &draft.machine, facts).into_iter();
    let findings = findings.map(|finding| match facts.batch_size {
        _ if is_named => finding.typed(),
        ..=1 => finding,
        _several => finding.among_several(),
    });
    Review {
        order: draft.parse(),
        findings: findings.collect(),
        is_named,
        batch_size: facts.batch_size,
        tags: facts
            .machine
            .and_then(|machine| machine.machine_tags.clone()),
        indicators: draft.file_hash().map_or_else(Box::default, |hash| {
            let about = facts.indicators.about(&hash);
            about.map(|one| one.id.clone()).collect()
        }),
    }
}

/// Checks that nothing blocks sending an approved order now, with facts read again.
///
/// # Errors
/// The finding that forbids it.
pub fn enforce(approval: &Approval, facts: &Facts<'_>) -> Result<(), Finding> {
    let order = &approval.order;
    let facts = Facts {
        batch_size: approval.batch_size,
        ..*facts
    };
    let question = verdict::Question {
        entry: Some(order.entry),
        task: &order.task,
        machine: &order.machine,
        reviewed_tags: approval.reviewed_tags.as_deref(),
    };
    let blocks = ask(&question, &facts).into_iter();
    blocks
        .filter(|finding| finding.forbids(approval.is_named))
        .map(Err)
        .next()
        .unwrap_or(Ok(()))
}

impl Review {
    /// Whether the device's name has to be typed.
    #[must_use]
    pub fn wants_name(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.severity == Severity::NameWanted)
    }

    /// Whether the required name or word was typed.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.is_named
    }

    /// Whether this finding forbids the order.
    #[must_use]
    pub const fn is_stopped_by(&self, finding: &Finding) -> bool {
        finding.forbids(self.is_named)
    }

    /// The first reason why this cannot be confirmed.
    #[must_use]
    pub fn block(&self) -> Option<String> {
        let finding = self.findings.iter().find(|f| f.forbids(self.is_named));
        finding.map(Finding::text).or_else(|| {
            self.order
                .as_ref()
                .err()
                .and_then(|errors| errors.first())
                .map(ToString::to_string)
        })
    }

    /// Turns a complete, unblocked review of a single device into an [`Approval`].
    ///
    /// # Errors
    /// The reason why it cannot be confirmed.
    pub fn approve(
        self,
        account: &Account,
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<Approval, String> {
        match self.batch_size {
            1 => self.seal(account, epoch, now),
            several => Err(format!("This is one of {several} to be confirmed together")),
        }
    }

    fn seal(self, account: &Account, epoch: Epoch, now: Timestamp) -> Result<Approval, String> {
        if let Some(block) = self.block() {
            return Err(block);
        }
        let (is_named, batch_size, reviewed_tags) = (self.is_named, self.batch_size, self.tags);
        let reviewed_indicators = self.indicators;
        let accepted_opposites = self
            .findings
            .iter()
            .filter_map(|f| f.opposite.clone())
            .collect();
        match self.order {
            Ok(order) => Ok(Approval {
                order,
                account: account.clone(),
                epoch,
                confirmed_at: now,
                accepted_opposites,
                is_named,
                batch_size,
                reviewed_tags,
                reviewed_indicators,
            }),
            Err(errors) => Err(errors.first().map(ToString::to_string).unwrap_or_default()),
        }
    }
}

impl Approval {
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    #[must_use]
    pub fn confirmed_at(&self) -> Timestamp {
        self.confirmed_at
    }

    /// The first of the file's indicators that the review did not show. This order would overwrite one with the
    /// same reaction; one with another reaction, such as allowing the file, may take precedence over it.
    #[must_use]
    pub fn unseen_indicator<'a>(&self, read: &'a [Indicator]) -> Option<&'a Indicator> {
        // Removing an indicator leaves the others unchanged.
        self.order.task.reaction()?;
        let is_seen = |one: &Indicator| self.reviewed_indicators.contains(&one.id);
        let is_ours = |one: &Indicator| one.tag() == Some(self.order.entry);
        read.iter().find(|one| !is_seen(one) && !is_ours(one))
    }

    /// Whether the user confirmed the order knowing of this opposite action.
    #[must_use]
    pub fn accepts_opposite(&self, action: &MachineActionId) -> bool {
        self.accepted_opposites.contains(action)
    }
}

#[cfg(test)]
thread_local! {
    /// Drafts reviewed on this thread.
    pub static REVIEWS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests;
