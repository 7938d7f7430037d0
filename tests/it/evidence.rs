//! Outcomes rest on what was read: a reading that failed, was incomplete or lacked a field settles nothing.

use std::time::Duration;

use cordon::action::{ActionKind, ISOLATION_TYPE, SELECTIVE, SHA1};
use cordon::guard;
use cordon::journal::{OrderStatus, Record};
use cordon::message::{Command, OrderProgress};
use cordon::model::{EntryId, MachineActionType};
use cordon::state::Remote;

use crate::common::{Engine, asked_about, fault, place, posts, sent, signed_in};
use crate::faults::ordinary_laptops;

#[test]
fn not_found_is_never_said_after_a_failed_or_incomplete_tenant_wide_look_up() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.control.set_limits(100_000, 1_000_000);
    let mut entry = None;
    for (what, words) in [
        ("status:500", "has a problem"),
        ("next_link:looping", "is not complete"),
        ("forbidden", "not allowed"),
        ("repeat_rows", "is not complete"),
        ("drop_before", "was lost"),
        // Of either form of the query.
        ("status:400", "refused to"),
    ] {
        engine.control.clear_faults();
        engine.inject("tenant_actions", what, 0);
        let entry = *entry.get_or_insert_with(|| {
            engine.inject("submit", "drop_before", 1);
            engine.order(ActionKind::Isolate, "FIN-LT-042")
        });
        engine.until("a look that fails for this reason", move |s| {
            let failed = matches!(s.progress.get(&entry), Some(OrderProgress::LookFailed { why, .. })
                if why.headline.contains(words));
            failed || s.entry(entry).is_some_and(|e| e.status().is_end())
        });
        assert!(engine.status(entry).is_unknown(), "{what}");
    }
    let entry = entry.expect("ordered");
    engine.control.clear_faults();
    assert_eq!(engine.until_end(entry), OrderStatus::NotFound);
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn truncated_history_is_not_taken_for_a_whole_one() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    let said = |engine: &Engine, kind: ActionKind| {
        let draft = Engine::draft(kind, &machine);
        let now = jiff::Timestamp::now();
        let review = |facts: &guard::Facts<'_>| guard::review(&draft, facts);
        let review = engine.state.with_facts(&machine, now, review);
        let findings = review.findings.into_iter();
        let unchecked = findings.filter(|f| f.severity == guard::Severity::NotChecked);
        unchecked.map(|f| f.text()).collect::<Vec<_>>().join(" ")
    };
    let gap = "part of this device's action history is missing or unreadable";
    for (what, is_whole) in [("next_link:looping", false), ("latency:1", true)] {
        engine.control.clear_faults();
        engine.inject("machine_actions", what, 0);
        engine.load(&machine);
        for kind in [ActionKind::Isolate, ActionKind::Unisolate] {
            let said = said(&engine, kind);
            assert_eq!(said.contains(gap), !is_whole, "{what} {kind:?}: {said}");
        }
    }
}

#[test]
fn action_behind_an_empty_page_is_found_and_empty_pages_are_limited() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.loaded("FIN-LT-042");
    let empty = fault("machine_actions", "next_link:empty", 0);
    engine.control.inject(empty);
    engine.inject("submit", "drop_after", 1);
    let entry = engine.submit(&Engine::draft(ActionKind::Isolate, &machine));
    engine.until_accepted(entry);
    engine.control.clear_faults();
    assert_eq!(engine.until_end(entry).key(), "Done");

    let endless = fault("machine_actions", "next_link:endless", 0);
    engine.control.inject(endless);
    let control = engine.control.clone();
    let id = machine.id.clone();
    let linked = move || {
        let requests = control.requests().into_iter();
        let linked = requests.filter(|r| r.query.contains("skiptoken"));
        linked.filter(|r| r.query.contains(id.as_str())).count()
    };
    let before = linked();
    engine.load(&machine);
    let read = engine
        .state
        .histories
        .get(&machine.id)
        .and_then(Remote::get);
    assert!(read.is_some_and(|history| !history.is_complete));
    assert!((1..10).contains(&(linked() - before)), "{before}");
}

/// Approves an isolation of FIN-LT-042 and sends it after `meanwhile`.
pub fn isolate_after(engine: &mut Engine, meanwhile: impl FnOnce(&Engine, &str)) -> EntryId {
    let machine = engine.loaded("FIN-LT-042");
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    meanwhile(engine, machine.id.as_str());
    engine.submit_approved(draft.entry, approval)
}

#[test]
fn a_duplicate_under_any_code_is_not_ours_and_watched() {
    for what in [
        "status:400::DuplicateRequest",
        "status:400::OsPlatformNotSupported",
        "empty:400",
        "status:409::Conflict",
        "status:404::Odd",
    ] {
        let (_tenant, _folder, mut engine) = signed_in();
        let mut colleague = String::new();
        let entry = isolate_after(&mut engine, |engine, machine| {
            engine.control.never_finish(machine);
            let acted = engine
                .control
                .act_as_colleague(machine, "Isolate", "by hand");
            colleague = acted.expect("the tenant takes it");
            engine.inject("submit", what, 1);
        });
        let end = engine.until_end(entry);
        let OrderStatus::NotOurs { action, .. } = &end else {
            panic!("{what}: {end:?}")
        };
        assert_eq!(action.as_str(), colleague, "{what}");
        engine.until_looked_at_again(&colleague);
        assert_eq!(posts(&engine.control), ["isolate"]);
    }
}

#[test]
fn refusal_says_whether_the_devices_actions_could_be_read_after_it() {
    for (list, complete) in [(None, true), (Some("forbidden"), false)] {
        let (_tenant, _folder, mut engine) = signed_in();
        let entry = isolate_after(&mut engine, |engine, _| {
            engine.inject("submit", "status:400::Odd", 1);
            if let Some(what) = list {
                engine.inject("machine_actions", what, 0);
            }
        });
        let end = engine.until_end(entry);
        assert!(matches!(end, OrderStatus::Refused { .. }), "{end:?}");
        let records = &engine.state.entry(entry).expect("an entry").records();
        let read = Record::ActiveActionsRead { complete };
        assert!(
            records.iter().any(|(_, record)| *record == read),
            "{records:?}"
        );
    }
}

#[test]
fn request_for_another_file_neither_blocks_nor_settles_this_one() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.never_finishing("FIN-LT-042");
    let first = engine.order(ActionKind::StopAndQuarantineFile, "FIN-LT-042");
    engine.until_accepted(first);
    engine.load(&machine);
    let mut draft = Engine::draft(ActionKind::StopAndQuarantineFile, &machine);
    assert!(engine.approve(&draft).is_err(), "the same file");
    draft.entry = EntryId::random().expect("random bytes");
    draft.set(&SHA1, "0123456789abcdef0123456789abcdef01234567");
    engine.inject("submit", "status:400::Odd", 1);
    let second = engine.submit(&draft);
    let end = engine.until_end(second);
    assert!(matches!(end, OrderStatus::Refused { .. }), "{end:?}");
    let third = engine.submit(&cordon::action::Draft {
        entry: EntryId::random().expect("random bytes"),
        ..draft
    });
    engine.until_accepted(third);
}

#[test]
fn isolation_of_another_type_does_not_explain_a_refusal_and_is_named() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.loaded("FIN-LT-042");
    let mut draft = Engine::draft(ActionKind::Isolate, &machine);
    draft.set(&ISOLATION_TYPE, SELECTIVE.value);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    engine.control.never_finish(machine.id.as_str());
    engine.colleague(machine.id.as_str(), "Isolate", "by hand");
    let entry = engine.submit_approved(draft.entry, approval);
    let end = engine.until_end(entry);
    let OrderStatus::Refused { message, .. } = &end else {
        panic!("{end:?}")
    };
    assert!(
        message.contains("an isolation of type Full, by s.weber@contoso.com"),
        "{message}"
    );
}

#[test]
fn an_action_without_a_device_belongs_to_no_device() {
    let (_tenant, _folder, mut engine) = signed_in();
    let (machine, other) = (engine.machine("FIN-LT-042"), engine.machine("ENG-LT-030"));
    let is_isolated = |engine: &Engine| {
        let known = engine.state.known_actions(&machine.id).iter();
        known
            .filter(|a| a.kind == MachineActionType::Isolate)
            .count()
            > 0
    };
    let isolate = |engine: &Engine, id: &str| {
        engine.colleague(id, "Isolate", "by hand");
    };
    isolate(&engine, other.id.as_str());
    let nameless = fault("machine_actions", "lacks:machineId", 1);
    engine.inject("machine_actions", "status:400", 1);
    engine.control.inject(nameless.clone());
    engine.load(&machine);
    assert!(
        !is_isolated(&engine),
        "their isolation is of another device"
    );
    // The response to a query for one device is about that device, even with fields missing.
    isolate(&engine, machine.id.as_str());
    engine.control.inject(nameless);
    engine.load(&machine);
    assert!(is_isolated(&engine));
}

#[test]
fn response_to_a_read_by_id_must_have_that_id() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.never_finishing("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_accepted(entry);
    engine.inject("machine_actions", "status:400", 0);
    engine.inject("machine_action", "other_record", 0);
    engine.until("a look that failed", move |s| {
        let note = s.progress.get(&entry);
        matches!(note, Some(OrderProgress::LookFailed { .. }))
            || s.entry(entry).is_some_and(|e| e.status().is_end())
    });
    let status = engine.status(entry);
    assert!(matches!(status, OrderStatus::Accepted { .. }), "{status:?}");
    engine.control.clear_faults();

    engine.inject("machine", "other_record", 0);
    engine.load(&machine);
    let read = engine.state.machines.get(&machine.id).expect("it was read");
    let failure = read.failure.as_ref().expect("it is not this device");
    assert!(failure.headline.contains("another record"), "{failure:?}");
}

#[test]
fn a_404_of_an_intermediary_is_no_verdict_on_a_file() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("api", "status:404::Odd", 0);
    engine.send(Command::LoadFile(crate::common::SHA1.into()));
    let look = |s: &cordon::state::State| {
        let file = s.files.get(crate::common::SHA1)?;
        Some((file.value.is_some(), file.failure.is_some()))
    };
    engine.until("an answer", |s| {
        look(s).is_some_and(|(known, failed)| known || failed)
    });
    assert_eq!(look(&engine.state), Some((false, true)));
}

#[test]
fn cancellation_refused_because_the_action_has_ended_says_so() {
    let (simulator, folder) = place();
    // At real speed: the end is not seen before the cancellation is sent.
    let mut engine = Engine::start_faster(&simulator, folder.path(), 1.0);
    engine.sign_in();
    let machine = engine.never_finishing("FIN-LT-042");
    let acted = engine.colleague(machine.id.as_str(), "Isolate", "by hand");
    engine.load(&machine);
    let draft = Engine::cancellation(&acted, &machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    assert!(engine.control.set_status(&acted, "Succeeded"));
    let entry = engine.submit_approved(draft.entry, approval);
    let end = engine.until_end(entry);
    assert!(matches!(end, OrderStatus::TooLate { .. }), "{end:?}");
}

#[test]
fn proof_that_a_cancellation_is_too_late_ends_the_order_to_be_cancelled() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.never_finishing("FIN-LT-042");
    let isolation = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(isolation, "Accepted");
    let own = engine.status(isolation).action().cloned().expect("its own");
    // Only the look-up of the refusal's cause reads it.
    engine.inject("actions_by_id", "status:503", 0);
    let draft = Engine::cancellation(own.as_str(), &machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    assert!(engine.control.set_status(own.as_str(), "Succeeded"));
    engine.send(Command::Submit(vec![approval]));
    let cancellation = draft.entry;
    engine.until_status(cancellation, "TooLate");
    let ended = engine.status(isolation);
    assert!(matches!(ended, OrderStatus::Done { .. }), "{ended:?}");
}

#[test]
fn answer_lacking_any_one_field_is_looked_up_and_found_to_be_ours() {
    let (_tenant, _folder, mut engine) = signed_in();
    let laptops = ordinary_laptops(&engine);
    let fields = [
        "requestorComment",
        "requestor",
        "creationDateTimeUtc",
        "machineId",
        "type",
        "id",
    ];
    for (field, machine) in fields.into_iter().zip(&laptops) {
        engine.load(machine);
        // Without these two, the tag is nowhere in the response.
        let lacks = format!("lacks:requestorComment,externalId,{field}");
        engine.inject("submit", &lacks, 1);
        let draft = Engine::draft(ActionKind::Isolate, machine);
        let entry = engine.submit(&draft);
        let end = engine.until_end(entry);
        assert!(matches!(end, OrderStatus::Done { .. }), "{field}: {end:?}");
        let records = &engine.state.entry(entry).expect("an entry").records();
        let has = |wanted: fn(&Record) -> bool| records.iter().any(|(_, record)| wanted(record));
        assert!(
            has(|r| matches!(r, Record::Unclear { .. })),
            "{field}: {records:?}"
        );
        assert!(!has(|r| matches!(r, Record::NotOurs { .. })), "{field}");
    }
    assert_eq!(posts(&engine.control), ["isolate"; 6]);
}

#[test]
fn own_action_is_first_polled_after_five_seconds_and_shows_the_time_of_the_reading() {
    let (simulator, folder) = place();
    let mut engine = Engine::start_faster(&simulator, folder.path(), 1.0);
    engine.sign_in();
    engine.never_finishing("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until("the time of the next poll", move |s| {
        matches!(s.progress.get(&entry), Some(OrderProgress::Watching { .. }))
    });
    let Some(OrderProgress::Watching { read_at, next_at }) =
        engine.state.progress.get(&entry).cloned()
    else {
        panic!("just seen")
    };
    let read_at = read_at.expect("the answer was a reading");
    let wait = next_at.duration_since(read_at).as_secs_f64();
    assert!((4.5..=5.5).contains(&wait), "{wait}");
    let action = engine.status(entry).action().expect("accepted").clone();
    engine.control.advance(Duration::from_secs(4));
    engine.until_tenant("a look", |control| {
        asked_about(control, action.as_str()) > 0
    });
    let post = sent(&engine.control, "/isolate");
    let mut requests = engine.control.requests().into_iter();
    let look = requests.find(|r| r.query.contains(action.as_str()));
    let look = look.expect("made");
    // The tenant's clock was moved by four seconds; the second interval would be twelve.
    let after = look.at.duration_since(post.at).as_secs_f64() - 4.0;
    assert!((4.0..10.0).contains(&after), "{after}");
    engine.until("its progress", move |s| {
        s.entry(entry)
            .is_some_and(|e| e.status().word(&e.order.task) == "In progress")
    });
    engine.until("the time of that reading", move |s| {
        matches!(s.progress.get(&entry), Some(OrderProgress::Watching { read_at: Some(at), .. }) if *at > read_at)
    });
}

#[test]
fn throttling_pause_is_shown_while_it_lasts_and_a_failed_poll_names_the_next() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.never_finishing("FIN-LT-042");
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_accepted(entry);
    engine.inject("machine_actions", "forbidden", 0);
    engine.inject("machine_action", "drop_before", 0);
    engine.until("a look that failed", move |s| {
        matches!(s.progress.get(&entry), Some(OrderProgress::LookFailed { read_at: Some(at), next_at, .. })
            if next_at > at)
    });
    engine.control.clear_faults();
    engine.until("a look that did not", move |s| {
        matches!(s.progress.get(&entry), Some(OrderProgress::Watching { .. }))
    });
    engine.inject("machine_actions", "status:429:20", 1);
    engine.until("the pause", |s| {
        let gate = s.budget.and_then(|budget| budget.gate_until);
        gate.is_some_and(|until| until > jiff::Timestamp::now())
    });
}
