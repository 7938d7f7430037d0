//! Where to sign in and where the API is: a closed table, no free-text address.

use url::Url;

use super::TenantId;

/// A Microsoft cloud in which the Defender API is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cloud {
    Commercial,
    Gcc,
    GccHigh,
    Dod,
}

struct CloudRow {
    name: &'static str,
    authority: &'static str,
    api: &'static str,
    /// What tokens are issued for; not always the host that is called.
    resource: &'static str,
}

impl Cloud {
    pub const ALL: [Self; 4] = [Self::Commercial, Self::Gcc, Self::GccHigh, Self::Dod];

    const fn row(self) -> CloudRow {
        match self {
            Self::Commercial => CloudRow {
                name: "Commercial",
                authority: "https://login.microsoftonline.com",
                api: "https://api.security.microsoft.com/api",
                resource: "https://api.securitycenter.microsoft.com",
            },
            Self::Gcc => CloudRow {
                name: "GCC",
                authority: "https://login.microsoftonline.com",
                api: "https://api-gcc.securitycenter.microsoft.us/api",
                resource: "https://api-gcc.securitycenter.microsoft.us",
            },
            Self::GccHigh => CloudRow {
                name: "GCC High",
                ..Self::Dod.row()
            },
            Self::Dod => CloudRow {
                name: "DoD",
                authority: "https://login.microsoftonline.us",
                api: "https://api-gov.securitycenter.microsoft.us/api",
                resource: "https://api-gov.securitycenter.microsoft.us",
            },
        }
    }

    /// The word in the strip.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }
}

/// `--stand-in` was given something other than `http` on a loopback address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stand-in has to be http on a loopback address, such as http://127.0.0.1:8080")]
pub struct NotLoopback;

/// Every address of one run. Decided once, at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// What the strip calls the place: a cloud's name or the stand-in's address.
    pub name: Box<str>,
    pub device_authorization: Url,
    pub token: Url,
    pub authorize: Url,
    /// Base of all API calls, ending in `/api`.
    pub api: Url,
    /// Prefix of the permissions asked for.
    pub resource: Box<str>,
    pub client_id: Box<str>,
    /// Loopback addresses never use a proxy, and may be plain `http`.
    pub loopback: bool,
}

impl Endpoints {
    /// Addresses in a cloud, for one tenant and one registered application.
    ///
    /// # Errors
    /// Never for values that passed [`TenantId::parse`]; the error is passed on all the same.
    pub fn cloud(
        cloud: Cloud,
        tenant: &TenantId,
        client_id: &str,
    ) -> Result<Self, url::ParseError> {
        let row = cloud.row();
        Self::build(
            row.name,
            row.authority,
            row.api,
            row.resource,
            tenant.as_str(),
            client_id,
            false,
        )
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
            device_authorization: oauth("devicecode")?,
            token: oauth("token")?,
            authorize: oauth("authorize")?,
            api: Url::parse(api)?,
            resource: resource.into(),
            client_id: client_id.into(),
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
}

fn is_bare_loopback(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    loopback
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

    #[test]
    fn a_stand_in_has_to_be_loopback() {
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
    fn a_token_goes_to_its_own_host_only() {
        let tenant = TenantId::parse("5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10").expect("a literal id");
        let live = Endpoints::cloud(Cloud::Commercial, &tenant, "c").expect("a literal address");
        let takes = |url: &str| live.takes_token(&Url::parse(url).expect("a literal address"));
        assert!(takes("https://api.security.microsoft.com/api/machines"));
        assert!(!takes("http://api.security.microsoft.com/api/machines"));
        assert!(!takes(
            "https://api.security.microsoft.com.evil.example/api"
        ));
        assert!(!takes("https://api.security.microsoft.com:444/api"));
    }
}
