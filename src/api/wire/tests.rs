use super::*;
use crate::model::{HResult, HealthStatus, MachineActionStatus, Merge};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/", $name, ".json")).as_bytes()
    };
}

#[test]
fn recorded_machines_are_parsed_in_full() {
    let page = list::<Machine>(fixture!("machines_list_real")).expect("a list");
    assert_eq!((page.items.len(), page.unreadable), (5, 0));
    for machine in &page.items {
        assert_eq!(machine.id.as_str().len(), 40);
        assert!(machine.last_seen.is_some() && machine.onboarding_status.is_some());
        assert!(!machine.adapters.ip_addresses.is_empty());
    }
    let one = one::<Machine>(fixture!("machine_get_real")).expect("a machine");
    assert!(one.first_seen.is_some() && one.last_ip_address.is_some());
}

#[test]
fn documented_sparse_machines_are_parsed() {
    let page = list::<Machine>(fixture!("machines_list_docs")).expect("a list");
    assert_eq!((page.items.len(), page.unreadable), (2, 0));
    assert_eq!(page.items[0].health_status, HealthStatus::Active);
}

#[test]
fn machine_edge_cases_are_preserved() {
    let page = list::<Machine>(fixture!("machines_edge_cases_constructed")).expect("a list");
    assert_eq!((page.items.len(), page.unreadable), (6, 0));
    let [twin, merged, unnamed, dc, odd, bare] = page.items.as_slice() else {
        panic!("six machines")
    };
    assert_eq!(twin.addresses().count(), 1);
    assert_eq!(merged.merged_into(), Some(&twin.id));
    assert!(merged.is_potential_duplication);
    assert_eq!(unnamed.computer_dns_name, None);
    assert!(unnamed.adapters.ip_addresses.is_empty());
    assert_eq!(dc.tags()[1].as_ref(), "Übung ’日本");
    assert_eq!(dc.rbac_group_name.as_deref(), Some("The-A-Team"));
    assert_eq!(odd.health_status.as_wire(), "SomethingNew");
    assert_eq!((odd.last_ip_address, odd.version.as_deref()), (None, None));
    let mut expected = Machine::bare(bare.id.clone());
    expected.health_status = HealthStatus::Active;
    assert_eq!(*bare, expected);
}

#[test]
fn recorded_and_documented_actions_are_parsed() {
    let page = list::<MachineAction>(fixture!("machineactions_list_real")).expect("a list");
    assert_eq!((page.items.len(), page.unreadable), (6, 0));
    let [cancelled, timed_out, ..] = page.items.as_slice() else {
        panic!("six actions")
    };
    assert_eq!(cancelled.status, MachineActionStatus::Cancelled);
    assert_eq!(cancelled.error_hresult, HResult(-2_147_467_260));
    assert_eq!(
        cancelled.created.map(|at| at.to_string()).as_deref(),
        Some("2025-03-25T10:36:47.2968211Z")
    );
    assert_eq!(
        timed_out.file_identifier.as_deref(),
        Some("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")
    );
    assert!(
        page.items
            .iter()
            .all(|action| action.last_updated.is_some() && action.machine_id.is_some())
    );

    let docs = list::<MachineAction>(fixture!("machineactions_list_docs")).expect("a list");
    assert_eq!((docs.items.len(), docs.unreadable), (3, 0));
    let one = one::<MachineAction>(fixture!("machineaction_get_docs")).expect("an action");
    assert_eq!(one.scope.as_deref(), Some("Selective"));
}

#[test]
fn every_documented_submission_response_is_parsed() {
    let pairs: serde_json::Value =
        serde_json::from_slice(fixture!("actions_created_docs")).expect("JSON");
    for pair in pairs.as_array().expect("a list") {
        let body = pair["response"]["body"].to_string();
        let action = one::<MachineAction>(body.as_bytes()).expect("an action");
        assert!(
            action.created.is_some() && action.last_updated.is_some(),
            "{body}"
        );
        assert_eq!(
            action.requestor.as_deref(),
            action.requestor.as_deref().map(str::trim),
            "{body}"
        );
    }
}

#[test]
fn unreadable_element_does_not_affect_others() {
    let body = r#"{"value":[{"id":"a1"},7,null,"x",[],{},{"id":null},{"id":"../x"},
        {"id":"a2","id":"a2"},{"id":"a3","computerDnsName":"\ud800"},{"id":{"id":"a"}},{"id":"a4"}],
        "@odata.nextLink":"https://x"}"#;
    let page = list::<Machine>(body.as_bytes()).expect("a list");
    let ids: Vec<&str> = page
        .items
        .iter()
        .map(|machine| machine.id.as_str())
        .collect();
    assert_eq!(ids, ["a1", "a4"]);
    assert_eq!((page.unreadable, page.received()), (10, 12));
    assert_eq!(page.next_link.as_deref(), Some("https://x"));
}

#[test]
fn none_is_distinct_from_not_reported() {
    let read = |more: &str| {
        let body = format!(r#"{{"id":"a1"{more}}}"#);
        let machine = one::<Machine>(body.as_bytes()).expect("a machine");
        let tags = machine.machine_tags.as_ref().map(|tags| tags.len());
        let merged = machine.merged_into().map(ToString::to_string);
        (tags, machine.merge != Merge::Unreported, merged)
    };
    for (more, expected) in [
        ("", (None, false, None)),
        (
            r#","machineTags":null,"mergedIntoMachineId":7"#,
            (None, true, Some("7")),
        ),
        (
            r#","machineTags":[],"mergedIntoMachineId":null"#,
            (Some(0), true, None),
        ),
        (
            r#","machineTags":["x"],"mergedIntoMachineId":"b2""#,
            (Some(1), true, Some("b2")),
        ),
        (
            r#","machineTags":"x","mergedIntoMachineId":"../x""#,
            (None, false, None),
        ),
        (r#","mergedIntoMachineId":["b2"]"#, (None, false, None)),
    ] {
        let (tags, reported, merged) = expected;
        assert_eq!(
            read(more),
            (tags, reported, merged.map(str::to_owned)),
            "{more}"
        );
    }
}

#[test]
fn mistyped_value_is_left_out() {
    let body = r#"{"id":"a1","computerDnsName":["x"],"lastSeen":7,"firstSeen":"yesterday",
        "rbacGroupId":"140","isPotentialDuplication":"true","machineTags":"prod","version":24,
        "lastIpAddress":{"a":[1,{"b":null}]},"healthStatus":null,"osBuild":"x",
        "ipAddresses":[{"ipAddress":""},{"ipAddress":"fe80::1%eth0"},{"macAddress":"0"},"10.0.0.1",7,null,
        [["x"]],{"ipAddress":"999.1.1.1"}]}"#;
    let machine = one::<Machine>(body.as_bytes()).expect("a machine");
    assert_eq!(machine.computer_dns_name, None);
    assert_eq!((machine.first_seen, machine.last_seen), (None, None));
    assert!(machine.is_potential_duplication);
    assert_eq!(machine.machine_tags, None);
    assert_eq!(machine.version.as_deref(), Some("24"));
    assert_eq!(machine.health_status, HealthStatus::Unknown);
    let addresses: Vec<String> = machine
        .adapters
        .ip_addresses
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(addresses, ["fe80::1", "10.0.0.1"]);
    assert!(machine.adapters.mac_addresses.is_empty());
}

#[test]
fn mac_addresses_are_unique_and_exclude_loopback() {
    let body = r#"{"id":"a1","ipAddresses":[
        {"ipAddress":"10.0.0.1","macAddress":"00005E0053A3"},
        {"ipAddress":"fe80::1","macAddress":"00-00-5e-00-53-a3"},
        {"ipAddress":"","macAddress":"00005E0053AD"},
        {"ipAddress":"127.0.0.1","macAddress":"000000000000"},{"macAddress":null},{"macAddress":7}]}"#;
    let machine = one::<Machine>(body.as_bytes()).expect("a machine");
    let macs: Vec<_> = machine
        .adapters
        .mac_addresses
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(macs, ["00-00-5E-00-53-A3", "00-00-5E-00-53-AD"]);
    assert_eq!(machine.adapters.ip_addresses.len(), 3);
}

#[test]
fn both_names_of_the_last_update_are_parsed() {
    for name in ["lastUpdateDateTimeUtc", "lastUpdateTimeUtc"] {
        let body = format!(r#"{{"id":"b1","{name}":"2025-01-01T00:00:00Z"}}"#);
        let action = one::<MachineAction>(body.as_bytes()).expect("an action");
        assert!(action.last_updated.is_some(), "{name}");
        assert!(!action.status.is_final());
    }
}

#[test]
fn result_codes_may_be_signed_or_unsigned() {
    let code = |text: &str| {
        let body = format!(r#"{{"id":"b1","errorHResult":{text}}}"#);
        one::<MachineAction>(body.as_bytes())
            .expect("an action")
            .error_hresult
            .0
    };
    assert_eq!(code("-2145844840"), -2_145_844_840);
    assert_eq!(code("2149122456"), -2_145_844_840);
    assert_eq!(code("\"5\""), 5);
    assert_eq!(code("1e300"), 0);
    assert_eq!(code("null"), 0);
}

#[test]
fn hostile_bodies_are_classified() {
    let deep_list = format!("{{\"value\":{}", "[".repeat(1_000_000));
    let deep_object = format!("{{\"value\":[{}", "{\"a\":".repeat(1_000_000));
    for (body, why) in [
        ("", Unreadable::Empty),
        (" \r\n", Unreadable::Empty),
        ("<html>", Unreadable::Html),
        ("\u{feff}<!DOCTYPE html>", Unreadable::Html),
        ("no such thing", Unreadable::NotJson),
        ("{\"value\":[{\"id\":\"a1\"},", Unreadable::Truncated),
        ("{\"value\":[{\"id\":\"a", Unreadable::Truncated),
        ("{\"value\":[]}{", Unreadable::NotJson),
        ("{\"value\":{}}", Unreadable::WrongShape),
        ("{\"error\":{}}", Unreadable::WrongShape),
        ("[]", Unreadable::WrongShape),
        ("7", Unreadable::WrongShape),
        ("null", Unreadable::WrongShape),
    ] {
        assert_eq!(list::<Machine>(body.as_bytes()).err(), Some(why), "{body}");
    }
    for body in [&deep_list, &deep_object, &"[".repeat(1_000_000)] {
        assert!(list::<Machine>(body.as_bytes()).is_err());
        assert!(one::<Machine>(body.as_bytes()).is_err());
    }
    for (body, why) in [
        ("", Unreadable::Empty),
        ("<p>", Unreadable::Html),
        ("{}", Unreadable::NoId),
        ("{\"id\":\"\"}", Unreadable::NoId),
        ("{\"error\":{\"code\":\"x\"}}", Unreadable::NoId),
        ("[{\"id\":\"a1\"}]", Unreadable::WrongShape),
        ("\"a1\"", Unreadable::WrongShape),
        ("{\"id\":\"a1\"", Unreadable::Truncated),
    ] {
        assert_eq!(one::<Machine>(body.as_bytes()).err(), Some(why), "{body}");
    }
}

#[test]
fn deeply_nested_value_is_ignored_or_skipped() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for name in [
        "unknown",
        "computerDnsName",
        "ipAddresses",
        "relatedFileInfo",
    ] {
        let body = format!(r#"{{"value":[{{"id":"a1","{name}":{deep}}},{{"id":"a2"}}]}}"#);
        let page = list::<Machine>(body.as_bytes()).expect("a list");
        assert_eq!(page.received(), 2, "{name}");
        assert_eq!(
            page.items.last().map(|machine| machine.id.as_str()),
            Some("a2"),
            "{name}"
        );
    }
    error_body(format!("{{\"error\":{deep}}}").as_bytes());
}

#[test]
fn null_and_empty_lists_are_empty() {
    for body in [
        r#"{"value":[]}"#,
        r#"{"value":null}"#,
        "\u{feff}{\"value\":[]}",
    ] {
        assert_eq!(
            list::<Machine>(body.as_bytes()).expect("a list").received(),
            0,
            "{body}"
        );
    }
}

#[test]
fn invalid_utf8_spoils_only_one_value() {
    let page = list::<Machine>(
        b"{\"value\":[{\"id\":\"a1\",\"computerDnsName\":\"x\xff\"},{\"id\":\"a2\"}]}",
    );
    let page = page.expect("a list");
    assert_eq!(
        page.items[0].computer_dns_name.as_deref(),
        Some("x\u{fffd}")
    );
    assert_eq!(page.items.len(), 2);
}

#[test]
fn error_without_envelope_keeps_its_message() {
    assert_eq!(
        &*error_body(b"{\"message\":\"No HTTP resource\"}").message,
        "No HTTP resource"
    );
    let entra = error_body(b"{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082\"}");
    assert_eq!((entra.code, &*entra.message), (None, "invalid_grant"));
    let bidi = error_body("{\"error\":{\"code\":\"X\",\"message\":\"a\u{202e}b\"}}".as_bytes());
    assert_eq!(&*bidi.message, "a\\u{202e}b");
    assert_eq!(error_body(b"<html>"), ErrorBody::default());
}

#[test]
fn request_body_keeps_property_order_and_escapes_text() {
    let body = object(&[
        ("Comment", "[cdn-7F3K2Q9M] \"a\"\n\\ü".into()),
        ("Sha1", "87".into()),
        ("ExternalId", "x".into()),
    ]);
    let text = String::from_utf8(body).expect("text");
    assert_eq!(
        text,
        r#"{"Comment":"[cdn-7F3K2Q9M] \"a\"\n\\ü","Sha1":"87","ExternalId":"x"}"#
    );
    assert_eq!(object(&[]), b"{}");
}

#[test]
fn rows_beyond_the_page_limit_are_not_read() {
    let rows = |count: usize| {
        let rows: Vec<String> = (0..count)
            .map(|n| match n % 10 {
                9 => "7".to_owned(),
                _ => format!("{{\"id\":\"{n:040x}\"}}"),
            })
            .collect();
        format!("{{\"value\":[{}]}}", rows.join(","))
    };
    for (count, is_overfull) in [
        (9_999, false),
        (10_000, false),
        (10_001, true),
        (60_000, true),
    ] {
        let body = rows(count);
        let page = list::<Machine>(body.as_bytes()).expect("a list");
        assert_eq!(page.received(), count.min(10_000));
        assert_eq!(page.unreadable, count.min(10_000) / 10);
        assert_eq!((page.is_overfull, page.bytes), (is_overfull, body.len()));
    }
    let actions = list::<MachineAction>(rows(1_001).as_bytes()).expect("a list");
    assert_eq!((actions.received(), actions.is_overfull), (1_000, true));
}

#[test]
fn parsed_rows_are_bounded_in_memory() {
    // Four bytes of JSON take twelve times as much memory.
    let tags = vec![r#""a""#; 1_000].join(",");
    let row = |n: usize| format!(r#"{{"id":"{n:040x}","machineTags":[{tags}]}}"#);
    let rows: Vec<String> = (0..2_000).map(row).collect();
    let body = format!(r#"{{"value":[{}]}}"#, rows.join(","));
    let page = list::<Machine>(body.as_bytes()).expect("a list");
    assert!(page.is_too_large && page.is_overfull);
    let bytes: usize = page.items.iter().map(HeapBytes::bytes).sum();
    assert!(bytes < MAX_MEMORY + (1 << 20), "{bytes}");
    assert!(page.items.len() > 100);
}

#[test]
fn overlong_row_is_unreadable() {
    let long = "x".repeat(Machine::MAX_LENGTH);
    let row = format!(r#"{{"id":"a1","rbacGroupName":"{long}"}}"#);
    let body = format!(r#"{{"value":[{row},{{"id":"a2"}}],"@odata.nextLink":"{long}"}}"#);
    let page = list::<Machine>(body.as_bytes()).expect("a list");
    assert_eq!((page.items.len(), page.unreadable), (1, 1));
    assert_eq!(page.next_link, None);
    assert!(matches!(
        one::<Machine>(row.as_bytes()),
        Err(Unreadable::TooLarge)
    ));
}

#[test]
fn body_with_too_many_invalid_bytes_is_rejected() {
    let name = vec![0xff; MAX_INVALID + 1];
    let body = [
        br#"{"value":[{"id":"a1","computerDnsName":""#,
        &*name,
        b"\"}]}",
    ]
    .concat();
    assert!(matches!(list::<Machine>(&body), Err(Unreadable::NotJson)));
}
