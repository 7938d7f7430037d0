//! Selection of the client's proxy. The HTTP library reads environment variables and system
//! settings; what it would misread is handled here: a proxy per scheme, wildcard exceptions, and
//! `ALL_PROXY`, which takes precedence over the settings.

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use crate::platform::{self, ProxySettings};

/// The first spelling that is set counts, as in the HTTP library.
pub const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
pub const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];
pub const EXCEPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Source of the proxy settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyChoice {
    /// Settings read by the HTTP library.
    Library,
    /// The values of `ALL_PROXY` and `NO_PROXY`.
    All { address: String, except: String },
    /// The system's settings.
    System(SystemProxy),
}

/// A proxy of the system's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemProxy {
    /// The proxy for https; `None` if the settings have one for other schemes only.
    address: Option<Url>,
    except: Exceptions,
}

/// Hosts that are reached directly.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exceptions {
    /// The value of `NO_PROXY`.
    Variable(String),
    /// Patterns with `*`, in lower case.
    Settings(Vec<String>),
}

/// The first spelling of a variable that is set, and its value.
pub fn first_set(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    let mut set = names.into_iter().filter_map(|name| {
        let value = std::env::var_os(name)?.to_string_lossy().trim().to_owned();
        (!value.is_empty()).then_some((name, value))
    });
    set.next()
}

impl ProxyChoice {
    #[must_use]
    pub fn of_this_computer() -> Self {
        let value = |names| first_set(names).map(|(_, value)| value);
        Self::of(
            value(HTTPS).as_deref(),
            value(ALL),
            value(EXCEPT),
            platform::proxy_settings().as_ref(),
        )
    }

    fn of(
        https: Option<&str>,
        all: Option<String>,
        except: Option<String>,
        settings: Option<&ProxySettings>,
    ) -> Self {
        if https.is_some() {
            return Self::Library;
        }
        if let Some(address) = all {
            let except = except.unwrap_or_default();
            return Self::All { address, except };
        }
        let Some(server) = settings.and_then(|settings| settings.server.as_deref()) else {
            return Self::Library;
        };
        let patterns = settings.and_then(|settings| settings.except.as_deref());
        Self::System(SystemProxy {
            address: https_entry(server),
            except: except.map_or_else(
                || Exceptions::Settings(patterns_of(patterns.unwrap_or_default())),
                Exceptions::Variable,
            ),
        })
    }

    fn is_none(&self) -> bool {
        *self == Self::Library && first_set(HTTPS).is_none()
    }

    /// The proxy for a URL, as scheme, host and port, without credentials.
    #[must_use]
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        let address = url.as_str().parse().ok()?;
        match self {
            Self::Library => Matcher::from_system().intercept(&address).map(bare),
            Self::All {
                address: proxy,
                except,
            } => {
                let matcher = Matcher::builder().all(proxy.as_str()).no(except.as_str());
                matcher.build().intercept(&address).map(bare)
            }
            Self::System(system) => system.proxy_for(url).map(|proxy| {
                let shown = proxy.as_str();
                shown.trim_end_matches('/').to_owned()
            }),
        }
    }
}

impl SystemProxy {
    #[must_use]
    pub fn proxy_for(&self, url: &Url) -> Option<Url> {
        let proxy = self.address.clone()?;
        let host = url.host_str()?;
        let is_direct = match &self.except {
            Exceptions::Variable(except) => {
                let matcher = Matcher::builder().all(proxy.as_str()).no(except.as_str());
                let address = url.as_str().parse().ok()?;
                matcher.build().intercept(&address).is_none()
            }
            Exceptions::Settings(patterns) => patterns.iter().any(|p| fits(p, host)),
        };
        (!is_direct).then_some(proxy)
    }
}

/// Whether only a script of the system's settings would name the proxy.
pub(super) fn skips_script() -> bool {
    let names_script = platform::proxy_settings().is_some_and(|set| set.script.is_some());
    names_script && ProxyChoice::of_this_computer().is_none()
}

/// Scheme, host and port, without credentials.
#[expect(clippy::needless_pass_by_value, reason = "it is mapped over")]
fn bare(proxy: Intercept) -> String {
    let uri = proxy.uri();
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().map(|port| format!(":{port}"));
    format!("{scheme}://{host}{}", port.unwrap_or_default())
}

/// A variable's value as parsed by the HTTP library, without credentials.
#[must_use]
pub fn address_of(value: &str) -> Option<String> {
    let matcher = Matcher::builder().all(value).build();
    let any = "https://service.example".parse().ok()?;
    matcher.intercept(&any).map(bare)
}

/// The proxy for https in the settings' own notation: one address for all schemes, or several as
/// `http=a:80;https=b:8443`. A SOCKS proxy serves schemes without their own.
fn https_entry(server: &str) -> Option<Url> {
    let entries = server.split([';', ' ']).filter(|entry| !entry.is_empty());
    let mut for_all = None;
    let mut socks = None;
    for entry in entries {
        match entry.split_once('=') {
            None => for_all = for_all.or(address(entry, "http")),
            Some((scheme, at)) if scheme.eq_ignore_ascii_case("https") => {
                return address(at, "http");
            }
            Some((scheme, at)) if scheme.eq_ignore_ascii_case("socks") => {
                socks = address(at, "socks4");
            }
            Some(_for_another_scheme) => {}
        }
    }
    for_all.or(socks)
}

/// A URL whose scheme may be missing.
fn address(text: &str, scheme: &str) -> Option<Url> {
    let text = text.trim();
    if text.contains("://") {
        return Url::parse(text).ok();
    }
    Url::parse(&format!("{scheme}://{text}")).ok()
}

/// `<local>` means names without a dot, which the service does not have.
fn patterns_of(except: &str) -> Vec<String> {
    let entries = except.split(';').map(|entry| entry.trim().to_lowercase());
    entries
        .map(|entry| match entry.split_once("://") {
            Some((_scheme, host)) => host.to_owned(),
            None => entry,
        })
        .filter(|entry| !entry.is_empty() && entry != "<local>")
        .collect()
}

/// Whether a host matches a pattern in which `*` matches anything.
fn fits(pattern: &str, host: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == host;
    };
    let Some(rest) = host.strip_prefix(before) else {
        return false;
    };
    let mut tails = rest.char_indices().map(|(at, _)| &rest[at..]).chain([""]);
    tails.any(|tail| fits(after, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(server: &str, except: &str) -> ProxySettings {
        ProxySettings {
            server: Some(server.into()),
            except: Some(except.into()),
            script: None,
        }
    }

    /// The proxy used for the API's host.
    fn taken(choice: &ProxyChoice) -> Option<String> {
        let url = Url::parse("https://api.security.microsoft.com/api/machines").expect("literal");
        choice.proxy_for(&url)
    }

    fn of_settings(server: &str, except: &str) -> Option<String> {
        let settings = settings(server, except);
        taken(&ProxyChoice::of(None, None, None, Some(&settings)))
    }

    #[test]
    fn https_proxy_is_parsed_from_each_settings_notation() {
        for (server, proxy) in [
            ("proxy.example:8080", Some("http://proxy.example:8080")),
            (
                "http://proxy.example:8080",
                Some("http://proxy.example:8080"),
            ),
            (
                "http=a.example:1;https=b.example:8443",
                Some("http://b.example:8443"),
            ),
            ("https=b.example:8443", Some("http://b.example:8443")),
            (
                "HTTPS=b.example:8443;socks=c.example:1080",
                Some("http://b.example:8443"),
            ),
            (
                "http=a.example:1 https=https://b.example:8443",
                Some("https://b.example:8443"),
            ),
            ("http=a.example:1", None),
            (
                "ftp=a.example:1;other.example:3",
                Some("http://other.example:3"),
            ),
            (
                "http=a.example:1;socks=c.example:1080",
                Some("socks4://c.example:1080"),
            ),
            ("", None),
        ] {
            assert_eq!(of_settings(server, "").as_deref(), proxy, "{server}");
        }
    }

    #[test]
    fn proxy_exceptions_are_patterns_and_no_proxy_overrides_them() {
        let proxy = Some("http://p.example:1".to_owned());
        for (except, is_direct) in [
            ("<local>;10.*;*.contoso.com", false),
            ("*.microsoft.com", true),
            ("API.security.*", true),
            ("https://api.security.microsoft.com", true),
            ("*microsoft.com;<local>", true),
            ("microsoft.com", false),
            ("api.*.microsoft.*", true),
            ("*", true),
        ] {
            let taken = of_settings("p.example:1", except);
            assert_eq!(
                taken,
                (!is_direct).then(|| proxy.clone()).flatten(),
                "{except}"
            );
        }
        let settings = settings("p.example:1", "*");
        let but = |except: &str| {
            taken(&ProxyChoice::of(
                None,
                None,
                Some(except.into()),
                Some(&settings),
            ))
        };
        assert_eq!(but("other.example"), proxy);
        assert_eq!(but("microsoft.com"), None);
    }

    #[test]
    fn variables_take_precedence_over_settings() {
        let settings = settings("p.example:1", "");
        let all = Some("http://ada:hunter2@all.example:2".to_owned());
        let choice = ProxyChoice::of(None, all, None, Some(&settings));
        assert_eq!(taken(&choice).as_deref(), Some("http://all.example:2"));
        let https = ProxyChoice::of(Some("http://h.example:3"), None, None, Some(&settings));
        assert_eq!(https, ProxyChoice::Library);
    }

    #[test]
    fn proxy_address_is_shown_without_credentials() {
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
}
