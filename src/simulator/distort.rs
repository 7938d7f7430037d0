//! Distortion of responses by faults.

use serde_json::{Value, json};

use super::call::Call;
use super::faults::{FaultKind, NextLinkMode};
use super::reply::{Payload, Reply};

/// The service's `WWW-Authenticate` of a 401.
pub(super) const INVALID_TOKEN: &str = "Bearer realm=\"\", error=\"invalid_token\"";

/// Length of an oversized response.
const HUGE: usize = 10 * 1024 * 1024;
/// Depth of an excessively nested response.
const DEEP: usize = 100_000;

/// The response without any processing, if the fault requires one.
pub(super) fn short_circuit(fault: Option<&FaultKind>) -> Option<Reply> {
    match fault {
        Some(FaultKind::Status {
            code,
            retry_after,
            code_text,
        }) => {
            let default = match code {
                401 => "Unauthorized",
                403 => "Forbidden",
                404 => "ResourceNotFound",
                429 => "TooManyRequests",
                500.. => "InternalServerError",
                _ => "BadRequest",
            };
            // As documented, an internal error has an empty message.
            let message = if *code >= 500 {
                ""
            } else {
                "Simulated refusal"
            };
            let reply = Reply::error(*code, code_text.as_deref().unwrap_or(default), message);
            Some(match retry_after {
                Some(wait) => reply.with("retry-after", wait),
                None => reply,
            })
        }
        Some(FaultKind::Html(code)) if *code >= 300 => Some(html(*code)),
        Some(FaultKind::Empty(code)) if *code >= 300 => Some(Reply::empty(*code)),
        Some(FaultKind::Unauthorized) => {
            let message = "Unauthorized request - the token is not valid.";
            let reply = Reply::error(401, "Unauthorized", message);
            Some(reply.with("www-authenticate", INVALID_TOKEN))
        }
        Some(FaultKind::ClaimsChallenge) => {
            let reply = Reply::error(401, "Unauthorized", "Continuous access evaluation");
            // {"access_token":{"acrs":{"essential":true,"value":"c1"}}}
            let claims =
                "eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiYzEifX19";
            let asks =
                format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{claims}\"");
            Some(reply.with("www-authenticate", &asks))
        }
        Some(FaultKind::Forbidden { message }) => Some(Reply::error(403, "Forbidden", message)),
        _ => None,
    }
}

fn html(code: u16) -> Reply {
    Reply::page(
        code,
        format!(
            "<html><head><title>{code}</title></head><body><h1>{code}</h1><hr><center>gateway</center></body></html>"
        ),
    )
}

/// The response after processing, distorted by the fault.
pub(super) fn after(
    mut reply: Reply,
    fault: Option<&FaultKind>,
    call: &Call,
    address: &str,
) -> Reply {
    match fault {
        Some(FaultKind::Html(code)) if *code < 300 => return html(*code),
        Some(FaultKind::Empty(code)) if *code < 300 => return Reply::empty(*code),
        Some(FaultKind::Truncated) => return truncated(reply),
        Some(FaultKind::Garbage) => {
            let garbage = "\u{0}\u{fffd}<<<{]\u{7f} not json \u{1}";
            return Reply::text(reply.status, garbage.to_owned());
        }
        Some(FaultKind::Huge) => {
            let text = format!("{{\"value\":\"{}\"}}", "x".repeat(HUGE));
            return Reply::text(reply.status, text);
        }
        Some(FaultKind::Deep) => {
            let text = format!("{{\"value\":{}{}}}", "[".repeat(DEEP), "]".repeat(DEEP));
            return Reply::text(reply.status, text);
        }
        Some(FaultKind::ThrottledAfter) => {
            let reply = Reply::error(429, "TooManyRequests", "Simulated refusal");
            return reply.with("retry-after", "1");
        }
        Some(FaultKind::NoId) => edit(&mut reply, |value| {
            if let Some(object) = value.as_object_mut() {
                object.remove("id");
            }
        }),
        Some(FaultKind::Lacks(names)) => edit(&mut reply, |value| leave_out(value, names)),
        Some(FaultKind::OtherRecord) => edit(&mut reply, other_record),
        Some(FaultKind::OtherFacts) => edit(&mut reply, other_facts),
        Some(FaultKind::UnknownEnums) => edit(&mut reply, unknown_enums),
        Some(FaultKind::OddTimes) => edit(&mut reply, |value| odd_times(value, &mut 0)),
        Some(FaultKind::RepeatRows) => {
            if let Some(list) = list_of(&mut reply) {
                list.extend(list.last().cloned());
            }
        }
        Some(FaultKind::LoseTail) => {
            if let Some(list) = list_of(&mut reply) {
                list.truncate(list.len() * 2 / 3);
            }
        }
        Some(FaultKind::ShortPages(elements)) => {
            if let Some(list) = list_of(&mut reply) {
                list.truncate(*elements);
            }
        }
        Some(FaultKind::NextLink(mode)) => next_link(&mut reply, *mode, call, address),
        // Applied elsewhere, or instead of the processing.
        Some(_) | None => {}
    }
    reply
}

fn edit(reply: &mut Reply, change: impl FnOnce(&mut Value)) {
    if let Some(value) = reply.value_mut() {
        change(value);
    }
}

/// The first half of a response's text.
fn truncated(reply: Reply) -> Reply {
    let Payload::Json(value) = &reply.body else {
        return reply;
    };
    let text = value.to_string();
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    Reply {
        body: Payload::Text("application/json; charset=utf-8", half),
        ..reply
    }
}

/// Removes properties from an object, or from each element of a list.
fn leave_out(value: &mut Value, names: &str) {
    let lacks = |name: &str| names.split(',').any(|lacking| lacking == name);
    if let Some(list) = value.get_mut("value").and_then(Value::as_array_mut) {
        for element in list.iter_mut().filter_map(Value::as_object_mut) {
            element.retain(|name, _| !lacks(name));
        }
    } else if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !lacks(name));
    }
}

/// Replaces a record that was requested by id.
fn other_record(value: &mut Value) {
    let Some(id) = value["id"].as_str().filter(|id| !id.is_empty()) else {
        return;
    };
    let end = if id.ends_with('0') { "1" } else { "0" };
    let start: String = id.chars().take(id.chars().count() - 1).collect();
    value["id"] = json!(start + end);
    if let Some(status) = value.get_mut("status") {
        *status = json!("Succeeded");
    }
}

/// Changes an action's properties, except its id.
fn other_facts(value: &mut Value) {
    if let Some(list) = value.get_mut("value").and_then(Value::as_array_mut) {
        list.iter_mut().for_each(other_facts);
    } else if let Some(action) = value.as_object_mut() {
        let others = json!({
            "type": "Unisolate",
            "machineId": "0".repeat(40),
            "requestor": "mallory@contoso.com",
            "requestorComment": "by hand",
            "externalId": null,
            "status": "Succeeded",
        });
        action.extend(others.as_object().cloned().unwrap_or_default());
    }
}

fn list_of(reply: &mut Reply) -> Option<&mut Vec<Value>> {
    reply.value_mut()?.get_mut("value")?.as_array_mut()
}

/// The next link's parameter on an empty page.
const MORE: &str = "$skiptoken=more";

fn next_link(reply: &mut Reply, mode: NextLinkMode, call: &Call, address: &str) {
    let number = |name: &str| {
        call.query
            .iter()
            .find(|(key, _)| key == name)
            .and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let Some(len) = list_of(reply).map(|list| list.len()) else {
        return;
    };
    let skip = number("$skip").unwrap_or(0) + len;
    let top = number("$top").unwrap_or(super::odata::PAGE);
    let path = &call.path;
    let link = match mode {
        // A short page is the last one.
        NextLinkMode::Normal if len < top => return,
        NextLinkMode::Normal => super::api::next_page(address, call, skip),
        NextLinkMode::Looping => format!("{address}{path}?{}", call.raw_query),
        NextLinkMode::Malformed => {
            format!("{address}{path}?=onboardingstatus%20eq%20%27Onboarded%27&=10000&$skip={skip}")
        }
        NextLinkMode::Empty if call.raw_query.contains(MORE) => return,
        NextLinkMode::Empty | NextLinkMode::Endless => {
            if let Some(list) = list_of(reply) {
                list.clear();
            }
            format!("{address}{path}?{}&{MORE}", call.raw_query)
        }
        NextLinkMode::Foreign => {
            format!("https://api-us3.securitycenter.example{path}?$skip={skip}")
        }
    };
    if let Some(value) = reply.value_mut() {
        value["@odata.nextLink"] = json!(link);
    }
}

/// Enumeration properties, each with an unknown value.
const ENUMS: [(&str, &str); 10] = [
    ("healthStatus", "Hibernating"),
    ("riskScore", "Critical"),
    ("exposureLevel", "Extreme"),
    ("deviceValue", "Priceless"),
    ("onboardingStatus", "HalfOnboarded"),
    ("managedBy", "SomethingNew"),
    ("status", "Deferred"),
    ("requestSource", "Robot"),
    ("severity", "Apocalyptic"),
    ("operationalStatus", "Sideways"),
];

fn unknown_enums(value: &mut Value) {
    if let Some(list) = value.as_array_mut() {
        for item in list {
            unknown_enums(item);
        }
    } else if let Some(object) = value.as_object_mut() {
        for (name, strange) in ENUMS {
            if let Some(known) = object.get_mut(name) {
                *known = json!(strange);
            }
        }
        for item in object.values_mut() {
            unknown_enums(item);
        }
        object.insert(
            "neverSeenBefore".to_owned(),
            json!({ "nested": [1, null, "two"] }),
        );
    }
}

/// Malformed and extreme times.
const ODD: [&str; 7] = [
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "2025-13-45T99:99:99Z",
    "",
    "yesterday",
    "2031-02-03T04:05:06",
    "2025-04-02T02:51:16.20591021234567Z",
];

fn odd_times(value: &mut Value, turn: &mut usize) {
    if let Some(list) = value.as_array_mut() {
        for item in list {
            odd_times(item, turn);
        }
    } else if let Some(object) = value.as_object_mut() {
        for (name, item) in object {
            if name.ends_with("Seen") || name.ends_with("Utc") || name.ends_with("Time") {
                // Every eighth is null.
                *item = ODD.get(*turn % 8).map_or(Value::Null, |odd| json!(odd));
                *turn += 1;
            } else {
                odd_times(item, turn);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_enums_are_distorted() {
        let mut value =
            json!({ "value": [{ "lastSeen": "2025-04-02T02:51:16Z", "healthStatus": "Active" }] });
        odd_times(&mut value, &mut 0);
        unknown_enums(&mut value);
        assert_eq!(value["value"][0]["lastSeen"], ODD[0]);
        assert_eq!(value["value"][0]["healthStatus"], "Hibernating");
    }
}
