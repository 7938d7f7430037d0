//! Last reads: of each machine, and the time of the complete list's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;
use tokio::time::Instant;

use super::session::SessionHandle;
use crate::explain::Explanation;
use crate::model::{
    Epoch, HeapBytes, Listed, Machine, MachineAction, MachineActionId, MachineActionStatus,
    MachineId,
};

/// The maximum number of machines; a shift views fewer. Evicted ones are read again.
const MAX_MACHINES: usize = 1_000;

/// The memory limit for them: many times the need of a usual shift.
const MAX_BYTES: usize = 16 << 20;

/// The last reads of one machine, with their times.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub machine: Option<(Arc<Machine>, Timestamp)>,
    pub history: Option<(Listed<MachineAction>, Timestamp)>,
    /// Why the last read of the record failed; cleared by the next success.
    pub failure: Option<Box<str>>,
}

impl Known {
    fn read_at(&self) -> Option<Timestamp> {
        let machine = self.machine.as_ref().map(|(_, at)| *at);
        machine.max(self.history.as_ref().map(|(_, at)| *at))
    }
}

impl HeapBytes for Known {
    fn heap_bytes(&self) -> usize {
        let machine = self.machine.as_ref();
        let history = self.history.as_ref();
        machine.map_or(0, |(machine, _)| machine.heap_bytes())
            + history.map_or(0, |(history, _)| history.heap_bytes())
    }
}

/// The last reads of each machine in this session.
#[derive(Default)]
pub(super) struct KnownMachines(Mutex<HashMap<MachineId, Known>>);

impl KnownMachines {
    fn all(&self) -> MutexGuard<'_, HashMap<MachineId, Known>> {
        self.0.lock()
    }

    pub fn get(&self, machine: &MachineId) -> Known {
        self.all().get(machine).cloned().unwrap_or_default()
    }

    pub fn clear(&self) {
        self.all().clear();
    }

    /// Evicts a machine: it is read again before it is used for a decision.
    pub fn forget(&self, machine: &MachineId) {
        self.all().remove(machine);
    }

    /// Merges a record; missing properties keep their known values.
    pub fn learn_machine(&self, machine: Arc<Machine>, at: Timestamp) {
        self.learn(&machine.id.clone(), |known| {
            let before = known.machine.as_ref().map(|(before, _)| before);
            known.machine = Some((Machine::filled(machine, before), at));
            known.failure = None;
        });
    }

    /// Stores a record that was read, or why that failed.
    pub fn learn_reading(
        &self,
        machine: &MachineId,
        result: &Result<Arc<Machine>, Explanation>,
        at: Timestamp,
    ) {
        match result {
            Ok(record) => self.learn_machine(Arc::clone(record), at),
            Err(why) => self.learn(machine, |known| {
                known.failure = Some(why.headline.as_str().into());
            }),
        }
    }

    /// Merges a machine's actions; `ended` are those whose end is in the journal. A final status stays, even if
    /// an older reading differs, and missing properties keep their known values.
    pub fn learn_history(
        &self,
        machine: &MachineId,
        mut history: Listed<MachineAction>,
        at: Timestamp,
        ended: &HashMap<MachineActionId, MachineActionStatus>,
    ) {
        self.learn(machine, |known| {
            let before = known.history.take();
            let before = before.map_or_else(Vec::new, |(listed, _)| listed.items);
            let mut before: HashMap<_, _> = before.into_iter().map(|a| (a.id.clone(), a)).collect();
            for action in &mut history.items {
                if let Some(mut known) = before.remove(&action.id) {
                    known.merge(action.clone());
                    *action = known;
                }
                if let Some(status) = ended.get(&action.id)
                    && !action.status.is_final()
                {
                    action.status = status.clone();
                }
            }
            known.history = Some((history, at));
        });
    }

    fn learn(&self, machine: &MachineId, change: impl FnOnce(&mut Known)) {
        let mut all = self.all();
        change(all.entry(machine.clone()).or_default());
        let mut bytes: usize = all.values().map(HeapBytes::bytes).sum();
        // Never the one that was just read.
        while all.len() > MAX_MACHINES || bytes > MAX_BYTES {
            let others = all.iter().filter(|(id, _)| *id != machine);
            let oldest = others.min_by_key(|(_, known)| known.read_at());
            let Some(id) = oldest.map(|(id, _)| id.clone()) else {
                break;
            };
            bytes -= all.remove(&id).map_or(0, |known| known.bytes());
        }
    }
}

/// When the device list was last read, and which session's list the window has.
#[derive(Default)]
pub(super) struct ListAge {
    /// `None` before the first reading has ended, and during one.
    read_at: watch::Sender<Option<Instant>>,
    shown: Mutex<Option<(Epoch, usize)>>,
}

/// Marks an unknown number of devices.
pub(super) const NEVER_READ_WHOLE: usize = usize::MAX;

impl ListAge {
    /// Notes that the window has devices of this session, and the size of its last complete list.
    pub fn note_shown(&self, epoch: Epoch, devices: usize) {
        *self.shown.lock() = Some((epoch, devices));
    }

    /// The size of this session's last complete list, or [`NEVER_READ_WHOLE`]; `None` before any device was
    /// shown.
    pub fn shown(&self, epoch: Epoch) -> Option<usize> {
        let shown = *self.shown.lock();
        shown
            .filter(|(of, _)| *of == epoch)
            .map(|(_, devices)| devices)
    }

    pub fn begin_reading(&self) {
        self.read_at.send_replace(None);
    }

    /// Notes the end of a reading, successful or not.
    pub fn end_reading(&self, at: Instant) {
        self.read_at.send_replace(Some(at));
    }

    /// Returns when the list is due for a refresh: this long after the last reading, while an account is signed
    /// in.
    pub async fn until_stale(&self, after: Duration, session: &SessionHandle) {
        let (mut read_at, mut present) = (self.read_at.subscribe(), session.subscribe());
        loop {
            present.mark_unchanged();
            let read = *read_at.borrow_and_update();
            let due = read.filter(|_| session.status().is_signed_in());
            let stale = async {
                match due {
                    Some(read) => tokio::time::sleep_until(read + after).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stale => return,
                Ok(()) = read_at.changed() => {}
                Ok(()) = present.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_reads_are_evicted_first() {
        let known = KnownMachines::default();
        let id = |n: usize| MachineId::parse(&format!("{n:040x}")).expect("an id");
        let list = || Listed::from(Vec::new());
        let at =
            |n: usize| Timestamp::from_second(i64::try_from(n).expect("small")).expect("a time");
        for n in 0..MAX_MACHINES {
            known.learn_history(&id(n), list(), at(n), &HashMap::new());
        }
        known.learn_history(&id(0), list(), at(MAX_MACHINES), &HashMap::new());
        known.learn_history(&id(MAX_MACHINES), list(), at(MAX_MACHINES), &HashMap::new());
        assert_eq!(known.all().len(), MAX_MACHINES);
        let is_known = |n| known.get(&id(n)).history.is_some();
        assert_eq!(
            [0, 1, 2, MAX_MACHINES].map(is_known),
            [true, false, true, true]
        );
    }

    #[test]
    fn reads_are_bounded_in_memory_but_never_evict_the_newest() {
        let known = KnownMachines::default();
        let large = |n: usize, bytes: usize| {
            let id = MachineId::parse(&format!("a{n}")).expect("an id");
            let mut machine = Machine::bare(id);
            machine.rbac_group_name = Some("x".repeat(bytes).into());
            Arc::new(machine)
        };
        for n in 0..40 {
            let at = Timestamp::from_second(i64::try_from(n).expect("small")).expect("a time");
            known.learn_machine(large(n, 1 << 20), at);
        }
        assert_eq!(known.all().len(), (MAX_BYTES >> 20) - 1);
        assert!(known.get(&large(39, 0).id).machine.is_some());
        known.learn_machine(large(50, 2 * MAX_BYTES), Timestamp::UNIX_EPOCH);
        assert!(known.get(&large(50, 0).id).machine.is_some());
        assert_eq!(known.all().len(), 1);
    }
}
