use super::*;
use crate::model::odd_text;

#[test]
fn os_families_are_recognised_by_prefix() {
    let family = |platform: &str| {
        let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
        machine.os_platform = Some(platform.into());
        machine.os_family()
    };
    assert_eq!(family("Windows11"), OsFamily::WindowsClient);
    assert_eq!(family("WindowsServer2012R2"), OsFamily::OldWindowsServer);
    assert_eq!(family("WindowsServer2025"), OsFamily::WindowsServer);
    assert_eq!(family("RedHatEnterpriseLinux"), OsFamily::Linux);
    assert_eq!(family("macOS"), OsFamily::MacOs);
    assert_eq!(family("TempleOS"), OsFamily::Unknown);
}

fn named(name: &str) -> MachineRef {
    MachineRef {
        id: MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d09c07").expect("a literal id"),
        dns_name: Some(name.into()),
    }
}

proptest::proptest! {
    #[test]
    fn a_device_is_named_by_its_shown_name_or_id_tail(name in odd_text()) {
        let machine = named(&name);
        for typed in ["9c07", "9C07 ", "…9c07"] {
            proptest::prop_assert!(machine.is_named_by(typed), "{typed}");
        }
        proptest::prop_assert!(!machine.is_named_by(" ") && !machine.is_named_by("8c07"));
        if !name.trim().is_empty() {
            let shown = machine.name();
            // A name of dots only is typed by its id.
            if !normal_name(&shown).is_empty() {
                proptest::prop_assert!(machine.is_named_by(&shown), "{shown:?}");
            }
            proptest::prop_assert!(machine.is_named_by(&machine.quoted()));
        }
        if !normal_name(&name).is_empty() {
            proptest::prop_assert!(machine.is_named_by(&name));
        }
    }

    #[test]
    fn a_name_cannot_close_its_quotation(name in odd_text()) {
        let quoted = named(&format!("x{name}")).quoted();
        let inner = quoted.strip_prefix('“').and_then(|q| q.strip_suffix("” (…9c07)"));
        proptest::prop_assert!(inner.is_some_and(|inner| !inner.contains(['“', '”'])));
    }
}

#[test]
fn odd_and_long_names_can_be_typed_as_shown() {
    for (name, typed) in [
        ("SRV\u{200b}-09", "SRV-09"),
        ("SRV\u{200b}-09", "srv\\u{200b}-09"),
        (&*"a".repeat(90), &*format!("{}…", "a".repeat(64))),
        ("ÜBUNG-01.contoso.com", "übung-01"),
        ("DC01", "dc01.contoso.com."),
        ("Jane\u{2019}s Mac", "jane's mac"),
    ] {
        assert!(named(name).is_named_by(typed), "{name} {typed}");
    }
    for (name, typed) in [("D\u{421}01", "DC01"), ("DC01", "DC011"), ("DC01", "")] {
        assert!(!named(name).is_named_by(typed), "{name} {typed}");
    }
    let nameless = MachineRef {
        dns_name: None,
        ..named("")
    };
    assert!(nameless.is_named_by("9c07") && !nameless.is_named_by("unnamed device"));
    assert_eq!(nameless.quoted(), "unnamed device (…9c07)");
    assert_eq!(
        named("x” (…9c07) Release “y").quoted(),
        "“x\" (…9c07) Release \"y” (…9c07)"
    );
}

#[test]
fn a_record_is_not_merged_into_itself_in_any_id_spelling() {
    let id = |text| MachineId::parse(text).expect("a literal id");
    let mut machine = Machine::bare(id("a1"));
    for (into, other) in [("b2", Some("b2")), ("a1", None), ("A1", None)] {
        machine.merge = Merge::Into(id(into));
        assert_eq!(
            machine.merged_into().map(MachineId::as_str),
            other,
            "{into}"
        );
    }
}

#[test]
fn a_sparse_response_keeps_facts_and_a_full_one_replaces_them() {
    let bare = || Machine::bare(MachineId::parse("a1").expect("a literal id"));
    let full = Arc::new(Machine {
        computer_dns_name: Some("DC01".into()),
        merge: Merge::Into(MachineId::parse("b2").expect("a literal id")),
        onboarding_status: Some(OnboardingStatus::CanBeOnboarded),
        risk_score: Some(RiskScore::High),
        machine_tags: Some(["Tier0".into()].into()),
        adapters: Adapters {
            ip_addresses: ["10.0.0.1".parse().expect("an address")].into(),
            ..Adapters::default()
        },
        ..bare()
    });
    let sparse = Machine::filled(Arc::new(bare()), Some(&full));
    let expected = Machine {
        risk_score: None,
        ..Machine::clone(&full)
    };
    assert_eq!(*sparse, expected);
    let reported = Arc::new(Machine {
        computer_dns_name: Some("DC02".into()),
        merge: Merge::Unmerged,
        onboarding_status: Some(OnboardingStatus::Onboarded),
        machine_tags: Some([].into()),
        ..bare()
    });
    let filled = Machine::filled(Arc::clone(&reported), Some(&full));
    let expected = Machine {
        adapters: full.adapters.clone(),
        ..Machine::clone(&reported)
    };
    assert_eq!(*filled, expected);
    assert!(Arc::ptr_eq(
        &Machine::filled(Arc::clone(&reported), None),
        &reported
    ));
    assert!(Arc::ptr_eq(
        &Machine::filled(Arc::clone(&full), Some(&reported)),
        &full
    ));
}

#[test]
fn unknown_enum_values_are_kept() {
    assert_eq!(
        HealthStatus::from_wire("SomethingNew").as_wire(),
        "SomethingNew"
    );
    assert_eq!(
        OnboardingStatus::from_wire("onboarded"),
        OnboardingStatus::Onboarded
    );
}
