//! A task as the journal has it: a kind with its parameters, or what it cancels.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::catalogue::ActionKind;
use super::order::Task;
use super::parameter::Parameter;
use crate::model::{MachineActionId, MachineActionType};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredTask {
    kind: Box<str>,
    parameters: Map<String, Json>,
    cancels: Option<Cancelled>,
}

#[derive(Serialize, Deserialize)]
struct Cancelled {
    action: MachineActionId,
    #[serde(rename = "type")]
    action_type: MachineActionType,
}

const CANCEL: &str = "Cancel";

impl From<Task> for StoredTask {
    fn from(task: Task) -> Self {
        let parameters = task.properties().into_iter();
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
        let parameters = parameters.collect();
        let (kind, cancels) = match task {
            Task::Act { kind, .. } => (kind.spec().journal_key(), None),
            Task::Cancel {
                action,
                action_type,
            } => (
                CANCEL,
                Some(Cancelled {
                    action,
                    action_type,
                }),
            ),
        };
        Self {
            kind: kind.into(),
            parameters,
            cancels,
        }
    }
}

impl TryFrom<StoredTask> for Task {
    type Error = &'static str;

    fn try_from(stored: StoredTask) -> Result<Self, Self::Error> {
        if *stored.kind == *CANCEL {
            let cancelled = stored.cancels.ok_or("nothing is cancelled")?;
            return Ok(Self::Cancel {
                action: cancelled.action,
                action_type: cancelled.action_type,
            });
        }
        let given = stored.parameters;
        let kind = kind_of(&stored.kind, &given).ok_or("an unknown kind of action")?;
        let spec = kind.spec();
        let is_fixed = |name: &str| spec.fixed.iter().any(|(fixed, _)| *fixed == name);
        let given = given.iter().filter(|(name, _)| !is_fixed(name));
        let mut values = Vec::new();
        for (name, value) in given {
            let mut parameters = spec.parameters.iter();
            let parameter = parameters.find(|parameter| parameter.wire_name == name);
            let parameter = parameter.ok_or("an unknown parameter")?;
            let value = parameter.read(value).ok_or("an unknown value")?;
            values.push((parameter, value));
        }
        let at = |known: &Parameter| spec.parameters.iter().position(|p| p == known);
        values.sort_by_key(|(parameter, _)| at(parameter));
        let values = values.into_iter().collect();
        Ok(Self::Act { kind, values })
    }
}

/// The kind that the journal calls so: of several the one whose fixed properties are there. An
/// isolation of unmanaged devices, which is what the first releases wrote, is a containment.
fn kind_of(key: &str, given: &Map<String, Json>) -> Option<ActionKind> {
    let named = |kind: &ActionKind| kind.spec().journal_key() == key;
    let is_there = |kind: &ActionKind| {
        let mut fixed = kind.spec().fixed.iter();
        fixed.all(|(name, value)| given.get(*name).and_then(Json::as_str) == Some(*value))
    };
    let kinds = || ActionKind::ALL.iter().copied().filter(named);
    let with_fixed = kinds().filter(|kind| !kind.spec().fixed.is_empty());
    with_fixed
        .filter(is_there)
        .chain(kinds().filter(is_there))
        .next()
}
