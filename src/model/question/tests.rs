//! Texts as typed and pasted at three in the morning.

use super::*;

const ID: &str = "1e5bc9d7e413ddd7902c2932e418702b84d09c07";

fn now() -> Timestamp {
    "2026-11-28T03:00:00Z".parse().expect("a literal time")
}

fn zone() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(1))
}

fn find(text: &str) -> Vec<Question> {
    Question::find(text, now(), &zone(), &Tickets::new(["ACME"].into_iter()))
}

fn labels(text: &str) -> Vec<String> {
    let found = find(text);
    found
        .iter()
        .map(|question| {
            let kind = match question {
                Question::Id(_) => "id",
                Question::Name(_) => "name",
                Question::NamePrefix(_) => "prefix",
                Question::Address { .. } => "address",
                Question::User(_) => "user",
                Question::EntraId(_) => "entra",
            };
            format!("{kind}: {}", question.label(&zone()))
        })
        .collect()
}

#[test]
fn each_query_is_parsed_from_typed_text() {
    for (text, expected) in [
        (ID, vec![format!("id: {ID}")]),
        (
            &format!("Device id: {}.", ID.to_uppercase()),
            vec![format!("id: {}", ID.to_uppercase())],
        ),
        ("id:abc-1", vec!["id: abc-1".into()]),
        (
            "1e5bc9d7e413ddd7902c2932e418702b84d0",
            vec!["id: 1e5bc9d7e413ddd7902c2932e418702b84d0".into()],
        ),
        (
            "FIN-LT-042",
            vec!["name: FIN-LT-042".into(), "prefix: FIN-LT-042…".into()],
        ),
        (
            "dc01.contoso.com.",
            vec![
                "name: dc01.contoso.com".into(),
                "prefix: dc01.contoso.com…".into(),
            ],
        ),
        ("name:fin", vec!["prefix: fin…".into()]),
        ("fin", vec!["prefix: fin…".into()]),
        ("o'hara/x?#%", vec!["prefix: o'hara/x?#%…".into()]),
        ("10.20.4.17", vec!["address: 10.20.4.17".into()]),
        ("10[.]20[.]4[.]17", vec!["address: 10.20.4.17".into()]),
        ("[fe80::1]:443", vec!["address: fe80::1".into()]),
        ("fe80::1%eth0", vec!["address: fe80::1".into()]),
        ("ip:10.20.4.17", vec!["address: 10.20.4.17".into()]),
        ("user:p.marsh", vec!["user: user p.marsh".into()]),
        ("User: CONTOSO\\p.marsh", vec!["user: user p.marsh".into()]),
        ("p.marsh@contoso.com", vec!["user: user p.marsh".into()]),
        ("CONTOSO\\p.marsh", vec!["user: user p.marsh".into()]),
        (
            "CONTOSO\\FIN-LT-042$",
            vec!["name: FIN-LT-042".into(), "prefix: FIN-LT-042…".into()],
        ),
        (
            "b89eb834-4578-496c-8be0-03f004061435",
            vec!["entra: Entra device b89eb834-4578-496c-8be0-03f004061435".into()],
        ),
        ("health:inactive", vec![]),
        ("aa:bb:cc:dd:ee:ff", vec![]),
        ("-server", vec![]),
        ("user:..", vec![]),
        ("user:", vec![]),
        ("x", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(labels(text), expected, "{text:?}");
    }
}

#[test]
fn an_address_at_a_time_is_parsed_in_any_usual_notation() {
    for (text, expected) in [
        (
            "10.20.4.17 at 2026-11-28 02:10",
            "10.20.4.17 at 2026-11-28 02:10 +01:00",
        ),
        (
            "10[.]20[.]4[.]17 AT 2026-11-28T01:10:00Z",
            "10.20.4.17 at 2026-11-28 02:10 +01:00",
        ),
        (
            "10.20.4.17 at 2026-11-28 02:10:30 +01:00",
            "10.20.4.17 at 2026-11-28 02:10 +01:00",
        ),
        (
            "10.20.4.17 @ 2026-11-28 01:10 UTC",
            "10.20.4.17 at 2026-11-28 02:10 +01:00",
        ),
        (
            "10.20.4.17 at 02:10",
            "10.20.4.17 at 2026-11-28 02:10 +01:00",
        ),
        (
            "10.20.4.17 at 23:50",
            "10.20.4.17 at 2026-11-27 23:50 +01:00",
        ),
        ("fe80::1 at 02:10", "fe80::1 at 2026-11-28 02:10 +01:00"),
    ] {
        assert_eq!(labels(text), [format!("address: {expected}")], "{text}");
        assert!(Question::is_beyond_list(text), "{text}");
        assert!(!Question::has_unreadable_time(text), "{text}");
    }
    assert!(labels("10.20.4.17 at noon").is_empty());
    assert!(Question::has_unreadable_time("10.20.4.17 at noon"));
    assert!(
        Question::is_beyond_list("10.20.4.17 at noon"),
        "the present list would mislead"
    );
}

#[test]
fn queries_beyond_the_service_are_refused() {
    let trouble = |text: &str| find(text)[0].trouble(now());
    assert_eq!(trouble("10.20.4.17 at 2026-11-28 02:10"), None);
    assert!(trouble("10.20.4.17 at 2026-11-28 09:10").is_some_and(|why| why.contains("future")));
    assert!(trouble("10.20.4.17 at 2026-10-01 09:10").is_some_and(|why| why.contains("30 days")));
    assert_eq!(trouble(ID), None);
}

#[test]
fn a_user_is_never_searched_in_the_list() {
    assert!(Question::is_beyond_list("user:p.marsh"));
    assert!(!Question::is_beyond_list("fin health:active"));
    assert!(!Question::is_beyond_list(ID));
    assert!(!Question::is_beyond_list("10.20.4.17"));
}

#[test]
fn a_ticket_line_yields_only_useful_queries() {
    let line =
        "INC-4711 High: beacon from FIN-LT-042 (10.20.4.42) user CONTOSO\\p.marsh -> 8.8.8.8:443.";
    assert_eq!(
        labels(line),
        [
            "name: FIN-LT-042",
            "address: 10.20.4.42",
            "user: user p.marsh"
        ]
    );
    assert_eq!(labels(&format!("{line} {ID}")), [format!("id: {ID}")]);
    // Addresses in the shared address space (100.64.0.0/10), and none next to it.
    let line =
        "beacon from 100.64.0.9 and 100.127.255.254, not 100.63.255.1, 100.128.0.1 or 101.64.0.1";
    let found = ["address: 100.64.0.9", "address: 100.127.255.254"];
    assert_eq!(labels(line), found);
    assert!(labels("what is going on here").is_empty());
}

#[test]
fn ticket_like_host_is_a_device_and_a_known_ticket_is_not() {
    assert_eq!(
        labels("INC-47 acme-9 CASE-7: beacon from SRV-9901 and PRN-12345"),
        ["name: SRV-9901", "name: PRN-12345"]
    );
    assert_eq!(labels("INC-4711"), ["prefix: INC-4711…"]);
    assert_eq!(labels("SRV-9901"), ["name: SRV-9901", "prefix: SRV-9901…"]);
}

#[test]
fn several_ids_and_names_yield_one_query_each() {
    let other = "f".repeat(40);
    assert_eq!(
        labels(&format!("{ID}, {other} and again {ID}")),
        [format!("id: {ID}"), format!("id: {other}")]
    );
    let names = [
        "FIN-LT-041",
        "FIN-LT-051",
        "HR-LT-007",
        "SRV01",
        "LAPTOP-777",
    ];
    let expected = names.map(|name| format!("name: {name}"));
    assert_eq!(labels(&names.join("\n")), expected);
}
