//! The console's own computer, and addresses that do not identify a device.

use super::*;

#[test]
fn own_computer_is_recognised_by_name_address_and_entra_id() {
    let address: std::net::IpAddr = "10.20.4.17".parse().expect("an address");
    let mut world = world();
    world.machine.adapters.ip_addresses =
        [address, "127.0.0.1".parse().expect("an address")].into();
    world.machine.aad_device_id = Some("E1".into());
    let own = |name: Option<&str>, addresses: &[std::net::IpAddr]| Host {
        name: name.map(Into::into),
        addresses: addresses.to_vec(),
    };
    let loopback = "127.0.0.1".parse().expect("an address");
    for host in [own(Some("other"), &[loopback]), own(None, &[])] {
        world.host = Some(host);
        assert_eq!(world.findings(ActionKind::Isolate), []);
    }
    for host in [own(Some("Fin-lt-042.local"), &[]), own(None, &[address])] {
        world.host = Some(host);
        assert_eq!(world.findings(ActionKind::Isolate), [("own device", Warn)]);
    }
    world.host = Some(own(None, &[]));
    world.policy.own_entra_device_id = Some("e1".into());
    assert_eq!(world.findings(ActionKind::Isolate), [("own device", Warn)]);
    world.policy.own_entra_device_id = None;
    world.host = None;
    let unknown = review(&world.draft(ActionKind::Isolate), &world.facts()).findings;
    assert!(
        unknown[0]
            .text()
            .starts_with("Not checked: whether this is the computer")
    );
}

/// Not only an isolation cuts off the way back; a harmless action does not warn.
#[test]
fn disruptive_order_on_own_computer_warns_with_its_effect() {
    let mut world = world();
    world.host = Some(Host {
        name: Some("FIN-LT-042".into()),
        ..Host::default()
    });
    let said = |kind: ActionKind| {
        let findings = review(&world.draft(kind), &world.facts())
            .findings
            .into_iter();
        let own = findings.filter(|finding| finding.rail == "own device");
        own.map(|finding| finding.text()).collect::<Vec<_>>()
    };
    let on_a_device = |kind: &ActionKind| !kind.is_tenant_wide();
    for kind in ActionKind::ALL.iter().copied().filter(on_a_device) {
        let then = match kind {
            ActionKind::Isolate => "Isolating it cuts you off from Defender",
            ActionKind::Contain => "Containing it may cut your own connection to Defender",
            ActionKind::RestrictCodeExecution => {
                "Restricting apps keeps cordon from starting again, and you from lifting the restriction here"
            }
            ActionKind::StopAndQuarantineFile => {
                "Whatever runs the file is stopped here, along with your unsaved work in it"
            }
            ActionKind::Unisolate
            | ActionKind::ReleaseContainment
            | ActionKind::UnrestrictCodeExecution
            | ActionKind::RunAntiVirusScan
            | ActionKind::CollectInvestigationPackage
            | ActionKind::StartInvestigation
            | ActionKind::BlockFile
            | ActionKind::RemoveBlock
            | ActionKind::AddTag
            | ActionKind::RemoveTag => {
                assert_eq!(said(kind), [""; 0], "{kind:?}");
                continue;
            }
        };
        let text =
            format!("This may be the computer you work on: it has this computer's name. {then}");
        assert_eq!(said(kind), [text], "{kind:?}");
    }
}

#[test]
fn address_in_a_vpn_range_warns() {
    let mut world = world();
    world.policy.vpn_ranges = vec![IpRange::parse("10.8.0.0/16").expect("a range")];
    world.machine.last_ip_address = "10.9.0.1".parse().ok();
    assert_eq!(world.findings(ActionKind::Isolate), []);
    world.machine.last_ip_address = "10.8.3.4".parse().ok();
    assert_eq!(
        world.findings(ActionKind::Isolate),
        [("shared address", Warn)]
    );
}
