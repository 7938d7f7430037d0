//! Devices that the organisation protects, and the computer that the console runs on.

use std::net::IpAddr;

use super::Facts;
use super::verdict::{Question, Verdict};
use crate::action::{Change, Condition};
use crate::model::{Machine, normal, short_name};

/// Requires a protected device's name to be typed before a disruptive order; a release never does (rule 10).
pub(super) fn protected(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    if !takes_away(question) {
        return Vec::new();
    }
    let policy = facts.policy;
    let reported = facts.machine.and_then(|m| m.machine_tags.as_deref());
    let tags = reported.or(question.reviewed_tags);
    // The reviewed name counts, and the record's, if the device was renamed since.
    let why = policy
        .protecting_ref(question.machine, tags.unwrap_or_default())
        .or_else(|| policy.protecting(facts.machine?));
    let Some(why) = why else {
        let verdict = if let Some(why) = &policy.unread {
            // The unread rules may protect any device.
            Verdict::name_wanted(format!(
                "Not checked: whether your organisation protects this device, because {why}"
            ))
        } else {
            let is_nameless = question.machine.dns_name.is_none();
            let is_untagged = tags.is_none() && !policy.protected_tags.is_empty();
            if facts.machine.is_some() {
                let unknown =
                    "whether a tag protects this device, because its record leaves tags out";
                let unknown = is_untagged.then(|| Verdict::not_checked(unknown));
                return unknown.into_iter().collect();
            }
            let by = match (
                is_nameless && !policy.protected_names.is_empty(),
                is_untagged,
            ) {
                (true, true) => "its name or a tag",
                (true, false) => "its name",
                (false, true) => "a tag",
                (false, false) => return Vec::new(),
            };
            Verdict::not_checked(format!(
                "whether {by} protects this device: {}",
                facts.record_gap()
            ))
        };
        return vec![verdict];
    };
    vec![Verdict::name_wanted(format!(
        "Your organisation protects this device: {why}"
    ))]
}

/// Warns before a disruptive order on the console's own computer, which may prevent undoing it.
pub(super) fn own_device(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    if !takes_away(question) {
        return Vec::new();
    }
    let Some(host) = facts.host else {
        return vec![Verdict::not_checked(
            "whether this is the computer you work on. Host name and addresses unavailable",
        )];
    };
    let own = host.name.as_deref().map(short_name).unwrap_or_default();
    let record = facts.machine.and_then(|m| m.computer_dns_name.as_deref());
    let mut names = question
        .machine
        .dns_name
        .as_deref()
        .into_iter()
        .chain(record);
    let same_name = !own.is_empty() && names.any(|name| short_name(name) == own);
    let entra = facts.machine.and_then(|m| m.aad_device_id.as_deref());
    let same_entra = entra.is_some_and(|id| {
        let own = facts.policy.own_entra_device_id.as_deref();
        own.is_some_and(|own| normal(own) == normal(id))
    });
    let shared = facts
        .machine
        .into_iter()
        .flat_map(addresses)
        .find(|address| host.addresses.contains(address));
    let why = match (same_name, same_entra, shared) {
        (true, ..) => "it has this computer's name".to_owned(),
        (false, true, _) => "it has this computer's Entra device id".to_owned(),
        (false, false, Some(address)) => {
            format!("it has or had this computer's address {address}")
        }
        (false, false, None) => return Vec::new(),
    };
    let then = match question.task.change() {
        Change::Sets(Condition::Isolated) => "Isolating it cuts you off from Defender",
        Change::Sets(Condition::Contained) => {
            "Containing it may cut your own connection to Defender"
        }
        Change::Sets(Condition::Restricted) => {
            "Restricting apps keeps cordon from starting again, and you from lifting the restriction here"
        }
        Change::Clears(_) | Change::Nothing => {
            "Whatever runs the file is stopped here, along with your unsaved work in it"
        }
    };
    vec![Verdict::warn(format!(
        "This may be the computer you work on: {why}. {then}"
    ))]
}

/// Warns about an address in a VPN or proxy range: it does not identify a device.
pub(super) fn shared_range(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(machine) = facts.machine.filter(|_| question.task.cuts_off()) else {
        return Vec::new();
    };
    let hit = addresses(machine).find_map(|address| {
        let mut ranges = facts.policy.vpn_ranges.iter();
        Some((address, ranges.find(|range| range.contains(address))?))
    });
    hit.map(|(address, range)| {
        let text = format!(
            "Its address {address} is in {range}, a VPN or proxy range: other devices may have it too"
        );
        Verdict::warn(if question.task.contains() || question.task.is_selective() {
            text
        } else {
            format!("{text}, and a full isolation ends its tunnel. Consider Selective")
        })
    })
    .into_iter()
    .collect()
}

/// Addresses by which another device could be mistaken for this one.
pub(super) fn addresses(machine: &Machine) -> impl Iterator<Item = IpAddr> {
    let listed = machine.adapters.ip_addresses.iter().copied();
    listed
        .chain(machine.last_ip_address)
        .filter(|address| !address.is_loopback() && !is_link_local(*address))
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn takes_away(question: &Question<'_>) -> bool {
    question.task.risk().takes_away()
}
