//! State of a device by its history, for list, search and comparison.

use crate::action::{Condition, ConditionPhase, Conditions};
use crate::model::MachineId;
use crate::state::State;

/// State of a device, inferred from its history.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceState {
    isolation: ConditionPhase,
    restriction: ConditionPhase,
    /// Whether it has no sensor and is contained by others.
    is_contained: bool,
    /// Whether it is cut off or restricted now, regardless of actions under way.
    is_in_force: bool,
    /// Number of unfinished actions of any kind.
    open_actions: usize,
    /// Whether an order of this console on it needs attention.
    needs_attention: bool,
    /// Whether the present account requested an action on it.
    is_of_mine: bool,
}

impl DeviceState {
    /// State according to a device's known actions.
    #[must_use]
    pub fn known(state: &State, id: &MachineId) -> Self {
        let conditions = state.actions.conditions(id);
        let known = conditions.map(Self::from).unwrap_or_default();
        let is_any = state.entries.attention_count() > 0;
        Self {
            needs_attention: is_any && state.attention_on(id).is_some(),
            ..known
        }
    }

    /// [`Self::known`] for the search, with the requestors.
    #[must_use]
    pub fn to_be_searched(state: &State, id: &MachineId) -> Self {
        Self {
            is_of_mine: state.has_own_request(id),
            ..Self::known(state, id)
        }
    }

    const fn cut_off(self) -> Condition {
        if self.is_contained {
            Condition::Contained
        } else {
            Condition::Isolated
        }
    }

    fn phases(self) -> [(Condition, ConditionPhase); 2] {
        [
            (self.cut_off(), self.isolation),
            (Condition::Restricted, self.restriction),
        ]
    }

    /// The words that it can be searched by. A device with a pending release is still isolated.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let known = Self {
            needs_attention: false,
            is_of_mine: false,
            ..self
        };
        let is_unknown = known == Self::default();
        let known = self
            .phases()
            .into_iter()
            .filter(move |(_, phase)| is_unknown || *phase != ConditionPhase::Unknown)
            .take(if is_unknown { 1 } else { 2 });
        known.flat_map(|(condition, phase)| {
            let is_pending = matches!(phase, ConditionPhase::Pending { holds: true, .. });
            let still = is_pending || phase.is_repeated();
            let still = still.then(|| condition.word());
            let word = phase.short_word(condition).trim_end_matches('…');
            still.into_iter().chain([word])
        })
    }

    /// Whether it is cut off or restricted now, regardless of actions under way.
    #[must_use]
    pub const fn is_in_force(self) -> bool {
        self.is_in_force
    }

    /// Whether the column shows an action under way.
    #[must_use]
    pub const fn is_changing(self) -> bool {
        self.isolation.is_changing() || self.restriction.is_changing()
    }

    /// The group words that it can be searched by: cut off or restricted in any way, or about to be.
    pub fn group_words(self) -> impl Iterator<Item = &'static str> + Clone {
        let contained = self.is_in_force.then_some("Contained");
        contained
            .into_iter()
            .chain(self.is_changing().then_some("Pending"))
            .chain(self.needs_attention.then_some("Attention"))
            .chain(self.is_of_mine.then_some("Requested-by-me"))
    }

    /// Sort rank by state: actions under way first, then conditions in force.
    #[must_use]
    pub fn rank(self) -> Option<u128> {
        if self.is_changing() {
            Some(0)
        } else if matches!(
            self.isolation,
            ConditionPhase::Yes | ConditionPhase::Unclear
        ) {
            Some(1)
        } else if matches!(
            self.restriction,
            ConditionPhase::Yes | ConditionPhase::Unclear
        ) {
            Some(2)
        } else {
            let is_known =
                self.isolation == ConditionPhase::No || self.restriction == ConditionPhase::No;
            is_known.then_some(3)
        }
    }

    /// The words on screen, conditions in force first.
    #[must_use]
    pub fn text(self) -> String {
        self.joined(|condition, phase| phase.word(condition))
    }

    /// A shorter text for narrow space.
    #[must_use]
    pub fn short_text(self) -> String {
        let phases = self.phases();
        let repeated = phases.iter().filter(|(_, phase)| phase.is_repeated());
        let in_force: Vec<_> = repeated.map(|(condition, _)| condition.word()).collect();
        if phases.iter().all(|(_, phase)| phase.is_changing()) {
            // A condition in force is never left out in favour of a pending one.
            let open = format!("{} actions open", self.open_actions);
            return match in_force.as_slice() {
                [] => open,
                [only] => format!("{only}, {open}"),
                both => both.join(", ") + "…",
            };
        }
        self.joined(|condition, phase| match (phase.is_repeated(), condition) {
            (false, _) => phase.short_word(condition),
            (true, Condition::Isolated) => "Isolated, again…",
            (true, Condition::Restricted) => "Restricted, again…",
            (true, Condition::Contained) => "Contained, again…",
        })
    }

    fn joined(self, word: fn(Condition, ConditionPhase) -> &'static str) -> String {
        let [isolation, restriction] = self.phases();
        let words = |(condition, phase)| word(condition, phase);
        match (isolation.1.is_of_note(), restriction.1.is_of_note()) {
            (true, true) => {
                let second = words(restriction).to_lowercase();
                format!("{}, {second}", words(isolation))
            }
            (true, false) => words(isolation).to_owned(),
            (false, true) => words(restriction).to_owned(),
            (false, false) => match (isolation.1, restriction.1) {
                (ConditionPhase::Unknown, ConditionPhase::Unknown) => "Unknown".to_owned(),
                (ConditionPhase::Unknown, _) => words(restriction).to_owned(),
                (_, _) => words(isolation).to_owned(),
            },
        }
    }

    /// Whether it is cut off, or an isolation or release is under way.
    #[must_use]
    pub const fn is_cut_off_of_note(self) -> bool {
        self.isolation.is_of_note()
    }

    /// The phase to emphasise.
    #[must_use]
    pub fn lead(self) -> (Condition, ConditionPhase) {
        let phases = self.phases();
        let first =
            |is: fn(ConditionPhase) -> bool| phases.into_iter().find(|(_, phase)| is(*phase));
        first(ConditionPhase::is_changing)
            .or_else(|| first(ConditionPhase::is_of_note))
            .unwrap_or((self.cut_off(), self.isolation))
    }
}

impl From<&Conditions> for DeviceState {
    fn from(conditions: &Conditions) -> Self {
        let phase = |condition| conditions.phase(condition);
        let (isolation, containment) = (phase(Condition::Isolated), phase(Condition::Contained));
        // For a formerly contained, now managed device, its isolation counts.
        let is_contained = containment != ConditionPhase::Unknown
            && !isolation.is_of_note()
            && (containment.is_of_note() || isolation == ConditionPhase::Unknown);
        let cut_off = if is_contained {
            Condition::Contained
        } else {
            Condition::Isolated
        };
        let in_force = |condition| conditions.ended(condition).in_force().is_some();
        Self {
            isolation: if is_contained { containment } else { isolation },
            restriction: phase(Condition::Restricted),
            is_contained,
            is_in_force: in_force(cut_off) || in_force(Condition::Restricted),
            open_actions: conditions.open_actions,
            needs_attention: false,
            is_of_mine: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MachineAction, MachineActionId, MachineActionStatus, MachineActionType};
    use MachineActionStatus::{InProgress, Pending, Succeeded};
    use MachineActionType::{Isolate, RestrictCodeExecution, Unisolate};

    fn action(kind: MachineActionType, status: MachineActionStatus) -> MachineAction {
        MachineAction::bare(
            MachineActionId::parse("a").expect("a literal id"),
            kind,
            status,
        )
    }

    fn of(actions: &[MachineAction]) -> DeviceState {
        DeviceState::from(&Conditions::of(actions))
    }

    fn words(actions: &[MachineAction]) -> Vec<&'static str> {
        of(actions).words().collect()
    }

    #[test]
    fn unknown_state_is_shown_as_unknown_not_no() {
        assert_eq!(of(&[]).text(), "Unknown");
        assert_eq!(words(&[]), ["Unknown"]);
        assert_eq!(of(&[]).rank(), None);
    }

    #[test]
    fn a_repeated_isolation_leaves_the_device_isolated() {
        let again = |status| {
            let mut again = action(Isolate, status);
            again.id = MachineActionId::parse("b").expect("a literal id");
            of(&[action(Isolate, Succeeded), again])
        };
        assert_eq!(again(Pending).text(), "Isolated, isolation pending");
        assert_eq!(again(InProgress).text(), "Isolated, isolating again…");
        for status in [Pending, InProgress] {
            assert_eq!(again(status.clone()).short_text(), "Isolated, again…");
            let mut restricting = action(RestrictCodeExecution, status.clone());
            restricting.id = MachineActionId::parse("c").expect("a literal id");
            let mut isolating = action(Isolate, status);
            isolating.id = MachineActionId::parse("b").expect("a literal id");
            let both = of(&[action(Isolate, Succeeded), isolating, restricting]);
            assert_eq!(both.short_text(), "Isolated, 2 actions open");
        }
        assert!(again(Pending).words().any(|word| word == "Isolated"));
        let release = of(&[action(Isolate, Succeeded), action(Unisolate, Pending)]);
        assert_eq!(release.text(), "Still isolated, release pending");
        // Releasing a device that was never isolated must not suggest that it is off the network.
        let idle = [action(Unisolate, Pending)];
        assert_eq!(of(&idle).text(), "Release pending");
        assert_eq!(words(&idle), ["Release pending"]);
    }

    #[test]
    fn open_actions_of_all_kinds_are_counted() {
        let kinds = [
            Isolate,
            RestrictCodeExecution,
            MachineActionType::CollectInvestigationPackage,
        ];
        let history = kinds.map(|kind| action(kind, InProgress));
        assert_eq!(of(&history).short_text(), "3 actions open");
        assert_eq!(of(&history[..2]).short_text(), "2 actions open");
    }

    #[test]
    fn opposite_open_requests_are_both_shown() {
        for (first, second) in [(Isolate, Unisolate), (Unisolate, Isolate)] {
            for status in [Pending, InProgress] {
                let mut newer = action(second.clone(), status);
                newer.id = MachineActionId::parse("b").expect("a literal id");
                let both = of(&[action(first.clone(), InProgress), newer]);
                assert_eq!(both.text(), "Isolation and release both under way");
                assert_eq!(both.short_text(), "Isolation and release");
                assert_eq!(both.rank(), Some(0));
            }
        }
    }

    #[test]
    fn both_conditions_are_shown() {
        let text = |actions: &[MachineAction]| of(actions).text();
        assert_eq!(text(&[action(Isolate, Succeeded)]), "Isolated");
        assert_eq!(text(&[action(Isolate, Pending)]), "Isolation pending");
        assert_eq!(text(&[action(Isolate, InProgress)]), "Isolating…");
        let release = |status| [action(Isolate, Succeeded), action(Unisolate, status)];
        assert_eq!(text(&release(Pending)), "Still isolated, release pending");
        assert_eq!(text(&release(InProgress)), "Releasing…");
        assert_eq!(text(&[action(Unisolate, Succeeded)]), "Not isolated");
        let both = [
            action(Isolate, Succeeded),
            action(RestrictCodeExecution, InProgress),
        ];
        assert_eq!(text(&both), "Isolated, restricting…");
        let contain = |status| MachineAction {
            scope: Some("UnManagedDevice".into()),
            ..action(Isolate, status)
        };
        assert_eq!(text(&[contain(Succeeded)]), "Contained");
        assert_eq!(text(&[contain(Pending)]), "Containment pending");
        assert_eq!(
            text(&[contain(Succeeded), action(Unisolate, InProgress)]),
            "Releasing…"
        );
        let managed_since = [contain(Succeeded), action(Isolate, InProgress)];
        assert_eq!(text(&managed_since), "Isolating…");
        let released = [
            action(Unisolate, Succeeded),
            action(RestrictCodeExecution, Succeeded),
        ];
        assert_eq!(text(&released), "Restricted");
    }

    #[test]
    fn a_device_with_pending_release_is_found_as_isolated() {
        let release = [action(Isolate, Succeeded), action(Unisolate, Pending)];
        assert_eq!(words(&release), ["Isolated", "Release pending"]);
        assert_eq!(of(&release).short_text(), "Release pending");
        assert_eq!(words(&[action(Isolate, Succeeded)]), ["Isolated"]);
    }
}
