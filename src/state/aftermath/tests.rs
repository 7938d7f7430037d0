use super::*;
use crate::guard::Policy;
use crate::journal::Record;
use crate::message::Event;
use crate::model::{
    EntryId, Epoch, HResult, MachineActionId, MachineActionType, MachineId, Mode, SessionStatus,
};
use crate::state::fixtures;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(secs).expect("a literal time")
}

fn state() -> State {
    State::new(Mode::Demo, "Demo", Policy::default())
}

/// An order that succeeded at this time.
fn done(tag: &str, kind: ActionKind, secs: i64) -> Entry {
    let machine = fixtures::machine_ref("a1", None);
    let order = fixtures::order(tag, machine, kind);
    let finished = Record::Finished {
        action: MachineActionId::parse(&format!("own-{tag}")).expect("an id"),
        status: MachineActionStatus::Succeeded,
        hresult: HResult(0),
        by: None,
        comment: None,
        service_time: Some(at(secs)),
    };
    let records = vec![Record::Sent, finished];
    fixtures::entry_at(at(secs), fixtures::author(), order, records)
}

fn put(state: &mut State, entry: &Entry) {
    state.apply(Event::Entry(Box::new(entry.clone())));
}

/// A colleague's action that succeeded at this time.
fn by_sam(state: &mut State, id: &str, kind: MachineActionType, secs: i64) {
    let id = MachineActionId::parse(id).expect("a literal id");
    let mut action = MachineAction::bare(id, kind, MachineActionStatus::Succeeded);
    action.machine_id = MachineId::parse("a1").ok();
    action.requestor = Some("sam@contoso.com".into());
    action.created = Some(at(secs));
    action.last_updated = action.created;
    let epoch = Epoch::default();
    let actions = vec![action];
    state.apply(Event::Actions { epoch, actions });
}

fn words(state: &State, entry: &Entry) -> String {
    state.status_words(entry, |at| at.as_second().to_string())
}

#[test]
fn reversal_by_a_colleague_is_shown_with_name_and_time() {
    use MachineActionType::{Isolate, Unisolate};
    let isolated = done("cdn-00000001", ActionKind::Isolate, 10);
    let released = done("cdn-00000002", ActionKind::Unisolate, 30);
    let mut state = state();
    put(&mut state, &isolated);
    assert_eq!(words(&state, &isolated), "Isolated");
    by_sam(&mut state, "s1", Unisolate, 20);
    let lifted = "Isolated, no longer in effect (released by sam@contoso.com, at 20)";
    assert_eq!(words(&state, &isolated), lifted);
    assert_eq!(state.entries.attention_count(), 1);
    put(&mut state, &released);
    by_sam(&mut state, "s2", Isolate, 40);
    let again = "Released, isolated again since 40 by sam@contoso.com";
    assert_eq!(words(&state, &released), again);
    // Our own release ended the isolation: later actions concern the release.
    by_sam(&mut state, "s3", Unisolate, 50);
    assert_eq!(words(&state, &released), "Released");
    assert_eq!(words(&state, &isolated), "Isolated");
}

#[test]
fn own_release_repeated_by_a_colleague_needs_no_attention() {
    let mut state = state();
    put(&mut state, &done("cdn-00000001", ActionKind::Isolate, 10));
    put(&mut state, &done("cdn-00000002", ActionKind::Unisolate, 20));
    by_sam(&mut state, "s1", MachineActionType::Isolate, 30);
    by_sam(&mut state, "s2", MachineActionType::Unisolate, 40);
    assert_eq!(state.entries.attention_count(), 0);
}

#[test]
fn release_that_is_read_before_our_order_ends_needs_attention() {
    let mut state = state();
    by_sam(&mut state, "s1", MachineActionType::Unisolate, 20);
    put(&mut state, &done("cdn-00000001", ActionKind::Isolate, 10));
    assert_eq!(state.entries.attention_count(), 1);
}

#[test]
fn release_from_an_earlier_run_needs_attention_unless_acknowledged_since() {
    let isolated = done("cdn-00000001", ActionKind::Isolate, 10);
    let mut read = isolated.clone();
    let by = Record::Acknowledged {
        status: "Done".into(),
        object_id: "o".into(),
        account: "jane".into(),
    };
    read.push(at(30), by.clone());
    for (entry, released_at, expected) in [(&isolated, 20, 1), (&read, 20, 0), (&read, 40, 1)] {
        for is_read_first in [false, true] {
            let mut state = state();
            let release = |state: &mut State| {
                by_sam(state, "s1", MachineActionType::Unisolate, released_at);
            };
            if is_read_first {
                release(&mut state);
            }
            state.apply(Event::Entries(vec![entry.clone()]));
            release(&mut state);
            assert_eq!(state.entries.attention_count(), expected, "{released_at}");
            let mut acknowledged = entry.clone();
            acknowledged.push(at(50), by.clone());
            put(&mut state, &acknowledged);
            assert_eq!(state.entries.attention_count(), 0, "acknowledged");
        }
    }
}

fn gathered(state: &State) -> Aftermaths {
    let mut aftermath = Aftermaths::default();
    assert_eq!(state.gather_aftermath(0, &mut aftermath), None, "few");
    aftermath
}

#[test]
fn aftermath_of_a_long_journal_is_gathered_in_parts() {
    let all = 2 * LOOKED_AT_ONCE + 1;
    let mut state = state();
    let entries = (0..all).map(|n| {
        let mut entry = done("cdn-00000001", ActionKind::Isolate, 10);
        entry.order.entry = EntryId::parse(&format!("cdn-{n:08}")).expect("a literal id");
        entry
    });
    state.apply(Event::Entries(entries.collect()));
    by_sam(&mut state, "s1", MachineActionType::Unisolate, 20);
    let listed = crate::model::Listed {
        items: Vec::new(),
        unreadable: 0,
        is_cut: false,
    };
    state.apply(Event::History {
        epoch: Epoch::default(),
        id: MachineId::parse("a1").expect("a literal id"),
        result: Ok(listed),
        at: at(30),
    });
    let mut aftermath = Aftermaths::default();
    let mut next = Some(0);
    let mut known = Vec::new();
    while let Some(from) = next {
        next = state.gather_aftermath(from, &mut aftermath);
        known.push(aftermath.len());
    }
    assert_eq!(known, [LOOKED_AT_ONCE, 2 * LOOKED_AT_ONCE, all]);
    for entry in [&state.entries[0], &state.entries[all - 1]] {
        assert_eq!(aftermath.get(&entry.id()), Some(&state.aftermath(entry)));
    }
}

#[test]
fn aftermath_is_exported_only_after_actions_were_read() {
    let mut state = state();
    put(&mut state, &done("cdn-00000001", ActionKind::Isolate, 10));
    assert_eq!(gathered(&state), Aftermaths::default(), "nothing was read");
    let history = |secs, is_cut| Event::History {
        epoch: Epoch::default(),
        id: MachineId::parse("a1").expect("a literal id"),
        result: Ok(crate::model::Listed {
            items: Vec::new(),
            unreadable: 0,
            is_cut,
        }),
        at: at(secs),
    };
    state.apply(history(12, true));
    assert_eq!(gathered(&state), Aftermaths::default(), "incomplete read");
    state.apply(history(15, false));
    by_sam(&mut state, "s1", MachineActionType::Unisolate, 20);
    let aftermath = gathered(&state);
    let aftermath = aftermath.values().next().expect("of one");
    assert_eq!(aftermath.read_at, Some(at(15)));
    let undone = aftermath.reversal.as_ref().expect("by Sam");
    assert_eq!((undone.done, &*undone.by), ("Released", "sam@contoso.com"));
    // Another account clears it.
    state.apply(Event::Session {
        status: SessionStatus::SignedOut,
        epoch: Epoch(1),
    });
    assert_eq!(gathered(&state), Aftermaths::default());
}

#[test]
fn own_release_elsewhere_needs_no_attention() {
    let mut state = state();
    let tenant = "5f0c7a31-2b64-4d6e-9c15-8b7a20c4e6d1";
    state.session = fixtures::signed_in(fixtures::account(tenant, Some("sam@contoso.com")));
    let isolated = done("cdn-00000001", ActionKind::Isolate, 10);
    put(&mut state, &isolated);
    by_sam(&mut state, "s1", MachineActionType::Unisolate, 20);
    let lifted = "Isolated, no longer in effect (released by sam@contoso.com, at 20)";
    assert_eq!(words(&state, &isolated), lifted);
    assert_eq!(state.entries.attention_count(), 0);
}

#[test]
fn release_long_before_this_run_is_shown_in_its_row_only() {
    const DAY: i64 = 24 * 60 * 60;
    let isolated = done("cdn-00000001", ActionKind::Isolate, 10);
    for (days_before, expected) in [(6, 1), (8, 0)] {
        let released_at = 100 * DAY;
        let mut state = state();
        state.began_at = Some(at(released_at + days_before * DAY));
        state.apply(Event::Entries(vec![isolated.clone()]));
        by_sam(&mut state, "s1", MachineActionType::Unisolate, released_at);
        assert_eq!(state.entries.attention_count(), expected, "{days_before}");
        let word = "Isolated, no longer in effect";
        assert_eq!(state.status_word(&isolated), word);
    }
}

#[test]
fn recorded_release_needs_attention_at_any_age_until_acknowledged() {
    const DAY: i64 = 24 * 60 * 60;
    let mut isolated = done("cdn-00000001", ActionKind::Isolate, 10);
    isolated.push(
        at(25),
        Record::Undone {
            action: MachineActionId::parse("s1").expect("a literal id"),
            requestor: Some("sam@contoso.com".into()),
            service_time: Some(at(20)),
        },
    );
    let mut state = state();
    state.began_at = Some(at(20 + 30 * DAY));
    state.apply(Event::Entries(vec![isolated.clone()]));
    let lifted = "Isolated, no longer in effect (released by sam@contoso.com, at 20)";
    assert_eq!(
        state.entries.attention_count(),
        1,
        "before anything is read"
    );
    assert_eq!(words(&state, &isolated), lifted);
    by_sam(&mut state, "s1", MachineActionType::Unisolate, 20);
    assert_eq!(state.entries.attention_count(), 1);
    assert_eq!(words(&state, &isolated), lifted);
    // A later change is shown, but does not remove it from the list.
    by_sam(&mut state, "s2", MachineActionType::Isolate, 40);
    assert_eq!(state.entries.attention_count(), 1);
    assert_eq!(words(&state, &isolated), "Isolated");
    let by = Record::Acknowledged {
        status: "Done".into(),
        object_id: "o".into(),
        account: "jane".into(),
    };
    isolated.push(at(50), by);
    put(&mut state, &isolated);
    assert_eq!(state.entries.attention_count(), 0);
}

#[test]
fn reversal_by_others_is_reported_once_for_the_journal() {
    let mut state = state();
    put(&mut state, &done("cdn-00000001", ActionKind::Isolate, 10));
    assert_eq!(state.entries.reversals_after(0), []);
    for _ in 0..2 {
        by_sam(&mut state, "s1", MachineActionType::Unisolate, 20);
    }
    let [(entry, evidence)] = state.entries.reversals_after(0) else {
        panic!("{:?}", state.entries.reversals_after(0))
    };
    assert_eq!(entry.to_string(), "cdn-00000001");
    let by = (
        evidence.action.as_str(),
        evidence.by.as_deref(),
        evidence.since,
    );
    assert_eq!(by, ("s1", Some("sam@contoso.com"), Some(at(20))));
    assert_eq!(state.entries.reversals_after(1), []);
}

#[test]
fn unread_record_has_the_name_in_its_actions() {
    let mut isolated = done("cdn-00000001", ActionKind::Isolate, 10);
    let machine = MachineId::parse("b2").expect("a literal id");
    let redirected = Record::Redirected { machine };
    isolated = fixtures::entry_at(
        at(5),
        fixtures::author(),
        isolated.order,
        vec![Record::Sent, redirected],
    );
    let mut state = state();
    put(&mut state, &isolated);
    assert_eq!(state.machine_of(&isolated).quoted(), "unnamed device (…b2)");
    let id = MachineActionId::parse("x1").expect("a literal id");
    let kind = MachineActionType::Isolate;
    let mut action = MachineAction::bare(id, kind, MachineActionStatus::Pending);
    action.machine_id = MachineId::parse("b2").ok();
    action.computer_dns_name = Some("ENG-LT-030".into());
    state.apply(Event::Actions {
        epoch: Epoch::default(),
        actions: vec![action],
    });
    assert_eq!(state.machine_of(&isolated).quoted(), "“ENG-LT-030” (…b2)");
}
