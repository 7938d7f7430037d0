//! The engine on a misbehaving service: the right number of POSTs, and an outcome that claims no more than
//! is known.

use std::time::Duration;

use cordon::action::{ActionKind, SHA1, Sha1};
use cordon::journal::{NotSentReason, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{MachineActionStatus, MachineRef};
use cordon::simulator::RequestKind;

use crate::common::{Engine, journal_on_disk, posts, sent, signed_in};

/// Outcome of an order on an ordinary laptop.
struct Outcome {
    /// Key of the correct final status.
    end: &'static str,
    /// POSTs that reached the tenant.
    posts: usize,
    /// Our actions that the tenant stored.
    stored: usize,
}

const fn outcome(end: &'static str, posts: usize, stored: usize) -> Outcome {
    Outcome { end, posts, stored }
}

/// Requests, their fault and how often, and the outcome.
#[rustfmt::skip]
const CASES: &[(&str, &str, u32, Outcome)] = &[
    // The response is lost or useless after the tenant stored the action: found by its tag.
    ("submit", "drop_after", 1, outcome("Done", 1, 1)),
    ("submit", "no_id", 1, outcome("Done", 1, 1)),
    ("submit", "garbage", 1, outcome("Done", 1, 1)),
    ("submit", "truncated", 1, outcome("Done", 1, 1)),
    ("submit", "huge", 1, outcome("Done", 1, 1)),
    ("submit", "deep", 1, outcome("Done", 1, 1)),
    ("submit", "html:200", 1, outcome("Done", 1, 1)),
    ("submit", "empty:201", 1, outcome("Done", 1, 1)),
    // Nothing was stored, but the console cannot know: looked up, not repeated.
    ("submit", "drop_before", 1, outcome("NotFound", 1, 0)),
    ("submit", "html:502", 1, outcome("NotFound", 1, 0)),
    ("submit", "status:500", 1, outcome("NotFound", 1, 0)),
    ("submit", "status:408", 1, outcome("NotFound", 1, 0)),
    // Refused by the service.
    ("submit", "status:400", 1, outcome("Refused", 1, 0)),
    ("submit", "forbidden", 1, outcome("Refused", 1, 0)),
    ("submit", "status:404", 1, outcome("Refused", 1, 0)),
    ("submit", "empty:405", 1, outcome("Refused", 1, 0)),
    ("submit", "unauthorized", 0, outcome("Refused", 2, 0)),
    // Certainly not executed: sent again.
    ("submit", "unauthorized", 1, outcome("Done", 2, 1)),
    ("submit", "status:429:1", 1, outcome("Done", 2, 1)),
    // Someone else was first.
    ("submit", "already_pending", 1, outcome("SomeoneElses", 1, 0)),
    ("submit", "active_request_exists", 1, outcome("SomeoneElses", 1, 0)),
    // Stored and answered correctly, but hard to watch.
    ("machine_actions", "status:400", 3, outcome("Done", 1, 1)),
    ("machine_actions", "html:502", 4, outcome("Done", 1, 1)),
    ("machine_actions", "status:429:1", 1, outcome("Done", 1, 1)),
    ("machine_actions", "drop_before", 3, outcome("Done", 1, 1)),
];

#[test]
fn under_every_fault_the_service_gets_one_order_and_the_outcome_is_true() {
    let kinds = [
        ActionKind::Isolate,
        ActionKind::RestrictCodeExecution,
        ActionKind::StopAndQuarantineFile,
    ];
    // A new tenant and console every few cases, as the console keeps to the documented limits.
    for (part, cases) in CASES.chunks(5).enumerate() {
        let (_tenant, _folder, mut engine) = signed_in();
        let control = engine.control.clone();
        let laptops = ordinary_laptops(&engine);
        for (n, ((on, what, times, outcome), machine)) in cases.iter().zip(&laptops).enumerate() {
            let kind = kinds[(part + n) % kinds.len()];
            engine.load(machine);
            let posts_before = posts(&control).len();
            engine.inject(on, what, *times);
            let entry = engine.submit(&Engine::draft(kind, machine));
            let end = engine.until_end(entry);
            control.clear_faults();
            let about = format!("{kind:?} on {}, {on} {what}", machine.name());
            assert_eq!(end.key(), outcome.end, "{about}: {end:?}");
            let posts = posts(&control).len() - posts_before;
            assert_eq!(posts, outcome.posts, "POSTs: {about}");
            assert_eq!(stored(&engine, machine), outcome.stored, "stored: {about}");
            let on_disk = journal_on_disk(&engine.journal);
            let written = on_disk.iter().find(|e| e.id() == entry);
            assert_eq!(*written.expect("in the journal").status(), end);
        }
    }
}

/// Windows laptops without history or twin; the lab's old one would be refused.
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

/// The device without a sensor.
pub fn unmanaged(engine: &Engine) -> MachineRef {
    let mut all = engine.state.inventory.all().iter();
    let found = all.find(|m| m.is_unmanaged() && m.merged_into().is_none());
    found.expect("one in the story").reference()
}

/// Number of our actions on a machine that the tenant stored.
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
fn order_waiting_for_the_limit_can_be_withdrawn_and_is_never_sent_twice() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.inject("submit", "status:429:200", 0);
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
fn failed_and_cancelled_actions_end_as_such() {
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
    let action = engine.until_accepted(isolate);
    let mut cancel = Engine::cancellation(action.as_str(), &machine);
    cancel.comment = "wrong device".into();
    let cancel = engine.submit(&cancel);
    engine.until_done(cancel);
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
fn silent_device_times_out_after_three_days_and_is_never_called_done() {
    let (_tenant, _folder, mut engine) = signed_in();
    let entry = engine.order(ActionKind::Isolate, "SALES-LT-019");
    let action = engine.until_accepted(entry);
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
    let machine = engine.loaded("FIN-LT-042");
    let mut draft = Engine::draft(ActionKind::StopAndQuarantineFile, &machine);
    draft.set(
        &SHA1,
        format!("SHA-1: {}", crate::common::SHA1.to_uppercase()),
    );
    assert!(Sha1::find(draft.text(&SHA1)).is_ok());
    let entry = engine.submit(&draft);
    engine.until_done(entry);
    let post = sent(&engine.control, "StopAndQuarantineFile");
    assert_eq!(post.body["Sha1"], crate::common::SHA1);
    assert_eq!(post.body["Comment"], format!("[{entry}] alert 1234"));
    assert_eq!(post.body["ExternalId"], entry.to_string());
}

/// The tag in the device's own list suffices: the tenant-wide list is not queried, and a found action is
/// not looked up again.
#[test]
fn lost_answer_is_found_by_the_first_look_up_and_then_only_followed() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machine = engine.never_finishing("FIN-LT-042");
    engine.inject("submit", "drop_after", 1);
    let entry = engine.order(ActionKind::Isolate, "FIN-LT-042");
    engine.until_status(entry, "Accepted");
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
