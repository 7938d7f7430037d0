//! Automated investigations: started on a machine, and read by their number. They show neither who
//! asked for them nor why.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::actions::ActionRow;
use super::api::{bad_query, entity, list as whole_list, no_machine, page_of, sort};
use super::call::Call;
use super::clock::shifted;
use super::faults::FaultKind;
use super::investigation::{FIRST, Investigation};
use super::odata;
use super::reply::Reply;
use super::story;
use super::submit::{body_of, comment_of, unsuitable, wrong_content_type};
use super::tenant::{Inner, SimTenant};

const PROPERTIES: [&str; 5] = ["startTime", "id", "state", "machineId", "triggeringAlertId"];
/// `POST /api/machines/{id}/startInvestigation`.
pub(super) fn start(
    tenant: &SimTenant,
    call: &Call,
    id: &str,
    row: &ActionRow,
    fault: Option<&FaultKind>,
) -> Reply {
    if let Some(reply) = wrong_content_type(call) {
        return reply;
    }
    if let Err(reply) = body_of(&call.body, &["Comment"]).and_then(|body| comment_of(&body)) {
        return *reply;
    }
    let Some(index) = tenant.fleet.find_id(id) else {
        return no_machine(id);
    };
    let now = tenant.clock.now();
    let mut inner = tenant.lock();
    if let Err(seconds) = inner.investigations.limits.count(now) {
        let message = "API calls quota exceeded! Maximum allowed 50 per 1h.";
        let reply = Reply::error(429, "TooManyRequests", message);
        return reply.with("retry-after", &seconds.to_string());
    }
    let record = tenant.record(index, &inner.changed);
    if let Some((code, message)) = unsuitable(&record, row, None) {
        return Reply::error(400, code, &message);
    }
    let next = (index + 1) % tenant.fleet.len();
    let on = if fault == Some(&FaultKind::CarriedOver) {
        next
    } else {
        index
    };
    let mut answer = begin(tenant, &mut inner, on, now, i64::from(row.typical_secs));
    if fault == Some(&FaultKind::OtherDevice) {
        answer["machineId"] = json!(tenant.fleet.id(next));
    }
    Reply::json(
        row.success,
        entity(tenant, "Investigations/$entity", answer),
    )
}

/// Begins one on the machine at this index, for any requestor, and returns its JSON at that time. Without
/// obstacles it takes this many seconds.
pub(super) fn begin(
    tenant: &SimTenant,
    inner: &mut Inner,
    index: usize,
    now: Timestamp,
    typical_secs: i64,
) -> Value {
    let record = tenant.record(index, &inner.changed);
    let machine_id = tenant.fleet.id(index).unwrap_or_default().to_owned();
    let health = record.get("healthStatus").and_then(Value::as_str);
    let is_silent = health == Some("Inactive");
    let has_alerts = !story::alerts(index, None, None, tenant.clock.begun()).is_empty();
    let end = if has_alerts {
        "SuccessfullyRemediated"
    } else {
        "Benign"
    };
    let mut steps = vec![(now, "Queued".to_owned())];
    if is_silent {
        steps.push((shifted(now, 3), "PendingResource".to_owned()));
    } else {
        steps.push((shifted(now, 3), "Running".to_owned()));
        if !inner.never_finish.contains(&machine_id) {
            steps.push((shifted(now, typical_secs), end.to_owned()));
        }
    }
    let started = Investigation {
        id: FIRST + inner.investigations.all.len(),
        started: now,
        machine_name: tenant.fleet.name(index),
        alert: format!(
            "da{}_-{}",
            inner.rng.below(1 << 60),
            inner.rng.below(1 << 30)
        ),
        machine_id,
        steps,
    };
    let answer = started.json(now);
    inner.investigations.all.push(started);
    answer
}

/// `GET /api/investigations/{id}`.
pub(super) fn one(tenant: &SimTenant, id: &str) -> Reply {
    let now = tenant.clock.now();
    let inner = tenant.lock();
    let mut all = inner.investigations.all.iter();
    let found = all.find(|one| one.id.to_string() == id);
    found.map_or_else(
        || {
            let message = format!("Investigation {id} was not found");
            Reply::error(404, "ResourceNotFound", &message)
        },
        |found| {
            Reply::json(
                200,
                entity(tenant, "Investigations/$entity", found.json(now)),
            )
        },
    )
}

/// `GET /api/investigations`.
pub(super) fn list(tenant: &SimTenant, call: &Call) -> Reply {
    let query = match odata::read(&call.query, &PROPERTIES) {
        Ok(query) => query,
        Err(message) => return bad_query(&message),
    };
    let now = tenant.clock.now();
    let mut hits = tenant.lock().investigations.all(now);
    if let Some(filter) = &query.filter {
        hits.retain(|one| filter.passes(&|name| one.get(name).cloned()));
    }
    sort(&mut hits, &query, &|one, name| one.get(name).cloned());
    let page = page_of(&hits, &query).to_vec();
    whole_list(tenant, call, "Investigations", page, hits.len(), &query)
}
