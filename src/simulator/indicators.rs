//! Indicators: files blocked, audited or allowed on every device of the tenant.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::api::{entity, listed, query_of};
use super::call::Call;
use super::files::is_hash;
use super::indicator::Indicator;
use super::reply::{Answer, Reply};
use super::submit::{body_of, check_content_type, refuse};
use super::tenant::SimTenant;

/// Maximum number of active indicators of a tenant.
const MOST: usize = 15_000;

const FILTERED: [&str; 6] = [
    "indicatorValue",
    "indicatorType",
    "creationTimeDateTimeUtc",
    "createdBy",
    "severity",
    "action",
];
const REQUIRED: [&str; 5] = [
    "indicatorValue",
    "indicatorType",
    "action",
    "title",
    "description",
];
const OPTIONAL: [&str; 7] = [
    "expirationTime",
    "severity",
    "application",
    "recommendedActions",
    "rbacGroupNames",
    "educateUrl",
    "generateAlert",
];
const TYPES: [&str; 7] = [
    "FileSha1",
    "FileSha256",
    "FileMd5",
    "CertificateThumbprint",
    "IpAddress",
    "DomainName",
    "Url",
];
/// `Alert` and `AlertAndBlock` were retired in January 2022.
const ACTIONS: [&str; 5] = ["Warn", "Block", "Audit", "BlockAndRemediate", "Allowed"];
const SEVERITIES: [&str; 4] = ["Informational", "Low", "Medium", "High"];

/// Requests under `/api/indicators`; `rest` is the remaining path.
pub(super) fn answer(tenant: &SimTenant, call: &Call, rest: &[&str]) -> Answer {
    match (rest, call.method.as_str()) {
        (["indicators"], "POST") => put(tenant, call),
        (["indicators"], "GET") => list(tenant, call),
        (["indicators"], _) => Err(Reply::only("GET, POST")),
        (["indicators", id], "DELETE") => remove(tenant, id),
        (["indicators", _], _) => Err(Reply::only("DELETE")),
        _ => Err(Reply::empty(404)),
    }
}

/// `POST /api/indicators`: creates or updates the one with this value, type and action. 200.
fn put(tenant: &SimTenant, call: &Call) -> Answer {
    check_content_type(call)?;
    let known: Vec<&str> = REQUIRED.iter().chain(&OPTIONAL).copied().collect();
    let sent = body_of(&call.body, &known)?;
    let now = tenant.clock.now();
    let expires =
        checked(&sent, now).map_err(|(code, message)| Reply::error(400, code, &message))?;
    let mut inner = tenant.lock();
    let by = inner.identity.requestor(call);
    let indicators = &mut inner.indicators;
    indicators.expire(now);
    let answer = if let Some(known) = indicators.all.iter_mut().find(|one| one.is_same(&sent)) {
        (known.sent, known.expires) = (sent, expires);
        (known.updated, known.updated_by) = (now, Some(by));
        known.json()
    } else if indicators.all.len() + indicators.unlisted >= MOST {
        let message = format!("Max capacity of {MOST} indicators has been reached");
        return refuse("BadRequest", &message);
    } else {
        let made = Indicator {
            id: indicators.next,
            sent,
            by,
            created: now,
            updated: now,
            updated_by: None,
            expires,
        };
        let answer = made.json();
        indicators.next += 1;
        indicators.all.push(made);
        answer
    };
    drop(inner);
    Ok(entity(tenant, 200, "Indicators/$entity", answer))
}

/// The expiration time, or code and message of a 400.
fn checked(
    sent: &Map<String, Value>,
    now: Timestamp,
) -> Result<Option<Timestamp>, (&'static str, String)> {
    let text = |name: &str| sent.get(name).and_then(Value::as_str);
    for name in REQUIRED {
        if text(name).is_none_or(|text| text.trim().is_empty()) {
            let message = format!("Missing required parameter: {name}");
            return Err(("MissingRequiredParameter", message));
        }
    }
    for (name, known) in [
        ("indicatorType", &TYPES[..]),
        ("action", &ACTIONS),
        ("severity", &SEVERITIES),
    ] {
        if let Some(given) = text(name)
            && !known.contains(&given)
        {
            return Err((
                "InvalidInput",
                format!("{name} has an invalid value: {given}"),
            ));
        }
    }
    let value = text("indicatorValue").unwrap_or_default();
    let digits = match text("indicatorType") {
        Some("FileSha1" | "CertificateThumbprint") => Some(40),
        Some("FileSha256") => Some(64),
        Some("FileMd5") => Some(32),
        Some(_) | None => None,
    };
    if digits.is_some_and(|digits| !is_hash(value, &[digits])) {
        return Err((
            "InvalidHashValue",
            format!("The hash {value} is not valid."),
        ));
    }
    if text("action") == Some("Audit") && sent.get("generateAlert") != Some(&Value::Bool(true)) {
        let message = "generateAlert must be true for the action Audit".to_owned();
        return Err(("InvalidInput", message));
    }
    match sent.get("expirationTime") {
        None | Some(Value::Null) => Ok(None),
        Some(given) => {
            let at = given.as_str().and_then(|at| at.parse::<Timestamp>().ok());
            let at = at.filter(|at| *at > now);
            let message = || format!("expirationTime must be in the future: {given}");
            at.map(Some).ok_or_else(|| ("InvalidInput", message()))
        }
    }
}

/// `GET /api/indicators`.
fn list(tenant: &SimTenant, call: &Call) -> Answer {
    let query = query_of(call, &FILTERED)?;
    let now = tenant.clock.now();
    let mut inner = tenant.lock();
    inner.indicators.expire(now);
    let all = inner.indicators.all.iter().map(Indicator::json).collect();
    drop(inner);
    Ok(listed(tenant, call, "Indicators", all, &query))
}

/// `DELETE /api/indicators/{id}`: 204, or 404.
fn remove(tenant: &SimTenant, id: &str) -> Answer {
    let now = tenant.clock.now();
    let mut inner = tenant.lock();
    let indicators = &mut inner.indicators;
    indicators.expire(now);
    let before = indicators.all.len();
    indicators.all.retain(|one| one.id.to_string() != id);
    if indicators.all.len() == before {
        return Err(Reply::not_found(&format!("Indicator {id}")));
    }
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::clock::{shifted, written};
    use super::*;

    fn check(change: impl FnOnce(&mut Value)) -> Result<Option<Timestamp>, &'static str> {
        let mut sent = json!({
            "indicatorValue": "220e7d15b011d7fac48f2bd61114db1022197f7f", "indicatorType": "FileSha1",
            "title": "test", "description": "test", "action": "BlockAndRemediate",
            "expirationTime": "2030-12-12T00:00:00Z", "severity": "Informational", "generateAlert": true
        });
        change(&mut sent);
        let sent = sent.as_object().expect("an object");
        let now = "2026-11-29T00:00:00Z".parse().expect("a literal time");
        checked(sent, now).map_err(|(code, _)| code)
    }

    #[test]
    fn only_documented_indicators_are_accepted() {
        let at: Timestamp = "2030-12-12T00:00:00Z".parse().expect("a literal time");
        assert_eq!(check(|_| {}), Ok(Some(at)));
        assert_eq!(check(|sent| sent["expirationTime"] = json!(null)), Ok(None));
        assert_eq!(check(|sent| sent["action"] = json!("Audit")), Ok(Some(at)));
        for (name, value, code) in [
            ("title", json!(" "), "MissingRequiredParameter"),
            ("description", json!(null), "MissingRequiredParameter"),
            ("indicatorValue", json!(7), "MissingRequiredParameter"),
            ("indicatorValue", json!("220e7d15"), "InvalidHashValue"),
            ("indicatorType", json!("FileSha256"), "InvalidHashValue"),
            ("indicatorType", json!("fileSha1"), "InvalidInput"),
            ("action", json!("AlertAndBlock"), "InvalidInput"),
            ("severity", json!("Critical"), "InvalidInput"),
            (
                "expirationTime",
                json!("2026-11-28T00:00:00Z"),
                "InvalidInput",
            ),
            ("expirationTime", json!("tomorrow"), "InvalidInput"),
        ] {
            assert_eq!(
                check(|sent| sent[name] = value.clone()),
                Err(code),
                "{name} {value}"
            );
        }
        let silent = |sent: &mut Value| {
            sent["action"] = json!("Audit");
            sent["generateAlert"] = json!(false);
        };
        assert_eq!(check(silent), Err("InvalidInput"));
    }

    fn call(method: &str, path: &str, body: &Value) -> Call {
        let request = hyper::Request::builder();
        let request = request.method(method).uri(path);
        let request = request.header("content-type", "application/json");
        let request = request.body(()).expect("a request");
        Call::new(&request, body.to_string().into())
    }

    fn block(sha1: &str, action: &str) -> Value {
        json!({
            "indicatorValue": sha1, "indicatorType": "FileSha1", "action": action,
            "title": "cordon", "description": "why", "generateAlert": true
        })
    }

    fn sent(answer: Answer) -> (u16, Value) {
        let (Ok(mut reply) | Err(mut reply)) = answer;
        let value = reply.value_mut().map(|value| value.clone());
        (reply.status, value.unwrap_or_default())
    }

    #[test]
    fn same_value_and_action_updates_the_indicator_and_the_total_is_limited() {
        let options = super::super::SimOptions::default();
        let tenant = SimTenant::new(&options, "http://127.0.0.1:1".to_owned());
        let put = |sha1: &str, action: &str| {
            let call = call("POST", "/api/indicators", &block(sha1, action));
            sent(put(&tenant, &call))
        };
        let all = || {
            let (status, list) = sent(list(&tenant, &call("GET", "/api/indicators", &json!(null))));
            assert_eq!(status, 200);
            list["value"].as_array().expect("a list").len()
        };
        let (ours, theirs) = ("a".repeat(40), "4388963AAA83AFE2042A46A3C017AD50BDCDAFB3");
        assert_eq!(all(), 1);
        let (status, made) = put(&ours, "BlockAndRemediate");
        assert_eq!((status, &made["id"]), (200, &json!("995")));
        assert_eq!(put(&ours, "Audit").1["id"], json!("996"));
        let (status, changed) = put(theirs, "BlockAndRemediate");
        assert_eq!((status, &changed["id"]), (200, &json!("994")));
        assert_eq!(changed["createdBy"], json!("s.weber@contoso.com"));
        assert_eq!(changed["description"], json!("why"));
        assert_eq!(all(), 3);
        tenant.lock().indicators.unlisted = MOST - 3;
        assert_eq!(put(&"b".repeat(40), "Block").0, 400);
        assert_eq!(put(&ours, "BlockAndRemediate").0, 200, "it is an update");
        let gone = ["995", "995"].map(|id| sent(remove(&tenant, id)).0);
        assert_eq!((gone, all()), ([204, 404], 2));
        // It is removed once it has expired.
        let mut passing = block(&"c".repeat(40), "Block");
        passing["expirationTime"] = json!(written(shifted(tenant.clock.now(), 86_400)));
        let call = call("POST", "/api/indicators", &passing);
        assert_eq!((sent(super::put(&tenant, &call)).0, all()), (200, 3));
        tenant.clock.advance(std::time::Duration::from_hours(48));
        assert_eq!(all(), 2);
    }
}
