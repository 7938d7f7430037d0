//! Which proxy is used for each host, which setting says so, and which settings are not used.

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use super::Line;
use super::desktop_proxy::{self, DesktopProxy};
use crate::model::Endpoints;

/// The variables that the HTTP client reads, in its order: the first spelling that is set counts.
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const EXCEPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// What is used for the hosts of this profile.
pub(super) fn lines(endpoints: &Endpoints) -> Vec<Line> {
    if endpoints.loopback {
        return vec![Line::good("proxy", "none, on this computer")];
    }
    let matcher = Matcher::from_system();
    let hosts = [&endpoints.token, &endpoints.api].map(|url| Host::new(url, &matcher));
    let mut lines = vec![used(&hosts)];
    lines.extend(variables());
    let is_set = hosts.iter().any(|host| host.proxy.is_some());
    lines.extend(desktop(desktop_proxy::read(), is_set));
    lines
}

/// A host of the service, and the proxy that is taken for it.
struct Host {
    name: String,
    proxy: Option<String>,
}

impl Host {
    fn new(url: &Url, matcher: &Matcher) -> Self {
        let address = url.as_str().parse().ok();
        Self {
            name: url.host_str().unwrap_or_default().to_owned(),
            proxy: address
                .and_then(|address| matcher.intercept(&address))
                .map(|proxy| bare(&proxy)),
        }
    }
}

/// Scheme, host and port, without user information: a name and a password.
fn bare(proxy: &Intercept) -> String {
    let uri = proxy.uri();
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().map(|port| format!(":{port}"));
    format!("{scheme}://{host}{}", port.unwrap_or_default())
}

fn used(hosts: &[Host; 2]) -> Line {
    let what = "proxy";
    let is_socks = |host: &&Host| {
        let proxy = host.proxy.as_deref().unwrap_or_default();
        proxy.starts_with("socks")
    };
    if let Some(Host {
        proxy: Some(proxy), ..
    }) = hosts.iter().find(is_socks)
    {
        let from = first_set(HTTPS).or(first_set(ALL));
        let from = from.map_or("the system", |(name, _)| name);
        let names = hosts.each_ref().map(|host| host.name.as_str()).join(",");
        return Line::bad(
            what,
            format!(
                "{from} names a SOCKS proxy ({proxy}), which cordon cannot use: nothing gets through"
            ),
            format!(
                "Set HTTPS_PROXY=http://HOST:PORT to an HTTP proxy; or, where the service can be reached without \
                 one, NO_PROXY={names}"
            ),
        );
    }
    let [sign_in, api] = hosts;
    let word = |host: &Host| host.proxy.clone().unwrap_or_else(|| "none".to_owned());
    match (&sign_in.proxy, &api.proxy) {
        (None, None) => Line::good(what, "none set"),
        (a, b) if a == b => Line::good(what, word(api)),
        _differ => Line::note(
            what,
            format!(
                "{} for {}, {} for {}",
                word(sign_in),
                sign_in.name,
                word(api),
                api.name
            ),
            "NO_PROXY leaves out one of the two hosts only: check that this is meant",
        ),
    }
}

/// The first spelling of a variable that is set, and its value.
fn first_set(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    let mut set = names.into_iter().filter_map(|name| {
        let value = std::env::var_os(name)?.to_string_lossy().trim().to_owned();
        (!value.is_empty()).then_some((name, value))
    });
    set.next()
}

/// What the proxy variables say, each with whether it counts.
fn variables() -> Option<Line> {
    let what = "proxy variables";
    let [https, all, http, except] = [HTTPS, ALL, HTTP, EXCEPT].map(first_set);
    let mut said = Vec::new();
    let mut trouble = None;
    let all_counts = https.is_none();
    for (variable, counts, unused) in [
        (https, true, ""),
        (all, all_counts, "HTTPS_PROXY goes before it"),
        (http, false, "the service is asked over https only"),
    ] {
        let Some((name, value)) = variable else {
            continue;
        };
        let Some(address) = address_of(&value) else {
            said.push(format!("{name} is not an address and is not used"));
            trouble = Some("Write it as http://HOST:PORT");
            continue;
        };
        if counts {
            said.push(format!("{name} is {address}"));
        } else {
            said.push(format!("{name} is {address} and not used: {unused}"));
        }
    }
    let only_http = said.len() == 1 && said.iter().any(|text| text.contains("over https only"));
    if only_http {
        trouble = Some("If the service is to be reached through it, set HTTPS_PROXY as well");
    }
    if let Some((name, value)) = except {
        let count = value
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .count();
        said.push(format!("{name} leaves out {count}"));
    }
    match (said.is_empty(), trouble) {
        (true, _) => None,
        (false, None) => Some(Line::good(what, said.join("; "))),
        (false, Some(remedy)) => Some(Line::note(what, said.join("; "), remedy)),
    }
}

/// A variable's value as the HTTP client understands it, without name and password.
fn address_of(value: &str) -> Option<String> {
    let matcher = Matcher::builder().all(value.to_owned()).build();
    let any = "https://service.example".parse().ok()?;
    Some(bare(&matcher.intercept(&any)?))
}

/// What the desktop's own settings add to that.
fn desktop(found: DesktopProxy, is_set: bool) -> Option<Line> {
    let what = "desktop's proxy";
    let ask = "Ask which proxy is meant for the hosts below, and set HTTPS_PROXY=http://HOST:PORT";
    let (text, remedy) = match found {
        DesktopProxy::None => return None,
        DesktopProxy::Script if is_set => {
            return Some(Line::good(
                what,
                "a script (PAC), not evaluated: the proxy above is used",
            ));
        }
        DesktopProxy::Script => (
            "a script (PAC), which cordon does not evaluate: it connects directly".to_owned(),
            ask,
        ),
        DesktopProxy::Manual | DesktopProxy::Unknown if is_set => return None,
        DesktopProxy::Manual => (
            "set by hand, which cordon does not read here: it connects directly".to_owned(),
            ask,
        ),
        DesktopProxy::Unknown => (
            "cordon cannot see whether the desktop has one, by hand or by a script (PAC)"
                .to_owned(),
            "If it has, and the hosts below do not answer, set HTTPS_PROXY=http://HOST:PORT",
        ),
    };
    Some(Line::note(what, text, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (value, address) in [
            (
                "http://ada:hunter2@proxy.example:8080",
                Some("http://proxy.example:8080"),
            ),
            ("proxy.example:8080", Some("http://proxy.example:8080")),
            (
                "socks5h://ada:hunter2@127.0.0.1:1080",
                Some("socks5h://127.0.0.1:1080"),
            ),
            ("::", None),
            ("", None),
        ] {
            assert_eq!(address_of(value).as_deref(), address, "{value}");
        }
    }

    #[test]
    fn what_the_desktop_says_counts_only_where_nothing_else_is_set() {
        let words = |found, is_set| desktop(found, is_set).map(|line| line.found);
        assert_eq!(words(DesktopProxy::None, false), None);
        for found in [DesktopProxy::Script, DesktopProxy::Manual] {
            let said = words(found, false).expect("a line");
            assert!(said.contains("connects directly"), "{said}");
        }
        assert!(
            words(DesktopProxy::Unknown, false).is_some_and(|said| said.contains("cannot see"))
        );
        assert_eq!(words(DesktopProxy::Unknown, true), None);
    }
}
