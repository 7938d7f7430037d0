//! How many devices of the list each quick filter finds, counted as things change.

use std::collections::HashSet;

use strum::VariantArray;

use super::device_state::DeviceState;
use crate::model::{Account, HealthStatus, Machine, MachineId, RiskScore, variants};
use crate::state::State;

/// Most used quick filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum Quick {
    Contained,
    Pending,
    HighRisk,
    Attention,
    NotActive,
    Mine,
}

impl Quick {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    /// The word of the search that finds them.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Contained => "state:contained",
            Self::Pending => "state:pending",
            Self::HighRisk => "risk:high+",
            Self::Attention => "state:attention",
            Self::NotActive => "-health:active",
            Self::Mine => "state:requested-by-me",
        }
    }
}

/// How many devices each finds.
#[derive(Debug, Default)]
pub struct Tally {
    /// By place in the list: whether it is a high risk, and whether it is not active.
    flags: Vec<[bool; 2]>,
    inventory: Option<u64>,
    states: Option<[u64; 3]>,
    /// Whose requests were counted.
    account: Option<Account>,
    counts: [usize; Quick::ALL.len()],
}

impl Tally {
    /// How many there are, as was counted last.
    #[must_use]
    pub const fn count(&self, quick: Quick) -> usize {
        self.counts[quick as usize]
    }

    /// Counts again what has changed: of a hundred thousand devices, those that came.
    pub fn refresh(&mut self, state: &State) {
        self.count_records(state);
        let states = [
            state.inventory.generation,
            state.actions.generation(),
            state.entries.generation(),
        ];
        let account = state.session.account();
        if self.states == Some(states) && self.account.as_ref() == account {
            return;
        }
        self.states = Some(states);
        self.account = account.cloned();
        let (mut contained, mut pending) = (0, 0);
        for (id, _, conditions) in state.actions.machines() {
            if state.inventory.index_of(id).is_some() {
                let known = DeviceState::from(conditions);
                contained += usize::from(known.group_words().any(|word| word == "Contained"));
                pending += usize::from(known.is_changing());
            }
        }
        let is_listed = |id: &MachineId| state.inventory.index_of(id).is_some();
        let devices = state.entries.attention().map(|entry| entry.machine().id);
        let mut devices: HashSet<_> = devices.collect();
        devices.retain(|id| is_listed(id) && state.attention_on(id).is_some());
        let known = state.actions.machines().map(|(id, ..)| id.clone());
        let mut mine: HashSet<_> = known.collect();
        mine.extend(state.entries.iter().map(|entry| entry.machine().id));
        mine.retain(|id| is_listed(id) && state.has_own_request(id));
        self.counts[Quick::Contained as usize] = contained;
        self.counts[Quick::Pending as usize] = pending;
        self.counts[Quick::Attention as usize] = devices.len();
        self.counts[Quick::Mine as usize] = mine.len();
    }

    fn count_records(&mut self, state: &State) {
        let inventory = &state.inventory;
        if self.inventory == Some(inventory.generation) {
            return;
        }
        let all = inventory.all();
        let known = self.inventory.replace(inventory.generation);
        let changes = known.and_then(|known| inventory.changes_since(known));
        if let Some(changes) = changes
            && all.len() >= self.flags.len()
        {
            self.flags.resize(all.len(), [false; 2]);
            for place in changes {
                self.note(*place as usize, all);
            }
        } else {
            self.flags.clear();
            self.flags.resize(all.len(), [false; 2]);
            self.counts[Quick::HighRisk as usize] = 0;
            self.counts[Quick::NotActive as usize] = 0;
            for place in 0..all.len() {
                self.note(place, all);
            }
        }
    }

    fn note(&mut self, place: usize, all: &[std::sync::Arc<Machine>]) {
        let (Some(machine), Some(flags)) = (all.get(place), self.flags.get_mut(place)) else {
            return;
        };
        let now = [
            (machine.risk_score.as_ref()).is_some_and(RiskScore::is_high_or_above),
            machine.health_status != HealthStatus::Active,
        ];
        for (at, quick) in [Quick::HighRisk, Quick::NotActive].into_iter().enumerate() {
            let count = &mut self.counts[quick as usize];
            *count = *count + usize::from(now[at]) - usize::from(flags[at]);
        }
        *flags = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::message::Event;
    use crate::model::{
        Epoch, MachineAction, MachineActionId, MachineActionStatus, MachineActionType, Mode,
        Permissions, SessionStatus, Sort, TenantId,
    };
    use crate::search::Rows;
    use crate::state::fixtures;

    /// What is counted is what the word of the search finds, however the facts came.
    fn assert_as_found(state: &State, tally: &mut Tally) {
        tally.refresh(state);
        for quick in Quick::ALL {
            let mut rows = Rows::default();
            rows.refresh(state, quick.word(), Sort::default());
            assert_eq!(tally.count(quick), rows.len(), "{quick:?}");
        }
    }

    #[test]
    fn each_filter_counts_what_it_finds() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let mut tally = Tally::default();
        let mut some = Vec::new();
        for n in 0..6 {
            let mut machine = (*fixtures::machine(&format!("a{n}"), "D")).clone();
            machine.risk_score = Some(if n % 2 == 0 {
                RiskScore::High
            } else {
                RiskScore::Low
            });
            machine.health_status = if n > 2 {
                HealthStatus::Inactive
            } else {
                HealthStatus::Active
            };
            some.push(std::sync::Arc::new(machine));
        }
        fixtures::page(&mut state, &some[..3]);
        assert_as_found(&state, &mut tally);
        fixtures::page(&mut state, &some);
        assert_as_found(&state, &mut tally);
        assert_eq!(tally.count(Quick::HighRisk), 3);
        // A word that this version does not know may be worse than any that it knows.
        let mut worse = (*some[1]).clone();
        worse.risk_score = Some(RiskScore::from_wire("Critical"));
        fixtures::page(&mut state, &[std::sync::Arc::new(worse)]);
        assert_as_found(&state, &mut tally);
        assert_eq!(tally.count(Quick::HighRisk), 4);
        fixtures::page(&mut state, &some[1..2]);
        // One of them is better now.
        let mut better = (*some[0]).clone();
        better.risk_score = Some(RiskScore::None);
        fixtures::page(&mut state, &[std::sync::Arc::new(better)]);
        assert_as_found(&state, &mut tally);
        assert_eq!(tally.count(Quick::HighRisk), 2);
        let act = |machine: &str, status| {
            let id = MachineActionId::parse(&format!("x{machine}")).expect("a literal id");
            let mut action = MachineAction::bare(id, MachineActionType::Isolate, status);
            action.machine_id = MachineId::parse(machine).ok();
            action
        };
        state.apply(Event::Actions {
            epoch: Epoch(0),
            actions: vec![
                act("a1", MachineActionStatus::Succeeded),
                act("a2", MachineActionStatus::Pending),
                // It is in no list.
                act("f9", MachineActionStatus::Succeeded),
            ],
        });
        assert_as_found(&state, &mut tally);
        assert_eq!(tally.count(Quick::Contained), 1);
        let machine = fixtures::machine_ref("a3", Some("D"));
        let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
        let refused = Record::Refused {
            status: 403,
            code: "Forbidden".into(),
            message: "".into(),
        };
        let entry = fixtures::entry(fixtures::author(), order, vec![Record::Sent, refused]);
        state.apply(Event::Entry(Box::new(entry)));
        assert_as_found(&state, &mut tally);
        assert_eq!(tally.count(Quick::Attention), 1);
        assert_eq!(tally.count(Quick::Mine), 0, "nobody is signed in");
        let account = Account {
            tenant_id: TenantId::parse("t").expect("a literal id"),
            object_id: "o".into(),
            user_name: None,
            display_name: None,
        };
        state.apply(Event::Session {
            status: SessionStatus::SignedIn {
                account,
                permissions: Permissions::Unknown,
            },
            epoch: Epoch(0),
        });
        assert_as_found(&state, &mut tally);
        assert_eq!(tally.count(Quick::Mine), 1);
    }
}
