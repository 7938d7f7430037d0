//! How much of the memory a list of devices may take, wherever it comes from.

use crate::model::Machine;

/// More devices than any tenant this is made for has.
const MAX_MACHINES: usize = 250_000;
/// A hundred thousand devices as they are in the field take less.
const MAX_BYTES: usize = 80 << 20;

/// What devices that were read so far take.
#[derive(Debug, Default)]
pub(super) struct Room {
    machines: usize,
    bytes: usize,
}

impl Room {
    pub fn take(&mut self, machine: &Machine) {
        self.machines += 1;
        self.bytes += machine.bytes();
    }

    /// Whether there is none left.
    pub const fn is_used_up(&self) -> bool {
        self.machines >= MAX_MACHINES || self.bytes >= MAX_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a device with six addresses, as it came from the service.
    const REAL: &str = include_str!("../../tests/fixtures/machine_get_real.json");

    #[test]
    fn a_hundred_thousand_devices_have_room_in_memory_and_on_disk() {
        let machine: Machine = serde_json::from_str(REAL).expect("a machine");
        let written = serde_json::to_vec(&machine).expect("plain data").len();
        let (memory, disk) = (machine.bytes() * 100_000, written * 100_000);
        assert!(memory < MAX_BYTES, "{memory}");
        assert!(disk < super::super::cache::MAX_BYTES, "{disk}");
    }
}
