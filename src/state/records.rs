//! Records of machines: the newer reading is shown, and a sparse one removes nothing.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Remote, State};
use crate::explain::Explanation;
use crate::model::{Machine, MachineId};

impl State {
    /// Merges a machine that was read individually at that time.
    pub(super) fn apply_machine(
        &mut self,
        id: MachineId,
        result: Result<Arc<Machine>, Explanation>,
        at: Timestamp,
    ) {
        let known = self.machine(&id);
        let result = result.map(|machine| Machine::filled(machine, known));
        if let Ok(machine) = &result {
            self.inventory.upsert([Arc::clone(machine)]);
        }
        self.machines.change(id, |read| read.set(result, at));
    }

    /// Why a machine's record could not be read, if nothing is known about it.
    #[must_use]
    pub fn why_unread(&self, id: &MachineId) -> Option<&Explanation> {
        let read = self
            .machines
            .get(id)
            .filter(|_| self.machine(id).is_none())?;
        read.failure.as_ref()
    }

    /// Merges records that came together, not older than `at`. For a machine that was read individually, the
    /// newer reading is shown.
    pub(super) fn learn_machines(&mut self, machines: Vec<Arc<Machine>>, at: Timestamp) {
        let is_older = |read: &Remote<_>| read.read_at().is_some_and(|read_at| read_at < at);
        let older: Vec<_> = machines
            .iter()
            .filter(|machine| self.machines.get(&machine.id).is_some_and(is_older))
            .map(|machine| machine.id.clone())
            .collect();
        self.inventory.upsert(machines);
        for id in older {
            if let Some(listed) = self.inventory.get(&id) {
                self.machines.change(id, |read| {
                    let value = Machine::filled(Arc::clone(listed), read.get());
                    read.value = Some((value, at));
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionKind, Draft, Subject};
    use crate::guard::{Policy, review};
    use crate::message::{AskedNews, Event, InventoryNews};
    use crate::model::{EntryId, HealthStatus, Merge, Mode, OnboardingStatus, Question};
    use crate::state::fixtures::{machine, page};

    fn read_alone(state: &mut State, machine: Machine, at: i64) {
        state.apply(Event::Machine {
            epoch: state.epoch,
            id: machine.id.clone(),
            result: Ok(Arc::new(machine)),
            at: Timestamp::from_second(at).expect("a literal time"),
        });
    }

    #[test]
    fn newer_of_two_readings_is_shown() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let with = |health: &HealthStatus| {
            let mut machine = Machine::clone(&machine("a1", "one"));
            machine.health_status = health.clone();
            machine
        };
        let (active, inactive) = (HealthStatus::Active, HealthStatus::Inactive);
        let id = MachineId::parse("a1").expect("a literal id");
        let begin = |state: &mut State, at| {
            let at = Timestamp::from_second(at).expect("a literal time");
            let news = InventoryNews::Started(at);
            let epoch = state.epoch;
            state.apply(Event::Inventory { epoch, news });
        };
        read_alone(&mut state, with(&active), 10);
        begin(&mut state, 20);
        page(&mut state, &[Arc::new(with(&inactive))]);
        let shown = |state: &State| state.machine(&id).map(|m| m.health_status.clone());
        assert_eq!(shown(&state), Some(inactive.clone()));
        let read_at = state.machines.get(&id).and_then(Remote::read_at);
        assert_eq!(read_at.map(Timestamp::as_second), Some(20));
        // A record read while the list was being read is newer.
        read_alone(&mut state, with(&active), 25);
        page(&mut state, &[Arc::new(with(&inactive))]);
        assert_eq!(shown(&state), Some(active));
        let question = Question::Id(id.clone());
        for news in [
            AskedNews::Started(question),
            AskedNews::Answered {
                at: Timestamp::from_second(30).expect("a literal time"),
                machines: vec![Arc::new(with(&inactive))],
                unreadable: 0,
                is_cut: false,
                is_of_last_report: false,
            },
        ] {
            let (epoch, text) = (state.epoch, "a1".into());
            state.apply(Event::Asked { epoch, text, news });
        }
        assert_eq!(shown(&state), Some(inactive));
    }

    /// A guardrail that cannot judge gives the reason.
    #[test]
    fn not_checked_finding_says_why_the_device_was_not_read() {
        use crate::explain::NextStep;
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let id = MachineId::parse("a1").expect("a literal id");
        let why = "The service does not know this device";
        let texts = |state: &State| {
            let draft = Draft::new(
                EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
                crate::state::fixtures::machine_ref("a1", None),
                Subject::Act(ActionKind::Isolate),
            );
            let now = Timestamp::from_second(40).expect("a literal time");
            let judged = state.with_facts(&draft.machine, now, |facts| review(&draft, facts));
            let texts = judged.findings.into_iter().map(|finding| finding.text());
            texts
                .filter(|text| text.contains("health"))
                .collect::<Vec<_>>()
        };
        let what = "Not checked: merge, onboarding, health, tags and addresses";
        let unread = format!("{what}: this device's record has not been read yet");
        assert_eq!(texts(&state), [unread]);
        state.apply(Event::Machine {
            epoch: state.epoch,
            id,
            result: Err(Explanation::harmless(why, NextStep::None)),
            at: Timestamp::UNIX_EPOCH,
        });
        assert_eq!(texts(&state), [format!("{what}: {why}")]);
    }

    /// A sparser reply removes no protection.
    #[test]
    fn sparse_record_keeps_known_tags_and_merge() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.policy.protected_tags = vec!["tier0".into()];
        let bare = || Machine::clone(&machine("a1", "one"));
        let reported = Machine {
            machine_tags: Some(["Tier0".into()].into()),
            onboarding_status: Some(OnboardingStatus::CanBeOnboarded),
            merge: Merge::Into(MachineId::parse("b2").expect("a literal id")),
            ..bare()
        };
        page(&mut state, &[Arc::new(reported.clone())]);
        let id = reported.id.clone();
        let blocks = |state: &State| {
            let mut draft = Draft::new(
                EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
                reported.reference(),
                Subject::Act(ActionKind::Isolate),
            );
            draft.comment = "alert 1234".into();
            let now = Timestamp::from_second(40).expect("a literal time");
            let judged = state.with_facts(&draft.machine, now, |facts| review(&draft, facts));
            let of_record = ["merged record", "onboarding", "protected device"];
            let stops = judged.findings.iter().filter(|f| judged.is_stopped_by(f));
            let rails = stops
                .map(|f| f.rail)
                .filter(|rail| of_record.contains(rail));
            rails.collect::<Vec<_>>()
        };
        let all = ["merged record", "onboarding", "protected device"];
        assert_eq!(blocks(&state), all);
        read_alone(&mut state, bare(), 10);
        assert_eq!(blocks(&state), all);
        page(&mut state, &[Arc::new(bare())]);
        assert_eq!(blocks(&state), all);
        let listed = state.inventory.get(&id).expect("listed");
        assert_eq!(listed.tags().len(), 1);
        // An explicit "none" replaces the old value.
        let released = Machine {
            machine_tags: Some([].into()),
            merge: Merge::Unmerged,
            onboarding_status: Some(OnboardingStatus::Onboarded),
            ..bare()
        };
        read_alone(&mut state, released, 20);
        assert_eq!(blocks(&state), [""; 0]);
    }
}
