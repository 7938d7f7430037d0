//! Wording of an open order that nobody follows.

use super::*;
use crate::model::Account;

fn signed_in(object_id: &str) -> SessionStatus {
    fixtures::signed_in(Account {
        object_id: object_id.into(),
        ..fixtures::account(&fixtures::author().tenant, None)
    })
}

#[test]
fn order_not_followed_is_not_said_to_be_waiting_for_pickup() {
    let mut state = state();
    state.journal = Some(Ok(()));
    let tag = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let watching = OrderProgress::Watching {
        read_at: Timestamp::from_second(7188).ok(),
        next_at: Timestamp::from_second(7200).expect("a literal time"),
    };
    state.progress.insert(tag, watching);
    let accepted = |status| {
        let action = action();
        vec![Record::Sent, Record::Accepted { action, status }]
    };
    let unfinished = [
        MachineActionStatus::Pending,
        MachineActionStatus::InProgress,
    ];
    for session in [SessionStatus::SignedOut, signed_in("somebody-else")] {
        state.session = session;
        for status in unfinished.clone() {
            assert_eq!(said(accepted(status), &state), "Not checked for 12 s");
        }
    }
    state.session = signed_in(&fixtures::author().object_id);
    let pending = said(accepted(MachineActionStatus::Pending), &state);
    assert!(
        pending.ends_with("not picked up yet, checked 12 s ago"),
        "{pending}"
    );
}

#[test]
fn open_order_of_unnamed_account_says_after_restart_why_it_is_not_followed() {
    let said = |object_id: &str, records: Vec<Record>, was_restarted: bool| {
        let mut entry = entry(records);
        entry.author.object_id = object_id.into();
        let mut state = state();
        state.apply(crate::message::Event::Journal(Ok(())));
        if was_restarted {
            state.apply(crate::message::Event::Entries(vec![entry.clone()]));
        } else {
            state.apply(crate::message::Event::Entry(Box::new(entry.clone())));
        }
        let lines = details(&entry, &state, Timestamp::UNIX_EPOCH);
        lines
            .iter()
            .any(|line| line.starts_with("No longer followed"))
    };
    let sent = || vec![Record::Sent];
    assert!(said(crate::model::Account::UNNAMED, sent(), true));
    assert!(!said(crate::model::Account::UNNAMED, sent(), false));
    assert!(!said("o", sent(), true), "that account follows it");
    let ended = vec![Record::Sent, Record::NotFound];
    assert!(!said(crate::model::Account::UNNAMED, ended, true));
}
