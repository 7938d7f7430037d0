//! What the engine makes of a service that misbehaves: the right number of POSTs, and a last word
//! that says no more than is known.

use std::time::Duration;

use cordon::action::{ActionKind, SHA1, Sha1};
use cordon::journal::{NotSentReason, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{MachineActionStatus, MachineRef};
use cordon::simulator::RequestKind;

use crate::common::{Engine, fault, journal_on_disk, posts, signed_in, tenant};

/// What an order on an ordinary laptop comes to under a fault.
struct Case {
    on: &'static str,
    what: &'static str,
    times: u32,
    /// Last words that are right.
    ends: fn(&OrderStatus) -> bool,
    /// POSTs that reached the tenant.
    posts: usize,
    /// Actions that the tenant stored for us.
    stored: usize,
}

fn done(status: &OrderStatus) -> bool {
    matches!(status, OrderStatus::Done { .. })
}

fn refused(status: &OrderStatus) -> bool {
    matches!(status, OrderStatus::Refused { .. })
}

fn not_found(status: &OrderStatus) -> bool {
    matches!(status, OrderStatus::NotFound)
}

fn not_ours(status: &OrderStatus) -> bool {
    matches!(status, OrderStatus::NotOurs { .. })
}

const CASES: &[Case] = &[
    // The answer is lost or says nothing after the tenant stored the action: found by its tag.
    Case {
        on: "submit",
        what: "drop_after",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "submit",
        what: "no_id",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "submit",
        what: "garbage",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "submit",
        what: "truncated",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "submit",
        what: "huge",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "submit",
        what: "deep",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "submit",
        what: "html:200",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "submit",
        what: "empty:201",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    // Nothing was stored, but the console cannot know: looked up, not repeated.
    Case {
        on: "submit",
        what: "drop_before",
        times: 1,
        ends: not_found,
        posts: 1,
        stored: 0,
    },
    Case {
        on: "submit",
        what: "html:502",
        times: 1,
        ends: not_found,
        posts: 1,
        stored: 0,
    },
    Case {
        on: "submit",
        what: "status:500",
        times: 1,
        ends: not_found,
        posts: 1,
        stored: 0,
    },
    Case {
        on: "submit",
        what: "status:408",
        times: 1,
        ends: not_found,
        posts: 1,
        stored: 0,
    },
    // The service said no.
    Case {
        on: "submit",
        what: "status:400",
        times: 1,
        ends: refused,
        posts: 1,
        stored: 0,
    },
    Case {
        on: "submit",
        what: "forbidden",
        times: 1,
        ends: refused,
        posts: 1,
        stored: 0,
    },
    Case {
        on: "submit",
        what: "status:404",
        times: 1,
        ends: refused,
        posts: 1,
        stored: 0,
    },
    Case {
        on: "submit",
        what: "empty:405",
        times: 1,
        ends: refused,
        posts: 1,
        stored: 0,
    },
    Case {
        on: "submit",
        what: "unauthorized",
        times: 0,
        ends: refused,
        posts: 2,
        stored: 0,
    },
    // Certainly not taken: sent again.
    Case {
        on: "submit",
        what: "unauthorized",
        times: 1,
        ends: done,
        posts: 2,
        stored: 1,
    },
    Case {
        on: "submit",
        what: "status:429:1",
        times: 1,
        ends: done,
        posts: 2,
        stored: 1,
    },
    // Somebody else was first.
    Case {
        on: "submit",
        what: "already_pending",
        times: 1,
        ends: not_ours,
        posts: 1,
        stored: 0,
    },
    Case {
        on: "submit",
        what: "active_request_exists",
        times: 1,
        ends: not_ours,
        posts: 1,
        stored: 0,
    },
    // Stored and answered well, but hard to watch.
    Case {
        on: "machine_actions",
        what: "status:400",
        times: 3,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "machine_actions",
        what: "html:502",
        times: 4,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "machine_actions",
        what: "status:429:1",
        times: 1,
        ends: done,
        posts: 1,
        stored: 1,
    },
    Case {
        on: "machine_actions",
        what: "drop_before",
        times: 3,
        ends: done,
        posts: 1,
        stored: 1,
    },
];

#[test]
fn under_every_fault_the_service_gets_one_order_and_the_last_word_is_true() {
    let kinds = [
        ActionKind::Isolate,
        ActionKind::RestrictCodeExecution,
        ActionKind::StopAndQuarantineFile,
    ];
    // A tenant and a console for a few cases each: the console keeps to the documented limits.
    for (part, cases) in CASES.chunks(5).enumerate() {
        let simulator = tenant();
        let control = simulator.control();
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Engine::start(&simulator, folder.path());
        engine.sign_in();
        let laptops = ordinary_laptops(&engine);
        for (n, (case, machine)) in cases.iter().zip(&laptops).enumerate() {
            let kind = kinds[(part + n) % kinds.len()];
            engine.load(machine);
            let posts_before = posts(&control).len();
            control.inject(fault(case.on, case.what, case.times));
            let draft = Engine::draft(kind, machine);
            let entry = engine.submit(&draft);
            let end = engine.until_end(entry);
            control.clear_faults();
            let about = format!("{kind:?} on {}, {} {}", machine.name(), case.on, case.what);
            assert!((case.ends)(&end), "{about}: {end:?}");
            assert_eq!(
                posts(&control).len() - posts_before,
                case.posts,
                "POSTs: {about}"
            );
            assert_eq!(stored(&engine, machine), case.stored, "stored: {about}");
            let on_disk = journal_on_disk(&engine.journal);
            let written = on_disk.iter().find(|e| e.id() == entry);
            assert_eq!(*written.expect("in the journal").status(), end);
        }
    }
}

/// Windows laptops (an old one in the lab would be refused) without any history or twin.
pub fn ordinary_laptops(engine: &Engine) -> Vec<MachineRef> {
    let state = &engine.state;
    let fits = |m: &&std::sync::Arc<cordon::model::Machine>| {
        m.os_family() == cordon::model::OsFamily::WindowsClient
            && m.computer_dns_name
                .as_deref()
                .is_some_and(|n| n.contains("-LT-"))
            && m.merged_into().is_none()
            && m.health_status == cordon::model::HealthStatus::Active
            && m.onboarding_status == Some(cordon::model::OnboardingStatus::Onboarded)
            && state.known_actions(&m.id).is_empty()
            && state.namesakes(&m.reference()).is_empty()
    };
    state
        .inventory
        .all()
        .iter()
        .filter(fits)
        .map(|m| m.reference())
        .collect()
}

/// The one without a sensor.
pub fn unmanaged(engine: &Engine) -> MachineRef {
    let mut all = engine.state.inventory.all().iter();
    let found = all.find(|m| m.is_unmanaged() && m.merged_into().is_none());
    found.expect("one in the story").reference()
}

/// Actions on a machine that the tenant stored in our name.
fn stored(engine: &Engine, machine: &MachineRef) -> usize {
    let ours = |a: &serde_json::Value| {
        a["machineId"] == machine.id.as_str()
            && a["requestorComment"]
                .as_str()
                .is_some_and(|c| c.contains("[cdn-"))
    };
    engine.control.actions().iter().filter(|a| ours(a)).count()
}

#[test]
fn an_order_that_waits_for_the_limit_can_be_taken_back_and_was_never_sent_twice() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.control.inject(fault("submit", "status:429:200", 0));
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until("the pause", move |s| s.progress.contains_key(&entry));
    assert_eq!(engine.status(entry), OrderStatus::Waiting);
    engine.send(Command::Withdraw(entry));
    let end = engine.until_end(entry);
    assert_eq!(
        end,
        OrderStatus::NotSent {
            why: NotSentReason::Withdrawn,
            detail: None
        }
    );
    assert_eq!(posts(&engine.control), ["isolate"]);
}

#[test]
fn a_failed_and_a_cancelled_action_end_as_what_they_are() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    engine
        .control
        .fail_next(machine.id.as_str(), -2_147_024_891);
    let failed = engine.order(ActionKind::RestrictCodeExecution, "FIN-LT-042");
    let end = engine.until_end(failed);
    assert!(
        matches!(end, OrderStatus::Failed { hresult, .. } if hresult.to_string().contains("0x80070005")),
        "{end:?}"
    );

    engine.control.never_finish(machine.id.as_str());
    let isolate = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until("acceptance", move |s| {
        s.entry(isolate)
            .is_some_and(|e| e.status().action().is_some())
    });
    let action = engine.status(isolate).action().expect("accepted").clone();
    let mut cancel = Engine::draft(ActionKind::Isolate, &machine);
    cancel.subject = cordon::action::Subject::Cancel {
        action,
        action_type: cordon::model::MachineActionType::Isolate,
    };
    cancel.comment = "wrong device".into();
    let cancel = engine.submit(&cancel);
    assert!(matches!(engine.until_end(cancel), OrderStatus::Done { .. }));
    let end = engine.until_end(isolate);
    assert!(
        matches!(&end, OrderStatus::Cancelled { comment: Some(c), .. } if c.contains("wrong device")),
        "{end:?}"
    );
    assert_eq!(
        posts(&engine.control),
        ["restrictCodeExecution", "isolate", "cancel"]
    );
}

#[test]
fn a_silent_device_times_out_after_three_days_and_nothing_says_done_before() {
    let (_tenant, _folder, mut engine) = signed_in();
    let entry = engine.order(ActionKind::Isolate, "SALES-LT-019");
    engine.until("acceptance", move |s| {
        s.entry(entry)
            .is_some_and(|e| e.status().action().is_some())
    });
    let action = engine.status(entry).action().expect("accepted").clone();
    engine.control.advance(Duration::from_hours(24));
    engine.until_looked_at_again(action.as_str());
    assert!(matches!(
        engine.status(entry),
        OrderStatus::Accepted {
            status: MachineActionStatus::Pending,
            ..
        }
    ));
    engine.control.advance(Duration::from_hours(72));
    assert!(matches!(
        engine.until_end(entry),
        OrderStatus::TimedOut { .. }
    ));
}

#[test]
fn the_sha1_leaves_in_lower_case_and_the_comment_with_its_tag() {
    let (_tenant, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    engine.load(&machine);
    let mut draft = Engine::draft(ActionKind::StopAndQuarantineFile, &machine);
    draft.set(
        &SHA1,
        format!("SHA-1: {}", crate::common::SHA1.to_uppercase()),
    );
    assert!(Sha1::find(draft.text(&SHA1)).is_ok());
    let entry = engine.submit(&draft);
    assert!(matches!(engine.until_end(entry), OrderStatus::Done { .. }));
    let post = engine
        .control
        .requests()
        .into_iter()
        .find(|r| r.path.ends_with("StopAndQuarantineFile"))
        .expect("sent");
    assert_eq!(post.body["Sha1"], crate::common::SHA1);
    assert_eq!(post.body["Comment"], format!("[{entry}] alert 1234"));
    assert_eq!(post.body["ExternalId"], entry.to_string());
}

/// The tag in the device's own list is enough: the tenant's is not asked for, and what was found is
/// not looked for again.
#[test]
fn a_lost_answer_is_found_by_the_first_look_at_the_device_and_then_only_followed() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machine = engine.machine("FIN-LT-042");
    engine.control.never_finish(machine.id.as_str());
    engine.control.inject(fault("submit", "drop_after", 1));
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until("what was found", |s| {
        s.entry(entry)
            .is_some_and(|e| matches!(e.status(), OrderStatus::Accepted { .. }))
    });
    let control = engine.control.clone();
    let looks = move || {
        let requests = control.requests().into_iter();
        let since = requests.skip_while(|r| r.kind != RequestKind::Change);
        let looks = since
            .skip(1)
            .filter(|r| r.query.contains(machine.id.as_str()));
        looks.count()
    };
    assert_eq!(looks(), 1);
    let action = engine.status(entry).action().expect("accepted").clone();
    engine.until_looked_at_again(action.as_str());
    assert_eq!(looks(), 1);
    let entries = journal_on_disk(&engine.journal);
    let records = entries[0].records().iter();
    let accepted = records.filter(|(_, r)| matches!(r, Record::Accepted { .. }));
    assert_eq!(accepted.count(), 1);
}
