//! The app registration that a sign-in needs: cloud, tenant, client id.
//!
//! Each value is checked when parsed, and the error is the sentence for its author, the same for
//! the form and the settings file.

use std::fmt;

use super::{Cloud, Region};

/// An application registered in a tenant of a cloud, and its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub cloud: Cloud,
    /// API region of the commercial cloud; the other clouds have none.
    pub region: Region,
    pub tenant: TenantName,
    pub client_id: ClientId,
    pub scopes: Scopes,
    /// Whether to use the other name of the Defender API; see [`Cloud::resources`].
    pub other_resource: bool,
}

impl Registration {
    /// A fictitious application of a fictitious tenant, for tests.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self {
            cloud: Cloud::Commercial,
            region: Region::Any,
            tenant: TenantName::parse("5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10").expect("a GUID"),
            client_id: ClientId::parse("0b6d5c1e-2f7a-4b63-9c48-71e0a3d5f982").expect("a GUID"),
            scopes: Scopes::Granted,
            other_resource: false,
        }
    }
}

/// A tenant's GUID, or one of its domains. In lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantName(Box<str>);

impl TenantName {
    /// # Errors
    /// The message for the user.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Err("The tenant is missing: its id or one of its domains");
        }
        if matches!(&*text, "common" | "organizations" | "consumers") {
            return Err("This names no single tenant: write the tenant's id or domain");
        }
        if is_guid(&text) || is_domain(&text) {
            Ok(Self(text.into()))
        } else if text.contains('.') {
            Err(
                "This is not a valid domain: letters, digits, hyphens and dots only, without https://",
            )
        } else {
            Err(
                "This is neither a tenant id, such as 5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10, nor a domain",
            )
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The GUID of the application's registration. In lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId(Box<str>);

impl ClientId {
    /// # Errors
    /// The message for the user.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_ascii_lowercase();
        if is_guid(&text) {
            Ok(Self(text.into()))
        } else if text.is_empty() {
            Err("The client id is missing: Application (client) ID in the registration")
        } else {
            Err("This is not a client id: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12")
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The scopes that a sign-in requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scopes {
    /// `.default`: all permissions granted by an administrator. A missing one breaks nothing.
    #[default]
    Granted,
    /// Named permissions. If one is not granted, the whole sign-in fails.
    Named(Box<[Box<str>]>),
}

impl Scopes {
    /// Parses `.default`, or names such as `Machine.Read`, separated by spaces or commas.
    ///
    /// # Errors
    /// The message for the user.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let words: Vec<&str> = text
            .split([' ', ',', '\n', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [] | [".default"] => Ok(Self::Granted),
            words if words.contains(&".default") => {
                Err("Either .default or names: the sign-in host refuses both together")
            }
            words => {
                let known = |word: &&str| PERMISSIONS.iter().find(|p| p.eq_ignore_ascii_case(word));
                let named: Option<Box<[Box<str>]>> = words
                    .iter()
                    .map(|word| known(word).map(|&known| known.into()))
                    .collect();
                named.map(Self::Named).ok_or(
                    "One of these is not a permission of the Defender API, such as Machine.Read or Machine.Isolate",
                )
            }
        }
    }
}

/// The delegated permissions of the API (from its list of supported permissions).
const PERMISSIONS: [&str; 17] = [
    "Machine.Read",
    "Machine.ReadWrite",
    "Machine.Isolate",
    "Machine.RestrictExecution",
    "Machine.Scan",
    "Machine.CollectForensics",
    "Machine.StopAndQuarantine",
    "Machine.Offboard",
    "Machine.LiveResponse",
    "File.Read.All",
    "User.Read.All",
    "Ip.Read.All",
    "Url.Read.All",
    "Alert.Read",
    "Alert.ReadWrite",
    "Ti.ReadWrite",
    "AdvancedQuery.Read",
];

/// Formats the scopes as in the settings file and the form.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted => f.write_str(".default"),
            Self::Named(names) => f.write_str(&names.join(" ")),
        }
    }
}

/// Whether the text is a GUID: 8, 4, 4, 4 and 12 hexadecimal digits.
#[must_use]
pub fn is_guid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether the text is a host name with at least one dot (RFC 1123 section 2.1).
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_its_id_or_a_domain() {
        for good in [
            "5F0C7A31-9d1e-4c0f-8a55-3d2b6f7e9a10",
            " contoso.onmicrosoft.com ",
            "a-b.example",
        ] {
            let tenant = TenantName::parse(good).expect(good);
            assert_eq!(tenant.as_str(), good.trim().to_ascii_lowercase());
        }
        for bad in [
            "",
            "common",
            "Organizations",
            "contoso",
            "5f0c7a31-9d1e-4c0f-8a55",
            "https://contoso.com",
            "contoso.com/x",
            "a@b.com",
            "x..com",
            "-a.com",
            "a.com?x=1",
            "a.com%2f",
            "a .com",
            "contoso.com:443",
        ] {
            assert!(TenantName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn scopes_are_the_default_or_names() {
        assert_eq!(Scopes::parse(" .default "), Ok(Scopes::Granted));
        assert_eq!(Scopes::parse(""), Ok(Scopes::Granted));
        let named = Scopes::parse("Machine.Read, Machine.Isolate File.Read.All").expect("names");
        assert_eq!(
            named.to_string(),
            "Machine.Read Machine.Isolate File.Read.All"
        );
        for bad in [
            ".default Machine.Read",
            "Machine",
            "https://api.example/Machine.Read",
            "Machine..Read",
            "Machine.Isolat",
            "User.Read",
        ] {
            assert!(Scopes::parse(bad).is_err(), "{bad}");
        }
    }
}
