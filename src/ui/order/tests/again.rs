//! Orders that did not go out, sent again.

use super::sight::scroll_through;
use super::*;
use crate::journal::{NotSentReason, Record};
use crate::state::fixtures;

/// What confirming the form acknowledges, which sends an entry with these records again.
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
            // Nobody knows yet whether the new order can be written.
            let is_too_early = matches!(command, Command::Acknowledge(_));
            assert!(!is_too_early, "{command:?}");
            None
        });
        found.flatten().collect::<Vec<_>>()
    };
    assert_eq!(acknowledged(&harness), [], "before it is confirmed");
    scroll_through(&mut harness, |_| {});
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
    acknowledged(&harness)
}

#[test]
fn what_is_sent_again_needs_no_attention_any_more() {
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
    assert_eq!(acknowledged(vec![withdrawn]), [], "it never needed any");
}
