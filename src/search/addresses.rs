//! The addresses of a machine, the one it has on the internet included.

use std::net::IpAddr;

use crate::model::Machine;

/// Every address of a machine, that towards the internet included.
pub(super) fn all_addresses(machine: &Machine) -> impl Iterator<Item = IpAddr> {
    machine
        .last_external_ip_address
        .into_iter()
        .chain(machine.addresses())
}

/// Whether the machine has this address, in any spelling.
#[must_use]
pub fn has_address(machine: &Machine, ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    all_addresses(machine).any(|other| other.to_canonical() == ip)
}
