//! The list of machines.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::explain::Explanation;
use crate::model::{Machine, MachineId, MachineRef, Pace, same_name, short_name, skeleton};

/// Places by what is to be found there. It holds hashes only, for there may be a hundred thousand:
/// what stands at a place has to be compared.
#[derive(Debug, Default)]
struct Index {
    seed: RandomState,
    /// The newest place of a hash.
    newest: HashMap<u32, u32>,
    /// For each place, the one before it with the same hash; [`NOWHERE`] where there is none.
    before: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

/// How long a device counts as missing that a list showed and the next one does not: a service that
/// leaves some out of its answer does not say so.
const MISSED_FOR: SignedDuration = SignedDuration::from_hours(1);

impl Index {
    fn hash(&self, what: impl Hash) -> u32 {
        u32::try_from(self.seed.hash_one(what) >> 32).unwrap_or_default()
    }

    fn insert(&mut self, what: impl Hash, index: u32) {
        let hash = self.hash(what);
        let before = self.newest.insert(hash, index).unwrap_or(NOWHERE);
        let end = index as usize + 1;
        if self.before.len() < end {
            self.before.resize(end, NOWHERE);
        }
        self.before[index as usize] = before;
    }

    fn places(&self, what: impl Hash) -> impl Iterator<Item = usize> {
        let newest = self.newest.get(&self.hash(what)).copied();
        let real = |index: u32| (index != NOWHERE).then_some(index);
        std::iter::successors(newest, move |index| real(self.before[*index as usize]))
            .map(|index| index as usize)
    }

    fn clear(&mut self) {
        self.newest.clear();
        self.before.clear();
    }
}

/// Every machine read so far, in the order of arrival, each id once.
#[derive(Debug, Default)]
pub struct Inventory {
    machines: Vec<Arc<Machine>>,
    by_id: Index,
    by_name: Index,
    /// Grows with each change; what is derived from the list remembers the one it came from.
    pub generation: u64,
    /// The place that each of the latest generations changed.
    changes: Vec<u32>,
    pub loading: bool,
    /// What the present page waits for, where it takes long.
    pub slow: Option<Pace>,
    /// When the present reading began, or the last one.
    pub began_at: Option<Timestamp>,
    /// When the last complete reading ended.
    pub read_at: Option<Timestamp>,
    /// When the list of an earlier run was read, while there is no newer one.
    pub kept_at: Option<Timestamp>,
    /// Elements of the last reading that could not be understood.
    pub unreadable: usize,
    /// Why the last reading is not complete.
    pub incomplete: Option<String>,
    /// Devices of an earlier list that a later one did not show, and since when.
    missing: HashMap<MachineId, Timestamp>,
    /// Why the last reading failed; it stands until the next one has ended.
    pub failure: Option<Explanation>,
}

impl Inventory {
    /// Whether it holds every device that the account may see.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let has_gaps = self.incomplete.is_some() || self.unreadable > 0 || self.missing_count() > 0;
        self.read_at.is_some() && !has_gaps
    }

    /// Devices that a list showed within the last hour and the last one does not.
    #[must_use]
    pub fn missing_count(&self) -> usize {
        self.missing.len()
    }

    #[must_use]
    pub fn all(&self) -> &[Arc<Machine>] {
        &self.machines
    }

    #[must_use]
    pub fn get(&self, id: &MachineId) -> Option<&Arc<Machine>> {
        self.index_of(id).map(|index| &self.machines[index])
    }

    /// The index of a machine in [`Self::all`].
    #[must_use]
    pub fn index_of(&self, id: &MachineId) -> Option<usize> {
        let mut places = self.by_id.places(id);
        places.find(|&index| self.machines[index].id == *id)
    }

    /// The indices in [`Self::all`] of machines with this name, short or in full, in any spelling. A
    /// machine without a domain matches its name with any.
    pub fn places_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let places = indexed_name(name).map(|name| self.by_name.places(name));
        places.into_iter().flatten().filter(move |&index| {
            let known = self.machines[index].computer_dns_name.as_deref();
            known.is_some_and(|known| same_name(known, name))
        })
    }

    /// The places in [`Self::all`] that are new or other than in `generation`; `None` where all may
    /// be.
    #[must_use]
    pub fn changes_since(&self, generation: u64) -> Option<&[u32]> {
        let count = usize::try_from(self.generation.checked_sub(generation)?).ok()?;
        self.changes.get(self.changes.len().checked_sub(count)?..)
    }

    /// Other records with the same host name, or with one that looks the same.
    pub fn namesakes<'a>(
        &'a self,
        machine: &'a MachineRef,
    ) -> impl Iterator<Item = &'a Arc<Machine>> {
        let name = machine.dns_name.as_deref().and_then(indexed_name);
        let places = name.clone().map(|name| self.by_name.places(name));
        let others = places
            .into_iter()
            .flatten()
            .map(|index| &self.machines[index]);
        others.filter(move |other| {
            // Hundreds of phones may share one name: those spelt alike need no second look.
            other.id != machine.id
                && (other.computer_dns_name == machine.dns_name
                    || other.computer_dns_name.as_deref().and_then(indexed_name) == name)
        })
    }

    /// Starts over, for another account.
    pub(super) fn forget(&mut self) {
        *self = Self {
            // What was derived from this list must not pass for derived from the next.
            generation: self.generation + 1,
            ..Self::default()
        };
    }

    /// Begins a reading: earlier changes are no part of it.
    pub(super) fn begin_reading(&mut self, at: Timestamp) {
        self.began_at = Some(at);
        self.loading = true;
        self.slow = None;
        self.changes.clear();
    }

    /// Adds machines that an earlier run has read; those that are here already are newer.
    pub(super) fn keep(&mut self, at: Timestamp, machines: Vec<Arc<Machine>>) {
        if self.read_at.is_none() {
            let unknown: Vec<_> = machines
                .into_iter()
                .filter(|machine| self.index_of(&machine.id).is_none())
                .collect();
            self.upsert(unknown);
            self.kept_at = Some(at);
        }
    }

    /// Adds machines; a known id is replaced in place, so that no row jumps. What a record
    /// leaves out is taken from the one before.
    pub(super) fn upsert(&mut self, machines: impl IntoIterator<Item = Arc<Machine>>) {
        let mut renamed = false;
        for machine in machines {
            self.missing.remove(&machine.id);
            let known = self.index_of(&machine.id);
            let machine = Machine::filled(machine, known.map(|index| &self.machines[index]));
            if known.is_some_and(|index| self.machines[index] == machine) {
                continue;
            }
            let index = known.unwrap_or(self.machines.len());
            let Ok(change) = u32::try_from(index) else {
                return;
            };
            self.generation += 1;
            self.changes.push(change);
            if known.is_some() {
                renamed |= self.machines[index].computer_dns_name != machine.computer_dns_name;
                self.machines[index] = machine;
            } else {
                self.by_id.insert(&machine.id, change);
                self.index_name(&machine, change);
                self.machines.push(machine);
            }
        }
        if renamed {
            self.rebuild_index();
        }
    }

    /// Drops what a reading that ended at `at`, the one before at `before`, did not show any more.
    /// Devices that were there lately count as missing.
    pub(super) fn keep_only(
        &mut self,
        seen: &[MachineId],
        before: Option<Timestamp>,
        at: Timestamp,
    ) {
        let seen: HashSet<&MachineId> = seen.iter().collect();
        let is_recent = |then: Timestamp| at.duration_since(then) < MISSED_FOR;
        self.missing.retain(|_, since| is_recent(*since));
        if before.is_some_and(is_recent) {
            let gone = self.machines.iter().map(|machine| &machine.id);
            let gone = gone.filter(|id| !seen.contains(id)).cloned();
            self.missing.extend(gone.map(|id| (id, at)));
        }
        if self.machines.len() == seen.len() {
            return;
        }
        self.generation += 1;
        self.changes.clear();
        self.machines.retain(|machine| seen.contains(&machine.id));
        self.rebuild_index();
    }

    fn rebuild_index(&mut self) {
        self.by_id.clear();
        self.by_name.clear();
        let machines = std::mem::take(&mut self.machines);
        for (index, machine) in (0..).zip(&machines) {
            self.by_id.insert(&machine.id, index);
            self.index_name(machine, index);
        }
        self.machines = machines;
    }

    fn index_name(&mut self, machine: &Machine, index: u32) {
        if let Some(name) = machine.computer_dns_name.as_deref().and_then(indexed_name) {
            self.by_name.insert(name, index);
        }
    }
}

/// What twins share: how their host names look. A nameless record has no twin.
fn indexed_name(dns_name: &str) -> Option<String> {
    Some(skeleton(&short_name(dns_name))).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::fixtures::machine;

    #[test]
    fn twins_are_records_whose_host_names_look_the_same() {
        let mut inventory = Inventory::default();
        let machines = [
            machine("a1", "DC01.contoso.com"),
            machine("a2", "dc01"),
            machine("a3", "D\u{421}01"),
            machine("a4", "DC011"),
            machine("a5", " "),
            machine("a6", " "),
        ];
        inventory.upsert(machines.clone());
        let twins = |machine: &Machine| -> Vec<_> {
            let reference = machine.reference();
            let twins = inventory.namesakes(&reference);
            let mut ids: Vec<_> = twins.map(|twin| twin.id.to_string()).collect();
            ids.sort();
            ids
        };
        assert_eq!(twins(&machines[0]), ["a2", "a3"]);
        assert_eq!(twins(&machines[2]), ["a1", "a2"]);
        for single in &machines[3..] {
            assert_eq!(twins(single), [""; 0], "{}", single.id);
        }
    }
}
