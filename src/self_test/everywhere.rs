//! Inputs and readings of tenant-wide orders.

use super::{Failed, SelfTest};
use crate::action::{Draft, INDICATOR, Subject};
use crate::journal::Entry;
use crate::message::Command;
use crate::model::{EVERYWHERE, MachineId, MachineRef};
use crate::state::{Remote, State};

impl SelfTest {
    /// Types the confirmation word, and selects the newest indicator if one is to be removed.
    pub(super) fn fill_everywhere(&self, draft: &mut Draft) {
        EVERYWHERE.clone_into(&mut draft.typed_name);
        let Subject::Act(kind) = draft.subject else {
            return;
        };
        let made = self.state.entries.iter().rev();
        let mut made = made.filter(|entry| entry.order.task.kind() == kind.spec().undo);
        if let Some(id) = made.find_map(Entry::own_action)
            && draft.parameters().contains(&INDICATOR)
        {
            draft.set(&INDICATOR, id.as_str());
        }
    }

    /// Reads the facts that the order is judged by: the machine, or the tenant's indicators.
    pub(super) fn read_anew(
        &mut self,
        step: &'static str,
        machine: &MachineRef,
    ) -> Result<(), Failed> {
        if machine.is_every_device() {
            let before = self.state.indicators.read_at();
            self.send(step, Command::LoadIndicators)?;
            return self.until(step, move |s| s.indicators.read_at() != before);
        }
        let read = |s: &State, id: &MachineId| s.histories.get(id).and_then(Remote::read_at);
        let id = machine.id.clone();
        let before = read(&self.state, &id);
        self.send(step, Command::LoadMachine(id.clone()))?;
        self.until(step, move |s| read(s, &id) != before)
    }
}
