//! Parameters of the actions, apart from the comment.

use super::choice::{Choice, ChoiceWords};
use super::parameter::{Parameter, ParameterKind};

pub(super) const ISOLATION_TYPE_NAME: &str = "IsolationType";

/// Full or selective isolation.
pub const ISOLATION_TYPE: Parameter = Parameter {
    wire_name: ISOLATION_TYPE_NAME,
    label: "Isolation type",
    help: "Selective keeps classic Outlook, classic Teams and Skype for Business connected, not their new versions",
    kind: ParameterKind::Choice(&[FULL, SELECTIVE]),
};

/// Everything but Defender is cut off, or every file is scanned.
pub const FULL: Choice = Choice::plain("Full", "Full");

/// Some applications stay connected.
pub const SELECTIVE: Choice = Choice {
    value: "Selective",
    word: "Selective",
    available_as: Some("SelectiveIsolation"),
    words: ChoiceWords {
        consequence: Some(
            "Cuts every network connection except to Defender, classic Outlook, classic Teams and Skype for Business. Unsaved network work may be lost",
        ),
        ..ChoiceWords::NONE
    },
};

/// The hash of the file to stop and quarantine.
pub const SHA1: Parameter = Parameter {
    wire_name: "Sha1",
    label: "SHA-1 of the file",
    help: "Its SHA-1 or SHA-256, or the full path of the file on this computer; text around a hash is ignored",
    kind: ParameterKind::Hash,
};

/// A machine tag, visible to colleagues.
pub const TAG: Parameter = Parameter {
    wire_name: "Value",
    label: "Tag",
    help: "Exactly as it should appear in Defender; upper and lower case are different tags",
    kind: ParameterKind::Text { max_chars: 200 },
};

/// Quick or full scan.
pub const SCAN_TYPE: Parameter = Parameter {
    wire_name: "ScanType",
    label: "Scan type",
    help: "Quick looks where malware usually starts from, in minutes. Full reads every file, in hours",
    kind: ParameterKind::Choice(&[Choice::plain("Quick", "Quick"), FULL]),
};

/// The file to block or audit on every device.
pub const FILE: Parameter = Parameter {
    wire_name: "indicatorValue",
    label: "Hash of the file",
    help: "Its SHA-1 or SHA-256, or the full path of the file on this computer; text around a hash is ignored",
    kind: ParameterKind::AnyHash,
};

/// Response of a device that meets the file.
pub const REACTION: Parameter = Parameter {
    wire_name: "action",
    label: "What devices do",
    help: "Block stops the file and quarantines it wherever it turns up. Audit only raises an alert",
    kind: ParameterKind::Choice(&[Choice::plain("BlockAndRemediate", "Block"), AUDIT]),
};

/// Devices raise an alert and let the file run.
pub const AUDIT: Choice = Choice {
    value: "Audit",
    word: "Audit only",
    available_as: None,
    words: ChoiceWords {
        title: Some("Audit file everywhere"),
        verb: Some("Audit file on"),
        done: Some("Audited everywhere"),
        consequence: Some(
            "Every device in the tenant raises an alert when this file turns up, and lets it run",
        ),
    },
};

/// Expiry time.
pub const EXPIRES: Parameter = Parameter {
    wire_name: "expirationTime",
    label: "Ends (UTC)",
    help: "Year-month-day hour:minute in UTC; unless you say otherwise 7 days from now, or the later end of a block that this one replaces",
    kind: ParameterKind::Time,
};

/// The indicator to remove.
pub const INDICATOR: Parameter = Parameter {
    wire_name: "indicatorId",
    label: "Number of the block",
    help: "As Defender numbers it; choosing a block below fills it in",
    kind: ParameterKind::Text { max_chars: 64 },
};
