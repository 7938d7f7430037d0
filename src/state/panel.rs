//! Panel data of machines: facts beyond their records and actions.

use jiff::Timestamp;

use super::{Recent, Remote};
use crate::message::PanelNews;
use crate::model::{
    Alert, AvailableActions, HeapBytes, Listed, LoggedOnUser, MachineId, PanelPart,
};

/// The parts of one machine's panel that are read separately.
#[derive(Debug, Default)]
pub struct Panel {
    pub users: Remote<Listed<LoggedOnUser>>,
    pub alerts: Remote<Listed<Alert>>,
    pub available: Remote<AvailableActions>,
}

impl HeapBytes for Panel {
    fn heap_bytes(&self) -> usize {
        let users = self.users.get().map_or(0, HeapBytes::heap_bytes);
        let alerts = self.alerts.get().map_or(0, HeapBytes::heap_bytes);
        users + alerts + self.available.get().map_or(0, HeapBytes::heap_bytes)
    }
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

    pub(super) fn apply(&mut self, news: PanelNews, at: Timestamp) {
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

/// The maximum number of cached panels; more than a shift views.
const KEPT: usize = 200;
/// The memory limit for them: many times the need of a usual shift.
const MAX_BYTES: usize = 16 << 20;

/// The panels of the machines viewed last.
pub type Panels = Recent<MachineId, Panel, KEPT, MAX_BYTES>;

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

    fn apply(state: &mut State, epoch: u64, n: usize, news: PanelNews) {
        state.apply(Event::Panel {
            epoch: Epoch(epoch),
            id: id(n),
            news,
            at: Timestamp::UNIX_EPOCH,
        });
    }

    #[test]
    fn each_part_fails_separately_and_keeps_its_last_value() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        apply(&mut state, 0, 1, PanelNews::Users(Ok(Vec::new().into())));
        apply(&mut state, 0, 1, PanelNews::Alerts(Ok(Vec::new().into())));
        apply(&mut state, 0, 1, PanelNews::Reading(PanelPart::Alerts));
        let failure = Explanation::harmless("No answer", NextStep::TryAgain);
        apply(&mut state, 0, 1, PanelNews::Alerts(Err(failure)));
        let panel = state.panels.get(&id(1)).expect("applied");
        assert!(panel.alerts.value.is_some() && panel.alerts.failure.is_some());
        assert!(panel.users.value.is_some() && panel.users.failure.is_none());
        assert!(!panel.alerts.loading && panel.available.value.is_none());
    }

    #[test]
    fn panels_are_bounded_in_memory() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let large = || LoggedOnUser {
            name: "x".repeat(1 << 20).into(),
            domain: None,
            first_seen: None,
            last_seen: None,
            logon_types: None,
            is_domain_admin: false,
        };
        let mebibytes = MAX_BYTES >> 20;
        for n in 0..2 * mebibytes {
            apply(&mut state, 0, n, PanelNews::Users(Ok(vec![large()].into())));
        }
        let kept = (0..2 * mebibytes).filter(|n| state.panels.get(&id(*n)).is_some());
        assert_eq!(
            kept.count(),
            mebibytes - 1,
            "each takes a little more than one"
        );
        assert!(state.panels.get(&id(2 * mebibytes - 1)).is_some());
        // A repeated read does not count twice; a panel that exceeds the limit alone is still shown.
        for _ in 0..2 * mebibytes {
            apply(&mut state, 0, 7, PanelNews::Users(Ok(vec![large()].into())));
        }
        assert!(state.panels.get(&id(2 * mebibytes - 1)).is_some());
        let huge = (0..2 * mebibytes).map(|_| large()).collect::<Vec<_>>();
        apply(&mut state, 0, 8, PanelNews::Users(Ok(huge.into())));
        assert!(state.panels.get(&id(8)).is_some() && state.panels.get(&id(7)).is_none());
    }

    #[test]
    fn panels_are_bounded_in_number_and_cleared_for_another_account() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        for n in 0..=KEPT {
            apply(&mut state, 0, n, PanelNews::Users(Ok(Vec::new().into())));
            apply(&mut state, 0, 0, PanelNews::Reading(PanelPart::Alerts));
        }
        assert!(state.panels.get(&id(1)).is_none(), "the oldest was evicted");
        assert!(state.panels.get(&id(0)).is_some() && state.panels.get(&id(KEPT)).is_some());
        state.apply(Event::Session {
            status: SessionStatus::SignedOut,
            epoch: Epoch(1),
        });
        assert!(state.panels.get(&id(0)).is_none());
        apply(&mut state, 0, 1, PanelNews::Users(Ok(Vec::new().into())));
        assert!(state.panels.get(&id(1)).is_none(), "late events dropped");
    }
}
