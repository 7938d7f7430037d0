//! Control calls over HTTP, for trainers, scripts and tests in other processes.
//!
//! They are served on the same loopback address, and only if the `Host` header names it and neither
//! `Origin` nor `Sec-Fetch-Site` indicates another origin, so that no web page can use them. Bodies
//! are JSON, or a form from the page; responses are JSON. The request log omits them. `times` 0 or
//! absent means until cleared.
//!
//! | Call | Body | Effect |
//! |---|---|---|
//! | `GET /control` | | a web page: requests, faults, clock |
//! | `POST /control/approve` | `{"user_code": "B7XQK4M2R"}` or nothing | approves it or the newest; `{"done": bool}` |
//! | `POST /control/decline` | same | declines it |
//! | `POST /control/expire` | `{"what": "codes" \| "access_tokens" \| "sign_ins"}` | expires or revokes them |
//! | `GET /control/clock` | | `{"now": "…"}`, the tenant's time |
//! | `POST /control/clock` | `{"advance_secs": N}` | advances it |
//! | `GET /control/fault` | | the armed faults |
//! | `POST /control/fault` | `{"on": "submit", "what": "drop_after", "times": 1}` | arms one: [`Fault::parse`] |
//! | `DELETE /control/fault` | | disarms all, as does `POST /control/fault/clear` |
//! | `GET /control/secrets` | | every issued token and code, so that tests can search for leaks |
//! | `GET /control/requests` | | the log: `at`, `method`, `path`, `query`, `body`, `status`, `kind` |
//! | `POST /control/permissions` | `{"scopes": ["Machine.Read", …]}` | grants exactly these permissions |
//! | `POST /control/person` | `{"oid": "…", "upn": "…", "name": "…"}` | sets the account of later sign-ins |
//! | `POST /control/claims` | `{"claims": "…"}` or nothing | sets the claims that new tokens need |
//! | `POST /control/interval` | `{"secs": N}` | sets the poll interval of later device codes |
//! | `POST /control/colleague` | `{"machine_id": "…", "type": "Isolate", "comment": "…"}` | an action; `{"id": "…"}` |
//! | `POST /control/status` | `{"action_id": "…", "status": "Failed"}` | forces an action's status |
//! | `POST /control/never_finish` | `{"machine_id": "…"}` | new actions there stay in progress |
//! | `POST /control/fail_next` | `{"machine_id": "…", "hresult": -2147467259}` | the next action there fails |
//! | `GET /control/actions` | | all machine actions |
//! | `GET /control/machines` | | ids and names |

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::faults::Fault;
use super::handle::SimControl;
use super::log::LoggedRequest;
use super::pages::{escaped, page};
use super::reply::Reply;
use super::tenant::SimTenant;

/// Handles a control call; `path` is in lower case and starts with `control`.
pub(super) fn answer(tenant: &Arc<SimTenant>, call: &Call, path: &[&str]) -> Reply {
    // Refuses other host names, which a web page could resolve to this address.
    if !is_loopback(&call.host) || call.is_cross_origin {
        return Reply::empty(403);
    }
    let control = SimControl(Arc::clone(tenant));
    // By default `curl -d` declares JSON as a form.
    let is_object = call.body.trim_ascii_start().starts_with(b"{");
    let is_form = !is_object
        && call
            .content_type
            .as_deref()
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let rest = path.get(1..).unwrap_or_default();
    if call.is_get() {
        return read(&control, rest);
    }
    if call.method == hyper::Method::DELETE {
        if rest != ["fault"] {
            return Reply::empty(404);
        }
        control.clear_faults();
        return done(true);
    }
    if !call.is_post() {
        return Reply::only("GET, POST, DELETE");
    }
    let Some(body) = body_of(call, is_form) else {
        return Reply::json(400, json!({ "error": "the body is not a JSON object" }));
    };
    let reply = change(&control, rest, &body);
    if is_form && reply.status < 300 {
        // From the page: redirect to it.
        return Reply::empty(303).with("location", "/control");
    }
    reply
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

fn body_of(call: &Call, is_form: bool) -> Option<Map<String, Value>> {
    if call.body.is_empty() {
        return Some(Map::new());
    }
    if is_form {
        // Numbers in a form are text; empty fields count as absent.
        let mut fields = call.form();
        fields.retain(|(_, value)| !value.trim().is_empty());
        let fields = fields.into_iter();
        return Some(fields.map(|(name, value)| (name, value.into())).collect());
    }
    serde_json::from_slice(&call.body).ok()
}

fn done(done: bool) -> Reply {
    Reply::json(if done { 200 } else { 404 }, json!({ "done": done }))
}

fn read(control: &SimControl, rest: &[&str]) -> Reply {
    match rest {
        [] => human_page(control),
        ["clock"] => Reply::json(200, json!({ "now": control.now().to_string() })),
        ["fault"] => {
            let armed: Vec<Value> = control.faults().iter().map(|fault| json!({
                "on": format!("{:?}", fault.on), "what": format!("{:?}", fault.what), "times": fault.times
            })).collect();
            Reply::json(200, Value::Array(armed))
        }
        ["requests"] => Reply::json(200, control.requests().iter().map(request_json).collect()),
        ["actions"] => Reply::json(200, Value::Array(control.actions())),
        ["secrets"] => Reply::json(200, json!(control.secrets())),
        ["machines"] => {
            let machines = control.machine_ids().into_iter();
            let machines = machines.map(|(id, name)| json!({ "id": id, "name": name }));
            Reply::json(200, machines.collect())
        }
        _ => Reply::empty(404),
    }
}

fn request_json(request: &LoggedRequest) -> Value {
    json!({
        "at": request.at.to_string(), "method": request.method, "path": request.path, "query": request.query,
        "body": request.body, "status": request.status, "kind": request.kind.into_str()
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "a list of cases reads best in one piece"
)]
fn change(control: &SimControl, rest: &[&str], body: &Map<String, Value>) -> Reply {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| {
        let value = body.get(name)?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.trim().parse().ok())
    };
    let positive = |name: &str| number(name).and_then(|number| u64::try_from(number).ok());
    let wrong = |what: &str| Reply::json(400, json!({ "error": what }));
    match rest {
        ["approve"] if text("user_code").is_empty() => done(control.approve_latest()),
        ["approve"] => done(control.approve(text("user_code"))),
        ["decline"] if text("user_code").is_empty() => done(control.decline_latest()),
        ["decline"] => done(control.decline(text("user_code"))),
        ["expire"] => {
            match text("what") {
                "codes" => control.expire_codes(),
                "access_tokens" => control.expire_access_tokens(),
                "sign_ins" => control.revoke_sign_ins(),
                _ => return wrong("what must be codes, access_tokens or sign_ins"),
            }
            done(true)
        }
        ["clock"] => {
            let Some(secs) = positive("advance_secs") else {
                return wrong("advance_secs must be a number, 0 or more");
            };
            control.advance(Duration::from_secs(secs));
            Reply::json(200, json!({ "now": control.now().to_string() }))
        }
        ["fault"] => {
            let times = positive("times")
                .and_then(|times| u32::try_from(times).ok())
                .unwrap_or(0);
            let Some(fault) = Fault::parse(text("on"), text("what"), times) else {
                return wrong(
                    "on or what is not known; see the documentation of the control calls",
                );
            };
            control.inject(fault);
            done(true)
        }
        ["fault", "clear"] => {
            control.clear_faults();
            done(true)
        }
        ["permissions"] => {
            let listed = body.get("scopes").and_then(Value::as_array);
            let scopes: Vec<&str> = match listed {
                Some(list) => list.iter().filter_map(Value::as_str).collect(),
                None => text("scopes").split_whitespace().collect(),
            };
            control.set_permissions(&scopes);
            done(true)
        }
        ["person"] => {
            control.sign_in_as(text("oid"), text("upn"), text("name"));
            done(true)
        }
        ["claims"] => {
            control.want_claims(Some(text("claims")).filter(|claims| !claims.is_empty()));
            done(true)
        }
        ["interval"] => {
            let Some(secs) = positive("secs") else {
                return wrong("secs must be a number");
            };
            control.set_poll_interval(secs);
            done(true)
        }
        ["colleague"] => {
            let comment = if text("comment").is_empty() {
                "Started in the portal"
            } else {
                text("comment")
            };
            match control.act_as_colleague(text("machine_id"), text("type"), comment) {
                Some(id) => Reply::json(200, json!({ "id": id })),
                None => done(false),
            }
        }
        ["status"] => done(control.set_status(text("action_id"), text("status"))),
        ["never_finish"] => {
            control.never_finish(text("machine_id"));
            done(true)
        }
        ["fail_next"] => {
            let hresult = number("hresult")
                .and_then(|number| i32::try_from(number).ok())
                .unwrap_or(-2_147_467_259);
            control.fail_next(text("machine_id"), hresult);
            done(true)
        }
        _ => Reply::empty(404),
    }
}

/// Faults offered on the page, with their labels.
const OFFERED: [(&str, &str, &str); 9] = [
    (
        "submit",
        "drop_after",
        "Carry out the next action, then drop the answer",
    ),
    (
        "submit",
        "drop_before",
        "Drop the next action before it is carried out",
    ),
    (
        "submit",
        "active_request_exists",
        "A colleague was quicker with the next action",
    ),
    ("submit", "status:500", "Internal error at the next action"),
    ("api", "status:429:20", "Too many requests, wait 20 seconds"),
    ("api", "unauthorized", "The next call is not authorised"),
    (
        "machines",
        "lose_tail",
        "The next device list is incomplete",
    ),
    ("any", "latency:5000", "The next answer takes 5 seconds"),
    ("any", "html:502", "The next answer is a proxy's error page"),
];

fn human_page(control: &SimControl) -> Reply {
    let mut body = format!(
        "<p>The tenant's time is <b>{}</b>.</p>",
        control.now().strftime("%Y-%m-%d %H:%M:%S UTC")
    );
    body.push_str(
        "<form method=\"post\" action=\"/control/clock\"><label>Move the clock forward by \
         <select name=\"advance_secs\"><option value=\"60\">a minute</option><option value=\"3600\">an hour</option>\
         <option value=\"86400\">a day</option><option value=\"262800\">3 days and an hour</option></select></label>\
         <button>Move</button></form><h2>Sign-in</h2>\
         <form method=\"post\" action=\"/control/approve\"><input name=\"user_code\" aria-label=\"Code\" placeholder=\"newest code\">\
         <button>Approve code</button></form>\
         <form method=\"post\" action=\"/control/expire\"><select name=\"what\" aria-label=\"What\"><option value=\"codes\">codes</option>\
         <option value=\"access_tokens\">access tokens</option><option value=\"sign_ins\">all sign-ins</option></select>\
         <button>Expire</button></form><h2>Faults</h2>",
    );
    for (on, what, title) in OFFERED {
        // Writing into a `String` does not fail.
        write!(
            body,
            "<form method=\"post\" action=\"/control/fault\"><input type=\"hidden\" name=\"on\" value=\"{on}\">\
             <input type=\"hidden\" name=\"what\" value=\"{what}\"><input type=\"hidden\" name=\"times\" value=\"1\">\
             <button>{title}</button></form>"
        )
        .ok();
    }
    let faults = control.faults().into_iter();
    let faults = faults.map(|fault| escaped(&format!("{:?}: {:?}", fault.on, fault.what)));
    let armed: Vec<String> = faults.map(|fault| format!("<li>{fault}</li>")).collect();
    let armed = armed.concat();
    write!(
        body,
        "<p>Armed:</p><ul>{armed}</ul><form method=\"post\" action=\"/control/fault/clear\"><button>Disarm all</button></form>\
         <h2>Latest requests</h2><table><tr><th>Time</th><th>Request</th><th>Answer</th></tr>"
    )
    .ok();
    for request in control.requests().iter().rev().take(30) {
        let status = request
            .status
            .map_or_else(|| "none".to_owned(), |status| status.to_string());
        write!(
            body,
            "<tr><td>{}</td><td>{} {}</td><td>{status}</td></tr>",
            request.at.strftime("%H:%M:%S"),
            escaped(&request.method),
            escaped(&request.path)
        )
        .ok();
    }
    body.push_str("</table>");
    page(200, "Control of the built-in tenant", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_served() {
        assert!(is_loopback("127.0.0.1:8080") && is_loopback("localhost"));
        assert!(!is_loopback("evil.example:8080") && !is_loopback(""));
    }

    /// The calls in the table at the top of this file.
    fn table() -> Vec<(&'static str, &'static str)> {
        let rows = include_str!("control.rs").lines();
        let calls = rows.filter_map(|line| line.strip_prefix("//! | `")?.split('`').next());
        calls.filter_map(|call| call.split_once(' ')).collect()
    }

    fn asked(method: &str, path: &str, origin: Option<(&str, &str)>) -> u16 {
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8080");
        let request = match origin {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        let request = request.body(()).expect("a request");
        let call = Call::new(&request, hyper::body::Bytes::new());
        let simulator = super::super::Simulator::start(super::super::SimOptions::default());
        let tenant = simulator.expect("a port").control().0;
        let path = call.lowered();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        answer(&tenant, &call, &path).status
    }

    #[test]
    fn documented_calls_equal_handled_calls() {
        let table = table();
        assert!(table.len() > 15, "{table:?}");
        for (method, path) in &table {
            let status = asked(method, path, None);
            assert_ne!(status, 405, "{method} {path}");
            // Without a body some calls have nothing to change, and return a JSON error.
            if status == 404 {
                assert_eq!(*method, "POST", "{method} {path}");
            }
        }
        let source = include_str!("control.rs");
        let arms = source.lines().filter_map(|line| {
            let (arm, _) = line.trim().strip_prefix("[\"")?.split_once("\"]")?;
            Some(arm.replace("\", \"", "/"))
        });
        for arm in arms {
            let is_documented = table
                .iter()
                .any(|(_, path)| *path == format!("/control/{arm}"));
            assert!(
                is_documented || arm == "fault/clear",
                "{arm} is not in the table"
            );
        }
    }

    #[test]
    fn calls_from_other_origins_are_refused() {
        for (method, path) in table() {
            for foreign in [
                ("origin", "https://evil.example"),
                ("origin", "null"),
                // Another port is another origin of the same site.
                ("origin", "http://127.0.0.1:9090"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
            ] {
                assert_eq!(
                    asked(method, path, Some(foreign)),
                    403,
                    "{path} {foreign:?}"
                );
            }
            for own in [
                ("origin", "http://127.0.0.1:8080"),
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "none"),
            ] {
                assert_ne!(asked(method, path, Some(own)), 403, "{path} {own:?}");
            }
        }
    }

    #[test]
    fn faults_on_the_page_are_parsable() {
        for (on, what, _) in OFFERED {
            assert!(Fault::parse(on, what, 1).is_some(), "{on} {what}");
        }
    }
}
