//! Number of devices that each quick filter matches, counted incrementally.

use std::collections::HashSet;

use strum::VariantArray;

use super::device_state::DeviceState;
use crate::model::{Account, HealthStatus, Machine, MachineId, RiskScore, variants};
use crate::state::State;

/// Maximum number of ordered-on devices checked per call.
const LOOKED_AT_ONCE: usize = 500;

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

    /// The filter's search word.
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

/// Number of devices that each quick filter matches.
#[derive(Debug, Default)]
pub struct Tally {
    /// By index in the list: whether it is a high risk, and whether it is not active.
    flags: Vec<[bool; 2]>,
    inventory: Option<u64>,
    known: Option<Known>,
    /// Progress of counting the devices with requests of this account: number checked and number matched.
    mine: Option<(usize, usize)>,
    /// The facts when that count began.
    mine_from: Option<Known>,
    /// The matched devices without an order from this console.
    mine_elsewhere: usize,
    counts: [usize; Quick::ALL.len()],
}

/// Inputs of the counts by state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Known {
    /// Changes when the list has other devices.
    listed: u64,
    actions: u64,
    entries: u64,
    /// Number of machines with an order.
    ordered: usize,
    /// The account whose requests are counted.
    account: Option<Account>,
}

impl Tally {
    /// The last complete count.
    #[must_use]
    pub const fn count(&self, quick: Quick) -> usize {
        self.counts[quick as usize]
    }

    /// Updates the counts: of a hundred thousand devices, only the new ones are counted. Devices with requests
    /// of this account are counted in parts, as the journal may name as many. Returns whether all are counted.
    pub fn refresh(&mut self, state: &State) -> bool {
        let before = self.known.take();
        let now = Known {
            listed: before.as_ref().map_or(0, |before| before.listed)
                + u64::from(self.count_records(state)),
            actions: state.actions.generation(),
            entries: state.entries.generation(),
            ordered: state.entries.machines().len(),
            account: state.session.account().cloned(),
        };
        let is_still = |same: fn(&Known, &Known) -> bool| {
            before.as_ref().is_some_and(|before| same(before, &now))
        };
        let has_actions =
            is_still(|one, other| (one.listed, one.actions) == (other.listed, other.actions));
        let has_account = is_still(|one, other| one.account == other.account);
        let has_ordered = is_still(|one, other| one.ordered == other.ordered);
        if !has_actions {
            self.count_actions(state);
        }
        if !(has_actions && has_account && has_ordered) {
            self.count_mine_elsewhere(state);
        }
        if !has_account {
            self.mine = None;
        }
        let has_entries = is_still(|one, other| one.entries == other.entries);
        if !(has_actions && has_entries) {
            self.count_attention(state);
        }
        self.count_mine(state, &now);
        let is_whole = self.mine.is_none() && self.mine_from.as_ref() == Some(&now);
        self.known = Some(now);
        is_whole
    }

    fn count_actions(&mut self, state: &State) {
        let (mut contained, mut pending) = (0, 0);
        for (id, _, conditions) in state.actions.machines() {
            if is_listed(state, id) {
                let known = DeviceState::from(conditions);
                contained += usize::from(known.is_in_force());
                pending += usize::from(known.is_changing());
            }
        }
        self.counts[Quick::Contained as usize] = contained;
        self.counts[Quick::Pending as usize] = pending;
    }

    fn count_attention(&mut self, state: &State) {
        let devices = state.entries.attention().map(|entry| entry.machine().id);
        let mut devices: HashSet<_> = devices.collect();
        devices.retain(|id| is_listed(state, id) && state.attention_on(id).is_some());
        self.counts[Quick::Attention as usize] = devices.len();
    }

    fn count_mine_elsewhere(&mut self, state: &State) {
        let is_ordered = |id: &MachineId| state.entries.of_machine(id).next().is_some();
        let others = state.actions.machines().map(|(id, ..)| id);
        let others = others.filter(|id| !is_ordered(id) && is_mine(state, id));
        self.mine_elsewhere = others.count();
    }

    fn count_mine(&mut self, state: &State, now: &Known) {
        if self.mine.is_none() && self.mine_from.as_ref() == Some(now) {
            return;
        }
        // A count in progress is finished first, or constant changes would prevent an end.
        let (from, found) = self.mine.unwrap_or_else(|| {
            self.mine_from = Some(now.clone());
            (0, 0)
        });
        let rest = state.entries.machines().get(from..).unwrap_or_default();
        let some = &rest[..rest.len().min(LOOKED_AT_ONCE)];
        let found = found + some.iter().filter(|id| is_mine(state, id)).count();
        self.mine = if some.len() < rest.len() {
            Some((from + some.len(), found))
        } else {
            self.counts[Quick::Mine as usize] = found + self.mine_elsewhere;
            None
        };
    }

    /// Updates the counts that depend on the records alone. Returns whether other devices are in the list than before.
    fn count_records(&mut self, state: &State) -> bool {
        let inventory = &state.inventory;
        if self.inventory == Some(inventory.generation) {
            return false;
        }
        let all = inventory.all();
        let known = self.inventory.replace(inventory.generation);
        let changes = known.and_then(|known| inventory.changes_since(known));
        if let Some(changes) = changes
            && all.len() >= self.flags.len()
        {
            let has_more = all.len() > self.flags.len();
            self.flags.resize(all.len(), [false; 2]);
            for place in changes {
                self.note(*place as usize, all);
            }
            has_more
        } else {
            self.flags.clear();
            self.flags.resize(all.len(), [false; 2]);
            self.counts[Quick::HighRisk as usize] = 0;
            self.counts[Quick::NotActive as usize] = 0;
            for place in 0..all.len() {
                self.note(place, all);
            }
            true
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

fn is_listed(state: &State, id: &MachineId) -> bool {
    state.inventory.index_of(id).is_some()
}

fn is_mine(state: &State, id: &MachineId) -> bool {
    is_listed(state, id) && state.has_own_request(id)
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
        SessionStatus, Sort,
    };
    use crate::search::Rows;
    use crate::state::fixtures;

    /// Asserts that each count equals the matches of its search word.
    fn assert_as_found(state: &State, tally: &mut Tally) {
        tally.refresh(state);
        for quick in Quick::ALL {
            let mut rows = Rows::default();
            rows.refresh(state, quick.word(), Sort::default());
            assert_eq!(tally.count(quick), rows.len(), "{quick:?}");
        }
    }

    fn signed_in() -> Event {
        Event::Session {
            status: fixtures::signed_in(fixtures::account("t", None)),
            epoch: Epoch(0),
        }
    }

    /// In a long journal, also while it changes.
    #[test]
    fn the_devices_of_a_long_journal_are_counted_in_parts() {
        let all = 2 * LOOKED_AT_ONCE + 1;
        let id = |n: usize| format!("{n:08x}");
        let entry = |n: usize| {
            let machine = fixtures::machine_ref(&id(n), None);
            let order = fixtures::order(&format!("cdn-{n:08}"), machine, ActionKind::Isolate);
            fixtures::entry(fixtures::author(), order, vec![Record::Sent])
        };
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.apply(signed_in());
        let machines: Vec<_> = (0..all).map(|n| fixtures::machine(&id(n), "D")).collect();
        fixtures::page(&mut state, &machines);
        state.apply(Event::Entries((0..all - 1).map(entry).collect()));
        let mut tally = Tally::default();
        assert!(!tally.refresh(&state));
        assert_eq!(tally.count(Quick::Mine), 0, "not in one frame");
        state.apply(Event::Entry(Box::new(entry(all - 1))));
        assert!(!tally.refresh(&state));
        assert!(!tally.refresh(&state), "the journal has grown");
        let mut counted = vec![tally.count(Quick::Mine)];
        while !tally.refresh(&state) {
            counted.push(tally.count(Quick::Mine));
        }
        assert_eq!(counted, [all, all, all]);
        assert_as_found(&state, &mut tally);
        // Without an account the count is 0 at once.
        state.apply(Event::Session {
            status: SessionStatus::SignedOut,
            epoch: Epoch(0),
        });
        while !tally.refresh(&state) {}
        assert_eq!(tally.count(Quick::Mine), 0);
    }

    #[test]
    fn each_filter_counts_its_matches() {
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
        // A value unknown to this version may be worse than any known one.
        let mut worse = (*some[1]).clone();
        worse.risk_score = Some(RiskScore::from_wire("Critical"));
        fixtures::page(&mut state, &[std::sync::Arc::new(worse)]);
        assert_as_found(&state, &mut tally);
        assert_eq!(tally.count(Quick::HighRisk), 4);
        fixtures::page(&mut state, &some[1..2]);
        // One device is less at risk now.
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
                // Not in the list.
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
        state.apply(signed_in());
        assert_as_found(&state, &mut tally);
        assert_eq!(tally.count(Quick::Mine), 1);
    }
}
