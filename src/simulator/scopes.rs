//! Scopes as interpreted by Entra, and the permissions granted by the tenant's administrator.

/// The resource requested by Defender clients.
pub(super) const MAIN_RESOURCE: &str = "https://api.securitycenter.microsoft.com";

/// Resources whose tokens the API half accepts.
const DEFENDER: [&str; 5] = [
    MAIN_RESOURCE,
    "https://api.securitycenter.windows.com",
    "https://securitycenter.onmicrosoft.com/windowsatpservice",
    "https://api-gcc.securitycenter.microsoft.us",
    "https://api-gov.securitycenter.microsoft.us",
];

/// Resources of other services: their tokens are issued, but the API refuses them with 403.
const OTHERS: [&str; 2] = [
    "https://graph.microsoft.com",
    "https://api.security.microsoft.com",
];

/// Permissions initially granted to the application.
pub(super) const DEFAULT_PERMISSIONS: [&str; 12] = [
    "Machine.Read",
    "Machine.ReadWrite",
    "Machine.Isolate",
    "Machine.RestrictExecution",
    "Machine.StopAndQuarantine",
    "Machine.Scan",
    "Machine.CollectForensics",
    "File.Read.All",
    "Alert.Read",
    "Alert.ReadWrite",
    "User.Read.All",
    "Ti.ReadWrite",
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) resource: Option<String>,
    pub(super) resources: usize,
    /// Permissions requested by name.
    pub(super) named: Vec<String>,
    pub(super) offline: bool,
    pub(super) openid: bool,
}

/// Defect of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    UnknownResource,
    Invalid,
}

impl Problem {
    /// The token endpoint's error and its number.
    pub(super) const fn error(self) -> (&'static str, u32) {
        match self {
            Self::UnknownResource => ("invalid_resource", 500_011),
            Self::Invalid => ("invalid_scope", 70_011),
        }
    }
}

pub(super) fn is_defender(resource: &str) -> bool {
    DEFENDER.contains(&resource) || resource.starts_with("http://127.0.0.1:")
}

/// Parses a scope; the tenant's own URL is a resource too.
pub(super) fn read(scope: &str, address: &str) -> Result<Asked, Problem> {
    let mut asked = Asked::default();
    let mut default = false;
    let mut seen: Vec<&str> = Vec::new();
    for part in scope.split_whitespace() {
        match part.to_ascii_lowercase().as_str() {
            "openid" => asked.openid = true,
            "offline_access" => asked.offline = true,
            "profile" | "email" => {}
            _ => {
                let (resource, permission) = part.rsplit_once('/').ok_or(Problem::Invalid)?;
                if !(DEFENDER.contains(&resource)
                    || OTHERS.contains(&resource)
                    || resource == address)
                {
                    return Err(Problem::UnknownResource);
                }
                if !seen.contains(&resource) {
                    seen.push(resource);
                }
                if permission == ".default" {
                    default = true;
                } else if permission.is_empty() {
                    return Err(Problem::Invalid);
                } else {
                    asked.named.push(permission.to_owned());
                }
            }
        }
    }
    if default && !asked.named.is_empty() {
        return Err(Problem::Invalid);
    }
    asked.resources = seen.len();
    asked.resource = seen.first().map(ToString::to_string);
    Ok(asked)
}

/// Whether the tenant segment of a path is valid: a GUID, a domain, or one of the shared names.
pub(super) fn is_tenant_text(tenant: &str) -> bool {
    let guid = tenant.len() == 36
        && tenant
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let letters = tenant
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-');
    let domain = tenant.contains('.') && tenant.len() <= 253 && letters;
    guid || domain || ["common", "organizations", "consumers"].contains(&tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://127.0.0.1:4000";

    #[test]
    fn scopes_are_parsed_like_entra() {
        let asked = read(
            &format!("{MAIN_RESOURCE}/.default openid profile offline_access"),
            HERE,
        )
        .unwrap();
        assert!(asked.offline && asked.openid && asked.named.is_empty());
        assert_eq!(asked.resource.as_deref(), Some(MAIN_RESOURCE));
        assert_eq!(read("Machine.Isolate", HERE), Err(Problem::Invalid));
        assert_eq!(
            read("https://evil.example/.default", HERE),
            Err(Problem::UnknownResource)
        );
        assert_eq!(
            read(&format!("{HERE}/.default {HERE}/Machine.Read"), HERE),
            Err(Problem::Invalid)
        );
        assert_eq!(
            read(&format!("{HERE}/A https://graph.microsoft.com/B"), HERE)
                .unwrap()
                .resources,
            2
        );
    }

    #[test]
    fn tenant_is_a_guid_or_a_domain() {
        assert!(is_tenant_text("contoso.com") && is_tenant_text(super::super::TENANT_ID));
        assert!(
            !is_tenant_text("contoso") && !is_tenant_text("a/b.com") && !is_tenant_text("x?y.com")
        );
    }
}
