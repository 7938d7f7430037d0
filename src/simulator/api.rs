//! Reads: machines, machine actions, users, alerts, files.

use std::cmp::{Ordering, Reverse};

use serde_json::{Value, json};

use super::call::Call;
use super::fleet::MACHINE_PROPERTIES;
use super::odata::{self, PAGE, Query};
use super::reply::{Answer, Reply};
use super::tenant::SimTenant;
use super::{files, story};

const ACTION_PROPERTIES: [&str; 9] = [
    "id",
    "status",
    "machineId",
    "type",
    "requestor",
    "creationDateTimeUtc",
    "lastUpdateDateTimeUtc",
    "externalId",
    "requestorComment",
];

const ALERT_PROPERTIES: [&str; 7] = [
    "alertCreationTime",
    "lastUpdateTime",
    "incidentId",
    "id",
    "status",
    "severity",
    "category",
];

pub(super) fn context(tenant: &SimTenant, what: &str) -> String {
    format!("{}/api/$metadata#{what}", tenant.address)
}

/// A single entity, with its `@odata.context` first, like the service.
pub(super) fn entity(tenant: &SimTenant, status: u16, what: &str, value: Value) -> Reply {
    let mut whole = json!({ "@odata.context": context(tenant, what) });
    if let (Value::Object(whole), Value::Object(value)) = (&mut whole, value) {
        whole.extend(value);
    }
    Reply::json(status, whole)
}

/// A value, or an unpaged list, with its context.
pub(super) fn value(tenant: &SimTenant, what: &str, value: impl Into<Value>) -> Reply {
    let (context, value) = (context(tenant, what), value.into());
    let whole = json!({ "@odata.context": context, "value": value });
    Reply::json(200, whole)
}

pub(super) fn no_machine(id: &str) -> Reply {
    Reply::not_found(&format!("Machine {id}"))
}

/// Parses the query of a list with these filterable and sortable properties.
pub(super) fn query_of(call: &Call, properties: &[&str]) -> Result<Query, Reply> {
    odata::read(&call.query, properties)
        .map_err(|message| Reply::error(400, "ODataError", &message))
}

/// Turns `…` into `…/$count`: a bare number.
pub(super) fn count(list: Answer) -> Answer {
    let mut list = list?;
    let counted = list
        .value_mut()
        .and_then(|value| value.get("value"))
        .and_then(Value::as_array)
        .map(Vec::len);
    Ok(counted.map_or(list, |counted| Reply::text(200, counted.to_string())))
}

/// `GET /api/machines`.
pub(super) fn machines(tenant: &SimTenant, call: &Call) -> Answer {
    let query = query_of(call, &MACHINE_PROPERTIES)?;
    let fleet = &tenant.fleet;
    // Copies the few changes, so that a long list does not hold the lock.
    let changed = tenant.lock().changed.clone();
    // Full records are built only for other properties; ids and names are cheaper.
    let look = |index: usize, name: &str| match name {
        "id" => fleet.id(index).map(Value::from),
        "computerDnsName" => fleet.name(index).map(Value::from),
        other => tenant.record(index, &changed).remove(other),
    };
    let mut hits: Vec<usize> = (0..fleet.len()).collect();
    if let Some(filter) = &query.filter {
        hits.retain(|index| filter.passes(&|name| look(*index, name)));
    }
    sort(&mut hits, &query, &|index, name| look(*index, name));
    let page = page_of(&hits, &query);
    let value: Vec<Value> = page
        .iter()
        .map(|index| Value::Object(tenant.record(*index, &changed)))
        .collect();
    Ok(list(tenant, call, "Machines", value, hits.len(), &query))
}

/// `GET /api/machines/{id or name}`.
pub(super) fn machine(tenant: &SimTenant, id: &str) -> Answer {
    let index = tenant.fleet.find(id).ok_or_else(|| no_machine(id))?;
    let record = tenant.record(index, &tenant.lock().changed);
    Ok(entity(
        tenant,
        200,
        "Machines/$entity",
        Value::Object(record),
    ))
}

/// `GET /api/machineactions`, for all machines or one. Newest first.
pub(super) fn actions(tenant: &SimTenant, call: &Call, machine: Option<&str>) -> Answer {
    let query = query_of(call, &ACTION_PROPERTIES)?;
    let only = match machine {
        Some(id) => {
            let index = tenant.fleet.find(id).ok_or_else(|| no_machine(id))?;
            tenant.fleet.id(index)
        }
        None => None,
    };
    let now = tenant.clock.now();
    let inner = tenant.lock();
    let mut shown: Vec<_> = inner
        .actions
        .iter()
        .filter(|action| action.visible <= now)
        .collect();
    shown.retain(|action| only.is_none_or(|id| action.machine_id == id));
    shown.sort_by_key(|action| Reverse(action.created));
    let hits: Vec<Value> = shown.iter().map(|action| action.json()).collect();
    drop(inner);
    let what = if machine.is_some() {
        "Collection(microsoft.windowsDefenderATP.api.MachineAction)"
    } else {
        "MachineActions"
    };
    Ok(listed(tenant, call, what, hits, &query))
}

/// `GET /api/machineactions/{id}`.
pub(super) fn action(tenant: &SimTenant, id: &str) -> Answer {
    check_guid(id)?;
    let now = tenant.clock.now();
    let inner = tenant.lock();
    let found = inner
        .actions
        .iter()
        .find(|action| action.id.eq_ignore_ascii_case(id) && action.visible <= now);
    let action = found.ok_or_else(|| no_action(id))?.json();
    Ok(entity(tenant, 200, "MachineActions/$entity", action))
}

pub(super) fn no_action(id: &str) -> Reply {
    Reply::not_found(&format!("Machine action {id}"))
}

/// `GET /api/machines/{id}/logonusers`.
pub(super) fn users(tenant: &SimTenant, id: &str) -> Answer {
    let index = tenant.fleet.find(id).ok_or_else(|| no_machine(id))?;
    Ok(value(
        tenant,
        "Users",
        story::users(index, tenant.clock.begun()),
    ))
}

/// `GET /api/machines/{id}/alerts`.
pub(super) fn alerts(tenant: &SimTenant, call: &Call, id: &str) -> Answer {
    let query = query_of(call, &ALERT_PROPERTIES)?;
    let index = tenant.fleet.find(id).ok_or_else(|| no_machine(id))?;
    let mut hits = story::alerts(
        index,
        tenant.fleet.id(index),
        tenant.fleet.name(index).as_deref(),
        tenant.clock.begun(),
    );
    let expands = |(name, value): &(String, String)| name == "$expand" && value == "evidence";
    if !call.query.iter().any(expands) {
        for alert in &mut hits {
            alert["evidence"] = json!([]);
        }
    }
    Ok(listed(tenant, call, "Alerts", hits, &query))
}

/// A 400 unless this is a GUID in its usual spelling.
pub(super) fn check_guid(id: &str) -> Result<(), Reply> {
    let is_guid = id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if is_guid {
        return Ok(());
    }
    let message = format!(
        "The key value ({id}) from request is not valid. The key value should be format of type 'Edm.Guid'."
    );
    Err(Reply::error(400, "BadRequest", &message))
}

/// A 400 unless this is a hash of an accepted kind; there is no look-up by MD5.
pub(super) fn check_hash(hash: &str, digits: &[usize]) -> Result<(), Reply> {
    if files::is_hash(hash, digits) {
        return Ok(());
    }
    let message = format!("The hash {hash} is not valid.");
    Err(Reply::error(400, "InvalidHashValue", &message))
}

/// `GET /api/files/{sha1 or sha256}`.
pub(super) fn file(tenant: &SimTenant, hash: &str) -> Answer {
    check_hash(hash, &[40, 64])?;
    let facts = files::facts(hash, tenant.clock.begun()).ok_or_else(|| no_file(hash))?;
    Ok(entity(tenant, 200, "Files/$entity", facts))
}

/// `GET /api/files/{sha1 or sha256}/stats`.
pub(super) fn file_statistics(tenant: &SimTenant, hash: &str) -> Answer {
    let begun = tenant.clock.begun();
    let facts = files::statistics(hash, begun).ok_or_else(|| no_file(hash))?;
    let what = "microsoft.windowsDefenderATP.api.InOrgFileStats";
    Ok(entity(tenant, 200, what, facts))
}

fn no_file(hash: &str) -> Reply {
    Reply::not_found(&format!("File {hash}"))
}

fn sort<T: Clone>(hits: &mut Vec<T>, query: &Query, look: &dyn Fn(&T, &str) -> Option<Value>) {
    if query.order.is_empty() {
        return;
    }
    let mut keyed: Vec<(Vec<Value>, T)> = hits
        .drain(..)
        .map(|hit| {
            (
                query
                    .order
                    .iter()
                    .map(|(name, _)| look(&hit, name).unwrap_or_default())
                    .collect(),
                hit,
            )
        })
        .collect();
    keyed.sort_by(|(left, _), (right, _)| {
        let pairs = left.iter().zip(right).zip(&query.order);
        pairs.fold(Ordering::Equal, |sofar, ((left, right), (_, down))| {
            let order = odata::ordered(left, right);
            sofar.then(if *down { order.reverse() } else { order })
        })
    });
    hits.extend(keyed.into_iter().map(|(_, hit)| hit));
}

fn page_of<'a, T>(hits: &'a [T], query: &Query) -> &'a [T] {
    let rest = hits.get(query.skip.min(hits.len())..).unwrap_or_default();
    rest.get(..query.top.unwrap_or(PAGE).min(rest.len()))
        .unwrap_or_default()
}

/// The requested page of the elements that match the filter.
pub(super) fn listed(
    tenant: &SimTenant,
    call: &Call,
    what: &str,
    mut hits: Vec<Value>,
    query: &Query,
) -> Reply {
    if let Some(filter) = &query.filter {
        hits.retain(|hit| filter.passes(&|name| hit.get(name).cloned()));
    }
    sort(&mut hits, query, &|hit, name| hit.get(name).cloned());
    let page = page_of(&hits, query).to_vec();
    list(tenant, call, what, page, hits.len(), query)
}

/// A list; like the service, it has a next link only if no page size was requested.
fn list(
    tenant: &SimTenant,
    call: &Call,
    what: &str,
    value: Vec<Value>,
    total: usize,
    query: &Query,
) -> Reply {
    let mut whole = json!({ "@odata.context": context(tenant, what) });
    if query.count {
        whole["@odata.count"] = json!(total);
    }
    let reached = query.skip.saturating_add(value.len());
    whole["value"] = Value::Array(value);
    if query.top.is_none() && reached < total {
        whole["@odata.nextLink"] = json!(next_page(&tenant.address, call, reached));
    }
    Reply::json(200, whole)
}

/// Link to the next page, after this many elements.
pub(super) fn next_page(address: &str, call: &Call, skip: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(call.query.iter().filter(|(name, _)| name != "$skip"));
    query.append_pair("$skip", &skip.to_string());
    let query = query.finish().replace("%24", "$");
    format!("{address}{}?{query}", call.path)
}
