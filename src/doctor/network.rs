//! Whether the hosts respond, and whether this computer's clock agrees with theirs.

use url::Url;

use super::line::Line;
use crate::api::Http;
use crate::api::proxy::ProxyChoice;
use crate::auth::{AuthError, HttpFault, HttpRequest, HttpResponse, SendRequest};
use crate::explain::Explain as _;
use crate::model::{Endpoints, http_date};

/// Sends both hosts a harmless request with the console's HTTP client: same proxy, same certificate
/// verification.
pub(super) fn reach_lines(endpoints: &Endpoints) -> Vec<Line> {
    let cannot = |what: &dyn std::fmt::Display| {
        vec![Line::bad(
            "network",
            what.to_string(),
            "Fix the problems above",
        )]
    };
    let http = match Http::new(endpoints) {
        Ok(http) => http.lend(),
        Err(error) => return cannot(&error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return cannot(&error),
    };
    let mut discovery = endpoints.token.clone();
    discovery.set_path(&format!(
        "{}/v2.0/.well-known/openid-configuration",
        endpoints.tenant
    ));
    runtime.block_on(async {
        let sign_in = ask(&http, &discovery).await;
        let api = ask(&http, &endpoints.api).await;
        let clock = sign_in.as_ref().ok().or(api.as_ref().ok()).map(clock_line);
        [
            reach_line("sign-in host", &discovery, sign_in),
            reach_line("API host", &endpoints.api, api),
        ]
        .into_iter()
        .chain(clock)
        .collect()
    })
}

async fn ask(http: &SendRequest, url: &Url) -> Result<HttpResponse, HttpFault> {
    let mut request = HttpRequest::new(Vec::new());
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_not_a_uri| HttpFault::NotReached)?;
    http(request).await
}

fn reach_line(what: &'static str, url: &Url, answer: Result<HttpResponse, HttpFault>) -> Line {
    let host = url.host_str().unwrap_or_default();
    let failed = |error: AuthError, found: String| {
        let explanation = error.explain();
        Line::bad(what, found, explanation.next.words())
    };
    match answer {
        Err(fault) => {
            let mut line = failed(
                AuthError::Unreachable(fault.clone()),
                format!("{host}: {fault}"),
            );
            if fault == HttpFault::NotReached {
                let proxy = ProxyChoice::of_this_computer().proxy_for(url);
                let remedy = if let Some(proxy) = proxy {
                    line.found = format!("{host}: not reached through the proxy {proxy}");
                    "Check whether the proxy answers, and lets this computer through to the host"
                } else {
                    "Check the network, name resolution and the firewall"
                };
                line.remedy = Some(remedy.into());
            }
            line
        }
        Ok(response) => {
            let status = response.status().as_u16();
            let is_page = response
                .headers()
                .get("content-type")
                .and_then(|kind| kind.to_str().ok())
                .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
            match status {
                407 | 511 | 300..=399 => failed(
                    AuthError::NotUnderstood { status },
                    format!("{host}: HTTP {status}"),
                ),
                200..=299 if is_page => failed(
                    AuthError::NotUnderstood { status },
                    format!("{host}: a web page"),
                ),
                500..=599 => Line::bad(
                    what,
                    format!("{host}: HTTP {status}"),
                    "The service, or something in front of it, has a problem: try again later",
                ),
                // This is the best answer that is possible without a sign-in.
                _ => Line::good(what, format!("{host} answers (HTTP {status})")),
            }
        }
    }
}

/// Times of a device come from the service, ages from this computer's clock.
#[expect(clippy::disallowed_methods, reason = "a report of this very moment")]
fn clock_line(response: &HttpResponse) -> Line {
    let what = "clock";
    let date = response
        .headers()
        .get("date")
        .and_then(|date| date.to_str().ok())
        .and_then(http_date);
    let Some(date) = date else {
        return Line::good(what, "not checked: the host sent no date");
    };
    let off = jiff::Timestamp::now().duration_since(date);
    let minutes = off.as_mins().abs();
    if minutes < 5 {
        Line::good(what, "within five minutes of the host's")
    } else {
        Line::bad(
            what,
            format!("{minutes} minutes away from the host's"),
            "Set this computer's clock: certificates and ages depend on it",
        )
    }
}
