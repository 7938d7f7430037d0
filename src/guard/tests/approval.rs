//! The facts of a confirmation that an approval keeps.

use super::*;

#[test]
fn approval_records_account_order_time_and_session() {
    let world = world();
    let draft = world.draft(ActionKind::Isolate);
    let approval = review(&draft, &world.facts())
        .approve(&account(), Epoch(7), NOW)
        .expect("approved");
    assert_eq!(approval.order(), &draft.parse().expect("complete"));
    assert_eq!(approval.account(), &account());
    assert_eq!(approval.epoch(), Epoch(7));
    assert_eq!(approval.confirmed_at(), NOW);
}

#[test]
fn approval_accepts_only_opposites_that_were_shown() {
    let mut world = world();
    let release = |id: &str| {
        let pending = MachineActionStatus::Pending;
        let mut release = action(MachineActionType::Unisolate, pending);
        release.id = MachineActionId::parse(id).expect("a literal id");
        release
    };
    world.history = Some(vec![release("a-1"), release("a-2")]);
    let approval = review(&world.draft(ActionKind::Isolate), &world.facts())
        .approve(&account(), Epoch(1), NOW)
        .expect("warnings let pass");
    for (id, expected) in [("a-1", true), ("a-2", true), ("a-3", false)] {
        let id = MachineActionId::parse(id).expect("a literal id");
        assert_eq!(approval.accepts_opposite(&id), expected, "{id}");
    }
}

#[test]
fn device_is_not_confirmed_twice_in_a_batch() {
    let world = World {
        batch_size: 2,
        ..world()
    };
    let of = |id: &str| {
        let mut draft = world.draft(ActionKind::Isolate);
        draft.machine.id = MachineId::parse(id).expect("a literal id");
        review(&draft, &world.facts())
    };
    let confirm = |ids: [&str; 2]| approve_all(ids.map(of).into(), "2", &account(), Epoch(1), NOW);
    assert_eq!(
        confirm(["a1", "a1"]).expect_err("the same device"),
        "“FIN-LT-042” (…a1) is in the list twice"
    );
    assert_eq!(confirm(["a1", "b2"]).expect("two devices").len(), 2);
}
