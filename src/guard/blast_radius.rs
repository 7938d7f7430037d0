//! Who else is cut off with a device: hints that others depend on it, and devices that share its
//! address.

use super::Facts;
use super::protection::addresses;
use super::verdict::{Question, Verdict};
use crate::action::Task;
use crate::model::{Machine, normal};

/// What a device seems to be to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    DomainController,
    NameServer,
    DhcpServer,
    Vpn,
    Proxy,
    Hypervisor,
    JumpHost,
    Gateway,
    Router,
    Switch,
    Firewall,
    TierZero,
}

/// Words of names and tags that hint at a part; digits behind a word do not count.
const HINTS: &[(&str, Part)] = &[
    ("dc", Part::DomainController),
    ("pdc", Part::DomainController),
    ("rodc", Part::DomainController),
    ("domaincontroller", Part::DomainController),
    ("dns", Part::NameServer),
    ("ns", Part::NameServer),
    ("nameserver", Part::NameServer),
    ("dhcp", Part::DhcpServer),
    ("vpn", Part::Vpn),
    ("vpngw", Part::Vpn),
    ("openvpn", Part::Vpn),
    ("wireguard", Part::Vpn),
    ("proxy", Part::Proxy),
    ("wpad", Part::Proxy),
    ("squid", Part::Proxy),
    ("hyperv", Part::Hypervisor),
    ("hypervisor", Part::Hypervisor),
    ("hv", Part::Hypervisor),
    ("esx", Part::Hypervisor),
    ("esxi", Part::Hypervisor),
    ("vcenter", Part::Hypervisor),
    ("proxmox", Part::Hypervisor),
    ("pve", Part::Hypervisor),
    ("jump", Part::JumpHost),
    ("jumphost", Part::JumpHost),
    ("jumpbox", Part::JumpHost),
    ("bastion", Part::JumpHost),
    ("gw", Part::Gateway),
    ("gateway", Part::Gateway),
    ("rtr", Part::Router),
    ("router", Part::Router),
    ("sw", Part::Switch),
    ("switch", Part::Switch),
    ("fw", Part::Firewall),
    ("firewall", Part::Firewall),
    ("fortigate", Part::Firewall),
    ("pfsense", Part::Firewall),
    ("tier0", Part::TierZero),
];

/// Operating systems, by the start of their name, that hint at a part.
const SYSTEMS: &[(&str, Part)] = &[
    ("vmwareesx", Part::Hypervisor),
    ("esx", Part::Hypervisor),
    ("proxmox", Part::Hypervisor),
    ("junos", Part::Router),
    ("ciscoiosxe", Part::Router),
    ("ciscoiosxr", Part::Router),
    ("ciscoios", Part::Switch),
    ("cisconxos", Part::Switch),
    ("routeros", Part::Router),
    ("arubaos", Part::Switch),
    ("ciscoasa", Part::Firewall),
    ("fortios", Part::Firewall),
    ("panos", Part::Firewall),
    ("pfsense", Part::Firewall),
    ("checkpointgaia", Part::Firewall),
];

/// A hint of two words needs this many letters, or chance would make it up.
const SHORTEST_PAIR: usize = 5;

impl Part {
    const fn words(self) -> &'static str {
        match self {
            Self::DomainController => "a domain controller",
            Self::NameServer => "a DNS server",
            Self::DhcpServer => "a DHCP server",
            Self::Vpn => "a VPN device",
            Self::Proxy => "a proxy",
            Self::Hypervisor => "a hypervisor",
            Self::JumpHost => "a jump host",
            Self::Gateway => "a gateway",
            Self::Router => "a router",
            Self::Switch => "a switch",
            Self::Firewall => "a firewall",
            Self::TierZero => "a tier 0 device",
        }
    }

    /// Parts of the network itself, which has no sensor: only containing reaches them.
    const fn is_of_network(self) -> bool {
        match self {
            Self::Gateway | Self::Router | Self::Switch | Self::Firewall => true,
            Self::DomainController
            | Self::NameServer
            | Self::DhcpServer
            | Self::Vpn
            | Self::Proxy
            | Self::Hypervisor
            | Self::JumpHost
            | Self::TierZero => false,
        }
    }

    /// What cutting it off does to others, and the advice that fits.
    const fn advice(self, how: Cut) -> &'static str {
        match (self, how) {
            (Self::DomainController | Self::NameServer | Self::DhcpServer, Cut::Contain) => {
                "containing it cuts off every managed device that depends on it"
            }
            (Self::DomainController | Self::NameServer | Self::DhcpServer, _) => {
                "isolating it cuts off everyone who depends on it, and Selective does not help them"
            }
            (Self::Vpn | Self::Proxy, Cut::Full) => {
                "others may connect through it. If it is a client of one, consider Selective: a full isolation may cut its connection to Defender"
            }
            (Self::Gateway | Self::Router | Self::Switch | Self::Firewall, _) => {
                "containing it may cut managed devices off whatever they reach through it"
            }
            (Self::Vpn | Self::Proxy, Cut::Selective | Cut::Contain) => {
                "others may connect through it"
            }
            (Self::Hypervisor, _) => "its guests are cut off with it",
            (Self::JumpHost, _) => "administrators may be working through it right now",
            (Self::TierZero, _) => "cutting it off may cut off others",
        }
    }
}

/// How a task cuts a device off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Full,
    Selective,
    Contain,
}

/// How this task cuts off, if it does.
fn cut(task: &Task) -> Option<Cut> {
    if !task.cuts_off() {
        None
    } else if task.contains() {
        Some(Cut::Contain)
    } else if task.is_selective() {
        Some(Cut::Selective)
    } else {
        Some(Cut::Full)
    }
}

/// Warns before cutting off a device on which others seem to depend.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(how) = cut(question.task) else {
        return Vec::new();
    };
    // The name that was reviewed counts beside its record, and where there is no record.
    let mut verdicts: Vec<_> = parts(question.machine.dns_name.as_deref(), facts.machine)
        .into_iter()
        .filter(|part| how == Cut::Contain || !part.is_of_network())
        .map(|part| {
            let text = format!("This looks like {}: {}", part.words(), part.advice(how));
            Verdict::warn(text)
        })
        .collect();
    let value = facts.machine.and_then(|m| m.device_value.as_deref());
    if verdicts.is_empty() && value == Some("High") {
        verdicts.push(Verdict::warn(
            "This device is marked as high value: cutting it off may cut off others",
        ));
    }
    verdicts
}

/// Everything that name, tags and system hint at, each once.
fn parts(name: Option<&str>, record: Option<&Machine>) -> Vec<Part> {
    let recorded = record.and_then(|machine| machine.computer_dns_name.as_deref());
    let tags = record.map(Machine::tags).unwrap_or_default().iter();
    let texts = name.into_iter().chain(recorded);
    let mut found = Vec::new();
    let mut add = |part| {
        if !found.contains(&part) {
            found.push(part);
        }
    };
    for text in texts.chain(tags.map(AsRef::as_ref)) {
        let words: Vec<String> = normal(text)
            .split(|c: char| !c.is_alphanumeric())
            .map(str::to_owned)
            .collect();
        for (at, word) in words.iter().enumerate() {
            let pair = words.get(at + 1).map(|next| format!("{word}{next}"));
            for (hint, part) in HINTS {
                let is_pair = hint.len() >= SHORTEST_PAIR
                    && pair.as_deref().is_some_and(|pair| is_hint(pair, hint));
                if is_hint(word, hint) || is_pair {
                    add(*part);
                }
            }
        }
    }
    let system = record.and_then(|machine| machine.os_platform.as_deref());
    let system: String = normal(system.unwrap_or_default())
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let mut systems = SYSTEMS.iter();
    if let Some((_, part)) = systems.find(|(start, _)| system.starts_with(start)) {
        add(*part);
    }
    found
}

fn is_hint(word: &str, hint: &str) -> bool {
    word == hint || word.trim_end_matches(|c: char| c.is_ascii_digit()) == hint
}

/// Containing goes by address: a managed device with the same one is cut off with it.
pub(super) fn same_address(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(machine) = facts.machine.filter(|_| question.task.contains()) else {
        return Vec::new();
    };
    let own: Vec<_> = addresses(machine).collect();
    let shared = |other: &Machine| addresses(other).find(|address| own.contains(address));
    let mut others = facts
        .devices
        .list
        .iter()
        .filter(|other| other.id != machine.id && !other.is_unmanaged());
    let hit = others.find_map(|other| Some((other, shared(other)?)));
    let verdict = match hit {
        Some((other, address)) => Verdict::warn(format!(
            "{} has or had the same address {address}: containing this device may cut that one off",
            other.reference().quoted()
        )),
        None if own.is_empty() => {
            Verdict::not_checked("whether a managed device had the same address: none is reported")
        }
        None if !facts.devices.is_complete => Verdict::not_checked(
            "whether a managed device had the same address: the device list is incomplete",
        ),
        None => return Vec::new(),
    };
    vec![verdict]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineId;

    fn machine(name: &str, tags: &[&str], system: &str) -> Machine {
        let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
        machine.computer_dns_name = (!name.is_empty()).then(|| name.into());
        machine.machine_tags = Some(tags.iter().map(|tag| (*tag).into()).collect());
        machine.os_platform = (!system.is_empty()).then(|| system.into());
        machine
    }

    #[test]
    fn names_tags_and_systems_hint_at_parts_and_ordinary_ones_do_not() {
        use Part::{
            DhcpServer, DomainController, Firewall, Gateway, Hypervisor, JumpHost, NameServer,
            Proxy, Router, Switch, TierZero, Vpn,
        };
        for (name, tags, system, expected) in [
            (
                "DC01.contoso.com",
                &[][..],
                "WindowsServer2022",
                &[DomainController][..],
            ),
            ("vie-dc2", &[], "", &[DomainController]),
            ("app7", &["Domain Controller"], "", &[DomainController]),
            ("ns1.contoso.com", &[], "", &[NameServer]),
            ("dhcp-02", &[], "", &[DhcpServer]),
            ("dc-dns-01", &[], "", &[DomainController, NameServer]),
            ("lt-07", &["VPN"], "Windows11", &[Vpn]),
            ("proxy3", &[], "", &[Proxy]),
            ("vie-esx12", &[], "", &[Hypervisor]),
            ("host9", &["Hyper-V"], "", &[Hypervisor]),
            ("box", &[], "VMware ESXi", &[Hypervisor]),
            ("jump-host-1", &[], "", &[JumpHost]),
            ("gw-vie-1", &[], "", &[Gateway]),
            ("core-rtr01", &[], "", &[Router]),
            ("SW-CORE-3", &[], "CiscoIOS", &[Switch]),
            ("fw01", &[], "", &[Firewall]),
            ("edge", &[], "FortiOS", &[Firewall]),
            ("pc1", &["Tier 0"], "", &[TierZero]),
            ("pc1", &["tier0"], "", &[TierZero]),
            // In any spelling: full width, other hyphens, invisible characters, other blanks.
            ("ＤＣ０１.contoso.com", &[], "", &[DomainController]),
            ("vie\u{2011}dc\u{200b}2", &[], "", &[DomainController]),
            ("app7", &["Domain\u{a0}Controller"], "", &[DomainController]),
            ("host9", &["Hyper\u{2010}V"], "", &[Hypervisor]),
            ("lt-07", &["ＶＰＮ"], "", &[Vpn]),
            ("box", &[], "VMware\u{a0}ＥＳＸｉ", &[Hypervisor]),
            ("lt-08", &["Pro\u{301}xy"], "", &[]),
            ("FIN-LT-042", &["vip"], "Windows11", &[]),
            ("dcx-swap", &["tier1"], "iOS", &[]),
            ("", &[], "", &[]),
        ] {
            assert_eq!(
                parts(None, Some(&machine(name, tags, system))),
                expected,
                "{name} {tags:?} {system}"
            );
        }
    }
}
