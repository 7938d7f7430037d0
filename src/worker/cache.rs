//! The last list of devices on disk, so that a start shows it at once. One file for each place and
//! account, readable by its owner only, gone at sign-out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    ExposureLevel, HealthStatus, MacAddress, Machine, MachineId, OnboardingStatus, RiskScore,
};
use crate::private_files;

const VERSION: u8 = 1;
/// A hundred thousand devices take a tenth of this.
const MAX_BYTES: u64 = 1 << 30;

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
    tags: Box<[Box<str>]>,
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
    let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    folder.join(format!("devices-{}-{}.json", plain(place), plain(account)))
}

/// What was kept. A file that cannot be read is as good as none: it only spares waiting.
pub(super) fn read(file: &Path) -> Option<Cached> {
    let file: File = serde_json::from_slice(&private_files::read(file, MAX_BYTES)?).ok()?;
    let at = Timestamp::from_second(file.at).ok()?;
    let machines = file.machines.into_iter().filter_map(Row::into_machine);
    (file.v == VERSION).then(|| Cached {
        at,
        machines: machines.map(Arc::new).collect(),
    })
}

/// Keeps the list.
pub(super) fn write(folder: &Path, file: &Path, at: Timestamp, machines: &[Arc<Machine>]) {
    let content = File {
        v: VERSION,
        at: at.as_second(),
        machines: machines.iter().map(|machine| (&**machine).into()).collect(),
    };
    // Writing plain strings and numbers to memory cannot fail.
    let json = serde_json::to_vec(&content).unwrap_or_default();
    if let Err(error) = private_files::write(folder, file, &json) {
        tracing::warn!("the list of devices is not kept: {error}");
    }
}

/// Removes it. What is not there counts as removed.
pub(super) fn remove(file: &Path) {
    match std::fs::remove_file(file) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!("the kept list of devices is still there: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file_of(folder.path(), "v1:live:host:443:c:contoso.com", "T/o");
        let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
        machine.computer_dns_name = Some("FIN-LT-042".into());
        machine.health_status = HealthStatus::from_wire("Hibernating");
        machine.onboarding_status = Some(OnboardingStatus::Onboarded);
        machine.risk_score = Some(RiskScore::High);
        machine.last_seen = Timestamp::from_second(7).ok();
        machine.machine_tags = ["vip".into()].into();
        machine.ip_addresses = ["10.0.0.1".parse().expect("an address")].into();
        machine.mac_addresses = [MacAddress::parse("00005E0053A3").expect("an address")].into();
        let list = [
            Arc::new(machine),
            Arc::new(Machine::bare(MachineId::parse("b2").expect("a literal id"))),
        ];
        let at = Timestamp::from_second(99).expect("a small number");
        write(folder.path(), &file, at, &list);
        let cached = read(&file).expect("just written");
        assert_eq!((cached.at, cached.machines), (at, list.to_vec()));
        remove(&file);
        remove(&file);
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
}
