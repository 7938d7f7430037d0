//! What an action without a name may be.

use super::*;
use crate::action::{Draft, Subject};
use crate::model::{MachineActionStatus, MachineActionType, MachineId, MachineRef};

const SENT: Timestamp = Timestamp::constant(1_763_800_000, 0);

fn order() -> Order {
    let machine = MachineRef {
        id: MachineId::parse("a1").expect("a literal id"),
        dns_name: None,
    };
    let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let mut draft = Draft::new(entry, machine, Subject::Act(ActionKind::Isolate));
    draft.comment = "why".into();
    draft.parse().expect("complete")
}

/// An isolation of our device, of our time, that names nobody and no reason.
fn nameless() -> MachineAction {
    let id = MachineActionId::parse("b89eb834").expect("a literal id");
    let mut action =
        MachineAction::bare(id, MachineActionType::Isolate, MachineActionStatus::Pending);
    action.machine_id = MachineId::parse("a1").ok();
    action.created = Some(SENT);
    action
}

#[test]
fn a_nameless_action_of_our_kind_device_and_time_may_be_ours_and_no_other_may() {
    let may_be = |change: fn(&mut MachineAction)| {
        let mut action = nameless();
        change(&mut action);
        may_be(&order(), ActionKind::Isolate, Some(SENT), &action)
    };
    assert!(may_be(|_| {}));
    assert!(may_be(|action| action.requestor_comment = Some(" ".into())));
    assert!(may_be(|action| action.machine_id = None), "device not told");
    assert!(may_be(|action| action.created = None), "time not told");
    assert!(
        may_be(|action| action.created = Some(SENT - CLOCK_SLACK)),
        "as far as clocks may differ"
    );
    assert!(!may_be(|action| {
        action.created = Some(SENT - CLOCK_SLACK - SignedDuration::from_secs(1));
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
fn a_list_that_leaves_something_out_shows_no_absence() {
    let list = |complete, unreadable| Complete {
        items: Vec::new(),
        complete,
        unreadable,
        date: None,
    };
    assert!(matches!(whole(&list(true, 0)), Ok(Found::Nothing)));
    assert!(matches!(whole(&list(false, 0)), Err(None)));
    assert!(matches!(whole(&list(true, 1)), Err(None)));
}
