//! The last list of devices on disk, so that a start shows it at once. One file for each place and
//! account, readable by its owner only, gone at sign-out.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::model::{
    ExposureLevel, HealthStatus, MacAddress, Machine, MachineId, OnboardingStatus, RiskScore,
};

const VERSION: u8 = 1;
/// A hundred thousand devices take less than half of this.
const MAX_BYTES: u64 = 256 << 20;

/// The list as it was read then.
#[derive(Debug)]
pub(super) struct Cached {
    pub at: Timestamp,
    pub machines: Vec<Arc<Machine>>,
}

#[derive(Serialize, Deserialize)]
struct File {
    v: u8,
    /// Seconds of Unix time.
    at: i64,
    machines: Vec<Row>,
}

/// One device in the service's words. What is missing is left out.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Row {
    id: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<Box<str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tells_merge: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    duplicate: bool,
    first_seen: Option<i64>,
    last_seen: Option<i64>,
    os: Option<Box<str>>,
    version: Option<Box<str>>,
    agent: Option<Box<str>>,
    health: Box<str>,
    onboarding: Option<Box<str>>,
    risk: Option<Box<str>>,
    exposure: Option<Box<str>>,
    value: Option<Box<str>>,
    group: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Box<[Box<str>]>>,
    entra: Option<Box<str>>,
    ip: Option<std::net::IpAddr>,
    external_ip: Option<std::net::IpAddr>,
    ips: Box<[std::net::IpAddr]>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    macs: Box<[Box<str>]>,
}

impl From<&Machine> for Row {
    fn from(machine: &Machine) -> Self {
        let m = machine.clone();
        Self {
            id: m.id.as_str().into(),
            name: m.computer_dns_name,
            merged_into: m.merged_into.map(|id| id.as_str().into()),
            tells_merge: m.tells_merge,
            duplicate: m.is_potential_duplication,
            first_seen: m.first_seen.map(Timestamp::as_second),
            last_seen: m.last_seen.map(Timestamp::as_second),
            os: m.os_platform,
            version: m.version,
            agent: m.agent_version,
            health: m.health_status.as_wire().into(),
            onboarding: m.onboarding_status.map(|value| value.as_wire().into()),
            risk: m.risk_score.map(|value| value.as_wire().into()),
            exposure: m.exposure_level.map(|value| value.as_wire().into()),
            value: m.device_value,
            group: m.rbac_group_name,
            tags: m.machine_tags,
            entra: m.aad_device_id,
            ip: m.last_ip_address,
            external_ip: m.last_external_ip_address,
            ips: m.ip_addresses,
            macs: (m.mac_addresses.iter())
                .map(|mac| mac.to_string().into())
                .collect(),
        }
    }
}

impl Row {
    /// `None` for an id that could not go into a request.
    fn into_machine(self) -> Option<Machine> {
        let time = |secs: Option<i64>| secs.and_then(|secs| Timestamp::from_second(secs).ok());
        Some(Machine {
            id: MachineId::parse(&self.id).ok()?,
            computer_dns_name: self.name,
            merged_into: self.merged_into.and_then(|id| MachineId::parse(&id).ok()),
            tells_merge: self.tells_merge,
            is_potential_duplication: self.duplicate,
            first_seen: time(self.first_seen),
            last_seen: time(self.last_seen),
            os_platform: self.os,
            version: self.version,
            agent_version: self.agent,
            health_status: HealthStatus::from_wire(&self.health),
            onboarding_status: self
                .onboarding
                .map(|text| OnboardingStatus::from_wire(&text)),
            risk_score: self.risk.map(|text| RiskScore::from_wire(&text)),
            exposure_level: self.exposure.map(|text| ExposureLevel::from_wire(&text)),
            device_value: self.value,
            rbac_group_name: self.group,
            machine_tags: self.tags,
            aad_device_id: self.entra,
            last_ip_address: self.ip,
            last_external_ip_address: self.external_ip,
            ip_addresses: self.ips,
            mac_addresses: (self.macs.iter())
                .filter_map(|mac| MacAddress::parse(mac))
                .collect(),
        })
    }
}

/// The file of one place and account, in words that a file name bears.
pub(super) fn file_of(folder: &Path, place: &str, account: &str) -> PathBuf {
    folder.join(format!("devices-{}_{}.json", plain(place), plain(account)))
}

fn plain(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// Whether a file of this name keeps the list of some account at this place.
fn is_of(name: &str, place: &str) -> bool {
    let rest = name
        .strip_prefix("devices-")
        .and_then(|name| name.strip_prefix(&*plain(place)));
    // Names of before had a hyphen between place and account, as there is inside each.
    rest.is_some_and(|rest| {
        rest.starts_with(['_', '-']) && Path::new(rest).extension() == Some("json".as_ref())
    })
}

/// What was kept. A file that cannot be read is as good as none: it only spares waiting.
pub(super) fn read(file: &Path) -> Option<Cached> {
    let file: File = serde_json::from_slice(&files::read(file, MAX_BYTES).ok()??).ok()?;
    let at = Timestamp::from_second(file.at).ok()?;
    let machines = file.machines.into_iter().filter_map(Row::into_machine);
    (file.v == VERSION).then(|| Cached {
        at,
        machines: machines.map(Arc::new).collect(),
    })
}

/// Keeps the list.
pub(super) fn write(file: &Path, at: Timestamp, machines: &[Arc<Machine>]) {
    let content = File {
        v: VERSION,
        at: at.as_second(),
        machines: machines.iter().map(|machine| (&**machine).into()).collect(),
    };
    // Writing plain strings and numbers to memory cannot fail.
    let json = serde_json::to_vec(&content).unwrap_or_default();
    if let Err(error) = files::replace(file, &json) {
        tracing::warn!("the list of devices is not kept: {error}");
    }
}

/// Removes the lists of all accounts at one place but this one, finished or not.
pub(super) fn remove_all(folder: &Path, place: &str, except: Option<&Path>) {
    let remove = |kept: &Path| {
        let is_of_place = files::final_name(kept).is_some_and(|name| is_of(&name, place));
        if is_of_place && except != Some(kept) {
            files::remove(kept)
        } else {
            Ok(())
        }
    };
    let removed: io::Result<()> = files::list(folder).and_then(|all| {
        // One that cannot be removed saves no other.
        let each: Vec<io::Result<()>> = all.iter().map(|kept| remove(kept)).collect();
        each.into_iter().collect()
    });
    if let Err(error) = removed {
        tracing::warn!("kept lists of devices are still there: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = "v1:live:host:443:c:contoso.com";
        let file = file_of(folder.path(), place, "T/o");
        let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
        machine.computer_dns_name = Some("FIN-LT-042".into());
        machine.health_status = HealthStatus::from_wire("Hibernating");
        machine.onboarding_status = Some(OnboardingStatus::Onboarded);
        machine.tells_merge = true;
        machine.risk_score = Some(RiskScore::High);
        machine.last_seen = Timestamp::from_second(7).ok();
        machine.machine_tags = Some(["vip".into()].into());
        machine.ip_addresses = ["10.0.0.1".parse().expect("an address")].into();
        machine.mac_addresses = [MacAddress::parse("00005E0053A3").expect("an address")].into();
        let list = [
            Arc::new(machine),
            Arc::new(Machine::bare(MachineId::parse("b2").expect("a literal id"))),
        ];
        let at = Timestamp::from_second(99).expect("a small number");
        write(&file, at, &list);
        let cached = read(&file).expect("just written");
        assert_eq!((cached.at, cached.machines), (at, list.to_vec()));
        remove_all(folder.path(), place, None);
        remove_all(folder.path(), place, None);
        assert!(read(&file).is_none());
    }

    #[test]
    fn a_damaged_file_or_one_of_another_version_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("devices.json");
        for damaged in [
            "",
            "{",
            r#"{"v":2,"at":1,"machines":[]}"#,
            r#"{"v":1,"at":"x","machines":[]}"#,
        ] {
            std::fs::write(&file, damaged).expect("written");
            assert!(read(&file).is_none(), "{damaged}");
        }
        // An id that is none goes into no request.
        std::fs::write(
            &file,
            r#"{"v":1,"at":1,"machines":[{"id":"../x","health":"Active"}]}"#,
        )
        .expect("written");
        assert!(read(&file).is_some_and(|cached| cached.machines.is_empty()));
    }

    #[test]
    fn sign_out_leaves_no_list_of_the_place_finished_or_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = "v1:live:host:443:c:contoso.com";
        let here = |name: &str| folder.path().join(name);
        let of_place = "devices-v1-live-host-443-c-contoso-com";
        for name in [
            file_of(folder.path(), place, "T/o"),
            file_of(folder.path(), place, "T/another"),
            here(&format!("{of_place}-t-o.json")),
            here(&format!("{of_place}-t-o.json.new")),
            here(&format!(".{of_place}_t-o.json.a1B2c3.new")),
        ] {
            std::fs::write(name, "FIN-LT-042").expect("written");
        }
        let others = [
            file_of(folder.path(), "v1:live:host:443:c:fabrikam.com", "T/o"),
            file_of(folder.path(), "v1:live:host:443:c:contoso.com.au", "T/o"),
            here("window.json"),
            here(".window.json.a1B2c3.new"),
        ];
        for name in &others {
            std::fs::write(name, "{}").expect("written");
        }
        let present = file_of(folder.path(), place, "T/another");
        remove_all(folder.path(), place, Some(&present));
        assert!(files::is_there(&present));
        remove_all(folder.path(), place, None);
        let mut others = others.to_vec();
        // Of a longer name of before nobody can tell whose it is; the list is read again.
        others.remove(1);
        others.sort();
        assert_eq!(files::list(folder.path()).expect("a list"), others);
    }
}
