//! The demo fleet: story devices first, then any number of ordinary ones, generated on demand.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::{shifted, written};
use super::random::Rng;
use super::story::{self, STORY};

/// The properties of one machine.
pub(super) type Record = Map<String, Value>;

/// Filterable and sortable properties of machines.
pub(super) const MACHINE_PROPERTIES: [&str; 14] = [
    "computerDnsName",
    "id",
    "version",
    "deviceValue",
    "aadDeviceId",
    "machineTags",
    "lastSeen",
    "exposureLevel",
    "onboardingStatus",
    "lastIpAddress",
    "healthStatus",
    "osPlatform",
    "riskScore",
    "rbacGroupId",
];

/// All machines. Only ids are stored; everything else is derived from seed and index.
#[derive(Debug)]
pub(super) struct Fleet {
    seed: u64,
    begun: Timestamp,
    ids: Vec<String>,
    by_id: HashMap<String, usize>,
}

impl Fleet {
    pub(super) fn new(devices: usize, seed: u64, begun: Timestamp) -> Self {
        let ids: Vec<String> = (0..devices)
            .map(|index| Rng::of(seed, index).hex(40))
            .collect();
        let by_id = ids
            .iter()
            .enumerate()
            .map(|(index, id)| (id.clone(), index))
            .collect();
        Self {
            seed,
            begun,
            ids,
            by_id,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn id(&self, index: usize) -> Option<&str> {
        self.ids.get(index).map(String::as_str)
    }

    /// The index of the machine with this id, or else the first with this name.
    pub(super) fn find(&self, id_or_name: &str) -> Option<usize> {
        let wanted = id_or_name.to_ascii_lowercase();
        self.by_id.get(&wanted).copied().or_else(|| {
            (0..self.len()).find(|index| {
                self.name(*index)
                    .is_some_and(|name| name.eq_ignore_ascii_case(id_or_name))
            })
        })
    }

    /// The next machine, for actions that are moved to another.
    pub(super) fn after(&self, index: usize) -> usize {
        (index + 1) % self.len()
    }

    pub(super) fn find_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(&id.to_ascii_lowercase()).copied()
    }

    pub(super) fn name(&self, index: usize) -> Option<String> {
        match STORY.get(index) {
            Some(device) => device.name.map(str::to_owned),
            None => Some(ordinary_name(self.seed, index)),
        }
    }

    pub(super) fn record(&self, index: usize) -> Record {
        let id = self.id(index).unwrap_or_default();
        let Some(device) = STORY.get(index) else {
            let name = ordinary_name(self.seed, index);
            return self.usual(index, id, &name, platform_of(&name, index));
        };
        let mut record = self.usual(index, id, device.name.unwrap_or_default(), device.platform);
        let survivor = self.id(story::SURVIVOR);
        story::apply_persona(device, &mut record, survivor, self.begun);
        record
    }

    /// Ordinary record of a machine of this platform.
    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    fn usual(&self, index: usize, id: &str, name: &str, platform: &str) -> Record {
        let mut rng = Rng::of(self.seed ^ 0xf1ee7, index);
        let windows = platform.starts_with("Windows");
        let server = platform.starts_with("WindowsServer") || platform == "Ubuntu";
        let last_seen = shifted(
            self.begun,
            -i64::try_from(rng.below(22 * 3_600)).unwrap_or(0) - 60,
        );
        let first_seen = shifted(
            last_seen,
            -i64::try_from(86_400 * (30 + rng.below(700))).unwrap_or(0),
        );
        let (group_id, group) = group_of(name);
        let subnet = 10 + index / 200 % 200;
        let ip = format!("10.20.{subnet}.{}", 10 + index % 200);
        let mac = rng.hex(12).to_ascii_uppercase();
        let (version, build) = release_of(platform);
        let agent = if windows {
            format!("10.8792.{build}.{}", 2_000 + rng.below(4_000))
        } else {
            "30.124092.2.0".to_owned()
        };
        let joined = windows && !server;
        let mut addresses = vec![json!({
            "ipAddress": ip, "macAddress": mac, "type": if joined { "IEEE80211" } else { "Ethernet" }, "operationalStatus": "Up"
        })];
        if rng.below(3) == 0 {
            let tail = rng.hex(4);
            addresses.push(json!({
                "ipAddress": format!("fe80::20c:29ff:fe{}:{tail}", &mac[6..8]), "macAddress": mac, "type": "Ethernet",
                "operationalStatus": "Up"
            }));
        }
        addresses.push(json!({
            "ipAddress": "127.0.0.1", "macAddress": if windows { Value::Null } else { json!("000000000000") },
            "type": "SoftwareLoopback", "operationalStatus": "Up"
        }));
        let external = format!("203.0.113.{}", 1 + rng.below(254));
        let value = json!({
            "id": id,
            "mergedIntoMachineId": null,
            "isPotentialDuplication": false,
            "isExcluded": false,
            "exclusionReason": null,
            "computerDnsName": name,
            "firstSeen": written(first_seen),
            "lastSeen": written(last_seen),
            "osPlatform": platform,
            "osVersion": null,
            "osProcessor": "x64",
            "version": version,
            "lastIpAddress": ip,
            "lastExternalIpAddress": external,
            "agentVersion": agent,
            "osBuild": if windows { json!(build) } else { Value::Null },
            "healthStatus": "Active",
            "deviceValue": "Normal",
            "rbacGroupId": group_id,
            "rbacGroupName": group,
            "riskScore": rng.choose(&["None", "None", "None", "Informational", "Low", "Medium"], "None"),
            "exposureLevel": rng.choose(&["Low", "Low", "Medium", "High"], "Low"),
            "isAadJoined": joined,
            "aadDeviceId": if joined { json!(rng.guid()) } else { Value::Null },
            "machineTags": if server { json!(["server"]) } else { json!([]) },
            "onboardingStatus": "Onboarded",
            "osArchitecture": "64-bit",
            "managedBy": if joined { "Intune" } else { "MicrosoftDefenderForEndpoint" },
            "managedByStatus": if joined { "Unknown" } else { "Success" },
            "ipAddresses": addresses,
            "vmMetadata": null
        });
        let mut record = if let Value::Object(record) = value {
            record
        } else {
            Record::new()
        };
        self.vary(index, &mut record, &mut rng);
        record
    }

    /// Makes a few ordinary machines inactive, or removes or nulls some of their properties.
    fn vary(&self, index: usize, record: &mut Record, rng: &mut Rng) {
        if index < STORY.len() {
            return;
        }
        match rng.below(40) {
            0 | 1 => {
                let days = 8 + i64::try_from(rng.below(60)).unwrap_or(0);
                record.insert("healthStatus".into(), json!("Inactive"));
                record.insert(
                    "lastSeen".into(),
                    json!(written(shifted(self.begun, -86_400 * days))),
                );
            }
            2 => {
                record.insert("aadDeviceId".into(), Value::Null);
                record.insert("lastExternalIpAddress".into(), Value::Null);
            }
            3 => {
                record.remove("ipAddresses");
                record.remove("vmMetadata");
                record.remove("managedBy");
            }
            4 => {
                record.insert("healthStatus".into(), json!("ImpairedCommunication"));
            }
            5 => {
                record.insert(
                    "lastExternalIpAddress".into(),
                    json!(format!("2001:db8:cf40::{index:x}")),
                );
                record.insert(
                    "machineTags".into(),
                    json!(["pilot", "branch-".to_owned() + &rng.hex(2)]),
                );
            }
            6 => {
                record.insert("defenderAvStatus".into(), json!("Updated"));
                record.insert("rbacGroupId".into(), json!("7"));
            }
            7 => {
                record.insert("riskScore".into(), Value::Null);
                record.insert("ipAddresses".into(), Value::Null);
            }
            _ => {}
        }
    }
}

fn ordinary_name(seed: u64, index: usize) -> String {
    let mut rng = Rng::of(seed ^ 0x0a3e, index);
    let place = rng.choose(
        &[
            "ENG-LT", "HR-LT", "FIN-LT", "SALES-LT", "MKT-LT", "OPS-WS", "SRV-APP", "SRV-FILE",
            "DEV-LNX",
        ],
        "ENG-LT",
    );
    let name = format!("{place}-{:03}", 100 + index);
    // As in real fleets, servers are joined to the domain, and letter case varies.
    match place {
        "SRV-APP" | "SRV-FILE" => format!("{}.contoso.com", name.to_ascii_lowercase()),
        "DEV-LNX" => name.to_ascii_lowercase(),
        _ => name,
    }
}

fn platform_of(name: &str, index: usize) -> &'static str {
    if name.starts_with("srv-") {
        [
            "WindowsServer2022",
            "WindowsServer2019",
            "WindowsServer2016",
        ][index % 3]
    } else if name.starts_with("dev-") {
        "Ubuntu"
    } else if index.is_multiple_of(4) {
        "Windows10"
    } else {
        "Windows11"
    }
}

fn release_of(platform: &str) -> (&'static str, i64) {
    match platform {
        "Windows10" => ("22H2", 19_045),
        "Windows11" => ("24H2", 26_100),
        "WindowsServer2016" => ("1607", 14_393),
        "WindowsServer2019" => ("1809", 17_763),
        "WindowsServer2022" => ("21H2", 20_348),
        "Ubuntu" => ("22.4", 6),
        "macOS" => ("15.1", 24),
        _ => ("Other", 0),
    }
}

fn group_of(name: &str) -> (i64, Option<&'static str>) {
    let start = name.get(..3).unwrap_or_default().to_ascii_uppercase();
    match start.as_str() {
        "FIN" => (11, Some("Finance")),
        "HR-" => (12, Some("People")),
        "ENG" | "DEV" => (13, Some("Engineering")),
        "SAL" | "MKT" => (14, Some("Field")),
        "SRV" | "WEB" | "SQL" | "DC0" => (21, Some("Servers")),
        "OPS" => (15, Some("Operations")),
        _ => (0, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(devices: usize) -> Fleet {
        Fleet::new(devices, 1, "2026-11-22T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn story_devices_exist_and_duplicate_names_have_different_ids() {
        let fleet = fleet(60);
        let twins: Vec<usize> = (0..60)
            .filter(|index| fleet.name(*index).as_deref() == Some("FIN-LT-042"))
            .collect();
        assert_eq!(twins.len(), 2);
        assert_ne!(fleet.id(twins[0]), fleet.id(twins[1]));
        assert_eq!(fleet.record(twins[1])["healthStatus"], "Inactive");
        assert_eq!(fleet.find("fin-lt-042"), Some(twins[0]));
    }

    #[test]
    fn record_names_equal_looked_up_names() {
        let fleet = fleet(200);
        for index in 0..200 {
            let record = fleet.record(index);
            let name = record
                .get("computerDnsName")
                .and_then(Value::as_str)
                .map(str::to_owned);
            assert_eq!(name, fleet.name(index), "{index}");
            assert_eq!(record["id"].as_str(), fleet.id(index));
        }
    }
}
