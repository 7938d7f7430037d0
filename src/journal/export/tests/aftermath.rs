//! The aftermath of an order in exports.

use super::*;
use crate::action::Recorded;
use crate::journal::{Aftermath, Aftermaths, Reversal, hand_over};
use crate::model::{EntryId, MachineId};
use MachineActionStatus::{InProgress, Pending, Succeeded};

fn entry(tag: &str, kind: ActionKind, status: MachineActionStatus) -> Entry {
    let mut order = order_of(kind);
    order.entry = EntryId::parse(tag).expect("a literal tag");
    order.machine.id = MachineId::parse(&tag[4..]).expect("digits");
    let action = MachineActionId::parse(&format!("a-{tag}")).expect("an id");
    let record = if status.is_final() {
        finished(action, status)
    } else {
        Record::Accepted { action, status }
    };
    let at = time("2026-11-20T00:00:00Z");
    let mut entry = Entry::new(author(), order.clone());
    for record in [intended(order).1, Record::Sent, record] {
        entry.push(at, record);
    }
    entry
}

fn written(all: &[Entry], format: Format, aftermath: Option<&Aftermaths>) -> String {
    let moment = Moment {
        aftermath,
        ..moment()
    };
    export(all, &whole(), format, &moment)
}

fn undone_by_sam(done: &'static str) -> Aftermath {
    Aftermath {
        read_at: Some(time("2026-11-28T02:10:00Z")),
        reversal: Some(Reversal {
            done,
            by: "sam@contoso.com".into(),
            at: Some(time("2026-11-28T01:00:00Z")),
        }),
        ..Aftermath::default()
    }
}

#[test]
fn devices_released_by_others_are_not_listed_as_contained() {
    let (lifted, held) = ("cdn-00000001", "cdn-00000002");
    let all = [lifted, held].map(|tag| entry(tag, ActionKind::Isolate, Succeeded));
    let read = Aftermath {
        reversal: None,
        ..undone_by_sam("")
    };
    let known = [
        (all[0].id(), undone_by_sam("Released")),
        (all[1].id(), read),
    ];
    let aftermath = Aftermaths::from(known);
    for format in [Format::Markdown, Format::Html] {
        let sheet = written(&all, format, Some(&aftermath));
        let (_, rest) = sheet
            .split_once("Contained, still to release (1)")
            .expect("one");
        let (contained, rest) = rest
            .split_once("Released elsewhere (1)")
            .expect("a section");
        let (released, _) = rest.split_once("Pending or unknown (0)").expect("the next");
        assert!(
            contained.contains(held) && !contained.contains(lifted),
            "{contained}"
        );
        assert!(
            contained
                .contains("it stays contained until then (action history read 2026-11-28 02:10:00")
        );
        assert!(released.contains(lifted), "{released}");
        for words in [
            "no longer in effect (released by ",
            "sam@contoso.com",
            ", at 2026-11-28 01:00:00",
        ] {
            assert!(released.contains(words), "{words}: {released}");
        }
    }
    // Defender's history was not read.
    let sheet = written(&all, Format::Markdown, None);
    assert!(
        sheet.contains("## Contained, still to release (2)"),
        "{sheet}"
    );
    assert!(
        sheet.contains("as this journal knows it; not checked with Defender"),
        "{sheet}"
    );
    assert!(
        !sheet.contains("stays contained") && !sheet.contains("Released elsewhere"),
        "{sheet}"
    );
}

#[test]
fn releases_by_others_are_handed_over() {
    let all = [entry("cdn-00000001", ActionKind::Isolate, Succeeded)];
    let aftermath = Aftermaths::from([(all[0].id(), undone_by_sam("Released"))]);
    let on_it = |since| hand_over(&all, time(since), Some(&aftermath)).len();
    assert_eq!(on_it("2026-11-28T00:00:00Z"), 1);
    assert_eq!(on_it("2026-11-28T02:00:00Z"), 0, "handed over before");
}

#[test]
fn every_export_reports_deviations_and_repetitions() {
    let isolated = entry("cdn-00000001", ActionKind::Isolate, Succeeded);
    let released = entry("cdn-00000002", ActionKind::Unisolate, Succeeded);
    let selective = Aftermath {
        variant: Some("Selective".into()),
        ..Aftermath::default()
    };
    let again = undone_by_sam("Isolated");
    let aftermath = Aftermaths::from([(isolated.id(), selective), (released.id(), again)]);
    for (format, otherwise, again) in [
        (
            Format::Csv,
            "\"Isolated, not as ordered: Selective\"",
            "\"Released, isolated again since 2026-11-28T01:00:00Z by sam@contoso.com\"",
        ),
        (
            Format::Json,
            "\"Isolated, not as ordered: Selective\"",
            "\"Released, isolated again since 2026-11-28T01:00:00Z by sam@contoso.com\"",
        ),
        (
            Format::Markdown,
            "**Isolated**, not as ordered: `Selective`; since ",
            "**Released**, isolated again since 2026-11-28 01:00:00 +00:00 (2026-11-28T01:00:00Z) by `sam@contoso.com`; at ",
        ),
    ] {
        let all = [isolated.clone(), released.clone()];
        let text = written(&all, format, Some(&aftermath));
        for words in [otherwise, again] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}

#[test]
fn only_orders_waiting_for_a_device_have_a_deadline() {
    let next = |kind: ActionKind, status, awaits_approval| {
        let all = [entry("cdn-00000001", kind, status)];
        let aftermath = Aftermath {
            awaits_approval,
            ..Aftermath::default()
        };
        let aftermath = Aftermaths::from([(all[0].id(), aftermath)]);
        let sheet = written(&all, Format::Markdown, Some(&aftermath));
        let mut lines = sheet.lines();
        let next = lines.find_map(|line| line.trim().strip_prefix("- Next: "));
        next.expect("a next step").to_owned()
    };
    let waits = "Defender waits for the device until 2026-11-23 00:00:00";
    assert!(next(ActionKind::Isolate, Pending, false).starts_with(waits));
    for kind in ActionKind::ALL {
        for status in [Pending, InProgress] {
            let next = next(*kind, status.clone(), false);
            let record = kind.spec().record;
            let has_deadline = record == Recorded::MachineAction && status == Pending;
            assert_eq!(next.contains(" until "), has_deadline, "{kind:?}: {next}");
            let is_looked_for = matches!(record, Recorded::Machine | Recorded::Indicator);
            let shown = next == "Defender does not show it yet";
            assert_eq!(shown, is_looked_for, "{kind:?}: {next}");
        }
    }
    assert_eq!(
        next(ActionKind::StartInvestigation, InProgress, true),
        "Approve or reject it in the Defender portal"
    );
}
