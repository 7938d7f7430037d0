//! All addresses of one run: sign-in and API.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::Url;

use super::{Cloud, Registration, Scopes};

/// `--stand-in` was given something other than `http` on a loopback address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stand-in has to be http on a loopback address, such as http://127.0.0.1:8080")]
pub struct NotLoopback;

/// All addresses of one run. Decided once, at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Display name of the target: a cloud's name or the stand-in's address.
    pub name: Box<str>,
    /// `None` for a stand-in.
    pub cloud: Option<Cloud>,
    /// The configured tenant: a GUID or a domain.
    pub tenant: Box<str>,
    pub device_authorization: Url,
    pub token: Url,
    pub authorize: Url,
    /// Sign-out page for the browser; the console itself never calls it.
    pub sign_out: Url,
    /// Base of all API calls, ending in `/api`.
    pub api: Url,
    /// Prefix of the requested permissions.
    pub resource: Box<str>,
    pub scopes: Scopes,
    pub client_id: Box<str>,
    /// Whether a person configured tenant and client id, so that an id token has to match them.
    pub is_registered: bool,
    /// Loopback addresses bypass proxies and may use plain `http`.
    pub loopback: bool,
}

impl Endpoints {
    /// Addresses in a cloud, for one tenant and one registered application.
    ///
    /// # Errors
    /// Never for a [`Registration`] with parsed values; the error is still returned.
    pub fn live(registration: &Registration) -> Result<Self, url::ParseError> {
        let Registration {
            cloud,
            region,
            tenant,
            client_id,
            scopes,
            other_resource,
        } = registration;
        let endpoints = Self::build(
            cloud.name(),
            cloud.authority(),
            cloud.api(*region),
            cloud.resources()[usize::from(*other_resource)],
            tenant.as_str(),
            client_id.as_str(),
            false,
        )?;
        Ok(Self {
            cloud: Some(*cloud),
            scopes: scopes.clone(),
            ..endpoints
        })
    }

    /// Addresses of another implementation of the service on this computer.
    ///
    /// # Errors
    /// [`NotLoopback`] for anything but `http` on `127.0.0.0/8`, `[::1]` or `localhost`.
    pub fn stand_in(address: &str, tenant: &str, client_id: &str) -> Result<Self, NotLoopback> {
        let base = Url::parse(address)
            .ok()
            .filter(is_bare_loopback)
            .ok_or(NotLoopback)?;
        let base = base.as_str().trim_end_matches('/');
        let resource = "https://api.securitycenter.microsoft.com";
        Self::build(
            base,
            base,
            &format!("{base}/api"),
            resource,
            tenant,
            client_id,
            true,
        )
        .map_err(|_url_error| NotLoopback)
    }

    fn build(
        name: &str,
        authority: &str,
        api: &str,
        resource: &str,
        tenant: &str,
        client_id: &str,
        loopback: bool,
    ) -> Result<Self, url::ParseError> {
        let oauth = |leaf| Url::parse(&format!("{authority}/{tenant}/oauth2/v2.0/{leaf}"));
        Ok(Self {
            name: name.into(),
            cloud: None,
            tenant: tenant.into(),
            device_authorization: oauth("devicecode")?,
            token: oauth("token")?,
            authorize: oauth("authorize")?,
            sign_out: oauth("logout")?,
            api: Url::parse(api)?,
            resource: resource.into(),
            scopes: Scopes::Granted,
            client_id: client_id.into(),
            is_registered: !loopback,
            loopback,
        })
    }

    /// Whether a bearer token of this run may be sent to `url` (rule 6).
    #[must_use]
    pub fn takes_token(&self, url: &Url) -> bool {
        url.scheme() == self.api.scheme()
            && url.host() == self.api.host()
            && url.port_or_known_default() == self.api.port_or_known_default()
    }

    /// Whether a package may be downloaded from `url`, without a token: from the service's hosts
    /// and storage; with a stand-in, from this computer.
    #[must_use]
    pub fn may_hold_packages(&self, url: &Url) -> bool {
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user {
            return false;
        }
        if self.loopback {
            return url.scheme() == "http" && is_loopback(url);
        }
        url.scheme() == "https" && url.port().is_none() && is_within(url, &PACKAGE_HOSTS)
    }
}

/// Hosts of package downloads: the service's, and the blob storage of its clouds.
const PACKAGE_HOSTS: [&str; 8] = [
    "securitycenter.windows.com",
    "securitycenter.microsoft.com",
    "security.microsoft.com",
    "securitycenter.windows.us",
    "securitycenter.microsoft.us",
    "security.microsoft.us",
    "blob.core.windows.net",
    "blob.core.usgovcloudapi.net",
];

/// The name that always means this computer, independent of a resolver (RFC 6761, 6.3).
pub const LOOPBACK_NAME: &str = "localhost";

/// The addresses of a stand-in's host; `localhost` needs no resolver.
#[must_use]
pub fn loopback_addresses(url: &Url) -> Vec<SocketAddr> {
    let port = url.port_or_known_default().unwrap_or_default();
    let hosts: &[IpAddr] = match url.host() {
        Some(url::Host::Ipv4(ip)) => &[ip.into()],
        Some(url::Host::Ipv6(ip)) => &[ip.into()],
        Some(url::Host::Domain(LOOPBACK_NAME)) => {
            &[Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        Some(url::Host::Domain(_)) | None => &[],
    };
    hosts.iter().map(|host| (*host, port).into()).collect()
}

/// Whether a URL's host is one of these domains, or a subdomain.
#[must_use]
pub fn is_within(url: &Url, domains: &[&str]) -> bool {
    let host = url.host_str().unwrap_or_default();
    domains.iter().any(|domain| {
        let rest = host.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Whether a URL's host is this computer.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == LOOPBACK_NAME,
        None => false,
    }
}

fn is_bare_loopback(url: &Url) -> bool {
    is_loopback(url)
        && url.scheme() == "http"
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path() == "/"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cloud;

    #[test]
    fn localhost_resolves_without_a_resolver() {
        let addresses = |url: &str| loopback_addresses(&Url::parse(url).expect("an address"));
        let named = ["127.0.0.1:81", "[::1]:81"].map(|a| a.parse().expect("an address"));
        assert_eq!(addresses("http://LocalHost:81"), named);
        assert_eq!(
            addresses("http://127.0.0.9"),
            ["127.0.0.9:80".parse().expect("an address")]
        );
        assert!(addresses("http://localhost.example").is_empty());
    }

    #[test]
    fn a_stand_in_must_be_on_loopback() {
        for bad in [
            "https://127.0.0.1:1",
            "http://10.0.0.1",
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://user@127.0.0.1",
            "http://127.0.0.1/api",
            "ftp://127.0.0.1",
            "127.0.0.1:80",
            "",
        ] {
            assert_eq!(
                Endpoints::stand_in(bad, "t", "c"),
                Err(NotLoopback),
                "{bad}"
            );
        }
        let ok = Endpoints::stand_in("http://127.0.0.1:8080/", "t", "c").expect("loopback");
        assert_eq!(ok.api.as_str(), "http://127.0.0.1:8080/api");
        assert_eq!(
            ok.token.as_str(),
            "http://127.0.0.1:8080/t/oauth2/v2.0/token"
        );
    }

    #[test]
    fn a_token_is_sent_only_to_its_host() {
        let live = Endpoints::live(&Registration::sample()).expect("literal values");
        let takes = |url: &str| live.takes_token(&Url::parse(url).expect("a literal address"));
        assert!(takes("https://api.security.microsoft.com/api/machines"));
        assert!(!takes("http://api.security.microsoft.com/api/machines"));
        assert!(!takes(
            "https://api.security.microsoft.com.evil.example/api"
        ));
        assert!(!takes("https://api.security.microsoft.com:444/api"));
    }

    #[test]
    fn packages_are_downloaded_from_the_service_only() {
        let live = Endpoints::live(&Registration::sample()).expect("literal values");
        let may = |endpoints: &Endpoints, url: &str| {
            endpoints.may_hold_packages(&Url::parse(url).expect("a literal address"))
        };
        for good in [
            "https://userrequests-us.securitycenter.windows.com:443/safedownload/a.zip?token=x",
            "https://wcdpackages.blob.core.windows.net/a?sig=x",
        ] {
            assert!(may(&live, good), "{good}");
        }
        for bad in [
            "http://userrequests-us.securitycenter.windows.com/a.zip",
            "https://userrequests-us.securitycenter.windows.com:8443/a.zip",
            "https://evilsecuritycenter.windows.com/a.zip",
            "https://securitycenter.windows.com.evil.example/a.zip",
            "https://a@x.securitycenter.windows.com/a.zip",
            "http://127.0.0.1:8080/a.zip",
            "file:///etc/passwd",
        ] {
            assert!(!may(&live, bad), "{bad}");
        }
        let stand_in = Endpoints::stand_in("http://127.0.0.1:8080", "t", "c").expect("loopback");
        assert!(may(&stand_in, "http://127.0.0.1:9090/a.zip"));
        assert!(!may(&stand_in, "https://x.securitycenter.windows.com/a"));
    }

    #[test]
    fn authority_api_and_resource_are_independent() {
        let rows: Vec<_> = Cloud::ALL
            .into_iter()
            .flat_map(|cloud| cloud.regions().iter().map(move |&region| (cloud, region)))
            .map(|(cloud, region)| {
                let live = Endpoints::live(&Registration {
                    cloud,
                    region,
                    ..Registration::sample()
                })
                .expect("literal values");
                assert_eq!(live.cloud, Some(cloud));
                let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
                (
                    host(&live.token),
                    host(&live.api),
                    live.resource.to_string(),
                )
            })
            .collect();
        let commercial = "https://api.securitycenter.microsoft.com";
        let row = |login: &str, api: &str, resource: &str| {
            (login.to_owned(), api.to_owned(), resource.to_owned())
        };
        let com = "login.microsoftonline.com";
        let us = "login.microsoftonline.us";
        let gov = "api-gov.securitycenter.microsoft.us";
        assert_eq!(
            rows,
            [
                row(com, "api.security.microsoft.com", commercial),
                row(com, "us.api.security.microsoft.com", commercial),
                row(com, "eu.api.security.microsoft.com", commercial),
                row(com, "uk.api.security.microsoft.com", commercial),
                row(com, "au.api.security.microsoft.com", commercial),
                row(com, "swa.api.security.microsoft.com", commercial),
                row(com, "ina.api.security.microsoft.com", commercial),
                row(
                    com,
                    "api-gcc.securitycenter.microsoft.us",
                    "https://api-gcc.securitycenter.microsoft.us"
                ),
                row(us, gov, &format!("https://{gov}")),
                row(us, gov, &format!("https://{gov}")),
            ]
        );
    }
}
