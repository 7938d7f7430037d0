//! Changes: response actions on machines, and their cancellation.

use serde_json::{Map, Value, json};

use super::actions::{ACTIONS, ActionRow, COMMON_PROPERTIES};
use super::api::{check_guid, entity, no_action, no_machine, value};
use super::call::Call;
use super::faults::FaultKind;
use super::files::is_hash;
use super::fleet::Record;
use super::lifecycle::Action;
use super::reply::{Answer, Reply};
use super::tenant::{Inner, SimTenant, SubmitRequest};

/// Maximum length of a comment; the service's limit is not documented.
const MAX_COMMENT: usize = 4_000;

const SOURCES: [&str; 13] = [
    "Unspecified",
    "PublicApi",
    "Portal",
    "MCAS",
    "TVM",
    "CustomDetection",
    "BulkAction",
    "ISG",
    "NDR",
    "EndpointConfigManagement",
    "IncidentTasks",
    "MDI",
    "ActiveScan",
];

/// `POST /api/machines/{id}/{action}`.
pub(super) fn submit(
    tenant: &SimTenant,
    call: &Call,
    id: &str,
    row: &ActionRow,
    fault: Option<&FaultKind>,
) -> Answer {
    check_content_type(call)?;
    let mut request = request_of(&call.body, row)?;
    let index = tenant.fleet.find_id(id).ok_or_else(|| no_machine(id))?;
    let mut inner = tenant.lock();
    request.requestor = inner.identity.requestor(call);
    let record = tenant.record(index, &inner.changed);
    check_suitable(&record, row, request.scope.as_deref())?;
    let exists = || {
        refuse(
            "ActiveRequestAlreadyExists",
            "Action is already in progress",
        )
    };
    let machine_id = tenant.fleet.id(index).unwrap_or_default();
    let stored = match fault {
        Some(FaultKind::AlreadyPending) => {
            tenant.pending_or_colleagues(&mut inner, index, row, request)
        }
        Some(FaultKind::ActiveRequestExists) => {
            tenant.pending_or_colleagues(&mut inner, index, row, request);
            return exists();
        }
        Some(FaultKind::CarriedOver) => {
            tenant.begin(&mut inner, tenant.fleet.after(index), row, request)
        }
        _ if (inner.pending(machine_id, row.kind, request.sha1.as_deref())).is_some() => {
            return exists();
        }
        _ => tenant.begin(&mut inner, index, row, request),
    };
    tracing::debug!(kind = row.kind, "an action was stored");
    let action = answer(&mut inner, &stored, fault);
    Ok(entity(tenant, 201, "MachineActions/$entity", action))
}

/// The response for a stored action, possibly distorted by a fault.
fn answer(inner: &mut Inner, stored: &Action, fault: Option<&FaultKind>) -> Value {
    let mut answer = stored.json();
    match fault {
        Some(FaultKind::OtherId) => {
            let is_other = |a: &&Action| a.status.is_final() && a.machine_id != stored.machine_id;
            if let Some(other) = inner.actions.iter().find(is_other) {
                answer["id"] = json!(other.id);
            }
        }
        Some(FaultKind::OtherDevice) => {
            let is_other = |a: &&Action| a.machine_id != stored.machine_id;
            if let Some(other) = inner.actions.iter().find(is_other) {
                answer["machineId"] = json!(other.machine_id);
            }
        }
        Some(FaultKind::NoSuchId) => answer["id"] = json!("00000000-0000-4000-8000-000000000404"),
        Some(FaultKind::Forgotten) => inner.actions.retain(|action| action.id != stored.id),
        Some(FaultKind::Premature) => answer["status"] = json!("Succeeded"),
        _ => {}
    }
    answer
}

/// `GET /api/machines/{id}/availableMachineActions`.
pub(super) fn available(tenant: &SimTenant, id: &str) -> Answer {
    let index = tenant.fleet.find(id).ok_or_else(|| no_machine(id))?;
    let record = tenant.record(index, &tenant.lock().changed);
    let names = ACTIONS.iter().flat_map(|row| {
        row.availability
            .iter()
            .map(move |(name, scope)| (row, name, *scope))
    });
    let available: Vec<Value> = names
        .map(|(row, name, scope)| {
            let reason = unsuitable(&record, row, scope).map(|(code, _)| code);
            json!({ "action": name, "isAvailable": reason.is_none(), "notSupportedReason": reason })
        })
        .collect();
    let what = "Collection(microsoft.windowsDefenderATP.api.ActionAvailabilityStatus)";
    Ok(value(tenant, what, available))
}

/// `POST /api/machineactions/{id}/cancel`.
pub(super) fn cancel(tenant: &SimTenant, call: &Call, id: &str) -> Answer {
    check_content_type(call)?;
    check_guid(id)?;
    let comment = comment_of(&body_of(&call.body, &["Comment"])?)?;
    let now = tenant.clock.now();
    let mut inner = tenant.lock();
    let requestor = inner.identity.requestor(call);
    let action = inner
        .actions
        .iter_mut()
        .find(|action| action.id.eq_ignore_ascii_case(id))
        .ok_or_else(|| no_action(id))?;
    if action.status.is_final() {
        let status = action.status.into_str();
        let message = format!("Machine action can't be cancelled, its status is {status}");
        return refuse("BadRequest", &message);
    }
    action.cancel(&requestor, &comment, now);
    Ok(entity(tenant, 200, "MachineActions/$entity", action.json()))
}

/// Refuses a body that is not declared as JSON.
pub(super) fn check_content_type(call: &Call) -> Result<(), Reply> {
    let kind = call.content_type.as_deref().unwrap_or_default();
    if kind.starts_with("application/json") {
        return Ok(());
    }
    let message = "The Content-Type must be application/json";
    Err(Reply::error(415, "UnsupportedMediaType", message))
}

pub(super) fn refuse<T>(code: &str, message: &str) -> Result<T, Reply> {
    Err(Reply::error(400, code, message))
}

/// Parses the body as an object with only these properties. Names are case-sensitive.
pub(super) fn body_of(bytes: &[u8], known: &[&str]) -> Result<Map<String, Value>, Reply> {
    let Ok(Value::Object(body)) = serde_json::from_slice(bytes) else {
        return refuse("InvalidRequestBody", "Request body is incorrect");
    };
    // A known name in the wrong case counts as missing; any other is unexpected.
    let unknown = body
        .keys()
        .find(|name| !known.iter().any(|known| known.eq_ignore_ascii_case(name)));
    if let Some(unknown) = unknown {
        return refuse(
            "InvalidRequestBody",
            &format!("Request body is incorrect: unknown property '{unknown}'"),
        );
    }
    Ok(body)
}

pub(super) fn comment_of(body: &Map<String, Value>) -> Result<String, Reply> {
    match body.get("Comment") {
        None | Some(Value::Null) => refuse(
            "MissingRequiredParameter",
            "Missing required parameter: Comment",
        ),
        Some(value) => match value.as_str() {
            None => refuse(
                "InvalidRequestBody",
                "Request body is incorrect: Comment is not a string",
            ),
            Some(text) if text.trim().is_empty() => {
                refuse("InvalidInput", "Comment must not be empty")
            }
            Some(text) if text.chars().count() > MAX_COMMENT => {
                refuse("InvalidInput", "Comment is too long")
            }
            Some(text) => Ok(text.to_owned()),
        },
    }
}

/// Parses an action's body slightly more strictly than the service does.
fn request_of(bytes: &[u8], row: &ActionRow) -> Result<SubmitRequest, Reply> {
    let mut known = COMMON_PROPERTIES.to_vec();
    known.extend(row.parameter.map(|parameter| parameter.name));
    let body = body_of(bytes, &known)?;
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => refuse(
                "InvalidRequestBody",
                &format!("Request body is incorrect: {name} is not a string"),
            ),
        },
    };
    let mut request = SubmitRequest {
        // Set once the token has been checked.
        requestor: String::new(),
        source: text("RequestSource")?.unwrap_or_else(|| "PublicApi".to_owned()),
        comment: comment_of(&body)?,
        title: text("Title")?,
        external_id: text("ExternalId")?,
        scope: None,
        sha1: None,
    };
    if !SOURCES.contains(&request.source.as_str()) {
        return refuse("InvalidInput", "RequestSource has an unknown value");
    }
    let Some(parameter) = row.parameter else {
        return Ok(request);
    };
    let Some(value) = text(parameter.name)?.or_else(|| parameter.default.map(str::to_owned)) else {
        return refuse(
            "MissingRequiredParameter",
            &format!("Missing required parameter: {}", parameter.name),
        );
    };
    if parameter.values.is_empty() {
        if !is_hash(&value, &[40]) {
            return refuse("InvalidHashValue", &format!("{value} is not a valid SHA-1"));
        }
        request.sha1 = Some(value.to_ascii_lowercase());
    } else if !parameter.values.contains(&value.as_str()) {
        return refuse(
            "InvalidInput",
            &format!("{} has an invalid value: {value}", parameter.name),
        );
    } else if parameter.is_scope {
        request.scope = Some(value);
    }
    Ok(request)
}

/// Refuses an action that this machine does not support.
pub(super) fn check_suitable(
    record: &Record,
    row: &ActionRow,
    scope: Option<&str>,
) -> Result<(), Reply> {
    match unsuitable(record, row, scope) {
        Some((code, message)) => refuse(code, &message),
        None => Ok(()),
    }
}

/// Reason why this machine does not support an action: code and text of a 400.
fn unsuitable(
    record: &Record,
    row: &ActionRow,
    scope: Option<&str>,
) -> Option<(&'static str, String)> {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    if let Some(target) = text("mergedIntoMachineId") {
        return Some(("InvalidInput", format!("Machine was merged into {target}")));
    }
    // A machine without these properties is accepted.
    let onboarded = !matches!(
        text("onboardingStatus"),
        Some("CanBeOnboarded" | "Unsupported" | "InsufficientInfo")
    );
    if scope == Some("UnManagedDevice") {
        return onboarded.then(|| {
            (
                "InvalidInput",
                "UnManagedDevice is only valid for devices that are not onboarded".to_owned(),
            )
        });
    }
    // A release also ends the containment of a device without a sensor.
    if !onboarded && row.kind != "Unisolate" {
        return Some(("InvalidInput", "Machine is not onboarded".to_owned()));
    }
    if !onboarded {
        return None;
    }
    let platform = text("osPlatform").unwrap_or_default();
    let linux = ["Ubuntu", "Linux", "RedHat", "Debian", "SuSE", "CentOS"]
        .iter()
        .any(|name| platform.starts_with(name));
    if !row.systems.include(platform) || (scope == Some("Selective") && linux) {
        return Some((
            "OsPlatformNotSupported",
            format!("{} isn't supported on {platform}", row.kind),
        ));
    }
    let agent = text("agentVersion")
        .and_then(|version| version.strip_prefix("10."))
        .and_then(|rest| rest.split('.').next());
    if agent
        .and_then(|build| build.parse::<u32>().ok())
        .is_some_and(|build| build < 5_000)
    {
        return Some((
            "ClientVersionNotSupported",
            format!("{} requires a newer client version", row.kind),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::actions::by_route;
    use super::*;

    fn code_of(route: &str, body: &Value) -> String {
        let row = by_route(route).unwrap();
        match request_of(body.to_string().as_bytes(), row) {
            Ok(_) => "fine".to_owned(),
            Err(mut reply) => reply.value_mut().unwrap()["error"]["code"]
                .as_str()
                .unwrap()
                .to_owned(),
        }
    }

    #[test]
    fn action_bodies_are_parsed_strictly() {
        let sha1 = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";
        for (route, body, verdict) in [
            (
                "isolate",
                json!({ "Comment": "why", "IsolationType": "Full", "ExternalId": "x" }),
                "fine",
            ),
            (
                "isolate",
                json!({ "comment": "why", "IsolationType": "Full" }),
                "MissingRequiredParameter",
            ),
            (
                "isolate",
                json!({ "Comment": " \t", "IsolationType": "Full" }),
                "InvalidInput",
            ),
            (
                "isolate",
                json!({ "Comment": "why", "IsolationType": "full" }),
                "InvalidInput",
            ),
            (
                "isolate",
                json!({ "Comment": "why", "Force": true }),
                "InvalidRequestBody",
            ),
            ("isolate", json!(["Comment"]), "InvalidRequestBody"),
            ("isolate", json!({ "Comment": 7 }), "InvalidRequestBody"),
            (
                "unisolate",
                json!({ "Comment": "why", "IsolationType": "Full" }),
                "InvalidRequestBody",
            ),
            (
                "runAntiVirusScan",
                json!({ "Comment": "why" }),
                "MissingRequiredParameter",
            ),
            (
                "StopAndQuarantineFile",
                json!({ "Comment": "why", "Sha1": sha1 }),
                "fine",
            ),
            (
                "StopAndQuarantineFile",
                json!({ "Comment": "why", "sha1": sha1 }),
                "MissingRequiredParameter",
            ),
            (
                "StopAndQuarantineFile",
                json!({ "Comment": "why", "Sha1": "abc" }),
                "InvalidHashValue",
            ),
        ] {
            assert_eq!(code_of(route, &body), verdict, "{route} {body}");
        }
    }

    #[test]
    fn unsupported_machines_are_refused() {
        let verdict = |record: Value, route: &str, scope: Option<&str>| {
            let Value::Object(record) = record else {
                return None;
            };
            unsuitable(&record, by_route(route).unwrap(), scope).map(|(code, _)| code)
        };
        let linux = json!({ "osPlatform": "Ubuntu", "onboardingStatus": "Onboarded" });
        assert_eq!(
            verdict(linux.clone(), "restrictCodeExecution", None),
            Some("OsPlatformNotSupported")
        );
        assert_eq!(
            verdict(linux.clone(), "isolate", Some("Selective")),
            Some("OsPlatformNotSupported")
        );
        assert_eq!(verdict(linux, "isolate", Some("Full")), None);
        let printer = json!({ "onboardingStatus": "CanBeOnboarded" });
        assert_eq!(
            verdict(printer.clone(), "isolate", Some("Full")),
            Some("InvalidInput")
        );
        assert_eq!(
            verdict(printer.clone(), "isolate", Some("UnManagedDevice")),
            None
        );
        assert_eq!(verdict(printer, "unisolate", None), None);
        let old = json!({ "osPlatform": "Windows10", "agentVersion": "10.3720.14393.0" });
        assert_eq!(
            verdict(old, "isolate", Some("Full")),
            Some("ClientVersionNotSupported")
        );
        assert_eq!(
            verdict(
                json!({ "mergedIntoMachineId": "aa" }),
                "isolate",
                Some("Full")
            ),
            Some("InvalidInput")
        );
        assert_eq!(
            verdict(json!({ "id": "aa" }), "isolate", Some("Full")),
            None
        );
    }

    #[test]
    fn guids_are_distinguished_from_machine_ids() {
        assert!(check_guid("b89eb834-4578-496c-8be0-03f004061435").is_ok());
        assert!(check_guid("556b3952acb0bff29816d267822305781cc183ec").is_err());
    }
}
