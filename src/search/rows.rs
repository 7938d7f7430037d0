//! The rows of the table: all devices in order, and those that match the search. Updates are
//! incremental, as there may be a hundred thousand devices, arriving while the user types.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::bigrams::BigramSignature;
use super::device_state::DeviceState;
use super::filter::Filter;
use super::sort;
use crate::model::{Column, Machine, MachineId, Sort, search_text};
use crate::state::State;

/// Rows as indices into the inventory.
#[derive(Debug, Default)]
pub struct Rows {
    /// All devices, in order.
    sorted: Vec<u32>,
    /// Matching devices, in order.
    found: Vec<u32>,
    /// By index: sort key, search signature, and whether it matches.
    keys: Vec<u128>,
    signatures: Vec<BigramSignature>,
    hits: Vec<bool>,
    /// By index: the normal form of the few texts that are not plain.
    odd: HashMap<u32, Box<str>>,
    /// Whether the matches are those of a pasted line instead of the words.
    is_by_paste: bool,
    /// Whether states in the sort key have changed while the order was held.
    is_order_old: bool,
    from: Option<RowsKey>,
}

/// Inputs of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RowsKey {
    generation: u64,
    /// Whether states matter, and their generation if so.
    needs_states: bool,
    states: u64,
    sort: Sort,
    search: String,
    /// Number of the service's answer to this search, if it was queried.
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

    /// Whether the rows would be the same now.
    fn is_still(&self, state: &State, search: &str, sort: Sort) -> bool {
        self.generation == state.inventory.generation
            && self.sort == sort
            && self.search == search
            && self.answer == state.asked.answer(search).map(|(number, _)| number)
            && (!self.needs_states || self.states == states_of(state))
    }
}

/// Changes since the last update; everything if there was none.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
struct Update {
    /// Indices of the changed devices, in order; `None` if unknown.
    changes: Option<Vec<u32>>,
    same_search: bool,
    same_states: bool,
    same_order: bool,
    /// Whether the service was queried, before or now: its answer is added to the words' matches,
    /// and replaced with its search.
    was_asked: bool,
    /// Whether the search matches nothing that the previous one did not match.
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

    #[must_use]
    pub fn machine<'a>(&self, state: &'a State, row: usize) -> Option<&'a Arc<Machine>> {
        state.inventory.all().get(*self.found.get(row)? as usize)
    }

    #[must_use]
    pub fn row_of(&self, state: &State, id: &MachineId) -> Option<usize> {
        let index = state.inventory.index_of(id)?;
        self.found.iter().position(|&found| found as usize == index)
    }

    /// Whether a search other than that of these rows matches the device at an index.
    #[must_use]
    pub(super) fn would_find(&self, state: &State, filter: &Filter, place: u32) -> bool {
        let at = place as usize;
        let known = state.inventory.all().get(at).zip(self.signatures.get(at));
        known.is_some_and(|(machine, signatures)| {
            let odd = || odd_of(&self.odd, signatures, place);
            filter.matches(machine, signatures, odd, state_of(state))
        })
    }

    /// Updates the rows after changes. Returns whether the search is a different one.
    pub fn refresh(&mut self, state: &State, search: &str, sort: Sort) -> bool {
        self.refresh_holding(state, search, sort, false)
    }

    /// Like [`Self::refresh`]; with `holds_order`, changed states do not move rows until the search
    /// or sort order changes, or this is called without.
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

    /// Applies an update with the least work.
    fn apply(&mut self, state: &State, sort: Sort, filter: &Filter, update: &Update) {
        let all = || (0..).take(state.inventory.all().len());
        let changes = &update.changes;
        match changes {
            Some(changes) => self.update_signatures(state, changes.iter().copied()),
            None => self.update_signatures(state, all()),
        }
        match changes {
            Some(changes) if changes.is_empty() && update.same_order => {}
            Some(changes) if update.same_order => self.merge_sorted(state, sort, changes),
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

    fn update_signatures(&mut self, state: &State, places: impl Iterator<Item = u32>) {
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

    /// Sorts all devices.
    fn sort(&mut self, state: &State, sort: Sort) {
        let machines = state.inventory.all();
        for (key, machine) in self.keys.iter_mut().zip(machines) {
            *key = sort::key(machine, sort, state_of(state));
        }
        // Sorting contiguous keys is many times faster than following pointers.
        let mut keyed: Vec<(u128, u32)> = self.keys.iter().copied().zip(0..).collect();
        keyed.sort_unstable_by(|one, other| compare(machines, *one, *other));
        self.sorted.clear();
        self.sorted
            .extend(keyed.into_iter().map(|(_, index)| index));
    }

    /// Merges the changed devices, given by ascending index, into the order.
    fn merge_sorted(&mut self, state: &State, sort: Sort, changes: &[u32]) {
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

    /// Filters the previous matches.
    fn narrow(&mut self, state: &State, filter: &Filter) {
        // In memory order.
        let rows = state.inventory.all().iter().zip(&self.signatures);
        for ((hit, (machine, signatures)), index) in self.hits.iter_mut().zip(rows).zip(0..) {
            let odd = || odd_of(&self.odd, signatures, index);
            *hit = *hit && filter.matches(machine, signatures, odd, state_of(state));
        }
        let hits = &self.hits;
        self.found.retain(|index| hits[*index as usize]);
        self.match_pasted(state, filter);
    }

    /// Matches these indices again, and gathers the result.
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

    /// Matches a pasted line: it has words that no device has.
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

    /// Adds a device that the words alone do not match, unless one of them excludes it.
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

/// A number that changes with each action or order: both generations only grow.
fn states_of(state: &State) -> u64 {
    state.actions.generation() + state.entries.generation()
}

fn state_of(state: &State) -> impl Fn(&MachineId) -> DeviceState + '_ {
    |id| DeviceState::to_be_searched(state, id)
}

#[cfg(test)]
mod tests;
