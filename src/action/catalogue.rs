//! The only place where an action is described. Buttons, forms, bodies, permissions, eligibility, keys,
//! wording, journal and rehearsal derive from it; a new variant does not compile until it is described.

use std::sync::LazyLock;

use strum::VariantArray as _;

use super::condition::Condition;
use super::parameter::{Choice, Parameter, ParameterKind};
use super::spec::{ActionSpec, Change, Devices, Group, Risk, Scope, Shortcut, Yield};
use super::systems;
use crate::model::{MachineAction, MachineActionType, Permission};

/// A response action that the console can order, in the order of the screen. Its text is the step of the
/// rehearsal.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum ActionKind {
    Isolate,
    #[strum(serialize = "release")]
    Unisolate,
    Contain,
    ReleaseContainment,
    #[strum(serialize = "restrict")]
    RestrictCodeExecution,
    #[strum(serialize = "unrestrict")]
    UnrestrictCodeExecution,
    #[strum(serialize = "scan")]
    RunAntiVirusScan,
    #[strum(serialize = "collect")]
    CollectInvestigationPackage,
    #[strum(serialize = "quarantine")]
    StopAndQuarantineFile,
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

const ISOLATION_TYPE_NAME: &str = "IsolationType";

/// How much an isolation cuts off.
pub const ISOLATION_TYPE: Parameter = Parameter {
    wire_name: ISOLATION_TYPE_NAME,
    label: "Isolation type",
    help: "Selective keeps classic Outlook, classic Teams and Skype for Business connected, not their new versions",
    kind: ParameterKind::Choice(&[FULL, SELECTIVE]),
    required: true,
};

/// All of it: everything but Defender is cut off, every file is read.
pub const FULL: Choice = Choice {
    value: "Full",
    word: "Full",
    available_as: None,
};

/// Some applications stay connected.
pub const SELECTIVE: Choice = Choice {
    value: "Selective",
    word: "Selective",
    available_as: Some("SelectiveIsolation"),
};

/// The file that an action is about.
pub const SHA1: Parameter = Parameter {
    wire_name: "Sha1",
    label: "SHA-1 of the file",
    help: "40 hexadecimal digits; labels, spaces and upper case are fine",
    kind: ParameterKind::Hash,
    required: true,
};

/// How much a scan reads.
pub const SCAN_TYPE: Parameter = Parameter {
    wire_name: "ScanType",
    label: "Scan type",
    help: "Quick looks where malware usually starts from, in minutes. Full reads every file, in hours",
    kind: ParameterKind::Choice(&[
        Choice {
            value: "Quick",
            word: "Quick",
            available_as: None,
        },
        FULL,
    ]),
    required: true,
};

const ANOTHER_WAY: &str = "Next: isolate at the switch, or disable the account";
const SEND_AGAIN: &str = "Next: check that the device is connected, then send it again";

impl ActionKind {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The one description of this action.
    #[must_use]
    pub fn spec(self) -> &'static ActionSpec {
        static TABLE: LazyLock<Box<[ActionSpec]>> =
            LazyLock::new(|| (ActionKind::ALL.iter().map(|kind| kind.row())).collect());
        &TABLE[self as usize]
    }

    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    fn row(self) -> ActionSpec {
        match self {
            Self::Isolate => ActionSpec {
                wire_type: MachineActionType::Isolate,
                endpoint: "isolate",
                available_as: Some("FullIsolation"),
                permission: Permission::MachineIsolate,
                group: Group::Contain,
                shortcut: Some(Shortcut::ctrl('I')),
                title: "Isolate device",
                button: "Isolate",
                verb: "Isolate",
                infinitive: "isolate",
                ability: "isolate",
                noun: "isolation",
                done: "Isolated",
                keep: "Keep connected",
                if_failed: ANOTHER_WAY,
                consequence: "Cuts every network connection except to Defender. Unsaved network work may be lost",
                caveats: &[
                    "Behind a full-tunnel VPN the device may not reach Defender again, not even for its release",
                    "Behind a web proxy (PAC file) a full isolation may cut the device off from Defender too: choose Selective",
                    "Isolating a Hyper-V host isolates its guests",
                ],
                parameters: &[ISOLATION_TYPE],
                risk: Risk::Disruptive,
                change: Change::Sets(Condition::Isolated),
                undo: Some(Self::Unisolate),
                supports: systems::isolation,
                typical_secs: 60,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::Unisolate => ActionSpec {
                wire_type: MachineActionType::Unisolate,
                endpoint: "unisolate",
                available_as: Some("Unisolation"),
                permission: Permission::MachineIsolate,
                group: Group::Contain,
                shortcut: Some(Shortcut::ctrl_shift('I')),
                title: "Release device from isolation",
                button: "Release",
                verb: "Release",
                infinitive: "release",
                ability: "release",
                noun: "release",
                done: "Released",
                keep: "Keep isolated",
                if_failed: "Next: check that the device is connected and send it again, or run the release script from the device's page in the Defender portal on the device itself",
                consequence: "Restores every network connection",
                caveats: &[
                    "If the device does not pick the release up, the device's page in the Defender portal offers a script that releases it on the device itself",
                ],
                risk: Risk::Routine,
                change: Change::Clears(Condition::Isolated),
                undo: Some(Self::Isolate),
                supports: systems::release,
                typical_secs: 30,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::Contain => ActionSpec {
                wire_type: MachineActionType::Isolate,
                endpoint: "isolate",
                fixed: &[(ISOLATION_TYPE_NAME, "UnManagedDevice")],
                available_as: Some("UnManagedDeviceIsolation"),
                permission: Permission::MachineIsolate,
                devices: Devices::Unmanaged,
                group: Group::Contain,
                title: "Contain device",
                button: "Contain",
                verb: "Contain",
                infinitive: "contain",
                ability: "contain",
                noun: "containment",
                done: "Contained",
                keep: "Keep connected",
                if_failed: ANOTHER_WAY,
                consequence: "Devices that Defender manages drop all traffic to and from a contained device. That takes up to five minutes to spread",
                caveats: &[
                    "Goes by the device's addresses. Microsoft advises against more than about 100 contained devices",
                ],
                risk: Risk::Disruptive,
                change: Change::Sets(Condition::Contained),
                undo: Some(Self::ReleaseContainment),
                supports: systems::any,
                typical_secs: 300,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::ReleaseContainment => ActionSpec {
                wire_type: MachineActionType::Unisolate,
                journal_key: Some("ReleaseContainment"),
                endpoint: "unisolate",
                available_as: Some("UnManagedDeviceUnisolation"),
                permission: Permission::MachineIsolate,
                devices: Devices::Unmanaged,
                group: Group::Contain,
                title: "Release device from containment",
                button: "Release containment",
                verb: "Release containment of",
                infinitive: "release the containment of",
                ability: "release containments",
                noun: "containment release",
                done: "Released",
                keep: "Keep contained",
                if_failed: "Next: send it again, or release the device on its page in the Defender portal",
                consequence: "Devices that Defender manages accept the traffic of a released device again. That takes up to five minutes to spread",
                risk: Risk::Routine,
                change: Change::Clears(Condition::Contained),
                undo: Some(Self::Contain),
                supports: systems::any,
                typical_secs: 300,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::RestrictCodeExecution => ActionSpec {
                wire_type: MachineActionType::RestrictCodeExecution,
                endpoint: "restrictCodeExecution",
                available_as: Some("RestrictCodeExecution"),
                permission: Permission::MachineRestrictExecution,
                group: Group::Contain,
                shortcut: Some(Shortcut::ctrl('E')),
                title: "Restrict app execution",
                button: "Restrict apps",
                verb: "Restrict apps on",
                infinitive: "restrict apps on",
                ability: "restrict apps",
                noun: "app restriction",
                done: "Restricted",
                keep: "Keep unrestricted",
                if_failed: ANOTHER_WAY,
                consequence: "Only programs signed by Microsoft may run. Other programs stop working",
                caveats: &["Works through a code integrity policy; requires Defender Antivirus"],
                risk: Risk::Disruptive,
                change: Change::Sets(Condition::Restricted),
                undo: Some(Self::UnrestrictCodeExecution),
                supports: systems::restriction,
                typical_secs: 60,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::UnrestrictCodeExecution => ActionSpec {
                wire_type: MachineActionType::UnrestrictCodeExecution,
                endpoint: "unrestrictCodeExecution",
                available_as: Some("UnrestrictCodeExecution"),
                permission: Permission::MachineRestrictExecution,
                group: Group::Contain,
                shortcut: Some(Shortcut::ctrl_shift('E')),
                title: "Remove app restriction",
                button: "Unrestrict apps",
                verb: "Unrestrict apps on",
                infinitive: "unrestrict apps on",
                ability: "lift the restriction",
                noun: "app restriction removal",
                done: "Unrestricted",
                keep: "Keep restricted",
                if_failed: SEND_AGAIN,
                consequence: "Lets all programs run again",
                risk: Risk::Routine,
                change: Change::Clears(Condition::Restricted),
                undo: Some(Self::RestrictCodeExecution),
                supports: systems::unrestriction,
                typical_secs: 30,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::RunAntiVirusScan => ActionSpec {
                wire_type: MachineActionType::RunAntiVirusScan,
                endpoint: "runAntiVirusScan",
                available_as: Some("RunAntiVirusScan"),
                permission: Permission::MachineScan,
                group: Group::Investigate,
                shortcut: Some(Shortcut::ctrl_shift('S')),
                title: "Run antivirus scan",
                button: "Scan",
                verb: "Scan",
                infinitive: "scan",
                ability: "run antivirus scans",
                noun: "antivirus scan",
                done: "Scanned",
                keep: "Don't scan",
                if_failed: SEND_AGAIN,
                consequence: "Defender Antivirus looks for malware, also while a device is isolated. What it finds appears as alerts",
                caveats: &[
                    "Finds only what Defender Antivirus detects: a scan without alerts does not prove the device clean",
                ],
                parameters: &[SCAN_TYPE],
                risk: Risk::Harmless,
                supports: systems::scan,
                typical_secs: 30,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::CollectInvestigationPackage => ActionSpec {
                wire_type: MachineActionType::CollectInvestigationPackage,
                endpoint: "collectInvestigationPackage",
                available_as: Some("CollectInvestigationPackage"),
                permission: Permission::MachineCollectForensics,
                yields: Yield::Package,
                group: Group::Investigate,
                title: "Collect investigation package",
                button: "Collect package",
                verb: "Collect package from",
                infinitive: "collect an investigation package from",
                ability: "collect investigation packages",
                noun: "investigation package collection",
                done: "Package collected",
                keep: "Don't collect",
                if_failed: SEND_AGAIN,
                consequence: "The device packs its processes, connections, autostarts and event logs. The package can then be downloaded here",
                caveats: &["May fail on a low battery or a metered connection"],
                risk: Risk::Harmless,
                supports: systems::package,
                typical_secs: 90,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::StopAndQuarantineFile => ActionSpec {
                wire_type: MachineActionType::StopAndQuarantineFile,
                endpoint: "StopAndQuarantineFile",
                available_as: Some("StopAndQuarantineFile"),
                permission: Permission::MachineStopAndQuarantine,
                scope: Scope::File,
                group: Group::File,
                shortcut: Some(Shortcut::ctrl_shift('Q')),
                title: "Stop and quarantine file",
                button: "Quarantine file",
                verb: "Quarantine file on",
                infinitive: "quarantine a file on",
                ability: "stop and quarantine files",
                noun: "file quarantine",
                done: "Quarantined",
                keep: "Keep file",
                if_failed: ANOTHER_WAY,
                consequence: "Stops every process of this file, removes the file and its persistence (scheduled tasks, registry entries)",
                caveats: &["Defender refuses files signed by Microsoft or by a trusted publisher"],
                parameters: &[SHA1],
                risk: Risk::Irreversible,
                no_way_back: Some(
                    "There is no undo from here: restore the file on the device itself, from Defender's quarantine",
                ),
                supports: systems::quarantine,
                typical_secs: 60,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
        }
    }

    /// The kind that makes machine actions of this type, if the console can order it. Of several the
    /// one without a fixed property.
    #[must_use]
    pub fn from_type(wire_type: &MachineActionType) -> Option<Self> {
        let mut kinds = Self::ALL.iter().copied();
        kinds.find(|kind| kind.spec().wire_type == *wire_type)
    }

    /// The kind that made this action, as far as the service says.
    #[must_use]
    pub fn of(action: &MachineAction) -> Option<Self> {
        let scope = action.scope.as_deref().unwrap_or_default();
        let mut kinds = Self::ALL.iter().copied();
        let by_scope = kinds.find(|kind| {
            let mut fixed = kind.spec().fixed.iter();
            kind.spec().wire_type == action.kind
                && fixed.any(|(_, value)| value.eq_ignore_ascii_case(scope))
        });
        by_scope.or_else(|| Self::from_type(&action.kind))
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

#[cfg(test)]
mod tests {
    use super::super::spec::Recorded;
    use super::*;
    use crate::model::{MachineActionId, MachineActionStatus};

    #[test]
    fn undoing_restores_service_or_is_the_doing_itself() {
        for &kind in ActionKind::ALL {
            let spec = kind.spec();
            let is_irreversible = spec.risk == Risk::Irreversible;
            assert_eq!(spec.no_way_back.is_some(), is_irreversible, "{kind:?}");
            assert!(spec.undo.is_none() || !is_irreversible, "{kind:?}");
            let gives_back = matches!(spec.change, Change::Clears(_));
            assert_eq!(spec.risk == Risk::Routine, gives_back, "{kind:?}");
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
        let id = MachineActionId::parse("a").expect("a literal id");
        for &kind in ActionKind::ALL {
            let spec = kind.spec();
            let first = ActionKind::from_type(&spec.wire_type).expect("it has a kind");
            assert_eq!(first.spec().endpoint, spec.endpoint);
            assert!(first.spec().fixed.is_empty(), "{kind:?}");
            let status = MachineActionStatus::Pending;
            let mut action = MachineAction::bare(id.clone(), spec.wire_type.clone(), status);
            action.scope = spec.fixed.first().map(|(_, value)| (*value).into());
            let found = ActionKind::of(&action).expect("it has a kind");
            assert_eq!(found.spec().fixed, spec.fixed);
        }
        let offboard = &MachineActionType::Offboard;
        assert_eq!(ActionKind::from_type(offboard), None);
    }

    #[test]
    fn no_two_kinds_share_a_key_of_the_journal_or_of_the_keyboard() {
        let mut journal: Vec<_> = (ActionKind::ALL.iter())
            .map(|kind| (kind.spec().journal_key(), kind.spec().fixed))
            .collect();
        journal.sort_unstable();
        journal.dedup();
        assert_eq!(journal.len(), ActionKind::ALL.len());
        let keys = |kind: &ActionKind| kind.spec().shortcut;
        let mut keyboard: Vec<Shortcut> = ActionKind::ALL.iter().filter_map(keys).collect();
        let all = keyboard.len();
        keyboard.sort_unstable();
        keyboard.dedup();
        assert_eq!(keyboard.len(), all);
    }

    #[test]
    fn what_comes_back_of_every_kind_is_known_how_to_follow() {
        for &kind in ActionKind::ALL {
            assert_eq!(kind.spec().record, Recorded::MachineAction, "{kind:?}");
        }
    }
}
