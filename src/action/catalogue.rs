//! The only description of each action. Buttons, forms, bodies, permissions, eligibility, keys,
//! wording, journal and self-test derive from it; a new variant does not compile without it.

use std::sync::LazyLock;

use strum::VariantArray as _;

use super::condition::Condition;
use super::inputs::{
    EXPIRES, FILE, INDICATOR, ISOLATION_TYPE, ISOLATION_TYPE_NAME, REACTION, SCAN_TYPE, SHA1, TAG,
};
use super::spec::{
    ActionSpec, Change, Devices, Group, Recorded, Risk, Shortcut, SystemCaveat, Yield,
};
use super::systems;
use crate::model::{MachineActionType, Permission};

/// A response action that the console can order, in screen order. Its text is the self-test's step.
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
    #[strum(serialize = "investigate")]
    StartInvestigation,
    #[strum(serialize = "quarantine")]
    StopAndQuarantineFile,
    #[strum(serialize = "block")]
    BlockFile,
    #[strum(serialize = "unblock")]
    RemoveBlock,
    #[strum(serialize = "tag")]
    AddTag,
    #[strum(serialize = "untag")]
    RemoveTag,
}

/// The permissions to cancel an action in flight, any one of which suffices.
pub const CANCEL_PERMISSIONS: &[Permission] = &[
    Permission::MachineCollectForensics,
    Permission::MachineIsolate,
    Permission::MachineRestrictExecution,
    Permission::MachineScan,
    Permission::MachineOffboard,
    Permission::MachineStopAndQuarantine,
    Permission::MachineLiveResponse,
];

/// Common properties of adding and removing a tag.
fn tagging() -> ActionSpec {
    ActionSpec {
        endpoint: "tags",
        permission: Permission::MachineReadWrite,
        roles: &["Manage security settings"],
        devices: Devices::Any,
        record: Recorded::Machine,
        group: Group::Mark,
        ability: "change tags",
        if_failed: SEND_AGAIN,
        caveats: &["Defender keeps no comment with a tag: yours stays in this console's journal"],
        parameters: &[TAG],
        risk: Risk::Harmless,
        supports: systems::any,
        ..ActionSpec::ON_MANAGED_DEVICE
    }
}

/// Common properties of blocking a file and removing the block.
fn indicating() -> ActionSpec {
    ActionSpec {
        endpoint: "indicators",
        permission: Permission::TiReadWrite,
        // Which of the two applies is not documented.
        roles: &["Manage security settings", "Active remediation actions"],
        devices: Devices::Every,
        record: Recorded::Indicator,
        group: Group::File,
        if_failed: "Next: check the indicators in the Defender portal",
        supports: systems::any,
        ..ActionSpec::ON_MANAGED_DEVICE
    }
}

const ANOTHER_WAY: &str = "Next: isolate at the switch, or disable the account";
const SEND_AGAIN: &str = "Next: check that the device is connected, then send it again";

impl ActionKind {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The action's catalogue row.
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
                ],
                system_caveats: &[
                    SystemCaveat {
                        is_for: systems::knows_selective,
                        text: "Behind a web proxy (PAC file) a full isolation may cut the device off from Defender too: choose Selective",
                    },
                    SystemCaveat {
                        is_for: systems::is_windows,
                        text: "Isolating a Hyper-V host isolates its guests",
                    },
                    SystemCaveat {
                        is_for: systems::is_linux,
                        text: "Behind a web proxy it may cut the device off from Defender too, and selective isolation is not available on Linux",
                    },
                    SystemCaveat {
                        is_for: systems::is_linux,
                        text: "It works through iptables: a change of these rules on the device lifts it, and nothing here shows that",
                    },
                ],
                parameters: &[ISOLATION_TYPE],
                risk: Risk::Disruptive,
                change: Change::Sets(Condition::Isolated),
                without_sensor: Some(Self::Contain),
                undo: Some(Self::Unisolate),
                supports: systems::isolation,
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
                without_sensor: Some(Self::ReleaseContainment),
                undo: Some(Self::Isolate),
                supports: systems::release,
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
                short_noun: "restriction",
                done: "Restricted",
                keep: "Keep unrestricted",
                if_failed: ANOTHER_WAY,
                consequence: "Only programs signed by Microsoft may run. Other programs stop working",
                caveats: &["Works through a code integrity policy; requires Defender Antivirus"],
                risk: Risk::Disruptive,
                change: Change::Sets(Condition::Restricted),
                undo: Some(Self::UnrestrictCodeExecution),
                supports: systems::restriction,
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
                supports: systems::restriction,
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
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::CollectInvestigationPackage => ActionSpec {
                wire_type: MachineActionType::CollectInvestigationPackage,
                endpoint: "collectInvestigationPackage",
                available_as: Some("CollectInvestigationPackage"),
                permission: Permission::MachineCollectForensics,
                roles: &["Alerts investigation"],
                yields: Yield::Package,
                group: Group::Investigate,
                title: "Collect investigation package",
                button: "Collect package",
                verb: "Collect package from",
                infinitive: "collect an investigation package from",
                ability: "collect investigation packages",
                noun: "investigation package collection",
                short_noun: "package",
                done: "Package collected",
                keep: "Don't collect",
                if_failed: SEND_AGAIN,
                consequence: "The device packs its processes, connections, autostarts and event logs. The package can then be downloaded here",
                caveats: &["May fail on a low battery or a metered connection"],
                risk: Risk::Harmless,
                supports: systems::package,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::StartInvestigation => ActionSpec {
                wire_type: MachineActionType::Investigation,
                journal_key: Some("StartInvestigation"),
                endpoint: "startInvestigation",
                available_as: Some("InitiateInvestigation"),
                permission: Permission::AlertReadWrite,
                record: Recorded::Investigation,
                group: Group::Investigate,
                title: "Start automated investigation",
                button: "Investigate",
                verb: "Investigate",
                infinitive: "start an automated investigation of",
                ability: "start automated investigations",
                noun: "automated investigation",
                short_noun: "investigation",
                done: "Investigated",
                keep: "Don't investigate",
                if_failed: "Next: check the investigation in the Defender portal",
                consequence: "Defender examines the device by itself and, where your tenant allows it, remediates what it finds: it may stop processes and quarantine files",
                caveats: &[
                    "It cannot be stopped from here, only in the Defender portal",
                    "What it wants to do may wait there for a person's approval",
                ],
                risk: Risk::Harmless,
                supports: systems::investigation,
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::StopAndQuarantineFile => ActionSpec {
                wire_type: MachineActionType::StopAndQuarantineFile,
                endpoint: "StopAndQuarantineFile",
                available_as: Some("StopAndQuarantineFile"),
                permission: Permission::MachineStopAndQuarantine,
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
                ..ActionSpec::ON_MANAGED_DEVICE
            },
            Self::BlockFile => ActionSpec {
                wire_type: MachineActionType::BlockFile,
                journal_key: Some("FileBlock"),
                title: "Block file everywhere",
                button: "Block file everywhere",
                verb: "Block file on",
                infinitive: "block a file on",
                ability: "block files everywhere",
                noun: "file block",
                done: "Blocked everywhere",
                keep: "Don't block",
                consequence: "Every device in the tenant stops this file and quarantines it wherever it turns up, until the block ends",
                caveats: &[
                    "Devices pick this up within a few minutes to two hours, offline devices when they are back online",
                    "It works for programs and libraries (PE files), on devices whose active antivirus is Defender Antivirus",
                ],
                // Last, so that the file's facts follow its hash.
                parameters: &[REACTION, EXPIRES, FILE],
                risk: Risk::Disruptive,
                undo: Some(Self::RemoveBlock),
                ..indicating()
            },
            Self::RemoveBlock => ActionSpec {
                wire_type: MachineActionType::RemoveBlock,
                journal_key: Some("FileBlockRemoval"),
                title: "Remove block of a file",
                button: "Remove block",
                verb: "Remove block on",
                infinitive: "remove a block on",
                ability: "remove blocks of files",
                noun: "block removal",
                done: "Block removed",
                keep: "Keep block",
                consequence: "Removes this one block: devices let the file run again, unless another block or their antivirus stops it",
                caveats: &[
                    "What was quarantined meanwhile stays in quarantine on each device",
                    "Defender keeps no comment with a removal: yours stays in this console's journal",
                ],
                parameters: &[INDICATOR, FILE],
                risk: Risk::Routine,
                removes: Some("block"),
                undo: Some(Self::BlockFile),
                ..indicating()
            },
            Self::AddTag => ActionSpec {
                wire_type: MachineActionType::AddTag,
                journal_key: Some("TagAdd"),
                fixed: &[("Action", "Add")],
                title: "Add tag",
                button: "Add tag",
                verb: "Add tag to",
                infinitive: "tag",
                noun: "tag addition",
                short_noun: "tag",
                done: "Tag added",
                keep: "Don't add",
                consequence: "Colleagues see the tag on the device, here and in the Defender portal. Rules and device groups that go by tags may take the device in",
                undo: Some(Self::RemoveTag),
                ..tagging()
            },
            Self::RemoveTag => ActionSpec {
                wire_type: MachineActionType::RemoveTag,
                journal_key: Some("TagRemove"),
                fixed: &[("Action", "Remove")],
                title: "Remove tag",
                button: "Remove tag",
                verb: "Remove tag from",
                infinitive: "take a tag off",
                noun: "tag removal",
                done: "Tag removed",
                keep: "Keep tag",
                consequence: "The tag is taken off the device, here and in the Defender portal. Rules and device groups that go by tags may let the device go",
                removes: Some("tag"),
                undo: Some(Self::AddTag),
                ..tagging()
            },
        }
    }
}

#[cfg(test)]
mod tests;
