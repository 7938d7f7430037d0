//! Hints that others depend on a device.

use super::Facts;
use super::rails::{Question, Verdict};

/// Words in names, tags and systems that hint at a device on which others depend.
const HINTS: &[(&str, &str)] = &[
    ("dc", "a domain controller"),
    ("domaincontroller", "a domain controller"),
    ("dns", "a name server"),
    ("vpn", "a VPN gateway"),
    ("hyperv", "a hypervisor"),
    ("esx", "a hypervisor"),
    ("proxy", "a proxy"),
    ("jump", "a jump host"),
    ("bastion", "a jump host"),
    ("tier0", "a tier 0 device"),
];

/// Warns before isolating a device on which others seem to depend.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(machine) = facts.machine.filter(|_| question.task.cuts_off()) else {
        return Vec::new();
    };
    let texts = machine
        .computer_dns_name
        .iter()
        .chain(&machine.machine_tags);
    let words: Vec<String> = texts
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .map(|word| {
            word.trim_end_matches(|c: char| {
                c.is_ascii_digit() && !word.eq_ignore_ascii_case("tier0")
            })
            .to_lowercase()
        })
        .collect();
    let hint = HINTS
        .iter()
        .find(|(word, _)| words.iter().any(|w| w == word))
        .map(|(_, what)| *what);
    let high = machine.device_value.as_deref() == Some("High");
    let what = match (hint, high) {
        (Some(what), _) => format!("This looks like {what}"),
        (None, true) => "This device is marked as one of high value".to_owned(),
        (None, false) => return Vec::new(),
    };
    let text = format!("{what}: isolating it may cut off others");
    vec![Verdict::warn(if question.task.contains() {
        text
    } else {
        format!("{text}. Consider Selective")
    })]
}
