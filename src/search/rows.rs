//! The rows of the table: all devices in order, and those that the search finds. Each change costs
//! what has changed, for there may be a hundred thousand devices, and they arrive while somebody
//! types.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::bigrams::BigramSignature;
use super::device_state::DeviceState;
use super::filter::Filter;
use super::sort;
use crate::model::{Column, Machine, MachineId, Sort, search_text};
use crate::state::State;

/// Devices by their places in the inventory.
#[derive(Debug, Default)]
pub struct Rows {
    /// All devices, in order.
    sorted: Vec<u32>,
    /// Matching devices, in order.
    found: Vec<u32>,
    /// By place: by what a device is ordered, what a search can rule it out by, and whether it is
    /// found.
    keys: Vec<u128>,
    signatures: Vec<BigramSignature>,
    hits: Vec<bool>,
    /// By place, the normal form of those few texts that are not plain.
    odd: HashMap<u32, Box<str>>,
    /// Whether what is found is what a pasted line names, and not what the words say.
    is_by_paste: bool,
    /// Whether states have changed by which they are ordered, and the order was held.
    is_order_old: bool,
    from: Option<RowsKey>,
}

/// The inputs that the rows were made from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RowsKey {
    generation: u64,
    /// Whether what is known of states matters, and what changes with it where it does.
    needs_states: bool,
    states: u64,
    sort: Sort,
    search: String,
    /// The number of the service's own answer to this search, where it was asked.
    answer: Option<u64>,
}

impl RowsKey {
    fn of(state: &State, search: &str, sort: Sort, filter: &Filter) -> Self {
        let needs_states = filter.asks_for_state() || sort.column == Column::State;
        Self {
            generation: state.inventory.generation,
            needs_states,
            states: if needs_states { states_of(state) } else { 0 },
            sort,
            search: search.to_owned(),
            answer: state.asked.answer(search).map(|(number, _)| number),
        }
    }

    /// Whether the same rows would be made now.
    fn is_still(&self, state: &State, search: &str, sort: Sort) -> bool {
        self.generation == state.inventory.generation
            && self.sort == sort
            && self.search == search
            && self.answer == state.asked.answer(search).map(|(number, _)| number)
            && (!self.needs_states || self.states == states_of(state))
    }
}

/// What has changed since rows were last made; everything if none were.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
struct Update {
    /// The places of the devices that have changed, in order; `None` where that is not known.
    changes: Option<Vec<u32>>,
    same_search: bool,
    same_states: bool,
    same_order: bool,
    /// The service itself was asked, before or now: what it found is added to what the words find, and
    /// goes with its search.
    was_asked: bool,
    /// Whether the search finds nothing that the one before did not find.
    narrows: bool,
}

impl Update {
    fn between(before: Option<&RowsKey>, now: &RowsKey, state: &State, filter: &Filter) -> Self {
        let same =
            |is: fn(&RowsKey, &RowsKey) -> bool| before.is_some_and(|before| is(before, now));
        let same_states = same(|old, new| old.states == new.states);
        let changes = before.and_then(|old| state.inventory.changes_since(old.generation));
        let changes = changes.map(|changes| {
            let mut changes = changes.to_vec();
            changes.sort_unstable();
            changes.dedup();
            changes
        });
        Self {
            changes,
            same_search: same(|old, new| old.search == new.search),
            same_states,
            same_order: same_states && same(|old, new| old.sort == new.sort),
            was_asked: !same(|old, new| old.answer.is_none() && new.answer.is_none()),
            narrows: before.is_some_and(|old| filter.narrows(&old.search, &now.search)),
        }
    }
}

impl Rows {
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The device of a row.
    #[must_use]
    pub fn machine<'a>(&self, state: &'a State, row: usize) -> Option<&'a Arc<Machine>> {
        state.inventory.all().get(*self.found.get(row)? as usize)
    }

    /// The row of a device.
    #[must_use]
    pub fn row_of(&self, state: &State, id: &MachineId) -> Option<usize> {
        let index = state.inventory.index_of(id)?;
        self.found.iter().position(|&found| found as usize == index)
    }

    /// Whether another search than the one of these rows finds the device at a place of the inventory.
    #[must_use]
    pub(super) fn would_find(&self, state: &State, filter: &Filter, place: u32) -> bool {
        let at = place as usize;
        let known = state.inventory.all().get(at).zip(self.signatures.get(at));
        known.is_some_and(|(machine, signatures)| {
            let odd = || odd_of(&self.odd, signatures, place);
            filter.matches(machine, signatures, odd, state_of(state))
        })
    }

    /// Sorts and filters again after changes. Tells whether another search than
    /// before was asked for.
    pub fn refresh(&mut self, state: &State, search: &str, sort: Sort) -> bool {
        self.refresh_holding(state, search, sort, false)
    }

    /// The same; with `holds_order` none changes its place among the others because its state has changed,
    /// until another search or order is asked for, or this is called without.
    pub fn refresh_holding(
        &mut self,
        state: &State,
        search: &str,
        sort: Sort,
        holds_order: bool,
    ) -> bool {
        let is_order_due = self.is_order_old && !holds_order;
        let from = self.from.as_ref();
        if !is_order_due && from.is_some_and(|from| from.is_still(state, search, sort)) {
            return false;
        }
        let filter = Filter::parse(search);
        let now = RowsKey::of(state, search, sort, &filter);
        let before = self.from.replace(now.clone());
        let mut update = Update::between(before.as_ref(), &now, state, &filter);
        let is_same_sort = before.as_ref().is_some_and(|before| before.sort == sort);
        let is_held = holds_order && update.same_search && is_same_sort;
        let is_in_order = update.same_order && !self.is_order_old;
        self.is_order_old = is_held && !is_in_order;
        update.same_order = is_held || is_in_order;
        self.apply(state, sort, &filter, &update);
        if let Some((_, answer)) = state.asked.answer(search) {
            let places = answer.machines.iter();
            for index in places.filter_map(|id| state.inventory.index_of(id)) {
                self.hit(state, &filter, index);
            }
            self.gather();
        }
        before.is_some() && !update.same_search
    }

    /// Does again what an update makes necessary, and no more.
    fn apply(&mut self, state: &State, sort: Sort, filter: &Filter, update: &Update) {
        let all = || (0..).take(state.inventory.all().len());
        let changes = &update.changes;
        match changes {
            Some(changes) => self.mark(state, changes.iter().copied()),
            None => self.mark(state, all()),
        }
        match changes {
            Some(changes) if changes.is_empty() && update.same_order => {}
            Some(changes) if update.same_order => self.put_in(state, sort, changes),
            Some(_) | None => self.sort(state, sort),
        }
        match changes {
            Some(_) if self.is_by_paste || update.was_asked => {
                self.filter_at(state, filter, all());
            }
            Some(changes) if update.same_search && update.same_states => {
                self.filter_at(state, filter, changes.iter().copied());
            }
            Some(changes)
                if changes.is_empty()
                    && update.same_order
                    && update.same_states
                    && update.narrows =>
            {
                self.narrow(state, filter);
            }
            Some(_) | None => self.filter_at(state, filter, all()),
        }
    }

    fn mark(&mut self, state: &State, places: impl Iterator<Item = u32>) {
        let machines = state.inventory.all();
        self.signatures
            .resize(machines.len(), BigramSignature::default());
        self.keys.resize(machines.len(), 0);
        self.hits.resize(machines.len(), false);
        for index in places {
            let machine = &machines[index as usize];
            let odd = search_text(machine);
            self.signatures[index as usize] = BigramSignature::of(machine, odd.as_deref());
            match odd {
                Some(odd) => {
                    self.odd.insert(index, odd);
                }
                None if self.odd.is_empty() => {}
                None => {
                    self.odd.remove(&index);
                }
            }
        }
    }

    /// Puts all devices in order.
    fn sort(&mut self, state: &State, sort: Sort) {
        let machines = state.inventory.all();
        for (key, machine) in self.keys.iter_mut().zip(machines) {
            *key = sort::key(machine, sort, state_of(state));
        }
        // Comparing what lies side by side is many times faster than following pointers.
        let mut keyed: Vec<(u128, u32)> = self.keys.iter().copied().zip(0..).collect();
        keyed.sort_unstable_by(|one, other| compare(machines, *one, *other));
        self.sorted.clear();
        self.sorted
            .extend(keyed.into_iter().map(|(_, index)| index));
    }

    /// Puts what has changed, in the order of places, where it belongs among the others.
    fn put_in(&mut self, state: &State, sort: Sort, changes: &[u32]) {
        let machines = state.inventory.all();
        let known = self.sorted.len();
        if changes
            .first()
            .is_some_and(|index| (*index as usize) < known)
        {
            let mut is_changed = vec![false; machines.len()];
            for index in changes {
                is_changed[*index as usize] = true;
            }
            self.sorted.retain(|index| !is_changed[*index as usize]);
        }
        for index in changes.iter().map(|index| *index as usize) {
            self.keys[index] = sort::key(&machines[index], sort, state_of(state));
        }
        let keys = &self.keys;
        let keyed = |index: u32| (keys[index as usize], index);
        let mut new = changes.to_vec();
        new.sort_unstable_by(|one, other| compare(machines, keyed(*one), keyed(*other)));
        let old = std::mem::take(&mut self.sorted);
        let mut rest = old.as_slice();
        self.sorted.reserve(old.len() + new.len());
        for index in new {
            let is_before =
                |old: &u32| compare(machines, keyed(*old), keyed(index)) == Ordering::Less;
            let (before, after) = rest.split_at(rest.partition_point(is_before));
            self.sorted.extend_from_slice(before);
            self.sorted.push(index);
            rest = after;
        }
        self.sorted.extend_from_slice(rest);
    }

    /// Filters the earlier matches.
    fn narrow(&mut self, state: &State, filter: &Filter) {
        // In the order of places, in which the memory lies.
        let rows = state.inventory.all().iter().zip(&self.signatures);
        for ((hit, (machine, signatures)), index) in self.hits.iter_mut().zip(rows).zip(0..) {
            let odd = || odd_of(&self.odd, signatures, index);
            *hit = *hit && filter.matches(machine, signatures, odd, state_of(state));
        }
        let hits = &self.hits;
        self.found.retain(|index| hits[*index as usize]);
        self.match_pasted(state, filter);
    }

    /// Looks at these places again, and gathers what is found.
    fn filter_at(&mut self, state: &State, filter: &Filter, places: impl Iterator<Item = u32>) {
        let machines = state.inventory.all();
        for index in places {
            let at = index as usize;
            let signatures = &self.signatures[at];
            let odd = || odd_of(&self.odd, signatures, index);
            self.hits[at] = filter.matches(&machines[at], signatures, odd, state_of(state));
        }
        self.gather();
        self.match_pasted(state, filter);
    }

    /// A line from a ticket holds words that no device has.
    fn match_pasted(&mut self, state: &State, filter: &Filter) {
        self.is_by_paste = false;
        if let Some(pasted) = filter.pasted().filter(|_| self.found.is_empty()) {
            for index in pasted.places(&state.inventory, &self.signatures) {
                self.hit(state, filter, index);
            }
            self.gather();
            self.is_by_paste = !self.found.is_empty();
        }
    }

    /// Adds a device that the words alone do not find, unless one of them excludes it.
    fn hit(&mut self, state: &State, filter: &Filter, index: usize) {
        let (machine, signatures) = (&state.inventory.all()[index], &self.signatures[index]);
        let at = u32::try_from(index).unwrap_or(u32::MAX);
        let odd = odd_of(&self.odd, signatures, at);
        self.hits[index] = !filter.leaves_out(machine, odd, state_of(state));
    }

    fn gather(&mut self) {
        let hits = &self.hits;
        let is_hit = |index: &&u32| hits[**index as usize];
        self.found.clear();
        self.found.extend(self.sorted.iter().filter(is_hit));
    }
}

fn odd_of<'a>(
    odd: &'a HashMap<u32, Box<str>>,
    signatures: &BigramSignature,
    index: u32,
) -> Option<&'a str> {
    let odd = signatures.is_odd().then(|| odd.get(&index)).flatten();
    odd.map(AsRef::as_ref)
}

fn compare(machines: &[Arc<Machine>], one: (u128, u32), other: (u128, u32)) -> Ordering {
    let machine = |index: u32| &machines[index as usize];
    one.0
        .cmp(&other.0)
        .then_with(|| sort::compare_equals(machine(one.1), machine(other.1)))
}

/// Another one whenever an action or an order has changed: both only grow.
fn states_of(state: &State) -> u64 {
    state.actions.generation() + state.entries.generation()
}

fn state_of(state: &State) -> impl Fn(&MachineId) -> DeviceState + '_ {
    |id| DeviceState::to_be_searched(state, id)
}

#[cfg(test)]
mod tests;
