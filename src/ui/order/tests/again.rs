//! Orders sent again after a failure, and facts read again.

use super::sight::scroll_through;
use super::*;
use crate::journal::{NotSentReason, Record};
use crate::state::fixtures;

/// Acknowledgements raised when a form sends an entry with these records again.
fn acknowledged(records: Vec<Record>) -> Vec<(EntryId, &'static str)> {
    let mut world = world(ActionKind::Isolate);
    let order = fixtures::order("cdn-00000001", machine().reference(), ActionKind::Isolate);
    let entry = fixtures::entry(fixtures::author(), order, records);
    world.state.entries = vec![entry.clone()].into();
    let Some(OpenDialog::Form(form)) = &mut world.views.dialog else {
        panic!("a form");
    };
    form.send_again(&[(0, &entry)]);
    form.draft.comment = "beacon".into();
    let mut harness = harness(world);
    harness.run_steps(30);
    let acknowledged = |harness: &Harness<'_, World>| {
        let work = harness.state().out.work.iter();
        let found = work.filter_map(|command| {
            if let Command::SubmitAgain(_, replaced) = command {
                return Some(replaced.clone());
            }
            // It is not known yet whether the new order can be written.
            let is_too_early = matches!(command, Command::Acknowledge(_));
            assert!(!is_too_early, "{command:?}");
            None
        });
        found.flatten().collect::<Vec<_>>()
    };
    assert_eq!(acknowledged(&harness), [], "not confirmed yet");
    scroll_through(&mut harness, |_| {});
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
    acknowledged(&harness)
}

#[test]
fn sending_an_order_again_acknowledges_it() {
    let interrupted = Record::NotSent {
        why: NotSentReason::ConsoleEnded,
        detail: None,
    };
    let id = EntryId::parse("cdn-00000001").expect("a literal tag");
    assert_eq!(acknowledged(vec![interrupted]), [(id, "NotSent")]);
    let not_found = vec![Record::Sent, Record::NotFound];
    assert_eq!(acknowledged(not_found), [(id, "NotFound")]);
    let withdrawn = Record::NotSent {
        why: NotSentReason::Withdrawn,
        detail: None,
    };
    assert_eq!(acknowledged(vec![withdrawn]), [], "it needed none");
}

/// The number of cached histories is limited. That of an open form has to be read again.
#[test]
fn evicted_history_is_read_again_and_not_taken_for_known() {
    let read = |harness: &mut Harness<'_, World>, id: MachineId| {
        harness.state_mut().state.apply(Fact::History {
            epoch: Epoch(0),
            id,
            result: Ok(Vec::new().into()),
            at: Timestamp::UNIX_EPOCH,
        });
    };
    let mut harness = harness(world(ActionKind::Isolate));
    let gap = "Not checked: whether this or its opposite was requested before";
    let says_so = |harness: &Harness<'_, World>| {
        let mut all = harness.query_all_by_label_contains(gap);
        all.next().is_some()
    };
    let reads = |harness: &Harness<'_, World>| {
        let own = machine().id;
        let work = harness.state().out.work.iter();
        work.filter(|work| matches!(work, Command::LoadMachine(id) if *id == own))
            .count()
    };
    harness.run_steps(3);
    assert!(
        says_so(&harness) && reads(&harness) == 0,
        "requested on opening"
    );
    read(&mut harness, machine().id);
    harness.run_steps(3);
    assert!(!says_so(&harness));
    for n in 0..1_000 {
        let id = MachineId::parse(&format!("b{n:05}")).expect("a literal id");
        read(&mut harness, id);
    }
    harness.run_steps(10);
    assert!(says_so(&harness));
    assert_eq!(reads(&harness), 1);
}
