//! Machine tags: the response is the machine, and no action is recorded.

use serde_json::{Value, json};

use super::api::{entity, no_machine};
use super::call::Call;
use super::faults::FaultKind;
use super::fleet::Record;
use super::reply::Answer;
use super::submit::{body_of, check_content_type, refuse};
use super::tenant::{Inner, SimTenant};

/// `POST /api/machines/{id}/tags`.
pub(super) fn change(
    tenant: &SimTenant,
    call: &Call,
    id: &str,
    fault: Option<&FaultKind>,
) -> Answer {
    check_content_type(call)?;
    let body = body_of(&call.body, &["Value", "Action"])?;
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => refuse(
            "MissingRequiredParameter",
            &format!("Missing required parameter: {name}"),
        ),
        Some(value) => value.as_str().map_or_else(
            || {
                let message = format!("Request body is incorrect: {name} is not a string");
                refuse("InvalidRequestBody", &message)
            },
            Ok,
        ),
    };
    let (tag, action) = (text("Value")?, text("Action")?);
    if tag.trim().is_empty() {
        return refuse("InvalidInput", "Value must not be empty");
    }
    let index = tenant.fleet.find_id(id).ok_or_else(|| no_machine(id))?;
    let mut inner = tenant.lock();
    let before = inner.changed.get(&index).cloned().unwrap_or_default();
    let mut tags = tags_of(&tenant.record(index, &inner.changed));
    // Case-sensitive, as documented.
    let has_it = tags.iter().any(|known| known == tag);
    match action {
        "Add" if !has_it => tags.push(json!(tag)),
        "Add" => {}
        "Remove" => tags.retain(|known| known != tag),
        _ => {
            let message = format!("Action has an invalid value: {action}");
            return refuse("InvalidInput", &message);
        }
    }
    set_tags(&mut inner, index, tags);
    let record = tenant.record(index, &inner.changed);
    if fault == Some(&FaultKind::Forgotten) {
        inner.changed.insert(index, before);
    }
    Ok(entity(
        tenant,
        200,
        "Machines/$entity",
        Value::Object(record),
    ))
}

fn tags_of(record: &Record) -> Vec<Value> {
    let known = record.get("machineTags").and_then(Value::as_array);
    known.cloned().unwrap_or_default()
}

fn set_tags(inner: &mut Inner, index: usize, tags: Vec<Value>) {
    let changed = inner.changed.entry(index).or_default();
    changed.insert("machineTags".to_owned(), Value::Array(tags));
}

/// A machine's current tags.
pub(super) fn of(tenant: &SimTenant, id: &str) -> Vec<String> {
    let Some(index) = tenant.fleet.find_id(id) else {
        return Vec::new();
    };
    let inner = tenant.lock();
    let tags = tags_of(&tenant.record(index, &inner.changed)).into_iter();
    tags.filter_map(|tag| Some(tag.as_str()?.to_owned()))
        .collect()
}

/// Adds a tag to a machine without a request.
pub(super) fn add(tenant: &SimTenant, id: &str, tag: &str) {
    let Some(index) = tenant.fleet.find_id(id) else {
        return;
    };
    let mut inner = tenant.lock();
    let mut tags = tags_of(&tenant.record(index, &inner.changed));
    tags.push(json!(tag));
    set_tags(&mut inner, index, tags);
}
