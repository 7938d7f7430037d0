//! One action on one machine, typed and complete.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::catalogue::{ActionKind, CANCEL_PERMISSIONS};
use super::choice::ChoiceWords;
use super::condition::Condition;
use super::hash::Sha1;
use super::inputs::{SELECTIVE, TAG};
use super::parameter::{Value, Values};
use super::plan_step::PlanStep;
use super::spec::{ActionSpec, Change, Recorded, Risk};
use crate::model::loose::or_none;
use crate::model::{
    EntryId, Machine, MachineAction, MachineActionId, MachineActionStatus, MachineActionType,
    MachineRef, Permission,
};

/// The service documents no limit for comments; this one keeps the whole request small.
pub const MAX_COMMENT_CHARS: usize = 1_000;

/// One request to the service. Its entry id is the tag that matches the service's record with ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Skipped: each record of the journal has it in a column.
    #[serde(skip_serializing)]
    pub entry: EntryId,
    #[serde(flatten)]
    pub machine: MachineRef,
    /// The user's comment: not blank, trimmed.
    pub comment: Box<str>,
    /// First entry of the batch, if several orders were confirmed together.
    #[serde(default, deserialize_with = "or_none")]
    pub batch: Option<EntryId>,
    /// The plan step that this order carries out, if any.
    #[serde(
        default,
        deserialize_with = "or_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub plan: Option<PlanStep>,
    #[serde(flatten)]
    pub task: Task,
}

/// The request of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    Act {
        kind: ActionKind,
        values: Values,
    },
    /// Stops an action in flight. Makes no new action; its tag comes back in the cancelled one.
    Cancel {
        action: MachineActionId,
        action_type: MachineActionType,
    },
}

impl Task {
    /// The kind of action, if this is one.
    #[must_use]
    pub const fn kind(&self) -> Option<ActionKind> {
        match self {
            Self::Act { kind, .. } => Some(*kind),
            Self::Cancel { .. } => None,
        }
    }

    /// Whether it cancels this action.
    #[must_use]
    pub fn cancels(&self, cancelled: &MachineActionId) -> bool {
        matches!(self, Self::Cancel { action, .. } if action == cancelled)
    }

    /// Whether a success of this task also achieves what `other` was to achieve.
    #[must_use]
    pub fn makes_up_for(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Act { kind: one, .. }, Self::Act { kind: two, .. }) => {
                let is_alike = match (self.change(), other.change()) {
                    (Change::Clears(one), Change::Clears(two)) => one.ends_with(two),
                    (Change::Sets(_) | Change::Clears(_) | Change::Nothing, _) => one == two,
                };
                is_alike && self.file_hash() == other.file_hash()
            }
            (Self::Cancel { .. }, Self::Cancel { action, .. }) => self.cancels(action),
            (Self::Act { .. }, Self::Cancel { .. }) | (Self::Cancel { .. }, Self::Act { .. }) => {
                false
            }
        }
    }

    /// The permissions, any one of which suffices.
    #[must_use]
    pub fn permissions(&self) -> &'static [Permission] {
        match self {
            Self::Act { kind, .. } => std::slice::from_ref(&kind.spec().permission),
            Self::Cancel { .. } => CANCEL_PERMISSIONS,
        }
    }

    /// The Defender portal roles, any one of which suffices.
    #[must_use]
    pub fn roles(&self) -> &'static [&'static str] {
        let row = self.spec().unwrap_or(&ActionSpec::ON_MANAGED_DEVICE);
        row.roles
    }

    #[must_use]
    pub fn risk(&self) -> Risk {
        self.spec().map_or(Risk::Routine, |spec| spec.risk)
    }

    /// The catalogue's row, if this is an action.
    fn spec(&self) -> Option<&'static ActionSpec> {
        self.kind().map(ActionKind::spec)
    }

    /// The kind of record that the service makes and the console follows.
    #[must_use]
    pub fn record(&self) -> Recorded {
        self.spec()
            .map_or(Recorded::MachineAction, |spec| spec.record)
    }

    /// Whether it contains a device without a sensor.
    #[must_use]
    pub fn contains(&self) -> bool {
        self.change() == Change::Sets(Condition::Contained)
    }

    /// Whether it reverses an earlier action on the device.
    #[must_use]
    pub fn is_release(&self) -> bool {
        self.risk() == Risk::Routine
    }

    /// Whether it leaves some applications connected.
    #[must_use]
    pub fn is_selective(&self) -> bool {
        matches!(self, Self::Act { values, .. } if values.has(&SELECTIVE))
    }

    /// The file to act on.
    #[must_use]
    pub fn file(&self) -> Option<&Sha1> {
        self.values()?.iter().find_map(|(_, value)| {
            if let Value::Hash(sha1) = value {
                Some(sha1)
            } else {
                None
            }
        })
    }

    /// The tag that it adds or removes.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        if let Some(Value::Text(tag)) = self.values()?.get(&TAG) {
            Some(tag)
        } else {
            None
        }
    }

    /// Noun for what it removes, where the removal leaves no record: if a look-up still finds it,
    /// it has not been removed.
    #[must_use]
    pub fn removes(&self) -> Option<&'static str> {
        self.spec()?.removes
    }

    /// Names and values of the request's properties besides comment and tag, in order.
    #[must_use]
    pub fn properties(&self) -> Vec<(&'static str, Json)> {
        let Self::Act { kind, values } = self else {
            return Vec::new();
        };
        let fixed = kind.spec().fixed.iter();
        let fixed = fixed.map(|(name, value)| (*name, Json::from(*value)));
        let given = values.iter();
        let given = given.map(|(parameter, value)| (parameter.wire_name, value.to_json()));
        fixed.chain(given).collect()
    }

    /// Whether it acts on every device of the tenant at once.
    #[must_use]
    pub fn is_tenant_wide(&self) -> bool {
        self.kind().is_some_and(ActionKind::is_tenant_wide)
    }

    /// Whether it cuts a device off its network.
    #[must_use]
    pub fn cuts_off(&self) -> bool {
        matches!(
            self.change(),
            Change::Sets(Condition::Isolated | Condition::Contained)
        )
    }

    /// Effect of a success on the machine's condition.
    #[must_use]
    pub fn change(&self) -> Change {
        self.spec().map_or(Change::Nothing, |spec| spec.change)
    }

    /// Noun for the outcome of an order that cuts a device off or releases it ("Isolation",
    /// "Release"); `None` for all others.
    #[must_use]
    pub fn cut_off_noun(&self) -> Option<&'static str> {
        match self.change() {
            Change::Sets(Condition::Restricted)
            | Change::Clears(Condition::Restricted)
            | Change::Nothing => None,
            Change::Sets(condition) => Some(condition.noun()),
            Change::Clears(Condition::Isolated | Condition::Contained) => Some("Release"),
        }
    }

    /// The chosen value's wording, where it overrides the action's.
    fn worded(
        &self,
        of_choice: fn(&ChoiceWords) -> Option<&'static str>,
        own: &'static str,
    ) -> &'static str {
        let mut values = self.values().into_iter().flat_map(Values::iter);
        let chosen = values.find_map(|(_, value)| {
            if let Value::Choice(choice) = value {
                of_choice(&choice.words)
            } else {
                None
            }
        });
        chosen.unwrap_or(own)
    }

    /// The heading of form, row and export.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Act { kind, .. } => self
                .worded(|words| words.title, kind.spec().title)
                .to_owned(),
            Self::Cancel { action_type, .. } => match ActionKind::from_type(action_type) {
                Some(kind) => format!("Cancel “{}”", kind.spec().title),
                None => format!("Cancel {action_type}"),
            },
        }
    }

    /// Infinitive for "You are not allowed to …", followed by the device's name.
    #[must_use]
    pub fn infinitive(&self) -> &'static str {
        self.spec()
            .map_or("cancel an action on", |spec| spec.infinitive)
    }

    /// Noun for counts; the plural takes an `s`.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        self.spec().map_or("cancellation", |spec| spec.noun)
    }

    /// Short noun for the outcome: "investigation", "package".
    #[must_use]
    pub fn brief_noun(&self) -> &'static str {
        self.spec().map_or(self.noun(), ActionSpec::brief_noun)
    }

    /// The word for success.
    #[must_use]
    pub fn done(&self) -> &'static str {
        let own = self.spec().map_or("Action cancelled", |spec| spec.done);
        self.worded(|words| words.done, own)
    }

    /// One sentence about the consequence.
    #[must_use]
    pub fn consequence(&self) -> &'static str {
        let own = self.spec().map_or(
            "Takes the action back, if the device has not carried it out yet",
            |spec| spec.consequence,
        );
        self.worded(|words| words.consequence, own)
    }

    /// Next step after a failure.
    #[must_use]
    pub fn if_failed(&self) -> &'static str {
        self.spec().map_or(
            "Next: check that the device is connected, then send it again",
            |spec| spec.if_failed,
        )
    }

    /// Label of the confirm button, with the target: `Isolate “FIN-LT-042” (…9c07)`.
    #[must_use]
    pub fn confirm_label(&self, machine: &MachineRef) -> String {
        format!("{} {}", self.verb(), machine.quoted())
    }

    /// Verb before the device's name on the confirm button.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        let own = self.spec().map_or("Cancel the action on", |spec| spec.verb);
        self.worded(|words| words.verb, own)
    }

    /// Label of the safe button.
    #[must_use]
    pub fn keep_label(&self) -> &'static str {
        self.spec().map_or("Don't cancel", |spec| spec.keep)
    }
}

/// Effect of an order without a record at the service, as a complete reading shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderEffect {
    /// The ordered effect is in place; its `state` names any deviation from the order.
    Shown(Box<MachineAction>),
    NotShown,
    /// The reading has this order's tag but differs from the order; holds Defender's version.
    Contradicts(String),
}

impl Order {
    /// The comment exactly as sent: the tag, then the user's text.
    #[must_use]
    pub fn comment_to_send(&self) -> String {
        format!("[{}] {}", self.entry, self.comment)
    }

    /// Effect of an order that leaves no record but the machine: whether the tag is present or
    /// gone. `None` for any other order, and when the machine does not report its tags.
    #[must_use]
    pub fn effect_on(&self, machine: &Machine) -> Option<MachineAction> {
        let kind = self.task.kind()?;
        let (tag, wire_type) = (self.task.tag()?, &kind.spec().wire_type);
        // Tags are case-sensitive.
        let tags = machine.machine_tags.as_deref();
        let has_it = tags.map(|tags| tags.iter().any(|known| **known == *tag));
        let status = if has_it == Some(kind.spec().removes.is_none()) {
            MachineActionStatus::Succeeded
        } else {
            MachineActionStatus::InProgress
        };
        let own_tag = self.entry.to_string();
        let id = MachineActionId::parse(&own_tag).ok()?;
        let mut read = MachineAction::bare(id, wire_type.clone(), status);
        read.scope = Some(tag.into());
        read.machine_id = Some(machine.id.clone());
        read.external_id = Some(own_tag.into());
        Some(read)
    }

    /// Name and value of each property of the request body, in order.
    #[must_use]
    pub fn body(&self) -> Vec<(&'static str, Json)> {
        let record = self.task.record();
        if record == Recorded::Indicator {
            return self.indicator_body();
        }
        let comment = record.takes_comment();
        let comment = comment.then(|| ("Comment", self.comment_to_send().into()));
        let mut body: Vec<_> = comment.into_iter().collect();
        body.extend(self.task.properties());
        let keeps_tag = match record {
            Recorded::MachineAction => matches!(self.task, Task::Act { .. }),
            Recorded::Investigation | Recorded::Machine | Recorded::Indicator => false,
        };
        if keeps_tag {
            body.push(("ExternalId", self.entry.to_string().into()));
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineId;

    fn order(kind: ActionKind) -> Order {
        let machine = MachineRef {
            id: MachineId::parse("a19c07").expect("a literal id"),
            dns_name: Some("FIN-LT-042".into()),
        };
        Order {
            entry: EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
            machine,
            comment: "why".into(),
            batch: None,
            plan: None,
            task: Task::Act {
                kind,
                values: Values::default(),
            },
        }
    }

    #[test]
    fn containing_is_isolation_with_different_wording() {
        let contain = order(ActionKind::Contain);
        let isolate = order(ActionKind::Isolate);
        assert_eq!(
            contain.task.confirm_label(&contain.machine),
            "Contain “FIN-LT-042” (…9c07)"
        );
        assert_eq!(
            isolate.task.confirm_label(&isolate.machine),
            "Isolate “FIN-LT-042” (…9c07)"
        );
        assert_eq!(
            contain.body(),
            [
                ("Comment", "[cdn-7F3K2Q9M] why".into()),
                ("IsolationType", "UnManagedDevice".into()),
                ("ExternalId", "cdn-7F3K2Q9M".into()),
            ]
        );
        let release = |kind| order(kind).body();
        assert_eq!(
            release(ActionKind::ReleaseContainment),
            release(ActionKind::Unisolate)
        );
    }
    #[test]
    fn an_audit_is_worded_as_audit_in_every_text() {
        use crate::action::{AUDIT, REACTION};
        use crate::journal::OrderStatus;

        let words = |values: Values| {
            let mut order = order(ActionKind::BlockFile);
            order.machine = MachineRef::every_device();
            order.task = Task::Act {
                kind: ActionKind::BlockFile,
                values,
            };
            let action = MachineActionId::parse("995").expect("a literal id");
            let done = OrderStatus::Done { action }.word(&order.task);
            let label = order.task.confirm_label(&order.machine);
            [order.task.title(), label, done]
        };
        assert_eq!(
            words([(&REACTION, Value::Choice(&AUDIT))].into()),
            [
                "Audit file everywhere",
                "Audit file on every device of the tenant",
                "Audited everywhere"
            ]
        );
        assert_eq!(
            words(Values::default()),
            [
                "Block file everywhere",
                "Block file on every device of the tenant",
                "Blocked everywhere"
            ]
        );
    }
}
