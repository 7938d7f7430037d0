//! The service's identifiers as readable text.

use std::borrow::Cow;

/// Identifiers that splitting alone does not make readable.
const SPELLINGS: &[(&str, &str)] = &[
    ("RunAntiVirusScan", "Antivirus scan"),
    ("Unisolate", "Release from isolation"),
    ("RestrictCodeExecution", "Restrict app execution"),
    ("UnrestrictCodeExecution", "Remove app restriction"),
    ("TimeOut", "Timed out"),
    (
        "NoSensorDataImpairedCommunication",
        "No sensor data, impaired communication",
    ),
];

/// Systems whose names are no camel-case words.
const OS_NAMES: [&str; 6] = ["macOS", "iOS", "iPadOS", "CentOS", "openSUSE", "AlmaLinux"];

/// Spells out an identifier of the service: `CommandAndControl` becomes `Command and control`.
/// Other text is returned unchanged.
#[must_use]
pub fn spaced(word: &str) -> Cow<'_, str> {
    if let Some((_, spelling)) = SPELLINGS
        .iter()
        .find(|(wire, _)| wire.eq_ignore_ascii_case(word))
    {
        return Cow::Borrowed(spelling);
    }
    let parts = parts(word);
    let is_acronym = |part: &str| part.len() > 1 && !part.bytes().any(|b| b.is_ascii_lowercase());
    let mut spaced = String::with_capacity(word.len() + parts.len());
    for (index, part) in parts.iter().enumerate() {
        match index {
            0 => spaced.push_str(part),
            _ if is_acronym(part) => spaced.extend([" ", part]),
            _ => spaced.extend([" ", &part.to_ascii_lowercase()]),
        }
    }
    if parts.len() < 2 {
        return Cow::Borrowed(word);
    }
    Cow::Owned(spaced)
}

/// Spells out the name of an operating system: `WindowsServer2012R2` becomes `Windows Server 2012 R2`.
#[must_use]
pub fn os_name(platform: &str) -> String {
    let known = OS_NAMES
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(platform));
    known.map_or_else(|| parts(platform).join(" "), str::to_owned)
}

/// The words of a camel-case name; anything else is one word.
fn parts(name: &str) -> Vec<&str> {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
        return vec![name];
    }
    let bytes = name.as_bytes();
    let digits_before = |at: usize| {
        let digits = bytes[..at].iter().rev();
        digits.take_while(|b| b.is_ascii_digit()).count()
    };
    let begins = |at: usize| {
        let (before, this) = (bytes[at - 1], bytes[at]);
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        if this.is_ascii_digit() {
            // Keeps `R2` together.
            before.is_ascii_lowercase()
        } else if this.is_ascii_uppercase() && before.is_ascii_digit() {
            // Keeps `24H2` together; a year ends a word.
            digits_before(at) >= 4 || next.is_ascii_alphabetic()
        } else {
            this.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_uppercase() && next.is_ascii_lowercase())
        }
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for at in (1..bytes.len()).filter(|at| begins(*at)) {
        parts.push(&name[start..at]);
        start = at;
    }
    parts.push(&name[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_spelled_out_and_unknown_ones_kept() {
        for (wire, words) in [
            ("CommandAndControl", "Command and control"),
            ("RunAntiVirusScan", "Antivirus scan"),
            ("NoSensorData", "No sensor data"),
            ("ImpairedCommunication", "Impaired communication"),
            (
                "CollectInvestigationPackage",
                "Collect investigation package",
            ),
            ("InProgress", "In progress"),
            ("RunETWTrace", "Run ETW trace"),
            ("Malware", "Malware"),
            ("Critical", "Critical"),
            ("EXTREME", "EXTREME"),
            ("Suspicious activity", "Suspicious activity"),
            ("Übung\u{202e}X", "Übung\u{202e}X"),
            ("", ""),
        ] {
            assert_eq!(spaced(wire), words);
        }
    }

    #[test]
    fn operating_systems_have_readable_names() {
        for (wire, name) in [
            ("Windows11", "Windows 11"),
            ("WindowsServer2022", "Windows Server 2022"),
            ("WindowsServer2012R2", "Windows Server 2012 R2"),
            ("Windows10WVD", "Windows 10 WVD"),
            ("Windows8.1", "Windows 8.1"),
            ("RedHatEnterpriseLinux", "Red Hat Enterprise Linux"),
            ("SUSELinux", "SUSE Linux"),
            ("macOS", "macOS"),
            ("iOS", "iOS"),
            ("Ubuntu", "Ubuntu"),
            ("24H2", "24H2"),
            ("Windows 11", "Windows 11"),
            ("TempleOS!", "TempleOS!"),
        ] {
            assert_eq!(os_name(wire), name);
        }
    }
}
