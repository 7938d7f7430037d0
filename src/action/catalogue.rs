//! The only place where an action is described. Buttons, forms, bodies, permissions, eligibility and
//! wording derive from it; a new variant does not compile until it is described.

use super::condition::Condition;
use super::parameter::{IsolationType, Parameter, Value};
use crate::model::{Machine, MachineActionType, OsFamily, Permission};

/// A response action that the console can order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionKind {
    Isolate,
    Unisolate,
    RestrictCodeExecution,
    UnrestrictCodeExecution,
    StopAndQuarantineFile,
}

/// How much harm a wrong click does; decides confirmation, colour and whether a key may be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// Restores service.
    Routine,
    /// Interrupts a person's work; can be undone.
    Disruptive,
    /// Cannot be taken back from here.
    Irreversible,
}

/// What a success means for the machine's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Sets(Condition),
    Clears(Condition),
    Nothing,
}

/// Whether the documentation allows an action on a machine (rule 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Yes,
    /// Not listed, or not known: a warning.
    Unlisted(&'static str),
    /// Excluded by name: blocks.
    No(&'static str),
}

/// Everything there is to know about an action.
pub struct ActionSpec {
    /// `type` of the machine action that comes of it.
    pub wire_type: MachineActionType,
    /// Last segment of the request path.
    pub endpoint: &'static str,
    pub permission: Permission,
    /// Menu, palette, heading of the form.
    pub title: &'static str,
    /// On the panel's button, before `…`.
    pub button: &'static str,
    /// Before the device's name on the confirm button.
    pub verb: &'static str,
    /// For "You are not allowed to …".
    pub infinitive: &'static str,
    /// In a sentence, with its article: "an isolation is already under way".
    pub noun: &'static str,
    /// The word for "the service said `Succeeded`", and for nothing else.
    pub done: &'static str,
    /// The safe button of the review.
    pub keep: &'static str,
    /// One sentence under the device's name.
    pub consequence: &'static str,
    /// Always true, so not findings: plain text under the consequence.
    pub caveats: &'static [&'static str],
    pub parameters: &'static [Parameter],
    pub risk: Risk,
    pub change: Change,
    pub undo: Option<ActionKind>,
    /// Why there is no inverse, and what can be done instead.
    pub no_way_back: Option<&'static str>,
    pub supports: fn(&Machine, &[Value]) -> Support,
    /// Usual time to success on a device that is connected, seconds; a hint only.
    pub typical_secs: u32,
}

/// Any one of these suffices to cancel an action in flight.
pub const CANCEL_PERMISSIONS: &[Permission] = &[
    Permission::MachineCollectForensics,
    Permission::MachineIsolate,
    Permission::MachineRestrictExecution,
    Permission::MachineScan,
    Permission::MachineOffboard,
    Permission::MachineStopAndQuarantine,
    Permission::MachineLiveResponse,
];

impl ActionKind {
    pub const ALL: [Self; 5] = [
        Self::Isolate,
        Self::Unisolate,
        Self::RestrictCodeExecution,
        Self::UnrestrictCodeExecution,
        Self::StopAndQuarantineFile,
    ];

    /// The one description of this action.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub const fn spec(self) -> &'static ActionSpec {
        match self {
            Self::Isolate => &ActionSpec {
                wire_type: MachineActionType::Isolate,
                endpoint: "isolate",
                permission: Permission::MachineIsolate,
                title: "Isolate device",
                button: "Isolate",
                verb: "Isolate",
                infinitive: "isolate",
                noun: "an isolation",
                done: "Isolated",
                keep: "Keep connected",
                consequence: "Cuts every network connection except to Defender. Unsaved network work may be lost",
                caveats: &[
                    "Behind a full-tunnel VPN the device may not reach Defender again, not even for its release",
                    "Behind a web proxy (PAC file) a full isolation may cut the device off from Defender too: choose Selective",
                    "Isolating a Hyper-V host isolates its guests",
                ],
                parameters: &[Parameter::IsolationType],
                risk: Risk::Disruptive,
                change: Change::Sets(Condition::Isolated),
                undo: Some(Self::Unisolate),
                no_way_back: None,
                supports: supports_isolation,
                typical_secs: 60,
            },
            Self::Unisolate => &ActionSpec {
                wire_type: MachineActionType::Unisolate,
                endpoint: "unisolate",
                permission: Permission::MachineIsolate,
                title: "Release device from isolation",
                button: "Release",
                verb: "Release",
                infinitive: "release",
                noun: "a release",
                done: "Released",
                keep: "Keep isolated",
                consequence: "Gives the device its network back",
                caveats: &[
                    "If the device does not pick the release up, the device's page in the Defender portal offers a script that releases it on the device itself",
                ],
                parameters: &[],
                risk: Risk::Routine,
                change: Change::Clears(Condition::Isolated),
                undo: Some(Self::Isolate),
                no_way_back: None,
                supports: supports_release,
                typical_secs: 30,
            },
            Self::RestrictCodeExecution => &ActionSpec {
                wire_type: MachineActionType::RestrictCodeExecution,
                endpoint: "restrictCodeExecution",
                permission: Permission::MachineRestrictExecution,
                title: "Restrict app execution",
                button: "Restrict apps",
                verb: "Restrict apps on",
                infinitive: "restrict apps on",
                noun: "an app restriction",
                done: "Restricted",
                keep: "Keep unrestricted",
                consequence: "Only programs signed by Microsoft may run. Other programs stop working",
                caveats: &["Works through a code integrity policy; requires Defender Antivirus"],
                parameters: &[],
                risk: Risk::Disruptive,
                change: Change::Sets(Condition::Restricted),
                undo: Some(Self::UnrestrictCodeExecution),
                no_way_back: None,
                supports: supports_restriction,
                typical_secs: 60,
            },
            Self::UnrestrictCodeExecution => &ActionSpec {
                wire_type: MachineActionType::UnrestrictCodeExecution,
                endpoint: "unrestrictCodeExecution",
                permission: Permission::MachineRestrictExecution,
                title: "Remove app restriction",
                button: "Unrestrict apps",
                verb: "Unrestrict apps on",
                infinitive: "unrestrict apps on",
                noun: "a removal of the app restriction",
                done: "Unrestricted",
                keep: "Keep restricted",
                consequence: "Lets all programs run again",
                caveats: &[],
                parameters: &[],
                risk: Risk::Routine,
                change: Change::Clears(Condition::Restricted),
                undo: Some(Self::RestrictCodeExecution),
                no_way_back: None,
                supports: supports_unrestriction,
                typical_secs: 30,
            },
            Self::StopAndQuarantineFile => &ActionSpec {
                wire_type: MachineActionType::StopAndQuarantineFile,
                endpoint: "StopAndQuarantineFile",
                permission: Permission::MachineStopAndQuarantine,
                title: "Stop and quarantine file",
                button: "Quarantine file",
                verb: "Quarantine file on",
                infinitive: "quarantine a file on",
                noun: "a file quarantine",
                done: "Quarantined",
                keep: "Keep file",
                consequence: "Stops every process of this file, removes the file and its persistence (scheduled tasks, registry entries)",
                caveats: &["Defender refuses files signed by Microsoft or by a trusted publisher"],
                parameters: &[Parameter::Sha1],
                risk: Risk::Irreversible,
                change: Change::Nothing,
                undo: None,
                no_way_back: Some(
                    "There is no undo from here: restore the file on the device itself, from Defender's quarantine",
                ),
                supports: supports_quarantine,
                typical_secs: 60,
            },
        }
    }

    /// The kind that makes machine actions of this type, if the console can order it.
    #[must_use]
    pub fn from_type(wire_type: &MachineActionType) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.spec().wire_type == *wire_type)
    }

    /// The kind that would bring about the opposite of what this one changes.
    #[must_use]
    pub fn opposite(self) -> Option<Self> {
        match self.spec().change {
            Change::Nothing => None,
            Change::Sets(_) | Change::Clears(_) => self.spec().undo,
        }
    }
}

const NOT_LISTED: &str = "not on the list of supported systems";

fn supports_isolation(machine: &Machine, values: &[Value]) -> Support {
    if values.contains(&Value::IsolationType(IsolationType::UnManagedDevice)) {
        // Nothing runs on it; the others keep away.
        return Support::Yes;
    }
    let selective = values.contains(&Value::IsolationType(IsolationType::Selective));
    match machine.os_family() {
        OsFamily::Linux if selective => Support::No("no selective isolation on Linux; choose Full"),
        OsFamily::WindowsClient | OsFamily::WindowsServer | OsFamily::MacOs | OsFamily::Linux => {
            Support::Yes
        }
        OsFamily::OldWindowsServer => Support::Unlisted("needs the modern agent"),
        OsFamily::Mobile => Support::No("isolation is for Windows, macOS and Linux only"),
        OsFamily::OldWindows | OsFamily::Unknown => Support::Unlisted(NOT_LISTED),
    }
}

fn supports_release(machine: &Machine, _: &[Value]) -> Support {
    if machine.is_unmanaged() {
        return Support::Yes;
    }
    never_forbidden(supports_isolation(machine, &[]))
}

fn supports_unrestriction(machine: &Machine, _: &[Value]) -> Support {
    never_forbidden(supports_restriction(machine, &[]))
}

/// What can be set can be lifted, regardless of the tables (rule 10): a contained
/// phone may be known as anything.
fn never_forbidden(support: Support) -> Support {
    match support {
        Support::No(why) | Support::Unlisted(why) => Support::Unlisted(why),
        Support::Yes => Support::Yes,
    }
}

fn supports_restriction(machine: &Machine, _: &[Value]) -> Support {
    match machine.os_family() {
        OsFamily::WindowsClient | OsFamily::WindowsServer => Support::Yes,
        OsFamily::Linux | OsFamily::MacOs | OsFamily::Mobile => Support::No("Windows only"),
        OsFamily::OldWindowsServer | OsFamily::OldWindows | OsFamily::Unknown => {
            Support::Unlisted(NOT_LISTED)
        }
    }
}

fn supports_quarantine(machine: &Machine, _: &[Value]) -> Support {
    match machine.os_family() {
        OsFamily::WindowsClient => Support::Yes,
        OsFamily::Linux | OsFamily::MacOs | OsFamily::Mobile => {
            Support::No("Windows 10 and 11 only")
        }
        OsFamily::WindowsServer | OsFamily::OldWindowsServer | OsFamily::OldWindows => {
            Support::Unlisted("documented for Windows 10 and 11 only")
        }
        OsFamily::Unknown => Support::Unlisted(NOT_LISTED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoing_restores_service_or_is_the_doing_itself() {
        for kind in ActionKind::ALL {
            let spec = kind.spec();
            assert_eq!(spec.undo.is_none(), spec.no_way_back.is_some(), "{kind:?}");
            if let Some(undo) = spec.undo {
                assert_eq!(undo.spec().undo, Some(kind));
                assert_ne!(
                    spec.risk == Risk::Routine,
                    undo.spec().risk == Risk::Routine,
                    "{kind:?}"
                );
            }
        }
    }

    #[test]
    fn a_type_leads_back_to_its_kind() {
        for kind in ActionKind::ALL {
            assert_eq!(ActionKind::from_type(&kind.spec().wire_type), Some(kind));
        }
        assert_eq!(
            ActionKind::from_type(&MachineActionType::RunAntiVirusScan),
            None
        );
    }

    fn machine(system: &str, onboarding: crate::model::OnboardingStatus) -> Machine {
        let id = crate::model::MachineId::parse("a1").expect("a literal id");
        let mut machine = Machine::bare(id);
        machine.os_platform = Some(system.into());
        machine.onboarding_status = Some(onboarding);
        machine
    }

    #[test]
    fn devices_without_sensor_are_contained_on_any_os() {
        use crate::model::OnboardingStatus::{CanBeOnboarded, Onboarded};
        let phone = machine("iOS", CanBeOnboarded);
        let supports = |kind: ActionKind, machine: &Machine, how: IsolationType| {
            (kind.spec().supports)(machine, &[Value::IsolationType(how)])
        };
        let contain = IsolationType::UnManagedDevice;
        assert_eq!(supports(ActionKind::Isolate, &phone, contain), Support::Yes);
        assert!(matches!(
            supports(ActionKind::Isolate, &phone, IsolationType::Full),
            Support::No(_)
        ));
        assert_eq!(
            supports(ActionKind::Unisolate, &phone, contain),
            Support::Yes
        );
        let linux = machine("Ubuntu", Onboarded);
        assert_eq!(
            supports(ActionKind::Isolate, &linux, IsolationType::Full),
            Support::Yes
        );
        assert!(matches!(
            supports(ActionKind::Isolate, &linux, IsolationType::Selective),
            Support::No(_)
        ));
    }
}
