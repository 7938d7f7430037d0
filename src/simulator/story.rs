//! The demo fleet's story: devices with a persona, their users, alerts and past actions.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::{shifted, written};
use super::files;
use super::lifecycle::{CANCELLED, Status, TIMED_OUT};
use super::tokens::TENANT_ID;

/// A device of the story.
#[derive(Debug)]
pub(super) struct StoryDevice {
    pub(super) name: Option<&'static str>,
    pub(super) platform: &'static str,
    persona: Persona,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Persona {
    Victim,
    VictimsTwin,
    Isolated,
    Released,
    Silent,
    DomainController,
    WebServer,
    Printer,
    BeingScanned,
    Merged,
    IdOnly,
    Nameless,
    Mac,
    OddName,
    UnknownValues,
    Restricted,
    OldAgent,
    Vpn,
    Hypervisor,
    Database,
    Phone,
    Camera,
    Impaired,
    Plain,
}

const fn device(name: &'static str, platform: &'static str, persona: Persona) -> StoryDevice {
    StoryDevice {
        name: Some(name),
        platform,
        persona,
    }
}

/// The story's devices, in list order.
pub(super) const STORY: [StoryDevice; 27] = [
    device("FIN-LT-042", "Windows11", Persona::Victim),
    device("FIN-LT-042", "Windows10", Persona::VictimsTwin),
    device("FIN-LT-043", "Windows11", Persona::Isolated),
    device("HR-LT-007", "Windows11", Persona::Released),
    device("SALES-LT-019", "Windows10", Persona::Silent),
    device(
        "DC01.contoso.com",
        "WindowsServer2022",
        Persona::DomainController,
    ),
    device("web01.contoso.com", "Ubuntu", Persona::WebServer),
    device("web10.contoso.com", "Ubuntu", Persona::WebServer),
    device("web100.contoso.com", "Ubuntu", Persona::WebServer),
    device("PRN-2F-01", "Unknown", Persona::Printer),
    device("FIN-LT-051", "Windows11", Persona::BeingScanned),
    device("ENG-LT-014", "Windows10", Persona::Merged),
    device("ENG-LT-014", "Windows11", Persona::Plain),
    StoryDevice {
        name: None,
        platform: "Windows10",
        persona: Persona::IdOnly,
    },
    StoryDevice {
        name: None,
        platform: "Windows10",
        persona: Persona::Nameless,
    },
    device("MBP-MKT-03", "macOS", Persona::Mac),
    device(
        "KIOSK-\u{202e}exe.gpj\u{202c}\u{7}-01\u{200b}",
        "Windows10",
        Persona::OddName,
    ),
    device("LAB-NEXT-01", "Windows12", Persona::UnknownValues),
    device("ENG-LT-022", "Windows11", Persona::Restricted),
    device("LAB-OLD-01", "Windows10", Persona::OldAgent),
    device("vpn-gw01.contoso.com", "WindowsServer2019", Persona::Vpn),
    device(
        "hv-host02.contoso.com",
        "WindowsServer2022",
        Persona::Hypervisor,
    ),
    device("sql01.contoso.com", "WindowsServer2019", Persona::Database),
    device("PHONE-0231", "Android", Persona::Phone),
    device("CAM-LOBBY-01", "Unknown", Persona::Camera),
    device("OPS-LT-008", "Windows11", Persona::Impaired),
    device("ENG-LT-030", "Windows11", Persona::Plain),
];

/// Index of the record that [`Persona::Merged`] was merged into.
pub(super) const SURVIVOR: usize = 12;

/// Applies a device's persona to an ordinary record; `survivor` is the id of [`SURVIVOR`].
#[expect(
    clippy::too_many_lines,
    reason = "a list of cases reads best in one piece"
)]
pub(super) fn apply_persona(
    device: &StoryDevice,
    record: &mut Map<String, Value>,
    survivor: Option<&str>,
    begun: Timestamp,
) {
    let ago = |seconds: i64| written(shifted(begun, -seconds));
    let changes = match device.persona {
        Persona::Victim => json!({
            "riskScore": "High", "exposureLevel": "High", "machineTags": ["vip"], "lastSeen": ago(240),
            "lastIpAddress": "10.20.4.42", "isPotentialDuplication": true
        }),
        Persona::VictimsTwin => json!({
            "healthStatus": "Inactive", "lastSeen": ago(19 * 86_400 + 7_000), "riskScore": "None", "machineTags": ["before re-image"],
            "lastIpAddress": "10.20.4.42", "isPotentialDuplication": true
        }),
        Persona::Isolated => {
            json!({ "riskScore": "High", "exposureLevel": "Medium", "lastSeen": ago(2_900) })
        }
        Persona::Released => json!({ "riskScore": "Low", "lastSeen": ago(5_400) }),
        Persona::Silent => json!({
            "healthStatus": "Inactive", "lastSeen": ago(5 * 86_400 + 1_200), "riskScore": "Medium", "machineTags": ["travel"]
        }),
        Persona::DomainController => json!({
            "machineTags": ["tier0", "server"], "deviceValue": "High", "riskScore": "Low", "lastIpAddress": "10.20.1.10"
        }),
        Persona::WebServer => {
            json!({ "machineTags": ["server", "dmz"], "osBuild": 6, "riskScore": "Low" })
        }
        Persona::Printer => json!({
            "healthStatus": "NoSensorData", "onboardingStatus": "CanBeOnboarded", "osPlatform": "Unknown", "agentVersion": null,
            "version": null, "osProcessor": null, "osArchitecture": null, "riskScore": "None", "exposureLevel": "None",
            "managedBy": "Unknown", "managedByStatus": "Unknown", "lastExternalIpAddress": null
        }),
        Persona::BeingScanned => json!({ "riskScore": "Medium", "lastSeen": ago(600) }),
        Persona::Merged => json!({
            "mergedIntoMachineId": survivor, "healthStatus": "Inactive", "lastSeen": ago(40 * 86_400), "isPotentialDuplication": true
        }),
        Persona::IdOnly => {
            record.retain(|name, _| name == "id");
            return;
        }
        Persona::Nameless => {
            json!({ "computerDnsName": null, "lastIpAddress": "", "riskScore": null, "rbacGroupName": null, "aadDeviceId": null })
        }
        Persona::Mac => {
            json!({ "osProcessor": "arm64", "agentVersion": "101.24092.9", "isAadJoined": false, "machineTags": ["design"] })
        }
        Persona::OddName => json!({ "machineTags": ["kiosk", "\u{202e}gat"], "riskScore": "Low" }),
        Persona::UnknownValues => json!({
            "healthStatus": "Hibernating", "riskScore": "Critical", "exposureLevel": "Extreme", "deviceValue": "Priceless",
            "onboardingStatus": "HalfOnboarded", "managedBy": "SomethingNew", "quantumState": { "spin": "up" }
        }),
        Persona::Restricted => json!({ "riskScore": "Medium", "machineTags": ["developer"] }),
        Persona::OldAgent => {
            json!({ "agentVersion": "10.3720.14393.0", "version": "1607", "osBuild": 14_393 })
        }
        Persona::Vpn => {
            json!({ "machineTags": ["vpn", "server"], "deviceValue": "High", "lastIpAddress": "10.20.1.5" })
        }
        Persona::Hypervisor => {
            json!({ "machineTags": ["hyper-v", "server"], "deviceValue": "High" })
        }
        Persona::Database => {
            json!({ "machineTags": ["server", "payments"], "deviceValue": "High", "exposureLevel": "Medium" })
        }
        Persona::Phone => json!({ "version": "15", "osProcessor": "arm64", "managedBy": "Intune" }),
        Persona::Camera => json!({
            "healthStatus": "NoSensorData", "onboardingStatus": "Unsupported", "osPlatform": "Unknown", "agentVersion": null, "version": null
        }),
        Persona::Impaired => {
            json!({ "healthStatus": "ImpairedCommunication", "lastSeen": ago(31 * 3_600), "riskScore": "Medium" })
        }
        Persona::Plain => return,
    };
    if let Value::Object(changes) = changes {
        record.extend(changes);
    }
}

/// The users who have logged on to a machine.
pub(super) fn users(index: usize, begun: Timestamp) -> Value {
    let persona = STORY.get(index).map(|device| device.persona);
    let names: &[(&str, bool)] = match persona {
        Some(Persona::Victim | Persona::VictimsTwin) => {
            &[("p.marsh", false), ("helpdesk.adm", true)]
        }
        Some(Persona::DomainController | Persona::Hypervisor) => &[("t0.admin", true)],
        Some(Persona::Printer | Persona::Camera | Persona::IdOnly) => &[],
        Some(_) | None => [
            &[("a.nowak", false)] as &[(&str, bool)],
            &[("k.ito", false)],
            &[("m.rossi", false), ("l.berg", false)],
        ][index % 3],
    };
    let list = names.iter().zip(0_i64..).map(|((name, admin), at)| {
        json!({
            "id": format!("contoso\\{name}"), "accountName": name, "accountDomain": "contoso", "accountSid": null,
            "firstSeen": written(shifted(begun, -86_400 * 90)), "lastSeen": written(shifted(begun, -1_200 - 90_000 * at)),
            "mostPrevalentMachineId": null, "leastPrevalentMachineId": null, "logonTypes": "Interactive, RemoteInteractive",
            "logOnMachinesCount": null, "isDomainAdmin": admin, "isOnlyNetworkUser": null
        })
    });
    list.collect()
}

/// The alerts of a machine.
pub(super) fn alerts(
    index: usize,
    id: Option<&str>,
    name: Option<&str>,
    begun: Timestamp,
) -> Vec<Value> {
    let persona = STORY.get(index).map(|device| device.persona);
    let alerts: &[(&str, &str, &str, &str, i64)] = match persona {
        Some(Persona::Victim) => &[
            (
                "Credential theft tool found in memory",
                "High",
                "CredentialAccess",
                "New",
                1_500,
            ),
            (
                "Suspicious\u{200b} PowerShell command line\r\n(encoded)",
                "Medium",
                "Execution",
                "New",
                2_100,
            ),
            (
                "Connection to a known command-and-control address",
                "High",
                "CommandAndControl",
                "InProgress",
                900,
            ),
        ],
        Some(Persona::Isolated) => &[(
            "Ransomware behaviour detected",
            "High",
            "Ransomware",
            "InProgress",
            3_000,
        )],
        Some(Persona::BeingScanned) => &[(
            "Suspicious attachment opened",
            "Medium",
            "InitialAccess",
            "New",
            900,
        )],
        Some(Persona::Released) => &[("Unwanted software", "Low", "null", "Resolved", 260_000)],
        Some(_) | None => &[],
    };
    let list = alerts.iter().zip(0_i64..).map(|((title, severity, category, status, ago), at)| {
        let made = written(shifted(begun, -ago));
        json!({
            "id": format!("da63874{index:04}{at}_-880718168"), "incidentId": 4_711, "investigationId": null, "assignedTo": null,
            "severity": severity, "status": status, "classification": null, "determination": null, "investigationState": "Queued",
            "detectionSource": "WindowsDefenderAtp", "detectorId": null, "category": category, "threatFamilyName": null,
            "title": title, "description": "See the timeline of the device.", "alertCreationTime": made, "firstEventTime": made,
            "lastEventTime": made, "lastUpdateTime": made, "resolvedTime": null, "machineId": id,
            "computerDnsName": name, "rbacGroupName": "Finance", "aadTenantId": TENANT_ID, "threatName": null,
            "mitreTechniques": [], "relatedUser": { "userName": "p.marsh", "domainName": "contoso" },
            "loggedOnUsers": [{ "accountName": "p.marsh", "domainName": "contoso" }], "comments": [],
            "evidence": files::evidence(index, at, &made)
        })
    });
    list.collect()
}

/// A past action; `ago` and `took` are in seconds.
pub(super) struct Past {
    pub(super) machine: usize,
    pub(super) kind: &'static str,
    pub(super) scope: Option<&'static str>,
    pub(super) status: Status,
    pub(super) requestor: &'static str,
    pub(super) source: &'static str,
    pub(super) comment: &'static str,
    pub(super) hresult: i32,
    pub(super) ago: i64,
    pub(super) took: i64,
}

/// Id of the automation with a running action.
const AUTOMATION: &str = "e062d1f9-2398-4234-a024-12345673a25a";
const WEBER: &str = "s.weber@contoso.com";
const JANE: &str = "jane@contoso.com";

/// Actions before the start of the demo.
#[rustfmt::skip]
pub(super) const PAST: [Past; 10] = [
    // Older than the weeks read for all kinds, and still in force.
    Past { machine: 17, kind: "Isolate", scope: Some("Full"), status: Status::Succeeded, requestor: WEBER, source: "Portal", comment: "INC-19704 test build with a known hole, stays off the network", hresult: 0, ago: 100 * 86_400, took: 31 },
    Past { machine: 4, kind: "Isolate", scope: Some("Full"), status: Status::TimeOut, requestor: WEBER, source: "Portal", comment: "Lost on a trip, isolate to be safe", hresult: TIMED_OUT, ago: 4 * 86_400, took: 3 * 86_400 + 840 },
    Past { machine: 3, kind: "Isolate", scope: Some("Full"), status: Status::Succeeded, requestor: JANE, source: "PublicApi", comment: "INC-20871 unwanted software", hresult: 0, ago: 3 * 86_400, took: 27 },
    Past { machine: 3, kind: "Unisolate", scope: None, status: Status::Succeeded, requestor: JANE, source: "PublicApi", comment: "INC-20871 cleaned and checked", hresult: 0, ago: 2 * 86_400, took: 2 },
    Past { machine: 6, kind: "CollectInvestigationPackage", scope: None, status: Status::Cancelled, requestor: WEBER, source: "Portal", comment: "Wrong server", hresult: CANCELLED, ago: 90_000, took: 60 },
    Past { machine: 25, kind: "RunAntiVirusScan", scope: Some("Full"), status: Status::Failed, requestor: WEBER, source: "Portal", comment: "Check after alert", hresult: -2_147_023_436, ago: 70_000, took: 900 },
    Past { machine: 18, kind: "RestrictCodeExecution", scope: None, status: Status::Succeeded, requestor: WEBER, source: "Portal", comment: "INC-20944 unsigned tools running", hresult: 0, ago: 5 * 3_600, took: 22 },
    Past { machine: 2, kind: "Isolate", scope: Some("Full"), status: Status::Succeeded, requestor: WEBER, source: "Portal", comment: "INC-20951 ransomware behaviour, calling the user", hresult: 0, ago: 40 * 60, took: 27 },
    Past { machine: 0, kind: "RunAntiVirusScan", scope: Some("Quick"), status: Status::Succeeded, requestor: AUTOMATION, source: "CustomDetection", comment: "Triggered by detection rule", hresult: 0, ago: 23 * 60, took: 23 },
    Past { machine: 10, kind: "RunAntiVirusScan", scope: Some("Full"), status: Status::InProgress, requestor: AUTOMATION, source: "CustomDetection", comment: "Triggered by detection rule", hresult: 0, ago: 120, took: 45 },
];
