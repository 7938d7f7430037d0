//! Automated investigations: started on a machine, read by number, without requestor and reason.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::actions::ActionRow;
use super::api::{entity, listed, no_machine, query_of};
use super::call::Call;
use super::clock::shifted;
use super::faults::FaultKind;
use super::investigation::{FIRST, Investigation};
use super::reply::{Answer, Reply};
use super::story;
use super::submit::{body_of, check_content_type, check_suitable, comment_of};
use super::tenant::{Inner, SimTenant};

const PROPERTIES: [&str; 5] = ["startTime", "id", "state", "machineId", "triggeringAlertId"];
/// `POST /api/machines/{id}/startInvestigation`.
pub(super) fn start(
    tenant: &SimTenant,
    call: &Call,
    id: &str,
    row: &ActionRow,
    fault: Option<&FaultKind>,
) -> Answer {
    check_content_type(call)?;
    comment_of(&body_of(&call.body, &["Comment"])?)?;
    let index = tenant.fleet.find_id(id).ok_or_else(|| no_machine(id))?;
    let now = tenant.clock.now();
    let mut inner = tenant.lock();
    if let Err(seconds) = inner.investigations.limits.count(now) {
        return Err(Reply::throttled("50 per 1h", seconds));
    }
    let record = tenant.record(index, &inner.changed);
    check_suitable(&record, row, None)?;
    let next = tenant.fleet.after(index);
    let on = if fault == Some(&FaultKind::CarriedOver) {
        next
    } else {
        index
    };
    let mut answer = begin(tenant, &mut inner, on, now, i64::from(row.typical_secs));
    if fault == Some(&FaultKind::OtherDevice) {
        answer["machineId"] = json!(tenant.fleet.id(next));
    }
    Ok(entity(tenant, 201, "Investigations/$entity", answer))
}

/// Starts one on the machine with this index, and returns its JSON at that time. Without obstacles
/// it takes this many seconds.
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
pub(super) fn one(tenant: &SimTenant, id: &str) -> Answer {
    let now = tenant.clock.now();
    let inner = tenant.lock();
    let mut all = inner.investigations.all.iter();
    let found = all.find(|one| one.id.to_string() == id);
    let missing = || Reply::not_found(&format!("Investigation {id}"));
    let answer = found.ok_or_else(missing)?.json(now);
    Ok(entity(tenant, 200, "Investigations/$entity", answer))
}

/// `GET /api/investigations`.
pub(super) fn list(tenant: &SimTenant, call: &Call) -> Answer {
    let query = query_of(call, &PROPERTIES)?;
    let now = tenant.clock.now();
    let all = tenant.lock().investigations.all(now);
    Ok(listed(tenant, call, "Investigations", all, &query))
}
