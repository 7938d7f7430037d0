//! The list of machines.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::explain::Explanation;
use crate::model::{
    MORE_THAN_KEPT, Machine, MachineId, MachineRef, MemoryBudget, PageDelay, same_name, short_name,
    skeleton,
};

/// Indices into the machine list by key. It holds hashes only, as there may be a hundred thousand machines:
/// candidates have to be compared.
#[derive(Debug, Default)]
struct Index {
    seed: RandomState,
    /// The newest index of a hash.
    newest: HashMap<u32, u32>,
    /// For each index, the previous one with the same hash; [`NOWHERE`] if there is none.
    before: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

/// The time for which a device counts as missing after a list no longer shows it: a service that omits devices from a
/// reply does not say so.
const MISSED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// The maximum number of missing devices that are remembered.
const MAX_MISSING: usize = 20_000;
/// Bytes freed at a time, as each pass walks over all devices.
const MADE_AT_ONCE: usize = 8 << 20;

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

/// Bookkeeping of a listed machine: its memory and whether it is current.
#[derive(Debug, Clone, Copy)]
struct ListedSize {
    bytes: usize,
    /// Whether it was seen in the current reading, or the last one.
    is_shown: bool,
}

/// Every machine read so far, in the order of arrival, each id once.
#[derive(Debug, Default)]
pub struct Inventory {
    machines: Vec<Arc<Machine>>,
    /// Parallel to `machines`.
    sizes: Vec<ListedSize>,
    budget: MemoryBudget,
    /// Whether a machine was dropped for lack of memory since the current reading began.
    is_full: bool,
    by_id: Index,
    by_name: Index,
    /// Incremented on each change, to invalidate derived values.
    pub generation: u64,
    /// The index that each of the latest generations changed.
    changes: Vec<u32>,
    pub loading: bool,
    /// Why the current page is late, if it is.
    pub slow: Option<PageDelay>,
    /// Start of the current reading, or of the last one.
    pub began_at: Option<Timestamp>,
    /// End of the last complete reading.
    pub read_at: Option<Timestamp>,
    /// When an earlier run read this list, while there is no newer one.
    pub kept_at: Option<Timestamp>,
    /// Elements of the last reading that could not be parsed.
    pub unreadable: usize,
    /// Why the last reading is incomplete.
    pub incomplete: Option<String>,
    /// Devices of an earlier list that a later one did not show, and since when.
    missing: HashMap<MachineId, Timestamp>,
    /// Why the last reading failed; kept until the next one has ended.
    pub failure: Option<Explanation>,
}

impl Inventory {
    /// Whether the list has every device that the account may see.
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

    /// The indices in [`Self::all`] of machines with this name, short or in full, in any spelling. A machine
    /// without a domain matches its name with any.
    pub fn places_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let places = indexed_name(name).map(|name| self.by_name.places(name));
        places.into_iter().flatten().filter(move |&index| {
            let known = self.machines[index].computer_dns_name.as_deref();
            known.is_some_and(|known| same_name(known, name))
        })
    }

    /// The indices in [`Self::all`] that are new or changed since `generation`; `None` if all may be.
    #[must_use]
    pub fn changes_since(&self, generation: u64) -> Option<&[u32]> {
        let count = usize::try_from(self.generation.checked_sub(generation)?).ok()?;
        self.changes.get(self.changes.len().checked_sub(count)?..)
    }

    /// Other records with the same or a confusable host name.
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
            // Hundreds of phones may share one name: equal spellings need no second comparison.
            other.id != machine.id
                && (other.computer_dns_name == machine.dns_name
                    || other.computer_dns_name.as_deref().and_then(indexed_name) == name)
        })
    }

    /// Clears everything, for another account.
    pub(super) fn forget(&mut self) {
        *self = Self {
            // Values derived from this list must not pass for those of the next.
            generation: self.generation + 1,
            ..Self::default()
        };
    }

    /// Begins a reading: earlier changes are not part of it.
    pub(super) fn begin_reading(&mut self, at: Timestamp) {
        self.began_at = Some(at);
        self.loading = true;
        self.slow = None;
        self.changes.clear();
        self.is_full = false;
        for size in &mut self.sizes {
            size.is_shown = false;
        }
    }

    /// Ends a reading, with the reason if it is incomplete.
    pub(super) fn end_reading(&mut self, incomplete: Option<String>) {
        let is_full = self.is_full.then(|| MORE_THAN_KEPT.to_owned());
        self.incomplete = incomplete.or(is_full);
    }

    /// Adds machines that an earlier run has read; known ones are newer and stay.
    pub(super) fn keep(&mut self, at: Timestamp, machines: Vec<Arc<Machine>>) {
        if self.read_at.is_none() {
            let unknown: Vec<_> = machines
                .into_iter()
                .filter(|machine| self.index_of(&machine.id).is_none())
                .collect();
            self.put(unknown, false);
            self.kept_at = Some(at);
        }
    }

    /// Adds machines; a known id is replaced in place, so that no row jumps. Missing fields are taken from the
    /// previous record.
    pub(super) fn upsert(&mut self, machines: impl IntoIterator<Item = Arc<Machine>>) {
        self.put(machines, true);
    }

    fn put(&mut self, machines: impl IntoIterator<Item = Arc<Machine>>, is_shown: bool) {
        let mut renamed = false;
        for machine in machines {
            self.missing.remove(&machine.id);
            let known = self.index_of(&machine.id);
            let machine = Machine::filled(machine, known.map(|index| &self.machines[index]));
            let mut bytes = 0;
            if let Some(index) = known {
                self.sizes[index].is_shown |= is_shown;
                if self.machines[index] == machine {
                    continue;
                }
                bytes = self.sizes[index].bytes;
            }
            let more = machine.bytes_in_list();
            self.budget.release(bytes);
            if !self.makes_room_for(more, known) {
                // Its memory is reserved already.
                self.budget.reserve(bytes);
                self.is_full = true;
                self.incomplete
                    .get_or_insert_with(|| MORE_THAN_KEPT.to_owned());
                continue;
            }
            renamed |= self.place(
                machine,
                ListedSize {
                    bytes: more,
                    is_shown,
                },
            );
        }
        if renamed {
            self.rebuild_index();
        }
    }

    /// Stores a machine at its index; returns whether its name there changed.
    fn place(&mut self, machine: Arc<Machine>, size: ListedSize) -> bool {
        // Machines may have been dropped meanwhile.
        let known = self.index_of(&machine.id);
        let index = known.unwrap_or(self.machines.len());
        let Ok(change) = u32::try_from(index) else {
            return false;
        };
        self.generation += 1;
        self.changes.push(change);
        if self.changes.len() > 2 * self.machines.len() + MAX_MISSING {
            // Too many changes to remember: everything is rebuilt.
            self.changes.clear();
        }
        if known.is_some() {
            let renamed = self.machines[index].computer_dns_name != machine.computer_dns_name;
            self.machines[index] = machine;
            self.sizes[index].bytes = size.bytes;
            return renamed;
        }
        self.by_id.insert(&machine.id, change);
        self.index_name(&machine, change);
        self.machines.push(machine);
        self.sizes.push(size);
        false
    }

    /// Reserves `bytes`. If there is not enough memory, machines not shown by the current reading are dropped
    /// first, except the one at `place`.
    fn makes_room_for(&mut self, bytes: usize, place: Option<usize>) -> bool {
        if self.budget.reserve(bytes) {
            return true;
        }
        if self.is_full {
            return false;
        }
        let mut wanted = bytes.max(MADE_AT_ONCE);
        let mut leaves = |index: usize, size: ListedSize| {
            let leaves = wanted > 0 && !size.is_shown && place != Some(index);
            if leaves {
                wanted = wanted.saturating_sub(size.bytes);
            }
            leaves
        };
        let leaves = (self.sizes.iter().enumerate())
            .map(|(index, size)| leaves(index, *size))
            .collect::<Vec<_>>();
        if !leaves.contains(&true) {
            return false;
        }
        let before = self.read_at.max(self.kept_at);
        let at = self.began_at.unwrap_or_default();
        self.drop_machines(&leaves, before, at);
        self.budget.reserve(bytes)
    }

    /// Drops the machines that a reading that ended at `at` did not show; the previous one ended at `before`.
    /// Those seen recently count as missing.
    pub(super) fn keep_only(
        &mut self,
        seen: &[MachineId],
        before: Option<Timestamp>,
        at: Timestamp,
    ) {
        let seen: HashSet<&MachineId> = seen.iter().collect();
        self.missing.retain(|_, since| is_recent(*since, at));
        let leaves = self.machines.iter();
        let leaves: Vec<_> = leaves.map(|machine| !seen.contains(&machine.id)).collect();
        if leaves.contains(&true) {
            self.drop_machines(&leaves, before, at);
        }
    }

    /// Drops the machines marked in `leaves`. They count as missing from `at` if the list `before` is recent.
    fn drop_machines(&mut self, leaves: &[bool], before: Option<Timestamp>, at: Timestamp) {
        let is_missed = before.is_some_and(|before| is_recent(before, at));
        let gone = self.machines.iter().zip(leaves);
        let gone = gone.filter(|(_, leaves)| is_missed && **leaves);
        let left = MAX_MISSING.saturating_sub(self.missing.len());
        self.missing
            .extend(gone.take(left).map(|(machine, _)| (machine.id.clone(), at)));
        self.generation += 1;
        self.changes.clear();
        let (mut stays, budget) = (leaves.iter().map(|leaves| !leaves), &mut self.budget);
        self.machines.retain(|_| stays.next().unwrap_or(true));
        let mut leaves = leaves.iter();
        self.sizes.retain(|size| {
            let leaves = leaves.next().is_some_and(|leaves| *leaves);
            budget.release(if leaves { size.bytes } else { 0 });
            !leaves
        });
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

/// Whether a list read at `then` is recent enough at `at` to notice missing devices.
fn is_recent(then: Timestamp, at: Timestamp) -> bool {
    at.duration_since(then).abs() < MISSED_FOR
}

/// Key shared by twins: the skeleton of the host name. A nameless record has no twin.
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

    /// A device with one field of a megabyte.
    fn large(number: usize) -> Arc<Machine> {
        let mut machine = (*machine(&format!("a{number}"), "D")).clone();
        machine.agent_version = Some("x".repeat(1 << 20).into());
        Arc::new(machine)
    }

    fn measured(inventory: &Inventory) -> usize {
        let all = inventory.machines.iter();
        all.map(|machine| machine.bytes_in_list()).sum()
    }

    fn assert_is_bounded(inventory: &Inventory) {
        let size: usize = inventory.sizes.iter().map(|size| size.bytes).sum();
        assert_eq!(size, measured(inventory));
        let mut left = MemoryBudget::default();
        assert!(left.reserve(size), "{size}");
        let places = 0..inventory.machines.len();
        assert!(
            places
                .clone()
                .all(|place| { inventory.index_of(&inventory.machines[place].id) == Some(place) })
        );
    }

    #[test]
    fn machines_not_shown_by_current_reading_are_evicted_first() {
        let mut inventory = Inventory::default();
        let at = |second| Timestamp::from_second(second).expect("a literal time");
        for (reading, first) in [(1, 0), (2, 1_000), (3, 2_000)] {
            inventory.begin_reading(at(reading));
            inventory.upsert((first..first + 60).map(large));
            assert_is_bounded(&inventory);
            let shown = (first..first + 60).filter(|n| {
                let id = MachineId::parse(&format!("a{n}")).expect("an id");
                inventory.get(&id).is_some()
            });
            assert_eq!(shown.count(), 60, "all of the current reading");
            inventory.read_at = Some(at(reading));
            inventory.end_reading(Some("cut".to_owned()));
        }
        // They were listed a moment ago.
        assert!(inventory.missing_count() > 0);
        assert!(inventory.all().len() > 60, "what fits stays");
    }

    #[test]
    fn machine_that_exceeds_the_budget_is_left_out_and_reported() {
        let mut inventory = Inventory::default();
        inventory.begin_reading(Timestamp::UNIX_EPOCH);
        inventory.upsert((0..200).map(large));
        assert_is_bounded(&inventory);
        let count = inventory.all().len();
        assert!((100..120).contains(&count), "{count}");
        inventory.end_reading(None);
        assert_eq!(inventory.incomplete.as_deref(), Some(MORE_THAN_KEPT));
        // A known machine stays, larger or not; a smaller one frees memory.
        let mut larger = (*large(0)).clone();
        larger.agent_version = Some("x".repeat(20 << 20).into());
        inventory.upsert([Arc::new(larger)]);
        assert_is_bounded(&inventory);
        let smaller = |number: usize| {
            let mut machine = (*large(number)).clone();
            machine.agent_version = Some("1".into());
            Arc::new(machine)
        };
        inventory.upsert([smaller(0), smaller(1)]);
        inventory.upsert([large(500)]);
        assert_is_bounded(&inventory);
        assert_eq!(inventory.all().len(), count + 1);
        let ids: Vec<_> = inventory.all()[..2].iter().map(|m| m.id.clone()).collect();
        inventory.keep_only(&ids, None, Timestamp::UNIX_EPOCH);
        assert_is_bounded(&inventory);
        assert_eq!(inventory.all().len(), 2);
    }

    #[test]
    fn changes_of_one_reading_are_bounded() {
        let mut inventory = Inventory::default();
        inventory.begin_reading(Timestamp::UNIX_EPOCH);
        let generation = inventory.generation;
        for n in 0..3 * MAX_MISSING {
            inventory.upsert([machine("a1", if n % 2 == 0 { "A" } else { "B" })]);
        }
        assert!(inventory.changes.len() <= MAX_MISSING + 2);
        assert!(inventory.changes_since(generation).is_none());
    }
}
