//! The simulator's own table of actions: route, permission, body, systems, timing.
//!
//! Written from the API reference, not from the console's catalogue, so that errors are not shared.

/// An action that creates a machine action.
#[derive(Debug)]
pub struct ActionRow {
    /// Last path segment in the documented spelling; matched case-insensitively.
    pub route: &'static str,
    /// `type` of the machine action it creates.
    pub kind: &'static str,
    /// Required delegated permission.
    pub permission: &'static str,
    /// Additional body property, if any; always a string.
    pub parameter: Option<Parameter>,
    pub systems: Systems,
    /// Seconds from request to `Succeeded` on an active device. Shorter than the published figures
    /// (isolation about 27 s), to keep the demo short.
    pub typical_secs: u32,
    /// Its names in `availableMachineActions`, each with the corresponding parameter value.
    pub availability: &'static [(&'static str, Option<&'static str>)],
    /// Whether it creates an investigation instead of a machine action.
    pub is_investigation: bool,
}

/// A body property specific to one action.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Name, case-sensitive.
    pub name: &'static str,
    /// Allowed values; empty for a SHA-1.
    pub values: &'static [&'static str],
    /// Value if the property is missing; `None` makes it required.
    pub default: Option<&'static str>,
    /// Whether its value becomes the machine action's `scope`.
    pub is_scope: bool,
}

/// Operating systems that an action supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Systems {
    /// Windows 10 and later, the servers, Linux and macOS.
    All,
    /// Windows 10 and later and the servers.
    Windows,
    /// Windows 10, 11 and Server 2019 or later: systems with code integrity policies.
    CodeIntegrity,
}

/// Body properties that every action accepts.
pub const COMMON_PROPERTIES: [&str; 4] = ["Comment", "ExternalId", "RequestSource", "Title"];

/// Permissions to cancel an action; any one is sufficient.
pub const CANCEL_PERMISSIONS: [&str; 7] = [
    "Machine.CollectForensics",
    "Machine.Isolate",
    "Machine.RestrictExecution",
    "Machine.Scan",
    "Machine.Offboard",
    "Machine.StopAndQuarantine",
    "Machine.LiveResponse",
];

pub const ACTIONS: [ActionRow; 9] = [
    ActionRow {
        route: "isolate",
        kind: "Isolate",
        permission: "Machine.Isolate",
        parameter: Some(Parameter {
            name: "IsolationType",
            values: &["Full", "Selective", "UnManagedDevice"],
            default: Some("Full"),
            is_scope: true,
        }),
        systems: Systems::All,
        typical_secs: 8,
        availability: &[
            ("FullIsolation", Some("Full")),
            ("SelectiveIsolation", Some("Selective")),
            ("UnManagedDeviceIsolation", Some("UnManagedDevice")),
        ],
        is_investigation: false,
    },
    ActionRow {
        route: "unisolate",
        kind: "Unisolate",
        permission: "Machine.Isolate",
        parameter: None,
        systems: Systems::All,
        typical_secs: 6,
        availability: &[
            ("Unisolation", None),
            ("UnManagedDeviceUnisolation", Some("UnManagedDevice")),
        ],
        is_investigation: false,
    },
    ActionRow {
        route: "restrictCodeExecution",
        kind: "RestrictCodeExecution",
        permission: "Machine.RestrictExecution",
        parameter: None,
        systems: Systems::CodeIntegrity,
        typical_secs: 9,
        availability: &[("RestrictCodeExecution", None)],
        is_investigation: false,
    },
    ActionRow {
        route: "unrestrictCodeExecution",
        kind: "UnrestrictCodeExecution",
        permission: "Machine.RestrictExecution",
        parameter: None,
        systems: Systems::CodeIntegrity,
        typical_secs: 7,
        availability: &[("UnrestrictCodeExecution", None)],
        is_investigation: false,
    },
    ActionRow {
        route: "StopAndQuarantineFile",
        kind: "StopAndQuarantineFile",
        permission: "Machine.StopAndQuarantine",
        parameter: Some(Parameter {
            name: "Sha1",
            values: &[],
            default: None,
            is_scope: false,
        }),
        systems: Systems::Windows,
        typical_secs: 12,
        availability: &[("StopAndQuarantineFile", None)],
        is_investigation: false,
    },
    ActionRow {
        route: "runAntiVirusScan",
        kind: "RunAntiVirusScan",
        permission: "Machine.Scan",
        parameter: Some(Parameter {
            name: "ScanType",
            values: &["Quick", "Full"],
            default: None,
            is_scope: true,
        }),
        systems: Systems::All,
        typical_secs: 15,
        availability: &[("RunAntiVirusScan", None)],
        is_investigation: false,
    },
    ActionRow {
        route: "collectInvestigationPackage",
        kind: "CollectInvestigationPackage",
        permission: "Machine.CollectForensics",
        parameter: None,
        systems: Systems::All,
        typical_secs: 25,
        availability: &[("CollectInvestigationPackage", None)],
        is_investigation: false,
    },
    ActionRow {
        route: "offboard",
        kind: "Offboard",
        permission: "Machine.Offboard",
        parameter: None,
        systems: Systems::Windows,
        typical_secs: 10,
        availability: &[("OffBoard", None)],
        is_investigation: false,
    },
    ActionRow {
        route: "startInvestigation",
        kind: "Investigation",
        permission: "Alert.ReadWrite",
        parameter: None,
        systems: Systems::CodeIntegrity,
        typical_secs: 40,
        availability: &[("InitiateInvestigation", None)],
        is_investigation: true,
    },
];

/// The row of a route, matched case-insensitively.
#[must_use]
pub fn by_route(route: &str) -> Option<&'static ActionRow> {
    ACTIONS
        .iter()
        .find(|row| row.route.eq_ignore_ascii_case(route))
}

/// The row that creates machine actions of this `type`.
#[must_use]
pub fn by_kind(kind: &str) -> Option<&'static ActionRow> {
    ACTIONS
        .iter()
        .find(|row| row.kind.eq_ignore_ascii_case(kind))
}

impl Systems {
    /// Whether the action works there. Unknown platforms are accepted.
    #[must_use]
    pub fn include(self, platform: &str) -> bool {
        let starts = |names: &[&str]| names.iter().any(|name| platform.starts_with(name));
        if starts(&[
            "iOS",
            "Android",
            "Windows7",
            "Windows8",
            "WindowsServer2008",
        ]) {
            return false;
        }
        let is_windows = !starts(&[
            "macOS", "Linux", "Ubuntu", "RedHat", "Debian", "SuSE", "CentOS", "Fedora", "Oracle",
            "Amazon",
        ]);
        match self {
            Self::All => true,
            Self::Windows => is_windows,
            Self::CodeIntegrity => {
                is_windows && !starts(&["WindowsServer2012", "WindowsServer2016"])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_unique_and_case_insensitive() {
        assert_eq!(
            by_route("STOPANDQUARANTINEFILE").map(|row| row.kind),
            Some("StopAndQuarantineFile")
        );
        assert!(by_route("explode").is_none());
        for row in &ACTIONS {
            assert_eq!(
                ACTIONS
                    .iter()
                    .filter(|other| other.route == row.route || other.kind == row.kind)
                    .count(),
                1
            );
        }
    }

    #[test]
    fn systems_match_the_documentation() {
        assert!(
            Systems::CodeIntegrity.include("Windows11")
                && Systems::CodeIntegrity.include("WindowsServer2019")
        );
        assert!(
            !Systems::CodeIntegrity.include("Ubuntu")
                && !Systems::CodeIntegrity.include("WindowsServer2016")
        );
        assert!(Systems::All.include("macOS") && !Systems::Windows.include("macOS"));
        assert!(
            Systems::Windows.include("Windows12"),
            "an unknown system is accepted"
        );
    }
}
