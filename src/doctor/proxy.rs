//! The proxy for each host, the setting that selects it, and unused settings.

use url::Url;

use super::desktop_proxy::{self, DesktopProxy};
use super::line::Line;
use crate::api::proxy::{ALL, EXCEPT, HTTPS, ProxyChoice, address_of, first_set};
use crate::model::Endpoints;

/// Not used for https, and so never for the service.
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];

/// Report lines on the proxies for the hosts of this profile.
pub(super) fn lines(endpoints: &Endpoints) -> Vec<Line> {
    if endpoints.loopback {
        return vec![Line::good("proxy", "none, on this computer")];
    }
    let choice = ProxyChoice::of_this_computer();
    let hosts = [&endpoints.token, &endpoints.api].map(|url| Host::new(url, &choice));
    let found = desktop_proxy::read();
    let mut lines = vec![used(&hosts, found)];
    lines.extend(variables());
    let is_set = hosts.iter().any(|host| host.proxy.is_some());
    lines.extend(desktop(found, is_set));
    lines
}

/// A host of the service, with its proxy.
struct Host {
    name: String,
    proxy: Option<String>,
}

impl Host {
    fn new(url: &Url, choice: &ProxyChoice) -> Self {
        Self {
            name: url.host_str().unwrap_or_default().to_owned(),
            proxy: choice.proxy_for(url),
        }
    }
}

fn used(hosts: &[Host; 2], found: DesktopProxy) -> Line {
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
        (None, None) if found == DesktopProxy::Script => {
            Line::good(what, "none used; a proxy script is set, see below")
        }
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
            "NO_PROXY leaves out only one of the two hosts: check that this is intended",
        ),
    }
}

/// Values of the proxy variables, and whether each is used.
fn variables() -> Option<Line> {
    let what = "proxy variables";
    let [https, all, http, except] = [HTTPS, ALL, HTTP, EXCEPT].map(first_set);
    let mut said = Vec::new();
    let mut trouble = None;
    let all_counts = https.is_none();
    let is_address = |(_, value): &(_, String)| address_of(value).is_some();
    let is_only_http = all_counts && all.is_none() && http.as_ref().is_some_and(is_address);
    for (variable, counts, unused) in [
        (https, true, ""),
        (all, all_counts, "HTTPS_PROXY takes precedence"),
        (http, false, "the service is contacted over https only"),
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
    if is_only_http {
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

/// The line on the desktop's own settings.
fn desktop(found: DesktopProxy, is_set: bool) -> Option<Line> {
    let what = "desktop's proxy";
    let ask =
        "Ask which proxy is meant for the hosts below, and set HTTPS_PROXY to http://HOST:PORT";
    let (text, remedy) = match found {
        DesktopProxy::None => return None,
        DesktopProxy::Script if is_set => {
            return Some(Line::good(
                what,
                "a proxy script (PAC) is set and not run: the proxy above is used",
            ));
        }
        DesktopProxy::Script => (
            "a proxy script (PAC) is set; cordon does not run it and connects directly".to_owned(),
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
    fn desktop_proxy_settings_apply_only_without_other_settings() {
        let words = |found, is_set| desktop(found, is_set).map(|line| line.found);
        assert_eq!(words(DesktopProxy::None, false), None);
        for found in [DesktopProxy::Script, DesktopProxy::Manual] {
            let said = words(found, false).expect("a line");
            assert!(said.contains("directly"), "{said}");
        }
        assert!(
            words(DesktopProxy::Unknown, false).is_some_and(|said| said.contains("cannot see"))
        );
        assert_eq!(words(DesktopProxy::Unknown, true), None);
        // A script is reported even if another setting takes precedence.
        let said = words(DesktopProxy::Script, true).expect("a line");
        assert!(said.contains("not run: the proxy above"), "{said}");
    }
}
