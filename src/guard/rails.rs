//! The guardrails: one small function each, and the table of them.

use super::{
    Facts, Finding, OpenOrder, Severity, batch, blast_radius, file, protection, support, twins,
};
use crate::action::{ActionKind, Change, Condition, ConditionState, Task, infer};
use crate::explain::NextStep;
use crate::model::{
    EntryId, HealthStatus, MachineAction, MachineActionId, MachineRef, OnboardingStatus, age_text,
    clean,
};

/// A rule with what it protects.
pub struct Guardrail {
    pub name: &'static str,
    /// One line for help and README.
    pub protects: &'static str,
    pub check: fn(&Question<'_>, &Facts<'_>) -> Vec<Verdict>,
}

/// What is judged.
pub struct Question<'a> {
    /// The entry of the order itself, so that it does not stand in its own way.
    pub entry: Option<EntryId>,
    pub task: &'a Task,
    pub machine: &'a MachineRef,
}

/// A finding before it has its rail's name.
pub struct Verdict {
    severity: Severity,
    text: String,
    next: NextStep,
    opposite: Option<MachineActionId>,
}

impl Verdict {
    pub(super) fn warn(text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warn,
            text: text.into(),
            next: NextStep::None,
            opposite: None,
        }
    }

    pub(super) fn next(self, next: NextStep) -> Self {
        Self { next, ..self }
    }

    pub(super) fn name_wanted(text: impl Into<String>) -> Self {
        Self {
            severity: Severity::NameWanted,
            ..Self::warn(text)
        }
    }

    pub(super) fn block(text: impl Into<String>, next: NextStep) -> Self {
        Self {
            severity: Severity::Block,
            text: text.into(),
            next,
            opposite: None,
        }
    }

    pub(super) fn named(self, rail: &'static str) -> Finding {
        let Self {
            severity,
            text,
            next,
            opposite,
        } = self;
        Finding {
            rail,
            severity,
            text,
            next,
            opposite,
        }
    }
}

/// Every guardrail, in the order in which reasons are given.
pub const GUARDRAILS: &[Guardrail] = &[
    Guardrail {
        name: "read-only",
        protects: "a console that is for looking only",
        check: read_only,
    },
    Guardrail {
        name: "signed in",
        protects: "from ordering in nobody's name",
        check: signed_in,
    },
    Guardrail {
        name: "permission",
        protects: "from requests that must be refused",
        check: permission,
    },
    Guardrail {
        name: batch::SEVERAL_AT_ONCE,
        protects: "from a slip that reaches many devices",
        check: batch::check,
    },
    Guardrail {
        name: "merged record",
        protects: "from acting on a record that no longer stands for the device",
        check: merged,
    },
    Guardrail {
        name: "onboarding",
        protects: "from actions that cannot reach the device",
        check: onboarding,
    },
    Guardrail {
        name: "support",
        protects: "from actions that the documentation excludes or the service does not offer",
        check: support::check,
    },
    Guardrail {
        name: "same action",
        protects: "from asking twice for one thing",
        check: same_action,
    },
    Guardrail {
        name: "opposite action",
        protects: "from ending in the state nobody wanted",
        check: opposite_action,
    },
    Guardrail {
        name: "twins",
        protects: "the other record with the same name",
        check: twins::check,
    },
    Guardrail {
        name: "already so",
        protects: "from an isolation that comes into force after its release",
        check: already,
    },
    Guardrail {
        name: "silent device",
        protects: "from taking a waiting action for a done one",
        check: silent,
    },
    Guardrail {
        name: "protected device",
        protects: "what your organisation has listed: its name has to be typed",
        check: protection::protected,
    },
    Guardrail {
        name: "own device",
        protects: "the computer you work on",
        check: protection::own_device,
    },
    Guardrail {
        name: "shared address",
        protects: "from taking an address of a VPN or proxy for a device",
        check: protection::shared_range,
    },
    Guardrail {
        name: "blast radius",
        protects: "domain controllers, name servers, hosts of others",
        check: blast_radius::check,
    },
    Guardrail {
        name: "file",
        protects: "files that the system or many people need",
        check: file::check,
    },
    Guardrail {
        name: "recent action",
        protects: "a colleague's work of the last hour",
        check: recent_action,
    },
];

fn read_only(_: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let next = NextStep::Outside("Start cordon without --read-only to act".into());
    facts
        .policy
        .read_only
        .then(|| Verdict::block("This console was started read-only", next))
        .into_iter()
        .collect()
}

fn signed_in(_: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    (!facts.session.is_signed_in())
        .then(|| Verdict::block("You are not signed in", NextStep::SignIn))
        .into_iter()
        .collect()
}

fn permission(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let crate::model::SessionStatus::SignedIn { permissions, .. } = facts.session else {
        return Vec::new();
    };
    let wanted = question.task.permissions();
    match (permissions.holds(wanted), wanted) {
        (Some(false), [one]) => vec![Verdict::block(
            format!("Your sign-in lacks the permission {one}"),
            NextStep::AskForPermission(one.clone()),
        )],
        (Some(false), several) => vec![Verdict::block(
            format!(
                "Your sign-in lacks every permission that would do: {}",
                several
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            several
                .first()
                .map_or(NextStep::None, |p| NextStep::AskForPermission(p.clone())),
        )],
        (Some(true) | None, _) => Vec::new(),
    }
}

fn merged(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    // Cancelling concerns the action, whatever became of the record.
    let target = facts
        .machine
        .and_then(|m| m.merged_into.as_ref())
        .filter(|_| is_act(question));
    target
        .map(|id| {
            Verdict::block(
                format!(
                    "This record was merged into another (…{}); act on that one",
                    id.tail()
                ),
                NextStep::Outside(format!("Search for {id}").into()),
            )
        })
        .into_iter()
        .collect()
}

fn onboarding(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(machine) = facts.machine.filter(|_| is_act(question)) else {
        return Vec::new();
    };
    let contains = question.task.contains();
    // Of a button nobody has said yet what kind of isolation it will be.
    let fits = match question.task {
        Task::Act { kind, values } => match kind {
            ActionKind::Isolate => contains || values.is_empty(),
            ActionKind::Unisolate => true,
            ActionKind::RestrictCodeExecution
            | ActionKind::UnrestrictCodeExecution
            | ActionKind::StopAndQuarantineFile => false,
        },
        Task::Cancel { .. } => true,
    };
    match &machine.onboarding_status {
        Some(OnboardingStatus::CanBeOnboarded | OnboardingStatus::Unsupported) => {
            let next = NextStep::Outside("Isolate it with the isolation type Contain".into());
            let text = "Defender does not manage this device: it is not onboarded, and can only be contained";
            let block = (!fits).then(|| Verdict::block(text, next));
            block.into_iter().collect()
        }
        Some(OnboardingStatus::Onboarded) if contains => {
            let next = NextStep::Outside("Choose Full or Selective".into());
            let text =
                "Containing is for devices that Defender does not manage: this one is onboarded";
            vec![Verdict::block(text, next)]
        }
        Some(OnboardingStatus::InsufficientInfo | OnboardingStatus::Other(_)) => {
            vec![Verdict::warn(
                "Not checked: whether Defender manages this device is not known",
            )]
        }
        None if contains => vec![Verdict::warn(
            "Not checked: whether Defender manages this device is not told",
        )],
        Some(OnboardingStatus::Onboarded) | None => Vec::new(),
    }
}

fn same_action(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let ours = facts.open_orders.iter().find(|open| {
        Some(open.order.entry) != question.entry
            && open.order.machine.id == question.machine.id
            && same_task(&open.order.task, question.task)
            && !has_ended(open, facts.history)
    });
    if let Some(OpenOrder {
        order,
        standing,
        outcome_unknown,
        action: _,
    }) = ours
    {
        let text = if *outcome_unknown {
            format!(
                "The outcome of {} is unknown; repeating could do it twice",
                order.entry
            )
        } else {
            format!("Already ordered here: {standing} ({})", order.entry)
        };
        return vec![Verdict::block(text, NextStep::ShowEntry(order.entry))];
    }
    let Task::Act { kind, .. } = question.task else {
        return Vec::new();
    };
    let Some(history) = facts.history else {
        return vec![Verdict::warn(
            "Not checked: this device's recent actions could not be read",
        )];
    };
    open_actions(history)
        .find(|action| action.kind == kind.spec().wire_type)
        .map(|action| {
            Verdict::block(
                format!(
                    "{} is already under way, {}",
                    action.kind,
                    requested_by(action)
                ),
                NextStep::ShowAction(action.id.clone()),
            )
        })
        .into_iter()
        .collect()
}

fn opposite_action(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let opposite = question.task.kind().and_then(ActionKind::opposite);
    let (Some(opposite), Some(history)) = (opposite, facts.history) else {
        return Vec::new();
    };
    open_actions(history)
        .filter(|action| action.kind == opposite.spec().wire_type)
        .map(|action| Verdict {
            opposite: Some(action.id.clone()),
            ..Verdict::warn(format!(
                "The opposite is under way: {}, {}. Whichever ends last decides; most likely the device ends “{}”",
                action.kind,
                requested_by(action),
                question.task.done(),
            ))
        })
        .collect()
}

fn already(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(history) = facts.history else {
        return Vec::new();
    };
    let is_contained = || match infer(Condition::Contained, history) {
        ConditionState::Yes(_) | ConditionState::Changing { .. } => true,
        ConditionState::No(_) => infer(Condition::Isolated, history) == ConditionState::Unknown,
        ConditionState::Unknown => false,
    };
    let change = match question.task.change() {
        // A release is of whatever it lifts.
        Change::Clears(Condition::Isolated) if is_contained() => {
            Change::Clears(Condition::Contained)
        }
        change @ (Change::Sets(_) | Change::Clears(_) | Change::Nothing) => change,
    };
    match change {
        Change::Nothing => Vec::new(),
        Change::Sets(condition) => match infer(condition, history) {
            ConditionState::Yes(evidence) => vec![Verdict::warn(format!(
                "As far as history shows, this device is already {}{}",
                condition.word().to_lowercase(),
                by(evidence.by.as_deref())
            ))],
            ConditionState::No(_) | ConditionState::Changing { .. } | ConditionState::Unknown => {
                Vec::new()
            }
        },
        Change::Clears(condition) => match infer(condition, history) {
            ConditionState::No(_) => vec![Verdict::warn(format!(
                "As far as history shows, this device is not {}",
                condition.word().to_lowercase()
            ))],
            ConditionState::Unknown => vec![Verdict::warn(format!(
                "History holds nothing that says this device is {}",
                condition.word().to_lowercase()
            ))],
            ConditionState::Yes(_) | ConditionState::Changing { .. } => Vec::new(),
        },
    }
}

fn silent(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    // What has no sensor carries nothing out itself.
    let is_asked = is_act(question) && !question.task.contains();
    let Some(machine) = facts.machine.filter(|_| is_asked) else {
        return Vec::new();
    };
    let waits = "the action may wait up to three days for it";
    let mut verdicts = Vec::new();
    if machine.health_status != HealthStatus::Active {
        verdicts.push(Verdict::warn(format!(
            "Health is {}: {waits}",
            machine.health_status
        )));
    }
    match machine.last_seen.map(|seen| facts.now.duration_since(seen)) {
        None => verdicts.push(Verdict::warn(format!(
            "Not checked: when the device last reported is not known; {waits}"
        ))),
        Some(age) if age > facts.policy.silent_after => verdicts.push(Verdict::warn(format!(
            "The last full report was sent {}: {waits}",
            age_text(age.as_secs())
        ))),
        Some(_) => {}
    }
    verdicts
}

fn recent_action(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(history) = facts.history.filter(|_| is_act(question)) else {
        return Vec::new();
    };
    let hour_ago = facts.now - jiff::SignedDuration::from_hours(1);
    history
        .iter()
        .filter(|action| action.status.is_final() && action.created.is_some_and(|at| at > hour_ago))
        .max_by_key(|action| action.created)
        .map(|action| {
            Verdict::warn(format!(
                "In the last hour: {} ({}), {}",
                action.kind,
                action.status,
                requested_by(action)
            ))
        })
        .into_iter()
        .collect()
}

/// Whether history shows the end of an open order, which another account's entry never learns.
fn has_ended(open: &OpenOrder, history: Option<&[MachineAction]>) -> bool {
    open.action.as_ref().is_some_and(|id| {
        let mut known = history.unwrap_or_default().iter();
        known.any(|action| action.id == *id && action.status.is_final())
    })
}

pub(super) fn is_act(question: &Question<'_>) -> bool {
    matches!(question.task, Task::Act { .. })
}

fn same_task(a: &Task, b: &Task) -> bool {
    match (a, b) {
        (Task::Act { kind: a, .. }, Task::Act { kind: b, .. }) => a == b,
        (Task::Cancel { action: a, .. }, Task::Cancel { action: b, .. }) => a == b,
        (Task::Act { .. }, Task::Cancel { .. }) | (Task::Cancel { .. }, Task::Act { .. }) => false,
    }
}

fn open_actions(history: &[MachineAction]) -> impl Iterator<Item = &MachineAction> {
    history.iter().filter(|action| !action.status.is_final())
}

fn requested_by(action: &MachineAction) -> String {
    match action
        .requestor
        .as_deref()
        .map(str::trim)
        .filter(|r| !r.is_empty())
    {
        Some(requestor) => format!("requested by {}", clean(requestor, 80)),
        None => "requested by someone the service does not name".into(),
    }
}

fn by(requestor: Option<&str>) -> String {
    requestor
        .map(|r| format!(", by {}", clean(r, 80)))
        .unwrap_or_default()
}
