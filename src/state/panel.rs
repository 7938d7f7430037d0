//! What is known of machines beside their records and their actions.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use super::Remote;
use crate::message::PanelNews;
use crate::model::{Alert, AvailableActions, Listed, LoggedOnUser, MachineId, PanelPart};

/// The parts of one machine's panel that are read on their own.
#[derive(Debug, Default)]
pub struct Panel {
    pub users: Remote<Listed<LoggedOnUser>>,
    pub alerts: Remote<Listed<Alert>>,
    pub available: Remote<AvailableActions>,
}

impl Panel {
    /// When a part was read, and whether it is being read.
    #[must_use]
    pub fn freshness(&self, part: PanelPart) -> (Option<Timestamp>, bool) {
        match part {
            PanelPart::Users => (self.users.read_at(), self.users.loading),
            PanelPart::Alerts => (self.alerts.read_at(), self.alerts.loading),
            PanelPart::AvailableActions => (self.available.read_at(), self.available.loading),
        }
    }

    fn apply(&mut self, news: PanelNews, at: Timestamp) {
        match news {
            PanelNews::Reading(PanelPart::Users) => self.users.loading = true,
            PanelNews::Reading(PanelPart::Alerts) => self.alerts.loading = true,
            PanelNews::Reading(PanelPart::AvailableActions) => self.available.loading = true,
            PanelNews::Users(result) => self.users.set(result, at),
            PanelNews::Alerts(result) => self.alerts.set(result, at),
            PanelNews::AvailableActions(result) => self.available.set(result, at),
        }
    }
}

/// Machines whose panels are kept; a shift's worth of looking.
const KEPT: usize = 200;

/// The panels of the machines that were looked at last.
#[derive(Debug, Default)]
pub struct Panels {
    by_machine: HashMap<MachineId, Panel>,
    /// Those there are, the one that heard news last at the end.
    order: VecDeque<MachineId>,
}

impl Panels {
    #[must_use]
    pub fn get(&self, id: &MachineId) -> Option<&Panel> {
        self.by_machine.get(id)
    }

    pub(super) fn apply(&mut self, id: MachineId, news: PanelNews, at: Timestamp) {
        self.order.retain(|known| *known != id);
        self.order.push_back(id.clone());
        self.by_machine.entry(id).or_default().apply(news, at);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_machine.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Explanation, NextStep};
    use crate::guard::Policy;
    use crate::message::Event;
    use crate::model::{Epoch, Mode, SessionStatus};
    use crate::state::State;

    fn id(n: usize) -> MachineId {
        MachineId::parse(&format!("a{n}")).expect("a literal id")
    }

    fn tell(state: &mut State, epoch: u64, n: usize, news: PanelNews) {
        state.apply(Event::Panel {
            epoch: Epoch(epoch),
            id: id(n),
            news,
            at: Timestamp::UNIX_EPOCH,
        });
    }

    #[test]
    fn each_part_fails_on_its_own_and_keeps_what_it_had() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        tell(&mut state, 0, 1, PanelNews::Users(Ok(Vec::new().into())));
        tell(&mut state, 0, 1, PanelNews::Alerts(Ok(Vec::new().into())));
        tell(&mut state, 0, 1, PanelNews::Reading(PanelPart::Alerts));
        let failure = Explanation::harmless("No answer", NextStep::TryAgain);
        tell(&mut state, 0, 1, PanelNews::Alerts(Err(failure)));
        let panel = state.panels.get(&id(1)).expect("told");
        assert!(panel.alerts.value.is_some() && panel.alerts.failure.is_some());
        assert!(panel.users.value.is_some() && panel.users.failure.is_none());
        assert!(!panel.alerts.loading && panel.available.value.is_none());
    }

    #[test]
    fn panels_are_bounded_and_of_one_account() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        for n in 0..=KEPT {
            tell(&mut state, 0, n, PanelNews::Users(Ok(Vec::new().into())));
            tell(&mut state, 0, 0, PanelNews::Reading(PanelPart::Alerts));
        }
        assert!(state.panels.get(&id(1)).is_none(), "the oldest has gone");
        assert!(state.panels.get(&id(0)).is_some() && state.panels.get(&id(KEPT)).is_some());
        state.apply(Event::Session {
            status: SessionStatus::SignedOut,
            epoch: Epoch(1),
        });
        assert!(state.panels.get(&id(0)).is_none());
        tell(&mut state, 0, 1, PanelNews::Users(Ok(Vec::new().into())));
        assert!(state.panels.get(&id(1)).is_none(), "late news are dropped");
    }
}
