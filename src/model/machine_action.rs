//! The service's record of one response action on one machine.

use std::fmt;

use jiff::Timestamp;

use super::open_enum::open_enum;
use super::{MachineActionId, MachineId};

open_enum! {
    /// What an action does (`type`). Which of these the console can order is the catalogue's.
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
    }
}

open_enum! {
    /// How far an action has come (`status`).
    MachineActionStatus {
        Pending = "Pending",
        InProgress = "InProgress",
        Succeeded = "Succeeded",
        Failed = "Failed",
        TimeOut = "TimeOut" | "Timeout",
        Cancelled = "Cancelled" | "Canceled",
    }
}

impl MachineActionStatus {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HResult(pub i32);

impl HResult {
    /// What the code means, where it is known.
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

/// One response action as the service tells it (`machineAction` resource).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineAction {
    pub id: MachineActionId,
    pub kind: MachineActionType,
    /// `Full` or `Selective` for an isolation; mostly absent.
    pub scope: Option<Box<str>>,
    /// User principal name, or the application's id.
    pub requestor: Option<Box<str>>,
    pub requestor_comment: Option<Box<str>>,
    pub status: MachineActionStatus,
    pub machine_id: Option<MachineId>,
    pub computer_dns_name: Option<Box<str>>,
    pub created: Option<Timestamp>,
    pub last_updated: Option<Timestamp>,
    pub cancellation_requestor: Option<Box<str>>,
    pub cancellation_comment: Option<Box<str>>,
    pub error_hresult: HResult,
    pub external_id: Option<Box<str>>,
    /// `PublicApi`, `Portal`, a detection rule, ….
    pub request_source: Option<Box<str>>,
    /// The hash of the file of a stop-and-quarantine.
    pub file_identifier: Option<Box<str>>,
}

impl MachineAction {
    /// An action of which nothing but id, type and status is known.
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_code_reads_in_hex_decimal_and_words() {
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
    fn both_spellings_of_cancelled_are_final_and_an_unknown_status_is_not() {
        assert_eq!(
            MachineActionStatus::from_wire("Canceled"),
            MachineActionStatus::Cancelled
        );
        assert!(!MachineActionStatus::from_wire("Hibernating").is_final());
    }
}
