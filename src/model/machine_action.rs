//! The service's record of a response action on a machine.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::bytes::{heap_bytes_of_fields, nothing_on_the_heap};
use super::loose::{FromText, loose, loose_or_default, required};
use super::open_enum::open_enum;
use super::{MachineActionId, MachineId, clean, filled, requestor_name};

open_enum! {
    /// Type of an action (`type`). The catalogue defines which of them the console can order.
    MachineActionType {
        Isolate = "Isolate",
        Unisolate = "Unisolate",
        RestrictCodeExecution = "RestrictCodeExecution",
        UnrestrictCodeExecution = "UnrestrictCodeExecution",
        StopAndQuarantineFile = "StopAndQuarantineFile",
        RunAntiVirusScan = "RunAntiVirusScan",
        CollectInvestigationPackage = "CollectInvestigationPackage",
        Offboard = "Offboard" | "OffboardMachine",
        LiveResponse = "LiveResponse",
        /// Not a machine action of the service: an investigation, followed in the same shape.
        Investigation = "Investigation",
        /// Not machine actions either: tags added to or removed from a machine.
        AddTag = "AddTag",
        RemoveTag = "RemoveTag",
        /// Not machine actions either: tenant-wide file indicators.
        BlockFile = "BlockFile",
        RemoveBlock = "RemoveBlock",
    }
}

open_enum! {
    /// Progress of an action (`status`).
    MachineActionStatus {
        Pending = "Pending",
        InProgress = "InProgress",
        Succeeded = "Succeeded",
        Failed = "Failed",
        TimeOut = "TimeOut" | "Timeout",
        Cancelled = "Cancelled" | "Canceled",
    }
}

fn fill<T>(gap: &mut Option<T>, other: Option<T>) {
    if gap.is_none() {
        *gap = other;
    }
}

/// Value for a missing type or status.
const MISSING: &str = "Unknown";

impl Default for MachineActionType {
    fn default() -> Self {
        Self::missing()
    }
}

impl Default for MachineActionStatus {
    fn default() -> Self {
        Self::missing()
    }
}

impl MachineActionType {
    /// The type of an action without a reported one.
    #[must_use]
    pub fn missing() -> Self {
        Self::from_wire(MISSING)
    }

    /// Whether the service reported no type.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.as_wire() == MISSING
    }
}

impl MachineActionStatus {
    /// The status of an action without a reported one; not final.
    #[must_use]
    pub fn missing() -> Self {
        Self::from_wire(MISSING)
    }

    /// Whether the service reported no status.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.as_wire() == MISSING
    }

    /// The status as readable text; an unknown one as received, safe to show.
    #[must_use]
    pub fn word(&self) -> Cow<'_, str> {
        match self {
            Self::Pending => "Pending".into(),
            Self::InProgress => "In progress".into(),
            Self::Succeeded => "Succeeded".into(),
            Self::Failed => "Failed".into(),
            Self::TimeOut => "Timed out".into(),
            Self::Cancelled => "Cancelled".into(),
            Self::Other(text) => clean(text, 64),
        }
    }

    /// Whether the service will not change it any more. An unknown status is not final.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::TimeOut | Self::Cancelled => true,
            Self::Pending | Self::InProgress | Self::Other(_) => false,
        }
    }
}

/// A signed 32-bit Windows result code (`errorHResult`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HResult(pub i32);

impl FromText for HResult {
    fn from_text(text: &str) -> Option<Self> {
        // It may also be sent unsigned.
        let unsigned = || text.parse().ok().map(u32::cast_signed);
        text.parse().ok().or_else(unsigned).map(Self)
    }
}

impl HResult {
    /// `ERROR_FILE_NOT_FOUND`.
    pub const FILE_NOT_FOUND: Self = Self(0x8007_0002_u32.cast_signed());

    /// Meaning of the code, if known.
    #[must_use]
    pub fn meaning(self) -> Option<&'static str> {
        match self.0.cast_unsigned() {
            0x8019_0198 => Some("the device did not answer in time"),
            0x8000_4004 => Some("the operation was aborted"),
            0x8000_4005 => Some("unspecified failure"),
            0x8007_0005 => Some("access denied on the device"),
            0x8007_0002 => Some("the file was not found on the device"),
            0x8007_0057 => Some("the device was given a value it does not accept"),
            0x8007_05b4 => Some("the operation ran out of time on the device"),
            _ => None,
        }
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X} ({})", self.0.cast_unsigned(), self.0)?;
        self.meaning()
            .map_or(Ok(()), |meaning| write!(f, ", {meaning}"))
    }
}

/// A response action as reported by the service (`machineAction` resource).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineAction {
    #[serde(deserialize_with = "required")]
    pub id: MachineActionId,
    #[serde(rename = "type", default, deserialize_with = "loose_or_default")]
    pub kind: MachineActionType,
    /// `Full` or `Selective` for an isolation; mostly missing.
    #[serde(default, deserialize_with = "loose")]
    pub scope: Option<Box<str>>,
    /// User principal name, or the application's id.
    #[serde(default, deserialize_with = "loose")]
    pub requestor: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose")]
    pub requestor_comment: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose_or_default")]
    pub status: MachineActionStatus,
    #[serde(default, deserialize_with = "loose")]
    pub machine_id: Option<MachineId>,
    #[serde(default, deserialize_with = "loose")]
    pub computer_dns_name: Option<Box<str>>,
    #[serde(rename = "creationDateTimeUtc", default, deserialize_with = "loose")]
    pub created: Option<Timestamp>,
    #[serde(rename = "lastUpdateDateTimeUtc", default, deserialize_with = "loose")]
    pub last_updated: Option<Timestamp>,
    #[serde(default, deserialize_with = "loose")]
    pub cancellation_requestor: Option<Box<str>>,
    #[serde(default, deserialize_with = "loose")]
    pub cancellation_comment: Option<Box<str>>,
    #[serde(
        rename = "errorHResult",
        default,
        deserialize_with = "loose_or_default"
    )]
    pub error_hresult: HResult,
    #[serde(default, deserialize_with = "loose")]
    pub external_id: Option<Box<str>>,
    /// `PublicApi`, `Portal`, a detection rule, ….
    #[serde(default, deserialize_with = "loose")]
    pub request_source: Option<Box<str>>,
    /// The file's hash for a stop-and-quarantine.
    #[serde(
        rename = "relatedFileInfo",
        default,
        deserialize_with = "file_identifier"
    )]
    pub file_identifier: Option<Box<str>>,
    /// State of an investigation, in the service's spelling.
    #[serde(skip)]
    pub state: Option<Box<str>>,
}

heap_bytes_of_fields!(MachineAction {
    id,
    kind,
    scope,
    requestor,
    requestor_comment,
    status,
    machine_id,
    computer_dns_name,
    created,
    last_updated,
    cancellation_requestor,
    cancellation_comment,
    error_hresult,
    external_id,
    request_source,
    file_identifier,
    state,
});

nothing_on_the_heap!(HResult);

/// `relatedFileInfo`, reduced to the hash.
struct RelatedFile(Box<str>);

impl FromText for RelatedFile {
    const INNER: Option<&'static str> = Some("fileIdentifier");

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.into()))
    }
}

fn file_identifier<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<str>>, D::Error> {
    loose(from).map(|file| file.map(|RelatedFile(hash)| hash))
}

/// The service's state for an investigation that needs approval.
pub const PENDING_APPROVAL: &str = "PendingApproval";

impl MachineAction {
    /// Whether an investigation waits for a person to approve its remediation in the portal.
    #[must_use]
    pub fn awaits_approval(&self) -> bool {
        self.state.as_deref() == Some(PENDING_APPROVAL)
    }

    /// The requestor, safe to show; `None` for an investigation, which has no such field.
    #[must_use]
    pub fn requested_by(&self) -> Option<Cow<'_, str>> {
        let has_field = self.kind != MachineActionType::Investigation;
        let by = self.requestor.as_deref();
        (has_field || filled(by).is_some()).then(|| requestor_name(by))
    }

    /// An action with nothing but id, type and status.
    #[must_use]
    pub fn bare(id: MachineActionId, kind: MachineActionType, status: MachineActionStatus) -> Self {
        Self {
            id,
            kind,
            scope: None,
            requestor: None,
            requestor_comment: None,
            status,
            machine_id: None,
            computer_dns_name: None,
            created: None,
            last_updated: None,
            cancellation_requestor: None,
            cancellation_comment: None,
            error_hresult: HResult(0),
            external_id: None,
            request_source: None,
            file_identifier: None,
            state: None,
        }
    }

    /// Merges another reading of the same action, newer or older. Missing values never replace
    /// known ones, an older reading only fills gaps, and a final status is replaced only by a
    /// reading that the service dates later.
    pub fn merge(&mut self, mut reading: Self) {
        let is_older = match (self.status.is_final(), reading.status.is_final()) {
            (true, false) => {
                let dates = reading.last_updated.zip(self.last_updated);
                reading.status.is_missing() || dates.is_none_or(|(read, ended)| read <= ended)
            }
            (true, true) => reading.last_updated <= self.last_updated,
            (false, true) => false,
            (false, false) => (reading.last_updated).is_some_and(|at| Some(at) < self.last_updated),
        };
        if !is_older {
            std::mem::swap(self, &mut reading);
        }
        self.fill_gaps(reading);
    }

    fn fill_gaps(&mut self, other: Self) {
        if self.kind.is_missing() {
            self.kind = other.kind;
        }
        if self.status.is_missing() {
            self.status.clone_from(&other.status);
        }
        // A success after a failure, or an unfinished action, has no code: not a gap.
        let has_none = self.status == MachineActionStatus::Succeeded || !self.status.is_final();
        let makes_up = has_none && other.status != self.status && other.status.is_final();
        if self.error_hresult == HResult(0) && !makes_up {
            self.error_hresult = other.error_hresult;
        }
        fill(&mut self.scope, other.scope);
        fill(&mut self.requestor, other.requestor);
        fill(&mut self.requestor_comment, other.requestor_comment);
        fill(&mut self.machine_id, other.machine_id);
        fill(&mut self.computer_dns_name, other.computer_dns_name);
        fill(&mut self.created, other.created);
        fill(&mut self.last_updated, other.last_updated);
        fill(
            &mut self.cancellation_requestor,
            other.cancellation_requestor,
        );
        fill(&mut self.cancellation_comment, other.cancellation_comment);
        fill(&mut self.external_id, other.external_id);
        fill(&mut self.request_source, other.request_source);
        fill(&mut self.file_identifier, other.file_identifier);
        fill(&mut self.state, other.state);
    }

    /// Whether the service does not report the type.
    #[must_use]
    pub fn is_of_unknown_kind(&self) -> bool {
        self.kind.is_missing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_code_ends_with_its_failure() {
        let read = |status, code: i32, at: i64| {
            let id = MachineActionId::parse("b89eb834").expect("a literal id");
            let mut read = MachineAction::bare(id, MachineActionType::Isolate, status);
            read.error_hresult = HResult(code);
            read.last_updated = Timestamp::from_second(at).ok();
            read
        };
        let mut known = read(MachineActionStatus::Failed, -2_147_024_891, 10);
        known.merge(read(MachineActionStatus::Succeeded, 0, 20));
        assert_eq!(known.error_hresult, HResult(0));
        known.merge(read(MachineActionStatus::Failed, -2_147_024_891, 10));
        assert_eq!(known.error_hresult, HResult(0), "an older reading");
        // With an equal status, a missing value is a gap.
        known.merge(read(MachineActionStatus::Succeeded, 5, 20));
        assert_eq!(known.error_hresult, HResult(5));
    }

    #[test]
    fn a_result_code_is_shown_in_hex_decimal_and_words() {
        assert_eq!(
            HResult(-2_145_844_840).to_string(),
            "0x80190198 (-2145844840), the device did not answer in time"
        );
        assert_eq!(
            HResult(-2_147_467_260).to_string(),
            "0x80004004 (-2147467260), the operation was aborted"
        );
        assert_eq!(HResult(5).to_string(), "0x00000005 (5)");
    }

    #[test]
    fn sparse_readings_keep_facts_and_only_later_ones_replace_a_final_status() {
        use MachineActionStatus::{Cancelled, InProgress, Pending, Succeeded};
        let at = |secs| Timestamp::from_second(secs).ok();
        let id = || MachineActionId::parse("b89eb834").expect("a literal id");
        let sparse = |status, updated| {
            let mut action = MachineAction::bare(id(), MachineActionType::missing(), status);
            action.last_updated = at(updated);
            action
        };
        let full = MachineAction {
            kind: MachineActionType::Isolate,
            scope: Some("Selective".into()),
            requestor: Some("sam@contoso.com".into()),
            requestor_comment: Some("beacon".into()),
            machine_id: MachineId::parse("a1").ok(),
            created: at(5),
            error_hresult: HResult(7),
            ..sparse(Pending, 10)
        };
        let mut known = full.clone();
        known.merge(sparse(InProgress, 20));
        let progress = MachineAction {
            status: InProgress,
            last_updated: at(20),
            ..full.clone()
        };
        assert_eq!(known, progress);
        known.merge(sparse(MachineActionStatus::missing(), 30));
        assert_eq!((&known.status, known.last_updated), (&InProgress, at(30)));
        known.merge(sparse(Succeeded, 25));
        let sparser = sparse(MachineActionStatus::missing(), 40);
        for late in [
            sparse(Pending, 25),
            sparser,
            sparse(Cancelled, 25),
            full.clone(),
        ] {
            known.merge(late);
            assert_eq!((&known.status, known.last_updated), (&Succeeded, at(25)));
        }
        // A success that the service revokes is revoked here: "done" would be untrue.
        known.merge(sparse(Cancelled, 50));
        assert_eq!((&known.status, known.last_updated), (&Cancelled, at(50)));
        known.merge(sparse(Pending, 60));
        assert_eq!((&known.status, known.last_updated), (&Pending, at(60)));
        // A late, older reading still fills gaps.
        let mut known = sparse(InProgress, 20);
        known.merge(full.clone());
        assert_eq!(known, progress);
    }

    #[test]
    fn both_spellings_of_cancelled_are_read_and_an_unknown_status_is_not_final() {
        assert_eq!(
            MachineActionStatus::from_wire("Canceled"),
            MachineActionStatus::Cancelled
        );
        assert!(!MachineActionStatus::from_wire("Hibernating").is_final());
    }
}
