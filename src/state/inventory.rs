//! The list of machines.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::explain::Explanation;
use crate::model::{Machine, MachineId, MachineRef, short_name};

/// Where the machines of one name stand. Most names are borne once, so the others cost nothing then.
#[derive(Debug)]
struct Places {
    first: usize,
    others: Option<Box<Others>>,
}

#[derive(Debug, Default)]
struct Others(Vec<usize>);

impl Places {
    fn all(&self) -> impl Iterator<Item = usize> {
        let others = self.others.iter().flat_map(|others| &others.0).copied();
        std::iter::once(self.first).chain(others)
    }
}

/// Every machine read so far, in the order of arrival, each id once.
#[derive(Debug, Default)]
pub struct Inventory {
    machines: Vec<Arc<Machine>>,
    by_id: HashMap<MachineId, usize>,
    by_name: HashMap<Box<str>, Places>,
    /// Grows with each change; what is derived from the list remembers the one it came from.
    pub generation: u64,
    pub loading: bool,
    /// When the last complete reading ended.
    pub read_at: Option<Timestamp>,
    /// When the list of an earlier run was read, while there is no newer one.
    pub kept_at: Option<Timestamp>,
    /// Elements of the last reading that could not be understood.
    pub unreadable: usize,
    /// Why the last reading is not complete.
    pub incomplete: Option<String>,
    pub failure: Option<Explanation>,
}

impl Inventory {
    #[must_use]
    pub fn all(&self) -> &[Arc<Machine>] {
        &self.machines
    }

    #[must_use]
    pub fn get(&self, id: &MachineId) -> Option<&Arc<Machine>> {
        self.by_id.get(id).map(|&place| &self.machines[place])
    }

    /// Other records with the same host name.
    pub fn namesakes<'a>(
        &'a self,
        machine: &'a MachineRef,
    ) -> impl Iterator<Item = &'a Arc<Machine>> {
        let name = machine
            .dns_name
            .as_deref()
            .map(short_name)
            .unwrap_or_default();
        let places = self.by_name.get(name.as_str());
        places
            .into_iter()
            .flat_map(Places::all)
            .map(|place| &self.machines[place])
            .filter(|other| other.id != machine.id)
    }

    /// Takes machines in; a known id is replaced where it stands, so that no row jumps.
    pub(super) fn upsert(&mut self, machines: impl IntoIterator<Item = Arc<Machine>>) {
        self.generation += 1;
        let mut renamed = false;
        for machine in machines {
            if let Some(&place) = self.by_id.get(&machine.id) {
                renamed |= self.machines[place].computer_dns_name != machine.computer_dns_name;
                self.machines[place] = machine;
            } else {
                self.by_id.insert(machine.id.clone(), self.machines.len());
                self.index_name(&machine, self.machines.len());
                self.machines.push(machine);
            }
        }
        if renamed {
            self.index_names();
        }
    }

    /// Drops what a complete reading did not show any more.
    pub(super) fn keep_only(&mut self, seen: &[MachineId]) {
        let seen: HashSet<&MachineId> = seen.iter().collect();
        if self.machines.len() == seen.len() {
            return;
        }
        self.generation += 1;
        self.machines.retain(|machine| seen.contains(&machine.id));
        self.by_id = self
            .machines
            .iter()
            .enumerate()
            .map(|(place, m)| (m.id.clone(), place))
            .collect();
        self.index_names();
    }

    fn index_names(&mut self) {
        self.by_name.clear();
        for (place, machine) in self.machines.clone().iter().enumerate() {
            self.index_name(machine, place);
        }
    }

    fn index_name(&mut self, machine: &Machine, place: usize) {
        // A nameless record is nobody's twin.
        if let Some(name) = machine
            .computer_dns_name
            .as_deref()
            .map(short_name)
            .filter(|n| !n.is_empty())
        {
            match self.by_name.entry(name.into()) {
                Entry::Vacant(vacant) => {
                    vacant.insert(Places {
                        first: place,
                        others: None,
                    });
                }
                Entry::Occupied(mut occupied) => {
                    let others = occupied.get_mut().others.get_or_insert_default();
                    others.0.push(place);
                }
            }
        }
    }
}
