//! A device known to Defender.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::open_enum::open_enum;
use super::text::SHOWN_CHARS;
use super::{MacAddress, MachineId, NameOddity, clean, normal_name, or_none, same_name};

open_enum! {
    /// Whether the sensor reports (`healthStatus`).
    HealthStatus {
        Active = "Active",
        Inactive = "Inactive",
        ImpairedCommunication = "ImpairedCommunication",
        NoSensorData = "NoSensorData",
        NoSensorDataImpairedCommunication = "NoSensorDataImpairedCommunication",
        Unknown = "Unknown",
    }
}

impl HealthStatus {
    /// The status in words: on screen, in findings, in the search, and by which devices are sorted.
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
    /// The service's assessment of the device (`riskScore`).
    RiskScore { None = "None", Informational = "Informational", Low = "Low", Medium = "Medium", High = "High" }
}
open_enum! {
    /// How exposed the device is to weaknesses (`exposureLevel`).
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

/// The kind of operating system, as far as the rules for actions need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OsFamily {
    /// Windows 10, 11 and later clients.
    WindowsClient,
    /// Windows Server 2019 and later, or of unknown year.
    WindowsServer,
    /// Windows Server 2012 R2 and 2016: fewer actions, and only with the modern agent.
    OldWindowsServer,
    /// Windows 7, 8, XP and their servers, which the documentation does not list for any action.
    OldWindows,
    MacOs,
    Linux,
    /// iOS, Android and the like.
    Mobile,
    /// Not reported, or unknown to this version.
    Unknown,
}

/// A device known to Defender (`machine` resource). All but the id may be missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    pub id: MachineId,
    /// FQDN or bare host name; neither unique nor trustworthy.
    pub computer_dns_name: Option<Box<str>>,
    pub merged_into: Option<MachineId>,
    /// Whether the answer says at all if it was merged.
    pub tells_merge: bool,
    pub is_potential_duplication: bool,
    pub first_seen: Option<Timestamp>,
    /// The last full device report (roughly daily), not a heartbeat.
    pub last_seen: Option<Timestamp>,
    pub os_platform: Option<Box<str>>,
    pub version: Option<Box<str>>,
    pub agent_version: Option<Box<str>>,
    pub health_status: HealthStatus,
    pub onboarding_status: Option<OnboardingStatus>,
    pub risk_score: Option<RiskScore>,
    pub exposure_level: Option<ExposureLevel>,
    pub device_value: Option<Box<str>>,
    pub rbac_group_name: Option<Box<str>>,
    /// `None` where the answer does not say.
    pub machine_tags: Option<Box<[Box<str>]>>,
    pub aad_device_id: Option<Box<str>>,
    pub last_ip_address: Option<IpAddr>,
    pub last_external_ip_address: Option<IpAddr>,
    pub ip_addresses: Box<[IpAddr]>,
    /// Each once.
    pub mac_addresses: Box<[MacAddress]>,
}

impl Machine {
    /// A machine of which nothing but the id is known.
    #[must_use]
    pub fn bare(id: MachineId) -> Self {
        Self {
            id,
            computer_dns_name: None,
            merged_into: None,
            tells_merge: false,
            is_potential_duplication: false,
            first_seen: None,
            last_seen: None,
            os_platform: None,
            version: None,
            agent_version: None,
            health_status: HealthStatus::Unknown,
            onboarding_status: None,
            risk_score: None,
            exposure_level: None,
            device_value: None,
            rbac_group_name: None,
            machine_tags: None,
            aad_device_id: None,
            last_ip_address: None,
            last_external_ip_address: None,
            ip_addresses: Box::default(),
            mac_addresses: Box::default(),
        }
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [
            &self.computer_dns_name,
            &self.os_platform,
            &self.version,
            &self.agent_version,
            &self.device_value,
            &self.rbac_group_name,
            &self.aad_device_id,
        ];
        let texts = texts.into_iter().flatten().chain(self.tags());
        size_of::<Self>()
            + texts
                .map(|text| text.len() + size_of_val(text))
                .sum::<usize>()
            + size_of_val(&*self.ip_addresses)
            + size_of_val(&*self.mac_addresses)
    }

    /// Its tags, as far as the service reported them.
    #[must_use]
    pub fn tags(&self) -> &[Box<str>] {
        self.machine_tags.as_deref().unwrap_or_default()
    }

    /// This record with the gaps of a sparse answer filled from the record before: what an answer
    /// leaves out is not gone. Risk, group and outer address may end, which the service tells by
    /// leaving them empty, so they are taken as they come.
    #[must_use]
    pub fn filled(mut record: Arc<Self>, before: Option<&Arc<Self>>) -> Arc<Self> {
        let Some(before) = before else {
            return record;
        };
        macro_rules! fill_gaps {
            ($is_gap:ident: $($field:ident),+) => {
                $(if record.$field.$is_gap() && !before.$field.$is_gap() {
                    Arc::make_mut(&mut record).$field.clone_from(&before.$field);
                })+
            };
        }
        fill_gaps!(is_none: computer_dns_name, first_seen, last_seen, os_platform, version);
        fill_gaps!(is_none: agent_version, onboarding_status, exposure_level, device_value);
        fill_gaps!(is_none: machine_tags, aad_device_id, last_ip_address);
        fill_gaps!(is_empty: ip_addresses, mac_addresses);
        let tells_merge = |machine: &Self| machine.tells_merge || machine.merged_into.is_some();
        if !tells_merge(&record) && tells_merge(before) {
            let record = Arc::make_mut(&mut record);
            record.merged_into.clone_from(&before.merged_into);
            record.tells_merge = before.tells_merge;
        }
        record
    }

    /// What names this machine in a sentence: its name, or that it has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.reference().name()
    }

    /// The pinned id with the name it had when it was chosen.
    #[must_use]
    pub fn reference(&self) -> MachineRef {
        MachineRef {
            id: self.id.clone(),
            dns_name: self.computer_dns_name.clone(),
        }
    }

    /// Whether Defender is known not to manage it: it has no sensor.
    #[must_use]
    pub fn is_unmanaged(&self) -> bool {
        matches!(
            self.onboarding_status,
            Some(OnboardingStatus::CanBeOnboarded | OnboardingStatus::Unsupported)
        )
    }

    /// The operating system's kind, by prefix of the free text.
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

    /// Every address known, the last used one first, each once.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let first = self.last_ip_address;
        first.into_iter().chain(
            self.ip_addresses
                .iter()
                .copied()
                .filter(move |a| Some(*a) != first),
        )
    }
}

/// A machine pinned by its id, with the name it had when it was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MachineRef {
    #[serde(rename = "machineId")]
    pub id: MachineId,
    #[serde(rename = "machineName", default, deserialize_with = "or_none")]
    pub dns_name: Option<Box<str>>,
}

impl MachineRef {
    /// The name, safe to show; a machine without one says so, with the end of its id.
    #[must_use]
    pub fn name(&self) -> String {
        self.shown_name()
            .unwrap_or_else(|| format!("unnamed device (…{})", self.id.tail()))
    }

    /// Name and id tail, the form that distinguishes twins: `FIN-LT-042 (…9c07)`.
    #[must_use]
    pub fn name_and_tail(&self) -> String {
        match self.shown_name() {
            Some(name) => format!("{name} (…{})", self.id.tail()),
            None => self.name(),
        }
    }

    /// The name in quotation marks and the id tail, for use inside our own sentences, so that no
    /// name can read as one of them: `“FIN-LT-042” (…9c07)`.
    #[must_use]
    pub fn quoted(&self) -> String {
        match self.shown_name() {
            Some(_) => format!("{} (…{})", self.quoted_name(), self.id.tail()),
            None => self.name(),
        }
    }

    /// As [`Self::quoted`], where the id tail is shown beside it or would be too long: `“FIN-LT-042”`.
    #[must_use]
    pub fn quoted_name(&self) -> String {
        match self.shown_name() {
            // A name must not end its quotation either.
            Some(name) => format!("“{}”", name.replace(['“', '”', '„', '‟'], "\"")),
            None => self.name(),
        }
    }

    /// Whether the record has another name than the one that was seen. A spelling is no other
    /// name, and neither is none.
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

    /// Why the name is one to look at twice, if it is.
    #[must_use]
    pub fn oddity(&self) -> Option<NameOddity> {
        NameOddity::of(self.dns_name.as_deref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::odd_text;

    #[test]
    fn os_families_are_recognised_by_prefix() {
        let family = |platform: &str| {
            let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
            machine.os_platform = Some(platform.into());
            machine.os_family()
        };
        assert_eq!(family("Windows11"), OsFamily::WindowsClient);
        assert_eq!(family("WindowsServer2012R2"), OsFamily::OldWindowsServer);
        assert_eq!(family("WindowsServer2025"), OsFamily::WindowsServer);
        assert_eq!(family("RedHatEnterpriseLinux"), OsFamily::Linux);
        assert_eq!(family("macOS"), OsFamily::MacOs);
        assert_eq!(family("TempleOS"), OsFamily::Unknown);
    }

    fn named(name: &str) -> MachineRef {
        MachineRef {
            id: MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d09c07").expect("a literal id"),
            dns_name: Some(name.into()),
        }
    }

    proptest::proptest! {
        #[test]
        fn a_shown_name_can_be_typed_and_the_end_of_the_id_always(name in odd_text()) {
            let machine = named(&name);
            for typed in ["9c07", "9C07 ", "…9c07"] {
                proptest::prop_assert!(machine.is_named_by(typed), "{typed}");
            }
            proptest::prop_assert!(!machine.is_named_by(" ") && !machine.is_named_by("8c07"));
            if !name.trim().is_empty() {
                let shown = machine.name();
                // A name of dots alone is typed by its id.
                if !normal_name(&shown).is_empty() {
                    proptest::prop_assert!(machine.is_named_by(&shown), "{shown:?}");
                }
                proptest::prop_assert!(machine.is_named_by(&machine.quoted()));
            }
            if !normal_name(&name).is_empty() {
                proptest::prop_assert!(machine.is_named_by(&name));
            }
        }

        #[test]
        fn a_name_cannot_leave_its_quotation(name in odd_text()) {
            let quoted = named(&format!("x{name}")).quoted();
            let inner = quoted.strip_prefix('“').and_then(|q| q.strip_suffix("” (…9c07)"));
            proptest::prop_assert!(inner.is_some_and(|inner| !inner.contains(['“', '”'])));
        }
    }

    #[test]
    fn a_name_that_is_odd_or_long_can_be_typed_as_it_is_shown() {
        for (name, typed) in [
            ("SRV\u{200b}-09", "SRV-09"),
            ("SRV\u{200b}-09", "srv\\u{200b}-09"),
            (&*"a".repeat(90), &*format!("{}…", "a".repeat(64))),
            ("ÜBUNG-01.contoso.com", "übung-01"),
            ("DC01", "dc01.contoso.com."),
            ("Jane\u{2019}s Mac", "jane's mac"),
        ] {
            assert!(named(name).is_named_by(typed), "{name} {typed}");
        }
        for (name, typed) in [("D\u{421}01", "DC01"), ("DC01", "DC011"), ("DC01", "")] {
            assert!(!named(name).is_named_by(typed), "{name} {typed}");
        }
        let nameless = MachineRef {
            dns_name: None,
            ..named("")
        };
        assert!(nameless.is_named_by("9c07") && !nameless.is_named_by("unnamed device"));
        assert_eq!(nameless.quoted(), "unnamed device (…9c07)");
        assert_eq!(
            named("x” (…9c07) Release “y").quoted(),
            "“x\" (…9c07) Release \"y” (…9c07)"
        );
    }

    #[test]
    fn a_sparse_answer_clears_nothing_and_a_full_one_is_believed() {
        let bare = || Machine::bare(MachineId::parse("a1").expect("a literal id"));
        let full = Arc::new(Machine {
            computer_dns_name: Some("DC01".into()),
            merged_into: MachineId::parse("b2").ok(),
            tells_merge: true,
            onboarding_status: Some(OnboardingStatus::CanBeOnboarded),
            risk_score: Some(RiskScore::High),
            machine_tags: Some(["Tier0".into()].into()),
            ip_addresses: ["10.0.0.1".parse().expect("an address")].into(),
            ..bare()
        });
        let sparse = Machine::filled(Arc::new(bare()), Some(&full));
        let expected = Machine {
            risk_score: None,
            ..Machine::clone(&full)
        };
        assert_eq!(*sparse, expected);
        let told = Arc::new(Machine {
            computer_dns_name: Some("DC02".into()),
            tells_merge: true,
            onboarding_status: Some(OnboardingStatus::Onboarded),
            machine_tags: Some([].into()),
            ..bare()
        });
        let filled = Machine::filled(Arc::clone(&told), Some(&full));
        let expected = Machine {
            ip_addresses: full.ip_addresses.clone(),
            ..Machine::clone(&told)
        };
        assert_eq!(*filled, expected);
        assert!(Arc::ptr_eq(
            &Machine::filled(Arc::clone(&told), None),
            &told
        ));
        assert!(Arc::ptr_eq(
            &Machine::filled(Arc::clone(&full), Some(&told)),
            &full
        ));
    }

    #[test]
    fn unknown_enum_values_are_kept() {
        assert_eq!(
            HealthStatus::from_wire("SomethingNew").as_wire(),
            "SomethingNew"
        );
        assert_eq!(
            OnboardingStatus::from_wire("onboarded"),
            OnboardingStatus::Onboarded
        );
    }
}
