//! Findings from other requests on the same device.

use super::*;
use crate::action::{ISOLATION_TYPE, Order, SELECTIVE, SHA1};

const FILE: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";
const OTHER_FILE: &str = "0123456789abcdef0123456789abcdef01234567";

fn quarantine_of(file: Option<&str>) -> MachineAction {
    let mut action = action(
        MachineActionType::StopAndQuarantineFile,
        MachineActionStatus::Pending,
    );
    action.file_identifier = file.map(Into::into);
    action
}

fn open(order: Order, outcome_unknown: bool) -> OpenOrder {
    OpenOrder {
        order,
        status: "pending".into(),
        outcome_unknown,
        action: None,
    }
}

/// An order of an earlier entry than the draft's.
fn earlier(world: &World, kind: ActionKind, change: fn(&mut Draft)) -> Order {
    let mut draft = world.draft(kind);
    draft.entry = EntryId::parse("cdn-00000001").expect("a literal tag");
    change(&mut draft);
    draft.parse().expect("complete")
}

fn said(world: &World, kind: ActionKind, rail: &str) -> Vec<(Severity, String)> {
    let findings = review(&world.draft(kind), &world.facts()).findings;
    let of_rail = findings.into_iter().filter(|found| found.rail == rail);
    of_rail
        .map(|found| (found.severity, found.text()))
        .collect()
}

#[test]
fn only_quarantine_of_same_file_blocks_and_unknown_file_is_not_checked() {
    let quarantine = ActionKind::StopAndQuarantineFile;
    let mut world = world();
    for (file, expected) in [
        (Some(FILE), Some(Block)),
        (Some(OTHER_FILE), None),
        (None, Some(NotChecked)),
    ] {
        world.history = Some(vec![quarantine_of(file)]);
        let said = said(&world, quarantine, "same action");
        let severity = said.first().map(|(severity, _)| *severity);
        assert_eq!(severity, expected, "{file:?} {said:?}");
    }
    world.history = Some(Vec::new());
    let other = earlier(&world, quarantine, |draft| draft.set(&SHA1, OTHER_FILE));
    world.open_orders = vec![open(other, false)];
    assert_eq!(said(&world, quarantine, "same action"), []);
    let same = earlier(&world, quarantine, |_| {});
    world.open_orders = vec![open(same, false)];
    assert_eq!(said(&world, quarantine, "same action").len(), 1);
}

#[test]
fn pending_isolation_of_another_type_blocks_and_is_named() {
    let mut world = world();
    let mut theirs = action(MachineActionType::Isolate, MachineActionStatus::Pending);
    theirs.scope = Some("Selective".into());
    world.history = Some(vec![theirs]);
    let [(Block, text)] = &said(&world, ActionKind::Isolate, "same action")[..] else {
        panic!("a block")
    };
    assert!(
        text.contains("of type Selective is already under way"),
        "{text}"
    );
    world.history = Some(Vec::new());
    let ours = earlier(&world, ActionKind::Isolate, |draft| {
        draft.set(&ISOLATION_TYPE, SELECTIVE.value);
    });
    world.open_orders = vec![open(ours, false)];
    let [(Block, text)] = &said(&world, ActionKind::Isolate, "same action")[..] else {
        panic!("a block")
    };
    assert!(text.contains("with type Selective, pending"), "{text}");
}

#[test]
fn own_opposite_order_that_has_not_ended_warns() {
    let mut world = world();
    let isolation = earlier(&world, ActionKind::Isolate, |_| {});
    for (unknown, words) in [(true, "no known outcome"), (false, "has not ended")] {
        world.open_orders = vec![open(isolation.clone(), unknown)];
        let said = said(&world, ActionKind::Unisolate, "opposite action");
        let [(Warn, text)] = &said[..] else {
            panic!("{said:?}")
        };
        assert!(text.contains("an isolation (cdn-00000001)"), "{text}");
        assert!(text.contains(words), "{text}");
    }
    // Once history shows its action, the action is reported instead.
    let shown = action(MachineActionType::Isolate, MachineActionStatus::Pending);
    world.open_orders[0].action = Some(shown.id.clone());
    world.history = Some(vec![shown]);
    assert_eq!(
        said(&world, ActionKind::Unisolate, "opposite action").len(),
        1
    );
}

#[test]
fn renamed_device_blocks_disruptive_order_but_only_warns_on_release() {
    let world = world();
    for (name, isolating) in [
        (Some("FIN-LT-043"), Some(Block)),
        (Some("fin-lt-042"), None),
        (None, None),
    ] {
        let draft = |kind| world.draft(kind);
        let drafts = [draft(ActionKind::Isolate), draft(ActionKind::Unisolate)];
        let mut renamed = world.machine.clone();
        renamed.computer_dns_name = name.map(Into::into);
        let facts = Facts {
            machine: Some(&renamed),
            ..world.facts()
        };
        let severities = drafts.map(|draft| {
            let findings = review(&draft, &facts).findings;
            let found = findings.into_iter().find(|found| found.rail == "renamed");
            found.map(|found| found.severity)
        });
        assert_eq!(severities, [isolating, isolating.map(|_| Warn)], "{name:?}");
    }
}
