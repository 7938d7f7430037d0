//! The memory budget of the device list, independent of its source.

use super::bytes::{HeapBytes, heap_bytes_of_fields, in_arc};
use super::search_text::search_text_bytes;
use super::{Machine, Merge};

/// More than a hundred thousand real devices need.
const MAX_BYTES: usize = 108 << 20;
/// Share for devices that are read one by one.
const ASKED_BYTES: usize = 8 << 20;
/// Note shown when devices had to be left out.
pub const MORE_THAN_KEPT: &str = "there are more devices than cordon keeps";
/// Memory of a device's index entries: its positions by order, id, name and search text, and its id
/// in the set of known ids.
const PLACES: usize = 224;

heap_bytes_of_fields!(Machine {
    id,
    computer_dns_name,
    merge,
    is_potential_duplication,
    first_seen,
    last_seen,
    os_platform,
    version,
    agent_version,
    health_status,
    onboarding_status,
    risk_score,
    exposure_level,
    device_value,
    rbac_group_name,
    machine_tags,
    aad_device_id,
    last_ip_address,
    last_external_ip_address,
    adapters,
});

impl HeapBytes for Merge {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Unreported | Self::Unmerged => 0,
            Self::Into(id) => id.heap_bytes(),
        }
    }
}

impl Machine {
    /// Memory of the machine in the device list, with its index entries and search text.
    #[must_use]
    pub fn bytes_in_list(&self) -> usize {
        in_arc(self) + search_text_bytes(self) + PLACES
    }
}

/// The remaining memory for a list of devices.
#[derive(Debug)]
pub struct MemoryBudget {
    left: usize,
}

impl Default for MemoryBudget {
    /// The budget for the service's list and the devices read separately.
    fn default() -> Self {
        let left = MAX_BYTES;
        Self { left }
    }
}

impl MemoryBudget {
    /// The budget for the service's list only.
    #[must_use]
    pub const fn of_list() -> Self {
        let left = MAX_BYTES - ASKED_BYTES;
        Self { left }
    }

    /// Reserves `bytes` if they are available, and returns whether they were.
    pub const fn reserve(&mut self, bytes: usize) -> bool {
        let rest = self.left.checked_sub(bytes);
        if let Some(rest) = rest {
            self.left = rest;
        }
        rest.is_some()
    }

    /// Releases reserved bytes.
    pub const fn release(&mut self, bytes: usize) {
        self.left += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A real record with six addresses.
    const REAL: &str = include_str!("../../tests/fixtures/machine_get_real.json");

    #[test]
    fn a_hundred_thousand_devices_fit_into_the_budget() {
        let machine: Machine = serde_json::from_str(REAL).expect("a machine");
        let bytes = machine.bytes_in_list() * 100_000;
        assert!(bytes < MAX_BYTES, "{bytes}");
    }

    #[test]
    fn short_tags_are_counted_by_their_allocations() {
        let tags = |count: usize| {
            let tags = vec![r#""a""#; count].join(",");
            let json = format!(r#"{{"id":"a1","machineTags":[{tags}]}}"#);
            let machine: Machine = serde_json::from_str(&json).expect("a machine");
            machine.bytes_in_list()
        };
        let each = (tags(1_000) - tags(0)) / 1_000;
        assert_eq!(each, size_of::<Box<str>>() + 32);
        // Further tags are left out.
        assert_eq!(tags(50_000), tags(1_000));
    }
}
