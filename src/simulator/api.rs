//! Reading: machines, machine actions, users, alerts, files.

use std::cmp::{Ordering, Reverse};

use serde_json::{Value, json};

use super::actions::ACTIONS;
use super::call::Call;
use super::clock::shifted;
use super::fleet::MACHINE_PROPERTIES;
use super::odata::{self, PAGE, Query};
use super::reply::Reply;
use super::tenant::SimTenant;
use super::{files, story, submit};

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

/// Sets the context of a single thing, in front as the service does.
pub(super) fn entity(tenant: &SimTenant, what: &str, value: Value) -> Value {
    let mut whole = json!({ "@odata.context": context(tenant, what) });
    if let (Value::Object(whole), Value::Object(value)) = (&mut whole, value) {
        whole.extend(value);
    }
    whole
}

pub(super) fn no_machine(id: &str) -> Reply {
    Reply::error(
        404,
        "ResourceNotFound",
        &format!("Machine {id} was not found"),
    )
}

pub(super) fn bad_query(message: &str) -> Reply {
    Reply::error(400, "ODataError", message)
}

/// Turns `…` into `…/$count`: a bare number.
pub(super) fn count(mut list: Reply) -> Reply {
    let counted = list
        .value_mut()
        .and_then(|value| value.get("value"))
        .and_then(Value::as_array)
        .map(Vec::len);
    counted.map_or(list, |counted| Reply::text(200, counted.to_string()))
}

/// `GET /api/machines`.
pub(super) fn machines(tenant: &SimTenant, call: &Call) -> Reply {
    let query = match odata::read(&call.query, &MACHINE_PROPERTIES) {
        Ok(query) => query,
        Err(message) => return bad_query(&message),
    };
    let fleet = &tenant.fleet;
    // A copy of the few changes, so that a long list keeps nobody else waiting.
    let changed = tenant.lock().changed.clone();
    // Whole records are made only when they are asked about; ids and names come cheaper.
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
    list(tenant, call, "Machines", value, hits.len(), &query)
}

/// `GET /api/machines/{id or name}`.
pub(super) fn machine(tenant: &SimTenant, id: &str) -> Reply {
    let Some(index) = tenant.fleet.find(id) else {
        return no_machine(id);
    };
    let record = tenant.record(index, &tenant.lock().changed);
    Reply::json(
        200,
        entity(tenant, "Machines/$entity", Value::Object(record)),
    )
}

/// `GET /api/machineactions`, and the same of one machine. Newest first.
pub(super) fn actions(tenant: &SimTenant, call: &Call, machine: Option<&str>) -> Reply {
    let query = match odata::read(&call.query, &ACTION_PROPERTIES) {
        Ok(query) => query,
        Err(message) => return bad_query(&message),
    };
    let only = match machine.map(|id| {
        tenant
            .fleet
            .find(id)
            .and_then(|index| tenant.fleet.id(index))
            .ok_or(id)
    }) {
        Some(Err(id)) => return no_machine(id),
        Some(Ok(id)) => Some(id),
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
    let mut hits: Vec<Value> = shown.iter().map(|action| action.json()).collect();
    drop(inner);
    if let Some(filter) = &query.filter {
        hits.retain(|action| filter.passes(&|name| action.get(name).cloned()));
    }
    sort(&mut hits, &query, &|action, name| action.get(name).cloned());
    let page = page_of(&hits, &query).to_vec();
    let what = if machine.is_some() {
        "Collection(microsoft.windowsDefenderATP.api.MachineAction)"
    } else {
        "MachineActions"
    };
    list(tenant, call, what, page, hits.len(), &query)
}

/// `GET /api/machineactions/{id}`.
pub(super) fn action(tenant: &SimTenant, id: &str) -> Reply {
    if !submit::is_guid(id) {
        return submit::not_a_guid(id);
    }
    let now = tenant.clock.now();
    let inner = tenant.lock();
    let found = inner
        .actions
        .iter()
        .find(|action| action.id.eq_ignore_ascii_case(id) && action.visible <= now);
    found.map_or_else(
        || {
            Reply::error(
                404,
                "ResourceNotFound",
                &format!("Machine action {id} was not found"),
            )
        },
        |action| Reply::json(200, entity(tenant, "MachineActions/$entity", action.json())),
    )
}

/// `GET /api/machines/{id}/availableMachineActions`.
pub(super) fn available(tenant: &SimTenant, id: &str) -> Reply {
    let Some(index) = tenant.fleet.find(id) else {
        return no_machine(id);
    };
    let record = tenant.record(index, &tenant.lock().changed);
    let names = ACTIONS.iter().flat_map(|row| {
        row.availability
            .iter()
            .map(move |(name, scope)| (row, name, *scope))
    });
    let value: Vec<Value> = names
        .map(|(row, name, scope)| {
            let reason = submit::unsuitable(&record, row, scope).map(|(code, _)| code);
            json!({ "action": name, "isAvailable": reason.is_none(), "notSupportedReason": reason })
        })
        .collect();
    let what = "Collection(microsoft.windowsDefenderATP.api.ActionAvailabilityStatus)";
    Reply::json(
        200,
        json!({ "@odata.context": context(tenant, what), "value": value }),
    )
}

/// `GET /api/machines/{id}/logonusers`.
pub(super) fn users(tenant: &SimTenant, id: &str) -> Reply {
    let Some(index) = tenant.fleet.find(id) else {
        return no_machine(id);
    };
    let value = story::users(index, tenant.clock.begun());
    Reply::json(
        200,
        json!({ "@odata.context": context(tenant, "Users"), "value": value }),
    )
}

/// `GET /api/machines/{id}/alerts`.
pub(super) fn alerts(tenant: &SimTenant, call: &Call, id: &str) -> Reply {
    let query = match odata::read(&call.query, &ALERT_PROPERTIES) {
        Ok(query) => query,
        Err(message) => return bad_query(&message),
    };
    let Some(index) = tenant.fleet.find(id) else {
        return no_machine(id);
    };
    let mut hits = story::alerts(
        index,
        tenant.fleet.id(index),
        tenant.fleet.name(index).as_deref(),
        tenant.clock.begun(),
    );
    if let Some(filter) = &query.filter {
        hits.retain(|alert| filter.passes(&|name| alert.get(name).cloned()));
    }
    let expands = |(name, value): &(String, String)| name == "$expand" && value == "evidence";
    if !call.query.iter().any(expands) {
        for alert in &mut hits {
            alert["evidence"] = json!([]);
        }
    }
    sort(&mut hits, &query, &|alert, name| alert.get(name).cloned());
    let page = page_of(&hits, &query).to_vec();
    list(tenant, call, "Alerts", page, hits.len(), &query)
}

/// The 400 for what is no hash of the kinds that are taken; there is no look-up by MD5.
pub(super) fn bad_hash(hash: &str, digits: &[usize]) -> Option<Reply> {
    let message = format!("The hash {hash} is not valid.");
    (!files::is_hash(hash, digits)).then(|| Reply::error(400, "InvalidHashValue", &message))
}

/// `GET /api/files/{sha1 or sha256}`.
pub(super) fn file(tenant: &SimTenant, hash: &str) -> Reply {
    if let Some(refused) = bad_hash(hash, &[40, 64]) {
        return refused;
    }
    files::facts(hash, shifted(tenant.clock.begun(), 0)).map_or_else(
        || {
            Reply::error(
                404,
                "ResourceNotFound",
                &format!("File {hash} was not found"),
            )
        },
        |facts| Reply::json(200, entity(tenant, "Files/$entity", facts)),
    )
}

/// `GET /api/files/{sha1 or sha256}/stats`.
pub(super) fn file_statistics(tenant: &SimTenant, hash: &str) -> Reply {
    files::statistics(hash, tenant.clock.begun()).map_or_else(
        || {
            Reply::error(
                404,
                "ResourceNotFound",
                &format!("File {hash} was not found"),
            )
        },
        |facts| {
            Reply::json(
                200,
                entity(
                    tenant,
                    "microsoft.windowsDefenderATP.api.InOrgFileStats",
                    facts,
                ),
            )
        },
    )
}

pub(super) fn sort<T: Clone>(
    hits: &mut Vec<T>,
    query: &Query,
    look: &dyn Fn(&T, &str) -> Option<Value>,
) {
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

pub(super) fn page_of<'a, T>(hits: &'a [T], query: &Query) -> &'a [T] {
    let rest = hits.get(query.skip.min(hits.len())..).unwrap_or_default();
    rest.get(..query.top.unwrap_or(PAGE).min(rest.len()))
        .unwrap_or_default()
}

/// A list; with a link to the next page only when no page size was asked for, as the service does it.
pub(super) fn list(
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
        whole["@odata.nextLink"] = json!(next_page(tenant, call, reached));
    }
    Reply::json(200, whole)
}

fn next_page(tenant: &SimTenant, call: &Call, skip: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(call.query.iter().filter(|(name, _)| name != "$skip"));
    query.append_pair("$skip", &skip.to_string());
    format!(
        "{}{}?{}",
        tenant.address,
        call.path,
        query.finish().replace("%24", "$")
    )
}
