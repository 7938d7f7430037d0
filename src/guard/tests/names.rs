//! Protected devices and twins, in any spelling of a name.

use super::*;

fn named(id: &str, name: &str) -> Arc<Machine> {
    let mut machine = Machine::bare(MachineId::parse(id).expect("a literal id"));
    machine.computer_dns_name = Some(name.into());
    Arc::new(machine)
}

#[test]
fn protected_name_or_tag_protects_in_any_spelling() {
    let wants = |name: &str, set: fn(&mut World)| {
        let mut world = world();
        world.machine.computer_dns_name = Some(name.into());
        set(&mut world);
        let findings = world.findings(ActionKind::Isolate);
        findings.contains(&("protected device", NameWanted))
    };
    let by_name = |w: &mut World| {
        w.policy.protected_names = vec![Pattern::parse("dc01.contoso.com").expect("a name")];
    };
    for name in [
        "DC01",
        "dc01.contoso.com.",
        "DC\u{200b}01",
        "ＤＣ０１.contoso.com",
    ] {
        assert!(wants(name, by_name), "{name}");
    }
    for name in ["DC011", "dc01.fabrikam.com", "D\u{421}01"] {
        assert!(!wants(name, by_name), "{name}");
    }
    assert!(wants("x", |w| {
        w.policy.protected_tags = vec!["Stra\u{df}e\u{2013}0".into()];
        w.machine.machine_tags = Some(["STRASSE-0 ".into()].into());
    }));
}

/// A device may be renamed while the console is open, and be known by its id alone.
#[test]
fn name_in_record_counts_beside_reviewed_name() {
    let mut world = world();
    let draft = world.draft(ActionKind::Isolate);
    world.policy.protected_names = vec![Pattern::parse("dc*").expect("a pattern")];
    world.machine.computer_dns_name = Some("DC01".into());
    world.host = Some(Host {
        name: Some("dc01.contoso.com".into()),
        ..Host::default()
    });
    let found = |draft: &Draft, facts: &Facts<'_>| -> Vec<(&'static str, Severity)> {
        let findings = review(draft, facts).findings.into_iter();
        let of_name = |f: &Finding| matches!(f.rail, "protected device" | "own device");
        let findings = findings.filter(of_name);
        findings.map(|f| (f.rail, f.severity)).collect()
    };
    let both = [("protected device", NameWanted), ("own device", Warn)];
    assert_eq!(found(&draft, &world.facts()), both);

    let mut nameless = draft;
    nameless.machine.dns_name = None;
    let facts = Facts {
        machine: None,
        ..world.facts()
    };
    assert_eq!(found(&nameless, &facts), [("protected device", NotChecked)]);
    let text = &review(&nameless, &facts).findings;
    let said = "Not checked: whether its name protects this device";
    assert!(text.iter().any(|f| f.text().starts_with(said)), "{text:?}");
}

#[test]
fn protected_device_requires_its_name_until_typed() {
    let mut world = world();
    world.policy.protected_ids = vec![world.machine.id.clone()];
    let mut draft = world.draft(ActionKind::Isolate);
    world.machine.health_status = HealthStatus::Inactive;
    let said = |draft: &Draft| {
        let review = review(draft, &world.facts());
        let find = |severity| {
            let mut findings = review.findings.iter();
            findings.find(|finding| finding.severity == severity)
        };
        let warning = find(Severity::Warn).expect("it is silent");
        assert!(!review.is_stopped_by(warning), "{warning:?}");
        let of_name = find(Severity::NameWanted).expect("it is protected");
        assert_eq!(review.is_stopped_by(of_name), draft.typed_name.is_empty());
        of_name.text().clone()
    };
    let unnamed = said(&draft);
    assert!(unnamed.ends_with("Type its name to continue"), "{unnamed}");
    draft.typed_name = "9c07".into();
    let named = said(&draft);
    assert!(named.ends_with("Its name was typed"), "{named}");
    assert!(!named.contains("Type its name"), "{named}");
}

#[test]
fn shown_name_or_end_of_id_confirms_protected_device() {
    for (name, typed) in [
        ("SRV\u{200b}-09", "SRV\\u{200b}-09"),
        ("SRV\u{200b}-09", "9c07"),
        ("\u{dc}BUNG-01.contoso.com", "\u{fc}bung-01"),
    ] {
        let mut world = world();
        world.machine.computer_dns_name = Some(name.into());
        world.policy.protected_ids = vec![world.machine.id.clone()];
        let mut draft = world.draft(ActionKind::Isolate);
        draft.typed_name = typed.into();
        let review = review(&draft, &world.facts());
        assert!(
            review.approve(&account(), Epoch(1), NOW).is_ok(),
            "{name} {typed}"
        );
    }
}

#[test]
fn confusable_name_is_a_twin_and_described_as_such() {
    let texts = |twins: &[Arc<Machine>]| -> Vec<String> {
        let mut world = world();
        world.machine.computer_dns_name = Some("DC01".into());
        world.namesakes = twins.to_vec();
        let review = review(&world.draft(ActionKind::Isolate), &world.facts());
        let twins = review.findings.into_iter().filter(|f| f.rail == "twins");
        twins.map(|finding| finding.text()).collect()
    };
    let (same, alike) = (
        named("b2aaaa", "dc01.contoso.com"),
        named("b3bbbb", "D\u{421}01"),
    );
    let found = texts(std::slice::from_ref(&alike));
    assert!(
        matches!(&*found, [text] if text.starts_with(
            "1 other record with a name that looks like this one but is spelt with other characters: “D\u{421}01” …bbbb"
        )),
        "{found:?}"
    );
    let found = texts(&[same, alike]);
    assert_eq!(found.len(), 2, "{found:?}");
    let mut partial = world();
    partial.is_list_complete = false;
    let of_twins = |world: &World, draft: &Draft| -> Vec<(String, Severity)> {
        let findings = review(draft, &world.facts()).findings.into_iter();
        let twins = findings.filter(|finding| finding.rail == "twins");
        twins.map(|f| (f.text(), f.severity)).collect()
    };
    let mut draft = partial.draft(ActionKind::Isolate);
    let unchecked =
        "Not checked: whether another record has this name: the list of devices is not complete";
    assert_eq!(
        of_twins(&partial, &draft),
        [(unchecked.to_owned(), NotChecked)]
    );
    draft.machine.dns_name = None;
    assert_eq!(
        of_twins(&partial, &draft),
        [],
        "a nameless device has no twin"
    );
    assert!(
        found[0].starts_with("1 other record with this name: …aaaa"),
        "{found:?}"
    );
}

/// The service may omit tags from a reply, or the record may not be read again.
#[test]
fn reviewed_tags_protect_if_no_newer_ones_are_reported() {
    let mut world = world();
    world.machine.machine_tags = Some(["vip".into()].into());
    let reviewed = review(&world.draft(ActionKind::Isolate), &world.facts());
    let approval = reviewed
        .approve(&account(), Epoch(1), NOW)
        .expect("approved");
    world.policy.protected_tags = vec!["VIP".into()];
    world.machine.machine_tags = None;
    let unread = Facts {
        machine: None,
        ..world.facts()
    };
    for facts in [world.facts(), unread] {
        let stopped = enforce(&approval, &facts).expect_err("its tag protects it");
        assert!(
            stopped.text().contains("the tag “vip”"),
            "{}",
            stopped.text()
        );
    }
    // The service's newer tags take precedence.
    world.machine.machine_tags = Some([].into());
    assert_eq!(enforce(&approval, &world.facts()), Ok(()));
}

#[test]
fn first_of_many_twins_are_named_and_the_rest_counted() {
    let mut world = world();
    let twins = (10..22).map(|n| named(&format!("a{n}"), "FIN-LT-042"));
    world.namesakes = twins.collect();
    let findings = review(&world.draft(ActionKind::Isolate), &world.facts()).findings;
    let text = &findings
        .iter()
        .find(|f| f.rail == "twins")
        .expect("twins")
        .text();
    assert!(
        text.starts_with("12 other records with this name: …a10 ("),
        "{text}"
    );
    assert!(
        text.contains("last report unknown) and 2 more. This is …9c07"),
        "{text}"
    );
    assert_eq!(text.matches("last report unknown").count(), 10, "{text}");
}

/// A form for several devices has no field for a name.
#[test]
fn protected_device_in_a_batch_has_to_be_ordered_alone() {
    let mut world = world();
    world.policy.protected_ids = vec![world.machine.id.clone()];
    world.batch_size = 2;
    let review = review(&world.draft(ActionKind::Isolate), &world.facts());
    let why = review.block().expect("it is protected");
    let wanted = "Leave it out, or order it separately";
    assert!(why.ends_with(wanted), "{why}");
}
