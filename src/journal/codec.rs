//! How a record is written: a name and a flat JSON object. Readable by a person and by later
//! versions; nothing in it is secret.

use serde_json::{Map, Value as Json, json};

use super::JournalError;
use super::record::{Author, NotSentReason, Record};
use crate::action::{ActionKind, Order, Parameter, Task};
use crate::model::{
    EntryId, HResult, MachineActionId, MachineActionStatus, MachineActionType, MachineId,
    MachineRef,
};

/// Name and data of a record as stored.
pub(super) fn write(record: &Record) -> (&'static str, Json) {
    match record {
        Record::Intended { author, order } => ("Intended", intended(author, order)),
        Record::Held { by } => ("Held", json!({ "action": by.as_str() })),
        Record::NotReread { what } => ("NotReread", json!({ "what": what })),
        Record::Sent => ("Sent", json!({})),
        Record::AttemptRejected { why } => ("NotTaken", json!({ "why": why })),
        Record::NotSent { why, detail } => {
            ("NotSent", json!({ "why": key_of(*why), "detail": detail }))
        }
        Record::Accepted { action, status } => (
            "Accepted",
            json!({ "action": action.as_str(), "status": status.as_wire() }),
        ),
        Record::Redirected { machine } => ("Redirected", json!({ "machineId": machine.as_str() })),
        Record::NotOurs {
            action,
            requestor,
            created,
        } => (
            "SomeoneElses",
            json!({ "action": action.as_str(), "requestor": requestor, "created": created.map(|t| t.to_string()) }),
        ),
        Record::Refused {
            status,
            code,
            message,
        } => (
            "Refused",
            json!({ "status": status, "code": code, "message": message }),
        ),
        Record::Unknown { why } => ("Unknown", json!({ "why": why })),
        Record::Unclear {
            status,
            action,
            why,
        } => (
            "Unclear",
            json!({ "status": status, "action": action.as_ref().map(MachineActionId::as_str), "why": why }),
        ),
        Record::ActiveActionsRead { complete } => {
            ("ActiveActionsRead", json!({ "complete": complete }))
        }
        Record::NotFound => ("NotFound", json!({})),
        Record::Progress { status } => ("Progress", json!({ "status": status.as_wire() })),
        Record::Finished {
            action,
            status,
            hresult,
            by,
            comment,
            service_time,
        } => {
            let mut data = json!({ "action": action.as_str(), "status": status.as_wire(), "hresult": hresult.0, "by": by, "comment": comment });
            // Only where it is there: a console that does not know the key passes over it.
            if let Some(time) = service_time {
                data["serviceTime"] = time.to_string().into();
            }
            ("Finished", data)
        }
        Record::Acknowledged {
            status,
            object_id,
            account,
        } => (
            "Acknowledged",
            json!({ "standing": status, "objectId": object_id, "account": account }),
        ),
    }
}

/// What the record says that begins a layout's rule of hashing.
pub(super) fn layout(number: i64) -> Json {
    json!({ "layout": number })
}

/// What a reason is called on disk; never a word on screen, which may be improved at any time.
const fn key_of(why: NotSentReason) -> &'static str {
    match why {
        NotSentReason::Withdrawn => "Withdrawn",
        NotSentReason::ConsoleEnded => "ConsoleEnded",
        NotSentReason::ApprovalLapsed => "ApprovalLapsed",
        NotSentReason::SignInEnded => "SignInEnded",
        NotSentReason::NotReached => "NotReached",
        NotSentReason::FactsChanged => "FactsChanged",
        NotSentReason::Blocked => "Blocked",
        NotSentReason::Throttled => "Throttled",
        NotSentReason::Unwritten => "Unwritten",
    }
}

/// What the first release called it on disk: the words that it showed.
const fn first_release_key_of(why: NotSentReason) -> &'static str {
    match why {
        NotSentReason::Withdrawn => "withdrawn",
        NotSentReason::ConsoleEnded => "the console ended first",
        NotSentReason::ApprovalLapsed => "the approval lapsed",
        NotSentReason::SignInEnded => "the sign-in ended",
        NotSentReason::NotReached => "Defender could not be reached",
        NotSentReason::FactsChanged => "the device's record changed since the review",
        NotSentReason::Blocked => "a guardrail stands against it",
        NotSentReason::Throttled => "the service kept asking for pauses",
        NotSentReason::Unwritten => "it could not be put on disk",
    }
}

fn intended(author: &Author, order: &Order) -> Json {
    let (kind, parameters, cancels) = match &order.task {
        Task::Act { kind, .. } => {
            let parameters = order.task.properties().into_iter();
            let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
            (
                kind.spec().journal_key().to_owned(),
                Json::Object(parameters.collect()),
                Json::Null,
            )
        }
        Task::Cancel {
            action,
            action_type,
        } => (
            "Cancel".to_owned(),
            json!({}),
            json!({ "action": action.as_str(), "type": action_type.as_wire() }),
        ),
    };
    json!({
        "mode": author.mode,
        "tenant": author.tenant,
        "objectId": author.object_id,
        "account": author.account,
        "kind": kind,
        "parameters": parameters,
        "cancels": cancels,
        "machineId": order.machine.id.as_str(),
        "machineName": order.machine.dns_name,
        "comment": order.comment,
        "batch": order.batch.map(|batch| batch.to_string()),
    })
}

/// Reads a record back.
pub(super) fn read(entry: EntryId, name: &str, data: &str) -> Result<Record, JournalError> {
    let json: Json = serde_json::from_str(data).unwrap_or_default();
    read_json(entry, name, &json).ok_or_else(|| JournalError::NotReadable {
        entry,
        record: name.into(),
    })
}

fn read_json(entry: EntryId, name: &str, json: &Json) -> Option<Record> {
    let text = |key: &str| json[key].as_str().map(Box::<str>::from);
    let action = || MachineActionId::parse(json["action"].as_str()?).ok();
    let status = || Some(MachineActionStatus::from_wire(json["status"].as_str()?));
    Some(match name {
        "Intended" => Record::Intended {
            author: Author {
                mode: text("mode")?,
                tenant: text("tenant")?,
                object_id: text("objectId")?,
                account: text("account")?,
            },
            order: Order {
                entry,
                machine: MachineRef {
                    id: MachineId::parse(json["machineId"].as_str()?).ok()?,
                    dns_name: text("machineName"),
                },
                comment: text("comment")?,
                batch: json["batch"].as_str().and_then(EntryId::parse),
                task: task(json)?,
            },
        },
        "Held" => Record::Held { by: action()? },
        "NotReread" => Record::NotReread {
            what: text("what")?,
        },
        "Sent" => Record::Sent,
        "NotTaken" => Record::AttemptRejected { why: text("why")? },
        "NotSent" => {
            let why = text("why")?;
            Record::NotSent {
                why: NotSentReason::ALL
                    .into_iter()
                    .find(|r| key_of(*r) == &*why || first_release_key_of(*r) == &*why)?,
                detail: text("detail"),
            }
        }
        "Accepted" => Record::Accepted {
            action: action()?,
            status: status()?,
        },
        "Redirected" => Record::Redirected {
            machine: MachineId::parse(json["machineId"].as_str()?).ok()?,
        },
        "SomeoneElses" => Record::NotOurs {
            action: action()?,
            requestor: text("requestor")?,
            created: json["created"].as_str().and_then(|t| t.parse().ok()),
        },
        "Refused" => Record::Refused {
            status: u16::try_from(json["status"].as_u64()?).ok()?,
            code: text("code")?,
            message: text("message")?,
        },
        "Unknown" => Record::Unknown { why: text("why")? },
        "Unclear" => Record::Unclear {
            status: json["status"].as_u64().and_then(|s| u16::try_from(s).ok()),
            action: action(),
            why: text("why")?,
        },
        "ActiveActionsRead" => Record::ActiveActionsRead {
            complete: json["complete"].as_bool()?,
        },
        "NotFound" => Record::NotFound,
        "Progress" => Record::Progress { status: status()? },
        "Finished" => Record::Finished {
            action: action()?,
            status: status()?,
            hresult: HResult(i32::try_from(json["hresult"].as_i64()?).ok()?),
            by: text("by"),
            comment: text("comment"),
            service_time: json["serviceTime"].as_str().and_then(|t| t.parse().ok()),
        },
        "Acknowledged" => Record::Acknowledged {
            status: text("standing")?,
            object_id: text("objectId")?,
            account: text("account")?,
        },
        _ => return None,
    })
}

fn task(json: &Json) -> Option<Task> {
    let kind = json["kind"].as_str()?;
    if kind == "Cancel" {
        let cancels = &json["cancels"];
        return Some(Task::Cancel {
            action: MachineActionId::parse(cancels["action"].as_str()?).ok()?,
            action_type: MachineActionType::from_wire(cancels["type"].as_str()?),
        });
    }
    let given = json["parameters"].as_object()?;
    let kind = kind_of(kind, given)?;
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
