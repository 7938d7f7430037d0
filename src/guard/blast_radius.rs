//! Blast radius of cutting a device off: hints that others depend on it, and devices that share its address.

use super::Facts;
use super::protection::addresses;
use super::verdict::{Question, Verdict};
use crate::action::Task;
use crate::model::{Machine, each_once, normal, short_name};

/// Maximum number of devices named in a warning about a shared address.
const NAMED: usize = 2;

/// The role that a device seems to have for others.
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

/// Words in names and tags that hint at a role; trailing digits are ignored.
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

/// Hints that also count at the end of a longer word, as in `LONDC01`: names are often written in one piece.
const ENDINGS: &[&str] = &["dc", "dns", "dhcp", "vpn", "fw", "gw", "esx"];

/// Prefixes of the names that Windows generates, and the number of random letters and digits that follow: a
/// hint at their end means nothing.
const MADE_UP_NAMES: &[(&str, usize)] = &[("desktop", 7), ("laptop", 8), ("win", 11)];

/// Words that end like a hint but mean something else.
const OTHER_WORDS: &[&str] = &["acdc", "hvdc", "acrobatdc", "readerdc", "washingtondc"];

/// The minimum length of a hint written as two words: shorter pairs occur by chance.
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

    /// Whether this is network equipment, which has no sensor: only containing reaches it.
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

    /// The effect of cutting it off on others, and the matching advice.
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
                "containing it may cut off the managed devices that connect through it"
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

/// The way in which a task cuts a device off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Full,
    Selective,
    Contain,
}

/// The way in which this task cuts the device off, if it does.
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
    // The reviewed name counts as well as the record's, and may be all there is.
    let mut verdicts: Vec<_> = parts(question.machine.dns_name.as_deref(), facts.machine)
        .into_iter()
        .filter(|part| how == Cut::Contain || !part.is_of_network())
        .map(|part| {
            let text = format!("This looks like {}: {}", part.words(), part.advice(how));
            Verdict::warn(text)
        })
        .collect();
    let value = facts.machine.and_then(|m| m.device_value.as_deref());
    if verdicts.is_empty() && value.is_some_and(|value| value.trim().eq_ignore_ascii_case("high")) {
        verdicts.push(Verdict::warn(
            "This device is marked as high value: cutting it off may cut off others",
        ));
    }
    verdicts
}

/// The roles that name, tags, device group and system hint at, each once.
fn parts(name: Option<&str>, record: Option<&Machine>) -> Vec<Part> {
    let recorded = record.and_then(|machine| machine.computer_dns_name.as_deref());
    let names = [name, recorded].into_iter().flatten();
    // The end of a domain name says nothing about its devices.
    let names = names.map(|name| (words(name), words(&short_name(name))));
    let group = record.and_then(|machine| machine.rbac_group_name.as_deref());
    let tags = record.map(Machine::tags).unwrap_or_default().iter();
    let others = group.into_iter().chain(tags.map(AsRef::as_ref));
    let others = others.map(|text| (words(text), words(text)));
    let system = record.and_then(|machine| machine.os_platform.as_deref());
    let system: String = normal(system.unwrap_or_default())
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let mut systems = SYSTEMS.iter();
    let of_system = systems.find(|(start, _)| system.starts_with(start));
    let hints = names.chain(others).flat_map(|(all, own)| {
        let hints = HINTS.iter();
        let hints = hints.filter(move |(hint, _)| hold(&all, hint) || end_with(&own, hint));
        hints.map(|(_, part)| *part)
    });
    each_once(hints.chain(of_system.map(|(_, part)| *part)))
}

fn words(text: &str) -> Vec<String> {
    let text = normal(text);
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.map(str::to_owned).collect()
}

/// Whether a hint is one of these words, or two adjacent ones.
fn hold(words: &[String], hint: &str) -> bool {
    let after = |at: usize| words.get(at + 1).map_or("", String::as_str);
    words.iter().enumerate().any(|(at, word)| {
        let is_pair = || is_hint(&format!("{word}{}", after(at)), hint);
        is_hint(word, hint) && !is_other(words, at) || hint.len() >= SHORTEST_PAIR && is_pair()
    })
}

/// Whether one of these words ends with a hint.
fn end_with(words: &[String], hint: &str) -> bool {
    let mut all = words.iter().enumerate();
    ENDINGS.contains(&hint)
        && all.any(|(at, word)| {
            without_number(word).ends_with(hint) && !is_other(words, at) && !is_made_up(words, at)
        })
}

/// Whether a word is a hint, possibly with a number or in the plural, as in the names of groups and tags.
fn is_hint(word: &str, hint: &str) -> bool {
    let is_one_or_several = |word: &str| {
        let rest = word.strip_prefix(hint);
        let stem = hint.strip_suffix('y');
        rest.is_some_and(|rest| matches!(rest, "" | "s" | "es"))
            || stem.is_some_and(|stem| word.strip_prefix(stem) == Some("ies"))
    };
    is_one_or_several(word) || is_one_or_several(without_number(word))
}

fn without_number(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Whether a word, alone or with the one before, is known to mean something else.
fn is_other(words: &[String], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| &*words[before]);
    let pair = format!("{before}{}", words[at]);
    OTHER_WORDS.contains(&&*words[at]) || OTHER_WORDS.contains(&&*pair)
}

/// Whether a word is the random part of a name that Windows generated.
fn is_made_up(words: &[String], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| &*words[before]);
    MADE_UP_NAMES.contains(&(before, words[at].chars().count()))
}

/// Warns of managed devices with the same address: containment is by address and cuts them off too.
pub(super) fn same_address(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(machine) = facts.machine.filter(|_| question.task.contains()) else {
        return Vec::new();
    };
    let own: Vec<_> = addresses(machine).collect();
    let shared = |other: &Machine| addresses(other).find(|address| own.contains(address));
    let others = facts.devices.list.iter();
    let others = others.filter(|other| other.id != machine.id && !other.is_unmanaged());
    let hits: Vec<_> = others
        .filter_map(|other| Some((other, shared(other)?)))
        .collect();
    let verdict = match hits.as_slice() {
        [] if own.is_empty() => {
            Verdict::not_checked("whether a managed device had the same address: none is reported")
        }
        [] if !facts.devices.is_complete => Verdict::not_checked(
            "whether a managed device had the same address: the device list is incomplete",
        ),
        [] => return Vec::new(),
        [(other, address)] => Verdict::warn(format!(
            "{} has or had the same address {address}: containing this device may cut that one off",
            other.reference().quoted()
        )),
        [(_, first), others @ ..] => {
            let is_one = others.iter().all(|(_, address)| address == first);
            let what = if is_one {
                format!("the same address {first}")
            } else {
                "an address of this device".to_owned()
            };
            let others = named(hits.iter().map(|(other, _)| other.reference().quoted()));
            Verdict::warn(format!(
                "{others} have or had {what}: containing this device may cut them off"
            ))
        }
    };
    vec![verdict]
}

/// The first two by name, and the number of others: `“A” and “B”`, `“A”, “B” and 1 more`.
fn named(mut all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let first: Vec<_> = all.by_ref().take(NAMED).collect();
    if more > 0 {
        format!("{} and {more} more", first.join(", "))
    } else {
        first.join(" and ")
    }
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
    fn names_tags_and_systems_hint_at_roles() {
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
            // Plurals, as in the tags of a device group.
            ("app7", &["Domain Controllers"], "", &[DomainController]),
            ("app7", &["DCs"], "", &[DomainController]),
            ("app7", &["Proxies"], "", &[Proxy]),
            ("app7", &["Hypervisors"], "", &[Hypervisor]),
            ("app7", &["Firewalls"], "", &[Firewall]),
            ("app7", &["Routers"], "", &[Router]),
            ("app7", &["Core switches"], "", &[Switch]),
            ("app7", &["Gateways"], "", &[Gateway]),
            ("app7", &["Jump hosts"], "", &[JumpHost]),
            // In one piece with the place or the purpose.
            ("LONDC01", &[], "", &[DomainController]),
            ("SRVDC02.contoso.com", &[], "", &[DomainController]),
            ("ny1dc2", &[], "", &[DomainController]),
            ("PRDDNS1", &[], "", &[NameServer]),
            ("viedhcp", &[], "", &[DhcpServer]),
            ("HQVPN3", &[], "", &[Vpn]),
            ("vie-edgefw1", &[], "", &[Firewall]),
            ("VIEGW02", &[], "", &[Gateway]),
            ("prdesx11", &[], "", &[Hypervisor]),
            ("WIN-LONDC01", &[], "", &[DomainController]),
            // Lookalikes: names that Windows generated, other words, hints at the start or in the middle.
            ("DESKTOP-8FADC12", &[], "", &[]),
            ("LAPTOP-K3R7A0GW", &[], "", &[]),
            ("WIN-7Q2ABCDEFDC", &[], "", &[]),
            (
                "pc1",
                &["Acrobat DC", "WashingtonDC", "AC/DC", "HVDC"],
                "",
                &[],
            ),
            ("pc1.acmedc.local", &[], "", &[]),
            ("fwd-lt-07", &["gwen", "dcom", "vpnless", "essex"], "", &[]),
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
