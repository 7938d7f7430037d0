//! Types of the action catalogue.

use super::catalogue::ActionKind;
use super::condition::Condition;
use super::parameter::{Parameter, Values};
use super::systems::{self, Support};
use crate::model::{
    Machine, MachineAction, MachineActionType, OnboardingStatus, OsFamily, Permission, clean,
};

/// Harm of an accidental click; decides confirmation, colour and guardrails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// Restores service.
    Routine,
    /// Neither restricts the device nor restores anything.
    Harmless,
    /// Interrupts a person's work; can be undone.
    Disruptive,
    /// Cannot be undone from here.
    Irreversible,
}

impl Risk {
    /// Whether it stops or removes anything.
    #[must_use]
    pub const fn takes_away(self) -> bool {
        match self {
            Self::Routine | Self::Harmless => false,
            Self::Disruptive | Self::Irreversible => true,
        }
    }
}

/// Effect of a success on the machine's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Sets(Condition),
    Clears(Condition),
    Nothing,
}

/// Devices that an action applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Devices {
    /// Devices with a sensor, which carries the action out.
    Managed,
    /// Devices without a sensor; others carry the action out.
    Unmanaged,
    /// All; Defender carries the action out itself.
    Any,
    /// All devices of the tenant at once. The order names
    /// [`MachineRef::every_device`](crate::model::MachineRef::every_device).
    Every,
}

/// The kind of record in the service's response, followed to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    MachineAction,
    /// Has neither requestor nor comment, and cannot be cancelled from here.
    Investigation,
    /// The machine. There is no record of the request: the effect is read from the machine, and the
    /// order's tag replaces the id.
    Machine,
    /// An indicator of the tenant, or nothing for a removal. The effect is read from the indicators of the file.
    Indicator,
}

impl Recorded {
    /// Name of the record's id.
    #[must_use]
    pub const fn id_word(self) -> Option<&'static str> {
        match self {
            Self::MachineAction => Some("Action id"),
            Self::Investigation => Some("Investigation id"),
            Self::Indicator => Some("Indicator id"),
            Self::Machine => None,
        }
    }

    /// Whether the service has a record of the request; otherwise only its effect can be read.
    #[must_use]
    pub const fn is_of_request(self) -> bool {
        match self {
            Self::MachineAction | Self::Investigation => true,
            Self::Machine | Self::Indicator => false,
        }
    }

    /// Whether the public API has a call to cancel it.
    #[must_use]
    pub const fn can_be_cancelled(self) -> bool {
        match self {
            Self::MachineAction => true,
            Self::Investigation | Self::Machine | Self::Indicator => false,
        }
    }

    /// Whether the request carries the comment.
    #[must_use]
    pub const fn takes_comment(self) -> bool {
        match self {
            Self::MachineAction | Self::Investigation | Self::Indicator => true,
            Self::Machine => false,
        }
    }
}

/// Artefact of a succeeded action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Yield {
    Nothing,
    /// An evidence file, which the service keeps for download.
    Package,
}

impl Yield {
    /// Another way to find it.
    #[must_use]
    pub const fn hint(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Package => Some(
                "The package can be downloaded here, or from the device's page in the Defender portal",
            ),
        }
    }
}

/// Groups of action buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray)]
pub enum Group {
    Contain,
    Investigate,
    File,
    Mark,
}

impl Group {
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Label before the group's buttons.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Contain => "Network, apps",
            Self::Investigate => "Investigate",
            Self::File => "File",
            Self::Mark => "Mark",
        }
    }
}

/// A key that opens the form, always with Ctrl (Cmd on macOS). None sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shortcut {
    pub letter: char,
    pub shift: bool,
}

impl Shortcut {
    pub(super) const fn ctrl(letter: char) -> Self {
        let shift = false;
        Self { letter, shift }
    }

    pub(super) const fn ctrl_shift(letter: char) -> Self {
        let shift = true;
        Self { letter, shift }
    }
}

/// A caveat that always applies on some systems.
#[derive(Debug, Clone, Copy)]
pub struct SystemCaveat {
    pub is_for: fn(OsFamily) -> bool,
    pub text: &'static str,
}

/// The full description of an action.
pub struct ActionSpec {
    /// `type` of the resulting machine action.
    pub wire_type: MachineActionType,
    /// Key in the journal, if not `wire_type`. Never changes.
    pub journal_key: Option<&'static str>,
    /// Last segment of the request path.
    pub endpoint: &'static str,
    /// Constant properties of the request body.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Name in `availableMachineActions`; a choice may have a different one.
    pub available_as: Option<&'static str>,
    pub permission: Permission,
    /// Defender portal roles, one of which is needed in addition.
    pub roles: &'static [&'static str],
    pub devices: Devices,
    pub record: Recorded,
    pub yields: Yield,
    pub group: Group,
    pub shortcut: Option<Shortcut>,
    /// Title in menu, palette and form heading.
    pub title: &'static str,
    /// Label of the panel's button, before `…`.
    pub button: &'static str,
    /// Verb before the device's name on the confirm button.
    pub verb: &'static str,
    /// Infinitive for "You are not allowed to …", followed by the device's name.
    pub infinitive: &'static str,
    /// Ability for "You can …", without a device.
    pub ability: &'static str,
    /// Noun in a sentence, without article; the plural takes an `s`.
    pub noun: &'static str,
    /// Noun for counts and narrow space, if different.
    pub short_noun: &'static str,
    /// Word for the status `Succeeded`, used for nothing else.
    pub done: &'static str,
    /// Label of the review's safe button.
    pub keep: &'static str,
    /// Next step after a failure.
    pub if_failed: &'static str,
    /// One sentence about the consequence, shown under the device's name.
    pub consequence: &'static str,
    /// Caveats that always apply, and so are no findings: plain text under the consequence.
    pub caveats: &'static [&'static str],
    /// Further caveats on some systems.
    pub system_caveats: &'static [SystemCaveat],
    pub parameters: &'static [Parameter],
    pub risk: Risk,
    pub change: Change,
    /// Noun of what a success removes without a record: it is still there until a look-up no longer finds it.
    pub removes: Option<&'static str>,
    /// The replacing action on a device without a sensor.
    pub without_sensor: Option<ActionKind>,
    pub undo: Option<ActionKind>,
    /// Why there is no inverse, and the alternative.
    pub no_way_back: Option<&'static str>,
    pub supports: fn(&Machine, &Values) -> Support,
}

impl ActionSpec {
    /// Defaults shared by most rows. Each row sets the empty fields.
    pub(super) const ON_MANAGED_DEVICE: Self = Self {
        wire_type: MachineActionType::Isolate,
        journal_key: None,
        endpoint: "",
        fixed: &[],
        available_as: None,
        permission: Permission::MachineIsolate,
        roles: &["Active remediation actions"],
        devices: Devices::Managed,
        record: Recorded::MachineAction,
        yields: Yield::Nothing,
        group: Group::Contain,
        shortcut: None,
        title: "",
        button: "",
        verb: "",
        infinitive: "",
        ability: "",
        noun: "",
        short_noun: "",
        done: "",
        keep: "",
        if_failed: "",
        consequence: "",
        caveats: &[],
        system_caveats: &[],
        parameters: &[],
        risk: Risk::Irreversible,
        change: Change::Nothing,
        removes: None,
        without_sensor: None,
        undo: None,
        no_way_back: None,
        supports: systems::any,
    };

    /// Caveats on devices of these systems; all of them if the system is unknown.
    pub fn caveats_on(&self, systems: &[OsFamily]) -> impl Iterator<Item = &'static str> {
        let fits = move |is_for: fn(OsFamily) -> bool| {
            let mut systems = systems.iter();
            systems.any(|system| *system == OsFamily::Unknown || is_for(*system))
        };
        let of_some = self.system_caveats.iter();
        let of_some = of_some.filter(move |caveat| fits(caveat.is_for));
        self.caveats
            .iter()
            .chain(of_some.map(|caveat| &caveat.text))
            .copied()
    }

    #[must_use]
    pub fn journal_key(&self) -> &str {
        self.journal_key.unwrap_or(self.wire_type.as_wire())
    }

    /// A count with its noun: `1 isolation`, `3 packages`.
    #[must_use]
    pub fn counted(&self, count: usize) -> String {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {}{plural}", self.brief_noun())
    }

    #[must_use]
    pub const fn brief_noun(&self) -> &'static str {
        if self.short_noun.is_empty() {
            self.noun
        } else {
            self.short_noun
        }
    }

    /// The noun with its article: "an isolation is already under way".
    #[must_use]
    pub fn a_noun(&self) -> String {
        let article = if self.noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {}", self.noun)
    }
}

impl ActionKind {
    /// Whether it acts on every device of the tenant at once.
    #[must_use]
    pub fn is_tenant_wide(self) -> bool {
        self.spec().devices == Devices::Every
    }

    /// The action to use on this device: the isolation key contains a device that cannot isolate itself.
    #[must_use]
    pub fn suited_to(self, machine: Option<&Machine>) -> Self {
        let in_its_place = self.spec().without_sensor;
        in_its_place
            .filter(|_| !self.is_offered_on(machine))
            .unwrap_or(self)
    }

    /// The kind that makes machine actions of this type, if the console can order it. Of several,
    /// the one without a fixed property.
    #[must_use]
    pub fn from_type(wire_type: &MachineActionType) -> Option<Self> {
        let mut kinds = Self::ALL.iter().copied();
        kinds.find(|kind| kind.spec().wire_type == *wire_type)
    }

    /// The kind of this action, as far as the service reports it.
    #[must_use]
    pub fn of(action: &MachineAction) -> Option<Self> {
        Self::by_scope(action).or_else(|| Self::from_type(&action.kind))
    }

    /// The kind whose fixed property is this action's scope, so that its name already includes the scope.
    #[must_use]
    pub fn by_scope(action: &MachineAction) -> Option<Self> {
        let scope = action.scope.as_deref().unwrap_or_default();
        let mut kinds = Self::ALL.iter().copied();
        kinds.find(|kind| {
            let mut fixed = kind.spec().fixed.iter();
            kind.spec().wire_type == action.kind
                && fixed.any(|(_, value)| value.eq_ignore_ascii_case(scope))
        })
    }

    /// The kind with the opposite effect.
    #[must_use]
    pub fn opposite(self) -> Option<Self> {
        match self.spec().change {
            Change::Nothing => None,
            Change::Sets(_) | Change::Clears(_) => self.spec().undo,
        }
    }

    /// Whether its button is shown for this device: isolation or containment, and both if it is
    /// unknown whether there is a sensor.
    #[must_use]
    pub fn is_offered_on(self, machine: Option<&Machine>) -> bool {
        let Some(machine) = machine else {
            return true;
        };
        let is_managed = machine.onboarding_status == Some(OnboardingStatus::Onboarded);
        match self.spec().change {
            Change::Sets(Condition::Isolated) | Change::Clears(Condition::Isolated) => {
                !machine.is_unmanaged()
            }
            Change::Sets(Condition::Contained) | Change::Clears(Condition::Contained) => {
                !is_managed
            }
            Change::Sets(Condition::Restricted)
            | Change::Clears(Condition::Restricted)
            | Change::Nothing => true,
        }
    }
}

/// Noun for an action of this type.
#[must_use]
pub fn type_noun(action_type: &MachineActionType) -> &'static str {
    ActionKind::from_type(action_type).map_or("action", |kind| kind.spec().noun)
}

/// An action in a sentence, with its article.
#[must_use]
pub fn action_noun(action: &MachineAction) -> String {
    match (ActionKind::of(action), &action.kind) {
        (Some(kind), _) => kind.spec().a_noun(),
        (None, MachineActionType::Offboard) => "an offboarding".to_owned(),
        (None, MachineActionType::LiveResponse) => "a live response session".to_owned(),
        (None, other) => format!("an action of type {}", clean(other.as_wire(), 40)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineId;

    #[test]
    fn isolation_and_containment_replace_each_other() {
        let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
        let mut offered = |status: Option<OnboardingStatus>| {
            machine.onboarding_status = status;
            let kinds = ActionKind::ALL.iter().copied();
            let buttons = kinds.filter(|kind| kind.is_offered_on(Some(&machine)));
            buttons.map(|kind| kind.spec().button).collect::<Vec<_>>()
        };
        let both = ["Isolate", "Release", "Contain", "Release containment"];
        let managed = offered(Some(OnboardingStatus::Onboarded));
        assert_eq!(managed[..3], ["Isolate", "Release", "Restrict apps"]);
        assert!(!managed.contains(&"Release containment"));
        let unmanaged = offered(Some(OnboardingStatus::Unsupported));
        let first = ["Contain", "Release containment", "Restrict apps"];
        assert_eq!(unmanaged[..3], first);
        assert!(!unmanaged.contains(&"Release"));
        assert_eq!(offered(None)[..4], both);
        let key = |status| {
            let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
            machine.onboarding_status = Some(status);
            [ActionKind::Isolate, ActionKind::Unisolate].map(|kind| kind.suited_to(Some(&machine)))
        };
        let isolation = [ActionKind::Isolate, ActionKind::Unisolate];
        assert_eq!(key(OnboardingStatus::Onboarded), isolation);
        let containment = [ActionKind::Contain, ActionKind::ReleaseContainment];
        assert_eq!(key(OnboardingStatus::Unsupported), containment);
        let unclear = offered(Some(OnboardingStatus::InsufficientInfo));
        assert_eq!(unclear[..4], both);
    }
}
