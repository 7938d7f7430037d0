//! All addresses of a machine, including the external one.

use std::net::IpAddr;

use crate::model::Machine;

/// All addresses of a machine, including the external one.
pub(super) fn all_addresses(machine: &Machine) -> impl Iterator<Item = IpAddr> {
    machine
        .last_external_ip_address
        .into_iter()
        .chain(machine.addresses())
}

/// Whether the machine has this address, in any notation.
#[must_use]
pub fn has_address(machine: &Machine, ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    all_addresses(machine).any(|other| other.to_canonical() == ip)
}
