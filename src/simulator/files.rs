//! The files known to the tenant.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{shifted, written};

struct Known {
    sha1: &'static str,
    sha256: &'static str,
    name: &'static str,
    publisher: Option<&'static str>,
    determination: &'static str,
    value: Option<&'static str>,
    global: i64,
    here: i64,
}

#[rustfmt::skip]
const KNOWN: [Known; 4] = [
    Known { sha1: "87662bc3d60e4200ceaf7aae249d1c343f4b83c9", sha256: "5f3c6e1f0c1b1d5f7f1e36b2f8a0d3b6c9e2a4d7f0b3c6e9a1d4f7b0c3e6a9d2", name: "invoice_0711.exe", publisher: None, determination: "Malware", value: Some("Trojan:Win32/Pretender.A"), global: 3, here: 1 },
    Known { sha1: "4388963aaa83afe2042a46a3c017ad50bdcdafb3", sha256: "413c58c8267d2c8648d8f6384bacc2ae9c929b2b96578b6860b5087cd1bd6462", name: "mobisaver.exe", publisher: Some("CHENGDU YIWO Tech Development Co., Ltd."), determination: "Pua", value: Some("PUA:Win32/FusionCore"), global: 180_022, here: 4 },
    Known { sha1: "dd399ae46303343f9f0da189aee11c67bd868222", sha256: "b1f8a0d3c6e9a2d5f8b1c4e7a0d3f6b9c2e5a8d1f4b7c0e3a6d9f2b5c8e1a4d7", name: "rundll32.exe", publisher: Some("Microsoft Corporation"), determination: "Clean", value: None, global: 94_000_000, here: 58 },
    Known { sha1: "6532ec91d513acc05f43ee0aa3002599729fd3e1", sha256: "d4447dffdbb2889b4b4e746b0bc882df1b854101614b0aa83953ef3cb66904cf", name: "agent-tool.exe", publisher: None, determination: "Unknown", value: None, global: 10, here: 41 },
];

fn known(hash: &str) -> Option<&'static Known> {
    KNOWN
        .iter()
        .find(|file| file.sha1.eq_ignore_ascii_case(hash) || file.sha256.eq_ignore_ascii_case(hash))
}

/// Whether the file is on this device, by the fleet's order: the first one is part of the story.
pub(super) fn is_on(sha1: &str, index: usize) -> bool {
    let here = known(sha1).map_or(0, |file| file.here);
    usize::try_from(here).is_ok_and(|here| index < here)
}

/// Whether a text is a hash of this many digits.
pub(super) fn is_hash(text: &str, digits: &[usize]) -> bool {
    digits.contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Evidence of an alert: a process that ran the file, the file, and an entry with only a type.
pub(super) fn evidence(index: usize, alert: i64, made: &str) -> Value {
    let [malware, unwanted, system, tool] = &KNOWN;
    let files: &[&Known] = match (index, alert) {
        (0, 1) => &[system, malware],
        (2, _) => &[malware],
        (10, _) => &[unwanted, tool],
        _ => &[],
    };
    let nothing = json!({ "entityType": "User", "evidenceCreationTime": made, "sha1": null, "sha256": null, "fileName": null });
    let of_file = |(n, file): (usize, &&Known)| {
        let kind = if n == 0 { "Process" } else { "File" };
        json!({
            "entityType": kind, "evidenceCreationTime": made, "sha1": file.sha1, "sha256": file.sha256,
            "fileName": file.name, "filePath": "C:\\Users\\p.marsh\\Downloads", "processId": null,
            "ipAddress": null, "url": null, "accountName": null, "detectionStatus": "Detected"
        })
    };
    files
        .iter()
        .enumerate()
        .map(of_file)
        .chain(std::iter::once(nothing))
        .collect()
}

/// Whether the device refuses to quarantine it, as it is signed by Microsoft.
pub(super) fn is_protected(sha1: &str) -> bool {
    known(sha1).is_some_and(|file| file.publisher == Some("Microsoft Corporation"))
}

/// `GET /api/files/{hash}`.
pub(super) fn facts(hash: &str, begun: Timestamp) -> Option<Value> {
    let file = known(hash)?;
    Some(json!({
        "sha1": file.sha1, "sha256": file.sha256, "md5": null, "globalPrevalence": file.global,
        "globalFirstObserved": written(shifted(begun, -86_400 * 900)), "globalLastObserved": written(shifted(begun, -3_600)),
        "size": 391_680, "fileType": "APP", "isPeFile": true, "filePublisher": file.publisher, "fileProductName": null,
        "signer": file.publisher, "issuer": file.publisher.map(|_| "Code Signing CA"), "signerHash": null,
        "isValidCertificate": file.publisher.map(|_| true), "determinationType": file.determination,
        "determinationValue": file.value
    }))
}

/// `GET /api/files/{hash}/stats`: two of the numbers are strings, as in the service.
pub(super) fn statistics(hash: &str, begun: Timestamp) -> Option<Value> {
    let file = known(hash)?;
    Some(json!({
        "sha1": file.sha1, "orgPrevalence": file.here.to_string(), "organizationPrevalence": file.here,
        "orgFirstSeen": written(shifted(begun, -86_400 * 2)), "orgLastSeen": written(shifted(begun, -1_800)),
        "globalPrevalence": file.global.to_string(), "globallyPrevalence": file.global,
        "globalFirstObserved": written(shifted(begun, -86_400 * 900)), "globalLastObserved": written(shifted(begun, -3_600)),
        "topFileNames": [file.name]
    }))
}

#[cfg(test)]
mod tests {
    use super::is_hash;

    #[test]
    fn sha1_has_forty_hexadecimal_digits() {
        for (text, is_sha1) in [
            ("87662bc3d60e4200ceaf7aae249d1c343f4b83c9", true),
            ("87662BC3D60E4200CEAF7AAE249D1C343F4B83C9", true),
            ("7f05a371d2beffb3784fd2199f81d730", false),
            ("g7662bc3d60e4200ceaf7aae249d1c343f4b83c9", false),
        ] {
            assert_eq!(is_hash(text, &[40]), is_sha1, "{text}");
        }
    }
}
