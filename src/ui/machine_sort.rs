//! In which order devices stand.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use super::machine_filter::health_word;
use super::machine_row::DeviceState;
use super::views::{Column, Sort};
use crate::model::{ExposureLevel, Machine, MachineId, RiskScore};

/// What a row is ordered by; `None` stands last in both directions.
type Key = (Option<u128>, u128);

/// Puts devices in order; equal ones stand by name, and twins by id.
pub fn sort(
    machines: &mut Vec<Arc<Machine>>,
    sort: Sort,
    state: impl Fn(&MachineId) -> DeviceState,
) {
    // Comparing prefixes held in place is many times faster than following each device's pointers.
    let mut keyed: Vec<(Key, Arc<Machine>)> = std::mem::take(machines)
        .into_iter()
        .map(|machine| {
            let name = prefix(machine.computer_dns_name.as_deref().unwrap_or_default());
            ((key(&machine, sort.column, name, &state), name), machine)
        })
        .collect();
    keyed.sort_unstable_by(
        |((one, one_name), one_machine), ((other, other_name), other_machine)| {
            compare_keys(*one, *other, sort)
                .then_with(|| one_name.cmp(other_name))
                .then_with(|| compare_names(one_machine, other_machine))
        },
    );
    machines.extend(keyed.into_iter().map(|(_, machine)| machine));
}

fn compare_keys(one: Option<u128>, other: Option<u128>, sort: Sort) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if sort.descending => other.cmp(&one),
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn compare_names(one: &Machine, other: &Machine) -> Ordering {
    let name = |machine: &Machine| {
        machine
            .computer_dns_name
            .clone()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    name(one)
        .cmp(&name(other))
        .then_with(|| one.id.cmp(&other.id))
}

fn key(
    machine: &Machine,
    column: Column,
    name: u128,
    state: impl Fn(&MachineId) -> DeviceState,
) -> Option<u128> {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(prefix);
    match column {
        Column::Name => machine.computer_dns_name.as_ref().map(|_| name),
        Column::State => state(&machine.id).rank(),
        Column::Health => text(Some(health_word(&machine.health_status))),
        Column::Risk => machine.risk_score.as_ref().map(risk_rank),
        Column::Exposure => machine.exposure_level.as_ref().map(exposure_rank),
        Column::Os => text(machine.os_platform.as_deref()),
        Column::LastSeen => machine
            .last_seen
            .map(|at| u128::try_from(at.as_nanosecond()).unwrap_or_default()),
        Column::Tags => text(machine.machine_tags.first().map(AsRef::as_ref)),
        Column::Group => text(machine.rbac_group_name.as_deref()),
        Column::Addresses => machine.addresses().next().map(|ip| match ip {
            IpAddr::V4(ip) => u128::from(ip.to_bits()),
            IpAddr::V6(ip) => ip.to_bits(),
        }),
    }
}

fn risk_rank(risk: &RiskScore) -> u128 {
    match risk {
        RiskScore::Other(_) => 0,
        RiskScore::None => 1,
        RiskScore::Informational => 2,
        RiskScore::Low => 3,
        RiskScore::Medium => 4,
        RiskScore::High => 5,
    }
}

fn exposure_rank(exposure: &ExposureLevel) -> u128 {
    match exposure {
        ExposureLevel::Other(_) => 0,
        ExposureLevel::None => 1,
        ExposureLevel::Low => 2,
        ExposureLevel::Medium => 3,
        ExposureLevel::High => 4,
    }
}

/// The first sixteen bytes in lower case, as a number that is ordered like them.
fn prefix(text: &str) -> u128 {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(text.bytes()) {
        *place = byte.to_ascii_lowercase();
    }
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_by_column_then_name_and_what_is_missing_stands_last() {
        let with = |id: &str, name: &str, risk: Option<RiskScore>| {
            let mut machine = Machine::bare(MachineId::parse(id).expect("a literal id"));
            machine.computer_dns_name = Some(name.into());
            machine.risk_score = risk;
            Arc::new(machine)
        };
        let mut machines = vec![
            with("a4", "d", None),
            with("a3", "B", Some(RiskScore::Low)),
            with("a2", "b", Some(RiskScore::Low)),
            with("a1", "c", Some(RiskScore::High)),
        ];
        let mut order = |column, descending| {
            sort(&mut machines, Sort { column, descending }, |_| {
                DeviceState::default()
            });
            machines
                .iter()
                .map(|m| m.id.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(order(Column::Name, false), ["a2", "a3", "a1", "a4"]);
        assert_eq!(order(Column::Name, true), ["a4", "a1", "a2", "a3"]);
        assert_eq!(order(Column::Risk, true), ["a1", "a2", "a3", "a4"]);
        assert_eq!(order(Column::Risk, false), ["a2", "a3", "a1", "a4"]);
    }
}
