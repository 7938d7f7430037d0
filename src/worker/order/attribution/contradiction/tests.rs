use super::super::tests::{AS_SENT, OTHERS, US, answer, claim, order};
use super::*;
use crate::action::ActionKind;
use crate::model::{MachineActionId, MachineActionType, MachineId};

#[test]
fn reading_of_another_task_contradicts_the_order() {
    let order = order(ActionKind::Isolate);
    let reported = |comment, requestor, age| answer(comment, requestor, age);
    let mut elsewhere = reported(Some(AS_SENT), None, 0);
    elsewhere.machine_id = MachineId::parse("b2").ok();
    let mut opposite = reported(Some(AS_SENT), Some(US), 0);
    opposite.kind = MachineActionType::Unisolate;
    let mut selective = reported(None, Some(US), 0);
    selective.scope = Some("Selective".into());
    for (reading, expected) in [
        (elsewhere, Contradiction::Device),
        (opposite, Contradiction::Kind),
        (selective, Contradiction::Variant),
        (
            reported(Some("by hand"), Some(US), 0),
            Contradiction::Comment,
        ),
        (
            reported(Some("[cdn-00000001] why"), None, 0),
            Contradiction::Comment,
        ),
        (reported(None, Some(OTHERS), 0), Contradiction::Requestor),
        (
            reported(Some("as in [cdn-7F3K2Q9M]"), Some(OTHERS), 0),
            Contradiction::Requestor,
        ),
        (reported(None, Some(US), 3_600), Contradiction::Created),
    ] {
        assert_eq!(
            claim(&order).contradiction(&reading),
            Some(expected),
            "{reading:?}"
        );
    }
}

#[test]
fn incomplete_reading_or_one_as_sent_contradicts_nothing() {
    let order = order(ActionKind::Isolate);
    let mut bare = answer(None, None, 0);
    bare.machine_id = None;
    bare.created = None;
    bare.kind = MachineActionType::from_wire("Unknown");
    let mut carried_over = answer(Some(AS_SENT), Some(US), 0);
    carried_over.machine_id = MachineId::parse("b2").ok();
    for reading in [
        bare,
        carried_over.clone(),
        answer(Some(AS_SENT), Some(US), 0),
        // Another name of this account, and a clock that was wrong on sending.
        answer(Some(AS_SENT), Some(OTHERS), 0),
        answer(Some("cut: [cdn-7F3K2Q9M]"), Some(US), 3_600),
        answer(None, Some(US), 0),
        answer(None, None, 0),
    ] {
        let found = claim(&order).contradiction(&reading);
        assert_eq!(found, None, "{reading:?}");
    }
    let known = Claim {
        other_records: carried_over.machine_id.clone().into_iter().collect(),
        ..claim(&order)
    };
    carried_over.requestor_comment = None;
    assert_eq!(known.contradiction(&carried_over), None);
    let found = claim(&order).contradiction(&carried_over);
    assert_eq!(found, Some(Contradiction::Device));
}

#[test]
fn another_file_is_another_action() {
    let order = order(ActionKind::StopAndQuarantineFile);
    let mut reading = answer(Some(AS_SENT), Some(US), 0);
    reading.kind = MachineActionType::StopAndQuarantineFile;
    for (file, expected) in [
        (Some("87662BC3D60E4200CEAF7AAE249D1C343F4B83C9"), None),
        (
            Some("0123456789abcdef0123456789abcdef01234567"),
            Some(Contradiction::Kind),
        ),
        (None, None),
    ] {
        reading.file_identifier = file.map(Into::into);
        assert_eq!(claim(&order).contradiction(&reading), expected, "{file:?}");
    }
}

#[test]
fn cancelled_action_is_matched_by_device_and_kind() {
    let mut cancel = order(ActionKind::Isolate);
    cancel.task = Task::Cancel {
        action: MachineActionId::parse("b89eb834").expect("a literal id"),
        action_type: MachineActionType::Isolate,
    };
    let theirs = answer(Some("by hand"), Some(OTHERS), 3_600);
    assert_eq!(claim(&cancel).contradiction(&theirs), None);
    let mut elsewhere = theirs.clone();
    elsewhere.machine_id = MachineId::parse("b2").ok();
    let mut opposite = theirs;
    opposite.kind = MachineActionType::Unisolate;
    for (reading, expected) in [
        (elsewhere, Contradiction::Device),
        (opposite, Contradiction::Kind),
    ] {
        let claim = claim(&cancel);
        assert_eq!(claim.contradiction(&reading), Some(expected));
        let answer = super::super::Whose::Unclear(expected.as_answer());
        assert_eq!(claim.whose(&reading), answer);
    }
}
