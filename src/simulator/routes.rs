//! Routing of a request: log, faults, bearer, limits, and the handler.

use std::collections::BTreeSet;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::Value;

use super::actions::{ACTIONS, by_route};
use super::call::Call;
use super::distort::{self, INVALID_TOKEN};
use super::faults::{FaultKind, Place, Route};
use super::identity::Bearer;
use super::log::{LoggedRequest, RequestKind, harmless};
use super::oauth::{discovery, oauth_error};
use super::reply::{Answer, Reply};
use super::storage_faults::StorageFault;
use super::tenant::SimTenant;
use super::wire::Connection;
use super::{api, control, indicators, investigations, lookups, packages, pages, submit, tags};

/// Permissions for reading alerts and investigations; one is sufficient.
const ALERTS: [&str; 2] = ["Alert.Read", "Alert.ReadWrite"];

/// Reading indicators requires the same permission as changing them.
const INDICATORS: [&str; 1] = ["Ti.ReadWrite"];

/// Documented spelling of path segments, except those of the actions.
const SPELLINGS: [&str; 15] = [
    "machines",
    "machineactions",
    "users",
    "files",
    "investigations",
    "indicators",
    "availableMachineActions",
    "logonusers",
    "alerts",
    "tags",
    "cancel",
    "GetPackageUri",
    "stats",
    "$count",
    "findbyip",
];

/// More than any client of the service sends.
const MAX_BODY: usize = 1 << 20;

/// Handles one request.
pub(super) async fn answer(
    tenant: &Arc<SimTenant>,
    connection: &Connection,
    mut request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let Ok(body) = Limited::new(request.body_mut(), MAX_BODY).collect().await else {
        return Reply::empty(413).plain();
    };
    let mut call = Call::new(&request, body.to_bytes());
    let path = call.lowered();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if path.first() == Some(&"control") {
        return control::answer(tenant, &call, &path).plain();
    }
    // Another origin may link here, but not submit forms.
    if call.is_cross_origin && !call.is_get() {
        return Reply::empty(403).plain();
    }
    let place = place_of(&call, &path);
    let entry = note(tenant, &call, &place);
    let (delay, fault) = tenant.lock().faults.take_matching(&place);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let fault = fault.as_ref();
    if fault == Some(&FaultKind::SkipIgnored) {
        call.query.retain(|(name, _)| name != "$skip");
    }
    let reply = match fault {
        Some(FaultKind::Stall) => std::future::pending().await,
        Some(FaultKind::DropBefore) => Reply::empty(503),
        _ => distort::short_circuit(fault).unwrap_or_else(|| dispatch(tenant, &call, &path, fault)),
    };
    if matches!(fault, Some(FaultKind::DropBefore | FaultKind::DropAfter)) {
        connection.cut();
        return reply.plain();
    }
    if let Some(FaultKind::CutAfter(bytes) | FaultKind::Storage(StorageFault::NoLength(bytes))) =
        fault
    {
        connection.cut_after(*bytes);
    }
    let reply = distort::after(reply, fault, &call, &tenant.address);
    finish(tenant, &call, &place, entry, reply)
}

/// Logs the request, and returns the log entry's index.
fn note(tenant: &SimTenant, call: &Call, place: &Place) -> usize {
    let api = place.is_api();
    let kind = if matches!(place, Place::Of(Route::Devicecode | Route::Token))
        || call.path.contains("/oauth2/")
    {
        RequestKind::Identity
    } else if !api {
        RequestKind::Other
    } else if call.is_get() {
        RequestKind::Read
    } else {
        RequestKind::Change
    };
    let body = if call.body.is_empty() {
        Value::Null
    } else if api {
        serde_json::from_slice(&call.body).unwrap_or(Value::Null)
    } else {
        harmless(&call.form())
    };
    let request = LoggedRequest {
        at: tenant.clock.now(),
        method: call.method.to_string(),
        path: call.path.clone(),
        query: if api {
            call.raw_query.clone()
        } else {
            String::new()
        },
        body,
        status: None,
        kind,
    };
    let mut inner = tenant.lock();
    inner.log.push(request);
    inner.log.len() - 1
}

/// Adds the common headers, and completes the log entry.
fn finish(
    tenant: &SimTenant,
    call: &Call,
    place: &Place,
    entry: usize,
    reply: Reply,
) -> Response<Full<Bytes>> {
    let mut inner = tenant.lock();
    let status = reply.status;
    if let Some(request) = inner.log.get_mut(entry) {
        request.status = Some(status);
    }
    let now = tenant.clock.now();
    // The tenant's clock, so that clock skew can be simulated.
    let mut reply = reply.with(
        "date",
        &now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    );
    if place.is_api() {
        reply = reply.with(
            "strict-transport-security",
            "max-age=15724800; includeSubDomains",
        );
        reply = reply.with("mise-correlation-id", &inner.rng.guid());
    } else {
        reply = reply
            .with("cache-control", "no-store, no-cache")
            .with("pragma", "no-cache");
        if !reply
            .headers
            .iter()
            .any(|(name, _)| *name == "x-ms-request-id")
        {
            reply = reply.with("x-ms-request-id", &inner.rng.guid());
        }
        if let Some(id) = &call.client_request_id {
            reply = reply.with("client-request-id", id);
        }
    }
    let compress = inner.compress;
    drop(inner);
    reply.into_response(&call.accept_encoding, compress, place.is_api())
}

/// The part of the path under `/api` or `/api/v1.0`.
fn under_api<'a, 'b>(path: &'b [&'a str]) -> Option<&'b [&'a str]> {
    match path {
        ["api", "v1.0", rest @ ..] | ["api", rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Whether a list is requested with a filter that contains this text.
fn has_filter(call: &Call, part: &str) -> bool {
    let mut filters = call.query.iter().filter(|(name, _)| name == "$filter");
    filters.any(|(_, filter)| filter.contains(part))
}

fn place_of(call: &Call, path: &[&str]) -> Place {
    if let [_, "oauth2", "v2.0", last] = path {
        return match *last {
            "devicecode" => Place::Of(Route::Devicecode),
            "token" => Place::Of(Route::Token),
            _ => Place::Elsewhere,
        };
    }
    if path.first() == Some(&packages::STORAGE) {
        return Place::Of(Route::Package);
    }
    let Some(rest) = under_api(path) else {
        return Place::Elsewhere;
    };
    let submit = |route, kind| Place::Submit { route, kind };
    Place::Of(match rest {
        ["machines"] if call.query.iter().any(|(name, _)| name == "$filter") => {
            Route::MachineSearch
        }
        ["machines"] => Route::Machines,
        ["machines", last] if last.starts_with("findbyip(") => Route::FindByIp,
        ["machines", _] => Route::Machine,
        ["users", _, "machines"] => Route::UserMachines,
        ["machineactions"] if has_filter(call, "id in ") => Route::ActionsById,
        ["machineactions"] if !has_filter(call, "machineId") => Route::TenantActions,
        ["machineactions"] | ["machines", _, "machineactions"] => Route::MachineActions,
        ["machineactions", _] => Route::MachineAction,
        ["machines", _, "logonusers"] => Route::LogonUsers,
        ["machines", _, "alerts"] | ["machines", _, "alerts", "$count"] => Route::Alerts,
        ["machines", _, "availablemachineactions"] => Route::AvailableActions,
        ["investigations", ..] => Route::Investigations,
        ["machineactions", _, "cancel"] => Route::Cancel,
        ["machineactions", _, "getpackageuri"] => Route::PackageLink,
        ["indicators", ..] if !call.is_get() => return submit("indicators", "Indicator"),
        ["indicators"] => Route::Indicators,
        ["machines", _, "tags"] if call.is_post() => return submit("tags", "Tag"),
        ["machines", _, last] if call.is_post() => {
            return by_route(last).map_or(Place::OtherApi, |row| submit(row.route, row.kind));
        }
        _ => return Place::OtherApi,
    })
}

fn dispatch(tenant: &SimTenant, call: &Call, path: &[&str], fault: Option<&FaultKind>) -> Reply {
    let answer = match under_api(path) {
        Some(rest) => api_half(tenant, call, rest, fault),
        None => sign_in_half(tenant, call, path, fault),
    };
    answer.unwrap_or_else(|refusal| refusal)
}

fn sign_in_half(
    tenant: &SimTenant,
    call: &Call,
    path: &[&str],
    fault: Option<&FaultKind>,
) -> Answer {
    let now = tenant.clock.now();
    let name = path.first().copied().unwrap_or_default();
    let address = &tenant.address;
    Ok(match path {
        [_, "oauth2", "v2.0", "devicecode" | "token"] if !call.is_post() => {
            let text = "The endpoint only accepts POST requests.";
            oauth_error(400, "invalid_request", 900_561, text, now)
        }
        [_, "oauth2", "v2.0", "devicecode"] => {
            let identity = &mut tenant.lock().identity;
            identity.devicecode(call, name, address, now)?
        }
        [_, "oauth2", "v2.0", "token"] => {
            let identity = &mut tenant.lock().identity;
            identity.token(call, name, address, now, fault)?
        }
        [_, "oauth2", "v2.0", "authorize"] => pages::authorize(tenant, call),
        [_, "oauth2", "v2.0", "logout"] => pages::signed_out(),
        [_, "v2.0", ".well-known", "openid-configuration"] if call.is_get() => {
            Reply::json(200, discovery(name, address))
        }
        ["devicelogin"] => pages::devicelogin(tenant, call),
        [packages::STORAGE, ..] => packages::serve(tenant, call, fault),
        [] if call.is_get() => pages::front(address),
        _ => Reply::empty(404),
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "a list of cases reads best in one piece"
)]
fn api_half(tenant: &SimTenant, call: &Call, rest: &[&str], fault: Option<&FaultKind>) -> Answer {
    let has = bearer_of(tenant, call)?;
    let now = tenant.clock.now();
    if let Err(seconds) = tenant.lock().limits.count(now) {
        return Err(Reply::throttled("100 per 1m and 1500 per 1h", seconds));
    }
    let allowed = |any_of: &[&str], answer: &dyn Fn() -> Answer| {
        let holds = |name: &&str| has.iter().any(|has| has.eq_ignore_ascii_case(name));
        if any_of.iter().any(holds) {
            answer()
        } else {
            Err(not_allowed(any_of, &has))
        }
    };
    // The last segments as spelled by the client; the path without prefix is as long as `rest`.
    let spelled = call
        .segments
        .get(call.segments.len().saturating_sub(rest.len())..)
        .unwrap_or_default();
    if !is_spelled_as_documented(spelled) {
        return Err(Reply::empty(404));
    }
    let subject = spelled.get(1).map_or("", String::as_str);
    let read = ["Machine.Read", "Machine.ReadWrite"];
    let get = |any_of: &[&str], answer: &dyn Fn() -> Answer| {
        if call.is_get() {
            allowed(any_of, answer)
        } else {
            Err(Reply::only("GET"))
        }
    };
    match rest {
        ["machines"] => get(&read, &|| api::machines(tenant, call)),
        ["machines", "$count"] => get(&read, &|| api::count(api::machines(tenant, call))),
        ["machines", last] if last.starts_with("findbyip(") => {
            get(&read, &|| lookups::by_address(tenant, subject))
        }
        ["machines", _] => get(&read, &|| api::machine(tenant, subject)),
        ["users", _, "machines"] => get(&read, &|| Ok(lookups::of_user(tenant, subject))),
        ["machines", _, "machineactions"] => {
            get(&read, &|| api::actions(tenant, call, Some(subject)))
        }
        ["machines", _, "availablemachineactions"] => {
            get(&read, &|| submit::available(tenant, subject))
        }
        ["machines", _, "logonusers"] => get(&["User.Read.All"], &|| api::users(tenant, subject)),
        ["machines", _, "alerts"] => get(&ALERTS, &|| api::alerts(tenant, call, subject)),
        ["machines", _, "alerts", "$count"] => {
            get(&ALERTS, &|| api::count(api::alerts(tenant, call, subject)))
        }
        ["machines", _, "tags"] | ["machineactions", _, "cancel"] if !call.is_post() => {
            Err(Reply::only("POST"))
        }
        ["machines", _, "tags"] => allowed(&["Machine.ReadWrite"], &|| {
            tags::change(tenant, call, subject, fault)
        }),
        ["machines", _, last] => match by_route(last) {
            Some(_) if !call.is_post() => Err(Reply::only("POST")),
            Some(row) if row.is_investigation => allowed(&[row.permission], &|| {
                investigations::start(tenant, call, subject, row, fault)
            }),
            Some(row) => allowed(&[row.permission], &|| {
                submit::submit(tenant, call, subject, row, fault)
            }),
            None => Err(Reply::empty(404)),
        },
        ["investigations"] => get(&ALERTS, &|| investigations::list(tenant, call)),
        ["investigations", _] => get(&ALERTS, &|| investigations::one(tenant, subject)),
        ["machineactions"] => get(&read, &|| api::actions(tenant, call, None)),
        ["machineactions", "$count"] => {
            get(&read, &|| api::count(api::actions(tenant, call, None)))
        }
        ["machineactions", _] => get(&read, &|| api::action(tenant, subject)),
        ["machineactions", _, "cancel"] => allowed(&super::actions::CANCEL_PERMISSIONS, &|| {
            submit::cancel(tenant, call, subject)
        }),
        ["machineactions", _, "getpackageuri"] => get(&["Machine.CollectForensics"], &|| {
            packages::link(tenant, subject, fault)
        }),
        ["indicators", ..] => allowed(&INDICATORS, &|| indicators::answer(tenant, call, rest)),
        ["files", _] => get(&["File.Read.All"], &|| api::file(tenant, subject)),
        ["files", _, "stats"] => get(&["File.Read.All"], &|| {
            api::file_statistics(tenant, subject)
        }),
        ["files", _, "machines"] => get(&read, &|| lookups::with_file(tenant, subject)),
        _ => Err(Reply::empty(404)),
    }
}

/// Whether a path is spelled as documented. The service is said to be case-insensitive, but proxies
/// may not be. The second segment is an id unless it is a function.
fn is_spelled_as_documented(spelled: &[String]) -> bool {
    let documented = || {
        let actions = ACTIONS.iter().map(|row| row.route);
        SPELLINGS.into_iter().chain(actions)
    };
    spelled.iter().enumerate().all(|(n, part)| {
        let name = part.split('(').next().unwrap_or_default();
        let is_id = n == 1 && name.len() == part.len();
        let mut known = documented().filter(|known| known.eq_ignore_ascii_case(name));
        is_id || known.next().is_none_or(|known| known == name)
    })
}

fn not_allowed(any_of: &[&str], has: &BTreeSet<String>) -> Reply {
    let has: Vec<&str> = has.iter().map(String::as_str).collect();
    let message = format!(
        "Missing application scopes. API required scopes: {}, application scopes: {}.",
        any_of.join(","),
        has.join(",")
    );
    Reply::error(403, "Forbidden", &message)
}

fn bearer_of(tenant: &SimTenant, call: &Call) -> Result<BTreeSet<String>, Reply> {
    let unauthorized = |text: &str| {
        let reply = Reply::error(401, "Unauthorized", text);
        Err(reply.with("www-authenticate", INVALID_TOKEN))
    };
    let now = tenant.clock.now();
    let Some(token) = &call.bearer else {
        return unauthorized("Unauthorized request - no bearer token.");
    };
    match tenant.lock().identity.bearer(token, now) {
        Bearer::Unknown => unauthorized("Unauthorized request - the token is not valid."),
        Bearer::Expired => unauthorized(&format!(
            "Lifetime validation failed, the token is expired. Current time: {now}"
        )),
        Bearer::WrongAudience => {
            let message = "The token's audience is not this service.";
            Err(Reply::error(403, "Forbidden", message))
        }
        Bearer::Good(has) => Ok(has),
    }
}

#[cfg(test)]
mod tests {
    use super::is_spelled_as_documented;

    #[test]
    fn path_case_is_compared_with_documentation() {
        for (path, is_right) in [
            ("machineactions/1/GetPackageUri", true),
            ("machineactions/1/getPackageUri", false),
            ("machines/a1/runAntiVirusScan", true),
            ("machines/a1/runAntivirusScan", false),
            ("Machines/a1", false),
            ("users/Alerts/machines", true),
            ("machines/findbyip(ip='10.0.0.1')", true),
            ("machines/FindByIp(ip='10.0.0.1')", false),
            ("machines/a1/setDeviceValue", true),
        ] {
            let spelled: Vec<_> = path.split('/').map(str::to_owned).collect();
            assert_eq!(is_spelled_as_documented(&spelled), is_right, "{path}");
        }
    }
}
