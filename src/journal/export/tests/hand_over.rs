//! Entries on the hand-over sheet.

use super::*;
use crate::journal::{OthersContainment, SetBy, hand_over};
use crate::model::{EntryId, MachineId};

fn entry(
    tag: &str,
    machine: &str,
    kind: ActionKind,
    at: i64,
    end: Option<MachineActionStatus>,
) -> Entry {
    let mut order = order_of(kind);
    order.entry = EntryId::parse(tag).expect("a literal tag");
    order.machine.id = MachineId::parse(machine).expect("a literal id");
    let at = second(at);
    let mut entry = Entry::new(author(), order.clone());
    entry.push(at, intended(order).1);
    entry.push(at, Record::Sent);
    if let Some(status) = end {
        let action = MachineActionId::parse(&format!("{machine}-{tag}")).expect("an id");
        entry.push(at, finished(action, status));
    }
    entry
}

#[test]
fn contained_and_pending_orders_are_handed_over_at_any_age() {
    use ActionKind::{Isolate, Unisolate};
    use MachineActionStatus::{Failed, Succeeded};
    let all = [
        entry("cdn-00000001", "a1", Isolate, 0, Some(Succeeded)),
        entry("cdn-00000002", "b2", Isolate, 0, Some(Succeeded)),
        entry("cdn-00000003", "b2", Unisolate, 10, Some(Succeeded)),
        entry("cdn-00000004", "c3", Isolate, 20, None),
        entry("cdn-00000005", "d4", Isolate, 30, Some(Failed)),
        entry("cdn-00000006", "e5", Isolate, 100, Some(Failed)),
    ];
    let tags = |secs| {
        let entries = hand_over(&all, second(secs), None);
        let tags = entries.iter().map(|entry| entry.id().to_string());
        tags.map(|tag| tag[11..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(tags(100), ["1", "4", "6"]);
    assert_eq!(tags(30), ["1", "4", "5", "6"]);
    assert_eq!(tags(0).len(), all.len());
}

/// Each entry looks up later ones on its device; scanning all entries each time would take minutes.
#[test]
fn a_long_journal_is_exported_quickly() {
    use MachineActionStatus::Succeeded;
    let all: Vec<_> = (0..20_000)
        .map(|n| {
            let (tag, machine) = (format!("cdn-{n:08}"), format!("{n:08x}"));
            entry(&tag, &machine, ActionKind::Isolate, n, Some(Succeeded))
        })
        .collect();
    let sheet = export(&all, &whole(), Format::Markdown, &moment());
    assert!(sheet.contains("## Contained, still to release (20000)"));
}

/// The release is not in the exported part of the journal.
#[test]
fn a_released_device_is_not_contained_in_a_partial_export() {
    use ActionKind::{Isolate, Unisolate};
    use MachineActionStatus::Succeeded;
    let all = [
        entry("cdn-00000001", "a1", Isolate, 0, Some(Succeeded)),
        entry("cdn-00000002", "a1", Unisolate, 10, Some(Succeeded)),
        entry("cdn-00000003", "b2", Isolate, 20, Some(Succeeded)),
    ];
    let listed = [all[0].clone(), all[2].clone()];
    let moment = Moment {
        all: Some(&all),
        ..moment()
    };
    for format in [Format::Markdown, Format::Html] {
        let sheet = export(&listed, &whole(), format, &moment);
        assert!(sheet.contains("Contained, still to release (1)"), "{sheet}");
        assert!(sheet.contains("Done (1)"), "{sheet}");
    }
}

#[test]
fn repeated_containment_counts_from_the_first() {
    use ActionKind::{Isolate, Unisolate};
    use MachineActionStatus::Succeeded;
    let at = |tag: &str, kind, secs| entry(tag, "a1", kind, secs, Some(Succeeded));
    let all = [
        at("cdn-00000001", Isolate, 0),
        at("cdn-00000002", Unisolate, 10),
        at("cdn-00000003", Isolate, 20),
        at("cdn-00000004", Isolate, 30),
    ];
    let sheet = export(&all, &whole(), Format::Markdown, &moment());
    assert!(sheet.contains("Contained, still to release (1)"), "{sheet}");
    for words in [
        "**Isolated** since 1970-01-01 00:00:20 ",
        "; again at 1970-01-01 00:00:30 ",
        "; isolated again at 1970-01-01 00:00:30 ",
        "; released at 1970-01-01 00:00:10 ",
    ] {
        assert_eq!(sheet.matches(words).count(), 1, "{words}: {sheet}");
    }
}

fn set_by_weber(why: &str) -> SetBy {
    SetBy {
        action: MachineActionId::parse("their-1").expect("a literal id"),
        is_ours: false,
        at: "2026-11-27T22:12:00Z".parse().ok(),
        by: "s.weber@contoso.com".into(),
        why: Some(why.into()),
    }
}

/// Both reasons and both times are kept.
#[test]
fn repeated_containment_of_a_colleague_keeps_both_reasons() {
    let began = Timestamp::UNIX_EPOCH;
    let all = [entry(
        "cdn-00000001",
        "a1",
        ActionKind::Isolate,
        60,
        Some(MachineActionStatus::Succeeded),
    )];
    let theirs = SetBy {
        at: Some(began),
        ..set_by_weber("INC-20951 ransomware")
    };
    let ours = SetBy {
        action: all[0].own_action().expect("an action"),
        is_ours: true,
        at: Some(all[0].status_time().0),
        by: "jane@contoso.com".into(),
        why: Some("INC-1 also mine".into()),
    };
    let others = [OthersContainment {
        machine: all[0].machine(),
        state: "Isolated".into(),
        requests: vec![theirs, ours],
    }];
    let moment = Moment {
        others: Some(&others),
        ..moment()
    };
    let sheet = export(&all, &whole(), Format::Markdown, &moment);
    let since = "**Isolated** since 1970-01-01 00:00:00 ";
    for (words, count) in [
        ("Contained, still to release (1)", 1),
        ("Contained by others (1)", 1),
        (since, 2),
        ("; again at 1970-01-01 00:01:00 ", 1),
        (
            "- Also requested by `s.weber@contoso.com` at 1970-01-01 00:00:00 ",
            1,
        ),
        (
            "- Requested by `s.weber@contoso.com` at 1970-01-01 00:00:00 ",
            1,
        ),
        (
            "- Requested again by `jane@contoso.com` at 1970-01-01 00:01:00 ",
            1,
        ),
        ("`INC-20951 ransomware`", 2),
    ] {
        assert_eq!(sheet.matches(words).count(), count, "{words}: {sheet}");
    }
}

#[test]
fn containment_by_others_and_the_chosen_period_are_listed() {
    let all = [entry("cdn-00000001", "a1", ActionKind::Isolate, 0, None)];
    let others = [OthersContainment {
        machine: crate::model::MachineRef {
            id: MachineId::parse("b2").expect("a literal id"),
            dns_name: Some("FIN-LT-043".into()),
        },
        state: "Isolated".into(),
        requests: vec![set_by_weber("beacon [x](https://evil.example)")],
    }];
    let moment = Moment {
        since: "2026-11-27T14:12:44Z".parse().ok(),
        others: Some(&others),
        ..moment()
    };
    let sheet = export(&all, &whole(), Format::Markdown, &moment);
    for line in [
        "- Period: 2026-11-27 14:12:44 +00:00 (2026-11-27T14:12:44Z) to 2026-11-28 02:12:44 +00:00 (2026-11-28T02:12:44Z)",
        "- Contained by others: 1",
        "## Contained by others (1)",
        "- `“FIN-LT-043” (…b2)` (id `b2`): **Isolated** since 2026-11-27 22:12:00 +00:00 (2026-11-27T22:12:00Z), 4 h ago",
        "    - Requested by `s.weber@contoso.com` at 2026-11-27 22:12:00 +00:00 (2026-11-27T22:12:00Z): `beacon [x](https://evil.example)`",
    ] {
        assert!(sheet.contains(&format!("\n{line}\n")), "{line}: {sheet}");
    }
    // Converted to the service's clock if its offset was measured: here, two hours behind.
    let behind = Moment {
        service_ahead: -SignedDuration::from_hours(2),
        ..moment.clone()
    };
    let behind = export(&all, &whole(), Format::Markdown, &behind);
    assert!(
        behind.contains("(2026-11-27T22:12:00Z), 2 h ago"),
        "{behind}"
    );
    let none = Moment {
        others: Some(&[]),
        ..moment
    };
    let sheet = export(&all, &whole(), Format::Markdown, &none);
    assert!(
        sheet.contains("## Contained by others (0)\n\nNothing\n"),
        "{sheet}"
    );
}
