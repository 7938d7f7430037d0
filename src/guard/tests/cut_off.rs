//! Other devices that are cut off together with a device.

use super::*;
use crate::action::{FULL, ISOLATION_TYPE, SELECTIVE};

/// A way to cut a device off.
#[derive(Debug, Clone, Copy)]
enum How {
    Full,
    Selective,
    Contain,
}

fn said(world: &World, how: How, rail: &str) -> Vec<(String, Severity)> {
    let (kind, choice) = match how {
        How::Full => (ActionKind::Isolate, FULL.value),
        How::Selective => (ActionKind::Isolate, SELECTIVE.value),
        How::Contain => (ActionKind::Contain, ""),
    };
    let mut draft = world.draft(kind);
    draft.set(&ISOLATION_TYPE, choice);
    let findings = review(&draft, &world.facts()).findings.into_iter();
    findings
        .filter(|finding| finding.rail == rail)
        .map(|finding| (finding.text(), finding.severity))
        .collect()
}

#[test]
fn advice_matches_role_and_way_of_cutting_off() {
    use How::{Contain, Full, Selective};
    const NO_HELP: &str =
        "isolating it cuts off everyone who depends on it, and Selective does not help them";
    const CONTAINED: &str = "containing it cuts off every managed device that depends on it";
    const SELECTIVE: &str = "others may connect through it. If it is a client of one, consider Selective: a full isolation may cut its connection to Defender";
    const NETWORK: &str = "containing it may cut off the managed devices that connect through it";
    for (name, how, expected) in [
        (
            "DC01",
            Full,
            Some(format!("This looks like a domain controller: {NO_HELP}")),
        ),
        (
            "DC01",
            Selective,
            Some(format!("This looks like a domain controller: {NO_HELP}")),
        ),
        (
            "DC01",
            Contain,
            Some(format!("This looks like a domain controller: {CONTAINED}")),
        ),
        (
            "ns2",
            Full,
            Some(format!("This looks like a DNS server: {NO_HELP}")),
        ),
        (
            "dhcp1",
            Full,
            Some(format!("This looks like a DHCP server: {NO_HELP}")),
        ),
        (
            "vpn-lt-3",
            Full,
            Some(format!("This looks like a VPN device: {SELECTIVE}")),
        ),
        (
            "proxy1",
            Selective,
            Some("This looks like a proxy: others may connect through it".into()),
        ),
        (
            "esx4",
            Full,
            Some("This looks like a hypervisor: its guests are cut off with it".into()),
        ),
        (
            "jump1",
            Full,
            Some(
                "This looks like a jump host: administrators may be working through it right now"
                    .into(),
            ),
        ),
        (
            "gw1",
            Contain,
            Some(format!("This looks like a gateway: {NETWORK}")),
        ),
        (
            "rtr-core",
            Contain,
            Some(format!("This looks like a router: {NETWORK}")),
        ),
        (
            "sw3",
            Contain,
            Some(format!("This looks like a switch: {NETWORK}")),
        ),
        (
            "fw01",
            Contain,
            Some(format!("This looks like a firewall: {NETWORK}")),
        ),
        ("fw01", Full, None),
        ("FIN-LT-042", Full, None),
    ] {
        let mut world = world();
        world.machine.computer_dns_name = Some(name.into());
        let expected: Vec<_> = expected.into_iter().map(|text| (text, Warn)).collect();
        assert_eq!(
            said(&world, how, "blast radius"),
            expected,
            "{name} {how:?}"
        );
    }
}

#[test]
fn containment_warns_of_managed_device_with_same_address() {
    let address = |text: &str| text.parse::<std::net::IpAddr>().expect("a literal address");
    let contain = How::Contain;
    let mut world = world();
    world.machine.onboarding_status = Some(OnboardingStatus::CanBeOnboarded);
    assert_eq!(
        said(&world, contain, "same address")[0].1,
        NotChecked,
        "it has no address"
    );
    world.machine.last_ip_address = Some(address("10.20.4.17"));
    world.machine.adapters.ip_addresses = [address("127.0.0.1"), address("fe80::1")].into();
    let mut other = Machine::bare(MachineId::parse("b2b2b2b2").expect("a literal id"));
    other.computer_dns_name = Some("HR-LT-007".into());
    other.onboarding_status = Some(OnboardingStatus::Onboarded);
    other.last_ip_address = Some(address("10.20.4.18"));
    other.adapters.ip_addresses = [address("127.0.0.1"), address("fe80::1")].into();
    world.devices = vec![Arc::new(world.machine.clone()), Arc::new(other.clone())];
    assert_eq!(said(&world, contain, "same address"), []);
    other.adapters.ip_addresses = [address("10.20.4.17")].into();
    world.devices[1] = Arc::new(other.clone());
    let warning = "“HR-LT-007” (…b2b2) has or had the same address 10.20.4.17: containing this device may cut that one off";
    assert_eq!(
        said(&world, contain, "same address"),
        [(warning.to_owned(), Warn)]
    );
    assert_eq!(said(&world, How::Full, "same address"), []);
    // All of them are counted; of an incomplete list, those in it.
    let mut more = |ids: &[&str], shared: &str| {
        let others = ids.iter().map(|id| {
            let mut another = other.clone();
            another.id = MachineId::parse(id).expect("a literal id");
            another.computer_dns_name = Some(format!("HR-{id}").into());
            another.last_ip_address = Some(address(shared));
            another.adapters.ip_addresses = [].into();
            Arc::new(another)
        });
        world.devices.truncate(2);
        world.devices.extend(others);
        said(&world, contain, "same address").remove(0)
    };
    let two = "“HR-LT-007” (…b2b2) and “HR-b3b3” (…b3b3) have or had the same address 10.20.4.17: containing this device may cut them off";
    assert_eq!(more(&["b3b3"], "10.20.4.17"), (two.to_owned(), Warn));
    let three = "“HR-LT-007” (…b2b2), “HR-b3b3” (…b3b3) and 1 more have or had the same address 10.20.4.17: containing this device may cut them off";
    let found = more(&["b3b3", "b4b4"], "10.20.4.17");
    assert_eq!(found, (three.to_owned(), Warn));
    world.machine.adapters.ip_addresses = [address("10.20.4.18")].into();
    world.devices.truncate(2);
    let mut fourth = other.clone();
    fourth.id = MachineId::parse("b5b5").expect("a literal id");
    fourth.adapters.ip_addresses = [].into();
    world.devices.push(Arc::new(fourth));
    let differ = "“HR-LT-007” (…b2b2) and “HR-LT-007” (…b5b5) have or had an address of this device: containing this device may cut them off";
    assert_eq!(said(&world, contain, "same address")[0].0, differ);
    world.devices.truncate(2);
    other.onboarding_status = Some(OnboardingStatus::Unsupported);
    world.devices[1] = Arc::new(other);
    assert_eq!(
        said(&world, contain, "same address"),
        [],
        "not a managed one"
    );
}

#[test]
fn high_value_warns_unless_a_role_is_known() {
    let mut world = world();
    let full = |world: &World| said(world, How::Full, "blast radius");
    assert_eq!(full(&world), []);
    world.machine.device_value = Some("High".into());
    let high = "This device is marked as high value: cutting it off may cut off others";
    assert_eq!(full(&world), [(high.to_owned(), Warn)]);
    world.machine.device_value = Some("high".into());
    assert_eq!(full(&world), [(high.to_owned(), Warn)], "in any case");
    let controller = "This looks like a domain controller: isolating it cuts off everyone who depends on it, and Selective does not help them";
    world.machine.rbac_group_name = Some("Domain Controllers".into());
    assert_eq!(full(&world), [(controller.to_owned(), Warn)], "its group");
    world.machine.rbac_group_name = Some("Servers".into());
    assert_eq!(full(&world), [(high.to_owned(), Warn)]);
    world.machine.computer_dns_name = Some("VIE-DC01".into());
    let found = full(&world);
    assert!(
        matches!(found.as_slice(), [(text, Warn)] if text.contains("a domain controller")),
        "{found:?}"
    );
}

#[test]
fn reviewed_name_warns_without_record_and_reports_what_was_not_checked() {
    let mut world = world();
    world.machine.computer_dns_name = Some("DC01".into());
    let facts = Facts {
        machine: None,
        unread: ReadFailures {
            record: Some("The service does not know this device"),
            history: None,
        },
        ..world.facts()
    };
    let found = |kind| {
        let findings = review(&world.draft(kind), &facts).findings.into_iter();
        findings
            .map(|f| (f.rail, f.severity, f.text()))
            .collect::<Vec<_>>()
    };
    let isolate = found(ActionKind::Isolate);
    let text = "Not checked: merge, onboarding, health, tags and addresses: The service does not know this device";
    let not_checked = ("merged record", NotChecked, text.to_owned());
    assert!(isolate.contains(&not_checked), "{isolate:?}");
    let warned = |(rail, severity, text): &(&str, Severity, String)| {
        *rail == "blast radius" && *severity == Warn && text.contains("a domain controller")
    };
    assert!(isolate.iter().any(warned), "{isolate:?}");
    let release = found(ActionKind::Unisolate);
    assert!(
        release.contains(&not_checked) && !release.iter().any(warned),
        "{release:?}"
    );
    let cancel = Subject::Cancel {
        action: MachineActionId::parse("b89eb834").expect("a literal id"),
        action_type: MachineActionType::Isolate,
    };
    let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let draft = Draft::new(entry, world.machine.reference(), cancel);
    let cancelling = review(&draft, &facts).findings;
    assert!(
        cancelling.iter().all(|f| f.rail != "merged record"),
        "{cancelling:?}"
    );
}

/// Unknown to the service, forbidden and unreachable differ, and none of them is "could not be read".
#[test]
fn not_checked_finding_says_why_the_read_failed() {
    let mut world = world();
    world.history = None;
    world.policy.protected_tags = vec!["tier0".into()];
    for why in [
        "The service does not know this device",
        "You are not allowed to read this device",
        "Could not reach the Defender service",
    ] {
        world.alerts = KnownAlerts::Failed(why);
        let facts = Facts {
            machine: None,
            unread: ReadFailures {
                record: Some(why),
                history: Some(why),
            },
            ..world.facts()
        };
        for kind in [
            ActionKind::Isolate,
            ActionKind::Unisolate,
            ActionKind::AddTag,
            ActionKind::StopAndQuarantineFile,
        ] {
            let findings = review(&world.draft(kind), &facts).findings;
            let unchecked = findings.iter().filter(|f| f.severity == NotChecked);
            let of_device = unchecked.filter(|f| f.rail != "file" && f.rail != "blast radius");
            let texts: Vec<_> = of_device.map(Finding::text).collect();
            assert!(texts.len() > 1, "{kind:?}: {texts:?}");
            for text in texts {
                assert!(text.ends_with(&format!(": {why}")), "{kind:?}: {text}");
            }
        }
    }
}
