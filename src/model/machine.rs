//! A device known to Defender.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::loose::{Loose, loose, loose_list, loose_or_default, or_none, required};
use super::open_enum::open_enum;
use super::text::SHOWN_CHARS;
use super::{Adapters, MachineId, NameOddity, clean, normal_name, same_name};

open_enum! {
    /// Whether the sensor reports (`healthStatus`).
    #[derive(Default)]
    HealthStatus {
        Active = "Active",
        Inactive = "Inactive",
        ImpairedCommunication = "ImpairedCommunication",
        NoSensorData = "NoSensorData",
        NoSensorDataImpairedCommunication = "NoSensorDataImpairedCommunication",
        #[default]
        Unknown = "Unknown",
    }
}

impl HealthStatus {
    /// The status in words, for display, findings, search and sorting.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::ImpairedCommunication => "Impaired communication",
            Self::NoSensorData => "No sensor data",
            Self::NoSensorDataImpairedCommunication => "No sensor data, impaired communication",
            Self::Unknown => "Unknown",
            Self::Other(text) => text,
        }
    }
}

open_enum! {
    /// The service's risk assessment of the device (`riskScore`).
    RiskScore { None = "None", Informational = "Informational", Low = "Low", Medium = "Medium", High = "High" }
}
impl RiskScore {
    /// Whether it is high, or unknown to this version and possibly higher.
    #[must_use]
    pub const fn is_high_or_above(&self) -> bool {
        matches!(self, Self::High | Self::Other(_))
    }
}

open_enum! {
    /// The device's exposure to weaknesses (`exposureLevel`).
    ExposureLevel { None = "None", Low = "Low", Medium = "Medium", High = "High" }
}
open_enum! {
    /// Whether Defender manages the device (`onboardingStatus`).
    OnboardingStatus {
        Onboarded = "Onboarded" | "onboarded",
        InsufficientInfo = "InsufficientInfo",
        CanBeOnboarded = "CanBeOnboarded",
        Unsupported = "Unsupported",
    }
}

/// Operating system family, as far as the rules for actions distinguish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OsFamily {
    /// Windows 10, 11 and later clients.
    WindowsClient,
    /// Windows Server 2019 and later, or of unknown year.
    WindowsServer,
    /// Windows Server 2012 R2 and 2016: fewer actions, and only with the modern agent.
    OldWindowsServer,
    /// Windows 7, 8, XP and their servers, which the documentation lists for no action.
    OldWindows,
    MacOs,
    Linux,
    /// iOS, Android and similar systems.
    Mobile,
    /// Not reported, or unknown to this version.
    Unknown,
}

/// A device known to Defender (`machine` resource). All but the id may be missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    #[serde(deserialize_with = "required")]
    pub id: MachineId,
    /// FQDN or bare host name; neither unique nor trustworthy.
    #[serde(default, deserialize_with = "loose")]
    pub computer_dns_name: Option<Box<str>>,
    #[serde(
        rename = "mergedIntoMachineId",
        default,
        skip_serializing_if = "Merge::is_unreported"
    )]
    pub merge: Merge,
    #[serde(default, deserialize_with = "loose_or_default")]
    pub is_potential_duplication: bool,
    #[serde(default, deserialize_with = "loose")]
    pub first_seen: Option<Timestamp>,
    /// Time of the last full device report (roughly daily), not a heartbeat.
    #[serde(default, deserialize_with = "loose")]
    pub last_seen: Option<Timestamp>,
    #[serde(default, deserialize_with = "loose")]
    pub os_platform: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose")]
    pub version: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose")]
    pub agent_version: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose_or_default")]
    pub health_status: HealthStatus,
    #[serde(default, deserialize_with = "loose")]
    pub onboarding_status: Option<OnboardingStatus>,
    #[serde(default, deserialize_with = "loose")]
    pub risk_score: Option<RiskScore>,
    #[serde(default, deserialize_with = "loose")]
    pub exposure_level: Option<ExposureLevel>,
    #[serde(default, deserialize_with = "loose")]
    pub device_value: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose")]
    pub rbac_group_name: Option<Box<str>>,
    /// `None` if not reported.
    #[serde(default, deserialize_with = "loose_list")]
    pub machine_tags: Option<Box<[Box<str>]>>,
    #[serde(default, deserialize_with = "loose")]
    pub aad_device_id: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose")]
    pub last_ip_address: Option<IpAddr>,
    #[serde(default, deserialize_with = "loose")]
    pub last_external_ip_address: Option<IpAddr>,
    #[serde(rename = "ipAddresses", default)]
    pub adapters: Adapters,
}

/// Whether a record was merged into another. A record without this information is not known to be unmerged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Merge {
    #[default]
    Unreported,
    /// Reported as null.
    Unmerged,
    Into(MachineId),
}

impl Merge {
    fn is_unreported(&self) -> bool {
        *self == Self::Unreported
    }
}

impl Serialize for Merge {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let target = match self {
            Self::Unreported | Self::Unmerged => None,
            Self::Into(id) => Some(id),
        };
        target.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(from)?;
        let target: Loose<MachineId> = serde_json::from_str(raw.get()).unwrap_or_default();
        Ok(match target.0 {
            Some(id) => Self::Into(id),
            None if raw.get() == "null" => Self::Unmerged,
            None => Self::Unreported,
        })
    }
}

impl Machine {
    /// A machine with nothing but its id.
    #[must_use]
    pub fn bare(id: MachineId) -> Self {
        Self {
            id,
            computer_dns_name: None,
            merge: Merge::Unreported,
            is_potential_duplication: false,
            first_seen: None,
            last_seen: None,
            os_platform: None,
            version: None,
            agent_version: None,
            health_status: HealthStatus::default(),
            onboarding_status: None,
            risk_score: None,
            exposure_level: None,
            device_value: None,
            rbac_group_name: None,
            machine_tags: None,
            aad_device_id: None,
            last_ip_address: None,
            last_external_ip_address: None,
            adapters: Adapters::default(),
        }
    }

    /// The record that it was merged into, if the service reports another id than its own.
    #[must_use]
    pub fn merged_into(&self) -> Option<&MachineId> {
        match &self.merge {
            Merge::Into(id) => Some(id).filter(|id| **id != self.id),
            Merge::Unreported | Merge::Unmerged => None,
        }
    }

    /// Its reported tags.
    #[must_use]
    pub fn tags(&self) -> &[Box<str>] {
        self.machine_tags.as_deref().unwrap_or_default()
    }

    /// This record with the gaps of a sparse response filled from the previous record: an omitted
    /// value is not gone. Risk, group and external address may end, which the service reports by
    /// omission, so they are taken as reported.
    #[must_use]
    pub fn filled(mut record: Arc<Self>, before: Option<&Arc<Self>>) -> Arc<Self> {
        let Some(before) = before else {
            return record;
        };
        macro_rules! fill_gaps {
            ($is_gap:ident: $($($field:ident).+),+) => {
                $(if record.$($field).+.$is_gap() && !before.$($field).+.$is_gap() {
                    let gap = &mut Arc::make_mut(&mut record).$($field).+;
                    gap.clone_from(&before.$($field).+);
                })+
            };
        }
        fill_gaps!(is_none: computer_dns_name, first_seen, last_seen, os_platform, version);
        fill_gaps!(is_none: agent_version, onboarding_status, exposure_level, device_value);
        fill_gaps!(is_none: machine_tags, aad_device_id, last_ip_address);
        fill_gaps!(is_empty: adapters.ip_addresses, adapters.mac_addresses);
        fill_gaps!(is_unreported: merge);
        record
    }

    /// The machine's name for use in a sentence, or a note that it has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.reference().name()
    }

    /// The id with the name at the time of selection.
    #[must_use]
    pub fn reference(&self) -> MachineRef {
        MachineRef {
            id: self.id.clone(),
            dns_name: self.computer_dns_name.clone(),
        }
    }

    /// Whether Defender is known not to manage it, because it has no sensor.
    #[must_use]
    pub fn is_unmanaged(&self) -> bool {
        matches!(
            self.onboarding_status,
            Some(OnboardingStatus::CanBeOnboarded | OnboardingStatus::Unsupported)
        )
    }

    /// The operating system family, by prefix of the free text.
    #[must_use]
    pub fn os_family(&self) -> OsFamily {
        let Some(platform) = self.os_platform.as_deref().map(str::to_ascii_lowercase) else {
            return OsFamily::Unknown;
        };
        let starts = |prefixes: &[&str]| prefixes.iter().any(|p| platform.starts_with(p));
        if starts(&["windowsserver2012", "windowsserver2016"]) {
            OsFamily::OldWindowsServer
        } else if starts(&[
            "windowsserver2008",
            "windowsserver2003",
            "windows7",
            "windows8",
            "windowsxp",
            "windowsvista",
        ]) {
            OsFamily::OldWindows
        } else if starts(&["windowsserver"]) {
            OsFamily::WindowsServer
        } else if starts(&["windows10", "windows11", "windows12"]) {
            OsFamily::WindowsClient
        } else if starts(&["macos", "osx"]) {
            OsFamily::MacOs
        } else if starts(&["ios", "android", "ipad"]) {
            OsFamily::Mobile
        } else if starts(&[
            "linux", "ubuntu", "redhat", "debian", "suse", "sles", "centos", "oracle", "fedora",
            "amazon", "rocky", "alma", "mariner",
        ]) {
            OsFamily::Linux
        } else {
            OsFamily::Unknown
        }
    }

    /// All known addresses without duplicates, the last used one first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let first = self.last_ip_address;
        first.into_iter().chain(
            self.adapters
                .ip_addresses
                .iter()
                .copied()
                .filter(move |a| Some(*a) != first),
        )
    }
}

/// Target of an order: a machine identified by its id, with its name at the time of selection. A
/// tenant-wide order uses [`MachineRef::every_device`] instead, so that journal, rows, exports and
/// searches work without a special case; code that reads or shows a device checks
/// [`MachineRef::is_every_device`] first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MachineRef {
    #[serde(rename = "machineId")]
    pub id: MachineId,
    #[serde(rename = "machineName", default, deserialize_with = "or_none")]
    pub dns_name: Option<Box<str>>,
}

/// Display name of [`MachineRef::every_device`].
const EVERY_DEVICE: &str = "every device of the tenant";
/// The word to type to confirm that all devices are meant.
pub const EVERYWHERE: &str = "everywhere";

impl MachineRef {
    /// All devices of the tenant.
    #[must_use]
    pub fn every_device() -> Self {
        Self {
            id: MachineId::every_device(),
            dns_name: None,
        }
    }

    /// Whether it means all devices of the tenant.
    #[must_use]
    pub fn is_every_device(&self) -> bool {
        self.id.is_every_device()
    }

    /// The name, safe to show; without one, a note with the end of the id.
    #[must_use]
    pub fn name(&self) -> String {
        if self.is_every_device() {
            return EVERY_DEVICE.to_owned();
        }
        self.shown_name()
            .unwrap_or_else(|| format!("unnamed device (…{})", self.id.tail()))
    }

    /// Name and id tail, which distinguishes records with one name: `FIN-LT-042 (…9c07)`.
    #[must_use]
    pub fn name_and_tail(&self) -> String {
        match self.shown_name() {
            Some(name) => format!("{name} (…{})", self.id.tail()),
            None => self.name(),
        }
    }

    /// The name in quotation marks and the id tail, for use in our own sentences, so that no name
    /// can read as part of them: `“FIN-LT-042” (…9c07)`.
    #[must_use]
    pub fn quoted(&self) -> String {
        match self.shown_name() {
            Some(_) => format!("{} (…{})", self.quoted_name(), self.id.tail()),
            None => self.name(),
        }
    }

    /// [`Self::quoted`] without the id tail, where that is shown nearby or would be too long: `“FIN-LT-042”`.
    #[must_use]
    pub fn quoted_name(&self) -> String {
        match self.shown_name() {
            // A name must not close its quotation.
            Some(name) => format!("“{}”", name.replace(['“', '”', '„', '‟'], "\"")),
            None => self.name(),
        }
    }

    /// Whether the record's name differs from the one at selection. Another spelling or a missing name does not count.
    #[must_use]
    pub fn is_renamed_in(&self, record: &Machine) -> bool {
        let (seen, now) = (
            self.dns_name.as_deref().map_or("", str::trim),
            record.computer_dns_name.as_deref().map_or("", str::trim),
        );
        !seen.is_empty() && !now.is_empty() && !same_name(seen, now)
    }

    fn shown_name(&self) -> Option<String> {
        let name = self.dns_name.as_deref()?;
        (!name.trim().is_empty()).then(|| clean(name, SHOWN_CHARS).into_owned())
    }

    /// Whether a typed text names this device: by its name as shown, in any equivalent spelling,
    /// short or in full, or by the last four characters of its id.
    #[must_use]
    pub fn is_named_by(&self, typed: &str) -> bool {
        let typed = normal_name(typed);
        if self.is_every_device() {
            return typed == EVERYWHERE;
        }
        if typed.is_empty() {
            return false;
        }
        let tail = self.id.tail().to_ascii_lowercase();
        let by_tail = typed.strip_prefix("...").unwrap_or(&typed) == tail;
        by_tail
            || self.dns_name.as_deref().is_some_and(|name| {
                let shown = [self.name(), self.name_and_tail(), self.quoted()];
                same_name(&typed, name) || shown.iter().any(|shown| normal_name(shown) == typed)
            })
    }

    /// Why the name is suspicious, if it is.
    #[must_use]
    pub fn oddity(&self) -> Option<NameOddity> {
        NameOddity::of(self.dns_name.as_deref()?)
    }
}

#[cfg(test)]
mod tests;
