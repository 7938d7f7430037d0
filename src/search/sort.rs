//! Sort order of devices.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::device_state::DeviceState;
use crate::model::{Column, ExposureLevel, Machine, MachineId, RiskScore, Sort};

/// A number with the sort order of the devices by this column. Missing values sort last in both
/// directions, so no value is 0. Text is compared by its first sixteen bytes.
#[must_use]
pub fn key(machine: &Machine, sort: Sort, state: impl Fn(&MachineId) -> DeviceState) -> u128 {
    match value(machine, sort.column, state) {
        None => u128::MAX,
        Some(value) if sort.descending => !value.max(1),
        Some(value) => value.min(u128::MAX - 1),
    }
}

/// Order of devices with equal keys: by name, and records with one name by id.
#[must_use]
pub fn compare_equals(one: &Machine, other: &Machine) -> Ordering {
    let name = |machine: &Machine| prefix(machine.computer_dns_name.as_deref().unwrap_or_default());
    let whole = |machine: &Machine| {
        let name = machine.computer_dns_name.as_deref().unwrap_or_default();
        name.to_ascii_lowercase()
    };
    name(one)
        .cmp(&name(other))
        .then_with(|| whole(one).cmp(&whole(other)))
        .then_with(|| one.id.cmp(&other.id))
}

fn value(
    machine: &Machine,
    column: Column,
    state: impl Fn(&MachineId) -> DeviceState,
) -> Option<u128> {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(prefix);
    match column {
        Column::Name => machine.computer_dns_name.as_deref().map(prefix),
        Column::State => state(&machine.id).rank().map(|rank| rank + 1),
        Column::Health => text(Some(machine.health_status.word())),
        Column::Risk => machine.risk_score.as_ref().map(risk_rank),
        Column::Exposure => machine.exposure_level.as_ref().map(exposure_rank),
        Column::Os => text(machine.os_platform.as_deref()),
        Column::LastSeen => machine
            .last_seen
            .map(|at| u128::try_from(at.as_nanosecond()).unwrap_or_default()),
        Column::Tags => text(machine.tags().first().map(AsRef::as_ref)),
        Column::Group => text(machine.rbac_group_name.as_deref()),
        Column::Addresses => machine.addresses().next().map(|ip| match ip {
            IpAddr::V4(ip) => u128::from(ip.to_bits()),
            IpAddr::V6(ip) => ip.to_bits(),
        }),
    }
}

/// A value unknown to this version ranks above *Medium*: it may be worse than any known one.
fn risk_rank(risk: &RiskScore) -> u128 {
    match risk {
        RiskScore::None => 1,
        RiskScore::Informational => 2,
        RiskScore::Low => 3,
        RiskScore::Medium => 4,
        RiskScore::Other(_) => 5,
        RiskScore::High => 6,
    }
}

fn exposure_rank(exposure: &ExposureLevel) -> u128 {
    match exposure {
        ExposureLevel::None => 1,
        ExposureLevel::Low => 2,
        ExposureLevel::Medium => 3,
        ExposureLevel::Other(_) => 4,
        ExposureLevel::High => 5,
    }
}

/// The first sixteen bytes in lower case, as a number with the same order.
fn prefix(text: &str) -> u128 {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(text.bytes()) {
        *place = byte.to_ascii_lowercase();
    }
    u128::from_be_bytes(bytes)
}
