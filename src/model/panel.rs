//! Further facts about a machine for the panel: logged-on users, open alerts, and the actions that the service offers.

use super::variants;
use std::cmp::Reverse;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use strum::VariantArray;

use super::bytes::{HeapBytes, heap_bytes_of_fields};
use super::file::{AlertFile, files_of};
use super::loose::{Flag, loose, loose_or_default, required};
use super::open_enum::open_enum;
use super::{Permission, Permissions, SessionStatus};

/// A part of the device panel that is read separately, and that a sign-in may lack the permission for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray)]
pub enum PanelPart {
    Users,
    Alerts,
    AvailableActions,
}

impl PanelPart {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    /// The permissions, any one of which suffices; the first is the one to request from an administrator.
    #[must_use]
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Users => &[Permission::UserReadAll],
            Self::Alerts => &[Permission::AlertRead, Permission::AlertReadWrite],
            Self::AvailableActions => &[Permission::MachineRead, Permission::MachineReadWrite],
        }
    }

    /// The permission to request, if this sign-in is known to hold none that suffices.
    #[must_use]
    pub fn lacking(self, session: &SessionStatus) -> Option<&'static Permission> {
        let SessionStatus::SignedIn { permissions, .. } = session else {
            return None;
        };
        self.lacking_of(permissions)
    }

    fn lacking_of(self, permissions: &Permissions) -> Option<&'static Permission> {
        let wanted = self.permissions();
        let is_lacking = permissions.holds(wanted) == Some(false);
        wanted.first().filter(|_| is_lacking)
    }
}

/// A user who has logged on to a machine (`user` resource).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOnUser {
    pub name: Box<str>,
    pub domain: Option<Box<str>>,
    pub first_seen: Option<Timestamp>,
    pub last_seen: Option<Timestamp>,
    /// `Interactive, RemoteInteractive`: one text.
    pub logon_types: Option<Box<str>>,
    pub is_domain_admin: bool,
}

heap_bytes_of_fields!(LoggedOnUser {
    name,
    domain,
    first_seen,
    last_seen,
    logon_types,
    is_domain_admin
});

impl LoggedOnUser {
    /// Sorts by last logon, newest first.
    pub fn newest_first(users: &mut [Self]) {
        users.sort_by_key(|user| Reverse(user.last_seen));
    }
}

open_enum! {
    /// Severity of an alert.
    #[derive(Default)]
    AlertSeverity {
        #[default]
        Unspecified = "UnSpecified",
        Informational = "Informational",
        Low = "Low",
        Medium = "Medium",
        High = "High",
    }
}

impl AlertSeverity {
    /// Sort weight, increasing with severity. An unknown one ranks high.
    const fn weight(&self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::Other(_) => 4,
            Self::High => 5,
        }
    }
}

open_enum! {
    /// Progress of an alert.
    #[derive(Default)]
    AlertStatus {
        #[default]
        Unknown = "Unknown",
        New = "New",
        InProgress = "InProgress",
        Resolved = "Resolved",
    }
}

/// An alert on a machine (`alert` resource).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Alert {
    #[serde(deserialize_with = "required")]
    pub id: Box<str>,
    #[serde(default, deserialize_with = "loose")]
    pub title: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose_or_default")]
    pub severity: AlertSeverity,
    #[serde(default, deserialize_with = "loose_or_default")]
    pub status: AlertStatus,
    #[serde(default, deserialize_with = "category")]
    pub category: Option<Box<str>>,
    #[serde(rename = "alertCreationTime", default, deserialize_with = "loose")]
    pub created: Option<Timestamp>,
    /// The files in its evidence, as far as received.
    #[serde(rename = "evidence", default, deserialize_with = "files_of")]
    pub files: Box<[AlertFile]>,
}

heap_bytes_of_fields!(Alert {
    id,
    title,
    severity,
    status,
    category,
    created,
    files
});

/// The service spells out a missing category as a word.
fn category<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<str>>, D::Error> {
    loose(from).map(|read: Option<Box<str>>| read.filter(|text| &**text != "null"))
}

impl Alert {
    /// Whether it is unresolved; an alert without a reported status is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status != AlertStatus::Resolved
    }

    /// Sorts by severity, then newest first.
    pub fn worst_first(alerts: &mut [Self]) {
        alerts.sort_by_key(|alert| Reverse((alert.severity.weight(), alert.created)));
    }
}

/// The actions that the service offers for a machine. Undocumented: a hint, never a verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AvailableActions(pub Vec<Availability>);

/// Availability of one action, as reported by the service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Availability {
    /// The service's name for it here, such as `FullIsolation`.
    #[serde(deserialize_with = "required")]
    pub action: Box<str>,
    #[serde(rename = "isAvailable", deserialize_with = "flag")]
    pub is_available: bool,
    #[serde(rename = "notSupportedReason", default, deserialize_with = "loose")]
    pub reason: Option<Box<str>>,
}

heap_bytes_of_fields!(Availability {
    action,
    is_available,
    reason
});

fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    required(from).map(|Flag(is_set)| is_set)
}

impl HeapBytes for AvailableActions {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

impl AvailableActions {
    /// The reported availability of the action with this name, if any.
    #[must_use]
    pub fn of(&self, action: &str) -> Option<&Availability> {
        let mut said = self.0.iter();
        said.find(|said| said.action.eq_ignore_ascii_case(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_withheld_only_if_its_permission_is_known_to_be_missing() {
        let lacking = |part: PanelPart, scopes: &str| {
            let lacking = part.lacking_of(&Permissions::from_scopes(scopes));
            lacking.map(ToString::to_string)
        };
        let [users, alerts, actions] = PanelPart::ALL;
        assert_eq!(
            lacking(users, "Machine.Read").as_deref(),
            Some("User.Read.All")
        );
        assert_eq!(
            lacking(alerts, "Machine.Read").as_deref(),
            Some("Alert.Read")
        );
        for (part, scopes) in [
            (users, "User.Read.All"),
            (alerts, "Alert.Read"),
            (alerts, "Alert.ReadWrite"),
            (actions, "Machine.ReadWrite"),
            // An opaque token names no permissions.
            (users, "openid"),
            (alerts, ""),
        ] {
            assert_eq!(lacking(part, scopes), None, "{part:?} {scopes}");
        }
    }

    #[test]
    fn alerts_sort_by_severity_then_newest_first() {
        let alert = |severity: &str, second: i64| Alert {
            id: format!("{severity} {second}").into(),
            title: None,
            severity: AlertSeverity::from_wire(severity),
            status: AlertStatus::New,
            category: None,
            created: Timestamp::from_second(second).ok(),
            files: Box::default(),
        };
        let mut alerts = [
            alert("Low", 9),
            alert("High", 1),
            alert("Apocalyptic", 3),
            alert("High", 2),
            alert("UnSpecified", 4),
        ];
        Alert::worst_first(&mut alerts);
        let order: Vec<&str> = alerts.iter().map(|alert| &*alert.id).collect();
        assert_eq!(
            order,
            [
                "High 2",
                "High 1",
                "Apocalyptic 3",
                "Low 9",
                "UnSpecified 4"
            ]
        );
    }
}
