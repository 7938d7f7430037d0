use super::*;
use crate::action::{ActionKind, Draft, Subject};
use crate::model::{
    MachineActionId, MachineActionStatus, MachineActionType, MachineId, MachineRef,
};

const NOW: Timestamp = Timestamp::constant(1_763_800_000, 0);
pub const US: &str = "jane@contoso.com";
pub const OTHERS: &str = "s.weber@contoso.com";
pub const AS_SENT: &str = "[cdn-7F3K2Q9M] why";

pub fn order(kind: ActionKind) -> Order {
    let machine = MachineRef {
        id: MachineId::parse("a1").expect("a literal id"),
        dns_name: None,
    };
    let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let mut draft = Draft::new(entry, machine, Subject::Act(kind));
    draft.comment = "why".into();
    draft.fill_examples();
    draft.parse().expect("complete")
}

/// The claim of an order that was just sent, by a right clock.
pub fn claim(order: &Order) -> Claim<'_> {
    Claim {
        order,
        user_name: Some(US.into()),
        has_left: true,
        other_records: Vec::new(),
        claimed: Vec::new(),
        not_before: not_before(Some(NOW), Some(SignedDuration::ZERO), NOW),
    }
}

pub fn answer(comment: Option<&str>, requestor: Option<&str>, age_secs: i64) -> MachineAction {
    let id = MachineActionId::parse("b89eb834").expect("a literal id");
    let mut action =
        MachineAction::bare(id, MachineActionType::Isolate, MachineActionStatus::Pending);
    action.machine_id = MachineId::parse("A1").ok();
    action.requestor_comment = comment.map(Into::into);
    action.requestor = requestor.map(Into::into);
    action.created = Some(NOW - SignedDuration::from_secs(age_secs));
    action
}

#[test]
fn tag_decides_ownership_and_only_complete_reply_without_it_is_not_ours() {
    let order = order(ActionKind::Isolate);
    let claim = claim(&order);
    let tagged = answer(Some(" [CDN-7f3k2q9m] why "), None, 0);
    assert_eq!(claim.whose(&tagged), Whose::Ours);
    for comment in ["[cdn-00000001] why", "another reason"] {
        let whole = answer(Some(comment), Some(OTHERS), 0);
        assert_eq!(claim.whose(&whole), Whose::NotOurs, "{comment}");
    }
    let mut sparse: Vec<MachineAction> = (0..6)
        .map(|_| answer(Some("another reason"), Some(OTHERS), 0))
        .collect();
    sparse[0].requestor_comment = None;
    sparse[1].requestor = Some(" ".into());
    sparse[2].created = None;
    sparse[3].machine_id = None;
    sparse[4].kind = MachineActionType::from_wire("Unknown");
    sparse[5].scope = Some("Selective".into());
    for answer in &sparse {
        let judged = claim.whose(answer);
        assert!(
            matches!(judged, Whose::Unclear(_)),
            "{answer:?}: {judged:?}"
        );
    }
}

#[test]
fn reply_about_another_or_no_file_is_unclear() {
    let order = order(ActionKind::StopAndQuarantineFile);
    let claim = claim(&order);
    let mut theirs = answer(Some("another reason"), Some(OTHERS), 0);
    theirs.kind = MachineActionType::StopAndQuarantineFile;
    for (file, is_theirs) in [
        (Some("87662BC3D60E4200CEAF7AAE249D1C343F4B83C9"), true),
        (Some("0123456789abcdef0123456789abcdef01234567"), false),
        (None, false),
    ] {
        theirs.file_identifier = file.map(Into::into);
        let judged = claim.whose(&theirs);
        assert_eq!(judged == Whose::NotOurs, is_theirs, "{judged:?}");
    }
}

#[test]
fn tag_on_another_record_is_ours_if_service_credits_it_to_us() {
    let order = order(ActionKind::Isolate);
    let claim = claim(&order);
    let mut carried_over = answer(Some(AS_SENT), Some(US), 0);
    carried_over.machine_id = MachineId::parse("b2").ok();
    assert_eq!(claim.whose(&carried_over), Whose::Ours);
    for (comment, requestor) in [
        (None, Some(US)),
        (Some(AS_SENT), None),
        (Some(AS_SENT), Some(OTHERS)),
        (Some("as in [cdn-7F3K2Q9M] why"), Some(US)),
    ] {
        carried_over.requestor_comment = comment.map(Into::into);
        carried_over.requestor = requestor.map(Into::into);
        let judged = claim.whose(&carried_over);
        assert!(
            matches!(judged, Whose::Unclear(_)),
            "{comment:?} {requestor:?}"
        );
    }
    carried_over.external_id = Some("cdn-7F3K2Q9M".into());
    assert_eq!(claim.whose(&carried_over), Whose::Ours);
}

#[test]
fn quoted_tag_makes_no_action_ours() {
    use MachineActionType::{Isolate, Unisolate};
    let order = order(ActionKind::Isolate);
    let quoted = |comment, requestor, age| answer(Some(comment), Some(requestor), age);
    let (mut opposite, mut elsewhere) = (quoted(AS_SENT, US, 0), quoted(AS_SENT, OTHERS, 0));
    opposite.kind = Unisolate;
    elsewhere.machine_id = MachineId::parse("b2").ok();
    let mut cancelled = answer(Some("by hand"), Some(OTHERS), 0);
    cancelled.cancellation_comment = Some(AS_SENT.into());
    let mut guest = quoted(AS_SENT, "jane_fabrikam.com#EXT#@contoso.com", 0);
    let mut of_no_kind = quoted(AS_SENT, US, 0);
    of_no_kind.kind = MachineActionType::from_wire("Unknown");
    for (action, is_ours) in [
        (quoted(AS_SENT, US, 0), true),
        (quoted("0b1c: as in [cdn-7F3K2Q9M]", "0b1c-app", 0), true),
        (guest.clone(), true),
        (of_no_kind, true),
        (quoted(AS_SENT, OTHERS, 0), false),
        (quoted(AS_SENT, US, 3_600), false),
        (opposite, false),
        (elsewhere, false),
        (cancelled, false),
    ] {
        assert_eq!(claim(&order).is_ours(&action), is_ours, "{action:?}");
    }
    guest.kind = Isolate;
    let never_left = Claim {
        has_left: false,
        not_before: None,
        ..claim(&order)
    };
    assert!(
        !never_left.is_ours(&guest),
        "an unsent order created no action"
    );
}

#[test]
fn cancellation_is_recognised_by_comment_on_cancelled_action() {
    let mut order = order(ActionKind::Isolate);
    order.task = Task::Cancel {
        action: MachineActionId::parse("b89eb834").expect("a literal id"),
        action_type: MachineActionType::Isolate,
    };
    let mut cancelled = answer(Some("by hand"), Some(OTHERS), 3_600);
    assert!(!claim(&order).is_ours(&cancelled));
    cancelled.cancellation_comment = Some(AS_SENT.into());
    assert!(claim(&order).is_ours(&cancelled));
    cancelled.id = MachineActionId::parse("c89eb834").expect("a literal id");
    assert!(!claim(&order).is_ours(&cancelled), "another action");
}

#[test]
fn later_reading_is_attributed_by_requestor_and_time() {
    let order = order(ActionKind::Isolate);
    let us = Some("Jane@contoso.com ");
    for (comment, requestor, age, expected) in [
        (Some(AS_SENT), None, 0, Attribution::Ours),
        (Some("another reason"), us, 0, Attribution::NotOurs),
        (None, Some(OTHERS), 0, Attribution::NotOurs),
        (None, us, 900, Attribution::NotOurs),
        (None, us, 0, Attribution::MostLikelyOurs),
        (None, None, 0, Attribution::Unclear),
    ] {
        let judged = claim(&order).read_again(&answer(comment, requestor, age));
        assert_eq!(judged, expected, "{comment:?} {requestor:?} {age}");
    }
}

#[test]
fn later_reading_of_another_task_is_no_evidence() {
    let order = order(ActionKind::Isolate);
    let read = |change: fn(&mut MachineAction)| {
        let mut action = answer(Some("another reason"), Some(OTHERS), 900);
        change(&mut action);
        claim(&order).read_again(&action)
    };
    let others = [
        read(|a| a.machine_id = MachineId::parse("b2").ok()),
        read(|a| a.kind = MachineActionType::Unisolate),
        read(|a| a.scope = Some("Selective".into())),
    ];
    assert_eq!(others, [const { Attribution::Unrelated }; 3]);
    let vague = [
        read(|a| a.machine_id = None),
        read(|a| a.kind = MachineActionType::from_wire("Unknown")),
    ];
    assert_eq!(vague, [const { Attribution::Unclear }; 2]);
}

#[test]
fn wrong_local_clock_decides_nothing() {
    let order = order(ActionKind::Isolate);
    // Created by the service two minutes after sending, without a comment.
    let nameless = answer(None, Some(US), 0);
    for (skew_mins, is_known) in [
        (0, true),
        (8, true),
        (-8, true),
        (20, true),
        (-20, true),
        (20, false),
    ] {
        let skew = SignedDuration::from_mins(skew_mins);
        // By this computer's clock, which is that far ahead of the service's.
        let sent = NOW - SignedDuration::from_mins(2) + skew;
        let claim = Claim {
            not_before: not_before(Some(sent), is_known.then_some(-skew), NOW + skew),
            ..claim(&order)
        };
        let case = format!("{skew_mins} {is_known}");
        assert!(claim.may_be(&nameless), "{case}");
        assert_eq!(
            claim.read_again(&nameless),
            Attribution::MostLikelyOurs,
            "{case}"
        );
    }
    let hour_old = answer(None, Some(US), 3_600);
    assert!(
        !claim(&order).may_be(&hour_old),
        "a right clock still decides"
    );
    let set_back_since = not_before(Some(NOW + CLOCK_SLACK), Some(SignedDuration::ZERO), NOW);
    assert_eq!(set_back_since, None);
}

#[test]
fn cancellation_is_ours_if_it_cancels_the_intended_action() {
    let mut cancel = order(ActionKind::Isolate);
    let task = |id: &str| Task::Cancel {
        action: MachineActionId::parse(id).expect("a literal id"),
        action_type: MachineActionType::Isolate,
    };
    let others = answer(Some("another reason"), Some(OTHERS), 0);
    cancel.task = task("b89eb834");
    assert_eq!(claim(&cancel).whose(&others), Whose::Ours);
    cancel.task = task("another");
    let tagged = answer(Some(AS_SENT), None, 0);
    assert!(matches!(claim(&cancel).whose(&tagged), Whose::Unclear(_)));
}

#[test]
fn only_the_ordered_action_is_most_likely_ours() {
    let order = order(ActionKind::Isolate);
    let ours = answer(None, Some(US), 0);
    let read = |change: fn(&mut MachineAction)| {
        let mut action = ours.clone();
        change(&mut action);
        claim(&order).read_again(&action)
    };
    assert_eq!(read(|_| {}), Attribution::MostLikelyOurs);
    let elsewhere = read(|action| action.machine_id = MachineId::parse("b2").ok());
    assert_eq!(elsewhere, Attribution::Unrelated);
    let of_another_kind = read(|action| action.kind = MachineActionType::Unisolate);
    assert_eq!(of_another_kind, Attribution::Unrelated);
    assert_eq!(
        read(|action| action.machine_id = None),
        Attribution::Unclear
    );
    assert_eq!(read(|action| action.created = None), Attribution::Unclear);
    let nobody = Claim {
        user_name: None,
        ..claim(&order)
    };
    let read = nobody.read_again(&ours);
    assert_eq!(read, Attribution::Unclear, "our account is unknown");
}

#[test]
fn untagged_action_may_be_ours_only_with_our_kind_device_and_time() {
    let order = order(ActionKind::Isolate);
    let may_be = |change: fn(&mut MachineAction)| {
        let mut action = answer(None, None, 0);
        change(&mut action);
        claim(&order).may_be(&action)
    };
    assert!(may_be(|_| {}));
    assert!(may_be(|action| action.requestor_comment = Some(" ".into())));
    assert!(
        may_be(|action| action.machine_id = None),
        "device not reported"
    );
    assert!(may_be(|action| action.created = None), "time not reported");
    assert!(
        may_be(|action| action.kind = MachineActionType::from_wire("Unknown")),
        "kind not reported"
    );
    assert!(
        may_be(|action| action.created = Some(NOW - CLOCK_SLACK)),
        "as far as clocks may differ"
    );
    assert!(!may_be(|action| {
        action.created = Some(NOW - CLOCK_SLACK - SignedDuration::from_secs(1));
    }));
    assert!(!may_be(
        |action| action.requestor_comment = Some("by hand".into())
    ));
    assert!(!may_be(|action| action.external_id = Some("INC-1".into())));
    assert!(!may_be(
        |action| action.machine_id = MachineId::parse("b2").ok()
    ));
    assert!(!may_be(|action| action.kind = MachineActionType::Unisolate));
}

#[test]
fn cut_off_tag_proves_nothing_nor_does_tag_on_another_action() {
    let order = order(ActionKind::StopAndQuarantineFile);
    let claim = claim(&order);
    let quarantine = |comment, requestor| {
        let mut action = answer(comment, requestor, 0);
        action.kind = MachineActionType::StopAndQuarantineFile;
        action.file_identifier = Some("87662bc3d60e4200ceaf7aae249d1c343f4b83c9".into());
        action
    };
    for (comment, requestor, may_be) in [
        (Some("why"), Some(US), true),
        (Some("[cdn-"), Some(US), true),
        (Some("[cdn-00000001] why"), Some(US), false),
        (Some("why"), Some(OTHERS), false),
        (Some("why"), None, false),
    ] {
        let action = quarantine(comment, requestor);
        assert_eq!(claim.may_be(&action), may_be, "{comment:?} {requestor:?}");
        assert!(!claim.contradicts_itself(&action));
    }
    let mut other_file = quarantine(Some(AS_SENT), Some(US));
    other_file.file_identifier = Some("b".repeat(40).into());
    assert!(claim.contradicts_itself(&other_file));
    other_file.requestor_comment = Some("as in [cdn-7F3K2Q9M]".into());
    assert!(!claim.contradicts_itself(&other_file), "quoted");
}

/// An investigation shows neither tag nor comment: the reply's action is the request's result, on any record,
/// unless it is older or another order's.
#[test]
fn investigation_on_another_record_is_ours_if_its_time_is_known_and_unclaimed() {
    let order = order(ActionKind::StartInvestigation);
    let on = |machine: &str, age| {
        let mut started = answer(None, None, age);
        started.kind = MachineActionType::Investigation;
        started.machine_id = MachineId::parse(machine).ok();
        started
    };
    let elsewhere = Whose::Unclear("the service answered with an action on another device");
    let device = Some(contradiction::Contradiction::Device);
    for (started, whose, contradicts) in [
        (on("a1", 0), Whose::Ours, None),
        (on("b2", 0), Whose::Ours, None),
        (on("b2", 3_600), elsewhere, device),
    ] {
        assert_eq!(claim(&order).whose(&started), whose, "{started:?}");
        assert_eq!(claim(&order).contradiction(&started), contradicts);
    }
    let began = on("b2", 0);
    for doubtful in [
        Claim {
            claimed: vec![began.id.clone()],
            ..claim(&order)
        },
        Claim {
            not_before: None,
            ..claim(&order)
        },
    ] {
        assert!(matches!(doubtful.whose(&began), Whose::Unclear(_)));
        assert_eq!(doubtful.contradiction(&began), device);
    }
}
