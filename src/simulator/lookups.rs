//! Machine look-ups by address and by user, as strict as the service.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::api::{check_hash, value};
use super::filter::moment;
use super::fleet::Record;
use super::odata::PAGE;
use super::reply::{Answer, Reply};
use super::submit::refuse;
use super::tenant::SimTenant;
use super::{files, story};

/// Maximum time between the query and a sighting with the address.
const AROUND: SignedDuration = SignedDuration::from_mins(15);
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// `GET /api/machines/findbyip(ip='…',timestamp=…)`: machines seen with that internal address.
pub(super) fn by_address(tenant: &SimTenant, call: &str) -> Answer {
    let Some((ip, at)) = arguments(call) else {
        return refuse(
            "BadRequest",
            "The request URI is not valid: findbyip takes ip (a quoted address) and timestamp (a bare UTC time).",
        );
    };
    let age = tenant.clock.now().duration_since(at);
    if age.is_negative() || age > KEPT {
        return refuse("InvalidInput", "Timestamp must be within the past 30 days.");
    }
    Ok(list(tenant, |_, record| {
        has(record, ip) && was_seen(record, at, tenant.clock.now())
    }))
}

/// `GET /api/files/{sha1}/machines`: empty for an unknown file.
pub(super) fn with_file(tenant: &SimTenant, sha1: &str) -> Answer {
    check_hash(sha1, &[40])?;
    Ok(list(tenant, |index, _| files::is_on(sha1, index)))
}

/// `GET /api/users/{name}/machines`: the account name only; empty for an unknown name.
pub(super) fn of_user(tenant: &SimTenant, name: &str) -> Reply {
    list(tenant, |index, _| {
        let users = story::users(index, tenant.clock.begun());
        let names = users.as_array().into_iter().flatten();
        names
            .filter_map(|user| user["accountName"].as_str())
            .any(|account| account.eq_ignore_ascii_case(name))
    })
}

fn list(tenant: &SimTenant, is_hit: impl Fn(usize, &Record) -> bool) -> Reply {
    let changed = tenant.lock().changed.clone();
    let records = (0..tenant.fleet.len()).map(|index| (index, tenant.record(index, &changed)));
    let hits: Vec<Value> = records
        .filter(|(index, record)| is_hit(*index, record))
        .take(PAGE)
        .map(|(_, record)| Value::Object(record))
        .collect();
    value(tenant, "Machines", hits)
}

/// Both arguments, in this order, the address quoted and the time unquoted with a `Z`.
fn arguments(call: &str) -> Option<(IpAddr, Timestamp)> {
    let (_, inside) = call.strip_suffix(')')?.split_once('(')?;
    let (ip, time) = inside.split_once(',')?;
    let ip = ip.strip_prefix("ip='")?.strip_suffix('\'')?;
    let time = time.strip_prefix("timestamp=")?;
    let is_whole = time.ends_with('Z') && time.contains('T');
    Some((ip.parse().ok()?, moment(time).filter(|_| is_whole)?))
}

fn has(record: &Record, ip: IpAddr) -> bool {
    let parsed = |value: &Value| value.as_str().and_then(|text| text.parse::<IpAddr>().ok());
    let listed = record.get("ipAddresses").and_then(Value::as_array);
    let listed = listed
        .into_iter()
        .flatten()
        .map(|entry| &entry["ipAddress"]);
    let last = record.get("lastIpAddress").into_iter();
    !ip.is_loopback() && listed.chain(last).any(|value| parsed(value) == Some(ip))
}

/// A machine with an active sensor is seen until now, others until their last report.
fn was_seen(record: &Record, at: Timestamp, now: Timestamp) -> bool {
    let time = |name: &str| record.get(name).and_then(Value::as_str).and_then(moment);
    let reports = record.get("healthStatus").and_then(Value::as_str) == Some("Active");
    let last = if reports { Some(now) } else { time("lastSeen") };
    let (Some(first), Some(last)) = (time("firstSeen"), last) else {
        return false;
    };
    at.duration_since(first) >= -AROUND && at.duration_since(last) <= AROUND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_form_is_accepted() {
        let good = "findbyip(ip='10.1.2.3',timestamp=2025-01-01T10:00:00Z)";
        assert!(arguments(good).is_some());
        for bad in [
            "findbyip(ip=10.1.2.3,timestamp=2025-01-01T10:00:00Z)",
            "findbyip(ip='10.1.2.3',timestamp='2025-01-01T10:00:00Z')",
            "findbyip(ip='10.1.2.3',timestamp=2025-01-01T11:00:00+01:00)",
            "findbyip(ip='10.1.2.3',timestamp=2025-01-01Z)",
            "findbyip(ip='host',timestamp=2025-01-01T10:00:00Z)",
            "findbyip(ip='10.1.2.3')",
            "findbyip(timestamp=2025-01-01T10:00:00Z,ip='10.1.2.3')",
            "findbyip(ip='10.1.2.3',timestamp=2025-01-01T10:00:00Z",
        ] {
            assert_eq!(arguments(bad), None, "{bad}");
        }
    }
}
