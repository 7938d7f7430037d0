use serde_json::{Value, json};

use super::super::wire::{self, Listing};
use super::*;
use crate::model::{AlertFile, AlertSeverity, AlertStatus};

fn read<T: Noun>(body: &Value) -> Listing<T> {
    wire::list(body.to_string().as_bytes()).expect("a list")
}

#[test]
fn recorded_users_are_parsed() {
    let samples: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/logonusers.json"))
            .expect("JSON");
    let docs = read::<LoggedOnUser>(&samples["docs"]);
    assert_eq!(
        docs.items,
        [LoggedOnUser {
            name: "user1".into(),
            domain: Some("contoso".into()),
            first_seen: "2019-12-18T08:02:54Z".parse().ok(),
            last_seen: "2020-01-06T08:01:48Z".parse().ok(),
            logon_types: Some("Interactive".into()),
            is_domain_admin: true,
        }]
    );
    let real = read::<LoggedOnUser>(&samples["real"]);
    assert_eq!((&*real.items[0].name, real.unreadable), ("jane doe", 0));
}

#[test]
fn documented_alert_is_parsed() {
    let alert: Alert =
        wire::one(include_bytes!("../../../tests/fixtures/alert_docs.json")).expect("an alert");
    assert_eq!(
        alert,
        Alert {
            id: "da637472900382838869_1364969609".into(),
            title: Some("Low-reputation arbitrary code executed by signed executable".into()),
            severity: AlertSeverity::Low,
            status: AlertStatus::New,
            category: Some("Execution".into()),
            created: "2021-01-26T20:33:57.7220239Z".parse().ok(),
            files: [
                ("rundll32.exe", "ff836cfb1af40252bd2a2ea843032e99a5b262ed"),
                ("suspicious.dll", "8563f95b2f8a284fc99da44500cd51a77c1ff36c"),
            ]
            .map(|(name, hash)| AlertFile {
                name: Some(name.into()),
                hash: hash.into(),
            })
            .into(),
        }
    );
}

#[test]
fn recorded_available_actions_are_parsed() {
    let body = include_bytes!("../../../tests/fixtures/available_machine_actions_real.json");
    let listing = wire::list::<Availability>(body).expect("a list");
    assert_eq!((listing.items.len(), listing.unreadable), (9, 0));
    assert_eq!(&*listing.items[0].action, "FullIsolation");
    assert!(listing.items.iter().all(|said| said.is_available));
}

#[test]
fn malformed_user_does_not_affect_others() {
    let listing = read::<LoggedOnUser>(&json!({ "value": [
        { "id": "contoso\\p.marsh", "lastSeen": "yesterday", "isDomainAdmin": "True", "new": [1] },
        { "accountName": 7, "accountDomain": null, "logonTypes": ["Interactive"] },
        { "id": "no.domain", "lastSeen": "2025-04-02T02:51:16" },
        { "id": "contoso\\" }, {}, null, 3, "text", [],
    ] }));
    let names: Vec<_> = listing
        .items
        .iter()
        .map(|user| (user.domain.as_deref(), &*user.name, user.is_domain_admin))
        .collect();
    assert_eq!(
        names,
        [
            (Some("contoso"), "p.marsh", true),
            (None, "7", false),
            (None, "no.domain", false)
        ]
    );
    assert_eq!(listing.unreadable, 6);
    assert!(listing.items[0].last_seen.is_none() && listing.items[2].last_seen.is_some());
}

#[test]
fn malformed_alert_does_not_affect_others() {
    let listing = read::<Alert>(&json!({ "value": [
        { "id": "da1", "severity": "Apocalyptic", "status": "Deferred", "category": "null",
          "title": ["x"], "alertCreationTime": "0001-01-01T00:00:00Z", "evidence": [null] },
        { "id": "da2" },
        { "title": "no id" }, null, [],
    ] }));
    let [strange, bare] = listing.items.as_slice() else {
        panic!("{listing:?}")
    };
    assert_eq!(strange.severity.as_wire(), "Apocalyptic");
    assert!(strange.is_open() && bare.is_open());
    assert_eq!(
        (&strange.title, &strange.category, strange.created),
        (&None, &None, None)
    );
    assert_eq!(bare.severity, AlertSeverity::Unspecified);
    assert_eq!(listing.unreadable, 3);
}

#[test]
fn unreadable_availability_is_neither_yes_nor_no() {
    let listing = read::<Availability>(&json!({ "value": [
        { "action": "FullIsolation", "isAvailable": "False", "notSupportedReason": "  " },
        { "action": "Unisolation", "isAvailable": null },
        { "action": "OffBoard", "isAvailable": 1 },
        { "isAvailable": true },
    ] }));
    let said: Vec<_> = listing
        .items
        .iter()
        .map(|said| (&*said.action, said.is_available, said.reason.as_deref()))
        .collect();
    assert_eq!(said, [("FullIsolation", false, None)]);
}

/// The maximum number of rows, each a hundred times longer than normal.
#[test]
fn lists_are_bounded_in_bytes_and_keep_most_important_rows() {
    let long = "x".repeat(40_000);
    let users: Vec<_> = (0..100)
        .map(|n| json!({ "id": format!("contoso\\{n} {long}"), "lastSeen": format!("2025-04-02T02:{:02}:16Z", n % 60) }))
        .collect();
    let users = latest_users(read(&json!({ "value": users })).alone(None, usize::MAX));
    let bytes: usize = users.items.iter().map(LoggedOnUser::bytes).sum();
    assert!(bytes <= MAX_LIST_BYTES && users.items.len() > 20, "{bytes}");
    assert!(users.is_cut);
    assert!(users.items[0].name.starts_with("59 "));

    let alerts: Vec<_> = (0..100)
        .map(|n| json!({ "id": format!("da{n}"), "title": long, "severity": if n < 99 { "Low" } else { "High" } }))
        .collect();
    let alerts = worst_open(read(&json!({ "value": alerts })).alone(None, usize::MAX));
    let bytes: usize = alerts.items.iter().map(Alert::bytes).sum();
    assert!(
        bytes <= MAX_LIST_BYTES && alerts.items.len() > 20,
        "{bytes}"
    );
    assert!(alerts.is_cut);
    assert_eq!(&*alerts.items[0].id, "da99");

    let few = read(&json!({ "value": [{ "id": "contoso\\p.marsh" }] }));
    let few = latest_users(few.alone(None, usize::MAX));
    assert!(!few.is_cut && few.items.len() == 1);
}
