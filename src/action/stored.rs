//! A task as stored in the journal: a kind with parameters, or a cancellation.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::catalogue::ActionKind;
use super::order::Task;
use super::parameter::Parameter;
use crate::model::{MachineActionId, MachineActionType};

#[derive(Serialize, Deserialize)]
struct StoredTask {
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

impl Serialize for Task {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let parameters = self.properties().into_iter();
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
        let (kind, cancels) = match self {
            Self::Act { kind, .. } => (kind.spec().journal_key(), None),
            Self::Cancel {
                action,
                action_type,
            } => {
                let (action, action_type) = (action.clone(), action_type.clone());
                let cancelled = Cancelled {
                    action,
                    action_type,
                };
                (CANCEL, Some(cancelled))
            }
        };
        let stored = StoredTask {
            kind: kind.into(),
            parameters: parameters.collect(),
            cancels,
        };
        stored.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let stored = StoredTask::deserialize(from)?;
        task(stored).ok_or_else(|| D::Error::custom("an action or value that is not known"))
    }
}

fn task(stored: StoredTask) -> Option<Task> {
    if *stored.kind == *CANCEL {
        return stored.cancels.map(|cancelled| Task::Cancel {
            action: cancelled.action,
            action_type: cancelled.action_type,
        });
    }
    let given = stored.parameters;
    let kind = kind_of(&stored.kind, &given)?;
    let spec = kind.spec();
    let is_fixed = |name: &str| spec.fixed.iter().any(|(fixed, _)| *fixed == name);
    let given = given.iter().filter(|(name, _)| !is_fixed(name));
    let mut values = Vec::new();
    for (name, value) in given {
        let mut parameters = spec.parameters.iter();
        let parameter = parameters.find(|parameter| parameter.wire_name == name)?;
        values.push((parameter, parameter.read(value)?));
    }
    let at = |known: &Parameter| spec.parameters.iter().position(|p| p == known);
    values.sort_by_key(|(parameter, _)| at(parameter));
    let values = values.into_iter().collect();
    Some(Task::Act { kind, values })
}

/// The kind with this journal key; of several, the one whose fixed properties are present. The
/// first releases wrote an isolation of unmanaged devices, which is a containment.
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
