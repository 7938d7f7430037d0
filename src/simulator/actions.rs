//! The simulator's own table of actions: route, permission, body, systems, timing.
//!
//! Written from the API reference and not from the console's catalogue, so that both cannot be wrong together.

/// One action that makes a machine action.
#[derive(Debug)]
pub struct ActionRow {
    /// Last part of the path, in the spelling of the documentation; matched without regard to case.
    pub route: &'static str,
    /// `type` of the machine action it makes.
    pub kind: &'static str,
    /// Delegated permission it needs.
    pub permission: &'static str,
    /// Body property besides the common ones, if any; always a string.
    pub parameter: Option<Parameter>,
    /// Supported systems.
    pub systems: Systems,
    /// Seconds from request to `Succeeded` on a device that reports. Shorter than the published
    /// figures (isolation about 27 s), so that nobody is bored in the demo.
    pub typical_secs: u32,
    /// Its names in `availableMachineActions`, each with the value of the parameter that it stands for.
    pub availability: &'static [(&'static str, Option<&'static str>)],
    /// Whether it makes an investigation, and no machine action.
    pub is_investigation: bool,
}

/// A body property particular to one action.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Name, case-sensitive.
    pub name: &'static str,
    /// The values it may have; empty for a SHA-1.
    pub values: &'static [&'static str],
    /// Used when the property is missing; `None` makes it required.
    pub default: Option<&'static str>,
    /// Whether its value becomes the machine action's `scope`.
    pub is_scope: bool,
}

/// Operating systems an action works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Systems {
    /// Windows 10 and later, the servers, Linux and macOS.
    All,
    /// Windows 10 and later and the servers.
    Windows,
    /// Windows 10, 11 and Server 2019 or later: what has code integrity policies.
    CodeIntegrity,
}

/// Body properties every action accepts.
pub const COMMON_PROPERTIES: [&str; 4] = ["Comment", "ExternalId", "RequestSource", "Title"];

/// Permissions any one of which lets a person cancel an action.
pub const CANCEL_PERMISSIONS: [&str; 7] = [
    "Machine.CollectForensics",
    "Machine.Isolate",
    "Machine.RestrictExecution",
    "Machine.Scan",
    "Machine.Offboard",
    "Machine.StopAndQuarantine",
    "Machine.LiveResponse",
];

/// The table.
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

/// The row of a route, found without regard to case.
#[must_use]
pub fn by_route(route: &str) -> Option<&'static ActionRow> {
    ACTIONS
        .iter()
        .find(|row| row.route.eq_ignore_ascii_case(route))
}

/// The row that makes machine actions of this `type`.
#[must_use]
pub fn by_kind(kind: &str) -> Option<&'static ActionRow> {
    ACTIONS
        .iter()
        .find(|row| row.kind.eq_ignore_ascii_case(kind))
}

impl Systems {
    /// Whether the action works there. A platform nobody has heard of is let through.
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
    fn routes_are_found_in_any_case_and_are_distinct() {
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
    fn systems_follow_the_documentation() {
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
            "an unknown system is let through"
        );
    }
}
